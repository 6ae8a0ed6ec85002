//! Files of other dialects, written from the units of `context/`: one truth, and a check that the others have not drifted from it.

mod drift;
mod text;

pub use drift::check_drift;

use crate::compile::{Today, holds};
use crate::tree::Tree;
use crate::{Catalogue, Digest, Format, Kind, Trust, Unit};
use serde::Serialize;
use std::collections::BTreeMap;
use text::rules;

/// A dialect that agents read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// `AGENTS.md`, at the top and in directories.
    AgentsMd,
    /// `CLAUDE.md` and `.claude/rules/`.
    ClaudeMd,
    /// `.cursor/rules/`.
    Cursor,
    /// `llms.txt`.
    LlmsTxt,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::AgentsMd, Self::ClaudeMd, Self::Cursor, Self::LlmsTxt];

    /// The stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AgentsMd => "agents-md",
            Self::ClaudeMd => "claude-md",
            Self::Cursor => "cursor",
            Self::LlmsTxt => "llms-txt",
        }
    }

    /// The dialect that a word names.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }
}

/// A file of another dialect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportFile {
    /// The path from the project's directory.
    pub path: String,
    /// Its text, with the marker.
    pub text: String,
}

impl ExportFile {
    /// Whether it may be written where a file with the text `existing` is: only what an export made is ever replaced, and that only
    /// where nobody edited it since.
    #[must_use]
    pub fn may_replace(&self, existing: Option<&str>) -> bool {
        existing.is_none_or(|existing| matches!(drift::origin(existing), drift::Origin::Ours))
    }
}

const MARK: &str = "<!-- jeton export: digest ";
const MARK_END: &str = ", made from context/, edit there -->";

/// Whether an export made the file: it says nothing that `context/` does not say.
pub(crate) fn is_export(text: &str) -> bool {
    text.lines().take(8).any(|line| line.starts_with(MARK))
}

/// The files of `dialect` that say what the units of `context/` say, by path. Units for some classes, models or keys only are left out:
/// such files go to every agent. So are units that do not hold on the day `today`. Facts have the value that their source in `tree` has now.
#[must_use]
pub fn export(catalogue: &Catalogue, dialect: Dialect, tree: &dyn Tree, today: Today<'_>) -> Vec<ExportFile> {
    let own = catalogue.units().iter().filter(|unit| unit.format == Format::Context || is_own_schema(unit));
    let (for_all, others): (Vec<&Unit>, Vec<&Unit>) = own.partition(|unit| is_for_all(unit));
    let (units, past): (Vec<&Unit>, Vec<&Unit>) = for_all.into_iter().partition(|unit| holds(unit, today));
    let left_out = &left_out(others.len(), past.len());
    if units.is_empty() {
        return Vec::new();
    }
    let mut files = match dialect {
        Dialect::AgentsMd => agents_md(&units, left_out, tree),
        Dialect::ClaudeMd => by_scope(&units, left_out, tree, &claude_file),
        Dialect::Cursor => by_scope(&units, left_out, tree, &cursor_file),
        Dialect::LlmsTxt => vec![llms_txt(catalogue, &units, &self::left_out(0, past.len()), tree)],
    };
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn is_own_schema(unit: &Unit) -> bool {
    unit.format == Format::JsonSchema && unit.place.path.starts_with("context/")
}

fn is_for_all(unit: &Unit) -> bool {
    unit.scope.classes.is_empty() && unit.scope.models.is_empty() && unit.access.is_empty() && unit.trust >= Trust::Team
}

/// What is said of units that an export leaves out; empty where there are none.
fn left_out(others: usize, past: usize) -> String {
    let others = (others > 0).then(|| format!("<!-- {others} units for some classes, models or keys only are left out -->\n"));
    let past = (past > 0)
        .then(|| format!("<!-- {past} {} left out -->\n", if past == 1 { "unit that does not hold today is" } else { "units that do not hold today are" }));
    [others, past].into_iter().flatten().collect()
}

/// A file: what must stand first, the marker, and the text.
fn sealed(path: String, head: &str, body: &str) -> ExportFile {
    let body = body.trim_end();
    let digest = Digest::of_parts(&[head.as_bytes(), body.as_bytes()]);
    ExportFile { path, text: format!("{head}{MARK}{digest}{MARK_END}\n\n{body}\n") }
}

/// One file for each directory to which scopes belong as a whole, and the top one for all others.
fn agents_md(units: &[&Unit], left_out: &str, tree: &dyn Tree) -> Vec<ExportFile> {
    let mut by_directory: BTreeMap<&str, Vec<&Unit>> = BTreeMap::new();
    for unit in units {
        by_directory.entry(directory_of(unit, tree)).or_default().push(unit);
    }
    let file = |(directory, units): (&str, Vec<&Unit>)| {
        let path = if directory.is_empty() { "AGENTS.md".to_owned() } else { format!("{directory}/AGENTS.md") };
        let body = format!("# Instructions\n\n{}", rules(&units, tree, directory.is_empty(), left_out_at(directory, left_out)));
        sealed(path, "", &body)
    };
    by_directory.into_iter().map(file).collect()
}

fn left_out_at<'t>(directory: &str, left_out: &'t str) -> &'t str {
    if directory.is_empty() { left_out } else { "" }
}

fn directory_of<'u>(unit: &'u Unit, tree: &dyn Tree) -> &'u str {
    match unit.scope.paths.as_slice() {
        [glob] => glob.strip_suffix("/**").filter(|directory| !directory.contains(['*', '?', '{', '[']) && tree.exists(directory)).unwrap_or_default(),
        _ => "",
    }
}

/// A file for each scope.
fn by_scope(units: &[&Unit], left_out: &str, tree: &dyn Tree, file: &dyn Fn(&[String], &str) -> ExportFile) -> Vec<ExportFile> {
    let mut by_paths: BTreeMap<&[String], Vec<&Unit>> = BTreeMap::new();
    for unit in units {
        by_paths.entry(&unit.scope.paths).or_default().push(unit);
    }
    let export = |(paths, units): (&[String], Vec<&Unit>)| file(paths, &rules(&units, tree, false, if paths.is_empty() { left_out } else { "" }));
    by_paths.into_iter().map(export).collect()
}

fn claude_file(paths: &[String], body: &str) -> ExportFile {
    if paths.is_empty() {
        return sealed("CLAUDE.md".to_owned(), "", &format!("# Instructions\n\n{body}"));
    }
    let list: String = paths.iter().map(|path| format!("  - {}\n", text::quoted(path))).collect();
    sealed(format!(".claude/rules/jeton-{}.md", scope_name(paths)), &format!("---\npaths:\n{list}---\n"), body)
}

fn cursor_file(paths: &[String], body: &str) -> ExportFile {
    if paths.is_empty() {
        return sealed(".cursor/rules/jeton.mdc".to_owned(), "---\ndescription: Instructions of the project\nalwaysApply: true\n---\n", body);
    }
    let head = format!("---\ndescription: Instructions for {}\nglobs: {}\nalwaysApply: false\n---\n", paths.join(" "), paths.join(","));
    sealed(format!(".cursor/rules/jeton-{}.mdc", scope_name(paths)), &head, body)
}

/// A name for a scope: words that people recognise, and a digest that keeps two scopes apart.
fn scope_name(paths: &[String]) -> String {
    let words = paths.join(" ");
    let parts = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let name: String = parts.collect::<Vec<_>>().join("-").to_lowercase().chars().take(40).collect();
    format!("{}-{}", name.trim_end_matches('-'), &Digest::of(paths.join("\n").as_bytes()).to_string()[..6])
}

fn llms_txt(catalogue: &Catalogue, units: &[&Unit], left_out: &str, tree: &dyn Tree) -> ExportFile {
    let readme = catalogue.units().iter().find(|unit| &*unit.place.path == "README.md");
    let name = readme.map_or("Project", |unit| unit.title.split(" › ").next().unwrap_or(&unit.title));
    let mut body = format!("# {name}\n");
    for (kind, title) in
        [(Kind::Constraint, "Constraints"), (Kind::Doc, "Docs"), (Kind::Schema, "Schemas"), (Kind::Example, "Examples"), (Kind::Skill, "Skills")]
    {
        let lines: Vec<String> = units.iter().filter(|unit| unit.kind == kind).map(|unit| text::link(unit, tree)).collect();
        if !lines.is_empty() {
            body.push_str(&format!("\n## {title}\n\n{}\n", lines.join("\n")));
        }
    }
    if !left_out.is_empty() {
        body.push_str(&format!("\n{left_out}"));
    }
    sealed("llms.txt".to_owned(), "", &body)
}

#[cfg(test)]
mod tests;
