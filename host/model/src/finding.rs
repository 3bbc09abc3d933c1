//! What is wrong with files before a merge, and where.

use crate::verdict::Severity;
use std::fmt;

/// A place in a file, as people and editors count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Path, `/` between its parts, relative to the root of the repository.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    /// `file:line:column`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One thing that is wrong with files, or that a merge would bring about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Finding {
    /// Stable code, upper case.
    pub code: String,
    /// How bad it is. Errors make `reeve check` end with findings; the rest is told.
    pub severity: Severity,
    /// Who found it: the name of a policy, or of a check of the host (`accounts`, `plan`, `simulation`, `impact`, `cases`).
    pub by: String,
    /// One clause: lower case, no full stop, the person's values in backticks.
    pub message: String,
    /// Where; none for what stands in no file.
    pub place: Option<Place>,
    /// What to write instead, or whom to ask.
    pub fix: Option<String>,
    /// What it is about, where the place does not say it: an account, a policy, a case.
    pub subject: Option<String>,
    /// Other places that have to do with it, each with a word on why.
    pub related: Vec<(Place, String)>,
    /// Whether a named waiver may set it aside: security warnings and weaker. An error of the document itself may not.
    pub waivable: bool,
}

impl Finding {
    /// A finding without place, fix, subject and related places, that no waiver sets aside.
    #[must_use]
    pub fn new(by: impl Into<String>, code: impl Into<String>, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            severity,
            by: by.into(),
            message: message.into(),
            place: None,
            fix: None,
            subject: None,
            related: Vec::new(),
            waivable: severity != Severity::Error,
        }
    }

    /// The same at a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// The same, saying what to write instead.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// The same about something.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The same with another place that has to do with it.
    #[must_use]
    pub fn related(mut self, place: Place, why: impl Into<String>) -> Self {
        self.related.push((place, why.into()));
        self
    }

    /// The same, which a named waiver may set aside.
    #[must_use]
    pub fn waivable(mut self) -> Self {
        self.waivable = true;
        self
    }
}
