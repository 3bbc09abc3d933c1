//! Tables over hostile and ordinary requests of the kind above.

use super::*;
use crate::Parameter as Stored;
use crate::testing::{codes, event, expected, plan, refused};
use reeve_json::{Value, compact};

fn config() -> PutParameter {
    PutParameter { path: "/pub".to_owned() }
}

fn item(name: &str, value: &str) -> Value {
    Value::object([("name", name), ("value", value)])
}

fn detail(items: Vec<Value>) -> String {
    compact(&Value::object([("parameters", Value::array(items))]))
}

/// A request that removes these names and writes nothing.
fn removal(names: &[&str]) -> String {
    compact(&Value::object([("remove", Value::array(names.iter().copied()))]))
}

fn stored(parameters: &[(&str, &str, &str)]) -> World {
    let parameters = parameters.iter().map(|(name, value, parameter_type)| {
        let stored = Stored { value: (*value).to_owned(), parameter_type: (*parameter_type).to_owned() };
        ((*name).to_owned(), stored)
    });
    World { parameters: parameters.collect(), ..World::default() }
}

#[test]
fn one_put_per_changed_value() {
    let sent = r#"{"parameters":[
        {"name":"/pub/new","value":"a"},
        {"name":"/pub/same","value":"b"},
        {"name":"/pub/other","value":"c,d","type":"StringList"}]}"#;
    let world = stored(&[("/pub/same", "b", "String"), ("/pub/other", "c", "StringList")]);
    let put = |at: &str, name: &str, value: &str, parameter_type: &str, before: Option<&str>| PlannedAction {
        at: at.to_owned(),
        action: Action::PutParameter(action::PutParameter {
            name: name.to_owned(),
            value: value.to_owned(),
            parameter_type: parameter_type.to_owned(),
            overwrite: before.is_some(),
            before: before.map(str::to_owned),
        }),
    };
    let wanted = vec![
        put("/detail/parameters/0", "/pub/new", "a", "String", None),
        put("/detail/parameters/2", "/pub/other", "c,d", "StringList", Some("c")),
    ];
    assert_eq!(plan(&config(), sent, &world), Ok(wanted));
    let (config, event) = (config(), event(&config(), sent));
    let ask = Ask::read(&event, &config).expect("good");
    let names = ["/pub/new", "/pub/same", "/pub/other"].map(str::to_owned).into();
    assert_eq!(config.draft(&ask).expect("good").needs(), [Need::Parameters(names)]);
    let again =
        stored(&[("/pub/new", "a", "String"), ("/pub/same", "b", "String"), ("/pub/other", "c,d", "StringList")]);
    assert_eq!(plan(&config, sent, &again), Ok(Vec::new()));
}

#[test]
fn names_are_stored_unchanged_or_refused() {
    let levels = |count: usize| format!("/pub{}", "/x".repeat(count - 1));
    let long = |chars: usize| format!("/pub/{}", "x".repeat(chars - "/pub/".len()));
    for (name, code) in [
        ("/pub/x", None),
        ("/pub/a/B_c.d-9", None),
        ("/pub/aws", None),
        ("/pub/...", None),
        (&levels(LEVELS_MAX), None),
        (&levels(LEVELS_MAX + 1), Some("PARAM_NAME")),
        (&long(NAME_CHARS_MAX), None),
        (&long(NAME_CHARS_MAX + 1), Some("PARAM_NAME")),
        ("", Some("PARAM_NAME")),
        ("/", Some("PARAM_NAME")),
        (" /pub/x ", Some("PARAM_NAME")),
        ("/pub/x\n", Some("PARAM_NAME")),
        ("/pub/\u{a0}x", Some("PARAM_NAME")),
        ("/pub/x*", Some("PARAM_NAME")),
        ("/pub/x:1", Some("PARAM_NAME")),
        ("/pub/../prod", Some("PARAM_NAME")),
        ("/pub/./x", Some("PARAM_NAME")),
        ("/pub//x", Some("PARAM_NAME")),
        ("//pub/x", Some("PARAM_NAME")),
        ("/pub/", Some("PARAM_NAME")),
        ("pub/x", Some("PARAM_NAME")),
        ("/aws/x", Some("PARAM_NAME")),
        ("/AWSx/y", Some("PARAM_NAME")),
        ("SsmFoo", Some("PARAM_NAME")),
        ("arn:aws:ssm:us-east-1:111111111111:parameter/pub/x", Some("PARAM_NAME")),
        ("/pub", Some("PARAM_PATH")),
        ("/public", Some("PARAM_PATH")),
        ("/pubx/y", Some("PARAM_PATH")),
        ("/Pub/x", Some("PARAM_PATH")),
        ("/prod/pub/x", Some("PARAM_PATH")),
        ("pub", Some("PARAM_PATH")),
    ] {
        let found = plan(&config(), &detail(vec![item(name, "v")]), &World::default()).map_err(|found| codes(&found));
        assert_eq!(found.err(), code.map(|code| expected(&[(code, "/detail/parameters/0/name")])), "{name}");
        let found = plan(&config(), &removal(&[name]), &World::default()).map_err(|found| codes(&found));
        assert_eq!(found.err(), code.map(|code| expected(&[(code, "/detail/remove/0")])), "{name}");
    }
}

#[test]
fn removals_come_before_puts() {
    let sent = r#"{"parameters":[{"name":"/pub/new","value":"a"}],"remove":["/pub/old","/pub/gone","/pub/list"]}"#;
    let world = stored(&[("/pub/old", "x", "String"), ("/pub/list", "x", "StringList")]);
    let calls = |sent: &str, world: &World| {
        let call = |planned: &PlannedAction| {
            let name = planned.to_json().as_object()?.get("name")?.as_str().map(str::to_owned)?;
            Some(format!("{} {} {name}", planned.at, planned.action.call()))
        };
        plan(&config(), sent, world).expect(sent).iter().filter_map(call).collect::<Vec<_>>()
    };
    // What is not there needs no call.
    let wanted = [
        "/detail/remove/0 ssm:DeleteParameter /pub/old",
        "/detail/remove/2 ssm:DeleteParameter /pub/list",
        "/detail/parameters/0 ssm:PutParameter /pub/new",
    ];
    assert_eq!(calls(sent, &world), wanted);
    assert_eq!(calls(sent, &stored(&[("/pub/new", "a", "String")])), [""; 0]);
    assert_eq!(calls(&removal(&["/pub/old"]), &world), [wanted[0]]);
    assert_eq!(calls(r#"{"parameters":[],"remove":["/pub/old"]}"#, &world), [wanted[0]]);
    let (config, event) = (config(), event(&config(), sent));
    let ask = Ask::read(&event, &config).expect("good");
    let names = ["/pub/new", "/pub/old", "/pub/gone", "/pub/list"].map(str::to_owned).into();
    assert_eq!(config.draft(&ask).expect("good").needs(), [Need::Parameters(names)]);
    // A secret is nobody's to take away here.
    let secret = stored(&[("/pub/old", "x", "SecureString")]);
    let refused = plan(&config, &removal(&["/pub/old"]), &secret).map_err(|found| codes(&found));
    assert_eq!(refused.err(), Some(expected(&[("PARAM_VALUE", "/detail/remove/0")])));
}

#[test]
fn a_slash_at_the_end_of_the_path_changes_nothing() {
    let config = PutParameter { path: "/pub/".to_owned() };
    assert!(plan(&config, &detail(vec![item("/pub/x", "v")]), &World::default()).is_ok());
    let refusals = refused(&config, &detail(vec![item("/public", "v")]), &World::default());
    assert_eq!(refusals, expected(&[("PARAM_PATH", "/detail/parameters/0/name")]));
}

#[test]
fn values_are_stored_unchanged_or_refused() {
    let full = "\u{e9}".repeat(VALUE_BYTES_MAX / 2);
    for (value, code) in [
        ("v", None),
        ("{ {x}}", None),
        ("a\nb", None),
        (&full, None),
        (&format!("{full}x"), Some("PARAM_VALUE")),
        ("", Some("PARAM_VALUE")),
        ("{{ x }}", Some("PARAM_VALUE")),
        ("{{global:DATE}}", Some("PARAM_VALUE")),
        ("{{", Some("PARAM_VALUE")),
        ("{{ssm:/prod/db}}", Some("SSM_TEMPLATE")),
        ("a {{  ssm-secure:x}}", Some("SSM_TEMPLATE")),
        ("{{x}} {{\tSSM:y}}", Some("SSM_TEMPLATE")),
        ("{{{ssm:x}}}", Some("SSM_TEMPLATE")),
        ("{{ss\u{e9}", Some("PARAM_VALUE")),
    ] {
        let sent = detail(vec![item("/pub/x", value)]);
        let found = plan(&config(), &sent, &World::default()).map_err(|found| codes(&found));
        assert_eq!(found.err(), code.map(|code| expected(&[(code, "/detail/parameters/0/value")])), "{value}");
    }
    let both = detail(vec![item("/pub/x", &format!("{full}{{{{ssm:x}}}}"))]);
    let at = "/detail/parameters/0/value";
    assert_eq!(refused(&config(), &both, &World::default()), expected(&[("PARAM_VALUE", at), ("SSM_TEMPLATE", at)]));
}

#[test]
fn a_type_cannot_change() {
    let untyped = detail(vec![item("/pub/x", "v")]);
    let typed = r#"{"parameters":[{"name":"/pub/x","value":"v","type":"String"}]}"#;
    for now in ["StringList", "SecureString"] {
        let world = stored(&[("/pub/x", "v", now)]);
        assert_eq!(refused(&config(), &untyped, &world), expected(&[("PARAM_VALUE", "/detail/parameters/0/name")]));
        assert_eq!(refused(&config(), typed, &world), expected(&[("PARAM_VALUE", "/detail/parameters/0/type")]));
    }
}

#[test]
fn the_list_is_bounded_and_free_of_repeats() {
    let many = |count: usize| detail((0..count).map(|index| item(&format!("/pub/{index}"), "v")).collect());
    assert_eq!(
        plan(&config(), &many(PARAMETERS_MAX), &World::default()).map(|actions| actions.len()),
        Ok(PARAMETERS_MAX)
    );
    for count in [0, PARAMETERS_MAX + 1] {
        let refusals = refused(&config(), &many(count), &World::default());
        assert_eq!(refusals, expected(&[("BAD_VALUE", "/detail/parameters")]), "{count}");
    }
    let names: Vec<String> = (0..=PARAMETERS_MAX).map(|index| format!("/pub/old/{index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let both = |items: usize, removed: usize| {
        let items = (0..items).map(|index| item(&format!("/pub/{index}"), "v"));
        let removed = names.iter().take(removed).copied();
        compact(&Value::object([("parameters", Value::array(items)), ("remove", Value::array(removed))]))
    };
    for (items, removed, at) in [
        (0, 1, None),
        (0, PARAMETERS_MAX, None),
        (1, PARAMETERS_MAX - 1, None),
        (0, 0, Some("/detail/parameters")),
        (0, PARAMETERS_MAX + 1, Some("/detail/remove")),
        (1, PARAMETERS_MAX, Some("/detail/remove")),
        (PARAMETERS_MAX, 1, Some("/detail/parameters")),
    ] {
        let found = plan(&config(), &both(items, removed), &World::default()).map_err(|found| codes(&found));
        assert_eq!(found.err(), at.map(|at| expected(&[("BAD_VALUE", at)])), "{items} {removed}");
    }
    let again = r#"{"parameters":[{"name":"/pub/x","value":"1"}],"remove":["/pub/y","/pub/x","/pub/y"]}"#;
    let wanted = [("BATCH_CONFLICT", "/detail/remove/1"), ("BATCH_CONFLICT", "/detail/remove/2")];
    assert_eq!(refused(&config(), again, &World::default()), expected(&wanted));
    let twice = detail(vec![item("/pub/x", "1"), item("/pub/X", "1"), item("/pub/x", "1")]);
    let refusals = refused(&config(), &twice, &World::default());
    assert_eq!(refusals, expected(&[("BATCH_CONFLICT", "/detail/parameters/2/name")]));
}

#[test]
fn types_and_fields_are_strict() {
    for (sent, pairs) in [
        ("{}", &[("MISSING_FIELD", "/detail/parameters")][..]),
        (r#"{"parameters":{}}"#, &[("BAD_TYPE", "/detail/parameters")]),
        (r#"{"remove":[]}"#, &[("MISSING_FIELD", "/detail/parameters")]),
        (r#"{"remove":"/pub/x"}"#, &[("BAD_TYPE", "/detail/remove")]),
        (r#"{"remove":null}"#, &[("BAD_TYPE", "/detail/remove")]),
        (r#"{"remove":[{"name":"/pub/x"}]}"#, &[("BAD_TYPE", "/detail/remove/0")]),
        (
            r#"{"parameters":[{"name":"/x","value":"1"}],"remove":[1,"/pub/../x","/pub"]}"#,
            &[
                ("PARAM_PATH", "/detail/parameters/0/name"),
                ("BAD_TYPE", "/detail/remove/0"),
                ("PARAM_NAME", "/detail/remove/1"),
                ("PARAM_PATH", "/detail/remove/2"),
            ],
        ),
        (r#"{"parameters":["/pub/x"]}"#, &[("BAD_TYPE", "/detail/parameters/0")]),
        (
            r#"{"parameters":[{}]}"#,
            &[("MISSING_FIELD", "/detail/parameters/0/name"), ("MISSING_FIELD", "/detail/parameters/0/value")],
        ),
        (r#"{"parameters":[{"name":"/pub/x","value":1}]}"#, &[("BAD_TYPE", "/detail/parameters/0/value")]),
        (
            r#"{"parameters":[{"name":"/pub/x","value":"1","type":"SecureString"}]}"#,
            &[("BAD_ENUM", "/detail/parameters/0/type")],
        ),
        (
            r#"{"parameters":[{"name":"/pub/x","value":"1","type":"string"}]}"#,
            &[("BAD_ENUM", "/detail/parameters/0/type")],
        ),
        (r#"{"parameters":[{"name":"/pub/x","value":"1","type":null}]}"#, &[("BAD_TYPE", "/detail/parameters/0/type")]),
        (
            r#"{"parameters":[{"name":"/pub/x","value":"1","overwrite":true}]}"#,
            &[("UNKNOWN_FIELD", "/detail/parameters/0/overwrite")],
        ),
        (r#"{"parameters":[{"name":"/pub/x","value":"1"}],"path":"/"}"#, &[("UNKNOWN_FIELD", "/detail/path")]),
        (
            r#"{"parameters":[{"name":"/x","value":""},{"name":"/pub/../x","value":"{{"}]}"#,
            &[
                ("PARAM_PATH", "/detail/parameters/0/name"),
                ("PARAM_VALUE", "/detail/parameters/0/value"),
                ("PARAM_NAME", "/detail/parameters/1/name"),
                ("PARAM_VALUE", "/detail/parameters/1/value"),
            ],
        ),
    ] {
        assert_eq!(refused(&config(), sent, &World::default()), expected(pairs), "{sent}");
    }
}
