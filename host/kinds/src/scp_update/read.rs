//! The typed `detail` of an `SCP_UPDATE`.

use super::{DESCRIPTION_CHARS_MAX, ENTRIES_MAX, POLICY_NAME_CHARS_MAX};
use crate::Fields;
use crate::policy_document::minified;
use reeve_json::Node;
use reeve_model::{Code, Digest, Refusal};
use std::collections::BTreeSet;

/// A document that is to be so.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    /// Pointer of the entry.
    pub(super) at: String,
    /// Name of the policy.
    pub(super) name: &'a str,
    /// Its description; when absent, the one it has, or none.
    pub(super) description: Option<&'a str>,
    /// Its document, as it will be stored.
    pub(super) document: &'a str,
    /// Digest of the document that the sender read.
    pub(super) replaces: Option<Digest>,
}

/// A policy and a target, as written.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    /// Pointer of the entry.
    pub(super) at: String,
    /// Name of the policy.
    pub(super) policy: &'a str,
    /// Name or id of the target.
    pub(super) target: &'a str,
}

/// The whole request.
#[derive(Debug, Default)]
pub(super) struct Detail<'a> {
    pub(super) policies: Vec<Wanted<'a>>,
    pub(super) attach: Vec<Pair<'a>>,
    pub(super) detach: Vec<Pair<'a>>,
}

/// Reads the three lists.
pub(super) fn detail(mut fields: Fields<'_>, size_quota_chars: usize) -> Result<Detail<'_>, Vec<Refusal>> {
    let mut found = Vec::new();
    let policies = list(&mut fields, "policies", &mut found, |node, at| wanted(node, at, size_quota_chars));
    let attach = list(&mut fields, "attach", &mut found, pair);
    let detach = list(&mut fields, "detach", &mut found, pair);
    let mut names = BTreeSet::new();
    for policy in &policies {
        if !names.insert(policy.name) {
            let message = format!("policy `{}` is in the request twice", policy.name.escape_debug());
            found.push(Refusal::new(Code::BatchConflict, format!("{}/name", policy.at), message));
        }
    }
    for refusal in found {
        fields.refuse(refusal);
    }
    fields.finish()?;
    if policies.is_empty() && attach.is_empty() && detach.is_empty() {
        let refusal = Refusal::new(Code::MissingField, "/detail", "the request asks for nothing");
        return Err(vec![refusal.fix("give at least one of `policies`, `attach`, `detach`")]);
    }
    Ok(Detail { policies, attach, detach })
}

/// The entries that could be read; the refusals of the others are added to `found`.
fn list<'a, T>(
    fields: &mut Fields<'a>,
    name: &'a str,
    found: &mut Vec<Refusal>,
    read: impl Fn(&'a Node, String) -> Result<T, Vec<Refusal>>,
) -> Vec<T> {
    let at = fields.at(name);
    let items = fields.optional_array(name).unwrap_or_default();
    if items.len() > ENTRIES_MAX {
        let message = format!("{} entries are more than {ENTRIES_MAX}", items.len());
        found.push(Refusal::new(Code::BadValue, at, message));
        return Vec::new();
    }
    let read = items.iter().enumerate().map(|(index, item)| read(item, format!("{at}/{index}")));
    read.filter_map(|result| result.map_err(|refusals| found.extend(refusals)).ok()).collect()
}

fn wanted(node: &Node, at: String, size_quota_chars: usize) -> Result<Wanted<'_>, Vec<Refusal>> {
    let mut fields = Fields::of(node, &at).map_err(|refusal| vec![refusal])?;
    let name = fields.string("name");
    if let Some(name) = name {
        fields.note(check_name(name, &format!("{at}/name")));
    }
    let description = fields.optional_string("description").flatten();
    if let Some(length) = description.map(|text| text.chars().count()).filter(|&length| length > DESCRIPTION_CHARS_MAX)
    {
        let message = format!("the description has {length} characters, more than {DESCRIPTION_CHARS_MAX}");
        fields.refuse(Refusal::new(Code::PolicyName, format!("{at}/description"), message));
    }
    if let Some(other) = fields.optional_string("type").flatten().filter(|&text| text != "SERVICE_CONTROL_POLICY") {
        let message = format!("`{}` is not `SERVICE_CONTROL_POLICY`", other.escape_debug());
        fields.refuse(Refusal::new(Code::PolicyType, format!("{at}/type"), message));
    }
    let document = fields.string("document");
    if let Some(document) = document {
        fields.note(check_size(document, size_quota_chars, &format!("{at}/document")));
    }
    let replaces = fields.optional_string("replaces").flatten().and_then(|text| {
        let message = format!("`{}` is not `sha256:` and 64 lower-case hexadecimal digits", text.escape_debug());
        fields.note(Digest::parse(text).ok_or_else(|| Refusal::new(Code::BadValue, format!("{at}/replaces"), message)))
    });
    fields.finish()?;
    match name.zip(document) {
        Some((name, document)) => Ok(Wanted { at, name, description, document, replaces }),
        // Whatever is missing has left a refusal, so `finish` has returned it.
        None => Err(vec![Refusal::new(Code::BadValue, at, "the policy is malformed")]),
    }
}

fn pair(node: &Node, at: String) -> Result<Pair<'_>, Vec<Refusal>> {
    let mut fields = Fields::of(node, &at).map_err(|refusal| vec![refusal])?;
    let policy = fields.string("policy");
    let target = fields.string("target");
    fields.finish()?;
    match policy.zip(target) {
        Some((policy, target)) => Ok(Pair { at, policy, target }),
        // Whatever is missing has left a refusal, so `finish` has returned it.
        None => Err(vec![Refusal::new(Code::BadValue, at, "the attachment is malformed")]),
    }
}

/// Line breaks are refused beside the lengths: a name is one line of every list and log.
fn check_name(name: &str, at: &str) -> Result<(), Refusal> {
    let length = name.chars().count();
    if (1..=POLICY_NAME_CHARS_MAX).contains(&length) && !name.contains(char::is_control) {
        return Ok(());
    }
    let shown = name.escape_debug();
    let message = format!("policy name `{shown}` is not 1 to {POLICY_NAME_CHARS_MAX} characters on one line");
    Err(Refusal::new(Code::PolicyName, at, message))
}

/// Organizations stores what it is sent, and every character counts, white space too.
fn check_size(document: &str, size_quota_chars: usize, at: &str) -> Result<(), Refusal> {
    let length = document.chars().count();
    if length == 0 {
        return Err(Refusal::new(Code::BadValue, at, "the document is empty"));
    }
    if length <= size_quota_chars {
        return Ok(());
    }
    let message = format!("the document has {length} characters as sent, more than the quota of {size_quota_chars}");
    let refusal = Refusal::new(Code::ScpTooLarge, at, message);
    let minified = minified(document).chars().count();
    if minified > size_quota_chars {
        return Err(refusal.fix("split the policy"));
    }
    Err(refusal.fix(format!("send it without white space between its tokens: then it has {minified} characters")))
}
