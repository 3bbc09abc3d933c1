//! The JSON Schema in `docs/schema` is the one that the table of keys makes, and says what the reader says.
//!
//! `BLESS=1` writes it anew.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use reeve_accounts::{Accounts, json_schema};
use reeve_json::Value;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// JSON for people: two spaces a level, short lists of scalars on one line.
fn pretty(value: &Value, indent: usize) -> String {
    let inner = " ".repeat(indent + 2);
    let outer = " ".repeat(indent);
    let lines = |lines: Vec<String>| format!("\n{}\n{outer}", lines.join(",\n"));
    match value {
        Value::Object(object) if !object.is_empty() => {
            let member = |member: &reeve_json::Member| {
                let key = reeve_json::compact(&Value::from(member.key.as_str()));
                format!("{inner}{key}: {}", pretty(&member.value.value, indent + 2))
            };
            format!("{{{}}}", lines(object.iter().map(member).collect()))
        }
        Value::Array(items) if items.iter().any(|item| item.as_object().is_some()) => {
            let item = |item: &reeve_json::Node| format!("{inner}{}", pretty(&item.value, indent + 2));
            format!("[{}]", lines(items.iter().map(item).collect()))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            reeve_json::compact(value)
        }
    }
}

fn validator() -> jsonschema::Validator {
    let schema: serde_json::Value = serde_json::from_str(&reeve_json::compact(&json_schema())).expect("JSON");
    assert!(jsonschema::draft202012::meta::is_valid(&schema), "it is a schema of 2020-12");
    jsonschema::draft202012::new(&schema).expect("a schema")
}

fn tree(text: &str) -> serde_json::Value {
    let document = reeve_yaml::Document::parse("a.yaml", text).unwrap_or_else(|error| panic!("{error}"));
    serde_json::from_str(&reeve_json::compact(&document.root.to_json())).expect("JSON")
}

#[test]
fn the_file_is_current() {
    let made = pretty(&json_schema(), 0) + "\n";
    let path = "docs/schema/accounts.schema.json";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(root().join(path), &made).expect("written");
    }
    assert_eq!(made, read(path), "`BLESS=1` writes the schema anew");
}

#[test]
fn the_example_is_accepted_by_schema_and_reader() {
    let text = read("policies/examples/accounts.yaml");
    let errors: Vec<String> = validator().iter_errors(&tree(&text)).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    let accounts = Accounts::parse("accounts.yaml", &text).expect("the example is valid");
    assert_eq!(accounts.unit_path("Dev"), ["root", "Live", "Dev"]);
}

#[test]
fn what_the_schema_refuses_the_reader_refuses_too() {
    let validator = validator();
    let long = "a".repeat(51);
    for (text, valid) in [
        ("Accounts: {}", true),
        ("Default: {}\nScopes: {dev: {}}\nAccounts: {a: {scope: dev}}\nOrganizationUnits: {}", true),
        ("{}", false),
        ("Accounts: []", false),
        ("Accounts: {}\nAcounts: {}", false),
        ("Accounts: {Foo: {}}", false),
        (&format!("Accounts: {{{long}: {{}}}}"), false),
        (&format!("Accounts: {{{}: {{}}}}", long.get(..50).expect("50")), true),
        ("Accounts: {a: {regoin: us-east-1}}", false),
        ("Accounts: {a: {region: us-east}}", false),
        ("Accounts: {a: {region: us-gov-west-1}}", true),
        ("Accounts: {a: {id: '1'}}", false),
        ("Accounts: {a: {id: '012345678901'}}", true),
        ("Accounts: {a: {id: 111122223333}}", false),
        ("Default: {id: '111122223333'}\nAccounts: {}", false),
        ("Default: {policies: [x]}\nAccounts: {}", false),
        ("Accounts: {a: {policies: [FullAWSAccess, deny.v2]}}", true),
        ("Accounts: {a: {policies: [a/b]}}", false),
        ("Accounts: {a: {policies: [a, a]}}", false),
        ("Accounts: {a: {email: someone}}", false),
        ("Accounts: {a: {email: aws+a@example.com}}", true),
        ("Accounts: {a: {status: closed}}", false),
        ("Accounts: {a: {tier: Prod}}", false),
        ("Accounts: {a: {create_vpc: yes}}", false),
        ("Accounts: {a: {nat_gateway_count: -1}}", false),
        ("Accounts: {a: {nat_gateway_count: 3}}", true),
        ("Accounts: {a: {allowed_regions: []}}", false),
        ("Accounts: {a: {allowed_regions: [us-east-1, us-east-1]}}", false),
        ("Accounts: {a: {allowed_dns_domains: ['*.example.com']}}", false),
        ("Accounts: {a: {allowed_dns_domains: [com]}}", false),
        ("Accounts: {a: {allowed_dns_domains: [.a_b.example.com, =example.com]}}", true),
        ("Accounts: {a: {access: {rw: 1}}}", false),
        ("Accounts: {a: {access: {rw: 'PowerUser,Developer'}}}", true),
        ("Accounts: {a: {tags: {'aws:x': y}}}", false),
        ("Accounts: {a: {tags: {k: 'x*'}}}", false),
        ("Accounts: {a: {tags: {'Cost Center': 'ü 1/2'}}}", true),
        ("Accounts: {a: {service: ' x'}}", false),
        ("Accounts: {a: {service: x}}", true),
        ("Accounts: {a: {service: my service}}", true),
        ("Accounts: {}\nOrganizationUnits: {Dev: {id: ou-1}}", false),
        ("Accounts: {}\nOrganizationUnits: {Dev: {id: r-ab12}, 'Work Loads/Prod': {parent: Dev}}", true),
        ("Accounts: {}\nOrganizationUnits: {Dev: {policie: [a]}}", false),
        ("Accounts: {}\nOrganizationUnits: {' Dev': {}}", false),
    ] {
        assert_eq!(validator.is_valid(&tree(text)), valid, "the schema on {text}");
        assert_eq!(Accounts::parse("a.yaml", text).is_ok(), valid, "the reader on {text}");
    }
}
