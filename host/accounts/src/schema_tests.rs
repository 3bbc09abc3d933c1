//! Tags, by the rules of Organizations.

use crate::Accounts;

#[track_caller]
fn parsed(text: &str) -> Accounts {
    Accounts::parse("a.yaml", text).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// Every error as `file:line:column: message` and `-> hint`.
#[track_caller]
fn errors(text: &str) -> Vec<String> {
    let errors = Accounts::parse("a.yaml", text).expect_err(text);
    errors.iter().map(|error| error.hint().map_or(error.to_string(), |hint| format!("{error} -> {hint}"))).collect()
}

#[test]
fn tags_keep_the_rules_of_organizations() {
    let accounts =
        parsed("Default: {tags: {team: core}}\nAccounts:\n  a: {}\n  b: {tags: {'Cost Center': 'ü 1/2', empty: ''}}\n");
    assert_eq!(accounts.by_name("a").map(crate::Account::tags), Some(vec![("team", "core")]));
    assert_eq!(accounts.by_name("b").map(crate::Account::tags), Some(vec![("Cost Center", "ü 1/2"), ("empty", "")]));
    let key = |length: usize| format!("{{{}: x}}", "k".repeat(length));
    let value = |length: usize| format!("{{k: {}}}", "v".repeat(length));
    let many =
        |count: usize| format!("{{{}}}", (0..count).map(|at| format!("k{at}: v")).collect::<Vec<_>>().join(", "));
    for (tags, expected) in [
        ("[a]".to_owned(), vec!["a.yaml:1:22: `tags` must be a mapping, found a list"]),
        ("{k: 1}".to_owned(), vec!["a.yaml:1:26: `k` must be a string, found an integer -> put the value in quotes"]),
        ("{'': x}".to_owned(), vec!["a.yaml:1:23: tag `` has a key that is not 1 to 128 characters long"]),
        ("{'aws:x': x}".to_owned(), vec!["a.yaml:1:23: tag `aws:x` begins with `aws:`, which is reserved"]),
        ("{'AWS:x': x}".to_owned(), vec!["a.yaml:1:23: tag `AWS:x` begins with `aws:`, which is reserved"]),
        ("{'a!b': x}".to_owned(), vec!["a.yaml:1:23: tag `a!b` holds `!` in its key"]),
        ("{ab: 'x*'}".to_owned(), vec!["a.yaml:1:27: tag `ab` holds `*` in its value"]),
        ("{Ab: x, aB: x}".to_owned(), vec!["a.yaml:1:30: tag `aB` is there twice, in two spellings"]),
        (key(128), vec![]),
        (value(256), vec![]),
        (value(257), vec!["a.yaml:1:26: `k` must be at most 256 characters long"]),
        (many(50), vec![]),
        (many(51), vec!["a.yaml:1:22: `tags` must hold at most 50 tags, found 51"]),
    ] {
        let text = format!("Accounts: {{a: {{tags: {tags}}}}}\n");
        let found = Accounts::parse("a.yaml", &text).map_or_else(|_| errors(&text), |_| Vec::new());
        assert_eq!(found, expected, "{tags}");
    }
    let long = format!("Accounts: {{a: {{tags: {}}}}}\n", key(129));
    assert!(errors(&long)[0].ends_with("has a key that is not 1 to 128 characters long"), "{:?}", errors(&long));
}
