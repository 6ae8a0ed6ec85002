//! `cargo xtask bench gate`: how many cases the gate of `jeton eval gate` takes to decide, against theory.
//!
//! What runs is the product's own gate at the product's own level: rows in order of launch go into [`Stopping`], as they do while a suite runs.

use jeton_context::Digest;
use jeton_core::{SeededRandom, Timestamp};
use jeton_eval::gate::{LEVEL, Question, Slot, Stopping, looking};
use jeton_eval::{Cell, Outcome, Row};

pub(super) const USAGE: &str = "usage: cargo xtask bench gate [--runs N]
  --runs N   runs of each line; 10,000 otherwise";

/// The bar of the issue.
const BAR: f64 = 0.90;
/// The true rate, and the mean number of cases that theory gives: not another simulation, but the exact distribution of the first case at
/// which the beta-binomial e-process decides, at 97.5 % on each side, among runs that decide within [`HORIZON`]. It follows from the chances
/// of all counts of passes, case by case; another program in another language has worked it out.
const EXPECTED: [(f64, f64); 4] = [(0.98, 80.9), (0.85, 493.8), (0.80, 123.6), (0.70, 32.5)];
/// Cases after which a run is left undecided.
const HORIZON: u64 = 4_000;
const SEED: u64 = 11;
/// The most that a mean may be off, as a share.
const TOLERANCE: f64 = 0.1;

/// Simulates and prints; an error where a mean is off by more than the tolerance, or errors exceed what the level allows.
pub(super) fn run(arguments: &[String]) -> Result<(), String> {
    let runs = match arguments {
        [] => 10_000,
        [flag, runs] if flag == "--runs" => runs.parse().ok().filter(|runs| *runs > 1).ok_or_else(|| format!("--runs takes a number above 1\n{USAGE}"))?,
        _ => return Err(USAGE.to_owned()),
    };
    println!(
        "# Cases that a gate takes to decide: bar {BAR:.2}, level {:.1} % of which looking on the way has {:.1} % on each side, {runs} runs each\n",
        100.0 * LEVEL.get(),
        100.0 * looking(LEVEL).get()
    );
    println!("| true rate | mean cases (± s.e.) | theory | ratio | right | wrong | open after {HORIZON} |\n|--:|--:|--:|--:|--:|--:|--:|");
    let mut off = Vec::new();
    for (truth, expected) in EXPECTED {
        let got = simulate(truth, runs);
        let mean = got.mean().ok_or("no run was decided")?;
        let open = runs - got.right - got.wrong;
        println!("| {truth:.2} | {mean:.1} ± {:.1} | {expected:.1} | {:.3} | {} | {} | {open} |", got.error(), mean / expected, got.right, got.wrong);
        let wrong_most = runs as f64 * looking(LEVEL).alpha();
        if (mean / expected - 1.0).abs() > TOLERANCE || got.wrong as f64 > wrong_most {
            off.push(format!("{truth:.2}"));
        }
    }
    if off.is_empty() { Ok(()) } else { Err(format!("more than {:.0} % off, or wrong too often, at {}", 100.0 * TOLERANCE, off.join(", "))) }
}

/// What came of many runs.
#[derive(Debug, Default)]
struct Decided {
    right: u64,
    wrong: u64,
    sum: f64,
    squares: f64,
}

impl Decided {
    fn n(&self) -> f64 {
        (self.right + self.wrong) as f64
    }

    fn mean(&self) -> Option<f64> {
        (self.n() > 0.0).then(|| self.sum / self.n())
    }

    /// The standard error of the mean.
    fn error(&self) -> f64 {
        let mean = self.sum / self.n();
        ((self.squares / self.n() - mean * mean).max(0.0) / (self.n() - 1.0).max(1.0)).sqrt()
    }
}

/// Runs the gate on independent cases that pass with probability `truth`.
fn simulate(truth: f64, runs: u64) -> Decided {
    let slot = |launch: u64| Slot { launch, case: launch.to_string(), cluster: launch.to_string(), weight: 1.0, target: TARGET.to_owned() };
    let slots: Vec<Slot> = (0..HORIZON).map(slot).collect();
    let fresh = Stopping::new(Question::AtLeast { target: TARGET.to_owned(), bar: BAR }, &slots, LEVEL);
    let mut random = SeededRandom::new(SEED);
    let mut row = row();
    let mut found = Decided::default();
    for _ in 0..runs {
        let mut gate = fresh.clone();
        let decided = (0..HORIZON).find_map(|launch| {
            row.launch = launch;
            row.outcome = if random.unit() < truth { Outcome::Passed } else { Outcome::Failed };
            gate.push(&row).map(|passes| (passes, (launch + 1) as f64))
        });
        if let Some((passes, cases)) = decided {
            (found.sum, found.squares) = (found.sum + cases, found.squares + cases * cases);
            *if passes == (truth >= BAR) { &mut found.right } else { &mut found.wrong } += 1;
        }
    }
    found
}

const TARGET: &str = "a";

/// A gate goes by launch and outcome.
fn row() -> Row {
    Row {
        launch: 0,
        cell: Cell { case: String::new(), target: TARGET.to_owned(), repeat: 0 },
        cluster: String::new(),
        tags: Vec::new(),
        outcome: Outcome::Passed,
        score: None,
        weight: 1.0,
        answer: None,
        fault: None,
        grades: Vec::new(),
        context: None,
        cost: None,
        request: Digest::default(),
        is_cached: false,
        at: Timestamp(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bench speaks of what is shipped: five percent, of which looking has half on each side, and its first line is near theory.
    #[test]
    fn the_gate_of_the_bench_is_the_products() {
        assert!((LEVEL.get() - 0.95).abs() < 1e-12 && (looking(LEVEL).alpha() - 0.025).abs() < 1e-12);
        let got = simulate(0.70, 400);
        assert!((got.mean().unwrap() / EXPECTED[3].1 - 1.0).abs() < TOLERANCE && got.right == 400, "{got:?}");
    }
}
