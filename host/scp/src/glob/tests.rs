//! Tests of patterns, against an enumeration of short texts.

use super::*;
use proptest::prelude::*;

#[test]
fn a_pattern_matches_the_whole_text() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("", "", true),
        ("", "a", false),
        ("?", "", false),
        ("?", "\u{e9}", true),
        ("a*c", "abc", true),
        ("a*c", "abcd", false),
        ("a?c", "ac", false),
        ("a?", "ab", true),
        ("ab", "abc", false),
        ("**", "ab", true),
        ("a*b*c", "aXbXbc", true),
        ("a*b*c", "aXbXb", false),
        ("a**c", "ac", true),
        ("get*", "getobject", true),
        ("get*", "ge", false),
        ("*object", "getobject", true),
        ("*a*b*c", "xxaxxbxxc", true),
        ("*a*b*c", "xxaxxbxx", false),
        ("*\u{e9}?", "a\u{e9}\u{e9}b", true),
    ] {
        assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} {text}");
    }
}

#[test]
fn a_literal_has_no_wildcards() {
    assert!(Glob::literal("a*").matches("a*"));
    assert!(!Glob::literal("a*").matches("ab"));
    assert_eq!(Glob::literal("a*").as_literal(), Some("a*"));
    assert_eq!(Glob::new("a*").as_literal(), None);
}

#[test]
fn many_stars_do_not_blow_up() {
    let pattern = Glob::new(&"*a".repeat(200));
    assert!(!pattern.matches(&("a".repeat(199) + "b")));
    assert!(!pattern.covers(&Glob::new(&("?".repeat(400) + "b"))));
    assert!(pattern.meets(&Glob::new(&"*a".repeat(300))));
}

#[test]
fn patterns_are_compared() {
    for (outer, inner, covers, meets) in [
        ("*", "a*", true, true),
        ("a*", "*", false, true),
        ("a*", "ab*", true, true),
        ("ab*", "a*", false, true),
        ("a*", "b*", false, false),
        ("a?", "a*", false, true),
        ("a*", "a?", true, true),
        ("*b", "a*", false, true),
        ("a*z", "ab*yz", true, true),
        ("", "*", false, true),
        ("a", "b", false, false),
        ("arn:aws:iam::*:role/*", "arn:aws:iam::1:role/x*", true, true),
        ("arn:aws:iam::2:role/*", "arn:aws:iam::1:role/x*", false, false),
    ] {
        let (outer, inner) = (Glob::new(outer), Glob::new(inner));
        assert_eq!((outer.covers(&inner), outer.meets(&inner)), (covers, meets), "{outer:?} {inner:?}");
        assert_eq!(inner.meets(&outer), meets);
    }
}

/// Every text of at most four of the letters `a` and `b`.
fn texts() -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..6 {
        last = last.iter().flat_map(|text| ["a", "b"].map(|letter| format!("{text}{letter}"))).collect();
        all.extend(last.clone());
    }
    all
}

/// The definition, without regard to cost.
fn naive(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (Some(b'*'), _) => naive(&pattern[1..], text) || (!text.is_empty() && naive(pattern, &text[1..])),
        (Some(b'?'), Some(_)) => naive(&pattern[1..], &text[1..]),
        (Some(wanted), Some(found)) => wanted == found && naive(&pattern[1..], &text[1..]),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

proptest! {
    #[test]
    fn matching_meeting_and_covering_agree_with_the_texts(left in "[ab*?]{0,5}", right in "[ab*?]{0,3}") {
        let (ours, theirs) = (Glob::new(&left), Glob::new(&right));
        let texts = texts();
        let both: Vec<(bool, bool)> = texts
            .iter()
            .map(|text| (naive(left.as_bytes(), text.as_bytes()), naive(right.as_bytes(), text.as_bytes())))
            .collect();
        for (text, (left_holds, _)) in texts.iter().zip(&both) {
            prop_assert_eq!(ours.matches(text), *left_holds, "{}", text);
        }
        // A common text of patterns with at most eight letters need not be short; one way is certain.
        if both.iter().any(|(left, right)| *left && *right) {
            prop_assert!(ours.meets(&theirs));
        }
        if ours.covers(&theirs) {
            prop_assert!(both.iter().all(|(left, right)| *left || !*right));
        }
        if !ours.meets(&theirs) {
            prop_assert!(!ours.covers(&theirs));
        }
        prop_assert_eq!(ours.meets(&theirs), theirs.meets(&ours));
        prop_assert!(ours.covers(&ours));
    }
}
