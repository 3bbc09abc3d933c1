//! Values that the host reads before it asks.

use reeve_json::{Object, Value};

/// A named value and where it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// The name under which the policy's `needs` asks for it.
    pub name: String,
    /// What was read.
    pub value: FactValue,
    /// Where it was read.
    pub source: String,
}

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub enum FactValue {
    /// One text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// Anything else.
    Json(Value),
    /// There is none; the text says why. Absence is never permission.
    Missing(String),
    /// There is one, malformed as a whole; the text says how.
    Invalid(String),
}

impl Fact {
    /// The fact as stable JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = Object::new();
        object.set("name", self.name.as_str());
        object.set("source", self.source.as_str());
        match &self.value {
            FactValue::Text(text) => object.set("value", text.as_str()),
            FactValue::Texts(texts) => object.set("value", Value::array(texts.iter().map(String::as_str))),
            FactValue::Json(value) => object.set("value", value.clone()),
            FactValue::Missing(why) => object.set("missing", why.as_str()),
            FactValue::Invalid(why) => object.set("invalid", why.as_str()),
        }
        Value::Object(object)
    }
}
