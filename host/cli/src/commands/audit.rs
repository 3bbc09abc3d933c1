//! `reeve audit verify`.

use super::run::Form;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;
use crate::{Outcome, wiring};
use anyhow::Context;
use clap::Args;
use reeve_engine::{Gate, NotReplayable};
use reeve_json::{Object, Value};
use reeve_local::{RECEIPTS_FILE, ReceiptFile};
use reeve_model::{Digest, Receipt};
use reeve_report::grouped;
use std::path::{Path, PathBuf};

/// Prove a file of receipts: the chain closes, and every decision comes out again, byte for byte
///
/// Each request is judged again by the policies of the gate file and the facts of its receipt, and sealed again; the
/// hash must be the same. What another configuration has decided cannot be proven with this one and is a finding: give
/// the gate file as it was then.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A file of receipts, or the folder that holds one; none takes the gate file's
    receipts: Option<PathBuf>,

    /// The gate file
    #[arg(long, short, value_name = "FILE", default_value = "gate.yaml")]
    gate: PathBuf,

    /// Form of the output
    #[arg(long, value_name = "FORM", default_value = "human")]
    format: Form,
}

/// What became of one receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Finding {
    /// The line does not follow the one before, or is no receipt.
    Broken(String),
    /// Judged again, these members come out otherwise.
    Differs(Vec<String>),
    /// Made by a gate file or by policies that are not these.
    OtherConfiguration,
    /// The receipt does not hold what is needed.
    NotReplayable(String),
}

impl Finding {
    fn code(&self) -> &'static str {
        match self {
            Self::Broken(_) => "CHAIN_BROKEN",
            Self::Differs(_) => "DECISION_DIFFERS",
            Self::OtherConfiguration => "OTHER_CONFIGURATION",
            Self::NotReplayable(_) => "NOT_REPLAYABLE",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Broken(why) | Self::NotReplayable(why) => why.clone(),
            Self::Differs(members) => format!("judged again, it differs in {}", members.join(", ")),
            Self::OtherConfiguration => "it was decided by another gate file, or by other policies".to_owned(),
        }
    }
}

/// The file of receipts that an argument or the gate file names.
///
/// # Errors
/// When neither names one.
pub(crate) fn receipts_path(named: Option<&Path>, of_gate: Option<&Path>) -> Result<PathBuf, Failure> {
    let path = named
        .or(of_gate)
        .ok_or_else(|| Failure::new("the gate file keeps no receipts in a folder").hint("name a file of receipts"))?;
    Ok(if path.is_dir() { path.join(RECEIPTS_FILE) } else { path.to_owned() })
}

/// Verifies.
///
/// # Errors
/// When a file cannot be read, or holds no receipt.
pub fn verify(args: &VerifyArgs, ui: &Ui) -> Outcome {
    let wired = wiring::gate(&args.gate)?;
    let path = receipts_path(args.receipts.as_deref(), wired.receipts.as_deref())?;
    let (mut proven, mut findings) = (0_u64, 0_u64);
    let mut previous: Option<Digest> = None;
    let mut unwritten: Result<(), std::io::Error> = Ok(());
    let read = ReceiptFile::read_all(&path, |number, receipt| {
        let finding = match &receipt {
            Err(error) => Some(Finding::Broken(error.to_string())),
            Ok(receipt) => check(&wired.gate, receipt, previous.as_ref()),
        };
        previous = receipt.as_ref().ok().map(|receipt| receipt.hash().clone());
        match finding {
            None => proven += 1,
            Some(finding) => {
                findings += 1;
                let hash = receipt.as_ref().ok().map(|receipt| receipt.hash().as_str().to_owned());
                unwritten = ui.data(&line(&path, number, hash, &finding, args.format));
            }
        }
        unwritten.is_ok()
    });
    read.map_err(anyhow::Error::from)?;
    unwritten.context("failed to write to standard output")?;
    if proven + findings == 0 {
        return Err(Failure::new(format!("`{}` holds no receipt: nothing was proven", path.display())));
    }
    ui.note(&format!(
        "{}: {} receipts proven by chain and decision, {} findings",
        path.display(),
        grouped(proven),
        grouped(findings)
    ));
    Ok(if findings == 0 { Exit::Done } else { Exit::Findings })
}

fn check(gate: &Gate, receipt: &Receipt, previous: Option<&Digest>) -> Option<Finding> {
    if !same_configuration(gate, receipt.body()) {
        return Some(Finding::OtherConfiguration);
    }
    match gate.rerun(receipt) {
        Err(error @ (NotReplayable::BodyNotKept | NotReplayable::FactUnavailable | NotReplayable::Malformed(_))) => {
            Some(Finding::NotReplayable(error.to_string()))
        }
        Ok(story) => {
            let again = story.seal(previous);
            (again.hash() != receipt.hash()).then(|| Finding::Differs(differing(receipt.body(), again.body())))
        }
    }
}

/// Whether the gate's digest and those of all policies asked are the receipt's.
fn same_configuration(gate: &Gate, body: &Object) -> bool {
    let digest = body.get("digests").and_then(|node| node.value.as_object()?.get("gate")?.as_str());
    let policies = body.get("policies").and_then(|node| node.value.as_array()).unwrap_or_default();
    let same = |policy: &reeve_json::Node| {
        let object = policy.value.as_object()?;
        let id = object.get("policy")?.as_str()?;
        let digests = object.get("digests")?.value.as_object()?;
        let known = gate.policies.iter().find(|policy| policy.id == id)?;
        let text = |name: &str| digests.get(name).and_then(|node| node.as_str());
        let datasets = known.digests.datasets.iter().map(|(name, digest)| (name.as_str(), digest.as_str()));
        let datasets = reeve_json::canonical(&Value::object(datasets));
        let stated = digests.get("datasets").map(|node| reeve_json::canonical(&node.value));
        Some(
            text("plugin") == Some(known.digests.plugin.as_str())
                && text("settings") == Some(known.digests.settings.as_str())
                && stated.as_deref() == Some(datasets.as_str()),
        )
    };
    digest == Some(gate.digest.as_str()) && policies.iter().all(|policy| same(policy).unwrap_or(false))
}

fn differing(one: &Object, other: &Object) -> Vec<String> {
    let text = |object: &Object, name: &str| object.get(name).map(|node| reeve_json::canonical(&node.value));
    let names: std::collections::BTreeSet<&str> = one.iter().chain(other.iter()).map(|it| it.key.as_str()).collect();
    let changed = names.into_iter().filter(|name| text(one, name) != text(other, name));
    changed.map(|name| format!("`{name}`")).collect()
}

fn line(path: &Path, number: usize, hash: Option<String>, finding: &Finding, form: Form) -> String {
    match form {
        Form::Human => format!("{}:{number}: {}: {}\n", path.display(), finding.code(), finding.message()),
        Form::Json => {
            let mut object = Object::new();
            object.set("line", i64::try_from(number).unwrap_or(i64::MAX));
            object.set("receipt", hash);
            object.set("code", finding.code());
            object.set("message", finding.message());
            reeve_json::compact(&Value::Object(object)) + "\n"
        }
    }
}
