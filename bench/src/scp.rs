//! What a check before a merge costs: a folder of policies, a permission below many of them, a project of 1,000 accounts.

use super::measure;
use anyhow::{Context, Result, anyhow, ensure};
use reeve::check::{self, Wish};
use reeve_model::Timestamp;
use reeve_scp::{Call, Document, Organization, Truth};
use scp_validation::rules::{Settings, validate};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Accounts of the project.
const ACCOUNTS: usize = 1_000;
/// Documents of the folder of policies.
const DOCUMENTS: usize = 68;
/// Policies that bind the account that is asked about.
const BINDING: usize = 33;
/// Units below the root.
const UNITS: usize = 8;

/// A policy as people write it: five statements, each of another service, with the exemption and the conditions that are
/// usual. The number makes each another one.
fn document(number: usize) -> String {
    let services = ["s3", "ec2", "iam", "kms", "lambda", "rds", "sns", "sqs", "ssm", "logs"];
    let actions = ["Delete*", "Put*", "Create*", "Update*", "Tag*"];
    let statements: Vec<String> = (0..5)
        .map(|at| {
            let service = services.get((number + at) % services.len()).copied().unwrap_or("s3");
            let action = actions.get((number / 2 + at) % actions.len()).copied().unwrap_or("Put*");
            format!(
                r#"    {{
      "Sid": "Keep{number}x{at}",
      "Effect": "Deny",
      "Action": ["{service}:{action}"],
      "Resource": "*",
      "Condition": {{
        "ArnNotLike": {{ "aws:PrincipalArn": "arn:aws:iam::*:role/BreakGlass" }},
        "StringEquals": {{ "aws:PrincipalTag/team{number}": "x" }}
      }}
    }}"#
            )
        })
        .collect();
    format!("{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n{}\n  ]\n}}\n", statements.join(",\n"))
}

const FULL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// An account below [`BINDING`] policies on four levels.
fn organization() -> Result<Organization> {
    let mut builder = Organization::builder("r-abcd", "999988887777");
    builder.unit("ou-1", "one", "r-abcd").unit("ou-2", "two", "ou-1").account(
        "111122223333",
        Some("111122223333"),
        "foo",
        "ou-2",
    );
    let levels = ["r-abcd", "ou-1", "ou-2", "111122223333"];
    builder.policy("full", "FullAWSAccess", Document::parse(FULL)?);
    for level in levels {
        builder.attach(level, "full");
    }
    for number in 0..BINDING - 1 {
        let key = format!("p-{number}");
        builder.policy(&key, &key, Document::parse(&document(number))?);
        builder.attach(levels.get(number % levels.len()).copied().unwrap_or("r-abcd"), &key);
    }
    builder.build().map_err(|error| anyhow!("{error}"))
}

/// Prints the figures.
pub(crate) fn run(root: &Path, now: Timestamp) -> Result<()> {
    let table = std::fs::read_to_string(root.join("policies/scp-validation/actions.txt")).context("the table")?;
    let settings = Settings { actions: Some(table.trim_end().to_owned()), minified_later: true, ..Settings::default() };
    let documents: Vec<String> = (0..DOCUMENTS).map(document).collect();
    let start = Instant::now();
    let findings: usize = documents.iter().map(|text| validate(text, &settings).len()).sum();
    println!(
        "\n{DOCUMENTS} policies against the table of actions, natively: {:.2} ms ({findings} findings)",
        start.elapsed().as_secs_f64() * 1_000.0
    );
    let organization = organization()?;
    let call =
        Call::new("s3:GetObject").by("arn:aws:iam::111122223333:role/app", "111122223333").on("arn:aws:s3:::b/k");
    let asked = || organization.decide("111122223333", &call).map(|effective| effective.allowed);
    ensure!(asked() == Ok(Truth::True), "the call is let through");
    let decided = measure(|| drop(std::hint::black_box(asked())));
    println!(
        "a permission below {BINDING} policies on four levels: p50 {:.2} us, p99 {:.2} us",
        decided.p50_us, decided.p99_us
    );
    project(root, now)
}

/// A project of many accounts in a repository, one commit old, with one policy and one account changed.
fn project(root: &Path, now: Timestamp) -> Result<()> {
    let folder = tempfile::tempdir().context("a folder")?;
    let path = folder.path();
    let policies = root.join("policies");
    let write = |name: &str, text: &str| -> Result<()> {
        let file = path.join(name);
        std::fs::create_dir_all(file.parent().context("a parent")?)?;
        Ok(std::fs::write(file, text)?)
    };
    write("accounts.yaml", &accounts("dev"))?;
    for number in 0..DOCUMENTS {
        write(&format!("scps/p{number}.json"), &document(number))?;
    }
    let gate = std::fs::read_to_string(root.join("policies/examples/management/gate.yaml")).context("a gate")?;
    let lines = gate.lines().filter(|line| !line.starts_with("facts:"));
    let gate = lines.collect::<Vec<_>>().join("\n").replace("../..", "../policies");
    write("gates/management.yaml", &format!("{gate}\n"))?;
    // A check reads inside the repository alone.
    for file in ["sender-trust/policy.yaml", "scp-validation/policy.yaml", "scp-validation/actions.txt"] {
        write(&format!("policies/{file}"), &std::fs::read_to_string(policies.join(file)).context(file)?)?;
    }
    write(".gitignore", "target\n")?;
    std::fs::create_dir_all(path.join("target/plugins"))?;
    for plugin in ["sender-trust.wasm", "scp-validation.wasm"] {
        let (from, to) = (root.join("target/plugins").join(plugin), path.join("target/plugins").join(plugin));
        std::fs::copy(from, to).context(plugin)?;
    }
    write(
        "reeve.yaml",
        "accounts: accounts.yaml\nscps: scps\ngates:\n  management: { file: gates/management.yaml }\npipeline: { account: \
         \"777788889999\", region: ap-southeast-2 }\ncheck:\n  policies: [scp-validation]\n  actions: \
         policies/scp-validation/actions.txt\n  protect: [{ principal: \"arn:aws:iam::*:role/BreakGlass\" }]\n",
    )?;
    for args in [&["init", "--quiet"][..], &["add", "--all"], &["commit", "--quiet", "--message", "base"]] {
        let mut git = Command::new("git");
        git.arg("-C").arg(path).args(["-c", "user.name=bench", "-c", "user.email=bench@example.com"]).args(args);
        ensure!(git.status()?.success(), "git {args:?} failed");
    }
    write("accounts.yaml", &accounts("standard"))?;
    write("scps/p1.json", &document(1).replace("\"x\"", "\"y\""))?;
    let file = path.join("reeve.yaml");
    let wish = Wish { project: &file, base: Some("HEAD"), receipts: &[], cloudtrail: &[], now };
    let start = Instant::now();
    let checked = check::run(&wish).map_err(|failure| anyhow!("{failure}"))?;
    println!(
        "\n`reeve check` of {ACCOUNTS} accounts and {DOCUMENTS} policies, one of each changed: {:.0} ms, {} findings",
        start.elapsed().as_secs_f64() * 1_000.0,
        checked.findings.len()
    );
    for (stage, took) in checked.stages {
        println!("{:>10.1} ms  {stage}", took.as_secs_f64() * 1_000.0);
    }
    Ok(())
}

/// The accounts file; the first account has the scope that is asked for.
fn accounts(first: &str) -> String {
    let mut text = String::from(
        "Default: { region: ap-southeast-2, allowed_regions: [ap-southeast-2] }\nScopes:\n  dev: { tier: dev }\n  \
         standard: { tier: standard }\nAccounts:\n  cicd: { id: \"777788889999\", email: aws+cicd@example.com, tier: cicd \
         }\n",
    );
    for number in 0..ACCOUNTS {
        let (scope, unit) = (if number == 0 { first } else { "dev" }, number % UNITS);
        let id = 100_000_000_000_usize + number;
        let _ = writeln!(
            text,
            "  a{number}:\n    id: \"{id}\"\n    email: aws+a{number}@example.com\n    scope: {scope}\n    \
             organization_unit: U{unit}\n    allowed_dns_domains: [a{number}.example.com]"
        );
    }
    text.push_str("OrganizationUnits:\n  root: { id: r-abcd, policies: [FullAWSAccess] }\n");
    for unit in 0..UNITS {
        let names: Vec<String> = (0..8).map(|at| format!("p{}", unit * 8 + at)).collect();
        let _ = writeln!(
            text,
            "  U{unit}: {{ id: ou-abcd-1000000{unit}, policies: [FullAWSAccess, {}] }}",
            names.join(", ")
        );
    }
    text
}
