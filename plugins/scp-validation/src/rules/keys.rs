//! The global condition keys: which type each has, which hold several values (IAM user guide, "AWS global condition
//! context keys", September 2026), and the few service keys whose kind every policy author meets.
//!
//! It must not know which action supports which key: that is a table of another module.

/// The type of a key's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyType {
    String,
    Arn,
    Bool,
    Ip,
    Date,
    Numeric,
}

impl KeyType {
    /// The operators that suit the type, for a fix.
    pub(super) fn operators(self) -> &'static str {
        match self {
            Self::String => "a String operator",
            Self::Arn => "`ArnLike` or `ArnNotLike`",
            Self::Bool => "`Bool`",
            Self::Ip => "`IpAddress` or `NotIpAddress`",
            Self::Date => "a Date operator",
            Self::Numeric => "a Numeric operator",
        }
    }
}

/// The type of a key, if it is known here. `lower` is the key in lower case: keys are not case-sensitive. Tags have none:
/// their values may be ARNs, numbers or anything else, and AWS's own managed policies compare them so.
pub(super) fn key_type(lower: &str) -> Option<KeyType> {
    Some(match lower {
        "aws:principalarn"
        | "aws:sourcearn"
        | "aws:sourcevpcarn"
        | "aws:chatbotsourcearn"
        | "ec2:sourceinstancearn"
        | "lambda:sourcefunctionarn"
        | "ssm:sourceinstancearn"
        | "iam:policyarn" => KeyType::Arn,
        "aws:multifactorauthpresent"
        | "aws:principalisawsservice"
        | "aws:securetransport"
        | "aws:viaawsservice"
        | "aws:viaawsmcpservice" => KeyType::Bool,
        "aws:sourceip" | "aws:vpcsourceip" | "aws:ec2instancesourceprivateipv4" => KeyType::Ip,
        "aws:currenttime" | "aws:tokenissuetime" => KeyType::Date,
        "aws:multifactorauthage" | "ec2:roledelivery" => KeyType::Numeric,
        "aws:principalaccount"
        | "aws:principalorgid"
        | "aws:principalorgpaths"
        | "aws:principalservicename"
        | "aws:principalservicenameslist"
        | "aws:principaltype"
        | "aws:userid"
        | "aws:username"
        | "aws:federatedprovider"
        | "aws:sourceidentity"
        | "aws:sourcevpc"
        | "aws:sourcevpce"
        | "aws:vpceaccount"
        | "aws:vpceorgid"
        | "aws:vpceorgpaths"
        | "aws:ec2instancesourcevpc"
        | "aws:resourceaccount"
        | "aws:resourceorgid"
        | "aws:resourceorgpaths"
        | "aws:calledvia"
        | "aws:calledviafirst"
        | "aws:calledvialast"
        | "aws:referer"
        | "aws:requestedregion"
        | "aws:tagkeys"
        | "aws:sourceaccount"
        | "aws:sourceorgid"
        | "aws:sourceorgpaths"
        | "aws:useragent" => KeyType::String,
        _ => return None,
    })
}

/// Whether a key holds several values, so that an operator needs `ForAllValues:` or `ForAnyValue:`.
pub(super) fn is_multivalued(lower: &str) -> bool {
    matches!(
        lower,
        "aws:calledvia"
            | "aws:principalorgpaths"
            | "aws:principalservicenameslist"
            | "aws:resourceorgpaths"
            | "aws:sourceorgpaths"
            | "aws:tagkeys"
            | "aws:vpceorgpaths"
            | "dynamodb:attributes"
            | "dynamodb:leadingkeys"
            | "route53:changeresourcerecordsetsactions"
            | "route53:changeresourcerecordsetsnormalizedrecordnames"
            | "route53:changeresourcerecordsetsrecordtypes"
    )
}

/// Whether every request of a principal that SCPs bind has the key ("AWS global condition context keys", Availability).
pub(super) fn is_always_present(lower: &str) -> bool {
    matches!(
        lower,
        "aws:currenttime"
            | "aws:epochtime"
            | "aws:principalaccount"
            | "aws:principalarn"
            | "aws:principalisawsservice"
            | "aws:principalorgid"
            | "aws:principaltype"
            | "aws:requestedregion"
            | "aws:securetransport"
            | "aws:userid"
            | "aws:viaawsservice"
    )
}

/// Whether the value `*` is one the key really holds, so that `StringEquals` with it is meant: a Lambda permission for
/// everybody ("Actions, resources, and condition keys for AWS Lambda").
pub(super) fn holds_star(lower: &str) -> bool {
    lower == "lambda:principal"
}
