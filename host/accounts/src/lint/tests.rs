//! Each check with what it finds and what it leaves alone.

use super::*;
use crate::Lock;

/// A finding as `code severity place: message [related]`.
fn line(it: &Finding) -> String {
    let related: Vec<String> = it.related.iter().map(|(place, _)| format!("{}:{}", place.line, place.column)).collect();
    let related = if related.is_empty() { String::new() } else { format!(" [{}]", related.join(" ")) };
    let place = it.place.as_ref().map(|place| format!("{}:{}", place.line, place.column)).unwrap_or_default();
    format!("{} {} {place}: {}{related}", it.code, it.severity.as_str(), it.message)
}

#[track_caller]
fn accounts(text: &str) -> Accounts {
    Accounts::parse("accounts.yaml", text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

#[track_caller]
fn found(text: &str, options: &LintOptions) -> Vec<String> {
    lint(&accounts(text), options).iter().map(line).collect()
}

fn policies(files: &[(&str, bool)]) -> LintOptions {
    let file = |(name, allows): &(&str, bool)| {
        ((*name).to_owned(), ScpFile { path: format!("scps/{name}.json"), allows: *allows })
    };
    LintOptions { scp_files: Some(files.iter().map(file).collect()), ..LintOptions::default() }
}

fn tiers() -> LintOptions {
    let tiers = ["dev", "prod", "infra"].map(str::to_owned).to_vec();
    LintOptions { tiers, ..LintOptions::default() }
}

#[test]
fn addresses_are_those_that_organizations_takes() {
    for (email, fault) in [
        ("aws+a@example.com", None),
        ("a@b.co", None),
        ("a@b.c", Some("is shorter than 6 characters")),
        (".a@example.com", Some("begins with a dot")),
        ("a(b)@example.com", Some("holds `(` before `@`")),
        ("a%b@example.com", Some("holds `%` before `@`")),
        ("a_b@exa_mple.com", Some("holds `_` in its domain")),
        ("a@-example.com", Some("has a domain with `-` at an edge")),
        ("a@example.com-", Some("has a domain with `-` at an edge")),
    ] {
        let text = format!("Accounts: {{foo: {{email: '{email}'}}}}\n");
        let expected: Vec<String> = fault
            .map(|fault| format!("EMAIL_FORMAT error 1:25: e-mail `{email}` of account `foo` {fault}"))
            .into_iter()
            .collect();
        assert_eq!(found(&text, &LintOptions::default()), expected, "{email}");
    }
    let options = LintOptions { email_domains: vec!["example.com".to_owned()], ..LintOptions::default() };
    assert_eq!(
        found("Accounts: {a: {email: a@EXAMPLE.com}, b: {email: b@sub.example.com}}\n", &options),
        [
            "EMAIL_NOT_ALLOWED error 1:50: e-mail `b@sub.example.com` of account `b` is outside the organization's domains"
        ]
    );
}

#[test]
fn one_mailbox_for_two_accounts_is_told_where_a_tag_is_missing() {
    for (text, expected) in [
        ("Accounts: {a: {email: aws+a@example.com}, b: {email: aws+b@example.com}}\n", vec![]),
        ("Accounts: {a: {email: aws@example.com}, b: {email: aws@example.org}}\n", vec![]),
        (
            "Accounts:\n  a: {email: aws@example.com}\n  b: {email: AWS+b@example.com}\n",
            vec!["EMAIL_SIMILAR warning 3:14: accounts `a` and `b` share the mailbox `aws@example.com` [2:14]"],
        ),
    ] {
        assert_eq!(found(text, &LintOptions::default()), expected, "{text}");
    }
}

#[test]
fn regions_are_known_and_inside_the_list() {
    for (text, expected) in [
        ("Accounts: {a: {region: us-east-1, allowed_regions: [us-east-1]}}\n", vec![]),
        ("Accounts: {a: {region: us-east-1}}\n", vec![]),
        (
            "Accounts: {a: {region: us-eats-1}}\n",
            vec!["REGION_UNKNOWN warning 1:24: region `us-eats-1` of account `a` is not known"],
        ),
        (
            "Default: {allowed_regions: [xx-east-9]}\nAccounts: {a: {}, b: {}, c: {allowed_regions: [us-east-1]}}\n",
            vec!["REGION_UNKNOWN warning 1:29: region `xx-east-9` of accounts `a` and `b` is not known"],
        ),
        // The value stands in the scope, the list in the default: one finding for all accounts of the scope.
        (
            "Default:\n  allowed_regions: [us-east-1]\nScopes:\n  dev:\n    region: eu-west-1\nAccounts:\n  a: {scope: dev}\n  b: \
             {scope: dev}\n  c: {scope: dev, region: us-east-1}\n  d: {scope: dev}\n  e: {scope: dev, global_region: us-west-2}\n",
            vec![
                "REGION_NOT_ALLOWED error 5:13: `region` `eu-west-1` of accounts `a`, `b`, `d` and 1 more is not in \
                 `allowed_regions` [2:3]",
                "REGION_NOT_ALLOWED error 11:34: `global_region` `us-west-2` of account `e` is not in `allowed_regions` [2:3]",
            ],
        ),
        (
            "Accounts: {a: {region: us-east-1, global_region: cn-north-1}}\n",
            vec![
                "PARTITIONS_MIXED error 1:50: regions `us-east-1` and `cn-north-1` of account `a` are in different \
                 partitions [1:24]",
            ],
        ),
    ] {
        assert_eq!(found(text, &LintOptions::default()), expected, "{text}");
    }
}

#[test]
fn every_region_of_the_list_is_taken() {
    for region in reeve_scp::PARTITIONS.iter().flat_map(|partition| partition.regions) {
        let text = format!("Accounts: {{a: {{region: {region}}}}}\n");
        assert_eq!(found(&text, &LintOptions::default()), [""; 0], "{region}");
    }
}

#[test]
fn domains_of_others_are_told() {
    let owner = |list: &str, other: &str| {
        format!(
            "Accounts:\n  a: {{id: '111111111111', allowed_dns_domains: [{list}]}}\n  b: {{id: '222222222222', \
             allowed_dns_domains: [{other}]}}\n"
        )
    };
    for (text, expected) in [
        (owner("a.example.com", "b.example.com"), vec![]),
        (owner("=example.com", "b.example.com, .example.com"), vec![]),
        (
            owner("example.com", "x.y.example.com"),
            vec![
                "DOMAIN_OVERLAP info 3:49: domain `x.y.example.com` of account `b` lies inside `example.com` of account `a` [2:49]",
            ],
        ),
        (
            owner(".example.com", "x.example.com"),
            vec![
                "DOMAIN_OVERLAP info 3:49: domain `x.example.com` of account `b` lies inside `.example.com` of account `a` [2:49]",
            ],
        ),
        (
            owner("example.com", "=example.com"),
            vec![
                "DOMAIN_OVERLAP warning 3:49: domain `=example.com` of account `b` lies inside `example.com` of account `a` [2:49]",
            ],
        ),
        (
            owner("example.com", ".example.com"),
            vec![
                "DOMAIN_OVERLAP warning 3:49: domain `.example.com` of account `b` lies inside `example.com` of account `a` [2:49]",
            ],
        ),
        // The nearest entry is the account's own.
        (
            owner("example.com", "x.example.com, y.x.example.com"),
            vec![
                "DOMAIN_OVERLAP info 3:49: domain `x.example.com` of account `b` lies inside `example.com` of account `a` [2:49]",
            ],
        ),
        (owner("example.com, x.example.com", "example.org"), vec![]),
        (
            owner("github.io", "=github.io, mine.github.io"),
            vec![
                "DOMAIN_PUBLIC_SUFFIX error 2:49: domain `github.io` is a public suffix of the private section: its \
                 names belong to many owners",
                "DOMAIN_OVERLAP warning 3:49: domain `=github.io` of account `b` lies inside `github.io` of account `a` [2:49]",
                "DOMAIN_OVERLAP info 3:61: domain `mine.github.io` of account `b` lies inside `github.io` of account `a` [2:49]",
            ],
        ),
    ] {
        assert_eq!(found(&text, &LintOptions::default()), expected, "{text}");
    }
    let waivable = lint(
        &accounts("Accounts: {a: {id: '111111111111', allowed_dns_domains: [github.io]}}\n"),
        &LintOptions::default(),
    );
    assert_eq!(waivable.iter().map(|it| it.waivable).collect::<Vec<_>>(), [true]);
}

#[test]
fn domains_of_an_account_without_id_are_told_until_the_lock_knows_it() {
    let text = "Accounts:\n  a: {email: a@example.com, allowed_dns_domains: [example.com]}\n";
    assert_eq!(
        found(text, &LintOptions::default()),
        ["DOMAIN_UNGUARDED warning 2:29: account `a` has a domain and no `id`, so that nothing guards them"]
    );
    let mut lock = Lock::new("accounts.lock.yaml");
    lock.pin_account("a", "111111111111", "a@example.com");
    let (locked, _) = accounts(text).with_lock(&lock);
    assert_eq!(lint(&locked, &LintOptions::default()), []);
}

#[test]
fn units_are_defined() {
    for (text, expected) in [
        ("Accounts: {a: {organization_unit: root}}\n", vec![]),
        (
            "Scopes: {dev: {organization_unit: Dev}}\nAccounts: {a: {scope: dev}}\n",
            vec!["UNIT_UNKNOWN warning 1:35: organizational unit `Dev` of account `a` is not in `OrganizationUnits`"],
        ),
        (
            "Scopes: {dev: {organization_unit: Dve}}\nAccounts: {a: {scope: dev}, b: {scope: dev}, c: {organization_unit: \
             Dev}}\nOrganizationUnits: {Dev: {policies: [FullAWSAccess]}}\n",
            vec![
                "UNIT_UNKNOWN error 1:35: organizational unit `Dve` of accounts `a` and `b` is not in `OrganizationUnits`",
            ],
        ),
    ] {
        assert_eq!(found(text, &LintOptions::default()), expected, "{text}");
    }
}

#[test]
fn policies_are_attached_as_aws_lets_them() {
    let unit = |body: &str| format!("Accounts: {{}}\nOrganizationUnits: {{Dev: {body}}}\n");
    let many = |count: usize| {
        let names: Vec<String> = (1..count).map(|at| format!("p{at:02}")).collect();
        format!("{{policies: [FullAWSAccess, {}]}}", names.join(", "))
    };
    let known = LintOptions::default();
    for (text, expected) in [
        (unit("{policies: [FullAWSAccess]}"), vec![]),
        (unit("{}"), vec!["UNIT_WITHOUT_POLICY warning 2:21: organizational unit `Dev` says nothing of its policies"]),
        (
            unit("{policies: []}"),
            vec!["LAST_SCP error 2:27: organizational unit `Dev` has no policy, and AWS detaches no last one"],
        ),
        (
            "Accounts: {a: {policies: []}}\n".to_owned(),
            vec!["LAST_SCP error 1:16: account `a` has no policy, and AWS detaches no last one"],
        ),
        (unit(&many(10)), vec![]),
        (
            unit(&many(11)),
            vec![
                "POLICY_COUNT error 2:98: organizational unit `Dev` has 11 policies, more than the 10 that AWS attaches",
            ],
        ),
    ] {
        assert_eq!(found(&text, &known), expected, "{text}");
    }
    let two = LintOptions { policies_max: 2, ..LintOptions::default() };
    assert_eq!(found(&unit("{policies: [FullAWSAccess, a, b]}"), &two).len(), 1);
}

#[test]
fn names_and_files_of_policies_belong_together() {
    let text = "Accounts: {a: {policies: [denyleave]}}\nOrganizationUnits: {Dev: {policies: [deny-leave]}}\n";
    let options = policies(&[("deny-leave", false), ("unused", true)]);
    assert_eq!(
        found(text, &options),
        [
            "POLICY_WITHOUT_FILE error 1:27: policy `denyleave` of account `a` has no file",
            "FULL_ACCESS_MISSING warning 2:27: organizational unit `Dev` has no policy that allows anything, so that \
             everything is denied below it",
            "POLICY_NOT_ATTACHED warning 1:1: policy `unused` is attached to nothing",
        ]
    );
    let place = lint(&accounts(text), &options).last().and_then(|it| it.place.clone()).expect("place");
    assert_eq!(place.file, "scps/unused.json");
    for (with, complete) in [("FullAWSAccess, deny-leave", true), ("allow", true), ("deny-leave", false)] {
        let text = format!("Accounts: {{}}\nOrganizationUnits: {{Dev: {{policies: [{with}]}}}}\n");
        let told = found(&text, &policies(&[("deny-leave", false), ("allow", true)]));
        let missing = told.iter().any(|line| line.starts_with("FULL_ACCESS_MISSING"));
        assert_eq!(!missing, complete, "{with}");
        // Without the folder nothing is known of other policies.
        assert_eq!(found(&text, &LintOptions::default()), Vec::<String>::new(), "{with}");
    }
}

#[test]
fn an_allow_is_seen_in_a_policy() {
    for (text, allows) in [
        (r#"{"Statement": [{"Effect": "Deny"}, {"Effect": "Allow"}]}"#, true),
        (r#"{"Statement": {"Effect": "Allow"}}"#, true),
        (r#"{"Statement": {"Effect": "Deny"}}"#, false),
        (r#"{"Statement": [{"Effect": "Deny"}]}"#, false),
        // What is no policy is told elsewhere.
        (r#"{"Statement": [{"Effect": "deny"}]}"#, true),
        ("{}", true),
        ("not json", true),
    ] {
        assert_eq!(ScpFile::read("scps/x.json", text).allows, allows, "{text}");
    }
}

#[test]
fn suspended_accounts_belong_in_the_morgue() {
    let text = "Scopes:\n  dev: {organization_unit: Dev}\nAccounts:\n  a: {scope: dev, status: suspended}\n  b: {status: \
                suspended, organization_unit: Morgue}\n  c: {scope: dev}\nOrganizationUnits: {Dev: {policies: [FullAWSAccess]}, \
                Morgue: {policies: [FullAWSAccess]}}\n";
    let options = LintOptions { morgue: Some("Morgue".to_owned()), ..LintOptions::default() };
    assert_eq!(
        found(text, &options),
        ["SUSPENDED_OUTSIDE_MORGUE warning 4:27: account `a` is suspended and not in the unit `Morgue` [2:9]"]
    );
    assert_eq!(found(text, &LintOptions::default()), Vec::<String>::new());
    // No edit is offered: it would move the account.
    assert!(suggestions(&accounts(text), &options).iter().all(|it| it.edit.is_none()));
}

#[test]
fn tiers_are_there_and_known() {
    let text = "Scopes:\n  dev: {tier: dve}\n  odd: {}\nAccounts:\n  a: {scope: dev}\n  b: {scope: odd, tier: prod}\n  c: \
                {scope: odd}\n  d: {}\n";
    assert_eq!(
        found(text, &tiers()),
        [
            "TIER_UNKNOWN error 2:15: tier `dve` of account `a` is not known",
            "TIER_MISSING warning 7:3: account `c` has no tier, and others of scope `odd` have one [6:19]",
        ]
    );
    assert_eq!(found(text, &LintOptions::default()).len(), 1, "without an order every tier is known");
}

#[test]
fn near_words_come_with_an_edit() {
    let text = "Accounts:\n  a: {region: us-eats-1, tier: prdo, organization_unit: Dve, policies: [deny-leav]}\n\
                OrganizationUnits: {Dev: {policies: [FullAWSAccess]}}\n";
    let options = LintOptions { tiers: tiers().tiers, ..policies(&[("deny-leave", true)]) };
    let repaired = suggestions(&accounts(text), &options)
        .into_iter()
        .filter_map(|it| it.edit)
        .fold(text.to_owned(), |text, edit| edit.apply(&text).unwrap_or_else(|why| panic!("{edit:?}: {why}")));
    assert_eq!(
        repaired,
        "Accounts:\n  a: {region: us-east-1, tier: prod, organization_unit: Dev, policies: [deny-leave]}\n\
         OrganizationUnits: {Dev: {policies: [FullAWSAccess]}}\n"
    );
    assert_eq!(found(&repaired, &options), Vec::<String>::new());
}

#[test]
fn a_thousand_accounts_are_checked() {
    let account = |at: usize| {
        format!(
            "  a{at:04}:\n    id: \"{:012}\"\n    email: aws+a{at:04}@example.com\n    scope: s{}\n    allowed_dns_domains: \
             [a{at:04}.example.com]\n",
            at + 1,
            at % 10
        )
    };
    let scopes: String =
        (0..10).map(|at| format!("  s{at}: {{tier: prod, organization_unit: U{at}, region: us-east-1}}\n")).collect();
    let units: String = (0..10).map(|at| format!("  U{at}: {{policies: [FullAWSAccess]}}\n")).collect();
    let head = format!("Default: {{allowed_regions: [us-west-2]}}\nScopes:\n{scopes}");
    let text = format!("{head}Accounts:\n{}OrganizationUnits:\n{units}", (0..1000).map(account).collect::<String>());
    assert_eq!(accounts(&text).len(), 1000);
    let told = found(&text, &tiers());
    assert_eq!(told.len(), 10, "one for each scope, not for each account");
    assert!(told[0].contains("of accounts `a0000`, `a0010`, `a0020` and 97 more"), "{}", told[0]);
    let clean = text.replace("[us-west-2]", "[us-west-2, us-east-1]");
    assert_eq!(found(&clean, &tiers()), Vec::<String>::new());
}

#[path = "bus_tests.rs"]
mod bus_tests;
