//! Questions as Bedrock's Converse. The path names the model, and says whether the answer is streamed.

use super::{
    Ability, BUDGET_TOKENS, COLOUR, COUNT, HELLO, INSTRUCTION, Question, READ, STOP, SUM, Subject, THOUGHT_LIMIT, TOOL, TOOL_ABOUT, WEATHER, WEATHERS,
    city_schema, media, with,
};
use jeton_wire::Endpoint;
use serde_json::{Value, json};

pub(super) fn question(ability: Ability, subject: &Subject) -> Option<Question> {
    let ask = |content: Value, config: Value, more: Value| asked(&content, config, more, subject.limit);
    let say = |words: &str, config: Value, more: Value| ask(json!([{ "text": words }]), config, more);
    let hello = |config: Value| say(HELLO, config, json!({}));
    let none = || json!({});
    Some(match ability {
        Ability::Text => hello(none()),
        Ability::Streaming | Ability::StreamUsage => hello(none()).streamed(),
        Ability::System => say(HELLO, none(), json!({ "system": [{ "text": INSTRUCTION }] })),
        Ability::Tools => say(WEATHER, none(), json!({ "toolConfig": { "tools": tools() } })),
        Ability::ParallelTools => say(WEATHERS, none(), json!({ "toolConfig": { "tools": tools() } })),
        Ability::ForcedTool => say(WEATHER, none(), json!({ "toolConfig": { "tools": tools(), "toolChoice": { "tool": { "name": TOOL } } } })),
        Ability::Image => ask(json!([{ "image": { "format": "png", "source": { "bytes": media::png() } } }, { "text": COLOUR }]), none(), none()),
        Ability::Pdf => {
            let file = json!({ "document": { "format": "pdf", "name": "word", "source": { "bytes": media::pdf() } } });
            ask(json!([file, { "text": READ }]), none(), none())
        }
        Ability::Thinking | Ability::ThinkingBudget => {
            let thinking = json!({ "additionalModelRequestFields": { "thinking": { "type": "enabled", "budget_tokens": BUDGET_TOKENS } } });
            asked(&json!([{ "text": SUM }]), none(), thinking, THOUGHT_LIMIT)
        }
        Ability::Stop => say(COUNT, json!({ "stopSequences": [STOP] }), none()),
        Ability::Temperature => hello(json!({ "temperature": 0.5 })),
        Ability::TopP => hello(json!({ "temperature": 0.5, "topP": 0.9 })),
        Ability::Cache => say(HELLO, none(), json!({ "system": [{ "text": INSTRUCTION }, { "cachePoint": { "type": "default" } }] })),
        Ability::OutputLimit
        | Ability::OtherEndpoint
        | Ability::StrictTool
        | Ability::Schema
        | Ability::AdaptiveThinking
        | Ability::Effort
        | Ability::Logprobs
        | Ability::Seed
        | Ability::N
        | Ability::CountTokens => return None,
    })
}

fn asked(content: &Value, config: Value, more: Value, limit: u64) -> Question {
    let body = json!({ "messages": [{ "role": "user", "content": content }], "inferenceConfig": with(json!({ "maxTokens": limit }), config) });
    Question::new(Endpoint::Converse, with(body, more), limit)
}

fn tools() -> Value {
    json!([{ "toolSpec": { "name": TOOL, "description": TOOL_ABOUT, "inputSchema": { "json": city_schema() } } }])
}
