//! The order of a run: cases in a seeded order, all targets and repeats of a case next to each other.

use super::Choice;
use crate::{Cell, Suite, Target};
use jeton_core::SeededRandom;

/// A cell with where its parts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its place in the order, from 0.
    pub launch: u64,
    /// What it is.
    pub cell: Cell,
    /// The case's place in the suite.
    pub case: usize,
    /// The target's place among the chosen ones.
    pub target: usize,
}

/// The cells of a run in their order. The order of cases is a seeded permutation, so that a decision may stop early without favour;
/// targets of one case follow each other, so that any prefix compares them on the same cases.
#[must_use]
pub fn plan(suite: &Suite, targets: &[Target], choice: &Choice) -> Vec<Planned> {
    let mut cases: Vec<usize> = (0..suite.cases.len()).filter(|&case| is_chosen(suite, case, choice)).collect();
    SeededRandom::new(choice.seed).shuffle(&mut cases);
    cases.truncate(choice.first.unwrap_or(usize::MAX));
    let mut cells = Vec::new();
    for case in cases {
        for repeat in 0..choice.repeats.max(1) {
            for (target, of) in targets.iter().enumerate().filter(|(_, target)| applies(target, suite, case)) {
                let cell = Cell { case: suite.cases[case].id.clone(), target: of.name.clone(), repeat };
                cells.push(Planned { launch: cells.len() as u64, cell, case, target });
            }
        }
    }
    cells
}

fn is_chosen(suite: &Suite, case: usize, choice: &Choice) -> bool {
    let case = &suite.cases[case];
    let tagged = choice.tags.is_empty() || case.tags.iter().any(|tag| choice.tags.contains(tag));
    tagged && (choice.cases.is_empty() || choice.cases.contains(&case.id))
}

fn applies(target: &Target, suite: &Suite, case: usize) -> bool {
    target.only.is_empty() || suite.cases[case].tags.iter().any(|tag| target.only.contains(tag))
}
