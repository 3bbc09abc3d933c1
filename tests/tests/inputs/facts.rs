//! What is known of accounts and of the world, as files.

use super::table::{BAR, CICD, FOO, INFRA};
use std::fmt::Write as _;

/// An account id of an account whose allowlist is in Parameter Store.
pub(crate) fn list_account(index: usize) -> String {
    format!("3000000000{index:02}")
}

/// Number of accounts for [`list_account`].
pub(crate) const LIST_ACCOUNTS: usize = 16;

/// The accounts file.
pub(crate) fn accounts() -> String {
    let mut text = "Scopes:\n".to_owned();
    for tier in ["dev", "standard", "infra", "cicd"] {
        let _ = writeln!(text, "  {tier}: {{ tier: {tier} }}");
    }
    text.push_str("  untiered: {}\nAccounts:\n");
    let mut account = |name: &str, id: &str, scope: &str, rest: &str| {
        let line = format!("  {name}: {{ id: \"{id}\", email: aws+{name}@example.com, scope: {scope}{rest} }}");
        let _ = writeln!(text, "{line}");
    };
    account("foo", FOO, "dev", ", allowed_dns_domains: [foo.example.com]");
    account(
        "bar",
        BAR,
        "standard",
        ", allowed_dns_domains: [bar.example.com, pay.foo.example.com, =exact.foo.example.com]",
    );
    account("baz", "888899990000", "dev", ", status: suspended, allowed_dns_domains: [baz.example.com]");
    account("infra", INFRA, "infra", ", allowed_dns_domains: [=example.com, www.example.com]");
    account("shared", "555566667777", "infra", ", allowed_dns_domains: [.corp.example.com]");
    account("cicd", CICD, "cicd", "");
    account("empty", "121212121212", "dev", ", allowed_dns_domains: []");
    account("master", "999988887777", "untiered", "");
    for index in 0..LIST_ACCOUNTS {
        account(&format!("list{index:02}"), &list_account(index), "dev", "");
    }
    text
}

/// The file of recorded facts; `instances` are id, account, host, zone and address, `lists` are allowlists by account.
pub(crate) fn facts(instances: &[[&str; 5]], lists: &[&str]) -> String {
    let mut text = WORLD.to_owned();
    text.push_str("parameters:\n  /pub/typed: { value: \"a,b\", type: StringList }\n");
    for (index, list) in lists.iter().enumerate() {
        let _ = writeln!(text, "  /reeve/dns/allowed/{}: {{ value: {} }}", list_account(index), quoted(list));
    }
    text.push_str("instances:\n");
    for [id, account, host, zone, address] in instances {
        let [host, zone, address] = [host, zone, address].map(|text| quoted(text));
        let _ =
            writeln!(text, "  {id}: {{ account: \"{account}\", host: {host}, zone: {zone}, private-ip: {address} }}");
    }
    text
}

/// A text in double quotes, with what is not plain ASCII escaped.
fn quoted(text: &str) -> String {
    let mut out = "\"".to_owned();
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            ' '..='~' => out.push(char),
            _ => {
                let _ = write!(out, "\\u{:04x}", u32::from(char));
            }
        }
    }
    out.push('"');
    out
}

const WORLD: &str = r#"
record-sets:
  Z1EXAMPLE:
    - { name: example.com, type: CAA, ttl: 3600, values: ['0 issue "amazon.com"', '0 issuewild ";"'] }
    - { name: www.example.com, type: A, ttl: 300, values: [192.0.2.10], owner: "222233334444", protected: true }
    - { name: legacy.foo.example.com, type: A, ttl: 300, values: [192.0.2.77], owner: "222233334444" }
    - { name: here.foo.example.com, type: A, ttl: 300, values: [192.0.2.78], owner: "111122223333" }
    - { name: alias.foo.example.com, type: CNAME, ttl: 300, values: [here.foo.example.com], owner: "111122223333" }
  Z2PRIVATE: []
  Z3EVIL: []
  Z4EVIL: []
inventory:
  targets:
    d111111abcdef8.cloudfront.net: Z2FDTNDATAQYW2
  delegation-sets:
    foo.example.com: [ns-1.awsdns-01.org]
    team.foo.example.com: [ns-1.awsdns-01.org, ns-2.awsdns-02.co.uk]
    _acme-challenge.bar.example.com: [ns-1.awsdns-01.org]
organization:
  root: r-abcd
  management-account: "999988887777"
  units:
    ou-abcd-11111111: { name: Dev, parent: r-abcd }
    ou-abcd-12222222: { name: Standard, parent: r-abcd }
    ou-abcd-13333333: { name: Quarantine, parent: r-abcd }
    ou-abcd-14444444: { name: Full, parent: r-abcd }
    ou-abcd-15555555: { name: Single, parent: r-abcd }
    ou-abcd-16666666: { name: Narrow, parent: r-abcd }
    ou-abcd-90000000: { name: Morgue, parent: r-abcd }
  accounts:
    "111122223333": { name: foo, email: aws+foo@example.com, parent: ou-abcd-11111111 }
    "333344445555": { name: held, email: aws+held@example.com, parent: ou-abcd-13333333 }
    "777788889999": { name: cicd, email: aws+cicd@example.com, parent: ou-abcd-12222222 }
    "999988887777": { name: master, email: aws+master@example.com, parent: r-abcd }
  policies:
    p-FullAWSAccess:
      name: FullAWSAccess
      aws-managed: true
      document: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    p-quarantine:
      name: quarantine
      document: '{"Version":"2012-10-17","Statement":[{"Sid":"Hold","Effect":"Deny","Action":"ec2:*","Resource":"*"}]}'
    p-allow-all:
      name: allow-all
      document: '{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Action":"*","Resource":"*"}]}'
    p-one: { name: one, document: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}' }
    p-two: { name: two, document: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}' }
    p-three: { name: three, document: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}' }
    p-four: { name: four, document: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}' }
    p-five: { name: five, document: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}' }
    p-six: { name: six, document: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}' }
    p-seven: { name: seven, document: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}' }
    p-eight: { name: eight, document: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}' }
  attachments:
    r-abcd: [p-FullAWSAccess]
    ou-abcd-11111111: [p-FullAWSAccess]
    ou-abcd-12222222: [p-FullAWSAccess]
    ou-abcd-13333333: [p-FullAWSAccess, p-quarantine]
    ou-abcd-14444444: [p-FullAWSAccess, p-quarantine, p-one, p-two, p-three, p-four, p-five, p-six, p-seven, p-eight]
    ou-abcd-15555555: [p-FullAWSAccess]
    ou-abcd-16666666: [p-allow-all]
    ou-abcd-90000000: [p-FullAWSAccess]
    "111122223333": [p-FullAWSAccess]
    "333344445555": [p-FullAWSAccess]
    "777788889999": [p-FullAWSAccess]
    "999988887777": [p-FullAWSAccess]
"#;
