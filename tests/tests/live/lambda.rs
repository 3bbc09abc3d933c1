//! The same binary as the `bootstrap` of a function.

use crate::audit::proven;
use crate::support::{lines, record, told};
use reeve_tests::emulator::{Emulator, REGION};
use reeve_tests::proxy::{Fault, Plan, Proxy, Verdict};
use reeve_tests::reeve::{self, Serve};
use reeve_tests::runtime_api::{Failure, RuntimeApi};
use reeve_tests::stage::{Gate, LedgerKind, Options, Settings, Stage};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long an invocation may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A bootstrap without arguments, as Lambda starts it.
fn bootstrap(stage: &Stage<'_>, api: &RuntimeApi, settings: &Settings) -> Serve {
    let file = stage.gate_file(Gate::Dns, settings);
    let mut variables = stage.environment(Gate::Dns, settings);
    variables.extend(api.env());
    variables.push(("REEVE_GATE".to_owned(), file.display().to_string()));
    Serve::spawn(reeve::command(&[], &variables))
}

/// The source of a function that a queue invokes.
fn source(stage: &Stage<'_>) -> String {
    let (account, url, rule) = (stage.id("dns"), stage.intake_url(Gate::Dns), &stage.rules(Gate::Dns)[0]);
    let function = format!("arn:aws:lambda:{REGION}:{account}:function:reeve");
    format!("[{{ lambda: {{ function: \"{function}\", queue: \"{url}\", verified-by: \"{rule}\" }} }}]")
}

/// A request as a message's body, and the name that it asks for.
fn request(stage: &Stage<'_>, sender: &str, name: &str) -> Value {
    let mut detail = record("CREATE", name, "A", 60, &["192.0.2.1"]);
    detail["nonce"] = json!(stage.nonce());
    stage.envelope(sender, "DNS_RECORD_CHANGE", &detail)
}

/// A batch as Lambda reads it from a queue. Ids are `m0`, `m1`, …
fn batch(stage: &Stage<'_>, bodies: &[Value], queue: &str) -> Value {
    let account = stage.id("dns");
    let record = |(number, body): (usize, &Value)| {
        json!({
            "messageId": format!("m{number}"), "receiptHandle": "AQEB", "body": body.to_string(),
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1763810000000",
                "SenderId": "AIDAIENQZJOLO23YVJ4VO", "ApproximateFirstReceiveTimestamp": "1763810000001"},
            "messageAttributes": {}, "md5OfBody": "0", "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:{REGION}:{account}:{queue}"), "awsRegion": REGION,
        })
    };
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()})
}

/// Ids of a partial batch response.
fn failed(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().expect("a list");
    failures.iter().map(|item| item["itemIdentifier"].as_str().expect("an id")).collect()
}

#[test]
fn a_batch_fails_in_parts() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let proxy = Proxy::start(emulator.address(), Plan::calm()).expect("a port");
    // The domains of bar cannot be read for now.
    let unreadable = stage.id("bar").to_owned();
    proxy.on_call(move |call| {
        let asked = call.service == "ssm" && String::from_utf8_lossy(&call.body).contains(&unreadable);
        if asked { Verdict::Do(Fault::Throttle) } else { Verdict::Drawn }
    });
    let settings = Settings {
        ledger: LedgerKind::DynamoDb,
        sources: Some(source(&stage)),
        url: Some(proxy.url()),
        ..Settings::default()
    };
    let api = RuntimeApi::start().expect("a port");
    let began = Instant::now();
    let function = bootstrap(&stage, &api, &settings);
    let first = request(&stage, "foo", "first.foo.example.com");
    let answer = api.invoke(&batch(&stage, &[first], "reeve-dns"), PATIENCE);
    let answer = answer.unwrap_or_else(|error| panic!("{error:?}\n{}", function.stderr()));
    let decided = began.elapsed();
    assert_eq!(failed(&answer), Vec::<&str>::new());
    let ready = api.first_next().expect("asked").duration_since(began);
    eprintln!("cold start to the first decision: {decided:?} (ready for work after {ready:?}; unoptimised build)");

    let bodies = [
        request(&stage, "foo", "a.foo.example.com"),
        request(&stage, "bar", "a.bar.example.com"),
        request(&stage, "foo", "b.bar.example.com"),
        json!("no event"),
        request(&stage, "foo", "b.foo.example.com"),
    ];
    let answer = api.invoke(&batch(&stage, &bodies, "reeve-dns"), PATIENCE).expect("answered");
    assert_eq!(failed(&answer), ["m1"], "a denied request and a broken one are answered");
    // Another queue, which the gate file does not name: nobody vouches for what comes from there.
    let ordered = [
        request(&stage, "foo", "c.foo.example.com"),
        request(&stage, "bar", "c.bar.example.com"),
        request(&stage, "foo", "d.foo.example.com"),
        request(&stage, "foo", "e.foo.example.com"),
    ];
    let answer = api.invoke(&batch(&stage, &ordered, "reeve-dns.fifo"), PATIENCE).expect("answered");
    assert_eq!(failed(&answer), ["m1", "m2", "m3"], "nothing overtakes the one that failed");
    let at_first = lines([
        "example.com CAA 3600 0 issue \"amazon.com\"",
        "legacy.foo.example.com A 300 192.0.2.77",
        "www.example.com A 300 192.0.2.10",
        "first.foo.example.com A 60 192.0.2.1",
        "a.foo.example.com A 60 192.0.2.1",
        "b.foo.example.com A 60 192.0.2.1",
    ]);
    assert_eq!(stage.zone_records("example.com"), at_first);
    // Readable again: everything that failed comes again, and what had ended has no second effect.
    proxy.on_call(|_| Verdict::Drawn);
    for (bodies, queue) in [(&bodies[..], "reeve-dns"), (&ordered[..], "reeve-dns.fifo")] {
        let answer = api.invoke(&batch(&stage, bodies, queue), PATIENCE).expect("answered");
        assert_eq!(failed(&answer), Vec::<&str>::new());
    }
    let mut expected = at_first;
    expected.insert("a.bar.example.com A 60 192.0.2.1".to_owned());
    assert_eq!(stage.zone_records("example.com"), expected);
    assert_eq!(crate::again::record_changes(&emulator), 4);
    drop(function);
    proven(&stage, Gate::Dns, &settings);
}

#[test]
fn an_event_comes_without_a_queue() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let before = stage.zone_records("example.com");
    // Nobody vouches for who invokes this function.
    let function = format!("arn:aws:lambda:{REGION}:{}:function:reeve", stage.id("dns"));
    let sources = Some(format!("[{{ lambda: {{ function: \"{function}\" }} }}]"));
    let settings = Settings { ledger: LedgerKind::DynamoDb, sources, ..Settings::default() };
    let api = RuntimeApi::start().expect("a port");
    let bootstrap = bootstrap(&stage, &api, &settings);
    let event = request(&stage, "foo", "direct.foo.example.com");
    let answer = api.invoke(&event, PATIENCE);
    assert_eq!(answer, Ok(Value::Null), "{}", bootstrap.stderr());
    let receipt = stage.receipt_of(Gate::Dns, &settings, event["id"].as_str().expect("an id"));
    assert_eq!(receipt["reasons"][0]["code"], json!("UNVERIFIED_INTAKE_PATH"), "{receipt}");
    assert_eq!(receipt["reasons"].as_array().map(Vec::len), Some(1), "{receipt}");
    assert_eq!(stage.zone_records("example.com"), before);
}

/// A function of the gate's account with a policy that lets `source` invoke it for `principal`.
fn function(stage: &Stage<'_>, name: &str, principal: &str, source: &str) -> String {
    let account = stage.id("dns");
    let call = |target: &str, body: &Value| {
        let reply = stage.emulator.rest(account, "lambda", "POST", target, &body.to_string());
        assert!(matches!(reply.status(), 200 | 201), "{target}: {}", String::from_utf8_lossy(&reply.body));
    };
    let trust = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22\
                 %3A%7B%22Service%22%3A%22lambda.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";
    let query = format!("/?Action=CreateRole&Version=2010-05-08&RoleName={name}&AssumeRolePolicyDocument={trust}");
    assert_eq!(stage.emulator.rest(account, "iam", "GET", &query, "").status(), 200, "a role");
    // The shortest archive there is: nobody runs it.
    let code = json!({"ZipFile": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="});
    let role = format!("arn:aws:iam::{account}:role/{name}");
    let made =
        json!({"FunctionName": name, "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": role, "Code": code});
    call("/2015-03-31/functions", &made);
    let mut grant = json!({"StatementId": "rule", "Action": "lambda:InvokeFunction", "Principal": principal});
    if !source.is_empty() {
        grant["SourceArn"] = json!(source);
    }
    call(&format!("/2015-03-31/functions/{name}/policy"), &grant);
    format!("arn:aws:lambda:{REGION}:{account}:function:{name}")
}

#[test]
fn a_rule_may_invoke_the_function_itself() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let rule = stage.rules(Gate::Dns).swap_remove(0);
    let settings = |function: &str| {
        let sources = format!("[{{ lambda: {{ function: \"{function}\", verified-by: \"{rule}\" }} }}]");
        Settings { ledger: LedgerKind::DynamoDb, sources: Some(sources), ..Settings::default() }
    };
    let function_arn = function(&stage, "good", "events.amazonaws.com", &rule);
    let good = settings(&function_arn);
    let api = RuntimeApi::start_for(&function_arn).expect("a port");
    let gate = bootstrap(&stage, &api, &good);
    let event = request(&stage, "foo", "direct.foo.example.com");
    assert_eq!(api.invoke(&event, PATIENCE), Ok(Value::Null), "{}", gate.stderr());
    let nonce = event["detail"]["nonce"].as_str().expect("text");
    assert_eq!(told(&stage.wait_for("foo", nonce)), "permitted done");
    // Delivered again: the same answer, no second effect.
    assert_eq!(api.invoke(&event, PATIENCE), Ok(Value::Null));
    let replies = stage.wait_for_more("foo", nonce, 2);
    assert_eq!(replies[0]["detail"], replies[1]["detail"]);
    assert_eq!(crate::again::record_changes(&emulator), 1);
    assert!(stage.zone_records("example.com").contains("direct.foo.example.com A 60 192.0.2.1"));
    drop(gate);
    for (name, principal, source, part) in [
        ("wide", "events.amazonaws.com", "", "no condition"),
        ("other", "s3.amazonaws.com", "arn:aws:s3:::bucket", "lets the service `s3.amazonaws.com` invoke"),
    ] {
        let loose = settings(&function(&stage, name, principal, source));
        let api = RuntimeApi::start().expect("a port");
        let mut gate = bootstrap(&stage, &api, &loose);
        let status = gate.ended(PATIENCE).expect("it ends");
        assert_eq!(status.code(), Some(1), "{name}: {}", gate.stderr());
        assert!(gate.stderr().contains("Statement[0]") && gate.stderr().contains(part), "{name}: {}", gate.stderr());
    }
}

#[test]
fn a_function_that_anybody_may_invoke_does_not_start() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    stage.set_queue_policy(Gate::Dns, "");
    let settings = Settings { ledger: LedgerKind::DynamoDb, sources: Some(source(&stage)), ..Settings::default() };
    let api = RuntimeApi::start().expect("a port");
    let mut bootstrap = bootstrap(&stage, &api, &settings);
    let status = bootstrap.ended(PATIENCE).expect("it ends");
    assert_eq!(status.code(), Some(1), "{}", bootstrap.stderr());
    assert!(bootstrap.stderr().contains("no policy: the rule cannot deliver"), "{}", bootstrap.stderr());
    let left = api.invoke(&json!({}), Duration::from_millis(10));
    assert!(matches!(left, Err(Failure::Deadline | Failure::Init(_))), "{left:?}");
}
