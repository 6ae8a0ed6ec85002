//! Questions as OpenAI Chat Completions (docs/reference/openai-chat.md).

use super::{
    Ability, CITY, COLOUR, COUNT, HELLO, INSTRUCTION, Question, READ, STOP, SUM, Subject, THINKING_EFFORT, THOUGHT_LIMIT, TOOL, TOOL_ABOUT, WEATHER, WEATHERS,
    city_schema, data_url, media, with,
};
use jeton_wire::Endpoint;
use serde_json::{Value, json};

pub(super) fn question(ability: Ability, subject: &Subject) -> Option<Question> {
    let ask = |content: Value, more: Value| asked(subject, &json!([{ "role": "user", "content": content }]), more, subject.limit);
    let hello = |more: Value| ask(json!(HELLO), more);
    Some(match ability {
        Ability::Text | Ability::OutputLimit => hello(json!({})),
        Ability::OtherEndpoint => super::responses::question(Ability::Text, &Subject { endpoint: Endpoint::Responses, ..subject.clone() })?,
        Ability::Streaming => hello(json!({ "stream": true })).streamed(),
        Ability::StreamUsage => hello(json!({ "stream": true, "stream_options": { "include_usage": true } })).streamed(),
        Ability::System => {
            asked(subject, &json!([{ "role": "system", "content": INSTRUCTION }, { "role": "user", "content": HELLO }]), json!({}), subject.limit)
        }
        Ability::Tools => ask(json!(WEATHER), json!({ "tools": [tool(false)] })),
        Ability::ParallelTools => ask(json!(WEATHERS), json!({ "tools": [tool(false)] })),
        Ability::ForcedTool => ask(json!(WEATHER), json!({ "tools": [tool(false)], "tool_choice": { "type": "function", "function": { "name": TOOL } } })),
        Ability::StrictTool => ask(json!(WEATHER), json!({ "tools": [tool(true)] })),
        Ability::Schema => ask(
            json!(CITY),
            json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "place", "strict": true, "schema": city_schema() } } }),
        ),
        Ability::Image => ask(json!([text(COLOUR), { "type": "image_url", "image_url": { "url": data_url("image/png", &media::png()) } }]), json!({})),
        Ability::Pdf => {
            ask(json!([text(READ), { "type": "file", "file": { "filename": "word.pdf", "file_data": data_url("application/pdf", &media::pdf()) } }]), json!({}))
        }
        Ability::Thinking => thought(subject, THINKING_EFFORT),
        Ability::Effort => thought(subject, &subject.effort),
        Ability::Stop => ask(json!(COUNT), json!({ "stop": [STOP] })),
        Ability::Temperature => hello(json!({ "temperature": 0.5 })),
        Ability::TopP => hello(json!({ "temperature": 0.5, "top_p": 0.9 })),
        Ability::Logprobs => hello(json!({ "logprobs": true, "top_logprobs": 2 })),
        Ability::Seed => hello(json!({ "seed": 7 })),
        Ability::N => Question { output_tokens: subject.limit * 2, ..hello(json!({ "n": 2 })) },
        Ability::Cache => hello(json!({})),
        Ability::AdaptiveThinking | Ability::ThinkingBudget | Ability::CountTokens => return None,
    })
}

fn asked(subject: &Subject, messages: &Value, more: Value, limit: u64) -> Question {
    let body = json!({ "model": subject.model, "messages": messages, subject.limit_field: limit });
    Question::new(Endpoint::Chat, with(body, more), limit)
}

fn thought(subject: &Subject, effort: &str) -> Question {
    asked(subject, &json!([{ "role": "user", "content": SUM }]), json!({ "reasoning_effort": effort }), THOUGHT_LIMIT)
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn tool(is_strict: bool) -> Value {
    let function = json!({ "name": TOOL, "description": TOOL_ABOUT, "parameters": city_schema() });
    let function = if is_strict { with(function, json!({ "strict": true })) } else { function };
    json!({ "type": "function", "function": function })
}
