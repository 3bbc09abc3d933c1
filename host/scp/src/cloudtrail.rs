//! A CloudTrail record becomes the call that was authorized, as far as the record tells it (CloudTrail user guide,
//! "CloudTrail record contents" and "CloudTrail userIdentity element").
//!
//! What is not recorded is unknown. It does not know organizations; [`crate::replay`] does.

mod names;

use crate::call::{Call, Key, Keys, Resource};
use crate::{literal, principal};
use reeve_json::{Node, Value};
use std::fmt;
use std::net::IpAddr;

/// What a record says of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The call. What it needs beside its own action, such as `iam:PassRole` for a role that it hands over, is not in it.
    pub call: Call,
    /// The action, `service:Action`, in the case of the record.
    pub action: String,
    /// Id of the caller's account, whose policies count.
    pub account: String,
    /// ARN of the caller; for a session of a role, of the role.
    pub principal: Option<String>,
    /// `eventID`.
    pub event_id: Option<String>,
    /// `eventTime`.
    pub time: Option<String>,
    /// `errorCode`: the call failed then.
    pub error_code: Option<String>,
}

/// Why a record tells of no call that policies decide about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoCall {
    /// A service tells what it did; nobody called it.
    ServiceEvent,
    /// A service called for itself: policies do not bind it.
    ServiceCaller(String),
    /// Somebody signed in, which no IAM action is.
    SignIn,
    /// Another kind of event.
    EventType(String),
    /// The caller is not a principal of an account: it only wants to become one.
    NoPrincipal(String),
    /// The record does not say which action the call needs, or it needs several.
    NoAction(String),
    /// A field is missing or of another type.
    Malformed(&'static str),
}

impl fmt::Display for NoCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServiceEvent => f.write_str("a service tells what it did, nobody called it"),
            Self::ServiceCaller(service) => write!(f, "`{}` called for itself", service.escape_debug()),
            Self::SignIn => f.write_str("a sign-in is no IAM action"),
            Self::EventType(kind) => write!(f, "an event of type `{}` is no call", kind.escape_debug()),
            Self::NoPrincipal(kind) => {
                write!(f, "a caller of type `{}` is not a principal of an account", kind.escape_debug())
            }
            Self::NoAction(name) => write!(f, "`{}` does not say which one action it needs", name.escape_debug()),
            Self::Malformed(field) => write!(f, "`{field}` of the record is missing or of another type"),
        }
    }
}

/// The records of a file as CloudTrail writes it (`{"Records": […]}`), of an array of them, or of one record, bare or in
/// the `detail` of an EventBridge event.
#[must_use]
pub fn records(node: &Node) -> Vec<&Node> {
    let list = node.as_array().or_else(|| node.pointer("/Records").and_then(Node::as_array));
    match (list, node.pointer("/detail/eventName")) {
        (Some(list), _) => list.iter().collect(),
        (None, Some(_)) => node.pointer("/detail").into_iter().collect(),
        (None, None) => vec![node],
    }
}

/// Reads one record.
///
/// # Errors
/// Why it tells of no call that policies decide about.
pub fn read(record: &Node) -> Result<Recorded, NoCall> {
    let text = |pointer: &str| record.pointer(pointer).and_then(Node::as_str);
    match text("/eventType") {
        Some("AwsApiCall") => {}
        Some("AwsServiceEvent") => return Err(NoCall::ServiceEvent),
        Some("AwsConsoleSignIn") => return Err(NoCall::SignIn),
        Some(other) => return Err(NoCall::EventType(other.to_owned())),
        None => return Err(NoCall::Malformed("eventType")),
    }
    let source = text("/eventSource").ok_or(NoCall::Malformed("eventSource"))?;
    let name = text("/eventName").ok_or(NoCall::Malformed("eventName"))?;
    let kind = text("/userIdentity/type").ok_or(NoCall::Malformed("userIdentity.type"))?;
    match kind {
        "Root" | "IAMUser" | "AssumedRole" | "Role" | "FederatedUser" | "AWSAccount" => {}
        "AWSService" => {
            let service = text("/userIdentity/invokedBy").unwrap_or("an AWS service");
            return Err(NoCall::ServiceCaller(service.to_owned()));
        }
        other => return Err(NoCall::NoPrincipal(other.to_owned())),
    }
    // A field that was too long is replaced by a note of that.
    let parameters = record.pointer("/requestParameters").and_then(Node::as_object);
    let parameters = parameters.filter(|parameters| parameters.get("omitted").is_none());
    let action = names::action(source, name, parameters).ok_or_else(|| NoCall::NoAction(format!("{source} {name}")))?;
    let account = text("/userIdentity/accountId").ok_or(NoCall::Malformed("userIdentity.accountId"))?;
    let principal = caller(record, kind);
    let mut call = Call::new(&action);
    call.resource = resource(record, &mut call.keys);
    if WIDER.contains(&call.service.as_str()) {
        call.resource = Resource::Unknown;
    }
    identity(record, kind, principal.as_deref(), account, &mut call);
    network(record, &mut call.keys);
    request(record, &mut call.keys);
    let owned = |pointer: &str| text(pointer).map(str::to_owned);
    Ok(Recorded {
        call,
        action,
        account: account.to_owned(),
        principal,
        event_id: owned("/eventID"),
        time: owned("/eventTime"),
        error_code: owned("/errorCode"),
    })
}

/// The ARN that `aws:PrincipalArn` holds.
fn caller(record: &Node, kind: &str) -> Option<String> {
    let issuer = record.pointer("/userIdentity/sessionContext/sessionIssuer/arn").and_then(Node::as_str);
    let own = record.pointer("/userIdentity/arn").and_then(Node::as_str);
    match kind {
        // The session's own ARN is one of STS: the role is who issued it.
        "AssumedRole" => issuer,
        _ => own,
    }
    .map(str::to_owned)
}

/// What follows from the caller.
fn identity(record: &Node, kind: &str, principal: Option<&str>, account: &str, call: &mut Call) {
    let text = |pointer: &str| record.pointer(pointer).and_then(Node::as_str);
    let Call { service, keys, .. } = call;
    if let Some(arn) = principal {
        principal::set(keys, service, arn, account);
        // An ARN of a record is a text, whatever it holds.
        keys.set("aws:PrincipalArn", Key::value(arn));
    }
    keys.set("aws:PrincipalAccount", Key::value(account));
    if let Some(id) = text("/userIdentity/principalId").filter(|_| kind != "AWSAccount") {
        keys.set("aws:userid", Key::value(id));
    }
    if let Some(name) = text("/userIdentity/userName").filter(|_| kind == "IAMUser") {
        keys.set("aws:username", Key::value(name));
    }
    if let Some(identity) = text("/userIdentity/sessionContext/sourceIdentity") {
        keys.set("aws:SourceIdentity", Key::value(identity));
    }
    via(text("/userIdentity/invokedBy"), service, keys);
    let long_lived = kind == "IAMUser" && text("/userIdentity/accessKeyId").is_some_and(|it| it.starts_with("AKIA"));
    match text("/userIdentity/sessionContext/attributes/mfaAuthenticated") {
        Some(value) => {
            keys.set("aws:MultiFactorAuthPresent", Key::value(value));
            if value.eq_ignore_ascii_case("false") {
                keys.set("aws:MultiFactorAuthAge", Key::Absent);
            }
        }
        // Requests with long-term credentials do not have these keys.
        None if long_lived => {
            for key in ["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:TokenIssueTime"] {
                keys.set(key, Key::Absent);
            }
        }
        None => {}
    }
    if let Some(issued) = text("/userIdentity/sessionContext/attributes/creationDate") {
        keys.set("aws:TokenIssueTime", Key::value(issued));
    }
}

/// Whether a service called for the caller.
fn via(invoked_by: Option<&str>, called: &str, keys: &mut Keys) {
    // The direct call is what the caller's keys stand for already.
    let Some(caller) = invoked_by else { return };
    // Only some services set these, the list of them grows, and the service may have been called by another one.
    for key in ["aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"] {
        keys.set(key, Key::Unknown);
    }
    // `AWS Internal` has no endpoint: the console, or a service that is not named.
    let told = caller.split_once('.').is_some_and(|(label, _)| !principal::hides_via(label));
    let told = told && !principal::hides_via(called);
    keys.set(principal::VIA_SERVICE, if told { Key::value("true") } else { Key::Unknown });
}

/// Where the call came from.
fn network(record: &Node, keys: &mut Keys) {
    let text = |pointer: &str| record.pointer(pointer).and_then(Node::as_str);
    let address = text("/sourceIPAddress").filter(|text| text.parse::<IpAddr>().is_ok());
    let endpoint = text("/vpcEndpointId");
    // Through an endpoint the address is one of the VPC, and `aws:SourceIp` is not there (IAM user guide).
    match (address, endpoint) {
        (Some(address), Some(endpoint)) => {
            keys.set("aws:VpcSourceIp", Key::value(address));
            keys.set("aws:SourceVpce", Key::value(endpoint));
            keys.set("aws:SourceVpc", Key::present());
            keys.set("aws:SourceIp", Key::Absent);
        }
        (Some(address), None) if is_public(address) => {
            keys.set("aws:SourceIp", Key::value(address));
            for key in ["aws:VpcSourceIp", "aws:SourceVpce", "aws:SourceVpc"] {
                keys.set(key, Key::Absent);
            }
        }
        // A name is that of a service: which address counts then is not told.
        (Some(_) | None, _) => {}
    }
    if record.pointer("/tlsDetails").and_then(Node::as_object).is_some_and(|details| !details.is_empty()) {
        keys.set("aws:SecureTransport", Key::value("true"));
    }
}

fn is_public(address: &str) -> bool {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => !(address.is_private() || address.is_loopback() || address.is_link_local()),
        Ok(IpAddr::V6(address)) => !(address.is_loopback() || address.is_unique_local()),
        Err(_) => false,
    }
}

/// What the request itself says.
fn request(record: &Node, keys: &mut Keys) {
    let text = |pointer: &str| record.pointer(pointer).and_then(Node::as_str);
    if let Some(region) = text("/awsRegion") {
        keys.set("aws:RequestedRegion", Key::value(region));
    }
    if let Some(agent) = text("/userAgent").filter(|agent| is_as_sent(agent)) {
        keys.set("aws:UserAgent", Key::value(agent));
    }
    if let Some(time) = text("/eventTime") {
        keys.set("aws:CurrentTime", Key::value(time));
        // Compared as a date or as a number: seconds are both.
        let seconds = literal::date(time).map(|nanoseconds| nanoseconds.div_euclid(literal::NANOSECONDS_PER_SECOND));
        keys.set("aws:EpochTime", seconds.map_or(Key::present(), |seconds| Key::value(seconds.to_string())));
    }
}

/// How many bytes of a user agent are recorded (CloudTrail user guide, "CloudTrail record contents": 1 KB).
const USER_AGENT_BYTES_MAX: usize = 1024;

/// Whether a recorded user agent is the header that was sent: Amazon S3 records it in brackets, a service by the name of its
/// endpoint, and long ones are cut.
fn is_as_sent(agent: &str) -> bool {
    let told = !agent.starts_with('[') && agent != "AWS Internal" && !agent.ends_with(".amazonaws.com");
    // What is as long as the longest one may have been cut.
    told && agent.len() < USER_AGENT_BYTES_MAX
}

/// Services whose records name a table or function, where a call may be authorized on its index, version or alias (DynamoDB
/// and AWS Lambda developer guides on IAM policies).
const WIDER: [&str; 2] = ["dynamodb", "lambda"];

/// The resource, if the record names exactly one. Two may be a bucket and its object: only one of them was decided on.
fn resource(record: &Node, keys: &mut Keys) -> Resource {
    let list = record.pointer("/resources").and_then(Node::as_array).unwrap_or_default();
    let [one] = list else { return Resource::Unknown };
    let member = |name: &str| match one.pointer(name).map(|node| &node.value) {
        Some(Value::String(text)) => Some(text.as_str()),
        _ => None,
    };
    if let Some(account) = member("/accountId") {
        keys.set("aws:ResourceAccount", Key::value(account));
    }
    match member("/ARN") {
        Some(arn) if arn.starts_with("arn:") => Resource::Known(arn.to_owned()),
        Some(_) | None => Resource::Unknown,
    }
}

#[cfg(test)]
mod tests;
