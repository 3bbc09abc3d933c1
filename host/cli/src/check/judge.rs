//! Policies asked before a merge: about every request that the merge would lead to, and about every file it changes.

use super::place::in_policy;
use super::world;
use crate::exit::Failure;
use crate::loader::Loader;
use crate::parameters::Parameters;
use crate::project::Project;
use crate::wiring;
use reeve_config::Pipeline;
use reeve_engine::{Brakes, Delivery, Facts, Gate, Policies, Policy, PolicySet, Route, Story};
use reeve_json::Value;
use reeve_kinds::{Kind, Merge, World};
use reeve_local::RecordedFacts;
use reeve_model::{AccountId, Digest, Finding, Nonce, Place, Reason, Region, Severity, Timestamp};
use reeve_pattern::Pattern;
use reeve_plan::{Plan, PlannedRequest};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Name of the gate that judges merges, which is nobody's.
const MERGE_GATE: &str = "merge";
/// Account that a merge is asked from when the project file names no pipeline.
const MERGE_ACCOUNT: &str = "000000000000";
/// Region of a merge when the project file names no pipeline.
const MERGE_REGION: &str = "us-east-1";
/// Bytes of files in one request of kind `MERGE`: half of the largest event, since quotes and line breaks are escaped.
const MERGE_BYTES_MAX: usize = 500_000;

/// A file before and after a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// Path from the folder of the project.
    pub path: String,
    /// Text before; none for a new file.
    pub before: Option<String>,
    /// Text after; none for a removed file.
    pub after: Option<String>,
}

/// What a merge is judged on.
pub struct Bench<'a> {
    /// The project after the merge.
    pub project: &'a Project,
    /// The folder of the project.
    pub root: &'a Path,
    /// Path from the root of the repository to that folder.
    pub prefix: &'a str,
    /// What was, as the gates would read it.
    pub world: World,
    /// Texts of the files, by path from the root of the repository.
    pub texts: &'a BTreeMap<String, String>,
    /// Where plugins run, and which files are read.
    pub loader: &'a Loader,
    /// The moment of judging.
    pub now: Timestamp,
}

impl std::fmt::Debug for Bench<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bench").field("root", &self.root).finish_non_exhaustive()
    }
}

impl Bench<'_> {
    /// What the gates would say to the requests of a plan that are complete, each asked once those before it are made.
    #[must_use]
    pub fn requests(&self, plan: &Plan, gates: &mut BTreeMap<String, Gate>) -> Vec<Finding> {
        let requests: Vec<&PlannedRequest> = plan.requests.iter().filter(|request| request.ready()).collect();
        let Some(pipeline) = &self.project.file.pipeline else {
            let message =
                format!("{} requests are not judged: the project has no `pipeline` to ask them", requests.len());
            let finding = Finding::new("project", "NO_PIPELINE", Severity::Error, message);
            let finding = finding.fix("write `pipeline: { account, region }`");
            return if requests.is_empty() { Vec::new() } else { vec![finding] };
        };
        let mut findings = Vec::new();
        let mut world = self.world.clone();
        for request in requests {
            let role = self.project.gates.iter().find(|role| role.name == request.gate);
            // A gate that does not start is an error already.
            let (Some(role), Some(gate)) = (role, gates.get_mut(&request.gate)) else { continue };
            gate.facts = Box::new(self.facts(world.clone()));
            let body = event(pipeline, &request.kind, &role.region, &request.detail, self.now);
            let story = gate.judge(&delivery(&body, &request.id), self.now);
            if story.decision.permitted() {
                story.actions.iter().for_each(|planned| world::make(&mut world, &planned.action));
            }
            findings.extend(self.told(request, &story));
        }
        findings
    }

    fn facts(&self, world: World) -> RecordedFacts {
        RecordedFacts::new(Arc::new(self.project.accounts.clone()), Some(world), "the tree before the merge")
    }

    fn told(&self, request: &PlannedRequest, story: &Story) -> Vec<Finding> {
        let finding = |(policy, reason): &(String, Reason)| {
            let name = document_name(request, reason.at.as_deref());
            let place = name
                .and_then(|name| self.in_document(name, reason))
                .or_else(|| changed_place(request, reason.at.as_deref()))
                .or_else(|| request.place.clone());
            of_reason(policy, reason, place, name.unwrap_or(&request.id))
        };
        let mut findings: Vec<Finding> = story.decision.reasons().iter().map(finding).collect();
        if !story.decision.permitted() && findings.iter().all(|it| it.severity != Severity::Error) {
            let message = format!("the gate `{}` would deny this request", request.gate.escape_debug());
            findings.push(at(Finding::new("plan", "WOULD_BE_DENIED", Severity::Error, message), request.place.clone()));
        }
        findings
    }

    /// Where a reason about a stored document points in the file that people write: the value at the same JSON pointer.
    fn in_document(&self, policy: &str, reason: &Reason) -> Option<Place> {
        let file = self.project.scps.get(policy)?;
        let pointer = reason.extra.iter().find(|(name, _)| name == "pointer").map_or("", |(_, pointer)| pointer);
        Some(in_policy(&file.path, &file.text, pointer))
    }

    /// What the policies of the project file say to the changed files.
    ///
    /// # Errors
    /// When a policy cannot be loaded.
    pub fn files(&self, files: &[ChangedFile]) -> Result<Vec<Finding>, Failure> {
        let named = &self.project.file.check.policies;
        if named.is_empty() || files.is_empty() {
            return Ok(Vec::new());
        }
        let facts = self.facts(self.world.clone());
        let parameters = Parameters::recorded(&facts);
        let mut policies = Vec::new();
        for (name, place) in named {
            // As in a gate file: a name below the folder of policies, or a path.
            let folder = match name.contains('/') {
                true => self.root.join(name),
                false => self.root.join(&self.project.file.policies).join(name),
            };
            if !folder.join("policy.yaml").is_file() {
                return Err(Failure::new(format!("{place}: there is no policy `{}`", name.escape_debug())));
            }
            let loaded = wiring::policy(&folder, self.loader, &self.project.accounts, &parameters)?;
            policies.push(loaded.policy);
        }
        let gate = merge_gate(policies, Box::new(facts))?;
        let account = AccountId::parse(MERGE_ACCOUNT).ok_or_else(|| Failure::new("no account"))?;
        let region = Region::parse(MERGE_REGION).ok_or_else(|| Failure::new("no Region"))?;
        let nobody = Pipeline { account, region, source: "reeve.check".to_owned(), replies: None };
        let pipeline = self.project.file.pipeline.as_ref().unwrap_or(&nobody);
        let mut findings = Vec::new();
        for group in groups(files) {
            let detail = merge_detail(&group);
            let body = event(pipeline, Merge.name(), &pipeline.region, &detail, self.now);
            let story = gate.judge(&delivery(&body, "merge"), self.now);
            for (policy, reason) in story.decision.reasons() {
                // Nobody has to allow a merge: a policy that has nothing to say of these files is content.
                if policy == reeve_model::decision::HOST && reason.code == reeve_model::Code::NoAllow.as_str() {
                    continue;
                }
                let file = reason.at.as_deref().and_then(|at| file_at(&group, at));
                let place = file.map(|file| self.in_file(file, reason));
                let subject = file.map_or("merge", |file| file.path.as_str());
                findings.push(of_reason(policy, reason, place, subject));
            }
        }
        Ok(findings)
    }

    /// Line and column that the policy names, in the file that it names.
    fn in_file(&self, file: &ChangedFile, reason: &Reason) -> Place {
        let number = |name: &str| {
            let found = reason.extra.iter().find(|(key, _)| key == name);
            found.and_then(|(_, value)| value.parse::<u32>().ok()).filter(|&number| number > 0).unwrap_or(1)
        };
        Place { file: format!("{}{}", self.prefix, file.path), line: number("line"), column: number("column") }
    }
}

/// A gate that knows the kind `MERGE` alone.
fn merge_gate(policies: Vec<Policy>, facts: Box<dyn Facts>) -> Result<Gate, Failure> {
    let pattern = Pattern::compile(&Merge.default_pattern())
        .map_err(|error| Failure::new(format!("the pattern of `MERGE` is malformed: {}", error.message)))?;
    Ok(Gate {
        name: MERGE_GATE.to_owned(),
        account: AccountId::parse(MERGE_ACCOUNT).ok_or_else(|| Failure::new("the gate of merges has no account"))?,
        routes: vec![Route { kind: Box::new(Merge), pattern }],
        policies: Arc::new(Policies::new(PolicySet { digest: Digest::of(b""), policies })),
        facts,
        // A merge makes no change in AWS, whatever the number of its files.
        brakes: Brakes { changes_per_request: u32::MAX, ..Brakes::default() },
    })
}

/// The envelope that EventBridge would build around a request of the pipeline.
fn event(pipeline: &Pipeline, kind: &str, region: &Region, detail: &Value, now: Timestamp) -> Value {
    let nonce = detail.as_object().and_then(|it| it.get("nonce")?.as_str()).unwrap_or_default();
    Value::object([
        ("version", Value::from("0")),
        ("id", nonce.into()),
        ("detail-type", kind.into()),
        ("source", pipeline.source.as_str().into()),
        ("account", pipeline.account.as_str().into()),
        ("time", now.to_string().into()),
        ("region", region.as_str().into()),
        ("resources", Value::Array(Vec::new())),
        ("detail", detail.clone()),
    ])
}

fn delivery(body: &Value, origin: &str) -> Delivery {
    // The pipeline's own: on the way through its bus AWS would vouch for it.
    let body = reeve_json::canonical(body).into_bytes();
    Delivery { body, origin: origin.to_owned(), verified: true, content_type: None }
}

/// Files in groups of which each fits into one event; a file that is too long for any is alone, and is refused there.
fn groups(files: &[ChangedFile]) -> Vec<Vec<&ChangedFile>> {
    let mut groups: Vec<Vec<&ChangedFile>> = Vec::new();
    let mut bytes = 0;
    for file in files {
        let size = file.path.len() + [&file.before, &file.after].into_iter().flatten().map(String::len).sum::<usize>();
        bytes += size;
        match groups.last_mut().filter(|_| bytes <= MERGE_BYTES_MAX) {
            Some(group) => group.push(file),
            None => {
                groups.push(vec![file]);
                bytes = size;
            }
        }
    }
    groups
}

/// The `detail` of a merge. Its nonce is of its content, so that equal merges are judged equally.
fn merge_detail(files: &[&ChangedFile]) -> Value {
    let file = |file: &&ChangedFile| {
        let mut object = reeve_json::Object::new();
        object.set("path", file.path.as_str());
        object.set("media_type", media_type(&file.path));
        for (name, text) in [("before", &file.before), ("after", &file.after)] {
            if let Some(text) = text {
                object.set(name, text.as_str());
            }
        }
        Value::Object(object)
    };
    let files = Value::array(files.iter().map(file));
    let digest = Digest::of(reeve_json::canonical(&files).as_bytes());
    let mut detail = reeve_json::Object::new();
    detail.set("nonce", Nonce::of(&digest).as_str());
    detail.set("dryrun", true);
    detail.set("files", files);
    Value::Object(detail)
}

/// Source: RFC 8259 and RFC 9512.
fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("json") => "application/json",
        Some("yaml" | "yml") => "application/yaml",
        _ => "text/plain",
    }
}

/// The file of a merge that a pointer such as `/detail/files/3/after` goes into.
fn file_at<'a>(files: &[&'a ChangedFile], pointer: &str) -> Option<&'a ChangedFile> {
    let index: usize = pointer.strip_prefix("/detail/files/")?.split('/').next()?.parse().ok()?;
    files.get(index).copied()
}

/// The policy whose document a pointer such as `/detail/policies/0/document` goes to.
fn document_name<'a>(request: &'a PlannedRequest, pointer: Option<&str>) -> Option<&'a str> {
    let index = pointer?.strip_prefix("/detail/policies/")?.split('/').next()?;
    let policies = request.detail.as_object()?.get("policies")?.as_array()?;
    policies.get(index.parse::<usize>().ok()?)?.as_object()?.get("name")?.as_str()
}

/// The place of the changed value that a pointer names by its last part, such as `/detail/tags/scope`.
fn changed_place(request: &PlannedRequest, pointer: Option<&str>) -> Option<Place> {
    let last = pointer?.rsplit('/').next()?;
    let named = |what: &str| what == last || what.contains(&format!("`{last}`"));
    request.changes.iter().find(|change| named(&change.what)).and_then(|change| change.place.clone())
}

fn at(finding: Finding, place: Option<Place>) -> Finding {
    match place {
        Some(place) => finding.at(place),
        None => finding,
    }
}

fn of_reason(policy: &str, reason: &Reason, place: Option<Place>, subject: &str) -> Finding {
    let message = match &place {
        Some(_) => unplaced(reason),
        None => &reason.message,
    };
    let finding = Finding::new(policy, reason.code.clone(), reason.severity, message).about(subject);
    let finding = at(finding, place);
    let finding = match &reason.fix {
        Some(fix) => finding.fix(fix.clone()),
        None => finding,
    };
    // The plugin's own word for how bad it is: a security warning denies, and a named waiver may set it aside.
    let waivable = reason.extra.iter().any(|(name, value)| name == "severity" && value == "security_warning");
    if waivable { finding.waivable() } else { finding }
}

/// The message without the place at its beginning, ``policy `x` 1:38: ``: that is one in the document as it is stored, and
/// the finding has its own.
fn unplaced(reason: &Reason) -> &str {
    let of = |name: &str| reason.extra.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let rest = of("line").zip(of("column")).and_then(|(line, column)| {
        let (head, rest) = reason.message.split_once(&format!(" {line}:{column}: "))?;
        (head.starts_with("policy `") && head.ends_with('`')).then_some(rest)
    });
    rest.unwrap_or(&reason.message)
}

/// Without what was told twice: what judges the document of a request has often judged its file too. Only what says the
/// same in the same words of the same line is the same.
#[must_use]
pub fn distinct(findings: Vec<Finding>) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut first = |it: &Finding| {
        let place = it.place.clone().map(|at| (at.file, at.line));
        seen.insert((it.code.clone(), it.by.clone(), it.severity, it.message.clone(), place))
    };
    findings.into_iter().filter(|it| it.place.is_none() || first(it)).collect()
}
