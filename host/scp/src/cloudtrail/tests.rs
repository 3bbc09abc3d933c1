//! Records and the calls they tell of.

use super::*;

fn parse(text: &str) -> Node {
    let options = reeve_json::Options { bytes_max: 1 << 16, depth_max: 32, strings: reeve_json::StringRule::Any };
    reeve_json::parse(text.as_bytes(), &options).expect("JSON")
}

/// A record of this caller with these further members.
fn record(identity: &str, more: &str) -> Node {
    parse(&format!(
        r#"{{"eventType": "AwsApiCall", "eventSource": "s3.amazonaws.com", "eventName": "GetBucketAcl",
        "awsRegion": "eu-west-1", "eventTime": "2024-08-02T08:30:00Z", "eventID": "e-1", "userAgent": "cli",
        "userIdentity": {identity}{more}}}"#
    ))
}

const ROLE: &str = r#"{"type": "AssumedRole", "principalId": "AROA:session", "accountId": "111111111111",
    "arn": "arn:aws:sts::111111111111:assumed-role/app/session", "accessKeyId": "ASIA1",
    "sessionContext": {"attributes": {"creationDate": "2024-08-02T08:00:00Z", "mfaAuthenticated": "false"},
    "sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111111111111:role/team/app"}}}"#;
const USER: &str = r#"{"type": "IAMUser", "principalId": "AIDA", "accountId": "111111111111", "accessKeyId": "AKIA1",
    "arn": "arn:aws:iam::111111111111:user/anna", "userName": "anna"}"#;
const ROOT: &str = r#"{"type": "Root", "principalId": "111111111111", "accountId": "111111111111", "arn": "arn:aws:iam::111111111111:root"}"#;
const OTHER: &str = r#"{"type": "AWSAccount", "principalId": "AIDA:x", "accountId": "222222222222"}"#;

#[test]
fn the_caller_becomes_keys() {
    let one = |value: &str| Key::value(value);
    for (identity, key, expected) in [
        (ROLE, "aws:principalarn", one("arn:aws:iam::111111111111:role/team/app")),
        (ROLE, "aws:principalaccount", one("111111111111")),
        (ROLE, "aws:principaltype", one("AssumedRole")),
        (ROLE, "aws:userid", one("AROA:session")),
        (ROLE, "aws:username", Key::Absent),
        (ROLE, "aws:multifactorauthpresent", one("false")),
        (ROLE, "aws:multifactorauthage", Key::Absent),
        (ROLE, "aws:tokenissuetime", one("2024-08-02T08:00:00Z")),
        (ROLE, "aws:viaawsservice", one("false")),
        (USER, "aws:principalarn", one("arn:aws:iam::111111111111:user/anna")),
        (USER, "aws:username", one("anna")),
        (USER, "aws:multifactorauthpresent", Key::Absent),
        (ROOT, "aws:principaltype", one("Account")),
        (ROOT, "aws:multifactorauthpresent", Key::Unknown),
        (OTHER, "aws:principalarn", Key::Unknown),
        (OTHER, "aws:principalaccount", one("222222222222")),
        (OTHER, "aws:userid", Key::Unknown),
        (USER, "aws:requestedregion", one("eu-west-1")),
        (USER, "aws:useragent", one("cli")),
        (USER, "aws:currenttime", one("2024-08-02T08:30:00Z")),
        (USER, "aws:epochtime", one("1722587400")),
        (USER, "aws:sourceip", Key::Unknown),
        (USER, "aws:securetransport", Key::present()),
        (USER, "aws:principaltag/team", Key::Unknown),
    ] {
        let recorded = read(&record(identity, "")).expect("a call");
        assert_eq!(*recorded.call.keys.get(key), expected, "{key} of {identity}");
    }
}

#[test]
fn the_way_of_the_call_becomes_keys() {
    let one = |value: &str| Key::value(value);
    let invoked = |by: &str| USER.replace("\"userName\"", &format!("\"invokedBy\": \"{by}\", \"userName\""));
    let plain = USER.to_owned();
    for (identity, more, key, expected) in [
        (&plain, r#", "sourceIPAddress": "203.0.113.9""#, "aws:sourceip", one("203.0.113.9")),
        (&plain, r#", "sourceIPAddress": "203.0.113.9""#, "aws:sourcevpce", Key::Absent),
        (&plain, r#", "sourceIPAddress": "10.0.0.9""#, "aws:sourceip", Key::Unknown),
        (&plain, r#", "sourceIPAddress": "AWS Internal""#, "aws:sourceip", Key::Unknown),
        (&plain, r#", "sourceIPAddress": "10.0.0.9", "vpcEndpointId": "vpce-1""#, "aws:sourcevpce", one("vpce-1")),
        (&plain, r#", "sourceIPAddress": "10.0.0.9", "vpcEndpointId": "vpce-1""#, "aws:vpcsourceip", one("10.0.0.9")),
        (&plain, r#", "sourceIPAddress": "10.0.0.9", "vpcEndpointId": "vpce-1""#, "aws:sourceip", Key::Absent),
        (&plain, r#", "tlsDetails": {"tlsVersion": "TLSv1.2"}"#, "aws:securetransport", one("true")),
        (&plain, "", "aws:calledvia", Key::Absent),
        (&invoked("cloudformation.amazonaws.com"), "", "aws:viaawsservice", one("true")),
        (&invoked("cloudformation.amazonaws.com"), "", "aws:calledvialast", Key::Unknown),
        (&invoked("cloudformation.amazonaws.com"), "", "aws:calledvia", Key::Unknown),
        (&invoked("AWS Internal"), "", "aws:viaawsservice", Key::Unknown),
        // Glue does not support the key.
        (&invoked("glue.amazonaws.com"), "", "aws:viaawsservice", Key::Unknown),
    ] {
        let recorded = read(&record(identity, more)).expect("a call");
        assert_eq!(*recorded.call.keys.get(key), expected, "{key} of {identity}{more}");
    }
}

#[test]
fn a_user_agent_is_known_where_it_is_recorded_as_it_was_sent() {
    let (whole, cut) = ("a".repeat(USER_AGENT_BYTES_MAX - 1), "a".repeat(USER_AGENT_BYTES_MAX));
    for (agent, known) in [
        ("Boto3/1.26 [x]", true),
        ("[Boto3/1.26]", false),
        ("cloudformation.amazonaws.com", false),
        ("AWS Internal", false),
        (whole.as_str(), true),
        (cut.as_str(), false),
    ] {
        let text = reeve_json::compact(&record(USER, "").value).replacen("\"cli\"", &format!("\"{agent}\""), 1);
        let recorded = read(&parse(&text)).expect("a call");
        let expected = if known { Key::value(agent) } else { Key::Unknown };
        assert_eq!(*recorded.call.keys.get("aws:useragent"), expected, "{agent}");
    }
}

#[test]
fn a_call_is_asked_by_the_action_that_its_parameters_need() {
    let deleted = |parameters: &str| {
        let text = reeve_json::compact(&record(USER, parameters).value).replacen("GetBucketAcl", "DeleteObject", 1);
        read(&parse(&text)).map(|it| (it.action, it.call.action()))
    };
    let one = |name: &str| Ok((name.to_owned(), name.to_ascii_lowercase()));
    assert_eq!(deleted(r#", "requestParameters": {"key": "k"}"#), one("s3:DeleteObject"));
    assert_eq!(deleted(r#", "requestParameters": {"versionId": "v"}"#), one("s3:DeleteObjectVersion"));
    let unknown = Err(NoCall::NoAction("s3.amazonaws.com DeleteObject".to_owned()));
    assert_eq!(deleted(r#", "requestParameters": null"#), unknown);
    assert_eq!(deleted(r#", "requestParameters": {"omitted": true}"#), unknown);
    assert_eq!(deleted(""), unknown);
}

#[test]
fn one_resource_is_the_resource() {
    let bucket = r#"{"ARN": "arn:aws:s3:::b", "accountId": "111111111111", "type": "AWS::S3::Bucket"}"#;
    for (resources, expected, account) in [
        (String::new(), Resource::Unknown, Key::Unknown),
        (
            format!(r#", "resources": [{bucket}]"#),
            Resource::Known("arn:aws:s3:::b".to_owned()),
            Key::value("111111111111"),
        ),
        (format!(r#", "resources": [{bucket}, {bucket}]"#), Resource::Unknown, Key::Unknown),
        (r#", "resources": [{"ARN": "b"}]"#.to_owned(), Resource::Unknown, Key::Unknown),
    ] {
        let recorded = read(&record(USER, &resources)).expect("a call");
        assert_eq!(recorded.call.resource, expected, "{resources}");
        assert_eq!(*recorded.call.keys.get("aws:resourceaccount"), account, "{resources}");
    }
}

#[test]
fn a_resource_that_is_wider_than_the_one_decided_on_is_not_taken_for_it() {
    let resources = r#", "resources": [{"ARN": "arn:aws:dynamodb:eu-west-1:111111111111:table/t"}]"#;
    for (source, name, known) in [("dynamodb", "Query", false), ("lambda", "Invoke", false), ("kms", "Decrypt", true)] {
        let text = reeve_json::compact(&record(USER, resources).value);
        let text = text.replacen("s3.amazonaws", &format!("{source}.amazonaws"), 1).replacen("GetBucketAcl", name, 1);
        let recorded = read(&parse(&text)).expect("a call");
        assert_eq!(recorded.call.resource != Resource::Unknown, known, "{source}");
    }
}

#[test]
fn what_the_record_says_of_itself_is_kept() {
    let recorded = read(&record(ROLE, r#", "errorCode": "AccessDenied""#)).expect("a call");
    assert_eq!((recorded.action.as_str(), recorded.account.as_str()), ("s3:GetBucketAcl", "111111111111"));
    assert_eq!(recorded.principal.as_deref(), Some("arn:aws:iam::111111111111:role/team/app"));
    assert_eq!((recorded.event_id.as_deref(), recorded.error_code.as_deref()), (Some("e-1"), Some("AccessDenied")));
    assert_eq!(recorded.time.as_deref(), Some("2024-08-02T08:30:00Z"));
}

#[test]
fn what_is_no_call_says_why() {
    let of = |from: &str, to: &str| parse(&reeve_json::compact(&record(USER, "").value).replacen(from, to, 1));
    let service = r#"{"type": "AWSService", "invokedBy": "rds.amazonaws.com"}"#;
    for (record, expected) in [
        (of("AwsApiCall", "AwsServiceEvent"), NoCall::ServiceEvent),
        (of("AwsApiCall", "AwsConsoleSignIn"), NoCall::SignIn),
        (of("AwsApiCall", "AwsVpceEvent"), NoCall::EventType("AwsVpceEvent".to_owned())),
        (of("IAMUser", "SAMLUser"), NoCall::NoPrincipal("SAMLUser".to_owned())),
        (record(service, ""), NoCall::ServiceCaller("rds.amazonaws.com".to_owned())),
        (
            of("s3.amazonaws.com", "apigateway.amazonaws.com"),
            NoCall::NoAction("apigateway.amazonaws.com GetBucketAcl".to_owned()),
        ),
        (of("eventName", "event"), NoCall::Malformed("eventName")),
        (of("accountId", "account"), NoCall::Malformed("userIdentity.accountId")),
        (parse("5"), NoCall::Malformed("eventType")),
    ] {
        assert_eq!(read(&record), Err(expected));
    }
}

#[test]
fn records_are_found_in_every_wrapper() {
    let one = reeve_json::compact(&record(USER, "").value);
    for text in [
        one.clone(),
        format!("[{one}]"),
        format!(r#"{{"Records": [{one}]}}"#),
        format!(r#"{{"detail-type": "AWS API Call via CloudTrail", "detail": {one}}}"#),
    ] {
        let node = parse(&text);
        let found = records(&node);
        assert_eq!(found.len(), 1, "{text}");
        assert!(read(found[0]).is_ok(), "{text}");
    }
}
