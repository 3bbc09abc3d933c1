//! Items 1 to 25: the envelope, the path it came on, and what every `detail` has.

use super::table::{CICD, FOO, INFRA, NONCE, On, Row, ask, denied, dns, envelope, permitted, upsert};
use serde_json::{Value, json};

/// A good request: the directory of accounts.
const LIST: &str = "LIST_ACCOUNTS";

fn detail() -> String {
    format!("{{\"nonce\":\"{NONCE}\"}}")
}

/// The good request with fields of its envelope replaced.
fn list(changes: &[(&str, Option<&str>)]) -> String {
    envelope(CICD, LIST, &detail(), changes)
}

/// The good request with members added to its `detail`.
fn list_with(members: &str) -> String {
    envelope(CICD, LIST, &format!("{{\"nonce\":\"{NONCE}\",{members}}}"), &[])
}

pub(crate) fn rows() -> Vec<Row> {
    [json_rows(), string_rows(), sender_rows(), nonce_rows(), time_rows(), detail_rows(), route_rows()].concat()
}

/// A row of the management gate.
fn no(item: u8, text: &str, body: impl Into<Vec<u8>>, code: &str, at: &str) -> Row {
    denied(item, text, On::Management, body, &[(code, at)])
}

fn json_rows() -> Vec<Row> {
    let twice = list(&[]).replace("\"region\"", &format!("\"account\":\"{FOO}\",\"region\""));
    let big = |bytes: usize| {
        let short = list_with("\"x\":\"\"").len();
        list_with(&format!("\"x\":\"{}\"", "x".repeat(bytes - short)))
    };
    let utf16: Vec<u8> = list(&[]).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let in_detail = |count: usize| format!("/detail/x{}", "/0".repeat(count));
    let mut rows = vec![
        no(1, "two nonces", list_with("\"nonce\":\"B\""), "DUPLICATE_JSON_KEY", "/detail/nonce"),
        no(1, "two accounts", twice, "DUPLICATE_JSON_KEY", "/account"),
        no(1, "two nonces, one escaped", list_with(r#""\u006eonce":"B""#), "DUPLICATE_JSON_KEY", "/detail/nonce"),
        no(2, "a literal dotted key", list_with("\"meta.tier\":\"gold\""), "DOTTED_KEY", "/detail/meta.tier"),
        no(2, "a dotted key deep inside", list_with("\"a\":[{\"b.c\":1}]"), "DOTTED_KEY", "/detail/a/0/b.c"),
        no(15, "one byte too many", big(1_048_577), "EVENT_TOO_LARGE", ""),
        no(15, "the largest size, with an unknown field", big(1_048_576), "UNKNOWN_FIELD", "/detail/x")
            .deviates("the edge: the size is taken, and the filler is refused"),
        no(16, "1,001 arrays", list_with(&format!("\"x\":{}", "[".repeat(1_001))), "JSON_TOO_DEEP", &in_detail(62)),
        no(16, "nothing but arrays", "[".repeat(1_048_576), "JSON_TOO_DEEP", &"/0".repeat(64)),
        no(25, "trailing bytes", list(&[]) + "x", "TRAILING_DATA", ""),
        no(25, "two documents", list(&[]) + &list(&[]), "TRAILING_DATA", ""),
        no(25, "a NUL at the end", list(&[]) + "\0", "TRAILING_DATA", ""),
        no(25, "UTF-16", utf16, "BAD_ENCODING", ""),
        no(25, "a byte order mark", format!("\u{feff}{}", list(&[])), "BAD_ENCODING", ""),
        no(25, "nothing", "", "BAD_JSON", "").deviates("there is not even a document that something could follow"),
        no(25, "a comment", list(&[]).replacen('{', "{/**/", 1), "BAD_JSON", "")
            .deviates("nothing follows the document: it is none"),
    ];
    for number in ["1e400", "-1e400", "9223372036854775808", "-9223372036854775809", "NaN", "Infinity", "-Infinity"] {
        rows.push(no(17, number, list_with(&format!("\"x\":{number}")), "NUMBER_RANGE", "/detail/x"));
    }
    rows
}

fn string_rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (text, escaped) in [
        ("a lone high surrogate", r"\ud800"),
        ("a lone low surrogate", r"\udc00"),
        ("two high surrogates", r"\ud800\ud800"),
        ("NUL", r"\u0000"),
        ("escape", r"\u001b[31m"),
        ("a raw escape", "\u{1b}[31m"),
        ("a raw line break", "\n"),
        ("DEL", "\u{7f}"),
        ("C1: next line", "\u{85}"),
        ("C1: control sequence introducer", r"\u009b"),
        ("a byte order mark", "\u{feff}"),
        ("right-to-left override", "\u{202e}"),
        ("an isolate", r"\u2067"),
        ("a noncharacter", r"\uffff"),
    ] {
        rows.push(no(18, text, list_with(&format!("\"x\":\"a{escaped}b\"")), "BAD_STRING", "/detail/x"));
        let at = "/detail";
        rows.push(no(18, &format!("{text}, in a key"), list_with(&format!("\"a{escaped}\":1")), "BAD_STRING", at));
    }
    rows.push(no(18, "a tab in a key", list_with(r#""a\tb":1"#), "BAD_STRING", "/detail"));
    let mut bytes = list_with("\"x\":\"@\"").into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'@').expect("there");
    for (text, byte) in [("a byte that is not UTF-8", 0xFF), ("half a character", 0xC3)] {
        bytes[at] = byte;
        rows.push(
            no(18, text, bytes.clone(), "BAD_ENCODING", "")
                .deviates("bytes that are no UTF-8 hold no string: the whole body has the wrong encoding"),
        );
    }
    let document = "{\n\t\"Version\": \"2012-10-17\",\r\n\t\"Statement\": [{\"Sid\": \"A\", \"Effect\": \"Deny\", \
        \"Action\": \"s3:PutAccountPublicAccessBlock\", \"Resource\": \"*\"}]}";
    let scp = json!({ "policies": [{ "name": "blocks", "document": document }] });
    rows.push(
        permitted(
            18,
            "tab, line feed and carriage return in a document",
            On::Management,
            ask(CICD, "SCP_UPDATE", scp),
            &[("NOT_MINIFIED", "/detail/policies/0/document")],
        )
        .deviates("white space control characters are taken in values, because documents hold them; shown escaped"),
    );
    rows
}

fn sender_rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (text, account) in [
        ("a number", "777788889999"),
        ("a number that lost its zero", "12345678901"),
        ("eleven digits", "\"77778888999\""),
        ("thirteen digits", "\"7777888899990\""),
        ("full-width digits", "\"\u{ff17}\u{ff17}7788889999\""),
        ("a space", "\" 77788889999\""),
        ("a list", "[\"777788889999\"]"),
        ("null", "null"),
    ] {
        rows.push(no(3, text, list(&[("account", Some(account))]), "BAD_ACCOUNT_ID", "/account"));
    }
    rows.push(no(3, "none", list(&[("account", None)]), "BAD_ACCOUNT_ID", "/account"));
    rows.push(
        no(3, "a leading zero", list(&[("account", Some("\"012345678901\""))]), "UNKNOWN_SENDER", "/account")
            .deviates("the id is well-formed text, zero and all; there is only no such account"),
    );
    let launch =
        json!({ "RequestId": NONCE, "EC2InstanceId": "i-0123456789abcdef0", "AutoScalingGroupName": "my-asg-name" });
    let launch = |source: &str| {
        let source = Value::from(source).to_string();
        envelope(FOO, "EC2 Instance Launch Successful", &launch.to_string(), &[("source", Some(&source))])
    };
    let aws = "AWS_SOURCE_ON_UNVERIFIED_PATH";
    let raw = "RAW_EVENT_NOT_ENVELOPE";
    rows.extend([
        no(4, "the pipeline's account, sent directly", list(&[]), "UNVERIFIED_INTAKE_PATH", "/account").unverified(),
        denied(
            4,
            "a name's owner, sent directly",
            On::Dns,
            dns(FOO, json!([upsert("a.foo.example.com", "A", "192.0.2.1")])),
            &[("UNVERIFIED_INTAKE_PATH", "/account")],
        )
        .unverified(),
        no(5, "aws.autoscaling", launch("aws.autoscaling"), aws, "/source").unverified(),
        no(5, "aws", list(&[("source", Some("\"aws\""))]), aws, "/source").unverified(),
        no(5, "another case", launch("AWS.autoscaling"), "WRONG_ROUTE", "")
            .unverified()
            .deviates("only `aws.` is AWS's own, and the pattern of the kind is as exact as a rule's"),
        no(6, "put raw, as JSON", list(&[]), raw, "").content_type("application/json"),
        no(6, "put raw, without a type", list(&[]), raw, "").content_type(""),
        no(6, "put raw, nearly the type", list(&[]), raw, "").content_type("application/eventbridge+json;x=1"),
        no(7, "account", list_with(&format!("\"account\":\"{FOO}\"")), "SENDER_MISMATCH", "/detail/account"),
        no(7, "sender", list_with(&format!("\"sender\":\"{FOO}\"")), "SENDER_MISMATCH", "/detail/sender"),
        no(7, "a number", list_with(&format!("\"account\":{CICD}")), "SENDER_MISMATCH", "/detail/account"),
        no(8, "not in the registry", list(&[("account", Some("\"101010101010\""))]), "UNKNOWN_SENDER", "/account"),
        denied(
            8,
            "suspended",
            On::Dns,
            dns("888899990000", json!([upsert("a.baz.example.com", "A", "192.0.2.1")])),
            &[("UNKNOWN_SENDER", "/account")],
        ),
        no(
            9,
            "CREATE_ACCOUNT from dev",
            ask(FOO, "CREATE_ACCOUNT", json!({ "name": "new", "email": "aws+new@example.com", "OU": "Dev" })),
            "TIER_FORBIDS_ACTION",
            "/account",
        ),
        no(9, "LIST_ACCOUNTS from dev", ask(FOO, LIST, json!({})), "TIER_FORBIDS_ACTION", "/account"),
        no(
            9,
            "SCP_UPDATE from infra",
            ask(INFRA, "SCP_UPDATE", json!({ "detach": [{ "policy": "one", "target": "Full" }] })),
            "TIER_FORBIDS_ACTION",
            "/account",
        ),
        no(9, "an account without a tier", ask("999988887777", LIST, json!({})), "NO_TIER", "/account")
            .deviates("without a tier there is none that could forbid; the account may ask for nothing"),
        no(10, "a replay", list(&[("replay-name", Some("\"again\""))]), "REPLAY_REFUSED", "/replay-name"),
        no(10, "a replay without a name", list(&[("replay-name", Some("\"\""))]), "REPLAY_REFUSED", "/replay-name"),
        no(10, "a replay of another type", list(&[("replay-name", Some("false"))]), "BAD_ENVELOPE", "/replay-name")
            .deviates("EventBridge writes a string there; anything else is no envelope of its making"),
    ]);
    rows
}

fn nonce_rows() -> Vec<Row> {
    let with = |nonce: &str| ask(CICD, LIST, json!({ "nonce": nonce }));
    let same = |digit: u8| with(&format!("00000000-0000-4000-8000-00000000000{digit}"));
    let put = |value: &str| {
        let nonce = "00000000-0000-4000-8000-00000000000c";
        let parameters = json!([{ "name": "/pub/x", "value": value }]);
        ask(CICD, "PUT_PARAMETER", json!({ "nonce": nonce, "parameters": parameters }))
    };
    let elsewhere = |value: &str| put(value).replace("00000000000c", "00000000000e").replace("app.infra", "app.other");
    let again = [("DUPLICATE_SUPPRESSED", "/detail/nonce")];
    let spaced = same(1).replace(",\"", " ,\n\"");
    let denied_before = ask(FOO, LIST, json!({ "nonce": "00000000-0000-4000-8000-00000000000d" }));
    let mut rows = vec![
        permitted(11, "sent twice", On::Management, same(0), &again).after(same(0)),
        permitted(11, "sent twice, spaced otherwise", On::Management, spaced, &again).after(same(1)),
        denied(11, "denied and sent again", On::Management, denied_before.clone(), &again).after(denied_before),
        no(12, "another value", put("b"), "NONCE_REUSE", "/detail/nonce").after(put("a")),
        no(
            12,
            "another case, another value",
            put("c").replace("-00000000000c", "-00000000000C"),
            "NONCE_REUSE",
            "/detail/nonce",
        )
        .after(put("a")),
        permitted(12, "from another source", On::Management, elsewhere("b"), &[])
            .after(elsewhere("a").replace("app.other", "app.infra"))
            .deviates("a nonce is one of its sender, source and kind: from another source it is another request"),
        permitted(13, "version 1", On::Management, with("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), &[]),
        permitted(13, "version 7, upper case", On::Management, with("018F2C5E-7B4A-7C31-9F00-0123456789AB"), &[]),
        no(13, "missing", envelope(CICD, LIST, "{}", &[]), "BAD_NONCE", "/detail/nonce"),
    ];
    for (text, nonce) in [
        ("empty", Value::from("")),
        ("not the shape", "x".into()),
        ("no dashes", "687754b2abd63ae6ae2df98bd134512e".into()),
        ("in braces", "{687754b2-abd6-3ae6-ae2d-f98bd134512e}".into()),
        ("10 kB", "a".repeat(10_240).into()),
        ("a line break at the end", format!("{NONCE}\n").into()),
        ("a line break inside", NONCE.replacen('6', "\n", 1).into()),
        ("a slash", NONCE.replacen('6', "/", 1).into()),
        ("a number", 7.into()),
        ("null", Value::Null),
    ] {
        rows.push(no(13, text, ask(CICD, LIST, json!({ "nonce": nonce })), "BAD_NONCE", "/detail/nonce"));
    }
    rows
}

fn time_rows() -> Vec<Row> {
    let at = |time: &str| list(&[("time", Some(time))]);
    let mut rows = vec![
        no(14, "a day and a second old", at("\"2026-11-20T11:59:59Z\""), "STALE_EVENT", "/time"),
        no(14, "six minutes ahead", at("\"2026-11-21T12:06:00Z\""), "FUTURE_EVENT", "/time"),
        no(14, "a year ahead", at("\"2027-11-21T12:00:00Z\""), "FUTURE_EVENT", "/time"),
    ];
    for time in [
        "\"yesterday\"",
        "\"2026-11-21\"",
        "\"2026-11-21T11:50:00\"",
        "\"2026-13-21T11:50:00Z\"",
        "\"1795261800\"",
        "1795261800",
        "null",
    ] {
        rows.push(no(14, time, at(time), "BAD_TIME", "/time"));
    }
    for time in
        ["\"2026-11-21 11:50:00Z\"", "\"20261121T115000Z\"", "\"2026-11-21T11:50Z\"", "\"2026-11-21T11:50:00+00[UTC]\""]
    {
        rows.push(no(14, time, at(time), "BAD_TIME", "/time"));
    }
    rows
}

fn detail_rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for value in ["\"false\"", "0", "1", "null", "[]", "\"\""] {
        let body = list_with(&format!("\"dryrun\":{value}"));
        rows.push(no(19, value, body, "BAD_TYPE", "/detail/dryrun"));
    }
    for (text, value) in [
        ("a string of JSON", Value::from(detail()).to_string()),
        ("an array", format!("[{}]", detail())),
        ("null", "null".to_owned()),
    ] {
        rows.push(no(20, text, list(&[("detail", Some(&value))]), "BAD_DETAIL", "/detail"));
    }
    for kind in ["list_accounts", "List_Accounts", "LIST_ACCOUNTS ", "LIST ACCOUNTS", "LIST_ACCOUNT\u{405}", "DELETE"] {
        rows.push(no(21, kind, envelope(CICD, kind, &detail(), &[]), "UNKNOWN_ACTION", "/detail-type"));
    }
    rows.push(no(22, "an unknown field", list_with("\"force\":true"), "UNKNOWN_FIELD", "/detail/force"));
    rows.push(no(22, "in the envelope", list(&[("hostedZoneId", Some("\"Z1\""))]), "UNKNOWN_FIELD", "/hostedZoneId"));
    let put = json!({ "parameters": [{ "name": "/pub/x", "value": "a", "tier": "Advanced" }] });
    rows.push(no(22, "deep inside", ask(CICD, "PUT_PARAMETER", put), "UNKNOWN_FIELD", "/detail/parameters/0/tier"));
    rows.push(
        no(
            22,
            "a team's kind",
            ask(CICD, "TEAM_WINDOW", json!({ "opens": "now", "shuts": "never" })),
            "SCHEMA_MISMATCH",
            "/detail",
        )
        .deviates("the team's JSON Schema refuses the field, and says so at the object"),
    );
    for field in
        ["hostedZoneId", "roleArn", "policyOverride", "role_arn", "ROLE-ARN", "region", "instanceIds", "targets"]
    {
        let at = format!("/detail/{field}");
        rows.push(
            no(22, field, list_with(&format!("\"{field}\":\"x\"")), "FIELD_NOT_CALLER_SETTABLE", &at)
                .deviates("the list itself has this code for such fields (item 48): it says who chooses"),
        );
    }
    for field in ["replyTo", "reply_queue", "replyArn", "ReplyBus", "reply-url", "callback"] {
        let at = format!("/detail/{field}");
        let body = list_with(&format!("\"{field}\":\"arn:aws:sqs:us-east-1:{FOO}:mine\""));
        rows.push(no(23, field, body, "REPLY_TARGET_NOT_ALLOWED", &at));
    }
    rows
}

fn route_rows() -> Vec<Row> {
    let region = list(&[("region", Some("\"us-east-1\""))]);
    let launch = json!({ "RequestId": NONCE, "EC2InstanceId": "i-0123456789abcdef0", "AutoScalingGroupName": "other" });
    let source = Some("\"aws.autoscaling\"");
    let launch = |changes: &[(&str, Option<&str>)]| {
        envelope(FOO, "EC2 Instance Launch Successful", &launch.to_string(), changes)
    };
    vec![
        no(24, "another Region", region, "WRONG_ROUTE", ""),
        no(24, "an Auto Scaling event from elsewhere", launch(&[]), "WRONG_ROUTE", ""),
        no(24, "another Auto Scaling group", launch(&[("source", source)]), "WRONG_ROUTE", ""),
        denied(24, "another gate", On::Dns, list(&[]), &[("UNKNOWN_ACTION", "/detail-type")])
            .deviates("the gate of the zones has no such kind at all"),
    ]
}
