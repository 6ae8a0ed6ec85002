//! People's labels, as graders ask for them: an answer that is given again word for word need not be judged again.

use crate::failure::Failure;
use jeton_context::Digest;
use jeton_eval::grader::Label;
use jeton_eval::label::{labelled_runs, subject};
use jeton_eval::run::read_rows;
use jeton_eval::{Answer, Case, Verdict};
use jeton_ledger::Records;
use std::collections::HashMap;

/// What people said, by case, grader and answer.
pub(super) struct Labels(HashMap<(String, String, Digest), Label>);

/// The labels of a suite's runs; the newest of one answer counts.
pub(super) fn of(store: &dyn Records, suite: &str) -> Result<Labels, Failure> {
    let mut found = HashMap::new();
    for (run, _, labels) in labelled_runs(store, suite)? {
        for row in read_rows(store, &run)? {
            let (Some(answer), Some(said)) = (&row.answer, labels.get(&subject(&run, &row.cell))) else { continue };
            for label in said {
                let passes = label.verdict == Verdict::Pass;
                let told =
                    Label { score: f64::from(u8::from(passes)), passes: Some(passes), why: label.comment.clone().unwrap_or_default(), by: label.by.clone() };
                found.entry((row.cell.case.clone(), label.grader.clone(), digest(answer))).or_insert(told);
            }
        }
    }
    Ok(Labels(found))
}

fn digest(answer: &Answer) -> Digest {
    Digest::of(answer.text.as_bytes())
}

impl Labels {
    pub(super) fn find(&self, case: &Case, grader: &str, answer: &Answer) -> Option<Label> {
        self.0.get(&(case.id.clone(), grader.to_owned(), digest(answer))).cloned()
    }
}
