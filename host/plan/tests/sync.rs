//! From an organization to files: plans are sent to the real kinds until there is nothing left to send.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::world::{ALLOW_ALL, Aws};
use common::{DENY, asked, lines, plan, state};
use proptest::prelude::*;
use reeve_model::Severity;
use reeve_plan::{ROOT, State};
use std::collections::BTreeMap;

const UNITS: [(&str, &str, &str); 4] = [
    ("Dev", "ou-abcd-11111111", "root"),
    ("Standard", "ou-abcd-22222222", "root"),
    ("Lab", "ou-abcd-33333333", "Dev"),
    ("Morgue", "ou-abcd-44444444", "root"),
];

/// Rounds after which everything must be done: one for what is known, one for what waited for ids.
const ROUNDS_MAX: usize = 3;

/// Plans and sends until there is nothing to send. The result is the number of rounds.
#[track_caller]
fn sync(aws: &mut Aws, wanted: &State) -> usize {
    for round in 0..ROUNDS_MAX {
        let found = plan(&aws.state(wanted), wanted);
        let errors: Vec<_> = found.findings.iter().filter(|it| it.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        if found.requests.is_empty() {
            return round;
        }
        for request in found.requests.iter().filter(|request| request.ready()) {
            aws.send(request);
        }
    }
    panic!("not done after {ROUNDS_MAX} rounds: {:#?}", lines(&plan(&aws.state(wanted), wanted)));
}

/// What the files say is so.
#[track_caller]
fn is_so(aws: &Aws, wanted: &State) {
    let is = aws.state(wanted);
    for (name, account) in &wanted.accounts {
        let there = is.accounts.get(name).expect("the account is there");
        assert_eq!(there.unit, account.unit, "{name}");
        assert!(account.tags.iter().all(|(key, value)| there.tags.get(key) == Some(value)), "{name}: {there:?}");
        if let Some(policies) = &account.policies {
            assert!(policies.keys().eq(there.policies.as_ref().expect("read").keys()), "{name}");
        }
        let parameter = &is.parameters.as_ref().expect("read")["management"][&format!("/pub/accounts/{name}")];
        let id = there.id.as_ref().expect("an id").as_str();
        assert!(parameter.contains(&format!("\"id\":\"{id}\"")), "{parameter}");
        let domains = is
            .parameters
            .as_ref()
            .expect("read")
            .get("dns")
            .and_then(|dns| dns.get(&format!("/reeve/dns/allowed/{id}")));
        assert_eq!(domains.cloned().unwrap_or_default(), account.domains.join(","), "{name}");
    }
    for (name, unit) in &wanted.units {
        if let Some(policies) = &unit.policies {
            assert!(policies.keys().eq(is.units[name].policies.as_ref().expect("read").keys()), "{name}");
        }
    }
    for (name, policy) in &wanted.policies {
        assert_eq!(is.policies[name].document, policy.document, "{name}");
    }
}

#[test]
fn a_new_account_is_made_in_two_rounds() {
    let mut aws = Aws::new(&UNITS);
    let wanted = state(
        "\
Accounts:
  foo:
    email: aws+foo@example.com
    organization_unit: Lab
    region: ap-southeast-2
    service: foo
    allowed_dns_domains: [foo.example.com]
    policies: [guard, FullAWSAccess]
OrganizationUnits:
  Lab: {policies: [FullAWSAccess, guard], parent: Dev}
  Dev: {}
",
        &[("guard", DENY)],
    );
    let first = plan(&aws.state(&wanted), &wanted);
    assert_eq!(
        lines(&first),
        [
            "scp-update/guard [management] @scp/guard.json:1:1",
            "create-account/foo [management] after scp-update/guard @accounts.yaml:2:3",
            "scp-update/account/foo [management] after create-account/foo scp-update/guard awaits the id of account `foo` @accounts.yaml:8:16",
            "put-parameter/management/foo/pub/accounts/foo [management] after create-account/foo awaits the id of account `foo` @accounts.yaml:2:3",
            "put-parameter/dns/foo/reeve/dns/allowed [dns] after create-account/foo awaits the id of account `foo` @accounts.yaml:7:5",
        ]
    );
    // The file writes no id: the organization knows it.
    assert!(asked(first.request("scp-update/guard").expect("there")).contains(r#""target":"ou-abcd-33333333""#));
    for request in first.requests.iter().filter(|request| request.ready()) {
        aws.send(request);
    }
    let second = plan(&aws.state(&wanted), &wanted);
    assert_eq!(
        lines(&second),
        [
            "scp-update/guard [management] @accounts.yaml:8:16",
            "put-parameter/management/pub/accounts/foo [management] @accounts.yaml:2:3",
            "put-parameter/dns/reeve/dns/allowed/700000000001 [dns] @accounts.yaml:7:5",
        ]
    );
    assert_eq!(sync(&mut aws, &wanted), 1);
    is_so(&aws, &wanted);
    assert!(plan(&aws.state(&wanted), &wanted).is_empty());
}

#[test]
fn what_the_files_do_not_name_is_left_alone() {
    let mut aws = Aws::new(&UNITS);
    aws.add_policy("theirs", DENY, &["ou-abcd-22222222"]);
    aws.add_account("111111111111", "log archive", "aws+log@example.com", "ou-abcd-22222222");
    aws.add_account("222222222222", "closed", "aws+closed@example.com", "ou-abcd-44444444");
    aws.add_account("333333333333", "Foo of old", "AWS+foo@example.com", "ou-abcd-11111111");
    let tags = [("owner", "x"), ("region", "ap-southeast-2")];
    let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
    aws.tags.insert("333333333333".to_owned(), tags.into_iter().collect());
    let other = reeve_kinds::Parameter { value: "x".to_owned(), parameter_type: "String".to_owned() };
    aws.parameters.entry("management".to_owned()).or_default().insert("/pub/other".to_owned(), other);
    let text = "Accounts:\n  foo: {email: aws+foo@example.com, organization_unit: Dev, region: ap-southeast-2}\n";
    let wanted = state(text, &[]);
    let found = plan(&aws.state(&wanted), &wanted);
    assert_eq!(
        lines(&found),
        [
            "put-parameter/management/pub/accounts/foo [management] @accounts.yaml:2:3",
            "warning PLAN_ACCOUNT_GONE: account `log archive` is not in the file, and stays open in unit `Standard`: no request closes accounts",
        ]
    );
    assert_eq!(sync(&mut aws, &wanted), 1);
    is_so(&aws, &wanted);
}

#[test]
fn what_the_organization_does_not_have_is_found() {
    let aws = Aws::new(&UNITS);
    let wanted = state(
        "\
Accounts:
  foo: {id: \"444444444444\", email: aws+foo@example.com, organization_unit: Dev}
  new: {email: aws+new@example.com, organization_unit: Nowhere}
  bar: {email: aws+bar@example.com, organization_unit: Other}
OrganizationUnits:
  Other: {id: ou-abcd-99999999, policies: [FullAWSAccess]}
",
        &[],
    );
    let found = plan(&aws.state(&wanted), &wanted);
    let told: Vec<String> = lines(&found).into_iter().filter(|line| line.starts_with("error")).collect();
    assert_eq!(
        told,
        [
            "error PLAN_UNIT_MISSING @accounts.yaml:6:3: the organization has no unit `ou-abcd-99999999`, which the file calls `Other`",
            "error PLAN_ACCOUNT_NOT_FOUND @accounts.yaml:2:9: the organization has no account `444444444444`, which the file calls `foo`",
            "error PLAN_UNIT_MISSING @accounts.yaml:3:37: account `new` is to be in unit `Nowhere`, and there is no one unit of this name",
        ]
    );
    assert!(found.requests.iter().all(|request| !request.ready()), "{:#?}", lines(&found));
}

#[test]
fn a_unit_is_found_by_its_id_and_a_name_of_two_is_none() {
    let mut aws = Aws::new(&UNITS);
    let twin = |parent: &str| reeve_kinds::Unit { name: "Twin".to_owned(), parent_id: parent.to_owned() };
    for (id, parent) in [("ou-abcd-55555555", "ou-abcd-11111111"), ("ou-abcd-66666666", "ou-abcd-22222222")] {
        aws.organization.units.insert(id.to_owned(), twin(parent));
    }
    let text = |id: &str| {
        format!(
            "Accounts:\n  foo: {{email: aws+foo@example.com, organization_unit: Twin}}\nOrganizationUnits:\n  Twin: {{{id}}}\n"
        )
    };
    let pinned = state(
        &text("id: ou-abcd-66666666, parent: Standard")
            .replace("}\n\n", "}\n")
            .replace("OrganizationUnits:\n", "OrganizationUnits:\n  Standard: {}\n"),
        &[],
    );
    let found = plan(&aws.state(&pinned), &pinned);
    let create = found.request("create-account/foo").expect("there");
    assert!(asked(create).contains(r#""OU":"ou-abcd-66666666""#), "{}", asked(create));
    assert!(found.findings.is_empty(), "{:#?}", found.findings);
    let unpinned = state(&text(""), &[]);
    let found = plan(&aws.state(&unpinned), &unpinned);
    assert!(found.request("create-account/foo").is_none());
    assert!(lines(&found)[1].starts_with("error PLAN_UNIT_MISSING @accounts.yaml:4:3: there is no one unit `Twin`"));
}

#[test]
fn a_thousand_accounts_fit_into_requests_of_a_hundred() {
    let count = 1_000;
    let text: String = (0..count)
        .map(|index| format!("  a{index:04}: {{id: \"{index:012}\", organization_unit: Dev, allowed_dns_domains: [a{index}.example.com]}}\n"))
        .collect();
    let before = state("Accounts: {}\n", &[]);
    let mut wanted = state(&format!("Accounts:\n{text}"), &[]);
    for account in wanted.accounts.values_mut() {
        account.unit = None;
    }
    let found = plan(&before, &wanted);
    let sizes: Vec<usize> = found.requests.iter().map(|request| request.changes.len()).collect();
    assert_eq!(sizes, vec![100; 2 * count / 100]);
}

#[test]
fn a_list_of_domains_must_fit_into_a_parameter() {
    // 272 entries of fourteen bytes with a comma each, and a first one of sixteen: 4,096 bytes.
    let entries = |first: &str| {
        let rest = (1..=272).map(|index| format!("{index:04}.a.example"));
        std::iter::once(first.to_owned()).chain(rest).collect::<Vec<_>>().join(", ")
    };
    let before = state("Accounts:\n  foo: {id: \"111111111111\"}\n", &[]);
    let with = |first: &str| {
        let text = format!("Accounts:\n  foo: {{id: \"111111111111\", allowed_dns_domains: [{}]}}\n", entries(first));
        plan(&before, &state(&text, &[]))
    };
    let fits = with("000000.a.example");
    assert!(fits.findings.is_empty(), "{:#?}", fits.findings);
    assert_eq!(fits.requests[0].changes[0].after.as_ref().expect("a value").len(), 4_096);
    assert_eq!(
        lines(&with("0000000.a.example")),
        [
            "error PLAN_PARAMETER_TOO_LONG @accounts.yaml:2:29: parameter `/reeve/dns/allowed/111111111111` would have 4097 bytes, more than 4096",
        ]
    );
}

/// Files in which nine policies at a time, and one that all share, are attached to a unit.
fn chained(names: &[String]) -> String {
    let unit = |(index, chunk): (usize, &[String])| {
        format!("  U{index}: {{id: ou-abcd-{index:08}, policies: [FullAWSAccess, shared, {}]}}\n", chunk.join(", "))
    };
    let units: String = names.chunks(8).enumerate().map(unit).collect();
    format!("Accounts: {{}}\nOrganizationUnits:\n{units}")
}

#[test]
fn changes_of_many_policies_are_split_where_they_do_not_fit() {
    let names: Vec<String> = (0..200).map(|index| format!("p{index:03}")).collect();
    let all = |count: usize, document: &'static str| -> Vec<(String, &'static str)> {
        names.iter().take(count).cloned().chain(["shared".to_owned()]).map(|name| (name, document)).collect()
    };
    let read = |policies: &[(String, &str)]| {
        let policies: Vec<(&str, &str)> = policies.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        state(&chained(&names[..policies.len() - 1]), &policies)
    };
    let other = r#"{"Version":"2012-10-17","Statement":[]}"#;
    // One group by the policy that they share: 200 documents are one request, and one more is a second one.
    for (count, ids) in [(199, &["scp-update/p000"][..]), (200, &["scp-update/p000", "scp-update/p000/2"])] {
        let found = plan(&read(&all(count, DENY)), &read(&all(count, other)));
        assert_eq!(found.requests.iter().map(|request| request.id.as_str()).collect::<Vec<_>>(), ids);
        let changes: usize = found.requests.iter().map(|request| request.changes.len()).sum();
        assert_eq!((found.requests[0].changes.len(), changes), (200, count + 1));
        if let Some(second) = found.requests.get(1) {
            assert_eq!(second.after, ["scp-update/p000"]);
        }
    }
    // Twenty-one documents of 10,240 characters are more than one event should hold.
    let frame = r#"{"Version":"2012-10-17","Statement":[],"Id":""}"#;
    let long = frame.replace(r#""Id":"""#, &format!(r#""Id":"{}""#, "x".repeat(10_240 - frame.len())));
    let long: &'static str = Box::leak(long.into_boxed_str());
    let found = plan(&read(&all(20, DENY)), &read(&all(20, long)));
    assert_eq!(found.requests.len(), 2);
    for request in &found.requests {
        assert!(asked(request).len() <= 200_000, "{}", request.id);
    }
}

const POLICIES: [&str; 4] = ["alpha", "beta", "gamma", "delta"];

/// Documents that allow, so that a move between units loses no Deny, which a gate would refuse.
fn document(version: u8) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"V{version}","Effect":"Allow","Action":"s3:*","Resource":"*"}}]}}"#
    )
}

/// Unit, policies, service, and whether it has domains.
type SomeAccount = (usize, Option<Vec<usize>>, u8, bool);

#[derive(Debug, Clone)]
struct Files {
    accounts: BTreeMap<u8, SomeAccount>,
    units: Vec<Option<Vec<usize>>>,
    documents: Vec<u8>,
}

fn some_policies() -> impl Strategy<Value = Option<Vec<usize>>> {
    proptest::option::of(proptest::sample::subsequence(vec![0, 1, 2, 3], 0..=4))
}

fn some_files() -> impl Strategy<Value = Files> {
    let account = (0..3_usize, some_policies(), 0..3_u8, any::<bool>());
    (
        proptest::collection::btree_map(0..6_u8, account, 0..5),
        proptest::collection::vec(some_policies(), 4),
        proptest::collection::vec(0..3_u8, 4),
    )
        .prop_map(|(accounts, units, documents)| Files { accounts, units, documents })
}

impl Files {
    fn state(&self) -> State {
        let list = |policies: &Vec<usize>| {
            let names: Vec<&str> = policies.iter().map(|index| POLICIES[*index]).chain(["FullAWSAccess"]).collect();
            format!("policies: [{}]", names.join(", "))
        };
        let mut text = "Accounts:".to_owned();
        if self.accounts.is_empty() {
            text.push_str(" {}");
        }
        text.push('\n');
        for (number, (unit, policies, service, domains)) in &self.accounts {
            let unit = UNITS[*unit].0;
            text.push_str(&format!(
                "  a{number}: {{email: aws+{number}@example.com, organization_unit: {unit}, service: s{service}"
            ));
            if let Some(policies) = policies {
                text.push_str(&format!(", {}", list(policies)));
            }
            if *domains {
                text.push_str(&format!(", allowed_dns_domains: [a{number}.example.com]"));
            }
            text.push_str("}\n");
        }
        text.push_str("OrganizationUnits:\n");
        for ((name, _, parent), policies) in UNITS.iter().zip(&self.units) {
            let parent = if *parent == ROOT { String::new() } else { format!("parent: {parent}, ") };
            let policies = policies.as_ref().map(list).unwrap_or_default();
            text.push_str(&format!("  {name}: {{{parent}{policies}}}\n").replace(", }", "}"));
        }
        let documents: Vec<String> = self.documents.iter().map(|version| document(*version)).collect();
        let policies: Vec<(&str, &str)> = POLICIES.iter().copied().zip(documents.iter().map(String::as_str)).collect();
        state(&text, &policies)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever was before, the files become so, by requests that the kinds take, and then there is nothing to do.
    #[test]
    fn files_become_so(first in some_files(), second in some_files()) {
        let mut aws = Aws::new(&UNITS);
        prop_assert_eq!(aws.organization.policies["p-FullAWSAccess"].document.as_str(), ALLOW_ALL);
        for files in [&first, &second, &first] {
            let wanted = files.state();
            sync(&mut aws, &wanted);
            is_so(&aws, &wanted);
        }
    }

    /// Between trees as between an organization and a tree: nothing changes, nothing is asked.
    #[test]
    fn equal_states_need_nothing(files in some_files(), other in some_files()) {
        let (state, other) = (files.state(), other.state());
        prop_assert!(plan(&state, &state).is_empty());
        // The same states give the same plan.
        prop_assert_eq!(plan(&state, &other), plan(&state.clone(), &other.clone()));
    }
}
