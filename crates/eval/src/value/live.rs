//! The value of units from live traffic: calls that a draw left a unit out of, against calls that had it.

use jeton_allocate::monitor::{Sampled, Weighted, horvitz_thompson};
use jeton_allocate::{Estimate, Interval, Level, Method};
use serde::Serialize;
use std::collections::BTreeMap;

/// Calls, equally weighted, that each side must be worth before anything is said.
pub const LIVE_N_MIN: f64 = 50.0;

/// A live call with a score and the draw that was made for it.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveCall {
    /// Calls that share a source (a conversation, a customer) have one number; else a number of its own.
    pub cluster: usize,
    /// What those who used the answer said of it, from 0 to 1.
    pub score: f64,
    /// The draw.
    pub draw: LiveDraw,
}

/// A draw, as the receipt has it.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveDraw {
    /// Units that could have been left out and were not.
    pub kept: Vec<String>,
    /// The one that was left out.
    pub held_out: Option<String>,
    /// The chance of each of them to be the one, above 0 and below 1.
    pub propensity: f64,
}

/// What a unit is worth in live traffic.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiveValue {
    /// The unit.
    pub unit: String,
    /// Calls with it and calls without it.
    pub calls: (usize, usize),
    /// What the smaller side is worth in equally weighted calls; the estimate is refused below [`LIVE_N_MIN`].
    pub effective_n: f64,
    /// The mean score with it less without it; none: too little.
    pub lift: Option<Estimate>,
}

/// What each unit is worth: the mean scores of calls with it and without, each call weighted by one over the chance that it came out so
/// (Horvitz and Thompson 1952, as [`horvitz_thompson`]). Only draws in which the unit could have been left out count. The interval adds
/// those of both sides as squares, since no call is on both.
#[must_use]
pub fn live(calls: &[LiveCall], level: Level) -> Vec<LiveValue> {
    let mut sides: BTreeMap<&str, (Vec<Sampled>, Vec<Sampled>)> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.draw.propensity > 0.0 && call.draw.propensity < 1.0) {
        let sampled = |probability| Sampled { cluster: call.cluster, value: call.score, probability };
        for unit in &call.draw.kept {
            sides.entry(unit).or_default().0.push(sampled(1.0 - call.draw.propensity));
        }
        if let Some(unit) = &call.draw.held_out {
            sides.entry(unit).or_default().1.push(sampled(call.draw.propensity));
        }
    }
    sides.into_iter().map(|(unit, (with, without))| value(unit, &with, &without, level)).collect()
}

fn value(unit: &str, with: &[Sampled], without: &[Sampled], level: Level) -> LiveValue {
    let both = horvitz_thompson(with, level).zip(horvitz_thompson(without, level));
    let effective_n = both.map_or(0.0, |(with, without)| with.effective_n.min(without.effective_n));
    let lift = both.filter(|_| effective_n >= LIVE_N_MIN).map(|(with, without)| apart(&with, &without, level));
    LiveValue { unit: unit.to_owned(), calls: (with.len(), without.len()), effective_n, lift }
}

fn apart(with: &Weighted, without: &Weighted, level: Level) -> Estimate {
    let (with, without) = (&with.estimate, &without.estimate);
    let value = with.value - without.value;
    let halves = with.interval.zip(without.interval).map(|(a, b)| (a.width() / 2.0).hypot(b.width() / 2.0));
    Estimate {
        value,
        interval: halves.and_then(|half| Interval::new(value - half, value + half)),
        level,
        n: with.n + without.n,
        clusters: with.clusters + without.clusters,
        method: Method::HorvitzThompson,
    }
}
