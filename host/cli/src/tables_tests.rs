//! Tables of parameters: what makes one, and what is told of the rest.

use super::*;
use crate::parameters::{Found, ReadParameters};
use reeve_model::Digest;
use std::collections::BTreeMap;
use std::sync::Arc;

const ACCOUNTS: &str = "Scopes:\n  dev: { tier: dev }\nAccounts:\n  \
     foo: { id: \"111122223333\", scope: dev, email: foo@example.com, allowed_dns_domains: [foo.example.com, =example.com] }\n  \
     bar: { id: \"444455556666\", scope: dev, email: bar@example.com, allowed_dns_domains: [.bar.example.com] }\n  \
     new: { scope: dev, email: new@example.com, allowed_dns_domains: [new.example.com] }\n";

/// Parameters by their whole names, with their types.
#[derive(Debug)]
struct Store(BTreeMap<&'static str, (&'static str, &'static str)>);

impl ReadParameters for Store {
    fn read(&self, asked: &Asked) -> Result<Found, Failure> {
        let parameter =
            |(kind, value): &(&str, &str)| Parameter { parameter_type: (*kind).to_owned(), value: (*value).to_owned() };
        let all = self.0.iter();
        Ok(match asked {
            Asked::Named(names) => all
                .filter(|(name, _)| names.contains(**name))
                .map(|(name, it)| ((*name).to_owned(), parameter(it)))
                .collect(),
            Asked::Below(path) => all
                .filter_map(|(name, it)| Some((name.strip_prefix(path.as_str())?.strip_prefix('/')?, it)))
                .map(|(rest, it)| (rest.to_owned(), parameter(it)))
                .collect(),
        })
    }

    fn place(&self) -> String {
        "in the store".to_owned()
    }
}

fn made(source: &DatasetSource, parameters: &Parameters) -> Result<Dataset, String> {
    let accounts = Accounts::parse("accounts.yaml", ACCOUNTS).expect("accounts");
    let loader = Loader::new().expect("a loader");
    let tables = Tables { folder: Path::new("."), loader: &loader, accounts: &accounts, parameters };
    tables.make("rows", source).map_err(|failure| failure.to_string())
}

fn of(source: &DatasetSource, store: &[(&'static str, &'static str, &'static str)]) -> Result<Dataset, String> {
    let store = store.iter().map(|(name, kind, value)| (*name, (*kind, *value))).collect();
    made(source, &Parameters::of(Arc::new(Store(store))))
}

fn rows(name: &str) -> DatasetSource {
    DatasetSource::Parameter { name: name.to_owned(), index: "names", place: "policy.yaml:1:1".to_owned() }
}

fn lists(name: &str) -> DatasetSource {
    DatasetSource::ParameterDomains { name: name.to_owned(), place: "policy.yaml:1:1".to_owned() }
}

/// The digest of a table is of its rows, wherever they come from.
fn digest(rows: &[(&str, &[&str])]) -> Digest {
    Dataset::new(Index::Names, rows.iter().copied()).expect("rows").digest().clone()
}

#[test]
fn rows_of_a_parameter_are_those_of_a_file() {
    let expected = digest(&[("a.example", &["1", "x"]), ("b.example", &["2"])]);
    for store in [
        &[("/rows", "String", "# names\na.example 1 x\n\n  b.example\t2 # two\r\n")][..],
        &[("/rows", "StringList", "a.example 1 x,b.example 2")],
        &[("/rows", "StringList", "a.example 1 x\nb.example 2,")],
    ] {
        assert_eq!(of(&rows("/rows"), store).expect("a table").digest(), &expected, "{store:?}");
    }
    let shards = [("/rows/1", "String", "b.example 2"), ("/rows/0", "StringList", "a.example 1 x")];
    assert_eq!(of(&rows("/rows/"), &shards).expect("a table").digest(), &expected);
    // A comma parts the rows of a list alone.
    let comma = of(&rows("/rows"), &[("/rows", "String", "a.example 1,2")]).expect("a table");
    assert_eq!(comma.digest(), &digest(&[("a.example", &["1,2"])]));
}

#[test]
fn eleven_shards_are_read_in_the_order_of_their_numbers() {
    let names = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
    let store: Vec<_> = names
        .iter()
        .map(|number| -> (&'static str, &'static str, &'static str) {
            (format!("/rows/{number}").leak(), "String", format!("a.example {number}").leak())
        })
        .collect();
    let table = of(&rows("/rows/"), &store).expect("a table");
    assert_eq!(table.digest(), &digest(&[("a.example", &names)]), "values under one key stand as they were read");
}

#[test]
fn what_makes_no_table_is_told_with_its_place() {
    for (source, store, told) in [
        (rows("/rows"), &[][..], "there is no parameter `/rows` in the store"),
        (rows("/rows/"), &[("/rows", "String", "a.example 1")], "there is no parameter `/rows/` in the store"),
        (
            rows("/rows"),
            &[("/rows", "String", "a.example 1\n\nb.example")],
            "row 3 of parameter `/rows`: `b.example` has no value",
        ),
        (rows("/rows"), &[("/rows", "String", "\u{1b}[2J")], "row 1 of parameter `/rows`: `\\u{1b}[2J` has no value"),
        (
            rows("/rows"),
            &[("/rows", "String", "\u{202e}a.example 1")],
            "dataset `rows`: key `\\u{202e}a.example` is not of the form the index needs",
        ),
        (
            rows("/rows"),
            &[("/rows", "SecureString", "")],
            "parameter `/rows` is a SecureString, which is not decrypted",
        ),
        (
            rows("/rows/"),
            &[("/rows/0", "String", "a.example 1"), ("/rows/2", "String", "b.example 1")],
            "the parameters below `/rows/` are not numbered from 0 without a gap",
        ),
        (
            rows("/rows"),
            &[("/rows", "String", "A.example 1")],
            "dataset `rows`: key `A.example` is not of the form the index needs",
        ),
        (
            lists("/d/{sender.account}"),
            &[("/d/000000000000", "String", "x.example.com")],
            "no account of `accounts.yaml` has a parameter `/d/{sender.account}` in the store",
        ),
        (
            lists("/d/{sender.account}"),
            &[("/d/111122223333", "StringList", "foo.example.com,Bar.example.com")],
            "parameter `/d/111122223333`: `Bar.example.com` holds a capital: names are written in lower case",
        ),
        (
            lists("/d/{sender.account}"),
            &[("/d/111122223333", "StringList", "pay.example.com"), ("/d/444455556666", "String", "pay.example.com")],
            "parameter `/d/111122223333`: `pay.example.com` is in `/d/444455556666` too",
        ),
        (
            lists("/d/{sender.account}"),
            &[("/d/444455556666", "SecureString", "")],
            "parameter `/d/444455556666` is a SecureString, which is not decrypted",
        ),
        (
            lists("/d/{sender.account}"),
            &[("/d/111122223333", "StringList", "\u{1b}[2J.example.com")],
            "parameter `/d/111122223333`: `\\u{1b}[2J.example.com` holds `\\u{1b}`",
        ),
        (
            lists("/d/{sender.account}/"),
            &[("/d/444455556666/1", "StringList", "a.example.com")],
            "the parameters below `/d/444455556666/` are not numbered from 0 without a gap",
        ),
    ] {
        assert_eq!(of(&source, store).expect_err(told), format!("policy.yaml:1:1: {told}"));
    }
}

#[test]
fn lists_of_accounts_make_the_table_that_the_accounts_file_makes() {
    let expected = made(&DatasetSource::AccountDomains, &Parameters::unread()).expect("a table");
    for (name, store) in [
        (
            "/d/{sender.account}",
            &[
                ("/d/111122223333", "StringList", "=example.com,foo.example.com"),
                ("/d/444455556666", "String", ".bar.example.com"),
                ("/d/777788889999", "String", "of.nobody.example.com"),
            ][..],
        ),
        (
            "/d/{sender.account}/",
            &[
                ("/d/111122223333/0", "StringList", "foo.example.com"),
                ("/d/111122223333/1", "StringList", "=example.com"),
                ("/d/444455556666/0", "String", ".bar.example.com"),
            ],
        ),
    ] {
        assert_eq!(of(&lists(name), store).expect("a table").digest(), expected.digest(), "{name}");
    }
}

#[test]
fn where_nobody_asks_tables_of_parameters_are_empty() {
    for source in [rows("/rows"), rows("/rows/"), lists("/d/{sender.account}"), lists("/d/{sender.account}/")] {
        let table = made(&source, &Parameters::unread()).expect("a table");
        assert_eq!((table.rows(), table.digest()), (0, &digest(&[])));
    }
}
