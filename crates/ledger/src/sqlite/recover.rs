//! What a dead process left: holds without a settlement.
//!
//! Nobody knows what such a call used; the provider may have answered it in full. Unknown is never zero, so the whole
//! hold, which bounds the cost, becomes the charge, marked as unknown. As everything else it is a new entry.

use super::rows::{Inserts, names};
use super::schema::SETTLED;
use crate::KEY_ACCOUNT_PREFIX;
use crate::book::OpenHold;
use crate::{CallRecord, CallStatus, Decision, LedgerError};
use jeton_core::{Attribution, CallId, Certainty, Cost, Fault, FaultKind, Nanousd, Timestamp};
use rusqlite::{Connection, Row, TransactionBehavior};
use std::sync::Arc;

/// The record of a call that was cut off. `why` is a sentence.
pub(super) fn interrupted(call: CallId, hold: &OpenHold, why: &str) -> CallRecord {
    let mut attribution = Attribution::new(Arc::clone(&hold.accounts));
    attribution.class = Arc::clone(&hold.class);
    attribution.key = hold.accounts.first().and_then(|leaf| leaf.strip_prefix(KEY_ACCOUNT_PREFIX)).map(Into::into);
    let mut record = CallRecord::begun(call, call.started(), attribution);
    record.model_asked = hold.model.to_string();
    record.status = CallStatus::Interrupted;
    record.cost = Cost::Unknown(why.to_owned());
    record.charged = hold.amount;
    record.charge_certainty = Certainty::Unknown;
    record.held = hold.amount;
    record.simulated = hold.simulated;
    record.fault = Some(Fault::new(FaultKind::Internal, why).code("interrupted"));
    record.decisions =
        vec![Decision { stage: "settle".into(), what: format!("Nobody knows what the call used, so the {} that were held for it are charged.", hold.amount) }];
    record
}

/// Holds without a settlement among the calls after `after`.
pub(super) fn open_holds(connection: &Connection, after: i64) -> Result<Vec<(CallId, OpenHold)>, LedgerError> {
    let mut statement =
        connection.prepare_cached("SELECT call, step, amount, accounts, at, class, model, simulated FROM entries WHERE call > ?1 ORDER BY call, step")?;
    let mut rows = statement.query([after])?;
    let mut open: Vec<(CallId, OpenHold)> = Vec::new();
    while let Some(row) = rows.next()? {
        let call = CallId::from_i64(row.get(0)?);
        let step: i64 = row.get(1)?;
        let is_same = open.last().is_some_and(|(last, _)| *last == call);
        match (is_same, step) {
            (true, SETTLED) => drop(open.pop()),
            (true, 1..SETTLED) => {
                if let Some((_, hold)) = open.last_mut() {
                    hold.amount = hold.amount.saturating_add(Nanousd(row.get(2)?));
                }
            }
            (_, 0) => open.push((call, read_hold(row)?)),
            _ => {}
        }
    }
    Ok(open)
}

fn read_hold(row: &Row<'_>) -> Result<OpenHold, rusqlite::Error> {
    let accounts: Vec<Arc<str>> = names(row.get_ref(3)?.as_str_or_null()?).into_iter().map(Into::into).collect();
    let at = Timestamp(row.get(4)?);
    let text = |place: usize| row.get::<_, Option<String>>(place).map(|text| text.unwrap_or_default().into());
    Ok(OpenHold { accounts: accounts.into(), amount: Nanousd(row.get(2)?), at, deadline: at, class: text(5)?, model: text(6)?, simulated: row.get(7)? })
}

/// Charges every hold that a dead process left, and says how many there were. Only a server that has the lock may do so.
pub(super) fn recover(connection: &mut Connection, now: Timestamp) -> Result<usize, LedgerError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let after: i64 = transaction.query_row("SELECT value FROM meta WHERE name = 'recovered_to'", [], |row| row.get(0))?;
    let open = open_holds(&transaction, after)?;
    {
        let mut inserts = Inserts::new(&transaction)?;
        for (call, hold) in &open {
            let record = interrupted(*call, hold, "The server ended before the call did.");
            inserts.settlement(&record, hold.at, now)?;
        }
        inserts.finish()?;
    }
    // From here on every call up to the newest is settled; the next start need not look at them again.
    transaction.execute("UPDATE meta SET value = (SELECT COALESCE(MAX(call), -1) FROM entries) WHERE name = 'recovered_to'", [])?;
    transaction.commit()?;
    Ok(open.len())
}
