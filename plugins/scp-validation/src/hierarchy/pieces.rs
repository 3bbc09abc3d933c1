//! A document as small statements, one for each action and resource, so that two documents can be compared by what they
//! do and not by how they are laid out.

use crate::rules::is_negated_operator;
use reeve_json::{Node, Object, Options, Position, StringRule, Value};
use reeve_scp::{Document, Effect, Statement};

/// A statement that is divided into more is divided by actions only: 10,240 characters hold a few hundred of each.
const PIECES_MAX: usize = 2_000;

/// One statement of a document, taken apart.
pub(super) struct Rule {
    pub(super) sid: Option<String>,
    pub(super) position: Position,
    /// JSON pointer of the statement.
    pub(super) pointer: String,
    object: Object,
    document: Option<Document>,
    pub(super) pieces: Vec<Piece>,
}

/// One action on one resource under the conditions of its statement.
pub(super) struct Piece {
    /// The action as written, `all but …` for NotAction.
    pub(super) label: String,
    object: Object,
    document: Document,
}

impl Piece {
    pub(super) fn statement(&self) -> Option<&Statement> {
        self.document.statements().first()
    }

    /// Whether a rule does what the piece does.
    pub(super) fn is_covered_by(&self, rule: &Rule) -> bool {
        let Some(mine) = self.statement() else { return false };
        let direct = |document: &Document| document.statements().iter().any(|theirs| theirs.covers(mine));
        if rule.document.as_ref().is_some_and(direct) {
            return true;
        }
        // A condition that holds whenever mine does is as good as mine: it is written as mine and compared again.
        loosened(&rule.object, &self.object).and_then(|object| parse(&object)).is_some_and(|document| direct(&document))
    }
}

/// The statements of one effect; none when the document cannot be read.
pub(super) fn rules(text: &str, effect: Effect) -> Vec<Rule> {
    let options = Options { bytes_max: reeve_scp::DOCUMENT_BYTES_MAX, depth_max: 16, strings: StringRule::Any };
    let Ok(root) = reeve_json::parse(text.as_bytes(), &options) else { return Vec::new() };
    let Some(statements) = root.as_object().and_then(|policy| policy.get("Statement")) else { return Vec::new() };
    let word = match effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    };
    let listed = statements.as_array().is_some();
    items(statements)
        .iter()
        .enumerate()
        .filter_map(|(at, node)| {
            let object = node.as_object().filter(|object| object.get("Effect").and_then(Node::as_str) == Some(word))?;
            let sid = object.get("Sid").and_then(Node::as_str).map(str::to_owned);
            let position = reeve_json::position(text.as_bytes(), node.span.start);
            let (document, pieces) = (parse(object), pieces(object));
            let pointer = if listed { format!("/Statement/{at}") } else { "/Statement".to_owned() };
            Some(Rule { sid, position, pointer, object: object.clone(), document, pieces })
        })
        .collect()
}

fn items(node: &Node) -> &[Node] {
    node.as_array().unwrap_or_else(|| std::slice::from_ref(node))
}

fn pieces(statement: &Object) -> Vec<Piece> {
    let actions = statement.get("Action").map_or(&[][..], items);
    let resources = statement.get("Resource").map_or(&[][..], items);
    let by_resource = actions.len().saturating_mul(resources.len()) <= PIECES_MAX;
    let mut pieces = Vec::new();
    // A negated list is no sum of its parts and stays whole.
    let actions: Vec<Option<&Node>> = if actions.is_empty() { vec![None] } else { actions.iter().map(Some).collect() };
    let resources: Vec<Option<&Node>> =
        if resources.is_empty() || !by_resource { vec![None] } else { resources.iter().map(Some).collect() };
    for action in &actions {
        for resource in &resources {
            let mut object = statement.clone();
            if let Some(action) = action {
                object.set("Action", action.value.clone());
            }
            if let Some(resource) = resource {
                object.set("Resource", resource.value.clone());
            }
            let label = match action.and_then(Node::as_str) {
                Some(action) => action.to_owned(),
                None => "every action but the named ones".to_owned(),
            };
            pieces.extend(parse(&object).map(|document| Piece { label, object, document }));
        }
    }
    pieces
}

/// The same statement with the other effect, to be compared with statements of that one.
pub(super) fn turned(piece: &Piece, effect: &str) -> Option<Document> {
    let mut object = piece.object.clone();
    object.set("Effect", effect);
    parse(&object)
}

fn parse(statement: &Object) -> Option<Document> {
    let mut policy = Object::new();
    policy.set("Version", "2012-10-17");
    policy.set("Statement", Value::Object(statement.clone()));
    Document::parse(&reeve_json::compact(&Value::Object(policy))).ok()
}

/// `theirs` with each list of values replaced by mine where theirs holds whenever mine does: under a negated operator a
/// shorter list, under another one a longer list. None when nothing is replaced.
fn loosened(theirs: &Object, mine: &Object) -> Option<Object> {
    let condition = theirs.get("Condition")?.as_object()?;
    let known = mine.get("Condition")?.as_object()?;
    let (mut blocks, mut replaced) = (condition.clone(), false);
    for block in condition {
        let negated = is_negated_operator(&block.key)?;
        let (Some(entries), Some(own)) = (block.value.as_object(), known.get(&block.key).and_then(Node::as_object))
        else {
            continue;
        };
        let mut kept = entries.clone();
        for entry in entries {
            let Some(values) = own.get(&entry.key) else { continue };
            let (wide, narrow) = if negated { (values, &entry.value) } else { (&entry.value, values) };
            let within = items(narrow).iter().all(|value| items(wide).iter().any(|other| other.value == value.value));
            if within && values.value != entry.value.value {
                kept.set(entry.key.as_str(), values.value.clone());
                replaced = true;
            }
        }
        blocks.set(block.key.as_str(), Value::Object(kept));
    }
    let mut object = theirs.clone();
    object.set("Condition", Value::Object(blocks));
    replaced.then_some(object)
}
