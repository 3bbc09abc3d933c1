//! What is wrong with the accounts although the file can be read: rules of AWS that need more than one value, and rules
//! of the organization that its options state.
//!
//! A finding stands where its value was set, be that in `Default` or in a scope; accounts that share the line share the
//! finding. Nothing is opened: file names, policy texts and quotas are options.

mod bus;
mod domains;
mod emails;
mod regions;
mod scp_file;
mod tiers;
mod units;

use crate::Accounts;
use crate::edit::Edit;
use crate::layer::place;
use reeve_model::{Finding, Place, Severity};
use reeve_yaml::{Mark, closest, quoted};
use std::collections::BTreeMap;

pub use scp_file::ScpFile;

/// Who finds, in [`Finding::by`].
pub const BY: &str = "accounts";

/// The policy that AWS keeps and attaches to everything new. It has no file.
pub const FULL_ACCESS: &str = "FullAWSAccess";

/// Most policies attached to one unit or account (Organizations, quotas of service control policies). The quota can be
/// raised, so it is an option.
pub const POLICIES_MAX_DEFAULT: usize = 10;

/// What the organization has decided, and what stands in other files. An empty list or `None` means that nothing is
/// known, and what depends on it is not checked.
#[derive(Debug, Clone)]
pub struct LintOptions {
    /// The domains in which addresses of accounts may be.
    pub email_domains: Vec<String>,
    /// Most policies attached to one unit or account.
    pub policies_max: usize,
    /// The files of the folder of policies, by policy name.
    pub scp_files: Option<BTreeMap<String, ScpFile>>,
    /// The unit for closed accounts.
    pub morgue: Option<String>,
    /// The tiers from the least trusted to the most trusted.
    pub tiers: Vec<String>,
    /// The event buses whose policies are in the repository.
    pub buses: Vec<Bus>,
    /// Who may put events to whose bus, where that is known without a policy.
    pub admissions: Vec<Admission>,
}

impl Default for LintOptions {
    fn default() -> Self {
        Self {
            email_domains: Vec::new(),
            policies_max: POLICIES_MAX_DEFAULT,
            scp_files: None,
            morgue: None,
            tiers: Vec::new(),
            buses: Vec::new(),
            admissions: Vec::new(),
        }
    }
}

/// One event bus and its resource policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bus {
    /// The account it is in, by name or by id.
    pub account: String,
    /// Its name: `default`, `infra`.
    pub name: String,
    /// Whether a gate listens on it, so that accounts of a lower tier may put events to it.
    pub gate: bool,
    /// The file of the policy, for places.
    pub file: String,
    /// The policy: JSON as `events:DescribeEventBus` gives it.
    pub policy: String,
}

/// One account that may put events to another one's bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// The account that sends, by name or by id.
    pub sender: String,
    /// The account of the bus, by name or by id.
    pub receiver: String,
    /// Whether a gate listens on the bus.
    pub gate: bool,
    /// Where that is written.
    pub place: Option<Place>,
}

/// A finding, and the edit of the accounts file that repairs it where one is certain enough to be offered.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The finding.
    pub finding: Finding,
    /// What to change; [`Edit::apply`] does it.
    pub edit: Option<Edit>,
}

/// Checks the accounts. Findings are sorted by place, those without a place first.
#[must_use]
pub fn lint(accounts: &Accounts, options: &LintOptions) -> Vec<Finding> {
    suggestions(accounts, options).into_iter().map(|suggestion| suggestion.finding).collect()
}

/// The same findings, each with its edit.
#[must_use]
pub fn suggestions(accounts: &Accounts, options: &LintOptions) -> Vec<Suggestion> {
    let mut lint = Lint { accounts, options, found: Vec::new() };
    emails::check(&mut lint);
    regions::check(&mut lint);
    domains::check(&mut lint);
    units::check(&mut lint);
    tiers::check(&mut lint);
    let key = |it: &Suggestion| (it.finding.place.clone(), it.finding.code.clone(), it.finding.message.clone());
    for suggestion in &mut lint.found {
        accounts.aliases.relate(&accounts.file, &mut suggestion.finding);
    }
    lint.found.sort_by_cached_key(key);
    lint.found
}

/// The accounts, the options, and what was found so far.
struct Lint<'a> {
    accounts: &'a Accounts,
    options: &'a LintOptions,
    found: Vec<Suggestion>,
}

impl Lint<'_> {
    fn tell(&mut self, finding: Finding) {
        self.found.push(Suggestion { finding, edit: None });
    }

    fn suggest(&mut self, finding: Finding, edit: Option<Edit>) {
        self.found.push(Suggestion { finding, edit });
    }

    /// A mark of the accounts file.
    fn place(&self, at: Mark) -> Place {
        place(&self.accounts.file, at)
    }
}

fn finding(code: &str, severity: Severity, message: impl Into<String>) -> Finding {
    Finding::new(BY, code, severity, message)
}

/// The edit that puts the near word in place of a value, and what to say of it; the known words where none is near.
fn nearest<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str> + Clone,
    at: Mark,
    kind: &str,
) -> (String, Option<Edit>) {
    let hint = reeve_yaml::did_you_mean(word, kind, known.clone());
    let edit = closest(word, known).map(|near| Edit::Replace { at, with: near.to_owned() });
    (hint, edit)
}

/// How many names a message lists before it only counts the rest.
const NAMES_LISTED_MAX: usize = 3;

/// Names for a message: `` `a` ``, `` `a` and `b` ``, `` `a`, `b`, `c` and 97 more``.
fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(NAMES_LISTED_MAX).map(|name| quoted(name)).collect();
    let rest = names.len().saturating_sub(NAMES_LISTED_MAX);
    match (shown.split_last(), rest) {
        (None, _) => String::new(),
        (Some((last, [])), 0) => last.clone(),
        (Some((last, first)), 0) => format!("{} and {last}", first.join(", ")),
        (Some(_), rest) => format!("{} and {rest} more", shown.join(", ")),
    }
}

/// `account` or `accounts`, and their names.
fn accounts_listed(names: &[&str]) -> String {
    format!("{} {}", if names.len() == 1 { "account" } else { "accounts" }, listed(names))
}

/// The account, if the finding is about one alone.
fn about(finding: Finding, names: &[&str]) -> Finding {
    match names {
        [name] => finding.about(*name),
        _ => finding,
    }
}

#[cfg(test)]
#[path = "lint/tests.rs"]
mod tests;
