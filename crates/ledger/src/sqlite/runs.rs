//! Runs, rows and notes.

use super::{SqliteLedger, SqliteStore};
use crate::{LedgerError, Note, NoteFilter, RunRecord, RunRow, Runs};
use jeton_core::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

fn begin(connection: &Connection, run: &RunRecord) -> Result<(), LedgerError> {
    let added = connection.prepare_cached("INSERT INTO runs VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?.execute(params![
        run.id,
        run.suite,
        run.started.0,
        run.json
    ])?;
    if added == 0 { Err(LedgerError::Exists(format!("there is a run `{}` already", run.id))) } else { Ok(()) }
}

/// Adds rows in one transaction; a place that is written already keeps what it has. Says how many were new.
fn append(connection: &mut Connection, run: &str, rows: &[RunRow]) -> Result<u64, LedgerError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut added = 0;
    {
        let mut statement = transaction.prepare_cached("INSERT INTO run_rows VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?;
        for row in rows {
            added += statement.execute(params![run, i64::try_from(row.launch).unwrap_or(i64::MAX), row.json])? as u64;
        }
    }
    transaction.commit()?;
    Ok(added)
}

fn find(connection: &Connection, id: &str) -> Result<Option<RunRecord>, LedgerError> {
    Ok(connection.prepare_cached("SELECT id, suite, started, json FROM runs WHERE id = ?1")?.query_row([id], read_run).optional()?)
}

fn list(connection: &Connection, suite: Option<&str>, limit: u64) -> Result<Vec<RunRecord>, LedgerError> {
    let mut statement =
        connection.prepare_cached("SELECT id, suite, started, json FROM runs WHERE ?1 IS NULL OR suite = ?1 ORDER BY started DESC, id DESC LIMIT ?2")?;
    let rows = statement.query_map(params![suite, i64::try_from(limit).unwrap_or(i64::MAX)], read_run)?;
    rows.map(|row| row.map_err(LedgerError::from)).collect()
}

fn rows(connection: &Connection, run: &str, from: u64) -> Result<Vec<RunRow>, LedgerError> {
    let mut statement = connection.prepare_cached("SELECT launch, json FROM run_rows WHERE run = ?1 AND launch >= ?2 ORDER BY launch")?;
    let read = |row: &Row<'_>| Ok(RunRow { launch: row.get::<_, i64>(0)?.unsigned_abs(), json: row.get(1)? });
    let rows = statement.query_map(params![run, i64::try_from(from).unwrap_or(i64::MAX)], read)?;
    rows.map(|row| row.map_err(LedgerError::from)).collect()
}

fn add_note(connection: &Connection, note: &Note) -> Result<(), LedgerError> {
    connection.prepare_cached("INSERT INTO notes (kind, subject, at, json) VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        note.kind,
        note.subject,
        note.at.0,
        note.json
    ])?;
    Ok(())
}

/// Notes, the newest first.
fn notes(connection: &Connection, filter: &NoteFilter) -> Result<Vec<Note>, LedgerError> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, subject, at, json FROM notes
         WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR substr(subject, 1, length(?2)) = ?2) ORDER BY id DESC LIMIT ?3",
    )?;
    let limit = filter.limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let read = |row: &Row<'_>| Ok(Note { kind: row.get(0)?, subject: row.get(1)?, at: Timestamp(row.get(2)?), json: row.get(3)? });
    let rows = statement.query_map(params![filter.kind, filter.subject_prefix, limit], read)?;
    rows.map(|row| row.map_err(LedgerError::from)).collect()
}

fn read_run(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    Ok(RunRecord { id: row.get(0)?, suite: row.get(1)?, started: Timestamp(row.get(2)?), json: row.get(3)? })
}

impl Runs for SqliteStore {
    fn begin_run(&self, run: &RunRecord) -> Result<(), LedgerError> {
        self.write(|side| begin(side, run))
    }

    fn append_rows(&self, run: &str, rows: &[RunRow]) -> Result<u64, LedgerError> {
        self.write(|side| append(side, run, rows))
    }

    fn run(&self, id: &str) -> Result<Option<RunRecord>, LedgerError> {
        self.read(|reader| find(reader, id))
    }

    fn runs(&self, suite: Option<&str>, limit: u64) -> Result<Vec<RunRecord>, LedgerError> {
        self.read(|reader| list(reader, suite, limit))
    }

    fn rows(&self, run: &str, from: u64) -> Result<Vec<RunRow>, LedgerError> {
        self.read(|reader| rows(reader, run, from))
    }

    fn add_note(&self, note: &Note) -> Result<(), LedgerError> {
        self.write(|side| add_note(side, note))
    }

    fn notes(&self, filter: &NoteFilter) -> Result<Vec<Note>, LedgerError> {
        self.read(|reader| notes(reader, filter))
    }
}

impl Runs for SqliteLedger {
    fn begin_run(&self, run: &RunRecord) -> Result<(), LedgerError> {
        self.store.begin_run(run)
    }

    fn append_rows(&self, run: &str, rows: &[RunRow]) -> Result<u64, LedgerError> {
        self.store.append_rows(run, rows)
    }

    fn run(&self, id: &str) -> Result<Option<RunRecord>, LedgerError> {
        self.store.run(id)
    }

    fn runs(&self, suite: Option<&str>, limit: u64) -> Result<Vec<RunRecord>, LedgerError> {
        self.store.runs(suite, limit)
    }

    fn rows(&self, run: &str, from: u64) -> Result<Vec<RunRow>, LedgerError> {
        self.store.rows(run, from)
    }

    fn add_note(&self, note: &Note) -> Result<(), LedgerError> {
        self.store.add_note(note)
    }

    fn notes(&self, filter: &NoteFilter) -> Result<Vec<Note>, LedgerError> {
        self.store.notes(filter)
    }
}
