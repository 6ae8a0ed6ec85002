//! Answers that wait for a person, and what people said of them.

use super::{head, heads, notes};
use crate::api::ledger_fault;
use crate::route::printable;
use crate::state::Console;
use jeton_core::{Fault, FaultKind, Timestamp};
use jeton_eval::run::RunHead;
use jeton_eval::{Cell, Grade, Row, Verdict};
use jeton_ledger::{Note, NoteFilter};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// The kind of the notes that hold labels.
const LABEL: &str = "label";
/// What the human grader says of an answer that it has no label for.
const NOBODY: &str = "nobody has judged it yet";
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
}

/// What waits, and what was said last.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) labels: Vec<Label>,
}

/// What is written into a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    verdict: String,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    by: String,
    #[serde(default)]
    grader: String,
}

/// A label as it stands in the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    /// `RUN/CASE/TARGET/REPEAT`.
    pub(crate) subject: String,
    pub(crate) at: Timestamp,
    pub(crate) verdict: String,
    pub(crate) comment: String,
    pub(crate) by: String,
    pub(crate) grader: String,
}

fn subject(run: &str, cell: &Cell) -> String {
    format!("{run}/{}/{}/{}", cell.case, cell.target, cell.repeat)
}

fn read(note: Note) -> Option<Label> {
    let Written { verdict, comment, by, grader } = serde_json::from_str(&note.json).ok()?;
    Some(Label { subject: note.subject, at: note.at, verdict, comment, by, grader })
}

/// Whether a grade waits for a person.
fn waits(grade: &Grade) -> bool {
    let is_human = || grade.raw.as_ref().and_then(|raw| raw["kind"].as_str()) == Some("human") || grade.why.contains(NOBODY);
    grade.verdict == Verdict::Unscored && is_human()
}

/// Labels, the newest first.
fn labels(console: &Console, prefix: Option<&str>, limit: Option<u64>) -> Result<Vec<Label>, Fault> {
    let filter = NoteFilter { kind: Some(LABEL.to_owned()), subject_prefix: prefix.map(str::to_owned), limit };
    Ok(console.ledger.notes(&filter).map_err(|error| ledger_fault(&error))?.into_iter().filter_map(read).collect())
}

/// The answers of a run that wait for a person, in launch order.
pub(super) fn waiting_in(console: &Console, head: &RunHead) -> Result<Vec<Waiting>, Fault> {
    let done: HashSet<(String, String)> =
        labels(console, Some(&format!("{}/", head.id)), None)?.into_iter().map(|label| (label.subject, label.grader)).collect();
    let raw = console.ledger.rows(&head.id, 0).map_err(|error| ledger_fault(&error))?;
    // Most rows have nothing unscored, and reading a row costs more than looking for the word.
    let rows = raw.iter().filter(|row| row.json.contains("\"unscored\"")).filter_map(|row| serde_json::from_str::<Row>(&row.json).ok());
    let mut found = Vec::new();
    for row in rows {
        let about = subject(&head.id, &row.cell);
        for grade in row.grades.iter().filter(|grade| waits(grade) && !done.contains(&(about.clone(), grade.grader.clone()))) {
            let question = grade.raw.as_ref().and_then(|raw| raw["question"].as_str()).map(str::to_owned);
            found.push(Waiting { head: head.clone(), row: row.clone(), grader: grade.grader.clone(), question });
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
        waiting.extend(waiting_in(console, head)?);
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
    written: Written,
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
        let verdict = needed("verdict")?;
        if !["pass", "fail"].contains(&verdict.as_str()) {
            return Err(wrong("verdict", format!("`verdict` is `pass` or `fail`, not `{}`.", printable(&verdict))));
        }
        let comment = text(members, "comment")?.unwrap_or_default();
        if comment.len() > COMMENT_BYTES_MAX {
            return Err(wrong("comment", format!("`comment` is longer than {COMMENT_BYTES_MAX} bytes.")));
        }
        let cell = Cell { case: needed("case")?, target: needed("target")?, repeat: repeat(members)? };
        let by = text(members, "by")?.unwrap_or_else(|| "admin".to_owned());
        let grader = text(members, "grader")?;
        Ok(Self { run: needed("run")?, cell, written: Written { verdict, comment, by, grader: String::new() }, grader })
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

/// Writes a label down. A later one on the same answer follows it; neither is changed.
pub(crate) fn give(console: &Console, given: Given, now: Timestamp) -> Result<Label, Fault> {
    let head = head(console, &given.run, "run")?;
    let rows = super::case_rows(console, &head, &given.cell.case)?;
    let row = rows.iter().find(|row| row.cell == given.cell).ok_or_else(|| {
        let shown = printable(&given.cell.target);
        Fault::new(FaultKind::NotFound, format!("{} has no row of this case for target `{shown}`, repeat {}.", head.id, given.cell.repeat)).param("target")
    })?;
    let mut waiting = row.grades.iter().filter(|grade| waits(grade));
    let grade = waiting.find(|grade| given.grader.as_ref().is_none_or(|name| *name == grade.grader)).ok_or_else(|| {
        let fault = wrong("grader", "No grade of this row waits for a person, or none of this name.".into());
        fault.remedy("GET /api/evals/labels lists what waits.")
    })?;
    let written = Written { grader: grade.grader.clone(), ..given.written };
    let json = serde_json::to_string(&written).map_err(|error| Fault::new(FaultKind::Internal, format!("The label could not be written: {error}.")))?;
    let note = Note { kind: LABEL.to_owned(), subject: subject(&head.id, &given.cell), at: now, json };
    console.ledger.add_note(&note).map_err(|error| ledger_fault(&error))?;
    let Written { verdict, comment, by, grader } = written;
    Ok(Label { subject: note.subject, at: now, verdict, comment, by, grader })
}

/// The labels on one answer, the newest first.
pub(crate) fn labels_of(console: &Console, run: &str, cell: &Cell) -> Result<Vec<Label>, Fault> {
    Ok(notes(console, LABEL, &subject(run, cell), None)?.into_iter().filter_map(read).collect())
}
