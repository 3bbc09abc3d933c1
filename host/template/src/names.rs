//! Entries of the allowlist as patterns of `route53:ChangeResourceRecordSetsNormalizedRecordNames`.
//!
//! IAM's normal form of a record name: lower case, no trailing dot, and every character but `a-z 0-9 - _ .` as `\ooo`,
//! so a wildcard is `\052` (Route 53 developer guide, specifying-conditions-route53). In `StringLike` a `*` stands for
//! any characters, dots included, and a backslash for itself.

use reeve_accounts::{DomainEntry, DomainScope};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Which names of a zone a kind writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TwinNames {
    /// Names whose first label begins with `_` only, as `CERT_VALIDATION` does.
    Attributes,
    /// Any name.
    Any,
}

/// A record name in IAM's normal form.
#[must_use]
pub fn normal_form(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.strip_suffix('.').unwrap_or(name).bytes() {
        match byte.to_ascii_lowercase() {
            plain @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.') => out.push(char::from(plain)),
            other => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\{other:03o}");
            }
        }
    }
    out
}

/// The pattern of every wildcard record.
pub(crate) const WILDCARDS: &str = "\\052.*";

/// Whether `name` is `ancestor` or below it.
pub(crate) fn is_in(name: &str, ancestor: &str) -> bool {
    name.strip_suffix(ancestor).is_some_and(|head| head.is_empty() || head.ends_with('.'))
}

/// Patterns that cover every name of `zone` which the allowlist lets the entry's owner change there.
///
/// `deeper` are the names of other zones that the same kind writes: a name always goes to the zone with the longest name.
pub(crate) fn patterns(entry: &DomainEntry, zone: &str, deeper: &[&str], names: TwinNames) -> BTreeSet<String> {
    let whole = |name: &str| below(name, DomainScope::Subtree, names);
    if is_in(&entry.name, zone) {
        let elsewhere =
            deeper.iter().any(|other| other.len() > zone.len() && is_in(other, zone) && is_in(&entry.name, other));
        return if elsewhere { BTreeSet::new() } else { below(&entry.name, entry.scope, names) };
    }
    if !is_in(zone, &entry.name) {
        return BTreeSet::new();
    }
    match entry.scope {
        DomainScope::Subtree | DomainScope::Below => whole(zone),
        // The name alone is above the zone; its attributes are in the zone when the zone is one of them.
        DomainScope::Exact => {
            let head = zone.strip_suffix(&entry.name).unwrap_or_default().trim_end_matches('.');
            let attribute = head.rsplit('.').next().is_some_and(|label| label.starts_with('_'));
            if attribute { whole(zone) } else { BTreeSet::new() }
        }
    }
}

/// Patterns of a name with its scope.
pub(crate) fn below(name: &str, scope: DomainScope, names: TwinNames) -> BTreeSet<String> {
    let texts = match (names, scope) {
        (TwinNames::Any, DomainScope::Subtree) => vec![name.to_owned(), format!("*.{name}")],
        (TwinNames::Any, DomainScope::Below) => vec![format!("*.{name}")],
        // `_dmarc.example.com` and `s1._domainkey.example.com` speak for `example.com`.
        (TwinNames::Any, DomainScope::Exact) => vec![name.to_owned(), format!("_*.{name}"), format!("*._*.{name}")],
        (TwinNames::Attributes, _) if name.starts_with('_') => vec![name.to_owned(), format!("_*.{name}")],
        (TwinNames::Attributes, _) => vec![format!("_*.{name}")],
    };
    texts.into_iter().collect()
}

/// The set without patterns that another one of it covers.
pub(crate) fn reduced(patterns: &BTreeSet<String>) -> Vec<String> {
    let covered = |pattern: &String| {
        let heads: &[&str] = match pattern.as_str() {
            text if text.starts_with("*._*.") => &["*.", "*._*."],
            text if text.starts_with('_') => &["*.", "_*."],
            _ => &["*."],
        };
        let suffixes = pattern.match_indices('.').filter_map(|(at, _)| pattern.get(at + 1..));
        suffixes.into_iter().any(|suffix| {
            heads.iter().any(|head| {
                let wider = format!("{head}{suffix}");
                wider != *pattern && patterns.contains(&wider)
            })
        })
    };
    patterns.iter().filter(|pattern| !covered(pattern)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> DomainEntry {
        DomainEntry::parse(text).expect(text)
    }

    #[test]
    fn names_take_iams_normal_form() {
        for (name, normal) in [
            ("Example.COM.", "example.com"),
            ("*.example.com", "\\052.example.com"),
            ("_dmarc.a-b.example.com", "_dmarc.a-b.example.com"),
            ("a b.example.com", "a\\040b.example.com"),
        ] {
            assert_eq!(normal_form(name), normal);
        }
    }

    #[test]
    fn entries_become_patterns_of_their_zone() {
        use TwinNames::{Any, Attributes};
        for (text, zone, deeper, names, expected) in [
            ("foo.example.com", "example.com", &[][..], Any, &["*.foo.example.com", "foo.example.com"][..]),
            (".foo.example.com", "example.com", &[], Any, &["*.foo.example.com"]),
            ("=example.com", "example.com", &[], Any, &["*._*.example.com", "_*.example.com", "example.com"]),
            ("example.com", "sub.example.com", &[], Any, &["*.sub.example.com", "sub.example.com"]),
            (".example.com", "sub.example.com", &[], Any, &["*.sub.example.com", "sub.example.com"]),
            ("=example.com", "sub.example.com", &[], Any, &[]),
            ("=example.com", "_tcp.example.com", &[], Any, &["*._tcp.example.com", "_tcp.example.com"]),
            ("=example.com", "a._tcp.example.com", &[], Any, &["*.a._tcp.example.com", "a._tcp.example.com"]),
            ("other.org", "example.com", &[], Any, &[]),
            ("evilexample.com", "example.com", &[], Any, &[]),
            ("a.sub.example.com", "example.com", &["sub.example.com", "example.com"], Any, &[]),
            (
                "a.sub.example.com",
                "sub.example.com",
                &["example.com"],
                Any,
                &["*.a.sub.example.com", "a.sub.example.com"],
            ),
            ("foo.example.com", "example.com", &[], Attributes, &["_*.foo.example.com"]),
            ("example.com", "_a.example.com", &[], Attributes, &["_*._a.example.com", "_a.example.com"]),
        ] {
            let found = patterns(&entry(text), zone, deeper, names);
            assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{text} in {zone}");
        }
    }

    #[test]
    fn covered_patterns_are_left_out() {
        for (all, expected) in [
            (&["*.foo.com", "foo.com", "pay.foo.com", "*.pay.foo.com"][..], &["*.foo.com", "foo.com"][..]),
            (&["_*.foo.com", "_*.pay.foo.com", "*._*.foo.com", "*._*.pay.foo.com"], &["*._*.foo.com", "_*.foo.com"]),
            (&["*.foo.com", "_*.foo.com", "*._*.foo.com", "*.evilfoo.com"], &["*.evilfoo.com", "*.foo.com"]),
        ] {
            let all = all.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(reduced(&all), expected);
        }
    }
}
