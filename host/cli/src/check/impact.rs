//! Recorded requests judged by the policies of the tree: which decisions a merge would flip.

use crate::exit::Failure;
use reeve_engine::Gate;
use reeve_local::ReceiptFile;
use reeve_model::{Code, Finding, Place, Receipt, Severity};
use std::collections::BTreeMap;
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
    /// Receipts that hold nothing to judge: how many, by the reason.
    pub left_out: BTreeMap<String, u64>,
}

impl Impact {
    /// What came of a file, in one line.
    #[must_use]
    pub fn told(&self, shown: &str) -> String {
        let left_out: Vec<String> = self.left_out.iter().map(|(why, count)| format!("; {count} {why}")).collect();
        format!("{shown}: {} recorded decisions stay, judged on the facts of then{}", self.same, left_out.concat())
    }
}

/// Judges the requests of a file of receipts, each by the gate of the project that made its receipt, on the facts that
/// the receipt holds. `shown` is how the file is named in findings. That nothing could be judged is found.
///
/// # Errors
/// When the file cannot be read, or its chain is broken.
pub fn replay(gates: &BTreeMap<String, Gate>, (receipts, shown): (&Path, &str)) -> Result<Impact, Failure> {
    let mut impact = Impact::default();
    let mut flips = 0;
    let mut failed: Result<(), Failure> = Ok(());
    let read = ReceiptFile::read_all(receipts, |number, receipt| {
        match receipt {
            Ok(receipt) => one(gates, &receipt, (shown, number), &mut impact, &mut flips),
            Err(error) => failed = Err(Failure::new(format!("{shown}:{number}: {error}"))),
        }
        failed.is_ok()
    });
    read.map_err(anyhow::Error::from)?;
    failed?;
    if impact.same + flips == 0 {
        let why: Vec<String> = impact.left_out.iter().map(|(why, count)| format!("; {count} {why}")).collect();
        let message = format!("no recorded request was judged{}", why.concat());
        impact.findings.push(Finding::new(BY, "NOTHING_JUDGED", Severity::Error, message).about(shown));
    }
    if let Some(more) = usize::try_from(flips).unwrap_or(usize::MAX).checked_sub(FLIPS_TOLD_MAX).filter(|&it| it > 0) {
        let message = format!("{more} more recorded decisions flip");
        impact.findings.push(Finding::new(BY, "DECISIONS_FLIP", Severity::Error, message).about(shown).waivable());
    }
    Ok(impact)
}

fn one(
    gates: &BTreeMap<String, Gate>,
    receipt: &Receipt,
    (shown, number): (&str, usize),
    impact: &mut Impact,
    flips: &mut u64,
) {
    let text = |name: &str| receipt.body().get(name).and_then(|node| node.as_str());
    let made_by = text("gate").and_then(|name| gates.values().find(|gate| gate.name == name));
    // What only repeats or clashes with another receipt says nothing of policies.
    let told_by_ledger = [Code::DuplicateSuppressed, Code::NonceReuse].map(Code::as_str);
    let refusal = receipt.body().get("ledger_refusal");
    let ledger = refusal.and_then(|node| node.value.as_object()?.get("code")?.as_str());
    let story = match made_by {
        None => Err("are of no gate of the project that starts".to_owned()),
        Some(_) if ledger.is_some_and(|code| told_by_ledger.contains(&code)) => Err("repeat others".to_owned()),
        Some(gate) => gate.rerun(receipt).map_err(|error| format!("cannot be judged again: {error}")),
    };
    let story = match story {
        Ok(story) => story,
        Err(why) => {
            *impact.left_out.entry(why).or_default() += 1;
            return;
        }
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
