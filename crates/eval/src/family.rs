//! Several candidates against one baseline: one family of claims, so that the more are tried the less one of them is called better by luck.

use crate::Row;
use crate::compare::{Comparison, compare};
use jeton_allocate::Level;
use jeton_allocate::multiple::{benjamini_hochberg, holm, simultaneous};
use jeton_allocate::verdict::Verdict;
use serde::Serialize;

/// How p-values are adjusted for the number of comparisons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adjust {
    /// Holm (1979): the chance that any claim of better or worse is false is bounded. For decisions.
    #[default]
    Holm,
    /// Benjamini and Hochberg (1995): the share of false ones among these claims is bounded. For looking around.
    Bh,
    /// Not at all: each comparison as if it were the only one.
    None,
}

/// A comparison as a member of a family. Its verdict is the family's, its intervals are simultaneous ones.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Member {
    /// The comparison.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// Its p-value after the adjustment; none where it has none.
    pub p_adjusted: Option<f64>,
}

/// All candidates against one baseline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Family {
    /// How p-values were adjusted.
    pub adjust: Adjust,
    /// A claim of better or worse holds where its adjusted p-value is at most this.
    pub alpha: f64,
    /// By candidate, in their order.
    pub members: Vec<Member>,
}

/// Compares candidates, each with its name, with one baseline.
///
/// Better and worse are said where the adjusted p-value is at most 1 − `level`; "no relevant difference" where the simultaneous interval
/// (Bonferroni) lies within the margin. Without adjustment, and for a single candidate, verdicts are those of [`compare`].
#[must_use]
pub fn family(baseline: (&str, &[&Row]), candidates: &[(&str, Vec<&Row>)], margin: f64, adjust: Adjust, level: Level) -> Family {
    let is_plain = adjust == Adjust::None || candidates.len() < 2;
    let each = if is_plain { level } else { simultaneous(level, candidates.len()) };
    let comparisons: Vec<Comparison> = candidates.iter().map(|(name, rows)| compare(baseline, (name, rows), margin, each)).collect();
    // One that was not computed stays in the family and counts as 1.
    let raw: Vec<f64> = comparisons.iter().map(|comparison| comparison.p.unwrap_or(f64::NAN)).collect();
    let adjusted = match adjust {
        Adjust::Holm => holm(&raw),
        Adjust::Bh => benjamini_hochberg(&raw),
        Adjust::None => raw,
    };
    let member = |(comparison, p): (Comparison, f64)| {
        let verdict = if is_plain { comparison.verdict } else { decided(&comparison, p, level) };
        let p_adjusted = comparison.p.map(|_| p);
        Member { comparison: Comparison { verdict, ..comparison }, p_adjusted }
    };
    Family { adjust, alpha: level.alpha(), members: comparisons.into_iter().zip(adjusted).map(member).collect() }
}

fn decided(comparison: &Comparison, p: f64, level: Level) -> Verdict {
    let change = comparison.difference.as_ref().map_or(0.0, |difference| difference.value);
    match comparison.verdict {
        Verdict::NoRelevantDifference => Verdict::NoRelevantDifference,
        _ if p <= level.alpha() && change > 0.0 => Verdict::Better,
        _ if p <= level.alpha() && change < 0.0 => Verdict::Worse,
        Verdict::Undecided { more_cases } => Verdict::Undecided { more_cases },
        Verdict::Better | Verdict::Worse => Verdict::Undecided { more_cases: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Outcome, testing};

    /// Forty cases, of which the first so many fail.
    fn rows(target: &str, failed: usize) -> Vec<Row> {
        let outcome = |case: usize| if case < failed { Outcome::Failed } else { Outcome::Passed };
        (0..40).map(|case| testing::row(&format!("c{case}"), target, outcome(case))).collect()
    }

    /// Candidates that fail so many cases, against a baseline that fails ten.
    fn found(failed: &[usize], adjust: Adjust) -> Family {
        let (baseline, all) = (rows("base", 10), failed.iter().map(|failed| rows("one", *failed)).collect::<Vec<_>>());
        let candidates: Vec<(&str, Vec<&Row>)> = all.iter().map(|rows| ("one", rows.iter().collect())).collect();
        family(("base", &baseline.iter().collect::<Vec<_>>()), &candidates, 0.02, adjust, Level::P95)
    }

    fn check(failed: &[usize], adjust: Adjust, p: &[f64], verdicts: &[&str]) {
        let found = found(failed, adjust);
        for (member, expected) in found.members.iter().zip(p) {
            assert!((member.p_adjusted.unwrap() - expected).abs() < 1e-9, "{adjust:?}: {:?} is not {expected}", member.p_adjusted);
        }
        let said: Vec<String> = found.members.iter().map(|member| member.comparison.verdict.to_string()).collect();
        assert!(said.iter().zip(verdicts).all(|(said, expected)| said.starts_with(expected)) && said.len() == verdicts.len(), "{adjust:?}: {said:?}");
    }

    /// McNemar's exact p-value of n flips that all go one way is 2/2ⁿ: 0.015625 for seven, 0.03125 for six, 0.5 for two.
    #[test]
    fn the_more_are_tried_the_less_is_claimed() {
        let p = [0.015_625, 0.031_25, 0.5];
        check(&[3, 4, 8], Adjust::None, &p, &["better", "better", "undecided"]);
        check(&[3, 4, 8], Adjust::Holm, &[3.0 * p[0], 2.0 * p[1], 0.5], &["better", "undecided", "undecided"]);
        check(&[3, 4, 8], Adjust::Bh, &[3.0 * p[0], 1.5 * p[1], 0.5], &["better", "better", "undecided"]);
        check(&[4, 4, 4], Adjust::Holm, &[3.0 * p[1]; 3], &["undecided"; 3]);
        check(&[4, 4, 4], Adjust::Bh, &[p[1]; 3], &["better"; 3]);
        check(&[17, 4, 8], Adjust::Holm, &[3.0 * p[0], 2.0 * p[1], 0.5], &["worse", "undecided", "undecided"]);
    }

    #[test]
    fn one_alone_is_no_family_and_one_without_answers_stays_in_it() {
        let alone = found(&[4], Adjust::Holm);
        let close = |p: Option<f64>, expected: f64| assert!((p.unwrap() - expected).abs() < 1e-9, "{p:?} is not {expected}");
        close(alone.members[0].p_adjusted, 0.031_25);
        assert_eq!(alone.members[0].comparison.verdict, Verdict::Better);
        let baseline = rows("base", 10);
        let better = rows("one", 4);
        let base: Vec<&Row> = baseline.iter().collect();
        let both = family(("base", &base), &[("one", better.iter().collect()), ("none", Vec::new())], 0.02, Adjust::Holm, Level::P95);
        close(both.members[0].p_adjusted, 0.062_5);
        close(both.members[1].p_adjusted, 1.0);
        assert!(both.members.iter().all(|member| matches!(member.comparison.verdict, Verdict::Undecided { .. })), "{both:?}");
    }
}
