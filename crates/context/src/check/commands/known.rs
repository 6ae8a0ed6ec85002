//! The targets, recipes, scripts and aliases that a project has.

use super::super::desk::Desk;
use super::shell::{Command, Way};
use crate::git::Git;
use crate::tree::file_name;
use std::collections::BTreeSet;

/// Built into cargo, or so common beside it that a text may take them for granted.
const CARGO: &str = "add audit b bench binstall bloat build c check chef clean clippy component config criterion cross d deb deny depgraph dist doc docs expand features fetch fix flamegraph fmt \
    fuzz generate generate-lockfile hack help info init insta install leptos llvm-cov locate-project login logout make metadata miri msrv mutants ndk nextest new outdated owner package \
    pgrx pkgid public-api publish r read-manifest readme release remove report rm run rustc rustdoc rustfix search semver-checks set-version shear shuttle sort sqlx sweep t tarpaulin tauri test \
    tree udeps uninstall update upgrade vendor verify-project version vet watch wix workspaces xwin yank zigbuild";

/// What is there; `None` where the project has no file of that kind, or one that cannot be read to the end.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) make: Option<BTreeSet<String>>,
    pub(super) just: Option<BTreeSet<String>>,
    pub(super) scripts: Option<BTreeSet<String>>,
    pub(super) cargo: BTreeSet<String>,
    pub(super) is_cargo: bool,
    /// Packages of the workspace and of its lock, with `-` for `_`.
    packages: BTreeSet<String>,
    binaries: BTreeSet<String>,
    /// Whether a file of the kind is there at all, be it that not all of it can be listed.
    has: [bool; 3],
    has_server: bool,
}

/// Whether the project has what a command names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// It has it, or may have it.
    There,
    /// The files where it would stand do not have it.
    Missing,
    /// It has no file where it could stand, or other programs may have the name: only the past can tell.
    Unlisted,
}

const MAKEFILES: [&str; 3] = ["Makefile", "makefile", "GNUmakefile"];
const JUSTFILES: [&str; 3] = ["justfile", "Justfile", ".justfile"];

impl Known {
    /// Reads the files of the project, in whatever directory they are.
    pub(super) fn read(desk: &Desk<'_>) -> Self {
        let mut known = Self::default();
        let mut is_open = [false; 2];
        for file in desk.input.tree.files() {
            let name = file_name(&file.path);
            match name {
                _ if MAKEFILES.contains(&name) => is_open[0] |= take(desk, &file.path, &mut known.make, make),
                _ if JUSTFILES.contains(&name) => is_open[1] |= take(desk, &file.path, &mut known.just, just),
                "package.json" => {
                    take(desk, &file.path, &mut known.scripts, scripts);
                }
                "Cargo.toml" => known.manifest(desk, &file.path),
                "Cargo.lock" => known.packages.extend(desk.text(&file.path).iter().flat_map(|text| locked(text))),
                "server.js" => known.has_server = true,
                _ if file.path.contains("src/bin/") => known.binaries.extend(binary(&file.path)),
                "config.toml" if file.path.ends_with(".cargo/config.toml") => {
                    known.cargo.extend(desk.text(&file.path).map(|text| aliases(&text)).unwrap_or_default())
                }
                _ => {}
            }
        }
        known.has = [known.make.is_some() || is_open[0], known.just.is_some() || is_open[1], known.scripts.is_some()];
        // Included files and patterns may make targets that nobody can list.
        known.make = known.make.filter(|_| !is_open[0]);
        known.just = known.just.filter(|_| !is_open[1]);
        known
    }

    fn manifest(&mut self, desk: &Desk<'_>, path: &str) {
        self.is_cargo = true;
        let Some(table) = desk.text(path).and_then(|text| text.parse::<toml::Table>().ok()) else { return };
        let name = |table: &toml::Value| Some(table.get("name")?.as_str()?.to_owned());
        if let Some(package) = table.get("package").and_then(name) {
            self.binaries.insert(package.clone());
            self.packages.insert(package.replace('_', "-"));
        }
        self.binaries.extend(table.get("bin").and_then(toml::Value::as_array).into_iter().flatten().filter_map(name));
    }

    /// Whether the project has what the command names.
    pub(super) fn presence(&self, desk: &Desk<'_>, command: &Command) -> Presence {
        let listed = |known: Option<&BTreeSet<String>>, has: bool, name: &str, files: &[&str]| match known {
            Some(known) if known.contains(name) => Presence::There,
            Some(_) => Presence::Missing,
            None if !has && desk.past.had_file(files) => Presence::Unlisted,
            None => Presence::There,
        };
        let missing = |is_missing: bool| if is_missing { Presence::Missing } else { Presence::There };
        match command {
            Command::Make(target) => listed(self.make.as_ref(), self.has[0], target, &MAKEFILES),
            Command::Just(recipe) => listed(self.just.as_ref(), self.has[1], recipe, &JUSTFILES),
            Command::Script(_, script, way) => match listed(self.scripts.as_ref(), self.has[2], script, &["package.json"]) {
                Presence::Missing if *way == Way::Bare => Presence::Unlisted,
                // Without the script npm starts this file.
                Presence::Missing if script == "start" && *way == Way::Short && self.has_server => Presence::There,
                presence => presence,
            },
            Command::Cargo(word) => missing(self.is_cargo && !self.cargo.contains(word) && !is_cargo_command(word)),
            Command::Package(_, name) => missing(self.is_cargo && !self.packages.contains(&name.replace('_', "-"))),
            Command::Binary(_, name) => missing(self.is_cargo && !self.binaries.contains(name)),
            Command::Path(_) => Presence::There,
        }
    }

    /// The command with the nearest name that exists.
    pub(super) fn near(&self, command: &Command) -> Option<String> {
        let (start, name, known) = match command {
            Command::Make(name) => ("make".to_owned(), name, self.make.as_ref()?),
            Command::Just(name) => ("just".to_owned(), name, self.just.as_ref()?),
            Command::Script(manager, name, _) => (format!("{manager} run"), name, self.scripts.as_ref()?),
            Command::Package(word, name) => (format!("cargo {word} -p"), name, &self.packages),
            Command::Binary(word, name) => (format!("cargo {word} --bin"), name, &self.binaries),
            Command::Cargo(name) => ("cargo".to_owned(), name, &self.cargo),
            Command::Path(_) => return None,
        };
        let is_near = |other: &&String| other.len() > 2 && name.len() > 2 && (other.starts_with(name.as_str()) || name.starts_with(other.as_str()));
        known.iter().find(is_near).map(|near| format!("{start} {near}"))
    }
}

/// Adds what a file has; whether it may have more than it says.
fn take(desk: &Desk<'_>, path: &str, known: &mut Option<BTreeSet<String>>, read: fn(&str) -> Option<Vec<String>>) -> bool {
    let Some(names) = desk.text(path).and_then(|text| read(&text)) else { return true };
    known.get_or_insert_default().extend(names);
    false
}

/// The targets of a Makefile; `None` where it includes others or makes targets by pattern or variable.
fn make(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with(['\t', '#', ' '])) {
        if ["include ", "-include ", "sinclude "].iter().any(|word| line.starts_with(word)) {
            return None;
        }
        let Some((targets, rest)) = line.split_once(':') else { continue };
        // `NAME := value`, `NAME ?= a:b`
        if rest.starts_with('=') || rest.starts_with(":=") || targets.contains('=') {
            continue;
        }
        if targets.contains(['%', '$']) {
            return None;
        }
        names.extend(targets.split_ascii_whitespace().map(str::to_owned));
    }
    Some(names)
}

/// The recipes and aliases of a justfile; `None` where it imports others.
fn just(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for line in text.lines().filter(|line| line.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '@')) {
        let line = line.trim_start_matches('@');
        if line.starts_with("import ") || line.starts_with("import? ") || line.starts_with("mod ") {
            return None;
        }
        if let Some(alias) = line.strip_prefix("alias ") {
            names.extend(alias.split_ascii_whitespace().next().map(str::to_owned));
        } else {
            let is_setting = |head: &str| head.starts_with("set ") || head.starts_with("export ");
            let head = line.split_once(':').filter(|(head, rest)| !is_setting(head) && !rest.starts_with('=')).map(|(head, _)| head);
            names.extend(head.and_then(|head| head.split_ascii_whitespace().next()).map(str::to_owned));
        }
    }
    Some(names)
}

fn scripts(text: &str) -> Option<Vec<String>> {
    let package: serde_json::Value = serde_json::from_str(text).ok()?;
    Some(package.get("scripts").and_then(serde_json::Value::as_object).map(|scripts| scripts.keys().cloned().collect()).unwrap_or_default())
}

fn aliases(text: &str) -> Vec<String> {
    let table = text.parse::<toml::Table>().unwrap_or_default();
    table.get("alias").and_then(toml::Value::as_table).map(|aliases| aliases.keys().cloned().collect()).unwrap_or_default()
}

/// The names of the packages in a `Cargo.lock`, which is written by a program.
fn locked(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| Some(line.strip_prefix("name = \"")?.strip_suffix('"')?.replace('_', "-"))).collect()
}

/// The binary that a file of `src/bin` makes.
fn binary(path: &str) -> Option<String> {
    let rest = path.rsplit_once("src/bin/")?.1;
    rest.strip_suffix("/main.rs").or_else(|| rest.strip_suffix(".rs")).filter(|name| !name.contains('/')).map(str::to_owned)
}

/// Whether cargo has the subcommand itself, or people commonly do.
pub(super) fn is_cargo_command(word: &str) -> bool {
    CARGO.split_ascii_whitespace().any(|known| known == word)
}

/// Why a command is not known.
pub(super) const fn why(command: &Command) -> &'static str {
    match command {
        Command::Make(_) => "no Makefile has this target",
        Command::Just(_) => "no justfile has this recipe",
        Command::Script(..) => "no package.json has this script",
        Command::Package(..) => "neither the workspace nor its lock has this package",
        Command::Binary(..) => "no package has this binary",
        Command::Cargo(_) => "cargo has no such command, and no alias makes one",
        Command::Path(_) => "there is no such file",
    }
}

/// Whether a commit ever changed the line that made the command.
pub(super) fn was_there(git: Option<&Git>, command: &Command) -> bool {
    let (pattern, files): (String, &[&str]) = match command {
        Command::Make(name) => (format!("^([^#=:\t]* )?{}( [^=]*)?:", escaped(name)), &["Makefile", "*/Makefile", "makefile", "GNUmakefile"]),
        Command::Just(name) => (format!("^@?{}( .*)?:", escaped(name)), &["justfile", "Justfile", "*/justfile"]),
        Command::Script(_, name, _) => (format!("\"{}\"[ ]*:", escaped(name)), &["package.json", "*/package.json"]),
        Command::Package(_, name) | Command::Binary(_, name) => (format!("^name[ ]*=[ ]*\"{}\"", escaped(name)), &["Cargo.toml", "*/Cargo.toml"]),
        Command::Cargo(name) => (format!("^{}[ ]*=", escaped(name)), &[".cargo/config.toml", ".cargo/config"]),
        Command::Path(_) => return false,
    };
    let Some(git) = git.filter(|git| git.resolve("HEAD").is_some()) else { return false };
    let pattern = format!("-G{pattern}");
    let mut arguments = vec!["log", "-1", "--format=%h", "--extended-regexp", &pattern, "HEAD", "--"];
    arguments.extend(files);
    git.run(&arguments).is_ok_and(|printed| !printed.is_empty())
}

fn escaped(name: &str) -> String {
    name.chars().flat_map(|c| if c.is_alphanumeric() || c == '-' || c == '_' { vec![c] } else { vec!['[', c, ']'] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_commands() {
        assert_eq!(make("A := b\nx y: z\n\tw: v\nB ?= c:d\n").unwrap(), ["x", "y"]);
        assert_eq!(make("include more.mk\nx:\n"), None);
        assert_eq!(make("%.o: %.c\n"), None);
        assert_eq!(just("a := '1'\n@b c='d': e\n  f:\nalias g := b\n").unwrap(), ["b", "g"]);
        assert_eq!(scripts("{\"scripts\":{\"a\":\"b\"}}").unwrap(), ["a"]);
        assert_eq!(aliases("[alias]\nxtask = \"run\"\n"), ["xtask"]);
    }
}
