//! The keys of a layer: which there are, where each may stand, what its value must be.

use crate::domain::DomainEntry;
use reeve_yaml::{Field, YamlError, quoted};
use std::collections::BTreeSet;

/// The layers in which a key may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In every layer.
    Anywhere,
    /// On an account only, since no two accounts may share the value, or since it picks the layers.
    Account,
}

/// One key.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    /// Appends what is wrong with a value; appends nothing when it is fine.
    pub(crate) check: fn(Field<'_>, &mut Vec<YamlError>),
}

/// Every key of a layer, sorted by name.
pub(crate) const KEYS: &[Key] = &[
    Key { name: "access", place: Place::Anywhere, check: access },
    Key { name: "allowed_dns_domains", place: Place::Anywhere, check: allowed_dns_domains },
    Key { name: "allowed_regions", place: Place::Anywhere, check: allowed_regions },
    Key { name: "create_vpc", place: Place::Anywhere, check: boolean },
    Key { name: "email", place: Place::Account, check: email },
    Key { name: "global_region", place: Place::Anywhere, check: region },
    Key { name: "id", place: Place::Account, check: id },
    Key { name: "nat_gateway_count", place: Place::Anywhere, check: count },
    Key { name: "organization_unit", place: Place::Anywhere, check: unit },
    Key { name: "region", place: Place::Anywhere, check: region },
    Key { name: "scope", place: Place::Account, check: text },
    Key { name: "service", place: Place::Anywhere, check: text },
    Key { name: "status", place: Place::Anywhere, check: status },
    Key { name: "tier", place: Place::Anywhere, check: tier },
    Key { name: "use_cfr", place: Place::Anywhere, check: boolean },
];

/// The names of every key that an account can have a value for, sorted.
pub fn keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|key| key.name)
}

/// The words of `status`; `active` is meant where the key is left out.
pub(crate) const STATUS_WORDS: &[&str] = &["active", "suspended"];

/// Longest name of an account or a scope, in characters: AWS's limit for account names.
const NAME_CHARS_MAX: usize = 50;

/// Longest name of an organizational unit, in characters: AWS's limit.
const UNIT_CHARS_MAX: usize = 128;

/// Longest e-mail address of an account, in characters: AWS's limit.
const EMAIL_CHARS_MAX: usize = 64;

/// What is wrong with a name of an account or a scope, as the end of a message.
pub(crate) fn name_fault(name: &str) -> Option<&'static str> {
    let first = name.chars().next().unwrap_or(' ');
    if !first.is_ascii_lowercase() && !first.is_ascii_digit() {
        return Some("must start with a lower-case letter or a digit");
    }
    if !name.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-') {
        return Some("may hold only lower-case letters, digits and dashes");
    }
    (name.len() > NAME_CHARS_MAX).then_some("is longer than 50 characters")
}

/// What is wrong with a name of an organizational unit, as the end of a message.
pub(crate) fn unit_fault(name: &str) -> Option<&'static str> {
    if name.trim() != name || name.is_empty() {
        return Some("must be a name without spaces around it");
    }
    if name.chars().any(char::is_control) {
        return Some("must be a name on one line");
    }
    (name.chars().count() > UNIT_CHARS_MAX).then_some("is longer than 128 characters")
}

/// Whether a word has the shape of a region: two to four letters, one or more words, one or two digits, with dashes
/// between them, as in `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`. Regions are not listed, since AWS adds some
/// every year.
fn is_region(text: &str) -> bool {
    let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let parts: Vec<&str> = text.split('-').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return false };
    word(first)
        && (2..=4).contains(&first.len())
        && !middle.is_empty()
        && middle.iter().all(|part| word(part))
        && (1..=2).contains(&last.len())
        && last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Keeps the error of a check whose value is of no use here.
fn keep<T>(result: Result<T, YamlError>, errors: &mut Vec<YamlError>) -> Option<T> {
    result.map_err(|error| errors.push(error)).ok()
}

fn boolean(field: Field<'_>, errors: &mut Vec<YamlError>) {
    keep(field.bool(), errors);
}

fn count(field: Field<'_>, errors: &mut Vec<YamlError>) {
    keep(field.integer(0..=i64::from(u32::MAX)), errors);
}

fn id(field: Field<'_>, errors: &mut Vec<YamlError>) {
    keep(field.account_id(), errors);
}

fn status(field: Field<'_>, errors: &mut Vec<YamlError>) {
    keep(field.one_of(STATUS_WORDS), errors);
}

fn text(field: Field<'_>, errors: &mut Vec<YamlError>) {
    let Some(text) = keep(field.string(), errors) else { return };
    if text.is_empty() || text.trim() != text || text.chars().any(char::is_control) {
        errors.push(field.must(format_args!("be a name, found {}", quoted(text))));
    }
}

fn unit(field: Field<'_>, errors: &mut Vec<YamlError>) {
    let Some(name) = keep(field.string(), errors) else { return };
    if let Some(fault) = unit_fault(name) {
        errors.push(field.error(format!("organizational unit {} {fault}", quoted(name))));
    }
}

fn tier(field: Field<'_>, errors: &mut Vec<YamlError>) {
    let Some(tier) = keep(field.string(), errors) else { return };
    let plain = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
    if !tier.starts_with(|char: char| char.is_ascii_lowercase()) || !tier.chars().all(plain) {
        let error = field.must(format_args!("be a word, found {}", quoted(tier)));
        errors.push(error.with_hint("lower-case letters, digits and dashes, starting with a letter"));
    }
}

fn email(field: Field<'_>, errors: &mut Vec<YamlError>) {
    let Some(email) = keep(field.string(), errors) else { return };
    let (local, host) = email.split_once('@').unwrap_or_default();
    let shaped = !local.is_empty()
        && host.contains('.')
        && !host.contains('@')
        && !host.split('.').any(str::is_empty)
        && email.bytes().all(|byte| byte.is_ascii_graphic());
    if !shaped {
        errors.push(field.must(format_args!("be an e-mail address, found {}", quoted(email))));
    } else if email.len() > EMAIL_CHARS_MAX {
        errors.push(field.must(format_args!("be at most {EMAIL_CHARS_MAX} characters long")));
    }
}

fn region(field: Field<'_>, errors: &mut Vec<YamlError>) {
    let Some(region) = keep(field.string(), errors) else { return };
    if !is_region(region) {
        let error = field.must(format_args!("be an AWS region, found {}", quoted(region)));
        errors.push(error.with_hint("regions look like `us-east-1`"));
    }
}

fn allowed_regions(field: Field<'_>, errors: &mut Vec<YamlError>) {
    let Some(items) = keep(field.items(), errors) else { return };
    if items.is_empty() {
        errors.push(field.must("name at least one region"));
    }
    let mut seen = BTreeSet::new();
    for item in items {
        region(item, errors);
        if let Ok(name) = item.string()
            && !seen.insert(name)
        {
            errors.push(item.error(format!("region {} stands twice in the list", quoted(name))));
        }
    }
}

fn access(field: Field<'_>, errors: &mut Vec<YamlError>) {
    let Some(map) = keep(field.mapping(), errors) else { return };
    for (_, _, roles) in map.entries() {
        text(roles, errors);
    }
}

fn allowed_dns_domains(field: Field<'_>, errors: &mut Vec<YamlError>) {
    let Some(items) = keep(field.items(), errors) else { return };
    let mut seen = BTreeSet::new();
    for item in items {
        let Some(text) = keep(item.string(), errors) else { continue };
        match DomainEntry::parse(text) {
            Err(fault) => errors.push(item.error(format!("ALLOWLIST_SYNTAX: {fault}"))),
            Ok(entry) => {
                if !seen.insert(entry) {
                    errors.push(item.error(format!("domain {} stands twice in the list", quoted(text))));
                }
            }
        }
    }
}
