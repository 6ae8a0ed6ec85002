//! What the grades of a case make together.

use crate::{Grade, Outcome, Verdict};

/// What a grade's weight says: 0 decides nothing. A weight that is no number decides: a mistake must not let anything pass.
pub(crate) fn decides(weight: f64) -> bool {
    weight.is_nan() || weight > 0.0
}

/// How a cell with an answer ended, and its score: the mean of the scores of the grades that decide, by their weights.
///
/// One deciding grade that is not met makes it failed. Else one without a verdict makes it unscored, and so does the lack of any deciding
/// grade: what nobody judged has not passed. The score is there where every deciding grade has one.
#[must_use]
pub fn settle(grades: &[Grade]) -> (Outcome, Option<f64>) {
    let deciding: Vec<&Grade> = grades.iter().filter(|grade| decides(grade.weight)).collect();
    let has = |verdict: Verdict| deciding.iter().any(|grade| grade.verdict == verdict);
    if has(Verdict::Fail) {
        return (Outcome::Failed, mean(&deciding));
    }
    if deciding.is_empty() || has(Verdict::Unscored) {
        return (Outcome::Unscored, None);
    }
    (Outcome::Passed, mean(&deciding))
}

/// The weighted mean of the scores; none where any is missing or the weights are no numbers.
pub(crate) fn mean(grades: &[&Grade]) -> Option<f64> {
    let (mut sum, mut weights) = (0.0, 0.0);
    for grade in grades {
        sum += grade.score? * grade.weight;
        weights += grade.weight;
    }
    let mean = sum / weights;
    mean.is_finite().then(|| mean.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grade(verdict: Verdict, weight: f64) -> Grade {
        Grade { weight, ..Grade::new("g", verdict, "") }
    }

    #[test]
    fn what_decides_and_what_does_not() {
        use Verdict::{Fail, Pass, Unscored};
        let check = |grades: &[(Verdict, f64)], outcome: Outcome, score: Option<f64>| {
            let grades: Vec<Grade> = grades.iter().map(|(verdict, weight)| grade(*verdict, *weight)).collect();
            assert_eq!(settle(&grades), (outcome, score), "{grades:?}");
        };
        check(&[], Outcome::Unscored, None);
        check(&[(Pass, 0.0)], Outcome::Unscored, None);
        check(&[(Pass, 1.0), (Fail, 0.0)], Outcome::Passed, Some(1.0));
        check(&[(Pass, 3.0), (Fail, 1.0)], Outcome::Failed, Some(0.75));
        check(&[(Pass, 1.0), (Unscored, 1.0)], Outcome::Unscored, None);
        check(&[(Pass, 1.0), (Unscored, 0.0)], Outcome::Passed, Some(1.0));
        check(&[(Fail, 1.0), (Unscored, 1.0)], Outcome::Failed, None);
        check(&[(Fail, f64::NAN)], Outcome::Failed, None);
        check(&[(Unscored, f64::NAN), (Pass, 1.0)], Outcome::Unscored, None);
        check(&[(Pass, f64::INFINITY), (Pass, 1.0)], Outcome::Passed, None);
    }

    fn verdicts() -> impl Strategy<Value = Verdict> {
        prop_oneof![Just(Verdict::Pass), Just(Verdict::Fail), Just(Verdict::Unscored)]
    }

    const fn rank(outcome: Outcome) -> u8 {
        match outcome {
            Outcome::Failed => 0,
            Outcome::Unscored | Outcome::Error => 1,
            Outcome::Passed => 2,
        }
    }

    proptest! {
        /// A better grade never makes a case worse, and only a pass of all that decides passes.
        #[test]
        fn better_grades_never_make_it_worse(
            grades in prop::collection::vec((verdicts(), prop_oneof![Just(0.0), 0.1..5.0_f64]), 1..8), place in any::<prop::sample::Index>(), better in verdicts(),
        ) {
            let of = |grades: &[(Verdict, f64)]| settle(&grades.iter().map(|(verdict, weight)| grade(*verdict, *weight)).collect::<Vec<_>>());
            let order = |verdict: Verdict| match verdict { Verdict::Fail => 0, Verdict::Unscored => 1, Verdict::Pass => 2 };
            let (before, score) = of(&grades);
            let all_pass = grades.iter().filter(|(_, weight)| *weight > 0.0).all(|(verdict, _)| *verdict == Verdict::Pass);
            prop_assert_eq!(before == Outcome::Passed, all_pass && grades.iter().any(|(_, weight)| *weight > 0.0));
            let mut changed = grades.clone();
            let at = place.index(changed.len());
            prop_assume!(order(better) >= order(changed[at].0));
            changed[at].0 = better;
            let (after, score_after) = of(&changed);
            prop_assert!(rank(after) >= rank(before));
            if let (Some(before), Some(after)) = (score, score_after) {
                prop_assert!(after >= before - 1e-12);
            }
        }
    }
}
