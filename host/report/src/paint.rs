//! Colour, where there is a terminal.

use std::fmt::Display;

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Something permitted.
    Good,
    /// Something denied, or an error.
    Bad,
    /// A warning.
    Warn,
    /// A name to look for.
    Strong,
    /// Detail that may be skipped.
    Faint,
}

/// Paints texts, or leaves them as they are.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    colour: bool,
}

impl Paint {
    /// Paints if `colour`.
    #[must_use]
    pub fn new(colour: bool) -> Self {
        Self { colour }
    }

    /// The text in the colour of its role.
    #[must_use]
    pub fn paint(self, role: Role, text: impl Display) -> String {
        let code = match role {
            Role::Good => "32",
            Role::Bad => "31",
            Role::Warn => "33",
            Role::Strong => "1",
            Role::Faint => "2",
        };
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_string() }
    }
}
