//! Questions as Anthropic Messages (docs/reference/anthropic-messages.md).

use super::{
    Ability, BUDGET_TOKENS, CITY, COLOUR, COUNT, HELLO, INSTRUCTION, Question, READ, STOP, SUM, Subject, THOUGHT_LIMIT, TOOL, TOOL_ABOUT, WEATHER, WEATHERS,
    city_schema, media, with,
};
use jeton_wire::Endpoint;
use serde_json::{Value, json};

pub(super) fn question(ability: Ability, subject: &Subject) -> Option<Question> {
    let ask = |content: Value, more: Value| asked(subject, &content, more, subject.limit);
    let hello = |more: Value| ask(json!(HELLO), more);
    Some(match ability {
        Ability::Text => hello(json!({})),
        Ability::Streaming | Ability::StreamUsage => hello(json!({ "stream": true })).streamed(),
        Ability::System => hello(json!({ "system": INSTRUCTION })),
        Ability::Tools => ask(json!(WEATHER), json!({ "tools": [tool(false)] })),
        Ability::ParallelTools => ask(json!(WEATHERS), json!({ "tools": [tool(false)] })),
        Ability::ForcedTool => ask(json!(WEATHER), json!({ "tools": [tool(false)], "tool_choice": { "type": "tool", "name": TOOL } })),
        Ability::StrictTool => ask(json!(WEATHER), json!({ "tools": [tool(true)] })),
        Ability::Schema => ask(json!(CITY), json!({ "output_config": { "format": { "type": "json_schema", "schema": city_schema() } } })),
        Ability::Image => ask(json!([source("image", "image/png", &media::png()), text(COLOUR)]), json!({})),
        Ability::Pdf => ask(json!([source("document", "application/pdf", &media::pdf()), text(READ)]), json!({})),
        Ability::Thinking => thought(subject, if subject.is_adaptive { adaptive() } else { budget() }),
        Ability::AdaptiveThinking => thought(subject, adaptive()),
        Ability::ThinkingBudget => thought(subject, budget()),
        Ability::Effort => thought(subject, with(adaptive(), json!({ "output_config": { "effort": subject.effort } }))),
        Ability::Stop => ask(json!(COUNT), json!({ "stop_sequences": [STOP] })),
        Ability::Temperature => hello(json!({ "temperature": 0.5 })),
        Ability::TopP => hello(json!({ "temperature": 0.5, "top_p": 0.9 })),
        Ability::Cache => hello(json!({ "system": [{ "type": "text", "text": INSTRUCTION, "cache_control": { "type": "ephemeral" } }] })),
        Ability::CountTokens => {
            let body = json!({ "model": subject.model, "messages": [{ "role": "user", "content": HELLO }] });
            Question::new(Endpoint::CountTokens, body, 0)
        }
        Ability::OutputLimit | Ability::OtherEndpoint | Ability::Logprobs | Ability::Seed | Ability::N => return None,
    })
}

fn asked(subject: &Subject, content: &Value, more: Value, limit: u64) -> Question {
    let body = json!({ "model": subject.model, "max_tokens": limit, "messages": [{ "role": "user", "content": content }] });
    Question::new(Endpoint::Messages, with(body, more), limit)
}

fn thought(subject: &Subject, how: Value) -> Question {
    asked(subject, &json!(SUM), how, THOUGHT_LIMIT)
}

fn adaptive() -> Value {
    json!({ "thinking": { "type": "adaptive" } })
}

fn budget() -> Value {
    json!({ "thinking": { "type": "enabled", "budget_tokens": BUDGET_TOKENS } })
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn source(kind: &str, media_type: &str, data: &str) -> Value {
    json!({ "type": kind, "source": { "type": "base64", "media_type": media_type, "data": data } })
}

fn tool(is_strict: bool) -> Value {
    let tool = json!({ "name": TOOL, "description": TOOL_ABOUT, "input_schema": city_schema() });
    if is_strict { with(tool, json!({ "strict": true })) } else { tool }
}
