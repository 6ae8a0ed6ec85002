//! `jeton init`: shown first, written when told, and nothing that exists is changed.

use crate::common::{BINARY, assert_has, golden};
use jeton_testkit::Project;

fn project(files: &[(&str, &str)]) -> Project {
    let project = Project::new(BINARY);
    for (path, text) in files {
        let path = project.dir().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    project
}

const FILES: &[(&str, &str)] =
    &[("src/lib.rs", "fn a() {}\n"), ("docs/guide.md", "# Guide\n\nSee `src/lib.rs`.\n"), (".github/workflows/ci.yml", "on: pull_request\njobs: {}\n")];

#[test]
fn steps_are_shown_then_taken_then_done() {
    let project = project(FILES);
    golden("init-shown", &project, &["init"]);
    assert!(!project.dir().join("jeton.toml").exists());
    let written = project.run(&["init", "--write"]);
    assert_eq!(written.code, 0, "{written:?}");
    assert_has(&written.stdout, &["+++ b/context.lock", "Wrote 6 files. Next:", "jeton config check", "jeton audit", "jeton up"]);
    golden("init-again", &project, &["init"]);
    // The commands that it proposes for CI hold at once.
    assert_eq!(project.run(&["context", "lock", "--check"]).code, 0);
    // What was written is a good configuration, and what is proposed is what is there.
    let checked = project.run(&["config", "check"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    let shown = project.json(&["config", "show", "--effective"]).to_string();
    assert_has(&shown, &["code-review"]);
    let again = project.json(&["init", "--write"]);
    assert_eq!((&again["written"], again["files"].as_array().unwrap().len()), (&serde_json::json!([]), 1));
}

#[test]
fn what_exists_is_changed_only_when_it_is_named() {
    let project = project(&[(".github/workflows/jeton-context.yml", "on: push\n"), ("jeton.toml", "# ours\n")]);
    let kept = project.run(&["init", "--write"]);
    assert_has(&kept.stdout, &["jeton-context.yml is there and differs; it stays", "Nothing new to propose."]);
    let workflow = || std::fs::read_to_string(project.dir().join(".github/workflows/jeton-context.yml")).unwrap();
    assert_eq!(workflow(), "on: push\n");
    let forced = project.run(&["init", "--write", "--force", ".github/workflows/jeton-context.yml"]);
    assert_eq!(forced.code, 0, "{forced:?}");
    assert!(workflow().contains("pull_request"));
    assert_eq!(std::fs::read_to_string(project.dir().join("jeton.toml")).unwrap(), "# ours\n");
    let wrong = project.run(&["init", "--force", "README.md"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
}

#[test]
fn an_empty_directory_gets_a_configuration_and_the_commands_for_ci() {
    let project = Project::new(BINARY);
    golden("init-empty", &project, &["init"]);
    let proposed = project.json(&["init"]);
    assert_eq!((proposed["files"][0]["path"].as_str(), proposed["written"].as_array().map(Vec::len)), (Some("jeton.toml"), Some(0)));
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    use std::os::unix::fs::symlink;
    let project = project(&[("in/src/a.rs", "")]);
    let (inside, outside) = (project.dir().join("in"), project.dir().join("out"));
    std::fs::create_dir_all(&outside).unwrap();
    symlink("../out", inside.join("context")).unwrap();
    let output = project.run(&["--project", "in", "init", "--write"]);
    assert_eq!(output.code, 2, "{output:?}");
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    symlink("../out/jeton.toml", inside.join("jeton.toml")).unwrap();
    let _ = project.run(&["--project", "in", "init", "--write", "--force", "jeton.toml"]);
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
}
