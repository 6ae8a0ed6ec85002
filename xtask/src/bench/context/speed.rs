//! Times and memory over one work tree, beside the floor and other programs, in one run.

use super::super::Programs;
use super::options::Options;
use super::searchable::{self, Watched};
use super::usage::{Spent, spent};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How often each program is run, all of them in turn, so that a machine that grows slower grows slower for all. The best run of each counts, since
/// everything else on the machine only adds to it.
const ROUNDS: usize = 3;

/// A program with what it used, or why there is nothing to tell.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) found: Result<Spent, String>,
}

/// Everything about one work tree.
pub(super) struct Speed {
    /// Cold index first, then the others.
    pub(super) rows: Vec<Row>,
    /// What the library measured of itself.
    pub(super) warm: Result<Value, String>,
    pub(super) watched: Result<Watched, String>,
}

pub(super) fn measure(programs: &Programs, project: &Path, options: &Options) -> Result<Speed, String> {
    let project = fs::canonicalize(project).map_err(|e| format!("{}: {e}", project.display()))?;
    let scratch = Scratch::new()?;
    let rows = rows(programs, &project, options, &scratch.0);
    eprintln!("{}: warm compile", project.display());
    let warm = warm(&programs.xtask, &project, &scratch.0);
    eprintln!("{}: change to searchable", project.display());
    Ok(Speed { rows, warm, watched: searchable::measure(&programs.jeton, &project) })
}

/// Packs a tree, and says what it took.
type Way<'w> = &'w dyn Fn() -> Result<Spent, String>;

/// The programs beside each other, ours first: a cold index, then what the cache saves, then the others.
fn rows(programs: &Programs, project: &Path, options: &Options, scratch: &Path) -> Vec<Row> {
    let (floor_name, list) = floor();
    let ways: [(&'static str, Way<'_>); 5] = [
        ("jeton, cold index", &|| cold(&programs.jeton, project)),
        ("jeton, index from its cache", &|| search(&programs.jeton, project)),
        (floor_name, &|| read_all(list, project)),
        ("repomix", &|| repomix(options, project, scratch)),
        ("code2prompt", &|| code2prompt(options, project, scratch)),
    ];
    let mut rounds: Vec<Vec<Result<Spent, String>>> = vec![Vec::new(); ways.len()];
    for round in 1..=ROUNDS {
        for ((name, run), seen) in ways.iter().zip(&mut rounds) {
            eprintln!("{}: {name}, {round} of {ROUNDS}", project.display());
            seen.push(run());
        }
    }
    ways.iter().zip(rounds).map(|((name, _), seen)| Row { name, found: best(seen) }).collect()
}

/// The run of least CPU time, or why one of them failed.
fn best(seen: Vec<Result<Spent, String>>) -> Result<Spent, String> {
    let all = seen.into_iter().collect::<Result<Vec<_>, _>>()?;
    all.into_iter().min_by(|a, b| a.cpu_s.total_cmp(&b.cpu_s)).ok_or_else(|| "no round".to_owned())
}

/// One search with no cache: everything is read and indexed for it.
fn cold(jeton: &Path, project: &Path) -> Result<Spent, String> {
    let cache = project.join(".jeton/context");
    match fs::remove_dir_all(&cache) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(format!("{}: {error}", cache.display())),
        _ => search(jeton, project),
    }
}

fn search(jeton: &Path, project: &Path) -> Result<Spent, String> {
    let mut command = Command::new(jeton);
    command.args(["context", "search", "where errors are reported", "--json", "--project"]).arg(project);
    spent(command)
}

/// The least that reading every file costs: its name, and what lists the files.
fn floor() -> (&'static str, &'static str) {
    if is_there("rg") {
        ("floor: rg --files, cat, wc", "rg --files -0")
    } else {
        ("floor: find, cat, wc (rg is not installed)", "find . -type f -not -path '*/.git/*' -print0")
    }
}

fn read_all(list: &str, project: &Path) -> Result<Spent, String> {
    let mut command = Command::new("sh");
    command.current_dir(project).args(["-c", &format!("{list} | xargs -0 cat | wc -c")]);
    spent(command)
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|out| out.status.success())
}

const NOT_INSTALLED: &str = "not installed";

fn repomix(options: &Options, project: &Path, scratch: &Path) -> Result<Spent, String> {
    let has_npx = || Command::new("npx").args(["--no-install", "repomix", "--version"]).output().is_ok_and(|out| out.status.success());
    let mut command = match &options.repomix {
        Some(program) => Command::new(program),
        None if is_there("repomix") => Command::new("repomix"),
        None if has_npx() => {
            let mut command = Command::new("npx");
            command.args(["--no-install", "repomix"]);
            command
        }
        None => return Err(NOT_INSTALLED.to_owned()),
    };
    command.arg("--quiet").arg("--output").arg(scratch.join("repomix.xml")).arg(project);
    spent(command)
}

fn code2prompt(options: &Options, project: &Path, scratch: &Path) -> Result<Spent, String> {
    let program = options.code2prompt.clone().unwrap_or_else(|| PathBuf::from("code2prompt"));
    if !program.to_str().is_some_and(is_there) {
        return Err(NOT_INSTALLED.to_owned());
    }
    let mut command = Command::new(program);
    command.arg(project).arg("--output-file").arg(scratch.join("code2prompt.md"));
    spent(command)
}

fn warm(xtask: &Path, project: &Path, scratch: &Path) -> Result<Value, String> {
    let mut command = Command::new(xtask);
    command.args(["bench", "context-warm"]).arg(project).arg(scratch.join("cache"));
    let done = spent(command)?;
    let mut data: Value = serde_json::from_str(&done.stdout).map_err(|e| format!("no figures: {e}"))?;
    data["peak_kib"] = done.peak_kib.into();
    Ok(data)
}

/// A directory for what the programs write, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, String> {
        let directory = std::env::temp_dir().join(format!("jeton-bench-scratch-{}", std::process::id()));
        fs::create_dir_all(&directory).map_err(|e| format!("{}: {e}", directory.display()))?;
        Ok(Self(directory))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
