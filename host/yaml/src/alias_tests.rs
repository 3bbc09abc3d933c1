//! Anchors and aliases where a file may have them: what is read, where it stands, what is refused.

use super::*;

#[track_caller]
fn parsed(text: &str) -> Node {
    Document::parse_with_aliases("t.yaml", text).unwrap_or_else(|error| panic!("{text}: {error}")).root
}

#[test]
fn an_alias_repeats_the_value_of_its_anchor() {
    for (text, same) in [
        ("a: &x 1\nb: *x\n", "{a: 1, b: 1}"),
        ("a: &x [1, {k: v}]\nb: *x\nc: [*x]\n", "{a: [1, {k: v}], b: [1, {k: v}], c: [[1, {k: v}]]}"),
        ("a: &x\n  k: v\nb: *x\n", "{a: {k: v}, b: {k: v}}"),
        ("a: &x 1\nb: &x 2\nc: *x\n", "{a: 1, b: 2, c: 2}"),
        ("a: &x 1\nb: &y [*x]\nc: *y\n", "{a: 1, b: [1], c: [1]}"),
        ("a: &x\nb: *x\n", "{a: ~, b: ~}"),
        ("a: &x '*x'\nb: *x\n", "{a: '*x', b: '*x'}"),
    ] {
        assert_eq!(parsed(text), parsed(same), "{text}");
    }
}

#[test]
fn a_repeated_value_knows_both_places() {
    let root = parsed("a: &x\n  k: v\nb: *x\nc: [*x]\nd: &y us\ne: *y\nf: &z *y\n".split("f:").next().expect("text"));
    let place = |key: &str| {
        let node = &root.value.as_mapping().expect("map").get(key).expect(key).node;
        (node.at.to_string(), node.anchor.map(|at| at.to_string()))
    };
    assert_eq!(place("a").1, None);
    let anchored = place("a").0;
    assert_eq!(place("b"), ("3:4".to_owned(), Some(anchored.clone())));
    assert_eq!(place("e"), ("6:4".to_owned(), Some(place("d").0)));
    let b = &root.value.as_mapping().expect("map").get("b").expect("b").node;
    let inner = b.value.as_mapping().expect("map").get("k").expect("k");
    assert_eq!(inner.key_at.to_string(), "2:3", "what is inside stands where it is written");
}

#[test]
fn what_two_readers_could_read_differently_is_refused_here_too() {
    for (text, message) in [
        ("a: *x\n", "1:4: the alias has no anchor in front of it"),
        ("a: *x\nb: &x 1\n", "1:4: the alias has no anchor in front of it"),
        ("a: &x [*x]\n", "1:8: the alias stands inside the value that it repeats"),
        ("a: &x {k: *x}\n", "1:11: the alias stands inside the value that it repeats"),
        ("a: &x {k: 1}\nb: {<<: *x}\n", "2:5: merge keys are not supported"),
        ("a: &x k\n*x : 1\n", "2:1: aliases are not supported"),
        ("&x a: 1\n", "1:1: anchors are not supported"),
        ("a: &x !!str 1\n", "1:4: tags are not supported"),
    ] {
        let error = Document::parse_with_aliases("t.yaml", text).expect_err(text);
        assert_eq!(error.to_string(), format!("t.yaml:{message}"), "{text}");
    }
}

#[test]
fn what_is_repeated_holds_at_its_edge() {
    // One list of 999 numbers is 1,000 values; its anchor keeps it once, each alias repeats it.
    let text = |aliases: usize| {
        let list: Vec<&str> = vec!["1"; 999];
        let uses: String = (0..aliases).map(|at| format!("k{at}: *x\n")).collect();
        format!("a: &x [{}]\n{uses}", list.join(","))
    };
    assert!(Document::parse_with_aliases("t.yaml", &text(REPEATED_MAX / 1000 - 1)).is_ok());
    let error = Document::parse_with_aliases("t.yaml", &text(REPEATED_MAX / 1000)).expect_err("too many");
    assert_eq!(error.to_string(), "t.yaml:101:6: anchors and aliases repeat more than 100000 values");
    // Lists of lists that double each time.
    let bomb: String = (1..64).map(|at| format!("k{at}: &a{at} [*a{0}, *a{0}]\n", at - 1)).collect();
    assert!(Document::parse_with_aliases("t.yaml", &format!("k0: &a0 x\n{bomb}")).is_err());
}

#[test]
fn depth_counts_what_is_repeated() {
    let text = |outer: usize| {
        let half = DEPTH_MAX / 2;
        format!("- &x {}{}\n- {}*x{}\n", "[".repeat(half), "]".repeat(half), "[".repeat(outer), "]".repeat(outer))
    };
    assert!(Document::parse_with_aliases("t.yaml", &text(DEPTH_MAX / 2 - 1)).is_ok());
    assert!(Document::parse_with_aliases("t.yaml", &text(DEPTH_MAX / 2)).is_err());
}
