//! Runs of suites as the ledger keeps them: heads, rows and notes, whose content belongs to evaluation.

use crate::LedgerError;
use jeton_core::Timestamp;
use serde::{Deserialize, Serialize};

/// The head of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Unique; sorts by time.
    pub id: String,
    /// The suite's name.
    pub suite: String,
    /// When it began.
    pub started: Timestamp,
    /// Everything that is needed to go on with it, as JSON.
    pub json: String,
}

/// A row of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRow {
    /// Its place in the run's order, from 0. A place is written once.
    pub launch: u64,
    /// What became of it, as JSON.
    pub json: String,
}

/// Something said of a run, a suite, a case or a class after the fact: the end of a run, a label, a cause, a heartbeat, an alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// A word for what it is: `run-end`, `label`, `cause`, `heartbeat`, `alarm`.
    pub kind: String,
    /// What it is about: a run's id, a suite's name, `run/case`.
    pub subject: String,
    /// When.
    pub at: Timestamp,
    /// What is said, as JSON.
    pub json: String,
}

/// Which notes are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoteFilter {
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only about subjects that begin so.
    pub subject_prefix: Option<String>,
    /// At most so many, the newest; none: all.
    pub limit: Option<u64>,
}

/// Runs of suites in the store. All methods block on it for a moment; the errors of all are [`LedgerError::Store`] and what each names besides.
pub trait Runs: Send + Sync {
    /// Begins a run.
    ///
    /// # Errors
    /// [`LedgerError::Exists`] where a run has this id.
    fn begin_run(&self, run: &RunRecord) -> Result<(), LedgerError>;

    /// Adds rows to a run, all or none; they survive the death of the process once this returns. A place that is written already
    /// keeps what it has. Says how many were new.
    ///
    /// # Errors
    /// See the trait.
    fn append_rows(&self, run: &str, rows: &[RunRow]) -> Result<u64, LedgerError>;

    /// One run; none where there is none.
    ///
    /// # Errors
    /// See the trait.
    fn run(&self, id: &str) -> Result<Option<RunRecord>, LedgerError>;

    /// Runs of a suite, or of all, the newest first.
    ///
    /// # Errors
    /// See the trait.
    fn runs(&self, suite: Option<&str>, limit: u64) -> Result<Vec<RunRecord>, LedgerError>;

    /// Rows of a run from a place on, in the order of their places.
    ///
    /// # Errors
    /// See the trait.
    fn rows(&self, run: &str, from: u64) -> Result<Vec<RunRow>, LedgerError>;

    /// Adds a note.
    ///
    /// # Errors
    /// See the trait.
    fn add_note(&self, note: &Note) -> Result<(), LedgerError>;

    /// Notes, the newest first.
    ///
    /// # Errors
    /// See the trait.
    fn notes(&self, filter: &NoteFilter) -> Result<Vec<Note>, LedgerError>;
}
