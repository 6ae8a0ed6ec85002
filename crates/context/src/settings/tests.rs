use super::*;
use crate::engine::EngineOptions;
use std::path::PathBuf;

struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const TONE: &str = "[[constraint]]\nid = \"tone\"\ntext = \"Answers are polite.\"\nclasses = [\"support.*\"]\n[[constraint]]\nid = \"dead\"\ntext = \"Answers are short.\"\nclasses = [\"suport.refund\"]\n";
const OLD: &str = "---\nid: autumn\nvalid_until: 2026-05-31\n---\n# Autumn\n\nTea is cheap in autumn.\n";

/// Codes and places of what is wrong, in a project with a rule of its own for `support.*`.
fn check_settings(name: &str, pack: PackUse, classes: &[&str], expected: &[&str]) -> Vec<Finding> {
    let root = Directory(std::env::temp_dir().join(format!("jeton-settings-{}-{name}", std::process::id())));
    let settings = "[packs.other]\nunits = [\"doc:gone\"]\n\n[packs.desk]\nscope = [\"context/**\"]\nunits = [\n  \"doc:gone\",\n]\n";
    for (path, text) in [("context/rules.toml", TONE), ("context/autumn.md", OLD), ("jeton.toml", settings)] {
        let path = root.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let engine = Engine::open(&root.0, EngineOptions { with_code: false, ..EngineOptions::default() });
    let pack = PackUse { name: "desk".to_owned(), path: "jeton.toml".to_owned(), ..pack };
    let uses = ContextUse { packs: vec![pack], classes: classes.iter().map(|&class| class.to_owned()).collect() };
    let found = check(&engine, &uses, "2026-06-01");
    let shown: Vec<String> = found.iter().map(|finding| format!("{} {}", finding.code, finding.place)).collect();
    assert_eq!(shown, expected, "{found:#?}");
    found
}

fn pack(units: &[&str], scope: &[&str], budget_tokens: u64, classes: &[&str]) -> PackUse {
    let owned = |list: &[&str]| list.iter().map(|&item| item.to_owned()).collect();
    PackUse { units: owned(units), scope: owned(scope), budget_tokens, classes: owned(classes), ..PackUse::default() }
}

#[test]
fn a_pack_that_works_has_no_finding() {
    check_settings("good", pack(&["constraint:tone"], &["context/**"], 200, &["support.refund"]), &[], &[]);
    // Who asks for a pack that no class has is not known.
    check_settings("free", pack(&["constraint:tone"], &[], 200, &[]), &[], &[]);
}

#[test]
fn packs_that_cannot_be_compiled() {
    check_settings("unknown", pack(&["doc:gone"], &[], 200, &[]), &[], &["pack-unknown-unit jeton.toml:7"]);
    check_settings("class", pack(&["constraint:tone"], &[], 200, &["sales"]), &[], &["pack-unit-out-of-scope jeton.toml:4"]);
    check_settings("expired", pack(&["doc:autumn"], &[], 200, &[]), &[], &["pack-unit-out-of-scope jeton.toml:4"]);
    check_settings("scope", pack(&[], &["contxt/**"], 200, &[]), &[], &["pack-empty-scope jeton.toml:5"]);
    let found = check_settings("budget", pack(&[], &[], 5, &["support.refund"]), &[], &["pack-over-budget jeton.toml:4"]);
    assert!(found[0].message.contains("constraint:tone (") && found[0].remedy.contains("budget_tokens = "), "{found:?}");
}

#[test]
fn units_for_classes_that_are_not() {
    let found = check_settings("classes", pack(&[], &[], 200, &[]), &["support.refund", "sales"], &["unknown-class context/rules.toml:5-8"]);
    assert_eq!((found[0].severity, found[0].remedy.as_str()), (Severity::Warning, "did you mean `support.refund`?"));
}
