//! From text to tree: the limits, and everything that is refused whatever the file is for.

use crate::scalar::resolve;
use crate::{Entry, Field, Mapping, Mark, Node, Value, YamlError, quoted};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};
use std::collections::{HashMap, HashSet};

/// Longest document, in bytes. Files that people write and review stay far below; a larger one was fed by mistake.
pub const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;

/// How many lists and mappings may be open at once. The tree is walked by recursion, so its depth must be bounded; no
/// file of ours needs a tenth of it.
pub const DEPTH_MAX: usize = 64;

/// How many values anchors may keep and aliases repeat in one document, each value inside a list or mapping counted. A
/// few lines of aliases of aliases stand for billions; a file of a thousand accounts that share every list needs a
/// tenth of it.
pub const REPEATED_MAX: usize = 100_000;

/// One parsed file.
#[derive(Debug, Clone)]
pub struct Document {
    /// The name of the file, as errors show it.
    pub file: String,
    /// The value of the whole document.
    pub root: Node,
}

impl Document {
    /// Parses one document. `file_name` is only repeated in errors; nothing is opened.
    ///
    /// # Errors
    /// The first thing that is wrong: not YAML; longer than [`DOCUMENT_BYTES_MAX`] or deeper than [`DEPTH_MAX`]; empty;
    /// an equal key, anchor, alias, tag, directive, merge key, complex or empty key, second document, control or
    /// control or bidirectional character; a number without a JSON form.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, YamlError> {
        Self::read(file_name, text, None)
    }

    /// The same for files in which anchors and aliases of values are allowed. Merge keys (`<<`) and aliases as keys are
    /// refused here too.
    ///
    /// # Errors
    /// Those of [`Document::parse`] but for anchors and aliases; an alias inside the value that it repeats; more than
    /// [`REPEATED_MAX`] repeated values.
    pub fn parse_with_aliases(file_name: &str, text: &str) -> Result<Self, YamlError> {
        Self::read(file_name, text, Some(Anchors::default()))
    }

    fn read(file_name: &str, text: &str, anchors: Option<Anchors>) -> Result<Self, YamlError> {
        let start = Mark { line: 1, column: 1 };
        if text.len() > DOCUMENT_BYTES_MAX {
            let message = format!("file is larger than {DOCUMENT_BYTES_MAX} bytes");
            return Err(YamlError::new(file_name, start, message));
        }
        check_characters(file_name, text)?;
        let end = reeve_json::position(text.as_bytes(), text.len());
        let end = Mark { line: end.line, column: end.column };
        let mut builder = Builder { file: file_name, text, end, parser: Parser::new_from_str(text), anchors };
        let root = builder.document()?;
        Ok(Self { file: file_name.to_owned(), root })
    }

    /// The whole document, for typed reading.
    #[must_use]
    pub fn root(&self) -> Field<'_> {
        Field::document(&self.file, &self.root)
    }
}

/// Whether a scalar may hold the character, once unescaped. Refused is what a terminal or a log would obey or hide, so
/// that a reviewer and the parser see the same text. The rule is `reeve_json::StringRule::Plain`, and the separators
/// that YAML 1.1 takes as line breaks and 1.2 does not.
fn plain(char: char) -> bool {
    match char {
        '\t' | '\n' | '\r' => true,
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' => false,
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => false,
        '\u{2028}' | '\u{2029}' => false,
        '\u{FEFF}' | '\u{FDD0}'..='\u{FDEF}' => false,
        other => u32::from(other) & 0xFFFE != 0xFFFE,
    }
}

fn check_characters(file: &str, text: &str) -> Result<(), YamlError> {
    let mut at = Mark { line: 1, column: 1 };
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        if char == '\u{FEFF}' && at == (Mark { line: 1, column: 1 }) {
            return Err(
                YamlError::new(file, at, "file starts with a byte order mark").with_hint("save it as plain UTF-8")
            );
        }
        if char == '\r' && chars.peek() != Some(&'\n') {
            return Err(YamlError::new(file, at, "carriage return without a line feed")
                .with_hint("end lines with a line feed; most tools show no line break here"));
        }
        if !plain(char) {
            return Err(YamlError::new(file, at, format!("the character U+{:04X} is not allowed", u32::from(char))));
        }
        if char == '\n' {
            at = Mark { line: at.line.saturating_add(1), column: 1 };
        } else {
            at.column = at.column.saturating_add(1);
        }
    }
    Ok(())
}

fn mark(marker: Marker) -> Mark {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Mark { line: number(marker.line()), column: number(marker.col()).saturating_add(1) }
}

/// The anchored values so far, by the parser's number, with how many values each one holds.
#[derive(Default)]
struct Anchors {
    values: HashMap<usize, (Node, usize)>,
    repeated: usize,
}

/// How many values a node holds, itself included, and how many lists and mappings are open at its deepest one.
fn size(node: &Node) -> (usize, usize) {
    let inner: Vec<(usize, usize)> = match &node.value {
        Value::Sequence(items) => items.iter().map(size).collect(),
        Value::Mapping(mapping) => mapping.iter().map(|entry| size(&entry.node)).collect(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String { .. } => return (1, 0),
    };
    let count = inner.iter().map(|(count, _)| count).sum::<usize>();
    (count + 1, inner.iter().map(|(_, depth)| *depth).max().unwrap_or(0) + 1)
}

/// Turns the parser's events into a tree.
struct Builder<'t> {
    file: &'t str,
    text: &'t str,
    /// Just behind the last character.
    end: Mark,
    parser: Parser<'t, StrInput<'t>>,
    /// None where anchors and aliases are refused.
    anchors: Option<Anchors>,
}

impl<'t> Builder<'t> {
    fn error(&self, at: Mark, message: impl Into<String>) -> YamlError {
        YamlError::new(self.file, at, message)
    }

    /// A place of the parser's. Where the last line has no line feed, the parser ends it all the same, and then places
    /// what it misses on a line that is not there.
    fn mark(&self, marker: Marker) -> Mark {
        mark(marker).min(self.end)
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), YamlError> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.not_yaml(&error)),
            // The parser ends with an event of its own, behind which nobody here reads.
            None => Err(self.error(Mark { line: 1, column: 1 }, "not YAML: the file ends early")),
        }
    }

    fn not_yaml(&self, error: &ScanError) -> YamlError {
        let at = self.mark(*error.marker());
        if error.info().contains("unknown anchor") {
            return match self.anchors {
                Some(_) => self.error(at, "the alias has no anchor in front of it"),
                None => self.error(at, "aliases are not supported").with_hint("write the value out"),
            };
        }
        // The parser points to the start of the scalar that runs into the tab.
        let at = if error.info().contains("found a tab") { self.next_tab(*error.marker()).unwrap_or(at) } else { at };
        let error = self.error(at, format!("not YAML: {}", error.info()));
        let line = self.text.lines().nth((at.line as usize).saturating_sub(1)).unwrap_or_default();
        if line.contains('\t') { error.with_hint("use spaces, not tabs") } else { error }
    }

    fn next_tab(&self, from: Marker) -> Option<Mark> {
        let tab =
            self.text.char_indices().skip(from.index()).find(|(_, char)| *char == '\t').map(|(offset, _)| offset)?;
        let position = reeve_json::position(self.text.as_bytes(), tab);
        Some(Mark { line: position.line, column: position.column })
    }

    fn document(&mut self) -> Result<Node, YamlError> {
        let (mut event, mut span) = self.next()?;
        if event == Event::StreamStart {
            (event, span) = self.next()?;
        }
        if event == Event::StreamEnd {
            return Err(self.error(Mark { line: 1, column: 1 }, "the file is empty"));
        }
        if event == Event::DocumentStart(true) {
            self.no_directives(self.mark(span.start))?;
        }
        let (event, span) = self.next()?;
        let root = self.node(event, span, 0)?;
        let (mut event, mut span) = self.next()?;
        if event == Event::DocumentEnd {
            (event, span) = self.next()?;
        }
        if event != Event::StreamEnd {
            return Err(self
                .error(self.mark(span.start), "a second document starts here")
                .with_hint("put each document in a file of its own"));
        }
        Ok(root)
    }

    /// The parser swallows directives: they are looked for in the lines above `---`.
    fn no_directives(&self, document_start: Mark) -> Result<(), YamlError> {
        for (line, text) in (1..document_start.line).zip(self.text.lines()) {
            if text.starts_with('%') {
                return Err(self
                    .error(Mark { line, column: 1 }, "directives are not supported")
                    .with_hint("files are YAML 1.2"));
            }
        }
        Ok(())
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, YamlError> {
        let at = self.mark(span.start);
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.untagged(at, anchor, tag.is_some())?;
                (self.scalar(&text, style, at)?, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.untagged(at, anchor, tag.is_some())?;
                self.deeper(at, depth)?;
                (Value::Sequence(self.sequence(depth + 1)?), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.untagged(at, anchor, tag.is_some())?;
                self.deeper(at, depth)?;
                (Value::Mapping(self.mapping(depth + 1)?), anchor)
            }
            Event::Alias(anchor) => return self.alias(anchor, at, depth),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(self.error(at, "not YAML: expected a value")),
        };
        let node = Node { value, at, anchor: None };
        self.keep(anchor, &node)?;
        Ok(node)
    }

    /// Keeps an anchored value for the aliases behind it.
    fn keep(&mut self, anchor: usize, node: &Node) -> Result<(), YamlError> {
        let (Some(anchors), 1..) = (&mut self.anchors, anchor) else { return Ok(()) };
        let (count, _) = size(node);
        if anchors.repeated.saturating_add(count) > REPEATED_MAX {
            return Err(self.too_many(node.at));
        }
        anchors.repeated += count;
        anchors.values.insert(anchor, (node.clone(), count));
        Ok(())
    }

    fn too_many(&self, at: Mark) -> YamlError {
        self.error(at, format!("anchors and aliases repeat more than {REPEATED_MAX} values"))
    }

    /// The value that an alias repeats.
    fn alias(&mut self, anchor: usize, at: Mark, depth: usize) -> Result<Node, YamlError> {
        let Some(anchors) = &mut self.anchors else {
            return Err(self.error(at, "aliases are not supported").with_hint("write the value out"));
        };
        // The parser knows the anchor from its start on, and the value is here once it has ended.
        let Some((node, count)) = anchors.values.get(&anchor) else {
            return Err(self.error(at, "the alias stands inside the value that it repeats"));
        };
        let count = *count;
        if anchors.repeated.saturating_add(count) > REPEATED_MAX {
            return Err(self.too_many(at));
        }
        anchors.repeated += count;
        let node = Node { value: node.value.clone(), at, anchor: Some(node.anchor.unwrap_or(node.at)) };
        let (_, open) = size(&node);
        if depth + open > DEPTH_MAX {
            return Err(self.error(at, format!("lists and mappings are nested more than {DEPTH_MAX} deep")));
        }
        Ok(node)
    }

    /// Refuses a tag, and an anchor where the document may have none.
    fn untagged(&self, at: Mark, anchor: usize, tagged: bool) -> Result<(), YamlError> {
        self.bare(at, if self.anchors.is_some() { 0 } else { anchor }, tagged)
    }

    /// Refuses what may stand in front of a node.
    fn bare(&self, at: Mark, anchor: usize, tagged: bool) -> Result<(), YamlError> {
        if anchor != 0 {
            return Err(self
                .error(at, "anchors are not supported")
                .with_hint("write the value out wherever it is needed"));
        }
        if tagged {
            return Err(self.error(at, "tags are not supported").with_hint("put the value in quotes if text is meant"));
        }
        Ok(())
    }

    fn deeper(&self, at: Mark, depth: usize) -> Result<(), YamlError> {
        if depth >= DEPTH_MAX {
            return Err(self.error(at, format!("lists and mappings are nested more than {DEPTH_MAX} deep")));
        }
        Ok(())
    }

    fn sequence(&mut self, depth: usize) -> Result<Vec<Node>, YamlError> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(items);
            }
            items.push(self.node(event, span, depth)?);
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Mapping, YamlError> {
        let mut mapping = Mapping::default();
        // A set, since looking through the entries would cost a hostile mapping the square of its length.
        let mut seen = HashSet::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(mapping);
            }
            let (key, key_at) = self.key(event, span)?;
            if !seen.insert(key.clone()) {
                let first = mapping.get(&key).map_or(key_at, |entry| entry.key_at);
                let message = format!("key {} stands twice in one mapping", quoted(&key));
                return Err(self.error(key_at, message).with_hint(format!("it stands first at {first}")));
            }
            let (event, span) = self.next()?;
            let node = self.node(event, span, depth)?;
            mapping.push(Entry { key, key_at, node });
        }
    }

    fn key(&self, event: Event<'t>, span: Span) -> Result<(String, Mark), YamlError> {
        let at = self.mark(span.start);
        let Event::Scalar(text, style, anchor, tag) = event else {
            if matches!(event, Event::Alias(_)) {
                return Err(self.error(at, "aliases are not supported").with_hint("write the value out"));
            }
            return Err(self.error(at, "a key must be a plain word or a string, not a list or a mapping"));
        };
        self.bare(at, anchor, tag.is_some())?;
        if style == ScalarStyle::Plain && text.is_empty() {
            return Err(self.error(at, "a key is missing in front of the colon"));
        }
        if style == ScalarStyle::Plain && text == "<<" {
            return Err(self.error(at, "merge keys are not supported").with_hint("write the values out"));
        }
        if let Some(bad) = text.chars().find(|&char| !plain(char) || char.is_control()) {
            return Err(self.error(at, format!("key holds the character U+{:04X}", u32::from(bad))));
        }
        Ok((text.into_owned(), at))
    }

    fn scalar(&self, text: &str, style: ScalarStyle, at: Mark) -> Result<Value, YamlError> {
        if style == ScalarStyle::Plain {
            return resolve(text).map_err(|refusal| self.error(at, refusal.message).with_hint(refusal.hint));
        }
        if let Some(bad) = text.chars().find(|&char| !plain(char)) {
            return Err(self.error(at, format!("string holds the character U+{:04X}", u32::from(bad))));
        }
        Ok(Value::String { text: text.to_owned(), quoted: true })
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "alias_tests.rs"]
mod alias_tests;
