//! The ledger of one machine, on SQLite.
//!
//! Decisions come from the book in memory and wait for no disk; one thread writes what was decided, in groups. The book
//! is locked before the queue, and an entry is queued under the book's lock, so that what the writer has written at a
//! barrier is exactly what the book says at that moment.

mod backup;
mod export;
mod keys;
mod list;
mod lock;
mod queue;
mod recover;
mod rows;
mod runs;
mod schema;
mod spent;
mod store;
mod sums;
mod tally;
#[cfg(test)]
pub(crate) mod tests;
mod verify;
mod writer;

pub use backup::restore;
pub use lock::{Holder, running_server};
pub use schema::Durability;
pub use store::SqliteStore;

use crate::book::{OpenHold, Plan};
use crate::{
    AccountConfig, AccountStanding, Acknowledge, Ask, Book, CallDetail, CallFilter, CallRecord, CallRow, CostQuery, CostRow, Durable, ExportFormat,
    ExportTable, Feedback, Hold, KeyRecord, KeyRefusal, LatencyQuery, LatencyRow, Ledger, LedgerError, NewKey, Records, Refusal, RefusalReason, SeriesRow,
    Settlement, Sums, VerifyReport, durable,
};
use jeton_core::{CallId, Clock, Nanousd, SystemClock, Timestamp};
use keys::KeyTable;
use lock::ServerLock;
use queue::{Job, Queue};
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;
use std::time::Duration;
pub use writer::{Commit, OnCommit};
use writer::{Health, Writer};

/// How a server's ledger behaves.
#[derive(Clone)]
pub struct Options {
    /// What a charge survives.
    pub durability: Durability,
    /// Tells the time of admissions.
    pub clock: Arc<dyn Clock>,
    /// With so many entries waiting to be written, new calls are refused. An entry takes about 2 KiB of memory.
    pub pending_max: usize,
    /// How long after a failure of the store the next attempt is made, in milliseconds.
    pub retry_ms: u64,
    /// Is told of every attempt to write, for metrics.
    pub on_commit: Option<OnCommit>,
}

impl Default for Options {
    fn default() -> Self {
        Self { durability: Durability::Process, clock: Arc::new(SystemClock), pending_max: 8_192, retry_ms: 250, on_commit: None }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("durability", &self.durability)
            .field("pending_max", &self.pending_max)
            .field("retry_ms", &self.retry_ms)
            .finish_non_exhaustive()
    }
}

/// The book, and the raises of calls under way, which number their entries.
struct Standing {
    book: Book,
    configured: Vec<AccountConfig>,
    raises: HashMap<CallId, i64>,
}

/// The ledger of a running server on one file. Dropping it writes what waits and frees the file.
pub struct SqliteLedger {
    store: SqliteStore,
    standing: Mutex<Standing>,
    queue: Arc<Queue>,
    health: Arc<Health>,
    keys: RwLock<KeyTable>,
    clock: Arc<dyn Clock>,
    pending_max: usize,
    writer: Option<JoinHandle<()>>,
    recovered: usize,
    /// Last, so that the file is free only when all connections to it are closed.
    lock: ServerLock,
}

impl std::fmt::Debug for SqliteLedger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteLedger").field("path", &self.store.path()).finish_non_exhaustive()
    }
}

impl SqliteLedger {
    /// Opens the ledger for a server, makes it where there is none, and charges what a dead server left unsettled.
    ///
    /// # Errors
    /// [`LedgerError::InUse`] where another server has it, [`LedgerError::Newer`] where a newer Jeton wrote it,
    /// [`LedgerError::Store`] where the file cannot be opened or is no ledger.
    pub fn open(path: &Path, options: Options) -> Result<Self, LedgerError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        let lock = ServerLock::acquire(path)?;
        let mut connection = schema::open(path, options.durability)?;
        let recovered = recover::recover(&mut connection, options.clock.now())?;
        let store = SqliteStore::open_with(path, options.durability)?;
        let keys = RwLock::new(store.read(KeyTable::load)?);
        let (queue, health) = (Arc::new(Queue::default()), Arc::new(Health::default()));
        let writer = Writer {
            on_commit: options.on_commit,
            connection,
            queue: Arc::clone(&queue),
            health: Arc::clone(&health),
            retry: Duration::from_millis(options.retry_ms.max(1)),
        };
        let writer = std::thread::Builder::new().name("ledger".to_owned()).spawn(move || writer.run())?;
        let standing = Mutex::new(Standing { book: Book::new(), configured: Vec::new(), raises: HashMap::new() });
        let ledger =
            Self { store, standing, queue, health, keys, clock: options.clock, pending_max: options.pending_max, writer: Some(writer), recovered, lock };
        ledger.configure(Vec::new())?;
        Ok(ledger)
    }

    /// How many calls a dead server had left unsettled, found and charged at the start.
    #[must_use]
    pub const fn recovered(&self) -> usize {
        self.recovered
    }

    /// Writes down where the server listens, for commands and for the message to a second server.
    ///
    /// # Errors
    /// [`LedgerError::Store`] where the lock file cannot be written.
    pub fn announce(&self, address: &str) -> Result<(), LedgerError> {
        self.lock.announce(Some(address))
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key_table(&self) -> RwLockReadGuard<'_, KeyTable> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn key_table_mut(&self) -> RwLockWriteGuard<'_, KeyTable> {
        self.keys.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, standing: &Standing, job: Job, acknowledge: Option<Acknowledge>) {
        self.queue.push(job, acknowledge, standing.book.open_holds());
    }

    /// Waits until all that was queued is written. The caller holds the book's lock, so nothing is added meanwhile.
    fn barrier(&self, standing: &Standing) -> Result<(), LedgerError> {
        if self.queue.pending() == 0 {
            return Ok(());
        }
        let (acknowledge, written) = durable();
        self.push(standing, Job::Barrier, Some(acknowledge));
        written.wait()
    }

    /// Sets the book to the configured accounts and those of the keys.
    fn reconfigure(&self, standing: &mut Standing) -> Result<(), LedgerError> {
        let accounts = self.accounts(standing);
        let now = self.clock.now().max(standing.book.now());
        let plan = Plan::new(accounts, now)?;
        self.barrier(standing)?;
        let spent = self.store.read(|reader| spent::spent(reader, &plan, |planned| !standing.book.keeps(planned)))?;
        standing.book.configure(plan, &spent);
        Ok(())
    }

    /// The configured accounts, and one for each key that the configuration does not name.
    fn accounts(&self, standing: &Standing) -> Vec<AccountConfig> {
        let mut accounts = standing.configured.clone();
        let of_keys = self.key_table().accounts();
        accounts.extend(of_keys.into_iter().filter(|key| !standing.configured.iter().any(|account| account.name == key.name)));
        accounts
    }

    /// Ends leases that ran out, and writes what that charges.
    fn expire(&self, standing: &mut Standing, now: Timestamp) {
        for expired in standing.book.expire(now) {
            tracing::warn!(call = %expired.call, "a call's lease ran out before it was settled; its hold is charged");
            standing.raises.remove(&expired.call);
            let record = recover::interrupted(expired.call, &expired.hold, "The lease of its hold ran out before the call was settled.");
            self.push(standing, Job::Settle { record: Box::new(record), at: expired.hold.at, made_at: standing.book.now() }, None);
        }
    }

    fn reload_keys(&self) -> Result<(), LedgerError> {
        let table = self.store.read(KeyTable::load)?;
        // The keys hold from now on, whatever comes of their accounts: a revoked one must end.
        *self.key_table_mut() = table;
        let result = self.reconfigure(&mut self.standing());
        if result.is_err() {
            self.key_table_mut().version = KeyTable::STALE;
        }
        result
    }

    /// Takes in a change of keys that was just written. Where that fails the change is good nonetheless, and the next
    /// tick tries again.
    fn take_in_keys(&self) {
        if let Err(error) = self.reload_keys() {
            tracing::warn!(%error, "the change of keys is written and will be taken in later");
        }
    }

    fn check_store(&self, needed: Nanousd) -> Result<(), Refusal> {
        let refuse = |why: String| Refusal::plain(RefusalReason::StoreDown, needed, why);
        self.health.get().map_err(refuse)?;
        let pending = self.queue.pending();
        if pending >= self.pending_max { Err(refuse(format!("{pending} entries wait to be written"))) } else { Ok(()) }
    }
}

impl Drop for SqliteLedger {
    fn drop(&mut self) {
        self.queue.stop();
        if self.writer.take().is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the ledger's writer ended by a fault of its own");
        }
    }
}

impl Ledger for SqliteLedger {
    fn configure(&self, accounts: Vec<AccountConfig>) -> Result<(), LedgerError> {
        let mut standing = self.standing();
        let before = std::mem::replace(&mut standing.configured, accounts);
        let result = self.reconfigure(&mut standing);
        if result.is_err() {
            standing.configured = before;
        }
        result
    }

    fn admit(&self, ask: &Ask) -> Result<Hold, Refusal> {
        self.check_store(ask.floor)?;
        let now = self.clock.now();
        let mut standing = self.standing();
        self.expire(&mut standing, now);
        let granted = standing.book.admit(ask, now)?;
        if let Some(hold) = standing.book.hold(ask.call).cloned() {
            let made_at = hold.at;
            self.push(&standing, Job::Hold { call: ask.call, step: 0, amount: hold.amount, hold, made_at }, None);
        }
        Ok(granted)
    }

    fn raise(&self, call: CallId, floor: Nanousd, want: Nanousd) -> Result<Hold, Refusal> {
        self.check_store(floor)?;
        let mut standing = self.standing();
        let before = standing.book.hold(call).map_or(Nanousd::ZERO, |hold| hold.amount);
        let granted = standing.book.raise(call, floor, want, self.clock.now())?;
        let amount = granted.amount.saturating_sub(before);
        if let Some(hold) = standing.book.hold(call).cloned().filter(|_| amount > Nanousd::ZERO) {
            let raises = standing.raises.entry(call).or_insert(0);
            *raises += 1;
            let step = *raises;
            self.push(&standing, Job::Hold { call, step, amount, hold, made_at: standing.book.now() }, None);
        }
        Ok(granted)
    }

    fn renew(&self, call: CallId, lease_ms: i64) {
        self.standing().book.renew(call, lease_ms, self.clock.now());
    }

    fn settle(&self, mut record: CallRecord) -> Durable {
        record.charged = record.charged.max(Nanousd::ZERO);
        let now = self.clock.now();
        let mut standing = self.standing();
        // Without money or hold behind it a record is only a line in a list: it may be dropped where memory runs short,
        // and says so. Everything else is queued whatever the length of the queue, which admissions bound.
        let is_idle = record.charged == Nanousd::ZERO && standing.book.hold(record.id).is_none();
        if is_idle && self.queue.pending() >= self.pending_max {
            return Durable::ready(Err(LedgerError::Store("too many entries wait to be written".to_owned())));
        }
        let settlement = match standing.book.hold(record.id) {
            Some(OpenHold { accounts, .. }) => {
                // The hold says who pays; a record that says otherwise would break the sums.
                record.attribution.accounts = Arc::clone(accounts);
                standing.book.settle(record.id, &[], record.charged, now)
            }
            None => standing.book.settle(record.id, &record.attribution.accounts, record.charged, now),
        };
        standing.raises.remove(&record.id);
        let made_at = standing.book.now();
        let (acknowledge, written) = durable();
        let job = match settlement {
            Settlement::Twice => return Durable::ready(Err(LedgerError::AlreadySettled(record.id))),
            Settlement::Late { at, difference } => {
                tracing::warn!(call = %record.id, "a call was settled after its lease had run out; the difference is adjusted");
                Job::Adjust { record: Box::new(record), difference, at, made_at }
            }
            Settlement::Settled { at, held } => {
                record.held = held;
                Job::Settle { record: Box::new(record), at, made_at }
            }
            Settlement::Unheld { at } => {
                record.held = Nanousd::ZERO;
                Job::Settle { record: Box::new(record), at, made_at }
            }
        };
        self.push(&standing, job, Some(acknowledge));
        written
    }

    fn tick(&self) -> Result<bool, LedgerError> {
        self.expire(&mut self.standing(), self.clock.now());
        let version = self.store.read(keys::version)?;
        if version == self.key_table().version {
            return Ok(false);
        }
        self.reload_keys()?;
        Ok(true)
    }

    fn flush(&self) -> Durable {
        let (acknowledge, written) = durable();
        self.push(&self.standing(), Job::Barrier, Some(acknowledge));
        written
    }

    fn healthy(&self) -> Result<(), String> {
        self.health.get()
    }

    fn standings(&self) -> Vec<AccountStanding> {
        self.standing().book.standings(self.clock.now())
    }

    fn authenticate(&self, text: &str) -> Result<Arc<KeyRecord>, KeyRefusal> {
        self.key_table().authenticate(text, self.clock.now())
    }

    fn has_keys(&self) -> bool {
        self.key_table().any
    }

    fn has_admin_keys(&self) -> bool {
        self.key_table().any_admin
    }
}

impl Records for SqliteLedger {
    fn calls(&self, filter: &CallFilter) -> Result<Vec<CallRow>, LedgerError> {
        self.store.calls(filter)
    }

    fn call(&self, id: CallId) -> Result<Option<CallDetail>, LedgerError> {
        self.store.call(id)
    }

    fn newest_call(&self) -> Result<Option<CallId>, LedgerError> {
        self.store.newest_call()
    }

    fn cost(&self, query: &CostQuery) -> Result<Vec<CostRow>, LedgerError> {
        self.store.cost(query)
    }

    fn totals(&self, since: Option<Timestamp>, until: Option<Timestamp>) -> Result<(Sums, Sums), LedgerError> {
        self.store.totals(since, until)
    }

    fn series(&self, since: Timestamp, until: Timestamp, bucket_ms: i64) -> Result<Vec<SeriesRow>, LedgerError> {
        self.store.series(since, until, bucket_ms)
    }

    fn latency(&self, query: &LatencyQuery) -> Result<Vec<LatencyRow>, LedgerError> {
        self.store.latency(query)
    }

    fn standings_of(&self, accounts: &[AccountConfig], now: Timestamp) -> Result<Vec<AccountStanding>, LedgerError> {
        self.store.standings_of(accounts, now)
    }

    fn feedback(&self, call: CallId, feedback: &Feedback) -> Result<(), LedgerError> {
        self.store.feedback(call, feedback)
    }

    fn create_key(&self, key: NewKey, now: Timestamp) -> Result<(KeyRecord, String), LedgerError> {
        let made = self.store.create_key(key, now)?;
        self.take_in_keys();
        Ok(made)
    }

    fn keys(&self) -> Result<Vec<KeyRecord>, LedgerError> {
        self.store.keys()
    }

    fn revoke_key(&self, name_or_id: &str, now: Timestamp) -> Result<KeyRecord, LedgerError> {
        let revoked = self.store.revoke_key(name_or_id, now)?;
        self.take_in_keys();
        Ok(revoked)
    }

    /// As the store's, and the running book is compared with what its entries say.
    fn verify(&self) -> Result<VerifyReport, LedgerError> {
        let reader = self.store.reader()?;
        let running = {
            let mut standing = self.standing();
            self.barrier(&standing)?;
            verify::begin(&reader)?;
            let now = self.clock.now().max(standing.book.now());
            verify::Running {
                accounts: self.accounts(&standing),
                standings: standing.book.standings(now),
                holds: standing.book.holds().map(|(call, hold)| (call, hold.amount)).collect(),
                now,
            }
        };
        let report = verify::check(&reader, Some(&running));
        verify::end(&reader)?;
        self.store.keep(reader);
        report
    }

    fn export(&self, table: ExportTable, format: ExportFormat, out: &mut dyn Write) -> Result<u64, LedgerError> {
        self.store.export(table, format, out)
    }

    fn backup(&self, to: &Path) -> Result<(), LedgerError> {
        self.store.backup(to)
    }
}
