//! Every code that a finding can carry, in one table.
//!
//! It must not know how a rule is checked.

use super::Severity;

/// A code, its severity (the worst one, where a code has two) and one line on what it means.
pub(super) type Code = (&'static str, Severity, &'static str);

macro_rules! codes {
    ($($name:ident $severity:ident $text:literal;)*) => {
        $(pub(super) const $name: Code = (stringify!($name), Severity::$severity, $text);)*

        /// Every code with its severity (the worst one, where a code has two) and a line that says what it means. Codes
        /// are stable: they may be added, never renamed.
        pub const CODES: &[(&str, Severity, &str)] = &[$($name),*];
    };
}

codes! {
    JSON_SYNTAX Error "the document is not strict JSON";
    JSON_DUPLICATE_KEY Error "a key stands twice in one object, and readers disagree which one counts";
    NOT_SINGLE_OBJECT Error "the document is not exactly one JSON object";
    SIZE_QUOTA Error "the document is longer than the quota for SCPs";
    SIZE_NEAR_QUOTA Warning "the document has used up more than nine tenths of the quota";
    NOT_MINIFIED Suggestion "white space outside strings counts against the quota";
    BYTES_OVER_QUOTA Warning "the document fits the quota in characters but not in bytes";
    POLICY_TYPE_MISMATCH Error "the document is another type of policy, not an SCP";
    MISSING_VERSION Error "the policy has no Version";
    INVALID_VERSION Error "Version is not 2012-10-17";
    MISSING_STATEMENT Error "the policy has no statement";
    ID_ELEMENT Warning "Id belongs to resource-based policies only";
    UNKNOWN_ELEMENT Error "an element that the policy language does not have";
    PRINCIPAL_PRESENT Error "Principal is not supported in SCPs";
    NOTPRINCIPAL_PRESENT Error "NotPrincipal is not supported in SCPs";
    MISSING_EFFECT Error "a statement has no Effect";
    INVALID_EFFECT Error "Effect is neither Allow nor Deny";
    MISSING_ACTION Error "a statement has neither Action nor NotAction";
    ACTION_AND_NOTACTION Error "a statement has both Action and NotAction";
    MISSING_RESOURCE Error "a statement has neither Resource nor NotResource";
    RESOURCE_AND_NOTRESOURCE Error "a statement has both Resource and NotResource";
    DATA_TYPE Error "a value has a JSON type that its element does not take";
    EMPTY_ARRAY Error "a list without values (in Condition: a warning)";
    INVALID_SID Error "Sid holds a character other than A-Z, a-z and 0-9";
    EMPTY_SID Suggestion "Sid is an empty string";
    DUPLICATE_SID Error "two statements have the same Sid";
    NO_SID Suggestion "a Deny without Sid cannot be named in a waiver or a log";
    ARN_FORMAT Error "not an ARN of six parts";
    ARN_PARTITION Error "the ARN's partition is not the organization's";
    ARN_ACCOUNT Error "the ARN's account part can never match";
    ARN_REGION Error "the ARN's Region part can never match";
    INVALID_OPERATOR Error "a condition operator that does not exist";
    DUPLICATE_KEY_CASE Error "a condition key stands twice in one operator, spelt in different case";
    TYPE_MISMATCH Error "a condition value that its operator cannot read";
    MULTIPLE_BOOLEAN Error "a boolean condition with several values";
    OPERATOR_KEY_TYPE Warning "the operator does not suit the type of the condition key";
    WILDCARD_WITHOUT_LIKE Error "a wildcard under an operator that takes it literally";
    ASSUMED_ROLE_ARN Error "aws:PrincipalArn never holds an assumed-role ARN";
    MISSING_QUALIFIER Error "a multivalued condition key without ForAllValues or ForAnyValue";
    VARIABLE_SYNTAX Error "a policy variable that is malformed or stands where none is expanded";
    TEMPLATE_LEFT Error "a placeholder of a template or sample was not filled in";
    DENY_ALL SecurityWarning "an unconditional Deny of everything";
    DENY_NO_BREAKGLASS SecurityWarning "a wide Deny without an exemption for the break-glass roles";
    DENY_STS SecurityWarning "a wide Deny of sts:AssumeRole";
    REGION_DENY_INVERTED Error "a region deny that denies the Regions it was to allow";
}
