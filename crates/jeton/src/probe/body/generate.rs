//! Questions as Gemini's `generateContent`. The path names the model, and says whether the answer is streamed.

use super::{
    Ability, BUDGET_TOKENS, CITY, COLOUR, COUNT, HELLO, INSTRUCTION, Question, READ, STOP, SUM, Subject, THOUGHT_LIMIT, TOOL, TOOL_ABOUT, WEATHER, WEATHERS,
    city_schema, media, with,
};
use jeton_wire::Endpoint;
use serde_json::{Value, json};

pub(super) fn question(ability: Ability, subject: &Subject) -> Option<Question> {
    let ask = |parts: Value, config: Value, more: Value| asked(&parts, config, more, subject.limit);
    let say = |words: &str, config: Value, more: Value| ask(json!([{ "text": words }]), config, more);
    let hello = |config: Value| say(HELLO, config, json!({}));
    let none = || json!({});
    Some(match ability {
        Ability::Text | Ability::Cache => hello(none()),
        Ability::Streaming | Ability::StreamUsage => hello(none()).streamed(),
        Ability::System => say(HELLO, none(), json!({ "systemInstruction": { "parts": [{ "text": INSTRUCTION }] } })),
        Ability::Tools => say(WEATHER, none(), json!({ "tools": tools() })),
        Ability::ParallelTools => say(WEATHERS, none(), json!({ "tools": tools() })),
        Ability::ForcedTool => {
            let choice = json!({ "functionCallingConfig": { "mode": "ANY", "allowedFunctionNames": [TOOL] } });
            say(WEATHER, none(), json!({ "tools": tools(), "toolConfig": choice }))
        }
        Ability::Schema => say(CITY, json!({ "responseMimeType": "application/json", "responseJsonSchema": city_schema() }), none()),
        Ability::Image => ask(json!([inline("image/png", &media::png()), { "text": COLOUR }]), none(), none()),
        Ability::Pdf => ask(json!([inline("application/pdf", &media::pdf()), { "text": READ }]), none(), none()),
        Ability::Thinking => thought(&json!({ "includeThoughts": true })),
        Ability::ThinkingBudget => thought(&json!({ "thinkingBudget": BUDGET_TOKENS })),
        Ability::Effort => thought(&json!({ "thinkingLevel": subject.effort })),
        Ability::Stop => say(COUNT, json!({ "stopSequences": [STOP] }), none()),
        Ability::Temperature => hello(json!({ "temperature": 0.5 })),
        Ability::TopP => hello(json!({ "temperature": 0.5, "topP": 0.9 })),
        Ability::Logprobs => hello(json!({ "responseLogprobs": true, "logprobs": 2 })),
        Ability::Seed => hello(json!({ "seed": 7 })),
        Ability::N => Question { output_tokens: subject.limit * 2, ..hello(json!({ "candidateCount": 2 })) },
        Ability::OutputLimit | Ability::OtherEndpoint | Ability::StrictTool | Ability::AdaptiveThinking | Ability::CountTokens => return None,
    })
}

fn asked(parts: &Value, config: Value, more: Value, limit: u64) -> Question {
    let body = json!({ "contents": [{ "role": "user", "parts": parts }], "generationConfig": with(json!({ "maxOutputTokens": limit }), config) });
    Question::new(Endpoint::Generate, with(body, more), limit)
}

fn thought(how: &Value) -> Question {
    asked(&json!([{ "text": SUM }]), json!({ "thinkingConfig": how }), json!({}), THOUGHT_LIMIT)
}

fn inline(kind: &str, data: &str) -> Value {
    json!({ "inlineData": { "mimeType": kind, "data": data } })
}

fn tools() -> Value {
    json!([{ "functionDeclarations": [{ "name": TOOL, "description": TOOL_ABOUT, "parametersJsonSchema": city_schema() }] }])
}
