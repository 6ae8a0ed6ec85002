//! Usage in the words of each dialect. What is unknown is left out, and where the shape demands input and output, so is the whole object.

use jeton_core::Usage;
use serde_json::{Map, Value, json};

/// Chat's `usage`; case 21: `prompt_tokens` includes what the cache gave and took.
pub(super) fn chat(usage: &Usage) -> Option<Value> {
    let (input, output) = (usage.input_total()?, usage.output?);
    let mut object = json!({ "prompt_tokens": input, "completion_tokens": output, "total_tokens": input.saturating_add(output) });
    let prompt = [("cached_tokens", usage.cache_read), ("cache_write_tokens", written(usage)), ("audio_tokens", usage.input_audio)];
    let completion = [("reasoning_tokens", usage.reasoning), ("audio_tokens", usage.output_audio)];
    put_details(&mut object, "prompt_tokens_details", &prompt);
    put_details(&mut object, "completion_tokens_details", &completion);
    Some(object)
}

/// The `usage` of Responses. Its shape demands the details, so what is unknown in them is 0, as the vendor writes it.
pub(super) fn responses(usage: &Usage) -> Option<Value> {
    let (input, output) = (usage.input_total()?, usage.output?);
    Some(json!({
        "input_tokens": input,
        "input_tokens_details": { "cached_tokens": usage.cache_read.unwrap_or(0), "cache_write_tokens": written(usage).unwrap_or(0) },
        "output_tokens": output,
        "output_tokens_details": { "reasoning_tokens": usage.reasoning.unwrap_or(0) },
        "total_tokens": input.saturating_add(output),
    }))
}

/// Gemini's `usageMetadata`, where `promptTokenCount` includes what the cache gave, and `candidatesTokenCount` excludes the thoughts.
pub(super) fn gemini(usage: &Usage) -> Option<Value> {
    let (input, output) = (usage.input_total()?, usage.output?);
    let mut object = Map::new();
    object.insert("promptTokenCount".into(), input.into());
    object.insert("candidatesTokenCount".into(), output.saturating_sub(usage.reasoning.unwrap_or(0)).into());
    object.insert("totalTokenCount".into(), input.saturating_add(output).into());
    put(&mut object, "cachedContentTokenCount", usage.cache_read);
    put(&mut object, "thoughtsTokenCount", usage.reasoning);
    for (name, all, audio) in [("promptTokensDetails", input, usage.input_audio), ("candidatesTokensDetails", output, usage.output_audio)] {
        if let Some(audio) = audio.filter(|&audio| audio > 0) {
            let text = json!({ "modality": "TEXT", "tokenCount": all.saturating_sub(audio) });
            object.insert(name.into(), json!([text, { "modality": "AUDIO", "tokenCount": audio }]));
        }
    }
    Some(object.into())
}

/// The `usage` of Messages, where `input_tokens` excludes the cache (case 21) and writes have two prices (case 22).
pub(super) fn messages(usage: &Usage) -> Option<Value> {
    let (input, output) = (usage.input?, usage.output?);
    let mut object = Map::new();
    object.insert("input_tokens".into(), input.into());
    put(&mut object, "cache_creation_input_tokens", written(usage));
    put(&mut object, "cache_read_input_tokens", usage.cache_read);
    if written(usage).is_some() {
        let (short, long) = (usage.cache_write.unwrap_or(0), usage.cache_write_1h.unwrap_or(0));
        object.insert("cache_creation".into(), json!({ "ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long }));
    }
    object.insert("output_tokens".into(), output.into());
    if let Some(thinking) = usage.reasoning {
        object.insert("output_tokens_details".into(), json!({ "thinking_tokens": thinking }));
    }
    if let Some(searches) = usage.web_searches {
        object.insert("server_tool_use".into(), json!({ "web_search_requests": searches, "web_fetch_requests": 0 }));
    }
    if let Some(tier) = usage.service_tier.as_deref().and_then(anthropic_tier) {
        object.insert("service_tier".into(), tier.into());
    }
    Some(object.into())
}

/// The `usage` of Converse, where `inputTokens` excludes the cache and `totalTokens` does not (case 21).
pub(super) fn converse(usage: &Usage) -> Option<Value> {
    let (input, output) = (usage.input?, usage.output?);
    let total = usage.input_total().unwrap_or(input).saturating_add(output);
    let mut object = Map::new();
    for (name, figure) in [("inputTokens", input), ("outputTokens", output), ("totalTokens", total)] {
        object.insert(name.into(), figure.into());
    }
    put(&mut object, "cacheReadInputTokens", usage.cache_read);
    put(&mut object, "cacheWriteInputTokens", written(usage));
    // Case 22: longer lives first.
    let lives = [("1h", usage.cache_write_1h), ("5m", usage.cache_write)];
    let details: Vec<Value> =
        lives.iter().filter_map(|(ttl, tokens)| Some(json!({ "ttl": ttl, "inputTokens": tokens.filter(|tokens| *tokens > 0)? }))).collect();
    if !details.is_empty() {
        object.insert("cacheDetails".into(), details.into());
    }
    Some(object.into())
}

/// The provisional `usage` of `message_start` (case 33): the input, and one token at most of the output. The vendor's SDKs add up
/// from it and cannot do without, so a translated stream begins with an estimate; none where not even that is known.
pub(super) fn messages_start(usage: &Usage) -> Option<Value> {
    let first = Usage { output: Some(usage.output.unwrap_or(1).min(1)), reasoning: None, web_searches: None, ..usage.clone() };
    messages(&first)
}

/// OpenAI's word for the tier that an answer names, where it has one (case 53).
pub(super) fn openai_tier(tier: &str) -> Option<&str> {
    match tier {
        "standard" => Some("default"),
        "default" | "flex" | "scale" | "priority" | "auto" => Some(tier),
        _ => None,
    }
}

/// Anthropic's word for the tier that an answer names, where it has one.
pub(super) fn anthropic_tier(tier: &str) -> Option<&str> {
    match tier {
        "default" => Some("standard"),
        "standard" | "priority" | "batch" => Some(tier),
        _ => None,
    }
}

/// Bedrock's word for the tier that an answer names, where it has one.
pub(super) fn bedrock_tier(tier: &str) -> Option<&str> {
    match tier {
        "standard" => Some("default"),
        "default" | "priority" | "flex" | "reserved" => Some(tier),
        _ => None,
    }
}

/// The cumulative `usage` of `message_delta` (case 33). It has no word for the tier and the two kinds of cache write.
pub(super) fn messages_delta(usage: &Usage) -> Option<Value> {
    let mut object = messages(usage)?;
    if let Some(members) = object.as_object_mut() {
        members.shift_remove("cache_creation");
        members.shift_remove("service_tier");
    }
    Some(object)
}

/// All tokens written to a cache, of either life.
fn written(usage: &Usage) -> Option<u64> {
    match (usage.cache_write, usage.cache_write_1h) {
        (None, None) => None,
        (short, long) => Some(short.unwrap_or(0).saturating_add(long.unwrap_or(0))),
    }
}

fn put(object: &mut Map<String, Value>, name: &str, figure: Option<u64>) {
    if let Some(figure) = figure {
        object.insert(name.to_owned(), figure.into());
    }
}

/// Adds the object `name` with the known figures, if any is known (case 23).
fn put_details(object: &mut Value, name: &str, figures: &[(&str, Option<u64>)]) {
    let mut details = Map::new();
    for (name, figure) in figures {
        put(&mut details, name, *figure);
    }
    if let (false, Some(members)) = (details.is_empty(), object.as_object_mut()) {
        members.insert(name.to_owned(), details.into());
    }
}
