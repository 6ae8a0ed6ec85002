//! How far raters agree.

use crate::bootstrap::{RESAMPLES_MIN, bootstrap};
use crate::ppi::Labelled;
use crate::proportion::proportion;
use crate::{Estimate, Level, Observation};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The ratings of one case: any categories, by number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rated {
    /// See [`Observation::cluster`].
    pub cluster: usize,
    /// One rating for each rater who gave one, in any order.
    pub ratings: Vec<usize>,
}

/// Cohen's kappa (1960) of two raters' categories: (p_o − p_e)/(1 − p_e). `None` for no pairs, and where both gave one and the same category
/// throughout: then agreement by chance cannot be told from agreement.
#[must_use]
pub fn cohen_kappa(pairs: &[(usize, usize)]) -> Option<f64> {
    let n = pairs.len() as f64;
    let agreed = pairs.iter().filter(|(a, b)| a == b).count() as f64 / n;
    let mut shares: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (a, b) in pairs {
        shares.entry(*a).or_default().0 += 1.0 / n;
        shares.entry(*b).or_default().1 += 1.0 / n;
    }
    let by_chance: f64 = shares.values().map(|(a, b)| a * b).sum();
    let kappa = (agreed - by_chance) / (1.0 - by_chance);
    (n > 0.0 && by_chance < 1.0 - 1e-12).then_some(kappa)
}

/// Cohen's kappa with a BCa interval over clusters; each case has its cluster and both categories. `None` as for [`cohen_kappa`].
#[must_use]
pub fn kappa(cases: &[(usize, usize, usize)], level: Level, seed: u64) -> Option<Estimate> {
    let statistic = |cases: &[(usize, usize, usize)]| cohen_kappa(&cases.iter().map(|(_, a, b)| (*a, *b)).collect::<Vec<_>>());
    bootstrap(cases, |(cluster, ..)| *cluster, statistic, level, RESAMPLES_MIN, seed)
}

/// Krippendorff's alpha for categories, any number of raters and missing ratings: 1 − D_o/D_e from the coincidences of values within cases
/// (Krippendorff 2011, "Computing Krippendorff's alpha-reliability"). Cases with fewer than two ratings say nothing. `None` without any
/// pair of ratings, and where only one category occurs.
#[must_use]
pub fn krippendorff_alpha<'a>(cases: impl IntoIterator<Item = &'a Rated>) -> Option<f64> {
    let mut totals: BTreeMap<usize, f64> = BTreeMap::new();
    let (mut all, mut agreed) = (0.0, 0.0);
    for case in cases.into_iter().filter(|case| case.ratings.len() > 1) {
        let mut counts: BTreeMap<usize, f64> = BTreeMap::new();
        case.ratings.iter().for_each(|rating| *counts.entry(*rating).or_default() += 1.0);
        let raters = case.ratings.len() as f64;
        all += raters;
        for (category, count) in counts {
            agreed += count * (count - 1.0) / (raters - 1.0);
            *totals.entry(category).or_default() += count;
        }
    }
    let by_chance = totals.values().map(|count| count * (count - 1.0)).sum::<f64>() / (all - 1.0);
    (totals.len() > 1).then(|| 1.0 - (all - agreed) / (all - by_chance))
}

/// Krippendorff's alpha with a BCa interval over clusters. `None` as for [`krippendorff_alpha`].
#[must_use]
pub fn alpha(cases: &[Rated], level: Level, seed: u64) -> Option<Estimate> {
    let cases: Vec<&Rated> = cases.iter().collect();
    bootstrap(&cases, |case| case.cluster, |cases| krippendorff_alpha(cases.iter().copied()), level, RESAMPLES_MIN, seed)
}

/// A judge's passes and fails against people's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Skill {
    /// Of the cases that people passed, the share that the judge passed; `None` without such cases.
    pub sensitivity: Option<Estimate>,
    /// Of the cases that people failed, the share that the judge failed; `None` without such cases.
    pub specificity: Option<Estimate>,
    /// The share of cases on which both say the same.
    pub agreement: Option<Estimate>,
}

/// Sensitivity, specificity and raw agreement, each with the interval of [`proportion`]. A score of at least ½ is a pass; scores that are not
/// numbers are left out.
#[must_use]
pub fn skill(labelled: &[Labelled], level: Level) -> Skill {
    let known: Vec<(usize, bool, bool)> =
        labelled.iter().filter(|l| !l.human.is_nan() && !l.judge.is_nan()).map(|l| (l.cluster, l.human >= 0.5, l.judge >= 0.5)).collect();
    let share = |keep: &dyn Fn(bool) -> bool| {
        let same = known.iter().filter(|(_, human, _)| keep(*human)).map(|(cluster, human, judge)| Observation {
            cluster: *cluster,
            value: f64::from(u8::from(human == judge)),
            weight: 1.0,
        });
        proportion(&same.collect::<Vec<_>>(), level)
    };
    Skill { sensitivity: share(&|human| human), specificity: share(&|human| !human), agreement: share(&|_| true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rated(columns: [&str; 4]) -> Vec<Rated> {
        let length = columns[0].len();
        let ratings = |at: usize| columns.iter().filter_map(|column| (column.as_bytes()[at] as char).to_digit(10)).map(|digit| digit as usize).collect();
        (0..length).map(|cluster| Rated { cluster, ratings: ratings(cluster) }).collect()
    }

    fn close(got: Option<f64>, expected: f64) {
        assert!((got.unwrap() - expected).abs() < 5e-4, "{got:?} is not {expected}");
    }

    /// Krippendorff 2011: two observers of ten articles (α = 0.095) and four observers of twelve units with gaps (nominal α = 0.743).
    #[test]
    fn published_alpha() {
        let two = rated(["0100000010", "1110010000", "..........", ".........."]);
        close(krippendorff_alpha(&two), 0.095);
        let four = rated(["123321412...", "1233224125.3", ".3332342251.", "12332441251."]);
        close(krippendorff_alpha(&four), 0.743);
        let with_interval = alpha(&four, Level::P95, 1).unwrap();
        close(Some(with_interval.value), 0.743);
        assert!(with_interval.interval.unwrap().contains(0.743));
    }

    /// By hand: 20 and 15 agreed of 50, margins ½ and 0.6: p_o = 0.7, p_e = 0.5, so kappa is 0.4.
    #[test]
    fn kappa_by_hand() {
        let table = [(1, 1, 20), (1, 0, 5), (0, 1, 10), (0, 0, 15)];
        let pairs: Vec<(usize, usize)> = table.iter().flat_map(|&(a, b, count)| std::iter::repeat_n((a, b), count)).collect();
        close(cohen_kappa(&pairs), 0.4);
        let cases: Vec<(usize, usize, usize)> = pairs.iter().enumerate().map(|(cluster, &(a, b))| (cluster, a, b)).collect();
        let interval = kappa(&cases, Level::P95, 2).unwrap().interval.unwrap();
        assert!(interval.low > 0.05 && interval.low < 0.25 && interval.high > 0.55 && interval.high < 0.75, "{interval:?}");
        assert_eq!((cohen_kappa(&[]), cohen_kappa(&[(1, 1), (1, 1)])), (None, None));
        assert_eq!((krippendorff_alpha(&[]), krippendorff_alpha(&rated(["11", "11", "..", ".."]))), (None, None));
    }

    #[test]
    fn skill_by_class() {
        let rows = [(1.0, 1.0), (1.0, 1.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0), (0.0, 1.0), (f64::NAN, 1.0)];
        let labelled: Vec<Labelled> = rows.iter().enumerate().map(|(cluster, &(human, judge))| Labelled { cluster, human, judge }).collect();
        let found = skill(&labelled, Level::P95);
        close(found.sensitivity.map(|e| e.value), 0.75);
        close(found.specificity.map(|e| e.value), 0.5);
        close(found.agreement.map(|e| e.value), 4.0 / 6.0);
        let none = skill(&labelled[..4], Level::P95);
        assert!(none.specificity.is_none() && none.sensitivity.is_some_and(|e| e.interval.is_some()));
    }
}
