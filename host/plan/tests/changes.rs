//! Each kind of change between two trees of files: which requests, in which order, from which line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::{DENY, asked, gate, gates, lines, plan, state, well_formed};

const BASE: &str = "\
Default:
  region: ap-southeast-2
Scopes:
  dev: {organization_unit: Dev, tier: low}
Accounts:
  bar: {id: \"111111111111\", email: aws+bar@example.com, scope: dev, service: bar}
  foo: {id: \"222222222222\", email: aws+foo@example.com, scope: dev, service: foo}
OrganizationUnits:
  Dev: {id: ou-abcd-11111111, policies: [FullAWSAccess, guard]}
  Standard: {id: ou-abcd-22222222, policies: [FullAWSAccess]}
  Lab: {id: ou-abcd-33333333, parent: Dev}
";

/// Every text of `edits` is replaced once.
#[track_caller]
fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(BASE.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replacen(from, to, 1)
    })
}

#[test]
fn equal_trees_ask_for_nothing() {
    let base = state(BASE, &[("guard", DENY)]);
    assert!(plan(&base, &base).is_empty());
    let respelled = state(&format!("# a comment\n{BASE}"), &[("guard", &on_one_line(DENY))]);
    assert!(plan(&base, &respelled).is_empty());
}

fn on_one_line(text: &str) -> String {
    text.replace('\n', " ").replace("  ", "")
}

#[test]
#[rustfmt::skip]
fn every_change_of_the_accounts_file_is_its_requests() {
    for (edits, expected) in [
        // A new account: made first; its parameter waits for its id.
        (&[("OrganizationUnits:", "  new: {email: aws+new@example.com, scope: dev}\nOrganizationUnits:")][..], &[
            "create-account/new [management] @accounts.yaml:8:3",
            "put-parameter/management/new/pub/accounts/new [management] after create-account/new awaits the id of account `new` @accounts.yaml:8:3",
        ][..]),
        // Its id is known by now: what could not be said before is said.
        (&[("OrganizationUnits:", "  new: {email: aws+new@example.com, scope: dev, id: \"333333333333\", allowed_dns_domains: [b.example.com, a.example.com]}\nOrganizationUnits:")], &[
            "move-account/new [management] @accounts.yaml:4:9",
            "tag-account/new [management] @accounts.yaml:2:3",
            "put-parameter/management/pub/accounts/new [management] after move-account/new @accounts.yaml:8:3",
            "put-parameter/dns/reeve/dns/allowed/333333333333 [dns] @accounts.yaml:8:69",
        ]),
        // A move, by the line that moved it.
        (&[("scope: dev, service: foo", "scope: dev, service: foo, organization_unit: Standard")], &[
            "move-account/foo [management] @accounts.yaml:7:83",
            "put-parameter/management/pub/accounts/foo [management] after move-account/foo @accounts.yaml:7:3",
        ]),
        // One line in a scope moves all its accounts, and the finger points at that line.
        (&[("organization_unit: Dev", "organization_unit: Standard")], &[
            "move-account/bar [management] @accounts.yaml:4:9",
            "move-account/foo [management] @accounts.yaml:4:9",
            "put-parameter/management/pub/accounts/bar [management] after move-account/bar move-account/foo @accounts.yaml:6:3",
        ]),
        // Tags follow from keys, or are written.
        (&[("service: foo}", "service: fun, tags: {team: red}}")], &[
            "tag-account/foo [management] @accounts.yaml:7:69",
            "put-parameter/management/pub/accounts/foo [management] @accounts.yaml:7:3",
        ]),
        (&[("service: foo}", "service: foo, allowed_dns_domains: [foo.example.com]}")], &[
            "put-parameter/dns/reeve/dns/allowed/222222222222 [dns] @accounts.yaml:7:83",
        ]),
        (&[("service: foo}", "service: foo, status: suspended}")], &[
            "put-parameter/management/pub/accounts/foo [management] @accounts.yaml:7:3",
        ]),
        // What no request can do.
        (&[("  foo: {id: \"222222222222\", email: aws+foo@example.com, scope: dev, service: foo}\n", "")], &[
            "take-parameter/management/pub/accounts/foo [management]",
            "warning PLAN_ACCOUNT_GONE: account `foo` is not in the file, and stays open in unit `Dev`: no request closes accounts",
        ]),
        (&[("  foo: ", "  fun: ")], &[
            "take-parameter/management/pub/accounts/foo [management]",
            "put-parameter/management/pub/accounts/fun [management] @accounts.yaml:7:3",
            "warning PLAN_ACCOUNT_RENAMED @accounts.yaml:7:3: account `foo` is `fun` now, and keeps its old name in AWS",
        ]),
        (&[("aws+foo@", "aws+fun@")], &[
            "warning PLAN_EMAIL_STAYS @accounts.yaml:7:29: the address of account `foo` is `aws+foo@example.com`, and no request changes it to `aws+fun@example.com`",
        ]),
        (&[("  Lab: ", "  New: {policies: [guard]}\n  Lab: ")], &[
            "error PLAN_UNIT_MISSING @accounts.yaml:11:3: there is no one unit `New`, and no request makes one",
        ]),
        (&[("parent: Dev", "parent: Standard")], &[
            "error PLAN_UNIT_MOVED @accounts.yaml:11:3: unit `Lab` is below `Dev`, not below `Standard`, and units cannot be moved",
        ]),
        (&[("  Lab: {id: ou-abcd-33333333, parent: Dev}\n", "")], &[
            "info PLAN_UNIT_STAYS: unit `Lab` is in no file any more, and stays as it is",
        ]),
        (&[(", policies: [FullAWSAccess, guard]", "")], &[
            "warning PLAN_POLICIES_UNSAID @accounts.yaml:9:3: unit `Dev` does not name its policies any more, so those it has stay attached",
        ]),
        (&[("OrganizationUnits:", "  new: {scope: dev}\nOrganizationUnits:")], &[
            "put-parameter/management/new/pub/accounts/new [management] awaits the id of account `new` @accounts.yaml:8:3",
            "error PLAN_EMAIL_MISSING @accounts.yaml:8:3: account `new` cannot be made without an e-mail address",
        ]),
        (&[("OrganizationUnits:", "  new: {email: aws+new@example.com}\nOrganizationUnits:")], &[
            "put-parameter/management/new/pub/accounts/new [management] awaits the id of account `new` @accounts.yaml:8:3",
            "error PLAN_UNIT_UNSAID @accounts.yaml:8:3: account `new` cannot be made without an organization unit",
        ]),
        (&[("OrganizationUnits:", "  new: {email: aws+new@example.com, scope: dev, status: suspended}\nOrganizationUnits:")], &[
            "info PLAN_SUSPENDED_NOT_MADE @accounts.yaml:8:49: account `new` is suspended and does not exist, so it is not made",
        ]),
        (&[("scope: dev, service: foo", "scope: dev, service: foo, organization_unit: root")], &[
            "error PLAN_UNIT_ROOT @accounts.yaml:7:83: account `foo` is to be in the root, and accounts live in units",
        ]),
        // Attachments.
        (&[("[FullAWSAccess, guard]", "[FullAWSAccess]")], &[
            "scp-update/guard [management] @accounts.yaml:9:3",
        ]),
        (&[("22222222, policies: [FullAWSAccess]", "22222222, policies: [FullAWSAccess, guard]")], &[
            "scp-update/guard [management] @accounts.yaml:10:62",
        ]),
        (&[("[FullAWSAccess, guard]", "[guard]")], &[
            "error PLAN_NO_ALLOW @accounts.yaml:9:3: unit `Dev` would have no policy that allows anything",
        ]),
        (&[("[FullAWSAccess, guard]", "[]")], &[
            "error PLAN_NO_ALLOW @accounts.yaml:9:3: unit `Dev` would have no policy that allows anything",
        ]),
        (&[("22222222, policies: [FullAWSAccess]", "22222222, policies: [FullAWSAccess, gone]")], &[
            "error PLAN_POLICY_FILE_MISSING @accounts.yaml:10:62: policy `gone` is to be attached to unit `Standard` and has no file",
        ]),
        // An account moves into a unit that becomes stricter: the policy is there first.
        (&[
            ("22222222, policies: [FullAWSAccess]", "22222222, policies: [FullAWSAccess, guard]"),
            ("scope: dev, service: foo", "scope: dev, service: foo, organization_unit: Standard"),
        ], &[
            "scp-update/guard [management] @accounts.yaml:10:62",
            "move-account/foo [management] after scp-update/guard @accounts.yaml:7:83",
            "put-parameter/management/pub/accounts/foo [management] after move-account/foo @accounts.yaml:7:3",
        ]),
        // A unit below inherits: a new account there waits for the policy of the unit above.
        (&[
            ("[FullAWSAccess, guard]", "[FullAWSAccess]"),
            ("OrganizationUnits:", "  new: {email: aws+new@example.com, organization_unit: Lab, policies: [FullAWSAccess, guard]}\nOrganizationUnits:"),
        ], &[
            "scp-update/guard [management] @accounts.yaml:10:3",
            "create-account/new [management] after scp-update/guard @accounts.yaml:8:3",
            "scp-update/account/new [management] after create-account/new awaits the id of account `new` @accounts.yaml:8:87",
            "put-parameter/management/new/pub/accounts/new [management] after create-account/new awaits the id of account `new` @accounts.yaml:8:3",
        ]),
    ] {
        let found = plan(&state(BASE, &[("guard", DENY)]), &state(&edited(edits), &[("guard", DENY)]));
        assert_eq!(lines(&found), expected, "{edits:#?}");
    }
}

#[test]
fn every_change_of_the_folder_of_policies_is_its_requests() {
    let other = DENY.replace("Guard", "Watch");
    let base = state(BASE, &[("guard", DENY)]);
    for (policies, expected) in [
        (&[("guard", other.as_str())][..], &["scp-update/guard [management] @scp/guard.json:1:1"][..]),
        // A new policy and a changed one that share no target are told apart.
        (
            &[("guard", other.as_str()), ("new", DENY)],
            &["scp-update/guard [management] @scp/guard.json:1:1", "scp-update/new [management] @scp/new.json:1:1"],
        ),
        (
            &[],
            &[
                "info PLAN_POLICY_STAYS: policy `guard` has no file any more, and nobody deletes it",
                "error PLAN_POLICY_FILE_MISSING @accounts.yaml:9:57: policy `guard` is attached to unit `Dev` and has no file any more",
            ],
        ),
    ] {
        assert_eq!(lines(&plan(&base, &state(BASE, policies))), expected, "{policies:?}");
    }
}

#[test]
fn what_is_asked_is_complete() {
    let head = edited(&[
        (
            "OrganizationUnits:",
            "  new: {email: aws+new@example.com, scope: dev, service: new, tags: {team: red, scope: mine}}\nOrganizationUnits:",
        ),
        (
            "scope: dev, service: foo",
            "scope: dev, service: fun, organization_unit: Standard, allowed_dns_domains: [.b.example.com, =a.example.com]",
        ),
        ("[FullAWSAccess, guard]", "[FullAWSAccess, fence]"),
    ]);
    let other = DENY.replace("Guard", "Watch");
    let found = plan(&state(BASE, &[("guard", DENY)]), &state(&head, &[("guard", &other), ("fence", DENY)]));
    let minified = r#"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"Guard\",\"Effect\":\"Deny\",\"Action\":\"organizations:LeaveOrganization\",\"Resource\":\"*\"}]}"#;
    let replaced = reeve_model::Digest::of(minified.replace("\\\"", "\"").as_bytes());
    let changed = minified.replace("Guard", "Watch");
    for (id, expected) in [
        (
            "scp-update/fence",
            format!(
                r#"{{"attach":[{{"policy":"fence","target":"ou-abcd-11111111"}}],"detach":[{{"policy":"guard","target":"ou-abcd-11111111"}}],"policies":[{{"document":"{minified}","name":"fence"}},{{"document":"{changed}","name":"guard","replaces":"{replaced}"}}]}}"#
            ),
        ),
        (
            "create-account/new",
            r#"{"OU":"ou-abcd-11111111","email":"aws+new@example.com","name":"new","tags":{"region":"ap-southeast-2","scope":"mine","service-name":"new","team":"red"}}"#.to_owned(),
        ),
        ("move-account/foo", r#"{"OU":"ou-abcd-22222222","account_to_move":"222222222222"}"#.to_owned()),
        ("tag-account/foo", r#"{"account_to_tag":"222222222222","tags":{"service-name":"fun"}}"#.to_owned()),
        (
            "put-parameter/management/pub/accounts/foo",
            r#"{"parameters":[{"name":"/pub/accounts/foo","value":"{\"id\":\"222222222222\",\"organization_unit\":\"Standard\",\"region\":\"ap-southeast-2\",\"scope\":\"dev\",\"service\":\"fun\",\"status\":\"active\",\"tier\":\"low\"}"}]}"#.to_owned(),
        ),
        (
            "put-parameter/dns/reeve/dns/allowed/222222222222",
            r#"{"parameters":[{"name":"/reeve/dns/allowed/222222222222","type":"StringList","value":".b.example.com,=a.example.com"}]}"#.to_owned(),
        ),
        (
            "put-parameter/management/new/pub/accounts/new",
            r#"{"parameters":[{"name":"/pub/accounts/new","value":"{\"organization_unit\":\"Dev\",\"region\":\"ap-southeast-2\",\"scope\":\"dev\",\"service\":\"new\",\"status\":\"active\",\"tier\":\"low\"}"}]}"#.to_owned(),
        ),
    ] {
        assert_eq!(asked(found.request(id).expect(id)), expected, "{id}");
    }
    assert_eq!(found.requests.len(), 7, "{:#?}", lines(&found));
    let summaries: Vec<&str> = found.requests.iter().map(|request| request.summary.as_str()).collect();
    assert_eq!(
        summaries,
        [
            "make 1 policy, change 1 policy, attach 1 policy, detach 1 policy",
            "make account `new` in unit `Dev`",
            "move account `foo` from unit `Dev` to unit `Standard`",
            "set `service-name` of account `foo`",
            "put parameter `/pub/accounts/foo`",
            "put parameter `/reeve/dns/allowed/222222222222`",
            "put parameter `/pub/accounts/new`",
        ]
    );
}

#[test]
fn a_bus_that_learns_of_new_accounts_is_named() {
    let head = edited(&[("OrganizationUnits:", "  new: {email: aws+new@example.com, scope: dev}\nOrganizationUnits:")]);
    let mut gates = gates();
    gates[0].forwards = Some("infra".to_owned());
    let found = reeve_plan::plan(&state(BASE, &[("guard", DENY)]), &state(&head, &[("guard", DENY)]), &gates, "1");
    assert_eq!(found.requests[0].summary, "make account `new` in unit `Dev`, and let bus `infra` send to it");
}

#[test]
fn a_request_that_no_one_gate_takes_is_found() {
    let head = edited(&[
        ("OrganizationUnits:", "  new: {email: aws+new@example.com, scope: dev}\nOrganizationUnits:"),
        (
            "scope: dev, service: foo",
            "scope: dev, service: fun, organization_unit: Standard, allowed_dns_domains: [a.example.com]",
        ),
        ("[FullAWSAccess, guard]", "[FullAWSAccess]"),
    ]);
    let (before, after) = (state(BASE, &[("guard", DENY)]), state(&head, &[("guard", DENY)]));
    let none = reeve_plan::plan(&before, &after, &[], "1");
    well_formed(&none);
    assert_eq!(
        lines(&none),
        [
            "error PLAN_NO_GATE @accounts.yaml:10:3: no gate takes `SCP_UPDATE`, so nobody can change policies",
            "error PLAN_NO_GATE @accounts.yaml:7:3: no gate takes `MOVE_ACCOUNT`, so nobody can move account `foo`",
            "error PLAN_NO_GATE @accounts.yaml:7:3: no gate takes `TAG_ACCOUNT`, so nobody can tag account `foo`",
            "error PLAN_NO_GATE @accounts.yaml:8:3: no gate takes `CREATE_ACCOUNT`, so nobody can make account `new`",
            "error PLAN_NO_GATE @accounts.yaml:8:3: no gate puts parameters below `/pub/accounts`, and 1 are to be put there",
            "error PLAN_NO_GATE @accounts.yaml:7:112: no gate puts parameters below `/reeve/dns/allowed`, and 1 are to be put there",
        ]
    );
    let mut twice = gates();
    twice.push(gate("other", "666666666666", &["MOVE_ACCOUNT", "PUT_PARAMETER"], &["/pub/accounts"]));
    let twice = reeve_plan::plan(&before, &after, &twice, "1");
    well_formed(&twice);
    assert!(
        lines(&twice).contains(
            &"error PLAN_SEVERAL_GATES @accounts.yaml:7:3: gates `management` and `other` both take `MOVE_ACCOUNT`"
                .to_owned()
        )
    );
    // Parameters go wherever their path is taken; that of an account that cannot move waits until it can.
    assert!(twice.request("put-parameter/other/new/pub/accounts/new").is_some());
    assert!(twice.request("put-parameter/management/new/pub/accounts/new").is_some());
    assert!(twice.requests.iter().all(|request| !request.id.ends_with("/pub/accounts/foo")));
}

#[test]
fn the_management_account_neither_moves_nor_is_bound() {
    let boss = "  boss: {id: \"999999999999\", email: aws@example.com, scope: dev}\nOrganizationUnits:";
    let moved = "  boss: {id: \"999999999999\", email: aws@example.com, organization_unit: Standard, scope: dev, policies: [guard]}\nOrganizationUnits:";
    let before = state(&edited(&[("OrganizationUnits:", boss)]), &[("guard", DENY)]);
    let after = state(&edited(&[("OrganizationUnits:", moved)]), &[("guard", DENY)]);
    assert_eq!(
        lines(&plan(&before, &after)),
        [
            "error PLAN_MANAGEMENT_ACCOUNT @accounts.yaml:8:95: account `boss` is the management account, on which policies have no effect",
            "error PLAN_MANAGEMENT_ACCOUNT @accounts.yaml:8:54: account `boss` is the management account, which stays where it is",
        ]
    );
    assert!(plan(&after, &after).is_empty());
}

#[test]
fn nonces_follow_from_what_is_asked_of_what() {
    let on = |unit: &str| {
        let text = format!("scope: dev, service: foo, organization_unit: {unit}");
        state(&edited(&[("scope: dev, service: foo", &text)]), &[("guard", DENY)])
    };
    let nonce = |before: &str, after: &str, epoch: &str| {
        let found = reeve_plan::plan(&on(before), &on(after), &gates(), epoch);
        found.request("move-account/foo").expect("a move").nonce.clone().expect("ready")
    };
    let first = nonce("Dev", "Standard", "1");
    assert_eq!(first, nonce("Dev", "Standard", "1"), "the same change is the same request");
    assert_ne!(first, nonce("Lab", "Standard", "1"), "from elsewhere");
    assert_ne!(first, nonce("Standard", "Dev", "1"), "and back");
    assert_ne!(first, nonce("Dev", "Standard", "2"), "and there again");
    // RFC 9562: version 8 in the first digit of the third group, variant 10 in the first bits of the fourth.
    assert_eq!((first.as_str().as_bytes()[14], first.as_str().as_bytes()[19]), (b'8', b'8'));
}

#[test]
fn policy_files_are_read_strictly() {
    let accounts = reeve_accounts::Accounts::parse("accounts.yaml", BASE).expect("good");
    for (name, text, expected) in [
        ("x", "{\n  \"a\": 1,\n  \"a\": 2\n}", "PLAN_POLICY_DOCUMENT scp/x.json:3:3"),
        ("x", "[]", "PLAN_POLICY_DOCUMENT scp/x.json:1:1"),
        ("x", "", "PLAN_POLICY_DOCUMENT scp/x.json:1:1"),
        ("FullAWSAccess", DENY, "PLAN_POLICY_AWS_MANAGED scp/FullAWSAccess.json:1:1"),
    ] {
        let files = common::files(&[(name, text)]);
        let found = reeve_plan::State::of_files(&accounts, &files, &common::naming()).expect_err(text);
        let shown: Vec<String> =
            found.iter().map(|it| format!("{} {}", it.code, it.place.clone().expect("a place"))).collect();
        assert_eq!(shown, [expected], "{text}");
    }
}

#[test]
fn a_value_that_cannot_be_stored_is_not_sent() {
    let head = edited(&[("service: foo}", "service: \"{{x\"}")]);
    assert_eq!(
        lines(&plan(&state(BASE, &[("guard", DENY)]), &state(&head, &[("guard", DENY)]))),
        [
            "tag-account/foo [management] @accounts.yaml:7:69",
            "error PLAN_PARAMETER_VALUE @accounts.yaml:7:3: parameter `/pub/accounts/foo` would hold `{{`, which Systems Manager does not store",
        ]
    );
}

#[test]
fn a_policy_of_aws_is_neither_changed_nor_missed() {
    let mut before = state(BASE, &[("guard", DENY)]);
    before.policies.get_mut("guard").expect("there").aws_managed = true;
    let other = DENY.replace("Guard", "Watch");
    assert_eq!(
        lines(&plan(&before, &state(BASE, &[("guard", &other)]))),
        ["error PLAN_POLICY_AWS_MANAGED @scp/guard.json:1:1: policy `guard` is managed by AWS and cannot be edited",]
    );
    let without = plan(&before, &state(BASE, &[]));
    assert!(without.findings.iter().all(|found| found.code != "PLAN_POLICY_FILE_MISSING"), "{:#?}", lines(&without));
}
