//! The tree: values, their places, and their way to JSON.

use std::fmt;

/// A place in a text, both numbers counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters (Unicode scalar values), from 1.
    pub column: u32,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A value and where it starts. Equality looks at the value alone.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its first character; for a block mapping or list that of its first key or dash, for a block scalar (`|`, `>`)
    /// that of its text. A value that is left out stands at the colon of its key, one that an alias repeats at the
    /// alias; what is inside such a value stands where it is written.
    pub at: Mark,
    /// Where the value is written that an alias repeats here; none for a value that is written here.
    pub anchor: Option<Mark>,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// A value by the core schema of YAML 1.2. Equality takes `a` and `"a"` as the same string, and keys in any order.
#[derive(Debug, Clone)]
pub enum Value {
    /// `null`, `~` or left out.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number inside `i64`.
    Int(i64),
    /// Any other number; always finite.
    Float(f64),
    /// A string.
    String {
        /// The text, unescaped.
        text: String,
        /// Whether it was written in quotes or as a block, so that nothing but a string can have been meant.
        quoted: bool,
    },
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and their values.
    Mapping(Mapping),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::String { text: a, .. }, Self::String { text: b, .. }) => a == b,
            (Self::Sequence(a), Self::Sequence(b)) => a == b,
            (Self::Mapping(a), Self::Mapping(b)) => a == b,
            _ => false,
        }
    }
}

/// One key of a mapping with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key. A scalar that is no string (`1`, `true`) is taken as its text.
    pub key: String,
    /// Where the key starts.
    pub key_at: Mark,
    /// The value.
    pub node: Node,
}

/// Keys and their values in the order of the file. Keys are unique.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    entries: Vec<Entry>,
}

impl Mapping {
    /// The entry under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Entries in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Appends an entry; the parser has made sure that its key is new.
    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }
}

impl PartialEq for Mapping {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.iter().all(|entry| other.get(&entry.key).is_some_and(|twin| twin.node == entry.node))
    }
}

impl<'a> IntoIterator for &'a Mapping {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Node {
    /// The same tree as JSON, without positions: for settings, patterns, schemas and event details. Strings stay
    /// strings, quoted or not; keys are strings already. Every tree has a JSON form, since infinite numbers and `NaN`
    /// are refused by the parser.
    #[must_use]
    pub fn to_json(&self) -> reeve_json::Value {
        self.value.to_json()
    }
}

impl Value {
    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String { text, .. } = self { Some(text) } else { None }
    }

    /// The boolean, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(bool) = self { Some(*bool) } else { None }
    }

    /// The whole number, if it is one.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Int(int) = self { Some(*int) } else { None }
    }

    /// The items, if it is a list.
    #[must_use]
    pub fn as_sequence(&self) -> Option<&[Node]> {
        if let Self::Sequence(items) = self { Some(items) } else { None }
    }

    /// The entries, if it is a mapping.
    #[must_use]
    pub fn as_mapping(&self) -> Option<&Mapping> {
        if let Self::Mapping(mapping) = self { Some(mapping) } else { None }
    }

    /// What it is, with its article, for messages.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a decimal number",
            Self::String { .. } => "a string",
            Self::Sequence(_) => "a list",
            Self::Mapping(_) => "a mapping",
        }
    }

    /// The same value as JSON, without positions; see [`Node::to_json`].
    #[must_use]
    pub fn to_json(&self) -> reeve_json::Value {
        use reeve_json::{Number, Value as Json};
        match self {
            Self::Null => Json::Null,
            Self::Bool(bool) => Json::Bool(*bool),
            Self::Int(int) => Json::Number(Number::Int(*int)),
            Self::Float(float) => Json::Number(Number::Float(*float)),
            Self::String { text, .. } => Json::String(text.clone()),
            Self::Sequence(items) => Json::array(items.iter().map(Node::to_json)),
            Self::Mapping(mapping) => {
                Json::object(mapping.iter().map(|entry| (entry.key.as_str(), entry.node.to_json())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Document;

    fn root(text: &str) -> crate::Node {
        Document::parse("t.yaml", text).expect(text).root
    }

    #[test]
    fn json_keeps_strings_and_order() {
        let text = "b: '5'\na: [1, 1.5, true, null, ~, no, 012]\n1: {x: }\nmultiline: |\n  a\n  b\n";
        assert_eq!(
            reeve_json::compact(&root(text).to_json()),
            r#"{"b":"5","a":[1,1.5,true,null,null,"no","012"],"1":{"x":null},"multiline":"a\nb\n"}"#
        );
    }

    #[test]
    fn equality_looks_at_values_alone() {
        assert_eq!(root("{a: x, b: [1, 2.5, ~, true]}"), root("b:\n- 1\n- 2.5\n- null\n- true\na: 'x'\n"));
        for other in ["{a: x}", "{a: y, b: 1}", "{a: x, c: 1}", "[a]", "{a: x, b: '1'}", "{a: x, b: 1.0}"] {
            assert_ne!(root("{a: x, b: 1}"), root(other), "{other}");
        }
    }
}
