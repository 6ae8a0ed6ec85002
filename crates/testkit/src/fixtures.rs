//! Requests and answers of both vendors, in the shapes of their public references.

use serde_json::json;

/// An answer to Chat Completions with these tokens.
#[must_use]
pub fn chat_document(input: u64, output: u64) -> Vec<u8> {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "fast-2026-01-01",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": "Hello.", "refusal": null }, "logprobs": null, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output },
    })
    .to_string()
    .into_bytes()
}

/// An answer to Messages with these tokens.
#[must_use]
pub fn messages_document(input: u64, output: u64) -> Vec<u8> {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": [{ "type": "text", "text": "Hello." }],
        "stop_reason": "end_turn", "stop_sequence": null, "usage": { "input_tokens": input, "output_tokens": output },
    })
    .to_string()
    .into_bytes()
}

/// An answer to Responses with these tokens.
#[must_use]
pub fn responses_document(input: u64, output: u64) -> Vec<u8> {
    json!({
        "id": "resp_1", "object": "response", "created_at": 1_700_000_000, "status": "completed", "model": "fast-2026-01-01",
        "output": [{ "type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [{ "type": "output_text", "text": "Hello.", "annotations": [] }] }],
        "usage": { "input_tokens": input, "input_tokens_details": { "cached_tokens": 0 }, "output_tokens": output, "output_tokens_details": { "reasoning_tokens": 0 }, "total_tokens": input + output },
    })
    .to_string()
    .into_bytes()
}

/// A chunk of a chat stream whose first choice has this delta and finish reason (JSON each).
#[must_use]
pub fn chat_chunk(delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"fast-2026-01-01\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n"
    )
}

/// The chunk with which a chat stream reports its usage, in the official shape.
#[must_use]
pub fn chat_usage_chunk(input: u64, output: u64) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"fast-2026-01-01\",\"choices\":[],\"usage\":{{\"prompt_tokens\":{input},\"completion_tokens\":{output},\"total_tokens\":{}}}}}\n\n",
        input + output
    )
}

/// A chat stream as it looks without usage: role, text, finish, `[DONE]`.
#[must_use]
pub fn chat_stream(text: &str) -> String {
    [
        &chat_chunk(r#"{"role":"assistant","content":""}"#, "null"),
        &chat_chunk(&json!({ "content": text }).to_string(), "null"),
        &chat_chunk("{}", r#""stop""#),
        DONE,
    ]
    .concat()
}

/// The same with the usage chunk before its end.
#[must_use]
pub fn chat_stream_with_usage(text: &str, input: u64, output: u64) -> String {
    chat_stream(text).replace(DONE, &format!("{}{DONE}", chat_usage_chunk(input, output)))
}

/// The end of a chat stream.
pub const DONE: &str = "data: [DONE]\n\n";

/// One event with a name, as Messages and Responses send them.
#[must_use]
pub fn event(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

/// A stream of Messages: one block of text.
#[must_use]
pub fn messages_stream(text: &str, input: u64, output: u64) -> String {
    [
        messages_opening(input),
        event("content_block_start", r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#),
        event("ping", r#"{"type": "ping"}"#),
        event("content_block_delta", &json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": text } }).to_string()),
        event("content_block_stop", r#"{"type":"content_block_stop","index":0}"#),
        messages_closing(output),
    ]
    .concat()
}

/// The first event of a stream of Messages.
#[must_use]
pub fn messages_opening(input: u64) -> String {
    let data = format!(
        r#"{{"type":"message_start","message":{{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[],"stop_reason":null,"stop_sequence":null,"usage":{{"input_tokens":{input},"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1}}}}}}"#
    );
    event("message_start", &data)
}

/// The last events of a stream of Messages.
#[must_use]
pub fn messages_closing(output: u64) -> String {
    let delta = format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{{"output_tokens":{output}}}}}"#);
    event("message_delta", &delta) + &event("message_stop", r#"{"type":"message_stop"}"#)
}

/// A stream of Responses: one message of text, ended with `end` (`completed`, `incomplete`, `failed`).
#[must_use]
pub fn responses_stream(text: &str, input: u64, output: u64, end: &str) -> String {
    let response = |status: &str, usage: &str| {
        format!(r#"{{"id":"resp_1","object":"response","created_at":1700000000,"status":"{status}","model":"fast-2026-01-01","output":[],"usage":{usage}}}"#)
    };
    let usage = format!(
        r#"{{"input_tokens":{input},"input_tokens_details":{{"cached_tokens":0}},"output_tokens":{output},"output_tokens_details":{{"reasoning_tokens":0}},"total_tokens":{}}}"#,
        input + output
    );
    let said = json!(text);
    [
        event("response.created", &format!(r#"{{"type":"response.created","sequence_number":0,"response":{}}}"#, response("in_progress", "null"))),
        event("response.in_progress", &format!(r#"{{"type":"response.in_progress","sequence_number":1,"response":{}}}"#, response("in_progress", "null"))),
        event("response.output_item.added", r#"{"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"id":"msg_1","type":"message","status":"in_progress","role":"assistant","content":[]}}"#),
        event("response.content_part.added", r#"{"type":"response.content_part.added","sequence_number":3,"item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}"#),
        event("response.output_text.delta", &format!(r#"{{"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_1","output_index":0,"content_index":0,"delta":{said}}}"#)),
        event("response.output_text.done", &format!(r#"{{"type":"response.output_text.done","sequence_number":5,"item_id":"msg_1","output_index":0,"content_index":0,"text":{said}}}"#)),
        event("response.content_part.done", &format!(r#"{{"type":"response.content_part.done","sequence_number":6,"item_id":"msg_1","output_index":0,"content_index":0,"part":{{"type":"output_text","text":{said},"annotations":[]}}}}"#)),
        event("response.output_item.done", &format!(r#"{{"type":"response.output_item.done","sequence_number":7,"output_index":0,"item":{{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{{"type":"output_text","text":{said},"annotations":[]}}]}}}}"#)),
        event(&format!("response.{end}"), &format!(r#"{{"type":"response.{end}","sequence_number":8,"response":{}}}"#, response(end, &usage))),
    ]
    .concat()
}
