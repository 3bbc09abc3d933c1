//! Patterns of file paths in waivers.

/// Longest pattern, in bytes; paths of a repository stay below, and matching costs pattern times path.
pub(crate) const GLOB_BYTES_MAX: usize = 512;

/// A pattern of paths relative to the root of the repository: `*` is any run of characters without `/`, `?` one such
/// character, and `**` as a whole part any number of parts. It matches whole paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    parts: Vec<String>,
}

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What it must be, when it is too long, absolute, or could never match a path.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > GLOB_BYTES_MAX {
            return Err(format!("be at most {GLOB_BYTES_MAX} bytes"));
        }
        if text.contains('\\') {
            return Err("have `/` between its parts".to_owned());
        }
        let parts: Vec<String> = text.split('/').map(str::to_owned).collect();
        if parts.iter().any(|part| matches!(part.as_str(), "" | "." | "..")) {
            return Err("be a path below the root of the repository, without empty parts, `.` and `..`".to_owned());
        }
        if parts.iter().any(|part| part.contains("**") && part != "**") {
            return Err("have `**` only as a whole part of the path".to_owned());
        }
        Ok(Self { parts })
    }

    /// Whether it matches the whole path.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let names: Vec<&str> = path.split('/').collect();
        whole(
            &self.parts,
            &names,
            |part| part == "**",
            |part, name| {
                let (part, name): (Vec<char>, Vec<char>) = (part.chars().collect(), name.chars().collect());
                whole(&part, &name, |char| *char == '*', |wanted, char| *wanted == '?' || wanted == char)
            },
        )
    }
}

/// Whether a row of wanted items, some of which stand for any number, covers all that is given. One pass over what is
/// wanted with a set of reached ends: no pattern makes it slower than the product of both lengths.
fn whole<W, G>(wanted: &[W], given: &[G], any: impl Fn(&W) -> bool, fits: impl Fn(&W, &G) -> bool) -> bool {
    let mut reached = vec![false; given.len() + 1];
    reached.iter_mut().take(1).for_each(|start| *start = true);
    for item in wanted {
        let before = reached.clone();
        let mut open = false;
        for (end, reach) in reached.iter_mut().enumerate() {
            if any(item) {
                open |= before.get(end).copied().unwrap_or_default();
                *reach = open;
            } else {
                let previous = end.checked_sub(1).and_then(|at| Some((before.get(at)?, given.get(at)?)));
                *reach = previous.is_some_and(|(was, given)| *was && fits(item, given));
            }
        }
    }
    reached.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_paths() {
        for (pattern, path, expected) in [
            ("a.yaml", "a.yaml", true),
            ("a.yaml", "b/a.yaml", false),
            ("*.json", "a.json", true),
            ("*.json", "b/a.json", false),
            ("scps/*.json", "scps/a.json", true),
            ("scps/*.json", "scps/x/a.json", false),
            ("scps/**", "scps/x/a.json", true),
            ("scps/**", "scps", true),
            ("**/a.json", "a.json", true),
            ("**/a.json", "x/y/a.json", true),
            ("**/a.json", "x/y/ba.json", false),
            ("a/**/b/*", "a/b/c", true),
            ("a/**/b/*", "a/x/b/y/b/c", true),
            ("a/**/b/*", "a/x/b/y/c", false),
            ("a?c", "abc", true),
            ("a?c", "aéc", true),
            ("a?c", "a/c", false),
            ("a*b*c", "abbbc", true),
            ("a*b*c", "acb", false),
            ("*", "", true),
            ("[a]", "a", false),
            ("a{b,c}", "ab", false),
        ] {
            let glob = Glob::parse(pattern).expect(pattern);
            assert_eq!(glob.matches(path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn patterns_that_match_nothing_are_refused() {
        for pattern in ["", "/a", "a/", "a//b", "./a", "a/../b", "a\\b", "a**", "**a/b"] {
            assert!(Glob::parse(pattern).is_err(), "{pattern}");
        }
        assert!(Glob::parse(&"a".repeat(GLOB_BYTES_MAX)).is_ok());
        assert!(Glob::parse(&"a".repeat(GLOB_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn a_pattern_of_stars_costs_no_more_than_the_product() {
        let stars = Glob::parse(&"*a".repeat(GLOB_BYTES_MAX / 2)).expect("pattern");
        assert!(!stars.matches(&"a".repeat(200)));
        let parts = Glob::parse(&format!("{}x", "**/a/".repeat(100))).expect("pattern");
        assert!(!parts.matches(&["a/"; 300].concat()));
    }
}
