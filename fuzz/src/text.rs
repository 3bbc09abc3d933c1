//! Places in texts, and messages about them.

use reeve_yaml::YamlError;

/// Asserts that a place, both numbers from 1, lies in the text: on a character, or just behind the last one of a line.
pub(crate) fn assert_place_inside(text: &str, line: u32, column: u32) {
    let number = usize::try_from(line).expect("usize has 32 bits");
    let found = number.checked_sub(1).and_then(|index| text.split('\n').nth(index));
    let found = found.unwrap_or_else(|| panic!("line {line} is not in the text"));
    let width = found.chars().count() + 1;
    let column = usize::try_from(column).expect("usize has 32 bits");
    assert!((1..=width).contains(&column), "column {column} is not in line {line}, which ends at {width}");
}

/// Asserts that a terminal or a log shows the message on one line and obeys nothing in it.
pub(crate) fn assert_shown_safely(message: &str) {
    assert!(!message.is_empty(), "the message is empty");
    assert!(!message.chars().any(char::is_control), "the message holds a control character: {message:?}");
}

/// Asserts that an error of a YAML file names the file, and a place in it.
pub(crate) fn assert_told_well(error: &YamlError, file: &str, text: &str) {
    assert_eq!(error.file, file);
    assert_place_inside(text, error.line, error.column);
    assert_shown_safely(&error.message);
    error.hint().into_iter().for_each(assert_shown_safely);
}
