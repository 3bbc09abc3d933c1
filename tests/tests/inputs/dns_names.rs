//! Items 26 to 42: names that two readers could read differently, and names of others.

use super::table::{BAR, FOO, INFRA, On, Row, denied, dns, permitted, upsert};
use serde_json::json;

const NAME: &str = "/detail/changes/0/name";
const VALUE: &str = "/detail/changes/0/values/0";

/// One change of a name: item, what, name, type, code.
type Case<'a> = (u8, &'a str, &'a str, &'a str, &'a str);

pub(crate) fn rows() -> Vec<Row> {
    [owners(), spellings(), labels(), wildcards(), targets()].concat()
}

/// A value that the type takes.
fn value_of(record_type: &str) -> &'static str {
    match record_type {
        "AAAA" => "2001:db8::1",
        "CNAME" | "NS" => "here.foo.example.com",
        "MX" => "10 here.foo.example.com",
        "TXT" => "\"x\"",
        _ => "192.0.2.1",
    }
}

fn of(cases: &[Case<'_>]) -> Vec<Row> {
    let row = |&(item, text, name, record_type, code): &Case<'_>| {
        let body = dns(FOO, json!([upsert(name, record_type, value_of(record_type))]));
        denied(item, text, On::Dns, body, &[(code, NAME)])
    };
    cases.iter().map(row).collect()
}

fn owners() -> Vec<Row> {
    let unknown = "no zone of the gate holds the name, so no policy is asked; the rows beside it have a gate that does";
    let mut rows = of(&[
        (26, "no label boundary", "evilexample.com", "A", "NOT_IN_ALLOWLIST"),
        (26, "no label boundary, below", "a.evilexample.com", "A", "NOT_IN_ALLOWLIST"),
        (26, "no label boundary before one's own", "evilfoo.example.com", "A", "NOT_IN_ALLOWLIST"),
        (27, "one's own as a prefix", "foo.example.com.evil.com", "A", "NOT_IN_ALLOWLIST"),
        (27, "the zone as a prefix", "example.com.evil.com", "A", "NOT_IN_ALLOWLIST"),
        (27, "the parent", "example.com", "A", "NOT_IN_ALLOWLIST"),
    ]);
    for (item, name) in [(26, "evilexample.org"), (27, "foo.example.com.evil.org"), (27, "com")] {
        rows.extend(
            of(&[(item, "outside all zones", name, "A", "ZONE_UNKNOWN")]).into_iter().map(|row| row.deviates(unknown)),
        );
    }
    rows
}

fn spellings() -> Vec<Row> {
    let both =
        |one: &str, other: &str| dns(FOO, json!([upsert(one, "A", "192.0.2.1"), upsert(other, "A", "192.0.2.2")]));
    let second = [("DUPLICATE_RRSET", "/detail/changes/1/name")];
    let one = |name: &str| dns(FOO, json!([upsert(name, "A", "192.0.2.1")]));
    let mut rows = vec![
        denied(28, "case and dot", On::Dns, both("A.foo.example.com", "a.foo.example.com."), &second),
        denied(28, "case", On::Dns, both("a.foo.example.com", "a.FOO.example.com"), &second),
        permitted(28, "a lone mixed-case name", On::Dns, one("A.Foo.Example.COM"), &[]),
        permitted(28, "a lone dotted name", On::Dns, one("a.foo.example.com."), &[]),
    ];
    rows.extend(of(&[
        (29, "a dot in octal", r"admin\056foo.example.com", "A", "DNS_ESCAPE"),
        (29, "a dot in decimal", r"admin\046foo.example.com", "A", "DNS_ESCAPE"),
        (30, "a letter in octal", r"\101dmin.foo.example.com", "A", "DNS_ESCAPE"),
        (30, "an asterisk in octal", r"\052.foo.example.com", "A", "DNS_ESCAPE"),
        (31, "one digit", r"\9", "A", "DNS_BAD_ESCAPE"),
        (31, "beyond a byte", r"\400.foo.example.com", "A", "DNS_BAD_ESCAPE"),
        (31, "two digits", r"\12.foo.example.com", "A", "DNS_BAD_ESCAPE"),
        (31, "trailing", "foo.example.com\\", "A", "DNS_BAD_ESCAPE"),
        (31, "an escaped dot without digits", r"a\.foo.example.com", "A", "DNS_BAD_ESCAPE"),
        (34, "U+3002", "pay\u{3002}foo.example.com", "A", "DNS_NON_ASCII"),
        (34, "U+FF0E", "pay\u{ff0e}foo.example.com", "A", "DNS_NON_ASCII"),
        (34, "U+FF61", "pay\u{ff61}foo.example.com", "A", "DNS_NON_ASCII"),
        (35, "a Cyrillic a", "p\u{430}y.foo.example.com", "A", "DNS_NON_ASCII"),
        (35, "a zero-width joiner", "pay\u{200d}.foo.example.com", "A", "DNS_NON_ASCII"),
        (35, "a soft hyphen", "pay\u{ad}.foo.example.com", "A", "DNS_NON_ASCII"),
        (35, "a Kelvin sign", "\u{212a}.foo.example.com", "A", "DNS_NON_ASCII"),
        (35, "full-width letters", "\u{ff46}oo.example.com", "A", "DNS_NON_ASCII"),
        (36, "decodes to ASCII", "xn--a.foo.example.com", "A", "DNS_PUNYCODE"),
        (36, "decodes to nothing", "xn--.foo.example.com", "A", "DNS_NOT_HOSTNAME"),
        (36, "mixes scripts", "xn--pple-43d.foo.example.com", "A", "DNS_PUNYCODE"),
        (36, "does not round-trip", "xn--bcher-kv.foo.example.com", "A", "DNS_PUNYCODE"),
        (36, "does not round-trip: an upper-case letter", "xn--Bcher-KVA0.foo.example.com", "A", "DNS_PUNYCODE"),
        (37, "a space inside", "a b.foo.example.com", "A", "DNS_BAD_BYTE"),
        (37, "a space before", " a.foo.example.com", "A", "DNS_BAD_BYTE"),
        (37, "a space after", "a.foo.example.com ", "A", "DNS_BAD_BYTE"),
        (37, "a tab", "a\t.foo.example.com", "A", "DNS_BAD_BYTE"),
        (37, "a line feed at the end", "a.foo.example.com\n", "A", "DNS_BAD_BYTE"),
        (37, "a carriage return and a line feed", "a\r\nb.foo.example.com", "A", "DNS_BAD_BYTE"),
        (37, "a percent escape", "%0a.foo.example.com", "A", "DNS_BAD_BYTE"),
        (37, "a slash", "a/b.foo.example.com", "A", "DNS_BAD_BYTE"),
        (37, "a no-break space", "a\u{a0}b.foo.example.com", "A", "DNS_NON_ASCII"),
    ]));
    for row in &mut rows {
        row.deviation = match row.text.as_str() {
            "decodes to nothing" => Some("`xn--` ends with `-`, which no label may"),
            "a no-break space" => Some("that it is not ASCII is told first"),
            _ => None,
        };
    }
    rows
}

fn labels() -> Vec<Row> {
    let label = format!("{}.foo.example.com", "a".repeat(64));
    let name = format!("{}.{}.foo.example.com", vec!["a".repeat(63); 3].join("."), "b".repeat(46));
    assert_eq!(name.len(), 254);
    let wire = format!("{}.{}", vec!["a".repeat(63); 4].join("."), "foo.example.com");
    of(&[
        (32, "empty", "", "A", "DNS_EMPTY_LABEL"),
        (32, "the root", ".", "A", "DNS_EMPTY_LABEL"),
        (32, "a dot before", ".foo.example.com", "A", "DNS_EMPTY_LABEL"),
        (32, "two dots inside", "a..foo.example.com", "A", "DNS_EMPTY_LABEL"),
        (32, "two dots after", "foo.example.com..", "A", "DNS_EMPTY_LABEL"),
        (33, "a label of 64 bytes", &label, "A", "DNS_LABEL_LENGTH"),
        (33, "a name of 254 bytes, which is 256 on the wire", &name, "A", "DNS_NAME_LENGTH"),
        (33, "a name of 271 bytes", &wire, "A", "DNS_NAME_LENGTH"),
        (41, "a hyphen before", "-a.foo.example.com", "A", "DNS_NOT_HOSTNAME"),
        (41, "a hyphen after", "a-.foo.example.com", "A", "DNS_NOT_HOSTNAME"),
        (41, "a hyphen, and a CNAME", "-a.foo.example.com", "CNAME", "DNS_NOT_HOSTNAME"),
        (41, "an underscore and A", "a_b.foo.example.com", "A", "DNS_NOT_HOSTNAME"),
        (41, "an underscore and AAAA", "a_b.foo.example.com", "AAAA", "DNS_NOT_HOSTNAME"),
        (41, "an underscore and MX", "a_b.foo.example.com", "MX", "DNS_NOT_HOSTNAME"),
        (42, "a name that is an address", "1.2.3.4", "A", "DNS_TARGET_FORMAT"),
        (42, "a dotted name that is an address", "1.2.3.4.", "TXT", "DNS_TARGET_FORMAT"),
    ])
}

fn wildcards() -> Vec<Row> {
    let star = |sender: &str, name: &str| dns(sender, json!([upsert(name, "A", "192.0.2.1")]));
    let no = [("DNS_WILDCARD_NOT_ALLOWED", NAME)];
    let mut rows = vec![
        denied(38, "of an exact entry", On::Dns, star(INFRA, "*.example.com"), &no),
        denied(38, "of an exact entry below another's", On::Dns, star(BAR, "*.exact.foo.example.com"), &no),
        denied(38, "bare", On::Dns, star(FOO, "*"), &no),
        permitted(38, "of a subtree", On::Dns, star(FOO, "*.a.foo.example.com"), &[])
            .deviates("the sender owns the whole subtree, and nobody else a name in it"),
    ];
    rows.extend(of(&[
        (39, "before letters", "*prod.foo.example.com", "A", "DNS_WILDCARD_POSITION"),
        (39, "after letters", "prod*.foo.example.com", "A", "DNS_WILDCARD_POSITION"),
        (39, "inside", "a.*.foo.example.com", "A", "DNS_WILDCARD_POSITION"),
        (39, "twice", "*.*.foo.example.com", "A", "DNS_WILDCARD_POSITION"),
        (39, "two in a label", "**.foo.example.com", "A", "DNS_WILDCARD_POSITION"),
        (40, "a subtree's", "*.foo.example.com", "NS", "DNS_WILDCARD_NS"),
        (40, "a zone's", "*.example.com", "NS", "DNS_WILDCARD_NS"),
    ]));
    rows
}

fn targets() -> Vec<Row> {
    let mut rows = Vec::new();
    for (record_type, value) in [
        ("CNAME", "1.2.3.4"),
        ("CNAME", "1.2.3.4."),
        ("CNAME", "2001:db8::1"),
        ("CNAME", "host"),
        ("CNAME", "host."),
        ("MX", "10 1.2.3.4"),
        ("MX", "10 mail"),
        ("NS", "192.0.2.53"),
        ("NS", "ns1"),
    ] {
        let body = dns(FOO, json!([upsert("a.foo.example.com", record_type, value)]));
        rows.push(denied(42, format!("{record_type} to `{value}`"), On::Dns, body, &[("DNS_TARGET_FORMAT", VALUE)]));
    }
    let body = dns(FOO, json!([upsert("a.foo.example.com", "CNAME", "*.example.net")]));
    rows.push(
        denied(42, "CNAME to a wildcard", On::Dns, body, &[("DNS_WILDCARD_POSITION", VALUE)])
            .deviates("the target has the form of a name; the asterisk in it is what is wrong"),
    );
    rows
}
