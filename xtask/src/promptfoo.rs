//! The configurations in `crates/jeton/tests/promptfoo`, run by promptfoo itself: its verdicts are recorded beside them, and Jeton's tests
//! hold Jeton to them. `cargo xtask test` holds the record to the program where it is installed.

use crate::Outcome;
use crate::test::scratch;
use jeton_testkit::{copy_for, scripted};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the configurations are, each with the script of its provider and the verdicts on it.
const SUITES: &str = "crates/jeton/tests/promptfoo";
/// The program, as npm installs it.
const PROGRAM: &str = "tests/promptfoo/node_modules/promptfoo";
/// It talks to nobody but the scripted provider, and keeps what it keeps in a directory of ours.
const SETTINGS: [(&str, &str); 5] = [
    ("PROMPTFOO_DISABLE_TELEMETRY", "1"),
    ("PROMPTFOO_DISABLE_UPDATE", "1"),
    ("PROMPTFOO_DISABLE_REMOTE_GENERATION", "1"),
    ("PROMPTFOO_SELF_HOSTED", "1"),
    ("OPENAI_API_KEY", "none"),
];

/// Why the program cannot be run here, where it cannot.
pub(crate) fn missing(root: &Path) -> Option<String> {
    (!root.join(PROGRAM).exists()).then(|| "promptfoo is not in tests/promptfoo/node_modules; .ci/run installs it".to_owned())
}

/// The names of the configurations.
pub(crate) fn names(root: &Path) -> Result<Vec<String>, String> {
    let entries = std::fs::read_dir(root.join(SUITES)).map_err(|e| format!("{SUITES}: {e}"))?;
    let mut names: Vec<String> =
        entries.flatten().filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// `cargo xtask promptfoo-verdicts`: writes the verdicts anew.
///
/// # Errors
/// Where promptfoo is not installed or does not get to the end.
pub(crate) fn write(root: &Path) -> Outcome {
    if let Some(why) = missing(root) {
        return Err(why);
    }
    for name in names(root)? {
        let path = record(root, &name);
        std::fs::write(&path, verdicts(root, &name)?).map_err(|e| format!("{}: {e}", path.display()))?;
        println!("{} written", path.strip_prefix(root).unwrap_or(&path).display());
    }
    Ok(())
}

/// Whether promptfoo says of a configuration what is recorded.
///
/// # Errors
/// Where it does not, with the first line that differs.
pub(crate) fn check(root: &Path, name: &str) -> Outcome {
    let now = verdicts(root, name)?;
    let recorded = std::fs::read_to_string(record(root, name)).unwrap_or_default();
    let mut lines = recorded.lines();
    let differs = now.lines().find(|line| lines.next() != Some(line));
    match differs {
        None if now == recorded => Ok(()),
        _ => Err(format!("promptfoo says otherwise than is recorded: {}; cargo xtask promptfoo-verdicts", differs.unwrap_or("the record is longer").trim())),
    }
}

fn record(root: &Path, name: &str) -> PathBuf {
    root.join(SUITES).join(name).join("verdicts.json")
}

/// Runs promptfoo on a configuration; its verdicts, a line to each.
fn verdicts(root: &Path, name: &str) -> Result<String, String> {
    let from = root.join(SUITES).join(name);
    let script = std::fs::read_to_string(from.join("replies.json")).map_err(|e| format!("{name}/replies.json: {e}"))?;
    let upstream = scripted(serde_json::from_str(&script).map_err(|e| format!("{name}/replies.json: {e}"))?);
    let directory = scratch(root, &format!("promptfoo-{name}"))?;
    copy_for(&upstream, &from, &directory);
    let mut command = Command::new("node");
    command.arg(root.join(PROGRAM).join("dist/src/entrypoint.js")).current_dir(&directory).envs(SETTINGS);
    command.env("PROMPTFOO_CONFIG_DIR", directory.join(".promptfoo")).env("OPENAI_BASE_URL", format!("{}/v1", upstream.url()));
    command.args(["eval", "-c", "promptfooconfig.yaml", "--no-cache", "--no-write", "--no-progress-bar", "--no-table", "-o", "out.json"]);
    let output = command.output().map_err(|e| format!("node: {e}"))?;
    let told = || {
        format!(
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr).lines().filter(|line| !line.trim_start().starts_with("at ")).take(12).collect::<Vec<_>>().join("\n")
        )
    };
    let results = std::fs::read_to_string(directory.join("out.json")).map_err(|_| told())?;
    let results: Value = serde_json::from_str(&results).map_err(|e| format!("{name}: {e}"))?;
    let rows = results["results"]["results"].as_array().ok_or_else(told)?;
    if rows.is_empty() {
        return Err(told());
    }
    let prompts = results["results"]["prompts"].as_array().map_or(&[][..], Vec::as_slice);
    let is_one = prompts.iter().all(|prompt| prompt["label"] == prompts[0]["label"]);
    let lines: Vec<String> = numbered(rows, is_one).into_iter().map(|row| format!("  {row}")).collect();
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

/// The rows as verdicts; tests that are named alike are numbered in their order, as Jeton does.
fn numbered(rows: &[Value], is_one: bool) -> Vec<Value> {
    let mut sorted: Vec<&Value> = rows.iter().collect();
    sorted.sort_by_key(|row| (row["testIdx"].as_u64(), row["promptIdx"].as_u64()));
    let mut seen: Vec<(&str, u64)> = Vec::new();
    let mut verdicts = Vec::new();
    for row in sorted {
        let test = row["testCase"]["description"].as_str().unwrap_or_default();
        let place = (test, row["testIdx"].as_u64().unwrap_or_default());
        if !seen.contains(&place) {
            seen.push(place);
        }
        let count = seen.iter().filter(|(known, _)| *known == test).count();
        verdicts.push(verdict(row, if count == 1 { test.to_owned() } else { format!("{test} #{count}") }, is_one));
    }
    verdicts
}

fn verdict(row: &Value, test: String, is_one: bool) -> Value {
    let provider = row["provider"]["label"].as_str().filter(|label| !label.is_empty()).or_else(|| row["provider"]["id"].as_str());
    let mut verdict = json!({ "test": test, "provider": provider, "pass": row["success"], "asserts": asserts(row) });
    if !is_one {
        // The label of a prompt from a file has its path and its text behind it.
        verdict["prompt"] = row["prompt"]["label"].as_str().unwrap_or_default().split(": ").next().into();
    }
    if row["failureReason"] == 2 {
        verdict["error"] = row["error"].as_str().unwrap_or_default().lines().next().into();
    }
    verdict
}

/// What each assertion says that decides anything, sets before their members.
fn asserts(row: &Value) -> Vec<Value> {
    let results = row["gradingResult"]["componentResults"].as_array().map_or(&[][..], Vec::as_slice);
    let weight = |result: &Value| result["assertion"]["weight"].as_f64().or_else(|| result["metadata"]["assertionSet"]["weight"].as_f64()).unwrap_or(1.0);
    results
        .iter()
        .filter(|result| weight(result) > 0.0)
        .map(|result| json!([result["assertion"]["type"].as_str().unwrap_or("assert-set"), result["pass"]]))
        .collect()
}
