//! Writes a table. What is written can be read: names that would break a row, unknown keys and types, and numbers that
//! do not fit are refused here, so that the reader need not be told of them.

use super::header::{FORMAT, MAGIC, days_of};
use super::key::{GLOBAL, KeyType, MULTIVALUED};
use super::service::{ARN_END, AccessLevel, NAME_END, OPTIONAL, REQUIRED};
use super::text::{DIGITS, OFFSET_CHARS, POINTER_CHARS, ROW_END};
use std::collections::BTreeMap;
use std::fmt;

/// Everything that a table says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableSource {
    /// The name of the data's source.
    pub source: String,
    /// Its version.
    pub version: String,
    /// Its licence, an SPDX identifier.
    pub licence: String,
    /// The day of the data, `YYYY-MM-DD`.
    pub date: String,
    /// The condition keys of all services. Where a service lists one of them with another type, this one counts.
    pub global_keys: Vec<KeySource>,
    /// The services, in any order.
    pub services: Vec<ServiceSource>,
}

/// A condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySource {
    /// The name; what the author of a policy chooses is a template, `${TagKey}`.
    pub name: String,
    /// The type of each value.
    pub key_type: KeyType,
    /// Whether it holds several values.
    pub multivalued: bool,
}

/// A service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceSource {
    /// The prefix of its actions, in lower case.
    pub prefix: String,
    /// Its name for people.
    pub name: String,
    /// The condition keys that it lists.
    pub keys: Vec<KeySource>,
    /// Its resource types.
    pub types: Vec<TypeSource>,
    /// Its actions.
    pub actions: Vec<ActionSource>,
}

/// A resource type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypeSource {
    /// The name.
    pub name: String,
    /// Its ARN patterns without the partition, `s3:::*`.
    pub arns: Vec<String>,
    /// Names of condition keys.
    pub keys: Vec<String>,
}

/// An action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionSource {
    /// The name without the prefix.
    pub name: String,
    /// What it does.
    pub level: AccessLevel,
    /// Whether AWS says that it will go, or has gone.
    pub deprecated: bool,
    /// Names of condition keys that it takes on whatever resource.
    pub keys: Vec<String>,
    /// The resource types that a statement may name.
    pub types: Vec<ActionTypeSource>,
}

/// A resource type as one action takes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionTypeSource {
    /// The name of the type.
    pub name: String,
    /// Whether every request names one.
    pub required: bool,
    /// Names of condition keys.
    pub keys: Vec<String>,
}

/// Why something cannot be written: one clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteError(String);

impl fmt::Display for WriteError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for WriteError {}

fn refuse<T>(message: String) -> Result<T, WriteError> {
    Err(WriteError(message))
}

/// Writes a table. Equal sources give equal bytes, whatever the order of services, keys, types and actions.
///
/// # Errors
/// A name that is empty or holds a character with a meaning of its own, a name that stands twice, a key or type that
/// nothing lists, one key of two types, a date that is none, more than the format can point to.
pub fn write(source: &TableSource) -> Result<String, WriteError> {
    for field in [&source.source, &source.version, &source.licence, &source.date] {
        plain(field)?;
    }
    if days_of(&source.date).is_none() || source.date.len() != "YYYY-MM-DD".len() {
        return refuse(format!("`{}` is no date", source.date.escape_debug()));
    }
    let mut sets = Sets::new(source)?;
    let services: BTreeMap<String, &ServiceSource> =
        source.services.iter().map(|service| (service.prefix.to_ascii_lowercase(), service)).collect();
    if services.len() != source.services.len() {
        return refuse("a service stands twice".to_owned());
    }
    let (mut directory, mut bodies, mut actions) = (String::new(), String::new(), 0);
    for (prefix, service) in &services {
        plain(prefix)?;
        digits(&mut directory, bodies.len(), OFFSET_CHARS)?;
        directory.push_str(prefix);
        directory.push(ROW_END);
        body(service, &mut sets, &mut bodies).map_err(|error| WriteError(format!("service `{prefix}`: {error}")))?;
        actions += service.actions.len();
    }
    let mut out = String::new();
    let counts = [services.len(), actions, source.global_keys.len()];
    let lengths = [sets.keys.len(), sets.sets.len(), directory.len(), bodies.len()];
    let words = [MAGIC, FORMAT, &source.source, &source.version, &source.licence, &source.date];
    let numbers = counts.iter().chain(&lengths).map(usize::to_string);
    for field in words.into_iter().map(str::to_owned).chain(numbers) {
        out.push_str(&field);
        out.push(ROW_END);
    }
    for section in [&sets.keys, &sets.sets, &directory, &bodies] {
        out.push_str(section);
    }
    Ok(out)
}

/// The rows of keys and of sets, as far as they are written.
struct Sets {
    keys: String,
    sets: String,
    /// Where a key stands, by its name in lower case.
    pointers: BTreeMap<String, usize>,
    /// Where a set stands, by its row.
    known: BTreeMap<String, usize>,
}

impl Sets {
    fn new(source: &TableSource) -> Result<Self, WriteError> {
        let mut all: BTreeMap<String, (&KeySource, usize)> = BTreeMap::new();
        for key in &source.global_keys {
            if all.insert(key.name.to_ascii_lowercase(), (key, GLOBAL)).is_some() {
                return refuse(format!("global key `{}` stands twice", key.name.escape_debug()));
            }
        }
        for key in source.services.iter().flat_map(|service| &service.keys) {
            let (first, flags) = all.entry(key.name.to_ascii_lowercase()).or_insert((key, 0));
            let same = (first.key_type, first.multivalued) == (key.key_type, key.multivalued);
            if !same && *flags != GLOBAL {
                return refuse(format!("key `{}` has two types", key.name.escape_debug()));
            }
        }
        let mut out =
            Self { keys: String::new(), sets: String::new(), pointers: BTreeMap::new(), known: BTreeMap::new() };
        for (lower, (key, flags)) in &all {
            plain(&key.name)?;
            out.pointers.insert(lower.clone(), out.keys.len());
            out.keys.push_str(key.key_type.letter());
            digits(&mut out.keys, flags | if key.multivalued { MULTIVALUED } else { 0 }, 1)?;
            out.keys.push_str(&key.name);
            out.keys.push(ROW_END);
        }
        let templates: Vec<&str> =
            all.values().map(|(key, _)| key.name.as_str()).filter(|name| name.contains("${")).collect();
        out.set(templates)?;
        Ok(out)
    }

    /// Where a set of keys stands; it is written when it is new.
    fn set<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) -> Result<usize, WriteError> {
        let mut pointers = Vec::new();
        for name in names {
            match self.pointers.get(&name.to_ascii_lowercase()) {
                Some(&pointer) => pointers.push(pointer),
                None => return refuse(format!("no service lists key `{}`", name.escape_debug())),
            }
        }
        pointers.sort_unstable();
        pointers.dedup();
        let mut row = String::new();
        for pointer in pointers {
            digits(&mut row, pointer, POINTER_CHARS)?;
        }
        row.push(ROW_END);
        let offset = *self.known.entry(row.clone()).or_insert(self.sets.len());
        if offset == self.sets.len() {
            self.sets.push_str(&row);
        }
        Ok(offset)
    }
}

fn body(service: &ServiceSource, sets: &mut Sets, out: &mut String) -> Result<(), WriteError> {
    let key_set = sets.set(service.keys.iter().map(|key| key.name.as_str()))?;
    let (types, pointers) = types(service, sets)?;
    let (shapes, actions) = actions(service, &pointers, sets)?;
    for number in [key_set, types.len(), shapes.len(), actions.len()] {
        digits(out, number, POINTER_CHARS)?;
    }
    plain(&service.name)?;
    out.push_str(&service.name);
    out.push(ROW_END);
    for part in [types, shapes, actions] {
        out.push_str(&part);
    }
    Ok(())
}

/// The rows of resource types, and where each stands by its name in lower case.
fn types(service: &ServiceSource, sets: &mut Sets) -> Result<(String, BTreeMap<String, usize>), WriteError> {
    let sorted: BTreeMap<String, &TypeSource> =
        service.types.iter().map(|one| (one.name.to_ascii_lowercase(), one)).collect();
    if sorted.len() != service.types.len() {
        return refuse("a resource type stands twice".to_owned());
    }
    let (mut rows, mut pointers) = (String::new(), BTreeMap::new());
    for (lower, one) in sorted {
        pointers.insert(lower, rows.len());
        digits(&mut rows, sets.set(one.keys.iter().map(String::as_str))?, POINTER_CHARS)?;
        plain(&one.name)?;
        rows.push_str(&one.name);
        for (index, arn) in one.arns.iter().enumerate() {
            plain(arn)?;
            if arn.bytes().filter(|&byte| byte == b':').count() < 3 {
                return refuse(format!("`{}` lacks a part of an ARN", arn.escape_debug()));
            }
            rows.push(if index == 0 { NAME_END } else { ARN_END });
            rows.push_str(arn);
        }
        if one.arns.is_empty() {
            return refuse(format!("resource type `{}` has no ARN", one.name.escape_debug()));
        }
        rows.push(ROW_END);
    }
    Ok((rows, pointers))
}

/// The rows of shapes and of actions.
fn actions(
    service: &ServiceSource,
    types: &BTreeMap<String, usize>,
    sets: &mut Sets,
) -> Result<(String, String), WriteError> {
    let sorted: BTreeMap<String, &ActionSource> =
        service.actions.iter().map(|one| (one.name.to_ascii_lowercase(), one)).collect();
    if sorted.len() != service.actions.len() {
        return refuse("an action stands twice".to_owned());
    }
    let (mut shapes, mut rows) = (String::new(), String::new());
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for action in sorted.values() {
        let letter = action.level.letter();
        let mut shape = if action.deprecated { letter.to_ascii_lowercase() } else { letter.to_owned() };
        digits(&mut shape, sets.set(action.keys.iter().map(String::as_str))?, POINTER_CHARS)?;
        for one in &action.types {
            let Some(&pointer) = types.get(&one.name.to_ascii_lowercase()) else {
                let (action, one) = (action.name.escape_debug(), one.name.escape_debug());
                return refuse(format!("action `{action}` names resource type `{one}`, which is not listed"));
            };
            digits(&mut shape, pointer, POINTER_CHARS)?;
            shape.push_str(if one.required { REQUIRED } else { OPTIONAL });
            digits(&mut shape, sets.set(one.keys.iter().map(String::as_str))?, POINTER_CHARS)?;
        }
        shape.push(ROW_END);
        let offset = *known.entry(shape.clone()).or_insert(shapes.len());
        if offset == shapes.len() {
            shapes.push_str(&shape);
        }
        plain(&action.name)?;
        digits(&mut rows, offset, POINTER_CHARS)?;
        rows.push_str(&action.name);
        rows.push(ROW_END);
    }
    Ok((shapes, rows))
}

/// Refuses what cannot stand in a row, or not in a JSON string without an escape.
fn plain(text: &str) -> Result<(), WriteError> {
    let harmless = |byte: u8| {
        (b' '..=b'~').contains(&byte) && !matches!(char::from(byte), ROW_END | NAME_END | ARN_END | '"' | '\\')
    };
    if text.is_empty() || !text.bytes().all(harmless) {
        return refuse(format!("`{}` cannot stand in a table", text.escape_debug()));
    }
    Ok(())
}

/// Writes a number in that many digits.
fn digits(out: &mut String, number: usize, chars: usize) -> Result<(), WriteError> {
    let mut left = number;
    let mut word = Vec::with_capacity(chars);
    for _ in 0..chars {
        word.extend(DIGITS.get(left % 64).copied());
        left /= 64;
    }
    if left > 0 {
        return refuse(format!("{number} does not fit into {chars} digits of base 64"));
    }
    out.extend(word.iter().rev().map(|&byte| char::from(byte)));
    Ok(())
}
