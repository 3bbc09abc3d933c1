//! The ledger in an SQLite file: the suite, and what is refused of a file.

use reeve_engine::{Claim, Ledger};
use reeve_local::{OpenError, SCHEMA_VERSION, SqliteLedger};
use reeve_tests::ledger_suite::{self, at, body, fresh_key};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

#[test]
fn sqlite_does_what_the_port_says() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.sqlite");
    // Every handle is a connection of its own, as another process has one.
    ledger_suite::run(&|| Arc::new(SqliteLedger::open(&path).unwrap()));
}

#[test]
fn a_file_is_private_from_its_first_moment_and_made_private_where_it_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.sqlite");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let ledger = SqliteLedger::open(&path).unwrap();
    ledger.claim(&fresh_key(), &body("b"), at(0)).unwrap();
    for end in ["", "-wal", "-shm"] {
        assert_eq!(mode(&dir.path().join(format!("ledger.sqlite{end}"))), 0o600, "{end}");
    }
    drop(ledger);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    SqliteLedger::open(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_file_that_is_no_ledger_of_a_known_version_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.sqlite");
    let shown = |path: &std::path::Path| SqliteLedger::open(path).map(|_| ()).unwrap_err();
    SqliteLedger::open(&path).unwrap();
    let database = rusqlite::Connection::open(&path).unwrap();
    database.pragma_update(None, "user_version", SCHEMA_VERSION + 1).unwrap();
    drop(database);
    assert!(matches!(shown(&path), OpenError::Newer { found, .. } if found == SCHEMA_VERSION + 1));
    assert!(shown(&path).to_string().contains("ledger.sqlite` has version 2"), "{}", shown(&path));

    let foreign = dir.path().join("foreign.sqlite");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    let before = std::fs::read(&foreign).unwrap();
    assert!(matches!(shown(&foreign), OpenError::NotALedger { .. }));
    assert_eq!(std::fs::read(&foreign).unwrap(), before);

    let text = dir.path().join("text");
    std::fs::write(&text, "a file of another kind, longer than a header of SQLite is: ".repeat(4)).unwrap();
    assert!(matches!(shown(&text), OpenError::Sqlite { .. }), "{}", shown(&text));

    let nowhere = dir.path().join("nowhere").join("ledger.sqlite");
    assert!(matches!(shown(&nowhere), OpenError::File { what: "open", .. }), "{}", shown(&nowhere));
}

#[test]
fn many_open_one_new_file_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.sqlite");
    let key = fresh_key();
    let taken: usize = std::thread::scope(|scope| {
        let claim = || {
            let claim = SqliteLedger::open(&path).unwrap().claim(&key, &body("b"), at(0)).unwrap();
            usize::from(matches!(claim, Claim::Taken { .. }))
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(claim)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(taken, 1);
}
