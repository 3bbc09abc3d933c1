//! `reeve policy test`.

use crate::asks::Asking;
use crate::exit::{Exit, Failure};
use crate::loader::Loader;
use crate::ui::Ui;
use crate::{Outcome, tables, wiring};
use anyhow::Context;
use clap::Args;
use reeve_config::{Case, CaseVerdict, PolicyFile};
use reeve_engine::{
    Ask, AskedPolicy, Brakes, Delivery, FactError, FactNeed, FactSource, Facts, Gate, Guarded, Policies, Policy,
    PolicyDigests, PolicySet, Route, Story,
};
use reeve_json::{Object, Value};
use reeve_kinds::{Need, World};
use reeve_local::fact_of_json;
use reeve_model::{AccountId, Answer, Digest, Fact, FactValue, Mode, Sender, Timestamp};
use reeve_report::{Role, grouped};
use reeve_sandbox::{Datasets, Sandbox};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The moment as of which every case is judged.
const CASE_TIME: &str = "2026-01-01T00:00:00Z";
/// The account of the gate in which cases are judged.
const CASE_GATE_ACCOUNT: &str = "000000000000";

/// Run the cases of policies against their plugins
///
/// A case is a request and the verdict that the policy must give: `cases/*.yaml` beside `policy.yaml`. It runs the same
/// line as an event does, with the facts that the case states. Exit code 4 says that a case failed; a policy without
/// cases, or a filter that leaves none, is an error.
#[derive(Debug, Args)]
pub struct PolicyTestArgs {
    /// Policy folders, or folders that hold some
    #[arg(required = true)]
    folders: Vec<PathBuf>,

    /// Only cases whose file name or sentence holds this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// Form of the output
    #[arg(long, value_name = "FORM", default_value = "human")]
    format: super::run::Form,

    /// Show what plugins log, and the fuel of each case
    #[arg(long, short)]
    verbose: bool,
}

/// One case, run.
#[derive(Debug)]
pub struct CaseResult {
    /// Name of the policy.
    pub policy: String,
    /// The case file.
    pub file: String,
    /// What it shows.
    pub name: String,
    /// What came out otherwise than expected; empty when it passed.
    pub problems: Vec<String>,
    /// Fuel used; none when the policy was not asked.
    pub fuel: Option<u64>,
    /// Lines that the plugin logged.
    pub log: Vec<String>,
}

/// Runs the cases.
///
/// # Errors
/// When a folder holds no policy, a policy no case, or a file is wrong.
pub fn run(args: &PolicyTestArgs, ui: &Ui) -> Outcome {
    let loader = Loader::new()?;
    let mut folders = Vec::new();
    for folder in &args.folders {
        folders.extend(policy_folders(folder)?);
    }
    let (mut passed, mut failed) = (0_u64, 0_u64);
    for folder in folders {
        for result in cases(&folder, &loader, args.filter.as_deref())? {
            let good = result.problems.is_empty();
            *(if good { &mut passed } else { &mut failed }) += 1;
            let text = match args.format {
                super::run::Form::Human => human(&result, args.verbose, ui),
                super::run::Form::Json => format!("{}\n", reeve_json::compact(&Value::Object(json(&result)))),
            };
            ui.data(&text).context("failed to write to standard output")?;
        }
    }
    ui.note(&format!("{passed} passed, {failed} failed"));
    match (passed, failed) {
        (0, 0) => Err(Failure::new("no case was run: nothing was checked").hint("loosen `--filter`")),
        (_, 0) => Ok(Exit::Done),
        (_, _) => Ok(Exit::Findings),
    }
}

/// The folder itself if it is a policy, or the policies in it.
pub(crate) fn policy_folders(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if folder.join("policy.yaml").is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let entries = std::fs::read_dir(folder).with_context(|| format!("failed to read `{}`", folder.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<PathBuf> = paths.filter(|path| path.join("policy.yaml").is_file()).collect();
    found.sort();
    if found.is_empty() {
        return Err(Failure::new(format!("`{}` holds no policy", folder.display()))
            .hint("a policy is a folder with a `policy.yaml`"));
    }
    Ok(found)
}

/// Runs the cases of one policy folder, in the order of their file names.
///
/// # Errors
/// When the policy or a case is wrong, or there is no case.
pub fn cases(folder: &Path, loader: &Loader, filter: Option<&str>) -> Result<Vec<CaseResult>, Failure> {
    let mut policy = read(folder, loader, filter)?;
    let cases = std::mem::take(&mut policy.cases);
    cases.into_iter().map(|(shown, case)| one(&policy, &loader.once, case, shown)).collect()
}

/// A policy with its cases.
pub(crate) struct PolicyCases {
    /// The policy file.
    pub(crate) file: PolicyFile,
    /// Its settings.
    pub(crate) settings: Value,
    /// The bytes of its plugin.
    pub(crate) plugin: Vec<u8>,
    /// The cases, each with the name of its file.
    pub(crate) cases: Vec<(String, Case)>,
}

/// Reads a policy with those of its cases that the filter leaves.
///
/// # Errors
/// When the policy or a case is wrong, or there is no case.
pub(crate) fn read(folder: &Path, loader: &Loader, filter: Option<&str>) -> Result<PolicyCases, Failure> {
    let path = folder.join("policy.yaml");
    let file = PolicyFile::parse(&path.display().to_string(), &loader.read_text(&path)?)?;
    let (plugin, _) = wiring::plugin_bytes(folder, loader, &file)?;
    let settings = wiring::settings(folder, loader, &file)?;
    let cases_folder = folder.join("cases");
    let entries = std::fs::read_dir(&cases_folder).with_context(|| format!("policy `{}` has no cases", file.name))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|it| it == "yaml")).collect();
    paths.sort();
    if paths.is_empty() {
        return Err(Failure::new(format!("`{}` holds no case: nothing would be checked", cases_folder.display())));
    }
    let mut cases = Vec::new();
    for path in paths {
        let shown = path.display().to_string();
        let case = Case::parse(&shown, &loader.read_text(&path)?, CASE_TIME)?;
        if filter.is_none_or(|text| shown.contains(text) || case.name.contains(text)) {
            cases.push((shown, case));
        }
    }
    Ok(PolicyCases { file, settings, plugin, cases })
}

/// A case, ready to be judged.
pub(crate) struct ReadyCase {
    gate: Gate,
    delivery: Delivery,
    now: Timestamp,
}

impl ReadyCase {
    /// Judges it.
    pub(crate) fn judge(&self) -> Story {
        self.gate.judge(&self.delivery, self.now)
    }
}

fn one(policy: &PolicyCases, sandbox: &Sandbox, case: Case, shown: String) -> Result<CaseResult, Failure> {
    let (name, expect) = (case.name.clone(), case.expect.clone());
    let load =
        |settings: &str, datasets| match sandbox.load(&policy.plugin, settings, datasets, wiring::limits(&policy.file))
        {
            Ok(plugin) => Asking::Loaded(Box::new(plugin)),
            Err(fault) => Asking::Faulty(fault),
        };
    let story = ready(policy, case, &shown, |settings, datasets| Arc::new(load(settings, datasets)))?.judge();
    let asked = story.policies.first();
    Ok(CaseResult {
        policy: policy.file.name.clone(),
        file: shown,
        name,
        problems: problems(&story, asked, &expect),
        fuel: asked.map(|asked| asked.answer.fuel),
        log: asked.map(|asked| asked.log.clone()).unwrap_or_default(),
    })
}

/// The gate and the delivery of a case, with the plugin that `load` makes of its settings and tables.
pub(crate) fn ready(
    PolicyCases { file, settings, plugin, .. }: &PolicyCases,
    case: Case,
    shown: &str,
    load: impl FnOnce(&str, Datasets) -> Arc<dyn Ask>,
) -> Result<ReadyCase, Failure> {
    let settings = reeve_json::canonical(case.settings.as_ref().unwrap_or(settings));
    let mut rows = case.datasets;
    let mut made = Vec::new();
    for (name, source) in &file.datasets {
        let (index, rows) = (tables::index_of(source.index()), rows.remove(name).unwrap_or_default());
        made.push((name.clone(), tables::table(name, index, rows)?));
    }
    if let Some(unknown) = rows.keys().next() {
        return Err(Failure::new(format!("{shown}: the policy has no dataset `{unknown}`")));
    }
    if let Some(unknown) = case.facts.keys().find(|name| file.needs.iter().all(|need| need.name != **name)) {
        return Err(Failure::new(format!("{shown}: the policy has no need `{unknown}`")));
    }
    let datasets = Datasets::new(made);
    let digests =
        PolicyDigests { plugin: Digest::of(plugin), settings: Digest::of(settings.as_bytes()), datasets: vec![] };
    let asking = load(&settings, datasets);
    let policy = Policy {
        id: file.name.clone(),
        kinds: None,
        mode: Mode::Enforce,
        needs: file.needs.clone(),
        digests,
        plugin: asking,
    };
    let broken = |what: &str| Failure::new(format!("{shown}: {what}"));
    let pattern = default_pattern(case.kind.as_ref()).map_err(|message| broken(&message))?;
    let gate = Gate {
        name: "case".to_owned(),
        account: AccountId::parse(CASE_GATE_ACCOUNT).ok_or_else(|| broken("the gate of cases has no account"))?,
        routes: vec![Route { kind: case.kind, pattern }],
        policies: Arc::new(Policies::new(PolicySet { digest: Digest::of(b""), policies: vec![policy] })),
        facts: Box::new(CaseFacts { sender: case.sender, facts: case.facts, world: case.world }),
        brakes: no_brakes(),
    };
    let body = reeve_json::canonical(&case.event).into_bytes();
    let delivery = Delivery { body, origin: shown.to_owned(), verified: case.verified, content_type: None };
    let now: Timestamp = CASE_TIME.parse().map_err(|_| broken("the moment of cases is malformed"))?;
    Ok(ReadyCase { gate, delivery, now })
}

fn default_pattern(kind: &dyn reeve_kinds::Kind) -> Result<reeve_pattern::Pattern, String> {
    reeve_pattern::Pattern::compile(&kind.default_pattern()).map_err(|error| error.to_string())
}

/// What the policy did, in the words of a case.
fn outcome(story: &Story, asked: Option<&AskedPolicy>) -> (CaseVerdict, BTreeSet<String>) {
    let Some(asked) = asked else {
        let codes = story.decision.reasons().iter().map(|(_, reason)| reason.code.clone());
        return (CaseVerdict::Refused, codes.collect());
    };
    match &asked.answer.answer {
        Answer::Verdict(verdict) => {
            let codes = verdict.reasons().iter().map(|reason| reason.code.clone()).collect();
            let word = match verdict {
                reeve_model::Verdict::Allow(_) => CaseVerdict::Allow,
                reeve_model::Verdict::Deny(_) => CaseVerdict::Deny,
                reeve_model::Verdict::Abstain(_) => CaseVerdict::Abstain,
            };
            (word, codes)
        }
        Answer::Error(_) => (CaseVerdict::Error, BTreeSet::new()),
        Answer::Fault(fault) => (CaseVerdict::Fault, BTreeSet::from([fault.as_str().to_owned()])),
    }
}

fn problems(story: &Story, asked: Option<&AskedPolicy>, expect: &reeve_config::Expect) -> Vec<String> {
    let (verdict, codes) = outcome(story, asked);
    let mut problems = Vec::new();
    if verdict != expect.verdict {
        problems.push(format!("expected {}, got {}", expect.verdict.as_str(), verdict.as_str()));
    }
    if let Some(expected) = &expect.reasons {
        let expected: BTreeSet<String> = expected.iter().cloned().collect();
        let list = |codes: &BTreeSet<String>| codes.iter().cloned().collect::<Vec<_>>().join(", ");
        if expected != codes {
            problems.push(format!("expected reasons [{}], got [{}]", list(&expected), list(&codes)));
        }
    }
    if let (Some(limit), Some(asked)) = (expect.fuel_below, asked)
        && asked.answer.fuel >= limit
    {
        let used = grouped(asked.answer.fuel);
        problems.push(format!("expected fuel below {}, used {used}", grouped(limit)));
    }
    if !problems.is_empty() {
        let reasons = story.decision.reasons().iter();
        problems.extend(reasons.map(|(by, reason)| format!("{} ({by}): {}", reason.code, reason.message)));
    }
    problems
}

fn human(result: &CaseResult, verbose: bool, ui: &Ui) -> String {
    let good = result.problems.is_empty();
    let word = if good { ui.paint().paint(Role::Good, "pass") } else { ui.paint().paint(Role::Bad, "FAIL") };
    let mut out = format!("{word} {}: {}\n", result.policy, result.name);
    if verbose && let Some(fuel) = result.fuel {
        out.push_str(&format!("     fuel {}\n", grouped(fuel)));
    }
    if verbose {
        result.log.iter().for_each(|line| out.push_str(&format!("     log: {line}\n")));
    }
    if !good {
        out.push_str(&format!("     {}\n", result.file));
        result.problems.iter().for_each(|problem| out.push_str(&format!("     {problem}\n")));
    }
    out
}

fn json(result: &CaseResult) -> Object {
    let mut object = Object::new();
    object.set("policy", result.policy.as_str());
    object.set("case", result.name.as_str());
    object.set("file", result.file.as_str());
    object.set("passed", result.problems.is_empty());
    object.set("problems", Value::array(result.problems.iter().map(String::as_str)));
    object.set("fuel", result.fuel.map(|fuel| i64::try_from(fuel).unwrap_or(i64::MAX)));
    object
}

/// A case is about its policy alone.
fn no_brakes() -> Brakes {
    Brakes {
        changes_per_request: u32::MAX,
        zone_share_percent: 100,
        allow: [Guarded::Apex, Guarded::Mx, Guarded::Caa].into(),
        ..Brakes::default()
    }
}

/// The facts that a case states.
#[derive(Debug)]
struct CaseFacts {
    sender: Sender,
    facts: BTreeMap<String, Value>,
    world: World,
}

impl Facts for CaseFacts {
    fn sender(&self, _account: &AccountId, verified: bool) -> Sender {
        Sender { verified, ..self.sender.clone() }
    }

    fn world(&self, _needs: &[Need]) -> Result<World, FactError> {
        Ok(self.world.clone())
    }

    fn fact(&self, _policy: &str, need: &FactNeed, _sender: &Sender) -> Result<Fact, FactError> {
        let domains = match &need.source {
            FactSource::Accounts { key } => key == "allowed_dns_domains",
            FactSource::Parameter { domains, .. } => *domains,
            FactSource::Organization => false,
        };
        let value = match self.facts.get(&need.name) {
            Some(value) => fact_of_json(value, domains),
            None => match (&need.source, &self.world.organization) {
                (FactSource::Organization, Some(organization)) => FactValue::Json(organization.to_json()),
                _ => FactValue::Missing("the case states none".to_owned()),
            },
        };
        Ok(Fact { name: need.name.clone(), value, source: "case".to_owned() })
    }
}
