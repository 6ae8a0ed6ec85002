//! Doing what a plan says: so many cells at a time, in launch order, each to a row.

use super::{Planned, RowWriter};
use crate::cell::CellRunner;
use crate::{CallFault, FaultClass, Outcome, Row};
use futures_util::stream::{FuturesUnordered, StreamExt};
use jeton_ledger::LedgerError;
use std::collections::HashSet;

/// Is told how a run goes.
pub trait Progress {
    /// A row has come in. `true`: stop here, nothing new is begun.
    fn row(&mut self, row: &Row) -> bool;

    /// Whether somebody wants the run to stop: asked between cells.
    fn wants_to_stop(&self) -> bool {
        false
    }
}

/// Why a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// Every cell has its row.
    Complete,
    /// Somebody said so: a decision was reached, or a person had enough.
    Stopped,
    /// The budget is spent; the call that was refused says by whom.
    Budget(CallFault),
    /// Too much went wrong in a row to go on: what the last of them said.
    Broken(CallFault),
}

/// So many faults of the way to a model one after the other, without a single answer, and a run gives up.
const FAULTS_IN_A_ROW: usize = 25;

/// Runs cells.
pub struct Driver<'a> {
    /// Makes a row of a cell.
    pub cells: &'a CellRunner<'a>,
    /// The most cells at one time.
    pub concurrency: usize,
}

impl Driver<'_> {
    /// Runs all of `plan` that is not `done`. Rows go to `writer` as they come.
    ///
    /// # Errors
    /// Where rows cannot be written.
    pub async fn drive(&self, plan: &[Planned], done: &HashSet<u64>, writer: &RowWriter, progress: &mut dyn Progress) -> Result<End, LedgerError> {
        let mut waiting = plan.iter().filter(|cell| !done.contains(&cell.launch));
        let mut running = FuturesUnordered::new();
        let mut end = None;
        let mut in_a_row = 0;
        loop {
            while end.is_none() && running.len() < self.concurrency.max(1) && !progress.wants_to_stop() {
                let Some(cell) = waiting.next() else { break };
                running.push(self.cells.run(cell));
            }
            if end.is_none() && progress.wants_to_stop() {
                end = Some(End::Stopped);
            }
            let Some(row) = running.next().await else { break };
            if let Some(fault) = stops(&row, &mut in_a_row) {
                end.get_or_insert(fault);
            }
            if is_refused_by_budget(&row) {
                // It was never done: a resumed run with more money does it.
                continue;
            }
            writer.put(&row)?;
            if progress.row(&row) {
                end.get_or_insert(End::Stopped);
            }
        }
        Ok(end.unwrap_or(End::Complete))
    }
}

fn is_refused_by_budget(row: &Row) -> bool {
    row.fault.as_ref().is_some_and(|fault| fault.class == FaultClass::Budget)
}

/// Whether this row ends the run.
fn stops(row: &Row, in_a_row: &mut usize) -> Option<End> {
    let fault = row.fault.as_ref().filter(|_| row.outcome == Outcome::Error);
    let Some(fault) = fault else {
        *in_a_row = 0;
        return None;
    };
    if fault.class == FaultClass::Budget {
        return Some(End::Budget(fault.clone()));
    }
    *in_a_row += 1;
    (*in_a_row >= FAULTS_IN_A_ROW).then(|| End::Broken(fault.clone()))
}
