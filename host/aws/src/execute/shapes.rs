//! The shapes of what goes into a call, checked once more right before it. Planning has checked them already; a gate
//! that holds keys to a whole organization does not rely on one reader alone.
//!
//! Patterns of the API models are not used as they are: some of theirs are not anchored in every alternative.

use reeve_model::action::{
    Action, Attachment, ChangeRecordSets, CreateAccount, CreateHostedZone, MoveAccount, PutParameter, PutRule,
    SendCommand, Tag,
};
use reeve_model::{AccountId, Region};

/// Longest id of a hosted zone, characters (Route 53 API reference, ResourceId).
const ZONE_ID_CHARS_MAX: usize = 32;
/// Longest value of a parameter, bytes: the advanced tier's (SSM API reference, PutParameter).
const PARAMETER_BYTES_MAX: usize = 8_192;
/// Most instances of one command (SSM API reference, SendCommand).
const INSTANCES_MAX: usize = 50;
/// Longest comment of a command, characters (the same).
const COMMENT_CHARS_MAX: usize = 100;
/// Longest policy document, bytes, with room: AWS's own limit of characters is stricter and its own to enforce.
const DOCUMENT_BYTES_MAX: usize = 20_480;
/// Longest event pattern of a rule, characters (EventBridge API reference, PutRule: 4,096).
const PATTERN_CHARS_MAX: usize = 4_096;

/// Whether an action has the shape that its call needs.
///
/// # Errors
/// What is wrong, in a clause.
pub(crate) fn check(action: &Action) -> Result<(), &'static str> {
    match action {
        Action::ChangeRecordSets(it) => change_record_sets(it),
        Action::CreateHostedZone(it) => create_hosted_zone(it),
        Action::PutParameter(it) => put_parameter(it),
        Action::DeleteParameter(it) => that(parameter_name(&it.name), "the parameter's name"),
        Action::SendCommand(it) => send_command(it),
        Action::CreateAccount(it) => create_account(it),
        Action::MoveAccount(it) => move_account(it),
        Action::TagResource(it) => {
            let known = account_or_unit(&it.resource_id) || policy_id(&it.resource_id);
            that(known, "the resource's id").and_then(|()| that(tags(&it.tags), "a tag"))
        }
        Action::CreatePolicy(it) => {
            that(policy_name(&it.name), "the policy's name").and_then(|()| that(document(&it.document), "the document"))
        }
        Action::UpdatePolicy(it) => that(policy_id(&it.policy_id), "the policy's id")
            .and_then(|()| that(document(&it.document), "the document")),
        Action::AttachPolicy(it) | Action::DetachPolicy(it) => attachment(it),
        Action::PutRule(it) => put_rule(it),
        Action::MergeFile(_) => Err("a merge is judged, never made"),
    }
}

fn that(good: bool, what: &'static str) -> Result<(), &'static str> {
    if good { Ok(()) } else { Err(what) }
}

fn all(text: &str, chars_max: usize, good: impl Fn(u8) -> bool) -> bool {
    (1..=chars_max).contains(&text.len()) && text.bytes().all(good)
}

fn printable(text: &str, chars_max: usize) -> bool {
    text.chars().count() <= chars_max && !text.chars().any(char::is_control)
}

/// A hosted zone's id without prefix.
pub(crate) fn zone_id(id: &str) -> bool {
    all(id, ZONE_ID_CHARS_MAX, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// The ARN of a role, of any partition.
pub(crate) fn role_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [prefix, partition, service, region, account, role] = parts.as_slice() else { return false };
    let name = role.strip_prefix("role/").unwrap_or_default();
    let partition =
        all(partition, 32, |byte| byte.is_ascii_lowercase() || byte == b'-') && partition.starts_with("aws");
    (*prefix, *service, *region) == ("arn", "iam", "")
        && partition
        && AccountId::parse(account).is_some()
        && all(name, 512, |byte| byte.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&byte))
}

fn change_record_sets(it: &ChangeRecordSets) -> Result<(), &'static str> {
    that(zone_id(&it.hosted_zone_id), "the hosted zone's id")?;
    that(!it.changes.is_empty(), "the changes: there are none")?;
    let inside = it.changes.iter().all(|change| change.name.is_in(&it.zone_name));
    that(inside, "a name: it is not in the zone")
}

fn create_hosted_zone(it: &CreateHostedZone) -> Result<(), &'static str> {
    that(!it.name.is_wildcard() && it.name.labels().count() > 1, "the zone's name")?;
    that(all(&it.caller_reference, 128, |byte| byte.is_ascii_graphic()), "the caller reference")?;
    that(printable(&it.comment, 256), "the comment")
}

fn parameter_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte);
    let lower = name.trim_start_matches('/').to_ascii_lowercase();
    all(name, 1_011, plain) && !lower.starts_with("aws") && !lower.starts_with("ssm")
}

fn put_parameter(it: &PutParameter) -> Result<(), &'static str> {
    that(parameter_name(&it.name), "the parameter's name")?;
    that(matches!(it.parameter_type.as_str(), "String" | "StringList"), "the parameter's type")?;
    that((1..=PARAMETER_BYTES_MAX).contains(&it.value.len()) && !it.value.contains("{{"), "the parameter's value")
}

fn instance_id(id: &str) -> bool {
    let hex = |rest: &str, lengths: &[usize]| {
        lengths.contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    id.strip_prefix("i-").is_some_and(|rest| hex(rest, &[8, 17]))
        || id.strip_prefix("mi-").is_some_and(|rest| hex(rest, &[17]))
}

fn send_command(it: &SendCommand) -> Result<(), &'static str> {
    that((1..=INSTANCES_MAX).contains(&it.instance_ids.len()), "the instances: their number")?;
    that(it.instance_ids.iter().all(|id| instance_id(id)), "an instance's id")?;
    let document = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/".contains(&byte);
    that(it.document_name.len() >= 3 && all(&it.document_name, 128, document), "the document's name")?;
    // `$LATEST` and `$DEFAULT` are whatever somebody makes of them next.
    that(all(&it.document_version, 9, |byte| byte.is_ascii_digit()), "the document's version: it is not pinned")?;
    let hex = |hash: &String| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    that(it.document_hash.as_ref().is_none_or(hex), "the document's hash")?;
    let plain = |value: &String| !value.contains("{{");
    that(it.parameters.iter().all(|(_, values)| values.iter().all(plain)), "a parameter: it holds `{{`")?;
    that(role_arn(&it.role_arn), "the role's ARN")?;
    that(Region::parse(&it.region).is_some(), "the Region")?;
    that(!it.comment.is_empty() && printable(&it.comment, COMMENT_CHARS_MAX), "the comment")?;
    that((30..=2_592_000).contains(&it.timeout_seconds), "the time-out")
}

fn create_account(it: &CreateAccount) -> Result<(), &'static str> {
    that(all(&it.name, 50, |byte| (b' '..=b'~').contains(&byte)), "the account's name")?;
    let one_at = it.email.bytes().filter(|&byte| byte == b'@').count() == 1;
    let email = it.email.len() >= 6 && all(&it.email, 64, |byte| byte.is_ascii_graphic()) && one_at;
    that(email, "the e-mail address")?;
    let role = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    that(all(&it.role_name, 64, role) && !it.role_name.starts_with("AWSServiceRoleFor"), "the role's name")?;
    that(tags(&it.tags), "a tag")?;
    that(unit_id(&it.destination.id), "the destination's id")
}

fn move_account(it: &MoveAccount) -> Result<(), &'static str> {
    let parent = |id: &str| unit_id(id) || root_id(id);
    that(parent(&it.source.id), "the source's id")?;
    that(parent(&it.destination.id), "the destination's id")
}

fn lower(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn root_id(id: &str) -> bool {
    id.strip_prefix("r-").is_some_and(|rest| lower(rest, 4..=32))
}

fn unit_id(id: &str) -> bool {
    let parts = id.strip_prefix("ou-").and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(root, unit)| lower(root, 4..=32) && lower(unit, 8..=32))
}

fn account_or_unit(id: &str) -> bool {
    AccountId::parse(id).is_some() || unit_id(id) || root_id(id)
}

/// A policy's id. AWS's own policies have names for ids.
fn policy_id(id: &str) -> bool {
    id.strip_prefix("p-")
        .is_some_and(|rest| rest.len() >= 8 && all(rest, 128, |byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

fn policy_name(name: &str) -> bool {
    !name.is_empty() && printable(name, 128)
}

fn document(text: &str) -> bool {
    (2..=DOCUMENT_BYTES_MAX).contains(&text.len())
}

fn tags(tags: &[Tag]) -> bool {
    tags.len() <= 50
        && tags.iter().all(|(key, value)| {
            let own = !key.to_ascii_lowercase().starts_with("aws:");
            !key.is_empty() && own && printable(key, 128) && printable(value, 256)
        })
}

fn attachment(it: &Attachment) -> Result<(), &'static str> {
    that(account_or_unit(&it.target_id), "the target's id")?;
    that(it.policy.id.as_deref().is_none_or(policy_id), "the policy's id")?;
    that(policy_name(&it.policy.name), "the policy's name")
}

fn put_rule(it: &PutRule) -> Result<(), &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    that(all(&it.name, 64, plain), "the rule's name")?;
    that(all(&it.bus, 1_600, |byte| plain(byte) || b"/:".contains(&byte)), "the bus")?;
    that((2..=PATTERN_CHARS_MAX).contains(&it.pattern.chars().count()), "the pattern")?;
    let parts: Vec<&str> = it.target_arn.splitn(6, ':').collect();
    let [prefix, partition, service, region, account, bus] = parts.as_slice() else { return Err("the target's ARN") };
    let shaped = *prefix == "arn"
        && partition.starts_with("aws")
        && *service == "events"
        && Region::parse(region).is_some()
        && AccountId::parse(account).is_some();
    let bus = bus.strip_prefix("event-bus/").is_some_and(|bus| all(bus, 256, |byte| plain(byte) || byte == b'/'));
    that(shaped && bus, "the target's ARN")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_from_end_to_end() {
        for (check, text, good) in [
            (zone_id as fn(&str) -> bool, "Z0123456789ABC", true),
            (zone_id, "/hostedzone/Z0123", false),
            (zone_id, "", false),
            (role_arn, "arn:aws:iam::111122223333:role/reeve", true),
            (role_arn, "arn:aws-us-gov:iam::111122223333:role/path/reeve", true),
            (role_arn, "arn:aws:iam::111122223333:user/reeve", false),
            (role_arn, "arn:aws:iam::1111:role/reeve", false),
            (role_arn, "arn:aws:iam::111122223333:role/reeve\n", false),
            (instance_id, "i-0123456789abcdef0", true),
            (instance_id, "i-01234567", true),
            (instance_id, "mi-0123456789abcdef0", true),
            (instance_id, "i-0123456789abcdeg0", false),
            (unit_id, "ou-abcd-12345678", true),
            (unit_id, "ou-abcd-12345678;x", false),
            (root_id, "r-abcd", true),
            (root_id, "r-abcd;anything", false),
            (policy_id, "p-FullAWSAccess", true),
            (policy_id, "p-12345678", true),
            (policy_id, "p-1", false),
            (parameter_name, "/reeve/dns/allowed", true),
            (parameter_name, "/aws/x", false),
            (parameter_name, "a b", false),
        ] {
            assert_eq!(check(text), good, "{text}");
        }
    }
}
