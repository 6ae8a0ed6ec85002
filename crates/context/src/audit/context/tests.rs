use super::*;
use crate::CatalogueOptions;
use crate::audit::past::Past;
use crate::tree::MemoryTree;

/// The findings of the first part for these files, as `code place`, without those that every small tree has.
#[track_caller]
fn check(files: &[(&str, &str)], checks: &[Finding], expected: &[&str]) -> Section {
    let tree = MemoryTree::new(files.iter().copied());
    let survey = Survey::take(&tree, Past::of(&[&["src/a.rs"]]));
    let section = section(&survey, &Catalogue::build(&tree, &CatalogueOptions { vocabularies: Vec::new() }), checks);
    let mut found: Vec<String> = section.items.iter().map(|item| format!("{} {}", item.finding.code, item.finding.place)).collect();
    found.sort();
    assert_eq!(found, expected);
    section
}

#[test]
fn a_readme_with_commands_and_a_file_for_agents_are_enough() {
    let readme = "# Tea\n\n```sh\ncargo test\n```\n";
    check(&[("README.md", readme), ("AGENTS.md", "Run `cargo test`.\n"), ("src/a.rs", "")], &[], &[]);
    check(&[("README.md", readme), ("src/a.rs", "")], &[], &["no-agent-file AGENTS.md"]);
    check(&[("README.md", "# Tea\n"), ("AGENTS.md", "Be brief.\n"), ("src/a.rs", "")], &[], &["no-build-instructions README.md"]);
    check(&[("AGENTS.md", "Run `make test`.\n"), ("src/a.rs", "")], &[], &["no-readme README.md"]);
    check(&[], &[], &[]);
}

#[test]
fn drifted_copies_are_told_from_imports_and_other_texts() {
    let same = "one rule\ntwo rules\nthree rules\nfour rules\n";
    let other = "one rule\ntwo rules\nthree rules\nfive rules\n";
    let far = "a line\nb line\nc line\nd line\n";
    let code = |claude: &str| {
        let tree = MemoryTree::new([("AGENTS.md", same), ("CLAUDE.md", claude)]);
        let (_, items) = dialects::look(&Survey::take(&tree, Past::default()));
        items.first().map(|item| (item.finding.code, item.finding.place.first_line))
    };
    assert_eq!([code(other), code(same), code("@AGENTS.md\na\nb\nc\nd\n"), code(far)], [Some(("drifted-dialects", 4)), None, None, Some(("two-dialects", 1))]);
}

#[test]
fn large_code_of_which_nothing_speaks_is_a_part() {
    let code = "let x = 1;\n".repeat(250);
    let files = [("README.md", "# T\n\n`cargo test`\n"), ("AGENTS.md", "Be brief.\n"), ("src/a.rs", ""), ("engine/a.rs", code.as_str()), ("small/a.rs", "x\n")];
    let section = check(&files, &[], &["uncovered-code engine"]);
    assert_eq!(section.items[0].touched.lines, Some(250));
    let fact = section.facts.iter().find(|fact| fact.name == "uncovered-directories").unwrap();
    assert_eq!((fact.count, fact.of), (Some(2), Some(3)));
}

#[test]
fn findings_of_checks_are_said_once_and_what_is_ignored_is_not_broken() {
    let broken =
        |path: &str, place: &str, line| Finding::new("broken-path", Severity::Error, crate::Place::line(place, line), format!("`{path}` is gone"), "mend");
    let checks = [
        broken("docs/gone.md", "docs/a.md", 1),
        broken("docs/gone.md", "docs/b.md", 2),
        broken("docs/made.md", "docs/a.md", 3),
        broken("x.md", "tests/fixtures/a.md", 1),
    ];
    let section = check(&[(".gitignore", "/docs/made.md\n"), ("docs/a.md", "# A\n")], &checks, &["broken-path docs/a.md:1"]);
    assert_eq!(section.items[0].finding.message, "`docs/gone.md` is gone (here and in 1 more place)");
}

#[test]
fn owners_count_only_where_some_are_named() {
    let files = [("README.md", "# T\n\n`make`\n"), ("docs/a.md", "# A\n")];
    check(&files, &[], &[]);
    check(&[&files[..], &[("CODEOWNERS", "/docs/ @docs\n")]].concat(), &[], &["no-owner README.md"]);
}

#[test]
fn files_beyond_what_agents_read_are_found() {
    let long = "A rule that is long enough.\n".repeat(1_300);
    check(&[("README.md", "# T\n\n`make`\n"), ("AGENTS.md", long.as_str())], &[], &["over-budget AGENTS.md"]);
}
