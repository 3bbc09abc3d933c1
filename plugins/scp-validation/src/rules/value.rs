//! Whether a condition value is one that its operator can read (IAM user guide, "Condition operators").
//!
//! It must not know condition keys.

use super::operator::Class;
use reeve_json::{Number, Value};
use std::net::IpAddr;

/// Whether the operator class can read the value. Strings hold no policy variable here.
pub(super) fn fits(class: Class, value: &Value) -> bool {
    match (class, value) {
        (_, Value::Null | Value::Array(_) | Value::Object(_)) => false,
        (Class::String, _) | (Class::Arn, Value::String(_)) => true,
        (Class::Bool | Class::Null, Value::Bool(_)) | (Class::Numeric, Value::Number(_)) => true,
        (Class::Bool | Class::Null, Value::String(text)) => {
            text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
        }
        (Class::Numeric, Value::String(text)) => is_number(text),
        (Class::Date, Value::Number(Number::Int(_))) => true,
        (Class::Date, Value::String(text)) => is_date(text),
        (Class::Ip, Value::String(text)) => is_address_range(text),
        (Class::Binary, Value::String(text)) => is_base64(text),
        (
            Class::Numeric | Class::Date | Class::Bool | Class::Binary | Class::Ip | Class::Arn | Class::Null,
            Value::Bool(_) | Value::Number(_),
        ) => false,
    }
}

/// What the operator class reads, for a message.
pub(super) fn expected(class: Class) -> &'static str {
    match class {
        Class::String => "a string",
        Class::Arn => "an ARN",
        Class::Bool | Class::Null => "`true` or `false`",
        Class::Numeric => "a number",
        Class::Date => "a date such as `2026-05-15T00:00:00Z`, or seconds since 1970",
        Class::Ip => "an IP address or range such as `203.0.113.0/24`",
        Class::Binary => "base64",
    }
}

fn is_number(text: &str) -> bool {
    // The standard reader also takes `inf`, `nan` and exponents, AWS does not say that it does.
    text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.')) && text.parse::<f64>().is_ok()
}

/// An address or a CIDR range, of either family.
fn is_address_range(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let bits = if address.is_ipv4() { 32 } else { 128 };
    prefix.is_none_or(|prefix| prefix.parse::<u8>().is_ok_and(|prefix| prefix <= bits) && !prefix.starts_with('+'))
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.len().is_multiple_of(4) && text.len() - body.len() <= 2 && body.bytes().all(alphabet)
}

/// A W3C profile of ISO 8601 (`2026`, `2026-05`, `2026-05-15`, with `T10:00Z` and finer), or seconds since 1970.
fn is_date(text: &str) -> bool {
    if text.len() > 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let (day, time) = text.split_once(['T', 't']).map_or((text, None), |(day, time)| (day, Some(time)));
    let mut parts = day.split('-');
    let year = parts.next().is_some_and(|year| in_range(year, 4, 0, 9999));
    let month = parts.next().map(|month| in_range(month, 2, 1, 12));
    let date = parts.next().map(|date| in_range(date, 2, 1, 31));
    let calendar = year && month != Some(false) && date != Some(false) && parts.next().is_none();
    calendar && time.is_none_or(|time| date.is_some() && is_time(time))
}

fn is_time(text: &str) -> bool {
    let zone_at = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let Some((clock, zone)) = text.split_at_checked(zone_at) else { return false };
    let zone_fits = match zone.split_at_checked(1) {
        None => true,
        Some(("Z" | "z", rest)) => rest.is_empty(),
        Some((_, offset)) => {
            let digits: String = offset.chars().filter(|char| *char != ':').collect();
            digits.split_at_checked(2).is_some_and(|(hours, minutes)| {
                in_range(hours, 2, 0, 23) && (minutes.is_empty() || in_range(minutes, 2, 0, 59))
            })
        }
    };
    let mut parts = clock.split(':');
    let hours = parts.next().is_some_and(|hours| in_range(hours, 2, 0, 23));
    let minutes = parts.next().is_some_and(|minutes| in_range(minutes, 2, 0, 59));
    let seconds = parts.next().is_none_or(|seconds| {
        let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
        in_range(whole, 2, 0, 60) && !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit())
    });
    zone_fits && hours && minutes && seconds && parts.next().is_none()
}

fn in_range(text: &str, digits: usize, least: u32, most: u32) -> bool {
    text.len() == digits
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<u32>().is_ok_and(|number| (least..=most).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_like_iam() {
        for (class, good, bad) in [
            (Class::Bool, &["true", "False"][..], &["flase", "", "1"][..]),
            (Class::Null, &["true"], &["null"]),
            (Class::Numeric, &["10", "-1.5", "+3"], &["ten", "", "1e3", "NaN", "1-2"]),
            (
                Class::Date,
                &["2026", "2026-05", "2026-05-15", "2026-05-15T10:00Z", "2026-05-15T10:00:00.123+02:00", "1778800000"],
                &["tomorrow", "", "2026-13", "2026-05-15T", "2026-05T10:00Z", "15.05.2026", "2026-05-15T25:00Z"],
            ),
            (Class::Ip, &["10.0.0.1", "203.0.113.0/24", "2001:db8::/32"], &["10.*", "10.0.0.0/33", "", "1.2.3.4/+8"]),
            (Class::Binary, &["QmluYXJ5", "QQ=="], &["a", "Q===", "????"]),
            (Class::String, &["", "x"], &[]),
        ] {
            for text in good {
                assert!(fits(class, &Value::from(*text)), "{class:?} {text}");
            }
            for text in bad {
                assert!(!fits(class, &Value::from(*text)), "{class:?} {text}");
            }
        }
        assert!(fits(Class::Bool, &Value::from(false)) && fits(Class::Numeric, &Value::from(3_i64)));
        assert!(!fits(Class::Ip, &Value::from(3_i64)) && !fits(Class::Date, &Value::from(true)));
    }
}
