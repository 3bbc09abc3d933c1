//! Findings as the binary tells them: forms for machines, waivers, baseline, recorded decisions and recorded calls.

use crate::repo::{NOW, Repo};
use serde_json::{Value, json};
use std::io::Write;

const REGIONS: &str = "scps/restrict-regions.json";

/// A repository in which a region deny is turned round: two findings on lines 4 and 30.
fn turned() -> Repo {
    let repo = Repo::new();
    repo.edit(REGIONS, "StringNotEquals", "StringEquals");
    repo
}

fn line_of(text: &str, needle: &str) -> usize {
    text.lines().position(|line| line.contains(needle)).expect(needle) + 1
}

#[test]
fn each_form_points_at_the_line_that_was_written() {
    let repo = turned();
    let line = line_of(&repo.read(REGIONS), "aws:RequestedRegion");
    let check = |form: &str| repo.reeve(&["check", "--base", "HEAD", "--now", NOW, "--format", form]);

    let human = check("human");
    assert_eq!(human.code, 4, "{human:?}");
    assert!(human.stdout.contains(&format!("{REGIONS}:{line}:")), "{}", human.stdout);
    assert!(human.stdout.contains("\"aws:RequestedRegion\": ["), "the line is shown: {}", human.stdout);

    let sarif: Value = serde_json::from_str(&check("sarif").stdout).expect("JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let inverted = results.iter().find(|it| it["ruleId"] == "REGION_DENY_INVERTED").expect("the finding");
    let place = &inverted["locations"][0]["physicalLocation"];
    assert_eq!((&place["artifactLocation"]["uri"], &place["region"]["startLine"]), (&json!(REGIONS), &json!(line)));

    let github = check("github").stdout;
    assert!(github.contains(&format!("::error file={REGIONS},line={line},")), "{github}");
    let junit = check("junit").stdout;
    assert!(junit.contains("REGION_DENY_INVERTED") && junit.contains("<failure"), "{junit}");

    let beside = repo.at("out.sarif").display().to_string();
    let json = repo.reeve(&["check", "--base", "HEAD", "--now", NOW, "--format", "json", "--sarif", &beside]);
    let told: Value = serde_json::from_str(&json.stdout).expect("JSON");
    let schema: Value = serde_json::from_str(
        &std::fs::read_to_string(crate::support::root().join("docs/schema/check-output.schema.json")).expect("there"),
    )
    .expect("a schema");
    jsonschema::validate(&schema, &told).expect("as the schema says");
    let written: Value = serde_json::from_str(&repo.read("out.sarif")).expect("JSON");
    assert_eq!(written, sarif);
}

#[test]
fn a_waiver_sets_aside_one_finding_and_no_other() {
    let repo = turned();
    let (code, json) = repo.check(&[]);
    assert_eq!(code, 4);
    let lost =
        json["findings"].as_array().expect("there").iter().find(|it| it["code"] == "DIFF_REMOVES_DENY").expect("found");
    let waiver = |code: &str, expires: &str| {
        format!(
            "- code: {code}\n  file: {REGIONS}\n  fingerprint: {}\n  reason: a trial of one day\n  by: security\n  expires: {expires}\n",
            lost["fingerprint"].as_str().expect("there")
        )
    };
    let codes =
        |repo: &Repo| -> Vec<String> { repo.told(&repo.check(&[]).1).into_iter().map(|(code, _)| code).collect() };
    let standing = repo.read("waivers.yaml");
    repo.write("waivers.yaml", &(standing.clone() + &waiver("DIFF_REMOVES_DENY", "2026-11-22")));
    // Whoever reviews the merge is told that it brings its own waiver.
    assert_eq!(codes(&repo), ["JUDGE_CHANGED", "REGION_DENY_INVERTED"]);
    repo.write("waivers.yaml", &(standing.clone() + &waiver("DIFF_REMOVES_DENY", "2026-11-20")));
    let expired = codes(&repo);
    assert!(expired.contains(&"DIFF_REMOVES_DENY".to_owned()), "an expired waiver waives nothing: {expired:?}");
    // An error of the document itself is nobody's to waive.
    let inverted = json["findings"]
        .as_array()
        .expect("there")
        .iter()
        .find(|it| it["code"] == "REGION_DENY_INVERTED")
        .expect("there");
    assert_eq!(inverted["waivable"], json!(false), "{inverted}");
}

#[test]
fn what_a_waiver_names_hides_no_lock_out_of_others() {
    let repo = Repo::new();
    let deny = |action: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"A","Effect":"Deny","Action":"{action}","Resource":"*"}}]}}"#
        )
    };
    repo.write("scps/deny-root-user.json", &deny("sts:AssumeRole"));
    let attach = |from: &str, to: &str| repo.edit("accounts.yaml", from, to);
    attach(
        "Infra: { id: ou-abcd-14444444, parent: Live, policies: [FullAWSAccess] }",
        "Infra: { id: ou-abcd-14444444, parent: Live, policies: [FullAWSAccess, deny-root-user] }",
    );
    let locked: Vec<Value> = {
        let (_, json) = repo.check(&[]);
        json["findings"].as_array().expect("there").iter().filter(|it| it["code"] == "LOCKED_OUT").cloned().collect()
    };
    // Both principals of the project file, each by itself.
    let told = |name: &str| locked.iter().any(|it| it["message"].as_str().expect("there").contains(name));
    assert!(told("role/BreakGlass") && told("role/OrganizationAccountAccessRole"), "{locked:#?}");
    // The base knows these; whoever is locked out beside them is new.
    repo.commit("a lock-out that was merged");
    let codes = || repo.told(&repo.check(&[]).1).into_iter().map(|(code, _)| code).collect::<Vec<_>>();
    assert!(!codes().contains(&"LOCKED_OUT".to_owned()), "{:?}", codes());
    attach("    scope: audit\n", "    scope: audit\n    organization_unit: Infra\n");
    assert!(codes().contains(&"LOCKED_OUT".to_owned()), "{:?}", codes());
}

#[test]
fn a_baseline_holds_what_stood_and_nothing_new() {
    let repo = Repo::new();
    repo.edit("reeve.yaml", "  waivers: waivers.yaml\n", "  waivers: waivers.yaml\n  baseline: baseline.json\n");
    repo.edit("scps/require-imdsv2.json", "\"ec2:RunInstances\"", "\"ec2:RunInstance\"");
    let whole = |more: &[&str]| {
        let mut args = vec!["check", "--now", NOW, "--format", "json"];
        args.extend_from_slice(more);
        repo.reeve(&args)
    };
    assert_eq!(whole(&[]).code, 4, "a misspelt action");
    let written = whole(&["--write-baseline"]);
    assert_eq!(written.code, 0, "{written:?}");
    assert_eq!(whole(&[]).code, 0, "it is known");
    repo.edit(REGIONS, "StringNotEquals", "StringEquals");
    let output = whole(&[]);
    let json: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let codes: Vec<String> = repo.told(&json).into_iter().map(|(code, _)| code).collect();
    assert_eq!((output.code, codes.contains(&"REGION_DENY_INVERTED".to_owned())), (4, true), "{codes:?}");
    assert!(!codes.contains(&"ACTION_NOT_FOUND".to_owned()), "{codes:?}");
    // What a merge brings in is no baseline of the whole.
    let output = whole(&["--write-baseline", "--base", "HEAD"]);
    assert_eq!(output.code, 2, "{output:?}");
}

#[test]
fn recorded_decisions_that_would_flip_are_told_with_the_reason() {
    let repo = Repo::new();
    let root = crate::support::root();
    // Receipts of the gate as it stands, with the facts of the example.
    let gate = repo.read("dns/gate.yaml");
    repo.write("dns/gate.yaml", &format!("{gate}facts: facts.yaml\n"));
    repo.write(
        "dns/facts.yaml",
        &std::fs::read_to_string(root.join("policies/examples/dns/facts.yaml")).expect("there"),
    );
    repo.commit("facts");
    let events = root.join("policies/examples/events/dns.ndjson").display().to_string();
    let ran = repo.reeve(&["run", "--vouch", "--now", NOW, "--gate", "dns/gate.yaml", &events]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let receipts = repo.at("dns/receipts").display().to_string();
    let codes = |json: &Value| repo.told(json).into_iter().map(|(code, _)| code).collect::<Vec<_>>();
    let (code, json) = repo.check(&["--receipts", &receipts]);
    assert_eq!((code, codes(&json)), (0, Vec::new()), "nothing has changed");

    repo.commit("receipts");
    repo.edit("policies/sender-trust/policy.yaml", "DNS_RECORD_CHANGE: dev", "DNS_RECORD_CHANGE: standard");
    let (code, json) = repo.check(&["--receipts", &receipts]);
    let flips: Vec<&str> = json["findings"]
        .as_array()
        .expect("there")
        .iter()
        .filter(|it| it["code"] == "DECISION_FLIPS")
        .map(|it| it["message"].as_str().expect("there"))
        .collect();
    assert_eq!(code, 4);
    assert!(
        !flips.is_empty()
            && flips
                .iter()
                .all(|it| it.contains("was permitted and would be denied: TIER_FORBIDS_ACTION (sender-trust)")),
        "{flips:#?}"
    );
    // Only those of dev accounts: 111122223333 is the one that asks in the example.
    assert!(flips.iter().all(|it| it.contains("DNS_RECORD_CHANGE from 111122223333")), "{flips:#?}");

    // A gate that made none of them judges none, and that is an error.
    repo.restore();
    repo.edit("dns/gate.yaml", "gate: dns", "gate: dns2");
    let (code, json) = repo.check(&["--receipts", &receipts]);
    assert!(code == 4 && codes(&json).contains(&"NOTHING_JUDGED".to_owned()), "{:?}", codes(&json));
}

/// A record of CloudTrail, as far as it is read.
fn record(account: &str, arn: &str, source: &str, name: &str) -> Value {
    json!({
        "eventVersion": "1.08", "eventType": "AwsApiCall", "eventTime": "2026-11-20T10:00:00Z", "eventSource": source,
        "eventName": name, "awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.1", "recipientAccountId": account,
        "requestParameters": {}, "userIdentity": {
            "type": "AssumedRole", "accountId": account, "arn": arn,
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": arn.replace(":sts:", ":iam:").replace("assumed-role/", "role/").replace("/me", ""), "accountId": account}}
        }
    })
}

#[test]
fn recorded_calls_are_held_against_changed_policies() {
    let role = |account: &str, name: &str| format!("arn:aws:sts::{account}:assumed-role/{name}/me");
    let call =
        |account: &str, name: &str| record(account, &role(account, name), "ec2.amazonaws.com", "DescribeInstances");
    let (audit, master) = ("666677778888", "999988887777");
    let records = json!({"Records": [
        call(audit, "app"), call(audit, "app"), call(audit, "BreakGlass"), call(master, "app"),
        record(audit, &role(audit, "aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport"), "ec2.amazonaws.com", "DescribeInstances"),
        call("123412341234", "stranger"),
    ]});
    // The Region that nobody may use from now on is that of the records; whoever breaks the glass may.
    let repo = Repo::new();
    repo.edit(
        "accounts.yaml",
        "Audit: { id: ou-abcd-16666666, parent: Live, policies: [FullAWSAccess] }",
        "Audit: { id: ou-abcd-16666666, parent: Live, policies: [FullAWSAccess, restrict-regions] }",
    );
    repo.write("trail/plain.json", &records.to_string());
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(records.to_string().as_bytes()).expect("packed");
    std::fs::write(repo.at("trail/packed.json.gz"), packed.finish().expect("packed")).expect("written");
    for (path, times) in [("trail/plain.json", 1), ("trail/packed.json.gz", 1), ("trail", 2)] {
        let (_, json) = repo.check(&["--cloudtrail", path]);
        let told: Vec<&Value> =
            json["findings"].as_array().expect("there").iter().filter(|it| it["by"] == "cloudtrail").collect();
        let denied: Vec<&&Value> = told.iter().filter(|it| it["code"] == "CALLS_NOW_DENIED").collect();
        let [denied] = denied[..] else { panic!("{told:#?}") };
        let message = denied["message"].as_str().expect("there");
        assert!(
            message.starts_with(&format!("{} recorded calls of `ec2:DescribeInstances` would be denied", 2 * times)),
            "{message}"
        );
        assert_eq!(denied["place"]["file"], json!(REGIONS), "{denied}");
        let summary = told.iter().find(|it| it["code"] == "CALLS_REPLAYED").expect("a summary")["message"]
            .as_str()
            .expect("there");
        let (all, decided, exempt) = (6 * times, 3 * times, 2 * times);
        assert!(summary.starts_with(&format!("of {all} recorded calls")), "{summary}");
        assert!(summary.contains(&format!("{decided} were decided, {exempt} are exempt")), "{summary}");
        assert!(summary.contains(&format!("{times} are of accounts that are not in the accounts file")), "{summary}");
    }
    let output = repo.reeve(&["check", "--now", NOW, "--cloudtrail", "trail"]);
    assert_eq!(output.code, 2, "without a base there is nothing to compare with: {output:?}");
}
