//! Providers as targets.

use crate::import::{Importer, is_script};
use crate::{Target, TargetKind};
use jeton_context::Place;
use serde_json::{Map, Value};

/// A provider: what answers, what it is called, and the prompts that it is asked with (empty: all).
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) target: Target,
    pub(super) prompts: Vec<String>,
}

/// Words between a provider and its model that say which of its interfaces is used.
const INTERFACES: [&str; 9] = ["chat", "completion", "completions", "converse", "embedding", "embeddings", "messages", "responses", "text"];
/// Fields of a request that pass as they are.
const PARAMS: [&str; 16] = [
    "frequency_penalty",
    "logit_bias",
    "max_completion_tokens",
    "max_tokens",
    "parallel_tool_calls",
    "presence_penalty",
    "reasoning_effort",
    "response_format",
    "seed",
    "stop",
    "temperature",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
    "verbosity",
];
/// Settings of access, which belong into `jeton.toml`: a key is never carried over.
const ACCESS: [&str; 8] = ["apiKey", "apiKeyEnvar", "apiBaseUrl", "apiHost", "organization", "headers", "region", "projectId"];

/// The model that a provider's id names, as `provider/name`; none where it is no model of a provider.
pub(super) fn model_of(provider: &Value) -> Option<String> {
    let id = provider.as_str().or_else(|| provider.get("id").and_then(Value::as_str))?;
    let mut parts = id.split(':');
    let vendor = parts.next()?;
    let is_other = is_script(id) || ["exec", "file", "python", "http", "https", "webhook", "echo", "promptfoo", "package", "golang", "ruby"].contains(&vendor);
    let rest: Vec<&str> = parts.skip_while(|part| INTERFACES.contains(part)).collect();
    (!is_other && !rest.is_empty()).then(|| format!("{vendor}/{}", rest.join(":")))
}

/// The provider of an entry; none, with a finding, where it cannot be one here.
pub(super) fn provider(importer: &Importer<'_>, entry: &Value, place: &Place) -> Option<Provider> {
    // `{ "openai:chat:x": { config } }` is an older way of writing it.
    if let Some((id, settings)) = entry.as_object().filter(|map| map.len() == 1 && !map.contains_key("id")).and_then(|map| map.iter().next()) {
        let mut settings = settings.as_object().cloned().unwrap_or_default();
        settings.entry("id").or_insert_with(|| id.as_str().into());
        return provider(importer, &Value::Object(settings), place);
    }
    let Some(id) = entry.as_str().or_else(|| entry.get("id").and_then(Value::as_str)) else {
        importer.skipped(place, "a provider without an id is not read", "Write a `[[target]]` for it.");
        return None;
    };
    let empty = Map::new();
    let config = entry.get("config").and_then(Value::as_object).unwrap_or(&empty);
    let (kind, params) = match model_of(entry) {
        Some(model) => (TargetKind::Model { model, pack: None, oracle: false }, params(importer, config, id, place)),
        None => (other(importer, id, config, place)?, Map::new()),
    };
    if entry.get("transform").is_some() || entry.get("delay").is_some() {
        importer.skipped(place, format!("`transform` and `delay` of the provider `{id}` are not read"), "Put the transform into the graders.");
    }
    let name = entry.get("label").and_then(Value::as_str).unwrap_or(id).to_owned();
    let prompts = entry.get("prompts").and_then(Value::as_array).into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect();
    Some(Provider { target: Target { name, kind, prompt: None, params, only: Vec::new() }, prompts })
}

/// The fields that go into requests.
fn params(importer: &Importer<'_>, config: &Map<String, Value>, id: &str, place: &Place) -> Map<String, Value> {
    let mut params = Map::new();
    let mut unread = Vec::new();
    for (key, value) in config {
        let is_file = value.as_str().is_some_and(|text| text.starts_with("file://"));
        if PARAMS.contains(&key.as_str()) && !is_file {
            params.insert(key.clone(), value.clone());
        } else if let Some(data) = value.as_str().and_then(|text| text.strip_prefix("file://")).filter(|_| PARAMS.contains(&key.as_str())) {
            params.extend(importer.data(data, place).map(|data| (key.clone(), data)));
        } else if ACCESS.contains(&key.as_str()) {
            importer.differs(place, format!("`{key}` of the provider `{id}` is not carried over"), "Set up the provider in `jeton.toml`.");
        } else {
            unread.push(format!("`{key}`"));
        }
    }
    if let Some(passthrough) = config.get("passthrough").and_then(Value::as_object) {
        params.extend(passthrough.clone());
        unread.retain(|key| key != "`passthrough`");
    }
    if !unread.is_empty() {
        importer.skipped(
            place,
            format!("settings of the provider `{id}` are not read: {}", unread.join(", ")),
            "Write those that matter under `params` of the target.",
        );
    }
    params
}

/// An endpoint. Programs get the prompt there and the case here, so they are not taken over in silence.
fn other(importer: &Importer<'_>, id: &str, config: &Map<String, Value>, place: &Place) -> Option<TargetKind> {
    let url = match id {
        "http" | "https" => config.get("url").and_then(Value::as_str),
        _ => Some(id).filter(|id| id.starts_with("http://") || id.starts_with("https://")),
    };
    let Some(url) = url.filter(|url| !crate::template::is_template(url)) else {
        let remedy = "Write a `[[target]]` with `command`, which gets the case as JSON on standard input, or with `url`.";
        importer.skipped(place, format!("the provider `{id}` has no counterpart here"), remedy);
        return None;
    };
    let expression = config.get("transformResponse").or_else(|| config.get("responseParser")).and_then(Value::as_str);
    let at = expression.map(|expression| pointer_of(expression).ok_or(expression));
    if let Some(Err(expression)) = &at {
        importer.skipped(place, format!("`transformResponse` of `{id}` is a script: {expression}"), "Write the place of the answer as `at`, a JSON pointer.");
    }
    importer.differs(
        place,
        format!("`{id}` gets the case as JSON, and not the body that the provider describes"),
        "Let the endpoint read it, or put a `command` before it.",
    );
    Some(TargetKind::Http { url: url.to_owned(), at: at.and_then(Result::ok) })
}

/// `json.choices[0].text` as a JSON pointer.
fn pointer_of(expression: &str) -> Option<String> {
    let path = expression.trim().strip_prefix("json")?;
    match super::script::transforms(&format!("JSON.parse(output){path}"))?.as_slice() {
        [crate::Transform::Pointer(pointer)] => Some(pointer.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_name_models() {
        let check = |id: &str, model: Option<&str>| assert_eq!(model_of(&json!({ "id": id })).as_deref(), model, "{id}");
        check("openai:chat:gpt-4o", Some("openai/gpt-4o"));
        check("openai:gpt-4o", Some("openai/gpt-4o"));
        check("anthropic:messages:claude-x", Some("anthropic/claude-x"));
        check("bedrock:anthropic.claude-v2:1", Some("bedrock/anthropic.claude-v2:1"));
        check("openrouter:meta/llama", Some("openrouter/meta/llama"));
        for id in ["echo", "exec: ./run.sh", "file://p.py", "python:p.py", "https://x.example/api", "openai:chat"] {
            check(id, None);
        }
        assert_eq!(pointer_of("json.choices[0].text").as_deref(), Some("/choices/0/text"));
        assert_eq!(pointer_of("json.text.trim()"), None);
    }
}
