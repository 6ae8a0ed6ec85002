//! Suites over time: what has been run, how the newest runs stand, and whether the suite itself is sound.

use super::note::heartbeat;
use super::{CauseNote, RUNS_MAX, Run, Said, alarms, causes, heads, is_valid, label, no_suite, rows, runs, suite_now};
use crate::api::ledger_fault;
use crate::state::Console;
use jeton_allocate::Level;
use jeton_allocate::power::Aim;
use jeton_core::{Fault, Timestamp};
use jeton_eval::label::{Agreement, Calibrated, agreement, calibrations, labels};
use jeton_eval::latest::{PassedOver, newest};
use jeton_eval::power::{Basis, Unknown, basis};
use jeton_eval::run::{RunHead, SelfTestSummary};
use jeton_eval::totals::{TargetTotals, Totals};
use std::collections::{BTreeMap, HashSet};

/// How many runs of a suite are looked through for targets that the newest does not have.
const LOOK_BACK: usize = 10;

/// A suite with the newest run of each target.
#[derive(Clone, Debug)]
pub(crate) struct SuiteLine {
    pub(crate) name: String,
    /// Runs that were looked through.
    pub(crate) runs: usize,
    pub(crate) last: Run,
    pub(crate) targets: Vec<(RunHead, TargetTotals)>,
}

/// All suites that have been run, the one run last first.
pub(crate) fn suites(console: &Console) -> Result<Vec<SuiteLine>, Fault> {
    let (all, _) = heads(console, None, RUNS_MAX)?;
    let mut order: Vec<String> = Vec::new();
    let mut by_suite: BTreeMap<String, Vec<RunHead>> = BTreeMap::new();
    for head in all {
        if !by_suite.contains_key(&head.suite) {
            order.push(head.suite.clone());
        }
        by_suite.entry(head.suite.clone()).or_default().push(head);
    }
    order.into_iter().filter_map(|name| Some((by_suite.remove(&name)?, name))).map(|(heads, name)| line(console, name, &heads)).collect()
}

fn line(console: &Console, name: String, heads: &[RunHead]) -> Result<SuiteLine, Fault> {
    let mut seen: HashSet<&str> = HashSet::new();
    let (mut targets, mut last) = (Vec::new(), None);
    for head in heads.iter().take(LOOK_BACK) {
        let new: Vec<&str> = head.targets.iter().map(|target| target.name.as_str()).filter(|name| !seen.contains(name)).collect();
        if new.is_empty() {
            continue;
        }
        let run = Run::new(console, head.clone())?;
        // A run that has only begun says nothing; the one before still does.
        let told = new.into_iter().filter_map(|name| run.target(name).filter(|totals| totals.cells > 0).map(|totals| (name, totals)));
        for (name, totals) in told {
            seen.insert(name);
            targets.push((head.clone(), totals.clone()));
        }
        last.get_or_insert(run);
    }
    let last = last.ok_or_else(|| no_suite(console, &name))?;
    Ok(SuiteLine { name, runs: heads.len(), last, targets })
}

/// The newest runs of a suite with what was found of their failures, the oldest first.
pub(crate) fn history(console: &Console, suite: &str, limit: u64) -> Result<Vec<(Run, Option<CauseNote>)>, Fault> {
    let mut found = Vec::new();
    for run in runs(console, Some(suite), limit)? {
        let causes = causes(console, &run.head.id)?;
        found.push((run, causes));
    }
    found.reverse();
    Ok(found)
}

/// Whether a suite is fit to decide by.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    /// The newest run that is finished and valid for any of its targets; the newest where there is none.
    pub(crate) last: Run,
    pub(crate) age_ms: u64,
    pub(crate) clusters: usize,
    /// Rows with an answer and no verdict, rows without an answer, and all rows.
    pub(crate) unscored: usize,
    pub(crate) errors: usize,
    pub(crate) cells: usize,
    pub(crate) selftest: Option<SelfTestSummary>,
    /// The smallest difference that the suite sees, or why nobody knows.
    pub(crate) sight: Result<Sight, Unknown>,
    /// The judges' rates, corrected by people's labels.
    pub(crate) calibrations: Vec<Calibrated>,
    /// How far people agree on answers of the newest run.
    pub(crate) agreements: Vec<Agreement>,
    /// Answers of the newest run that wait for a person.
    pub(crate) waiting: usize,
    pub(crate) heartbeat: Option<Said>,
    /// Runs that do not count, for they are not finished or not valid, the newest first.
    pub(crate) passed_over: Vec<PassedOver>,
    /// Alarms about the suite, the newest first.
    pub(crate) alarms: Vec<Said>,
}

/// The smallest difference that a suite finds in four of five comparisons, at an error of one in twenty.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    /// As a share; above 1 where no difference would be seen.
    pub(crate) least: f64,
    /// What it is worked out from.
    pub(crate) basis: Basis,
}

fn sight(head: &RunHead, found: Result<Basis, Unknown>) -> Result<Sight, Unknown> {
    found.and_then(|basis| Ok(Sight { least: basis.detectable(head.cases, head.choice.repeats, Aim::default())?, basis }))
}

/// How sound a suite is, by its newest run that counts.
pub(crate) fn health(console: &Console, suite: &str, now: Timestamp) -> Result<Health, Fault> {
    let (last, mut passed_over) = match newest(&*console.ledger, suite, None).map_err(|error| ledger_fault(&error))? {
        Ok(found) => (Run::new(console, found.head)?, found.passed_over),
        // What the only run there is says of itself stands beside it.
        Err(_) => (runs(console, Some(suite), 1)?.into_iter().next().ok_or_else(|| no_suite(console, suite))?, Vec::new()),
    };
    let sought = basis(&*console.ledger, suite).map_err(|error| ledger_fault(&error))?;
    passed_over.extend(sought.passed_over.into_iter().filter(|unfit| unfit.run != last.head.id));
    let mut seen = HashSet::new();
    passed_over.retain(|unfit| seen.insert(unfit.run.clone()));
    let rows = rows(console, &last.head.id)?;
    let clusters: HashSet<&str> = rows.iter().map(|row| row.cluster.as_str()).collect();
    let sum = |of: fn(&TargetTotals) -> usize| sum(&last.totals, of);
    let about = |alarm: &Said| alarm.subject == suite || alarm.subject == last.head.id;
    Ok(Health {
        age_ms: u64::try_from(now.0.saturating_sub(last.head.started.0)).unwrap_or(0),
        clusters: clusters.len(),
        unscored: sum(|target| target.unscored),
        errors: sum(|target| target.errors),
        cells: sum(|target| target.cells),
        selftest: last.head.selftest.clone(),
        sight: sight(&last.head, sought.found),
        passed_over,
        calibrations: calibrations(&*console.ledger, &last.head, &rows, suite_now(console, &last.head).as_ref(), Level::P95)
            .map_err(|error| ledger_fault(&error))?,
        agreements: agreement(&rows, &last.head.id, &labels(&*console.ledger, &last.head.id).map_err(|error| ledger_fault(&error))?, Level::P95),
        waiting: label::waiting_in(console, &last.head)?.len(),
        heartbeat: heartbeat(console, suite)?,
        alarms: alarms(console, 200)?.into_iter().filter(about).collect(),
        last,
    })
}

fn sum(totals: &Totals, of: fn(&TargetTotals) -> usize) -> usize {
    totals.targets.iter().map(of).sum()
}

/// Places of the targets that no other beats: none is at least as good and as cheap, and better in one of both. Only valid targets whose
/// cost is known can be there, the cheapest first.
pub(crate) fn frontier(totals: &Totals) -> Vec<usize> {
    let figures = |target: &TargetTotals| Some((target.usd_per_case.as_ref()?.value, target.pass_rate.as_ref().filter(|_| is_valid(target))?.value));
    let known: Vec<(usize, (f64, f64))> = totals.targets.iter().enumerate().filter_map(|(place, target)| Some((place, figures(target)?))).collect();
    let beats = |a: (f64, f64), b: (f64, f64)| a.0 <= b.0 && a.1 >= b.1 && a != b;
    let mut best: Vec<(usize, (f64, f64))> = known.iter().filter(|(_, one)| !known.iter().any(|(_, other)| beats(*other, *one))).copied().collect();
    best.sort_by(|a, b| a.1.0.total_cmp(&b.1.0));
    best.into_iter().map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jeton_context::Digest;
    use jeton_core::Nanousd;
    use jeton_eval::totals::totals;
    use jeton_eval::{Cell, Outcome, Row};

    /// Two rows of a target: what each cost, and how they ended.
    fn rows(target: &str, nano: Option<i64>, outcomes: [Outcome; 2]) -> Vec<Row> {
        let row = |(case, outcome): (usize, Outcome)| Row {
            launch: case as u64,
            cell: Cell { case: case.to_string(), target: target.to_owned(), repeat: 0 },
            cluster: case.to_string(),
            tags: Vec::new(),
            outcome,
            score: None,
            weight: 1.0,
            answer: None,
            fault: None,
            grades: Vec::new(),
            context: None,
            cost: nano.map(Nanousd),
            request: Digest::default(),
            is_cached: false,
            at: Timestamp(0),
        };
        outcomes.into_iter().enumerate().map(row).collect()
    }

    #[test]
    fn the_frontier_has_what_no_other_beats_and_nothing_invalid_or_of_unknown_cost() {
        use Outcome::{Error, Failed, Passed};
        let all = [
            rows("best", Some(20), [Passed, Passed]),
            rows("cheap", Some(10), [Passed, Failed]),
            rows("dear", Some(30), [Passed, Failed]),
            rows("as good and dearer", Some(21), [Passed, Passed]),
            rows("invalid", Some(5), [Passed, Error]),
            rows("unknown", None, [Passed, Passed]),
        ];
        let names: Vec<String> = all.iter().map(|rows| rows[0].cell.target.clone()).collect();
        let totals = totals(&all.concat(), &names, 0.1, Level::P95);
        assert_eq!(frontier(&totals), [1, 0], "the cheapest first");
    }
}
