//! Sentences in texts that agents load by themselves of which one says no to what the other says.

use super::constraints::negations;
use super::desk::Desk;
use super::examples::meets;
use crate::{Detail, Finding, Kind, Loading, Severity, Trust, Unit};
use jeton_text::{UnitKind, stem, units};
use std::collections::BTreeMap;

/// Words that say how firmly a sentence is meant, or nothing.
const FIRMNESS: [&str; 9] = ["always", "do", "must", "should", "shall", "please", "the", "a", "an"];

/// Words with which a condition begins: what follows holds for some cases only.
const CONDITIONS: [&str; 6] = ["if", "when", "unless", "where", "while", "until"];

/// A sentence that tells what to do.
struct Said<'a> {
    unit: &'a Unit,
    offset: usize,
    text: &'a str,
    is_negated: bool,
}

pub(super) fn check(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let mut by_words: BTreeMap<Vec<String>, Vec<Said<'_>>> = BTreeMap::new();
    for unit in desk.units().iter().filter(|unit| is_told(unit)) {
        let body: &str = &unit.body;
        for sentence in units(body).iter().filter(|sentence| !matches!(sentence.kind, UnitKind::Code | UnitKind::Heading | UnitKind::Table)) {
            let text = sentence.text(body);
            if let Some((words, is_negated)) = plain(text) {
                by_words.entry(words).or_default().push(Said { unit, offset: sentence.start, text, is_negated });
            }
        }
    }
    for said in by_words.values() {
        // One finding for each sentence is enough, at the later of the two.
        for (at, second) in said.iter().enumerate() {
            if let Some(first) = said[..at].iter().find(|first| first.is_negated != second.is_negated && is_together(first.unit, second.unit)) {
                found.push(finding(desk, first, second));
            }
        }
    }
}

fn finding(desk: &Desk<'_>, first: &Said<'_>, second: &Said<'_>) -> Finding {
    let place = format!("{}:{}", first.unit.place.path, desk.line(first.unit, first.offset));
    let shown = |said: &Said<'_>| crate::constraint::excerpt(said.text.trim());
    let message = format!("“{}” is the opposite of “{}” at {place}, and agents load both", shown(second), shown(first));
    desk.at(second.unit, second.offset, "contradicting-constraints", Severity::Warning, message, "take one back, or say where each holds".to_owned())
}

/// Whether agents load the unit without being asked.
fn is_told(unit: &Unit) -> bool {
    matches!(unit.kind, Kind::Doc | Kind::Constraint) && matches!(unit.loading, Loading::Always | Loading::Scoped) && unit.trust > Trust::Untrusted
}

/// Whether both can be loaded for one task. A text that stands deeper in the tree is meant to overrule one of its own kind; two constraints
/// with checks and words of their own are held against each other as such.
fn is_together(first: &Unit, second: &Unit) -> bool {
    let (own, its) = (&first.scope, &second.scope);
    let is_rule = |unit: &Unit| matches!(unit.detail, Detail::Constraint(_));
    let shares_paths = own.paths == its.paths || ((own.paths.is_empty() || its.paths.is_empty()) && first.format != second.format);
    shares_paths && meets(&own.classes, &its.classes) && meets(&own.models, &its.models) && !(is_rule(first) && is_rule(second))
}

/// The words of the sentence's first clause in their order, stemmed, without those of firmness; and whether it says no. None where it is a
/// condition, says too little, or negates in more than one way.
fn plain(text: &str) -> Option<(Vec<String>, bool)> {
    let small = text.to_lowercase().replace('\u{2019}', "'");
    let end =
        [";", ":", ",", "(", " \u{2013} ", " \u{2014} ", " because ", " unless ", " except ", " so that "].iter().filter_map(|mark| small.find(mark)).min();
    let clause = &small[..end.unwrap_or(small.len())];
    let all: Vec<&str> = clause.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '_')).filter(|word| !word.is_empty()).collect();
    if all.first().is_some_and(|first| CONDITIONS.contains(first)) || all.contains(&"without") {
        return None;
    }
    let negated = all.iter().filter(|word| negations().contains(*word)).count();
    let words: Vec<String> = all.iter().filter(|word| !FIRMNESS.contains(word) && !negations().contains(*word)).map(|word| stem(word)).collect();
    (words.len() >= 2 && negated <= 1).then_some((words, negated == 1))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Bench;
    use crate::tree::MemoryTree;
    use crate::{Catalogue, CatalogueOptions};

    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let catalogue = Catalogue::build(&MemoryTree::new(files.iter().copied()), &CatalogueOptions::default());
        let found = Bench::new(files).findings(catalogue.units().to_vec());
        let shown: Vec<String> = found.iter().filter(|finding| finding.code == "contradicting-constraints").map(|finding| finding.place.to_string()).collect();
        assert_eq!(shown, expected, "{found:#?}");
    }

    #[test]
    fn opposite_sentences_in_the_files_of_agents() {
        let never = ("AGENTS.md", "# Rules\n\nNever use `unwrap` in library code.\n");
        check(&[never, ("CLAUDE.md", "# Rules\n\n- Be brief.\n- Always use unwrap in library code.\n")], &["CLAUDE.md:4"]);
        let cursor = "---\ndescription: x\nglobs: src/**\nalwaysApply: false\n---\nUse `unwrap` in library code: it is short.\n";
        check(&[never, (".cursor/rules/a.mdc", cursor)], &["AGENTS.md:3"]);
        check(&[("AGENTS.md", "Do not use tabs.\n\nAlways use tabs.\n")], &["AGENTS.md:3"]);
    }

    #[test]
    fn what_differs_in_anything_else_is_no_opposite() {
        let never = ("AGENTS.md", "Never use `unwrap` in library code.\n");
        check(&[never, ("CLAUDE.md", "Use unwrap in tests.\n")], &[]);
        check(&[never, ("CLAUDE.md", "Never use unwrap in library code.\n")], &[]);
        check(&[("AGENTS.md", "Always run the tests before a commit.\n\nNever commit before the tests run.\n")], &[]);
        check(&[("AGENTS.md", "If in doubt, do not push.\n\nIf in doubt, push.\n\nDo not push without tests. Push tests.\n")], &[]);
        // What stands deeper overrules.
        check(&[never, ("tests/AGENTS.md", "Always use `unwrap` in library code.\n")], &[]);
        // A page for people is not loaded.
        check(&[never, ("docs/a.md", "# A\n\nAlways use `unwrap` in library code.\n")], &[]);
    }
}
