//! From findings in documents and in the organization to a verdict on a request.

mod settings;
#[cfg(test)]
mod tests;

pub use settings::Settings;

use crate::hierarchy::{self, Outcome};
use crate::rules::{self, CODES, Finding, Severity};
use reeve_sdk::{Action, FactValue, PlannedAction, Reason, Request, Verdict, reason};

/// Kinds that this policy judges.
pub const KINDS: &[&str] = &["SCP_UPDATE", "MOVE_ACCOUNT", "MERGE"];

/// Reasons in one reply, the host's own limit; what is left out is counted in the last one.
pub const REASONS_MAX: usize = 100;

/// Longest name and description of a policy, characters (API reference, CreatePolicy).
pub const NAME_CHARS_MAX: usize = 128;
/// See [`NAME_CHARS_MAX`].
pub const DESCRIPTION_CHARS_MAX: usize = 512;

/// Codes of this module.
const OWN: &[(&str, Severity, &str)] = &[
    ("METADATA_LENGTH", Severity::Error, "the name or description of the policy is longer than AWS takes, or empty"),
    ("BAD_HIERARCHY", Severity::Error, "the organization, or what the request makes of it, cannot be judged"),
    ("NO_HIERARCHY", Severity::Suggestion, "there is no organization to judge by, the document alone is judged"),
];

/// Every code with its severity (the worst one, where a code has two) and what it means.
pub fn codes() -> impl Iterator<Item = &'static (&'static str, Severity, &'static str)> {
    CODES.iter().chain(hierarchy::CODES).chain(OWN)
}

/// Every reason, with a text for people.
pub fn reasons() -> impl Iterator<Item = (&'static str, &'static str)> {
    let own = [
        ("MORE_FINDINGS", "there are more findings than fit into one answer"),
        ("BAD_SETTINGS", "the settings are malformed"),
    ];
    codes().map(|&(code, _, text)| (code, text)).chain(own)
}

/// The name of the policy whose document a file is, if it is a file of SCPs: what stands before `.json`, in the folder
/// or below it.
pub(crate) fn name_of<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let (_, file) = path.strip_prefix(folder)?.rsplit_once('/').unwrap_or(("", path.strip_prefix(folder)?));
    file.strip_suffix(".json").filter(|name| !name.is_empty())
}

/// A document that a request would store, or take away.
struct Stored<'r> {
    name: &'r str,
    /// None for a file of a repository, which holds no description.
    description: Option<&'r str>,
    before: Option<&'r str>,
    /// None when the file is removed.
    after: Option<&'r str>,
    /// JSON pointer for what is wrong in the document.
    at: String,
}

fn stored<'r>(planned: &'r PlannedAction, folder: &str) -> Option<Stored<'r>> {
    let at = format!("{}/document", planned.at);
    match &planned.action {
        Action::CreatePolicy(it) => Some(Stored {
            name: &it.name,
            description: Some(&it.description),
            before: None,
            after: Some(&it.document),
            at,
        }),
        Action::UpdatePolicy(it) => Some(Stored {
            name: &it.name,
            description: Some(&it.description),
            before: Some(&it.before),
            after: Some(&it.document),
            at,
        }),
        Action::MergeFile(it) => {
            let name = name_of(&it.path, folder)?;
            let (before, after) = (it.before.as_deref(), it.after.as_deref());
            Some(Stored { name, description: None, before, after, at: planned.at.clone() })
        }
        Action::ChangeRecordSets(_)
        | Action::CreateHostedZone(_)
        | Action::PutParameter(_)
        | Action::DeleteParameter(_)
        | Action::SendCommand(_)
        | Action::CreateAccount(_)
        | Action::MoveAccount(_)
        | Action::TagResource(_)
        | Action::AttachPolicy(_)
        | Action::DetachPolicy(_)
        | Action::PutRule(_) => None,
    }
}

/// What has been found, and what comes of it.
struct Told<'s> {
    settings: &'s Settings,
    reasons: Vec<Reason>,
    denies: bool,
}

impl Told<'_> {
    fn add(&mut self, severity: Severity, reason: Reason) {
        let waived = self.settings.waive.contains(&reason.code);
        let (shown, denies) = match severity {
            Severity::SecurityWarning if waived => (reeve_sdk::Severity::Warning, false),
            Severity::Error | Severity::SecurityWarning => (reeve_sdk::Severity::Error, true),
            Severity::Warning => (reeve_sdk::Severity::Warning, false),
            Severity::Suggestion => (reeve_sdk::Severity::Info, false),
        };
        self.denies |= denies;
        let mut reason = reason.severity(shown);
        reason.extra.push(("severity".to_owned(), severity.as_str().to_owned()));
        if waived && severity == Severity::SecurityWarning {
            reason.extra.push(("waived".to_owned(), "true".to_owned()));
        }
        self.reasons.push(reason);
    }

    fn document(&mut self, finding: Finding, stored: &Stored<'_>) {
        let name = stored.name.escape_debug();
        let message = format!("policy `{name}` {}: {}", finding.position, finding.message);
        let mut reason = reason(finding.code, message).at(stored.at.as_str());
        reason.fix = finding.fix;
        reason.extra = place(finding.position);
        reason.extra.insert(0, ("pointer".to_owned(), finding.pointer));
        reason.extra.extend(finding.sid.map(|sid| ("sid".to_owned(), sid)));
        self.add(finding.severity, reason);
    }

    /// What the new version of a document no longer denies. A policy that was attached to nothing denied nothing.
    fn lost(&mut self, stored: &Stored<'_>, fact: Option<&FactValue>) {
        let Some(before) = stored.before else { return };
        if stored.after.is_none() && hierarchy::attached_nowhere(fact, stored.name) {
            return;
        }
        let (code, severity, _) = hierarchy::REMOVED;
        for lost in hierarchy::removed::between(before, stored.after) {
            let message = format!("policy `{}` {}: {}", stored.name.escape_debug(), lost.position, lost.message);
            let fix = "keep the Deny, or waive the code for this change";
            let mut reason = reason(code, message).at(stored.at.as_str()).fix(fix);
            reason.extra = place(lost.position);
            reason.extra.insert(0, ("pointer".to_owned(), lost.pointer));
            reason.extra.extend(lost.sid.map(|sid| ("sid".to_owned(), sid)));
            self.add(severity, reason);
        }
    }

    fn metadata(&mut self, stored: &Stored<'_>) {
        let chars = stored.name.chars().count();
        let mut tell = |message: String, fix: &str| {
            self.add(Severity::Error, reason("METADATA_LENGTH", message).at(stored.at.as_str()).fix(fix));
        };
        if !(1..=NAME_CHARS_MAX).contains(&chars) {
            tell(
                format!("the name of the policy has {chars} characters, AWS takes 1 to {NAME_CHARS_MAX}"),
                "rename it",
            );
        }
        let chars = stored.description.map_or(0, |text| text.chars().count());
        if chars > DESCRIPTION_CHARS_MAX {
            let message = format!("the description has {chars} characters, AWS takes {DESCRIPTION_CHARS_MAX} at most");
            tell(message, "shorten it");
        }
    }

    fn organization(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Judged(found) => {
                for finding in found {
                    let mut reason = reason(finding.code, finding.message).at(finding.at);
                    reason.fix = finding.fix;
                    reason.extra = finding.extra;
                    self.add(finding.severity, reason);
                }
            }
            Outcome::NoFact(why) => {
                let message = format!("nothing is said of who is locked out: {}", why.escape_debug());
                self.add(Severity::Suggestion, reason("NO_HIERARCHY", message));
            }
            Outcome::Unusable(why) => {
                let message = format!("the organization cannot be judged by: {why}");
                self.add(Severity::Error, reason("BAD_HIERARCHY", message));
            }
            // Its own findings deny; if there are none that do, this one does.
            Outcome::Unreadable(_) if self.denies => {}
            Outcome::Unreadable(why) => self.add(Severity::Error, reason("BAD_HIERARCHY", why)),
        }
    }
}

fn place(position: reeve_json::Position) -> Vec<(String, String)> {
    vec![("line".to_owned(), position.line.to_string()), ("column".to_owned(), position.column.to_string())]
}

/// Judges every document that the request would store, and what the request makes of the organization. Errors deny, and
/// so do security warnings that nobody waived; the rest rides along.
#[must_use]
pub fn judge(request: &Request, settings: &Settings) -> Verdict {
    let mut told = Told { settings, reasons: Vec::new(), denies: false };
    let mut documents = 0;
    // Copied once for a merge, since it may hold the table of actions.
    let fact = request.facts.iter().find(|fact| fact.name == hierarchy::FACT).map(|fact| &fact.value);
    let merges = request.actions.iter().any(|planned| matches!(planned.action, Action::MergeFile(_)));
    let written = merges.then(|| rules::Settings { minified_later: true, ..settings.rules.clone() });
    for planned in &request.actions {
        let Some(stored) = stored(planned, &settings.hierarchy.scp_folder) else { continue };
        documents += 1;
        told.metadata(&stored);
        if let Some(text) = stored.after {
            let rules = written.as_ref().unwrap_or(&settings.rules);
            for finding in rules::validate_at(text, rules, Some(&request.now)) {
                told.document(finding, &stored);
            }
        }
        told.lost(&stored, fact);
    }
    let touches = |planned: &PlannedAction| {
        matches!(&planned.action, Action::AttachPolicy(_) | Action::DetachPolicy(_) | Action::MoveAccount(_))
    };
    if documents == 0 && !request.actions.iter().any(touches) {
        return Verdict::Abstain("the request touches no policy and moves no account".to_owned());
    }
    told.organization(hierarchy::judge(&request.actions, fact, &settings.hierarchy));
    let Told { mut reasons, denies, .. } = told;
    // What denies comes first, so that no cut hides why.
    reasons.sort_by_key(|reason| reason.severity != reeve_sdk::Severity::Error);
    if reasons.len() > REASONS_MAX {
        let left = reasons.len() - (REASONS_MAX - 1);
        reasons.truncate(REASONS_MAX - 1);
        reasons
            .push(self::reason("MORE_FINDINGS", format!("{left} more findings")).severity(reeve_sdk::Severity::Info));
    }
    if denies { Verdict::Deny(reasons) } else { Verdict::Allow(reasons) }
}
