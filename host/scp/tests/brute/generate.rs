//! Random small organizations and calls.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub enum Known {
    Values(Vec<String>),
    Absent,
    Like(&'static str),
    Unknown,
}

#[derive(Debug, Clone)]
pub struct Case {
    /// Documents of root, unit and account.
    pub levels: Vec<Vec<Value>>,
    pub action: &'static str,
    pub resource: Option<&'static str>,
    pub keys: BTreeMap<&'static str, Known>,
}

/// Keys, each with the values that stand for all there are: one for every value and pattern below, and one beside them.
pub const UNIVERSE: &[(&str, &[&[&str]])] = &[
    (
        "aws:PrincipalArn",
        &[
            &["arn:aws:iam::1:role/admin"],
            &["arn:aws:iam::1:role/app"],
            &["arn:aws:iam::1:role/x"],
            &["arn:aws:iam::1:user/anna"],
            &["arn:aws:iam::1:user/bert"],
            &["arn:aws:iam::1:user/a"],
            &["arn:aws:iam::1:root"],
        ],
    ),
    ("aws:RequestedRegion", &[&["eu"], &["us"], &["EU"], &["zz"]]),
    ("aws:Home", &[&["eu"], &["us"], &["EU"], &["zz"], &["eu", "us"]]),
    ("aws:username", &[&["anna"], &["bert"], &["a"]]),
    ("aws:TagKeys", &[&[], &["a"], &["b"], &["a", "b"], &["a", "z"], &["z"], &[""]]),
    ("aws:Mfa", &[&["true"], &["false"]]),
    ("aws:Age", &[&["0"], &["3"], &["4"], &["5"], &["9"]]),
    ("aws:Time", &[&["2019-01-01T00:00:00Z"], &["2020-01-01T00:00:00Z"], &["2021-01-01T00:00:00Z"]]),
    ("aws:Address", &[&["192.0.2.1"], &["192.0.3.1"], &["198.51.100.1"], &["2001:db8::1"]]),
];

pub const RESOURCES: [&str; 7] = [
    "arn:aws:s3:::a/x",
    "arn:aws:s3:::a/y",
    "arn:aws:s3:::anna/x",
    "arn:aws:s3:::bert/x",
    "arn:aws:s3:::zz",
    "arn:aws:s3:::a/:/x",
    "arn:aws:s3::anna:a/x",
];

const ACTIONS: [(u32, &str); 5] = [
    (8, "s3:GetObject"),
    (8, "S3:putobject"),
    (8, "ec2:RunInstances"),
    (8, "iam:GetRole"),
    (1, "sts:getCallerIdentity"),
];

const ACTION_PATTERNS: [&str; 9] =
    ["*", "s3:*", "S3:Get*", "s3:?utObject", "ec2:RunInstances", "iam:*", "*:Get*", "e*:*", "s3:*Object"];

const RESOURCE_PATTERNS: [&str; 8] = [
    "arn:aws:s3:::a/*",
    "arn:aws:s3:::?/x",
    "arn:aws:s3:::${aws:username}/*",
    "arn:aws:s3:::a/x",
    "arn:aws:s3:*:a/x",
    "arn:aws:s3:::a/*/x",
    "arn:aws:s3:::a/?/x",
    "arn:aws:s3::${aws:username}:a/*",
];

/// Key, operators, values.
type Pool = (&'static str, &'static [&'static str], &'static [&'static str]);

const CONDITIONS: [Pool; 11] = [
    (
        "aws:PrincipalArn",
        &["ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEqualsIfExists"],
        &[
            "arn:aws:iam::1:role/admin",
            "arn:aws:iam::*:role/a*",
            "arn:*:iam::?:root",
            "arn:aws:iam::1:user/${aws:username}",
        ],
    ),
    (
        "aws:principalARN",
        &["StringLike", "StringNotLike"],
        &["arn:aws:iam::1:role/admin", "arn:aws:iam::*:root", "arn:aws:iam::1:user/${aws:username}"],
    ),
    (
        "aws:principalarn",
        &["StringEquals", "StringNotEquals", "StringNotEqualsIgnoreCase"],
        &["arn:aws:iam::1:role/admin", "arn:aws:iam::1:user/${aws:username}"],
    ),
    (
        "aws:RequestedRegion",
        &["StringLike", "StringNotLikeIfExists", "StringNotLike"],
        &["eu", "us", "e*", "${aws:Home}", "${aws:Home, 'eu'}"],
    ),
    (
        "aws:requestedregion",
        &["StringEquals", "StringNotEquals", "StringEqualsIfExists", "StringEqualsIgnoreCase"],
        &["eu", "us", "${aws:Home}", "${aws:Home, 'eu'}"],
    ),
    (
        "aws:TagKeys",
        &[
            "ForAllValues:StringEquals",
            "ForAnyValue:StringEquals",
            "ForAllValues:StringNotEquals",
            "ForAnyValue:StringNotEquals",
            "ForAllValues:StringLikeIfExists",
            "ForAnyValue:StringLikeIfExists",
            "StringEquals",
            "StringNotEquals",
            "Null",
        ],
        &["a", "b"],
    ),
    ("aws:Mfa", &["Bool", "BoolIfExists"], &["true"]),
    ("aws:MFA", &["Null", "Bool"], &["true", "false"]),
    (
        "aws:Age",
        &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEqualsIfExists",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        &["3", "5"],
    ),
    (
        "aws:Time",
        &[
            "DateEquals",
            "DateNotEqualsIfExists",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThanIfExists",
            "DateGreaterThanEquals",
        ],
        &["2020-01-01T00:00:00Z"],
    ),
    (
        "aws:Address",
        &["IpAddress", "NotIpAddress", "IpAddressIfExists"],
        &["192.0.2.0/24", "192.0.0.0/16", "192.0.2.1/32"],
    ),
];

fn one_or_two(pool: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop_oneof![
        select(pool).prop_map(|it| json!(it)),
        (select(pool), select(pool)).prop_map(|(left, right)| json!([left, right]))
    ]
}

fn condition() -> impl Strategy<Value = (String, String, Value)> {
    select(&CONDITIONS[..]).prop_flat_map(|(key, operators, values)| {
        (select(operators), select(values), select(values), any::<bool>()).prop_map(
            move |(operator, left, right, two)| {
                // `Null` and `Bool` with both values hold of every present key: a case of its own in the tests beside the code.
                let one = operator == "Null" || operator.starts_with("Bool") || !two || left == right;
                let is_null = operator == "Null" && !["true", "false"].contains(&left);
                let value = if is_null {
                    json!("true")
                } else if one {
                    json!(left)
                } else {
                    json!([left, right])
                };
                (operator.to_owned(), key.to_owned(), value)
            },
        )
    })
}

fn statement() -> impl Strategy<Value = Value> {
    let resource = prop_oneof![
        5 => Just((true, json!("*"))),
        2 => one_or_two(&RESOURCE_PATTERNS).prop_map(|it| (true, it)),
        1 => one_or_two(&RESOURCE_PATTERNS).prop_map(|it| (false, it)),
    ];
    let conditions = proptest::collection::vec(condition(), 0..3);
    (any::<bool>(), prop::bool::weighted(0.8), one_or_two(&ACTION_PATTERNS), resource, conditions).prop_map(
        |(deny, plain, actions, (on, resources), conditions)| {
            let mut blocks = Map::new();
            for (operator, key, value) in conditions {
                let block = blocks.entry(operator).or_insert_with(|| json!({}));
                let block = block.as_object_mut().unwrap();
                // Two spellings of one key below one operator are refused.
                if !block.keys().any(|known| known.eq_ignore_ascii_case(&key)) {
                    block.insert(key, value);
                }
            }
            let mut statement = Map::new();
            statement.insert("Effect".to_owned(), json!(if deny { "Deny" } else { "Allow" }));
            statement.insert(if plain { "Action" } else { "NotAction" }.to_owned(), actions);
            statement.insert(if on { "Resource" } else { "NotResource" }.to_owned(), resources);
            if !blocks.is_empty() {
                statement.insert("Condition".to_owned(), Value::Object(blocks));
            }
            Value::Object(statement)
        },
    )
}

fn level() -> impl Strategy<Value = Vec<Value>> {
    let document = |statements: Vec<Value>| json!({"Version": "2012-10-17", "Statement": statements});
    let full = document(vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"})]);
    let random = proptest::collection::vec(proptest::collection::vec(statement(), 1..3).prop_map(document), 0..3);
    (prop::bool::weighted(0.8), random).prop_map(move |(allow, mut documents)| {
        if allow {
            documents.push(full.clone());
        }
        documents
    })
}

fn known(name: &'static str, values: &'static [&'static [&'static str]]) -> impl Strategy<Value = Known> {
    let owned = |list: &[&str]| Known::Values(list.iter().map(|it| (*it).to_owned()).collect());
    let patterns: Vec<&'static str> = match name {
        "aws:PrincipalArn" => vec!["arn:aws:iam::1:role/a*", "arn:aws:iam::1:*", "arn:aws:iam::?:user/*"],
        "aws:RequestedRegion" => vec!["e*", "*"],
        "aws:Age" | "aws:Time" | "aws:Address" | "aws:Mfa" => vec!["*"],
        _ => vec![],
    };
    let linked = Known::Values(vec!["arn:aws:iam::1:role/aws-service-role/x".to_owned()]);
    let told = select(values).prop_map(owned).boxed();
    let unknown = Just(Known::Unknown).boxed();
    let like = if patterns.is_empty() { unknown.clone() } else { select(patterns).prop_map(Known::Like).boxed() };
    let special = if name == "aws:PrincipalArn" { Just(linked).boxed() } else { told.clone() };
    prop_oneof![12 => told, 6 => Just(Known::Absent), 14 => unknown, 2 => like, 1 => special]
}

pub fn case() -> impl Strategy<Value = Case> {
    let keys: Vec<BoxedStrategy<(&'static str, Known)>> =
        UNIVERSE.iter().map(|(name, values)| known(name, values).prop_map(|it| (*name, it)).boxed()).collect();
    let resource = prop_oneof![select(&RESOURCES[..]).prop_map(Some), Just(None)];
    let levels = proptest::collection::vec(level(), 3);
    let action = prop::strategy::Union::new_weighted(ACTIONS.map(|(weight, it)| (weight, Just(it))).to_vec());
    (levels, action, resource, keys).prop_map(|(levels, action, resource, keys)| Case {
        levels,
        action,
        resource,
        keys: keys.into_iter().collect(),
    })
}
