//! `PUT_PARAMETER`: what other accounts may read about accounts, and the lists of domains that they may change.
//!
//! One parameter for each account with an id, `<accounts path>/<name>`: canonical JSON with `id`, `status`, and, where
//! they are set, `organization_unit`, `region`, `global_region`, `scope`, `service` and `tier`. Whoever wants the list of
//! accounts reads the path (`GetParametersByPath`), so there is no second parameter that could disagree with the first.
//! For each account with domains, `<domains path>/<id>`: a `StringList` of its entries as written, sorted. Every gate
//! that takes the path of a parameter is sent it.

use crate::compare::Pair;
use crate::gates::{GateRole, finding};
use crate::plan::{Change, Draft, Drafts};
use crate::policies::DETAIL_BYTES_MAX;
use crate::state::{AccountState, Naming, State};
use reeve_json::{Object, Value, canonical};
use reeve_model::{AccountId, Place, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// Most parameters in one request; the gate takes no more (`PARAMETERS_MAX` of `PUT_PARAMETER`).
const PARAMETERS_MAX: usize = 100;
/// Longest value of the standard tier, bytes (Systems Manager API reference, PutParameter).
const VALUE_BYTES_MAX: usize = 4096;

/// A parameter that should be.
#[derive(Debug, Clone)]
pub(crate) struct Wanted<'a> {
    account: &'a str,
    pub(crate) name: String,
    pub(crate) value: String,
    /// Whether it is a `StringList`.
    pub(crate) list: bool,
    place: Option<Place>,
}

/// The parameter that describes an account. Without an id it is not one yet, and says what it will say beside it.
fn about(account: &AccountState, id: Option<&AccountId>) -> String {
    let mut object = Object::new();
    for (key, value) in &account.about {
        object.set(key.as_str(), value.as_str());
    }
    if let Some(unit) = &account.unit {
        object.set("organization_unit", unit.as_str());
    }
    if let Some(id) = id {
        object.set("id", id.as_str());
    }
    canonical(&Value::Object(object))
}

/// The parameters of one account; the name of the list of domains needs the id.
pub(crate) fn of_account<'a>(
    name: &'a str,
    account: &AccountState,
    id: Option<&AccountId>,
    naming: &Naming,
) -> Vec<Wanted<'a>> {
    let described = Wanted {
        account: name,
        name: format!("{}/{name}", naming.accounts_path),
        value: about(account, id),
        list: false,
        place: account.place.clone(),
    };
    let domains = (!account.domains.is_empty()).then(|| Wanted {
        account: name,
        name: format!("{}/{}", naming.domains_path, id.map(AccountId::as_str).unwrap_or_default()),
        value: account.domains.join(","),
        list: true,
        place: account.place_of("allowed_dns_domains"),
    });
    std::iter::once(described).chain(domains).collect()
}

impl Wanted<'_> {
    /// Its name, once the id that is part of it is known.
    fn named(&self) -> Option<&str> {
        (!self.name.ends_with('/')).then_some(self.name.as_str())
    }

    /// How people read it.
    fn shown(&self) -> String {
        let slot = if self.named().is_some() { "" } else { "<id>" };
        format!("parameter `{}{slot}`", self.name.escape_debug())
    }
}

/// Values by name of parameter.
type Values = BTreeMap<String, String>;

/// The parameters of every gate as an earlier state of files has them.
fn derived(state: &State) -> Values {
    let known = state.accounts.iter().filter(|(_, account)| account.id.is_some());
    known
        .flat_map(|(name, account)| of_account(name, account, account.id.as_ref(), &state.naming))
        .map(|it| (it.name, it.value))
        .collect()
}

/// Plans the requests.
pub(crate) fn plan(pair: &Pair<'_>, gates: &[GateRole], drafts: &mut Drafts) {
    let naming = &pair.after.naming;
    let made: BTreeSet<String> = drafts.requests.iter().map(|draft| draft.id.clone()).collect();
    let (mut wanted, mut pending) = (Vec::new(), Vec::new());
    for (name, account) in pair.after.accounts.iter().filter(|(name, _)| !pair.is_missing(name)) {
        match pair.id(name) {
            Some(id) => wanted.extend(of_account(name, account, Some(id), naming)),
            None if account.active && differs(pair, name, account) => {
                pending.extend(of_account(name, account, None, naming));
            }
            None => {}
        }
    }
    let kept: BTreeSet<String> = wanted.iter().map(|parameter| parameter.name.clone()).collect();
    // What is described is where it is: an account that has to move and cannot is described when it does.
    wanted.retain(|parameter| parameter.list || arrives(pair, parameter.account, &made));
    let derived = derived(pair.before);
    let unchanged = |parameter: &Wanted<'_>| derived.get(&parameter.name) == Some(&parameter.value);
    wanted.retain(|parameter| pair.before.parameters.is_some() || !unchanged(parameter));
    refuse_values(&mut wanted, drafts);
    no_gate(wanted.iter().chain(&pending), gates, naming, drafts);
    for gate in gates {
        let read = pair.before.parameters.as_ref().map(|read| read.get(&gate.name).cloned().unwrap_or_default());
        let was = read.as_ref().unwrap_or(&derived);
        let differs = |parameter: &&Wanted<'_>| was.get(&parameter.name) != Some(&parameter.value);
        let changed: Vec<&Wanted<'_>> =
            wanted.iter().filter(|parameter| gate.puts(&parameter.name)).filter(differs).collect();
        put(gate, &changed, was, &made, drafts);
        put_later(gate, &pending, &made, drafts);
        stays(pair, gate, was, &kept, drafts);
    }
}

/// Whether an account is in the unit it should be in, or a request of this plan moves it there.
fn arrives(pair: &Pair<'_>, name: &str, made: &BTreeSet<String>) -> bool {
    let Some(unit) = pair.after.accounts.get(name).and_then(|account| account.unit.as_deref()) else { return true };
    let was = pair.account_before(name).and_then(|(_, before)| before.unit.as_deref());
    was.map(|was| pair.unit_now(was)) == Some(unit) || made.contains(&format!("move-account/{name}"))
}

/// Tells of parameters that no gate puts, once for each path.
fn no_gate<'w>(
    parameters: impl Iterator<Item = &'w Wanted<'w>>,
    gates: &[GateRole],
    naming: &Naming,
    drafts: &mut Drafts,
) {
    let mut orphans: BTreeMap<&str, (usize, Option<Place>)> = BTreeMap::new();
    for parameter in parameters.filter(|parameter| !gates.iter().any(|gate| gate.puts(&parameter.name))) {
        let path = if parameter.list { &naming.domains_path } else { &naming.accounts_path };
        let (count, place) = orphans.entry(path).or_default();
        *count += 1;
        *place = place.take().or_else(|| parameter.place.clone());
    }
    for (path, (count, place)) in orphans {
        let message = format!("no gate puts parameters below `{path}`, and {count} are to be put there");
        let fix = "name a gate whose gate file has this path under `PUT_PARAMETER` in the project file";
        drafts.findings.push(finding("PLAN_NO_GATE", Severity::Error, message, place).fix(fix));
    }
}

/// Whether what an account of unknown id has in parameters differs, so that there is something to wait for.
fn differs(pair: &Pair<'_>, name: &str, account: &AccountState) -> bool {
    pair.account_before(name).is_none_or(|(was, before)| {
        was != name || about(before, None) != about(account, None) || before.domains != account.domains
    })
}

/// Takes out the values that the gate would refuse, and tells so.
fn refuse_values(wanted: &mut Vec<Wanted<'_>>, drafts: &mut Drafts) {
    wanted.retain(|parameter| {
        let (name, bytes) = (parameter.name.escape_debug(), parameter.value.len());
        let (code, message) = if bytes > VALUE_BYTES_MAX {
            let message = format!("parameter `{name}` would have {bytes} bytes, more than {VALUE_BYTES_MAX}");
            ("PLAN_PARAMETER_TOO_LONG", message)
        } else if parameter.value.contains("{{") {
            let message = format!("parameter `{name}` would hold `{{{{`, which Systems Manager does not store");
            ("PLAN_PARAMETER_VALUE", message)
        } else {
            return true;
        };
        let found = finding(code, Severity::Error, message, parameter.place.clone()).about(parameter.account);
        let fix =
            if parameter.list { "shorten the list: a domain stands for all below it" } else { "shorten its values" };
        drafts.findings.push(found.fix(fix));
        false
    });
}

/// Puts parameters in as few requests as the gate takes, first those that wait for nothing.
fn put(gate: &GateRole, changed: &[&Wanted<'_>], was: &Values, made: &BTreeSet<String>, drafts: &mut Drafts) {
    let move_of = |parameter: &Wanted<'_>| {
        let id = format!("move-account/{}", parameter.account);
        (!parameter.list && made.contains(&id)).then_some(id)
    };
    for waits in [false, true] {
        let mut batch: Vec<&Wanted<'_>> = Vec::new();
        let mut bytes = 0;
        let mut send = |batch: &mut Vec<&Wanted<'_>>| {
            let after = batch.iter().filter_map(|parameter| move_of(parameter)).collect();
            drafts.requests.extend(request(gate, batch, was, after, Vec::new()));
            batch.clear();
        };
        for parameter in changed.iter().filter(|parameter| move_of(parameter).is_some() == waits) {
            let size = canonical(&item(parameter)).len() + 1;
            if batch.len() == PARAMETERS_MAX || bytes + size > DETAIL_BYTES_MAX {
                send(&mut batch);
                bytes = 0;
            }
            bytes += size;
            batch.push(parameter);
        }
        send(&mut batch);
    }
}

/// Parameters of accounts whose ids are not known: one request each, so that one account does not wait for another.
fn put_later(gate: &GateRole, pending: &[Wanted<'_>], made: &BTreeSet<String>, drafts: &mut Drafts) {
    let mut by_account: BTreeMap<&str, Vec<&Wanted<'_>>> = BTreeMap::new();
    // The name of a list without its id is still below the path that tells the gate.
    for parameter in pending.iter().filter(|parameter| gate.puts(&parameter.name)) {
        by_account.entry(parameter.account).or_default().push(parameter);
    }
    for (account, parameters) in by_account {
        let create = format!("create-account/{account}");
        let after = made.contains(&create).then_some(create).into_iter().collect();
        let awaits = vec![format!("the id of account `{account}`")];
        drafts.requests.extend(request(gate, &parameters, &BTreeMap::new(), after, awaits));
    }
}

fn item(parameter: &Wanted<'_>) -> Value {
    let mut item = Object::new();
    if let Some(name) = parameter.named() {
        item.set("name", name);
    }
    item.set("value", parameter.value.as_str());
    if parameter.list {
        item.set("type", "StringList");
    }
    Value::Object(item)
}

fn request(
    gate: &GateRole,
    parameters: &[&Wanted<'_>],
    was: &Values,
    after: BTreeSet<String>,
    awaits: Vec<String>,
) -> Option<Draft> {
    let first = parameters.first()?;
    let later = |name: &str| if awaits.is_empty() { String::new() } else { format!("{}/", name) };
    let mut detail = Object::new();
    detail.set("parameters", Value::array(parameters.iter().map(|parameter| item(parameter))));
    let changes: Vec<Change> = parameters
        .iter()
        .map(|parameter| Change {
            what: parameter.shown(),
            before: was.get(&parameter.name).cloned(),
            after: Some(parameter.value.clone()),
            place: parameter.place.clone(),
        })
        .collect();
    let summary = match changes.len() {
        1 => format!("put {}", changes.first().map(|change| change.what.as_str()).unwrap_or_default()),
        count => format!("put {count} parameters"),
    };
    Some(Draft {
        id: format!("put-parameter/{}/{}{}", gate.name, later(first.account), first.name.trim_matches('/')),
        kind: "PUT_PARAMETER",
        gate: gate.name.clone(),
        detail,
        after,
        awaits,
        place: first.place.clone(),
        summary,
        changes,
    })
}

/// Parameters that are there and should not be. `PUT_PARAMETER` neither deletes nor empties.
fn stays(pair: &Pair<'_>, gate: &GateRole, was: &Values, kept: &BTreeSet<String>, drafts: &mut Drafts) {
    let naming = &pair.before.naming;
    for name in was.keys().filter(|name| !kept.contains(*name) && gate.puts(name)) {
        let (shown, gate) = (name.escape_debug(), gate.name.escape_debug());
        let id = name.strip_prefix(&naming.domains_path).and_then(|rest| rest.strip_prefix('/'));
        let found = match id {
            Some(id) => {
                let message = format!(
                    "account `{}` keeps the domains of parameter `{shown}` at gate `{gate}`: no request deletes it",
                    id.escape_debug()
                );
                finding("PLAN_DOMAINS_STAY", Severity::Warning, message, None).fix("delete the parameter by hand")
            }
            None => {
                let message = format!("parameter `{shown}` stays at gate `{gate}`: no request deletes it");
                finding("PLAN_PARAMETER_STAYS", Severity::Info, message, None).fix("delete the parameter by hand")
            }
        };
        drafts.findings.push(found.about(name));
    }
}
