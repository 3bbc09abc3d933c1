//! Changes of a YAML text that touch only the bytes concerned: comments, quotes, order and white space stay.
//!
//! An edit is looked up in the parsed text and made in the written one. The result is parsed again and must be the tree
//! that was meant, and nothing else; an edit that cannot be made so is refused with a reason.

mod scan;

use reeve_json::Value as Json;
use reeve_yaml::{Document, Mapping, Mark, Node, Value, YamlError, quoted};
use scan::{Style, Text};

/// One change of a YAML text. Values are texts: they are put in quotes where they would read as something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Another text in place of the key or the scalar value that starts here.
    Replace {
        /// Where it starts.
        at: Mark,
        /// The new text.
        with: String,
    },
    /// A scalar value of a key of the mapping at a path: replaced where it is there, else added as the first key.
    Set {
        /// The keys from the root of the file to the mapping.
        path: Vec<String>,
        /// The key.
        key: String,
        /// Its value.
        value: String,
    },
    /// An item of one list taken out, and put at the end of another one.
    Move {
        /// The item.
        item: String,
        /// The keys from the root of the file to the list it is in.
        from: Vec<String>,
        /// The keys from the root of the file to the list it goes to.
        to: Vec<String>,
    },
}

/// Bytes `start..end` of a text, and what to write in their place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// The new bytes.
    pub with: String,
}

impl Edit {
    /// The edit for an error of the accounts file that is a slip of one word: an unknown key or name that is near a
    /// known one.
    #[must_use]
    pub fn for_error(error: &YamlError) -> Option<Self> {
        let near = error.hint()?.strip_prefix("did you mean `")?.split('`').next()?;
        Some(Self::Replace { at: error.at(), with: near.to_owned() })
    }

    /// The text with the edit made.
    ///
    /// # Errors
    /// Why it cannot be made: one clause.
    pub fn apply(&self, text: &str) -> Result<String, String> {
        let changes = self.changes(text)?;
        Ok(changed(text, &changes))
    }

    /// The bytes that the edit changes, sorted, for whoever shows it before it is made.
    ///
    /// # Errors
    /// Why it cannot be made: one clause.
    pub fn changes(&self, text: &str) -> Result<Vec<Change>, String> {
        let document = Document::parse_with_aliases("text", text).map_err(|error| error.message)?;
        let source = Text::new(text);
        let (mut changes, meant) = match self {
            Self::Replace { at, with } => replace(&source, &document.root, *at, with)?,
            Self::Set { path, key, value } => set(&source, &document.root, path, key, value)?,
            Self::Move { item, from, to } => shift(&source, &document.root, item, from, to)?,
        };
        changes.sort();
        // What is written is read again: a text in a form that is not understood here is left alone.
        let after = Document::parse_with_aliases("text", &changed(text, &changes)).map_err(|error| error.message)?;
        if after.root.to_json() != meant {
            return Err("the text is written in a form that is not edited".to_owned());
        }
        Ok(changes)
    }
}

/// The text with sorted changes made.
fn changed(text: &str, changes: &[Change]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for change in changes {
        out.push_str(text.get(done..change.start).unwrap_or_default());
        out.push_str(&change.with);
        done = change.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

type Planned = Result<(Vec<Change>, Json), String>;

fn replace(source: &Text<'_>, root: &Node, at: Mark, with: &str) -> Planned {
    let (found, style) =
        find(source, root, at, Style::Block).ok_or_else(|| format!("no key or value starts at {at}"))?;
    let change = source.replace(at, &found, style, with)?;
    Ok((vec![change], renamed(root, at, with)))
}

/// The text of the key or scalar that starts at a mark, and the style it is written in.
fn find(source: &Text<'_>, node: &Node, at: Mark, outer: Style) -> Option<(String, Style)> {
    let style = source.style(node, outer);
    match &node.value {
        Value::Mapping(mapping) => mapping.iter().find_map(|entry| {
            if entry.key_at == at {
                return Some((entry.key.clone(), style));
            }
            find(source, &entry.node, at, style)
        }),
        Value::Sequence(items) => items.iter().find_map(|item| find(source, item, at, style)),
        Value::String { text, .. } => (node.at == at).then(|| (text.clone(), style)),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Null => {
            (node.at == at).then(|| (reeve_json::compact(&node.to_json()), style))
        }
    }
}

/// The tree with the key or scalar at a mark replaced.
fn renamed(node: &Node, at: Mark, with: &str) -> Json {
    match &node.value {
        Value::Mapping(mapping) => Json::object(mapping.iter().map(|entry| {
            let key = if entry.key_at == at { with } else { entry.key.as_str() };
            (key, renamed(&entry.node, at, with))
        })),
        Value::Sequence(items) => Json::array(items.iter().map(|item| renamed(item, at, with))),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String { .. } => {
            if node.at == at {
                Json::from(with)
            } else {
                node.to_json()
            }
        }
    }
}

/// The node at a path, and the style of what is around it.
fn node_at<'n>(source: &Text<'_>, root: &'n Node, path: &[String]) -> Result<(&'n Node, Style), String> {
    let mut node = root;
    let mut style = Style::Block;
    for key in path {
        style = source.style(node, style);
        let entry = node.value.as_mapping().and_then(|mapping| mapping.get(key));
        node = &entry.ok_or_else(|| format!("the file has no {}", quoted(&path.join("."))))?.node;
    }
    Ok((node, style))
}

/// The tree with the value at a path replaced.
fn with_value(node: &Node, path: &[String], value: &Json) -> Json {
    let Some((first, rest)) = path.split_first() else { return value.clone() };
    match &node.value {
        Value::Mapping(mapping) => {
            let entry = |entry: &reeve_yaml::Entry| {
                let inside =
                    if entry.key == *first { with_value(&entry.node, rest, value) } else { entry.node.to_json() };
                (entry.key.clone(), inside)
            };
            Json::object(mapping.iter().map(entry))
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String { .. } | Value::Sequence(_) => {
            node.to_json()
        }
    }
}

fn set(source: &Text<'_>, root: &Node, path: &[String], key: &str, value: &str) -> Planned {
    let (node, outer) = node_at(source, root, path)?;
    let mapping = node.value.as_mapping().ok_or_else(|| format!("{} is no mapping", quoted(&path.join("."))))?;
    if let Some(entry) = mapping.get(key) {
        return replace(source, root, entry.node.at, value);
    }
    let mut meant = node.to_json();
    if let Json::Object(object) = &mut meant {
        object.set(key, value);
    }
    let change = add_key(source, node, mapping, outer, &format!("{}: {}", scan::written(key), scan::written(value)))?;
    Ok((vec![change], with_value(root, path, &meant)))
}

/// A new first key of a mapping.
fn add_key(source: &Text<'_>, node: &Node, mapping: &Mapping, outer: Style, pair: &str) -> Result<Change, String> {
    match (source.style(node, outer), mapping.iter().next()) {
        (Style::Flow, first) => source.first_in_braces(node.at, pair, first.is_none()),
        (Style::Block, Some(first)) => source.line_before(first.key_at, pair),
        (Style::Block, None) => Err("the mapping is empty".to_owned()),
    }
}

/// The items of a list of texts, with their node and the style around it.
fn list<'n>(source: &Text<'_>, root: &'n Node, path: &[String]) -> Result<(&'n Node, &'n [Node], Style), String> {
    let (node, outer) = node_at(source, root, path)?;
    let items = node.value.as_sequence().ok_or_else(|| format!("{} is no list", quoted(&path.join("."))))?;
    Ok((node, items, source.style(node, outer)))
}

fn shift(source: &Text<'_>, root: &Node, item: &str, from: &[String], to: &[String]) -> Planned {
    if from == to {
        return Err("the two lists are one".to_owned());
    }
    let (_, items, style) = list(source, root, from)?;
    let is_item = |node: &Node| node.value.as_str() == Some(item);
    let place = items
        .iter()
        .position(is_item)
        .ok_or_else(|| format!("{} is not in {}", quoted(item), quoted(&from.join("."))))?;
    let taken = match style {
        Style::Flow => source.take_from_brackets(items, place)?,
        Style::Block if items.len() == 1 => return Err(format!("{} would be empty", quoted(&from.join(".")))),
        Style::Block => source.take_line(items, place)?,
    };
    let (target, others, style) = list(source, root, to)?;
    if others.iter().any(is_item) {
        return Err(format!("{} is in {} already", quoted(item), quoted(&to.join("."))));
    }
    let added = match (style, others.last()) {
        (Style::Flow, None) => source.first_in_braces(target.at, &scan::written(item), true)?,
        (Style::Flow, Some(last)) => source.after_item(last, &scan::written(item))?,
        (Style::Block, Some(last)) => source.line_after(last, &scan::written(item))?,
        (Style::Block, None) => return Err("the list is empty".to_owned()),
    };
    let left = Json::array(items.iter().filter(|node| !is_item(node)).map(Node::to_json));
    let more = Json::array(others.iter().map(Node::to_json).chain([Json::from(item)]));
    // The two lists are apart, so that the second may be put into the tree after the first by its path alone.
    let meant = put(with_value(root, from, &left), to, more);
    Ok((vec![taken, added], meant))
}

/// A value put at a path of a tree.
fn put(tree: Json, path: &[String], value: Json) -> Json {
    let Some((first, rest)) = path.split_first() else { return value };
    match tree {
        Json::Object(mut object) => {
            if let Some(inside) = object.get(first).map(|node| node.value.clone()) {
                object.set(first.as_str(), put(inside, rest, value));
            }
            Json::Object(object)
        }
        other @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_)) => other,
    }
}

#[cfg(test)]
#[path = "edit/tests.rs"]
mod tests;
