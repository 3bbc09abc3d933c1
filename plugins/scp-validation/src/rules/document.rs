//! The document as a whole: JSON, size, and the elements of the policy object.
//!
//! It must not know what a statement is made of.

use super::codes;
use super::report::{Path, Report, quote};
use super::text::nearest;
use super::{DOCUMENT_BYTES_MAX, secrets, shape, statement, table};
use reeve_json::{ErrorKind, Node, Object, Options, ParseError, StringRule, Value};
use reeve_scp::table::ActionTable;
use std::collections::BTreeSet;

/// The only version an SCP may have ("SCP syntax", Version element).
const VERSION: &str = "2012-10-17";

/// Open arrays and objects at once. An SCP needs six, the deepest documented policy type about a dozen.
const DEPTH_MAX: usize = 64;

/// A document longer than this part of the quota has no room for an emergency edit, in percent.
const NEAR_QUOTA_PERCENT: usize = 90;

/// The elements of the policy object ("Grammar of the IAM JSON policy language").
const ELEMENTS: [&str; 3] = ["Version", "Id", "Statement"];

/// Reads the text of one document.
pub(super) fn read(text: &str) -> Result<Node, ParseError> {
    // Control and reordering characters are refused: a policy must mean what a reviewer sees.
    let options = Options { bytes_max: DOCUMENT_BYTES_MAX, depth_max: DEPTH_MAX, strings: StringRule::Plain };
    reeve_json::parse(text.as_bytes(), &options)
}

/// Checks the text of one document, as of `now` (RFC 3339).
pub(super) fn check(text: &str, now: Option<&str>, report: &mut Report<'_>) {
    let root = match read(text) {
        Ok(root) => root,
        Err(error) => return refuse(text, &error, report),
    };
    let Some(policy) = root.as_object() else {
        let message = format!("the document is one {}, AWS takes exactly one JSON object", root.value.type_name());
        let fix = "send one object with `Version` and `Statement`".to_owned();
        return report.add(codes::NOT_SINGLE_OBJECT, &Path::ROOT, root.span.start, message, Some(fix));
    };
    if shape::other_type(&root, policy, report) {
        return;
    }
    size(text, report);
    secrets::check(&root, &Path::ROOT, report);
    elements(&root, policy, report);
    known_to_aws(policy, now, report);
}

/// The rules of the action table, if there is one. Settings hold no text that is none; one that is, says nothing.
fn known_to_aws(policy: &Object, now: Option<&str>, report: &mut Report<'_>) {
    let settings = report.settings;
    let Some(Ok(actions)) = settings.actions.as_deref().map(ActionTable::parse) else { return };
    let stale = now.is_some_and(|now| table::is_stale(&actions, now, settings.table_max_age_days));
    table::check(policy, &actions, stale, report);
}

/// The one finding for a text that is not one JSON value.
fn refuse(text: &str, error: &ParseError, report: &mut Report<'_>) {
    let rest = text.get(error.offset..).unwrap_or_default();
    let (code, message, fix) = match &error.kind {
        ErrorKind::DuplicateKey(key) => (
            codes::JSON_DUPLICATE_KEY,
            format!("key {} stands twice in one object, one of the two would be dropped silently", quote(key)),
            Some("merge the two values or put the second one into a statement of its own".to_owned()),
        ),
        ErrorKind::TooLarge => {
            let message = format!(
                "the document has {} bytes, more than any SCP can have (quota: {} characters)",
                text.len(),
                report.settings.size_quota_chars
            );
            (codes::SIZE_QUOTA, message, Some("split the policy".to_owned()))
        }
        ErrorKind::TrailingData if rest.trim_start_matches([',', ' ', '\t', '\r', '\n']).starts_with(['{', '[']) => (
            codes::NOT_SINGLE_OBJECT,
            "a second JSON value follows the first, AWS takes exactly one JSON object".to_owned(),
            Some("put all statements into the `Statement` list of one object".to_owned()),
        ),
        ErrorKind::Syntax(_) if rest.starts_with("//") || rest.starts_with("/*") || rest.starts_with('#') => {
            (codes::JSON_SYNTAX, format!("{error}; JSON has no comments"), Some("remove the comment".to_owned()))
        }
        ErrorKind::Syntax(_) if rest.starts_with("${") => {
            let message = format!("{error}; a template was left in outside a string");
            (codes::JSON_SYNTAX, message, Some("replace the template by the real value".to_owned()))
        }
        ErrorKind::Syntax(_)
        | ErrorKind::UnexpectedEnd
        | ErrorKind::TooDeep
        | ErrorKind::NumberRange
        | ErrorKind::BadString(_)
        | ErrorKind::TrailingData
        | ErrorKind::BadEncoding(_) => (codes::JSON_SYNTAX, error.to_string(), None),
    };
    let offset = if code == codes::SIZE_QUOTA { 0 } else { error.offset };
    report.add(code, &Path::ROOT, offset, message, fix);
    report.set_last_pointer(&error.pointer);
}

/// The rules on length ("Quotas for AWS Organizations"; every character that is sent counts).
fn size(text: &str, report: &mut Report<'_>) {
    let quota = report.settings.size_quota_chars;
    let (white, first) = white_outside_strings(text);
    let written = text.chars().count();
    let small = written.saturating_sub(white);
    // What people write is minified on its way.
    let (chars, white, first) = if report.settings.minified_later { (small, 0, None) } else { (written, white, first) };
    if chars > quota {
        let message = format!("the document has {chars} characters, the quota is {quota}: AWS refuses it");
        let fix = if small <= quota {
            format!("minify the document to {small} characters")
        } else {
            format!("split the policy, it has {small} characters even without white space")
        };
        report.add(codes::SIZE_QUOTA, &Path::ROOT, 0, message, Some(fix));
    } else if chars.saturating_mul(100) > quota.saturating_mul(NEAR_QUOTA_PERCENT) {
        let message = format!("the document has {chars} of {quota} characters, no room for an emergency edit");
        let fix = (white > 0).then(|| format!("minify the document to {small} characters"));
        report.add(codes::SIZE_NEAR_QUOTA, &Path::ROOT, 0, message, fix);
    }
    let bytes = text.len().saturating_sub(written.saturating_sub(chars));
    if chars <= quota && bytes > quota {
        let message = format!("the document has {bytes} bytes in {chars} characters, AWS may count {quota} bytes");
        let fix = "use ASCII characters only".to_owned();
        report.add(codes::BYTES_OVER_QUOTA, &Path::ROOT, 0, message, Some(fix));
    }
    if let Some(offset) = first {
        let message = format!("{white} characters of white space outside strings count against the quota");
        let fix = format!("minify the document to {small} characters before it is sent");
        report.add(codes::NOT_MINIFIED, &Path::ROOT, offset, message, Some(fix));
    }
}

/// How many white space characters stand outside strings, and the byte offset of the first. The text is valid JSON.
fn white_outside_strings(text: &str) -> (usize, Option<usize>) {
    let (mut in_string, mut escaped, mut count, mut first) = (false, false, 0, None);
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b' ' | b'\t' | b'\r' | b'\n' if !in_string => {
                count += 1;
                first = first.or(Some(offset));
            }
            _ => {}
        }
    }
    (count, first)
}

fn elements(root: &Node, policy: &Object, report: &mut Report<'_>) {
    let path = Path::ROOT;
    for member in policy {
        match member.key.as_str() {
            "Version" => version(&member.value, &path.key("Version"), report),
            "Statement" => statements(&member.value, &path.key("Statement"), report),
            "Id" => {
                let message = "`Id` is for resource-based policies, in an SCP it has no meaning".to_owned();
                let fix = Some("remove `Id`".to_owned());
                report.add(codes::ID_ELEMENT, &path.key("Id"), member.key_span.start, message, fix);
            }
            other => unknown_element(other, &path.key(other), member.key_span.start, &ELEMENTS, report),
        }
    }
    if policy.get("Version").is_none() {
        let message = "the policy has no `Version`, AWS asks for it and takes policy variables literally without it";
        let fix = Some(format!("add `\"Version\":\"{VERSION}\"`"));
        report.add(codes::MISSING_VERSION, &path, root.span.start, message.to_owned(), fix);
    }
    if policy.get("Statement").is_none() {
        let message = "the policy has no `Statement`, it decides nothing".to_owned();
        let fix = Some("add `Statement` with at least one statement".to_owned());
        report.add(codes::MISSING_STATEMENT, &path, root.span.start, message, fix);
    }
}

/// Reports an element that the grammar does not have; names are case-sensitive.
pub(super) fn unknown_element(key: &str, path: &Path<'_>, offset: usize, known: &[&str], report: &mut Report<'_>) {
    let message = format!("{} is no element of the policy language, the rule loses what it says", quote(key));
    let fix = match nearest(key, known.iter().copied()) {
        Some(word) => format!("write `{word}`"),
        None => format!("remove it; known here: `{}`", known.join("`, `")),
    };
    report.add(codes::UNKNOWN_ELEMENT, path, offset, message, Some(fix));
}

/// Reports a value of a JSON type that its element does not take.
pub(super) fn data_type(node: &Node, path: &Path<'_>, what: &str, expected: &str, report: &mut Report<'_>) {
    let message = format!("{what} is one JSON {}, AWS takes {expected}", node.value.type_name());
    report.add(codes::DATA_TYPE, path, node.span.start, message, Some(format!("write {expected}")));
}

fn version(node: &Node, path: &Path<'_>, report: &mut Report<'_>) {
    match node.as_str() {
        Some(VERSION) => {}
        Some(other) => {
            let message = format!("version {} is not `{VERSION}`, the only one an SCP may have", quote(other));
            let fix = Some(format!("write `{VERSION}`"));
            report.add(codes::INVALID_VERSION, path, node.span.start, message, fix);
        }
        None => data_type(node, path, "`Version`", "a string", report),
    }
}

fn statements(node: &Node, path: &Path<'_>, report: &mut Report<'_>) {
    // Sids are compared over the whole document.
    let mut sids = BTreeSet::new();
    match &node.value {
        Value::Object(object) => statement::check(node, object, path, &mut sids, report),
        Value::Array(list) if list.is_empty() => {
            let message = "`Statement` is an empty list, the policy decides nothing".to_owned();
            let fix = Some("add at least one statement".to_owned());
            report.add(codes::MISSING_STATEMENT, path, node.span.start, message, fix);
        }
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                let path = path.item(Some(index));
                match item.as_object() {
                    Some(object) => statement::check(item, object, &path, &mut sids, report),
                    None => data_type(item, &path, "a statement", "an object", report),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            data_type(node, path, "`Statement`", "an object or a list of objects", report);
        }
    }
}
