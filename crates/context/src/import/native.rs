//! Which format a file has, by its path alone.

use crate::tree::file_name;

/// The importer of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Native {
    ContextMarkdown,
    ContextToml,
    ContextSchema,
    AgentsMd,
    ClaudeMd,
    ClaudeRule,
    CursorRule,
    /// `.cursorrules`.
    CursorLegacy,
    CopilotMain,
    CopilotRule,
    ContinueRule,
    Skill,
    LlmsTxt,
    /// A file that only an import of another names.
    Pulled,
    Markdown,
    Rst,
    AsciiDoc,
    GraphQl,
    Protobuf,
    Sql,
    /// JSON or YAML, of which only the beginning tells whether it is a schema.
    Structured,
}

/// Directories whose texts are documentation.
const DOC_DIRECTORIES: [&str; 6] = ["docs", "doc", "documentation", "adr", "adrs", "decisions"];

/// Names (without extension, in lower case) whose text tells a model nothing about the work.
const NOT_DOCS: [&str; 12] =
    ["changelog", "changes", "history", "license", "licence", "license-mit", "license-apache", "copying", "authors", "contributors", "notice", "news"];

/// The importer of the file at `path`; `None`: it is no context.
pub(crate) fn native(path: &str) -> Option<Native> {
    let name = file_name(path);
    match name {
        "AGENTS.md" => return Some(Native::AgentsMd),
        "CLAUDE.md" | "CLAUDE.local.md" => return Some(Native::ClaudeMd),
        "SKILL.md" => return Some(Native::Skill),
        "llms.txt" => return Some(Native::LlmsTxt),
        ".cursorrules" => return Some(Native::CursorLegacy),
        _ => {}
    }
    if let Some(rule) = rule(path, name) {
        return Some(rule);
    }
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    if path.starts_with("context/") {
        return in_context(path, extension);
    }
    let extension = extension.to_lowercase();
    schema(&extension).or_else(|| docs(path, &stem.to_lowercase(), &extension))
}

/// Rules in the folder of an agent, at the top or in any directory.
fn rule(path: &str, name: &str) -> Option<Native> {
    let is_in = |folder: &str| path.starts_with(folder) || path.contains(&format!("/{folder}"));
    let is_markdown = name.ends_with(".md");
    if is_in(".cursor/rules/") && (is_markdown || name.ends_with(".mdc")) {
        return Some(Native::CursorRule);
    }
    if is_in(".claude/rules/") && is_markdown {
        return Some(Native::ClaudeRule);
    }
    if is_in(".continue/rules/") && (is_markdown || name.ends_with(".yaml") || name.ends_with(".yml")) {
        return Some(Native::ContinueRule);
    }
    if name.ends_with(".instructions.md") && is_in(".github/instructions/") {
        return Some(Native::CopilotRule);
    }
    (is_in(".github/") && name == "copilot-instructions.md").then_some(Native::CopilotMain)
}

fn in_context(path: &str, extension: &str) -> Option<Native> {
    match extension {
        "md" => Some(Native::ContextMarkdown),
        "toml" if !path.starts_with("context/packs/") => Some(Native::ContextToml),
        "json" if path.starts_with("context/schemas/") => Some(Native::ContextSchema),
        "json" | "yaml" | "yml" => Some(Native::Structured),
        _ => schema(extension),
    }
}

fn schema(extension: &str) -> Option<Native> {
    match extension {
        "graphql" | "graphqls" | "gql" => Some(Native::GraphQl),
        "proto" => Some(Native::Protobuf),
        "sql" => Some(Native::Sql),
        "json" | "yaml" | "yml" => Some(Native::Structured),
        _ => None,
    }
}

fn docs(path: &str, stem: &str, extension: &str) -> Option<Native> {
    let kind = match extension {
        "md" | "mdx" | "markdown" => Native::Markdown,
        "rst" => Native::Rst,
        "adoc" | "asciidoc" => Native::AsciiDoc,
        _ => return None,
    };
    let is_in_docs = path.split('/').rev().skip(1).any(|part| DOC_DIRECTORIES.contains(&part.to_lowercase().as_str()));
    let is_doc = stem == "readme" || stem.starts_with("readme.") || stem.starts_with("readme_") || is_in_docs || !path.contains('/');
    (is_doc && !NOT_DOCS.contains(&stem)).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_say_what_a_file_is() {
        let check = |path: &str, expected: Option<Native>| assert_eq!(native(path), expected, "{path}");
        check("AGENTS.md", Some(Native::AgentsMd));
        check("crates/a/AGENTS.md", Some(Native::AgentsMd));
        check(".claude/CLAUDE.md", Some(Native::ClaudeMd));
        check("context/refunds.md", Some(Native::ContextMarkdown));
        check("context/a/rules.toml", Some(Native::ContextToml));
        check("context/packs/a.toml", None);
        check(".cursor/rules/a/b.mdc", Some(Native::CursorRule));
        check("web/.claude/rules/a.md", Some(Native::ClaudeRule));
        check(".github/instructions/a.instructions.md", Some(Native::CopilotRule));
        check("db/schema.sql", Some(Native::Sql));
        check("README.md", Some(Native::Markdown));
        check("crates/a/Readme.rst", Some(Native::Rst));
        check("packages/x/docs/a/b.mdx", Some(Native::Markdown));
        check("CONTRIBUTING.md", Some(Native::Markdown));
        check("CHANGELOG.md", None);
        check("docs/changes.rst", None);
        check("src/notes.md", None);
        check("src/main.rs", None);
        check("api/openapi.yaml", Some(Native::Structured));
        check("context/schemas/a.json", Some(Native::ContextSchema));
    }
}
