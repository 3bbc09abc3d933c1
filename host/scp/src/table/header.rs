//! The header of a table, and what can be wrong with a table at first sight.

use super::text::{ROW_END, row_at, take};
use std::fmt;

/// The first field.
pub(super) const MAGIC: &str = "reeve-actions";
/// The format that is read and written here.
pub(super) const FORMAT: &str = "1";

/// Why a text is no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableError {
    /// It does not begin as a table.
    NotATable,
    /// It is of a format that this version does not read.
    Format,
    /// A field of the header is missing or malformed: which.
    Header(&'static str),
    /// The sections are not as long as the header says.
    Length {
        /// Bytes after the header, by its own word.
        expected: usize,
        /// Bytes that are there.
        found: usize,
    },
}

impl fmt::Display for TableError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotATable => write!(formatter, "the text does not begin with `{MAGIC}`"),
            Self::Format => write!(formatter, "the table is not of format {FORMAT}"),
            Self::Header(field) => write!(formatter, "the table's header has no good `{field}`"),
            Self::Length { expected, found } => {
                write!(formatter, "the table's header promises {expected} bytes and {found} follow")
            }
        }
    }
}

impl std::error::Error for TableError {}

/// What a header counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Services.
    pub services: usize,
    /// Actions of all services.
    pub actions: usize,
    /// Condition keys of all services ("AWS global condition context keys").
    pub global_keys: usize,
}

/// The header, read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header<'t> {
    pub(super) source: &'t str,
    pub(super) version: &'t str,
    pub(super) licence: &'t str,
    pub(super) date: &'t str,
    /// [`days_of`] the date.
    pub(super) days: i64,
    pub(super) counts: Counts,
}

impl<'t> Header<'t> {
    /// The header, and the four sections in the order of the format.
    pub(super) fn parse(text: &'t str) -> Result<(Self, [&'t str; 4]), TableError> {
        // A file ends with a line break where an editor has touched it.
        let mut left = text.trim_ascii_end();
        if field(&mut left) != Some(MAGIC) {
            return Err(TableError::NotATable);
        }
        if field(&mut left) != Some(FORMAT) {
            return Err(TableError::Format);
        }
        let mut words = |name| field(&mut left).filter(|word| !word.is_empty()).ok_or(TableError::Header(name));
        let (source, version, licence) = (words("source")?, words("version")?, words("licence")?);
        let date = words("date")?;
        let days = days_of(date).filter(|_| date.len() == DATE_BYTES).ok_or(TableError::Header("date"))?;
        let mut numbers =
            |name| words(name).and_then(|word| word.parse::<usize>().map_err(|_| TableError::Header(name)));
        let (services, actions) = (numbers("services")?, numbers("actions")?);
        let counts = Counts { services, actions, global_keys: numbers("global keys")? };
        let lengths = [numbers("keys")?, numbers("sets")?, numbers("directory")?, numbers("services' length")?];
        let expected = lengths.iter().fold(0_usize, |sum, &length| sum.saturating_add(length));
        let error = TableError::Length { expected, found: left.len() };
        if expected != left.len() {
            return Err(error);
        }
        let mut sections = [""; 4];
        for (section, length) in sections.iter_mut().zip(lengths) {
            *section = take(&mut left, length).ok_or(error)?;
        }
        Ok((Self { source, version, licence, date, days, counts }, sections))
    }
}

fn field<'t>(left: &mut &'t str) -> Option<&'t str> {
    let word = row_at(left, 0)?;
    take(left, word.len() + ROW_END.len_utf8())?;
    Some(word)
}

/// Bytes of `YYYY-MM-DD`.
const DATE_BYTES: usize = 10;

/// The days from 1970-01-01 to the day that a text begins with, `YYYY-MM-DD` of the Gregorian calendar; `None` when
/// there is no such day.
#[must_use]
pub fn days_of(text: &str) -> Option<i64> {
    let date = text.get(..DATE_BYTES)?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i64>().ok())?;
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if year.len() != 4 || month.len() != 2 || parts.next().is_some() {
        return None;
    }
    let (year, month, day) = (digits(year)?, digits(month)?, digits(day)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    // Years that begin in March have their leap day last; 719,468 days lie between 0000-03-01 and 1970-01-01.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(days + (153 * month + 2) / 5 + day - 1 - 719_468)
}
