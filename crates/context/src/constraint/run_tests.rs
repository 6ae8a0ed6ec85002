use super::*;
use crate::{Format, Kind, Place, Severity};
use proptest::prelude::*;
use serde_json::json;

fn constraint(check: Option<Check>) -> Constraint {
    Constraint { text: "A rule.".to_owned(), severity: Severity::Error, check, target: Target::Both }
}

fn judge(check: Check, subject: Subject<'_>) -> String {
    let mut unit = Unit::new(Kind::Schema, "schema:days", "days", "{}", Place::file("s.json"), Format::JsonSchema);
    unit.detail = Detail::Schema(Box::new(json!({"properties": {"days": {"maximum": 30}}})));
    let units = [unit];
    let surroundings = Surroundings::new(&units);
    match run(&constraint(Some(check)), subject, &surroundings) {
        Verdict::Holds => "holds".to_owned(),
        Verdict::Broken(breaches) => {
            breaches.iter().map(|breach| format!("{}:{} {}", breach.line, breach.column, breach.excerpt)).collect::<Vec<_>>().join("; ")
        }
        Verdict::Unscored(why) => format!("unscored: {why}"),
    }
}

fn check(rule: Check, text: &str, expected: &str) {
    let said = judge(rule, Subject::Output { text });
    assert!(said.starts_with(expected), "{text:?}: {said}");
}

#[test]
fn regular_expressions() {
    let forbid = |pattern: &str| Check::Forbid(pattern.to_owned());
    check(forbid("guarantee"), "We never promise.", "holds");
    check(forbid("guarantee\\w*"), "Yes.\nÜber all: guaranteed.", "2:11 guaranteed");
    check(forbid("^No"), "Yes\nNo", "2:1 No");
    check(forbid("("), "x", "unscored: the regular expression cannot be read");
    check(forbid("(?:a{1000}){1000}"), "x", "unscored: the regular expression is too large");
    check(Check::Require("30 days".to_owned()), "Within 30 days.", "holds");
    check(Check::Require("30 days".to_owned()), "Within a month.", "0:0 nothing matches `30 days`");
}

#[test]
fn schemas() {
    check(Check::SchemaUnit("schema:days".to_owned()), "{\"days\": 14}", "holds");
    check(Check::SchemaUnit("schema:days".to_owned()), "```json\n{\"days\": 45}\n```", "0:0 /days: 45");
    check(Check::SchemaUnit("schema:days".to_owned()), "Sure!", "0:0 it is no JSON");
    check(Check::SchemaUnit("schema:other".to_owned()), "{}", "unscored: there is no schema unit `schema:other`");
    check(Check::Schema(json!({"type": 5})), "{}", "unscored: the schema cannot be read");
}

#[test]
fn queries_judge_code_and_say_where_there_is_none() {
    let query = || Check::Query { language: "rust".to_owned(), query: "((macro_invocation macro: (identifier) @m) @breach (#eq? @m \"dbg\"))".to_owned() };
    check(query(), "Use this:\n```rust\nfn a() { dbg!(1); }\n```\n", "3:10 dbg!(1)");
    check(query(), "Use this:\n```rust\nfn a() {}\n```\n", "holds");
    check(query(), "fn a() { dbg!(2); }", "1:10 dbg!(2)");
    check(query(), "No, that cannot be done.", "unscored: there is no code in rust");
    let said = judge(query(), Subject::File { path: "a.py", text: "dbg(1)", added_lines: None });
    assert_eq!(said, "unscored: the file is not in rust");
}

#[test]
fn only_added_lines_of_a_file_are_judged() {
    let text = "a bad\nb\nc bad\n";
    let check = |lines: &[(u32, u32)], expected: &str| {
        let said = judge(Check::Forbid("bad".to_owned()), Subject::File { path: "a.md", text, added_lines: Some(lines) });
        assert_eq!(said, expected, "{lines:?}");
    };
    check(&[(3, 3)], "3:3 bad");
    check(&[(2, 2)], "holds");
    check(&[(1, 3)], "1:3 bad; 3:3 bad");
}

#[test]
fn rules_without_a_check_and_commands_without_a_sandbox_are_unscored() {
    let none = Surroundings::default();
    let verdict = run(&constraint(None), Subject::Output { text: "x" }, &none);
    assert_eq!(verdict, Verdict::Unscored("the rule has no check; it can only be read".to_owned()));
    check(Check::Command(vec!["true".to_owned()]), "x", "unscored: commands were not allowed to run");
    check(Check::Command(Vec::new()), "x", "unscored: the command is empty");
}

#[test]
fn commands_in_the_sandbox() {
    let Ok(sandbox) = Sandbox::open(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))) else {
        assert!(std::env::var_os("CI").is_none(), "CI needs a sandbox");
        return;
    };
    let surroundings = Surroundings::default().with_sandbox(Ok(&sandbox));
    let check = |command: &[&str], subject: Subject<'_>, expected: &str| {
        let rule = constraint(Some(Check::Command(command.iter().map(|&part| part.to_owned()).collect())));
        let shown = format!("{:?}", run(&rule, subject, &surroundings));
        assert!(shown.starts_with(expected), "{shown}");
    };
    check(&["grep", "-q", "days"], Subject::Output { text: "30 days" }, "Holds");
    check(&["sh", "-c", "cat >&2; exit 1"], Subject::Output { text: "too long" }, "Broken([Breach { line: 0, column: 0, excerpt: \"too long\" }])");
    check(&["grep", "-q", "jeton-context"], Subject::File { path: "Cargo.toml", text: "", added_lines: None }, "Holds");
    check(&["no-such-program"], Subject::Output { text: "" }, "Unscored(\"`no-such-program` cannot be run");
}

#[test]
fn excerpts_hold_no_secret_and_stay_short() {
    let secret = ["ghp_", "q7Rk2vX9pLm4w8Zt3Yb6Nc1Df5Gh0JkQsAeU"].concat();
    assert_eq!(excerpt(&format!("key {secret}\nnext")), "key [masked github-token]");
    assert_eq!(excerpt(&"é".repeat(500)).chars().count(), 121);
}

proptest! {
    #[test]
    fn any_pattern_on_any_text_ends_in_a_verdict(pattern in "\\PC{0,12}", text in "(?s).{0,60}") {
        let _ = judge(Check::Forbid(pattern.clone()), Subject::Output { text: &text });
        let _ = judge(Check::Require(pattern), Subject::File { path: "a", text: &text, added_lines: Some(&[(1, 1)]) });
    }
}
