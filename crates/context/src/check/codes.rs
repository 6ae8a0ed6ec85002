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

const fn code(name: &'static str, severity: Severity, cause: &'static str, remedy: &'static str) -> Code {
    Code { name, severity, cause, remedy }
}

/// Every code of the checks and of `enforce`, by name. Importers have codes of their own.
pub const CODES: [Code; 32] = [
    code(
        "bad-check",
        Severity::Error,
        "The regular expression, query, schema or glob of a constraint or schema cannot be read.",
        "Mend it; until then nothing is ever found to break it.",
    ),
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
    code("broken-path", Severity::Error, "A link or path is missing that Git once had.", "Write the path that took its place, or take the sentence out."),
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
    code(
        "duplicate-unit",
        Severity::Warning,
        "Two units say the same, or nearly; a note for pages that are loaded only when they are looked for.",
        "Keep one, and let the other name it.",
    ),
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
    code("instruction-in-data", Severity::Warning, "Data speaks to the model; an error where the data is untrusted.", "Read where it comes from; take it out."),
    code("invisible-character", Severity::Error, "A character that nobody sees: no width, turns of direction, tags.", "Take it out."),
    code("long-description", Severity::Error, "A skill's description has more than 1,024 characters.", "Say in a sentence or two when the skill is of use."),
    code("overlapping-constraint", Severity::Warning, "Two rules of one scope have one check or one text.", "Keep one."),
    code("oversize-unit", Severity::Warning, "A unit has more than 6,000 tokens, or more than 2,000 and comes with every request.", "Split it under headings."),
    code("owner-missing", Severity::Note, "Nobody answers for a unit that every compilation holds.", "Name an `owner`, or give its file one in CODEOWNERS."),
    code("secret", Severity::Error, "A secret stands in a file. It is masked wherever the file is served.", "Revoke it, and refer to a variable instead."),
    code("stale-anchor", Severity::Error, "An anchored symbol changed its signature since it was locked.", "Mend the text, then run `jeton context lock`."),
    code(
        "suspect-anchor",
        Severity::Warning,
        "An anchored body changed since it was locked.",
        "See whether the text is still true, then run `jeton context lock`.",
    ),
    code(
        "unknown-command",
        Severity::Warning,
        "A target, recipe, script, alias or program that a text names is not there; an error where the repository once had it, a note in pages for users.",
        "Name one that exists.",
    ),
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

    /// The words in quotes of the sources of the checks that look like codes and follow where findings are made.
    fn emitted(directory: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                emitted(&path, found);
            } else if !path.ends_with("codes.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap_or_default();
                let makes = ["Finding::new(\"", "Severity::"];
                for line in text.lines().filter(|line| makes.iter().any(|mark| line.contains(mark))) {
                    let words =
                        line.split('"').skip(1).step_by(2).filter(|word| word.contains('-') && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
                    found.extend(words.map(str::to_owned));
                }
            }
        }
    }

    #[test]
    fn every_code_has_its_meaning_and_its_line() {
        assert!(CODES.windows(2).all(|pair| pair[0].name < pair[1].name), "by name");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut used = BTreeSet::new();
        emitted(&root.join("src/check"), &mut used);
        emitted(&root.join("src/constraint"), &mut used);
        let names: BTreeSet<String> = CODES.iter().map(|code| code.name.to_owned()).chain(used).collect();
        let page = std::fs::read_to_string(root.join("../../docs/context-checks.md")).unwrap();
        for name in &names {
            assert!(meaning(name).is_some(), "`{name}` is not among the codes");
            assert!(page.contains(&format!("| `{name}` |")), "`{name}` has no line in docs/context-checks.md");
        }
        assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), CODES.iter().map(|code| code.name).collect::<Vec<_>>(), "codes that nothing emits");
    }
}
