use super::*;
use crate::CatalogueOptions;
use crate::tree::MemoryTree;

const FILES: [(&str, &str); 5] = [
    ("README.md", "# Shop\n\nA shop.\n"),
    ("policy.toml", "days = 45\n"),
    ("src/a.rs", ""),
    (
        "context/rules.toml",
        "[[constraint]]\nid = \"window\"\ntext = \"Refunds within {fact: 30 from policy.toml#/days} days.\"\nseverity = \"error\"\n[[constraint]]\nid = \"src\"\ntext = \"No panics.\"\npaths = [\"src/**\"]\n[[constraint]]\nid = \"class\"\ntext = \"Be kind.\"\nclasses = [\"support\"]\n",
    ),
    ("context/tone.md", "---\nid: tone\n---\n# Tone\n\nPlain words.\n"),
];

fn files(dialect: Dialect) -> Vec<ExportFile> {
    let tree = MemoryTree::new(FILES);
    export(&Catalogue::build(&tree, &CatalogueOptions::default()), dialect, &tree, Today("2026-06-15"))
}

fn check(dialect: Dialect, expected: &[(&str, &str)]) {
    let shown: Vec<(String, String)> = files(dialect).into_iter().map(|file| (file.path, without_marker(&file.text))).collect();
    let expected: Vec<(String, String)> = expected.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    assert_eq!(shown, expected);
}

fn without_marker(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with(MARK)).map(|line| format!("{line}\n")).collect()
}

const ALL: &str =
    "## Rules\n\n- **Must:** Refunds within 45 days.\n\n## Tone\n\nPlain words.\n\n<!-- 1 units for some classes, models or keys only are left out -->\n";

#[test]
fn every_dialect_says_the_same() {
    let top = format!("\n# Instructions\n\n{ALL}");
    check(Dialect::AgentsMd, &[("AGENTS.md", &top), ("src/AGENTS.md", "\n# Instructions\n\n## Rules\n\n- No panics.\n")]);
    let name = scope_name(&["src/**".to_owned()]);
    let claude = format!(".claude/rules/jeton-{name}.md");
    check(Dialect::ClaudeMd, &[(&claude, "---\npaths:\n  - \"src/**\"\n---\n\n## Rules\n\n- No panics.\n"), ("CLAUDE.md", &top)]);
    let cursor = format!(".cursor/rules/jeton-{name}.mdc");
    let head = "---\ndescription: Instructions of the project\nalwaysApply: true\n---\n\n";
    let scoped = "---\ndescription: Instructions for src/**\nglobs: src/**\nalwaysApply: false\n---\n\n## Rules\n\n- No panics.\n";
    check(Dialect::Cursor, &[(&cursor, scoped), (".cursor/rules/jeton.mdc", &format!("{head}{ALL}"))]);
    let llms = "\n# Shop\n\n## Constraints\n\n- [src](context/rules.toml): No panics.\n- [window](context/rules.toml): Refunds within {fact: 30 from policy.toml#/days} days.\n\n## Docs\n\n- [Tone](context/tone.md)\n";
    check(Dialect::LlmsTxt, &[("llms.txt", &llms.replace("{fact: 30 from policy.toml#/days}", "45"))]);
}

fn drift(change: impl Fn(&ExportFile) -> Option<String>) -> Vec<(&'static str, String)> {
    let now = files(Dialect::AgentsMd);
    let on_disk = now.iter().filter_map(|file| Some((file.path.clone(), change(file)?)));
    let tree = MemoryTree::new(on_disk.chain([("x/AGENTS.md".to_owned(), now[1].text.clone())]));
    check_drift(&now, &tree).into_iter().map(|finding| (finding.code, finding.place.path.to_string())).collect()
}

#[test]
fn drift_is_found() {
    let left = ("export-left-over", "x/AGENTS.md".to_owned());
    assert_eq!(drift(|file| Some(file.text.clone())), std::slice::from_ref(&left));
    assert_eq!(drift(|file| Some(file.text.replace('\n', "\r\n"))), std::slice::from_ref(&left));
    let both = |code: &'static str| [(code, "AGENTS.md".to_owned()), (code, "src/AGENTS.md".to_owned()), left.clone()];
    assert_eq!(drift(|_| None), both("export-missing"));
    assert_eq!(drift(|file| Some(format!("{}More.\n", file.text))), both("export-edited"));
    assert_eq!(drift(|_| Some("By hand.\n".to_owned())), both("export-foreign"));
    assert_eq!(drift(|_| Some(sealed(String::new(), "", "old").text)), both("export-stale"));
}

#[test]
fn only_untouched_exports_are_replaced() {
    let file = &files(Dialect::AgentsMd)[0];
    let answers = [None, Some(file.text.as_str()), Some("By hand."), Some(&file.text[..file.text.len() - 4])].map(|existing| file.may_replace(existing));
    assert_eq!(answers, [true, true, false, false]);
}

#[test]
fn an_export_is_no_new_context() {
    let exported = Dialect::ALL.into_iter().flat_map(files);
    let before = Catalogue::build(&MemoryTree::new(FILES), &CatalogueOptions::default());
    let with = FILES.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).chain(exported.map(|file| (file.path, file.text)));
    let after = Catalogue::build(&MemoryTree::new(with), &CatalogueOptions::default());
    assert_eq!((after.digest(), after.findings()), (before.digest(), before.findings()));
}

#[test]
fn secrets_are_not_exported() {
    let secret = ["ghp_", "q7Rk2vX9pLm4w8Zt3Yb6Nc1Df5Gh0JkQsAeU"].concat();
    let (heading, rule) = (format!("# Log in with {secret}\n\nOr {secret}.\n"), format!("[[constraint]]\nid = \"a\"\ntext = \"Use {secret}.\"\n"));
    let tree = MemoryTree::new([("context/login.md", heading), ("context/a.toml", rule)]);
    let catalogue = Catalogue::build(&tree, &CatalogueOptions::default());
    for dialect in Dialect::ALL {
        let text: String = export(&catalogue, dialect, &tree, Today("2026-06-15")).into_iter().map(|file| file.text).collect();
        assert!(text.contains("[masked github-token]") && !text.contains(&secret), "{dialect:?}: {text}");
    }
}

#[test]
fn what_does_not_hold_today_is_left_out_and_counted() {
    let page = |days: &str| format!("---\n{days}\n---\n# Page\n\nWords.\n");
    let tree = MemoryTree::new([
        ("context/now.md", page("valid_until: 2026-06-15\nid: now\ntitle: Now")),
        ("context/old.md", page("valid_until: 2026-06-14\nid: old\ntitle: Old")),
        ("context/soon.md", page("valid_from: 2026-06-16\nid: soon\ntitle: Soon")),
    ]);
    let catalogue = Catalogue::build(&tree, &CatalogueOptions::default());
    let files = export(&catalogue, Dialect::LlmsTxt, &tree, Today("2026-06-15"));
    let [on_that_day] = &files[..] else { panic!("{files:?}") };
    assert!(on_that_day.text.contains("[Now]") && !on_that_day.text.contains("[Old]") && !on_that_day.text.contains("[Soon]"), "{}", on_that_day.text);
    assert!(on_that_day.text.contains("<!-- 2 units that do not hold today are left out -->"), "{}", on_that_day.text);
    let text: String = export(&catalogue, Dialect::AgentsMd, &tree, Today("2026-06-15")).into_iter().map(|file| file.text).collect();
    assert!(text.contains("<!-- 2 units that do not hold today are left out -->"), "{text}");
}
