//! Patterns with `*` and `?` as IAM has them, over texts and over other patterns.
//!
//! It does not know what is matched: callers fold case and cut ARNs.

use std::fmt;

/// One element of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Token {
    /// Exactly this character.
    One(char),
    /// `?`: any one character.
    AnyOne,
    /// `*`: any characters, or none.
    Any,
}

/// A compiled pattern. Equal patterns are equal values: runs of `*` are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Glob {
    tokens: Vec<Token>,
    shape: Shape,
}

/// What most patterns are, so that they need no search.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Shape {
    /// No wildcard.
    Exact(String),
    /// One `*`, at the end.
    Prefix(String),
    /// Anything else.
    Mixed,
}

impl Glob {
    /// The pattern of a text in which `*` stands for any characters and `?` for one.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self::of(pattern.chars().map(|char| match char {
            '*' => Token::Any,
            '?' => Token::AnyOne,
            char => Token::One(char),
        }))
    }

    /// The pattern that matches this text alone.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self::of(text.chars().map(Token::One))
    }

    pub(crate) fn of(tokens: impl IntoIterator<Item = Token>) -> Self {
        let mut tokens: Vec<Token> = tokens.into_iter().collect();
        tokens.dedup_by(|next, before| *next == Token::Any && *before == Token::Any);
        let plain = |tokens: &[Token]| -> Option<String> {
            let char = |token: &Token| if let Token::One(char) = token { Some(*char) } else { None };
            tokens.iter().map(char).collect()
        };
        let shape = match (plain(&tokens), tokens.split_last()) {
            (Some(text), _) => Shape::Exact(text),
            (None, Some((Token::Any, start))) => plain(start).map_or(Shape::Mixed, Shape::Prefix),
            (None, _) => Shape::Mixed,
        };
        Self { tokens, shape }
    }

    pub(crate) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The one text it matches, if it has no wildcard.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        if let Shape::Exact(text) = &self.shape { Some(text) } else { None }
    }

    /// Whether it matches every text.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.tokens == [Token::Any]
    }

    /// Whether it matches the whole of `text`. Takes at most the product of both lengths.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match &self.shape {
            Shape::Exact(exact) => exact == text,
            Shape::Prefix(start) => text.starts_with(start.as_str()),
            Shape::Mixed => search(&self.tokens, text),
        }
    }

    /// Whether it matches every text that `inner` matches. `false` may also mean that this could not be shown: `?*` and
    /// `*?` are the same, and here neither covers the other.
    #[must_use]
    pub fn covers(&self, inner: &Self) -> bool {
        match inner.as_literal() {
            Some(text) => self.matches(text),
            None => walk(&self.tokens, &inner.tokens, &|outer, inner| match (outer, inner) {
                (Token::Any | Token::AnyOne, Token::AnyOne | Token::One(_)) | (Token::Any, Token::Any) => true,
                (Token::One(_), _) => outer == inner,
                (Token::AnyOne, Token::Any) => false,
            }),
        }
    }

    /// Whether there is a text that both match.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        // Row by row of the table "the first m of ours and the first n of theirs have a text in common".
        let fits = |ours: Token, theirs: Token| match (ours, theirs) {
            (Token::One(ours), Token::One(theirs)) => ours == theirs,
            (Token::One(_) | Token::AnyOne | Token::Any, Token::One(_) | Token::AnyOne | Token::Any) => true,
        };
        let mut row = vec![true];
        row.extend(self.tokens.iter().scan(true, |open, token| {
            *open = *open && *token == Token::Any;
            Some(*open)
        }));
        for theirs in &other.tokens {
            let mut left = row.first().copied().unwrap_or(false) && *theirs == Token::Any;
            let mut next = vec![left];
            for (ours, pair) in self.tokens.iter().zip(row.windows(2)) {
                let &[diagonal, above] = pair else { continue };
                left = match (*ours, *theirs) {
                    (Token::Any, _) | (_, Token::Any) => left || above,
                    (ours, theirs) => diagonal && fits(ours, theirs),
                };
                next.push(left);
            }
            row = next;
        }
        row.last().copied().unwrap_or(false)
    }
}

impl fmt::Display for Glob {
    /// The pattern as it is written; a literal `*` cannot be told from a wildcard here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tokens.iter().try_for_each(|token| match token {
            Token::One(char) => write!(f, "{char}"),
            Token::AnyOne => f.write_str("?"),
            Token::Any => f.write_str("*"),
        })
    }
}

/// Matches from the left and, after a miss, lets the last `*` take one character more: never worse than the product of
/// both lengths.
fn search(tokens: &[Token], text: &str) -> bool {
    let (mut at, mut rest) = (0, text.chars());
    let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        let mut ahead = rest.clone();
        let Some(char) = ahead.next() else { break };
        match tokens.get(at) {
            Some(Token::Any) => {
                at += 1;
                retry = Some((at, rest.clone()));
                continue;
            }
            Some(Token::AnyOne) => {
                at += 1;
                rest = ahead;
                continue;
            }
            Some(Token::One(wanted)) if *wanted == char => {
                at += 1;
                rest = ahead;
                continue;
            }
            Some(Token::One(_)) | None => {}
        }
        let Some((after, mut from)) = retry.take() else { return false };
        from.next();
        at = after;
        rest = from.clone();
        retry = Some((after, from));
    }
    tokens.get(at..).unwrap_or_default().iter().all(|token| *token == Token::Any)
}

/// As [`search`], over the tokens of another pattern instead of characters.
fn walk(outer: &[Token], inner: &[Token], takes: &dyn Fn(Token, Token) -> bool) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(token) = inner.get(seen) {
        match outer.get(at) {
            Some(Token::Any) => {
                at += 1;
                retry = Some((at, seen));
                continue;
            }
            Some(wanted) if takes(*wanted, *token) => {
                at += 1;
                seen += 1;
                continue;
            }
            Some(_) | None => {}
        }
        let Some((after, from)) = retry else { return false };
        at = after;
        seen = from + 1;
        retry = Some((after, from + 1));
    }
    outer.get(at..).unwrap_or_default().iter().all(|token| *token == Token::Any)
}

#[cfg(test)]
mod tests;
