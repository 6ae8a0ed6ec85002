//! Keys in the store, and the copy of them in memory that every call is checked against.

use super::rows::names;
use crate::key::{is_same, mint, parse};
use crate::query::SEPARATOR;
use crate::{AccountConfig, Budget, KeyRecord, KeyRefusal, LedgerError, NewKey, Window};
use jeton_core::{Nanousd, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use std::collections::HashMap;
use std::sync::Arc;

const COLUMNS: &str = "id, hash, name, account, class, tags, expires, revoked, admin, budget_amount, budget_window, budget_timezone, created";

/// All keys by id, with the hashes of their secrets.
#[derive(Default)]
pub(super) struct KeyTable {
    by_id: HashMap<String, (Arc<KeyRecord>, [u8; 32])>,
    pub(super) any: bool,
    pub(super) any_admin: bool,
    /// The change of keys that this table shows.
    pub(super) version: i64,
}

impl KeyTable {
    /// A version that no file has: the next look takes the keys in again.
    pub(super) const STALE: i64 = -1;

    pub(super) fn load(connection: &Connection) -> Result<Self, LedgerError> {
        let mut table = Self { version: version(connection)?, ..Self::default() };
        for (key, hash) in read_all(connection)? {
            table.any |= !key.admin;
            table.any_admin |= key.admin;
            table.by_id.insert(key.id.clone(), (Arc::new(key), hash));
        }
        Ok(table)
    }

    pub(super) fn authenticate(&self, text: &str, now: Timestamp) -> Result<Arc<KeyRecord>, KeyRefusal> {
        let (id, hash) = parse(text).ok_or(KeyRefusal::Malformed)?;
        let (key, right) = self.by_id.get(id).ok_or(KeyRefusal::Unknown)?;
        if !is_same(&hash, right) {
            return Err(KeyRefusal::Unknown);
        }
        key.check(now)?;
        Ok(Arc::clone(key))
    }

    /// The accounts of keys that are not revoked, the newest key where a name was used again.
    pub(super) fn accounts(&self) -> Vec<AccountConfig> {
        let mut keys: Vec<&KeyRecord> = self.by_id.values().map(|(key, _)| &**key).filter(|key| key.revoked.is_none() && !key.admin).collect();
        keys.sort_by(|a, b| (&a.name, b.created, &b.id).cmp(&(&b.name, a.created, &a.id)));
        keys.dedup_by(|later, first| later.name == first.name);
        keys.into_iter().map(|key| AccountConfig { name: key.leaf_account(), parent: Some(key.account.clone()), budget: key.budget.clone() }).collect()
    }
}

/// Grows with every change of keys, by whatever process.
pub(super) fn version(connection: &Connection) -> Result<i64, LedgerError> {
    Ok(connection.prepare_cached("SELECT value FROM meta WHERE name = 'keys_version'")?.query_row([], |row| row.get(0))?)
}

pub(super) fn read_all(connection: &Connection) -> Result<Vec<(KeyRecord, [u8; 32])>, LedgerError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM keys ORDER BY created, id"))?;
    let keys = statement.query_map([], read)?.collect::<Result<_, _>>()?;
    Ok(keys)
}

fn read(row: &Row<'_>) -> Result<(KeyRecord, [u8; 32]), rusqlite::Error> {
    let window = row.get::<_, Option<String>>(10)?.and_then(|name| Window::from_name(&name));
    let budget = match (row.get::<_, Option<i64>>(9)?, window) {
        (Some(amount), Some(window)) => Some(Budget { amount: Nanousd(amount), window, timezone: row.get(11)? }),
        _ => None,
    };
    let at = |place: usize| row.get::<_, Option<i64>>(place).map(|at| at.map(Timestamp));
    let key = KeyRecord {
        id: row.get(0)?,
        name: row.get(2)?,
        account: row.get(3)?,
        class: row.get(4)?,
        tags: names(row.get_ref(5)?.as_str_or_null()?),
        expires: at(6)?,
        revoked: at(7)?,
        admin: row.get(8)?,
        budget,
        created: Timestamp(row.get(12)?),
    };
    Ok((key, row.get(1)?))
}

pub(super) fn create(connection: &mut Connection, new: NewKey, now: Timestamp) -> Result<(KeyRecord, String), LedgerError> {
    new.check()?;
    if let Some(budget) = &new.budget {
        crate::window::zone(&budget.timezone)?;
        if budget.amount < Nanousd::ZERO {
            return Err(LedgerError::Invalid("the budget of a key cannot be negative".to_owned()));
        }
    }
    let minted = mint()?;
    let key = new.record(minted.id, now);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if living(&transaction, &key.name, now)?.is_some() {
        return Err(LedgerError::Exists(format!("there is a key `{}` already: revoke it first, or choose another name", key.name)));
    }
    let budget = key.budget.as_ref();
    transaction.execute(
        &format!("INSERT INTO keys ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"),
        params![
            key.id,
            minted.hash,
            key.name,
            key.account,
            key.class,
            (!key.tags.is_empty()).then(|| key.tags.join(&SEPARATOR.to_string())),
            key.expires.map(|at| at.0),
            key.revoked.map(|at| at.0),
            key.admin,
            budget.map(|budget| budget.amount.0),
            budget.map(|budget| budget.window.name()),
            budget.map(|budget| &budget.timezone),
            key.created.0
        ],
    )?;
    changed(&transaction)?;
    transaction.commit()?;
    Ok((key, minted.text))
}

pub(super) fn revoke(connection: &mut Connection, name_or_id: &str, now: Timestamp) -> Result<KeyRecord, LedgerError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let keys = read_all(&transaction)?;
    // The newest first: an expired key may have the same name.
    let found = keys.into_iter().rev().map(|(key, _)| key).find(|key| key.revoked.is_none() && (key.name == name_or_id || key.id == name_or_id));
    let Some(mut key) = found else { return Err(LedgerError::NotFound(format!("there is no living key with the name or id `{name_or_id}`"))) };
    transaction.execute("UPDATE keys SET revoked = ?2 WHERE id = ?1", params![key.id, now.0])?;
    changed(&transaction)?;
    transaction.commit()?;
    key.revoked = Some(now);
    Ok(key)
}

fn living(connection: &Connection, name: &str, now: Timestamp) -> Result<Option<String>, LedgerError> {
    let sql = "SELECT id FROM keys WHERE name = ?1 AND revoked IS NULL AND (expires IS NULL OR expires > ?2)";
    Ok(connection.query_row(sql, params![name, now.0], |row| row.get(0)).optional()?)
}

fn changed(connection: &Connection) -> Result<(), LedgerError> {
    connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'keys_version'", [])?;
    Ok(())
}
