//! Files as packages: what their units are worth together, where they do not simply add up.

use super::ablate::{Ablation, Arm, Seen, Subject, lift};
use super::{PackageValue, Packages};
use jeton_allocate::mean::mean;
use jeton_allocate::shapley::{self, Coalition};
use jeton_allocate::{Estimate, Interval, Level, Observation};
use std::collections::{BTreeMap, BTreeSet};

/// Packages whose coalitions are all tried at most: 2⁸ contexts for each case.
const EXACT_PACKAGES: usize = 8;

/// Whether units interact, and if so what each file's share is.
pub(super) async fn packages(ablation: &Ablation<'_>, subjects: &[Subject], units: &[(String, Option<String>)], seen: &mut Seen) -> Packages {
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (unit, file) in units {
        files.entry(file.clone().unwrap_or_else(|| unit.clone())).or_default().push(unit.clone());
    }
    let none = |interaction, why: &str| Packages { interaction, values: Vec::new(), why: Some(why.to_owned()) };
    if files.len() < 2 || files.len() > 64 {
        return none(None, if files.len() < 2 { "there are not two files to share among" } else { "there are more than 64 files; --units names fewer" });
    }
    let names: Vec<&str> = units.iter().map(|(unit, _)| unit.as_str()).collect();
    let Some(interaction) = interaction(ablation, subjects, &names, seen).await else {
        return none(None, "no case was judged with all units, without each and without any");
    };
    if !interacts(&interaction) {
        return none(Some(interaction), "the units add up: each has its own lift");
    }
    let files: Vec<(String, Vec<String>)> = files.into_iter().collect();
    match shares(ablation, subjects, &files, seen).await {
        Ok(lifts) => {
            let value = |((package, units), lift): ((String, Vec<String>), Option<Estimate>)| PackageValue { package, units, lift };
            Packages { interaction: Some(interaction), values: files.into_iter().zip(lifts).map(value).collect(), why: None }
        }
        Err(why) => none(Some(interaction), &why),
    }
}

fn interacts(found: &Estimate) -> bool {
    found.interval.map_or(found.value.abs() > 1e-9 && found.clusters > 1, |interval| !interval.contains(0.0))
}

/// What all units do together less the sum of what each does alone, over the cases with two or more of them. Two units that say the same
/// each do nothing alone and much together.
async fn interaction(ablation: &Ablation<'_>, subjects: &[Subject], units: &[&str], seen: &mut Seen) -> Option<Estimate> {
    let mut residuals = Vec::new();
    for (case, subject) in subjects.iter().enumerate() {
        let inside: BTreeSet<String> = units.iter().filter(|unit| subject.units.contains_key(**unit)).map(|unit| (*unit).to_owned()).collect();
        let singles: Option<f64> = inside.iter().map(|unit| lift(seen, case, unit)).sum();
        let Some(singles) = singles.filter(|_| inside.len() > 1) else { continue };
        let arm: Arm = (case, inside.into_iter().collect());
        if !ablation.see(subjects, vec![arm.clone()], seen).await {
            break;
        }
        let (with, without) = (seen.rates.get(&(case, Vec::new())).copied().flatten(), seen.rates.get(&arm).copied().flatten());
        residuals.extend(with.zip(without).map(|(with, without)| Observation { cluster: subject.cluster, value: with - without - singles, weight: 1.0 }));
    }
    mean(&residuals, ablation.options.level)
}

/// The Shapley values of files, in their order. They are linear in the value of a coalition, so those of the suite are the means of those of
/// its cases, whose spread gives the interval.
async fn shares(ablation: &Ablation<'_>, subjects: &[Subject], files: &[(String, Vec<String>)], seen: &mut Seen) -> Result<Vec<Option<Estimate>>, String> {
    let (options, players) = (&ablation.options, files.len());
    let arm = |case: usize, coalition: Coalition| -> Arm {
        let out = files.iter().enumerate().filter(|(at, _)| coalition >> at & 1 == 0).flat_map(|(_, (_, units))| units);
        let inside: BTreeSet<String> = out.filter(|unit| subjects[case].units.contains_key(*unit)).cloned().collect();
        (case, inside.into_iter().collect())
    };
    let is_exact = players <= EXACT_PACKAGES;
    let mut asked: BTreeSet<Coalition> = if is_exact { (0..1 << players).collect() } else { BTreeSet::new() };
    if !is_exact {
        // The orders depend on the seed alone: which coalitions they pass is known before any is tried.
        let _ = shapley::sampled(players, options.orders, options.level, options.choice.seed, |coalition| {
            asked.insert(coalition);
            Some(0.0)
        });
    }
    let arms: Vec<Arm> =
        (0..subjects.len()).flat_map(|case| asked.iter().map(move |coalition| (case, *coalition))).map(|(case, coalition)| arm(case, coalition)).collect();
    let (cost, left) = (ablation.cost(&arms, seen), options.calls_max.saturating_sub(seen.calls));
    if cost > left {
        return Err(format!(
            "the units interact, but sharing it among {players} files takes {cost} calls, and {left} are left: raise --calls, or name fewer --units"
        ));
    }
    if !ablation.see(subjects, arms, seen).await {
        return Err(seen.cut.clone().unwrap_or_default());
    }
    let value = |case: usize, coalition: Coalition| seen.rates.get(&arm(case, coalition)).copied().flatten();
    let (mut shares, mut orders) = (vec![Vec::new(); players], None);
    for (case, subject) in subjects.iter().enumerate() {
        let found = of_case(players, is_exact, options.orders, options.choice.seed, options.level, |coalition| value(case, coalition));
        for (player, share) in found.into_iter().flatten().enumerate() {
            shares[player].push(Observation { cluster: subject.cluster, value: share, weight: 1.0 });
        }
    }
    if !is_exact {
        let all = |coalition: Coalition| {
            let known: Vec<f64> = (0..subjects.len()).filter_map(|case| value(case, coalition)).collect();
            (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
        };
        orders = shapley::sampled(players, options.orders, options.level, options.choice.seed, all);
    }
    let of = |(player, shares): (usize, &Vec<Observation>)| {
        mean(shares, options.level).map(|lift| widened(lift, orders.as_ref().and_then(|orders| orders.get(player))))
    };
    Ok(shares.iter().enumerate().map(of).collect())
}

fn of_case(players: usize, is_exact: bool, orders: usize, seed: u64, level: Level, value: impl FnMut(Coalition) -> Option<f64>) -> Option<Vec<f64>> {
    if is_exact {
        return shapley::exact(players, value);
    }
    shapley::sampled(players, orders, level, seed, value).map(|found| found.into_iter().map(|share| share.value).collect())
}

/// The interval over cases, with the error of the sampled orders beside it: both are independent, so their halves add as squares.
fn widened(lift: Estimate, orders: Option<&Estimate>) -> Estimate {
    let Some((cases, orders)) = lift.interval.zip(orders.and_then(|orders| orders.interval)) else { return lift };
    let half = (cases.width() / 2.0).hypot(orders.width() / 2.0);
    Estimate { interval: Interval::new(lift.value - half, lift.value + half), ..lift }
}
