//! An organization in memory. The kinds work out the actions, as a gate does; here they are made.

use super::MANAGEMENT;
use reeve_json::{Value, compact};
use reeve_kinds::{
    Ask, CreateAccount, Kind, MoveAccount, Organization, OrganizationAccount, Parameter, PutParameter, Scp, ScpUpdate,
    TagAccount, Unit, World,
};
use reeve_model::{AccountId, Action, Event};
use reeve_plan::{PlannedRequest, State};
use std::collections::BTreeMap;

pub(crate) const FULL: &str = "p-FullAWSAccess";
pub(crate) const ALLOW_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// What AWS holds.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    pub(crate) organization: Organization,
    pub(crate) tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Parameters by gate and name.
    pub(crate) parameters: BTreeMap<String, BTreeMap<String, Parameter>>,
    made: u64,
}

impl Aws {
    /// A root with these units (name, id, parent's name), `FullAWSAccess` everywhere, and the management account.
    pub(crate) fn new(units: &[(&str, &str, &str)]) -> Self {
        let mut organization = Organization {
            root_id: "r-abcd".to_owned(),
            management_account: MANAGEMENT.to_owned(),
            ..Organization::default()
        };
        let full = Scp {
            name: "FullAWSAccess".to_owned(),
            description: "Allows access to every operation".to_owned(),
            document: ALLOW_ALL.to_owned(),
            aws_managed: true,
        };
        organization.policies.insert(FULL.to_owned(), full);
        organization.attachments.insert("r-abcd".to_owned(), vec![FULL.to_owned()]);
        for (name, id, parent) in units {
            let parent_id = organization.unit_id(parent).unwrap_or("r-abcd").to_owned();
            organization.units.insert((*id).to_owned(), Unit { name: (*name).to_owned(), parent_id });
            organization.attachments.insert((*id).to_owned(), vec![FULL.to_owned()]);
        }
        let mut aws = Self { organization, tags: BTreeMap::new(), parameters: BTreeMap::new(), made: 0 };
        aws.add_account(MANAGEMENT, "management", "aws@example.com", "r-abcd");
        aws
    }

    pub(crate) fn add_account(&mut self, id: &str, name: &str, email: &str, parent_id: &str) {
        let account = OrganizationAccount {
            id: AccountId::parse(id).expect("an id"),
            name: name.to_owned(),
            email: email.to_owned(),
            parent_id: parent_id.to_owned(),
        };
        self.organization.accounts.insert(id.to_owned(), account);
        self.organization.attachments.insert(id.to_owned(), vec![FULL.to_owned()]);
    }

    pub(crate) fn add_policy(&mut self, name: &str, document: &str, targets: &[&str]) {
        let id = format!("p-{name}");
        let scp = Scp {
            name: name.to_owned(),
            description: String::new(),
            document: document.to_owned(),
            aws_managed: false,
        };
        self.organization.policies.insert(id.clone(), scp);
        for target in targets {
            self.organization.attachments.entry((*target).to_owned()).or_default().push(id.clone());
        }
    }

    /// The state, in the names of the files.
    pub(crate) fn state(&self, wanted: &State) -> State {
        let values = |read: &BTreeMap<String, Parameter>| {
            read.iter().map(|(name, parameter)| (name.clone(), parameter.value.clone())).collect()
        };
        let parameters = self.parameters.iter().map(|(gate, read)| (gate.clone(), values(read))).collect();
        State::of_organization(&self.organization, &parameters, &self.tags, wanted)
    }

    /// Judges a request by the real kind and makes what it asks for.
    #[track_caller]
    pub(crate) fn send(&mut self, request: &PlannedRequest) {
        let kind = kind(&request.kind, &request.gate);
        let event = event(&request.kind, &request.detail);
        let ask = Ask::read(&event, kind.as_ref()).expect(&request.id);
        let draft = kind.draft(&ask).unwrap_or_else(|refusals| panic!("{}: {refusals:#?}", request.id));
        let world = World {
            organization: Some(self.organization.clone()),
            tags: self.tags.clone(),
            parameters: self.parameters.get(&request.gate).cloned().unwrap_or_default(),
            ..World::default()
        };
        let actions = draft.actions(&world).unwrap_or_else(|refusals| panic!("{}: {refusals:#?}", request.id));
        assert!(!actions.is_empty(), "{} asks for nothing", request.id);
        for planned in actions {
            self.make(&planned.action, &request.gate);
        }
    }

    fn make(&mut self, action: &Action, gate: &str) {
        let organization = &mut self.organization;
        match action {
            Action::CreateAccount(it) => {
                self.made += 1;
                let id = format!("7{:011}", self.made);
                self.add_account(&id, &it.name, &it.email, &it.destination.id);
                self.tags.insert(id, it.tags.iter().cloned().collect());
            }
            Action::MoveAccount(it) => {
                organization.accounts.get_mut(it.account.as_str()).expect("there").parent_id =
                    it.destination.id.clone();
            }
            Action::TagResource(it) => {
                self.tags.entry(it.resource_id.clone()).or_default().extend(it.tags.iter().cloned());
            }
            Action::CreatePolicy(it) => self.add_policy(&it.name, &it.document, &[]),
            Action::UpdatePolicy(it) => {
                organization.policies.get_mut(&it.policy_id).expect("there").document = it.document.clone();
            }
            Action::AttachPolicy(it) => {
                let id = it.policy.id.clone().unwrap_or_else(|| format!("p-{}", it.policy.name));
                organization.attachments.get_mut(&it.target_id).expect("there").push(id);
                self.check(&it.target_id);
            }
            Action::DetachPolicy(it) => {
                let attached = organization.attachments.get_mut(&it.target_id).expect("there");
                attached.retain(|id| Some(id) != it.policy.id.as_ref());
                self.check(&it.target_id);
            }
            Action::PutParameter(it) => {
                let stored = Parameter { value: it.value.clone(), parameter_type: it.parameter_type.clone() };
                self.parameters.entry(gate.to_owned()).or_default().insert(it.name.clone(), stored);
            }
            Action::DeleteParameter(it) => {
                self.parameters.get_mut(gate).expect("there").remove(&it.name).expect("there");
            }
            Action::ChangeRecordSets(_)
            | Action::CreateHostedZone(_)
            | Action::SendCommand(_)
            | Action::PutRule(_)
            | Action::MergeFile(_) => panic!("nobody asked for {}", action.call()),
        }
    }

    /// At no moment is a target without a policy that allows something, or with more than ten.
    fn check(&self, target: &str) {
        let attached: Vec<&Scp> = self.organization.attached(target).map(|(_, policy)| policy).collect();
        assert!(attached.len() <= 10, "{target} is over the quota");
        assert!(attached.iter().any(|policy| policy.document.contains("Allow")), "{target} is without an allow");
    }
}

fn kind(name: &str, gate: &str) -> Box<dyn Kind> {
    let units: Vec<String> = ["Dev", "Standard", "Lab", "Morgue"].map(str::to_owned).to_vec();
    match name {
        "CREATE_ACCOUNT" => Box::new(CreateAccount {
            email_domains: vec!["example.com".to_owned()],
            units,
            role_name: "OrganizationAccountAccessRole".to_owned(),
            forward_bus: None,
        }),
        "MOVE_ACCOUNT" => Box::new(MoveAccount { units, may_lose_deny: vec!["Morgue".to_owned()] }),
        "TAG_ACCOUNT" => {
            Box::new(TagAccount { keys: ["scope", "service-name", "region", "team"].map(str::to_owned).to_vec() })
        }
        "SCP_UPDATE" => Box::new(ScpUpdate { size_quota_chars: 10_240, attach_max: 10, protected_targets: Vec::new() }),
        "PUT_PARAMETER" => {
            let path = if gate == "dns" { "/reeve/dns/allowed" } else { "/pub" };
            Box::new(PutParameter { path: path.to_owned() })
        }
        other => panic!("nobody takes {other}"),
    }
}

fn event(kind: &str, detail: &Value) -> Event {
    let body = Value::object([
        ("version", Value::from("0")),
        ("id", Value::from("11111111-2222-4333-8444-555555555555")),
        ("detail-type", Value::from(kind)),
        ("source", Value::from("app.infra")),
        ("account", Value::from("777788889999")),
        ("time", Value::from("2026-11-21T10:00:00Z")),
        ("region", Value::from("ap-southeast-2")),
        ("resources", Value::array([""; 0])),
        ("detail", detail.clone()),
    ]);
    Event::parse(compact(&body).as_bytes()).expect("a good envelope")
}
