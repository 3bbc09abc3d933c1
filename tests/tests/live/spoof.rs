//! Events that are not what they claim, on every way in, and queues that would let them in.

use crate::support::{lines, record};
use reeve_tests::emulator::{Emulator, REGION};
use reeve_tests::stage::{Gate, INSTANCE, Options, SOURCE, Settings, Stage};
use serde_json::{Value, json};

/// Codes of a receipt's or a line's reasons.
fn codes(receipt: &Value) -> Vec<&str> {
    let reasons = receipt["reasons"].as_array().expect("a list");
    reasons.iter().filter_map(|reason| reason["code"].as_str()).collect()
}

/// A queue of the gate's account that anybody may send to.
fn open_queue(stage: &Stage<'_>, gate: Gate) -> String {
    let account = stage.account_of(gate);
    let request = json!({"QueueName": "open"});
    stage.emulator.aws(account, "sqs", "AmazonSQS.CreateQueue", &request).expect("a queue");
    stage.queue_url(account, "open")
}

#[test]
fn nobody_vouches_for_what_comes_by_an_open_way() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let before = (stage.zone_records("example.com"), stage.zone_records("corp.example.com"));
    let settings_of = |gate: Gate| {
        let url = open_queue(&stage, gate);
        let verified = stage.queue_source(gate);
        let verified = verified.trim_start_matches('[').trim_end_matches(']');
        let verified = if verified.ends_with('}') { verified.to_owned() } else { format!("{verified}] }} }}") };
        let sources =
            format!("[{verified}, {{ sqs: {{ queue: \"{url}\" }} }}, {{ http: {{ listen: \"127.0.0.1:0\" }} }}]");
        (url, Settings { sources: Some(sources), ..Settings::default() })
    };
    let (open, settings) = settings_of(Gate::Dns);
    let gate = stage.gate_with(Gate::Dns, &settings);
    let request = |name: &str| {
        let mut detail = record("CREATE", name, "A", 60, &["192.0.2.1"]);
        detail["nonce"] = json!(stage.nonce());
        stage.envelope("foo", "DNS_RECORD_CHANGE", &detail)
    };
    let send = |body: &Value, attributes: Value| {
        let request = json!({"QueueUrl": open, "MessageBody": body.to_string(), "MessageAttributes": attributes});
        emulator.aws(stage.account_of(Gate::Dns), "sqs", "AmazonSQS.SendMessage", &request).expect("sent");
        let id = body["id"].as_str().expect("an id");
        stage.receipt_of(Gate::Dns, &settings, id)
    };
    // A plain SendMessage with a forged account.
    let receipt = send(&request("sqs.foo.example.com"), json!({}));
    assert_eq!(codes(&receipt), ["UNVERIFIED_INTAKE_PATH"], "{receipt}");
    // A body that PutRawEvents took as it came.
    let raw = json!({"ContentType": {"DataType": "String", "StringValue": "application/json"}});
    let receipt = send(&request("raw.foo.example.com"), raw);
    assert!(codes(&receipt).contains(&"RAW_EVENT_NOT_ENVELOPE"), "{receipt}");
    // HTTP.
    let reply = gate.post(request("http.foo.example.com").to_string());
    assert_eq!(reply.status(), 200);
    let line: Value = serde_json::from_slice(&reply.body).expect("one line of JSON");
    assert_eq!((&line["decision"], codes(&line)), (&json!("denied"), vec!["UNVERIFIED_INTAKE_PATH"]), "{line}");
    // What cannot be read is answered too.
    let reply = gate.post("{");
    let line: Value = serde_json::from_slice(&reply.body).expect("one line of JSON");
    assert_eq!(codes(&line), ["BAD_JSON"], "{line}");
    // The same request through the door is taken: the stranger has not used its nonce up.
    let body = request("door.foo.example.com");
    drop(send(&body, json!({})));
    stage.ask("foo", "DNS_RECORD_CHANGE", &body["detail"]);
    let nonce = body["detail"]["nonce"].as_str().expect("text");
    let reply = stage.wait_for("foo", nonce);
    assert_eq!(reply["detail"]["decision"], json!("permitted"), "{reply}");
    assert_eq!(stage.replies("foo").len(), 1, "strangers are not answered in foo's queue");
    drop(gate);
    let mut expected = before.0;
    expected.extend(lines(["door.foo.example.com A 60 192.0.2.1"]));
    assert_eq!(stage.zone_records("example.com"), expected);
    assert_eq!(stage.zone_records("corp.example.com"), before.1);

    let (_, settings) = settings_of(Gate::Management);
    let gate = stage.gate_with(Gate::Management, &settings);
    let detail = json!({"EC2InstanceId": INSTANCE, "RequestId": stage.nonce(), "AutoScalingGroupName": "my-asg-name"});
    let mut event = stage.envelope("foo", "EC2 Instance Launch Successful", &detail);
    event["source"] = json!("aws.autoscaling");
    let reply = gate.post(event.to_string());
    let line: Value = serde_json::from_slice(&reply.body).expect("one line of JSON");
    assert_eq!(codes(&line), ["AWS_SOURCE_ON_UNVERIFIED_PATH"], "{line}");
    assert_eq!(stage.commands(), Vec::<String>::new());
}

#[test]
fn replays_and_false_names_are_refused_on_the_verified_way_too() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let before = stage.zone_records("example.com");
    let settings = Settings::default();
    let gate = stage.gate_with(Gate::Dns, &settings);
    let detail = |more: Value| {
        let mut detail = record("CREATE", "x.foo.example.com", "A", 60, &["192.0.2.1"]);
        detail["nonce"] = json!(stage.nonce());
        detail.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        detail
    };
    // An archive that is replayed onto the bus.
    let event = json!({"source": SOURCE, "detail-type": "DNS_RECORD_CHANGE", "detail": detail(json!({})),
        "account": stage.id("foo"), "replay-name": "again"});
    let body = json!({"account": stage.id("dns"), "region": REGION, "bus": "infra", "event": event});
    let told = emulator.control("POST", "/_reeve/event", &body);
    let receipt = stage.receipt_of(Gate::Dns, &settings, told["id"].as_str().expect("an id"));
    assert_eq!(codes(&receipt), ["REPLAY_REFUSED"], "{receipt}");
    for (more, code) in [
        (json!({"account": stage.id("bar")}), "SENDER_MISMATCH"),
        (json!({"sender": stage.id("cicd")}), "SENDER_MISMATCH"),
        (json!({"reply_to": "arn:aws:sqs:us-east-1:999999999999:mine"}), "REPLY_TARGET_NOT_ALLOWED"),
        (json!({"hostedZoneId": stage.zone("example.com")}), "FIELD_NOT_CALLER_SETTABLE"),
        (json!({"policy": "x"}), "UNKNOWN_FIELD"),
        (json!({"dryrun": "false"}), "BAD_TYPE"),
        (json!({"nonce": "x\ny"}), "BAD_NONCE"),
        (json!({"note\u{202e}": "x"}), "BAD_STRING"),
        (json!({"a.b": 1}), "DOTTED_KEY"),
    ] {
        let id = stage.ask("foo", "DNS_RECORD_CHANGE", &detail(more.clone()));
        let receipt = stage.receipt_of(Gate::Dns, &settings, &id);
        assert!(codes(&receipt).contains(&code), "{more}: {receipt}");
        assert_eq!(receipt["decision"], json!("denied"), "{more}");
    }
    // An account that is not of the organization does not get onto the bus.
    let stranger = json!({"Entries": [{"Source": SOURCE, "DetailType": "DNS_RECORD_CHANGE", "Detail": detail(json!({})).to_string(),
        "EventBusName": format!("arn:aws:events:{REGION}:{}:event-bus/infra", stage.id("dns"))}]});
    let told = emulator.aws("999999999999", "events", "AWSEvents.PutEvents", &stranger).expect("answered");
    assert_eq!(told["Entries"][0]["ErrorCode"], json!("AccessDeniedException"), "{told}");
    let (status, log) = gate.term();
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(stage.zone_records("example.com"), before);
}

#[test]
fn a_loose_queue_stops_the_gate() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let good = stage.queue_policy(Gate::Dns);
    let with = |more: Value| {
        let mut policy = good.clone();
        policy["Statement"].as_array_mut().expect("a list").push(more);
        policy.to_string()
    };
    let edited = |pointer: &str, value: Value| {
        let mut policy = good.clone();
        *policy.pointer_mut(pointer).expect("there") = value;
        policy.to_string()
    };
    let anybody =
        json!({"Sid": "Loose", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"});
    let own = json!({"Sid": "Own", "Effect": "Allow", "Action": "sqs:*", "Resource": "*",
        "Principal": {"AWS": format!("arn:aws:iam::{}:root", stage.id("dns"))}});
    let other =
        json!({"Effect": "Allow", "Principal": {"AWS": stage.id("foo")}, "Action": "SQS:Send*", "Resource": "*"});
    let topic = json!({"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*"});
    let wild = format!("arn:aws:events:{REGION}:{}:rule/infra/*", stage.id("dns"));
    for (policy, parts) in [
        (with(anybody), vec!["Statement[1] (Sid `Loose`)", "lets anybody (`*`) send with `sqs:SendMessage`"]),
        (with(own), vec!["Statement[1] (Sid `Own`)", "lets every principal of the gate's own account"]),
        (with(other), vec!["Statement[1]: ", stage.id("foo"), "SQS:Send*"]),
        (with(topic), vec!["Statement[1]: lets the service `sns.amazonaws.com` send"]),
        (
            edited("/Statement/0/Condition/ArnEquals/aws:SourceArn", json!([wild.clone()])),
            vec!["Statement[0] (Sid `Rules`)", &wild],
        ),
        (
            edited("/Statement/0/Condition", json!({"StringEquals": {"aws:SourceAccount": stage.id("dns")}})),
            vec!["Statement[0] (Sid `Rules`)", "no condition is on `aws:SourceArn`"],
        ),
        (
            edited("/Statement/0/Principal", json!("*")),
            vec![
                "Statement[0] (Sid `Rules`)",
                "`aws:SourceArn` is to be believed only when a service is the principal",
            ],
        ),
        (String::new(), vec!["no policy: the rule cannot deliver"]),
    ] {
        stage.set_queue_policy(Gate::Dns, &policy);
        let refused = stage.try_gate(Gate::Dns, &Settings::default()).expect_err(&policy);
        assert_eq!(refused.status.code(), Some(1), "{policy}: {}", refused.stderr);
        for part in parts {
            assert!(refused.stderr.contains(part), "{policy}: `{part}` is not in: {}", refused.stderr);
        }
        assert!(refused.stderr.contains("queue reeve-dns"), "{}", refused.stderr);
    }
    assert_eq!(emulator.calls("sqs", "ReceiveMessage").len(), 0, "nothing was taken");
    stage.set_queue_policy(Gate::Dns, &good.to_string());
    let (status, log) = stage.gate(Gate::Dns).term();
    assert_eq!(status.code(), Some(0), "{log}");
}
