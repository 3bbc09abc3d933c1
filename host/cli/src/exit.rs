//! Exit codes, and what is said when a command could not run.

use crate::ui::Ui;
use reeve_yaml::YamlError;
use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Done = 0,
    /// It could not run, or there was nothing to run on.
    CouldNotRun = 1,
    /// The command line is wrong.
    Usage = 2,
    /// At least one request was denied.
    Denied = 3,
    /// At least one finding: a case failed, a plugin is not admitted.
    Findings = 4,
    /// Ended by Ctrl-C; what was begun was finished.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not run.
#[derive(Debug)]
pub struct Failure {
    /// Each with its causes joined by `: `, and a hint.
    problems: Vec<(String, Option<String>)>,
}

impl Failure {
    /// One problem.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { problems: vec![(message.into(), None)] }
    }

    /// The same failure with a hint at its last problem.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Some((_, last)) = self.problems.last_mut() {
            *last = Some(hint.into());
        }
        self
    }

    /// The same failure with its place before each problem.
    #[must_use]
    pub fn at(mut self, place: &str) -> Self {
        for (message, _) in &mut self.problems {
            *message = format!("{place}: {message}");
        }
        self
    }

    /// What is wrong, in one line.
    pub(crate) fn line(&self) -> String {
        self.to_string().replace('\n', "; ")
    }

    /// The first hint, if there is one.
    pub(crate) fn first_hint(&self) -> Option<&str> {
        self.problems.iter().find_map(|(_, hint)| hint.as_deref())
    }

    /// Says what is wrong.
    pub(crate) fn report(&self, ui: &Ui) -> Exit {
        for (message, hint) in &self.problems {
            ui.error(message, hint.as_deref());
        }
        Exit::CouldNotRun
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<&str> = self.problems.iter().map(|(message, _)| message.as_str()).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl From<YamlError> for Failure {
    fn from(error: YamlError) -> Self {
        Self::from(vec![error])
    }
}

impl From<Vec<YamlError>> for Failure {
    fn from(errors: Vec<YamlError>) -> Self {
        let problem = |error: &YamlError| (error.to_string(), error.hint().map(str::to_owned));
        Self { problems: errors.iter().map(problem).collect() }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(format!("{error:#}"))
    }
}
