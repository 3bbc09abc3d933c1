//! The texts that findings point into: from a place to the line, the word that stands there, and columns in other units.

use reeve_model::Place;
use std::collections::BTreeMap;
use std::ops::Range;

/// Texts of files by path, as places name them. A file that is not there has no excerpts and no end positions; findings
/// in it are told all the same.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: BTreeMap<String, Source>,
}

#[derive(Debug, Clone)]
struct Source {
    text: String,
    /// The byte at which each line starts.
    starts: Vec<usize>,
}

impl Sources {
    /// No texts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the text of a file, in place of an earlier one.
    pub fn insert(&mut self, path: impl Into<String>, text: impl Into<String>) {
        let text = text.into();
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(breaks).collect();
        self.files.insert(path.into(), Source { text, starts });
    }

    /// What stands at a place; nothing where the file is unknown or has no such line.
    pub(crate) fn extent(&self, place: &Place) -> Option<Extent<'_>> {
        let source = self.files.get(&place.file)?;
        let start = *source.starts.get(usize::try_from(place.line.checked_sub(1)?).ok()?)?;
        let rest = source.text.get(start..)?;
        let line = rest.split('\n').next().unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let skipped = usize::try_from(place.column.saturating_sub(1)).unwrap_or(usize::MAX);
        let from = line.char_indices().nth(skipped).map_or(line.len(), |(at, _)| at);
        let to = from + word_bytes(line.get(from..).unwrap_or_default());
        Some(Extent { rest, line, bytes: from..to })
    }
}

impl<P: Into<String>, T: Into<String>> FromIterator<(P, T)> for Sources {
    fn from_iter<I: IntoIterator<Item = (P, T)>>(files: I) -> Self {
        let mut sources = Self::new();
        for (path, text) in files {
            sources.insert(path, text);
        }
        sources
    }
}

/// The word at a place: a string with its quotes, a bracket, or what stands up to the next space or sign.
pub(crate) struct Extent<'a> {
    /// The text from the start of the line to the end of the file.
    rest: &'a str,
    /// The line, without its break.
    pub(crate) line: &'a str,
    /// The word in the line; empty at the end of the line, which is also where a column past it is taken to be.
    pub(crate) bytes: Range<usize>,
}

impl Extent<'_> {
    /// Columns of the word in characters, from 1; the end is the first column behind it.
    pub(crate) fn columns(&self) -> Range<u32> {
        self.count(|text| text.chars().count())
    }

    /// The same in UTF-16 code units (SARIF 2.1.0, 3.14.17, `columnKind`).
    pub(crate) fn utf16_columns(&self) -> Range<u32> {
        self.count(|text| text.chars().map(char::len_utf16).sum())
    }

    fn count(&self, units: impl Fn(&str) -> usize) -> Range<u32> {
        let column = |byte: usize| {
            let before = units(self.line.get(..byte).unwrap_or_default());
            u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
        };
        column(self.bytes.start)..column(self.bytes.end)
    }

    /// The text that a finding at this place is about: the whole bracketed value where the place is an opening bracket,
    /// the line everywhere else. Indentation does not count.
    pub(crate) fn context(&self) -> String {
        let value = self.rest.get(self.bytes.start..).unwrap_or_default();
        let text = bracketed(value).unwrap_or(self.line);
        text.lines().map(str::trim).collect::<Vec<_>>().join("\n")
    }
}

/// The length of the word that `rest` starts with.
fn word_bytes(rest: &str) -> usize {
    let Some(first) = rest.chars().next() else { return 0 };
    match first {
        '"' => closed(rest, |inner| inner.starts_with('\\').then_some(2)),
        // Inside single quotes a quote is written twice (YAML 1.2, 7.3.2).
        '\'' => closed(rest, |inner| inner.starts_with("''").then_some(2)),
        '{' | '}' | '[' | ']' | ',' | ':' => 1,
        _ => {
            // A colon ends a plain word only before a space (YAML 1.2, 7.3.3), so that ARNs stay whole.
            let word = rest.split([' ', '\t', ',', '{', '}', '[', ']', '"']).next().unwrap_or_default();
            let word = word.strip_suffix(':').unwrap_or(word);
            word.len().max(first.len_utf8())
        }
    }
}

/// The length of the string that `rest` starts with, quotes included; `escape` tells how many characters stand for one.
fn closed(rest: &str, escape: impl Fn(&str) -> Option<usize>) -> usize {
    let quote = rest.chars().next();
    let mut at = quote.map_or(0, char::len_utf8);
    while let Some(char) = rest.get(at..).and_then(|inner| inner.chars().next()) {
        let taken = rest.get(at..).and_then(&escape);
        if taken.is_none() && Some(char) == quote {
            return at + char.len_utf8();
        }
        let inner = rest.get(at..).unwrap_or_default();
        at += inner.chars().take(taken.unwrap_or(1)).map(char::len_utf8).sum::<usize>();
    }
    rest.len()
}

/// The value from an opening bracket to its partner, or to the end of the text where there is none.
fn bracketed(value: &str) -> Option<&str> {
    if !value.starts_with(['{', '[']) {
        return None;
    }
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, char) in value.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return value.get(..=at);
                }
            }
            _ => {}
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: u32, column: u32) -> Place {
        Place { file: "f".to_owned(), line, column }
    }

    #[test]
    fn a_place_covers_the_word_that_stands_there() {
        for (text, at, word, columns, utf16) in [
            ("\"Effect\": \"Deny\"", (1, 1), "\"Effect\"", 1..9, 1..9),
            ("\"a\\\"b\\\\\": 1", (1, 1), "\"a\\\"b\\\\\"", 1..9, 1..9),
            ("'it''s': 1", (1, 1), "'it''s'", 1..8, 1..8),
            ("\"é\\", (1, 1), "\"é\\", 1..4, 1..4),
            ("\"open", (1, 1), "\"open", 1..6, 1..6),
            ("{\"a\": 1}", (1, 1), "{", 1..2, 1..2),
            ("key: arn:aws:iam::1:root # c", (1, 6), "arn:aws:iam::1:root", 6..25, 6..25),
            ("key: value", (1, 1), "key", 1..4, 1..4),
            ("a\r\nbc\r\n", (2, 1), "bc", 1..3, 1..3),
            ("a\r\nbc\r\n", (2, 9), "", 3..3, 3..3),
            ("a\n", (2, 1), "", 1..1, 1..1),
            // A character beyond the basic plane is one column here and two UTF-16 units.
            ("😀 \"😀x\" y", (1, 3), "\"😀x\"", 3..7, 4..9),
            // A combining mark is a character and a unit of its own.
            ("e\u{301} b", (1, 4), "b", 4..5, 4..5),
            ("\tb", (1, 2), "b", 2..3, 2..3),
            ("", (1, 1), "", 1..1, 1..1),
            ("x", (1, 0), "x", 1..2, 1..2),
            ("x", (1, u32::MAX), "", 2..2, 2..2),
        ] {
            let sources = Sources::from_iter([("f", text)]);
            let extent = sources.extent(&place(at.0, at.1)).expect(text);
            assert_eq!(&extent.line[extent.bytes.clone()], word, "{text:?}");
            assert_eq!((extent.columns(), extent.utf16_columns()), (columns, utf16), "{text:?}");
        }
    }

    #[test]
    fn a_place_past_the_last_line_or_in_an_unknown_file_covers_nothing() {
        let sources = Sources::from_iter([("f", "a\nb")]);
        for (file, line) in [("f", 3), ("f", u32::MAX), ("f", 0), ("g", 1)] {
            let place = Place { file: file.to_owned(), line, column: 1 };
            assert!(sources.extent(&place).is_none(), "{place}");
        }
    }

    #[test]
    fn the_context_is_the_bracketed_value_or_the_line() {
        let text = "[\n  {\n    \"a\": \"}\\\"}\",\n\t\"b\": [1,  2]\n  },\n  {";
        let sources = Sources::from_iter([("f", text)]);
        for (at, context) in [
            ((2, 3), "{\n\"a\": \"}\\\"}\",\n\"b\": [1,  2]\n}"),
            ((3, 5), "\"a\": \"}\\\"}\","),
            ((4, 7), "[1,  2]"),
            ((6, 3), "{"),
        ] {
            assert_eq!(sources.extent(&place(at.0, at.1)).expect("line").context(), context, "{at:?}");
        }
    }
}
