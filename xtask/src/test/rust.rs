//! The parts that cargo runs.

use super::Tally;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

pub(super) fn format(root: &Path) -> Tally {
    quiet(root, &["fmt", "--all", "--check"], "run `cargo fmt --all`")
}

pub(super) fn lints(root: &Path) -> Tally {
    quiet(root, &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"], "see above")
}

/// `--workspace` in each of the next three keeps the set of features the same, so nothing is built twice.
pub(super) fn unit(root: &Path) -> Tally {
    libtest(root, &["--lib", "--bins", "--examples"])
}

pub(super) fn doc(root: &Path) -> Tally {
    libtest(root, &["--doc"])
}

pub(super) fn binary(root: &Path) -> Tally {
    libtest(root, &["--test", "*"])
}

/// Cargo, as started by the person or by cargo itself.
pub(super) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

fn quiet(root: &Path, arguments: &[&str], advice: &str) -> Tally {
    let mut tally = Tally::default();
    let name = format!("cargo {}", arguments[0]);
    let outcome = match cargo(root).args(arguments).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(advice.to_owned()),
        Err(why) => Err(why.to_string()),
    };
    tally.check(&name, outcome);
    tally
}

/// Runs tests, shows their output as it comes and counts what libtest says.
fn libtest(root: &Path, targets: &[&str]) -> Tally {
    let mut command = cargo(root);
    command.args(["test", "--workspace", "--no-fail-fast"]).args(targets).stdout(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(why) => return Tally::failure(format!("cargo test: {why}")),
    };
    let mut tally = Tally::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            println!("{line}");
            count(&line, &mut tally);
        }
    }
    // A suite that did not build, or died, says nothing that could be counted.
    let success = child.wait().is_ok_and(|status| status.success());
    if !success && tally.failed() == 0 {
        tally.failures.push("cargo test did not get to the end; see above".into());
    }
    if success && tally.passed == 0 && targets != ["--doc"] {
        tally.failures.push("no test was run".into());
    }
    tally
}

/// Reads `test result: FAILED. 3 passed; 1 failed; 0 ignored; …` and the names of failed tests.
fn count(line: &str, tally: &mut Tally) {
    if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
        tally.failures.push(name.to_owned());
    }
    let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else { return };
    let number = |word: &str| counts.split("; ").find_map(|part| part.strip_suffix(word)?.trim().parse::<u64>().ok()).unwrap_or(0);
    tally.passed += number(" passed");
    if number(" ignored") > 0 {
        tally.failures.push(format!("{} tests are ignored; a test runs or goes", number(" ignored")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_the_result_lines() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test a::b ... ok",
            "test a::c ... FAILED",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test results are in",
        ] {
            count(line, &mut tally);
        }
        assert_eq!(tally.passed, 7);
        assert_eq!(tally.failures, ["a::c", "1 tests are ignored; a test runs or goes"]);
    }
}
