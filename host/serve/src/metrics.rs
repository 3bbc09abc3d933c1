//! What a gate counts, in the text form of Prometheus. The names are documented in `docs/operations.md`.

use crate::Source;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use reeve_engine::Story;
use reeve_model::{Answer, Digest, State};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Series of reasons: more than the host and the shipped policies have codes, and few enough to be scraped.
const CODES_MAX: usize = 512;
/// What stands for a code beyond that.
const OTHER_CODE: &str = "OTHER";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    kind: String,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabels {
    source: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    policy: String,
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FaultLabels {
    policy: String,
    fault: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    call: &'static str,
    state: &'static str,
    class: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PolicyLabels {
    policy: String,
}

/// A gate's metrics. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    registry: std::sync::Mutex<Registry>,
    /// Policies and codes that have a series of their own.
    codes: std::sync::Mutex<BTreeSet<(String, String)>>,
    requests: Family<RequestLabels, Counter>,
    again: Family<SourceLabels, Counter>,
    seconds: Family<SourceLabels, Histogram>,
    reasons: Family<CodeLabels, Counter>,
    faults: Family<FaultLabels, Counter>,
    fuel: Family<PolicyLabels, Counter>,
    outcomes: Family<OutcomeLabels, Counter>,
    in_flight: Gauge,
    receive_errors: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Half a millisecond to half a minute in doublings: from a decision alone to a change that waits for AWS.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_5, 2.0, 17))
}

impl Metrics {
    /// Metrics that all stand at nothing.
    #[must_use]
    pub fn new() -> Self {
        let inner = Inner {
            registry: std::sync::Mutex::new(Registry::with_prefix("reeve")),
            codes: std::sync::Mutex::default(),
            requests: Family::default(),
            again: Family::default(),
            seconds: Family::new_with_constructor(seconds as fn() -> Histogram),
            reasons: Family::default(),
            faults: Family::default(),
            fuel: Family::default(),
            outcomes: Family::default(),
            in_flight: Gauge::default(),
            receive_errors: Counter::default(),
        };
        let metrics = Self { inner: Arc::new(inner) };
        metrics.register();
        metrics
    }

    fn register(&self) {
        let it = &self.inner;
        let mut registry = it.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        registry.register("requests", "Requests answered, by kind and status", it.requests.clone());
        registry.register("redeliveries", "Deliveries given back to their source", it.again.clone());
        registry.register("delivery_seconds", "Time from a delivery to its answer", it.seconds.clone());
        registry.register("reasons", "Reasons told, by policy and code", it.reasons.clone());
        registry.register("policy_faults", "Evaluations without a verdict", it.faults.clone());
        registry.register("policy_fuel", "Fuel used by policies", it.fuel.clone());
        registry.register("outcomes", "Actions by call, state and failure class", it.outcomes.clone());
        registry.register("in_flight", "Deliveries in hand", it.in_flight.clone());
        registry.register("receive_errors", "Failed receives from queues", it.receive_errors.clone());
    }

    /// The series of a reason. A plugin writes its own codes: past the limit they share one series.
    fn code(&self, policy: &str, code: &str) -> CodeLabels {
        let mut codes = self.inner.codes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let pair = (policy.to_owned(), code.to_owned());
        let (policy, code) = if codes.contains(&pair) || codes.len() < CODES_MAX {
            codes.insert(pair.clone());
            pair
        } else {
            (pair.0, OTHER_CODE.to_owned())
        };
        CodeLabels { policy, code }
    }

    /// Counts one more or one less in hand.
    pub(crate) fn in_flight(&self, by: i64) {
        self.inner.in_flight.inc_by(by);
    }

    /// Counts a receive that failed.
    pub(crate) fn receive_error(&self) {
        self.inner.receive_errors.inc();
    }

    /// Counts a delivery that has to come again.
    pub(crate) fn again(&self, source: Source, took: Duration) {
        let labels = SourceLabels { source: source.as_str() };
        self.inner.again.get_or_create(&labels).inc();
        self.inner.seconds.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Counts an answered delivery.
    pub(crate) fn answered(&self, source: Source, stories: &[(Story, Digest)], took: Duration) {
        let it = &self.inner;
        it.seconds.get_or_create(&SourceLabels { source: source.as_str() }).observe(took.as_secs_f64());
        for (story, _) in stories {
            // Only a kind of the gate is a label: what a stranger writes must not make new time series.
            let kind = story.kind.clone().unwrap_or_else(|| "none".to_owned());
            it.requests.get_or_create(&RequestLabels { kind, status: story.status().as_str() }).inc();
            for (policy, reason) in story.decision.reasons() {
                it.reasons.get_or_create(&self.code(policy, &reason.code)).inc();
            }
            for asked in &story.policies {
                let policy = asked.answer.policy.clone();
                it.fuel.get_or_create(&PolicyLabels { policy: policy.clone() }).inc_by(asked.answer.fuel);
                if let Answer::Fault(fault) = &asked.answer.answer {
                    it.faults.get_or_create(&FaultLabels { policy, fault: fault.as_str().to_owned() }).inc();
                }
            }
            for (planned, outcome) in story.actions.iter().zip(story.outcomes.iter().flatten()) {
                let class = if let State::Failed(class) = outcome.state { class.as_str() } else { "" };
                let labels = OutcomeLabels { call: planned.action.call(), state: outcome.state.as_str(), class };
                it.outcomes.get_or_create(&labels).inc();
            }
        }
    }

    /// Adds a number that is read when asked for.
    pub fn add_counter(&self, name: &str, help: &str, read: impl Fn() -> u64 + Send + Sync + 'static) {
        let mut registry = self.inner.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        registry.register_collector(Box::new(Read {
            name: name.to_owned(),
            help: help.to_owned(),
            read: Box::new(read),
        }));
    }

    /// All of them, as OpenMetrics text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.inner.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

struct Read {
    name: String,
    help: String,
    read: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl std::fmt::Debug for Read {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Read").field("name", &self.name).finish_non_exhaustive()
    }
}

impl prometheus_client::collector::Collector for Read {
    fn encode(&self, mut encoder: prometheus_client::encoding::DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        use prometheus_client::encoding::EncodeMetric as _;
        let counter = prometheus_client::metrics::counter::ConstCounter::<u64>::new((self.read)());
        let encoder = encoder.encode_descriptor(&self.name, &self.help, None, counter.metric_type())?;
        counter.encode(encoder)
    }
}

/// The type of counters; kept so that their width is plain to see.
const _: fn() -> Counter<u64, AtomicU64> = Counter::default;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_that_makes_up_codes_makes_no_more_series() {
        let metrics = Metrics::new();
        for number in 0..CODES_MAX {
            assert_eq!(metrics.code("p", &format!("C{number}")).code, format!("C{number}"));
        }
        assert_eq!(metrics.code("p", "ONE_MORE").code, OTHER_CODE);
        assert_eq!(metrics.code("p", "C0").code, "C0");
    }

    #[test]
    fn the_documented_names_are_there() {
        let metrics = Metrics::new();
        metrics.add_counter("dns_batches", "Batches", || 7);
        metrics.in_flight(2);
        metrics.receive_error();
        metrics.again(Source::Sqs, Duration::from_millis(3));
        let text = metrics.text();
        for line in [
            "reeve_in_flight 2",
            "reeve_receive_errors_total 1",
            "reeve_redeliveries_total{source=\"sqs\"} 1",
            "reeve_delivery_seconds_count{source=\"sqs\"} 1",
            "reeve_dns_batches_total 7",
            "# EOF",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
