//! Tiers: whether each account has a known one, and whether a lower one may put events to the bus of a higher one.
//!
//! Admitting a sender is giving it a limited remote control, so that only a gate, which asks policies first, may listen
//! to senders of a lower tier.

use super::bus::{self, Grant, Who};
use super::{Admission, Bus, Lint, accounts_listed, finding, nearest};
use crate::account::Account;
use crate::accounts::Accounts;
use reeve_model::{Place, Severity};
use reeve_yaml::{Mark, quoted};
use std::collections::BTreeMap;

pub(super) fn check(lint: &mut Lint<'_>) {
    missing(lint);
    unknown(lint);
    let options = lint.options;
    for bus in &options.buses {
        policy(lint, bus);
    }
    for admission in &options.admissions {
        pair(lint, admission);
    }
}

/// Accounts without a tier in a scope whose other accounts have one.
fn missing(lint: &mut Lint<'_>) {
    let mut scopes: BTreeMap<Option<&str>, (Vec<&Account>, Vec<&Account>)> = BTreeMap::new();
    for account in lint.accounts.iter() {
        let (with, without) = scopes.entry(account.scope()).or_default();
        if account.tier().is_some() { with.push(account) } else { without.push(account) }
    }
    for (scope, (with, without)) in scopes {
        let Some(sibling) = with.first() else { continue };
        let Some(tier) = sibling.value("tier") else { continue };
        let of = scope.map_or("without a scope".to_owned(), |scope| format!("of scope {}", quoted(scope)));
        for account in without {
            let message = format!("account {} has no tier, and others {of} have one", quoted(account.name()));
            lint.tell(
                finding("TIER_MISSING", Severity::Warning, message)
                    .at(lint.place(account.at()))
                    .about(account.name())
                    .related(tier.key_place(), format!("the tier of account {}", quoted(sibling.name())))
                    .fix("write `tier` on the account or on its scope"),
            );
        }
    }
}

/// Tiers that the options do not know.
fn unknown(lint: &mut Lint<'_>) {
    let tiers = &lint.options.tiers;
    if tiers.is_empty() {
        return;
    }
    let mut strange: BTreeMap<(Mark, &str), Vec<&str>> = BTreeMap::new();
    for account in lint.accounts.iter() {
        let (Some(tier), Some(sourced)) = (account.tier(), account.value("tier")) else { continue };
        if !tiers.iter().any(|known| known == tier) {
            strange.entry((sourced.value_at, tier)).or_default().push(account.name());
        }
    }
    for ((at, tier), names) in strange {
        let (hint, edit) = nearest(tier, tiers.iter().map(String::as_str), at, "tiers");
        let message = format!("tier {} of {} is not known", quoted(tier), accounts_listed(&names));
        let told = finding("TIER_UNKNOWN", Severity::Error, message).at(lint.place(at)).fix(hint);
        lint.suggest(super::about(told, &names), edit);
    }
}

fn by_name_or_id<'a>(accounts: &'a Accounts, word: &str) -> Option<&'a Account> {
    accounts.by_name(word).or_else(|| accounts.by_id(word))
}

/// How high an account stands as a sender: without a known tier lower than every other.
fn sends_from(tiers: &[String], account: &Account) -> Option<usize> {
    account.tier().and_then(|tier| tiers.iter().position(|known| known == tier))
}

/// Whether a sender is of a lower tier than the account of the bus. A receiver without a known tier stands above all.
fn inverted(tiers: &[String], sender: &Account, receiver: &Account) -> bool {
    match (sends_from(tiers, sender), sends_from(tiers, receiver)) {
        (Some(from), Some(to)) => from < to,
        (None, Some(_)) | (Some(_), None) => true,
        (None, None) => false,
    }
}

/// What one bus policy admits.
fn policy(lint: &mut Lint<'_>, bus: &Bus) {
    let receiver = by_name_or_id(lint.accounts, &bus.account);
    let start = Place { file: bus.file.clone(), line: 1, column: 1 };
    let name = format!("bus `{}/{}`", bus.account.escape_debug(), bus.name.escape_debug());
    if receiver.is_none() {
        let message = format!("{name} is of an account that the accounts file does not know");
        let told = finding("BUS_ACCOUNT_UNKNOWN", Severity::Error, message).at(start.clone());
        lint.tell(told.about(&bus.account).fix("name the account of the bus by its name or id"));
    }
    let id = receiver.and_then(Account::id).unwrap_or(&bus.account);
    let grants = match bus::read(&bus.file, &bus.policy, id, &bus.name) {
        Ok(grants) => grants,
        Err((at, why)) => {
            let message = format!("the policy of {name} cannot be read: {why}");
            lint.tell(finding("BUS_POLICY_UNREADABLE", Severity::Error, message).at(at));
            return;
        }
    };
    for grant in grants {
        if grant.who == Who::Anybody {
            let message = format!("{name} takes events of anybody in AWS");
            lint.tell(
                finding("BUS_OPEN", Severity::Error, message)
                    .at(grant.at)
                    .about(&bus.account)
                    .fix("name accounts as principals, or add the condition `StringEquals` on `aws:PrincipalOrgID`"),
            );
            continue;
        }
        strangers(lint, &grant, &name);
        if let (Some(receiver), false) = (receiver, bus.gate) {
            inversions(lint, &grant, receiver, &name);
        }
    }
}

/// Ids that a policy names and that no account of the file has.
fn strangers(lint: &mut Lint<'_>, grant: &Grant, name: &str) {
    let Who::Accounts(ids) = &grant.who else { return };
    let unknown: Vec<&str> =
        ids.iter().filter(|id| !grant.denied(id) && lint.accounts.by_id(id).is_none()).map(String::as_str).collect();
    for id in unknown {
        let message = format!("{name} takes events of account {}, which the accounts file does not know", quoted(id));
        lint.tell(
            finding("BUS_STRANGER", Severity::Warning, message)
                .at(grant.at.clone())
                .about(id)
                .fix("take the account out of the policy, or add it to the accounts file"),
        );
    }
}

/// Senders of a lower tier, one finding for each tier.
fn inversions(lint: &mut Lint<'_>, grant: &Grant, receiver: &Account, name: &str) {
    let tiers = &lint.options.tiers;
    if tiers.is_empty() {
        return;
    }
    let mut senders: BTreeMap<Option<&str>, Vec<&Account>> = BTreeMap::new();
    for account in lint.accounts.iter() {
        if account.name() != receiver.name()
            && grant.admits(lint.accounts, account)
            && inverted(tiers, account, receiver)
        {
            senders.entry(account.tier()).or_default().push(account);
        }
    }
    for (tier, found) in senders {
        let names: Vec<&str> = found.iter().map(|account| account.name()).collect();
        let message = format!(
            "{} of {} may put events to {name} of {}",
            accounts_listed(&names),
            tier_shown(tier),
            tier_shown(receiver.tier())
        );
        let mut told = finding("TIER_INVERSION", Severity::Error, message).at(grant.at.clone());
        for account in [found.first().copied(), Some(receiver)].into_iter().flatten() {
            told = told.related(tier_place(lint, account), format!("the tier of account {}", quoted(account.name())));
        }
        let fix = "let only accounts of the same or a higher tier send, or let a gate listen there";
        lint.tell(told.about(receiver.name()).fix(fix));
    }
}

fn tier_shown(tier: Option<&str>) -> String {
    tier.map_or("no tier".to_owned(), |tier| format!("tier {}", quoted(tier)))
}

fn tier_place(lint: &Lint<'_>, account: &Account) -> Place {
    account.value("tier").map_or_else(|| lint.place(account.at()), |tier| tier.key_place())
}

/// One pair of sender and receiver.
fn pair(lint: &mut Lint<'_>, admission: &Admission) {
    let at = |told: reeve_model::Finding| match &admission.place {
        Some(place) => told.at(place.clone()),
        None => told,
    };
    let mut both = Vec::new();
    for word in [&admission.sender, &admission.receiver] {
        match by_name_or_id(lint.accounts, word) {
            Some(account) => both.push(account),
            None => {
                let message = format!("account {} is not in the accounts file", quoted(word));
                lint.tell(at(finding("BUS_ACCOUNT_UNKNOWN", Severity::Error, message).about(word)));
            }
        }
    }
    let [sender, receiver] = both.as_slice() else { return };
    let tiers = &lint.options.tiers;
    if admission.gate || tiers.is_empty() || sender.name() == receiver.name() || !inverted(tiers, sender, receiver) {
        return;
    }
    let message = format!(
        "{} of {} may put events to a bus of account {} of {}",
        accounts_listed(&[sender.name()]),
        tier_shown(sender.tier()),
        quoted(receiver.name()),
        tier_shown(receiver.tier())
    );
    let told = at(finding("TIER_INVERSION", Severity::Error, message))
        .about(receiver.name())
        .related(tier_place(lint, sender), format!("the tier of account {}", quoted(sender.name())))
        .related(tier_place(lint, receiver), format!("the tier of account {}", quoted(receiver.name())))
        .fix("let only accounts of the same or a higher tier send, or let a gate listen there");
    lint.tell(told);
}
