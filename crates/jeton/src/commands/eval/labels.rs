//! People's labels, as graders ask for them: an answer that is given again word for word need not be judged again.

use crate::failure::Failure;
use jeton_eval::grader::Label;
use jeton_eval::label::{Judged, Label as Said, majority, people, taken};
use jeton_eval::{Answer, Case};
use jeton_ledger::Records;
use std::collections::HashMap;

/// What most people said, by all that they judged by.
pub(super) struct Labels(HashMap<Judged, Label>);

/// The labels of a suite's runs.
pub(super) fn of(store: &dyn Records, suite: &str) -> Result<Labels, Failure> {
    let said = taken(store, suite)?;
    Ok(Labels(said.into_iter().filter_map(|(judged, said)| Some((judged, told(&said)?))).collect()))
}

/// What most people say; none where as many say the one as the other.
fn told(said: &[Said]) -> Option<Label> {
    let passes = majority(said)?;
    let comments: Vec<&str> = said.iter().filter_map(|label| label.comment.as_deref()).collect();
    let by = people(&said.iter().collect::<Vec<_>>());
    Some(Label { score: f64::from(u8::from(passes)), passes: Some(passes), why: comments.join("; "), by })
}

impl Labels {
    pub(super) fn find(&self, case: &Case, grader: &str, question: &str, answer: &Answer) -> Option<Label> {
        self.0.get(&Judged::new(case, grader, question, answer)).cloned()
    }
}
