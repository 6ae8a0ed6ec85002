//! `jeton eval size`: how many cases a difference needs, before money is spent on them.

use super::Desk;
use crate::cli::SizeArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_allocate::Level;
use jeton_allocate::power::{Aim, Plan, Tails, mcnemar_cases};
use jeton_core::Nanousd;
use jeton_eval::grader::selftest::paid_calls;
use jeton_eval::latest::newest;
use jeton_eval::power::{Unknown, basis};
use jeton_ledger::Records;
use serde::Serialize;

/// The share of cases in which two runs differ where no run of the suite tells it.
const DISCORDANT: f64 = 0.2;
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
    /// Runs that do not count, for they are not finished or not valid, a sentence each.
    passed_over: Vec<String>,
    /// US dollars of one cell in the last run that counts; none: unknown.
    usd_per_cell: Option<f64>,
    /// US dollars of two targets at the needed size.
    usd: Option<f64>,
    /// Calls of judges and embeddings that the graders' self-test makes at most before each run.
    selftest_calls: u64,
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
    let mut found = Sizing {
        cases,
        detect,
        power: aim.power.get(),
        basis: String::new(),
        needed: None,
        detectable: None,
        passed_over: Vec::new(),
        usd_per_cell: None,
        usd: None,
        selftest_calls: paid_calls(&desk.suite),
    };
    let sought = basis(store, &desk.suite.name)?;
    found.passed_over = sought.passed_over.iter().map(ToString::to_string).collect();
    match sought.found {
        Ok(basis) => match basis.detectable(cases, desk.suite.repeats, aim) {
            Ok(least) => {
                found.basis = format!("{} against {}", basis.candidate, basis.baseline);
                found.needed = basis.variances.recommend(detect, CASES_MAX, aim);
                found.detectable = Some(least);
            }
            Err(why) => assumed(&mut found, why, aim),
        },
        Err(why) => assumed(&mut found, why, aim),
    }
    if let Ok(last) = newest(store, &desk.suite.name, None)? {
        let rows = last.rows;
        let costs: Vec<f64> = rows.iter().filter_map(|row| row.cost).map(Nanousd::as_usd_f64).collect();
        found.usd_per_cell = (!costs.is_empty() && costs.len() == rows.len()).then(|| costs.iter().sum::<f64>() / costs.len() as f64);
    }
    found.usd = found.usd_per_cell.zip(found.needed).map(|(usd, plan)| usd * 2.0 * (plan.cases * plan.repeats) as f64);
    Ok(found)
}

fn assumed(found: &mut Sizing, why: Unknown, aim: Aim) {
    found.basis = format!("it is assumed that two runs differ in {:.0} % of the cases: {}", 100.0 * DISCORDANT, why.sentence());
    found.needed = mcnemar_cases(DISCORDANT, found.detect, aim).map(|cases| Plan { cases, repeats: 1 });
    found.detectable =
        (1..=200_u32).map(|step| f64::from(step) / 1_000.0).find(|delta| mcnemar_cases(DISCORDANT, *delta, aim).is_some_and(|n| n <= found.cases as u64));
}

fn show(found: &Sizing, suite: &str) {
    found.passed_over.iter().for_each(|unfit| eprintln!("{}", output::plain(unfit)));
    println!("suite {}: {} cases; basis: {}", output::line(suite), found.cases, output::line(&found.basis));
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
    if found.selftest_calls > 0 {
        println!("  each run begins with the graders' self-test: at most {} calls of judges and embeddings beside that", found.selftest_calls);
    }
}
