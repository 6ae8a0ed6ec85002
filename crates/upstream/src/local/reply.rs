//! The answer in the caller's dialect.

use crate::local::{ABSTENTION, Extraction, extract};
use bytes::Bytes;
use jeton_core::{Fault, FaultKind, Usage};
use jeton_text::estimate_tokens;
use jeton_wire::canonical::{Part, Reply, Request, ResponseFormat, StopReason, decode_request, encode_reply, encode_stream};
use jeton_wire::{Endpoint, encode_error};
use serde_json::{Value, json};

/// An HTTP answer, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status: 200, or 400 for a request that cannot be read or is for an endpoint that is not served.
    pub status: u16,
    /// The headers, names in small letters.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The body: one frame for a document, several for a stream.
    pub frames: Vec<Bytes>,
}

/// Streamed answers come in about this many deltas, of at least so many characters.
const DELTAS: usize = 8;
const DELTA_CHARS_LEAST: usize = 8;

/// Answers a request to `local/extract`. Serves Chat Completions and Messages, streamed or not, and counts tokens by estimate; tools are
/// ignored. `id` (letters and digits) makes the reply's ids unique; `created` is the time in seconds since 1970.
///
/// The document, or the event of the stream that tells why it ended, has an extra member `jeton`: `confidence`, `abstained`, `reason` and
/// `passages` with `text`, `message`, and `start` and `end` in characters of that message's text. Clients ignore members they do not know.
#[must_use]
pub fn answer(endpoint: Endpoint, body: &[u8], id: &str, created: i64) -> Answer {
    if matches!(endpoint, Endpoint::Responses | Endpoint::Embeddings) {
        let fault = Fault::new(FaultKind::InvalidRequest, format!("`local/extract` does not serve {}.", endpoint.name()))
            .code("endpoint_not_served")
            .param("model")
            .remedy("It serves Chat Completions (/v1/chat/completions), Messages (/v1/messages) and the count of its tokens (/v1/messages/count_tokens).");
        return refused(endpoint, &fault);
    }
    match decode_request(endpoint, body) {
        Ok(request) => match unreadable_part(&request) {
            Some(fault) => refused(endpoint, &fault),
            None => served(endpoint, &request, id, created),
        },
        Err(fault) => refused(endpoint, &fault),
    }
}

/// Names the first part that is no text: an answer that silently left it out would be wrong.
fn unreadable_part(request: &Request) -> Option<Fault> {
    let media = |part: &Part| match part {
        Part::Media(media) => Some(media.kind.name()),
        Part::ToolResult { content, .. } => content.iter().find_map(|piece| if let Part::Media(media) = &piece.part { Some(media.kind.name()) } else { None }),
        _ => None,
    };
    let kind = request.messages.iter().find_map(|message| message.parts.iter().find_map(|piece| media(piece)))?;
    Some(
        Fault::new(FaultKind::InvalidRequest, format!("`local/extract` reads text, and the request has a part of kind `{kind}`."))
            .code("part_not_supported")
            .param("messages")
            .remedy("Leave the part out, give its text instead, or ask a model that reads it."),
    )
}

fn refused(endpoint: Endpoint, fault: &Fault) -> Answer {
    document(fault.kind.status(), encode_error(endpoint.dialect(), fault, None))
}

fn document(status: u16, body: Vec<u8>) -> Answer {
    Answer { status, headers: vec![("content-type", "application/json")], frames: vec![Bytes::from(body)] }
}

fn served(endpoint: Endpoint, request: &Request, id: &str, created: i64) -> Answer {
    let input = Some(estimate_tokens(&request.prompt_text()));
    let mut reply = Reply {
        id: id.to_owned(),
        model: request.model.clone(),
        created,
        parts: Vec::new(),
        stop: StopReason::EndTurn,
        usage: Usage { input, output: Some(0), ..Usage::default() },
    };
    if endpoint == Endpoint::CountTokens {
        return document(200, with_member(encode_reply(endpoint, request, &reply), &json!({ "estimated": true })));
    }
    let found = extract(request);
    let (part, stop) = said(request, &found);
    if let Part::Text(text) | Part::Refusal(text) = &part {
        reply.usage.output = Some(estimate_tokens(text));
    }
    reply.parts.push(part);
    reply.stop = stop;
    let about = about(&found);
    if !request.stream {
        return document(200, with_member(encode_reply(endpoint, request, &reply), &about));
    }
    let frames = stream(endpoint, request, &reply, &about);
    Answer { status: 200, headers: vec![("content-type", "text/event-stream"), ("cache-control", "no-cache")], frames }
}

/// What is said, and why it ends there. Abstaining from a schema is a refusal, since the fixed sentence would not fit the schema.
fn said(request: &Request, found: &Extraction) -> (Part, StopReason) {
    let Some(answer) = &found.answer else {
        return match request.response_format {
            Some(ResponseFormat::JsonSchema { .. } | ResponseFormat::JsonObject) => (Part::Refusal(ABSTENTION.to_owned()), StopReason::Refusal),
            None => (Part::Text(ABSTENTION.to_owned()), StopReason::EndTurn),
        };
    };
    let cut = request.stop.iter().filter_map(|stop| answer.find(stop.as_str()).map(|at| (at, stop))).min_by_key(|(at, _)| *at);
    let (text, stop) = match cut {
        Some((at, stop)) => (&answer[..at], StopReason::StopSequence(stop.clone())),
        None => (answer.as_str(), StopReason::EndTurn),
    };
    match request.output_limit.filter(|limit| estimate_tokens(text) > *limit) {
        Some(limit) => (Part::Text(within(text, limit).to_owned()), StopReason::MaxTokens),
        None => (Part::Text(text.to_owned()), stop),
    }
}

/// The longest beginning of the text that the estimate holds within the limit. The estimate never falls with more text.
fn within(text: &str, limit: u64) -> &str {
    let cuts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let fitting = cuts.partition_point(|&at| estimate_tokens(&text[..at]) <= limit);
    fitting.checked_sub(1).map_or("", |last| &text[..cuts[last]])
}

fn about(found: &Extraction) -> Value {
    let abstained = found.answer.is_none();
    let shown = found.passages.iter().filter(|passage| passage.used || abstained);
    let passages: Vec<Value> = shown
        .map(|passage| json!({ "start": passage.characters.start, "end": passage.characters.end, "text": passage.text, "message": passage.message }))
        .collect();
    // Four decimals: more would pretend.
    let confidence = (found.confidence * 10_000.0).round() / 10_000.0;
    json!({ "confidence": confidence, "abstained": abstained, "reason": found.reason, "passages": passages })
}

fn stream(endpoint: Endpoint, request: &Request, reply: &Reply, about: &Value) -> Vec<Bytes> {
    let length = reply.parts.iter().map(|part| if let Part::Text(text) | Part::Refusal(text) = part { text.chars().count() } else { 0 }).sum::<usize>();
    let mut pieces = encode_stream(endpoint, request, reply, (length / DELTAS).max(DELTA_CHARS_LEAST));
    if let Some(closing) = pieces.pop() {
        let telling: &[u8] = if endpoint == Endpoint::Messages { b"\"message_delta\"" } else { b"\"finish_reason\":\"" };
        pieces.push(with_event_member(&closing, telling, about));
    }
    pieces.into_iter().map(Bytes::from).collect()
}

/// Puts the member `jeton` last into the data of the first event that contains `telling`.
fn with_event_member(events: &[u8], telling: &[u8], value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(events.len());
    let mut done = false;
    for line in events.split_inclusive(|&byte| byte == b'\n') {
        let data = line.strip_suffix(b"\n").filter(|line| !done && line.starts_with(b"data: ") && line.windows(telling.len()).any(|run| run == telling));
        match data {
            Some(data) => {
                out.extend(with_member(data.to_vec(), value));
                out.push(b'\n');
                done = true;
            }
            None => out.extend_from_slice(line),
        }
    }
    out
}

/// Puts the member `jeton` last into an object that has members already.
fn with_member(mut object: Vec<u8>, value: &Value) -> Vec<u8> {
    if object.pop() == Some(b'}') {
        object.extend_from_slice(format!(",\"jeton\":{value}}}").as_bytes());
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: &str = "The lamp costs 40 euros. The warranty lasts two years.";

    fn chat(question: &str, more: Value) -> Vec<u8> {
        let mut body = json!({ "model": "local/extract", "messages": [
            { "role": "system", "content": CONTEXT }, { "role": "user", "content": question } ] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body.to_string().into_bytes()
    }

    fn read(endpoint: Endpoint, body: &[u8]) -> (u16, Value) {
        let answer = answer(endpoint, body, "abc", 7);
        assert_eq!(answer.headers, [("content-type", "application/json")]);
        (answer.status, serde_json::from_slice(&answer.frames.concat()).unwrap())
    }

    #[test]
    fn a_chat_answer_carries_its_evidence() {
        let (status, document) = read(Endpoint::Chat, &chat("How much does the lamp cost?", json!({})));
        assert_eq!(status, 200);
        assert_eq!(document["choices"][0]["message"]["content"], "The lamp costs 40 euros.");
        assert_eq!(document["choices"][0]["finish_reason"], "stop");
        assert_eq!(document["jeton"]["passages"], json!([{ "start": 0, "end": 24, "text": "The lamp costs 40 euros.", "message": 0 }]));
        assert_eq!(document["jeton"]["abstained"], false);
        assert!(document["usage"]["prompt_tokens"].as_u64().unwrap() > 10);
    }

    #[test]
    fn abstaining_is_said_and_flagged() {
        let (_, document) = read(Endpoint::Chat, &chat("Who invented the telegraph?", json!({})));
        assert_eq!(document["choices"][0]["message"]["content"], ABSTENTION);
        assert_eq!(document["choices"][0]["finish_reason"], "stop");
        assert_eq!(document["jeton"]["abstained"], true);
    }

    #[test]
    fn a_schema_that_cannot_be_filled_is_refused_in_the_dialect() {
        let schema = json!({ "type": "object", "properties": { "isbn": { "type": "string" } }, "required": ["isbn"] });
        let format = json!({ "type": "json_schema", "json_schema": { "name": "x", "schema": schema } });
        let (_, document) = read(Endpoint::Chat, &chat("Read the book.", json!({ "response_format": format })));
        assert_eq!(document["choices"][0]["message"]["content"], Value::Null);
        assert_eq!(document["choices"][0]["message"]["refusal"], ABSTENTION);
        let messages = json!({ "model": "m", "max_tokens": 100, "messages": [{ "role": "user", "content": format!("{CONTEXT} Read the book.") }],
            "output_config": { "format": { "type": "json_schema", "schema": schema } } });
        let (_, document) = read(Endpoint::Messages, messages.to_string().as_bytes());
        assert_eq!(document["stop_reason"], "refusal");
        assert_eq!(document["content"][0]["text"], ABSTENTION);
    }

    #[test]
    fn a_filled_schema_is_json_text() {
        let schema = json!({ "type": "object", "properties": { "price": { "type": "number" } }, "required": ["price"] });
        let messages = json!({ "model": "m", "max_tokens": 100, "system": "Price: 40 EUR\nColour: red", "messages": [{ "role": "user", "content": "Read it." }],
            "output_config": { "format": { "type": "json_schema", "schema": schema } } });
        let (_, document) = read(Endpoint::Messages, messages.to_string().as_bytes());
        assert_eq!(document["content"][0]["text"], "{\"price\":40}");
        assert_eq!(document["stop_reason"], "end_turn");
        assert_eq!(document["jeton"]["passages"][0]["text"], "Price: 40 EUR");
    }

    #[test]
    fn streams_come_in_several_deltas_and_end_with_the_evidence() {
        for endpoint in [Endpoint::Chat, Endpoint::Messages] {
            let body = chat("How much does the lamp cost?", json!({ "stream": true, "max_tokens": 50 }));
            let answer = answer(endpoint, &body, "abc", 7);
            assert_eq!(answer.headers[0].1, "text/event-stream");
            let text = String::from_utf8(answer.frames.concat()).unwrap();
            let documents: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()).collect();
            let pointer = if endpoint == Endpoint::Chat { "/choices/0/delta/content" } else { "/delta/text" };
            let deltas: Vec<&str> = documents.iter().filter_map(|document| document.pointer(pointer)?.as_str()).filter(|text| !text.is_empty()).collect();
            assert_eq!(deltas.concat(), "The lamp costs 40 euros.");
            assert!(deltas.len() >= 3);
            let told: Vec<&Value> = documents.iter().filter(|document| document.get("jeton").is_some()).collect();
            assert_eq!(told.len(), 1, "{text}");
            assert_eq!(told[0]["jeton"]["passages"][0]["end"], 24);
            let end = if endpoint == Endpoint::Chat { "data: [DONE]\n\n" } else { "data: {\"type\":\"message_stop\"}\n\n" };
            assert!(text.ends_with(end));
        }
    }

    #[test]
    fn case_75_a_part_that_is_no_text_is_refused_by_name() {
        let image = json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } });
        let chat = json!({ "model": "m", "messages": [{ "role": "user", "content": [image, { "type": "text", "text": "What is it?" }] }] });
        let (status, document) = read(Endpoint::Chat, chat.to_string().as_bytes());
        assert_eq!((status, &document["error"]["code"]), (400, &json!("part_not_supported")));
        assert!(document["error"]["message"].as_str().unwrap().contains("`image`"));
        let source = json!({ "type": "base64", "media_type": "image/png", "data": "AAAA" });
        let result = json!({ "type": "tool_result", "tool_use_id": "t", "content": [{ "type": "image", "source": source }] });
        let call = json!({ "type": "tool_use", "id": "t", "name": "look", "input": {} });
        let messages = json!({ "model": "m", "max_tokens": 9, "messages": [{ "role": "user", "content": "Look." }, { "role": "assistant", "content": [call] }, { "role": "user", "content": [result] }] });
        let (status, document) = read(Endpoint::Messages, messages.to_string().as_bytes());
        assert_eq!((status, &document["error"]["type"]), (400, &json!("invalid_request_error")));
    }

    #[test]
    fn limits_and_stop_texts_hold() {
        let (_, document) = read(Endpoint::Chat, &chat("How much does the lamp cost?", json!({ "max_completion_tokens": 3 })));
        assert_eq!(document["choices"][0]["message"]["content"], "The lamp costs");
        assert_eq!(document["choices"][0]["finish_reason"], "length");
        let (_, document) = read(Endpoint::Chat, &chat("How much does the lamp cost?", json!({ "stop": [" 40"] })));
        assert_eq!(document["choices"][0]["message"]["content"], "The lamp costs");
        assert_eq!(document["choices"][0]["finish_reason"], "stop");
    }

    #[test]
    fn counts_are_estimates_and_other_endpoints_are_refused_by_name() {
        let (status, document) = read(Endpoint::CountTokens, br#"{"model":"m","messages":[{"role":"user","content":"Hello, world!"}]}"#);
        assert_eq!((status, document), (200, json!({ "input_tokens": 4, "jeton": { "estimated": true } })));
        for endpoint in [Endpoint::Responses, Endpoint::Embeddings] {
            let (status, document) = read(endpoint, b"{}");
            assert_eq!(status, 400);
            assert!(document["error"]["message"].as_str().unwrap().contains("It serves Chat Completions"));
        }
        let (status, document) = read(Endpoint::Messages, b"{");
        assert_eq!((status, &document["type"]), (400, &json!("error")));
    }
}
