//! What the ledger of a project knows, as the audit takes it.

use crate::context::env;
use jeton_context::audit::{ClassUse, Ledger, Operations};
use jeton_core::{Clock, SystemClock, Timestamp};
use jeton_ledger::sqlite::SqliteStore;
use jeton_ledger::{CallFilter, CallRow, CallStatus, CostQuery, CostRow, Dimension, LedgerError, Records, Sums};
use jeton_project::{Project, Snapshot};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

/// How far back is looked, in seconds.
const SINCE_S: i64 = 30 * 86_400;

/// Calls that are looked at one by one; where there are more, what only each of them tells stays unknown.
const CALLS_MAX: usize = 100_000;
const PAGE: usize = 10_000;

/// What the ledger in the directory `dir` says; nothing outside of it is opened.
pub(super) fn read(dir: &Path) -> Ledger {
    let snapshot = match Project::open(dir).load(&env) {
        Ok(snapshot) => snapshot,
        Err(report) if dir.join(".jeton/ledger.db").is_file() => {
            return Ledger::Unreadable(format!("jeton.toml has mistakes ({}); `jeton config check` shows them", report.diagnostics.len()));
        }
        Err(_) => return Ledger::None,
    };
    let is_inside = snapshot.store.path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let path = dir.join(&snapshot.store.path);
    let is_file = |path: &Path| path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
    let is_real = path.parent().is_some_and(|folder| folder.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()));
    if !is_inside || !is_real || !is_file(&path) {
        return Ledger::None;
    }
    match SqliteStore::open(&path).and_then(|store| operations(&store, &snapshot)) {
        Ok(operations) => Ledger::Known(Box::new(operations)),
        Err(error) => Ledger::Unreadable(error.to_string()),
    }
}

fn operations(store: &SqliteStore, snapshot: &Snapshot) -> Result<Operations, LedgerError> {
    let since = since();
    let rows = |by| store.cost(&CostQuery { since, ..CostQuery::all(by) });
    let (real, simulated) = store.totals(since, None)?;
    let models = rows(Dimension::Model)?.into_iter().filter(|row| row.real.unknown_calls > 0);
    let mut models_unpriced: Vec<(String, u64)> = models.map(|row| (row.name, row.real.unknown_calls)).collect();
    models_unpriced.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(Operations {
        calls: real.calls,
        calls_simulated: simulated.calls,
        spend: spend(&real),
        calls_unpriced: real.unknown_calls,
        models_unpriced,
        classes: classes(rows(Dimension::Class)?, snapshot),
        failures: failures(store, &rows(Dimension::Status)?)?,
        calls_without_budget: without_budget(store, snapshot, real.calls)?,
    })
}

fn since() -> Option<Timestamp> {
    let now = SystemClock.now();
    Some(Timestamp(now.0.saturating_sub(SINCE_S * 1_000)))
}

fn spend(sums: &Sums) -> String {
    crate::output::money(sums.cost, sums.unknown_calls)
}

fn classes(rows: Vec<CostRow>, snapshot: &Snapshot) -> Vec<ClassUse> {
    let used = rows.into_iter().filter(|row| row.real.calls > 0);
    let has_suite = |name: &str| snapshot.classes.get(name).is_some_and(|class| class.quality.as_ref().is_some_and(|quality| quality.suite.is_some()));
    used.map(|row| ClassUse { has_suite: has_suite(&row.name), calls: row.real.calls, spend: spend(&row.real), name: row.name }).collect()
}

/// Calls that did not end well, by the code of the error where there is one.
fn failures(store: &SqliteStore, statuses: &[CostRow]) -> Result<Vec<(String, u64)>, LedgerError> {
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for status in statuses {
        let Some(known) = CallStatus::from_name(&status.name).filter(|known| *known != CallStatus::Ok && status.real.calls > 0) else { continue };
        let filter = CallFilter { status: Some(known), simulated: Some(false), since: since(), limit: PAGE, ..CallFilter::default() };
        let rows = store.calls(&filter)?;
        let beyond = status.real.calls.saturating_sub(rows.len() as u64);
        for row in rows {
            *found.entry(row.fault.unwrap_or_else(|| status.name.clone())).or_default() += 1;
        }
        if beyond > 0 {
            *found.entry(status.name.clone()).or_default() += beyond;
        }
    }
    let mut found: Vec<(String, u64)> = found.into_iter().collect();
    found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(found)
}

/// Calls for which no account of the chain has a budget.
fn without_budget(store: &SqliteStore, snapshot: &Snapshot, calls: u64) -> Result<Option<u64>, LedgerError> {
    if calls > CALLS_MAX as u64 {
        return Ok(None);
    }
    let bounded: BTreeSet<String> = snapshot.accounts.iter().filter(|(_, account)| account.budget.is_some()).map(|(name, _)| name.clone()).collect();
    let keys: BTreeSet<String> = store.keys()?.into_iter().filter(|key| key.budget.is_some()).map(|key| key.leaf_account()).collect();
    let is_bounded = |row: &CallRow| row.accounts.iter().any(|account| bounded.contains(account) || keys.contains(account));
    let (mut count, mut before) = (0, None);
    loop {
        let rows = store.calls(&CallFilter { simulated: Some(false), since: since(), before, limit: PAGE, ..CallFilter::default() })?;
        count += rows.iter().filter(|row| !is_bounded(row)).count() as u64;
        match rows.last() {
            Some(last) if rows.len() == PAGE => before = Some(last.id),
            _ => return Ok(Some(count)),
        }
    }
}
