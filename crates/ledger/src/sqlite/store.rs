//! The file as commands see it: questions, verdicts and keys, beside a running server or without one.

use super::schema::{Durability, open, open_reader};
use super::{backup, export, keys, list, spent, sums, verify};
use crate::{
    AccountConfig, AccountStanding, CallDetail, CallFilter, CallRow, CostQuery, CostRow, ExportFormat, ExportTable, Feedback, KeyRecord, LatencyQuery,
    LatencyRow, LedgerError, NewKey, Records, SeriesRow, Sums, VerifyReport,
};
use jeton_core::{CallId, Timestamp};
use rusqlite::Connection;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// How many connections for reading are kept open.
const READERS_KEPT: usize = 4;

/// A ledger file without the right to charge.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    /// For verdicts and keys, which are rare; charges have a connection of their own.
    side: Mutex<Connection>,
}

impl SqliteStore {
    /// Opens a ledger, and makes an empty one where there is none.
    ///
    /// # Errors
    /// [`LedgerError::Store`] where the file cannot be opened or is no ledger, [`LedgerError::Newer`] where a newer Jeton wrote it.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        Self::open_with(path, Durability::Process)
    }

    pub(super) fn open_with(path: &Path, durability: Durability) -> Result<Self, LedgerError> {
        let side = Mutex::new(open(path, durability)?);
        Ok(Self { path: path.to_owned(), readers: Mutex::default(), side })
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn reader(&self) -> Result<Connection, LedgerError> {
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.map_or_else(|| open_reader(&self.path), Ok)
    }

    pub(super) fn keep(&self, reader: Connection) {
        let mut kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < READERS_KEPT {
            kept.push(reader);
        }
    }

    pub(super) fn read<T>(&self, with: impl FnOnce(&Connection) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        let reader = self.reader()?;
        let result = with(&reader);
        self.keep(reader);
        result
    }

    pub(super) fn write<T>(&self, with: impl FnOnce(&mut Connection) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        with(&mut self.side.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Records for SqliteStore {
    fn calls(&self, filter: &CallFilter) -> Result<Vec<CallRow>, LedgerError> {
        self.read(|reader| list::calls(reader, filter))
    }

    fn call(&self, id: CallId) -> Result<Option<CallDetail>, LedgerError> {
        self.read(|reader| list::call(reader, id))
    }

    fn newest_call(&self) -> Result<Option<CallId>, LedgerError> {
        self.read(list::newest_call)
    }

    fn cost(&self, query: &CostQuery) -> Result<Vec<CostRow>, LedgerError> {
        self.read(|reader| sums::cost(reader, query))
    }

    fn totals(&self, since: Option<Timestamp>, until: Option<Timestamp>) -> Result<(Sums, Sums), LedgerError> {
        self.read(|reader| sums::totals(reader, since, until))
    }

    fn series(&self, since: Timestamp, until: Timestamp, bucket_ms: i64) -> Result<Vec<SeriesRow>, LedgerError> {
        self.read(|reader| sums::series(reader, since, until, bucket_ms))
    }

    fn latency(&self, query: &LatencyQuery) -> Result<Vec<LatencyRow>, LedgerError> {
        self.read(|reader| sums::latency(reader, query))
    }

    fn standings_of(&self, accounts: &[AccountConfig], now: Timestamp) -> Result<Vec<AccountStanding>, LedgerError> {
        self.read(|reader| spent::standings(reader, accounts, now))
    }

    fn feedback(&self, call: CallId, feedback: &Feedback) -> Result<(), LedgerError> {
        self.write(|side| list::add_feedback(side, call, feedback))
    }

    fn create_key(&self, key: NewKey, now: Timestamp) -> Result<(KeyRecord, String), LedgerError> {
        self.write(|side| keys::create(side, key, now))
    }

    fn keys(&self) -> Result<Vec<KeyRecord>, LedgerError> {
        self.read(|reader| Ok(keys::read_all(reader)?.into_iter().map(|(key, _)| key).collect()))
    }

    fn revoke_key(&self, name_or_id: &str, now: Timestamp) -> Result<KeyRecord, LedgerError> {
        self.write(|side| keys::revoke(side, name_or_id, now))
    }

    fn verify(&self) -> Result<VerifyReport, LedgerError> {
        self.read(|reader| verify::snapshot(reader, |reader| verify::check(reader, None)))
    }

    fn export(&self, table: ExportTable, format: ExportFormat, out: &mut dyn Write) -> Result<u64, LedgerError> {
        self.read(|reader| export::export(reader, table, format, out))
    }

    fn backup(&self, to: &Path) -> Result<(), LedgerError> {
        self.read(|reader| backup::backup(reader, to))
    }
}
