//! Shapes of ARNs and of names inside AWS, as a gate file writes them. What they name is not looked up here.
//!
//! Partitions are any that begin with `aws`, since their list grows.

use reeve_model::{AccountId, Region};
use reeve_yaml::{Field, YamlError};

/// What stands for an account id in a role that there is one of in each account.
const ACCOUNT_SLOT: &str = "{account}";
/// Longest name of an event bus, characters (EventBridge, CreateEventBus).
const BUS_NAME_CHARS_MAX: usize = 256;
/// Longest name of a rule, characters (EventBridge, PutRule).
pub(crate) const RULE_NAME_CHARS_MAX: usize = 64;
/// Longest name of a function, characters (Lambda, CreateFunction).
const FUNCTION_NAME_CHARS_MAX: usize = 64;
/// Longest version or alias of a function, characters (Lambda, GetFunction).
const QUALIFIER_CHARS_MAX: usize = 128;
/// Longest name of a role, characters (IAM, CreateRole).
const ROLE_NAME_CHARS_MAX: usize = 64;
/// Longest path of a role, characters, without the slashes at its ends (IAM, CreateRole: 512 with them).
const ROLE_PATH_CHARS_MAX: usize = 510;

/// A role that there is one of in each account, such as `arn:aws:iam::{account}:role/reeve-facts`. A role in one fixed
/// account cannot be written: it would be assumed for whatever account has asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleInAccount(String);

impl RoleInAccount {
    /// The ARN of the role in one account.
    #[must_use]
    pub fn arn(&self, account: &AccountId) -> String {
        self.0.replace(ACCOUNT_SLOT, account.as_str())
    }

    /// As the gate file writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Partition, service, Region, account and resource of an ARN; none when the text has another shape.
pub(crate) fn parts(text: &str) -> Option<[&str; 5]> {
    let mut parts = text.splitn(6, ':');
    let (Some("arn"), Some(partition)) = (parts.next(), parts.next()) else { return None };
    let partition_ok = partition.starts_with("aws")
        && partition.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        && !partition.ends_with('-');
    let rest = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let [service, region, account, resource] = rest;
    partition_ok.then_some([partition, service, region, account, resource])
}

/// Whether a text is 1 to `chars_max` of letters, digits and the characters of `others`.
pub(crate) fn named(text: &str, chars_max: usize, others: &str) -> bool {
    let taken = |char: char| char.is_ascii_alphanumeric() || others.contains(char);
    (1..=chars_max).contains(&text.len()) && text.chars().all(taken)
}

/// A name of an event bus; those of partners hold slashes.
pub(crate) fn bus_named(text: &str) -> bool {
    named(text, BUS_NAME_CHARS_MAX, "/._-") && !text.starts_with('/') && !text.ends_with('/')
}

fn role_named(resource: &str) -> bool {
    let Some(name) = resource.strip_prefix("role/") else { return false };
    let (path, name) = name.rsplit_once('/').unwrap_or(("", name));
    let path_ok = path.is_empty() || named(path, ROLE_PATH_CHARS_MAX, "/_+=,.@-");
    path_ok && named(name, ROLE_NAME_CHARS_MAX, "_+=,.@-")
}

fn regional(region: &str, account: &str) -> bool {
    Region::parse(region).is_some() && AccountId::parse(account).is_some()
}

/// The ARN of one IAM role in one account.
pub(crate) fn role(field: Field<'_>) -> Result<String, YamlError> {
    let text = field.string()?;
    let shaped = matches!(parts(text), Some([_, "iam", "", account, resource])
        if AccountId::parse(account).is_some() && role_named(resource));
    if shaped { Ok(text.to_owned()) } else { Err(field.must("be the ARN of one IAM role")) }
}

/// The ARN of a role whose account is `{account}`.
pub(crate) fn role_in_account(field: Field<'_>) -> Result<RoleInAccount, YamlError> {
    let text = field.string()?;
    let shaped = matches!(parts(text), Some([_, "iam", "", account, resource])
        if account == ACCOUNT_SLOT && role_named(resource));
    if shaped {
        return Ok(RoleInAccount(text.to_owned()));
    }
    let hint = "write `arn:aws:iam::{account}:role/NAME`, with `{account}` as it stands here";
    Err(field.must("be the ARN of an IAM role in the sender's account").with_hint(hint))
}

/// The ARN of one EventBridge rule.
pub(crate) fn rule(field: Field<'_>) -> Result<String, YamlError> {
    let text = field.string()?;
    let of = |resource: &str| {
        let Some(rule) = resource.strip_prefix("rule/") else { return false };
        let (bus, name) = rule.rsplit_once('/').unwrap_or(("default", rule));
        bus_named(bus) && named(name, RULE_NAME_CHARS_MAX, "._-")
    };
    let shaped = matches!(parts(text), Some([_, "events", region, account, resource])
        if regional(region, account) && of(resource));
    if shaped {
        return Ok(text.to_owned());
    }
    let hint = "write `arn:aws:events:REGION:ACCOUNT:rule/BUS/NAME`, without wildcards";
    Err(field.must("be the ARN of one EventBridge rule").with_hint(hint))
}

/// The ARN of one Lambda function, or of a version or alias of it.
pub(crate) fn function(field: Field<'_>) -> Result<String, YamlError> {
    let text = field.string()?;
    let of = |resource: &str| {
        let Some(name) = resource.strip_prefix("function:") else { return false };
        let (name, qualifier) = name.split_once(':').map_or((name, None), |(name, it)| (name, Some(it)));
        let qualified = |it| it == "$LATEST" || named(it, QUALIFIER_CHARS_MAX, "_-");
        named(name, FUNCTION_NAME_CHARS_MAX, "_-") && qualifier.is_none_or(qualified)
    };
    let shaped = matches!(parts(text), Some([_, "lambda", region, account, resource])
        if regional(region, account) && of(resource));
    if shaped { Ok(text.to_owned()) } else { Err(field.must("be the ARN of one Lambda function")) }
}

/// The name of an event bus, or its ARN.
pub(crate) fn bus(field: Field<'_>) -> Result<String, YamlError> {
    let text = field.string()?;
    let shaped = match parts(text) {
        Some([_, "events", region, account, resource]) => {
            regional(region, account) && resource.strip_prefix("event-bus/").is_some_and(bus_named)
        }
        Some(_) => false,
        None => bus_named(text),
    };
    if shaped {
        return Ok(text.to_owned());
    }
    Err(field.must("be the name of an event bus, or its ARN: `arn:aws:events:REGION:ACCOUNT:event-bus/NAME`"))
}
