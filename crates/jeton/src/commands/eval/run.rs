//! `jeton eval run`.

use super::progress::{Shown, interrupts};
use super::{Desk, chance, choice, refused, wall};
use crate::cli::RunArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{self, plain};
use jeton_allocate::Level;
use jeton_core::{Clock, Nanousd, SystemClock};
use jeton_eval::Row;
use jeton_eval::gate::Stopping;
use jeton_eval::run::{Choice, End};
use jeton_eval::session::{Place, RunBudget, Session, SessionError, read_head};
use jeton_eval::totals::{Totals, Validity, totals};
use serde_json::json;

pub(super) fn run(context: &Context, args: &RunArgs, is_json: bool) -> Result<(), Failure> {
    let (desk, begun) = match &args.resume {
        Some(run) => resumed(context, run, args.choice.budget)?,
        None => {
            let id = jeton_eval::run::run_id(SystemClock.now(), chance());
            let desk =
                Desk::open_to_try(context, args.suite.as_deref().unwrap_or_default(), wall(&args.choice, &account_of(&id)).as_ref(), &args.choice.target)?;
            let choice = choice(&args.choice, &desk.suite);
            (desk, Begun::New(choice, id))
        }
    };
    let done = desk.with(async |place| execute(place, &desk, begun, Gating::default()).await)??;
    report(&done, is_json);
    super::otel::export(args.otel.as_deref(), &done.session.head, &done.session.rows)?;
    done.outcome()
}

/// A run that goes on, with `budget` in the place of its own where one is given.
fn resumed(context: &Context, run: &str, budget: Option<Nanousd>) -> Result<(Desk, Begun), Failure> {
    let store = super::super::store(context)?;
    let head = read_head(&store, run).map_err(refused)?;
    let before = RunBudget::of(&store, &head)?;
    let now = budget.map(|budget| RunBudget::changed(&store, &head, budget)).transpose()?.or(before);
    if let Some(now) = now.filter(|now| now.wall() <= Nanousd::ZERO) {
        return Err(Failure::usage(
            format!("{} has cost {} before it had a budget, and {} is no more than that", head.id, now.outside, now.budget),
            "give a larger `--budget`: it is for the whole run",
        ));
    }
    drop(store);
    let wall = now.map(|now| crate::caller::Wall { account: account_of(&head.id), amount: now.wall(), window: jeton_ledger::Window::Total });
    let desk = Desk::open_to_try(context, &head.file, wall.as_ref(), &head.choice.targets)?;
    if desk.suite.digest != head.digest {
        return Err(refused(SessionError::Changed { run: head.id, suite: head.suite }));
    }
    if let Some(now) = now.filter(|now| Some(*now) != before) {
        now.keep(&**desk.store(), &head.id, SystemClock.now()).map_err(refused)?;
        let was = before.map_or_else(|| "there was none".to_owned(), |before| format!("it was {}", before.budget));
        eprintln!("the budget of {} is {} now; {was}", head.id, now.budget);
    }
    Ok((desk, Begun::Resumed(head.id)))
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
    /// What is compared with where that is not run anew.
    pub(super) baseline: Option<super::gate::Baseline>,
}

/// A run that has ended.
pub(super) struct Done {
    pub(super) session: Session,
    pub(super) end: End,
    pub(super) totals: Totals,
    pub(super) stopping: Option<Stopping>,
    /// The rows of the baseline where that was not run anew, with those of the run in one order.
    pub(super) baseline: Vec<Row>,
}

/// Tests the graders, runs what is to be run, and adds it up.
pub(super) async fn execute(place: &Place<'_>, desk: &Desk, begun: Begun, gating: Gating) -> Result<Done, Failure> {
    desk.note().into_iter().for_each(|note| eprintln!("{note}"));
    let mut session = match begun {
        Begun::New(choice, id) => {
            Session::planned(&desk.suite, &choice).map_err(refused)?;
            let tested = super::tested::tested(place, desk, &choice).await?;
            Session::begin_as(id, place, &desk.suite, choice, tested).map_err(refused)?
        }
        Begun::Resumed(run) => Session::resume(place, &desk.suite, &run).map_err(refused)?,
    };
    eprintln!("{} · {} cells, {} done; `jeton eval run --resume {}` goes on with it", session.head.id, session.plan.len(), session.rows.len(), session.head.id);
    let baseline = gating.baseline.map(|baseline| baseline.beside(&session, &desk.suite));
    let stopping = gating.question.map(|question| super::gate::stopping(question, &session, &desk.suite, baseline.as_deref()));
    let mut shown = Shown::new(session.plan.len(), session.rows.clone(), stopping, gating.stops, interrupts());
    let end = session.go(place, &desk.suite, &mut shown).await.map_err(refused)?;
    let stopping = shown.finish();
    let totals = totals(&session.rows, &session.target_names(), session.head.errors_max, Level::P95);
    Ok(Done { session, end, totals, stopping, baseline: baseline.unwrap_or_default() })
}

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
                    eprintln!(
                        "The budget is spent: {}\n  next: `jeton eval run --resume {} --budget USD` with more than before, or without it once the accounts above have more",
                        plain(&fault.message),
                        self.session.head.id
                    );
                }
                Err(Failure::Undecided)
            }
            End::Complete if self.totals.targets.iter().any(|target| matches!(target.validity, Validity::Invalid { .. })) => Err(Failure::Invalid),
            End::Complete => Ok(()),
        }
    }
}
