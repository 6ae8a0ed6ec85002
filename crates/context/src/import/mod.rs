//! From the files that a repository has to units, one file for each format. Importers see one file at a time and never fail: what is
//! wrong becomes a finding, and what can be read all the same becomes a unit.

mod agents;
mod blank;
mod common;
mod context_markdown;
mod context_toml;
mod definitions;
mod docs;
mod llms_txt;
mod native;
mod openapi;
mod pulled;
mod refs;
mod render;
mod rules;
pub(crate) mod skill;
mod sql;
pub(crate) mod structured;
mod text_sections;

pub(crate) use definitions::note_types;
pub(crate) use native::{Native, native};
pub(crate) use pulled::{Pulled, pulled};
pub(crate) use sql::note_changes;

use crate::tree::Tree;
use crate::{Finding, Loading, Place, Scope, Severity, Unit};
use std::sync::Arc;

/// Larger files are known by their name alone, in bytes.
pub(crate) const FILE_BYTES_MAX: u64 = 512 << 10;

/// Larger JSON and YAML files are not looked at, in bytes.
pub(crate) const STRUCTURED_BYTES_MAX: u64 = 1 << 20;

/// A unit as an importer leaves it.
pub(crate) struct Draft {
    pub(crate) unit: Unit,
    /// The line of the file on which the body begins, if the body is the file's own lines; 0 otherwise.
    pub(crate) body_line: u32,
    /// Whether the body is Markdown, in which paths and quoted facts are looked for.
    pub(crate) is_prose: bool,
    /// Targets of links (`[name]: address`) that stand elsewhere in the file.
    pub(crate) definitions: Arc<str>,
}

impl Draft {
    /// A unit whose body is no text of the file, in which nothing is looked for.
    pub(crate) fn plain(unit: Unit) -> Self {
        Self { unit, body_line: 0, is_prose: false, definitions: Arc::from("") }
    }

    /// A unit whose body is Markdown, or reads like it; `body_line` as in [`Draft`].
    pub(crate) fn prose(unit: Unit, body_line: u32) -> Self {
        Self { unit, body_line, is_prose: true, definitions: Arc::from("") }
    }
}

/// What the importers found.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) findings: Vec<Finding>,
    /// Statements that change tables, which [`note_changes`] puts where they belong.
    changes: Vec<sql::Change>,
    /// Types of GraphQL, which [`note_types`] holds against each other.
    graphql: definitions::GraphqlTypes,
}

impl Found {
    /// Keeps [`Draft::prose`].
    pub(crate) fn prose(&mut self, unit: Unit, body_line: u32) {
        self.drafts.push(Draft::prose(unit, body_line));
    }

    pub(crate) fn report(&mut self, code: &'static str, severity: Severity, place: Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.findings.push(Finding::new(code, severity, place, message, remedy));
    }
}

/// A file that is being imported.
pub(crate) struct Source<'a> {
    pub(crate) path: &'a Arc<str>,
    pub(crate) text: &'a str,
    pub(crate) tree: &'a dyn Tree,
}

impl Source<'_> {
    pub(crate) fn place(&self, line: u32) -> Place {
        Place::line(Arc::clone(self.path), line)
    }
}

/// Imports one file into `found`.
pub(crate) fn import(kind: Native, source: &Source<'_>, found: &mut Found) {
    // What an export made says what `context/` says.
    if crate::export::is_export(source.text) {
        return;
    }
    match kind {
        Native::ContextMarkdown => context_markdown::import(source, found),
        Native::ContextToml => context_toml::import(source, found),
        Native::AgentsMd | Native::ClaudeMd | Native::Pulled => agents::import(kind, source, found),
        Native::Markdown | Native::Rst | Native::AsciiDoc => docs::import(kind, source, found),
        Native::ClaudeRule | Native::CursorRule | Native::CursorLegacy | Native::CopilotMain | Native::CopilotRule | Native::ContinueRule => {
            rules::import(kind, source, found);
        }
        Native::Skill => skill::import(source, found),
        Native::LlmsTxt => llms_txt::import(source, found),
        Native::GraphQl => definitions::graphql(source, found),
        Native::Protobuf => definitions::protobuf(source, found),
        Native::Structured | Native::ContextSchema => structured::import(source, found),
        Native::Sql => sql::import(source, found),
    }
}

/// The scope of what stands in a directory: all below it.
pub(crate) fn scope_of_directory(directory: &str) -> Scope {
    let paths = if directory.is_empty() { Vec::new() } else { vec![format!("{directory}/**")] };
    Scope { paths, ..Scope::default() }
}

/// How agents load the files of a directory that they read by themselves.
pub(crate) fn loading_of_directory(directory: &str) -> Loading {
    if directory.is_empty() { Loading::Always } else { Loading::Scoped }
}
