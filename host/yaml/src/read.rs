//! Typed reading of a tree: one field at a time, each error with its place, unknown keys refused.

use crate::error::suggestion;
use crate::{Entry, Mapping, Mark, Node, Value, YamlError, closest, did_you_mean, quoted};
use std::fmt;
use std::ops::RangeInclusive;

/// What messages call a value.
#[derive(Debug, Clone, Copy)]
enum Label<'a> {
    Document,
    Key(&'a str),
    Item { list: Option<&'a str>, number: usize },
}

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document => write!(f, "the file"),
            Self::Key(key) => write!(f, "{}", quoted(key)),
            Self::Item { list: Some(list), number } => write!(f, "item {number} of {}", quoted(list)),
            Self::Item { list: None, number } => write!(f, "item {number}"),
        }
    }
}

/// A value on its way to a type: the node, its file, and what messages call it. Copying it is free.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    file: &'a str,
    node: &'a Node,
    label: Label<'a>,
}

impl<'a> Field<'a> {
    pub(crate) fn document(file: &'a str, node: &'a Node) -> Self {
        Self { file, node, label: Label::Document }
    }

    /// A value that was kept apart from its document; `name` is what messages call it.
    #[must_use]
    pub fn new(file: &'a str, name: &'a str, node: &'a Node) -> Self {
        Self { file, node, label: Label::Key(name) }
    }

    /// The name of the file it stands in.
    #[must_use]
    pub fn file(&self) -> &'a str {
        self.file
    }

    /// The node as it is.
    #[must_use]
    pub fn node(&self) -> &'a Node {
        self.node
    }

    /// Where the value starts.
    #[must_use]
    pub fn at(&self) -> Mark {
        self.node.at
    }

    /// An error at this value, for rules that the caller checks.
    #[must_use]
    pub fn error(&self, message: impl Into<String>) -> YamlError {
        YamlError::new(self.file, self.node.at, message)
    }

    /// An error at this value that starts with its name: `must("be shorter")` reads `` `name` must be shorter``.
    #[must_use]
    pub fn must(&self, what: impl fmt::Display) -> YamlError {
        self.error(format!("{} must {what}", self.label))
    }

    fn mistyped(&self, wanted: &str, hint: Option<&str>) -> YamlError {
        let error = self.must(format_args!("be {wanted}, found {}", self.node.value.type_name()));
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }

    /// The string, quoted or not.
    ///
    /// # Errors
    /// When it is not a string; numbers and booleans are told to be put in quotes.
    pub fn string(&self) -> Result<&'a str, YamlError> {
        match &self.node.value {
            Value::String { text, .. } => Ok(text),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
                Err(self.mistyped("a string", Some("put the value in quotes")))
            }
            Value::Null | Value::Sequence(_) | Value::Mapping(_) => Err(self.mistyped("a string", None)),
        }
    }

    /// One word of a closed set, as the set spells it.
    ///
    /// # Errors
    /// When it is not a string, or not in the set.
    pub fn one_of(&self, words: &[&'static str]) -> Result<&'static str, YamlError> {
        let text = self.string()?;
        words.iter().copied().find(|&word| word == text).ok_or_else(|| {
            self.error(format!("{} cannot be {}", self.label, quoted(text))).with_hint(did_you_mean(
                text,
                "values",
                words.iter().copied(),
            ))
        })
    }

    /// The boolean.
    ///
    /// # Errors
    /// When it is anything but `true` or `false`.
    pub fn bool(&self) -> Result<bool, YamlError> {
        self.node.value.as_bool().ok_or_else(|| {
            let word = self.node.value.as_str().map(str::to_ascii_lowercase);
            let meant = match word.as_deref() {
                Some("yes" | "on" | "y" | "true") => Some("write `true`"),
                Some("no" | "off" | "n" | "false") => Some("write `false`"),
                _ => None,
            };
            self.mistyped("a boolean", meant)
        })
    }

    /// The whole number, inside `range`.
    ///
    /// # Errors
    /// When it is not an integer or outside the range.
    pub fn integer(&self, range: RangeInclusive<i64>) -> Result<i64, YamlError> {
        match &self.node.value {
            Value::Int(int) if range.contains(int) => Ok(*int),
            Value::Int(int) => {
                let limits = match (*range.start(), *range.end()) {
                    (start, i64::MAX) => format!("be at least {start}"),
                    (start, end) => format!("be from {start} to {end}"),
                };
                Err(self.must(format_args!("{limits}, found `{int}`")))
            }
            Value::String { quoted: true, text } if text.parse::<i64>().is_ok() => {
                Err(self.mistyped("an integer", Some("write it without quotes")))
            }
            Value::String { quoted: false, text } if text.contains(|char: char| char.is_ascii_digit()) => {
                let hint = "write digits without leading zeros, if grouped then by threes: `5_000_000`";
                Err(self.mistyped("an integer", Some(hint)))
            }
            Value::Null
            | Value::Bool(_)
            | Value::Float(_)
            | Value::String { .. }
            | Value::Sequence(_)
            | Value::Mapping(_) => Err(self.mistyped("an integer", None)),
        }
    }

    /// A size in bytes, written as digits and one of the units `B`, `KiB`, `MiB`, `GiB`: `16MiB` is 16,777,216.
    ///
    /// # Errors
    /// When the unit is missing or another, or the size does not fit in `u64`.
    pub fn bytes(&self) -> Result<u64, YamlError> {
        const HINT: &str = "write digits and `B`, `KiB`, `MiB` or `GiB`, such as `16MiB`";
        let wanted = "a size in bytes";
        let Value::String { text, .. } = &self.node.value else { return Err(self.mistyped(wanted, Some(HINT))) };
        let unit_at = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
        let (digits, unit) = text.split_at_checked(unit_at).unwrap_or_default();
        let scale: Option<u64> = match unit {
            "B" => Some(1),
            "KiB" => Some(1 << 10),
            "MiB" => Some(1 << 20),
            "GiB" => Some(1 << 30),
            _ => None,
        };
        let count = if digits.len() > 1 && digits.starts_with('0') { None } else { digits.parse::<u64>().ok() };
        count
            .zip(scale)
            .and_then(|(count, scale)| count.checked_mul(scale))
            .ok_or_else(|| self.must(format_args!("be {wanted}, found {}", quoted(text))).with_hint(HINT))
    }

    /// An AWS account id: twelve digits in quotes. Without quotes some readers drop leading zeros, so that is refused
    /// even where the id starts with another digit.
    ///
    /// # Errors
    /// When it is not a quoted string of twelve ASCII digits.
    pub fn account_id(&self) -> Result<&'a str, YamlError> {
        const HINT: &str = "put the account id in quotes, or leading zeros get lost";
        match &self.node.value {
            Value::String { text, quoted: true } => {
                if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Ok(text);
                }
                Err(self.must(format_args!("be an account id of 12 digits, found {}", quoted(text))))
            }
            Value::String { text, quoted: false } if text.bytes().any(|byte| !byte.is_ascii_digit()) => {
                Err(self.must(format_args!("be an account id of 12 digits, found {}", quoted(text))))
            }
            Value::Int(_) | Value::Float(_) | Value::String { .. } => {
                Err(self.must("be an account id in quotes").with_hint(HINT))
            }
            Value::Null | Value::Bool(_) | Value::Sequence(_) | Value::Mapping(_) => {
                Err(self.mistyped("an account id in quotes", None))
            }
        }
    }

    /// The items of a list, each ready to be read.
    ///
    /// # Errors
    /// When it is not a list.
    pub fn items(&self) -> Result<Vec<Field<'a>>, YamlError> {
        let Value::Sequence(items) = &self.node.value else {
            let one = matches!(self.node.value, Value::String { .. }).then_some("put one item in brackets: `[item]`");
            return Err(self.mistyped("a list", one));
        };
        let list = if let Label::Key(key) = self.label { Some(key) } else { None };
        let field = |(index, node)| Field { file: self.file, node, label: Label::Item { list, number: index + 1 } };
        Ok(items.iter().enumerate().map(field).collect())
    }

    /// A list of strings. Use [`Field::items`] where each item's place is needed.
    ///
    /// # Errors
    /// When it is not a list, or an item is not a string.
    pub fn strings(&self) -> Result<Vec<&'a str>, YamlError> {
        self.items()?.iter().map(Field::string).collect()
    }

    /// The keys of a mapping, ready to be read by name.
    ///
    /// # Errors
    /// When it is not a mapping.
    pub fn mapping(&self) -> Result<MapReader<'a>, YamlError> {
        let Value::Mapping(mapping) = &self.node.value else {
            let empty = matches!(self.node.value, Value::Null).then_some("write `{}` for an empty mapping");
            return Err(self.mistyped("a mapping", empty));
        };
        Ok(MapReader { file: self.file, at: self.node.at, mapping, known: Vec::new() })
    }
}

/// A mapping that is read key by key. [`MapReader::finish`] refuses the keys that were never asked for, so ask for
/// every known key before it.
#[derive(Debug)]
#[must_use = "call `finish`, or unknown keys go unnoticed"]
pub struct MapReader<'a> {
    file: &'a str,
    at: Mark,
    mapping: &'a Mapping,
    known: Vec<&'static str>,
}

impl<'a> MapReader<'a> {
    /// Where the mapping starts.
    #[must_use]
    pub fn at(&self) -> Mark {
        self.at
    }

    /// An error at the start of the mapping, for rules that the caller checks.
    #[must_use]
    pub fn error(&self, message: impl Into<String>) -> YamlError {
        YamlError::new(self.file, self.at, message)
    }

    /// The value of a key that must be there.
    ///
    /// # Errors
    /// When the key is missing; an unknown key that looks like it is named in the hint.
    pub fn required(&mut self, key: &'static str) -> Result<Field<'a>, YamlError> {
        self.optional(key).ok_or_else(|| {
            let error = self.error(format!("key `{key}` is missing"));
            let others = self.unknown().map(|entry| entry.key.as_str());
            let near = closest(key, others).and_then(|near| self.mapping.get(near));
            match near {
                Some(entry) => error.with_hint(format!("{} at {} looks like it", quoted(&entry.key), entry.key_at)),
                None => error,
            }
        })
    }

    /// The value of a key that may be left out. A key that is there without a value is a null, not left out.
    pub fn optional(&mut self, key: &'static str) -> Option<Field<'a>> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.mapping.get(key).map(|entry| self.field(entry))
    }

    /// Every key and value in the order of the file, for mappings whose keys are the user's own names. It does not
    /// make the keys known.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, Mark, Field<'a>)> + use<'a> {
        let file = self.file;
        self.mapping.iter().map(move |entry| {
            (entry.key.as_str(), entry.key_at, Field { file, node: &entry.node, label: Label::Key(&entry.key) })
        })
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// The first key that was never asked for, with the known key it may be a slip of and the list of all known ones.
    pub fn finish(self) -> Result<(), YamlError> {
        match self.unknown_keys().into_iter().next() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// One error for each key that was never asked for: `finish` for callers that collect all errors.
    #[must_use]
    pub fn unknown_keys(&self) -> Vec<YamlError> {
        // Keys that are there already are no candidates for a slip: nobody means one key twice.
        let absent: Vec<&str> = self.known.iter().copied().filter(|key| self.mapping.get(key).is_none()).collect();
        self.unknown()
            .map(|entry| {
                let near = closest(&entry.key, absent.iter().copied());
                let message = format!("key {} is not known", quoted(&entry.key));
                YamlError::new(self.file, entry.key_at, message).with_hint(suggestion(near, "keys", &self.known))
            })
            .collect()
    }

    fn unknown(&self) -> impl Iterator<Item = &'a Entry> + '_ {
        self.mapping.iter().filter(|entry| !self.known.contains(&entry.key.as_str()))
    }

    fn field(&self, entry: &'a Entry) -> Field<'a> {
        Field { file: self.file, node: &entry.node, label: Label::Key(&entry.key) }
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
