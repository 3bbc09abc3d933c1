//! `reeve audit verify`.

use super::run::Form;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;
use crate::wiring::Wired;
use crate::{Outcome, live, wiring};
use anyhow::Context;
use clap::Args;
use reeve_aws::receipts::ReceiptLines;
use reeve_config::ReceiptsFile;
use reeve_engine::{Gate, NotReplayable};
use reeve_json::{Object, Value};
use reeve_local::{RECEIPTS_FILE, ReceiptFile};
use reeve_model::receipt::BadReceipt;
use reeve_model::{Digest, Receipt};
use reeve_report::grouped;
use std::path::{Path, PathBuf};

/// Prove receipts: the chain closes, and every decision comes out again, byte for byte
///
/// Of a file, or of all chains that the gate file's bucket holds.
///
/// Each request is judged again by the policies of the gate file and the facts of its receipt, and sealed again; the
/// hash must be the same. What another configuration has decided cannot be proven with this one and is a finding: give
/// the gate file as it was then.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A file of receipts, or the folder that holds one; none takes the gate file's folder or bucket
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
/// When a file or bucket cannot be read, or holds no receipt.
pub fn verify(args: &VerifyArgs, ui: &Ui) -> Outcome {
    let wired = wiring::gate(&args.gate)?;
    let mut audit = Audit { ui: *ui, form: args.format, proven: 0, findings: 0, unwritten: Ok(()) };
    let place = match (&args.receipts, &wired.service.receipts) {
        (None, Some(ReceiptsFile::S3 { bucket, prefix })) => {
            audit.bucket(&wired, bucket, prefix)?;
            format!("bucket {bucket}")
        }
        (_, _) => {
            let path = receipts_path(args.receipts.as_deref(), wired.receipts.as_deref())?;
            audit.file(&wired.gate, &path)?;
            path.display().to_string()
        }
    };
    audit.unwritten.context("failed to write to standard output")?;
    if audit.proven + audit.findings == 0 {
        return Err(Failure::new(format!("{place} holds no receipt: nothing was proven")));
    }
    let (proven, findings) = (grouped(audit.proven), grouped(audit.findings));
    ui.note(&format!("{place}: {proven} receipts proven by chain and decision, {findings} findings"));
    Ok(if audit.findings == 0 { Exit::Done } else { Exit::Findings })
}

struct Audit {
    ui: Ui,
    form: Form,
    proven: u64,
    findings: u64,
    unwritten: Result<(), std::io::Error>,
}

impl Audit {
    fn file(&mut self, gate: &Gate, path: &Path) -> Result<(), Failure> {
        let mut previous: Option<Digest> = None;
        let read = ReceiptFile::read_all(path, |number, receipt| {
            let place = format!("{}:{number}", path.display());
            previous = self.one(gate, &place, receipt, previous.as_ref());
            self.unwritten.is_ok()
        });
        Ok(read.map_err(anyhow::Error::from)?)
    }

    /// Each folder of the bucket is a chain, in the order of its keys.
    fn bucket(&mut self, wired: &Wired, bucket: &str, prefix: &str) -> Result<(), Failure> {
        let runtime = live::runtime(1)?;
        let aws = live::connect(&runtime, &wired.region, &wired.gate.name);
        let slash = if prefix.is_empty() { "" } else { "/" };
        let folder = format!("{prefix}{slash}{}/", wired.gate.name);
        let mut chain: (String, Option<Digest>) = (String::new(), None);
        for line in ReceiptLines::list(aws, bucket, &folder) {
            let (key, line) = line.map_err(|error| Failure::new(error.to_string()))?;
            let own = key.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            if chain.0 != own {
                chain = (own, None);
            }
            let receipt = Receipt::read(line.trim_ascii_end(), Some(chain.1.as_ref()));
            chain.1 = self.one(&wired.gate, &format!("s3://{bucket}/{key}"), receipt, chain.1.as_ref());
        }
        Ok(())
    }

    /// Checks one receipt; the answer is its hash, which the next one follows.
    fn one(
        &mut self,
        gate: &Gate,
        place: &str,
        receipt: Result<Receipt, BadReceipt>,
        previous: Option<&Digest>,
    ) -> Option<Digest> {
        let finding = match &receipt {
            Err(error) => Some(Finding::Broken(error.to_string())),
            Ok(receipt) => check(gate, receipt, previous),
        };
        let hash = receipt.as_ref().ok().map(|receipt| receipt.hash().clone());
        match finding {
            None => self.proven += 1,
            Some(finding) => {
                self.findings += 1;
                self.unwritten = self.ui.data(&line(place, hash.as_ref(), &finding, self.form));
            }
        }
        hash
    }
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
    let set = gate.policies.current();
    let same = |policy: &reeve_json::Node| {
        let object = policy.value.as_object()?;
        let id = object.get("policy")?.as_str()?;
        let digests = object.get("digests")?.value.as_object()?;
        let known = set.policies.iter().find(|policy| policy.id == id)?;
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
    digest == Some(set.digest.as_str()) && policies.iter().all(|policy| same(policy).unwrap_or(false))
}

fn differing(one: &Object, other: &Object) -> Vec<String> {
    let text = |object: &Object, name: &str| object.get(name).map(|node| reeve_json::canonical(&node.value));
    let names: std::collections::BTreeSet<&str> = one.iter().chain(other.iter()).map(|it| it.key.as_str()).collect();
    let changed = names.into_iter().filter(|name| text(one, name) != text(other, name));
    changed.map(|name| format!("`{name}`")).collect()
}

fn line(place: &str, hash: Option<&Digest>, finding: &Finding, form: Form) -> String {
    match form {
        Form::Human => format!("{place}: {}: {}\n", finding.code(), finding.message()),
        Form::Json => {
            let mut object = Object::new();
            object.set("place", place);
            object.set("receipt", hash.map(|hash| hash.as_str().to_owned()));
            object.set("code", finding.code());
            object.set("message", finding.message());
            reeve_json::compact(&Value::Object(object)) + "\n"
        }
    }
}
