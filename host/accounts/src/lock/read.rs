//! From text to a lock.

use super::{Lock, LockedAccount, LockedId};
use crate::schema::{email_fault, name_fault, unit_fault};
use crate::units::{is_policy_name, unit_id};
use reeve_yaml::{Document, Field, Mark, YamlError, quoted};
use std::collections::BTreeMap;

/// Reads the whole file.
pub(super) fn lock(file_name: &str, text: &str) -> Result<Lock, Vec<YamlError>> {
    let document = Document::parse(file_name, text).map_err(|error| vec![error])?;
    let mut map = document.root().mapping().map_err(|error| vec![error])?;
    let mut lock = Lock::new(file_name);
    let mut errors = Vec::new();
    if let Some(field) = map.optional("accounts") {
        accounts(field, &mut lock.accounts, &mut errors);
    }
    if let Some(field) = map.optional("units") {
        let name_fault =
            |name: &str| unit_fault(name).map(|fault| format!("organizational unit {} {fault}", quoted(name)));
        ids(field, name_fault, unit_id, &mut lock.units, &mut errors);
    }
    if let Some(field) = map.optional("policies") {
        let name_fault = |name: &str| (!is_policy_name(name)).then(|| format!("{} is not a policy name", quoted(name)));
        ids(field, name_fault, policy_id, &mut lock.policies, &mut errors);
    }
    errors.extend(map.unknown_keys());
    if errors.is_empty() {
        return Ok(lock);
    }
    errors.sort_by_key(YamlError::at);
    Err(errors)
}

fn accounts(field: Field<'_>, accounts: &mut BTreeMap<String, LockedAccount>, errors: &mut Vec<YamlError>) {
    let map = match field.mapping() {
        Ok(map) => map,
        Err(error) => return errors.push(error),
    };
    let mut owners = Owners::default();
    for (name, at, body) in map.entries() {
        if let Some(fault) = name_fault(name) {
            errors.push(YamlError::new(field.file(), at, format!("account name {} {fault}", quoted(name))));
        }
        let mut body = match body.mapping() {
            Ok(body) => body,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        let id = body.required("id").and_then(|id| Ok((id, id.account_id()?)));
        let email = body.required("email").and_then(|email| Ok((email, email.string()?)));
        errors.extend(body.unknown_keys());
        match (id, email) {
            (Ok((id_field, id)), Ok((email_field, email))) => {
                owners.take(id, id_field, "id", errors);
                if let Some(fault) = email_fault(email) {
                    errors.push(email_field.error(format!("e-mail {} {fault}", quoted(email))));
                }
                let locked = LockedAccount { id: id.to_owned(), email: email.to_owned(), at };
                accounts.insert(name.to_owned(), locked);
            }
            (id, email) => errors.extend(id.err().into_iter().chain(email.err())),
        }
    }
}

fn ids(
    field: Field<'_>,
    name_fault: impl Fn(&str) -> Option<String>,
    read: for<'f> fn(Field<'f>) -> Result<&'f str, YamlError>,
    ids: &mut BTreeMap<String, LockedId>,
    errors: &mut Vec<YamlError>,
) {
    let map = match field.mapping() {
        Ok(map) => map,
        Err(error) => return errors.push(error),
    };
    let mut owners = Owners::default();
    for (name, at, value) in map.entries() {
        if let Some(message) = name_fault(name) {
            errors.push(YamlError::new(field.file(), at, message));
        }
        match read(value) {
            Ok(id) => {
                owners.take(id, value, "id", errors);
                ids.insert(name.to_owned(), LockedId { id: id.to_owned(), at });
            }
            Err(error) => errors.push(error),
        }
    }
}

/// `p-` and 8 to 128 of `[0-9a-zA-Z_]` (Organizations, PolicySummary). `p-FullAWSAccess` is one too.
fn policy_id<'a>(field: Field<'a>) -> Result<&'a str, YamlError> {
    let text = field.string()?;
    let shaped = text.strip_prefix("p-").is_some_and(|rest| {
        (8..=128).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    if shaped {
        return Ok(text);
    }
    Err(field
        .must(format_args!("be the id of a policy, found {}", quoted(text)))
        .with_hint("ids look like `p-ab12cd34`"))
}

/// Who has an id already.
#[derive(Default)]
struct Owners<'a>(BTreeMap<&'a str, Mark>);

impl<'a> Owners<'a> {
    fn take(&mut self, id: &'a str, field: Field<'_>, what: &str, errors: &mut Vec<YamlError>) {
        match self.0.get(id) {
            Some(first) => errors.push(field.error(format!("{what} `{id}` stands at {first} already"))),
            None => {
                self.0.insert(id, field.at());
            }
        }
    }
}
