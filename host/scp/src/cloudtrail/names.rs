//! From the names that CloudTrail records to the names of IAM actions. Most are the same; the tables hold those that are
//! not, as the service authorization reference and the services' CloudTrail pages have them.

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
const OPAQUE: [&str; 1] = [
    // API Gateway authorizes the HTTP verb on a path.
    "apigateway",
];

/// Calls whose action has another name: service prefix, call, action.
const ACTIONS: [(&str, &str, &str); 47] = [
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
    ("s3", "CopyObject", "PutObject"),
    ("s3", "CreateMultipartUpload", "PutObject"),
    ("s3", "UploadPart", "PutObject"),
    ("s3", "UploadPartCopy", "PutObject"),
    ("s3", "CompleteMultipartUpload", "PutObject"),
    ("s3", "DeleteObjects", "DeleteObject"),
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
    // AWS Lambda developer guide: the API is Invoke, the action InvokeFunction.
    ("lambda", "Invoke", "InvokeFunction"),
    ("lambda", "InvokeAsync", "InvokeFunction"),
    ("lambda", "GetLayerVersionByArn", "GetLayerVersion"),
    // Service authorization reference of Amazon Bedrock: Converse needs what InvokeModel needs.
    ("bedrock", "Converse", "InvokeModel"),
    ("bedrock", "ConverseStream", "InvokeModelWithResponseStream"),
];

/// The action, `service:Action`, of a call; `None` if its name does not tell.
pub(super) fn action(source: &str, name: &str) -> Option<String> {
    let endpoint = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    if endpoint.is_empty() || name.is_empty() || OPAQUE.contains(&endpoint) {
        return None;
    }
    let service = SERVICES.iter().find(|(from, _)| *from == endpoint).map_or(endpoint, |(_, to)| to);
    let name = if service == "lambda" { without_version(name) } else { name };
    let renamed = ACTIONS.iter().find(|(of, call, _)| *of == service && call.eq_ignore_ascii_case(name));
    Some(format!("{service}:{}", renamed.map_or(name, |(_, _, action)| action)))
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
            ("apigateway.amazonaws.com", "CreateRestApi", None),
            ("", "X", None),
            ("iam.amazonaws.com", "", None),
        ] {
            assert_eq!(action(source, name).as_deref(), expected, "{source} {name}");
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
