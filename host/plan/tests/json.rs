//! The JSON of a plan against its schema, and the schema against its golden file. `BLESS=1` accepts a new one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::{DENY, plan, state};
use reeve_json::{Value, canonical, compact};
use std::path::Path;

fn serde(value: &Value) -> serde_json::Value {
    serde_json::from_str(&compact(value)).expect("JSON")
}

#[test]
fn the_schema_is_the_golden_one() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/plan.schema.json");
    let text = serde_json::to_string_pretty(&serde(&reeve_plan::schema())).expect("JSON") + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&golden, &text).expect("the golden file can be written");
    }
    let kept = std::fs::read_to_string(&golden).expect("docs/schema/plan.schema.json");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&kept).expect("JSON"), serde(&reeve_plan::schema()));
}

#[test]
fn plans_are_as_the_schema_says() {
    let schema = jsonschema::validator_for(&serde(&reeve_plan::schema())).expect("a good schema");
    let before = state("Accounts:\n  old: {id: \"111111111111\", organization_unit: Dev}\n", &[("a", DENY)]);
    let after = state(
        "Accounts:\n  foo: {email: aws+foo@example.com, organization_unit: Dev, service: foo}\n",
        &[("a", &DENY.replace("Guard", "Watch"))],
    );
    for (before, after) in [(&before, &after), (&after, &before), (&before, &before)] {
        let json = serde(&plan(before, after).to_json());
        let errors: Vec<String> = schema.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{json:#}");
    }
    let whole = serde(&plan(&before, &after).to_json());
    for pointer in ["/requests/0/id", "/requests/0/changes/0/what", "/findings/0/code", "/epoch"] {
        let mut broken = whole.clone();
        *broken.pointer_mut(pointer).expect(pointer) = serde_json::Value::Bool(true);
        assert!(!schema.is_valid(&broken), "{pointer}");
    }
}

#[test]
fn a_request_reads_as_documented() {
    let before = state("Accounts:\n  foo: {id: \"111111111111\", organization_unit: Dev}\n", &[]);
    let after = state("Accounts:\n  foo: {id: \"111111111111\", organization_unit: Standard}\n", &[]);
    let found = plan(&before, &after);
    let nonce = found.requests[0].nonce.as_ref().expect("ready").as_str();
    let json = found.to_json();
    let request =
        json.as_object().expect("an object").get("requests").expect("there").as_array().expect("a list")[0].clone();
    let place = r#"{"column":29,"file":"accounts.yaml","line":2}"#;
    let expected = format!(
        r#"{{"after":[],"awaits":[],"changes":[{{"after":"Standard","before":"Dev","place":{place},"what":"organization unit"}}],"detail":{{"OU":"Standard","account_to_move":"111111111111","dryrun":false,"nonce":"{nonce}"}},"gate":"management","id":"move-account/foo","kind":"MOVE_ACCOUNT","nonce":"{nonce}","place":{place},"ready":true,"summary":"move account `foo` from unit `Dev` to unit `Standard`"}}"#
    );
    assert_eq!(canonical(&request.value), expected);
}
