//! What a merge changes of those who judge: whoever reviews it should know that the next one is judged otherwise.

use super::Head;
use super::base::Base;
use super::files::Files;
use reeve_json::Value;
use reeve_model::{Finding, Place, Severity};
use reeve_yaml::Document;
use std::collections::{BTreeMap, BTreeSet};

/// Keys of the project file that say how merges are judged.
const OF_PROJECT: [&str; 4] = ["check", "gates", "pipeline", "policies"];

/// One warning for each file of judges that was there and says something else now.
pub(crate) fn changed(head: &Head<'_>, base: &Base, files: &Files, name: &str) -> Vec<Finding> {
    let Some(project) = &base.project else { return Vec::new() };
    let mut findings = Vec::new();
    let gates: BTreeSet<&String> = project.file.gates.iter().map(|gate| &gate.file).collect();
    for file in &files.texts {
        let (Some(before), Some(after)) = (&file.before, &file.after) else { continue };
        let judges = if file.path == name {
            Some(&OF_PROJECT[..])
        } else if gates.contains(&file.path) || file.path.ends_with("/policy.yaml") {
            None
        } else {
            continue;
        };
        let keys = differing(before, after);
        let keys: BTreeSet<&String> =
            keys.iter().filter(|key| judges.is_none_or(|judges| judges.contains(&key.as_str()))).collect();
        findings.extend(told(head, &file.path, &keys));
    }
    let waivers = project.file.check.waivers.as_ref().filter(|it| head.project.file.check.waivers.as_ref() == Some(it));
    if let Some(path) = waivers {
        let text = |tree: &crate::tree::Tree| tree.text(path).ok().flatten().unwrap_or_default();
        if text(&base.tree) != text(head.tree) {
            findings.extend(told(head, path, &BTreeSet::from([&"waivers".to_owned()])));
        }
    }
    findings
}

fn told(head: &Head<'_>, path: &str, keys: &BTreeSet<&String>) -> Option<Finding> {
    let names: Vec<String> = keys.iter().map(|key| format!("`{}`", key.escape_debug())).collect();
    let first = keys.first()?;
    let shown = format!("{}{path}", head.prefix);
    let text = head.tree.text(path).ok().flatten().unwrap_or_default();
    let line = text.lines().position(|line| line.starts_with(&format!("{first}:"))).map_or(1, |at| at + 1);
    let place = Place { file: shown, line: u32::try_from(line).unwrap_or(1), column: 1 };
    let message = format!("the merge changes how others are judged: {} of `{}`", names.join(", "), path.escape_debug());
    Some(Finding::new("project", "JUDGE_CHANGED", Severity::Warning, message).at(place).about(path))
}

/// Keys whose values differ. A text that cannot be read is an error elsewhere.
fn differing(before: &str, after: &str) -> BTreeSet<String> {
    let members = |text: &str| -> BTreeMap<String, String> {
        let document = Document::parse_with_aliases("", text).ok();
        let value = document.map(|document| document.root.to_json());
        let object = value.as_ref().and_then(Value::as_object);
        let member = |it: &reeve_json::Member| (it.key.to_string(), reeve_json::canonical(&it.value.value));
        object.into_iter().flat_map(|object| object.iter().map(member)).collect()
    };
    let (before, after) = (members(before), members(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}
