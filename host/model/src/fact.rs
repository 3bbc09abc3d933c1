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

    /// Reads what [`Fact::to_json`] wrote. A string is a text and a list of strings is a list of texts, as every
    /// reader of facts makes them, so a [`FactValue::Json`] never holds either.
    ///
    /// # Errors
    /// What is wrong: an unknown or missing member, or another type.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let object = value.as_object().ok_or("a fact is not an object")?;
        let text = |name: &str| {
            let text = object.get(name).and_then(|node| node.as_str());
            text.map(str::to_owned).ok_or_else(|| format!("`{name}` of a fact is missing or not a string"))
        };
        let (name, source) = (text("name")?, text("source")?);
        let mut value = None;
        for member in object {
            let read = match member.key.as_str() {
                "name" | "source" => continue,
                "value" => FactValue::of_json(&member.value.value),
                "missing" => FactValue::Missing(text("missing")?),
                "invalid" => FactValue::Invalid(text("invalid")?),
                other => return Err(format!("`{}` of a fact is not known", other.escape_debug())),
            };
            if value.replace(read).is_some() {
                return Err("a fact has more than one of `value`, `missing` and `invalid`".to_owned());
            }
        }
        let value = value.ok_or("a fact has none of `value`, `missing` and `invalid`")?;
        Ok(Self { name, value, source })
    }
}

impl FactValue {
    /// The value that a JSON value is: a text, a list of texts, or anything else.
    #[must_use]
    pub fn of_json(value: &Value) -> Self {
        let texts = |items: &[reeve_json::Node]| {
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        };
        match value {
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => texts(items).map_or_else(|| Self::Json(value.clone()), Self::Texts),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Self::Json(value.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_json::{Options, StringRule, compact, parse};

    fn json(text: &str) -> Value {
        parse(text.as_bytes(), &Options { bytes_max: 4_096, depth_max: 8, strings: StringRule::Any }).expect(text).value
    }

    #[test]
    fn every_value_reads_back() {
        for (value, text) in [
            (FactValue::Text("a".to_owned()), r#"{"name":"n","source":"s","value":"a"}"#),
            (FactValue::Texts(Vec::new()), r#"{"name":"n","source":"s","value":[]}"#),
            (FactValue::Texts(vec!["a".to_owned()]), r#"{"name":"n","source":"s","value":["a"]}"#),
            (FactValue::Json(Value::Null), r#"{"name":"n","source":"s","value":null}"#),
            (FactValue::Json(json(r#"["a",1]"#)), r#"{"name":"n","source":"s","value":["a",1]}"#),
            (FactValue::Json(json(r#"{"a":[]}"#)), r#"{"name":"n","source":"s","value":{"a":[]}}"#),
            (FactValue::Missing("no".to_owned()), r#"{"name":"n","source":"s","missing":"no"}"#),
            (FactValue::Invalid("no".to_owned()), r#"{"name":"n","source":"s","invalid":"no"}"#),
        ] {
            let fact = Fact { name: "n".to_owned(), value, source: "s".to_owned() };
            assert_eq!(compact(&fact.to_json()), text);
            assert_eq!(Fact::from_json(&json(text)), Ok(fact), "{text}");
        }
    }

    #[test]
    fn what_was_not_written_so_is_refused() {
        for (text, message) in [
            ("[]", "a fact is not an object"),
            (r#"{"source":"s","value":1}"#, "`name` of a fact is missing or not a string"),
            (r#"{"name":"n","source":1,"value":1}"#, "`source` of a fact is missing or not a string"),
            (r#"{"name":"n","source":"s"}"#, "a fact has none of `value`, `missing` and `invalid`"),
            (r#"{"name":"n","source":"s","missing":1}"#, "`missing` of a fact is missing or not a string"),
            (
                r#"{"name":"n","source":"s","missing":"x","value":1}"#,
                "a fact has more than one of `value`, `missing` and `invalid`",
            ),
            (r#"{"name":"n","source":"s","value":1,"age":2}"#, "`age` of a fact is not known"),
        ] {
            assert_eq!(Fact::from_json(&json(text)), Err(message.to_owned()), "{text}");
        }
    }
}
