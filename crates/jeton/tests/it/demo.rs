//! `jeton demo`: the whole story, offline.

use crate::common::{BINARY, assert_has};
use jeton_testkit::Project;
use std::time::{Duration, Instant};

#[test]
fn all_of_the_story_comes_true_within_a_minute() {
    let project = Project::new(BINARY);
    let begun = Instant::now();
    // What it leaves to look around in is removed with this project.
    let output = project.command(&["demo", "--json"]).env("TMPDIR", project.dir()).output().unwrap();
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
    let output = project.command(&["demo"]).env("TMPDIR", project.dir()).output().unwrap();
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
