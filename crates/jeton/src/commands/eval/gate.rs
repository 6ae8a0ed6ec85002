//! `jeton eval gate`: an answer for CI.

use super::run::{Begun, Done, Gating, account_of, execute};
use super::show::interval;
use super::{Desk, chance, choice, wall};
use crate::cli::GateArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_allocate::verdict::Decision;
use jeton_core::{Clock, SystemClock};
use jeton_eval::Suite;
use jeton_eval::gate::{GateReport, LEVEL, Question, Slot, report};
use jeton_eval::report::{junit, markdown};
use jeton_eval::run::End;
use jeton_eval::session::Session;
use jeton_eval::totals::Validity;
use jeton_ledger::Note;
use serde_json::json;
use std::path::Path;

pub(super) fn gate(context: &Context, args: &GateArgs, is_json: bool) -> Result<(), Failure> {
    let id = jeton_eval::run::run_id(SystemClock.now(), chance());
    let desk = Desk::open(context, &args.suite, wall(&args.choice, &account_of(&id)).as_ref())?;
    let mut choice = choice(&args.choice, &desk.suite);
    let question = question(args, &desk, &mut choice.targets)?;
    let gating = Gating { question: Some(question), stops: !args.whole };
    let done = desk.with(async |place| execute(place, &desk, Begun::New(choice, id), gating).await)??;
    let Some(stopping) = &done.stopping else { return Err(Failure::usage("nothing was asked", "give --at-least or --not-worse-than")) };
    let answer = report(stopping, &done.session.rows, done.session.is_whole(), LEVEL);
    let note = Note { kind: "gate".to_owned(), subject: done.session.head.id.clone(), at: SystemClock.now(), json: json!(answer).to_string() };
    desk.store().add_note(&note)?;
    write(args.junit.as_deref(), || junit(&done.session.head, &done.session.rows))?;
    write(args.markdown.as_deref(), || markdown(&done.session.head, &done.totals, Some(&answer)))?;
    if is_json {
        output::json(&json!({ "run": done.session.head.id, "gate": answer, "totals": done.totals }));
    } else {
        super::show::summary(&done.session.head, &done.totals, done.session.is_whole());
        println!("\nGATE: {}", told(&answer));
    }
    super::otel::export(args.otel.as_deref(), &done.session.head, &done.session.rows)?;
    outcome(&done, &answer)
}

fn question(args: &GateArgs, desk: &Desk, targets: &mut Vec<String>) -> Result<Question, Failure> {
    let names: Vec<String> = desk.suite.targets.iter().map(|target| target.name.clone()).collect();
    let judged = match targets.as_slice() {
        [one] => one.clone(),
        [] if names.len() == 1 => names[0].clone(),
        _ => return Err(Failure::usage("a gate judges one target", format!("name it with --target; the suite has {}", names.join(", ")))),
    };
    if let Some(baseline) = &args.not_worse_than {
        *targets = vec![baseline.clone(), judged.clone()];
        return Ok(Question::NotWorse { baseline: baseline.clone(), candidate: judged, margin: args.margin });
    }
    *targets = vec![judged.clone()];
    let of_class = || {
        desk.suite
            .class
            .as_ref()
            .and_then(|class| desk.snapshot.classes.get(class))
            .and_then(|class| class.quality.as_ref())
            .and_then(|quality| quality.at_least)
    };
    let bar = args.at_least.or_else(of_class).filter(|bar| *bar > 0.0 && *bar < 1.0);
    let bar = bar.ok_or_else(|| {
        Failure::usage("the gate has no bar between 0 and 1", "give --at-least 0.9, --not-worse-than TARGET, or quality.at_least of the class")
    })?;
    Ok(Question::AtLeast { target: judged, bar })
}

/// The cells of a plan as a gate sees them.
pub(super) fn slots(session: &Session, suite: &Suite) -> Vec<Slot> {
    let slot = |planned: &jeton_eval::run::Planned| Slot {
        launch: planned.launch,
        case: planned.cell.case.clone(),
        cluster: suite.cases[planned.case].cluster.clone(),
        weight: suite.cases[planned.case].weight,
        target: planned.cell.target.clone(),
    };
    session.plan.iter().map(slot).collect()
}

fn write(file: Option<&Path>, text: impl FnOnce() -> String) -> Result<(), Failure> {
    let Some(file) = file else { return Ok(()) };
    std::fs::write(file, text())
        .map_err(|error| Failure::dependency(format!("{} cannot be written: {error}", file.display()), "name a file in a directory that is there"))
}

fn told(answer: &GateReport) -> String {
    let asked = match &answer.question {
        Question::AtLeast { target, bar } => format!("`{target}` passes at least {:.1} %", 100.0 * bar),
        Question::NotWorse { baseline, candidate, margin } => format!("`{candidate}` is at most {:.1} points worse than `{baseline}`", 100.0 * margin),
    };
    let said = match answer.decision {
        Decision::Pass => "yes".to_owned(),
        Decision::Fail => "no".to_owned(),
        Decision::Undecided { more_cases: Some(more) } => format!("undecided; about {more} more cases would decide"),
        Decision::Undecided { more_cases: None } => "undecided".to_owned(),
    };
    let early = if answer.stopped_early { ", decided before the end" } else { "" };
    let figure = answer.estimates.0.as_ref().map_or(String::new(), |estimate| format!("; {:.1}{}", 100.0 * estimate.value, interval(estimate, 100.0, 1)));
    format!("{said}: {asked} ({} independent cases{early}{figure})", answer.taken)
}

fn outcome(done: &Done, answer: &GateReport) -> Result<(), Failure> {
    if let End::Broken(fault) = &done.end {
        return Err(Failure::dependency(format!("nothing was answered any more: {}", fault.message), "mend that and ask again"));
    }
    if done.totals.targets.iter().any(|target| matches!(target.validity, Validity::Invalid { .. })) {
        return Err(Failure::Invalid);
    }
    match answer.decision {
        Decision::Pass => Ok(()),
        Decision::Fail => Err(Failure::No),
        Decision::Undecided { .. } => Err(Failure::Undecided),
    }
}
