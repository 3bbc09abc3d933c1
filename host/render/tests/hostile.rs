//! Whatever the files say, what is rendered is JSON in which CloudFormation fills in only what Reeve left to it.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests panic")]
#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs of what they share")]

mod common;

use common::{ecr, identity_access, json, log_bucket, options};
use proptest::prelude::*;
use reeve_accounts::Accounts;
use reeve_json::{Value, compact};
use reeve_render::{Options, render};

/// Texts that are names now and then, and now and then try to be more.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("foo".to_owned()),
        Just("dev".to_owned()),
        Just("-".to_owned()),
        Just("/".to_owned()),
        Just("${AWS::AccountId}".to_owned()),
        Just("${!x}".to_owned()),
        Just("{{resolve:ssm:/pub/x}}".to_owned()),
        Just("*".to_owned()),
        Just("\"},{\"".to_owned()),
        Just("\\".to_owned()),
        "[a-zA-Z0-9]{1,4}",
        ".{0,3}",
    ];
    prop_oneof![3 => "[a-z]{2,8}", 2 => prop::collection::vec(piece, 1..4).prop_map(|parts| parts.concat())]
}

/// A text as YAML and JSON both write it.
fn quoted(text: &str) -> String {
    compact(&Value::from(text))
}

/// Checks a whole tree: `${…}` stands only in `Fn::Sub` and names only what is known; no dynamic reference anywhere.
fn check(value: &Value, in_sub: bool) -> Result<(), TestCaseError> {
    match value {
        Value::String(text) => {
            prop_assert!(!text.contains("{{"), "{}", text);
            for variable in text.split("${").skip(1) {
                let name = variable.split('}').next().unwrap_or_default();
                let known = ["AWS::Partition", "AWS::AccountId", "CfrLogsBucket"].contains(&name);
                prop_assert!(in_sub && known, "{}", text);
            }
        }
        Value::Array(items) => items.iter().try_for_each(|item| check(&item.value, false))?,
        Value::Object(object) => {
            for member in object {
                prop_assert!(!member.key.contains("${") && !member.key.contains("{{"), "{}", member.key);
                check(&member.value.value, member.key == "Fn::Sub")?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

fn rendered(accounts: &Accounts, options: &Options, input: &str) -> Result<bool, TestCaseError> {
    let first = render(accounts, options, Some(input));
    prop_assert_eq!(&first, &render(accounts, options, Some(input)));
    let Ok(first) = first else { return Ok(false) };
    check(&json(&first.text).value, false)?;
    Ok(true)
}

proptest! {
    #[test]
    fn a_description_cannot_reach_beyond_its_strings(
        name in text(), prefix in text(), service in text(), key in text(), value in text(),
    ) {
        let accounts = format!("Accounts:\n  a: {{ id: \"111122223333\", service: {} }}\n", quoted(&service));
        let input = format!(
            "- name: {}\n  policies: [{{ {}: 7 days }}]\n  permissions: {{ pull: {{ services: {} }} }}\n  repository-tags: {{ {}: {} }}\n",
            quoted(&name), quoted(&prefix), quoted(&service), quoted(&key), quoted(&value),
        );
        let Ok(accounts) = Accounts::parse("accounts.yaml", &accounts) else { return Ok(()) };
        rendered(&accounts, &ecr(), &input)?;
    }

    #[test]
    fn access_cannot_reach_beyond_its_strings(class in text(), role in text()) {
        let text = format!(
            "Default: {{ use_cfr: true, access: {{ {}: {} }} }}\nAccounts:\n  a: {{ id: \"111122223333\" }}\n",
            quoted(&class), quoted(&role),
        );
        let Ok(accounts) = Accounts::parse("accounts.yaml", &text) else { return Ok(()) };
        rendered(&accounts, &identity_access(), "")?;
        prop_assert!(rendered(&accounts, &log_bucket(), "")?, "the bucket does not depend on access");
    }

    #[test]
    fn the_role_of_the_bucket_cannot_reach_beyond_its_string(role in text()) {
        let text = format!("{{document: log-bucket, output: x, role: {}}}", quoted(&role));
        let Ok(yaml) = reeve_yaml::Document::parse("reeve.yaml", &text) else { return Ok(()) };
        let Ok(options) = Options::read(yaml.root()) else { return Ok(()) };
        let accounts = common::accounts("Accounts: {}");
        prop_assert!(rendered(&accounts, &options, "")?);
    }
}

#[test]
fn the_generator_also_makes_documents_that_render() {
    let accounts = common::accounts("Accounts:\n  a: { id: \"111122223333\", service: foo, access: { rw: Admin } }\n");
    let input = "- name: foo\n  permissions: { pull: { services: foo } }\n";
    let role = options("{document: log-bucket, output: x, role: foo}");
    for options in [ecr(), identity_access(), log_bucket(), role] {
        assert!(rendered(&accounts, &options, input).expect("no failure"), "{options:?}");
    }
}
