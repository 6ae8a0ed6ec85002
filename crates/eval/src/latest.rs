//! Which run of a suite counts as its last: the newest that is finished and valid. One that was interrupted, ran out of money or still goes on
//! has only the cases that came first, and one with too much missing is no evidence; neither takes the place of a run that says something.

use crate::Row;
use crate::label::judged_rows;
use crate::run::{RunEnd, RunHead};
use crate::session::RUN_END;
use crate::totals::counts;
use jeton_ledger::{LedgerError, NoteFilter, Records};
use serde::Serialize;
use std::fmt;

/// Runs of a suite that are looked through: gates that end early leave many that are not whole.
pub(crate) const RUNS: u64 = 500;

/// A run that does not count, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PassedOver {
    /// The run.
    pub run: String,
    /// Whether every cell has its row: then it is invalid.
    pub is_whole: bool,
    /// Why, in half a sentence.
    pub why: String,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} does not count: {}", self.run, self.why)
    }
}

/// The newest run that counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Newest {
    /// The run.
    pub head: RunHead,
    /// All of its rows.
    pub rows: Vec<Row>,
    /// Newer ones that do not count, the newest first.
    pub passed_over: Vec<PassedOver>,
}

/// The newest run of a suite that counts, for a target that it has or for any. The inner error has those that do not, the newest first: all that
/// there are with the target.
///
/// # Errors
/// Where the store fails.
pub fn newest(store: &dyn Records, suite: &str, target: Option<&str>) -> Result<Result<Newest, Vec<PassedOver>>, LedgerError> {
    let mut passed_over = Vec::new();
    for record in store.runs(Some(suite), RUNS)? {
        let Ok(head) = serde_json::from_str::<RunHead>(&record.json) else { continue };
        let targets: Vec<&str> = head.targets.iter().map(|one| one.name.as_str()).filter(|name| target.is_none_or(|target| target == *name)).collect();
        if target.is_some() && targets.is_empty() {
            continue;
        }
        let rows = judged_rows(store, &head.id)?;
        match unfit(store, &head, &rows, &targets)? {
            Some(unfit) => passed_over.push(unfit),
            None => return Ok(Ok(Newest { head, rows, passed_over })),
        }
    }
    Ok(Err(passed_over))
}

/// Why a run does not count for any of these targets; none where it does.
///
/// # Errors
/// Where the store fails.
pub fn unfit(store: &dyn Records, head: &RunHead, rows: &[Row], targets: &[&str]) -> Result<Option<PassedOver>, LedgerError> {
    let unfit = |is_whole: bool, why: String| Some(PassedOver { run: head.id.clone(), is_whole, why });
    if rows.len() < head.cells {
        let why = ended(store, &head.id)?.and_then(|end| end.why).unwrap_or_else(|| "it goes on, or was cut off".to_owned());
        return Ok(unfit(false, format!("{} of its {} cells are done; {why}", rows.len(), head.cells)));
    }
    if targets.is_empty() || targets.iter().any(|target| is_evidence(head, rows, target)) {
        return Ok(None);
    }
    Ok(unfit(true, format!("it is invalid: more than {:.1} % of the verdicts on {} are missing", 100.0 * head.errors_max, targets.join(", "))))
}

fn ended(store: &dyn Records, run: &str) -> Result<Option<RunEnd>, LedgerError> {
    let filter = NoteFilter { kind: Some(RUN_END.to_owned()), subject_prefix: Some(run.to_owned()), limit: None };
    let newest = store.notes(&filter)?.into_iter().find(|note| note.subject == run);
    Ok(newest.and_then(|note| serde_json::from_str(&note.json).ok()))
}

/// Whether enough of a target's verdicts are there.
fn is_evidence(head: &RunHead, rows: &[Row], target: &str) -> bool {
    let of_target: Vec<&Row> = rows.iter().filter(|row| row.cell.target == target).collect();
    counts(&of_target).unresolved_share().is_none_or(|share| share <= head.errors_max)
}
