//! Repositories: the published sample, who may pull, what a description may say, and how large a policy may be.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests panic")]
#![allow(clippy::print_stderr, dead_code, unreachable_pub, reason = "tests say what they left out; shared helpers")]

mod common;

use common::{accounts, ecr, lines, options, organization, rendered, resource, texts};
use reeve_json::{Node, compact};
use reeve_render::{REPOSITORY_POLICY_CHARS_MAX, render};

/// Names the folder that holds `systems/ecr.yaml`. Without it the test only says so; with it the file must exist.
const CORPORA: &str = "REEVE_CORPORA";

const PRINCIPALS: &str = "/Properties/RepositoryPolicyText/Statement/0/Principal/AWS";

const FOUR: &str = r#"
Scopes:
  dev: { tier: dev }
  live: { tier: standard }
Accounts:
  a: { scope: dev, service: foo, id: "111111111111" }
  b: { scope: dev, service: bar, id: "222222222222" }
  c: { scope: live, service: foo, id: "333333333333" }
  d: { scope: live, id: "444444444444" }
  e: { scope: dev, service: foo, id: "555555555555", status: suspended }
"#;

/// Every finding of a description that is refused.
#[track_caller]
fn refused(input: &str) -> Vec<String> {
    lines(&render(&accounts(FOUR), &ecr(), Some(input)).expect_err(input))
}

#[test]
fn the_published_sample_renders_verbatim() {
    let Some(corpora) = std::env::var_os(CORPORA) else {
        eprintln!("{CORPORA} is not set: ran without the corpora");
        return;
    };
    let read = |name: &str| std::fs::read_to_string(std::path::Path::new(&corpora).join(name)).expect(name);
    let sample = read("systems/ecr.yaml");
    let ecr = options("{document: ecr, input: ecr.yaml, output: x, classes: {nonprod: {scopes: [dev]}}}");
    // The sample's only account is of the service and has no id: nobody may pull until it has one.
    let before = accounts(&read("systems/accounts.yaml"));
    let (template, findings) = rendered(&before, &ecr, Some(&sample));
    assert_eq!(resource(&template, 0).1.pointer("/Properties/RepositoryPolicyText"), None);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].contains("account `foo` has no id yet and is left out"), "{findings:?}");

    let after = accounts(&read("systems/accounts.yaml").replace("  foo:", "  foo:\n    id: \"111122223333\"\n   "));
    let (template, findings) = rendered(&after, &ecr, Some(&sample));
    assert_eq!(findings, Vec::<String>::new());
    let (_, repository) = resource(&template, 0);
    let text = |pointer: &str| repository.pointer(pointer).and_then(Node::as_str);
    assert_eq!(text("/Properties/RepositoryName"), Some("foo-bar-image"));
    assert_eq!(texts(repository, PRINCIPALS), ["111122223333"]);
    assert_eq!(
        text("/Properties/LifecyclePolicy/LifecyclePolicyText"),
        Some(concat!(
            r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"tagged","tagPrefixList":["dev-"],"#,
            r#""countType":"sinceImagePushed","countUnit":"days","countNumber":7},"action":{"type":"expire"}},"#,
            r#"{"rulePriority":2,"selection":{"tagStatus":"untagged","#,
            r#""countType":"sinceImagePushed","countUnit":"days","countNumber":7},"action":{"type":"expire"}}]}"#
        ))
    );
    let tags = repository.pointer("/Properties/Tags").map(|node| compact(&node.value));
    assert_eq!(tags.as_deref(), Some(r#"[{"Key":"description","Value":"Foo Service"}]"#));
}

#[test]
fn those_pull_who_have_the_class_and_the_service() {
    let (one, two, three, four) = ("111111111111", "222222222222", "333333333333", "444444444444");
    for (pull, expected) in [
        ("{ accounts: nonprod, services: foo }", vec![one]),
        ("{ accounts: nonprod }", vec![one, two]),
        ("{ accounts: prod }", vec![three, four]),
        ("{ accounts: [nonprod, prod] }", vec![one, two, three, four]),
        ("{ services: foo }", vec![one, three]),
        ("{ services: [foo, bar] }", vec![one, two, three]),
        ("{ accounts: [prod, nonprod], services: [bar] }", vec![two]),
        ("{ accounts: prod, services: bar }", vec![]),
    ] {
        let input = format!("- name: foo\n  permissions: {{ pull: {pull} }}\n");
        let (template, findings) = rendered(&accounts(FOUR), &ecr(), Some(&input));
        let (_, repository) = resource(&template, 0);
        let found = repository.pointer(PRINCIPALS).map(|_| texts(repository, PRINCIPALS)).unwrap_or_default();
        assert_eq!(found, expected, "{pull}");
        assert_eq!(findings, Vec::<String>::new(), "{pull}");
    }
}

#[test]
fn a_new_account_of_a_service_pulls_without_a_change_of_the_description() {
    let input = "- name: foo\n  permissions: { pull: { accounts: nonprod, services: foo } }\n";
    let more = format!("{FOUR}  f: {{ scope: dev, service: foo, id: \"000000000009\" }}\n");
    let (template, _) = rendered(&accounts(&more), &ecr(), Some(input));
    assert_eq!(texts(resource(&template, 0).1, PRINCIPALS), ["000000000009", "111111111111"]);
}

#[test]
fn a_repository_keeps_its_logical_id_whatever_stands_beside_it() {
    let alone = rendered(&accounts(FOUR), &ecr(), Some("- name: foo-bar\n")).0;
    let beside = rendered(&accounts(FOUR), &ecr(), Some("- name: foo/bar\n- name: foo-bar\n")).0;
    assert_eq!(resource(&alone, 0).0, resource(&beside, 1).0);
}

#[test]
fn words_that_no_account_has_are_told() {
    let options = options(
        "{document: ecr, input: ecr.yaml, output: x, classes: {nonprod: {scopes: [dev, devv], tiers: [standart]}}}",
    );
    let input = "- name: foo\n  permissions: { pull: { accounts: nonprod, services: [foo, fooo] } }\n";
    let (_, findings) = rendered(&accounts(FOUR), &options, Some(input));
    assert_eq!(
        findings,
        [
            "warning RENDER_NO_ACCOUNT reeve.yaml:1:79: no account has the scope `devv`",
            "warning RENDER_NO_ACCOUNT reeve.yaml:1:94: no account has the tier `standart`",
            "warning RENDER_NO_ACCOUNT ecr.yaml:2:61: no account has the service `fooo`",
        ]
    );
    let unknown = refused("- name: foo\n  permissions: { pull: { accounts: [nonprd, prod] } }\n");
    assert_eq!(unknown, ["error RENDER_CLASS_UNKNOWN ecr.yaml:2:37: class `nonprd` of accounts is not known"]);
}

#[test]
fn a_rule_that_an_earlier_one_leaves_nothing_to_is_told() {
    for (rules, expected) in [
        ("[dev-: 1 day, dev-x: 2 days]", 1),
        ("[dev-x: 2 days, dev-: 1 day]", 0),
        ("[dev-: 1 day, untagged: 1 day, prod-: 1 day]", 0),
    ] {
        let input = format!("- name: foo\n  policies: {rules}\n");
        let (_, findings) = rendered(&accounts(FOUR), &ecr(), Some(&input));
        assert_eq!(findings.len(), expected, "{rules} {findings:?}");
        assert!(
            findings.iter().all(|line| line.starts_with("warning RENDER_RULE_SHADOWED ecr.yaml:2:")),
            "{findings:?}"
        );
    }
}

#[test]
fn all_that_is_wrong_in_a_description_is_told_at_once() {
    for (input, expected) in [
        ("", vec!["1:1: the file is empty"]),
        (
            "- name: Foo\n  polices: []\n- name: bar\n  repository-tags: { 'aws:x': y }\n",
            vec![
                "1:9: `name` must be the name of a repository, found `Foo`",
                "2:3: key `polices` is not known",
                "4:22: tag `aws:x` has a key that begins with `aws:`, which is AWS's own",
            ],
        ),
        ("- name: foo\n- name: foo\n", vec!["2:3: repository `foo` is described at 1:3 already"]),
        (
            "- name: foo\n  policies:\n  - dev-: 0 days\n  - dev-: 7\n  - untagged: 7 weeks\n  - dev*: 7 days\n  - {}\n",
            vec![
                "3:11: `dev-` must be a number of days from 1 to 36500, found `0 days`",
                "4:11: `dev-` must be a string, found an integer",
                "5:15: `untagged` must be a number of days from 1 to 36500, found `7 weeks`",
                "6:5: `dev*` is no beginning of an image tag",
                "7:5: item 5 of `policies` must have one key",
            ],
        ),
        (
            "- name: foo\n  policies:\n  - untagged: 7 days\n  - untagged: 8 days\n  - dev-: 007 days\n",
            vec![
                "4:5: there is a rule for `untagged` already",
                "5:11: `dev-` must be a number of days from 1 to 36500, found `007 days`",
            ],
        ),
        (
            "- name: foo\n  permissions: { pull: {} }\n- name: bar\n  permissions: { pull: { accounts: [], service: x } }\n",
            vec![
                "2:24: who may pull is not said",
                "4:36: `accounts` must name at least one",
                "4:40: key `service` is not known",
            ],
        ),
        (
            "- name: foo\n  permissions: { push: x }\n- name: bar\n  permissions: { pull: { services: [x, x] } }\n",
            vec!["2:16: key `pull` is missing", "2:18: key `push` is not known", "4:40: `x` stands twice in the list"],
        ),
        (
            "- name: foo\n  repository-tags: { a: '{{resolve:ssm:/x}}', b: '${AWS::AccountId}' }\n",
            vec![
                "2:22: tag `a` may hold only letters, digits, spaces and `_.:/=+-@`",
                "2:47: tag `b` may hold only letters, digits, spaces and `_.:/=+-@`",
            ],
        ),
    ] {
        let expected: Vec<String> = expected.iter().map(|line| format!("error RENDER_INPUT ecr.yaml:{line}")).collect();
        assert_eq!(refused(input), expected, "{input}");
    }
}

#[test]
fn a_description_without_repositories_is_no_document() {
    assert_eq!(refused("[]"), ["error RENDER_NOTHING reeve.yaml:1:1: the document would hold no resource"]);
}

#[test]
fn rules_and_tags_and_days_hold_at_their_edge() {
    let rules = |count: usize| (0..count).map(|at| format!("  - p{at:03}: 36500 days\n")).collect::<String>();
    let tags = |count: usize| (0..count).map(|at| format!("    t{at:03}: x\n")).collect::<String>();
    let of = |rule_count, tag_count| {
        format!("- name: foo\n  policies:\n{}  repository-tags:\n{}", rules(rule_count), tags(tag_count))
    };
    let (template, _) = rendered(&accounts(FOUR), &ecr(), Some(&of(50, 50)));
    let text = resource(&template, 0).1.pointer("/Properties/LifecyclePolicy/LifecyclePolicyText");
    let text = text.and_then(Node::as_str).expect("text");
    assert!((100..=30_720).contains(&text.len()), "{}", text.len());
    assert!(refused(&of(51, 1))[0].ends_with("`policies` must have at most 50 rules, found 51"));
    assert!(refused(&of(1, 51))[0].ends_with("`repository-tags` must have at most 50 tags, found 51"));
    assert_eq!(refused("- name: foo\n  policies: [untagged: 36501 days]\n").len(), 1);
}

#[test]
fn a_thousand_accounts_fit_by_service_and_not_as_one_class() {
    let many = accounts(&organization(1_000, "tier: dev", |at| format!("service: s{}", at % 100)));
    let options = options("{document: ecr, input: ecr.yaml, output: x, classes: {all: {tiers: [dev]}}}");
    let input = "- name: foo\n  permissions: { pull: { accounts: all, services: s7 } }\n";
    let (template, _) = rendered(&many, &options, Some(input));
    assert_eq!(texts(resource(&template, 0).1, PRINCIPALS).len(), 10);
    let input = "- name: foo\n  permissions: { pull: { accounts: all } }\n";
    let findings = lines(&render(&many, &options, Some(input)).expect_err("too many"));
    assert_eq!(findings.len(), 1, "{findings:?}");
    let expected = "error RENDER_TOO_LARGE ecr.yaml:2:24: the policy of `foo` lets 1000 accounts pull and has ";
    assert!(findings[0].starts_with(expected), "{findings:?}");
}

#[test]
fn a_repository_policy_fits_up_to_its_last_account() {
    let options = options("{document: ecr, input: ecr.yaml, output: x, classes: {all: {tiers: [dev]}}}");
    let input = "- name: foo\n  permissions: { pull: { accounts: all } }\n";
    let render = |count| {
        let accounts = accounts(&organization(count, "tier: dev", |_| "service: s".to_owned()));
        render(&accounts, &options, Some(input))
    };
    let chars = |count| {
        let template = common::json(&render(count).expect("fits").text);
        let policy = resource(&template, 0).1.pointer("/Properties/RepositoryPolicyText").expect("policy");
        compact(&policy.value).len()
    };
    // Each account after the first takes 15 characters: twelve digits, two quotes and a comma.
    let most = (REPOSITORY_POLICY_CHARS_MAX - chars(1)) / 15 + 1;
    assert!(chars(most) <= REPOSITORY_POLICY_CHARS_MAX && chars(most) + 15 > REPOSITORY_POLICY_CHARS_MAX, "{most}");
    assert!(render(most + 1).is_err());
}
