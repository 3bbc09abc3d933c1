//! A ledger in an SQLite file: what was written down survives a crash and a loss of power. Several processes of one
//! machine may share it.

use super::rows::{self, ENDED, GIVEN_BACK, HELD, Row};
use super::schema::{self, OpenError};
use reeve_engine::ledger::{SETTLED_SECONDS, UNFINISHED_SECONDS, clock_hour, later};
use reeve_engine::{Begin, Claim, Held, Holding, Lease, Ledger, LedgerError, LedgerKey, Progress, Settled, Step};
use reeve_model::{Digest, Timestamp};
use rusqlite::{Connection, TransactionBehavior};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Forgotten requests that one claim clears away at most, so that no claim waits for a long sweep. Each claim adds one at
/// most, so the file does not grow.
const SWEPT_PER_CLAIM: i64 = 4;
/// Clock hours before the present one whose amounts are kept: gates' clocks differ by less than one.
const HOURS_KEPT: i64 = 1;

/// Remembers requests in a file.
///
/// One connection behind a lock: SQLite has one writer, and all but `held` write. Every write is one `IMMEDIATE`
/// transaction in which the fencing token is looked at first, so it holds among processes as well.
#[derive(Debug)]
pub struct SqliteLedger {
    connection: Mutex<Connection>,
    path: PathBuf,
}

impl SqliteLedger {
    /// Opens or makes the file, readable for its owner only. Its folder has to be there, on a local file system.
    ///
    /// # Errors
    /// When the file cannot be used, is no ledger, or is one of a newer Reeve.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { connection: Mutex::new(schema::open(path)?), path: path.to_owned() })
    }

    /// One transaction: all of `work`, or nothing when it ends in an error.
    fn write<T>(&self, what: &str, work: impl FnOnce(&Connection) -> Result<T, Failed>) -> Result<T, LedgerError> {
        // A panic in `work` has dropped its transaction, which rolls it back, so the connection is whole.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let run = || {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        run().map_err(|failed| self.told(what, failed))
    }

    fn told(&self, what: &str, failed: Failed) -> LedgerError {
        match failed {
            Failed::Lost => LedgerError::Lost,
            Failed::Sqlite(error) => {
                LedgerError::Unavailable(format!("failed to {what} in `{}`: {error}", self.path.display()))
            }
        }
    }
}

/// Why a transaction was rolled back.
#[derive(Debug)]
enum Failed {
    Lost,
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// SQLite's integers have a sign; tokens start at 1 and never come near its end.
fn signed(token: u64) -> i64 {
    i64::try_from(token).unwrap_or(i64::MAX)
}

/// The request of a lease whose token is the newest of its key.
fn newest(db: &Connection, lease: &Lease) -> Result<Row, Failed> {
    let row = rows::find(db, &lease.key)?.filter(|row| row.token == signed(lease.token));
    row.ok_or(Failed::Lost)
}

/// The request of a lease that is neither lost, given back nor ended.
fn fenced(db: &Connection, lease: &Lease) -> Result<Row, Failed> {
    Some(newest(db, lease)?).filter(|row| row.phase == HELD).ok_or(Failed::Lost)
}

/// When a request is forgotten that nobody ends after `until`.
fn abandoned(until: Timestamp) -> i64 {
    later(until, UNFINISHED_SECONDS).as_second()
}

fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}

impl Ledger for SqliteLedger {
    fn claim(&self, key: &LedgerKey, body: &Digest, now: Timestamp) -> Result<Claim, LedgerError> {
        self.write("claim a request", |db| {
            let second = now.as_second();
            rows::sweep(db, second, SWEPT_PER_CLAIM)?;
            let mut there = rows::find(db, key)?;
            if let Some(row) = there.take_if(|row| row.forgotten <= second) {
                rows::forget(db, row.id)?;
            }
            let mut progress = Progress::default();
            if let Some(row) = there {
                if row.body != body.as_str() {
                    return Ok(Claim::Different);
                }
                if row.phase == ENDED {
                    return Ok(Claim::Settled(rows::answer(db, row.id)?));
                }
                if row.phase == HELD && row.until > second {
                    return Ok(Claim::Busy { until: moment(row.until) });
                }
                progress = rows::progress(db, row.id)?;
            }
            let until = Lease::end(now);
            let token = rows::next_token(db)?;
            rows::hold(db, key, body, (token, until.as_second(), abandoned(until)))?;
            let lease = Lease { key: key.clone(), token: token.unsigned_abs(), until };
            Ok(Claim::Taken { lease, progress })
        })
    }

    fn renew(&self, lease: &Lease, now: Timestamp) -> Result<Lease, LedgerError> {
        self.write("renew a lease", |db| {
            let until = Lease::end(now);
            rows::set_until(db, fenced(db, lease)?.id, until.as_second(), abandoned(until))?;
            Ok(Lease { until, ..lease.clone() })
        })
    }

    fn begin(&self, lease: &Lease, begin: &Begin, now: Timestamp) -> Result<Result<(), Held>, LedgerError> {
        self.write("begin a round", |db| {
            let request = fenced(db, lease)?.id;
            if rows::begun(db, request, begin.round)? {
                return Ok(Ok(()));
            }
            let hour = clock_hour(now);
            if let Some(held) = rows::held_back(db, begin, hour)? {
                return Ok(Err(held));
            }
            rows::write_round(db, request, begin, hour, hour - HOURS_KEPT)?;
            Ok(Ok(()))
        })
    }

    fn note(&self, lease: &Lease, step: Step, name: &str, value: &str) -> Result<(), LedgerError> {
        self.write("write a note", |db| Ok(rows::write_note(db, fenced(db, lease)?.id, step, name, value)?))
    }

    fn settle(
        &self,
        lease: &Lease,
        settled: &Settled,
        released: &[Holding],
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.write("end a request", |db| {
            let row = newest(db, lease)?;
            if row.phase == ENDED && rows::answer(db, row.id)? == *settled {
                return Ok(());
            }
            let row = fenced(db, lease)?;
            rows::end(db, row.id, settled, later(now, SETTLED_SECONDS).as_second())?;
            Ok(rows::give_up(db, released, &lease.key.account)?)
        })
    }

    fn release(&self, lease: &Lease) -> Result<(), LedgerError> {
        self.write("give a claim back", |db| match newest(db, lease)? {
            row if row.phase == HELD || row.phase == GIVEN_BACK => Ok(rows::give_back(db, row.id)?),
            _ => Err(Failed::Lost),
        })
    }

    fn held(&self, scope: &str, names: &BTreeSet<String>) -> Result<Vec<Holding>, LedgerError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || -> rusqlite::Result<Vec<Holding>> {
            // One reading transaction: all names as of one moment.
            let db = connection.unchecked_transaction()?;
            rows::holdings(&db, names.iter().map(|name| (scope, name.as_str())))
        };
        read().map_err(|error| self.told("read holdings", error.into()))
    }
}
