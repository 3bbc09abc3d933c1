//! Strict JSON (RFC 8259) with positions, and one canonical way to write it.
//!
//! General readers keep the last of two equal keys, accept any depth and lose where a value stood. A gate that is
//! asked by strangers can afford none of that: the filter in front of it and the gate behind it must see one document.
//! This crate refuses what two readers could read differently, and remembers the byte span of every value.
//!
//! It knows nothing of events, policies or AWS, and depends on nothing but containers, so that hosts and plugins read alike.

mod error;
mod parse;
mod position;
mod value;
mod write;

pub use error::{ErrorKind, ParseError};
pub use parse::{Options, StringRule, parse};
pub use position::{Position, position};
pub use value::{Key, Member, Node, Number, Object, Span, Value};
pub use write::{canonical, canonical_around, compact, escape_pointer_token, pretty};
