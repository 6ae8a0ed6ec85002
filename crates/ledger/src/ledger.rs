//! The trait that the rest of Jeton sees. It is coarse, so that an engine over a network costs one trip per step.

use crate::{
    AccountConfig, AccountStanding, Ask, CallDetail, CallFilter, CallRecord, CallRow, CostQuery, CostRow, Durable, ExportFormat, ExportTable, Feedback, Hold,
    KeyRecord, KeyRefusal, LatencyQuery, LatencyRow, LedgerError, NewKey, Refusal, Runs, SeriesRow, Sums, VerifyReport,
};
use jeton_core::{CallId, Nanousd, Timestamp};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// What was measured: questions, verdicts and keys. Needs no running server. All methods block on the store for a moment;
/// call them off the async threads. The errors of all are [`LedgerError::Store`] and what each names besides.
pub trait Records: Runs + Send + Sync {
    /// Calls that `filter` matches, newest first.
    ///
    /// # Errors
    /// See the trait.
    fn calls(&self, filter: &CallFilter) -> Result<Vec<CallRow>, LedgerError>;

    /// One call with entries and verdicts; none where there is none.
    ///
    /// # Errors
    /// See the trait.
    fn call(&self, id: CallId) -> Result<Option<CallDetail>, LedgerError>;

    /// The newest call; ids made after it must be greater.
    ///
    /// # Errors
    /// See the trait.
    fn newest_call(&self) -> Result<Option<CallId>, LedgerError>;

    /// What calls cost, grouped; the dearest group first, days in order.
    ///
    /// # Errors
    /// [`LedgerError::Invalid`] for a time zone that is none.
    fn cost(&self, query: &CostQuery) -> Result<Vec<CostRow>, LedgerError>;

    /// Sums over all calls begun from `since` to before `until`: real ones, then simulated ones.
    ///
    /// # Errors
    /// See the trait.
    fn totals(&self, since: Option<Timestamp>, until: Option<Timestamp>) -> Result<(Sums, Sums), LedgerError>;

    /// Sums per `bucket_ms` from `since` to before `until`, empty spans included.
    ///
    /// # Errors
    /// [`LedgerError::Invalid`] for more than 10,000 spans or a span of no length.
    fn series(&self, since: Timestamp, until: Timestamp, bucket_ms: i64) -> Result<Vec<SeriesRow>, LedgerError>;

    /// Percentiles of times of calls that ended well; the largest group first.
    ///
    /// # Errors
    /// See the trait.
    fn latency(&self, query: &LatencyQuery) -> Result<Vec<LatencyRow>, LedgerError>;

    /// How `accounts` stand, from the entries alone (no calls under way in a server's memory).
    ///
    /// # Errors
    /// [`LedgerError::Invalid`] as for [`Ledger::configure`].
    fn standings_of(&self, accounts: &[AccountConfig], now: Timestamp) -> Result<Vec<AccountStanding>, LedgerError>;

    /// Adds a verdict to a call.
    ///
    /// # Errors
    /// [`LedgerError::Invalid`] for a value out of bounds, [`LedgerError::NotFound`] for a call that is not there.
    fn feedback(&self, call: CallId, feedback: &Feedback) -> Result<(), LedgerError>;

    /// Makes a key. The text that comes with the record holds the secret and is shown this once.
    ///
    /// # Errors
    /// [`LedgerError::Invalid`] for names that are none, [`LedgerError::Exists`] for a name that a living key has.
    fn create_key(&self, key: NewKey, now: Timestamp) -> Result<(KeyRecord, String), LedgerError>;

    /// All keys, revoked ones too, the oldest first.
    ///
    /// # Errors
    /// See the trait.
    fn keys(&self) -> Result<Vec<KeyRecord>, LedgerError>;

    /// Revokes the living key with this name or id.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] where there is none.
    fn revoke_key(&self, name_or_id: &str, now: Timestamp) -> Result<KeyRecord, LedgerError>;

    /// Checks every invariant and recomputes every total.
    ///
    /// # Errors
    /// See the trait; what is found wrong is in the report.
    fn verify(&self) -> Result<VerifyReport, LedgerError>;

    /// Writes a table out and says how many rows it has.
    ///
    /// # Errors
    /// See the trait; also where `out` fails.
    fn export(&self, table: ExportTable, format: ExportFormat, out: &mut dyn Write) -> Result<u64, LedgerError>;

    /// Writes a whole copy to a new file, while calls go on.
    ///
    /// # Errors
    /// [`LedgerError::Exists`] where `to` is there already.
    fn backup(&self, to: &Path) -> Result<(), LedgerError>;
}

/// The ledger of a running server.
pub trait Ledger: Records {
    /// Sets the accounts and their budgets: at the start and whenever the configuration changes. What was spent in the
    /// windows in force is taken from the entries; holds stay. The accounts of keys come of themselves.
    ///
    /// # Errors
    /// [`LedgerError::Invalid`] for an unknown time zone, a name given twice, a negative budget or a circle of parents; then all stays as it was.
    fn configure(&self, accounts: Vec<AccountConfig>) -> Result<(), LedgerError>;

    /// Puts money by for a call: between `floor` and `want`, what all its accounts afford. Waits for no disk.
    ///
    /// # Errors
    /// A [`Refusal`] with the figures of the account that did not afford it; nothing is held then.
    fn admit(&self, ask: &Ask) -> Result<Hold, Refusal>;

    /// Raises a call's hold for a further, dearer try. `floor` and `want` are what the call needs *in all*; a hold that
    /// reaches already stays as it is. Waits for no disk.
    ///
    /// # Errors
    /// A [`Refusal`]; the hold stays as it was.
    fn raise(&self, call: CallId, floor: Nanousd, want: Nanousd) -> Result<Hold, Refusal>;

    /// Gives a call's hold `lease_ms` from now, for a stream that goes on. Nothing happens where nothing is held.
    fn renew(&self, call: CallId, lease_ms: i64);

    /// Settles a call: charges `record.charged` to the window of its admission (0 releases), frees the hold, and writes
    /// the record. Exactly once per call, also for calls that were never admitted. The charge counts at once; the result
    /// resolves when it is durable, with [`LedgerError::AlreadySettled`] for a second time, and with
    /// [`LedgerError::Store`] where the store fails (the charge is kept in memory and written as soon as it can be).
    fn settle(&self, record: CallRecord) -> Durable;

    /// Housekeeping, to be called about twice a second: charges holds whose lease ran out, and takes in keys that another
    /// process changed. Says whether keys did change.
    ///
    /// # Errors
    /// See [`Records`].
    fn tick(&self) -> Result<bool, LedgerError>;

    /// Resolves when everything handed over so far is durable. Wakes a writer that waits after a failure.
    fn flush(&self) -> Durable;

    /// Whether charges can be written. An error is the reason why not; it holds until a later attempt succeeds.
    ///
    /// # Errors
    /// The reason.
    fn healthy(&self) -> Result<(), String>;

    /// How all accounts stand now, holds included.
    fn standings(&self) -> Vec<AccountStanding>;

    /// The living key that `text` is, from memory. Compares in constant time.
    ///
    /// # Errors
    /// Why it is not accepted.
    fn authenticate(&self, text: &str) -> Result<Arc<KeyRecord>, KeyRefusal>;

    /// Whether a key for calls was ever made: then every call needs one. Revoked and expired ones count too, so that
    /// revoking the last key closes the door instead of opening it. From memory.
    fn has_keys(&self) -> bool;

    /// Whether an admin key was ever made; as [`Ledger::has_keys`].
    fn has_admin_keys(&self) -> bool;
}
