//! The third part: what would notice a mistake.

use super::entry::ci::Workflow;
use super::entry::{self, EntryPoint};
use super::gates::{self, Gate};
use super::past::is_within;
use super::report::{Fact, Item, Part, Section, Touched, counted, grouped};
use super::roles::Role;
use super::survey::Survey;
use crate::tree::parent;
use crate::{Catalogue, Detail, Finding, Place, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// Smaller parts are counted and not reported, in lines.
const LINES_MIN: u64 = 300;

/// Tests, what CI runs of them, code without any nearby, and rules without a check.
pub(super) fn section(survey: &Survey<'_>, catalogue: &Catalogue, entries: &[EntryPoint], workflows: &[Workflow]) -> Section {
    let mut facts = vec![tests(survey)];
    let mut items = Vec::new();
    facts.push(suites(survey));
    gate(survey, entries, workflows, &mut facts, &mut items);
    untested(survey, &mut facts, &mut items);
    unchecked_rules(survey, catalogue, &mut items);
    facts.push(blocks(survey));
    Section::new(Part::Evaluation, facts, items)
}

fn tests(survey: &Survey<'_>) -> Fact {
    let count: u64 = survey.sources.iter().map(|file| u64::from(file.tests)).sum();
    let files = survey.sources.iter().filter(|file| file.tests > 0).count() as u64;
    let mut frameworks: Vec<(&str, u64)> = survey.frameworks.iter().map(|(name, count)| (*name, *count)).collect();
    frameworks.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let names: Vec<&str> = frameworks.iter().take(4).map(|(name, _)| *name).collect();
    let with = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    Fact::new("tests", count, format!("{} in {}{with}, by the beginnings of their lines", counted(count, "test", "tests"), counted(files, "file", "files")))
}

fn suites(survey: &Survey<'_>) -> Fact {
    let is_suite = |path: &str| path.starts_with("evals/") && [".toml", ".jsonl", ".yaml", ".yml", ".json"].iter().any(|ending| path.ends_with(ending));
    let count = survey.tree.files().iter().filter(|file| is_suite(&file.path)).count() as u64;
    let says = if count == 0 {
        "no suite for what models do (`evals/`)".to_owned()
    } else {
        format!("{} for what models do in `evals/`", counted(count, "file", "files"))
    };
    Fact::new("suites", count, says)
}

/// What CI runs, and what of it runs before a change is taken.
fn gate(survey: &Survey<'_>, entries: &[EntryPoint], workflows: &[Workflow], facts: &mut Vec<Fact>, items: &mut Vec<Item>) {
    let has_code = survey.code().next().is_some();
    // The largest file that runs for changes is the one to look at.
    let main = workflows.iter().max_by_key(|workflow| (workflow.is_for_changes, !workflow.is_part, workflow.jobs.len()));
    let place = Place::file(main.map_or(".github/workflows", |workflow| workflow.path.as_str()));
    let (all, touched) =
        (survey.lines_within(""), || Touched { commits: survey.past.all(), lines: Some(survey.lines_within("")), is_everything: true, ..Touched::default() });
    let mut report =
        |code, severity, message: &str, remedy: &str| items.push(Item::new(Finding::new(code, severity, place.clone(), message, remedy), touched()));
    if workflows.is_empty() {
        facts.push(Fact::new("ci-files", 0, "no file of a CI system that is known here"));
        if has_code && all >= LINES_MIN {
            let script = survey.tree.files().iter().map(|file| &*file.path).find(|path| path.starts_with(".ci/") || path.starts_with("ci/"));
            match script {
                Some(script) => report(
                    "no-ci",
                    Severity::Note,
                    &format!("There is no file of a CI system that is known here, and what starts `{script}` is not to be seen."),
                    "If a system outside of the repository runs it for every proposed change, nothing is missing; else add a workflow that does.",
                ),
                None => report(
                    "no-ci",
                    Severity::Warning,
                    "Nothing that is seen here runs when a change is proposed: there is no file of a CI system that is known here.",
                    "Add a workflow that runs the tests for every proposed change.",
                ),
            }
        }
        return;
    }
    let commands = |only_changes: bool| {
        let files = workflows.iter().filter(|workflow| !only_changes || workflow.is_for_changes);
        entry::resolved(&files.map(Workflow::commands).collect::<String>(), entries)
    };
    let (any, before) = (commands(false), commands(true));
    let gated: Vec<Gate> = Gate::ALL.into_iter().filter(|gate| gates::runs(*gate, &before)).collect();
    let later: Vec<Gate> = Gate::ALL.into_iter().filter(|gate| !gated.contains(gate) && gates::runs(*gate, &any)).collect();
    let names = |gates: &[Gate]| {
        if gates.is_empty() { "nothing that is known here".to_owned() } else { gates.iter().map(|gate| gate.name()).collect::<Vec<_>>().join(", ") }
    };
    facts.push(Fact::new("ci-files", workflows.len() as u64, counted(workflows.len() as u64, "file of CI", "files of CI")));
    facts.push(Fact::of("gates", gated.len() as u64, Gate::ALL.len() as u64, format!("before a change is taken CI runs: {}", names(&gated))));
    if !later.is_empty() {
        facts.push(Fact::new("gates-later", later.len() as u64, format!("at other times only: {}", names(&later))));
    }
    // A command that speaks of tests may well run them, with a tool that is not known here.
    let has_tests = survey.sources.iter().any(|file| file.tests > 0) && !gates::speak_of_tests(&before);
    if has_tests && !gated.contains(&Gate::Tests) && later.contains(&Gate::Tests) {
        report(
            "no-gate",
            Severity::Warning,
            "CI runs the tests, but not for a proposed change.",
            "Let the workflow with the tests run `on: pull_request` too.",
        );
    } else if has_tests && !gated.contains(&Gate::Tests) {
        report(
            "tests-not-in-ci",
            Severity::Warning,
            "No command of CI runs the tests or speaks of them.",
            "Run the tests in the workflow that runs for every proposed change.",
        );
    }
}

/// Packages (in Go: directories) with code and no test in them.
fn untested(survey: &Survey<'_>, facts: &mut Vec<Fact>, items: &mut Vec<Item>) {
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for file in survey.code().filter(|file| file.language != "Shell") {
        *lines.entry(home(survey, &file.path, file.language)).or_default() += file.lines;
    }
    let tested: BTreeSet<String> =
        survey.sources.iter().filter(|file| file.tests > 0 || file.role == Role::Test).map(|file| home(survey, &file.path, file.language)).collect();
    let is_tested = |home: &str| tested.contains(home);
    let without: Vec<(&String, u64)> = lines.iter().filter(|(home, _)| !is_tested(home)).map(|(home, lines)| (home, *lines)).collect();
    if lines.is_empty() {
        return;
    }
    let says = format!("packages with code and no test in them: {} of {}", grouped(without.len() as u64), grouped(lines.len() as u64));
    facts.push(Fact::of("packages-without-tests", without.len() as u64, lines.len() as u64, says));
    for (home, lines) in without.into_iter().filter(|(_, lines)| *lines >= LINES_MIN) {
        let shown = if home.is_empty() { "the package at the top".to_owned() } else { format!("`{home}/`") };
        let message = format!("No test stands in {shown}; whether tests elsewhere reach it, names alone do not tell.");
        let remedy = format!("Begin with one test of what {shown} promises to others.");
        let commits = survey.past.touching(|file| is_within(file, home) && home_is(survey, file, home));
        // Where nothing is tested at all, a mistake is not noticed; beside tested packages it may be.
        let severity = if tested.is_empty() { Severity::Warning } else { Severity::Note };
        items.push(Item::new(
            Finding::new("no-tests", severity, Place::file(if home.is_empty() { "." } else { home.as_str() }), message, remedy),
            Touched { commits, lines: Some(lines), ..Touched::default() },
        ));
    }
}

/// The package of a file; for Go, whose tests stand beside the code, the directory.
fn home(survey: &Survey<'_>, path: &str, language: &str) -> String {
    let directory = parent(path);
    if language == "Go" { directory.to_owned() } else { survey.package_of(directory).to_owned() }
}

fn home_is(survey: &Survey<'_>, path: &str, wanted: &str) -> bool {
    super::roles::language(path).is_some_and(|language| home(survey, path, language) == wanted)
}

/// Constraints that nothing checks.
fn unchecked_rules(survey: &Survey<'_>, catalogue: &Catalogue, items: &mut Vec<Item>) {
    let unchecked = catalogue.units().iter().filter(|unit| matches!(&unit.detail, Detail::Constraint(rule) if rule.check.is_none()));
    for unit in unchecked {
        let message = format!("The constraint `{}` has no check: nothing notices when it is broken.", unit.id);
        let finding = Finding::new("unchecked-constraint", Severity::Note, unit.place.clone(), message, "Give it a `check`: a pattern, a schema or a command.")
            .about(unit);
        let commits = survey.past.touching_path(&unit.place.path);
        items.push(Item::new(finding, Touched { commits, ..Touched::default() }));
    }
}

/// Blocks of code in documents, and those that are tests.
fn blocks(survey: &Survey<'_>) -> Fact {
    let blocks: Vec<&str> = survey
        .work_docs()
        .filter_map(|doc| doc.document.as_ref())
        .flat_map(|document| document.blocks.iter().map(|block| block.info.as_str()))
        .filter(|info| !info.is_empty())
        .collect();
    let tests = blocks.iter().filter(|info| info.split([' ', ',']).skip(1).any(|word| word == "test")).count() as u64;
    let says =
        format!("{} with a language in documents, {} of them marked as tests", counted(blocks.len() as u64, "block of code", "blocks of code"), grouped(tests));
    Fact::of("blocks-tested", tests, blocks.len() as u64, says)
}
