//! The frame of a pattern: objects, lists of values, `$or`, and the limits. What stands in a list is read by
//! [`crate::operators`].

use crate::operators::{self, OPERATORS_RESERVED, Reject};
use crate::{
    Field, FieldSet, PATTERN_ALTERNATIVES_MAX, PATTERN_BYTES_MAX, PATTERN_DEPTH_MAX, PATTERN_FIELDS_MAX, Pattern,
    PatternError,
};
use reeve_json::{Node, Object, Value, compact, escape_pointer_token};

const OR: &str = "$or";

/// Reads a pattern; see [`Pattern::compile`].
pub(crate) fn compile(pattern: &Value) -> Result<Pattern, PatternError> {
    let mut compiler = Compiler { fields: Vec::new(), pointer: String::new() };
    match compiler.pattern(pattern) {
        Ok(alternatives) => Ok(compiler.finish(&alternatives)),
        Err(message) => Err(PatternError { pointer: compiler.pointer, message }),
    }
}

struct Compiler {
    fields: Vec<Field>,
    /// Where the compiler stands; after an error, where it stood.
    pointer: String,
}

/// Where an object of the pattern stands in events.
#[derive(Clone, Copy)]
struct Place<'k> {
    /// The keys that lead to it, joined with dots.
    path: &'k str,
    /// Whether it is in an alternative of `$or`, where the names of operators are reserved.
    in_or: bool,
}

impl Compiler {
    fn pattern(&mut self, pattern: &Value) -> Result<Vec<FieldSet>, String> {
        let Some(object) = pattern.as_object() else {
            return Err(format!("an event pattern is an object, not {}", of_type(pattern)));
        };
        // Before anything that calls itself: the pattern may have been made by code without a limit.
        if is_too_deep(pattern) {
            return Err(format!("the pattern is nested deeper than {PATTERN_DEPTH_MAX} levels"));
        }
        let bytes = compact(pattern).len();
        if bytes > PATTERN_BYTES_MAX {
            return Err(format!("the pattern has {bytes} bytes, more than {PATTERN_BYTES_MAX}"));
        }
        self.object(object, Place { path: "", in_or: false }, vec![0])
    }

    /// Runs `read` with the pointer one token further; the pointer stays there if it fails.
    fn at<T>(&mut self, token: &str, read: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&escape_pointer_token(token));
        let result = read(self)?;
        self.pointer.truncate(length);
        Ok(result)
    }

    /// Adds the fields of an object to each of the alternatives found so far.
    fn object(
        &mut self,
        object: &Object,
        place: Place<'_>,
        mut alternatives: Vec<FieldSet>,
    ) -> Result<Vec<FieldSet>, String> {
        if object.is_empty() {
            return Err("an empty object is not a pattern".to_owned());
        }
        for member in object {
            alternatives = self.at(&member.key, |compiler| {
                if member.key == OR {
                    return compiler.or(&member.value, place, &alternatives);
                }
                compiler.member(&member.key, &member.value, place, alternatives)
            })?;
        }
        Ok(alternatives)
    }

    fn member(
        &mut self,
        key: &str,
        node: &Node,
        place: Place<'_>,
        alternatives: Vec<FieldSet>,
    ) -> Result<Vec<FieldSet>, String> {
        if key.is_empty() {
            return Err("a key must not be empty".to_owned());
        }
        if place.in_or && OPERATORS_RESERVED.contains(&key) {
            return Err(format!("`{key}` is the name of an operator and cannot be a key inside `$or`"));
        }
        let path = if place.path.is_empty() { key.to_owned() } else { format!("{}.{key}", place.path) };
        if path.split('.').count() > PATTERN_DEPTH_MAX {
            return Err(format!("the path has more than {PATTERN_DEPTH_MAX} names"));
        }
        match &node.value {
            Value::Object(object) => self.object(object, Place { path: &path, ..place }, alternatives),
            Value::Array(items) => self.field(path, items, alternatives),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(format!(
                "`{}` must be a list of values or an object, not {}",
                key.escape_debug(),
                of_type(&node.value)
            )),
        }
    }

    fn field(
        &mut self,
        path: String,
        items: &[Node],
        mut alternatives: Vec<FieldSet>,
    ) -> Result<Vec<FieldSet>, String> {
        if items.is_empty() {
            return Err("an empty list matches nothing and is not allowed".to_owned());
        }
        let mut field = Field { path: path.into(), tests: Vec::new(), absent: false };
        for (index, item) in items.iter().enumerate() {
            let entry = self.at(&index.to_string(), |compiler| {
                operators::entry(&item.value).map_err(|Reject { pointer, message }| {
                    compiler.pointer.push_str(&pointer);
                    message
                })
            })?;
            match entry {
                Some(test) => field.tests.push(test),
                None => field.absent = true,
            }
        }
        let number = self.fields.len();
        if number >= PATTERN_FIELDS_MAX {
            return Err(format!("the pattern has more than {PATTERN_FIELDS_MAX} fields"));
        }
        let same: FieldSet = self
            .fields
            .iter()
            .enumerate()
            .filter(|(_, other)| other.path == field.path)
            .fold(0, |set, (other, _)| set | (1 << other));
        if alternatives.iter().any(|alternative| alternative & same != 0) {
            return Err(format!("the path `{}` stands twice in the pattern", field.path.escape_debug()));
        }
        alternatives.iter_mut().for_each(|alternative| *alternative |= 1 << number);
        self.fields.push(field);
        Ok(alternatives)
    }

    /// Multiplies the alternatives found so far by those of an `$or`.
    fn or(&mut self, node: &Node, place: Place<'_>, alternatives: &[FieldSet]) -> Result<Vec<FieldSet>, String> {
        let Some(items) = node.as_array().filter(|items| items.len() >= 2) else {
            return Err("`$or` must be a list of two or more objects".to_owned());
        };
        let mut all = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let Some(object) = item.as_object() else {
                return self.at(&index.to_string(), |_| {
                    Err(format!("an alternative of `$or` is an object, not {}", of_type(&item.value)))
                });
            };
            let place = Place { in_or: true, ..place };
            all.extend(self.at(&index.to_string(), |compiler| compiler.object(object, place, alternatives.to_vec()))?);
            if all.len() > PATTERN_ALTERNATIVES_MAX {
                return Err(format!("the pattern has more than {PATTERN_ALTERNATIVES_MAX} alternatives"));
            }
        }
        Ok(all)
    }

    /// Sorts the fields and renumbers the alternatives accordingly.
    fn finish(self, alternatives: &[FieldSet]) -> Pattern {
        let mut fields: Vec<(usize, Field)> = self.fields.into_iter().enumerate().collect();
        fields.sort_by(|(_, one), (_, other)| one.path.encode_utf16().cmp(other.path.encode_utf16()));
        let renumber = |set: &FieldSet| {
            let has = |old: usize| set & (1 << old) != 0;
            fields.iter().enumerate().filter(|(_, (old, _))| has(*old)).fold(0, |sum, (new, _)| sum | (1 << new))
        };
        let alternatives = alternatives.iter().map(renumber).collect();
        Pattern { fields: fields.into_iter().map(|(_, field)| field).collect(), alternatives }
    }
}

/// Whether there are more open arrays and objects than [`PATTERN_DEPTH_MAX`] anywhere.
fn is_too_deep(pattern: &Value) -> bool {
    let mut left = vec![(pattern, 1)];
    while let Some((value, depth)) = left.pop() {
        match value {
            Value::Object(_) | Value::Array(_) if depth > PATTERN_DEPTH_MAX => return true,
            Value::Object(object) => left.extend(object.iter().map(|member| (&member.value.value, depth + 1))),
            Value::Array(items) => left.extend(items.iter().map(|item| (&item.value, depth + 1))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    false
}

/// The type of a value with its article.
pub(crate) fn of_type(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Array(_) | Value::Object(_) => format!("an {}", value.type_name()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => format!("a {}", value.type_name()),
    }
}
