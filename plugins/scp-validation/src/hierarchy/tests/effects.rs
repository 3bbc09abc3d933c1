//! Stories on what has no effect further down, and on Denies that are lost.

use super::stories::{Story, new, story};
use super::*;

pub(super) fn reachable() -> Vec<Story> {
    let allow = |action: &str| format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#);
    let deny = |action: &str| format!(r#"{{"Sid":"A","Effect":"Deny","Action":"{action}","Resource":"*"}}"#);
    vec![
        story("denied above", "ALLOW_UNREACHABLE", 0, "policy `guard` on unit `Work` denies it",
            new(&allow("organizations:LeaveOrganization"), "ou-inner"), new(&allow("organizations:*"), "ou-inner")),
        story("not allowed above", "ALLOW_UNREACHABLE", 0, "no policy of unit `Work` allows it", new(&allow("ec2:*"), "111111111111"), new(&allow("s3:Get*"), "111111111111"))
            .on(organization(&[("p-s3", r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#)], &[("ou-work", "p-s3")]).replace(r#""ou-work":["p-full","p-guard","#, r#""ou-work":["#)),
        story("said above", "SHADOWED_DENY", 0, "policy `guard` on unit `Work`", new(LEAVE, "ou-inner"), new(LEAVE, "ou-test")),
        story("more than above", "SHADOWED_DENY", 0, "unit `Work`", new(LEAVE, "111111111111"), new(&deny("organizations:Leave*"), "111111111111")),
        story("in parts above", "SHADOWED_DENY", 0, "policy `wide`",
            new(r#"{"Sid":"A","Effect":"Deny","Action":["s3:PutObject","ec2:RunInstances"],"Resource":"*"}"#, "ou-inner"),
            new(r#"{"Sid":"A","Effect":"Deny","Action":["s3:PutObject","iam:GetRole"],"Resource":"*"}"#, "ou-inner"))
            .of(&[("p-wide", r#"{"Sid":"B","Effect":"Deny","Action":"s3:*","Resource":"*"},{"Sid":"C","Effect":"Deny","Action":"ec2:Run*","Resource":"*"}"#)], &[("ou-work", "p-wide")]),
    ]
}

pub(super) fn removed() -> Vec<Story> {
    let region = r#"{"Sid":"R","Effect":"Deny","Action":"ec2:*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}}"#;
    vec![
        story(
            "detached",
            "DIFF_REMOVES_DENY",
            0,
            "no longer denies `organizations:LeaveOrganization` in account `app`",
            vec![detach("p-guard", "ou-work")],
            vec![detach("p-guard", "ou-work"), attach("p-guard", "r-1")],
        )
        .on(organization(&[], &[]).replace(r#""222222222222":["p-full"]"#, r#""222222222222":["p-full","p-guard"]"#)),
        story(
            "replaced by its like",
            "DIFF_REMOVES_DENY",
            0,
            "policy `two`",
            vec![detach("p-two", "ou-test")],
            vec![
                detach("p-two", "ou-test"),
                create("new", r#"{"Sid":"X","Effect":"Deny","Action":["ec2:*","s3:*"],"Resource":"*"}"#),
                attach("new", "ou-test"),
            ],
        )
        .of(
            &[("p-two", r#"{"Sid":"X","Effect":"Deny","Action":["s3:PutObject","ec2:RunInstances"],"Resource":"*"}"#)],
            &[("ou-test", "p-two")],
        ),
        story(
            "replaced by a wider rule",
            "DIFF_REMOVES_DENY",
            0,
            "`ec2:*`",
            vec![detach("p-region", "ou-test")],
            vec![detach("p-region", "ou-test"), create("new", region), attach("new", "ou-test")],
        )
        .of(&[("p-region", region)], &[("ou-test", "p-region")]),
    ]
}

#[test]
fn versions_are_compared_by_what_they_deny() {
    let rule = |condition: &str, actions: &str| {
        format!(r#"{{"Sid":"A","Effect":"Deny","Action":{actions},"Resource":"*"{condition}}}"#)
    };
    let regions = |regions: &str| format!(r#","Condition":{{"StringNotEquals":{{"aws:RequestedRegion":{regions}}}}}"#);
    let tags = |values: &str| format!(r#","Condition":{{"StringEquals":{{"aws:PrincipalTag/a":{values}}}}}"#);
    let exempt = r#","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}}"#;
    let two = r#"["s3:PutObject","ec2:RunInstances"]"#;
    for (before, after, expected) in [
        (rule("", two), rule("", two), 0),
        (rule("", two), rule("", r#"["ec2:RunInstances","s3:PutObject"]"#), 0),
        (rule("", two), rule("", r#"["ec2:*","s3:Put*"]"#), 0),
        (rule("", two), rule("", "\"*\""), 0),
        (rule("", two), format!("{},{}", rule("", "\"s3:*\""), rule("", "\"ec2:RunInstances\"")), 0),
        (rule("", two), rule("", "\"s3:PutObject\""), 1),
        (rule("", two), rule(exempt, two), 1),
        (rule(exempt, two), rule("", two), 0),
        (rule(&regions("[\"a\",\"b\"]"), two), rule(&regions("\"a\""), two), 0),
        (rule(&regions("\"a\""), two), rule(&regions("[\"a\",\"b\"]"), two), 1),
        (rule(&tags("\"a\""), two), rule(&tags("[\"a\",\"b\"]"), two), 0),
        (rule(&tags("[\"a\",\"b\"]"), two), rule(&tags("\"a\""), two), 1),
        (rule("", two), FULL.to_owned(), 1),
        (FULL.to_owned(), rule("", two), 0),
        (
            r#"{"Sid":"A","Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*"}"#.to_owned(),
            r#"{"Sid":"A","Effect":"Deny","NotAction":"iam:*","Resource":"*"}"#.to_owned(),
            0,
        ),
        (
            r#"{"Sid":"A","Effect":"Deny","NotAction":"iam:*","Resource":"*"}"#.to_owned(),
            r#"{"Sid":"A","Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*"}"#.to_owned(),
            1,
        ),
    ] {
        let lost = removed::between(&document(&before), Some(&document(&after)));
        assert_eq!(
            lost.len(),
            expected,
            "{before}\n{after}\n{:?}",
            lost.iter().map(|it| &it.message).collect::<Vec<_>>()
        );
    }
    let lost = removed::between(&document(LEAVE), None);
    assert_eq!(lost.len(), 1);
    assert_eq!(lost[0].message, "statement `Leave` denied `organizations:LeaveOrganization`: the file is removed");
}
