//! Facts from outside the accounts file: the Regions of AWS, and what the lint needs to know of a policy file.

use reeve_json::{Node, Options, StringRule, Value};

/// When [`PARTITIONS`] was read, from `botocore/data/partitions.json` of botocore 1.44.5, without the pseudo-Regions
/// (`aws-global`).
pub const PARTITIONS_AS_OF: &str = "2026-11-22";

/// One partition: a part of AWS with its own accounts. No account reaches across.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Its id in ARNs.
    pub id: &'static str,
    /// Its Regions, sorted.
    pub regions: &'static [&'static str],
}

/// Every Region of AWS by partition, as of [`PARTITIONS_AS_OF`]. Regions are added every year, so that one that is not
/// here is a warning and no error.
pub const PARTITIONS: &[Partition] = &[
    Partition {
        id: "aws",
        regions: &[
            "af-south-1",
            "ap-east-1",
            "ap-east-2",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-south-2",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-4",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "ca-central-1",
            "ca-west-1",
            "eu-central-1",
            "eu-central-2",
            "eu-north-1",
            "eu-south-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "il-central-1",
            "me-central-1",
            "me-south-1",
            "me-west-1",
            "mx-central-1",
            "sa-east-1",
            "sa-west-1",
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
        ],
    },
    Partition { id: "aws-cn", regions: &["cn-north-1", "cn-northwest-1"] },
    Partition { id: "aws-eusc", regions: &["eusc-de-east-1"] },
    Partition { id: "aws-iso", regions: &["us-iso-east-1", "us-iso-west-1"] },
    Partition { id: "aws-iso-b", regions: &["us-isob-east-1", "us-isob-west-1"] },
    Partition { id: "aws-iso-e", regions: &["eu-isoe-west-1"] },
    Partition { id: "aws-iso-f", regions: &["us-isof-east-1", "us-isof-south-1"] },
    Partition { id: "aws-us-gov", regions: &["us-gov-east-1", "us-gov-west-1"] },
];

/// The partition of a Region, where the list knows it.
#[must_use]
pub fn partition_of(region: &str) -> Option<&'static str> {
    PARTITIONS.iter().find(|partition| partition.regions.contains(&region)).map(|partition| partition.id)
}

/// One file of the folder of policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScpFile {
    /// Its path, for places.
    pub path: String,
    /// Whether a statement of it has the effect `Allow`, so that it could stand in for [`FullAWSAccess`].
    ///
    /// [`FullAWSAccess`]: super::FULL_ACCESS
    pub allows: bool,
}

/// Longest policy read, in bytes: ten times the quota of 10,240 characters, for files that are not minified.
const SCP_BYTES_MAX: usize = 102_400;

/// Open arrays and objects in a policy. The grammar needs six: document, statements, statement, condition, operator,
/// values.
const SCP_DEPTH_MAX: usize = 12;

impl ScpFile {
    /// Looks for an `Allow` in a policy. A text that is no policy counts as one that may allow: what is wrong with it is
    /// told by the checks of policies, and not a second time here.
    #[must_use]
    pub fn read(path: &str, text: &str) -> Self {
        let options = Options { bytes_max: SCP_BYTES_MAX, depth_max: SCP_DEPTH_MAX, strings: StringRule::Any };
        let allows = match reeve_json::parse(text.as_bytes(), &options) {
            Ok(Node { value: Value::Object(document), .. }) => document.get("Statement").is_none_or(|statement| {
                let statements = statement.as_array().unwrap_or(std::slice::from_ref(statement));
                statements.iter().any(|statement| {
                    let effect = statement.as_object().and_then(|statement| statement.get("Effect"));
                    effect.and_then(Node::as_str) != Some("Deny")
                })
            }),
            Ok(_) | Err(_) => true,
        };
        Self { path: path.to_owned(), allows }
    }
}
