//! Every fault, against a server that counts what reaches it.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::*;
use std::io::ErrorKind;
use std::sync::atomic::AtomicU64;

/// A server that answers with what it was sent, and how many requests reached it.
fn echo() -> (Server, Arc<AtomicU64>) {
    let count = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&count);
    let server = Server::answering(move |request| {
        let n = seen.fetch_add(1, Ordering::SeqCst) + 1;
        Message::reply(200, &[("x-count", &n.to_string()), ("content-type", "text/plain")], request.body.clone())
    });
    (server.expect("a port"), count)
}

fn request(service: &str, start: &str, target: &str, body: &str) -> Message {
    let authorization = format!("AWS4-HMAC-SHA256 Credential=A/20261122/us-east-1/{service}/aws4_request, Signature=0");
    let (method, path) = start.split_once(' ').expect("method and path");
    let mut headers = vec![("authorization", authorization.as_str())];
    headers.extend((!target.is_empty()).then_some(("x-amz-target", target)));
    Message::request(method, path, &headers, body)
}

fn put_parameter() -> Message {
    request("ssm", "POST /", "AmazonSSM.PutParameter", "0123456789")
}

fn change() -> Message {
    request("route53", "POST /2013-04-01/hostedzone/Z1/rrset", "", "<x/>")
}

/// A proxy that does this to every call.
fn always(upstream: &Server, fault: Fault) -> Proxy {
    let proxy = Proxy::start(upstream.address(), Plan { delay_ms_max: 5, ..Plan::calm() }).expect("a port");
    proxy.on_call(move |_| Verdict::Do(fault));
    proxy
}

fn send(proxy: &Proxy, request: &Message) -> io::Result<Message> {
    http::exchange(proxy.server.address(), request)
}

#[test]
fn each_fault_forwards_and_answers_as_it_says() {
    for (fault, forwarded, status) in [
        (Fault::Pass, 1, Ok(200)),
        (Fault::Delay, 1, Ok(200)),
        (Fault::Duplicate, 2, Ok(200)),
        (Fault::Throttle, 0, Ok(400)),
        (Fault::PriorRequest, 0, Ok(400)),
        (Fault::InternalError, 0, Ok(500)),
        (Fault::Unavailable, 0, Ok(503)),
        (Fault::ResetBefore, 0, Err(ErrorKind::ConnectionReset)),
        (Fault::ResetAfter, 1, Err(ErrorKind::ConnectionReset)),
        // Ends early: fewer bytes than the head says.
        (Fault::Truncate, 1, Err(ErrorKind::InvalidData)),
    ] {
        let (upstream, count) = echo();
        let proxy = always(&upstream, fault);
        let reply = send(&proxy, &put_parameter());
        assert_eq!(reply.as_ref().map(Message::status).map_err(io::Error::kind), status, "{fault}");
        assert_eq!(count.load(Ordering::SeqCst), forwarded, "{fault}");
        let key = ("ssm".to_owned(), "PutParameter".to_owned(), fault);
        assert_eq!(proxy.counts(), Counts::from([(key, 1)]), "{fault}");
        assert_eq!((proxy.done(fault), proxy.arrived("ssm", "PutParameter")), (1, 1), "{fault}");
        if status == Ok(200) {
            let reply = reply.expect("looked at above");
            assert_eq!(reply.body, b"0123456789", "{fault}");
            assert_eq!(reply.header("x-count"), Some(&*forwarded.to_string()), "{fault}: the last reply");
        }
    }
}

#[test]
fn a_truncated_reply_says_its_whole_length() {
    let (upstream, _) = echo();
    let proxy = always(&upstream, Fault::Truncate);
    for (body, cut) in [("0123456789", "01234"), ("", "")] {
        let mut reader = BufReader::new(http::connect(proxy.server.address()).expect("it listens"));
        request("ssm", "POST /", "AmazonSSM.PutParameter", body).write(reader.get_mut()).expect("taken");
        let mut text = String::new();
        io::Read::read_to_string(&mut reader, &mut text).expect("an end, and no reset");
        assert_eq!(text.contains("content-length: 10"), !body.is_empty(), "{text}");
        assert_eq!(text.split("\r\n\r\n").nth(1), (!body.is_empty()).then_some(cut), "{text}");
    }
}

#[test]
fn refusals_are_written_as_each_service_writes_them() {
    let form = request("sts", "POST /", "", "Action=AssumeRole&Version=2011-06-15");
    for (fault, request, status, told) in [
        (Fault::Throttle, put_parameter(), 400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#),
        (Fault::Throttle, request("events", "POST /", "AWSEvents.PutEvents", "{}"), 400, r#""ThrottlingException""#),
        (
            Fault::Throttle,
            request("sqs", "POST /", "AmazonSQS.SendMessage", "{}"),
            400,
            "com.amazonaws.sqs#RequestThrottled",
        ),
        (
            Fault::Throttle,
            request("dynamodb", "POST /", "DynamoDB_20120810.PutItem", "{}"),
            400,
            "v20120810#ThrottlingException",
        ),
        (
            Fault::Throttle,
            request("organizations", "POST /", "AWSOrganizationsV20161128.MoveAccount", "{}"),
            400,
            r#"{"__type":"TooManyRequestsException""#,
        ),
        (Fault::Throttle, change(), 400, "<Type>Sender</Type><Code>Throttling</Code>"),
        (Fault::Throttle, form, 400, "<Code>Throttling</Code>"),
        (Fault::Throttle, request("s3", "PUT /bucket/key", "", "{}"), 503, "<Error><Code>SlowDown</Code>"),
        (
            Fault::Throttle,
            request("lambda", "GET /2015-03-31/functions/f/policy", "", ""),
            429,
            "CallerRateLimitExceeded",
        ),
        (Fault::PriorRequest, change(), 400, "<Code>PriorRequestNotComplete</Code>"),
        (Fault::InternalError, change(), 500, ""),
        (Fault::Unavailable, change(), 503, ""),
    ] {
        let (upstream, count) = echo();
        let reply = send(&always(&upstream, fault), &request).expect("a reply");
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!((reply.status(), text.is_empty()), (status, told.is_empty()), "{fault} {}", request.start);
        assert!(text.contains(told), "{fault} {}: {text}", request.start);
        assert_eq!(count.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn a_seed_does_the_same_to_the_same_calls() {
    let done = |seed| {
        let (upstream, _) = echo();
        let proxy =
            Proxy::start(upstream.address(), Plan { delay_ms_max: 1, ..Plan::stormy(seed, 700) }).expect("a port");
        let told: Vec<_> = (0..60)
            .map(|index| {
                let request = if index % 2 == 0 { put_parameter() } else { change() };
                send(&proxy, &request).map(|reply| reply.status()).map_err(|error| error.kind())
            })
            .collect();
        (told, proxy.counts())
    };
    assert_eq!(done(1), done(1));
    assert_ne!(done(1), done(2));
}

#[test]
fn a_drawn_fault_spares_the_calls_that_cannot_meet_it() {
    let get = request("route53", "GET /2013-04-01/change/C1", "", "");
    for (fault, request, duplicated, done) in [
        (Fault::PriorRequest, change(), "", Fault::PriorRequest),
        (Fault::PriorRequest, get.clone(), "", Fault::Pass),
        (Fault::PriorRequest, put_parameter(), "", Fault::Pass),
        (Fault::Duplicate, get, "", Fault::Duplicate),
        (Fault::Duplicate, change(), "", Fault::Pass),
        (Fault::Duplicate, change(), "route53", Fault::Duplicate),
        (Fault::Duplicate, put_parameter(), "route53", Fault::Pass),
    ] {
        let (upstream, _) = echo();
        let duplicated = [duplicated.to_owned()].into();
        let plan = Plan { shares: vec![(fault, plan::DRAWS)], duplicated, ..Plan::calm() };
        let proxy = Proxy::start(upstream.address(), plan).expect("a port");
        send(&proxy, &request).expect("a reply");
        assert_eq!(proxy.done(done), 1, "{fault} {}", request.start);
        proxy.calm();
        send(&proxy, &request).expect("a reply");
        assert_eq!(proxy.done(Fault::Pass), if done == Fault::Pass { 2 } else { 1 }, "calm: {fault} {}", request.start);
    }
}

#[test]
fn hooks_act_before_a_chosen_call_and_after_it_is_applied() {
    let (upstream, count) = echo();
    let proxy = Proxy::start(upstream.address(), Plan::calm()).expect("a port");
    let story = Arc::new(Mutex::new(Vec::new()));
    let (before, applied) = (Arc::clone(&story), Arc::clone(&count));
    proxy.on_call(move |call| {
        locked(&before).push(format!("before {} {} of {}", call.operation, call.n, applied.load(Ordering::SeqCst)));
        if call.n == 2 { Verdict::Do(Fault::Unavailable) } else { Verdict::Drawn }
    });
    let (after, applied) = (Arc::clone(&story), Arc::clone(&count));
    proxy.on_reply(move |call, reply| {
        let body = String::from_utf8_lossy(&call.body).into_owned();
        let line = format!("after {} {} {} {body}", call.n, reply.status(), applied.load(Ordering::SeqCst));
        locked(&after).push(line);
    });
    let statuses: Vec<u16> = (0..3).map(|_| send(&proxy, &put_parameter()).expect("a reply").status()).collect();
    assert_eq!(statuses, [200, 503, 200]);
    assert_eq!(
        *locked(&story),
        [
            "before PutParameter 1 of 0",
            "after 1 200 1 0123456789",
            "before PutParameter 2 of 1",
            "before PutParameter 3 of 1",
            "after 3 200 2 0123456789",
        ]
    );
}

#[test]
fn connections_are_kept_and_framing_is_made_plain() {
    let upstream = Server::answering(|request| {
        let said = request.header("content-length").unwrap_or("none").to_owned();
        assert!(request.header("transfer-encoding").is_none(), "chunks are joined");
        if request.method_and_target().0 == "HEAD" {
            return Message::reply(200, &[("content-length", "77")], Vec::new());
        }
        Message::reply(200, &[("x-said", &said)], request.body.clone())
    });
    let upstream = upstream.expect("a port");
    let proxy = Proxy::start(upstream.address(), Plan::calm()).expect("a port");
    let mut reader = BufReader::new(http::connect(proxy.server.address()).expect("it listens"));
    let mut turn = |bytes: &[u8], body: bool| {
        reader.get_mut().write_all(bytes).expect("taken");
        let mut reply = http::read_head(&mut reader).expect("a head").expect("kept open");
        if body {
            http::read_body(&mut reader, &mut reply, false).expect("a body");
        }
        reply
    };
    let chunked = turn(b"POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", true);
    assert_eq!((chunked.header("x-said"), &*chunked.body), (Some("5"), &b"abcde"[..]));
    let head = turn(b"HEAD /a HTTP/1.1\r\n\r\n", false);
    assert_eq!(head.header("content-length"), Some("77"));
    let long = vec![b'x'; http::BODY_BYTES_MAX];
    let mut bytes = format!("PUT /b/k HTTP/1.1\r\ncontent-length: {}\r\n\r\n", long.len()).into_bytes();
    bytes.extend_from_slice(&long);
    assert_eq!(turn(&bytes, true).body.len(), long.len());
}

#[test]
fn replies_without_a_length_are_read_to_their_end() {
    let upstream = Server::start(|mut stream| {
        let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
        let _ = http::read_request(&mut reader);
        let _ = stream.write_all(b"HTTP/1.0 200 OK\r\ncontent-type: text/xml\r\n\r\n<a/>");
    });
    let upstream = upstream.expect("a port");
    let proxy = Proxy::start(upstream.address(), Plan::calm()).expect("a port");
    let reply = send(&proxy, &change()).expect("a reply");
    assert_eq!((reply.start.as_str(), &*reply.body), ("HTTP/1.1 200 OK", &b"<a/>"[..]));
    assert_eq!(reply.header("content-length"), Some("4"));
}

/// Makes the call that its argument names, once, and prints the code or the class of what went wrong.
const BOTO: &str = r#"
import io, os, sys, boto3, botocore.config, botocore.exceptions
once = botocore.config.Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
client = lambda service: boto3.client(service, config=once)
change = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": {"Name": "a.", "Type": "A", "TTL": 1,
          "ResourceRecords": [{"Value": "192.0.2.1"}]}}]}
def bucket():
    s3 = client("s3")
    s3.create_bucket(Bucket="receipts")
    s3.put_object(Bucket="receipts", Key="a/b", Body=io.BytesIO(b"x" * 1500000), ChecksumAlgorithm="SHA256")
    assert len(s3.get_object(Bucket="receipts", Key="a/b")["Body"].read()) == 1500000
    assert s3.head_object(Bucket="receipts", Key="a/b")["ContentLength"] == 1500000
calls = {
    "route53": lambda: client("route53").change_resource_record_sets(HostedZoneId="Z1", ChangeBatch=change),
    "ssm": lambda: client("ssm").put_parameter(Name="/a", Value="b", Type="String"),
    "sqs": lambda: client("sqs").send_message(QueueUrl=os.environ["AWS_ENDPOINT_URL"] + "/1/q", MessageBody="a"),
    "dynamodb": lambda: client("dynamodb").put_item(TableName="abc", Item={"a": {"S": "b"}}),
    "organizations": lambda: client("organizations").list_roots(),
    "events": lambda: client("events").put_events(Entries=[{"Source": "a", "DetailType": "b", "Detail": "{}"}]),
    "lambda": lambda: client("lambda").get_policy(FunctionName="f"),
    "sts": lambda: client("sts").assume_role(RoleArn="arn:aws:iam::111122223333:role/gate", RoleSessionName="gate"),
    "s3": lambda: client("s3").list_objects_v2(Bucket="receipts"),
    "bucket": bucket,
}
try:
    calls[sys.argv[1]]()
    print("done")
except botocore.exceptions.ClientError as error:
    print(error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
except Exception as error:
    print(type(error).__name__)
"#;

#[test]
fn an_sdk_reads_every_refusal_as_its_services() {
    let emulator = crate::emulator::Emulator::start();
    for (fault, call, told) in [
        (Fault::Throttle, "route53", "Throttling 400"),
        (Fault::Throttle, "ssm", "ThrottlingException 400"),
        (Fault::Throttle, "sqs", "RequestThrottled 400"),
        (Fault::Throttle, "dynamodb", "ThrottlingException 400"),
        (Fault::Throttle, "organizations", "TooManyRequestsException 400"),
        (Fault::Throttle, "events", "ThrottlingException 400"),
        (Fault::Throttle, "lambda", "TooManyRequestsException 429"),
        (Fault::Throttle, "sts", "Throttling 400"),
        (Fault::Throttle, "s3", "SlowDown 503"),
        (Fault::PriorRequest, "route53", "PriorRequestNotComplete 400"),
        (Fault::Unavailable, "ssm", "503 503"),
        (Fault::InternalError, "events", "500 500"),
        (Fault::ResetBefore, "ssm", "ConnectionClosedError"),
        (Fault::ResetAfter, "events", "ConnectionClosedError"),
        (Fault::Truncate, "sts", "ResponseParserError"),
        (Fault::Pass, "bucket", "done"),
        (Fault::Duplicate, "s3", "done"),
    ] {
        let proxy = Proxy::start(emulator.address(), Plan::calm()).expect("a port");
        proxy.on_call(move |_| Verdict::Do(fault));
        let output = std::process::Command::new(crate::emulator::python())
            .args(["-c", BOTO, call])
            .envs(emulator.env_as(crate::emulator::ACCOUNT, &proxy.url()))
            .output()
            .expect("python runs");
        let shown = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert_eq!(shown, told, "{fault} {call}: {}", String::from_utf8_lossy(&output.stderr));
        let named = |(service, operation, _): &(String, String, Fault)| {
            service == if call == "bucket" { "s3" } else { call } && !operation.contains(' ')
        };
        assert!(proxy.counts().keys().all(named), "{fault} {call}: {:?}", proxy.counts());
    }
}
