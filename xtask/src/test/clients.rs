//! The parts in which real clients talk to the real server.

use super::server::{self, Project, Server};
use super::{Tally, rust, scratch};
use crate::{Outcome, promptfoo};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The project that the suites of the vendors' SDKs talk to.
const PROJECT: &str = include_str!("../../../tests/sdk/jeton.toml");

/// What `jeton demo` must say for its stories to have happened.
const DEMO_SAYS: [&str; 14] = [
    "killed (SIGKILL)",
    "36 of 36 calls were answered",
    "every total and invariant holds",
    "support.reply",
    "docs.answer",
    "All of it held.",
    "fact-differs context/refunds.md",
    "fact-elsewhere context/shop.md",
    "within 14 days of delivery",
    "constraint:policy-keeps-the-card by data/policy.toml",
    "verdict: better",
    "verdict: worse",
    "context-missing, level L2",
    "with the narrowed pack  environment",
];

/// The longest that the demo may take, once built: a minute for each of its stories, less what they share.
const DEMO_LIMIT: Duration = Duration::from_secs(120);

pub(super) fn demo(root: &Path) -> Tally {
    let mut tally = Tally::default();
    tally.check("jeton demo", run_demo(root));
    tally
}

fn run_demo(root: &Path) -> Outcome {
    let binary = server::binary(root)?;
    let directory = scratch(root, "demo")?;
    let started = Instant::now();
    let output = server::bare(&binary, &directory).arg("demo").output().map_err(|e| e.to_string())?;
    let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    print!("{printed}");
    if !output.status.success() {
        return Err(format!("it ended with {}", output.status));
    }
    if let Some(missing) = DEMO_SAYS.iter().find(|words| !printed.contains(**words)) {
        return Err(format!("it does not say `{missing}`"));
    }
    if started.elapsed() > DEMO_LIMIT {
        return Err(format!("it took {} s; two minutes are the limit", started.elapsed().as_secs()));
    }
    Ok(())
}

pub(super) fn python(root: &Path) -> Tally {
    let directory = root.join("tests/sdk/python");
    let interpreter = directory.join(if cfg!(windows) { ".venv/Scripts/python.exe" } else { ".venv/bin/python" });
    if !interpreter.exists() {
        return Tally::skip("there is no virtual environment in tests/sdk/python/.venv; .ci/run makes it");
    }
    let goldens = match translated_goldens(root) {
        Ok(goldens) => goldens,
        Err(why) => return Tally::failure(why),
    };
    with_server(root, "python", |keys, url| {
        let mut command = Command::new(&interpreter);
        command.current_dir(&directory).args(["-m", "pytest", "-q", "-rfEs", "-p", "no:cacheprovider", "--color=no", "."]);
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("JETON_GOLDENS", &goldens);
        read_pytest(&said(keys.give(&mut command, url))?)
    })
}

/// Where all answers lie that the scenarios of translation come to, for the vendors' parsers.
fn translated_goldens(root: &Path) -> Result<PathBuf, String> {
    let directory = scratch(root, "goldens")?;
    // The arguments of the other suites, so that nothing is built twice.
    let mut command = rust::cargo(root);
    command.args(["test", "--workspace", "--quiet", "--test", "translation", "--", "goldens::"]).env("JETON_GOLDENS", &directory);
    let output = command.output().map_err(|e| e.to_string())?;
    let said = [output.stdout, output.stderr].concat();
    if output.status.success() { Ok(directory) } else { Err(format!("the scenarios of translation fail:\n{}", String::from_utf8_lossy(&said))) }
}

pub(super) fn node(root: &Path) -> Tally {
    node_suite(root, "node", &root.join("tests/sdk/node"), &[])
}

pub(super) fn promptfoo(root: &Path) -> Tally {
    if in_path("node").is_none() {
        return Tally::skip("node is not installed");
    }
    if let Some(why) = promptfoo::missing(root) {
        return Tally::skip(why);
    }
    let mut tally = Tally::default();
    match promptfoo::names(root) {
        Ok(names) => names.iter().for_each(|name| tally.check(name, promptfoo::check(root, name))),
        Err(why) => tally.failures.push(why),
    }
    tally
}

pub(super) fn browser(root: &Path) -> Tally {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let Some(chromium) = names.iter().find_map(|name| in_path(name)) else {
        return Tally::skip(format!("none of {} is installed", names.join(", ")));
    };
    let page = match server::page(root) {
        Ok(page) => page,
        Err(why) => return Tally::failure(why),
    };
    let pictures = root.join("target/xtask/screenshots");
    let environment = [("JETON_BROWSER", chromium), ("JETON_SCREENSHOTS", pictures), ("JETON_PAGE", page)];
    node_suite(root, "browser", &root.join("tests/browser"), &environment)
}

/// Its suites start a server each, since each needs a provider of its own behind it.
pub(super) fn agents(root: &Path) -> Tally {
    let directory = root.join("tests/agents");
    let mut command = match node_tests(root, &directory) {
        Ok(command) => command,
        Err(tally) => return tally,
    };
    let mut run = || {
        command.env("JETON_BINARY", server::binary(root)?).env("JETON_SCRATCH", scratch(root, "agents")?);
        read_tap(&said(&mut command)?)
    };
    run().unwrap_or_else(Tally::failure)
}

fn node_suite(root: &Path, name: &str, directory: &Path, environment: &[(&str, PathBuf)]) -> Tally {
    let mut command = match node_tests(root, directory) {
        Ok(command) => command,
        Err(tally) => return tally,
    };
    command.envs(environment.iter().map(|(name, value)| (*name, value)));
    with_server(root, name, |keys, url| read_tap(&said(keys.give(&mut command, url))?))
}

/// The command that runs the suites of a directory.
///
/// # Errors
/// A skip where this machine cannot run them, or a failure.
fn node_tests(root: &Path, directory: &Path) -> Result<Command, Tally> {
    let program = in_path("node").ok_or_else(|| Tally::skip("node is not installed"))?;
    if !directory.join("node_modules").exists() {
        let shown = directory.strip_prefix(root).unwrap_or(directory).display();
        return Err(Tally::skip(format!("there are no packages in {shown}/node_modules; .ci/run installs them")));
    }
    let mut command = Command::new(program);
    command.current_dir(directory).args(["--test", "--test-reporter=tap"]).args(suites(directory).map_err(Tally::failure)?);
    Ok(command)
}

fn suites(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(directory).map_err(|e| format!("{}: {e}", directory.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.to_string_lossy().ends_with(".test.mjs")).collect();
    files.sort();
    Ok(files)
}

/// The secrets that a suite works with.
struct Keys {
    main: String,
    poor: String,
    admin: String,
}

impl Keys {
    fn make(project: &Project) -> Result<Self, String> {
        Ok(Self {
            main: project.key(&["create", "suite", "--account", "suite"])?,
            poor: project.key(&["create", "poor", "--account", "poor"])?,
            admin: project.key(&["admin"])?,
        })
    }

    fn give<'a>(&self, command: &'a mut Command, url: &str) -> &'a mut Command {
        command.env("JETON_URL", url).env("JETON_KEY", &self.main).env("JETON_KEY_POOR", &self.poor).env("JETON_KEY_ADMIN", &self.admin)
    }
}

/// Makes a project with its keys, starts its server, runs a suite against it, stops it and has the ledger verified.
fn with_server(root: &Path, name: &str, suite: impl FnOnce(&Keys, &str) -> Result<Tally, String>) -> Tally {
    let ready = || {
        let context = if name == "browser" { "tests/browser/context" } else { "tests/sdk/context" };
        let agent = jeton_testkit::agent();
        let project = Project::new(root, name, &PROJECT.replace("AGENT", &agent.url()))?.with_context(&root.join(context))?;
        let keys = Keys::make(&project)?;
        let server = Server::start(&project)?;
        Ok::<_, String>((project, keys, server, agent))
    };
    let (project, keys, server, _agent) = match ready() {
        Ok(ready) => ready,
        Err(why) => return Tally::failure(why),
    };
    let mut tally = suite(&keys, &server.url).unwrap_or_else(Tally::failure);
    tally.check("the server stops when asked to", server.stop());
    tally.check("its ledger agrees with itself", project.command(&["ledger", "verify"]).map(drop));
    tally
}

/// Runs a command, shows what it prints and gives it.
fn said(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| e.to_string())?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    print!("{printed}{}", String::from_utf8_lossy(&output.stderr));
    Ok(printed)
}

/// Reads pytest's closing line, `3 failed, 20 passed, 1 skipped in 4.20s`, and the lines that name what failed.
fn read_pytest(printed: &str) -> Result<Tally, String> {
    let closing = printed.lines().rev().find(|line| line.contains(" in ") && [" passed", " failed", " error"].iter().any(|word| line.contains(word)));
    let closing = closing.ok_or("pytest did not get to the end")?.trim_matches(['=', ' ']);
    let counts = closing.split(" in ").next().unwrap_or_default();
    let number = |word: &str| counts.split(", ").find_map(|part| part.strip_suffix(word)?.trim().parse::<u64>().ok()).unwrap_or(0);
    let named = |prefix: &str| printed.lines().filter_map(|line| line.strip_prefix(prefix)).map(str::to_owned).collect::<Vec<_>>();
    let mut failures = named("FAILED ");
    failures.extend(named("ERROR "));
    let failed = number(" failed") + number(" error").max(number(" errors"));
    Ok(Tally { passed: number(" passed"), failed_elsewhere: failed.saturating_sub(failures.len() as u64), failures, skips: named("SKIPPED ") })
}

/// Reads node's TAP: the closing `# pass N` and `# fail N`, and the lines of failed and skipped tests.
fn read_tap(printed: &str) -> Result<Tally, String> {
    let number = |word: &str| printed.lines().rev().find_map(|line| line.strip_prefix(word)?.trim().parse::<u64>().ok());
    let passed = number("# pass").ok_or("node's test runner did not get to the end")?;
    let failed = number("# fail").unwrap_or(0) + number("# cancelled").unwrap_or(0);
    let title = |line: &str| line.split_once(" - ").map(|(_, title)| title.to_owned());
    let failures: Vec<String> = printed.lines().map(str::trim_start).filter(|line| line.starts_with("not ok ")).filter_map(title).collect();
    let skips = printed.lines().map(str::trim_start).filter(|line| line.starts_with("ok ") && line.contains("# SKIP")).filter_map(title).collect();
    // A failed test also fails the file it stands in, so names can outnumber the count.
    let failed_elsewhere = if failures.is_empty() { failed } else { 0 };
    Ok(Tally { passed, failures, failed_elsewhere, skips })
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(format!("{program}{}", std::env::consts::EXE_SUFFIX))).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tally: Result<Tally, String>, passed: u64, failed: u64, skipped: usize) {
        let tally = tally.unwrap();
        assert_eq!((tally.passed, tally.failed(), tally.skips.len()), (passed, failed, skipped), "{tally:?}");
    }

    #[test]
    fn pytest_is_understood() {
        check(read_pytest("....\n24 passed in 3.20s\n"), 24, 0, 0);
        check(read_pytest("F\nFAILED test_a.py::test_x - assert 1 == 2\n==== 1 failed, 20 passed in 4.20s ====\n"), 20, 1, 0);
        check(read_pytest("ERROR test_a.py - ImportError\n1 error in 0.10s\n"), 0, 1, 0);
        check(read_pytest("SKIPPED [1] test_a.py:3: no\n1 passed, 1 skipped in 0.10s\n"), 1, 0, 1);
        assert!(read_pytest("Segmentation fault").is_err());
    }

    #[test]
    fn tap_is_understood() {
        check(read_tap("ok 1 - a\n# tests 2\n# pass 2\n# fail 0\n# cancelled 0\n# skipped 0\n"), 2, 0, 0);
        check(read_tap("    not ok 1 - b\n# pass 1\n# fail 1\n"), 1, 1, 0);
        check(read_tap("ok 1 - c # SKIP why\n# pass 0\n# fail 0\n"), 0, 0, 1);
        assert!(read_tap("node: bad option").is_err());
    }
}
