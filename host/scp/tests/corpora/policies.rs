//! Every published document is read or refused for a known reason, and decided without a fault; recorded requests of
//! another evaluator are decided as it did.

use super::{folder, json, texts};
use reeve_json::Node;
use reeve_scp::{Call, Document, Key, Keys, Organization, Truth};

pub const FULL: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;

const PRINCIPAL: &str = "`Principal` is not an element of a statement of a service control policy";

/// What is refused, by the start of the name: other types of policies and broken JSON; with the reason that is given.
const REFUSED: &[(&str, &str)] = &[
    (
        "adf/src/lambda_codebase/initial_commit/bootstrap_repository/adf-bootstrap/example-tag",
        "`tags` is not an element of a document",
    ),
    ("aws-samples-data-perimeter/resource_control_policies/", PRINCIPAL),
    ("aws-samples-data-perimeter/vpc_endpoint_policies/", PRINCIPAL),
    // A `//` comment that asks to be removed.
    (
        "aws-samples-scp-examples/Service-specific-controls/AWS-IAM/deny-service-specific-credential-by-type.json",
        "not JSON: expected `,` or `]`, found `/`",
    ),
    ("awsdocs-organizations/orgs_delegate_policies_", PRINCIPAL),
    ("awsdocs-organizations/orgs_manage_policies_ai-opt-out_", "`services` is not an element of a document"),
    ("awsdocs-organizations/orgs_manage_policies_backup_", "`plans` is not an element of a document"),
    ("awsdocs-organizations/orgs_manage_policies_inheritance_mgmt.", "`tags` is not an element of a document"),
    ("awsdocs-organizations/orgs_manage_policies_tag-policies-create.", "`tags` is not an element of a document"),
    ("iam-policy-validator-examples/examples/access-analyzer/", "`findingDetails` is not an element of a document"),
    ("iam-policy-validator-examples/examples/iam-test-policies/resource-", PRINCIPAL),
    ("iam-policy-validator-examples/examples/trust-policies/", PRINCIPAL),
    (
        "lza-test-configs/source/packages/@aws-accelerator/accelerator/test/configs/all-enabled-delegated-admin/tag",
        "`tags` is not an element of a document",
    ),
    (
        "lza-test-configs/source/packages/@aws-accelerator/accelerator/test/configs/all-enabled/",
        "`ec2_attributes` is not an element of a document",
    ),
    // Templates with `${…}` outside of strings.
    (
        "lza-test-configs/source/packages/@aws-accelerator/accelerator/test/configs/replacements/",
        "not JSON: expected a value, found `$`",
    ),
    ("lza-universal-configuration/modules/base/default/backup-policies/", "not JSON: expected a value, found `$`"),
    ("lza-universal-configuration/modules/base/default/event-bus-policies/", PRINCIPAL),
    ("lza-universal-configuration/modules/base/default/tagging-policies/", "`tags` is not an element of a document"),
    // Not a policy.
    ("peer-verdicts.json", "the document is not an object"),
];

/// How many documents below `scp/` are read.
const READ: usize = 88;

/// An account below a root with these documents, and full access beside them if `full`.
pub fn below(documents: Vec<Document>, full: bool) -> Organization {
    let mut builder = Organization::builder("r", "m");
    builder.account("1", Some("123456789012"), "account", "r");
    builder.policy("full", "full", Document::parse(FULL).expect("a document")).attach("1", "full");
    if full {
        builder.attach("r", "full");
    }
    for (index, document) in documents.into_iter().enumerate() {
        let key = index.to_string();
        builder.policy(&key, &key, document).attach("r", &key);
    }
    builder.build().expect("an organization")
}

#[test]
fn every_document_is_read_or_refused_for_a_known_reason() {
    let Some(folder) = folder("scp") else { return };
    let mut documents = Vec::new();
    for (name, text) in texts(&folder) {
        let expected = REFUSED.iter().find(|(start, _)| name.starts_with(start)).map(|(_, reason)| *reason);
        let document = Document::parse(&text);
        let refused = document.as_ref().err().map(|error| error.message.as_str());
        assert_eq!(refused, expected, "{name}");
        documents.extend(document.ok());
    }
    assert_eq!(documents.len(), READ);
    let actions =
        ["iam:CreateRole", "s3:PutObject", "ec2:RunInstances", "organizations:LeaveOrganization", "sts:AssumeRole"];
    for action in actions {
        let call = Call::new(action).by("arn:aws:iam::123456789012:role/app", "123456789012");
        for document in &documents {
            let alone = below(vec![document.clone()], false).decide("1", &call).expect("an account").allowed;
            let beside = below(vec![document.clone()], true).decide("1", &call).expect("an account").allowed;
            // More that allows cannot take away.
            let order = |truth| match truth {
                Truth::False => 0,
                Truth::Unknown => 1,
                Truth::True => 2,
            };
            assert!(order(alone) <= order(beside), "{action} {document:?}");
        }
        let all = below(documents.clone(), true).decide("1", &call).expect("an account").allowed;
        assert_ne!(all, Truth::True, "{action}: at least one published policy restricts it");
    }
}

/// Keys of a request of `iam-rs`, which are all it has.
fn keys(context: &Node) -> Keys {
    let mut keys = Keys::complete();
    for member in context.as_object().expect("an object") {
        keys.set(&member.key, Key::value(member.value.as_str().expect("a text")));
    }
    keys
}

#[test]
fn recorded_requests_are_decided_as_recorded() {
    let Some(folder) = folder("iam/iam-rs") else { return };
    // All five are identity policies without a feature that SCPs lack: an account whose root has that policy alone lets
    // through what it allows. `NotApplicable` is allowed by nothing.
    let mut decided = 0;
    for (name, text) in texts(&folder.join("requests")) {
        let case = json(&text);
        let at = |pointer: &str| case.pointer(pointer).and_then(Node::as_str).expect(pointer);
        let document = reeve_json::compact(&case.pointer("/policy").expect("a policy").value);
        let document = Document::parse(&document).expect("a document");
        let mut call = Call::new(at("/request/Action")).on(at("/request/Resource"));
        call.keys = keys(case.pointer("/request/Context").expect("a context"));
        call.keys.set("aws:PrincipalArn", Key::value(at("/request/Principal/AWS")));
        let expected = match at("/result") {
            "Allow" => Truth::True,
            "NotApplicable" | "Deny" => Truth::False,
            other => panic!("{other}"),
        };
        assert_eq!(below(vec![document], false).decide("1", &call).expect("an account").allowed, expected, "{name}");
        decided += 1;
    }
    assert_eq!(decided, 5);
    let policies = texts(&folder.join("policies"));
    assert_eq!(policies.len(), 32);
    for (name, text) in policies {
        Document::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
