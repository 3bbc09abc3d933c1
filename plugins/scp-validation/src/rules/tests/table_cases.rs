//! Rules that compare a document with the action table that the repository ships.

mod corpora;
mod story;

use super::super::report::Report;
use super::super::table::check;
use super::*;
use reeve_scp::table::ActionTable;

pub(super) fn shipped() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/scp-validation/actions.txt");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What the rules of the table alone say of a document.
fn found(text: &str, table: &ActionTable<'_>, stale: bool) -> Vec<Finding> {
    let settings = Settings::default();
    let mut report = Report::new(&settings);
    let options = reeve_json::Options { bytes_max: 1 << 20, depth_max: 32, strings: reeve_json::StringRule::Any };
    let root = reeve_json::parse(text.as_bytes(), &options).unwrap_or_else(|error| panic!("{text}: {error}"));
    check(root.as_object().expect("an object"), table, stale, &mut report);
    report.finish(text)
}

/// Action and Resource of a Deny.
fn pair(code: &'static str, pointer: &'static str, bad: [&str; 2], good: [&str; 2]) -> Case {
    let wrap = |[action, resource]: [&str; 2]| {
        policy(&format!(r#"{{"Sid":"A","Effect":"Deny","Action":{action},"Resource":{resource}}}"#))
    };
    Case { code, pointer, bad: wrap(bad), good: wrap(good) }
}

/// The Action of a Deny on everything.
fn action(code: &'static str, bad: &str, good: &str) -> Case {
    pair(code, "/Statement/0/Action", [bad, r#""*""#], [good, r#""*""#])
}

/// Action and Condition of a Deny on everything.
fn tested(code: &'static str, pointer: &'static str, bad: [&str; 2], good: [&str; 2]) -> Case {
    let wrap = |[action, condition]: [&str; 2]| {
        policy(&format!(r#"{{"Sid":"A","Effect":"Deny","Action":{action},"Resource":"*","Condition":{condition}}}"#))
    };
    Case { code, pointer, bad: wrap(bad), good: wrap(good) }
}

/// Every code of the table's rules on a document that must give it and on a near miss.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = actions();
    cases.extend(redundant());
    cases.extend(resources());
    cases.extend(keys());
    cases
}

fn actions() -> Vec<Case> {
    vec![
        action("UNKNOWN_SERVICE", r#"§"s3s:GetObject""#, r#""s3:GetObject""#),
        action("UNKNOWN_SERVICE", r#"§"nosuch:*""#, r#""sqs:*""#),
        action("UNKNOWN_SERVICE", r#"§"S3:GetObject""#, r#""s3:getobject""#),
        statement(
            "UNKNOWN_SERVICE",
            "/Statement/0/NotAction/1",
            r#"{"Sid":"A","Effect":"Deny","NotAction":["iam:*",§"suport:*"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#,
            r#"{"Sid":"A","Effect":"Deny","NotAction":["iam:*","support:*"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#,
        ),
        action("UNKNOWN_ACTION", r#"§"s3:GetObjects""#, r#""s3:GetObject""#),
        action("UNKNOWN_ACTION", r#"§"iam:ListAccessKey""#, r#""iam:ListAccessKeys""#),
        action("UNKNOWN_ACTION", r#"§"s3:ListBuckets""#, r#""s3:ListAllMyBuckets""#),
        action("ACTION_PATTERN_MATCHES_NOTHING", r#"§"ec2:Runinst*anced""#, r#""ec2:RunInst*ances""#),
        action("ACTION_PATTERN_MATCHES_NOTHING", r#"§"s3:Fetch*""#, r#""s3:Get*""#),
        action("ACTION_PATTERN_MATCHES_NOTHING", r#"§"s3:GetObjec?t""#, r#""s3:GetObjec?""#),
        action("WILDCARD_IN_SERVICE", r#"§"s*:Get*""#, r#""s3:Get*""#),
        action("WILDCARD_IN_SERVICE", r#"§"*:*""#, r#""*""#),
        pair(
            "WILDCARD_IN_SERVICE",
            "/Statement/0/Resource",
            [r#""codebuild:StartBuild""#, r#"§"arn:aws:code*:us-east-1:*:project/x""#],
            [r#""codebuild:StartBuild""#, r#""arn:aws:codebuild:us-east-1:*:project/x""#],
        ),
        action("WILDCARD_MIDDLE", r#"§"s3:*Object""#, r#""s3:Get*""#),
        action("WILDCARD_MIDDLE", r#"§"ec2:Describe*Zones""#, r#""ec2:Describe*""#),
        action("DEPRECATED_OR_PERMISSION_ONLY", r#"§"lambda:InvokeAsync""#, r#""lambda:InvokeFunction""#),
        action("DEPRECATED_OR_PERMISSION_ONLY", r#"§"cloudhsm:DescribeHapg""#, r#""cloudhsm:DescribeClusters""#),
        action("DEPRECATED_OR_PERMISSION_ONLY", r#"§"deepracer:*""#, r#""sagemaker:*""#),
    ]
}

fn redundant() -> Vec<Case> {
    vec![
        pair(
            "REDUNDANT_ACTION",
            "/Statement/0/Action/1",
            [r#"["s3:*",§"s3:get*"]"#, r#""*""#],
            [r#"["s3:Put*","s3:Get*"]"#, r#""*""#],
        ),
        pair(
            "REDUNDANT_ACTION",
            "/Statement/0/Action/1",
            [r#"["s3:GetObject",§"s3:GetObject"]"#, r#""*""#],
            [r#"["s3:GetObject","s3:GetObjectAcl"]"#, r#""*""#],
        ),
        pair(
            "REDUNDANT_RESOURCE",
            "/Statement/0/Resource/0",
            [r#""s3:GetObject""#, r#"[§"arn:aws:s3:::b/x","arn:aws:s3:::b/*"]"#],
            [r#""s3:GetObject""#, r#"["arn:aws:s3:::b/x","arn:aws:s3:::c/*"]"#],
        ),
        statement(
            "REDUNDANT_STATEMENT",
            "/Statement/1",
            r#"{"Sid":"A","Effect":"Deny","Action":["s3:Put*","s3:Delete*"],"Resource":"*"},§{"Sid":"B","Effect":"Deny","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#,
            r#"{"Sid":"A","Effect":"Deny","Action":["s3:Put*","s3:Delete*"],"Resource":"*","Condition":{"Bool":{"aws:ViaAWSService":"false"}}},{"Sid":"B","Effect":"Deny","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#,
        ),
        statement(
            "REDUNDANT_STATEMENT",
            "/Statement/1",
            r#"{"Sid":"A","Effect":"Deny","Action":"s3:PutObject","Resource":"*"},§{"Sid":"B","Effect":"Deny","Action":"s3:PutObject","Resource":"*"}"#,
            r#"{"Sid":"A","Effect":"Deny","Action":"s3:PutObject","Resource":"*"},{"Sid":"B","Effect":"Allow","Action":"s3:PutObject","Resource":"*"}"#,
        ),
        statement(
            "REDUNDANT_STATEMENT",
            "/Statement/0",
            r#"§{"Sid":"A","Effect":"Deny","Action":"s3:PutObject","Resource":"*"},{"Sid":"B","Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*"}"#,
            r#"{"Sid":"A","Effect":"Deny","Action":"iam:CreateUser","Resource":"*"},{"Sid":"B","Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*"}"#,
        ),
        statement(
            "REDUNDANT_STATEMENT",
            "/Statement/0",
            r#"§{"Sid":"A","Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*"},{"Sid":"B","Effect":"Deny","NotAction":"iam:*","Resource":"*"}"#,
            r#"{"Sid":"A","Effect":"Deny","NotAction":["iam:Get*","sts:*"],"Resource":"*"},{"Sid":"B","Effect":"Deny","NotAction":"iam:*","Resource":"*"}"#,
        ),
    ]
}

fn resources() -> Vec<Case> {
    const MISMATCH: &str = "ACTION_RESOURCE_MISMATCH";
    let action = "/Statement/0/Action";
    vec![
        pair(
            MISMATCH,
            action,
            [r#"§"s3:ListBucket""#, r#""arn:aws:s3:::b/*""#],
            [r#""s3:ListBucket""#, r#""arn:aws:s3:::b""#],
        ),
        pair(
            MISMATCH,
            action,
            [r#"§"s3:GetObject""#, r#""arn:aws:s3:::b""#],
            [r#""s3:GetObject""#, r#""arn:aws:s3:::b*""#],
        ),
        pair(
            MISMATCH,
            action,
            [r#"§"s3:GetObject""#, r#""arn:aws:sqs:us-east-1:210987654321:q""#],
            [r#""sqs:SendMessage""#, r#""arn:aws:sqs:us-east-1:210987654321:q""#],
        ),
        pair(
            MISMATCH,
            "/Statement/0/Action/1",
            [r#"["s3:GetObject",§"s3:PutBucketPolicy"]"#, r#""arn:aws:s3:::b/*""#],
            [r#"["s3:GetObject","s3:PutBucketPolicy"]"#, r#"["arn:aws:s3:::b/*","arn:aws:s3:::b"]"#],
        ),
        pair(
            MISMATCH,
            "/Statement/0/Resource/1",
            [r#""ec2:*""#, r#"["arn:aws:ec2:*:*:instance/*",§"arn:aws:rds:*:*:db:*"]"#],
            [r#"["ec2:*","rds:*"]"#, r#"["arn:aws:ec2:*:*:instance/*","arn:aws:rds:*:*:db:*"]"#],
        ),
        pair(
            MISMATCH,
            action,
            [r#"§"dynamodb:PutItem""#, r#""arn:aws:dynamodb:*:*:table/t/index/i""#],
            [r#""dynamodb:Query""#, r#""arn:aws:dynamodb:*:*:table/t/index/i""#],
        ),
        pair(
            "RESOURCE_ONLY_STAR_ACTION",
            action,
            [r#"§"ec2:DescribeInstances""#, r#""arn:aws:ec2:*:*:instance/*""#],
            [r#""ec2:StopInstances""#, r#""arn:aws:ec2:*:*:instance/*""#],
        ),
        pair(
            "RESOURCE_ONLY_STAR_ACTION",
            action,
            [r#"§"iam:GetAccountSummary""#, r#""arn:aws:iam::*:role/*""#],
            [r#""iam:GetAccountSummary""#, r#""*""#],
        ),
        pair(
            "RESOURCE_ONLY_STAR_ACTION",
            action,
            [r#"§"s3:ListAllMyBuckets""#, r#""arn:aws:sqs:*:*:q""#],
            [r#""s3:ListAllMyBuckets""#, r#""arn:aws:s3:::*""#],
        ),
    ]
}

fn keys() -> Vec<Case> {
    vec![
        tested(
            "UNKNOWN_CONDITION_KEY",
            "/Statement/0/Condition/ArnLike/aws:PrincipalArns",
            [r#""s3:*""#, r#"{"ArnLike":{§"aws:PrincipalArns":"arn:aws:iam::*:role/x"}}"#],
            [r#""s3:*""#, r#"{"ArnLike":{"aws:principalarn":"arn:aws:iam::*:role/x"}}"#],
        ),
        tested(
            "UNKNOWN_CONDITION_KEY",
            "/Statement/0/Condition/StringEquals/s3:x-amz-acls",
            [r#""s3:PutObject""#, r#"{"StringEquals":{§"s3:x-amz-acls":"public-read"}}"#],
            [r#""s3:PutObject""#, r#"{"StringEquals":{"s3:x-amz-acl":"public-read"}}"#],
        ),
        tested(
            "UNKNOWN_CONDITION_KEY",
            "/Statement/0/Condition/StringEquals/aws:PrincipalTag",
            [r#""s3:*""#, r#"{"StringEquals":{§"aws:PrincipalTag":"x"}}"#],
            [r#""s3:*""#, r#"{"StringEquals":{"aws:PrincipalTag/team":"x"}}"#],
        ),
        tested(
            "UNKNOWN_CONDITION_KEY",
            "/Statement/0/Condition/StringEquals/sub",
            [r#""sts:AssumeRoleWithWebIdentity""#, r#"{"StringEquals":{§"sub":"x"}}"#],
            [r#""sts:AssumeRoleWithWebIdentity""#, r#"{"StringEquals":{"login.example.com:sub":"x"}}"#],
        ),
        tested(
            "DEPRECATED_OR_PERMISSION_ONLY",
            "/Statement/0/Condition/Bool/deepracer:MultiUser",
            [r#""s3:*""#, r#"{"Bool":{§"deepracer:MultiUser":"true"}}"#],
            [r#""s3:*""#, r#"{"Bool":{"aws:SecureTransport":"false"}}"#],
        ),
        tested(
            "KEY_NOT_SUPPORTED_BY_ACTION",
            "/Statement/0/Condition/StringEquals/aws:ResourceTag~1team",
            [r#""ec2:DescribeInstances""#, r#"{"StringEquals":{§"aws:ResourceTag/team":"x"}}"#],
            [r#""ec2:StopInstances""#, r#"{"StringEquals":{"aws:ResourceTag/team":"x"}}"#],
        ),
        tested(
            "KEY_NOT_SUPPORTED_BY_ACTION",
            "/Statement/0/Condition/StringNotEquals/s3:prefix",
            [r#"["s3:ListBucket","s3:PutObject"]"#, r#"{"StringNotEquals":{§"s3:prefix":"x"}}"#],
            [r#""s3:List*""#, r#"{"StringNotEquals":{"s3:prefix":"x"}}"#],
        ),
        tested(
            "KEY_NOT_SUPPORTED_BY_ACTION",
            "/Statement/0/Condition/Null/aws:RequestTag~1team",
            [r#""organizations:LeaveOrganization""#, r#"{"Null":{§"aws:RequestTag/team":"true"}}"#],
            [r#""organizations:CreateAccount""#, r#"{"Null":{"aws:RequestTag/team":"true"}}"#],
        ),
        tested(
            "OPERATOR_KEY_TYPE",
            "/Statement/0/Condition/NumericLessThan/ec2:EbsOptimized",
            [r#""ec2:RunInstances""#, r#"{"NumericLessThan":{§"ec2:EbsOptimized":"1"}}"#],
            [r#""ec2:RunInstances""#, r#"{"Bool":{"ec2:EbsOptimized":"true"}}"#],
        ),
        tested(
            "OPERATOR_KEY_TYPE",
            "/Statement/0/Condition/StringLike/iam:PermissionsBoundary",
            [r#""iam:CreateRole""#, r#"{"StringLike":{§"iam:PermissionsBoundary":"arn:aws:iam::*:policy/p"}}"#],
            [
                r#""iam:CreateRole""#,
                r#"{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::210987654321:policy/p"}}"#,
            ],
        ),
        tested(
            "MISSING_QUALIFIER",
            "/Statement/0/Condition/StringEquals/kms:GrantOperations",
            [r#""kms:CreateGrant""#, r#"{"StringEquals":{§"kms:GrantOperations":"Decrypt"}}"#],
            [r#""kms:CreateGrant""#, r#"{"ForAnyValue:StringEquals":{"kms:GrantOperations":"Decrypt"}}"#],
        ),
        tested(
            "FORALLVALUES_SINGLE_VALUED",
            "/Statement/0/Condition/ForAllValues:StringEquals/ec2:MetadataHttpTokens",
            [r#""ec2:RunInstances""#, r#"{"ForAllValues:StringEquals":{§"ec2:MetadataHttpTokens":"optional"}}"#],
            [r#""ec2:RunInstances""#, r#"{"StringEquals":{"ec2:MetadataHttpTokens":"optional"}}"#],
        ),
    ]
}

#[test]
fn each_rule_finds_its_case_and_spares_the_near_miss() {
    let text = shipped();
    let table = ActionTable::parse(&text).expect("the shipped table");
    for case in cases() {
        let (bad, position) = unmark(&case.bad);
        let findings = found(&bad, &table, false);
        assert!(
            findings.iter().any(|finding| {
                (finding.code, finding.pointer.as_str(), finding.position) == (case.code, case.pointer, position)
            }),
            "{} at {} {position} is missing in {bad}\n{findings:#?}",
            case.code,
            case.pointer
        );
        let findings = found(&case.good, &table, false);
        assert!(findings.iter().all(|finding| finding.code != case.code), "{} {}\n{findings:#?}", case.code, case.good);
        let errors: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "near miss of {}: {}\n{errors:#?}", case.code, case.good);
    }
}
