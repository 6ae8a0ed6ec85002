//! People's labels, as graders ask for them: an answer that is given again word for word need not be judged again.

use crate::failure::Failure;
use jeton_context::Digest;
use jeton_eval::grader::Label;
use jeton_eval::label::{Label as Said, labelled_runs, majority, people, subject};
use jeton_eval::run::read_rows;
use jeton_eval::{Answer, Case};
use jeton_ledger::Records;
use std::collections::{BTreeMap, HashMap};

/// What people said, by case, grader and answer.
pub(super) struct Labels(HashMap<(String, String, Digest), Label>);

/// The labels of a suite's runs. What most people said of an answer counts, in the newest run in which it was labelled.
pub(super) fn of(store: &dyn Records, suite: &str) -> Result<Labels, Failure> {
    let mut found = HashMap::new();
    for (run, _, labels) in labelled_runs(store, suite)? {
        for row in read_rows(store, &run)? {
            let (Some(answer), Some(said)) = (&row.answer, labels.get(&subject(&run, &row.cell))) else { continue };
            let mut by_grader: BTreeMap<&str, Vec<&Said>> = BTreeMap::new();
            said.iter().for_each(|label| by_grader.entry(&label.grader).or_default().push(label));
            for (grader, said) in by_grader {
                let Some(told) = told(&said) else { continue };
                found.entry((row.cell.case.clone(), grader.to_owned(), digest(answer))).or_insert(told);
            }
        }
    }
    Ok(Labels(found))
}

/// What most people say; none where as many say the one as the other.
fn told(said: &[&Said]) -> Option<Label> {
    let passes = majority(said.iter().copied())?;
    let comments: Vec<&str> = said.iter().filter_map(|label| label.comment.as_deref()).collect();
    Some(Label { score: f64::from(u8::from(passes)), passes: Some(passes), why: comments.join("; "), by: people(said) })
}

fn digest(answer: &Answer) -> Digest {
    Digest::of(answer.text.as_bytes())
}

impl Labels {
    pub(super) fn find(&self, case: &Case, grader: &str, answer: &Answer) -> Option<Label> {
        self.0.get(&(case.id.clone(), grader.to_owned(), digest(answer))).cloned()
    }
}
