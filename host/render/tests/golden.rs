//! Whole documents as golden files (`BLESS=1` rewrites them), each without a finding of cfn-lint.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests panic")]
#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs of what they share")]

mod common;

use common::{accounts, ecr, identity_access, lines, log_bucket, options, package, read, workspace};
use reeve_accounts::Accounts;
use reeve_render::{Options, render};
use std::process::Command;

/// Accounts of every sort: no id yet, suspended, values from each layer, a class of people on its own account.
const SMALL: &str = r#"
Default:
  use_cfr: true
  access: { security: ReadOnly }
Scopes:
  dev:
    tier: dev
    access: { all: Admin, rw: "PowerUser, Developer" }
  live:
    tier: standard
    use_cfr: false
Accounts:
  one: { scope: dev, id: "444455556666", service: foo }
  two: { scope: dev, id: "111122223333", service: foo, use_cfr: false }
  three: { scope: live, id: "222233334444", service: foo }
  four: { scope: live, id: "000000000001", service: bar, use_cfr: true, access: { break-glass: Admin } }
  new: { scope: dev, service: foo }
  gone: { scope: dev, id: "999999999999", service: foo, status: suspended }
"#;

const SMALL_ECR: &str = r#"
- name: foo-bar-image
  policies: [ dev-: "7 days", untagged: "1 day" ]
  permissions: { pull: { accounts: nonprod, services: foo } }
  repository-tags: { description: Foo Service, team: "a team@example.com" }
- name: team/shared.base_image
  permissions: { pull: { accounts: [nonprod, prod] } }
- name: private
  policies: [ untagged: "30 days" ]
"#;

struct Case {
    name: &'static str,
    accounts: Accounts,
    options: Options,
    input: Option<String>,
    findings: Vec<&'static str>,
}

fn cases() -> Vec<Case> {
    let example = || accounts(&read("policies/examples/accounts.yaml"));
    let example_ecr = || Some(read("policies/examples/render/ecr.yaml"));
    let small = || accounts(SMALL);
    let new = "warning RENDER_ACCOUNT_WITHOUT_ID accounts.yaml:17:3: account `new` has no id yet and is left out";
    let organization = "{document: log-bucket, output: l.json, role: infra/update-role, organization: o-abcdefghij}";
    let case = |name, accounts, options, input, findings| Case { name, accounts, options, input, findings };
    vec![
        case("example-ecr.json", example(), ecr(), example_ecr(), vec![]),
        case("example-log-bucket.json", example(), log_bucket(), None, vec![]),
        case("example-identity-access.json", example(), identity_access(), None, vec![]),
        case("small-ecr.json", small(), ecr(), Some(SMALL_ECR.to_owned()), vec![new]),
        case("small-log-bucket.json", small(), log_bucket(), None, vec![new]),
        case("small-identity-access.json", small(), identity_access(), None, vec![new]),
        case("organization-log-bucket.json", small(), options(organization), None, vec![]),
    ]
}

#[test]
fn documents_are_golden() {
    for case in cases() {
        let rendered = render(&case.accounts, &case.options, case.input.as_deref()).expect(case.name);
        assert_eq!(lines(&rendered.findings), case.findings, "{}", case.name);
        let path = package().join("tests/golden").join(case.name);
        if std::env::var_os("BLESS").is_some() {
            std::fs::create_dir_all(path.parent().expect("folder")).expect("folder");
            std::fs::write(&path, &rendered.text).expect("written");
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            there == rendered.text,
            "{} has changed; look at the difference, then bless it with BLESS=1",
            case.name
        );
    }
}

#[test]
fn cfn_lint_finds_nothing() {
    let lint = workspace().join("target/python/bin/cfn-lint");
    assert!(lint.exists(), "{} is not there; run `cargo xtask python`", lint.display());
    let folder = package().join("tests/golden");
    // No rule is ignored, information included.
    let output = Command::new(&lint)
        .args(["--include-checks", "I", "--regions", "us-east-1", "--"])
        .args(cases().iter().map(|case| folder.join(case.name)))
        .output()
        .expect("cfn-lint runs");
    let told = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.trim().is_empty(), "{told}{error}");
}

#[test]
fn the_readme_of_the_example_shows_these_options() {
    let readme = read("policies/examples/render/README.md");
    let yaml = readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block of YAML");
    let file = reeve_yaml::Document::parse("README.md", yaml).expect("YAML");
    let list = file.root().mapping().expect("mapping").required("render").expect("render").items().expect("items");
    let read: Vec<Options> = list.into_iter().map(|item| Options::read(item).expect("options")).collect();
    let kinds: Vec<&str> = read.iter().map(|options| options.kind().as_str()).collect();
    assert_eq!(kinds, ["ecr", "log-bucket", "identity-access"]);
    let accounts = accounts(&crate::read("policies/examples/accounts.yaml"));
    let input = crate::read("policies/examples/render/ecr.yaml");
    for (options, name) in
        read.iter().zip(["example-ecr.json", "example-log-bucket.json", "example-identity-access.json"])
    {
        let text = render(&accounts, options, Some(&input)).expect(name).text;
        assert_eq!(text, crate::read(&format!("host/render/tests/golden/{name}")), "{name}");
    }
}
