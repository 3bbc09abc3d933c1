//! One entry of `allowed_dns_domains`: its three forms and what makes it too broad or no domain at all.

use reeve_yaml::quoted;
use std::fmt;

/// How far an entry reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DomainScope {
    /// `=example.com`: that name alone.
    Exact,
    /// `example.com`: that name and everything below it.
    Subtree,
    /// `.example.com`: everything below that name, not the name itself.
    Below,
}

/// One entry of an allowlist. Ordered by name, then by scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainEntry {
    /// The domain: lower case, without a dot at either end.
    pub name: String,
    /// How far it reaches.
    pub scope: DomainScope,
}

/// Longest label, in bytes (RFC 1035).
const LABEL_BYTES_MAX: usize = 63;

/// Longest name without the root's dot, in bytes (RFC 1035: 255 on the wire).
const NAME_BYTES_MAX: usize = 253;

impl DomainEntry {
    /// Reads `example.com`, `.example.com` or `=example.com`.
    ///
    /// An entry that is a public suffix of the ICANN section (`co.uk`, `gov.au`), or the parent of a rule that makes
    /// every name below it one (`sch.uk`, `kawasaki.jp`), is refused: nobody's accounts own a registry. Suffixes of
    /// the private section (`github.io`, `is-a.dev`) are taken, since the company that runs such a service owns the
    /// name. A last label that is in no list (`corp.internal`) is taken too.
    ///
    /// # Errors
    /// Why it is no entry, as the end of a message: labels are `[a-z0-9_-]`, 1 to 63 bytes each, at least two, at most
    /// 253 bytes in all; no comma, wildcard, trailing dot, or last label of digits alone.
    pub fn parse(entry: &str) -> Result<Self, String> {
        let (scope, name) = match (entry.strip_prefix('='), entry.strip_prefix('.')) {
            (Some(name), _) => (DomainScope::Exact, name),
            (None, Some(name)) => (DomainScope::Below, name),
            (None, None) => (DomainScope::Subtree, entry),
        };
        match fault(name) {
            Some(fault) => Err(format!("{} {fault}", quoted(entry))),
            None => Ok(Self { name: name.to_owned(), scope }),
        }
    }

    /// Whether every item of a list is an entry: one that is not voids the whole list, so that no reader takes a part
    /// of a list for all of it.
    ///
    /// # Errors
    /// The first item that is not, and why.
    pub fn check_list(items: &[String]) -> Result<(), String> {
        match items.iter().find_map(|item| Self::parse(item).err().map(|why| (item, why))) {
            Some((item, why)) => Err(format!("entry `{}`: {why}", item.escape_debug())),
            None => Ok(()),
        }
    }
}

impl fmt::Display for DomainEntry {
    /// The entry as it is written in the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.scope {
            DomainScope::Exact => "=",
            DomainScope::Subtree => "",
            DomainScope::Below => ".",
        };
        write!(f, "{sign}{}", self.name)
    }
}

/// What is wrong with a name.
fn fault(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("names no domain".to_owned());
    }
    if let Some(fault) = name.chars().find_map(character_fault) {
        return Some(fault);
    }
    if name.ends_with('.') {
        return Some("ends with a dot: names are written without it".to_owned());
    }
    if name.len() > NAME_BYTES_MAX {
        return Some(format!("is longer than {NAME_BYTES_MAX} bytes"));
    }
    let labels: Vec<&str> = name.split('.').collect();
    if let Some(label) = labels.iter().find(|label| label.starts_with('_')) {
        return Some(format!("begins a label with `_`, `{label}`: that is an attribute of the name after it"));
    }
    if labels.iter().any(|label| label.is_empty()) {
        return Some("holds an empty label".to_owned());
    }
    if labels.iter().any(|label| label.len() > LABEL_BYTES_MAX) {
        return Some(format!("holds a label longer than {LABEL_BYTES_MAX} bytes"));
    }
    if labels.len() < 2 {
        return Some("is a single label: that is a whole top-level domain".to_owned());
    }
    if labels.last().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit())) {
        return Some("ends with a label of digits: an address is no domain".to_owned());
    }
    if is_registry(name) {
        return Some("is a public suffix: its names belong to many owners".to_owned());
    }
    None
}

fn character_fault(char: char) -> Option<String> {
    match char {
        'a'..='z' | '0'..='9' | '-' | '_' | '.' => None,
        'A'..='Z' => Some("holds a capital: names are written in lower case".to_owned()),
        ',' => Some("holds a comma: each domain is an entry of its own".to_owned()),
        '*' => Some("holds a wildcard: a leading dot stands for everything below a name".to_owned()),
        other if !other.is_ascii() => {
            Some(format!("holds {}: names outside ASCII are written as `xn--…`", quoted(&other.to_string())))
        }
        other => Some(format!("holds {}", quoted(&other.to_string()))),
    }
}

/// Whether the ICANN section of the public suffix list has the name as a suffix, or every name right below it.
fn is_registry(name: &str) -> bool {
    let is_suffix = |name: &str| {
        psl::suffix(name.as_bytes())
            .is_some_and(|suffix| suffix.typ() == Some(psl::Type::Icann) && suffix.as_bytes() == name.as_bytes())
    };
    // A label that no list names shows whether a wildcard rule covers the names below.
    is_suffix(name) || is_suffix(&format!("reeve-probe.{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_forms_reach_differently() {
        for (text, name, scope) in [
            ("example.com", "example.com", DomainScope::Subtree),
            (".example.com", "example.com", DomainScope::Below),
            ("=example.com", "example.com", DomainScope::Exact),
            ("a_b.example.co.uk", "a_b.example.co.uk", DomainScope::Subtree),
            ("xn--bcher-kva.example", "xn--bcher-kva.example", DomainScope::Subtree),
            ("1.example.com", "1.example.com", DomainScope::Subtree),
            ("corp.internal", "corp.internal", DomainScope::Subtree),
            ("2.0.192.in-addr.arpa", "2.0.192.in-addr.arpa", DomainScope::Subtree),
        ] {
            let entry = DomainEntry::parse(text).expect(text);
            assert_eq!((entry.name.as_str(), entry.scope), (name, scope), "{text}");
            assert_eq!(entry.to_string(), text);
        }
    }

    #[test]
    fn faults_are_named() {
        let long_label = format!("{}.com", "a".repeat(64));
        let long_name = format!("{}com", "abcdefghi.".repeat(26));
        for (text, fault) in [
            ("", "names no domain"),
            ("=", "names no domain"),
            (".", "names no domain"),
            ("Example.com", "holds a capital: names are written in lower case"),
            ("a.com,b.com", "holds a comma: each domain is an entry of its own"),
            ("*.example.com", "holds a wildcard: a leading dot stands for everything below a name"),
            ("bücher.example", "holds `ü`: names outside ASCII are written as `xn--…`"),
            ("example.com ", "holds ` `"),
            ("=.example.com", "holds an empty label"),
            (".=example.com", "holds `=`"),
            ("https://example.com", "holds `:`"),
            ("example.com.", "ends with a dot: names are written without it"),
            ("example..com", "holds an empty label"),
            ("..example.com", "holds an empty label"),
            (&long_label, "holds a label longer than 63 bytes"),
            (&long_name, "is longer than 253 bytes"),
            ("com", "is a single label: that is a whole top-level domain"),
            ("=localhost", "is a single label: that is a whole top-level domain"),
            ("192.0.2.1", "ends with a label of digits: an address is no domain"),
            ("co.uk", "is a public suffix: its names belong to many owners"),
            ("=gov.au", "is a public suffix: its names belong to many owners"),
            (".com.au", "is a public suffix: its names belong to many owners"),
            ("foo.ck", "is a public suffix: its names belong to many owners"),
            ("sch.uk", "is a public suffix: its names belong to many owners"),
            ("kawasaki.jp", "is a public suffix: its names belong to many owners"),
            ("xn--55qx5d.cn", "is a public suffix: its names belong to many owners"),
        ] {
            assert_eq!(DomainEntry::parse(text), Err(format!("{} {fault}", quoted(text))), "{text}");
        }
    }

    #[test]
    fn limits_hold_at_their_edge() {
        assert!(DomainEntry::parse(&format!("{}.com", "a".repeat(63))).is_ok());
        let name = |bytes: usize| format!("{}{}.com", "abcdefghi.".repeat(24), "a".repeat(bytes - 244));
        assert_eq!(name(253).len(), 253);
        assert!(DomainEntry::parse(&name(253)).is_ok());
        assert!(DomainEntry::parse(&name(254)).is_err());
    }

    #[test]
    fn private_suffixes_have_an_owner() {
        for text in ["github.io", "is-a.dev", "www.ck", "city.kawasaki.jp", "example.co.uk", "compute.amazonaws.com"] {
            assert!(DomainEntry::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn entries_sort_by_name() {
        let mut entries: Vec<DomainEntry> =
            ["b.com", ".a.com", "=a.com", "a.com"].map(|text| DomainEntry::parse(text).expect(text)).to_vec();
        entries.sort();
        assert_eq!(entries.iter().map(ToString::to_string).collect::<Vec<_>>(), ["=a.com", "a.com", ".a.com", "b.com"]);
    }
}
