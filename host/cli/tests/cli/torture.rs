//! `reeve plugin torture` and `reeve policy bench`.

use crate::support::reeve;

const SETTINGS: &str = r#"{"tiers":["dev","infra"],"kinds":{"DNS_RECORD_CHANGE":"dev"}}"#;

#[test]
fn a_good_plugin_stands_every_trial() {
    let told = reeve(&["plugin", "torture", "target/plugins/sender-trust.wasm", "--settings", SETTINGS]);
    assert_eq!(told.code, 0, "{}", told.stdout);
    assert_eq!(told.stdout.lines().filter(|line| line.starts_with("pass ")).count(), 8, "{}", told.stdout);
    assert!(told.stdout.contains("14 requests at their edge, overshoot 0"), "{}", told.stdout);
}

#[test]
fn what_a_plugin_does_not_stand_is_found() {
    let told =
        reeve(&["plugin", "torture", "target/plugins/sender-trust.wasm", "--settings", SETTINGS, "--fuel", "7000"]);
    assert_eq!(told.code, 4, "{}", told.stdout);
    let failed: Vec<&str> = told.stdout.lines().filter(|line| line.starts_with("FAIL ")).collect();
    assert_eq!(failed.len(), 1, "{}", told.stdout);
    assert!(failed[0].contains("odd requests") && failed[0].contains("used up its fuel of 7000"), "{}", failed[0]);
    let told = reeve(&["plugin", "torture", "target/plugins/sender-trust.wasm", "--settings", "{"]);
    assert_eq!(told.code, 1, "{}", told.stderr);
    let told = reeve(&["plugin", "torture", "target/plugins/sender-trust.wasm"]);
    assert!(told.code == 1 && told.stderr.contains("--settings"), "{}", told.stderr);
}

#[test]
fn the_cost_of_each_case_is_told() {
    let bench = ["policy", "bench", "policies/sender-trust", "--rounds", "20", "--format", "json"];
    let told = reeve(&bench);
    assert_eq!(told.code, 0, "{}", told.stderr);
    let lines = told.json();
    assert!(lines.len() > 5, "{}", told.stdout);
    for line in &lines {
        assert!(line["fuel"].as_u64() > Some(0) && line["memory_bytes"].as_u64() >= Some(65_536), "{line}");
        assert!(
            line["p50_ns"].as_u64() <= line["p99_ns"].as_u64() && line["instance_p50_ns"].as_u64() > Some(0),
            "{line}"
        );
        assert_eq!(line["snapshot"], true, "{line}");
    }
    let same = [&bench[..], &["--against", "target/plugins/sender-trust.wasm"]].concat();
    let told = reeve(&same);
    assert!(told.code == 0 && told.json().iter().all(|line| line["same_answer"] == true), "{}", told.stdout);
    let other = [&bench[..], &["--filter", "tier", "--against", "target/plugins/hostile.wasm"]].concat();
    let told = reeve(&other);
    assert_eq!(told.code, 4, "the other plugin is not admitted: {}", told.stderr);
    assert!(told.stderr.contains("the other build is not measured: the plugin imports"), "{}", told.stderr);
    assert_eq!(reeve(&[&bench[..], &["--filter", "there is no such case"]].concat()).code, 1);
}
