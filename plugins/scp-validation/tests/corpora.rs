//! Published documents of every kind through the rules. Set `REEVE_CORPORA` to the corpora folder; without it this test
//! only says that it ran without.
//!
//! AWS's own samples must give no error but a placeholder that was left in, and what the table below justifies.

use scp_validation::rules::{Finding, Settings, Severity, validate};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Samples that AWS publishes as SCPs, below `scp/`.
const SAMPLES: [&str; 4] = [
    "aws-samples-scp-examples/",
    "aws-samples-data-perimeter/service_control_policies/",
    "awsdocs-organizations/",
    "lza-universal-configuration/modules/base/default/service-control-policies/",
];

const WITHOUT: &str = "ran without corpora: REEVE_CORPORA is not set";

/// Verdicts of other linters, not a policy.
const NO_POLICY: &str = "peer-verdicts.json";

/// Published as broken JSON, with the place where each one breaks.
const BROKEN: &[(&str, &str)] = &[
    (
        "aws-samples-scp-examples/Service-specific-controls/AWS-IAM/deny-service-specific-credential-by-type.json",
        "JSON_SYNTAX 15:13",
    ),
    (
        "lza-test-configs/source/packages/@aws-accelerator/accelerator/test/configs/replacements/\
         service-control-policies/data-perimeter.json",
        "JSON_SYNTAX 12:34",
    ),
    ("lza-universal-configuration/modules/base/default/backup-policies/primary-backup-plan.json", "JSON_SYNTAX 5:21"),
];

/// Published as another type of policy, by the start of the name; each gives the one finding that says so.
const OTHER_TYPES: [&str; 10] = [
    "adf/src/lambda_codebase/initial_commit/bootstrap_repository/adf-bootstrap/example-tagging-policy.json",
    "aws-samples-data-perimeter/resource_control_policies/",
    "awsdocs-organizations/orgs_manage_policies_ai-opt-out_",
    "awsdocs-organizations/orgs_manage_policies_backup_",
    "awsdocs-organizations/orgs_manage_policies_inheritance_mgmt.",
    "awsdocs-organizations/orgs_manage_policies_tag-policies-create.",
    "iam-policy-validator-examples/examples/iam-test-policies/resource-control-policies/rcp-invalid-not-action.json",
    "lza-test-configs/source/packages/@aws-accelerator/accelerator/test/configs/all-enabled/declarative-policies/",
    "lza-test-configs/source/packages/@aws-accelerator/accelerator/test/configs/all-enabled-delegated-admin/tagging-",
    "lza-universal-configuration/modules/base/default/tagging-policies/",
];

/// Errors that AWS's samples deserve: file, code, reason.
const JUSTIFIED: &[(&str, &str, &str)] = &[
    (
        "aws-samples-scp-examples/Service-specific-controls/AWS-IAM/deny-service-specific-credential-by-type.json",
        "JSON_SYNTAX",
        "published with a `//` comment that itself asks to be removed; AWS takes no comments",
    ),
    (
        "awsdocs-organizations/org_troubleshoot_policies.2.json",
        "ARN_FORMAT",
        "Resource is ` *` with a leading space, the page prints it so; it is neither `*` nor an ARN",
    ),
    (
        "awsdocs-organizations/orgs_delegate_policies_example_consolidate_permissions.1.json",
        "PRINCIPAL_PRESENT",
        "a resource-based delegation policy of the management account, not an SCP",
    ),
    (
        "awsdocs-organizations/orgs_delegate_policies_example_consolidate_permissions.1.json",
        "ARN_ACCOUNT",
        "the account part is a bare word to fill in, without brackets to know it by; no account has that ID",
    ),
    (
        "awsdocs-organizations/orgs_delegate_policies_example_view_accts_orgs.1.json",
        "PRINCIPAL_PRESENT",
        "a resource-based delegation policy of the management account, not an SCP",
    ),
    (
        "awsdocs-organizations/orgs_manage_policies_scps_syntax.1.json",
        "MISSING_VERSION",
        "a fragment that shows the Statement element; the same page says that every SCP must have Version",
    ),
    (
        "awsdocs-organizations/orgs_manage_policies_scps_syntax.2.json",
        "MISSING_VERSION",
        "a fragment that shows the Statement element; the same page says that every SCP must have Version",
    ),
];

fn json_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap_or_else(|error| panic!("{}: {error}", folder.display())).path();
        if path.is_dir() {
            json_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
}

/// Every document by its name below `scp/`, with its text and findings; nothing when the corpora are not there.
fn documents() -> Option<BTreeMap<String, (String, Vec<Finding>)>> {
    let root = PathBuf::from(std::env::var_os("REEVE_CORPORA")?).join("scp");
    let mut files = Vec::new();
    json_files(&root, &mut files);
    // With the action table, so that its rules are held against the samples too.
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/scp-validation/actions.txt");
    let table = std::fs::read_to_string(&table).unwrap_or_else(|error| panic!("{}: {error}", table.display()));
    let settings = Settings { actions: Some(table), ..Settings::default() };
    let mut documents = BTreeMap::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        if name != NO_POLICY {
            let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
            let found = validate(&text, &settings);
            documents.insert(name, (text, found));
        }
    }
    assert!(!documents.is_empty(), "no document in {}", root.display());
    Some(documents)
}

#[test]
fn every_document_goes_through_and_every_finding_points_into_it() {
    let Some(documents) = documents() else { return println!("{WITHOUT}") };
    println!("{} documents", documents.len());
    for (name, (text, found)) in &documents {
        let node = reeve_json::parse(
            text.as_bytes(),
            &reeve_json::Options { bytes_max: 1 << 20, depth_max: 64, strings: reeve_json::StringRule::Any },
        );
        for finding in found {
            let line = text.lines().nth(finding.position.line as usize - 1).unwrap_or_default();
            let columns = line.chars().count() + 1;
            assert!(finding.position.column as usize <= columns, "{name}: {finding:?}");
            if let Ok(node) = &node {
                assert!(node.pointer(&finding.pointer).is_some(), "{name}: {finding:?}");
            }
        }
    }
}

#[test]
fn broken_json_is_refused_with_its_place() {
    let Some(documents) = documents() else { return println!("{WITHOUT}") };
    let refused: BTreeSet<(String, String)> = documents
        .iter()
        .filter(|(_, (_, found))| found.iter().any(|finding| finding.code.starts_with("JSON_")))
        .map(|(name, (_, found))| {
            let [finding] = found.as_slice() else { panic!("{name} has more than one finding: {found:#?}") };
            (name.clone(), format!("{} {}", finding.code, finding.position))
        })
        .collect();
    let expected = BROKEN.iter().map(|(name, place)| ((*name).to_owned(), (*place).to_owned())).collect();
    assert_eq!(refused, expected);
}

#[test]
fn samples_of_aws_have_no_error_that_is_not_justified() {
    let Some(documents) = documents() else { return println!("{WITHOUT}") };
    for sample in SAMPLES {
        assert!(documents.keys().any(|name| name.starts_with(sample)), "no document in {sample}");
    }
    let found: BTreeSet<(&str, &str)> = documents
        .iter()
        .filter(|(name, _)| SAMPLES.iter().any(|sample| name.starts_with(sample)))
        .flat_map(|(name, (_, found))| found.iter().map(move |finding| (name.as_str(), finding)))
        .filter(|(_, finding)| finding.severity == Severity::Error)
        .filter(|(_, finding)| !matches!(finding.code, "TEMPLATE_LEFT" | "POLICY_TYPE_MISMATCH"))
        .map(|(name, finding)| (name, finding.code))
        .collect();
    let justified: BTreeSet<(&str, &str)> = JUSTIFIED.iter().map(|(name, code, _)| (*name, *code)).collect();
    assert!(JUSTIFIED.iter().all(|(_, _, reason)| !reason.is_empty()) && justified.len() == JUSTIFIED.len());
    let missing: Vec<_> = found.difference(&justified).collect();
    let outdated: Vec<_> = justified.difference(&found).collect();
    assert!(missing.is_empty() && outdated.is_empty(), "not justified: {missing:#?}\nno longer found: {outdated:#?}");
}

#[test]
fn other_policy_types_are_known_and_reported_once() {
    let Some(documents) = documents() else { return println!("{WITHOUT}") };
    let other = |name: &str| OTHER_TYPES.iter().any(|start| name.starts_with(start));
    for (name, (_, found)) in &documents {
        let mismatch = found.iter().any(|finding| finding.code == "POLICY_TYPE_MISMATCH");
        assert_eq!(mismatch, other(name), "{name}: {found:#?}");
        assert!(!mismatch || found.len() == 1, "{name}: {found:#?}");
    }
    for start in OTHER_TYPES {
        assert!(documents.keys().any(|name| name.starts_with(start)), "no document in {start}");
    }
}
