//! The rules of `sender-trust`: a sender must be verified, known, active, and of a tier that may ask.

use reeve_sdk::json::Node;
use reeve_sdk::{Reason, Request, Verdict, reason};
use std::collections::BTreeMap;

/// Every reason, with a text for people.
pub const REASONS: &[(&str, &str)] = &[
    ("UNVERIFIED_INTAKE_PATH", "The event came on a path on which anybody could have written the sender's account."),
    ("UNKNOWN_SENDER", "The sender's account is not in the directory, or is suspended there."),
    ("NO_TIER", "The sender's account has no tier, or one that the settings do not list."),
    ("TIER_FORBIDS_ACTION", "The sender's tier is lower than the kind asks for."),
    ("KIND_NOT_LISTED", "The settings do not say which tier may ask for this kind."),
    ("BAD_SETTINGS", "The settings are malformed."),
];

/// Settings of the policy, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    tiers: Vec<String>,
    kinds: BTreeMap<String, String>,
    unverified: Vec<String>,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// `BAD_SETTINGS`, one for each thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, Vec<Reason>> {
        let mut read = reeve_sdk::settings::Settings::parse(text)?;
        let tiers = read.take_texts("tiers").unwrap_or_default();
        let kinds = read.take("kinds", "an object of kind and tier", kinds).unwrap_or_default();
        let unverified = read.take_texts("unverified").unwrap_or_default();
        if tiers.is_empty() {
            read.refuse("tiers", "`tiers` lists no tier");
        }
        for (kind, tier) in &kinds {
            if !tiers.contains(tier) {
                read.refuse("kinds", format!("`{kind}` asks for tier `{tier}`, which `tiers` does not list"));
            }
        }
        read.finish()?;
        Ok(Self { tiers, kinds, unverified })
    }

    fn rank(&self, tier: &str) -> Option<usize> {
        self.tiers.iter().position(|it| it == tier)
    }
}

fn kinds(node: &Node) -> Option<BTreeMap<String, String>> {
    node.as_object()?.iter().map(|member| Some((member.key.to_string(), member.value.as_str()?.to_owned()))).collect()
}

/// Judges one request. Every rule that fails is told.
#[must_use]
pub fn judge(request: &Request, settings: &Settings) -> Verdict {
    let mut reasons = Vec::new();
    let sender = &request.sender;
    if !sender.verified && !settings.unverified.contains(&request.kind) {
        let message = format!("nobody vouches that `{}` sent this", sender.account);
        let fix = "send it through the bus that this gate trusts";
        reasons.push(reason("UNVERIFIED_INTAKE_PATH", message).at("/account").fix(fix));
    }
    reasons.extend(known(request));
    if reasons.iter().all(|reason| reason.code != "UNKNOWN_SENDER") {
        reasons.extend(tier(request, settings));
    }
    if reasons.is_empty() { Verdict::Allow(Vec::new()) } else { Verdict::Deny(reasons) }
}

fn known(request: &Request) -> Option<Reason> {
    let sender = &request.sender;
    let (message, fix) = match (&sender.name, sender.status.as_deref()) {
        (None, _) => {
            let message = format!("account `{}` is not in the directory", sender.account);
            (message, "add the account and its id to the accounts file")
        }
        (Some(name), Some("suspended")) => {
            (format!("account `{name}` is suspended"), "a suspended account asks for nothing; see its `status`")
        }
        (Some(_), _) => return None,
    };
    Some(reason("UNKNOWN_SENDER", message).at("/account").fix(fix))
}

fn tier(request: &Request, settings: &Settings) -> Option<Reason> {
    let name = request.sender.name.as_deref().unwrap_or_default();
    let Some(least) = settings.kinds.get(&request.kind) else {
        let message = format!("no tier may ask for `{}`", request.kind);
        return Some(reason("KIND_NOT_LISTED", message).at("/detail-type"));
    };
    let rank = request.sender.tier.as_deref().and_then(|tier| settings.rank(tier));
    let Some(rank) = rank else {
        let message = format!("account `{name}` has no tier that this policy knows");
        return Some(reason("NO_TIER", message).at("/account").fix("give its scope a `tier` in the accounts file"));
    };
    // `parse` has checked that every kind's tier is listed; were it not, the least rank is one that nobody has.
    let needed = settings.rank(least).unwrap_or(usize::MAX);
    let tier = request.sender.tier.as_deref().unwrap_or_default();
    let message = format!("account `{name}` is of tier `{tier}`; `{}` asks for `{least}` or higher", request.kind);
    (rank < needed).then(|| reason("TIER_FORBIDS_ACTION", message).at("/account"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_sdk::{Event, Sender};

    const SETTINGS: &str = r#"{"tiers":["dev","standard","cicd"],"kinds":{"CREATE_ACCOUNT":"cicd","DNS_RECORD_CHANGE":"dev"},
        "unverified":["LIST_ACCOUNTS"]}"#;

    fn request(kind: &str, verified: bool, tier: Option<&str>, status: Option<&str>) -> Request {
        let sender = Sender {
            account: "111122223333".into(),
            verified,
            name: status.map(|_| "foo".into()),
            tier: tier.map(Into::into),
            organizational_unit: None,
            status: status.map(Into::into),
            extra: vec![],
        };
        let event = Event {
            id: String::new(),
            source: String::new(),
            detail_type: kind.into(),
            region: String::new(),
            time: String::new(),
            resources: vec![],
            extra: vec![],
        };
        Request {
            kind: kind.into(),
            event,
            sender,
            nonce: String::new(),
            dry_run: false,
            detail: "{}".into(),
            actions: vec![],
            facts: vec![],
            now: String::new(),
            extra: vec![],
        }
    }

    #[test]
    fn each_rule_fails_on_its_own() {
        let settings = Settings::parse(SETTINGS).expect("good");
        let active = Some("active");
        for (request, codes) in [
            (request("CREATE_ACCOUNT", true, Some("cicd"), active), vec![]),
            (request("DNS_RECORD_CHANGE", true, Some("dev"), active), vec![]),
            (request("DNS_RECORD_CHANGE", true, Some("cicd"), active), vec![]),
            (request("CREATE_ACCOUNT", true, Some("dev"), active), vec!["TIER_FORBIDS_ACTION"]),
            (request("CREATE_ACCOUNT", false, Some("cicd"), active), vec!["UNVERIFIED_INTAKE_PATH"]),
            (request("CREATE_ACCOUNT", true, None, None), vec!["UNKNOWN_SENDER"]),
            (request("CREATE_ACCOUNT", true, Some("cicd"), Some("suspended")), vec!["UNKNOWN_SENDER"]),
            (request("CREATE_ACCOUNT", true, None, active), vec!["NO_TIER"]),
            (request("CREATE_ACCOUNT", true, Some("other"), active), vec!["NO_TIER"]),
            (request("MOVE_ACCOUNT", true, Some("cicd"), active), vec!["KIND_NOT_LISTED"]),
            (request("MOVE_ACCOUNT", false, None, None), vec!["UNVERIFIED_INTAKE_PATH", "UNKNOWN_SENDER"]),
            (request("LIST_ACCOUNTS", false, Some("cicd"), active), vec!["KIND_NOT_LISTED"]),
        ] {
            let found: Vec<String> = match judge(&request, &settings) {
                Verdict::Allow(_) => vec![],
                Verdict::Deny(reasons) => reasons.into_iter().map(|reason| reason.code).collect(),
                Verdict::Abstain(why) => panic!("{why}"),
            };
            assert_eq!(found, codes, "{request:?}");
            assert!(found.iter().all(|code| REASONS.iter().any(|(listed, _)| listed == code)));
        }
    }

    #[test]
    fn settings_are_checked() {
        for (text, at) in [
            ("[]", None),
            ("{}", Some("/tiers")),
            (r#"{"tiers":["a"],"kinds":{"K":"b"}}"#, Some("/kinds")),
            (r#"{"tiers":"a","kinds":{}}"#, Some("/tiers")),
            (r#"{"tiers":["a"],"kinds":{},"tier":1}"#, Some("/tier")),
        ] {
            let wrong = Settings::parse(text).expect_err(text);
            assert_eq!(wrong[0].code, "BAD_SETTINGS");
            assert_eq!(wrong[0].at.as_deref(), at, "{text}");
        }
    }
}
