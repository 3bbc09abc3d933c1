//! Units: no kind makes, moves or deletes one, so what differs is told.

use crate::compare::Pair;
use crate::gates::finding;
use crate::plan::Drafts;
use crate::{Origin, ROOT};
use reeve_model::Severity;

/// Who makes units, as findings say it.
const WHO: &str = "have somebody who administers the management account make it in AWS Organizations, and pin its id";

/// Tells what must be done about units by hand.
pub(crate) fn plan(pair: &Pair<'_>, drafts: &mut Drafts) {
    for (name, unit) in pair.after.units.iter().filter(|(name, _)| *name != ROOT) {
        let shown = name.escape_debug();
        if !pair.unit_exists(name) {
            let message = match &unit.id {
                Some(id) => format!("the organization has no unit `{id}`, which the file calls `{shown}`"),
                None => format!("there is no one unit `{shown}`, and no request makes one"),
            };
            let found = finding("PLAN_UNIT_MISSING", Severity::Error, message, unit.place.clone());
            drafts.findings.push(found.fix(WHO).about(name));
            continue;
        }
        let was = pair.unit_before(name).and_then(|before| before.parent.as_deref());
        let was = was.map(|parent| pair.unit_now(parent));
        if let (Some(was), Some(now)) = (was, unit.parent.as_deref())
            && was != now
        {
            let (was, now) = (was.escape_debug(), now.escape_debug());
            let message = format!("unit `{shown}` is below `{was}`, not below `{now}`, and units cannot be moved");
            let found = finding("PLAN_UNIT_MOVED", Severity::Error, message, unit.place.clone());
            let fix = "make a new unit below the other parent, and move the accounts into it";
            drafts.findings.push(found.fix(fix).about(name));
        }
        let unsaid = unit.policies.is_none() && pair.before.origin == Origin::Files;
        if unsaid && pair.unit_before(name).is_some_and(|before| before.policies.is_some()) {
            let message = format!("unit `{shown}` does not name its policies any more, so those it has stay attached");
            let found = finding("PLAN_POLICIES_UNSAID", Severity::Warning, message, unit.place.clone());
            drafts.findings.push(found.fix("name those that are to stay").about(name));
        }
    }
    // Units of the organization that no file names are somebody else's.
    if pair.before.origin == Origin::Files {
        for name in pair.units_gone().filter(|name| *name != ROOT) {
            let message = format!("unit `{}` is in no file any more, and stays as it is", name.escape_debug());
            drafts.findings.push(finding("PLAN_UNIT_STAYS", Severity::Info, message, None).about(name));
        }
    }
}
