//! Wildcards of policies: `*` is any text, `?` any one byte.

/// Whether an action as written takes in the action `name`: any case, with `*` and `?`.
pub(super) fn like(action: &str, name: &str) -> bool {
    glob(action.to_ascii_lowercase().as_bytes(), name.to_ascii_lowercase().as_bytes())
}

/// `*` and `?` as IAM has them. Going back only to the last `*` keeps it at pattern times text.
pub(super) fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut here, mut back) = (0, 0, None);
    while here < text.len() {
        match (pattern.get(at), back) {
            (Some(b'*'), _) => {
                at += 1;
                back = Some((at, here));
            }
            (Some(byte), _) if *byte == b'?' || Some(byte) == text.get(here) => {
                at += 1;
                here += 1;
            }
            (_, Some((after, from))) => {
                at = after;
                here = from + 1;
                back = Some((after, here));
            }
            (_, None) => return false,
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_iam_has_them() {
        for (pattern, text, matches) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*b*c", "aXbXbc", true),
            ("a*b*c", "aXbXb", false),
            ("?", "", false),
            ("a?", "ab", true),
            ("**", "ab", true),
            ("ab", "abc", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), matches, "{pattern} {text}");
        }
    }
}
