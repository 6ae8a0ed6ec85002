//! The codes of findings about suites and imports, each with its cause and remedy. The tables of `docs/evals.md` have the same.

use jeton_context::Severity;
use jeton_context::check::{Code, code};

/// Every code of the readers and importers, by name.
pub const CODES: [Code; 37] = [
    code("bad-archive", Severity::Error, "An archive `.eval` is broken, encrypted, or compressed in a way that is not read.", "Write it anew, or as JSON."),
    code("bad-pattern", Severity::Error, "A regular expression cannot be read.", "Mend it; there is no look-around and no reference to a group."),
    code("bad-schema", Severity::Error, "A JSON Schema cannot be read.", "Mend the schema."),
    code("bad-template", Severity::Error, "A prompt's or grader's template cannot be read.", "Mend it; `{% raw %}` keeps braces."),
    code("bad-value", Severity::Error, "A setting has a value that it cannot have, or stands beside one that excludes it.", "Write what the remedy names."),
    code("duplicate-id", Severity::Error, "Two cases have one id.", "Give one of them another id."),
    code("duplicate-name", Severity::Error, "Two targets, or two graders of one case, have one name.", "Give each a name of its own."),
    code(
        "duplicate-suite",
        Severity::Error,
        "Two files have suites of one name, whose runs would not be told apart.",
        "Give one of them another `name`, or remove it.",
    ),
    code("grader-guessed", Severity::Note, "Imported data has no grader, and one is written that suits its references.", "See whether it says what is right."),
    code("import-differs", Severity::Note, "Something of another program's file is read as something near it.", "See whether the difference matters."),
    code(
        "import-skipped",
        Severity::Warning,
        "Something of another program's file has no counterpart. An assertion becomes a `human` grader, so its cases are unscored until it is replaced.",
        "Do what the remedy names.",
    ),
    code("import-unknown", Severity::Error, "A file is of no kind that is imported.", "See the list of formats."),
    code("matrix-and-targets", Severity::Error, "`[matrix]` and `[[target]]` both say what is tried.", "Keep one of them."),
    code("missing-key", Severity::Error, "A setting that must be there is not.", "Write it."),
    code(
        "mixed-types",
        Severity::Warning,
        "A row of a data file has a value of another type than most rows have in its column. It is read as it stands.",
        "Write the type that the remedy names, if that is meant.",
    ),
    code("no-cases", Severity::Error, "A suite or a file of cases has no cases.", "Write `[[case]]`, or name a file with rows."),
    code(
        "no-constraints",
        Severity::Warning,
        "`constraints = true` finds no mandatory constraint with a check.",
        "Leave it out, or mark the constraints as mandatory.",
    ),
    code("no-graders", Severity::Warning, "Nothing decides about some cases, so they are unscored.", "Write `[[grade]]`."),
    code("no-reference", Severity::Error, "A grader judges by the reference, and cases have none.", "Write `reference` in the case, or `value` in the grader."),
    code("no-targets", Severity::Note, "The suite does not say what is tried.", "Write `[[target]]`, or name a target where the suite is run."),
    code("outside-project", Severity::Error, "A file lies outside of the project, and is not read.", "Copy it into the project."),
    code("rows-guessed", Severity::Note, "Rows have the keys of another program, and are read so.", "Nothing, if that is right; else rename the keys."),
    code("unknown-grader", Severity::Error, "There is no grader of this kind.", "Write one of those that the remedy names."),
    code(
        "unknown-key",
        Severity::Error,
        "A setting is not known, so it would have no effect.",
        "Write the name that the remedy names; variables of a case go under `vars`.",
    ),
    code(
        "unknown-model",
        Severity::Error,
        "A target, judge or similarity names a model that cannot be called: it is not there, or the class forbids it.",
        "Write one that the remedy names; `jeton model list` shows all.",
    ),
    code("unknown-pack", Severity::Error, "A target names a pack that the configuration does not have.", "Write one that the remedy names."),
    code("unknown-prompt", Severity::Error, "A target names a prompt that the suite does not have.", "Write one that it has."),
    code(
        "unknown-run",
        Severity::Error,
        "A target grades a run again that the ledger does not have, or a target that the run lacks.",
        "`jeton eval list --runs SUITE` shows the runs.",
    ),
    code("unknown-tag", Severity::Error, "A target is tried on cases with a tag that none has.", "Write a tag that cases have."),
    code(
        "unknown-unit",
        Severity::Error,
        "A unit of context that is named by id is not in the catalogue, or of another kind.",
        "`jeton context list` shows the ids.",
    ),
    code("unreadable-csv", Severity::Error, "A CSV file has broken quotes, or records that do not fit its first line.", "Mend the line."),
    code("unreadable-file", Severity::Error, "A file is not there, too large, no UTF-8, or of no kind that is read.", "Correct the path, or the file."),
    code("unreadable-json", Severity::Error, "A file or row is no JSON.", "Mend the line."),
    code("unreadable-toml", Severity::Error, "A suite is no TOML.", "Mend the line."),
    code("unreadable-yaml", Severity::Error, "A suite is no YAML.", "Mend the line."),
    code("unset-variable", Severity::Error, "A template asks for a variable that cases do not have.", "Set it in `vars` of the case or of the suite."),
    code("wrong-type", Severity::Error, "A setting or a row has a value of another type than it needs.", "Write what the remedy names."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// The codes with which findings are made in a folder of sources: the first word in quotes of such a call.
    fn emitted(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                emitted(&path, found);
                continue;
            }
            if path.ends_with("tests.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            for made in [".error(", "report.add(", "Unread::new(", "importer.report.add(", "self.told("].iter().flat_map(|call| text.split(call).skip(1)) {
                let word = made.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"')).map(|(word, _)| word);
                found.extend(word.map(str::to_owned));
            }
            found.extend(text.split(", \"unreadable-").skip(1).filter_map(|rest| Some(format!("unreadable-{}", rest.split_once('"')?.0))));
        }
    }

    #[test]
    fn every_code_has_its_meaning_and_its_line() {
        assert!(CODES.windows(2).all(|pair| pair[0].name < pair[1].name), "by name");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let page = std::fs::read_to_string(root.join("../../docs/evals.md")).unwrap();
        for code in CODES {
            let line = format!("| `{}` | {} | {} | {} |", code.name, code.severity.name(), code.cause, code.remedy);
            assert!(page.lines().any(|have| have == line), "docs/evals.md lacks the line\n{line}");
        }
        let mut used = BTreeSet::new();
        for folder in ["read", "import"] {
            emitted(&root.join("src").join(folder), &mut used);
        }
        let known: BTreeSet<String> = CODES.iter().map(|code| code.name.to_owned()).collect();
        assert_eq!(used, known, "codes that are emitted, and codes that are listed");
    }
}
