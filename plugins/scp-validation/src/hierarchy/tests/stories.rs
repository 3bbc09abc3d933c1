//! The stories, code by code.

use super::{effects, widened, *};
use reeve_scp::Protected;

/// A request that gives a finding of `code` and one that looks much like it and does not.
pub(super) struct Story {
    pub(super) name: &'static str,
    pub(super) code: &'static str,
    pub(super) severity: Severity,
    /// The action that the finding is about.
    pub(super) at: usize,
    /// A part of the message.
    pub(super) says: &'static str,
    pub(super) organization: String,
    pub(super) settings: Settings,
    pub(super) bad: Vec<Action>,
    pub(super) good: Vec<Action>,
}

pub(super) fn story(
    name: &'static str,
    code: &'static str,
    at: usize,
    says: &'static str,
    bad: Vec<Action>,
    good: Vec<Action>,
) -> Story {
    let severity =
        CODES.iter().find(|(known, ..)| *known == code).map_or(Severity::Error, |(_, severity, _)| *severity);
    let (organization, settings) = (organization(&[], &[]), Settings::default());
    Story { name, code, severity, at, says, organization, settings, bad, good }
}

impl Story {
    pub(super) fn with(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    pub(super) fn of(self, policies: &[(&str, &str)], attachments: &[(&str, &str)]) -> Self {
        Self { organization: organization(policies, attachments), ..self }
    }

    pub(super) fn warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }
}

/// A policy made and attached.
pub(super) fn new(statements: &str, target: &str) -> Vec<Action> {
    vec![create("new", statements), attach("new", target)]
}

pub(super) fn all() -> Vec<Story> {
    let mut stories = lockouts();
    stories.extend(break_glass());
    stories.extend(levels());
    stories.extend(quotas());
    stories.extend(effects::reachable());
    stories.extend(effects::removed());
    stories.extend(widened::all());
    stories
}

const NO_STS: &str = r#"{"Sid":"NoSts","Effect":"Deny","Action":"sts:*","Resource":"*"}"#;

/// The same with an exemption.
fn sparing(statement: &str, roles: &str) -> String {
    let condition = format!(r#","Condition":{{"ArnNotLike":{{"aws:PrincipalArn":{roles}}}}}}}"#);
    format!("{}{condition}", statement.trim_end_matches('}'))
}

fn lockouts() -> Vec<Story> {
    let platform = concat!(
        r#"["arn:aws:iam::*:role/OrganizationAccountAccessRole","arn:aws:iam::*:role/AWSControlTowerExecution","#,
        r#""arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*","arn:aws:iam::*:role/stacksets-exec-*"]"#
    );
    let only = |name: &str| Settings {
        protect: vec![Protected { principal: name.into(), accounts: vec![], actions: vec!["sts:AssumeRole".into()] }],
        ..Settings::default()
    };
    let gate = |accounts: &[&str]| Settings {
        protect: vec![],
        gate_roles: vec![Protected {
            principal: "reeve-gate".into(),
            accounts: accounts.iter().map(|id| (*id).to_owned()).collect(),
            actions: vec!["route53:ChangeResourceRecordSets".into()],
        }],
        ..Settings::default()
    };
    let dns = r#"{"Sid":"NoDns","Effect":"Deny","Action":"route53:*","Resource":"*"}"#;
    let zone = r#"{"Sid":"NoDns","Effect":"Deny","Action":"route53:*","Resource":"arn:aws:route53:::hostedzone/Z1"}"#;
    let in_use = Settings { actions_in_use: vec!["s3:GetObject".into()], ..Settings::default() };
    vec![
        story("sts denied", "PROTECTED_ROLE_LOCKOUT", 0, "loses `sts:AssumeRole`", new(NO_STS, "ou-work"), new(&sparing(NO_STS, platform), "ou-work"))
            .with(only("OrganizationAccountAccessRole")),
        story("made and attached, or only made", "PROTECTED_ROLE_LOCKOUT", 0, "accounts `app`, `deep`", new(NO_STS, "ou-work"), vec![create("new", NO_STS)])
            .with(only("AWSControlTowerExecution")),
        story("a move below a Deny", "PROTECTED_ROLE_LOCKOUT", 0, "account `app`", vec![go("111111111111", "ou-work", "ou-test")], vec![go("222222222222", "ou-inner", "ou-work")])
            .with(only("Ops"))
            .of(&[("p-sts", NO_STS)], &[("ou-test", "p-sts")]),
        story("a condition may deny", "PROTECTED_ROLE_LOCKOUT", 0, "may lose `sts:AssumeRole`",
            new(r#"{"Sid":"A","Effect":"Deny","Action":"sts:*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}}"#, "ou-work"),
            new(r#"{"Sid":"A","Effect":"Deny","NotAction":"sts:*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}}"#, "ou-work"))
            .with(only("Ops"))
            .warning(),
        story("the gate's own role", "SELF_LOCKOUT", 0, "`route53:ChangeResourceRecordSets`", new(dns, "ou-test"), new(&sparing(dns, r#""arn:aws:iam::*:role/reeve-gate""#), "ou-test"))
            .with(gate(&["333333333333"])),
        story("the gate lives elsewhere", "SELF_LOCKOUT", 0, "account `try`", new(dns, "ou-test"), new(dns, "ou-work"))
            .with(gate(&["333333333333", "444444444444"])),
        story("on one zone", "SELF_LOCKOUT", 0, "may lose", new(zone, "ou-test"), new(zone, "ou-work")).with(gate(&["333333333333"])).warning(),
        story("an action in use", "ALLOW_MISSING_AT_LEVEL", 2, "no policy of unit `Work` allows `s3:GetObject`, in use in accounts `app`, `deep`",
            vec![create("new", r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#), attach("new", "ou-work"), detach("p-full", "ou-work")],
            vec![create("new", r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#), attach("new", "ou-work"), detach("p-full", "ou-work")])
            .with(in_use),
    ]
}

fn break_glass() -> Vec<Story> {
    let deny = r#"{"Sid":"NoTrail","Effect":"Deny","Action":"cloudtrail:StopLogging","Resource":"*"}"#;
    let role = r#""arn:aws:iam::*:role/BreakGlass""#;
    let spared = sparing(deny, role);
    let protected = sparing(
        r#"{"Sid":"NoRole","Effect":"Deny","Action":["iam:CreateRole","iam:UpdateAssumeRolePolicy","iam:AttachRolePolicy","iam:PutRolePolicy"],"Resource":"arn:aws:iam::*:role/BreakGlass"}"#,
        role,
    );
    let half = protected.replace(r#""iam:PutRolePolicy""#, r#""iam:PassRole""#);
    vec![
        story(
            "nobody guards the role",
            "BREAKGLASS_CREATABLE",
            0,
            "accounts `app`, `deep`",
            new(&spared, "ou-work"),
            new(&format!("{spared},{protected}"), "ou-work"),
        ),
        story(
            "one way is open",
            "BREAKGLASS_CREATABLE",
            0,
            "by `iam:PutRolePolicy` in account `try`",
            new(&format!("{spared},{half}"), "ou-test"),
            new(deny, "ou-test"),
        ),
        story(
            "guarded from further up",
            "BREAKGLASS_CREATABLE",
            0,
            "`arn:aws:iam::*:role/BreakGlass`",
            new(&spared, "ou-test"),
            new(&spared, "ou-work"),
        )
        .of(&[("p-roles", &protected)], &[("ou-work", "p-roles")]),
    ]
}

fn levels() -> Vec<Story> {
    let part = r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#;
    vec![
        story(
            "only a Deny is left",
            "DENY_ONLY_SOLE_SCP",
            0,
            "unit `Work`",
            vec![detach("p-full", "ou-work")],
            vec![detach("p-guard", "ou-work")],
        ),
        story(
            "an update takes the Allow away",
            "DENY_ONLY_SOLE_SCP",
            0,
            "account `app`",
            vec![update("p-full", LEAVE)],
            vec![update("p-guard", LEAVE)],
        )
        .of(
            &[("p-all", FULL)],
            &[
                ("r-1", "p-all"),
                ("ou-work", "p-all"),
                ("ou-inner", "p-all"),
                ("ou-test", "p-all"),
                ("222222222222", "p-all"),
                ("333333333333", "p-all"),
            ],
        ),
        story(
            "a part instead of everything",
            "ALLOW_SHRINKS",
            2,
            "unit `Test`",
            vec![create("new", part), attach("new", "ou-test"), detach("p-full", "ou-test")],
            vec![create("new", FULL), attach("new", "ou-test"), detach("p-full", "ou-test")],
        ),
        story(
            "everything under a condition",
            "ALLOW_SHRINKS",
            2,
            "unit `Test`",
            vec![
                create(
                    "new",
                    r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}}"#,
                ),
                attach("new", "ou-test"),
                detach("p-full", "ou-test"),
            ],
            vec![create("new", part), attach("new", "ou-test")],
        ),
        story(
            "a list beside everything",
            "ALLOW_INEFFECTIVE",
            0,
            "what `new` allows restricts nothing on unit `Test`: `full`",
            new(part, "ou-test"),
            new(LEAVE, "ou-test"),
        ),
        story(
            "a list instead of everything",
            "ALLOW_INEFFECTIVE",
            0,
            "unit `Test`",
            new(part, "ou-test"),
            vec![create("new", part), attach("new", "ou-test"), detach("p-full", "ou-test")],
        ),
        story(
            "the management account as target",
            "MGMT_NO_EFFECT",
            0,
            "account `main`",
            vec![attach("p-guard", "999988887777")],
            vec![attach("p-guard", "333333333333")],
        ),
        story(
            "a role of the management account",
            "MGMT_NO_EFFECT",
            0,
            "`arn:aws:iam::999988887777:role/x`",
            vec![create(
                "new",
                r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::999988887777:role/x"}}}"#,
            )],
            vec![create(
                "new",
                r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/x"}}}"#,
            )],
        ),
        story(
            "the management account by its id",
            "MGMT_NO_EFFECT",
            0,
            "`999988887777`",
            vec![create(
                "new",
                r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":"999988887777"}}}"#,
            )],
            vec![create(
                "new",
                r#"{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"arn:aws:iam::999988887777:role/x"}"#,
            )],
        ),
    ]
}

fn quotas() -> Vec<Story> {
    let two = Settings { attach_max: 2, ..Settings::default() };
    let tested = Settings { test_units: vec!["Test".into()], ..Settings::default() };
    let by_id = Settings { test_units: vec!["ou-test".into()], ..Settings::default() };
    let on = |target: &str| attach("p-tried", target);
    let deep: String = {
        let base = organization(&[], &[]);
        let units: Vec<String> = (1..=6)
            .map(|depth| {
                let parent = if depth == 1 { "r-1".to_owned() } else { format!("ou-d{}", depth - 1) };
                format!(r#""ou-d{depth}":{{"name":"D{depth}","parent_id":"{parent}"}},"#)
            })
            .collect();
        base.replace(r#""units":{"#, &format!(r#""units":{{{}"#, units.concat()))
    };
    vec![
        story(
            "one too many",
            "ATTACH_COUNT",
            1,
            "gets 3 policies, AWS allows 2",
            new(LEAVE, "ou-work"),
            new(LEAVE, "ou-test"),
        )
        .with(two.clone()),
        story(
            "one out, one in",
            "ATTACH_COUNT",
            1,
            "unit `Work`",
            new(LEAVE, "ou-work"),
            vec![detach("p-guard", "ou-work"), create("new", LEAVE), attach("new", "ou-work")],
        )
        .with(two),
        story(
            "none is left",
            "LAST_SCP",
            0,
            "unit `Test`",
            vec![detach("p-full", "ou-test")],
            vec![detach("p-guard", "ou-work")],
        ),
        story(
            "too deep",
            "DEPTH",
            0,
            "below 6 units",
            vec![go("111111111111", "ou-work", "ou-d6")],
            vec![go("111111111111", "ou-work", "ou-d5")],
        )
        .on(deep),
        story("not tried", "ROOT_ATTACH_UNTESTED", 0, "`tried` goes to the root", vec![on("r-1")], vec![on("ou-work")])
            .of(&[("p-tried", LEAVE)], &[])
            .with(tested.clone()),
        story("tried elsewhere", "ROOT_ATTACH_UNTESTED", 0, "none of `ou-test`", vec![on("r-1")], vec![on("ou-test")])
            .of(&[("p-tried", LEAVE)], &[("ou-inner", "p-tried")])
            .with(by_id),
        story(
            "tried as another policy",
            "ROOT_ATTACH_UNTESTED",
            1,
            "`new` goes to the root",
            new(NO_STS, "r-1"),
            new(LEAVE, "r-1"),
        )
        .of(&[("p-tried", LEAVE)], &[("ou-test", "p-tried")])
        .with(tested),
    ]
}

impl Story {
    pub(super) fn on(self, organization: String) -> Self {
        Self { organization, ..self }
    }
}
