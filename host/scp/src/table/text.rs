//! The text of a table: rows, digits, and the search in sorted rows.
//!
//! It must not know what a row says. Nothing here trusts the text: whatever a damaged table holds, a function answers
//! with nothing and ends.

use std::cmp::Ordering;

/// Ends every row.
pub(super) const ROW_END: char = ';';

/// Digits of a number inside the table, base 64 with the highest first. All of them stand in a JSON string as they are.
pub(super) const DIGITS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

/// Characters of a number that points into a section: up to 262,143.
pub(super) const POINTER_CHARS: usize = 3;

/// Characters of a number that points to a service: up to 16,777,215.
pub(super) const OFFSET_CHARS: usize = 4;

/// Reads a number that is all of `digits`.
pub(super) fn number(digits: &str) -> Option<usize> {
    digits.bytes().try_fold(0_usize, |sum, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        sum.checked_mul(64)?.checked_add(usize::from(digit))
    })
}

/// Takes a number of that many characters off the front.
pub(super) fn take_number(text: &mut &str, chars: usize) -> Option<usize> {
    let (head, rest) = text.split_at_checked(chars)?;
    *text = rest;
    number(head)
}

/// Takes that many bytes off the front.
pub(super) fn take<'t>(text: &mut &'t str, bytes: usize) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(bytes)?;
    *text = rest;
    Some(head)
}

/// The row that begins at an offset, without its end.
pub(super) fn row_at(section: &str, offset: usize) -> Option<&str> {
    let rest = section.get(offset..)?;
    rest.find(ROW_END).and_then(|end| rest.get(..end))
}

/// The rows of a section, in order.
pub(super) fn rows(section: &str) -> impl Iterator<Item = &str> + Clone {
    section.split_terminator(ROW_END)
}

/// Compares two names as AWS does: ASCII case does not count.
pub(super) fn folded(left: &str, right: &str) -> Ordering {
    let fold = |byte: u8| byte.to_ascii_lowercase();
    left.bytes().map(fold).cmp(right.bytes().map(fold))
}

/// The row with that label in a section sorted by [`folded`] labels. The label of a row is all after its first `skip`
/// bytes. No index is needed: the search halves the bytes and goes back to where the row begins.
pub(super) fn find<'t>(section: &'t str, skip: usize, label: &str) -> Option<&'t str> {
    let (_, row) = lower_bound(section, skip, label)?;
    (folded(row.get(skip..)?, label) == Ordering::Equal).then_some(row)
}

/// The first row whose label is not below that one, and where it begins.
pub(super) fn lower_bound<'t>(section: &'t str, skip: usize, label: &str) -> Option<(usize, &'t str)> {
    let (mut low, mut high) = (0, section.len());
    let mut found = None;
    while low < high {
        let middle = low + (high - low) / 2;
        let before = section.as_bytes().get(low..middle)?;
        let start = low + before.iter().rposition(|&byte| byte == b';').map_or(0, |at| at + 1);
        let row = row_at(section, start)?;
        match folded(row.get(skip..)?, label) {
            Ordering::Less => low = start + row.len() + 1,
            Ordering::Equal | Ordering::Greater => {
                found = Some((start, row));
                high = start;
            }
        }
    }
    found
}
