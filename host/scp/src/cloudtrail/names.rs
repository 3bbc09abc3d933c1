//! From the names that CloudTrail records to the names of IAM actions. Most are the same; the tables hold those that are
//! not, as the service authorization reference and the services' CloudTrail pages have them.
//!
//! A call that needs several actions, or one that its record does not tell, has no name here: an answer for one of them
//! would be taken for that of the call.

use reeve_json::{Object, Value};

/// Services whose event source is not their prefix.
const SERVICES: [(&str, &str); 4] = [
    // CloudWatch metrics keep their old endpoint name.
    ("monitoring", "cloudwatch"),
    // The Resource Groups Tagging API.
    ("tagging", "tag"),
    // AppRegistry shares the prefix of Service Catalog.
    ("servicecatalog-appregistry", "servicecatalog"),
    // The RDS Data API.
    ("rdsdata", "rds-data"),
];

/// Services whose actions cannot be told from the name of the call.
const OPAQUE: [&str; 2] = [
    // API Gateway authorizes the HTTP verb on a path.
    "apigateway",
    // Objects in directory buckets are authorized as `CreateSession` (Amazon S3 user guide, "S3 Express One Zone").
    "s3express",
];

/// Calls whose actions cannot be told, or are several: service prefix, call.
const OPAQUE_CALLS: [(&str, &str); 8] = [
    // Amazon S3 API reference. Copies also read the source, or a version of it, and its tags if it has any.
    ("s3", "CopyObject"),
    ("s3", "UploadPartCopy"),
    // Each key may come with a version.
    ("s3", "DeleteObjects"),
    // `GetObjectAttributes` and `GetObject`.
    ("s3", "GetObjectAttributes"),
    // Amazon DynamoDB developer guide, "IAM security policies with PartiQL": `PartiQLSelect`, `PartiQLInsert`,
    // `PartiQLUpdate` or `PartiQLDelete`, as the statements say.
    ("dynamodb", "ExecuteStatement"),
    ("dynamodb", "BatchExecuteStatement"),
    ("dynamodb", "ExecuteTransaction"),
    // The same guide, "Using IAM with DynamoDB transactions": what the underlying writes and checks need.
    ("dynamodb", "TransactWriteItems"),
];

/// Request parameters with which a call needs a further action: service prefix, call, start of the parameter's name in
/// lower case (Amazon S3 and AWS STS API references, each under the call).
const FURTHER: [(&str, &str, &str); 16] = [
    ("s3", "PutObject", "x-amz-acl"),
    ("s3", "PutObject", "x-amz-grant-"),
    ("s3", "PutObject", "x-amz-tagging"),
    ("s3", "PutObject", "x-amz-object-lock-"),
    ("s3", "CreateMultipartUpload", "x-amz-acl"),
    ("s3", "CreateMultipartUpload", "x-amz-grant-"),
    ("s3", "CreateMultipartUpload", "x-amz-tagging"),
    ("s3", "CreateMultipartUpload", "x-amz-object-lock-"),
    ("s3", "CreateBucket", "x-amz-acl"),
    ("s3", "CreateBucket", "x-amz-grant-"),
    ("s3", "CreateBucket", "x-amz-bucket-object-lock-enabled"),
    ("s3", "CreateBucket", "x-amz-object-ownership"),
    ("s3", "DeleteObject", "x-amz-bypass-governance-retention"),
    ("s3", "PutObjectRetention", "x-amz-bypass-governance-retention"),
    ("sts", "AssumeRole", "tags"),
    ("sts", "AssumeRole", "sourceidentity"),
];

/// Calls of S3 that need another action when they name a version, with that action (Amazon S3 user guide, "Required
/// permissions for Amazon S3 API operations").
const OF_VERSION: [(&str, &str); 9] = [
    ("GetObject", "GetObjectVersion"),
    ("HeadObject", "GetObjectVersion"),
    ("DeleteObject", "DeleteObjectVersion"),
    ("GetObjectAcl", "GetObjectVersionAcl"),
    ("PutObjectAcl", "PutObjectVersionAcl"),
    ("GetObjectTagging", "GetObjectVersionTagging"),
    ("PutObjectTagging", "PutObjectVersionTagging"),
    ("DeleteObjectTagging", "DeleteObjectVersionTagging"),
    ("GetObjectTorrent", "GetObjectVersionTorrent"),
];

/// Calls whose action has another name: service prefix, call, action.
const ACTIONS: [(&str, &str, &str); 45] = [
    // Amazon S3 user guide, "Required permissions for Amazon S3 API operations".
    ("s3", "ListBuckets", "ListAllMyBuckets"),
    ("s3", "HeadBucket", "ListBucket"),
    ("s3", "ListObjects", "ListBucket"),
    ("s3", "ListObjectsV2", "ListBucket"),
    ("s3", "ListObjectVersions", "ListBucketVersions"),
    ("s3", "ListMultipartUploads", "ListBucketMultipartUploads"),
    ("s3", "ListParts", "ListMultipartUploadParts"),
    ("s3", "HeadObject", "GetObject"),
    ("s3", "SelectObjectContent", "GetObject"),
    ("s3", "CreateMultipartUpload", "PutObject"),
    ("s3", "UploadPart", "PutObject"),
    ("s3", "CompleteMultipartUpload", "PutObject"),
    ("s3", "GetBucketLifecycle", "GetLifecycleConfiguration"),
    ("s3", "GetBucketLifecycleConfiguration", "GetLifecycleConfiguration"),
    ("s3", "PutBucketLifecycle", "PutLifecycleConfiguration"),
    ("s3", "PutBucketLifecycleConfiguration", "PutLifecycleConfiguration"),
    ("s3", "DeleteBucketLifecycle", "PutLifecycleConfiguration"),
    ("s3", "GetBucketEncryption", "GetEncryptionConfiguration"),
    ("s3", "PutBucketEncryption", "PutEncryptionConfiguration"),
    ("s3", "DeleteBucketEncryption", "PutEncryptionConfiguration"),
    ("s3", "GetBucketReplication", "GetReplicationConfiguration"),
    ("s3", "PutBucketReplication", "PutReplicationConfiguration"),
    ("s3", "DeleteBucketReplication", "PutReplicationConfiguration"),
    ("s3", "DeleteBucketCors", "PutBucketCORS"),
    ("s3", "GetBucketCors", "GetBucketCORS"),
    ("s3", "PutBucketCors", "PutBucketCORS"),
    ("s3", "DeleteBucketTagging", "PutBucketTagging"),
    ("s3", "GetPublicAccessBlock", "GetBucketPublicAccessBlock"),
    ("s3", "PutPublicAccessBlock", "PutBucketPublicAccessBlock"),
    ("s3", "DeletePublicAccessBlock", "PutBucketPublicAccessBlock"),
    ("s3", "DeleteBucketPublicAccessBlock", "PutBucketPublicAccessBlock"),
    ("s3", "DeleteAccountPublicAccessBlock", "PutAccountPublicAccessBlock"),
    ("s3", "GetBucketNotificationConfiguration", "GetBucketNotification"),
    ("s3", "PutBucketNotificationConfiguration", "PutBucketNotification"),
    ("s3", "GetBucketAccelerateConfiguration", "GetAccelerateConfiguration"),
    ("s3", "PutBucketAccelerateConfiguration", "PutAccelerateConfiguration"),
    ("s3", "GetObjectLockConfiguration", "GetBucketObjectLockConfiguration"),
    ("s3", "PutObjectLockConfiguration", "PutBucketObjectLockConfiguration"),
    ("s3", "DeleteBucketInventoryConfiguration", "PutInventoryConfiguration"),
    // Amazon DynamoDB developer guide, "Using IAM with DynamoDB transactions".
    ("dynamodb", "TransactGetItems", "GetItem"),
    // AWS Lambda developer guide: the API is Invoke, the action InvokeFunction.
    ("lambda", "Invoke", "InvokeFunction"),
    ("lambda", "InvokeAsync", "InvokeFunction"),
    ("lambda", "GetLayerVersionByArn", "GetLayerVersion"),
    // Service authorization reference of Amazon Bedrock: Converse needs what InvokeModel needs.
    ("bedrock", "Converse", "InvokeModel"),
    ("bedrock", "ConverseStream", "InvokeModelWithResponseStream"),
];

/// The action, `service:Action`, of a call with these request parameters; `None` if the record does not tell it, or if
/// there are several.
pub(super) fn action(source: &str, name: &str, parameters: Option<&Object>) -> Option<String> {
    let endpoint = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    if endpoint.is_empty() || name.is_empty() || OPAQUE.contains(&endpoint) {
        return None;
    }
    let service = SERVICES.iter().find(|(from, _)| *from == endpoint).map_or(endpoint, |(_, to)| to);
    let name = if service == "lambda" { without_version(name) } else { name };
    let is = |of: &str, call: &str| of == service && call.eq_ignore_ascii_case(name);
    if OPAQUE_CALLS.iter().any(|(of, call)| is(of, call))
        || FURTHER.iter().any(|(of, call, start)| {
            is(of, call) && parameters.is_some_and(|parameters| needs_further(call, start, parameters))
        })
    {
        return None;
    }
    if let Some((_, versioned)) = OF_VERSION.iter().find(|(call, _)| is("s3", call)) {
        // Without its parameters the record does not say whether there is a version.
        let version = parameters?.get("versionId").map(|node| &node.value);
        if version.is_some_and(|version| *version != Value::Null) {
            return Some(format!("{service}:{versioned}"));
        }
    }
    let renamed = ACTIONS.iter().find(|(of, call, _)| is(of, call));
    Some(format!("{service}:{}", renamed.map_or(name, |(_, _, action)| action)))
}

/// Whether a parameter that starts so asks for more than the call's own action. A call that was denied is recorded without
/// parameters, and is asked for its own action alone.
fn needs_further(call: &str, start: &str, parameters: &Object) -> bool {
    parameters.iter().any(|member| {
        // A new bucket is private: asking for that needs nothing more.
        let default = call == "CreateBucket" && member.value.as_str() == Some("private");
        member.key.to_ascii_lowercase().starts_with(start) && member.value.value != Value::Null && !default
    })
}

/// AWS Lambda records names with the version of its API: `CreateFunction20150331`, `AddPermission20150331v2`.
fn without_version(name: &str) -> &str {
    let end = name.trim_end_matches(|char: char| char.is_ascii_digit());
    let dated =
        end.strip_suffix('v').filter(|it| it.len() < name.len() && it.ends_with(|char: char| char.is_ascii_digit()));
    let dated = dated.unwrap_or(name);
    let start = dated.trim_end_matches(|char: char| char.is_ascii_digit());
    if dated.len() - start.len() == "20150331".len() { start } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(source: &str, name: &str, parameters: Option<&str>) -> Option<String> {
        let options = reeve_json::Options { bytes_max: 1 << 10, depth_max: 8, strings: reeve_json::StringRule::Any };
        let node = parameters.map(|text| reeve_json::parse(text.as_bytes(), &options).expect("JSON"));
        action(source, name, node.as_ref().and_then(reeve_json::Node::as_object))
    }

    #[test]
    fn names_become_actions() {
        for (source, name, expected) in [
            ("iam.amazonaws.com", "GetUser", Some("iam:GetUser")),
            ("s3.amazonaws.com", "ListBuckets", Some("s3:ListAllMyBuckets")),
            ("s3.amazonaws.com", "GetBucketLifecycle", Some("s3:GetLifecycleConfiguration")),
            ("s3.amazonaws.com", "GetBucketAcl", Some("s3:GetBucketAcl")),
            ("monitoring.amazonaws.com", "DescribeAlarms", Some("cloudwatch:DescribeAlarms")),
            ("tagging.amazonaws.com", "GetResources", Some("tag:GetResources")),
            ("lambda.amazonaws.com", "CreateFunction20150331", Some("lambda:CreateFunction")),
            ("lambda.amazonaws.com", "AddPermission20150331v2", Some("lambda:AddPermission")),
            ("lambda.amazonaws.com", "GetFunctionCodeSigningConfig", Some("lambda:GetFunctionCodeSigningConfig")),
            ("lambda.amazonaws.com", "Invoke", Some("lambda:InvokeFunction")),
            ("ec2.amazonaws.com", "Foo20150331", Some("ec2:Foo20150331")),
            ("kms.amazonaws.com", "Decrypt", Some("kms:Decrypt")),
            ("dynamodb.amazonaws.com", "GetItem", Some("dynamodb:GetItem")),
            ("dynamodb.amazonaws.com", "TransactGetItems", Some("dynamodb:GetItem")),
            ("dynamodb.amazonaws.com", "TransactWriteItems", None),
            ("dynamodb.amazonaws.com", "ExecuteStatement", None),
            ("dynamodb.amazonaws.com", "BatchExecuteStatement", None),
            ("dynamodb.amazonaws.com", "ExecuteTransaction", None),
            ("rdsdata.amazonaws.com", "ExecuteStatement", Some("rds-data:ExecuteStatement")),
            ("s3.amazonaws.com", "CopyObject", None),
            ("s3.amazonaws.com", "UploadPartCopy", None),
            ("s3.amazonaws.com", "DeleteObjects", None),
            ("s3.amazonaws.com", "GetObjectAttributes", None),
            ("s3express.amazonaws.com", "PutObject", None),
            ("apigateway.amazonaws.com", "CreateRestApi", None),
            ("", "X", None),
            ("iam.amazonaws.com", "", None),
        ] {
            assert_eq!(named(source, name, Some("{}")).as_deref(), expected, "{source} {name}");
        }
    }

    #[test]
    fn parameters_say_which_action_a_call_of_s3_needs() {
        let version = r#"{"bucketName": "b", "key": "k", "versionId": "null"}"#;
        for (name, parameters, expected) in [
            ("GetObject", Some(version), Some("s3:GetObjectVersion")),
            ("HeadObject", Some(version), Some("s3:GetObjectVersion")),
            ("DeleteObject", Some(version), Some("s3:DeleteObjectVersion")),
            ("GetObjectAcl", Some(version), Some("s3:GetObjectVersionAcl")),
            ("PutObjectAcl", Some(version), Some("s3:PutObjectVersionAcl")),
            ("GetObjectTagging", Some(version), Some("s3:GetObjectVersionTagging")),
            ("PutObjectTagging", Some(version), Some("s3:PutObjectVersionTagging")),
            ("DeleteObjectTagging", Some(version), Some("s3:DeleteObjectVersionTagging")),
            ("GetObjectTorrent", Some(version), Some("s3:GetObjectVersionTorrent")),
            // These have one action for both.
            ("RestoreObject", Some(version), Some("s3:RestoreObject")),
            ("GetObjectRetention", Some(version), Some("s3:GetObjectRetention")),
            ("GetObject", Some(r#"{"key": "k"}"#), Some("s3:GetObject")),
            ("HeadObject", Some(r#"{"versionId": null}"#), Some("s3:GetObject")),
            ("GetObject", None, None),
            ("GetBucketAcl", None, Some("s3:GetBucketAcl")),
            ("PutObject", Some(r#"{"key": "k", "x-amz-storage-class": "STANDARD"}"#), Some("s3:PutObject")),
            ("PutObject", Some(r#"{"x-amz-acl": "bucket-owner-full-control"}"#), None),
            ("PutObject", Some(r#"{"X-Amz-Tagging": "a=b"}"#), None),
            ("PutObject", None, Some("s3:PutObject")),
            ("CreateMultipartUpload", Some(r#"{"x-amz-object-lock-mode": "GOVERNANCE"}"#), None),
            ("CreateBucket", Some(r#"{"x-amz-acl": "private"}"#), Some("s3:CreateBucket")),
            ("CreateBucket", Some(r#"{"x-amz-acl": "public-read"}"#), None),
            ("DeleteObject", Some(r#"{"x-amz-bypass-governance-retention": "true"}"#), None),
        ] {
            let found = named("s3.amazonaws.com", name, parameters);
            assert_eq!(found.as_deref(), expected, "{name} {parameters:?}");
        }
        for (parameters, expected) in [
            (r#"{"roleArn": "a", "roleSessionName": "b"}"#, Some("sts:AssumeRole")),
            (r#"{"tags": [{"key": "a", "value": "b"}]}"#, None),
            (r#"{"sourceIdentity": "anna"}"#, None),
        ] {
            let found = named("sts.amazonaws.com", "AssumeRole", Some(parameters));
            assert_eq!(found.as_deref(), expected, "{parameters}");
        }
    }

    #[test]
    fn the_tables_hold_nothing_twice_and_no_row_without_effect() {
        for (index, (service, call, action)) in ACTIONS.iter().enumerate() {
            assert_ne!(call, action);
            let twice = ACTIONS.iter().skip(index + 1).any(|(other, name, _)| other == service && name == call);
            assert!(!twice, "{service}:{call}");
        }
        assert!(SERVICES.iter().all(|(from, to)| from != to));
    }
}
