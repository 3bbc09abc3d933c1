//! Recorded calls held against changed service control policies: what was let through and would not be any more.

use crate::exit::Failure;
use crate::loader;
use crate::project::Project;
use anyhow::Context;
use flate2::read::MultiGzDecoder;
use reeve_json::{Options, StringRule};
use reeve_model::{Finding, Place, Severity};
use reeve_scp::cloudtrail::{NoCall, records};
use reeve_scp::{Fate, Organization, Reason, Replay, Why};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Name under which this is told.
const BY: &str = "cloudtrail";
/// Largest file of records, bytes: CloudTrail writes far smaller ones.
const FILE_BYTES_MAX: usize = 64 * 1_048_576;
/// First bytes of a file that is packed with gzip (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Endings of files of records.
const ENDINGS: [&str; 2] = [".json", ".json.gz"];
/// Deepest record, levels: request parameters are nested at will.
const DEPTH_MAX: usize = 128;
/// Most principals or files that one finding names.
const NAMED_MAX: usize = 5;

/// Calls that become the same for the same reason.
#[derive(Debug, Default)]
struct Group {
    count: u64,
    principals: BTreeSet<String>,
}

/// Counts what becomes of the records of a file, or of the `.json` and `.json.gz` files below a folder.
///
/// # Errors
/// When a file cannot be read, or there is no record at all.
pub(crate) fn replay(
    path: &Path,
    before: &Organization,
    after: &Organization,
    project: &Project,
) -> Result<Vec<Finding>, Failure> {
    let mut groups: BTreeMap<(&'static str, String, String, Option<Place>), Group> = BTreeMap::new();
    let (mut judged, mut exempt, mut all) = (0_u64, 0_u64, 0_u64);
    let mut unknown: BTreeMap<String, u64> = BTreeMap::new();
    for file in files(path)? {
        let bytes = unpacked(loader::read(&file)?, &file)?;
        let options = Options { bytes_max: FILE_BYTES_MAX, depth_max: DEPTH_MAX, strings: StringRule::Any };
        let node = reeve_json::parse(&bytes, &options)
            .map_err(|error| Failure::new(format!("`{}` is not strict JSON: {error}", file.display())))?;
        for record in records(&node) {
            all += 1;
            let Replay { recorded, fate } = reeve_scp::replay(record, before, after);
            let (code, why) = match fate {
                Fate::Same => {
                    judged += 1;
                    continue;
                }
                Fate::Denied(why) => ("CALLS_NOW_DENIED", why),
                Fate::MayBeDenied(why) => ("CALLS_MAY_BE_DENIED", why),
                Fate::Allowed(why) => ("CALLS_NOW_ALLOWED", why),
                Fate::Exempt(_) | Fate::Service(_) => {
                    exempt += 1;
                    continue;
                }
                Fate::NotEvaluable(reason) => {
                    *unknown.entry(why_not(&reason)).or_default() += 1;
                    continue;
                }
            };
            judged += 1;
            let Some(recorded) = recorded else { continue };
            let place = super::simulate::place(project, &why);
            let group = groups.entry((code, recorded.action, cause(&why), place)).or_default();
            group.count += 1;
            group.principals.extend(recorded.principal);
        }
    }
    if all == 0 {
        return Err(Failure::new(format!("`{}` holds no record: nothing was replayed", path.display())));
    }
    let mut findings: Vec<Finding> = groups.into_iter().map(told).collect();
    let undecided: Vec<String> = unknown.iter().map(|(why, count)| format!("{count} {why}")).collect();
    let undecided = if undecided.is_empty() { String::new() } else { format!(" ({})", undecided.join(", ")) };
    let message = format!(
        "of {all} recorded calls in `{}`, {judged} were decided, {exempt} are exempt (management account, service-linked \
         roles, services), {} cannot be decided{undecided}",
        path.display(),
        unknown.values().sum::<u64>()
    );
    findings.push(Finding::new(BY, "CALLS_REPLAYED", Severity::Info, message).about(path.display().to_string()));
    Ok(findings)
}

/// Why a record is not decided, so that records can be counted by it.
fn why_not(reason: &Reason) -> String {
    match reason {
        Reason::UnknownAccount(_) => "are of accounts that are not in the accounts file".to_owned(),
        Reason::NoCall(NoCall::SignIn) => "are sign-ins".to_owned(),
        Reason::NoCall(NoCall::EventType(_)) => "are no calls".to_owned(),
        Reason::NoCall(NoCall::NoPrincipal(_)) => "are of callers that are no principals yet".to_owned(),
        Reason::NoCall(NoCall::NoAction(_)) => "do not say which action they need".to_owned(),
        Reason::NoCall(NoCall::Malformed(field)) => format!("have no `{field}`"),
        Reason::NoCall(NoCall::ServiceEvent | NoCall::ServiceCaller(_)) => "are of services".to_owned(),
    }
}

/// What is packed as CloudTrail packs it, unpacked.
fn unpacked(bytes: Vec<u8>, file: &Path) -> Result<Vec<u8>, Failure> {
    if !bytes.starts_with(&GZIP) {
        return Ok(bytes);
    }
    let mut out = Vec::new();
    let limit = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let read = MultiGzDecoder::new(bytes.as_slice()).take(limit).read_to_end(&mut out);
    read.with_context(|| format!("failed to unpack `{}`", file.display()))?;
    if out.len() > FILE_BYTES_MAX {
        return Err(Failure::new(format!("`{}` unpacks to more than {FILE_BYTES_MAX} bytes", file.display())));
    }
    Ok(out)
}

fn told(((code, action, cause, place), group): ((&'static str, String, String, Option<Place>), Group)) -> Finding {
    let mut who: Vec<String> =
        group.principals.iter().take(NAMED_MAX).map(|arn| format!("`{}`", arn.escape_debug())).collect();
    if group.principals.len() > NAMED_MAX {
        who.push(format!("{} more", group.principals.len() - NAMED_MAX));
    }
    let becomes = match code {
        "CALLS_NOW_DENIED" => "would be denied",
        "CALLS_MAY_BE_DENIED" => "may be denied",
        _ => "would be allowed",
    };
    let message = format!("{} recorded calls of `{action}` {becomes}, by {}: {cause}", group.count, who.join(", "));
    let severity = if code == "CALLS_NOW_ALLOWED" { Severity::Info } else { Severity::Warning };
    let finding = Finding::new(BY, code, severity, message).about(action);
    match place {
        Some(place) => finding.at(place),
        None => finding,
    }
}

fn cause(why: &Why) -> String {
    super::simulate::cause(why)
}

/// The file itself, or the `.json` and `.json.gz` files below the folder, sorted.
fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let (mut found, mut folders) = (Vec::new(), vec![path.to_owned()]);
    while let Some(folder) = folders.pop() {
        let failed = || format!("failed to list `{}`", folder.display());
        for entry in std::fs::read_dir(&folder).with_context(failed)? {
            let entry = entry.with_context(failed)?;
            let kind = entry.file_type().with_context(failed)?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if entry.file_name().to_str().is_some_and(|name| ENDINGS.iter().any(|it| name.ends_with(it))) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}
