//! The document of Responses: what the last event of the stream tells.

use super::chat::text_bytes;
use super::names::without_namespace;
use super::part::{Citation, Part};
use super::reply::Reply;
use super::request::{Request, ToolKind};
use super::responses_stream::{MEMBERS, incomplete_reason, response_id, settled, tier};
use super::stream::has_no_arguments;
use super::usage;
use super::writer::Writer;
use serde_json::{Value, json};

/// A finished `response` object.
pub(super) fn document(request: &Request, reply: &Reply) -> Vec<u8> {
    let refused = reply.parts.iter().any(|part| matches!(part, Part::Refusal(_)));
    let cut_short = incomplete_reason(&reply.stop, refused);
    let status = if cut_short.is_some() { "incomplete" } else { "completed" };
    let mut writer = Writer::with_capacity(1024 + text_bytes(&reply.parts));
    writer.object(|w| {
        for (name, default) in MEMBERS {
            match name {
                "id" => w.member_text(name, &response_id(reply)),
                "created_at" => w.member(name, &reply.created),
                "model" => w.member_text(name, &reply.model),
                "service_tier" => w.member(name, &tier(reply)),
                "status" => w.member_text(name, status),
                "incomplete_details" => w.member(name, &cut_short.map(|reason| json!({ "reason": reason }))),
                "usage" => w.member(name, &usage::responses(&reply.usage)),
                "output" => w.member_list(name, |w| write_items(w, reply, status)),
                _ => write_settled(w, request, name, default),
            }
        }
        write_settled(w, request, "metadata", "{}");
    });
    writer.into_bytes()
}

fn write_settled(w: &mut Writer, request: &Request, name: &str, default: &str) {
    if request.repeated.contains_key(name) { w.member(name, &settled(request, name, default)) } else { w.member_raw(name, default) }
}

/// Whether a part is content of a message; the others that are told are items of their own.
const fn is_said(part: &Part) -> bool {
    matches!(part, Part::Text(_) | Part::Cited { .. } | Part::Refusal(_))
}

fn is_item(part: &Part) -> bool {
    match part {
        Part::Thinking { text, signature } => !text.is_empty() || signature.is_some(),
        part => matches!(part, Part::RedactedThinking(_) | Part::ToolUse { .. }),
    }
}

fn write_items(w: &mut Writer, reply: &Reply, status: &str) {
    let told: Vec<&Part> = reply.parts.iter().filter(|part| is_said(part) || is_item(part)).collect();
    let mut index = 0;
    let mut rest = told.as_slice();
    // What nothing follows is cut short with the answer: nobody may run a call whose arguments broke off.
    let status_of = |others: &[&Part]| if others.is_empty() { status } else { "completed" };
    while let Some((first, others)) = rest.split_first() {
        let id = |prefix: &str| format!("{prefix}_{}_{index}", reply.id);
        if is_said(first) {
            let length = rest.iter().position(|part| !is_said(part)).unwrap_or(rest.len());
            let (said, others) = rest.split_at(length);
            write_said(w, &id("msg"), said, status_of(others));
            rest = others;
        } else {
            write_item(w, first, status_of(others), id);
            rest = others;
        }
        index += 1;
    }
}

fn write_said(w: &mut Writer, id: &str, parts: &[&Part], status: &str) {
    w.object(|w| {
        w.member("id", id);
        w.member("type", "message");
        w.member("status", status);
        w.member_list("content", |w| parts.iter().for_each(|part| w.object(|w| write_part(w, part))));
        w.member("role", "assistant");
    });
}

fn write_part(w: &mut Writer, part: &Part) {
    match part {
        Part::Refusal(text) => {
            w.member("type", "refusal");
            w.member_text("refusal", text);
        }
        Part::Text(text) | Part::Cited { text, .. } => {
            w.member("type", "output_text");
            let cited: &[Citation] = if let Part::Cited { citations, .. } = part { citations } else { &[] };
            w.member("annotations", &cited.iter().filter_map(|citation| annotation(citation, text.chars().count())).collect::<Vec<_>>());
            w.member_list("logprobs", |_| {});
            w.member_text("text", text);
        }
        _ => {}
    }
}

/// A source that has an address, of a text of so many characters (case 41).
pub(super) fn annotation(citation: &Citation, chars: usize) -> Option<Value> {
    let url = citation.url.as_ref()?;
    let title = citation.title.as_deref().unwrap_or_default();
    let (start, end) = citation.span.unwrap_or((0, chars));
    Some(json!({ "type": "url_citation", "url": url, "title": title, "start_index": start, "end_index": end }))
}

/// Case 58: the item's id is not the call's.
fn write_item(w: &mut Writer, part: &Part, status: &str, id: impl Fn(&str) -> String) {
    w.object(|w| match part {
        Part::Thinking { text, signature } => write_reasoning(w, &id("rs"), text, signature.as_deref()),
        Part::RedactedThinking(data) => write_reasoning(w, &id("rs"), "", Some(data)),
        Part::ToolUse { id: call_id, name, kind, arguments_json } => {
            let is_custom = *kind == ToolKind::Custom;
            w.member("id", &id(if is_custom { "ctc" } else { "fc" }));
            w.member("type", if is_custom { "custom_tool_call" } else { "function_call" });
            w.member("status", status);
            w.member("call_id", call_id);
            let (space, name) = without_namespace(name);
            w.member_of("namespace", space);
            w.member("name", name);
            // Case 8.
            let is_bare = !is_custom && (arguments_json.is_empty() || has_no_arguments(*kind, arguments_json));
            w.member(if is_custom { "input" } else { "arguments" }, if is_bare { "{}" } else { arguments_json });
        }
        _ => {}
    });
}

fn write_reasoning(w: &mut Writer, id: &str, text: &str, encrypted: Option<&str>) {
    w.member("id", id);
    w.member("type", "reasoning");
    w.member_list("summary", |w| {
        if !text.is_empty() {
            w.object(|w| {
                w.member("type", "summary_text");
                w.member_text("text", text);
            });
        }
    });
    w.member_of("encrypted_content", encrypted);
}
