//! Waiting until Route 53's name servers have a change. Requests that went out in one batch share its id, and so the
//! answers of GetChange: one of them asks, all of them learn.

use super::super::calls::{Calls, End};
use crate::bucket::Service;
use crate::client::Aws;
use aws_sdk_route53::types::ChangeStatus;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Rounds of waiting: about two and a half minutes. Changes are in sync within 60 seconds, usually (Route 53 developer
/// guide); after this the outcome is `pending`.
const ROUNDS_MAX: u32 = 25;
/// How long an answer is remembered: longer than anybody waits for it.
const REMEMBERED: Duration = Duration::from_secs(600);

/// What was last heard of changes.
#[derive(Debug, Default)]
pub(super) struct InSync {
    heard: Mutex<HashMap<String, Heard>>,
}

#[derive(Debug, Clone, Copy)]
struct Heard {
    asked: Instant,
    in_sync: bool,
}

impl InSync {
    /// Waits for a change; whether it is in sync. What GetChange refuses to say is no failure of the change.
    pub(super) fn wait(&self, aws: &Aws, change_id: &str, calls: &mut Calls<'_>) -> Result<bool, End> {
        for round in 1..=ROUNDS_MAX {
            match self.turn(change_id, calls.pace.poll) {
                Turn::InSync => return Ok(true),
                Turn::Ask => {
                    let in_sync = match ask(aws, change_id, calls) {
                        Ok(in_sync) => in_sync,
                        Err(End::Failed(failure)) if !failure.is_transient() => return Ok(false),
                        Err(End::Failed(_)) => false,
                        Err(stop) => return Err(stop),
                    };
                    self.lock().insert(change_id.to_owned(), Heard { asked: Instant::now(), in_sync });
                    if in_sync {
                        return Ok(true);
                    }
                }
                Turn::Wait => {}
            }
            calls.pause(aws, round)?;
        }
        Ok(false)
    }

    fn turn(&self, change_id: &str, poll: Duration) -> Turn {
        let mut heard = self.lock();
        heard.retain(|_, heard| heard.asked.elapsed() < REMEMBERED);
        match heard.get_mut(change_id) {
            Some(heard) if heard.in_sync => Turn::InSync,
            Some(heard) if heard.asked.elapsed() < poll => Turn::Wait,
            Some(_) | None => {
                heard.insert(change_id.to_owned(), Heard { asked: Instant::now(), in_sync: false });
                Turn::Ask
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Heard>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Turn {
    InSync,
    Ask,
    Wait,
}

fn ask(aws: &Aws, change_id: &str, calls: &mut Calls<'_>) -> Result<bool, End> {
    let client = aws.route53();
    let answer = calls.call(aws, Service::Route53, "GetChange", || client.get_change().id(change_id).send())?;
    Ok(answer.change_info().is_some_and(|info| *info.status() == ChangeStatus::Insync))
}
