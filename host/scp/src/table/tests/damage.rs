//! Tables that are none, and tables that are broken further in.

use super::*;
use proptest::prelude::*;

#[test]
fn what_is_no_table_is_refused() {
    let good = write(&small()).unwrap();
    assert!(ActionTable::parse(&format!("{good}\n")).is_ok());
    let body = good.splitn(14, ';').last().unwrap().len();
    for (text, expected) in [
        (String::new(), TableError::NotATable),
        ("reeve-actions".to_owned(), TableError::NotATable),
        ("reeve-action;1;".to_owned(), TableError::NotATable),
        ("reeve-actions;2;".to_owned(), TableError::Format),
        ("reeve-actions;1;".to_owned(), TableError::Header("source")),
        (good.replace(";source;", ";;"), TableError::Header("source")),
        (good.replace(";2026-09-26;", ";2026-09-26T00;"), TableError::Header("date")),
        (good.replace(";2026-09-26;", ";2026-09-31;"), TableError::Header("date")),
        (good.replace(";2026-09-26;2;", ";2026-09-26;-2;"), TableError::Header("services")),
        (good.replace(";2;6;3;", ";2;6;3x;"), TableError::Header("global keys")),
        (format!("{good}x"), TableError::Length { expected: body, found: body + 1 }),
        (good[..good.len() - 1].to_owned(), TableError::Length { expected: body, found: body - 1 }),
        (
            "reeve-actions;1;s;1;MIT;2026-09-26;1;1;1;18446744073709551615;1;1;1;".to_owned(),
            TableError::Length { expected: usize::MAX, found: 0 },
        ),
    ] {
        assert_eq!(ActionTable::parse(&text).expect_err(&text), expected, "{text}");
    }
}

#[test]
fn a_refusal_is_one_clause() {
    for (error, expected) in [
        (TableError::NotATable, "the text does not begin with `reeve-actions`"),
        (TableError::Format, "the table is not of format 1"),
        (TableError::Header("date"), "the table's header has no good `date`"),
        (TableError::Length { expected: 2, found: 1 }, "the table's header promises 2 bytes and 1 follow"),
    ] {
        assert_eq!(error.to_string(), expected);
    }
}

/// One byte of a table replaced by another.
fn damaged(text: &str, at: usize, with: u8) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let length = bytes.len();
    bytes[at % length] = with;
    String::from_utf8_lossy(&bytes).into_owned()
}

proptest! {
    #[test]
    fn no_damage_panics(at in 0_usize..10_000, with in any::<u8>(), again in 0_usize..10_000, other in b'0'..=b'z') {
        let text = damaged(&damaged(&write(&small()).unwrap(), at, with), again, other);
        if let Ok(table) = ActionTable::parse(&text) {
            let (actions, others) = walk(&table);
            // Nothing is made up: a row is there once for each row of the text, whatever points to it.
            prop_assert!(actions <= text.len() * table.services().count());
            prop_assert!(others <= text.len() * text.len());
        }
    }

    #[test]
    fn no_text_panics(text in "reeve-actions;1;s;1;M;2026-09-26;1;1;1;[0-9]{1,2};[0-9]{1,2};[0-9]{1,2};[0-9]{1,2};[0-9A-Z;=:|!${}\u{e9}]{0,120}") {
        if let Ok(table) = ActionTable::parse(&text) {
            walk(&table);
        }
    }

    #[test]
    fn sections_of_any_content_are_survived(keys in "[SA0-3;a:${}]{0,30}", sets in "[0-2;]{0,20}", directory in "[0-3a;]{0,20}", services in "[0-9A;=:.!LRW]{0,60}") {
        let lengths = [&keys, &sets, &directory, &services].map(|section| section.len().to_string()).join(";");
        let text = format!("reeve-actions;1;s;1;M;2026-09-26;1;1;1;{lengths};{keys}{sets}{directory}{services}");
        let table = ActionTable::parse(&text).unwrap();
        walk(&table);
        prop_assert!(table.condition_key("a:b").is_none_or(|key| key.is("a:b")));
        prop_assert!(table.action("a:b").is_none_or(|action| action.name().eq_ignore_ascii_case("b")));
    }
}
