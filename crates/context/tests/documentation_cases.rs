//! The questions of `evals/documentation/cases.jsonl`: they fit the repository's own catalogue, and those marked as paraphrases share no rare word
//! with the passage that answers them. Nothing is retrieved here.
#![allow(clippy::unwrap_used)]

use jeton_context::tree::{TreeOptions, WorkTree};
use jeton_context::{Catalogue, CatalogueOptions, Unit};
use jeton_text::terms;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A word is rare if at most one unit in this many has it.
const UNITS_PER_RARE_WORD: usize = 50;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

struct Case {
    id: String,
    cluster: String,
    input: String,
    /// Words of the passage that decide; none where the documentation does not say it.
    reference: Option<String>,
    needs: Vec<String>,
    tags: Vec<String>,
}

impl Case {
    fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }
}

fn cases() -> Vec<Case> {
    let read = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let texts = |key: &str| value[key].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect();
        Case {
            id: text("id").unwrap(),
            cluster: text("cluster").unwrap(),
            input: text("input").unwrap(),
            reference: text("reference"),
            needs: texts("needs"),
            tags: texts("tags"),
        }
    };
    std::fs::read_to_string(root().join("evals/documentation/cases.jsonl")).unwrap().lines().map(read).collect()
}

/// The corpus: the catalogue's units of Markdown pages, with their terms.
struct Corpus {
    catalogue: Catalogue,
    terms: BTreeMap<String, BTreeSet<String>>,
}

impl Corpus {
    fn read() -> Self {
        let catalogue = Catalogue::build(&WorkTree::open(&root(), &TreeOptions::default()), &CatalogueOptions::default());
        let pages = catalogue.units().iter().filter(|unit| unit.place.path.ends_with(".md"));
        let terms = pages.map(|unit| (unit.id.to_string(), terms_of(unit))).collect();
        Self { catalogue, terms }
    }

    /// The words of `text` that the unit has and at most 2 % of all units have.
    fn rare_words_shared(&self, text: &str, id: &str) -> BTreeSet<String> {
        let is_rare = |word: &String| self.terms.values().filter(|unit| unit.contains(word)).count() * UNITS_PER_RARE_WORD <= self.terms.len();
        terms(text).into_iter().filter(|word| self.terms[id].contains(word) && is_rare(word)).collect()
    }
}

fn terms_of(unit: &Unit) -> BTreeSet<String> {
    terms(&unit.title).into_iter().chain(terms(&unit.body)).collect()
}

/// Whether `text` says `words`, whatever the spaces, line breaks and letters' size.
fn says(text: &str, words: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    plain(text).contains(&plain(words))
}

#[test]
fn every_case_fits_the_catalogue() {
    let corpus = Corpus::read();
    let mut faults = Vec::new();
    for case in cases() {
        let kinds = ["plain", "paraphrase", "unanswerable"].iter().filter(|kind| case.has_tag(kind)).count();
        if kinds != 1 || case.tags.len() < 2 {
            faults.push(format!("{}: one of plain, paraphrase and unanswerable, and an area", case.id));
        }
        if case.has_tag("unanswerable") != (case.needs.is_empty() && case.reference.is_none()) {
            faults.push(format!("{}: unanswerable is what has neither reference nor needs", case.id));
        }
        for id in &case.needs {
            if !corpus.terms.contains_key(id) {
                faults.push(format!("{}: there is no unit {id}", case.id));
            }
        }
        let Some(reference) = &case.reference else { continue };
        let words = reference.split_whitespace().count();
        let stands = case.needs.iter().filter_map(|id| corpus.catalogue.unit(id)).any(|unit| says(&unit.body, reference));
        if !stands || !(1..=8).contains(&words) {
            faults.push(format!("{}: `{reference}` does not stand in {:?}, or is longer than 8 words", case.id, case.needs));
        }
        if case.needs.first().is_some_and(|id| *id != format!("doc:{}", case.cluster)) {
            faults.push(format!("{}: the cluster is the passage, not {}", case.id, case.cluster));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn paraphrases_share_no_rare_word_with_the_passage() {
    let corpus = Corpus::read();
    let mut faults = Vec::new();
    for case in cases().iter().filter(|case| case.has_tag("paraphrase")) {
        for id in case.needs.iter().filter(|id| corpus.terms.contains_key(*id)) {
            let shared = corpus.rare_words_shared(&case.input, id);
            if !shared.is_empty() {
                faults.push(format!("{}: shares {shared:?} with {id}: {}", case.id, case.input));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn there_are_enough_of_each_kind() {
    let cases = cases();
    let count = |tag: &str| cases.iter().filter(|case| case.has_tag(tag)).count();
    let (plain, paraphrases, unanswerable) = (count("plain"), count("paraphrase"), count("unanswerable"));
    assert!(cases.len() >= 200 && unanswerable >= 20, "{} cases, {unanswerable} unanswerable", cases.len());
    assert!(paraphrases * 2 >= cases.len(), "{paraphrases} paraphrases and {plain} plain questions of {}", cases.len());
    let unique = |texts: BTreeSet<&str>| assert_eq!(texts.len(), cases.len());
    unique(cases.iter().map(|case| case.id.as_str()).collect());
    unique(cases.iter().map(|case| case.input.as_str()).collect());
}

#[test]
fn each_passage_is_asked_in_both_ways() {
    let mut kinds: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for case in cases().iter().filter(|case| !case.has_tag("unanswerable")) {
        kinds.entry(case.cluster.clone()).or_default().insert(if case.has_tag("plain") { "plain" } else { "paraphrase" });
    }
    let in_one_way: Vec<&String> = kinds.iter().filter(|(_, kinds)| kinds.len() < 2).map(|(cluster, _)| cluster).collect();
    assert!(in_one_way.is_empty(), "{in_one_way:?}");
}

/// The definition of a rare word, on a catalogue that is small enough to count by hand.
#[test]
fn a_rare_word_is_in_at_most_one_unit_of_fifty() {
    let unit = |words: &str| terms(words).into_iter().collect::<BTreeSet<_>>();
    let mut terms: BTreeMap<String, BTreeSet<String>> = (0..98).map(|n| (format!("doc:{n}"), unit("shipping costs"))).collect();
    terms.insert("doc:a".to_owned(), unit("shipping, refunded kettles and lids"));
    terms.insert("doc:b".to_owned(), unit("refunds of lids"));
    terms.insert("doc:0".to_owned(), unit("lids cost"));
    let corpus = Corpus { catalogue: Catalogue::default(), terms };
    // 100 units: two may have a rare word. `lid` is in three, `refund` in two, `kettle` in one, `ship` in nearly all.
    let shared = corpus.rare_words_shared("Is a refund of lids, kettles and teapots shipped?", "doc:a");
    assert_eq!(shared.into_iter().collect::<Vec<_>>(), ["and", "kettl", "refund"]);
}
