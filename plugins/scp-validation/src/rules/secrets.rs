//! Credentials and addresses of people in the text of a policy: every delegated administrator can read it.
//!
//! It must not know the policy language.

use super::codes;
use super::report::{Path, Report, quote};
use reeve_json::{Node, Value};

/// Checks every string below a value. The depth is bounded by the reader.
pub(super) fn check(node: &Node, path: &Path<'_>, report: &mut Report<'_>) {
    match &node.value {
        Value::String(text) => string(text, node.span.start, path, report),
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                check(item, &path.item(Some(index)), report);
            }
        }
        Value::Object(object) => {
            for member in object {
                let path = path.key(&member.key);
                string(&member.key, member.key_span.start, &path, report);
                check(&member.value, &path, report);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn string(text: &str, start: usize, path: &Path<'_>, report: &mut Report<'_>) {
    let what = if let Some(id) = access_key(text) {
        format!("{} has the form of an access key id", quote(id))
    } else if let Some(address) = address(text) {
        format!("{} has the form of an e-mail address", quote(address))
    } else {
        return;
    };
    let message = format!("{what}, and the text of a policy is read by many");
    let fix = Some("name a role or a tag instead".to_owned());
    report.add(codes::SECRET_OR_PII_IN_POLICY, path, start, message, fix);
}

/// Prefixes of access keys, lasting and temporary ("IAM identifiers", unique identifiers).
const KEY_PREFIXES: [&str; 2] = ["AKIA", "ASIA"];

/// Characters of an access key id.
const KEY_CHARS: usize = 20;

fn access_key(text: &str) -> Option<&str> {
    let fits = |word: &&str| {
        word.len() == KEY_CHARS
            && KEY_PREFIXES.iter().any(|prefix| word.starts_with(prefix))
            && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    text.split(|char: char| !char.is_ascii_alphanumeric()).find(fits)
}

/// A word with one `@` and a domain of two labels behind it.
fn address(text: &str) -> Option<&str> {
    let outside = |char: char| !char.is_ascii_alphanumeric() && !matches!(char, '@' | '.' | '_' | '%' | '+' | '-');
    text.split(outside).find(|word| {
        let Some((local, domain)) = word.split_once('@') else { return false };
        let labels = || domain.split('.');
        let last = labels().next_back().unwrap_or_default();
        !local.is_empty()
            && labels().count() >= 2
            && labels().all(|label| !label.is_empty() && !label.contains('@'))
            && last.len() >= 2
            && last.bytes().all(|byte| byte.is_ascii_alphabetic())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_keys_are_told_from_their_like() {
        for (text, expected) in [
            ("AROAEXAMPLE:jane.doe@example.com", Some("jane.doe@example.com")),
            ("a@b.c", None),
            ("@example.com", None),
            ("*@example.com", None),
            ("a@@example.com", None),
            ("a@example..com", None),
            ("bucket@2x.png1", None),
        ] {
            assert_eq!(address(text), expected, "{text}");
        }
        for (text, expected) in [
            ("AKIAIOSFODNN7EXAMPLE", Some("AKIAIOSFODNN7EXAMPLE")),
            ("x/ASIAIOSFODNN7EXAMPLE/y", Some("ASIAIOSFODNN7EXAMPLE")),
            ("AKIAIOSFODNN7EXAMPLE1", None),
            ("AROAIOSFODNN7EXAMPLE", None),
            ("AKIAiosfodnn7example", None),
        ] {
            assert_eq!(access_key(text), expected, "{text}");
        }
    }
}
