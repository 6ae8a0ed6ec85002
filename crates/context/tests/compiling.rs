//! The compiler over whole small projects: exact budgets, the same bytes, what must be there, who may see what.
#![allow(clippy::unwrap_used, missing_docs)]

use jeton_context::compile::{Compilation, CompileError, Request, Tier, Today, View};
use jeton_context::engine::{Engine, EngineOptions};
use jeton_context::tree::MemoryTree;
use jeton_context::{Catalogue, CatalogueOptions, Kind};
use jeton_text::Vocabulary;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// A directory of its own for each test, removed at its end.
struct Project(PathBuf);

impl Project {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root = std::env::temp_dir().join(format!("jeton-compiling-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(&root).unwrap();
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self(root)
    }

    fn engine(&self) -> Engine {
        Engine::open(&self.0, EngineOptions::default())
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn request(task: &str, budget_tokens: u64) -> Request<'_> {
    Request::new(task, budget_tokens, Vocabulary::O200kBase, Today("2026-06-01"))
}

const RULES: &str = r#"
[[constraint]]
id = "window"
text = "A refund is promised for 30 days, never longer."

[[constraint]]
id = "tone"
text = "Answers are polite."
scope = { classes = ["support.*"] }
"#;

const REFUNDS: &str = "# Refunds\n\nHow refunds work.\n\n## Window\n\nA kettle can be returned within {fact: 30 from policy.toml#/refund/days} days of its delivery, in any condition that its use explains.\n\n\
## Fees\n\nSending a kettle back costs the customer nothing; we pay the parcel, and we send the label by mail on the same day.\n";

const PRIVATE: &str = "---\nid: margins\naccess: [finance]\n---\n# Margins\n\nThe refund margin of a kettle is 12 euros.\n";

fn shop() -> Vec<(&'static str, &'static str)> {
    vec![
        ("context/rules.toml", RULES),
        ("docs/refunds.md", REFUNDS),
        ("context/margins.md", PRIVATE),
        ("policy.toml", "[refund]\ndays = 30\n"),
        ("src/refund.rs", "/// Whether a refund is due.\npub fn is_due(days: u32) -> bool {\n    days <= 30\n}\n"),
        ("src/parcel.rs", "/// Sends a label.\npub fn label() {}\n"),
    ]
}

fn ids(compilation: &Compilation) -> Vec<&str> {
    compilation.manifest.spans.iter().map(|span| span.unit.as_str()).collect()
}

#[test]
fn rules_first_then_knowledge_then_code_each_with_its_place() {
    let project = Project::new("order", &shop());
    let compilation = project.engine().compile(&Request { class: Some("support.refund"), ..request("How many days for a refund of a kettle?", 800) }).unwrap();
    let tiers: Vec<Tier> = compilation.segments.iter().map(|segment| segment.tier).collect();
    assert_eq!(tiers, [Tier::Rules, Tier::Knowledge, Tier::Code]);
    assert_eq!(ids(&compilation)[..2], ["constraint:tone", "constraint:window"]);
    let refunds = compilation.manifest.spans.iter().find(|span| span.unit == "doc:docs/refunds.md").unwrap();
    assert_eq!((refunds.view, &*refunds.place.path, refunds.place.first_line), (View::Full, "docs/refunds.md", 1));
    let text = compilation.text();
    assert!(text.contains("within 30 days of its delivery"), "{text}");
    assert!(text.contains("pub fn is_due"), "{text}");
    assert!(!text.contains("{fact:") && !text.contains("12 euros"));
}

#[test]
fn a_fact_is_what_its_source_says_now() {
    let project = Project::new("fact", &shop());
    let engine = project.engine();
    std::fs::write(project.0.join("policy.toml"), "[refund]\ndays = 1_4\n").unwrap();
    engine.refresh();
    let text = engine.compile(&request("refund days of a kettle", 600)).unwrap().text();
    assert!(text.contains("within 14 days of its delivery"), "{text}");
}

#[test]
fn who_may_not_see_a_unit_does_not_get_it() {
    let project = Project::new("access", &shop());
    let engine = project.engine();
    let with = |key| ids(&engine.compile(&Request { key, ..request("refund margin of a kettle", 800) }).unwrap()).contains(&"doc:margins");
    assert_eq!((with(None), with(Some("support")), with(Some("finance"))), (false, false, true));
    let named = ["doc:margins".to_owned()];
    let asked = engine.compile(&Request { mandatory: &named, ..request("refund", 800) });
    assert_eq!(asked, Err(CompileError::NoSuchUnit("doc:margins".to_owned())));
}

#[test]
fn what_must_be_there_and_does_not_fit_is_an_error_that_names_it() {
    let project = Project::new("small", &shop());
    match project.engine().compile(&request("refund", 10)) {
        Err(CompileError::TooSmall { needed_tokens, budget_tokens: 10, units }) => {
            assert!(needed_tokens > 10);
            assert_eq!(units[0].0, "constraint:window");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_prefix_is_the_same_whatever_the_task() {
    let project = Project::new("prefix", &shop());
    let engine = project.engine();
    let rules = |task| engine.compile(&request(task, 700)).unwrap().segments[0].text.clone();
    assert_eq!(rules("refund days"), rules("label of a parcel"));
}

#[test]
fn a_unit_that_is_held_out_is_not_there_and_the_manifest_says_so() {
    let project = Project::new("held", &shop());
    let engine = project.engine();
    let unit = "doc:docs/refunds.md";
    let all = engine.compile(&request("refund days of a kettle", 600)).unwrap();
    let without = engine.compile(&Request { held_out: &[unit], ..request("refund days of a kettle", 600) }).unwrap();
    assert!(ids(&all).contains(&unit) && !ids(&without).contains(&unit));
    assert_eq!(without.manifest.held_out.as_deref(), Some(unit));
}

#[test]
fn an_expired_unit_is_left_out() {
    let doc = "---\nid: sale\nvalid_until: 2026-05-31\n---\n# Sale\n\nAll kettles cost 9 euros.\n";
    let project = Project::new("expired", &[("context/sale.md", doc)]);
    let engine = project.engine();
    let on = |day| !ids(&engine.compile(&Request { today: Today(day), ..request("cost of kettles in the sale", 300) }).unwrap()).is_empty();
    assert_eq!((on("2026-05-31"), on("2026-06-01")), (true, false));
}

#[test]
fn an_explanation_says_why_not_and_what_more_would_buy() {
    let project = Project::new("explain", &shop());
    let engine = project.engine();
    let explained = engine.explain(&request("How many days for a refund of a kettle?", 130), 2_000).unwrap();
    assert!(explained.left_out.iter().any(|left| left.then.is_some()), "{explained:?}");
    let why = |left: &jeton_context::compile::Alternative| left.why_out.clone().unwrap_or_default();
    assert!(explained.left_out.iter().all(|left| why(left).starts_with("no room: needs ") && why(left).ends_with(" left")), "{explained:?}");
    assert!(explained.with_more.iter().all(|more| more.why_out.is_none()));
    assert!(explained.with_more.iter().any(|more| more.tokens > 0), "{explained:?}");
    assert!(explained.curve.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1));
}

#[test]
fn an_empty_directory_gives_an_empty_context() {
    let project = Project::new("empty", &[]);
    let compilation = project.engine().compile(&request("anything", 100)).unwrap();
    assert_eq!((compilation.text().as_str(), compilation.manifest.tokens, compilation.manifest.spans.len()), ("", 0, 0));
}

#[test]
fn what_was_kept_for_the_next_process_gives_the_same_bytes() {
    let project = Project::new("cache", &shop());
    let options = || EngineOptions { cache: Some(project.0.join(".jeton/context")), ..EngineOptions::default() };
    let first = Engine::open(&project.0, options());
    first.save().unwrap();
    let second = Engine::open(&project.0, options());
    let task = request("refund of a kettle within days", 500);
    assert_eq!(first.compile(&task), second.compile(&task));
    // A damaged cache is read anew.
    std::fs::write(project.0.join(".jeton/context/index.bin"), b"rubbish").unwrap();
    assert_eq!(Engine::open(&project.0, options()).compile(&task), second.compile(&task));
}

#[test]
fn the_same_units_have_the_same_digest_wherever_they_lie() {
    let tree = MemoryTree::new(shop());
    let again = MemoryTree::new(shop());
    let options = CatalogueOptions::default();
    assert_eq!(Catalogue::build(&tree, &options).digest(), Catalogue::build(&again, &options).digest());
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("refund".to_owned()),
        Just("kettle".to_owned()),
        Just("parse_url".to_owned()),
        "[a-z]{2,9}",
        "\\PC{1,4}",
        Just("\n\n## Part\n\n".to_owned()),
        Just("    ".to_owned())
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_context_exceeds_its_budget_by_one_token_in_any_vocabulary(
        doc in prop::collection::vec(word(), 1..200), code in prop::collection::vec(word(), 1..300), task in prop::collection::vec(word(), 1..12),
        budget_tokens in 1_u64..900, case in 0_u32..u32::MAX,
    ) {
        let files = [("docs/a.md", format!("# A\n\n{}", doc.join(" "))), ("src/a.rs", code.join("\n")), ("src/b.rs", code[..code.len() / 2].join(" "))];
        let borrowed: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let project = Project::new(&format!("budget-{case}"), &borrowed);
        let engine = project.engine();
        let task = task.join(" ");
        for vocabulary in Vocabulary::ALL {
            let asked = Request { vocabulary, ..request(&task, budget_tokens) };
            let compilation = engine.compile(&asked).unwrap();
            prop_assert_eq!(vocabulary.count(&compilation.text()), compilation.manifest.tokens);
            prop_assert!(compilation.manifest.tokens <= budget_tokens);
            prop_assert_eq!(engine.compile(&asked).unwrap(), compilation);
        }
    }
}

#[test]
fn code_alone_can_be_asked_for() {
    let project = Project::new("kinds", &shop());
    let compilation = project.engine().compile(&Request { kinds: &[Kind::Code], ..request("is a refund due after some days", 400) }).unwrap();
    assert!(compilation.manifest.spans.iter().all(|span| span.kind == Kind::Code));
    assert!(compilation.manifest.spans.iter().any(|span| Path::new(&*span.place.path).starts_with("src")));
}

#[test]
fn a_secret_in_a_heading_is_masked_in_every_view() {
    let secret = ["ghp_", "q7Rk2vX9pLm4w8Zt3Yb6Nc1Df5Gh0JkQsAeU"].concat();
    let long = "Kettles are deployed with care and the deploy takes its time. ".repeat(60);
    let deploy = format!("# Deploy with {secret}\n\nA deploy of kettles.\n\n## Deploy again {secret}\n\n{long}\n");
    let titled = format!("---\nid: titled\ntitle: Deploy {secret}\n---\nWhat a deploy of kettles is.\n");
    let project = Project::new("heading", &[("docs/deploy.md", &deploy), ("context/titled.md", &titled)]);
    let engine = project.engine();
    let mut views = Vec::new();
    for budget in [60, 100, 200, 400, 4_000] {
        let compilation = engine.compile(&request("deploy kettles", budget)).unwrap();
        views.extend(compilation.manifest.spans.iter().map(|span| span.view));
        let shown = serde_json::to_string(&compilation).unwrap().to_lowercase();
        assert!(!shown.contains(&secret[4..].to_lowercase()), "{shown}");
    }
    assert!(views.contains(&View::Handle) && views.contains(&View::Full), "{views:?}");
    let rows = serde_json::to_string(&engine.desk().catalogue.rows()).unwrap().to_lowercase();
    assert!(rows.contains("deploy [masked github-token]") && !rows.contains(&secret[4..].to_lowercase()), "{rows}");
}
