//! Edits: the exact text after, what is refused, and that nothing else changes.

use super::*;
use crate::Accounts;
use proptest::prelude::*;

const FILE: &str = "\
# The accounts.
Scopes:
  dev: {tier: dev}   # low

Accounts:
  foo:                 # the first
    # of the team core
    scope:   dev       # keep
    email: 'aws+foo@example.com'
    regoin: us-east-1
  bar: { scope: dev, email: \"b@example.com\" }
  baz: {}
OrganizationUnits:
  Dev:
    policies:
      - FullAWSAccess  # AWS's own
      - deny-leave     # nobody leaves
  Ops: {policies: [a, 'b',  c]}
  New: {policies: []}
";

fn mark(line: u32, column: u32) -> Mark {
    Mark { line, column }
}

fn path(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

fn set(keys: &[&str], key: &str, value: &str) -> Edit {
    Edit::Set { path: path(keys), key: key.to_owned(), value: value.to_owned() }
}

fn shift(item: &str, from: &str, to: &str) -> Edit {
    let list = |unit: &str| path(&["OrganizationUnits", unit, "policies"]);
    Edit::Move { item: item.to_owned(), from: list(from), to: list(to) }
}

fn replace(line: u32, column: u32, with: &str) -> Edit {
    Edit::Replace { at: mark(line, column), with: with.to_owned() }
}

/// The lines that differ, `-` before and `+` after, with their numbers.
fn difference(before: &str, after: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.split('\n').collect(), after.split('\n').collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let tail = old[same..].iter().rev().zip(new[same..].iter().rev()).take_while(|(a, b)| a == b).count();
    let gone = old[same..old.len() - tail].iter().enumerate().map(|(at, line)| format!("-{} {line}", same + at + 1));
    let come = new[same..new.len() - tail].iter().enumerate().map(|(at, line)| format!("+{} {line}", same + at + 1));
    gone.chain(come).collect()
}

#[test]
fn an_edit_touches_its_line_alone() {
    for (edit, expected) in [
        (set(&["Accounts", "foo"], "id", "012345678901"), vec!["+8     id: \"012345678901\""]),
        (
            set(&["Accounts", "foo"], "scope", "prod"),
            vec!["-8     scope:   dev       # keep", "+8     scope:   prod       # keep"],
        ),
        (
            set(&["Accounts", "foo"], "email", "it's@example.com"),
            vec!["-9     email: 'aws+foo@example.com'", "+9     email: 'it''s@example.com'"],
        ),
        (
            set(&["Accounts", "bar"], "id", "111122223333"),
            vec![
                "-11   bar: { scope: dev, email: \"b@example.com\" }",
                "+11   bar: { id: \"111122223333\", scope: dev, email: \"b@example.com\" }",
            ],
        ),
        (
            set(&["Accounts", "bar"], "scope", "true"),
            vec![
                "-11   bar: { scope: dev, email: \"b@example.com\" }",
                "+11   bar: { scope: \"true\", email: \"b@example.com\" }",
            ],
        ),
        (set(&["Accounts", "baz"], "tier", "dev"), vec!["-12   baz: {}", "+12   baz: {tier: dev}"]),
        (
            set(&["Scopes", "dev"], "region", "us-east-1"),
            vec!["-3   dev: {tier: dev}   # low", "+3   dev: {region: us-east-1, tier: dev}   # low"],
        ),
        (replace(10, 5, "region"), vec!["-10     regoin: us-east-1", "+10     region: us-east-1"]),
        (replace(10, 13, "us-west-2"), vec!["-10     regoin: us-east-1", "+10     regoin: us-west-2"]),
        (
            replace(11, 29, "q\"uote@example.com"),
            vec![
                "-11   bar: { scope: dev, email: \"b@example.com\" }",
                "+11   bar: { scope: dev, email: \"q\\\"uote@example.com\" }",
            ],
        ),
        (replace(6, 3, "fu"), vec!["-6   foo:                 # the first", "+6   fu:                 # the first"]),
    ] {
        let after = edit.apply(FILE).unwrap_or_else(|why| panic!("{edit:?}: {why}"));
        assert_eq!(difference(FILE, &after), expected, "{edit:?}");
    }
}

#[test]
fn a_policy_moves_from_list_to_list() {
    for (item, from, to, gone, come) in [
        ("deny-leave", "Dev", "Ops", "", "  Ops: {policies: [a, 'b',  c, deny-leave]}"),
        ("deny-leave", "Dev", "New", "", "  New: {policies: [deny-leave]}"),
        ("a", "Ops", "Dev", "  Ops: {policies: ['b',  c]}", "      - a"),
        ("b", "Ops", "New", "  Ops: {policies: [a, c]}", "  New: {policies: [b]}"),
        ("c", "Ops", "New", "  Ops: {policies: [a, 'b']}", "  New: {policies: [c]}"),
    ] {
        let after = shift(item, from, to).apply(FILE).unwrap_or_else(|why| panic!("{item}: {why}"));
        let new: Vec<&str> = after.lines().filter(|line| !FILE.lines().any(|old| old == *line)).collect();
        let expected: Vec<&str> = [come, gone].into_iter().filter(|line| !line.is_empty()).collect();
        assert!(new.len() == expected.len() && expected.iter().all(|line| new.contains(line)), "{item}: {new:?}");
    }
    let after = shift("deny-leave", "Dev", "Ops").apply(FILE).expect("moved");
    assert!(!after.contains("nobody leaves"), "the comment goes with the line");
}

#[test]
fn what_cannot_be_edited_is_refused_with_a_reason() {
    let form = "the text is written in a form that is not edited";
    let at = |column| Edit::Replace { at: mark(1, column), with: "x".to_owned() };
    for (text, edit, why) in [
        (FILE, replace(1, 1, "x"), "no key or value starts at 1:1"),
        (FILE, set(&["Accounts", "qux"], "id", "1"), "the file has no `Accounts.qux`"),
        (FILE, set(&["Accounts", "foo", "scope"], "id", "1"), "`Accounts.foo.scope` is no mapping"),
        (FILE, shift("x", "Dev", "Ops"), "`x` is not in `OrganizationUnits.Dev.policies`"),
        (FILE, shift("a", "Ops", "Ops"), "the two lists are one"),
        ("a: one\n  two\n", at(4), form),
        ("a: |\n  text\n", replace(2, 3, "x"), form),
        ("a: {b: 1, c: 2}\n", replace(1, 5, "c"), "key `c` stands twice in one mapping"),
        ("a: [\n", at(1), "not YAML: while parsing a node, did not find expected node content"),
    ] {
        assert_eq!(
            edit.apply(text).map_err(|found| found == why || why.starts_with("not YAML")),
            Err(true),
            "{text} {edit:?} {why}: {:?}",
            edit.apply(text)
        );
    }
    let one = "OrganizationUnits:\n  Dev:\n    policies:\n      - a\n  Ops: {policies: [a]}\n  New: {policies: []}\n";
    assert_eq!(shift("a", "Dev", "New").apply(one), Err("`OrganizationUnits.Dev.policies` would be empty".to_owned()));
    assert_eq!(
        shift("a", "Ops", "Dev").apply(one),
        Err("`a` is in `OrganizationUnits.Dev.policies` already".to_owned())
    );
}

#[test]
fn line_breaks_and_a_missing_last_one_are_kept() {
    let windows = "Accounts:\r\n  foo:\r\n    scope: dev\r\n";
    assert_eq!(
        set(&["Accounts", "foo"], "id", "111122223333").apply(windows).as_deref(),
        Ok("Accounts:\r\n  foo:\r\n    id: \"111122223333\"\r\n    scope: dev\r\n")
    );
    let open = "OrganizationUnits:\n  Ops: {policies: [a]}\n  Dev:\n    policies:\n    - b";
    assert_eq!(
        shift("a", "Ops", "Dev").apply(open).as_deref(),
        Ok("OrganizationUnits:\n  Ops: {policies: []}\n  Dev:\n    policies:\n    - b\n    - a")
    );
}

#[test]
fn a_slip_in_the_file_suggests_its_own_repair() {
    let text = FILE.replace("scope:   dev ", "scope:   dv  ");
    let errors = Accounts::parse("a.yaml", &text).expect_err("two slips");
    let repaired = errors.iter().fold(text, |text, error| {
        let edit = Edit::for_error(error).expect("a near word");
        edit.apply(&text).expect("applied")
    });
    assert_eq!(repaired, FILE.replace("regoin", "region").replace("scope:   dev ", "scope:   dev  "));
    let far = Accounts::parse("a.yaml", "Accounts: {a: {colour: red}}\n").expect_err("unknown");
    assert!(far.iter().all(|error| Edit::for_error(error).is_none()));
}

/// A file of a few accounts in several styles.
fn file() -> impl Strategy<Value = String> {
    let account = prop_oneof![
        Just("{}".to_owned()),
        Just("{service: x}   # c".to_owned()),
        Just("{ tags: {a: b, c: 'd'}, service: \"x\" }".to_owned()),
        Just("# why\n    service: x # c\n\n    tags:\n      a: b\n    # end".to_owned()),
        Just("\n    access: { all: 'Admin, x' }\n    allowed_regions:\n    - us-east-1\n    - 'eu-west-1'".to_owned()),
    ];
    prop::collection::vec(account, 1..5).prop_map(|accounts| {
        let lines: Vec<String> = accounts.iter().enumerate().map(|(at, body)| format!("  a{at}: {body}\n")).collect();
        format!("# head\nDefault: {{region: us-east-1}}\n\nAccounts:\n{}", lines.concat())
    })
}

proptest! {
    #[test]
    fn an_edit_changes_only_what_it_says(
        text in file(),
        at in 0_usize..5,
        key in prop_oneof![Just("service"), Just("id"), Just("email")],
        value in "[ -~é]{0,12}",
    ) {
        let before = Document::parse("a.yaml", &text).expect("valid").root;
        let accounts = &before.value.as_mapping().expect("map").get("Accounts").expect("accounts").node;
        let count = accounts.value.as_mapping().expect("map").len();
        let name = format!("a{}", at % count);
        let edit = Edit::Set { path: vec!["Accounts".to_owned(), name.clone()], key: key.to_owned(), value: value.clone() };
        let changes = edit.changes(&text).expect("every style of the strategy can be edited");
        let after = edit.apply(&text).expect("applied");
        prop_assert_eq!(changes.len(), 1);
        // Outside the change every byte is the same.
        let change = &changes[0];
        prop_assert_eq!(&after[..change.start], &text[..change.start]);
        prop_assert!(after.ends_with(&text[change.end..]));
        prop_assert!(change.with.lines().count() <= 1);
        // The value is there, and all else as before.
        let mut meant = before.to_json();
        if let Json::Object(root) = &mut meant {
            let mut accounts = root.get("Accounts").expect("accounts").as_object().expect("map").clone();
            let mut account = accounts.get(&name).expect("account").as_object().expect("map").clone();
            account.set(key, value.as_str());
            accounts.set(name.as_str(), account);
            root.set("Accounts", accounts);
        }
        prop_assert_eq!(Document::parse("a.yaml", &after).expect("valid").root.to_json(), meant);
    }

    #[test]
    fn any_mark_of_any_text_is_edited_rightly_or_refused(
        text in file(), line in 1_u32..20, column in 1_u32..40, with in "[a-z :#'\"]{0,6}",
    ) {
        let edit = Edit::Replace { at: mark(line, column), with };
        if let Ok(after) = edit.apply(&text) {
            prop_assert_eq!(text.lines().count(), after.lines().count());
            let differ: Vec<usize> = text.lines().zip(after.lines()).enumerate().filter(|(_, (a, b))| a != b).map(|(at, _)| at + 1).collect();
            prop_assert!(differ.is_empty() || differ == [line as usize]);
        }
    }
}
