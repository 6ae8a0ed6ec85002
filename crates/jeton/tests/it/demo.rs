//! `jeton demo`: the whole stories, offline.

use crate::common::{BINARY, assert_has};
use jeton_testkit::Project;
use std::time::{Duration, Instant};

#[test]
fn all_of_the_engineers_story_comes_true_within_a_minute() {
    let project = Project::new(BINARY);
    let begun = Instant::now();
    // What it leaves to look around in is removed with this project.
    let output = project.command(&["demo", "engineer", "--json"]).env("TMPDIR", project.dir()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
    let outcome: serde_json::Value = serde_json::from_str(&said).unwrap();
    let expected = serde_json::json!({
        "asked": 36, "answered": 36, "rescued_by_the_second_model": 24, "interrupted_by_the_kill": 1, "recorded": 37, "ledger_holds": true, "ok": true,
    });
    assert_eq!(outcome, expected);
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn told_to_people_it_shows_the_costs_and_a_receipt() {
    let project = Project::new(BINARY);
    let output = project.command(&["demo", "engineer"]).env("TMPDIR", project.dir()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
    assert_has(
        &said,
        &[
            "36 of 36 calls were answered",
            "every total and invariant holds",
            "CLASS",
            "support.reply",
            "docs.answer",
            "total simulated",
            "class      support.reply (from the header)",
            "try        ",
            "All of it held.",
        ],
    );
}

#[test]
fn one_figure_changes_and_everything_that_speaks_of_it_is_told() {
    let project = Project::new(BINARY);
    let output = project.command(&["demo", "translator", "--json"]).env("TMPDIR", project.dir()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
    let outcome: serde_json::Value = serde_json::from_str(&said).unwrap();
    let of = |moment: &str, what: &str| outcome[moment][what].clone();
    let texts = |value: serde_json::Value| value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(of("before", "answer"), "A customer may send goods back for a refund within 30 days of delivery.");
    assert_eq!(of("after", "answer"), "A customer may send goods back for a refund within 14 days of delivery.");
    assert!(texts(of("before", "found")).is_empty() && texts(of("before", "broken")).is_empty(), "{said}");
    let expected = [
        "fact-elsewhere context/examples.toml:10 (@tannin-and-spout/desk)",
        "fact-differs context/refunds.md:10 (@tannin-and-spout/desk)",
        "fact-differs context/rules.toml:7 (@tannin-and-spout/desk)",
        "fact-elsewhere context/rules.toml:16 (@tannin-and-spout/desk)",
        "fact-elsewhere context/rules.toml:23 (@tannin-and-spout/shop-owner)",
        "fact-elsewhere context/schemas/refund-decision.json:1 (@tannin-and-spout/desk)",
        "fact-elsewhere context/shop.md:21 (@tannin-and-spout/desk)",
    ];
    assert_eq!(texts(of("after", "found")), expected);
    let broken = texts(of("after", "broken"));
    assert_eq!(broken.len(), 2, "{broken:?}");
    assert!(
        broken[0].starts_with("constraint:policy-keeps-the-card by data/policy.toml") && broken[1].starts_with("constraint:printed-card by the answer"),
        "{broken:?}"
    );
    assert!(outcome["before"]["context_tokens"].as_u64().unwrap() <= 800 && outcome["ok"] == true);
}

#[test]
fn a_page_is_taken_away_and_the_cases_that_need_it_flip_with_their_cause() {
    let project = Project::new(BINARY);
    let output = project.command(&["demo", "orchestrator", "--json"]).env("TMPDIR", project.dir()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
    let outcome: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&outcome["with_and_without"]["verdict"], &outcome["narrowed"]["verdict"]), (&"better".into(), &"worse".into()), "{said}");
    let flipped = outcome["flipped"].as_array().unwrap();
    assert!(flipped.len() > 5 && flipped.iter().all(|case| case.as_str().unwrap().starts_with('r')), "{flipped:?}");
    let labelled = outcome["context_missing"][0].as_u64().unwrap() + outcome["context_missing"][1].as_u64().unwrap();
    assert_eq!(labelled, flipped.len() as u64, "{said}");
    let gap = |when: &str, what: &str| outcome[when][what]["value"].as_f64().unwrap();
    assert!(gap("gap_after", "environment") > gap("gap_before", "environment") + 0.1, "{said}");
    assert!((gap("gap_after", "model") - gap("gap_before", "model")).abs() < 1e-9, "the model is the same: {said}");
    assert!(outcome["gap_after"]["environment"]["interval"]["low"].is_number() && outcome["ok"] == true);
}

#[test]
fn without_a_name_all_stories_are_told() {
    let project = Project::new(BINARY);
    let output = project.command(&["demo"]).env("TMPDIR", project.dir()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
    assert_has(
        &said,
        &[
            "THE SYSTEMS ENGINEER",
            "36 of 36 calls were answered",
            "THE DOMAIN TRANSLATOR",
            "data/policy.toml says \"days = 14\" instead of \"days = 30\"",
            "fact-elsewhere context/shop.md:21",
            "+ A customer may send goods back for a refund within 14 days of delivery.",
            "constraint:policy-keeps-the-card by data/policy.toml",
            "THE ORCHESTRATOR",
            "context-missing, level L2",
        ],
    );
    assert_eq!(said.matches("All of it held.").count(), 3, "{said}");
}
