//! The kinds of the bench's gate, the world around it, and requests.

use crate::bench::START;
use reeve_engine::{Delivery, Route};
use reeve_kinds::{
    CreateAccount, DeregisterHost, DnsDelegation, DnsRecordChange, Document, Instance, Kind, ListAccounts,
    Organization, OrganizationAccount, PutParameter, RecordSet, RegisterHost, Unit, World, Zone,
};
use reeve_model::record::RecordType;
use reeve_model::{AccountId, DnsName, NameRule, Timestamp};
use reeve_pattern::Pattern;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const SENDER: &str = "111122223333";
pub(crate) const OTHER: &str = "444455556666";
pub(crate) const ZONE: &str = "ZPARENT";
pub(crate) const INSTANCE: &str = "i-0123456789abcdef0";

pub(crate) fn account(id: &str) -> AccountId {
    AccountId::parse(id).expect("an id")
}

pub(crate) fn name(text: &str) -> DnsName {
    DnsName::parse(text, NameRule::Owner).expect("a name")
}

fn register() -> RegisterHost {
    RegisterHost {
        zones: vec!["corp.example".into()],
        document: Document { name: "AWS-RunPowerShellScript".into(), version: "1".into(), hash: None },
        controllers: vec!["i-0aaaaaaaaaaaaaaaa".into()],
        role_arn: "arn:aws:iam::999999999999:role/register".into(),
        region: "ap-southeast-2".into(),
        ttl_seconds: 300,
        groups: Vec::new(),
    }
}

pub(crate) fn routes() -> Vec<Route> {
    let zones = vec![Zone { id: ZONE.into(), name: name("example.com"), private: false }];
    let account = CreateAccount {
        email_domains: vec!["example.com".into()],
        units: vec!["Dev".into()],
        role_name: "Admin".into(),
        forward_bus: None,
    };
    let kinds: Vec<Box<dyn Kind>> = vec![
        Box::new(PutParameter { path: "/pub".into() }),
        Box::new(DnsRecordChange { zones: zones.clone(), ttl_seconds: 60..=86_400 }),
        Box::new(account),
        Box::new(ListAccounts),
        Box::new(DnsDelegation { zones, ttl_seconds: 300 }),
        Box::new(RegisterHost { ..register() }),
        Box::new(DeregisterHost { register: register() }),
    ];
    let route = |kind: Box<dyn Kind>| {
        let pattern = Pattern::compile(&kind.default_pattern()).expect("a pattern");
        Route { kind, pattern }
    };
    kinds.into_iter().map(route).collect()
}

/// `www.example.com A` that nobody holds, in a zone of a hundred record sets; an organization of one account; an
/// instance of the sender.
pub(crate) fn world() -> World {
    let www = RecordSet {
        name: name("www.example.com"),
        record_type: RecordType::A,
        ttl_seconds: Some(300),
        values: vec!["192.0.2.1".into()],
        owner: None,
        protected: false,
    };
    let member = OrganizationAccount {
        id: account(SENDER),
        name: "team".into(),
        email: "team@example.com".into(),
        parent_id: "ou-abcd-11111111".into(),
    };
    let organization = Organization {
        root_id: "r-abcd".into(),
        management_account: "999999999999".into(),
        units: BTreeMap::from([("ou-abcd-11111111".into(), Unit { name: "Dev".into(), parent_id: "r-abcd".into() })]),
        accounts: BTreeMap::from([(SENDER.into(), member)]),
        ..Organization::default()
    };
    let instance = Instance {
        account: account(SENDER),
        host: "web-1".into(),
        zone: "corp.example".into(),
        private_ip: "10.0.0.5".into(),
    };
    World {
        record_sets: BTreeMap::from([(ZONE.into(), vec![www])]),
        zone_sizes: BTreeMap::from([(ZONE.into(), 100)]),
        organization: Some(organization),
        instances: BTreeMap::from([(INSTANCE.into(), instance)]),
        ..World::default()
    }
}

/// A request of a kind; `nonce` is one of 256.
pub(crate) struct Ask {
    event: Value,
    pub(crate) verified: bool,
}

impl Ask {
    pub(crate) fn of(kind: &str, nonce: u8, detail: &Value) -> Self {
        let aws = kind.starts_with("EC2");
        let mut detail = detail.clone();
        detail[if aws { "RequestId" } else { "nonce" }] =
            json!(format!("00000000-0000-4000-8000-0000000000{nonce:02x}"));
        let event = json!({
            "version": "0",
            "id": "11111111-2222-4333-8444-555555555555",
            "detail-type": kind,
            "source": if aws { "aws.autoscaling" } else { "app.infra" },
            "account": SENDER,
            "time": Timestamp::from_second(START).expect("in range").to_string(),
            "region": "ap-southeast-2",
            "resources": [],
            "detail": detail,
        });
        Self { event, verified: true }
    }

    pub(crate) fn from(mut self, account: &str) -> Self {
        self.event["account"] = json!(account);
        self
    }

    pub(crate) fn unverified(mut self) -> Self {
        self.verified = false;
        self
    }

    pub(crate) fn dry(mut self) -> Self {
        self.event["detail"]["dryrun"] = json!(true);
        self
    }

    pub(crate) fn delivery(&self) -> Delivery {
        Delivery {
            body: self.event.to_string().into_bytes(),
            origin: "test".into(),
            verified: self.verified,
            content_type: None,
        }
    }
}

pub(crate) fn parameters(nonce: u8, values: &[(&str, &str)]) -> Ask {
    let items: Vec<Value> = values.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    Ask::of("PUT_PARAMETER", nonce, &json!({ "parameters": items }))
}

pub(crate) fn parameter(nonce: u8) -> Ask {
    parameters(nonce, &[("/pub/a", "1")])
}

/// Changes as `(action, name, type, value)`.
pub(crate) fn records(nonce: u8, changes: &[(&str, &str, &str, &str)]) -> Ask {
    let change = |(action, name, record_type, value): &(&str, &str, &str, &str)| json!({"action": action, "name": name, "type": record_type, "ttl": 300, "values": [value]});
    let changes: Vec<Value> = changes.iter().map(change).collect();
    Ask::of("DNS_RECORD_CHANGE", nonce, &json!({ "changes": changes }))
}

pub(crate) fn new_account(nonce: u8) -> Ask {
    Ask::of("CREATE_ACCOUNT", nonce, &json!({"name": "new", "email": "new@example.com", "OU": "Dev"}))
}

pub(crate) fn delegation(nonce: u8) -> Ask {
    Ask::of("DNS_DELEGATION", nonce, &json!({"zone": "team.example.com"}))
}

pub(crate) fn launch(nonce: u8) -> Ask {
    Ask::of("EC2 Instance Launch Successful", nonce, &json!({"EC2InstanceId": INSTANCE}))
}

pub(crate) fn termination(nonce: u8) -> Ask {
    Ask::of("EC2 Instance Terminate Successful", nonce, &json!({"EC2InstanceId": INSTANCE}))
}
