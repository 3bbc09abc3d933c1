//! Many requests at once, what the world holds when each was done once, and their answers.

use reeve_tests::stage::{Gate, Stage};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    sender: &'static str,
    nonce: String,
    gate: Gate,
    body: String,
    /// `done` or `denied`.
    status: &'static str,
    /// What it leaves in the zone.
    record: Option<String>,
}

impl Ask {
    /// The id of an instance by its number.
    pub(crate) fn instance(number: usize) -> String {
        format!("i-{number:017x}")
    }

    fn new(stage: &Stage<'_>, sender: &'static str, detail_type: &str, mut detail: Value) -> Self {
        let nonce = stage.nonce();
        let host = detail.get("EC2InstanceId").is_some();
        if host {
            (detail["RequestId"], detail["ActivityId"]) = (json!(nonce), json!(nonce));
        } else {
            detail["nonce"] = json!(nonce);
        }
        let mut envelope = stage.envelope(sender, detail_type, &detail);
        if host {
            envelope["source"] = json!("aws.autoscaling");
        }
        let (gate, body) = (Gate::of(detail_type), envelope.to_string());
        Self { sender, nonce, gate, body, status: "done", record: None }
    }

    /// A record set of its own: every twentieth is another account's, and denied.
    pub(crate) fn dns(stage: &Stage<'_>, number: usize, action: &str, value: &str) -> Self {
        let denied = number % 20 == 7;
        let name = format!("storm-{number}.{}.example.com", if denied { "baz" } else { "foo" });
        let change = json!({"action": action, "name": name, "type": "A", "ttl": 300, "values": [value]});
        let ask = Self::new(stage, "foo", "DNS_RECORD_CHANGE", json!({"changes": [change]}));
        if denied {
            return Self { status: "denied", ..ask };
        }
        Self { record: Some(format!("{name} A 300 {value}")), ..ask }
    }
}

impl Ask {
    /// A record set of the sender's that is there or not.
    pub(crate) fn dns_allowed(stage: &Stage<'_>, number: usize, value: &str) -> Self {
        let name = format!("load-{number}.foo.example.com");
        let change = json!({"action": "UPSERT", "name": name, "type": "A", "ttl": 300, "values": [value]});
        Self::new(stage, "foo", "DNS_RECORD_CHANGE", json!({"changes": [change]}))
    }
}

/// Requests in the order in which they are sent.
#[derive(Debug)]
pub(crate) struct Asks {
    asks: Vec<Ask>,
    /// Records that are there from the beginning.
    before: BTreeSet<String>,
}

impl Asks {
    pub(crate) fn new(stage: &Stage<'_>, asks: Vec<Ask>) -> Self {
        Self { asks, before: stage.zone_records("example.com") }
    }

    /// Record sets, parameters, accounts and hosts, well mixed.
    pub(crate) fn storm(stage: &Stage<'_>, [dns, parameters, accounts, hosts]: [usize; 4]) -> Self {
        let mut asks: Vec<(usize, Ask)> = Vec::new();
        let mut mix = |count: usize, make: &dyn Fn(usize) -> Ask| {
            asks.extend((1..=count).map(|number| (number * 10_000 / count, make(number))));
        };
        mix(dns, &|number| {
            let action = if number % 2 == 0 { "CREATE" } else { "UPSERT" };
            Ask::dns(stage, number, action, &format!("192.0.2.{}", number % 250 + 1))
        });
        mix(parameters, &|number| {
            let parameter = json!({"name": format!("/pub/storm/{number}"), "value": "calm"});
            let detail = json!({"parameters": [parameter]});
            Ask::new(stage, "cicd", "PUT_PARAMETER", detail)
        });
        mix(accounts, &|number| {
            let email = format!("aws+storm-{number}@example.com");
            let detail = json!({"name": format!("storm-{number}"), "email": email, "OU": "Dev"});
            Ask::new(stage, "cicd", "CREATE_ACCOUNT", detail)
        });
        mix(hosts, &|number| {
            let detail = json!({"StatusCode": "InProgress", "AutoScalingGroupName": "my-asg-name",
                                "EC2InstanceId": Ask::instance(number), "Destination": "AutoScalingGroup"});
            Ask::new(stage, "foo", "EC2 Instance Launch Successful", detail)
        });
        asks.sort_by_key(|(place, _)| *place);
        Self::new(stage, asks.into_iter().map(|(_, ask)| ask).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.asks.len()
    }

    /// Puts all of them into the gates' queues.
    pub(crate) fn send(&self, stage: &Stage<'_>) {
        for ask in &self.asks {
            stage.send(ask.gate, &ask.body);
        }
    }

    /// How many are answered.
    pub(crate) fn answered(&self, stage: &Stage<'_>) -> usize {
        let seen = seen(stage, &self.senders());
        self.asks.iter().filter(|ask| seen.contains_key(&ask.nonce)).count()
    }

    /// Some of those that are not answered.
    pub(crate) fn open(&self, stage: &Stage<'_>, most: usize) -> Vec<String> {
        let seen = seen(stage, &self.senders());
        let open = self.asks.iter().filter(|ask| !seen.contains_key(&ask.nonce));
        open.take(most).map(|ask| ask.body.clone()).collect()
    }

    /// The record sets of the zone once each is done.
    pub(crate) fn records(&self) -> BTreeSet<String> {
        self.before.iter().cloned().chain(self.asks.iter().filter_map(|ask| ask.record.clone())).collect()
    }

    fn senders(&self) -> BTreeSet<&'static str> {
        self.asks.iter().map(|ask| ask.sender).collect()
    }
}

/// The answers by nonce: what each of them said.
fn seen(stage: &Stage<'_>, senders: &BTreeSet<&'static str>) -> BTreeMap<String, Vec<Value>> {
    let mut seen: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for sender in senders {
        for reply in stage.replies(sender) {
            let nonce = reply["detail"]["nonce"].as_str().unwrap_or_default().to_owned();
            seen.entry(nonce).or_default().push(reply["detail"].clone());
        }
    }
    seen
}

/// Every request has one answer, however often it was told, and it is the expected one.
pub(crate) fn check_answers(stage: &Stage<'_>, asks: &Asks) {
    let seen = seen(stage, &asks.senders());
    for ask in &asks.asks {
        let answers = seen.get(&ask.nonce).unwrap_or_else(|| panic!("no answer to {}", ask.body));
        assert!(answers.iter().all(|answer| answer == &answers[0]), "{}: {answers:?}", ask.body);
        assert_eq!(answers[0]["status"], json!(ask.status), "{}: {}", ask.body, answers[0]);
    }
}

/// How often each name of the storm is in a change that Route 53 has taken.
pub(crate) fn times_changed(stage: &Stage<'_>) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for call in stage.emulator.calls("route53", "ChangeResourceRecordSets") {
        if call["ok"] != json!(true) {
            continue;
        }
        for name in call["request"].to_string().split("storm-").skip(1) {
            let name: String = name.chars().take_while(|it| *it != '.').collect();
            *times.entry(name).or_default() += 1;
        }
    }
    times
}
