//! The organizational units of the file and the policies attached to them.

use crate::schema::unit_fault;
use reeve_yaml::{Field, Mark, YamlError, did_you_mean, quoted};
use std::collections::BTreeMap;

/// A service control policy as a unit names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyName {
    /// The name: `[A-Za-z0-9_+=,.@-]`, 1 to 128 characters, no dot in front.
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
    /// The id, `ou-xxxx-xxxxxxxx` (or `r-xxxx` for the root), once known.
    pub id: Option<String>,
    /// The policies attached to it, in the order of the file.
    pub policies: Vec<PolicyName>,
}

/// The keys of a unit.
const UNIT_KEYS: [&str; 2] = ["id", "policies"];

/// Reads `OrganizationUnits`, appending everything that is wrong.
pub(crate) fn read(field: Field<'_>, errors: &mut Vec<YamlError>) -> BTreeMap<String, OrganizationalUnit> {
    let mut units = BTreeMap::new();
    let map = match field.mapping() {
        Ok(map) => map,
        Err(error) => {
            errors.push(error);
            return units;
        }
    };
    let mut ids: BTreeMap<&str, Mark> = BTreeMap::new();
    for (name, at, body) in map.entries() {
        if let Some(fault) = unit_fault(name) {
            let message = format!("organizational unit {} {fault}", quoted(name));
            errors.push(YamlError::new(field.file(), at, message));
        }
        let mut unit = OrganizationalUnit { name: name.to_owned(), at, id: None, policies: Vec::new() };
        let body = match body.mapping() {
            Ok(body) => body,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        for (key, key_at, value) in body.entries() {
            match key {
                "id" => match unit_id(value) {
                    Ok(id) => {
                        if let Some(first) = ids.insert(id, value.at()) {
                            errors.push(value.error(format!("id `{id}` is that of the unit at {first} already")));
                        }
                        unit.id = Some(id.to_owned());
                    }
                    Err(error) => errors.push(error),
                },
                "policies" => unit.policies = policies(value, errors),
                _ => errors.push(
                    YamlError::new(field.file(), key_at, format!("key {} is not known", quoted(key)))
                        .with_hint(did_you_mean(key, "keys", UNIT_KEYS)),
                ),
            }
        }
        units.insert(name.to_owned(), unit);
    }
    units
}

fn unit_id<'a>(field: Field<'a>) -> Result<&'a str, YamlError> {
    let text = field.string()?;
    let part = |part: &str, least: usize| {
        (least..=32).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let parts: Vec<&str> = text.split('-').collect();
    let shaped = match parts.as_slice() {
        ["ou", root, unit] => part(root, 4) && part(unit, 8),
        ["r", root] => part(root, 4),
        _ => false,
    };
    if shaped {
        return Ok(text);
    }
    Err(field
        .must(format_args!("be the id of an organizational unit, found {}", quoted(text)))
        .with_hint("ids look like `ou-ab12-cd34ef56`, that of the root like `r-ab12`"))
}

fn policies(field: Field<'_>, errors: &mut Vec<YamlError>) -> Vec<PolicyName> {
    let items = match field.items() {
        Ok(items) => items,
        Err(error) => {
            errors.push(error);
            return Vec::new();
        }
    };
    let mut policies: Vec<PolicyName> = Vec::new();
    for item in items {
        match item.string() {
            Err(error) => errors.push(error),
            Ok(name) if !is_policy_name(name) => errors.push(
                item.error(format!("{} is not a policy name", quoted(name)))
                    .with_hint("letters, digits and `_+=,.@-`, at most 128, no dot in front"),
            ),
            Ok(name) if policies.iter().any(|policy| policy.name == name) => {
                errors.push(item.error(format!("policy {} stands twice in the list", quoted(name))));
            }
            Ok(name) => policies.push(PolicyName { name: name.to_owned(), at: item.at() }),
        }
    }
    policies
}

/// Policy names are also file names in the folder of policies, so they carry no slash and hide no file.
fn is_policy_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && !name.starts_with('.')
        && name.chars().all(|char| char.is_ascii_alphanumeric() || "_+=,.@-".contains(char))
}

#[cfg(test)]
mod tests {
    use crate::Accounts;

    /// Every error as `file:line:column: message` and `-> hint`.
    #[track_caller]
    fn errors(text: &str) -> Vec<String> {
        let errors = Accounts::parse("a.yaml", text).expect_err(text);
        errors.iter().map(|error| error.hint().map_or(error.to_string(), |hint| format!("{error} -> {hint}"))).collect()
    }

    #[test]
    fn organizational_units_are_checked() {
        let ids = "ids look like `ou-ab12-cd34ef56`, that of the root like `r-ab12`";
        let names = "letters, digits and `_+=,.@-`, at most 128, no dot in front";
        let units = |body: &str| format!("Accounts: {{}}\nOrganizationUnits:\n  Dev: {body}\n");
        for (body, expected) in [
            ("~", "3:8: `Dev` must be a mapping, found null -> write `{}` for an empty mapping".to_owned()),
            ("{id: ou-1}", format!("3:13: `id` must be the id of an organizational unit, found `ou-1` -> {ids}")),
            (
                "{id: ou-ab12-CD34EF56}",
                format!("3:13: `id` must be the id of an organizational unit, found `ou-ab12-CD34EF56` -> {ids}"),
            ),
            ("{id: 5}", "3:13: `id` must be a string, found an integer -> put the value in quotes".to_owned()),
            (
                "{policies: x}",
                "3:19: `policies` must be a list, found a string -> put one item in brackets: `[item]`".to_owned(),
            ),
            ("{policies: [a, a]}", "3:23: policy `a` stands twice in the list".to_owned()),
            ("{policies: [a/b]}", format!("3:20: `a/b` is not a policy name -> {names}")),
            ("{policies: [.a]}", format!("3:20: `.a` is not a policy name -> {names}")),
            (
                "{policies: [1]}",
                "3:20: item 1 of `policies` must be a string, found an integer -> put the value in quotes".to_owned(),
            ),
            ("{policy: [a]}", "3:9: key `policy` is not known -> known keys: `id`, `policies`".to_owned()),
            (
                "{policie: [a]}",
                "3:9: key `policie` is not known -> did you mean `policies`? known keys: `id`, `policies`".to_owned(),
            ),
            (
                "{id: ou-ab12-cd34ef56}\n  Ops: {id: ou-ab12-cd34ef56}",
                "4:13: id `ou-ab12-cd34ef56` is that of the unit at 3:13 already".to_owned(),
            ),
            ("{}\n  ' Ops': {}", "4:3: organizational unit ` Ops` must be a name without spaces around it".to_owned()),
        ] {
            assert_eq!(errors(&units(body)), [format!("a.yaml:{expected}")], "{body}");
        }
        let long = format!("Accounts: {{}}\nOrganizationUnits:\n  {}: {{}}\n", "ü".repeat(129));
        assert!(errors(&long)[0].ends_with("is longer than 128 characters"));
        assert_eq!(
            errors("Accounts: {}\nOrganizationUnits: []\n"),
            ["a.yaml:2:20: `OrganizationUnits` must be a mapping, found a list"]
        );
    }
}
