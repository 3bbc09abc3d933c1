//! The tests over all rows.

use super::gates::Gates;
use super::list::{CODES, ELSEWHERE, ITEMS, NOT_CODES, NOT_YET, SOME_TAKEN};
use super::table::{Expect, NOW, On, Row};
use reeve_engine::{Delivery, Handled, Runner, Story};
use reeve_local::MemoryLedger;
use reeve_model::{Code, Receipt, Timestamp};
use reeve_report::Paint;
use std::collections::BTreeSet;

fn rows() -> Vec<Row> {
    let all = [
        super::envelope::rows(),
        super::dns_names::rows(),
        super::dns_semantics::rows(),
        super::dns_batches::rows(),
        super::ssm::rows(),
        super::organizations::rows(),
        super::plugins::rows(),
    ];
    all.concat()
}

pub(crate) fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

fn delivery(row: &Row, body: &[u8]) -> Delivery {
    Delivery {
        body: body.to_vec(),
        origin: "events.ndjson:1".to_owned(),
        verified: row.verified,
        content_type: row.content_type.map(str::to_owned),
    }
}

/// Judges a row; the error says what is otherwise than expected.
fn run(row: &Row, gates: &mut Gates) -> Result<(), String> {
    let files = match &row.on {
        On::Files(files) => files,
        On::Dns => return decide(row, &mut gates.dns),
        On::Management => return decide(row, &mut gates.management),
        On::Lists => return decide(row, &mut gates.lists),
    };
    match (gates.of_files(files), &row.expect) {
        (Err(failure), Expect::NoGate { code, text }) => {
            let said = failure.to_string();
            let good = said.contains(code) && said.contains(text);
            if good { Ok(()) } else { Err(format!("the failure is: {said}")) }
        }
        (Ok(_), Expect::NoGate { .. }) => Err("there is a gate".to_owned()),
        (Ok(mut gate), Expect::Decision { .. }) => decide(row, &mut gate),
        (Err(failure), Expect::Decision { .. }) => Err(format!("there is no gate: {failure}")),
    }
}

/// The story of a delivery, whether it is answered or has to come again.
fn told(handled: Handled) -> Result<Story, String> {
    match handled {
        Handled::Done(mut stories) => stories.pop().map(|(story, _)| story).ok_or_else(|| "no story".to_owned()),
        Handled::Again { story: Some(story), .. } => Ok(*story),
        Handled::Again { why, story: None, .. } => Err(why),
    }
}

fn decide(row: &Row, runner: &mut Runner) -> Result<(), String> {
    runner.ledger = Box::new(MemoryLedger::default());
    if let Some(first) = &row.first {
        told(runner.handle(&delivery(row, first)))?;
    }
    let story = told(runner.handle(&delivery(row, &row.body)))?;
    let Expect::Decision { permitted, reasons } = &row.expect else { return Err("no decision is expected".into()) };
    let found: BTreeSet<(String, String)> = story
        .decision
        .reasons()
        .iter()
        .map(|(_, reason)| (reason.code.clone(), reason.at.clone().unwrap_or_default()))
        .collect();
    let expected: BTreeSet<(String, String)> = reasons.iter().cloned().collect();
    if story.decision.permitted() != *permitted || found != expected {
        return Err(format!("{} {found:?}, not {permitted} {expected:?}", story.decision.as_str()));
    }
    sealed(&story)?;
    shown(&story)
}

/// The story makes a receipt that is read back and says the same.
pub(crate) fn sealed(story: &Story) -> Result<(), String> {
    let line = story.seal(None).into_line();
    if line.contains('\n') {
        return Err("the receipt is not one line".to_owned());
    }
    match Receipt::read(line.as_bytes(), Some(None)) {
        Ok(read) if read.line() == line => Ok(()),
        Ok(_) => Err("the receipt reads back differently".to_owned()),
        Err(error) => Err(format!("the receipt does not read back: {error}")),
    }
}

/// What people see holds nothing that steers a terminal or fakes a line.
pub(crate) fn shown(story: &Story) -> Result<(), String> {
    let human = reeve_report::human(story, Paint::new(false));
    let steers = |char: char| {
        (char.is_control() && char != '\n')
            || matches!(u32::from(char), 0x61C | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFEFF)
    };
    if let Some(bad) = human.chars().find(|&char| steers(char)) {
        return Err(format!("the report holds U+{:04X}: {human:?}", u32::from(bad)));
    }
    match human.lines().skip(1).find(|line| !line.starts_with("  ")) {
        Some(line) => Err(format!("the report has the line {line:?}, which stands for another delivery")),
        None => Ok(()),
    }
}

#[test]
fn every_hostile_input_gets_its_answer() {
    let mut gates = Gates::wire();
    let mut wrong = Vec::new();
    for row in rows() {
        if let Err(error) = run(&row, &mut gates) {
            wrong.push(format!("{} {}: {error}", row.item, row.text));
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_item_is_tried_or_named() {
    let tried: BTreeSet<u8> = rows().iter().map(|row| row.item).collect();
    let named = || ELSEWHERE.iter().chain(&NOT_YET);
    let all: BTreeSet<u8> = tried.iter().copied().chain(named().map(|(item, _)| *item)).collect();
    assert_eq!(all, ITEMS.collect());
    // What has no row at all is these two: all other entries name a part of an item.
    let untried: Vec<u8> = ITEMS.filter(|item| !tried.contains(item)).collect();
    assert_eq!(untried, [93, 95]);
    assert!(named().all(|(item, why)| ITEMS.contains(item) && why.len() > 20));
    let mut once = BTreeSet::new();
    assert!(named().all(|(item, _)| once.insert(item)), "an item is named twice");
}

#[test]
fn a_row_says_why_it_differs_from_the_list() {
    for row in rows() {
        let listed = CODES[usize::from(row.item) - 1];
        let taken = matches!(row.expect, Expect::Decision { permitted: true, .. });
        let same = if taken {
            SOME_TAKEN.contains(&row.item)
        } else {
            !row.codes().is_empty() && row.codes().iter().all(|it| listed.contains(it))
        };
        assert_eq!(row.deviation.is_none(), same, "{} {}: {:?}", row.item, row.text, row.deviation);
    }
}

#[test]
fn every_code_of_the_list_is_one_of_ours() {
    let ours: BTreeSet<&str> = Code::ALL
        .iter()
        .map(|code| code.as_str())
        .chain(dns_allowlist::rules::REASONS.iter().map(|(code, _)| *code))
        .chain(sender_trust::rules::REASONS.iter().map(|(code, _)| *code))
        .chain(scp_validation::policy::reasons().map(|(code, _)| code))
        .collect();
    let listed: BTreeSet<&str> = CODES.iter().flat_map(|codes| codes.iter().copied()).collect();
    let missing: BTreeSet<&str> = listed.difference(&ours).copied().collect();
    assert_eq!(missing, NOT_CODES.iter().map(|(code, _)| *code).collect());
    // Rows, too, name only codes that exist.
    for row in rows() {
        for code in row.codes() {
            assert!(ours.contains(code) || missing.contains(code), "{} {}: {code}", row.item, row.text);
        }
    }
}
