//! The queue that a rule fills with replies. It may be shared: by two runs at once, and with replies that a run before
//! has not waited for. So a message is only deleted once its reader says that it was its own.

use crate::bucket::Service;
use crate::client::Aws;
use crate::execute::read;
use crate::failure::Failure;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    MessageSystemAttributeName,
};
use reeve_model::FailureClass;

/// Longest wait of one receive, seconds: the longest that SQS offers.
const POLL_SECONDS_MAX: u32 = 20;
/// Most messages of one receive, delete or change: the most that SQS offers.
const BATCH_MAX: usize = 10;
/// For how long a received message is hidden from others, seconds. It is looked at at once, and deleted or given back;
/// this is how long others wait when a reader dies in between.
const HIDDEN_SECONDS: i32 = 20;
/// Longest time for which a message that is given back stays hidden, seconds.
const AWAY_SECONDS_MAX: i32 = 16;

/// One message of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyMessage {
    /// What was sent.
    pub body: String,
    /// What it is deleted and given back by.
    pub handle: String,
    /// How often it was received, this time included.
    pub received: u32,
}

impl ReplyMessage {
    /// For how long it stays hidden when it is given back, seconds: one, so that whoever waits for it gets it soon, and
    /// longer the more often it was looked at in vain, so that what nobody waits for does not fill every receive.
    fn away_seconds(&self) -> i32 {
        let doublings = self.received.saturating_sub(2).min(31);
        1_i32
            .checked_shl(doublings)
            .filter(|seconds| *seconds > 0)
            .map_or(AWAY_SECONDS_MAX, |it| it.min(AWAY_SECONDS_MAX))
    }
}

/// A queue of replies.
#[derive(Debug, Clone)]
pub struct ReplyQueue {
    aws: Aws,
    url: String,
}

impl ReplyQueue {
    /// The queue of this URL, read with these clients.
    #[must_use]
    pub fn new(aws: Aws, url: &str) -> Self {
        Self { aws, url: url.to_owned() }
    }

    /// Receives up to ten messages; waits up to `seconds` (at most 20) for the first, or until `stopped` ends.
    ///
    /// # Errors
    /// What SQS says.
    pub fn receive(&self, seconds: u32, stopped: impl Future<Output = ()>) -> Result<Vec<ReplyMessage>, Failure> {
        let client = self.aws.sqs();
        let wait = i32::try_from(seconds.min(POLL_SECONDS_MAX)).unwrap_or_default();
        let most = i32::try_from(BATCH_MAX).unwrap_or(1);
        let received = self.aws.run(async {
            self.aws.spend(Service::Sqs, "ReceiveMessage").await;
            let call = client.receive_message().queue_url(&self.url).max_number_of_messages(most);
            let call = call.wait_time_seconds(wait).visibility_timeout(HIDDEN_SECONDS);
            let count = MessageSystemAttributeName::ApproximateReceiveCount;
            tokio::select! {
                biased;
                () = stopped => None,
                received = call.message_system_attribute_names(count).send() => Some(received),
            }
        });
        match received {
            None => Ok(Vec::new()),
            Some(Ok(answer)) => Ok(answer.messages.unwrap_or_default().into_iter().filter_map(message).collect()),
            Some(Err(error)) => Err(read(&error)),
        }
    }

    /// Deletes messages.
    ///
    /// # Errors
    /// What SQS says; of several failures the first. A message that was not deleted comes again.
    pub fn delete(&self, messages: &[ReplyMessage]) -> Result<(), Failure> {
        let client = self.aws.sqs();
        let mut first = Ok(());
        for batch in messages.chunks(BATCH_MAX) {
            let entry = |(id, message): (usize, &ReplyMessage)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(id.to_string());
                entry.receipt_handle(&message.handle).build().ok()
            };
            let entries: Vec<_> = batch.iter().enumerate().filter_map(entry).collect();
            let call = client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries));
            let answer = self.aws.run(async {
                self.aws.spend(Service::Sqs, "DeleteMessageBatch").await;
                call.send().await
            });
            let answer = answer.map_err(|error| read(&error));
            first = first.and(answer.and_then(|answer| whole(answer.failed())));
        }
        first
    }

    /// Gives messages back: they show up again, for this reader and for others, after a second or more.
    ///
    /// # Errors
    /// What SQS says; of several failures the first. A message that was not given back shows up when it would have if its
    /// reader had died.
    pub fn give_back(&self, messages: &[ReplyMessage]) -> Result<(), Failure> {
        let client = self.aws.sqs();
        let mut first = Ok(());
        for batch in messages.chunks(BATCH_MAX) {
            let entry = |(id, message): (usize, &ReplyMessage)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(id.to_string());
                entry.receipt_handle(&message.handle).visibility_timeout(message.away_seconds()).build().ok()
            };
            let entries: Vec<_> = batch.iter().enumerate().filter_map(entry).collect();
            let call = client.change_message_visibility_batch().queue_url(&self.url).set_entries(Some(entries));
            let answer = self.aws.run(async {
                self.aws.spend(Service::Sqs, "ChangeMessageVisibilityBatch").await;
                call.send().await
            });
            let answer = answer.map_err(|error| read(&error));
            first = first.and(answer.and_then(|answer| whole(answer.failed())));
        }
        first
    }
}

fn message(message: Message) -> Option<ReplyMessage> {
    let received = message.attributes().and_then(|it| it.get(&MessageSystemAttributeName::ApproximateReceiveCount));
    let received = received.and_then(|count| count.parse().ok()).unwrap_or(1);
    Some(ReplyMessage { handle: message.receipt_handle?, body: message.body.unwrap_or_default(), received })
}

/// Whether a batch was taken as a whole; the call is a success of HTTP either way.
fn whole(failed: &[BatchResultErrorEntry]) -> Result<(), Failure> {
    let Some(entry) = failed.first() else { return Ok(()) };
    let class = if entry.sender_fault() { FailureClass::Invalid } else { FailureClass::Transient };
    let message = entry.message().unwrap_or("SQS does not say why").to_owned();
    Err(Failure { class, code: Some(entry.code().to_owned()), message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::testing::{Play, Script, error, ok};
    use std::future::{pending, ready};

    const URL: &str = "https://sqs.ap-southeast-2.amazonaws.com/444455556666/replies";

    fn reply(handle: &str, received: u32) -> ReplyMessage {
        ReplyMessage { body: "{}".to_owned(), handle: handle.to_owned(), received }
    }

    #[test]
    fn a_message_that_is_not_ours_is_away_for_longer_the_more_often_it_came() {
        let seconds = [0, 1, 2, 3, 4, 5, 6, 7, 40, u32::MAX].map(|received| reply("h", received).away_seconds());
        assert_eq!(seconds, [1, 1, 1, 2, 4, 8, 16, 16, 16, 16]);
    }

    #[test]
    fn messages_are_received_deleted_and_given_back() {
        let two = r#"{"Messages":[{"MessageId":"1","ReceiptHandle":"h1","Body":"{}","Attributes":
            {"ApproximateReceiveCount":"3"}},{"MessageId":"2","ReceiptHandle":"h2","Body":"{}"}]}"#;
        let all = r#"{"Successful":[{"Id":"0"}],"Failed":[]}"#;
        let script = Script::new([
            ("ReceiveMessage", ok(two)),
            ("DeleteMessageBatch", ok(all)),
            ("ChangeMessageVisibilityBatch", ok(all)),
            ("ReceiveMessage", ok("{}")),
        ]);
        let queue = ReplyQueue::new(script.aws.clone(), URL);
        let received = queue.receive(30, pending()).expect("received");
        assert_eq!(received, [reply("h1", 3), reply("h2", 1)]);
        assert_eq!(queue.delete(&received[1..]), Ok(()));
        assert_eq!(queue.give_back(&received[..1]), Ok(()));
        assert_eq!(queue.receive(0, pending()), Ok(Vec::new()));
        // Nothing to say is not said.
        assert_eq!((queue.delete(&[]), queue.give_back(&[])), (Ok(()), Ok(())));
        let seen = script.finish();
        for (call, part) in [
            (0, r#""WaitTimeSeconds":20"#),
            (0, r#""VisibilityTimeout":20"#),
            (0, r#""MaxNumberOfMessages":10"#),
            (1, r#""ReceiptHandle":"h2""#),
            (2, r#""ReceiptHandle":"h1""#),
            (2, r#""VisibilityTimeout":2"#),
            (3, r#""WaitTimeSeconds":0"#),
        ] {
            assert!(seen[call].body.contains(part), "{part} is not in {}", seen[call].body);
        }
    }

    #[test]
    fn eleven_messages_are_two_calls_and_each_failure_is_told() {
        let some = r#"{"Successful":[],"Failed":[{"Id":"0","SenderFault":true,"Code":"ReceiptHandleIsInvalid"}]}"#;
        let script = Script::new([
            ("DeleteMessageBatch", ok(some)),
            ("DeleteMessageBatch", ok(r#"{"Successful":[],"Failed":[]}"#)),
            ("ReceiveMessage", error("AWS.SimpleQueueService.NonExistentQueue")),
            ("ReceiveMessage", Play::Close),
            ("ReceiveMessage", Play::Close),
        ]);
        let queue = ReplyQueue::new(script.aws.clone(), URL);
        let eleven: Vec<_> = (0..11).map(|at| reply(&format!("h{at}"), 1)).collect();
        let failure = queue.delete(&eleven).expect_err("one was not deleted");
        assert_eq!((failure.class, failure.code.as_deref()), (FailureClass::Invalid, Some("ReceiptHandleIsInvalid")));
        assert_eq!(queue.receive(1, pending()).expect_err("no queue").class, FailureClass::NotFound);
        assert_eq!(queue.receive(1, pending()).expect_err("no answer").class, FailureClass::Transient);
        script.finish();
    }

    #[test]
    fn a_receive_that_is_told_to_stop_before_it_begins_takes_nothing() {
        let script = Script::new([]);
        let queue = ReplyQueue::new(script.aws.clone(), URL);
        assert_eq!(queue.receive(20, ready(())), Ok(Vec::new()));
        assert_eq!(script.finish().len(), 0);
    }
}
