//! `reeve plugin inspect`.

use crate::Outcome;
use crate::exit::Exit;
use crate::loader;
use crate::ui::Ui;
use anyhow::Context;
use clap::Args;
use reeve_json::{Object, Value};
use reeve_model::Fault;
use reeve_report::{Role, grouped};
use reeve_sandbox::{CONTRACT, Description, Inspection, Sandbox};
use std::fmt::Write;
use std::path::PathBuf;

/// Show what a plugin imports, exports and says of itself
///
/// The imports are the plugin's permission list: it can call these functions and no other. Exit code 4 says that the
/// plugin would not be loaded, and why.
#[derive(Debug, Args)]
pub struct PluginInspectArgs {
    /// The component
    plugin: PathBuf,

    /// Form of the output
    #[arg(long, value_name = "FORM", default_value = "human")]
    format: super::run::Form,
}

/// Inspects one plugin.
///
/// # Errors
/// When the file cannot be read.
pub fn run(args: &PluginInspectArgs, ui: &Ui) -> Outcome {
    let bytes = loader::read(&args.plugin)?;
    let sandbox = Sandbox::new().context("failed to start")?;
    let inspection = sandbox.inspect(&bytes);
    let described = inspection.as_ref().map_err(Clone::clone).and_then(|_| sandbox.describe(&bytes));
    let text = match args.format {
        super::run::Form::Human => human(inspection.as_ref().ok(), &described, ui),
        super::run::Form::Json => {
            let object = json(inspection.as_ref().ok(), &described);
            format!("{}\n", reeve_json::compact(&Value::Object(object)))
        }
    };
    ui.data(&text).context("failed to write to standard output")?;
    Ok(if described.is_ok() { Exit::Done } else { Exit::Findings })
}

fn human(inspection: Option<&Inspection>, described: &Result<Description, Fault>, ui: &Ui) -> String {
    let paint = ui.paint();
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{} {value}", paint.paint(Role::Strong, format!("{name:<9}")));
    };
    if let Some(it) = inspection {
        line("digest", it.digest.to_string());
        line("size", format!("{} bytes", grouped(u64::try_from(it.bytes).unwrap_or(u64::MAX))));
        line("imports", if it.imports.is_empty() { "nothing".to_owned() } else { it.imports.join(", ") });
        line("exports", it.exports.join(", "));
        let needs = if it.wants_datasets() { "`datasets` in its policy file" } else { "nothing" };
        line("needs", needs.to_owned());
    }
    line("contract", CONTRACT.to_owned());
    match described {
        Ok(it) => {
            line("name", format!("{} {}", it.name, it.version));
            let kinds = if it.kinds.is_empty() { "any".to_owned() } else { it.kinds.join(", ") };
            line("kinds", kinds);
            for (code, text) in &it.reasons {
                line("reason", format!("{code}: {text}"));
            }
            line("settings", reeve_model::text::shown(&it.settings_schema.replace('\n', " "), 4_000));
        }
        Err(fault) => line("refused", paint.paint(Role::Bad, format!("{}: the plugin {fault}", fault.as_str()))),
    }
    out
}

fn json(inspection: Option<&Inspection>, described: &Result<Description, Fault>) -> Object {
    let mut object = Object::new();
    let texts = |items: &[String]| Value::array(items.iter().map(String::as_str));
    if let Some(it) = inspection {
        object.set("digest", it.digest.as_str());
        object.set("bytes", i64::try_from(it.bytes).unwrap_or(i64::MAX));
        object.set("imports", texts(&it.imports));
        object.set("exports", texts(&it.exports));
    }
    object.set("contract", CONTRACT);
    match described {
        Ok(it) => {
            object.set("admitted", true);
            object.set("name", it.name.as_str());
            object.set("version", it.version.as_str());
            object.set("kinds", texts(&it.kinds));
            object.set("reasons", Value::object(it.reasons.iter().map(|(code, text)| (code.as_str(), text.as_str()))));
            object.set("settings_schema", it.settings_schema.as_str());
        }
        Err(fault) => {
            object.set("admitted", false);
            object.set("fault", Value::object([("name", fault.as_str()), ("message", fault.to_string().as_str())]));
        }
    }
    object
}
