//! `policy.yaml`: a plugin, its settings, the facts and tables it needs, and its limits.

use reeve_engine::{FactNeed, FactSource};
use reeve_json::Value;
use reeve_model::{Digest, Mode};
use reeve_yaml::{Document, Field, MapReader, YamlError};

/// Most fuel that a policy file may grant: about a minute of work.
pub const FUEL_MAX: i64 = 100_000_000_000;
/// Least and most that one call may copy out of a plugin, bytes: a reason, and what the sandbox allows anybody.
const REPLY_MIN_BYTES: u64 = 4 * 1_024;
/// See [`REPLY_MIN_BYTES`].
const REPLY_MAX_BYTES: u64 = 4 * 1_048_576;
/// Least memory that a policy file may grant, bytes: one page of wasm.
pub const MEMORY_MIN_BYTES: u64 = 65_536;
/// Most memory that a policy file may grant, bytes: what the pool reserves for a memory.
pub const MEMORY_MAX_BYTES: u64 = 256 * 1_048_576;
/// Stands for an account's id in the name of a parameter.
pub const SENDER: &str = "{sender.account}";
/// Longest name of a parameter, characters (AWS Systems Manager, `PutParameter`).
const PARAMETER_NAME_MAX: usize = 1_011;

/// Limits that the file states; what it leaves out is the sandbox's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PolicyLimits {
    /// Fuel of one evaluation.
    pub fuel: Option<u64>,
    /// Memories and tables, bytes.
    pub memory_bytes: Option<u64>,
    /// Wall clock of one call, milliseconds.
    pub timeout_ms: Option<u64>,
    /// What one call may copy out of the plugin, bytes.
    pub reply_bytes: Option<u64>,
}

/// Where the rows of a table come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatasetSource {
    /// The domains of every account of the accounts file, with their owners.
    AccountDomains,
    /// A file of rows: a key and values, separated by white space; `#` begins a comment.
    File {
        /// Path, relative to the policy file.
        path: String,
        /// `names`, `cidrs` or `strings`.
        index: &'static str,
    },
    /// Rows as in a file, in a parameter or, where the name ends in `/`, in those that are numbered from 0 right below it.
    Parameter {
        /// The parameter, or the path of several.
        name: String,
        /// `names`, `cidrs` or `strings`.
        index: &'static str,
        /// Where `ssm` stands, for errors: `file:line:column`.
        place: String,
    },
    /// The domains of every account, with their owners: each account's in a parameter of its own.
    ParameterDomains {
        /// The name, in which [`SENDER`] stands for an account's id. With `/` at its end, as [`Self::Parameter`].
        name: String,
        /// Where `ssm` stands, for errors: `file:line:column`.
        place: String,
    },
}

impl DatasetSource {
    /// How keys are read: `names`, `cidrs` or `strings`.
    #[must_use]
    pub fn index(&self) -> &'static str {
        match self {
            Self::AccountDomains | Self::ParameterDomains { .. } => "names",
            Self::File { index, .. } | Self::Parameter { index, .. } => index,
        }
    }

    /// The name of its parameters, if it is made of some.
    #[must_use]
    pub fn parameter(&self) -> Option<&str> {
        match self {
            Self::AccountDomains | Self::File { .. } => None,
            Self::Parameter { name, .. } | Self::ParameterDomains { name, .. } => Some(name),
        }
    }
}

/// What `policy.yaml` says. Paths are as written: relative to the file.
#[derive(Debug, Clone)]
pub struct PolicyFile {
    /// Name of the policy.
    pub name: String,
    /// The component.
    pub plugin: String,
    /// Where `plugin` stands, for errors: `file:line:column`.
    pub plugin_place: String,
    /// The component's digest, when the file pins it.
    pub digest: Option<Digest>,
    /// Kinds it judges; none means every kind of the gate.
    pub kinds: Option<Vec<String>>,
    /// Facts it needs, sorted by name.
    pub needs: Vec<FactNeed>,
    /// Tables it is granted, by name.
    pub datasets: Vec<(String, DatasetSource)>,
    /// Settings that stand in the file, as the plugin gets them.
    pub settings: Value,
    /// Settings that are the text of another file: the key, the path relative to the policy file, and its place.
    pub settings_files: Vec<(String, String, String)>,
    /// Whether it counts.
    pub mode: Mode,
    /// Limits.
    pub limits: PolicyLimits,
}

impl PolicyFile {
    /// Reads a policy file.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(file: &str, text: &str) -> Result<Self, YamlError> {
        let document = Document::parse(file, text)?;
        let mut map = document.root().mapping()?;
        let name = word(map.required("policy")?)?;
        let plugin = map.required("plugin")?;
        let digest = map.optional("digest").map(digest).transpose()?;
        let kinds = match map.optional("kinds") {
            None => None,
            Some(field) => Some(kinds(field)?),
        };
        let mut needs = Vec::new();
        if let Some(field) = map.optional("needs") {
            for (name, _, field) in field.mapping()?.entries() {
                needs.push(FactNeed { name: name.to_owned(), source: need(field)? });
            }
        }
        needs.sort_by(|a, b| a.name.cmp(&b.name));
        let mut datasets = Vec::new();
        if let Some(field) = map.optional("datasets") {
            for (name, _, field) in field.mapping()?.entries() {
                datasets.push((name.to_owned(), dataset(field)?));
            }
        }
        datasets.sort_by(|a, b| a.0.cmp(&b.0));
        let settings = match map.optional("settings") {
            None => Value::object::<&str, Value>([]),
            Some(field) => {
                if !matches!(field.node().value, reeve_yaml::Value::Mapping(_)) {
                    return Err(field.must("be a mapping"));
                }
                field.node().to_json()
            }
        };
        let settings_files = match map.optional("settings-files") {
            None => Vec::new(),
            Some(field) => settings_files(field, &settings)?,
        };
        let mode = map.optional("mode").map(|field| field.one_of(&["enforce", "monitor"])).transpose()?;
        let limits = map.optional("limits").map(|field| limits(field.mapping()?)).transpose()?.unwrap_or_default();
        map.finish()?;
        Ok(Self {
            name,
            plugin: plugin.string()?.to_owned(),
            plugin_place: place(plugin),
            digest,
            kinds,
            needs,
            datasets,
            settings,
            settings_files,
            mode: if mode == Some("monitor") { Mode::Monitor } else { Mode::Enforce },
            limits,
        })
    }
}

/// A name that is also a folder, a JSON key and a word in a log.
fn word(field: Field<'_>) -> Result<String, YamlError> {
    let text = field.string()?;
    let good = (1..=64).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && text != reeve_model::decision::HOST;
    if good { Ok(text.to_owned()) } else { Err(field.must("be a word of `a-z`, `0-9` and `-`, not `host`")) }
}

fn digest(field: Field<'_>) -> Result<Digest, YamlError> {
    Digest::parse(field.string()?).ok_or_else(|| field.must("be `sha256:` and 64 hexadecimal digits"))
}

fn kinds(field: Field<'_>) -> Result<Vec<String>, YamlError> {
    let kinds: Vec<String> = field.strings()?.into_iter().map(str::to_owned).collect();
    if kinds.is_empty() {
        return Err(field
            .error("`kinds` is empty: the policy would judge nothing")
            .with_hint("leave `kinds` out to judge every kind of the gate"));
    }
    Ok(kinds)
}

fn need(field: Field<'_>) -> Result<FactSource, YamlError> {
    let mut map = field.mapping()?;
    let (accounts, ssm) = (map.optional("accounts"), map.optional("ssm"));
    let organization =
        map.optional("organization").map(|field| field.one_of(&["service-control-policies"])).transpose()?;
    let list = map.optional("list").map(|field| field.one_of(&["texts", "domains"])).transpose()?;
    let source = match (accounts, ssm) {
        (None, None) if organization.is_some() && list.is_none() => FactSource::Organization,
        (_, _) if organization.is_some() => {
            return Err(field.error("a need has exactly one source"));
        }
        (Some(key), None) if list.is_none() => FactSource::Accounts { key: key.string()?.to_owned() },
        (None, Some(name)) => FactSource::Parameter {
            name: name.string()?.to_owned(),
            list: list.is_some(),
            domains: list == Some("domains"),
        },
        (_, _) => {
            return Err(field
                .error("a need has exactly one source")
                .with_hint("write `{ accounts: <key> }` or `{ ssm: \"/path/{sender.account}\", list: domains }`"));
        }
    };
    map.finish()?;
    Ok(source)
}

/// Keys of settings whose value is the text of a file.
fn settings_files(field: Field<'_>, settings: &Value) -> Result<Vec<(String, String, String)>, YamlError> {
    let mut files = Vec::new();
    for (key, at, path) in field.mapping()?.entries() {
        if settings.as_object().is_some_and(|object| object.get(key).is_some()) {
            return Err(YamlError::new(field.file(), at, format!("`{key}` is in `settings` already")));
        }
        files.push((key.to_owned(), path.string()?.to_owned(), place(path)));
    }
    Ok(files)
}

fn dataset(field: Field<'_>) -> Result<DatasetSource, YamlError> {
    let mut map = field.mapping()?;
    let (accounts, file, ssm) = (map.optional("accounts"), map.optional("file"), map.optional("ssm"));
    let index = map.optional("index").map(|field| field.one_of(&["names", "cidrs", "strings"])).transpose()?;
    let list = map.optional("list").map(|field| field.one_of(&["domains"])).transpose()?;
    let source = match (accounts, file, ssm, index, list) {
        (Some(key), None, None, None, None) => {
            key.one_of(&["allowed_dns_domains"])?;
            DatasetSource::AccountDomains
        }
        (None, Some(path), None, Some(index), None) => DatasetSource::File { path: path.string()?.to_owned(), index },
        (None, None, Some(ssm), Some(index), None) => {
            let name = ssm.string()?;
            if !parameter_name(name) {
                return Err(ssm
                    .must("be the name of a parameter, or a path that ends in `/`")
                    .with_hint(format!("a list of every account, with `{SENDER}` in the name, is `list: domains`")));
            }
            DatasetSource::Parameter { name: name.to_owned(), index, place: place(ssm) }
        }
        (None, None, Some(ssm), None, Some(_)) => {
            let name = ssm.string()?;
            if name.matches(SENDER).count() != 1 || !parameter_name(&name.replace(SENDER, "0")) {
                return Err(ssm
                    .must(format_args!("be the name of a parameter with `{SENDER}` in it, once"))
                    .with_hint("rows that are the same for every sender are `{ ssm: NAME, index: names }`"));
            }
            DatasetSource::ParameterDomains { name: name.to_owned(), place: place(ssm) }
        }
        (_, _, _, _, _) => {
            return Err(field.error("a dataset has exactly one source").with_hint(format!(
                "write `{{ accounts: allowed_dns_domains }}`, `{{ file: names.txt, index: names }}`, \
                 `{{ ssm: \"/path\", index: names }}` or `{{ ssm: \"/path/{SENDER}\", list: domains }}`"
            )));
        }
    };
    map.finish()?;
    Ok(source)
}

/// Whether Systems Manager takes this as a name, or as a path with `/` at its end (AWS Systems Manager, `PutParameter`).
fn parameter_name(name: &str) -> bool {
    let inner = name.strip_suffix('/').unwrap_or(name);
    (1..=PARAMETER_NAME_MAX).contains(&inner.len())
        && inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte))
        && (!name.contains('/') || name.starts_with('/'))
}

fn place(field: Field<'_>) -> String {
    format!("{}:{}", field.file(), field.at())
}

fn limits(mut map: MapReader<'_>) -> Result<PolicyLimits, YamlError> {
    let positive = |number: i64| u64::try_from(number).unwrap_or(0);
    let fuel = map.optional("fuel").map(|field| field.integer(1..=FUEL_MAX)).transpose()?.map(positive);
    let timeout_ms = map.optional("timeout-ms").map(|field| field.integer(1..=60_000)).transpose()?.map(positive);
    let memory_bytes = match map.optional("memory") {
        None => None,
        Some(field) => {
            let bytes = field.bytes()?;
            if !(MEMORY_MIN_BYTES..=MEMORY_MAX_BYTES).contains(&bytes) {
                return Err(field.must("be 64KiB to 256MiB"));
            }
            Some(bytes)
        }
    };
    let reply_bytes = match map.optional("reply") {
        None => None,
        Some(field) => {
            let bytes = field.bytes()?;
            if !(REPLY_MIN_BYTES..=REPLY_MAX_BYTES).contains(&bytes) {
                return Err(field.must("be 4KiB to 4MiB"));
            }
            Some(bytes)
        }
    };
    map.finish()?;
    Ok(PolicyLimits { fuel, memory_bytes, timeout_ms, reply_bytes })
}

#[cfg(test)]
mod tests;
