//! Rules for coding agents, a file for each: Claude, Cursor, Copilot, Continue.

use super::text_sections::{Text, units};
use super::{Found, Native, Source};
use crate::fields::{Fields, split_globs};
use crate::front_matter::{FrontMatter, split};
use crate::located::Located;
use crate::tree::{file_name, parent};
use crate::{Finding, Format, Kind, Loading, Place, Severity, Unit, markdown, yaml};
use std::sync::Arc;

/// Sections of a rule begin at headings up to this level.
const LEVEL_MAX: u8 = 2;

/// How a rule is loaded, and where it applies.
struct Manner {
    loading: Loading,
    paths: Vec<String>,
    name: Option<String>,
}

pub(super) fn import(kind: Native, source: &Source<'_>, found: &mut Found) {
    if kind == Native::ContinueRule && !source.path.ends_with(".md") {
        return continue_yaml(source, found);
    }
    let front = split(source.text);
    let located = located(source, &front, found);
    let mut manner = manner(kind, source.path, &located, &mut found.findings);
    let directory = directory_of(source.path);
    manner.paths = manner.paths.iter().map(|glob| inside(directory, glob)).collect();
    if manner.paths.is_empty() && !directory.is_empty() {
        manner.paths = super::scope_of_directory(directory).paths;
    }
    let text = Text { text: front.body, lines_before: front.body_line - 1, format: format(kind), level_max: LEVEL_MAX, title: None };
    units(source, &text, &markdown::parse(front.body).headings, found, &mut |unit| {
        unit.loading = manner.loading;
        unit.scope.paths.clone_from(&manner.paths);
        if unit.title == *unit.place.path
            && let Some(name) = &manner.name
        {
            unit.title.clone_from(name);
        }
    });
}

fn format(kind: Native) -> Format {
    match kind {
        Native::ClaudeRule => Format::ClaudeMd,
        Native::CopilotMain | Native::CopilotRule => Format::Copilot,
        Native::ContinueRule => Format::Continue,
        _ => Format::CursorRules,
    }
}

/// The front matter's settings; what cannot be read is reported.
fn located(source: &Source<'_>, front: &FrontMatter<'_>, found: &mut Found) -> Located {
    match &front.fields {
        None => Located::default(),
        Some(Ok(located)) => located.clone(),
        Some(Err(error)) => {
            let message = format!("the front matter cannot be read, and agents leave it out in silence: {}", error.message);
            found.report("unreadable-front-matter", Severity::Error, source.place(error.line), message, "Write `key: value` lines between two lines `---`.");
            Located::default()
        }
    }
}

/// The directory whose files a rule may speak of: the one with the agent's folder.
fn directory_of(path: &str) -> &str {
    let above = |folder: &str| path.split_once(folder).map(|(above, _)| above.trim_end_matches('/'));
    [".claude/", ".cursor/", ".github/", ".continue/"].iter().find_map(|folder| above(folder)).unwrap_or_else(|| parent(path))
}

fn inside(directory: &str, glob: &str) -> String {
    if directory.is_empty() { glob.to_owned() } else { format!("{directory}/{}", glob.trim_start_matches('/')) }
}

fn manner(kind: Native, path: &Arc<str>, located: &Located, findings: &mut Vec<Finding>) -> Manner {
    let mut plain = Manner { loading: Loading::Always, paths: Vec::new(), name: None };
    let is_cursor = kind == Native::CursorRule;
    if is_cursor && !path.ends_with(".mdc") {
        let remedy = "Give it the ending `.mdc`.";
        findings.push(Finding::new("ignored-by-agent", Severity::Warning, Place::file(Arc::clone(path)), "Cursor reads only `.mdc` files here", remedy));
    }
    let Some(mut fields) = Fields::new(located, String::new(), path, findings) else {
        if is_cursor || kind == Native::CopilotRule {
            plain.loading = Loading::OnDemand;
        }
        return plain;
    };
    match kind {
        Native::ClaudeRule => {
            fields.only(&["paths", "description"]);
            let paths = fields.globs("paths");
            Manner { loading: scoped_or_always(&paths), paths, name: fields.text("description") }
        }
        Native::CopilotRule => {
            fields.only(&["applyTo", "description", "name", "excludeAgent"]);
            copilot(&mut fields)
        }
        Native::ContinueRule => continue_manner(&mut fields),
        Native::CursorRule => cursor(&mut fields),
        _ => plain,
    }
}

fn scoped_or_always(paths: &[String]) -> Loading {
    if paths.is_empty() { Loading::Always } else { Loading::Scoped }
}

fn cursor(fields: &mut Fields<'_>) -> Manner {
    fields.only(&["description", "globs", "alwaysApply"]);
    let (paths, description) = (fields.globs("globs"), fields.text("description").filter(|text| !text.trim().is_empty()));
    let loading = match fields.flag("alwaysApply") {
        Some(true) => Loading::Always,
        _ if !paths.is_empty() => Loading::Scoped,
        _ if description.is_some() => Loading::Described,
        _ => Loading::OnDemand,
    };
    let paths = if loading == Loading::Always { Vec::new() } else { paths };
    Manner { loading, paths, name: description }
}

fn copilot(fields: &mut Fields<'_>) -> Manner {
    let paths = fields.globs("applyTo");
    let name = fields.text("name").or_else(|| fields.text("description"));
    match paths.as_slice() {
        [] => Manner { loading: Loading::OnDemand, paths, name },
        [all] if all == "**" || all == "**/*" || all == "*" => Manner { loading: Loading::Always, paths: Vec::new(), name },
        _ => Manner { loading: Loading::Scoped, paths, name },
    }
}

/// `alwaysApply` has three meanings: yes; only by globs or description; unset, which is yes unless there are globs.
fn continue_manner(fields: &mut Fields<'_>) -> Manner {
    fields.only(&["name", "description", "globs", "regex", "alwaysApply", "rule", "invokable", "version", "schema"]);
    let paths = fields.globs("globs");
    let loading = match fields.flag("alwaysApply") {
        Some(true) => Loading::Always,
        Some(false) if paths.is_empty() => Loading::Described,
        Some(false) => Loading::Scoped,
        None => scoped_or_always(&paths),
    };
    let name = fields.text("name").or_else(|| fields.text("description"));
    Manner { loading, paths: if loading == Loading::Always { Vec::new() } else { paths }, name }
}

/// A list `rules` of texts or tables with `name` and `rule`.
fn continue_yaml(source: &Source<'_>, found: &mut Found) {
    let located = match yaml::parse(source.text) {
        Ok(located) => located,
        Err(error) => {
            found.report("unreadable-yaml", Severity::Error, source.place(error.line), format!("the file is no YAML: {}", error.message), "Correct the line.");
            return;
        }
    };
    let count = located.value.get("rules").and_then(|rules| rules.as_array()).map_or(0, Vec::len);
    for at in 0..count {
        let pointer = format!("/rules/{at}");
        let line = located.line(&pointer);
        let text = located.value.pointer(&pointer).and_then(|rule| rule.as_str()).map(str::to_owned);
        let mut manner = Manner { loading: Loading::Always, paths: Vec::new(), name: None };
        let mut fields_text = None;
        if let Some(mut fields) = Fields::new(&located, pointer, source.path, &mut found.findings) {
            manner = continue_manner(&mut fields);
            fields_text = fields.text("rule");
        }
        let Some(text) = text.or(fields_text).filter(|text| !text.trim().is_empty()) else { continue };
        let name = manner.name.unwrap_or_else(|| format!("{} {}", file_name(source.path), at + 1));
        let id = format!("doc:{}#{}", source.path, at + 1);
        let mut unit = Unit::new(Kind::Doc, id, name, text.trim(), source.place(line), Format::Continue);
        unit.loading = manner.loading;
        unit.scope.paths = manner.paths.iter().flat_map(|glob| split_globs(glob)).collect();
        found.prose(unit, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;

    fn check(kind: Native, path: &str, text: &str, loading: Loading, paths: &[&str], findings: &[&str]) {
        let (tree, path, mut found) = (MemoryTree::default(), Arc::from(path), Found::default());
        import(kind, &Source { path: &path, text, tree: &tree }, &mut found);
        let unit = &found.drafts[0].unit;
        let codes: Vec<&str> = found.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(
            (unit.loading, unit.scope.paths.iter().map(String::as_str).collect::<Vec<_>>(), codes),
            (loading, paths.to_vec(), findings.to_vec()),
            "{text}"
        );
    }

    #[test]
    fn cursor_has_four_modes() {
        let rule = |head: &str| format!("---\n{head}\n---\nText\n");
        let path = ".cursor/rules/a.mdc";
        check(Native::CursorRule, path, &rule("description: x\nalwaysApply: true"), Loading::Always, &[], &[]);
        check(
            Native::CursorRule,
            path,
            &rule("description:\nglobs: *.ts,src/**/*.{a,b}\nalwaysApply: false"),
            Loading::Scoped,
            &["*.ts", "src/**/*.{a,b}"],
            &[],
        );
        check(Native::CursorRule, path, &rule("description: When x"), Loading::Described, &[], &[]);
        check(Native::CursorRule, path, "Text\n", Loading::OnDemand, &[], &[]);
        check(Native::CursorRule, path, &rule("globz: x\nalwaysApply: 'true'"), Loading::OnDemand, &[], &["unknown-key", "wrong-type"]);
        check(Native::CursorRule, "web/.cursor/rules/a.md", &rule("globs: [a.ts]"), Loading::Scoped, &["web/a.ts"], &["ignored-by-agent"]);
    }

    #[test]
    fn other_agents_rules() {
        check(Native::ClaudeRule, ".claude/rules/a.md", "---\npaths: src/**\n---\nText", Loading::Scoped, &["src/**"], &[]);
        check(Native::ClaudeRule, ".claude/rules/a.md", "Text", Loading::Always, &[], &[]);
        check(
            Native::CopilotRule,
            ".github/instructions/a.instructions.md",
            "---\napplyTo: '**/*.ts,**/*.tsx'\n---\nText",
            Loading::Scoped,
            &["**/*.ts", "**/*.tsx"],
            &[],
        );
        check(Native::CopilotRule, ".github/instructions/a.instructions.md", "---\napplyTo: '**'\n---\nText", Loading::Always, &[], &[]);
        check(Native::CopilotMain, ".github/copilot-instructions.md", "Text", Loading::Always, &[], &[]);
        check(Native::ContinueRule, ".continue/rules/a.md", "---\nname: A\nglobs: '*.py'\n---\nText", Loading::Scoped, &["*.py"], &[]);
        check(Native::ContinueRule, ".continue/rules/a.md", "---\nname: A\nalwaysApply: false\n---\nText", Loading::Described, &[], &[]);
        check(Native::ContinueRule, ".continue/rules/a.yaml", "rules:\n  - name: A\n    rule: Text\n    globs: '*.py'\n", Loading::Scoped, &["*.py"], &[]);
    }
}
