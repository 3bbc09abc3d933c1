//! Where all sources bring their deliveries: at most so many in hand at once, each on a thread of its own.

use crate::Metrics;
use reeve_engine::{Delivery, Handled, Runner, Story};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{Instrument, info, info_span, warn};

/// The name of a source in metrics, logs and traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A queue.
    Sqs,
    /// A function.
    Lambda,
    /// A listener.
    Http,
}

impl Source {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqs => "sqs",
            Self::Lambda => "lambda",
            Self::Http => "http",
        }
    }
}

/// A runner and the bound on what it has in hand.
#[derive(Debug, Clone)]
pub struct Desk {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    runner: Runner,
    metrics: Metrics,
    seats: Arc<Semaphore>,
    seats_max: usize,
    draining: AtomicBool,
}

impl Desk {
    /// A desk with room for `in_flight` deliveries. The runtime must have as many blocking threads.
    #[must_use]
    pub fn new(runner: Runner, metrics: Metrics, in_flight: usize) -> Self {
        let seats = Arc::new(Semaphore::new(in_flight));
        let draining = AtomicBool::new(false);
        Self { inner: Arc::new(Inner { runner, metrics, seats, seats_max: in_flight, draining }) }
    }

    /// Its metrics.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Name of the gate.
    #[must_use]
    pub fn gate(&self) -> &str {
        &self.inner.runner.gate.name
    }

    /// Whether no more deliveries are taken.
    #[must_use]
    pub fn draining(&self) -> bool {
        self.inner.draining.load(Ordering::Acquire)
    }

    /// Takes no more deliveries; those in hand are finished.
    pub fn drain(&self) {
        self.inner.draining.store(true, Ordering::Release);
    }

    /// Waits until nothing is in hand, or until `deadline`; says whether all was finished.
    pub async fn finished(&self, deadline: Duration) -> bool {
        let all = u32::try_from(self.inner.seats_max).unwrap_or(u32::MAX);
        tokio::time::timeout(deadline, self.inner.seats.acquire_many(all)).await.is_ok()
    }

    /// A seat, once one is free.
    pub async fn seat(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.inner.seats).acquire_owned().await.ok()
    }

    /// A seat, if one is free now.
    #[must_use]
    pub fn seat_now(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.inner.seats).try_acquire_owned().ok()
    }

    /// Handles one delivery on a thread of its own. A panic is an answer too: the delivery comes again.
    pub async fn handle(&self, delivery: Delivery, source: Source, seat: OwnedSemaphorePermit) -> Handled {
        let span = info_span!(
            "reeve.delivery",
            gate = self.gate(),
            source = source.as_str(),
            kind = tracing::field::Empty,
            sender = tracing::field::Empty,
            nonce = tracing::field::Empty,
            decision = tracing::field::Empty,
            status = tracing::field::Empty,
            receipt = tracing::field::Empty,
        );
        let desk = self.clone();
        let began = Instant::now();
        let working = span.clone();
        self.metrics().in_flight(1);
        let task = tokio::task::spawn_blocking(move || {
            let _seat = seat;
            working.in_scope(|| desk.inner.runner.handle(&delivery))
        });
        let handled = task.instrument(span.clone()).await;
        self.metrics().in_flight(-1);
        let handled = handled.unwrap_or_else(|_| Handled::Again {
            why: "handling the delivery failed within Reeve; please report this".to_owned(),
            story: None,
            not_before: None,
        });
        span.in_scope(|| self.tell(&handled, source, began.elapsed()));
        handled
    }

    fn tell(&self, handled: &Handled, source: Source, took: Duration) {
        let span = tracing::Span::current();
        match handled {
            Handled::Done(stories) => {
                self.metrics().answered(source, stories, took);
                for (story, receipt) in stories {
                    record(&span, story);
                    span.record("receipt", receipt.as_str());
                    let codes: Vec<&str> =
                        story.decision.reasons().iter().take(8).map(|(_, reason)| reason.code.as_str()).collect();
                    info!(
                        event_id = story.event.as_ref().map(|event| event.id.as_str()),
                        kind = story.kind.as_deref(),
                        sender = story.sender.as_ref().map(|sender| sender.account.as_str()),
                        nonce = story.nonce.as_ref().map(reeve_model::Nonce::as_str),
                        status = story.status().as_str(),
                        reasons = codes.join(","),
                        receipt = receipt.as_str(),
                        took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                        "answered"
                    );
                }
            }
            Handled::Again { why, story, .. } => {
                if let Some(story) = story {
                    record(&span, story);
                }
                self.metrics().again(source, took);
                let why = reeve_model::text::shown(why, 512);
                warn!(kind = story.as_ref().and_then(|story| story.kind.as_deref()), why, "to be delivered again");
            }
        }
    }
}

fn record(span: &tracing::Span, story: &Story) {
    if let Some(kind) = &story.kind {
        span.record("kind", kind.as_str());
    }
    if let Some(sender) = &story.sender {
        span.record("sender", sender.account.as_str());
    }
    if let Some(nonce) = &story.nonce {
        span.record("nonce", nonce.as_str());
    }
    span.record("decision", story.decision.as_str());
    span.record("status", story.status().as_str());
}
