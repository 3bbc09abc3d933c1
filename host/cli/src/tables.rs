//! The tables of a policy, from the accounts file, files of rows and parameters.

use crate::exit::Failure;
use crate::loader::Loader;
use crate::parameters::{Asked, Parameters};
use reeve_accounts::{Accounts, DomainEntry, DomainScope};
use reeve_config::{DatasetSource, SENDER};
use reeve_kinds::Parameter;
use reeve_model::text::shown;
use reeve_sandbox::{Dataset, Index};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What tables are made of.
#[derive(Debug)]
pub struct Tables<'a> {
    /// The folder of the policy.
    pub folder: &'a Path,
    /// Reads files.
    pub loader: &'a Loader,
    /// The accounts file.
    pub accounts: &'a Accounts,
    /// Where parameters are read.
    pub parameters: &'a Parameters,
}

impl Tables<'_> {
    /// Makes a table.
    ///
    /// # Errors
    /// What cannot be read, is not there, or has no place in the table.
    pub fn make(&self, name: &str, source: &DatasetSource) -> Result<Dataset, Failure> {
        match source {
            DatasetSource::AccountDomains => table(name, Index::Names, owner_rows(self.accounts)),
            DatasetSource::File { path, index } => self.of_file(name, &self.folder.join(path), index_of(index)),
            DatasetSource::Parameter { name: parameter, index, place } => {
                self.of_parameter(name, parameter, index_of(index)).map_err(|failure| failure.at(place))
            }
            DatasetSource::ParameterDomains { name: parameter, place } => {
                self.of_lists(name, parameter).map_err(|failure| failure.at(place))
            }
        }
    }

    fn of_file(&self, name: &str, path: &Path, index: Index) -> Result<Dataset, Failure> {
        let text = self.loader.read_text(path)?;
        if let Some((number, key)) = lonely_key(text.lines()) {
            let key = shown(key, SHOWN_CHARS_MAX);
            let message = format!("{}:{number}:1: `{key}` has no value", path.display());
            return Err(Failure::new(message).hint(ROW_HINT));
        }
        table(name, index, rows(text.lines()))
    }

    fn of_parameter(&self, name: &str, parameter: &str, index: Index) -> Result<Dataset, Failure> {
        let Some(found) = self.whole(parameter)? else { return table(name, index, [("", [""]); 0]) };
        if found.is_empty() {
            let place = self.parameters.place();
            return Err(Failure::new(format!("there is no parameter `{parameter}` {place}")));
        }
        let lines = || found.iter().flat_map(lines);
        if let Some((number, key)) = lonely_key(lines()) {
            let key = shown(key, SHOWN_CHARS_MAX);
            let message = format!("row {number} of parameter `{parameter}`: `{key}` has no value");
            return Err(Failure::new(message).hint(ROW_HINT));
        }
        table(name, index, rows(lines()))
    }

    /// Each account's domains, as its need of the same name would be read. One malformed domain voids the table, as it voids
    /// the accounts file, and so does one that two accounts have.
    fn of_lists(&self, name: &str, pattern: &str) -> Result<Dataset, Failure> {
        let parameter = |id: &str| pattern.replace(SENDER, id);
        let lists = self.lists(pattern)?;
        let mut owners: BTreeMap<DomainEntry, &str> = BTreeMap::new();
        for (id, list) in &lists {
            for item in list.iter().flat_map(|one| one.value.split(',')) {
                let told = |what: String| Failure::new(format!("parameter `{}`: {what}", parameter(id)));
                let entry = DomainEntry::parse(item).map_err(|why| told(shown(&why, SHOWN_CHARS_MAX)))?;
                let owner = *owners.entry(entry.clone()).or_insert(id);
                if owner != *id {
                    return Err(
                        told(format!("`{entry}` is in `{}` too", parameter(owner))).hint("a domain has one owner")
                    );
                }
            }
        }
        if owners.is_empty() && self.parameters.are_read() {
            let (file, place) = (self.accounts.file(), self.parameters.place());
            return Err(Failure::new(format!("no account of `{file}` has a parameter `{pattern}` {place}"))
                .hint("a table without a row protects nobody's domains: is the path right?"));
        }
        table(name, Index::Names, owners.into_iter().map(|(entry, id)| owner_row(entry, id)))
    }

    /// The parameters of each account's list, by its id.
    fn lists(&self, pattern: &str) -> Result<Vec<(&str, Vec<Parameter>)>, Failure> {
        let ids: Vec<&str> = self.accounts.iter().filter_map(|account| account.id()).collect();
        let parameter = |id: &str| pattern.replace(SENDER, id);
        if pattern.ends_with('/') {
            return ids.into_iter().map(|id| Ok((id, self.whole(&parameter(id))?.unwrap_or_default()))).collect();
        }
        // Ten names are one call.
        let names: BTreeSet<String> = ids.iter().map(|id| parameter(id)).collect();
        let mut found = self.parameters.read(&Asked::Named(names))?.unwrap_or_default();
        let list = |id| {
            let name = parameter(id);
            let list: Vec<Parameter> = found.remove(&name).into_iter().collect();
            list.iter().try_for_each(|it| readable(it, &name))?;
            Ok((id, list))
        };
        ids.into_iter().map(list).collect()
    }

    /// A parameter, or those that are numbered below a path, in order; empty when there is none, and nothing where
    /// parameters are not read.
    fn whole(&self, name: &str) -> Result<Option<Vec<Parameter>>, Failure> {
        let Some(path) = name.strip_suffix('/') else {
            let found = self.parameters.read(&Asked::Named(BTreeSet::from([name.to_owned()])))?;
            found.iter().flat_map(|found| found.values()).try_for_each(|it| readable(it, name))?;
            return Ok(found.map(|found| found.into_values().collect()));
        };
        let Some(mut found) = self.parameters.read(&Asked::Below(path.to_owned()))? else { return Ok(None) };
        let numbered: Option<Vec<Parameter>> =
            (0..found.len()).map(|number| found.remove(&number.to_string())).collect();
        let numbered = numbered.ok_or_else(|| {
            Failure::new(format!("the parameters below `{name}` are not numbered from 0 without a gap"))
        })?;
        numbered.iter().try_for_each(|it| readable(it, name))?;
        Ok(Some(numbered))
    }
}

/// Characters that a message shows of a key or an entry, which may be anybody's text: more than a DNS name has.
const SHOWN_CHARS_MAX: usize = 400;

/// Told of a row that is a key alone.
const ROW_HINT: &str = "a row is a key and at least one value, separated by spaces";

/// A table of a policy.
///
/// # Errors
/// When a row does not fit the index.
pub fn table<K, V, S>(name: &str, index: Index, rows: impl IntoIterator<Item = (K, V)>) -> Result<Dataset, Failure>
where
    K: AsRef<str>,
    V: AsRef<[S]>,
    S: AsRef<str>,
{
    let told = |error: reeve_sandbox::DatasetError| shown(&error.to_string(), SHOWN_CHARS_MAX);
    Dataset::new(index, rows).map_err(|error| Failure::new(format!("dataset `{name}`: {}", told(error))))
}

/// The index of that name; the policy file has checked the word.
#[must_use]
pub fn index_of(word: &str) -> Index {
    match word {
        "cidrs" => Index::Cidrs,
        "strings" => Index::Strings,
        _ => Index::Names,
    }
}

/// Every account's domains: the name, and `<account id> <scope>` for each owner.
fn owner_rows(accounts: &Accounts) -> Vec<(String, [String; 1])> {
    accounts.domain_owners().into_iter().map(|owner| owner_row(owner.entry, &owner.id)).collect()
}

fn owner_row(entry: DomainEntry, id: &str) -> (String, [String; 1]) {
    let scope = match entry.scope {
        DomainScope::Exact => "exact",
        DomainScope::Subtree => "subtree",
        DomainScope::Below => "below",
    };
    (entry.name, [format!("{id} {scope}")])
}

/// A secret is not decrypted for a table.
fn readable(parameter: &Parameter, name: &str) -> Result<(), Failure> {
    if parameter.parameter_type == "SecureString" {
        return Err(Failure::new(format!("parameter `{name}` is a SecureString, which is not decrypted")));
    }
    Ok(())
}

/// The rows of a parameter: its lines, and the items of a list.
fn lines(parameter: &Parameter) -> impl Iterator<Item = &str> {
    let list = parameter.parameter_type == "StringList";
    parameter.value.split(move |it| it == '\n' || (list && it == ','))
}

fn words(line: &str) -> std::str::SplitWhitespace<'_> {
    line.split('#').next().unwrap_or_default().split_whitespace()
}

/// The first row that is a key alone, with its number from 1.
fn lonely_key<'a>(lines: impl Iterator<Item = &'a str>) -> Option<(usize, &'a str)> {
    lines.enumerate().find_map(|(number, line)| {
        let mut words = words(line);
        let key = words.next()?;
        words.next().is_none().then_some((number + 1, key))
    })
}

/// A row a line: a key, and at least one value behind it. Row by row: a table of a million is not copied on its way.
fn rows<'a>(lines: impl Iterator<Item = &'a str>) -> impl Iterator<Item = (&'a str, Vec<&'a str>)> {
    lines.filter_map(|line| {
        let mut words = words(line);
        Some((words.next()?, words.collect()))
    })
}

#[cfg(test)]
#[path = "tables_tests.rs"]
mod tests;
