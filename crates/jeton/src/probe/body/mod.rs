//! The questions: one small request for each ability, in each dialect's own words. Pure functions.

mod chat;
mod converse;
mod generate;
mod media;
mod messages;
mod responses;

pub(super) use media::WORD;

use super::Ability;
use jeton_wire::Endpoint;
use serde_json::{Value, json};

/// What the questions are made for.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// The endpoint that is asked.
    pub(crate) endpoint: Endpoint,
    /// The model, as `provider/name`.
    pub(crate) model: String,
    /// Chat: the field that carries the limit of output.
    pub(crate) limit_field: &'static str,
    /// The limit of output tokens; what thinks before it answers needs more than what does not.
    pub(crate) limit: u64,
    /// Whether the model is said to grade its own reasoning.
    pub(crate) is_adaptive: bool,
    /// The highest grade of effort that is claimed.
    pub(crate) effort: String,
}

/// A question, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Question {
    pub(crate) endpoint: Endpoint,
    pub(crate) body: Value,
    pub(crate) is_stream: bool,
    /// The most output tokens that it can cost, of all its answers together.
    pub(crate) output_tokens: u64,
}

impl Question {
    fn new(endpoint: Endpoint, body: Value, output_tokens: u64) -> Self {
        Self { endpoint, body, is_stream: false, output_tokens }
    }

    fn streamed(self) -> Self {
        Self { is_stream: true, ..self }
    }
}

/// The question for an ability; none where the dialect has no words for it.
pub(crate) fn question(ability: Ability, subject: &Subject) -> Option<Question> {
    match subject.endpoint {
        Endpoint::Chat => chat::question(ability, subject),
        Endpoint::Responses => responses::question(ability, subject),
        Endpoint::Messages | Endpoint::CountTokens => messages::question(ability, subject),
        Endpoint::Generate => generate::question(ability, subject),
        Endpoint::Converse => converse::question(ability, subject),
        Endpoint::Embeddings => None,
    }
}

/// Tokens for reasoning: the least budget that Anthropic takes (docs/reference/anthropic-messages.md).
const BUDGET_TOKENS: u64 = 1_024;
/// The limit of output of a question that makes a model think: the least budget and some words.
const THOUGHT_LIMIT: u64 = BUDGET_TOKENS + 256;

/// The grade at which reasoning is looked for: high enough that it shows. Not every model takes each (docs/reference/openai-chat.md).
const THINKING_EFFORT: &str = "high";

const HELLO: &str = "Say hello in one word.";
/// A word that no answer to [`HELLO`] holds by chance.
pub(super) const SECRET: &str = "heron";
const INSTRUCTION: &str = "Whatever is asked, answer with the one word heron.";
const COUNT: &str = "Write the numbers from 1 to 9 in digits, separated by spaces, and nothing else.";
/// Where counting is to stop.
pub(super) const STOP: &str = "6";
const SUM: &str = "What is 17 times 23? Answer with the number alone.";
const WEATHER: &str = "Use the tool to look up the weather in Paris.";
const WEATHERS: &str = "Use the tool to look up the weather in Paris and in Oslo: call it twice, at once.";
const CITY: &str = "Which city is the capital of Norway? Answer as JSON.";
const COLOUR: &str = "Which colour fills this picture: red, green, blue or yellow? Answer with the one word.";
const READ: &str = "Which word stands in this document? Answer with the one word.";
/// The tool that is offered.
pub(super) const TOOL: &str = "weather";
const TOOL_ABOUT: &str = "The weather in a city, now.";

/// An object with one text, `city`: arguments of the tool, and the answer that holds to a schema.
fn city_schema() -> Value {
    json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"], "additionalProperties": false })
}

/// `base` with the members of `more`.
fn with(mut base: Value, more: Value) -> Value {
    if let (Some(base), Value::Object(more)) = (base.as_object_mut(), more) {
        base.extend(more);
    }
    base
}

/// `data:` and what follows, for dialects that take files as addresses.
fn data_url(kind: &str, base64: &str) -> String {
    format!("data:{kind};base64,{base64}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(endpoint: Endpoint) -> Subject {
        Subject { endpoint, model: "acme/fast".into(), limit_field: "max_tokens", limit: 64, is_adaptive: false, effort: "high".into() }
    }

    #[test]
    fn every_endpoint_that_answers_has_questions_and_each_bounds_its_answer() {
        for endpoint in Endpoint::ALL.into_iter().filter(|endpoint| endpoint.streams()) {
            let subject = subject(endpoint);
            for ability in [Ability::Text, Ability::Streaming, Ability::System, Ability::Tools, Ability::ForcedTool, Ability::Image, Ability::Pdf] {
                assert!(question(ability, &subject).is_some(), "{endpoint} asks for {}", ability.name());
            }
            for question in Ability::all().iter().filter_map(|&ability| question(ability, &subject)) {
                let text = question.body.to_string();
                let is_bounded =
                    ["max_tokens", "max_output_tokens", "maxOutputTokens", "maxTokens", "max_completion_tokens"].iter().any(|field| text.contains(field));
                assert!(is_bounded || question.output_tokens == 0, "{endpoint}: {text}");
            }
        }
        assert_eq!(question(Ability::Text, &subject(Endpoint::Embeddings)), None);
    }

    #[test]
    fn what_a_dialect_has_no_words_for_is_not_asked() {
        let lacks = |endpoint, ability| question(ability, &subject(endpoint)).is_none();
        assert!(lacks(Endpoint::Messages, Ability::Seed) && lacks(Endpoint::Messages, Ability::Logprobs) && lacks(Endpoint::Messages, Ability::N));
        assert!(lacks(Endpoint::Responses, Ability::Stop) && lacks(Endpoint::Responses, Ability::N) && lacks(Endpoint::Responses, Ability::Seed));
        assert!(lacks(Endpoint::Chat, Ability::CountTokens) && lacks(Endpoint::Chat, Ability::ThinkingBudget));
    }

    #[test]
    fn questions_for_thought_leave_room_for_it() {
        let question = question(Ability::ThinkingBudget, &subject(Endpoint::Messages)).unwrap();
        assert!(question.body["max_tokens"].as_u64().unwrap() > question.body["thinking"]["budget_tokens"].as_u64().unwrap());
        assert_eq!(question.output_tokens, THOUGHT_LIMIT);
    }
}
