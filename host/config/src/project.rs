//! `reeve.yaml`: the organization as code, and what is to be checked before a merge.

use crate::arn;
use crate::service::{QueueUrl, queue};
use reeve_model::{AccountId, Region};
use reeve_yaml::{Document, Field, MapReader, Mark, Node, YamlError};
use std::collections::BTreeSet;

/// Most SCPs on one target when the file does not say (Organizations quotas since May 2026).
const ATTACH_MAX_DEFAULT: usize = 10;
/// Longest SCP when the file does not say, characters (Organizations quotas since May 2026).
const SIZE_QUOTA_CHARS_DEFAULT: usize = 10_240;
/// What a protected principal must be able to do when the file does not say: to get in, and to mend.
const PROTECTED_ACTIONS: [&str; 3] = ["sts:AssumeRole", "iam:GetRole", "iam:UpdateAssumeRolePolicy"];
/// `source` of the pipeline's events when the file does not say.
const SOURCE_DEFAULT: &str = "app.infra";

/// What `reeve.yaml` says. Paths are as written: relative to the folder of the file, with `/` between parts.
#[derive(Debug, Clone)]
pub struct ProjectFile {
    /// The accounts file.
    pub accounts: String,
    /// The lock file, which holds ids once AWS has given them. It may not exist yet.
    pub lock: String,
    /// The folder of service control policies, `<policy name>.json` each; none when there is none.
    pub scps: Option<String>,
    /// The folder of policies.
    pub policies: String,
    /// Gates by name, in the order of the file.
    pub gates: Vec<ProjectGate>,
    /// Who sends the requests; needed by `sync`, and by `check` to judge them.
    pub pipeline: Option<Pipeline>,
    /// What is checked before a merge.
    pub check: CheckFile,
    /// Documents that follow from the list of accounts, each for the document's own reader.
    pub render: Vec<Node>,
}

/// A gate that takes some of the requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectGate {
    /// Its name in this file.
    pub name: String,
    /// Its gate file.
    pub file: String,
    /// The bus that its requests are put on, an ARN; `sync` needs it.
    pub bus: Option<String>,
    /// ARN of the role in which the organization and parameters are read there; none reads with the credentials at hand.
    pub read_role: Option<String>,
    /// The policy of that bus, a file, for checks of who may ask.
    pub bus_policy: Option<String>,
    /// Where it stands, for errors: `file:line:column`.
    pub place: String,
}

/// Who sends the requests of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// The account that sends them.
    pub account: AccountId,
    /// The Region it sends from.
    pub region: Region,
    /// `source` of its events.
    pub source: String,
    /// The queue that replies come to; `sync` needs it.
    pub replies: Option<QueueUrl>,
}

/// What is checked before a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckFile {
    /// Policies that judge the changed files themselves, as a request of kind `MERGE`; each with its place.
    pub policies: Vec<(String, String)>,
    /// The file of waivers.
    pub waivers: Option<String>,
    /// The file of findings that stood before.
    pub baseline: Option<String>,
    /// Domains that e-mail addresses of accounts may be in; none means any.
    pub email_domains: Vec<String>,
    /// Tiers, the lowest first; none means that they are not compared.
    pub tiers: Vec<String>,
    /// The unit of closed accounts.
    pub morgue: Option<String>,
    /// Most policies on one target.
    pub attach_max: usize,
    /// Longest policy, characters.
    pub size_quota_chars: usize,
    /// Principals that no policy may lock out.
    pub protect: Vec<ProtectFile>,
    /// The AWS action table, as made by `cargo xtask actions`, wherever it lies; none leaves out what needs it.
    pub actions: Option<String>,
}

impl Default for CheckFile {
    fn default() -> Self {
        Self {
            policies: Vec::new(),
            waivers: None,
            baseline: None,
            email_domains: Vec::new(),
            tiers: Vec::new(),
            morgue: None,
            attach_max: ATTACH_MAX_DEFAULT,
            size_quota_chars: SIZE_QUOTA_CHARS_DEFAULT,
            protect: Vec::new(),
            actions: None,
        }
    }
}

/// A principal that no policy may lock out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectFile {
    /// ARN of the role or user, `*` for its account.
    pub principal: String,
    /// Names of the accounts it lives in; none means every account.
    pub accounts: Option<Vec<String>>,
    /// Actions that it must be able to do.
    pub actions: Vec<String>,
    /// Where it stands in the file.
    pub at: Mark,
}

impl ProjectFile {
    /// Reads a project file.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(file: &str, text: &str) -> Result<Self, YamlError> {
        let document = Document::parse(file, text)?;
        let mut map = document.root().mapping()?;
        let accounts = path(map.required("accounts")?)?;
        let lock = map.optional("lock").map(path).transpose()?;
        let scps = map.optional("scps").map(path).transpose()?;
        let policies = map.optional("policies").map(path).transpose()?;
        let gates = map.optional("gates").map(gates).transpose()?.unwrap_or_default();
        let pipeline = map.optional("pipeline").map(|field| pipeline(field.mapping()?)).transpose()?;
        let check = map.optional("check").map(|field| check(field.mapping()?)).transpose()?.unwrap_or_default();
        let render = match map.optional("render") {
            None => Vec::new(),
            Some(field) => field.items()?.into_iter().map(|item| item.node().clone()).collect(),
        };
        map.finish()?;
        Ok(Self {
            accounts,
            lock: lock.unwrap_or_else(|| "accounts.lock.yaml".to_owned()),
            scps,
            policies: policies.unwrap_or_else(|| "policies".to_owned()),
            gates,
            pipeline,
            check,
            render,
        })
    }
}

/// A path below the folder of the project file: it is looked up in git as well as on disk.
fn path(field: Field<'_>) -> Result<String, YamlError> {
    let text = field.string()?;
    let inside = text.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if inside && !text.contains('\\') {
        Ok(text.to_owned())
    } else {
        Err(field.must("be a path below this file's folder"))
    }
}

fn texts(field: Option<Field<'_>>) -> Result<Vec<String>, YamlError> {
    field.map_or(Ok(Vec::new()), |field| Ok(field.strings()?.into_iter().map(str::to_owned).collect()))
}

fn gates(field: Field<'_>) -> Result<Vec<ProjectGate>, YamlError> {
    let mut gates = Vec::new();
    for (name, at, field) in field.mapping()?.entries() {
        let mut map = field.mapping()?;
        gates.push(ProjectGate {
            name: name.to_owned(),
            file: path(map.required("file")?)?,
            bus: map.optional("bus").map(bus).transpose()?,
            read_role: map.optional("read-role").map(arn::role).transpose()?,
            bus_policy: map.optional("bus-policy").map(path).transpose()?,
            place: format!("{}:{at}", field.file()),
        });
        map.finish()?;
    }
    Ok(gates)
}

/// The bus of another account is named by its ARN.
fn bus(field: Field<'_>) -> Result<String, YamlError> {
    let bus = arn::bus(field)?;
    if bus.starts_with("arn:") { Ok(bus) } else { Err(field.must("be the ARN of an event bus")) }
}

fn pipeline(mut map: MapReader<'_>) -> Result<Pipeline, YamlError> {
    let account = map.required("account")?;
    let account = AccountId::parse(account.account_id()?).ok_or_else(|| account.must("be twelve digits"))?;
    let region = map.required("region")?;
    let region = Region::parse(region.string()?).ok_or_else(|| region.must("be the name of a Region"))?;
    let source = map.optional("source").map(|field| field.string()).transpose()?.unwrap_or(SOURCE_DEFAULT).to_owned();
    let replies = map.optional("replies").map(queue).transpose()?;
    map.finish()?;
    Ok(Pipeline { account, region, source, replies })
}

fn check(mut map: MapReader<'_>) -> Result<CheckFile, YamlError> {
    let defaults = CheckFile::default();
    let mut policies = Vec::new();
    for item in map.optional("policies").map(|field| field.items()).transpose()?.unwrap_or_default() {
        policies.push((item.string()?.to_owned(), format!("{}:{}", item.file(), item.at())));
    }
    let waivers = map.optional("waivers").map(path).transpose()?;
    let baseline = map.optional("baseline").map(path).transpose()?;
    let email_domains = texts(map.optional("email-domains"))?;
    let tiers_field = map.optional("tiers");
    let tiers = texts(tiers_field)?;
    if let Some(field) = tiers_field.filter(|_| tiers.iter().collect::<BTreeSet<_>>().len() != tiers.len()) {
        return Err(field.error("a tier is named twice"));
    }
    let morgue = map.optional("morgue").map(|field| field.string()).transpose()?.map(str::to_owned);
    let mut number = |key, max: i64, default: usize| match map.optional(key) {
        None => Ok(default),
        Some(field) => field.integer(1..=max).map(|number| usize::try_from(number).unwrap_or(default)),
    };
    let attach_max = number("attach-max", 1_000, defaults.attach_max)?;
    let size_quota_chars = number("size-quota-chars", 1_048_576, defaults.size_quota_chars)?;
    let protect = match map.optional("protect") {
        None => Vec::new(),
        Some(field) => field.items()?.into_iter().map(protect).collect::<Result<_, _>>()?,
    };
    let actions = map.optional("actions").map(|field| field.string()).transpose()?.map(str::to_owned);
    map.finish()?;
    Ok(CheckFile {
        policies,
        waivers,
        baseline,
        email_domains,
        tiers,
        morgue,
        attach_max,
        size_quota_chars,
        protect,
        actions,
    })
}

fn protect(field: Field<'_>) -> Result<ProtectFile, YamlError> {
    let at = field.at();
    let mut map = field.mapping()?;
    let principal = map.required("principal")?;
    let text = principal.string()?;
    let shaped =
        text.starts_with("arn:") && (text.contains(":role/") || text.contains(":user/")) && text.contains(":iam::");
    if !shaped {
        return Err(principal
            .must("be the ARN of a role or user")
            .with_hint("such as `arn:aws:iam::*:role/BreakGlass`; a session of a role is the role"));
    }
    let accounts = match map.optional("accounts") {
        None => None,
        Some(field) => Some(texts(Some(field))?),
    };
    let mut actions = texts(map.optional("actions"))?;
    if actions.is_empty() {
        actions = PROTECTED_ACTIONS.map(str::to_owned).to_vec();
    }
    map.finish()?;
    Ok(ProtectFile { principal: text.to_owned(), accounts, actions, at })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "\
accounts: accounts.yaml
scps: scps
gates:
  management:
    file: gates/management.yaml
    bus: arn:aws:events:ap-southeast-2:999988887777:event-bus/infra
    bus-policy: gates/bus.json
pipeline:
  account: \"777788889999\"
  region: ap-southeast-2
  replies: https://sqs.ap-southeast-2.amazonaws.com/777788889999/replies
check:
  policies: [scp-validation]
  tiers: [dev, standard]
  protect:
    - principal: arn:aws:iam::*:role/BreakGlass
      accounts: [foo]
render:
  - document: ecr
    output: rendered/ecr.json
    input: ecr.yaml
";

    #[test]
    fn a_whole_file_is_read() {
        let file = ProjectFile::parse("reeve.yaml", WHOLE).expect("good");
        assert_eq!((file.lock.as_str(), file.policies.as_str()), ("accounts.lock.yaml", "policies"));
        assert_eq!(file.gates[0].name, "management");
        assert_eq!(file.gates[0].place, "reeve.yaml:4:3");
        let pipeline = file.pipeline.expect("a pipeline");
        assert_eq!(
            (pipeline.source.as_str(), pipeline.replies.expect("a queue").name),
            ("app.infra", "replies".into())
        );
        assert_eq!(file.check.policies, [("scp-validation".to_owned(), "reeve.yaml:13:14".to_owned())]);
        assert_eq!(file.check.protect[0].actions.len(), PROTECTED_ACTIONS.len());
        assert_eq!(file.check.attach_max, ATTACH_MAX_DEFAULT);
        assert_eq!((file.render.len(), file.render[0].at), (1, Mark { line: 19, column: 5 }));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (from, to, expected) in [
            (
                "accounts: accounts.yaml",
                "accounts: ../a.yaml",
                "1:11: `accounts` must be a path below this file's folder",
            ),
            (
                "accounts: accounts.yaml",
                "accounts: /a.yaml",
                "1:11: `accounts` must be a path below this file's folder",
            ),
            ("scps: scps", "scpz: scps", "2:1: key `scpz` is not known"),
            (
                "arn:aws:events:ap-southeast-2:999988887777:event-bus/infra",
                "infra",
                "6:10: `bus` must be the ARN of an event bus",
            ),
            ("tiers: [dev, standard]", "tiers: [dev, dev]", "14:10: a tier is named twice"),
            ("arn:aws:iam::*:role/BreakGlass", "BreakGlass", "16:18: `principal` must be the ARN of a role or user"),
        ] {
            let error = ProjectFile::parse("reeve.yaml", &WHOLE.replace(from, to)).expect_err(to);
            assert!(error.to_string().starts_with(&format!("reeve.yaml:{expected}")), "{error}");
        }
    }
}
