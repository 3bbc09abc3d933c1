//! Condition keys of a table: their names, types, and the templates among them.

use super::text::{POINTER_CHARS, find, number, row_at, rows, take, take_number};

/// The type of a key's values ("Actions, resources, and condition keys for AWS services", column "Type").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyType {
    /// Text.
    String,
    /// An Amazon Resource Name.
    Arn,
    /// `true` or `false`.
    Bool,
    /// A number.
    Numeric,
    /// A date of ISO 8601, or seconds since 1970.
    Date,
    /// An address or a range of addresses.
    IpAddress,
}

impl KeyType {
    /// Every type.
    pub const ALL: [Self; 6] = [Self::String, Self::Arn, Self::Bool, Self::Numeric, Self::Date, Self::IpAddress];

    /// The word of the AWS reference.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::Arn => "ARN",
            Self::Bool => "Bool",
            Self::Numeric => "Numeric",
            Self::Date => "Date",
            Self::IpAddress => "IPAddress",
        }
    }

    pub(super) const fn letter(self) -> &'static str {
        match self {
            Self::String => "S",
            Self::Arn => "A",
            Self::Bool => "B",
            Self::Numeric => "N",
            Self::Date => "D",
            Self::IpAddress => "I",
        }
    }
}

/// Flag of a key that holds several values.
pub(super) const MULTIVALUED: usize = 1;
/// Flag of a key of all services.
pub(super) const GLOBAL: usize = 2;
/// Bytes before the name of a key: a letter for its type, a digit for its flags.
pub(super) const KEY_HEAD_BYTES: usize = 2;

/// A condition key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConditionKey<'t> {
    /// The name as AWS writes it, such as `aws:PrincipalArn`; a part that the author chooses is a template, such as
    /// `aws:ResourceTag/${TagKey}`.
    pub name: &'t str,
    /// The type of each value.
    pub key_type: KeyType,
    /// Whether the key holds several values, so that an operator needs `ForAllValues:` or `ForAnyValue:`.
    pub multivalued: bool,
    /// Whether it is one of the keys of all services ("AWS global condition context keys").
    pub global: bool,
}

impl<'t> ConditionKey<'t> {
    fn read(mut row: &'t str) -> Option<Self> {
        let letter = take(&mut row, 1)?;
        let flags = take_number(&mut row, 1)?;
        let key_type = KeyType::ALL.into_iter().find(|key_type| key_type.letter() == letter)?;
        Some(Self { name: row, key_type, multivalued: flags & MULTIVALUED != 0, global: flags & GLOBAL != 0 })
    }

    /// Whether `name` is this key: letter case does not count, and a template stands for at least one character.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        is_key(self.name, name)
    }
}

/// Whether a name is the key of a row, template or not.
fn is_key(key: &str, name: &str) -> bool {
    let Some((head, rest)) = key.split_once("${") else { return key.eq_ignore_ascii_case(name) };
    let Some((begin, mut left)) = name.split_at_checked(head.len()) else { return false };
    let Some((_, mut rest)) = rest.split_once('}') else { return false };
    if !begin.eq_ignore_ascii_case(head) {
        return false;
    }
    // No key has more than two templates, and what stands between them is found at its first place.
    while let Some((middle, after)) = rest.split_once("${") {
        let Some((_, tail)) = after.split_once('}') else { return false };
        let Some(end) = (1..left.len()).find(|&at| starts(left.get(at..), middle)) else { return false };
        left = left.get(end + middle.len()..).unwrap_or_default();
        rest = tail;
    }
    left.len() > rest.len() && left.len().checked_sub(rest.len()).is_some_and(|at| starts(left.get(at..), rest))
}

fn starts(text: Option<&str>, head: &str) -> bool {
    text.and_then(|text| text.get(..head.len())).is_some_and(|begin| begin.eq_ignore_ascii_case(head))
}

/// The keys of a table, and the sets of keys that actions and resource types point to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys<'t> {
    /// Rows sorted by name.
    pub(super) keys: &'t str,
    /// Rows of pointers into `keys`; the first one lists the keys with a template.
    pub(super) sets: &'t str,
}

impl<'t> Keys<'t> {
    pub(super) fn all(self) -> impl Iterator<Item = ConditionKey<'t>> {
        rows(self.keys).filter_map(ConditionKey::read)
    }

    /// The keys of the set at that offset.
    pub(super) fn set(self, offset: usize) -> KeySet<'t> {
        KeySet { keys: self.keys, left: row_at(self.sets, offset).unwrap_or_default() }
    }

    pub(super) fn find(self, name: &str) -> Option<ConditionKey<'t>> {
        find(self.keys, KEY_HEAD_BYTES, name)
            .and_then(ConditionKey::read)
            .or_else(|| self.set(0).find(|key| key.is(name)))
    }
}

/// Condition keys, in the order of their names.
#[derive(Debug, Clone)]
pub struct KeySet<'t> {
    keys: &'t str,
    left: &'t str,
}

impl<'t> Iterator for KeySet<'t> {
    type Item = ConditionKey<'t>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let pointer = take(&mut self.left, POINTER_CHARS)?;
            let row = number(pointer).and_then(|offset| row_at(self.keys, offset));
            if let Some(key) = row.and_then(ConditionKey::read) {
                return Some(key);
            }
        }
    }
}
