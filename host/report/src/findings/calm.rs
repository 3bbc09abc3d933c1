//! Strangers' texts on their way to a terminal or to the log of a CI job.

use reeve_model::text::shown;
use std::ops::Range;

/// Longest text of a finding that is shown, characters: a message, a fix, a path.
const TEXT_CHARS_MAX: usize = 2_000;

/// How much of a long line is shown before and behind the place, characters: more than a terminal is wide, and little
/// enough that a document on one line of a megabyte costs nothing.
const BEFORE_CHARS_MAX: usize = 120;
const BEHIND_CHARS_MAX: usize = 280;

/// A text on one line, without anything that a terminal obeys or hides, and without what the runner of GitHub Actions
/// obeys in a log: `##[` anywhere in a line, `::` where a line begins (`ActionCommand.TryParse` and `TryParseV2` in
/// actions/runner).
pub(crate) fn calm(text: &str) -> String {
    let long = text.chars().nth(TEXT_CHARS_MAX).is_some();
    let text = shown(text, TEXT_CHARS_MAX).replace("##[", "##\\u{5b}");
    let begins = text.trim_start().starts_with("::");
    let text = if begins { text.replacen("::", "\\u{3a}:", 1) } else { text };
    if long { format!("{text}…") } else { text }
}

/// The part of a line around a span, calm, and where the span is in it. Tabs stay for the renderer to widen.
pub(crate) fn calm_line(line: &str, span: &Range<usize>) -> (String, Range<usize>) {
    let head = line.get(..span.start).unwrap_or_default();
    let middle = line.get(span.clone()).unwrap_or_default();
    let tail = line.get(span.end..).unwrap_or_default();
    let skipped = head.chars().count().saturating_sub(BEFORE_CHARS_MAX);
    let mut out = String::new();
    if skipped > 0 {
        out.push('…');
    }
    out.push_str(&tabbed(head.chars().skip(skipped), BEFORE_CHARS_MAX));
    let start = out.len();
    out.push_str(&tabbed(middle.chars(), BEHIND_CHARS_MAX));
    let end = out.len();
    out.push_str(&tabbed(tail.chars(), BEHIND_CHARS_MAX));
    if middle.chars().nth(BEHIND_CHARS_MAX).or(tail.chars().nth(BEHIND_CHARS_MAX)).is_some() {
        out.push('…');
    }
    // As many bytes as before, so that the span stays where it is.
    (out.replace("##[", "# ["), start..end)
}

fn tabbed(chars: impl Iterator<Item = char>, chars_max: usize) -> String {
    let calm = |char: char| if char == '\t' { "\t".to_owned() } else { shown(char.encode_utf8(&mut [0; 4]), 1) };
    chars.take(chars_max).map(calm).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lose_what_terminals_and_runners_obey() {
        for (text, expected) in [
            ("plain é 😀", "plain é 😀"),
            ("a\nb\t\u{1b}[1m\u{202e}", "a\\nb\\t\\u{1b}[1m\\u{202e}"),
            ("x ##[add-path]y", "x ##\\u{5b}add-path]y"),
            ("###[a]", "###\\u{5b}a]"),
            (" ::error::x", " \\u{3a}:error::x"),
            (":::", "\\u{3a}::"),
            ("a::b", "a::b"),
        ] {
            assert_eq!(calm(text), expected, "{text:?}");
        }
        assert_eq!(calm(&"x".repeat(TEXT_CHARS_MAX)), "x".repeat(TEXT_CHARS_MAX));
        assert_eq!(calm(&"x".repeat(TEXT_CHARS_MAX + 1)), format!("{}…", "x".repeat(TEXT_CHARS_MAX)));
    }

    #[test]
    fn a_span_stays_on_its_text() {
        let (before, behind) = (BEFORE_CHARS_MAX, BEHIND_CHARS_MAX);
        let long = format!("{}bad{}", "x".repeat(before + 1), "y".repeat(behind + 1));
        let fits = format!("{}bad{}", "x".repeat(before), "y".repeat(behind));
        let cut = format!("…{}bad{}…", "x".repeat(before), "y".repeat(behind));
        for (line, at, text, word) in [
            ("a bad b", 2, "a bad b", "bad"),
            ("\u{202e}bad", 3, "\\u{202e}bad", "bad"),
            ("\tbad", 1, "\tbad", "bad"),
            ("##[bad", 3, "# [bad", "bad"),
            ("##[##", 1, "# [##", " [#"),
            (&long, before + 1, &cut, "bad"),
            (&fits, before, &fits, "bad"),
        ] {
            let (shown, span) = calm_line(line, &(at..at + 3));
            assert_eq!((shown.as_str(), shown.get(span)), (text, Some(word)), "{line:?}");
        }
    }
}
