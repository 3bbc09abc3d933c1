//! The same binary as a Lambda function: an event from a rule, or a batch from a queue with partial failures.
//!
//! Sources: Lambda developer guide, "Using Lambda with Amazon SQS" (partial batch responses) and "Custom runtimes".

use crate::{Desk, Source};
use lambda_runtime::{LambdaEvent, service_fn};
use reeve_engine::{Delivery, Handled};
use reeve_json::{Node, Options, StringRule, Value};
use reeve_model::limits::EVENT_DEPTH_MAX;
use serde_json::value::RawValue;

/// The variable that Lambda sets for a runtime.
pub const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";
/// Largest invocation payload, bytes: six megabytes, the limit of a synchronous invocation.
const PAYLOAD_BYTES_MAX: usize = 6 * 1_048_576;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// What start-up has found of the ways into the function: on these, the envelope's account is what AWS says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trusted {
    /// ARNs of queues that only declared rules can send to.
    pub queues: Vec<String>,
    /// ARNs of the function, as invoked, where only declared rules can invoke it.
    pub functions: Vec<String>,
}

/// Asks the runtime API for invocations until the process is stopped.
///
/// # Errors
/// When the runtime API cannot be reached.
pub async fn run(desk: Desk, trusted: Trusted) -> Result<(), Failed> {
    let trusted = std::sync::Arc::new(trusted);
    let handler = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let (desk, trusted) = (desk.clone(), std::sync::Arc::clone(&trusted));
        async move { invoke(&desk, event.payload.get(), &event.context.invoked_function_arn, &trusted).await }
    });
    lambda_runtime::run(handler).await
}

async fn invoke(desk: &Desk, payload: &str, function: &str, trusted: &Trusted) -> Result<Box<RawValue>, Failed> {
    let answer = match batch(payload) {
        Some(batch) => batch_answer(&failures(desk, batch, trusted).await),
        None => {
            let body = payload.as_bytes().to_vec();
            let verified = trusted.functions.iter().any(|it| it == function);
            let delivery = Delivery { body, origin: "lambda".to_owned(), verified, content_type: None };
            match one(desk, delivery).await {
                Ok(()) => Value::Null,
                // An error makes Lambda deliver the event again.
                Err(why) => return Err(why.into()),
            }
        }
    };
    Ok(RawValue::from_string(reeve_json::canonical(&answer))?)
}

async fn one(desk: &Desk, delivery: Delivery) -> Result<(), String> {
    let Some(seat) = desk.seat().await else { return Err("the gate is shutting down".to_owned()) };
    match desk.handle(delivery, Source::Lambda, seat).await {
        Handled::Done(_) => Ok(()),
        Handled::Again { why, .. } => Err(why),
    }
}

struct Record {
    id: String,
    body: String,
    content_type: Option<String>,
    /// ARN of the queue that it came from, as Lambda says.
    queue: Option<String>,
}

struct Batch {
    records: Vec<Record>,
    /// Of a FIFO queue: what follows a failure must fail too, or it would overtake it.
    ordered: bool,
}

/// The records of a batch from a queue; none when the payload is something else.
fn batch(payload: &str) -> Option<Batch> {
    let options = Options { bytes_max: PAYLOAD_BYTES_MAX, depth_max: EVENT_DEPTH_MAX, strings: StringRule::Any };
    let node = reeve_json::parse(payload.as_bytes(), &options).ok()?;
    let object = node.as_object()?;
    if object.get("detail").is_some() {
        return None;
    }
    let records = object.get("Records")?.as_array()?;
    let text = |record: &Node, name: &str| record.as_object()?.get(name)?.as_str().map(str::to_owned);
    let queue = records.first().and_then(|record| text(record, "eventSourceARN"));
    let ordered = queue.is_some_and(|arn| arn.ends_with(".fifo"));
    let read = |record: &Node| {
        let attribute = |name: &str| {
            let attributes = record.as_object()?.get("messageAttributes")?.as_object()?;
            attributes.get(name)?.as_object()?.get("stringValue")?.as_str().map(str::to_owned)
        };
        let content_type = attribute("ContentType");
        let (id, queue) = (text(record, "messageId")?, text(record, "eventSourceARN"));
        Some(Record { id, body: text(record, "body").unwrap_or_default(), content_type, queue })
    };
    // A record without an id could not be reported as failed; then nothing of the batch is taken.
    let records = records.iter().map(read).collect::<Option<Vec<_>>>()?;
    Some(Batch { records, ordered })
}

/// Ids of the records that have to come again.
async fn failures(desk: &Desk, batch: Batch, trusted: &Trusted) -> Vec<String> {
    let delivery = |record: &Record| Delivery {
        body: record.body.clone().into_bytes(),
        origin: format!("sqs:{}", record.id),
        verified: record.queue.as_ref().is_some_and(|queue| trusted.queues.contains(queue)),
        content_type: record.content_type.clone(),
    };
    if batch.ordered {
        for (at, record) in batch.records.iter().enumerate() {
            if one(desk, delivery(record)).await.is_err() {
                return batch.records.iter().skip(at).map(|record| record.id.clone()).collect();
            }
        }
        return Vec::new();
    }
    let tasks: Vec<_> = batch
        .records
        .iter()
        .map(|record| {
            let (desk, delivery) = (desk.clone(), delivery(record));
            tokio::spawn(async move { one(&desk, delivery).await })
        })
        .collect();
    let mut failed = Vec::new();
    for (task, record) in tasks.into_iter().zip(&batch.records) {
        if !matches!(task.await, Ok(Ok(()))) {
            failed.push(record.id.clone());
        }
    }
    failed
}

fn batch_answer(failed: &[String]) -> Value {
    let item = |id: &String| Value::object([("itemIdentifier", Value::from(id.as_str()))]);
    Value::object([("batchItemFailures", Value::array(failed.iter().map(item)))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_told_from_events() {
        let fifo = r#"{"Records":[{"messageId":"1","body":"{}","eventSourceARN":"arn:aws:sqs:x:1:q.fifo"}]}"#;
        for (payload, ids, ordered) in [
            (
                r#"{"Records":[{"messageId":"1","body":"{}"},{"messageId":"2","body":"x"}]}"#,
                Some(vec!["1", "2"]),
                false,
            ),
            (fifo, Some(vec!["1"]), true),
            (r#"{"Records":[]}"#, Some(vec![]), false),
            (r#"{"Records":[{"body":"{}"}]}"#, None, false),
            (r#"{"Records":[],"detail":{}}"#, None, false),
            (r#"{"Records":{}}"#, None, false),
            (r#"{"id":"1"}"#, None, false),
            ("[]", None, false),
        ] {
            let read = batch(payload);
            assert_eq!(read.as_ref().is_some_and(|it| it.ordered), ordered, "{payload}");
            let read = read.map(|it| it.records.into_iter().map(|record| record.id).collect::<Vec<_>>());
            assert_eq!(read, ids.map(|ids| ids.into_iter().map(str::to_owned).collect()), "{payload}");
        }
    }

    #[test]
    fn the_answer_names_what_failed() {
        let answer = batch_answer(&["a".to_owned()]);
        assert_eq!(reeve_json::canonical(&answer), r#"{"batchItemFailures":[{"itemIdentifier":"a"}]}"#);
        assert_eq!(reeve_json::canonical(&batch_answer(&[])), r#"{"batchItemFailures":[]}"#);
    }
}
