//! The headline: how much of what fails is ours to mend before a bigger model is bought.

use crate::Row;
use crate::totals::{Clusters, by_case, observations, passed, rate};
use jeton_allocate::paired::{Pair, difference};
use jeton_allocate::{Estimate, Level};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// 1 − p(actual) = environment gap + model gap, on the cases that were tried in both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// The target.
    pub target: String,
    /// Cases that were tried as they are and in the environment at its best.
    pub cases: usize,
    /// The pass rate as it is.
    pub actual: Option<Estimate>,
    /// The pass rate in the environment at its best.
    pub oracle: Option<Estimate>,
    /// p(oracle) − p(actual), paired: what the team can win by context, tools and limits.
    pub environment: Option<Estimate>,
    /// 1 − p(oracle): what only another model, or another task, can win.
    pub model: Option<Estimate>,
}

/// The gap of a target, from its rows and those of the same cases in the environment at its best.
#[must_use]
pub fn gap(target: &str, actual: &[&Row], oracle: &[&Row], level: Level) -> Gap {
    let oracle_by: HashMap<&str, Vec<&Row>> = by_case(oracle).into_iter().collect();
    let mut clusters = Clusters::default();
    let mut pairs = Vec::new();
    let (mut as_is, mut at_best) = (Vec::new(), Vec::new());
    for (case, rows) in by_case(actual) {
        let Some(best) = oracle_by.get(case) else { continue };
        let mean = |rows: &[&Row]| {
            let values: Vec<f64> = rows.iter().filter_map(|row| passed(row)).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        if let (Some(baseline), Some(candidate), Some(first)) = (mean(&rows), mean(best), rows.first()) {
            pairs.push(Pair { cluster: clusters.number(&first.cluster), baseline, candidate });
            as_is.extend(rows.iter().copied());
            at_best.extend(best.iter().copied());
        }
    }
    let oracle = rate(&observations(&at_best, passed), level);
    Gap {
        target: target.to_owned(),
        cases: pairs.len(),
        actual: rate(&observations(&as_is, passed), level),
        environment: difference(&pairs, level),
        model: oracle.map(complement),
        oracle,
    }
}

/// One minus a rate.
fn complement(rate: Estimate) -> Estimate {
    let interval = rate.interval.and_then(|interval| jeton_allocate::Interval::new(1.0 - interval.high, 1.0 - interval.low));
    Estimate { value: 1.0 - rate.value, interval, ..rate }
}
