//! Aliases in an accounts file: values, places and hints.

use crate::edit::Edit;
use crate::lint::{LintOptions, lint};
use crate::{Accounts, Mark};

const FILE: &str = "\
Accounts:
  foo:
    region: &home us-eats-1
    allowed_regions: &list [us-eats-1]
  bar:
    region: *home
    allowed_regions: *list
  baz: &baz {service: x, region: us-east-1, global_region: us-wset-2}
  qux: *baz
";

#[test]
fn an_alias_is_the_value_of_its_anchor() {
    let accounts = Accounts::parse("a.yaml", FILE).unwrap_or_else(|errors| panic!("{errors:?}"));
    let bar = accounts.by_name("bar").expect("bar");
    assert_eq!((bar.region(), bar.allowed_regions()), (Some("us-eats-1"), vec!["us-eats-1"]));
    assert_eq!(
        bar.value("region").map(|it| (it.at, it.value_at)),
        Some((Mark { line: 6, column: 5 }, Mark { line: 6, column: 13 }))
    );
    assert_eq!(accounts.by_name("qux").and_then(crate::Account::service), Some("x"));
}

#[test]
fn a_finding_names_the_alias_and_the_anchor() {
    let accounts = Accounts::parse("a.yaml", FILE).unwrap_or_else(|errors| panic!("{errors:?}"));
    let told: Vec<String> = lint(&accounts, &LintOptions::default())
        .iter()
        .map(|it| {
            let place = it.place.as_ref().map(ToString::to_string).unwrap_or_default();
            let related: Vec<String> = it.related.iter().map(|(place, why)| format!("{place} {why}")).collect();
            format!("{place} {} [{}]", it.subject.clone().unwrap_or_default(), related.join(", "))
        })
        .collect();
    assert_eq!(
        told,
        [
            "a.yaml:3:13 foo []",
            "a.yaml:4:29  []",
            "a.yaml:6:13 bar [a.yaml:3:13 the alias repeats this value]",
            "a.yaml:8:60  []",
        ]
    );
}

#[test]
fn an_error_is_told_once_with_the_anchor() {
    let text =
        "Accounts:\n  a: {region: &r us-1, allowed_regions: &l [mars]}\n  b: {region: *r, allowed_regions: *l}\n";
    let errors = Accounts::parse("a.yaml", text).expect_err("two Regions are none");
    let shown: Vec<String> = errors
        .iter()
        .map(|error| format!("{}:{} {}", error.line, error.column, error.hint().unwrap_or_default()))
        .collect();
    let hint = "regions look like `us-east-1`";
    assert_eq!(
        shown,
        [format!("2:15 {hint}"), format!("2:45 {hint}"), format!("3:15 {hint}; the alias repeats the value at 2:15"),]
    );
}

#[test]
fn an_edit_of_a_repeated_value_is_refused() {
    for (line, column) in [(3, 13), (6, 13)] {
        let edit = Edit::Replace { at: Mark { line, column }, with: "us-east-1".to_owned() };
        assert_eq!(edit.apply(FILE), Err("the text is written in a form that is not edited".to_owned()), "{line}");
    }
    let own = Edit::Set {
        path: vec!["Accounts".to_owned(), "bar".to_owned()],
        key: "service".to_owned(),
        value: "y".to_owned(),
    };
    assert!(own.apply(FILE).is_ok_and(|text| text.contains("    service: y\n    region: *home\n")));
    let shared = Edit::Set {
        path: vec!["Accounts".to_owned(), "qux".to_owned()],
        key: "tier".to_owned(),
        value: "dev".to_owned(),
    };
    assert!(shared.apply(FILE).is_err());
}
