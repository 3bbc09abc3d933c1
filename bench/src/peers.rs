//! One decision about DNS names, made by other engines: `regorus` (Rego) and `cedar-policy` (Cedar), and by plain Rust.
//!
//! A request is permitted if it changes something, and of every change the type is listed, the time to live is in
//! range, and the longest entry that covers the name is of the sender's account. From the bytes of an event to the
//! answer: all that a program must do per request is inside, all that it does once is in the constructor. This is less
//! than `dns-allowlist` decides: it knows no wildcards, no delegations and nothing of what a name shadows, and it reads
//! JSON as `serde_json` does.

use anyhow::{Context as _, Result, ensure};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use dns_allowlist::name::Scope;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::RegoVM;
use regorus::{Engine, Rc, Value};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::str::FromStr as _;

/// Types that may be changed: those of `dns-allowlist` when its settings name none.
const TYPES: [&str; 8] = ["A", "AAAA", "CAA", "CNAME", "MX", "PTR", "SRV", "TXT"];
/// A record that lives shorter is asked for too often.
const TTL_SECONDS_MIN: i64 = 60;
/// A record that lives longer than a day cannot be taken back in time.
const TTL_SECONDS_MAX: i64 = 86_400;
/// Instructions of the Rego machine for one request: many, so that the length of an event is no part of the decision.
const REGO_INSTRUCTIONS_MAX: usize = 10_000_000;

/// A name, the account that owns it, and what the entry covers. No name is listed twice.
pub(crate) type Owner = (String, String, Scope);

/// Somebody who decides.
pub(crate) trait Peer {
    /// Who it is, for a table.
    fn name(&self) -> &'static str;

    /// Whether the request in these bytes is permitted. What cannot be read is not.
    fn decide(&mut self, event: &[u8]) -> bool;
}

/// A table of so many names and a tenth as many accounts; one of them is `foo.example.com` of account `111122223333`.
pub(crate) fn table(names: usize) -> Vec<Owner> {
    crate::peers_table(names).collect()
}

fn covers_itself(scope: Scope) -> bool {
    matches!(scope, Scope::Subtree | Scope::Exact)
}

fn covers_below(scope: Scope) -> bool {
    matches!(scope, Scope::Subtree | Scope::Below)
}

/// A policy with what all peers have in common filled in.
fn filled(policy: &str) -> String {
    policy
        .replace("$TYPES", &TYPES.map(|it| format!("\"{it}\"")).join(", "))
        .replace("$TTL_SECONDS_MIN", &TTL_SECONDS_MIN.to_string())
        .replace("$TTL_SECONDS_MAX", &TTL_SECONDS_MAX.to_string())
}

/// What a program reads of an event before it asks Cedar or itself.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    account: Cow<'a, str>,
    #[serde(borrow)]
    detail: Detail<'a>,
}

#[derive(Deserialize)]
struct Detail<'a> {
    #[serde(borrow)]
    changes: Vec<Change<'a>>,
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    record_type: Cow<'a, str>,
    ttl: i64,
}

/// Plain Rust: one look-up for each label.
struct Native {
    owners: HashMap<String, (String, Scope)>,
}

/// The decision in plain Rust.
pub(crate) fn native(owners: &[Owner]) -> Box<dyn Peer> {
    let owners = owners.iter().map(|(name, account, scope)| (name.clone(), (account.clone(), *scope))).collect();
    Box::new(Native { owners })
}

impl Native {
    fn owner(&self, name: &str) -> Option<&str> {
        let mut suffix = name;
        loop {
            let covers = if suffix.len() == name.len() { covers_itself } else { covers_below };
            match self.owners.get(suffix) {
                Some((account, scope)) if covers(*scope) => return Some(account),
                Some(_) | None => suffix = suffix.split_once('.')?.1,
            }
        }
    }
}

impl Peer for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn decide(&mut self, event: &[u8]) -> bool {
        let Ok(event) = serde_json::from_slice::<Event<'_>>(event) else { return false };
        !event.detail.changes.is_empty()
            && event.detail.changes.iter().all(|change| {
                TYPES.contains(&change.record_type.as_ref())
                    && (TTL_SECONDS_MIN..=TTL_SECONDS_MAX).contains(&change.ttl)
                    && self.owner(&change.name) == Some(&*event.account)
            })
    }
}

const REGO: &str = r#"
package dns

import rego.v1

default allow := false

allow if {
    count(input.detail.changes) > 0
    every change in input.detail.changes {
        change.type in {$TYPES}
        change.ttl >= $TTL_SECONDS_MIN
        change.ttl <= $TTL_SECONDS_MAX
        owner(change.name) == input.account
    }
}

# Of the entries that cover the name, the first is the longest.
owner(name) := account if {
    labels := split(name, ".")
    covering := [entry.account |
        some at, _ in labels
        entry := data.owners[concat(".", array.slice(labels, at, count(labels)))]
        covers(entry.scope, at)
    ]
    account := covering[0]
}

covers("subtree", _) := true
covers("exact", 0) := true
covers("below", at) if at > 0
"#;
const REGO_ENTRY: &str = "data.dns.allow";

/// The policy compiled for the machine of `regorus`, over a data document keyed by name.
struct Rego {
    machine: RegoVM,
}

/// The decision in Rego.
pub(crate) fn regorus(owners: &[Owner]) -> Result<Box<dyn Peer>> {
    let mut engine = Engine::new();
    engine.add_policy("dns.rego".to_owned(), filled(REGO))?;
    let policy = engine.compile_with_entrypoint(&Rc::from(REGO_ENTRY))?;
    let program = Compiler::compile_from_policy(&policy, &[REGO_ENTRY]).context("the program")?;
    let mut machine = RegoVM::new_with_policy(policy);
    machine.load_program(program);
    machine.set_max_instructions(REGO_INSTRUCTIONS_MAX);
    machine.set_data(data(owners)?).context("the data document")?;
    Ok(Box::new(Rego { machine }))
}

/// The data document, by way of its text: what is parsed is kept more compactly than what is built.
fn data(owners: &[Owner]) -> Result<Value> {
    let entry = |(name, account, scope): &Owner| {
        let scope = match scope {
            Scope::Exact => "exact",
            Scope::Subtree => "subtree",
            Scope::Below => "below",
        };
        Ok(format!("{}:{}", serde_json::to_string(name)?, serde_json::json!({ "account": account, "scope": scope })))
    };
    let entries: Vec<String> = owners.iter().map(entry).collect::<Result<_>>()?;
    Value::from_json_str(&format!("{{\"owners\":{{{}}}}}", entries.join(",")))
}

impl Peer for Rego {
    fn name(&self) -> &'static str {
        "regorus"
    }

    fn decide(&mut self, event: &[u8]) -> bool {
        let Ok(input) = std::str::from_utf8(event).map_err(Into::into).and_then(Value::from_json_str) else {
            return false;
        };
        self.machine.set_input(input);
        matches!(self.machine.execute(), Ok(Value::Bool(true)))
    }
}

const CEDAR: &str = r#"
permit (
    principal is Account,
    action == Action::"change_record",
    resource is Name
) when {
    [$TYPES].contains(context.type) &&
    context.ttl >= $TTL_SECONDS_MIN &&
    context.ttl <= $TTL_SECONDS_MAX &&
    resource in principal.domains
};
"#;

/// Cedar knows no longest match, so the hierarchy has it: a name is in the name above it, unless an entry covers it;
/// then it is in the domains of the entry's account and nowhere else. Each request brings the names that it speaks of,
/// as the engine takes all entities at once and what is not reachable from them has no say.
struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    action: EntityUid,
    types: CedarTypes,
    owners: HashMap<String, (EntityUid, Scope)>,
}

/// Types of entities, parsed once.
struct CedarTypes {
    /// Who asks; `domains` says which group is theirs.
    account: EntityTypeName,
    /// All that one account owns.
    domains: EntityTypeName,
    /// A name itself.
    name: EntityTypeName,
    /// What is below a name.
    below: EntityTypeName,
}

fn uid(of: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(of.clone(), EntityId::new(id))
}

/// The decision in Cedar.
pub(crate) fn cedar(owners: &[Owner]) -> Result<Box<dyn Peer>> {
    let types = CedarTypes {
        account: EntityTypeName::from_str("Account")?,
        domains: EntityTypeName::from_str("Domains")?,
        name: EntityTypeName::from_str("Name")?,
        below: EntityTypeName::from_str("Below")?,
    };
    let group = |(name, account, scope): &Owner| (name.clone(), (uid(&types.domains, account), *scope));
    let owners: HashMap<_, _> = owners.iter().map(group).collect();
    let policies = PolicySet::from_str(&filled(CEDAR))?;
    ensure!(policies.num_of_policies() == 1, "one policy");
    let action = EntityUid::from_str(r#"Action::"change_record""#)?;
    Ok(Box::new(Cedar { authorizer: Authorizer::new(), policies, action, types, owners }))
}

impl Cedar {
    fn permits(&self, event: &[u8]) -> Result<bool> {
        let event: Event<'_> = serde_json::from_slice(event)?;
        let account = uid(&self.types.account, &event.account);
        let entities = self.entities(&event, &account)?;
        for change in &event.detail.changes {
            let context = Context::from_pairs([
                ("type".to_owned(), RestrictedExpression::new_string(change.record_type.to_string())),
                ("ttl".to_owned(), RestrictedExpression::new_long(change.ttl)),
            ])?;
            let name = uid(&self.types.name, &change.name);
            let request = Request::new(account.clone(), self.action.clone(), name, context, None)?;
            if self.authorizer.is_authorized(&request, &self.policies, &entities).decision() != Decision::Allow {
                return Ok(false);
            }
        }
        Ok(!event.detail.changes.is_empty())
    }

    /// The account, and every name that the event speaks of with what is above it.
    fn entities(&self, event: &Event<'_>, account: &EntityUid) -> Result<Entities> {
        let domains = RestrictedExpression::new_entity_uid(uid(&self.types.domains, &event.account));
        let mut entities =
            vec![Entity::new(account.clone(), HashMap::from([("domains".to_owned(), domains)]), HashSet::new())?];
        for change in &event.detail.changes {
            let (mut suffix, mut at) = (&*change.name, &self.types.name);
            let mut covers: fn(Scope) -> bool = covers_itself;
            loop {
                let above = suffix.split_once('.').map(|(_, above)| above);
                let entry = self.owners.get(suffix).filter(|(_, scope)| covers(*scope));
                let parent = match (entry, above) {
                    (Some((group, _)), _) => Some(group.clone()),
                    (None, above) => above.map(|above| uid(&self.types.below, above)),
                };
                // A name that two changes share is listed twice, alike: Cedar takes that.
                entities.push(Entity::new_no_attrs(uid(at, suffix), HashSet::from_iter(parent)));
                match (entry, above) {
                    (None, Some(above)) => (suffix, at, covers) = (above, &self.types.below, covers_below),
                    (Some(_), _) | (None, None) => break,
                }
            }
        }
        Ok(Entities::from_entities(entities, None)?)
    }
}

impl Peer for Cedar {
    fn name(&self) -> &'static str {
        "cedar-policy"
    }

    fn decide(&mut self, event: &[u8]) -> bool {
        self.permits(event).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const ME: &str = "111122223333";
    const OTHER: &str = "444455556666";

    fn owners(rows: &[(&str, &str, Scope)]) -> Vec<Owner> {
        rows.iter().map(|&(name, account, scope)| (name.to_owned(), account.to_owned(), scope)).collect()
    }

    fn event(account: &str, changes: &[(&str, &str, i64)]) -> String {
        let change = |(name, record_type, ttl): &(&str, &str, i64)| {
            let values = ["192.0.2.1"];
            serde_json::json!({ "action": "UPSERT", "name": name, "type": record_type, "ttl": ttl, "values": values })
        };
        let changes: Vec<_> = changes.iter().map(change).collect();
        serde_json::json!({ "version": "0", "account": account, "detail": { "dryrun": false, "changes": changes } })
            .to_string()
    }

    fn peers(owners: &[Owner]) -> [Box<dyn Peer>; 3] {
        [native(owners), regorus(owners).expect("regorus"), cedar(owners).expect("cedar")]
    }

    #[test]
    fn every_peer_gives_the_same_answer() {
        let mut peers = peers(&owners(&[
            ("example.com", ME, Scope::Subtree),
            ("pay.example.com", OTHER, Scope::Subtree),
            ("mine.pay.example.com", ME, Scope::Subtree),
            ("x.example.com", OTHER, Scope::Exact),
            ("b.example.com", OTHER, Scope::Below),
            ("exact.net", ME, Scope::Exact),
            ("below.net", ME, Scope::Below),
            ("other.org", OTHER, Scope::Subtree),
        ]));
        let good = ("a.example.com", "A", 300);
        for (changes, expected) in [
            (&[("example.com", "A", 300)][..], true),
            (&[("a.b.c.example.com", "TXT", 300)], true),
            (&[("evilexample.com", "A", 300)], false),
            (&[("example.com.evil.com", "A", 300)], false),
            (&[("com", "A", 300)], false),
            (&[("", "A", 300)], false),
            (&[("www.other.org", "A", 300)], false),
            (&[("pay.example.com", "A", 300)], false),
            (&[("a.pay.example.com", "A", 300)], false),
            (&[("a.mine.pay.example.com", "A", 300)], true),
            (&[("x.example.com", "A", 300)], false),
            (&[("a.x.example.com", "A", 300)], true),
            (&[("b.example.com", "A", 300)], true),
            (&[("a.b.example.com", "A", 300), ("b.example.com", "A", 300)], false),
            (&[("exact.net", "A", 300)], true),
            (&[("a.exact.net", "A", 300)], false),
            (&[("below.net", "A", 300)], false),
            (&[("a.below.net", "A", 300)], true),
            (&[("a.example.com", "NS", 300)], false),
            (&[("a.example.com", "a", 300)], false),
            (&[("a.example.com", "A", TTL_SECONDS_MIN - 1)], false),
            (&[("a.example.com", "A", TTL_SECONDS_MIN)], true),
            (&[("a.example.com", "A", TTL_SECONDS_MAX)], true),
            (&[("a.example.com", "A", TTL_SECONDS_MAX + 1)], false),
            (&[good, good, ("b.a.example.com", "A", 60)], true),
            (&[good, ("www.other.org", "A", 300)], false),
            (&[], false),
        ] {
            for peer in &mut peers {
                assert_eq!(peer.decide(event(ME, changes).as_bytes()), expected, "{}: {changes:?}", peer.name());
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_permitted() {
        let good = event(ME, &[("foo.example.com", "A", 300)]);
        let mut peers = peers(&table(10));
        for (text, expected) in [
            (good.clone(), true),
            (good.replace("foo", "f\\u006fo"), true),
            (good.replace("300", "\"300\""), false),
            (good.replace("\"ttl\"", "\"tt\""), false),
            (good.replace("account", "acount"), false),
            (good.replace('}', ""), false),
            (String::new(), false),
        ] {
            for peer in &mut peers {
                assert_eq!(peer.decide(text.as_bytes()), expected, "{}: {text}", peer.name());
            }
        }
    }

    #[test]
    fn many_changes_are_decided_too() {
        let names: Vec<String> = (0..1_000).map(|number| format!("a{number}.b.c.d.foo.example.com")).collect();
        let changes: Vec<_> = names.iter().map(|name| (name.as_str(), "A", 300)).collect();
        for peer in &mut peers(&table(1_000)) {
            assert!(peer.decide(event(ME, &changes).as_bytes()), "{}", peer.name());
        }
    }

    /// Numbers that look random and are the same each time.
    struct Seeded(u64);

    impl Seeded {
        fn pick<T: Copy>(&mut self, from: &[T]) -> T {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            from[usize::try_from(self.0 >> 33).expect("31 bits") % from.len()]
        }

        fn name(&mut self) -> String {
            let labels = ["a", "b", "example", "evilexample"];
            let depth = self.pick(&[0, 1, 1, 2, 2, 3, 4]);
            let mut name: String = (0..depth).map(|_| format!("{}.", self.pick(&labels))).collect();
            name.push_str(self.pick(&["com", "example.com", "net"]));
            name
        }
    }

    #[test]
    fn every_peer_agrees_with_the_native_function_on_random_requests() {
        let mut random = Seeded(1);
        let accounts = [ME, OTHER];
        let mut permitted = 0;
        for _ in 0..20 {
            let rows = (0..24).map(|_| {
                let scope = random.pick(&[Scope::Exact, Scope::Subtree, Scope::Subtree, Scope::Below]);
                (random.name(), (random.pick(&accounts).to_owned(), scope))
            });
            let rows: BTreeMap<String, (String, Scope)> = rows.collect();
            let owners: Vec<Owner> = rows.into_iter().map(|(name, (account, scope))| (name, account, scope)).collect();
            let [mut native, mut regorus, mut cedar] = peers(&owners);
            for _ in 0..50 {
                let names: Vec<String> = (0..random.pick(&[1, 1, 1, 2, 3])).map(|_| random.name()).collect();
                let mut change = |name| {
                    let ttl = random.pick(&[59, 60, 300, 300, 300, 300, 300, 300, 86_400, 86_401]);
                    (name, random.pick(&["A", "A", "AAAA", "TXT", "CNAME", "NS"]), ttl)
                };
                let changes: Vec<_> = names.iter().map(|name| change(name.as_str())).collect();
                let text = event(random.pick(&accounts), &changes);
                let expected = native.decide(text.as_bytes());
                permitted += usize::from(expected);
                for peer in [&mut regorus, &mut cedar] {
                    assert_eq!(peer.decide(text.as_bytes()), expected, "{}: {text} {owners:?}", peer.name());
                }
            }
        }
        assert!((100..900).contains(&permitted), "{permitted} of 1,000 are permitted");
    }
}
