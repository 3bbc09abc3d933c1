//! Which account is meant: ids, addresses and names that change places, and accounts on their way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::world::Aws;
use common::{DENY, gates, lines, plan, state, well_formed};

const UNITS: [(&str, &str, &str); 2] = [("Dev", "ou-abcd-11111111", "root"), ("Standard", "ou-abcd-22222222", "root")];

fn accounts(accounts: &str, dev: &str, standard: &str) -> String {
    format!(
        "Accounts:\n{accounts}OrganizationUnits:\n  Dev: {{id: ou-abcd-11111111, policies: [{dev}]}}\n  \
         Standard: {{id: ou-abcd-22222222, policies: [{standard}]}}\n"
    )
}

fn account(name: &str, id: &str, email: &str, more: &str) -> String {
    let id = if id.is_empty() { String::new() } else { format!("id: \"{id}\", ") };
    format!("  {name}: {{{id}email: {email}@example.com, organization_unit: Dev{more}}}\n")
}

const FULL: &str = "FullAWSAccess";
const ONE: &str = "111111111111";
const TWO: &str = "222222222222";

#[test]
fn an_account_of_the_same_name_is_a_stranger() {
    let mut aws = Aws::new(&UNITS);
    aws.add_account("666666666666", "foo", "mallory@evil.example", "ou-abcd-11111111");
    let mine = account("foo", "", "aws+foo", ", allowed_dns_domains: [pay.example.com]");
    let wanted = state(&accounts(&mine, FULL, FULL), &[]);
    let found = plan(&aws.state(&wanted), &wanted);
    assert!(!found.requests.iter().any(|request| request.ready()), "{:#?}", lines(&found));
    assert!(!reeve_json::canonical(&found.to_json()).contains("allowed/666666666666"), "{:#?}", lines(&found));
    assert_eq!(found.findings[0].code, "PLAN_NAME_TAKEN");
}

#[test]
fn an_id_of_another_account_gets_nothing() {
    let mut aws = Aws::new(&UNITS);
    aws.add_account(TWO, "evil", "aws+evil@example.com", "ou-abcd-22222222");
    let pinned = account("pay", TWO, "aws+pay", ", tags: {team: red}, allowed_dns_domains: [pay.example.com]");
    let wanted = state(&accounts(&pinned, FULL, FULL), &[]);
    let found = plan(&aws.state(&wanted), &wanted);
    assert_eq!(
        lines(&found),
        [
            "error PLAN_ACCOUNT_OTHER @accounts.yaml:2:9: account `222222222222` has the address `aws+evil@example.com`, and the file calls it `pay` with the address `aws+pay@example.com`"
        ]
    );
}

#[test]
fn ids_that_change_places_in_a_merge_are_errors() {
    let pair = |one: &str, two: &str| {
        let both = account("evil", one, "aws+evil", "") + &account("pay", two, "aws+pay", "");
        state(&accounts(&both, FULL, FULL), &[])
    };
    let codes = |found: &reeve_plan::Plan| -> Vec<String> {
        assert!(found.requests.is_empty(), "{:#?}", lines(found));
        found.findings.iter().map(|it| it.code.clone()).collect()
    };
    // Swapped ids: each id has the name and the address of the other.
    let found = plan(&pair(ONE, TWO), &pair(TWO, ONE));
    assert_eq!(codes(&found), ["PLAN_ID_CHANGED", "PLAN_ACCOUNT_OTHER", "PLAN_ID_CHANGED", "PLAN_ACCOUNT_OTHER"]);
    // The address is changed with the id, so that it looks like a rename.
    let before = pair(ONE, TWO);
    let after = state(&accounts(&account("pay", ONE, "aws+evil", ""), FULL, FULL), &[]);
    let found = plan(&before, &after);
    assert!(found.findings.iter().any(|it| it.code == "PLAN_ID_CHANGED"), "{:#?}", lines(&found));
}

#[test]
fn a_unit_that_was_made_by_hand_is_as_aws_makes_it() {
    let base = accounts(&account("foo", ONE, "aws+foo", ""), FULL, FULL);
    for (policies, expected) in [
        (FULL, &[][..]),
        ("FullAWSAccess, guard", &["scp-update/guard [management] @accounts.yaml:6:57"]),
        ("guard, FullAWSAccess", &["scp-update/guard [management] @accounts.yaml:6:42"]),
    ] {
        let more = format!("{base}  Lab: {{id: ou-abcd-33333333, policies: [{policies}]}}\n");
        let found = plan(&state(&base, &[("guard", DENY)]), &state(&more, &[("guard", DENY)]));
        assert_eq!(lines(&found), expected, "{policies}");
    }
}

#[test]
fn an_account_keeps_its_deny_on_its_way() {
    let foo = |unit: &str| account("foo", ONE, "aws+foo", "").replace("Dev", unit);
    let files = |unit: &str, dev: &str, standard: &str| {
        state(&accounts(&foo(unit), dev, standard), &[("fence", DENY), ("guard", DENY)])
    };
    let ids = |before: &reeve_plan::State, after: &reeve_plan::State| -> Vec<String> {
        let found = plan(before, after);
        found.requests.iter().filter(|it| it.kind != "PUT_PARAMETER").map(common::line).collect()
    };
    let guarded = "FullAWSAccess, guard";
    // What both units have is detached once the account has gone.
    assert_eq!(
        ids(&files("Dev", guarded, guarded), &files("Standard", FULL, guarded)),
        [
            "move-account/foo [management] @accounts.yaml:2:57",
            "scp-update/guard/moved [management] after move-account/foo @accounts.yaml:4:3",
        ]
    );
    // So is what another policy does there, once that is attached.
    assert_eq!(
        ids(&files("Dev", guarded, FULL), &files("Standard", FULL, "FullAWSAccess, fence")),
        [
            "scp-update/fence [management] @accounts.yaml:5:62",
            "move-account/foo [management] after scp-update/fence @accounts.yaml:2:57",
            "scp-update/guard/moved [management] after move-account/foo @accounts.yaml:4:3",
        ]
    );
    // A Deny that is to go altogether goes first: the gate refuses a move that loses one.
    assert_eq!(
        ids(&files("Dev", guarded, FULL), &files("Standard", FULL, FULL)),
        [
            "scp-update/guard [management] @accounts.yaml:4:3",
            "move-account/foo [management] after scp-update/guard @accounts.yaml:2:57",
        ]
    );
    // Where nobody moves the account, the policy stays.
    let mut still = gates();
    still[0].kinds.remove("MOVE_ACCOUNT");
    let found = reeve_plan::plan(&files("Dev", guarded, guarded), &files("Standard", FULL, guarded), &still, "c0ffee");
    well_formed(&found);
    let codes: Vec<&str> = found.findings.iter().map(|it| it.code.as_str()).collect();
    assert_eq!(codes, ["PLAN_NO_GATE", "PLAN_DETACH_WAITS"]);
    assert!(!found.requests.iter().any(|it| it.kind == "SCP_UPDATE"), "{:#?}", lines(&found));
}
