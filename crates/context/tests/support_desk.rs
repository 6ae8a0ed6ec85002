//! The example project `examples/support-desk`: it reads without a fault, its examples and questions fit it, and its packs hold the answers.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use jeton_context::check::{CheckInput, CheckOptions, CodePrints, check};
use jeton_context::compile::{Compilation, Request, Today, View};
use jeton_context::constraint::{Surroundings, enforce};
use jeton_context::engine::{Engine, EngineOptions};
use jeton_context::facts::fact_value;
use jeton_context::{Detail, Kind};
use jeton_text::Vocabulary;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The budget of every pack of the example.
const BUDGET_TOKENS: u64 = 800;

/// A day on which everything in the example holds.
const TODAY: &str = "2026-12-01";

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/support-desk")
}

fn engine() -> Engine {
    Engine::open(&directory(), EngineOptions { with_code: false, ..EngineOptions::default() })
}

struct Question {
    id: String,
    class: String,
    question: String,
    /// The decisive words; none where the pages do not say it.
    answer: Option<String>,
    needs: Vec<String>,
}

fn questions() -> Vec<Question> {
    let read = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        Question {
            id: text("id").unwrap(),
            class: text("class").unwrap(),
            question: text("question").unwrap(),
            answer: text("answer"),
            needs: value["needs"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect(),
        }
    };
    std::fs::read_to_string(directory().join("questions.jsonl")).unwrap().lines().map(read).collect()
}

/// What the pack of the question's class gives for it, with `budget_tokens` in place of its own.
fn compiled(engine: &Engine, asked: &Question, budget_tokens: u64) -> Compilation {
    let pack = std::fs::read_to_string(directory().join(format!("context/packs/{}.toml", asked.class.trim_start_matches("support.")))).unwrap();
    let pack: toml::Table = pack.parse().unwrap();
    assert_eq!(pack["budget_tokens"].as_integer(), Some(i64::try_from(BUDGET_TOKENS).unwrap()));
    let texts = |key: &str| pack[key].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let kinds: Vec<Kind> = texts("kinds").iter().map(|word| Kind::from_name(word).unwrap()).collect();
    let request = Request {
        kinds: &kinds,
        paths: &texts("scope"),
        class: Some(&asked.class),
        model: Some("local/extract"),
        ..Request::new(&asked.question, budget_tokens, Vocabulary::O200kBase, Today(TODAY))
    };
    engine.compile(&request).unwrap()
}

/// Whether `text` says `words`, whatever the spaces, line breaks and letters' size.
fn says(text: &str, words: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    plain(text).contains(&plain(words))
}

#[test]
fn the_project_reads_without_a_fault() {
    let desk = engine().desk();
    assert!(desk.catalogue.findings().is_empty(), "{:#?}", desk.catalogue.findings());
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for unit in desk.catalogue.units().iter().filter(|unit| unit.place.path.starts_with("context/")) {
        assert!(!unit.owners.is_empty(), "nobody answers for {}", unit.id);
        *counts.entry(unit.kind.name()).or_default() += 1;
    }
    assert_eq!(counts, BTreeMap::from([("constraint", 8), ("doc", 39), ("example", 7), ("schema", 2)]));
}

#[test]
fn quoted_facts_are_what_the_policy_says() {
    let desk = engine().desk();
    let facts: Vec<_> = desk.catalogue.units().iter().flat_map(|unit| &unit.facts).collect();
    assert!(facts.len() > 30, "{}", facts.len());
    for fact in facts {
        assert_eq!(fact_value(fact, &*desk.tree).as_deref(), Ok(fact.said.as_str()), "{fact:?}");
    }
}

#[test]
fn right_examples_satisfy_their_schema_and_the_wrong_one_does_not() {
    let desk = engine().desk();
    for unit in desk.catalogue.units() {
        let Detail::Example(example) = &unit.detail else { continue };
        let schema = desk.catalogue.unit(example.schema.as_deref().unwrap()).unwrap_or_else(|| panic!("{} names no schema", unit.id));
        let Detail::Schema(schema) = &schema.detail else { panic!("{:?}", schema.detail) };
        let output: Value = serde_json::from_str(&example.output).unwrap();
        assert_eq!(jsonschema::is_valid(schema, &output), !example.is_counterexample, "{}", unit.id);
    }
}

#[test]
fn questions_are_sixty_and_need_what_exists() {
    let (desk, questions) = (engine().desk(), questions());
    assert_eq!((questions.len(), questions.iter().filter(|asked| asked.answer.is_none()).count()), (60, 7));
    for asked in &questions {
        assert_eq!(asked.needs.is_empty(), asked.answer.is_none(), "{}", asked.id);
        for need in &asked.needs {
            assert!(desk.catalogue.unit(need).is_some(), "{} needs {need}, which is not there", asked.id);
        }
    }
    let mut ids: Vec<&str> = questions.iter().map(|asked| asked.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), questions.len());
}

/// How many answers the contexts of so many tokens hold, of how many, and their tokens on average. A context holds an answer where it shows
/// every unit that is needed and says the decisive words.
fn held(engine: &Engine, budget_tokens: u64) -> (usize, usize, u64) {
    let (mut held, mut asked_in_all, mut tokens) = (0, 0, 0);
    for asked in questions() {
        let compilation = compiled(engine, &asked, budget_tokens);
        assert!(compilation.manifest.tokens <= budget_tokens, "{}", asked.id);
        tokens += compilation.manifest.tokens;
        let Some(answer) = &asked.answer else { continue };
        let is_shown = |need: &String| compilation.manifest.spans.iter().any(|span| span.unit == *need && span.view != View::Handle);
        asked_in_all += 1;
        if asked.needs.iter().all(is_shown) && says(&compilation.text(), answer) {
            held += 1;
        } else {
            println!("not in {budget_tokens} tokens: {} {}", asked.id, asked.question);
        }
    }
    println!("{held} of {asked_in_all} answers are in a context of at most {budget_tokens} tokens; {} on average", tokens / 60);
    (held, asked_in_all, tokens / 60)
}

#[test]
fn packs_hold_the_answers() {
    let engine = engine();
    let (whole, asked_in_all, _) = held(&engine, 20_000);
    let (of_pack, ..) = held(&engine, BUDGET_TOKENS);
    held(&engine, BUDGET_TOKENS / 2);
    assert!(of_pack * 100 >= asked_in_all * 95 && of_pack <= whole, "{of_pack} of {asked_in_all}");
}

#[test]
fn the_checks_find_nothing() {
    let desk = engine().desk();
    let found = check(&CheckInput {
        tree: &*desk.tree,
        units: desk.catalogue.units(),
        import_findings: desk.catalogue.findings(),
        git: None,
        today: TODAY,
        lock: None,
        fingerprints: &CodePrints,
        sandbox: Err("no command stands in the example".to_owned()),
        options: CheckOptions::default(),
    });
    assert!(found.is_empty(), "{found:#?}");
    let units = desk.catalogue.units();
    let enforced = enforce(units, &*desk.tree, None, &Surroundings::new(units));
    assert!(enforced.breaches.is_empty() && enforced.unscored.is_empty() && enforced.checked > 0, "{enforced:#?}");
}

/// One figure changes in one file, and what a model gets changes with it.
#[test]
fn the_context_follows_the_policy() {
    let directory = directory();
    let asked = &questions()[0];
    let files = walk(&directory);
    let changed = files.iter().map(|(path, text)| (path.clone(), text.replace("days = 30", "days = 14")));
    let texts = [files.clone(), changed.collect()].map(|files| {
        let temporary = tempdir(&files);
        let text = compiled(&Engine::open(&temporary, EngineOptions { with_code: false, ..EngineOptions::default() }), asked, BUDGET_TOKENS).text();
        std::fs::remove_dir_all(temporary).unwrap();
        text
    });
    assert!(says(&texts[0], "for a refund within 30 days of delivery"), "{}", texts[0]);
    assert!(says(&texts[1], "for a refund within 14 days of delivery"), "{}", texts[1]);
}

/// All files below a directory with their text, by path.
fn walk(directory: &std::path::Path) -> Vec<(String, String)> {
    use jeton_context::tree::{Tree, TreeOptions, WorkTree};
    let tree = WorkTree::open(directory, &TreeOptions::default());
    tree.files().iter().map(|file| (file.path.to_string(), tree.text(&file.path).unwrap())).collect()
}

fn tempdir(files: &[(String, String)]) -> PathBuf {
    static MADE: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let directory = std::env::temp_dir().join(format!("jeton-support-desk-{}-{number}", std::process::id()));
    for (path, text) in files {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    directory
}
