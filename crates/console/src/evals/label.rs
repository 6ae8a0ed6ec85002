//! Answers that wait for a person, and what people said of them.

use super::{Asked, asked, head, heads, notes, suite_now};
use crate::api::ledger_fault;
use crate::route::printable;
use crate::state::Console;
use jeton_core::{Fault, FaultKind, Timestamp};
use jeton_eval::label::{LABEL, Label as Said, note, question, subject, waits};
use jeton_eval::run::RunHead;
use jeton_eval::{Cell, Row, Verdict};
use jeton_ledger::{Note, NoteFilter};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// How many of the newest runs are looked through for answers that wait.
const RUNS_LOOKED_AT: u64 = 20;
/// The longest comment, in bytes.
const COMMENT_BYTES_MAX: usize = 4_096;

/// An answer that waits for a person.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) head: RunHead,
    pub(crate) row: Row,
    pub(crate) grader: String,
    /// What the person is asked, where the row tells.
    pub(crate) question: Option<String>,
    /// What the case asks, where the suite's file tells.
    pub(crate) asked: Option<Asked>,
}

/// What waits, and what was said last.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) labels: Vec<Label>,
}

/// A label as it stands in the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    /// `RUN/CASE/TARGET/REPEAT`.
    pub(crate) subject: String,
    pub(crate) at: Timestamp,
    pub(crate) said: Said,
}

fn read(note: Note) -> Option<Label> {
    Some(Label { said: serde_json::from_str(&note.json).ok()?, subject: note.subject, at: note.at })
}

/// Labels, the newest first.
fn labels(console: &Console, prefix: Option<&str>, limit: Option<u64>) -> Result<Vec<Label>, Fault> {
    let filter = NoteFilter { kind: Some(LABEL.to_owned()), subject_prefix: prefix.map(str::to_owned), limit };
    Ok(console.ledger.notes(&filter).map_err(|error| ledger_fault(&error))?.into_iter().filter_map(read).collect())
}

/// The answers of a run that wait for a person, in launch order.
pub(super) fn waiting_in(console: &Console, head: &RunHead) -> Result<Vec<Waiting>, Fault> {
    let done: HashSet<(String, String)> =
        labels(console, Some(&format!("{}/", head.id)), None)?.into_iter().map(|label| (label.subject, label.said.grader)).collect();
    let raw = console.ledger.rows(&head.id, 0).map_err(|error| ledger_fault(&error))?;
    // Most rows have nothing unscored, and reading a row costs more than looking for the word.
    let rows = raw.iter().filter(|row| row.json.contains("\"unscored\"")).filter_map(|row| serde_json::from_str::<Row>(&row.json).ok());
    let mut found = Vec::new();
    for row in rows {
        let about = subject(&head.id, &row.cell);
        for grade in row.grades.iter().filter(|grade| waits(grade) && !done.contains(&(about.clone(), grade.grader.clone()))) {
            let question = question(grade).filter(|asked| !asked.is_empty()).map(str::to_owned);
            found.push(Waiting { head: head.clone(), row: row.clone(), grader: grade.grader.clone(), question, asked: None });
        }
    }
    Ok(found)
}

/// What waits in the newest runs, or in one, and the newest labels; at most so many of each.
pub(crate) fn queue(console: &Console, run: Option<&str>, limit: usize) -> Result<Queue, Fault> {
    let looked_at = match run {
        Some(id) => vec![head(console, id, "run")?],
        None => heads(console, None, RUNS_LOOKED_AT)?.0,
    };
    let mut waiting = Vec::new();
    for head in &looked_at {
        let mut found = waiting_in(console, head)?;
        if let Some(suite) = suite_now(console, head).filter(|_| !found.is_empty()) {
            found.iter_mut().for_each(|one| one.asked = asked(&suite, head, &one.row.cell.case));
        }
        waiting.extend(found);
        if waiting.len() >= limit {
            break;
        }
    }
    waiting.truncate(limit);
    Ok(Queue { waiting, labels: labels(console, run, u64::try_from(limit).ok())? })
}

/// A label as a body or a form gives it.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    run: String,
    cell: Cell,
    grader: Option<String>,
    verdict: Verdict,
    comment: Option<String>,
    by: String,
}

fn wrong(param: &str, message: String) -> Fault {
    Fault::new(FaultKind::InvalidRequest, message).param(param)
}

impl Given {
    /// The label in a body. Numbers may be texts, as forms send them.
    pub(crate) fn read(body: &Value) -> Result<Self, Fault> {
        const KNOWN: [&str; 8] = ["run", "case", "target", "repeat", "verdict", "comment", "by", "grader"];
        let Value::Object(members) = body else {
            return Err(wrong(
                "body",
                "The body must be an object such as {\"run\": \"run-…\", \"case\": \"…\", \"target\": \"…\", \"verdict\": \"pass\"}.".into(),
            ));
        };
        if let Some(unknown) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            let shown = printable(unknown);
            return Err(wrong(&shown, format!("There is no member `{shown}`; known: {}.", KNOWN.join(", "))));
        }
        let needed = |name: &str| text(members, name)?.ok_or_else(|| wrong(name, format!("`{name}` is missing.")));
        let verdict = match needed("verdict")?.as_str() {
            "pass" => Verdict::Pass,
            "fail" => Verdict::Fail,
            other => return Err(wrong("verdict", format!("`verdict` is `pass` or `fail`, not `{}`.", printable(other)))),
        };
        let comment = text(members, "comment")?;
        if comment.as_ref().is_some_and(|comment| comment.len() > COMMENT_BYTES_MAX) {
            return Err(wrong("comment", format!("`comment` is longer than {COMMENT_BYTES_MAX} bytes.")));
        }
        let cell = Cell { case: needed("case")?, target: needed("target")?, repeat: repeat(members)? };
        let by = text(members, "by")?.unwrap_or_else(|| "admin".to_owned());
        let grader = text(members, "grader")?;
        Ok(Self { run: needed("run")?, cell, grader, verdict, comment, by })
    }
}

fn text(members: &Map<String, Value>, name: &str) -> Result<Option<String>, Fault> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) if name == "comment" || text.len() <= 256 => Ok(Some(text.clone())),
        Some(Value::String(_)) => Err(wrong(name, format!("`{name}` is longer than 256 bytes."))),
        Some(_) => Err(wrong(name, format!("`{name}` must be a string."))),
    }
}

fn repeat(members: &Map<String, Value>) -> Result<u32, Fault> {
    let number = match members.get("repeat") {
        None | Some(Value::Null) => Some(0),
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64(),
    };
    number.and_then(|number| u32::try_from(number).ok()).ok_or_else(|| wrong("repeat", "`repeat` must be a whole number from 0.".into()))
}

/// Writes a label down. A later one on the same answer follows it; neither is changed. It may be given where somebody has spoken already.
pub(crate) fn give(console: &Console, given: Given, now: Timestamp) -> Result<Label, Fault> {
    let head = head(console, &given.run, "run")?;
    let rows = super::case_rows(console, &head, &given.cell.case)?;
    let row = rows.iter().find(|row| row.cell == given.cell).ok_or_else(|| {
        let shown = printable(&given.cell.target);
        Fault::new(FaultKind::NotFound, format!("{} has no row of this case for target `{shown}`, repeat {}.", head.id, given.cell.repeat)).param("target")
    })?;
    let mut asking = row.grades.iter().filter(|grade| question(grade).is_some());
    let grade = asking.find(|grade| given.grader.as_ref().is_none_or(|name| *name == grade.grader)).ok_or_else(|| {
        let fault = wrong("grader", "No grader of this row asks a person, or none of this name.".into());
        fault.remedy("GET /api/evals/labels lists what waits.")
    })?;
    let Given { verdict, comment, by, .. } = given;
    let said = Said { grader: grade.grader.clone(), verdict, comment, by, judge: None, at: now };
    let note = note(&head.id, &given.cell, &said, now).map_err(|why| wrong("by", format!("The label was not written: {why}.")))?;
    console.ledger.add_note(&note).map_err(|error| ledger_fault(&error))?;
    Ok(Label { subject: note.subject, at: now, said })
}

/// The labels on one answer, the newest first.
pub(crate) fn labels_of(console: &Console, run: &str, cell: &Cell) -> Result<Vec<Label>, Fault> {
    Ok(notes(console, LABEL, &subject(run, cell), None)?.into_iter().filter_map(read).collect())
}
