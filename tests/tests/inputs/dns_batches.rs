//! Items 55 to 64: values, batches, and record sets that exist.

use super::dns_semantics::{all, one};
use super::table::{BAR, FOO, INFRA, Row, upsert, with};
use serde_json::{Value, json};

const NAME: &str = "/detail/changes/0/name";
const VALUE: &str = "/detail/changes/0/values/0";

pub(crate) fn rows() -> Vec<Row> {
    [values(), batches(), owners()].concat()
}

fn values() -> Vec<Row> {
    let (txt, long) = (("TXT_FORMAT", VALUE), format!("\"{}\"", "x".repeat(256)));
    let total = vec![format!("\"{}\"", "x".repeat(250)); 16].join(" ");
    let mut rows = Vec::new();
    for (text, value) in [
        ("unquoted", "v=spf1 -all"),
        ("an open quote", "\"v=spf1 -all"),
        ("a quote too many", "\"a\" \""),
        ("no space between", "\"a\"\"b\""),
        ("256 characters", &long),
        ("more than 4,000", &total),
        ("a line break", "\"a\nb\""),
    ] {
        rows.push(one(55, text, "a.foo.example.com", "TXT", value, &[txt]));
    }
    for (record_type, code, addresses) in [
        (
            "A",
            "ADDR_FORBIDDEN",
            &["169.254.169.254", "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "0.0.0.0"][..],
        ),
        ("A", "ADDR_FORMAT", &["010.0.0.1", "1.2.3", "2130706433", "0x7f.0.0.1", "::1", " 192.0.2.1", "192.0.2.1\n"]),
        (
            "AAAA",
            "ADDR_FORBIDDEN",
            &["::ffff:169.254.169.254", "::1", "::", "fe80::1", "fd00:ec2::254", "64:ff9b::7f00:1"],
        ),
        ("AAAA", "ADDR_FORMAT", &["192.0.2.1", "[::1]", "fe80::1%eth0", "1:2:3:4:5:6:7:8:9"]),
    ] {
        for address in addresses {
            rows.push(one(56, address, "a.foo.example.com", record_type, address, &[(code, VALUE)]));
        }
    }
    let ttl = |ttl: Value| json!([with(upsert("a.foo.example.com", "A", "192.0.2.1"), json!({ "ttl": ttl }))]);
    for value in [
        json!(-1),
        json!(2_147_483_648_i64),
        json!("300s"),
        json!("300"),
        json!(0),
        json!(59),
        json!(86_401),
        json!(300.5),
        json!(null),
        json!(true),
    ] {
        rows.push(all(57, &value.to_string(), FOO, ttl(value), &[("TTL_RANGE", "/detail/changes/0/ttl")]));
    }
    rows
}

fn batches() -> Vec<Row> {
    let a = |name: &str| upsert(name, "A", "192.0.2.1");
    let many: Vec<Value> = (0..501).map(|index| a(&format!("h{index}.foo.example.com"))).collect();
    let more: Vec<Value> = vec![a("a.foo.example.com"); 1_001];
    let text = vec![format!("\"{}\"", "x".repeat(250)); 15].join(" ");
    let chars: Vec<Value> = (0..5).map(|index| upsert(&format!("t{index}.foo.example.com"), "TXT", &text)).collect();
    let delete = json!({ "action": "DELETE", "name": "here.foo.example.com", "type": "A", "ttl": 300, "values": ["192.0.2.78"] });
    let cname = with(upsert("here.foo.example.com", "CNAME", "x.example.net"), json!({ "action": "CREATE" }));
    let large = [("BATCH_TOO_LARGE", "/detail/changes")];
    let conflict = [("BATCH_CONFLICT", "/detail/changes/1/name")];
    let foreign = a("a.bar.example.com");
    let mut rows = vec![
        all(58, "501 UPSERTs", FOO, json!(many), &large),
        all(58, "1,001 changes", FOO, json!(more), &large),
        all(58, "more than 16,000 characters", FOO, json!(chars), &large),
        all(59, "the same set twice", FOO, json!([a("a.foo.example.com"), a("a.foo.example.com")]), &conflict),
        all(59, "DELETE twice", FOO, json!([delete, delete]), &conflict),
        all(59, "CNAME before A is gone", FOO, json!([cname, delete]), &conflict),
        all(
            59,
            "the same value twice",
            FOO,
            json!([with(a("a.foo.example.com"), json!({ "values": ["192.0.2.1", "192.0.2.1"] }))]),
            &[("BATCH_CONFLICT", "/detail/changes/0/values/1")],
        ),
        all(
            60,
            "the second of three",
            FOO,
            json!([a("a.foo.example.com"), foreign, a("b.foo.example.com")]),
            &[("NOT_IN_ALLOWLIST", "/detail/changes/1/name")],
        ),
        all(
            60,
            "the last of 400",
            FOO,
            json!([many[..399].to_vec(), vec![foreign]].concat()),
            &[("NOT_IN_ALLOWLIST", "/detail/changes/399/name")],
        ),
    ];
    for field in [
        "SetIdentifier",
        "Weight",
        "Region",
        "Failover",
        "GeoLocation",
        "MultiValueAnswer",
        "HealthCheckId",
        "TrafficPolicyInstanceId",
        "CidrRoutingConfig",
        "GeoProximityLocation",
        "set_identifier",
        "health-check-id",
    ] {
        let change = with(a("a.foo.example.com"), json!({ field: "x" }));
        let at = format!("/detail/changes/0/{field}");
        rows.push(all(61, field, FOO, json!([change]), &[("ROUTING_POLICY_NOT_ALLOWED", &at)]));
    }
    rows
}

fn owners() -> Vec<Row> {
    let legacy = upsert("legacy.foo.example.com", "A", "192.0.2.77");
    let protected = upsert("www.example.com", "A", "192.0.2.10");
    let delete = json!({ "action": "DELETE" });
    let mut rows = vec![
        all(62, "UPSERT", FOO, json!([legacy]), &[("RRSET_NOT_OWNED", NAME)]),
        all(62, "DELETE", FOO, json!([with(legacy, delete.clone())]), &[("RRSET_NOT_OWNED", NAME)]),
        all(64, "UPSERT by its owner", INFRA, json!([protected]), &[("RECORD_PROTECTED", NAME)]),
        all(64, "DELETE by its owner", INFRA, json!([with(protected.clone(), delete)]), &[("RECORD_PROTECTED", NAME)]),
        all(64, "UPSERT by somebody", BAR, json!([protected]), &[("RECORD_PROTECTED", NAME)]),
    ];
    for (field, value) in [
        ("action", "delete"),
        ("action", "Upsert"),
        ("action", ""),
        ("type", "a"),
        ("type", "DNAME"),
        ("type", "ANY"),
        ("type", "SOA"),
        ("type", "*"),
    ] {
        let change = with(upsert("a.foo.example.com", "A", "192.0.2.1"), json!({ field: value }));
        let at = format!("/detail/changes/0/{field}");
        rows.push(all(63, &format!("{field} `{value}`"), FOO, json!([change]), &[("BAD_ENUM", &at)]));
    }
    rows
}
