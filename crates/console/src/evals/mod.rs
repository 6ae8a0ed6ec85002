//! Runs of suites as the API and the pages ask for them. Everything is recomputed from rows and people's labels; only totals of runs
//! that are complete are kept, for as long as nobody adds a label.

mod asked;
mod history;
mod label;
mod note;
mod pair;

pub(crate) use asked::{Asked, asked, suite_now};
pub(crate) use history::{Health, Sight, SuiteLine, frontier, health, history, suites};
pub(crate) use label::{Given, Label, Waiting, give, labels_of, queue};
pub(crate) use note::{CauseNote, GateNote, Said, alarms, asked as gate_asked, causes, gates};
pub(crate) use pair::{Pairing, Side, pairing};

use crate::api::ledger_fault;
use crate::route::printable;
use crate::state::Console;
use jeton_allocate::Level;
use jeton_core::{Fault, FaultKind, nearest};
use jeton_eval::label::{LABEL, judged_rows};
use jeton_eval::live::{Kept, LiveSummary, feedback, summary};
use jeton_eval::run::{RunEnd, RunHead, is_of_experiments};
use jeton_eval::session::RUN_END;
use jeton_eval::totals::{TargetTotals, Totals, Validity, totals};
use jeton_eval::{Outcome, Row};
use jeton_ledger::{Note, NoteFilter, RunRecord};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The most runs of all suites that are looked through.
const RUNS_MAX: u64 = 1_000;
/// The most runs whose totals are kept.
const KEPT_MAX: usize = 2_000;

/// Totals of complete runs by the run's id, each with the number of labels that were there: labels are only ever added.
#[derive(Debug, Default)]
pub(crate) struct TotalsKept(Mutex<HashMap<String, (usize, Arc<Totals>)>>);

impl TotalsKept {
    fn get(&self, run: &str, labels: usize) -> Option<Arc<Totals>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(run).filter(|(then, _)| *then == labels).map(|(_, totals)| Arc::clone(totals))
    }

    fn put(&self, run: &str, labels: usize, totals: &Arc<Totals>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(run.to_owned(), (labels, Arc::clone(totals)));
    }
}

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Every cell has its row.
    Complete,
    /// It was ended before, and says why.
    Stopped,
    /// It goes on, or was cut off: nothing tells which.
    Open,
}

impl Progress {
    pub(crate) const NAMES: [&str; 3] = ["complete", "stopped", "open"];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Stopped => "stopped",
            Self::Open => "open",
        }
    }
}

/// A run with what it came to.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) head: RunHead,
    pub(crate) end: Option<RunEnd>,
    pub(crate) totals: Arc<Totals>,
}

impl Run {
    fn new(console: &Console, head: RunHead) -> Result<Self, Fault> {
        let end: Option<RunEnd> = notes(console, RUN_END, &head.id, Some(1))?.first().and_then(|note| serde_json::from_str(&note.json).ok());
        let is_complete = end.as_ref().is_some_and(|end| end.is_complete);
        let labels = if is_complete { labels_given(console, &head.id)? } else { 0 };
        if let Some(totals) = console.totals.get(&head.id, labels).filter(|_| is_complete) {
            return Ok(Self { head, end, totals });
        }
        let totals = Arc::new(summed(&head, &rows(console, &head.id)?));
        if is_complete {
            console.totals.put(&head.id, labels, &totals);
        }
        Ok(Self { head, end, totals })
    }

    pub(crate) fn progress(&self) -> Progress {
        match &self.end {
            Some(end) if end.is_complete => Progress::Complete,
            Some(_) => Progress::Stopped,
            None => Progress::Open,
        }
    }

    /// Rows that are there.
    pub(crate) fn rows_done(&self) -> usize {
        self.totals.targets.iter().map(|target| target.cells).sum()
    }

    pub(crate) fn target(&self, name: &str) -> Option<&TargetTotals> {
        self.totals.targets.iter().find(|target| target.target == name)
    }
}

fn summed(head: &RunHead, rows: &[Row]) -> Totals {
    let names: Vec<String> = head.targets.iter().map(|target| target.name.clone()).collect();
    totals(rows, &names, head.errors_max, Level::P95)
}

/// Whether figures of a target may be shown as what it can do.
pub(crate) fn is_valid(totals: &TargetTotals) -> bool {
    totals.validity == Validity::Valid
}

/// The word for a validity.
pub(crate) const fn validity_name(validity: Validity) -> &'static str {
    match validity {
        Validity::Valid => "valid",
        Validity::Invalid { .. } => "invalid",
        Validity::Empty => "empty",
    }
}

pub(crate) const VALIDITIES: [&str; 3] = ["valid", "invalid", "empty"];
pub(crate) const OUTCOMES: [&str; 4] = ["passed", "failed", "unscored", "error"];

/// The word for an outcome.
pub(crate) const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Unscored => "unscored",
        Outcome::Error => "error",
    }
}

/// The heads of runs, newest first, without experiments; and how many heads could not be read.
fn heads(console: &Console, suite: Option<&str>, limit: u64) -> Result<(Vec<RunHead>, usize), Fault> {
    let read: Vec<Option<RunHead>> = records(console, suite, limit)?.iter().map(|record| serde_json::from_str(&record.json).ok()).collect();
    let unreadable = read.iter().filter(|head| head.is_none()).count();
    Ok((read.into_iter().flatten().collect(), unreadable))
}

/// So many records of runs, the newest first. Experiments are left out before they are counted: one examination makes dozens of them.
fn records(console: &Console, suite: Option<&str>, limit: u64) -> Result<Vec<RunRecord>, Fault> {
    let mut asked = limit;
    loop {
        let mut records = console.ledger.runs(suite, asked).map_err(|error| ledger_fault(&error))?;
        let is_all = (records.len() as u64) < asked;
        records.retain(|record| suite.is_some() || !is_of_experiments(&record.suite));
        if is_all || records.len() as u64 >= limit {
            records.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            return Ok(records);
        }
        asked = asked.saturating_mul(4);
    }
}

/// Runs of a suite, or of all, newest first.
pub(crate) fn runs(console: &Console, suite: Option<&str>, limit: u64) -> Result<Vec<Run>, Fault> {
    let (heads, _) = heads(console, suite, limit)?;
    if let Some(name) = suite.filter(|_| heads.is_empty()) {
        return Err(no_suite(console, name));
    }
    heads.into_iter().map(|head| Run::new(console, head)).collect()
}

/// A suite that no run names.
fn no_suite(console: &Console, name: &str) -> Fault {
    let known = heads(console, None, RUNS_MAX).map(|(heads, _)| heads).unwrap_or_default();
    let near = nearest(name, known.iter().map(|head| head.suite.as_str()), 1).first().map(ToString::to_string);
    let fault = Fault::new(FaultKind::NotFound, format!("There is no run of a suite `{}`.", printable(name))).param("suite");
    fault.remedy(near.map_or_else(
        || "`jeton eval run SUITE` makes the first; GET /api/evals/suites lists what has been run.".to_owned(),
        |near| format!("Did you mean `{near}`?"),
    ))
}

/// The head of the run with this id; `latest:SUITE` stands for the newest of a suite.
pub(crate) fn head(console: &Console, id: &str, param: &str) -> Result<RunHead, Fault> {
    let ledger = |error| ledger_fault(&error);
    let record: Option<RunRecord> = match id.strip_prefix("latest:") {
        Some(suite) => console.ledger.runs(Some(suite), 1).map_err(ledger)?.into_iter().next(),
        None => console.ledger.run(id).map_err(ledger)?,
    };
    let Some(record) = record else {
        let fault = Fault::new(FaultKind::NotFound, format!("There is no run `{}`.", printable(id))).param(param);
        return Err(fault.remedy("GET /api/evals/runs lists runs; `latest:SUITE` stands for the newest of a suite."));
    };
    serde_json::from_str(&record.json).map_err(|error| {
        let fault = Fault::new(FaultKind::Internal, format!("The head of `{}` cannot be read: {error}.", record.id)).param(param);
        fault.remedy("It was written by another version of Jeton; use that one to look at it.")
    })
}

/// The run with this id; see [`head`].
pub(crate) fn run(console: &Console, id: &str, param: &str) -> Result<Run, Fault> {
    Run::new(console, head(console, id, param)?)
}

/// How many labels were given to answers of a run.
fn labels_given(console: &Console, run: &str) -> Result<usize, Fault> {
    let filter = NoteFilter { kind: Some(LABEL.to_owned()), subject_prefix: Some(format!("{run}/")), limit: None };
    Ok(console.ledger.notes(&filter).map_err(|error| ledger_fault(&error))?.len())
}

/// All rows of a run, in launch order, with people's labels as the verdicts of the graders that ask them.
pub(crate) fn rows(console: &Console, run: &str) -> Result<Vec<Row>, Fault> {
    judged_rows(&*console.ledger, run).map_err(|error| ledger_fault(&error))
}

/// Rows that match what is asked for.
pub(crate) fn matching<'r>(rows: &'r [Row], outcome: Option<&str>, target: Option<&str>) -> Vec<&'r Row> {
    let fits = |row: &&Row| outcome.is_none_or(|name| outcome_name(row.outcome) == name) && target.is_none_or(|name| row.cell.target == name);
    rows.iter().filter(fits).collect()
}

/// The rows of one case, in launch order.
pub(crate) fn case_rows(console: &Console, head: &RunHead, case: &str) -> Result<Vec<Row>, Fault> {
    let all = rows(console, &head.id)?;
    let near = nearest(case, all.iter().map(|row| row.cell.case.as_str()), 1).first().map(ToString::to_string);
    let found: Vec<Row> = all.into_iter().filter(|row| row.cell.case == case).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let fault = Fault::new(FaultKind::NotFound, format!("{} has no row of a case `{}`.", head.id, printable(case))).param("case");
    Err(fault.remedy(near.map_or_else(|| "The run has no rows so far.".to_owned(), |near| format!("Did you mean `{near}`?"))))
}

/// Judged live calls that are summed up, the newest of a suite.
const LIVE_RESULTS: u64 = 2_000;

/// What became of the live calls that a suite judges; none where it has judged none.
pub(crate) fn live(console: &Console, suite: &str) -> Result<Option<LiveSummary>, Fault> {
    let kept = Kept::read(&*console.ledger, suite, LIVE_RESULTS).map_err(|error| ledger_fault(&error))?;
    if kept.results.is_empty() && kept.beats.is_empty() {
        return Ok(None);
    }
    let said = feedback(&*console.ledger, &kept.results).map_err(|error| ledger_fault(&error))?;
    Ok(Some(summary(&kept.results, &kept.beats, &said, jeton_allocate::Level::P95)))
}

/// Notes of a kind about a subject, the newest first.
fn notes(console: &Console, kind: &str, subject: &str, limit: Option<u64>) -> Result<Vec<Note>, Fault> {
    // Subjects are asked for by their beginning, and one may begin with another: those are left out here.
    let limit = limit.filter(|_| kind == RUN_END);
    let filter = NoteFilter { kind: Some(kind.to_owned()), subject_prefix: Some(subject.to_owned()), limit };
    let notes = console.ledger.notes(&filter).map_err(|error| ledger_fault(&error))?;
    Ok(notes.into_iter().filter(|note| note.subject == subject).collect())
}
