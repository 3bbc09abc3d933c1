//! Arguments, wiring and exit codes. A library, so that benchmarks and tests wire a gate as the binary does.

pub mod asks;
mod caching;
pub mod check;
pub mod checks;
pub mod commands;
pub mod exit;
pub mod live;
pub mod loader;
pub mod parameters;
mod probing;
pub mod project;
mod swap;
pub mod sync;
pub mod tables;
pub mod tree;
pub mod ui;
pub mod wiring;

use clap::{Parser, Subcommand};
use exit::{Exit, Failure};
use std::process::ExitCode;
use ui::Ui;

/// A policy gate for the AWS control plane
///
/// Accounts and pipelines ask for a change by EventBridge event. Reeve works out the exact AWS calls, asks sandboxed
/// WebAssembly policies whether they may happen, and only then makes them. `reeve run` makes nothing unless it is told to.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ui::Colour,
}

const EXIT_HELP: &str = "Exit codes: 0 done, 1 could not run, 2 usage, 3 denied, 4 findings, 130 interrupted.\n\
    stdout holds data, stderr the story.\n\
    REEVE_CACHE names the folder in which compiled plugins are kept, `off` keeps none.";

#[derive(Debug, Subcommand)]
enum Command {
    Run(commands::run::RunArgs),
    Check(commands::check::CheckArgs),
    Plan(commands::plan::PlanArgs),
    Sync(commands::sync::SyncArgs),
    Render(commands::render::RenderArgs),
    Serve(commands::serve::ServeArgs),
    Doctor(commands::doctor::DoctorArgs),
    Template(commands::template::TemplateArgs),
    /// Test and measure policies
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Look into plugins, and try them hard
    #[command(subcommand)]
    Plugin(PluginCommand),
    Explain(commands::explain::ExplainArgs),
    /// Prove what was decided
    #[command(subcommand)]
    Audit(AuditCommand),
    Replay(commands::replay::ReplayArgs),
    Completion(commands::completion::CompletionArgs),
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    Test(commands::policy_test::PolicyTestArgs),
    Bench(commands::policy_bench::PolicyBenchArgs),
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    Verify(commands::audit::VerifyArgs),
}

#[derive(Debug, Subcommand)]
enum PluginCommand {
    Inspect(commands::plugin_inspect::PluginInspectArgs),
    Torture(commands::plugin_torture::PluginTortureArgs),
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    // As the `bootstrap` of a function there are no arguments, and a runtime API to ask.
    if std::env::args_os().len() == 1 && std::env::var_os(reeve_serve::RUNTIME_API).is_some() {
        let ui = Ui::new(ui::Colour::Never);
        return match commands::serve::bootstrap(&ui) {
            Ok(exit) => exit.into(),
            Err(failure) => failure.report(&ui).into(),
        };
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are data and end well; everything else is a usage error.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    let ui = Ui::new(cli.color);
    let result = match cli.command {
        Command::Run(args) => commands::run::run(&args, &ui),
        Command::Check(args) => commands::check::run(&args, &ui),
        Command::Plan(args) => commands::plan::run(&args, &ui),
        Command::Sync(args) => commands::sync::run(&args, &ui),
        Command::Render(args) => commands::render::run(&args, &ui),
        Command::Serve(args) => commands::serve::run(&args, &ui),
        Command::Template(args) => commands::template::run(&args, &ui),
        Command::Doctor(args) => commands::doctor::run(&args, &ui),
        Command::Policy(PolicyCommand::Test(args)) => commands::policy_test::run(&args, &ui),
        Command::Policy(PolicyCommand::Bench(args)) => commands::policy_bench::run(&args, &ui),
        Command::Plugin(PluginCommand::Inspect(args)) => commands::plugin_inspect::run(&args, &ui),
        Command::Plugin(PluginCommand::Torture(args)) => commands::plugin_torture::run(&args, &ui),
        Command::Explain(args) => commands::explain::run(&args, &ui),
        Command::Audit(AuditCommand::Verify(args)) => commands::audit::verify(&args, &ui),
        Command::Replay(args) => commands::replay::run(&args, &ui),
        Command::Completion(args) => commands::completion::run(&args, &ui),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(&ui).into(),
    }
}

/// The definition of the command line, for completions and documentation.
pub(crate) fn definition() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// What a command ends in.
pub type Outcome = Result<Exit, Failure>;
