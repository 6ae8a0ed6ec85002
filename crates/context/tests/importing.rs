//! Projects with files of every format, and with broken ones: what they become, compared with files. `UPDATE_GOLDEN=1` writes them anew.
#![allow(clippy::unwrap_used)]

use jeton_context::tree::{MemoryTree, Tree, TreeOptions, WorkTree};
use jeton_context::{Catalogue, CatalogueOptions, Detail, Unit, facts};
use proptest::prelude::*;
use std::fmt::Write;
use std::path::PathBuf;

fn directory(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn check(name: &str, actual: &str) {
    let path = directory("golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{name} differs; UPDATE_GOLDEN=1 writes it anew. Now it is:\n{actual}");
}

fn tree(name: &str) -> WorkTree {
    WorkTree::open(&directory("fixtures/import").join(name), &TreeOptions::default())
}

fn shown(unit: &Unit) -> String {
    let mut out = format!("{}\n  \"{}\" at {}\n", unit.id, unit.title, unit.place);
    write!(out, "  {} {} {} tokens={}", word(&unit.format), word(&unit.trust), word(&unit.loading), unit.tokens["o200k_base"]).unwrap();
    for (name, list) in [("owners", &unit.owners), ("paths", &unit.scope.paths), ("classes", &unit.scope.classes)] {
        if !list.is_empty() {
            write!(out, " {name}={}", list.join(",")).unwrap();
        }
    }
    out.push_str(if unit.is_mandatory { " mandatory" } else { "" });
    out.push_str(if unit.is_safety { " safety\n" } else { "\n" });
    for anchor in &unit.anchors {
        let at = anchor.at.as_ref().map(|at| format!("#{at}")).unwrap_or_default();
        writeln!(out, "  → {}{at} line {}{}", anchor.path, anchor.line, if anchor.is_declared { ", declared" } else { "" }).unwrap();
    }
    for fact in &unit.facts {
        writeln!(out, "  = {} from {}#{} line {}", fact.said, fact.path, fact.pointer, fact.line).unwrap();
    }
    match &unit.detail {
        Detail::Constraint(constraint) => writeln!(out, "  check {:?}", constraint.check).unwrap(),
        Detail::Skill(skill) => writeln!(out, "  tools {:?} files {:?}", skill.allowed_tools, skill.files).unwrap(),
        Detail::Schema(schema) if !schema.is_null() => writeln!(out, "  schema {schema}").unwrap(),
        _ => {}
    }
    out
}

/// The word as which a value is serialised.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap_or_default().to_owned()
}

fn listing(catalogue: &Catalogue) -> String {
    let units: String = catalogue.units().iter().map(shown).collect();
    let mut out = format!("{units}\nfindings\n");
    for finding in catalogue.findings() {
        writeln!(out, "{}: {} {}: {} → {}", finding.place, finding.severity.name(), finding.code, finding.message, finding.remedy).unwrap();
    }
    out
}

#[test]
fn a_project_with_every_format() {
    let tree = tree("shop");
    let catalogue = Catalogue::build(&tree, &CatalogueOptions::default());
    check("shop.txt", &listing(&catalogue));
    let again = Catalogue::build(&tree, &CatalogueOptions::default());
    assert_eq!((catalogue.digest(), catalogue.units()), (again.digest(), again.units()));
}

#[test]
fn a_project_with_everything_broken() {
    check("broken.txt", &listing(&Catalogue::build(&tree("broken"), &CatalogueOptions::default())));
}

#[test]
fn bodies_are_what_models_get() {
    let catalogue = Catalogue::build(&tree("shop"), &CatalogueOptions::default());
    let body = |id: &str| catalogue.unit(id).map(|unit| format!("── {id}\n{}\n", unit.body)).unwrap_or_default();
    let ids = [
        "schema:api/openapi.json#createRefund",
        "schema:api/openapi.json#get:/refunds",
        "schema:decision",
        "schema:db/001_refund.sql#refund",
        "example:late-refund",
    ];
    check("bodies.txt", &ids.map(body).concat());
}

#[test]
fn facts_are_filled_from_their_sources() {
    let tree = tree("shop");
    let catalogue = Catalogue::build(&tree, &CatalogueOptions::default());
    let unit = catalogue.unit("doc:refunds").unwrap();
    let (text, findings) = facts::fill_facts(&unit.body, &unit.facts, &unit.place.path, &tree);
    assert!(text.contains("within 30 days") && text.ends_with("30.") && findings.is_empty(), "{text} {findings:?}");
}

#[test]
fn places_are_the_lines_of_the_body() {
    let tree = tree("shop");
    let catalogue = Catalogue::build(&tree, &CatalogueOptions::default());
    for unit in catalogue.units().iter().filter(|unit| unit.kind.name() == "doc" && !unit.place.path.ends_with(".toml")) {
        let text = tree.text(&unit.place.path).unwrap();
        let lines: Vec<&str> =
            text.lines().skip(unit.place.first_line as usize - 1).take((unit.place.last_line - unit.place.first_line + 1) as usize).collect();
        assert_eq!(lines.join("\n").trim(), unit.body.trim(), "{}", unit.id);
    }
}

/// One path for each importer.
const PATHS: [&str; 20] = [
    "context/a.md",
    "context/a.toml",
    "context/schemas/a.json",
    "AGENTS.md",
    "CLAUDE.md",
    ".claude/rules/a.md",
    ".cursor/rules/a.mdc",
    ".cursorrules",
    ".github/copilot-instructions.md",
    ".github/instructions/a.instructions.md",
    ".continue/rules/a.md",
    ".continue/rules/a.yaml",
    "s/SKILL.md",
    "llms.txt",
    "README.md",
    "docs/a.rst",
    "docs/a.adoc",
    "api/a.yaml",
    "a.graphql",
    ".github/CODEOWNERS",
];

fn build_all(bytes: &[u8]) {
    let more = ["a.proto", "a.sql", "api/a.json"];
    let tree = MemoryTree::new(PATHS.iter().chain(&more).map(|path| (*path, bytes.to_vec())));
    let catalogue = Catalogue::build(&tree, &CatalogueOptions::default());
    for unit in catalogue.units() {
        let _ = facts::fill_facts(&unit.body, &unit.facts, &unit.place.path, &tree);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_imported(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        build_all(&bytes);
    }

    #[test]
    fn any_text_of_marks_is_imported(text in "(---\n|id: |globs: |\\[\\[constraint\\]\\]\n|id = |\"|#+ [a-z]|@[a-z./]{1,4}|\\{fact: |openapi: 3|paths:\n|  /a:\n|    get:\n|\\$ref: |type A|message A|CREATE TABLE a|\\{|\\}|\\(|\\)|;|'|`[a-z/.]{1,6}`|\n|[a-zé \t]{1,4}){0,40}") {
        build_all(text.as_bytes());
    }
}
