//! How many cases, before money is spent on them.

use crate::mean::{group, moments};
use crate::paired::Pair;
use crate::special::normal_quantile;
use crate::{Case, Level};
use serde::{Deserialize, Serialize};

/// Whether an error in either direction matters, or in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tails {
    /// For gates and non-inferiority.
    One,
    /// For comparisons.
    Two,
}

/// What a test is to achieve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aim {
    /// 1 − the chance of a false alarm.
    pub level: Level,
    /// In which directions.
    pub tails: Tails,
    /// The chance to find a difference as large as asked for.
    pub power: Level,
}

impl Default for Aim {
    /// 95 %, both directions, found in four of five.
    fn default() -> Self {
        Self { level: Level::P95, tails: Tails::Two, power: Level::new(0.8).unwrap_or(Level::P95) }
    }
}

impl Aim {
    fn critical(&self) -> (f64, f64) {
        let alpha = if self.tails == Tails::Two { self.level.alpha() / 2.0 } else { self.level.alpha() };
        (normal_quantile(1.0 - alpha), normal_quantile(self.power.get()))
    }

    fn factor(&self) -> f64 {
        let (alpha, beta) = self.critical();
        (alpha + beta).max(0.0).powi(2)
    }
}

/// Where the differences of two runs on the same cases come from. Variances, in the square of the score's units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variances {
    /// Of the cases' expected differences: what more repeats do not take away.
    pub between: f64,
    /// Mean variance of repeats of one case in the baseline.
    pub within_baseline: f64,
    /// The same in the candidate.
    pub within_candidate: f64,
    /// How many times more variance the clusters bring than independent cases; 1 without clusters.
    pub design_effect: f64,
}

impl Variances {
    /// The variance that one case brings to the mean difference with so many repeats in each run.
    #[must_use]
    pub fn per_case(&self, repeats_baseline: u64, repeats_candidate: u64) -> f64 {
        let within = self.within_baseline / repeats_baseline as f64 + self.within_candidate / repeats_candidate as f64;
        (self.between + within) * self.design_effect.max(1.0)
    }

    /// Cases that find a mean difference of `delta`: (z_α + z_β)²·(ω² + σ_A²/K_A + σ_B²/K_B)·DE / δ² (Miller 2024, "Adding error bars to evals",
    /// section 5). `None` where the variances or `delta` are unknown or zero, or there are no repeats.
    #[must_use]
    pub fn cases(&self, delta: f64, repeats_baseline: u64, repeats_candidate: u64, aim: Aim) -> Option<u64> {
        whole(aim.factor() * self.per_case(repeats_baseline, repeats_candidate) / (delta * delta))
    }

    /// The smallest difference that so many cases find: the inverse of [`Variances::cases`]. `None` for no cases, or where the variances are
    /// unknown or zero.
    #[must_use]
    pub fn detectable(&self, cases: u64, repeats_baseline: u64, repeats_candidate: u64, aim: Aim) -> Option<f64> {
        let least = (aim.factor() * self.per_case(repeats_baseline, repeats_candidate) / cases as f64).sqrt();
        (least.is_finite() && least > 0.0).then_some(least)
    }

    /// Cases and repeats with the fewest calls that find `delta` with at most `cases_max` cases: more cases beat more repeats, so repeats grow
    /// only where cases run out. `None` where even endless repeats would not do; [`Variances::detectable`] says what can be found.
    #[must_use]
    pub fn recommend(&self, delta: f64, cases_max: u64, aim: Aim) -> Option<Plan> {
        let plan = |repeats: u64| Some(Plan { cases: self.cases(delta, repeats, repeats, aim)?, repeats });
        let fits = |repeats: u64| plan(repeats).filter(|plan| plan.cases <= cases_max);
        // The need falls with the repeats, so the least number that fits is found by halving.
        let (mut low, mut high) = (1, REPEATS_MAX);
        fits(high)?;
        while low < high {
            let middle = u64::midpoint(low, high);
            if fits(middle).is_some() {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        fits(low)
    }
}

/// More repeats than this are no plan.
const REPEATS_MAX: u64 = 1_000;

/// What to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Cases.
    pub cases: u64,
    /// Repeats of each in each run.
    pub repeats: u64,
}

/// Cases for McNemar's test to find a difference `delta` of the pass rates where a share `discordant` of the pairs differs:
/// (z_α·√ψ + z_β·√(ψ−δ²))² / δ² (Connor 1987). `None` unless 0 < |`delta`| ≤ `discordant` ≤ 1.
#[must_use]
pub fn mcnemar_cases(discordant: f64, delta: f64, aim: Aim) -> Option<u64> {
    if !(delta.abs() > 0.0 && delta.abs() <= discordant && discordant <= 1.0) {
        return None;
    }
    let (alpha, beta) = aim.critical();
    let root = alpha * discordant.sqrt() + beta * (discordant - delta * delta).max(0.0).sqrt();
    whole((root / delta).powi(2))
}

/// Cases for a pass rate near `rate` to have an interval of ± `half_width`: z²·p(1−p)·DE / h² (normal approximation). `None` unless 0 < `rate` < 1
/// and the rest is positive.
#[must_use]
pub fn rate_cases(rate: f64, half_width: f64, design_effect: f64, level: Level) -> Option<u64> {
    let z = normal_quantile(1.0 - level.alpha() / 2.0);
    whole(z * z * rate * (1.0 - rate) * design_effect.max(1.0) / (half_width * half_width))
}

fn whole(cases: f64) -> Option<u64> {
    // What is whole but for rounding is not rounded up.
    (cases > 0.0 && cases < 1e15).then(|| ((cases - 1e-9 * cases).ceil() as u64).max(1))
}

/// Where the scores of one run come from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Components {
    /// Variance of the cases' expected scores.
    pub between: f64,
    /// Mean variance of repeats of one case; `None` where no case was repeated.
    pub within: Option<f64>,
    /// How many times more variance the clusters bring than independent cases; `None` where it cannot be told.
    pub design_effect: Option<f64>,
    /// Cases that this rests on.
    pub n: usize,
}

/// Variance components from a pilot, by moments (Searle, Casella and McCulloch 1992, one-way random effects): within, the mean variance of the
/// repeats; between, the variance of the cases' means less what the repeats leave in them, at least 0.
///
/// `None` for fewer than two cases with scores, or where one is not finite. Without repeats `between` is the whole variance of the scores.
#[must_use]
pub fn components(pilot: &[Case]) -> Option<Components> {
    let observations = crate::average_repeats(pilot);
    let all = moments(&observations)?;
    let total = all.se_independent?.powi(2) * all.n as f64;
    let within = mean_spread(pilot.iter());
    let share: f64 = pilot.iter().filter(|case| !case.scores.is_empty()).map(|case| 1.0 / case.scores.len() as f64).sum::<f64>() / all.n as f64;
    let between = (total - within.unwrap_or(0.0) * share).max(0.0);
    Some(Components { between, within, design_effect: all.design_effect().filter(|_| all.clusters < all.n), n: all.n })
}

/// The mean over cases of the variance of their repeats; `None` where no case was repeated.
fn mean_spread<'a>(cases: impl Iterator<Item = &'a Case>) -> Option<f64> {
    let spread = |case: &Case| {
        let n = case.scores.len() as f64;
        let mean = case.observation()?.value;
        (n > 1.0).then(|| case.scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / (n - 1.0))
    };
    let found: Vec<f64> = cases.filter_map(spread).collect();
    (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
}

/// The variances of a comparison from a pilot of both runs: the same cases in the same order, with their repeats.
///
/// Without repeats in either run, what they would take away cannot be told from the rest, and all variance counts as between cases: the plan
/// is then right for one repeat. `None` where the pilots differ in length, or hold fewer than two cases with scores in both.
#[must_use]
pub fn pilot(baseline: &[Case], candidate: &[Case]) -> Option<Variances> {
    if baseline.len() != candidate.len() {
        return None;
    }
    let both: Vec<(&Case, &Case)> = baseline.iter().zip(candidate).filter(|(a, b)| !a.scores.is_empty() && !b.scores.is_empty()).collect();
    let within_baseline = mean_spread(both.iter().map(|(a, _)| *a)).unwrap_or(0.0);
    let within_candidate = mean_spread(both.iter().map(|(_, b)| *b)).unwrap_or(0.0);
    let pair = |(a, b): &(&Case, &Case)| Some(Pair { cluster: a.cluster, baseline: a.observation()?.value, candidate: b.observation()?.value, weight: 1.0 });
    let differences: Vec<_> = both.iter().filter_map(pair).map(|pair| pair.difference()).collect();
    let all = moments(&differences)?;
    let total = all.se_independent?.powi(2) * all.n as f64;
    let left: f64 = both.iter().map(|(a, b)| within_baseline / a.scores.len() as f64 + within_candidate / b.scores.len() as f64).sum::<f64>() / all.n as f64;
    Some(Variances {
        between: (total - left).max(0.0),
        within_baseline,
        within_candidate,
        design_effect: all.design_effect().map_or(1.0, |effect| effect.max(1.0)),
    })
}

/// The mean number of cases of a cluster, each weighted by its cases; with the correlation within clusters it foretells the design effect
/// 1 + (m−1)·ρ (Kish 1965). `None` for no cases.
#[must_use]
pub fn cluster_size(clusters: &[usize]) -> Option<f64> {
    let sizes: Vec<f64> = group(clusters, |cluster| *cluster).iter().map(|group| group.len() as f64).collect();
    (!clusters.is_empty()).then(|| sizes.iter().map(|size| size * size).sum::<f64>() / clusters.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jeton_core::SeededRandom;

    const MILLER: Variances = Variances { between: 1.0 / 9.0, within_baseline: 0.0, within_candidate: 0.0, design_effect: 1.0 };

    /// Miller 2024, section 5: ω² = 1/9 and δ = 0.03 at 80 % need 969 cases; with σ² = 1/6 in both runs four times as many for one repeat.
    #[test]
    fn published_sizes() {
        let aim = Aim::default();
        assert_eq!(MILLER.cases(0.03, 1, 1, aim), Some(969));
        let noisy = Variances { within_baseline: 1.0 / 6.0, within_candidate: 1.0 / 6.0, ..MILLER };
        assert_eq!(noisy.cases(0.03, 1, 1, aim), Some(3_876));
        assert!((MILLER.detectable(969, 1, 1, aim).unwrap() - 0.03).abs() < 1e-5);
        assert_eq!(Variances { design_effect: 3.0, ..MILLER }.cases(0.03, 1, 1, aim), Some(2_907));
    }

    /// Connor's formula by hand, one-sided: ψ = 0.15, δ = 0.05 and ψ = 0.12, δ = 0.08.
    #[test]
    fn mcnemar_sizes() {
        let one = Aim { tails: Tails::One, ..Aim::default() };
        assert_eq!(mcnemar_cases(0.15, 0.05, one), Some(369));
        assert_eq!(mcnemar_cases(0.12, 0.08, one), Some(114));
        assert_eq!(mcnemar_cases(0.15, 0.05, Aim::default()), Some(469));
        for (discordant, delta) in [(0.1, 0.2), (0.1, 0.0), (1.2, 0.1), (f64::NAN, 0.1), (0.1, f64::NAN)] {
            assert_eq!(mcnemar_cases(discordant, delta, one), None);
        }
    }

    #[test]
    fn repeats_grow_only_where_cases_run_out() {
        let noisy = Variances { within_baseline: 1.0 / 6.0, within_candidate: 1.0 / 6.0, ..MILLER };
        let aim = Aim::default();
        assert_eq!(noisy.recommend(0.03, 5_000, aim), Some(Plan { cases: 3_876, repeats: 1 }));
        let few = noisy.recommend(0.03, 2_000, aim).unwrap();
        assert!(few.cases <= 2_000 && noisy.cases(0.03, few.repeats - 1, few.repeats - 1, aim).unwrap() > 2_000, "{few:?}");
        assert_eq!(noisy.recommend(0.03, 900, aim), None);
        assert_eq!(noisy.recommend(0.0, 900, aim), None);
        assert_eq!(noisy.recommend(f64::NAN, 900, aim), None);
        assert_eq!(noisy.cases(0.03, 0, 1, aim), None);
        assert_eq!(rate_cases(0.5, 0.05, 1.0, Level::P95), Some(385));
        assert_eq!(rate_cases(1.0, 0.05, 1.0, Level::P95), None);
    }

    /// A pilot of 3,000 cases, each with a rate of its own between 0 and 1 (variance 1/12, mean p(1−p) 1/6) and three repeats.
    #[test]
    fn components_are_found_again() {
        let mut random = SeededRandom::new(21);
        let run = |random: &mut SeededRandom| {
            let case = |cluster| {
                let rate = random.unit();
                Case { cluster, scores: (0..3).map(|_| f64::from(u8::from(random.unit() < rate))).collect() }
            };
            (0..3_000).map(case).collect::<Vec<_>>()
        };
        let (baseline, candidate) = (run(&mut random), run(&mut random));
        let found = components(&baseline).unwrap();
        assert!((found.between - 1.0 / 12.0).abs() < 0.008 && (found.within.unwrap() - 1.0 / 6.0).abs() < 0.008, "{found:?}");
        let both = pilot(&baseline, &candidate).unwrap();
        assert!((both.between - 1.0 / 6.0).abs() < 0.012 && (both.within_candidate - 1.0 / 6.0).abs() < 0.008, "{both:?}");
        assert_eq!(pilot(&baseline, &candidate[1..]), None);
        let once: Vec<Case> = baseline.iter().map(|case| Case { scores: case.scores[..1].to_vec(), ..*case }).collect();
        let found = components(&once).unwrap();
        assert!(found.within.is_none() && (found.between - 0.25).abs() < 0.01);
        assert_eq!(components(&once[..1]), None);
    }

    #[test]
    fn sizes_of_clusters() {
        assert_eq!(cluster_size(&[]), None);
        assert!((cluster_size(&[4, 4, 4, 1]).unwrap() - 2.5).abs() < 1e-12);
    }
}
