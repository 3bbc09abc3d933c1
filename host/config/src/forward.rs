//! `forward-bus` of `CREATE_ACCOUNT`: the bus that is to send to every new account.

use crate::arn;
use crate::kinds::Around;
use reeve_kinds::ForwardBus;
use reeve_model::limits::DETAIL_TYPE_CHARS_MAX;
use reeve_model::{AccountId, Region};
use reeve_yaml::{Field, YamlError};

/// What the names of the rules begin with when the file does not say.
const RULE_PREFIX_DEFAULT: &str = "to-";
/// Longest beginning of a rule's name, characters: the account's id follows, and EventBridge takes 64 in all.
const RULE_PREFIX_CHARS_MAX: usize = arn::RULE_NAME_CHARS_MAX - 12;
/// Longest pattern of a rule, characters (EventBridge quotas, event pattern size).
const PATTERN_CHARS_MAX: usize = 2_048;
/// What stands for the gate's Region in the target.
const REGION_SLOT: &str = "{region}";

/// Reads the settings.
pub(crate) fn forward_bus(field: Field<'_>, around: &Around<'_>) -> Result<ForwardBus, YamlError> {
    let mut map = field.mapping()?;
    let bus = arn::bus(map.required("bus")?)?;
    let rule_prefix = map.optional("rule-prefix").map(rule_prefix).transpose()?;
    let types_field = map.required("detail-types")?;
    let detail_types = types_field.items()?.into_iter().map(detail_type).collect::<Result<Vec<_>, _>>()?;
    if detail_types.is_empty() {
        return Err(types_field.error("`detail-types` is empty: nothing would be sent on"));
    }
    let from = map.optional("from").map(accounts).transpose()?;
    let target = target(map.required("target")?, around.region)?;
    map.finish()?;
    let owner = arn::parts(&bus).and_then(|[_, _, _, account, _]| AccountId::parse(account));
    let from = from.unwrap_or_else(|| vec![owner.unwrap_or_else(|| around.account.clone())]);
    let rule_prefix = rule_prefix.unwrap_or_else(|| RULE_PREFIX_DEFAULT.to_owned());
    let forward = ForwardBus { bus, rule_prefix, detail_types, from, target };
    if forward.pattern().chars().count() > PATTERN_CHARS_MAX {
        let message = format!("the rule's pattern would be longer than {PATTERN_CHARS_MAX} characters");
        return Err(types_field.error(message));
    }
    Ok(forward)
}

fn rule_prefix(field: Field<'_>) -> Result<String, YamlError> {
    let text = field.string()?;
    if arn::named(text, RULE_PREFIX_CHARS_MAX, "._-") {
        return Ok(text.to_owned());
    }
    Err(field.must(format!("be 1 to {RULE_PREFIX_CHARS_MAX} of letters, digits, `._-`")))
}

fn detail_type(field: Field<'_>) -> Result<String, YamlError> {
    let text = field.string()?;
    if (1..=DETAIL_TYPE_CHARS_MAX).contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    Err(field.must(format!("be 1 to {DETAIL_TYPE_CHARS_MAX} characters long")))
}

fn accounts(field: Field<'_>) -> Result<Vec<AccountId>, YamlError> {
    let account = |item: Field<'_>| AccountId::parse(item.account_id()?).ok_or_else(|| item.must("be twelve digits"));
    let accounts = field.items()?.into_iter().map(account).collect::<Result<Vec<_>, _>>()?;
    if accounts.is_empty() {
        return Err(field.error("`from` is empty: nothing would be sent on"));
    }
    Ok(accounts)
}

/// The ARN of a bus in the new account, with the gate's Region put in.
fn target(field: Field<'_>, region: &Region) -> Result<String, YamlError> {
    let text = field.string()?.replace(REGION_SLOT, region.as_str());
    let shaped = matches!(arn::parts(&text), Some([_, "events", region, ForwardBus::ACCOUNT_SLOT, resource])
        if Region::parse(region).is_some() && resource.strip_prefix("event-bus/").is_some_and(arn::bus_named));
    if shaped {
        return Ok(text);
    }
    let hint = "write `arn:aws:events:{region}:{account}:event-bus/NAME`, in quotes";
    Err(field.must("be the ARN of a bus in the new account").with_hint(hint))
}
