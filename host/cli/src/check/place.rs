//! Places in files, by JSON pointer.

use reeve_json::{Options, StringRule};
use reeve_model::Place;

/// Deepest document that is looked into, levels: as deep as any event.
const DEPTH_MAX: usize = 64;

/// Where the value at a JSON pointer stands in a text; the beginning of the text when it is not there.
#[must_use]
pub(crate) fn within(file: &str, text: &str, pointer: &str) -> Place {
    let options = Options { bytes_max: text.len(), depth_max: DEPTH_MAX, strings: StringRule::Any };
    let node = reeve_json::parse(text.as_bytes(), &options).ok();
    let found = node.as_ref().and_then(|node| node.pointer(pointer));
    let offset = found.map_or(0, |node| node.span.start);
    let position = reeve_json::position(text.as_bytes(), offset);
    Place { file: file.to_owned(), line: position.line, column: position.column }
}

/// The same in a policy, where a single statement may stand without brackets.
#[must_use]
pub(crate) fn in_policy(file: &str, text: &str, pointer: &str) -> Place {
    let found = within(file, text, pointer);
    match pointer.strip_prefix("/Statement/0") {
        Some(rest) if (found.line, found.column) == (1, 1) => within(file, text, &format!("/Statement{rest}")),
        Some(_) | None => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_becomes_a_line() {
        let text = "{\n  \"Statement\": [\n    { \"Sid\": \"x\" }\n  ]\n}\n";
        for (pointer, line, column) in
            [("", 1, 1), ("/Statement", 2, 16), ("/Statement/0/Sid", 3, 14), ("/Nothing", 1, 1)]
        {
            let place = Place { file: "a.json".to_owned(), line, column };
            assert_eq!(within("a.json", text, pointer), place, "{pointer}");
        }
        assert_eq!(within("a.json", "{", "/x").line, 1);
    }
}
