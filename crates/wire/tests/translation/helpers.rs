//! One translation, from JSON to JSON.

use crate::scenario::{CREATED, DIALECTS, told};
use crate::script::{self, Event};
use bytes::Bytes;
use jeton_core::{Fault, Usage};
use jeton_wire::canonical::{Answering, StreamTranslator, Target, ToolNames, Translation, encode_request, read_request, translate_document};
use jeton_wire::{Endpoint, StreamMeter, StreamOptions, read_document};
use serde_json::{Value, json};

pub(crate) use Endpoint::{Chat, Converse, Generate, Messages, Responses};

/// Every two dialects, each way.
pub(crate) fn pairs() -> impl Iterator<Item = (Endpoint, Endpoint)> {
    DIALECTS.into_iter().flat_map(|from| DIALECTS.into_iter().map(move |to| (from, to))).filter(|(from, to)| from != to)
}

/// Those of OpenAI and Anthropic.
pub(crate) const PAIRS: [(Endpoint, Endpoint); 6] =
    [(Chat, Messages), (Messages, Chat), (Chat, Responses), (Responses, Chat), (Messages, Responses), (Responses, Messages)];

/// The request `body` of `from` for `target`, and what was lost.
pub(crate) fn ask_of(from: Endpoint, target: &Target, body: &Value) -> Result<(Value, Vec<String>), Fault> {
    let (request, mut loss) = read_request(from, body.to_string().as_bytes())?;
    let encoded = encode_request(&request, target)?;
    loss.extend(encoded.loss);
    Ok((serde_json::from_slice(&encoded.body).unwrap(), told(&loss)))
}

/// As [`ask_of`], for the vendor's usual model, which can write 64,000 tokens.
pub(crate) fn ask(from: Endpoint, to: Endpoint, body: &Value) -> (Value, Vec<String>) {
    ask_of(from, &Target::new(to, "m", 64_000), body).unwrap_or_else(|fault| panic!("{from} → {to}: {fault}"))
}

/// The complaint about a request that cannot be translated, and its place.
pub(crate) fn refused(from: Endpoint, to: Endpoint, body: &Value) -> (String, String) {
    let fault = ask_of(from, &Target::new(to, "m", 64_000), body).expect_err("it was to be refused");
    assert_eq!(fault.kind.status(), 400);
    (fault.full_message(), fault.param.unwrap_or_default())
}

/// A request of `dialect` with one question and more members.
pub(crate) fn asking(dialect: Endpoint, members: Value) -> Value {
    let mut body = match dialect {
        Responses => json!({ "model": "m", "input": "Hi" }),
        Generate => json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }] }),
        Messages => json!({ "model": "m", "max_tokens": 4096, "messages": [{ "role": "user", "content": "Hi" }] }),
        Converse => json!({ "messages": [{ "role": "user", "content": [{ "text": "Hi" }] }] }),
        _ => json!({ "model": "m", "messages": [{ "role": "user", "content": "Hi" }] }),
    };
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body
}

/// For answers of `from` to a caller of `to` who asked for usage.
pub(crate) fn answering(from: Endpoint, to: Endpoint) -> Answering {
    let (mut request, _) = read_request(to, asking(to, json!({})).to_string().as_bytes()).unwrap();
    request.include_usage = true;
    Answering::new(&request, from, ToolNames::default())
}

pub(crate) fn answer(from: Endpoint, to: Endpoint, body: &Value) -> (Value, Vec<String>) {
    let body = body.to_string();
    let usage = read_document(from, body.as_bytes()).usage;
    let Translation { body: document, loss, .. } = translate_document(&answering(from, to), body.as_bytes(), usage, CREATED).unwrap();
    (serde_json::from_slice(&document).unwrap(), told(&loss))
}

/// The answer of one dialect, as its provider writes it around `content` (message, items or blocks), with an end and usage.
pub(crate) fn answered(dialect: Endpoint, content: Value, end: &str, usage: Value) -> Value {
    match dialect {
        Responses => {
            let (status, details) = match end {
                "completed" => ("completed", Value::Null),
                reason => ("incomplete", json!({ "reason": reason })),
            };
            json!({ "id": "resp_1", "object": "response", "created_at": 1, "status": status, "incomplete_details": details, "model": "m", "output": content, "usage": usage })
        }
        Messages => {
            json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": content, "stop_reason": end, "stop_sequence": null, "usage": usage })
        }
        Converse => {
            json!({ "output": { "message": { "role": "assistant", "content": content } }, "stopReason": end, "usage": usage, "metrics": { "latencyMs": 9 } })
        }
        Generate => {
            json!({ "candidates": [{ "content": { "parts": content, "role": "model" }, "finishReason": end, "index": 0 }], "usageMetadata": usage, "modelVersion": "m", "responseId": "r1" })
        }
        _ => {
            json!({ "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [{ "index": 0, "message": content, "finish_reason": end }], "usage": usage })
        }
    }
}

/// The words of `dialect` for "Hi".
pub(crate) fn hi(dialect: Endpoint) -> Value {
    match dialect {
        Responses => {
            json!([{ "type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [{ "type": "output_text", "text": "Hi", "annotations": [] }] }])
        }
        Messages => json!([{ "type": "text", "text": "Hi" }]),
        Generate | Converse => json!([{ "text": "Hi" }]),
        _ => json!({ "role": "assistant", "content": "Hi" }),
    }
}

/// The bytes that a script stands for; an answer of `dialect` gives the envelope.
pub(crate) fn stream_of(dialect: Endpoint, script: &str, answer: &Value) -> Vec<u8> {
    script::sse(dialect, &script::events(dialect, script, answer))
}

/// What the caller got and what was lost; or what it got before the provider broke its protocol, and how.
pub(crate) type Translated = Result<(Vec<u8>, Vec<String>), Box<(Vec<u8>, Fault)>>;

/// The stream of `from`, cut anywhere or nowhere, as the caller gets it; an error where it broke its protocol.
pub(crate) fn translate_chunks<'a>(answering: &Answering, chunks: impl IntoIterator<Item = &'a [u8]>, usage: &Usage) -> Translated {
    let mut translator = StreamTranslator::new(answering.clone(), CREATED, Usage::default());
    let mut out = Vec::new();
    for chunk in chunks {
        if let Err(fault) = translator.push(&Bytes::copy_from_slice(chunk), &mut out) {
            return Err(Box::new((out, fault)));
        }
    }
    match translator.close(usage) {
        Ok(closing) => {
            out.extend(closing);
            Ok((out, told(translator.loss())))
        }
        Err(fault) => Err(Box::new((out, fault))),
    }
}

/// The events that a caller of `to` gets for a script of `from`.
pub(crate) fn stream(from: Endpoint, to: Endpoint, script: &str) -> (Vec<Event>, Vec<String>) {
    let bytes = stream_of(from, script, &answered(from, hi(from), if from == Responses { "completed" } else { "stop" }, Value::Null));
    let usage = metered(from, &bytes);
    let (out, lost) = translate_chunks(&answering(from, to), [&bytes[..]], &usage).unwrap_or_else(|broken| panic!("{from} → {to}: {}", broken.1));
    (script::parse(&out), lost)
}

/// Usage as the meter finds it in the provider's stream.
pub(crate) fn metered(from: Endpoint, stream: &[u8]) -> Usage {
    let mut meter = StreamMeter::new(from, StreamOptions::default());
    let _ = meter.push(Bytes::copy_from_slice(stream));
    let _ = meter.finish();
    meter.usage().clone()
}
