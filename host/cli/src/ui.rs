//! Everything that is printed: data on stdout, the story on stderr.
#![expect(clippy::print_stderr, reason = "the one place that prints")]

use reeve_report::{Paint, Role};
use std::io::{self, IsTerminal, Write};

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
    err: Paint,
    err_is_terminal: bool,
}

impl Ui {
    /// An interface that paints as told.
    #[must_use]
    pub fn new(colour: Colour) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let paint = |terminal: bool| match colour {
            Colour::Auto => Paint::new(terminal && !plain),
            Colour::Always => Paint::new(true),
            Colour::Never => Paint::new(false),
        };
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Self { out: paint(out), err: paint(err), err_is_terminal: err }
    }

    /// How data is painted.
    #[must_use]
    pub fn paint(&self) -> Paint {
        self.out
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

    /// Says what is wrong, and what to do about it.
    pub fn error(&self, text: &str, hint: Option<&str>) {
        eprintln!("{} {text}", self.err.paint(Role::Bad, "error:"));
        if let Some(hint) = hint {
            eprintln!("{} {hint}", self.err.paint(Role::Faint, " hint:"));
        }
    }
}
