//! Patterns of one element as values that can be compared.
//!
//! It must not know any rule.

use super::super::placeholder::{Kind, Piece, Pieces, kind};
use reeve_scp::Glob;

/// Longer patterns are not compared, in bytes: an ARN has at most 2,048 characters (IAM API reference, `arnType`).
pub(super) const PATTERN_BYTES_MAX: usize = 2_048;

/// An action pattern; case does not count (IAM user guide, "IAM JSON policy elements: Action").
pub(super) fn action(text: &str) -> Option<Glob> {
    let lower = text.to_ascii_lowercase();
    // `*` alone is every action, and so is `*:*`.
    let every = !lower.is_empty() && lower.bytes().all(|byte| byte == b'*');
    short(text).then(|| Glob::new(if every { "*:*" } else { &lower }))
}

/// A resource pattern that can be compared with another one of the same document: a variable is the same as itself and
/// as nothing else, which the literal text gives. With an escaped wildcard it is not.
pub(super) fn resource(text: &str) -> Option<Glob> {
    let escaped = Pieces::new(text).any(|piece| match piece {
        Piece::Plain(_) => false,
        Piece::Variable(_, body) => kind(body) != Kind::Variable,
    });
    (short(text) && !escaped).then(|| Glob::new(text))
}

/// A resource pattern with a star for each variable: what it may turn into.
pub(super) fn widest(text: &str) -> Option<Glob> {
    short(text).then(|| {
        let pieces = Pieces::new(text).map(|piece| match piece {
            Piece::Plain(plain) => plain,
            Piece::Variable(..) => "*",
        });
        Glob::new(&pieces.collect::<String>())
    })
}

fn short(text: &str) -> bool {
    text.len() <= PATTERN_BYTES_MAX
}
