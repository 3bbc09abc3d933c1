//! Domains: suffixes that strangers register below, one account's names inside another's, names that nobody guards.

use super::{Lint, about, accounts_listed, finding};
use crate::account::Account;
use crate::domain::{DomainEntry, DomainScope};
use reeve_model::Severity;
use reeve_yaml::{Mark, quoted};
use std::collections::BTreeMap;

/// One entry as an account has it.
struct Owned<'a> {
    entry: DomainEntry,
    at: Mark,
    account: &'a Account,
}

pub(super) fn check(lint: &mut Lint<'_>) {
    let accounts = lint.accounts;
    let mut by_name: BTreeMap<String, Vec<Owned<'_>>> = BTreeMap::new();
    for account in accounts.iter() {
        let Some(sourced) = account.value("allowed_dns_domains") else { continue };
        for (entry, at) in Account::domain_items(sourced) {
            private_suffix(lint, account, &entry, at);
            by_name.entry(entry.name.clone()).or_default().push(Owned { entry, at, account });
        }
        if account.id().is_none() && !account.allowed_dns_domains().is_empty() {
            let count = account.allowed_dns_domains().len();
            let what = if count == 1 { "a domain" } else { "domains" };
            let message =
                format!("account {} has {what} and no `id`, so that nothing guards them", quoted(account.name()));
            lint.tell(
                finding("DOMAIN_UNGUARDED", Severity::Warning, message)
                    .at(sourced.key_place())
                    .about(account.name())
                    .fix("write the id, or the lock file will hold it once the account is created"),
            );
        }
    }
    for inner in by_name.values().flatten() {
        if let Some(outer) = around(&by_name, inner) {
            overlap(lint, inner, outer);
        }
    }
}

/// A suffix of the private section (`github.io`) belongs to the company that lets names below it: an entry is right for
/// that company and wrong for its customers. Suffixes of the ICANN section are errors of the file already.
fn private_suffix(lint: &mut Lint<'_>, account: &Account, entry: &DomainEntry, at: Mark) {
    let suffix = psl::suffix(entry.name.as_bytes());
    let private =
        suffix.is_some_and(|it| it.typ() == Some(psl::Type::Private) && it.as_bytes() == entry.name.as_bytes());
    // `=github.io` is one name, and the names of customers are not below it.
    if !private || entry.scope == DomainScope::Exact {
        return;
    }
    let message =
        format!("domain `{entry}` is a public suffix of the private section: its names belong to many owners");
    let told = finding("DOMAIN_PUBLIC_SUFFIX", Severity::Error, message).at(lint.place(at)).fix(format!(
        "name what is yours below it, such as `yours.{}`; whoever runs the service waives this",
        entry.name
    ));
    lint.tell(about(told, &[account.name()]).waivable());
}

/// The nearest entry of another account in whose reach an entry lies; none where the nearest is of the same account.
fn around<'m, 'a>(by_name: &'m BTreeMap<String, Vec<Owned<'a>>>, inner: &Owned<'a>) -> Option<&'m Owned<'a>> {
    let mut name = inner.entry.name.as_str();
    let same = by_name.get(name).into_iter().flatten().find(|outer| {
        // Of two forms of one name, the narrower lies inside the wider.
        outer.entry.scope == DomainScope::Subtree && inner.entry.scope != DomainScope::Subtree
    });
    let mut found = same;
    while found.is_none() {
        let (_, above) = name.split_once('.')?;
        name = above;
        found = by_name.get(name).into_iter().flatten().find(|outer| outer.entry.scope != DomainScope::Exact);
    }
    found.filter(|outer| outer.account.name() != inner.account.name())
}

fn overlap(lint: &mut Lint<'_>, inner: &Owned<'_>, outer: &Owned<'_>) {
    let names = [inner.account.name()];
    let message = format!(
        "domain `{}` of {} lies inside `{}` of account {}",
        inner.entry,
        accounts_listed(&names),
        outer.entry,
        quoted(outer.account.name())
    );
    // Below another account's name is how a part of a domain is handed on; at the very same name it is seldom meant.
    let severity = if inner.entry.name == outer.entry.name { Severity::Warning } else { Severity::Info };
    let told = finding("DOMAIN_OVERLAP", severity, message)
        .at(lint.place(inner.at))
        .related(lint.place(outer.at), format!("`{}` of account {}", outer.entry, quoted(outer.account.name())))
        .fix("the longer entry wins: keep it where the part of the domain is meant to be handed on");
    lint.tell(about(told, &names));
}
