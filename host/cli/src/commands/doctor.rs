//! `reeve doctor`.

use super::run::Form;
use crate::checks::{self, Check, Ended};
use crate::exit::Exit;
use crate::loader::Loader;
use crate::ui::Ui;
use crate::{Outcome, live, wiring};
use anyhow::Context;
use clap::Args;
use reeve_json::{Object, Value};
use std::path::PathBuf;

/// Look whether a gate could run as its file says, and change nothing
///
/// Credentials, the policies of queues and functions, zones, bus, ledger, receipts, plugins, tables made of parameters.
/// Each check says `good`, `doubtful` or `bad`; one that is bad would stop `reeve serve` or fail its first request, and ends this with 4.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// The gate file
    #[arg(long, short, value_name = "FILE", default_value = "gate.yaml")]
    gate: PathBuf,

    /// Form of the output
    #[arg(long, value_name = "FORM", default_value = "human")]
    format: Form,
}

/// Looks.
///
/// # Errors
/// When the gate file is wrong.
pub fn run(args: &DoctorArgs, ui: &Ui) -> Outcome {
    let loader = Loader::new()?;
    // No policy is asked; tables of parameters are looked at on their own.
    let wired = wiring::gate_unasked(&args.gate, &loader)?;
    let runtime = live::runtime(wired.service.serve.in_flight)?;
    let aws = live::connect(&runtime, &wired.region, &wired.gate.name);
    let mut all = checks::policies(&wired);
    let identity = checks::identity(&aws, &wired.gate.account);
    let known = identity.problems().is_empty();
    all.push(identity);
    if known {
        // With other credentials, every further answer would be about another account.
        all.extend(checks::sources(&aws, &wired));
        all.extend(checks::resources(&aws, &wired));
        all.extend(checks::tables(&aws, &wired, &loader));
    }
    let text: String = all.iter().map(|check| line(check, args.format)).collect();
    ui.data(&text).context("failed to write to standard output")?;
    let bad = all.iter().filter(|check| !check.problems().is_empty()).count();
    let doubtful = all.iter().filter(|check| matches!(check.ended, Ended::Doubtful(_))).count();
    let versions = format!("reeve {}, gate `{}`", env!("CARGO_PKG_VERSION"), wired.gate.name);
    ui.note(&format!("{versions}: {} checks, {bad} bad, {doubtful} doubtful", all.len()));
    Ok(if bad == 0 { Exit::Done } else { Exit::Findings })
}

fn line(check: &Check, form: Form) -> String {
    let (word, texts) = match &check.ended {
        Ended::Good(text) => ("good", std::slice::from_ref(text)),
        Ended::Doubtful(text) => ("doubtful", std::slice::from_ref(text)),
        Ended::Bad(texts) => ("bad", texts.as_slice()),
    };
    match form {
        Form::Human => texts.iter().map(|text| format!("{word:<8} {}: {text}\n", check.what)).collect(),
        Form::Json => {
            let mut object = Object::new();
            object.set("check", check.what.as_str());
            object.set("ended", word);
            object.set("texts", Value::array(texts.iter().map(String::as_str)));
            reeve_json::compact(&Value::Object(object)) + "\n"
        }
    }
}
