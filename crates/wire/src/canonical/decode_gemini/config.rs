//! `generationConfig`: how the next token is drawn, how much is thought, and what form the answer has.

use super::schema::json_schema;
use crate::canonical::loss::Loss;
use crate::canonical::object::Object;
use crate::canonical::request::{Asked, Effort, Request, ResponseFormat};
use jeton_core::Fault;
use serde_json::Value;

const MEMBERS: [&str; 19] = [
    "topP",
    "topK",
    "maxOutputTokens",
    "stopSequences",
    "candidateCount",
    "presencePenalty",
    "frequencyPenalty",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "responseLogprobs",
    "responseModalities",
    "thinkingConfig",
    "mediaResolution",
    "speechConfig",
    "imageConfig",
    "audioTimestamp",
    "enableEnhancedCivicAnswers",
    "routingConfig",
];

pub(super) fn read(mut config: Object<'_>, request: &mut Request, loss: &mut Loss) -> Result<(), Fault> {
    config.accept_snake_case(&MEMBERS);
    refuse_unsupported(&mut config)?;
    let sampling = &mut request.sampling;
    sampling.place = config.path.place();
    sampling.temperature = config.number("temperature")?;
    sampling.top_p = config.number("topP")?;
    sampling.top_k = config.number("topK")?;
    sampling.frequency_penalty = config.number("frequencyPenalty")?;
    sampling.presence_penalty = config.number("presencePenalty")?;
    sampling.seed = config.number("seed")?;
    request.output_limit = config.count("maxOutputTokens")?;
    let stop = config.take("stopSequences");
    request.stop = crate::canonical::decode::stop_texts(stop, &config.path.member("stopSequences"))?;
    request.choices = config.count("candidateCount")?.map(|count| Asked::new(count, "generationConfig.candidateCount"));
    let alternatives = config.count("logprobs")?;
    if config.flag("responseLogprobs")?.unwrap_or(false) || alternatives.is_some() {
        request.logprobs = Some(Asked::new(alternatives.unwrap_or(0), "generationConfig.responseLogprobs"));
    }
    request.response_format = read_format(&mut config, loss)?;
    config.object("thinkingConfig", |thinking| read_thinking(thinking, request, loss))?;
    config.rest(loss);
    Ok(())
}

/// Answers that are no text: no other dialect gives them, and an answer without would be another answer.
fn refuse_unsupported(config: &mut Object<'_>) -> Result<(), Fault> {
    let is_text = |modality: &Value| modality.as_str().is_some_and(|word| word.eq_ignore_ascii_case("text"));
    if config.list("responseModalities")?.iter().all(is_text) {
        return Ok(());
    }
    Err(config.fault("responseModalities", "may only be `TEXT` where the model speaks another dialect.").code("unsupported_parameter"))
}

/// JSON by its media type, with a schema or without.
fn read_format(config: &mut Object<'_>, loss: &mut Loss) -> Result<Option<ResponseFormat>, Fault> {
    let subset = config.members_of("responseSchema")?.map(|schema| json_schema(Value::Object(schema)));
    let schema = config.take("responseJsonSchema").or(subset);
    let media_type = config.text("responseMimeType")?.unwrap_or_default();
    match (media_type.as_str(), schema) {
        ("" | "text/plain", None) => Ok(None),
        ("application/json", None) => Ok(Some(ResponseFormat::JsonObject)),
        ("" | "text/plain" | "application/json", Some(schema)) => Ok(Some(with_schema(schema))),
        ("text/x.enum", Some(schema)) => {
            loss.approximated(config.path.member("responseMimeType"), "one of several words is given as JSON there");
            Ok(Some(with_schema(schema)))
        }
        (unknown, _) => Err(config.fault("responseMimeType", format!("is `{unknown}`; known are text/plain, application/json and text/x.enum."))),
    }
}

/// A schema always holds in this dialect, and has no name.
const fn with_schema(schema: Value) -> ResponseFormat {
    ResponseFormat::JsonSchema { name: String::new(), description: None, schema, strict: true }
}

/// The older models take a budget (0 is none, -1 leaves it to the model), the newer ones a level.
fn read_thinking(mut thinking: Object<'_>, request: &mut Request, loss: &mut Loss) -> Result<(), Fault> {
    thinking.accept_snake_case(&["thinkingBudget", "thinkingLevel", "includeThoughts"]);
    const BUDGET: &str = "generationConfig.thinkingConfig.thinkingBudget";
    let reasoning = &mut request.reasoning;
    reasoning.is_shown = thinking.flag("includeThoughts")?.unwrap_or(false);
    match thinking.number("thinkingBudget")?.map(|budget| (budget.as_i64(), budget)) {
        None => {}
        Some((Some(-1), _)) => reasoning.is_adaptive = true,
        Some((Some(0), _)) => reasoning.effort = Some(Asked::new(Effort::None, BUDGET)),
        Some((Some(tokens @ 1..), _)) => reasoning.budget_tokens = Some(Asked::new(tokens.unsigned_abs(), BUDGET)),
        Some((_, other)) => return Err(thinking.fault("thinkingBudget", format!("is {other}; it is a whole number of tokens, or -1."))),
    }
    if let Some(word) = thinking.text("thinkingLevel")? {
        let level = word.to_ascii_lowercase();
        match Effort::of(&level).filter(|_| level != "none") {
            Some(effort) => reasoning.effort = Some(Asked::new(effort, "generationConfig.thinkingConfig.thinkingLevel")),
            None if level == "thinking_level_unspecified" => {}
            None => loss.dropped(thinking.path.member("thinkingLevel"), "the level is not known to Jeton"),
        }
    }
    thinking.rest(loss);
    Ok(())
}
