//! Parameters: how their changes are told, and in which order they are made.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::{DENY, asked, lines, plan, state};
use reeve_plan::{Plan, State};

const BASE: &str = "\
Scopes:
  dev: {organization_unit: Dev, tier: low}
Accounts:
  bar: {id: \"111111111111\", email: aws+bar@example.com, scope: dev, DOMAINS_OF_BAR}
  foo: {id: \"222222222222\", email: aws+foo@example.com, scope: dev, DOMAINS_OF_FOO}
OrganizationUnits:
  Dev: {id: ou-abcd-11111111, policies: [FullAWSAccess]}
";

/// The base with domains of `bar` and `foo`.
fn with(of_bar: &str, of_foo: &str) -> State {
    let domains = |list: &str| match list {
        "" => "create_vpc: false".to_owned(),
        list => format!("allowed_dns_domains: [{list}]"),
    };
    state(&BASE.replace("DOMAINS_OF_BAR", &domains(of_bar)).replace("DOMAINS_OF_FOO", &domains(of_foo)), &[])
}

fn shown(plan: &Plan) -> Vec<String> {
    plan.requests.iter().map(|it| format!("{} after {:?}: {}", it.id, it.after, asked(it))).collect()
}

#[test]
fn a_right_is_taken_away_before_it_is_given() {
    const BAR: &str = "reeve/dns/allowed/111111111111";
    const FOO: &str = "reeve/dns/allowed/222222222222";
    let put = |of: &str, value: &str| {
        format!(r#"{{"parameters":[{{"name":"/{of}","type":"StringList","value":"{value}"}}]}}"#)
    };
    let take = format!("take-parameter/dns/{FOO}");
    for (name, before, after, expected) in [
        ("nothing is left", ("", "x.com"), ("", ""), vec![format!(r#"{take} after []: {{"remove":["/{FOO}"]}}"#)]),
        ("some is left", ("", "x.com, y.com"), ("", "y.com"), vec![format!("{take} after []: {}", put(FOO, "y.com"))]),
        (
            "handed over",
            ("", "x.com"),
            ("x.com", ""),
            vec![
                format!(r#"{take} after []: {{"remove":["/{FOO}"]}}"#),
                format!("put-parameter/dns/{BAR} after [{take:?}]: {}", put(BAR, "x.com")),
            ],
        ),
        (
            "exchanged",
            ("x.com, z.com", "y.com"),
            ("y.com, z.com", "x.com"),
            vec![
                format!(
                    r#"take-parameter/dns/{BAR} after []: {{"parameters":[{{"name":"/{BAR}","type":"StringList","value":"z.com"}}],"remove":["/{FOO}"]}}"#
                ),
                format!(
                    r#"put-parameter/dns/{BAR} after ["take-parameter/dns/{BAR}"]: {{"parameters":[{{"name":"/{BAR}","type":"StringList","value":"y.com,z.com"}},{{"name":"/{FOO}","type":"StringList","value":"x.com"}}]}}"#
                ),
            ],
        ),
    ] {
        assert_eq!(shown(&plan(&with(before.0, before.1), &with(after.0, after.1))), expected, "{name}");
    }
}

#[test]
fn what_no_request_takes_away_is_told() {
    let tags = |tags: &str| state(&BASE.replace("DOMAINS_OF_BAR", tags).replace("DOMAINS_OF_FOO", "tier: low"), &[]);
    assert_eq!(
        lines(&plan(&tags("tags: {team: red}"), &tags("tier: low"))),
        ["info PLAN_TAG_STAYS @accounts.yaml:4:3: account `bar` keeps its tag `team`, which no request takes away"]
    );
}

#[test]
fn a_description_that_was_there_is_told_member_by_member() {
    let before = state(&BASE.replace("DOMAINS_OF_BAR", "service: a").replace("DOMAINS_OF_FOO", "tier: low"), &[]);
    let after = BASE.replace("DOMAINS_OF_BAR", "service: b, region: us-east-1").replace("DOMAINS_OF_FOO", "tier: low");
    let after =
        after.replace("OrganizationUnits:", "  new: {email: aws+new@example.com, scope: dev}\nOrganizationUnits:");
    let found = plan(&before, &state(&after, &[("guard", DENY)]));
    let changes = |id: &str| -> Vec<(String, Option<String>, Option<String>)> {
        let request = found.request(id).expect(id);
        request.changes.iter().map(|it| (it.what.clone(), it.before.clone(), it.after.clone())).collect()
    };
    let text = |text: &str| Some(text.to_owned());
    let of_bar = |member: &str| format!("`{member}` of parameter `/pub/accounts/bar`");
    assert_eq!(
        changes("put-parameter/management/pub/accounts/bar"),
        [(of_bar("region"), None, text("us-east-1")), (of_bar("service"), text("a"), text("b"))]
    );
    let [(_, None, Some(described))] = &changes("put-parameter/management/new/pub/accounts/new")[..] else {
        panic!("a new parameter is told whole")
    };
    assert!(described.starts_with('{'), "{described}");
}
