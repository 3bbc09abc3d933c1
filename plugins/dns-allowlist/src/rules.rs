//! The rules of `dns-allowlist`.
//!
//! `allowed` are the sender's own entries; `owners` is a table of every account's entries, so that a longer match of
//! another account wins, and nobody shadows what another account holds below.

use crate::name::{Entry, is_in, speaks_for};
use reeve_sdk::dataset::Names;
use reeve_sdk::{
    Action, FactValue, Operation, PolicyError, Reason, RecordContent, RecordSetChange, Request, Verdict, deny, fact,
    reason,
};

/// Kinds that this policy judges.
pub const KINDS: &[&str] = &["DNS_RECORD_CHANGE", "CERT_VALIDATION", "DNS_DELEGATION"];

/// The kind whose record types the settings do not rule.
const DELEGATION: &str = "DNS_DELEGATION";

/// Every reason, with a text for people.
pub const REASONS: &[(&str, &str)] = &[
    ("NOT_IN_ALLOWLIST", "The name is not below a domain of the sender."),
    ("CERT_VALIDATION_NAME", "The record would let the sender get certificates for a name it does not own."),
    ("MAIL_AUTH_NAME", "The record would let the sender speak for the mail of a domain it does not own."),
    ("NAME_OWNED_BY_OTHER", "The name is below a domain of the sender, and another account owns a longer match."),
    ("SHADOWS_OTHER_OWNER", "The record would stand above a name of another account and take it over."),
    ("DNS_WILDCARD_NOT_ALLOWED", "A wildcard covers every depth; the sender does not own the whole subtree."),
    ("DELEGATION_NEEDS_SUBTREE", "NS and DS hand over the whole subtree, which the sender does not own."),
    ("TYPE_NOT_ALLOWED", "The settings do not let records of this type be changed."),
    ("ALLOWLIST_UNAVAILABLE", "There is no allowlist for the sender; absence is never permission."),
    ("ALLOWLIST_SYNTAX", "An entry of the sender's allowlist is malformed, so the whole list is void."),
    ("BAD_SETTINGS", "The settings are malformed."),
];

/// Rows below a name that are looked at: the host's own cap. A name with more rows below it is not shadowed blindly.
pub const ROWS_BELOW_MAX: u32 = 100;

/// Types that may be changed when the settings name none: those that neither delegate nor change how keys are trusted.
const TYPES: [&str; 8] = ["A", "AAAA", "CAA", "CNAME", "MX", "PTR", "SRV", "TXT"];

/// Settings of the policy, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    types: Vec<String>,
    wildcards: bool,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// `BAD_SETTINGS`, one for each thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, Vec<Reason>> {
        let mut read = reeve_sdk::settings::Settings::parse(text)?;
        let types = read.take_texts("types").unwrap_or_else(|| TYPES.map(str::to_owned).to_vec());
        if types.is_empty() {
            read.refuse("types", "`types` lists no type");
        }
        let wildcards = read.take("wildcards", "`subtree-owner` or `never`", |node| match node.as_str()? {
            "subtree-owner" => Some(true),
            "never" => Some(false),
            _ => None,
        });
        read.finish()?;
        Ok(Self { types, wildcards: wildcards.unwrap_or(true) })
    }
}

/// Judges one request. Every change that fails is told; one is enough to refuse the whole batch.
///
/// # Errors
/// When a fact or the table is not there, or the request holds other actions than record set changes.
pub fn judge(request: &Request, settings: &Settings, owners: &impl Names) -> Result<Verdict, PolicyError> {
    let entries = match fact(request, "allowed")? {
        FactValue::Texts(texts) if texts.is_empty() => {
            return Ok(deny(reason("ALLOWLIST_UNAVAILABLE", "the sender's allowlist is empty").at("/account")));
        }
        FactValue::Texts(texts) => texts,
        FactValue::Missing(why) => {
            let message = format!("the sender has no allowlist: {why}");
            let fix = "list the account's domains under `allowed_dns_domains` in the accounts file";
            return Ok(deny(reason("ALLOWLIST_UNAVAILABLE", message).at("/account").fix(fix)));
        }
        FactValue::Invalid(why) => {
            return Ok(deny(reason("ALLOWLIST_SYNTAX", format!("the sender's allowlist is void: {why}"))));
        }
        FactValue::Text(_) | FactValue::Json(_) => {
            return Ok(deny(reason("ALLOWLIST_SYNTAX", "the sender's allowlist is not a list of texts")));
        }
    };
    let mut allowed = Vec::with_capacity(entries.len());
    for text in entries {
        let Some(entry) = Entry::parse(text) else {
            let message = format!("entry `{}` of the sender's allowlist is malformed", text.escape_debug());
            return Ok(deny(reason("ALLOWLIST_SYNTAX", message)));
        };
        allowed.push(entry);
    }
    let judge = Judge { account: &request.sender.account, allowed, settings, owners };
    let mut reasons = Vec::new();
    for planned in &request.actions {
        if let Action::ChangeRecordSets(call) = &planned.action {
            for change in &call.changes {
                reasons.extend(judge.change(change, &request.kind)?);
            }
        } else if let Action::CreateHostedZone(zone) = &planned.action {
            // A zone is made to be delegated: what holds for its name servers holds for it.
            reasons.extend(judge.delegation(&zone.name)?);
        } else {
            return Err(PolicyError::UnsupportedKind(request.kind.clone()));
        }
    }
    Ok(match (request.actions.is_empty(), reasons.is_empty()) {
        (true, _) => Verdict::Abstain("the request changes no record set".to_owned()),
        (false, true) => Verdict::Allow(Vec::new()),
        (false, false) => Verdict::Deny(reasons),
    })
}

struct Judge<'a, N> {
    account: &'a str,
    allowed: Vec<Entry<'a>>,
    settings: &'a Settings,
    owners: &'a N,
}

impl<N: Names> Judge<'_, N> {
    /// A zone that is to be made for the sender.
    fn delegation(&self, name: &str) -> Result<Option<Reason>, PolicyError> {
        let name_servers = RecordSetChange {
            at: "/detail/zone".to_owned(),
            operation: Operation::Upsert,
            name: name.to_owned(),
            record_type: "NS".to_owned(),
            ttl_seconds: None,
            content: RecordContent::Values(Vec::new()),
        };
        self.change(&name_servers, DELEGATION)
    }

    fn change(&self, change: &RecordSetChange, kind: &str) -> Result<Option<Reason>, PolicyError> {
        let at = match kind {
            "CERT_VALIDATION" => "/detail/name".to_owned(),
            DELEGATION => "/detail/zone".to_owned(),
            _ => format!("{}/name", change.at),
        };
        let name = change.name.as_str();
        let owner = speaks_for(name);
        // What a delegation writes is the kind's doing, not the sender's choice.
        if kind != DELEGATION && !self.settings.types.contains(&change.record_type) {
            let message = format!("records of type {} are not changed here", change.record_type);
            let types = self.settings.types.join(", ");
            let at = format!("{}/type", change.at);
            return Ok(Some(reason("TYPE_NOT_ALLOWED", message).at(at).fix(format!("types: {types}"))));
        }
        // A wildcard stands for what is below its name, not for the name: whoever owns all of that may write it.
        let wildcard = name.starts_with("*.");
        let owns_below = self.owns_below(owner);
        // But a wildcard of any type other than an address also answers for `_acme-challenge`, `_dmarc` and the like of
        // the name itself, and so speaks for it.
        let speaks = !wildcard || !matches!(change.record_type.as_str(), "A" | "AAAA");
        let owns = self.allowed.iter().any(|entry| entry.covers(owner));
        if !(owns || (!speaks && owns_below)) {
            return Ok(Some(self.not_allowed(change, owner, &at)?));
        }
        if wildcard && !(self.settings.wildcards && owns_below) {
            let message = format!("`{name}` covers every name below `{owner}`");
            return Ok(Some(reason("DNS_WILDCARD_NOT_ALLOWED", message).at(at)));
        }
        let delegates = matches!(change.record_type.as_str(), "NS" | "DS");
        if delegates && !owns_below {
            let message = format!("{} at `{name}` hands over everything below it", change.record_type);
            return Ok(Some(reason("DELEGATION_NEEDS_SUBTREE", message).at(at)));
        }
        if (speaks && self.owned_by_other(owner)?) || (wildcard && self.owned_by_other(&format!("*.{owner}"))?) {
            let message = format!("`{name}` belongs to another account, which owns a longer match");
            return Ok(Some(reason("NAME_OWNED_BY_OTHER", message).at(at)));
        }
        // `_hash.pay.example.com` speaks for `pay.example.com`, and stands above nothing of it.
        let above = if wildcard { owner } else { name };
        let covers_below = delegates || change.record_type == "CNAME" || wildcard;
        if covers_below && change.operation != Operation::Delete && self.others_below(above)? {
            let message = format!("another account owns a name below `{above}`, which this record would take over");
            return Ok(Some(reason("SHADOWS_OTHER_OWNER", message).at(at)));
        }
        Ok(None)
    }

    /// Whether the sender owns every name below `name`.
    fn owns_below(&self, name: &str) -> bool {
        self.allowed.iter().any(|entry| entry.covers_all_below(name))
    }

    fn not_allowed(&self, change: &RecordSetChange, owner: &str, at: &str) -> Result<Reason, PolicyError> {
        let name = change.name.as_str();
        let first = name.split('.').next().unwrap_or_default();
        let hashed = first
            .strip_prefix('_')
            .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let mail_label = |label: &str| matches!(label, "_dmarc" | "_domainkey" | "_mta-sts" | "_smtp" | "_adsp");
        let mail_type = matches!(change.record_type.as_str(), "MX" | "TXT" | "SPF");
        let (code, what) = if first == "_acme-challenge" || hashed {
            ("CERT_VALIDATION_NAME", "would let the sender get certificates for it")
        } else if name.split('.').any(mail_label) || (mail_type && self.is_apex_of_other(owner)?) {
            ("MAIL_AUTH_NAME", "would let the sender speak for its mail")
        } else {
            ("NOT_IN_ALLOWLIST", "is not below a domain of the sender")
        };
        let own: Vec<&str> = self.allowed.iter().take(5).map(|entry| entry.name).collect();
        Ok(reason(code, format!("`{name}` {what}")).at(at).fix(format!("names below: {}", own.join(", "))))
    }

    /// Whether another account's entry is exactly this name.
    fn is_apex_of_other(&self, name: &str) -> Result<bool, PolicyError> {
        let row = self.owners.longest_suffix(name).map_err(PolicyError::Other)?;
        Ok(row.is_some_and(|row| row.key == name && row.values.iter().any(|value| !self.is_own(value))))
    }

    /// Whether the longest entry that covers `name` belongs to other accounts only.
    fn owned_by_other(&self, name: &str) -> Result<bool, PolicyError> {
        let mut look_at = name.to_owned();
        while let Some(row) = self.owners.longest_suffix(&look_at).map_err(PolicyError::Other)? {
            let covering: Vec<&String> = row.values.iter().filter(|value| covers(value, &row.key, name)).collect();
            if !covering.is_empty() {
                return Ok(!covering.into_iter().any(|value| self.is_own(value)));
            }
            // An exact or below-only entry does not cover the name: a shorter one may.
            match row.key.split_once('.') {
                Some((_, above)) => above.clone_into(&mut look_at),
                None => break,
            }
        }
        Ok(false)
    }

    fn others_below(&self, name: &str) -> Result<bool, PolicyError> {
        let rows = self.owners.below(name, ROWS_BELOW_MAX).map_err(PolicyError::Other)?;
        let full = rows.len() >= ROWS_BELOW_MAX as usize;
        Ok(full || rows.iter().any(|row| is_in(&row.key, name) && row.values.iter().any(|value| !self.is_own(value))))
    }

    /// A value of the table is `<account> <scope>`.
    fn is_own(&self, value: &str) -> bool {
        value.split(' ').next() == Some(self.account)
    }
}

fn covers(value: &str, key: &str, name: &str) -> bool {
    use crate::name::Scope;
    let scope = match value.split(' ').nth(1) {
        Some("subtree") => Scope::Subtree,
        Some("below") => Scope::Below,
        Some("exact") => Scope::Exact,
        // A scope that is not known covers as much as it could: the name is then another's.
        Some(_) | None => Scope::Subtree,
    };
    Entry { name: key, scope }.covers(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_sdk::dataset::Table;
    use reeve_sdk::{ChangeRecordSets, CreateHostedZone, Event, Fact, PlannedAction, Sender};

    const ME: &str = "111122223333";

    fn request(allowed: FactValue, record_type: &str, name: &str) -> Request {
        let change = RecordSetChange {
            at: "/detail/changes/0".into(),
            operation: Operation::Upsert,
            name: name.into(),
            record_type: record_type.into(),
            ttl_seconds: Some(300),
            content: RecordContent::Values(vec!["192.0.2.1".into()]),
        };
        let call = ChangeRecordSets {
            hosted_zone_id: "Z1".into(),
            zone_name: "example.com".into(),
            private_zone: false,
            changes: vec![change],
        };
        Request {
            kind: "DNS_RECORD_CHANGE".into(),
            event: Event {
                id: String::new(),
                source: String::new(),
                detail_type: String::new(),
                region: String::new(),
                time: String::new(),
                resources: vec![],
                extra: vec![],
            },
            sender: Sender {
                account: ME.into(),
                verified: true,
                name: None,
                tier: None,
                organizational_unit: None,
                status: None,
                extra: vec![],
            },
            nonce: String::new(),
            dry_run: false,
            detail: String::new(),
            actions: vec![PlannedAction { at: "/detail".into(), action: Action::ChangeRecordSets(call) }],
            facts: vec![Fact { name: "allowed".into(), value: allowed, source: String::new() }],
            now: String::new(),
            extra: vec![],
        }
    }

    fn owners() -> Table {
        let row = |key, value: &str| (key, vec![value.to_owned()]);
        Table::new([
            row("example.com", "111122223333 subtree"),
            row("exact.net", "111122223333 exact"),
            row("below.net", "111122223333 below"),
            row("pay.example.com", "444455556666 subtree"),
            row("x.team.example.com", "444455556666 exact"),
            row("other.org", "444455556666 subtree"),
        ])
    }

    #[track_caller]
    fn code(allowed: &[&str], record_type: &str, name: &str) -> String {
        let allowed = FactValue::Texts(allowed.iter().map(|text| (*text).to_owned()).collect());
        let settings = Settings::parse(r#"{"types":["A","CNAME","NS","TXT","MX","DS"]}"#).expect("good");
        match judge(&request(allowed, record_type, name), &settings, &owners()).expect("judged") {
            Verdict::Allow(_) => "allow".into(),
            Verdict::Deny(reasons) => reasons[0].code.clone(),
            Verdict::Abstain(why) => why,
        }
    }

    #[test]
    fn each_name_gets_its_answer() {
        let mine = ["example.com", "=exact.net", ".below.net"];
        for (record_type, name, expected) in [
            ("A", "example.com", "allow"),
            ("A", "a.b.example.com", "allow"),
            ("A", "evilexample.com", "NOT_IN_ALLOWLIST"),
            ("A", "example.com.evil.com", "NOT_IN_ALLOWLIST"),
            ("A", "com", "NOT_IN_ALLOWLIST"),
            ("A", "*.example.com", "SHADOWS_OTHER_OWNER"),
            ("A", "*.a.example.com", "allow"),
            ("A", "exact.net", "allow"),
            ("A", "a.exact.net", "NOT_IN_ALLOWLIST"),
            ("TXT", "_acme-challenge.exact.net", "allow"),
            ("A", "*.exact.net", "DNS_WILDCARD_NOT_ALLOWED"),
            ("NS", "exact.net", "DELEGATION_NEEDS_SUBTREE"),
            ("A", "below.net", "NOT_IN_ALLOWLIST"),
            ("A", "a.below.net", "allow"),
            ("A", "*.below.net", "allow"),
            ("TXT", "*.below.net", "NOT_IN_ALLOWLIST"),
            ("CNAME", "*.below.net", "NOT_IN_ALLOWLIST"),
            ("TXT", "*._domainkey.below.net", "MAIL_AUTH_NAME"),
            ("TXT", "*.x.team.example.com", "NAME_OWNED_BY_OTHER"),
            ("CNAME", "*.x.team.example.com", "NAME_OWNED_BY_OTHER"),
            ("A", "*.x.team.example.com", "allow"),
            ("CNAME", "_0123456789abcdef0123456789abcdef.team.example.com", "allow"),
            ("CNAME", "_acme-challenge.example.com", "allow"),
            ("A", "pay.example.com", "NAME_OWNED_BY_OTHER"),
            ("A", "deep.pay.example.com", "NAME_OWNED_BY_OTHER"),
            ("TXT", "_acme-challenge.pay.example.com", "NAME_OWNED_BY_OTHER"),
            ("A", "team.example.com", "allow"),
            ("A", "x.team.example.com", "NAME_OWNED_BY_OTHER"),
            ("A", "y.x.team.example.com", "allow"),
            ("CNAME", "team.example.com", "SHADOWS_OTHER_OWNER"),
            ("NS", "team.example.com", "SHADOWS_OTHER_OWNER"),
            ("NS", "free.example.com", "allow"),
            ("TXT", "_acme-challenge.www.other.org", "CERT_VALIDATION_NAME"),
            ("CNAME", "_0123456789abcdef0123456789abcdef.other.org", "CERT_VALIDATION_NAME"),
            ("TXT", "_dmarc.other.org", "MAIL_AUTH_NAME"),
            ("TXT", "s1._domainkey.other.org", "MAIL_AUTH_NAME"),
            ("MX", "other.org", "MAIL_AUTH_NAME"),
            ("A", "other.org", "NOT_IN_ALLOWLIST"),
            ("AAAA", "a.example.com", "TYPE_NOT_ALLOWED"),
        ] {
            assert_eq!(code(&mine, record_type, name), expected, "{record_type} {name}");
            assert!(expected == "allow" || REASONS.iter().any(|(listed, _)| *listed == expected));
        }
    }

    #[test]
    fn a_zone_is_made_for_whom_it_may_be_delegated_to() {
        let settings = Settings::parse(r#"{"types":["A"]}"#).expect("good");
        for (name, expected) in [
            ("free.example.com", "allow"),
            ("below.net", "NOT_IN_ALLOWLIST"),
            ("a.below.net", "allow"),
            ("exact.net", "DELEGATION_NEEDS_SUBTREE"),
            ("other.org", "NOT_IN_ALLOWLIST"),
            ("pay.example.com", "NAME_OWNED_BY_OTHER"),
            ("deep.pay.example.com", "NAME_OWNED_BY_OTHER"),
            ("team.example.com", "SHADOWS_OTHER_OWNER"),
        ] {
            let allowed = ["example.com", "=exact.net", ".below.net"].map(str::to_owned).to_vec();
            let mut request = request(FactValue::Texts(allowed), "NS", name);
            request.kind = DELEGATION.into();
            // The second round writes the name servers: the answer is the same.
            let later = judge(&request, &settings, &owners());
            let zone = CreateHostedZone { name: name.into(), caller_reference: String::new(), comment: String::new() };
            request.actions[0].action = Action::CreateHostedZone(zone);
            let verdict = judge(&request, &settings, &owners()).expect("judged");
            assert_eq!(Ok(&verdict), later.as_ref(), "{name}");
            let code = match &verdict {
                Verdict::Allow(_) => "allow",
                Verdict::Deny(reasons) => {
                    assert_eq!(reasons[0].at.as_deref(), Some("/detail/zone"), "{name}");
                    &reasons[0].code
                }
                Verdict::Abstain(why) => why,
            };
            assert_eq!(code, expected, "{name}");
        }
    }

    #[test]
    fn a_list_that_is_missing_empty_or_malformed_denies() {
        let settings = Settings::parse("{}").expect("good");
        for (value, expected) in [
            (FactValue::Missing("x".into()), "ALLOWLIST_UNAVAILABLE"),
            (FactValue::Texts(vec![]), "ALLOWLIST_UNAVAILABLE"),
            (FactValue::Invalid("x".into()), "ALLOWLIST_SYNTAX"),
            (FactValue::Text("example.com".into()), "ALLOWLIST_SYNTAX"),
            (FactValue::Texts(vec!["example.com".into(), "com".into()]), "ALLOWLIST_SYNTAX"),
            (FactValue::Texts(vec!["example.com".into(), "a,b.com".into()]), "ALLOWLIST_SYNTAX"),
        ] {
            let verdict = judge(&request(value.clone(), "A", "a.example.com"), &settings, &owners());
            let Ok(Verdict::Deny(reasons)) = verdict else { panic!("{value:?}: {verdict:?}") };
            assert_eq!(reasons[0].code, expected, "{value:?}");
        }
        let mut request = request(FactValue::Texts(vec!["example.com".into()]), "A", "a.example.com");
        request.actions.clear();
        assert!(matches!(judge(&request, &settings, &owners()), Ok(Verdict::Abstain(_))));
        request.facts.clear();
        assert_eq!(judge(&request, &settings, &owners()), Err(PolicyError::MissingFact("allowed".into())));
    }

    #[test]
    fn settings_are_checked() {
        for text in ["[]", r#"{"types":[]}"#, r#"{"types":["A",1]}"#, r#"{"wildcards":"all"}"#, r#"{"wild":1}"#] {
            assert_eq!(Settings::parse(text).expect_err(text)[0].code, "BAD_SETTINGS");
        }
        let never = Settings::parse(r#"{"wildcards":"never"}"#).expect("good");
        let request = request(FactValue::Texts(vec!["below.net".into()]), "A", "*.below.net");
        let Ok(Verdict::Deny(reasons)) = judge(&request, &never, &owners()) else { panic!("denied") };
        assert_eq!(reasons[0].code, "DNS_WILDCARD_NOT_ALLOWED");
    }
}
