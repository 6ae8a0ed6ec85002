//! Questions as OpenAI Responses (docs/reference/openai-responses.md). Nothing is kept at the provider.

use super::{
    Ability, CITY, COLOUR, HELLO, INSTRUCTION, Question, READ, SUM, Subject, THINKING_EFFORT, THOUGHT_LIMIT, TOOL, TOOL_ABOUT, WEATHER, WEATHERS, city_schema,
    data_url, media, with,
};
use jeton_wire::Endpoint;
use serde_json::{Value, json};

pub(super) fn question(ability: Ability, subject: &Subject) -> Option<Question> {
    let ask = |input: Value, more: Value| asked(subject, &input, more, subject.limit);
    let hello = |more: Value| ask(json!(HELLO), more);
    Some(match ability {
        Ability::Text | Ability::OutputLimit | Ability::Cache => hello(json!({})),
        Ability::OtherEndpoint => super::chat::question(Ability::Text, &Subject { endpoint: Endpoint::Chat, ..subject.clone() })?,
        Ability::Streaming | Ability::StreamUsage => hello(json!({ "stream": true })).streamed(),
        Ability::System => hello(json!({ "instructions": INSTRUCTION })),
        Ability::Tools => ask(json!(WEATHER), json!({ "tools": [tool(false)] })),
        Ability::ParallelTools => ask(json!(WEATHERS), json!({ "tools": [tool(false)] })),
        Ability::ForcedTool => ask(json!(WEATHER), json!({ "tools": [tool(false)], "tool_choice": { "type": "function", "name": TOOL } })),
        Ability::StrictTool => ask(json!(WEATHER), json!({ "tools": [tool(true)] })),
        Ability::Schema => {
            ask(json!(CITY), json!({ "text": { "format": { "type": "json_schema", "name": "place", "strict": true, "schema": city_schema() } } }))
        }
        Ability::Image => ask(content(COLOUR, &json!({ "type": "input_image", "image_url": data_url("image/png", &media::png()) })), json!({})),
        Ability::Pdf => {
            let file = json!({ "type": "input_file", "filename": "word.pdf", "file_data": data_url("application/pdf", &media::pdf()) });
            ask(content(READ, &file), json!({}))
        }
        Ability::Thinking => asked(subject, &json!(SUM), json!({ "reasoning": { "effort": THINKING_EFFORT } }), THOUGHT_LIMIT),
        Ability::Effort => asked(subject, &json!(SUM), json!({ "reasoning": { "effort": subject.effort } }), THOUGHT_LIMIT),
        Ability::Temperature => hello(json!({ "temperature": 0.5 })),
        Ability::TopP => hello(json!({ "temperature": 0.5, "top_p": 0.9 })),
        Ability::Logprobs => hello(json!({ "include": ["message.output_text.logprobs"], "top_logprobs": 2 })),
        Ability::AdaptiveThinking | Ability::ThinkingBudget | Ability::Stop | Ability::Seed | Ability::N | Ability::CountTokens => return None,
    })
}

fn asked(subject: &Subject, input: &Value, more: Value, limit: u64) -> Question {
    let body = json!({ "model": subject.model, "input": input, "max_output_tokens": limit, "store": false });
    Question::new(Endpoint::Responses, with(body, more), limit)
}

fn content(text: &str, part: &Value) -> Value {
    json!([{ "role": "user", "content": [{ "type": "input_text", "text": text }, part] }])
}

fn tool(is_strict: bool) -> Value {
    json!({ "type": "function", "name": TOOL, "description": TOOL_ABOUT, "parameters": city_schema(), "strict": is_strict })
}
