//! Where requests come from, as a gate file says it.

use super::{address, choice, number};
use crate::arn;
use reeve_engine::LEASE_SECONDS;
use reeve_model::AccountId;
use reeve_yaml::{Field, YamlError};
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// Most messages that one ReceiveMessage brings (SQS).
pub(super) const BATCH_MAX: u32 = 10;
/// Shortest time for which a received message is hidden, seconds: a message that comes back before a lease runs out
/// finds its own request held.
pub(super) const VISIBILITY_SECONDS_MIN: i64 = LEASE_SECONDS;
/// How long a received message is hidden when the file does not say, seconds: a lease, and a third.
pub(super) const VISIBILITY_SECONDS_DEFAULT: u32 = 120;
/// Longest time for which SQS hides a message, seconds: twelve hours.
pub(super) const VISIBILITY_SECONDS_MAX: i64 = 43_200;
/// Longest name of a queue, characters, `.fifo` included (SQS, CreateQueue).
const QUEUE_NAME_CHARS_MAX: usize = 80;
/// Most rules that one source trusts: a list that a person reads.
pub(super) const RULES_MAX: usize = 100;
/// Most sources of one gate: a list that a person reads.
pub(super) const SOURCES_MAX: usize = 100;

/// Where requests come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceFile {
    /// A queue that this gate receives from.
    Sqs(SqsFile),
    /// A function that this gate is.
    Lambda(LambdaFile),
    /// A port that this gate listens on.
    Http(HttpFile),
}

/// An SQS queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqsFile {
    /// The queue.
    pub queue: QueueUrl,
    /// ARNs of the rules that alone may send to it; none means that nobody vouches for the sender.
    pub verified_by: Vec<String>,
    /// Most messages of one receive.
    pub batch: u32,
    /// How long a received message is hidden, seconds.
    pub visibility_seconds: u32,
}

/// A Lambda function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LambdaFile {
    /// Its ARN.
    pub function: String,
    /// The queue that invokes it; none when the rule does.
    pub queue: Option<QueueUrl>,
    /// ARNs of the rules that alone may send to the queue or invoke the function; none means that nobody vouches.
    pub verified_by: Vec<String>,
}

/// A port for events. Nobody vouches for what comes in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpFile {
    /// The address. Port 0 takes a free one.
    pub listen: SocketAddr,
}

/// The URL of a queue, and what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueUrl {
    /// The URL.
    pub url: String,
    /// The account that it is in.
    pub account: AccountId,
    /// Its name.
    pub name: String,
}

pub(super) fn sources(field: Field<'_>) -> Result<Vec<SourceFile>, YamlError> {
    let items = field.items()?;
    if !(1..=SOURCES_MAX).contains(&items.len()) {
        return Err(field.must(format!("have 1 to {SOURCES_MAX} items")).with_hint("leave the key out for none"));
    }
    let mut sources = Vec::new();
    let mut seen = BTreeSet::new();
    for item in items {
        let source = source(item)?;
        let place = match &source {
            SourceFile::Sqs(sqs) => sqs.queue.url.clone(),
            SourceFile::Lambda(lambda) => lambda.function.clone(),
            SourceFile::Http(http) => http.listen.to_string(),
        };
        let free_port = matches!(&source, SourceFile::Http(http) if http.listen.port() == 0);
        if !free_port && !seen.insert(place.clone()) {
            return Err(item.error(format!("source `{place}` is there twice")));
        }
        sources.push(source);
    }
    Ok(sources)
}

fn source(item: Field<'_>) -> Result<SourceFile, YamlError> {
    let (word, field) = choice(item, &["sqs", "lambda", "http"])?;
    let mut map = field.mapping()?;
    let source = match word {
        "sqs" => SourceFile::Sqs(SqsFile {
            queue: queue(map.required("queue")?)?,
            verified_by: rules(map.optional("verified-by"))?,
            batch: number(map.optional("batch"), 1..=i64::from(BATCH_MAX), BATCH_MAX)?,
            visibility_seconds: number(
                map.optional("visibility-seconds"),
                VISIBILITY_SECONDS_MIN..=VISIBILITY_SECONDS_MAX,
                VISIBILITY_SECONDS_DEFAULT,
            )?,
        }),
        "lambda" => SourceFile::Lambda(LambdaFile {
            function: arn::function(map.required("function")?)?,
            queue: map.optional("queue").map(queue).transpose()?,
            verified_by: rules(map.optional("verified-by"))?,
        }),
        _ => SourceFile::Http(HttpFile { listen: address(map.required("listen")?, map.optional("expose"))? }),
    };
    map.finish()?;
    Ok(source)
}

/// Rules that vouch for senders: one, or a list of them. An empty list would look like a check and be none.
fn rules(field: Option<Field<'_>>) -> Result<Vec<String>, YamlError> {
    let Some(field) = field else { return Ok(Vec::new()) };
    if matches!(field.node().value, reeve_yaml::Value::String { .. }) {
        return Ok(vec![arn::rule(field)?]);
    }
    let items = field.items()?;
    if !(1..=RULES_MAX).contains(&items.len()) {
        let hint = "leave the key out where nobody vouches for senders";
        return Err(field.must(format!("have 1 to {RULES_MAX} items")).with_hint(hint));
    }
    let mut rules = Vec::new();
    for item in items {
        let rule = arn::rule(item)?;
        if rules.contains(&rule) {
            return Err(item.error(format!("rule `{rule}` is there twice")));
        }
        rules.push(rule);
    }
    Ok(rules)
}

/// `https://HOST/ACCOUNT/NAME`; without encryption only on this host, where emulators are.
pub(crate) fn queue(field: Field<'_>) -> Result<QueueUrl, YamlError> {
    let text = field.string()?;
    let parse = || {
        let (scheme, rest) = text.split_once("://")?;
        let (host, path) = rest.split_once('/')?;
        let (name_of_host, port) = host.rsplit_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
        let port_ok = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        let local = matches!(name_of_host, "localhost" | "127.0.0.1") || name_of_host.ends_with(".localhost");
        let host_ok = arn::named(name_of_host, 253, ".-") && port_ok;
        let (account, name) = path.split_once('/')?;
        let plain = name.strip_suffix(".fifo").unwrap_or(name);
        let good = (scheme == "https" || (scheme == "http" && local))
            && host_ok
            && name.len() <= QUEUE_NAME_CHARS_MAX
            && arn::named(plain, QUEUE_NAME_CHARS_MAX, "_-");
        let account = AccountId::parse(account).filter(|_| good)?;
        Some(QueueUrl { url: text.to_owned(), account, name: name.to_owned() })
    };
    parse().ok_or_else(|| {
        let hint = "write it as SQS tells it: `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`";
        field.must("be the URL of a queue").with_hint(hint)
    })
}
