//! The tables, and how an older file becomes a newer one. Forward only.
//!
//! A call is a row of `calls` (what lists and sums need, so that a scan stays small) and one of `details` (the rest, as
//! JSON). `entries` is keyed by call and step, so one settlement per call is a matter of the key: step 0 is the hold,
//! 1… are raises, 1000 is the charge or release, 1001… are adjustments. None of these tables has a further index: a
//! call's id sorts by time, and each index would cost every call.

use super::tally;
use crate::LedgerError;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// The step of a charge or release.
pub(super) const SETTLED: i64 = 1_000;

/// Makes a file one version newer: the statements, then what SQL cannot say.
type Migration = (&'static str, fn(&Connection) -> Result<(), LedgerError>);

/// The version is the count of those that were run.
const MIGRATIONS: [Migration; 3] =
    [(include_str!("schema-1.sql"), |_| Ok(())), (include_str!("schema-2.sql"), tally::fill), (include_str!("schema-3.sql"), |_| Ok(()))];

/// How long a connection waits for another's transaction, in milliseconds. They last a few milliseconds each.
const BUSY_MS: u64 = 10_000;

/// What a charge survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The death of the process: written to the operating system before it is acknowledged.
    #[default]
    Process,
    /// The death of the machine: synced to the disk before it is acknowledged.
    Power,
}

/// Opens a file for reading and writing, makes it where there is none, and brings it up to date.
pub(super) fn open(path: &Path, durability: Durability) -> Result<Connection, LedgerError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_millis(BUSY_MS))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", if durability == Durability::Power { "full" } else { "normal" })?;
    // A checkpoint copies each changed page once, however often it changed: 32 MiB of log make checkpoints rare and cheap.
    connection.pragma_update(None, "wal_autocheckpoint", 8_192)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.set_prepared_statement_cache_capacity(64);
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens a file that is there for reading only.
pub(super) fn open_reader(path: &Path) -> Result<Connection, LedgerError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_millis(BUSY_MS))?;
    connection.pragma_update(None, "query_only", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// How many migrations the file has seen; none in a file that is no ledger.
pub(super) fn version(connection: &Connection) -> Result<usize, LedgerError> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    usize::try_from(version).map_err(|_| LedgerError::Store(format!("the file's schema version is {version}")))
}

fn migrate(connection: &mut Connection) -> Result<(), LedgerError> {
    if version(connection)? == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    if found > MIGRATIONS.len() {
        return Err(LedgerError::Newer { found: u32::try_from(found).unwrap_or(u32::MAX), known: MIGRATIONS.len() as u32 });
    }
    for (statements, then) in &MIGRATIONS[found..] {
        transaction.execute_batch(statements)?;
        then(&transaction)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::tests::Folder;

    #[test]
    fn a_newer_file_is_refused() {
        let folder = Folder::new();
        let path = folder.path("ledger.db");
        open(&path, Durability::Process).unwrap().pragma_update(None, "user_version", 99).unwrap();
        assert_eq!(open(&path, Durability::Process).err(), Some(LedgerError::Newer { found: 99, known: 3 }));
    }

    #[test]
    fn entries_calls_and_verdicts_cannot_be_changed_or_deleted() {
        let folder = Folder::new();
        let connection = open(&folder.path("ledger.db"), Durability::Process).unwrap();
        connection
            .execute_batch(
                "INSERT INTO entries VALUES (1, 0, 0, 5, 'a', 0, 0, 0, 0, NULL, NULL);
                 INSERT INTO details VALUES (1, '{}');
                 INSERT INTO feedback (call, verdict, by, at) VALUES (1, 'good', 'me', 0);
                 INSERT INTO runs VALUES ('run', 'suite', 0, '{}');
                 INSERT INTO run_rows VALUES ('run', 0, '{}');
                 INSERT INTO notes (kind, subject, at, json) VALUES ('label', 'run', 0, '{}');",
            )
            .unwrap();
        for sql in [
            "UPDATE entries SET amount = 4",
            "DELETE FROM entries",
            "UPDATE details SET json = ''",
            "DELETE FROM details",
            "UPDATE feedback SET verdict = 'bad'",
            "DELETE FROM feedback",
            "UPDATE runs SET json = ''",
            "DELETE FROM runs",
            "UPDATE run_rows SET json = ''",
            "DELETE FROM run_rows",
            "UPDATE notes SET json = ''",
            "DELETE FROM notes",
            "INSERT INTO entries VALUES (1, 0, 0, 5, 'a', 0, 0, 0, 0, NULL, NULL)",
            "INSERT INTO entries VALUES (1, 999, 1, 5, 'a', 0, 0, 0, 0, NULL, NULL)",
            "INSERT INTO entries VALUES (1, 1000, 2, 5, 'a', 0, 0, 0, 0, NULL, NULL)",
        ] {
            assert!(connection.execute(sql, []).is_err(), "{sql}");
        }
    }
}
