//! What a gate needs to be run as a service: where requests come from, how much may change, and where answers,
//! receipts and memory are kept.

mod sources;
#[cfg(test)]
mod tests;

use crate::arn::{self, RoleInAccount};
use reeve_engine::{Brakes, Guarded};
use reeve_yaml::{Field, MapReader, YamlError, did_you_mean};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

pub(crate) use sources::queue;
pub use sources::{HttpFile, LambdaFile, QueueUrl, SourceFile, SqsFile};

/// Largest bound of changes that can be set. Whoever needs a larger one needs no brake.
const CHANGES_MAX: u32 = 1_000_000;
/// Shortest and longest name of a table, characters (DynamoDB, CreateTable).
const TABLE_NAME_CHARS: std::ops::RangeInclusive<usize> = 3..=255;
/// Shortest and longest name of a bucket, characters (S3, bucket naming rules).
const BUCKET_NAME_CHARS: std::ops::RangeInclusive<usize> = 3..=63;
/// Longest prefix of receipts, characters: half of what S3 takes as a key, so that the rest has room.
const PREFIX_CHARS_MAX: usize = 512;
/// Requests in flight when the file does not say: twice what Route 53's five calls a second keep busy.
const IN_FLIGHT_DEFAULT: u32 = 64;
/// Most requests in flight: each has a thread of its own.
pub const IN_FLIGHT_MAX: u32 = 128;
/// Where health and metrics are told when the file does not say.
const LISTEN_DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9090);
/// How long requests in hand may take to end after a stop, seconds: five less than the thirty after which Kubernetes
/// and ECS kill.
const DRAIN_SECONDS_DEFAULT: u32 = 25;
/// Longest time to end in, seconds: ten minutes. What takes longer is taken over by the next gate.
const DRAIN_SECONDS_MAX: u32 = 600;

/// Port of DNS (RFC 1035, section 4.2).
const DNS_PORT: u16 = 53;
/// How long a delegation may take to be proven when the file does not say, seconds: Route 53 publishes a change within a
/// minute as a rule, and resolvers take their time.
const PROBE_SECONDS_DEFAULT: u32 = 120;
/// Longest such time, seconds: fifteen minutes, as long as Route 53's negative answers are cached.
const PROBE_SECONDS_MAX: u32 = 900;
/// Most resolvers.
const RESOLVERS_MAX: usize = 10;

/// Where requests are remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerFile {
    /// A file of SQLite, for one gate on one host.
    Sqlite(PathBuf),
    /// The name of a DynamoDB table, for many.
    DynamoDb(String),
}

/// Where receipts are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptsFile {
    /// A folder.
    Dir(PathBuf),
    /// A bucket of S3.
    S3 {
        /// Its name.
        bucket: String,
        /// What every key begins with, without a slash at its end; may be empty.
        prefix: String,
    },
}

/// Roles that are assumed in the sender's account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RolesFile {
    /// To read an instance.
    pub instance_facts: Option<RoleInAccount>,
    /// To make and look at a zone that is delegated to the account.
    pub delegation: Option<RoleInAccount>,
}

/// How the service runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeFile {
    /// Most requests in flight.
    pub in_flight: u32,
    /// Where health and metrics are told. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether a change of Route 53 has ended only once every name server has it.
    pub wait_for_insync: bool,
    /// How long requests in hand may take to end after a stop, seconds.
    pub drain_seconds: u32,
    /// Whom to ask whether a delegation resolves.
    pub probe: ProbeFile,
}

/// How a delegation is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeFile {
    /// Recursive resolvers, each of which must find the record; none means those of the host.
    pub resolvers: Vec<SocketAddr>,
    /// Port of authoritative servers.
    pub port: u16,
    /// How long all of it may take, seconds.
    pub deadline_seconds: u32,
}

impl Default for ProbeFile {
    fn default() -> Self {
        Self { resolvers: Vec::new(), port: DNS_PORT, deadline_seconds: PROBE_SECONDS_DEFAULT }
    }
}

impl Default for ServeFile {
    fn default() -> Self {
        Self {
            in_flight: IN_FLIGHT_DEFAULT,
            listen: LISTEN_DEFAULT,
            wait_for_insync: false,
            drain_seconds: DRAIN_SECONDS_DEFAULT,
            probe: ProbeFile::default(),
        }
    }
}

/// What the gate file says of the service, beside the gate itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFile {
    /// Where requests come from.
    pub sources: Vec<SourceFile>,
    /// How much may change.
    pub brakes: Brakes,
    /// Name or ARN of the bus that replies go to.
    pub reply_bus: Option<String>,
    /// Where requests are remembered.
    pub ledger: Option<LedgerFile>,
    /// Where receipts are kept.
    pub receipts: Option<ReceiptsFile>,
    /// Roles in the senders' accounts.
    pub roles: RolesFile,
    /// How the service runs.
    pub serve: ServeFile,
}

impl ServiceFile {
    /// Reads the keys of the service out of a gate file's.
    pub(crate) fn read(map: &mut MapReader<'_>) -> Result<Self, YamlError> {
        Ok(Self {
            sources: map.optional("sources").map(sources::sources).transpose()?.unwrap_or_default(),
            brakes: map.optional("brakes").map(brakes).transpose()?.unwrap_or_default(),
            reply_bus: map.optional("reply").map(reply).transpose()?,
            ledger: map.optional("ledger").map(ledger).transpose()?,
            receipts: map.optional("receipts").map(receipts).transpose()?,
            roles: map.optional("roles").map(roles).transpose()?.unwrap_or_default(),
            serve: map.optional("serve").map(serve).transpose()?.unwrap_or_default(),
        })
    }
}

/// The one key of a mapping that chooses among `words`, and its value.
fn choice<'a>(field: Field<'a>, words: &[&'static str]) -> Result<(&'static str, Field<'a>), YamlError> {
    let mut map = field.mapping()?;
    let found: Vec<_> = words.iter().filter_map(|word| Some((*word, map.optional(word)?))).collect();
    map.finish()?;
    match found.as_slice() {
        [one] => Ok(*one),
        _ => {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            Err(field.must(format!("have exactly one key: {}", words.join(" or "))))
        }
    }
}

fn number(field: Option<Field<'_>>, range: std::ops::RangeInclusive<i64>, default: u32) -> Result<u32, YamlError> {
    let number = field.map(|field| field.integer(range)).transpose()?;
    Ok(number.and_then(|number| u32::try_from(number).ok()).unwrap_or(default))
}

fn flag(field: Option<Field<'_>>) -> Result<bool, YamlError> {
    field.map_or(Ok(false), |field| field.bool())
}

/// An address to listen on: of this host alone, unless the file says otherwise on purpose.
fn address(field: Field<'_>, expose: Option<Field<'_>>) -> Result<SocketAddr, YamlError> {
    let text = field.string()?;
    let hint = "write an address and a port, such as `127.0.0.1:8080` or `\"[::1]:8080\"`";
    let address: SocketAddr = text.parse().map_err(|_| field.must("be an IP address and a port").with_hint(hint))?;
    if !flag(expose)? && !address.ip().is_loopback() {
        let message = format!("`{address}` can be reached from other hosts");
        return Err(field.error(message).with_hint("if that is meant, write `expose: true` beside it"));
    }
    Ok(address)
}

fn brakes(field: Field<'_>) -> Result<Brakes, YamlError> {
    let mut map = field.mapping()?;
    let all = 1..=i64::from(CHANGES_MAX);
    let default = Brakes::default();
    let mut changes = |key, default| number(map.optional(key), all.clone(), default);
    let changes_per_request = changes("changes-per-request", default.changes_per_request)?;
    let changes_per_hour = changes("changes-per-hour", default.changes_per_hour)?;
    let changes_per_account_hour = changes("changes-per-account-hour", default.changes_per_account_hour)?;
    let changes_per_zone_hour = changes("changes-per-zone-hour", default.changes_per_zone_hour)?;
    let share = map.optional("zone-share").map(percent).transpose()?;
    let allow = map.optional("allow").map(guarded).transpose()?;
    map.finish()?;
    Ok(Brakes {
        changes_per_request,
        changes_per_hour,
        changes_per_account_hour,
        changes_per_zone_hour,
        zone_share_percent: share.unwrap_or(default.zone_share_percent),
        allow: allow.unwrap_or(default.allow),
    })
}

/// `1%` to `100%`, without fraction.
fn percent(field: Field<'_>) -> Result<u8, YamlError> {
    let wanted = || field.must("be from `1%` to `100%`").with_hint("write a whole number and `%`, such as `30%`");
    // A bare number is not read: 0.3 and 30 would be two ways to write one share.
    let text = field.string().map_err(|_| wanted())?;
    let digits = text.strip_suffix('%').filter(|digits| !digits.starts_with(['0', '+']));
    digits.and_then(|digits| digits.parse().ok()).filter(|share| (1..=100).contains(share)).ok_or_else(wanted)
}

fn guarded(field: Field<'_>) -> Result<BTreeSet<Guarded>, YamlError> {
    let mut allow = BTreeSet::new();
    for item in field.items()? {
        let text = item.string()?;
        let Some(guard) = Guarded::parse(text) else {
            let known = ["apex", "mx", "caa"].into_iter().filter(|word| Guarded::parse(word).is_some());
            let message = format!("`{}` is nothing that a gate guards", text.escape_debug());
            return Err(item.error(message).with_hint(did_you_mean(text, "words", known)));
        };
        if !allow.insert(guard) {
            return Err(item.error(format!("`{text}` is there twice")));
        }
    }
    Ok(allow)
}

fn reply(field: Field<'_>) -> Result<String, YamlError> {
    let mut map = field.mapping()?;
    let bus = arn::bus(map.required("bus")?)?;
    map.finish()?;
    Ok(bus)
}

fn path(field: Field<'_>) -> Result<PathBuf, YamlError> {
    match field.string()? {
        "" => Err(field.must("be a path")),
        text => Ok(text.into()),
    }
}

fn ledger(field: Field<'_>) -> Result<LedgerFile, YamlError> {
    let (word, field) = choice(field, &["sqlite", "dynamodb"])?;
    if word == "sqlite" {
        return path(field).map(LedgerFile::Sqlite);
    }
    let text = field.string()?;
    let shaped = text.len() >= *TABLE_NAME_CHARS.start() && arn::named(text, *TABLE_NAME_CHARS.end(), "_.-");
    if shaped {
        return Ok(LedgerFile::DynamoDb(text.to_owned()));
    }
    let (low, high) = (TABLE_NAME_CHARS.start(), TABLE_NAME_CHARS.end());
    Err(field.must(format!("be the name of a table: {low} to {high} of letters, digits, `_.-`")))
}

fn receipts(field: Field<'_>) -> Result<ReceiptsFile, YamlError> {
    let (word, field) = choice(field, &["dir", "s3"])?;
    if word == "dir" {
        return path(field).map(ReceiptsFile::Dir);
    }
    let mut map = field.mapping()?;
    let bucket_field = map.required("bucket")?;
    let bucket = bucket_field.string()?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let shaped = BUCKET_NAME_CHARS.contains(&bucket.len())
        && bucket.bytes().all(|byte| plain(byte) || matches!(byte, b'.' | b'-'))
        && bucket.bytes().next().is_some_and(plain)
        && bucket.bytes().last().is_some_and(plain)
        && !bucket.contains("..");
    if !shaped {
        let (low, high) = (BUCKET_NAME_CHARS.start(), BUCKET_NAME_CHARS.end());
        let what = format!("be the name of a bucket: {low} to {high} of lower-case letters, digits, `.` and `-`");
        return Err(bucket_field.must(what));
    }
    let prefix = map.optional("prefix").map(prefix).transpose()?.unwrap_or_default();
    map.finish()?;
    Ok(ReceiptsFile::S3 { bucket: bucket.to_owned(), prefix })
}

/// Parts between slashes, each of characters that need no escaping in a key (S3, object key naming).
fn prefix(field: Field<'_>) -> Result<String, YamlError> {
    let text = field.string()?;
    let part = |part: &str| arn::named(part, PREFIX_CHARS_MAX, "!_.*'()=-") && !matches!(part, "." | "..");
    if text.len() <= PREFIX_CHARS_MAX && text.split('/').all(part) {
        return Ok(text.to_owned());
    }
    let hint = format!("at most {PREFIX_CHARS_MAX} characters; leave the key out for none");
    Err(field.must("be a prefix such as `reeve/dns`, without a slash at its ends").with_hint(hint))
}

fn roles(field: Field<'_>) -> Result<RolesFile, YamlError> {
    let mut map = field.mapping()?;
    let instance_facts = map.optional("instance-facts").map(arn::role_in_account).transpose()?;
    let delegation = map.optional("delegation").map(arn::role_in_account).transpose()?;
    map.finish()?;
    Ok(RolesFile { instance_facts, delegation })
}

fn serve(field: Field<'_>) -> Result<ServeFile, YamlError> {
    let mut map = field.mapping()?;
    let in_flight = number(map.optional("in-flight"), 1..=i64::from(IN_FLIGHT_MAX), IN_FLIGHT_DEFAULT)?;
    let expose = map.optional("expose");
    let listen = map.optional("listen").map(|field| address(field, expose)).transpose()?;
    if let Some(field) = expose.filter(|_| listen.is_none()) {
        return Err(field.error("`expose` without `listen` exposes nothing"));
    }
    let wait_for_insync = flag(map.optional("wait-for-insync"))?;
    let drain_seconds = number(map.optional("drain-seconds"), 1..=i64::from(DRAIN_SECONDS_MAX), DRAIN_SECONDS_DEFAULT)?;
    let probe = map.optional("probe").map(probe).transpose()?.unwrap_or_default();
    map.finish()?;
    Ok(ServeFile { in_flight, listen: listen.unwrap_or(LISTEN_DEFAULT), wait_for_insync, drain_seconds, probe })
}

fn probe(field: Field<'_>) -> Result<ProbeFile, YamlError> {
    let mut map = field.mapping()?;
    let mut resolvers = Vec::new();
    if let Some(field) = map.optional("resolvers") {
        let items = field.items()?;
        if !(1..=RESOLVERS_MAX).contains(&items.len()) {
            return Err(field.must(format!("have 1 to {RESOLVERS_MAX} items")).with_hint("leave the key out for none"));
        }
        for item in items {
            let shaped = item.string()?.parse();
            let hint = "such as `10.0.0.2:53`";
            resolvers.push(shaped.map_err(|_| item.must("be an IP address and a port").with_hint(hint))?);
        }
    }
    let port = number(map.optional("port"), 1..=i64::from(u16::MAX), u32::from(DNS_PORT))?;
    let range = 1..=i64::from(PROBE_SECONDS_MAX);
    let deadline_seconds = number(map.optional("deadline-seconds"), range, PROBE_SECONDS_DEFAULT)?;
    map.finish()?;
    Ok(ProbeFile { resolvers, port: u16::try_from(port).unwrap_or(DNS_PORT), deadline_seconds })
}
