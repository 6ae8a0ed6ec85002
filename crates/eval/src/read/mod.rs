//! Reads suites: TOML or YAML in `evals/`, with cases in the file itself, in JSON Lines or CSV beside it, or taken from examples of the context.
//! All mistakes are found in one pass, each with its place and remedy. `docs/evals.md` is the reference of the format.

pub(crate) mod case;
pub(crate) mod check;
pub mod csv;
pub(crate) mod dialect;
pub(crate) mod digest;
pub(crate) mod files;
pub(crate) mod grader;
mod mixed;
pub mod names;
pub(crate) mod rows;
pub(crate) mod source;
mod target;
#[cfg(test)]
mod tests;
pub(crate) mod units;

use crate::import::{promptfoo, promptfoo_suite};
use crate::{Case, Criterion, Grader, Suite};
use case::Defaults;
use check::Surroundings;
use files::SUITE_BYTES_MAX;
use jeton_context::{Catalogue, Finding, Place, Severity, json, toml_values, yaml};
use jeton_core::is_name;
use names::Names;
use serde_json::Value;
use source::{Fields, Report, Source};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use units::Units;

const KEYS: [&str; 18] = [
    "name",
    "description",
    "class",
    "seed",
    "repeats",
    "concurrency",
    "errors_max",
    "timeout_ms",
    "cases",
    "cases_from_examples",
    "constraints",
    "case",
    "grade",
    "target",
    "matrix",
    "prompts",
    "vars",
    "watch",
];

/// The suites of a project: `evals/*.toml`, `*.yaml` and `*.yml`, by path.
#[must_use]
pub fn discover(project: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(project.join("evals")) else { return Vec::new() };
    let is_suite = |path: &PathBuf| path.extension().is_some_and(|end| end == "toml" || end == "yaml" || end == "yml") && path.is_file();
    let mut suites: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_suite).collect();
    suites.sort();
    suites
}

/// The suites of a project with their names, by path. One that cannot be parsed has its file's name.
#[must_use]
pub fn suites(project: &Path) -> Vec<(String, PathBuf)> {
    discover(project).into_iter().map(|file| (name_in(project, &file), file)).collect()
}

fn name_in(project: &Path, file: &Path) -> String {
    let source = open(project, file, &Report::default());
    let said = source.as_ref().and_then(|source| source.value.get("name")?.as_str().map(str::to_owned));
    said.unwrap_or_else(|| stem_of(file))
}

fn stem_of(file: &Path) -> String {
    file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What a suite that cannot be read says of itself, with its name, class and watch but without cases: so that it is missed where it was to
/// judge. None where the file cannot be parsed, or is not watched.
#[must_use]
pub fn head_of(project: &Path, file: &Path) -> Option<Suite> {
    let report = Report::default();
    let source = open(project, file, &report)?;
    let table = source.table("", &report)?;
    Some(settings(&table, file)).filter(|suite| suite.watch.is_some())
}

/// Reports every other file whose suite has this one's name: the ledger could not tell their runs apart.
fn only_of_its_name(project: &Path, file: &Path, suite: &Suite, report: &Report) {
    let own = file.canonicalize().ok();
    for (name, other) in suites(project) {
        if name == suite.name && other.canonicalize().ok() != own {
            let message = format!("two suites are called `{name}`: {} and {}", suite.place.path, files::shown(project, &other));
            report.error("duplicate-suite", suite.place.clone(), message, "Give one of them another `name`, or remove it.");
        }
    }
}

/// Reads a suite of the project. Units that it names are looked up in the project's catalogue, which is read when it is needed. A file of
/// promptfoo's is read as such.
///
/// # Errors
/// All findings, where one of them is an error; else they come with the suite.
pub fn read_suite(project: &Path, file: &Path) -> Result<(Suite, Vec<Finding>), Vec<Finding>> {
    read(project, file, &Units::new(project, None), None)
}

/// The same, with a catalogue that is at hand.
///
/// # Errors
/// As [`read_suite`].
pub fn read_suite_with(project: &Path, file: &Path, catalogue: &Catalogue) -> Result<(Suite, Vec<Finding>), Vec<Finding>> {
    read(project, file, &Units::new(project, Some(catalogue)), None)
}

/// The same, with what the suite names outside of itself looked up, models, packs and recorded runs, and its own name among those of others.
///
/// # Errors
/// As [`read_suite`].
pub fn read_suite_for(project: &Path, file: &Path, catalogue: &Catalogue, names: &dyn Names) -> Result<(Suite, Vec<Finding>), Vec<Finding>> {
    read(project, file, &Units::new(project, Some(catalogue)), Some(names))
}

fn read(project: &Path, file: &Path, units: &Units<'_>, names: Option<&dyn Names>) -> Result<(Suite, Vec<Finding>), Vec<Finding>> {
    let report = Report::default();
    let suite = open(project, file, &report).and_then(|source| {
        let is_foreign = !source.path.ends_with(".toml") && promptfoo::is_config(&source.value);
        if is_foreign {
            let suite = promptfoo_suite(project, file, source, &report).map(|suite| Suite { is_foreign, ..suite });
            suite.iter().zip(names).for_each(|(suite, names)| names::check(suite, None, names, &report));
            suite
        } else {
            suite(project, file, &source, (units, names), &report)
        }
    });
    if let (Some(suite), Some(_)) = (&suite, names) {
        only_of_its_name(project, file, suite, &report);
    }
    match suite {
        Some(suite) if !report.has_errors() => Ok((suite, report.take())),
        _ => Err(report.take()),
    }
}

/// The file with its values and lines.
pub(crate) fn open(project: &Path, file: &Path, report: &Report) -> Option<Source> {
    let shown: Arc<str> = files::shown(project, file).into();
    let read = files::locate(project, project, &file.to_string_lossy()).and_then(|path| files::text(&path, SUITE_BYTES_MAX));
    match read {
        Ok(text) => parse(&shown, &text, report),
        Err(unread) => {
            report.error(unread.code, Place::file(shown), unread.why, unread.remedy);
            None
        }
    }
}

/// The values of a structured text, after the end of its path.
pub(crate) fn parse(path: &Arc<str>, text: &str, report: &Report) -> Option<Source> {
    let (read, code, name) = if path.ends_with(".toml") {
        (toml_values::parse(text), "unreadable-toml", "TOML")
    } else if path.ends_with(".json") {
        (json::parse(text), "unreadable-json", "JSON")
    } else {
        (yaml::parse(text), "unreadable-yaml", "YAML")
    };
    match read {
        Ok(located) => Some(Source::file(Arc::clone(path), located, name != "TOML")),
        Err(error) => {
            report.error(code, Place::line(Arc::clone(path), error.line), format!("the file is no {name}: {}", error.message), "Mend the line.");
            None
        }
    }
}

fn suite(project: &Path, file: &Path, source: &Source, (units, names): (&Units<'_>, Option<&dyn Names>), report: &Report) -> Option<Suite> {
    let Some(table) = source.table("", report) else {
        report.error("no-cases", Place::file(Arc::clone(&source.path)), "the file says nothing", "Write `[[case]]`, or `cases = \"FILE.jsonl\"`.");
        return None;
    };
    table.only(&KEYS);
    let folder = file.parent().unwrap_or(project);
    let around = Surroundings { project, folder, units, report };
    let mut suite = settings(&table, file);
    suite.graders = grader::graders(table.tables("grade"), &[]);
    inline_schemas(&mut suite.graders, &table.place_of("grade"), &around);
    if table.flag("constraints").unwrap_or_default() {
        let graders = units::constraints(suite.class.as_deref(), units, &suite.graders);
        if graders.is_empty() {
            let message = "no mandatory constraint with a check of answers holds for the class, so `constraints` adds nothing";
            report.add(
                "no-constraints",
                Severity::Warning,
                table.place_of("constraints"),
                message,
                "Leave it out, or see `jeton context list --kind constraint`.",
            );
        }
        suite.graders.extend(graders);
    }
    suite.cases = cases(&table, &suite, &around);
    check::check(&suite, Some(&table), &around);
    names.into_iter().for_each(|names| names::check(&suite, Some(&table), names, report));
    suite.digest = digest::digest(&suite, &check::file_digests(&suite.cases, project, folder));
    Some(suite)
}

/// What stands at the head of a suite, with prompts and targets.
fn settings(table: &Fields<'_>, file: &Path) -> Suite {
    let name = table.text("name").unwrap_or_else(|| stem_of(file));
    if !is_name(&name) {
        table.error(
            "bad-value",
            "name",
            format!("`{name}` is no name of a suite"),
            "Write `name`, of letters, digits and `._-:=@/`, beginning with a letter or digit.",
        );
    }
    let prompts = target::prompts(table);
    let targets = target::targets(table, &prompts);
    if targets.is_empty() && !table.has("target") && !table.has("matrix") {
        let message = "the suite does not say what is tried";
        table.report.add("no-targets", Severity::Note, table.place(), message, "Write `[[target]]`, or name a target where the suite is run.");
    }
    let mut suite = Suite::new(name, Place::file(Arc::clone(&table.source.path)));
    suite.description = table.text("description").unwrap_or_default();
    suite.class = case::class(table);
    (suite.targets, suite.prompts) = (targets, prompts);
    suite.seed = table.count("seed", 0, u64::MAX).unwrap_or(suite.seed);
    suite.repeats = table.small("repeats", 1).unwrap_or(suite.repeats);
    suite.concurrency = table.count("concurrency", 1, 10_000).and_then(|count| usize::try_from(count).ok()).unwrap_or(suite.concurrency);
    suite.errors_max = table.number_in("errors_max", 0.0, 1.0).unwrap_or(suite.errors_max);
    suite.timeout_ms = table.count("timeout_ms", 1, u64::MAX);
    suite.watch = target::watch(table);
    suite
}

/// The cases of files, of the suite itself, and of examples, in this order.
fn cases(table: &Fields<'_>, suite: &Suite, around: &Surroundings<'_>) -> Vec<Case> {
    let vars = case::vars(table);
    let defaults = Defaults { vars: &vars, graders: &suite.graders };
    let mut cases = Vec::new();
    for name in table.texts("cases") {
        match files::locate(around.project, around.folder, &name) {
            Ok(path) => add_rows(&path, &defaults, around, &mut cases),
            Err(unread) => table.error(unread.code, "cases", unread.why, unread.remedy),
        }
    }
    for inline in table.tables("case") {
        let number = cases.len() + 1;
        cases.extend(case::case(&inline, &defaults, number));
    }
    for mut example in units::cases(table, around.units) {
        for (name, value) in &vars {
            example.vars.insert(name.clone(), value.clone());
        }
        cases.push(example);
    }
    for case in &mut cases {
        let place = case.place.clone();
        inline_schemas(&mut case.graders, &place, around);
    }
    cases
}

fn add_rows(path: &Path, defaults: &Defaults<'_>, around: &Surroundings<'_>, cases: &mut Vec<Case>) {
    let rows = rows::read(around.project, path, around.report);
    if rows.rows.is_empty() && !around.report.has_errors() {
        let place = Place::file(files::shown(around.project, path));
        around.report.error("no-cases", place, "the file has no rows", "Write one case on each line, or leave the file out.");
    }
    for row in &rows.rows {
        let number = cases.len() + 1;
        cases.extend(row.source.table("", around.report).and_then(|table| case::case(&table, defaults, number)));
    }
}

/// Puts the schema of a file in the place of its path, so that the suite holds all that decides.
fn inline_schemas(graders: &mut [Grader], place: &Place, around: &Surroundings<'_>) {
    for grader in graders {
        match &mut grader.criterion {
            Criterion::All { of } | Criterion::Any { of } => inline_schemas(of, place, around),
            Criterion::JsonSchema { schema: Some(schema), .. } => {
                if let Some(path) = schema.as_str().map(str::to_owned) {
                    *schema = read_schema(&path, place, around);
                }
            }
            _ => {}
        }
    }
}

fn read_schema(named: &str, place: &Place, around: &Surroundings<'_>) -> Value {
    let text = files::locate(around.project, around.folder, named).and_then(|path| files::text(&path, SUITE_BYTES_MAX));
    let text = match text {
        Ok(text) => text,
        Err(unread) => {
            around.report.error(unread.code, place.clone(), unread.why, unread.remedy);
            return Value::Bool(true);
        }
    };
    let schema = jeton_context::schema::read_file(named, &text).and_then(|value| jeton_context::schema::Schema::new(&value).map(|_| value));
    schema.unwrap_or_else(|why| {
        around.report.error("bad-schema", place.clone(), format!("the schema in `{named}` cannot be read: {why}"), "Mend the schema.");
        Value::Bool(true)
    })
}
