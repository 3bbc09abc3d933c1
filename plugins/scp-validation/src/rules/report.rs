//! Collects findings: where they stand, how values are quoted, in which order they come out.
//!
//! It must not know any rule.

use super::codes::{self, Code};
use super::{FINDINGS_MAX, Finding, Settings, Severity};
use reeve_json::{Position, escape_pointer_token};

/// The way from the root of the document to a value. It is a chain on the stack, so that nothing is allocated for a
/// value that is fine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Stay,
    Key(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    pub(super) const ROOT: Path<'static> = Path { parent: None, step: Step::Stay };

    pub(super) fn key(&'a self, key: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Step::Key(key) }
    }

    /// The element `index` of a list; the value itself when it is single and has no brackets.
    pub(super) fn item(&'a self, index: Option<usize>) -> Path<'a> {
        Path { parent: Some(self), step: index.map_or(Step::Stay, Step::Index) }
    }

    fn pointer(&self) -> String {
        let mut out = self.parent.map(Path::pointer).unwrap_or_default();
        match self.step {
            Step::Stay => {}
            Step::Key(key) => {
                out.push('/');
                out.push_str(&escape_pointer_token(key));
            }
            Step::Index(index) => {
                out.push('/');
                out.push_str(&index.to_string());
            }
        }
        out
    }
}

/// A finding whose place is still a byte offset.
struct Raw {
    offset: usize,
    finding: Finding,
}

/// The findings so far, and the settings that the checks read.
pub(super) struct Report<'s> {
    pub(super) settings: &'s Settings,
    found: Vec<Raw>,
    sid: Option<String>,
}

impl<'s> Report<'s> {
    pub(super) fn new(settings: &'s Settings) -> Self {
        Self { settings, found: Vec::new(), sid: None }
    }

    /// Says which statement the findings that follow are about.
    pub(super) fn set_sid(&mut self, sid: Option<&str>) {
        self.sid = sid.filter(|sid| !sid.is_empty()).map(str::to_owned);
    }

    /// Adds a finding about the value at `path`, which stands at byte `offset`.
    pub(super) fn add(&mut self, code: Code, path: &Path<'_>, offset: usize, message: String, fix: Option<String>) {
        self.add_as(code.1, code, path, offset, message, fix);
    }

    /// Adds a finding with a severity of its own.
    pub(super) fn add_as(
        &mut self,
        severity: Severity,
        code: Code,
        path: &Path<'_>,
        offset: usize,
        message: String,
        fix: Option<String>,
    ) {
        // Twice the maximum leaves room for the order of the text to differ a little from the order of the checks; past
        // that, findings are not even kept.
        if self.found.len() >= 2 * FINDINGS_MAX {
            return;
        }
        // The true position is counted once, for all findings together, in `finish`.
        let position = Position { line: 1, column: 1 };
        let finding =
            Finding { code: code.0, severity, message, pointer: path.pointer(), position, fix, sid: self.sid.clone() };
        self.found.push(Raw { offset, finding });
    }

    /// Gives the last finding a pointer that comes as text already: the one of a parse error.
    pub(super) fn set_last_pointer(&mut self, pointer: &str) {
        if let Some(raw) = self.found.last_mut() {
            pointer.clone_into(&mut raw.finding.pointer);
        }
    }

    /// The findings in the order of the text; those at one place in the order of [`codes::CODES`].
    pub(super) fn finish(self, text: &str) -> Vec<Finding> {
        let mut found = self.found;
        let rank = |code: &str| codes::CODES.iter().position(|(name, _, _)| *name == code);
        found.sort_by_cached_key(|raw| {
            (raw.offset, rank(raw.finding.code), raw.finding.pointer.clone(), raw.finding.message.clone())
        });
        found.truncate(FINDINGS_MAX);
        let mut cursor = Cursor { text, at: 0, position: Position { line: 1, column: 1 } };
        found.into_iter().map(|raw| Finding { position: cursor.advance(raw.offset), ..raw.finding }).collect()
    }
}

/// Counts lines and columns in one pass over the text: one call per finding from the start of the text would cost the
/// product of both.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
    position: Position,
}

impl Cursor<'_> {
    fn advance(&mut self, offset: usize) -> Position {
        let passed = self.text.get(self.at..offset.min(self.text.len())).unwrap_or_default();
        for char in passed.chars() {
            if char == '\n' {
                self.position = Position { line: self.position.line.saturating_add(1), column: 1 };
            } else {
                self.position.column = self.position.column.saturating_add(1);
            }
        }
        self.at += passed.len();
        self.position
    }
}

/// How much of a value of the document is repeated in a message, in characters; enough for any ARN in practice.
const QUOTED_CHARS_MAX: usize = 100;

/// A value of the document in backticks: escaped, so that it cannot break a line or the quotes, and cut when long.
pub(super) fn quote(value: &str) -> String {
    let mut out = String::from("`");
    for (count, char) in value.chars().enumerate() {
        if count == QUOTED_CHARS_MAX {
            out.push('…');
            break;
        }
        match char {
            '`' => out.push('\''),
            '"' | '\'' => out.push(char),
            other => out.extend(other.escape_debug()),
        }
    }
    out.push('`');
    out
}
