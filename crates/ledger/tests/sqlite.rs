//! The suite for SQLite at both durabilities, and the proof that an acknowledged charge survives the process.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod suite;

use jeton_core::{CallId, ManualClock};
use jeton_ledger::sqlite::{Durability, Options, SqliteLedger, SqliteStore, restore, running_server};
use jeton_ledger::{CallStatus, Ledger, LedgerError, NewKey, Records};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use suite::{Caller, Engine, MONDAY, accounts};

struct Sqlite {
    folder: PathBuf,
    durability: Durability,
    clock: Arc<ManualClock>,
}

impl Sqlite {
    fn new(durability: Durability) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("jeton-suite-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self::at(std::env::temp_dir().join(name), durability)
    }

    fn at(folder: PathBuf, durability: Durability) -> Self {
        Self { folder, durability, clock: Arc::new(ManualClock::new(MONDAY)) }
    }

    fn server(&self) -> Result<SqliteLedger, LedgerError> {
        SqliteLedger::open(&self.file("ledger.db"), Options { durability: self.durability, clock: Arc::clone(&self.clock) as _, ..Options::default() })
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Engine for Sqlite {
    fn open(&self) -> Arc<dyn Ledger> {
        Arc::new(self.server().unwrap())
    }

    fn clock(&self) -> &Arc<ManualClock> {
        &self.clock
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

suite::tests!(process, super::Sqlite::new(super::Durability::Process));
suite::tests!(power, super::Sqlite::new(super::Durability::Power));

const CHILD: &str = "JETON_LEDGER_TEST_CHILD";

/// The child of the test below: settles calls, says which are acknowledged, and dies without any farewell.
#[test]
fn child_that_dies() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let engine = Sqlite::at(folder.into(), Durability::Process);
    let ledger = engine.server().unwrap();
    ledger.configure(accounts()).unwrap();
    let caller = Caller::new(&engine, &ledger);
    for _ in 0..50 {
        let id = caller.call(&ledger, "acme", "0.01", |_| ());
        println!("settled {}", id.to_i64());
    }
    for _ in 0..3 {
        ledger.admit(&caller.ask("acme", "0.02", "0.02")).unwrap();
    }
    ledger.flush().wait().unwrap();
    std::process::abort();
}

#[test]
fn an_acknowledged_charge_survives_the_death_of_the_process() {
    let engine = Sqlite::new(Durability::Process);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child_that_dies", "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, &engine.folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let settled: Vec<CallId> = lines.filter_map(|line| line.rsplit_once("settled ")?.1.parse().ok()).map(CallId::from_i64).collect();
    assert!(!child.wait().unwrap().success());
    assert_eq!(settled.len(), 50);

    let ledger = engine.server().unwrap();
    ledger.configure(accounts()).unwrap();
    assert_eq!(ledger.recovered(), 3);
    for id in settled {
        assert_eq!(ledger.call(id).unwrap().unwrap().record.status, CallStatus::Ok);
    }
    assert_eq!(suite::standing(&ledger, "acme").spent, suite::usd("0.56"));
    let report = ledger.verify().unwrap();
    assert!(report.is_good(), "{:?}", report.problems);
}

#[test]
fn one_server_and_any_number_of_commands() {
    let engine = Sqlite::new(Durability::Process);
    let path = engine.file("ledger.db");
    let ledger = engine.server().unwrap();
    ledger.announce("http://127.0.0.1:4600").unwrap();
    let refused = engine.server().unwrap_err();
    assert!(matches!(&refused, LedgerError::InUse(told) if told.contains("http://127.0.0.1:4600")), "{refused}");
    assert_eq!(running_server(&path).unwrap().unwrap().pid, Some(std::process::id()));

    // A command sees what was settled, and the server what the command changed.
    let caller = Caller::new(&engine, &ledger);
    let id = caller.call(&ledger, "acme", "0.01", |_| ());
    let command = SqliteStore::open(&path).unwrap();
    assert_eq!(command.call(id).unwrap().unwrap().record.id, id);
    let (key, text) = command.create_key(NewKey::named("ci"), MONDAY).unwrap();
    assert!(ledger.authenticate(&text).is_err());
    assert_eq!((ledger.tick(), ledger.tick()), (Ok(true), Ok(false)));
    assert_eq!(*ledger.authenticate(&text).unwrap(), key);
    assert!(ledger.standings().iter().any(|standing| standing.name == "key:ci" && standing.parent.as_deref() == Some("default")));
    command.revoke_key(&key.id, MONDAY).unwrap();
    assert_eq!(ledger.tick(), Ok(true));
    assert!(ledger.authenticate(&text).is_err());

    drop(ledger);
    assert_eq!(running_server(&path).unwrap(), None);
    assert!(engine.server().is_ok());
}

#[test]
fn a_backup_is_restored_and_nothing_is_overwritten_by_accident() {
    let engine = Sqlite::new(Durability::Process);
    let (path, backup) = (engine.file("ledger.db"), engine.file("backup.db"));
    let ledger = engine.server().unwrap();
    let caller = Caller::new(&engine, &ledger);
    let kept = caller.call(&ledger, "acme", "0.01", |_| ());
    ledger.backup(&backup).unwrap();
    let later = caller.call(&ledger, "acme", "0.01", |_| ());
    assert!(matches!(restore(&backup, &path, true), Err(LedgerError::InUse(_))));
    drop(ledger);
    assert!(matches!(restore(&backup, &path, false), Err(LedgerError::Exists(_))));
    assert!(matches!(restore(&engine.file("nothing"), &path, true), Err(LedgerError::NotFound(_))));
    let elsewhere = engine.file("new/ledger.db");
    assert_eq!(restore(&backup, &elsewhere, false).unwrap().calls, 1);
    assert_eq!(restore(&backup, &path, true).unwrap().calls, 1);
    let ledger = engine.server().unwrap();
    assert!(ledger.call(kept).unwrap().is_some() && ledger.call(later).unwrap().is_none());
    std::fs::write(&backup, b"no ledger at all").unwrap();
    drop(ledger);
    assert!(restore(&backup, &path, true).is_err());
    assert!(SqliteStore::open(&path).unwrap().call(kept).unwrap().is_some(), "a bad backup changes nothing");
}
