//! Whether a hosted zone is already as some changes would leave it. Both sides are compared in one canonical form,
//! because Route 53 writes names and values in its own: `\052.example.com.` for `*.example.com`.

use reeve_model::action::{Operation, RecordContent, RecordSetChange};
use reeve_model::record::{RecordType, canonical_value};
use std::collections::BTreeMap;

/// A record set as Route 53 lists it, canonical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Existing {
    /// Owner name: lower case, no trailing dot, `*` for `\052`.
    pub(crate) name: String,
    /// Type, upper case. A text, because a zone may hold types that cannot be asked for.
    pub(crate) record_type: String,
    /// Time to live; none for an alias.
    pub(crate) ttl_seconds: Option<i64>,
    /// Canonical content; none when it is of a form that Reeve never makes, such as one of several weighted sets.
    pub(crate) content: Option<RecordContent>,
}

/// A name as the API writes it, in canonical form. Route 53 escapes every byte but `a-z 0-9 - _ .`, in octal; of the
/// escaped ones Reeve takes only the wildcard, so another escape stays as it is and equals nothing.
pub(crate) fn canonical_name(name: &str) -> String {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    match name.strip_prefix("\\052.") {
        Some(rest) => format!("*.{rest}"),
        None => name,
    }
}

/// Values in canonical form, sorted: the order within a record set means nothing in DNS.
pub(crate) fn canonical_values<'a>(record_type: RecordType, values: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let canonical = |value: &str| canonical_value(record_type, value, true).unwrap_or_else(|_| value.to_owned());
    let mut values: Vec<String> = values.into_iter().map(canonical).collect();
    values.sort_unstable();
    values
}

/// Whether the zone is as the changes, made in their order, would leave it.
pub(crate) fn holds(changes: &[RecordSetChange], existing: &[Existing]) -> bool {
    let mut wanted: BTreeMap<(&str, RecordType), Option<&RecordSetChange>> = BTreeMap::new();
    for change in changes {
        let left = match change.operation {
            Operation::Create | Operation::Upsert => Some(change),
            Operation::Delete => None,
        };
        wanted.insert((change.name.as_str(), change.record_type), left);
    }
    wanted.into_iter().all(|((name, record_type), wanted)| {
        let mut found = existing.iter().filter(|it| it.name == name && it.record_type == record_type.as_str());
        match (wanted, found.next()) {
            (None, None) => true,
            (Some(wanted), Some(existing)) => equal(wanted, existing) && found.next().is_none(),
            (None, Some(_)) | (Some(_), None) => false,
        }
    })
}

fn equal(wanted: &RecordSetChange, existing: &Existing) -> bool {
    let content = match (&wanted.content, &existing.content) {
        (RecordContent::Values(wanted_values), Some(RecordContent::Values(values))) => {
            let canonical = |values: &[String]| canonical_values(wanted.record_type, values.iter().map(String::as_str));
            canonical(wanted_values) == canonical(values)
        }
        (RecordContent::Alias(wanted), Some(RecordContent::Alias(alias))) => wanted == alias,
        (RecordContent::Values(_) | RecordContent::Alias(_), Some(_) | None) => false,
    };
    content && wanted.ttl_seconds.map(i64::from) == existing.ttl_seconds
}

#[cfg(test)]
mod tests {
    use super::super::testing::{change, existing};
    use super::*;

    #[test]
    fn names_of_the_api_become_canonical() {
        for (api, name) in [
            ("www.Example.com.", "www.example.com"),
            ("\\052.example.com.", "*.example.com"),
            ("*.example.com", "*.example.com"),
            ("a\\052.example.com.", "a\\052.example.com"),
        ] {
            assert_eq!(canonical_name(api), name, "{api}");
        }
    }

    #[test]
    fn a_zone_holds_what_changes_would_leave() {
        use Operation::{Create, Delete, Upsert};
        let www = existing("www.example.com", "A", 300, &["192.0.2.1", "192.0.2.2"]);
        let aaaa = existing("www.example.com", "AAAA", 300, &["2001:db8:0::1"]);
        for (label, changes, there, expected) in [
            ("same", vec![change(Create, "www.example.com", "A", 300, &["192.0.2.1", "192.0.2.2"])], vec![&www], true),
            ("order", vec![change(Upsert, "www.example.com", "A", 300, &["192.0.2.2", "192.0.2.1"])], vec![&www], true),
            ("form", vec![change(Upsert, "www.example.com", "AAAA", 300, &["2001:db8::1"])], vec![&aaaa], true),
            ("value", vec![change(Upsert, "www.example.com", "A", 300, &["192.0.2.1"])], vec![&www], false),
            ("ttl", vec![change(Upsert, "www.example.com", "A", 60, &["192.0.2.1", "192.0.2.2"])], vec![&www], false),
            ("missing", vec![change(Create, "www.example.com", "A", 300, &["192.0.2.1"])], vec![], false),
            ("gone", vec![change(Delete, "www.example.com", "A", 300, &["192.0.2.1"])], vec![], true),
            ("still there", vec![change(Delete, "www.example.com", "A", 300, &["192.0.2.1"])], vec![&www], false),
            (
                "twice",
                vec![change(Upsert, "www.example.com", "AAAA", 300, &["2001:db8::1"])],
                vec![&aaaa, &aaaa],
                false,
            ),
            (
                "swap",
                vec![
                    change(Delete, "www.example.com", "CNAME", 300, &["old.example.net"]),
                    change(Create, "www.example.com", "AAAA", 300, &["2001:db8::1"]),
                ],
                vec![&aaaa],
                true,
            ),
        ] {
            let there: Vec<Existing> = there.into_iter().cloned().collect();
            assert_eq!(holds(&changes, &there), expected, "{label}");
        }
    }
}
