//! The rules that compare a document with what AWS has: its services, actions, resource types and condition keys.
//!
//! This module owns walking the statements and the price of comparisons. It must not know where the table comes from or
//! what day it is.

mod action;
mod key;
mod matching;
mod redundant;
mod resource;
mod retired;

use super::codes::Code;
use super::parts::Parts;
use super::report::{Path, Report};
use super::statement::Effect;
use super::text::{has_wildcard, items};
use super::{Severity, parts};
use reeve_json::{Node, Object};
use reeve_scp::table::ActionTable;

/// Default for the age past which a table is old, in days: half a year. AWS adds actions every week, so that what an
/// older table does not know may well exist.
pub(crate) const TABLE_MAX_AGE_DAYS: u32 = 180;

/// What one document may cost, in comparisons of two patterns or of a pattern with a name. A full policy takes some ten
/// thousands. Past this, a hostile one gets no further warnings, suggestions and fixes; plain names are still looked up.
const COMPARISONS_MAX: usize = 400_000;

/// The price of a pattern with a wildcard before its end: most services have fewer actions, and the largest has 826.
const SEARCH_PRICE: usize = 400;

/// Whether a table is so old that what it does not know is a warning only. `now` is a date or a moment of RFC 3339; a
/// table is not old when `now` cannot be read.
pub(crate) fn is_stale(table: &ActionTable<'_>, now: &str, max_age_days: u32) -> bool {
    table.age_days(now).is_some_and(|age| age > i64::from(max_age_days))
}

/// What a document is compared with.
struct Reference<'t> {
    table: ActionTable<'t>,
    stale: bool,
    left: usize,
}

impl Reference<'_> {
    /// Pays for comparisons; false when there is nothing left to pay with.
    fn pay(&mut self, comparisons: usize) -> bool {
        let enough = self.left >= comparisons;
        self.left = self.left.saturating_sub(comparisons);
        enough
    }

    /// Pays for finding the actions that a pattern matches.
    fn pay_to_expand(&mut self, service: &str, name: &str) -> bool {
        let price = if has_wildcard(service) {
            self.table.counts().actions
        } else if has_wildcard(name.trim_end_matches('*')) {
            SEARCH_PRICE
        } else {
            1
        };
        self.pay(price)
    }

    /// The severity of what is wrong only if the table knows everything.
    fn severity(&self, code: Code) -> Severity {
        if self.stale && code.1 == Severity::Error { Severity::Warning } else { code.1 }
    }
}

/// Checks the statements of a policy: `policy` is the root object of the document. With a `stale` table what is unknown
/// is a warning instead of an error.
pub(super) fn check(policy: &Object, table: &ActionTable<'_>, stale: bool, report: &mut Report<'_>) {
    let Some(list) = policy.get("Statement") else { return };
    let mut reference = Reference { table: *table, stale, left: COMPARISONS_MAX };
    let path = Path::ROOT.key("Statement");
    for (index, node) in items(list) {
        let path = path.item(index);
        let Some(statement) = node.as_object() else { continue };
        for member in statement {
            let path = path.key(&member.key);
            match member.key.as_str() {
                "Action" | "NotAction" => action::check(&member.value, &path, &mut reference, report),
                "Resource" | "NotResource" => resource::services(&member.value, &path, report),
                _ => {}
            }
        }
        let effect = match statement.get("Effect").and_then(Node::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            Some(_) | None => continue,
        };
        if let Some(parts) = Parts::read(node, statement, effect, &path) {
            resource::check(&parts, &mut reference, report);
            key::check(&parts, &mut reference, report);
        }
    }
    redundant::check(list, &path, &mut reference, report);
}

/// An action pattern's service and name, if it is written as one and no template was left in it.
fn cut(text: &str) -> Option<(&str, &str)> {
    let (service, name) = text.split_once(':')?;
    let fits = |part: &str| {
        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'*' | b'?');
        !part.is_empty() && part.bytes().all(harmless)
    };
    (fits(service) && fits(name) && parts::is_plain(text)).then_some((service, name))
}
