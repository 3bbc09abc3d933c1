//! How every call of an executor is made: below the limit, under a lease that outlasts it, with one reading of errors.

use crate::bucket::Service;
use crate::client::Aws;
use crate::failure::{Failure, failure};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use reeve_engine::LedgerError;
use reeve_engine::execute::{Journal, Stop};
use reeve_model::{FailureClass, Outcome, State, Timestamp};
use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How often a lease is held while a call waits for its token bucket.
const HOLD_EVERY: Duration = Duration::from_secs(5);
/// How often a call is made that AWS turns away without looking at it. With the waits of [`Pace`] this is about half a
/// minute of throttling; after that the message goes back to its queue.
const TURNED_AWAY_MAX: u32 = 6;
/// Longest wait between two rounds, in units of [`Pace::poll`].
const POLL_UNITS_MAX: u32 = 5;

/// The note that a call without a client token is about to be made: its moment, or empty once AWS has said that the
/// call was not looked at.
pub(crate) const INTENT: &str = "intent";
/// The note of the first such moment: what the call may have made is not older.
pub(crate) const SINCE: &str = "since";
/// How much older than its note an effect may seem: the clocks of AWS and of the gate differ, and request
/// signing allows five minutes.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// How long executors wait. Tests wait less.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// The first wait between two looks at something that AWS works on.
    pub(crate) poll: Duration,
    /// How old an intent is before its effect is believed to be missing. Lists of AWS are eventually consistent.
    pub(crate) settle: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { poll: Duration::from_secs(1), settle: Duration::from_secs(10) }
    }
}

impl Pace {
    /// The wait before round `round`, from 1: longer each time up to five seconds, and up to half of it more at random,
    /// so that gates that were turned away together do not come back together.
    pub(crate) fn wait(self, round: u32) -> Duration {
        let wait = self.poll * round.min(POLL_UNITS_MAX);
        // A hasher of the standard library is seeded anew each time; this needs no better randomness.
        let random = u32::try_from(RandomState::new().hash_one(round) % 1_024).unwrap_or_default();
        wait + wait * random / 2_048
    }
}

/// Why an action is not gone on with.
#[derive(Debug)]
pub(crate) enum End {
    /// Not now.
    Stop(Stop),
    /// AWS has refused a call, or nobody knows what became of it.
    Failed(Failure),
}

impl From<LedgerError> for End {
    fn from(error: LedgerError) -> Self {
        Self::Stop(Stop::Ledger(error))
    }
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl End {
    /// The outcome, or the reason to try again.
    pub(crate) fn outcome(self) -> Result<Outcome, Stop> {
        match self {
            Self::Stop(stop) => Err(stop),
            Self::Failed(failure) if failure.is_transient() => Err(retry(failure.to_string())),
            Self::Failed(failure) => Ok(refused(&failure)),
        }
    }
}

/// What AWS refuses for good.
pub(crate) fn refused(failure: &Failure) -> Outcome {
    Outcome::failed(failure.class, failure.to_string())
}

/// Something that may pass on a later try.
pub(crate) fn retry(message: impl Into<String>) -> Stop {
    Stop::Retry { class: FailureClass::Transient, message: message.into() }
}

/// Reads an error. A success that cannot be read is none: nobody knows what was done.
pub(crate) fn read<E>(error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let mut read = failure(error);
    let status = error.raw_response().map(|answer| answer.status());
    if status.is_some_and(|status| status.is_success()) && read.code.is_none() {
        read.class = FailureClass::Transient;
    }
    read
}

/// Whether AWS has said that it has not looked at the call: it may simply be made again.
pub(crate) fn turned_away(failure: &Failure) -> bool {
    let Some(code) = failure.code.as_deref() else { return false };
    failure.is_transient()
        && matches!(
            code,
            "BandwidthLimitExceeded"
                | "ConcurrentModification"
                | "ConcurrentModificationException"
                | "FinalizingOrganizationException"
                | "PolicyChangesInProgressException"
                | "PriorRequestNotComplete"
                | "RequestLimitExceeded"
                | "RequestThrottled"
                | "RequestThrottledException"
                | "SlowDown"
                | "ThrottledException"
                | "Throttling"
                | "ThrottlingException"
                | "TooManyRequestsException"
                | "TooManyUpdates"
        )
}

/// One action's access to AWS and to its notes.
pub(crate) struct Calls<'a> {
    /// Notes and lease.
    pub(crate) journal: &'a mut dyn Journal,
    /// How long to wait.
    pub(crate) pace: Pace,
}

impl Calls<'_> {
    /// Makes a call that may be repeated: the SDK does so by itself.
    pub(crate) fn call<T, E, F>(
        &mut self,
        aws: &Aws,
        service: Service,
        operation: &'static str,
        send: impl FnOnce() -> F,
    ) -> Result<T, End>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.spend(aws, service, operation)?;
        self.journal.hold()?;
        // The future is made on the runtime: the SDK's timers want to be there.
        aws.run(async { send().await }).map_err(|error| End::Failed(read(&error)))
    }

    /// Makes a call that must not be repeated unless AWS has said that it did not look at it. `send` uses clients that
    /// do not repeat either (`Aws::once`). The intent is noted first.
    pub(crate) fn call_once<T, E, F>(
        &mut self,
        aws: &Aws,
        service: Service,
        operation: &'static str,
        mut send: impl FnMut() -> F,
    ) -> Result<T, End>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        for round in 1.. {
            self.spend(aws, service, operation)?;
            self.journal.hold()?;
            self.intend()?;
            // The note may have been slow: the call must end before the lease does.
            self.journal.hold()?;
            match aws.run(async { send().await }) {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    let failure = read(&error);
                    if !turned_away(&failure) {
                        return Err(failure.into());
                    }
                    self.journal.note(INTENT, "")?;
                    if round >= TURNED_AWAY_MAX {
                        return Err(failure.into());
                    }
                    self.pause(aws, round)?;
                }
            }
        }
        Err(End::Stop(retry("no try is left")))
    }

    /// Notes that a call is about to be made.
    pub(crate) fn intend(&mut self) -> Result<(), End> {
        let now = Timestamp::now().to_string();
        if self.noted(SINCE).is_none() {
            self.journal.note(SINCE, &now)?;
        }
        Ok(self.journal.note(INTENT, &now)?)
    }

    /// A note that says something.
    pub(crate) fn noted(&self, name: &str) -> Option<String> {
        self.journal.get(name).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// Whether an earlier call may have been made, without that its result was noted.
    pub(crate) fn intended(&self) -> bool {
        self.noted(INTENT).is_some()
    }

    /// Before this moment an effect is not ours.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        let first = self.noted(SINCE)?.parse::<Timestamp>().ok()?;
        first.checked_sub(SKEW).ok()
    }

    /// Whether the last intent is so old that a missing effect is believed.
    pub(crate) fn settled(&self) -> bool {
        let noted = self.noted(INTENT).and_then(|text| text.parse::<Timestamp>().ok());
        let age = noted.map(|noted| Timestamp::now().duration_since(noted));
        age.is_none_or(|age| age.unsigned_abs() >= self.pace.settle)
    }

    /// What to say of an effect that is there: an earlier try of this request made it, or it was there before.
    pub(crate) fn already(&self) -> State {
        if self.intended() { State::Applied } else { State::Unchanged }
    }

    /// Waits before round `round` and holds the lease.
    pub(crate) fn pause(&mut self, aws: &Aws, round: u32) -> Result<(), End> {
        let wait = self.pace.wait(round);
        aws.run(async { tokio::time::sleep(wait).await });
        Ok(self.journal.hold()?)
    }

    fn spend(&mut self, aws: &Aws, service: Service, operation: &'static str) -> Result<(), End> {
        let mut spending = Box::pin(aws.spend(service, operation));
        while aws.run(async { tokio::time::timeout(HOLD_EVERY, &mut spending).await }).is_err() {
            self.journal.hold()?;
        }
        Ok(())
    }
}
