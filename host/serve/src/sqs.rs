//! Events from a queue: long polls, a heartbeat while a message is in hand, and each message judged by itself.
//!
//! A message that is answered is deleted, whatever the answer. One that has to come again is given back with a delay
//! that grows with its receive count; the queue's redrive policy decides when it has come often enough.

use crate::{Desk, Source};
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName};
use reeve_aws::client::Aws;
use reeve_engine::{Delivery, Handled};
use reeve_model::Timestamp;
use std::time::Duration;
use tokio::sync::mpsc;
use tracing::{debug, warn};

/// Seconds of one long poll: the longest that SQS offers.
const POLL_SECONDS: i32 = 20;
/// Most messages of one receive or delete: the most that SQS offers.
const BATCH_MAX: usize = 10;
/// Longest delay of a message that is given back, seconds.
const DELAY_SECONDS_MAX: i64 = 300;
/// Wait after a failed receive, seconds; doubled up to a minute.
const RECEIVE_RETRY_SECONDS: u64 = 1;
/// Longest wait before a delete is sent although it is not full.
const DELETE_LINGER: Duration = Duration::from_millis(20);

/// A queue.
#[derive(Debug, Clone)]
pub struct SqsSource {
    /// Clients.
    pub aws: Aws,
    /// URL of the queue.
    pub queue: String,
    /// Whether start-up has found that only the declared rules can send to it.
    pub verified: bool,
    /// Most messages of one receive.
    pub batch: u32,
    /// For how long a received message is hidden from others, seconds; renewed while it is in hand.
    pub visibility_seconds: u32,
}

impl SqsSource {
    fn batch(&self) -> usize {
        // Within one receive, messages of a group would be handled side by side.
        if self.queue.ends_with(".fifo") {
            return 1;
        }
        usize::try_from(self.batch).unwrap_or(1).clamp(1, BATCH_MAX)
    }

    fn visibility(&self) -> i32 {
        i32::try_from(self.visibility_seconds).unwrap_or(i32::MAX)
    }
}

impl SqsSource {
    /// Receives until the desk drains.
    pub async fn run(self, desk: Desk) {
        let (done, deletes) = mpsc::channel(1_024);
        let deleter = tokio::spawn(delete_all(self.clone(), deletes));
        let mut wait = RECEIVE_RETRY_SECONDS;
        while !desk.draining() {
            // A seat first: what cannot be handled is left to others.
            let Some(seat) = desk.seat().await else { break };
            if desk.draining() {
                break;
            }
            let mut seats = vec![seat];
            while seats.len() < self.batch() {
                match desk.seat_now() {
                    Some(seat) => seats.push(seat),
                    None => break,
                }
            }
            let received = tokio::select! {
                received = self.receive(seats.len()) => received,
                () = drained(&desk) => break,
            };
            match received {
                Ok(messages) => {
                    wait = RECEIVE_RETRY_SECONDS;
                    for message in messages {
                        let Some(seat) = seats.pop() else { break };
                        let (source, desk, done) = (self.clone(), desk.clone(), done.clone());
                        tokio::spawn(async move { source.one(message, &desk, seat, &done).await });
                    }
                }
                Err(why) => {
                    desk.metrics().receive_error();
                    warn!(queue = self.queue, why, wait_seconds = wait, "cannot receive");
                    drop(seats);
                    tokio::time::sleep(Duration::from_secs(wait)).await;
                    wait = (wait * 2).min(60);
                }
            }
        }
        drop(done);
        // The deleter ends when the last message in hand has ended.
        let _ = deleter.await;
    }

    async fn receive(&self, most: usize) -> Result<Vec<Message>, String> {
        let received = self
            .aws
            .sqs()
            .receive_message()
            .queue_url(&self.queue)
            .max_number_of_messages(i32::try_from(most).unwrap_or(1))
            .wait_time_seconds(POLL_SECONDS)
            .visibility_timeout(self.visibility())
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_attribute_names("ContentType")
            .send()
            .await;
        match received {
            Ok(answer) => Ok(answer.messages.unwrap_or_default()),
            Err(error) => Err(reeve_aws::failure::failure(&error).message),
        }
    }

    async fn one(
        &self,
        message: Message,
        desk: &Desk,
        seat: tokio::sync::OwnedSemaphorePermit,
        done: &mpsc::Sender<String>,
    ) {
        let Some(handle) = message.receipt_handle().map(str::to_owned) else { return };
        let received = message.attributes().and_then(|it| it.get(&MessageSystemAttributeName::ApproximateReceiveCount));
        let received: i64 = received.and_then(|count| count.parse().ok()).unwrap_or(1);
        let content_type =
            message.message_attributes().and_then(|it| it.get("ContentType")?.string_value()).map(str::to_owned);
        let delivery = Delivery {
            body: message.body.unwrap_or_default().into_bytes(),
            origin: format!("sqs:{}", message.message_id.as_deref().unwrap_or("?")),
            verified: self.verified,
            content_type,
        };
        let work = desk.handle(delivery, Source::Sqs, seat);
        tokio::pin!(work);
        let period = Duration::from_secs(u64::from(self.visibility_seconds).div_ceil(3));
        let handled = loop {
            tokio::select! {
                handled = &mut work => break handled,
                () = tokio::time::sleep(period) => self.hide(&handle, i64::from(self.visibility_seconds)).await,
            }
        };
        match handled {
            Handled::Done(_) => {
                // If nobody deletes any more, the message comes again and gets its stored answer.
                let _ = done.send(handle).await;
            }
            Handled::Again { not_before, .. } => self.hide(&handle, delay(received, not_before)).await,
        }
    }

    /// Sets for how long a message stays hidden. When this fails it shows up earlier or later, and is handled then.
    async fn hide(&self, handle: &str, seconds: i64) {
        let seconds = i32::try_from(seconds).unwrap_or(i32::MAX);
        let request = self.aws.sqs().change_message_visibility().queue_url(&self.queue).receipt_handle(handle);
        if let Err(error) = request.visibility_timeout(seconds).send().await {
            debug!(queue = self.queue, why = reeve_aws::failure::failure(&error).message, "cannot hide a message");
        }
    }

    async fn delete(&self, handles: &[String]) {
        let entry = |(id, handle): (usize, &String)| {
            DeleteMessageBatchRequestEntry::builder().id(id.to_string()).receipt_handle(handle).build().ok()
        };
        let entries: Vec<_> = handles.iter().enumerate().filter_map(entry).collect();
        let request = self.aws.sqs().delete_message_batch().queue_url(&self.queue).set_entries(Some(entries));
        match request.send().await {
            Ok(answer) if answer.failed().is_empty() => {}
            Ok(answer) => warn!(queue = self.queue, count = answer.failed().len(), "messages were not deleted"),
            Err(error) => {
                warn!(queue = self.queue, why = reeve_aws::failure::failure(&error).message, "cannot delete messages");
            }
        }
    }
}

async fn delete_all(source: SqsSource, mut handles: mpsc::Receiver<String>) {
    while let Some(first) = handles.recv().await {
        let mut batch = vec![first];
        let until = tokio::time::Instant::now() + DELETE_LINGER;
        while batch.len() < BATCH_MAX {
            match tokio::time::timeout_at(until, handles.recv()).await {
                Ok(Some(handle)) => batch.push(handle),
                Ok(None) | Err(_) => break,
            }
        }
        source.delete(&batch).await;
    }
}

async fn drained(desk: &Desk) {
    while !desk.draining() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Seconds until a message is worth trying again: when somebody else's claim on it runs out, and otherwise the longer
/// the more often it came.
fn delay(received: i64, not_before: Option<Timestamp>) -> i64 {
    if let Some(moment) = not_before {
        let seconds = moment.as_second() - Timestamp::now().as_second() + 1;
        return seconds.clamp(1, DELAY_SECONDS_MAX);
    }
    let doublings = u32::try_from(received.clamp(1, 9) - 1).unwrap_or(0);
    (1_i64 << doublings).min(DELAY_SECONDS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_waits_longer_the_more_often_it_came() {
        let seconds: Vec<i64> = [0, 1, 2, 3, 9, 10, i64::MAX].map(|received| delay(received, None)).to_vec();
        assert_eq!(seconds, [1, 1, 2, 4, 256, 256, 256]);
        let past = Timestamp::UNIX_EPOCH;
        assert_eq!(delay(5, Some(past)), 1);
        assert_eq!(delay(1, Some(Timestamp::MAX)), DELAY_SECONDS_MAX);
    }
}
