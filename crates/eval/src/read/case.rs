//! Cases as a suite writes them: tables of the suite itself, rows of JSON Lines, records of CSV.

use super::grader;
use super::source::Fields;
use crate::{Case, Grader, Input, Role, Turn};
use jeton_core::is_name;
use serde_json::{Map, Value};

/// What a case may say.
pub(crate) const KEYS: [&str; 13] =
    ["id", "cluster", "class", "input", "messages", "dialogue", "reference", "needs", "files", "tags", "weight", "vars", "grade"];

/// What cases inherit.
#[derive(Debug)]
pub(crate) struct Defaults<'a> {
    pub(crate) vars: &'a Map<String, Value>,
    pub(crate) graders: &'a [Grader],
}

/// The case of a table; none where it asks nothing that can be read. `number` names it where it has no id.
pub(crate) fn case(table: &Fields<'_>, defaults: &Defaults<'_>, number: usize) -> Option<Case> {
    table.only(&KEYS);
    let input = input(table);
    let id = table.text("id").unwrap_or_else(|| format!("case-{number}"));
    if id.trim().is_empty() || id.chars().any(char::is_control) {
        table.error("bad-value", "id", format!("`{}` is no id", id.escape_debug()), "Write a word or two on one line.");
    }
    let mut case = Case::new(id, input?, table.place());
    if let Some(cluster) = table.text("cluster") {
        case.cluster = cluster;
    }
    case.class = class(table);
    case.reference = table.value("reference").cloned();
    case.needs = table.texts("needs");
    case.files = table.texts("files");
    case.tags = table.texts("tags");
    case.weight = table.number_in("weight", 0.0, f64::INFINITY).unwrap_or(1.0);
    case.vars = vars(table);
    for (name, value) in defaults.vars {
        case.vars.entry(name.clone()).or_insert_with(|| value.clone());
    }
    case.graders = grader::graders(table.tables("grade"), defaults.graders);
    Some(case)
}

/// A class, which must be a name.
pub(crate) fn class(table: &Fields<'_>) -> Option<String> {
    let class = table.text("class")?;
    if !is_name(&class) {
        table.error("bad-value", "class", format!("`{class}` is no name of a class"), "Use letters, digits and `._-:=@/`, beginning with a letter or digit.");
        return None;
    }
    Some(class)
}

/// Variables. `input` is what the case asks, and no variable.
pub(crate) fn vars(table: &Fields<'_>) -> Map<String, Value> {
    let vars = table.free_table("vars");
    if vars.contains_key("input") {
        table.error(
            "bad-value",
            "vars",
            "`input` is what the case asks, so no variable can have this name",
            "Give the variable another name, or write it as the case's `input`.",
        );
    }
    vars
}

fn input(table: &Fields<'_>) -> Option<Input> {
    let given: Vec<&str> = ["input", "messages", "dialogue"].into_iter().filter(|key| table.has(key)).collect();
    match given.as_slice() {
        [] => {
            table.report.error("missing-key", table.place(), "the case asks nothing", "Write `input`, `messages` or `dialogue`.");
            None
        }
        [key] => read_input(table, key),
        [_, second, ..] => {
            table.error("bad-value", second, format!("there are {} at once", given.join(" and ")), "Keep one of them.");
            None
        }
    }
}

fn read_input(table: &Fields<'_>, key: &str) -> Option<Input> {
    let value = table.value(key)?;
    let read = match (key, value) {
        ("input", Value::String(text)) => Some(Input::Text(text.clone())),
        ("input", Value::Number(number)) => Some(Input::Text(number.to_string())),
        ("input" | "messages", Value::Array(_)) if value.get(0).is_some_and(Value::is_object) => messages(value).map(Input::Messages),
        ("input" | "dialogue", Value::Array(says)) if !says.is_empty() => {
            let texts: Option<Vec<String>> = says.iter().map(|say| say.as_str().map(str::to_owned)).collect();
            texts.map(Input::Dialogue)
        }
        _ => None,
    };
    if read.is_none() {
        let expected = match key {
            "input" => "a text, a list of messages, or a list of texts",
            "messages" => "a list of messages with `role` (system, user, assistant, tool) and `content`, one of them of the user",
            _ => "a list of texts",
        };
        table.wrong_type(key, expected);
    }
    read
}

/// Messages as Chat Completions writes them: the content a text, or parts of text.
pub(crate) fn messages(value: &Value) -> Option<Vec<Turn>> {
    let turns: Option<Vec<Turn>> = value.as_array()?.iter().map(turn).collect();
    turns.filter(|turns| turns.iter().any(|turn| turn.role == Role::User))
}

/// One message.
pub(crate) fn turn(value: &Value) -> Option<Turn> {
    let role = match value.get("role")?.as_str()? {
        // What OpenAI calls the system's words since its reasoning models.
        "developer" => Role::System,
        role => serde_json::from_value(role.into()).ok()?,
    };
    let tool_calls = value.get("tool_calls").filter(|calls| !calls.is_null()).cloned();
    let content = match value.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts: Option<Vec<&str>> = parts.iter().map(|part| part.get("text")?.as_str()).collect();
            texts?.join("\n")
        }
        None | Some(Value::Null) if tool_calls.is_some() => String::new(),
        _ => return None,
    };
    let tool_call_id = value.get("tool_call_id").and_then(Value::as_str).map(str::to_owned);
    Some(Turn { role, content, tool_calls, tool_call_id })
}
