//! The parsed ask: what a policy sees. Complete, savable, replayable.

use crate::{AccountId, Event, Fact, Nonce, PlannedAction, Timestamp};
use reeve_json::Value;

/// Who asked, as AWS says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The envelope's `account`.
    pub account: AccountId,
    /// Whether AWS set it on the path the event came, or somebody vouched for it.
    pub verified: bool,
    /// Name in the directory.
    pub name: Option<String>,
    /// Tier in the directory.
    pub tier: Option<String>,
    /// Organizational unit in the directory.
    pub organizational_unit: Option<String>,
    /// `active` or `suspended`; none when the account is unknown.
    pub status: Option<String>,
}

/// Members of a sender's JSON; all are always there, null where nothing is known.
const SENDER_MEMBERS: [&str; 6] = ["account", "verified", "name", "tier", "organizational_unit", "status"];

impl Sender {
    /// The sender as stable JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Self { account, verified, name, tier, organizational_unit, status } = self;
        Value::object([
            ("account", Value::from(account.as_str())),
            ("verified", (*verified).into()),
            ("name", name.clone().into()),
            ("tier", tier.clone().into()),
            ("organizational_unit", organizational_unit.clone().into()),
            ("status", status.clone().into()),
        ])
    }

    /// Reads what [`Sender::to_json`] wrote.
    ///
    /// # Errors
    /// What is wrong: an unknown or missing member, another type, or no account id.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let object = value.as_object().ok_or("the sender is not an object")?;
        if let Some(other) = object.iter().find(|member| !SENDER_MEMBERS.contains(&member.key.as_str())) {
            return Err(format!("`{}` of the sender is not known", other.key.escape_debug()));
        }
        let member = |name: &str| {
            object.get(name).map(|node| &node.value).ok_or_else(|| format!("`{name}` of the sender is missing"))
        };
        let text = |name: &str| match member(name)? {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Err(format!("`{name}` of the sender is neither a string nor null"))
            }
        };
        let account = member("account")?.as_str().and_then(AccountId::parse);
        Ok(Self {
            account: account.ok_or("`account` of the sender is not an account id")?,
            verified: member("verified")?.as_bool().ok_or("`verified` of the sender is not true or false")?,
            name: text("name")?,
            tier: text("tier")?,
            organizational_unit: text("organizational_unit")?,
            status: text("status")?,
        })
    }
}

/// Everything that one policy may know of a request.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// Name of the kind.
    pub kind: &'a str,
    /// The envelope.
    pub event: &'a Event,
    /// Canonical text of `detail`.
    pub detail: &'a str,
    /// Who asked.
    pub sender: &'a Sender,
    /// The sender's name for the request.
    pub nonce: &'a Nonce,
    /// Whether the sender asked for a dry run.
    pub dry_run: bool,
    /// The exact changes, in order.
    pub actions: &'a [PlannedAction],
    /// The facts this policy asked for, sorted by name.
    pub facts: &'a [Fact],
    /// The moment of judging.
    pub now: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_json::{Options, StringRule, compact, parse};

    fn json(text: &str) -> Value {
        parse(text.as_bytes(), &Options { bytes_max: 4_096, depth_max: 8, strings: StringRule::Any }).expect(text).value
    }

    #[test]
    fn a_sender_reads_back() {
        let account = AccountId::parse("011122223333").expect("an id");
        let known = Sender {
            account: account.clone(),
            verified: true,
            name: Some("foo".to_owned()),
            tier: Some("dev".to_owned()),
            organizational_unit: Some("Dev".to_owned()),
            status: Some("active".to_owned()),
        };
        let unknown =
            Sender { account, verified: false, name: None, tier: None, organizational_unit: None, status: None };
        for (sender, rest) in [
            (known, r#""verified":true,"name":"foo","tier":"dev","organizational_unit":"Dev","status":"active"}"#),
            (unknown, r#""verified":false,"name":null,"tier":null,"organizational_unit":null,"status":null}"#),
        ] {
            let text = format!(r#"{{"account":"011122223333",{rest}"#);
            assert_eq!(compact(&sender.to_json()), text);
            assert_eq!(Sender::from_json(&json(&text)), Ok(sender), "{text}");
        }
    }

    #[test]
    fn what_was_not_written_so_is_refused() {
        let good = r#"{"account":"011122223333","verified":true,"name":"n","tier":"t","organizational_unit":"u","status":"s"}"#;
        assert!(Sender::from_json(&json(good)).is_ok());
        for (from, to, message) in [
            (r#""011122223333""#, r#""1""#, "`account` of the sender is not an account id"),
            (r#""011122223333""#, "11122223333", "`account` of the sender is not an account id"),
            ("true", r#""true""#, "`verified` of the sender is not true or false"),
            (r#""name":"n","#, "", "`name` of the sender is missing"),
            (r#""t""#, "1", "`tier` of the sender is neither a string nor null"),
            (r#""status""#, r#""state""#, "`state` of the sender is not known"),
        ] {
            let text = good.replacen(from, to, 1);
            assert_eq!(Sender::from_json(&json(&text)), Err(message.to_owned()), "{text}");
        }
        assert_eq!(Sender::from_json(&Value::Null), Err("the sender is not an object".to_owned()));
    }
}
