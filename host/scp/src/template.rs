//! Values with policy variables (IAM user guide, "IAM policy elements: Variables and tags"): `${key}`, `${key, 'default'}`
//! and the escapes `${*}`, `${?}`, `${$}`.

use crate::call::{Key, Keys};
use crate::glob::{Glob, Token};

/// Colons of an ARN in front of its resource: `arn:partition:service:region:account:resource`.
const COLONS_BEFORE_RESOURCE: usize = 5;

/// A value of a policy: fixed, or with variables to fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Template {
    /// No variable.
    Fixed(Glob),
    /// At least one variable.
    Open(Vec<Piece>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Tokens(Vec<Token>),
    /// Lower-case key and the value for a request without it.
    Variable {
        key: String,
        default: Option<String>,
    },
}

/// How a value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// `*` and `?` are wildcards.
    pub(crate) wildcards: bool,
    /// `${…}` is a variable: since policy version 2012-10-17.
    pub(crate) variables: bool,
    /// Letters are compared without their case.
    pub(crate) fold: bool,
}

/// What a template is for one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filled<'t> {
    Fixed(&'t Glob),
    Made(Glob),
    /// A variable is not known, has several values, or is absent and has no default: AWS says only that the statement
    /// "might" be invalid then.
    Unknown,
}

impl Template {
    /// Reads a value.
    ///
    /// # Errors
    /// What is wrong with a variable.
    pub(crate) fn parse(text: &str, reading: Reading) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(char) = rest.chars().next() {
            if let Some(inside) = rest.strip_prefix("${").filter(|_| reading.variables) {
                let Some((name, after)) = inside.split_once('}') else {
                    return Err(format!("`{}` has a variable without `}}`", text.escape_debug()));
                };
                rest = after;
                match name {
                    "*" | "?" | "$" => tokens.extend(name.chars().map(Token::One)),
                    _ => {
                        if !tokens.is_empty() {
                            pieces.push(Piece::Tokens(std::mem::take(&mut tokens)));
                        }
                        pieces.push(variable(name)?);
                    }
                }
                continue;
            }
            rest = rest.get(char.len_utf8()..).unwrap_or_default();
            match char {
                '*' if reading.wildcards => tokens.push(Token::Any),
                '?' if reading.wildcards => tokens.push(Token::AnyOne),
                char => push(&mut tokens, char, reading.fold),
            }
        }
        if pieces.is_empty() {
            return Ok(Self::Fixed(Glob::of(tokens)));
        }
        pieces.push(Piece::Tokens(tokens));
        Ok(Self::Open(pieces))
    }

    /// Whether it has a variable before the fifth colon, where an ARN's resource begins. In `Resource` variables are for
    /// that part (IAM user guide, "Where you can use policy variables"), and nobody says what one before it does.
    pub(crate) fn begins_early(&self) -> bool {
        let Self::Open(pieces) = self else { return false };
        let fixed =
            pieces.iter().map_while(|piece| if let Piece::Tokens(tokens) = piece { Some(tokens) } else { None });
        fixed.flatten().filter(|token| **token == Token::One(':')).count() < COLONS_BEFORE_RESOURCE
    }

    /// Whether every variable has a value for certain: otherwise "this might cause the entire statement to be invalid" (IAM
    /// user guide, "Variables and tags"), whatever its other values are.
    pub(crate) fn resolves(&self, keys: &Keys) -> bool {
        let Self::Open(pieces) = self else { return true };
        pieces.iter().all(|piece| match piece {
            Piece::Tokens(_) => true,
            Piece::Variable { key, default } => match keys.get(key) {
                Key::Values(values) => match values.as_slice() {
                    [] => default.is_some(),
                    [_] => true,
                    [_, _, ..] => false,
                },
                Key::Absent => default.is_some(),
                Key::Like(_) => true,
                Key::Unknown => false,
            },
        })
    }

    /// The pattern for a call with these keys.
    pub(crate) fn fill(&self, keys: &Keys, reading: Reading) -> Filled<'_> {
        let pieces = match self {
            Self::Fixed(glob) => return Filled::Fixed(glob),
            Self::Open(pieces) => pieces,
        };
        let mut tokens = Vec::new();
        for piece in pieces {
            let value = match piece {
                Piece::Tokens(fixed) => {
                    tokens.extend_from_slice(fixed);
                    continue;
                }
                Piece::Variable { key, default } => match (keys.get(key), default) {
                    (Key::Values(values), default) => match (values.as_slice(), default) {
                        ([value], _) => value,
                        ([], Some(default)) => default,
                        ([], None) | ([_, _, ..], _) => return Filled::Unknown,
                    },
                    (Key::Absent, Some(default)) => default,
                    (Key::Absent, None) | (Key::Like(_) | Key::Unknown, _) => return Filled::Unknown,
                },
            };
            // Nobody says whether a wildcard inside a value that the caller chose is one.
            if reading.wildcards && value.contains(['*', '?']) {
                return Filled::Unknown;
            }
            value.chars().for_each(|char| push(&mut tokens, char, reading.fold));
        }
        Filled::Made(Glob::of(tokens))
    }
}

fn push(tokens: &mut Vec<Token>, char: char, fold: bool) {
    if fold {
        tokens.extend(char.to_lowercase().map(Token::One));
    } else {
        tokens.push(Token::One(char));
    }
}

/// Reads what stands between the braces.
fn variable(text: &str) -> Result<Piece, String> {
    let wrong = |what: &str| Err(format!("variable `${{{}}}` {what}", text.escape_debug()));
    let (key, default) = match text.split_once(',') {
        None => (text, None),
        Some((key, default)) => {
            let default = default.trim().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            match default {
                Some(default) => (key, Some(default.to_owned())),
                None => return wrong("has a default without single quotes"),
            }
        }
    };
    if key.is_empty() {
        return wrong("has no name");
    }
    if key.contains(char::is_whitespace) || key.contains('$') || key.contains('{') {
        return wrong("is not the name of a condition key");
    }
    Ok(Piece::Variable { key: key.to_ascii_lowercase(), default })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIKE: Reading = Reading { wildcards: true, variables: true, fold: false };

    fn filled(text: &str, keys: &Keys) -> Option<String> {
        let template = Template::parse(text, LIKE).expect("a template");
        match template.fill(keys, LIKE) {
            Filled::Fixed(glob) => Some(glob.to_string()),
            Filled::Made(glob) => Some(glob.to_string()),
            Filled::Unknown => None,
        }
    }

    #[test]
    fn variables_are_filled_in() {
        let mut keys = Keys::complete();
        keys.set("aws:Username", Key::value("anna"));
        keys.set("aws:userid", Key::Unknown);
        keys.set("aws:tagkeys", Key::Values(vec!["a".to_owned(), "b".to_owned()]));
        keys.set("aws:star", Key::value("a*"));
        keys.set("aws:empty", Key::Values(Vec::new()));
        for (text, expected) in [
            ("plain*", Some("plain*")),
            ("home/${aws:username}/*", Some("home/anna/*")),
            ("${AWS:USERNAME}", Some("anna")),
            ("${aws:missing, 'nobody'}-x", Some("nobody-x")),
            ("${aws:missing,'nobody'}", Some("nobody")),
            ("${aws:empty, 'nobody'}", Some("nobody")),
            ("${aws:empty}", None),
            ("${aws:username, 'nobody'}", Some("anna")),
            ("${aws:missing}", None),
            ("${aws:userid, 'nobody'}", None),
            ("${aws:tagkeys}", None),
            ("${aws:star}", None),
            ("${$}{x}", Some("${x}")),
            ("a$b{c}", Some("a$b{c}")),
        ] {
            assert_eq!(filled(text, &keys).as_deref(), expected, "{text}");
        }
        let star = Template::parse("a${*}", LIKE).expect("a template");
        let Template::Fixed(glob) = star else { panic!("fixed") };
        assert_eq!((glob.matches("a*"), glob.matches("ab")), (true, false));
    }

    #[test]
    fn what_is_no_variable_is_refused_or_text() {
        for text in ["${aws:username", "${}", "${aws: username}", "${a, b}", "${a, 'b}", "${a${b}}"] {
            assert!(Template::parse(text, LIKE).is_err(), "{text}");
        }
        let old = Reading { variables: false, ..LIKE };
        let Ok(Template::Fixed(glob)) = Template::parse("${aws:username", old) else { panic!("fixed") };
        assert!(glob.matches("${aws:username"));
    }
}
