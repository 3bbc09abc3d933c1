//! Every refusal with its place, the limits at their edges, and what is accepted.

use super::*;
use proptest::prelude::*;

#[track_caller]
fn refused(text: &str) -> (String, Option<String>) {
    let error = Document::parse("t.yaml", text).expect_err(text);
    (error.to_string(), error.hint)
}

const WRITE_OUT: &str = "write the value out";
const WRITE_ANCHOR: &str = "write the value out wherever it is needed";
const TAG: &str = "put the value in quotes if text is meant";
const FILE: &str = "put each document in a file of its own";
const TABS: &str = "use spaces, not tabs";

/// Text, place and message, hint (empty for none).
const REFUSED: &[(&str, &str, &str)] = &[
    ("a: 1\nb:\n  c: 1\n  c: 2\n", "4:3: key `c` stands twice in one mapping", "it stands first at 3:3"),
    ("{a: 1, \"a\": 2}", "1:8: key `a` stands twice in one mapping", "it stands first at 1:2"),
    ("1: a\n'1': b\n", "2:1: key `1` stands twice in one mapping", "it stands first at 1:1"),
    ("a: &x 1\n", "1:4: anchors are not supported", WRITE_ANCHOR),
    ("a: &x\n  b: 1\n", "1:4: anchors are not supported", WRITE_ANCHOR),
    ("a: &x [1]\n", "1:4: anchors are not supported", WRITE_ANCHOR),
    ("&x a: 1\n", "1:1: anchors are not supported", WRITE_ANCHOR),
    ("a: *x\n", "1:4: aliases are not supported", WRITE_OUT),
    ("*x : a\n", "1:1: aliases are not supported", WRITE_OUT),
    ("a: !!str 1\n", "1:4: tags are not supported", TAG),
    ("a: ! 1\n", "1:4: tags are not supported", TAG),
    ("a: !env [X]\n", "1:4: tags are not supported", TAG),
    ("- !!map {a: 1}\n", "1:3: tags are not supported", TAG),
    ("!!str a: 1\n", "1:1: tags are not supported", TAG),
    ("a: 1\n---\nb: 2\n", "2:1: a second document starts here", FILE),
    ("a: 1\n...\nb: 2\n", "3:1: a second document starts here", FILE),
    ("---\na: 1\n---\n", "3:1: a second document starts here", FILE),
    ("# x\n%YAML 1.1\n---\na: 1\n", "2:1: directives are not supported", "files are YAML 1.2"),
    ("? [a]\n: b\n", "1:3: a key must be a plain word or a string, not a list or a mapping", ""),
    ("{{a: 1}: b}\n", "1:2: a key must be a plain word or a string, not a list or a mapping", ""),
    (": a\n", "1:1: a key is missing in front of the colon", ""),
    ("a: 1\n? ", "2:3: a key is missing in front of the colon", ""),
    ("<<: {a: 1}\n", "1:1: merge keys are not supported", "write the values out"),
    ("\"a\\nb\": 1\n", "1:1: key holds the character U+000A", ""),
    ("a: \"\\0\"\n", "1:4: string holds the character U+0000", ""),
    ("a: \"\\u202e\"\n", "1:4: string holds the character U+202E", ""),
    ("é: \"\u{202e}\"\n", "1:5: the character U+202E is not allowed", ""),
    ("a: b\n# \u{1b}[2J\n", "2:3: the character U+001B is not allowed", ""),
    ("a: b\u{2028}c: d\n", "1:5: the character U+2028 is not allowed", ""),
    ("a: \u{feff}b\n", "1:4: the character U+FEFF is not allowed", ""),
    ("\u{feff}a: b\n", "1:1: file starts with a byte order mark", "save it as plain UTF-8"),
    (
        "# a\rb: c\n",
        "1:4: carriage return without a line feed",
        "end lines with a line feed; most tools show no line break here",
    ),
    ("", "1:1: the file is empty", ""),
    ("# only a comment\n", "1:1: the file is empty", ""),
    ("a: [9223372036854775808]\n", "1:5: number outside the 64-bit ranges", TAG),
    ("a: .nan\n", "1:4: infinite numbers and NaN are not supported", TAG),
    ("a: @b\n", "1:4: not YAML: unexpected character: `@'", ""),
    ("a: b\n\tc: d\n", "2:1: not YAML: while scanning a plain scalar, found a tab", TABS),
    ("a:\tb: c\n", "1:4: not YAML: ':' must be followed by a valid YAML whitespace", TABS),
    ("a: [1,\n\n2\n", "3:1: not YAML: invalid indentation in flow construct", ""),
    ("a:\n\tb: c\n", "2:2: not YAML: tabs disallowed within this context (block indentation)", TABS),
];

#[test]
fn every_refusal_names_its_place() {
    for &(text, message, hint) in REFUSED {
        let (shown, hinted) = refused(text);
        assert_eq!(
            (shown.as_str(), hinted.as_deref().unwrap_or("")),
            (format!("t.yaml:{message}").as_str(), hint),
            "{text:?}"
        );
    }
}

#[test]
fn one_start_and_one_end_are_fine() {
    for text in ["a: 1", "---\na: 1\n", "a: 1\n...\n", "# x\n---\n# y\na: 1\n...\n# z\n", "a: 1\r\n"] {
        let document = Document::parse("t.yaml", text).expect(text);
        assert_eq!(document.root.to_json(), reeve_json::Value::object([("a", 1_i64)]), "{text:?}");
    }
    assert_eq!(Document::parse("t.yaml", "---\n").expect("null").root.value, Value::Null);
}

#[test]
fn values_and_keys_know_where_they_stand() {
    let text = "# c\nä:  ü\nlist:\n  - x\n  - {k: [1, \"y\"]}\nempty:\ntext: |\n  t\n";
    let document = Document::parse("t.yaml", text).expect("valid");
    let mapping = document.root.value.as_mapping().expect("mapping");
    let places: Vec<String> =
        mapping.iter().map(|entry| format!("{} {} {}", entry.key, entry.key_at, entry.node.at)).collect();
    assert_eq!(places, ["ä 2:1 2:5", "list 3:1 4:3", "empty 6:1 6:6", "text 7:1 8:3"]);
    let items = mapping.get("list").and_then(|entry| entry.node.value.as_sequence()).expect("list");
    assert_eq!((items[0].at.to_string(), items[1].at.to_string()), ("4:5".to_owned(), "5:5".to_owned()));
    let inner = items[1].value.as_mapping().expect("mapping").get("k").expect("k");
    assert_eq!((inner.key_at.to_string(), inner.node.at.to_string()), ("5:6".to_owned(), "5:9".to_owned()));
    assert_eq!(inner.node.value.as_sequence().expect("list")[1].at.to_string(), "5:13");
}

#[test]
fn quotes_are_remembered_and_keys_are_text() {
    let document = Document::parse("t.yaml", "012: no\ntrue: 'no'\n5: >\n  x\n").expect("valid");
    let seen: Vec<(String, Value)> = document
        .root
        .value
        .as_mapping()
        .expect("mapping")
        .iter()
        .map(|entry| (entry.key.clone(), entry.node.value.clone()))
        .collect();
    assert!(matches!(&seen[0], (key, Value::String { text, quoted: false }) if key == "012" && text == "no"));
    assert!(matches!(&seen[1], (key, Value::String { text, quoted: true }) if key == "true" && text == "no"));
    assert!(matches!(&seen[2], (key, Value::String { text, quoted: true }) if key == "5" && text == "x\n"));
}

#[test]
fn depth_holds_at_its_edge() {
    let flow = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Document::parse("t.yaml", &flow(DEPTH_MAX)).is_ok());
    assert_eq!(refused(&flow(DEPTH_MAX + 1)).0, "t.yaml:1:65: lists and mappings are nested more than 64 deep");
    let block = |depth: usize| (0..depth).map(|level| format!("{}a:\n", " ".repeat(level))).collect::<String>();
    assert!(Document::parse("t.yaml", &block(DEPTH_MAX)).is_ok());
    assert_eq!(refused(&block(DEPTH_MAX + 1)).0, "t.yaml:65:65: lists and mappings are nested more than 64 deep");
    for opener in ["[", "- ", "? ", "{a: ", "[{a: "] {
        assert!(Document::parse("t.yaml", &opener.repeat(10_000)).is_err(), "{opener}");
    }
}

#[test]
fn size_holds_at_its_edge() {
    let text = |bytes: usize| format!("a: {}", "x".repeat(bytes - 3));
    assert!(Document::parse("t.yaml", &text(DOCUMENT_BYTES_MAX)).is_ok());
    assert_eq!(refused(&text(DOCUMENT_BYTES_MAX + 1)).0, "t.yaml:1:1: file is larger than 1048576 bytes");
}

/// A line of pieces that open, close or continue something.
const LINE: &str = "[ ]{0,4}(a:|- |\\? |: |\\||>|---|\\.\\.\\.|b|\"|'|\\[|\\]|\\{|\\}|, |#|é){1,4}";

proptest! {
    #[test]
    fn never_panics(text in "[a-b0-9:,\\[\\]{}\"'#&*!|>?%@~ \\t\\n._-]{0,60}") {
        let _ = Document::parse("t.yaml", &text);
    }

    #[test]
    fn never_panics_on_lines(lines in prop::collection::vec(LINE, 0..8)) {
        let _ = Document::parse("t.yaml", &lines.join("\n"));
    }

    #[test]
    fn quoted_strings_read_back(text in "[ -~\u{e9}\u{4e2d}]{0,20}") {
        let document = Document::parse("t.yaml", &format!("a: '{}'", text.replace('\'', "''"))).expect("valid");
        let root = document.root.to_json();
        prop_assert_eq!(root, reeve_json::Value::object([("a", text)]));
    }
}
