//! Prompts: texts, chats, and files of them.

use crate::import::{Importer, is_script, name_of};
use crate::read::case;
use crate::read::grader::free_name;
use crate::{Prompt, Role};
use jeton_context::{Place, yaml};
use serde_json::Value;

/// A prompt with its name.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) prompt: Prompt,
    /// All that it says.
    pub(super) text: String,
}

/// The prompts of a configuration; without any, the variable `prompt` is what is said.
pub(super) fn prompts(importer: &Importer<'_>, value: Option<&Value>, place: &Place) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    let mut add = |label: Option<&str>, text: &str, hint: Option<&str>| {
        let Some(prompt) = prompt(importer, text, place) else { return };
        let taken: Vec<String> = found.iter().map(|named| named.name.clone()).collect();
        let word = label.map(name_of).or_else(|| hint.map(name_of)).unwrap_or_else(|| format!("prompt-{}", taken.len() + 1));
        found.push(Named { name: free_name(&word, &taken), prompt, text: text.to_owned() });
    };
    match value {
        None | Some(Value::Null) => add(Some("prompt"), "{{prompt}}", None),
        // An older way of writing it: files with their labels.
        Some(Value::Object(map)) => {
            for (path, label) in map {
                each(importer, path, place, &mut |text, hint| add(label.as_str(), text, hint));
            }
        }
        Some(Value::Array(items)) => {
            for item in items {
                entry(importer, item, place, &mut add);
            }
        }
        Some(one) => entry(importer, one, place, &mut add),
    }
    found
}

type Add<'a> = dyn FnMut(Option<&str>, &str, Option<&str>) + 'a;

fn entry(importer: &Importer<'_>, item: &Value, place: &Place, add: &mut Add<'_>) {
    let label = item.get("label").and_then(Value::as_str);
    if item.get("function").is_some() || item.get("transform").is_some() {
        importer.skipped(place, "a prompt with a function is not read", "Write its text under `[prompts]`.");
        return;
    }
    if let Some(raw) = item.get("raw").and_then(Value::as_str) {
        each(importer, raw, place, &mut |text, hint| add(label, text, hint));
        return;
    }
    match item.as_str().or_else(|| item.get("id").and_then(Value::as_str)) {
        Some(text) => each(importer, text, place, &mut |text, hint| add(label, text, hint)),
        // A chat may be written as such.
        None if item.is_array() => add(label, &item.to_string(), None),
        None => importer.skipped(place, "a prompt is neither a text nor a file", "Write its text under `[prompts]`."),
    }
}

/// The texts that an entry stands for: itself, or those of the files that it names.
fn each(importer: &Importer<'_>, text: &str, place: &Place, add: &mut dyn FnMut(&str, Option<&str>)) {
    let Some(named) = file_of(text) else {
        add(text, None);
        return;
    };
    if is_script(named) || named.starts_with("exec:") {
        importer.skipped(place, format!("the prompt `{named}` is a script"), "Write its text under `[prompts]`.");
        return;
    }
    let paths = importer.matching(named);
    if paths.is_empty() {
        importer.skipped(place, format!("no file is named by `{named}`"), "Correct the path; it begins at the directory of the configuration.");
    }
    for path in paths {
        let Some((_, text)) = importer.text(&path, place) else { continue };
        let stem = path.rsplit('/').next().unwrap_or(&path).split('.').next().unwrap_or_default().to_owned();
        let is_lines = path.ends_with(".jsonl");
        let parts: Vec<&str> = if path.ends_with(".txt") {
            divided(&text)
        } else if is_lines {
            text.lines().collect()
        } else {
            vec![text.as_str()]
        };
        for part in parts.into_iter().map(str::trim).filter(|part| !part.is_empty()) {
            add(part, Some(&stem));
        }
    }
}

/// The file that an entry names, with `file://` or without.
fn file_of(text: &str) -> Option<&str> {
    if let Some(named) = text.strip_prefix("file://") {
        return Some(named);
    }
    let ends = [".txt", ".json", ".jsonl", ".yaml", ".yml", ".md", ".j2", ".csv"];
    let is_path = !text.contains([' ', '\n', '{']) && (ends.iter().any(|end| text.ends_with(end)) || is_script(text));
    (is_path || text.starts_with("exec:")).then_some(text)
}

/// The prompts of one file of text: lines of three dashes part them.
fn divided(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" {
            parts.push(&text[start..at]);
            start = at + line.len();
        }
        at += line.len();
    }
    parts.push(&text[start..]);
    parts
}

/// A prompt of a text: a chat where it is a list of messages in JSON or YAML, else what the user says.
fn prompt(importer: &Importer<'_>, text: &str, place: &Place) -> Option<Prompt> {
    let trimmed = text.trim_start();
    let is_chat = trimmed.starts_with('[') || trimmed.starts_with("- role:");
    let Some(messages) = Some(trimmed).filter(|_| is_chat).and_then(chat) else {
        if is_chat && trimmed.contains("\"role\"") {
            importer.differs(
                place,
                "a prompt looks like a chat and cannot be read as one, so the user says all of it",
                "Write `before` and `user` under `[prompts.NAME]`.",
            );
        }
        return Some(Prompt { before: Vec::new(), user: Some(text.to_owned()) });
    };
    let turns: Option<Vec<crate::Turn>> = messages.iter().map(case::turn).collect();
    let Some(mut turns) = turns.filter(|turns| !turns.is_empty()) else {
        importer.skipped(place, "a chat has messages that are no text, so the prompt is not read", "Write its text under `[prompts]`.");
        return None;
    };
    if turns.last().is_none_or(|turn| turn.role != Role::User) {
        importer.skipped(place, "a chat does not end with the user, so the prompt is not read", "Let the user speak last.");
        return None;
    }
    let user = turns.pop().map(|turn| turn.content);
    Some(Prompt { before: turns, user })
}

fn chat(text: &str) -> Option<Vec<Value>> {
    let value = serde_json::from_str(text).ok().or_else(|| yaml::parse(text).ok().map(|read| read.value))?;
    let Value::Array(messages) = value else { return None };
    messages.iter().all(|message| message.get("role").is_some()).then_some(messages)
}
