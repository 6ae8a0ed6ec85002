//! What people said as the verdict of the graders that ask them. Rows stay as they were written; labels are laid over them whenever they are
//! read, so that a label counts at once and nothing that was measured is changed.

use super::{Label, Labels, labels, majority, question, subject};
use crate::grader::settle;
use crate::run::read_rows;
use crate::{Grade, Row, Verdict};
use jeton_ledger::{LedgerError, Records};
use serde_json::json;

/// The rows of a run with the labels of its answers as the verdicts of the graders that ask a person: what totals, comparisons and gates are
/// made of. [`read_rows`] has them as they were written.
///
/// # Errors
/// Where the store fails, or holds what is no row.
pub fn judged_rows(store: &dyn Records, run: &str) -> Result<Vec<Row>, LedgerError> {
    let mut rows = read_rows(store, run)?;
    join(&mut rows, run, &labels(store, run)?);
    Ok(rows)
}

/// Lays labels over rows: what most people say is the grade, and the row ends as its grades say. Where as many say the one as the other, and
/// where nobody has said anything, the grade stays without a verdict; labels in the place of a judge are no verdict of it.
pub fn join(rows: &mut [Row], run: &str, labels: &Labels) {
    if labels.is_empty() {
        return;
    }
    for row in rows.iter_mut().filter(|row| row.answer.is_some()) {
        let Some(said) = labels.get(&subject(run, &row.cell)) else { continue };
        let mut is_labelled = false;
        for grade in &mut row.grades {
            let of_grade: Vec<&Label> = said.iter().filter(|label| label.grader == grade.grader).collect();
            if !of_grade.is_empty() && question(grade).is_some() {
                *grade = labelled(grade, &of_grade);
                is_labelled = true;
            }
        }
        if is_labelled {
            (row.outcome, row.score) = settle(&row.grades);
        }
    }
}

/// A grade that asks a person, with what people said.
fn labelled(grade: &Grade, said: &[&Label]) -> Grade {
    let is_negated = grade.raw.as_ref().is_some_and(|raw| raw["negate"] == true);
    let passes = majority(said.iter().copied());
    let verdict = match passes {
        None => Verdict::Unscored,
        Some(passes) if passes != is_negated => Verdict::Pass,
        Some(_) => Verdict::Fail,
    };
    let mut raw = json!({ "kind": "human", "question": question(grade).unwrap_or_default(), "by": people(said), "passes": passes });
    for kept in ["input", "negate"] {
        if let Some(value) = grade.raw.as_ref().and_then(|raw| raw.get(kept)).filter(|value| **value != json!(false)) {
            raw[kept] = value.clone();
        }
    }
    Grade { weight: grade.weight, raw: Some(raw), ..Grade::new(grade.grader.clone(), verdict, why(said, passes)) }
}

/// Who said it, the newest first.
#[must_use]
pub fn people(said: &[&Label]) -> String {
    said.iter().map(|label| label.by.as_str()).collect::<Vec<_>>().join(", ")
}

fn why(said: &[&Label], passes: Option<bool>) -> String {
    let good = said.iter().filter(|label| label.verdict == Verdict::Pass).count();
    let counted = format!("{good} of {} people say pass", said.len());
    let comments: Vec<String> = said.iter().filter_map(|label| label.comment.as_ref().map(|comment| format!("{}: {comment}", label.by))).collect();
    let counted = match (said, passes) {
        (_, None) => format!("{counted}, so there is no verdict"),
        ([_], _) => format!("judged by {}", people(said)),
        _ => counted,
    };
    if comments.is_empty() { counted } else { format!("{counted}; {}", comments.join("; ")) }
}
