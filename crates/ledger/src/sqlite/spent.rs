//! What accounts have spent, by their entries: from here the book is built at the start, and checked later.

use super::recover::open_holds;
use super::rows::names;
use crate::book::{Plan, Planned};
use crate::{AccountConfig, AccountStanding, LedgerError};
use jeton_core::{CallId, Nanousd, Timestamp};
use rusqlite::{Connection, params};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A call's id tells when it began, an entry when it was admitted. A day between the two is more than any timer allows.
const SLACK_MS: i64 = 86_400_000;

/// Charges and adjustments of the windows in force, one sum per account of `plan` that is `wanted`; zero for the others.
pub(super) fn spent(connection: &Connection, plan: &Plan, wanted: impl Fn(&Planned) -> bool) -> Result<Vec<Nanousd>, LedgerError> {
    Ok(exactly_spent(connection, plan, wanted)?.into_iter().map(clamped).collect())
}

/// An exact sum as an amount, held at the ends of the range.
pub(super) fn clamped(sum: i128) -> Nanousd {
    Nanousd(i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX }))
}

/// As [`spent`], in nano-dollars that are never out of range.
pub(super) fn exactly_spent(connection: &Connection, plan: &Plan, wanted: impl Fn(&Planned) -> bool) -> Result<Vec<i128>, LedgerError> {
    let mut by_start: HashMap<i64, HashMap<String, i128>> = HashMap::new();
    let mut sums = Vec::with_capacity(plan.accounts.len());
    for planned in &plan.accounts {
        if !wanted(planned) {
            sums.push(0);
            continue;
        }
        let start = planned.span.start;
        let by_account = match by_start.entry(start.0) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(charged_since(connection, start)?),
        };
        sums.push(by_account.get(&planned.config.name).copied().unwrap_or_default());
    }
    Ok(sums)
}

/// What each account was charged for calls admitted at or after `start`.
fn charged_since(connection: &Connection, start: Timestamp) -> Result<HashMap<String, i128>, LedgerError> {
    let first = if start.0 <= SLACK_MS { 0 } else { CallId::first_at(Timestamp(start.0 - SLACK_MS)).to_i64() };
    let mut statement = connection.prepare_cached("SELECT accounts, amount FROM entries WHERE call >= ?1 AND kind IN (1, 3) AND at >= ?2")?;
    let mut rows = statement.query(params![first, start.0])?;
    let mut by_path: HashMap<String, i128> = HashMap::new();
    while let Some(row) = rows.next()? {
        let (path, amount) = (row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?, i128::from(row.get::<_, i64>(1)?));
        match by_path.get_mut(path) {
            Some(sum) => *sum += amount,
            None => drop(by_path.insert(path.to_owned(), amount)),
        }
    }
    let mut by_account: HashMap<String, i128> = HashMap::new();
    for (path, amount) in by_path {
        let mut accounts = names(Some(&path));
        accounts.sort_unstable();
        accounts.dedup();
        for account in accounts {
            *by_account.entry(account).or_default() += amount;
        }
    }
    Ok(by_account)
}

/// How accounts stand by their entries alone.
pub(super) fn standings(connection: &Connection, accounts: &[AccountConfig], now: Timestamp) -> Result<Vec<AccountStanding>, LedgerError> {
    let plan = Plan::new(accounts.to_vec(), now)?;
    let spent = spent(connection, &plan, |_| true)?;
    let after: i64 = connection.query_row("SELECT value FROM meta WHERE name = 'recovered_to'", [], |row| row.get(0))?;
    let holds = open_holds(connection, after)?;
    let standing = |(planned, spent): (Planned, Nanousd)| {
        let AccountConfig { name, parent, budget } = planned.config;
        let mine = holds.iter().filter(|(_, hold)| planned.span.holds(hold.at) && hold.accounts.iter().any(|account| **account == *name));
        let held = mine.fold(Nanousd::ZERO, |sum, (_, hold)| sum.saturating_add(hold.amount));
        let available = budget.as_ref().map(|budget| budget.amount.saturating_sub(spent).saturating_sub(held));
        AccountStanding { name, parent, budget, since: planned.span.since(), spent, held, available, renews_at: planned.span.end }
    };
    Ok(plan.accounts.into_iter().zip(spent).map(standing).collect())
}
