//! What AWS takes at most. A document over a limit is not rendered: the finding says so before a deployment does.

/// Longest repository policy, characters (ECR API reference, SetRepositoryPolicy, `policyText`).
pub const REPOSITORY_POLICY_CHARS_MAX: usize = 10_240;

/// Most rules of a lifecycle policy (ECR quotas). Fifty rules of the longest prefix stay below the 30,720 characters
/// that a lifecycle policy may have, so those need no check of their own.
pub(crate) const LIFECYCLE_RULES_MAX: usize = 50;

/// Longest time that a rule may name, days: ECR takes any number, but what is kept for over a hundred years is a slip.
pub(crate) const LIFECYCLE_DAYS_MAX: u32 = 36_500;

/// Length of a repository's name, characters (ECR API reference, CreateRepository).
pub(crate) const REPOSITORY_NAME_CHARS: std::ops::RangeInclusive<usize> = 2..=256;

/// Longest image tag, characters, and so longest prefix of one (OCI distribution specification, references).
pub(crate) const IMAGE_TAG_CHARS_MAX: usize = 128;

/// Most tags of a resource (AWS tagging, limits).
pub(crate) const TAGS_MAX: usize = 50;

/// Longest key of a tag, characters (CloudFormation schema of `AWS::ECR::Repository`, one less than ECR takes).
pub(crate) const TAG_KEY_CHARS_MAX: usize = 127;

/// Longest value of a tag, characters (CloudFormation schema of `AWS::ECR::Repository`, one less than ECR takes).
pub(crate) const TAG_VALUE_CHARS_MAX: usize = 255;

/// Largest bucket policy, bytes: 20 KB (S3 user guide, bucket policies).
pub const BUCKET_POLICY_BYTES_MAX: usize = 20_480;

/// Longest name of a bucket, bytes (S3 user guide, naming rules); the name is a parameter of the template.
pub(crate) const BUCKET_NAME_BYTES_MAX: usize = 63;

/// Longest managed policy, characters without white space (IAM user guide, quotas).
pub const MANAGED_POLICY_CHARS_MAX: usize = 6_144;

/// Most managed policies of a group (IAM user guide, quotas; the default).
pub const GROUP_POLICIES_MAX: usize = 10;

/// Longest name of a group, characters (IAM user guide, quotas).
pub(crate) const GROUP_NAME_CHARS_MAX: usize = 128;

/// Longest name of a role, characters (IAM user guide, quotas).
pub(crate) const ROLE_NAME_CHARS_MAX: usize = 64;

/// Longest ARN's resource with a role's path, characters: paths have up to 512 (IAM user guide, quotas).
pub(crate) const ROLE_PATH_CHARS_MAX: usize = 512;

/// The longest name of a partition that `${AWS::Partition}` may stand for, counted wherever a size depends on it.
pub(crate) const PARTITION_LONGEST: &str = "aws-us-gov";

/// Most resources of a template (CloudFormation quotas).
pub(crate) const RESOURCES_MAX: usize = 500;

/// Largest template, bytes: 1 MB from a bucket (CloudFormation quotas). Over 51,200 bytes it has to come from one.
pub const TEMPLATE_BYTES_MAX: usize = 1_000_000;
