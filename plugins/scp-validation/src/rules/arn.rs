//! Amazon Resource Names as patterns: the five parts before the resource (IAM user guide, "IAM identifiers" and
//! "JSON policy elements: Resource"; Access Analyzer checks on ARNs).
//!
//! It must not know in which element a pattern stands, or which resource types a service has.

use super::codes::{self, Code};
use super::placeholder::{Piece, Pieces};
use super::text::{glob, has_wildcard};

/// What is wrong with an ARN: the code, the message and the fix.
pub(super) struct Fault {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) fix: String,
}

/// The parts of an ARN pattern. Wildcards may stand in each of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arn<'t> {
    pub(super) partition: &'t str,
    pub(super) service: &'t str,
    pub(super) region: &'t str,
    pub(super) account: &'t str,
    pub(super) resource: &'t str,
}

/// Cuts a pattern at its first five colons; the colons inside `${...}` do not count.
pub(super) fn split(text: &str) -> Option<Arn<'_>> {
    let mut ends = [0_usize; 5];
    let mut slots = ends.iter_mut();
    let mut at = 0;
    'pieces: for piece in Pieces::new(text) {
        match piece {
            Piece::Variable(whole, _) => at += whole.len(),
            Piece::Plain(plain) => {
                for (offset, _) in plain.match_indices(':') {
                    let Some(slot) = slots.next() else { break 'pieces };
                    *slot = at + offset;
                }
                at += plain.len();
            }
        }
    }
    let [prefix, partition, service, region, account] = ends;
    // A slot that was not filled is still zero, and then the range below is none.
    Some(text).filter(|text| text.get(..prefix) == Some("arn"))?;
    Some(Arn {
        partition: text.get(prefix + 1..partition)?,
        service: text.get(partition + 1..service)?,
        region: text.get(service + 1..region)?,
        account: text.get(region + 1..account)?,
        resource: text.get(account + 1..)?,
    })
}

/// What every ARN pattern must be like, wherever it stands.
pub(super) fn faults(text: &str, partition: &str) -> Vec<Fault> {
    let Some(arn) = split(text) else {
        return vec![not_an_arn(text)];
    };
    let mut faults = Vec::new();
    faults.extend(format_fault(&arn));
    // A wrong partition is the one part that a copied policy gets wrong: say so once and go on.
    faults.extend(partition_fault(arn.partition, partition));
    faults.extend(region_fault(&arn));
    faults.extend(account_fault(&arn));
    faults
}

fn not_an_arn(text: &str) -> Fault {
    let message = if text.trim() != text {
        "white space stands around the value, so it matches nothing".to_owned()
    } else if text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("arn:")) {
        "an ARN has six parts: `arn:partition:service:region:account:resource`".to_owned()
    } else {
        "neither `*` nor an ARN".to_owned()
    };
    let fix = if text.trim() == "*" { "write `*`" } else { "write `arn:partition:service:region:account:resource`" };
    Fault { code: codes::ARN_FORMAT, message, fix: fix.to_owned() }
}

fn format_fault(arn: &Arn<'_>) -> Option<Fault> {
    let fault = |message: &str, fix: String| Some(Fault { code: codes::ARN_FORMAT, message: message.to_owned(), fix });
    if arn.partition.is_empty() || arn.service.is_empty() || arn.resource.is_empty() {
        return fault("the partition, service and resource parts of an ARN cannot be empty", "fill them in".to_owned());
    }
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'*' | b'?');
    if !arn.service.contains("${") && !arn.service.bytes().all(fits) {
        let fix = format!("write `{}`", arn.service.trim().to_ascii_lowercase());
        return fault("the service part of an ARN is written in lower case, so it matches nothing", fix);
    }
    None
}

pub(super) fn partition_fault(found: &str, expected: &str) -> Option<Fault> {
    if found.is_empty() || found.contains("${") || glob(found, expected) {
        return None;
    }
    let message = format!("its partition is not `{expected}`, the organization's: it matches nothing here");
    Some(Fault { code: codes::ARN_PARTITION, message, fix: format!("write `arn:{expected}:`") })
}

/// Services whose ARNs have no Region, and those whose ARNs always have one (Service Authorization Reference, resource
/// types). Services with resource types of both kinds stand in neither list.
const WITHOUT_REGION: [&str; 5] = ["iam", "sts", "organizations", "cloudfront", "route53"];
const WITH_REGION: [&str; 5] = ["lambda", "sqs", "sns", "kms", "secretsmanager"];

/// Words that stand in the Region part for resources that belong to none.
const REGION_WORDS: [&str; 2] = ["global", "aws-global"];

fn region_fault(arn: &Arn<'_>) -> Option<Fault> {
    let fault = |message: String, fix: &str| Some(Fault { code: codes::ARN_REGION, message, fix: fix.to_owned() });
    let region = arn.region;
    if region.contains("${") || has_wildcard(region) {
        return None;
    }
    if region.is_empty() {
        if !WITH_REGION.contains(&arn.service) {
            return None;
        }
        let message = format!("ARNs of `{}` have a Region, so it matches nothing", arn.service);
        return fault(message, "write the Region or `*`");
    }
    if WITHOUT_REGION.contains(&arn.service) || is_bucket(arn) {
        let message = format!("ARNs of `{}` have no Region here, so it matches nothing", arn.service);
        return fault(message, "leave the Region part empty");
    }
    if !REGION_WORDS.contains(&region) && !is_region(region) {
        return fault(
            "its Region part is not written like a Region, so it matches nothing".to_owned(),
            "such as `us-east-1`",
        );
    }
    None
}

/// Whether the text is written like a Region: `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`.
pub(super) fn is_region(text: &str) -> bool {
    let mut parts = text.split('-');
    let area = parts.next().unwrap_or_default();
    let number = parts.next_back().unwrap_or_default();
    let mut words = 0;
    let letters = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let fits = parts.all(|word| {
        words += 1;
        letters(word)
    });
    let digits = matches!(number.len(), 1 | 2) && number.bytes().all(|byte| byte.is_ascii_digit());
    fits && words > 0 && letters(area) && digits
}

/// Words that stand in the account part for resources that AWS or a vendor owns (Service Authorization Reference).
const ACCOUNT_WORDS: [&str; 5] = ["aws", "aws-managed", "aws-marketplace", "amazon", "cloudfront"];

/// Digits of an account ID.
const ACCOUNT_DIGITS: usize = 12;

fn account_fault(arn: &Arn<'_>) -> Option<Fault> {
    let fault = |message: String, fix: &str| Some(Fault { code: codes::ARN_ACCOUNT, message, fix: fix.to_owned() });
    let account = arn.account;
    if account.contains("${") {
        return None;
    }
    if account.is_empty() {
        let message = "ARNs of `iam` have an account, so it matches nothing".to_owned();
        return if arn.service == "iam" { fault(message, "write the account or `*`") } else { None };
    }
    if ACCOUNT_WORDS.iter().any(|word| glob(account, word)) {
        return None;
    }
    let fixed = account.bytes().filter(|byte| *byte != b'*').count();
    let digits = account.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'?'));
    let length_fits = if account.contains('*') { fixed <= ACCOUNT_DIGITS } else { fixed == ACCOUNT_DIGITS };
    if !digits || !length_fits {
        let message = "its account part is not an account ID of 12 digits, so it matches nothing".to_owned();
        return fault(message, "write the account ID of 12 digits or `*`");
    }
    if is_bucket(arn) && !has_wildcard(account) {
        let message = "ARNs of buckets and objects have no account, so it matches nothing".to_owned();
        return fault(message, "leave the account part empty, or use `aws:ResourceAccount` in `Condition`");
    }
    None
}

/// Resource types of S3 whose ARNs do have a Region and an account ("Actions, resources, and condition keys for Amazon
/// S3"). Any other S3 resource part is a bucket or an object.
const S3_TYPES: [&str; 6] = ["accesspoint", "job/", "storage-lens", "access-grants", "async-request/", "outpost/"];

fn is_bucket(arn: &Arn<'_>) -> bool {
    arn.service == "s3"
        && !arn.resource.starts_with(['*', '?', '$'])
        && !S3_TYPES.iter().any(|start| arn.resource.starts_with(start))
}

/// Whether a resource pattern takes in everything.
pub(super) fn covers_all(text: &str) -> bool {
    let star = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte == b'*');
    star(text)
        || split(text)
            .is_some_and(|arn| star(arn.service) && star(arn.region) && star(arn.account) && star(arn.resource))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_colons_outside_variables() {
        let arn = split("arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}:x").expect("six parts");
        assert_eq!((arn.region, arn.account, arn.resource), ("", "${aws:PrincipalAccount}", "user/${aws:username}:x"));
        for text in ["", "arn", "arn:::::", "arn:aws:s3::b", ":aws:s3:::b", " arn:aws:s3:::b"] {
            assert_eq!(split(text).is_some(), text == "arn:::::", "{text}");
        }
    }

    #[test]
    fn regions_are_known_by_their_form() {
        for text in ["us-east-1", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1", "ap-southeast-12"] {
            assert!(is_region(text), "{text}");
        }
        for text in ["us-east1", "US-EAST-1", "us-1", "us-east-", "-east-1", "us--1", "", "us-east-100"] {
            assert!(!is_region(text), "{text}");
        }
    }
}
