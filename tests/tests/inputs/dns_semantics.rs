//! Items 43 to 54: names that are well-formed, and records that take something from others.

use super::table::{FOO, On, Row, ask, denied, dns, permitted, upsert, with};
use serde_json::{Value, json};

const NAME: &str = "/detail/changes/0/name";
const VALUES: &str = "/detail/changes/0/values";
const VALUE: &str = "/detail/changes/0/values/0";
const HASH: &str = "_0123456789abcdef0123456789abcdef";
const BELOW_OWN: &str = "the name is below one of the sender's own, so what is told is that another account owns it";

pub(crate) fn rows() -> Vec<Row> {
    [delegation(), cnames(), zones(), aliases(), certificates(), mail(), caa()].concat()
}

/// One UPSERT by `foo`.
pub(crate) fn one(item: u8, text: &str, name: &str, record_type: &str, value: &str, reasons: &[(&str, &str)]) -> Row {
    denied(item, text, On::Dns, dns(FOO, json!([upsert(name, record_type, value)])), reasons)
}

/// A batch of changes.
pub(crate) fn all(item: u8, text: &str, sender: &str, changes: Value, reasons: &[(&str, &str)]) -> Row {
    denied(item, text, On::Dns, dns(sender, changes), reasons)
}

fn delegation() -> Vec<Row> {
    let (ns, stolen) = ("ns-1.awsdns-01.org", "NS_NOT_DELEGATION_SET");
    let (both, shadow) = ([ns, "ns-2.awsdns-02.co.uk"], "SHADOWS_OTHER_OWNER");
    let change = |name: &str, servers: &[&str]| json!([with(upsert(name, "NS", ""), json!({ "values": servers }))]);
    vec![
        one(43, "somebody's name server", "team.foo.example.com", "NS", "ns.evil.com", &[(stolen, VALUES)]),
        all(43, "one of them", FOO, change("team.foo.example.com", &both[..1]), &[(stolen, VALUES)]),
        all(
            43,
            "one more",
            FOO,
            change("team.foo.example.com", &[both[0], both[1], "ns.evil.com"]),
            &[(stolen, VALUES)],
        ),
        one(43, "those of another zone", "web.foo.example.com", "NS", ns, &[(stolen, VALUES)]),
        permitted(43, "those of the zone", On::Dns, dns(FOO, change("team.foo.example.com", &both)), &[])
            .deviates("the delegation set of a zone that the organization holds"),
        one(44, "NS", "foo.example.com", "NS", ns, &[(shadow, NAME)]),
        one(44, "CNAME", "foo.example.com", "CNAME", "here.example.net", &[(shadow, NAME)]),
        one(44, "DS", "foo.example.com", "DS", "12345 13 2 ABCD", &[(shadow, NAME)]),
        one(44, "a wildcard", "*.foo.example.com", "A", "192.0.2.1", &[(shadow, NAME)]),
        one(44, "DNAME", "foo.example.com", "DNAME", "example.net", &[("BAD_ENUM", "/detail/changes/0/type")])
            .deviates("the type cannot be asked for at all"),
        one(45, "NS", "example.com", "NS", ns, &[("APEX_NS_SOA", NAME)]),
        one(45, "NS, spelt otherwise", "Example.COM.", "NS", ns, &[("APEX_NS_SOA", NAME)]),
        all(
            45,
            "deleting NS",
            FOO,
            json!([with(upsert("example.com", "NS", ns), json!({ "action": "DELETE" }))]),
            &[("APEX_NS_SOA", NAME)],
        ),
        one(45, "SOA", "example.com", "SOA", "x", &[("BAD_ENUM", "/detail/changes/0/type")])
            .deviates("the type cannot be asked for at all"),
        one(46, "a zone", "example.com", "CNAME", "example.net", &[("APEX_CNAME", NAME)]),
        one(46, "a private zone", "corp.example.com", "CNAME", "example.net", &[("APEX_CNAME", NAME)]),
    ]
}

fn cnames() -> Vec<Row> {
    let (name, conflict) = ("new.foo.example.com", "CNAME_CONFLICT");
    let (a, cname) = (upsert(name, "A", "192.0.2.1"), upsert(name, "CNAME", "here.foo.example.com"));
    let second = [(conflict, "/detail/changes/1/name")];
    vec![
        all(47, "A and CNAME in a batch", FOO, json!([a, cname]), &second),
        all(47, "CNAME and A in a batch", FOO, json!([cname, a]), &second),
        one(47, "CNAME where A is", "here.foo.example.com", "CNAME", "x.example.net", &[(conflict, NAME)]),
        one(47, "TXT where CNAME is", "alias.foo.example.com", "TXT", "\"x\"", &[(conflict, NAME)]),
        one(
            51,
            "S3 website",
            name,
            "CNAME",
            "b.s3-website-us-east-1.amazonaws.com",
            &[("TARGET_NOT_IN_INVENTORY", VALUE)],
        ),
        one(51, "Beanstalk", name, "CNAME", "e.us-east-1.elasticbeanstalk.com", &[("TARGET_NOT_IN_INVENTORY", VALUE)]),
        one(51, "CloudFront", name, "CNAME", "D222222abcdef8.CloudFront.net.", &[("TARGET_NOT_IN_INVENTORY", VALUE)]),
        one(
            51,
            "S3 website in China",
            name,
            "CNAME",
            "b.s3-website.cn-north-1.amazonaws.com.cn",
            &[("TARGET_NOT_IN_INVENTORY", VALUE)],
        ),
        one(51, "CloudFront in China", name, "CNAME", "d2.cloudfront.cn", &[("TARGET_NOT_IN_INVENTORY", VALUE)]),
        one(
            51,
            "CloudFront, by HTTPS",
            name,
            "HTTPS",
            "0 d222222abcdef8.cloudfront.net",
            &[("TARGET_NOT_IN_INVENTORY", VALUE)],
        ),
        permitted(
            51,
            "CloudFront, ours",
            On::Dns,
            dns(FOO, json!([upsert(name, "CNAME", "d111111abcdef8.cloudfront.net")])),
            &[],
        )
        .deviates("the inventory holds it"),
    ]
}

fn zones() -> Vec<Row> {
    let code = "FIELD_NOT_CALLER_SETTABLE";
    let change = || upsert("a.foo.example.com", "A", "192.0.2.1");
    let mut rows = Vec::new();
    for id in ["Z1EXAMPLE", "/hostedzone/Z1", "Z1/../Z2"] {
        let body = json!([with(change(), json!({ "HostedZoneId": id }))]);
        rows.push(all(48, id, FOO, body, &[(code, "/detail/changes/0/HostedZoneId")]));
        let body = ask(FOO, "DNS_RECORD_CHANGE", json!({ "hosted_zone_id": id, "changes": [change()] }));
        rows.push(denied(48, format!("{id}, outside"), On::Dns, body, &[(code, "/detail/hosted_zone_id")]));
    }
    rows.push(all(
        48,
        "another spelling",
        FOO,
        json!([with(change(), json!({ "zone-id": "Z1" }))]),
        &[(code, "/detail/changes/0/zone-id")],
    ));
    let twin = json!([upsert("a.twin.example.net", "A", "192.0.2.1")]);
    rows.push(all(49, "a public and a private zone", FOO, twin, &[("ZONE_AMBIGUOUS", NAME)]));
    let twin = json!([upsert("twin.example.net", "TXT", "\"x\"")]);
    rows.push(all(49, "the zones' own name", FOO, twin, &[("ZONE_AMBIGUOUS", NAME)]));
    rows
}

fn aliases() -> Vec<Row> {
    let alias = |alias: Value| json!({ "action": "UPSERT", "name": "a.foo.example.com", "type": "A", "alias": alias });
    let theirs = json!({ "name": "theirs-123.us-east-1.elb.amazonaws.com" });
    let ours = json!({ "name": "d111111abcdef8.cloudfront.net" });
    let form = "ALIAS_FORM";
    let mut ns = with(alias(ours.clone()), json!({ "type": "NS" }));
    ns["name"] = "team.foo.example.com".into();
    let zone = "FIELD_NOT_CALLER_SETTABLE";
    let smuggled = with(ours.clone(), json!({ "HostedZoneId": "Z1" }));
    let spelt = with(ours.clone(), json!({ "zone-id": "Z1" }));
    vec![
        all(
            50,
            "another's load balancer",
            FOO,
            json!([alias(theirs)]),
            &[("ALIAS_TARGET_NOT_OWNED", "/detail/changes/0/alias/name")],
        ),
        all(
            50,
            "another zone",
            FOO,
            json!([alias(json!({ "name": "evil.com" }))]),
            &[("ALIAS_TARGET_NOT_OWNED", "/detail/changes/0/alias/name")],
        ),
        all(
            50,
            "with a time to live",
            FOO,
            json!([with(alias(ours.clone()), json!({ "ttl": 60 }))]),
            &[(form, "/detail/changes/0/ttl")],
        ),
        all(
            50,
            "with values",
            FOO,
            json!([with(alias(ours.clone()), json!({ "values": [] }))]),
            &[(form, "/detail/changes/0/values")],
        ),
        all(50, "of type NS", FOO, json!([ns]), &[(form, "/detail/changes/0/alias")]),
        all(50, "not an object", FOO, json!([alias("evil.com".into())]), &[("BAD_TYPE", "/detail/changes/0/alias")])
            .deviates("the JSON type is wrong before there is an alias to look at"),
        all(48, "in an alias", FOO, json!([alias(smuggled)]), &[(zone, "/detail/changes/0/alias/HostedZoneId")]),
        all(
            48,
            "in an alias, spelt otherwise",
            FOO,
            json!([alias(spelt)]),
            &[(zone, "/detail/changes/0/alias/zone-id")],
        ),
    ]
}

fn certificates() -> Vec<Row> {
    let (code, acme) = ("CERT_VALIDATION_NAME", "_acme-challenge.bar.example.com");
    let target = format!("{HASH}.x.acm-validations.aws");
    let cert =
        |sender: &str, name: &str, value: &str| ask(sender, "CERT_VALIDATION", json!({ "name": name, "value": value }));
    let of = |domain: &str| format!("{HASH}.{domain}");
    vec![
        one(52, "TXT", acme, "TXT", "\"x\"", &[(code, NAME)]),
        one(52, "CNAME", acme, "CNAME", "x.evil.com", &[(code, NAME)]),
        one(52, "NS", acme, "NS", "ns-1.awsdns-01.org", &[(code, NAME)]),
        one(52, "CNAME to ACM", &of("bar.example.com"), "CNAME", &target, &[(code, NAME)]),
        denied(
            52,
            "as CERT_VALIDATION",
            On::Dns,
            cert(FOO, &of("bar.example.com"), &target),
            &[(code, "/detail/name")],
        ),
        denied(52, "the zone's own name", On::Dns, cert(FOO, &of("example.com"), &target), &[(code, "/detail/name")]),
        denied(
            52,
            "a value elsewhere",
            On::Dns,
            cert(FOO, &of("foo.example.com"), "x.evil.com"),
            &[(code, "/detail/value")],
        ),
        denied(
            52,
            "a name that is no hash",
            On::Dns,
            cert(FOO, "www.foo.example.com", &target),
            &[(code, "/detail/name")],
        ),
        one(
            52,
            "another's below one's own",
            "_acme-challenge.pay.foo.example.com",
            "TXT",
            "\"x\"",
            &[("NAME_OWNED_BY_OTHER", NAME)],
        )
        .deviates(BELOW_OWN),
        one(
            52,
            "another's exact name below one's own",
            "_acme-challenge.exact.foo.example.com",
            "TXT",
            "\"x\"",
            &[("NAME_OWNED_BY_OTHER", NAME)],
        )
        .deviates(BELOW_OWN),
        denied(
            52,
            "another's below one's own, as CERT_VALIDATION",
            On::Dns,
            cert(FOO, &of("pay.foo.example.com"), &target),
            &[("NAME_OWNED_BY_OTHER", "/detail/name")],
        )
        .deviates(BELOW_OWN),
    ]
}

fn mail() -> Vec<Row> {
    let (code, key) = ("MAIL_AUTH_NAME", "\"v=DKIM1; p=x\"");
    let mut rows = Vec::new();
    for name in
        ["_dmarc.bar.example.com", "s1._domainkey.bar.example.com", "_mta-sts.bar.example.com", "_dmarc.example.com"]
    {
        rows.push(one(53, name, name, "TXT", "\"x\"", &[(code, NAME)]));
    }
    rows.push(one(53, "DKIM by CNAME", "s1._domainkey.bar.example.com", "CNAME", "dkim.example.net", &[(code, NAME)]));
    for (record_type, value) in [("TXT", "\"v=spf1 +all\""), ("MX", "10 mx.evil.com"), ("SPF", "\"v=spf1 +all\"")] {
        rows.push(one(53, &format!("{record_type} at the zone"), "example.com", record_type, value, &[(code, NAME)]));
        rows.push(one(
            53,
            &format!("{record_type} at a domain"),
            "bar.example.com",
            record_type,
            value,
            &[(code, NAME)],
        ));
    }
    for name in
        ["_dmarc.exact.foo.example.com", "s1._domainkey.pay.foo.example.com", "s1._domainkey.exact.foo.example.com"]
    {
        rows.push(one(53, name, name, "TXT", key, &[("NAME_OWNED_BY_OTHER", NAME)]).deviates(BELOW_OWN));
    }
    rows
}

fn caa() -> Vec<Row> {
    let set = |values: &[&str]| json!([with(upsert("foo.example.com", "CAA", ""), json!({ "values": values }))]);
    let mut rows = Vec::new();
    // The zone's own set: `issue amazon.com`, and nobody for wildcards.
    // What a set leaves out is read as RFC 8659 (sections 4.2 and 4.3) reads it.
    for (text, values) in [
        ("another issuer", &["0 issue \"letsencrypt.org\"", "0 issuewild \";\""][..]),
        ("an issuer more", &["0 issue \"amazon.com\"", "0 issue \"letsencrypt.org\"", "0 issuewild \";\""]),
        ("an issuer of wildcards", &["0 issue \"amazon.com\"", "0 issuewild \"amazon.com\""]),
        ("no word of wildcards, so the issuer gets them", &["0 issue \"amazon.com\""]),
        ("no word of issuers, so everybody is one", &["0 iodef \"mailto:a@foo.example.com\""]),
        ("wildcards alone, so everybody issues the rest", &["0 issuewild \";\""]),
    ] {
        rows.push(all(54, text, FOO, set(values), &[("CAA_WEAKENS", VALUES)]));
    }
    rows.push(
        permitted(54, "the same set", On::Dns, dns(FOO, set(&["0 issue \"amazon.com\"", "0 issuewild \";\""])), &[])
            .deviates("it admits nobody whom the parent's does not"),
    );
    rows
}
