//! The Lambda runtime API (2018-06-01), to which a `bootstrap` connects: it takes invocations by a long poll and posts
//! a response or an error for each.
//!
//! The shape is that of the Lambda developer guide, "Using the Lambda runtime API". Nothing kills a runtime that
//! overstays its deadline, as Lambda would; the caller of [`RuntimeApi::invoke`] hears of it.

use crate::http::{Message, Server};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The function that invocations name.
pub const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:reeve";
const BASE: &str = "/2018-06-01/runtime/";
/// How often a waiting `next` looks whether the API has ended, in milliseconds.
const LOOK_MS: u64 = 100;

/// Why an invocation has no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The function posted this error.
    Function(Value),
    /// The runtime could not start, and posted this error.
    Init(Value),
    /// Nothing was posted in time.
    Deadline,
}

struct Invocation {
    id: String,
    payload: String,
    deadline_ms: u128,
}

#[derive(Default)]
struct Book {
    count: u64,
    waiting: VecDeque<Invocation>,
    /// Taken or waiting: none until it is answered.
    answers: BTreeMap<String, Option<Result<Value, Value>>>,
    init_error: Option<Value>,
    first_next: Option<Instant>,
    ended: bool,
}

#[derive(Default)]
struct Shared {
    book: Mutex<Book>,
    changed: Condvar,
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running runtime API for one function.
pub struct RuntimeApi {
    shared: Arc<Shared>,
    server: Server,
}

impl RuntimeApi {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// No port is free.
    pub fn start() -> io::Result<Self> {
        Self::start_for(FUNCTION_ARN)
    }

    /// The same for the function with this ARN.
    ///
    /// # Errors
    /// No port is free.
    pub fn start_for(function_arn: &str) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (serving, function) = (Arc::clone(&shared), function_arn.to_owned());
        let server = Server::answering(move |request| answer(&serving, &function, request))?;
        Ok(Self { shared, server })
    }

    /// What `AWS_LAMBDA_RUNTIME_API` is: host and port.
    #[must_use]
    pub fn address(&self) -> String {
        self.server.address().to_string()
    }

    /// The environment that Lambda gives a bootstrap, credentials aside.
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        [
            ("AWS_LAMBDA_RUNTIME_API", self.address().as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "reeve"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/reeve"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/22/[$LATEST]0"),
            ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
            ("_HANDLER", "bootstrap"),
            ("LAMBDA_TASK_ROOT", "/var/task"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// Invokes the function and waits for its answer, until `patience` is over. The function sees the same deadline.
    ///
    /// # Errors
    /// What was posted instead of a response, or that nothing was.
    pub fn invoke(&self, payload: &Value, patience: Duration) -> Result<Value, Failure> {
        let end = Instant::now() + patience;
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + patience;
        let mut book = self.shared.book();
        book.count += 1;
        let id = format!("00000000-0000-4000-8000-{:012x}", book.count);
        book.answers.insert(id.clone(), None);
        let invocation = Invocation { id: id.clone(), payload: payload.to_string(), deadline_ms: wall.as_millis() };
        book.waiting.push_back(invocation);
        self.shared.changed.notify_all();
        loop {
            if let Some(Some(answer)) = book.answers.get(&id).cloned() {
                book.answers.remove(&id);
                return answer.map_err(Failure::Function);
            }
            if let Some(error) = &book.init_error {
                return Err(Failure::Init(error.clone()));
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                // An answer that comes later is refused, as that of an unknown invocation.
                book.answers.remove(&id);
                book.waiting.retain(|invocation| invocation.id != id);
                return Err(Failure::Deadline);
            }
            book = self.shared.changed.wait_timeout(book, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// When the runtime first asked for work: the end of its cold start.
    #[must_use]
    pub fn first_next(&self) -> Option<Instant> {
        self.shared.book().first_next
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.shared.book().ended = true;
        self.shared.changed.notify_all();
    }
}

fn answer(shared: &Shared, function: &str, request: &Message) -> Message {
    let (method, target) = request.method_and_target();
    let parts: Vec<&str> = target.strip_prefix(BASE).unwrap_or_default().split('/').collect();
    match (method, parts.as_slice()) {
        ("GET", ["invocation", "next"]) => next(shared, function),
        ("POST", ["invocation", id, "response"]) => posted(shared, id, parsed(&request.body)),
        ("POST", ["invocation", id, "error"]) => posted(shared, id, parsed(&request.body).and_then(Err)),
        ("POST", ["init", "error"]) => {
            let (Ok(error) | Err(error)) = parsed(&request.body);
            shared.book().init_error = Some(error);
            shared.changed.notify_all();
            accepted()
        }
        _ => refused(404, "NotFound", "no such resource"),
    }
}

/// The next invocation, however long it takes.
fn next(shared: &Shared, function: &str) -> Message {
    let mut book = shared.book();
    book.first_next.get_or_insert_with(Instant::now);
    loop {
        if let Some(invocation) = book.waiting.pop_front() {
            let headers = [
                ("content-type", "application/json"),
                ("lambda-runtime-aws-request-id", invocation.id.as_str()),
                ("lambda-runtime-deadline-ms", &invocation.deadline_ms.to_string()),
                ("lambda-runtime-invoked-function-arn", function),
                ("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000;Sampled=0"),
            ];
            return Message::reply(200, &headers, invocation.payload);
        }
        if book.ended {
            return refused(500, "Ended", "the runtime API has ended");
        }
        let wait = shared.changed.wait_timeout(book, Duration::from_millis(LOOK_MS));
        book = wait.unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// What a function posts is JSON; what is not is an error that says so, and shows it.
fn parsed(body: &[u8]) -> Result<Value, Value> {
    serde_json::from_slice(body).map_err(|error| {
        json!({"errorType": "Runtime.NoJson", "errorMessage": error.to_string(), "posted": String::from_utf8_lossy(body)})
    })
}

fn posted(shared: &Shared, id: &str, answer: Result<Value, Value>) -> Message {
    let mut book = shared.book();
    match book.answers.get_mut(id) {
        Some(place @ None) => {
            *place = Some(answer);
            shared.changed.notify_all();
            accepted()
        }
        Some(Some(_)) | None => refused(400, "InvalidRequestID", "no such invocation is under way"),
    }
}

fn accepted() -> Message {
    Message::reply(202, &[("content-type", "application/json")], r#"{"status":"OK"}"#)
}

fn refused(status: u16, kind: &str, told: &str) -> Message {
    let body = json!({"errorType": kind, "errorMessage": told}).to_string();
    Message::reply(status, &[("content-type", "application/json")], body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::exchange;
    use std::net::SocketAddr;

    fn call(address: SocketAddr, method: &str, target: &str, body: &str) -> Message {
        exchange(address, &Message::request(method, &format!("{BASE}{target}"), &[], body)).expect("a reply")
    }

    /// Takes `turns` invocations and does with each what its payload says.
    fn runtime(address: SocketAddr, turns: usize) -> std::thread::JoinHandle<()> {
        std::thread::spawn(move || {
            for _ in 0..turns {
                let next = call(address, "GET", "invocation/next", "");
                assert_eq!(next.header("lambda-runtime-invoked-function-arn"), Some(FUNCTION_ARN));
                let deadline_ms: u128 =
                    next.header("Lambda-Runtime-Deadline-Ms").expect("set").parse().expect("number");
                assert!(deadline_ms > 1_700_000_000_000);
                let id = next.header("lambda-runtime-aws-request-id").expect("set");
                let payload: Value = serde_json::from_slice(&next.body).expect("JSON");
                let post = payload["post"].as_str().expect("text");
                let body = payload["body"].as_str().expect("text");
                let target = format!("invocation/{id}/{post}");
                assert_eq!(call(address, "POST", &target, body).status(), 202);
                assert_eq!(call(address, "POST", &target, body).status(), 400, "answered already");
            }
        })
    }

    #[test]
    fn invocations_are_answered_as_the_runtime_posts() {
        let api = RuntimeApi::start().expect("a port");
        assert!(api.first_next().is_none());
        let runtime = runtime(api.server.address(), 3);
        let (long, short) = (Duration::from_secs(60), Duration::from_millis(50));
        let post = |post: &str, body: &str, patience| api.invoke(&json!({"post": post, "body": body}), patience);
        assert_eq!(post("response", r#"{"a":1}"#, long), Ok(json!({"a": 1})));
        let error = json!({"errorType": "X", "errorMessage": "y"});
        assert_eq!(post("error", &error.to_string(), long), Err(Failure::Function(error)));
        let Err(Failure::Function(told)) = post("response", "{", long) else { panic!("not JSON") };
        assert_eq!((&told["errorType"], &told["posted"]), (&json!("Runtime.NoJson"), &json!("{")));
        runtime.join().expect("its assertions hold");
        assert_eq!(post("response", "{}", short), Err(Failure::Deadline), "the runtime takes no more");
        assert!(api.first_next().is_some());
        assert_eq!(call(api.server.address(), "POST", "invocation/nobody/response", "{}").status(), 400);
        assert_eq!(call(api.server.address(), "GET", "nothing", "").status(), 404);
    }

    #[test]
    fn a_runtime_that_cannot_start_fails_every_invocation() {
        let api = RuntimeApi::start().expect("a port");
        let address = api.server.address();
        let told = r#"{"errorType":"Config","errorMessage":"no gate"}"#;
        let posting = std::thread::spawn(move || call(address, "POST", "init/error", told).status());
        let failed = api.invoke(&json!({}), Duration::from_secs(60));
        assert_eq!(failed, Err(Failure::Init(json!({"errorType": "Config", "errorMessage": "no gate"}))));
        assert_eq!(posting.join().expect("posted"), 202);
        assert!(api.env().contains(&("AWS_LAMBDA_RUNTIME_API".to_owned(), address.to_string())));
    }

    #[test]
    fn a_waiting_runtime_hears_of_the_end() {
        let api = RuntimeApi::start().expect("a port");
        let address = api.server.address();
        let waiting = std::thread::spawn(move || {
            exchange(address, &Message::request("GET", &format!("{BASE}invocation/next"), &[], ""))
        });
        let deadline = Instant::now() + Duration::from_secs(60);
        while api.first_next().is_none() {
            assert!(Instant::now() < deadline, "nobody asked for work");
            std::thread::yield_now();
        }
        drop(api);
        assert!(!waiting.join().expect("no panic").is_ok_and(|reply| reply.status() == 200));
    }
}
