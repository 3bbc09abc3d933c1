//! The text of a service control policy becomes statements (IAM user guide, "Grammar of the IAM JSON policy language";
//! Organizations user guide, "SCP syntax").
//!
//! It refuses what cannot be evaluated and only that: good advice is the validator's work.

use crate::condition::Condition;
use crate::operator::Operator;
use crate::statement::{Actions, Effect, Resources, Statement, resource_reading};
use crate::template::Template;
use reeve_json::{Node, Number, Object, Options, Position, Span, StringRule, Value};
use std::collections::BTreeSet;
use std::fmt;

/// The longest text that is read, in bytes: sixteen times the quota of 10,240 characters of four bytes each, rounded
/// up. A longer one is no policy.
pub const DOCUMENT_BYTES_MAX: usize = 1 << 20;

/// How deep a document may nest. A condition is six deep.
const DEPTH_MAX: usize = 16;

/// A service control policy, compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub(crate) statements: Vec<Statement>,
    /// The document in one form: two texts that say the same have the same.
    pub(crate) identity: String,
}

/// Why a document cannot be evaluated, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub position: Position,
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.message, self.position)
    }
}

impl std::error::Error for DocumentError {}

/// A message and the bytes it is about.
type Refusal = (String, Span);

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// The first thing that makes it impossible to say what the document does.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let at = |offset: usize| reeve_json::position(text.as_bytes(), offset);
        let options = Options { bytes_max: DOCUMENT_BYTES_MAX, depth_max: DEPTH_MAX, strings: StringRule::Any };
        let node = reeve_json::parse(text.as_bytes(), &options)
            .map_err(|error| DocumentError { message: error.to_string(), position: at(error.offset) })?;
        let statements =
            statements(&node, &at).map_err(|(message, span)| DocumentError { message, position: at(span.start) })?;
        Ok(Self { statements, identity: reeve_json::canonical(&node.value) })
    }

    /// Its statements, in their order.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

fn statements(node: &Node, at: &dyn Fn(usize) -> Position) -> Result<Vec<Statement>, Refusal> {
    let document = object(node, "the document")?;
    only(document, &["Version", "Id", "Statement"], "a document")?;
    // Before this version, and without one, `${…}` is text.
    let variables = match document.get("Version") {
        None => false,
        Some(version) => match version.as_str() {
            Some("2012-10-17") => true,
            Some("2008-10-17") => false,
            Some(_) | None => return Err(("`Version` is not `2012-10-17`".to_owned(), version.span)),
        },
    };
    let list = document.get("Statement").ok_or_else(|| ("the document has no `Statement`".to_owned(), node.span))?;
    items(list).enumerate().map(|(index, node)| statement(index, node, variables, at(node.span.start))).collect()
}

fn statement(index: usize, node: &Node, variables: bool, position: Position) -> Result<Statement, Refusal> {
    let object = object(node, "a statement")?;
    let known = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
    only(object, &known, "a statement of a service control policy")?;
    let effect = object.get("Effect").ok_or_else(|| ("the statement has no `Effect`".to_owned(), node.span))?;
    let sid = object.get("Sid").map(|sid| string(sid, "`Sid`")).transpose()?;
    let (action_node, negated) = one_of(object, "Action", "NotAction", node.span)?;
    let actions = Actions::compile(negated, strings(action_node)?).map_err(|message| (message, action_node.span))?;
    let (resource_node, negated) = one_of(object, "Resource", "NotResource", node.span)?;
    let texts = strings(resource_node)?;
    let reading = resource_reading(variables);
    let templates = texts.iter().map(|text| Template::parse(text, reading)).collect::<Result<_, _>>();
    let templates = templates.map_err(|message| (message, resource_node.span))?;
    let conditions = object.get("Condition").map_or(Ok(Vec::new()), |node| conditions(node, variables))?;
    Ok(Statement {
        index,
        sid,
        effect: match effect.as_str() {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            Some(_) | None => return Err(("`Effect` is not `Allow` or `Deny`".to_owned(), effect.span)),
        },
        position,
        actions,
        resources: Resources { negated, texts, templates, reading },
        conditions,
        terms: terms(object, variables),
    })
}

/// All but Sid and actions, in one form: lists are sets, and a list of one is its element.
fn terms(statement: &Object, variables: bool) -> String {
    let mut terms = statement.clone();
    for key in ["Sid", "Action", "NotAction"] {
        terms.remove(key);
    }
    terms.set("variables", variables);
    reeve_json::canonical(&sorted(&Value::Object(terms)))
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            Value::object(object.iter().map(|member| (member.key.as_str(), sorted(&member.value.value))))
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| sorted(&item.value)).collect();
            items.sort_by_cached_key(reeve_json::canonical);
            items.dedup();
            if let [item] = items.as_slice() { item.clone() } else { Value::array(items) }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn conditions(node: &Node, variables: bool) -> Result<Vec<Condition>, Refusal> {
    let mut conditions = Vec::new();
    for block in object(node, "`Condition`")? {
        let Some(operator) = Operator::parse(&block.key) else {
            return Err((format!("`{}` is not a condition operator", block.key.escape_debug()), block.key_span));
        };
        let mut seen = BTreeSet::new();
        for line in object(&block.value, "a condition operator's value")? {
            if !seen.insert(line.key.to_ascii_lowercase()) {
                let message = format!("condition key `{}` stands twice below one operator", line.key.escape_debug());
                return Err((message, line.key_span));
            }
            let values = items(&line.value).map(scalar).collect::<Result<Vec<_>, _>>()?;
            let condition = Condition::compile(operator, &line.key, &values, variables);
            conditions.push(condition.map_err(|message| (message, line.value.span))?);
        }
    }
    Ok(conditions)
}

fn object<'n>(node: &'n Node, what: &str) -> Result<&'n Object, Refusal> {
    node.as_object().ok_or_else(|| (format!("{what} is not an object"), node.span))
}

fn only(object: &Object, known: &[&str], what: &str) -> Result<(), Refusal> {
    match object.iter().find(|member| !known.contains(&member.key.as_str())) {
        Some(member) => Err((format!("`{}` is not an element of {what}", member.key.escape_debug()), member.key_span)),
        None => Ok(()),
    }
}

/// The one of two elements that is there, and whether it is the negated one.
fn one_of<'o>(object: &'o Object, plain: &str, negated: &str, span: Span) -> Result<(&'o Node, bool), Refusal> {
    match (object.get(plain), object.get(negated)) {
        (Some(node), None) => Ok((node, false)),
        (None, Some(node)) => Ok((node, true)),
        (Some(_), Some(node)) => Err((format!("`{negated}` stands beside `{plain}`"), node.span)),
        (None, None) => Err((format!("the statement has neither `{plain}` nor `{negated}`"), span)),
    }
}

/// The values of an element that takes one value or a list of them.
fn items(node: &Node) -> impl Iterator<Item = &Node> {
    match &node.value {
        Value::Array(items) => items.iter(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            std::slice::from_ref(node).iter()
        }
    }
}

fn string(node: &Node, what: &str) -> Result<String, Refusal> {
    node.as_str().map(str::to_owned).ok_or_else(|| (format!("{what} is not a string"), node.span))
}

fn strings(node: &Node) -> Result<Vec<String>, Refusal> {
    items(node).map(|item| string(item, "a pattern")).collect()
}

/// A condition value: AWS takes booleans and numbers as well as their texts.
fn scalar(node: &Node) -> Result<String, Refusal> {
    match &node.value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(bool) => Ok(bool.to_string()),
        Value::Number(Number::Int(int)) => Ok(int.to_string()),
        Value::Number(Number::Float(float)) => Ok(float.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(("a condition value is not a string, number or boolean".to_owned(), node.span))
        }
    }
}

#[cfg(test)]
mod tests;
