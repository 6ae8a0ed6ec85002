//! What a nominal level is worth: every interval against 10,000 seeded samples whose truth is known.
//!
//! Where 95 % can be had, 94 to 96 % must come out. A sample of 10,000 has a standard error of 0.22 points, so a true 95 % strays from these
//! bounds once in a hundred thousand seeds. Methods that are conservative by design (exact tests of counts, everything that holds at every look)
//! must not fall below 94 %, and say why they are above. `cargo xtask bench coverage` runs all of it with optimisation and prints the figures;
//! without optimisation those that take long (`slow`) have fewer samples, and every line says how many.
#![allow(clippy::print_stderr, clippy::unwrap_used)] // the figures are the point

use jeton_allocate::betting::{MeanTest, asymptotic};
use jeton_allocate::bootstrap::{RESAMPLES_MIN, bootstrap};
use jeton_allocate::monitor::{Change, Detector, Sampled, horvitz_thompson, quantile_sequence};
use jeton_allocate::paired::{Flips, Pair, difference, sign_flip};
use jeton_allocate::passk::{Attempts, pass_hat_k};
use jeton_allocate::ppi::{Judged, Labelled, LabelledPair, ppi, ppi_difference, ppi_plus_plus, rogan_gladen};
use jeton_allocate::sequential::{PairedGate, RateSequence};
use jeton_allocate::two_sample::{Arm, TwoSample};
use jeton_allocate::{Interval, Level, Observation, independent, mean, proportion, shapley};
use jeton_core::SeededRandom;

const RUNS: u64 = 10_000;

/// Samples of a simulation that takes long: all of them where the tests are optimised, else so many.
const fn slow(unoptimised: u64) -> u64 {
    if cfg!(debug_assertions) { unoptimised } else { RUNS }
}

const LEVEL: Level = Level::P95;

/// The share of seeded samples in which something holds.
fn share(seed: u64, runs: u64, mut holds: impl FnMut(&mut SeededRandom) -> bool) -> f64 {
    let mut random = SeededRandom::new(seed);
    (0..runs).filter(|_| holds(&mut random)).count() as f64 / runs as f64
}

fn covers(name: &str, low: f64, high: f64, seed: u64, truth: f64, mut interval: impl FnMut(&mut SeededRandom) -> Option<Interval>) {
    let covered = share(seed, RUNS, |random| interval(random).is_some_and(|interval| interval.contains(truth)));
    eprintln!("{name}: {:.2} % of {RUNS}", 100.0 * covered);
    assert!((low..=high).contains(&covered), "{name}: {covered}");
}

fn nominal(name: &str, seed: u64, truth: f64, interval: impl FnMut(&mut SeededRandom) -> Option<Interval>) {
    covers(name, 0.94, 0.96, seed, truth, interval);
}

fn conservative(name: &str, seed: u64, truth: f64, interval: impl FnMut(&mut SeededRandom) -> Option<Interval>) {
    covers(name, 0.94, 1.0, seed, truth, interval);
}

fn coin(random: &mut SeededRandom, p: f64) -> f64 {
    f64::from(u8::from(random.unit() < p))
}

/// A normal variate (Box and Muller 1958).
fn normal(random: &mut SeededRandom) -> f64 {
    (-2.0 * (1.0 - random.unit()).ln()).sqrt() * (std::f64::consts::TAU * random.unit()).cos()
}

/// Cases in clusters of different sizes, each with a rate of its own around the mean.
fn clustered(random: &mut SeededRandom, clusters: usize, p: f64, spread: f64) -> Vec<Observation> {
    let mut cases = Vec::new();
    for cluster in 0..clusters {
        let rate = p + spread * (2.0 * random.unit() - 1.0);
        for _ in 0..3 + cluster % 3 {
            cases.push(Observation { cluster, value: coin(random, rate), weight: 1.0 });
        }
    }
    cases
}

#[test]
fn means() {
    let of = |values: &[Observation]| mean::mean(values, LEVEL).and_then(|e| e.interval);
    nominal("mean of 30 normal values", 1, 0.0, |random| of(&independent(&(0..30).map(|_| normal(random)).collect::<Vec<_>>())));
    nominal("clustered mean, 40 clusters", 2, 0.0, |random| {
        let mut cases = Vec::new();
        for cluster in 0..40 {
            let shared = normal(random);
            cases.extend((0..5).map(|_| Observation { cluster, value: shared + normal(random), weight: 1.0 }));
        }
        of(&cases)
    });
    // What the clusters are for: as if independent the same data cover far less.
    let naive = share(2, RUNS, |random| {
        let mut values = Vec::new();
        for _ in 0..40 {
            let shared = normal(random);
            values.extend((0..5).map(|_| shared + normal(random)));
        }
        of(&independent(&values)).is_some_and(|i| i.contains(0.0))
    });
    assert!(naive < 0.80, "{naive}");
}

#[test]
fn proportions() {
    let flips = |random: &mut SeededRandom, n: usize, p: f64| independent(&(0..n).map(|_| coin(random, p)).collect::<Vec<_>>());
    for (seed, n, p) in [(3, 200, 0.8), (4, 60, 0.63), (5, 1_000, 0.95)] {
        nominal(&format!("proportion, {n} at {p}"), seed, p, |random| proportion::proportion(&flips(random, n, p), LEVEL)?.interval);
    }
    nominal("proportion, 80 clusters", 6, 0.7, |random| proportion::proportion(&clustered(random, 80, 0.7, 0.25), LEVEL)?.interval);
    let count = |random: &mut SeededRandom, n: usize, p: f64| (0..n).map(|_| coin(random, p)).sum::<f64>();
    nominal("Jeffreys, 200 at 0.8", 7, 0.8, |random| proportion::jeffreys(count(random, 200, 0.8), 200.0, LEVEL));
    // Exact for every rate, hence above nominal at most of them: counts are whole.
    conservative("Clopper–Pearson, 50 at 0.98", 8, 0.98, |random| proportion::clopper_pearson(count(random, 50, 0.98), 50.0, LEVEL));
}

/// Weights from 1 to 5, whatever the outcome.
fn weight(random: &mut SeededRandom) -> f64 {
    1.0 + 4.0 * random.unit()
}

#[test]
fn unequal_weights() {
    let rate = |cases: &[Observation]| proportion::proportion(cases, LEVEL)?.interval;
    for (seed, n, p) in [(39, 200, 0.8), (40, 60, 0.63)] {
        nominal(&format!("weighted proportion, {n} at {p}"), seed, p, |random| {
            rate(&(0..n).map(|cluster| Observation { cluster, value: coin(random, p), weight: weight(random) }).collect::<Vec<_>>())
        });
    }
    // Heavy cases are the hard ones: one in four counts 4 times and passes at 0.6, the rest once, at 0.9.
    nominal("weighted proportion, hard cases heavy", 41, (3.0 * 0.9 + 4.0 * 0.6) / 7.0, |random| {
        let of = |cluster, random: &mut SeededRandom| {
            let (weight, p) = if random.unit() < 0.25 { (4.0, 0.6) } else { (1.0, 0.9) };
            Observation { cluster, value: coin(random, p), weight }
        };
        rate(&(0..300).map(|cluster| of(cluster, random)).collect::<Vec<_>>())
    });
    nominal("weighted proportion, 80 clusters", 42, 0.7, |random| {
        let cases = clustered(random, 80, 0.7, 0.25);
        rate(&cases.iter().map(|o| Observation { weight: weight(random), ..*o }).collect::<Vec<_>>())
    });
    // At the edge and beside it, as exact as for equal weights.
    conservative("weighted proportion, 50 at 0.98", 43, 0.98, |random| {
        rate(&(0..50).map(|cluster| Observation { cluster, value: coin(random, 0.98), weight: weight(random) }).collect::<Vec<_>>())
    });
    nominal("weighted mean, 40 clusters", 44, 0.0, |random| {
        let mut cases = Vec::new();
        for cluster in 0..40 {
            let shared = normal(random);
            cases.extend((0..5).map(|_| Observation { cluster, value: shared + normal(random), weight: weight(random) }));
        }
        mean::mean(&cases, LEVEL)?.interval
    });
    nominal("weighted difference, 200 pairs", 45, 0.05, |random| {
        let pairs: Vec<Pair> = (0..200).map(|cluster| Pair { weight: weight(random), ..pair(random, cluster, 0.12, 0.07) }).collect();
        difference(&pairs, LEVEL)?.interval
    });
    nominal("weighted difference, 60 clusters", 46, 0.06, |random| {
        let mut pairs = Vec::new();
        for cluster in 0..60 {
            let fixed = 0.3 * random.unit();
            pairs.extend((0..4).map(|_| Pair { weight: weight(random), ..pair(random, cluster, fixed, 0.09) }));
        }
        difference(&pairs, LEVEL)?.interval
    });
}

#[test]
fn bootstrap_of_odd_statistics() {
    // A ratio of sums, such as cost per success.
    let ratio = |pairs: &[(usize, f64, f64)]| {
        let (cost, passed) = pairs.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.1, sum.1 + pair.2));
        Some(cost / passed)
    };
    nominal("BCa of a ratio, 30 cases", 9, 0.125_f64.exp() / 0.7, |random| {
        let draw = |cluster| {
            let passed = coin(random, 0.7);
            (cluster, (0.5 * normal(random)).exp(), passed)
        };
        let pairs: Vec<(usize, f64, f64)> = (0..30).map(draw).collect();
        bootstrap(&pairs, |p| p.0, ratio, LEVEL, RESAMPLES_MIN, random.next_u64())?.interval
    });
    // The same machinery on scores of k attempts.
    let runs = slow(800);
    let covered = share(10, runs, |random| {
        let cases: Vec<Attempts> = (0..60)
            .map(|cluster| {
                let rate = random.unit();
                Attempts { cluster, n: 5, passed: (0..5).map(|_| u64::from(random.unit() < rate)).sum(), weight: 1.0 }
            })
            .collect();
        pass_hat_k(&cases, 3, LEVEL, random.next_u64()).and_then(|e| e.interval).is_some_and(|i| i.contains(0.25))
    });
    eprintln!("pass^3, 60 cases: {:.2} % of {runs}", 100.0 * covered);
    assert!((0.94..=0.96).contains(&covered), "{covered}");
}

/// Pairs of passes and fails: fixed and broken with given chances.
fn pair(random: &mut SeededRandom, cluster: usize, fixed: f64, broken: f64) -> Pair {
    let u = random.unit();
    let (baseline, candidate) = if u < fixed {
        (0.0, 1.0)
    } else if u < fixed + broken {
        (1.0, 0.0)
    } else {
        (1.0, 1.0)
    };
    Pair { cluster, baseline, candidate, weight: 1.0 }
}

#[test]
fn paired_differences() {
    for (seed, n, fixed, broken) in [(11, 200, 0.12, 0.07), (12, 60, 0.25, 0.1)] {
        let draw = |random: &mut SeededRandom| (0..n).map(|cluster| pair(random, cluster, fixed, broken)).collect::<Vec<_>>();
        nominal(&format!("Tango, {n} pairs"), seed, fixed - broken, |random| difference(&draw(random), LEVEL)?.interval);
        nominal(&format!("Newcombe, {n} pairs"), seed, fixed - broken, |random| Flips::count(&draw(random))?.newcombe(LEVEL));
    }
    nominal("Tango, 60 clusters", 13, 0.06, |random| {
        let mut pairs = Vec::new();
        for cluster in 0..60 {
            let fixed = 0.3 * random.unit();
            pairs.extend((0..4).map(|_| pair(random, cluster, fixed, 0.09)));
        }
        difference(&pairs, LEVEL)?.interval
    });
    nominal("paired scores, 50 clusters", 14, 0.1, |random| {
        let mut pairs = Vec::new();
        for cluster in 0..50 {
            let shared = 0.2 * normal(random);
            pairs.extend((0..4).map(|_| Pair { cluster, baseline: 0.5, candidate: 0.6 + shared + 0.2 * normal(random), weight: 1.0 }));
        }
        difference(&pairs, LEVEL)?.interval
    });
}

/// Where nothing differs, p-values of the sign-flip test are uniform, and McNemar's exact ones are never too small.
#[test]
fn p_values_without_a_difference() {
    let mut found = Vec::new();
    share(15, slow(2_000), |random| {
        let pairs: Vec<Pair> = (0..30).map(|i| Pair { cluster: i / 2, baseline: 0.0, candidate: normal(random), weight: 1.0 }).collect();
        found.extend(sign_flip(&pairs, 399, random.next_u64()));
        true
    });
    eprintln!("sign flips: {} p-values", found.len());
    for at in [0.05, 0.1, 0.25, 0.5, 0.75, 0.9] {
        let below = found.iter().filter(|p| **p <= at + 1e-9).count() as f64 / found.len() as f64;
        assert!((below - at).abs() < 4.0 * (at * (1.0 - at) / found.len() as f64).sqrt(), "{at}: {below}");
    }
    let alarm = |p: &dyn Fn(Flips) -> f64| {
        share(16, RUNS, |random| Flips::count(&(0..150).map(|i| pair(random, i, 0.1, 0.1)).collect::<Vec<_>>()).is_some_and(|flips| p(flips) <= 0.05))
    };
    let (exact, mid) = (alarm(&|flips| flips.mcnemar()), alarm(&|flips| flips.mcnemar_mid_p()));
    eprintln!("McNemar's false alarms: exact {:.1} %, mid-p {:.1} % of {RUNS}", 100.0 * exact, 100.0 * mid);
    assert!(exact <= 0.05 && (0.04..=0.056).contains(&mid) && exact < mid, "{exact} {mid}");
}

/// The chance of an error at any look, which must not exceed α; a plain interval errs in four of ten runs, from the tenth case on.
#[test]
fn looking_after_every_case() {
    let (looks, runs) = (1_000, slow(2_000));
    let miss = share(17, runs, |random| {
        let mut sequence = RateSequence::default();
        (0..looks).any(|_| {
            sequence.push(random.unit() < 0.8);
            sequence.ln_e_against(0.8) >= -LEVEL.alpha().ln()
        })
    });
    let naive = share(17, runs, |random| {
        let mut passed = 0.0;
        (1..=looks).any(|n| {
            passed += coin(random, 0.8);
            n >= 10 && !proportion::wilson(passed, f64::from(n), LEVEL).is_some_and(|i| i.contains(0.8))
        })
    });
    eprintln!("misses at any of {looks} looks: sequence {:.1} %, Wilson {:.1} % of {runs}", 100.0 * miss, 100.0 * naive);
    assert!(miss <= 0.05 && (0.35..0.5).contains(&naive), "{miss} {naive}");

    let miss = |seed, of: Option<u64>, draw: fn(&mut SeededRandom) -> f64| {
        share(seed, RUNS, |random| {
            let mut test = MeanTest::new(0.5, LEVEL, of).unwrap();
            (0..200).any(|_| test.push(draw(random)).is_some())
        })
    };
    let (uniform, coins) = (miss(18, None, SeededRandom::unit), miss(19, None, |random| coin(random, 0.5)));
    eprintln!("misses of betting: uniform {:.1} %, coins {:.1} % of {RUNS}", 100.0 * uniform, 100.0 * coins);
    assert!(uniform <= 0.05 && coins <= 0.05, "{uniform} {coins}");
    // A finite set of 120 with mean ½, drawn in random order to its end.
    let finite = share(20, RUNS, |random| {
        let mut set: Vec<f64> = (0..120).map(|i| f64::from(i % 2)).collect();
        let mut test = MeanTest::new(0.5, LEVEL, Some(120)).unwrap();
        (0..120).any(|done| {
            let next = done + random.below(120 - done as u64) as usize;
            set.swap(done, next);
            test.push(set[done]).is_some()
        })
    });
    eprintln!("misses in a finite set: {:.1} % of {RUNS}", 100.0 * finite);
    assert!(finite <= 0.05, "{finite}");

    let runs = slow(1_000);
    let asymptotic_miss = share(21, runs, |random| {
        let values: Vec<Observation> = (0..1_000).map(|cluster| Observation { cluster, value: coin(random, 0.8), weight: 1.0 }).collect();
        (100..=1_000).step_by(25).any(|n| !asymptotic(&values[..n], 300, LEVEL).and_then(|e| e.interval).is_some_and(|i| i.contains(0.8)))
    });
    eprintln!("misses of the asymptotic sequence: {:.1} % of {runs}", 100.0 * asymptotic_miss);
    assert!(asymptotic_miss <= 0.05, "{asymptotic_miss}");
}

/// Paired gates: false alarms at most α in each direction, and the cases that an independent simulation gave: a mean of 451 for 10 % broken
/// against 5 % fixed, 127 for 10 % against 2 %.
#[test]
fn paired_gates() {
    let run = |random: &mut SeededRandom, fixed: f64, broken: f64| {
        let mut gate = PairedGate::new(LEVEL);
        (0..2_000_u32).find_map(|n| {
            let pair = pair(random, 0, fixed, broken);
            gate.push(pair.baseline > 0.5, pair.candidate > 0.5).map(|better| (n + 1, better))
        })
    };
    let runs = slow(2_000);
    let alarms = share(22, runs, |random| run(random, 0.1, 0.1).is_some_and(|(_, better)| !better));
    eprintln!("false alarms of the paired gate: {:.1} % of {runs}", 100.0 * alarms);
    assert!(alarms <= 0.05, "{alarms}");
    for (fixed, broken, expected) in [(0.05, 0.10, 451.0), (0.02, 0.10, 127.0)] {
        let mut random = SeededRandom::new(23);
        let found: Vec<f64> = (0..runs).filter_map(|_| run(&mut random, fixed, broken)).filter(|(_, better)| !better).map(|(n, _)| f64::from(n)).collect();
        let mean = found.iter().sum::<f64>() / found.len() as f64;
        let power = found.len() as f64 / runs as f64;
        eprintln!("paired gate, {broken} broken and {fixed} fixed: {mean:.0} cases, power {power:.3} of {runs}");
        assert!((mean / expected - 1.0).abs() < 0.1 && power > 0.99, "{mean} {power}");
    }
}

/// Two arms that pass equally often reach 1/α at any of 100 looks in at most α of the runs.
#[test]
fn two_samples_without_a_difference() {
    for (seed, p) in [(24, 0.5), (25, 0.1), (26, 0.9)] {
        let alarms = share(seed, RUNS, |random| {
            let mut test = TwoSample::default();
            let arm = |random: &mut SeededRandom| Arm { passed: u64::from(random.unit() < p), n: 1 };
            (0..100).any(|_| {
                let (a, b) = (arm(random), arm(random));
                test.push(a, b);
                test.p_value() <= 0.05
            })
        });
        eprintln!("false alarms of two samples at {p}: {:.1} % of {RUNS}", 100.0 * alarms);
        assert!(alarms <= 0.05, "{alarms}");
    }
}

/// A person's verdict and a judge's with this sensitivity and specificity.
fn judge(random: &mut SeededRandom, cluster: usize, rate: f64, sensitivity: f64, specificity: f64) -> Labelled {
    let human = coin(random, rate);
    let passes = if human > 0.5 { sensitivity } else { 1.0 - specificity };
    Labelled { cluster, human, judge: coin(random, passes) }
}

#[test]
fn corrected_judges() {
    let (truth, sensitivity, specificity) = (0.8, 0.95, 0.75);
    let draw = |random: &mut SeededRandom, n: usize| (0..n).map(|i| judge(random, i, truth, sensitivity, specificity)).collect::<Vec<_>>();
    let judged = |rows: &[Labelled]| rows.iter().map(|l| Observation { cluster: l.cluster, value: l.judge, weight: 1.0 }).collect::<Vec<_>>();
    nominal("PPI, 200 labels, 300 judged", 27, truth, |random| ppi(&draw(random, 200), &judged(&draw(random, 300)), LEVEL)?.interval);
    nominal("PPI++, 200 labels, 300 judged", 28, truth, |random| ppi_plus_plus(&draw(random, 200), &judged(&draw(random, 300)), LEVEL)?.interval);
    let of = |rate: f64, sensitivity: f64, specificity: f64, labels: usize, rest: usize| {
        let rows = move |random: &mut SeededRandom, n: usize| (0..n).map(|i| judge(random, i, rate, sensitivity, specificity)).collect::<Vec<_>>();
        move |random: &mut SeededRandom| ppi_plus_plus(&rows(random, labels), &judged(&rows(random, rest)), LEVEL)?.interval
    };
    // Few labels with a rate near the edge, where θ̂ ± t·SE falls to 91 to 93 %.
    nominal("PPI++, 100 labels at 0.9", 30, 0.9, of(0.9, 0.9, 0.6, 100, 400));
    nominal("PPI++, 50 labels at 0.9", 47, 0.9, of(0.9, 0.9, 0.6, 50, 400));
    nominal("PPI++, 100 labels at 0.95", 48, 0.95, of(0.95, 0.9, 0.8, 100, 400));
    nominal("PPI++, 50 labels at 0.8", 49, 0.8, of(0.8, 0.95, 0.75, 50, 300));
    // Hardly four labels contradict this judge, and the error rests on them.
    covers("PPI++, 100 labels and a judge that is nearly always right", 0.92, 0.96, 50, 0.9, of(0.9, 0.97, 0.9, 100, 2_000));
    let rows = |random: &mut SeededRandom, n: usize| (0..n).map(|i| judge(random, i, 0.9, 0.9, 0.6)).collect::<Vec<_>>();
    let runs = slow(500);
    let raw = share(29, runs, |random| mean::mean(&judged(&rows(random, 1_000)), LEVEL).and_then(|e| e.interval).is_some_and(|i| i.contains(0.9)));
    eprintln!("a judge without labels: {:.2} % of {runs}", 100.0 * raw);
    assert!(raw < 0.02, "a raw judge is not to be trusted: {raw}");
    nominal("PPI++ of a difference", 31, -0.1, |random| {
        let mut both = |n: usize| {
            (0..n).map(|i| LabelledPair { baseline: judge(random, i, 0.8, 0.9, 0.8), candidate: judge(random, i, 0.7, 0.95, 0.6) }).collect::<Vec<_>>()
        };
        let (labelled, rest) = (both(200), both(300));
        let judged: Vec<Pair> =
            rest.iter().enumerate().map(|(cluster, p)| Pair { cluster, baseline: p.baseline.judge, candidate: p.candidate.judge, weight: 1.0 }).collect();
        ppi_difference(&labelled, &judged, LEVEL)?.interval
    });
    nominal("Rogan–Gladen, 300 labels of each class", 32, truth, |random| {
        let mut count = |n: u64, p: f64| (0..n).map(|_| u64::from(random.unit() < p)).sum::<u64>();
        let passes = truth * sensitivity + (1.0 - truth) * (1.0 - specificity);
        let counts =
            Judged { good_passed: count(300, sensitivity), good: 300, bad_failed: count(300, specificity), bad: 300, passed: count(2_000, passes), n: 2_000 };
        rogan_gladen(counts, LEVEL)?.interval
    });
}

/// All failures and one in ten of the rest: weights make the sample stand for all.
#[test]
fn weighted_samples() {
    nominal("Horvitz–Thompson", 33, 0.9, |random| {
        let mut sample = Vec::new();
        for cluster in 0..1_500 {
            let value = coin(random, 0.9);
            let probability = if value > 0.5 { 0.1 } else { 1.0 };
            if random.unit() < probability {
                sample.push(Sampled { cluster, value, probability });
            }
        }
        horvitz_thompson(&sample, LEVEL)?.estimate.interval
    });
}

/// The mean number of results until a false alarm is at least what was asked for, and a change is found long before.
#[test]
fn alarms() {
    let runs = slow(500);
    let mean_length = |seed, draw: fn(&mut SeededRandom) -> f64| {
        let mut random = SeededRandom::new(seed);
        let length = |random: &mut SeededRandom| {
            let mut detector = Detector::new(0.9, Change::Drop, 200.0).unwrap();
            // Cut at 4,000, which can only shorten the mean.
            f64::from((1..4_000_u32).find(|_| detector.push(draw(random))).unwrap_or(4_000))
        };
        (0..runs).map(|_| length(&mut random)).sum::<f64>() / runs as f64
    };
    let (coins, scores) = (mean_length(34, |random| coin(random, 0.9)), mean_length(35, |random| 1.0 - 0.2 * random.unit()));
    let changed = mean_length(36, |random| coin(random, 0.6));
    eprintln!("results until an alarm: {coins:.0} and {scores:.0} without a change, {changed:.0} with one, means of {runs}");
    assert!(coins >= 200.0 && scores >= 200.0 && changed < 40.0, "{coins} {scores} {changed}");
}

/// Bounds of a p90 at any of twenty looks.
#[test]
fn quantiles_at_every_look() {
    let runs = slow(1_000);
    let miss = share(37, runs, |random| {
        let values: Vec<f64> = (0..1_000).map(|_| normal(random).exp()).collect();
        let truth = 1.281_551_565_5_f64.exp();
        (50..=1_000).step_by(50).any(|n| {
            let bounds = quantile_sequence(&values[..n], 0.9, LEVEL).unwrap();
            bounds.low.is_some_and(|low| low > truth) || bounds.high.is_some_and(|high| high < truth)
        })
    });
    eprintln!("misses of the quantile sequence: {:.1} % of {runs}", 100.0 * miss);
    assert!(miss <= 0.05, "{miss}");
}

/// The share of a glove in the glove game, 2/3, from 100 pairs of orders.
#[test]
fn sampled_shares() {
    nominal("Shapley share", 38, 2.0 / 3.0, |random| {
        let shares = shapley::sampled(3, 100, LEVEL, random.next_u64(), |c| Some(f64::from(u8::from(c & 1 == 1 && c & 6 != 0))))?;
        shares[0].interval
    });
}
