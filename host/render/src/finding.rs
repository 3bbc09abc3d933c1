//! What is found while a document is rendered, each thing once.

use reeve_accounts::{Account, Accounts, Mark, YamlError};
use reeve_model::{Finding, Place, Severity};
use std::collections::BTreeSet;

/// Who found it.
const BY: &str = "render";

/// What is wrong in a file that was read for rendering, in the words of its reader.
pub(crate) const INPUT: &str = "RENDER_INPUT";
/// An account that belongs into the document has no id yet.
pub(crate) const ACCOUNT_WITHOUT_ID: &str = "RENDER_ACCOUNT_WITHOUT_ID";
/// A class of accounts that the project file does not name.
pub(crate) const CLASS_UNKNOWN: &str = "RENDER_CLASS_UNKNOWN";
/// A scope, tier or service that no account has.
pub(crate) const NO_ACCOUNT: &str = "RENDER_NO_ACCOUNT";
/// A lifecycle rule that never expires anything, since an earlier one has its images.
pub(crate) const RULE_SHADOWED: &str = "RENDER_RULE_SHADOWED";
/// The accounts file says something that IAM has no name for.
pub(crate) const ACCESS: &str = "RENDER_ACCESS";
/// More than AWS takes.
pub(crate) const TOO_LARGE: &str = "RENDER_TOO_LARGE";
/// A document without anything in it, which CloudFormation refuses.
pub(crate) const NOTHING: &str = "RENDER_NOTHING";

/// Findings in the order in which they were made; the same one at the same place is kept once.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    all: Vec<Finding>,
    seen: BTreeSet<(Option<Place>, String)>,
}

impl Findings {
    pub(crate) fn add(&mut self, finding: Finding) {
        if self.seen.insert((finding.place.clone(), finding.message.clone())) {
            self.all.push(finding);
        }
    }

    pub(crate) fn error(&mut self, code: &str, place: Place, message: String, fix: &str) {
        self.add(Finding::new(BY, code, Severity::Error, message).at(place).fix(fix));
    }

    pub(crate) fn warning(&mut self, code: &str, place: Place, message: String, fix: &str) {
        self.add(Finding::new(BY, code, Severity::Warning, message).at(place).fix(fix));
    }

    /// What a reader of YAML said.
    pub(crate) fn yaml(&mut self, error: YamlError) {
        let place = Place { file: error.file, line: error.line, column: error.column };
        let finding = Finding::new(BY, INPUT, Severity::Error, error.message).at(place);
        self.add(match error.hint {
            Some(hint) => finding.fix(hint),
            None => finding,
        });
    }

    /// The id of an account that belongs into the document. Without one, it is left out and that is told.
    pub(crate) fn id<'a>(&mut self, accounts: &Accounts, account: &'a Account) -> Option<&'a str> {
        let id = account.id();
        if id.is_none() {
            let message = format!("account `{}` has no id yet and is left out", account.name());
            let fix = "render again once its id is known";
            let place = place(accounts.file(), account.at());
            let finding = Finding::new(BY, ACCOUNT_WITHOUT_ID, Severity::Warning, message).at(place).fix(fix);
            self.add(finding.about(account.name()));
        }
        id
    }

    /// Whether one of them is an error.
    pub(crate) fn refused(&self) -> bool {
        self.all.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// The findings.
    ///
    /// # Errors
    /// The findings, when one is an error.
    pub(crate) fn finish(self) -> Result<Vec<Finding>, Vec<Finding>> {
        if self.refused() { Err(self.all) } else { Ok(self.all) }
    }
}

/// A place in a file.
pub(crate) fn place(file: &str, at: Mark) -> Place {
    Place { file: file.to_owned(), line: at.line, column: at.column }
}
