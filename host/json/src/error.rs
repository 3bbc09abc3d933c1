//! Why a document was refused, and where.

use std::fmt;

/// Why a document was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// Not JSON; the text says what was expected.
    Syntax(String),
    /// The document ends inside a value.
    UnexpectedEnd,
    /// The same key twice in one object.
    DuplicateKey(String),
    /// More open arrays and objects than `depth_max`.
    TooDeep,
    /// A number outside `i64` (when written as an integer) or outside the finite doubles.
    NumberRange,
    /// A string with a character that `strings` refuses, or a lone surrogate.
    BadString(String),
    /// Something other than white space after the value.
    TrailingData,
    /// Not UTF-8, or it starts with a byte order mark.
    BadEncoding(String),
    /// Longer than `bytes_max`.
    TooLarge,
}

/// A refusal and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Why.
    pub kind: ErrorKind,
    /// Byte offset of the offending byte.
    pub offset: usize,
    /// JSON pointer of the innermost value that was being read.
    pub pointer: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::Syntax(what) => write!(f, "not JSON: {what}"),
            ErrorKind::UnexpectedEnd => write!(f, "not JSON: the document ends inside a value"),
            ErrorKind::DuplicateKey(key) => write!(f, "key `{}` stands twice in one object", key.escape_debug()),
            ErrorKind::TooDeep => write!(f, "arrays and objects are nested too deeply"),
            ErrorKind::NumberRange => write!(f, "number outside the 64-bit ranges"),
            ErrorKind::BadString(what) => write!(f, "string holds {what}"),
            ErrorKind::TrailingData => write!(f, "more data after the end of the JSON value"),
            ErrorKind::BadEncoding(what) => write!(f, "not plain UTF-8: {what}"),
            ErrorKind::TooLarge => write!(f, "document is too large"),
        }
    }
}

impl std::error::Error for ParseError {}
