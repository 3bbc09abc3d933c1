//! What the role of a gate must be allowed for each of Reeve's own kinds, and not more.
//!
//! Source: service authorization reference (actions, resource types and condition keys of Route 53, Systems Manager,
//! Organizations and EventBridge).

use crate::{Condition, Effect, ParameterRead, Partition, Statement};
use reeve_model::{AccountId, Region};

/// What a gate file writes where the sender's account id belongs.
pub(crate) const SENDER: &str = "{sender.account}";

/// The type of the only policies that Reeve changes.
const SCP: &str = "SERVICE_CONTROL_POLICY";

/// The place that ARNs speak of.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The partition.
    pub partition: Partition,
    /// The account.
    pub account: &'a AccountId,
    /// The Region.
    pub region: &'a Region,
}

impl Place<'_> {
    /// The ARN of something of a regional service.
    #[must_use]
    pub fn arn(&self, service: &str, rest: &str) -> String {
        self.partition.arn(&format!("{service}:{}:{}:{rest}", self.region.as_str(), self.account))
    }

    fn parameter(&self, name: &str) -> String {
        self.arn("ssm", &format!("parameter{}", name.replace(SENDER, "*")))
    }

    fn organizations(&self, rest: &str) -> String {
        self.partition.arn(&format!("organizations::{}:{rest}", self.account))
    }
}

/// `DNS_RECORD_CHANGE` and `CERT_VALIDATION`: what is read of these zones, and whether a change has spread. Writing is
/// the twin's to allow.
#[must_use]
pub fn record_changes(place: Place<'_>, zone_ids: &[&str]) -> Vec<Statement> {
    let zones = zone_ids.iter().map(|id| place.partition.arn(&format!("route53:::hostedzone/{id}")));
    vec![
        Statement::allow("ReadZones", ["route53:GetHostedZone", "route53:ListResourceRecordSets"], zones),
        Statement::allow("ReadChanges", ["route53:GetChange"], [place.partition.arn("route53:::change/*")]),
    ]
}

/// `DNS_DELEGATION` below these zones, each an id and a name: a zone is made, named in its parent, and tried out by one
/// A record in the child, whose id nobody knows beforehand.
#[must_use]
pub fn delegation(place: Place<'_>, parents: &[(&str, &str)]) -> Vec<Statement> {
    let any_zone = place.partition.arn("route53:::hostedzone/*");
    let below = |name: &str| vec![format!("*.{name}")];
    let mut statements = record_changes(place, &parents.iter().map(|(id, _)| *id).collect::<Vec<_>>());
    statements.push(Statement::allow(
        "MakeZones",
        ["route53:CreateHostedZone", "route53:ListHostedZonesByName"],
        ["*"],
    ));
    statements.push(Statement::allow("ReadNewZones", ["route53:GetHostedZone"], [any_zone.clone()]));
    for (id, name) in parents {
        let zone = place.partition.arn(&format!("route53:::hostedzone/{id}"));
        statements.push(record_sets(&format!("Delegate{id}"), zone, below(name), "NS"));
    }
    let probes = parents.iter().flat_map(|(_, name)| below(name)).collect();
    statements.push(record_sets("ProbeNewZones", any_zone, probes, "A"));
    statements
}

fn record_sets(sid: &str, zone: String, names: Vec<String>, record_type: &str) -> Statement {
    let key = |rest: &str| format!("route53:ChangeResourceRecordSets{rest}");
    let operations = ["CREATE", "DELETE", "UPSERT"].map(str::to_owned).to_vec();
    Statement::allow(sid, ["route53:ChangeResourceRecordSets"], [zone])
        .when(Condition::only("StringLike", &key("NormalizedRecordNames"), names))
        .when(Condition::only("StringEquals", &key("RecordTypes"), vec![record_type.to_owned()]))
        .when(Condition::only("StringEquals", &key("Actions"), operations))
}

/// `PUT_PARAMETER` below a path such as `/pub`.
#[must_use]
pub fn put_parameter(place: Place<'_>, path: &str) -> Vec<Statement> {
    let below = [place.parameter(&format!("{path}/*"))];
    vec![Statement::allow(
        "PutParameters",
        ["ssm:GetParameter", "ssm:GetParameters", "ssm:PutParameter", "ssm:DeleteParameter"],
        below,
    )]
}

/// Parameters that are read as facts.
#[must_use]
pub fn read_parameters(place: Place<'_>, reads: &[ParameterRead<'_>]) -> Option<Statement> {
    // By path, AWS asks for the path itself as well as for what is below it.
    let of = |read: &ParameterRead<'_>| match read.below {
        false => vec![place.parameter(read.name)],
        true => vec![place.parameter(read.name), place.parameter(&format!("{}/*", read.name))],
    };
    let resources: Vec<String> = reads.iter().flat_map(of).collect();
    let actions = ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"];
    (!resources.is_empty()).then(|| Statement::allow("ReadParameters", actions, resources))
}

/// `LIST_ACCOUNTS`, and the organization as a fact of the other kinds. These actions have no resource-level permission
/// that would hold for the whole tree.
#[must_use]
pub fn read_organization() -> Vec<Statement> {
    let actions = [
        "organizations:DescribeAccount",
        "organizations:DescribeOrganization",
        "organizations:DescribePolicy",
        "organizations:ListAccounts",
        "organizations:ListAccountsForParent",
        "organizations:ListChildren",
        "organizations:ListOrganizationalUnitsForParent",
        "organizations:ListParents",
        "organizations:ListPolicies",
        "organizations:ListPoliciesForTarget",
        "organizations:ListRoots",
        "organizations:ListTagsForResource",
        "organizations:ListTargetsForPolicy",
    ];
    vec![Statement::allow("ReadOrganization", actions, ["*"]), never()]
}

/// `LIST_ACCOUNTS`: the directory alone.
#[must_use]
pub fn list_accounts() -> Vec<Statement> {
    vec![Statement::allow("ListAccounts", ["organizations:ListAccounts"], ["*"]), never()]
}

/// `CREATE_ACCOUNT`: made, tagged, and moved from the root into one of these units (`ou-…`); none named is any unit.
#[must_use]
pub fn create_account(place: Place<'_>, unit_ids: &[&str]) -> Vec<Statement> {
    let actions = [
        "organizations:CreateAccount",
        "organizations:DescribeCreateAccountStatus",
        "organizations:ListCreateAccountStatus",
    ];
    let account = place.organizations("account/o-*/*");
    let mut moved = vec![account.clone(), place.organizations("root/o-*/r-*")];
    match unit_ids {
        [] => moved.push(place.organizations("ou/o-*/ou-*")),
        ids => moved.extend(ids.iter().map(|id| place.organizations(&format!("ou/o-*/{id}")))),
    }
    let mut statements = vec![
        Statement::allow("CreateAccounts", actions, ["*"]),
        Statement::allow("TagAccounts", ["organizations:TagResource"], [account]),
        Statement::allow("PlaceNewAccounts", ["organizations:MoveAccount"], moved),
    ];
    statements.extend(read_organization());
    statements
}

/// `TAG_ACCOUNT`: tags of member accounts, with these keys alone.
#[must_use]
pub fn tag_account(place: Place<'_>, keys: &[&str]) -> Vec<Statement> {
    let account = place.organizations("account/o-*/*");
    let only = Condition::only("StringEquals", "aws:TagKeys", keys.iter().map(|key| (*key).to_owned()).collect());
    let mut statements = vec![Statement::allow("TagAccounts", ["organizations:TagResource"], [account]).when(only)];
    statements.extend(read_organization());
    statements
}

/// `MOVE_ACCOUNT`: from any parent, so to any; IAM asks for the account, where it is and where it goes alike.
#[must_use]
pub fn move_account(place: Place<'_>) -> Vec<Statement> {
    let resources = ["account/o-*/*", "ou/o-*/ou-*", "root/o-*/r-*"].map(|rest| place.organizations(rest));
    let mut statements = vec![Statement::allow("MoveAccounts", ["organizations:MoveAccount"], resources)];
    statements.extend(read_organization());
    statements
}

/// `SCP_UPDATE`: service control policies and their attachments. The policies of AWS itself can be attached.
#[must_use]
pub fn scp_update(place: Place<'_>) -> Vec<Statement> {
    let of_type = || Condition::new("StringEquals", "organizations:PolicyType", [SCP]);
    let policies = place.organizations("policy/o-*/service_control_policy/p-*");
    let of_aws = place.partition.arn("organizations::aws:policy/service_control_policy/p-*");
    let targets = ["account/o-*/*", "ou/o-*/ou-*", "root/o-*/r-*"].map(|rest| place.organizations(rest));
    let attached = [policies.clone(), of_aws].into_iter().chain(targets);
    let mut statements = vec![
        Statement::allow("CreatePolicies", ["organizations:CreatePolicy"], ["*"]).when([of_type()]),
        Statement::allow("UpdatePolicies", ["organizations:UpdatePolicy"], [policies]).when([of_type()]),
        Statement::allow("AttachPolicies", ["organizations:AttachPolicy", "organizations:DetachPolicy"], attached)
            .when([of_type()]),
    ];
    statements.extend(read_organization());
    statements
}

/// What no request ever needs and no service control policy can keep the management account from.
fn never() -> Statement {
    let actions = [
        "organizations:CloseAccount",
        "organizations:DeleteOrganization",
        "organizations:DeletePolicy",
        "organizations:DisablePolicyType",
        "organizations:LeaveOrganization",
        "organizations:PutResourcePolicy",
        "organizations:RemoveAccountFromOrganization",
    ];
    Statement { effect: Effect::Deny, ..Statement::allow("NeverEndTheOrganization", actions, ["*"]) }
}
