//! Entry points: what a model could run or call here, read from the files that declare it. Nothing is ever run.

pub(crate) mod ci;
mod containers;
mod just;
mod make;
mod npm;
mod openapi;
mod python;
mod rust;
pub(crate) mod safety;
mod scripts;

use super::roles::{self, Role};
use super::survey::Survey;
use crate::{Catalogue, Place};
use ci::Workflow;
use safety::Safety;

/// What declares an entry point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    Make,
    Just,
    Npm,
    Cargo,
    Python,
    Script,
    Container,
    CiJob,
    OpenApi,
}

impl Source {
    /// The word for one and for several.
    pub(crate) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Make => ("make target", "make targets"),
            Self::Just => ("just recipe", "just recipes"),
            Self::Npm => ("package script", "package scripts"),
            Self::Cargo => ("cargo command", "cargo commands"),
            Self::Python => ("Python task", "Python tasks"),
            Self::Script => ("script", "scripts"),
            Self::Container => ("container file", "container files"),
            Self::CiJob => ("CI job", "CI jobs"),
            Self::OpenApi => ("API operation", "API operations"),
        }
    }
}

/// Something that can be run or called.
#[derive(Clone, Debug)]
pub(crate) struct EntryPoint {
    pub(crate) source: Source,
    pub(crate) name: String,
    pub(crate) place: Place,
    /// The ways in which people write it: `make test`, `npm run test`. Empty where nothing in a text would name it.
    pub(crate) calls: Vec<String>,
    /// What it runs, as text.
    pub(crate) commands: String,
    /// Whether it says itself what it is for.
    pub(crate) has_description: bool,
    /// Whether its arguments are declared, or it takes none; `None`: its file does not tell.
    pub(crate) is_typed: Option<bool>,
    /// Whether something asks before it does harm: a question, a dry run, an environment with approval.
    pub(crate) is_guarded: bool,
    /// Whether it can be repeated without harm.
    pub(crate) safety: Safety,
}

impl EntryPoint {
    /// An entry point whose safety and guard are read from its name and commands.
    pub(crate) fn new(source: Source, name: &str, place: Place, calls: Vec<String>, commands: String) -> Self {
        let safety = safety::judge(name, &commands);
        let is_guarded = safety::is_guarded(&commands);
        Self { source, name: name.to_owned(), place, calls, commands, has_description: false, is_typed: None, is_guarded, safety }
    }

    pub(crate) fn described(mut self, has_description: bool) -> Self {
        self.has_description = has_description;
        self
    }

    pub(crate) fn typed(mut self, is_typed: Option<bool>) -> Self {
        self.is_typed = is_typed;
        self
    }

    /// As people call it first.
    pub(crate) fn shown(&self) -> &str {
        self.calls.first().unwrap_or(&self.name)
    }
}

/// All entry points of the project, by source and place, and the workflows of its CI.
pub(crate) fn find(survey: &Survey<'_>, catalogue: &Catalogue) -> (Vec<EntryPoint>, Vec<Workflow>) {
    let mut found = Vec::new();
    let mut workflows = Vec::new();
    for file in survey.tree.files() {
        let is_foreign = matches!(roles::role(&file.path), Role::Foreign) || roles::is_data(&file.path);
        let Some(read) = reader(&file.path).filter(|_| !is_foreign) else { continue };
        let Some(text) = survey.text(&file.path) else { continue };
        read(&file.path, &text, &mut found);
    }
    workflows.extend(ci::find(survey));
    found.extend(workflows.iter().flat_map(ci::entry_points));
    found.extend(rust::binaries(survey));
    found.extend(openapi::operations(catalogue));
    found.sort_by(|a, b| (a.source, &a.place, &a.name).cmp(&(b.source, &b.place, &b.name)));
    found.dedup_by(|a, b| a.source == b.source && a.place == b.place && a.name == b.name);
    (found, workflows)
}

type Reader = fn(&str, &str, &mut Vec<EntryPoint>);

fn reader(path: &str) -> Option<Reader> {
    let name = crate::tree::file_name(path);
    match name {
        "Makefile" | "makefile" | "GNUmakefile" => Some(make::read),
        "justfile" | "Justfile" | ".justfile" => Some(just::read),
        "package.json" => Some(npm::read),
        "pyproject.toml" => Some(python::read_pyproject),
        "tox.ini" => Some(python::read_tox),
        "noxfile.py" => Some(python::read_nox),
        "config.toml" | "config" if path.ends_with(".cargo/config.toml") || path.ends_with(".cargo/config") => Some(rust::read_config),
        _ if name.ends_with(".mk") => Some(make::read),
        _ if name.ends_with(".just") => Some(just::read),
        _ if containers::is_meant(path, name) => Some(containers::read),
        _ if scripts::is_meant(path, name) => Some(scripts::read),
        _ => None,
    }
}

/// What `commands` runs, with what the entry points that it names run, three steps deep.
pub(crate) fn resolved(commands: &str, entries: &[EntryPoint]) -> String {
    let mut all = commands.to_owned();
    let mut taken = vec![false; entries.len()];
    for _ in 0..3 {
        let named: Vec<usize> = (0..entries.len()).filter(|&at| !taken[at] && is_named(&all, &entries[at])).collect();
        if named.is_empty() {
            break;
        }
        for at in named {
            taken[at] = true;
            all.push('\n');
            all.push_str(&entries[at].commands);
        }
    }
    all
}

/// Whether `text` runs the entry point.
pub(crate) fn is_named(text: &str, entry: &EntryPoint) -> bool {
    entry.source != Source::CiJob && entry.calls.iter().any(|call| super::survey::has_words(text, call))
}

#[cfg(test)]
mod tests;
