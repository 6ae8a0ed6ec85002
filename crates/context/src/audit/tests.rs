use super::*;
use crate::tree::MemoryTree;

/// The findings of the second and third part for these files, as `code place`.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) -> Report {
    let report = report(files);
    let parts = report.sections.iter().filter(|section| matches!(section.part, Part::Tools | Part::Evaluation));
    let mut found: Vec<String> = parts.flat_map(|section| &section.items).map(|item| format!("{} {}", item.finding.code, item.finding.place)).collect();
    found.sort();
    assert_eq!(found, expected);
    report
}

fn report(files: &[(&str, &str)]) -> Report {
    let tree = MemoryTree::new(files.iter().copied());
    audit(&AuditInput { tree: &tree, git: Err(&NoGit::NoRepository), today: "2026-01-01", ledger: &Ledger::None })
}

#[track_caller]
fn fact<'r>(report: &'r Report, name: &str) -> &'r Fact {
    report.sections.iter().flat_map(|section| &section.facts).find(|fact| fact.name == name).unwrap()
}

const CI: &str = "on: pull_request\njobs:\n  t:\n    runs-on: x\n    steps:\n      - run: make unit\n";

#[test]
fn nothing_is_said_of_an_empty_tree_but_what_is_known() {
    let report = check(&[], &[]);
    assert_eq!((report.findings().count(), report.worst(), report.cannot_tell.len()), (0, None, 1));
    assert_eq!(fact(&report, "calls").count, None);
    assert!(text(&report, "x", 10).contains("Git repository") && markdown(&report, "x", 10).contains("## operations"));
}

#[test]
fn what_ci_demands_has_to_be_told() {
    let make = "unit:\n\tgo test ./...\n";
    check(&[("Makefile", make), (".github/workflows/ci.yml", CI)], &["undocumented-entry Makefile:1"]);
    check(&[("Makefile", make), (".github/workflows/ci.yml", CI), ("README.md", "Run `make unit`.\n")], &[]);
    check(&[("Makefile", "unit: ## runs the tests\n\tgo test\n"), (".github/workflows/ci.yml", CI)], &[]);
    check(&[("Makefile", make)], &[]);
}

#[test]
fn what_does_harm_asks_first_or_is_spoken_of() {
    check(&[("Makefile", "ship:\n\tgit push\n")], &["unguarded-entry Makefile:1"]);
    check(&[("Makefile", "ship:\n\tread -p 'sure? ' x\n\tgit push\n")], &[]);
    check(&[("Makefile", "ship:\n\tgit push\n"), ("README.md", "`make ship` releases; only the release manager runs it.\n")], &[]);
    check(&[("Makefile", "build-release:\n\tcargo build --release\n")], &[]);
}

#[test]
fn tests_run_before_a_change_is_taken() {
    let code = "func F() {}\n".repeat(400);
    let tests = "func TestA(t *testing.T) {}\n";
    let files = |workflow: &'static str| [("a.go", code.clone()), ("a_test.go", tests.to_owned()), (".github/workflows/ci.yml", workflow.to_owned())];
    let look = |workflow: &'static str, expected: &[&str]| {
        let files = files(workflow);
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        check(&files, expected)
    };
    let report = look("on: pull_request\njobs: {a: {steps: [{run: go test ./...}]}}\n", &[]);
    assert_eq!(fact(&report, "gates").says, "before a change is taken CI runs: tests, types");
    look("on: push\njobs: {a: {steps: [{run: go test ./...}]}}\n", &["no-gate .github/workflows/ci.yml"]);
    look("on: pull_request\njobs: {a: {steps: [{run: gofmt -l .}]}}\n", &["tests-not-in-ci .github/workflows/ci.yml"]);
    // A command that speaks of tests may run them, with a tool that nobody knows here.
    look("on: pull_request\njobs: {a: {steps: [{run: ./ours --run-tests}]}}\n", &[]);
    let alone = files("")[..2].to_vec();
    let alone: Vec<(&str, &str)> = alone.iter().map(|(path, text)| (*path, text.as_str())).collect();
    check(&alone, &["no-ci .github/workflows"]);
}

#[test]
fn packages_without_tests_are_counted_and_large_ones_named() {
    let code = "fn f() {}\n".repeat(400);
    let files = [
        ("a/Cargo.toml", "[package]\nname='a'\n"),
        ("a/src/lib.rs", code.as_str()),
        ("b/Cargo.toml", "[package]\nname='b'\n"),
        ("b/src/lib.rs", "#[test]\nfn t() {}\n"),
        (".github/workflows/ci.yml", "on: pull_request\njobs: {a: {steps: [{run: cargo test}]}}\n"),
    ];
    let report = check(&files, &["no-tests a"]);
    let fact = fact(&report, "packages-without-tests");
    assert_eq!((fact.count, fact.of), (Some(1), Some(2)));
}

#[test]
fn rules_without_a_check_are_named() {
    let rules = "[[constraint]]\nid = \"tone\"\ntext = \"Be kind.\"\n[[constraint]]\nid = \"mail\"\ntext = \"No mail.\"\ncheck = { forbid = \"@\" }\n";
    let report = report(&[("context/rules.toml", rules)]);
    let found: Vec<&str> =
        report.findings().filter(|item| item.finding.code == "unchecked-constraint").map(|item| item.finding.unit.as_deref().unwrap()).collect();
    assert_eq!(found, ["constraint:tone"]);
}

#[test]
fn the_same_tree_gives_the_same_bytes_in_every_form() {
    let files = [("Makefile", "ship:\n\tgit push\nunit:\n\tgo test\n"), (".github/workflows/ci.yml", CI), ("a.go", "package a\n"), ("README.md", "# <b>|x\n")];
    let (one, two) = (report(&files), report(&files));
    assert_eq!(text(&one, "x", 10), text(&two, "x", 10));
    assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&two).unwrap());
    let log = sarif(&one);
    let first = &log["runs"][0]["results"][0];
    assert!(first["ruleId"].is_string() && first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].is_string(), "{log}");
}

proptest::proptest! {
    #[test]
    fn any_files_are_audited(text in "[ -~\n\t\"'é\u{202e}#`]{0,200}", path in "[a-zA-Z./_-]{1,20}") {
        let path = path.trim_matches('/').to_owned();
        let report = report(&[(&path, &text), ("README.md", &text), ("src/lib.rs", &text), ("AGENTS.md", &text), ("openapi.yaml", &text)]);
        let _ = (super::text(&report, "x", 3), markdown(&report, "x", 3), sarif(&report));
    }
}
