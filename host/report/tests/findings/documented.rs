//! What the documentation shows is what is read.

use crate::sample::root;
use reeve_report::findings::{Baseline, Waivers};

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The first block of the page in this language.
fn block(page: &str, language: &str) -> String {
    let (_, behind) = page.split_once(&format!("```{language}\n")).expect("a block");
    behind.split_once("```").expect("its end").0.to_owned()
}

#[test]
fn the_examples_of_waivers_and_baseline_are_valid() {
    let page = read("docs/findings.md");
    let waivers = Waivers::parse("waivers.yaml", &block(&page, "yaml")).expect("valid");
    assert_ne!(waivers, Waivers::default());
    let baseline = block(&page, "json").replace("sha256:…", &format!("sha256:{}", "0".repeat(64)));
    assert_eq!(Baseline::parse("baseline.json", &baseline).expect("valid").to_json(), baseline);
}

#[test]
fn every_code_of_this_crate_is_documented() {
    let page = read("docs/findings.md");
    for code in ["WAIVER_INVALID", "WAIVER_NOT_ALLOWED", "WAIVER_EXPIRED", "WAIVER_UNUSED", "BASELINE_INVALID"] {
        assert!(page.contains(&format!("`{code}`")), "{code}");
    }
}

#[test]
fn the_examples_for_ci_are_yaml_that_two_readers_read_alike() {
    for path in ["docs/examples/ci/github-workflow.yml", "docs/examples/ci/pre-commit-config.yaml"] {
        let document = reeve_yaml::Document::parse(path, &read(path));
        assert!(document.is_ok(), "{document:?}");
        assert!(read("docs/findings.md").contains(&path.replacen("docs/", "", 1)), "{path} is not linked");
    }
}
