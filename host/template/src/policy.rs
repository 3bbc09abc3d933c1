//! Statements of IAM policies as values, their JSON, and their size as IAM counts it.

use reeve_json::{Object, Value, compact};

/// Longest managed policy, characters without white space (IAM user guide, quotas).
pub const POLICY_CHARS_MAX: usize = 6_144;
/// All inline policies of a role together, characters without white space (IAM user guide, quotas).
pub(crate) const INLINE_CHARS_MAX: usize = 10_240;

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Lets the actions happen.
    Allow,
    /// Forbids them, whatever else allows them.
    Deny,
}

/// One condition: an operator on a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Such as `StringEquals` or `ForAllValues:StringLike`.
    pub operator: String,
    /// The condition key.
    pub key: String,
    /// Values, one of which must match (none of which may, for a negated operator).
    pub values: Vec<String>,
}

impl Condition {
    /// A condition of the given parts.
    pub fn new<V: Into<String>>(operator: &str, key: &str, values: impl IntoIterator<Item = V>) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        Self { operator: operator.to_owned(), key: key.to_owned(), values }
    }

    /// That a key of several values has only these, and has any: `ForAllValues` alone is true of a key that is absent
    /// (IAM user guide, multivalued context keys).
    #[must_use]
    pub fn only(operator: &str, key: &str, values: Vec<String>) -> [Self; 2] {
        [Self::new(&format!("ForAllValues:{operator}"), key, values), Self::new("Null", key, ["false"])]
    }
}

/// One statement of an identity policy: a permission that the gate's role needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its name: letters and digits, once in a policy.
    pub sid: String,
    /// What it does.
    pub effect: Effect,
    /// Actions, as `service:Operation`.
    pub actions: Vec<String>,
    /// ARNs, or `*` for actions without resource-level permissions.
    pub resources: Vec<String>,
    /// Conditions, all of which must hold.
    pub conditions: Vec<Condition>,
}

impl Statement {
    /// A statement that allows, without conditions.
    pub fn allow<A: Into<String>, R: Into<String>>(
        sid: &str,
        actions: impl IntoIterator<Item = A>,
        resources: impl IntoIterator<Item = R>,
    ) -> Self {
        Self {
            sid: sid.to_owned(),
            effect: Effect::Allow,
            actions: actions.into_iter().map(Into::into).collect(),
            resources: resources.into_iter().map(Into::into).collect(),
            conditions: Vec::new(),
        }
    }

    /// The same with further conditions.
    #[must_use]
    pub fn when(mut self, conditions: impl IntoIterator<Item = Condition>) -> Self {
        self.conditions.extend(conditions);
        self
    }

    /// The statement's JSON. Operators keep the order in which they first appear.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = Object::new();
        object.set("Sid", self.sid.as_str());
        object.set("Effect", if self.effect == Effect::Allow { "Allow" } else { "Deny" });
        object.set("Action", texts(&self.actions));
        object.set("Resource", texts(&self.resources));
        if !self.conditions.is_empty() {
            object.set("Condition", conditions(&self.conditions));
        }
        Value::Object(object)
    }
}

/// A `Condition` element.
pub(crate) fn conditions(conditions: &[Condition]) -> Value {
    let mut operators = Object::new();
    for condition in conditions {
        let mut keys =
            operators.get(&condition.operator).and_then(|node| node.as_object()).cloned().unwrap_or_default();
        let value = match condition.values.as_slice() {
            [one] => Value::from(one.as_str()),
            many => texts(many),
        };
        keys.set(condition.key.as_str(), value);
        operators.set(condition.operator.as_str(), keys);
    }
    Value::Object(operators)
}

/// A policy document of these statements.
#[must_use]
pub fn document(statements: &[Statement]) -> Value {
    document_of(statements.iter().map(Statement::to_json))
}

/// A policy document of statements that are JSON already.
pub(crate) fn document_of(statements: impl IntoIterator<Item = Value>) -> Value {
    Value::object([("Version", Value::from("2012-10-17")), ("Statement", Value::array(statements))])
}

/// Size of a document as IAM counts it: characters of the JSON without white space. Reeve writes no white space inside
/// strings, so the compact text has none.
pub(crate) fn policy_chars(document: &Value) -> usize {
    compact(document).chars().count()
}

/// An array of texts.
pub(crate) fn texts<T: AsRef<str>>(texts: &[T]) -> Value {
    Value::array(texts.iter().map(AsRef::as_ref))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_of_one_operator_stand_together() {
        let statement = Statement::allow("Names", ["a:B"], ["*"])
            .when(Condition::only("StringLike", "k1", vec!["x".to_owned(), "y".to_owned()]))
            .when(Condition::only("StringEquals", "k2", vec!["z".to_owned()]));
        let expected = concat!(
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"Names","Effect":"Allow","Action":["a:B"],"Resource":["*"],"#,
            r#""Condition":{"ForAllValues:StringLike":{"k1":["x","y"]},"Null":{"k1":"false","k2":"false"},"#,
            r#""ForAllValues:StringEquals":{"k2":"z"}}}]}"#
        );
        assert_eq!(compact(&document(std::slice::from_ref(&statement))), expected);
        assert_eq!(policy_chars(&document(&[statement])), expected.len());
    }
}
