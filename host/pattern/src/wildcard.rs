//! Wildcard texts: `*` stands for any run of characters, the empty run too; `\*` and `\\` for themselves.

/// A wildcard text, cut at its stars.
#[derive(Debug, Clone)]
pub(crate) struct Wildcard {
    /// What stands before the first star, or the whole text.
    first: String,
    /// What stands between stars, in order.
    middle: Vec<String>,
    /// What stands after the last star; `None` if there is no star.
    last: Option<String>,
}

impl Wildcard {
    /// Reads a wildcard text.
    ///
    /// # Errors
    /// What is wrong, in a few words: two stars side by side, or a backslash before anything but `*` and `\`.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut parsed = Self { first: String::new(), middle: Vec::new(), last: None };
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                '*' if chars.peek() == Some(&'*') => return Err("it has two `*` side by side"),
                '*' => parsed.middle.extend(parsed.last.replace(String::new())),
                '\\' => match chars.next() {
                    Some(escaped @ ('*' | '\\')) => parsed.push(escaped),
                    Some(_) | None => return Err("a backslash may stand only before `*` or another backslash"),
                },
                plain => parsed.push(plain),
            }
        }
        Ok(parsed)
    }

    fn push(&mut self, char: char) {
        self.last.as_mut().unwrap_or(&mut self.first).push(char);
    }

    /// Whether the whole value fits. The leftmost place for each piece is as good as any, so this takes linear time.
    pub(crate) fn fits(&self, value: &str) -> bool {
        let Some(last) = &self.last else {
            return value == self.first;
        };
        value.strip_prefix(&*self.first).and_then(|rest| rest.strip_suffix(&**last)).is_some_and(|inner| {
            self.middle.iter().try_fold(inner, |rest, piece| Some(rest.split_once(&**piece)?.1)).is_some()
        })
    }
}
