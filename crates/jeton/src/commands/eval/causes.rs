//! `jeton eval causes`: why cases failed, on which evidence, and how much of it is ours to mend.

use super::run::account_of;
use super::show::figure;
use super::{Desk, chance, refused, wall};
use crate::cli::CausesArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{self, line, plain};
use jeton_context::Digest;
use jeton_context::engine::Engine;
use jeton_context::past::{Found, Wanted, find};
use jeton_core::{Clock, SystemClock};
use jeton_eval::causes::{Cause, Label, Ladder, LadderOptions, Report};
use jeton_eval::cell::CellRunner;
use jeton_eval::label::judged_rows;
use jeton_eval::run::{CAUSES_RUNS, RowWriter, RunHead, run_id};
use jeton_eval::session::{Place, SessionError, read_head};
use jeton_eval::{Outcome, Row};
use jeton_ledger::{LedgerError, Note, RunRecord};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) fn causes(context: &Context, args: &CausesArgs, is_json: bool) -> Result<(), Failure> {
    let store = super::super::store(context)?;
    let head = read_head(&store, &args.run).map_err(refused)?;
    let rows = judged_rows(&store, &head.id)?;
    drop(store);
    let experiments = run_id(SystemClock.now(), chance());
    let choice = crate::cli::ChoiceArgs { budget: args.budget, ..crate::cli::ChoiceArgs::default() };
    let desk = Desk::open(context, &head.file, wall(&choice, &account_of(&experiments)).as_ref())?;
    if desk.suite.digest != head.digest {
        return Err(refused(SessionError::Changed { run: head.id, suite: head.suite }));
    }
    let rows: Vec<Row> = rows.into_iter().filter(|row| args.case.is_empty() || args.case.contains(&row.cell.case)).collect();
    let failed = rows.iter().filter(|row| row.outcome != Outcome::Passed).count();
    let kept = if args.no_experiments { "no experiment is made".to_owned() } else { format!("experiments are kept as {experiments}") };
    eprintln!("{failed} of {} cells did not pass; {kept}", rows.len());
    let options = LadderOptions {
        repeats: args.repeats,
        members: args.members,
        with_experiments: !args.no_experiments,
        calls_max: args.calls,
        stronger: args.stronger.clone(),
        with_gap: !args.no_gap,
        seed: head.choice.seed,
        ..LadderOptions::default()
    };
    let report = desk.with(async |place| examine(place, &desk, &head, &rows, &experiments, options).await)??;
    let note = Note { kind: "cause".to_owned(), subject: head.id.clone(), at: SystemClock.now(), json: json!(report).to_string() };
    desk.store().add_note(&note)?;
    if is_json {
        output::json(&json!({ "run": head.id, "experiments": report.experiments, "report": report }));
    } else {
        show(&report, args.no_experiments);
    }
    Ok(())
}

pub(super) async fn examine(
    place: &Place<'_>,
    desk: &Desk,
    head: &RunHead,
    rows: &[Row],
    experiments: &str,
    options: LadderOptions,
) -> Result<Report, Failure> {
    let writer = if options.with_experiments { Some(begin(place, head, experiments)?) } else { None };
    let next = AtomicU64::new(0);
    let keep = |row: Row| {
        let launch = next.fetch_add(1, Ordering::Relaxed);
        if let Some(Err(error)) = writer.as_ref().map(|writer| writer.put(&Row { launch, ..row })) {
            eprintln!("an experiment could not be kept: {error}");
        }
        launch
    };
    let engine = place.environment.engine.clone();
    let archive = |unit: &str, digest: Digest| engine.as_ref().and_then(|engine| text_then(engine, unit, digest));
    let (known, recorded) = (HashMap::new(), HashMap::new());
    let tags = [format!("suite:{}", head.suite), format!("run:{experiments}")];
    let cells = CellRunner {
        suite: &desk.suite,
        targets: &head.targets,
        models: place.models,
        outside: place.outside,
        environment: place.environment,
        bench: place.bench,
        clock: place.clock,
        tags: &tags,
        timeout_ms: head.choice.timeout_ms,
        known: &known,
        recorded: &recorded,
    };
    let report = Ladder { cells: &cells, archive: &archive, keep: &keep, options }.examine(rows).await;
    writer.map_or(Ok(()), RowWriter::finish)?;
    Ok(Report { experiments: (report.calls > 0).then(|| experiments.to_owned()), ..report })
}

/// Begins the run that experiments are kept as: one of its own, and none of the suite.
fn begin(place: &Place<'_>, head: &RunHead, experiments: &str) -> Result<RowWriter, Failure> {
    let told = RunHead { id: experiments.to_owned(), suite: format!("{}{CAUSES_RUNS}", head.suite), started: SystemClock.now(), ..head.clone() };
    let record = RunRecord { id: told.id.clone(), suite: told.suite.clone(), started: told.started, json: json!(told).to_string() };
    place.store.begin_run(&record)?;
    Ok(RowWriter::start(Arc::clone(&place.store), experiments).map_err(|error| LedgerError::Store(error.to_string()))?)
}

/// The text of a unit at a digest, from the files or their past.
fn text_then(engine: &Engine, unit: &str, digest: Digest) -> Option<String> {
    let desk = engine.desk();
    let place = &desk.catalogue.unit(unit)?.place;
    match find(&*desk.tree, engine.git().ok(), &Wanted { unit, digest, place }) {
        Found::Now(text) => Some(text),
        Found::Then { text, .. } => Some(text),
        _ => None,
    }
}

fn show(report: &Report, is_record_only: bool) {
    for gap in &report.gaps {
        println!(
            "{} on {} cases: passes {} % as it is, {} % in the environment at its best",
            gap.target,
            gap.cases,
            percent(gap.actual.as_ref()),
            percent(gap.oracle.as_ref())
        );
        println!("  environment gap  {} points: ours to win by context, tools and limits", percent(gap.environment.as_ref()));
        println!("  model gap        {} points: only another model or another task wins them\n", percent(gap.model.as_ref()));
    }
    let mut by_cause: BTreeMap<Cause, Vec<&Label>> = BTreeMap::new();
    report.labels.iter().for_each(|label| by_cause.entry(label.cause).or_default().push(label));
    let mut rows: Vec<(usize, Vec<String>)> = Vec::new();
    for (cause, labels) in &by_cause {
        let at = |level| labels.iter().filter(|label| label.level == level).count();
        use jeton_eval::causes::Level::{L0, L1, L2, L3};
        rows.push((
            labels.len(),
            vec![
                cause.name().to_owned(),
                labels.len().to_string(),
                at(L3).to_string(),
                at(L2).to_string(),
                at(L1).to_string(),
                at(L0).to_string(),
                cause.owner().to_owned(),
            ],
        ));
    }
    rows.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    output::table(
        &["cause", "failures", "record", "experiment", "alike", "none", "who mends it"],
        &[1, 2, 3, 4, 5],
        rows.into_iter().map(|(_, row)| row).collect(),
    );
    println!();
    for label in report.labels.iter().filter(|label| !matches!(label.level, jeton_eval::causes::Level::L1)).take(20) {
        let also = if label.also.is_empty() {
            String::new()
        } else {
            format!(" {} {}", if label.jointly { "together with" } else { "or" }, label.also.iter().map(|cause| cause.name()).collect::<Vec<_>>().join(", "))
        };
        println!("{} ({}): {}{also}, {:?}\n  {}", line(&label.case), line(&label.target), label.cause, label.level, plain(&label.proof));
        label.tried.iter().for_each(|tried| {
            let p = tried.p.map_or(String::new(), |p| format!(", p = {p:.3}"));
            println!("    {} of {} passed {}{p}", tried.passed, tried.n, line(&tried.arm));
        });
    }
    println!("\n{}", made(report, is_record_only));
}

/// What was tried in all, and where it is.
fn made(report: &Report, is_record_only: bool) -> String {
    let cut = if report.is_cut { " The bound on calls ended it before its time: --calls raises it." } else { "" };
    match &report.experiments {
        Some(run) => format!("{} calls were made for experiments; `jeton eval show {run} --case ID` opens them.{cut}", report.calls),
        None if is_record_only => "No experiment was made, as --no-experiments asks: what the record does not prove is undetermined.".to_owned(),
        None => format!("No call was made for experiments.{cut}"),
    }
}

fn percent(estimate: Option<&jeton_allocate::Estimate>) -> String {
    figure(estimate, 100.0, 1)
}
