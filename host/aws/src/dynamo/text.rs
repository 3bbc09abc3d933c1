//! Texts longer than an item may be: cut into parts, each an item of its own, before the item that refers to them is
//! written. Parts are named by the digest of the whole text, so that two texts never mix.

use super::item::{Item, item, number, number_of, text, text_of};
use reeve_model::Digest;

/// Longest text inside another item, and longest part, bytes. An item may have 400 KB (409,600 bytes) with all its names.
pub(super) const PART_BYTES_MAX: usize = 300_000;

/// Sets a text in an item, or its digest where the text is long; the parts are then to be written first.
///
/// Part `n` is the item `pk`, `prefix` + digest + `n`.
pub(super) fn set(whole: &str, pk: &str, prefix: &str, attributes: &mut Item) -> Vec<Item> {
    if whole.len() <= PART_BYTES_MAX {
        attributes.insert("long_text".to_owned(), text(whole));
        return Vec::new();
    }
    let digest = Digest::of(whole.as_bytes());
    let mut parts = Vec::new();
    let mut rest = whole;
    while !rest.is_empty() {
        let (part, after) = rest.split_at(rest.floor_char_boundary(PART_BYTES_MAX));
        let mut item = item(pk, &format!("{prefix}{digest} {:06}", parts.len()));
        item.insert("long_digest".to_owned(), text(digest.as_str()));
        item.insert("part_index".to_owned(), number(parts.len()));
        item.insert("part_text".to_owned(), text(part));
        parts.push(item);
        rest = after;
    }
    attributes.insert("long_digest".to_owned(), text(digest.as_str()));
    parts
}

/// One part, read.
#[derive(Debug)]
pub(super) struct Part<'a> {
    digest: &'a str,
    index: usize,
    text: &'a str,
}

impl<'a> Part<'a> {
    /// Reads an item.
    pub(super) fn read(item: &'a Item) -> Option<Self> {
        let digest = text_of(item, "long_digest")?;
        Some(Self { digest, index: number_of(item, "part_index")?, text: text_of(item, "part_text")? })
    }
}

/// The text of an item, put together from its parts; `None` unless it is whole.
pub(super) fn join(item: &Item, parts: &[Part<'_>]) -> Option<String> {
    if let Some(text) = text_of(item, "long_text") {
        return Some(text.to_owned());
    }
    let digest = text_of(item, "long_digest")?;
    let mut own: Vec<_> = parts.iter().filter(|part| part.digest == digest).collect();
    own.sort_by_key(|part| part.index);
    let whole: String = own.iter().map(|part| part.text).collect();
    (Digest::of(whole.as_bytes()).as_str() == digest).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_whole_or_not_at_all() {
        for (whole, expected) in [
            (String::new(), 0),
            ("x".repeat(PART_BYTES_MAX), 0),
            ("x".repeat(PART_BYTES_MAX + 1), 2),
            (format!("x{}", "é".repeat(PART_BYTES_MAX)), 3),
        ] {
            let mut item = Item::new();
            let parts = set(&whole, "p", "t ", &mut item);
            assert_eq!(parts.len(), expected);
            let mut read: Vec<_> = parts.iter().rev().map(|part| Part::read(part).expect("a part")).collect();
            assert_eq!(join(&item, &read).as_ref(), Some(&whole));
            if read.pop().is_some() {
                assert_eq!(join(&item, &read), None, "a part is missing");
            }
        }
    }
}
