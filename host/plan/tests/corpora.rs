//! The published sample of an accounts file, as it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "a test fails by panicking")]

mod common;

use common::{lines, naming, plan, state};
use reeve_accounts::Accounts;
use reeve_plan::State;
use std::collections::BTreeMap;

/// Names the folder that holds `systems/accounts.yaml`. Without it the test only says so; with it the file must exist.
const CORPORA: &str = "REEVE_CORPORA";

#[test]
fn the_published_sample_is_planned() {
    let Some(corpora) = std::env::var_os(CORPORA) else {
        eprintln!("{CORPORA} is not set: ran without the corpora");
        return;
    };
    let path = std::path::Path::new(&corpora).join("systems/accounts.yaml");
    let text = std::fs::read_to_string(&path).expect("systems/accounts.yaml is in the corpora");
    let read = |text: &str| {
        let accounts = Accounts::parse("accounts.yaml", text).expect("the sample is valid");
        State::of_files(&accounts, &BTreeMap::new(), &naming()).expect("no policies")
    };
    let none = state("Accounts: {}\n", &[]);
    // The sample names no address, so the account cannot be made: its line is told.
    assert_eq!(
        lines(&plan(&none, &read(&text))),
        [
            "put-parameter/management/foo/pub/accounts/foo [management] awaits the id of account `foo` @accounts.yaml:22:3",
            "error PLAN_EMAIL_MISSING @accounts.yaml:22:3: account `foo` cannot be made without an e-mail address",
        ]
    );
    let whole = text.replace("    service: foo ", "    email: aws+foo@example.com\n    service: foo ");
    let found = plan(&none, &read(&whole));
    let create = found.request("create-account/foo").expect("there");
    assert_eq!(
        common::asked(create),
        r#"{"OU":"Dev","email":"aws+foo@example.com","name":"foo","tags":{"region":"us-east-1","scope":"dev","service-name":"foo"}}"#
    );
    let places: Vec<String> =
        create.changes.iter().filter_map(|change| change.place.as_ref()).map(ToString::to_string).collect();
    // The address, the unit of the scope, and the tags by key.
    assert_eq!(
        places,
        ["accounts.yaml:23:5", "accounts.yaml:14:5", "accounts.yaml:26:5", "accounts.yaml:25:5", "accounts.yaml:24:5"]
    );
}
