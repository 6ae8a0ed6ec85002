//! `docs/errors.md`: every code that an error can carry, and none that no error has.

use super::{crates, outcome};
use crate::Outcome;
use std::collections::BTreeSet;
use std::path::Path;

/// The page names every code of the sources, and its tables name no other.
pub(super) fn check(root: &Path) -> Outcome {
    let page = std::fs::read_to_string(root.join("docs/errors.md")).map_err(|e| format!("docs/errors.md: {e}"))?;
    let mut codes = BTreeSet::new();
    for path in crates::sources(&root.join("crates")).into_iter().filter(|path| is_product(path)) {
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        codes.extend(stated(&text, ".code(\""));
        if path.ends_with("core/src/fault.rs") {
            codes.extend(stated(&text, "=> \""));
        }
    }
    outcome(findings(&page, &codes))
}

/// Whether a file belongs to the product: tests may make up codes.
fn is_product(path: &Path) -> bool {
    let path = path.to_string_lossy().replace('\\', "/");
    path.contains("/src/") && !path.contains("/tests/") && !path.ends_with("tests.rs") && !path.contains("/testkit/")
}

/// The words in quotes that follow `before`, up to the tests of the file.
fn stated(text: &str, before: &str) -> BTreeSet<String> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let words = text.split(before).skip(1).filter_map(|rest| rest.split_once('"')).map(|(word, _)| word);
    words.filter(|word| is_code(word)).map(str::to_owned).collect()
}

fn is_code(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn findings(page: &str, codes: &BTreeSet<String>) -> Vec<String> {
    let listed: BTreeSet<&str> = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |")).map(|(word, _)| word).collect();
    let missing = codes.iter().filter(|code| !listed.contains(code.as_str())).map(|code| format!("`{code}` has no line"));
    let unknown = listed.iter().filter(|word| !codes.contains(**word)).map(|word| format!("no error has the code `{word}`"));
    missing.chain(unknown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(page: &str, source: &str, expected: &[&str]) {
        assert_eq!(findings(page, &stated(source, ".code(\"")), expected, "{page}\n{source}");
    }

    #[test]
    fn gaps_are_found_in_both_directions() {
        let page = "| code | status |\n| --- | --- |\n| `a_b` | 400 | `not_this` |\n";
        check(page, "x.code(\"a_b\")", &[]);
        check(page, "x.code(\"a_b\").code(\"c\")", &["`c` has no line"]);
        check(page, "", &["no error has the code `a_b`"]);
        check(page, "x.code(\"a_b\")\n#[cfg(test)]\nmod tests {\n.code(\"made_up\")", &[]);
        check(page, "x.code(\"a_b\"); y.code(\"not a code\")", &[]);
    }
}
