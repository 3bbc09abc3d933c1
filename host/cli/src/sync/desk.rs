//! Plans of a project against the organization as it is now.
//!
//! The files are read once: a run sends what they asked for when it began. Ids of accounts are taken from the
//! organization, not from a gate's reply, and are pinned in the lock file as soon as they are seen.

use super::work::Desk;
use crate::exit::Failure;
use crate::project::Project;
use anyhow::Context;
use reeve_accounts::Lock;
use reeve_model::{Finding, Severity};
use reeve_plan::{Plan, State};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Ending of the name under which a lock file is written before it takes the place of the old one.
const WRITING: &str = ".writing";

/// Reads what the organization is now, in the names of a project.
pub type Reader<'a> = Box<dyn Fn(&Project) -> Result<State, Failure> + 'a>;

/// A project that is being brought about.
pub struct ProjectDesk<'a> {
    project: Project,
    epoch: String,
    read: Reader<'a>,
    lock_file: Option<PathBuf>,
}

impl std::fmt::Debug for ProjectDesk<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProjectDesk")
            .field("epoch", &self.epoch)
            .field("lock_file", &self.lock_file)
            .finish_non_exhaustive()
    }
}

impl<'a> ProjectDesk<'a> {
    /// Plans for `project` under `epoch`. New ids are written into `lock_file`; without it they are only planned with.
    #[must_use]
    pub fn new(project: Project, epoch: String, read: Reader<'a>, lock_file: Option<PathBuf>) -> Self {
        Self { project, epoch, read, lock_file }
    }

    /// Pins the ids of accounts that have become known.
    fn pin(&mut self, live: &State) -> Result<(), Failure> {
        let Some(lock) = pinned(&self.project, live) else { return Ok(()) };
        if let Some(path) = &self.lock_file {
            write(path, &lock.to_text())?;
        }
        let naming = self.project.state.naming.clone();
        let (accounts, findings) = self.project.accounts.clone().with_lock(&lock);
        refuse(&findings)?;
        self.project.state =
            State::of_files(&accounts, &self.project.scps, &naming).map_err(|found| failure(&found))?;
        (self.project.accounts, self.project.lock) = (accounts, lock);
        Ok(())
    }
}

impl Desk for ProjectDesk<'_> {
    fn plan(&mut self) -> Result<Plan, Failure> {
        let live = (self.read)(&self.project)?;
        self.pin(&live)?;
        let plan = reeve_plan::plan(&live, &self.project.state, &self.project.gates, &self.epoch);
        refuse(&plan.findings)?;
        Ok(plan)
    }
}

/// The lock with the ids of accounts that have none in the files and are in the organization, under the address that the
/// files give; none when there is nothing new.
fn pinned(project: &Project, live: &State) -> Option<Lock> {
    let mut lock = project.lock.clone();
    let mut new = false;
    for account in project.accounts.iter().filter(|account| account.id().is_none()) {
        let Some(there) = live.accounts.get(account.name()) else { continue };
        let (Some(id), Some(email), Some(wanted)) = (&there.id, &there.email, account.email()) else { continue };
        // An address is that of one account of AWS; a name may be that of many.
        if email.eq_ignore_ascii_case(wanted) {
            lock.pin_account(account.name(), id.as_str(), email);
            new = true;
        }
    }
    new.then_some(lock)
}

/// Writes a file so that a crash leaves the old one or the new one.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let shown = path.display();
    if std::fs::symlink_metadata(path).is_ok_and(|it| it.is_symlink()) {
        return Err(Failure::new(format!("the lock file `{shown}` is a link, and links are not followed"))
            .hint("put the file itself there"));
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(WRITING);
    let beside = PathBuf::from(beside);
    // What lies there may be a link that came with the repository: it is taken away, not followed.
    let fresh = || match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => OpenOptions::new().write(true).create_new(true).open(&beside),
    };
    let written = fresh().and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    });
    Ok(written.with_context(|| format!("failed to write the lock file `{shown}`"))?)
}

/// Errors among findings end the run: what was planned beside them may build on what they tell.
fn refuse(findings: &[Finding]) -> Result<(), Failure> {
    if findings.iter().any(|finding| finding.severity == Severity::Error) { Err(failure(findings)) } else { Ok(()) }
}

fn failure(findings: &[Finding]) -> Failure {
    let errors: Vec<String> = findings.iter().filter(|it| it.severity == Severity::Error).map(told).collect();
    Failure::new(errors.join("\n")).hint("`reeve check` tells more")
}

/// A finding in one line.
#[must_use]
pub fn told(finding: &Finding) -> String {
    let place = finding.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
    let fix = finding.fix.as_ref().map(|fix| format!("; {fix}")).unwrap_or_default();
    format!("{place}{}{fix}", finding.message)
}
