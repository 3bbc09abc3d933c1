//! The loop: plan, send, hear, and again, through three ports. All decisions are those of [`Drive`].

use super::drive::{Drive, Heard, Step};
use super::fate::{End, Left};
use super::reply::Reply;
use crate::exit::Failure;
use reeve_aws::asking::ReplyMessage;
use reeve_plan::{Plan, PlannedRequest};
use std::time::Duration;

/// Longest wait of one receive, seconds: so soon other moments are looked at, such as a time-out.
const POLL_SECONDS_MAX: u32 = 10;
/// How often in a row the queue may fail before the run is given up. The SDK has tried each call four times by then.
const QUEUE_FAILURES_MAX: u32 = 6;
/// Wait after the queue has failed, seconds.
const QUEUE_RETRY_SECONDS: u64 = 5;

/// Plans against the organization as it is now.
pub trait Desk {
    /// The requests that lead from the organization to the files. What has become known, such as the id of a new
    /// account, is remembered for later runs.
    ///
    /// # Errors
    /// When the organization cannot be read, or the plan has errors.
    fn plan(&mut self) -> Result<Plan, Failure>;
}

/// Why a request did not get to its gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSent {
    /// What EventBridge says.
    pub why: String,
    /// Whether it may have arrived all the same.
    pub maybe: bool,
}

/// Carries requests to gates and replies back.
pub trait Post {
    /// Sends requests, all to one gate; the results are in their order.
    fn send(&mut self, gate: &str, requests: &[PlannedRequest]) -> Vec<Result<(), NotSent>>;

    /// Receives some messages of the queue of replies; waits up to `seconds` for the first, or until the run is stopped.
    ///
    /// # Errors
    /// What SQS says.
    fn receive(&mut self, seconds: u32) -> Result<Vec<ReplyMessage>, reeve_aws::Failure>;

    /// Deletes messages of this run.
    ///
    /// # Errors
    /// What SQS says.
    fn delete(&mut self, messages: &[ReplyMessage]) -> Result<(), reeve_aws::Failure>;

    /// Gives back messages that are not of this run.
    ///
    /// # Errors
    /// What SQS says.
    fn give_back(&mut self, messages: &[ReplyMessage]) -> Result<(), reeve_aws::Failure>;
}

/// Time, and whoever watches.
pub trait Watch {
    /// Time since the run began.
    fn now(&self) -> Duration;

    /// Waits, or until the run is stopped.
    fn pause(&self, time: Duration);

    /// Whether the run is to stop.
    fn stopped(&self) -> bool;

    /// A plan was made.
    fn planned(&mut self, plan: &Plan);

    /// A request has gone out.
    fn asked(&mut self, request: &PlannedRequest);

    /// A request has ended.
    fn ended(&mut self, request: &PlannedRequest, end: &End);

    /// How many requests are done, and how many are under way.
    fn counted(&mut self, done: usize, waiting: usize);

    /// Something that does not stop the run.
    fn warn(&mut self, text: &str);
}

/// How a run has ended.
#[derive(Debug)]
pub struct Ended {
    /// How many requests were done.
    pub done: usize,
    /// What is left, and why.
    pub left: Vec<Left>,
    /// Whether it was stopped.
    pub interrupted: bool,
    /// What ended it before its time.
    pub failure: Option<Failure>,
}

/// Runs a drive to its end.
pub fn run(mut drive: Drive, desk: &mut dyn Desk, post: &mut dyn Post, watch: &mut dyn Watch) -> Ended {
    // A queue that cannot be read would leave every answer unheard: that is found before the first request is sent.
    let mut failure = listen(&mut drive, Duration::ZERO, post, watch).err();
    while failure.is_none() {
        match step(&mut drive, desk, post, watch) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => failure = Some(error),
        }
    }
    Ended { done: drive.counts().0, left: drive.left(), interrupted: watch.stopped(), failure }
}

/// One step of a run; false when it was the last.
pub(super) fn step(
    drive: &mut Drive,
    desk: &mut dyn Desk,
    post: &mut dyn Post,
    watch: &mut dyn Watch,
) -> Result<bool, Failure> {
    if watch.stopped() {
        drive.stop();
    }
    let (done, waiting) = drive.counts();
    watch.counted(done, waiting);
    match drive.next(watch.now()) {
        Step::End => return Ok(false),
        Step::Plan => {
            let plan = desk.plan()?;
            watch.planned(&plan);
            drive.planned(plan, watch.now());
        }
        Step::Send(requests) => send(drive, &requests, post, watch),
        Step::Listen(until) => listen(drive, until, post, watch)?,
    }
    Ok(true)
}

/// Sends requests gate by gate; those of one gate keep their order.
fn send(drive: &mut Drive, requests: &[PlannedRequest], post: &mut dyn Post, watch: &mut dyn Watch) {
    let mut gates: Vec<&str> = requests.iter().map(|request| request.gate.as_str()).collect();
    gates.sort_unstable();
    gates.dedup();
    for gate in gates {
        let of_gate: Vec<PlannedRequest> = requests.iter().filter(|request| request.gate == gate).cloned().collect();
        let results = post.send(gate, &of_gate);
        for (request, result) in of_gate.iter().zip(results) {
            match (result, &request.nonce) {
                (Ok(()), _) => watch.asked(request),
                (Err(NotSent { why, maybe }), Some(nonce)) => {
                    drive.unsent(nonce, &why, maybe, watch.now());
                    watch.ended(request, &End::Unsent { why, maybe });
                }
                // Only what has a nonce is sent.
                (Err(_), None) => {}
            }
        }
    }
}

/// Hears what has come, waiting for it until `until` at the latest.
fn listen(drive: &mut Drive, until: Duration, post: &mut dyn Post, watch: &mut dyn Watch) -> Result<(), Failure> {
    let left = until.saturating_sub(watch.now());
    let seconds = u32::try_from(left.as_secs()).unwrap_or(u32::MAX).min(POLL_SECONDS_MAX);
    let messages = receive(seconds, post, watch)?;
    if messages.is_empty() && seconds == 0 && !left.is_zero() {
        watch.pause(left);
    }
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for message in messages {
        let heard = Reply::parse(&message.body).map_or(Heard::NotOurs, |reply| drive.hear(reply, watch.now()));
        match heard {
            Heard::NotOurs => others.push(message),
            Heard::Page => ours.push(message),
            Heard::Ended(request, end) => {
                watch.ended(&request, &end);
                ours.push(message);
            }
        }
    }
    // Others wait for theirs. What cannot be deleted or given back shows up again by itself.
    for (messages, given_back) in [(others, true), (ours, false)] {
        if messages.is_empty() {
            continue;
        }
        let result = if given_back { post.give_back(&messages) } else { post.delete(&messages) };
        if let Err(failure) = result {
            let what = if given_back { "give back" } else { "delete" };
            watch.warn(&format!("failed to {what} messages of the queue of replies: {failure}"));
        }
    }
    Ok(())
}

/// Receives; what may pass is tried again.
fn receive(seconds: u32, post: &mut dyn Post, watch: &mut dyn Watch) -> Result<Vec<ReplyMessage>, Failure> {
    let mut failures = 0;
    loop {
        match post.receive(seconds) {
            Ok(messages) => return Ok(messages),
            Err(failure) => {
                failures += 1;
                let text = format!("failed to read the queue of replies: {failure}");
                if !failure.is_transient() || failures >= QUEUE_FAILURES_MAX {
                    return Err(Failure::new(text));
                }
                watch.warn(&text);
                watch.pause(Duration::from_secs(QUEUE_RETRY_SECONDS));
                if watch.stopped() {
                    return Ok(Vec::new());
                }
            }
        }
    }
}
