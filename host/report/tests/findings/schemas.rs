//! The machine forms against their schemas: ours, and the one that OASIS publishes for SARIF.

use crate::sample::{findings, meanings, place, plain, report, root, sources, tool};
use reeve_model::{Finding, Severity};
use reeve_report::findings::{Report, Sources, json, sarif};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The schema of SARIF 2.1.0 as OASIS publishes it. A copy is in the sources of the crate serde-sarif, at the version
/// that the lock file pins; cargo knows where they are.
fn sarif_schema() -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    // Whoever has built this has the packages of this platform, and not those of others.
    cargo.args(["metadata", "--format-version", "1", "--offline", "--filter-platform", "host-tuple"]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|package| package["name"] == "serde-sarif").expect("serde-sarif");
    let manifest = Path::new(package["manifest_path"].as_str().expect("path"));
    let path = manifest.with_file_name("src").join("schema.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut schema: Value = serde_json::from_str(&text).expect("JSON");
    let id = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json";
    assert_eq!(schema["$id"], id, "another schema");
    // The published pattern of `language` has a bracket too many, which ECMA-262 refuses. We write no `language`.
    for definition in ["run", "toolComponent"] {
        let language = schema["definitions"][definition]["properties"]["language"].as_object_mut().expect("language");
        assert_eq!(language.remove("pattern"), Some("^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$".into()));
    }
    schema
}

fn validator(schema: &Value) -> jsonschema::Validator {
    jsonschema::options().should_validate_formats(true).build(schema).expect("a schema")
}

fn errors(validator: &jsonschema::Validator, document: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(document).expect("JSON");
    validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// Reports with everything, with nothing, and with texts that need escaping everywhere.
fn reports() -> Vec<(Report, Sources)> {
    let odd = Sources::from_iter([("a b/\u{1f600}:c?.json", "\u{1f600}\u{0}")]);
    let finding = Finding::new("\u{1b}", "odd code", Severity::Info, "%\n\u{0}\"<&>]]>")
        .at(place("a b/\u{1f600}:c?.json", 1, 2))
        .about("\u{fffe}")
        .fix("\u{7f}")
        .related(place("", 0, 0), "");
    vec![
        (report(), sources()),
        (Report::default(), Sources::new()),
        (plain(vec![finding], &odd), odd),
        (plain(findings(), &Sources::new()), Sources::new()),
    ]
}

#[test]
fn sarif_is_valid_against_the_published_schema() {
    let validator = validator(&sarif_schema());
    for (report, sources) in reports() {
        let text = sarif(&report, &sources, &tool(&meanings()));
        assert_eq!(errors(&validator, &text), [""; 0], "{text}");
    }
}

#[test]
fn the_published_schema_refuses_what_is_no_sarif() {
    let validator = validator(&sarif_schema());
    let text = sarif(&report(), &sources(), &tool(&meanings()));
    for (from, to) in [
        ("\"version\": \"2.1.0\"", "\"version\": \"2.0.0\""),
        ("\"startLine\": 3", "\"startLine\": 0"),
        ("\"level\": \"error\"", "\"level\": \"fatal\""),
        ("\"uri\": \"accounts.yaml\"", "\"uri\": \"a b\""),
        ("\"kind\": \"external\"", "\"kind\": \"elsewhere\""),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(!errors(&validator, &text.replace(from, to)).is_empty(), "{to}");
    }
}

#[test]
fn what_the_schema_of_sarif_cannot_say_holds_too() {
    for (report, sources) in reports() {
        let document: Value = serde_json::from_str(&sarif(&report, &sources, &tool(&meanings()))).expect("JSON");
        let run = &document["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
        for result in run["results"].as_array().expect("results") {
            let index = usize::try_from(result["ruleIndex"].as_u64().expect("index")).expect("small");
            assert_eq!(rules[index]["id"], result["ruleId"]);
            // Without one the whole document is refused by GitHub.
            assert!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].is_string());
            assert!(result["suppressions"].is_array(), "all results or none (3.27.23)");
            assert_eq!(result["baselineState"].is_string(), document.to_string().contains("unchanged"));
        }
    }
}

#[test]
fn json_is_valid_against_our_schema() {
    let path = root().join("docs/schema/check-output.schema.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    let validator = validator(&schema);
    for (report, sources) in reports() {
        let text = json(&report, &sources);
        assert_eq!(errors(&validator, &text), [""; 0], "{text}");
    }
    let text = json(&report(), &sources());
    for (from, to) in [
        ("\"version\":1", "\"version\":2"),
        ("\"severity\":\"error\"", "\"severity\":\"bad\""),
        ("\"expires\":\"2026-12-31\"", "\"expires\":\"soon\""),
        ("\"line\":3", "\"line\":\"3\""),
        ("\"fingerprint\":\"sha256:", "\"fingerprint\":\"md5:"),
        ("\"errors\":3,", ""),
        ("\"waivable\":", "\"waiveable\":"),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(!errors(&validator, &text.replacen(from, to, 1)).is_empty(), "{to}");
    }
}
