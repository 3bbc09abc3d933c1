//! The one error of this crate, and the words that errors are made of.

use crate::Mark;
use std::fmt::Write;
use thiserror::Error;

/// Something wrong in a file, and its place. `Display` is `file:line:column: message`; the hint is kept apart so that
/// each renderer can put it where it belongs.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct YamlError {
    /// The name of the file as the caller gave it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong: lower case, no full stop, values of the user in backticks.
    pub message: String,
    /// What to do about it, in the same style.
    pub hint: Option<String>,
}

impl YamlError {
    /// An error at a place, without a hint.
    #[must_use]
    pub fn new(file: &str, at: Mark, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: at.line, column: at.column, message: message.into(), hint: None }
    }

    /// The same error with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What to do about it, if something likely is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Where it is wrong.
    #[must_use]
    pub fn at(&self) -> Mark {
        Mark { line: self.line, column: self.column }
    }
}

/// Longest user value that a message repeats, in characters: enough for any name, not enough to flood a terminal.
const QUOTED_CHARS_MAX: usize = 100;

/// A value of the user for a message: in backticks, on one line, cut after 100 characters.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::from("`");
    for char in text.chars().take(QUOTED_CHARS_MAX) {
        if char.is_control() {
            out.extend(char.escape_debug());
        } else {
            out.push(char);
        }
    }
    if text.chars().nth(QUOTED_CHARS_MAX).is_some() {
        out.push('…');
    }
    out.push('`');
    out
}

/// Longest word that is compared with the known ones, in characters: the comparison costs the product of the lengths,
/// and no known word is near as long.
const COMPARED_CHARS_MAX: usize = 64;

/// The candidate that `word` is most likely a slip of, if one is near: same letters in another case, or up to a third
/// of its letters (at least one) wrong, missing, extra or swapped.
#[must_use]
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length > COMPARED_CHARS_MAX {
        return None;
    }
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count() <= COMPARED_CHARS_MAX)
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            *distance <= (length / 3).max(1) && *distance < length.min(candidate.chars().count())
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many known words a hint lists before it only counts the rest.
const LISTED_MAX: usize = 24;

/// The hint for an unknown word: ``did you mean `region`? known keys: `gate`, `region` ``. `kind` is the plural of what
/// the words are, such as `keys` or `scopes`.
#[must_use]
pub fn did_you_mean<'a>(word: &str, kind: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    suggestion(closest(word, known.iter().copied()), kind, &known)
}

/// The same hint where the caller has picked the near word.
pub(crate) fn suggestion(near: Option<&str>, kind: &str, known: &[&str]) -> String {
    let mut hint = near.map(|near| format!("did you mean {}? ", quoted(near))).unwrap_or_default();
    if known.is_empty() {
        hint.push_str("there are no known ");
        hint.push_str(kind);
        return hint;
    }
    let listed: Vec<String> = known.iter().take(LISTED_MAX).map(|word| quoted(word)).collect();
    // Writing to a String cannot fail.
    let _ = write!(hint, "known {kind}: {}", listed.join(", "));
    if known.len() > LISTED_MAX {
        let _ = write!(hint, " and {} more", known.len() - LISTED_MAX);
    }
    hint
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_word_is_found_and_strangers_are_not() {
        let known = ["region", "regions", "id", "Default", "nat_gateway_count"];
        for (word, expected) in [
            ("regoin", Some("region")),
            ("Region", Some("region")),
            ("region", Some("region")),
            ("default", Some("Default")),
            ("ID", Some("id")),
            ("idd", Some("id")),
            ("nat_gateways_count", Some("nat_gateway_count")),
            ("x", None),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(closest(word, known), expected, "{word}");
        }
        assert_eq!(closest(&"r".repeat(1_000_000), known), None, "long words are not compared");
    }

    #[test]
    fn hints_list_what_is_known() {
        assert_eq!(
            did_you_mean("gat", "keys", ["gate", "region"]),
            "did you mean `gate`? known keys: `gate`, `region`"
        );
        assert_eq!(did_you_mean("colour", "keys", ["gate"]), "known keys: `gate`");
        assert_eq!(did_you_mean("dev", "scopes", []), "there are no known scopes");
        let many: Vec<String> = (0..30).map(|index| format!("name-{index:02}")).collect();
        let hint = did_you_mean("zzz", "accounts", many.iter().map(String::as_str));
        assert!(hint.ends_with("`name-23` and 6 more"), "{hint}");
    }

    #[test]
    fn quoted_values_stay_on_one_short_line() {
        assert_eq!(quoted("a\nb\u{1b}"), "`a\\nb\\u{1b}`");
        assert_eq!(quoted(&"x".repeat(101)), format!("`{}…`", "x".repeat(100)));
        assert_eq!(quoted(&"x".repeat(100)), format!("`{}`", "x".repeat(100)));
    }

    #[test]
    fn errors_show_file_line_column_and_keep_the_hint_apart() {
        let error = YamlError::new("gate.yaml", Mark { line: 3, column: 7 }, "key `x` is not known").with_hint("try y");
        assert_eq!(error.to_string(), "gate.yaml:3:7: key `x` is not known");
        assert_eq!(error.hint(), Some("try y"));
        assert_eq!(error.at(), Mark { line: 3, column: 7 });
    }
}
