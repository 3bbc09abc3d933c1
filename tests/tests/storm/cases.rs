//! Requests whose every crash is told, and what the world must hold afterwards: the effect once, one answer, one chain.

use crate::mortal::receipts_on_disk;
use reeve_tests::stage::{Gate, INSTANCE, Settings, Stage};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A kind of request that is done once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// A record set made, one removed, one replaced; in one batch.
    Dns,
    /// Three requests of DNS at once, which share batches.
    DnsTogether,
    /// A new account with tags, in its unit.
    Account,
    /// A host registered by a command on a domain controller.
    Host,
    /// A parameter that is new, which is put once.
    Parameter,
}

impl Case {
    pub(crate) fn gate(self) -> Gate {
        match self {
            Self::Dns | Self::DnsTogether => Gate::Dns,
            Self::Account | Self::Host | Self::Parameter => Gate::Management,
        }
    }

    /// Who asks, by name.
    pub(crate) fn sender(self) -> &'static str {
        match self {
            Self::Dns | Self::DnsTogether | Self::Host => "foo",
            Self::Account | Self::Parameter => "cicd",
        }
    }

    /// The events, as the gate's rule delivers them.
    pub(crate) fn deliveries(self, stage: &Stage<'_>) -> Vec<Value> {
        let event = |detail_type: &str, mut detail: Value| {
            detail["nonce"] = json!(stage.nonce());
            stage.envelope(self.sender(), detail_type, &detail)
        };
        let change = |action: &str, name: &str, kind: &str, value: &str| json!({"action": action, "name": name, "type": kind, "ttl": 300, "values": [value]});
        match self {
            Self::Dns => vec![event(
                "DNS_RECORD_CHANGE",
                json!({"changes": [
                    change("CREATE", "new.foo.example.com", "A", "192.0.2.1"),
                    change("DELETE", "legacy.foo.example.com", "A", "192.0.2.77"),
                    change("UPSERT", "other.foo.example.com", "TXT", "\"one\""),
                ]}),
            )],
            Self::DnsTogether => (1..=3)
                .map(|number| {
                    let name = format!("together-{number}.foo.example.com");
                    event("DNS_RECORD_CHANGE", json!({"changes": [change("CREATE", &name, "A", "192.0.2.1")]}))
                })
                .collect(),
            Self::Account => vec![event(
                "CREATE_ACCOUNT",
                json!({"name": "new", "email": "aws+new@example.com", "OU": "Dev", "tags": {"service": "new"}}),
            )],
            Self::Host => vec![launch(stage, self.sender())],
            Self::Parameter => {
                let detail = json!({"parameters": [{"name": "/pub/storm", "value": "calm"}]});
                vec![event("PUT_PARAMETER", detail)]
            }
        }
    }

    /// Asserts that the world is as one effect leaves it.
    pub(crate) fn check(self, stage: &Stage<'_>, deliveries: &[Value], told: &str) {
        match self {
            Self::Dns => {
                assert_eq!(stage.calls("route53", "ChangeResourceRecordSets"), 1, "{told}: one change");
                let expected: BTreeSet<String> = [
                    "example.com CAA 3600 0 issue \"amazon.com\"",
                    "www.example.com A 300 192.0.2.10",
                    "new.foo.example.com A 300 192.0.2.1",
                    "other.foo.example.com TXT 300 \"one\"",
                ]
                .map(str::to_owned)
                .into();
                assert_eq!(stage.zone_records("example.com"), expected, "{told}");
            }
            Self::DnsTogether => {
                let records = stage.zone_records("example.com");
                for number in 1..=3 {
                    let record = format!("together-{number}.foo.example.com A 300 192.0.2.1");
                    assert!(records.contains(&record), "{told}: {record}");
                    let calls = stage.emulator.calls("route53", "ChangeResourceRecordSets");
                    let name = format!("together-{number}.");
                    let made = calls.iter().filter(|it| it["ok"] == json!(true) && it.to_string().contains(&name));
                    assert_eq!(made.count(), 1, "{told}: one change of {record}");
                }
            }
            Self::Account => {
                assert_eq!(stage.calls("organizations", "CreateAccount"), 1, "{told}: one account");
                let accounts = stage.accounts();
                let new: Vec<&String> = accounts.iter().filter(|it| it.starts_with("new ")).collect();
                assert_eq!(new, ["new aws+new@example.com in Dev"], "{told}");
                let id = stage.account_named("new").expect("its id");
                assert_eq!(stage.tags(&id), ["service=new".to_owned()].into(), "{told}");
            }
            Self::Host => {
                let commands = stage.commands();
                assert_eq!(commands.len(), 1, "{told}: one command: {commands:?}");
                assert!(commands[0].contains("-Name 'web-1' -IPv4Address '10.0.0.5'"), "{told}: {commands:?}");
            }
            Self::Parameter => {
                let expected = "/pub/storm String v1 calm".to_owned();
                assert!(stage.parameters("management", "/pub").contains(&expected), "{told}: put once");
            }
        }
        for delivery in deliveries {
            check_answer(stage, self.sender(), &nonce_of(delivery), told);
        }
    }
}

/// All answers to a request say the same, and that it is done.
pub(crate) fn check_answer(stage: &Stage<'_>, sender: &str, nonce: &str, told: &str) {
    stage.wait_for(sender, nonce);
    let answers = stage.answers(sender, nonce);
    let details: BTreeSet<String> = answers.iter().map(|answer| answer["detail"].to_string()).collect();
    assert_eq!(details.len(), 1, "{told}: one answer to {nonce}: {details:?}");
    assert_eq!(answers[0]["detail"]["status"], json!("done"), "{told}: {details:?}");
}

/// The receipts of a folder close, and every answer's receipt is among them.
pub(crate) fn check_receipts(stage: &Stage<'_>, case: Case, settings: &Settings, deliveries: &[Value], told: &str) {
    let receipts = receipts_on_disk(&stage.receipts(case.gate(), settings));
    for delivery in deliveries {
        let answers = stage.answers(case.sender(), &nonce_of(delivery));
        let found = receipts.iter().any(|receipt| receipt["hash"] == answers[0]["detail"]["receipt"]);
        assert!(found, "{told}: the answer's receipt is kept");
    }
}

/// The nonce of a delivery, as answers repeat it.
pub(crate) fn nonce_of(delivery: &Value) -> String {
    let detail = &delivery["detail"];
    detail["nonce"].as_str().or_else(|| detail["ActivityId"].as_str()).expect("a nonce").to_owned()
}

/// What Auto Scaling tells of a launch.
fn launch(stage: &Stage<'_>, account: &str) -> Value {
    let nonce = stage.nonce();
    let mut event = stage.envelope(
        account,
        "EC2 Instance Launch Successful",
        &json!({
            "StatusCode": "InProgress", "AutoScalingGroupName": "my-asg-name", "ActivityId": nonce,
            "RequestId": nonce, "EC2InstanceId": INSTANCE, "Origin": "EC2", "Destination": "AutoScalingGroup",
        }),
    );
    event["source"] = json!("aws.autoscaling");
    event
}
