//! DNS names in one canonical form: lower case, no trailing dot, no escapes, compared label by label from the right.
//!
//! Route 53 reads `\ooo` as octal, RFC 1035 as decimal; resolvers, IDNA mappings and people disagree on the rest.
//! A name that two readers could read differently is refused, never repaired.
//! Source: Route 53 developer guide, DomainNameFormat; RFC 1035 section 2.3.4; UTS 46.

use crate::Code;
use std::fmt;
use unicode_script::{Script, UnicodeScript};

/// Longest label, bytes (RFC 1035).
pub const LABEL_BYTES_MAX: usize = 63;
/// Longest name in text form without the trailing dot, bytes (255 octets on the wire).
pub const NAME_BYTES_MAX: usize = 253;

/// A canonical DNS name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(String);

/// What a name is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameRule {
    /// The owner of a record set: `*` may be the whole first label.
    Owner,
    /// What a record points at: no wildcard, at least two labels, not an address.
    Target,
}

/// Why a text is no canonical name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadName {
    /// The code.
    pub code: Code,
    /// One clause for a person.
    pub message: String,
}

impl DnsName {
    /// Reads a name as a sender writes it: either case, an optional trailing dot, nothing else to forgive.
    ///
    /// # Errors
    /// A `DNS_…` code and what is wrong.
    pub fn parse(text: &str, rule: NameRule) -> Result<Self, BadName> {
        let bad = |code, message: String| Err(BadName { code, message });
        if !text.is_ascii() {
            return bad(Code::DnsNonAscii, format!("name `{}` is not ASCII", text.escape_debug()));
        }
        if text.contains('\\') {
            return Err(bad_escape(text));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() || name.split('.').any(str::is_empty) {
            return bad(Code::DnsEmptyLabel, format!("name `{}` has an empty label", text.escape_debug()));
        }
        if let Some(label) = name.split('.').find(|label| label.len() > LABEL_BYTES_MAX) {
            return bad(
                Code::DnsLabelLength,
                format!("label `{}` is longer than {LABEL_BYTES_MAX} bytes", label.escape_debug()),
            );
        }
        if name.len() > NAME_BYTES_MAX {
            return bad(Code::DnsNameLength, format!("name is longer than {NAME_BYTES_MAX} bytes"));
        }
        let name = name.to_ascii_lowercase();
        for (index, label) in name.split('.').enumerate() {
            check_label(label, index, &name, rule)?;
        }
        let name = Self(name);
        if name.looks_like_address() {
            return bad(Code::DnsTargetFormat, format!("`{name}` is an address, not a name"));
        }
        if rule == NameRule::Target && name.labels().count() < 2 {
            return bad(Code::DnsTargetFormat, format!("`{name}` is not a full name"));
        }
        Ok(name)
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Labels from the left.
    pub fn labels(&self) -> std::str::Split<'_, char> {
        self.0.split('.')
    }

    /// Whether the first label is `*`.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    /// Whether this name is `ancestor` or below it.
    #[must_use]
    pub fn is_in(&self, ancestor: &Self) -> bool {
        self == ancestor || self.is_below(ancestor)
    }

    /// Whether this name is strictly below `ancestor`, at a label boundary.
    #[must_use]
    pub fn is_below(&self, ancestor: &Self) -> bool {
        self.0.strip_suffix(ancestor.as_str()).is_some_and(|head| head.ends_with('.'))
    }

    /// The name without its first label.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.split_once('.').map(|(_, rest)| Self(rest.to_owned()))
    }

    /// Whether the last label is all digits, as in an IPv4 address; no top-level domain is.
    fn looks_like_address(&self) -> bool {
        self.0.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A well-formed escape and a malformed one are both refused, under different codes.
fn bad_escape(text: &str) -> BadName {
    let shown = text.escape_debug();
    let well_formed = text.split('\\').skip(1).all(|rest| {
        let digits = rest.as_bytes().get(..3).unwrap_or_default();
        digits.len() == 3
            && digits.iter().all(|byte| (b'0'..=b'7').contains(byte))
            && digits.first().is_some_and(|&first| first <= b'3')
    });
    if well_formed {
        let message = format!("name `{shown}` holds an escape, which readers decode differently");
        BadName { code: Code::DnsEscape, message }
    } else {
        BadName { code: Code::DnsBadEscape, message: format!("name `{shown}` holds a malformed escape") }
    }
}

fn check_label(label: &str, index: usize, name: &str, rule: NameRule) -> Result<(), BadName> {
    let bad = |code, message: String| Err(BadName { code, message });
    let shown = name.escape_debug();
    if label.contains('*') {
        if name == "*" {
            return bad(Code::DnsWildcardNotAllowed, "`*` alone covers every name".to_owned());
        }
        if index > 0 || label != "*" || rule == NameRule::Target {
            return bad(
                Code::DnsWildcardPosition,
                format!("`*` in `{shown}` is a literal character there; a wildcard is the whole first label"),
            );
        }
        return Ok(());
    }
    if let Some(byte) = label.bytes().find(|byte| !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_')) {
        return bad(
            Code::DnsBadByte,
            format!(
                "name `{shown}` holds `{}`; only letters, digits, `-` and `_` are taken",
                char::from(byte).escape_debug()
            ),
        );
    }
    if label.starts_with('-') || label.ends_with('-') {
        return bad(Code::DnsNotHostname, format!("label `{label}` begins or ends with `-`"));
    }
    if label.starts_with("xn--") && !one_true_punycode(label) {
        return bad(
            Code::DnsPunycode,
            format!("label `{label}` is not the one true `xn--` form of a name in a single script"),
        );
    }
    Ok(())
}

/// Whether an `xn--` label decodes under UTS 46 to a name in one script and encodes back to itself.
fn one_true_punycode(label: &str) -> bool {
    let (unicode, valid) = idna::domain_to_unicode(label);
    if valid.is_err() || unicode.is_ascii() {
        return false;
    }
    if idna::domain_to_ascii(&unicode).ok().as_deref() != Some(label) {
        return false;
    }
    let mut scripts: Vec<Script> = unicode.chars().map(|char| char.script()).collect();
    scripts.retain(|script| !matches!(script, Script::Common | Script::Inherited));
    scripts.sort_unstable_by_key(|script| script.short_name());
    scripts.dedup();
    // Japanese and Korean are written in several scripts at once (UTS 39, "highly restrictive").
    let within = |allowed: &[Script]| scripts.iter().all(|script| allowed.contains(script));
    scripts.len() <= 1
        || within(&[Script::Han, Script::Hiragana, Script::Katakana])
        || within(&[Script::Han, Script::Hangul])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn refused(text: &str) -> &'static str {
        DnsName::parse(text, NameRule::Owner).expect_err(text).code.as_str()
    }

    #[test]
    fn every_reading_that_could_differ_is_refused() {
        let label64 = "a".repeat(64);
        let name254 = format!("{}.{}", vec!["a".repeat(63); 3].join("."), "b".repeat(62));
        for (text, code) in [
            ("admin\\056example.com", "DNS_ESCAPE"),
            ("\\101dmin.example.com", "DNS_ESCAPE"),
            ("\\9", "DNS_BAD_ESCAPE"),
            ("\\400.example.com", "DNS_BAD_ESCAPE"),
            ("\\12.example.com", "DNS_BAD_ESCAPE"),
            ("a.example.com\\", "DNS_BAD_ESCAPE"),
            ("", "DNS_EMPTY_LABEL"),
            (".", "DNS_EMPTY_LABEL"),
            (".example.com", "DNS_EMPTY_LABEL"),
            ("a..example.com", "DNS_EMPTY_LABEL"),
            ("example.com..", "DNS_EMPTY_LABEL"),
            (&format!("{label64}.example.com"), "DNS_LABEL_LENGTH"),
            (&name254, "DNS_NAME_LENGTH"),
            ("pay\u{3002}example.com", "DNS_NON_ASCII"),
            ("pay\u{ff0e}example.com", "DNS_NON_ASCII"),
            ("pay\u{ff61}example.com", "DNS_NON_ASCII"),
            ("p\u{430}y.example.com", "DNS_NON_ASCII"),
            ("pay\u{200d}.example.com", "DNS_NON_ASCII"),
            ("pay\u{ad}.example.com", "DNS_NON_ASCII"),
            ("xn--a.example.com", "DNS_PUNYCODE"),
            ("xn--abc-.example.com", "DNS_NOT_HOSTNAME"),
            ("xn--pple-43d.example.com", "DNS_PUNYCODE"),
            ("a b.example.com", "DNS_BAD_BYTE"),
            (" a.example.com", "DNS_BAD_BYTE"),
            ("a.example.com\n", "DNS_BAD_BYTE"),
            ("a\t.example.com", "DNS_BAD_BYTE"),
            ("%0a.example.com", "DNS_BAD_BYTE"),
            ("*", "DNS_WILDCARD_NOT_ALLOWED"),
            ("*prod.example.com", "DNS_WILDCARD_POSITION"),
            ("a.*.example.com", "DNS_WILDCARD_POSITION"),
            ("-a.example.com", "DNS_NOT_HOSTNAME"),
            ("a-.example.com", "DNS_NOT_HOSTNAME"),
            ("1.2.3.4", "DNS_TARGET_FORMAT"),
        ] {
            assert_eq!(refused(text), code, "{text}");
        }
        for (text, code) in [("host", "DNS_TARGET_FORMAT"), ("*.example.com", "DNS_WILDCARD_POSITION")] {
            assert_eq!(DnsName::parse(text, NameRule::Target).expect_err(text).code.as_str(), code);
        }
    }

    #[test]
    fn limits_hold_at_their_edge() {
        let good = format!("{}.{}", vec!["a".repeat(63); 3].join("."), "b".repeat(61));
        assert_eq!(good.len(), NAME_BYTES_MAX);
        assert!(DnsName::parse(&good, NameRule::Owner).is_ok());
        assert!(DnsName::parse(&format!("{good}."), NameRule::Owner).is_ok());
    }

    #[test]
    fn ordinary_names_become_canonical() {
        for (text, canonical) in [
            ("A.Example.COM.", "a.example.com"),
            ("*.example.com", "*.example.com"),
            ("_dmarc.example.com", "_dmarc.example.com"),
            ("xn--bcher-kva.example.com", "xn--bcher-kva.example.com"),
            ("xn--wgv71a119e.example.jp", "xn--wgv71a119e.example.jp"),
        ] {
            assert_eq!(DnsName::parse(text, NameRule::Owner).expect(text).as_str(), canonical);
        }
    }

    #[test]
    fn ancestry_is_decided_at_label_boundaries() {
        let name = |text| DnsName::parse(text, NameRule::Owner).expect("good");
        let example = name("example.com");
        assert!(name("a.example.com").is_below(&example) && name("a.b.example.com").is_in(&example));
        assert!(example.is_in(&example) && !example.is_below(&example));
        assert!(!name("evilexample.com").is_in(&example) && !name("example.com.evil.com").is_in(&example));
    }

    proptest! {
        #[test]
        fn canonical_names_are_fixed_points(text in "[a-zA-Z0-9*_.\\\\-]{1,40}") {
            if let Ok(name) = DnsName::parse(&text, NameRule::Owner) {
                prop_assert_eq!(DnsName::parse(name.as_str(), NameRule::Owner), Ok(name.clone()));
                prop_assert_eq!(DnsName::parse(&format!("{name}."), NameRule::Owner), Ok(name.clone()));
                prop_assert_eq!(DnsName::parse(&name.as_str().to_ascii_uppercase(), NameRule::Owner), Ok(name));
            }
        }
    }
}
