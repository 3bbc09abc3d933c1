//! Addresses: the form that Organizations takes, the organization's own domains, and one mailbox for two accounts.
//!
//! That no two accounts have the same address, in whatever case, is an error of the file already.

use super::{Lint, accounts_listed, finding};
use crate::layer::Sourced;
use reeve_model::Severity;
use reeve_yaml::quoted;
use std::collections::BTreeMap;

/// Shortest address (Organizations, CreateAccount: Email).
const EMAIL_CHARS_MIN: usize = 6;

pub(super) fn check(lint: &mut Lint<'_>) {
    let accounts = lint.accounts;
    let mut mailboxes: BTreeMap<String, Vec<(&str, &str, &Sourced)>> = BTreeMap::new();
    for account in accounts.iter() {
        let (Some(email), Some(sourced)) = (account.email(), account.value("email")) else { continue };
        if let Some(fault) = fault(email) {
            let message = format!("e-mail {} of account {} {fault}", quoted(email), quoted(account.name()));
            lint.tell(
                finding("EMAIL_FORMAT", Severity::Error, message)
                    .at(sourced.value_place())
                    .about(account.name())
                    .fix("Organizations takes 6 to 64 characters, such as `aws-team@example.com`"),
            );
        }
        let domain = email.split_once('@').map_or("", |(_, domain)| domain);
        let allowed = &lint.options.email_domains;
        if !allowed.is_empty() && !allowed.iter().any(|it| it.eq_ignore_ascii_case(domain)) {
            let domains: Vec<String> = allowed.iter().map(|domain| quoted(domain)).collect();
            let message = format!(
                "e-mail {} of account {} is outside the organization's domains",
                quoted(email),
                quoted(account.name())
            );
            lint.tell(
                finding("EMAIL_NOT_ALLOWED", Severity::Error, message)
                    .at(sourced.value_place())
                    .about(account.name())
                    .fix(format!("use an address in {}", domains.join(" or "))),
            );
        }
        mailboxes.entry(mailbox(email)).or_default().push((account.name(), email, sourced));
    }
    for (mailbox, mut owners) in mailboxes {
        owners.sort_by_key(|(_, _, sourced)| sourced.at);
        // Where every address has a tag (`aws+foo@`, `aws+bar@`), one mailbox is what is meant.
        let bare = owners.iter().any(|(_, email, _)| !email.split('@').next().unwrap_or_default().contains('+'));
        let [first, .., last] = owners.as_slice() else { continue };
        if !bare {
            continue;
        }
        let names: Vec<&str> = owners.iter().map(|(name, _, _)| *name).collect();
        let message = format!("{} share the mailbox {}", accounts_listed(&names), quoted(&mailbox));
        let told = finding("EMAIL_SIMILAR", Severity::Warning, message).at(last.2.value_place()).about(last.0);
        lint.tell(
            told.related(first.2.value_place(), "the same mailbox without what follows `+`")
                .fix("give each account a mailbox, or each address a tag after `+`"),
        );
    }
}

/// The address in lower case, without a tag after `+`.
fn mailbox(email: &str) -> String {
    let (local, domain) = email.split_once('@').unwrap_or((email, ""));
    let local = local.split('+').next().unwrap_or(local);
    format!("{local}@{domain}").to_ascii_lowercase()
}

/// What Organizations would refuse (CreateAccount: Email), as the end of a message. The reader of the file has made
/// sure of one `@`, of ASCII without spaces, of labels that are not empty and of at most 64 characters.
fn fault(email: &str) -> Option<String> {
    let (local, domain) = email.split_once('@').unwrap_or((email, ""));
    if email.len() < EMAIL_CHARS_MIN {
        return Some(format!("is shorter than {EMAIL_CHARS_MIN} characters"));
    }
    if local.starts_with('.') {
        return Some("begins with a dot".to_owned());
    }
    if let Some(bad) = local.chars().find(|char| "\"'()<>[]:;,\\|%&".contains(*char)) {
        return Some(format!("holds {} before `@`", quoted(&bad.to_string())));
    }
    if let Some(bad) = domain.chars().find(|char| !char.is_ascii_alphanumeric() && !matches!(char, '-' | '.')) {
        return Some(format!("holds {} in its domain", quoted(&bad.to_string())));
    }
    (domain.starts_with('-') || domain.ends_with('-')).then(|| "has a domain with `-` at an edge".to_owned())
}
