//! The settings of the rules of the hierarchy, checked.

use reeve_json::Node;
use reeve_scp::Protected;
use reeve_sdk::settings::Settings as Read;

/// SCPs that one target can have, the default of `attach-max` ("Quotas for AWS Organizations"; 10 since May 2026, 5
/// before).
pub(super) const ATTACH_MAX: usize = 10;

/// The default of `scp-folder`.
pub(super) const SCP_FOLDER: &str = "scps/";

/// What the rules of the hierarchy need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Roles that must keep what they need, whoever asks.
    pub protect: Vec<Protected>,
    /// The gate's own roles.
    pub gate_roles: Vec<Protected>,
    /// Most SCPs on one target.
    pub attach_max: usize,
    /// Actions that must stay allowed in every account, `service:Action`.
    pub actions_in_use: Vec<String>,
    /// Names or ids of units on which a policy is tried before it goes to the root. Empty: that is not asked for.
    pub test_units: Vec<String>,
    /// Folder of a repository whose `.json` files are SCPs, with a slash at its end; empty for all of it.
    pub scp_folder: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            protect: default_protect(),
            gate_roles: Vec::new(),
            attach_max: ATTACH_MAX,
            actions_in_use: Vec::new(),
            test_units: Vec::new(),
            scp_folder: SCP_FOLDER.to_owned(),
        }
    }
}

/// Roles by which an organization is run: those that Organizations, Control Tower, IAM Identity Center and
/// CloudFormation StackSets make in every account.
const PLATFORM_ROLES: [&str; 4] =
    ["OrganizationAccountAccessRole", "AWSControlTowerExecution", "AWSReservedSSO_*", "stacksets-exec-*"];

/// Without these a role can neither be used nor be looked at.
const BASIC_ACTIONS: [&str; 4] = ["sts:AssumeRole", "iam:GetRole", "iam:ListRoles", "iam:PassRole"];

/// What the gate itself calls: it changes records, writes parameters, runs commands, takes messages and answers.
const GATE_ACTIONS: [&str; 15] = [
    "route53:ChangeResourceRecordSets",
    "route53:GetChange",
    "route53:ListResourceRecordSets",
    "route53:GetHostedZone",
    "route53:ListHostedZonesByName",
    "ssm:GetParametersByPath",
    "ssm:GetParameter",
    "ssm:PutParameter",
    "ssm:SendCommand",
    "ssm:GetCommandInvocation",
    "events:PutEvents",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    "sts:AssumeRole",
];

fn default_protect() -> Vec<Protected> {
    let role = |name: &str| protected(name, Vec::new(), owned(&BASIC_ACTIONS));
    PLATFORM_ROLES.map(role).into()
}

fn protected(principal: &str, accounts: Vec<String>, actions: Vec<String>) -> Protected {
    Protected { principal: principal.to_owned(), accounts, actions }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl Settings {
    /// Takes its members out of the settings; what is wrong is noted there. Roles of `protect` are added to the
    /// platform's own.
    pub(crate) fn take(read: &mut Read) -> Self {
        let what = "a list of `{principal, accounts, actions}`";
        let mut settings = Self::default();
        settings.protect.extend(read.take("protect", what, |node| roles(node, &BASIC_ACTIONS)).unwrap_or_default());
        settings.gate_roles = read.take("gate-roles", what, |node| roles(node, &GATE_ACTIONS)).unwrap_or_default();
        let number =
            |node: &Node| node.value.as_i64().and_then(|number| usize::try_from(number).ok()).filter(|it| *it > 0);
        settings.attach_max = read.take("attach-max", "a number of policies", number).unwrap_or(ATTACH_MAX);
        settings.actions_in_use =
            read.take("actions-in-use", "a list of `service:Action`", actions).unwrap_or_default();
        let folder = |node: &Node| node.as_str().filter(|text| !text.starts_with('/')).map(str::to_owned);
        if let Some(folder) = read.take("scp-folder", "a path in a repository", folder) {
            settings.scp_folder = if folder.is_empty() || folder.ends_with('/') { folder } else { folder + "/" };
        }
        settings.test_units = read.take_texts("test-units").unwrap_or_default();
        settings
    }
}

/// Protected principals; `accounts` may be left out for all, `actions` for the usual ones.
fn roles(node: &Node, usual: &[&str]) -> Option<Vec<Protected>> {
    node.as_array()?
        .iter()
        .map(|row| {
            let row = row.as_object()?;
            let known = |key: &str| matches!(key, "principal" | "accounts" | "actions");
            let principal = row.get("principal")?.as_str().filter(|text| !text.is_empty())?;
            let accounts = row.get("accounts").map_or(Some(Vec::new()), |node| match node.as_str() {
                Some("all") => Some(Vec::new()),
                Some(_) => None,
                None => reeve_sdk::settings::texts(node).filter(|list| !list.is_empty()),
            })?;
            let needs = row.get("actions").map_or_else(|| Some(owned(usual)), actions)?;
            row.iter().all(|member| known(&member.key)).then(|| protected(principal, accounts, needs))
        })
        .collect()
}

/// Actions by full name: a pattern cannot be asked for.
fn actions(node: &Node) -> Option<Vec<String>> {
    let full =
        |text: &String| text.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
    reeve_sdk::settings::texts(node).filter(|list| list.iter().all(|text| full(text) && !text.contains(['*', '?'])))
}
