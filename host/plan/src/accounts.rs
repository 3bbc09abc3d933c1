//! `CREATE_ACCOUNT`, `MOVE_ACCOUNT` and `TAG_ACCOUNT`. Nothing here closes or renames an account.

use crate::ROOT;
use crate::compare::Pair;
use crate::gates::{GateRole, finding, only};
use crate::plan::{Change, Draft, Drafts};
use crate::policies::Written;
use crate::state::AccountState;
use reeve_json::{Object, Value};
use reeve_model::{AccountId, Finding, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// Plans the requests about accounts, and tells what no request can do for them.
pub(crate) fn plan(pair: &Pair<'_>, gates: &[GateRole], written: &Written, drafts: &mut Drafts) {
    let planner = Planner { pair, gates, written };
    for (name, account) in &pair.after.accounts {
        if let Some(was) = pair.namesake(name) {
            drafts.findings.push(points_elsewhere(name, account, was));
        }
        match pair.account_before(name) {
            Some((was, before)) if pair.is_other(name) => {
                drafts.findings.push(other(name, account, was, before));
            }
            Some((was, before)) => {
                planner.kept(name, account, was, before, &mut drafts.findings);
                planner.move_account(name, account, before.unit.as_deref(), drafts);
                planner.tag(name, account, &before.tags, drafts);
            }
            None if account.id.is_none() => match pair.stranger(name) {
                Some(id) => drafts.findings.push(stranger(name, account, id)),
                None => planner.create(name, account, drafts),
            },
            None if pair.is_missing(name) => {
                drafts.findings.push(not_found(name, account));
            }
            // The account was there before the files knew of it: what they say of it may or may not be so.
            None => {
                planner.move_account(name, account, None, drafts);
                planner.tag(name, account, &BTreeMap::new(), drafts);
            }
        }
    }
    for (name, account) in pair.accounts_gone() {
        drafts.findings.extend(planner.gone(name, account));
    }
}

struct Planner<'a> {
    pair: &'a Pair<'a>,
    gates: &'a [GateRole],
    written: &'a Written,
}

impl Planner<'_> {
    /// The gate for a kind; when there is none, that is found, once for each kind and account.
    fn gate(&self, kind: &str, what: &str, name: &str, account: &AccountState, drafts: &mut Drafts) -> Option<String> {
        let what = format!("{what} account `{name}`");
        match only(self.gates, kind, &what, account.place.clone()) {
            Ok(gate) => Some(gate.name.clone()),
            Err(found) => {
                drafts.findings.push(found.about(name));
                None
            }
        }
    }

    fn create(&self, name: &str, account: &AccountState, drafts: &mut Drafts) {
        let Some((email, unit)) = self.can_be_made(name, account, &mut drafts.findings) else { return };
        let Some(gate) = self.gate("CREATE_ACCOUNT", "make", name, account, drafts) else { return };
        let mut detail = Object::new();
        detail.set("name", name);
        detail.set("email", email);
        detail.set("OU", self.pair.unit_text(unit));
        detail.set("tags", tags(&account.tags));
        let change = |what: &str, after: &str, key: &str| Change {
            what: what.to_owned(),
            before: None,
            after: Some(after.to_owned()),
            place: account.place_of(key),
        };
        let mut changes =
            vec![change("e-mail address", email, "email"), change("organization unit", unit, "organization_unit")];
        changes.extend(account.tags.iter().map(|(key, value)| tag_change(account, key, None, value)));
        let mut summary = format!("make account `{name}` in unit `{}`", unit.escape_debug());
        let forwards = self.gates.iter().find(|role| role.name == gate).and_then(|role| role.forwards.as_deref());
        if let Some(bus) = forwards {
            summary.push_str(&format!(", and let bus `{}` send to it", bus.escape_debug()));
        }
        drafts.requests.push(Draft {
            id: format!("create-account/{name}"),
            kind: "CREATE_ACCOUNT",
            gate,
            detail,
            after: self.written.above(self.pair, unit),
            awaits: Vec::new(),
            place: account.place.clone(),
            summary,
            changes,
        });
    }

    /// The e-mail address and unit of an account that is to be made, unless something is in the way.
    fn can_be_made<'s>(
        &self,
        name: &str,
        account: &'s AccountState,
        findings: &mut Vec<Finding>,
    ) -> Option<(&'s str, &'s str)> {
        let mut find = |code: &str, severity, message: String, key: &str, fix: &str| {
            findings.push(finding(code, severity, message, account.place_of(key)).fix(fix).about(name));
        };
        if !account.active {
            let message = format!("account `{name}` is suspended and does not exist, so it is not made");
            find("PLAN_SUSPENDED_NOT_MADE", Severity::Info, message, "status", "pin its id if it exists");
            return None;
        }
        if account.email.is_none() {
            let message = format!("account `{name}` cannot be made without an e-mail address");
            find(
                "PLAN_EMAIL_MISSING",
                Severity::Error,
                message,
                "email",
                "write its `email`, or its `id` if it exists",
            );
        }
        if account.unit.is_none() {
            let message = format!("account `{name}` cannot be made without an organization unit");
            find("PLAN_UNIT_UNSAID", Severity::Error, message, "organization_unit", "write its `organization_unit`");
        }
        let (email, unit) = (account.email.as_deref()?, account.unit.as_deref()?);
        self.has_unit(name, account, unit, findings).then_some((email, unit))
    }

    /// Whether an account can be put into a unit; if not, why is found.
    fn has_unit(&self, name: &str, account: &AccountState, unit: &str, findings: &mut Vec<Finding>) -> bool {
        let place = account.place_of("organization_unit");
        let shown = unit.escape_debug();
        if unit == ROOT {
            let message = format!("account `{name}` is to be in the root, and accounts live in units");
            findings.push(finding("PLAN_UNIT_ROOT", Severity::Error, message, place).about(name));
            return false;
        }
        if self.pair.unit_exists(unit) {
            return true;
        }
        // A unit that the file describes is told of once, for itself.
        if !self.pair.after.units.contains_key(unit) {
            let message = format!("account `{name}` is to be in unit `{shown}`, and there is no one unit of this name");
            findings.push(finding("PLAN_UNIT_MISSING", Severity::Error, message, place).about(name));
        }
        false
    }

    /// What changes about an account that stays and no request changes.
    fn kept(&self, name: &str, account: &AccountState, was: &str, before: &AccountState, findings: &mut Vec<Finding>) {
        if was != name {
            let message = format!("account `{}` is `{name}` now, and keeps its old name in AWS", was.escape_debug());
            findings
                .push(finding("PLAN_ACCOUNT_RENAMED", Severity::Warning, message, account.place.clone()).about(name));
        }
        if let (Some(is), Some(wanted)) = (&before.email, &account.email)
            && !is.eq_ignore_ascii_case(wanted)
        {
            let (is, wanted) = (is.escape_debug(), wanted.escape_debug());
            let message = format!("the address of account `{name}` is `{is}`, and no request changes it to `{wanted}`");
            let found = finding("PLAN_EMAIL_STAYS", Severity::Warning, message, account.place_of("email"));
            findings.push(found.fix("change it in AWS, or write the one it has").about(name));
        }
        for key in before.tags.keys().filter(|key| !account.tags.contains_key(*key)) {
            let shown = key.escape_debug();
            let message = format!("account `{name}` keeps its tag `{shown}`, which no request takes away");
            let found = finding("PLAN_TAG_STAYS", Severity::Info, message, account.place_of("tags"));
            findings.push(found.about(name));
        }
    }

    fn move_account(&self, name: &str, account: &AccountState, was: Option<&str>, drafts: &mut Drafts) {
        let Some(unit) = account.unit.as_deref() else { return };
        let was = was.map(|was| self.pair.unit_now(was));
        if was == Some(unit) {
            return;
        }
        if self.pair.is_management(name) {
            let message = format!("account `{name}` is the management account, which stays where it is");
            let place = account.place_of("organization_unit");
            drafts.findings.push(finding("PLAN_MANAGEMENT_ACCOUNT", Severity::Error, message, place).about(name));
            return;
        }
        if !self.has_unit(name, account, unit, &mut drafts.findings) {
            return;
        }
        let Some(gate) = self.gate("MOVE_ACCOUNT", "move", name, account, drafts) else { return };
        let mut detail = Object::new();
        if let Some(id) = self.pair.id(name) {
            detail.set("account_to_move", id.as_str());
        }
        detail.set("OU", self.pair.unit_text(unit));
        // Not before the policies that will bind it are there, and not before those that bound it may be gone: the gate
        // refuses a move that loses a Deny.
        let mut after = self.written.above(self.pair, unit);
        after.extend(was.map(|was| self.written.above(self.pair, was)).unwrap_or_default());
        after.extend(self.written.of_account(name));
        let place = account.place_of("organization_unit");
        let from = was.map(|was| format!(" from unit `{}`", was.escape_debug())).unwrap_or_default();
        drafts.requests.push(Draft {
            id: format!("move-account/{name}"),
            kind: "MOVE_ACCOUNT",
            gate,
            detail,
            after,
            awaits: self.awaits(name),
            place: place.clone(),
            summary: format!("move account `{name}`{from} to unit `{}`", unit.escape_debug()),
            changes: vec![Change {
                what: "organization unit".to_owned(),
                before: was.map(str::to_owned),
                after: Some(unit.to_owned()),
                place,
            }],
        });
    }

    fn tag(&self, name: &str, account: &AccountState, was: &BTreeMap<String, String>, drafts: &mut Drafts) {
        let changed: BTreeMap<String, String> = account
            .tags
            .iter()
            .filter(|(key, value)| was.get(*key) != Some(value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if changed.is_empty() {
            return;
        }
        let Some(gate) = self.gate("TAG_ACCOUNT", "tag", name, account, drafts) else { return };
        let mut detail = Object::new();
        if let Some(id) = self.pair.id(name) {
            detail.set("account_to_tag", id.as_str());
        }
        detail.set("tags", tags(&changed));
        let changes: Vec<Change> =
            changed.iter().map(|(key, value)| tag_change(account, key, was.get(key), value)).collect();
        let keys: Vec<String> = changed.keys().map(|key| format!("`{}`", key.escape_debug())).collect();
        drafts.requests.push(Draft {
            id: format!("tag-account/{name}"),
            kind: "TAG_ACCOUNT",
            gate,
            detail,
            after: BTreeSet::new(),
            awaits: self.awaits(name),
            place: changes.iter().find_map(|change| change.place.clone()),
            summary: format!("set {} of account `{name}`", keys.join(", ")),
            changes,
        });
    }

    /// What must be known of an account that exists before it can be asked about.
    fn awaits(&self, name: &str) -> Vec<String> {
        if self.pair.id(name).is_some() { Vec::new() } else { vec![format!("the id of account `{name}`")] }
    }

    /// An account that is in no file any more. One that was never in a file is told of too: the file is the whole
    /// organization. The management account and what is in the morgue need no place in it.
    fn gone(&self, name: &str, account: &AccountState) -> Option<Finding> {
        let morgue = self.pair.after.naming.morgue.as_deref();
        let unit = account.unit.as_deref().map(|unit| self.pair.unit_now(unit));
        let is_management = self.pair.management.is_some() && account.id == self.pair.management;
        if is_management || (morgue.is_some() && unit == morgue) {
            return None;
        }
        let shown = name.escape_debug();
        let stays = unit.map(|unit| format!(" in unit `{}`", unit.escape_debug())).unwrap_or_default();
        let message =
            format!("account `{shown}` is not in the file, and stays open{stays}: no request closes accounts");
        let fix = match morgue {
            Some(morgue) => format!(
                "keep it in the file with `status: suspended` and `organization_unit: {}`, and close it in AWS",
                morgue.escape_debug()
            ),
            None => "keep it in the file with `status: suspended`, and close it in AWS".to_owned(),
        };
        Some(finding("PLAN_ACCOUNT_GONE", Severity::Warning, message, None).fix(fix).about(name))
    }
}

/// What is asked of an account must not be done to another.
fn other(name: &str, account: &AccountState, was: &str, before: &AccountState) -> Finding {
    let id = before.id.as_ref().map_or_else(|| was.escape_debug().to_string(), ToString::to_string);
    let shown = |email: &Option<String>| email.as_deref().unwrap_or_default().escape_debug().to_string();
    let message = format!(
        "account `{id}` has the address `{}`, and the file calls it `{name}` with the address `{}`",
        shown(&before.email),
        shown(&account.email)
    );
    let found = finding("PLAN_ACCOUNT_OTHER", Severity::Error, message, account.place_of("id"));
    found.fix("correct the id, or change the address in AWS and then in the file before anything else").about(name)
}

/// An account of this name that nothing says is the one that is meant.
fn stranger(name: &str, account: &AccountState, id: &AccountId) -> Finding {
    let message = format!("the organization has an account `{id}` of the name `{name}` with another address");
    let found = finding("PLAN_NAME_TAKEN", Severity::Error, message, account.place.clone());
    found.fix("pin its id if it is this account, else give this one another name").about(name)
}

/// A name that means another account from now on: whatever the name has, such as domains, the other account gets.
fn points_elsewhere(name: &str, account: &AccountState, was: &AccountId) -> Finding {
    let id = account.id.as_ref().map(ToString::to_string).unwrap_or_default();
    let message = format!("account `{name}` was `{was}` and is `{id}` now, which gets what the name has");
    let found = finding("PLAN_ID_CHANGED", Severity::Error, message, account.place_of("id"));
    found.fix("give the other account another name").about(name).waivable()
}

fn not_found(name: &str, account: &AccountState) -> Finding {
    let id = account.id.as_ref().map(ToString::to_string).unwrap_or_default();
    let message = format!("the organization has no account `{id}`, which the file calls `{name}`");
    let found = finding("PLAN_ACCOUNT_NOT_FOUND", Severity::Error, message, account.place_of("id"));
    found.fix("correct the id, or take it away to have an account made").about(name)
}

fn tags(tags: &BTreeMap<String, String>) -> Value {
    Value::object(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

/// A tag that is set. Its place is that of the key it is derived from, unless `tags` says it.
fn tag_change(account: &AccountState, key: &str, before: Option<&String>, after: &str) -> Change {
    Change {
        what: format!("tag `{}`", key.escape_debug()),
        before: before.cloned(),
        after: Some(after.to_owned()),
        place: account.tag_places.get(key).or(account.place.as_ref()).cloned(),
    }
}
