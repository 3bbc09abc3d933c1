//! `reeve completion`.

use crate::Outcome;
use crate::exit::Exit;
use crate::ui::Ui;
use anyhow::Context;
use clap::Args;
use clap_complete::Shell;

/// Print a completion script for a shell
///
/// For bash: `reeve completion bash > ~/.local/share/bash-completion/completions/reeve`.
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// The shell
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(args: &CompletionArgs, ui: &Ui) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::definition(), "reeve", &mut script);
    ui.data(&String::from_utf8_lossy(&script)).context("failed to write to standard output")?;
    Ok(Exit::Done)
}
