//! What users and editors see, compared with files. `UPDATE_GOLDEN=1` writes them anew; the change is then reviewed.
#![allow(clippy::unwrap_used)]

use jeton_project::{load, reference, schema};
use std::fmt::Write;
use std::path::PathBuf;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn input(name: &str) -> String {
    std::fs::read_to_string(golden(name)).unwrap()
}

fn check(name: &str, actual: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden(name), actual).unwrap();
    }
    let expected = std::fs::read_to_string(golden(name)).unwrap_or_default();
    assert!(expected == actual, "{name} differs; UPDATE_GOLDEN=1 writes it anew. Now it is:\n{actual}");
}

fn report(name: &str) -> String {
    let report = load("jeton.toml", &input(name), &|_| None).unwrap_err();
    let shown = format!("{report}\n");
    for text in [shown.clone(), format!("{report:?}"), serde_json::to_string(&report).unwrap()] {
        assert!(!text.contains("hunter2"), "a secret is shown:\n{text}");
    }
    shown
}

#[test]
fn a_report_of_many_mistakes() {
    check("mistakes.txt", &report("mistakes.toml"));
}

#[test]
fn a_report_of_broken_toml() {
    check("broken.txt", &report("broken.toml"));
}

#[test]
fn the_report_as_json() {
    let report = load("jeton.toml", "[log]\nlevle = 'info'\n", &|_| None).unwrap_err();
    check("report.json", &format!("{}\n", serde_json::to_string_pretty(&report).unwrap()));
}

#[test]
fn the_example_of_the_design_loads_and_shows_where_each_value_comes_from() {
    let env = |name: &str| match name {
        "OPENAI_API_KEY" => Some("sk-hunter2".to_owned()),
        "JETON_LISTEN" => Some("127.0.0.1:4700".to_owned()),
        _ => None,
    };
    let snapshot = load("jeton.toml", &input("design.toml"), &env).unwrap();
    let mut shown = String::new();
    for setting in snapshot.effective() {
        writeln!(shown, "{} = {}  # {}", setting.path, setting.value, setting.origin).unwrap();
    }
    for note in &snapshot.notes {
        writeln!(shown, "note: {note}").unwrap();
    }
    assert!(!shown.contains("hunter2"));
    check("effective.txt", &shown);
}

#[test]
fn the_schema() {
    check("schema.json", &format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap()));
}

/// `docs/configuration.md` is what `jeton config reference` prints.
#[test]
fn the_reference_page() {
    check("../../../../docs/configuration.md", &reference());
}
