//! What every request has in common: nonce, dry run, and the fields that no sender may set.

use crate::{DetailRule, Fields, Kind};
use reeve_json::escape_pointer_token;
use reeve_model::{Code, Event, Nonce, Refusal};

/// Fields of `detail` that are read here and not by the kind.
pub(crate) const COMMON: [&str; 4] = ["nonce", "dryrun", "account", "sender"];

/// Names under which a sender might try to choose where the answer goes.
const REPLY_FIELDS: [&str; 8] =
    ["reply", "replyto", "replytarget", "replyqueue", "replybus", "replyurl", "replyarn", "callback"];

/// What is never the event's to choose: the gate file names it.
const GATE_FIELDS: [&str; 13] = [
    "hostedzoneid",
    "zoneid",
    "rolearn",
    "role",
    "region",
    "document",
    "documentname",
    "documentversion",
    "documenthash",
    "policyoverride",
    "endpoint",
    "targets",
    "instanceids",
];

/// Operations that Reeve never makes. Source: Organizations API reference; each cuts off an account, the
/// organization, or every policy in it, and none has a way back that a gate could offer.
const FORBIDDEN: [&str; 7] = [
    "closeaccount",
    "leaveorganization",
    "removeaccount",
    "removeaccountfromorganization",
    "disablepolicytype",
    "deletepolicy",
    "deleteorganization",
];

/// Whether a detail-type names, in any spelling, something that no policy can allow.
#[must_use]
pub fn forbidden_always(detail_type: &str) -> bool {
    spells(detail_type, &FORBIDDEN) || FORBIDDEN.iter().any(|name| spells_parts(detail_type, &["organizations", name]))
}

/// Whether a text is one of some names, each in small letters and digits, without regard to case and punctuation: no
/// spelling of a name slips by.
pub(crate) fn spells(text: &str, names: &[&str]) -> bool {
    names.iter().any(|name| spells_parts(text, &[name]))
}

fn spells_parts(text: &str, parts: &[&str]) -> bool {
    let plain = text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    plain.eq(parts.iter().flat_map(|part| part.bytes()))
}

/// One request: the event, and what is read of every `detail`.
#[derive(Debug)]
pub struct Ask<'a> {
    /// The event.
    pub event: &'a Event,
    /// The sender's name for the request.
    pub nonce: Nonce,
    /// Whether the sender asked for a dry run.
    pub dry_run: bool,
    /// Which round of planning it is, from 0: see [`crate::Draft::continues`].
    pub round: u32,
}

impl<'a> Ask<'a> {
    /// Reads the common fields.
    ///
    /// # Errors
    /// Every refusal found.
    pub fn read(event: &'a Event, kind: &dyn Kind) -> Result<Self, Vec<Refusal>> {
        let mut refusals = Vec::new();
        let ours = kind.detail_rule() == DetailRule::Ours;
        let nonce = nonce(event, if ours { "nonce" } else { "RequestId" }, &mut refusals);
        let mut dry_run = false;
        if ours {
            dry_run = dry_run_asked(event, &mut refusals);
            sender_mismatch(event, &mut refusals);
            not_settable(event, &mut refusals);
        }
        match nonce {
            Some(nonce) if refusals.is_empty() => Ok(Self { event, nonce, dry_run, round: 0 }),
            Some(_) | None => Err(refusals),
        }
    }

    /// A strict reader of the kind's own fields.
    #[must_use]
    pub fn fields(&self) -> Fields<'a> {
        Fields::new(self.event.detail(), "/detail", &COMMON)
    }
}

fn nonce(event: &Event, field: &str, refusals: &mut Vec<Refusal>) -> Option<Nonce> {
    let nonce = event.detail().get(field).and_then(|node| node.as_str()).and_then(Nonce::parse);
    if nonce.is_none() {
        let message = match event.detail().get(field) {
            None => format!("the request has no `{field}`"),
            Some(_) => format!("`{field}` is not a string of the form of a UUID"),
        };
        let refusal = Refusal::new(Code::BadNonce, format!("/detail/{field}"), message);
        refusals.push(refusal.fix("write a new UUID for every request, and the same one when you send it again"));
    }
    nonce
}

fn dry_run_asked(event: &Event, refusals: &mut Vec<Refusal>) -> bool {
    match event.detail().get("dryrun").map(|node| &node.value) {
        None => false,
        Some(value) => value.as_bool().unwrap_or_else(|| {
            let message = format!("`dryrun` is a JSON {}, not true or false", value.type_name());
            refusals.push(Refusal::new(Code::BadType, "/detail/dryrun", message));
            true
        }),
    }
}

fn sender_mismatch(event: &Event, refusals: &mut Vec<Refusal>) {
    for field in ["account", "sender"] {
        let Some(node) = event.detail().get(field) else { continue };
        if node.as_str() != Some(event.account.as_str()) {
            let message = format!("`{field}` is not the account that sent the event, `{}`", event.account);
            refusals.push(Refusal::new(Code::SenderMismatch, format!("/detail/{field}"), message));
        }
    }
}

fn not_settable(event: &Event, refusals: &mut Vec<Refusal>) {
    for member in event.detail() {
        let at = || format!("/detail/{}", escape_pointer_token(&member.key));
        if spells(&member.key, &REPLY_FIELDS) {
            let message = format!("`{}` would choose where the answer goes; the gate does", member.key);
            refusals.push(Refusal::new(Code::ReplyTargetNotAllowed, at(), message));
        } else if spells(&member.key, &GATE_FIELDS) {
            let message = format!("`{}` is the gate's to choose", member.key);
            refusals.push(Refusal::new(Code::FieldNotCallerSettable, at(), message));
        }
    }
}
