//! Which units the context of calls held, as far as the ledger says.

use crate::state::Console;
use jeton_core::{CallId, Fault, Timestamp};
use std::collections::BTreeMap;

/// The days back from now in which uses are counted.
pub(crate) const USE_DAYS: i64 = 7;

/// A call whose context held a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnitUse {
    pub(crate) call: CallId,
    pub(crate) started: Timestamp,
    pub(crate) class: String,
    pub(crate) tokens: u64,
}

/// The uses of units by calls of the last days.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    by_unit: BTreeMap<String, Vec<UnitUse>>,
}

impl Uses {
    /// How many calls had the unit.
    pub(crate) fn count(&self, unit: &str) -> u64 {
        self.of(unit).len() as u64
    }

    /// The calls that had the unit, newest first.
    pub(crate) fn of(&self, unit: &str) -> &[UnitUse] {
        self.by_unit.get(unit).map_or(&[], Vec::as_slice)
    }
}

/// What calls used, or why nobody knows: then it is unknown, and not 0.
///
/// # Errors
/// Where the ledger cannot be asked.
pub(crate) fn uses(_console: &Console, _now: Timestamp) -> Result<Result<Uses, &'static str>, Fault> {
    Ok(Err("receipts of calls do not say so far which units they had"))
}
