//! Recorded requests judged by the policies of the tree: which decisions a merge would flip.

use crate::exit::Failure;
use crate::project::Project;
use crate::wiring;
use reeve_engine::Gate;
use reeve_local::ReceiptFile;
use reeve_model::{Code, Finding, Place, Receipt, Severity};
use reeve_sandbox::Sandbox;
use std::path::Path;

/// Name under which flips are told.
const BY: &str = "impact";
/// Most flips that are told one by one; the rest is counted. A person reads fewer.
const FLIPS_TOLD_MAX: usize = 100;

/// What came of it.
#[derive(Debug, Default)]
pub struct Impact {
    /// One for each flip.
    pub findings: Vec<Finding>,
    /// Decisions that stay.
    pub same: u64,
    /// Receipts that hold nothing to judge.
    pub left_out: u64,
}

/// Judges the requests of a file of receipts, each by the gate of the project that made its receipt. `shown` is how the
/// file is named in findings.
///
/// # Errors
/// When a gate cannot be wired, the file cannot be read, or its chain is broken.
pub fn replay(
    project: &Project,
    root: &Path,
    sandbox: &Sandbox,
    (receipts, shown): (&Path, &str),
) -> Result<Impact, Failure> {
    let mut gates: Vec<Gate> = Vec::new();
    for gate in &project.file.gates {
        gates.push(wiring::gate_in(&root.join(&gate.file), sandbox)?.gate);
    }
    let mut impact = Impact::default();
    let mut flips = 0;
    let mut failed: Result<(), Failure> = Ok(());
    let read = ReceiptFile::read_all(receipts, |number, receipt| {
        match receipt {
            Ok(receipt) => one(&gates, &receipt, (shown, number), &mut impact, &mut flips),
            Err(error) => failed = Err(Failure::new(format!("{shown}:{number}: {error}"))),
        }
        failed.is_ok()
    });
    read.map_err(anyhow::Error::from)?;
    failed?;
    if impact.same + impact.left_out + flips == 0 {
        return Err(Failure::new(format!("`{shown}` holds no receipt: nothing was judged")));
    }
    if let Some(more) = usize::try_from(flips).unwrap_or(usize::MAX).checked_sub(FLIPS_TOLD_MAX).filter(|&it| it > 0) {
        let message = format!("{more} more recorded decisions flip");
        impact.findings.push(Finding::new(BY, "DECISIONS_FLIP", Severity::Error, message).about(shown).waivable());
    }
    Ok(impact)
}

fn one(gates: &[Gate], receipt: &Receipt, (shown, number): (&str, usize), impact: &mut Impact, flips: &mut u64) {
    let text = |name: &str| receipt.body().get(name).and_then(|node| node.as_str());
    let made_by = text("gate").and_then(|name| gates.iter().find(|gate| gate.name == name));
    // What only repeats or clashes with another receipt says nothing of policies.
    let told_by_ledger = [Code::DuplicateSuppressed, Code::NonceReuse].map(Code::as_str);
    let refusal = receipt.body().get("ledger_refusal");
    let ledger = refusal.and_then(|node| node.value.as_object()?.get("code")?.as_str());
    let story = made_by
        .filter(|_| ledger.is_none_or(|code| !told_by_ledger.contains(&code)))
        .and_then(|gate| gate.rerun(receipt).ok());
    let Some(story) = story else {
        impact.left_out += 1;
        return;
    };
    let (was, is) = (text("decision").unwrap_or_default(), story.decision.as_str());
    if was == is {
        impact.same += 1;
        return;
    }
    *flips += 1;
    if impact.findings.len() >= FLIPS_TOLD_MAX {
        return;
    }
    let kind = story.kind.as_deref().unwrap_or("?");
    let sender = story.sender.as_ref().map(|sender| sender.account.to_string()).unwrap_or_default();
    let why: Vec<String> = story
        .decision
        .reasons()
        .iter()
        .filter(|(_, reason)| is == "permitted" || reason.severity == reeve_model::Severity::Error)
        .map(|(policy, reason)| format!("{} ({policy})", reason.code))
        .collect();
    let why = if why.is_empty() { String::new() } else { format!(": {}", why.join(", ")) };
    let message = format!("{kind} from {sender} was {was} and would be {is}{why}");
    let place = Place { file: shown.to_owned(), line: u32::try_from(number).unwrap_or(u32::MAX), column: 1 };
    let finding = Finding::new(BY, "DECISION_FLIPS", Severity::Error, message).at(place).waivable();
    impact.findings.push(finding.about(receipt.hash().as_str()).fix("if this is meant, waive it by name"));
}
