//! Findings: what a check found, what of it is waived or known from before, and every form in which that is told.
//!
//! [`Report::of`] sorts findings into what stands, what is waived and what the baseline knows. The renderers only read
//! that: [`human`], [`json`], [`sarif`](sarif()), [`junit`](junit()), [`github`]. Documented in `docs/findings.md`.

mod baseline;
mod calm;
mod fingerprint;
mod github;
mod glob;
mod human;
mod json;
mod junit;
mod sarif;
mod sources;
mod waive;
mod waivers;

pub(crate) use calm::calm;

pub use baseline::{Applied, BASELINE_BYTES_MAX, Baseline};
pub use fingerprint::Identified;
pub use github::github;
pub use human::human;
pub use json::json;
pub use junit::junit;
pub use sarif::{Tool, sarif};
pub use sources::Sources;
pub use waive::Waived;
pub use waivers::{Day, Waiver, Waivers};

use reeve_model::{Finding, Severity};
use std::collections::BTreeSet;

/// What findings are held against.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// The waivers of the repository.
    pub waivers: &'a Waivers,
    /// What was known before; none where the repository keeps no baseline.
    pub baseline: Option<&'a Baseline>,
    /// The day on which waivers must still hold.
    pub today: &'a Day,
    /// Whether everything was checked. If not, a waiver that nothing needed is no news.
    pub whole: bool,
}

/// Everything that a check has to tell.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What counts, by file and line; without a place last.
    pub standing: Vec<Identified>,
    /// What a waiver sets aside.
    pub waived: Vec<Waived>,
    /// What the baseline knows.
    pub known: Vec<Identified>,
    /// Names of what was checked: files, and checks that belong to no file.
    pub checked: BTreeSet<String>,
    /// Whether there was a baseline.
    pub has_baseline: bool,
}

/// How many findings there are of each sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Errors that stand: with any of them a check ends with findings.
    pub errors: usize,
    /// Warnings that stand.
    pub warnings: usize,
    /// Remarks that stand.
    pub infos: usize,
    /// Waived findings of any severity.
    pub waived: usize,
    /// Findings of any severity that the baseline knows.
    pub known: usize,
}

impl Report {
    /// Sorts findings by what they are held against. `sources` are the texts that they point into, `checked` the names
    /// of what was checked, whether or not anything was found there.
    #[must_use]
    pub fn of(findings: Vec<Finding>, sources: &Sources, held: &Held<'_>, checked: BTreeSet<String>) -> Self {
        let found = fingerprint::identify(findings, sources);
        let sorted = waive::apply(held, found);
        let mut standing = fingerprint::identify(sorted.about_waivers, sources);
        standing.extend(sorted.expired);
        let mut known = Vec::new();
        match held.baseline {
            Some(baseline) => {
                let applied = baseline.apply(sorted.rest);
                standing.extend(applied.new);
                known = applied.known;
            }
            None => standing.extend(sorted.rest),
        }
        standing.sort_by_cached_key(|it| fingerprint::order(&it.finding));
        Self { standing, waived: sorted.waived, known, checked, has_baseline: held.baseline.is_some() }
    }

    /// How many there are of each.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let of = |severity| self.standing.iter().filter(|it| it.finding.severity == severity).count();
        Summary {
            errors: of(Severity::Error),
            warnings: of(Severity::Warning),
            infos: of(Severity::Info),
            waived: self.waived.len(),
            known: self.known.len(),
        }
    }

    /// The baseline after which nothing of this report would be new: what stands and what was known. Waived findings
    /// are not in it, so that they count again when their waiver ends.
    #[must_use]
    pub fn baseline(&self) -> Baseline {
        Baseline::known(self.standing.iter().chain(&self.known))
    }
}
