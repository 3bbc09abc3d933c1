//! The plan: requests in the order in which they can be sent, and what no request can do.

use crate::gates::{GateRole, finding};
use crate::{State, accounts, compare, nonce, parameters, policies, units};
use reeve_json::{Object, Value};
use reeve_model::{Digest, Finding, Nonce, Place, Severity};
use std::collections::BTreeSet;

/// What leads from one state to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What tells equal changes of different moments apart: a commit id, or the serial of the lock file.
    pub epoch: String,
    /// The requests; each stands behind those that it waits for.
    pub requests: Vec<PlannedRequest>,
    /// What no request can bring about, and what a person should know.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// Whether there is nothing to send and nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.findings.is_empty()
    }

    /// The request with this id.
    #[must_use]
    pub fn request(&self, id: &str) -> Option<&PlannedRequest> {
        self.requests.iter().find(|request| request.id == id)
    }
}

/// One request that is to be sent to a gate.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedRequest {
    /// Its name in the plan, unique and stable: `create-account/foo`.
    pub id: String,
    /// Its kind, which is its `detail-type`.
    pub kind: String,
    /// Name of the gate that takes it.
    pub gate: String,
    /// Its `detail`, `nonce` and `dryrun` (false) included; without what [`Self::awaits`] names, and then without a nonce.
    pub detail: Value,
    /// Its nonce; none while something is awaited.
    pub nonce: Option<Nonce>,
    /// Ids of the requests of this plan that must have been made before; sorted.
    pub after: Vec<String>,
    /// What must become known before it can be sent, in words: ``the id of account `foo` ``. Plan anew once it is.
    pub awaits: Vec<String>,
    /// Where it comes from.
    pub place: Option<Place>,
    /// What it does, in one clause.
    pub summary: String,
    /// What it changes, item by item.
    pub changes: Vec<Change>,
}

impl PlannedRequest {
    /// Whether its `detail` is complete.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.awaits.is_empty()
    }
}

/// One value that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What: `organization unit`, ``tag `scope` ``, ``document of policy `x` ``.
    pub what: String,
    /// What it was, as people read it; none when there was nothing, or when nobody knows.
    pub before: Option<String>,
    /// What it will be; none when nothing will be there.
    pub after: Option<String>,
    /// Where that is said.
    pub place: Option<Place>,
}

/// A request before its nonce is known.
pub(crate) struct Draft {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) gate: String,
    pub(crate) detail: Object,
    pub(crate) after: BTreeSet<String>,
    pub(crate) awaits: Vec<String>,
    pub(crate) place: Option<Place>,
    pub(crate) summary: String,
    pub(crate) changes: Vec<Change>,
}

/// What planning has come to so far.
#[derive(Default)]
pub(crate) struct Drafts {
    pub(crate) requests: Vec<Draft>,
    pub(crate) findings: Vec<Finding>,
}

/// The requests that lead from `before` to `after`, a state of files, through these gates.
///
/// The order is: policies and their attachments; new accounts; what is attached to new accounts; moves; what accounts
/// have moved away from; tags; parameters. So an account never arrives in a unit before the policies that bind it there, and no parameter speaks of
/// what is not so yet. `epoch` becomes part of every nonce: a change that is made, taken back and made again is three
/// requests, while one commit gives one nonce wherever it is planned.
#[must_use]
pub fn plan(before: &State, after: &State, gates: &[GateRole], epoch: &str) -> Plan {
    let before = &before.adopting(after);
    let pair = compare::Pair::of(before, after, gates);
    let mut drafts = Drafts::default();
    units::plan(&pair, &mut drafts);
    let written = policies::plan(&pair, gates, &mut drafts);
    accounts::plan(&pair, gates, &written, &mut drafts);
    parameters::plan(&pair, gates, &mut drafts);
    let made: BTreeSet<String> = drafts.requests.iter().map(|draft| draft.id.clone()).collect();
    // What is detached once an account is gone stays where the account does.
    let stays = |id: &String| id.starts_with(MOVE) && !made.contains(id);
    let (kept, held): (Vec<Draft>, Vec<Draft>) =
        drafts.requests.into_iter().partition(|draft| !(draft.kind == "SCP_UPDATE" && draft.after.iter().any(stays)));
    drafts.requests = kept;
    drafts.findings.extend(held.into_iter().map(held_up));
    for draft in &mut drafts.requests {
        // An account that cannot be made has left a finding and no request.
        draft.after.retain(|id| made.contains(id));
    }
    let mut requests: Vec<PlannedRequest> = drafts.requests.into_iter().map(|draft| draft.finish(epoch)).collect();
    // The sort is stable: within a rank the order of planning stands.
    requests.sort_by_key(rank);
    Plan { epoch: epoch.to_owned(), requests, findings: drafts.findings }
}

/// Beginning of the ids of moves.
const MOVE: &str = "move-account/";

fn held_up(draft: Draft) -> Finding {
    let message = format!("{} waits for an account to move away, and nothing moves it", draft.summary);
    finding("PLAN_DETACH_WAITS", Severity::Warning, message, draft.place)
}

/// Requests wait only for requests of a lower rank, or for earlier ones of their own.
fn rank(request: &PlannedRequest) -> u8 {
    match (request.kind.as_str(), request.ready()) {
        ("SCP_UPDATE", true) if request.after.iter().any(|id| id.starts_with(MOVE)) => 4,
        ("SCP_UPDATE", true) => 0,
        ("CREATE_ACCOUNT", _) => 1,
        ("SCP_UPDATE", false) => 2,
        ("MOVE_ACCOUNT", _) => 3,
        ("TAG_ACCOUNT", _) => 5,
        (_, true) => 6,
        (_, false) => 7,
    }
}

impl Draft {
    fn finish(self, epoch: &str) -> PlannedRequest {
        let Self { id, kind, gate, mut detail, after, awaits, place, summary, changes } = self;
        let nonce = awaits.is_empty().then(|| nonce::of(kind, &gate, &detail, &changes, epoch)).flatten();
        if let Some(nonce) = &nonce {
            detail.set("nonce", nonce.as_str());
        }
        detail.set("dryrun", false);
        PlannedRequest {
            id,
            kind: kind.to_owned(),
            gate,
            detail: Value::Object(detail),
            nonce,
            after: after.into_iter().collect(),
            awaits,
            place,
            summary,
            changes,
        }
    }
}

/// The digest that a request gives for the document that it replaces.
pub(crate) fn digest_of(document: &str) -> Digest {
    Digest::of(document.as_bytes())
}
