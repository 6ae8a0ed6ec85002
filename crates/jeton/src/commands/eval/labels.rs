//! People's labels, as graders ask for them.

use crate::failure::Failure;
use jeton_eval::grader::Label;
use jeton_eval::{Answer, Case};
use jeton_ledger::{NoteFilter, Records};
use serde::Deserialize;
use std::collections::HashMap;

/// The kind of the notes.
pub(super) const LABEL: &str = "label";

/// What people said, by case, grader and answer: an answer that is given again word for word need not be judged again.
pub(super) struct Labels(HashMap<(String, String, String), Label>);

/// A label as its note holds it.
#[derive(Debug, Deserialize)]
struct Written {
    grader: String,
    /// `pass` or `fail`.
    verdict: String,
    #[serde(default)]
    comment: String,
    by: String,
    /// The suite, the case, and the digest of the answer that was judged.
    suite: String,
    case: String,
    answer: String,
}

/// The labels of a suite; the newest of one answer counts.
pub(super) fn of(store: &dyn Records, suite: &str) -> Result<Labels, Failure> {
    let notes = store.notes(&NoteFilter { kind: Some(LABEL.to_owned()), ..NoteFilter::default() })?;
    let mut found = HashMap::new();
    for written in notes.iter().filter_map(|note| serde_json::from_str::<Written>(&note.json).ok()).filter(|written| written.suite == suite) {
        let passes = written.verdict == "pass";
        let label = Label { score: f64::from(u8::from(passes)), passes: Some(passes), why: written.comment, by: written.by };
        found.entry((written.case, written.grader, written.answer)).or_insert(label);
    }
    Ok(Labels(found))
}

/// What tells two answers apart.
pub(super) fn digest(answer: &Answer) -> String {
    jeton_context::Digest::of(answer.text.as_bytes()).to_string()
}

impl Labels {
    pub(super) fn find(&self, case: &Case, grader: &str, answer: &Answer) -> Option<Label> {
        self.0.get(&(case.id.clone(), grader.to_owned(), digest(answer))).cloned()
    }
}
