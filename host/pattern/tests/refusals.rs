//! What is not an event pattern, and the limits.

#![allow(clippy::expect_used)]

mod table;

use reeve_json::{Value, compact};
use reeve_pattern::{
    PATTERN_ALTERNATIVES_MAX, PATTERN_BYTES_MAX, PATTERN_DEPTH_MAX, PATTERN_FIELDS_MAX, Pattern, PatternError,
};
use table::{compile, json};

fn refused(pattern: &str) -> PatternError {
    match compile(pattern) {
        Err(error) => error,
        Ok(_) => panic!("{pattern} is taken"),
    }
}

#[test]
fn refusals_point_at_the_value() {
    let rows: &[(&str, &str)] = &[
        ("[]", ""),
        (r#""x""#, ""),
        ("{}", ""),
        (r#"{"a":{}}"#, "/a"),
        (r#"{"a":[]}"#, "/a"),
        (r#"{"a":"x"}"#, "/a"),
        (r#"{"a":1}"#, "/a"),
        (r#"{"a":null}"#, "/a"),
        (r#"{"a":[1,["x"]]}"#, "/a/1"),
        (r#"{"a":[{}]}"#, "/a/0"),
        (r#"{"a":[{"prefix":"x","suffix":"y"}]}"#, "/a/0"),
        (r#"{"":["x"]}"#, "/"),
        (r#"{"a/b":{"c~":"x"}}"#, "/a~1b/c~0"),
        // Operators are case-sensitive, and there are no others.
        (r#"{"a":[{"Prefix":"x"}]}"#, "/a/0/Prefix"),
        (r#"{"a":[{"exactly":"x"}]}"#, "/a/0/exactly"),
        (r#"{"a":[{"regex":"x"}]}"#, "/a/0/regex"),
        (r#"{"a":[{"prefix":1}]}"#, "/a/0/prefix"),
        (r#"{"a":[{"prefix":["x"]}]}"#, "/a/0/prefix"),
        (r#"{"a":[{"prefix":{"suffix":"x"}}]}"#, "/a/0/prefix"),
        (r#"{"a":[{"prefix":{"equals-ignore-case":1}}]}"#, "/a/0/prefix/equals-ignore-case"),
        (r#"{"a":[{"suffix":null}]}"#, "/a/0/suffix"),
        (r#"{"a":[{"suffix":{}}]}"#, "/a/0/suffix"),
        (r#"{"a":[{"equals-ignore-case":["x"]}]}"#, "/a/0/equals-ignore-case"),
        (r#"{"a":[{"wildcard":["x"]}]}"#, "/a/0/wildcard"),
        (r#"{"a":[{"wildcard":"a**"}]}"#, "/a/0/wildcard"),
        (r#"{"a":[{"wildcard":"a\\b"}]}"#, "/a/0/wildcard"),
        (r#"{"a":[{"wildcard":"a\\"}]}"#, "/a/0/wildcard"),
        (r#"{"a":[{"exists":"true"}]}"#, "/a/0/exists"),
        (r#"{"a":[{"exists":null}]}"#, "/a/0/exists"),
    ];
    for (pattern, pointer) in rows {
        let PatternError { pointer: found, message } = refused(pattern);
        assert_eq!(found, *pointer, "{pattern}: {message}");
        assert!(!message.ends_with('.') && !message.starts_with(char::is_uppercase), "{message}");
    }
}

#[test]
fn anything_but_takes_one_kind() {
    for (value, place) in [
        ("null", ""),
        ("true", ""),
        ("[]", ""),
        (r#"["x",1]"#, ""),
        (r#"["x",null]"#, "/1"),
        (r#"[["x"]]"#, "/0"),
        ("9007199254740993", ""),
        ("{}", ""),
        (r#"{"numeric":["=",1]}"#, "/numeric"),
        (r#"{"prefix":""}"#, "/prefix"),
        (r#"{"prefix":[]}"#, "/prefix"),
        (r#"{"prefix":[1,"x"]}"#, "/prefix/0"),
        (r#"{"suffix":["x",""]}"#, "/suffix/1"),
        (r#"{"suffix":{"equals-ignore-case":"x"}}"#, "/suffix"),
        (r#"{"equals-ignore-case":5}"#, "/equals-ignore-case"),
        (r#"{"wildcard":["a","**"]}"#, "/wildcard/1"),
    ] {
        let error = refused(&format!(r#"{{"a":[{{"anything-but":{value}}}]}}"#));
        assert_eq!(error.pointer, format!("/a/0/anything-but{place}"), "{value}");
    }
}

#[test]
fn numeric_and_cidr_are_strict() {
    for value in [
        "5",
        "[]",
        r#"["="]"#,
        r#"["=","5"]"#,
        r#"["==",5]"#,
        r#"[5,"="]"#,
        r#"["=",5,6]"#,
        r#"["<",5,">",0]"#,
        r#"["=",5,"<",9]"#,
        r#"[">",5,"<",5]"#,
        r#"[">",6,"<",5]"#,
        r#"[">",1,"<",5,"<",6]"#,
        r#"[">",9007199254740993]"#,
    ] {
        assert_eq!(refused(&format!(r#"{{"a":[{{"numeric":{value}}}]}}"#)).pointer, "/a/0/numeric", "{value}");
    }
    for value in [
        "5",
        r#"["10.0.0.0/8"]"#,
        r#""""#,
        r#""10.0.0.1""#,
        r#""10.0.0.1/32""#,
        r#""10.0.0.0/-1""#,
        r#""10.0.0.0/+8""#,
        r#""10.0.0.0/8/8""#,
        r#""10.0.0.0/99999999999""#,
        r#""10.0.0.256/8""#,
        r#""10.0.0/8""#,
        r#""::1/128""#,
        r#""xxxx::/64""#,
        r#""::ffff:10.0.0.0/104""#,
        r#""::ffff:a00:0/24""#,
    ] {
        assert_eq!(refused(&format!(r#"{{"a":[{{"cidr":{value}}}]}}"#)).pointer, "/a/0/cidr", "{value}");
    }
}

#[test]
fn or_is_a_list_of_objects_and_reserves_names() {
    for (pattern, pointer) in [
        (r#"{"$or":{"a":[1]}}"#, "/$or"),
        (r#"{"$or":[]}"#, "/$or"),
        (r#"{"$or":[{"a":[1]}]}"#, "/$or"),
        (r#"{"$or":[{"a":[1]},"b"]}"#, "/$or/1"),
        (r#"{"$or":[{"a":[1]},{}]}"#, "/$or/1"),
        (r#"{"$or":[{"prefix":["x"]},{"suffix":["x"]}]}"#, "/$or/0/prefix"),
        (r#"{"$or":[{"a":[1]},{"b":{"<=":[1]}}]}"#, "/$or/1/b/<="),
        // One path twice in one alternative: two matchers would disagree on which one counts.
        (r#"{"a":[1],"$or":[{"b":[1]},{"a":[2]}]}"#, "/$or/1/a"),
        (r#"{"$or":[{"b":[1]},{"a":[2]}],"a":[1]}"#, "/a"),
        (r#"{"a":{"b":[1]},"a.b":[2]}"#, "/a.b"),
    ] {
        assert_eq!(refused(pattern).pointer, pointer, "{pattern}");
    }
}

#[test]
fn limits_hold_at_the_edge() {
    let keys = |count: usize| format!("{}[1]{}", r#"{"a":"#.repeat(count), "}".repeat(count));
    // The list is a level too.
    assert!(compile(&keys(PATTERN_DEPTH_MAX - 1)).is_ok());
    assert!(refused(&keys(PATTERN_DEPTH_MAX)).message.contains("nested"));

    let dotted = |names: usize| format!(r#"{{"{}":[1]}}"#, vec!["a"; names].join("."));
    assert!(compile(&dotted(PATTERN_DEPTH_MAX)).is_ok());
    assert!(refused(&dotted(PATTERN_DEPTH_MAX + 1)).message.contains("names"));

    let long = |bytes: usize| {
        let pattern = Value::object([("a", Value::array(["x".repeat(bytes - r#"{"a":[""]}"#.len())]))]);
        assert_eq!(compact(&pattern).len(), bytes);
        Pattern::compile(&pattern)
    };
    assert!(long(PATTERN_BYTES_MAX).is_ok());
    assert!(long(PATTERN_BYTES_MAX + 1).is_err());

    let fields = |count: usize| {
        let fields: Vec<String> = (0..count).map(|n| format!(r#""k{n}":[1]"#)).collect();
        format!("{{{}}}", fields.join(","))
    };
    let full = compile(&fields(PATTERN_FIELDS_MAX)).expect("a pattern");
    let event = fields(PATTERN_FIELDS_MAX);
    assert!(full.matches(&json(&event)) && !full.matches(&json(&event.replace(r#""k99":[1]"#, r#""k99":[2]"#))));
    assert!(refused(&fields(PATTERN_FIELDS_MAX + 1)).message.contains("fields"));

    let or = |name: &str, count: usize| {
        let parts: Vec<String> = (0..count).map(|n| format!(r#"{{"{name}{n}":[1]}}"#)).collect();
        format!(r#""{name}":{{"$or":[{}]}}"#, parts.join(","))
    };
    let multiplied = |last: usize| format!("{{{},{},{}}}", or("a", 10), or("b", 10), or("c", last));
    assert_eq!(PATTERN_ALTERNATIVES_MAX, 1000);
    let most = compile(&multiplied(10)).expect("a pattern");
    assert!(most.matches(&json(r#"{"a":{"a9":1},"b":{"b9":1},"c":{"c9":1}}"#)));
    assert!(!most.matches(&json(r#"{"a":{"a9":1},"b":{"b9":1},"c":{"c9":2}}"#)));
    assert!(refused(&multiplied(11)).message.contains("alternatives"));
}
