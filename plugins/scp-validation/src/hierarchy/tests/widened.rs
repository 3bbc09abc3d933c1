//! Stories on levels that allow more than they did.

use super::stories::{Story, new, story};
use super::*;

const S3: &str = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;

/// The organization, in which `target` has one policy alone: `p-list`, of these statements.
fn listed(statements: &str, target: &str) -> String {
    let all = organization(&[("p-list", statements)], &[]);
    ["\"p-full\"", "\"p-full\",\"p-guard\""]
        .into_iter()
        .fold(all, |text, ids| text.replace(&format!("\"{target}\":[{ids}]"), &format!("\"{target}\":[\"p-list\"]")))
}

/// Everything, where the Region is one of these.
fn regions(regions: &str) -> String {
    let condition = format!(r#""Condition":{{"StringEquals":{{"aws:RequestedRegion":{regions}}}}}"#);
    format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*",{condition}}}"#)
}

pub(super) fn all() -> Vec<Story> {
    let allow = |action: &str| format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#);
    let widens = |name, says, bad, good| story(name, "ALLOW_WIDENS", 0, says, bad, good);
    let back = || vec![attach("p-full", "ou-work")];
    let both = format!("{S3},{}", allow("ec2:*"));
    vec![
        widens(
            "a second list",
            "unit `Work` did not allow `ec2:*` and so denied it, policy `new` allows it there now, in accounts `app`, `deep`",
            new(&allow("ec2:*"), "ou-work"),
            new(&allow("s3:Get*"), "ou-work"),
        )
        .on(listed(S3, "ou-work")),
        widens(
            "a longer list",
            "did not allow `ec2:*`",
            vec![update("p-list", &both)],
            vec![update("p-list", &allow("s3:Get*"))],
        )
        .on(listed(S3, "ou-work")),
        widens(
            "everything again, and the list on the root instead",
            "did not allow `*`",
            back(),
            vec![attach("p-list", "r-1"), detach("p-full", "r-1"), attach("p-full", "ou-work")],
        )
        .on(listed(S3, "ou-work")),
        widens(
            "an account's own level",
            "account `try` did not allow `*`",
            vec![attach("p-full", "333333333333")],
            vec![attach("p-full", "ou-test")],
        )
        .on(listed(S3, "333333333333")),
        widens(
            "replaced by another list",
            "policy `new` allows it",
            vec![create("new", &both), attach("new", "ou-work"), detach("p-list", "ou-work")],
            vec![create("new", S3), attach("new", "ou-work"), detach("p-list", "ou-work")],
        )
        .on(listed(S3, "ou-work")),
        widens(
            "a Region more",
            "did not allow `*`",
            vec![update("p-list", &regions(r#"["eu-west-1","eu-central-1","us-east-1"]"#))],
            vec![update("p-list", &regions(r#""eu-west-1""#))],
        )
        .on(listed(&regions(r#"["eu-west-1","eu-central-1"]"#), "ou-work")),
        widens(
            "out of a level that allows nothing",
            "did not allow `*`",
            back(),
            vec![attach("p-guard", "ou-work")],
        )
        .on(listed(LEAVE.replace("Leave\"", "Other\"").as_str(), "ou-work")),
        // What a move sheds is the host's to refuse.
        widens("who goes and who stays", "accounts `app`, `deep`", back(), vec![go("111111111111", "ou-work", "ou-test")])
            .on(listed(S3, "ou-work")),
        widens(
            "a merge",
            "policy `list` allows it",
            vec![merge("scps/list.json", Some(&both))],
            vec![merge("scps/list.json", Some(S3))],
        )
        .on(listed(S3, "ou-work")),
    ]
}

#[test]
fn a_level_that_allows_everything_does_not_widen() {
    let found = findings(&organization(&[], &[]), new(S3, "ou-work"), &Settings::default());
    assert!(found.iter().all(|finding| finding.code != "ALLOW_WIDENS"), "{found:#?}");
}

#[test]
fn a_list_that_goes_in_two_requests_is_told_when_the_last_of_it_goes() {
    // Both the root and Work have the list: with one of them left, nothing is allowed that was not.
    let twice = listed(S3, "ou-work").replace(r#""r-1":["p-full"]"#, r#""r-1":["p-list"]"#);
    let told = |organization: &str, target: &str| {
        let found = findings(organization, vec![attach("p-full", target)], &Settings::default());
        found
            .iter()
            .filter(|finding| finding.code == "ALLOW_WIDENS")
            .map(|finding| finding.message.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&twice, "ou-work"), [""; 0]);
    let once = twice.replace(r#""ou-work":["p-list"]"#, r#""ou-work":["p-list","p-full"]"#);
    let found = told(&once, "r-1");
    assert!(matches!(found.as_slice(), [one] if one.starts_with("the root did not allow `*`")), "{found:?}");
}
