//! Names that AWS takes. Their alphabets have no `$`, `{`, `*` or `?`, so no name can become a variable of `Fn::Sub`, a
//! dynamic reference (`{{resolve:…}}`) or a pattern of an ARN.

use crate::limits::{
    GROUP_NAME_CHARS_MAX, IMAGE_TAG_CHARS_MAX, REPOSITORY_NAME_CHARS, ROLE_NAME_CHARS_MAX, ROLE_PATH_CHARS_MAX,
    TAG_KEY_CHARS_MAX, TAG_VALUE_CHARS_MAX,
};

/// A character of the names of IAM (IAM API reference: `[\w+=,.@-]`, where `\w` is ASCII).
fn is_iam(char: char) -> bool {
    char.is_ascii_alphanumeric() || "_+=,.@-".contains(char)
}

/// Whether a text can name a group.
pub(crate) fn is_group(text: &str) -> bool {
    (1..=GROUP_NAME_CHARS_MAX).contains(&text.len()) && text.chars().all(is_iam)
}

/// Whether a text can name a role.
pub(crate) fn is_role(text: &str) -> bool {
    (1..=ROLE_NAME_CHARS_MAX).contains(&text.len()) && text.chars().all(is_iam)
}

/// Whether a text can name a role, with its path in front: `name` or `teams/infra/name`.
pub(crate) fn is_role_with_path(text: &str) -> bool {
    let name = text.rsplit('/').next().unwrap_or_default();
    let parts = text.split('/').all(|part| !part.is_empty() && part.chars().all(is_iam));
    parts && is_role(name) && text.len() <= ROLE_PATH_CHARS_MAX
}

/// Whether a text can name a repository (CloudFormation schema of `AWS::ECR::Repository`): components of `[a-z0-9]`
/// with `/` between them, and within one `.`, `_`, `__` or any number of `-` between letters or digits.
pub(crate) fn is_repository(text: &str) -> bool {
    let plain = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit();
    let component = |part: &str| {
        let mut between = part.split(plain).filter(|run| !run.is_empty());
        part.starts_with(plain)
            && part.ends_with(plain)
            && between.all(|run| matches!(run, "." | "_" | "__") || run.bytes().all(|byte| byte == b'-'))
    };
    REPOSITORY_NAME_CHARS.contains(&text.len()) && text.split('/').all(component)
}

/// Whether image tags can begin with a text (OCI distribution specification: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`).
pub(crate) fn is_tag_prefix(text: &str) -> bool {
    (1..=IMAGE_TAG_CHARS_MAX).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.chars().all(|char| char.is_ascii_alphanumeric() || "._-".contains(char))
}

/// What is wrong with a tag of a resource, as the end of a message (CloudFormation schema of
/// `AWS::ECR::Repository`; AWS tagging, characters).
pub(crate) fn tag_fault(key: &str, value: &str) -> Option<&'static str> {
    let plain =
        |text: &str| text.chars().all(|char| char.is_alphanumeric() || char == ' ' || "_.:/=+-@".contains(char));
    if key.is_empty() || key.chars().count() > TAG_KEY_CHARS_MAX {
        return Some("needs a key of 1 to 127 characters");
    }
    if value.is_empty() || value.chars().count() > TAG_VALUE_CHARS_MAX {
        return Some("needs a value of 1 to 255 characters");
    }
    if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
        return Some("has a key that begins with `aws:`, which is AWS's own");
    }
    (!plain(key) || !plain(value)).then_some("may hold only letters, digits, spaces and `_.:/=+-@`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_repositories_are_those_of_ecr() {
        let (longest, too_long) = ("a".repeat(256), "a".repeat(257));
        for (text, expected) in [
            ("foo-bar-image", true),
            ("team/foo.bar_baz", true),
            ("ab", true),
            (&longest, true),
            (&too_long, false),
            ("a", false),
            ("", false),
            ("Foo", false),
            ("foo--bar__baz", true),
            ("foo..bar", false),
            ("foo___bar", false),
            ("foo-_bar", false),
            ("-foo", false),
            ("foo/", false),
            ("/foo", false),
            ("foo bar", false),
            ("${AWS::AccountId}", false),
            ("f\u{f6}o", false),
        ] {
            assert_eq!(is_repository(text), expected, "{text}");
        }
    }

    #[test]
    fn prefixes_are_beginnings_of_image_tags() {
        let (longest, too_long) = ("a".repeat(128), "a".repeat(129));
        for (text, expected) in [
            ("dev-", true),
            ("_1.0", true),
            (&longest, true),
            (&too_long, false),
            ("", false),
            (".dev", false),
            ("-dev", false),
            ("dev*", false),
            ("d v", false),
        ] {
            assert_eq!(is_tag_prefix(text), expected, "{text}");
        }
    }

    #[test]
    fn roles_and_groups_have_no_patterns_and_no_variables() {
        let (longest, too_long) = ("r".repeat(64), "r".repeat(65));
        for (text, role, with_path) in [
            ("Admin", true, true),
            ("a+=,.@-_9", true, true),
            (&longest, true, true),
            (&too_long, false, false),
            ("teams/infra/update", false, true),
            ("/update", false, false),
            ("update/", false, false),
            ("*", false, false),
            ("Adm?n", false, false),
            ("${AWS::AccountId}", false, false),
            ("{{resolve:ssm:x}}", false, false),
            ("", false, false),
            ("Admin ", false, false),
        ] {
            assert_eq!((is_role(text), is_role_with_path(text)), (role, with_path), "{text}");
        }
        let path = |chars: usize| format!("{}/{}", "p".repeat(chars - 5), "role");
        assert!(is_role_with_path(&path(512)) && !is_role_with_path(&path(513)));
        assert!(is_group(&"g".repeat(128)) && !is_group(&"g".repeat(129)) && !is_group("a b") && !is_group(""));
    }

    #[test]
    fn tags_are_those_of_aws() {
        let (key, value) = ("k".repeat(127), "v".repeat(255));
        let (long_key, long_value) = ("k".repeat(128), "v".repeat(256));
        for (key, value, good) in [
            ("description", "Foo Service", true),
            (key.as_str(), value.as_str(), true),
            ("empty", "", false),
            (&long_key, "v", false),
            ("k", &long_value, false),
            ("", "v", false),
            ("aws:team", "v", false),
            ("AWS:team", "v", false),
            ("k", "{{resolve:ssm:/pub/x}}", false),
            ("k", "${AWS::AccountId}", false),
            ("k", "a\nb", false),
            ("\u{e9}quipe", "caf\u{e9}", true),
        ] {
            assert_eq!(tag_fault(key, value).is_none(), good, "{key} {value}");
        }
    }
}
