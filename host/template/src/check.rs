//! What no template can be made of. All of it is told at once.

use crate::{Function, Receipts, Runs, Senders, Source, Template};
use reeve_json::compact;
use std::collections::BTreeSet;

/// Longest name of a gate, characters: `reeve-<gate>` must fit a role's 64, with room for names made from it.
const GATE_CHARS_MAX: usize = 40;
/// Longest name of a rule, characters (EventBridge API reference, PutRule).
const RULE_CHARS_MAX: usize = 64;
/// Longest event pattern, characters (EventBridge quotas).
const PATTERN_CHARS_MAX: usize = 4_096;
/// Longest run of a Lambda function, seconds (Lambda quotas).
const FUNCTION_SECONDS_MAX: u32 = 900;
/// Memory of a Lambda function, MiB (Lambda quotas).
const FUNCTION_MIB: std::ops::RangeInclusive<u32> = 128..=10_240;
/// Longest time that a message can stay hidden, seconds (SQS API reference, CreateQueue).
pub(crate) const VISIBILITY_SECONDS_MAX: u32 = 43_200;

/// Everything that is wrong with the values, one clause each.
pub(crate) fn check(it: &Template<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut must = |good: bool, message: String| {
        if !good {
            wrong.push(message);
        }
    };
    must(
        plain(it.gate, "-", GATE_CHARS_MAX),
        format!("gate `{}` is not 1 to {GATE_CHARS_MAX} letters, digits and `-`", shown(it.gate)),
    );
    must(plain(it.bus, "-_./", 256), format!("`{}` is no name of an event bus", shown(it.bus)));
    must(!it.kinds.is_empty(), "the gate takes no kind".to_owned());
    match &it.senders {
        Senders::Accounts(accounts) => must(!accounts.is_empty(), "nobody may put events on the bus".to_owned()),
        Senders::Organization(id) => {
            let good = id.strip_prefix("o-").is_some_and(|rest| plain(rest, "", 32));
            must(good, format!("`{}` is no id of an organization", shown(id)));
        }
    }
    if let Source::Sqs { queue, fifo, visibility_seconds } = it.source {
        let stem = if fifo { queue.strip_suffix(".fifo") } else { Some(queue) };
        // Room for `-undelivered.fifo` in SQS's 80 characters.
        must(stem.is_some_and(|stem| plain(stem, "-_", 60)), format!("`{}` is no name of such a queue", shown(queue)));
        let good = (1..=VISIBILITY_SECONDS_MAX).contains(&visibility_seconds);
        must(good, format!("a message cannot stay hidden for {visibility_seconds} seconds"));
    }
    match &it.runs {
        Runs::Function(Function { timeout_seconds, memory_mib, .. }) => {
            let good = (1..=FUNCTION_SECONDS_MAX).contains(timeout_seconds);
            must(good, format!("a function cannot run for {timeout_seconds} seconds"));
            must(FUNCTION_MIB.contains(memory_mib), format!("a function cannot have {memory_mib} MiB"));
        }
        Runs::Service(services) => {
            must(!services.is_empty(), "no service may take the gate's role".to_owned());
            must(it.source != Source::Lambda, "the rules invoke a function, and the gate is none".to_owned());
        }
    }
    let mut seen = BTreeSet::new();
    for kind in &it.kinds {
        must(plain(kind.name, "_", 64), format!("`{}` is no name of a kind", shown(kind.name)));
        let (rule, name) = (&kind.rule, kind.name);
        must(plain(rule, "-_.", RULE_CHARS_MAX), format!("`{}` is no name of a rule", shown(rule)));
        must(seen.insert(rule), format!("two kinds have the rule `{}`", shown(rule)));
        let chars = compact(&kind.pattern).chars().count();
        must(
            chars <= PATTERN_CHARS_MAX,
            format!("the pattern of {name} has {chars} characters, at most {PATTERN_CHARS_MAX} fit"),
        );
    }
    if let Receipts::S3 { bucket, prefix, .. } = it.receipts {
        let good = (3..=63).contains(&bucket.len())
            && bucket.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'));
        must(good, format!("`{}` is no name of a bucket", shown(bucket)));
        // A `*` or `${` would widen the role's permission.
        must(
            !prefix.contains(['*', '?', '$']) && !prefix.ends_with('/'),
            format!("`{}` is no prefix of keys", shown(prefix)),
        );
    }
    for read in &it.parameters {
        let name = read.name.replace(crate::needs::SENDER, "");
        let good = name.starts_with('/') && plain(&name, "/_.-", 1_011);
        must(good, format!("`{}` is no name of a parameter", shown(read.name)));
    }
    for role in &it.roles {
        let good = role.starts_with("arn:") && role.contains(":role/") && !role.contains(['*', '?', '$']);
        must(good, format!("`{}` is not the ARN of one role", shown(role)));
    }
    wrong
}

/// Whether a text is 1 to `max` letters, digits and some others.
fn plain(text: &str, others: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && text.chars().all(|char| char.is_ascii_alphanumeric() || others.contains(char))
}

fn shown(text: &str) -> String {
    text.escape_debug().to_string()
}
