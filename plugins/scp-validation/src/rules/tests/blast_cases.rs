//! Cases on what a Deny takes away.

use super::*;

const EXEMPT: &str = r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/BreakGlass"}"#;

/// A Deny with a Sid.
fn deny(rest: &str) -> String {
    format!(r#"{{"Sid":"A","Effect":"Deny",{rest}}}"#)
}

fn pair(code: &'static str, bad: &str, good: &str) -> Case {
    statement(code, "/Statement/0", &format!("§{}", deny(bad)), &deny(good))
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = wide();
    cases.extend(regions());
    cases.extend(region_denies());
    cases.extend(reads());
    cases
}

fn wide() -> Vec<Case> {
    let exempt = |rest: &str| format!(r#"{rest},"Condition":{{{EXEMPT}}}"#);
    let all = r#""Action":"*","Resource":"*""#;
    let sts = |bad: &str, good: &str| {
        statement("DENY_STS", "/Statement/0/Action/1", &deny(&exempt(bad)), &deny(&exempt(good)))
    };
    vec![
        pair("DENY_ALL", all, &exempt(all)),
        pair(
            "DENY_ALL",
            r#""Action":["s3:*","*:*"],"Resource":["arn:aws:*:*:*:*"],"Condition":{}"#,
            r#""Action":"s3:*","Resource":"*""#,
        ),
        pair("DENY_ALL", all, r#""Action":"*","Resource":"arn:aws:s3:::b""#),
        pair("DENY_ALL", all, r#""Action":"*","Resource":"arn:aws:s3:*:*:*""#),
        pair("DENY_ALL", all, r#""Action":"?:*","Resource":"*""#),
        pair("DENY_ALL", all, r#""Action":"*","NotResource":"arn:aws:s3:::b""#),
        pair(
            "DENY_NO_BREAKGLASS",
            r#""NotAction":"s3:*","Resource":"*""#,
            &exempt(r#""NotAction":"s3:*","Resource":"*""#),
        ),
        pair("DENY_NO_BREAKGLASS", r#""Action":"IAM:*","Resource":"*""#, r#""Action":"iam:Create*","Resource":"*""#),
        pair(
            "DENY_NO_BREAKGLASS",
            r#""Action":["sts:*"],"NotResource":"arn:aws:iam::*:role/x""#,
            r#""Action":"*","Resource":"arn:aws:iam::*:role/x""#,
        ),
        pair(
            "DENY_NO_BREAKGLASS",
            r#""Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}"#,
            r#""Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:ResourceOrgID":"o-a1b2c3d4e5"}}"#,
        ),
        pair(
            "DENY_NO_BREAKGLASS",
            r#""Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"210987654321"}}"#,
            r#""Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}"#,
        ),
        pair(
            "DENY_NO_BREAKGLASS",
            r#""Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}}"#,
            r#""Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"}}"#,
        ),
        pair(
            "DENY_NO_BREAKGLASS",
            r#""Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*"}}"#,
            r#""Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/*"}}"#,
        ),
        pair(
            "DENY_NO_BREAKGLASS",
            r#""Action":"*","Resource":"*","Condition":{"StringEqualsIfExists":{"ec2:InstanceType":"x"}}"#,
            r#""Action":"*","Resource":"*","Condition":{"StringEquals":{"ec2:InstanceType":"x"}}"#,
        ),
        pair(
            "DENY_NO_BREAKGLASS",
            r#""Action":"*","Resource":"*","Condition":{"ForAllValues:StringLike":{"aws:TagKeys":"x"}}"#,
            r#""Action":"*","Resource":"*","Condition":{"ForAnyValue:StringLike":{"aws:TagKeys":"x"}}"#,
        ),
        pair(
            "DENY_NO_BREAKGLASS",
            r#""NotAction":"s3:*","Resource":"*","Condition":{"BoolIfExists":{"aws:ViaAWSService":"false"}}"#,
            r#""NotAction":"s3:*","Resource":"*","Condition":{"Null":{"lambda:SourceFunctionArn":"false"}}"#,
        ),
        pair(
            "DENY_NO_BREAKGLASS",
            r#""NotAction":"s3:*","Resource":"*","Condition":{"Null":{"aws:PrincipalArn":"false"}}"#,
            r#""Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}"#,
        ),
        sts(r#""Action":["s3:*",§"sts:*"],"Resource":"*""#, r#""Action":["s3:*","sts:Get*"],"Resource":"*""#),
        sts(
            r#""Action":["s3:*",§"STS:AssumeRole*"],"Resource":"*""#,
            r#""Action":["s3:*","sts:AssumeRoleWith*"],"Resource":"*""#,
        ),
        sts(
            r#""Action":["s3:*",§"sts:AssumeRole"],"Resource":"*""#,
            r#""Action":"sts:*","Resource":"arn:aws:iam::*:role/x""#,
        ),
        statement(
            "DENY_STS",
            "/Statement/0/Action",
            &deny(r#""Action":§"sts:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#),
            &deny(
                r#""Action":"sts:*","Resource":"*","Condition":{"ArnLike":{"aws:ChatbotSourceArn":"arn:aws:chatbot::*:*"}}"#,
            ),
        ),
    ]
}

fn regions() -> Vec<Case> {
    let at = |operator: &str, actions: &str, mark: &str, regions: &str| {
        deny(&format!(
            r#"{actions},"Resource":"*","Condition":{{"{operator}":{{{mark}"aws:RequestedRegion":{regions}}},{EXEMPT}}}"#
        ))
    };
    let pointer = "/Statement/0/Condition/StringEquals/aws:RequestedRegion";
    let globals = r#""NotAction":["iam:*","sts:*","route53:*"]"#;
    let all = r#""Action":"*""#;
    let case = |bad: String, good: String| statement("REGION_DENY_INVERTED", pointer, &bad, &good);
    let europe = r#"["eu-central-1","eu-west-1"]"#;
    vec![
        case(at("StringEquals", globals, "§", europe), at("StringNotEquals", globals, "", europe)),
        case(
            at("StringEquals", globals, "§", europe),
            at("StringEquals", globals, "", europe).replace(r#""Resource":"*""#, r#""Resource":"arn:aws:s3:::b""#),
        ),
        // Sparing the global services makes sense when their Region is denied.
        case(at("StringEquals", globals, "§", europe), at("StringEquals", globals, "", r#""us-east-1""#)),
        case(
            at("StringEquals", all, "§", r#"["us-east-1","eu-west-1"]"#),
            at("StringEquals", all, "", r#"["me-south-1"]"#),
        ),
        case(
            at("StringEquals", all, "§", "\"us-east-1\""),
            at("StringEquals", r#""Action":"ec2:*""#, "", "\"us-east-1\""),
        ),
        case(
            at("StringEquals", all, "§", europe).replace("\"A\"", "\"DenyAllOutsideEU\""),
            at("StringEquals", all, "", europe).replace("\"A\"", "\"DenyUnapprovedRegions\""),
        ),
        statement(
            "REGION_DENY_INVERTED",
            "/Statement/0/Condition/StringLike/aws:RequestedRegion",
            &at("StringLike", all, "§", r#"["us-*"]"#),
            &at("StringLike", all, "", r#"["sa-*"]"#),
        ),
    ]
}

fn region_denies() -> Vec<Case> {
    let at = |actions: &str, mark: &str, regions: &str| {
        deny(&format!(
            r#"{actions},"Resource":"*","Condition":{{"StringNotEquals":{{{mark}"aws:RequestedRegion":{regions}}},{EXEMPT}}}"#
        ))
    };
    let all = concat!(
        r#"["iam:*","organizations:Desc*","organizations:*","route53:*","cloudfront:*","sts:*","support:*","health:*","#,
        r#""globalaccelerator:*","waf:*","shield:*","budgets:*","account:*"]"#
    );
    let without = |name: &str| all.replace(&format!(r#""{name}:*","#), "");
    let globals = |bad: &str, good: &str| {
        let bad = at(&format!(r#""NotAction":§{bad}"#), "", r#""eu-west-1""#);
        let good = at(&format!(r#""NotAction":{good}"#), "", r#""eu-west-1""#);
        statement("REGION_DENY_MISSING_GLOBALS", "/Statement/0/NotAction", &bad, &good)
    };
    let region = |operator: &str, bad: &str, good: &str| {
        let wrap = |text: &str, mark: &str| {
            format!(r#"{{"{operator}":{{"aws:RequestedRegion":["eu-west-1",{mark}"{text}"]}}}}"#)
        };
        let pointer = format!("/Statement/0/Condition/{operator}/aws:RequestedRegion/1");
        condition("UNKNOWN_REGION", pointer.leak(), &wrap(bad, "§"), &wrap(good, ""))
    };
    let star = "/Statement/0/Condition/StringNotEquals/aws:RequestedRegion";
    let mut cases = vec![
        globals(r#"["iam:*"]"#, all),
        statement(
            "REGION_DENY_MISSING_GLOBALS",
            "/Statement/0/NotAction",
            &at(r#""NotAction":§"iam:*""#, "", r#""eu-west-1""#),
            &at(r#""NotAction":"iam:*""#, "", r#"["eu-west-1","us-east-1"]"#),
        ),
        statement(
            "REGION_DENY_USING_ACTION_STAR",
            star,
            &at(r#""Action":"*""#, "§", r#""eu-west-1""#),
            &at(r#""Action":"*""#, "", r#"["eu-west-1","us-east-1"]"#),
        ),
        statement(
            "REGION_DENY_USING_ACTION_STAR",
            star,
            &at(r#""Action":"*""#, "§", r#""eu-west-1""#),
            &at(r#""Action":"ec2:*""#, "", r#""eu-west-1""#),
        ),
        region("StringEquals", "us-east1", "us-east-1"),
        region("StringNotEquals", "US-EAST-1", "us-east-2"),
        region("StringEquals", "cn-north-1", "ap-east-1"),
        region("StringLike", "us-gov-*", "us-*"),
        region("StringEqualsIgnoreCase", "europe", "EU-West-2"),
        region("StringEquals", "eu-west-9", "eu-west-3"),
    ];
    let services =
        ["iam", "route53", "cloudfront", "sts", "support", "health", "globalaccelerator", "waf", "shield", "budgets"];
    cases.extend(services.map(|name| globals(&without(name), all)));
    cases
}

fn reads() -> Vec<Case> {
    let read = |bad: &str, good: &str| {
        let wrap = |text: &str, mark: &str| deny(&format!(r#""Action":["s3:*",{mark}"{text}"],"Resource":"*""#));
        statement("DENY_CONTROL_PLANE_READS", "/Statement/0/Action/1", &wrap(bad, "§"), &wrap(good, ""))
    };
    vec![
        read("organizations:Describe*", "organizations:LeaveOrganization"),
        read("organizations:List*", "organizations:Create*"),
        read("iam:Get*", "iam:GetRole"),
        read("support:*", "support:CreateCase"),
        read("health:*", "health:Enable*"),
        read("account:*", "account:CloseAccount"),
        statement(
            "DENY_CONTROL_PLANE_READS",
            "/Statement/0/Action",
            &deny(r#""Action":§"account:*","Resource":"*""#),
            &deny(
                r#""Action":"account:*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/*"}}"#,
            ),
        ),
    ]
}

fn has(code: &str, text: &str, settings: &Settings) -> bool {
    validate(text, settings).iter().any(|finding| finding.code == code)
}

#[test]
fn configured_break_glass_roles_must_all_be_covered() {
    let role = |name: &str| format!("arn:aws:iam::*:role/{name}");
    let settings = Settings { break_glass: vec![role("BreakGlass"), role("Recovery")], ..Settings::default() };
    for (condition, expected) in [
        (r#""ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/BreakGlass"]}"#, true),
        (r#""ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/BreakGlass","arn:aws:iam::*:role/Rec*"]}"#, false),
        (r#""ArnNotLikeIfExists":{"aws:principalarn":["arn:*:iam::*:role/*"]}"#, false),
        (r#""ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::210987654321:role/*"]}"#, true),
        (r#""ArnNotLike":{"aws:PrincipalArn":["arn:aws:*:role/*"]}"#, true),
        (r#""StringNotLike":{"aws:PrincipalArn":["arn:aws:*:role/*"]}"#, false),
        (r#""StringNotEquals":{"aws:PrincipalArn":["arn:aws:iam::210987654321:role/BreakGlass"]}"#, true),
        (r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::${aws:PrincipalAccount}:role/*"}"#, false),
        (r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Workload*"}"#, false),
        (r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::210987654321:role/Recovery"}"#, true),
        (
            r#""ArnLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/W*","arn:aws:iam::210987654321:role/Recovery"]}"#,
            true,
        ),
        (r#""StringNotEquals":{"aws:PrincipalTag/team":"admin"}"#, true),
    ] {
        let text = policy(&deny(&format!(r#""Action":"*","Resource":"*","Condition":{{{condition}}}"#)));
        assert_eq!(has("DENY_NO_BREAKGLASS", &text, &settings), expected, "{condition}");
    }
}

#[test]
fn home_regions_decide_what_is_inverted() {
    let settings = Settings { home_regions: vec!["eu-west-1".to_owned()], ..Settings::default() };
    for (actions, regions, expected) in [
        (r#""Action":"*""#, r#"["eu-west-1","eu-central-1"]"#, true),
        (r#""Action":"*""#, r#"["me-south-1"]"#, false),
        // Known not to be a list of allowed Regions, however it looks.
        (r#""NotAction":["iam:*","sts:*"]"#, r#"["me-south-1"]"#, false),
        (r#""Action":"ec2:*""#, r#"["eu-west-1"]"#, false),
    ] {
        let condition = format!(r#""Condition":{{"StringEquals":{{"aws:RequestedRegion":{regions}}}}}"#);
        let text = policy(&deny(&format!(r#"{actions},"Resource":"*",{condition}"#)));
        assert_eq!(has("REGION_DENY_INVERTED", &text, &settings), expected, "{actions} {regions}");
    }
}
