//! `baseline.json`: the findings that stood before anybody looked, so that only new ones count.

use super::fingerprint::{Identified, identify};
use super::{Sources, waivers};
use reeve_json::{Node, Object, Options, StringRule, Value};
use reeve_model::{Digest, Finding, Place, Severity};
use std::collections::BTreeSet;

/// The form of the file. It also stands for the rule of the fingerprints, [`super::fingerprint::RULE`].
const VERSION: i64 = super::fingerprint::RULE;

/// Longest file, in bytes: room for some tens of thousands of findings. Whoever has more turns checks off instead.
pub const BASELINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Nesting of the file, in brackets: the document, its list, an entry.
const DEPTH_MAX: usize = 3;

/// The findings that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// What the file says of each, sorted. Only the fingerprints decide; the rest is for its reviewers.
    entries: BTreeSet<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    file: Option<String>,
    code: String,
    message: String,
    fingerprint: Digest,
}

/// Findings on both sides of a baseline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// What the baseline does not know.
    pub new: Vec<Identified>,
    /// What it knows.
    pub known: Vec<Identified>,
}

impl Baseline {
    /// The baseline in which all these findings are known. Findings about waivers are left out: they ask for an edit of
    /// the waivers, which nothing puts off.
    #[must_use]
    pub fn of(findings: Vec<Finding>, sources: &Sources) -> Self {
        let found = identify(findings, sources);
        Self::known(found.iter())
    }

    pub(crate) fn known<'a>(found: impl Iterator<Item = &'a Identified>) -> Self {
        let entry = |it: &Identified| Entry {
            file: it.finding.place.as_ref().map(|place| place.file.clone()),
            code: it.finding.code.clone(),
            message: it.finding.message.clone(),
            fingerprint: it.fingerprint.clone(),
        };
        Self { entries: found.filter(|it| it.finding.by != waivers::BY).map(entry).collect() }
    }

    /// Tells new findings from known ones; both keep their order.
    #[must_use]
    pub fn apply(&self, findings: Vec<Identified>) -> Applied {
        let known: BTreeSet<&Digest> = self.entries.iter().map(|entry| &entry.fingerprint).collect();
        let is_known = |it: &Identified| it.finding.by != waivers::BY && known.contains(&it.fingerprint);
        let (known, new) = findings.into_iter().partition(is_known);
        Applied { new, known }
    }

    /// The findings that the baseline does not know, in their order.
    #[must_use]
    pub fn without_known(&self, findings: Vec<Finding>, sources: &Sources) -> Vec<Finding> {
        self.apply(identify(findings, sources)).new.into_iter().map(|it| it.finding).collect()
    }

    /// The file: one finding a line, sorted, so that two branches that change it differ in lines.
    #[must_use]
    pub fn to_json(&self) -> String {
        let lines = self.entries.iter().map(|entry| {
            let value = Value::object([
                ("file", Value::from(entry.file.clone())),
                ("code", Value::from(entry.code.as_str())),
                ("message", Value::from(entry.message.as_str())),
                ("fingerprint", Value::from(entry.fingerprint.as_str())),
            ]);
            format!("\n  {}", reeve_json::compact(&value))
        });
        let lines = lines.collect::<Vec<_>>().join(",");
        let end = if lines.is_empty() { "" } else { "\n" };
        format!("{{\"version\": {VERSION}, \"findings\": [{lines}{end}]}}\n")
    }

    /// Reads the file. `file_name` is its path, for places; nothing is opened.
    ///
    /// # Errors
    /// The first thing that is wrong, as the finding `BASELINE_INVALID`.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, Box<Finding>> {
        let wrong = |at: usize, message: String| {
            let at = reeve_json::position(text.as_bytes(), at);
            let place = Place { file: file_name.to_owned(), line: at.line, column: at.column };
            let finding = Finding::new("baseline", "BASELINE_INVALID", Severity::Error, message).at(place);
            Box::new(finding.fix("write the baseline anew"))
        };
        let options = Options { bytes_max: BASELINE_BYTES_MAX, depth_max: DEPTH_MAX, strings: StringRule::Any };
        let root = reeve_json::parse(text.as_bytes(), &options)
            .map_err(|error| wrong(error.offset, format!("the baseline cannot be read: {error}")))?;
        let at = root.span.start;
        let object = root.as_object().ok_or_else(|| wrong(at, "the baseline must be an object".to_owned()))?;
        let version = object.get("version").and_then(|node| node.value.as_i64());
        if version != Some(VERSION) {
            return Err(wrong(at, format!("the baseline must have `version` {VERSION}")));
        }
        let list = object.get("findings").and_then(Node::as_array);
        let list = list.ok_or_else(|| wrong(at, "key `findings` must be a list".to_owned()))?;
        let read = |node: &Node| {
            let entry = node.as_object().and_then(entry);
            entry
                .ok_or_else(|| wrong(node.span.start, "an entry must have `code`, `message`, `fingerprint`".to_owned()))
        };
        Ok(Self { entries: list.iter().map(read).collect::<Result<_, _>>()? })
    }
}

fn entry(object: &Object) -> Option<Entry> {
    let text = |key: &str| object.get(key).and_then(Node::as_str).map(str::to_owned);
    let fingerprint = Digest::parse(object.get("fingerprint")?.as_str()?)?;
    Some(Entry { file: text("file"), code: text("code")?, message: text("message")?, fingerprint })
}
