//! What a unit must be, and the tree the units make.

use crate::Accounts;

/// Every error as `file:line:column: message` and `-> hint`.
#[track_caller]
fn errors(text: &str) -> Vec<String> {
    let errors = Accounts::parse("a.yaml", text).expect_err(text);
    errors.iter().map(|error| error.hint().map_or(error.to_string(), |hint| format!("{error} -> {hint}"))).collect()
}

#[test]
fn organizational_units_are_checked() {
    let ids = "ids look like `ou-ab12-cd34ef56`, that of the root like `r-ab12`";
    let names = "letters, digits and `_+=,.@-`, at most 128, no dot in front";
    let units = |body: &str| format!("Accounts: {{}}\nOrganizationUnits:\n  Dev: {body}\n");
    for (body, expected) in [
        ("~", "3:8: `Dev` must be a mapping, found null -> write `{}` for an empty mapping".to_owned()),
        ("{id: ou-1}", format!("3:13: `id` must be the id of an organizational unit, found `ou-1` -> {ids}")),
        (
            "{id: ou-ab12-CD34EF56}",
            format!("3:13: `id` must be the id of an organizational unit, found `ou-ab12-CD34EF56` -> {ids}"),
        ),
        ("{id: 5}", "3:13: `id` must be a string, found an integer -> put the value in quotes".to_owned()),
        (
            "{policies: x}",
            "3:19: `policies` must be a list, found a string -> put one item in brackets: `[item]`".to_owned(),
        ),
        ("{policies: [a, a]}", "3:23: policy `a` stands twice in the list".to_owned()),
        ("{policies: [a/b]}", format!("3:20: `a/b` is not a policy name -> {names}")),
        ("{policies: [.a]}", format!("3:20: `.a` is not a policy name -> {names}")),
        (
            "{policies: [1]}",
            "3:20: item 1 of `policies` must be a string, found an integer -> put the value in quotes".to_owned(),
        ),
        ("{policy: [a]}", "3:9: key `policy` is not known -> known keys: `id`, `parent`, `policies`".to_owned()),
        (
            "{policie: [a]}",
            "3:9: key `policie` is not known -> did you mean `policies`? known keys: `id`, `parent`, `policies`"
                .to_owned(),
        ),
        (
            "{id: ou-ab12-cd34ef56}\n  Ops: {id: ou-ab12-cd34ef56}",
            "4:13: id `ou-ab12-cd34ef56` is that of the unit at 3:13 already".to_owned(),
        ),
        ("{}\n  ' Ops': {}", "4:3: organizational unit ` Ops` must be a name without spaces around it".to_owned()),
    ] {
        assert_eq!(errors(&units(body)), [format!("a.yaml:{expected}")], "{body}");
    }
    let long = format!("Accounts: {{}}\nOrganizationUnits:\n  {}: {{}}\n", "ü".repeat(129));
    assert!(errors(&long)[0].ends_with("is longer than 128 characters"));
    assert_eq!(
        errors("Accounts: {}\nOrganizationUnits: []\n"),
        ["a.yaml:2:20: `OrganizationUnits` must be a mapping, found a list"]
    );
}

#[test]
fn the_units_make_one_tree() {
    let accounts = Accounts::parse(
        "a.yaml",
        "Accounts: {}\nOrganizationUnits:\n  Org: {id: r-ab12}\n  Live: {}\n  Dev: {parent: Live}\n  CDE: {parent: Dev}\n  \
         Morgue: {parent: root}\n  Ops: {parent: Org}\n",
    )
    .expect("valid");
    assert_eq!(accounts.root_unit(), "Org");
    for (unit, path) in [
        ("Org", vec!["Org"]),
        ("Live", vec!["Org", "Live"]),
        ("CDE", vec!["Org", "Live", "Dev", "CDE"]),
        ("Morgue", vec!["Org", "Morgue"]),
        ("Ops", vec!["Org", "Ops"]),
        ("Lost", vec![]),
    ] {
        assert_eq!(accounts.unit_path(unit), path, "{unit}");
        let parent = path.len().checked_sub(2).and_then(|at| path.get(at).copied());
        assert_eq!(accounts.parent_unit(unit), parent, "{unit}");
    }
    let implied = Accounts::parse("a.yaml", "Accounts: {}\nOrganizationUnits: {Dev: {}}\n").expect("valid");
    assert_eq!(implied.unit_path("Dev"), ["root", "Dev"]);
    assert_eq!((implied.unit_path("root"), implied.parent_unit("root")), (vec!["root"], None));
}

#[test]
fn what_is_no_tree_is_refused() {
    let known = |names: &str| format!("known units: {names}");
    for (units, expected) in [
        ("{A: {parent: B}, B: {}}", vec![]),
        (
            "{A: {parent: Bb}, B: {}}",
            vec![format!("2:33: organizational unit `Bb` is not defined -> {}", known("`B`"))],
        ),
        (
            "{A: {parent: A}}",
            vec![
                "2:33: organizational units lie inside each other: `A` in `A` -> give one of them another `parent`"
                    .to_owned(),
            ],
        ),
        (
            "{A: {parent: C}, B: {parent: A}, C: {parent: B}, D: {parent: A}}",
            vec![
                "2:33: organizational units lie inside each other: `A` in `C` in `B` in `A` -> give one of them another \
                 `parent`"
                    .to_owned(),
            ],
        ),
        (
            "{root: {parent: A}, A: {}}",
            vec!["2:36: `root` is the root and has no `parent` -> leave the key out".to_owned()],
        ),
        (
            "{root: {}, A: {id: r-ab12}}",
            vec!["2:31: `A` is a second root: `root` at 2:21 is one already -> an organization has one root".to_owned()],
        ),
        (
            "{root: {id: ou-ab12-cd34ef56}}",
            vec![
                "2:32: `root` is the name of the root, and `ou-ab12-cd34ef56` is the id of another unit -> the id of the \
                 root looks like `r-ab12`"
                    .to_owned(),
            ],
        ),
        (
            "{Dev: {}, dev: {}}",
            vec![
                "2:30: organizational unit `dev` differs from its sibling `Dev` at 2:21 in case alone -> give it a name of \
                 its own"
                    .to_owned(),
            ],
        ),
        ("{Dev: {}, dev: {parent: Dev}}", vec![]),
        ("{A: {parent: 1}}", vec!["2:33: `parent` must be a string, found an integer -> put the value in quotes".to_owned()]),
    ] {
        let text = format!("Accounts: {{}}\nOrganizationUnits: {units}\n");
        let found = Accounts::parse("a.yaml", &text).map_or_else(|_| errors(&text), |_| Vec::new());
        let expected: Vec<String> = expected.iter().map(|line| format!("a.yaml:{line}")).collect();
        assert_eq!(found, expected, "{units}");
    }
}

#[test]
fn depth_holds_at_its_edge() {
    let chain = |depth: usize| {
        let unit = |at: usize| {
            format!("  U{at}: {{parent: {}}}\n", if at == 1 { "root".to_owned() } else { format!("U{}", at - 1) })
        };
        format!("Accounts: {{}}\nOrganizationUnits:\n{}", (1..=depth).map(unit).collect::<String>())
    };
    assert!(Accounts::parse("a.yaml", &chain(crate::UNIT_DEPTH_MAX)).is_ok());
    assert_eq!(
        errors(&chain(crate::UNIT_DEPTH_MAX + 1)),
        ["a.yaml:8:16: organizational unit `U6` is 6 levels below the root -> Organizations nests units at most 5 \
             levels deep"]
    );
}

#[test]
fn accounts_attach_policies_of_their_own() {
    let accounts = Accounts::parse(
        "a.yaml",
        "Accounts:\n  a: {policies: [FullAWSAccess, x]}\n  b: {}\nOrganizationUnits: {Dev: {policies: [y]}, Ops: {}}\n",
    )
    .expect("valid");
    let a = accounts.by_name("a").and_then(crate::Account::policies).expect("policies");
    assert_eq!(
        a.iter().map(|it| format!("{} {}", it.name, it.at)).collect::<Vec<_>>(),
        ["FullAWSAccess 2:18", "x 2:33"]
    );
    assert_eq!(accounts.by_name("b").and_then(crate::Account::policies), None);
    let attached: Vec<String> =
        accounts.attachments().map(|(target, policy)| format!("{} {}", target.name(), policy.name)).collect();
    assert_eq!(attached, ["Dev y", "a FullAWSAccess", "a x"]);
    let says: Vec<bool> = accounts.organizational_units().map(|unit| unit.policies_at.is_some()).collect();
    assert_eq!(says, [true, false]);
    assert_eq!(
        errors("Default: {policies: [x]}\nAccounts: {a: {policies: [x, x]}}\n"),
        [
            "a.yaml:1:11: key `policies` does not belong in `Default` -> write it on the account",
            "a.yaml:2:30: policy `x` stands twice in the list"
        ]
    );
}
