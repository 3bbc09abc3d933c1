//! What a plain scalar means: the core schema of YAML 1.2, with three deviations that keep values from changing
//! silently.
//!
//! * Digits grouped by threes with underscores are an integer: `5_000_000`.
//! * Digits with leading zeros are a string: `012` is ten or twelve depending on the reader, and an account id that
//!   starts with zero must not lose it.
//! * A number outside the 64-bit ranges, an infinity or a `NaN` is refused: JSON has no form for it.

use crate::Value;

/// Why a plain scalar was refused: the message and the hint.
#[derive(Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) message: &'static str,
    pub(crate) hint: &'static str,
}

const OUT_OF_RANGE: Refusal =
    Refusal { message: "number outside the 64-bit ranges", hint: "put the value in quotes if text is meant" };
const NOT_FINITE: Refusal =
    Refusal { message: "infinite numbers and NaN are not supported", hint: "put the value in quotes if text is meant" };

/// The value of a plain (unquoted) scalar.
pub(crate) fn resolve(text: &str) -> Result<Value, Refusal> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err(NOT_FINITE);
    }
    if let Some(radix_int) = radix(text) {
        return radix_int.map(Value::Int);
    }
    if digits(unsigned) && !leading_zero(unsigned) {
        return text.parse().map(Value::Int).map_err(|_| OUT_OF_RANGE);
    }
    if grouped(unsigned) {
        return text.replace('_', "").parse().map(Value::Int).map_err(|_| OUT_OF_RANGE);
    }
    if decimal(unsigned) {
        return match text.parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(Value::Float(float)),
            Ok(_) | Err(_) => Err(OUT_OF_RANGE),
        };
    }
    Ok(Value::String { text: text.to_owned(), quoted: false })
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn leading_zero(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0')
}

/// `0x1F` and `0o17`, which the core schema knows without a sign.
fn radix(text: &str) -> Option<Result<i64, Refusal>> {
    let (body, radix) = match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(body), _) => (body, 16),
        (None, Some(body)) => (body, 8),
        (None, None) => return None,
    };
    if body.is_empty() || !body.chars().all(|char| char.is_digit(radix)) {
        return None;
    }
    Some(i64::from_str_radix(body, radix).map_err(|_| OUT_OF_RANGE))
}

/// One to three digits, then groups of exactly three. Other uses of underscores (`2021_01`) are names, not numbers.
fn grouped(text: &str) -> bool {
    let mut groups = text.split('_');
    let first = groups.next().unwrap_or_default();
    let mut rest = groups.peekable();
    digits(first)
        && first.len() <= 3
        && !first.starts_with('0')
        && rest.peek().is_some()
        && rest.all(|group| group.len() == 3 && digits(group))
}

/// `[0-9]+(\.[0-9]*)?` or `\.[0-9]+`, then an optional exponent; whole numbers have been taken out before. A zero in
/// front of other digits makes a string here too.
fn decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    if exponent.is_some_and(|exponent| !digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))) {
        return false;
    }
    match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && !leading_zero(whole) && (fraction.is_empty() || digits(fraction)),
        None => exponent.is_some() && digits(mantissa) && !leading_zero(mantissa),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_resolve_by_the_core_schema() {
        let int = |text: &str, expected: i64| match resolve(text) {
            Ok(Value::Int(int)) => assert_eq!(int, expected, "{text}"),
            other => panic!("{text}: {other:?}"),
        };
        for (text, expected) in [
            ("0", 0),
            ("-0", 0),
            ("+7", 7),
            ("-12", -12),
            ("111122223333", 111_122_223_333),
            ("0x1F", 31),
            ("0o17", 15),
            ("5_000_000", 5_000_000),
            ("-1_000", -1000),
            ("200_000", 200_000),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            int(text, expected);
        }
        for (text, expected) in
            [("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("-1e3", -1000.0), ("1E-2", 0.01), ("+0.0", 0.0), ("0e0", 0.0)]
        {
            assert_eq!(resolve(text), Ok(Value::Float(expected)), "{text}");
        }
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(resolve(text), Ok(Value::Null), "{text}");
        }
        for (text, expected) in [("true", true), ("True", true), ("FALSE", false), ("false", false)] {
            assert_eq!(resolve(text), Ok(Value::Bool(expected)), "{text}");
        }
    }

    #[test]
    fn everything_else_is_a_string() {
        for text in [
            "no",
            "yes",
            "on",
            "off",
            "y",
            "n",
            "nULL",
            "tRUE",
            "012345678901",
            "-012",
            "00",
            "00.5",
            "01e3",
            "1_2",
            "2021_01",
            "1000_000",
            "1__000",
            "_1",
            "1_",
            "0_000",
            "012_345",
            "1_000_",
            "0b1",
            "0x",
            "0xg",
            "0x-1",
            "-0x1",
            "0o8",
            "1.2.3",
            "1.5.",
            ".",
            "-",
            "+",
            "e3",
            "1e",
            "1e+",
            ".e1",
            "2021-01-01",
            "12:30",
            "1,5",
            "16MiB",
            "inf",
            "NaN",
            "+.nan",
            "١",
        ] {
            assert_eq!(resolve(text), Ok(Value::String { text: text.to_owned(), quoted: false }), "{text}");
        }
    }

    #[test]
    fn numbers_without_a_json_form_are_refused() {
        for text in ["9223372036854775808", "-9223372036854775809", "0x8000000000000000", "1e400", "123e456789"] {
            assert_eq!(resolve(text), Err(OUT_OF_RANGE), "{text}");
        }
        assert_eq!(resolve("9_223_372_036_854_775_808"), Err(OUT_OF_RANGE));
        for text in [".inf", "-.INF", "+.Inf", ".nan", ".NaN"] {
            assert_eq!(resolve(text), Err(NOT_FINITE), "{text}");
        }
    }
}
