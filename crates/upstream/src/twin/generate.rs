//! What a twin says: the script's reply, else one made up.

use super::config::{TwinConfig, Vice};
use super::script::ScriptedReply;
use super::vectors::unit_vector;
use super::{random, schema};
use jeton_core::{SeededRandom, Usage};
use jeton_text::estimate_tokens;
use jeton_wire::canonical::{EmbeddingInput, Part, Reply, Request, ResponseFormat, StopReason, ToolChoice, ToolDecl, ToolKind};
use jeton_wire::{Dialect, Endpoint};
use serde_json::json;

/// 2026-01-01T00:00Z in seconds. Twins have no clock: the same call tells the same time, one second after the call before it.
const EPOCH: i64 = 1_767_225_600;
/// Tokens of made-up reasoning.
const THOUGHT_TOKENS: u64 = 8;

/// What a call is made of besides its request.
pub(super) struct Sources<'a> {
    config: &'a TwinConfig,
    ordinal: u64,
}

impl<'a> Sources<'a> {
    pub(super) const fn new(config: &'a TwinConfig, ordinal: u64) -> Self {
        Self { config, ordinal }
    }
}

/// The whole reply, with the usage that it will state: `vice` may falsify it.
pub(super) fn reply(sources: &Sources<'_>, endpoint: Endpoint, request: &Request, scripted: Option<&ScriptedReply>, vice: Option<Vice>) -> Reply {
    let mut random = random(sources.config, sources.ordinal, 3);
    let id = hex(&mut random);
    let (parts, stop) = match (endpoint, scripted) {
        (Endpoint::Embeddings, _) => (vectors(sources.config, request), StopReason::EndTurn),
        (Endpoint::CountTokens, _) => (Vec::new(), StopReason::EndTurn),
        (_, Some(scripted)) => (scripted_parts(scripted, request, &mut random), scripted.stop_reason()),
        (_, None) => made_up(sources.config, request, &mut random),
    };
    let mut usage = estimate(request, &parts);
    if let Some(scripted) = scripted {
        usage.update(scripted.usage.into());
    }
    falsify(&mut usage, vice);
    let created = EPOCH.saturating_add(i64::try_from(sources.ordinal).unwrap_or(i64::MAX));
    Reply { id, model: request.model.clone(), created, parts, stop, usage }
}

/// 24 hexadecimal digits.
fn hex(random: &mut SeededRandom) -> String {
    format!("{:016x}{:08x}", random.next_u64(), random.next_u64() >> 32)
}

fn call_id(request: &Request, random: &mut SeededRandom) -> String {
    let prefix = if request.endpoint.dialect() == Dialect::Anthropic { "toolu_" } else { "call_" };
    format!("{prefix}{}", hex(random))
}

fn scripted_parts(scripted: &ScriptedReply, request: &Request, random: &mut SeededRandom) -> Vec<Part> {
    let mut parts = Vec::new();
    if scripted.thinking.is_some() || scripted.signature.is_some() {
        parts.push(Part::Thinking { text: scripted.thinking.clone().unwrap_or_default(), signature: scripted.signature.clone() });
    }
    parts.extend(scripted.text.clone().map(Part::Text));
    parts.extend(scripted.refusal.clone().map(Part::Refusal));
    for call in &scripted.tool_calls {
        let id = call.id.clone().unwrap_or_else(|| call_id(request, random));
        // A custom tool takes free text only if the request declares it so.
        let kind = request.tools.iter().find(|tool| tool.name == call.name).map_or(ToolKind::Function, |tool| tool.kind);
        parts.push(Part::ToolUse { id, name: call.name.clone(), kind, arguments_json: call.arguments_json() });
    }
    parts
}

/// A forced tool is called, a demanded form is filled; else pseudo-words are said.
fn made_up(config: &TwinConfig, request: &Request, random: &mut SeededRandom) -> (Vec<Part>, StopReason) {
    let mut parts = Vec::new();
    if request.reasoning.is_shown {
        let signature = (request.endpoint == Endpoint::Messages).then(|| hex(random));
        parts.push(Part::Thinking { text: sentence(THOUGHT_TOKENS, random), signature });
    }
    if let Some(tool) = forced_tool(request) {
        let arguments_json = match tool.kind {
            ToolKind::Custom => sentence(3, random),
            _ => tool.schema.as_ref().map_or_else(|| "{}".to_owned(), |schema| schema::minimal_instance(schema).to_string()),
        };
        parts.push(Part::ToolUse { id: call_id(request, random), name: tool.name.clone(), kind: tool.kind, arguments_json });
        return (parts, StopReason::ToolUse);
    }
    let (text, stop) = match &request.response_format {
        Some(ResponseFormat::JsonSchema { schema, .. }) => (schema::minimal_instance(schema).to_string(), StopReason::EndTurn),
        Some(ResponseFormat::JsonObject) => (json!({ "answer": sentence(THOUGHT_TOKENS, random) }).to_string(), StopReason::EndTurn),
        None => free_text(config, request, random),
    };
    parts.push(Part::Text(text));
    (parts, stop)
}

/// The tool that must be called: the one named, or the first that the caller runs.
fn forced_tool(request: &Request) -> Option<&ToolDecl> {
    let mut callable = request.tools.iter().filter(|tool| tool.kind != ToolKind::Provider);
    match &request.tool_choice {
        ToolChoice::Required => callable.next(),
        ToolChoice::Tool(name) => callable.find(|tool| tool.name == *name),
        ToolChoice::Among { names, is_required: true } => callable.find(|tool| names.contains(&tool.name)),
        ToolChoice::Among { is_required: false, .. } | ToolChoice::Auto | ToolChoice::None => None,
    }
}

/// Pseudo-words up to the wished length, the request's limit, or a stop text.
fn free_text(config: &TwinConfig, request: &Request, random: &mut SeededRandom) -> (String, StopReason) {
    let range = config.tokens_out;
    let wished = range.least + random.below(range.most.saturating_sub(range.least).saturating_add(1));
    let (mut text, mut stop) = match request.output_limit {
        Some(limit) if limit < wished => (words(limit, random), StopReason::MaxTokens),
        _ => (sentence(wished, random), StopReason::EndTurn),
    };
    if let Some((at, found)) = request.stop.iter().filter_map(|stop| Some((text.find(stop)?, stop))).min() {
        stop = StopReason::StopSequence(found.clone());
        text.truncate(at);
    }
    (text, stop)
}

/// `tokens` tokens: words, and a full stop.
fn sentence(tokens: u64, random: &mut SeededRandom) -> String {
    words(tokens.saturating_sub(1), random) + "."
}

/// Pseudo-words of two or three syllables, each one token.
fn words(count: u64, random: &mut SeededRandom) -> String {
    const SYLLABLES: [&str; 32] = [
        "ba", "be", "bo", "da", "de", "di", "fa", "fe", "ga", "go", "ka", "ke", "ki", "la", "le", "lo", "ma", "me", "mi", "na", "ne", "no", "pa", "po", "ra",
        "re", "ri", "sa", "so", "ta", "te", "vo",
    ];
    let mut text = String::new();
    for place in 0..count {
        if place > 0 {
            text.push(' ');
        }
        for _ in 0..2 + random.below(2) {
            // The top five bits.
            text.push_str(SYLLABLES[(random.next_u64() >> 59) as usize]);
        }
    }
    text
}

fn vectors(config: &TwinConfig, request: &Request) -> Vec<Part> {
    let Some(ask) = &request.embedding else { return Vec::new() };
    let dimensions = ask.dimensions.unwrap_or(config.dimensions);
    ask.inputs.iter().map(|input| Part::Embedding(unit_vector(config.seed, input, dimensions))).collect()
}

/// Usage by estimate. A twin has no cache, and says so as the vendors do.
fn estimate(request: &Request, parts: &[Part]) -> Usage {
    let given: u64 = request
        .embedding
        .iter()
        .flat_map(|ask| &ask.inputs)
        .map(|input| if let EmbeddingInput::Tokens(tokens) = input { tokens.len() as u64 } else { 0 })
        .sum();
    let of = |pick: fn(&Part) -> bool| parts.iter().filter(|part| pick(part)).map(part_tokens).sum::<u64>();
    Usage {
        input: Some(estimate_tokens(&request.prompt_text()) + given),
        cache_read: Some(0),
        cache_write: Some(0),
        output: Some(of(|_| true)),
        reasoning: Some(of(|part| matches!(part, Part::Thinking { .. }))),
        ..Usage::default()
    }
}

fn part_tokens(part: &Part) -> u64 {
    match part {
        Part::Text(text) | Part::Refusal(text) | Part::Thinking { text, .. } => estimate_tokens(text),
        Part::ToolUse { name, arguments_json, .. } => estimate_tokens(name) + estimate_tokens(arguments_json),
        _ => 0,
    }
}

fn falsify(usage: &mut Usage, vice: Option<Vice>) {
    match vice {
        Some(Vice::WrongUsage) => {
            usage.input = usage.input.map(|tokens| tokens / 2);
            usage.output = usage.output.map(|tokens| tokens.saturating_mul(11).saturating_add(1));
        }
        Some(Vice::MissingUsage) => *usage = Usage::default(),
        _ => {}
    }
}
