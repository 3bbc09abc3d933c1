//! Items 79 to 92: accounts, units, tags and service control policies.

use super::gates::{gate_file, management_gate};
use super::table::{CICD, On, Row, ask, denied, envelope, no_gate, permitted, with};
use serde_json::{Value, json};
use std::path::PathBuf;

const FULL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Blocks","Effect":"Deny","Action":"s3:PutAccountPublicAccessBlock","Resource":"*"}]}"#;

pub(crate) fn rows() -> Vec<Row> {
    [emails(), account_names(), units(), tags(), never(), attachments(), documents()].concat()
}

/// A new account, with members replaced.
fn create(members: Value) -> String {
    let good = json!({ "name": "new", "email": "aws+new@example.com", "OU": "Dev" });
    ask(CICD, "CREATE_ACCOUNT", with(good, members))
}

fn no(item: u8, text: impl Into<String>, body: String, code: &str, at: &str) -> Row {
    denied(item, text, On::Management, body, &[(code, at)])
}

fn emails() -> Vec<Row> {
    let at = "/detail/email";
    let long = format!("{}@example.com", "a".repeat(53));
    let mut rows = Vec::new();
    for email in [
        "aws new@example.com",
        "a@b@example.com",
        "\"a b\"@example.com",
        "a@example",
        &long,
        "a\u{e9}@example.com",
        "aws@ex\u{e0}mple.com",
        "aws@-example.com",
        "aws@example.com-",
        "aws@.example.com",
        "aws@example..com",
        "@example.com",
        "aws@example.com\n",
        "aws@example.com\r\nBcc: a@evil.com",
        "",
    ] {
        rows.push(no(79, format!("{email:?}"), create(json!({ "email": email })), "EMAIL_FORMAT", at));
    }
    for email in ["aws@evil.com", "aws@example.com.evil.com", "aws@evilexample.com", "aws@sub.example.com"] {
        rows.push(no(80, email, create(json!({ "email": email })), "EMAIL_NOT_ALLOWED", at));
    }
    for email in ["aws+foo@example.com", "AWS+Foo@Example.com"] {
        rows.push(no(80, format!("{email}, in use"), create(json!({ "email": email })), "EMAIL_NOT_ALLOWED", at));
    }
    rows
}

fn account_names() -> Vec<Row> {
    let long = "x".repeat(51);
    let mut rows = Vec::new();
    for name in ["", &long, "a\tb", "a\nb", "\u{e9}t\u{e9}", "foo\u{200b}", " foo", "foo "] {
        rows.push(no(81, format!("{name:?}"), create(json!({ "name": name })), "ACCOUNT_NAME", "/detail/name"));
    }
    let this = "units: [Dev, Standard] }";
    let long = "x".repeat(65);
    for role in ["AWSServiceRoleForX", "awsservicerolefor", &long, "../x", "a/b", ""] {
        let by = format!("units: [Dev, Standard], role-name: {role:?} }}");
        rows.push(no_gate(81, format!("role {role:?}"), vec![management_gate(this, &by)], "ROLE_NAME", "gate.yaml"));
    }
    rows.push(
        no(81, "a role in the request", create(json!({ "roleName": "../x" })), "UNKNOWN_FIELD", "/detail/roleName")
            .deviates("the gate file names the role; a request has no such field"),
    );
    rows
}

fn units() -> Vec<Row> {
    let at = "/detail/OU";
    let mut rows = Vec::new();
    for (unit, code) in [
        ("r-abcd;x", "OU_ID"),
        ("r-abcd\n", "OU_ID"),
        ("ou-abcd-11111111\nx", "OU_ID"),
        ("ou-abcd-11111111;x", "OU_ID"),
        ("ou-ABCD-11111111", "OU_ID"),
        ("r-abcd", "OU_NOT_ALLOWED"),
        ("root", "OU_NOT_ALLOWED"),
        ("ou-wxyz-11111111", "OU_NOT_ALLOWED"),
        ("ou-abcd-90000000", "OU_NOT_ALLOWED"),
        ("Morgue", "OU_NOT_ALLOWED"),
        ("Quarantine", "OU_NOT_ALLOWED"),
        ("dev", "OU_NOT_ALLOWED"),
        (" Dev", "OU_NOT_ALLOWED"),
        ("", "OU_NOT_ALLOWED"),
    ] {
        rows.push(no(82, format!("{unit:?}"), create(json!({ "OU": unit })), code, at));
    }
    rows.push(
        permitted(82, "a display name", On::Management, create(json!({ "OU": "Dev" })), &[])
            .deviates("requests name units as people do; the gate lists which, and two of one name are neither"),
    );
    let moved =
        |account: &str, unit: &str| ask(CICD, "MOVE_ACCOUNT", json!({ "account_to_move": account, "OU": unit }));
    rows.push(no(82, "a move to the root", moved("111122223333", "r-abcd"), "OU_NOT_ALLOWED", at));
    rows.push(no(82, "a move to a unit that is not listed", moved("111122223333", "Full"), "OU_NOT_ALLOWED", at));
    rows.push(no(90, "out of quarantine", moved("333344445555", "Dev"), "MOVE_LOSES_DENY", at));
    rows.push(no(90, "out of quarantine, by id", moved("333344445555", "ou-abcd-12222222"), "MOVE_LOSES_DENY", at));
    rows.push(no(89, "moving it", moved("999988887777", "Dev"), "MGMT_TARGET", "/detail/account_to_move"));
    rows
}

fn tags() -> Vec<Row> {
    let many: serde_json::Map<String, Value> = (0..51).map(|index| (format!("k{index}"), "v".into())).collect();
    let long = "k".repeat(129);
    let tags = |tags: Value| create(json!({ "tags": tags }));
    let twice = create(json!({ "tags": { "a": "1" } })).replace("\"a\":\"1\"", "\"a\":\"1\",\"a\":\"2\"");
    vec![
        no(83, "aws:x", tags(json!({ "aws:x": "v" })), "TAG", "/detail/tags/aws:x"),
        no(83, "AWS:x", tags(json!({ "AWS:x": "v" })), "TAG", "/detail/tags/AWS:x"),
        no(83, "two spellings", tags(json!({ "scope": "dev", "Scope": "prod" })), "TAG", "/detail/tags/scope"),
        no(83, "the same key", twice, "DUPLICATE_JSON_KEY", "/detail/tags/a")
            .deviates("two equal keys make no JSON that all readers read alike, so no tag is looked at"),
        no(83, "51 tags", tags(Value::Object(many)), "TAG", "/detail/tags"),
        no(83, "a key of 129 characters", tags(json!({ &long: "v" })), "TAG", &format!("/detail/tags/{long}")),
        no(83, "no key", tags(json!({ "": "v" })), "TAG", "/detail/tags/"),
        no(83, "a value of 257 characters", tags(json!({ "k": "v".repeat(257) })), "TAG", "/detail/tags/k"),
        no(83, "a line break in a value", tags(json!({ "k": "a\nb" })), "TAG", "/detail/tags/k"),
    ]
}

fn never() -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in [
        "CLOSE_ACCOUNT",
        "CloseAccount",
        "close-account",
        "Close Account",
        "LeaveOrganization",
        "REMOVE_ACCOUNT",
        "RemoveAccountFromOrganization",
        "DisablePolicyType",
        "DeletePolicy",
        "DELETE_ORGANIZATION",
        "organizations:DeleteOrganization",
    ] {
        let body = envelope(CICD, kind, "{}", &[]);
        rows.push(no(84, kind, body, "ACTION_FORBIDDEN_ALWAYS", "/detail-type"));
        // No gate file can bring it in as a team's kind either.
        if kind.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') {
            let kinds = format!("kinds:\n  {kind}: {{ schema: window.schema.json }}\npolicies: [sender-trust]\n");
            let files = vec![(PathBuf::from("gate.yaml"), gate_file(&kinds).into_bytes())];
            rows.push(
                no_gate(84, format!("{kind} as a team's kind"), files, "", "is that of something Reeve never does")
                    .deviates("the gate file is at fault, not an event: its error is a sentence with a place"),
            );
        }
    }
    rows
}

fn scp(detail: Value) -> String {
    ask(CICD, "SCP_UPDATE", detail)
}

fn attachments() -> Vec<Row> {
    let pair = |policy: &str, target: &str| json!([{ "policy": policy, "target": target }]);
    let with_policy = |document: &str, attach: Value| json!({ "policies": [{ "name": "blocks", "document": document }], "attach": attach });
    let (first, last) = ("/detail/attach/0", "/detail/detach/0");
    let swap = json!({ "policies": [{ "name": "blocks", "document": DENY }], "attach": pair("blocks", "Quarantine"), "detach": pair("FullAWSAccess", "Quarantine") });
    vec![
        no(85, "an eleventh", scp(with_policy(DENY, pair("blocks", "Full"))), "ATTACH_QUOTA", first),
        no(86, "the last", scp(json!({ "detach": pair("FullAWSAccess", "Single") })), "LAST_SCP", last),
        no(
            86,
            "the last of an account",
            scp(json!({ "detach": pair("FullAWSAccess", "111122223333") })),
            "LAST_SCP",
            last,
        ),
        no(
            87,
            "with others left",
            scp(json!({ "detach": pair("FullAWSAccess", "Quarantine") })),
            "FULLAWSACCESS_GUARD",
            last,
        ),
        no(87, "for a Deny", scp(swap), "FULLAWSACCESS_GUARD", last),
        no(
            87,
            "an edit",
            scp(json!({ "policies": [{ "name": "FullAWSAccess", "document": DENY }] })),
            "FULLAWSACCESS_GUARD",
            "/detail/policies/0",
        ),
        no(
            87,
            "an edit of the only Allow that is left",
            scp(json!({ "policies": [{ "name": "allow-all", "document": DENY }] })),
            "FULLAWSACCESS_GUARD",
            "/detail/policies/0/document",
        ),
        no(
            89,
            "attaching",
            scp(with_policy(DENY, pair("blocks", "999988887777"))),
            "MGMT_TARGET",
            "/detail/attach/0/target",
        ),
        no(
            89,
            "detaching",
            scp(json!({ "detach": pair("FullAWSAccess", "999988887777") })),
            "MGMT_TARGET",
            "/detail/detach/0/target",
        ),
    ]
}

fn documents() -> Vec<Row> {
    let policy =
        |members: Value| scp(json!({ "policies": [with(json!({ "name": "blocks", "document": DENY }), members)] }));
    let at = "/detail/policies/0/document";
    let filler = "x".repeat(10_241 - FULL.len());
    let long = FULL.replace("\"Action\"", &format!("\"Sid\":\"{filler}\",\"Action\""));
    let spaced = format!("{DENY}{}", " ".repeat(10_241 - DENY.len()));
    let rcp = DENY.replace("\"Effect\"", "\"Principal\":\"*\",\"Effect\"");
    let tag_policy = r#"{"tags":{"scope":{"tag_key":{"@@assign":"Scope"}}}}"#;
    let read_before = format!("sha256:{}", "0".repeat(64));
    let (large, kind, changed) = ("SCP_TOO_LARGE", "POLICY_TYPE", "POLICY_CHANGED_SINCE_READ");
    let replaces = "/detail/policies/0/replaces";
    let content = "what the document is, the policy scp-validation says, which has this code for it";
    vec![
        no(88, "one character too many", policy(json!({ "document": long })), large, at),
        no(88, "fits once minified", policy(json!({ "document": spaced })), large, at),
        no(91, "RCP by type", policy(json!({ "type": "RESOURCE_CONTROL_POLICY" })), kind, "/detail/policies/0/type"),
        no(91, "tag policy by type", policy(json!({ "type": "TAG_POLICY" })), kind, "/detail/policies/0/type"),
        no(
            91,
            "declarative by type",
            policy(json!({ "type": "DECLARATIVE_POLICY_EC2" })),
            kind,
            "/detail/policies/0/type",
        ),
        no(
            91,
            "the type in another case",
            policy(json!({ "type": "service_control_policy" })),
            kind,
            "/detail/policies/0/type",
        ),
        no(91, "RCP by content", policy(json!({ "document": rcp })), "POLICY_TYPE_MISMATCH", at).deviates(content),
        no(91, "tag policy by content", policy(json!({ "document": tag_policy })), "POLICY_TYPE_MISMATCH", at)
            .deviates(content),
        no(92, "another document", policy(json!({ "name": "quarantine", "replaces": read_before })), changed, replaces),
        no(92, "a policy that is gone", policy(json!({ "replaces": read_before })), changed, replaces),
    ]
}
