//! A run from its beginning, or from where it stopped, to its end.

use crate::cell::{CellRunner, Targets};
use crate::environment::Environment;
use crate::grader::Bench;
use crate::label::judged_rows;
use crate::run::{Choice, Driver, End, Planned, Progress, RowWriter, RunEnd, RunHead, SelfTestSummary, plan, read_rows, run_id};
use crate::{Answer, Cell, Models, Row, Suite, Target, TargetKind};
use jeton_context::Digest;
use jeton_core::{Clock, Nanousd, Timestamp};
use jeton_ledger::{LedgerError, Note, NoteFilter, Records, RunRecord};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

/// The kind of the note that says how a run ended.
pub const RUN_END: &str = "run-end";
/// The kind of the note with another budget of a run than it began with; its subject is the run.
pub const RUN_BUDGET: &str = "run-budget";
/// Runs of the suite that are looked through for answers where a run may take them.
const CACHE_RUNS: u64 = 20;

/// Where runs are made: what calls models, what is known, where rows go.
pub struct Place<'a> {
    /// Where measured things are.
    pub store: Arc<dyn Records>,
    /// Calls models.
    pub models: &'a dyn Models,
    /// Answers of what is no model.
    pub outside: &'a dyn Targets,
    /// The project's context.
    pub environment: &'a Environment,
    /// What graders need.
    pub bench: &'a Bench<'a>,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The digest of the configuration.
    pub config: String,
}

/// Why a run cannot begin or go on.
#[derive(Clone, Debug, PartialEq)]
pub enum SessionError {
    /// The ledger fails.
    Ledger(LedgerError),
    /// There is no such run.
    NoRun(String),
    /// The suite is not what it was when the run began.
    Changed {
        /// The run.
        run: String,
        /// The suite.
        suite: String,
    },
    /// The suite has no target of this name; those it has.
    NoTarget(String, Vec<String>),
    /// Nothing is left of the suite after the choice.
    Nothing,
    /// The suite has no targets, and none was named.
    NoTargets,
}

impl From<LedgerError> for SessionError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ledger(error) => write!(f, "{error}"),
            Self::NoRun(run) => write!(f, "there is no run `{run}`"),
            Self::Changed { run, suite } => write!(f, "suite `{suite}` is not what it was when {run} began: its rows would not belong together"),
            Self::NoTarget(name, have) if have.is_empty() => write!(f, "`{name}` is no model by its full name, and the suite has no targets"),
            Self::NoTarget(name, have) => write!(f, "the suite has no target `{name}`; it has {}", have.join(", ")),
            Self::NoTargets => f.write_str("the suite does not say what is tried"),
            Self::Nothing => f.write_str("no case of the suite is left after what was asked for"),
        }
    }
}

impl std::error::Error for SessionError {}

/// A run under way.
#[derive(Debug)]
pub struct Session {
    /// Its head.
    pub head: RunHead,
    /// What is to be done.
    pub plan: Vec<Planned>,
    /// What is done already, with people's labels.
    pub rows: Vec<Row>,
}

/// The targets that a choice takes, in the suite's order; behind them models that are named as `provider/name` and are not the suite's, each a
/// target without context.
///
/// # Errors
/// Where a name is neither.
pub fn chosen_targets(suite: &Suite, names: &[String]) -> Result<Vec<Target>, SessionError> {
    let have = || suite.targets.iter().map(|target| target.name.clone()).collect();
    let strangers: Vec<&String> = names.iter().filter(|name| !suite.targets.iter().any(|target| target.name == **name)).collect();
    if let Some(unknown) = strangers.iter().find(|name| !name.contains('/')) {
        return Err(SessionError::NoTarget((*unknown).clone(), have()));
    }
    let of_suite = suite.targets.iter().filter(|target| names.is_empty() || names.contains(&target.name)).cloned();
    Ok(of_suite.chain(strangers.into_iter().map(|name| Target::of_model(name))).collect())
}

impl Session {
    /// What would be tried, and in which order; whoever pays anything before a run begins asks this first.
    ///
    /// # Errors
    /// Where nothing is to be done.
    pub fn planned(suite: &Suite, choice: &Choice) -> Result<(Vec<Target>, Vec<Planned>), SessionError> {
        let targets = chosen_targets(suite, &choice.targets)?;
        if targets.is_empty() {
            return Err(SessionError::NoTargets);
        }
        let plan = plan(suite, &targets, choice);
        if plan.is_empty() { Err(SessionError::Nothing) } else { Ok((targets, plan)) }
    }

    /// Begins a run with an id of its own: its head is in the ledger once this returns.
    ///
    /// # Errors
    /// Where nothing is to be done, or the ledger fails.
    pub fn begin(place: &Place<'_>, suite: &Suite, choice: Choice, selftest: Option<SelfTestSummary>, random: u64) -> Result<Self, SessionError> {
        Self::begin_as(run_id(place.clock.now(), random), place, suite, choice, selftest)
    }

    /// Begins a run with this id. The account of a run's budget is named after the run before it begins, and found again when it is resumed.
    ///
    /// # Errors
    /// Where nothing is to be done, or the ledger fails.
    pub fn begin_as(id: String, place: &Place<'_>, suite: &Suite, choice: Choice, selftest: Option<SelfTestSummary>) -> Result<Self, SessionError> {
        let (targets, plan) = Self::planned(suite, &choice)?;
        let started = place.clock.now();
        let cases: HashSet<&str> = plan.iter().map(|planned| planned.cell.case.as_str()).collect();
        let head = RunHead {
            id,
            suite: suite.name.clone(),
            file: suite.place.path.to_string(),
            digest: suite.digest,
            catalogue: place.environment.engine.as_ref().map(|engine| engine.desk().catalogue.digest()),
            config: place.config.clone(),
            class: suite.class.clone(),
            targets,
            cases: cases.len(),
            cells: plan.len(),
            errors_max: suite.errors_max,
            selftest,
            started,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            choice,
        };
        place.store.begin_run(&RunRecord { id: head.id.clone(), suite: head.suite.clone(), started, json: to_json(&head)? })?;
        Ok(Self { head, plan, rows: Vec::new() })
    }

    /// Takes up a run where it stopped, with everything as it was asked for.
    ///
    /// # Errors
    /// Where there is no such run, or the suite has changed since.
    pub fn resume(place: &Place<'_>, suite: &Suite, run: &str) -> Result<Self, SessionError> {
        let head = read_head(&*place.store, run)?;
        if head.digest != suite.digest {
            return Err(SessionError::Changed { run: head.id, suite: head.suite });
        }
        let rows = judged_rows(&*place.store, run)?;
        let plan = plan(suite, &head.targets, &head.choice);
        Ok(Self { head, plan, rows })
    }

    /// Does what is left. Gives how it ended; the rows are all of the run, read back from the ledger with people's labels.
    ///
    /// # Errors
    /// Where rows cannot be written or read.
    pub async fn go(&mut self, place: &Place<'_>, suite: &Suite, progress: &mut dyn Progress) -> Result<End, SessionError> {
        let begun = place.clock.now();
        let done: HashSet<u64> = self.rows.iter().map(|row| row.launch).collect();
        let known = if self.head.choice.cache { known_answers(&*place.store, &self.head)? } else { HashMap::new() };
        let recorded = recorded_answers(&*place.store, &self.head.targets)?;
        let tags = [format!("suite:{}", self.head.suite), format!("run:{}", self.head.id)];
        let cells = CellRunner {
            suite,
            targets: &self.head.targets,
            models: place.models,
            outside: place.outside,
            environment: place.environment,
            bench: place.bench,
            clock: place.clock,
            tags: &tags,
            timeout_ms: self.head.choice.timeout_ms.or(suite.timeout_ms),
            known: &known,
            recorded: &recorded,
        };
        let writer = RowWriter::start(Arc::clone(&place.store), &self.head.id).map_err(|error| LedgerError::Store(error.to_string()))?;
        let driver = Driver { cells: &cells, concurrency: self.head.choice.concurrency };
        let end = driver.drive(&self.plan, &done, &writer, progress).await;
        writer.finish()?;
        let end = end?;
        self.rows = judged_rows(&*place.store, &self.head.id)?;
        let took_ms = u64::try_from(place.clock.now().0 - begun.0).unwrap_or(0);
        let told = RunEnd { is_complete: self.rows.len() == self.plan.len(), why: why(&end), took_ms };
        place.store.add_note(&Note { kind: RUN_END.to_owned(), subject: self.head.id.clone(), at: place.clock.now(), json: to_json(&told)? })?;
        Ok(end)
    }

    /// Names of the targets, in order.
    #[must_use]
    pub fn target_names(&self) -> Vec<String> {
        self.head.targets.iter().map(|target| target.name.clone()).collect()
    }

    /// Whether every cell has its row.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.rows.len() == self.plan.len()
    }
}

fn why(end: &End) -> Option<String> {
    match end {
        End::Complete => None,
        End::Stopped => Some("stopped before its end".to_owned()),
        End::Budget(fault) => Some(format!("the budget is spent: {}", fault.message)),
        End::Broken(fault) => Some(format!("nothing was answered any more: {}", fault.message)),
    }
}

/// Another budget for a run than it had, set when it was gone on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunBudget {
    /// What all calls of the run may cost together.
    pub budget: Nanousd,
    /// What the run had cost while it had no budget, and so no account of its own: the wall is lower by that.
    pub outside: Nanousd,
}

impl RunBudget {
    /// What the account of the run's own may still hold in all.
    #[must_use]
    pub const fn wall(&self) -> Nanousd {
        self.budget.saturating_sub(self.outside)
    }

    /// What holds for a run now; none: it has no budget.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub fn of(store: &dyn Records, head: &RunHead) -> Result<Option<Self>, LedgerError> {
        let set = budget_note(store, &head.id)?;
        Ok(set.or_else(|| head.choice.budget.map(|budget| Self { budget, outside: Nanousd::ZERO })))
    }

    /// The budget `budget` for a run that has this one, or none.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub fn changed(store: &dyn Records, head: &RunHead, budget: Nanousd) -> Result<Self, LedgerError> {
        if let Some(now) = Self::of(store, head)? {
            return Ok(Self { budget, ..now });
        }
        let spent = read_rows(store, &head.id)?.iter().filter_map(|row| row.cost).fold(Nanousd::ZERO, Nanousd::saturating_add);
        Ok(Self { budget, outside: spent })
    }

    /// Writes it down for the run.
    ///
    /// # Errors
    /// Where the ledger cannot be written.
    pub fn keep(&self, store: &dyn Records, run: &str, at: Timestamp) -> Result<(), SessionError> {
        Ok(store.add_note(&Note { kind: RUN_BUDGET.to_owned(), subject: run.to_owned(), at, json: to_json(self)? })?)
    }
}

/// The newest budget that was set for a run after it began.
fn budget_note(store: &dyn Records, run: &str) -> Result<Option<RunBudget>, LedgerError> {
    let filter = NoteFilter { kind: Some(RUN_BUDGET.to_owned()), subject_prefix: Some(run.to_owned()), limit: None };
    let newest = store.notes(&filter)?.into_iter().find(|note| note.subject == run);
    Ok(newest.and_then(|note| serde_json::from_str(&note.json).ok()))
}

fn to_json(value: &impl serde::Serialize) -> Result<String, SessionError> {
    serde_json::to_string(value).map_err(|error| SessionError::Ledger(LedgerError::Store(error.to_string())))
}

/// The head of a run, with the budget that holds now; `latest:SUITE` and a suite's bare name stand for its newest run.
///
/// # Errors
/// Where there is none, or it cannot be read.
pub fn read_head(store: &dyn Records, run: &str) -> Result<RunHead, SessionError> {
    let suite = run.strip_prefix("latest:").unwrap_or(run);
    let record = match store.run(run)? {
        Some(record) => Some(record),
        None => store.runs(Some(suite), 1)?.into_iter().next(),
    };
    let record = record.ok_or_else(|| SessionError::NoRun(run.to_owned()))?;
    let mut head: RunHead =
        serde_json::from_str(&record.json).map_err(|error| SessionError::Ledger(LedgerError::Store(format!("the head of {run} cannot be read: {error}"))))?;
    if let Some(set) = budget_note(store, &head.id)? {
        head.choice.budget = Some(set.budget);
    }
    Ok(head)
}

/// Answers of earlier runs of the suite by request; simulated ones too, faults never.
fn known_answers(store: &dyn Records, head: &RunHead) -> Result<HashMap<Digest, Answer>, SessionError> {
    let mut known = HashMap::new();
    for run in store.runs(Some(&head.suite), CACHE_RUNS)? {
        for row in read_rows(store, &run.id)?.into_iter().filter(|row| row.request != Digest::default()) {
            if let Some(answer) = row.answer {
                known.entry(row.request).or_insert(answer);
            }
        }
    }
    Ok(known)
}

/// The answers of the runs that targets grade again, by the cells of this run.
fn recorded_answers(store: &dyn Records, targets: &[Target]) -> Result<HashMap<Cell, Answer>, SessionError> {
    let mut recorded = HashMap::new();
    for target in targets {
        let TargetKind::Recorded { run, target: of } = &target.kind else { continue };
        let head = read_head(store, run)?;
        let of = of.as_ref().or_else(|| head.targets.first().map(|target| &target.name));
        for row in read_rows(store, &head.id)?.into_iter().filter(|row| of.is_none_or(|of| row.cell.target == *of)) {
            if let Some(answer) = row.answer {
                recorded.insert(Cell { target: target.name.clone(), ..row.cell }, answer);
            }
        }
    }
    Ok(recorded)
}
