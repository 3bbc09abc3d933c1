//! Showing texts that strangers wrote.

/// A stranger's text, safe for logs and terminals: control, bidirectional and invisible format characters escaped, and
/// no longer than `chars_max` before that.
#[must_use]
pub fn shown(text: &str, chars_max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(chars_max));
    for char in text.chars().take(chars_max) {
        let hidden = char.is_control()
            || matches!(u32::from(char), 0xAD | 0x61C | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF | 0xE0000..=0xE007F);
        if hidden {
            out.extend(char.escape_default());
        } else {
            out.push(char);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_deceive_a_terminal_is_escaped() {
        assert_eq!(shown("a\u{1b}[31m\u{202e}b\nc\u{e9}", 99), "a\\u{1b}[31m\\u{202e}b\\nc\u{e9}");
        assert_eq!(shown("abcdef", 3), "abc");
    }
}
