//! A provider whose replies stand in a document: what models say, what judges find, and vectors.

use crate::{Exchange, Upstream};
use serde_json::{Value, json};
use std::path::Path;

/// A provider of OpenAI's dialect that answers as `script` says; what the script does not know is answered with 400.
///
/// Entries with a `model` are of that model alone.
/// - `replies`: the first whose `when` stands in the last message says `text`, `refusal` or `tool_calls` (`name`, `arguments`).
/// - `verdicts`: the first whose `rubric` and `answer` both stand in the messages judges, in the shape that is asked for: `pass`, `score` (0 to 1),
///   `category`. A verdict comes before a reply.
/// - `vectors`: the `vector` of a `text`.
///
/// Every answer states 20 tokens in and 10 out.
#[must_use]
pub fn scripted(script: Value) -> Upstream {
    Upstream::start(move |exchange| {
        let body = exchange.request.json();
        let answer = if exchange.request.target.ends_with("/embeddings") { vectors(&script, &body) } else { completion(&script, &body) };
        answered(exchange, answer)
    })
}

fn answered(exchange: &mut Exchange<'_>, answer: Result<Value, String>) -> std::io::Result<()> {
    match answer {
        Ok(document) => exchange.document(200, document.to_string()),
        Err(why) => exchange.document(400, json!({ "error": { "message": why, "type": "invalid_request_error" } }).to_string()),
    }
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn vectors(script: &Value, body: &Value) -> Result<Value, String> {
    let texts = body["input"].as_array().cloned().unwrap_or_else(|| vec![body["input"].clone()]);
    let mut data = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let found = list(script, "vectors").iter().find(|entry| is_of(entry, body) && entry["text"] == *text).ok_or_else(|| format!("no vector for {text}"))?;
        data.push(json!({ "object": "embedding", "index": index, "embedding": found["vector"] }));
    }
    Ok(json!({ "object": "list", "model": body["model"], "data": data, "usage": { "prompt_tokens": 4, "total_tokens": 4 } }))
}

/// Whether an entry is of the model that is asked.
fn is_of(entry: &Value, body: &Value) -> bool {
    entry["model"].is_null() || entry["model"] == body["model"]
}

fn completion(script: &Value, body: &Value) -> Result<Value, String> {
    let texts: Vec<&str> = list(body, "messages").iter().filter_map(|message| message["content"].as_str()).collect();
    let all = texts.join("\n");
    let stands = |entry: &Value, key: &str| entry[key].as_str().is_some_and(|text| all.contains(text));
    // Whoever asks for steps has shown no answer yet.
    let is_about = |entry: &&Value| is_of(entry, body) && stands(entry, "rubric") && (stands(entry, "answer") || asks_for_steps(&all));
    if let Some(verdict) = list(script, "verdicts").iter().find(is_about) {
        return Ok(document(body, &json!({ "role": "assistant", "content": judgement(body, &all, verdict) }), "stop"));
    }
    let last = texts.last().copied().unwrap_or_default();
    let is_asked = |entry: &&Value| is_of(entry, body) && entry["when"].as_str().is_some_and(|when| last.trim_end().contains(when));
    let reply = list(script, "replies").iter().find(is_asked).ok_or_else(|| format!("the script has no reply to {last:?}"))?;
    let calls: Vec<Value> = list(reply, "tool_calls").iter().enumerate().map(call).collect();
    let mut message = json!({ "role": "assistant", "content": reply["text"], "refusal": reply["refusal"] });
    if calls.is_empty() {
        return Ok(document(body, &message, "stop"));
    }
    message["tool_calls"] = calls.into();
    Ok(document(body, &message, "tool_calls"))
}

fn call((at, call): (usize, &Value)) -> Value {
    json!({ "id": format!("call_{at}"), "type": "function", "function": { "name": call["name"], "arguments": call["arguments"].to_string() } })
}

fn document(body: &Value, message: &Value, finish: &str) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"],
        "choices": [{ "index": 0, "message": message, "finish_reason": finish }],
        "usage": { "prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30 },
    })
}

fn asks_for_steps(text: &str) -> bool {
    text.contains("{\"steps\"")
}

/// A verdict in the shape that is asked for.
fn judgement(body: &Value, asked: &str, verdict: &Value) -> String {
    let (pass, score) = (verdict["pass"] == true, verdict["score"].as_f64().unwrap_or_default());
    let options = list(&body["response_format"]["json_schema"]["schema"]["properties"]["verdict"], "enum");
    if !options.is_empty() {
        return json!({ "reason": "so it is written", "verdict": option(options, verdict, pass, score) }).to_string();
    }
    if asks_for_steps(asked) {
        json!({ "steps": ["Read it.", "Compare it."] }).to_string()
    } else if asked.contains("\"category\"") {
        json!({ "category": verdict["category"], "reason": "so it is written" }).to_string()
    } else if asked.contains("from 0 to 10") {
        json!({ "score": (score * 10.0).round(), "reason": "so it is written" }).to_string()
    } else if asked.contains("\"Y\" or \"N\"") {
        format!("So it is written.\n\n{}", if pass { "Y" } else { "N" })
    } else {
        json!({ "reason": "so it is written", "pass": pass, "score": score }).to_string()
    }
}

/// The one of the offered verdicts that is meant: the category, a part of the highest number, or pass and fail.
fn option(options: &[Value], verdict: &Value, pass: bool, score: f64) -> Value {
    if options.contains(&verdict["category"]) {
        return verdict["category"].clone();
    }
    let number = |option: &Value| option.as_str().and_then(|text| text.parse::<f64>().ok());
    let highest = options.iter().filter_map(number).fold(0.0, f64::max);
    let far = |option: &Value| number(option).map_or(f64::INFINITY, |number| (number - score * highest).abs());
    let nearest = options.iter().filter(|option| number(option).is_some()).min_by(|a, b| far(a).total_cmp(&far(b)));
    nearest.cloned().unwrap_or_else(|| if pass { "pass" } else { "fail" }.into())
}

/// Copies a directory with its directories; in texts, `http://127.0.0.1:8123` becomes where the provider listens.
///
/// # Panics
/// Where something cannot be read or written, or is no text.
pub fn copy_for(upstream: &Upstream, from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let into = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_for(upstream, &path, &into);
        } else {
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            std::fs::write(into, text.replace(ADDRESS, &upstream.url())).unwrap();
        }
    }
}

/// Where documents say that the provider listens.
const ADDRESS: &str = "http://127.0.0.1:8123";
