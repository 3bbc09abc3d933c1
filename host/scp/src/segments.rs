//! Patterns of resources. An ARN is made of segments between colons (IAM user guide, "IAM JSON policy elements: Resource"):
//! wildcards are for use "within the individual segments", and a `*` that "is the last character of a resource ARN segment"
//! "can expand to match beyond the colon boundaries". Whether a `?` or any other `*` matches a colon is not said there: such
//! a wildcard is read both ways.

use crate::glob::{Glob, Token};
use crate::truth::Truth;

/// Whether a pattern of `Resource` matches a resource of which this pattern is known: its ARN, if it has no wildcard.
pub(crate) fn matches(glob: &Glob, resource: &Glob) -> Truth {
    if !glob.meets(resource) {
        Truth::False
    } else if glob.covers(resource) && reaches(glob, resource, false) {
        Truth::True
    } else {
        Truth::Unknown
    }
}

/// Whether a pattern of `Resource` matches every ARN that another one matches, however both are read. `false` may also mean
/// that this could not be shown.
pub(crate) fn covers(outer: &Glob, inner: &Glob) -> bool {
    outer.covers(inner) && reaches(outer, inner, true)
}

/// The tokens of a pattern, each with whether it may be one that stops at colons.
fn tokens(glob: &Glob) -> impl Iterator<Item = (Token, bool)> {
    let next = glob.tokens().iter().skip(1).map(Some).chain([None]);
    glob.tokens().iter().zip(next).map(|(token, next)| {
        let stops = match token {
            Token::One(_) => false,
            Token::AnyOne => true,
            Token::Any => next.is_some_and(|next| *next != Token::One(':')),
        };
        (*token, stops)
    })
}

/// Whether `outer` matches all that `inner` matches although its wildcards stop at colons, and those of `inner` do if
/// `alike`. Takes at most the product of both lengths.
fn reaches(outer: &Glob, inner: &Glob, alike: bool) -> bool {
    if !tokens(outer).any(|(_, stops)| stops) {
        return true;
    }
    let outer: Vec<(Token, bool)> = tokens(outer).collect();
    // Row by row of the table "the first m of the outer pattern cover the first n of the inner one".
    let mut row = vec![true];
    row.extend(outer.iter().scan(true, |open, (token, _)| {
        *open = *open && *token == Token::Any;
        Some(*open)
    }));
    for (token, stops) in tokens(inner) {
        let colon = match token {
            Token::One(char) => char == ':',
            Token::AnyOne | Token::Any => !(alike && stops),
        };
        let mut left = false;
        let mut next = vec![left];
        for ((ours, stops), pair) in outer.iter().zip(row.windows(2)) {
            let &[diagonal, above] = pair else { continue };
            left = match ours {
                Token::Any => left || (above && !(*stops && colon)),
                Token::AnyOne => diagonal && token != Token::Any && !colon,
                Token::One(_) => diagonal && token == *ours,
            };
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::truth::Truth::{False, True, Unknown};
    use proptest::prelude::*;

    #[test]
    fn a_wildcard_is_certain_as_far_as_the_user_guide_says() {
        for (pattern, arn, expected) in [
            ("*", "arn:aws:s3:::b", True),
            ("arn:aws:iam::*", "arn:aws:iam::1:role/a", True),
            ("arn:*:role/a", "arn:aws:iam::1:role/a", True),
            ("arn:aws:sqs:*:q", "arn:aws:sqs:eu:1:q", True),
            ("arn:aws:iam::*:role/*-admin", "arn:aws:iam::1:role/x-admin", True),
            ("arn:aws:s3:::b*/x", "arn:aws:s3:::bucket/a/x", True),
            ("arn:aws:s3:::b*/x", "arn:aws:s3:::bucket/a:b/x", Unknown),
            ("arn:aws:s3:::b*/x", "arn:aws:s3:::a/x", False),
            ("arn:aws:logs:*:*:log-group:a*b:*", "arn:aws:logs:eu:1:log-group:a/b:log-stream:x", True),
            ("arn:aws:logs:*:*:log-group:a*b:*", "arn:aws:logs:eu:1:log-group:a:x:b:log-stream:x", Unknown),
            ("arn:aws:iam::1*/a", "arn:aws:iam::1:role/a", Unknown),
            ("arn:aws:iam::?:role/a", "arn:aws:iam::1:role/a", True),
            ("arn:aws:iam:?1:role/a", "arn:aws:iam::1:role/a", Unknown),
            ("arn:aws:iam::1:role/?", "arn:aws:iam::1:role/:", Unknown),
            ("arn:aws:iam::1:role/?*", "arn:aws:iam::1:role/a:b", True),
            ("arn:aws:iam::1:role/*?", "arn:aws:iam::1:role/a:b", Unknown),
            ("", "", True),
            ("?", "", False),
        ] {
            assert_eq!(matches(&Glob::new(pattern), &Glob::literal(arn)), expected, "{pattern} {arn}");
        }
        for (pattern, resource, expected) in [
            ("arn:aws:s3:::b*/x", "arn:aws:s3:::b/*/x", Unknown),
            ("arn:aws:s3:::b*", "arn:aws:s3:::b/*", True),
            ("arn:aws:s3:::b*/x", "arn:aws:s3:::c*", False),
            ("arn:aws:iam::*:role/a", "arn:aws:iam::?:role/a", True),
            ("arn:aws:iam::?:role/a", "arn:aws:iam::?:role/a", Unknown),
        ] {
            assert_eq!(matches(&Glob::new(pattern), &Glob::new(resource)), expected, "{pattern} {resource}");
        }
    }

    #[test]
    fn a_pattern_covers_another_one_however_both_are_read() {
        for (outer, inner, expected) in [
            ("a*b", "a*b", true),
            ("a?b", "a?b", true),
            ("a*b", "a?b", true),
            ("a*b", "axb", true),
            ("a*b", "a:b", false),
            ("a?b", "a:b", false),
            ("a*", "a:b", true),
            ("a*b", "a*:b", false),
            ("*", "a?b:*c", true),
        ] {
            assert_eq!(covers(&Glob::new(outer), &Glob::new(inner)), expected, "{outer} {inner}");
        }
    }

    /// The definition, without regard to cost; `stop` is whether the open wildcards stop at colons.
    fn naive(pattern: &[u8], text: &[u8], stop: bool) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some(b'*'), _) => {
                let open = pattern.get(1).is_some_and(|next| !b"*:".contains(next)) && stop;
                naive(&pattern[1..], text, stop)
                    || (text.first().is_some_and(|char| !open || *char != b':') && naive(pattern, &text[1..], stop))
            }
            (Some(b'?'), Some(char)) => !(stop && *char == b':') && naive(&pattern[1..], &text[1..], stop),
            (Some(wanted), Some(found)) => wanted == found && naive(&pattern[1..], &text[1..], stop),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn both_readings_are_the_definitions(pattern in "[a:*?]{0,6}", text in "[a:]{0,6}", other in "[a:*?]{0,4}") {
            // A run of stars is one star: its last one counts.
            let plain = pattern.replace("**", "*").replace("**", "*").replace("**", "*");
            let (wide, narrow) =
                (naive(plain.as_bytes(), text.as_bytes(), false), naive(plain.as_bytes(), text.as_bytes(), true));
            let found = matches(&Glob::new(&pattern), &Glob::literal(&text));
            prop_assert_eq!(found, Truth::from(wide).either(Truth::from(narrow)));
            let other_plain = other.replace("**", "*").replace("**", "*");
            if covers(&Glob::new(&other), &Glob::new(&pattern)) {
                for (matched, stop) in [(wide, false), (narrow, true)] {
                    prop_assert!(!matched || naive(other_plain.as_bytes(), text.as_bytes(), stop));
                }
            }
        }
    }
}
