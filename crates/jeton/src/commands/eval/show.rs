//! `jeton eval show`: a run's totals, and its cases.

use super::refused;
use crate::cli::ShowArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{self, line, plain};
use jeton_allocate::{Estimate, Interval, Level};
use jeton_eval::label::{Agreement, Calibrated, agreement, calibrations, judged_rows, labels};
use jeton_eval::repeats::PassK;
use jeton_eval::run::RunHead;
use jeton_eval::session::read_head;
use jeton_eval::totals::{TargetTotals, Totals, Validity, totals};
use jeton_eval::{Outcome, Row, Verdict};
use jeton_ledger::Records;
use serde_json::json;

pub(super) fn show(context: &Context, args: &ShowArgs, is_json: bool) -> Result<(), Failure> {
    let store = super::super::store(context)?;
    let head = read_head(&store, &args.run).map_err(refused)?;
    let rows = judged_rows(&store, &head.id)?;
    match &args.case {
        Some(case) => show_case(&rows, case, is_json)?,
        None => show_run(context, &store, args, (&head, &rows), is_json)?,
    }
    super::otel::export(args.otel.as_deref(), &head, &rows)
}

fn show_run(context: &Context, store: &dyn Records, args: &ShowArgs, (head, rows): (&RunHead, &[Row]), is_json: bool) -> Result<(), Failure> {
    let names: Vec<String> = head.targets.iter().map(|target| target.name.clone()).collect();
    let totals = totals(rows, &names, head.errors_max, Level::P95);
    let wanted = args.outcome.as_deref().map(outcome).transpose()?;
    let listed: Vec<&Row> = rows.iter().filter(|row| wanted == Some(row.outcome)).collect();
    let said = labels(store, &head.id)?;
    let agreed = agreement(rows, &head.id, &said, Level::P95);
    let calibrated = if args.calibrate {
        let suite = super::label::suite_of(context, head);
        Some(calibrations(store, head, rows, suite.as_ref(), Level::P95)?)
    } else {
        None
    };
    if is_json {
        output::json(&json!({
            "run": head, "is_complete": rows.len() == head.cells, "totals": totals, "rows": wanted.map(|_| &listed), "labels": agreed, "calibrated": calibrated,
        }));
        return Ok(());
    }
    summary(head, &totals, rows.len() == head.cells);
    agreed.iter().for_each(tell_agreement);
    calibrated.iter().for_each(|found| tell_calibrated(found, &head.id));
    if wanted.is_some() {
        println!();
        let cells = |row: &&Row| vec![row.cell.case.clone(), row.cell.target.clone(), outcome_word(row.outcome).to_owned(), why(row)];
        output::table(&["case", "target", "outcome", "why"], &[], listed.iter().map(cells).collect());
    }
    Ok(())
}

fn tell_agreement(of: &Agreement) {
    let agreed = match of.coefficient {
        Some(name) => format!("; {name} {} on {} answers of more than one", figure(of.value.as_ref(), 1.0, 2), of.shared),
        None => String::new(),
    };
    println!("\n{}: {} labels by {} people{agreed}.", line(&of.grader), of.labels, of.people);
}

fn tell_calibrated(found: &[Calibrated], run: &str) {
    println!();
    if found.is_empty() {
        println!("The suite has no judge, and nobody has labelled another grader: `jeton eval label {run} --grader NAME` would.");
        return;
    }
    let row = |of: &Calibrated| {
        vec![
            of.target.clone(),
            of.grader.clone(),
            figure(of.raw.as_ref(), 100.0, 1),
            figure(of.corrected.as_ref(), 100.0, 1),
            of.labelled.to_string(),
            if of.labelled == 0 { "–".to_owned() } else { format!("{} of {}", of.agreed, of.labelled) },
            figure(of.kappa.as_ref(), 1.0, 2),
            of.judged.to_string(),
        ]
    };
    output::table(
        &["target", "grader", "says % [95 %]", "corrected % [95 %]", "labelled", "agree", "kappa [95 %]", "judged"],
        &[4, 7],
        found.iter().map(row).collect(),
    );
    for of in found {
        if of.labelled == 0 && of.withdrawn.is_empty() {
            println!("{} · {}: nobody has labelled it: `jeton eval label {run} --grader {}` does.", line(&of.target), line(&of.grader), line(&of.grader));
        }
        of.withdrawn.iter().for_each(|(why, count)| println!("{} · {}: {count} labels are withdrawn: {}.", line(&of.target), line(&of.grader), line(why)));
    }
    println!("The correction holds where the labelled answers are a random sample: the queue is in the run's random order.");
}

fn outcome(word: &str) -> Result<Outcome, Failure> {
    match word {
        "passed" => Ok(Outcome::Passed),
        "failed" => Ok(Outcome::Failed),
        "unscored" => Ok(Outcome::Unscored),
        "error" | "errors" => Ok(Outcome::Error),
        _ => Err(Failure::usage(format!("`{word}` is no outcome"), "use passed, failed, unscored or error")),
    }
}

pub(super) const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Unscored => "unscored",
        Outcome::Error => "error",
    }
}

/// Why a row is what it is, in a few words.
pub(super) fn why(row: &Row) -> String {
    let of_fault = row.fault.as_ref().map(|fault| format!("{}: {}", fault.code, fault.message));
    let of_grade = || row.grades.iter().find(|grade| grade.verdict != Verdict::Pass).map(|grade| format!("{}: {}", grade.grader, grade.why));
    let whole = of_fault.or_else(of_grade).unwrap_or_default();
    let whole = line(&whole);
    if whole.chars().count() > 100 { format!("{}…", whole.chars().take(99).collect::<String>()) } else { whole }
}

/// `[low, high]` with a blank before it; nothing where there is none.
pub(super) fn interval(estimate: &Estimate, by: f64, decimals: usize) -> String {
    estimate.interval.map_or_else(String::new, |interval| format!(" [{:.decimals$}, {:.decimals$}]", by * interval.low, by * interval.high))
}

/// A figure with its interval; a dash where it is unknown.
pub(super) fn figure(estimate: Option<&Estimate>, by: f64, decimals: usize) -> String {
    estimate.map_or_else(|| "–".to_owned(), |estimate| format!("{:.decimals$}{}", by * estimate.value, interval(estimate, by, decimals)))
}

/// The totals of a run for people.
pub(super) fn summary(head: &RunHead, totals: &Totals, is_whole: bool) {
    let state = if is_whole { "" } else { " (not whole: the figures are of what is done)" };
    println!("{} · suite {} · {} cases · seed {}{state}", head.id, line(&head.suite), head.cases, head.choice.seed);
    match &head.selftest {
        None => println!("The graders were not tested: --no-selftest."),
        Some(test) => {
            println!("Graders tested: {} checks, {} faults, {} not applicable: {}.", test.checked, test.faults.len(), test.not_applicable, line(&test.told()))
        }
    }
    let row = |target: &TargetTotals| {
        vec![
            if target.is_simulated { format!("{} (sim)", target.target) } else { target.target.clone() },
            output::count(target.cells as u64),
            figure(target.pass_rate.as_ref(), 100.0, 1),
            target.bounds.map_or_else(|| "–".to_owned(), |bounds| format!("{:.1}–{:.1}", 100.0 * bounds.low, 100.0 * bounds.high)),
            output::count(target.errors as u64),
            output::count(target.unscored as u64),
            output::money(target.cost, target.cost_unknown as u64),
            figure(target.usd_per_success.as_ref(), 1.0, 6),
            figure(target.latency_p50_ms.as_ref(), 1.0, 1),
        ]
    };
    println!();
    let heads = ["target", "cells", "passed % [95 %]", "bounds %", "errors", "unscored", "cost", "usd a success", "median ms"];
    output::table(&heads, &[1, 4, 5], totals.targets.iter().map(row).collect());
    for target in &totals.targets {
        if let Validity::Invalid { share, most } = target.validity {
            println!(
                "\n{}: INVALID: {:.1} % of the cells have no verdict, more than {:.1} %. Nothing can be said of its quality.",
                line(&target.target),
                100.0 * share,
                100.0 * most
            );
        }
        if !target.faults.is_empty() {
            let faults: Vec<String> = target.faults.iter().map(|(code, count)| format!("{} {count}", line(code))).collect();
            println!("\n{}: errors: {}", line(&target.target), faults.join(", "));
        }
    }
    repeats(totals);
    tags(totals);
    println!("\n`jeton eval show {} --outcome failed` lists what failed, `--case ID` opens one.", head.id);
}

/// Whether any and whether all of several attempts pass, where cases were tried more than once.
fn repeats(totals: &Totals) {
    let bounds = |bounds: Option<Interval>| bounds.map_or_else(|| "–".to_owned(), |bounds| format!("{:.1}–{:.1}", 100.0 * bounds.low, 100.0 * bounds.high));
    let row = |target: &TargetTotals, of: &PassK| {
        vec![
            target.target.clone(),
            of.k.to_string(),
            figure(of.pass_at_k.as_ref(), 100.0, 1),
            bounds(of.pass_at_k_bounds),
            figure(of.pass_hat_k.as_ref(), 100.0, 1),
            bounds(of.pass_hat_k_bounds),
            of.cases_short.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = totals.targets.iter().flat_map(|target| target.pass_k.iter().map(move |of| row(target, of))).collect();
    if !rows.is_empty() {
        println!();
        output::table(&["target", "k", "pass@k % [95 %]", "bounds %", "pass^k % [95 %]", "bounds %", "too few verdicts"], &[1, 6], rows);
    }
}

/// Pass rates by tag, where cases have tags.
fn tags(totals: &Totals) {
    let mut names: Vec<&String> = totals.targets.iter().flat_map(|target| target.tags.keys()).collect();
    names.sort();
    names.dedup();
    if names.is_empty() || names.len() > 24 {
        return;
    }
    let row = |name: &&String| {
        let of = |target: &TargetTotals| figure(target.tags.get(*name).and_then(Option::as_ref), 100.0, 1);
        std::iter::once((*name).clone()).chain(totals.targets.iter().map(of)).collect()
    };
    let heads: Vec<&str> = std::iter::once("tag").chain(totals.targets.iter().map(|target| target.target.as_str())).collect();
    println!();
    output::table(&heads, &[], names.iter().map(row).collect());
}

/// Everything of one case.
fn show_case(rows: &[Row], case: &str, is_json: bool) -> Result<(), Failure> {
    let found: Vec<&Row> = rows.iter().filter(|row| row.cell.case == case).collect();
    if found.is_empty() {
        let nearest = jeton_core::nearest(case, rows.iter().map(|row| row.cell.case.as_str()), 3).join(", ");
        return Err(Failure::usage(
            format!("the run has no case `{case}`"),
            if nearest.is_empty() { String::new() } else { format!("the nearest: {nearest}") },
        ));
    }
    if is_json {
        output::json(&found);
        return Ok(());
    }
    for row in found {
        println!("{} · {} · repeat {} · {}", line(&row.cell.case), line(&row.cell.target), row.cell.repeat, outcome_word(row.outcome));
        if let Some(answer) = &row.answer {
            println!("  answer ({}): {}", line(answer.finish.as_deref().unwrap_or("no reason given")), plain(&answer.text));
            answer.tools.iter().for_each(|tool| println!("  calls {} {}", line(&tool.name), line(&tool.arguments.to_string())));
            answer.call.iter().for_each(|call| println!("  receipt: jeton call show {call}"));
        }
        row.fault.iter().for_each(|fault| println!("  {} ({}): {}", line(&fault.code), super::fault_word(fault.class), plain(&fault.message)));
        for grade in &row.grades {
            let score = grade.score.map_or_else(|| "–".to_owned(), |score| format!("{score:.2}"));
            println!("  {:?} {} {score} {}", grade.verdict, line(&grade.grader), plain(&grade.why));
        }
        if let Some(context) = &row.context {
            println!("  context: pack {} · {} of {} tokens", line(&context.pack), context.tokens, context.budget_tokens);
            context.units.iter().for_each(|unit| println!("    {} ({}, {} tokens)", line(&unit.unit), line(&unit.view), unit.tokens));
            context.missing.iter().for_each(|(unit, why)| println!("    lacks {}: {}", line(unit), line(why)));
        }
        println!();
    }
    Ok(())
}
