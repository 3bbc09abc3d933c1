//! Pages of a reply: none is longer than the bus takes, and of the answer nothing is lost without being told.

use crate::bench::{Bench, deny};
use crate::requests::{Ask, account, parameters};
use reeve_engine::REPLY_BYTES_MAX;
use reeve_kinds::OrganizationAccount;
use reeve_model::{Reason, Severity, Verdict};
use serde_json::{Value, json};

/// What a queue takes: a reply and its envelope must be shorter.
const QUEUE_BYTES_MAX: usize = 256 * 1_024;
const _: () = assert!(REPLY_BYTES_MAX < QUEUE_BYTES_MAX);

fn listing() -> Ask {
    Ask::of("LIST_ACCOUNTS", 1, &json!({}))
}

/// Puts accounts with names of these lengths into the organization, and no others.
fn directory(bench: &Bench, names: &[usize]) {
    let mut state = bench.state();
    let organization = state.aws.world.organization.as_mut().expect("there is one");
    organization.accounts.clear();
    for (at, length) in names.iter().enumerate() {
        let id = format!("{:012}", at + 1);
        let it = OrganizationAccount {
            id: account(&id),
            name: "\u{e9}".repeat(*length),
            email: format!("{at}@example.com"),
            parent_id: "r-abcd".into(),
        };
        organization.accounts.insert(id, it);
    }
}

/// The pages of the only reply, each checked for what every page must be.
fn pages(bench: &Bench) -> Vec<Value> {
    let state = bench.state();
    let count = state.replies.len();
    let read = |(at, page): (usize, &String)| {
        assert!(page.len() <= REPLY_BYTES_MAX, "page {at} has {} bytes", page.len());
        let page: Value = serde_json::from_str(page).expect("JSON");
        assert_eq!((&page["page"], &page["pages"]), (&json!(at + 1), &json!(count)));
        assert_eq!(page["receipt"], state.receipts[0].1.hash().as_str());
        assert_eq!(page["nonce"], "00000000-0000-4000-8000-000000000001");
        page
    };
    state.replies.iter().enumerate().map(read).collect()
}

fn ids(pages: &[Value]) -> Vec<String> {
    let items = pages.iter().flat_map(|page| page["answer"].as_array().expect("items"));
    items.map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn a_directory_of_any_size_comes_whole_and_in_order() {
    for (names, pages_max) in [
        (vec![], 1),
        (vec![5], 1),
        (vec![50; 3_000], 8),
        (vec![20_000; 40], 20),
        // Page limits are met exactly and by one byte.
        ((29_000..29_200).collect(), 200),
    ] {
        let bench = Bench::new();
        directory(&bench, &names);
        bench.done(&listing().delivery());
        let pages = pages(&bench);
        assert!((1..=pages_max).contains(&pages.len()), "{}", pages.len());
        let wanted: Vec<String> = (1..=names.len()).map(|at| format!("{at:012}")).collect();
        assert_eq!(ids(&pages), wanted, "every item once, in order");
        assert!(pages.iter().all(|page| page.get("answer_left_out").is_none()));
        let repeated = bench.state().replies.clone();
        bench.done(&listing().delivery());
        assert_eq!(bench.state().replies[repeated.len()..], repeated, "all pages again");
    }
}

#[test]
fn an_item_that_no_page_can_hold_is_left_out_and_counted() {
    for (names, told, left_out) in [
        (vec![5, 70_000, 5], vec!["000000000001", "000000000003"], 1),
        (vec![300_000], vec![], 1),
        (vec![70_000, 150_000, 5], vec!["000000000003"], 2),
    ] {
        let bench = Bench::new();
        directory(&bench, &names);
        bench.done(&listing().delivery());
        let pages = pages(&bench);
        assert_eq!(ids(&pages), told);
        assert!(pages.iter().all(|page| page["answer_left_out"] == left_out), "on every page");
    }
}

fn reasons(count: usize, length: usize) -> Vec<Reason> {
    let reason = |at: usize| Reason {
        code: format!("R{at}"),
        severity: Severity::Warning,
        message: "\u{1f980}".repeat(length),
        at: None,
        fix: None,
        extra: Vec::new(),
    };
    (0..count).map(reason).collect()
}

#[test]
fn reasons_and_outcomes_are_told_as_far_as_they_fit_and_counted_beyond() {
    for (count, length, told_min) in [(1, 10, 1), (100, 10, 100), (101, 10, 100), (40, 2_048, 6), (3, 100_000, 0)] {
        let bench = Bench::new();
        bench.judge(move |_| Verdict::Allow(reasons(count, length)));
        let values: Vec<(String, String)> = (0..100).map(|at| (format!("/pub/p{at}"), "1".to_owned())).collect();
        let values: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        directory(&bench, &[50; 2_000]);
        bench.done(&parameters(1, &values).delivery());
        let page = pages(&bench).remove(0);
        let told = page["reasons"].as_array().expect("reasons");
        assert!((told_min..=100).contains(&told.len()), "{} of {count}", told.len());
        let left_out = page.get("reasons_left_out").map_or(0, |it| it.as_u64().expect("a number"));
        assert_eq!(told.len() as u64 + left_out, count as u64);
        assert!(told.iter().enumerate().all(|(at, reason)| reason["code"] == format!("R{at}")), "the first ones");
        assert_eq!(page["outcomes"].as_array().map(Vec::len), Some(100));
    }
}

#[test]
fn the_fullest_page_still_fits() {
    let bench = Bench::new();
    bench.judge(|_| Verdict::Allow(reasons(100, 2_048)));
    directory(&bench, &[25_000; 12]);
    bench.done(&listing().delivery());
    let pages = pages(&bench);
    assert!(pages.len() >= 6);
    assert_eq!(ids(&pages).len(), 12);
}

#[test]
fn a_denial_holds_no_answer() {
    let bench = Bench::new();
    bench.judge(|_| deny("NO"));
    bench.done(&listing().delivery());
    let page = pages(&bench).remove(0);
    assert_eq!((page["decision"].as_str(), page.get("answer")), (Some("denied"), None));
    assert_eq!(page["reasons"][0]["policy"], "one");
}
