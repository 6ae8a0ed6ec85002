//! Configurations of promptfoo's, run as they are: the same cases pass and fail as with promptfoo itself, whose verdicts are recorded beside
//! them by `cargo xtask promptfoo-verdicts`.

use crate::common::BINARY;
use jeton_testkit::{Project, Upstream, copy_for, scripted};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A test under a provider and a prompt: whether it passes, and what its assertions say.
#[derive(Clone, Debug, PartialEq)]
struct Verdict {
    says: &'static str,
    asserts: Vec<bool>,
}

type Verdicts = BTreeMap<(String, String), Verdict>;

fn suite(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promptfoo").join(name)
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

/// What promptfoo says.
fn recorded(name: &str) -> Verdicts {
    let rows = read(&suite(name).join("verdicts.json"));
    let verdict = |row: &Value| {
        let prompt = row["prompt"].as_str().map(|prompt| format!("+{prompt}")).unwrap_or_default();
        let asserts = row["asserts"].as_array().unwrap().iter().map(|pair| pair[1].as_bool().unwrap()).collect();
        ((text(&row["test"]), format!("{}{prompt}", text(&row["provider"]))), Verdict { says: if row["pass"] == true { "passed" } else { "failed" }, asserts })
    };
    rows.as_array().unwrap().iter().map(verdict).collect()
}

/// A project whose provider `openai` is the scripted one, with a price for each of its models.
fn project(name: &str) -> (Upstream, Project) {
    let script = read(&suite(name).join("replies.json"));
    let models: Vec<Value> = ["models", "embeddings"].iter().flat_map(|key| script[key].as_array().cloned().unwrap_or_default()).collect();
    let upstream = scripted(script);
    let mut config = format!("[providers.openai]\napi = \"openai\"\nbase_url = \"{}/v1\"\n", upstream.url());
    for model in models {
        config.push_str(&format!(
            "\n[models.\"openai/{}\"]\nprice = {{ input = 1.0, output = 2.0 }}\nlimits = {{ context = 100000, output = 4000 }}\n",
            text(&model)
        ));
    }
    let project = Project::with(BINARY, &config);
    copy_for(&upstream, &suite(name), &project.dir().join("evals").join(name));
    (upstream, project)
}

/// What Jeton says.
fn run(name: &str) -> Verdicts {
    let (_upstream, project) = project(name);
    verdicts(&project, &[&format!("evals/{name}/promptfooconfig.yaml")])
}

fn verdicts(project: &Project, args: &[&str]) -> Verdicts {
    let run = project.run(&[&["eval", "run", "--json"], args].concat());
    assert!(run.stdout.contains("totals"), "{run:?}");
    let id = text(&run.json()["run"]["id"]);
    let mut verdicts = Verdicts::new();
    for says in ["passed", "failed", "unscored", "error"] {
        let shown = project.json(&["eval", "show", &id, "--outcome", says]);
        for row in shown["rows"].as_array().unwrap_or_else(|| panic!("{shown}")) {
            let grades = row["grades"].as_array().map_or(&[][..], Vec::as_slice);
            let verdict = Verdict { says, asserts: grades.iter().flat_map(flat).collect() };
            verdicts.insert((text(&row["case"]), text(&row["target"])), verdict);
        }
    }
    verdicts
}

/// A grade that decides: its own word, then that of its members where it is a set; of the whole of a test only the members.
fn flat(grade: &Value) -> Vec<bool> {
    if grade["weight"].as_f64() == Some(0.0) {
        return Vec::new();
    }
    let name = text(&grade["grader"]);
    let members = || grade["raw"].as_array().into_iter().flatten().flat_map(flat);
    let own = grade["verdict"] == "pass";
    if name == "score" {
        members().collect()
    } else if name.starts_with("assert-set") {
        std::iter::once(own).chain(members()).collect()
    } else {
        vec![own]
    }
}

/// Runs a configuration and holds it to what is recorded, but for the tests that are named, each of which must differ.
#[track_caller]
fn check(name: &str, differ: &[(&str, &str, &str)]) {
    let (ours, theirs) = (run(name), recorded(name));
    let keys = |verdicts: &Verdicts| verdicts.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(&ours), keys(&theirs), "the same tests are run");
    assert!(["passed", "failed"].iter().all(|says| theirs.values().filter(|verdict| verdict.says == *says).count() >= 5), "enough of both");
    let mut faults = Vec::new();
    for (key, their) in &theirs {
        let our = &ours[key];
        let known = differ.iter().find(|(test, target, _)| *test == key.0 && *target == key.1);
        match known {
            Some(_) if our.says == their.says => faults.push(format!("{key:?}: it is said to differ, and does not")),
            Some((.., says)) if our.says != *says => faults.push(format!("{key:?}: it is said to be {says}, and is {}", our.says)),
            None if our != their => faults.push(format!("{key:?}: promptfoo {} {:?}, Jeton {} {:?}", their.says, their.asserts, our.says, our.asserts)),
            _ => {}
        }
    }
    assert!(faults.is_empty(), "{name}:\n{}", faults.join("\n"));
}

#[test]
fn replies_of_a_support_desk() {
    check(
        "support",
        &[
            // A test that nothing decides about has not passed.
            ("nothing is asked of it", "large", "unscored"),
            ("nothing is asked of it", "small", "unscored"),
            ("only what weighs nothing", "large", "unscored"),
            ("only what weighs nothing", "small", "unscored"),
            // Who says sorry and then helps does not refuse; who says so in the field for it does.
            ("helps after an apology", "large", "passed"),
            ("another person's address", "small", "passed"),
        ],
    );
}

#[test]
fn structured_output_and_tool_calls() {
    check(
        "structured",
        &[
            // What is no JSON is none, though YAML would read it; a list is.
            ("prose without it", "desk", "failed"),
            ("a list within prose", "desk", "passed"),
            // Calls are counted, and not the names of tools.
            ("the same tool twice", "desk", "failed"),
            // What an answer calls is not what it says.
            ("a call has a text", "desk", "failed"),
        ],
    );
}

#[test]
fn tables_prompts_and_combinations() {
    let unasked = ["atlas+long", "atlas+short", "globe+short"].map(|target| ("nothing expected", target, "unscored"));
    check("csv", &unasked);
}

#[test]
fn similarity_counts_and_costs() {
    // Words are compared, without the punctuation between them.
    check("similarity", &[("punctuation", "writer", "passed")]);
}

#[test]
fn judges_sets_scenarios_and_references() {
    // A set that weighs nothing decides nothing; who only says sorry does not refuse by a phrase that is known.
    check("judges", &[("a set that weighs nothing", "librarian", "passed"), ("declines in other words", "librarian", "failed")]);
}

#[test]
fn what_is_imported_and_written_measures_the_same() {
    let (upstream, project) = project("csv");
    let file = "evals/csv/promptfooconfig.yaml";
    let written = ["evals/promptfooconfig.toml", "evals/promptfooconfig.jsonl"].map(|path| project.dir().join(path));
    let shown = project.run(&["eval", "import", file]);
    assert_eq!((shown.code, written.iter().any(|path| path.exists())), (0, false), "it is only shown: {shown:?}");
    assert_eq!(project.run(&["eval", "import", file, "--write"]).code, 0);
    assert!(written.iter().all(|path| path.exists()));
    let again = project.run(&["eval", "import", file, "--write"]);
    assert_ne!(again.code, 0, "what is there is not written over: {again:?}");
    assert!(again.stderr.contains("--force"), "{again:?}");
    assert_eq!(upstream.count(), 0, "an import asks nobody");
    let ours = verdicts(&project, &["promptfooconfig", "--no-selftest"]);
    assert_eq!(ours, run("csv"));
}
