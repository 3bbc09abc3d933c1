//! The AWS partition that a Region is in: the second part of every ARN.

use reeve_model::Region;

/// A partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Partition {
    /// `aws`: the commercial Regions.
    #[default]
    Aws,
    /// `aws-cn`: the Regions of China.
    China,
    /// `aws-us-gov`: GovCloud.
    UsGov,
    /// `aws-iso`: Top Secret Regions of the USA.
    Iso,
    /// `aws-iso-b`: Secret Regions of the USA.
    IsoB,
    /// `aws-iso-e`: Regions of the United Kingdom's partition.
    IsoE,
    /// `aws-iso-f`: a further isolated partition of the USA.
    IsoF,
    /// `aws-eusc`: the European Sovereign Cloud.
    EuSovereign,
}

impl Partition {
    /// The partition of a Region, by the beginning of its name (botocore, `partitions.json`, `regionRegex`).
    #[must_use]
    pub fn of(region: &Region) -> Self {
        let prefixes = [
            ("cn-", Self::China),
            ("us-gov-", Self::UsGov),
            ("us-isob-", Self::IsoB),
            ("us-isof-", Self::IsoF),
            ("us-iso-", Self::Iso),
            ("eu-isoe-", Self::IsoE),
            ("eusc-", Self::EuSovereign),
        ];
        let found = prefixes.into_iter().find(|(prefix, _)| region.as_str().starts_with(prefix));
        found.map_or(Self::Aws, |(_, partition)| partition)
    }

    /// As ARNs write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::China => "aws-cn",
            Self::UsGov => "aws-us-gov",
            Self::Iso => "aws-iso",
            Self::IsoB => "aws-iso-b",
            Self::IsoE => "aws-iso-e",
            Self::IsoF => "aws-iso-f",
            Self::EuSovereign => "aws-eusc",
        }
    }

    /// An ARN: `rest` is everything after the partition, such as `sqs:eu-west-1:111122223333:name`.
    #[must_use]
    pub fn arn(self, rest: &str) -> String {
        format!("arn:{}:{rest}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_in_their_partition() {
        for (region, partition) in [
            ("ap-southeast-2", "aws"),
            ("us-east-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("us-isof-south-1", "aws-iso-f"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(Partition::of(&Region::parse(region).expect(region)).as_str(), partition, "{region}");
        }
    }
}
