//! The document tree.

use std::borrow::Cow;

/// Byte range `start..end` of a value in the text it was parsed from; `0..0` for a value made by code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A value and where it stood. Equality looks at the value alone.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it stood.
    pub span: Span,
}

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number inside the 64-bit ranges.
    Number(Number),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Node>),
    /// An object, members in source order, keys unique.
    Object(Object),
}

/// A number that both a 64-bit integer reader and a double reader take the same way, or a finite double.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Written without fraction and exponent, inside `i64`.
    Int(i64),
    /// Any other finite double.
    Float(f64),
}

impl Number {
    /// The number as a double; integers above 2^53 are rounded.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "said in the documentation")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }
}

/// A key. Short ones, which nearly all are, are held in place: an object is not an allocation for each member.
pub type Key = smol_str::SmolStr;

/// Objects up to this many members look for equal keys by scan; a hash set costs more below it.
pub(crate) const SCAN_KEYS_MAX: usize = 16;

/// Members for which room is made once an object is built one by one: most come to four to eight.
const SET_MEMBERS: usize = 8;

/// One member of an object.
#[derive(Debug, Clone)]
pub struct Member {
    /// The key, unescaped.
    pub key: Key,
    /// Where the key stood, quotes included.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

/// The members of an object in source order. Keys are unique.
#[derive(Debug, Clone, Default)]
pub struct Object {
    members: Vec<Member>,
}

impl Object {
    /// The object without members.
    pub const EMPTY: Self = Self { members: Vec::new() };

    /// An object without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.members.iter().find(|member| member.key == key).map(|member| &member.value)
    }

    /// Sets `key`, replacing a value that was there.
    pub fn set(&mut self, key: impl Into<Key>, value: impl Into<Value>) {
        let (key, value) = (key.into(), Node::from(value.into()));
        match self.members.iter_mut().find(|member| member.key == key) {
            Some(member) => member.value = value,
            None => {
                if self.members.capacity() == 0 {
                    self.members.reserve(SET_MEMBERS);
                }
                self.members.push(Member { key, key_span: Span::default(), value });
            }
        }
    }

    /// Takes `key` out, if it is there.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let at = self.members.iter().position(|member| member.key == key)?;
        Some(self.members.remove(at).value)
    }

    /// Members in source order.
    pub fn iter(&self) -> std::slice::Iter<'_, Member> {
        self.members.iter()
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(crate) fn push(&mut self, member: Member) {
        self.members.push(member);
    }
}

impl PartialEq for Object {
    /// The order of members does not count.
    fn eq(&self, other: &Self) -> bool {
        // By sorted keys: a look-up for each member would cost the square of a hostile object.
        fn sorted(object: &Object) -> Vec<(&str, &Node)> {
            let mut members: Vec<_> = object.iter().map(|member| (member.key.as_str(), &member.value)).collect();
            members.sort_by_key(|(key, _)| *key);
            members
        }
        self.len() == other.len() && sorted(self) == sorted(other)
    }
}

impl<'a> IntoIterator for &'a Object {
    type Item = &'a Member;
    type IntoIter = std::slice::Iter<'a, Member>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Node {
    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.value.as_str()
    }

    /// The object, if it is one.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        self.value.as_object()
    }

    /// The elements, if it is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Node]> {
        self.value.as_array()
    }

    /// The node at an RFC 6901 JSON pointer; the empty pointer is the node itself.
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<&Node> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |node, token| {
            let token =
                if token.contains('~') { token.replace("~1", "/").replace("~0", "~").into() } else { Cow::from(token) };
            match &node.value {
                Value::Object(object) => object.get(&token),
                Value::Array(items) => items.get(token.parse::<usize>().ok()?),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
            }
        })
    }
}

impl Value {
    /// An object of the given members, in that order.
    #[must_use]
    pub fn object<K: Into<Key>, V: Into<Value>>(members: impl IntoIterator<Item = (K, V)>) -> Self {
        let members = members.into_iter();
        let mut object = Object { members: Vec::with_capacity(members.size_hint().0) };
        // Of equal keys the last value stands, as with `set`, but without a scan of a large object for each member.
        let mut places = std::collections::HashMap::new();
        for (key, value) in members {
            let key = key.into();
            if object.len() < SCAN_KEYS_MAX {
                object.set(key, value);
                continue;
            }
            if places.is_empty() {
                places.extend(object.iter().enumerate().map(|(place, member)| (member.key.clone(), place)));
            }
            let value = Node::from(value.into());
            match places.get(&key).and_then(|&place| object.members.get_mut(place)) {
                Some(member) => member.value = value,
                None => {
                    places.insert(key.clone(), object.len());
                    object.push(Member { key, key_span: Span::default(), value });
                }
            }
        }
        Self::Object(object)
    }

    /// An array of the given values.
    #[must_use]
    pub fn array<V: Into<Value>>(items: impl IntoIterator<Item = V>) -> Self {
        Self::Array(items.into_iter().map(|item| Node::from(item.into())).collect())
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The boolean, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(bool) = self { Some(*bool) } else { None }
    }

    /// The integer, if it is a number written as one.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Number(Number::Int(int)) = self { Some(*int) } else { None }
    }

    /// The elements, if it is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Node]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The object, if it is one.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// What it is, in the words of the JSON standard.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Self { value, span: Span::default() }
    }
}

impl From<Node> for Value {
    fn from(node: Node) -> Self {
        node.value
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Number(Number::Int(int))
    }
}

impl From<u32> for Value {
    fn from(int: u32) -> Self {
        Self::Number(Number::Int(i64::from(int)))
    }
}

impl<V: Into<Value>> From<Option<V>> for Value {
    fn from(option: Option<V>) -> Self {
        option.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However large, an object made at once is the object made member by member: of equal keys the last value stands, in the
    /// first one's place.
    #[test]
    fn an_object_made_at_once_is_the_one_made_by_setting() {
        for count in [0, 1, SCAN_KEYS_MAX - 1, SCAN_KEYS_MAX, SCAN_KEYS_MAX + 1, 3 * SCAN_KEYS_MAX] {
            for distinct in [1, 2, SCAN_KEYS_MAX, usize::MAX] {
                let key = |number: usize| format!("a key of more bytes than are held in place {}", number % distinct);
                let members: Vec<(String, i64)> =
                    (0..count).map(|number| (key(number), i64::try_from(number).expect("small"))).collect();
                let mut expected = Object::new();
                members.iter().for_each(|(key, value)| expected.set(key, *value));
                assert_eq!(expected.len(), count.min(distinct));
                let Value::Object(made) = Value::object(members) else { panic!("an object") };
                let order = |object: &Object| object.iter().map(|member| member.key.clone()).collect::<Vec<_>>();
                assert_eq!((&made, order(&made)), (&expected, order(&expected)), "{count} members, {distinct} keys");
            }
        }
    }
}
