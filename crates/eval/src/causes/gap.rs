//! The headline: how much of what fails is ours to mend before a bigger model is bought.

use super::arms::{factors, together};
use super::record::deficits;
use super::{Ladder, Report};
use crate::totals::{Clusters, by_case, passed, rate};
use crate::{Case, Row, Target, TargetKind};
use jeton_allocate::paired::{Pair, difference};
use jeton_allocate::{Estimate, Level, Observation};
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

/// The gap of a target, from its rows and those of the same cases in the environment at its best. All of it by the weights of the cases.
#[must_use]
pub fn gap(target: &str, actual: &[&Row], oracle: &[&Row], level: Level) -> Gap {
    let oracle_by: HashMap<&str, Vec<&Row>> = by_case(oracle).into_iter().collect();
    let mut clusters = Clusters::default();
    let mut pairs = Vec::new();
    for (case, rows) in by_case(actual) {
        let Some(best) = oracle_by.get(case) else { continue };
        let mean = |rows: &[&Row]| {
            let values: Vec<f64> = rows.iter().filter_map(|row| passed(row)).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        if let (Some(baseline), Some(candidate), Some(first)) = (mean(&rows), mean(best), rows.first()) {
            pairs.push(Pair { cluster: clusters.number(&first.cluster), baseline, candidate, weight: first.weight });
        }
    }
    let of = |value: fn(&Pair) -> f64| {
        let observed = pairs.iter().map(|pair| Observation { cluster: pair.cluster, value: value(pair), weight: pair.weight });
        rate(&observed.collect::<Vec<_>>(), level)
    };
    let oracle = of(|pair| pair.candidate);
    Gap {
        target: target.to_owned(),
        cases: pairs.len(),
        actual: of(|pair| pair.baseline),
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

impl Ladder<'_> {
    /// The environment gap: every case of the run once in the environment at its best.
    pub(super) async fn gaps(&self, rows: &[Row], report: &mut Report) -> Vec<Gap> {
        let mut found = Vec::new();
        for target in self.cells.targets.iter().filter(|target| matches!(target.kind, TargetKind::Model { .. })) {
            let actual: Vec<&Row> = rows.iter().filter(|row| row.cell.target == target.name).collect();
            let mut at_best = Vec::new();
            for row in actual.iter().filter(|row| row.cell.repeat == 0) {
                let Some((case, _)) = self.parts(row) else { continue };
                if report.calls >= self.options.calls_max {
                    report.is_cut = true;
                    break;
                }
                if let Some(best) = self.at_best(case, target, row).await {
                    report.calls += 1;
                    (self.keep)(best.clone());
                    at_best.push(best);
                }
            }
            found.push(gap(&target.name, &actual, &at_best.iter().collect::<Vec<_>>(), Level::P95));
        }
        found
    }

    async fn at_best(&self, case: &Case, target: &Target, row: &Row) -> Option<Row> {
        if case.needs.is_empty() {
            return None;
        }
        let deficits = deficits(self.cells.suite, case, target, row, self.cells.bench).await;
        let factors = factors(self.cells.suite, case, target, row, &deficits, &self.changed(row));
        let mut treatment = together(&factors.iter().collect::<Vec<_>>());
        treatment.change.insert.clone_from(&case.needs);
        treatment.change.only_inserted = true;
        let planned = self.planned(row)?;
        Some(self.cells.treated(&planned, &treatment).await)
    }
}
