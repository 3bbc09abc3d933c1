//! The Regions of AWS by partition.
//!
//! One list for host and plugins: a Region that one check knows, every other knows too.

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn partitions_and_regions_are_in_order_and_stand_once() {
        assert!(PARTITIONS.is_sorted_by(|one, next| one.id < next.id));
        let mut seen = BTreeSet::new();
        for partition in PARTITIONS {
            assert!(partition.regions.is_sorted(), "{}", partition.id);
            for region in partition.regions {
                assert!(seen.insert(*region), "{region}");
                assert_eq!(partition_of(region), Some(partition.id));
            }
        }
        assert_eq!(partition_of("aws-global"), None);
    }
}
