//! The keys of a layer: which there are, where each may stand, what its value must be.

use crate::domain::DomainEntry;
use crate::units;
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

/// What the value of a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Access,
    AccountId,
    Count,
    Domains,
    Email,
    Flag,
    Policies,
    Region,
    Regions,
    Status,
    Tags,
    Text,
    Tier,
    Unit,
}

/// One key.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) shape: Shape,
    /// What it means, for editors.
    pub(crate) about: &'static str,
}

impl Key {
    /// Appends what is wrong with a value; appends nothing when it is fine.
    pub(crate) fn check(&self, field: Field<'_>, errors: &mut Vec<YamlError>) {
        match self.shape {
            Shape::Access => access(field, errors),
            Shape::AccountId => id(field, errors),
            Shape::Count => count(field, errors),
            Shape::Domains => allowed_dns_domains(field, errors),
            Shape::Email => email(field, errors),
            Shape::Flag => boolean(field, errors),
            Shape::Policies => drop(units::policies(field, errors)),
            Shape::Region => region(field, errors),
            Shape::Regions => allowed_regions(field, errors),
            Shape::Status => status(field, errors),
            Shape::Tags => tags(field, errors),
            Shape::Text => text(field, errors),
            Shape::Tier => tier(field, errors),
            Shape::Unit => unit(field, errors),
        }
    }
}

const fn anywhere(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, place: Place::Anywhere, shape, about }
}

const fn on_account(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, place: Place::Account, shape, about }
}

/// Every key of a layer, sorted by name.
pub(crate) const KEYS: &[Key] = &[
    anywhere("access", Shape::Access, "Who may do what: a class of people and its roles."),
    anywhere("allowed_dns_domains", Shape::Domains, "The domains the account may ask changes for."),
    anywhere("allowed_regions", Shape::Regions, "The Regions the account may use."),
    anywhere("create_vpc", Shape::Flag, "Whether the account gets a network."),
    on_account("email", Shape::Email, "Address of the root user; no two accounts share one."),
    anywhere("global_region", Shape::Region, "The Region of global resources."),
    on_account("id", Shape::AccountId, "The account's id in quotes, once known."),
    anywhere("nat_gateway_count", Shape::Count, "How many NAT gateways the network has."),
    anywhere("organization_unit", Shape::Unit, "The organizational unit the account belongs in."),
    on_account("policies", Shape::Policies, "Service control policies attached to the account itself."),
    anywhere("region", Shape::Region, "The primary Region."),
    on_account("scope", Shape::Text, "The scope the account takes values from."),
    anywhere("service", Shape::Text, "The service that lives in the account."),
    anywhere("status", Shape::Status, "Whether the account takes part; `active` where it is left out."),
    anywhere("tags", Shape::Tags, "Tags of the account in Organizations."),
    anywhere("tier", Shape::Tier, "The tier of the account's trust."),
    anywhere("use_cfr", Shape::Flag, "Whether CloudFront logs go to the central bucket."),
];

/// The names of every key that an account can have a value for, sorted.
pub fn keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|key| key.name)
}

/// The words of `status`; `active` is meant where the key is left out.
pub(crate) const STATUS_WORDS: &[&str] = &["active", "suspended"];

/// Longest name of an account or a scope, in characters: AWS's limit for account names.
pub(crate) const NAME_CHARS_MAX: usize = 50;

/// Longest name of an organizational unit, in characters: AWS's limit.
pub(crate) const UNIT_CHARS_MAX: usize = 128;

/// Longest e-mail address of an account, in characters: AWS's limit.
pub(crate) const EMAIL_CHARS_MAX: usize = 64;

/// Most tags on one resource (Organizations, TagResource).
pub(crate) const TAGS_MAX: usize = 50;

/// Longest key of a tag, in characters (Organizations, Tag).
pub(crate) const TAG_KEY_CHARS_MAX: usize = 128;

/// Longest value of a tag, in characters (Organizations, Tag).
pub(crate) const TAG_VALUE_CHARS_MAX: usize = 256;

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
    if !email_shaped(email) {
        errors.push(field.must(format_args!("be an e-mail address, found {}", quoted(email))));
    } else if email.len() > EMAIL_CHARS_MAX {
        errors.push(field.must(format_args!("be at most {EMAIL_CHARS_MAX} characters long")));
    }
}

/// Whether a text looks like an address. What Organizations takes is narrower; the lint knows its rules.
fn email_shaped(email: &str) -> bool {
    let (local, host) = email.split_once('@').unwrap_or_default();
    !local.is_empty()
        && host.contains('.')
        && !host.contains('@')
        && !host.split('.').any(str::is_empty)
        && email.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What is wrong with an address, as the end of a message.
pub(crate) fn email_fault(email: &str) -> Option<&'static str> {
    if !email_shaped(email) {
        return Some("is no e-mail address");
    }
    (email.len() > EMAIL_CHARS_MAX).then_some("is longer than 64 characters")
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

/// The rules of Organizations (Tag), so that a merge brings no tag that AWS then refuses.
fn tags(field: Field<'_>, errors: &mut Vec<YamlError>) {
    let Some(map) = keep(field.mapping(), errors) else { return };
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for (key, at, value) in map.entries() {
        count += 1;
        let mut wrong = |at, what: &str| {
            errors.push(YamlError::new(field.file(), at, format!("tag {} {what}", quoted(key))));
        };
        if key.is_empty() || key.chars().count() > TAG_KEY_CHARS_MAX {
            wrong(at, &format!("has a key that is not 1 to {TAG_KEY_CHARS_MAX} characters long"));
        } else if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            wrong(at, "begins with `aws:`, which is reserved");
        } else if let Some(bad) = key.chars().find(|&char| !tag_char(char)) {
            wrong(at, &format!("holds `{}` in its key", bad.escape_debug()));
        } else if !seen.insert(key.to_lowercase()) {
            // Condition keys such as aws:PrincipalTag/<key> are read without case: two spellings would be one tag.
            wrong(at, "is there twice, in two spellings");
        }
        match value.string() {
            Err(error) => errors.push(error),
            Ok(text) if text.chars().count() > TAG_VALUE_CHARS_MAX => {
                errors.push(value.must(format_args!("be at most {TAG_VALUE_CHARS_MAX} characters long")));
            }
            Ok(text) => {
                if let Some(bad) = text.chars().find(|&char| !tag_char(char)) {
                    errors.push(value.error(format!(
                        "tag {} holds `{}` in its value",
                        quoted(key),
                        bad.escape_debug()
                    )));
                }
            }
        }
    }
    if count > TAGS_MAX {
        errors.push(field.must(format_args!("hold at most {TAGS_MAX} tags, found {count}")));
    }
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]` (Organizations, Tag). For `\p{L}` stands the property Alphabetic, which takes some
/// combining vowel signs more; AWS then refuses the tag, and nothing has been made.
fn tag_char(char: char) -> bool {
    char.is_alphanumeric() || (char.is_whitespace() && !char.is_control()) || "_.:/=+-@".contains(char)
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

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
