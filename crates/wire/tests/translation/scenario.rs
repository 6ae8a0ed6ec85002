//! Reads the scenario files; `../scenarios/README.md` says what stands in them.

use jeton_wire::Endpoint;
use jeton_wire::canonical::{Answering, Effort, Loss, Request, Target, ToolNames, encode_request, read_request};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) const DIALECTS: [Endpoint; 5] = [Endpoint::Chat, Endpoint::Responses, Endpoint::Messages, Endpoint::Generate, Endpoint::Converse];

/// The model in the path of a Converse request, where a scenario names no other.
const CONVERSE_MODEL: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

/// The time of an answer whose dialect does not say it.
pub(crate) const CREATED: i64 = 1_700_000_000;

/// Members that a Responses object repeats from its request, after the vendor's reference of the object.
const REPEATED: [&str; 12] = [
    "instructions",
    "max_output_tokens",
    "metadata",
    "parallel_tool_calls",
    "prompt_cache_key",
    "reasoning",
    "safety_identifier",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
];

/// One scenario: blocks by their titles (`chat asked`, `messages → chat answered`, …).
pub(crate) struct Scenario {
    pub(crate) name: String,
    blocks: BTreeMap<String, String>,
}

/// All scenarios, by their numbers.
pub(crate) fn all() -> Vec<Scenario> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut paths: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|ext| ext == "md") && !path.ends_with("README.md"));
    let scenarios: Vec<Scenario> =
        paths.iter().map(|path| Scenario::read(&path.file_stem().unwrap().to_string_lossy(), &std::fs::read_to_string(path).unwrap())).collect();
    scenarios.into_iter().map(|scenario| DIALECTS.iter().fold(scenario, |scenario, dialect| scenario.with_own_file(*dialect))).collect()
}

impl Scenario {
    fn read(name: &str, text: &str) -> Self {
        assert!(text.contains("https://"), "{name}: no reference is quoted");
        let mut blocks = BTreeMap::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let Some(title) = line.strip_prefix("```").filter(|title| !title.is_empty()) else { continue };
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let title = title.strip_prefix("json ").or(title.strip_prefix("sse ").map(|_| title)).unwrap_or(title);
            assert!(blocks.insert(title.to_owned(), body.join("\n")).is_none(), "{name}: `{title}` stands twice");
        }
        Self { name: name.to_owned(), blocks }
    }

    /// With what stands of it in the file of the same name in the directory of a dialect.
    fn with_own_file(mut self, dialect: Endpoint) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/scenarios/{dialect}/{}.md", self.name));
        let Ok(text) = std::fs::read_to_string(path) else { return self };
        for (title, body) in Self::read(&format!("{dialect}/{}", self.name), &text).blocks {
            let known = self.blocks.remove(&title);
            assert!(known.is_none() || title == "lost", "{}: `{title}` stands twice", self.name);
            self.blocks.insert(title, known.into_iter().chain([body]).collect::<Vec<_>>().join("\n"));
        }
        self
    }

    pub(crate) fn text(&self, title: &str) -> Option<&str> {
        self.blocks.get(title).map(String::as_str)
    }

    pub(crate) fn titles(&self) -> impl Iterator<Item = &str> {
        self.blocks.keys().map(String::as_str)
    }

    fn json(&self, title: &str) -> Option<Value> {
        self.text(title).map(|text| serde_json::from_str(text).unwrap_or_else(|error| panic!("{}, `{title}`: {error}", self.name)))
    }

    /// The request as `dialect` writes it.
    pub(crate) fn asked(&self, dialect: Endpoint) -> Option<Value> {
        self.json(&format!("{dialect} asked"))
    }

    /// What the request of `from` becomes in `to`: written out where it is not simply `to`'s own.
    pub(crate) fn asked_across(&self, from: Endpoint, to: Endpoint) -> Option<Value> {
        self.json(&format!("{from} → {to} asked")).or_else(|| self.asked(to))
    }

    /// The answer as `dialect`'s provider writes it, with its envelope.
    pub(crate) fn answered(&self, dialect: Endpoint) -> Option<Value> {
        self.json(&format!("{dialect} answered")).map(|short| in_envelope(dialect, short))
    }

    /// What the answer of `from` becomes for a caller of `to`.
    pub(crate) fn answered_across(&self, from: Endpoint, to: Endpoint) -> Option<Value> {
        let mut own = self.json(&format!("{from} → {to} answered")).map(|short| in_envelope(to, short)).or_else(|| self.answered(to))?;
        // Google tells the tier in a header alone.
        if let (Endpoint::Generate, Some(usage)) = (from, own.get_mut("usage").and_then(Value::as_object_mut).filter(|_| to == Endpoint::Messages)) {
            usage.shift_remove("service_tier");
        }
        Some(self.with_repeated(to, own))
    }

    /// A Responses object repeats what was asked.
    pub(crate) fn with_repeated(&self, face: Endpoint, mut answer: Value) -> Value {
        let Some(asked) = self.asked(face).filter(|_| face == Endpoint::Responses) else { return answer };
        for name in REPEATED {
            match (answer.get_mut(name), asked.get(name)) {
                (Some(Value::Object(known)), Some(Value::Object(given))) => known.extend(given.clone()),
                (Some(known), Some(given)) => *known = given.clone(),
                (None, Some(given)) => answer[name] = given.clone(),
                (_, None) => {}
            }
        }
        answer
    }

    /// The stream's script, as `dialect`'s provider writes it.
    pub(crate) fn streamed(&self, dialect: Endpoint) -> Option<&str> {
        self.text(&format!("sse {dialect}"))
    }

    pub(crate) fn streamed_across(&self, from: Endpoint, to: Endpoint) -> Option<&str> {
        self.text(&format!("sse {from} → {to}")).or_else(|| self.streamed(to))
    }

    /// The whole answer that `from`'s stream tells a caller of `to`: mostly that of the document.
    pub(crate) fn told_by_stream(&self, from: Endpoint, to: Endpoint) -> Option<Value> {
        let own = self.json(&format!("{from} → {to} streamed")).map(|short| self.with_repeated(to, in_envelope(to, short)));
        own.or_else(|| self.answered_across(from, to))
    }

    /// The losses that are told of `what` (`asked`, `answered`, `streamed`) between two dialects, sorted.
    pub(crate) fn lost(&self, what: &str, from: Endpoint, to: Endpoint) -> Vec<String> {
        let head = format!("{what} {from} → {to}: ");
        let lines = self.text("lost").unwrap_or_default().lines().filter_map(|line| line.strip_prefix(&head));
        let mut lost: Vec<String> = lines.flat_map(|line| line.split("; ")).filter(|line| *line != "none").map(str::to_owned).collect();
        lost.sort();
        lost
    }

    /// The model of `dialect`, with what the scenario says of it.
    pub(crate) fn target(&self, dialect: Endpoint) -> Target {
        let known = self.json(&format!("{dialect} model")).unwrap_or_default();
        let usual = if dialect == Endpoint::Converse { CONVERSE_MODEL } else { "m" };
        let model = self.asked(dialect).and_then(|asked| Some(asked["model"].as_str()?.to_owned()));
        let model = model.or_else(|| known["model"].as_str().map(str::to_owned)).unwrap_or_else(|| usual.into());
        let mut target = Target::new(dialect, model, 64_000);
        target.takes.adaptive_thinking = known["adaptive_thinking"].as_bool().unwrap_or(false);
        target.takes.custom_tools = known["custom_tools"].as_bool().unwrap_or(true);
        target.takes.reasoning_member = known["reasoning_member"].as_str().map(str::to_owned);
        target.takes.effort_max = known["effort_max"].as_str().and_then(Effort::of).unwrap_or(target.takes.effort_max);
        target.output_limit = known["output_limit"].as_u64().unwrap_or(target.output_limit);
        target
    }

    /// What the answer of `from`'s provider is translated with for a caller of `face`.
    pub(crate) fn answering(&self, from: Endpoint, face: Endpoint) -> Answering {
        let (request, names) = self.asked_of(face, from);
        Answering::new(&request, from, names)
    }

    fn asked_of(&self, face: Endpoint, from: Endpoint) -> (Request, ToolNames) {
        let asked = self.asked(face).unwrap_or_else(|| json!({ "model": "m", "max_tokens": 64, "messages": [], "input": [], "contents": [] }));
        let (mut request, _) = read_request(face, asked.to_string().as_bytes()).unwrap_or_else(|fault| panic!("{}: {fault}", self.name));
        let names = encode_request(&request, &self.target(from)).map(|encoded| encoded.names).unwrap_or_default();
        request.include_usage |= self.streamed_across(from, face).is_some_and(|script| script.lines().any(|line| line.starts_with("usage ")));
        (request, names)
    }
}

/// What is told of a loss, as scenarios write it.
pub(crate) fn told(loss: &Loss) -> Vec<String> {
    let mut told: Vec<String> = loss.iter().map(|lost| format!("{} {}", lost.how.name(), lost.path)).collect();
    told.sort();
    told
}

/// The members that every answer of the dialect has, around those that the scenario tells.
fn in_envelope(dialect: Endpoint, short: Value) -> Value {
    let Value::Object(mut short) = short else { panic!("an answer is an object") };
    match dialect {
        Endpoint::Chat if !short.contains_key("choices") => {
            let finish = short.shift_remove("finish_reason").expect("finish_reason");
            let mut message = json!({ "role": "assistant", "content": null, "refusal": null, "annotations": [] });
            extend(&mut message, short.shift_remove("message").expect("message"));
            let mut choice = json!({ "index": 0, "message": message, "logprobs": null, "finish_reason": finish });
            extend(&mut choice, short.shift_remove("choice").unwrap_or_else(|| json!({})));
            let mut answer = json!({
                "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "object": "chat.completion", "created": 1_741_569_952, "model": "gpt-5.1",
                "choices": [choice], "service_tier": "default", "system_fingerprint": "fp_50cad350e4",
            });
            extend(&mut answer, short.into());
            answer
        }
        Endpoint::Messages => {
            let mut answer =
                json!({ "id": "msg_01XFDUDYJgAACzvnptvVoYEL", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "stop_sequence": null });
            extend(&mut answer, short.into());
            if let Some(usage) = answer.get_mut("usage").and_then(Value::as_object_mut) {
                usage.entry("service_tier").or_insert("standard".into());
            }
            answer
        }
        Endpoint::Generate if !short.contains_key("candidates") && !short.contains_key("promptFeedback") => {
            let content = json!({ "parts": short.shift_remove("parts").expect("parts"), "role": "model" });
            let mut candidate = json!({ "content": content, "finishReason": short.shift_remove("finishReason").expect("finishReason"), "index": 0 });
            extend(&mut candidate, short.shift_remove("candidate").unwrap_or_else(|| json!({})));
            let mut answer = json!({ "candidates": [candidate], "modelVersion": "gemini-3-pro-preview", "responseId": "mWUvaYrqGuqqqtsP4pCW4A0" });
            extend(&mut answer, short.into());
            answer
        }
        Endpoint::Responses => {
            let mut answer: Value = serde_json::from_str(include_str!("../scenarios/response.json")).unwrap();
            extend(&mut answer, short.into());
            answer
        }
        Endpoint::Converse => {
            let content = short.shift_remove("content").expect("content");
            let mut answer = json!({ "output": { "message": { "role": "assistant", "content": content } }, "metrics": { "latencyMs": 551 }, "serviceTier": { "type": "default" } });
            extend(&mut answer, short.into());
            answer
        }
        _ => short.into(),
    }
}

fn extend(object: &mut Value, members: Value) {
    if let (Value::Object(object), Value::Object(members)) = (object, members) {
        object.extend(members);
    }
}

/// A request with one of several forms for the same thing (a text or a list of one; a message with or without its type).
pub(crate) fn plain_request(mut request: Value) -> Value {
    let names = ["messages", "input", "system"];
    if let Some(text) = request.get("input").and_then(Value::as_str).map(str::to_owned) {
        request["input"] = json!([{ "role": "user", "content": text }]);
    }
    for name in names {
        for turn in request.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten() {
            plain_turn(turn);
        }
    }
    if let Some([one]) = request.get("system").and_then(Value::as_array).map(Vec::as_slice)
        && let Some(text) = bare_text(one)
    {
        request["system"] = text.into();
    }
    request
}

fn plain_turn(turn: &mut Value) {
    if turn.get("type") == Some(&"message".into()) {
        turn.as_object_mut().unwrap().shift_remove("type");
    }
    if turn.get("role") == Some(&"developer".into()) {
        turn["role"] = "system".into();
    }
    if turn.get("type") == Some(&"input_image".into()) && turn.get("detail") == Some(&"auto".into()) {
        turn.as_object_mut().unwrap().shift_remove("detail");
    }
    for name in ["content", "output"] {
        for inner in turn.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten() {
            plain_turn(inner);
        }
        if let Some([one]) = turn.get(name).and_then(Value::as_array).map(Vec::as_slice)
            && let Some(text) = bare_text(one)
        {
            turn[name] = text.into();
        }
    }
    if turn.get("content") == Some(&Value::Null) {
        turn.as_object_mut().unwrap().shift_remove("content");
    }
}

/// The text of a part that says nothing else.
fn bare_text(part: &Value) -> Option<String> {
    let part = part.as_object().filter(|part| part.len() == 2)?;
    let is_text = matches!(part.get("type")?.as_str()?, "text" | "input_text" | "output_text");
    Some(part.get("text")?.as_str()?.to_owned()).filter(|_| is_text)
}

/// An answer without what differs from one to the next (ids, times, the server's fingerprint), and without what says nothing.
pub(crate) fn plain_answer(answer: Value, ids: &mut Vec<String>) -> Value {
    match answer {
        Value::Object(members) => {
            let mut plain = Map::new();
            for (name, value) in members {
                let value = match name.as_str() {
                    "created" | "created_at" | "system_fingerprint" | "completed_at" | "model" | "metrics" | "modelVersion" | "responseId" => continue,
                    "id" | "item_id" => plain_id(value, ids),
                    _ => plain_answer(value, ids),
                };
                let is_ordinary_tier = name == "serviceTier" && value == json!({ "type": "default" });
                let is_count = ["_tokens", "Tokens", "TokenCount"].iter().any(|end| name.ends_with(end));
                let says_nothing = is_ordinary_tier || value.is_null() || value == json!([]) || value == json!({}) || (is_count && value == json!(0));
                if !says_nothing || matches!(name.as_str(), "input" | "index" | "arguments") {
                    plain.insert(name, value);
                }
            }
            plain.into()
        }
        Value::Array(elements) => elements.into_iter().map(|element| plain_answer(element, ids)).collect(),
        other => other,
    }
}

/// Ids that the dialect's server makes up, numbered as they come; those of calls are to be kept.
fn plain_id(id: Value, ids: &mut Vec<String>) -> Value {
    let Some(prefix) = id.as_str().and_then(|id| ["chatcmpl-", "msg_", "resp_", "rs_", "fc_", "ctc_"].into_iter().find(|prefix| id.starts_with(prefix))) else {
        return id;
    };
    let text = id.as_str().unwrap().to_owned();
    let number = ids.iter().position(|known| *known == text).unwrap_or_else(|| {
        ids.push(text);
        ids.len() - 1
    });
    format!("{prefix}#{number}").into()
}
