//! `SKILL.md`: a directory that says how something is done.

use super::{Found, Source};
use crate::fields::Fields;
use crate::front_matter::split;
use crate::located::Located;
use crate::tree::{Tree, file_name, parent};
use crate::{Detail, Format, Kind, Loading, Place, Severity, Skill, Unit};
use std::sync::Arc;

/// What the public specification allows, in characters.
const NAME_MAX: usize = 64;
const DESCRIPTION_MAX: usize = 1024;
const COMPATIBILITY_MAX: usize = 500;

/// What it recommends for the body.
const BODY_LINES_MAX: usize = 500;
const BODY_TOKENS_MAX: u64 = 5_000;

/// Settings of the specification, and those that one agent or another adds.
const KEYS: [&str; 14] = [
    "name",
    "description",
    "license",
    "compatibility",
    "metadata",
    "allowed-tools",
    "argument-hint",
    "disable-model-invocation",
    "user-invocable",
    "model",
    "context",
    "agent",
    "hooks",
    "paths",
];

pub(super) fn import(source: &Source<'_>, found: &mut Found) {
    let front = split(source.text);
    let located = match front.fields {
        Some(Ok(located)) => located,
        Some(Err(error)) => {
            let message = format!("the front matter cannot be read, so agents do not see the skill: {}", error.message);
            found.report("unreadable-front-matter", Severity::Error, source.place(error.line), message, "Write `key: value` lines between two lines `---`.");
            Located::default()
        }
        None => {
            found.report(
                "skill-name",
                Severity::Error,
                source.place(1),
                "the skill has no front matter, so agents do not see it",
                "Begin with `---`, `name:`, `description:`, `---`.",
            );
            Located::default()
        }
    };
    if front.is_lenient {
        let message = "the front matter is YAML only after its values are quoted; strict readers leave the skill out";
        found.report("lenient-yaml", Severity::Warning, source.place(2), message, "Put values with `: ` or a leading `*`, `@` or `{` in quotes.");
    }
    let skill = read(source, &located, found);
    let body = front.body.trim();
    check_body(source, body, front.body_line, found);
    let skipped = front.body[..front.body.len() - front.body.trim_start().len()].matches('\n').count();
    let first_line = front.body_line + u32::try_from(skipped).unwrap_or(0);
    let last_line = first_line + u32::try_from(body.matches('\n').count()).unwrap_or(0);
    let title =
        if skill.description.is_empty() { skill.name.clone() } else { format!("{}: {}", skill.name, skill.description.lines().next().unwrap_or_default()) };
    let mut unit =
        Unit::new(Kind::Skill, format!("skill:{}", skill.name), title, body, Place::lines(Arc::clone(source.path), first_line, last_line), Format::Skill);
    unit.loading = Loading::Described;
    unit.detail = Detail::Skill(Box::new(skill));
    found.prose(unit, first_line);
}

fn read(source: &Source<'_>, located: &Located, found: &mut Found) -> Skill {
    let directory = file_name(parent(source.path));
    let mut skill = Skill { files: files(source.tree, source.path), ..Skill::default() };
    if let Some(mut fields) = Fields::new(located, String::new(), source.path, &mut found.findings) {
        fields.only(&KEYS);
        skill.name = fields.text("name").unwrap_or_default();
        skill.description = fields.text("description").unwrap_or_default().trim().to_owned();
        skill.allowed_tools = fields.texts("allowed-tools").iter().flat_map(|tools| split_tools(tools)).collect();
        check_fields(&mut fields, &skill, directory);
    }
    if skill.name.is_empty() {
        skill.name = if directory.is_empty() { "skill".to_owned() } else { directory.to_owned() };
    }
    skill
}

fn check_fields(fields: &mut Fields<'_>, skill: &Skill, directory: &str) {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let name = &skill.name;
    if name.is_empty() {
        fields.report("skill-name", "name", "the skill has no name, so agents do not see it", format!("Add `name: {directory}`."));
    } else if name.len() > NAME_MAX || !name.chars().all(is_allowed) || name.starts_with('-') || name.ends_with('-') || name.contains("--") {
        let remedy = format!("Use 1 to {NAME_MAX} of a-z, 0-9 and single hyphens inside.");
        fields.report("skill-name", "name", format!("`{name}` is no name that the specification allows"), remedy);
    } else if !directory.is_empty() && name != directory {
        fields.report(
            "skill-name",
            "name",
            format!("the name `{name}` differs from the directory `{directory}`"),
            "Rename one of them: they must be the same.",
        );
    }
    let length = skill.description.chars().count();
    if length == 0 {
        fields.report("skill-description", "description", "the skill has no description, by which agents choose it", "Say what it does and when it is of use.");
    } else if length > DESCRIPTION_MAX {
        let message = format!("the description has {length} characters; {DESCRIPTION_MAX} are allowed");
        fields.report("skill-description", "description", message, "Shorten it; what does not help to choose the skill belongs into the body.");
    }
    let length = fields.text("compatibility").map_or(0, |text| text.chars().count());
    if length > COMPATIBILITY_MAX {
        fields.report("skill-compatibility", "compatibility", format!("it has {length} characters; {COMPATIBILITY_MAX} are allowed"), "Shorten it.");
    }
    if let Some(mut metadata) = fields.within("metadata") {
        let keys: Vec<String> = metadata.map.iter().filter(|(_, value)| value.is_object() || value.is_array()).map(|(key, _)| key.clone()).collect();
        for key in keys {
            metadata.report("wrong-type", &key, format!("`metadata.{key}` is no text"), "Metadata maps texts to texts.");
        }
    }
}

fn check_body(source: &Source<'_>, body: &str, line: u32, found: &mut Found) {
    let (lines, tokens) = (body.lines().count(), jeton_text::estimate_tokens(body));
    if body.is_empty() {
        found.report("empty-unit", Severity::Warning, source.place(line), "the skill says nothing", "Write what is to be done below the front matter.");
    } else if lines >= BODY_LINES_MAX || tokens > BODY_TOKENS_MAX {
        let message =
            format!("the body has {lines} lines and about {tokens} tokens; under {BODY_LINES_MAX} lines and {BODY_TOKENS_MAX} tokens are recommended");
        found.report(
            "skill-size",
            Severity::Warning,
            source.place(line),
            message,
            "Move details into files under `references/`, which are read when they are needed.",
        );
    }
}

/// The other files of the skill's directory.
fn files(tree: &dyn Tree, path: &str) -> Vec<String> {
    let directory = parent(path);
    if directory.is_empty() {
        return Vec::new();
    }
    let start = format!("{directory}/");
    let from = tree.files().partition_point(|file| *file.path < *start);
    let inside = tree.files()[from..].iter().map_while(|file| file.path.strip_prefix(start.as_str()));
    inside.filter(|file| *file != "SKILL.md").map(str::to_owned).collect()
}

/// Tools with spaces or commas between them; those in brackets belong to their tool: `Bash(git add:*)`.
fn split_tools(text: &str) -> Vec<String> {
    let mut depth = 0_i32;
    let parts = text.split(|c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth <= 0 && (c == ',' || c.is_whitespace())
    });
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The directories of skills: their further files are theirs, and no docs.
pub(crate) fn directories(tree: &dyn Tree) -> Vec<String> {
    let skills = tree.files().iter().filter(|file| file_name(&file.path) == "SKILL.md");
    skills.map(|file| format!("{}/", parent(&file.path))).filter(|directory| directory != "/").collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;

    fn check(path: &str, text: &str, expected: &[(&str, u32)]) -> Skill {
        let tree = MemoryTree::new([("skills/refund/SKILL.md", ""), ("skills/refund/scripts/a.py", ""), ("skills/refund2/b", "")]);
        let (path, mut found) = (Arc::from(path), Found::default());
        import(&Source { path: &path, text, tree: &tree }, &mut found);
        let findings: Vec<(&str, u32)> = found.findings.iter().map(|finding: &crate::Finding| (finding.code, finding.place.first_line)).collect();
        assert_eq!(findings, expected, "{text}");
        match &found.drafts[0].unit.detail {
            Detail::Skill(skill) => (**skill).clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn skills_are_read_and_checked() {
        let path = "skills/refund/SKILL.md";
        let skill = check(path, "---\nname: refund\ndescription: Refunds. Use for money back.\nallowed-tools: Bash(git add:*) Read, Write\n---\nDo it.\n", &[]);
        assert_eq!((skill.allowed_tools.join("|").as_str(), skill.files.as_slice()), ("Bash(git add:*)|Read|Write", &["scripts/a.py".to_owned()][..]));
        check(path, "---\nname: other\ndescription: x\n---\nDo it.\n", &[("skill-name", 2)]);
        check(path, "---\nname: Re--fund\n---\nDo it.\n", &[("skill-name", 2), ("skill-description", 2)]);
        check(path, "---\nname: refund\ndescription: Use when: asked\n---\nDo it.\n", &[("lenient-yaml", 2)]);
        check(path, "Do it.\n", &[("skill-name", 1)]);
        let long = format!(
            "---\nname: refund\ndescription: {}\ncompatibility: {}\nmetadata: {{a: [1]}}\n---\n{}",
            "x".repeat(1025),
            "y".repeat(501),
            "line\n".repeat(501)
        );
        check(path, &long, &[("skill-description", 3), ("skill-compatibility", 4), ("wrong-type", 5), ("skill-size", 7)]);
    }
}
