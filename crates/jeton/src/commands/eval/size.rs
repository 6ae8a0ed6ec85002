//! `jeton eval size`: how many cases a difference needs, before money is spent on them.

use super::Desk;
use crate::cli::SizeArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_allocate::power::{Aim, Plan, Tails, Variances, mcnemar_cases, pilot};
use jeton_allocate::{Case, Level};
use jeton_core::Nanousd;
use jeton_eval::Row;
use jeton_eval::run::{RunHead, read_rows};
use jeton_eval::totals::{Clusters, by_case, passed};
use jeton_ledger::Records;
use serde::Serialize;

/// The share of cases in which two runs differ where no run of the suite tells it.
const DISCORDANT: f64 = 0.2;
/// Runs that are looked through for one with two targets.
const RUNS: u64 = 20;
/// More cases than this are no plan.
const CASES_MAX: u64 = 1_000_000;

/// What a difference takes.
#[derive(Debug, Serialize)]
struct Sizing {
    /// Cases of the suite.
    cases: usize,
    /// The difference that is to be seen.
    detect: f64,
    power: f64,
    /// Where the variances come from.
    basis: String,
    /// Cases and repeats that see it.
    needed: Option<Plan>,
    /// The least difference that the suite's own cases see with its repeats.
    detectable: Option<f64>,
    /// US dollars of one cell in the last run; none: unknown.
    usd_per_cell: Option<f64>,
    /// US dollars of two targets at the needed size.
    usd: Option<f64>,
}

pub(super) fn size(context: &Context, args: &SizeArgs, is_json: bool) -> Result<(), Failure> {
    let power = Level::new(args.power).ok_or_else(|| Failure::usage("--power is between 0 and 1, both excluded", "0.8 is usual"))?;
    let desk = Desk::open(context, &args.suite, None)?;
    let aim = Aim { level: Level::P95, tails: Tails::Two, power };
    let found = sizing(&**desk.store(), &desk, args.detect, aim)?;
    if is_json {
        output::json(&found);
    } else {
        show(&found, &desk.suite.name);
    }
    Ok(())
}

fn sizing(store: &dyn Records, desk: &Desk, detect: f64, aim: Aim) -> Result<Sizing, Failure> {
    let cases = desk.suite.cases.len();
    let repeats = u64::from(desk.suite.repeats.max(1));
    let mut found = Sizing { cases, detect, power: aim.power.get(), basis: String::new(), needed: None, detectable: None, usd_per_cell: None, usd: None };
    let last = pilot_run(store, &desk.suite.name)?;
    let variances = last.as_ref().and_then(|(rows, head)| {
        let of = |name: &str| rows.iter().filter(|row| row.cell.target == name).collect::<Vec<&Row>>();
        let (first, second) = (head.targets.first()?, head.targets.get(1)?);
        let pairs = paired(&of(&first.name), &of(&second.name));
        let variances = pilot(&pairs.0, &pairs.1)?;
        found.basis = format!("{} against {} in {}", second.name, first.name, head.id);
        Some(variances)
    });
    match variances {
        Some(variances) => planned(&mut found, variances, repeats, aim),
        None => assumed(&mut found, aim),
    }
    if let Some((rows, _)) = &last {
        let costs: Vec<f64> = rows.iter().filter_map(|row| row.cost).map(Nanousd::as_usd_f64).collect();
        found.usd_per_cell = (!costs.is_empty() && costs.len() == rows.len()).then(|| costs.iter().sum::<f64>() / costs.len() as f64);
    }
    found.usd = found.usd_per_cell.zip(found.needed).map(|(usd, plan)| usd * 2.0 * (plan.cases * plan.repeats) as f64);
    Ok(found)
}

/// The newest run that tells most: one with two targets, else the newest.
fn pilot_run(store: &dyn Records, suite: &str) -> Result<Option<(Vec<Row>, RunHead)>, Failure> {
    let runs = store.runs(Some(suite), RUNS)?;
    let heads: Vec<RunHead> = runs.iter().filter_map(|run| serde_json::from_str(&run.json).ok()).collect();
    let Some(head) = heads.iter().find(|head| head.targets.len() > 1).or(heads.first()) else { return Ok(None) };
    Ok(Some((read_rows(store, &head.id)?, head.clone())))
}

fn planned(found: &mut Sizing, variances: Variances, repeats: u64, aim: Aim) {
    found.needed = variances.recommend(found.detect, CASES_MAX, aim);
    found.detectable = variances.detectable(found.cases as u64, repeats, repeats, aim);
}

fn assumed(found: &mut Sizing, aim: Aim) {
    found.basis = format!("no run with two targets yet: it is assumed that two runs differ in {:.0} % of the cases", 100.0 * DISCORDANT);
    found.needed = mcnemar_cases(DISCORDANT, found.detect, aim).map(|cases| Plan { cases, repeats: 1 });
    found.detectable =
        (1..=200_u32).map(|step| f64::from(step) / 1_000.0).find(|delta| mcnemar_cases(DISCORDANT, *delta, aim).is_some_and(|n| n <= found.cases as u64));
}

/// The scores of the cases that both have.
fn paired(first: &[&Row], second: &[&Row]) -> (Vec<Case>, Vec<Case>) {
    let mut clusters = Clusters::default();
    let of_second: std::collections::HashMap<&str, Vec<&Row>> = by_case(second).into_iter().collect();
    let scores = |rows: &[&Row]| rows.iter().filter_map(|row| passed(row)).collect::<Vec<f64>>();
    let both = by_case(first).into_iter().filter_map(|(case, rows)| {
        let (before, after) = (scores(&rows), scores(of_second.get(case)?));
        let cluster = clusters.number(&rows.first()?.cluster);
        (!before.is_empty() && !after.is_empty()).then_some((Case { cluster, scores: before }, Case { cluster, scores: after }))
    });
    both.unzip()
}

fn show(found: &Sizing, suite: &str) {
    println!("suite {suite}: {} cases; basis: {}", found.cases, found.basis);
    match found.detectable {
        Some(least) => println!("  what is there sees differences from {:.1} points on, in {:.0} of 100 runs", 100.0 * least, 100.0 * found.power),
        None => println!("  what the suite's own cases can see is not known"),
    }
    let Some(plan) = found.needed else {
        println!("  no number of cases up to {} sees {:.1} points", output::count(CASES_MAX), 100.0 * found.detect);
        return;
    };
    let repeats = if plan.repeats > 1 { format!(", each {} times", plan.repeats) } else { String::new() };
    let usd = found.usd.map_or_else(|| "at a cost that is not known".to_owned(), |usd| format!("for about ${usd:.4}, both targets"));
    println!("  {:.1} points take {} cases{repeats}, {usd}", 100.0 * found.detect, output::count(plan.cases));
}
