//! Cases on the elements of a statement, and on ARNs.

use super::*;

const GOOD: &str = r#"{"Sid":"A1","Effect":"Deny","Action":"s3:PutObject","Resource":"*"}"#;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = elements();
    cases.extend(arns());
    cases
}

fn elements() -> Vec<Case> {
    let bad = |from: &str, to: &str| GOOD.replace(from, to);
    let start = |from: &str, to: &str| format!("§{}", GOOD.replace(from, to));
    let at = |code, pointer, bad: String| statement(code, pointer, &bad, GOOD);
    let array = |text: &str| GOOD.replace("\"s3:PutObject\"", text);
    vec![
        at("UNKNOWN_ELEMENT", "/Statement/0/Conditions", bad("}", ",§\"Conditions\":{}}")),
        at("UNKNOWN_ELEMENT", "/Statement/0/action", bad("\"Action\"", "§\"action\"")),
        statement("UNKNOWN_ELEMENT", "/Statement/0/Id", &bad("}", ",§\"Id\":\"x\"}"), &bad("}", ",\"Condition\":{}}")),
        at("PRINCIPAL_PRESENT", "/Statement/0/Principal", bad("}", ",§\"Principal\":{\"AWS\":\"*\"}}")),
        at("PRINCIPAL_PRESENT", "/Statement/0/Principal", bad("Deny", "Allow").replace('}', ",§\"Principal\":\"*\"}")),
        // One statement of another form, and it is no resource control policy.
        at(
            "PRINCIPAL_PRESENT",
            "/Statement/1/Principal",
            format!("{GOOD},{}", bad("A1\"", "A2\",§\"Principal\":\"*\"")),
        ),
        at("NOTPRINCIPAL_PRESENT", "/Statement/0/NotPrincipal", bad("}", ",§\"NotPrincipal\":\"*\"}")),
        at("MISSING_EFFECT", "/Statement/0", start("\"Effect\":\"Deny\",", "")),
        at("MISSING_EFFECT", "/Statement/0", start("\"Effect\"", "\"effect\"")),
        at("INVALID_EFFECT", "/Statement/0/Effect", bad("\"Deny\"", "§\"deny\"")),
        at("INVALID_EFFECT", "/Statement/0/Effect", bad("\"Deny\"", "§\"Deny \"")),
        at("MISSING_ACTION", "/Statement/0", start("\"Action\":\"s3:PutObject\",", "")),
        statement("MISSING_ACTION", "/Statement/0", &start("Action", "action"), &bad("Action", "NotAction")),
        at("ACTION_AND_NOTACTION", "/Statement/0/NotAction", bad("}", ",§\"NotAction\":\"s3:*\"}")),
        at("MISSING_RESOURCE", "/Statement/0", start(",\"Resource\":\"*\"", "")),
        statement("MISSING_RESOURCE", "/Statement/0", &start("Resource", "resource"), &bad("Resource", "NotResource")),
        at("RESOURCE_AND_NOTRESOURCE", "/Statement/0/NotResource", bad("}", ",§\"NotResource\":\"*\"}")),
        statement("DATA_TYPE", "/Statement/0/Action", &array("§5"), &array("[\"s3:Put*\",\"s3:Get*\"]")),
        at("DATA_TYPE", "/Statement/0/Action/1", array("[\"s3:Put*\",§null]")),
        at("DATA_TYPE", "/Statement/0/Resource", bad("\"*\"", "§{}")),
        at("DATA_TYPE", "/Statement/0/Condition", bad("}", ",\"Condition\":§[]}")),
        at("DATA_TYPE", "/Statement/0/Sid", bad("\"A1\"", "§1")),
        at("DATA_TYPE", "/Statement/0/Effect", bad("\"Deny\"", "§true")),
        at("EMPTY_ARRAY", "/Statement/0/Action", array("§[]")),
        at("EMPTY_ARRAY", "/Statement/0/NotAction", array("§[]").replace("Action", "NotAction")),
        at("EMPTY_ARRAY", "/Statement/0/Resource", bad("\"*\"", "§[]")),
        at("INVALID_SID", "/Statement/0/Sid", bad("\"A1\"", "§\"deny-all\"")),
        at("INVALID_SID", "/Statement/0/Sid", bad("\"A1\"", "§\"É\"")),
        at("EMPTY_SID", "/Statement/0/Sid", bad("\"A1\"", "§\"\"")),
        statement(
            "NO_SID",
            "/Statement/0",
            &start("\"Sid\":\"A1\",", ""),
            &bad("\"Sid\":\"A1\",", "").replace("Deny", "Allow"),
        ),
        at("DUPLICATE_SID", "/Statement/1/Sid", format!("{GOOD},{}", bad("\"A1\"", "§\"A1\""))),
        statement(
            "DUPLICATE_SID",
            "/Statement/2/Sid",
            &format!("{GOOD},{},{}", bad("A1", "a1"), bad("\"A1\"", "§\"A1\"")),
            &format!("{GOOD},{},{},{}", bad("A1", "a1"), bad("A1", ""), bad("A1", "")),
        ),
        whole(
            "INVALID_SID",
            "/Statement/Sid",
            &policy(&bad("\"A1\"", "§\"a b\"")).replace(['[', ']'], ""),
            &policy(GOOD).replace(['[', ']'], ""),
        ),
    ]
}

fn arns() -> Vec<Case> {
    let arn = |code, bad: &str, good: &str| resource(code, &format!("§\"{bad}\""), &format!("\"{good}\""));
    vec![
        arn("ARN_FORMAT", " *", "*"),
        arn("ARN_FORMAT", "", "**"),
        arn("ARN_FORMAT", "bucket", "arn:aws:s3:::bucket"),
        arn("ARN_FORMAT", "arn:s3:::b", "arn:*:s3:::b"),
        arn("ARN_FORMAT", "arn:aws:s3::b", "arn:aws:s3:::b:c:d"),
        arn("ARN_FORMAT", "ARN:aws:s3:::b", "arn:aws:s3:::B"),
        arn("ARN_FORMAT", "arn:aws::::b", "arn:aws:*:*:*:*"),
        arn("ARN_FORMAT", "arn:aws:s3:::", "arn:aws:s3:::*"),
        arn("ARN_FORMAT", "arn:aws:S3:::b", "arn:aws:*code*:::b"),
        arn("ARN_PARTITION", "arn:aws-cn:s3:::b", "arn:aws*:s3:::b"),
        arn("ARN_PARTITION", "arn:AWS:s3:::b", "arn:*:s3:::b"),
        arn("ARN_ACCOUNT", "arn:aws:iam::12345678901:role/x", "arn:aws:iam::210987654321:role/x"),
        arn("ARN_ACCOUNT", "arn:aws:iam::21098765432x:role/x", "arn:aws:iam::*21:role/x"),
        arn("ARN_ACCOUNT", "arn:aws:iam::MyAccount:role/x", "arn:aws:iam::aws:policy/x"),
        arn("ARN_ACCOUNT", "arn:aws:iam::1234567890123*:role/x", "arn:aws:iam::2109*:role/x"),
        arn("ARN_ACCOUNT", "arn:aws:iam::??:role/x", "arn:aws:iam::????????????:role/x"),
        arn("ARN_ACCOUNT", "arn:aws:iam:::role/x", "arn:aws:iam::*:role/x"),
        arn("ARN_ACCOUNT", "arn:aws:s3::210987654321:b/k", "arn:aws:s3::210987654321:accesspoint/b.mrap"),
        arn("ARN_ACCOUNT", "arn:aws:s3::210987654321:b/k", "arn:aws:s3:*:*:b/k"),
        arn("ARN_REGION", "arn:aws:ec2:us-east1:210987654321:instance/*", "arn:aws:ec2:us-east-1:*:instance/*"),
        arn("ARN_REGION", "arn:aws:ec2:US-EAST-1:210987654321:instance/*", "arn:aws:ec2:us-*:*:instance/*"),
        arn("ARN_REGION", "arn:aws:iam:us-east-1:210987654321:role/x", "arn:aws:iam:*:210987654321:role/x"),
        arn("ARN_REGION", "arn:aws:s3:us-east-1::b", "arn:aws:s3:us-east-1:210987654321:accesspoint/b"),
        arn("ARN_REGION", "arn:aws:lambda::210987654321:function:f", "arn:aws:ec2::210987654321:ipam/ipam-1"),
        arn("ARN_REGION", "arn:aws:health:globe::event/x", "arn:aws:health:global::event/x"),
    ]
}

#[test]
fn the_partition_is_the_organization_s() {
    let china = Settings { partition: "aws-cn".to_owned(), ..Settings::default() };
    for (partition, expected) in
        [("aws", true), ("aws-cn", false), ("aws-*", false), ("*", false), ("aws-us-gov", true)]
    {
        let text = policy(&GOOD.replace("\"*\"", &format!("\"arn:{partition}:s3:::b\"")));
        let found = validate(&text, &china).iter().any(|finding| finding.code == "ARN_PARTITION");
        assert_eq!(found, expected, "{partition}");
    }
}
