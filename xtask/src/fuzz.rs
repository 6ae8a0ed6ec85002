//! `cargo xtask fuzz`: a seeded, mutating fuzzer of what reads strangers' bytes. Stable Rust has no coverage to steer by,
//! so an input whose *outcome* is new joins those that are mutated further.

mod corpus;
mod mutate;
mod targets;
mod translate;

use crate::Outcome;
use crate::test::scratch;
use jeton_core::SeededRandom;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use targets::{TARGETS, Target};

/// The most inputs that one thread keeps for a target, and the longest that it makes.
const KEPT_MOST: usize = 4_096;
const BYTES_MOST: usize = 2_048;
/// How long a target is fuzzed before the next has its turn, and how many inputs are tried between two looks at the clock.
const TURN: Duration = Duration::from_millis(100);
const STRETCH: u64 = 16;
/// How many removals are tried to make a failing input small.
const SHRINK_TRIES: usize = 4_000;

/// What the last panic of any thread said. Threads panic rarely here, and each reads it at once.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

struct Options {
    limit: Duration,
    seed: u64,
    only: Option<String>,
    /// Runs here instead of in the build that is made for it.
    here: bool,
}

/// What one thread did.
#[derive(Default)]
struct Harvest {
    executions: Vec<u64>,
    kept: usize,
    finding: Option<Finding>,
}

struct Finding {
    target: &'static str,
    input: Vec<u8>,
    why: String,
}

/// Runs the command. Speed counts, and so do arithmetic checks, so it starts itself again in the profile `fuzz`.
///
/// # Errors
/// Says what was found, or what is wrong with the arguments.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Outcome {
    let options = parse(arguments)?;
    if !options.here {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(root).args(["run", "--quiet", "--profile", "fuzz", "--package", "xtask", "--", "fuzz", "--here"]).args(arguments);
        let status = cargo.status().map_err(|e| format!("cargo: {e}"))?;
        return if status.success() { Ok(()) } else { Err(String::new()) };
    }
    let started = Instant::now();
    std::panic::set_hook(Box::new(|panic| {
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = panic.to_string();
        }
    }));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let harvests: Vec<Harvest> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads as u64)
            .map(|number| {
                scope.spawn({
                    let options = &options;
                    move || harvest(options, options.seed.wrapping_add(number), started)
                })
            })
            .collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let _ = std::panic::take_hook();
    report(root, &options, started.elapsed(), &harvests)
}

fn parse(arguments: &[String]) -> Result<Options, String> {
    let mut options = Options { limit: Duration::from_secs(60), seed: 1, only: None, here: false };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or(format!("{argument} wants a value"));
        match argument.as_str() {
            "--here" => options.here = true,
            "--minutes" => {
                let minutes: f64 = value()?.parse().map_err(|_| "--minutes wants a number")?;
                options.limit = Duration::try_from_secs_f64(minutes * 60.0).map_err(|_| "--minutes wants a number above 0")?;
            }
            "--seed" => options.seed = value()?.parse().map_err(|_| "--seed wants a whole number")?,
            "--only" => options.only = Some(value()?.clone()),
            other => return Err(format!("`{other}` is not understood: cargo xtask fuzz [--minutes N] [--seed N] [--only TARGET]")),
        }
    }
    let known = |name: &String| TARGETS.iter().any(|target| target.name == name);
    if let Some(name) = options.only.as_ref().filter(|name| !known(name)) {
        return Err(format!("there is no target `{name}`; there are {}", TARGETS.map(|target| target.name).join(", ")));
    }
    Ok(options)
}

fn harvest(options: &Options, seed: u64, started: Instant) -> Harvest {
    let mut random = SeededRandom::new(seed);
    let mut harvest = Harvest { executions: vec![0; TARGETS.len()], ..Harvest::default() };
    let chosen: Vec<usize> = (0..TARGETS.len()).filter(|&at| options.only.as_ref().is_none_or(|name| TARGETS[at].name == name)).collect();
    let mut pools: Vec<Pool> = TARGETS.iter().map(Pool::new).collect();
    'time: while started.elapsed() < options.limit {
        for &at in &chosen {
            let turn = Instant::now();
            while turn.elapsed() < TURN {
                for _ in 0..STRETCH {
                    let input = pools[at].next(&mut random);
                    harvest.executions[at] += 1;
                    match attempt(&TARGETS[at], &input) {
                        Ok(outcome) => pools[at].learn(input, outcome),
                        Err(_) => {
                            let (input, why) = shrink(&TARGETS[at], input);
                            harvest.finding = Some(Finding { target: TARGETS[at].name, input, why });
                            break 'time;
                        }
                    }
                }
            }
        }
    }
    harvest.kept = pools.iter().map(|pool| pool.inputs.len()).sum();
    harvest
}

/// One execution: what the target says of the input, or how it broke.
fn attempt(target: &Target, input: &[u8]) -> Result<u64, String> {
    catch_unwind(AssertUnwindSafe(|| (target.run)(input)))
        .unwrap_or_else(|_| Err(format!("panic: {}", LAST_PANIC.lock().map(|last| last.clone()).unwrap_or_default())))
}

/// Takes pieces away, large ones first, while the input still breaks the target.
fn shrink(target: &Target, mut input: Vec<u8>) -> (Vec<u8>, String) {
    let mut why = attempt(target, &input).err().unwrap_or_else(|| "it broke once, but not again".into());
    let (mut piece, mut tries) = (input.len().div_ceil(2), 0);
    while piece > 0 && tries < SHRINK_TRIES {
        let mut at = 0;
        while at < input.len() && tries < SHRINK_TRIES {
            let mut less = input.clone();
            less.drain(at..(at + piece).min(input.len()));
            tries += 1;
            match attempt(target, &less) {
                Err(again) => (input, why) = (less, again),
                Ok(_) => at += piece,
            }
        }
        piece /= 2;
    }
    (input, why)
}

/// The inputs that are mutated for one target.
struct Pool {
    inputs: Vec<Vec<u8>>,
    outcomes: HashSet<u64>,
    /// Seeds are tried as they are before anything else.
    untried: usize,
}

impl Pool {
    fn new(target: &Target) -> Self {
        let inputs: Vec<Vec<u8>> = target.seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect();
        Self { untried: inputs.len(), inputs, outcomes: HashSet::new() }
    }

    fn next(&mut self, random: &mut SeededRandom) -> Vec<u8> {
        if self.untried > 0 {
            self.untried -= 1;
            return self.inputs[self.untried].clone();
        }
        let mut input = mutate::pick(&self.inputs, random).clone();
        for _ in 0..=random.below(4) {
            mutate::once(&mut input, &self.inputs, random);
        }
        input.truncate(BYTES_MOST);
        input
    }

    fn learn(&mut self, input: Vec<u8>, outcome: u64) {
        if self.outcomes.insert(outcome) && self.inputs.len() < KEPT_MOST {
            self.inputs.push(input);
        }
    }
}

fn report(root: &Path, options: &Options, took: Duration, harvests: &[Harvest]) -> Outcome {
    let total: u64 = harvests.iter().flat_map(|harvest| &harvest.executions).sum();
    for (at, target) in TARGETS.iter().enumerate() {
        let executions: u64 = harvests.iter().map(|harvest| harvest.executions[at]).sum();
        println!("{:<20} {executions:>12} executions  {}", target.name, target.what);
    }
    let kept: usize = harvests.iter().map(|harvest| harvest.kept).sum();
    println!("seed {}, {:.0} s, {} threads, {total} executions, {kept} inputs with outcomes of their own", options.seed, took.as_secs_f64(), harvests.len());
    let findings: Vec<&Finding> = harvests.iter().filter_map(|harvest| harvest.finding.as_ref()).collect();
    if findings.is_empty() {
        println!("nothing found");
        return Ok(());
    }
    let directory = scratch(root, "fuzz")?;
    let mut text = String::new();
    for (number, finding) in findings.iter().enumerate() {
        let path = directory.join(format!("{}-{number}", finding.target));
        std::fs::write(&path, &finding.input).map_err(|e| format!("{}: {e}", path.display()))?;
        text += &format!(
            "{}: {}\n  input, {} bytes, in {}:\n  {}\n",
            finding.target,
            finding.why,
            finding.input.len(),
            path.display(),
            finding.input.escape_ascii()
        );
    }
    Err(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_passes_every_target_and_so_do_some_mutants() {
        for target in &TARGETS {
            let mut pool = Pool::new(target);
            let mut random = SeededRandom::new(7);
            for _ in 0..400 {
                let input = pool.next(&mut random);
                match attempt(target, &input) {
                    Ok(outcome) => pool.learn(input, outcome),
                    Err(_) => panic!("{}: {:?}", target.name, {
                        let (input, why) = shrink(target, input);
                        (why, input.escape_ascii().to_string())
                    }),
                }
            }
            assert!(pool.outcomes.len() >= target.seeds.len() / 2, "{}: the seeds reach {} outcomes", target.name, pool.outcomes.len());
        }
    }

    #[test]
    fn a_broken_target_is_found_and_its_input_made_small() {
        let target = Target {
            name: "t",
            what: "",
            seeds: &["aaaa boom bbbb"],
            run: |input| if input.windows(4).any(|four| four == b"boom") { Err("found".into()) } else { Ok(0) },
        };
        assert_eq!(attempt(&target, b"x boom"), Err("found".into()));
        let (input, why) = shrink(&target, b"aaaa boom bbbb".to_vec());
        assert_eq!((input.as_slice(), why.as_str()), (&b"boom"[..], "found"));
        let panics = Target { run: |_| panic!("at once"), ..target };
        assert!(attempt(&panics, b"").unwrap_err().starts_with("panic"));
    }
}
