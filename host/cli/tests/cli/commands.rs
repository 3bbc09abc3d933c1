//! Help, completion, inspection, and how wrong usage ends.

use crate::support::reeve;

#[test]
fn help_teaches_and_wrong_usage_ends_in_two() {
    for (args, text) in [
        (&["--help"][..], "Exit codes: 0 done, 1 could not run, 2 usage, 3 denied, 4 findings"),
        (&["run", "--help"], "--vouch"),
        (&["policy", "test", "--help"], "A case is a request and the verdict"),
        (&["plugin", "inspect", "--help"], "permission list"),
        (&["explain", "--help"], "--receipt"),
    ] {
        let output = reeve(args);
        assert_eq!(output.code, 0, "{args:?}");
        assert!(output.stdout.contains(text), "{args:?} lacks {text}:\n{}", output.stdout);
    }
    for args in [&["rum"][..], &["run", "--nwo", "x"], &["explain"], &["run", "--format", "xml"]] {
        let output = reeve(args);
        assert_eq!(output.code, 2, "{args:?}");
        assert!(output.stdout.is_empty() && output.stderr.contains("--help"), "{args:?}: {}", output.stderr);
    }
}

#[test]
fn completion_is_there_for_the_usual_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let output = reeve(&["completion", shell]);
        assert_eq!(output.code, 0);
        for word in ["run", "policy", "plugin", "explain", "no-receipts"] {
            assert!(output.stdout.contains(word), "{shell} lacks {word}");
        }
    }
}

#[test]
fn the_shipped_plugins_import_what_they_need_and_no_more() {
    for (plugin, imports) in
        [("sender-trust", &[][..]), ("scp-validation", &[]), ("dns-allowlist", &["reeve:policy/dataset@0.1.0"])]
    {
        let path = format!("target/plugins/{plugin}.wasm");
        let output = reeve(&["plugin", "inspect", &path, "--format", "json"]);
        assert_eq!(output.code, 0, "{}", output.stderr);
        let it = &output.json()[0];
        assert_eq!(it["imports"], serde_json::json!(imports), "{plugin}");
        assert_eq!((it["name"].as_str(), it["admitted"].as_bool()), (Some(plugin), Some(true)));
        assert!(it["reasons"].as_object().is_some_and(|reasons| reasons.len() > 3));
        let schema = it["settings_schema"].as_str().expect("a schema");
        let schema: serde_json::Value = serde_json::from_str(schema).expect("JSON");
        assert!(jsonschema::draft202012::new(&schema).is_ok(), "{plugin}'s settings schema");
        let human = reeve(&["plugin", "inspect", &path]);
        assert!(human.stdout.contains(plugin), "{}", human.stdout);
    }
    let wrong = reeve(&["plugin", "inspect", "Cargo.toml"]);
    assert_eq!(wrong.code, 4);
    assert!(wrong.stdout.contains("NotAComponent"), "{}", wrong.stdout);
}
