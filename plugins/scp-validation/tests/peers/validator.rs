//! Every finding of iam-policy-validator on the published SCPs, and our answer to each.

/// What we say to a finding of iam-policy-validator.
pub(crate) enum Answer {
    /// Found too: our code, and the beginning of the pointer.
    Found(&'static str, &'static str),
    /// Not an error of the policy, and why.
    Argued(&'static str),
    /// Found with the action table, once the placeholders are filled in: until then they are what is told.
    WithTable(&'static str),
}
use Answer::{Argued, Found, WithTable};

const ANY_VALUE: &str =
    "`ForAnyValue` is false without the key: the Deny is about requests that have one, and fires on no other";
const IF_EXISTS: &str = "`IfExists` on a key that is always there changes nothing; AWS's own samples write it so";
const REVIEW: &str = "a request to look, no error: the Deny is under a condition on who calls or from where";
const LITERAL_ARN: &str =
    "a String operator compares a literal ARN as well; with a wildcard it is told as OPERATOR_KEY_TYPE";

/// File below `scp/`, their code, statement, our answer.
pub(crate) const VALIDATOR: &[(&str, &str, i64, Answer)] = &[
    (
        "aws-samples-data-perimeter/service_control_policies/data_perimeter_governance_scp.json",
        "foranyvalue_deny_without_null_check",
        5,
        Argued(ANY_VALUE),
    ),
    (
        "aws-samples-data-perimeter/service_control_policies/network_perimeter_vpceorgid_scp.json",
        "invalid_value_format",
        0,
        Found("TEMPLATE_LEFT", "/Statement/0/Condition/NotIpAddressIfExists/aws:SourceIp"),
    ),
    (
        "aws-samples-data-perimeter/service_control_policies/network_perimeter_vpceorgid_scp.json",
        "ifexists_on_always_present_key",
        0,
        Argued(IF_EXISTS),
    ),
    (
        "aws-samples-data-perimeter/service_control_policies/service_specific_controls/network_perimeter_glue_scp.json",
        "invalid_value_format",
        0,
        Found("TEMPLATE_LEFT", "/Statement/0/Condition/NotIpAddressIfExists/aws:SourceIp"),
    ),
    (
        "aws-samples-data-perimeter/service_control_policies/service_specific_controls/network_perimeter_glue_scp.json",
        "ifexists_on_always_present_key",
        0,
        Argued(IF_EXISTS),
    ),
    (
        "aws-samples-data-perimeter/service_control_policies/service_specific_controls/network_perimeter_glue_scp.json",
        "not_action_deny_review",
        0,
        Argued(REVIEW),
    ),
    (
        "aws-samples-data-perimeter/service_control_policies/service_specific_controls/network_perimeter_glue_scp.json",
        "ifexists_on_always_present_key",
        1,
        Argued(IF_EXISTS),
    ),
    (
        "aws-samples-data-perimeter/service_control_policies/service_specific_controls/network_perimeter_lambda_scp.json",
        "invalid_value_format",
        0,
        Found("TEMPLATE_LEFT", "/Statement/0/Condition/NotIpAddressIfExists/aws:SourceIp"),
    ),
    (
        "aws-samples-data-perimeter/service_control_policies/service_specific_controls/network_perimeter_lambda_scp.json",
        "ifexists_on_always_present_key",
        0,
        Argued(IF_EXISTS),
    ),
    (
        "aws-samples-data-perimeter/service_control_policies/service_specific_controls/network_perimeter_lambda_scp.json",
        "not_action_deny_review",
        0,
        Argued(REVIEW),
    ),
    (
        "aws-samples-scp-examples/Privileged-access-controls/Deny-the-root-user-from-performing-actions-except-S3-bucketpolicy-changes.json",
        "not_action_deny_review",
        0,
        Argued(REVIEW),
    ),
    (
        "aws-samples-scp-examples/Protect-cloud-platform-resource/Deny-modifications-to-specific-AWS-CloudFormation-resources.json",
        "resource_mismatch",
        0,
        WithTable("RESOURCE_ONLY_STAR_ACTION"),
    ),
    (
        "aws-samples-scp-examples/Protect-cloud-platform-resource/Deny-use-of-IAM-user-credentials-from-unexpected-networks.json",
        "invalid_value_format",
        0,
        Found("TEMPLATE_LEFT", "/Statement/0/Condition/NotIpAddressIfExists/aws:SourceIp"),
    ),
    (
        "aws-samples-scp-examples/Protect-cloud-platform-resource/Deny-use-of-IAM-user-credentials-from-unexpected-networks.json",
        "ifexists_on_always_present_key",
        0,
        Argued(IF_EXISTS),
    ),
    (
        "aws-samples-scp-examples/Protect-cloud-platform-resource/Deny-use-of-IAM-user-credentials-from-unexpected-networks.json",
        "not_action_deny_review",
        0,
        Argued(REVIEW),
    ),
    (
        "aws-samples-scp-examples/Service-specific-controls/AWS-IAM/deny-service-specific-credential-by-type.json",
        "policy_parse_error",
        -1,
        Found("JSON_SYNTAX", ""),
    ),
    (
        "aws-samples-scp-examples/Service-specific-controls/AWS-IAMRolesAnywhere/Protect-IAMRA-Specific-Tags.json",
        "foranyvalue_deny_without_null_check",
        0,
        Argued(ANY_VALUE),
    ),
    (
        "awsdocs-organizations/orgs_manage_policies_scps_examples_general.1.json",
        "not_action_deny_review",
        0,
        Found("REGION_DENY_MISSING_GLOBALS", "/Statement/0/NotAction"),
    ),
    (
        "awsdocs-organizations/orgs_manage_policies_scps_examples_ram.4.json",
        "set_operator_on_single_valued_key",
        0,
        Argued(
            "with one value `ForAnyValue` is the plain operator, but false without the key: the sample of the guide",
        ),
    ),
    (
        "awsdocs-organizations/orgs_manage_policies_scps_examples_ram.4.json",
        "foranyvalue_deny_without_null_check",
        0,
        Argued(ANY_VALUE),
    ),
    (
        "awsdocs-organizations/orgs_manage_policies_scps_examples_tagging.2.json",
        "type_mismatch_usable",
        0,
        Argued(LITERAL_ARN),
    ),
    (
        "awsdocs-organizations/orgs_manage_policies_scps_examples_tagging.2.json",
        "type_mismatch_usable",
        1,
        Argued(LITERAL_ARN),
    ),
    (
        "awsdocs-organizations/orgs_manage_policies_scps_examples_tagging.2.json",
        "foranyvalue_deny_without_null_check",
        1,
        Argued(ANY_VALUE),
    ),
    (
        "awsdocs-organizations/orgs_manage_policies_scps_examples_tagging.2.json",
        "type_mismatch_usable",
        2,
        Argued(LITERAL_ARN),
    ),
    (
        "awsdocs-organizations/orgs_manage_policies_scps_syntax.1.json",
        "missing_version",
        -1,
        Found("MISSING_VERSION", ""),
    ),
    (
        "awsdocs-organizations/orgs_manage_policies_scps_syntax.2.json",
        "missing_version",
        -1,
        Found("MISSING_VERSION", ""),
    ),
    (
        "awsdocs-organizations/orgs_manage_policies_scps_syntax.8.json",
        "not_action_deny_review",
        0,
        Found("REGION_DENY_MISSING_GLOBALS", "/Statement/0/NotAction"),
    ),
    (
        "iam-policy-validator-examples/examples/iam-test-policies/service-control-policies/require-mfa.json",
        "not_action_deny_review",
        0,
        Found("MFA_DENY_HITS_ROLES", "/Statement/0/Condition"),
    ),
    (
        "lza-test-configs/source/packages/@aws-accelerator/accelerator/test/configs/all-enabled-delegated-admin/service-control-policies/guardrails-1.json",
        "resource_mismatch",
        1,
        WithTable("ACTION_RESOURCE_MISMATCH"),
    ),
    (
        "lza-test-configs/source/packages/@aws-accelerator/accelerator/test/configs/replacements/service-control-policies/data-perimeter.json",
        "policy_parse_error",
        -1,
        Found("JSON_SYNTAX", ""),
    ),
    (
        "lza-universal-configuration/modules/base/default/service-control-policies/lza-infrastructure-guardrails-1.json",
        "foranyvalue_deny_without_null_check",
        7,
        Argued(ANY_VALUE),
    ),
    ("scp-preprocessor/test_policies/blog.json", "invalid_action", 0, Found("TEMPLATE_LEFT", "/Statement/0/Action")),
];
