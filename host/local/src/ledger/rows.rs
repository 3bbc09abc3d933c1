//! The statements of the ledger's file, each over one open transaction.

use reeve_engine::{Begin, Held, Holding, LedgerKey, Progress, Settled, Step};
use reeve_model::{AccountId, Digest};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, params};

/// Held by a lease.
pub(super) const HELD: i64 = 0;
/// Given back by its holder.
pub(super) const GIVEN_BACK: i64 = 1;
/// Ended with an answer.
pub(super) const ENDED: i64 = 2;

/// One request as it lies in the file.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) body: String,
    pub(super) token: i64,
    pub(super) phase: i64,
    pub(super) until: i64,
    pub(super) forgotten: i64,
}

/// A value in the file that no ledger wrote.
fn unreadable(column: usize, what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
}

pub(super) fn find(db: &Connection, key: &LedgerKey) -> rusqlite::Result<Option<Row>> {
    let mut statement = db.prepare(
        "SELECT id, body, token, phase, until, forgotten FROM request
         WHERE account = ?1 AND nonce = ?2 AND kind = ?3 AND source = ?4",
    )?;
    let row = statement.query_row(params![key.account.as_str(), key.nonce.as_str(), key.kind, key.source], |row| {
        Ok(Row {
            id: row.get(0)?,
            body: row.get(1)?,
            token: row.get(2)?,
            phase: row.get(3)?,
            until: row.get(4)?,
            forgotten: row.get(5)?,
        })
    });
    row.optional()
}

pub(super) fn next_token(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare("UPDATE counter SET token = token + 1 RETURNING token")?.query_row([], |row| row.get(0))
}

/// A new request, or one more claim of a request that is there.
pub(super) fn hold(
    db: &Connection,
    key: &LedgerKey,
    body: &Digest,
    (token, until, forgotten): (i64, i64, i64),
) -> rusqlite::Result<()> {
    let mut statement = db.prepare(
        "INSERT INTO request (account, nonce, kind, source, body, token, phase, until, forgotten)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8)
         ON CONFLICT (account, nonce, kind, source)
         DO UPDATE SET token = excluded.token, phase = 0, until = excluded.until, forgotten = excluded.forgotten",
    )?;
    let (account, nonce) = (key.account.as_str(), key.nonce.as_str());
    statement.execute(params![account, nonce, key.kind, key.source, body.as_str(), token, until, forgotten])?;
    Ok(())
}

pub(super) fn set_until(db: &Connection, id: i64, until: i64, forgotten: i64) -> rusqlite::Result<()> {
    let mut statement = db.prepare("UPDATE request SET until = ?2, forgotten = ?3 WHERE id = ?1")?;
    statement.execute([id, until, forgotten]).map(|_| ())
}

pub(super) fn give_back(db: &Connection, id: i64) -> rusqlite::Result<()> {
    db.prepare("UPDATE request SET phase = 1 WHERE id = ?1")?.execute([id]).map(|_| ())
}

/// Forgets a request with all that hangs on it.
pub(super) fn forget(db: &Connection, id: i64) -> rusqlite::Result<()> {
    db.prepare("DELETE FROM request WHERE id = ?1")?.execute([id]).map(|_| ())
}

/// Forgets at most `rows_max` requests whose time is over.
pub(super) fn sweep(db: &Connection, now: i64, rows_max: i64) -> rusqlite::Result<()> {
    let mut statement = db.prepare(
        "DELETE FROM request WHERE id IN (SELECT id FROM request WHERE forgotten <= ?1 ORDER BY forgotten LIMIT ?2)",
    )?;
    statement.execute([now, rows_max]).map(|_| ())
}

pub(super) fn progress(db: &Connection, id: i64) -> rusqlite::Result<Progress> {
    let mut progress = Progress::default();
    let mut plans = db.prepare("SELECT round, text FROM plan WHERE request = ?1")?;
    let mut rows = plans.query([id])?;
    while let Some(row) = rows.next()? {
        progress.plans.insert(row.get(0)?, row.get(1)?);
    }
    let mut notes = db.prepare("SELECT round, action, name, value FROM note WHERE request = ?1")?;
    let mut rows = notes.query([id])?;
    while let Some(row) = rows.next()? {
        let step = Step { round: row.get(0)?, action: row.get(1)? };
        progress.notes.entry(step).or_default().insert(row.get(2)?, row.get(3)?);
    }
    Ok(progress)
}

pub(super) fn answer(db: &Connection, id: i64) -> rusqlite::Result<Settled> {
    let mut request = db.prepare("SELECT permitted, receipt FROM request WHERE id = ?1")?;
    let (permitted, receipt): (bool, String) = request.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let receipt = Digest::parse(&receipt).ok_or_else(|| unreadable(1, "no digest"))?;
    let mut pages = db.prepare("SELECT text FROM reply WHERE request = ?1 ORDER BY page")?;
    let reply = pages.query_map([id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(Settled { permitted, receipt, reply })
}

pub(super) fn end(db: &Connection, id: i64, settled: &Settled, forgotten: i64) -> rusqlite::Result<()> {
    let mut statement =
        db.prepare("UPDATE request SET phase = 2, forgotten = ?2, permitted = ?3, receipt = ?4 WHERE id = ?1")?;
    statement.execute(params![id, forgotten, settled.permitted, settled.receipt.as_str()])?;
    let mut statement = db.prepare("INSERT INTO reply (request, page, text) VALUES (?1, ?2, ?3)")?;
    for (page, text) in (0_i64..).zip(&settled.reply) {
        statement.execute(params![id, page, text])?;
    }
    db.prepare("DELETE FROM plan WHERE request = ?1")?.execute([id])?;
    db.prepare("DELETE FROM note WHERE request = ?1")?.execute([id]).map(|_| ())
}

pub(super) fn begun(db: &Connection, id: i64, round: u32) -> rusqlite::Result<bool> {
    db.prepare("SELECT 1 FROM plan WHERE request = ?1 AND round = ?2")?.exists(params![id, round])
}

/// Why the amounts and holdings of a round cannot be granted.
pub(super) fn held_back(db: &Connection, begin: &Begin, hour: i64) -> rusqlite::Result<Option<Held>> {
    let mut statement = db.prepare("SELECT spent FROM spend WHERE hour = ?1 AND scope = ?2")?;
    for (scope, (amount, hourly_max)) in begin.amounts() {
        let spent: u32 = statement.query_row(params![hour, scope], |row| row.get(0)).optional()?.unwrap_or(0);
        if u64::from(spent).saturating_add(amount) > u64::from(hourly_max) {
            return Ok(Some(Held::Spent { scope: scope.to_owned(), spent }));
        }
    }
    let wanted = match begin.held() {
        Ok(wanted) => wanted,
        Err(held) => return Ok(Some(held)),
    };
    let there = self::holdings(db, wanted.keys().copied())?;
    let another = |holding: &Holding| {
        let wanted = wanted.get(&(holding.scope.as_str(), holding.name.as_str()));
        wanted.is_some_and(|wanted| wanted.owner != holding.owner)
    };
    Ok(there.into_iter().find(another).map(Held::ByAnother))
}

/// Writes a round down; what it asks for was found to be free in the same transaction.
pub(super) fn write_round(
    db: &Connection,
    id: i64,
    begin: &Begin,
    hour: i64,
    hour_kept_first: i64,
) -> rusqlite::Result<()> {
    let mut plan = db.prepare("INSERT INTO plan (request, round, text) VALUES (?1, ?2, ?3)")?;
    plan.execute(params![id, begin.round, begin.plan])?;
    db.prepare("DELETE FROM spend WHERE hour < ?1")?.execute([hour_kept_first])?;
    let mut spend = db.prepare(
        "INSERT INTO spend (hour, scope, spent) VALUES (?1, ?2, ?3)
         ON CONFLICT (hour, scope) DO UPDATE SET spent = spent + excluded.spent",
    )?;
    for (scope, (amount, _)) in begin.amounts() {
        // It was found to fit in the limit, which is a u32.
        spend.execute(params![hour, scope, u32::try_from(amount).unwrap_or(u32::MAX)])?;
    }
    let mut hold = db.prepare(
        "INSERT INTO holding (scope, name, owner, value) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (scope, name) DO UPDATE SET owner = excluded.owner, value = excluded.value",
    )?;
    for holding in &begin.holdings {
        hold.execute(params![holding.scope, holding.name, holding.owner.as_str(), holding.value])?;
    }
    Ok(())
}

pub(super) fn write_note(db: &Connection, id: i64, step: Step, name: &str, value: &str) -> rusqlite::Result<()> {
    let mut statement = db.prepare(
        "INSERT INTO note (request, round, action, name, value) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (request, round, action, name) DO UPDATE SET value = excluded.value",
    )?;
    statement.execute(params![id, step.round, step.action, name, value]).map(|_| ())
}

/// Gives up those of the holdings that `owner` holds with the same value.
pub(super) fn give_up(db: &Connection, holdings: &[Holding], owner: &AccountId) -> rusqlite::Result<()> {
    let mut statement =
        db.prepare("DELETE FROM holding WHERE scope = ?1 AND name = ?2 AND owner = ?3 AND value = ?4")?;
    for holding in holdings {
        statement.execute(params![holding.scope, holding.name, owner.as_str(), holding.value])?;
    }
    Ok(())
}

/// Those of the names that somebody holds, in the order given.
pub(super) fn holdings<'a>(
    db: &Connection,
    names: impl Iterator<Item = (&'a str, &'a str)>,
) -> rusqlite::Result<Vec<Holding>> {
    let mut statement = db.prepare("SELECT owner, value FROM holding WHERE scope = ?1 AND name = ?2")?;
    let mut found = Vec::new();
    for (scope, name) in names {
        let row: Option<(String, String)> =
            statement.query_row([scope, name], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        if let Some((owner, value)) = row {
            let owner = AccountId::parse(&owner).ok_or_else(|| unreadable(0, "no account id"))?;
            found.push(Holding { scope: scope.to_owned(), name: name.to_owned(), owner, value });
        }
    }
    Ok(found)
}
