//! Who a queue's or function's resource policy admits: the check behind a verified source.
//!
//! An envelope's `account` is to be believed only where EventBridge alone can deliver, through a rule of the gate's own
//! account. This module reads the policy text and nothing else: it does not see what identity policies of the gate's
//! own account allow, nor whether the rule's target rewrites its input.

use reeve_json::{Node, Object, Options, StringRule, Value};
use reeve_model::{AccountId, text::shown};
use reeve_scp::Glob;
use std::collections::BTreeSet;
use std::fmt;

/// The longest policy read, in bytes. A queue's policy may have 8 KiB and a function's 20 KiB; above that, it is neither.
const POLICY_BYTES_MAX: usize = 65_536;
/// Open arrays and objects. The grammar needs six: document, statements, statement, condition, operator, values.
const POLICY_DEPTH_MAX: usize = 12;
/// How much of a policy's text a message repeats, in characters: an ARN of the longest rule on the longest bus is shorter.
const SHOWN_CHARS_MAX: usize = 400;
/// The only principal that may deliver.
const EVENTS: &str = "events.amazonaws.com";
/// The key that names the rule on whose behalf EventBridge calls. Keys of conditions have no case.
const SOURCE_ARN: &str = "aws:SourceArn";
/// The operators that compare with a value as it stands when the value has no wildcard.
const PINNING: [&str; 4] = ["ArnEquals", "ArnLike", "StringEquals", "StringLike"];
/// What a source is made of decides which action delivers.
const QUEUE_DELIVERS: [&str; 2] = ["sqs:SendMessage", "sqs:SendMessageBatch"];
/// `InvokeFunctionUrl` hands the function a caller's own JSON as surely as `InvokeFunction` does.
const FUNCTION_DELIVERS: [&str; 3] = ["lambda:InvokeFunction", "lambda:InvokeAsync", "lambda:InvokeFunctionUrl"];
/// What principals of the gate's own account may be granted: the intake, and looking.
const QUEUE_READS: [&str; 9] = [
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:DeleteMessageBatch",
    "sqs:ChangeMessageVisibility",
    "sqs:ChangeMessageVisibilityBatch",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ListQueueTags",
    "sqs:ListDeadLetterSourceQueues",
];
/// The same of a function.
const FUNCTION_READS: [&str; 5] =
    ["lambda:GetFunction", "lambda:GetFunctionConfiguration", "lambda:GetAlias", "lambda:GetPolicy", "lambda:ListTags"];

/// What stands behind a source: which rules may deliver.
#[derive(Debug, Clone, Copy)]
pub struct Door<'a> {
    /// ARN of the queue or function.
    pub target_arn: &'a str,
    /// ARNs of the rules the source trusts.
    pub rules: &'a [String],
    /// The gate's account.
    pub account: &'a AccountId,
    /// Which of the two the target is.
    pub kind: DoorKind,
}

/// What a source reads from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoorKind {
    /// An SQS queue: `sqs:SendMessage` delivers.
    Queue,
    /// A Lambda function: `lambda:InvokeFunction` delivers.
    Function,
}

impl DoorKind {
    /// The service name in the target's ARN, what delivers, and what may be granted for reading.
    fn words(self) -> (&'static str, &'static str, &'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Queue => ("sqs", "queue", &QUEUE_DELIVERS, &QUEUE_READS),
            Self::Function => ("lambda", "function", &FUNCTION_DELIVERS, &FUNCTION_READS),
        }
    }
}

/// One way in, or one reason why the declared rule has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Which statement is at fault, counted from 0; none when it is the declaration or the whole policy.
    pub statement: Option<usize>,
    /// The statement's `Sid`, if it has one.
    pub sid: Option<String>,
    /// What it admits, or what is wrong: one clause.
    pub why: String,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.statement, &self.sid) {
            (Some(at), Some(sid)) => write!(f, "Statement[{at}] (Sid `{}`): ", show(sid))?,
            (Some(at), None) => write!(f, "Statement[{at}]: ")?,
            (None, _) => {}
        }
        f.write_str(&self.why)
    }
}

/// Whether the declared rules, and nobody else, may deliver to the target.
///
/// `Allow` statements are judged whatever their `Resource`: a policy has no business with another one. `Deny` statements
/// only narrow, so that they are read but not weighed.
///
/// # Errors
/// Every gap: first the declaration's, then the statements' in their order, then the rules that cannot deliver.
pub fn check(policy: Option<&str>, door: &Door) -> Result<(), Vec<Gap>> {
    let mut gaps = declared(door);
    match policy {
        None => gaps.push(whole("no policy: the rule cannot deliver".to_owned())),
        Some(text) => match read(text) {
            Err(why) => gaps.push(whole(why)),
            Ok(policy) => weigh(&policy, door, &mut gaps),
        },
    }
    if gaps.is_empty() { Ok(()) } else { Err(gaps) }
}

fn whole(why: String) -> Gap {
    Gap { statement: None, sid: None, why }
}

fn show(text: &str) -> String {
    shown(text, SHOWN_CHARS_MAX)
}

/// What is wrong with the declaration itself.
fn declared(door: &Door) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let (service, word, _, _) = door.kind.words();
    let own = door.account.as_str();
    match arn(door.target_arn) {
        Some((of, account, _)) if of == service && account == own => {}
        Some((of, account, _)) if of == service => gaps.push(whole(format!(
            "the {word} `{}` is of account `{}`, not of the gate's `{own}`: its owner delivers what it likes",
            show(door.target_arn),
            show(account)
        ))),
        Some(_) | None => gaps.push(whole(format!("`{}` is not the ARN of a {word}", show(door.target_arn)))),
    }
    if door.rules.is_empty() {
        gaps.push(whole("the source declares no rule".to_owned()));
    }
    for rule in door.rules {
        match arn(rule) {
            Some(("events", account, name)) if rule_named(name) && account == own => {}
            Some(("events", account, name)) if rule_named(name) => gaps.push(whole(format!(
                "rule `{}` is of account `{}`, not of the gate's `{own}`: its owner can rewrite the whole envelope",
                show(rule),
                show(account)
            ))),
            Some(_) | None => gaps.push(whole(format!("`{}` is not the ARN of a rule", show(rule)))),
        }
    }
    gaps
}

/// Service, account and the rest of `arn:partition:service:region:account:rest`.
fn arn(text: &str) -> Option<(&str, &str, &str)> {
    let mut parts = text.splitn(6, ':');
    let (scheme, partition) = (parts.next()?, parts.next()?);
    let (service, region, account, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let shaped = scheme == "arn" && plain(partition) && plain(region) && AccountId::parse(account).is_some();
    (shaped && !rest.is_empty()).then_some((service, account, rest))
}

/// `rule/name` or `rule/bus/name`; a partner's bus has slashes of its own. No character of it is a wildcard or a variable.
fn rule_named(rest: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    };
    rest.strip_prefix("rule/").is_some_and(|names| names.split('/').all(plain))
}

/// The policy document, its own members checked.
fn read(text: &str) -> Result<Object, String> {
    let options = Options { bytes_max: POLICY_BYTES_MAX, depth_max: POLICY_DEPTH_MAX, strings: StringRule::Any };
    let node = reeve_json::parse(text.as_bytes(), &options)
        .map_err(|error| format!("the policy cannot be read: {error}, at byte {}", error.offset))?;
    let Value::Object(policy) = node.value else {
        return Err(format!("the policy is no object but {}", node.value.type_name()));
    };
    if let Some(member) = policy.iter().find(|member| !["Version", "Id", "Statement"].contains(&member.key.as_str())) {
        return Err(format!("the policy has an element `{}`, which no policy has", show(&member.key)));
    }
    let version = policy.get("Version").map(|node| node.as_str().unwrap_or_default());
    if !matches!(version, None | Some("2008-10-17" | "2012-10-17")) {
        return Err("the policy's Version is neither 2012-10-17 nor 2008-10-17".to_owned());
    }
    Ok(policy)
}

/// Judges each statement, and whether each rule has its way in.
fn weigh(policy: &Object, door: &Door, gaps: &mut Vec<Gap>) {
    let statements = match policy.get("Statement") {
        None => return gaps.push(whole("the policy has no Statement".to_owned())),
        // One statement may stand without its array.
        Some(node) => node.as_array().unwrap_or(std::slice::from_ref(node)),
    };
    let mut admitted = BTreeSet::new();
    for (at, node) in statements.iter().enumerate() {
        let sid = node.as_object().and_then(|body| body.get("Sid")).and_then(Node::as_str).map(str::to_owned);
        match node.as_object().ok_or_else(|| vec!["is no object".to_owned()]).and_then(|body| judge(body, door)) {
            Ok(rules) => admitted.extend(rules),
            Err(whys) => {
                gaps.extend(whys.into_iter().map(|why| Gap { statement: Some(at), sid: sid.clone(), why }));
            }
        }
    }
    for rule in door.rules.iter().filter(|rule| !admitted.contains(rule.as_str())) {
        gaps.push(whole(format!("no statement lets rule `{}` deliver", show(rule))));
    }
}

/// The rules a statement lets deliver.
fn judge<'a>(body: &'a Object, door: &Door) -> Result<Vec<&'a str>, Vec<String>> {
    const ELEMENTS: [&str; 9] =
        ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];
    if let Some(member) = body.iter().find(|member| !ELEMENTS.contains(&member.key.as_str())) {
        return Err(vec![format!("has an element `{}`, which no statement has", show(&member.key))]);
    }
    match body.get("Effect").and_then(Node::as_str) {
        Some("Deny") => return Ok(Vec::new()),
        Some("Allow") => {}
        Some(_) | None => return Err(vec!["has an Effect that is neither Allow nor Deny".to_owned()]),
    }
    let grant = Grant::of(body, door.kind).map_err(|why| vec![why])?;
    if body.get("NotPrincipal").is_some() {
        return Err(vec![format!("lets everybody but its NotPrincipal {}", grant.told())]);
    }
    let principals = principals(body).map_err(|why| vec![why])?;
    if principals.iter().all(|principal| *principal == ("Service", EVENTS)) {
        let rules = pinned(body.get("Condition"), door.rules)
            .map_err(|why| vec![format!("lets {EVENTS} {} for more than the declared rules: {why}", grant.told())])?;
        let reaches = grant.delivers.is_some() && covers(body, door.target_arn);
        return Ok(if reaches { rules } else { Vec::new() });
    }
    let pinned = pinned(body.get("Condition"), door.rules).is_ok();
    let whys: Vec<String> = principals.iter().filter_map(|who| stranger(*who, &grant, door, pinned)).collect();
    if whys.is_empty() { Ok(Vec::new()) } else { Err(whys) }
}

/// What a statement's actions allow.
struct Grant {
    /// The first action that delivers, as written.
    delivers: Option<String>,
    /// The first action that neither delivers nor is on the list of reading, as written.
    beyond: Option<String>,
    /// What delivering is called.
    verb: &'static str,
}

impl Grant {
    fn of(body: &Object, kind: DoorKind) -> Result<Self, String> {
        let (_, _, delivering, reading) = kind.words();
        let verb = match kind {
            DoorKind::Queue => "send",
            DoorKind::Function => "invoke",
        };
        match (body.get("Action"), body.get("NotAction")) {
            (Some(node), None) => {
                let actions = texts(node).ok_or("has an Action that is no text and no list of texts")?;
                // Actions are compared without regard to case.
                let delivers = |action: &&&str| {
                    let pattern = Glob::new(&action.to_ascii_lowercase());
                    delivering.iter().any(|name| pattern.matches(&name.to_ascii_lowercase()))
                };
                let reads = |action: &str| reading.iter().any(|name| name.eq_ignore_ascii_case(action));
                Ok(Self {
                    delivers: actions.iter().find(delivers).map(|action| show(action)),
                    beyond: actions.iter().find(|action| !reads(action)).map(|action| show(action)),
                    verb,
                })
            }
            // All but a few of every service's actions: what the exceptions leave grows with the service.
            (None, Some(_)) => {
                Ok(Self { delivers: Some("NotAction".to_owned()), beyond: Some("NotAction".to_owned()), verb })
            }
            (Some(_), Some(_)) | (None, None) => Err("needs exactly one of Action and NotAction".to_owned()),
        }
    }

    fn told(&self) -> String {
        match (&self.delivers, &self.beyond) {
            (Some(action), _) => format!("{} with `{action}`", self.verb),
            (None, Some(action)) => format!("call `{action}`"),
            (None, None) => "take requests away".to_owned(),
        }
    }
}

/// Every principal with its kind (`AWS`, `Service`, …).
fn principals(body: &Object) -> Result<Vec<(&str, &str)>, String> {
    let node = body.get("Principal").ok_or("has no Principal")?;
    if let Some(text) = node.as_str() {
        return Ok(vec![("AWS", text)]);
    }
    let mut found = Vec::new();
    for member in node.as_object().ok_or("has a Principal that is neither a text nor an object")? {
        let values = texts(&member.value).ok_or("has a Principal whose value is no text and no list of texts")?;
        found.extend(values.into_iter().map(|value| (member.key.as_str(), value)));
    }
    if found.is_empty() { Err("has an empty Principal".to_owned()) } else { Ok(found) }
}

/// What is wrong with granting this to a principal that is not EventBridge alone.
fn stranger(who: (&str, &str), grant: &Grant, door: &Door, pinned: bool) -> Option<String> {
    let (kind, name) = who;
    let own = door.account.as_str();
    let does = grant.told();
    match kind {
        "AWS" if name == "*" && pinned => Some(format!(
            "lets anybody (`*`) {does}: `{SOURCE_ARN}` is to be believed only when a service is the principal, and must \
             stand with {{\"Service\": \"{EVENTS}\"}}"
        )),
        "AWS" if name == "*" => Some(format!("lets anybody (`*`) {does}")),
        "AWS" if of_account(name, own) => {
            // Reading is what the gate itself does; who could send could forge, and who could change the policy could too.
            grant.beyond.is_some().then(|| match name.rsplit(':').next() {
                Some("root") => format!("lets every principal of the gate's own account `{own}` {does}"),
                Some(_) if name == own => format!("lets every principal of the gate's own account `{own}` {does}"),
                Some(_) | None => format!("lets `{}` of the gate's own account {does}", show(name)),
            })
        }
        "AWS" => Some(format!("lets `{}`, which is not of the gate's account, {does}", show(name))),
        "Service" if name == EVENTS => Some(format!("lets {EVENTS} {does} together with other principals")),
        "Service" => Some(format!("lets the service `{}` {does}", show(name))),
        _ => Some(format!("lets the {} principal `{}` {does}", show(kind), show(name))),
    }
}

/// Whether an `AWS` principal is the account, its root, or a role, user or session of it. A bare unique id is of nobody.
fn of_account(name: &str, own: &str) -> bool {
    let mut parts = name.splitn(6, ':');
    let shaped = parts.next() == Some("arn")
        && parts.next().is_some_and(|partition| partition.starts_with("aws"))
        && matches!(parts.next(), Some("iam" | "sts"))
        && parts.next() == Some("")
        && parts.next() == Some(own)
        && parts.next().is_some_and(|rest| !rest.is_empty() && !rest.contains(['*', '?', '$']));
    shaped || name == own
}

/// The rules a condition pins `aws:SourceArn` to. Operators and keys are joined by "and", values by "or": one pinning key
/// is enough, and each of its values must be a declared rule.
fn pinned<'a>(condition: Option<&'a Node>, rules: &[String]) -> Result<Vec<&'a str>, String> {
    let condition = condition.ok_or_else(|| format!("it has no condition on `{SOURCE_ARN}`"))?;
    let operators = condition.as_object().ok_or("its Condition is no object")?;
    let mut why = None;
    for operator in operators {
        let keys = operator.value.as_object().ok_or("its Condition has an operator that is no object")?;
        let mut named = keys.iter().filter(|member| member.key.eq_ignore_ascii_case(SOURCE_ARN));
        let Some(member) = named.next() else { continue };
        let key = format!("{} on `{SOURCE_ARN}`", show(&operator.key));
        let values = texts(&member.value).unwrap_or_default();
        let beyond = values.iter().find(|value| !rules.iter().any(|rule| rule == *value));
        why = Some(match (PINNING.contains(&operator.key.as_str()), beyond) {
            _ if named.next().is_some() => format!("{key} stands twice"),
            (false, _) if operator.key.ends_with("IfExists") => format!("{key} also holds where there is none"),
            (false, _) => format!("{key} does not pin it"),
            (true, None) if values.is_empty() => format!("{key} has no text to compare with"),
            (true, None) => return Ok(values),
            (true, Some(value)) if value.contains(['*', '?']) => format!("{key} has the wildcard `{}`", show(value)),
            (true, Some(value)) => format!("{key} also takes `{}`, which the source does not declare", show(value)),
        });
    }
    Err(why.unwrap_or_else(|| format!("no condition is on `{SOURCE_ARN}`")))
}

/// Whether `Resource` names the target.
fn covers(body: &Object, target_arn: &str) -> bool {
    let patterns = body.get("Resource").and_then(texts).unwrap_or_default();
    patterns.iter().any(|pattern| Glob::new(pattern).matches(target_arn))
}

/// A text or a list of texts.
fn texts(node: &Node) -> Option<Vec<&str>> {
    match node.as_array() {
        None => node.as_str().map(|text| vec![text]),
        Some(items) => items.iter().map(Node::as_str).collect(),
    }
}

#[cfg(test)]
mod tests;
