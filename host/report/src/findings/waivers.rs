//! `waivers.yaml`: which findings are set aside, why, by whom and until when.

use super::glob::Glob;
use reeve_model::{Digest, Finding, Place, Severity, Timestamp};
use reeve_yaml::{Document, Field, YamlError};
use std::fmt;

/// The name under which findings about waivers are told. No waiver and no baseline sets these aside.
pub(crate) const BY: &str = "waivers";

/// A day of the calendar in UTC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(String);

impl Day {
    /// Reads `YYYY-MM-DD` (RFC 3339, `full-date`); nothing where there is no such day.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let shape = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let moment = format!("{text}T00:00:00Z").parse::<Timestamp>().ok().filter(|_| shape)?;
        Some(Self::of(moment)).filter(|day| day.0 == text)
    }

    /// The day in UTC on which a moment falls.
    #[must_use]
    pub fn of(moment: Timestamp) -> Self {
        Self(moment.to_string().chars().take_while(|char| *char != 'T').collect())
    }

    /// The written form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One waiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The code that it sets aside.
    pub code: String,
    /// The files in which it does.
    pub(crate) file: Option<Glob>,
    /// What the finding must be about.
    pub(crate) subject: Option<String>,
    /// The one finding that is meant.
    pub(crate) fingerprint: Option<Digest>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub by: String,
    /// The last day on which it holds.
    pub expires: Day,
    /// Where it is written.
    pub place: Place,
    /// Where its last day is written.
    pub(crate) expires_place: Place,
}

impl Waiver {
    /// Whether it means this finding, whatever the day.
    pub(crate) fn means(&self, finding: &Finding, fingerprint: &Digest) -> bool {
        let file = finding.place.as_ref().map(|place| place.file.as_str());
        self.code == finding.code
            && self.file.as_ref().is_none_or(|glob| file.is_some_and(|file| glob.matches(file)))
            && self.subject.as_ref().is_none_or(|subject| finding.subject.as_ref() == Some(subject))
            && self.fingerprint.as_ref().is_none_or(|wanted| wanted == fingerprint)
    }
}

/// The waivers of a repository, in the order of their file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waivers {
    pub(crate) all: Vec<Waiver>,
}

impl Waivers {
    /// Reads the file: a list of mappings with `code`, `file` or `subject` or both, `reason`, `by`, `expires`, and
    /// perhaps `fingerprint`; described in `docs/findings.md`. `file_name` is its path, for places; nothing is opened.
    ///
    /// # Errors
    /// Everything that is wrong, as findings `WAIVER_INVALID`; of a text that is no YAML, the first thing.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, Vec<Finding>> {
        let one = |error: YamlError| vec![invalid(error)];
        let document = Document::parse(file_name, text).map_err(one)?;
        let (mut all, mut findings) = (Vec::new(), Vec::new());
        for item in document.root().items().map_err(one)? {
            match waiver(item) {
                Ok(waiver) => all.push(waiver),
                Err(errors) => findings.extend(errors.into_iter().map(invalid)),
            }
        }
        if findings.is_empty() { Ok(Self { all }) } else { Err(findings) }
    }
}

fn invalid(error: YamlError) -> Finding {
    let place = Place { file: error.file, line: error.line, column: error.column };
    let finding = Finding::new(BY, "WAIVER_INVALID", Severity::Error, error.message).at(place);
    Finding { fix: error.hint, ..finding }
}

fn waiver(item: Field<'_>) -> Result<Waiver, Vec<YamlError>> {
    let mut map = item.mapping().map_err(|error| vec![error])?;
    let mut errors = Vec::new();
    let code = keep(map.required("code").and_then(said), &mut errors);
    let file = keep(map.optional("file").map(glob).transpose(), &mut errors).flatten();
    let subject = keep(map.optional("subject").map(said).transpose(), &mut errors).flatten();
    let reason = keep(map.required("reason").and_then(said), &mut errors);
    let by = keep(map.required("by").and_then(said), &mut errors);
    let expires = keep(map.required("expires").and_then(|field| Ok((day(field)?, place(&field)))), &mut errors);
    let fingerprint = keep(map.optional("fingerprint").map(digest).transpose(), &mut errors).flatten();
    if map.optional("file").is_none() && map.optional("subject").is_none() {
        let hint = "write `file` with the files it is for, or `subject` with what the finding is about";
        errors.push(map.error("keys `file` and `subject` are missing").with_hint(hint));
    }
    errors.extend(map.unknown_keys());
    match (code, reason, by, expires) {
        (Some(code), Some(reason), Some(by), Some((expires, expires_place))) if errors.is_empty() => {
            Ok(Waiver { code, file, subject, fingerprint, reason, by, expires, place: place(&item), expires_place })
        }
        _ => Err(errors),
    }
}

fn keep<T>(read: Result<T, YamlError>, errors: &mut Vec<YamlError>) -> Option<T> {
    read.map_err(|error| errors.push(error)).ok()
}

fn place(field: &Field<'_>) -> Place {
    let at = field.at();
    Place { file: field.file().to_owned(), line: at.line, column: at.column }
}

/// A text that says something.
fn said(field: Field<'_>) -> Result<String, YamlError> {
    let text = field.string()?.trim();
    if text.is_empty() { Err(field.must("not be empty")) } else { Ok(text.to_owned()) }
}

fn glob(field: Field<'_>) -> Result<Glob, YamlError> {
    Glob::parse(&said(field)?).map_err(|why| field.must(why))
}

fn day(field: Field<'_>) -> Result<Day, YamlError> {
    Day::parse(field.string()?).ok_or_else(|| field.must("be a day of the calendar, written `YYYY-MM-DD`"))
}

fn digest(field: Field<'_>) -> Result<Digest, YamlError> {
    let shape = "be a fingerprint: `sha256:` and 64 hexadecimal digits in lower case";
    Digest::parse(field.string()?).ok_or_else(|| field.must(shape))
}
