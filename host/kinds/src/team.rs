//! Kinds that a gate file declares for a team: any `detail` that satisfies a JSON Schema. Nothing is done to AWS; the
//! team's policies decide and the reply says so.
//!
//! The schema is the gate's and is read strictly: no reference leaves the document (there is no I/O), unknown formats
//! are faults, formats are checked, and patterns run in an engine whose time is linear in the text, because the text
//! is the sender's.

use crate::ask::COMMON;
use crate::{Ask, Draft, Kind, Need, World, forbidden_always};
use jsonschema::{PatternOptions, Validator};
use reeve_json::{Number, Object, Value};
use reeve_model::{Code, PlannedAction, Refusal};

/// Shortest and longest name of a team's kind, characters: a `detail-type` that a person reads; EventBridge takes 128.
const NAME_CHARS: std::ops::RangeInclusive<usize> = 3..=64;
/// Most schema errors that one request is told: as many as a person reads. More are counted.
const ERRORS_MAX: usize = 20;
/// Longest message about one schema error, characters: keys of the sender are part of some.
const MESSAGE_CHARS_MAX: usize = 300;

/// Names of the kinds that are built in, without `_`: a team's kind must not be taken for one of them.
const BUILT_IN: [&str; 12] = [
    "CERTVALIDATION",
    "CREATEACCOUNT",
    "DEREGISTERHOST",
    "DNSDELEGATION",
    "DNSRECORDCHANGE",
    "LISTACCOUNTS",
    "MERGE",
    "MOVEACCOUNT",
    "PUTPARAMETER",
    "REGISTERHOST",
    "SCPUPDATE",
    "TAGACCOUNT",
];

/// A kind of a team's own.
#[derive(Debug)]
pub struct Team {
    name: String,
    schema: Validator,
}

impl Team {
    /// A kind named `name`, three to 64 of `[A-Z0-9_]` beginning with a letter, whose `detail` satisfies `schema`. The
    /// schema does not see `nonce`, `dryrun`, `account` and `sender`: they are read for every kind.
    ///
    /// # Errors
    /// What is wrong with the name or the schema, in one line.
    pub fn new(name: &str, schema: &Value) -> Result<Self, String> {
        check_name(name)?;
        if schema.as_object().is_none() {
            return Err(format!("the schema of `{name}` is a JSON {}, not an object", schema.type_name()));
        }
        let schema = jsonschema::options()
            .offline()
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            .with_pattern_options(PatternOptions::regex())
            .build(&to_serde(schema))
            .map_err(|error| {
                let at = error.instance_path().to_string();
                let place = if at.is_empty() { String::new() } else { format!(" at `{}`", at.escape_debug()) };
                format!("the schema of `{name}` is not valid{place}: {}", one_line(&error.to_string()))
            })?;
        Ok(Self { name: name.to_owned(), schema })
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let shown = name.escape_debug();
    let taken = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let begins = name.starts_with(|first: char| first.is_ascii_uppercase());
    if !NAME_CHARS.contains(&name.len()) || !begins || !name.bytes().all(taken) {
        let (min, max) = (NAME_CHARS.start(), NAME_CHARS.end());
        return Err(format!("kind name `{shown}` is not {min} to {max} of `A-Z`, `0-9`, `_`, beginning with a letter"));
    }
    if forbidden_always(name) {
        return Err(format!("kind name `{shown}` is that of something Reeve never does"));
    }
    if BUILT_IN.contains(&name.replace('_', "").as_str()) {
        return Err(format!("kind name `{shown}` is that of a kind that is built in"));
    }
    Ok(())
}

impl Kind for Team {
    fn name(&self) -> &str {
        &self.name
    }

    fn draft<'a>(&'a self, ask: &'a Ask<'a>) -> Result<Box<dyn Draft + 'a>, Vec<Refusal>> {
        let detail = own_fields(ask.event.detail());
        let mut errors = self.schema.iter_errors(&detail);
        let mut refusals: Vec<Refusal> = errors
            .by_ref()
            .take(ERRORS_MAX)
            .map(|error| {
                let at = format!("/detail{}", error.instance_path());
                Refusal::new(Code::SchemaMismatch, at, one_line(&error.masked_with("this").to_string()))
            })
            .collect();
        let more = errors.count();
        if more > 0 {
            let message = format!("{more} more errors are not listed");
            refusals.push(Refusal::new(Code::SchemaMismatch, "/detail", message));
        }
        if refusals.is_empty() { Ok(Box::new(Decision)) } else { Err(refusals) }
    }
}

/// A request that only wants a decision.
struct Decision;

impl Draft for Decision {
    fn needs(&self) -> Vec<Need> {
        Vec::new()
    }

    fn actions(&self, _world: &World) -> Result<Vec<PlannedAction>, Vec<Refusal>> {
        Ok(Vec::new())
    }
}

/// `detail` without the fields that every kind has.
fn own_fields(detail: &Object) -> serde_json::Value {
    let own = detail.iter().filter(|member| !COMMON.contains(&member.key.as_str()));
    serde_json::Value::Object(own.map(|member| (member.key.to_string(), to_serde(&member.value.value))).collect())
}

/// The same value in the types of the validator. Numbers of ours are finite, so none is lost.
fn to_serde(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(bool) => serde_json::Value::Bool(*bool),
        Value::Number(Number::Int(int)) => serde_json::Value::from(*int),
        Value::Number(Number::Float(float)) => serde_json::Value::from(*float),
        Value::String(text) => serde_json::Value::String(text.clone()),
        Value::Array(items) => serde_json::Value::Array(items.iter().map(|item| to_serde(&item.value)).collect()),
        Value::Object(object) => {
            let members = object.iter().map(|member| (member.key.to_string(), to_serde(&member.value.value)));
            serde_json::Value::Object(members.collect())
        }
    }
}

/// The validator's sentence in the form of ours: one line, lower case at the start, names in backticks, not too long.
fn one_line(message: &str) -> String {
    let safe = message.trim_end_matches('.').chars().flat_map(|char| {
        let plain = match char {
            '"' => Some('`'),
            '\'' => Some(char),
            char => (char.escape_debug().count() == 1).then_some(char),
        };
        plain.into_iter().chain(char.escape_debug().filter(move |_| plain.is_none()))
    });
    let mut line: String = safe.clone().take(MESSAGE_CHARS_MAX).collect();
    if safe.skip(MESSAGE_CHARS_MAX).count() > 0 {
        line.push('…');
    }
    let mut chars = line.chars();
    let first = chars.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests;
