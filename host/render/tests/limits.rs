//! The log bucket and the identity account: what they say, with a thousand accounts, and at the edge of what AWS takes.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests panic")]
#![allow(clippy::print_stderr, dead_code, unreachable_pub, reason = "tests say what they left out; shared helpers")]

mod common;

use common::{accounts, identity_access, json, lines, log_bucket, options, organization, rendered, resource, texts};
use reeve_json::{Node, compact};
use reeve_render::{BUCKET_POLICY_BYTES_MAX, GROUP_POLICIES_MAX, MANAGED_POLICY_CHARS_MAX, TEMPLATE_BYTES_MAX, render};
use std::collections::BTreeSet;

/// Names the folder that holds `systems/log-bucket-deny.yaml`.
const CORPORA: &str = "REEVE_CORPORA";

/// A document as AWS gets it in the longest partition, with `bucket` in place of the parameter.
fn sent(document: &Node, bucket: &str) -> String {
    let mut text = compact(&document.value);
    for (from, to) in [
        ("${AWS::Partition}", "aws-us-gov"),
        ("${AWS::AccountId}", "111122223333"),
        ("${CfrLogsBucket}", bucket),
        ("{\"Fn::Sub\":", ""),
    ] {
        text = text.replace(from, to);
    }
    // What closes each `Fn::Sub`: a brace right after the quote of a text that is an ARN.
    let mut out = String::new();
    for (at, part) in text.split("\"arn:").enumerate() {
        if at == 0 {
            out.push_str(part);
            continue;
        }
        let (arn, rest) = part.split_once('"').expect("end of the ARN");
        out.push_str(&format!("\"arn:{arn}\"{}", rest.strip_prefix('}').expect("end of Fn::Sub")));
    }
    json(&out);
    out
}

#[test]
fn the_bucket_denies_all_that_the_published_sample_denies() {
    let Some(corpora) = std::env::var_os(CORPORA) else {
        eprintln!("{CORPORA} is not set: ran without the corpora");
        return;
    };
    let path = std::path::Path::new(&corpora).join("systems/log-bucket-deny.yaml");
    // Reeve's YAML has no tags; `!Sub` only marks texts that are the same without it.
    let text = std::fs::read_to_string(path).expect("log-bucket-deny.yaml").replace("!Sub ", "");
    let sample = reeve_yaml::Document::parse("sample", &text).expect("YAML").root.to_json();
    let sample = Node::from(sample.as_array().expect("list")[0].value.clone());

    let (template, _) = rendered(&accounts("Accounts: {}"), &log_bucket(), None);
    let document = resource(&template, 0).1.pointer("/Properties/PolicyDocument").expect("document");
    assert_eq!(document.pointer("/Statement").and_then(Node::as_array).expect("list").len(), 2, "nobody delivers");
    let principals = texts(&sample, "/NotPrincipal/AWS");
    let session = principals[1].rsplit('/').next().expect("session");
    for (number, pointer, expected) in [
        (
            0,
            "/Condition/ArnNotEquals/aws:PrincipalArn/Fn::Sub",
            principals[0].replace("arn:aws:", "arn:${AWS::Partition}:"),
        ),
        (1, "/Condition/StringNotLike/aws:userid", format!("*:{session}")),
    ] {
        let statement = document.pointer(&format!("/Statement/{number}")).expect("statement");
        assert_eq!(statement.pointer(pointer).and_then(Node::as_str), Some(expected.as_str()), "{pointer}");
        assert_eq!(statement.pointer("/Effect").and_then(Node::as_str), Some("Deny"));
        assert_eq!(statement.pointer("/Principal").and_then(Node::as_str), Some("*"));
        let actions: BTreeSet<String> = texts(statement, "/Action").into_iter().collect();
        assert!(texts(&sample, "/Action").iter().all(|action| actions.contains(action)), "{actions:?}");
        for (at, resource) in texts(&sample, "/Resource").iter().enumerate() {
            let ours = statement.pointer(&format!("/Resource/{at}/Fn::Sub")).and_then(Node::as_str);
            assert_eq!(ours, Some(resource.replace("arn:aws:", "arn:${AWS::Partition}:").as_str()));
        }
    }
}

#[test]
fn a_bucket_takes_the_logs_of_those_who_send_them() {
    let text = r#"
Default: { use_cfr: true }
Accounts:
  a: { id: "222222222222" }
  b: { id: "111111111111" }
  c: { id: "333333333333", use_cfr: false }
  d: { id: "444444444444", status: suspended }
  e: {}
"#;
    let (template, findings) = rendered(&accounts(text), &log_bucket(), None);
    let senders = "/Properties/PolicyDocument/Statement/2/Condition/StringEquals/aws:SourceAccount";
    assert_eq!(texts(resource(&template, 0).1, senders), ["111111111111", "222222222222"]);
    let left_out = "warning RENDER_ACCOUNT_WITHOUT_ID accounts.yaml:8:3: account `e` has no id yet and is left out";
    assert_eq!(findings, [left_out]);
}

#[test]
fn a_bucket_policy_fits_a_thousand_accounts_and_up_to_its_last() {
    let of = |count| accounts(&organization(count, "use_cfr: true", |_| "service: s".to_owned()));
    let bytes = |count| {
        let (template, _) = rendered(&of(count), &log_bucket(), None);
        let document = resource(&template, 0).1.pointer("/Properties/PolicyDocument").expect("document");
        sent(document, &"b".repeat(63)).len()
    };
    assert!(bytes(1_000) <= BUCKET_POLICY_BYTES_MAX);
    let most = (BUCKET_POLICY_BYTES_MAX - bytes(1)) / 15 + 1;
    assert!(bytes(most) <= BUCKET_POLICY_BYTES_MAX && bytes(most) + 15 > BUCKET_POLICY_BYTES_MAX, "{most}");
    let findings = lines(&render(&of(most + 1), &log_bucket(), None).expect_err("one too many"));
    let expected = "error RENDER_TOO_LARGE reeve.yaml:1:1: the bucket policy may have ";
    assert!(findings.len() == 1 && findings[0].starts_with(expected), "{findings:?}");
    let whole = options("{document: log-bucket, output: x, role: r, organization: o-abcdefghij}");
    assert!(render(&of(most + 1), &whole, None).is_ok());
}

#[test]
fn the_classes_of_a_thousand_accounts_fit() {
    let many = accounts(&organization(1_000, "access: { all: ReadOnly, ops: PowerUser }", |_| "service: s".to_owned()));
    let text = render(&many, &identity_access(), None).expect("fits").text;
    assert!(text.len() < TEMPLATE_BYTES_MAX);
    let template = json(&text);
    let mut parts = BTreeSet::new();
    let mut roles = BTreeSet::new();
    for member in template.pointer("/Resources").and_then(Node::as_object).expect("resources") {
        let Some(document) = member.value.pointer("/Properties/PolicyDocument") else { continue };
        assert!(sent(document, "").len() <= MANAGED_POLICY_CHARS_MAX, "{}", member.key);
        for arn in document.pointer("/Statement/0/Resource").and_then(Node::as_array).expect("list") {
            assert!(roles.insert(compact(&arn.value)), "each role once: {}", compact(&arn.value));
        }
        parts.insert(member.key.clone());
    }
    assert_eq!(roles.len(), 2_000);
    assert!(parts.len() <= 2 * GROUP_POLICIES_MAX, "{}", parts.len());
}

#[test]
fn managed_policies_are_filled_to_their_edge_and_a_group_has_ten() {
    // With a role of this length, an ARN in its list takes 64 characters.
    let role = "r".repeat(64 - 3 - "arn:aws-us-gov:iam::123456789012:role/".len());
    let of = |count| accounts(&organization(count, &format!("access: {{ all: {role} }}"), |_| "service: s".to_owned()));
    let sizes = |count| -> Vec<usize> {
        let (template, _) = rendered(&of(count), &identity_access(), None);
        let resources = template.pointer("/Resources").and_then(Node::as_object).expect("resources");
        let documents = resources.iter().filter_map(|member| member.value.pointer("/Properties/PolicyDocument"));
        documents.map(|document| sent(document, "").len()).collect()
    };
    let most = (MANAGED_POLICY_CHARS_MAX - sizes(1)[0]) / 64 + 1;
    assert_eq!(sizes(most).len(), 1);
    assert!(sizes(most)[0] <= MANAGED_POLICY_CHARS_MAX && sizes(most)[0] + 64 > MANAGED_POLICY_CHARS_MAX);
    assert_eq!(sizes(most + 1).len(), 2);
    assert_eq!(sizes(GROUP_POLICIES_MAX * most).len(), GROUP_POLICIES_MAX);
    let findings = render(&of(GROUP_POLICIES_MAX * most + 1), &identity_access(), None).expect_err("eleven");
    let expected = format!(
        "error RENDER_TOO_LARGE accounts.yaml:2:20: the {} roles of class `all` take 11 managed policies, a group has at most 10",
        GROUP_POLICIES_MAX * most + 1
    );
    assert_eq!(lines(&findings), [expected]);
}

#[test]
fn access_that_iam_has_no_name_for_is_refused_once_at_its_line() {
    let text = r#"
Scopes:
  dev:
    access: { "all people": Admin, rw: "Admin,*", RW: "Developer, Developer", x: "a,,b", "${AWS::Region}": "${AWS::Region}" }
Accounts:
  a: { scope: dev, id: "222222222222" }
  b: { scope: dev, id: "111111111111" }
"#;
    let findings = lines(&render(&accounts(text), &identity_access(), None).expect_err("refused"));
    assert_eq!(
        findings,
        [
            "error RENDER_ACCESS accounts.yaml:4:15: class `all people` of people cannot name a group of IAM",
            "error RENDER_ACCESS accounts.yaml:4:40: `*` cannot name a role of IAM",
            "error RENDER_ACCESS accounts.yaml:4:55: role `Developer` stands twice for class `RW`",
            "error RENDER_ACCESS accounts.yaml:4:82: `` cannot name a role of IAM",
            "error RENDER_ACCESS accounts.yaml:4:90: class `${AWS::Region}` of people cannot name a group of IAM",
            "error RENDER_ACCESS accounts.yaml:4:36: classes `RW` and `rw` of people are the same group to IAM",
        ]
    );
    // An account without an id is left out, but what it says is checked all the same.
    let new = accounts("Accounts:\n  a: { access: { rw: '*' } }\n");
    let told = "error RENDER_ACCESS accounts.yaml:2:22: `*` cannot name a role of IAM";
    assert_eq!(lines(&render(&new, &identity_access(), None).expect_err("refused"))[1], told);
    let nobody = lines(&render(&accounts("Accounts: {}"), &identity_access(), None).expect_err("nobody"));
    assert_eq!(nobody, ["error RENDER_NOTHING reeve.yaml:1:1: the document would hold no resource"]);
}
