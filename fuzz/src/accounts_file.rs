//! The target `accounts_file`: accounts, their lint, and the edits that repair them.

use crate::text::{assert_place_inside, assert_shown_safely, assert_told_well};
use reeve_accounts::edit::Edit;
use reeve_accounts::lint::{LintOptions, suggestions};
use reeve_accounts::{Accounts, Lock, YamlError};

/// The name of the file, which only errors repeat.
const FILE: &str = "accounts.yaml";

/// Reads an accounts file; every error and finding has a place in it, and an edit changes nothing but what it says.
pub fn accounts_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = Accounts::parse(FILE, text);
    assert_eq!(format!("{read:?}"), format!("{:?}", Accounts::parse(FILE, text)), "read twice");
    match &read {
        Ok(accounts) => accepted(text, accounts),
        Err(errors) => refused(text, errors),
    }
    // The lock file is written by Reeve, and merged by whoever merges.
    match Lock::parse(FILE, text) {
        Ok(lock) => {
            let written = lock.to_text();
            let again = Lock::parse(FILE, &written).unwrap_or_else(|errors| panic!("{errors:?}: {written}"));
            assert_eq!(
                (again.to_text(), again.digest()),
                (written, lock.digest()),
                "the written form is a fixed point"
            );
        }
        Err(errors) => refused(text, &errors),
    }
}

fn accepted(text: &str, accounts: &Accounts) {
    for account in accounts.iter() {
        assert_place_inside(text, account.at().line, account.at().column);
        assert_eq!(accounts.by_name(account.name()).map(|it| it.name()), Some(account.name()));
        if let Some(id) = account.id() {
            assert_eq!(accounts.by_id(id).map(|it| it.name()), Some(account.name()), "an id has one account");
        }
    }
    let entries = accounts.domain_owners();
    assert!(entries.windows(2).all(|pair| pair[0].entry < pair[1].entry), "a domain has one owner");
    for suggestion in suggestions(accounts, &LintOptions::default()) {
        let finding = &suggestion.finding;
        assert_shown_safely(&finding.message);
        if let Some(place) = finding.place.as_ref().filter(|place| place.file == FILE) {
            assert_place_inside(text, place.line, place.column);
        }
        suggestion.edit.iter().for_each(|edit| made(text, edit));
    }
}

fn refused(text: &str, errors: &[YamlError]) {
    assert!(!errors.is_empty());
    assert!(errors.windows(2).all(|pair| pair[0].at() <= pair[1].at()), "errors are not in the order of the file");
    for error in errors {
        assert_told_well(error, FILE, text);
        Edit::for_error(error).iter().for_each(|edit| made(text, edit));
    }
}

/// An edit is refused with a reason, or it changes the bytes that it names, in their order, at most once each.
fn made(text: &str, edit: &Edit) {
    match edit.changes(text) {
        Ok(changes) => {
            assert!(changes.windows(2).all(|pair| pair[0].end <= pair[1].start), "{changes:?} overlap");
            assert!(changes.iter().all(|it| it.start <= it.end && text.get(it.start..it.end).is_some()), "{changes:?}");
            let removed: usize = changes.iter().map(|it| it.end - it.start).sum();
            let added: usize = changes.iter().map(|it| it.with.len()).sum();
            assert_eq!(edit.apply(text).map(|after| after.len()), Ok(text.len() - removed + added));
        }
        Err(reason) => assert_shown_safely(&reason),
    }
}
