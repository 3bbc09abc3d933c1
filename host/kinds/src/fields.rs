//! A strict reader of one JSON object: every field is asked for by name, and what was not asked for is refused.

use reeve_json::{Node, Object, Value, escape_pointer_token};
use reeve_model::limits::REFUSALS_MAX;
use reeve_model::{Code, Refusal};

/// Reads an object field by field, collecting refusals.
#[derive(Debug)]
pub struct Fields<'a> {
    object: &'a Object,
    at: String,
    known: Vec<&'a str>,
    refusals: Vec<Refusal>,
}

impl<'a> Fields<'a> {
    /// A reader of `object`, which stands at the pointer `at`. Fields in `elsewhere` are read by somebody else.
    #[must_use]
    pub fn new(object: &'a Object, at: &str, elsewhere: &[&'a str]) -> Self {
        Self { object, at: at.to_owned(), known: elsewhere.to_vec(), refusals: Vec::new() }
    }

    /// A reader of the object at `node`; a refusal when it is none.
    ///
    /// # Errors
    /// `BAD_TYPE`.
    pub fn of(node: &'a Node, at: &str) -> Result<Self, Refusal> {
        match node.as_object() {
            Some(object) => Ok(Self::new(object, at, &[])),
            None => Err(wrong_type(at, &node.value, "an object")),
        }
    }

    /// The pointer of field `name`.
    #[must_use]
    pub fn at(&self, name: &str) -> String {
        format!("{}/{}", self.at, escape_pointer_token(name))
    }

    /// Adds a refusal.
    pub fn refuse(&mut self, refusal: Refusal) {
        // One more than is told, so that the decision says that there is more.
        if self.refusals.len() <= REFUSALS_MAX {
            self.refusals.push(refusal);
        }
    }

    /// Takes a result apart: the value, or its refusal noted.
    pub fn note<T>(&mut self, result: Result<T, Refusal>) -> Option<T> {
        result.map_err(|refusal| self.refuse(refusal)).ok()
    }

    /// The field, if it is there.
    pub fn optional(&mut self, name: &'a str) -> Option<&'a Node> {
        self.known.push(name);
        self.object.get(name)
    }

    /// The field; `MISSING_FIELD` when it is not there.
    pub fn required(&mut self, name: &'a str) -> Option<&'a Node> {
        let node = self.optional(name);
        if node.is_none() {
            let refusal = Refusal::new(Code::MissingField, self.at(name), format!("`{name}` is missing"));
            self.refusals.push(refusal);
        }
        node
    }

    /// A string that must be there.
    pub fn string(&mut self, name: &'a str) -> Option<&'a str> {
        let node = self.required(name)?;
        self.typed(name, node, "a string", Value::as_str)
    }

    /// A string that may be absent: `Some(None)` when it is, `None` when it has another type.
    pub fn optional_string(&mut self, name: &'a str) -> Option<Option<&'a str>> {
        match self.optional(name) {
            None => Some(None),
            Some(node) => self.typed(name, node, "a string", Value::as_str).map(Some),
        }
    }

    /// A boolean, `default` when absent.
    pub fn boolean(&mut self, name: &'a str, default: bool) -> Option<bool> {
        match self.optional(name) {
            None => Some(default),
            Some(node) => self.typed(name, node, "true or false", Value::as_bool),
        }
    }

    /// An array that must be there.
    pub fn array(&mut self, name: &'a str) -> Option<&'a [Node]> {
        let node = self.required(name)?;
        self.typed(name, node, "an array", Value::as_array)
    }

    /// An array, empty when absent.
    pub fn optional_array(&mut self, name: &'a str) -> Option<&'a [Node]> {
        match self.optional(name) {
            None => Some(&[]),
            Some(node) => self.typed(name, node, "an array", Value::as_array),
        }
    }

    fn typed<T>(&mut self, name: &str, node: &'a Node, what: &str, read: fn(&'a Value) -> Option<T>) -> Option<T> {
        let value = read(&node.value);
        if value.is_none() {
            let refusal = wrong_type(&self.at(name), &node.value, what);
            self.refusals.push(refusal);
        }
        value
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Everything that was refused, unknown fields included.
    pub fn finish(mut self) -> Result<(), Vec<Refusal>> {
        for member in self.object {
            if self.refusals.len() > REFUSALS_MAX {
                break;
            }
            if !self.known.contains(&member.key.as_str()) {
                let at = self.at(&member.key);
                let known: Vec<String> = self.known.iter().map(|name| format!("`{name}`")).collect();
                let refusal = Refusal::new(
                    Code::UnknownField,
                    at,
                    format!("`{}` is not a field here", member.key.escape_debug()),
                );
                self.refusals.push(refusal.fix(format!("fields: {}", known.join(", "))));
            }
        }
        if self.refusals.is_empty() { Ok(()) } else { Err(self.refusals) }
    }
}

/// The refusal of a value of another JSON type.
pub(crate) fn wrong_type(at: &str, value: &Value, what: &str) -> Refusal {
    Refusal::new(Code::BadType, at, format!("a JSON {} stands where {what} belongs", value.type_name()))
}
