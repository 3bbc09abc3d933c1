//! Requests by EventBridge, replies by SQS.

use super::work::{NotSent, Post};
use reeve_aws::asking::{GateBus, ReplyMessage, ReplyQueue, RequestEvent};
use reeve_plan::PlannedRequest;
use std::collections::BTreeMap;
use tokio::sync::watch::Receiver;

/// The buses of the gates, and the queue that their replies come to.
#[derive(Debug)]
pub struct AwsPost {
    /// The bus of each gate, by the gate's name.
    pub buses: BTreeMap<String, GateBus>,
    /// The queue of replies.
    pub queue: ReplyQueue,
    /// Becomes true when the run is to stop.
    pub stopped: Receiver<bool>,
}

impl Post for AwsPost {
    fn send(&mut self, gate: &str, requests: &[PlannedRequest]) -> Vec<Result<(), NotSent>> {
        let Some(bus) = self.buses.get(gate) else {
            let why = format!("no bus of gate `{}` is known", gate.escape_debug());
            return requests.iter().map(|_| Err(NotSent { why: why.clone(), maybe: false })).collect();
        };
        let event = |request: &PlannedRequest| RequestEvent {
            kind: request.kind.clone(),
            detail: reeve_json::canonical(&request.detail),
        };
        let events: Vec<RequestEvent> = requests.iter().map(event).collect();
        let not_sent = |failure: reeve_aws::Failure| NotSent {
            why: format!("failed to put the request on the bus: {failure}"),
            maybe: failure.is_transient(),
        };
        bus.put(&events).into_iter().map(|result| result.map(|_| ()).map_err(not_sent)).collect()
    }

    fn receive(&mut self, seconds: u32) -> Result<Vec<ReplyMessage>, reeve_aws::Failure> {
        let mut stopped = self.stopped.clone();
        self.queue.receive(seconds, async move {
            // Without a sender nobody can stop the run any more: the receive ends by itself.
            if stopped.wait_for(|stopped| *stopped).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }

    fn delete(&mut self, messages: &[ReplyMessage]) -> Result<(), reeve_aws::Failure> {
        self.queue.delete(messages)
    }

    fn give_back(&mut self, messages: &[ReplyMessage]) -> Result<(), reeve_aws::Failure> {
        self.queue.give_back(messages)
    }
}
