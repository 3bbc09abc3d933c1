//! What a pattern can ask of one value.

use crate::address::{Block, parse_address};
use crate::fold::Folded;
use crate::number;
use crate::wildcard::Wildcard;
use reeve_json::{Number, Value};
use std::net::IpAddr;

/// One entry of a field's list. `exists: false` is not one: it asks nothing of a value.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    /// Any value at all, null too.
    Any,
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// This number, however it is written.
    Number(Number),
    /// A number in this range.
    Range(Range),
    /// A string that passes.
    Text(Text),
    /// A string that is this address: a pattern string that is an address is compared as one.
    Address(IpAddr),
    /// A string that is an address in this block.
    Block(Block),
    /// A string that passes none of these, or any other value.
    NoneOfTexts(Vec<Text>),
    /// A number that is none of these, or any other value.
    NoneOfNumbers(Vec<f64>),
}

/// What can be asked of a string.
#[derive(Debug, Clone)]
pub(crate) enum Text {
    Equals(Box<str>),
    Prefix(Box<str>),
    Suffix(Box<str>),
    EqualsIgnoreCase(Folded),
    PrefixIgnoreCase(Folded),
    SuffixIgnoreCase(Folded),
    Wildcard(Wildcard),
}

/// Numbers between two bounds; `None` is no bound, `true` beside a bound lets the bound itself in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    pub(crate) low: Option<(f64, bool)>,
    pub(crate) high: Option<(f64, bool)>,
}

impl Test {
    /// Whether the value, which is no array and no object, passes.
    pub(crate) fn passes(&self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Null => *value == Value::Null,
            Self::Bool(wanted) => value.as_bool() == Some(*wanted),
            Self::Number(wanted) => as_number(value).is_some_and(|number| number::equal(*wanted, number)),
            Self::Range(range) => as_number(value).and_then(number::comparable).is_some_and(|it| range.contains(it)),
            Self::Text(test) => value.as_str().is_some_and(|text| test.passes(text)),
            Self::Address(wanted) => value.as_str().and_then(parse_address) == Some(*wanted),
            Self::Block(block) => value.as_str().and_then(parse_address).is_some_and(|it| block.contains(it)),
            Self::NoneOfTexts(tests) => value.as_str().is_none_or(|text| !tests.iter().any(|test| test.passes(text))),
            Self::NoneOfNumbers(wrong) => {
                as_number(value).and_then(number::comparable).is_none_or(|number| !wrong.contains(&number))
            }
        }
    }
}

fn as_number(value: &Value) -> Option<Number> {
    if let Value::Number(number) = value { Some(*number) } else { None }
}

impl Text {
    fn passes(&self, value: &str) -> bool {
        match self {
            Self::Equals(text) => value == &**text,
            Self::Prefix(text) => value.starts_with(&**text),
            Self::Suffix(text) => value.ends_with(&**text),
            Self::EqualsIgnoreCase(text) => text.equals(value),
            Self::PrefixIgnoreCase(text) => text.is_prefix_of(value),
            Self::SuffixIgnoreCase(text) => text.is_suffix_of(value),
            Self::Wildcard(wildcard) => wildcard.fits(value),
        }
    }
}

impl Range {
    fn contains(self, number: f64) -> bool {
        self.low.is_none_or(|(low, bound)| number > low || bound && number >= low)
            && self.high.is_none_or(|(high, bound)| number < high || bound && number <= high)
    }
}
