//! What other linters say of published policies, beside what this one says. Set `REEVE_CORPORA` to the corpora folder;
//! without it these tests only say that they ran without. The tables stand in `docs/scp-checks.md` too.

mod validator;

use scp_validation::rules::{Settings, validate};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use validator::Answer::{Argued, Found, WithTable};
use validator::VALIDATOR;

const WITHOUT: &str = "ran without corpora: REEVE_CORPORA is not set";

fn corpora() -> Option<PathBuf> {
    Some(PathBuf::from(std::env::var_os("REEVE_CORPORA")?))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn rows(path: &Path) -> Vec<reeve_json::Node> {
    let options = reeve_json::Options { bytes_max: 1 << 22, depth_max: 32, strings: reeve_json::StringRule::Any };
    let root = reeve_json::parse(read(path).as_bytes(), &options).unwrap_or_else(|error| panic!("{error}"));
    root.as_array().unwrap_or_else(|| panic!("{} is no list", path.display())).to_vec()
}

fn text<'n>(row: &'n reeve_json::Node, key: &str) -> &'n str {
    row.as_object()
        .and_then(|row| row.get(key))
        .and_then(reeve_json::Node::as_str)
        .unwrap_or_else(|| panic!("no {key}"))
}

/// Settings with the action table that the repository ships.
fn with_table() -> Settings {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/scp-validation/actions.txt");
    Settings { actions: Some(read(&path)), ..Settings::default() }
}

/// How a finding of ours relates to one of parliament's.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Both find the same, or both find nothing.
    Agree,
    /// We find more; the reason says why.
    Stricter,
    /// Parliament judges identity policies; the reason says why its finding is none of an SCP.
    OutOfScope,
}
use Verdict::{Agree, OutOfScope, Stricter};

/// Parliament's findings that are about grants. An SCP grants nothing: an Allow in it is a ceiling, and `*` on `*` is what
/// most organizations have there.
const ABOUT_GRANTS: [&str; 4] =
    ["RESOURCE_STAR", "RESOURCE_POLICY_PRIVILEGE_ESCALATION", "CREDENTIALS_EXPOSURE", "PERMISSIONS_MANAGEMENT_ACTIONS"];

/// What the action table adds.
const PARLIAMENT_WITH_TABLE: [(&str, &str); 2] =
    [("parliament-013", "UNKNOWN_CONDITION_KEY"), ("parliament-020", "KEY_NOT_SUPPORTED_BY_ACTION")];

/// Case, verdict, what we say without the action table (suggestions aside), reason.
const PARLIAMENT: &[(&str, Verdict, &[&str], &str)] = &[
    ("parliament-000", OutOfScope, &[], "an SCP grants nothing"),
    ("parliament-001", OutOfScope, &[], "an SCP grants nothing"),
    ("parliament-002", OutOfScope, &[], "an SCP grants nothing"),
    ("parliament-003", OutOfScope, &[], "an SCP grants nothing"),
    ("parliament-004", Agree, &["JSON_SYNTAX"], ""),
    ("parliament-007", Agree, &["MISSING_STATEMENT"], ""),
    ("parliament-008", Agree, &["INVALID_SID"], ""),
    ("parliament-009", Agree, &[], ""),
    ("parliament-010", Agree, &[], ""),
    ("parliament-013", Agree, &[], "`bad` is no condition key: told as UNKNOWN_CONDITION_KEY with the action table"),
    ("parliament-014", Stricter, &["WILDCARD_WITHOUT_LIKE"], "`StringEquals` takes the star of `home/…/*` literally"),
    (
        "parliament-020",
        Agree,
        &[],
        "`iam:ResourceTag` is no key of ec2 or s3: told as KEY_NOT_SUPPORTED_BY_ACTION with the action table",
    ),
    ("parliament-021", Stricter, &["WILDCARD_WITHOUT_LIKE"], "`StringEqualsIfExists` takes the star literally"),
    ("parliament-025", Stricter, &["POLICY_TYPE_MISMATCH"], "a bucket policy: a Deny for Principal `*` is no SCP"),
    (
        "parliament-027",
        Stricter,
        &["ID_ELEMENT", "TEMPLATE_LEFT"],
        "`Id` belongs to resource policies; 123456789012 is the account of AWS's samples",
    ),
    (
        "parliament-028",
        Stricter,
        &["ID_ELEMENT", "TEMPLATE_LEFT"],
        "`Id` belongs to resource policies; 123456789012 is the account of AWS's samples",
    ),
    (
        "parliament-029",
        Stricter,
        &["ID_ELEMENT", "TEMPLATE_LEFT"],
        "as 027; RESOURCE_STAR is about grants, out of scope",
    ),
    ("parliament-030", Stricter, &["ID_ELEMENT"], "`Id` belongs to resource policies"),
    (
        "parliament-031",
        Stricter,
        &["TEMPLATE_LEFT"],
        "the account of AWS's samples; a String operator on a literal ARN works, so no MISMATCHED_TYPE_BUT_USABLE",
    ),
    ("parliament-032", Agree, &["DUPLICATE_SID"], ""),
    ("parliament-034", Agree, &[], ""),
    ("parliament-038", OutOfScope, &[], "an SCP grants nothing"),
    ("parliament-040", Agree, &[], ""),
    (
        "parliament-041",
        Stricter,
        &["DENY_ALL"],
        "a Deny of everything from everybody locks an account; an identity may want it",
    ),
    ("parliament-042", OutOfScope, &[], "an SCP grants nothing"),
    ("parliament-047", Stricter, &["PRINCIPAL_PRESENT"], "a bucket policy: SCPs have no Principal"),
    ("parliament-048", Stricter, &["PRINCIPAL_PRESENT"], "a bucket policy: SCPs have no Principal"),
    ("parliament-049", Stricter, &["PRINCIPAL_PRESENT"], "a bucket policy: SCPs have no Principal"),
    ("parliament-050", Stricter, &["PRINCIPAL_PRESENT"], "a bucket policy: SCPs have no Principal"),
    (
        "parliament-053",
        Stricter,
        &["DATA_TYPE", "PRINCIPAL_PRESENT"],
        "the object in Resource is told as what it is, beside the Principal",
    ),
];

/// Ours without suggestions, which parliament has none of.
fn ours(policy: &str) -> BTreeSet<&'static str> {
    let found = validate(policy, &Settings::default());
    let kept = found.iter().filter(|finding| finding.severity != scp_validation::rules::Severity::Suggestion);
    kept.map(|finding| finding.code).collect()
}

#[test]
fn parliament_is_agreed_with_or_argued_against_case_by_case() {
    let Some(corpora) = corpora() else { return println!("{WITHOUT}") };
    let cases = rows(&corpora.join("iam/parliament-tests.json"));
    let ids: BTreeSet<&str> = cases.iter().map(|case| text(case, "id")).collect();
    let listed: BTreeSet<&str> = PARLIAMENT.iter().map(|(id, ..)| *id).collect();
    assert_eq!(ids, listed);
    let table = with_table();
    for case in &cases {
        let (id, verdict, expected, reason) =
            PARLIAMENT.iter().find(|(id, ..)| *id == text(case, "id")).expect("listed");
        let found = ours(text(case, "policy_raw"));
        assert_eq!(found, expected.iter().copied().collect(), "{id}");
        if let Some((_, code)) = PARLIAMENT_WITH_TABLE.iter().find(|(case, _)| case == id) {
            let found = validate(text(case, "policy_raw"), &table);
            assert!(found.iter().any(|finding| finding.code == *code), "{id}: {found:#?}");
        }
        let issues = case.as_object().and_then(|case| case.get("expected_issues")).and_then(reeve_json::Node::as_array);
        let issues: Vec<&str> = issues.expect("issues").iter().filter_map(reeve_json::Node::as_str).collect();
        let (grants, real): (Vec<&str>, Vec<&str>) = issues.iter().partition(|issue| ABOUT_GRANTS.contains(issue));
        match verdict {
            Agree => assert!(real.is_empty() == found.is_empty() || !reason.is_empty(), "{id}: {real:?} {found:?}"),
            Stricter => assert!(!found.is_empty() && !reason.is_empty(), "{id}"),
            OutOfScope => assert!(found.is_empty() && real.is_empty() && !grants.is_empty(), "{id}: {real:?}"),
        }
    }
}

/// The text with words where the placeholders are: `${…}` and `[UPPER_CASE]`.
fn filled(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split("${").enumerate() {
        match part.split_once('}').filter(|_| index > 0) {
            Some((name, rest)) => {
                out.push_str(if name == "PARTITION" { "aws" } else { "filled" });
                out.push_str(rest);
            }
            None => out.push_str(part),
        }
    }
    for name in ["STACKSET_PREFIX", "STACK_PREFIX", "STACK_NAME", "PRIVILEGED_ROLE"] {
        out = out.replace(&format!("[{name}]"), "filled");
    }
    out
}

#[test]
fn every_finding_of_iam_policy_validator_is_found_or_argued_against() {
    let Some(corpora) = corpora() else { return println!("{WITHOUT}") };
    let files = rows(&corpora.join("scp/peer-verdicts.json"));
    let mut theirs: BTreeSet<(String, String, i64)> = BTreeSet::new();
    for row in &files {
        let row_object = row.as_object().expect("a row");
        let tool = row_object.iter().find(|member| member.key.starts_with("iam-policy-validator")).expect("the tool");
        for finding in tool.value.as_array().expect("findings") {
            let statement = finding.as_object().and_then(|it| it.get("statement")).and_then(|it| it.value.as_i64());
            let file = text(row, "file").trim_start_matches("scp/").to_owned();
            theirs.insert((file, text(finding, "code").to_owned(), statement.expect("a number")));
        }
    }
    let answered: BTreeSet<_> =
        VALIDATOR.iter().map(|(file, code, at, _)| ((*file).to_owned(), (*code).to_owned(), *at)).collect();
    assert_eq!(theirs, answered);
    let table = with_table();
    let mut found: BTreeMap<&str, _> = BTreeMap::new();
    for (file, code, at, answer) in VALIDATOR {
        let path = corpora.join("scp").join(file);
        let own = found.entry(file).or_insert_with(|| validate(&read(&path), &Settings::default()));
        match answer {
            Found(ours, pointer) => {
                let told = own.iter().any(|it| it.code == *ours && it.pointer.starts_with(pointer));
                assert!(told, "{file} {code} {at}: no {ours} in {own:#?}");
            }
            Argued(reason) => assert!(!reason.is_empty()),
            WithTable(ours) => {
                let own = validate(&filled(&read(&path)), &table);
                assert!(own.iter().any(|it| it.code == *ours), "{file} {code} {at}: no {ours} in {own:#?}");
            }
        }
    }
}
