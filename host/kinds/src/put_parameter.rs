//! `PUT_PARAMETER`: values below one path of Parameter Store, written or taken away.
//!
//! Source: Systems Manager API reference, PutParameter and DeleteParameter, and user guide, "Requirements and constraints for parameter
//! names". The service trims, expands and caps; what it would not store as sent is refused here.

use crate::fields::wrong_type;
use crate::{Ask, Draft, Fields, Kind, Need, World};
use reeve_json::Node;
use reeve_model::{Action, Code, PlannedAction, Refusal, action};
use std::collections::BTreeSet;

/// Most parameters in one request, written and removed: Parameter Store writes about 40 a second, so a request is done
/// within seconds.
const PARAMETERS_MAX: usize = 100;
/// Longest value of the standard tier, bytes (4 KB).
const VALUE_BYTES_MAX: usize = 4096;
/// Most levels of a name (user guide): `/a/b` has two.
const LEVELS_MAX: usize = 15;
/// Longest name, characters: the service's 1,011 include the ARN before the name, which is at most the 56 of
/// `arn:aws-us-gov:ssm:ap-southeast-2:123456789012:parameter`.
const NAME_CHARS_MAX: usize = 1011 - 56;
/// Types that are written, and taken away. A `SecureString` is somebody's secret.
const TYPES: [&str; 2] = ["String", "StringList"];
/// What a name may not begin with, in any case.
const NAME_PREFIXES_RESERVED: [&str; 2] = ["aws", "ssm"];

/// The kind `PUT_PARAMETER`, as a gate configures it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutParameter {
    /// The path that parameters must be below, such as `/pub`.
    pub path: String,
}

impl Kind for PutParameter {
    fn name(&self) -> &'static str {
        "PUT_PARAMETER"
    }

    fn draft<'a>(&'a self, ask: &'a Ask<'a>) -> Result<Box<dyn Draft + 'a>, Vec<Refusal>> {
        let mut fields = ask.fields();
        let (at, remove_at) = (fields.at("parameters"), fields.at("remove"));
        let remove = fields.optional_array("remove");
        // Without a removal there is nothing else that a request could be about.
        let items = if remove.is_some_and(<[Node]>::is_empty) {
            fields.array("parameters")
        } else {
            fields.optional_array("parameters")
        };
        fields.finish()?;
        let (items, remove) = (items.unwrap_or_default(), remove.unwrap_or_default());
        let count = items.len() + remove.len();
        if !(1..=PARAMETERS_MAX).contains(&count) {
            let message = format!("{count} parameters are not 1 to {PARAMETERS_MAX}");
            let longer = if remove.len() > items.len() { remove_at } else { at };
            return Err(vec![Refusal::new(Code::BadValue, longer, message)]);
        }
        let mut asked = Asked { parameters: Vec::new(), remove: Vec::new() };
        let mut refusals = Vec::new();
        let mut names = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            match self.parameter(item, &format!("{at}/{index}")) {
                Ok(parameter) if !names.insert(parameter.name) => {
                    refusals.push(twice(parameter.name, parameter.at + "/name"));
                }
                Ok(parameter) => asked.parameters.push(parameter),
                Err(found) => refusals.extend(found),
            }
        }
        for (index, item) in remove.iter().enumerate() {
            let at = format!("{remove_at}/{index}");
            match self.removed(item, &at) {
                Ok(name) if !names.insert(name) => refusals.push(twice(name, at)),
                Ok(name) => asked.remove.push((at, name)),
                Err(refusal) => refusals.push(refusal),
            }
        }
        if refusals.is_empty() { Ok(Box::new(asked)) } else { Err(refusals) }
    }
}

fn twice(name: &str, at: String) -> Refusal {
    let message = format!("parameter `{}` is in the request twice", name.escape_debug());
    Refusal::new(Code::BatchConflict, at, message)
}

impl PutParameter {
    fn parameter<'a>(&self, node: &'a Node, at: &str) -> Result<Parameter<'a>, Vec<Refusal>> {
        let mut fields = Fields::of(node, at).map_err(|refusal| vec![refusal])?;
        let name = fields.string("name");
        if let Some(name) = name {
            fields.note(self.check_name(name, &format!("{at}/name")));
        }
        let value = fields.string("value");
        for refusal in value.into_iter().flat_map(|value| check_value(value, &format!("{at}/value"))) {
            fields.refuse(refusal);
        }
        let sent_type = fields.optional_string("type").flatten();
        let parameter_type = sent_type.unwrap_or("String");
        if !TYPES.contains(&parameter_type) {
            let message = format!("`{}` is not a type that may be asked for", parameter_type.escape_debug());
            let refusal = Refusal::new(Code::BadEnum, fields.at("type"), message);
            fields.refuse(refusal.fix("types: `String`, `StringList`"));
        }
        fields.finish()?;
        match name.zip(value) {
            Some((name, value)) => {
                Ok(Parameter { at: at.to_owned(), name, value, parameter_type, type_sent: sent_type.is_some() })
            }
            // Whatever is missing has left a refusal, so `finish` has returned it.
            None => Err(vec![Refusal::new(Code::BadValue, at, "the parameter is malformed")]),
        }
    }

    fn removed<'a>(&self, node: &'a Node, at: &str) -> Result<&'a str, Refusal> {
        let name = node.as_str().ok_or_else(|| wrong_type(at, &node.value, "a string"))?;
        self.check_name(name, at).map(|()| name)
    }

    fn check_name(&self, name: &str, at: &str) -> Result<(), Refusal> {
        let shown = name.escape_debug();
        if let Some(fault) = name_fault(name) {
            return Err(Refusal::new(Code::ParamName, at, format!("parameter name `{shown}` {fault}")));
        }
        let below = name.strip_prefix(self.path.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'));
        if below {
            return Ok(());
        }
        let message = format!("parameter `{shown}` is not below `{}`", self.path);
        Err(Refusal::new(Code::ParamPath, at, message))
    }
}

/// Why the service would not store a parameter under exactly this name.
fn name_fault(name: &str) -> Option<String> {
    let taken = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | '-' | '/');
    if let Some(bad) = name.chars().find(|&char| !taken(char)) {
        return Some(format!("holds `{}`; only letters, digits, `_.-` and `/` are taken", bad.escape_debug()));
    }
    if !(1..=NAME_CHARS_MAX).contains(&name.len()) {
        return Some(format!("is not 1 to {NAME_CHARS_MAX} characters long"));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Some("has levels, but does not begin with `/`".to_owned());
    }
    let plain = name.strip_prefix('/').unwrap_or(name);
    if plain.split('/').any(|level| matches!(level, "" | "." | "..")) {
        return Some("has a level that is empty, `.` or `..`".to_owned());
    }
    if plain.split('/').count() > LEVELS_MAX {
        return Some(format!("has more than {LEVELS_MAX} levels"));
    }
    let lower = plain.to_ascii_lowercase();
    let reserved = NAME_PREFIXES_RESERVED.iter().find(|prefix| lower.starts_with(**prefix))?;
    Some(format!("begins with `{reserved}`, which is reserved"))
}

fn check_value(value: &str, at: &str) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if value.is_empty() {
        refusals.push(Refusal::new(Code::ParamValue, at, "the value is empty"));
    }
    if value.len() > VALUE_BYTES_MAX {
        let message = format!("the value has {} bytes, more than {VALUE_BYTES_MAX}", value.len());
        refusals.push(Refusal::new(Code::ParamValue, at, message));
    }
    if value.contains("{{") {
        let (code, message) = if names_parameter(value) {
            (Code::SsmTemplate, "the value holds `{{ssm`, which Systems Manager would expand")
        } else {
            (Code::ParamValue, "the value holds `{{`, which Systems Manager does not store")
        };
        refusals.push(Refusal::new(code, at, message));
    }
    refusals
}

/// Whether the text holds `{{`, white space or none, and `ssm` in any case: a reference to a parameter.
fn names_parameter(value: &str) -> bool {
    value.match_indices("{{").any(|(start, braces)| {
        let rest = value.get(start + braces.len()..).unwrap_or_default();
        // Of `{{{ssm`, the second pair of braces is the one that counts; `match_indices` finds the first.
        let name = rest.trim_start_matches('{').trim_start();
        name.get(..3).is_some_and(|name| name.eq_ignore_ascii_case("ssm"))
    })
}

struct Parameter<'a> {
    at: String,
    name: &'a str,
    value: &'a str,
    parameter_type: &'a str,
    type_sent: bool,
}

struct Asked<'a> {
    parameters: Vec<Parameter<'a>>,
    /// Names to be taken away, each with its pointer.
    remove: Vec<(String, &'a str)>,
}

impl Draft for Asked<'_> {
    fn needs(&self) -> Vec<Need> {
        let written = self.parameters.iter().map(|parameter| parameter.name);
        let names = written.chain(self.remove.iter().map(|(_, name)| *name));
        vec![Need::Parameters(names.map(str::to_owned).collect())]
    }

    /// Removals come first: should a later call fail, what is left is a right too few and not one too many.
    fn actions(&self, world: &World) -> Result<Vec<PlannedAction>, Vec<Refusal>> {
        let (mut actions, mut refusals) = (Vec::new(), Vec::new());
        for (at, name) in &self.remove {
            let Some(now) = world.parameters.get(*name) else { continue };
            if TYPES.contains(&now.parameter_type.as_str()) {
                let action = Action::DeleteParameter(action::DeleteParameter { name: (*name).to_owned() });
                actions.push(PlannedAction { at: at.clone(), action });
            } else {
                let message = format!("parameter `{name}` is a {}, which is not written here", now.parameter_type);
                refusals.push(Refusal::new(Code::ParamValue, at.as_str(), message));
            }
        }
        for parameter in &self.parameters {
            let before = match world.parameters.get(parameter.name) {
                Some(now) if now.parameter_type != parameter.parameter_type => {
                    refusals.push(parameter.type_changed(&now.parameter_type));
                    continue;
                }
                Some(now) if now.value == parameter.value => continue,
                Some(now) => Some(now.value.clone()),
                None => None,
            };
            let action = Action::PutParameter(action::PutParameter {
                name: parameter.name.to_owned(),
                value: parameter.value.to_owned(),
                parameter_type: parameter.parameter_type.to_owned(),
                overwrite: before.is_some(),
                before,
            });
            actions.push(PlannedAction { at: parameter.at.clone(), action });
        }
        if refusals.is_empty() { Ok(actions) } else { Err(refusals) }
    }
}

impl Parameter<'_> {
    fn type_changed(&self, now: &str) -> Refusal {
        let at = format!("{}/{}", self.at, if self.type_sent { "type" } else { "name" });
        let message =
            format!("parameter `{}` is a {now}; the type cannot change to {}", self.name, self.parameter_type);
        Refusal::new(Code::ParamValue, at, message)
    }
}

#[cfg(test)]
mod tests;
