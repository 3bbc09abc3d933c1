//! The organization as code: the project file and the files that it names, read from a tree.

pub mod live;

use crate::exit::Failure;
use crate::tree::Tree;
use reeve_accounts::{Accounts, Lock};
use reeve_config::{GateFile, ProjectFile, YamlError};
use reeve_model::{Finding, Place, Severity};
use reeve_plan::{GateRole, Naming, ScpFile, State};
use reeve_report::findings::Sources;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Ending of a policy document in the folder of policies.
const DOCUMENT_ENDING: &str = ".json";
/// Name under which findings of the project's own files are told.
const BY: &str = "project";

/// A project as one tree has it.
#[derive(Debug)]
pub struct Project {
    /// The project file.
    pub file: ProjectFile,
    /// The accounts, with the ids of the lock file.
    pub accounts: Accounts,
    /// The lock file.
    pub lock: Lock,
    /// Service control policies by name.
    pub scps: BTreeMap<String, ScpFile>,
    /// What each gate of the project file takes, in its order.
    pub gates: Vec<GateRole>,
    /// Roles that the gates assume in other accounts.
    pub roles: Vec<AssumedRole>,
    /// Which policies the gates name.
    pub gate_policies: Vec<GatePolicies>,
    /// What the files ask for.
    pub state: State,
}

/// A role that a gate assumes, and what it does there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumedRole {
    /// Its ARN; `{account}` stands for every account.
    pub arn: String,
    /// What it must be able to do.
    pub actions: &'static [&'static str],
}

/// Which policies a gate names.
#[derive(Debug, Clone)]
pub struct GatePolicies {
    /// The folder of the gate file, from that of the project.
    pub folder: String,
    /// Where the gate file says that policies are, from its own folder.
    pub policies_root: PathBuf,
    /// Their names, or their paths.
    pub names: Vec<String>,
}

/// What a gate file says, as far as projects must know.
struct ReadGate {
    role: GateRole,
    assumed: Vec<AssumedRole>,
    policies: GatePolicies,
}

/// What is done in the role of `REGISTER_HOST` (Systems Manager API reference).
const REGISTER_HOST_ACTIONS: &[&str] = &["ssm:SendCommand", "ssm:GetCommandInvocation", "ssm:ListCommands"];
/// What is read in the role of `roles.instance-facts`.
const INSTANCE_FACTS_ACTIONS: &[&str] = &["ssm:DescribeInstanceInformation"];
/// What is done in the role of `roles.delegation` (Route 53 API reference).
const DELEGATION_ACTIONS: &[&str] = &[
    "route53:ChangeResourceRecordSets",
    "route53:CreateHostedZone",
    "route53:GetChange",
    "route53:GetHostedZone",
    "route53:ListHostedZonesByName",
];

/// What came of reading a project.
#[derive(Debug)]
pub struct Loaded {
    /// The project; none when it cannot be read as a whole.
    pub project: Option<Project>,
    /// What is wrong with its files.
    pub findings: Vec<Finding>,
    /// The text of each file that was read, by its path from the root of the repository.
    pub texts: BTreeMap<String, String>,
}

impl Loaded {
    /// The project.
    ///
    /// # Errors
    /// What is wrong with its files.
    pub fn usable(self) -> Result<Project, Failure> {
        let told = |finding: &Finding| {
            let place = finding.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
            format!("{place}{}", finding.message)
        };
        let errors: Vec<String> = self.findings.iter().filter(|it| it.severity == Severity::Error).map(told).collect();
        match self.project {
            Some(project) if errors.is_empty() => Ok(project),
            _ => Err(Failure::new(errors.join("\n")).hint("`reeve check` tells more")),
        }
    }
}

/// Texts, as renderers of findings want them.
#[must_use]
pub fn sources(texts: &BTreeMap<String, String>) -> Sources {
    let mut sources = Sources::new();
    for (path, text) in texts {
        sources.insert(path.clone(), text.clone());
    }
    sources
}

/// The folder of a project file, and its name in there.
///
/// # Errors
/// When the path names no file.
pub fn located(path: &Path) -> Result<(PathBuf, String), Failure> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| Failure::new(format!("`{}` is not the path of a file", path.display())))?;
    let folder = match crate::wiring::folder(path) {
        folder if folder.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    };
    Ok((folder.to_owned(), name.to_owned()))
}

/// Reads the project file `name` and all that it names. `prefix` is the path from the root of the repository to the
/// project's folder: places of findings begin with it.
///
/// # Errors
/// When the project file is not there, or a file cannot be read.
pub fn load(tree: &Tree, name: &str, prefix: &str) -> Result<Loaded, Failure> {
    let mut reader = Reader { tree, prefix, findings: Vec::new(), texts: BTreeMap::new() };
    let text = reader.text(name)?.ok_or_else(|| {
        Failure::new(format!("there is no project file `{name}`"))
            .hint("write one (docs/files.md), or name it with `--project`")
    })?;
    let project = match ProjectFile::parse(&reader.shown(name), &text) {
        Ok(file) => reader.project(file)?,
        Err(error) => {
            reader.wrong(vec![error]);
            None
        }
    };
    Ok(Loaded { project, findings: reader.findings, texts: reader.texts })
}

/// An error of a file as a finding.
#[must_use]
pub fn finding(by: &str, error: &YamlError) -> Finding {
    let place = Place { file: error.file.clone(), line: error.line, column: error.column };
    let finding = Finding::new(by, "BAD_FILE", Severity::Error, error.message.clone()).at(place);
    match error.hint() {
        Some(hint) => finding.fix(hint),
        None => finding,
    }
}

struct Reader<'a> {
    tree: &'a Tree,
    prefix: &'a str,
    findings: Vec<Finding>,
    texts: BTreeMap<String, String>,
}

impl Reader<'_> {
    fn shown(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    fn text(&mut self, path: &str) -> Result<Option<String>, Failure> {
        let text = self.tree.text(path)?;
        if let Some(text) = &text {
            self.texts.insert(self.shown(path), text.clone());
        }
        Ok(text)
    }

    fn wrong(&mut self, errors: Vec<YamlError>) {
        self.findings.extend(errors.iter().map(|error| finding(BY, error)));
    }

    /// A file that the project file names and that is not there.
    fn missing(&mut self, place: Option<&str>, path: &str) {
        let message = format!("there is no file `{}`", path.escape_debug());
        let finding = Finding::new(BY, "MISSING_FILE", Severity::Error, message);
        self.findings.push(match place.and_then(place_of) {
            Some(place) => finding.at(place),
            None => finding,
        });
    }

    fn project(&mut self, file: ProjectFile) -> Result<Option<Project>, Failure> {
        let accounts = match self.text(&file.accounts)? {
            Some(text) => Accounts::parse(&self.shown(&file.accounts), &text).map_err(|errors| self.wrong(errors)).ok(),
            None => {
                self.missing(None, &file.accounts);
                None
            }
        };
        let lock_name = self.shown(&file.lock);
        let lock = match self.text(&file.lock)? {
            Some(text) => Lock::parse(&lock_name, &text).map_err(|errors| self.wrong(errors)).ok(),
            None => Some(Lock::new(&lock_name)),
        };
        let scps = self.scps(file.scps.as_deref())?;
        let gates = self.gates(&file)?;
        let (Some(accounts), Some(lock), Some(read)) = (accounts, lock, gates) else { return Ok(None) };
        let (mut gates, mut roles, mut gate_policies) = (Vec::new(), Vec::new(), Vec::new());
        for gate in read {
            gates.push(gate.role);
            roles.extend(gate.assumed);
            gate_policies.push(gate.policies);
        }
        roles.dedup();
        let (accounts, found) = accounts.with_lock(&lock);
        self.findings.extend(found);
        let naming = Naming { morgue: file.check.morgue.clone(), ..Naming::default() };
        match State::of_files(&accounts, &scps, &naming) {
            Ok(mut state) => {
                // Accounts are made in the management account alone; policies can be changed by a delegated one too.
                let manages = |gate: &&GateRole| gate.kinds.contains("CREATE_ACCOUNT");
                state.management_account = gates.iter().find(manages).map(|gate| gate.account.clone());
                Ok(Some(Project { file, accounts, lock, scps, gates, roles, gate_policies, state }))
            }
            Err(found) => {
                self.findings.extend(found);
                Ok(None)
            }
        }
    }

    fn scps(&mut self, folder: Option<&str>) -> Result<BTreeMap<String, ScpFile>, Failure> {
        let Some(folder) = folder else { return Ok(BTreeMap::new()) };
        let listed = self.tree.list(folder)?;
        let paths: Vec<String> = listed.into_iter().filter(|path| path.ends_with(DOCUMENT_ENDING)).collect();
        let mut scps: BTreeMap<String, ScpFile> = BTreeMap::new();
        for (path, text) in self.tree.texts(&paths)? {
            let stem = path.rsplit('/').next().unwrap_or_default();
            let name = stem.strip_suffix(DOCUMENT_ENDING).unwrap_or_default().to_owned();
            let shown = self.shown(&path);
            self.texts.insert(shown.clone(), text.clone());
            if let Some(other) = scps.get(&name) {
                let message = format!("policy `{}` is in `{}` already", name.escape_debug(), other.path.escape_debug());
                let place = Place { file: shown, line: 1, column: 1 };
                self.findings.push(Finding::new(BY, "DUPLICATE_POLICY", Severity::Error, message).at(place));
                continue;
            }
            scps.insert(name, ScpFile { path: shown, text });
        }
        Ok(scps)
    }

    /// The gates; none when a gate file cannot be read.
    fn gates(&mut self, file: &ProjectFile) -> Result<Option<Vec<ReadGate>>, Failure> {
        let mut gates = Vec::new();
        let mut all = true;
        for gate in &file.gates {
            let Some(text) = self.text(&gate.file)? else {
                self.missing(Some(&gate.place), &gate.file);
                all = false;
                continue;
            };
            let folder = gate.file.rsplit_once('/').map_or("", |(folder, _)| folder);
            let open = |name: &str| -> Result<Vec<u8>, String> {
                let path = beside(folder, name).ok_or_else(|| format!("`{name}` is outside the project"))?;
                let text = self.tree.text(&path).map_err(|failure| failure.to_string())?;
                text.map(String::into_bytes).ok_or_else(|| format!("there is no file `{path}`"))
            };
            match GateFile::parse(&self.shown(&gate.file), &text, &open) {
                Ok(parsed) => {
                    let policies = GatePolicies {
                        folder: folder.to_owned(),
                        policies_root: parsed.policies_root.clone(),
                        names: parsed.policies.iter().map(|(name, _)| name.clone()).collect(),
                    };
                    gates.push(ReadGate { role: role(&gate.name, &parsed), assumed: assumed(&parsed), policies });
                }
                Err(error) => {
                    self.wrong(vec![error]);
                    all = false;
                }
            }
        }
        Ok(all.then_some(gates))
    }
}

/// A relative path from a folder of the tree; none when it leaves the tree.
fn beside(folder: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What a gate file says that planning must know.
fn role(name: &str, gate: &GateFile) -> GateRole {
    let settings = |kind: &str| gate.whole.as_object()?.get("kinds")?.as_object()?.get(kind)?.as_object();
    let text = |kind: &str, key: &str| settings(kind)?.get(key)?.as_str().map(str::to_owned);
    let forwards = || settings("CREATE_ACCOUNT")?.get("forward-bus")?.as_object()?.get("bus")?.as_str();
    GateRole {
        name: name.to_owned(),
        account: gate.account.clone(),
        region: gate.region.clone(),
        kinds: gate.kinds.iter().map(|route| route.kind.name().to_owned()).collect::<BTreeSet<_>>(),
        parameter_paths: text("PUT_PARAMETER", "path").into_iter().collect(),
        forwards: forwards().map(str::to_owned),
    }
}

/// The roles that a gate file names.
fn assumed(gate: &GateFile) -> Vec<AssumedRole> {
    let kinds = gate.whole.as_object().and_then(|whole| whole.get("kinds")?.as_object());
    let register = kinds.and_then(|kinds| kinds.get("REGISTER_HOST")?.as_object()?.get("role-arn")?.as_str());
    let roles = &gate.service.roles;
    let of_file = |role: &Option<reeve_config::RoleInAccount>| role.as_ref().map(|role| role.as_str().to_owned());
    [
        (register.map(str::to_owned), REGISTER_HOST_ACTIONS),
        (of_file(&roles.instance_facts), INSTANCE_FACTS_ACTIONS),
        (of_file(&roles.delegation), DELEGATION_ACTIONS),
    ]
    .into_iter()
    .filter_map(|(arn, actions)| Some(AssumedRole { arn: arn?, actions }))
    .collect()
}

/// `file:line:column` as a place.
pub(crate) fn place_of(text: &str) -> Option<Place> {
    let (rest, column) = text.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some(Place { file: file.to_owned(), line: line.parse().ok()?, column: column.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_followed_within_the_tree_alone() {
        for (folder, name, expected) in [
            ("gates/dns", "kind.json", Some("gates/dns/kind.json")),
            ("gates/dns", "../kind.json", Some("gates/kind.json")),
            ("", "./kind.json", Some("kind.json")),
            ("gates", "../../kind.json", None),
        ] {
            assert_eq!(beside(folder, name).as_deref(), expected, "{folder} {name}");
        }
    }
}
