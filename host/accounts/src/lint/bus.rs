//! Who may put events to a bus, by its resource policy.
//!
//! What is not understood is read in the direction that finds more: a condition that is not known narrows no `Allow`,
//! and a `Deny` takes away only where it is certain to apply. Identity policies of the senders are not seen: an account
//! that is admitted may still let none of its principals send.

use crate::account::Account;
use crate::accounts::Accounts;
use crate::layer::place;
use reeve_json::{Node, Object, Options, StringRule, Value};
use reeve_model::Place;
use reeve_scp::Glob;
use reeve_yaml::Mark;
use std::collections::BTreeSet;

/// Longest policy read, in bytes: four for each of the 10,240 characters of the quota.
const POLICY_BYTES_MAX: usize = 40_960;

/// Open arrays and objects. The grammar needs six: document, statements, statement, condition, operator, values.
const POLICY_DEPTH_MAX: usize = 12;

/// The action that sends.
const PUT_EVENTS: &str = "events:PutEvents";

/// Whom a statement admits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    /// Everybody who has an AWS account.
    Anybody,
    /// Every account of an organization.
    Organization,
    /// The accounts below units with these ids.
    Units(BTreeSet<String>),
    /// Accounts with these ids.
    Accounts(BTreeSet<String>),
}

/// What one statement admits, and what the `Deny` statements take away from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) who: Who,
    /// Where the principal stands.
    pub(super) at: Place,
    denied: BTreeSet<String>,
    /// Where only these are left by a `Deny`: everybody but them is refused.
    spared: Option<BTreeSet<String>>,
}

impl Grant {
    /// Whether the account with this id is refused all the same.
    pub(super) fn denied(&self, id: &str) -> bool {
        self.denied.contains(id) || self.spared.as_ref().is_some_and(|spared| !spared.contains(id))
    }

    /// Whether an account of the file may send. One without id cannot.
    pub(super) fn admits(&self, accounts: &Accounts, account: &Account) -> bool {
        let Some(id) = account.id().filter(|id| !self.denied(id)) else { return false };
        match &self.who {
            Who::Anybody | Who::Organization => true,
            Who::Accounts(ids) => ids.contains(id),
            Who::Units(units) => {
                let path = account.organization_unit().map(|unit| accounts.unit_path(unit)).unwrap_or_default();
                let mut ids = path.iter().filter_map(|name| accounts.organizational_unit(name)?.id.as_deref());
                ids.any(|id| units.contains(id))
            }
        }
    }
}

/// Reads a policy for one bus, by the id of its account and its name.
///
/// # Errors
/// Why it is no policy, and where.
pub(super) fn read(file: &str, policy: &str, account: &str, bus: &str) -> Result<Vec<Grant>, (Place, String)> {
    let options = Options { bytes_max: POLICY_BYTES_MAX, depth_max: POLICY_DEPTH_MAX, strings: StringRule::Any };
    let spot = |offset: usize| {
        let position = reeve_json::position(policy.as_bytes(), offset);
        place(file, Mark { line: position.line, column: position.column })
    };
    let document =
        reeve_json::parse(policy.as_bytes(), &options).map_err(|error| (spot(error.offset), error.to_string()))?;
    let wrong = |node: &Node, why: &str| (spot(node.span.start), why.to_owned());
    let body = document.as_object().ok_or_else(|| wrong(&document, "it is no object"))?;
    let statements = body.get("Statement").ok_or_else(|| wrong(&document, "it has no `Statement`"))?;
    // One statement may stand without its array.
    let statements = statements.as_array().unwrap_or(std::slice::from_ref(statements));
    let mut grants = Vec::new();
    let (mut denied, mut spared): (BTreeSet<String>, Option<BTreeSet<String>>) = (BTreeSet::new(), None);
    let (mut nobody, mut insiders) = (false, false);
    for node in statements {
        let statement = node.as_object().ok_or_else(|| wrong(node, "a statement is no object"))?;
        if !sends(statement) {
            continue;
        }
        match statement.get("Effect").and_then(Node::as_str) {
            Some("Allow") => {
                let principal = statement.get("Principal").or(statement.get("NotPrincipal"));
                let at = principal.map_or(node.span.start, |principal| principal.span.start);
                grants.extend(allowed(statement).map(|who| (who, spot(at))));
            }
            Some("Deny") => match refused(statement, account, bus) {
                Refused::Nothing => {}
                Refused::All => nobody = true,
                Refused::Strangers => insiders = true,
                Refused::Accounts(ids) => denied.extend(ids),
                Refused::AllBut(ids) => {
                    spared = Some(spared.map_or(ids.clone(), |before| before.intersection(&ids).cloned().collect()));
                }
            },
            Some(_) | None => {
                return Err(wrong(node, "a statement has an `Effect` that is neither `Allow` nor `Deny`"));
            }
        }
    }
    if nobody {
        return Ok(Vec::new());
    }
    let narrowed = |who: Who| match (who, &spared) {
        (Who::Anybody, Some(ids)) => Who::Accounts(ids.clone()),
        (Who::Anybody, None) if insiders => Who::Organization,
        (who, _) => who,
    };
    let grant = |(who, at)| Grant { who: narrowed(who), at, denied: denied.clone(), spared: spared.clone() };
    Ok(grants.into_iter().map(grant).collect())
}

/// A text or a list of texts; what is neither is left out.
fn texts(node: Option<&Node>) -> Vec<&str> {
    match node {
        None => Vec::new(),
        Some(node) => match node.as_array() {
            Some(items) => items.iter().filter_map(Node::as_str).collect(),
            None => node.as_str().into_iter().collect(),
        },
    }
}

/// Whether a statement is about putting events.
fn sends(statement: &Object) -> bool {
    let puts = |action: &&str| Glob::new(&action.to_ascii_lowercase()).matches(&PUT_EVENTS.to_ascii_lowercase());
    let named = |node| texts(node).iter().any(puts);
    match statement.get("NotAction") {
        Some(node) => !named(Some(node)),
        None => named(statement.get("Action")),
    }
}

/// The account of an `AWS` principal: an id, or the ARN of a root, role, user or session.
fn account_of(principal: &str) -> Option<String> {
    let id = principal.split(':').nth(4).unwrap_or(principal);
    (id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit())).then(|| id.to_owned())
}

/// The `AWS` principals of an element: `None` for everybody.
fn principals(node: &Node) -> Option<BTreeSet<String>> {
    let names = match &node.value {
        Value::String(text) => vec![text.as_str()],
        Value::Object(kinds) => texts(kinds.get("AWS")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Vec::new(),
    };
    if names.contains(&"*") {
        return None;
    }
    Some(names.into_iter().filter_map(account_of).collect())
}

/// Whom an `Allow` admits; none where it admits nobody with an account, such as a service alone.
fn allowed(statement: &Object) -> Option<Who> {
    let named = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(node), _) => principals(node),
        // Everybody but a few.
        (None, Some(_)) => None,
        (None, None) => return None,
    };
    if let Some(ids) = &named
        && ids.is_empty()
    {
        return None;
    }
    let mut who = named.map_or(Who::Anybody, Who::Accounts);
    for (operator, key, values) in conditions(statement) {
        if let Some(limit) = limit(operator, key, &values) {
            who = narrower(who, limit);
        }
    }
    Some(who)
}

/// Both at once, or the more certain of the two where they cannot be compared.
fn narrower(a: Who, b: Who) -> Who {
    match (a, b) {
        (Who::Accounts(a), Who::Accounts(b)) => Who::Accounts(a.intersection(&b).cloned().collect()),
        (Who::Accounts(ids), _) | (_, Who::Accounts(ids)) => Who::Accounts(ids),
        (Who::Units(ids), _) | (_, Who::Units(ids)) => Who::Units(ids),
        (Who::Organization, _) | (_, Who::Organization) => Who::Organization,
        (Who::Anybody, Who::Anybody) => Who::Anybody,
    }
}

/// Operator, key in lower case, values.
fn conditions(statement: &Object) -> Vec<(&str, String, Vec<&str>)> {
    let operators = statement.get("Condition").and_then(Node::as_object).into_iter().flatten();
    operators
        .flat_map(|operator| {
            let keys = operator.value.as_object().into_iter().flatten();
            keys.map(|key| (operator.key.as_str(), key.key.to_ascii_lowercase(), texts(Some(&key.value))))
        })
        .collect()
}

/// How far a condition of an `Allow` narrows who may send; none where it does not, or not for certain. `…IfExists` and
/// `ForAllValues` also hold where the key is missing.
fn limit(operator: &str, key: String, values: &[&str]) -> Option<Who> {
    let operator = operator.strip_prefix("ForAnyValue:").unwrap_or(operator);
    let exact = matches!(operator, "StringEquals" | "StringEqualsIgnoreCase");
    let like = matches!(operator, "StringLike" | "ArnLike" | "ArnEquals");
    if values.is_empty() || !(exact || like) {
        return None;
    }
    let plain = |value: &str| !value.contains(['*', '?', '$']);
    match key.as_str() {
        "aws:principalorgid" => {
            let pinned = values.iter().all(|value| value.starts_with("o-") && (exact || plain(value)));
            pinned.then_some(Who::Organization)
        }
        "aws:principalaccount" => {
            let ids: Option<BTreeSet<String>> = values.iter().map(|value| account_of(value)).collect();
            ids.map(Who::Accounts)
        }
        "aws:principalarn" => {
            let account = |value: &&str| account_of(value.split(':').nth(4)?);
            let ids: Option<BTreeSet<String>> = values.iter().map(account).collect();
            ids.map(Who::Accounts)
        }
        "aws:principalorgpaths" => {
            let paths: Vec<Vec<&str>> = values.iter().map(|value| value.split('/').collect()).collect();
            let pinned = paths.iter().all(|path| path.first().is_some_and(|id| id.starts_with("o-") && plain(id)));
            // The last unit of a path that is written out; accounts may be anywhere below it.
            let unit = |path: &Vec<&str>| {
                path.iter()
                    .take_while(|part| plain(part))
                    .filter(|part| part.starts_with("ou-"))
                    .last()
                    .map(|id| (*id).to_owned())
            };
            let units: Option<BTreeSet<String>> = paths.iter().map(unit).collect();
            pinned.then(|| units.map_or(Who::Organization, Who::Units))
        }
        _ => None,
    }
}

/// What a `Deny` takes away for certain.
enum Refused {
    Nothing,
    All,
    /// Everybody outside the organization.
    Strangers,
    Accounts(BTreeSet<String>),
    AllBut(BTreeSet<String>),
}

fn refused(statement: &Object, account: &str, bus: &str) -> Refused {
    if !covers(statement, account, bus) {
        return Refused::Nothing;
    }
    let conditions = conditions(statement);
    match (statement.get("Principal"), statement.get("NotPrincipal"), conditions.as_slice()) {
        (Some(node), None, []) => principals(node).map_or(Refused::All, |_| Refused::Accounts(whole_accounts(node))),
        (None, Some(node), []) => principals(node).map_or(Refused::Nothing, Refused::AllBut),
        (Some(node), None, [(operator, key, values)]) if principals(node).is_none() => {
            // A negated operator also holds where the key is missing.
            let operator = operator.strip_suffix("IfExists").unwrap_or(operator);
            let plain = values.iter().all(|value| !value.contains(['*', '?', '$']));
            let ids: Option<BTreeSet<String>> = values.iter().map(|value| account_of(value)).collect();
            match (operator, key.as_str(), ids) {
                ("StringNotEquals", "aws:principalaccount", Some(ids)) => Refused::AllBut(ids),
                ("StringNotLike", "aws:principalaccount", Some(ids)) if plain => Refused::AllBut(ids),
                ("StringEquals", "aws:principalaccount", Some(ids)) => Refused::Accounts(ids),
                ("StringNotEquals", "aws:principalorgid", _) => Refused::Strangers,
                ("StringNotLike", "aws:principalorgid", _) if plain => Refused::Strangers,
                _ => Refused::Nothing,
            }
        }
        _ => Refused::Nothing,
    }
}

/// The accounts that a `Deny` names as a whole. One role that is refused leaves the account's others.
fn whole_accounts(node: &Node) -> BTreeSet<String> {
    let names = node.as_object().map(|kinds| texts(kinds.get("AWS"))).unwrap_or_default();
    names.into_iter().filter(|name| !name.contains('/')).filter_map(account_of).collect()
}

/// Whether `Resource` takes in the bus. Of the ARN only its Region is left open.
fn covers(statement: &Object, account: &str, bus: &str) -> bool {
    texts(statement.get("Resource")).iter().any(|resource| {
        if *resource == "*" {
            return true;
        }
        let parts: Vec<&str> = resource.splitn(6, ':').collect();
        let [_, _, "events", _, of, name] = parts.as_slice() else { return false };
        Glob::new(of).matches(account) && Glob::new(name).matches(&format!("event-bus/{bus}"))
    })
}
