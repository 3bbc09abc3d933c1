//! Names and allowlist entries. The host hands over canonical names: lower case, no trailing dot, no escapes.

/// Which names an entry stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `example.com`: the name and everything below it.
    Subtree,
    /// `.example.com`: everything below the name, not the name itself.
    Below,
    /// `=example.com`: the name alone.
    Exact,
}

/// One entry of an allowlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The domain.
    pub name: &'a str,
    /// Which names it stands for.
    pub scope: Scope,
}

impl<'a> Entry<'a> {
    /// Reads an entry. The host has checked it too; a second reader costs little and trusts nobody.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (name, scope) = match text.strip_prefix('.') {
            Some(name) => (name, Scope::Below),
            None => text.strip_prefix('=').map_or((text, Scope::Subtree), |name| (name, Scope::Exact)),
        };
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                // A label that begins with `_` is an attribute of the name after it, and no name to own.
                && !label.starts_with('_')
                && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
        };
        let shaped = name.len() <= 253 && name.contains('.') && name.split('.').all(label);
        shaped.then_some(Self { name, scope })
    }

    /// Whether the entry stands for `name`.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        match self.scope {
            Scope::Subtree => is_in(name, self.name),
            Scope::Below => is_below(name, self.name),
            Scope::Exact => name == self.name,
        }
    }

    /// Whether the entry stands for every name below `name`.
    #[must_use]
    pub fn covers_all_below(&self, name: &str) -> bool {
        self.scope != Scope::Exact && is_in(name, self.name)
    }
}

/// Whether `name` is `ancestor` or below it.
#[must_use]
pub fn is_in(name: &str, ancestor: &str) -> bool {
    name == ancestor || is_below(name, ancestor)
}

/// Whether `name` is strictly below `ancestor`, at a label boundary.
#[must_use]
pub fn is_below(name: &str, ancestor: &str) -> bool {
    name.strip_suffix(ancestor).is_some_and(|head| head.len() > 1 && head.ends_with('.'))
}

/// The name that a record's name speaks for: a label that begins with `_`, and all before it, are attributes of what
/// follows (`_acme-challenge.pay.example.com` and `s1._domainkey.pay.example.com` speak for `pay.example.com`), and so
/// is a wildcard's `*`.
#[must_use]
pub fn speaks_for(name: &str) -> &str {
    let mut owner = name.strip_prefix("*.").unwrap_or(name);
    let mut rest = owner;
    while let Some((label, after)) = rest.split_once('.') {
        if label.starts_with('_') {
            owner = after;
        }
        rest = after;
    }
    owner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_or_refused_whole() {
        assert_eq!(Entry::parse("example.com"), Some(Entry { name: "example.com", scope: Scope::Subtree }));
        assert_eq!(Entry::parse(".example.com"), Some(Entry { name: "example.com", scope: Scope::Below }));
        assert_eq!(Entry::parse("=example.com"), Some(Entry { name: "example.com", scope: Scope::Exact }));
        for text in [
            "",
            ".",
            "com",
            "*",
            "*.example.com",
            "a,b.example.com",
            "example.com.",
            "Example.com",
            "a..b",
            "_dmarc.example.com",
        ] {
            assert_eq!(Entry::parse(text), None, "{text}");
        }
    }

    #[test]
    fn scopes_cover_what_they_say() {
        for (entry, name, covers, below) in [
            ("example.com", "example.com", true, true),
            ("example.com", "a.example.com", true, true),
            ("example.com", "evilexample.com", false, false),
            ("example.com", "example.com.evil.com", false, false),
            (".example.com", "example.com", false, true),
            (".example.com", "a.example.com", true, true),
            ("=example.com", "example.com", true, false),
            ("=example.com", "a.example.com", false, false),
        ] {
            let entry = Entry::parse(entry).expect("good");
            assert_eq!(entry.covers(name), covers, "{entry:?} {name}");
            assert_eq!(entry.covers_all_below(name), below, "{entry:?} {name}");
        }
    }

    #[test]
    fn underscore_labels_speak_for_the_name_below_them() {
        for (name, owner) in [
            ("_acme-challenge.pay.example.com", "pay.example.com"),
            ("s1._domainkey.example.com", "example.com"),
            ("*._tcp.example.com", "example.com"),
            ("a._b.c._d.example.com", "example.com"),
            ("_lone", "_lone"),
            ("_sip._tcp.example.com", "example.com"),
            ("*.example.com", "example.com"),
            ("a.example.com", "a.example.com"),
        ] {
            assert_eq!(speaks_for(name), owner);
        }
    }
}
