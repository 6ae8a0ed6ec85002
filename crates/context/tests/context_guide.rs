//! Every example of `docs/context-guide.md` reads without a fault, and what the guide says of it is so.
#![allow(clippy::unwrap_used)]

use jeton_context::check::CODES;
use jeton_context::facts::fill_facts;
use jeton_context::tree::MemoryTree;
use jeton_context::{Catalogue, CatalogueOptions, Detail};
use std::path::PathBuf;

fn guide() -> String {
    std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/context-guide.md")).unwrap()
}

/// The code block whose fence says `info`.
fn block<'t>(guide: &'t str, info: &str) -> &'t str {
    let (_, rest) = guide.split_once(&format!("```{info}\n")).unwrap_or_else(|| panic!("no block {info}"));
    rest.split_once("```").unwrap().0
}

/// The examples of the guide as a project.
fn project(guide: &str) -> MemoryTree {
    let files = [
        ("context/refunds.md", "md page"),
        ("context/rules.toml", "toml rules"),
        ("context/examples.toml", "toml examples"),
        ("context/schemas/decision.json", "json schema"),
        ("data/policy.toml", "toml data"),
    ];
    MemoryTree::new(files.map(|(path, info)| (path, block(guide, info).to_owned())))
}

#[test]
fn the_examples_are_a_project_without_a_fault() {
    let guide = guide();
    let tree = project(&guide);
    let catalogue = Catalogue::build(&tree, &CatalogueOptions::default());
    assert!(catalogue.findings().is_empty(), "{:#?}", catalogue.findings());
    let ids: Vec<&str> = catalogue.units().iter().map(|unit| unit.id.as_str()).collect();
    assert_eq!(ids, ["constraint:refund-window", "doc:context/refunds.md", "example:unused-kettle", "schema:decision"]);
    for unit in catalogue.units() {
        let (text, faults) = fill_facts(&unit.body, &unit.facts, &unit.place.path, &tree);
        assert!(faults.is_empty() && !text.contains("{fact:"), "{text}");
    }
    let Detail::Example(example) = &catalogue.unit("example:unused-kettle").unwrap().detail else { panic!() };
    let Detail::Schema(schema) = &catalogue.unit("schema:decision").unwrap().detail else { panic!() };
    assert!(jsonschema::is_valid(schema, &serde_json::from_str(&example.output).unwrap()));
}

/// The example of each key in the table, put above a page.
#[test]
fn every_key_of_front_matter_is_known() {
    let guide = guide();
    let table = guide.split_once("| key | what it says | example |").unwrap().1.split_once("\n\n").unwrap().0;
    let examples: Vec<&str> = table.lines().filter_map(|line| line.rsplit('`').nth(1)).filter(|example| example.contains(": ")).collect();
    assert_eq!(examples.len(), 10, "{examples:?}");
    for example in examples {
        let page = format!("---\n{example}\n---\nA page.\n");
        let tree = MemoryTree::new([("context/a.md", page.as_str()), ("data/policy.toml", "")]);
        let catalogue = Catalogue::build(&tree, &CatalogueOptions::default());
        assert!(catalogue.findings().is_empty(), "{example}: {:?}", catalogue.findings());
    }
}

#[test]
fn every_finding_in_the_guide_exists() {
    let guide = guide();
    let table = guide.split_once("| it says | it means | do |").unwrap().1.split_once("\n\n").unwrap().0;
    for line in table.lines().skip(2) {
        let first = line.trim_start_matches("| ").split(" | ").next().unwrap();
        for code in first.split(", ").map(|code| code.trim_matches(['`', ' '])) {
            assert!(CODES.iter().any(|known| known.name == code), "{code}");
        }
    }
}

#[test]
fn the_pack_is_one() {
    let pack: toml::Table = block(&guide(), "toml pack").parse().unwrap();
    assert_eq!(pack.keys().map(String::as_str).collect::<Vec<_>>(), ["budget_tokens", "query", "scope"]);
}
