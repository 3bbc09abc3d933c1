//! Waivers held against findings: what is set aside, and what is to be said about the waivers themselves.

use super::Held;
use super::fingerprint::Identified;
use super::waivers::{BY, Waiver};
use reeve_model::text::shown;
use reeve_model::{Finding, Place, Severity};

/// Longest value of the user that a message repeats, characters.
const SHOWN_CHARS_MAX: usize = 100;

/// A finding that does not count, and the waiver that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waived {
    /// The finding.
    pub found: Identified,
    /// Why it does not count.
    pub waiver: Waiver,
}

/// Findings, sorted by what the waivers say of them.
#[derive(Default)]
pub(crate) struct Sorted {
    /// What is set aside.
    pub(crate) waived: Vec<Waived>,
    /// What a waiver set aside until it expired; no baseline hides it.
    pub(crate) expired: Vec<Identified>,
    /// What no waiver means, or none may set aside.
    pub(crate) rest: Vec<Identified>,
    /// Findings about the waivers themselves.
    pub(crate) about_waivers: Vec<Finding>,
}

/// What became of one waiver.
#[derive(Default, Clone)]
struct Use {
    /// Whether it meant a finding that it may set aside.
    used: bool,
    /// The first finding that it may not set aside.
    refused: Option<Finding>,
}

/// Sorts findings by the waivers. A waiver holds through its last day, in UTC.
pub(crate) fn apply(held: &Held<'_>, found: Vec<Identified>) -> Sorted {
    let mut sorted = Sorted::default();
    let waivers = &held.waivers.all;
    let mut uses = vec![Use::default(); waivers.len()];
    for it in found {
        let (mut holds, mut ended) = (None, false);
        for (waiver, made) in waivers.iter().zip(&mut uses) {
            if !waiver.means(&it.finding, &it.fingerprint) {
                continue;
            }
            if !it.finding.waivable || it.finding.by == BY {
                made.refused.get_or_insert_with(|| it.finding.clone());
                continue;
            }
            made.used = true;
            if waiver.expires < *held.today {
                ended = true;
            } else {
                holds = holds.or(Some(waiver));
            }
        }
        match holds {
            Some(waiver) => sorted.waived.push(Waived { found: it, waiver: waiver.clone() }),
            None if ended => sorted.expired.push(it),
            None => sorted.rest.push(it),
        }
    }
    let about = waivers.iter().zip(&uses).filter_map(|(waiver, made)| about(waiver, made, held));
    sorted.about_waivers = about.collect();
    sorted
}

/// What is to be said about one waiver, the gravest thing first.
fn about(waiver: &Waiver, made: &Use, held: &Held<'_>) -> Option<Finding> {
    let code = shown(&waiver.code, SHOWN_CHARS_MAX);
    let finding = |name: &str, severity, message: String, place: &Place| {
        let finding = Finding { waivable: false, ..Finding::new(BY, name, severity, message) };
        finding.at(place.clone())
    };
    if let Some(refused) = &made.refused {
        let message = format!("no waiver may set `{code}` aside here");
        let finding = finding("WAIVER_NOT_ALLOWED", Severity::Error, message, &waiver.place);
        let finding = finding.fix("remove the waiver and mend what was found");
        let place = refused.place.clone();
        return Some(place.into_iter().fold(finding, |finding, place| finding.related(place, "found here")));
    }
    if waiver.expires < *held.today {
        let message = format!("the waiver for `{code}` expired after {}", waiver.expires);
        let by = shown(&waiver.by, SHOWN_CHARS_MAX);
        let fix = if made.used {
            format!("mend what it is for, or ask `{by}` for a new day")
        } else {
            "remove it: nothing needs it".to_owned()
        };
        return Some(finding("WAIVER_EXPIRED", Severity::Warning, message, &waiver.expires_place).fix(fix));
    }
    (!made.used && held.whole).then(|| {
        let message = format!("the waiver for `{code}` matches no finding");
        finding("WAIVER_UNUSED", Severity::Info, message, &waiver.place).fix("remove it")
    })
}
