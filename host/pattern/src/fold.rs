//! Comparing strings ignoring case, character by character, the way event-ruler does.
//!
//! A character of the pattern stands for its full lower-case and its full upper-case form and for nothing else: `ß` is
//! met by `ß` and by `SS`, not by `ss`, and `S` is never met by `ß`. No locale and no normalisation.

/// A text whose characters may each stand in either case.
#[derive(Debug, Clone)]
pub(crate) struct Folded {
    /// Lower-case and upper-case form of each character. No form starts or ends with the other one unless they are
    /// equal (tested over all of Unicode below), so the first one that fits is the only one.
    characters: Vec<(Box<str>, Box<str>)>,
}

impl Folded {
    pub(crate) fn new(text: &str) -> Self {
        let forms = |char: char| (char.to_lowercase().collect(), char.to_uppercase().collect());
        Self { characters: text.chars().map(forms).collect() }
    }

    /// Whether the whole value is this text.
    pub(crate) fn equals(&self, value: &str) -> bool {
        self.strip_prefix(value) == Some("")
    }

    /// Whether the value starts with this text.
    pub(crate) fn is_prefix_of(&self, value: &str) -> bool {
        self.strip_prefix(value).is_some()
    }

    /// Whether the value ends with this text.
    pub(crate) fn is_suffix_of(&self, value: &str) -> bool {
        let strip = |rest: &str, (lower, upper): &(Box<str>, Box<str>)| {
            Some(rest.strip_suffix(&**lower).or_else(|| rest.strip_suffix(&**upper))?.len())
        };
        let mut rest = value;
        for forms in self.characters.iter().rev() {
            match strip(rest, forms).and_then(|length| rest.get(..length)) {
                Some(shorter) => rest = shorter,
                None => return false,
            }
        }
        true
    }

    fn strip_prefix<'v>(&self, value: &'v str) -> Option<&'v str> {
        self.characters
            .iter()
            .try_fold(value, |rest, (lower, upper)| rest.strip_prefix(&**lower).or_else(|| rest.strip_prefix(&**upper)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_starts_or_ends_with_the_other() {
        for char in '\0'..=char::MAX {
            let (lower, upper): (String, String) = (char.to_lowercase().collect(), char.to_uppercase().collect());
            if lower != upper {
                assert!(!lower.starts_with(&upper) && !upper.starts_with(&lower), "{char:?}");
                assert!(!lower.ends_with(&upper) && !upper.ends_with(&lower), "{char:?}");
            }
        }
    }

    #[test]
    fn stands_for_both_cases_of_the_pattern_alone() {
        assert!(Folded::new("straße").equals("STRASSE"));
        assert!(Folded::new("straße").equals("StRaßE"));
        assert!(!Folded::new("straße").equals("strasse"));
        assert!(!Folded::new("STRASSE").equals("straße"));
        assert!(Folded::new("aß").is_suffix_of("xAß"));
        assert!(Folded::new("ßa").is_suffix_of("xSSA"));
        assert!(!Folded::new("ßa").is_suffix_of("SA"));
        assert!(Folded::new("").equals(""));
        assert!(!Folded::new("").equals("x"));
    }
}
