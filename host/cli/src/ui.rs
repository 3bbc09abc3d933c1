//! Everything that is printed: data on stdout, the story on stderr.
#![expect(clippy::print_stderr, reason = "the one place that prints")]

use reeve_model::text::shown;
use reeve_model::{Finding, Severity};
use reeve_report::{Paint, Role};
use std::io::{self, IsTerminal, Write};

/// Longest finding on one line, characters.
const FINDING_CHARS_MAX: usize = 2_000;

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Standard output and error.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    out: Paint,
    out_coloured: bool,
    err: Paint,
    err_is_terminal: bool,
}

impl Ui {
    /// An interface that paints as told.
    #[must_use]
    pub fn new(colour: Colour) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let coloured = |terminal: bool| match colour {
            Colour::Auto => terminal && !plain,
            Colour::Always => true,
            Colour::Never => false,
        };
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let out = coloured(out);
        Self { out: Paint::new(out), out_coloured: out, err: Paint::new(coloured(err)), err_is_terminal: err }
    }

    /// How data is painted.
    #[must_use]
    pub fn paint(&self) -> Paint {
        self.out
    }

    /// Whether data is painted.
    #[must_use]
    pub fn coloured(&self) -> bool {
        self.out_coloured
    }

    /// Whether a person watches stderr.
    #[must_use]
    pub fn watched(&self) -> bool {
        self.err_is_terminal
    }

    /// Writes data. A reader that has gone away is no error: whoever runs `reeve … | head` has seen enough.
    ///
    /// # Errors
    /// Any other failure to write.
    pub fn data(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Tells what goes on.
    pub fn note(&self, text: &str) {
        eprintln!("{text}");
    }

    /// Warns.
    pub fn warn(&self, text: &str) {
        eprintln!("{} {text}", self.err.paint(Role::Warn, "warning:"));
    }

    /// Tells a finding: what is wrong, where, and what to do about it.
    pub fn finding(&self, finding: &Finding) {
        let place = finding.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        let text = shown(&format!("{place}{} ({})", finding.message, finding.code), FINDING_CHARS_MAX);
        match finding.severity {
            Severity::Error => self.error(&text, finding.fix.as_deref()),
            Severity::Warning => self.warn(&text),
            Severity::Info => self.note(&text),
        }
    }

    /// Says what is wrong, and what to do about it.
    pub fn error(&self, text: &str, hint: Option<&str>) {
        eprintln!("{} {text}", self.err.paint(Role::Bad, "error:"));
        if let Some(hint) = hint {
            eprintln!("{} {hint}", self.err.paint(Role::Faint, " hint:"));
        }
    }
}
