//! The requests that put and remove parameters.
//!
//! A right to a name is taken away before it is given to somebody else: lists of domains that lose entries, and
//! parameters that go, come first, and the lists that gain some wait for them. A list that does both is first cut to what
//! it keeps.

use super::{VALUE_BYTES_MAX, Values, Wanted};
use crate::gates::GateRole;
use crate::plan::{Change, Draft, Drafts};
use crate::policies::DETAIL_BYTES_MAX;
use reeve_json::{Object, Options, StringRule, Value, canonical};
use reeve_model::Place;
use std::collections::{BTreeMap, BTreeSet};

/// Most parameters in one request; the gate takes no more (`PARAMETERS_MAX` of `PUT_PARAMETER`).
const PARAMETERS_MAX: usize = 100;

/// How a stored description of an account is read, to show what of it changes.
const DESCRIPTION: Options = Options { bytes_max: VALUE_BYTES_MAX, depth_max: 8, strings: StringRule::Plain };

/// What is done with one parameter.
struct Step {
    /// Its name; none while the id that is part of it is not known.
    name: Option<String>,
    /// How people read it.
    shown: String,
    /// The value that is put; none when it is removed.
    value: Option<String>,
    list: bool,
    place: Option<Place>,
}

impl Step {
    fn put(wanted: &Wanted<'_>) -> Self {
        Self {
            name: wanted.named().map(str::to_owned),
            shown: wanted.shown(),
            value: Some(wanted.value.clone()),
            list: wanted.list,
            place: wanted.place.clone(),
        }
    }

    fn remove(name: &str) -> Self {
        let shown = format!("parameter `{}`", name.escape_debug());
        Self { name: Some(name.to_owned()), shown, value: None, list: false, place: None }
    }

    /// What is left of a list that loses entries, and whether that is all it is to be; none when it loses none.
    fn cut(wanted: &Wanted<'_>, was: Option<&String>) -> Option<Self> {
        let (old, new): (Vec<&str>, BTreeSet<&str>) = (was?.split(',').collect(), wanted.value.split(',').collect());
        let kept: Vec<&str> = old.iter().copied().filter(|entry| new.contains(entry)).collect();
        if !wanted.list || kept.len() == old.len() {
            return None;
        }
        Some(Self { value: (!kept.is_empty()).then(|| kept.join(",")), ..Self::put(wanted) })
    }

    fn item(&self) -> Value {
        let mut item = Object::new();
        if let Some(name) = &self.name {
            item.set("name", name.as_str());
        }
        if let Some(value) = &self.value {
            item.set("value", value.as_str());
        }
        if self.list {
            item.set("type", "StringList");
        }
        Value::Object(item)
    }
}

/// Plans the requests to one gate: `changed` are those with another value than `was`, `stale` those that are to go.
pub(super) fn plan(
    gate: &GateRole,
    changed: &[&Wanted<'_>],
    stale: &[String],
    was: &Values,
    made: &BTreeSet<String>,
    drafts: &mut Drafts,
) {
    let cuts: Vec<Step> = changed.iter().filter_map(|it| Step::cut(it, was.get(&it.name))).collect();
    let done: BTreeMap<String, Option<String>> =
        cuts.iter().filter_map(|step| Some((step.name.clone()?, step.value.clone()))).collect();
    let removed = stale.iter().map(|name| Step::remove(name));
    let taking = Batches { gate, was, verb: "take" }.send(removed.chain(cuts), &BTreeSet::new(), drafts);
    // After the cut some lists are what they are to be.
    let was: Values = was
        .iter()
        .filter_map(|(name, value)| match done.get(name) {
            Some(cut) => cut.as_ref().map(|cut| (name.clone(), cut.clone())),
            None => Some((name.clone(), value.clone())),
        })
        .collect();
    let left: Vec<&Wanted<'_>> = changed.iter().copied().filter(|it| was.get(&it.name) != Some(&it.value)).collect();
    let move_of = |wanted: &Wanted<'_>| {
        let id = format!("move-account/{}", wanted.account);
        (!wanted.list && made.contains(&id)).then_some(id)
    };
    let batches = Batches { gate, was: &was, verb: "put" };
    let steps = |list: bool, waits: bool| {
        let of_pass = move |it: &&&Wanted<'_>| it.list == list && move_of(it).is_some() == waits;
        left.iter().filter(of_pass).map(|it| Step::put(it)).collect::<Vec<_>>()
    };
    batches.send(steps(false, false), &BTreeSet::new(), drafts);
    batches.send(steps(true, false), &taking, drafts);
    let moves = left.iter().filter_map(|it| move_of(it)).collect();
    batches.send(steps(false, true), &moves, drafts);
}

/// Parameters of accounts whose ids are not known: one request each, so that one account does not wait for another.
pub(super) fn plan_later(gate: &GateRole, pending: &[Wanted<'_>], made: &BTreeSet<String>, drafts: &mut Drafts) {
    let mut by_account: BTreeMap<&str, Vec<Step>> = BTreeMap::new();
    // The name of a list without its id is still below the path that tells the gate.
    for parameter in pending.iter().filter(|parameter| gate.puts(&parameter.name)) {
        by_account.entry(parameter.account).or_default().push(Step::put(parameter));
    }
    for (account, steps) in by_account {
        let create = format!("create-account/{account}");
        let after = made.contains(&create).then_some(create).into_iter().collect();
        let awaits = vec![format!("the id of account `{account}`")];
        let named = pending.iter().find(|it| it.account == account && gate.puts(&it.name));
        let name = named.map(|it| it.name.trim_matches('/')).unwrap_or_default();
        let id = format!("put-parameter/{}/{account}/{name}", gate.name);
        drafts.requests.extend(draft(gate, id, &steps, &BTreeMap::new(), after, awaits));
    }
}

/// Requests of one gate that are filled one after the other.
struct Batches<'a> {
    gate: &'a GateRole,
    was: &'a Values,
    verb: &'static str,
}

impl Batches<'_> {
    /// Sends the steps in as few requests as the gate takes, and gives their ids.
    fn send(
        &self,
        steps: impl IntoIterator<Item = Step>,
        after: &BTreeSet<String>,
        drafts: &mut Drafts,
    ) -> BTreeSet<String> {
        let mut batches: Vec<Vec<Step>> = Vec::new();
        let mut bytes = 0;
        for step in steps {
            let size = canonical(&step.item()).len() + 1;
            bytes += size;
            match batches.last_mut().filter(|batch| batch.len() < PARAMETERS_MAX && bytes <= DETAIL_BYTES_MAX) {
                Some(batch) => batch.push(step),
                None => {
                    batches.push(vec![step]);
                    bytes = size;
                }
            }
        }
        let mut ids = BTreeSet::new();
        for batch in batches {
            let first = batch.first().and_then(|step| step.name.as_deref()).unwrap_or_default();
            let id = format!("{}-parameter/{}/{}", self.verb, self.gate.name, first.trim_matches('/'));
            ids.insert(id.clone());
            drafts.requests.extend(draft(self.gate, id, &batch, self.was, after.clone(), Vec::new()));
        }
        ids
    }
}

fn draft(
    gate: &GateRole,
    id: String,
    steps: &[Step],
    was: &Values,
    after: BTreeSet<String>,
    awaits: Vec<String>,
) -> Option<Draft> {
    let first = steps.first()?;
    let (puts, removals): (Vec<&Step>, Vec<&Step>) = steps.iter().partition(|step| step.value.is_some());
    let mut detail = Object::new();
    if !puts.is_empty() {
        detail.set("parameters", Value::array(puts.iter().map(|step| step.item())));
    }
    if !removals.is_empty() {
        detail.set("remove", Value::array(removals.iter().filter_map(|step| step.name.as_deref())));
    }
    let verb = |count: usize, verb: &str| match (count, steps) {
        (0, _) => None,
        (_, [only]) => Some(format!("{verb} {}", only.shown)),
        (1, _) => Some(format!("{verb} 1 parameter")),
        (many, _) => Some(format!("{verb} {many} parameters")),
    };
    let summary: Vec<String> =
        [verb(removals.len(), "remove"), verb(puts.len(), "put")].into_iter().flatten().collect();
    Some(Draft {
        id,
        kind: "PUT_PARAMETER",
        gate: gate.name.clone(),
        detail,
        after,
        awaits,
        place: steps.iter().find_map(|step| step.place.clone()).or_else(|| first.place.clone()),
        summary: summary.join(", "),
        changes: steps
            .iter()
            .flat_map(|step| changes(step, step.name.as_ref().and_then(|name| was.get(name))))
            .collect(),
    })
}

/// How people read what changes in a parameter: of a description that was there the members that differ, else its value.
fn changes(step: &Step, was: Option<&String>) -> Vec<Change> {
    let change = |what: String, before: Option<String>, after: Option<String>| Change {
        what,
        before,
        after,
        place: step.place.clone(),
    };
    let members = |text: &str| -> Option<BTreeMap<String, String>> {
        let document = reeve_json::parse(text.as_bytes(), &DESCRIPTION).ok()?.value;
        let shown = |value: &Value| value.as_str().map_or_else(|| canonical(value), str::to_owned);
        Some(document.as_object()?.iter().map(|it| (it.key.to_string(), shown(&it.value.value))).collect())
    };
    match was.zip(step.value.as_ref()).and_then(|(was, is)| Some((members(was)?, members(is)?))) {
        Some((before, after)) if !step.list => {
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            let differing = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
            let what = |name: &str| format!("`{}` of {}", name.escape_debug(), step.shown);
            differing.map(|name| change(what(name), before.get(name).cloned(), after.get(name).cloned())).collect()
        }
        _ => vec![change(step.shown.clone(), was.cloned(), step.value.clone())],
    }
}
