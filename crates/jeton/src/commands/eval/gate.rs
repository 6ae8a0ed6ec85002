//! `jeton eval gate`: an answer for CI.

use super::reference::{Reference, Side};
use super::run::{Begun, Done, Gating, account_of, execute};
use super::show::interval;
use super::{Desk, chance, choice, wall};
use crate::cli::GateArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_allocate::verdict::Decision;
use jeton_core::{Clock, SystemClock};
use jeton_eval::gate::{GateReport, LEVEL, Question, Slot, Stopping, over_plan, report};
use jeton_eval::report::{junit, junit_of_gate, markdown, markdown_of_gate};
use jeton_eval::run::{End, Planned};
use jeton_eval::session::Session;
use jeton_eval::{Case, Cell, Row, Suite};
use jeton_ledger::Note;
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::path::Path;

pub(super) fn gate(context: &Context, args: &GateArgs, is_json: bool) -> Result<(), Failure> {
    let id = jeton_eval::run::run_id(SystemClock.now(), chance());
    let wall = wall(&args.choice, &account_of(&id));
    let desk = Desk::open_to_gate(context, &args.suite, wall.as_ref(), (&args.choice.target, args.not_worse_than.as_deref()))?;
    let mut choice = choice(&args.choice, &desk.suite);
    let (question, baseline) = match question(args, &desk, &mut choice.targets)? {
        Asked::Itself(question) => return of_itself(args, &desk.suite.name, question, is_json),
        Asked::Run(question, baseline) => (question, baseline),
    };
    let of_baseline = baseline.as_ref().and_then(|side| side.totals.clone());
    let gating = Gating { question: Some(question), stops: !args.whole, baseline: baseline.map(|side| Baseline(*side)) };
    let mut done = desk.with(async |place| execute(place, &desk, Begun::New(choice, id), gating).await)??;
    let Some(stopping) = &done.stopping else { return Err(Failure::usage("nothing was asked", "give --at-least or --not-worse-than")) };
    let rows: Vec<Row> = done.session.rows.iter().chain(&done.baseline).cloned().collect();
    let answer = report(stopping, &rows, done.session.is_whole(), LEVEL);
    if answer.stopped_early && !args.whole {
        done.totals = over_plan(done.totals, &done.session.rows, &slots(&done.session, &desk.suite), done.session.head.errors_max);
    }
    let answer = answer.held_to(done.totals.targets.iter().chain(&of_baseline));
    let note = Note { kind: "gate".to_owned(), subject: done.session.head.id.clone(), at: SystemClock.now(), json: json!(answer).to_string() };
    desk.store().add_note(&note)?;
    write(args.junit.as_deref(), || junit(&done.session.head, &done.session.rows, Some(&answer)))?;
    write(args.markdown.as_deref(), || markdown(&done.session.head, &done.totals, Some(&answer)))?;
    if is_json {
        output::json(&json!({ "run": done.session.head, "gate": answer, "totals": done.totals }));
    } else {
        super::show::summary(&done.session.head, &done.totals, done.session.is_whole());
        println!("\nGATE: {}", output::line(&told(&answer)));
    }
    super::otel::export(args.otel.as_deref(), &done.session.head, &done.session.rows)?;
    outcome(&done, &answer)
}

/// What is to be decided.
enum Asked {
    /// By a run; the baseline where that is of an earlier one.
    Run(Question, Option<Box<Side>>),
    /// Without one: a target is not worse than itself.
    Itself(Question),
}

/// The answer where nothing needs to be run for it.
fn of_itself(args: &GateArgs, suite: &str, question: Question, is_json: bool) -> Result<(), Failure> {
    let answer = GateReport::of_itself(question, LEVEL);
    write(args.junit.as_deref(), || junit_of_gate(suite, &answer))?;
    write(args.markdown.as_deref(), || markdown_of_gate(suite, &answer))?;
    if is_json {
        output::json(&json!({ "run": null, "gate": answer, "totals": null }));
    } else {
        println!("GATE: {}", output::line(&told(&answer)));
        println!("Both are the same target, and nothing is worse than itself: nothing was run. `--not-worse-than RUN:TARGET` compares with an earlier run.");
    }
    Ok(())
}

fn question(args: &GateArgs, desk: &Desk, targets: &mut Vec<String>) -> Result<Asked, Failure> {
    let names: Vec<String> = desk.suite.targets.iter().map(|target| target.name.clone()).collect();
    if let Some(baseline) = &args.not_worse_than {
        return not_worse(args, desk, (baseline, &names), targets);
    }
    let judged = judged(targets, &names)?;
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
    Ok(Asked::Run(Question::AtLeast { target: judged, bar }, None))
}

/// The one target that is judged.
fn judged(asked: &[String], names: &[String]) -> Result<String, Failure> {
    match (asked, names) {
        ([one], _) | ([], [one]) => Ok(one.clone()),
        _ => Err(Failure::usage("a gate judges one target", format!("name it with --target; the suite has {}", names.join(", ")))),
    }
}

/// A target of the suite is the baseline of its own name, and runs beside the judged one; else it is what `jeton eval compare` would take, and
/// only the judged one runs.
fn not_worse(args: &GateArgs, desk: &Desk, (baseline, names): (&String, &[String]), targets: &mut Vec<String>) -> Result<Asked, Failure> {
    let ask = |baseline: String, candidate: String| Question::NotWorse { baseline, candidate, margin: args.margin };
    let asked = judged(targets, names);
    let for_judged = asked.as_deref().ok();
    let reference = if names.contains(baseline) { None } else { Reference::find_for(&**desk.store(), baseline, for_judged)? };
    let Some(reference) = reference else {
        let without = |names: &[String]| names.iter().filter(|name| *name != baseline).cloned().collect::<Vec<String>>();
        let asked = if targets.len() > 1 { without(targets) } else { targets.clone() };
        let others = without(names);
        let judged = judged(&asked, if others.is_empty() { names } else { &others })?;
        if judged == *baseline {
            return Ok(Asked::Itself(ask(judged.clone(), judged)));
        }
        *targets = vec![baseline.clone(), judged.clone()];
        return Ok(Asked::Run(ask(baseline.clone(), judged), None));
    };
    let judged = asked?;
    let of = if reference.target.is_none() && reference.names().contains(&judged) { judged.clone() } else { reference.one(baseline)? };
    let side = reference.side(&of, &[]);
    reference.notes.iter().for_each(|note| eprintln!("{}", output::plain(note)));
    if reference.head.digest != desk.suite.digest {
        eprintln!("the suite has changed since {}: cases are matched by their ids", reference.head.id);
    }
    let cases: HashSet<&str> = desk.suite.cases.iter().map(|case| case.id.as_str()).collect();
    if !side.rows.iter().any(|row| cases.contains(row.cell.case.as_str())) {
        return Err(Failure::usage(format!("{} has no case of the suite", side.label), "name a run of this suite; `jeton eval list --runs SUITE` shows them"));
    }
    *targets = vec![judged.clone()];
    Ok(Asked::Run(ask(side.label.clone(), judged), Some(Box::new(side))))
}

/// What is compared with, of an earlier run.
pub(super) struct Baseline(Side);

impl Baseline {
    /// Its rows on the cases of this run, behind those of the plan, in the groups and with the weights that the cases have today.
    pub(super) fn beside(self, session: &Session, suite: &Suite) -> Vec<Row> {
        let cases: HashMap<&str, &Case> = session.plan.iter().map(|planned| (planned.cell.case.as_str(), &suite.cases[planned.case])).collect();
        let label = self.0.label;
        let known = self.0.rows.into_iter().filter_map(|row| cases.get(row.cell.case.as_str()).map(|case| (row, *case)));
        let beside = |(at, (row, case)): (usize, (Row, &Case))| Row {
            launch: (session.plan.len() + at) as u64,
            cell: Cell { target: label.clone(), ..row.cell.clone() },
            cluster: case.cluster.clone(),
            weight: case.weight,
            ..row
        };
        known.enumerate().map(beside).collect()
    }
}

/// The test that may end a run; `baseline` are the rows of one that is not run anew.
pub(super) fn stopping(question: Question, session: &Session, suite: &Suite, baseline: Option<&[Row]>) -> Stopping {
    let mut slots = slots(session, suite);
    if let Some(rows) = baseline {
        let known: HashSet<&str> = rows.iter().map(|row| row.cell.case.as_str()).collect();
        slots.retain(|slot| known.contains(slot.case.as_str()));
        slots.extend(rows.iter().map(|row| Slot {
            launch: row.launch,
            case: row.cell.case.clone(),
            cluster: row.cluster.clone(),
            weight: row.weight,
            target: row.cell.target.clone(),
        }));
    }
    let mut stopping = Stopping::new(question, &slots, LEVEL);
    baseline.unwrap_or_default().iter().for_each(|row| _ = stopping.push(row));
    stopping
}

/// The cells of a plan as a gate sees them.
fn slots(session: &Session, suite: &Suite) -> Vec<Slot> {
    let slot = |planned: &Planned| Slot {
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
        Decision::Invalid => "invalid, too much is missing to say".to_owned(),
    };
    let early = if answer.stopped_early { ", decided before the end" } else { "" };
    let figure = answer.estimates.0.as_ref().map_or(String::new(), |estimate| format!("; {:.1}{}", 100.0 * estimate.value, interval(estimate, 100.0, 1)));
    if matches!(&answer.question, Question::NotWorse { baseline, candidate, .. } if baseline == candidate) {
        return format!("{said}: {asked}");
    }
    format!("{said}: {asked} ({} independent cases{early}{figure})", answer.taken)
}

fn outcome(done: &Done, answer: &GateReport) -> Result<(), Failure> {
    if let End::Broken(fault) = &done.end {
        return Err(Failure::dependency(format!("nothing was answered any more: {}", fault.message), "mend that and ask again"));
    }
    match answer.decision {
        Decision::Pass => Ok(()),
        Decision::Fail => Err(Failure::No),
        Decision::Undecided { .. } => Err(Failure::Undecided),
        Decision::Invalid => Err(Failure::Invalid),
    }
}
