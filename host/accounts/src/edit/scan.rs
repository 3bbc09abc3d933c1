//! Where keys, scalars and items begin and end in the written text.

use super::Change;
use reeve_yaml::{Document, Mark, Node, Value};

/// How a mapping or list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// By indentation.
    Block,
    /// In braces or brackets.
    Flow,
}

/// A text and where its lines begin.
pub(super) struct Text<'t> {
    text: &'t str,
    lines: Vec<usize>,
}

/// Why a form of writing is left alone.
const FORM: &str = "the text is written in a form that is not edited";

impl<'t> Text<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, lines: std::iter::once(0).chain(breaks).collect() }
    }

    fn from(&self, offset: usize) -> &'t str {
        self.text.get(offset..).unwrap_or_default()
    }

    fn line_start(&self, line: u32) -> usize {
        let index = (line as usize).saturating_sub(1);
        self.lines.get(index).copied().unwrap_or(self.text.len())
    }

    /// The byte at a mark, past an anchor that stands in front of the value.
    fn offset(&self, at: Mark) -> usize {
        let start = self.line_start(at.line);
        let chars = (at.column as usize).saturating_sub(1);
        let inside = self.from(start).char_indices().nth(chars).map_or(self.text.len() - start, |(inside, _)| inside);
        let offset = start + inside;
        let here = self.from(offset);
        if !here.starts_with('&') {
            return offset;
        }
        let name = here.find(char::is_whitespace).unwrap_or(here.len());
        let rest = here.get(name..).unwrap_or_default();
        offset + name + (rest.len() - rest.trim_start().len())
    }

    /// The style of a node, given that of what is around it.
    pub(super) fn style(&self, node: &Node, outer: Style) -> Style {
        let first = self.from(self.offset(node.at)).chars().next();
        if outer == Style::Flow || matches!(first, Some('{' | '[')) { Style::Flow } else { Style::Block }
    }

    /// Where the scalar or key that starts at an offset ends.
    fn scalar_end(&self, start: usize, style: Style) -> Option<usize> {
        let here = self.from(start);
        let length = match here.chars().next()? {
            '"' => {
                let mut escaped = false;
                here.char_indices().skip(1).find_map(|(at, char)| {
                    let ends = char == '"' && !escaped;
                    escaped = char == '\\' && !escaped;
                    ends.then_some(at + 1)
                })?
            }
            '\'' => {
                let mut at = 1;
                loop {
                    at += here.get(at..)?.find('\'')? + 1;
                    if !here.get(at..)?.starts_with('\'') {
                        break at;
                    }
                    at += 1;
                }
            }
            _ => plain_end(here, style),
        };
        Some(start + length)
    }

    /// Another text in place of a scalar, in the same kind of quotes.
    pub(super) fn replace(&self, at: Mark, found: &str, style: Style, with: &str) -> Result<Change, String> {
        let start = self.offset(at);
        let end = self.scalar_end(start, style).ok_or(FORM)?;
        let old = self.text.get(start..end).unwrap_or_default();
        let with = match old.chars().next() {
            Some('"') => in_quotes(with),
            Some('\'') => format!("'{}'", with.replace('\'', "''")),
            // A plain scalar that goes on in the next line, a block scalar, an alias.
            _ if old != found => return Err(FORM.to_owned()),
            _ => written(with),
        };
        Ok(Change { start, end, with })
    }

    /// A first pair or item after an opening brace or bracket.
    pub(super) fn first_in_braces(&self, at: Mark, inside: &str, empty: bool) -> Result<Change, String> {
        let start = self.offset(at) + 1;
        let with = match (empty, self.from(start).starts_with(' ')) {
            (true, _) => inside.to_owned(),
            (false, true) => format!(" {inside},"),
            (false, false) => format!("{inside}, "),
        };
        Ok(Change { start, end: start, with })
    }

    fn line_break(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// A line of its own in front of the key at a mark, indented like it.
    pub(super) fn line_before(&self, key: Mark, line: &str) -> Result<Change, String> {
        let start = self.line_start(key.line);
        let indent = self.text.get(start..self.offset(key)).unwrap_or_default();
        if !indent.bytes().all(|byte| byte == b' ') {
            return Err(FORM.to_owned());
        }
        Ok(Change { start, end: start, with: format!("{indent}{line}{}", self.line_break()) })
    }

    fn item_end(&self, item: &Node, style: Style) -> Result<usize, String> {
        let start = self.offset(item.at);
        let end = self.scalar_end(start, style).ok_or(FORM)?;
        Ok(end)
    }

    /// A further item behind the last one in brackets.
    pub(super) fn after_item(&self, last: &Node, item: &str) -> Result<Change, String> {
        let start = self.item_end(last, Style::Flow)?;
        Ok(Change { start, end: start, with: format!(", {item}") })
    }

    /// The dash and what is in front of it, of an item that has a line of its own.
    fn dash(&self, item: &Node) -> Result<&'t str, String> {
        let start = self.line_start(item.at.line);
        let head = self.text.get(start..self.offset(item.at)).unwrap_or_default();
        let plain =
            head.trim_start_matches(' ').strip_prefix('-').is_some_and(|rest| rest.bytes().all(|byte| byte == b' '));
        if plain { Ok(head) } else { Err(FORM.to_owned()) }
    }

    /// A further item on a line of its own behind the last one.
    pub(super) fn line_after(&self, last: &Node, item: &str) -> Result<Change, String> {
        let head = self.dash(last)?;
        let start = self.line_start(last.at.line + 1);
        let end_of_line = self.line_break();
        // The last line of the file may have no line break.
        let with = if self.text.get(..start).is_some_and(|before| before.ends_with('\n')) {
            format!("{head}{item}{end_of_line}")
        } else {
            format!("{end_of_line}{head}{item}")
        };
        Ok(Change { start, end: start, with })
    }

    /// The line of an item, with its comment.
    pub(super) fn take_line(&self, items: &[Node], place: usize) -> Result<Change, String> {
        let item = items.get(place).ok_or(FORM)?;
        self.dash(item)?;
        let start = self.line_start(item.at.line);
        Ok(Change { start, end: self.line_start(item.at.line + 1), with: String::new() })
    }

    /// An item in brackets, with the comma behind it, or before it where it is the last.
    pub(super) fn take_from_brackets(&self, items: &[Node], place: usize) -> Result<Change, String> {
        let item = items.get(place).ok_or(FORM)?;
        let (start, end) = match (items.get(place + 1), place.checked_sub(1).and_then(|before| items.get(before))) {
            (Some(next), _) => (self.offset(item.at), self.offset(next.at)),
            (None, Some(before)) => (self.item_end(before, Style::Flow)?, self.item_end(item, Style::Flow)?),
            (None, None) => (self.offset(item.at), self.item_end(item, Style::Flow)?),
        };
        Ok(Change { start, end, with: String::new() })
    }
}

/// How long a plain scalar or key is on its line.
fn plain_end(here: &str, style: Style) -> usize {
    let line = here.split(['\n', '\r']).next().unwrap_or_default();
    let mut before = ' ';
    let mut end = line.len();
    let mut chars = line.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        let after = chars.peek().map(|(_, char)| *char);
        let ends_key = char == ':'
            && (after.is_none_or(|char| char == ' ')
                || (style == Style::Flow && after.is_some_and(|char| ",[]{}".contains(char))));
        let comment = char == '#' && before == ' ' && at > 0;
        if ends_key || comment || (style == Style::Flow && ",[]{}".contains(char)) {
            end = at;
            break;
        }
        before = char;
    }
    line.get(..end).unwrap_or_default().trim_end().len()
}

/// A text as it is written in a new place: plain where it reads as that text, else in double quotes.
pub(super) fn written(text: &str) -> String {
    let starts = text.starts_with(|char: char| char.is_ascii_alphabetic());
    let plain = starts && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./@+".contains(&byte));
    let reads = |text: &str| {
        Document::parse("text", text)
            .is_ok_and(|document| matches!(&document.root.value, Value::String { text: read, .. } if read == text))
    };
    if plain && reads(text) { text.to_owned() } else { in_quotes(text) }
}

/// In double quotes. What JSON escapes, YAML reads the same way.
fn in_quotes(text: &str) -> String {
    reeve_json::compact(&reeve_json::Value::from(text))
}
