//! Event patterns of EventBridge rules: read once, then asked of many events.
//!
//! This crate owns the pattern language: which patterns are valid and which events they match. The model is AWS's own
//! open matcher, event-ruler 2.0.1, measured by running it; the EventBridge user guide
//! (`eb-create-pattern-operators`) says which operators there are. It must not know what a rule is for: no policy, no
//! account, no target, no envelope field has a meaning here.
//!
//! # A rule is not a security boundary
//!
//! What AWS matches is not always what a reader of the event sees, so a match proves little about an event that a
//! stranger wrote:
//! - an event with one key twice matches on either value, while most readers keep only the last one;
//! - a literal key with dots, as in `{"meta.tier": "gold"}`, matches a pattern on `meta` and `tier` inside it, while a
//!   reader of `meta.tier` finds nothing;
//! - arrays match when any element does, and `suffix` says nothing of what stands before it (`evilexample.com` ends
//!   in `example.com`).
//!
//! The host therefore reads events with [`reeve_json`], which refuses keys that stand twice, and validates every field
//! again before it acts on one. Dotted keys do match here, because they match in AWS: a test of a rule must say what
//! the deployed rule will do.
//!
//! # Where this is not event-ruler
//!
//! Refused here, taken there: a path named twice in one alternative (there the last one wins), `$or` that is not a
//! list of two or more objects or that has reserved names (there a plain field name), empty keys, the undocumented
//! operator `exactly`, an empty list of operands in `anything-but`, CIDR blocks written as IPv4-mapped IPv6 or with
//! more than one slash, and whatever is over the limits below.
//!
//! Matched differently, where event-ruler's automaton shows through: IPv4 and IPv6 blocks never match each other's
//! addresses or numbers (there `0.0.0.0/0` matches `300`, since both start with a hex digit); quotes in a prefix or
//! suffix stand for themselves (there they can meet the quotes around the value); characters outside the Basic
//! Multilingual Plane can be compared ignoring case (there they become question marks); a value with dotted keys and
//! arrays on the same path may match otherwise (see `search.rs`).
//!
//! The user guide says that numbers are compared by their text, so that `300` is not `300.0`. Measured, they are equal,
//! and they are equal here. It is best not to depend on either.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod address;
mod compile;
mod fold;
mod number;
mod operators;
mod search;
mod value;
mod wildcard;

use reeve_json::Value;
use value::Test;

/// The longest pattern, in bytes of JSON without white space: the EventBridge quota on a rule's event pattern.
pub const PATTERN_BYTES_MAX: usize = 4096;

/// The most arrays and objects open at once in a pattern, and the most names on one path (a key with dots has several).
/// Reading and matching call themselves once per level, so this bounds the stack; real patterns have fewer than ten.
pub const PATTERN_DEPTH_MAX: usize = 64;

/// The most fields (keys with a list of values) in one pattern, alternatives of `$or` included: a set of fields is one
/// 128-bit word, so that matching allocates nothing. The quota on bytes leaves room for few more.
pub const PATTERN_FIELDS_MAX: usize = 128;

/// The most alternatives after all `$or` are multiplied out: the limit on rule combinations in the EventBridge user
/// guide. It bounds the time of one match, since every alternative may have to be tried.
pub const PATTERN_ALTERNATIVES_MAX: usize = 1000;

/// The most levels of an event that are looked at. Nothing below them matches, and neither does `exists: false` on
/// them. Matching calls itself once per level, so this bounds the stack; real events have fewer than twenty.
pub const EVENT_DEPTH_MAX: usize = 256;

/// Why a pattern was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// RFC 6901 JSON pointer into the pattern, to the value that is wrong; empty for the whole pattern.
    pub pointer: String,
    /// What is wrong, without the place.
    pub message: String,
}

/// An event pattern, checked and ready to match.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// Sorted by path in UTF-16 order, the order in which event-ruler looks at fields.
    fields: Vec<Field>,
    /// One set of fields for each way to match; bit `n` stands for `fields[n]`.
    alternatives: Vec<FieldSet>,
}

/// A set of at most [`PATTERN_FIELDS_MAX`] fields, one bit each.
type FieldSet = u128;

/// One key with a list of values in the pattern.
#[derive(Debug, Clone)]
struct Field {
    /// The keys that lead to it, joined with dots: event-ruler flattens patterns and events this way.
    path: Box<str>,
    /// One of these must hold for a value at the path.
    tests: Vec<Test>,
    /// Whether the list has `exists: false`, so that nothing at the path is right as well.
    absent: bool,
}

impl Pattern {
    /// Reads an event pattern.
    ///
    /// # Errors
    /// The first part that EventBridge would refuse or that is over a limit of this crate, with its JSON pointer.
    pub fn compile(pattern: &Value) -> Result<Self, PatternError> {
        compile::compile(pattern)
    }

    /// Whether the event matches. An event that is not an object matches nothing.
    ///
    /// All fields of one alternative must be met at once. Values that stand in different elements of one array do
    /// not combine (event-ruler's array consistency).
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        event.as_object().is_some_and(|object| {
            self.alternatives.iter().any(|&alternative| search::holds(&self.fields, alternative, object))
        })
    }
}
