//! The one thread that writes charges. It takes everything that waits, makes one transaction of it, and acknowledges.
//!
//! A store that fails keeps nothing back for good: what could not be written stays in memory, every further attempt
//! tries all of it, and until one succeeds the ledger says that it is not healthy.

use super::queue::{Item, Job, Queue};
use super::rows::{Inserts, NewEntry};
use super::schema::SETTLED;
use crate::{EntryKind, LedgerError};
use jeton_core::{CallId, Certainty};
use rusqlite::{Connection, ErrorCode};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Whether charges can be written, and if not, why.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<Option<String>>);

impl Health {
    pub(super) fn get(&self) -> Result<(), String> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(()),
            Some(why) => Err(why.clone()),
        }
    }

    fn set(&self, state: Option<String>) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*now, &state) {
            (None, Some(why)) => tracing::error!(why, "ledger store failed; calls are refused until it can be written"),
            (Some(_), None) => tracing::info!("ledger store can be written again"),
            _ => {}
        }
        *now = state;
    }
}

/// What an attempt to write came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// So many entries are durable, after so long.
    Written {
        /// Entries in the transaction.
        entries: u64,
        /// Microseconds that it took.
        took_us: u64,
    },
    /// The store failed; the entries are tried again.
    Failed,
}

/// Is told of every attempt to write, on the writer's thread. Must not block.
pub type OnCommit = Arc<dyn Fn(Commit) + Send + Sync>;

pub(super) struct Writer {
    pub(super) on_commit: Option<OnCommit>,
    pub(super) connection: Connection,
    pub(super) queue: Arc<Queue>,
    pub(super) health: Arc<Health>,
    /// How long after a failure the next attempt is made, unless somebody asks for one.
    pub(super) retry: Duration,
}

/// Says so when the thread ends by a panic: nothing would be written any more.
struct Watch(Arc<Health>);

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.set(Some("the ledger's writer ended by a fault of its own; restart the server".to_owned()));
        }
    }
}

/// How a transaction failed.
enum Failure {
    /// The store itself; the same rows may go in later.
    Store(String),
    /// One of the rows; it will never go in.
    Row,
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        let is_row = match error.sqlite_error_code() {
            Some(code) => matches!(
                code,
                ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig | ErrorCode::ParameterOutOfRange | ErrorCode::ApiMisuse
            ),
            None => true,
        };
        if is_row { Self::Row } else { Self::Store(error.to_string()) }
    }
}

impl Writer {
    /// Writes until the queue is stopped and empty.
    pub(super) fn run(mut self) {
        let _watch = Watch(Arc::clone(&self.health));
        let mut items: Vec<Item> = Vec::new();
        let mut failed = false;
        loop {
            let stopping = self.queue.drain(&mut items, failed.then_some(self.retry));
            failed = !self.write(&mut items);
            if stopping {
                if failed {
                    tracing::error!(entries = items.len(), "the ledger's store fails at the end: these entries are lost");
                }
                return;
            }
        }
    }

    /// Makes one transaction of all items, and acknowledges them; false where the store fails, and the items stay.
    fn write(&mut self, items: &mut Vec<Item>) -> bool {
        if items.is_empty() {
            return true;
        }
        let begun = Instant::now();
        match self.transact(items) {
            Ok(()) => {}
            Err(Failure::Store(why)) => return self.keep(items, &why),
            Err(Failure::Row) => {
                if let Err(why) = self.one_by_one(items) {
                    return self.keep(items, &why);
                }
            }
        }
        self.health.set(None);
        self.queue.written(items.len());
        self.tell(Commit::Written { entries: items.len() as u64, took_us: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX) });
        for Item { acknowledge, outcome, .. } in items.drain(..) {
            if let Some(acknowledge) = acknowledge {
                acknowledge.resolve(outcome);
            }
        }
        true
    }

    /// Tells those who wait that the store failed; the items are tried again later.
    fn keep(&self, items: &mut [Item], why: &str) -> bool {
        self.tell(Commit::Failed);
        self.health.set(Some(why.to_owned()));
        for acknowledge in items.iter_mut().filter_map(|item| item.acknowledge.take()) {
            acknowledge.resolve(Err(LedgerError::Store(why.to_owned())));
        }
        false
    }

    fn tell(&self, commit: Commit) {
        if let Some(on_commit) = &self.on_commit {
            on_commit(commit);
        }
    }

    fn transact(&mut self, items: &mut [Item]) -> Result<(), Failure> {
        #[cfg(test)]
        for item in &*items {
            if let Job::Execute(sql) = &item.job {
                self.connection.execute_batch(sql)?;
            }
        }
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let done = insert(&self.connection, items).and_then(|()| Ok(self.connection.prepare_cached("COMMIT")?.execute([])?));
        match done {
            Ok(_) => Ok(()),
            Err(failure) => {
                // SQLite may have rolled back by itself, as it does on a full disk; a second time is an error without effect.
                if !self.connection.is_autocommit() {
                    let _ = self.connection.execute_batch("ROLLBACK");
                }
                Err(failure)
            }
        }
    }

    /// Finds the row that cannot be written, so that it stops nobody else. Such a row is a bug; it is told, not hidden.
    fn one_by_one(&mut self, items: &mut [Item]) -> Result<(), String> {
        for item in items {
            // Rows of an earlier attempt that failed half-way are skipped by their key.
            match self.transact(std::slice::from_mut(item)) {
                Ok(()) => {}
                Err(Failure::Store(why)) => return Err(why),
                Err(Failure::Row) => {
                    tracing::error!(call = ?item.job.call(), "the ledger's store refuses an entry for good");
                    item.outcome = Err(LedgerError::Invalid("the store refuses the entry for good; this is a fault of Jeton's".to_owned()));
                }
            }
        }
        Ok(())
    }
}

impl Job {
    fn call(&self) -> Option<CallId> {
        match self {
            Self::Hold { call, .. } => Some(*call),
            Self::Settle { record, .. } | Self::Adjust { record, .. } => Some(record.id),
            _ => None,
        }
    }
}

fn insert(connection: &Connection, items: &mut [Item]) -> Result<(), Failure> {
    let mut inserts = Inserts::new(connection)?;
    for item in items {
        let is_new = match &item.job {
            Job::Hold { call, step, amount, hold, made_at } => inserts.entry(&NewEntry {
                call: *call,
                step: *step,
                kind: EntryKind::Hold,
                amount: *amount,
                accounts: &hold.accounts,
                at: hold.at,
                made_at: *made_at,
                certainty: Certainty::Estimated,
                simulated: hold.simulated,
                about: Some((&hold.class, &hold.model)),
            })?,
            Job::Settle { record, at, made_at } => inserts.settlement(record, *at, *made_at)?,
            Job::Adjust { record, difference, at, made_at } => inserts.entry(&NewEntry {
                call: record.id,
                step: SETTLED + 1,
                kind: EntryKind::Adjust,
                amount: *difference,
                accounts: &record.attribution.accounts,
                at: *at,
                made_at: *made_at,
                certainty: record.charge_certainty,
                simulated: record.simulated,
                about: None,
            })?,
            Job::Barrier => true,
            #[cfg(test)]
            Job::Execute(_) => true,
        };
        item.outcome = match item.job.call().filter(|_| !is_new) {
            Some(call) => Err(LedgerError::AlreadySettled(call)),
            None => Ok(()),
        };
    }
    Ok(inserts.finish()?)
}
