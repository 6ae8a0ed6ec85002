//! Tasks of Python projects: `pyproject.toml`, tox, nox.

use super::{EntryPoint, Source};
use crate::located::{Located, below};
use crate::{Place, toml_values};
use serde_json::Value;

/// Tables of `pyproject.toml` whose keys are commands, and how each is called.
const TABLES: [(&str, &str); 5] = [
    ("/project/scripts", ""),
    ("/tool/poetry/scripts", "poetry run "),
    ("/tool/poe/tasks", "poe "),
    ("/tool/pdm/scripts", "pdm run "),
    ("/tool/taskipy/tasks", "task "),
];

pub(super) fn read_pyproject(path: &str, text: &str, found: &mut Vec<EntryPoint>) {
    let Ok(project) = toml_values::parse(text) else { return };
    for (table, runner) in TABLES {
        take(path, &project, table, runner, found);
    }
    let environments = project.value.pointer("/tool/hatch/envs").and_then(Value::as_object);
    for name in environments.into_iter().flat_map(serde_json::Map::keys) {
        let runner = if name == "default" { "hatch run ".to_owned() } else { format!("hatch run {name}:") };
        take(path, &project, &format!("{}/scripts", below("/tool/hatch/envs", name)), &runner, found);
    }
}

fn take(path: &str, project: &Located, table: &str, runner: &str, found: &mut Vec<EntryPoint>) {
    let Some(tasks) = project.value.pointer(table).and_then(Value::as_object) else { return };
    for (name, task) in tasks.iter().filter(|(name, _)| !name.starts_with('_')) {
        let place = Place::line(path, project.line(&below(table, name)));
        // A console script names a function of the package; what it runs is code.
        let commands = if runner.is_empty() { String::new() } else { commands(task) };
        let entry = EntryPoint::new(Source::Python, name, place, vec![format!("{runner}{name}")], commands);
        let is_typed = task.get("args").is_some().then_some(true);
        found.push(entry.described(task.get("help").is_some()).typed(is_typed));
    }
}

fn commands(task: &Value) -> String {
    match task {
        Value::String(command) => command.clone(),
        Value::Array(commands) => commands.iter().map(self::commands).collect::<Vec<_>>().join("\n"),
        Value::Object(task) => {
            ["cmd", "shell", "sequence", "script"].iter().filter_map(|key| task.get(*key)).map(self::commands).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

/// `[testenv:NAME]` sections.
pub(super) fn read_tox(path: &str, text: &str, found: &mut Vec<EntryPoint>) {
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = line.trim().strip_prefix("[testenv").and_then(|rest| rest.strip_suffix(']')) else { continue };
        let section: Vec<&str> = lines[at + 1..].iter().take_while(|line| !line.starts_with('[')).copied().collect();
        let name = name.trim_start_matches(':');
        let calls = if name.is_empty() { vec!["tox".to_owned()] } else { vec![format!("tox -e {name}"), format!("tox run -e {name}")] };
        let place = Place::line(path, u32::try_from(at + 1).unwrap_or(u32::MAX));
        let has_description = section.iter().any(|line| line.starts_with("description"));
        let name = if name.is_empty() { "test" } else { name };
        found.push(EntryPoint::new(Source::Python, name, place, calls, section.join("\n")).described(has_description));
    }
}

/// Functions under `@nox.session`; a docstring describes them.
pub(super) fn read_nox(path: &str, text: &str, found: &mut Vec<EntryPoint>) {
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        if !(line.starts_with("@nox.session") || line.starts_with("@session")) {
            continue;
        }
        let Some(offset) = lines[at..].iter().position(|line| line.starts_with("def ")) else { continue };
        let head = lines[at + offset];
        let Some(name) = head.strip_prefix("def ").and_then(|rest| rest.split('(').next()) else { continue };
        let body: Vec<&str> = lines[at + offset + 1..].iter().take_while(|line| line.starts_with([' ', '\t']) || line.is_empty()).copied().collect();
        let has_description = body.first().is_some_and(|line| line.trim_start().starts_with(['"', '\'']));
        let place = Place::line(path, u32::try_from(at + offset + 1).unwrap_or(u32::MAX));
        let calls = vec![format!("nox -s {name}"), format!("nox -e {name}")];
        found.push(EntryPoint::new(Source::Python, name, place, calls, body.join("\n")).described(has_description));
    }
}
