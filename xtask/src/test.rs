//! `cargo xtask test`: every suite that this machine can run, in order, with the time of each.
//! The last line is `N passed, N failed, N skipped`, alone.

mod clients;
mod context;
mod evals;
mod rust;
mod server;

use crate::{Outcome, house};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a part has found. A part that the machine cannot run is one skip, with its reason.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    /// One line for each failure; a suite that lists its own failures gives its count in `failed_elsewhere`.
    pub(crate) failures: Vec<String>,
    /// Failures whose names the suite has printed itself.
    pub(crate) failed_elsewhere: u64,
    pub(crate) skips: Vec<String>,
}

impl Tally {
    pub(crate) fn failed(&self) -> u64 {
        self.failures.len() as u64 + self.failed_elsewhere
    }

    pub(crate) fn failure(why: impl Into<String>) -> Self {
        Self { failures: vec![why.into()], ..Self::default() }
    }

    pub(crate) fn skip(why: impl Into<String>) -> Self {
        Self { skips: vec![why.into()], ..Self::default() }
    }

    /// One check: passed, or failed with what it says.
    pub(crate) fn check(&mut self, name: &str, outcome: Outcome) {
        match outcome {
            Ok(()) => self.passed += 1,
            Err(why) => self.failures.push(format!("{name}: {why}")),
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failures.extend(other.failures);
        self.failed_elsewhere += other.failed_elsewhere;
        self.skips.extend(other.skips);
    }
}

/// A part of the tests: its name for `--only`, what it is, and how it runs.
struct Part {
    name: &'static str,
    what: &'static str,
    run: fn(&Path) -> Tally,
}

/// In this order: what is quick and says most comes first. The suites that need the real binary use the dev profile:
/// `binary` has already built it, whereas a release build of everything takes longer on two cores than they run.
const PARTS: [Part; 14] = [
    Part { name: "house", what: "rules of the repository", run: house::check },
    Part { name: "format", what: "cargo fmt --check", run: rust::format },
    Part { name: "lints", what: "cargo clippy, warnings are errors", run: rust::lints },
    Part { name: "unit", what: "tests inside the crates", run: rust::unit },
    Part { name: "doc", what: "examples in the documentation", run: rust::doc },
    Part { name: "binary", what: "suites that use the crates and the binary from outside", run: rust::binary },
    Part { name: "context", what: "the repository's own context: checks, rules, lock, score", run: context::context },
    Part { name: "evals", what: "the repository's own suite: what its documentation answers", run: evals::evals },
    Part { name: "demo", what: "jeton demo, and what it prints", run: clients::demo },
    Part { name: "python", what: "the vendors' Python SDKs against a running server", run: clients::python },
    Part { name: "node", what: "the vendors' Node SDKs against a running server", run: clients::node },
    Part { name: "agents", what: "Claude Code and Codex at work with models of the other vendor's dialect", run: clients::agents },
    Part { name: "promptfoo", what: "promptfoo itself, against what is recorded of its verdicts", run: clients::promptfoo },
    Part { name: "browser", what: "the page in a real browser", run: clients::browser },
];

struct Options {
    require_all: bool,
    only: Vec<String>,
}

/// Runs the command. The error is empty: the failures have been printed by then.
///
/// # Errors
/// Where something failed, or the arguments are wrong.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Outcome {
    if arguments == ["--list"] {
        PARTS.iter().for_each(|part| println!("{:<9} {}", part.name, part.what));
        return Ok(());
    }
    let options = parse(arguments)?;
    let mut total = Tally::default();
    let mut lines = Vec::new();
    for part in PARTS.iter().filter(|part| options.only.is_empty() || options.only.iter().any(|name| name == part.name)) {
        println!("\n== {}: {}", part.name, part.what);
        let started = Instant::now();
        let mut tally = (part.run)(root);
        if options.require_all {
            let missing = std::mem::take(&mut tally.skips);
            tally.failures.extend(missing.into_iter().map(|why| format!("skipped, but everything is required: {why}")));
        }
        lines.push(line(part, &tally, started.elapsed()));
        total.add(named(part, tally));
    }
    report(&lines, &total);
    if total.failed() == 0 { Ok(()) } else { Err(String::new()) }
}

fn parse(arguments: &[String]) -> Result<Options, String> {
    let mut options = Options { require_all: false, only: Vec::new() };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--require-all" => options.require_all = true,
            "--only" => {
                let name = rest.next().ok_or("--only wants the name of a part")?;
                if PARTS.iter().all(|part| part.name != name) {
                    return Err(format!("there is no part `{name}`; cargo xtask test --list names them"));
                }
                options.only.push(name.clone());
            }
            other => return Err(format!("`{other}` is not understood: cargo xtask test [--require-all] [--only PART]... [--list]")),
        }
    }
    Ok(options)
}

fn named(part: &Part, mut tally: Tally) -> Tally {
    for text in tally.failures.iter_mut().chain(&mut tally.skips) {
        *text = format!("{}: {text}", part.name);
    }
    tally
}

fn line(part: &Part, tally: &Tally, took: Duration) -> String {
    format!("{:<9} {:>7.1} s {:>6} passed {:>4} failed {:>4} skipped", part.name, took.as_secs_f64(), tally.passed, tally.failed(), tally.skips.len())
}

fn report(lines: &[String], total: &Tally) {
    println!("\n== results");
    lines.iter().for_each(|line| println!("{line}"));
    total.skips.iter().for_each(|why| println!("skipped  {why}"));
    total.failures.iter().for_each(|why| println!("FAILED   {why}"));
    println!("{} passed, {} failed, {} skipped", total.passed, total.failed(), total.skips.len());
    // Whoever reads the last line of a pipe must get it even if the process is ended right after.
    let _ = std::io::stdout().flush();
}

/// Where the tests may leave files: below the build directory, so that nothing lands in the sources.
pub(crate) fn scratch(root: &Path, name: &str) -> Result<PathBuf, String> {
    let directory = root.join("target/xtask").join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&directory).map_err(|e| format!("{}: {e}", directory.display()))?;
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn arguments_are_read_or_refused() {
        let options = parse(&arguments("--only unit --require-all --only house")).unwrap();
        assert!(options.require_all);
        assert_eq!(options.only, ["unit", "house"]);
        for wrong in ["--only", "--only nothing", "--fast"] {
            assert!(parse(&arguments(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn failures_of_both_kinds_count() {
        let mut tally = Tally { failed_elsewhere: 2, ..Tally::failure("x") };
        tally.check("good", Ok(()));
        tally.check("bad", Err("y".into()));
        assert_eq!((tally.passed, tally.failed()), (1, 4));
        assert_eq!(tally.failures, ["x", "bad: y"]);
    }
}
