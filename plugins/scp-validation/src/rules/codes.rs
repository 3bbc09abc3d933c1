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
    ACTION_FORMAT Error "an action that is not written `service:Action`";
    ALLOW_NOTACTION SecurityWarning "an Allow of everything but the named actions";
    DENY_NOTACTION_UNCONDITIONAL SecurityWarning "a Deny of everything but the named actions, without Condition";
    NOTACTION_SINGLE_NEGATION_PAIR Warning "NotAction with NotResource, a double negation";
    ARN_FORMAT Error "not an ARN of six parts";
    ARN_PARTITION Error "the ARN's partition is not the organization's";
    ARN_ACCOUNT Error "the ARN's account part can never match";
    ARN_REGION Error "the ARN's Region part can never match";
    NOTRESOURCE_WITH_ALLOW SecurityWarning "an Allow on every resource but the named ones";
    INVALID_OPERATOR Error "a condition operator that does not exist";
    DUPLICATE_KEY_CASE Error "a condition key stands twice in one operator, spelt in different case";
    TYPE_MISMATCH Error "a condition value that its operator cannot read";
    MULTIPLE_BOOLEAN Error "a boolean condition with several values";
    OPERATOR_KEY_TYPE Warning "the operator does not suit the type of the condition key";
    WILDCARD_WITHOUT_LIKE Error "a wildcard under an operator that takes it literally";
    ASSUMED_ROLE_ARN Error "aws:PrincipalArn never holds an assumed-role ARN";
    MISSING_QUALIFIER Error "a multivalued condition key without ForAllValues or ForAnyValue";
    FORALLVALUES_SINGLE_VALUED SecurityWarning "ForAllValues on a key with one value: true when the key is missing";
    FORALLVALUES_WITHOUT_NULL SecurityWarning "ForAllValues without a Null guard: true when the key is missing";
    NEGATED_KEY_MISSING SecurityWarning "a negated test on a key that most requests lack: true of all of them";
    MFA_DENY_HITS_ROLES SecurityWarning "a Deny without MFA that also takes in role sessions and services";
    NO_SERVICE_CALL_EXEMPTION SecurityWarning "a network perimeter that stops calls AWS makes for the caller";
    UNTRUSTWORTHY_KEY SecurityWarning "a condition key that the caller sets at will";
    MISSING_PAIRED_KEY SecurityWarning "a condition key that means nothing without another one";
    PRIVATE_SOURCE_IP Error "a private address for aws:SourceIp (beside public ones: a warning)";
    CIDR_HOST_BITS Warning "an address range with bits set behind its prefix";
    CIDR_WIDE Warning "an address range that takes in everybody";
    VARIABLE_SYNTAX Error "a policy variable that is malformed or stands where none is expanded";
    VARIABLE_MISSING_KEY SecurityWarning "a policy variable without a value for some callers, or with any value they like";
    TEMPLATE_LEFT Error "a placeholder of a template or sample was not filled in";
    CONSTANT_CONDITION SecurityWarning "a condition that is the same for every request";
    DENY_ALL SecurityWarning "an unconditional Deny of everything";
    DENY_NO_BREAKGLASS SecurityWarning "a wide Deny without an exemption for the break-glass roles";
    BREAKGLASS_TOO_BROAD SecurityWarning "an exemption that many can get (a role of one name in any account: a warning)";
    DENY_STS SecurityWarning "a wide Deny of sts:AssumeRole";
    DENY_CONTROL_PLANE_READS Warning "a Deny of reads that tools and support need";
    REGION_DENY_MISSING_GLOBALS SecurityWarning "a region deny that does not spare the global services";
    REGION_DENY_INVERTED Error "a region deny that denies the Regions it was to allow";
    UNKNOWN_REGION Error "a value of aws:RequestedRegion that no request has (a Region not known yet: a warning)";
    REGION_DENY_USING_ACTION_STAR SecurityWarning "a region deny of every action, global services included";
    SLR_NO_EFFECT Suggestion "a Deny of service-linked roles, which SCPs do not bind";
    EXTERNAL_PRINCIPAL_NO_EFFECT Warning "a Deny of principals that no SCP of the organization applies to";
    SECRET_OR_PII_IN_POLICY Warning "an access key or an e-mail address in the text of the policy";
    // Rules that compare with the action table, in `table`.
    UNKNOWN_SERVICE Error "a service that AWS does not have (in capital letters, or by an old table: a warning)";
    UNKNOWN_ACTION Error "an action that its service does not have (by an old table: a warning)";
    ACTION_PATTERN_MATCHES_NOTHING Error "an action pattern that matches no action (by an old table: a warning)";
    WILDCARD_IN_SERVICE Error "a wildcard in the name of a service (in an ARN: a warning)";
    WILDCARD_MIDDLE Suggestion "a wildcard before the end of an action, which older tools refuse";
    REDUNDANT_ACTION Suggestion "an action that another pattern of the list takes in";
    REDUNDANT_RESOURCE Suggestion "a resource that another pattern of the list takes in";
    REDUNDANT_STATEMENT Suggestion "a statement that another one takes in";
    DEPRECATED_OR_PERMISSION_ONLY Suggestion "an action that AWS has retired or deprecated";
    ACTION_RESOURCE_MISMATCH Warning "actions and resources that do not go together";
    RESOURCE_ONLY_STAR_ACTION Warning "an action that works on no resource but `*`, beside other resources";
    UNKNOWN_CONDITION_KEY Error "a condition key that AWS does not have (by an old table: a warning)";
    KEY_NOT_SUPPORTED_BY_ACTION Warning "a condition key that requests for the action never carry";
}
