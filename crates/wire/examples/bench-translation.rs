//! What translation costs, beside what `serde_json` needs merely to parse the same bytes. Run by `cargo xtask bench wire`.
//!
//! Prints one JSON object: streams with nanoseconds per event and bytes per second, documents of 2 KB, 64 KB and 1 MB, each with the
//! ratio to the parse. Ways and rounds alternate, and the least of all rounds counts, so that a busy machine disturbs it least.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use bytes::Bytes;
use jeton_core::Usage;
use jeton_wire::canonical::{
    Answering, Delta, Part, Reply, Request, StopReason, StreamEncoder, StreamTranslator, Target, ToolKind, ToolNames, encode_reply, encode_request,
    encode_stream, read_request, translate_document,
};
use jeton_wire::{Endpoint, SseReader};
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::{Duration, Instant};

const DIALECTS: [Endpoint; 5] = [Endpoint::Chat, Endpoint::Responses, Endpoint::Messages, Endpoint::Generate, Endpoint::Converse];
const ROUNDS: usize = 15;
/// How long one way is repeated in a round.
const ROUND: Duration = Duration::from_millis(12);
const SIZES: [(&str, usize); 3] = [("2 KB", 2_048), ("64 KB", 65_536), ("1 MB", 1_048_576)];

/// Words as models write them, with quotes, line breaks and characters beyond ASCII.
fn prose(bytes: usize) -> String {
    "The quick “brown” fox jumps over the lazy dog, says \"well\", and goes on.\n"
        .chars()
        .cycle()
        .scan(0, |length, c| {
            *length += c.len_utf8();
            (*length <= bytes).then_some(c)
        })
        .collect()
}

fn reply(bytes: usize) -> Reply {
    let usage = Usage { input: Some(1_000), cache_read: Some(500), output: Some(300), reasoning: Some(100), ..Usage::default() };
    let arguments = json!({ "path": "src/main.rs", "text": prose(bytes / 4) }).to_string();
    let parts = vec![
        Part::Thinking { text: prose(bytes / 4), signature: Some("EqQBCgIYAhIM1gbcDa9GJwZA2b3h".repeat(4)) },
        Part::Text(prose(bytes / 2)),
        Part::ToolUse { id: "call_1".into(), name: "write_file".into(), kind: ToolKind::Function, arguments_json: arguments },
    ];
    Reply { id: "abc".into(), model: "some-model-1".into(), created: 1_700_000_000, parts, stop: StopReason::ToolUse, usage }
}

/// A conversation of turns of about 700 bytes, with tools, up to so many bytes.
fn request(dialect: Endpoint, bytes: usize) -> Vec<u8> {
    let mut messages = vec![json!({ "role": "system", "content": prose(400) })];
    let mut at = 0;
    while messages.len() * 350 < bytes {
        at += 1;
        let arguments = json!({ "path": format!("src/{at}.rs") }).to_string();
        messages.push(json!({ "role": "user", "content": prose(500) }));
        messages.push(json!({ "role": "assistant", "content": "I look.", "tool_calls": [{ "id": format!("call_{at}"), "type": "function", "function": { "name": "read_file", "arguments": arguments } }] }));
        messages.push(json!({ "role": "tool", "tool_call_id": format!("call_{at}"), "content": prose(700) }));
    }
    let chat = json!({ "model": "m", "messages": messages, "max_completion_tokens": 4096, "temperature": 0.5, "tools": [
        { "type": "function", "function": { "name": "read_file", "description": "Reads a file.", "parameters": { "type": "object", "properties": { "path": { "type": "string" } }, "required": ["path"] } } },
    ] });
    let (request, _) = read_request(Endpoint::Chat, chat.to_string().as_bytes()).expect("it is a request");
    encode_request(&request, &Target::new(dialect, "m", 4_096)).expect("it can be written").body
}

fn answering(from: Endpoint, to: Endpoint) -> Answering {
    Answering::new(&Request { include_usage: true, ..Request::new(to, "m") }, from, ToolNames::default())
}

/// The least nanoseconds that each of several ways takes, measured in turn.
fn least(ways: &mut [&mut dyn FnMut()]) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; ways.len()];
    for _ in 0..ROUNDS {
        for (way, best) in ways.iter_mut().zip(&mut best) {
            let started = Instant::now();
            let mut times = 0_u32;
            while times == 0 || started.elapsed() < ROUND {
                way();
                times += 1;
            }
            *best = best.min(started.elapsed().as_nanos() as f64 / f64::from(times));
        }
    }
    best
}

fn row(what: &str, from: Endpoint, to: Endpoint, bytes: usize, events: usize, times: &[f64]) -> Value {
    let (parse, translate) = (times[0], times[1]);
    json!({
        "what": what, "from": from.to_string(), "to": to.to_string(), "bytes": bytes, "events": events,
        "parse_ns": parse / events as f64, "translate_ns": translate / events as f64, "bytes_per_s": bytes as f64 / translate * 1e9, "ratio": translate / parse,
    })
}

/// A stream as it comes from a provider: events of a few characters, a chunk of the connection for every event.
fn streams(rows: &mut Vec<Value>) {
    for from in DIALECTS {
        let reply = reply(16_384);
        let request = Request { include_usage: true, ..Request::new(from, "m") };
        let chunks: Vec<Bytes> = encode_stream(from, &request, &reply, 6).into_iter().map(Bytes::from).collect();
        let mut reader = SseReader::default();
        let data: Vec<Bytes> = chunks.iter().flat_map(|chunk| reader.push(chunk).unwrap_or_default()).map(|event| event.data).collect();
        let bytes = chunks.iter().map(Bytes::len).sum();
        for to in DIALECTS.into_iter().filter(|to| *to != from) {
            let answering = answering(from, to);
            let mut parse = || data.iter().for_each(|data| drop(black_box(serde_json::from_slice::<Value>(data))));
            let mut translate = || {
                let mut translator = StreamTranslator::new(answering.clone(), 1, Usage::default());
                for chunk in &chunks {
                    let mut out = Vec::new();
                    translator.push(chunk, &mut out).expect("it is a stream");
                    black_box(&out);
                }
                black_box(translator.close(&reply.usage).expect("it has an end"));
            };
            rows.push(row("stream", from, to, bytes, data.len(), &least(&mut [&mut parse, &mut translate])));
        }
    }
}

fn documents(rows: &mut Vec<Value>) {
    for (name, size) in SIZES {
        for from in DIALECTS {
            let asked = request(from, size);
            let answered = encode_reply(from, &Request::new(from, "m"), &reply(size));
            for to in DIALECTS.into_iter().filter(|to| *to != from) {
                let target = Target::new(to, "m", 4_096);
                let mut parse = || drop(black_box(serde_json::from_slice::<Value>(&asked)));
                let mut translate = || {
                    let (request, _) = read_request(from, &asked).expect("it is a request");
                    black_box(encode_request(&request, &target).expect("it can be written"));
                };
                rows.push(row(&format!("request {name}"), from, to, asked.len(), 1, &least(&mut [&mut parse, &mut translate])));
                let answering = answering(from, to);
                let usage = reply(0).usage;
                let mut parse = || drop(black_box(serde_json::from_slice::<Value>(&answered)));
                let mut translate = || drop(black_box(translate_document(&answering, &answered, usage.clone(), 1)));
                rows.push(row(&format!("answer {name}"), from, to, answered.len(), 1, &least(&mut [&mut parse, &mut translate])));
            }
        }
    }
}

/// The encoder alone, to tell where the time goes.
fn encoders(rows: &mut Vec<Value>) {
    for to in DIALECTS {
        let reply = reply(16_384);
        let request = Request { include_usage: true, ..Request::new(to, "m") };
        let texts: Vec<String> = prose(16_384).chars().collect::<Vec<_>>().chunks(6).map(|piece| piece.iter().collect()).collect();
        let mut parse = || texts.iter().for_each(|text| drop(black_box(Value::from(text.as_str()))));
        let mut encode = || {
            let mut encoder = StreamEncoder::new(to, &request, &reply);
            for text in &texts {
                black_box(encoder.delta(&Delta::Text(text)));
            }
        };
        rows.push(row("encoder", to, to, 16_384, texts.len(), &least(&mut [&mut parse, &mut encode])));
    }
}

fn main() {
    let mut rows = Vec::new();
    streams(&mut rows);
    documents(&mut rows);
    if std::env::args().any(|argument| argument == "--encoders") {
        encoders(&mut rows);
    }
    println!("{}", json!({ "rows": rows }));
}
