//! Commands that a text names: targets, scripts and aliases that must exist.

mod known;
mod shell;

use super::desk::Desk;
use super::past::Was;
use crate::tree::{normalize, parent};
use crate::{Finding, Format, Severity, Trust, Unit};
use known::{Known, Presence};
use shell::Command;
use std::collections::BTreeSet;

/// How many missing commands are looked up in the past; each costs a walk through it.
const LOOKUPS_MAX: usize = 20;

pub(super) fn check(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let known = Known::read(desk);
    let mut lookups = 0;
    for (unit, prose) in desk.prose().filter(|(unit, _)| unit.trust > Trust::Vendor) {
        let inline = prose.codes.iter().map(|code| (code.text.clone(), code.span.start));
        let fenced = prose.fences().filter(|block| shell::is_shell(&block.language())).flat_map(|block| lines(&block.text, block.code.start, &unit.body));
        let mut said = BTreeSet::new();
        for (line, offset) in inline.chain(fenced) {
            for command in shell::commands(&line) {
                if said.insert((offset, format!("{command:?}"))) {
                    found.extend(look(desk, unit, offset, &command, &known, &mut lookups));
                }
            }
        }
    }
}

/// The lines of a fence with where each stands in the body.
fn lines(code: &str, start: usize, body: &str) -> Vec<(String, usize)> {
    let mut at = start;
    let mut found = Vec::new();
    for line in code.lines() {
        let offset = body.get(at..).and_then(|rest| rest.find(line)).map_or(at, |place| at + place);
        found.push((line.trim_start().trim_start_matches("$ ").to_owned(), offset));
        at = offset + line.len();
    }
    found
}

fn look(desk: &Desk<'_>, unit: &Unit, offset: usize, command: &Command, known: &Known, lookups: &mut usize) -> Option<Finding> {
    if let Command::Path(path) = command {
        return program(desk, unit, offset, path);
    }
    let presence = known.presence(desk, command);
    if presence == Presence::There {
        return None;
    }
    let once = *lookups < LOOKUPS_MAX && {
        *lookups += 1;
        known::was_there(desk.input.git, command)
    };
    let (severity, why) = match (once, presence) {
        (true, _) => (Severity::Error, "the repository once had it, and it is gone".to_owned()),
        // Nothing says that it is a command of this project.
        (false, Presence::Unlisted) => return None,
        (false, _) => (weight(unit), format!("{}{}", known::why(command), unsure(desk))),
    };
    let shown = command.to_string();
    let near = known.near(command);
    let remedy = near.as_ref().map_or_else(|| "name one that exists, or take it out".to_owned(), |near| format!("did you mean `{near}`?"));
    let finding = desk.at(unit, offset, "unknown-command", severity, format!("`{shown}`: {why}"), remedy);
    Some(match near {
        Some(near) => desk.mended(finding, &shown, &near),
        None => finding,
    })
}

/// What is added where the past would tell more than it can.
const fn unsure(desk: &Desk<'_>) -> &'static str {
    if desk.past.is_shallow { "; the clone is shallow, so whether it once was there is not known (`git fetch --unshallow`)" } else { "" }
}

/// What speaks to agents and contributors means this project; a guide for users may mean theirs.
fn weight(unit: &Unit) -> Severity {
    let name = crate::tree::file_name(&unit.place.path).to_lowercase();
    let is_ours =
        unit.format != Format::Markdown || ["contributing", "development", "developing", "hacking", "building"].iter().any(|start| name.starts_with(start));
    if is_ours { Severity::Warning } else { Severity::Note }
}

/// A program of the project, named by its path: from the project's directory or from the text's own.
fn program(desk: &Desk<'_>, unit: &Unit, offset: usize, path: &str) -> Option<Finding> {
    let from_top = normalize("", path)?;
    let from_here = normalize(parent(&unit.place.path), path);
    let tree = desk.input.tree;
    if tree.exists(&from_top) || from_here.is_some_and(|path| tree.exists(&path)) {
        return None;
    }
    let (severity, why, remedy) = match desk.past.of_path(tree, &from_top) {
        Was::There => return None,
        Was::Renamed(now) => (Severity::Error, format!("Git renamed it to `{now}`"), format!("write `./{now}`")),
        Was::Removed => (Severity::Error, "Git once had it and it was removed".to_owned(), "name what took its place, or take it out".to_owned()),
        // What a build makes, or another project has, is no script that is missing.
        Was::Never | Was::Unknown if !shell::is_script(path) || !(parent(&from_top).is_empty() || tree.exists(parent(&from_top))) => return None,
        Was::Never | Was::Unknown => (Severity::Warning, format!("there is no such file{}", unsure(desk)), "name one that exists, or take it out".to_owned()),
    };
    Some(desk.at(unit, offset, "unknown-command", severity, format!("`{path}`: {why}"), remedy))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, doc};

    fn check(body: &str, expected: &[&str]) {
        let files = [
            ("a.md", body),
            ("Makefile", "SHELL := sh\n.PHONY: test build\ntest: build\n\tcargo test\nbuild lint:\n\ttrue\n"),
            ("justfile", "set shell := ['sh']\nalias c := check\n@check arg='1':\n  true\n_private:\n  true\n"),
            ("package.json", "{\"scripts\":{\"dev\":\"vite\",\"test:unit\":\"x\"}}"),
            ("Cargo.toml", "[workspace]\n"),
            (".cargo/config.toml", "[alias]\nxtask = \"run -p xtask --\"\n"),
            ("scripts/release.sh", ""),
        ];
        Bench::new(&files).past(&[("scripts/old.sh", Some("scripts/release.sh"))]).check(doc("a.md", body), expected);
    }

    #[test]
    fn commands_that_exist() {
        check("Run `make test`, `make -j4 lint`, `make CC=gcc build`, `just check`, `just c`, `npm run dev`, `yarn run test:unit`.", &[]);
        check("Run `cargo xtask test`, `cargo +nightly fmt`, `cargo nextest run`, `./scripts/release.sh --now`.", &[]);
        check("```sh\n$ make test && npm run dev\ncd x; make build # then\n```", &[]);
    }

    #[test]
    fn commands_that_do_not() {
        check("Run `make deploy`.", &["unknown-command a.md:1"]);
        check("Text.\n\n```sh\nmake test\nmake deploy | cat\n```", &["unknown-command a.md:5"]);
        check("Run `just ship`.", &["unknown-command a.md:1"]);
        check("Run `npm run start`.", &["unknown-command a.md:1"]);
        check("Run `cargo frobnicate`.", &["unknown-command a.md:1"]);
        check("Run `./scripts/none.sh`.", &["unknown-command a.md:1"]);
        check("Run `./scripts/old.sh`.", &["unknown-command a.md:1"]);
    }

    #[test]
    fn short_ways_to_say_run() {
        check("Run `npm test`.", &["unknown-command a.md:1"]);
        check("Run `npm start`, then `yarn test`.", &["unknown-command a.md:1", "unknown-command a.md:1"]);
        // What else `yarn` runs may be the program of a package.
        check("Run `yarn dev`, `yarn tsc`, `yarn install`, `bun test`, `npm ci`.", &[]);
    }

    #[test]
    fn packages_and_binaries_of_cargo() {
        let check = |body: &str, expected: &[&str]| {
            let files = [
                ("a.md", body),
                ("Cargo.toml", "[workspace]\nmembers = ['x']\n"),
                ("x/Cargo.toml", "[package]\nname = \"tea-pot\"\n[[bin]]\nname = \"pour\"\npath = \"src/p.rs\"\n"),
                ("x/src/main.rs", ""),
                ("x/src/bin/boil.rs", ""),
                ("x/src/bin/cool/main.rs", ""),
                ("Cargo.lock", "[[package]]\nname = \"serde\"\nversion = \"1.0.0\"\n"),
            ];
            Bench::new(&files).check(doc("a.md", body), expected);
        };
        check("`cargo test -p tea-pot`, `cargo test --package=tea_pot`, `cargo build -p serde`, `cargo test -p 'tea*'`, `cargo add -p x y`", &[]);
        check("`cargo run --bin pour`, `cargo run --bin boil -- --bin gone`, `cargo run --bin cool`, `cargo run -p tea-pot --bin tea-pot`", &[]);
        check("Run `cargo test -p gone`.", &["unknown-command a.md:1"]);
        check("Run `cargo run --release --bin gone`.", &["unknown-command a.md:1"]);
    }

    #[test]
    fn near_misses() {
        check("That would `make sense` <- not a target? No: placeholders are.", &["unknown-command a.md:1"]);
        check("Run `make <target>`, `make $TARGET`, `npm run ...`, `cargo`, `make -C other x`, `just`.", &[]);
        check("```rust\nmake deploy\n```\nThe word make deploy in prose, and `./target/debug/jeton`.", &[]);
    }

    #[test]
    fn without_a_makefile_nothing_is_known() {
        let body = "Run `make deploy` and `npm run x` and `just y` and `cargo zz`.";
        Bench::new(&[("a.md", body)]).check(doc("a.md", body), &[]);
    }
}
