//! Numbers, dates and address ranges as condition values write them (IAM user guide, "Condition operators").

use std::net::IpAddr;

/// Longest fraction of a second that is read, in digits: nanoseconds.
const FRACTION_DIGITS_MAX: usize = 9;

/// Dates are counted in nanoseconds.
pub(crate) const NANOSECONDS_PER_SECOND: i128 = 1_000_000_000;

/// A number: integer or decimal.
pub(crate) fn number(text: &str) -> Option<f64> {
    // `f64` also reads "inf" and "nan".
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse().ok().filter(|number: &f64| plain && number.is_finite())
}

/// `true` or `false`, in any case.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    [true, false].into_iter().find(|value| text.eq_ignore_ascii_case(if *value { "true" } else { "false" }))
}

/// Nanoseconds since 1970 of a date in one of the W3C profiles of ISO 8601, or of a number of seconds. Four digits are a
/// year.
pub(crate) fn date(text: &str) -> Option<i128> {
    if text.len() != "2006".len() && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<i64>().ok().map(|seconds| i128::from(seconds) * NANOSECONDS_PER_SECOND);
    }
    let (day, time) = text.split_once(['T', 't']).map_or((text, None), |(day, time)| (day, Some(time)));
    let mut parts = day.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |part| digits(part, 2))?;
    let date = parts.next();
    let day = date.map_or(Some(1), |part| digits(part, 2))?;
    let in_range = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    if parts.next().is_some() || !in_range || (time.is_some() && date.is_none()) {
        return None;
    }
    let seconds = i128::from(days_since_1970(year, month, day)) * 86_400;
    Some(seconds * NANOSECONDS_PER_SECOND + time.map_or(Some(0), nanoseconds_of)?)
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.s…`, and `Z` or `±hh:mm`, in nanoseconds.
fn nanoseconds_of(time: &str) -> Option<i128> {
    let (clock, offset) = match time.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => {
            let (clock, zone) = time.split_at_checked(time.len().checked_sub("+00:00".len())?)?;
            let sign = if zone.starts_with('+') { 1 } else { -1 };
            let (hours, minutes) = zone.strip_prefix(['+', '-'])?.split_once(':')?;
            (
                clock,
                sign * (digits(hours, 2).filter(|it| *it < 24)? * 3600
                    + digits(minutes, 2).filter(|it| *it < 60)? * 60),
            )
        }
    };
    let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(clock, it)| (clock, Some(it)));
    let mut parts = clock.split(':');
    let hours = digits(parts.next()?, 2).filter(|it| *it < 24)?;
    let minutes = digits(parts.next()?, 2).filter(|it| *it < 60)?;
    let second = parts.next();
    // 60 is a leap second.
    let seconds = second.map_or(Some(0), |part| digits(part, 2)).filter(|it| *it <= 60)?;
    let fraction = match fraction {
        None => 0,
        Some(text) if second.is_some() && (1..=FRACTION_DIGITS_MAX).contains(&text.len()) => {
            digits(&format!("{text:0<FRACTION_DIGITS_MAX$}"), FRACTION_DIGITS_MAX)?
        }
        Some(_) => return None,
    };
    if parts.next().is_some() {
        return None;
    }
    Some(i128::from(hours * 3600 + minutes * 60 + seconds - offset) * NANOSECONDS_PER_SECOND + i128::from(fraction))
}

/// A number of exactly so many digits.
fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1 January 1970 in the Gregorian calendar: years counted from March, so that the leap day is the last one.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719,468 days lie between 1 March of the year 0 and 1 January 1970.
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// A range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cidr {
    start: IpAddr,
    length: u8,
}

impl Cidr {
    /// Reads `address/length`, or one address.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, it)| (address, Some(it)));
        let start: IpAddr = address.parse().ok()?;
        let most = if start.is_ipv4() { 32 } else { 128 };
        let plain = |text: &str| {
            (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
        };
        let length = length.map_or(Some(most), plain).filter(|length| *length <= most)?;
        Some(Self { start, length })
    }

    /// Whether the address is in the range. Addresses of the other family never are.
    pub(crate) fn contains(self, address: IpAddr) -> bool {
        match (self.start, address) {
            (IpAddr::V4(start), IpAddr::V4(address)) => {
                same(start.to_bits().into(), address.to_bits().into(), 32, self.length)
            }
            (IpAddr::V6(start), IpAddr::V6(address)) => same(start.to_bits(), address.to_bits(), 128, self.length),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Whether two addresses of `width` bits have the first `length` bits in common.
fn same(left: u128, right: u128, width: u8, length: u8) -> bool {
    (left ^ right).checked_shr(u32::from(width - length)).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_every_form() {
        let second = |text| date(text).map(|it| it / NANOSECONDS_PER_SECOND);
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1970-01-01", Some(0)),
            ("1970", Some(0)),
            ("1970-02", Some(31 * 86_400)),
            ("2000-03-01T00:00:00Z", Some(951_868_800)),
            ("2020-04-01T00:00Z", Some(1_585_699_200)),
            ("2020-04-01T02:00:00+02:00", Some(1_585_699_200)),
            ("2020-03-31T22:30:00.5-01:30", Some(1_585_699_200)),
            ("1585699200", Some(1_585_699_200)),
            ("0", Some(0)),
            ("1969-12-31T23:59:59Z", Some(-1)),
            ("2021-02-29", None),
            ("2020-02-29", Some(1_582_934_400)),
            ("2100-02-29", None),
            ("2020-13-01", None),
            ("2020-04-01T24:00:00Z", None),
            ("2020-04-01T00:00:00", None),
            ("2020-04T00:00:00Z", None),
            ("2020-4-1", None),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(second(text), expected, "{text}");
        }
        assert_eq!(date("1970-01-01T00:00:00.000000001Z"), Some(1));
        assert_eq!(date("1970-01-01T00:00:00.0000000001Z"), None, "ten digits");
    }

    #[test]
    fn ranges_hold_their_addresses() {
        for (range, address, expected) in [
            ("203.0.113.0/24", "203.0.113.255", Some(true)),
            ("203.0.113.0/24", "203.0.114.0", Some(false)),
            ("203.0.113.77/24", "203.0.113.1", Some(true)),
            ("203.0.113.77", "203.0.113.77", Some(true)),
            ("203.0.113.77", "203.0.113.78", Some(false)),
            ("0.0.0.0/0", "9.9.9.9", Some(true)),
            ("0.0.0.0/0", "::1", Some(false)),
            ("2001:db8::/32", "2001:db8:1::1", Some(true)),
            ("2001:db8::/32", "2001:db9::1", Some(false)),
            ("::/0", "2001:db9::1", Some(true)),
            ("203.0.113.0/33", "203.0.113.0", None),
            ("203.0.113.0/", "203.0.113.0", None),
            ("203.0.113.0/+8", "203.0.113.0", None),
            ("x", "203.0.113.0", None),
        ] {
            let address: IpAddr = address.parse().expect("an address");
            assert_eq!(Cidr::parse(range).map(|it| it.contains(address)), expected, "{range}");
        }
    }

    #[test]
    fn numbers_and_booleans_are_plain() {
        for (text, expected) in [
            ("1", Some(1.0)),
            ("-1.5", Some(-1.5)),
            ("1e3", Some(1000.0)),
            ("inf", None),
            ("nan", None),
            ("1,0", None),
            ("", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
        for (text, expected) in [("true", Some(true)), ("False", Some(false)), ("yes", None), ("", None)] {
            assert_eq!(boolean(text), expected, "{text}");
        }
    }
}
