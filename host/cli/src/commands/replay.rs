//! `reeve replay`.

use super::audit::receipts_path;
use super::run::Form;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;
use crate::{Outcome, wiring};
use anyhow::Context;
use clap::Args;
use reeve_engine::Story;
use reeve_json::{Object, Value};
use reeve_local::ReceiptFile;
use reeve_model::{Code, Receipt};
use reeve_report::grouped;
use std::path::PathBuf;

/// Judge recorded requests by another gate file: which decisions flip
///
/// Each request of a file of receipts is judged by the gate file's kinds, brakes and policies, with the facts of its
/// receipt. A policy that was not asked then sees a fact only if another policy was given one of the same name. Nothing
/// is executed, nothing is kept. Ends with 4 when a decision flips.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// A file of receipts, or the folder that holds one
    receipts: PathBuf,

    /// The gate file to judge by
    #[arg(long, short, value_name = "FILE", default_value = "gate.yaml")]
    gate: PathBuf,

    /// Form of the output
    #[arg(long, value_name = "FORM", default_value = "human")]
    format: Form,
}

/// Replays.
///
/// # Errors
/// When a file cannot be read or its chain is broken.
pub fn run(args: &ReplayArgs, ui: &Ui) -> Outcome {
    let gate = wiring::gate(&args.gate)?.gate;
    let path = receipts_path(Some(&args.receipts), None)?;
    let (mut same, mut flips, mut left_out) = (0_u64, 0_u64, 0_u64);
    let mut failed: Result<(), Failure> = Ok(());
    let read = ReceiptFile::read_all(&path, |number, receipt| {
        let receipt = match receipt {
            Ok(receipt) => receipt,
            Err(error) => {
                failed = Err(Failure::new(format!("{}:{number}: {error}", path.display())));
                return false;
            }
        };
        // What only repeats or clashes with another receipt says nothing of policies.
        let told_by_ledger = [Code::DuplicateSuppressed, Code::NonceReuse].map(Code::as_str);
        let ledger =
            receipt.body().get("ledger_refusal").and_then(|node| node.value.as_object()?.get("code")?.as_str());
        match gate.rerun(&receipt) {
            _ if ledger.is_some_and(|code| told_by_ledger.contains(&code)) => left_out += 1,
            Err(_) => left_out += 1,
            Ok(story) if before(&receipt) == story.decision.as_str() => same += 1,
            Ok(story) => {
                flips += 1;
                let written = ui.data(&line(&path.display().to_string(), number, &receipt, &story, args.format));
                failed = written.context("failed to write to standard output").map_err(Failure::from);
            }
        }
        failed.is_ok()
    });
    read.map_err(anyhow::Error::from)?;
    failed?;
    if same + flips + left_out == 0 {
        return Err(Failure::new(format!("`{}` holds no receipt: nothing was judged", path.display())));
    }
    ui.note(&format!(
        "{} decisions stay, {} flip; {} receipts hold nothing to judge",
        grouped(same),
        grouped(flips),
        grouped(left_out)
    ));
    Ok(if flips == 0 { Exit::Done } else { Exit::Findings })
}

fn before(receipt: &Receipt) -> &str {
    receipt.body().get("decision").and_then(|node| node.as_str()).unwrap_or_default()
}

fn line(path: &str, number: usize, receipt: &Receipt, story: &Story, form: Form) -> String {
    let (was, is) = (before(receipt), story.decision.as_str());
    let kind = story.kind.as_deref().unwrap_or("?");
    let sender = story.sender.as_ref().map(|sender| sender.account.to_string()).unwrap_or_default();
    if form == Form::Json {
        let mut object = Object::new();
        object.set("line", i64::try_from(number).unwrap_or(i64::MAX));
        object.set("receipt", receipt.hash().as_str());
        object.set("kind", kind);
        object.set("sender", sender);
        object.set("before", was);
        object.set("after", is);
        let reasons = story.decision.reasons().iter().map(|(policy, reason)| {
            Value::object([
                ("policy", Value::from(policy.as_str())),
                ("code", reason.code.as_str().into()),
                ("message", reason.message.as_str().into()),
            ])
        });
        object.set("reasons", Value::array(reasons));
        return reeve_json::compact(&Value::Object(object)) + "\n";
    }
    let mut text = format!("{path}:{number}: {kind} from {sender}: {was} then, {is} now\n");
    for (policy, reason) in story.decision.reasons() {
        let message = reeve_model::text::shown(&reason.message, 240);
        text.push_str(&format!("  {} ({policy}) {message}\n", reason.code));
    }
    text
}
