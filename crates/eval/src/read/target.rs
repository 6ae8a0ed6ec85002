//! Targets, their matrix, prompts and the watch.

use super::case::turn;
use super::grader::{command, pointer};
use super::source::{Fields, nearest};
use crate::{Prompt, Role, Target, TargetKind, Turn, Watch};
use jeton_context::located::below;
use serde_json::Value;
use std::collections::BTreeMap;

const KEYS: [&str; 11] = ["name", "model", "command", "url", "run", "pack", "oracle", "prompt", "params", "only", "at"];
const OF_RUN: &str = "target";
/// More combinations than anybody pays for.
const MATRIX_MAX: usize = 1_000;

/// The targets of `[[target]]` or of `[matrix]`.
pub(crate) fn targets(suite: &Fields<'_>, prompts: &BTreeMap<String, Prompt>) -> Vec<Target> {
    let tables = suite.tables("target");
    let mut targets: Vec<Target> = Vec::new();
    for table in &tables {
        let Some(target) = target(table) else { continue };
        check_prompt(table, "prompt", target.prompt.as_ref(), prompts);
        if targets.iter().any(|other| other.name == target.name) {
            table.error("duplicate-name", "name", format!("two targets are called `{}`", target.name), "Give each a name of its own.");
        }
        targets.push(target);
    }
    let Some(matrix) = suite.within("matrix") else { return targets };
    if !tables.is_empty() {
        suite.error("matrix-and-targets", "matrix", "there are `[matrix]` and `[[target]]`, which both say what is tried", "Keep one of them.");
    }
    product(&matrix, prompts)
}

fn check_prompt(table: &Fields<'_>, key: &str, named: Option<&String>, prompts: &BTreeMap<String, Prompt>) {
    let Some(name) = named else { return };
    if !prompts.contains_key(name) {
        table.error("unknown-prompt", key, format!("the suite has no prompt `{name}`"), nearest(name, prompts.keys().map(String::as_str)));
    }
}

fn target(table: &Fields<'_>) -> Option<Target> {
    let known: Vec<&str> = KEYS.iter().copied().chain([OF_RUN]).collect();
    table.only(&known);
    let kinds: Vec<&str> = ["model", "command", "url", "run"].into_iter().filter(|key| table.has(key)).collect();
    let [kind] = kinds.as_slice() else {
        let remedy = "Write one of `model`, `command`, `url` and `run`.";
        match kinds.get(1) {
            Some(second) => table.error("bad-value", second, format!("the target is {} at once", kinds.join(" and ")), remedy),
            None => table.report.error("missing-key", table.place(), "the target does not say what answers", remedy),
        }
        return None;
    };
    for (key, of) in [("pack", "model"), ("oracle", "model"), ("params", "model"), ("at", "url"), (OF_RUN, "run")] {
        if table.has(key) && *kind != of {
            table.error("bad-value", key, format!("`{key}` says nothing to a target with `{kind}`"), format!("Leave it out; it goes with `{of}`."));
        }
    }
    let what = kind_of(table, kind)?;
    let prompt = table.text("prompt");
    let name = table.text("name").unwrap_or_else(|| default_name(&what, prompt.as_deref()));
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        table.error("bad-value", "name", format!("`{}` is no name", name.escape_debug()), "Write a word or two on one line.");
    }
    Some(Target { name, kind: what, prompt, params: table.free_table("params"), only: table.texts("only") })
}

fn kind_of(table: &Fields<'_>, kind: &str) -> Option<TargetKind> {
    Some(match kind {
        "model" => TargetKind::Model { model: table.text("model")?, pack: pack(table.text("pack")), oracle: table.flag("oracle").unwrap_or_default() },
        "command" => TargetKind::Command { command: Some(command(table, "command")).filter(|words| !words.is_empty())? },
        "url" => {
            let url = table.text("url")?;
            if !(url.starts_with("http://") || url.starts_with("https://")) {
                table.error("bad-value", "url", format!("`{url}` is no address of an endpoint"), "Write `http://…` or `https://…`.");
            }
            TargetKind::Http { url, at: pointer(table, "at") }
        }
        _ => TargetKind::Recorded { run: table.text("run")?, target: table.text(OF_RUN) },
    })
}

/// A pack's name; `none` is no pack, so that a matrix can try without.
fn pack(name: Option<String>) -> Option<String> {
    name.filter(|name| name != "none" && !name.is_empty())
}

/// What a target is called where it has no name: what it is made of.
pub(crate) fn default_name(kind: &TargetKind, prompt: Option<&str>) -> String {
    let mut parts = match kind {
        TargetKind::Model { model, pack, oracle } => {
            let oracle = oracle.then(|| "oracle".to_owned());
            std::iter::once(model.clone()).chain(pack.clone()).chain(oracle).collect()
        }
        TargetKind::Command { command } => vec![command.first().cloned().unwrap_or_default()],
        TargetKind::Http { url, .. } => vec![url.clone()],
        TargetKind::Recorded { run, target } => std::iter::once(run.clone()).chain(target.clone()).collect(),
    };
    parts.extend(prompt.map(str::to_owned));
    parts.join("+")
}

/// Every combination of the models, packs and prompts, called `model+pack+prompt`.
fn product(matrix: &Fields<'_>, prompts: &BTreeMap<String, Prompt>) -> Vec<Target> {
    matrix.only(&["model", "pack", "prompt", "oracle", "params"]);
    matrix.needed_list("model");
    let axis = |key: &str| if matrix.has(key) { matrix.texts(key).into_iter().map(Some).collect() } else { vec![None] };
    let (models, packs, names) = (matrix.texts("model"), axis("pack"), axis("prompt"));
    for name in &names {
        check_prompt(matrix, "prompt", name.as_ref(), prompts);
    }
    if models.len().saturating_mul(packs.len()).saturating_mul(names.len()) > MATRIX_MAX {
        matrix.report.error("bad-value", matrix.place(), format!("the matrix has more than {MATRIX_MAX} combinations"), "Leave some out.");
        return Vec::new();
    }
    let (oracle, params) = (matrix.flag("oracle").unwrap_or_default(), matrix.free_table("params"));
    let mut targets: Vec<Target> = Vec::new();
    for model in &models {
        for with in &packs {
            for prompt in &names {
                let parts: Vec<&str> = [Some(model), with.as_ref(), prompt.as_ref()].into_iter().flatten().map(String::as_str).collect();
                let kind = TargetKind::Model { model: model.clone(), pack: pack(with.clone()), oracle };
                let target = Target { name: parts.join("+"), kind, prompt: prompt.clone(), params: params.clone(), only: Vec::new() };
                if targets.iter().any(|other| other.name == target.name) {
                    matrix.report.error("duplicate-name", matrix.place(), format!("the matrix gives `{}` twice", target.name), "Name everything once.");
                } else {
                    targets.push(target);
                }
            }
        }
    }
    targets
}

impl Fields<'_> {
    fn needed_list(&self, key: &str) {
        if self.texts(key).is_empty() {
            self.report.error("missing-key", self.place(), format!("there is no `{key}` to try"), format!("Write `{key} = [\"provider/name\"]`."));
        }
    }
}

/// The prompts by name.
pub(crate) fn prompts(suite: &Fields<'_>) -> BTreeMap<String, Prompt> {
    let Some(table) = suite.within("prompts") else { return BTreeMap::new() };
    table.map.keys().filter_map(|name| Some((name.clone(), prompt(&table, name)?))).collect()
}

fn prompt(prompts: &Fields<'_>, name: &str) -> Option<Prompt> {
    if let Some(Value::String(user)) = prompts.value(name) {
        return Some(Prompt { before: Vec::new(), user: Some(user.clone()) });
    }
    let table = prompts.within(name)?;
    table.only(&["system", "user", "before"]);
    let system = table.text("system").map(|text| Turn::new(Role::System, text));
    let messages = table.tables("before");
    let read: Vec<Turn> = messages.iter().filter_map(|message| turn(&Value::Object(message.map.clone()))).collect();
    if read.len() < messages.len() {
        table.wrong_type("before", "a list of messages with `role` (system, user, assistant, tool) and `content`");
    }
    Some(Prompt { before: system.into_iter().chain(read).collect(), user: table.text("user") })
}

/// What runs without being asked.
pub(crate) fn watch(suite: &Fields<'_>) -> Option<Watch> {
    let table = suite.within("watch")?;
    table.only(&["every_minutes", "sample", "budget_usd_per_day", "silent_minutes", "false_alarm_every", "webhook"]);
    let webhook = table.text("webhook");
    if webhook.as_ref().is_some_and(|url| !(url.starts_with("http://") || url.starts_with("https://"))) {
        table.error("bad-value", "webhook", "the webhook is no address", "Write `https://…`.");
    }
    let sample = table.number_in("sample", 0.0, 1.0).unwrap_or_default();
    if sample > 0.0 && suite.map.get("class").is_none() {
        table.error("missing-key", "sample", "live calls are sampled by their class, and the suite has none", "Write `class = \"…\"` at the top of the suite.");
    }
    Some(Watch {
        every_minutes: table.count("every_minutes", 1, u64::MAX),
        sample,
        budget_usd_per_day: table.number_in("budget_usd_per_day", 0.0, f64::INFINITY),
        silent_minutes: table.count("silent_minutes", 1, u64::MAX).unwrap_or(60),
        false_alarm_every: table.number_in("false_alarm_every", 1.0, f64::INFINITY).unwrap_or(10_000.0),
        webhook,
    })
}

/// Where a prompt stands.
pub(crate) fn place_of_prompt(suite: &Fields<'_>, name: &str) -> jeton_context::Place {
    suite.source.place(&below(&below(&suite.pointer, "prompts"), name))
}
