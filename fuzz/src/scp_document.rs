//! The target `scp_document`: service control policies.

use crate::text::assert_place_inside;
use crate::values::reversed;
use reeve_json::{Options, StringRule, canonical, compact, parse};
use reeve_scp::{Document, Statement};

const OPTIONS: Options = Options { bytes_max: usize::MAX, depth_max: 64, strings: StringRule::Any };

/// Reads a policy; it says the same however it is written.
pub fn scp_document(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = Document::parse(text);
    assert_eq!(read, Document::parse(text), "read twice");
    let document = match read {
        Ok(document) => document,
        Err(error) => return assert_place_inside(text, error.position.line, error.position.column),
    };
    let value = parse(data, &OPTIONS).expect("a policy is JSON").value;
    for (form, other) in [("canonical", canonical(&value)), ("reversed", compact(&reversed(&value)))] {
        let other = Document::parse(&other).unwrap_or_else(|error| panic!("{form}: {error}"));
        assert_eq!(saying(&other), saying(&document), "{form}");
        for (one, other) in document.statements().iter().zip(other.statements()) {
            assert!(one.covers(other) && other.covers(one), "{form}: statement {} is another", one.index());
        }
    }
    for (index, statement) in document.statements().iter().enumerate() {
        assert_eq!(statement.index(), index);
        assert_place_inside(text, statement.position().line, statement.position().column);
        for action in statement.actions().iter().filter(|action| !action.contains(['*', '?', '$'])) {
            assert_ne!(statement.speaks_of_action(action), statement.is_not_action(), "{action:?}");
        }
    }
}

/// What the statements say, without their places.
fn saying(document: &Document) -> Vec<impl PartialEq + std::fmt::Debug + use<'_>> {
    let one = |it| (Statement::sid(it), Statement::effect(it), Statement::actions(it), Statement::resources(it));
    document.statements().iter().map(one).collect()
}
