//! Requests on the bus of a gate, with a result for each.

use crate::bucket::Service;
use crate::client::Aws;
use crate::entries::{TRIES_MAX, batches, bytes, may_pass};
use crate::execute::{Pace, read};
use crate::failure::Failure;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use reeve_model::FailureClass;

/// Most bytes of all entries of one PutEvents, and so of one request: less than 1 MB (EventBridge API reference,
/// PutEvents), read as the smaller of the two that MB may mean.
pub const REQUEST_BYTES_MAX: usize = 999_999;

/// One request as an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestEvent {
    /// Its `detail-type`.
    pub kind: String,
    /// Its `detail`: the text of a JSON object.
    pub detail: String,
}

/// A bus that a gate takes requests from.
#[derive(Debug)]
pub struct GateBus {
    aws: Aws,
    bus: String,
    source: String,
    pace: Pace,
}

impl GateBus {
    /// Requests of `source` on `bus`, an ARN in the Region of the clients, or a name in their account.
    #[must_use]
    pub fn new(aws: Aws, bus: &str, source: &str) -> Self {
        Self { aws, bus: bus.to_owned(), source: source.to_owned(), pace: Pace::default() }
    }

    /// Puts requests on the bus, together as far as one call takes them. For each, in their order, the id of its event,
    /// or why EventBridge has not taken it. After a failure that is transient it may have arrived all the same.
    pub fn put(&self, requests: &[RequestEvent]) -> Vec<Result<String, Failure>> {
        let mut results: Vec<Option<Result<String, Failure>>> = vec![None; requests.len()];
        let mut entries = Vec::new();
        for (at, request) in requests.iter().enumerate() {
            let entry = self.entry(request);
            let size = bytes(&entry);
            if size > REQUEST_BYTES_MAX {
                let message = format!("the request has {size} bytes, more than the {REQUEST_BYTES_MAX} of an event");
                settle(&mut results, at, Err(Failure { class: FailureClass::Invalid, code: None, message }));
            } else {
                entries.push((at, entry));
            }
        }
        for batch in batches(entries, REQUEST_BYTES_MAX, |(_, entry)| bytes(entry)) {
            self.put_batch(batch, &mut results);
        }
        // Every entry was settled; a hole would be a request whose fate nobody knows.
        let unknown = || Err(Failure::garbled("PutEvents", "result for every entry"));
        results.into_iter().map(|result| result.unwrap_or_else(unknown)).collect()
    }

    fn entry(&self, request: &RequestEvent) -> PutEventsRequestEntry {
        let entry = PutEventsRequestEntry::builder().source(&self.source).detail_type(&request.kind);
        entry.detail(&request.detail).event_bus_name(&self.bus).build()
    }

    /// Puts the entries of one call until each is taken, refused, or was tried often enough.
    fn put_batch(&self, mut batch: Vec<Entry>, results: &mut [Option<Result<String, Failure>>]) {
        for round in 1..=TRIES_MAX {
            let last = round == TRIES_MAX;
            let mut again = Vec::new();
            match self.call(&batch) {
                Ok(answers) => {
                    for ((at, entry), answer) in batch.into_iter().zip(answers) {
                        match answer {
                            Err(failure) if failure.is_transient() && !last => again.push((at, entry)),
                            answer => settle(results, at, answer),
                        }
                    }
                }
                Err(failure) if failure.is_transient() && !last => again = batch,
                Err(failure) => batch.iter().for_each(|(at, _)| settle(results, *at, Err(failure.clone()))),
            }
            if again.is_empty() {
                return;
            }
            batch = again;
            let wait = self.pace.wait(round);
            self.aws.run(async { tokio::time::sleep(wait).await });
        }
    }

    /// One call: a result for each entry.
    fn call(&self, batch: &[Entry]) -> Result<Vec<Result<String, Failure>>, Failure> {
        let entries: Vec<_> = batch.iter().map(|(_, entry)| entry.clone()).collect();
        let client = self.aws.eventbridge();
        let answer = self.aws.run(async {
            self.aws.spend(Service::EventBridge, "PutEvents").await;
            client.put_events().set_entries(Some(entries)).send().await
        });
        let answer = answer.map_err(|error| read(&error))?;
        if answer.entries().len() != batch.len() {
            return Err(Failure::garbled("PutEvents", "result for every entry"));
        }
        Ok(answer.entries().iter().map(taken).collect())
    }
}

/// An entry, and the place of its request.
type Entry = (usize, PutEventsRequestEntry);

fn settle(results: &mut [Option<Result<String, Failure>>], at: usize, result: Result<String, Failure>) {
    if let Some(place) = results.get_mut(at) {
        *place = Some(result);
    }
}

/// What became of an entry, although the call as a whole is a success of HTTP.
fn taken(result: &PutEventsResultEntry) -> Result<String, Failure> {
    match (result.event_id(), result.error_code()) {
        (Some(id), None) => Ok(id.to_owned()),
        (_, Some(code)) => {
            let class = if may_pass(code) {
                FailureClass::Transient
            } else if code.starts_with("AccessDenied") || code.starts_with("NotAuthorized") {
                FailureClass::AccessDenied
            } else {
                FailureClass::Invalid
            };
            let message = result.error_message().unwrap_or("EventBridge does not say why").to_owned();
            Err(Failure { class, code: Some(code.to_owned()), message })
        }
        (None, None) => Err(Failure::garbled("PutEvents", "id or error of an entry")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::testing::{Play, Script, error, ok};
    use std::time::Duration;

    const BUS: &str = "arn:aws:events:ap-southeast-2:111122223333:event-bus/infra";

    fn bus(script: &Script) -> GateBus {
        let pace = Pace { poll: Duration::from_millis(1), settle: Duration::ZERO };
        GateBus { pace, ..GateBus::new(script.aws.clone(), BUS, "app.infra") }
    }

    fn requests(lengths: impl IntoIterator<Item = usize>) -> Vec<RequestEvent> {
        let request = |length| RequestEvent { kind: "K".to_owned(), detail: "x".repeat(length) };
        lengths.into_iter().map(request).collect()
    }

    fn ids(from: usize, count: usize) -> Play {
        let entries: Vec<String> = (from..from + count).map(|id| format!(r#"{{"EventId":"{id}"}}"#)).collect();
        ok(format!(r#"{{"FailedEntryCount":0,"Entries":[{}]}}"#, entries.join(",")))
    }

    /// Ids and codes, in the order of the requests.
    fn told(results: &[Result<String, Failure>]) -> Vec<String> {
        let one = |result: &Result<String, Failure>| match result {
            Ok(id) => id.clone(),
            Err(failure) => format!("{}: {failure}", failure.class.as_str()),
        };
        results.iter().map(one).collect()
    }

    #[test]
    fn calls_are_as_large_as_they_may_be() {
        let head = "app.infra".len() + "K".len();
        let half = REQUEST_BYTES_MAX / 2 - head;
        for (label, lengths, calls) in [
            ("ten", vec![1; 10], vec![10]),
            ("eleven", vec![1; 11], vec![10, 1]),
            ("two that fill a call", vec![half, half + 1], vec![2]),
            ("a byte more", vec![half + 1, half + 1], vec![1, 1]),
            ("as large as one may be", vec![REQUEST_BYTES_MAX - head, 1], vec![1, 1]),
        ] {
            let mut from = 0;
            let plays = calls.iter().map(|&count| {
                from += count;
                ("PutEvents", ids(from - count, count))
            });
            let script = Script::new(plays.collect::<Vec<_>>());
            let results = bus(&script).put(&requests(lengths));
            let expected: Vec<String> = (0..calls.iter().sum()).map(|id: usize| id.to_string()).collect();
            assert_eq!(told(&results), expected, "{label}");
            script.finish();
        }
    }

    #[test]
    fn what_no_call_takes_is_not_sent_and_holds_nobody_up() {
        let head = "app.infra".len() + "K".len();
        let script = Script::new([("PutEvents", ids(0, 2))]);
        let results = bus(&script).put(&requests([1, REQUEST_BYTES_MAX - head + 1, 1]));
        let told = told(&results);
        assert_eq!((told[0].as_str(), told[2].as_str()), ("0", "1"));
        assert!(told[1].starts_with("invalid: the request has 1000000 bytes"), "{told:?}");
        script.finish();
    }

    #[test]
    fn only_what_was_turned_away_is_put_again() {
        let first = r#"{"FailedEntryCount":2,"Entries":[{"EventId":"a"},{"ErrorCode":"ThrottlingException"},
            {"ErrorCode":"AccessDeniedException","ErrorMessage":"no"}]}"#;
        let script = Script::new([("PutEvents", ok(first)), ("PutEvents", Play::Close), ("PutEvents", ids(7, 1))]);
        let mut asked = requests([1, 2, 3]);
        asked[1].detail = r#"{"n":2}"#.to_owned();
        assert_eq!(told(&bus(&script).put(&asked)), ["a", "7", "access_denied: AccessDeniedException: no"]);
        let seen = script.finish();
        for part in [r#""DetailType":"K""#, r#""Source":"app.infra""#, &format!(r#""EventBusName":"{BUS}""#)] {
            assert!(seen[0].body.contains(part), "{part} is not in {}", seen[0].body);
        }
        let last = &seen[2].body;
        assert!(last.contains(r#"\"n\":2"#) && last.matches("DetailType").count() == 1, "{last}");
    }

    #[test]
    fn what_is_not_taken_at_last_is_told() {
        let throttled = r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"ThrottlingException"}]}"#;
        for (plays, expected) in [
            (vec![ok(throttled); 5], "transient: ThrottlingException: EventBridge does not say why"),
            (vec![ok("{}"); 5], "transient: the answer to PutEvents has no result for every entry"),
            (vec![error("AccessDeniedException")], "access_denied: AccessDeniedException: AccessDeniedException it is"),
        ] {
            let script = Script::new(plays.into_iter().map(|play| ("PutEvents", play)));
            assert_eq!(told(&bus(&script).put(&requests([1]))), [expected]);
            script.finish();
        }
    }
}
