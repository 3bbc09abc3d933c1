//! The IAM twin of the DNS allowlist: Route 53 condition-key policies that permit all the allowlist can permit.
//!
//! IAM must never be narrower than the allowlist, or permitted changes would fail. Where it is broader is listed in
//! `docs/templates.md` and held by `tests/twin.rs`. IAM asks each statement about the whole call, so all names of one
//! call must be in one statement: an account's names are never torn apart.

use crate::names::{TwinNames, WILDCARDS, below, is_in, patterns, reduced};
use crate::policy::{POLICY_CHARS_MAX, document, policy_chars};
use crate::{Condition, Partition, Statement};
use reeve_accounts::{Accounts, DomainOwner, DomainScope};
use reeve_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Managed policies of one role, unless AWS has raised the quota (IAM user guide, quotas).
pub const POLICIES_PER_ROLE_MAX: usize = 10;

/// Prefix of the three condition keys.
const KEY: &str = "route53:ChangeResourceRecordSets";
/// All operations that the API has; one that is added later is not permitted.
const OPERATIONS: [&str; 3] = ["CREATE", "DELETE", "UPSERT"];

/// A hosted zone of the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwinZone {
    /// Its id, without `/hostedzone/`.
    pub id: String,
    /// Its name: canonical, without a trailing dot.
    pub name: String,
}

/// What one kind of the gate may write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwinKind {
    /// Zones it writes.
    pub zones: Vec<TwinZone>,
    /// Record types it writes: those of the policy's settings that the kind can make.
    pub types: Vec<String>,
    /// Names it writes.
    pub names: TwinNames,
}

/// Choices that are not in the allowlist.
#[derive(Debug, Clone, Copy)]
pub struct TwinOptions {
    /// The partition of the gate.
    pub partition: Partition,
    /// Whether the policy's settings let anybody write wildcards.
    pub wildcards: bool,
    /// Most managed policies the gate's role may have for this.
    pub policies_max: usize,
}

impl Default for TwinOptions {
    fn default() -> Self {
        Self { partition: Partition::Aws, wildcards: true, policies_max: POLICIES_PER_ROLE_MAX }
    }
}

/// A policy that fits into one managed policy.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyDocument {
    /// A name for it: `dns` or `dns-2`.
    pub name: String,
    /// The document.
    pub document: Value,
    /// Its size as IAM counts it, characters.
    pub chars: usize,
}

/// The accounts whose names stand in one statement. Changes of two parts cannot share one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The hosted zone.
    pub zone_id: String,
    /// Ids of the accounts, sorted.
    pub accounts: BTreeSet<String>,
}

/// The policy of one account alone, for a session policy or a check.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountTwin {
    /// Name of the account.
    pub account: String,
    /// Its id.
    pub id: String,
    /// Its policies.
    pub documents: Vec<PolicyDocument>,
}

/// The twin of an allowlist.
#[derive(Debug, Clone, PartialEq)]
pub struct Twin {
    /// Policies of the gate's own role: what the allowlist lets any account do.
    pub gate: Vec<PolicyDocument>,
    /// The parts that the names of each zone fell into, in the order of the statements.
    pub parts: Vec<Part>,
    /// One for each account that owns a name in a zone, sorted by name.
    pub accounts: Vec<AccountTwin>,
    /// What a person must know: where a list did not fit. One sentence each.
    pub notes: Vec<String>,
}

/// The twin of the allowlist in an accounts file.
#[must_use]
pub fn iam_twin(accounts: &Accounts, kinds: &[TwinKind], options: TwinOptions) -> Twin {
    iam_twin_of(&accounts.domain_owners(), kinds, options)
}

/// The twin of these entries.
#[must_use]
pub fn iam_twin_of(owners: &[DomainOwner], kinds: &[TwinKind], options: TwinOptions) -> Twin {
    let mut by_account: BTreeMap<(&str, &str), Vec<&DomainOwner>> = BTreeMap::new();
    for owner in owners {
        by_account.entry((&owner.account, &owner.id)).or_default().push(owner);
    }
    let zones = written(kinds);
    let mut plans: Vec<Plan<'_>> = zones.values().map(|zone| zone.plan(&by_account, &options)).collect();
    let mut notes: Vec<String> = plans.iter().filter_map(Plan::note).collect();
    let mut gate = pack("dns", &statements(&plans, &options));
    while gate.len() > options.policies_max {
        // The zone with the most parts gives way; of equal ones the first.
        let most = plans.iter_mut().rev().max_by_key(|plan| plan.parts.len()).filter(|plan| plan.parts.len() > 1);
        let Some(plan) = most else {
            notes.push(format!(
                "the zones need {} managed policies; a role takes {}",
                gate.len(),
                options.policies_max
            ));
            break;
        };
        notes.push(format!(
            "the names of zone `{}` need {} statements, which do not fit into {} managed policies: they are bounded by \
             the zone alone",
            plan.zone.id,
            plan.parts.len(),
            options.policies_max
        ));
        plan.coarsen();
        gate = pack("dns", &statements(&plans, &options));
    }
    for plan in plans.iter().filter(|plan| plan.parts.len() > 1) {
        notes.push(format!(
            "the names of zone `{}` are in {} statements: IAM refuses a call that mixes accounts of several",
            plan.zone.id,
            plan.parts.len()
        ));
    }
    let accounts = by_account
        .iter()
        .filter_map(|((name, id), own)| account_twin(name, id, own, owners, &zones, &options))
        .collect();
    let parts = plans.iter().flat_map(Plan::to_parts).collect();
    Twin { gate, parts, accounts, notes }
}

/// A zone with what all kinds together write there.
struct Written<'a> {
    id: &'a str,
    name: &'a str,
    types: BTreeSet<&'a str>,
    /// For each kind: the names of its zones, and the names it writes.
    kinds: Vec<(Vec<&'a str>, TwinNames)>,
}

fn written(kinds: &[TwinKind]) -> BTreeMap<&str, Written<'_>> {
    let mut zones: BTreeMap<&str, Written<'_>> = BTreeMap::new();
    for kind in kinds {
        let names: Vec<&str> = kind.zones.iter().map(|zone| zone.name.as_str()).collect();
        for zone in &kind.zones {
            let written = zones.entry(&zone.id).or_insert_with(|| Written {
                id: &zone.id,
                name: &zone.name,
                types: BTreeSet::new(),
                kinds: Vec::new(),
            });
            written.types.extend(kind.types.iter().map(String::as_str));
            written.kinds.push((names.clone(), kind.names));
        }
    }
    zones
}

/// The statements of one zone in the making: each part's accounts, and their patterns.
struct Plan<'a> {
    zone: &'a Written<'a>,
    parts: Vec<(BTreeSet<&'a str>, BTreeSet<String>)>,
    /// The first account whose names alone do not fit into one policy.
    oversized: Option<&'a str>,
}

impl<'a> Written<'a> {
    /// Patterns of an account's entries in this zone.
    fn patterns(&self, own: &[&DomainOwner]) -> BTreeSet<String> {
        let of_kind = |(zones, names): &(Vec<&str>, TwinNames), owner: &DomainOwner| {
            patterns(&owner.entry, self.name, zones, *names)
        };
        own.iter().flat_map(|owner| self.kinds.iter().flat_map(|kind| of_kind(kind, owner))).collect()
    }

    /// Fills parts with whole accounts, in the order of their names.
    fn plan(
        &'a self,
        by_account: &BTreeMap<(&'a str, &'a str), Vec<&'a DomainOwner>>,
        options: &TwinOptions,
    ) -> Plan<'a> {
        let fits = |patterns: &BTreeSet<String>| {
            let statement = self.statement("", reduced(patterns), Vec::new(), options);
            policy_chars(&document(&[statement])) + SID_CHARS_SPARE <= POLICY_CHARS_MAX
        };
        let mut plan = Plan { zone: self, parts: Vec::new(), oversized: None };
        for ((name, id), own) in by_account {
            let patterns = self.patterns(own);
            if patterns.is_empty() {
                continue;
            }
            if !fits(&patterns) {
                plan.oversized.get_or_insert(name);
            }
            let widened = plan.parts.last().map(|(_, there)| there.union(&patterns).cloned().collect());
            match (plan.parts.last_mut(), widened.filter(&fits)) {
                (Some(part), Some(widened)) => {
                    part.0.insert(id);
                    part.1 = widened;
                }
                _ => plan.parts.push((BTreeSet::from([*id]), patterns)),
            }
        }
        if plan.oversized.is_some() {
            plan.coarsen();
        }
        plan
    }

    fn statement(&self, suffix: &str, names: Vec<String>, but: Vec<String>, options: &TwinOptions) -> Statement {
        let resource = options.partition.arn(&format!("route53:::hostedzone/{}", self.id));
        let names_key = format!("{KEY}NormalizedRecordNames");
        let but: Vec<String> = (!options.wildcards).then(|| WILDCARDS.to_owned()).into_iter().chain(but).collect();
        let but = (!but.is_empty()).then(|| Condition::new("ForAllValues:StringNotLike", &names_key, but));
        let texts = |texts: &mut dyn Iterator<Item = &&str>| texts.map(|text| (*text).to_owned()).collect();
        Statement::allow(&format!("Zone{}{suffix}", self.id), [KEY], [resource])
            .when(Condition::only("StringLike", &names_key, names))
            .when(but)
            .when(Condition::only("StringEquals", &format!("{KEY}RecordTypes"), texts(&mut self.types.iter())))
            .when(Condition::only("StringEquals", &format!("{KEY}Actions"), texts(&mut OPERATIONS.iter())))
    }
}

/// Room left for `Part` and its number in a `Sid`, characters.
const SID_CHARS_SPARE: usize = 8;

impl Plan<'_> {
    /// Replaces all names by the whole zone.
    fn coarsen(&mut self) {
        let names = self.zone.kinds.iter().map(|(_, names)| *names).max().unwrap_or(TwinNames::Any);
        let accounts = std::mem::take(&mut self.parts).into_iter().flat_map(|(accounts, _)| accounts).collect();
        self.parts = vec![(accounts, below(self.zone.name, DomainScope::Subtree, names))];
    }

    fn note(&self) -> Option<String> {
        let account = self.oversized?;
        Some(format!(
            "the names of account `{account}` in zone `{}` do not fit into one policy of {POLICY_CHARS_MAX} characters: \
             names there are bounded by the zone alone",
            self.zone.id
        ))
    }

    fn to_parts(&self) -> impl Iterator<Item = Part> {
        self.parts.iter().map(|(accounts, _)| Part {
            zone_id: self.zone.id.to_owned(),
            accounts: accounts.iter().map(|id| (*id).to_owned()).collect(),
        })
    }
}

fn statements(plans: &[Plan<'_>], options: &TwinOptions) -> Vec<Statement> {
    let mut all = Vec::new();
    for plan in plans {
        for (index, (_, patterns)) in plan.parts.iter().enumerate() {
            let suffix = if plan.parts.len() == 1 { String::new() } else { format!("Part{}", index + 1) };
            all.push(plan.zone.statement(&suffix, reduced(patterns), Vec::new(), options));
        }
    }
    all
}

/// Statements in as few managed policies as their order allows.
fn pack(name: &str, statements: &[Statement]) -> Vec<PolicyDocument> {
    let mut documents: Vec<Vec<Statement>> = Vec::new();
    for statement in statements {
        let room = documents.last().is_some_and(|last| {
            let with = [last.as_slice(), std::slice::from_ref(statement)].concat();
            policy_chars(&document(&with)) <= POLICY_CHARS_MAX
        });
        match documents.last_mut().filter(|_| room) {
            Some(last) => last.push(statement.clone()),
            None => documents.push(vec![statement.clone()]),
        }
    }
    let numbered = |index: usize| if index == 0 { name.to_owned() } else { format!("{name}-{}", index + 1) };
    let packed = |(index, statements): (usize, Vec<Statement>)| {
        let document = document(&statements);
        PolicyDocument { name: numbered(index), chars: policy_chars(&document), document }
    };
    documents.into_iter().enumerate().map(packed).collect()
}

/// The policy of one account, without the names of longer matches of others where IAM can say so.
fn account_twin(
    name: &str,
    id: &str,
    own: &[&DomainOwner],
    owners: &[DomainOwner],
    zones: &BTreeMap<&str, Written<'_>>,
    options: &TwinOptions,
) -> Option<AccountTwin> {
    let others = longer_matches(id, own, owners);
    let mut statements = Vec::new();
    for zone in zones.values() {
        let mut names = reduced(&zone.patterns(own));
        if names.is_empty() {
            continue;
        }
        let here = others.iter().filter(|other| is_in(other, zone.name));
        let but = here.flat_map(|other| below(other, DomainScope::Subtree, TwinNames::Any)).collect();
        let fits = |statement: &Statement| policy_chars(&document(std::slice::from_ref(statement))) <= POLICY_CHARS_MAX;
        let mut statement = zone.statement("", names.clone(), reduced(&but), options);
        if !fits(&statement) {
            statement = zone.statement("", names, Vec::new(), options);
        }
        if !fits(&statement) {
            let form = zone.kinds.iter().map(|(_, names)| *names).max().unwrap_or(TwinNames::Any);
            names = below(zone.name, DomainScope::Subtree, form).into_iter().collect();
            statement = zone.statement("", names, Vec::new(), options);
        }
        statements.push(statement);
    }
    let documents = pack(&format!("dns-{name}"), &statements);
    (!documents.is_empty()).then(|| AccountTwin { account: name.to_owned(), id: id.to_owned(), documents })
}

/// Subtrees of other accounts inside the entries of this one, in which it owns nothing: no name there speaks for
/// anything of its own, so leaving them out takes nothing that the allowlist gives. Other scopes leave their owner's
/// neighbour some names, such as `_dmarc.pay.example.com` beside `.pay.example.com`.
fn longer_matches<'o>(id: &str, own: &[&DomainOwner], owners: &'o [DomainOwner]) -> Vec<&'o str> {
    let inside = |name: &str| own.iter().any(|mine| is_in(name, &mine.entry.name));
    let holds = |name: &str| own.iter().any(|mine| is_in(&mine.entry.name, name));
    owners
        .iter()
        .filter(|other| other.id != id && other.entry.scope == DomainScope::Subtree)
        .map(|other| other.entry.name.as_str())
        .filter(|name| inside(name) && !holds(name))
        .collect()
}
