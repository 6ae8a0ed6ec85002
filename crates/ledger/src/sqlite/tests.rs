//! Tests of what only this engine has. What every engine must do is in `tests/suite`.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// A folder of the test's own, gone with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("jeton-ledger-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

use super::queue::Job;
use super::{Options, SqliteLedger};
use crate::{AccountConfig, Ask, Budget, CallRecord, CallStatus, Durable, Ledger, LedgerError, Records, RefusalReason, Window, durable};
use jeton_core::{Attribution, CallId, Cost, ManualClock, Nanousd, Timestamp};
use std::sync::Arc;

fn open(folder: &Folder, pending_max: usize) -> SqliteLedger {
    let clock = Arc::new(ManualClock::new(Timestamp(1_795_428_000_000)));
    // An hour: within the test only a flush makes the writer try again.
    let ledger = SqliteLedger::open(&folder.path("ledger.db"), Options { clock, pending_max, retry_ms: 3_600_000, ..Options::default() }).unwrap();
    let budget = Some(Budget { amount: Nanousd(1_000_000), window: Window::Month, timezone: "UTC".into() });
    ledger.configure(vec![AccountConfig { name: "acme".into(), parent: None, budget }]).unwrap();
    ledger
}

fn ask(number: i64) -> Ask {
    let call = CallId::from_i64(CallId::first_at(Timestamp(1_795_428_000_000)).to_i64() + number);
    Ask {
        call,
        accounts: ["acme".into()].into(),
        class: "c".into(),
        model: "m".into(),
        floor: Nanousd(1),
        want: Nanousd(100),
        lease_ms: 1_000,
        simulated: false,
    }
}

fn settle(ledger: &SqliteLedger, number: i64, charged: i64) -> Durable {
    let ask = ask(number);
    let mut record = CallRecord::begun(ask.call, ask.call.started(), Attribution::new(ask.accounts));
    (record.status, record.charged) = (CallStatus::Interrupted, Nanousd(charged));
    record.cost = Cost::Known(record.charged);
    ledger.settle(record)
}

fn on_writer(ledger: &SqliteLedger, sql: &str) -> Durable {
    let (acknowledge, done) = durable();
    ledger.queue.push(Job::Execute(sql.to_owned()), Some(acknowledge), 0);
    done
}

/// Breaks the writer's connection with `breaks`, and checks what is refused, kept, and written once it is mended.
fn check_outage(breaks: &str, mends: &str) {
    let folder = Folder::new();
    let ledger = open(&folder, 10_000);
    for number in 0..40 {
        ledger.admit(&ask(number)).unwrap();
    }
    settle(&ledger, 0, 10).wait().unwrap();
    let _ = on_writer(&ledger, breaks).wait();
    // Pages that are there may have room left: go on until one is needed that is not to be had.
    let failed = (1..40).find(|number| settle(&ledger, *number, 10).wait().is_err()).expect("the store never failed");
    assert!(ledger.healthy().is_err());
    let refusal = ledger.admit(&ask(100)).unwrap_err();
    assert_eq!(refusal.reason, RefusalReason::StoreDown);
    assert!(!refusal.detail.is_empty());
    for number in failed + 1..40 {
        drop(settle(&ledger, number, 10));
    }
    assert!(matches!(ledger.flush().wait(), Err(LedgerError::Store(_))));
    assert_eq!(ledger.call(ask(failed).call).unwrap(), None);
    // Reading goes on, and the book has counted everything.
    assert!(ledger.call(ask(0).call).unwrap().is_some());
    assert_eq!(ledger.standings()[0].spent, Nanousd(400));

    on_writer(&ledger, mends).wait().unwrap();
    assert_eq!(ledger.healthy(), Ok(()));
    assert_eq!(ledger.queue.pending(), 0);
    assert!((0..40).all(|number| ledger.call(ask(number).call).unwrap().is_some()));
    assert!(ledger.admit(&ask(100)).is_ok());
    let report = ledger.verify().unwrap();
    assert!(report.is_good(), "{:?}", report.problems);
}

#[test]
fn a_full_disk_loses_nothing() {
    check_outage("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000");
}

#[test]
fn a_read_only_store_loses_nothing() {
    check_outage("PRAGMA query_only = 1", "PRAGMA query_only = 0");
}

#[test]
fn memory_is_bounded_while_the_store_fails() {
    let folder = Folder::new();
    let ledger = open(&folder, 20);
    ledger.admit(&ask(1)).unwrap();
    ledger.flush().wait().unwrap();
    let _ = on_writer(&ledger, "PRAGMA query_only = 1").wait();
    assert!(settle(&ledger, 1, 10).wait().is_err());
    for number in 2..200 {
        drop(settle(&ledger, number, 0));
    }
    assert!(ledger.queue.pending() <= 21, "{}", ledger.queue.pending());
    on_writer(&ledger, "PRAGMA query_only = 0").wait().unwrap();
    assert!(ledger.call(ask(1).call).unwrap().is_some());
}

#[test]
fn a_row_that_can_never_be_written_stops_no_other() {
    let folder = Folder::new();
    let ledger = open(&folder, 10_000);
    // A record of this id is there though it was never settled, which only a fault could bring about.
    let sql = format!("INSERT INTO details VALUES ({}, '{{}}')", ask(1).call.to_i64());
    on_writer(&ledger, &sql).wait().unwrap();
    (1..4).for_each(|number| drop(ledger.admit(&ask(number)).unwrap()));
    let settled: Vec<Durable> = (1..4).map(|number| settle(&ledger, number, 10)).collect();
    let outcomes: Vec<bool> = settled.into_iter().map(|settled| settled.wait().is_ok()).collect();
    assert_eq!(outcomes, [false, true, true]);
    assert_eq!(ledger.healthy(), Ok(()));
}

#[test]
fn verify_finds_what_is_wrong() {
    let check = |sql: &str, expected: &str| {
        let folder = Folder::new();
        let ledger = open(&folder, 10_000);
        for number in 1..4 {
            ledger.admit(&ask(number)).unwrap();
            settle(&ledger, number, 10).wait().unwrap();
        }
        ledger.admit(&ask(4)).unwrap();
        assert!(ledger.verify().unwrap().is_good());
        let id = |number| ask(number).call.to_i64();
        let sql = sql.replace("$1", &id(1).to_string()).replace("$4", &id(4).to_string()).replace("$9", &id(9).to_string());
        let tamper = rusqlite::Connection::open(folder.path("ledger.db")).unwrap();
        tamper.execute_batch(&format!("DROP TRIGGER entries_stay; DROP TRIGGER entries_keep; DROP TRIGGER calls_stay; DROP TRIGGER calls_keep; DROP TRIGGER details_stay; DROP TRIGGER details_keep; {sql}")).unwrap();
        let report = ledger.verify().unwrap();
        assert!(report.problems.iter().any(|problem| problem.contains(expected)), "{sql}: {:?}", report.problems);
    };
    check("UPDATE entries SET amount = 11 WHERE call = $1 AND kind = 1", "charge different amounts");
    check("UPDATE entries SET amount = 11 WHERE call = $1 AND kind = 1", "runs at");
    check("UPDATE entries SET amount = 99 WHERE call = $1 AND kind = 0", "hold different amounts");
    check("UPDATE entries SET at = at - 1 WHERE call = $1 AND kind = 0", "different windows");
    check("UPDATE entries SET made_at = made_at + 1 WHERE call = $1 AND kind = 0", "after its settlement");
    check("UPDATE entries SET accounts = 'other' WHERE call = $1 AND kind = 1", "different accounts");
    check("DELETE FROM entries WHERE call = $1", "has no entries");
    check("DELETE FROM entries WHERE call = $1 AND kind = 1", "no charge and no release");
    check("DELETE FROM entries WHERE call = $4", "entries say otherwise");
    check("DELETE FROM calls WHERE id = $1", "settlement and no record");
    check("DELETE FROM calls WHERE id = $1", "details belong to no call");
    check("DELETE FROM details WHERE call = $1", "has no details");
    check("UPDATE details SET json = '{' WHERE call = $1", "cannot be read");
    check("UPDATE calls SET cost = 9 WHERE id = $1", "known cost");
    check("UPDATE calls SET status = 0 WHERE id = $1", "tries");
    check("UPDATE calls SET started = started - 100000000 WHERE id = $1", "another day");
    check("INSERT INTO entries VALUES ($9, 1, 0, 5, 'acme', 0, 0, 0, 0, NULL, NULL)", "raise without");
    check("INSERT INTO feedback (call, verdict, by, at) VALUES ($9, 'good', 'me', 0)", "verdicts belong to no call");
}
