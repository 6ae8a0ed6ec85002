//! Runs and causes for other commands, without a word of their own.

use super::{Desk, causes, choice, refused};
use crate::cli::ChoiceArgs;
use crate::context::Context;
use crate::failure::Failure;
use jeton_allocate::Level;
use jeton_core::{Clock, SystemClock};
use jeton_eval::Row;
use jeton_eval::causes::{LadderOptions, Report};
use jeton_eval::run::{Progress, RunHead, run_id};
use jeton_eval::session::Session;
use jeton_eval::totals::{Totals, totals};

/// A run that was made.
pub(crate) struct Measured {
    pub(crate) head: RunHead,
    pub(crate) rows: Vec<Row>,
    pub(crate) totals: Totals,
}

/// Says nothing and never stops.
struct Silent;

impl Progress for Silent {
    fn row(&mut self, _: &Row) -> bool {
        false
    }
}

/// Runs a suite of a project under some of its targets.
pub(crate) fn measure(context: &Context, suite: &str, targets: &[&str]) -> Result<Measured, Failure> {
    let args = ChoiceArgs { target: targets.iter().map(|target| (*target).to_owned()).collect(), ..ChoiceArgs::default() };
    let desk = Desk::open_to_try(context, suite, None, &args.target)?;
    let choice = choice(&args, &desk.suite);
    desk.with(async |place| {
        let tested = super::tested::tested(place, &desk, &choice).await?;
        let mut session = Session::begin(place, &desk.suite, choice, tested, super::chance()).map_err(refused)?;
        session.go(place, &desk.suite, &mut Silent).await.map_err(refused)?;
        let totals = totals(&session.rows, &session.target_names(), session.head.errors_max, Level::P95);
        Ok(Measured { head: session.head, rows: session.rows, totals })
    })?
}

/// Establishes why cells of a run failed.
pub(crate) fn examine(context: &Context, measured: &Measured) -> Result<Report, Failure> {
    let desk = Desk::open(context, &measured.head.file, None)?;
    let experiments = run_id(SystemClock.now(), super::chance());
    desk.with(async |place| causes::examine(place, &desk, &measured.head, &measured.rows, &experiments, LadderOptions::default()).await)?
}
