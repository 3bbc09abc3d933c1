//! Reading and writing the lock, and the accounts file beside it.

use crate::{Accounts, IdSource, Lock};
use proptest::prelude::*;
use reeve_model::Finding;

const LOCK: &str = r#"accounts:
  bar: {id: "222222222222", email: "bar@example.com"}
  foo: {id: "111111111111", email: "foo@example.com"}
units:
  Dev: ou-ab12-cd34ef56
policies:
  deny-leave: p-ab12cd34
"#;

#[track_caller]
fn lock(text: &str) -> Lock {
    Lock::parse("accounts.lock.yaml", text).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// Every finding as `code severity place: message [related] -> fix`.
#[track_caller]
fn joined(accounts: &str, lock_text: &str) -> (Accounts, Vec<String>) {
    let accounts = Accounts::parse("accounts.yaml", accounts).unwrap_or_else(|errors| panic!("{errors:?}"));
    let (accounts, findings) = accounts.with_lock(&lock(lock_text));
    let line = |it: &Finding| {
        let related: Vec<String> = it.related.iter().map(|(place, _)| place.to_string()).collect();
        let place = it.place.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{} {} {place}: {} [{}]", it.code, it.severity.as_str(), it.message, related.join(" "))
    };
    (accounts, findings.iter().map(line).collect())
}

#[test]
fn what_is_written_reads_back_and_is_one_line_an_entry() {
    let read = lock(LOCK);
    let text = read.to_text();
    let entries: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        entries,
        [
            "accounts:",
            r#"  "bar": {id: "222222222222", email: "bar@example.com"}"#,
            r#"  "foo": {id: "111111111111", email: "foo@example.com"}"#,
            "units:",
            r#"  "Dev": "ou-ab12-cd34ef56""#,
            "policies:",
            r#"  "deny-leave": "p-ab12cd34""#,
        ]
    );
    assert_eq!(lock(&text).to_text(), text);
    let empty = Lock::new("accounts.lock.yaml");
    assert_eq!(lock(&empty.to_text()), empty);
    assert!(empty.to_text().ends_with("accounts: {}\nunits: {}\npolicies: {}\n"));
}

#[test]
fn a_pin_changes_one_line() {
    let mut changed = lock(LOCK);
    changed.pin_account("baz", "333333333333", "baz@example.com");
    let (before, after) = (lock(LOCK).to_text(), changed.to_text());
    let added: Vec<&str> = after.lines().filter(|line| !before.lines().any(|old| old == *line)).collect();
    assert_eq!(added, [r#"  "baz": {id: "333333333333", email: "baz@example.com"}"#]);
    assert_eq!(after.lines().count(), before.lines().count() + 1);
    changed.pin_account("new-bar", "222222222222", "bar@example.com");
    assert_eq!(changed.accounts().map(|(name, _)| name).collect::<Vec<_>>(), ["baz", "foo", "new-bar"]);
    changed.pin_unit("Development", "ou-ab12-cd34ef56");
    changed.pin_policy("deny-leave", "p-99999999");
    assert_eq!(changed.units().map(|(name, _)| name).collect::<Vec<_>>(), ["Development"]);
    assert_eq!(changed.policies().map(|(_, policy)| policy.id.as_str()).collect::<Vec<_>>(), ["p-99999999"]);
}

proptest! {
    #[test]
    fn every_lock_reads_back(
        accounts in prop::collection::btree_map("[a-z0-9][a-z0-9-]{0,8}", "[0-9]{12}", 0..6),
        units in prop::collection::btree_map("[A-Za-zé:#'\"{}&*!-]{1,8}", "ou-[0-9a-z]{4}-[0-9a-z]{8}", 0..4),
    ) {
        let mut lock = Lock::new("l.yaml");
        for (name, id) in &accounts {
            lock.pin_account(name, id, &format!("{name}+1@example.com"));
        }
        for (name, id) in &units {
            lock.pin_unit(name, id);
        }
        let text = lock.to_text();
        let read = Lock::parse("l.yaml", &text).expect("a written lock is valid");
        prop_assert_eq!(read.to_text(), text);
        prop_assert_eq!(read.accounts().count(), lock.accounts().count());
        prop_assert_eq!(read.units().count(), lock.units().count());
    }
}

#[test]
fn a_broken_lock_is_refused_with_places() {
    let ids = "ids look like `p-ab12cd34`";
    for (text, expected) in [
        ("accounts: []\n", vec!["1:11: `accounts` must be a mapping, found a list".to_owned()]),
        ("acounts: {}\n", vec!["1:1: key `acounts` is not known -> did you mean `accounts`? known keys: `accounts`, `units`, `policies`".to_owned()]),
        ("accounts: {foo: {id: \"111111111111\"}}\n", vec!["1:17: key `email` is missing".to_owned()]),
        (
            "accounts: {foo: {id: \"1\", email: x}}\n",
            vec!["1:22: `id` must be an account id of 12 digits, found `1`".to_owned()],
        ),
        (
            "accounts: {foo: {id: \"111111111111\", email: x}}\n",
            vec!["1:45: e-mail `x` is no e-mail address".to_owned()],
        ),
        (
            "accounts:\n  a: {id: \"111111111111\", email: a@example.com}\n  b: {id: \"111111111111\", email: b@example.com}\n",
            vec!["3:11: id `111111111111` stands at 2:11 already".to_owned()],
        ),
        ("accounts: {Foo: {id: \"111111111111\", email: a@example.com}}\n", vec!["1:12: account name `Foo` must start with a lower-case letter or a digit".to_owned()]),
        ("units: {Dev: p-ab12cd34}\n", vec!["1:14: `Dev` must be the id of an organizational unit, found `p-ab12cd34` -> ids look like `ou-ab12-cd34ef56`, that of the root like `r-ab12`".to_owned()]),
        ("policies: {x: ou-1}\n", vec![format!("1:15: `x` must be the id of a policy, found `ou-1` -> {ids}")]),
        ("policies: {x: p-1234567}\n", vec![format!("1:15: `x` must be the id of a policy, found `p-1234567` -> {ids}")]),
        ("policies: {a/b: p-12345678}\n", vec!["1:12: `a/b` is not a policy name".to_owned()]),
    ] {
        let errors = Lock::parse("l.yaml", text).expect_err(text);
        let shown: Vec<String> = errors
            .iter()
            .map(|error| error.hint().map_or(error.to_string(), |hint| format!("{error} -> {hint}")))
            .collect();
        let expected: Vec<String> = expected.iter().map(|line| format!("l.yaml:{line}")).collect();
        assert_eq!(shown, expected, "{text}");
    }
}

#[test]
fn ids_come_from_the_lock_where_the_file_has_none() {
    let text = "\
Accounts:
  foo: {email: foo@example.com, allowed_dns_domains: [foo.example.com]}
  bar: {id: \"222222222222\", email: bar@example.com}
  new: {email: new@example.com}
OrganizationUnits:
  Dev: {policies: [deny-leave]}
";
    let (accounts, findings) = joined(text, LOCK);
    assert_eq!(findings, Vec::<String>::new());
    let seen: Vec<(&str, Option<&str>, Option<IdSource>)> =
        accounts.iter().map(|account| (account.name(), account.id(), account.id_source())).collect();
    assert_eq!(
        seen,
        [
            ("bar", Some("222222222222"), Some(IdSource::File)),
            ("foo", Some("111111111111"), Some(IdSource::Lock)),
            ("new", None, None),
        ]
    );
    assert_eq!(accounts.by_id("111111111111").map(crate::Account::name), Some("foo"));
    assert_eq!(accounts.domain_owners().len(), 1, "the domains of a locked account are guarded");
    let foo = accounts.by_name("foo").expect("foo");
    assert_eq!(crate::explain(foo, "id"), ["id = \"111111111111\"", "    from lock file, accounts.lock.yaml:3:3"]);
    let dev = accounts.organizational_unit("Dev").expect("Dev");
    assert_eq!(dev.id.as_deref(), Some("ou-ab12-cd34ef56"));
    assert_eq!(dev.id_at.as_ref().map(ToString::to_string).as_deref(), Some("accounts.lock.yaml:5:3"));
    assert_eq!((accounts.policy_id("deny-leave"), accounts.policy_id("x")), (Some("p-ab12cd34"), None));
}

#[test]
fn every_difference_names_both_places() {
    let units = "OrganizationUnits: {Dev: {policies: [deny-leave]}}\n";
    let bar = "  bar: {email: bar@example.com}\n";
    for (accounts, expected) in [
        // The file wins, and the two do not agree.
        (
            format!("Accounts:\n  foo: {{id: \"999999999999\", email: foo@example.com}}\n{bar}{units}"),
            vec![
                "LOCK_CONFLICT error accounts.yaml:2:13: account `foo` has the id `999999999999`, and is pinned to \
                 `111111111111` [accounts.lock.yaml:3:3]",
            ],
        ),
        // Another name, the same address in another case.
        (
            format!("Accounts:\n  fu: {{email: Foo@example.com}}\n{bar}{units}"),
            vec!["ACCOUNT_RENAMED warning accounts.yaml:2:3: account `fu` is pinned as `foo` [accounts.lock.yaml:3:3]"],
        ),
        // Another name and address, the same id.
        (
            format!("Accounts:\n  fu: {{id: \"111111111111\", email: fu@example.com}}\n{bar}{units}"),
            vec![
                "ACCOUNT_RENAMED warning accounts.yaml:2:3: account `fu` is pinned as `foo` [accounts.lock.yaml:3:3]",
                "EMAIL_CHANGED warning accounts.yaml:2:35: account `fu` has the e-mail `fu@example.com`, and is pinned \
                 with `foo@example.com` [accounts.lock.yaml:3:3]",
            ],
        ),
        // A change of case is none.
        (format!("Accounts:\n  foo: {{email: FOO@example.com}}\n{bar}{units}"), vec![]),
        (
            format!("Accounts:\n  foo: {{email: foo@example.com}}\n{units}"),
            vec![
                "LOCK_UNUSED warning accounts.lock.yaml:2:3: account `bar` (`222222222222`) is pinned, and the accounts \
                 file has none of that name []",
            ],
        ),
        // The id of one pinned account written on another, which is there too.
        (
            format!(
                "Accounts:\n  foo: {{email: foo@example.com}}\n  baz: {{id: \"111111111111\", email: baz@example.com}}\n{bar}{units}"
            ),
            vec![
                "LOCK_CONFLICT error accounts.yaml:3:13: id `111111111111` of account `baz` is pinned to account `foo` \
                 [accounts.lock.yaml:3:3]",
            ],
        ),
        (
            format!(
                "Accounts:\n  foo: {{email: foo@example.com}}\n{bar}OrganizationUnits: {{Dev: {{id: ou-ab12-99999999}}}}\n"
            ),
            vec![
                "LOCK_UNUSED info accounts.lock.yaml:7:3: policy `deny-leave` (`p-ab12cd34`) is pinned, and nothing in \
                 the accounts file names it []",
                "LOCK_CONFLICT error accounts.yaml:4:31: organizational unit `Dev` has the id `ou-ab12-99999999`, and is \
                 pinned to `ou-ab12-cd34ef56` [accounts.lock.yaml:5:3]",
            ],
        ),
        (
            format!(
                "Accounts:\n  foo: {{email: foo@example.com}}\n{bar}OrganizationUnits: {{Ops: {{id: ou-ab12-cd34ef56, policies: [deny-leave]}}}}\n"
            ),
            vec![
                "LOCK_UNUSED info accounts.lock.yaml:5:3: organizational unit `Dev` (`ou-ab12-cd34ef56`) is pinned, and \
                 nothing in the accounts file names it []",
            ],
        ),
    ] {
        assert_eq!(joined(&accounts, LOCK).1, expected, "{accounts}");
    }
}

#[test]
fn a_shared_id_stays_with_the_account_that_the_file_gives_it_to() {
    let text = "Accounts:\n  foo: {email: foo@example.com}\n  zed: {id: \"111111111111\", email: zed@example.com}\n";
    let (accounts, _) = joined(text, LOCK);
    assert_eq!(accounts.by_id("111111111111").map(crate::Account::name), Some("zed"));
    assert_eq!(accounts.by_name("foo").and_then(crate::Account::id), None);
}

#[test]
fn the_lock_makes_no_second_root_and_no_second_unit_of_one_id() {
    for (units, lock_text, expected) in [
        (
            "{root: {}, Org: {}}",
            "units: {Org: r-ab12}\n",
            "LOCK_CONFLICT error accounts.yaml:2:31: organizational unit `Org` is pinned to `r-ab12`, and `root` is the \
             root [accounts.lock.yaml:1:9]",
        ),
        (
            "{root: {}}",
            "units: {root: ou-ab12-cd34ef56}\n",
            "LOCK_CONFLICT error accounts.yaml:2:21: organizational unit `root` is pinned to `ou-ab12-cd34ef56`, which \
             is no root [accounts.lock.yaml:1:9]",
        ),
        (
            "{Dev: {}, Ops: {id: ou-ab12-cd34ef56}}",
            "units: {Dev: ou-ab12-cd34ef56}\n",
            "LOCK_CONFLICT error accounts.yaml:2:21: organizational unit `Dev` is pinned to `ou-ab12-cd34ef56`, the id \
             of `Ops` [accounts.lock.yaml:1:9]",
        ),
    ] {
        let (accounts, findings) = joined(&format!("Accounts: {{}}\nOrganizationUnits: {units}\n"), lock_text);
        assert_eq!(findings, [expected], "{units}");
        let pinned = accounts.organizational_units().find(|unit| expected.contains(&format!("unit `{}`", unit.name)));
        assert_eq!(pinned.expect("the unit").id, None, "{units}");
    }
    let (accounts, findings) =
        joined("Accounts: {}\nOrganizationUnits: {Org: {}, Dev: {}}\n", "units: {Org: r-ab12}\n");
    assert_eq!((findings.len(), accounts.root_unit(), accounts.parent_unit("Dev")), (0, "Org", Some("Org")));
}
