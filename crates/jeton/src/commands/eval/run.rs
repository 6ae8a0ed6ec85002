//! `jeton eval run`.

use super::progress::{Shown, interrupts};
use super::{Desk, chance, choice, refused, wall};
use crate::cli::RunArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_allocate::Level;
use jeton_context::{Finding, Severity};
use jeton_core::{Clock, SystemClock};
use jeton_eval::gate::Stopping;
use jeton_eval::grader::selftest::selftest;
use jeton_eval::run::{Choice, End, SelfTestSummary};
use jeton_eval::session::{Place, Session, read_head};
use jeton_eval::totals::{Totals, Validity, totals};
use serde_json::json;

pub(super) fn run(context: &Context, args: &RunArgs, is_json: bool) -> Result<(), Failure> {
    let (desk, begun) = match &args.resume {
        Some(run) => {
            let head = read_head(&super::super::store(context)?, run).map_err(refused)?;
            let wall = head.choice.budget.map(|amount| crate::caller::Wall { account: account_of(&head.id), amount, window: jeton_ledger::Window::Total });
            let desk = Desk::open(context, &head.file, wall.as_ref())?;
            (desk, Begun::Resumed(head.id))
        }
        None => {
            let id = jeton_eval::run::run_id(SystemClock.now(), chance());
            let desk = Desk::open(context, args.suite.as_deref().unwrap_or_default(), wall(&args.choice, &account_of(&id)).as_ref())?;
            let choice = choice(&args.choice, &desk.suite);
            (desk, Begun::New(choice, id))
        }
    };
    let done = desk.with(async |place| execute(place, &desk, begun, Gating::default()).await)??;
    report(&done, is_json);
    super::otel::export(args.otel.as_deref(), &done.session.head, &done.session.rows)?;
    done.outcome()
}

/// The account of a run's budget, by the run's id.
pub(super) fn account_of(run: &str) -> String {
    format!("eval:{}", run.strip_prefix("run-").unwrap_or(run))
}

/// A run that begins, or goes on.
pub(super) enum Begun {
    /// With this id, after which the account of its budget is named.
    New(Choice, String),
    Resumed(String),
}

/// A gate that may end the run.
#[derive(Default)]
pub(super) struct Gating {
    pub(super) question: Option<jeton_eval::gate::Question>,
    pub(super) stops: bool,
}

/// A run that has ended.
pub(super) struct Done {
    pub(super) session: Session,
    pub(super) end: End,
    pub(super) totals: Totals,
    pub(super) stopping: Option<Stopping>,
}

/// Tests the graders, runs what is to be run, and adds it up.
pub(super) async fn execute(place: &Place<'_>, desk: &Desk, begun: Begun, gating: Gating) -> Result<Done, Failure> {
    desk.note().into_iter().for_each(|note| eprintln!("{note}"));
    let mut session = match begun {
        Begun::New(choice, id) => {
            let tested = tested(place, desk, &choice).await?;
            Session::begin_as(id, place, &desk.suite, choice, tested).map_err(refused)?
        }
        Begun::Resumed(run) => Session::resume(place, &desk.suite, &run).map_err(refused)?,
    };
    eprintln!("{} · {} cells, {} done; `jeton eval run --resume {}` goes on with it", session.head.id, session.plan.len(), session.rows.len(), session.head.id);
    let stopping = gating.question.map(|question| Stopping::new(question, &super::gate::slots(&session, &desk.suite), jeton_eval::gate::LEVEL));
    let mut shown = Shown::new(session.plan.len(), session.rows.clone(), stopping, gating.stops, interrupts());
    let end = session.go(place, &desk.suite, &mut shown).await.map_err(refused)?;
    let stopping = shown.finish();
    let totals = totals(&session.rows, &session.target_names(), session.head.errors_max, Level::P95);
    Ok(Done { session, end, totals, stopping })
}

/// The graders' own test, before any model is paid.
pub(super) async fn tested(place: &Place<'_>, desk: &Desk, choice: &Choice) -> Result<Option<SelfTestSummary>, Failure> {
    if choice.no_selftest {
        return Ok(None);
    }
    let found = selftest(&desk.suite, place.bench).await;
    let told = |finding: &Finding| format!("{}: {}", finding.place, finding.message);
    found.findings.iter().filter(|finding| finding.severity == Severity::Warning).for_each(|finding| eprintln!("{}", told(finding)));
    if found.passes() {
        return Ok(Some(SelfTestSummary { checked: found.checked(), faults: Vec::new(), not_applicable: found.not_applicable() }));
    }
    let errors: Vec<String> = found.findings.iter().filter(|finding| finding.severity == Severity::Error).map(told).collect();
    let is_foreign = desk.suite.is_foreign;
    let so = if is_foreign { "but are run all the same, for another program's file means what it says" } else { "so nothing was run and nothing was spent" };
    eprintln!("The graders fail their own test, {so}:");
    errors.iter().take(FAULTS_SHOWN).for_each(|error| eprintln!("  {error}"));
    if errors.len() > FAULTS_SHOWN {
        eprintln!("  … and {} more", errors.len() - FAULTS_SHOWN);
    }
    if is_foreign {
        eprintln!("  next: mend the assertions, or import the file and mend the suite; the report counts the faults");
        return Ok(Some(SelfTestSummary { checked: found.checked(), faults: errors, not_applicable: found.not_applicable() }));
    }
    eprintln!("  next: mend the graders or the references; `--no-selftest` runs all the same, and the report says so");
    Err(Failure::No)
}

/// Faults of the graders that are told.
const FAULTS_SHOWN: usize = 10;

fn report(done: &Done, is_json: bool) {
    if is_json {
        output::json(&json!({ "run": done.session.head, "is_complete": done.session.is_whole(), "totals": done.totals }));
    } else {
        super::show::summary(&done.session.head, &done.totals, done.session.is_whole());
    }
}

impl Done {
    /// What the exit code says of the run.
    fn outcome(&self) -> Result<(), Failure> {
        match &self.end {
            End::Broken(fault) => Err(Failure::dependency(
                format!("nothing was answered any more ({}): {}", super::fault_word(fault.class), fault.message),
                format!("mend that, then `jeton eval run --resume {}`", self.session.head.id),
            )),
            End::Budget(_) | End::Stopped => {
                if let End::Budget(fault) = &self.end {
                    eprintln!("The budget is spent: {}\n  next: `jeton eval run --resume {}` once there is more", fault.message, self.session.head.id);
                }
                Err(Failure::Undecided)
            }
            End::Complete if self.totals.targets.iter().any(|target| matches!(target.validity, Validity::Invalid { .. })) => Err(Failure::Invalid),
            End::Complete => Ok(()),
        }
    }
}
