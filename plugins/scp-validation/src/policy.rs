//! From findings in documents to a verdict on a request.

use crate::rules::{self, CODES, Finding};
use reeve_sdk::{Action, Reason, Request, Severity, Verdict, reason};

/// Kinds that this policy judges.
pub const KINDS: &[&str] = &["SCP_UPDATE"];

/// Reasons in one reply, the host's own limit; what is left out is counted in the last one.
pub const REASONS_MAX: usize = 100;

/// Every reason, with a text for people.
pub fn reasons() -> impl Iterator<Item = (&'static str, &'static str)> {
    let own = [
        ("MORE_FINDINGS", "There are more findings than fit into one answer."),
        ("BAD_SETTINGS", "The settings are malformed."),
    ];
    CODES.iter().map(|&(code, _, text)| (code, text)).chain(own)
}

/// Settings of the policy, checked.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    rules: rules::Settings,
    waive: Vec<String>,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// `BAD_SETTINGS`, one for each thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, Vec<Reason>> {
        let mut read = reeve_sdk::settings::Settings::parse(text)?;
        let mut rules = rules::Settings {
            break_glass: read.take_texts("break-glass").unwrap_or_default(),
            home_regions: read.take_texts("home-regions").unwrap_or_default(),
            ..rules::Settings::default()
        };
        let partition = read.take("partition", "`aws`, `aws-cn` or `aws-us-gov`", |node| {
            node.as_str().filter(|text| matches!(*text, "aws" | "aws-cn" | "aws-us-gov")).map(str::to_owned)
        });
        rules.partition = partition.unwrap_or(rules.partition);
        let quota = read.take("size-quota-chars", "a number of characters", |node| {
            node.value.as_i64().and_then(|number| usize::try_from(number).ok()).filter(|&number| number > 0)
        });
        rules.size_quota_chars = quota.unwrap_or(rules.size_quota_chars);
        let waive = read.take_texts("waive").unwrap_or_default();
        for code in &waive {
            match CODES.iter().find(|(listed, _, _)| listed == code) {
                Some((_, rules::Severity::SecurityWarning, _)) => {}
                Some(_) => read.refuse("waive", format!("`{code}` is no security warning, so it cannot be waived")),
                None => read.refuse("waive", format!("there is no code `{code}`")),
            }
        }
        read.finish()?;
        Ok(Self { rules, waive })
    }
}

/// Judges every document that the request would store. Errors deny, and so do security warnings that nobody waived;
/// the rest rides along.
#[must_use]
pub fn judge(request: &Request, settings: &Settings) -> Verdict {
    let mut reasons = Vec::new();
    let (mut documents, mut denies) = (0, false);
    for planned in &request.actions {
        let (Action::CreatePolicy(reeve_sdk::CreatePolicy { name, document, .. })
        | Action::UpdatePolicy(reeve_sdk::UpdatePolicy { name, document, .. })) = &planned.action
        else {
            continue;
        };
        documents += 1;
        for finding in rules::validate(document, &settings.rules) {
            let waived = settings.waive.iter().any(|code| code == finding.code);
            denies |= denying(&finding) && !waived;
            reasons.push(told(&finding, name, &planned.at, waived));
        }
    }
    if documents == 0 {
        return Verdict::Abstain("the request stores no document".to_owned());
    }
    // What denies comes first, so that no cut hides why.
    reasons.sort_by_key(|reason| reason.severity != Severity::Error);
    if reasons.len() > REASONS_MAX {
        let left = reasons.len() - (REASONS_MAX - 1);
        reasons.truncate(REASONS_MAX - 1);
        reasons.push(self::reason("MORE_FINDINGS", format!("{left} more findings")).severity(Severity::Info));
    }
    if denies { Verdict::Deny(reasons) } else { Verdict::Allow(reasons) }
}

fn denying(finding: &Finding) -> bool {
    matches!(finding.severity, rules::Severity::Error | rules::Severity::SecurityWarning)
}

fn told(finding: &Finding, policy: &str, at: &str, waived: bool) -> Reason {
    let severity = match finding.severity {
        rules::Severity::SecurityWarning if waived => Severity::Warning,
        rules::Severity::Error | rules::Severity::SecurityWarning => Severity::Error,
        rules::Severity::Warning => Severity::Warning,
        rules::Severity::Suggestion => Severity::Info,
    };
    let message = format!("policy `{policy}` {}: {}", finding.position, finding.message);
    let mut reason = reason(finding.code, message).severity(severity).at(format!("{at}/document"));
    reason.fix.clone_from(&finding.fix);
    reason.extra = vec![
        ("pointer".to_owned(), finding.pointer.clone()),
        ("line".to_owned(), finding.position.line.to_string()),
        ("column".to_owned(), finding.position.column.to_string()),
        ("severity".to_owned(), finding.severity.as_str().to_owned()),
    ];
    if waived {
        reason.extra.push(("waived".to_owned(), "true".to_owned()));
    }
    reason
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_sdk::{CreatePolicy, Event, PlannedAction, Sender};

    fn request(documents: &[&str]) -> Request {
        let action = |document: &&str| PlannedAction {
            at: "/detail/policies/0".into(),
            action: Action::CreatePolicy(CreatePolicy {
                name: "p".into(),
                description: String::new(),
                document: (*document).into(),
            }),
        };
        let text = String::new;
        Request {
            kind: "SCP_UPDATE".into(),
            event: Event {
                id: text(),
                source: text(),
                detail_type: text(),
                region: text(),
                time: text(),
                resources: vec![],
                extra: vec![],
            },
            sender: Sender {
                account: text(),
                verified: true,
                name: None,
                tier: None,
                organizational_unit: None,
                status: None,
                extra: vec![],
            },
            nonce: text(),
            dry_run: false,
            detail: text(),
            actions: documents.iter().map(action).collect(),
            facts: vec![],
            now: text(),
            extra: vec![],
        }
    }

    const GOOD: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"NoLeave","Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}]}"#;
    const STS: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"NoSts","Effect":"Deny","Action":"sts:*","Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/BreakGlass"}}}]}"#;

    #[test]
    fn errors_deny_and_only_security_warnings_can_be_waived() {
        let plain = Settings::parse("{}").expect("good");
        assert!(matches!(judge(&request(&[GOOD]), &plain), Verdict::Allow(_)));
        assert!(matches!(judge(&request(&[]), &plain), Verdict::Abstain(_)));
        let Verdict::Deny(reasons) = judge(&request(&[GOOD, "{"]), &plain) else { panic!("denied") };
        assert_eq!(
            (reasons[0].code.as_str(), reasons[0].at.as_deref()),
            ("JSON_SYNTAX", Some("/detail/policies/0/document"))
        );
        let Verdict::Deny(reasons) = judge(&request(&[STS]), &plain) else { panic!("denied") };
        assert!(reasons.iter().any(|reason| reason.code == "DENY_STS"));
        let waiving = r#"{"waive":["DENY_STS"],"break-glass":["arn:aws:iam::*:role/BreakGlass"]}"#;
        let waiving = Settings::parse(waiving).expect("good");
        let Verdict::Allow(reasons) = judge(&request(&[STS]), &waiving) else { panic!("allowed") };
        assert!(reasons.iter().any(|reason| reason.code == "DENY_STS" && reason.severity == Severity::Warning));
        for text in [r#"{"waive":["JSON_SYNTAX"]}"#, r#"{"waive":["NONE"]}"#, r#"{"partition":"x"}"#, r#"{"x":1}"#] {
            assert_eq!(Settings::parse(text).expect_err(text)[0].code, "BAD_SETTINGS");
        }
    }

    #[test]
    fn a_flood_of_findings_is_cut_after_what_denies() {
        let sid = (0..150).map(|at| format!(r#"{{"Effect":"Deny","Action":"s3:Get{at}","Resource":"*"}}"#));
        let document =
            format!(r#"{{"Version":"2012-10-17","Statement":[{},{{}}]}}"#, sid.collect::<Vec<_>>().join(","));
        let Verdict::Deny(reasons) = judge(&request(&[&document]), &Settings::default()) else { panic!("denied") };
        assert_eq!(reasons.len(), REASONS_MAX);
        assert_eq!(reasons[0].severity, Severity::Error);
        assert_eq!(reasons[REASONS_MAX - 1].code, "MORE_FINDINGS");
    }
}
