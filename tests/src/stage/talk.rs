//! What goes to a gate and what comes back: requests, envelopes, answers, and the queues they lie in.

use super::{ANSWER_SECONDS, BUS, Gate, SOURCE, Stage};
use crate::emulator::REGION;
use serde_json::{Value, json};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

impl Stage<'_> {
    /// Sends a request as `account` (its name) to the bus of the gate of its kind. The id of the event.
    ///
    /// # Panics
    /// When EventBridge does not take it.
    pub fn ask(&self, account: &str, detail_type: &str, detail: &Value) -> String {
        self.put_event(account, detail_type, detail).unwrap_or_else(|error| panic!("{detail_type}: {error}"))
    }

    /// The same; the entry's error when EventBridge does not take it.
    ///
    /// # Errors
    /// The entry of the result.
    pub fn put_event(&self, account: &str, detail_type: &str, detail: &Value) -> Result<String, Value> {
        let bus = format!("arn:aws:events:{REGION}:{}:event-bus/{BUS}", self.account_of(Gate::of(detail_type)));
        let entry = json!({
            "Source": SOURCE, "DetailType": detail_type, "Detail": detail.to_string(), "EventBusName": bus,
        });
        let told =
            self.emulator.aws(self.id(account), "events", "AWSEvents.PutEvents", &json!({"Entries": [entry]}))?;
        let result = &told["Entries"][0];
        result["EventId"].as_str().map(str::to_owned).ok_or_else(|| result.clone())
    }

    /// Asks with a new nonce and waits for the answer.
    ///
    /// # Panics
    /// When none comes.
    pub fn answer(&self, account: &str, detail_type: &str, detail: &Value) -> Value {
        let nonce = self.nonce();
        let mut detail = detail.clone();
        detail["nonce"] = json!(nonce);
        self.ask(account, detail_type, &detail);
        self.wait_for(account, &nonce)
    }

    /// Lets AWS tell of an instance of `account`: on the account's own default bus, from where its rule sends it on to
    /// the management account's bus. `event` is `Launch` or `Terminate`. The nonce of the request.
    pub fn auto_scaling(&self, account: &str, event: &str, instance: &str, group: &str) -> String {
        let nonce = self.nonce();
        let place = format!("arn:aws:ec2:{REGION}:{}:instance/{instance}", self.id(account));
        let envelope = json!({
            "source": "aws.autoscaling", "detail-type": format!("EC2 Instance {event} Successful"),
            "resources": [place],
            "detail": {
                "StatusCode": "InProgress", "AutoScalingGroupName": group, "ActivityId": nonce, "RequestId": nonce,
                "EC2InstanceId": instance, "Description": format!("{event}ing a new EC2 instance: {instance}"),
                "Details": {"Availability Zone": "us-east-1b", "Subnet ID": "subnet-0c1d2e3f4a5b6c7d8"},
                "StatusMessage": "", "Origin": "EC2", "Destination": "AutoScalingGroup",
                "StartTime": "2026-11-21T11:51:10.000Z", "EndTime": "2026-11-21T11:51:42.000Z",
                "Cause": "At 2026-11-21T11:51:05Z a user request update of AutoScalingGroup constraints",
            },
        });
        let body = json!({"account": self.id(account), "region": REGION, "event": envelope});
        let _ = self.emulator.control("POST", "/_reeve/event", &body);
        nonce
    }

    /// Every answer that has come for `account` so far, as the envelopes that its queue held, in their order.
    ///
    /// # Panics
    /// When the queue cannot be read.
    pub fn replies(&self, account: &str) -> Vec<Value> {
        self.drain(account, 0);
        self.seen(account)
    }

    /// The first answer (its envelope) with this nonce, once it has come. An answer of several pages: the first page.
    ///
    /// # Panics
    /// When none comes.
    pub fn wait_for(&self, account: &str, nonce: &str) -> Value {
        self.wait_for_more(account, nonce, 1).swap_remove(0)
    }

    /// The answers with this nonce, once there are `count`.
    ///
    /// # Panics
    /// When fewer come.
    pub fn wait_for_more(&self, account: &str, nonce: &str, count: usize) -> Vec<Value> {
        let end = Instant::now() + Duration::from_secs(ANSWER_SECONDS);
        loop {
            self.drain(account, 0);
            let found = self.answers(account, nonce);
            if found.len() >= count {
                return found;
            }
            assert!(Instant::now() < end, "{} of {count} answers for {nonce} of {account}", found.len());
            self.drain(account, 1);
        }
    }

    /// The answers with this nonce that have been read so far.
    #[must_use]
    pub fn answers(&self, account: &str, nonce: &str) -> Vec<Value> {
        self.seen(account).into_iter().filter(|reply| reply["detail"]["nonce"] == nonce).collect()
    }

    fn seen(&self, account: &str) -> Vec<Value> {
        let replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        replies.get(account).cloned().unwrap_or_default()
    }

    /// Takes everything from the queue of an account's answers; when it is empty, waits up to `seconds` for the first.
    fn drain(&self, account: &str, seconds: u32) {
        let url = self.queue_url(self.id(account), "reeve-replies");
        let mut wait = seconds;
        loop {
            let messages = self.receive(self.id(account), &url, wait);
            wait = 0;
            if messages.is_empty() {
                return;
            }
            let bodies = messages.iter().map(|text| serde_json::from_str::<Value>(text).expect("a reply is JSON"));
            let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
            replies.entry(account.to_owned()).or_default().extend(bodies);
        }
    }

    /// Receives and deletes up to ten messages of a queue.
    fn receive(&self, account: &str, url: &str, seconds: u32) -> Vec<String> {
        let request = json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": seconds});
        let told = self.emulator.aws(account, "sqs", "AmazonSQS.ReceiveMessage", &request).expect("received");
        let messages = told["Messages"].as_array().cloned().unwrap_or_default();
        for message in &messages {
            let request = json!({"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]});
            self.emulator.aws(account, "sqs", "AmazonSQS.DeleteMessage", &request).expect("deleted");
        }
        messages.iter().map(|message| message["Body"].as_str().expect("a body").to_owned()).collect()
    }

    /// The URL of a queue as the emulator tells it.
    #[must_use]
    pub fn queue_url(&self, account: &str, name: &str) -> String {
        format!("{}/{account}/{name}", self.emulator.url())
    }

    /// The name of a gate's queue.
    #[must_use]
    pub fn intake(&self, gate: Gate) -> String {
        let ending = if self.options.queue_fifo { ".fifo" } else { "" };
        format!("reeve-{}{ending}", gate.name())
    }

    /// The URL of a gate's queue.
    #[must_use]
    pub fn intake_url(&self, gate: Gate) -> String {
        self.queue_url(self.account_of(gate), &self.intake(gate))
    }

    /// ARNs of the rules that a gate's source trusts.
    #[must_use]
    pub fn rules(&self, gate: Gate) -> Vec<String> {
        let account = self.account_of(gate);
        let rule = |name: &str| format!("arn:aws:events:{REGION}:{account}:rule/{BUS}/{name}");
        match gate {
            Gate::Dns => vec![rule("reeve-dns")],
            Gate::Management => vec![rule("reeve-management"), rule("reeve-hosts")],
        }
    }

    /// The envelope that EventBridge would make of a request of `account` for a gate.
    #[must_use]
    pub fn envelope(&self, account: &str, detail_type: &str, detail: &Value) -> Value {
        let number = self.nonces.fetch_add(1, Ordering::SeqCst);
        json!({
            "version": "0", "id": format!("f0c368fc-e323-469d-a52f-{number:012x}"), "detail-type": detail_type,
            "source": SOURCE, "account": self.id(account), "time": now(), "region": REGION, "resources": [],
            "detail": detail,
        })
    }

    /// Puts a body into a gate's queue by a plain SendMessage of the gate's own account, as its rule would.
    ///
    /// # Panics
    /// When SQS refuses.
    pub fn send(&self, gate: Gate, body: &str) -> String {
        let mut request = json!({"QueueUrl": self.intake_url(gate), "MessageBody": body});
        if self.options.queue_fifo {
            request["MessageGroupId"] = json!("infra");
        }
        let told = self.emulator.aws(self.account_of(gate), "sqs", "AmazonSQS.SendMessage", &request);
        told.expect("sent")["MessageId"].as_str().expect("an id").to_owned()
    }

    /// How many messages a gate's queue holds: visible, and in somebody's hand.
    ///
    /// # Panics
    /// When SQS refuses.
    #[must_use]
    pub fn waiting(&self, gate: Gate) -> (u64, u64) {
        let request = json!({"QueueUrl": self.intake_url(gate), "AttributeNames": ["All"]});
        let told = self.emulator.aws(self.account_of(gate), "sqs", "AmazonSQS.GetQueueAttributes", &request);
        let told = told.expect("attributes");
        let number = |name: &str| told["Attributes"][name].as_str().and_then(|it| it.parse().ok()).expect("a number");
        (number("ApproximateNumberOfMessages"), number("ApproximateNumberOfMessagesNotVisible"))
    }

    /// Waits until a gate's queue holds nothing any more.
    ///
    /// # Panics
    /// When it does not come to that.
    pub fn wait_until_empty(&self, gate: Gate) {
        self.until("an empty queue", || self.waiting(gate) == (0, 0));
    }

    /// Waits until something holds, looking again and again.
    ///
    /// # Panics
    /// When it does not.
    pub fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(ANSWER_SECONDS);
        while !holds() {
            assert!(Instant::now() < end, "{what}: not within {ANSWER_SECONDS} seconds");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Bodies in a gate's dead-letter queue, which are taken out.
    #[must_use]
    pub fn dead(&self, gate: Gate) -> Vec<String> {
        let (account, ending) = (self.account_of(gate), if self.options.queue_fifo { ".fifo" } else { "" });
        let url = self.queue_url(account, &format!("reeve-{}-dead{ending}", gate.name()));
        std::iter::from_fn(|| Some(self.receive(account, &url, 0)).filter(|it| !it.is_empty())).flatten().collect()
    }

    /// Sets the policy of a gate's queue.
    ///
    /// # Panics
    /// When SQS refuses.
    pub fn set_queue_policy(&self, gate: Gate, policy: &str) {
        let request = json!({"QueueUrl": self.intake_url(gate), "Attributes": {"Policy": policy}});
        let told = self.emulator.aws(self.account_of(gate), "sqs", "AmazonSQS.SetQueueAttributes", &request);
        told.expect("set");
    }
}

/// The time as envelopes have it.
fn now() -> String {
    let output = reeve_model::Timestamp::now().as_second();
    reeve_model::Timestamp::from_second(output).expect("a moment").to_string()
}
