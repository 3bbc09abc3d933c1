//! SSM parameters: for planning as they stand, for policies from a cache.
//!
//! A SecureString is never decrypted, and its ciphertext goes nowhere: the gate has no business with secrets.

use super::{Tokens, failed};
use crate::{Aws, Failure, Service};
use aws_sdk_ssm::types::ParameterType;
use reeve_accounts::DomainEntry;
use reeve_engine::FactError;
use reeve_kinds::Parameter;
use reeve_model::FactValue;
use std::collections::{BTreeMap, BTreeSet};

/// Most names of one GetParameters (Systems Manager API reference).
const NAMES_MAX: usize = 10;
/// Most parameters of one page of GetParametersByPath (same).
const PAGE_MAX: i32 = 10;
/// Most shards of one list: a thousand lists of 4 KiB are more than an event or a policy could hold.
const SHARDS_MAX: usize = 1_000;

/// A parameter and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    parameter: Parameter,
    version: i64,
}

/// A parameter, or the shards of one, as read for a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Read {
    /// There is none.
    Absent,
    /// One parameter.
    One(Stored),
    /// The parameters right below a path, by the last part of their name.
    Shards(BTreeMap<String, Stored>),
}

fn stored(parameter: &aws_sdk_ssm::types::Parameter, operation: &str) -> Result<(String, Stored), FactError> {
    let name = parameter.name().ok_or_else(|| Failure::garbled(operation, "name"))?.to_owned();
    let kind = parameter.r#type().ok_or_else(|| Failure::garbled(operation, "type"))?;
    let value = if *kind == ParameterType::SecureString {
        String::new()
    } else {
        parameter.value().ok_or_else(|| Failure::garbled(operation, "value"))?.to_owned()
    };
    let parameter_type = kind.as_str().to_owned();
    let version = parameter.version();
    Ok((name, Stored { parameter: Parameter { value, parameter_type }, version }))
}

/// Those of `names` that exist.
pub(super) async fn current(aws: &Aws, names: &BTreeSet<String>) -> Result<BTreeMap<String, Parameter>, FactError> {
    const OPERATION: &str = "GetParameters";
    let mut found = BTreeMap::new();
    let names: Vec<&String> = names.iter().collect();
    for ten in names.chunks(NAMES_MAX) {
        aws.spend(Service::Ssm, OPERATION).await;
        let asked = ten.iter().map(|name| (*name).clone()).collect();
        let call = aws.ssm().get_parameters().set_names(Some(asked)).with_decryption(false);
        let answer = call.send().await.map_err(failed(OPERATION))?;
        for parameter in answer.parameters() {
            let (name, stored) = stored(parameter, OPERATION)?;
            found.insert(name, stored.parameter);
        }
        let absent = answer.invalid_parameters();
        if let Some(name) = ten.iter().find(|name| !found.contains_key(**name) && !absent.contains(name)) {
            return Err(Failure::garbled(OPERATION, name).into());
        }
    }
    Ok(found)
}

/// What a policy needs: the parameter `name`, or, if it ends in `/`, every parameter right below it.
pub(super) async fn read(aws: &Aws, name: &str) -> Result<Read, FactError> {
    if let Some(path) = name.strip_suffix('/') { shards(aws, path).await } else { one(aws, name).await }
}

async fn one(aws: &Aws, name: &str) -> Result<Read, FactError> {
    const OPERATION: &str = "GetParameter";
    aws.spend(Service::Ssm, OPERATION).await;
    match aws.ssm().get_parameter().name(name).with_decryption(false).send().await {
        Ok(answer) => {
            let parameter = answer.parameter().ok_or_else(|| Failure::garbled(OPERATION, "parameter"))?;
            Ok(Read::One(stored(parameter, OPERATION)?.1))
        }
        Err(error) if crate::failure(&error).is("ParameterNotFound") => Ok(Read::Absent),
        Err(error) => Err(failed(OPERATION)(error)),
    }
}

async fn shards(aws: &Aws, path: &str) -> Result<Read, FactError> {
    let found = stored_below(aws, path).await?;
    Ok(if found.is_empty() { Read::Absent } else { Read::Shards(found) })
}

/// The parameters right below a path, by the last part of their names.
pub(super) async fn below(aws: &Aws, path: &str) -> Result<BTreeMap<String, Parameter>, FactError> {
    let found = stored_below(aws, path).await?;
    Ok(found.into_iter().map(|(shard, stored)| (shard, stored.parameter)).collect())
}

async fn stored_below(aws: &Aws, path: &str) -> Result<BTreeMap<String, Stored>, FactError> {
    const OPERATION: &str = "GetParametersByPath";
    let (mut found, mut tokens) = (BTreeMap::new(), Tokens::new(OPERATION));
    loop {
        aws.spend(Service::Ssm, OPERATION).await;
        let call = aws.ssm().get_parameters_by_path().path(path).recursive(false).with_decryption(false);
        let call = call.max_results(PAGE_MAX).set_next_token(tokens.current());
        let answer = call.send().await.map_err(failed(OPERATION))?;
        for parameter in answer.parameters() {
            let (name, stored) = stored(parameter, OPERATION)?;
            let shard = name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
            let shard = shard.ok_or_else(|| FactError(format!("{OPERATION}: `{}` is not below `{path}/`", name)))?;
            found.insert(shard.to_owned(), stored);
        }
        if found.len() > SHARDS_MAX {
            return Err(FactError(format!("`{path}/` has more than {SHARDS_MAX} parameters")));
        }
        if !tokens.advance(answer.next_token())? {
            return Ok(found);
        }
    }
}

/// A fact of what was read, and its source: the name with its versions, so that a receipt shows which was used.
pub(super) fn value(read: &Read, name: &str, list: bool, domains: bool) -> (FactValue, String) {
    let source = format!("ssm:{name}");
    let secret = |stored: &Stored| stored.parameter.parameter_type == ParameterType::SecureString.as_str();
    match read {
        Read::Absent => (FactValue::Missing(format!("there is no parameter `{name}`")), source),
        Read::One(stored) => {
            let source = format!("{source}:{}", stored.version);
            let value = if secret(stored) {
                FactValue::Invalid(format!("parameter `{name}` is a SecureString, which is not decrypted"))
            } else if list {
                texts(items(stored), domains)
            } else {
                FactValue::Text(stored.parameter.value.clone())
            };
            (value, source)
        }
        Read::Shards(shards) => {
            let ordered: Option<Vec<&Stored>> = (0..shards.len()).map(|at| shards.get(&at.to_string())).collect();
            let Some(ordered) = ordered else {
                let why = format!("the parameters below `{name}` are not numbered from 0 without a gap");
                return (FactValue::Invalid(why), source);
            };
            let versions: Vec<String> = ordered.iter().map(|stored| stored.version.to_string()).collect();
            let source = format!("{source}:{}", versions.join(","));
            let value = if ordered.iter().any(|stored| secret(stored)) {
                FactValue::Invalid(format!("a parameter below `{name}` is a SecureString, which is not decrypted"))
            } else if list {
                texts(ordered.into_iter().flat_map(items).collect(), domains)
            } else {
                FactValue::Invalid(format!("`{name}` is a path, and only a list can be in several parameters"))
            };
            (value, source)
        }
    }
}

fn items(stored: &Stored) -> Vec<String> {
    stored.parameter.value.split(',').map(str::to_owned).collect()
}

fn texts(items: Vec<String>, domains: bool) -> FactValue {
    match DomainEntry::check_list(&items) {
        Err(why) if domains => FactValue::Invalid(why),
        Err(_) | Ok(()) => FactValue::Texts(items),
    }
}
