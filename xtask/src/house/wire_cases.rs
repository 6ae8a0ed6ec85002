//! `docs/wire-cases.md`: for each case whether it applies, why, and the tests that hold it.

use super::{crates, outcome};
use crate::Outcome;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const CASES: std::ops::RangeInclusive<u8> = 1..=76;
const APPLIES: [&str; 3] = ["yes", "in part", "no"];

/// Names of the tests of each case, as found in the sources: functions called `case_NN_…`.
type Tests = BTreeMap<u8, BTreeSet<String>>;

/// One line of the table: `| case | what | applies | why | tests |`.
struct Row<'a> {
    case: u8,
    applies: &'a str,
    why: &'a str,
    tests: &'a str,
}

/// Every case stands in the table once with a reason, the tests it names are the tests there are, and a case that
/// applies has one.
pub(super) fn check(root: &Path) -> Outcome {
    let text = std::fs::read_to_string(root.join("docs/wire-cases.md")).map_err(|e| format!("docs/wire-cases.md: {e}"))?;
    outcome(findings(&text, &tests(root)?))
}

/// Runs `cargo xtask wire-cases`: writes the names of the tests into the table.
///
/// # Errors
/// Where the table or a source cannot be read or written.
pub(crate) fn write(root: &Path) -> Outcome {
    let path = root.join("docs/wire-cases.md");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("docs/wire-cases.md: {e}"))?;
    std::fs::write(&path, filled(&text, &tests(root)?)).map_err(|e| format!("docs/wire-cases.md: {e}"))
}

fn tests(root: &Path) -> Result<Tests, String> {
    let mut found = Tests::new();
    for path in crates::sources(&root.join("crates")) {
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        for line in text.lines() {
            let Some((_, name)) = line.split_once("fn case_") else { continue };
            let name: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if let Some(case) = name.get(..2).and_then(|number| number.parse().ok()) {
                found.entry(case).or_default().insert(format!("case_{name}"));
            }
        }
    }
    Ok(found)
}

fn row(line: &str) -> Option<Row<'_>> {
    let cells: Vec<&str> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
    let [case, _, applies, why, tests] = cells[..] else { return None };
    Some(Row { case: case.parse().ok()?, applies, why, tests })
}

fn cell(tests: &Tests, case: u8) -> String {
    let names: Vec<String> = tests.get(&case).into_iter().flatten().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn findings(text: &str, tests: &Tests) -> Vec<String> {
    let rows: Vec<Row> = text.lines().filter_map(row).collect();
    let mut findings: Vec<String> =
        CASES.filter(|case| rows.iter().filter(|row| row.case == *case).count() != 1).map(|case| format!("case {case} does not stand in it once")).collect();
    for row in &rows {
        let case = row.case;
        if !CASES.contains(&case) {
            findings.push(format!("there is no case {case}"));
        }
        if !APPLIES.contains(&row.applies) {
            findings.push(format!("case {case}: `{}` is not one of {}", row.applies, APPLIES.join(", ")));
        }
        if row.why.is_empty() {
            findings.push(format!("case {case}: no reason is given"));
        }
        if row.applies != "no" && !tests.contains_key(&case) {
            findings.push(format!("case {case} applies, but no test is called case_{case:02}_…"));
        }
        if row.tests != cell(tests, case) {
            findings.push(format!("case {case}: the tests named are not those there are; run `cargo xtask wire-cases`"));
        }
    }
    findings
}

fn filled(text: &str, tests: &Tests) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        match row(line).and_then(|row| line.rsplitn(3, '|').nth(2).map(|head| (head, cell(tests, row.case)))) {
            Some((head, names)) if names.is_empty() => out.push_str(&format!("{head}| |")),
            Some((head, names)) => out.push_str(&format!("{head}| {names} |")),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some_tests() -> Tests {
        CASES.filter(|case| *case != 2).map(|case| (case, BTreeSet::from([format!("case_{case:02}_a"), format!("case_{case:02}_b")]))).collect()
    }

    fn table(edit: impl Fn(u8, String) -> String) -> String {
        CASES.map(|case| edit(case, format!("| {case} | what | {} | because | |\n", if case == 2 { "no" } else { "yes" }))).collect()
    }

    fn check(edit: impl Fn(u8, String) -> String, complaint: &str) {
        let found = findings(&filled(&table(edit), &some_tests()), &some_tests());
        assert!(found.iter().any(|finding| finding.contains(complaint)), "{found:?}");
    }

    #[test]
    fn a_filled_table_is_true_and_filling_again_changes_nothing() {
        let once = filled(&table(|_, line| line), &some_tests());
        assert!(once.contains("| 1 | what | yes | because | `case_01_a`, `case_01_b` |\n"), "{once}");
        assert_eq!(filled(&once, &some_tests()), once);
        assert_eq!(findings(&once, &some_tests()), Vec::<String>::new());
    }

    #[test]
    fn every_kind_of_gap_is_found() {
        check(|case, line| if case == 7 { String::new() } else { line }, "case 7 does not stand in it once");
        check(|case, line| if case == 7 { line.replace("| 7 |", "| 77 |") } else { line }, "no case 77");
        check(|_, line| line.replace("| no |", "| maybe |"), "case 2: `maybe`");
        check(|_, line| line.replace("because", ""), "case 1: no reason");
        check(|_, line| line.replace("| no |", "| in part |"), "case 2 applies");
        let stale = filled(&table(|_, line| line), &some_tests()).replace("case_09_a", "case_09_gone");
        assert!(findings(&stale, &some_tests()).iter().any(|finding| finding.contains("case 9: the tests named")));
    }
}
