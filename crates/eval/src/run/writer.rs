//! Rows on their way to the ledger: a thread of its own writes what has come in one transaction, so that no case waits for a disk.

use crate::Row;
use jeton_ledger::{LedgerError, Records, RunRow};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// The most rows of one transaction.
const BATCH_MAX: usize = 512;

/// Writes the rows of one run.
#[derive(Debug)]
pub struct RowWriter {
    rows: Option<Sender<RunRow>>,
    thread: Option<JoinHandle<()>>,
    failed: Arc<Mutex<Option<LedgerError>>>,
}

impl RowWriter {
    /// Begins to write rows of `run`.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn start(store: Arc<dyn Records>, run: &str) -> std::io::Result<Self> {
        let (rows, incoming) = channel();
        let failed = Arc::new(Mutex::new(None));
        let (run, told) = (run.to_owned(), Arc::clone(&failed));
        let thread = std::thread::Builder::new().name("run-rows".to_owned()).spawn(move || write(&*store, &run, &incoming, &told))?;
        Ok(Self { rows: Some(rows), thread: Some(thread), failed })
    }

    /// Hands a row over.
    ///
    /// # Errors
    /// Where an earlier row could not be written: whoever runs must stop, since what is paid for would be lost.
    pub fn put(&self, row: &Row) -> Result<(), LedgerError> {
        self.check()?;
        let json = serde_json::to_string(row).map_err(|error| LedgerError::Store(error.to_string()))?;
        let sent = self.rows.as_ref().map(|rows| rows.send(RunRow { launch: row.launch, json }));
        if matches!(sent, Some(Ok(()))) { Ok(()) } else { self.check().and(Err(LedgerError::Store("the rows' writer has ended".to_owned()))) }
    }

    /// Waits until all rows are durable.
    ///
    /// # Errors
    /// Where one could not be written.
    pub fn finish(mut self) -> Result<(), LedgerError> {
        self.close();
        self.check()
    }

    fn check(&self) -> Result<(), LedgerError> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone().map_or(Ok(()), Err)
    }

    fn close(&mut self) {
        drop(self.rows.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for RowWriter {
    fn drop(&mut self) {
        self.close();
    }
}

fn write(store: &dyn Records, run: &str, incoming: &Receiver<RunRow>, failed: &Mutex<Option<LedgerError>>) {
    while let Ok(first) = incoming.recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH_MAX
            && let Ok(next) = incoming.try_recv()
        {
            batch.push(next);
        }
        if let Err(error) = store.append_rows(run, &batch) {
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            return;
        }
    }
}

/// The rows of a run, in the order of their launch.
///
/// # Errors
/// Where the store fails, or holds what is no row.
pub fn read_rows(store: &dyn Records, run: &str) -> Result<Vec<Row>, LedgerError> {
    let unreadable = |launch: u64, error: &dyn std::fmt::Display| LedgerError::Store(format!("row {launch} of {run} cannot be read: {error}"));
    store.rows(run, 0)?.iter().map(|row| serde_json::from_str(&row.json).map_err(|error| unreadable(row.launch, &error))).collect()
}
