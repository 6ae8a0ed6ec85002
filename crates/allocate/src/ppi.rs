//! Scores of a judge, corrected by labels of people.
//!
//! The labelled cases must be a random sample of the stream that is judged. A judge's prompt, model or version that changes, and traffic that
//! changes, void its calibration: then the labels are of another stream.

use crate::mean::{Moments, around, critical, group, mean, moments, spread_min};
use crate::proportion::{proportion, score_interval};
use crate::special::normal_quantile;
use crate::{Estimate, Interval, Level, Method, Observation};
use serde::{Deserialize, Serialize};

/// A case that a person and the judge scored.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Labelled {
    /// See [`Observation::cluster`].
    pub cluster: usize,
    /// The person's score: the truth.
    pub human: f64,
    /// The judge's.
    pub judge: f64,
}

/// A case of two runs, scored by a person and the judge in both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelledPair {
    /// The baseline's answer.
    pub baseline: Labelled,
    /// The candidate's, of the same case.
    pub candidate: Labelled,
}

/// Labels without a judge, as what a correction must beat: the mean of the human scores, as [`proportion`] has it where they are in [0, 1].
#[must_use]
pub fn labels_only(labelled: &[Labelled], level: Level) -> Option<Estimate> {
    let humans: Vec<Observation> = labelled.iter().map(|l| Observation { cluster: l.cluster, value: l.human, weight: 1.0 }).collect();
    let found = if are_rates(labelled, &[]) { proportion(&humans, level) } else { mean(&humans, level) };
    found.map(|estimate| Estimate { method: Method::LabelsOnly, ..estimate })
}

fn are_rates(labelled: &[Labelled], judged: &[Observation]) -> bool {
    let scores = labelled.iter().flat_map(|l| [l.human, l.judge]).chain(judged.iter().map(|o| o.value));
    scores.into_iter().all(|score| (0.0..=1.0).contains(&score))
}

/// Prediction-powered inference (Angelopoulos, Bates, Fannjiang, Jordan and Zrnic 2023): θ̂ = f̄_N + mean(Y − f) of the labelled, with
/// SE² = SE(f_N)² + SE(Y−f)², both clustered, and t with one degree less than there are labelled clusters. A bad judge makes it worse than
/// [`labels_only`]; [`ppi_plus_plus`] is the default.
///
/// `judged` are the judge's scores of other cases, without labels. `None` where either is empty or a score is not finite.
#[must_use]
pub fn ppi(labelled: &[Labelled], judged: &[Observation], level: Level) -> Option<Estimate> {
    let corrected = weighted(labelled, judged, &vec![1.0; labelled.len()])?;
    Some(Estimate { method: Method::Ppi, ..corrected.estimate(corrected.around(level), level) })
}

/// Folds in which the judge's weight is fitted.
const FOLDS: usize = 10;

/// PPI++ (Angelopoulos, Duchi and Zrnic 2023): θ̂ = Ȳ + λ(f̄_N − f̄_n), λ = Cov(Y, f)/((1+n/N)·Var(f)) between 0 and 1, so that a judge that knows
/// nothing is ignored.
///
/// The weight of each labelled case is fitted on the other folds (whole clusters, in the order of their numbers), since a weight fitted on the
/// same few labels makes the interval too narrow. Standard errors as for [`ppi`]. Without `judged` cases it is [`labels_only`].
///
/// Where all scores are in [0, 1] the interval is Wilson's with θ̂(1−θ̂)/SE² for the number of cases (Korn and Graubard 1998) and t for z, and
/// the estimate is cut to [0, 1]: near the edges of the scale the mean of few labels is skewed, and θ̂ ± t·SE covers but 93 % at 100 labels and
/// a rate of 0.9. Other scores, differences among them, have θ̂ ± t·SE. What remains too narrow: with a judge so good that hardly four of the
/// labels contradict it, SE rests on those four, and the interval covers about 93 % (`corrected_judges` in `tests/coverage.rs`).
#[must_use]
pub fn ppi_plus_plus(labelled: &[Labelled], judged: &[Observation], level: Level) -> Option<Estimate> {
    if judged.is_empty() {
        return labels_only(labelled, level);
    }
    let groups = group(labelled, |l| l.cluster);
    let folds = FOLDS.min(groups.len());
    let weight = |fold: usize| {
        let others: Vec<Labelled> = groups.iter().enumerate().filter(|(at, _)| at % folds != fold).flat_map(|(_, group)| group.iter().copied()).collect();
        judge_weight(&others, judged)
    };
    let by_fold: Vec<f64> = (0..folds).map(weight).collect();
    let ordered: Vec<Labelled> = groups.iter().flatten().copied().collect();
    let weights: Vec<f64> = groups.iter().enumerate().flat_map(|(at, group)| std::iter::repeat_n(by_fold[at % folds], group.len())).collect();
    let corrected = weighted(&ordered, judged, &weights)?;
    Some(if are_rates(labelled, judged) {
        let estimate = corrected.estimate(corrected.score(level), level);
        Estimate { value: estimate.value.clamp(0.0, 1.0), ..estimate }
    } else {
        corrected.estimate(corrected.around(level), level)
    })
}

/// λ = Cov(Y, f) / ((1+n/N)·Var(f)), the variance over all cases; 0 where it cannot be told.
fn judge_weight(labelled: &[Labelled], judged: &[Observation]) -> f64 {
    let (n, others) = (labelled.len() as f64, judged.len() as f64);
    let (human, judge) = (labelled.iter().map(|l| l.human).sum::<f64>() / n, labelled.iter().map(|l| l.judge).sum::<f64>() / n);
    let covariance = labelled.iter().map(|l| (l.human - human) * (l.judge - judge)).sum::<f64>() / (n - 1.0);
    let all = labelled.iter().map(|l| l.judge).chain(judged.iter().map(|o| o.value));
    let centre = all.clone().sum::<f64>() / (n + others);
    let variance = all.map(|f| (f - centre).powi(2)).sum::<f64>() / (n + others - 1.0);
    let weight = covariance / ((1.0 + n / others) * variance);
    if weight.is_finite() { weight.clamp(0.0, 1.0) } else { 0.0 }
}

/// A corrected mean with its standard error; `None` where that is unknown or nothing but rounding.
struct Corrected {
    moments: Moments,
    se: Option<f64>,
}

impl Corrected {
    fn estimate(&self, interval: Option<Interval>, level: Level) -> Estimate {
        Estimate { value: self.moments.mean, interval, level, n: self.moments.n, clusters: self.moments.clusters, method: Method::PpiPlusPlus }
    }

    fn around(&self, level: Level) -> Option<Interval> {
        around(self.moments.mean, self.se?, self.moments.clusters_effective, level)
    }

    /// For a rate. At the edges, and beyond, where a correction may lead, it is taken to be half a case away from them.
    fn score(&self, level: Level) -> Option<Interval> {
        let apart = 0.5 / self.moments.n as f64;
        let rate = self.moments.mean.clamp(apart, 1.0 - apart);
        let n = rate * (1.0 - rate) / self.se?.powi(2);
        score_interval(rate * n, n, critical(self.moments.clusters_effective, level))
    }
}

fn weighted(labelled: &[Labelled], judged: &[Observation], weights: &[f64]) -> Option<Corrected> {
    let of_judge = moments(judged)?;
    let corrected = |(l, weight): (&Labelled, &f64)| Observation { cluster: l.cluster, value: l.human - weight * (l.judge - of_judge.mean), weight: 1.0 };
    let corrected: Vec<Observation> = labelled.iter().zip(weights).map(corrected).collect();
    let of_labels = moments(&corrected)?;
    let weight = weights.iter().sum::<f64>() / weights.len() as f64;
    let both = of_labels.se_clustered.zip(of_judge.se_clustered).map(|(labels, judge)| labels.hypot(weight * judge));
    Some(Corrected { se: both.filter(|se| *se > spread_min(of_labels.mean)), moments: of_labels })
}

/// PPI++ for the mean difference of two runs (candidate less baseline), on the differences of each case: a judge's error that depends on the
/// run, such as a liking for its own kind, cancels only so.
#[must_use]
pub fn ppi_difference(labelled: &[LabelledPair], judged: &[crate::paired::Pair], level: Level) -> Option<Estimate> {
    let of = |pair: &LabelledPair| Labelled {
        cluster: pair.baseline.cluster,
        human: pair.candidate.human - pair.baseline.human,
        judge: pair.candidate.judge - pair.baseline.judge,
    };
    let labelled: Vec<Labelled> = labelled.iter().map(of).collect();
    let judged: Vec<Observation> = judged.iter().map(crate::paired::Pair::difference).collect();
    ppi_plus_plus(&labelled, &judged, level)
}

/// How a judge did on cases that people passed and on cases that they failed, and on those without labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// Cases that people passed and the judge passed too.
    pub good_passed: u64,
    /// Cases that people passed.
    pub good: u64,
    /// Cases that people failed and the judge failed too.
    pub bad_failed: u64,
    /// Cases that people failed.
    pub bad: u64,
    /// Cases without labels that the judge passed.
    pub passed: u64,
    /// Cases without labels.
    pub n: u64,
}

/// The true pass rate after Rogan and Gladen (1978): θ̂ = (p̂+q̂0−1)/(q̂0+q̂1−1), q̂1 the judge's sensitivity and q̂0 its specificity, with
/// SE² = [p̂(1−p̂)/N + (1−θ̂)²·q̂0(1−q̂0)/m0 + θ̂²·q̂1(1−q̂1)/m1] / (q̂0+q̂1−1)² (Lee et al. 2025, arXiv 2511.21140). For labels drawn by class, or
/// where the share of good cases shifts.
///
/// `None` where a group is empty, its parts exceed it, or the judge is no better than a coin (q̂0 + q̂1 ≤ 1). The estimate is cut to [0, 1].
#[must_use]
pub fn rogan_gladen(judged: Judged, level: Level) -> Option<Estimate> {
    let Judged { good_passed, good, bad_failed, bad, passed, n } = judged;
    if good == 0 || bad == 0 || n == 0 || good_passed > good || bad_failed > bad || passed > n {
        return None;
    }
    let (sensitivity, specificity, rate) = (good_passed as f64 / good as f64, bad_failed as f64 / bad as f64, passed as f64 / n as f64);
    let skill = sensitivity + specificity - 1.0;
    if skill <= 0.0 {
        return None;
    }
    let value = ((rate + specificity - 1.0) / skill).clamp(0.0, 1.0);
    let variance = |p: f64, n: u64| p * (1.0 - p) / n as f64;
    let se = (variance(rate, n) + (1.0 - value).powi(2) * variance(specificity, bad) + value.powi(2) * variance(sensitivity, good)).sqrt() / skill;
    let half = normal_quantile(1.0 - level.alpha() / 2.0) * se;
    let interval = (se > 0.0).then(|| Interval::new(value - half, value + half)).flatten().map(|i| i.within(0.0, 1.0));
    let labels = good.saturating_add(bad) as usize;
    Some(Estimate { value, interval, level, n: labels, clusters: labels, method: Method::RoganGladen })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::independent;

    fn labelled(rows: &[(f64, f64)]) -> Vec<Labelled> {
        rows.iter().enumerate().map(|(cluster, &(human, judge))| Labelled { cluster, human, judge }).collect()
    }

    const ROWS: [(f64, f64); 6] = [(1.0, 0.9), (1.0, 0.8), (0.0, 0.4), (1.0, 0.7), (0.0, 0.2), (0.0, 0.6)];

    /// By hand: Ȳ = 0.5, f̄_n = 0.6, f̄_N = 0.5, so PPI gives 0.5 + (0.5 − 0.6) = 0.4.
    #[test]
    fn corrections_by_hand() {
        let judged = independent(&[0.3, 0.5, 0.7]);
        let estimate = ppi(&labelled(&ROWS), &judged, Level::P95).unwrap();
        assert!((estimate.value - 0.4).abs() < 1e-12, "{estimate:?}");
        let residuals = [0.1, 0.2, -0.4, 0.3, -0.2, -0.6];
        let variance = residuals.iter().map(|r| (r + 0.1_f64).powi(2)).sum::<f64>() / 5.0;
        let se = (0.04 / 3.0 + variance / 6.0).sqrt();
        assert!((estimate.interval.unwrap().width() - 2.0 * 2.570_581_835_6 * se).abs() < 1e-9);
        // (0.70 + 0.75 − 1)/(0.80 + 0.75 − 1) = 9/11.
        let counts = Judged { good_passed: 80, good: 100, bad_failed: 75, bad: 100, passed: 700, n: 1_000 };
        let corrected = rogan_gladen(counts, Level::P95).unwrap();
        let (theta, variance) = (9.0_f64 / 11.0, 0.21 / 1_000.0 + (2.0_f64 / 11.0).powi(2) * 0.1875 / 100.0 + (9.0_f64 / 11.0).powi(2) * 0.16 / 100.0);
        assert!((corrected.value - theta).abs() < 1e-12);
        assert!((corrected.interval.unwrap().low - (theta - 1.959_963_984_540 * variance.sqrt() / 0.55)).abs() < 1e-9);
    }

    #[test]
    fn a_judge_that_knows_nothing_is_ignored() {
        let rows: Vec<(f64, f64)> = (0..200).map(|i| (f64::from(i % 2), f64::from(i / 2 % 2))).collect();
        let judged = independent(&[1.0, 1.0, 0.0, 1.0].repeat(100));
        let (with, without) = (ppi_plus_plus(&labelled(&rows), &judged, Level::P95).unwrap(), labels_only(&labelled(&rows), Level::P95).unwrap());
        assert!((with.value - without.value).abs() < 0.02, "{with:?}");
        let (with, without) = (with.interval.unwrap().width(), without.interval.unwrap().width());
        assert!(with < 1.02 * without, "{with} {without}");
    }

    #[test]
    fn a_good_judge_narrows() {
        let rows: Vec<(f64, f64)> = (0..200).map(|i| (f64::from(u8::from(i % 5 < 4)), f64::from(u8::from(i % 5 < 4 || i % 25 == 4)))).collect();
        let judged = independent(&[1.0, 1.0, 1.0, 1.0, 0.0].repeat(400));
        let width = |estimate: Option<Estimate>| estimate.unwrap().interval.unwrap().width();
        let corrected = ppi_plus_plus(&labelled(&rows), &judged, Level::P95);
        assert!(width(corrected) < 0.7 * width(labels_only(&labelled(&rows), Level::P95)));
    }

    /// A judge who favours the candidate by a constant is corrected in the difference.
    #[test]
    fn self_preference_cancels_in_differences() {
        let make = |i: usize, judge_bonus: f64, of: fn(usize) -> f64| Labelled { cluster: i, human: of(i), judge: of(i) * 0.5 + judge_bonus };
        let score = |i: usize| f64::from(u8::from(!i.is_multiple_of(3)));
        let pairs: Vec<LabelledPair> =
            (0..90).map(|i| LabelledPair { baseline: make(i, 0.0, score), candidate: make(i, 0.4, |i| f64::from(u8::from(i % 4 > 0))) }).collect();
        let judged: Vec<crate::paired::Pair> = pairs
            .iter()
            .cycle()
            .take(900)
            .enumerate()
            .map(|(cluster, p)| crate::paired::Pair { cluster, baseline: p.baseline.judge, candidate: p.candidate.judge, weight: 1.0 })
            .collect();
        let truth = pairs.iter().map(|p| p.candidate.human - p.baseline.human).sum::<f64>() / 90.0;
        let got = ppi_difference(&pairs, &judged, Level::P95).unwrap();
        assert!((got.value - truth).abs() < 0.01 && got.interval.unwrap().contains(truth), "{got:?} {truth}");
    }

    #[test]
    fn unknown_stays_unknown() {
        let judged = independent(&[0.3, 0.5]);
        assert_eq!(ppi(&[], &judged, Level::P95), None);
        assert_eq!(ppi_plus_plus(&[], &judged, Level::P95), None);
        assert_eq!(ppi_plus_plus(&labelled(&ROWS), &[], Level::P95), labels_only(&labelled(&ROWS), Level::P95));
        assert_eq!(ppi_plus_plus(&labelled(&[(f64::NAN, 1.0), (1.0, 1.0)]), &judged, Level::P95), None);
        assert_eq!(ppi_plus_plus(&labelled(&ROWS[..1]), &judged, Level::P95).unwrap().interval, None);
        let coin = Judged { good_passed: 1, good: 2, bad_failed: 1, bad: 2, passed: 1, n: 2 };
        for counts in [coin, Judged { good: 0, ..coin }, Judged { n: 0, ..coin }, Judged { passed: 3, ..coin }] {
            assert_eq!(rogan_gladen(counts, Level::P95), None);
        }
    }
}
