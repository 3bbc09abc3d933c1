//! Published documents through the rules of the table. Set `REEVE_CORPORA` to the corpora folder; without it these tests
//! only say that they ran without.

use super::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const WITHOUT: &str = "ran without corpora: REEVE_CORPORA is not set";

fn corpora() -> Option<PathBuf> {
    std::env::var_os("REEVE_CORPORA").map(PathBuf::from)
}

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
    found.sort();
}

/// Every finding in a document, unless it is no JSON object.
fn findings(text: &str, table: &ActionTable<'_>) -> Option<Vec<Finding>> {
    let options = reeve_json::Options { bytes_max: 1 << 20, depth_max: 64, strings: reeve_json::StringRule::Any };
    reeve_json::parse(text.as_bytes(), &options).ok().filter(|root| root.as_object().is_some())?;
    Some(found(text, table, false))
}

#[test]
fn published_service_control_policies_name_nothing_unknown() {
    let Some(root) = corpora() else { return println!("{WITHOUT}") };
    let text = shipped();
    let table = ActionTable::parse(&text).expect("the shipped table");
    let mut files = Vec::new();
    json_files(&root.join("scp"), &mut files);
    let (mut read, mut warned) = (0, BTreeSet::new());
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let Some(findings) = findings(&text, &table) else { continue };
        read += 1;
        for finding in findings {
            let severe = matches!(finding.severity, Severity::Error | Severity::SecurityWarning);
            assert!(!severe, "{}: {finding:#?}", file.display());
            if finding.code == "ACTION_RESOURCE_MISMATCH" {
                warned.insert(file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned());
            }
        }
    }
    println!("{read} documents");
    assert!(read > 60, "{read} documents in {}", root.display());
    // The two that were written to be wrong in this way, and no other.
    assert_eq!(
        warned.iter().map(String::as_str).collect::<Vec<_>>(),
        ["s3-wrong-resources", "sqs-sns-wrong-resources"]
    );
}

/// What AWS's own managed policies have wrong by the table: code, what, why it is right to say so.
const MANAGED: [(&str, &str, &str); 9] = [
    ("MISSING_QUALIFIER", "events:detail-type", "the reference lists the key as several values"),
    ("FORALLVALUES_SINGLE_VALUED", "organizations:ServicePrincipal", "the reference lists the key as one value"),
    ("UNKNOWN_CONDITION_KEY", "lakeformation:GlueARN", "the reference does not list the key"),
    ("UNKNOWN_ACTION", "qapps:ImportDocumentToQApp", "the reference has `ImportDocument`"),
    ("UNKNOWN_ACTION", "qapps:ImportDocumentToQAppSession", "the reference has `ImportDocument`"),
    ("UNKNOWN_ACTION", "ssm:RemoveTagsToResource", "the reference has `RemoveTagsFromResource`"),
    ("UNKNOWN_ACTION", "s3:ListBuckets", "the API call; its action is `ListAllMyBuckets`"),
    ("UNKNOWN_ACTION", "s3:ListObjects", "the API call; its action is `ListBucket`"),
    ("UNKNOWN_ACTION", "s3:ListObjectsV2", "the API call; its action is `ListBucket`"),
];

#[test]
fn managed_policies_name_little_that_is_unknown() {
    let Some(root) = corpora() else { return println!("{WITHOUT}") };
    let text = shipped();
    let table = ActionTable::parse(&text).expect("the shipped table");
    let file = root.join("iam/managed-policies.quarter.jsonl");
    let lines = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let (mut read, mut severe) = (0, BTreeSet::new());
    for line in lines.lines() {
        let options = reeve_json::Options { bytes_max: 1 << 20, depth_max: 64, strings: reeve_json::StringRule::Any };
        let record = reeve_json::parse(line.as_bytes(), &options).expect("a record");
        let document = record.as_object().and_then(|record| record.get("document")).expect("a document");
        read += 1;
        for finding in findings(&reeve_json::compact(&document.value), &table).expect("an object") {
            if matches!(finding.severity, Severity::Error | Severity::SecurityWarning) {
                let named = |part: &&str| part.contains(':') && !part.starts_with("ForAll");
                let what = finding.message.split('`').find(named).unwrap_or_default().to_owned();
                severe.insert((finding.code, what));
            }
        }
    }
    println!("{read} policies");
    let expected: BTreeSet<(&str, String)> =
        MANAGED.iter().map(|(code, what, _)| (*code, (*what).to_owned())).collect();
    assert_eq!(severe, expected);
}
