//! `cargo xtask bench gate`: how many cases a sequential gate takes to decide, against theory.

use jeton_allocate::Level;
use jeton_allocate::simulate::simulate_gate;

pub(super) const USAGE: &str = "usage: cargo xtask bench gate [--runs N]
  --runs N   runs of each line; 10,000 otherwise";

/// The bar of the issue.
const BAR: f64 = 0.90;
/// The true rate, and the mean number of cases that another program's simulation of the beta-binomial e-process took at 95 %.
const EXPECTED: [(f64, f64); 4] = [(0.98, 71.0), (0.85, 433.0), (0.80, 107.0), (0.70, 28.0)];
/// Cases after which a run is left undecided.
const HORIZON: u64 = 4_000;
const SEED: u64 = 11;
/// The most that a mean may be off, as a share.
const TOLERANCE: f64 = 0.1;

/// Simulates and prints; an error where a mean is off by more than the tolerance.
pub(super) fn run(arguments: &[String]) -> Result<(), String> {
    let runs = match arguments {
        [] => 10_000,
        [flag, runs] if flag == "--runs" => runs.parse().ok().filter(|runs| *runs > 1).ok_or_else(|| format!("--runs takes a number above 1\n{USAGE}"))?,
        _ => return Err(USAGE.to_owned()),
    };
    println!("# Cases that a gate takes to decide: bar {BAR:.2}, 95 %, {runs} runs each\n");
    println!("| true rate | mean cases (± s.e.) | theory | ratio | right | wrong | open after {HORIZON} |\n|--:|--:|--:|--:|--:|--:|--:|");
    let mut off = Vec::new();
    for (truth, expected) in EXPECTED {
        let got = simulate_gate(truth, BAR, Level::P95, runs, HORIZON, SEED).ok_or("the bar is no gate's")?;
        let mean = got.mean_cases.ok_or("no run was decided")?;
        let (right, wrong) = if truth >= BAR { (got.passed, got.failed) } else { (got.failed, got.passed) };
        let error = got.se_cases.map_or_else(|| "unknown".to_owned(), |se| format!("{se:.1}"));
        let open = got.replicates - right - wrong;
        println!("| {truth:.2} | {mean:.1} ± {error} | {expected:.0} | {:.3} | {right} | {wrong} | {open} |", mean / expected);
        if (mean / expected - 1.0).abs() > TOLERANCE {
            off.push(format!("{truth:.2}"));
        }
    }
    if off.is_empty() { Ok(()) } else { Err(format!("more than {:.0} % off at {}", 100.0 * TOLERANCE, off.join(", "))) }
}
