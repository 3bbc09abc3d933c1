//! Cases on what a Condition reaches: missing keys, networks, sessions, principals.

use super::*;
use reeve_scp::PARTITIONS;

/// A Deny with one Condition; `key` is the place of the finding below Condition.
fn deny(code: &'static str, key: &str, bad: &str, good: &str) -> Case {
    condition(code, format!("/Statement/0/Condition/{key}").leak(), bad, good)
}

/// One test, and others beside it.
fn test(operator: &str, key: &str, mark: &str, value: &str, beside: &str) -> String {
    format!(r#"{{"{operator}":{{{mark}"{key}":{value}}}{beside}}}"#)
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = quantifiers();
    cases.extend(networks());
    cases.extend(addresses());
    cases.extend(sessions());
    cases.extend(variables());
    cases.extend(principals());
    cases
}

fn quantifiers() -> Vec<Case> {
    let single = |operator: &str, key: &str, value: &str, good: &str| {
        let bad = test(operator, key, "§", value, "");
        deny("FORALLVALUES_SINGLE_VALUED", &format!("{operator}/{key}"), &bad, &test(good, key, "", value, ""))
    };
    let many = |operator: &str, key: &str, good: &str| {
        let bad = test(operator, key, "§", "[\"a\",\"b\"]", "");
        let path = format!("{operator}/{}", key.replace('/', "~1"));
        deny("FORALLVALUES_WITHOUT_NULL", &path, &bad, &test(operator, key, "", "[\"a\",\"b\"]", good))
    };
    vec![
        single("ForAllValues:StringEquals", "aws:SourceVpc", "\"vpc-0a1b2c3d\"", "StringEquals"),
        single("ForAllValues:StringNotEquals", "aws:username", "\"x\"", "ForAnyValue:StringNotEquals"),
        single("forallvalues:ArnLike", "aws:PrincipalArn", "\"arn:aws:iam::*:user/x\"", "ArnLike"),
        many("ForAllValues:StringEquals", "aws:TagKeys", r#","Null":{"aws:TagKeys":"false"}"#),
        many("ForAllValues:StringNotLike", "aws:tagkeys", r#","Null":{"aws:TagKeys":false}"#),
        many(
            "ForAllValues:StringEquals",
            "kms:EncryptionContextKeys",
            r#","Null":{"kms:EncryptionContextKeys":"false"}"#,
        ),
        many(
            "ForAllValues:StringLike",
            "aws:PrincipalOrgPaths",
            r#","ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"*"}"#,
        ),
        statement(
            "FORALLVALUES_WITHOUT_NULL",
            "/Statement/0/Condition/ForAllValues:StringEquals/aws:TagKeys",
            r#"{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"*","Condition":{"ForAllValues:StringEquals":{§"aws:TagKeys":"a"}}}"#,
            r#"{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"aws:TagKeys":"a"}}}"#,
        ),
    ]
}

fn networks() -> Vec<Case> {
    let via = r#","BoolIfExists":{"aws:ViaAWSService":"false"}"#;
    let vpce = "\"vpce-0a1b2c3d\"";
    let ip = "\"203.0.113.0/24\"";
    let negated = |operator: &str, key: &str, value: &str, beside: &str| {
        let bad = test(operator, key, "§", value, "");
        deny("NEGATED_KEY_MISSING", &format!("{operator}/{key}"), &bad, &test(operator, key, "", value, beside))
    };
    let service = |bad: &str, beside: &str| {
        let good = test("NotIpAddress", "aws:SourceIp", "", ip, beside);
        deny("NO_SERVICE_CALL_EXEMPTION", "NotIpAddress/aws:SourceIp", bad, &good)
    };
    vec![
        negated("StringNotEquals", "aws:SourceVpce", vpce, r#","NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#),
        negated("StringNotEqualsIfExists", "aws:SourceVpce", vpce, r#","Null":{"aws:SourceVpce":"false"}"#),
        negated("NotIpAddress", "aws:SourceIp", ip, r#","StringNotEquals":{"aws:VpceOrgID":"o-a1b2c3d4e5"}"#),
        negated("StringNotLike", "aws:SourceAccount", "\"2109*\"", r#","Null":{"aws:SourceAccount":"false"}"#),
        negated(
            "StringNotEquals",
            "aws:Ec2InstanceSourceVpc",
            "\"vpc-0a1b2c3d\"",
            r#","Null":{"ec2:SourceInstanceARN":"false"}"#,
        ),
        deny(
            "NEGATED_KEY_MISSING",
            "StringNotEquals/aws:SourceVpc",
            r#"{"StringNotEquals":{§"aws:SourceVpc":"vpc-0a1b2c3d"}}"#,
            r#"{"StringEquals":{"aws:SourceVpc":"vpc-0a1b2c3d"}}"#,
        ),
        deny(
            "NEGATED_KEY_MISSING",
            "StringNotEquals/aws:SourceVpc",
            r#"{"StringNotEquals":{§"aws:SourceVpc":"vpc-0a1b2c3d"}}"#,
            r#"{"ForAnyValue:StringNotEquals":{"aws:SourceVpc":"vpc-0a1b2c3d"}}"#,
        ),
        // Nearly every request of a person or a machine has these keys, or is meant to have them.
        deny(
            "NEGATED_KEY_MISSING",
            "StringNotEquals/aws:SourceVpc",
            r#"{"StringNotEquals":{§"aws:SourceVpc":"vpc-0a1b2c3d"}}"#,
            r#"{"StringNotEquals":{"aws:PrincipalTag/team":"a","aws:RequestTag/team":"a","aws:RequestedRegion":"eu-west-1"}}"#,
        ),
        service(&test("NotIpAddress", "aws:SourceIp", "§", ip, ""), via),
        service(
            &test("NotIpAddress", "aws:SourceIp", "§", ip, r#","BoolIfExists":{"aws:SecureTransport":"true"}"#),
            r#","Null":{"aws:CalledVia":"true"}"#,
        ),
        deny(
            "NO_SERVICE_CALL_EXEMPTION",
            "StringNotEquals/aws:SourceVpce",
            &test(
                "StringNotEquals",
                "aws:SourceVpce",
                "§",
                vpce,
                r#","NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#,
            ),
            &test("StringNotEquals", "aws:SourceVpce", "", vpce, r#","Null":{"aws:SourceVpce":"false"}"#),
        ),
        deny(
            "MISSING_PAIRED_KEY",
            "IpAddress/aws:VpcSourceIp",
            &test("IpAddress", "aws:VpcSourceIp", "§", "\"10.0.0.0/8\"", ""),
            &test(
                "IpAddress",
                "aws:VpcSourceIp",
                "",
                "\"10.0.0.0/8\"",
                r#","StringEquals":{"aws:SourceVpc":"vpc-0a1b2c3d"}"#,
            ),
        ),
        deny(
            "MISSING_PAIRED_KEY",
            "NotIpAddress/aws:Ec2InstanceSourcePrivateIPv4",
            &test("NotIpAddress", "aws:Ec2InstanceSourcePrivateIPv4", "§", "\"10.0.0.1\"", ""),
            r#"{"Null":{"aws:Ec2InstanceSourcePrivateIPv4":"false"}}"#,
        ),
    ]
}

fn addresses() -> Vec<Case> {
    let ip = |code, key: &str, bad: &str, good: &str| {
        let bad = test("IpAddress", key, "", &format!("§{bad}"), "");
        deny(code, &format!("IpAddress/{key}"), &bad, &test("IpAddress", key, "", good, ""))
    };
    let private = |bad: &str, good: &str| ip("PRIVATE_SOURCE_IP", "aws:SourceIp", bad, good);
    vec![
        private("\"10.0.0.0/8\"", "\"11.0.0.0/8\""),
        private("\"172.31.0.1\"", "\"172.32.0.1\""),
        private("\"fd00::/8\"", "\"2001:db8::/32\""),
        private("\"127.0.0.1\"", "\"198.18.0.0/15\""),
        ip("PRIVATE_SOURCE_IP", "aws:SourceIp", "\"192.168.0.0/16\"", "\"192.0.0.0/8\""),
        ip("CIDR_HOST_BITS", "aws:SourceIp", "\"203.0.113.5/24\"", "\"203.0.113.5\""),
        ip("CIDR_HOST_BITS", "aws:VpcSourceIp", "\"2001:db8::1/32\"", "\"2001:db8::/32\""),
        ip("CIDR_WIDE", "aws:SourceIp", "\"0.0.0.0/0\"", "\"9.0.0.0/8\""),
        ip("CIDR_WIDE", "aws:SourceIp", "\"128.0.0.0/7\"", "\"128.0.0.0/8\""),
        ip("CIDR_WIDE", "aws:SourceIp", "\"::/0\"", "\"2001::/16\""),
        ip("CIDR_WIDE", "aws:SourceIp", "\"2000::/15\"", "\"2000::/16\""),
    ]
}

fn sessions() -> Vec<Case> {
    let users = r#","ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/*"}"#;
    let mfa = |operator: &str, key: &str, value: &str, beside: &str| {
        let bad = test(operator, key, "§", value, "");
        deny("MFA_DENY_HITS_ROLES", &format!("{operator}/{key}"), &bad, &test(operator, key, "", value, beside))
    };
    let present = "aws:MultiFactorAuthPresent";
    vec![
        mfa("BoolIfExists", present, "\"false\"", users),
        mfa("Bool", present, "false", r#","StringEquals":{"aws:PrincipalType":"User"}"#),
        mfa("Null", present, "\"true\"", r#","ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}"#),
        mfa("StringNotEquals", present, "\"true\"", users),
        mfa("NumericGreaterThanIfExists", "aws:MultiFactorAuthAge", "\"3600\"", users),
        deny(
            "MFA_DENY_HITS_ROLES",
            "BoolIfExists/aws:MultiFactorAuthPresent",
            &test(
                "BoolIfExists",
                present,
                "§",
                "\"false\"",
                r#","ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Ops*"}"#,
            ),
            &test("Bool", present, "", "\"true\"", ""),
        ),
        deny(
            "UNTRUSTWORTHY_KEY",
            "StringNotLike/aws:UserAgent",
            &test("StringNotLike", "aws:UserAgent", "§", "\"*console*\"", ""),
            &test("StringNotLike", "aws:userid", "", "\"*console*\"", ""),
        ),
        deny(
            "UNTRUSTWORTHY_KEY",
            "StringEquals/aws:Referer",
            &test("StringEquals", "aws:Referer", "§", "\"x\"", ""),
            &test("StringEquals", "aws:SourceIdentity", "", "\"x\"", ""),
        ),
    ]
}

fn variables() -> Vec<Case> {
    let exempt = |bad: &str, good: &str, beside: &str| {
        let bad = test("StringNotEquals", "aws:ResourceTag/team", "", &format!("§\"{bad}\""), "");
        let good = test("StringNotEquals", "aws:ResourceTag/team", "", &format!("\"{good}\""), beside);
        deny("VARIABLE_MISSING_KEY", "StringNotEquals/aws:ResourceTag~1team", &bad, &good)
    };
    let tag = "${aws:PrincipalTag/team}";
    let like = |bad: &str, good: &str| {
        let wrap = |text: &str, mark: &str| test("StringLike", "s3:prefix", "", &format!("{mark}\"{text}\""), "");
        deny("VARIABLE_MISSING_KEY", "StringLike/s3:prefix", &wrap(bad, "§"), &wrap(good, ""))
    };
    vec![
        exempt(tag, "${aws:PrincipalTag/team, 'none'}", ""),
        exempt(tag, tag, r#","Null":{"aws:PrincipalTag/team":"false"}"#),
        exempt("${aws:username}", "${aws:PrincipalAccount}", ""),
        deny(
            "VARIABLE_MISSING_KEY",
            "ArnNotLike/aws:PrincipalArn/1",
            r#"{"ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:user/x",§"arn:aws:iam::*:role/${aws:PrincipalTag/role}"]}}"#,
            r#"{"ArnLike":{"aws:PrincipalArn":["arn:aws:iam::*:user/x","arn:aws:iam::*:role/${aws:PrincipalTag/role}"]}}"#,
        ),
        statement(
            "VARIABLE_MISSING_KEY",
            "/Statement/0/NotResource",
            r#"{"Sid":"A","Effect":"Deny","Action":"s3:*","NotResource":§"arn:aws:s3:::b/${aws:username}"}"#,
            r#"{"Sid":"A","Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}"}"#,
        ),
        like("${aws:username}*", "home-1/${aws:username}*"),
        like("home*/${aws:SourceIdentity}", "${s3:signatureAge}"),
    ]
}

fn principals() -> Vec<Case> {
    let spare = |bad: &str, good: &str| {
        let wrap =
            |text: &str, mark: &str| test("ArnNotLike", "aws:PrincipalArn", "", &format!("{mark}\"{text}\""), "");
        deny("BREAKGLASS_TOO_BROAD", "ArnNotLike/aws:PrincipalArn", &wrap(bad, "§"), &wrap(good, ""))
    };
    let aim = |code, operator: &str, key: &str, value: &str, good: &str| {
        deny(code, &format!("{operator}/{key}"), &test(operator, key, "§", value, ""), good)
    };
    let plain = |text: &str, mark: &str| test("ArnLike", "aws:PrincipalArn", "", &format!("{mark}\"{text}\""), "");
    vec![
        spare("arn:aws:iam::*:role/*", "arn:aws:iam::210987654321:role/BreakGlass"),
        spare("arn:aws:iam::210987654321:role/*Admin*", "arn:aws:iam::210987654321:role/Admins*"),
        spare("arn:aws:iam::210987654321:role/Admin*", "arn:aws:iam::210987654321:role/Admin"),
        spare("*", "arn:aws:iam::*:root"),
        spare("arn:aws:iam::*", "arn:aws:iam::*:user/x"),
        spare("arn:aws:iam::*:role/BreakGlass", "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*"),
        spare("arn:aws:iam::*:role/x", "arn:aws:iam::*:role/aws-service-role/*"),
        deny(
            "SLR_NO_EFFECT",
            "ArnLike/aws:PrincipalArn",
            &plain("arn:aws:iam::*:role/aws-service-role/*", "§"),
            &plain("arn:aws:iam::*:role/service-role/*", ""),
        ),
        deny(
            "SLR_NO_EFFECT",
            "ArnLike/aws:PrincipalArn",
            &plain("arn:aws:iam::*:role/aws-service-role/x/y", "§"),
            r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/aws-service-role/*"}}"#,
        ),
        aim(
            "EXTERNAL_PRINCIPAL_NO_EFFECT",
            "StringNotEquals",
            "aws:PrincipalOrgID",
            "\"o-a1b2c3d4e5\"",
            r#"{"StringNotEquals":{"aws:ResourceOrgID":"o-a1b2c3d4e5"}}"#,
        ),
        aim(
            "EXTERNAL_PRINCIPAL_NO_EFFECT",
            "Bool",
            "aws:PrincipalIsAWSService",
            "\"true\"",
            r#"{"Bool":{"aws:PrincipalIsAWSService":"false"}}"#,
        ),
        aim(
            "EXTERNAL_PRINCIPAL_NO_EFFECT",
            "StringEquals",
            "aws:PrincipalServiceName",
            "\"s3.amazonaws.com\"",
            r#"{"StringNotEquals":{"aws:PrincipalServiceName":"s3.amazonaws.com"}}"#,
        ),
    ]
}

#[test]
fn configured_break_glass_roles_are_not_too_broad() {
    let role = "arn:aws:iam::*:role/*-break-glass";
    let text = policy(&format!(
        r#"{{"Sid":"A","Effect":"Deny","Action":"*","Resource":"*","Condition":{{"ArnNotLike":{{"aws:PrincipalArn":"{role}"}}}}}}"#
    ));
    for (settings, expected) in
        [(Settings::default(), true), (Settings { break_glass: vec![role.to_owned()], ..Settings::default() }, false)]
    {
        let found = validate(&text, &settings);
        assert_eq!(found.iter().any(|finding| finding.code == "BREAKGLASS_TOO_BROAD"), expected, "{settings:?}");
    }
}

#[test]
fn severities_follow_what_is_left_of_the_rule() {
    let found = |text: &str, code: &str| {
        let found = validate(&policy(text), &Settings::default());
        found.into_iter().filter(|finding| finding.code == code).map(|finding| finding.severity).collect::<Vec<_>>()
    };
    let with = |condition: &str| {
        format!(r#"{{"Sid":"A","Effect":"Deny","Action":"s3:Get*","Resource":"*","Condition":{{{condition}}}}}"#)
    };
    for (condition, code, expected) in [
        (r#""IpAddress":{"aws:SourceIp":["10.0.0.0/8"]}"#, "PRIVATE_SOURCE_IP", Severity::Error),
        (r#""IpAddress":{"aws:SourceIp":["10.0.0.0/8","203.0.113.0/24"]}"#, "PRIVATE_SOURCE_IP", Severity::Warning),
        (r#""StringEquals":{"aws:RequestedRegion":"us-east1"}"#, "UNKNOWN_REGION", Severity::Error),
        (r#""StringEquals":{"aws:RequestedRegion":"eu-east-7"}"#, "UNKNOWN_REGION", Severity::Warning),
        (
            r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/BreakGlass"}"#,
            "BREAKGLASS_TOO_BROAD",
            Severity::Warning,
        ),
        (
            r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}"#,
            "BREAKGLASS_TOO_BROAD",
            Severity::SecurityWarning,
        ),
    ] {
        assert_eq!(found(&with(condition), code), [expected], "{condition}");
    }
}

#[test]
fn regions_are_of_their_partition_alone() {
    let found = |home: &str, region: &str| {
        let text = policy(&format!(
            r#"{{"Sid":"A","Effect":"Deny","Action":"s3:Get*","Resource":"*","Condition":{{"StringEquals":{{"aws:RequestedRegion":"{region}"}}}}}}"#
        ));
        let found = validate(&text, &Settings { partition: home.to_owned(), ..Settings::default() });
        let one = |finding: Finding| (finding.severity, finding.message);
        found.into_iter().filter(|finding| finding.code == "UNKNOWN_REGION").map(one).collect::<Vec<_>>()
    };
    for home in PARTITIONS {
        for of in PARTITIONS {
            for region in of.regions {
                let why = format!("`{region}` is a Region of the partition `{}`, no request here has it", of.id);
                let expected = if home == of { vec![] } else { vec![(Severity::Error, why)] };
                assert_eq!(found(home.id, region), expected, "{region} in {}", home.id);
            }
        }
    }
}
