//! Sizes: units that cost too much, texts that are there twice, and limits at which agents cut without a word.

use super::desk::Desk;
use crate::tree::parent;
use crate::{Detail, Digest, Finding, Format, Kind, Loading, Place, Severity, Unit};
use jeton_text::{estimate_tokens, terms};
use std::collections::{BTreeMap, BTreeSet};

/// Tokens of one unit that comes with every request.
const ALWAYS_TOKENS_MAX: u64 = 2_000;
/// Tokens of any unit.
const ANY_TOKENS_MAX: u64 = 6_000;
/// Tokens that come with every request to one kind of agent.
const ALWAYS_TOTAL_TOKENS_MAX: u64 = 10_000;
/// Characters of all descriptions of skills together: 1 % of a context window of 200,000 tokens.
const DESCRIPTIONS_CHARACTERS_MAX: usize = 8_000;
/// Characters of one description.
const DESCRIPTION_CHARACTERS_MAX: usize = 1_024;
/// Bytes of `AGENTS.md` files from the top down to a directory.
const AGENTS_BYTES_MAX: u64 = 32 << 10;
/// Words in a shingle, and how many words a text needs to be compared.
const SHINGLE_WORDS: usize = 5;
const WORDS_MIN: usize = 40;
/// The smallest shingles of a text by which its doubles are looked up.
const SKETCH: usize = 12;

pub(super) fn check(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    for unit in desk.units() {
        oversize(desk, unit, found);
        description(unit, found);
    }
    always(desk, found);
    descriptions(desk, found);
    agents(desk, found);
    duplicates(desk, found);
}

fn tokens(desk: &Desk<'_>, unit: &Unit) -> u64 {
    unit.tokens.get(&desk.input.options.vocabulary).copied().unwrap_or_else(|| estimate_tokens(&unit.body))
}

fn oversize(desk: &Desk<'_>, unit: &Unit, found: &mut Vec<Finding>) {
    // Code and its views are cut to size when they are compiled.
    if matches!(unit.kind, Kind::Code | Kind::History) {
        return;
    }
    let most = if unit.loading == Loading::Always { ALWAYS_TOKENS_MAX } else { ANY_TOKENS_MAX };
    let tokens = tokens(desk, unit);
    if tokens > most {
        let why = if most == ALWAYS_TOKENS_MAX { "comes with every request and " } else { "" };
        let message = format!("`{}` {why}has {tokens} tokens; {most} is plenty", unit.id);
        found.push(Desk::whole(unit, "oversize-unit", Severity::Warning, message, "split it under headings, and keep what is always needed short".to_owned()));
    }
}

fn description(unit: &Unit, found: &mut Vec<Finding>) {
    let Detail::Skill(skill) = &unit.detail else { return };
    let characters = skill.description.chars().count();
    if characters > DESCRIPTION_CHARACTERS_MAX {
        let message = format!("the description of `{}` has {characters} characters; agents take {DESCRIPTION_CHARACTERS_MAX}", unit.id);
        found.push(Desk::whole(unit, "long-description", Severity::Error, message, "say in a sentence or two when the skill is of use".to_owned()));
    }
}

fn always(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let mut by_format: BTreeMap<String, (u64, &Unit)> = BTreeMap::new();
    for unit in desk.units().iter().filter(|unit| unit.loading == Loading::Always) {
        by_format.entry(format!("{:?}", unit.format)).or_insert((0, unit)).0 += tokens(desk, unit);
    }
    for (total, first) in by_format.into_values().filter(|(total, _)| *total > ALWAYS_TOTAL_TOKENS_MAX) {
        let message = format!("{total} tokens come with every request of agents that read this kind of file; {ALWAYS_TOTAL_TOKENS_MAX} is much already");
        let place = Place::file(first.place.path.clone());
        found.push(
            Finding::new("catalogue-budget", Severity::Note, place, message, "move what is seldom needed into skills, scoped rules or documents").about(first),
        );
    }
}

fn descriptions(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let skills =
        desk.units().iter().filter_map(|unit| if let Detail::Skill(skill) = &unit.detail { Some((unit, skill.description.chars().count())) } else { None });
    let skills: Vec<(&Unit, usize)> = skills.collect();
    let total: usize = skills.iter().map(|(_, characters)| characters).sum();
    if let Some((longest, _)) = skills.iter().max_by_key(|(_, characters)| *characters).filter(|_| total > DESCRIPTIONS_CHARACTERS_MAX) {
        let message = format!(
            "the descriptions of {} skills have {total} characters together; beyond {DESCRIPTIONS_CHARACTERS_MAX} agents drop whole descriptions without a word",
            skills.len()
        );
        found.push(Desk::whole(
            longest,
            "catalogue-budget",
            Severity::Warning,
            message,
            "shorten the descriptions, this one first, or take skills out".to_owned(),
        ));
    }
}

/// The `AGENTS.md` files from the top down to each that is read with them.
fn agents(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let units = desk.units().iter().filter(|unit| unit.format == Format::AgentsMd);
    let files: BTreeMap<&str, &Unit> = units.map(|unit| (&*unit.place.path, unit)).rev().collect();
    let size = |path: &str| desk.input.tree.file(path).map_or(0, |file| file.size_bytes);
    for (path, unit) in &files {
        let is_above = |other: &str| parent(other).is_empty() || parent(path) == parent(other) || parent(path).starts_with(&format!("{}/", parent(other)));
        let total: u64 = files.keys().filter(|other| is_above(other)).map(|other| size(other)).sum();
        // Told where the limit is crossed, not again below.
        if total > AGENTS_BYTES_MAX && total - size(path) <= AGENTS_BYTES_MAX {
            let message = format!(
                "the AGENTS.md files down to here have {} KiB; beyond {} KiB an agent cuts them off without a word",
                total >> 10,
                AGENTS_BYTES_MAX >> 10
            );
            let place = Place::file((*path).to_owned());
            found.push(
                Finding::new("catalogue-budget", Severity::Warning, place, message, "shorten them, or move parts into documents that they name").about(unit),
            );
        }
    }
}

/// A text as it is compared: a digest of all its words, and its shingles.
struct Text<'a> {
    unit: &'a Unit,
    whole: Digest,
    shingles: BTreeSet<u64>,
}

fn duplicates(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let texts: Vec<Text<'_>> = desk.units().iter().filter(|unit| !matches!(unit.kind, Kind::Code | Kind::History | Kind::Schema)).filter_map(text).collect();
    let mut known: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (at, text) in texts.iter().enumerate() {
        let candidates: BTreeSet<usize> = text.shingles.iter().take(SKETCH).filter_map(|shingle| known.get(shingle)).flatten().copied().collect();
        let double = candidates.iter().map(|&other| &texts[other]).find(|other| other.whole == text.whole || is_near(other, text));
        if let Some(other) = double {
            let how = if other.whole == text.whole { "says the same as" } else { "says nearly the same as" };
            let message = format!("`{}` {how} `{}` ({})", text.unit.id, other.unit.id, other.unit.place);
            // A page that is only found when it is looked for costs little.
            let is_page = text.unit.format == Format::Markdown && text.unit.loading == Loading::OnDemand;
            let severity = if is_page { Severity::Note } else { Severity::Warning };
            found.push(Desk::whole(text.unit, "duplicate-unit", severity, message, "keep one, and let the other name it".to_owned()));
        }
        text.shingles.iter().take(SKETCH).for_each(|shingle| known.entry(*shingle).or_default().push(at));
    }
}

fn text(unit: &Unit) -> Option<Text<'_>> {
    let words = terms(&unit.body);
    if words.len() < WORDS_MIN {
        return None;
    }
    let of = |words: &[String]| Digest::of(words.join(" ").as_bytes());
    let first = |digest: Digest| u64::from_le_bytes(std::array::from_fn(|at| digest.0[at]));
    Some(Text { unit, whole: of(&words), shingles: words.windows(SHINGLE_WORDS).map(|words| first(of(words))).collect() })
}

fn is_near(a: &Text<'_>, b: &Text<'_>) -> bool {
    let shared = a.shingles.intersection(&b.shingles).count();
    shared * 10 >= (a.shingles.len() + b.shingles.len() - shared) * 9
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, doc};
    use super::*;
    use crate::Skill;

    fn prose(words: usize, seed: usize) -> String {
        (0..words).map(|at| format!("word{} ", (at * 7919 + seed * 104_729) % 99_991)).collect()
    }

    #[test]
    fn large_units() {
        let check = |tokens: u64, loading: Loading, expected: &[&str]| {
            let mut unit = doc("a.md", "Text.");
            unit.loading = loading;
            unit.tokens.insert(String::new(), tokens);
            Bench::new(&[("a.md", "Text.")]).check(unit, expected);
        };
        check(2_000, Loading::Always, &[]);
        check(2_001, Loading::Always, &["oversize-unit a.md:1"]);
        check(2_001, Loading::OnDemand, &[]);
        check(6_001, Loading::OnDemand, &["oversize-unit a.md:1"]);
        check(10_001, Loading::Always, &["catalogue-budget a.md", "oversize-unit a.md:1"]);
    }

    #[test]
    fn texts_that_are_there_twice() {
        let check = |a: &str, b: &str, expected: &[&str]| {
            Bench::new(&[("a.md", a), ("b.md", b)]).check_all(vec![doc("a.md", a), doc("b.md", b)], expected);
        };
        let text = prose(200, 1);
        check(&text, &text.to_uppercase(), &["duplicate-unit b.md:1"]);
        check(&text, &format!("{text} and three more"), &["duplicate-unit b.md:1"]);
        check(&text, &format!("{text} {}", prose(100, 2)), &[]);
        check("Short text.", "Short text.", &[]);
    }

    #[test]
    fn descriptions_of_skills() {
        let skills = |count: usize, length: usize| -> Vec<Unit> {
            let skill = |at: usize| {
                let mut unit = doc(&format!("{at}/SKILL.md"), "Text.");
                unit.detail = Detail::Skill(Box::new(Skill { description: "x".repeat(length), ..Skill::default() }));
                unit
            };
            (0..count).map(skill).collect()
        };
        let codes = |units: Vec<Unit>| Bench::new(&[]).findings(units).into_iter().map(|finding| finding.code).collect::<Vec<_>>();
        assert_eq!(codes(skills(8, 1000)), [] as [&str; 0]);
        assert_eq!(codes(skills(9, 1000)), ["catalogue-budget"]);
        assert_eq!(codes(skills(1, 1025)), ["long-description"]);
    }

    #[test]
    fn agents_files_on_a_path() {
        let check = |top: usize, below: usize, beside: usize, expected: &[&str]| {
            let (top, below, beside) = ("x".repeat(top), "x".repeat(below), "x".repeat(beside));
            let files = [("AGENTS.md", top.as_str()), ("a/AGENTS.md", &below), ("b/AGENTS.md", &beside)];
            let unit = |path: &str| {
                let mut unit = doc(path, "Text.");
                unit.format = Format::AgentsMd;
                unit
            };
            Bench::new(&files).check_all(files.iter().map(|(path, _)| unit(path)).collect(), expected);
        };
        check(20 << 10, 12 << 10, 12 << 10, &[]);
        check(20 << 10, 13 << 10, 12 << 10, &["catalogue-budget a/AGENTS.md"]);
        check(33 << 10, 1, 1, &["catalogue-budget AGENTS.md"]);
    }
}
