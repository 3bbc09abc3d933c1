//! Where an account's values come from, as lines for people.

use crate::account::Account;
use crate::layer::Sourced;

/// The value of a key, the layer and line that set it, and what it replaced, the nearest layer first:
///
/// ```text
/// region = "us-east-1"
///     from Accounts.foo, accounts.yaml:25:5
///     over "ap-southeast-2" in Default, accounts.yaml:3:3
/// ```
///
/// Values are shown as JSON. Empty for a key that no layer sets or that is unknown.
#[must_use]
pub fn explain(account: &Account, key: &str) -> Vec<String> {
    let Some(sourced) = account.value(key) else { return Vec::new() };
    let mut lines =
        vec![format!("{} = {}", key, shown(sourced)), format!("    from {}, {}", sourced.layer, sourced.place())];
    let over = |lost: &Sourced| format!("    over {} in {}, {}", shown(lost), lost.layer, lost.place());
    lines.extend(account.overridden(key).map(over));
    lines
}

fn shown(sourced: &Sourced) -> String {
    reeve_json::compact(&sourced.value.to_json())
}
