//! `jeton context`: a small shop's rules, code and past.

use crate::common::{BINARY, assert_has, golden};
use jeton_testkit::Project;
use std::path::Path;
use std::process::{Command, Stdio};

const FILES: [(&str, &str); 9] = [
    ("AGENTS.md", "# Working here\n\nRun `make test` before a change is sent. Money is counted in cents.\n"),
    ("README.md", "# Tea shop\n\nSells tea and takes it back.\n\n## Refunds\n\nThe code of refunds is in `src/refund.rs`.\n"),
    (
        "context/refunds.md",
        "---\nid: refund-window\nkind: constraint\nowner: support\nscope: { paths: [\"src/**\"] }\nanchors: [\"src/refund.rs\"]\n---\n\n# Refund window\n\nA refund is paid within {fact: 30 from policy.toml#/refund/days} days of the purchase.\n",
    ),
    ("context/shipping.md", "# Shipping\n\nParcels leave on the next working day. Express parcels leave on the same day.\n"),
    ("context/staff.md", "---\nid: staff-discount\nkind: doc\nscope: { classes: [\"staff.*\"] }\n---\n\n# Staff discount\n\nStaff pay half.\n"),
    ("CODEOWNERS", "/context/ @shop/support\n/src/ @shop/code\n"),
    ("Makefile", "test:\n\techo tested\n"),
    ("policy.toml", "[refund]\ndays = 30\n"),
    (
        "src/refund.rs",
        "//! Refunds.\n\n/// Whether a purchase can still be refunded.\npub fn is_refundable(age_days: u32, window_days: u32) -> bool {\n    age_days <= window_days\n}\n",
    ),
];

fn write(project: &Project, path: &str, text: &str) {
    let path = project.dir().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn git(directory: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    command.arg("-C").arg(directory).args(args).stdout(Stdio::null()).stderr(Stdio::null());
    for name in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{name}_NAME"), "Ada").env(format!("GIT_{name}_EMAIL"), "ada@example.com");
        command.env(format!("GIT_{name}_DATE"), "2026-01-02T03:04:05Z");
    }
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    assert!(command.status().unwrap().success(), "git {args:?}");
}

fn commit(project: &Project, message: &str) {
    git(project.dir(), &["add", "-A"]);
    git(project.dir(), &["commit", "-q", "-m", message]);
}

/// The shop without Git.
fn shop() -> Project {
    let project = Project::new(BINARY);
    FILES.iter().for_each(|(path, text)| write(&project, path, text));
    project
}

/// The shop with its first commit.
fn shop_with_past() -> Project {
    let project = shop();
    write(&project, ".gitignore", ".jeton/\n");
    git(project.dir(), &["init", "-q", "-b", "main"]);
    commit(&project, "A tea shop");
    project
}

#[test]
fn help_of_every_verb() {
    let project = Project::new(BINARY);
    golden("help-context", &project, &["context", "--help"]);
    for verb in ["list", "show", "search", "compile", "explain", "check", "enforce", "lock", "diff", "score", "export"] {
        golden(&format!("help-context-{verb}"), &project, &["context", verb, "--help"]);
    }
}

#[test]
fn units_are_listed_and_shown() {
    let project = shop();
    golden("context-list", &project, &["context", "list"]);
    golden("context-list-of", &project, &["context", "list", "--kind", "constraint", "--path", "context", "--owner", "support"]);
    golden("context-show", &project, &["context", "show", "refund-window"]);
    golden("context-show-many", &project, &["context", "show", "doc:*"]);
    golden("context-show-none", &project, &["context", "show", "refund"]);
    golden("context-list-kind", &project, &["context", "list", "--kind", "rule"]);
    let listed = project.json(&["context", "list", "--owner", "none"]);
    assert!(listed["units"].as_array().unwrap().iter().all(|unit| unit["owners"].as_array().unwrap().is_empty()), "{listed}");
    let shown = project.json(&["context", "show", "constraint:refund-window"]);
    assert_eq!((shown["fact_values"][0]["now"].as_str(), shown["anchor_states"][0]["state"].as_str()), (Some("30"), Some("there, never locked")));
    assert_has(shown["text"].as_str().unwrap(), &["within 30 days"]);
    assert_eq!(shown["tokens"].as_object().unwrap().keys().collect::<Vec<_>>(), ["cl100k_base", "o200k_base", "p50k_base", "r50k_base"]);
    assert_has(&project.run(&["context", "list", "--kind", "code"]).stdout, &["chosen for each task", "jeton context search"]);
}

#[test]
fn a_search_names_units_and_files_with_their_best_line() {
    let project = shop();
    golden("context-search", &project, &["context", "search", "refundable age of a purchase", "--limit", "3"]);
    golden("context-search-none", &project, &["context", "search", "zeppelin"]);
    assert_eq!(project.run(&["context", "search", ""]).code, 2);
    let found = project.json(&["context", "search", "is_refundable"]);
    assert_eq!(found["files"][0]["place"], "src/refund.rs:4");
}

#[test]
fn a_compilation_goes_to_stdout_and_what_it_is_to_stderr() {
    let project = shop();
    let task = ["context", "compile", "how long may a refund take", "--budget", "2k"];
    golden("context-compile", &project, &task);
    let whole = project.json(&task);
    let text: String = whole["segments"].as_array().unwrap().iter().map(|segment| segment["text"].as_str().unwrap()).collect();
    assert_eq!(project.run(&task).stdout, text);
    let manifest = project.run(&[&task[..], &["--manifest"]].concat()).json();
    assert_eq!((&manifest["budget_tokens"], &manifest["digest"]), (&2_048.into(), &whole["manifest"]["digest"]));
    assert!(manifest["tokens"].as_u64().unwrap() <= 2_048);
    // A unit for some classes is there for those only.
    let staff = |more: &[&str]| project.run(&[&["context", "compile", "staff discount", "--kind", "doc"], more].concat()).stdout.contains("Staff pay half");
    assert_eq!((staff(&[]), staff(&["--class", "staff.shop"])), (false, true));
    golden("context-compile-small", &project, &["context", "compile", "refunds", "--budget", "10"]);
    golden("context-compile-empty", &project, &["context", "compile", " "]);
    golden("context-compile-vocabulary", &project, &["context", "compile", "refunds", "--vocabulary", "klingon"]);
    golden("context-compile-budget", &project, &["context", "compile", "refunds", "--budget", "lots"]);
    let estimated = project.run(&["context", "compile", "refunds", "--model", "anthropic/claude-x", "--manifest"]);
    assert_has(&estimated.stderr, &["note: the vocabulary of anthropic/claude-x is not public", "an estimate"]);
}

#[test]
fn a_pack_and_the_settings_of_context_hold() {
    let project = shop();
    project.configure("[packs.refunds]\nscope = [\"context/**\"]\nunits = [\"doc:context/shipping.md\"]\nkinds = [\"constraint\", \"doc\"]\nbudget_tokens = 300\n\n[context]\nignore = [\"docs/**\", \"README.md\"]\nvocabulary = \"cl100k_base\"\n");
    let manifest = project.run(&["context", "compile", "how long may a refund take", "--pack", "refunds", "--manifest"]).json();
    assert_eq!((&manifest["budget_tokens"], manifest["vocabulary"].as_str()), (&300.into(), Some("cl100k_base")));
    let units: Vec<&str> = manifest["spans"].as_array().unwrap().iter().map(|span| span["unit"].as_str().unwrap()).collect();
    assert!(units.contains(&"doc:context/shipping.md") && units.iter().all(|unit| !unit.starts_with("code:")), "{units:?}");
    assert!(!project.run(&["context", "list"]).stdout.contains("README.md"));
    golden("context-compile-pack", &project, &["context", "compile", "refunds", "--pack", "shipping"]);
}

#[test]
fn a_task_is_read_from_stdin() {
    let project = shop();
    let mut command = project.command(&["context", "compile", "-", "--manifest"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"how long may a refund take").unwrap();
    let output = child.wait_with_output().unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(manifest, project.run(&["context", "compile", "how long may a refund take", "--manifest"]).json());
}

#[test]
fn an_explanation_says_why_in_why_not_and_what_more_would_buy() {
    let project = shop();
    let task = ["context", "explain", "when do express parcels leave", "--budget", "200"];
    golden("context-explain", &project, &task);
    golden("context-explain-in", &project, &[&task[..], &["--unit", "refund-window"]].concat());
    golden("context-explain-out", &project, &[&task[..], &["--unit", "staff-discount"]].concat());
    let explained = project.json(&task);
    assert_eq!(explained["more_tokens"], 2_048);
    assert_eq!(project.json(&[&task[..], &["--unit", "src/refund.rs"]].concat())["unit"], "code:src/refund.rs");
}

#[test]
fn a_lock_remembers_and_a_diff_tells() {
    let project = shop_with_past();
    golden("context-lock-check-none", &project, &["context", "lock", "--check"]);
    golden("context-lock", &project, &["context", "lock"]);
    golden("context-lock-check", &project, &["context", "lock", "--check"]);
    golden("context-diff-none", &project, &["context", "diff"]);
    assert_eq!(project.json(&["context", "show", "refund-window"])["anchor_states"][0]["state"], "fresh: unchanged since it was locked");
    // An answer that was given once stays.
    let lock = std::fs::read_to_string(project.dir().join("context.lock")).unwrap();
    write(&project, "context.lock", &lock.replacen("version = 2\n", "version = 2\n\n[[never]]\npath = \"docs/gone.md\"\n", 1));
    commit(&project, "Lock the context");
    write(&project, "context/shipping.md", "# Shipping\n\nParcels leave on Mondays.\n");
    write(&project, "src/refund.rs", "pub fn is_refundable() {}\n");
    std::fs::remove_file(project.dir().join("context/staff.md")).unwrap();
    write(&project, "context/returns.md", "# Returns\n\nTea comes back in its bag.\n");
    golden("context-diff", &project, &["context", "diff"]);
    golden("context-diff-head", &project, &["context", "diff", "HEAD"]);
    golden("context-diff-first", &project, &["context", "diff", "HEAD~1"]);
    golden("context-diff-unknown", &project, &["context", "diff", "nowhere"]);
    assert_eq!(project.run(&["context", "lock", "--check", "--json"]).code, 1);
    assert_eq!(project.json(&["context", "diff"])["diff"]["changed"].as_array().map(Vec::len), Some(2));
    golden("context-lock-again", &project, &["context", "lock"]);
    assert!(std::fs::read_to_string(project.dir().join("context.lock")).unwrap().contains("docs/gone.md"));
    assert_eq!(project.run(&["context", "diff"]).stdout, "nothing changed\n");
}

#[test]
fn exports_are_written_once_and_never_over_a_foreign_file() {
    let project = shop();
    golden("context-export", &project, &["context", "export", "--as", "cursor"]);
    golden("context-export-foreign", &project, &["context", "export", "--as", "agents-md", "--write"]);
    assert_eq!(std::fs::read_to_string(project.dir().join("AGENTS.md")).unwrap(), FILES[0].1);
    golden("context-export-check-missing", &project, &["context", "export", "--as", "claude-md", "--check"]);
    golden("context-export-write", &project, &["context", "export", "--as", "claude-md", "--write"]);
    golden("context-export-check", &project, &["context", "export", "--as", "claude-md", "--check"]);
    golden("context-export-same", &project, &["context", "export", "--as", "claude-md", "--write"]);
    write(&project, "policy.toml", "[refund]\ndays = 45\n");
    golden("context-export-stale", &project, &["context", "export", "--as", "claude-md", "--check"]);
    assert_eq!(project.run(&["context", "export", "--as", "claude-md", "--write"]).code, 0);
    let file = project.dir().join("CLAUDE.md");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}\nBy hand.\n")).unwrap();
    assert_eq!(project.run(&["context", "export", "--as", "claude-md", "--check"]).code, 1);
    assert_eq!(project.run(&["context", "export", "--as", "claude-md", "--write"]).code, 1);
    assert_eq!(project.json(&["context", "export", "--as", "llms-txt"])["files"][0]["path"], "llms.txt");
}

#[cfg(unix)]
#[test]
fn an_export_never_leaves_the_project_through_a_link() {
    let (project, outside) = (shop(), Project::new(BINARY));
    std::os::unix::fs::symlink(outside.dir(), project.dir().join(".cursor")).unwrap();
    let refused = project.run(&["context", "export", "--as", "cursor", "--write"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert_has(&refused.stdout, &["refused: a symbolic link stands there"]);
    assert_eq!(std::fs::read_dir(outside.dir()).unwrap().count(), 0);
}

/// A rule about files and one about answers.
const RULES: &str = r#"
[[constraint]]
id = "no-floats"
text = "Money is never a float."
severity = "error"
paths = ["src/**"]
target = "files"
check = { forbid = "f64" }

[[constraint]]
id = "no-promise"
text = "Never promise a refund."
severity = "error"
check = { forbid = "(?i)we will refund" }
"#;

#[test]
fn checks_have_place_remedy_and_owner() {
    let project = shop_with_past();
    golden("context-check-good", &project, &["context", "check", "--severity", "warning"]);
    assert_eq!(project.run(&["context", "lock"]).code, 0);
    write(&project, "src/refund.rs", &FILES[8].1.replace("window_days: u32", "window_days: u64"));
    write(&project, "policy.toml", "[refund]\ndays = 45\n");
    golden("context-check", &project, &["context", "check"]);
    golden("context-check-owner", &project, &["context", "check", "--owner", "@shop/support", "--severity", "error"]);
    assert_has(&project.run(&["context", "show", "refund-window"]).stdout, &["stale: its signature changed", "is 45 (line 11 says 30)"]);
    let checked = project.run(&["context", "check", "--json"]);
    assert_eq!((checked.code, checked.json()["errors"].as_u64() > Some(0)), (1, true));
    let sarif = project.run(&["context", "check", "--format", "sarif"]).json();
    assert_eq!((sarif["version"].as_str(), sarif["runs"][0]["results"].as_array().is_some_and(|found| !found.is_empty())), (Some("2.1.0"), true));
}

#[test]
fn what_never_was_is_asked_about_once() {
    let project = shop_with_past();
    write(&project, "README.md", "# Tea shop\n\nWrites `out/orders.json`, see [the list](lists/teas.md).\n");
    let asked = |args: &[&str]| project.run(&[&["context", "check"], args].concat()).stdout.matches("[unknown-path]").count();
    let first = asked(&[]);
    assert!(first > 0, "nothing is asked about");
    golden("context-check-remember", &project, &["context", "check", "--remember"]);
    assert_eq!(asked(&[]), 0);
    assert_has(&project.run(&["context", "check", "--remember"]).stderr, &["nothing new to remember"]);
    assert_eq!(project.run(&["context", "lock"]).code, 0);
    assert_eq!(asked(&[]), 0, "a lock keeps the answers");
}

#[test]
fn constraints_execute_on_files_changes_and_answers() {
    let project = shop();
    write(&project, "context/rules.toml", RULES);
    write(&project, "src/old.rs", "fn old(price: f64) {}\n");
    git(project.dir(), &["init", "-q", "-b", "main"]);
    commit(&project, "A tea shop");
    golden("context-enforce", &project, &["context", "enforce"]);
    let since = ["context", "enforce", "--diff", "main"];
    assert_eq!(project.run(&since).code, 0, "what was there before is not looked at");
    write(&project, "src/refund.rs", &format!("{}fn half(price: f64) -> f64 {{ price }}\n", FILES[8].1));
    golden("context-enforce-diff", &project, &since);
    // A file that nobody has added yet is part of the change too, unless Git ignores it.
    std::fs::write(project.dir().join("src/refund.rs"), FILES[8].1).unwrap();
    write(&project, ".gitignore", "src/ignored.rs\n");
    write(&project, "src/ignored.rs", "fn ignored(price: f64) {}\n");
    assert_eq!(project.run(&since).code, 0);
    write(&project, "src/new.rs", "fn new(price: f64) {}\n");
    let whole = project.run(&since);
    assert_eq!(whole.code, 1, "{}", whole.stderr);
    assert_has(&whole.stdout, &["src/new.rs:1"]);
    write(&project, "answer.txt", "Dear Ada,\nof course we will refund this.\n");
    golden("context-enforce-output", &project, &["context", "enforce", "--output", "answer.txt"]);
    write(&project, "answer.txt", "Dear Ada,\nplease send it back.\n");
    assert_eq!(project.json(&["context", "enforce", "--output", "answer.txt"])["checked"], 1);
    assert_eq!(project.run(&["context", "enforce", "--output", "nowhere.txt"]).code, 2);
    assert_eq!(project.run(&["context", "enforce", "--diff", "nowhere"]).code, 2);
}

#[test]
fn what_was_read_stays_out_of_git() {
    let project = shop();
    git(project.dir(), &["init", "-q", "-b", "main"]);
    commit(&project, "A tea shop");
    assert_eq!(project.run(&["context", "search", "tea"]).code, 0);
    assert!(project.dir().join(".jeton/context/index.bin").is_file());
    let status = Command::new("git").arg("-C").arg(project.dir()).args(["status", "--porcelain"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&status.stdout), "");
}

#[test]
fn a_score_says_when_there_is_too_little_to_say() {
    let project = shop_with_past();
    golden("context-score-none", &project, &["context", "score"]);
    for (number, subject) in ["wrong window of refunds on the last day", "crash of parcels without any weight in express orders"].iter().enumerate() {
        write(&project, "src/refund.rs", &format!("{}// {number}\n", FILES[8].1));
        commit(&project, &format!("Fix {subject}"));
    }
    golden("context-score", &project, &["context", "score", "--budget", "1k"]);
    golden("context-score-undecided", &project, &["context", "score", "--at-least", "recall@10=0.5"]);
    golden("context-score-same", &project, &["context", "score", "--compare", "HEAD"]);
    golden("context-score-unknown", &project, &["context", "score", "--compare", "nowhere"]);
    golden("context-score-bound", &project, &["context", "score", "--at-least", "beauty=1"]);
    write(&project, "other.toml", "[gateway]\nlisten = \"127.0.0.1:4601\"\n");
    assert_eq!(project.json(&["context", "score", "--compare", "other.toml"])["compare"]["is_same"], true);
    let before = project.json(&["context", "score", "--compare", "HEAD~1"]);
    assert_eq!((&before["cases"], before["compare"]["differences"]["MRR"]["verdict"].as_str()), (&1.into(), Some("undecided: too few")));
    write(&project, "narrow.toml", "[context]\nignore = [\"src/**\"]\n");
    let narrow = project.json(&["context", "score", "--compare", "narrow.toml"]);
    assert_eq!((&narrow["compare"]["is_same"], &narrow["compare"]["differences"]["MRR"]["estimate"]["mean"]), (&false.into(), &1.0.into()));
    write(&project, "bad.toml", "[gateway]\nlisten = 3\n");
    assert_eq!(project.run(&["context", "score", "--compare", "bad.toml"]).code, 2);
    let score = project.json(&["context", "score"]);
    assert_eq!((&score["cases"], &score["measures"]["recall@5"]["jeton"]["cases"]), (&2.into(), &2.into()));
    // A bare repository has a past too, and gets nothing of ours.
    let bare = Project::new(BINARY);
    git(project.dir(), &["clone", "-q", "--bare", ".", &bare.dir().join("shop.git").display().to_string()]);
    let scored = bare.json(&["--project", "shop.git", "context", "score"]);
    assert_eq!(scored["cases"], 2);
    assert_has(&bare.run(&["--project", "shop.git", "context", "list"]).stdout, &["constraint:refund-window"]);
    assert!(!bare.dir().join("shop.git/.jeton").exists());
}

#[test]
fn an_empty_directory_is_no_mistake() {
    let project = Project::new(BINARY);
    for (name, args) in [
        ("list", &["list"][..]),
        ("search", &["search", "tea"]),
        ("compile", &["compile", "tea"]),
        ("explain", &["explain", "tea"]),
        ("check", &["check"]),
        ("enforce", &["enforce"]),
        ("diff", &["diff"]),
        ("score", &["score"]),
        ("export", &["export", "--as", "agents-md"]),
    ] {
        let args = [&["context"], args].concat();
        let output = project.run(&args);
        assert_eq!(output.code, 0, "{name}: {output:?}");
        golden(&format!("context-empty-{name}"), &project, &args);
    }
    golden("context-empty-show", &project, &["context", "show", "tea"]);
}

#[test]
fn no_command_tells_a_secret() {
    let secret = ["ghp_", "q7Rk2vX9pLm4w8Zt3Yb6Nc1Df5Gh0JkQsAeU"].concat();
    let project = shop();
    let key = ["-----BEGIN PRIV", "ATE KEY-----\nlogin", &"q7Rk2vX9pLm4w8Zt".repeat(4), "\n-----END PRIV", "ATE KEY-----\n"].concat();
    write(&project, "context/login.md", &format!("---\nid: login\nkind: constraint\n---\n\n# Login with {secret}\n\nThe login is {secret}.\n"));
    write(&project, "context/example.toml", &format!("[[example]]\nid = \"ask\"\ninput = \"login?\"\noutput = \"{secret}\"\n"));
    write(&project, "src/login.rs", &format!("// A login.\n// {key}fn login() {{ let key = \"{secret}\"; }}\n"));
    for args in [
        &["context", "list", "--json"][..],
        &["context", "show", "login"],
        &["context", "show", "login", "--json"],
        &["context", "show", "example:ask", "--json"],
        &["context", "search", "login"],
        &["context", "search", "login", "--json"],
        &["context", "export", "--as", "cursor"],
        &["context", "explain", "login", "--json"],
        &["context", "compile", "login", "--budget", "4k"],
    ] {
        let told = project.run(args);
        assert_eq!(told.code, 0, "{args:?}: {}", told.stderr);
        let shown = format!("{}{}", told.stdout, told.stderr).to_lowercase();
        assert!(!shown.contains(&secret[4..].to_lowercase()) && !shown.contains("loginq7rk"), "{args:?}: {shown}");
    }
    assert_eq!(project.json(&["context", "search", "fn key"])["files"][0]["line"], "fn login() { let key = \"[masked github-token]\"; }");
    assert_eq!(project.run(&["context", "export", "--as", "llms-txt", "--write"]).code, 0);
    assert_has(&std::fs::read_to_string(project.dir().join("llms.txt")).unwrap(), &["[masked github-token]"]);
}

#[test]
fn a_shallow_clone_does_not_say_that_a_path_never_was() {
    let project = shop_with_past();
    write(&project, "docs/old.md", "Old.\n");
    commit(&project, "Old");
    std::fs::remove_file(project.dir().join("docs/old.md")).unwrap();
    write(&project, "AGENTS.md", "# Working here\n\nRead `docs/old.md`. Run `make old`.\n");
    commit(&project, "Without old");
    let clone = Project::new(BINARY);
    let from = format!("file://{}", project.dir().display());
    git(clone.dir(), &["clone", "-q", "--depth", "1", &from, "shop"]);
    let check = |directory: &Path| project.command(&["--project", directory.to_str().unwrap(), "context", "check", "--json"]).output().unwrap();
    let found = |directory: &Path, code: &str| {
        let report: serde_json::Value = serde_json::from_slice(&check(directory).stdout).unwrap();
        let findings = report["findings"].as_array().unwrap().clone();
        findings.into_iter().find(|finding| finding["code"] == code && finding["place"]["path"] == "AGENTS.md").unwrap_or_else(|| panic!("{report}"))
    };
    assert_eq!(found(project.dir(), "broken-path")["severity"], "error");
    let unknown = found(&clone.dir().join("shop"), "unknown-path");
    assert_eq!(unknown["severity"], "warning");
    assert_has(unknown["message"].as_str().unwrap(), &["the clone is shallow: whether it once was there is not known"]);
    assert_has(unknown["remedy"].as_str().unwrap(), &["git fetch --unshallow"]);
    assert_has(found(&clone.dir().join("shop"), "unknown-command")["message"].as_str().unwrap(), &["the clone is shallow"]);
}

#[test]
fn commands_whose_files_are_gone_are_missed() {
    let project = shop();
    write(&project, "package.json", "{ \"scripts\": { \"old\": \"true\" } }\n");
    write(&project, "justfile", "old:\n  true\n");
    write(&project, "AGENTS.md", "# Working here\n\nRun `make test`, `just old`, `npm run old` and `yarn old`; never `make tea`, `yarn tea`.\n");
    git(project.dir(), &["init", "-q", "-b", "main"]);
    commit(&project, "A tea shop");
    assert_eq!(project.run(&["context", "check"]).stdout.matches("[unknown-command]").count(), 1);
    git(project.dir(), &["rm", "-q", "Makefile", "package.json", "justfile"]);
    for is_committed in [false, true] {
        if is_committed {
            commit(&project, "Without tools");
        }
        let report = project.run(&["context", "check"]);
        assert_eq!((report.code, report.stdout.matches("the repository once had it, and it is gone\n").count()), (1, 4), "{}", report.stdout);
    }
}

/// The files of `examples/support-desk` in a directory of their own.
fn support_desk() -> Project {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
            if path.is_dir() { copy(&path, &to.join(name)) } else { std::fs::copy(&path, to.join(name)).map(|_| ()).unwrap() }
        }
    }
    let project = Project::new(BINARY);
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/support-desk"), project.dir());
    project
}

#[test]
fn a_schema_validates_what_comes_out() {
    let project = support_desk();
    let enforce = |answer: &str, class: &str| {
        write(&project, "answer.json", answer);
        project.run(&["context", "enforce", "--output", "answer.json", "--class", class])
    };
    assert_eq!(enforce("{\"decision\": \"refuse\", \"reason\": \"Engraved goods stay sold.\"}", "support.refund").code, 0);
    let broken = enforce("{\"decision\": \"perhaps\", \"reason\": \"Engraved goods stay sold.\"}", "support.refund");
    assert_eq!(broken.code, 1, "{}{}", broken.stdout, broken.stderr);
    assert_has(&broken.stdout, &["answer-invalid", "refund-decision", "at `/decision`"]);
    // A class that is not would have no rule and no schema.
    let misspelt = enforce("{}", "support.refunds");
    assert_eq!(misspelt.code, 2);
    assert_has(&misspelt.stderr, &["the settings have no such class", "did you mean `support.refund`?"]);
    let compiled = project.run(&["context", "compile", "refunds", "--class", "suport.refund"]);
    assert_eq!(compiled.code, 2);
    assert_has(&compiled.stderr, &["did you mean `support.refund`?"]);
}

#[test]
fn nothing_to_judge_an_answer_of_a_class_by_is_undecided() {
    let project = shop();
    write(&project, "answer.txt", "Dear Ada\n");
    assert_eq!(project.run(&["context", "enforce", "--output", "answer.txt"]).code, 0);
    assert_eq!(project.run(&["context", "enforce", "--output", "answer.txt", "--class", "sales"]).code, 4);
}

#[test]
fn dead_packs_and_names_that_nobody_has_are_told() {
    let project = support_desk();
    assert_eq!(project.run(&["context", "check"]).code, 0);
    let nobody = project.run(&["context", "check", "--owner", "tannin-and-spout/dsk"]);
    assert_eq!(nobody.code, 2);
    assert_has(&nobody.stderr, &["did you mean `tannin-and-spout/desk`?"]);
    write(&project, "context/packs/refund.toml", "scope = [\"contxt/**\"]\nunits = [\"constraint:gone\"]\nbudget_tokens = 20\n");
    write(
        &project,
        "context/more.toml",
        "[[constraint]]\nid = \"dead\"\nowner = \"@tannin-and-spout/desk\"\ntext = \"Be brief in warranties.\"\nclasses = [\"suport.warranty\"]\n",
    );
    let report = project.run(&["context", "check"]);
    assert_eq!(report.code, 1);
    assert_has(
        &report.stdout,
        &[
            "warning [unknown-class]",
            "did you mean `support.warranty`?",
            "context/packs/refund.toml: error [pack-over-budget]",
            "context/packs/refund.toml:1: warning [pack-empty-scope]",
            "context/packs/refund.toml:2: error [pack-unknown-unit]",
        ],
    );
}
