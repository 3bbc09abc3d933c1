//! The organizational units of the file, the tree they make, and the policies attached to them.

use crate::schema::unit_fault;
use reeve_yaml::{Field, Mark, YamlError, did_you_mean, quoted};
use std::collections::{BTreeMap, BTreeSet};

/// The name by which the root of the organization is known where no entry says its id.
pub const ROOT: &str = "root";

/// How deep units may be nested below the root (quotas of Organizations: five levels).
pub const UNIT_DEPTH_MAX: usize = 5;

/// A service control policy as a unit or an account names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyName {
    /// The name: `[A-Za-z0-9_+=,.@-]`, 1 to 128 characters, no dot in front.
    pub name: String,
    /// Where it stands.
    pub at: Mark,
}

/// A unit as another unit names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitName {
    /// The name.
    pub name: String,
    /// Where it stands.
    pub at: Mark,
}

/// One organizational unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationalUnit {
    /// The name, which is what `organization_unit` of an account refers to.
    pub name: String,
    /// Where the name stands.
    pub at: Mark,
    /// The id, `ou-xxxx-xxxxxxxx` (or `r-xxxx` for the root), once known: from the file, or else from the lock.
    pub id: Option<String>,
    /// Where the id stands; the file says whether that is the accounts file or the lock.
    pub id_at: Option<reeve_model::Place>,
    /// The unit right above it as written; none where the key is left out, which means the root.
    pub parent: Option<UnitName>,
    /// The policies attached to it, in the order of the file.
    pub policies: Vec<PolicyName>,
    /// Where the key `policies` stands; none where it is left out, so that nothing is said of the unit's policies.
    pub policies_at: Option<Mark>,
}

impl OrganizationalUnit {
    /// Whether it is the root of the organization: it has the id of one, or is named `root`.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.name == ROOT || self.id.as_deref().is_some_and(|id| id.starts_with("r-"))
    }
}

/// The keys of a unit.
pub(crate) const UNIT_KEYS: [&str; 3] = ["id", "parent", "policies"];

/// Units by name.
pub(crate) type Units = BTreeMap<String, OrganizationalUnit>;

/// Reads `OrganizationUnits`, appending everything that is wrong.
pub(crate) fn read(field: Field<'_>, errors: &mut Vec<YamlError>) -> Units {
    let mut units = Units::new();
    let map = match field.mapping() {
        Ok(map) => map,
        Err(error) => {
            errors.push(error);
            return units;
        }
    };
    for (name, at, body) in map.entries() {
        if let Some(fault) = unit_fault(name) {
            let message = format!("organizational unit {} {fault}", quoted(name));
            errors.push(YamlError::new(field.file(), at, message));
        }
        if let Some(unit) = unit(name, at, body, errors) {
            units.insert(name.to_owned(), unit);
        }
    }
    unique_ids(&units, field.file(), errors);
    tree(&units, field.file(), errors);
    units
}

fn unit(name: &str, at: Mark, body: Field<'_>, errors: &mut Vec<YamlError>) -> Option<OrganizationalUnit> {
    let map = body.mapping().map_err(|error| errors.push(error)).ok()?;
    let mut unit = OrganizationalUnit {
        name: name.to_owned(),
        at,
        id: None,
        id_at: None,
        parent: None,
        policies: Vec::new(),
        policies_at: None,
    };
    for (key, key_at, value) in map.entries() {
        match key {
            "id" => match unit_id(value) {
                Ok(id) => {
                    unit.id = Some(id.to_owned());
                    unit.id_at = Some(crate::layer::place(value.file(), value.at()));
                }
                Err(error) => errors.push(error),
            },
            "parent" => match value.string() {
                Ok(parent) => unit.parent = Some(UnitName { name: parent.to_owned(), at: value.at() }),
                Err(error) => errors.push(error),
            },
            "policies" => {
                unit.policies = policies(value, errors);
                unit.policies_at = Some(key_at);
            }
            _ => errors.push(
                YamlError::new(value.file(), key_at, format!("key {} is not known", quoted(key)))
                    .with_hint(did_you_mean(key, "keys", UNIT_KEYS)),
            ),
        }
    }
    Some(unit)
}

/// Where a unit's id stands in the file.
fn id_mark(unit: &OrganizationalUnit) -> Mark {
    unit.id_at.as_ref().map_or(unit.at, |place| Mark { line: place.line, column: place.column })
}

fn unique_ids(units: &Units, file: &str, errors: &mut Vec<YamlError>) {
    let mut in_order: Vec<&OrganizationalUnit> = units.values().filter(|unit| unit.id.is_some()).collect();
    in_order.sort_by_key(|unit| unit.at);
    let mut owners: BTreeMap<&str, Mark> = BTreeMap::new();
    for unit in in_order {
        let (Some(id), at) = (unit.id.as_deref(), id_mark(unit)) else { continue };
        match owners.get(id) {
            Some(first) => {
                errors.push(YamlError::new(file, at, format!("id `{id}` is that of the unit at {first} already")));
            }
            None => {
                owners.insert(id, at);
            }
        }
    }
}

/// Checks that the units make one tree: one root without a parent, every parent there, no cycle, not too deep, no two
/// names side by side that differ in case alone.
fn tree(units: &Units, file: &str, errors: &mut Vec<YamlError>) {
    roots(units, file, errors);
    parents(units, file, errors);
    depths(units, file, errors);
    siblings(units, file, errors);
}

fn roots(units: &Units, file: &str, errors: &mut Vec<YamlError>) {
    let mut roots: Vec<&OrganizationalUnit> = units.values().filter(|unit| unit.is_root()).collect();
    roots.sort_by_key(|unit| unit.at);
    if let [first, rest @ ..] = roots.as_slice() {
        for unit in rest {
            let message = format!(
                "{} is a second root: {} at {} is one already",
                quoted(&unit.name),
                quoted(&first.name),
                first.at
            );
            errors.push(YamlError::new(file, unit.at, message).with_hint("an organization has one root"));
        }
        for unit in &roots {
            if let Some(parent) = &unit.parent {
                let message = format!("{} is the root and has no `parent`", quoted(&unit.name));
                errors.push(YamlError::new(file, parent.at, message).with_hint("leave the key out"));
            }
        }
        if let Some(id) = roots.iter().find_map(|unit| unit.id.as_deref().filter(|id| !id.starts_with("r-"))) {
            let message = format!("`root` is the name of the root, and `{id}` is the id of another unit");
            let at = units.get(ROOT).map_or(first.at, id_mark);
            errors.push(YamlError::new(file, at, message).with_hint("the id of the root looks like `r-ab12`"));
        }
    }
}

fn parents(units: &Units, file: &str, errors: &mut Vec<YamlError>) {
    for unit in units.values() {
        let Some(parent) = &unit.parent else { continue };
        if parent.name != ROOT && !units.contains_key(&parent.name) {
            let known = units.keys().map(String::as_str).filter(|name| *name != unit.name);
            errors.push(
                YamlError::new(file, parent.at, format!("organizational unit {} is not defined", quoted(&parent.name)))
                    .with_hint(did_you_mean(&parent.name, "units", known)),
            );
        }
    }
}

fn depths(units: &Units, file: &str, errors: &mut Vec<YamlError>) {
    let mut told = BTreeSet::new();
    for unit in units.values() {
        match path(units, &unit.name) {
            Ok(names) if names.len() > UNIT_DEPTH_MAX + 1 => {
                let depth = names.len() - 1;
                let message = format!("organizational unit {} is {depth} levels below the root", quoted(&unit.name));
                let at = unit.parent.as_ref().map_or(unit.at, |parent| parent.at);
                errors.push(
                    YamlError::new(file, at, message)
                        .with_hint(format!("Organizations nests units at most {UNIT_DEPTH_MAX} levels deep")),
                );
            }
            Ok(_) => {}
            Err(cycle) => {
                // Told once for the cycle, not for each unit on it or below it. Its first name stands at its end again.
                let round = cycle.split_last().map_or(&[][..], |(_, round)| round);
                if round.iter().filter(|name| !told.insert(**name)).count() > 0 {
                    continue;
                }
                let first = cycle.iter().filter_map(|name| units.get(*name)).min_by_key(|unit| unit.at);
                let Some(first) = first else { continue };
                let names: Vec<String> = cycle.iter().map(|name| quoted(name)).collect();
                let at = first.parent.as_ref().map_or(first.at, |parent| parent.at);
                let message = format!("organizational units lie inside each other: {}", names.join(" in "));
                errors.push(YamlError::new(file, at, message).with_hint("give one of them another `parent`"));
            }
        }
    }
}

/// People and some tools read names without case, so two siblings that differ in nothing else are refused.
fn siblings(units: &Units, file: &str, errors: &mut Vec<YamlError>) {
    let mut in_order: Vec<&OrganizationalUnit> = units.values().collect();
    in_order.sort_by_key(|unit| unit.at);
    let mut seen: BTreeMap<(Option<&str>, String), &OrganizationalUnit> = BTreeMap::new();
    for unit in in_order {
        let key = (parent(units, &unit.name), unit.name.to_lowercase());
        match seen.get(&key) {
            Some(first) => {
                let (name, other) = (quoted(&unit.name), quoted(&first.name));
                let message = format!(
                    "organizational unit {name} differs from its sibling {other} at {} in case alone",
                    first.at
                );
                errors.push(YamlError::new(file, unit.at, message).with_hint("give it a name of its own"));
            }
            None => {
                seen.insert(key, unit);
            }
        }
    }
}

/// The name of the root: that of its entry, or `root` where none is there.
pub(crate) fn root(units: &Units) -> &str {
    units.values().find(|unit| unit.is_root()).map_or(ROOT, |unit| unit.name.as_str())
}

/// The name of the unit right above one; none for the root and for a unit that is not there.
pub(crate) fn parent<'a>(units: &'a Units, name: &str) -> Option<&'a str> {
    let unit = units.get(name)?;
    if unit.is_root() {
        return None;
    }
    match &unit.parent {
        Some(parent) if parent.name != ROOT => Some(&parent.name),
        Some(_) | None => Some(root(units)),
    }
}

/// The names from the root down to the unit itself.
///
/// # Errors
/// The names of a cycle of units, each inside the next, the first one repeated at the end.
pub(crate) fn path<'a>(units: &'a Units, name: &'a str) -> Result<Vec<&'a str>, Vec<&'a str>> {
    let mut names = vec![name];
    let mut last = name;
    while let Some(above) = parent(units, last) {
        if let Some(start) = names.iter().position(|name| *name == above) {
            let mut cycle = names.split_off(start);
            cycle.push(above);
            return Err(cycle);
        }
        names.push(above);
        last = above;
    }
    names.reverse();
    Ok(names)
}

/// Whether a text is the id of a unit (`ou-ab12-cd34ef56`) or of the root (`r-ab12`).
pub(crate) fn is_unit_id(text: &str) -> bool {
    let part = |part: &str, least: usize| {
        (least..=32).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let parts: Vec<&str> = text.split('-').collect();
    match parts.as_slice() {
        ["ou", root, unit] => part(root, 4) && part(unit, 8),
        ["r", root] => part(root, 4),
        _ => false,
    }
}

pub(crate) fn unit_id<'a>(field: Field<'a>) -> Result<&'a str, YamlError> {
    let text = field.string()?;
    if is_unit_id(text) {
        return Ok(text);
    }
    Err(field
        .must(format_args!("be the id of an organizational unit, found {}", quoted(text)))
        .with_hint("ids look like `ou-ab12-cd34ef56`, that of the root like `r-ab12`"))
}

/// Reads a list of policy names, appending everything that is wrong. How many may be attached is a quota of AWS that
/// can be raised, so it is not checked here.
pub(crate) fn policies(field: Field<'_>, errors: &mut Vec<YamlError>) -> Vec<PolicyName> {
    let items = match field.items() {
        Ok(items) => items,
        Err(error) => {
            errors.push(error);
            return Vec::new();
        }
    };
    let mut policies: Vec<PolicyName> = Vec::new();
    let mut seen = BTreeSet::new();
    for item in items {
        match item.string() {
            Err(error) => errors.push(error),
            Ok(name) if !is_policy_name(name) => errors.push(
                item.error(format!("{} is not a policy name", quoted(name)))
                    .with_hint("letters, digits and `_+=,.@-`, at most 128, no dot in front"),
            ),
            Ok(name) if !seen.insert(name) => {
                errors.push(item.error(format!("policy {} stands twice in the list", quoted(name))));
            }
            Ok(name) => policies.push(PolicyName { name: name.to_owned(), at: item.at() }),
        }
    }
    policies
}

/// Policy names are also file names in the folder of policies, so they carry no slash and hide no file.
pub(crate) fn is_policy_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && !name.starts_with('.')
        && name.chars().all(|char| char.is_ascii_alphanumeric() || "_+=,.@-".contains(char))
}

#[cfg(test)]
#[path = "units_tests.rs"]
mod tests;
