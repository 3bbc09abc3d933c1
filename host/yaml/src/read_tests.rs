//! Every accessor: what it takes, and each error with message, place and hint.

use super::*;
use crate::Document;

/// Reads the value of `a` in a file `a: <text>` and shows the error with its hint.
#[track_caller]
fn shown<T: std::fmt::Debug>(text: &str, read: impl Fn(Field<'_>) -> Result<T, YamlError>) -> (String, String) {
    let document = Document::parse("t.yaml", &format!("a: {text}\n")).expect(text);
    let mut map = document.root().mapping().expect(text);
    let error = read(map.required("a").expect("a")).expect_err(text);
    (error.to_string(), error.hint.unwrap_or_default())
}

/// Reads the value of `a` in a file `a: <text>`.
#[track_caller]
fn read<T>(text: &str, read: impl Fn(Field<'_>) -> Result<T, YamlError>) -> T {
    let document = Document::parse("t.yaml", &format!("a: {text}\n")).expect(text);
    let mut map = document.root().mapping().expect(text);
    read(map.required("a").expect("a")).expect(text)
}

#[track_caller]
fn check<T: std::fmt::Debug>(read: impl Fn(Field<'_>) -> Result<T, YamlError>, table: &[(&str, &str, &str)]) {
    for (text, message, hint) in table {
        let (error, hinted) = shown(text, &read);
        assert_eq!((error, hinted), (format!("t.yaml:1:4: {message}"), (*hint).to_owned()), "{text}");
    }
}

#[test]
fn strings() {
    for text in ["x", "'x'", "\"x\""] {
        assert_eq!(read(text, |field| field.string().map(str::to_owned)), "x");
    }
    assert_eq!(read("no", |field| field.string().map(str::to_owned)), "no");
    let quotes = "put the value in quotes";
    check(
        |field| field.string().map(str::to_owned),
        &[
            ("1", "`a` must be a string, found an integer", quotes),
            ("1.10", "`a` must be a string, found a decimal number", quotes),
            ("true", "`a` must be a string, found a boolean", quotes),
            ("[]", "`a` must be a string, found a list", ""),
            ("{}", "`a` must be a string, found a mapping", ""),
        ],
    );
    assert_eq!(shown("", |field| field.string().map(str::to_owned)).0, "t.yaml:1:2: `a` must be a string, found null");
}

#[test]
fn booleans() {
    assert!(read("true", |field| field.bool()));
    check(
        |field| field.bool(),
        &[
            ("yes", "`a` must be a boolean, found a string", "write `true`"),
            ("On", "`a` must be a boolean, found a string", "write `true`"),
            ("no", "`a` must be a boolean, found a string", "write `false`"),
            ("'false'", "`a` must be a boolean, found a string", "write `false`"),
            ("maybe", "`a` must be a boolean, found a string", ""),
            ("1", "`a` must be a boolean, found an integer", ""),
        ],
    );
}

#[test]
fn integers() {
    assert_eq!(read("5_000_000", |field| field.integer(0..=i64::MAX)), 5_000_000);
    assert_eq!((read("1", |field| field.integer(1..=2)), read("2", |field| field.integer(1..=2))), (1, 2));
    let digits = "write digits without leading zeros, if grouped then by threes: `5_000_000`";
    check(
        |field| field.integer(1..=100),
        &[
            ("0", "`a` must be from 1 to 100, found `0`", ""),
            ("101", "`a` must be from 1 to 100, found `101`", ""),
            ("'5'", "`a` must be an integer, found a string", "write it without quotes"),
            ("007", "`a` must be an integer, found a string", digits),
            ("5_00", "`a` must be an integer, found a string", digits),
            ("many", "`a` must be an integer, found a string", ""),
            ("1.0", "`a` must be an integer, found a decimal number", ""),
            ("[1]", "`a` must be an integer, found a list", ""),
        ],
    );
    check(|field| field.integer(0..=i64::MAX), &[("-1", "`a` must be at least 0, found `-1`", "")]);
}

#[test]
fn byte_sizes() {
    for (text, bytes) in [
        ("0B", 0),
        ("512B", 512),
        ("64KiB", 65_536),
        ("16MiB", 16_777_216),
        ("'2GiB'", 2_147_483_648),
        ("17179869183GiB", 17_179_869_183 << 30),
    ] {
        assert_eq!(read(text, |field| field.bytes()), bytes, "{text}");
    }
    let hint = "write digits and `B`, `KiB`, `MiB` or `GiB`, such as `16MiB`";
    check(
        |field| field.bytes(),
        &[
            ("16", "`a` must be a size in bytes, found an integer", hint),
            ("16MB", "`a` must be a size in bytes, found `16MB`", hint),
            ("16 MiB", "`a` must be a size in bytes, found `16 MiB`", hint),
            ("1.5MiB", "`a` must be a size in bytes, found `1.5MiB`", hint),
            ("016MiB", "`a` must be a size in bytes, found `016MiB`", hint),
            ("-1MiB", "`a` must be a size in bytes, found `-1MiB`", hint),
            ("MiB", "`a` must be a size in bytes, found `MiB`", hint),
            ("''", "`a` must be a size in bytes, found ``", hint),
            ("17179869184GiB", "`a` must be a size in bytes, found `17179869184GiB`", hint),
        ],
    );
}

#[test]
fn account_ids() {
    assert_eq!(read("'012345678901'", |field| field.account_id().map(str::to_owned)), "012345678901");
    let hint = "put the account id in quotes, or leading zeros get lost";
    check(
        |field| field.account_id().map(str::to_owned),
        &[
            ("111122223333", "`a` must be an account id in quotes", hint),
            ("012345678901", "`a` must be an account id in quotes", hint),
            ("1e3", "`a` must be an account id in quotes", hint),
            ("'12345'", "`a` must be an account id of 12 digits, found `12345`", ""),
            ("'1111222233334'", "`a` must be an account id of 12 digits, found `1111222233334`", ""),
            ("'11112222333x'", "`a` must be an account id of 12 digits, found `11112222333x`", ""),
            ("1111-2222-3333", "`a` must be an account id of 12 digits, found `1111-2222-3333`", ""),
            ("[]", "`a` must be an account id in quotes, found a list", ""),
        ],
    );
}

#[test]
fn closed_sets() {
    let modes = |field: Field<'_>| field.one_of(&["enforce", "monitor"]);
    assert_eq!(read("monitor", modes), "monitor");
    let known = "known values: `enforce`, `monitor`";
    check(
        modes,
        &[
            ("Enforce", "`a` cannot be `Enforce`", &format!("did you mean `enforce`? {known}")),
            ("off", "`a` cannot be `off`", known),
            ("1", "`a` must be a string, found an integer", "put the value in quotes"),
        ],
    );
}

#[test]
fn lists() {
    assert_eq!(read("[x, 'y']", |field| field.strings().map(|items| items.join("+"))), "x+y");
    assert_eq!(read("[]", |field| field.strings().map(|items| items.len())), 0);
    let strings = |field: Field<'_>| field.strings().map(|items| items.join("+"));
    check(
        strings,
        &[
            ("x", "`a` must be a list, found a string", "put one item in brackets: `[item]`"),
            ("{}", "`a` must be a list, found a mapping", ""),
        ],
    );
    let (error, hint) = shown("[x, 2]", strings);
    assert_eq!(error, "t.yaml:1:8: item 2 of `a` must be a string, found an integer");
    assert_eq!(hint, "put the value in quotes");
    let nested = |field: Field<'_>| field.items()?[0].strings().map(|items| items.len());
    assert_eq!(shown("[[1]]", nested).0, "t.yaml:1:6: item 1 must be a string, found an integer");
}

#[test]
fn mappings_refuse_unknown_keys() {
    let document = Document::parse("g.yaml", "gate: dns\nregoin: x\ncolour: y\n").expect("valid");
    let mut map = document.root().mapping().expect("mapping");
    assert_eq!(map.required("gate").and_then(|field| field.string()).expect("gate"), "dns");
    assert!(map.optional("region").is_none() && map.optional("account").is_none());
    let errors = map.unknown_keys();
    assert_eq!(errors.len(), 2);
    assert_eq!(errors[1].to_string(), "g.yaml:3:1: key `colour` is not known");
    assert_eq!(errors[1].hint(), Some("known keys: `gate`, `region`, `account`"));
    let error = map.finish().expect_err("unknown");
    assert_eq!(error.to_string(), "g.yaml:2:1: key `regoin` is not known");
    assert_eq!(error.hint(), Some("did you mean `region`? known keys: `gate`, `region`, `account`"));

    let document = Document::parse("g.yaml", "gate: dns\ngates: x\n").expect("valid");
    let mut map = document.root().mapping().expect("mapping");
    map.required("gate").expect("gate");
    let error = map.finish().expect_err("unknown");
    assert_eq!(error.hint(), Some("known keys: `gate`"), "a key that is there already is no suggestion");
}

#[test]
fn missing_keys_name_the_slip_that_hides_them() {
    let document = Document::parse("g.yaml", "x: 1\nGate: dns\n").expect("valid");
    let mut map = document.root().mapping().expect("mapping");
    let error = map.required("gate").expect_err("missing");
    assert_eq!(error.to_string(), "g.yaml:1:1: key `gate` is missing");
    assert_eq!(error.hint(), Some("`Gate` at 2:1 looks like it"));
    let error = map.required("policies").expect_err("missing");
    assert_eq!(error.hint(), None);
    assert_eq!(map.error("no").to_string(), "g.yaml:1:1: no");
}

#[test]
fn free_keys_are_listed_in_the_order_of_the_file() {
    let document = Document::parse("g.yaml", "b: 1\na: [x]\n").expect("valid");
    let map = document.root().mapping().expect("mapping");
    let seen: Vec<String> = map.entries().map(|(key, at, field)| format!("{key} {at} {}", field.at())).collect();
    assert_eq!(seen, ["b 1:1 1:4", "a 2:1 2:4"]);
}

#[test]
fn only_mappings_are_read_by_key() {
    for (text, message, hint) in [
        ("[]", "t.yaml:1:1: the file must be a mapping, found a list", None),
        ("---\n", "t.yaml:2:1: the file must be a mapping, found null", Some("write `{}` for an empty mapping")),
    ] {
        let document = Document::parse("t.yaml", text).expect(text);
        let error = document.root().mapping().expect_err(text);
        assert_eq!((error.to_string().as_str(), error.hint()), (message, hint), "{text}");
    }
}

#[test]
fn rules_of_the_caller_read_alike() {
    assert_eq!(shown("x", |field| Err::<(), _>(field.must("name a region"))).0, "t.yaml:1:4: `a` must name a region");
    assert_eq!(shown("x", |field| Err::<(), _>(field.error("no"))).0, "t.yaml:1:4: no");
}

#[test]
fn a_value_is_read_apart_from_its_document() {
    let node = Document::parse("t.yaml", "[x]").expect("valid").root;
    let error = Field::new("t.yaml", "kinds", &node).string().expect_err("a list");
    assert_eq!(error.to_string(), "t.yaml:1:1: `kinds` must be a string, found a list");
}
