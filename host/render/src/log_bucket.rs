//! The policy of the bucket in the logging account: whose CloudFront logs it takes, and that nobody but one role may
//! change it.

use crate::finding::{Findings, TOO_LARGE};
use crate::limits::{BUCKET_NAME_BYTES_MAX, BUCKET_POLICY_BYTES_MAX, PARTITION_LONGEST};
use crate::stack::{Stack, policy, reference, sub};
use crate::{LogBucketOptions, Options, Senders};
use reeve_accounts::{Accounts, Status};
use reeve_json::{Object, Value, compact};
use std::collections::BTreeSet;

/// The parameter that names the bucket.
const BUCKET: &str = "CfrLogsBucket";

/// The session name under which CloudFormation takes the role that a stack is given.
const SESSION: &str = "AWSCloudFormation";

/// What only the update role may do: delete the bucket, its settings and logs, and change its settings. The names of
/// some settings' actions do not begin with `PutBucket`; a lifecycle rule could empty the bucket.
const CHANGES: [&str; 6] = [
    "s3:Delete*",
    "s3:PutBucket*",
    "s3:PutLifecycleConfiguration",
    "s3:PutEncryptionConfiguration",
    "s3:PutReplicationConfiguration",
    "s3:BypassGovernanceRetention",
];

/// The template: the bucket's policy.
pub(crate) fn stack(
    accounts: &Accounts,
    options: &Options,
    log_bucket: &LogBucketOptions,
    findings: &mut Findings,
) -> Stack {
    let mut stack = Stack::new("Policy of the bucket for CloudFront logs, rendered from the list of accounts");
    stack.parameter(
        BUCKET,
        Value::object([
            ("Type", "String"),
            ("Description", "Name of the bucket that takes the logs"),
            ("AllowedPattern", "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
        ]),
    );
    let [not_the_role, not_the_session] = deny(&log_bucket.role);
    let mut statements = vec![not_the_role, not_the_session];
    let source = match &log_bucket.senders {
        Senders::Organization(id) => Some(("aws:SourceOrgID", Value::from(id.as_str()))),
        Senders::Accounts => {
            let takes_part = |account: &&reeve_accounts::Account| {
                account.use_cfr() == Some(true) && account.status() == Status::Active
            };
            let ids: BTreeSet<&str> =
                accounts.iter().filter(takes_part).filter_map(|account| findings.id(accounts, account)).collect();
            // A condition without a value is no condition, so a bucket without senders has no statement for them.
            (!ids.is_empty()).then(|| ("aws:SourceAccount", Value::array(ids)))
        }
    };
    statements.extend(source.map(|(key, value)| allow(key, value)));
    let document = policy(statements);
    let bytes = compact(&expanded(&document)).len();
    if bytes > BUCKET_POLICY_BYTES_MAX {
        let message = format!("the bucket policy may have {bytes} bytes, at most {BUCKET_POLICY_BYTES_MAX} fit");
        let fix = "take the logs of the whole organization: `organization: o-…`";
        findings.error(TOO_LARGE, options.place.clone(), message, fix);
    }
    let mut properties = Object::new();
    properties.set("Bucket", reference(BUCKET));
    properties.set("PolicyDocument", document);
    stack.resource("BucketPolicy", "AWS::S3::BucketPolicy", properties);
    stack
}

/// Everybody but the role, and every session of the role but CloudFormation's. Both conditions are negated, so they
/// also hold for a caller that has no such key: an AWS service, or nobody known (IAM user guide, condition operators).
fn deny(role: &str) -> [Value; 2] {
    let role = sub(format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{role}"));
    let statement = |sid: &str, operator: &str, key: &str, value: Value| {
        Value::object([
            ("Sid", Value::from(sid)),
            ("Effect", Value::from("Deny")),
            ("Principal", Value::from("*")),
            ("Action", Value::array(CHANGES)),
            ("Resource", Value::array([bucket(""), bucket("/*")])),
            ("Condition", Value::object([(operator, Value::object([(key, value)]))])),
        ])
    };
    [
        statement("DenyModification", "ArnNotEquals", "aws:PrincipalArn", role),
        statement("DenyOtherSessions", "StringNotLike", "aws:userid", Value::from(format!("*:{SESSION}"))),
    ]
}

/// CloudFront's standard logging, version 2, delivers for an account's delivery source, all of which are in one Region
/// (CloudFront developer guide, standard logging; CloudWatch Logs user guide, permissions V2 for S3).
fn allow(key: &str, value: Value) -> Value {
    let equals = Value::object([("s3:x-amz-acl", Value::from("bucket-owner-full-control")), (key, value)]);
    let source = sub("arn:${AWS::Partition}:logs:us-east-1:*:delivery-source:*");
    let condition = Value::object([("StringEquals", equals), ("ArnLike", Value::object([("aws:SourceArn", source)]))]);
    Value::object([
        ("Sid", Value::from("AllowLogDelivery")),
        ("Effect", Value::from("Allow")),
        ("Principal", Value::object([("Service", "delivery.logs.amazonaws.com")])),
        ("Action", Value::from("s3:PutObject")),
        ("Resource", bucket("/AWSLogs/*")),
        ("Condition", condition),
    ])
}

/// The ARN of the bucket and what follows.
fn bucket(rest: &str) -> Value {
    sub(format!("arn:${{AWS::Partition}}:s3:::${{{BUCKET}}}{rest}"))
}

/// The document as S3 gets it, with the longest value for each variable.
fn expanded(value: &Value) -> Value {
    match value {
        Value::Object(object) => match object.get("Fn::Sub").and_then(|node| node.as_str()) {
            Some(text) => Value::from(
                text.replace("${AWS::Partition}", PARTITION_LONGEST)
                    .replace("${AWS::AccountId}", "123456789012")
                    .replace(&format!("${{{BUCKET}}}"), &"b".repeat(BUCKET_NAME_BYTES_MAX)),
            ),
            None => Value::object(object.iter().map(|member| (member.key.as_str(), expanded(&member.value.value)))),
        },
        Value::Array(items) => Value::array(items.iter().map(|item| expanded(&item.value))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
