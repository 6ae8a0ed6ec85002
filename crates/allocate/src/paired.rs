//! Two runs on the same cases.

use crate::mean::{around, cluster_sums, critical, moments, spread_min};
use crate::special::{beta_quantile, binomial_cdf, ln_choose, normal_quantile, root};
use crate::weight::{are_equal, relative};
use crate::{Estimate, Interval, Level, Method, Observation, proportion};
use jeton_core::SeededRandom;
use serde::{Deserialize, Serialize};

/// The scores of one case in two runs, repeats averaged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// See [`Observation::cluster`].
    pub cluster: usize,
    /// The score in the run that is compared with.
    pub baseline: f64,
    /// The score in the run that is judged.
    pub candidate: f64,
    /// See [`Observation::weight`].
    #[serde(default = "crate::estimate::usual")]
    pub weight: f64,
}

impl Pair {
    /// Candidate less baseline.
    #[must_use]
    pub fn difference(&self) -> Observation {
        Observation { cluster: self.cluster, value: self.candidate - self.baseline, weight: self.weight }
    }
}

/// What became of cases that pass or fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Flips {
    /// Passed in both.
    pub both_passed: u64,
    /// Failed in the baseline, passed in the candidate.
    pub fixed: u64,
    /// Passed in the baseline, failed in the candidate.
    pub broken: u64,
    /// Failed in both.
    pub both_failed: u64,
}

impl Flips {
    /// Counts pairs, whatever their weights; `None` where a score is neither 0 nor 1.
    #[must_use]
    pub fn count(pairs: &[Pair]) -> Option<Self> {
        let passed = |score: f64| [0.0, 1.0].iter().position(|v| (score - v).abs() <= 0.0).map(|at| at == 1);
        let mut flips = Self::default();
        for pair in pairs {
            match (passed(pair.baseline)?, passed(pair.candidate)?) {
                (true, true) => flips.both_passed += 1,
                (false, true) => flips.fixed += 1,
                (true, false) => flips.broken += 1,
                (false, false) => flips.both_failed += 1,
            }
        }
        Some(flips)
    }

    /// All pairs.
    #[must_use]
    pub const fn n(&self) -> u64 {
        self.both_passed.saturating_add(self.fixed).saturating_add(self.broken).saturating_add(self.both_failed)
    }

    /// The exact two-sided p-value of McNemar's test: min(1, 2·P(X ≤ min(fixed, broken))), X ~ Binomial(fixed + broken, ½) (McNemar 1947,
    /// conditional). 1 without discordant pairs.
    #[must_use]
    pub fn mcnemar(&self) -> f64 {
        let discordant = self.fixed.saturating_add(self.broken);
        (2.0 * binomial_cdf(self.fixed.min(self.broken), discordant, 0.5)).min(1.0)
    }

    /// The mid-p value: the exact one less the probability of the observed table, whose level is closer to nominal (Fagerland, Lydersen and
    /// Laake 2013). Equal splits give 1 − P(X = fixed).
    #[must_use]
    pub fn mcnemar_mid_p(&self) -> f64 {
        let (least, discordant) = (self.fixed.min(self.broken), self.fixed.saturating_add(self.broken));
        let point = (ln_choose(discordant, least) - discordant as f64 * std::f64::consts::LN_2).exp();
        if discordant == 0 {
            1.0
        } else if self.fixed == self.broken {
            (1.0 - point).clamp(0.0, 1.0)
        } else {
            (2.0 * binomial_cdf(least, discordant, 0.5) - point).clamp(0.0, 1.0)
        }
    }

    /// Tango's score interval of (fixed − broken)/n (Tango 1998). `None` for no pairs.
    #[must_use]
    pub fn tango(&self, level: Level) -> Option<Interval> {
        tango(self.fixed as f64, self.broken as f64, self.n() as f64, normal_quantile(1.0 - level.alpha() / 2.0))
    }

    /// Newcombe's method 10 for (fixed − broken)/n: Wilson's intervals of both rates, squared and added with a correlation that is corrected
    /// for continuity where positive (Newcombe 1998, "Improved confidence intervals for the difference between binomial proportions based on
    /// paired data"). `None` for no pairs.
    #[must_use]
    pub fn newcombe(&self, level: Level) -> Option<Interval> {
        let n = self.n() as f64;
        let [e, f, g, h] = [self.both_passed, self.fixed, self.broken, self.both_failed].map(|count| count as f64);
        let (first, second) = (proportion::wilson(e + f, n, level)?, proportion::wilson(e + g, n, level)?);
        let margins = (e + f) * (g + h) * (e + g) * (f + h);
        let product = e * h - f * g;
        let corrected = if product > 0.0 { (product - n / 2.0).max(0.0) } else { product };
        let phi = if margins > 0.0 { corrected / margins.sqrt() } else { 0.0 };
        let (p1, p2, difference) = ((e + f) / n, (e + g) / n, (f - g) / n);
        let add = |a: f64, b: f64| (a * a - 2.0 * phi * a * b + b * b).max(0.0).sqrt();
        Interval::new(difference - add(p1 - first.low, second.high - p2), difference + add(first.high - p1, p2 - second.low)).map(|i| i.within(-1.0, 1.0))
    }
}

/// The differences δ whose score statistic (f − b − nδ)/√(n(2q̃ + δ(1−δ))) is within ±z, where q̃ is the estimate of the rate of broken pairs
/// under δ (Tango 1998). Counts may be fractions, for effective numbers.
fn tango(fixed: f64, broken: f64, n: f64, z: f64) -> Option<Interval> {
    if !(n > 0.0 && fixed + broken <= n * (1.0 + 1e-9)) {
        return None;
    }
    let statistic = |delta: f64| {
        let linear = -fixed - broken + (2.0 * n - fixed + broken) * delta;
        let constant = -broken * delta * (1.0 - delta);
        let rate = ((linear * linear - 8.0 * n * constant).max(0.0).sqrt() - linear) / (4.0 * n);
        let spread = (n * (2.0 * rate + delta * (1.0 - delta))).max(0.0).sqrt();
        let distance = fixed - broken - n * delta;
        if spread > 0.0 { distance / spread } else { distance * f64::INFINITY }
    };
    let middle = ((fixed - broken) / n).clamp(-1.0, 1.0);
    let low = if middle <= -1.0 { -1.0 } else { root(-1.0, middle, |delta| statistic(delta) - z) };
    let high = if middle >= 1.0 { 1.0 } else { root(middle, 1.0, |delta| statistic(delta) + z) };
    Interval::new(low.min(middle), high.max(middle))
}

/// The weighted mean difference (candidate less baseline) with the interval that fits the data, and its name.
///
/// Passes and fails: Tango's score interval; where cases share clusters or count differently, with as many effective pairs as weights and the
/// clustered standard error allow and t_{C'−1} for z (as Korn and Graubard 1998 for one proportion). Other scores: d̄ ± t_{C'−1}·SE with the
/// clustered SE of the differences (Miller 2024), within [−1, 1] where all scores are in [0, 1]. Where no difference is seen at all, scores in
/// [0, 1] get the exact bound 1 − (α/2)^{1/C'} on a change that C' clusters, rounded down, did not show. C' is that of
/// [`crate::mean::moments`]: with equal weights the number of clusters.
///
/// `None` for no pairs that count or scores that are not finite. The interval is `None` for one cluster.
#[must_use]
pub fn difference(pairs: &[Pair], level: Level) -> Option<Estimate> {
    let pairs: Vec<Pair> = pairs.iter().filter(|pair| pair.weight.abs() > 0.0 || pair.weight.is_nan()).copied().collect();
    let differences: Vec<Observation> = pairs.iter().map(Pair::difference).collect();
    let moments = moments(&differences)?;
    let made = |method, interval: Option<Interval>| Estimate {
        value: moments.mean,
        interval: interval.filter(|_| moments.clusters > 1),
        level,
        n: moments.n,
        clusters: moments.clusters,
        method,
    };
    if let Some(flips) = Flips::count(&pairs).filter(|flips| flips.fixed + flips.broken > 0) {
        let is_plain = moments.clusters == moments.n && are_equal(pairs.iter().map(|pair| pair.weight));
        return Some(if is_plain {
            made(Method::Tango, flips.tango(level))
        } else {
            made(Method::ClusteredTango, weighted_tango(&differences, &moments, level))
        });
    }
    let is_bounded = pairs.iter().all(|pair| (0.0..=1.0).contains(&pair.baseline) && (0.0..=1.0).contains(&pair.candidate));
    let se = moments.se_clustered.filter(|se| *se > spread_min(moments.mean));
    if se.is_none() && is_bounded && differences.iter().all(|d| d.value.abs() <= 0.0) {
        let most = beta_quantile(1.0 - level.alpha() / 2.0, 1.0, proportion::whole(moments.clusters_effective));
        return Some(made(Method::ClopperPearson, Interval::new(-most, most)));
    }
    let interval = se.and_then(|se| around(moments.mean, se, moments.clusters_effective, level));
    Some(made(Method::ClusteredMean, interval.map(|interval| if is_bounded { interval.within(-1.0, 1.0) } else { interval })))
}

/// Tango's interval of differences of passes and fails by their weights.
fn weighted_tango(differences: &[Observation], moments: &crate::mean::Moments, level: Level) -> Option<Interval> {
    let counted = relative(differences)?;
    let sum = |of: fn(f64) -> bool| counted.iter().filter(|d| of(d.value)).map(|d| d.weight).sum::<f64>();
    let (all, fixed, broken) = (sum(|_| true), sum(|value| value > 0.0), sum(|value| value < 0.0));
    // With no spread between clusters nothing is known of their effect: the clusters alone count.
    let effect = moments.design_effect().filter(|effect| *effect > 0.0);
    let effective = effect.map_or(moments.clusters_effective, |effect| moments.n_effective / effect.max(1.0));
    let scale = effective / all;
    tango(fixed * scale, broken * scale, effective, critical(moments.clusters_effective, level))
}

/// Clusters up to which all signs are counted out.
const EXACT_CLUSTERS: usize = 12;

/// The p-value against "swapping the runs changes nothing", two-sided, by flipping the signs of the clusters' weighted sums of differences: exact
/// under symmetry, whatever the scores and weights (Fisher 1935; with p = (1+#{|T*|≥|T|})/(1+B) after Phipson and Smyth 2010). Up to 12 clusters are counted out.
///
/// `None` for no pairs or scores that are not finite.
#[must_use]
pub fn sign_flip(pairs: &[Pair], flips: usize, seed: u64) -> Option<f64> {
    let differences: Vec<Observation> = pairs.iter().map(Pair::difference).collect();
    let sums: Vec<f64> = cluster_sums(&relative(&differences)?, |d| d.weight * d.value);
    let total: f64 = sums.iter().sum();
    if sums.is_empty() || !total.is_finite() {
        return None;
    }
    // Sums equal but for rounding count as equal.
    let least = total.abs() - 1e-9 * sums.iter().map(|sum| sum.abs()).sum::<f64>();
    let is_extreme = |signs: &dyn Fn(usize) -> bool| sums.iter().enumerate().map(|(at, sum)| if signs(at) { *sum } else { -sum }).sum::<f64>().abs() >= least;
    if sums.len() <= EXACT_CLUSTERS {
        let all = 1_u32 << sums.len();
        let extreme = (0..all).filter(|pattern| is_extreme(&|at| pattern >> at & 1 == 1)).count();
        return Some(extreme as f64 / f64::from(all));
    }
    let mut random = SeededRandom::new(seed);
    let mut words = vec![0_u64; sums.len().div_ceil(64)];
    let extreme = (0..flips).filter(|_| {
        words.iter_mut().for_each(|word| *word = random.next_u64());
        is_extreme(&|at| words[at / 64] >> (at % 64) & 1 == 1)
    });
    Some((1 + extreme.count()) as f64 / (1 + flips) as f64)
}
#[cfg(test)]
#[path = "paired_tests.rs"]
mod tests;
