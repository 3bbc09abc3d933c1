//! `REGISTER_HOST`: Auto Scaling has launched an instance; its address goes into the DNS of Active Directory.
//!
//! The command runs as the system account of a domain controller, and the host's name is chosen by whoever tags the
//! instance. So nothing is quoted or escaped here: every value is restricted to characters that are plain in any
//! shell, and only then put between single quotes. Source: Systems Manager API reference, SendCommand; PowerShell,
//! about_Quoting_Rules (curly quotes are quotes too).

mod document;
#[cfg(test)]
mod tests;

pub use document::Document;

use crate::{Ask, DetailRule, Draft, Fields, Instance, Kind, Need, World};
use document::RUN_POWERSHELL_SCRIPT;
use reeve_json::{Value, canonical};
use reeve_model::{AccountId, Action, Code, DnsName, NameRule, Nonce, PlannedAction, Refusal, action};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// How long a controller may take to pick the command up, seconds: a reboot fits, an outage is reported.
const DELIVERY_TIMEOUT_SECONDS: u32 = 600;
/// How long the command itself may take, seconds: it adds one record.
const EXECUTION_TIMEOUT_SECONDS: u32 = 120;
/// Most controllers of a gate: as many as one SendCommand could name (Systems Manager), though it names one.
const CONTROLLERS_MAX: usize = 50;
/// Longest host label, bytes (RFC 1035).
const HOST_BYTES_MAX: usize = 63;
/// What an activity's `StatusCode` may not be. An event of a success says `InProgress` in the samples of the Auto
/// Scaling user guide; the API reference (Activity) knows a dozen more, of which these two say that nothing was done.
const STATUS_REFUSED: [&str; 2] = ["Failed", "Cancelled"];
/// Where Auto Scaling keeps instances that are not in service (Auto Scaling user guide, warm pools).
const WARM_POOL: &str = "WarmPool";

/// The set of names in the ledger that a registered host is held under, by the id of its instance.
const HOLDING_SCOPE: &str = "host";
/// Under which scope the ledger holds the names of hosts, each for one instance.
const NAME_SCOPE: &str = "host-name";
/// The pointer of the instance id: what is wrong with the facts is told there.
pub(crate) const INSTANCE_AT: &str = "/detail/EC2InstanceId";

/// The kind `REGISTER_HOST`, as a gate configures it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterHost {
    /// Names of the DNS zones a host may be registered in; see [`RegisterHost::check_zone`].
    pub zones: Vec<String>,
    /// What the controller runs.
    pub document: Document,
    /// Ids of the domain controllers; see [`RegisterHost::check_controllers`]. The first one runs the command: they
    /// replicate what one of them has, and a second one would add the record twice. Which is the first is the
    /// operator's to change; a gate that tried the next one could not know whether the first had run the command.
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

impl RegisterHost {
    /// Whether the controllers can be targets of a command: 1 to 50 ids of EC2 instances, each once.
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
        self.pattern(self.detail_type())
    }

    fn detail_rule(&self) -> DetailRule {
        DetailRule::Aws
    }

    fn draft<'a>(&'a self, ask: &'a Ask<'a>) -> Result<Box<dyn Draft + 'a>, Vec<Refusal>> {
        let config = self;
        let (sender, nonce) = (&ask.event.account, &ask.nonce);
        self.activity(ask, |fields| {
            let field = "Destination";
            if fields.optional_string(field).flatten() == Some(WARM_POOL) {
                let message = "the instance goes into the warm pool, where it is not in service";
                fields.refuse(Refusal::new(Code::BadEnum, fields.at(field), message));
            }
            fields.optional_string("PrivateIpAddress").flatten()
        })
        .map(|(instance_id, private_ip)| -> Box<dyn Draft + 'a> {
            Box::new(Launch { config, sender, nonce, instance_id, private_ip })
        })
    }
}

impl RegisterHost {
    /// The pattern of the events of this detail-type, for the groups.
    pub(crate) fn pattern(&self, detail_type: &str) -> Value {
        let mut pattern =
            vec![("source", Value::array(["aws.autoscaling"])), ("detail-type", Value::array([detail_type]))];
        if !self.groups.is_empty() {
            let groups = Value::array(self.groups.iter().map(String::as_str));
            pattern.push(("detail", Value::object([("AutoScalingGroupName", groups)])));
        }
        Value::object(pattern)
    }

    /// Reads an event of Auto Scaling: the instance, and what `more` reads beside it.
    pub(crate) fn activity<'a, T>(
        &self,
        ask: &'a Ask<'a>,
        more: impl FnOnce(&mut Fields<'a>) -> T,
    ) -> Result<(&'a str, T), Vec<Refusal>> {
        // AWS may add fields, so every field that is there counts as known.
        let there: Vec<&str> = ask.event.detail().iter().map(|member| member.key.as_str()).collect();
        let mut fields = Fields::new(ask.event.detail(), "/detail", &there);
        let instance_id = fields.string("EC2InstanceId");
        if let Some(id) = instance_id {
            fields.note(check_instance_id(id, INSTANCE_AT));
        }
        self.check_group(&mut fields);
        let status = fields.optional_string("StatusCode").flatten();
        if let Some(status) = status.filter(|status| STATUS_REFUSED.contains(status)) {
            let message = format!("the activity is `{status}`, though the event tells of a success");
            fields.refuse(Refusal::new(Code::BadEnum, fields.at("StatusCode"), message));
        }
        let more = more(&mut fields);
        fields.finish()?;
        // Whatever is missing has left a refusal, so `finish` has returned it.
        let malformed = || vec![Refusal::new(Code::InstanceIdFormat, INSTANCE_AT, "the event is malformed")];
        instance_id.map(|id| (id, more)).ok_or_else(malformed)
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

/// What the ledger holds of a registered host: the instance, and its name, for two accounts must not answer to one.
pub(crate) fn held(instance_id: &str, instance: &Instance) -> Vec<(String, String, String)> {
    let Instance { account: _, host, zone, private_ip } = instance;
    let made = Value::object([("host", host.as_str()), ("zone", zone), ("private_ip", private_ip)]);
    vec![
        (HOLDING_SCOPE.to_owned(), instance_id.to_owned(), canonical(&made)),
        (NAME_SCOPE.to_owned(), format!("{host}.{zone}"), instance_id.to_owned()),
    ]
}

struct Launch<'a> {
    config: &'a RegisterHost,
    sender: &'a AccountId,
    nonce: &'a Nonce,
    instance_id: &'a str,
    private_ip: Option<&'a str>,
}

/// What a command may hold: nothing in here needs quoting.
pub(crate) struct Host<'a> {
    name: &'a str,
    zone: &'a str,
    address: Ipv4Addr,
}

/// What is done with a host's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Remove,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Remove => "Remove",
        }
    }
}

impl Draft for Launch<'_> {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Instance { id: self.instance_id.to_owned(), account: self.sender.clone() }]
    }

    fn actions(&self, world: &World) -> Result<Vec<PlannedAction>, Vec<Refusal>> {
        let instance = self.verified(world)?;
        let mut refusals = Vec::new();
        if let Some(sent) = self.private_ip.filter(|sent| *sent != instance.private_ip) {
            let message = format!("`{}` is not the private address of the instance", sent.escape_debug());
            refusals.push(Refusal::new(Code::InstanceNotVerified, "/detail/PrivateIpAddress", message));
        }
        match self.config.host(instance) {
            Ok(host) if refusals.is_empty() => {
                let action = self.config.command(Operation::Add, &host, self.nonce);
                Ok(vec![PlannedAction { at: INSTANCE_AT.to_owned(), action }])
            }
            host => Err([refusals, host.err().unwrap_or_default()].concat()),
        }
    }

    fn holdings(&self, world: &World) -> Vec<(String, String, String)> {
        let Some(instance) = world.instances.get(self.instance_id) else { return Vec::new() };
        held(self.instance_id, instance)
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
}

impl RegisterHost {
    /// What a command may hold of an instance, once all of it is checked.
    pub(crate) fn host<'i>(&self, instance: &'i Instance) -> Result<Host<'i>, Vec<Refusal>> {
        let mut refusals = Vec::new();
        refusals.extend(check_host(&instance.host).err());
        refusals.extend(self.check_zone_listed(&instance.zone).err());
        let address = private_address(&instance.private_ip).map_err(|refusal| refusals.push(refusal)).ok();
        match address {
            Some(address) if refusals.is_empty() => Ok(Host { name: &instance.host, zone: &instance.zone, address }),
            Some(_) | None => Err(refusals),
        }
    }

    fn check_zone_listed(&self, zone: &str) -> Result<(), Refusal> {
        let listed = self.zones.iter().any(|known| known == zone);
        if listed && RegisterHost::check_zone(zone).is_ok() {
            return Ok(());
        }
        let message = format!("the instance's zone is `{}`, which the gate does not list", zone.escape_debug());
        let zones: Vec<String> = self.zones.iter().map(|zone| format!("`{zone}`")).collect();
        Err(Refusal::new(Code::ZoneNotInEnum, INSTANCE_AT, message).fix(format!("zones: {}", zones.join(", "))))
    }

    pub(crate) fn command(&self, operation: Operation, host: &Host<'_>, nonce: &Nonce) -> Action {
        let Self { document, controllers, role_arn, region, ttl_seconds, .. } = self;
        let parameters = if document.name == RUN_POWERSHELL_SCRIPT {
            vec![
                ("commands".to_owned(), vec![host.script(operation, *ttl_seconds)]),
                ("executionTimeout".to_owned(), vec![EXECUTION_TIMEOUT_SECONDS.to_string()]),
            ]
        } else {
            vec![
                ("Operation".to_owned(), vec![operation.as_str().to_owned()]),
                ("HostName".to_owned(), vec![host.name.to_owned()]),
                ("ZoneName".to_owned(), vec![host.zone.to_owned()]),
                ("IPv4Address".to_owned(), vec![host.address.to_string()]),
                ("TtlSeconds".to_owned(), vec![ttl_seconds.to_string()]),
            ]
        };
        Action::SendCommand(action::SendCommand {
            instance_ids: controllers.iter().take(1).cloned().collect(),
            document_name: document.name.clone(),
            document_version: document.version.clone(),
            document_hash: document.hash.clone(),
            parameters,
            role_arn: role_arn.clone(),
            region: region.clone(),
            comment: format!("reeve {}", nonce.as_str()),
            timeout_seconds: DELIVERY_TIMEOUT_SECONDS,
        })
    }
}

impl Host<'_> {
    /// `-AllowUpdateAny` is left out on purpose: with it, any authenticated user could change the record. `-Force` is
    /// there because nobody is there to say yes; what is removed is the one record of this name and address.
    fn script(&self, operation: Operation, ttl_seconds: u32) -> String {
        let Self { name, zone, address } = self;
        let ttl = time_span(ttl_seconds);
        match operation {
            Operation::Add => format!(
                "Add-DnsServerResourceRecordA -ZoneName '{zone}' -Name '{name}' -IPv4Address '{address}' \
                 -TimeToLive {ttl}"
            ),
            Operation::Remove => format!(
                "Remove-DnsServerResourceRecord -ZoneName '{zone}' -RRType A -Name '{name}' -RecordData '{address}' \
                 -Force"
            ),
        }
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
