//! `REGISTER_HOST`: Auto Scaling has launched an instance; its address goes into the DNS of Active Directory.
//!
//! The command runs as the system account of a domain controller, and the host's name is chosen by whoever tags the
//! instance. So nothing is quoted or escaped here: every value is restricted to characters that are plain in any
//! shell, and only then put between single quotes. Source: Systems Manager API reference, SendCommand; PowerShell,
//! about_Quoting_Rules (curly quotes are quotes too).

use crate::{Ask, DetailRule, Draft, Fields, Instance, Kind, Need, World};
use reeve_json::Value;
use reeve_model::{AccountId, Action, Code, DnsName, NameRule, Nonce, PlannedAction, Refusal, action};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// The document of AWS that runs a script; it is not ours to hash, and its version is pinned.
const RUN_POWERSHELL_SCRIPT: &str = "AWS-RunPowerShellScript";
/// How long a controller may take to pick the command up, seconds: a reboot fits, an outage is reported.
const DELIVERY_TIMEOUT_SECONDS: u32 = 600;
/// How long the command itself may take, seconds: it adds one record.
const EXECUTION_TIMEOUT_SECONDS: u32 = 120;
/// Most instances that one SendCommand names (Systems Manager).
const CONTROLLERS_MAX: usize = 50;
/// Longest host label, bytes (RFC 1035).
const HOST_BYTES_MAX: usize = 63;
/// Shortest and longest document name, characters (Systems Manager).
const DOCUMENT_NAME_CHARS: std::ops::RangeInclusive<usize> = 3..=128;
/// Hexadecimal digits of a SHA-256.
const SHA256_DIGITS: usize = 64;
/// Beginnings of the names of public documents that AWS owns, lower case (Systems Manager, CreateDocument).
const DOCUMENT_PREFIXES_RESERVED: [&str; 3] = ["aws", "amazon", "amzn"];

/// The pointer of the instance id: what is wrong with the facts is told there.
const INSTANCE_AT: &str = "/detail/EC2InstanceId";

/// The kind `REGISTER_HOST`, as a gate configures it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterHost {
    /// Names of the DNS zones a host may be registered in; see [`RegisterHost::check_zone`].
    pub zones: Vec<String>,
    /// What the controllers run.
    pub document: Document,
    /// Ids of the instances that run it, the domain controllers; see [`RegisterHost::check_controllers`].
    pub controllers: Vec<String>,
    /// ARN of the role to assume in the controllers' account.
    pub role_arn: String,
    /// Region of the controllers.
    pub region: String,
    /// Time to live of the record, seconds.
    pub ttl_seconds: u32,
    /// Names of the Auto Scaling groups whose instances are registered; none means those of any group.
    pub groups: Vec<String>,
}

/// The document that a command runs, pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Name, of a document of the controllers' own account or [`RUN_POWERSHELL_SCRIPT`].
    pub name: String,
    /// Version: a number, never `$LATEST` or `$DEFAULT`.
    pub version: String,
    /// SHA-256 of its content, 64 hexadecimal digits; needed for every document but [`RUN_POWERSHELL_SCRIPT`].
    pub hash: Option<String>,
}

impl Document {
    /// Whether what runs is fixed: a name in our own account, a version by number, and a hash unless AWS owns it.
    ///
    /// # Errors
    /// `DOCUMENT_NOT_PINNED`, with an empty pointer: the document stands in the gate file, not in an event.
    pub fn check(&self) -> Result<(), Refusal> {
        let refuse = |message: String| Err(Refusal::new(Code::DocumentNotPinned, "", message));
        let (name, version) = (self.name.escape_debug(), self.version.escape_debug());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if !DOCUMENT_NAME_CHARS.contains(&self.name.len()) || !self.name.bytes().all(plain) {
            return refuse(format!("`{name}` is not the name of a document of the account itself"));
        }
        let lower = self.name.to_ascii_lowercase();
        let of_aws = DOCUMENT_PREFIXES_RESERVED.iter().any(|prefix| lower.starts_with(prefix));
        if of_aws && self.name != RUN_POWERSHELL_SCRIPT {
            return refuse(format!("`{name}` is a public document; only `{RUN_POWERSHELL_SCRIPT}` is taken"));
        }
        if !self.version.bytes().all(|byte| byte.is_ascii_digit()) || !self.version.starts_with(|it| it > '0') {
            return refuse(format!("version `{version}` of document `{name}` is not a number"));
        }
        match &self.hash {
            None if self.name == RUN_POWERSHELL_SCRIPT => Ok(()),
            None => refuse(format!("document `{name}` has no SHA-256 hash")),
            Some(hash) if hash.len() == SHA256_DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => Ok(()),
            Some(hash) => refuse(format!("`{}` is not {SHA256_DIGITS} hexadecimal digits", hash.escape_debug())),
        }
    }
}

impl RegisterHost {
    /// Whether the controllers can be the targets of one command: 1 to 50 ids of EC2 instances, each once.
    ///
    /// # Errors
    /// `TARGET_NOT_ALLOWED` or `INSTANCE_ID_FORMAT`, with an empty pointer: they stand in the gate file.
    pub fn check_controllers(&self) -> Result<(), Refusal> {
        if !(1..=CONTROLLERS_MAX).contains(&self.controllers.len()) {
            let message = format!("{} controllers are not 1 to {CONTROLLERS_MAX}", self.controllers.len());
            return Err(Refusal::new(Code::TargetNotAllowed, "", message));
        }
        let mut seen = BTreeSet::new();
        for id in &self.controllers {
            check_instance_id(id, "")?;
            if !seen.insert(id) {
                return Err(Refusal::new(Code::TargetNotAllowed, "", format!("controller `{id}` is listed twice")));
            }
        }
        Ok(())
    }

    /// Whether a zone's name may stand in a command: a canonical DNS name without a wildcard.
    ///
    /// # Errors
    /// A `DNS_…` code, with an empty pointer: the zone stands in the gate file.
    pub fn check_zone(zone: &str) -> Result<(), Refusal> {
        let name =
            DnsName::parse(zone, NameRule::Owner).map_err(|error| Refusal::new(error.code, "", error.message))?;
        if name.is_wildcard() {
            return Err(Refusal::new(Code::DnsWildcardPosition, "", format!("zone `{name}` is a wildcard")));
        }
        if name.as_str() != zone {
            return Err(Refusal::new(Code::BadValue, "", format!("zone `{zone}` is written `{name}`")));
        }
        Ok(())
    }
}

impl Kind for RegisterHost {
    fn name(&self) -> &'static str {
        "REGISTER_HOST"
    }

    fn detail_type(&self) -> &'static str {
        "EC2 Instance Launch Successful"
    }

    fn default_pattern(&self) -> Value {
        let mut pattern =
            vec![("source", Value::array(["aws.autoscaling"])), ("detail-type", Value::array([self.detail_type()]))];
        if !self.groups.is_empty() {
            let groups = Value::array(self.groups.iter().map(String::as_str));
            pattern.push(("detail", Value::object([("AutoScalingGroupName", groups)])));
        }
        Value::object(pattern)
    }

    fn detail_rule(&self) -> DetailRule {
        DetailRule::Aws
    }

    fn draft<'a>(&'a self, ask: &'a Ask<'a>) -> Result<Box<dyn Draft + 'a>, Vec<Refusal>> {
        // AWS may add fields, so every field that is there counts as known.
        let there: Vec<&str> = ask.event.detail().iter().map(|member| member.key.as_str()).collect();
        let mut fields = Fields::new(ask.event.detail(), "/detail", &there);
        let instance_id = fields.string("EC2InstanceId");
        if let Some(id) = instance_id {
            fields.note(check_instance_id(id, INSTANCE_AT));
        }
        self.check_group(&mut fields);
        let private_ip = fields.optional_string("PrivateIpAddress").flatten();
        fields.finish()?;
        match instance_id {
            Some(instance_id) => {
                let (sender, nonce) = (&ask.event.account, &ask.nonce);
                Ok(Box::new(Launch { config: self, sender, nonce, instance_id, private_ip }))
            }
            // Whatever is missing has left a refusal, so `finish` has returned it.
            None => Err(vec![Refusal::new(Code::InstanceIdFormat, INSTANCE_AT, "the event is malformed")]),
        }
    }
}

impl RegisterHost {
    /// The pattern has looked at the group already, unless the gate file names a pattern of its own.
    fn check_group(&self, fields: &mut Fields<'_>) {
        let field = "AutoScalingGroupName";
        if self.groups.is_empty() {
            fields.optional_string(field);
            return;
        }
        let Some(group) = fields.string(field) else { return };
        if !self.groups.iter().any(|known| known == group) {
            let message = format!("hosts of the Auto Scaling group `{}` are not registered", group.escape_debug());
            fields.refuse(Refusal::new(Code::TargetNotAllowed, fields.at(field), message));
        }
    }
}

struct Launch<'a> {
    config: &'a RegisterHost,
    sender: &'a AccountId,
    nonce: &'a Nonce,
    instance_id: &'a str,
    private_ip: Option<&'a str>,
}

/// What a command may hold: nothing in here needs quoting.
struct Host<'a> {
    name: &'a str,
    zone: &'a str,
    address: Ipv4Addr,
}

impl Draft for Launch<'_> {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Instance(self.instance_id.to_owned())]
    }

    fn actions(&self, world: &World) -> Result<Vec<PlannedAction>, Vec<Refusal>> {
        let instance = self.verified(world)?;
        let mut refusals = Vec::new();
        if let Some(sent) = self.private_ip.filter(|sent| *sent != instance.private_ip) {
            let message = format!("`{}` is not the private address of the instance", sent.escape_debug());
            refusals.push(Refusal::new(Code::InstanceNotVerified, "/detail/PrivateIpAddress", message));
        }
        refusals.extend(check_host(&instance.host).err());
        refusals.extend(self.check_zone_listed(&instance.zone).err());
        let address = private_address(&instance.private_ip).map_err(|refusal| refusals.push(refusal)).ok();
        match address {
            Some(address) if refusals.is_empty() => {
                let host = Host { name: &instance.host, zone: &instance.zone, address };
                Ok(vec![PlannedAction { at: INSTANCE_AT.to_owned(), action: self.command(&host) }])
            }
            Some(_) | None => Err(refusals),
        }
    }
}

impl Launch<'_> {
    fn verified<'w>(&self, world: &'w World) -> Result<&'w Instance, Vec<Refusal>> {
        let refuse = |message: String| vec![Refusal::new(Code::InstanceNotVerified, INSTANCE_AT, message)];
        match world.instances.get(self.instance_id) {
            None => Err(refuse(format!("there is no instance `{}`", self.instance_id))),
            Some(instance) if instance.account != *self.sender => {
                Err(refuse(format!("instance `{}` does not run in the sender's account", self.instance_id)))
            }
            Some(instance) => Ok(instance),
        }
    }

    fn check_zone_listed(&self, zone: &str) -> Result<(), Refusal> {
        let listed = self.config.zones.iter().any(|known| known == zone);
        if listed && RegisterHost::check_zone(zone).is_ok() {
            return Ok(());
        }
        let message = format!("the instance asks for zone `{}`, which the gate does not list", zone.escape_debug());
        let zones: Vec<String> = self.config.zones.iter().map(|zone| format!("`{zone}`")).collect();
        Err(Refusal::new(Code::ZoneNotInEnum, INSTANCE_AT, message).fix(format!("zones: {}", zones.join(", "))))
    }

    fn command(&self, host: &Host<'_>) -> Action {
        let RegisterHost { document, controllers, role_arn, region, ttl_seconds, .. } = self.config;
        let parameters = if document.name == RUN_POWERSHELL_SCRIPT {
            vec![
                ("commands".to_owned(), vec![host.add_record(*ttl_seconds)]),
                ("executionTimeout".to_owned(), vec![EXECUTION_TIMEOUT_SECONDS.to_string()]),
            ]
        } else {
            vec![
                ("HostName".to_owned(), vec![host.name.to_owned()]),
                ("ZoneName".to_owned(), vec![host.zone.to_owned()]),
                ("IPv4Address".to_owned(), vec![host.address.to_string()]),
                ("TtlSeconds".to_owned(), vec![ttl_seconds.to_string()]),
            ]
        };
        Action::SendCommand(action::SendCommand {
            instance_ids: controllers.clone(),
            document_name: document.name.clone(),
            document_version: document.version.clone(),
            document_hash: document.hash.clone(),
            parameters,
            role_arn: role_arn.clone(),
            region: region.clone(),
            comment: format!("reeve {}", self.nonce.as_str()),
            timeout_seconds: DELIVERY_TIMEOUT_SECONDS,
        })
    }
}

impl Host<'_> {
    /// `-AllowUpdateAny` is left out on purpose: with it, any authenticated user could change the record.
    fn add_record(&self, ttl_seconds: u32) -> String {
        let Self { name, zone, address } = self;
        let ttl = time_span(ttl_seconds);
        format!(
            "Add-DnsServerResourceRecordA -ZoneName '{zone}' -Name '{name}' -IPv4Address '{address}' -TimeToLive {ttl}"
        )
    }
}

/// `HH:MM:SS`, or `D.HH:MM:SS` from a day on: a TimeSpan reads the hours of `24:00:00` as days.
fn time_span(seconds: u32) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let clock = format!("{hours:02}:{:02}:{:02}", seconds / 60 % 60, seconds % 60);
    if days == 0 { clock } else { format!("{days}.{clock}") }
}

/// `i-` and 8 or 17 lower-case hexadecimal digits. Managed instances (`mi-…`) are not EC2's.
fn check_instance_id(id: &str, at: &str) -> Result<(), Refusal> {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if id.strip_prefix("i-").is_some_and(|rest| matches!(rest.len(), 8 | 17) && rest.bytes().all(hex)) {
        return Ok(());
    }
    let message = format!("`{}` is not the id of an EC2 instance", id.escape_debug());
    Err(Refusal::new(Code::InstanceIdFormat, at, message))
}

/// `^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`, from end to end.
fn check_host(host: &str) -> Result<(), Refusal> {
    let shown = host.escape_debug();
    if host.contains("{{") {
        let message = format!("the instance's host name `{shown}` holds `{{{{`, which Systems Manager would expand");
        return Err(Refusal::new(Code::SsmTemplate, INSTANCE_AT, message));
    }
    let plain = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase() || byte == b'-';
    let edge = host.starts_with('-') || host.ends_with('-');
    if (1..=HOST_BYTES_MAX).contains(&host.len()) && host.bytes().all(plain) && !edge {
        return Ok(());
    }
    let message = format!("the instance's host name `{shown}` is not a host label");
    let fix = format!("tag it with 1 to {HOST_BYTES_MAX} of `a-z`, `0-9` and, inside, `-`");
    Err(Refusal::new(Code::HostnameFormat, INSTANCE_AT, message).fix(fix))
}

/// Four decimal numbers without leading zeros, in a range of RFC 1918.
fn private_address(text: &str) -> Result<Ipv4Addr, Refusal> {
    text.parse().ok().filter(Ipv4Addr::is_private).ok_or_else(|| {
        let message = format!("the instance's address `{}` is not a private IPv4 address", text.escape_debug());
        Refusal::new(Code::AddrFormat, INSTANCE_AT, message)
    })
}

#[cfg(test)]
mod tests;
