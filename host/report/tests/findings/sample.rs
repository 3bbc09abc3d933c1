//! A small repository with something wrong in every way that the forms must show.

use reeve_model::{Finding, Place, Severity};
use reeve_report::findings::{Baseline, Day, Held, Report, Sources, Tool, Waivers};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub(crate) const SCP: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Deny",
      "Action": "s3:Delete*",
      "Resource": "*"
    },
    {
      "Sid": "Two",
      "Effect": "Deny",
      "Action": ["ec2:*", "ec2:RunInstances"],
      "Resource": "*"
    }
  ]
}
"#;

/// CRLF line ends, a tab, a combining accent and an emoji before what is wrong.
pub(crate) const ACCOUNTS: &str = "Accounts:\r\n  foo:\r\n    name: \"Caf\u{e9} e\u{301} \u{1f600}\"\tregion: eu-west-9\r\n    \
    email: foo@example.com\r\n  bar:\r\n    email: foo@example.com\r\n";

const WAIVERS: &str = r#"- code: NO_SID
  file: scps/*.json
  reason: kept as the auditors signed it
  by: alice@example.com
  expires: 2026-12-31
"#;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn place(file: &str, line: u32, column: u32) -> Place {
    Place { file: file.to_owned(), line, column }
}

pub(crate) fn sources() -> Sources {
    Sources::from_iter([("accounts.yaml", ACCOUNTS), ("scps/limits.json", SCP), ("waivers.yaml", WAIVERS)])
}

pub(crate) fn waivers(text: &str) -> Waivers {
    Waivers::parse("waivers.yaml", text).expect("valid waivers")
}

pub(crate) fn day(text: &str) -> Day {
    Day::parse(text).expect(text)
}

/// Out of order, on purpose.
pub(crate) fn findings() -> Vec<Finding> {
    let finding = |by: &str, code: &str, severity, message: &str| Finding::new(by, code, severity, message);
    vec![
        finding("simulation", "LOCKS_OUT", Severity::Error, "nobody could call `sts:AssumeRole` any more").about("foo"),
        finding("scp-validation", "NO_SID", Severity::Info, "a Deny has no `Sid`").at(place("scps/limits.json", 4, 5)),
        finding("scp-validation", "REDUNDANT_ACTION", Severity::Warning, "`ec2:RunInstances` is covered by `ec2:*`")
            .at(place("scps/limits.json", 12, 27))
            .fix("remove `ec2:RunInstances`")
            .related(place("scps/limits.json", 12, 18), "covered by this"),
        finding("accounts", "EMAIL_TAKEN", Severity::Error, "`foo@example.com` is the e-mail of two accounts")
            .at(place("accounts.yaml", 6, 12))
            .about("bar")
            .related(place("accounts.yaml", 4, 12), "first used here")
            .related(place("deleted.yaml", 7, 3), "and before in a file that is gone"),
        finding("accounts", "UNKNOWN_REGION", Severity::Error, "`eu-west-9` is no region")
            .at(place("accounts.yaml", 3, 31))
            .fix("write `eu-west-3`"),
        finding("accounts", "ENDS_EARLY", Severity::Warning, "key `Default` is missing").at(place(
            "accounts.yaml",
            99,
            1,
        )),
        finding("scp-validation", "OLD", Severity::Warning, "the document is old").at(place("scps/limits.json", 2, 3)),
    ]
}

/// The findings of the sample, one waived, one in the baseline.
pub(crate) fn report() -> Report {
    let known: Vec<Finding> = findings().into_iter().filter(|finding| finding.code == "OLD").collect();
    let baseline = Baseline::of(known, &sources());
    let (waivers, today) = (waivers(WAIVERS), day("2026-11-22"));
    let held = Held { waivers: &waivers, baseline: Some(&baseline), today: &today, whole: true };
    let checked = ["accounts.yaml", "scps/limits.json", "scps/clean.json", "cases"].map(str::to_owned);
    Report::of(findings(), &sources(), &held, BTreeSet::from(checked))
}

/// A report of findings that nothing sets aside.
pub(crate) fn plain(findings: Vec<Finding>, sources: &Sources) -> Report {
    let (waivers, today) = (Waivers::default(), day("2026-11-22"));
    let held = Held { waivers: &waivers, baseline: None, today: &today, whole: true };
    Report::of(findings, sources, &held, BTreeSet::new())
}

pub(crate) fn meanings() -> BTreeMap<String, String> {
    BTreeMap::from([("NO_SID".to_owned(), "A Deny without a Sid cannot be named.".to_owned())])
}

pub(crate) fn tool(meanings: &BTreeMap<String, String>) -> Tool<'_> {
    Tool { version: "1.2.3", meanings, home: "reeve.yaml" }
}
