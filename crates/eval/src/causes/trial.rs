//! Experiments: repeats of a treatment, and the test that decides between two of them.

use super::arms::Factor;
use super::{Ladder, Report, Tried};
use crate::cell::Treatment;
use crate::run::Planned;
use crate::{Row, Verdict};
use jeton_allocate::fisher::{Arms, fisher};

/// A case under examination.
pub(super) struct Patient {
    pub(super) planned: Planned,
    /// What the failed row was given, where that is not what there is now.
    pub(super) base: Treatment,
    pub(super) tried: Vec<Tried>,
    /// The unchanged request, all of its repeats.
    pub(super) control: Arm,
}

/// What came of the repeats of a treatment.
#[derive(Clone, Debug, Default)]
pub(super) struct Arm {
    pub(super) passed: u64,
    /// Repeats that were judged.
    pub(super) n: u64,
    /// The answers.
    pub(super) said: Vec<String>,
    /// Why a repeat has no verdict, of the first that has none.
    pub(super) unjudged: Option<String>,
    /// Whether the last answer was cut.
    is_cut: bool,
}

/// What the arm of the request as it was is called.
pub(super) const UNCHANGED: &str = "unchanged";

impl Arm {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.n += other.n;
        self.said.extend(other.said);
        self.unjudged = self.unjudged.take().or(other.unjudged);
    }

    /// Whether the same request now passes, now fails.
    pub(super) const fn is_unstable(&self) -> bool {
        0 < self.passed && self.passed < self.n
    }
}

/// The share of the error probability that the first look at an arm may spend; the second look has the rest.
const FIRST_LOOK: f64 = 0.8;
/// How many times more repeats the second look has.
const MORE: u64 = 3;
/// How often a limit is raised until the answer fits.
const RAISES_MAX: usize = 4;

impl Ladder<'_> {
    /// An arm of `repeats` repeats.
    pub(super) async fn arm(&self, patient: &mut Patient, what: &str, treatment: &Treatment, repeats: u64, report: &mut Report) -> Arm {
        let mut with_base = treatment.clone();
        if !treatment.is_fresh {
            with_base.change.replace.extend(patient.base.change.replace.iter().cloned());
        }
        let (mut arm, mut rows) = (Arm::default(), Vec::new());
        for _ in 0..repeats {
            if report.calls >= self.options.calls_max {
                report.is_cut = true;
                break;
            }
            let mut planned = patient.planned.clone();
            planned.cell.repeat = patient.repeat(what, rows.len());
            let row = self.cells.treated(&planned, &with_base).await;
            report.calls += 1;
            if let Some(passed) = row.passed() {
                arm.n += 1;
                arm.passed += u64::from(passed);
            } else {
                arm.unjudged.get_or_insert_with(|| unjudged(&row));
            }
            arm.is_cut = row.answer.as_ref().is_some_and(|answer| answer.finish.as_deref() == Some("length"));
            arm.said.extend(row.answer.as_ref().map(|answer| answer.text.clone()));
            rows.push((self.keep)(row));
        }
        patient.tried.push(Tried { arm: what.to_owned(), passed: arm.passed, n: arm.n, p: None, rows });
        arm
    }

    /// An arm that is to beat the unchanged request. Where it passes sometimes and the request never did, both get more repeats: chance is told
    /// from cause so. Gives the arm, and whether it beats the control with the error probability divided by `tests`.
    pub(super) async fn helps(&self, patient: &mut Patient, what: &str, treatment: &Treatment, tests: usize, report: &mut Report) -> (Arm, bool) {
        let mut arm = self.arm(patient, what, treatment, self.options.repeats, report).await;
        let control = patient.control.clone();
        if self.beats(patient, &arm, &control, tests, FIRST_LOOK) {
            return (arm, true);
        }
        if arm.passed == 0 || control.passed > 0 {
            return (arm, false);
        }
        let more = self.options.repeats * MORE;
        if control.n < more {
            self.more_control(patient, more, report).await;
        }
        arm.add(self.arm(patient, what, treatment, more, report).await);
        let control = patient.control.clone();
        let is_better = self.beats(patient, &arm, &control, tests, 1.0 - FIRST_LOOK);
        (arm, is_better)
    }

    /// More repeats of the unchanged request. Gives those alone.
    pub(super) async fn more_control(&self, patient: &mut Patient, repeats: u64, report: &mut Report) -> Arm {
        let more = self.arm(patient, UNCHANGED, &Treatment::default(), repeats, report).await;
        patient.control.add(more.clone());
        more
    }

    /// Whether a treatment beats another once more, in repeats of their own: what nothing in the record points to has to come out twice.
    pub(super) async fn again(&self, patient: &mut Patient, one: (&str, &Treatment), other: (&str, &Treatment), report: &mut Report) -> bool {
        let other = if other.0 == UNCHANGED {
            self.more_control(patient, self.options.repeats, report).await
        } else {
            self.arm(patient, other.0, other.1, self.options.repeats, report).await
        };
        let arm = self.arm(patient, one.0, one.1, self.options.repeats, report).await;
        self.beats(patient, &arm, &other, 1, 1.0)
    }

    /// Whether an arm passes more often than another, by Fisher's test; the p-value is multiplied with the number of tests (Bonferroni), and
    /// must not be above the given share of the error probability.
    pub(super) fn beats(&self, patient: &mut Patient, arm: &Arm, control: &Arm, tests: usize, share: f64) -> bool {
        let arms = Arms { arm_passed: arm.passed, arm_n: arm.n, control_passed: control.passed, control_n: control.n };
        let p = fisher(arms).map(|found| (found.greater * tests.max(1) as f64 / share).min(1.0));
        if let Some(last) = patient.tried.last_mut() {
            last.p = p;
        }
        p.is_some_and(|p| p <= self.options.alpha)
    }

    /// The limit among the factors raised until an answer in the environment at its best is not cut. Only whether it is cut counts here, not
    /// whether it passes: the arms that follow are not chosen by their result.
    pub(super) async fn lift(&self, patient: &mut Patient, factors: &mut [Factor], report: &mut Report) {
        let Some(place) = factors.iter().position(|factor| factor.cause == super::Cause::Limit) else { return };
        for _ in 0..RAISES_MAX {
            let best = super::arms::together(&factors.iter().collect::<Vec<_>>());
            let what = format!("whether the answer fits {}", factors[place].what);
            if !self.arm(patient, &what, &best, 1, report).await.is_cut {
                return;
            }
            super::arms::raise(&mut factors[place]);
        }
    }
}

/// Why a row has no verdict.
fn unjudged(row: &Row) -> String {
    let of_fault = row.fault.as_ref().map(|fault| format!("{}: {}", fault.code, fault.message));
    let open = || row.grades.iter().find(|grade| grade.verdict == Verdict::Unscored).map(|grade| format!("`{}` gave no verdict: {}", grade.grader, grade.why));
    of_fault.or_else(open).unwrap_or_else(|| "no grader decides about it".to_owned())
}

impl Patient {
    /// The number of a further repeat of an arm: no two repeats of it are one request.
    fn repeat(&self, what: &str, within: usize) -> u32 {
        let before: usize = self.tried.iter().filter(|tried| tried.arm == what).map(|tried| tried.rows.len()).sum();
        u32::try_from(before + within).unwrap_or(u32::MAX)
    }
}
