//! Embeddings in ranking, with a model that knows a few synonyms: what shares no word is found, nothing is embedded twice, and without the
//! model everything goes on.
#![allow(clippy::unwrap_used, missing_docs)]

use jeton_context::compile::{Compilation, Request, Today, View};
use jeton_context::embed::{Embedded, Embedder};
use jeton_context::engine::{Engine, EngineOptions};
use jeton_text::Vocabulary;
use proptest::prelude::*;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A directory of its own for each test, removed at its end.
struct Project(PathBuf);

impl Project {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root = std::env::temp_dir().join(format!("jeton-meaning-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(&root).unwrap();
        let project = Self(root);
        files.iter().for_each(|(path, text)| project.write(path, text));
        project
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn engine(&self) -> Engine {
        Engine::open(&self.0, EngineOptions { cache: Some(self.0.join(".jeton/context")), ..EngineOptions::default() })
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Words that mean the like have one number of the vector in common.
const SYNONYMS: [&[&str]; 4] = [
    &["refund", "refunds", "reimbursement", "money", "cash"],
    &["parcel", "label", "shipment", "delivery"],
    &["holiday", "vacation", "leave"],
    &["margin", "profit", "earnings"],
];

#[derive(Default)]
struct Synonyms {
    is_down: AtomicBool,
    asked: Mutex<Vec<Vec<String>>>,
    /// Numbers of a vector beside those of the synonyms.
    more: usize,
}

impl Synonyms {
    fn texts(&self) -> Vec<String> {
        self.asked.lock().unwrap().concat()
    }

    fn calls(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Embedder for Synonyms {
    fn model(&self) -> &str {
        "test/synonyms"
    }

    fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, String> {
        if self.is_down.load(Ordering::Relaxed) {
            return Err("it is down".to_owned());
        }
        self.asked.lock().unwrap().push(texts.to_vec());
        let vector = |text: &String| {
            let mut numbers = vec![0.0; SYNONYMS.len() + 1 + self.more];
            for word in text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
                let place = SYNONYMS.iter().position(|words| words.contains(&word)).unwrap_or(SYNONYMS.len());
                numbers[place] += if place == SYNONYMS.len() { 0.01 } else { 1.0 };
            }
            numbers
        };
        Ok(texts.iter().map(vector).collect())
    }
}

fn request(task: &str, budget_tokens: u64) -> Request<'_> {
    Request {
        task,
        budget_tokens,
        vocabulary: Vocabulary::O200kBase,
        kinds: &[],
        paths: &[],
        class: None,
        model: None,
        key: None,
        mandatory: &[],
        held_out: &[],
        today: Today("2026-06-01"),
    }
}

fn shop() -> Vec<(&'static str, &'static str)> {
    vec![
        ("docs/returns.md", "# Returns\n\nA refund is paid within 30 days.\n"),
        ("docs/post.md", "# Post\n\nEach parcel has a label.\n"),
        ("docs/free-days.md", "# Free days\n\nA vacation is agreed on with others.\n"),
        ("context/margins.md", "---\nid: margins\naccess: [finance]\n---\n# Margins\n\nThe margin of a kettle is 12 euros.\n"),
        ("src/refund.rs", "pub fn refund(days: u32) -> bool {\n    days <= 30\n}\n"),
        ("src/post.rs", "pub fn parcel() {}\n\npub fn label() {}\n"),
    ]
}

/// An engine that has embedded everything, with its model.
fn embedded(project: &Project) -> (Engine, Arc<Synonyms>) {
    let model = Arc::new(Synonyms::default());
    let engine = project.engine().with_embedder(Arc::clone(&model) as Arc<dyn Embedder>);
    engine.embed_missing(&mut |_, _| {}).unwrap();
    (engine, model)
}

fn why<'a>(compilation: &'a Compilation, unit: &str) -> Option<&'a str> {
    compilation.manifest.spans.iter().find(|span| span.unit == unit).map(|span| span.why.as_str())
}

const TASK: &str = "When does somebody get cash back?";

#[test]
fn what_shares_no_word_is_found_by_what_it_means() {
    let project = Project::new("found", &shop());
    let plain = project.engine().compile(&request(TASK, 600)).unwrap();
    assert_eq!((plain.manifest.spans.len(), &plain.manifest.embeddings), (0, &None));
    let (engine, _) = embedded(&project);
    let compilation = engine.compile(&request(TASK, 600)).unwrap();
    assert_eq!(why(&compilation, "doc:docs/returns.md"), Some("means the like (1st of 3)"));
    assert_eq!(why(&compilation, "doc:docs/free-days.md"), None);
    assert_eq!(why(&compilation, "code:src/refund.rs"), Some("means the like"));
    let shown = compilation.manifest.spans.iter().find(|span| span.unit == "doc:docs/returns.md").unwrap();
    assert_eq!(shown.view, View::Full);
    assert_eq!((compilation.manifest.embeddings.as_deref(), compilation.manifest.notes.len()), (Some("test/synonyms"), 0));
    assert_eq!(engine.explain(&request(TASK, 600), 500).unwrap().manifest, compilation.manifest);
    // Words and meaning together.
    let both = engine.compile(&request("A refund of cash", 600)).unwrap();
    let told = why(&both, "doc:docs/returns.md").unwrap();
    assert!(told.starts_with("has ") && told.ends_with("% of the task's words; means the like (1st of 3)"), "{told}");
}

#[test]
fn a_search_finds_what_it_means_and_says_so() {
    let project = Project::new("search", &shop());
    assert!(project.engine().search_units(TASK).is_empty());
    let (engine, _) = embedded(&project);
    let units = engine.search_units(TASK);
    assert_eq!((units[0].id.as_str(), units[0].share, units[0].meant.as_deref()), ("doc:docs/returns.md", 0.0, Some("means the like (1st of 4)")));
    assert_eq!(engine.search(TASK)[0].0, "src/refund.rs");
}

#[test]
fn nothing_is_embedded_twice_not_even_by_the_next_process() {
    let project = Project::new("twice", &shop());
    let (first, model) = embedded(&project);
    assert_eq!((model.texts().len(), model.calls()), (6, 1));
    let compilation = first.compile(&request(TASK, 600)).unwrap();
    assert_eq!(first.compile(&request(TASK, 600)).unwrap(), compilation);
    assert_eq!((first.embed_missing(&mut |_, _| {}), model.calls()), (Ok(Embedded::default()), 2), "the task is asked once");
    let (second, model) = embedded(&project);
    assert_eq!(model.calls(), 0);
    assert_eq!(second.compile(&request(TASK, 600)).unwrap(), compilation, "the same vectors give the same bytes");
    project.write("docs/post.md", "# Post\n\nEach shipment has a label.\n");
    second.refresh();
    assert_eq!(second.embed_missing(&mut |_, _| {}), Ok(Embedded { texts: 1, calls: 1 }));
    assert!(model.texts().last().unwrap().contains("Each shipment"));
}

#[test]
fn a_damaged_file_is_read_as_empty() {
    let project = Project::new("damaged", &shop());
    drop(embedded(&project));
    let file = project.0.join(".jeton/context/vectors.bin");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(embedded(&project).1.texts().len(), 6);
}

#[test]
fn a_model_that_fails_is_told_of_and_ranking_goes_on_by_words() {
    let project = Project::new("down", &shop());
    let task = "days of a refund";
    let plain = project.engine().compile(&request(task, 600)).unwrap();
    let (engine, model) = embedded(&project);
    model.is_down.store(true, Ordering::Relaxed);
    let without = engine.compile(&request(task, 600)).unwrap();
    assert_eq!(without.segments, plain.segments);
    assert_eq!(without.manifest.notes, ["ranked by words alone, without the embeddings of test/synonyms: it is down"]);
    assert_eq!(without.manifest.embeddings, None);
    assert_eq!(engine.explain(&request(task, 600), 100).unwrap().manifest.notes, without.manifest.notes);
    // What was embedded before the failure counts, and what was not is told.
    project.write("docs/new.md", "# New\n\nEarnings of a year.\n");
    engine.refresh();
    assert_eq!(engine.embed_missing(&mut |_, _| {}), Err("it is down".to_owned()));
    model.is_down.store(false, Ordering::Relaxed);
    let partly = engine.compile(&request(TASK, 600)).unwrap().manifest;
    assert_eq!(partly.notes, ["1 of 7 texts have no embedding of test/synonyms yet: they are ranked by words alone"]);
    assert_eq!(partly.embeddings.as_deref(), Some("test/synonyms"));
}

#[test]
fn before_anything_is_embedded_the_model_is_not_asked() {
    let project = Project::new("before", &shop());
    let model = Arc::new(Synonyms::default());
    let engine = project.engine().with_embedder(Arc::clone(&model) as Arc<dyn Embedder>);
    let notes = engine.compile(&request("refund", 600)).unwrap().manifest.notes;
    assert_eq!(notes, ["ranked by words alone, without the embeddings of test/synonyms: nothing of the project is embedded yet"]);
    assert_eq!(model.calls(), 0);
}

#[test]
fn who_may_not_see_a_unit_does_not_get_it_by_meaning_either_nor_learns_that_it_is_there() {
    let project = Project::new("access", &shop());
    let (engine, _) = embedded(&project);
    let with = |key| engine.compile(&Request { key, ..request("What profit is left?", 600) }).unwrap();
    assert_eq!(why(&with(Some("finance")), "doc:margins"), Some("means the like (1st of 4)"));
    for key in [None, Some("support")] {
        let compilation = with(key);
        assert_eq!(why(&compilation, "doc:margins"), None);
        assert!(compilation.manifest.spans.iter().all(|span| !span.why.contains("of 4")), "{compilation:?}");
        assert!(!compilation.text().contains("12 euros"));
    }
}

#[test]
fn a_unit_that_is_held_out_stays_out() {
    let project = Project::new("held", &shop());
    let (engine, _) = embedded(&project);
    let without = engine.compile(&Request { held_out: &["doc:docs/returns.md"], ..request(TASK, 600) }).unwrap();
    assert_eq!(why(&without, "doc:docs/returns.md"), None);
    assert!(!without.text().contains("within 30 days"));
}

#[test]
fn secrets_never_reach_the_model() {
    let key = &["ghp_", "q7Zt2mXw9LrB4vKd8sNc1yHf6gJa3pTe5uRi"].concat();
    let project = Project::new("secrets", &[("docs/a.md", &format!("# Access\n\nThe token is {key} for now.\n"))]);
    let (engine, model) = embedded(&project);
    let task = format!("who has {key}");
    engine.compile(&request(&task, 300)).unwrap();
    let texts = model.texts();
    assert!(texts.len() == 2 && texts.iter().all(|text| !text.contains(key.as_str()) && text.contains("[masked ")), "{texts:?}");
}

#[test]
fn many_texts_go_in_batches_and_a_model_that_changes_its_length_is_asked_anew() {
    let files: Vec<(String, String)> = (0..100).map(|number| (format!("docs/{number}.md"), format!("# Page {number}\n\nRefund number {number}.\n"))).collect();
    let borrowed: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let project = Project::new("batches", &borrowed);
    let (engine, model) = embedded(&project);
    let sizes: Vec<usize> = model.asked.lock().unwrap().iter().map(Vec::len).collect();
    assert_eq!(sizes, [96, 4]);
    let mut told = Vec::new();
    project.write("docs/100.md", "# Another\n\nA parcel.\n");
    engine.refresh();
    engine.embed_missing(&mut |done, all| told.push((done, all))).unwrap();
    assert_eq!(told, [(1, 1)]);
    let longer = Arc::new(Synonyms { more: 3, ..Synonyms::default() });
    let engine = project.engine().with_embedder(Arc::clone(&longer) as Arc<dyn Embedder>);
    let manifest = engine.compile(&request(TASK, 300)).unwrap().manifest;
    assert_eq!((manifest.embeddings, manifest.notes.len()), (None, 1));
    assert_eq!(engine.embed_missing(&mut |_, _| {}), Ok(Embedded { texts: 101, calls: 2 }));
    assert!(engine.compile(&request(TASK, 300)).unwrap().manifest.notes.is_empty());
}

/// A model that gives what no model should.
struct Broken(Vec<Vec<f32>>);

impl Embedder for Broken {
    fn model(&self) -> &str {
        "test/broken"
    }

    fn embed(&self, _: &[String]) -> Result<Vec<Vec<f32>>, String> {
        Ok(self.0.clone())
    }
}

#[test]
fn vectors_that_are_none_are_refused() {
    let project = Project::new("broken", &[("docs/a.md", "# A\n\nOne.\n")]);
    for (vectors, expected) in [
        (vec![], "test/broken gave 0 vectors for 1 texts"),
        (vec![vec![0.0]], "test/broken gave a vector that has no direction"),
        (vec![vec![f32::NAN]], "test/broken gave a vector that has no direction"),
    ] {
        let engine = project.engine().with_embedder(Arc::new(Broken(vectors)));
        assert_eq!(engine.embed_missing(&mut |_, _| {}), Err(expected.to_owned()));
    }
}

fn words() -> impl Strategy<Value = Vec<String>> {
    let word = prop_oneof![Just("refund".to_owned()), Just("cash".to_owned()), Just("label".to_owned()), "[a-z]{2,9}", Just("\n\n## Part\n\n".to_owned())];
    prop::collection::vec(word, 1..150)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_context_exceeds_its_budget_and_the_same_vectors_give_the_same_bytes(
        doc in words(), other in words(), code in words(), task in words(), budget_tokens in 1_u64..700, case in 0_u32..u32::MAX,
    ) {
        let files = [("docs/a.md", format!("# A\n\n{}", doc.join(" "))), ("docs/b.md", format!("# B\n\n{}", other.join(" "))), ("src/a.rs", code.join("\n"))];
        let borrowed: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let project = Project::new(&format!("budget-{case}"), &borrowed);
        let (engine, _) = embedded(&project);
        let task = task.join(" ");
        let compilation = engine.compile(&request(&task, budget_tokens)).unwrap();
        prop_assert_eq!(Vocabulary::O200kBase.count(&compilation.text()), compilation.manifest.tokens);
        prop_assert!(compilation.manifest.tokens <= budget_tokens);
        prop_assert_eq!(embedded(&project).0.compile(&request(&task, budget_tokens)).unwrap(), compilation);
    }
}
