//! What the paths of evaluation do.

use super::evals_view as view;
use super::needed;
use crate::evals::{self, Given};
use crate::route::{Answer, Ask};
use crate::state::Console;
use jeton_core::Fault;
use serde_json::{Value, json};

/// How many answers that wait, and how many labels, are listed where nothing else is asked for.
pub(crate) const QUEUE_MAX: usize = 100;

fn limit(ask: &Ask, default: u64) -> usize {
    usize::try_from(ask.integer("limit").unwrap_or(default)).unwrap_or(usize::MAX)
}

pub(super) fn suites(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let suites = evals::suites(console)?;
    Answer::json(&json!({ "suites": suites.iter().map(|line| view::suite(line, ask.now)).collect::<Vec<_>>() }))
}

pub(super) fn runs(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let runs = evals::runs(console, ask.text("suite"), limit(ask, 50) as u64)?;
    Answer::json(&json!({ "runs": runs.iter().map(view::run_row).collect::<Vec<_>>() }))
}

pub(super) fn run(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let run = evals::run(console, needed(ask, "id", "run-20261123-0a1b2c3d4")?, "id")?;
    let gates = evals::gates(console, &run.head.id)?;
    Answer::json(&view::run(&run, &gates))
}

pub(super) fn rows(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let head = evals::head(console, needed(ask, "run", "run-20261123-0a1b2c3d4")?, "run")?;
    let rows = evals::rows(console, &head.id)?;
    let found = evals::matching(&rows, ask.text("outcome"), ask.text("target"));
    let offset = usize::try_from(ask.integer("offset").unwrap_or(0)).unwrap_or(usize::MAX);
    let shown: Vec<Value> = found.iter().skip(offset).take(limit(ask, 100)).map(|row| view::row(row)).collect();
    let next = Some(offset.saturating_add(shown.len())).filter(|next| *next < found.len());
    Answer::json(&json!({ "run": head.id, "matching": found.len(), "rows": shown, "next": next }))
}

pub(super) fn case(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let head = evals::head(console, needed(ask, "run", "run-20261123-0a1b2c3d4")?, "run")?;
    let case = needed(ask, "case", "refund-late")?;
    let rows = evals::case_rows(console, &head, case)?;
    let causes = evals::causes(console, &head.id)?;
    let experiments = causes.as_ref().and_then(|note| note.said.experiments.as_deref());
    let asked = evals::suite_now(console, &head).and_then(|suite| evals::asked(&suite, &head, case));
    let mut shown = Vec::new();
    for row in &rows {
        let label = causes.iter().flat_map(|note| &note.said.labels).find(|label| label.launch == row.launch);
        let labels = evals::labels_of(console, &head.id, &row.cell)?;
        shown.push(json!({ "row": view::row(row), "cause": label.map(|label| view::cause(label, experiments)), "labels": labels.iter().map(view::label).collect::<Vec<_>>() }));
    }
    Answer::json(&json!({ "run": head.id, "suite": head.suite, "file": head.file, "case": case, "asked": asked.as_ref().map(view::asked), "rows": shown }))
}

pub(super) fn compare(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    Answer::json(&view::pairing(&evals::pairing(console, ask)?))
}

pub(super) fn health(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let health = evals::health(console, needed(ask, "suite", "refunds")?, ask.now)?;
    Answer::json(&view::health(&health))
}

pub(super) fn causes(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let head = evals::head(console, needed(ask, "run", "run-20261123-0a1b2c3d4")?, "run")?;
    let found = evals::causes(console, &head.id)?;
    Answer::json(&json!({ "run": head.id, "suite": head.suite, "report": found.as_ref().map(view::causes) }))
}

pub(super) fn alarms(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let alarms = evals::alarms(console, limit(ask, 100) as u64)?;
    Answer::json(&json!({ "alarms": alarms.iter().map(view::said).collect::<Vec<_>>() }))
}

pub(super) fn labels(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let queue = evals::queue(console, ask.text("run"), limit(ask, QUEUE_MAX as u64))?;
    Answer::json(&json!({
        "waiting": queue.waiting.iter().map(view::waiting).collect::<Vec<_>>(), "labels": queue.labels.iter().map(view::label).collect::<Vec<_>>(),
    }))
}

pub(super) fn give_label(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let given = Given::read(ask.body.as_ref().unwrap_or(&Value::Null))?;
    Answer::json(&view::label(&evals::give(console, given, ask.now)?))
}
