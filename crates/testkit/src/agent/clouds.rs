//! The conversation in Gemini's dialect and in that of Bedrock's Converse.

use super::{SIGNATURE, Said, THOUGHT, Words, parsed};
use crate::aws::event_frame;
use serde_json::{Value, json};

/// `generateContent`: the thought's signature stands on the first of the calls ("Thought signatures").
pub(super) fn generate(words: &Words) -> Said {
    let mut parts = Vec::new();
    if words.thinks {
        parts.push(json!({ "text": THOUGHT, "thought": true }));
    }
    if !words.text.is_empty() {
        parts.push(json!({ "text": words.text }));
    }
    for (number, (id, name, arguments)) in words.calls.iter().enumerate() {
        let mut part = json!({ "functionCall": { "id": id, "name": name, "args": parsed(arguments) } });
        if words.thinks && number == 0 {
            part["thoughtSignature"] = SIGNATURE.into();
        }
        parts.push(part);
    }
    let usage = json!({
        "promptTokenCount": 120, "cachedContentTokenCount": 20, "candidatesTokenCount": 25, "thoughtsTokenCount": 5, "totalTokenCount": 150,
        "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": 120 }],
    });
    // The reason is that of a text, whether functions are called or not.
    let answer = |parts: &[Value], is_last: bool| {
        let mut answer = json!({
            "candidates": [{ "content": { "role": "model", "parts": parts }, "index": 0 }], "usageMetadata": usage, "modelVersion": "agent-1", "responseId": "r1",
        });
        if is_last {
            answer["candidates"][0]["finishReason"] = "STOP".into();
        }
        answer
    };
    let last = parts.len().saturating_sub(1);
    let stream = parts.iter().enumerate().map(|(at, part)| format!("data: {}\r\n\r\n", answer(std::slice::from_ref(part), at == last)));
    Said { stream: stream.collect(), document: answer(&parts, true), ..Said::default() }
}

/// Converse, whose stream comes in frames.
pub(super) fn converse(words: &Words) -> Said {
    let mut content = Vec::new();
    if words.thinks {
        content.push(json!({ "reasoningContent": { "reasoningText": { "text": THOUGHT, "signature": SIGNATURE } } }));
    }
    if !words.text.is_empty() {
        content.push(json!({ "text": words.text }));
    }
    content.extend(words.calls.iter().map(|(id, name, arguments)| json!({ "toolUse": { "toolUseId": id, "name": name, "input": parsed(arguments) } })));
    let stop = if words.calls.is_empty() { "end_turn" } else { "tool_use" };
    let usage = json!({ "inputTokens": 100, "outputTokens": 30, "totalTokens": 150, "cacheReadInputTokens": 20, "cacheWriteInputTokens": 0 });
    let metrics = json!({ "latencyMs": 9 });
    let mut frames = event_frame("messageStart", &json!({ "role": "assistant" }));
    content.iter().enumerate().for_each(|(index, block)| frames.extend(block_frames(index, block)));
    frames.extend(event_frame("messageStop", &json!({ "stopReason": stop })));
    frames.extend(event_frame("metadata", &json!({ "usage": usage, "metrics": metrics })));
    let message = json!({ "role": "assistant", "content": content });
    Said { document: json!({ "output": { "message": message }, "stopReason": stop, "usage": usage, "metrics": metrics }), frames, ..Said::default() }
}

/// Only a tool's block begins with an event of its own.
fn block_frames(index: usize, block: &Value) -> Vec<u8> {
    let delta = |delta: Value| event_frame("contentBlockDelta", &json!({ "contentBlockIndex": index, "delta": delta }));
    let mut frames = Vec::new();
    if let Some(thought) = block["reasoningContent"].get("reasoningText") {
        frames.extend(delta(json!({ "reasoningContent": { "text": thought["text"] } })));
        frames.extend(delta(json!({ "reasoningContent": { "signature": thought["signature"] } })));
    } else if let Some(call) = block.get("toolUse") {
        let start = json!({ "toolUse": { "toolUseId": call["toolUseId"], "name": call["name"] } });
        frames.extend(event_frame("contentBlockStart", &json!({ "contentBlockIndex": index, "start": start })));
        let input = call["input"].to_string();
        let (first, second) = input.split_at(input.len() / 2);
        [first, second].iter().for_each(|text| frames.extend(delta(json!({ "toolUse": { "input": text } }))));
    } else {
        frames.extend(delta(json!({ "text": block["text"] })));
    }
    frames.extend(event_frame("contentBlockStop", &json!({ "contentBlockIndex": index })));
    frames
}
