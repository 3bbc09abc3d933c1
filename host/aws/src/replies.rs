//! Replies as events on the gate's reply bus, from where a rule brings them to the asker's queue.

use crate::bucket::Service;
use crate::client::Aws;
use crate::entries::{TRIES_MAX, batches, bytes, may_pass};
use crate::execute::{Pace, read};
use crate::failure::Failure;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use reeve_engine::{KeepError, Replies};

/// Most bytes of all entries of one PutEvents: what EventBridge took until 2026, and every emulator and proxy takes.
const BATCH_BYTES_MAX: usize = 256 * 1_024;

/// Puts replies on a bus.
#[derive(Debug)]
pub struct EventReplies {
    aws: Aws,
    bus: String,
    source: String,
    pace: Pace,
}

impl EventReplies {
    /// Replies of the gate `gate` on `bus`, a name or an ARN.
    #[must_use]
    pub fn new(aws: Aws, gate: &str, bus: &str) -> Self {
        Self { aws, bus: bus.to_owned(), source: format!("reeve.{gate}"), pace: Pace::default() }
    }

    fn entry(&self, kind: &str, detail: &str) -> PutEventsRequestEntry {
        let entry = PutEventsRequestEntry::builder().source(&self.source).detail_type(format!("{kind}_REPLY"));
        entry.detail(detail).event_bus_name(&self.bus).build()
    }

    /// Puts some entries; the result is those that may be put again, and why they were not taken.
    fn put(&self, entries: Vec<PutEventsRequestEntry>) -> Result<Vec<(PutEventsRequestEntry, String)>, KeepError> {
        let client = self.aws.eventbridge();
        let answer = self.aws.run(async {
            self.aws.spend(Service::EventBridge, "PutEvents").await;
            client.put_events().set_entries(Some(entries.clone())).send().await
        });
        let answer = answer.map_err(|error| KeepError(format!("failed to put a reply: {}", read(&error))))?;
        if answer.entries().len() != entries.len() {
            return Err(KeepError(Failure::garbled("PutEvents", "result for every entry").message));
        }
        let mut again = Vec::new();
        for (entry, result) in entries.into_iter().zip(answer.entries()) {
            if let Some(why) = not_taken(result) {
                let passing = result.error_code().is_some_and(may_pass);
                if !passing {
                    return Err(KeepError(format!("EventBridge does not take a reply: {why}")));
                }
                again.push((entry, why));
            }
        }
        Ok(again)
    }
}

/// Why an entry was not taken, although the call as a whole is a success of HTTP.
fn not_taken(result: &PutEventsResultEntry) -> Option<String> {
    match (result.event_id(), result.error_code()) {
        (Some(_), None) => None,
        (_, Some(code)) => Some(format!("{code}: {}", result.error_message().unwrap_or_default())),
        (None, None) => Some("it has neither an id nor an error".to_owned()),
    }
}

impl Replies for EventReplies {
    fn send(&self, kind: &str, pages: &[String]) -> Result<(), KeepError> {
        let entries = pages.iter().map(|page| self.entry(kind, page));
        for mut batch in batches(entries, BATCH_BYTES_MAX, bytes) {
            for round in 1.. {
                let again = self.put(batch)?;
                let Some((_, why)) = again.first() else { break };
                if round >= TRIES_MAX {
                    return Err(KeepError(format!("EventBridge does not take a reply now: {why}")));
                }
                batch = again.into_iter().map(|(entry, _)| entry).collect();
                let wait = self.pace.wait(round);
                self.aws.run(async { tokio::time::sleep(wait).await });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::testing::{Play, Script, error, ok};
    use std::time::Duration;

    fn replies(script: &Script) -> EventReplies {
        let pace = Pace { poll: Duration::from_millis(1), settle: Duration::ZERO };
        EventReplies { pace, ..EventReplies::new(script.aws.clone(), "dns", "replies") }
    }

    fn taken(ids: usize) -> String {
        let entries: Vec<String> = (0..ids).map(|id| format!(r#"{{"EventId":"{id}"}}"#)).collect();
        format!(r#"{{"FailedEntryCount":0,"Entries":[{}]}}"#, entries.join(","))
    }

    #[test]
    fn batches_are_as_large_as_a_call_takes() {
        let script = Script::new([]);
        let replies = replies(&script);
        let head = "reeve.dns".len() + "DNS_RECORD_CHANGE_REPLY".len();
        for (label, pages, expected) in [
            ("ten", vec![1; 10], vec![10]),
            ("eleven", vec![1; 11], vec![10, 1]),
            ("two that fill a call", vec![BATCH_BYTES_MAX / 2 - head; 2], vec![2]),
            ("a byte more", vec![BATCH_BYTES_MAX / 2 - head, BATCH_BYTES_MAX / 2 - head + 1], vec![1, 1]),
        ] {
            let entries = pages.iter().map(|&length| replies.entry("DNS_RECORD_CHANGE", &"x".repeat(length)));
            let sizes: Vec<usize> = batches(entries, BATCH_BYTES_MAX, bytes).iter().map(Vec::len).collect();
            assert_eq!(sizes, expected, "{label}");
        }
        script.finish();
    }

    #[test]
    fn only_entries_that_were_not_taken_are_put_again() {
        let throttled = r#"{"FailedEntryCount":1,"Entries":[{"EventId":"1"},{"ErrorCode":"ThrottlingException"}]}"#;
        let script = Script::new([("PutEvents", ok(throttled)), ("PutEvents", ok(taken(1)))]);
        let pages = [r#"{"page":1}"#.to_owned(), r#"{"page":2}"#.to_owned()];
        assert_eq!(replies(&script).send("LIST_ACCOUNTS", &pages), Ok(()));
        let seen = script.finish();
        assert!(seen[0].body.contains(r#""DetailType":"LIST_ACCOUNTS_REPLY""#), "{}", seen[0].body);
        assert!(seen[0].body.contains(r#""Source":"reeve.dns""#), "{}", seen[0].body);
        assert!(seen[0].body.contains(r#""EventBusName":"replies""#), "{}", seen[0].body);
        assert!(!seen[1].body.contains(r#"\"page\":1"#) && seen[1].body.contains(r#"\"page\":2"#), "{}", seen[1].body);
    }

    #[test]
    fn a_reply_that_was_not_taken_is_an_error() {
        let refused = r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"MalformedDetail","ErrorMessage":"no"}]}"#;
        let throttled = r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"ThrottlingException"}]}"#;
        for (label, script) in [
            ("refused for good", vec![("PutEvents", ok(refused))]),
            ("no result", vec![("PutEvents", ok("{}"))]),
            ("denied", vec![("PutEvents", error("AccessDeniedException"))]),
            ("throttled for long", vec![("PutEvents", ok(throttled)); 5]),
            ("resets", vec![("PutEvents", Play::Close), ("PutEvents", Play::Close)]),
        ] {
            let script = Script::new(script);
            assert!(replies(&script).send("LIST_ACCOUNTS", &["{}".to_owned()]).is_err(), "{label}");
            script.finish();
        }
    }
}
