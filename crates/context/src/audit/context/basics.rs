//! What every project needs: a README, how to build it, owners, files within what agents read.

use super::stock::is_agents;
use super::{about_all, about_doc};
use crate::audit::report::{Fact, Item, Touched, counted, grouped, listed};
use crate::audit::survey::{DocText, Survey};
use crate::tree::{file_name, parent};
use crate::{Finding, Format, Kind, Loading, Place, Severity, Unit};
use std::collections::{BTreeMap, BTreeSet};

/// Some agents cut what all `AGENTS.md` on the way to a file say together after so many bytes.
const AGENTS_BYTES_MAX: u64 = 32 << 10;

/// The descriptions of all skills together, in characters; agents drop what is beyond it.
const SKILLS_CHARACTERS_MAX: u64 = 8_000;

/// Beginnings of commands that build or test, of the usual tools.
const BUILD: [&str; 40] = [
    "make",
    "just ",
    "cargo build",
    "cargo test",
    "cargo run",
    "cargo install",
    "cargo nextest",
    "cargo xtask",
    "npm install",
    "npm ci",
    "npm test",
    "npm run",
    "yarn",
    "pnpm ",
    "bun ",
    "go build",
    "go test",
    "go install",
    "go get",
    "pip install",
    "python -m",
    "pytest",
    "tox",
    "nox",
    "uv ",
    "poetry ",
    "hatch ",
    "mvn ",
    "./mvnw",
    "gradle ",
    "./gradlew",
    "docker ",
    "cmake",
    "bundle ",
    "rake",
    "composer ",
    "dotnet ",
    "swift build",
    "mix ",
    "bazel ",
];

/// Whether there is a README, and a document that says how to build or test.
pub(super) fn readme_and_build(survey: &Survey<'_>) -> (Vec<Fact>, Vec<Item>) {
    let mut items = Vec::new();
    let is_readme = |doc: &&DocText| {
        let name = file_name(&doc.path).to_lowercase();
        matches!(parent(&doc.path), "" | "docs" | ".github") && name.split('.').next() == Some("readme")
    };
    let links = survey.tree.links().iter().any(|link| link.path.to_lowercase().starts_with("readme"));
    let has_code = survey.code().next().is_some();
    if survey.docs.iter().find(is_readme).is_none() && !links && has_code {
        let message = "There is no README at the top.".to_owned();
        items.push(about_all(
            survey,
            "no-readme",
            Severity::Warning,
            Place::file("README.md"),
            message,
            "Write README.md: what this is, how to build it, how to test it.",
        ));
    }
    let commands: Vec<&str> = survey.work_docs().filter(|doc| tells_commands(doc)).map(|doc| &*doc.path).collect();
    let says = match commands.first() {
        Some(first) => {
            format!("{} commands that install, build or test (`{first}` is the first)", counted(commands.len() as u64, "document gives", "documents give"))
        }
        None => "no document gives a command that installs, builds or tests".to_owned(),
    };
    if commands.is_empty() && has_code {
        let place = Place::file(survey.docs.iter().find(is_readme).map_or("README.md", |doc| &*doc.path));
        let message = "No document says how this is built or tested.".to_owned();
        items.push(about_all(
            survey,
            "no-build-instructions",
            Severity::Warning,
            place,
            message,
            "Add a block of code with the commands that build and test it.",
        ));
    }
    (vec![Fact::new("documents-with-commands", commands.len() as u64, says)], items)
}

fn tells_commands(doc: &DocText) -> bool {
    let is_command = |line: &str| {
        let line = line.trim().trim_start_matches(['$', '>', '%']).trim_start();
        BUILD.iter().any(|beginning| line.strip_prefix(beginning).is_some_and(|rest| beginning.ends_with(' ') || rest.is_empty() || rest.starts_with(' ')))
    };
    match &doc.document {
        Some(document) => document.blocks.iter().any(|block| block.text.lines().any(is_command)) || document.codes.iter().any(|code| is_command(&code.text)),
        None => doc.text.lines().any(|line| is_command(line.trim_start().trim_start_matches('`'))),
    }
}

/// Units without an owner, where owners are named at all.
pub(super) fn owners(survey: &Survey<'_>, units: &[&Unit]) -> (Vec<Fact>, Vec<Item>) {
    let units: Vec<&Unit> = units.iter().copied().filter(|unit| !matches!(unit.kind, Kind::Code | Kind::History)).collect();
    let without: Vec<&Unit> = units.iter().copied().filter(|unit| unit.owners.is_empty()).collect();
    if units.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let says = format!("{} of {} units of context have no owner", grouped(without.len() as u64), grouped(units.len() as u64));
    let fact = Fact::of("units-without-owner", without.len() as u64, units.len() as u64, says);
    // Where nobody is named anywhere, one person may well own all: that is a fact and no fault.
    if without.is_empty() || without.len() == units.len() {
        return (vec![fact], Vec::new());
    }
    let files: BTreeSet<&str> = without.iter().map(|unit| &*unit.place.path).collect();
    let names: Vec<String> = files.iter().map(|path| (*path).to_owned()).collect();
    let message = format!(
        "{} {} no owner: {}.",
        counted(names.len() as u64, "file of context", "files of context"),
        if names.len() == 1 { "has" } else { "have" },
        listed(&names, 3)
    );
    let remedy = "Add a line for them to CODEOWNERS, or `owner:` to their front matter.";
    let commits = survey.past.touching(|file| files.contains(file));
    let finding = Finding::new("no-owner", Severity::Note, Place::file(names[0].as_str()), message, remedy);
    (vec![fact], vec![Item::new(finding, Touched { commits, ..Touched::default() })])
}

/// Files that agents cut or drop.
pub(super) fn budgets(survey: &Survey<'_>, units: &[&Unit]) -> (Vec<Fact>, Vec<Item>) {
    let mut items = Vec::new();
    for (path, bytes) in chains(survey).into_iter().filter(|(_, bytes)| *bytes > AGENTS_BYTES_MAX) {
        let message = format!("`{path}` and the AGENTS.md above it have {} bytes; some agents cut them after {}.", grouped(bytes), grouped(AGENTS_BYTES_MAX));
        let remedy = "Move what is needed seldom into documents, and name them where they help.";
        items.push(about_doc(survey, Finding::new("over-budget", Severity::Warning, Place::file(path), message, remedy)));
    }
    let skills: Vec<&Unit> = units.iter().copied().filter(|unit| unit.loading == Loading::Described && unit.format == Format::Skill).collect();
    let characters: u64 = skills.iter().map(|unit| described(unit)).sum();
    if characters > SKILLS_CHARACTERS_MAX {
        let message = format!(
            "The descriptions of {} have {} characters; agents drop what is beyond about {}.",
            counted(skills.len() as u64, "skill", "skills"),
            grouped(characters),
            grouped(SKILLS_CHARACTERS_MAX)
        );
        let finding =
            Finding::new("over-budget", Severity::Warning, skills[0].place.clone(), message, "Shorten the descriptions, or take out skills that nobody uses.");
        items.push(about_doc(survey, finding));
    }
    if !units.iter().any(|unit| is_agents(unit.format)) && survey.code().next().is_some() {
        let message = "Coding agents get nothing by themselves: there is no AGENTS.md, CLAUDE.md, rule or skill.".to_owned();
        let remedy = "Write AGENTS.md with what no agent can see from the code: the commands to check work, and rules that are easily broken. Keep it short: it is paid for with every request.";
        items.push(about_all(survey, "no-agent-file", Severity::Note, Place::file("AGENTS.md"), message, remedy));
    }
    (Vec::new(), items)
}

fn described(unit: &Unit) -> u64 {
    if let crate::Detail::Skill(skill) = &unit.detail { (skill.name.chars().count() + skill.description.chars().count()) as u64 } else { 0 }
}

/// Each `AGENTS.md` with the bytes of it and of those above it.
fn chains<'s>(survey: &'s Survey<'_>) -> Vec<(&'s str, u64)> {
    let sizes: BTreeMap<&str, (&str, u64)> =
        survey.docs.iter().filter(|doc| file_name(&doc.path) == "AGENTS.md").map(|doc| (parent(&doc.path), (&*doc.path, doc.text.len() as u64))).collect();
    let above = |directory: &str| sizes.iter().filter(|(other, _)| crate::audit::past::is_within(directory, other)).map(|(_, (_, bytes))| bytes).sum();
    sizes.iter().map(|(directory, (path, _))| (*path, above(directory))).collect()
}
