//! `PUT_PARAMETER`: what other accounts may read about accounts, and the lists of domains that they may change.
//!
//! One parameter for each account with an id, `<accounts path>/<name>`: canonical JSON with `id`, `status`, and, where
//! they are set, `organization_unit`, `region`, `global_region`, `scope`, `service` and `tier`. Whoever wants the list of
//! accounts reads the path (`GetParametersByPath`), so there is no second parameter that could disagree with the first.
//! For each account with domains, `<domains path>/<id>`: a `StringList` of its entries as written, sorted. Every gate
//! that takes the path of a parameter is sent it. What is there and follows from nothing any more is removed.

mod requests;

use crate::compare::Pair;
use crate::gates::{GateRole, finding};
use crate::plan::Drafts;
use crate::state::{AccountState, Naming, State};
use reeve_json::{Object, Value, canonical};
use reeve_model::{AccountId, Place, Severity};
use std::collections::{BTreeMap, BTreeSet};

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

/// Whether a parameter is below a path, which has no slash at its end.
fn is_below(name: &str, path: &str) -> bool {
    name.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
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
    let meant = |name: &str| !pair.is_missing(name) && !pair.is_other(name);
    for (name, account) in pair.after.accounts.iter().filter(|(name, _)| meant(name)) {
        match pair.id(name) {
            Some(id) => wanted.extend(of_account(name, account, Some(id), naming)),
            None if account.active && differs(pair, name, account) => {
                pending.extend(of_account(name, account, None, naming));
            }
            None => {}
        }
    }
    let mut kept: BTreeSet<String> = wanted.iter().map(|parameter| parameter.name.clone()).collect();
    // Of an account that is not the one that is meant nothing is touched.
    let others = pair.after.accounts.keys().filter(|name| pair.is_other(name));
    for (was, before) in others.filter_map(|name| pair.account_before(name)) {
        kept.insert(format!("{}/{was}", naming.accounts_path));
        kept.extend(before.id.as_ref().map(|id| format!("{}/{id}", naming.domains_path)));
    }
    let stale = |gate: &GateRole, was: &Values| -> Vec<String> {
        let naming = &pair.before.naming;
        let ours = |name: &str| [&naming.accounts_path, &naming.domains_path].iter().any(|path| is_below(name, path));
        was.keys().filter(|name| !kept.contains(*name) && ours(name) && gate.puts(name)).cloned().collect()
    };
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
        requests::plan(gate, &changed, &stale(gate, was), was, &made, drafts);
        requests::plan_later(gate, &pending, &made, drafts);
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
