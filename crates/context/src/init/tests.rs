use super::*;
use crate::tree::MemoryTree;

/// The classes and files that are proposed for these files.
#[track_caller]
fn check(files: &[(&str, &str)], classes: &[&str], paths: &[&str]) -> Proposal {
    let proposal = propose(&MemoryTree::new(files.iter().copied()));
    assert_eq!(proposal.classes.iter().map(|class| class.name.as_str()).collect::<Vec<_>>(), classes);
    assert_eq!(proposal.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), paths);
    proposal
}

#[test]
fn classes_come_from_what_is_there() {
    check(&[], &[], &["jeton.toml"]);
    check(&[("src/a.rs", "")], &["code.fix"], &["context/packs/code-fix.toml", "jeton.toml"]);
    check(
        &[(".github/workflows/ci.yml", "on: pull_request\n"), ("docs/a.md", "# A\n"), ("openapi.yaml", "openapi: 3.1.0\n"), ("docs/refunds/b.md", "")],
        &["api.request", "code.review", "docs.answer", "support.reply"],
        &[
            ".github/workflows/jeton-context.yml",
            "context.lock",
            "context/packs/api-request.toml",
            "context/packs/code-review.toml",
            "context/packs/docs-answer.toml",
            "context/packs/support-reply.toml",
            "jeton.toml",
        ],
    );
    check(
        &[(".github/workflows/nightly.yml", "on: schedule\n"), ("tests/fixtures/openapi.yaml", "")],
        &[],
        &[".github/workflows/jeton-context.yml", "jeton.toml"],
    );
}

#[test]
fn prompts_and_callers_of_models_are_classes() {
    let call = "from openai import OpenAI\nclient = OpenAI()\n";
    let files = [("prompts/summarise_call.md", "Summarise."), ("prompts/triage.txt", "Sort."), ("app/answer.py", call), ("app/plain.py", "import os\n")];
    let found = propose(&MemoryTree::new(files.iter().copied())).classes;
    let named: Vec<(&str, &str)> =
        found.iter().map(|class| (class.name.as_str(), class.evidence.as_str())).filter(|(name, _)| name.starts_with("prompt.")).collect();
    assert_eq!(named, [("prompt.answer", "app/answer.py"), ("prompt.summarise-call", "prompts/summarise_call.md"), ("prompt.triage", "prompts/triage.txt")]);
    // Many prompts are of the kind that their directory says.
    let many: Vec<(String, &str)> = (0..20).map(|at| (format!("src/prompts/mail/{at}.md"), "x")).collect();
    let found = propose(&MemoryTree::new(many)).classes;
    assert!(found.iter().any(|class| class.name == "prompt.mail") && found.iter().filter(|class| class.name.starts_with("prompt.")).count() == 1, "{found:?}");
}

#[test]
fn a_second_time_nothing_new_is_proposed() {
    let first = check(
        &[("src/a.rs", ""), (".github/workflows/ci.yml", "on: push\n")],
        &["code.fix"],
        &[".github/workflows/jeton-context.yml", "context/packs/code-fix.toml", "jeton.toml"],
    );
    let written: Vec<(String, String)> = first.files.into_iter().map(|file| (file.path, file.text)).collect();
    let again = propose(&MemoryTree::new(written));
    assert!(again.files.iter().all(|file| file.standing == Standing::Same), "{:?}", again.files);
}

#[test]
fn what_is_there_is_never_new() {
    let proposal = propose(&MemoryTree::new([("jeton.toml", "[log]\n"), (".github/workflows/jeton-context.yml", "on: push\n")]));
    let standing: Vec<(&str, Standing)> = proposal.files.iter().map(|file| (file.path.as_str(), file.standing)).collect();
    assert_eq!(standing, [(".github/workflows/jeton-context.yml", Standing::Differs)]);
    let shown = unified(&proposal.files[0]);
    assert!(shown.starts_with("--- a/.github/workflows/jeton-context.yml\n+++ b/") && shown.contains("\n-on: push\n+# Looks"), "{shown}");
}

#[test]
fn what_a_path_holds_does_not_end_a_comment() {
    let proposal = propose(&MemoryTree::new([("docs/a\n[providers.x]\nb.md", "")]));
    let text = &proposal.files.iter().find(|file| file.path == "jeton.toml").unwrap().text;
    assert!(!text.contains("\n[providers"), "{text}");
}

#[test]
fn what_is_proposed_loads() {
    let proposal = propose(&MemoryTree::new([("src/a.rs", ""), ("docs/\"a\".md", ""), ("faq/a.md", "")]));
    for file in proposal.files.iter().filter(|file| file.path.ends_with(".toml")) {
        assert!(toml::from_str::<toml::Table>(&file.text).is_ok(), "{}", file.text);
    }
}
