//! The ledger's file: how it is opened, what is in it, and what is refused.

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Version of the schema, kept in the file's `user_version`. A file of a newer version is refused.
pub const SCHEMA_VERSION: i64 = 1;
/// Marks the file as a ledger of Reeve (`application_id`): "reev" in ASCII.
const APPLICATION_ID: i64 = 0x7265_6576;
/// How long to wait for other writers, milliseconds. A write holds the file for some milliseconds, so this is hundreds of
/// writes, and still far less than a lease.
const BUSY_TIMEOUT_MS: u64 = 20_000;
/// Pause between tries where SQLite does not wait by itself (changing the journal mode), milliseconds.
const BUSY_PAUSE_MS: u64 = 5;
/// Only the owner: replies and notes may hold what others must not read.
const FILE_MODE: u32 = 0o600;

/// All moments are whole seconds since 1970. `phase`: 0 held, 1 given back, 2 ended. `forgotten`: from when the key is
/// new again. Tokens come from one counter, so that they grow beyond a key that was forgotten.
const SCHEMA: &str = "
CREATE TABLE counter (id INTEGER PRIMARY KEY CHECK (id = 0), token INTEGER NOT NULL) STRICT;
INSERT INTO counter VALUES (0, 0);
CREATE TABLE request (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    nonce TEXT NOT NULL,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    body TEXT NOT NULL,
    token INTEGER NOT NULL,
    phase INTEGER NOT NULL CHECK (phase IN (0, 1, 2)),
    until INTEGER NOT NULL,
    forgotten INTEGER NOT NULL,
    permitted INTEGER,
    receipt TEXT,
    UNIQUE (account, nonce, kind, source),
    CHECK ((phase = 2) = (permitted IS NOT NULL AND receipt IS NOT NULL))
) STRICT;
CREATE INDEX request_forgotten ON request (forgotten);
CREATE TABLE reply (
    request INTEGER NOT NULL REFERENCES request ON DELETE CASCADE,
    page INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (request, page)
) STRICT;
CREATE TABLE plan (
    request INTEGER NOT NULL REFERENCES request ON DELETE CASCADE,
    round INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (request, round)
) STRICT;
CREATE TABLE note (
    request INTEGER NOT NULL REFERENCES request ON DELETE CASCADE,
    round INTEGER NOT NULL,
    action INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (request, round, action, name)
) STRICT;
CREATE TABLE spend (
    hour INTEGER NOT NULL,
    scope TEXT NOT NULL,
    spent INTEGER NOT NULL,
    PRIMARY KEY (hour, scope)
) STRICT, WITHOUT ROWID;
CREATE TABLE holding (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;
";

/// Why a ledger's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file could not be made, or its permissions not be set.
    #[error("failed to {what} `{path}`")]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// SQLite refuses it: no database, damaged, locked, or no room.
    #[error("failed to {what} `{path}`")]
    Sqlite {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: rusqlite::Error,
    },
    /// It is a database of something else.
    #[error("`{path}` is a database, but no ledger")]
    NotALedger {
        /// The file.
        path: PathBuf,
    },
    /// A newer Reeve has written it.
    #[error("`{path}` has version {found} of the ledger; this Reeve knows versions up to {SCHEMA_VERSION}")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// The file system cannot share memory between processes, which SQLite's write-ahead log needs.
    #[error("`{path}` cannot have a write-ahead log; it has the journal mode `{mode}`")]
    NoWal {
        /// The file.
        path: PathBuf,
        /// The mode that SQLite has chosen.
        mode: String,
    },
}

/// Opens a ledger's file, and makes it when it is not there. Its folder has to be there.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    make_private(path)?;
    let failed = |what| move |source| OpenError::Sqlite { what, path: path.to_owned(), source };
    // Without SQLITE_OPEN_URI: a path is a path. Without SQLITE_OPEN_CREATE: it was made above with its permissions.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed("open"))?;
    connection.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS)).map_err(failed("open"))?;
    // What was begun must survive a loss of power: every commit is synced.
    connection.pragma_update(None, "synchronous", "FULL").map_err(failed("set up"))?;
    connection.pragma_update(None, "foreign_keys", true).map_err(failed("set up"))?;
    check(&connection, path)?;
    let mode = write_ahead(&connection).map_err(failed("set up"))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(OpenError::NoWal { path: path.to_owned(), mode });
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed("set up"))?;
    if check(&transaction, path)? == 0 {
        transaction.execute_batch(SCHEMA).map_err(failed("set up"))?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed("set up"))?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION).map_err(failed("set up"))?;
    }
    transaction.commit().map_err(failed("set up"))?;
    Ok(connection)
}

/// Makes the file for its owner only; narrows one that others may read. SQLite gives its log the same permissions.
fn make_private(path: &Path) -> Result<(), OpenError> {
    let failed = |what| move |source| OpenError::File { what, path: path.to_owned(), source };
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE).open(path);
    let file = file.map_err(failed("open"))?;
    let mode = file.metadata().map_err(failed("read the permissions of"))?.permissions().mode();
    if mode & 0o777 & !FILE_MODE != 0 {
        file.set_permissions(Permissions::from_mode(FILE_MODE)).map_err(failed("set the permissions of"))?;
    }
    Ok(())
}

/// The version of the schema, 0 for an empty file.
fn check(connection: &Connection, path: &Path) -> Result<i64, OpenError> {
    let number = |sql: &str| {
        let failed = |source| OpenError::Sqlite { what: "read", path: path.to_owned(), source };
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(failed)
    };
    let version = number("PRAGMA user_version")?;
    let application = number("PRAGMA application_id")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    match (application, version) {
        (APPLICATION_ID, found) if found > SCHEMA_VERSION => Err(OpenError::Newer { path: path.to_owned(), found }),
        (APPLICATION_ID, SCHEMA_VERSION) => Ok(SCHEMA_VERSION),
        (0, 0) if tables == 0 => Ok(0),
        _ => Err(OpenError::NotALedger { path: path.to_owned() }),
    }
}

/// Turns the write-ahead log on. SQLite does not wait for others here, so this does.
fn write_ahead(connection: &Connection) -> Result<String, rusqlite::Error> {
    let deadline = Instant::now() + Duration::from_millis(BUSY_TIMEOUT_MS);
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(BUSY_PAUSE_MS));
            }
            result => return result,
        }
    }
}
