//! What the gate keeps: the ledger's table and the receipts' bucket, and what its role may do with them.

use crate::intake::deny_plain;
use crate::policy::document_of;
use crate::stack::{Stack, get_att, place, reference};
use crate::{Ledger, Receipts, Statement, Template};
use reeve_json::{Object, Value};

/// The keys of the ledger's items, both strings.
const PARTITION_KEY: &str = "pk";
const SORT_KEY: &str = "sk";
/// The attribute by which DynamoDB forgets what has expired, seconds since 1970.
const EXPIRES: &str = "expires";

pub(crate) fn add(it: &Template<'_>, stack: &mut Stack) {
    if let Ledger::Dynamo { table } = it.ledger {
        ledger(it, stack, table);
    }
    if let Receipts::S3 { bucket, prefix, lock_days } = it.receipts {
        receipts(it, stack, bucket, prefix, lock_days);
    }
}

fn ledger(it: &Template<'_>, stack: &mut Stack, table: &str) {
    let attribute = |name: &str| Value::object([("AttributeName", name), ("AttributeType", "S")]);
    let key = |name: &str, role: &str| Value::object([("AttributeName", name), ("KeyType", role)]);
    // Encrypted by DynamoDB's own key, which needs no permission.
    let properties = Value::object([
        ("TableName", Value::from(table)),
        ("AttributeDefinitions", Value::array([attribute(PARTITION_KEY), attribute(SORT_KEY)])),
        ("KeySchema", Value::array([key(PARTITION_KEY, "HASH"), key(SORT_KEY, "RANGE")])),
        ("BillingMode", Value::from("PAY_PER_REQUEST")),
        ("DeletionProtectionEnabled", Value::from(true)),
        ("PointInTimeRecoverySpecification", Value::object([("PointInTimeRecoveryEnabled", true)])),
        (
            "TimeToLiveSpecification",
            Value::object([("AttributeName", Value::from(EXPIRES)), ("Enabled", Value::from(true))]),
        ),
    ]);
    stack.kept("Ledger", "AWS::DynamoDB::Table", properties);
    // Transactions are permitted by the actions of their items.
    let actions = [
        "dynamodb:BatchGetItem",
        "dynamodb:BatchWriteItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
    ];
    let arn = place(it).arn("dynamodb", &format!("table/{table}"));
    stack.permit(Statement::allow("UseLedger", actions, [arn]));
}

fn receipts(it: &Template<'_>, stack: &mut Stack, bucket: &str, prefix: &str, lock_days: Option<u32>) {
    let mut properties = Object::new();
    properties.set("BucketName", bucket);
    properties.set("VersioningConfiguration", Value::object([("Status", "Enabled")]));
    if let Some(days) = lock_days {
        // Compliance mode: not even the account's root removes a receipt before its time.
        let retention = [("Mode", Value::from("COMPLIANCE")), ("Days", Value::from(days))];
        properties.set("ObjectLockEnabled", true);
        properties.set(
            "ObjectLockConfiguration",
            Value::object([
                ("ObjectLockEnabled", Value::from("Enabled")),
                ("Rule", Value::object([("DefaultRetention", Value::object(retention))])),
            ]),
        );
    }
    let encryption = Value::object([("SSEAlgorithm", "AES256")]);
    let rule = Value::object([("ServerSideEncryptionByDefault", encryption)]);
    properties.set("BucketEncryption", Value::object([("ServerSideEncryptionConfiguration", Value::array([rule]))]));
    let owner = Value::object([("ObjectOwnership", "BucketOwnerEnforced")]);
    properties.set("OwnershipControls", Value::object([("Rules", Value::array([owner]))]));
    properties.set(
        "PublicAccessBlockConfiguration",
        Value::object(
            ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"]
                .map(|key| (key, true)),
        ),
    );
    stack.kept("Receipts", "AWS::S3::Bucket", Value::Object(properties));
    let arn = place(it).partition.arn(&format!("s3:::{bucket}"));
    let everything = Value::array([get_att("Receipts", "Arn"), Value::from(format!("{arn}/*"))]);
    stack.resource(
        "ReceiptsPolicy",
        "AWS::S3::BucketPolicy",
        Value::object([
            ("Bucket", reference("Receipts")),
            ("PolicyDocument", document_of([deny_plain("s3:*", everything)])),
        ]),
    );
    // The chain is read to go on from its last receipt. No deletion, no retention, no bypass.
    let objects = if prefix.is_empty() { format!("{arn}/*") } else { format!("{arn}/{prefix}/*") };
    stack.permit(Statement::allow("KeepReceipts", ["s3:GetObject", "s3:PutObject"], [objects]));
    let listing = Statement::allow("FindReceipts", ["s3:GetBucketObjectLockConfiguration", "s3:ListBucket"], [arn]);
    stack.permit(listing);
}
