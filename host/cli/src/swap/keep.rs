//! Keeps the policy set of a gate as its files and parameters are: looks, signals, metrics.

use super::looks::{Looked, Looks};
use super::{FilesLook, Look, Swap, Swapped};
use crate::exit::Failure;
use crate::parameters::Seen;
use reeve_serve::Metrics;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

/// How often the files are looked at, and parameters that have just changed.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// From the end of one look at the parameters of tables to the next: each look is a call for ten of them, and facts are
/// kept as long.
const LOOK_AT_PARAMETERS_EVERY: Duration = Duration::from_secs(30);

/// What became of swaps, for metrics.
#[derive(Debug, Clone, Default)]
pub(crate) struct Swaps(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    replaced: AtomicU64,
    refused: AtomicU64,
    rolled_back: AtomicU64,
    away: AtomicU64,
}

impl Swaps {
    /// Counters among the metrics of a gate.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let swaps = Self::default();
        type Read = fn(&Counts) -> &AtomicU64;
        let counters: [(&str, &str, Read); 4] = [
            ("policy_sets_replaced", "Policy sets that took the place of another", |it| &it.replaced),
            ("policy_sets_refused", "Policy sets that were read and not put to work", |it| &it.refused),
            ("policy_sets_rolled_back", "Times that the set before was put to work again", |it| &it.rolled_back),
            ("parameter_looks_failed", "Looks at the parameters of tables that could not be read", |it| &it.away),
        ];
        for (name, help, read) in counters {
            let counts = Arc::clone(&swaps.0);
            metrics.add_counter(name, help, move || read(&counts).load(Ordering::Relaxed));
        }
        swaps
    }
}

/// Why the set may have to change.
enum Cause {
    /// The files look otherwise, or somebody says so.
    Files,
    /// The parameters look otherwise.
    Parameters(Look),
    /// Somebody goes back.
    Back,
}

/// A look at the parameters that is under way, and what they are compared with.
type Looking = JoinHandle<(Seen, Result<Seen, Failure>)>;

/// Keeps the policy set as its files and parameters are, as long as it is polled.
pub(crate) async fn keep(swap: Swap, swaps: Swaps) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut again), Ok(mut back)) = (signal(SignalKind::hangup()), signal(SignalKind::user_defined1())) else {
        error!("signals cannot be waited for: the policies stay as they are");
        return;
    };
    let swap = Arc::new(Mutex::new(swap));
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut unsettled: Option<FilesLook> = None;
    let (mut looks, mut looking) = (Looks::default(), None::<Looking>);
    let mut look_at = Instant::now() + LOOK_AT_PARAMETERS_EVERY;
    loop {
        let cause = tokio::select! {
            _ = tick.tick() => {
                if looking.is_none() && Instant::now() >= look_at {
                    looking = in_background(&swap, |swap| begin(swap)).await.flatten();
                    look_at = Instant::now() + LOOK_AT_PARAMETERS_EVERY;
                }
                let now = in_background(&swap, |swap| swap.changed()).await.flatten();
                // Only what looks the same twice is written to its end.
                let settled = now.is_some() && now == unsettled;
                unsettled = now;
                if !settled {
                    continue;
                }
                Cause::Files
            }
            // It may wait for the network: signals and files are heard meanwhile.
            (known, look) = ended(&mut looking) => {
                looking = None;
                look_at = Instant::now() + LOOK_AT_PARAMETERS_EVERY;
                swaps.0.away.fetch_add(u64::from(look.is_err()), Ordering::Relaxed);
                let Some(cause) = follow(looks.next(&known, look, Instant::now()), &mut look_at) else { continue };
                cause
            }
            _ = again.recv() => Cause::Files,
            _ = back.recv() => Cause::Back,
        };
        // What was seen so far was of another set, or is read now.
        (unsettled, looking) = (None, None);
        look_at = Instant::now() + LOOK_AT_PARAMETERS_EVERY;
        let told = in_background(&swap, move |swap| act(swap, cause)).await;
        if !matches!(told, Some(Told::Moving)) {
            looks = Looks::default();
        }
        let counter = match told {
            Some(Told::Replaced) => &swaps.0.replaced,
            Some(Told::RolledBack) => &swaps.0.rolled_back,
            Some(Told::Nothing) => continue,
            Some(Told::Moving) => {
                look_at = Instant::now();
                continue;
            }
            Some(Told::Refused) => &swaps.0.refused,
            None => {
                error!("reading the policies panicked: the policy set stays as it is");
                &swaps.0.refused
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a look is a cause of; one that is none may still call for the next at once.
fn follow(looked: Looked, look_at: &mut Instant) -> Option<Cause> {
    match looked {
        Looked::Changed(look) => return Some(Cause::Parameters(look)),
        Looked::Moving => *look_at = Instant::now(),
        Looked::Same => {}
        Looked::Away(failure) => {
            error!(reason = failure.line(), "parameters cannot be read: the tables stay as they are");
        }
        Looked::Back => info!("parameters can be read again"),
    }
    None
}

/// Begins a look at the parameters; nothing when no table is made of any.
fn begin(swap: &Swap) -> Option<Looking> {
    let (known, parameters) = (swap.watched(), Arc::clone(&swap.parameters));
    (!known.is_empty()).then(|| {
        tokio::task::spawn_blocking(move || {
            let look = parameters.look(&known);
            (known, look)
        })
    })
}

/// Waits for a look, for ever if there is none. Dropped before its end, it loses nothing.
async fn ended(looking: &mut Option<Looking>) -> (Seen, Result<Seen, Failure>) {
    match looking {
        Some(look) => look.await.unwrap_or_else(|_| (Seen::new(), Err(Failure::new("looking panicked")))),
        None => std::future::pending().await,
    }
}

/// Works on a thread that may wait. A panic there is a refusal: what is at work stays.
async fn in_background<T: Send + 'static>(
    swap: &Arc<Mutex<Swap>>,
    work: impl FnOnce(&mut Swap) -> T + Send + 'static,
) -> Option<T> {
    let swap = Arc::clone(swap);
    let task = tokio::task::spawn_blocking(move || work(&mut swap.lock().unwrap_or_else(PoisonError::into_inner)));
    task.await.ok()
}

enum Told {
    Replaced,
    Refused,
    RolledBack,
    Moving,
    Nothing,
}

fn act(swap: &mut Swap, cause: Cause) -> Told {
    let (swapped, back) = match cause {
        Cause::Back => (swap.roll_back().map(Swapped::Replaced), true),
        Cause::Files => (swap.reload(None), false),
        Cause::Parameters(look) if swap.went_back => {
            warn!("parameters have changed, and the set that was gone back to keeps its tables: SIGHUP reads all");
            swap.tried = look.seen;
            return Told::Nothing;
        }
        Cause::Parameters(look) => (swap.reload(Some(&look)), false),
    };
    match swapped {
        Ok(Swapped::Replaced(policies)) => {
            let digest = swap.policies.current().digest.to_string();
            let policies = policies.join(",");
            if back {
                info!(policies, gate_file = digest, "went back to the policy set before");
                return Told::RolledBack;
            }
            info!(policies, gate_file = digest, "another policy set is at work");
            Told::Replaced
        }
        Ok(Swapped::Same) => {
            info!("the files say what is at work already");
            Told::Nothing
        }
        Ok(Swapped::Moving) => Told::Moving,
        Err(failure) => {
            error!(reason = failure.line(), "the policy set stays as it is");
            Told::Refused
        }
    }
}
