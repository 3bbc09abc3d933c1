//! Items 65 to 78: hosts that register themselves, parameters, and allowlists from Parameter Store.

use super::facts::list_account;
use super::gates::{dns_gate, dns_policy, management_gate};
use super::table::{BAR, CICD, FOO, NONCE, On, Row, ask, denied, dns, envelope, no_gate, permitted, upsert};
use serde_json::{Value, json};
use std::path::PathBuf;

const HOST_AT: &str = "/detail/EC2InstanceId";
const ZONE: &str = "corp.example.com";
const HOSTNAME: &str = "HOSTNAME_FORMAT";
const ENUM: &str = "the zone is compared with the gate's list, so whatever it holds is not in it";
const RECORDED: &str = "a file of recorded facts holds no such character, so there is nothing to compare with";
const ADDRESS: &str = "the address is read as one, so whatever else it holds is no address";

/// Instances: id, account, host, zone, address. The last two digits of an id are the index of its row.
pub(crate) const INSTANCES: &[[&str; 5]] = &[
    ["i-00000000000000000", FOO, "web-1", ZONE, "10.0.0.5"],
    ["i-00000000000000001", FOO, "x\"; Remove-Item C:\\ -Recurse; \"", ZONE, "10.0.0.5"],
    ["i-00000000000000002", FOO, "$(iwr e|iex)", ZONE, "10.0.0.5"],
    ["i-00000000000000003", FOO, "a`nb", ZONE, "10.0.0.5"],
    ["i-00000000000000004", FOO, "a'; calc; '", ZONE, "10.0.0.5"],
    ["i-00000000000000005", FOO, "a\u{2018}b", ZONE, "10.0.0.5"],
    ["i-00000000000000006", FOO, "a\u{2019}b", ZONE, "10.0.0.5"],
    ["i-00000000000000007", FOO, "a\u{201a}b", ZONE, "10.0.0.5"],
    ["i-00000000000000008", FOO, "a\u{201b}b", ZONE, "10.0.0.5"],
    ["i-00000000000000009", FOO, "a\u{201c}b", ZONE, "10.0.0.5"],
    ["i-00000000000000010", FOO, "a\u{201d}b", ZONE, "10.0.0.5"],
    ["i-00000000000000011", FOO, "a\u{201e}b", ZONE, "10.0.0.5"],
    ["i-00000000000000012", FOO, "a\u{2013}b", ZONE, "10.0.0.5"],
    ["i-00000000000000013", FOO, "a\u{2014}b", ZONE, "10.0.0.5"],
    ["i-00000000000000014", FOO, "a\u{2015}b", ZONE, "10.0.0.5"],
    ["i-00000000000000015", FOO, "a\nb", ZONE, "10.0.0.5"],
    ["i-00000000000000016", FOO, "a\tb", ZONE, "10.0.0.5"],
    ["i-00000000000000017", FOO, "a\u{a0}b", ZONE, "10.0.0.5"],
    ["i-00000000000000018", FOO, "a\u{3000}b", ZONE, "10.0.0.5"],
    ["i-00000000000000019", FOO, "web-1", "corp.example.com\ncalc", "10.0.0.5"],
    ["i-00000000000000020", FOO, "web-1", "corp.example.com\u{a0}", "10.0.0.5"],
    ["i-00000000000000021", FOO, "web-1", ZONE, "10.0.0.5\n"],
    ["i-00000000000000022", FOO, "web-1", ZONE, "10.0.0.5\u{a0}"],
    ["i-00000000000000023", FOO, "{{ssm:/prod/db}}", ZONE, "10.0.0.5"],
    ["i-00000000000000024", FOO, "{{ssm-secure:/prod/db}}", ZONE, "10.0.0.5"],
    ["i-00000000000000025", FOO, "{{ x }}", ZONE, "10.0.0.5"],
    ["i-00000000000000026", FOO, "web-1", "{{ x }}", "10.0.0.5"],
    ["i-00000000000000027", FOO, "web-1", ZONE, "{{ x }}"],
    ["i-00000000000000028", FOO, "web-1", ZONE, "10.0.0.5; calc"],
    ["i-00000000000000029", FOO, "web-1", ZONE, "10.0.0.5/24"],
    ["i-00000000000000030", FOO, "web-1", ZONE, "fd00::5"],
    ["i-00000000000000031", FOO, "web-1", ZONE, "010.0.0.5"],
    ["i-00000000000000032", FOO, "web-1", "corp.local -ComputerName evil", "10.0.0.5"],
    ["i-00000000000000033", FOO, "web-1", "example.com", "10.0.0.5"],
    ["i-00000000000000034", FOO, "web-1", "CORP.example.com", "10.0.0.5"],
    ["i-00000000000000035", BAR, "api-1", ZONE, "10.0.0.6"],
    ["i-00000000000000036", FOO, "", ZONE, "10.0.0.5"],
    ["i-00000000000000037", FOO, "Web-1", ZONE, "10.0.0.5"],
    ["i-00000000000000038", FOO, "web.1", ZONE, "10.0.0.5"],
    ["i-00000000000000039", FOO, "web-1", ZONE, "192.0.2.5"],
];

/// Allowlists in Parameter Store, by the index of their account; the next account has none.
pub(crate) const LISTS: &[&str] = &[
    "lists.example.com",
    "lists.example.com,,bar.example.com",
    "lists.example.com,*",
    "lists.example.com,.",
    "lists.example.com,com",
    "lists.example.com,co.uk",
    "lists.example.com, bar.example.com",
    "lists.example.com,*.example.com",
    "lists.example.com,",
    "lists.example.com;example.com",
    "",
];

pub(crate) fn rows() -> Vec<Row> {
    [hosts(), instances(), documents(), names(), values(), lists()].concat()
}

fn launch(instance: &str, more: Value) -> String {
    let mut detail = json!({ "RequestId": NONCE, "EC2InstanceId": instance, "AutoScalingGroupName": "my-asg-name" });
    if let (Some(detail), Some(more)) = (detail.as_object_mut(), more.as_object()) {
        detail.extend(more.clone());
    }
    let source = [("source", Some("\"aws.autoscaling\""))];
    envelope(FOO, "EC2 Instance Launch Successful", &detail.to_string(), &source)
}

/// The launch of an instance of [`INSTANCES`].
fn host(item: u8, index: usize, code: &str) -> Row {
    let [id, _, host, zone, address] = INSTANCES[index];
    let text = format!("{host:?} in {zone:?} at {address:?}");
    denied(item, text, On::Management, launch(id, json!({})), &[(code, HOST_AT)])
}

fn hosts() -> Vec<Row> {
    let good = launch(INSTANCES[0][0], json!({ "DocumentName": "x", "AwsMayAddFields": true }));
    let mut rows = vec![
        permitted(72, "a document in the event", On::Management, good, &[])
            .deviates("AWS may add fields to its events, so they are not refused, and nobody reads them"),
    ];
    rows.extend([1, 2, 3, 4, 36, 37, 38].map(|index| host(65, index, HOSTNAME)));
    rows.extend((5..=14).map(|index| host(66, index, HOSTNAME)));
    rows.extend((15..=18).map(|index| host(67, index, HOSTNAME)));
    for [host, zone, address] in [
        ["a\\u0085", ZONE, "10.0.0.5"],
        ["a\\u2028", ZONE, "10.0.0.5"],
        ["a", "x\\u2028", "10.0.0.5"],
        ["a", ZONE, "\\u0085"],
    ] {
        let instance =
            format!("{{ account: \"{FOO}\", host: \"{host}\", zone: \"{zone}\", private-ip: \"{address}\" }}");
        let facts = format!("instances:\n  i-00000000000000000: {instance}\n").into_bytes();
        let files = vec![management_gate("groups", "groups"), (PathBuf::from("facts.yaml"), facts)];
        rows.push(no_gate(67, instance, files, "", "string holds the character U+").deviates(RECORDED));
    }
    rows.extend([19, 20].map(|index| host(67, index, "ZONE_NOT_IN_ENUM").deviates(ENUM)));
    rows.extend([21, 22].map(|index| host(67, index, "ADDR_FORMAT").deviates(ADDRESS)));
    rows.extend((23..=25).map(|index| host(68, index, "SSM_TEMPLATE")));
    rows.push(host(68, 26, "ZONE_NOT_IN_ENUM").deviates(ENUM));
    rows.push(host(68, 27, "ADDR_FORMAT").deviates(ADDRESS));
    rows.extend([28, 29, 30, 31, 39].map(|index| host(69, index, "ADDR_FORMAT")));
    rows.extend([32, 33, 34].map(|index| host(70, index, "ZONE_NOT_IN_ENUM")));
    rows
}

fn instances() -> Vec<Row> {
    let mut rows = Vec::new();
    for id in ["i-123", "*", "mi-00000000000000000", "i-0000000000000000G", "i-00000000000000000\n", ""] {
        let body = launch(id, json!({}));
        rows.push(denied(71, format!("instance {id:?}"), On::Management, body, &[("INSTANCE_ID_FORMAT", HOST_AT)]));
    }
    let controllers = "controllers: [i-0aaaaaaaaaaaaaaa0]";
    for (by, code) in [
        ("controllers: [\"*\"]", "INSTANCE_ID_FORMAT"),
        ("controllers: [mi-00000000000000000]", "INSTANCE_ID_FORMAT"),
        ("controllers: []", "TARGET_NOT_ALLOWED"),
        ("controllers: [i-0aaaaaaaaaaaaaaa0, i-0aaaaaaaaaaaaaaa0]", "TARGET_NOT_ALLOWED"),
    ] {
        rows.push(no_gate(71, by, vec![management_gate(controllers, by)], code, "gate.yaml"));
    }
    let verified = "INSTANCE_NOT_VERIFIED";
    let [own, theirs] = [INSTANCES[0][0], INSTANCES[35][0]];
    let (other, none) = (json!({ "PrivateIpAddress": "10.0.0.9" }), json!({}));
    let bad_nonce = launch(INSTANCES[0][0], json!({ "RequestId": "../x" }));
    rows.push(denied(13, "of an AWS event", On::Management, bad_nonce, &[("BAD_NONCE", "/detail/RequestId")]));
    rows.extend([
        denied(78, "another account's", On::Management, launch(theirs, none.clone()), &[(verified, HOST_AT)]),
        denied(78, "none at all", On::Management, launch("i-99999999999999999", none), &[(verified, HOST_AT)]),
        denied(78, "at another address", On::Management, launch(own, other), &[(verified, "/detail/PrivateIpAddress")]),
    ]);
    rows
}

fn documents() -> Vec<Row> {
    let this = "document: { name: AWS-RunPowerShellScript, version: \"1\" }";
    let hash = "0".repeat(64);
    let pinned = format!("{{ name: arn:aws:ssm:us-east-1:{BAR}:document/Ours, version: \"1\", hash: \"{hash}\" }}");
    let tries = [
        "{ name: AWS-RunShellScript, version: \"1\" }",
        "{ name: AmazonInspector2-ConfigureInspector, version: \"1\" }",
        "{ name: AWS-RunPowerShellScript, version: $LATEST }",
        "{ name: AWS-RunPowerShellScript, version: $DEFAULT }",
        "{ name: Ours, version: \"1\" }",
        "{ name: Ours, version: \"1\", hash: abc }",
        &pinned,
    ];
    let row = |document: &str| {
        let files = vec![management_gate(this, &format!("document: {document}"))];
        no_gate(72, document, files, "DOCUMENT_NOT_PINNED", "gate.yaml")
    };
    tries.into_iter().map(row).collect()
}

fn put(item: u8, text: &str, name: &str, value: &str, reason: (&str, &str)) -> Row {
    let body = ask(CICD, "PUT_PARAMETER", json!({ "parameters": [{ "name": name, "value": value }] }));
    denied(item, text, On::Management, body, &[reason])
}

fn names() -> Vec<Row> {
    let at = "/detail/parameters/0/name";
    let levels = format!("/pub{}", "/x".repeat(15));
    let long = format!("/pub/{}", "x".repeat(1_011));
    let mut rows = Vec::new();
    for name in [
        " /pub/x ",
        "/pub/x ",
        "/aws/x",
        "SsmFoo",
        "/pub/../prod",
        "/pub/./x",
        "//",
        "/pub//x",
        "/pub/x/",
        "",
        "pub/x",
        "/pub/\u{445}",
        "/pub/x\n",
        &levels,
        &long,
    ] {
        rows.push(put(73, &format!("{name:.40?}"), name, "v", ("PARAM_NAME", at)));
    }
    for name in ["/public", "/public/x", "/pubx", "/pub", "/prod/x", "/PUB/x", "pub"] {
        rows.push(put(74, name, name, "v", ("PARAM_PATH", at)));
    }
    rows
}

fn values() -> Vec<Row> {
    let at = "/detail/parameters/0/value";
    let long = "x".repeat(4_097);
    let wide = "\u{e9}".repeat(2_049);
    let mut rows = Vec::new();
    for (text, value) in
        [("over 4 KB", &*long), ("over 4 KB of UTF-8", &wide), ("a template", "{{ x }}"), ("empty", "")]
    {
        rows.push(put(77, text, "/pub/x", value, ("PARAM_VALUE", at)));
    }
    for value in ["{{ssm:/prod/db}}", "{{ssm-secure:/prod/db}}", "a{{ SSM:x }}", "{{{ssm:x}}}"] {
        rows.push(put(68, value, "/pub/x", value, ("SSM_TEMPLATE", at)));
    }
    rows.push(
        put(68, "a parameter of a document", "/pub/x", "{{ x }}", ("PARAM_VALUE", at))
            .deviates("Parameter Store refuses `{{` in any value; only `{{ssm` would be expanded"),
    );
    let typed = json!({ "parameters": [{ "name": "/pub/x", "value": "v", "type": "SecureString" }] });
    rows.push(
        denied(
            77,
            "SecureString",
            On::Management,
            ask(CICD, "PUT_PARAMETER", typed),
            &[("BAD_ENUM", "/detail/parameters/0/type")],
        )
        .deviates("a shared value is no secret; the type cannot be asked for"),
    );
    rows
}

fn lists() -> Vec<Row> {
    let change = || json!([upsert("a.lists.example.com", "A", "192.0.2.1")]);
    let syntax = ("ALLOWLIST_SYNTAX", "");
    let missing = ("ALLOWLIST_UNAVAILABLE", "/account");
    let mut rows = vec![
        permitted(75, "a good list", On::Lists, dns(&list_account(0), change()), &[])
            .deviates("every entry is good; the rows beside it have one that is not"),
    ];
    for (index, list) in LISTS.iter().enumerate().skip(1) {
        let row = denied(75, format!("{list:?}"), On::Lists, dns(&list_account(index), change()), &[syntax]);
        rows.push(if list.is_empty() {
            Row { item: 76, ..row }.deviates("an empty parameter is a list of one empty entry, which is malformed")
        } else {
            row
        });
    }
    let accounts = |entry: &str| {
        let text = format!(
            "Accounts:\n  foo: {{ id: \"{FOO}\", email: a@example.com, allowed_dns_domains: [foo.example.com, {entry}] }}\n"
        );
        let policy = dns_policy("{ accounts: allowed_dns_domains }");
        let file = |name: &str, text: String| (PathBuf::from(name), text.into_bytes());
        vec![dns_gate("[policies/dns]"), file("accounts.yaml", text), file("policies/dns/policy.yaml", policy)]
    };
    for entry in
        ["\"a,b.com\"", "\"\"", "\"*\"", "\".\"", "com", "co.uk", "\"*.example.com\"", "example.com.", "Example.com"]
    {
        rows.push(no_gate(
            75,
            format!("{entry} in the accounts file"),
            accounts(entry),
            "ALLOWLIST_SYNTAX",
            "accounts.yaml",
        ));
    }
    rows.extend([
        denied(76, "no parameter", On::Lists, dns(&list_account(LISTS.len()), change()), &[missing]),
        denied(76, "an empty list", On::Dns, dns("121212121212", change()), &[missing]),
        denied(76, "no list", On::Dns, dns(CICD, change()), &[missing]),
    ]);
    rows
}
