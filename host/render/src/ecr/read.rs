//! The file that describes repositories, read strictly: everything that is wrong is told at once.

use crate::finding::place;
use crate::limits::{LIFECYCLE_DAYS_MAX, LIFECYCLE_RULES_MAX, TAGS_MAX};
use crate::names::{is_repository, is_tag_prefix, tag_fault};
use crate::options::keep;
use reeve_model::Place;
use reeve_yaml::{Document, Field, Mark, Value, YamlError, quoted};
use std::collections::BTreeMap;

/// One repository as it is asked for.
#[derive(Debug)]
pub(crate) struct Repository {
    pub(crate) name: String,
    pub(crate) rules: Vec<Rule>,
    pub(crate) pull: Option<Pull>,
    /// Keys and values, in the order of the file.
    pub(crate) tags: Vec<(String, String)>,
}

/// When images are expired.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) images: Images,
    pub(crate) days: u32,
    pub(crate) place: Place,
}

/// Which images a rule is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Images {
    Untagged,
    /// Those with a tag that begins so.
    Tagged(String),
}

/// Who may pull. One of the lists may be empty, which stands for any.
#[derive(Debug)]
pub(crate) struct Pull {
    pub(crate) classes: Vec<Word>,
    pub(crate) services: Vec<Word>,
    pub(crate) place: Place,
}

/// A word and where it stands.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) place: Place,
}

/// The key of the rule for images without a tag.
const UNTAGGED: &str = "untagged";

/// Reads a list of repositories.
pub(crate) fn repositories(file: &str, text: &str) -> Result<Vec<Repository>, Vec<YamlError>> {
    let document = Document::parse(file, text).map_err(|error| vec![error])?;
    let items = document.root().items().map_err(|error| vec![error])?;
    let mut errors = Vec::new();
    let mut repositories = Vec::new();
    let mut seen: BTreeMap<String, Mark> = BTreeMap::new();
    for item in items {
        let Some(repository) = repository(item, &mut errors) else { continue };
        if let Some(first) = seen.insert(repository.name.clone(), item.at()) {
            let message = format!("repository {} is described at {first} already", quoted(&repository.name));
            errors.push(item.error(message));
        }
        repositories.push(repository);
    }
    errors.sort_by_key(YamlError::at);
    if errors.is_empty() { Ok(repositories) } else { Err(errors) }
}

fn repository(field: Field<'_>, errors: &mut Vec<YamlError>) -> Option<Repository> {
    let mut map = keep(field.mapping(), errors)?;
    let name = keep(map.required("name").and_then(name), errors);
    let rules = map.optional("policies").map(|field| rules(field, errors)).unwrap_or_default();
    let pull = map.optional("permissions").and_then(|field| permissions(field, errors));
    let tags = map.optional("repository-tags").map(|field| tags(field, errors)).unwrap_or_default();
    errors.extend(map.unknown_keys());
    Some(Repository { name: name?, rules, pull, tags })
}

fn name(field: Field<'_>) -> Result<String, YamlError> {
    let text = field.string()?;
    if is_repository(text) {
        return Ok(text.to_owned());
    }
    let error = field.must(format_args!("be the name of a repository, found {}", quoted(text)));
    Err(error.with_hint("2 to 256 lower-case letters and digits, with single `.`, `_`, `-` and `/` between them"))
}

/// A list of mappings with one key each, as in `- dev-: "7 days"`.
fn rules(field: Field<'_>, errors: &mut Vec<YamlError>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for item in keep(field.items(), errors).unwrap_or_default() {
        let Some(map) = keep(item.mapping(), errors) else { continue };
        let entries: Vec<_> = map.entries().collect();
        let [(key, at, value)] = entries.as_slice() else {
            errors.push(
                item.must("have one key").with_hint("a rule is `- dev-: \"7 days\"` or `- untagged: \"7 days\"`"),
            );
            continue;
        };
        let days = keep(days(*value), errors);
        let images = match *key {
            UNTAGGED => Images::Untagged,
            prefix if is_tag_prefix(prefix) => Images::Tagged(prefix.to_owned()),
            other => {
                let message = format!("{} is no beginning of an image tag", quoted(other));
                let hint = "letters, digits and `._-`, at most 128, no dot or dash in front";
                errors.push(YamlError::new(item.file(), *at, message).with_hint(hint));
                continue;
            }
        };
        if rules.iter().any(|rule| rule.images == images) {
            let message = format!("there is a rule for {} already", quoted(key));
            errors.push(YamlError::new(item.file(), *at, message));
        } else if let Some(days) = days {
            rules.push(Rule { images, days, place: place(item.file(), *at) });
        }
    }
    if rules.len() > LIFECYCLE_RULES_MAX {
        errors.push(field.must(format_args!("have at most {LIFECYCLE_RULES_MAX} rules, found {}", rules.len())));
    }
    rules
}

/// `7 days`, `1 day`.
fn days(field: Field<'_>) -> Result<u32, YamlError> {
    let text = field.string()?;
    let digits = text.strip_suffix(" days").or_else(|| text.strip_suffix(" day")).unwrap_or_default();
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse::<u32>() {
        Ok(days) if plain && (1..=LIFECYCLE_DAYS_MAX).contains(&days) => Ok(days),
        _ => {
            let wanted = format!("be a number of days from 1 to {LIFECYCLE_DAYS_MAX}, found {}", quoted(text));
            Err(field.must(wanted).with_hint("such as `\"7 days\"`"))
        }
    }
}

fn permissions(field: Field<'_>, errors: &mut Vec<YamlError>) -> Option<Pull> {
    let mut map = keep(field.mapping(), errors)?;
    let pull = keep(map.required("pull"), errors).and_then(|field| pull(field, errors));
    errors.extend(map.unknown_keys());
    pull
}

fn pull(field: Field<'_>, errors: &mut Vec<YamlError>) -> Option<Pull> {
    let mut map = keep(field.mapping(), errors)?;
    let (accounts, services) = (map.optional("accounts"), map.optional("services"));
    if accounts.is_none() && services.is_none() {
        errors.push(map.error("who may pull is not said").with_hint("write `accounts`, `services` or both"));
    }
    let classes = accounts.map(|field| words(field, errors)).unwrap_or_default();
    let services = services.map(|field| words(field, errors)).unwrap_or_default();
    errors.extend(map.unknown_keys());
    Some(Pull { classes, services, place: place(field.file(), field.at()) })
}

/// One word or a list of at least one: an empty list could be read as nobody or as anybody.
fn words(field: Field<'_>, errors: &mut Vec<YamlError>) -> Vec<Word> {
    let fields = match &field.node().value {
        Value::Sequence(items) if items.is_empty() => {
            errors.push(field.must("name at least one"));
            return Vec::new();
        }
        Value::Sequence(_) => keep(field.items(), errors).unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String { .. } | Value::Mapping(_) => {
            vec![field]
        }
    };
    let mut words: Vec<Word> = Vec::new();
    for field in fields {
        let Some(text) = keep(field.string(), errors) else { continue };
        if text.is_empty() {
            errors.push(field.must("not be empty"));
        } else if words.iter().any(|word| word.text == text) {
            errors.push(field.error(format!("{} stands twice in the list", quoted(text))));
        } else {
            words.push(Word { text: text.to_owned(), place: place(field.file(), field.at()) });
        }
    }
    words
}

fn tags(field: Field<'_>, errors: &mut Vec<YamlError>) -> Vec<(String, String)> {
    let Some(map) = keep(field.mapping(), errors) else { return Vec::new() };
    let mut tags = Vec::new();
    for (key, at, value) in map.entries() {
        let Some(value) = keep(value.string(), errors) else { continue };
        if let Some(fault) = tag_fault(key, value) {
            errors.push(YamlError::new(field.file(), at, format!("tag {} {fault}", quoted(key))));
        }
        tags.push((key.to_owned(), value.to_owned()));
    }
    if tags.len() > TAGS_MAX {
        errors.push(field.must(format_args!("have at most {TAGS_MAX} tags, found {}", tags.len())));
    }
    tags
}
