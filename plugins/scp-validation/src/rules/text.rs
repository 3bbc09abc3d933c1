//! Small text tools: wildcard matching, nearest word, walking a value that may be a list.
//!
//! It must not know the policy language.

use reeve_json::{Node, Value};

/// Whether `pattern` matches the whole of `text`. `*` stands for any characters, `?` for one. Takes at most the product
/// of both lengths; one of them is always short here.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut seen) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                retry = Some((at + 1, seen));
                at += 1;
            }
            Some(byte) if *byte == b'?' || Some(byte) == text.get(seen) => {
                at += 1;
                seen += 1;
            }
            Some(_) | None => match retry {
                Some((after, from)) => {
                    at = after;
                    seen = from + 1;
                    retry = Some((after, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

/// Whether the text holds a wildcard.
pub(super) fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// The values of an element that takes one value or a list of them, each with its index if it stands in a list.
pub(super) fn items(node: &Node) -> impl Iterator<Item = (Option<usize>, &Node)> {
    let list = if let Value::Array(items) = &node.value { items.as_slice() } else { &[] };
    let single = if matches!(node.value, Value::Array(_)) { None } else { Some((None, node)) };
    single.into_iter().chain(list.iter().enumerate().map(|(index, item)| (Some(index), item)))
}

/// The strings of an element that takes one string or a list of them; values of other types are passed over.
pub(super) fn strings(node: &Node) -> impl Iterator<Item = &str> {
    items(node).filter_map(|(_, item)| item.as_str())
}

/// Longer words are never taken for a misspelling, in bytes: no element or operator is longer, and the comparison costs
/// the product of both lengths.
const WORD_BYTES_MAX: usize = 40;

/// At most so many letters may be wrong in a misspelling; with three, different words begin to meet.
const MISSPELT_LETTERS_MAX: usize = 2;

/// The word that `text` was most likely meant to be, case not counted.
pub(super) fn nearest<'w>(text: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    if text.len() > WORD_BYTES_MAX {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    words
        .map(|word| (distance(&lower, &word.to_ascii_lowercase()), word))
        .filter(|(distance, _)| *distance <= MISSPELT_LETTERS_MAX)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// The Levenshtein distance of two short words, in bytes.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, byte) in left.bytes().enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        let mut next = vec![before];
        for (above, other) in row.iter().skip(1).zip(right.bytes()) {
            before = (diagonal + usize::from(byte != other)).min(above + 1).min(before + 1);
            diagonal = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_like_iam() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abc", true),
            ("a*c", "abcd", false),
            ("a?c", "ac", false),
            ("*:*", "iam:*", true),
            ("i*m:*", "iam:Get", true),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxbxx", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn nearest_word_is_found_or_not() {
        let words = ["StringEquals", "StringLike", "Bool"];
        for (text, expected) in [
            ("StringEqual", Some("StringEquals")),
            ("stringslike", Some("StringLike")),
            ("Boolean", None),
            ("Bol", Some("Bool")),
            ("", None),
        ] {
            assert_eq!(nearest(text, words.into_iter()), expected, "{text}");
        }
    }
}
