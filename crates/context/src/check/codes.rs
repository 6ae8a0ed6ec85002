//! The codes of findings, each with its cause and remedy. `docs/context-checks.md` says the same at more length.

use crate::Severity;

/// What a finding's code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code itself.
    pub name: &'static str,
    /// How much such a finding usually weighs.
    pub severity: Severity,
    /// What is wrong.
    pub cause: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// A code.
#[must_use]
pub const fn code(name: &'static str, severity: Severity, cause: &'static str, remedy: &'static str) -> Code {
    Code { name, severity, cause, remedy }
}

/// Every code of the importers, of the checks, of `enforce`, of the lock and of exports, by name.
pub const CODES: [Code; 73] = [
    code(
        "answer-invalid",
        Severity::Error,
        "An answer does not have the form that the schemas of its class say.",
        "Give it that form, or name the class that it is of.",
    ),
    code(
        "bad-check",
        Severity::Error,
        "The regular expression, query, schema or glob of a constraint or schema cannot be read.",
        "Mend it; until then nothing is ever found to break it.",
    ),
    code("bad-lock-line", Severity::Error, "A line of `context.lock` cannot be read.", "Run `jeton context lock`, which writes the file anew."),
    code("bad-value", Severity::Error, "A setting has a value that it cannot have.", "Write one of those that the remedy names."),
    code("block-fails", Severity::Error, "A code block marked `test` does not parse, or ends with a failure.", "Mend the block, or what it shows."),
    code(
        "block-unscored",
        Severity::Note,
        "A code block marked `test` was asked to run and could not be.",
        "Install a sandbox, or use sh, bash, python or javascript.",
    ),
    code(
        "broken-anchor",
        Severity::Error,
        "The file, symbol, heading or lines that an anchor names are not there.",
        "Write the place that the remedy names, then run `jeton context lock`.",
    ),
    code("broken-heading", Severity::Warning, "A link names a heading that its page does not have.", "Name one that it has."),
    code(
        "broken-link",
        Severity::Error,
        "A symbolic link leads to no file of the project, so nothing is read; a warning where no agent loads it by itself.",
        "Let it lead to a file inside the project, or delete it.",
    ),
    code("broken-path", Severity::Error, "A link or path is missing that Git once had.", "Write the path that took its place, or take the sentence out."),
    code("broken-ref", Severity::Error, "A reference in a schema or API leads nowhere.", "Correct it, or add what it names."),
    code(
        "catalogue-budget",
        Severity::Warning,
        "Skill descriptions, AGENTS.md files or always-loaded texts exceed what agents take; they cut without a word.",
        "Shorten, or move parts into documents that are loaded on demand.",
    ),
    code(
        "constraint-broken",
        Severity::Error,
        "A file, or a line that a change added, breaks a constraint; the severity is the constraint's.",
        "Do as the rule says.",
    ),
    code(
        "contradicting-constraints",
        Severity::Error,
        "One rule forbids what another requires, or says no to it.",
        "Take one back, or give them scopes that do not meet.",
    ),
    code("contradiction", Severity::Warning, "Two sentences differ in nothing but a figure.", "Make them agree, or quote the figure with `{fact: …}`."),
    code("duplicate-id", Severity::Error, "Two units have one id, and only the first counts; a note where both say the same.", "Give one of them another id."),
    code(
        "duplicate-unit",
        Severity::Warning,
        "Two units say the same, or nearly; a note for pages that are loaded only when they are looked for.",
        "Keep one, and let the other name it.",
    ),
    code("empty-unit", Severity::Warning, "A file or skill has front matter and says nothing.", "Write its text, or delete it."),
    code(
        "example-breaks-constraint",
        Severity::Error,
        "The right answer of an example breaks a constraint of its scope; the severity is the constraint's.",
        "Mend the answer or the rule.",
    ),
    code(
        "example-invalid",
        Severity::Error,
        "The output of an example does not satisfy its schema; the message has the JSON path.",
        "Mend the output, or the schema.",
    ),
    code("expired-unit", Severity::Error, "The last day of a unit is over.", "Renew it with a later `valid_until`, or take it out."),
    code("export-edited", Severity::Error, "An exported file was edited by hand.", "Put the change into `context/`, delete the file, and export again."),
    code(
        "export-foreign",
        Severity::Warning,
        "The file was not made by an export, and is not overwritten.",
        "Move what it says into `context/` and delete it, or leave this dialect out.",
    ),
    code("export-left-over", Severity::Warning, "No unit leads to this exported file any more.", "Delete it."),
    code("export-missing", Severity::Warning, "An exported file is not there.", "Run `jeton context export` again."),
    code("export-stale", Severity::Error, "`context/` says something else now than the exported file.", "Run `jeton context export` again."),
    code("fact-differs", Severity::Error, "A quoted fact is not what its source says.", "Write the value that the source has."),
    code(
        "fact-elsewhere",
        Severity::Warning,
        "Another unit says another figure of the same subject as a fact.",
        "If it is the same thing, write the value, or quote it too.",
    ),
    code("fact-source-missing", Severity::Error, "The file or the pointer of a quoted fact is not there.", "Mend what stands behind `from`."),
    code("future-unit", Severity::Note, "A unit does not hold yet.", "Nothing, if that is meant."),
    code("idle-counterexample", Severity::Note, "A wrong answer breaks no rule of its scope.", "Write the rule that it breaks."),
    code(
        "ignored-by-agent",
        Severity::Warning,
        "A file lies where an agent looks, in a form that it does not read.",
        "Give it the form that the message names.",
    ),
    code("import-cycle", Severity::Error, "Files import each other in a circle.", "Delete one of the imports."),
    code(
        "import-missing",
        Severity::Error,
        "An imported file is not there.",
        "Correct the path, which is relative to the file that imports, or delete the line.",
    ),
    code("import-outside", Severity::Note, "An import leads out of the project and is not read.", "Move what everybody needs into the project."),
    code("import-too-deep", Severity::Warning, "More imports follow each other than agents follow.", "Import the file from one nearer to the first."),
    code("instruction-in-data", Severity::Warning, "Data speaks to the model; an error where the data is untrusted.", "Read where it comes from; take it out."),
    code("invisible-character", Severity::Error, "A character that nobody sees: no width, turns of direction, tags.", "Take it out."),
    code(
        "lenient-yaml",
        Severity::Warning,
        "Front matter is YAML only after its values are quoted; strict readers leave the file out.",
        "Put values with `: ` or a leading `*`, `@` or `{` in quotes.",
    ),
    code(
        "llms-txt-title",
        Severity::Warning,
        "`llms.txt` has no heading of the first level, the only part that the format requires.",
        "Begin the file with the project's name as a heading.",
    ),
    code("long-description", Severity::Error, "A skill's description has more than 1,024 characters.", "Say in a sentence or two when the skill is of use."),
    code("missing-key", Severity::Error, "A unit or check lacks a setting that it needs, and is left out.", "Add the setting that the message names."),
    code("nameless-definition", Severity::Warning, "A statement defines a table, view or type without a name, so it is not read.", "Give it a name."),
    code("not-utf8", Severity::Warning, "A file is no UTF-8; what cannot be read is shown as a mark.", "Save it as UTF-8."),
    code("old-openapi", Severity::Note, "A description of an API is older than OpenAPI 3 and is not read.", "Convert it to OpenAPI 3."),
    code("overlapping-constraint", Severity::Warning, "Two rules of one scope have one check or one text.", "Keep one."),
    code(
        "oversize-file",
        Severity::Warning,
        "A file is too large to be read as context, in whole or in part; a note where it is no prose.",
        "Split it, or leave it out with `.jetonignore`.",
    ),
    code("oversize-unit", Severity::Warning, "A unit has more than 6,000 tokens, or more than 2,000 and comes with every request.", "Split it under headings."),
    code("owner-missing", Severity::Note, "Nobody answers for a unit that every compilation holds.", "Name an `owner`, or give its file one in CODEOWNERS."),
    code(
        "pack-empty-scope",
        Severity::Warning,
        "The scope of a pack takes in nothing that it could give.",
        "Write globs from the project's directory, and kinds that are there.",
    ),
    code(
        "pack-over-budget",
        Severity::Error,
        "What must be there takes more tokens than a pack has, so every call with it is refused.",
        "Raise `budget_tokens`, or make less mandatory.",
    ),
    code(
        "pack-unit-out-of-scope",
        Severity::Error,
        "A unit that a pack must hold is for other classes, or does not hold today, so every such call is refused.",
        "Take it out of `units`, or mend its scope and days.",
    ),
    code(
        "pack-unknown-unit",
        Severity::Error,
        "A unit that a pack must hold is not in the catalogue, so every call with it is refused.",
        "Name it by its id; `jeton context list` shows them.",
    ),
    code("secret", Severity::Error, "A secret stands in a file. It is masked wherever the file is served.", "Revoke it, and refer to a variable instead."),
    code("skill-compatibility", Severity::Error, "A skill's `compatibility` is longer than the specification allows.", "Shorten it."),
    code(
        "skill-description",
        Severity::Error,
        "A skill has no description, or one longer than the specification allows.",
        "Say what it does and when it is of use.",
    ),
    code(
        "skill-name",
        Severity::Error,
        "A skill has no name, one that the specification does not allow, or another one than its directory.",
        "Use a-z, 0-9 and single hyphens, as the directory is called.",
    ),
    code(
        "skill-size",
        Severity::Warning,
        "A skill's body is longer than the specification recommends.",
        "Move details into files that are read when they are needed.",
    ),
    code("stale-anchor", Severity::Error, "An anchored symbol changed its signature since it was locked.", "Mend the text, then run `jeton context lock`."),
    code(
        "suspect-anchor",
        Severity::Warning,
        "An anchored body changed since it was locked.",
        "See whether the text is still true, then run `jeton context lock`.",
    ),
    code("unknown-class", Severity::Warning, "A unit is for classes only that the settings do not have: it is never there.", "Name a class of `jeton.toml`."),
    code(
        "unknown-command",
        Severity::Warning,
        "A target, recipe, script, alias or program that a text names is not there; an error where the repository once had it, a note in pages for users.",
        "Name one that exists.",
    ),
    code("unknown-key", Severity::Error, "Nothing has the name of a setting, so it has no effect.", "The remedy has the nearest names."),
    code(
        "unknown-link",
        Severity::Error,
        "A unit or schema that is named by id is not in the catalogue; a warning for `supersedes` and `conflicts`.",
        "Name it by its id; `jeton context list` shows them.",
    ),
    code(
        "unknown-path",
        Severity::Note,
        "A path is not there and, as far as Git knows, never was.",
        "Mend it, or run `jeton context check --remember` and it is never asked again.",
    ),
    code(
        "unlocked-anchor",
        Severity::Note,
        "Nobody has locked what an anchor names, so its changes go unseen.",
        "Read the unit against it, then run `jeton context lock`.",
    ),
    code(
        "unreadable-file",
        Severity::Error,
        "A file cannot be read; a note where something was not looked at.",
        "Make it readable, or leave it out with `.jetonignore`.",
    ),
    code(
        "unreadable-front-matter",
        Severity::Error,
        "The front matter of a file cannot be read, and agents leave the file out in silence.",
        "Write `key: value` lines between two lines `---`.",
    ),
    code("unreadable-schema", Severity::Error, "A schema cannot be read; a warning where it does not lie in `context/`.", "Correct the line."),
    code("unreadable-toml", Severity::Error, "A file of rules or examples is no TOML.", "Correct the line."),
    code("unreadable-yaml", Severity::Error, "A file of settings is no YAML.", "Correct the line."),
    code("unterminated", Severity::Error, "A text, comment or definition does not end; what follows may be read wrongly.", "Close it."),
    code("wrong-type", Severity::Error, "A setting has a value of another type than it needs.", "Write what the remedy names."),
];

/// What `name` means.
#[must_use]
pub fn meaning(name: &str) -> Option<&'static Code> {
    CODES.binary_search_by(|code| code.name.cmp(name)).ok().map(|at| &CODES[at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Sources whose findings have other pages, or that only show those of others.
    const OTHERS: [&str; 3] = ["audit", "report", "codes.rs"];

    /// The words in quotes that look like codes and stand where findings are made.
    fn emitted(directory: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if OTHERS.iter().any(|name| path.ends_with(name)) || path.ends_with("tests.rs") {
                continue;
            }
            if path.is_dir() {
                emitted(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            for line in text.lines().filter(|line| line.contains("Severity::")) {
                found.extend(line.split('"').skip(1).step_by(2).filter(|word| is_code(word)).map(str::to_owned));
            }
            // The code is the first word of the call, which may stand on the next line.
            for made in ["Finding::new(", ".report("].iter().flat_map(|call| text.split(call).skip(1)) {
                let word = made.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"')).map(|(word, _)| word);
                found.extend(word.filter(|word| is_code(word)).map(str::to_owned));
            }
        }
    }

    fn is_code(word: &str) -> bool {
        word.contains('-') && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    }

    #[test]
    fn every_code_has_its_meaning_and_its_line() {
        assert!(CODES.windows(2).all(|pair| pair[0].name < pair[1].name), "by name");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut used = BTreeSet::new();
        emitted(&root.join("src"), &mut used);
        let names: BTreeSet<String> = CODES.iter().map(|code| code.name.to_owned()).chain(used).collect();
        let page = std::fs::read_to_string(root.join("../../docs/context-checks.md")).unwrap();
        for name in &names {
            assert!(meaning(name).is_some(), "`{name}` is not among the codes");
            assert!(page.contains(&format!("| `{name}` |")), "`{name}` has no line in docs/context-checks.md");
        }
        assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), CODES.iter().map(|code| code.name).collect::<Vec<_>>(), "codes that nothing emits");
    }
}
