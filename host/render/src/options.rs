//! What the project file says about one document: which it is, where it goes, what it is made of.

use crate::finding::place;
use crate::names;
use reeve_model::Place;
use reeve_yaml::{Field, MapReader, YamlError, did_you_mean, quoted};
use std::collections::BTreeMap;

/// The documents there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Document {
    /// `ecr`: repositories of container images.
    Ecr,
    /// `log-bucket`: the bucket policy of the logging account.
    LogBucket,
    /// `identity-access`: who may go from the identity account to which role of which account.
    IdentityAccess,
}

impl Document {
    /// Every document, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Ecr, Self::LogBucket, Self::IdentityAccess];

    /// Its word in the project file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ecr => "ecr",
            Self::LogBucket => "log-bucket",
            Self::IdentityAccess => "identity-access",
        }
    }
}

/// One document to render.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where the rendered text belongs: a path relative to the root of the repository, `/` between its parts.
    pub output: String,
    /// Where these options stand.
    pub place: Place,
    /// What is rendered.
    pub document: DocumentOptions,
}

/// What each document needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentOptions {
    /// Repositories of container images.
    Ecr(EcrOptions),
    /// The bucket policy of the logging account.
    LogBucket(LogBucketOptions),
    /// Who may go where; the accounts file says all of it.
    IdentityAccess,
}

/// Options of [`Document::Ecr`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcrOptions {
    /// The file that describes the repositories: a path relative to the root of the repository.
    pub input: String,
    /// What the classes of `permissions.pull.accounts` mean, by name.
    pub classes: BTreeMap<String, Class>,
}

/// A class of accounts: those with one of the scopes or one of the tiers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Class {
    /// Names of scopes of the accounts file, each with its place.
    pub scopes: Vec<(String, Place)>,
    /// Tiers of the accounts file, each with its place.
    pub tiers: Vec<(String, Place)>,
}

/// Options of [`Document::LogBucket`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogBucketOptions {
    /// The one role of the logging account that may change the bucket, with its path if it has one: `name`,
    /// `path/name`.
    pub role: String,
    /// Whose logs the bucket takes.
    pub senders: Senders,
}

/// Whose logs a bucket takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Senders {
    /// Those of the accounts with `use_cfr: true`, one by one.
    Accounts,
    /// Those of every account of the organization with this id, `o-…`.
    Organization(String),
}

impl Options {
    /// Reads one item of the list `render` of the project file. Paths are checked for their shape; nothing is opened.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn read(field: Field<'_>) -> Result<Self, Vec<YamlError>> {
        let mut errors = Vec::new();
        let mut map = field.mapping().map_err(|error| vec![error])?;
        let words = Document::ALL.map(Document::as_str);
        let document = match map.required("document").and_then(|field| field.one_of(&words)) {
            Ok(word) => Document::ALL.into_iter().find(|document| document.as_str() == word),
            // Which keys there may be depends on it.
            Err(error) => return Err(vec![error]),
        };
        let output = keep(map.required("output").and_then(path), &mut errors);
        let document = match document {
            Some(Document::Ecr) => ecr(&mut map, &mut errors).map(DocumentOptions::Ecr),
            Some(Document::LogBucket) => log_bucket(&mut map, &mut errors).map(DocumentOptions::LogBucket),
            Some(Document::IdentityAccess) => Some(DocumentOptions::IdentityAccess),
            None => None,
        };
        errors.extend(map.unknown_keys());
        match (output, document) {
            (Some(output), Some(document)) if errors.is_empty() => {
                Ok(Self { output, place: place(field.file(), field.at()), document })
            }
            _ => Err(errors),
        }
    }

    /// Which document it is.
    #[must_use]
    pub fn kind(&self) -> Document {
        match self.document {
            DocumentOptions::Ecr(_) => Document::Ecr,
            DocumentOptions::LogBucket(_) => Document::LogBucket,
            DocumentOptions::IdentityAccess => Document::IdentityAccess,
        }
    }

    /// The file whose text [`crate::render`] needs, if it needs one: a path relative to the root of the repository.
    #[must_use]
    pub fn input(&self) -> Option<&str> {
        match &self.document {
            DocumentOptions::Ecr(ecr) => Some(&ecr.input),
            DocumentOptions::LogBucket(_) | DocumentOptions::IdentityAccess => None,
        }
    }
}

/// Keeps an error aside, so that everything is told at once.
pub(crate) fn keep<T>(result: Result<T, YamlError>, errors: &mut Vec<YamlError>) -> Option<T> {
    result.map_err(|error| errors.push(error)).ok()
}

fn ecr(map: &mut MapReader<'_>, errors: &mut Vec<YamlError>) -> Option<EcrOptions> {
    let input = keep(map.required("input").and_then(path), errors);
    let mut classes = BTreeMap::new();
    if let Some(body) = map.optional("classes").and_then(|field| keep(field.mapping(), errors)) {
        for (name, _, field) in body.entries() {
            if let Some(class) = class(field, errors) {
                classes.insert(name.to_owned(), class);
            }
        }
    }
    Some(EcrOptions { input: input?, classes })
}

fn class(field: Field<'_>, errors: &mut Vec<YamlError>) -> Option<Class> {
    let mut map = keep(field.mapping(), errors)?;
    let mut names = |key: &'static str| -> Vec<(String, Place)> {
        let items = map.optional(key).and_then(|list| keep(list.items(), errors)).unwrap_or_default();
        let text = |item: Field<'_>| Some((keep(item.string(), errors)?.to_owned(), place(item.file(), item.at())));
        items.into_iter().filter_map(text).collect()
    };
    let class = Class { scopes: names("scopes"), tiers: names("tiers") };
    errors.extend(map.unknown_keys());
    if class == Class::default() {
        errors.push(field.must("name a scope or a tier").with_hint("such as `{ scopes: [dev] }`"));
    }
    Some(class)
}

fn log_bucket(map: &mut MapReader<'_>, errors: &mut Vec<YamlError>) -> Option<LogBucketOptions> {
    let role = keep(map.required("role").and_then(role), errors);
    let senders = match map.optional("organization") {
        None => Some(Senders::Accounts),
        Some(field) => keep(organization(field), errors).map(Senders::Organization),
    };
    Some(LogBucketOptions { role: role?, senders: senders? })
}

fn role(field: Field<'_>) -> Result<String, YamlError> {
    let text = field.string()?;
    if names::is_role_with_path(text) {
        return Ok(text.to_owned());
    }
    let hint = "the name alone, without `arn:…:role/`, behind its path if it has one";
    Err(field.must(format_args!("be the name of a role, found {}", quoted(text))).with_hint(hint))
}

/// `o-` and 10 to 32 lower-case letters or digits (Organizations API reference, Organization).
fn organization(field: Field<'_>) -> Result<String, YamlError> {
    let text = field.string()?;
    let good = text.strip_prefix("o-").is_some_and(|rest| {
        (10..=32).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    });
    if good {
        return Ok(text.to_owned());
    }
    let error = field.must(format_args!("be the id of an organization, found {}", quoted(text)));
    Err(error.with_hint("ids look like `o-abcdefghij`"))
}

/// A path that stays in the repository and means the same on every machine.
fn path(field: Field<'_>) -> Result<String, YamlError> {
    let text = field.string()?;
    let part = |part: &str| !matches!(part, "" | "." | "..");
    let good = text.split('/').all(part) && !text.contains(['\\', ':']) && !text.contains(char::is_control);
    if good {
        return Ok(text.to_owned());
    }
    let error = field.must(format_args!("be a path inside the repository, found {}", quoted(text)));
    Err(error.with_hint("parts with `/` between them, without `.` and `..`"))
}

/// The hint for a class that is not in the table.
pub(crate) fn class_hint(name: &str, options: &EcrOptions) -> String {
    let hint = did_you_mean(name, "classes", options.classes.keys().map(String::as_str));
    format!("{hint}; write in `classes` of the project file which scopes and tiers it means")
}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;
