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
use crate::{AccountConfig, Ask, Budget, CallRecord, CallStatus, Durable, Ledger, LedgerError, Records, RefusalReason, TryRecord, Window, durable};
use jeton_core::{Attribution, CallId, Certainty, Cost, ManualClock, Nanousd, Timestamp, Usage};
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
    let mut record = begun(&ask);
    (record.status, record.charged) = (CallStatus::Interrupted, Nanousd(charged));
    record.cost = Cost::Known(record.charged);
    ledger.settle(record)
}

fn begun(ask: &Ask) -> CallRecord {
    let mut record = CallRecord::begun(ask.call, ask.call.started(), Attribution::new(Arc::clone(&ask.accounts)));
    record.attribution.class = Arc::clone(&ask.class);
    record.model_asked = ask.model.to_string();
    record
}

/// Settles a call that went well, with two tries of `charged` each.
fn serve(ledger: &SqliteLedger, number: i64, charged: i64, change: impl FnOnce(&mut CallRecord)) -> Durable {
    let mut record = begun(&ask(number));
    let usage = Usage { input: Some(100), cache_read: Some(10), output: Some(20), reasoning: Some(5), ..Usage::default() };
    let attempt = TryRecord {
        provider: "acme".into(),
        model: "fast".into(),
        started_us: 30,
        first_content_us: None,
        ended_us: 4_990,
        status: Some(200),
        outcome: "ok".into(),
        fault: None,
        usage,
        cost: Cost::Known(Nanousd(charged)),
        charged: Nanousd(charged),
        bytes_in: 400,
        bytes_out: 2_000,
    };
    record.tries = vec![attempt.clone(), attempt];
    record.usage = Usage { input: Some(200), cache_read: Some(20), output: Some(40), reasoning: Some(10), ..Usage::default() };
    (record.endpoint, record.model, record.status, record.http_status) = ("chat".into(), Some("m".into()), CallStatus::Ok, 200);
    (record.usage_certainty, record.charge_certainty) = (Certainty::Reported, Certainty::Reported);
    (record.cost, record.charged, record.total_us) = (Cost::Known(Nanousd(2 * charged)), Nanousd(2 * charged), 5_000);
    change(&mut record);
    ledger.settle(record)
}

const UNGUARD: &str = "DROP TRIGGER entries_stay; DROP TRIGGER entries_keep; DROP TRIGGER calls_stay; DROP TRIGGER calls_keep; \
     DROP TRIGGER details_stay; DROP TRIGGER details_keep;";

/// Changes the file behind the ledger's back. `$1`… are the ids of calls.
fn tamper(folder: &Folder, sql: &str) {
    let sql = (1..10).fold(sql.to_owned(), |sql, number| sql.replace(&format!("${number}"), &ask(number).call.to_i64().to_string()));
    rusqlite::Connection::open(folder.path("ledger.db")).unwrap().execute_batch(&format!("{UNGUARD} {sql}")).unwrap();
}

fn assert_finds(ledger: &SqliteLedger, expected: &str, about: &str) {
    let report = ledger.verify().unwrap();
    assert!(report.problems.iter().any(|problem| problem.contains(expected)), "{about}: {:?}", report.problems);
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
        tamper(&folder, sql);
        assert_finds(&ledger, expected, sql);
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

/// Three calls served, the second by a route, and one under way.
fn served(folder: &Folder) -> SqliteLedger {
    let ledger = open(folder, 10_000);
    for number in 1..4 {
        ledger.admit(&ask(number)).unwrap();
        serve(&ledger, number, 10, |record| record.route = (number == 2).then(|| "cheap".to_owned())).wait().unwrap();
    }
    ledger.admit(&ask(4)).unwrap();
    let report = ledger.verify().unwrap();
    assert!(report.is_good(), "{:?}", report.problems);
    ledger
}

#[test]
fn every_column_of_a_call_is_checked() {
    let check = |sql: &str, expected: &str| {
        let folder = Folder::new();
        let ledger = served(&folder);
        tamper(&folder, sql);
        assert_finds(&ledger, expected, sql);
    };
    let columns = super::rows::CALL_COLUMNS.split(", ").skip(1).map(str::trim);
    for column in columns {
        let changed = match column {
            "endpoint" | "class" | "key" | "accounts" | "outcome" | "tags" | "model_asked" | "model" | "cost_unknown" | "fault" => "'x'".to_owned(),
            _ => format!("COALESCE({column}, 0) + 1"),
        };
        check(&format!("UPDATE calls SET {column} = {changed} WHERE id = $1"), "columns are not those that were written");
    }
    for column in ["input", "cache_read", "cache_write", "cache_write_1h", "output", "reasoning"] {
        check(&format!("UPDATE calls SET {column} = COALESCE({column}, 0) + 1 WHERE id = $1"), &format!("the {column} tokens of its tries"));
    }
    check("UPDATE calls SET tries = 3 WHERE id = $1", "count of tries");
    check("UPDATE calls SET fault = 'timeout' WHERE id = $1", "its fault is not");
    check("UPDATE calls SET cost = NULL WHERE id = $1", "either known or said to be unknown");
    check("UPDATE calls SET cost = NULL, cost_unknown = 'x' WHERE id = $1", "said to be unknown, and those of all its tries are known");
    check("UPDATE calls SET cost = 0 WHERE id = $1", "costs of its tries");
    check("UPDATE calls SET status = 4 WHERE id = $1", "columns are not those");
    check("UPDATE details SET json = replace(json, '\"outcome\":\"ok\"', '\"outcome\":\"no\"') WHERE call = $1", "calls are not those that were written");
    check("UPDATE calls SET cost = 21, charged = 21 WHERE id = $1; UPDATE entries SET amount = 21 WHERE call = $1 AND kind = 1", "charges of its tries");
}

#[test]
fn every_column_of_an_entry_is_checked() {
    let check = |sql: &str, expected: &str| {
        let folder = Folder::new();
        let ledger = served(&folder);
        tamper(&folder, sql);
        assert_finds(&ledger, expected, sql);
        assert_finds(&ledger, "the entries are not those that were written", sql);
    };
    check("UPDATE entries SET class = 'other' WHERE call = $1 AND kind = 0", "different classes");
    check("UPDATE entries SET class = 'c' WHERE call = $1 AND kind = 1", "only holds do");
    check("UPDATE entries SET model = 'other' WHERE call = $1 AND kind = 0", "different models");
    check("UPDATE entries SET model = 'other' WHERE call = $2 AND kind = 0", "the entries are not those");
    check("UPDATE entries SET certainty = 2 WHERE call = $1 AND kind = 1", "how certain");
    check("UPDATE entries SET certainty = 2 WHERE call = $1 AND kind = 0", "an estimate");
    check("UPDATE entries SET simulated = 1 WHERE call = $1 AND kind = 0", "its hold and its record differ in whether");
    check("UPDATE entries SET simulated = 1 WHERE call = $1 AND kind = 1", "its entry and its record differ in whether");
    check("UPDATE entries SET at = at - 3600001 WHERE call = $1", "admitted at another time");
    check("UPDATE entries SET at = at + 3700000, made_at = made_at + 3700000 WHERE call = $1", "settlement counts at another time");
    check("UPDATE entries SET at = at - 1 WHERE call = $1 AND kind = 1", "different windows");
    check("UPDATE entries SET amount = 101 WHERE call = $4", "entries say otherwise");
}

#[test]
fn what_is_gone_or_added_is_counted() {
    let check = |sql: &str, expected: &[&str]| {
        let folder = Folder::new();
        let ledger = served(&folder);
        tamper(&folder, sql);
        expected.iter().for_each(|expected| assert_finds(&ledger, expected, sql));
    };
    let whole = "DELETE FROM entries WHERE call = $2; DELETE FROM details WHERE call = $2; DELETE FROM calls WHERE id = $2;";
    check(whole, &["2 calls are there, and 3 were written", "5 entries are there, and 7 were written"]);
    let swapped = format!("{whole} UPDATE tally SET calls = calls - 1, entries = entries - 2");
    check(&swapped, &["the calls are not those that were written", "the entries are not those that were written"]);
    check("UPDATE tally SET calls = 4", &["3 calls are there, and 4 were written"]);
    check("DELETE FROM tally", &["the count of calls and entries is gone"]);
}

#[test]
fn an_unknown_cost_is_never_nothing() {
    let check = |held: bool, charged: i64, expected: bool| {
        let folder = Folder::new();
        let ledger = open(&folder, 10_000);
        if held {
            ledger.admit(&ask(1)).unwrap();
        }
        let unknown = |record: &mut CallRecord| {
            record.cost = Cost::Unknown("no price".into());
            record.tries[1].cost = record.cost.clone();
            record.charge_certainty = Certainty::Unknown;
        };
        serve(&ledger, 1, charged, unknown).wait().unwrap();
        let problems = ledger.verify().unwrap().problems;
        assert_eq!(problems.iter().any(|problem| problem.contains("unknown cost charged at nothing")), expected, "{problems:?}");
        assert_eq!(problems.len(), usize::from(expected), "{problems:?}");
    };
    check(true, 0, true);
    check(true, 10, false);
    check(false, 0, false);
}

#[test]
fn a_total_out_of_range_is_told() {
    let folder = Folder::new();
    let ledger = open(&folder, 10_000);
    ledger.configure(vec![AccountConfig { name: "acme".into(), parent: None, budget: None }]).unwrap();
    let most = i64::MAX / 2;
    serve(&ledger, 1, most, |_| ()).wait().unwrap();
    assert!(ledger.verify().unwrap().is_good());
    serve(&ledger, 2, 1, |_| ()).wait().unwrap();
    assert_finds(&ledger, "all charges together are out of range: 9223372036854775808 nano-dollars", "sum");
    assert_finds(&ledger, "account `acme` has spent more than can be written down", "account");
    // A call whose own sum is cut at the end of the range is no better.
    let folder = Folder::new();
    let ledger = open(&folder, 10_000);
    let cut = |record: &mut CallRecord| {
        record.tries.iter_mut().for_each(|attempt| (attempt.cost, attempt.charged) = (Cost::Known(Nanousd::MAX), Nanousd::MAX));
        (record.cost, record.charged) = (Cost::Known(Nanousd::MAX), Nanousd::MAX);
    };
    serve(&ledger, 1, 1, cut).wait().unwrap();
    assert_finds(&ledger, "the charges of its tries do not sum to its own", "cut");
}

/// A file of the first version: no tally, and no digests of columns.
#[test]
fn an_older_file_is_counted_when_it_is_opened() {
    let folder = Folder::new();
    drop(served(&folder));
    // Opened again, the call under way is charged.
    drop(open(&folder, 10_000));
    tamper(
        &folder,
        "UPDATE details SET json = json_remove(json, '$.columns_digest'); DROP TABLE tally; DROP TABLE runs; DROP TABLE run_rows; DROP TABLE notes; PRAGMA user_version = 1;",
    );
    let ledger = open(&folder, 10_000);
    let report = ledger.verify().unwrap();
    assert!(report.is_good(), "{:?}", report.problems);
    assert_eq!((report.calls, report.entries), (4, 8));
    ledger.admit(&ask(5)).unwrap();
    serve(&ledger, 5, 10, |_| ()).wait().unwrap();
    assert!(ledger.verify().unwrap().is_good());
    let sql = "UPDATE calls SET http_status = 500 WHERE id = $1";
    rusqlite::Connection::open(folder.path("ledger.db")).unwrap().execute_batch(&sql.replace("$1", &ask(1).call.to_i64().to_string())).unwrap();
    assert_finds(&ledger, "the calls are not those that were written", sql);
}
