//! `cargo xtask bench gateway`: what Jeton costs on the path of a call, measured against a plain reverse proxy within one run.
//!
//! Everything runs on this machine, in processes of their own so that each one's CPU time can be told apart: a fast
//! upstream, a load generator (both of this file's kin, built with optimisation), nginx if it is installed, and Jeton with
//! everything on: a key, a class, a hold against a budget, a price, the durable ledger. Rounds alternate between the ways
//! (direct, nginx, Jeton), so that a machine that grows slower grows slower for all; ratios are taken within the run.

mod causes;
mod cells;
mod context;
mod coverage;
mod eval;
mod gate;
mod histogram;
mod load;
mod measure;
mod message;
mod options;
mod process;
mod report;
mod soak;
mod targets;
mod upstream;
mod wire;

use options::Options;
use std::path::{Path, PathBuf};
use std::process::Command;

const USAGE: &str = "usage: cargo xtask bench gateway [--quick] [--rounds N] [--only WORD] [--nginx FILE] [--json FILE] [--keep]
       cargo xtask bench soak [--calls N] [--aborts N]
       cargo xtask bench context …
       cargo xtask bench causes [--seed N] [--facts N]
       cargo xtask bench coverage [NAME]
       cargo xtask bench eval [--jeton FILE] [--cases N] [--rounds N] [--json FILE]
       cargo xtask bench gate [--runs N]
       cargo xtask bench wire [--json FILE]
  gateway        added latency, throughput, CPU and memory: direct, through nginx, through Jeton at both durabilities and by translation
  soak           memory of Jeton over many calls and many aborted streams
  context        past fixes found, speed and freshness; alone it says more
  causes         the engine that establishes causes against faults that are injected on purpose
  coverage       how often intervals hold the truth, over 10,000 samples each
  eval           what a run of a suite costs
  gate           how many cases a gate takes to decide, against theory
  wire           translation between dialects, beside a mere parse of the same bytes
  --quick        few cells, short rounds
  --only WORD    cells whose name holds WORD, e.g. `2 KB` or `stream`
  --nginx FILE   the nginx to compare with, if it is not on the path
  --json FILE    where the figures go; target/bench/gateway.json otherwise
  --keep         leave the working directories for a look";

/// Runs a benchmark, or plays one of its parts in a child process.
///
/// # Errors
/// What to say on the terminal: wrong usage, a part that cannot start, or nothing measured. A missed bar is no error.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let (what, rest) = arguments.split_first().ok_or_else(|| USAGE.to_owned())?;
    match what.as_str() {
        "gateway" => gateway(&Options::read(rest).map_err(|why| format!("{why}\n{USAGE}"))?),
        "soak" => soak::run(rest).map_err(|why| format!("{why}\n{USAGE}")),
        "context" => context::run(rest),
        "causes" => causes::run(rest),
        "coverage" => coverage::run(rest),
        "eval" => eval::run(rest),
        "gate" => gate::run(rest),
        "wire" => wire::run(rest),
        "context-warm" => context::warm::run(rest),
        "upstream" => upstream::run(),
        "load" => load::run(rest),
        _ => Err(USAGE.to_owned()),
    }
}

fn gateway(options: &Options) -> Result<(), String> {
    let programs = build()?;
    let run = measure::run(options, &programs)?;
    print!("{}", report::table(&run));
    let file = options.json.clone().unwrap_or_else(|| target_dir().join("bench/gateway.json"));
    std::fs::write(&file, report::json(&run)).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    println!("\nfigures: {}", file.display());
    Ok(())
}

/// The programs under test and of the test.
struct Programs {
    jeton: PathBuf,
    xtask: PathBuf,
}

/// Builds both with optimisation: this process itself may well be a debug build.
fn build() -> Result<Programs, String> {
    if !Path::new("/proc/self/stat").exists() {
        return Err("CPU time and memory are read from /proc: the benchmark runs on Linux only".to_owned());
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).args(["build", "--release", "--quiet", "-p", "jeton", "-p", "xtask"]);
    let status = cargo.status().map_err(|e| format!("cannot run cargo: {e}"))?;
    if !status.success() {
        return Err("the release build failed".to_owned());
    }
    let release = target_dir().join("release");
    let programs = Programs { jeton: release.join("jeton"), xtask: release.join("xtask") };
    std::fs::create_dir_all(target_dir().join("bench")).map_err(|e| e.to_string())?;
    Ok(programs)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
