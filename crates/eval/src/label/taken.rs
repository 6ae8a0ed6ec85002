//! Labels that are taken over: an answer that is given again to the same question, and is asked about in the same words, need not be judged
//! again.

use super::{LABEL, Label, question, run_of, subject};
use crate::run::read_rows;
use crate::{Answer, Case, Row};
use jeton_context::Digest;
use jeton_core::Timestamp;
use jeton_ledger::{LedgerError, Note, NoteFilter, Records};
use serde_json::json;
use std::collections::HashMap;

/// All that a person judged by. Where any of it is another, what was said counts no more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Judged {
    /// The case's id.
    case: String,
    /// The grader's name.
    grader: String,
    /// What the person was asked, filled in.
    question: String,
    /// The digest of what the case asks, as JSON shows it.
    input: String,
    /// The digest of the answer's text.
    answer: Digest,
}

impl Judged {
    /// What a person is to judge now.
    #[must_use]
    pub fn new(case: &Case, grader: &str, question: &str, answer: &Answer) -> Self {
        let input = json!(case.input.digest()).as_str().unwrap_or_default().to_owned();
        Self { case: case.id.clone(), grader: grader.to_owned(), question: question.to_owned(), input, answer: digest(answer) }
    }

    /// What people judged in a row, an entry for each grader that asks them. None of rows that do not say what the case asked.
    fn of_row(row: &Row) -> Vec<Self> {
        let Some(answer) = &row.answer else { return Vec::new() };
        let of_grade = |grade: &crate::Grade| {
            let input = grade.raw.as_ref()?["input"].as_str()?.to_owned();
            let question = question(grade)?.to_owned();
            Some(Self { case: row.cell.case.clone(), grader: grade.grader.clone(), question, input, answer: digest(answer) })
        };
        row.grades.iter().filter_map(of_grade).collect()
    }
}

fn digest(answer: &Answer) -> Digest {
    Digest::of(answer.text.as_bytes())
}

/// What people said in all runs of a suite, the newest word of each person first, whichever of identical answers it was said of.
///
/// # Errors
/// Where the store fails, or holds what is no row.
pub fn taken(store: &dyn Records, suite: &str) -> Result<HashMap<Judged, Vec<Label>>, LedgerError> {
    let notes = store.notes(&NoteFilter { kind: Some(LABEL.to_owned()), subject_prefix: None, limit: None })?;
    let mut runs: HashMap<&str, HashMap<String, Vec<Judged>>> = HashMap::new();
    let mut found: HashMap<Judged, Vec<Label>> = HashMap::new();
    for note in &notes {
        let Some(run) = run_of(&note.subject) else { continue };
        if !runs.contains_key(run) {
            runs.insert(run, judged_in(store, suite, run)?);
        }
        let Some(label) = read(note) else { continue };
        let judged = runs.get(run).and_then(|rows| rows.get(&note.subject)).into_iter().flatten().find(|judged| judged.grader == label.grader);
        let Some(judged) = judged else { continue };
        let said = found.entry(judged.clone()).or_default();
        if said.iter().all(|newer| newer.by != label.by) {
            said.push(label);
        }
    }
    Ok(found)
}

/// What people could judge in a run of the suite, by the subject of its labels; nothing where the run is of another suite.
fn judged_in(store: &dyn Records, suite: &str, run: &str) -> Result<HashMap<String, Vec<Judged>>, LedgerError> {
    if store.run(run)?.is_none_or(|record| record.suite != suite) {
        return Ok(HashMap::new());
    }
    Ok(read_rows(store, run)?.iter().map(|row| (subject(run, &row.cell), Judged::of_row(row))).collect())
}

/// The label of a note, with the note's time; none where it cannot be read.
pub(super) fn read(note: &Note) -> Option<Label> {
    let at: Timestamp = note.at;
    serde_json::from_str::<Label>(&note.json).ok().map(|label| Label { at, ..label })
}
