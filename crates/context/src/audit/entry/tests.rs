use super::*;
use crate::audit::past::Past;
use crate::tree::MemoryTree;
use crate::{Catalogue, CatalogueOptions};

/// The entry points of these files as `name call line description typed safety`, jobs of CI left out.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &[(&str, u32, bool, Option<bool>, Safety)]) {
    let tree = MemoryTree::new(files.iter().copied());
    let survey = Survey::take(&tree, Past::default());
    let (entries, _) = find(&survey, &Catalogue::build(&tree, &CatalogueOptions { vocabularies: Vec::new() }));
    let found: Vec<(&str, u32, bool, Option<bool>, Safety)> = entries
        .iter()
        .filter(|entry| entry.source != Source::CiJob)
        .map(|entry| (entry.shown(), entry.place.first_line, entry.has_description, entry.is_typed, entry.safety))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn make_targets() {
    let text = "X := 1\n.PHONY: test\n# Runs every test.\ntest: build ## all\n\tgo test ./...\nbuild:\n\tgo build\nout/a.o: a.c\n\tcc\n%.o: %.c\n\tcc\nship: Y = 2\nship:\n\tgit push origin\n";
    let expected = [("make test", 4, true, None, Safety::Safe), ("make build", 6, false, None, Safety::Safe), ("make ship", 13, false, None, Safety::Unsafe)];
    check(&[("Makefile", text)], &expected);
}

#[test]
fn just_recipes() {
    let text = "set shell := ['sh']\nv := '1'\n# Formats.\nfmt:\n    cargo fmt\n[private]\nhidden:\n    x\n_h:\n    x\n[confirm]\ndeploy env='a': fmt\n    kubectl apply -f .\n";
    check(&[("justfile", text)], &[("just fmt", 4, true, Some(true), Safety::Safe), ("just deploy", 12, false, Some(true), Safety::Unsafe)]);
}

#[test]
fn package_scripts_of_all_workspaces() {
    let top = "{\n \"scripts\": {\n  \"test\": \"vitest\",\n  \"pretest\": \"x\",\n  \"prepare\": \"husky\"\n }\n}";
    let inner = "{\"scripts\": {\"seed\": \"node seed.js\"}, \"scripts-info\": {\"seed\": \"Fills the database\"}}";
    check(
        &[("package.json", top), ("apps/web/package.json", inner), ("node_modules/a/package.json", inner), ("broken/package.json", "{\"scripts\": ")],
        &[("npm run seed", 1, true, None, Safety::Unknown), ("npm run test", 3, false, None, Safety::Safe)],
    );
}

#[test]
fn cargo_commands() {
    let config = "[alias]\n# Builds and packs.\ndist = [\"run\", \"-p\", \"dist\"]\nlint = \"clippy\"\n";
    let manifest = "[package]\nname = \"tea\"\n[dependencies]\nclap = \"4\"\n";
    check(
        &[
            (".cargo/config.toml", config),
            ("Cargo.toml", manifest),
            ("src/main.rs", "fn main() {}"),
            ("examples/a/Cargo.toml", manifest),
            ("examples/a/src/main.rs", ""),
        ],
        &[
            ("cargo dist", 3, true, None, Safety::Unknown),
            ("cargo lint", 4, false, None, Safety::Safe),
            ("cargo run -p tea", 2, false, Some(true), Safety::Unknown),
        ],
    );
}

#[test]
fn python_tasks() {
    let project = "[project.scripts]\ntea = \"tea:main\"\n[tool.poe.tasks.check]\nhelp = \"Checks\"\ncmd = \"ruff check\"\n";
    let nox = "import nox\n@nox.session(python=['3'])\ndef tests(session):\n    \"\"\"All tests.\"\"\"\n    session.run('pytest')\n";
    check(
        &[("pyproject.toml", project), ("noxfile.py", nox), ("tox.ini", "[tox]\n[testenv:lint]\ndescription = x\ncommands = ruff\n")],
        &[
            ("nox -s tests", 3, true, None, Safety::Safe),
            ("tea", 2, false, None, Safety::Unknown),
            ("poe check", 3, true, None, Safety::Safe),
            ("tox -e lint", 2, true, None, Safety::Safe),
        ],
    );
}

#[test]
fn scripts_and_containers() {
    check(
        &[
            ("scripts/check.sh", "#!/bin/sh\nset -e\necho $1\n"),
            ("scripts/lib.sh", "f() { :; }\n"),
            ("scripts/load.py", "#!/usr/bin/env python\n\"\"\"Loads all rates anew.\"\"\"\nimport argparse\n"),
            ("scripts/module.py", "import a\n"),
            ("src/a.py", "#!/usr/bin/env python\n"),
            ("Dockerfile", "FROM x\n"),
        ],
        &[
            ("scripts/check.sh", 1, false, Some(false), Safety::Safe),
            ("scripts/load.py", 1, true, Some(true), Safety::Unknown),
            ("Dockerfile", 1, false, None, Safety::Safe),
        ],
    );
}

#[test]
fn operations_of_an_api_are_typed() {
    let text = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths:\n  /tea:\n    get: {summary: All teas, responses: {}}\n    delete: {responses: {}}\n    post: {responses: {}}\n";
    check(
        &[("openapi.yaml", text)],
        &[
            ("GET /tea", 5, true, Some(true), Safety::Safe),
            ("DELETE /tea", 6, false, Some(true), Safety::Unsafe),
            ("POST /tea", 7, false, Some(true), Safety::Unknown),
        ],
    );
}

/// The workflows of these files: path, whether for changes, commands.
#[track_caller]
fn check_ci(files: &[(&str, &str)], expected: &[(&str, bool, &str)]) {
    let tree = MemoryTree::new(files.iter().copied());
    let workflows = ci::find(&Survey::take(&tree, Past::default()));
    let found: Vec<(&str, bool, String)> =
        workflows.iter().map(|workflow| (workflow.path.as_str(), workflow.is_for_changes, workflow.commands().trim().to_owned())).collect();
    let expected: Vec<(&str, bool, String)> =
        expected.iter().map(|(path, is_for_changes, commands)| (*path, *is_for_changes, (*commands).to_owned())).collect();
    assert_eq!(found, expected);
}

#[test]
fn workflows_and_what_they_call() {
    let main = "on: [pull_request]\njobs:\n  a:\n    uses: ./.github/workflows/part.yml\n";
    let part = "on: workflow_call\njobs:\n  t:\n    runs-on: x\n    steps:\n      - run: make test\n";
    check_ci(
        &[(".github/workflows/ci.yml", main), (".github/workflows/part.yml", part), (".github/workflows/bad.yml", "on: [\n"), ("docs/workflows/x.yml", main)],
        &[(".github/workflows/ci.yml", true, "uses: ./.github/workflows/part.yml"), (".github/workflows/part.yml", true, "make test")],
    );
    check_ci(&[(".github/workflows/n.yml", "on: {schedule: [{cron: x}]}\njobs: {a: {steps: [{run: ls}]}}\n")], &[(".github/workflows/n.yml", false, "ls")]);
    check_ci(&[(".gitlab-ci.yml", "stages: [a]\nt:\n  script: [make test]\n.h:\n  script: x\n")], &[(".gitlab-ci.yml", true, "make test")]);
}

#[test]
fn what_ci_runs_is_followed_through_entry_points() {
    let tree = MemoryTree::new([("Makefile", "ci: unit\nunit:\n\tgo test ./...\n")]);
    let (entries, _) = find(&Survey::take(&tree, Past::default()), &Catalogue::default());
    assert!(resolved("make ci", &entries).contains("go test"));
    assert_eq!(resolved("make cinema", &entries), "make cinema");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read(text in "[ -~\n\t\"'é:%$]{0,200}") {
        for path in ["Makefile", "justfile", "package.json", "pyproject.toml", "tox.ini", "noxfile.py", ".cargo/config.toml", "scripts/a.sh", "compose.yml", ".github/workflows/a.yml", ".gitlab-ci.yml", "Cargo.toml"] {
            let tree = MemoryTree::new([(path, text.as_str())]);
            let _ = find(&Survey::take(&tree, Past::default()), &Catalogue::default());
        }
    }
}
