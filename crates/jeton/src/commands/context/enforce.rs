//! `jeton context enforce`: constraints that execute, on files, on what a change added, or on an answer.

use super::check::show;
use super::lock::no_git;
use super::{known_class, may_run_commands, plural, read_text, sandbox};
use crate::cli::{EnforceArgs, ReportFormat};
use crate::failure::Failure;
use crate::output;
use jeton_context::catalogue::matches_pattern;
use jeton_context::constraint::{Constraint, Enforcement, Subject, Surroundings, Target, Unscored, Verdict, enforce, judge_shape, run as judge};
use jeton_context::engine::Engine;
use jeton_context::git::FilePatch;
use jeton_context::tree::READ_BYTES_MAX;
use jeton_context::{Detail, Finding, Place, Unit, report};
use jeton_project::Snapshot;

/// The longest answer that is judged, in bytes.
const OUTPUT_BYTES_MAX: u64 = 16 << 20;

pub(super) fn run(engine: &Engine, snapshot: &Snapshot, args: &EnforceArgs, is_json: bool) -> Result<(), Failure> {
    known_class(snapshot, args.class.as_deref())?;
    let (desk, may_run) = (engine.desk(), may_run_commands(snapshot));
    let sandbox = sandbox(engine, may_run);
    let surroundings = Surroundings::new(desk.catalogue.units()).with_sandbox(sandbox.as_ref().map_err(Clone::clone));
    let made = match &args.output {
        Some(file) => on_output(desk.catalogue.units(), file, args, &surroundings)?,
        None => {
            let diff = args.diff.as_deref().map(|revision| added(engine, revision)).transpose()?;
            enforce(desk.catalogue.units(), &*desk.tree, diff.as_deref(), &surroundings)
        }
    };
    let format = if is_json { ReportFormat::Json } else { args.format };
    if format == ReportFormat::Json {
        let mut data = report::json(&made.breaches);
        data["checked"] = made.checked.into();
        data["unscored"] = serde_json::to_value(&made.unscored).unwrap_or_default();
        output::json(&data);
    } else {
        show(&made.breaches, format);
        tell(&made);
    }
    // Files that are too large to be read are known by name only, to every part of Jeton.
    let is_large = |unscored: &Unscored| unscored.path.as_deref().and_then(|path| desk.tree.file(path)).is_some_and(|file| file.size_bytes > READ_BYTES_MAX);
    match report::exit_code(&made.breaches) {
        // Whoever names a class wants to know whether its answer is good, and nothing was there to tell it.
        0 if args.class.is_some() && made.checked == 0 => Err(Failure::Undecided),
        0 if made.unscored.iter().all(is_large) => Ok(()),
        0 => Err(Failure::Undecided),
        _ => Err(Failure::No),
    }
}

fn tell(made: &Enforcement) {
    eprintln!("{} made", plural(usize::try_from(made.checked).unwrap_or(usize::MAX), "check"));
    for unscored in &made.unscored {
        let of = unscored.path.as_deref().map(|path| format!(" on {path}")).unwrap_or_default();
        eprintln!("not checked: {}{of}: {}", unscored.unit, unscored.why);
    }
}

fn added(engine: &Engine, revision: &str) -> Result<Vec<FilePatch>, Failure> {
    let git = engine.git().map_err(no_git)?;
    if git.is_bare() {
        return Err(Failure::usage("a bare repository has no files that could differ from a revision", "run this in a work tree"));
    }
    if git.resolve(revision).is_none() {
        return Err(Failure::usage(format!("Git knows no revision `{revision}`"), "name a branch, a tag or a commit"));
    }
    let tracked = git.diff_worktree(revision);
    tracked
        .and_then(|tracked| Ok([tracked, git.untracked()?].concat()))
        .map_err(|error| Failure::dependency(format!("what changed since {revision} cannot be told: {error}"), "`git fsck` checks the repository"))
}

/// Judges an answer by every constraint that speaks of answers and is for its class and model, and by the schemas of its class.
fn on_output(units: &[Unit], file: &str, args: &EnforceArgs, surroundings: &Surroundings<'_>) -> Result<Enforcement, Failure> {
    let text = read_text(file, "the answer", OUTPUT_BYTES_MAX)?;
    let name = if file == "-" { "stdin" } else { file };
    let mut made = Enforcement::default();
    for unit in units.iter().filter(|unit| is_for(unit, args)) {
        let Detail::Constraint(constraint) = &unit.detail else { continue };
        if constraint.check.is_none() || constraint.target == Target::Files {
            continue;
        }
        match judge(constraint, Subject::Output { text: &text }, surroundings) {
            Verdict::Unscored(why) => made.unscored.push(Unscored { unit: unit.id.clone(), path: None, why }),
            Verdict::Holds => made.checked += 1,
            Verdict::Broken(breaches) => {
                made.checked += 1;
                made.breaches.extend(breaches.iter().map(|breach| finding(unit, constraint, name, breach.line, &breach.excerpt)));
            }
        }
    }
    if let Some(class) = &args.class {
        let shape = judge_shape(units, class, args.model.as_deref(), &text, name, surroundings);
        made.checked += shape.checked;
        made.breaches.extend(shape.breaches);
        made.unscored.extend(shape.unscored);
    }
    Ok(made)
}

fn finding(unit: &Unit, constraint: &Constraint, name: &str, line: u32, excerpt: &str) -> Finding {
    let place = if line == 0 { Place::file(name) } else { Place::line(name, line) };
    let remedy = constraint.text.trim().lines().next().unwrap_or_default();
    Finding::new("constraint-broken", constraint.severity, place, format!("`{}` is broken: {excerpt}", unit.id), remedy).about(unit).masked()
}

fn is_for(unit: &Unit, args: &EnforceArgs) -> bool {
    let matches = |patterns: &[String], value: Option<&str>| {
        patterns.is_empty() || value.is_some_and(|value| patterns.iter().any(|pattern| matches_pattern(pattern, value)))
    };
    matches(&unit.scope.classes, args.class.as_deref()) && matches(&unit.scope.models, args.model.as_deref())
}
