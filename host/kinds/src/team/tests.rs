//! Tables over hostile and ordinary requests of the kind above.

use super::*;
use crate::testing::{codes, event, expected, json, plan, refused};

const SCHEMA: &str = r##"{
    "type": "object",
    "required": ["queue", "size"],
    "additionalProperties": false,
    "properties": {
        "queue": { "type": "string", "pattern": "^[a-z-]+$" },
        "size": { "type": "integer", "minimum": 1, "maximum": 9007199254740993 },
        "share": { "type": "number" },
        "owner": { "type": "string", "format": "email" },
        "tags/all": { "type": "array", "items": { "enum": ["a", "b"] } },
        "node": { "$ref": "#/$defs/node" }
    },
    "$defs": { "node": { "type": "object", "properties": { "next": { "$ref": "#/$defs/node" } },
                         "additionalProperties": false } }
}"##;

fn team() -> Team {
    Team::new("RESIZE_QUEUE", &json(SCHEMA)).expect("a good schema")
}

#[test]
fn a_good_detail_is_decided_and_nothing_more() {
    for detail in [
        r#"{"queue":"jobs","size":1}"#,
        r#"{"queue":"jobs","size":9007199254740993,"share":0.5,"tags/all":["a","b","a"],"node":{"next":{"next":{}}}}"#,
        r#"{"queue":"jobs","size":2.0,"owner":"a@example.com","dryrun":true}"#,
        r#"{"queue":"jobs","size":3,"account":"012345678901","sender":"012345678901"}"#,
    ] {
        assert_eq!(plan(&team(), detail, &World::default()), Ok(Vec::new()), "{detail}");
    }
    let (team, event) = (team(), event(&team(), r#"{"queue":"jobs","size":1}"#));
    let ask = Ask::read(&event, &team).expect("good");
    assert_eq!(team.draft(&ask).expect("good").needs(), []);
    assert_eq!(team.name(), "RESIZE_QUEUE");
}

#[test]
fn every_error_has_its_pointer() {
    for (detail, pairs) in [
        ("{}", &["/detail", "/detail"][..]),
        (r#"{"queue":"jobs","size":0}"#, &["/detail/size"]),
        (r#"{"queue":"jobs","size":9007199254740994}"#, &["/detail/size"]),
        (r#"{"queue":"jobs","size":1.5}"#, &["/detail/size"]),
        (r#"{"queue":"jobs","size":"1"}"#, &["/detail/size"]),
        (r#"{"queue":"a\nb","size":1}"#, &["/detail/queue"]),
        (r#"{"queue":"jobs","size":1,"owner":"nobody"}"#, &["/detail/owner"]),
        (r#"{"queue":"jobs","size":1,"evil":1}"#, &["/detail"]),
        (r#"{"queue":"jobs","size":1,"tags/all":["a","c"]}"#, &["/detail/tags~1all/1"]),
        (r#"{"queue":"jobs","size":1,"node":{"next":{"last":1}}}"#, &["/detail/node/next"]),
        (r#"{"queue":1,"size":"x","share":null}"#, &["/detail/queue", "/detail/share", "/detail/size"]),
    ] {
        let mut found = refused(&team(), detail, &World::default());
        found.sort();
        let pairs: Vec<_> = pairs.iter().map(|at| ("SCHEMA_MISMATCH", *at)).collect();
        assert_eq!(found, expected(&pairs), "{detail}");
    }
    for (detail, code, at) in [
        (r#"{"queue":"jobs","size":1,"role":"x"}"#, "FIELD_NOT_CALLER_SETTABLE", "/detail/role"),
        (r#"{"queue":"jobs","size":1,"nonce":"x"}"#, "BAD_NONCE", "/detail/nonce"),
        (r#"{"queue":"jobs","size":1,"dryrun":1}"#, "BAD_TYPE", "/detail/dryrun"),
    ] {
        assert_eq!(refused(&team(), detail, &World::default()), expected(&[(code, at)]), "{detail}");
    }
}

#[test]
fn messages_are_ours_and_do_not_repeat_the_value() {
    let message = |detail: &str| {
        let refusals = plan(&team(), detail, &World::default()).expect_err(detail);
        codes(&refusals);
        refusals.first().map(|refusal| refusal.message.clone()).expect("one")
    };
    assert_eq!(message(r#"{"queue":"jobs","size":"secret"}"#), "this is not of type `integer`");
    assert_eq!(message(r#"{"size":1}"#), "`queue` is a required property");
    let key = "k".repeat(MESSAGE_CHARS_MAX);
    assert!(message(&format!(r#"{{"queue":"a","size":1,"{key}":1}}"#)).ends_with('…'));
    for (text, line) in [
        ("\"A\" isn't\n\u{202e}B.", "`A` isn't\\n\\u{202e}B"),
        (&*"x".repeat(MESSAGE_CHARS_MAX), &*"x".repeat(MESSAGE_CHARS_MAX)),
        (&*"x".repeat(MESSAGE_CHARS_MAX + 1), &*format!("{}…", "x".repeat(MESSAGE_CHARS_MAX))),
        ("", ""),
    ] {
        assert_eq!(one_line(text), line, "{text}");
    }
}

#[test]
fn errors_are_capped() {
    let tags = |count: usize| format!(r#"{{"queue":"a","size":1,"tags/all":[{}]}}"#, vec!["1"; count].join(","));
    let errors = |count: usize| plan(&team(), &tags(count), &World::default()).expect_err("errors");
    assert_eq!(errors(ERRORS_MAX).len(), ERRORS_MAX);
    let more = errors(ERRORS_MAX + 2);
    assert_eq!(more.len(), ERRORS_MAX + 1);
    assert_eq!(more.last().map(|last| (&*last.at, &*last.message)), Some(("/detail", "2 more errors are not listed")));
}

#[test]
fn names_are_their_own() {
    let long = "A".repeat(*NAME_CHARS.end());
    for name in ["ABC", "A_1", "RESIZE_QUEUE", &long, "CLOSE_ACCOUNT_REPORT"] {
        assert!(Team::new(name, &json("{}")).is_ok(), "{name}");
    }
    for name in [
        "",
        "AB",
        &format!("{long}A"),
        "abc",
        "Abc",
        "1AB",
        "_AB",
        "A-B",
        "A B",
        "\u{c4}BC",
        "ABC\n",
        "CREATE_ACCOUNT",
        "CREATEACCOUNT",
        "SCP_UPDATE",
        "DNS_DELEGATION",
        "REGISTER__HOST",
        "DEREGISTER_HOST",
        "CLOSE_ACCOUNT",
        "LEAVE_ORGANIZATION",
        "DISABLEPOLICYTYPE",
    ] {
        let error = Team::new(name, &json("{}")).expect_err(name);
        assert!(error.starts_with("kind name") && !error.contains('\n'), "{error}");
    }
}

#[test]
fn every_built_in_name_is_reserved() {
    let dns = crate::DnsRecordChange { zones: Vec::new(), ttl_seconds: 60..=60 };
    let certificate = crate::CertValidation { zones: Vec::new() };
    let create = crate::CreateAccount {
        email_domains: Vec::new(),
        units: Vec::new(),
        role_name: String::new(),
        forward_bus: None,
    };
    let moves = crate::MoveAccount { units: Vec::new(), may_lose_deny: Vec::new() };
    let put = crate::PutParameter { path: String::new() };
    let scp = crate::ScpUpdate { size_quota_chars: 0, attach_max: 0, protected_targets: Vec::new() };
    let built_in: [&dyn Kind; 7] = [&dns, &certificate, &create, &moves, &crate::ListAccounts, &put, &scp];
    for name in built_in.iter().map(|kind| kind.name()).chain(["REGISTER_HOST", "DEREGISTER_HOST", "DNS_DELEGATION"]) {
        assert!(Team::new(name, &json("{}")).is_err(), "{name}");
    }
}

#[test]
fn schemas_are_read_strictly_and_without_io() {
    for schema in [
        "[]",
        "true",
        r#"{"type":"strin"}"#,
        r#"{"type":1}"#,
        r#"{"$ref":"https://example.com/schema.json"}"#,
        r#"{"$ref":"http://127.0.0.1:1/x"}"#,
        r#"{"$ref":"file:///etc/passwd"}"#,
        r#"{"$ref":"other.json"}"#,
        r##"{"$ref":"#/$defs/missing"}"##,
        r#"{"$schema":"https://example.com/meta"}"#,
        r#"{"properties":{"a":{"items":{"$ref":"https://example.com/schema.json"}}}}"#,
        r#"{"$defs":{"unused":{"$ref":"https://example.com/schema.json"}}}"#,
        r#"{"$id":"https://example.com/a","properties":{"a":{"$ref":"b"}}}"#,
        r#"{"properties":{"a":{"format":"emial"}}}"#,
        r#"{"properties":{"a":{"pattern":"("}}}"#,
        r#"{"properties":{"a":{"pattern":"(?=a)"}}}"#,
        r#"{"minLength":-1}"#,
    ] {
        let error = Team::new("RESIZE_QUEUE", &json(schema)).expect_err(schema);
        assert!(error.starts_with("the schema of `RESIZE_QUEUE` is") && !error.contains('\n'), "{error}");
    }
    let draft7 = r#"{"$schema":"http://json-schema.org/draft-07/schema#","required":["a"]}"#;
    assert!(Team::new("RESIZE_QUEUE", &json(draft7)).is_ok());
}

#[test]
fn hostile_text_does_not_stall_a_pattern() {
    let team = Team::new("SLOW", &json(r#"{"properties":{"a":{"pattern":"^(a+)+$"}}}"#)).expect("good");
    let detail = format!(r#"{{"a":"{}!"}}"#, "a".repeat(100_000));
    assert_eq!(refused(&team, &detail, &World::default()), expected(&[("SCHEMA_MISMATCH", "/detail/a")]));
}
