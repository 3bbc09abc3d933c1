//! Reading the settings of the policy file.

use crate::{Reason, reason};
use reeve_json::{Node, Object, Options, StringRule, Value};

/// Longest settings, bytes: a list of a million domain names fits.
pub const SETTINGS_BYTES_MAX: usize = 64 * 1_048_576;
/// Deepest nesting of settings.
pub const SETTINGS_DEPTH_MAX: usize = 32;

/// Settings, read member by member; what nobody asked for is refused.
#[derive(Debug)]
pub struct Settings {
    object: Object,
    wrong: Vec<Reason>,
}

impl Settings {
    /// Reads the text that `configure` was given.
    ///
    /// # Errors
    /// `BAD_SETTINGS` when it is not a JSON object.
    pub fn parse(text: &str) -> Result<Self, Vec<Reason>> {
        let options =
            Options { bytes_max: SETTINGS_BYTES_MAX, depth_max: SETTINGS_DEPTH_MAX, strings: StringRule::Any };
        let node = reeve_json::parse(text.as_bytes(), &options)
            .map_err(|error| vec![reason("BAD_SETTINGS", error.to_string())])?;
        match node.value {
            Value::Object(object) => Ok(Self { object, wrong: Vec::new() }),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                let message = format!("settings are a JSON {}", other.type_name());
                Err(vec![reason("BAD_SETTINGS", message)])
            }
        }
    }

    /// Takes a member out and reads it; absent is `None`.
    pub fn take<T>(&mut self, name: &str, what: &str, read: impl Fn(&Node) -> Option<T>) -> Option<T> {
        let node = self.object.remove(name)?;
        let value = read(&node);
        if value.is_none() {
            self.wrong.push(reason("BAD_SETTINGS", format!("`{name}` is not {what}")).at(format!("/{name}")));
        }
        value
    }

    /// Takes a string out as it is, which for a large one saves a copy in every image of the plugin; absent is `None`.
    pub fn take_text(&mut self, name: &str, what: &str) -> Option<String> {
        match self.object.remove(name)?.value {
            Value::String(text) => Some(text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.wrong.push(reason("BAD_SETTINGS", format!("`{name}` is not {what}")).at(format!("/{name}")));
                None
            }
        }
    }

    /// Takes a list of strings out; absent is `None`.
    pub fn take_texts(&mut self, name: &str) -> Option<Vec<String>> {
        self.take(name, "a list of strings", texts)
    }

    /// Notes something wrong with a member that could be read.
    pub fn refuse(&mut self, name: &str, message: impl Into<String>) {
        self.wrong.push(reason("BAD_SETTINGS", message).at(format!("/{name}")));
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Everything that was wrong, unknown members included.
    pub fn finish(mut self) -> Result<(), Vec<Reason>> {
        for member in &self.object {
            let message = format!("`{}` is not a setting of this policy", member.key);
            self.wrong.push(reason("BAD_SETTINGS", message).at(format!("/{}", member.key)));
        }
        if self.wrong.is_empty() { Ok(()) } else { Err(self.wrong) }
    }
}

/// A list of strings.
#[must_use]
pub fn texts(node: &Node) -> Option<Vec<String>> {
    node.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}
