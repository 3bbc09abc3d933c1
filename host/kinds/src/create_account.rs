//! `CREATE_ACCOUNT`: a new member account and the unit it goes into.
//!
//! With [`ForwardBus`] there are two rounds: the first makes the account; the second, which knows its id, makes the
//! rule that lets a bus send to it.
//! Source: Organizations API reference, CreateAccount, MoveAccount and TagResource.

mod forward;
pub(crate) mod place;
#[cfg(test)]
mod tests;

pub use forward::ForwardBus;

use crate::fields::wrong_type;
use crate::{Ask, Draft, Fields, Kind, Need, OrganizationAccount, World};
use reeve_json::escape_pointer_token;
use reeve_model::action::{self, OrganizationalUnit, Tag};
use reeve_model::{AccountId, Action, Code, PlannedAction, Refusal};
use std::collections::BTreeSet;

/// Shortest e-mail address, characters (Organizations, CreateAccount).
const EMAIL_CHARS_MIN: usize = 6;
/// Longest e-mail address, characters (Organizations, CreateAccount).
const EMAIL_CHARS_MAX: usize = 64;
/// What the local part of an e-mail address may not hold, beside white space (Organizations, CreateAccount).
const EMAIL_LOCAL_REFUSED: &str = "\"'()<>[]:;,\\|%&";
/// Longest account name, characters (Organizations, CreateAccount).
const ACCOUNT_NAME_CHARS_MAX: usize = 50;
/// Longest role name, characters (IAM, CreateRole).
const ROLE_NAME_CHARS_MAX: usize = 64;
/// Beginning of the names of service-linked roles, which IAM makes itself; compared without case, as IAM does.
const ROLE_PREFIX_RESERVED: &str = "awsservicerolefor";
/// Most tags on one resource (Organizations, TagResource).
const TAGS_MAX: usize = 50;
/// Longest tag key, characters (Organizations, Tag).
const TAG_KEY_CHARS_MAX: usize = 128;
/// Longest tag value, characters (Organizations, Tag).
const TAG_VALUE_CHARS_MAX: usize = 256;

/// The kind `CREATE_ACCOUNT`, as a gate configures it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateAccount {
    /// Domains an address of a root user may be in; each stands for itself alone, without its subdomains.
    pub email_domains: Vec<String>,
    /// Names or ids of the organizational units that may be asked for.
    pub units: Vec<String>,
    /// Name of the role that the management account gets in the new account.
    pub role_name: String,
    /// The bus that is to send to the new account, if one is.
    pub forward_bus: Option<ForwardBus>,
}

impl CreateAccount {
    /// Whether a role of this name may be made in a new account: 1 to 64 of letters, digits and `_+=,.@-`, and not
    /// the name of a service-linked role. Source: IAM API reference, CreateRole; Organizations, CreateAccount.
    ///
    /// # Errors
    /// `ROLE_NAME`, with an empty pointer: the name stands in the gate file, not in an event.
    pub fn check_role_name(name: &str) -> Result<(), Refusal> {
        let shown = name.escape_debug();
        let taken = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
        if !(1..=ROLE_NAME_CHARS_MAX).contains(&name.len()) || !name.bytes().all(taken) {
            let message =
                format!("role name `{shown}` is not 1 to {ROLE_NAME_CHARS_MAX} of letters, digits, `_+=,.@-`");
            return Err(Refusal::new(Code::RoleName, "", message));
        }
        if name.to_ascii_lowercase().starts_with(ROLE_PREFIX_RESERVED) {
            let message = format!("role name `{shown}` is that of a service-linked role");
            return Err(Refusal::new(Code::RoleName, "", message));
        }
        Ok(())
    }

    fn check_email(&self, email: &str, at: &str) -> Result<(), Refusal> {
        let shown = email.escape_debug();
        let domain = email_domain(email)
            .map_err(|fault| Refusal::new(Code::EmailFormat, at, format!("e-mail address `{shown}` {fault}")))?;
        if !self.email_domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain)) {
            let message = format!("e-mail address `{shown}` is outside the company's domains");
            let domains: Vec<String> = self.email_domains.iter().map(|domain| format!("`{domain}`")).collect();
            let refusal = Refusal::new(Code::EmailNotAllowed, at, message);
            return Err(refusal.fix(format!("domains: {}", domains.join(", "))));
        }
        Ok(())
    }
}

impl Kind for CreateAccount {
    fn name(&self) -> &'static str {
        "CREATE_ACCOUNT"
    }

    fn draft<'a>(&'a self, ask: &'a Ask<'a>) -> Result<Box<dyn Draft + 'a>, Vec<Refusal>> {
        let mut fields = ask.fields();
        let name = fields.string("name");
        if let Some(name) = name {
            let checked = check_name(name, &fields.at("name"));
            fields.note(checked);
        }
        let email = fields.string("email");
        if let Some(email) = email {
            let checked = self.check_email(email, &fields.at("email"));
            fields.note(checked);
        }
        let unit = fields.string("OU");
        if let Some(unit) = unit {
            let checked = place::check_text(unit, &fields.at("OU"));
            fields.note(checked);
        }
        let tags = tags(&mut fields);
        fields.finish()?;
        match (name, email, unit) {
            (Some(name), Some(email), Some(unit)) => {
                Ok(Box::new(Asked { config: self, name, email, unit, tags, round: ask.round }))
            }
            // Whatever is missing has left a refusal, so `finish` has returned it.
            (_, _, _) => Err(vec![Refusal::new(Code::BadValue, "/detail", "the request is malformed")]),
        }
    }
}

struct Asked<'a> {
    config: &'a CreateAccount,
    name: &'a str,
    email: &'a str,
    unit: &'a str,
    tags: Vec<Tag>,
    round: u32,
}

impl Draft for Asked<'_> {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Organization]
    }

    fn actions(&self, world: &World) -> Result<Vec<PlannedAction>, Vec<Refusal>> {
        let organization = place::known(world)?;
        let mut refusals = Vec::new();
        let holders: Vec<_> =
            organization.accounts.values().filter(|it| it.email.eq_ignore_ascii_case(self.email)).collect();
        let forward = self.config.forward_bus.as_ref().filter(|_| self.round > 0);
        if forward.is_none() && !holders.is_empty() {
            let message = format!("an account of the organization uses `{}` already", self.email);
            refusals.push(Refusal::new(Code::EmailNotAllowed, "/detail/email", message));
        }
        let destination = place::listed_unit(organization, &self.config.units, self.unit, "/detail/OU");
        let destination = destination.map_err(|refusal| refusals.push(refusal)).ok();
        let planned = destination.filter(|_| refusals.is_empty()).map(|destination| match forward {
            None => Ok(self.create(destination)),
            Some(forward) => Ok(Action::PutRule(forward.rule(self.made(&holders, &destination)?))),
        });
        match planned {
            Some(Ok(action)) => Ok(vec![PlannedAction { at: "/detail".to_owned(), action }]),
            Some(Err(refusal)) => Err(vec![refusal]),
            None => Err(refusals),
        }
    }

    fn continues(&self, _world: &World) -> bool {
        self.round == 0 && self.config.forward_bus.is_some()
    }
}

impl Asked<'_> {
    fn create(&self, destination: OrganizationalUnit) -> Action {
        Action::CreateAccount(action::CreateAccount {
            name: self.name.to_owned(),
            email: self.email.to_owned(),
            role_name: self.config.role_name.clone(),
            tags: self.tags.clone(),
            destination,
        })
    }

    /// The id of the account that the first round has made: the one that has the address, name and unit asked for.
    fn made<'w>(
        &self,
        holders: &[&'w OrganizationAccount],
        destination: &OrganizationalUnit,
    ) -> Result<&'w AccountId, Refusal> {
        let at = "/detail/email";
        match holders {
            [one] if one.name == self.name && one.parent_id == destination.id => Ok(&one.id),
            [] => {
                let message = format!("the account `{}` was made and cannot be seen yet", self.email);
                Err(Refusal::new(Code::FactUnavailable, at, message))
            }
            _ => {
                let message = format!("the account that uses `{}` is not the one that was asked for", self.email);
                Err(Refusal::new(Code::EmailNotAllowed, at, message))
            }
        }
    }
}

/// 1 to 50 of the printable ASCII characters. Blank edges are refused too: such a name passes for another in a list.
fn check_name(name: &str, at: &str) -> Result<(), Refusal> {
    let shown = name.escape_debug();
    let printable = name.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let message = if !printable || !(1..=ACCOUNT_NAME_CHARS_MAX).contains(&name.len()) {
        format!("account name `{shown}` is not 1 to {ACCOUNT_NAME_CHARS_MAX} printable ASCII characters")
    } else if name.starts_with(' ') || name.ends_with(' ') {
        format!("account name `{shown}` begins or ends with a space")
    } else {
        return Ok(());
    };
    Err(Refusal::new(Code::AccountName, at, message))
}

/// The domain of an address that Organizations takes, or what is wrong with the address.
fn email_domain(email: &str) -> Result<&str, String> {
    if !email.is_ascii() {
        return Err("is not ASCII".to_owned());
    }
    if !(EMAIL_CHARS_MIN..=EMAIL_CHARS_MAX).contains(&email.len()) {
        return Err(format!("is not {EMAIL_CHARS_MIN} to {EMAIL_CHARS_MAX} characters long"));
    }
    let Some((local, domain)) = email.split_once('@').filter(|(_, domain)| !domain.contains('@')) else {
        return Err("does not hold exactly one `@`".to_owned());
    };
    if local.is_empty() || local.starts_with('.') {
        return Err("has nothing, or a dot, at its beginning".to_owned());
    }
    if let Some(bad) = local.chars().find(|&char| !char.is_ascii_graphic() || EMAIL_LOCAL_REFUSED.contains(char)) {
        return Err(format!("holds `{}` before `@`", bad.escape_debug()));
    }
    if let Some(bad) = domain.chars().find(|char| !char.is_ascii_alphanumeric() && !matches!(char, '-' | '.')) {
        return Err(format!("holds `{}` in its domain", bad.escape_debug()));
    }
    if domain.starts_with('-') || domain.ends_with('-') || domain.split('.').any(str::is_empty) {
        return Err("has a domain with `-` at an edge or an empty label".to_owned());
    }
    if !domain.contains('.') {
        return Err("has no dot in its domain".to_owned());
    }
    Ok(domain)
}

/// The tags in the order sent, none when the field is absent. Every one that is not taken is refused.
pub(crate) fn tags(fields: &mut Fields<'_>) -> Vec<Tag> {
    let at = fields.at("tags");
    let Some(node) = fields.optional("tags") else { return Vec::new() };
    let Some(object) = node.as_object() else {
        fields.refuse(wrong_type(&at, &node.value, "an object"));
        return Vec::new();
    };
    if object.len() > TAGS_MAX {
        let message = format!("{} tags are more than the {TAGS_MAX} that a resource can have", object.len());
        fields.refuse(Refusal::new(Code::Tag, at, message));
        return Vec::new();
    }
    let mut tags = Vec::new();
    let mut seen = BTreeSet::new();
    for member in object {
        let at = format!("{at}/{}", escape_pointer_token(&member.key));
        let Some(value) = member.value.as_str() else {
            fields.refuse(wrong_type(&at, &member.value.value, "a string"));
            continue;
        };
        let fault = key_fault(&member.key).or_else(|| value_fault(value)).or_else(|| {
            // Condition keys such as aws:PrincipalTag/<key> are read without case: two spellings would be one tag.
            (!seen.insert(member.key.to_lowercase())).then(|| "is there twice, in two spellings".to_owned())
        });
        match fault {
            None => tags.push((member.key.to_string(), value.to_owned())),
            Some(fault) => {
                let message = format!("tag `{}` {fault}", member.key.escape_debug());
                fields.refuse(Refusal::new(Code::Tag, at, message));
            }
        }
    }
    tags
}

fn key_fault(key: &str) -> Option<String> {
    if !(1..=TAG_KEY_CHARS_MAX).contains(&key.chars().count()) {
        return Some(format!("has a key of {} characters, not 1 to {TAG_KEY_CHARS_MAX}", key.chars().count()));
    }
    if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
        return Some("begins with `aws:`, which is reserved".to_owned());
    }
    let bad = key.chars().find(|&char| !tag_char(char))?;
    Some(format!("holds `{}` in its key", bad.escape_debug()))
}

fn value_fault(value: &str) -> Option<String> {
    if value.chars().count() > TAG_VALUE_CHARS_MAX {
        return Some(format!("has a value longer than {TAG_VALUE_CHARS_MAX} characters"));
    }
    let bad = value.chars().find(|&char| !tag_char(char))?;
    Some(format!("holds `{}` in its value", bad.escape_debug()))
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]` (Organizations, Tag). For `\p{L}` stands the property Alphabetic, which takes some
/// combining vowel signs more; AWS then refuses the whole CreateAccount, and nothing has been made.
fn tag_char(char: char) -> bool {
    char.is_alphanumeric() || (char.is_whitespace() && !char.is_control()) || "_.:/=+-@".contains(char)
}
