//! Token buckets: calls wait here so that the gate stays below the documented limits of each service.
//!
//! A bucket counts the calls of this process alone. Another gate or a person in the same account spends from the same
//! limit of AWS unseen; what AWS then throttles is tried again by the SDK, with backoff and jitter.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// An AWS service that the gate calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// DynamoDB.
    DynamoDb,
    /// EventBridge.
    EventBridge,
    /// Lambda.
    Lambda,
    /// Organizations.
    Organizations,
    /// Route 53.
    Route53,
    /// S3.
    S3,
    /// SQS.
    Sqs,
    /// Systems Manager.
    Ssm,
    /// STS.
    Sts,
}

/// A limit as AWS documents it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Calls that may be made at once after a pause.
    pub burst: f64,
    /// Calls that come back each second.
    pub per_second: f64,
}

impl Rate {
    const fn new(burst: f64, per_second: f64) -> Self {
        Self { burst, per_second }
    }
}

/// The part of a documented limit that one gate takes. The rest is for people and for other programs of the account.
pub const SHARE: f64 = 0.8;
/// All calls to Route 53 of one account, and the limit of an operation that has none of its own (Route 53 developer
/// guide, "Throttling for API requests", 30 July 2026).
pub const ROUTE53: Rate = Rate::new(50.0, 10.0);
/// `CreateHostedZone` (same page).
pub const ROUTE53_CREATE_HOSTED_ZONE: Rate = Rate::new(40.0, 2.0);
/// `DeleteHostedZone` (same page).
pub const ROUTE53_DELETE_HOSTED_ZONE: Rate = Rate::new(40.0, 5.0);
/// What changes an organization. AWS names no number that can be relied on, so that it is the slowest that anybody
/// reports.
pub const ORGANIZATIONS_WRITES: Rate = Rate::new(1.25, 1.25);
/// Each operation that reads an organization: as above.
pub const ORGANIZATIONS_READS: Rate = Rate::new(6.25, 6.25);
/// Parameter Store at its default throughput, all operations together (Systems Manager quotas: 40 a second).
pub const SSM: Rate = Rate::new(40.0, 40.0);

/// The limits one call spends from: those of the service, and its own.
fn rates(service: Service, operation: &str) -> [Option<Rate>; 2] {
    match service {
        Service::Route53 => {
            let own = match operation {
                "CreateHostedZone" => Some(ROUTE53_CREATE_HOSTED_ZONE),
                "DeleteHostedZone" => Some(ROUTE53_DELETE_HOSTED_ZONE),
                _ => None,
            };
            [Some(ROUTE53), own]
        }
        Service::Organizations if operation.starts_with("List") || operation.starts_with("Describe") => {
            [None, Some(ORGANIZATIONS_READS)]
        }
        Service::Organizations => [None, Some(ORGANIZATIONS_WRITES)],
        Service::Ssm => [Some(SSM), None],
        // Their limits are hundreds a second and more; a gate meets its own limits first.
        Service::DynamoDb | Service::EventBridge | Service::Lambda | Service::S3 | Service::Sqs | Service::Sts => {
            [None, None]
        }
    }
}

/// The name of the bucket behind a rate, in the order of [`rates`]: all writes to an organization share one.
fn names(service: Service, operation: &'static str) -> [&'static str; 2] {
    match service {
        Service::Organizations if operation.starts_with("List") || operation.starts_with("Describe") => ["", operation],
        Service::Organizations => ["", "write"],
        Service::DynamoDb
        | Service::EventBridge
        | Service::Lambda
        | Service::Route53
        | Service::S3
        | Service::Sqs
        | Service::Ssm
        | Service::Sts => ["", operation],
    }
}

/// One bucket, as the moment at which it will be full again. Taking from an empty one is allowed and tells how long to
/// wait, so that those who wait are served in their order.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    rate: Rate,
    full_at: Instant,
}

impl Bucket {
    fn new(rate: Rate, now: Instant) -> Self {
        // A bucket smaller than one call would never let one pass at once.
        let rate = Rate { burst: (rate.burst * SHARE).max(1.0), per_second: rate.per_second * SHARE };
        Self { rate, full_at: now }
    }

    /// Takes one, and answers how long to wait before it may be used.
    fn take(&mut self, now: Instant) -> Duration {
        let one = Duration::from_secs_f64(1.0 / self.rate.per_second);
        let full = one.mul_f64(self.rate.burst);
        self.full_at = self.full_at.max(now) + one;
        self.full_at.saturating_duration_since(now).saturating_sub(full)
    }
}

/// The buckets of one account.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    by_name: Mutex<HashMap<(Service, &'static str), Bucket>>,
}

impl Buckets {
    /// How long a call made now has to wait.
    fn take(&self, service: Service, operation: &'static str, now: Instant) -> Duration {
        let mut buckets: MutexGuard<'_, _> = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs = names(service, operation).into_iter().zip(rates(service, operation));
        let waits = pairs.filter_map(|(name, rate)| {
            let rate = rate?;
            Some(buckets.entry((service, name)).or_insert_with(|| Bucket::new(rate, now)).take(now))
        });
        waits.max().unwrap_or_default()
    }

    /// Waits until a call may be made.
    pub(crate) async fn spend(&self, service: Service, operation: &'static str) {
        let wait = self.take(service, operation, Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls that pass at once, and how many are let through in the ten seconds after them.
    fn passed(service: Service, operation: &'static str) -> (usize, usize) {
        let (buckets, now) = (Buckets::default(), Instant::now());
        let waits: Vec<Duration> = (0..1_000).map(|_| buckets.take(service, operation, now)).collect();
        let at_once = waits.iter().filter(|wait| wait.is_zero()).count();
        let later = waits.iter().filter(|wait| !wait.is_zero() && **wait <= Duration::from_millis(10_001)).count();
        (at_once, later)
    }

    #[test]
    fn a_gate_stays_below_the_limit_of_each_operation() {
        for (service, operation, at_once, in_ten_seconds) in [
            (Service::Route53, "ListResourceRecordSets", 40, 80),
            (Service::Route53, "CreateHostedZone", 32, 16),
            (Service::Route53, "DeleteHostedZone", 32, 40),
            (Service::Organizations, "CreateAccount", 1, 10),
            (Service::Organizations, "ListAccounts", 5, 50),
            (Service::Organizations, "DescribePolicy", 5, 50),
            (Service::Ssm, "GetParameters", 32, 320),
            (Service::Sqs, "ReceiveMessage", 1_000, 0),
        ] {
            assert_eq!(passed(service, operation), (at_once, in_ten_seconds), "{operation}");
        }
    }

    #[test]
    fn operations_of_route_53_share_the_limit_of_the_account() {
        let (buckets, now) = (Buckets::default(), Instant::now());
        for _ in 0..40 {
            assert!(buckets.take(Service::Route53, "ListResourceRecordSets", now).is_zero());
        }
        assert!(!buckets.take(Service::Route53, "ChangeResourceRecordSets", now).is_zero());
        assert!(buckets.take(Service::Ssm, "PutParameter", now).is_zero(), "another service");
    }

    #[test]
    fn a_bucket_fills_again_and_not_beyond_its_burst() {
        let (buckets, now) = (Buckets::default(), Instant::now());
        let at_once =
            |now| (0..100).filter(|_| buckets.take(Service::Organizations, "ListRoots", now).is_zero()).count();
        assert_eq!(at_once(now), 5);
        let waited = now + Duration::from_secs(3_600);
        assert_eq!(at_once(waited), 5);
    }
}
