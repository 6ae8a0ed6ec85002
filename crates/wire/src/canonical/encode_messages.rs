//! Messages requests.

use super::encode::{
    EFFORT_SHARES, JSON_ONLY, drop_asked, drop_sampling, drop_sampling_because, effort_within, instruction_text, refusal, refused_part, results_first,
    signature_for, tools_offered, turns, within,
};
use super::loss::Loss;
use super::names::ToolNames;
use super::part::{CacheLife, Citation, Media, MediaKind, MediaSource, Part, Piece};
use super::request::{Effort, Reasoning, Request, ResponseFormat, Role, ServiceTier, ToolChoice, ToolDecl, ToolKind};
use super::signature::Family;
use super::target::Target;
use super::writer::Writer;
use crate::{Dialect, Endpoint};
use jeton_core::Fault;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The least budget for thinking (case 49), in tokens.
const THINKING_TOKENS_MIN: u64 = 1024;

/// What the model is told to do about thinking.
enum Thinking {
    Off,
    Budget(u64),
    Adaptive(Option<Effort>),
}

/// The parts of a request that are settled before anything is written.
struct Plan<'a> {
    system: Vec<Block<'a>>,
    turns: Vec<(Role, Vec<Block<'a>>)>,
    thinking: Thinking,
    choice: &'a ToolChoice,
    limit: u64,
}

/// A content block to be written.
enum Block<'a> {
    Piece(&'a Piece),
    Text(String),
}

pub(super) fn body(request: &Request, target: &Target, names: &ToolNames, loss: &mut Loss) -> Result<Vec<u8>, Fault> {
    let Request {
        endpoint: _,
        model: _,
        messages: _,
        tools: _,
        tool_choice: _,
        parallel_tool_calls,
        output_limit: _,
        stop,
        response_format,
        stream,
        include_usage: _,
        reasoning: _,
        sampling: _,
        choices: _,
        logprobs: _,
        verbosity,
        user,
        metadata,
        service_tier,
        cache_key,
        store,
        stored_state: _,
        embedding: _,
        repeated: _,
    } = request;
    drop_asked(verbosity.as_ref(), loss);
    drop_asked(metadata.as_ref(), loss);
    drop_asked(cache_key.as_ref(), loss);
    drop_asked(store.as_ref().filter(|store| store.value), loss);
    let plan = plan(request, target, loss);
    let mut failed = None;
    let mut writer = Writer::with_capacity(4096);
    writer.object(|w| {
        w.member("model", &target.model);
        if target.endpoint == Endpoint::Messages {
            w.member("max_tokens", &plan.limit);
        }
        write_system(w, &plan, request, loss);
        w.member_list("messages", |w| {
            for (role, blocks) in &plan.turns {
                w.object(|w| failed = failed.take().or(write_turn(w, *role, blocks, &Context { request, target, names }, loss).err()));
            }
        });
        failed = failed.take().or(write_tools(w, request, target, names, loss).err());
        write_choice(w, plan.choice, *parallel_tool_calls, request, names);
        write_thinking(w, &plan.thinking, response_format.as_ref(), loss);
        if target.endpoint == Endpoint::CountTokens {
            return;
        }
        write_stop(w, stop, loss);
        write_sampling(w, request, target, &plan.thinking, loss);
        if let Some(user) = user {
            w.member_object("metadata", |w| w.member("user_id", &user.value));
        }
        match service_tier.as_ref().map(|tier| (&tier.value, tier.path)) {
            None => {}
            Some((ServiceTier::Auto, _)) => w.member("service_tier", "auto"),
            Some((ServiceTier::Standard, _)) => w.member("service_tier", "standard_only"),
            Some((ServiceTier::Other(word), path)) => loss.dropped(path, format!("there is no tier `{word}`")),
        }
        if *stream {
            w.member("stream", &true);
        }
    });
    failed.map_or(Ok(writer.into_bytes()), Err)
}

/// What the blocks of a turn are written with.
struct Context<'a> {
    request: &'a Request,
    target: &'a Target,
    names: &'a ToolNames,
}

fn plan<'a>(request: &'a Request, target: &Target, loss: &mut Loss) -> Plan<'a> {
    let limit = request.output_limit.unwrap_or(target.output_limit);
    let mut system = Vec::new();
    let mut merged: Vec<(Role, Vec<Block<'a>>)> = Vec::new();
    for (role, pieces) in turns(&request.messages) {
        match role {
            Role::System if merged.is_empty() => system.extend(pieces.into_iter().map(Block::Piece)),
            Role::System => push_turn(&mut merged, Role::User, instructions(&pieces, loss)),
            Role::User => push_turn(&mut merged, Role::User, results_first(pieces, loss).into_iter().map(Block::Piece).collect()),
            Role::Assistant => push_turn(&mut merged, Role::Assistant, pieces.into_iter().map(Block::Piece).collect()),
        }
    }
    if request.response_format == Some(ResponseFormat::JsonObject) {
        loss.approximated("response_format", "the dialect has no JSON without a schema; the model is told in words");
        system.push(Block::Text(JSON_ONLY.to_owned()));
    }
    for (_, blocks) in &mut merged {
        blocks.retain(|block| is_sendable(block, request, loss));
    }
    merged.retain(|(_, blocks)| !blocks.is_empty());
    let thinking = thinking(request, target, limit, &merged, loss);
    Plan { system, turns: merged, thinking, choice: &request.tool_choice, limit }
}

fn push_turn<'a>(turns: &mut Vec<(Role, Vec<Block<'a>>)>, role: Role, blocks: Vec<Block<'a>>) {
    match turns.last_mut() {
        Some((last, earlier)) if *last == role => earlier.extend(blocks),
        _ => turns.push((role, blocks)),
    }
}

/// Case 20: instructions in the middle stay in their place, as words of the user.
fn instructions<'a>(pieces: &[&Piece], loss: &mut Loss) -> Vec<Block<'a>> {
    let text = |piece: &&Piece| match &piece.part {
        Part::Text(text) | Part::Cited { text, .. } if !text.is_empty() => {
            loss.approximated(&piece.place, "instructions in the middle of a conversation are told in the user's turn");
            Some(Block::Text(instruction_text(text)))
        }
        _ => None,
    };
    pieces.iter().filter_map(text).collect()
}

/// Whether a block can be sent at all: empty texts are refused by the API, reasoning needs its own family's signature.
fn is_sendable(block: &Block<'_>, request: &Request, loss: &mut Loss) -> bool {
    let Block::Piece(piece) = block else { return true };
    match &piece.part {
        Part::Text(text) | Part::Refusal(text) => !text.is_empty(),
        Part::Thinking { .. } | Part::RedactedThinking(_) => {
            let is_kept = own_thinking(&piece.part, request).is_some();
            if !is_kept && !matches!(&piece.part, Part::Thinking { text, signature: None } if text.is_empty()) {
                loss.dropped(&piece.place, "reasoning without a signature of this family is not taken back");
            }
            is_kept
        }
        Part::Other { kind, .. } if request.endpoint.dialect() != Dialect::Anthropic => {
            loss.dropped(&piece.place, format!("what another provider's `{kind}` left has no counterpart"));
            false
        }
        Part::Embedding(_) => false,
        _ => true,
    }
}

/// Reasoning that this family signed.
enum OwnThinking<'a> {
    Shown { text: &'a str, signature: &'a str },
    Redacted(&'a str),
}

fn own_thinking<'a>(part: &'a Part, request: &Request) -> Option<OwnThinking<'a>> {
    match part {
        Part::Thinking { text, signature: Some(signature) } => match signature_for(request, signature, Family::AnthropicRedacted) {
            Some(data) => Some(OwnThinking::Redacted(data)),
            None => Some(OwnThinking::Shown { text, signature: signature_for(request, signature, Family::Anthropic)? }),
        },
        Part::RedactedThinking(data) if request.endpoint == Endpoint::Responses => {
            signature_for(request, data, Family::AnthropicRedacted).map(OwnThinking::Redacted)
        }
        Part::RedactedThinking(data) => {
            let data = signature_for(request, data, Family::AnthropicRedacted).or_else(|| signature_for(request, data, Family::Anthropic));
            data.map(OwnThinking::Redacted)
        }
        _ => None,
    }
}

/// Case 49: how much the model is to think, within what the API takes.
fn thinking(request: &Request, target: &Target, limit: u64, turns: &[(Role, Vec<Block<'_>>)], loss: &mut Loss) -> Thinking {
    let Reasoning { effort, budget_tokens, is_adaptive, is_shown, summary, is_encrypted: _ } = &request.reasoning;
    if let Some(summary) = summary.as_ref().filter(|summary| summary.value != "auto") {
        loss.approximated(summary.path, "how reasoning is summed up cannot be chosen");
    }
    let is_off = effort.as_ref().is_some_and(|effort| effort.value == Effort::None);
    if is_off || (effort.is_none() && budget_tokens.is_none() && !is_adaptive && !is_shown) {
        return Thinking::Off;
    }
    let path = effort.as_ref().map(|effort| effort.path).or(budget_tokens.as_ref().map(|budget| budget.path)).unwrap_or("reasoning");
    let mut off = |why: &'static str| {
        loss.dropped(path, why);
        Thinking::Off
    };
    if matches!(request.tool_choice, ToolChoice::Required | ToolChoice::Tool(_) | ToolChoice::Among { is_required: true, .. }) {
        return off("a model that must call a tool does not think there");
    }
    if goes_on_without_thought(turns, request) {
        return off("the turn that goes on has no signed reasoning at its beginning");
    }
    if target.takes.adaptive_thinking && budget_tokens.is_none() {
        return Thinking::Adaptive(effort.as_ref().map(|effort| effort_within(effort, target, loss)));
    }
    if limit <= THINKING_TOKENS_MIN {
        return off("thinking takes at least 1024 tokens of the output limit, and something must be left for the answer");
    }
    let wished = match (budget_tokens, effort) {
        (Some(budget), _) => budget.value,
        (None, Some(effort)) => {
            loss.approximated(effort.path, "a budget of thinking tokens stands for the grade");
            share_of(limit, effort.value)
        }
        (None, None) => share_of(limit, Effort::Medium),
    };
    let budget = wished.clamp(THINKING_TOKENS_MIN, limit - 1);
    if let Some(asked) = budget_tokens.as_ref().filter(|asked| asked.value != budget) {
        loss.approximated(asked.path, format!("the budget is {budget}: at least 1024, and less than the output limit"));
    }
    Thinking::Budget(budget)
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count of tokens far below 2^52")]
fn share_of(limit: u64, effort: Effort) -> u64 {
    let share = EFFORT_SHARES.iter().find(|(grade, _)| *grade == effort).map_or(0.5, |(_, share)| *share);
    (limit as f64 * share) as u64
}

/// Whether the model would go on with a turn that begins with a tool call instead of its reasoning, which the API refuses (case 36).
fn goes_on_without_thought(turns: &[(Role, Vec<Block<'_>>)], request: &Request) -> bool {
    let [.., (Role::Assistant, turn), (Role::User, answers)] = turns else { return false };
    let is_result = |block: &Block<'_>| matches!(block, Block::Piece(Piece { part: Part::ToolResult { .. }, .. }));
    let thinks = |block: &Block<'_>| matches!(block, Block::Piece(piece) if own_thinking(&piece.part, request).is_some());
    answers.iter().any(is_result) && !turn.first().is_some_and(thinks)
}

fn write_system(w: &mut Writer, plan: &Plan<'_>, request: &Request, loss: &mut Loss) {
    let texts: Vec<(&str, Option<CacheLife>)> = plan
        .system
        .iter()
        .filter_map(|block| match block {
            Block::Text(text) => Some((text.as_str(), None)),
            Block::Piece(Piece { part: Part::Text(text) | Part::Cited { text, .. }, cache, .. }) => Some((text.as_str(), *cache)),
            Block::Piece(piece) => {
                loss.dropped(&piece.place, "instructions are text");
                None
            }
        })
        .filter(|(text, _)| !text.is_empty())
        .collect();
    // Case 42: a text, or blocks where a mark of the cache must stand at one of them.
    match texts.as_slice() {
        [] => {}
        [(text, None)] if request.endpoint != Endpoint::CountTokens => w.member("system", text),
        texts => w.member_list("system", |w| {
            for (text, cache) in texts {
                w.object(|w| write_text(w, text, *cache));
            }
        }),
    }
}

fn write_text(w: &mut Writer, text: &str, cache: Option<CacheLife>) {
    w.member("type", "text");
    w.member("text", text);
    write_cache(w, cache);
}

fn write_cache(w: &mut Writer, cache: Option<CacheLife>) {
    match cache {
        None => {}
        Some(CacheLife::FiveMinutes) => w.member_object("cache_control", |w| w.member("type", "ephemeral")),
        Some(CacheLife::OneHour) => w.member_object("cache_control", |w| {
            w.member("type", "ephemeral");
            w.member("ttl", "1h");
        }),
    }
}

fn write_turn(w: &mut Writer, role: Role, blocks: &[Block<'_>], context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    w.member("role", if role == Role::Assistant { "assistant" } else { "user" });
    let mut failed = None;
    match blocks {
        [Block::Piece(Piece { part: Part::Text(text), cache: None, .. })] => w.member("content", text),
        [Block::Text(text)] => w.member("content", text),
        blocks => w.member_list("content", |w| {
            for block in blocks {
                w.object(|w| match block {
                    Block::Text(text) => write_text(w, text, None),
                    Block::Piece(piece) => failed = failed.take().or(write_piece(w, piece, context, loss).err()),
                });
            }
        }),
    }
    failed.map_or(Ok(()), Err)
}

fn write_piece(w: &mut Writer, piece: &Piece, context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let Context { request, target, names } = context;
    match &piece.part {
        Part::Text(text) => write_text(w, text, None),
        Part::Cited { text, citations } => write_cited(w, piece, text, citations, request, loss),
        Part::Refusal(text) => {
            loss.approximated(&piece.place, "a refusal is text there");
            write_text(w, text, None);
        }
        Part::Thinking { .. } | Part::RedactedThinking(_) => match own_thinking(&piece.part, request) {
            Some(OwnThinking::Shown { text, signature }) => {
                w.member("type", "thinking");
                w.member("thinking", text);
                w.member("signature", signature);
            }
            Some(OwnThinking::Redacted(data)) => {
                w.member("type", "redacted_thinking");
                w.member("data", data);
            }
            None => {}
        },
        Part::ToolUse { id, name, kind, arguments_json } => {
            w.member("type", "tool_use");
            w.member("id", &tool_id(id));
            w.member("name", &*names.sent(name));
            write_input(w, piece, *kind, arguments_json, loss);
        }
        Part::ToolResult { id, kind: _, content, is_error } => {
            w.member("type", "tool_result");
            w.member("tool_use_id", &tool_id(id));
            write_result(w, content, context, loss)?;
            if *is_error {
                w.member("is_error", &true);
            }
        }
        Part::Document { title, text } => {
            w.member("type", "document");
            w.member_object("source", |w| {
                w.member("type", "text");
                w.member("media_type", "text/plain");
                w.member("data", text);
            });
            w.member_of("title", title.as_deref());
        }
        Part::Media(media) => write_media(w, piece, media, target, loss)?,
        Part::Other { kind, json } => match (request.endpoint.dialect(), serde_json::from_str::<Value>(json)) {
            (Dialect::Anthropic, Ok(Value::Object(members))) => members.iter().for_each(|(name, value)| w.member(name, value)),
            _ => return Err(refused_part(piece, target, &format!("a part of kind `{kind}`"), "Leave it out, or name a model of its own provider.")),
        },
        Part::Embedding(_) => {}
    }
    write_cache(w, piece.cache);
    Ok(())
}

fn write_cited(w: &mut Writer, piece: &Piece, text: &str, citations: &[Citation], request: &Request, loss: &mut Loss) {
    write_text(w, text, None);
    let own: Vec<&RawValue> = citations.iter().filter_map(|citation| serde_json::from_str(&citation.json).ok()).collect();
    if request.endpoint.dialect() == Dialect::Anthropic {
        w.member("citations", &own);
    } else {
        loss.dropped(piece.place.member("annotations"), "citations of another dialect are not taken back");
    }
}

/// Ids are letters, digits, `_` and `-` there.
fn tool_id(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' }).collect()
}

/// Case 47: what is no JSON object is kept inside one, by the name that the vendor advises for broken arguments.
fn write_input(w: &mut Writer, piece: &Piece, kind: ToolKind, arguments: &str, loss: &mut Loss) {
    if kind == ToolKind::Custom {
        return w.member_object("input", |w| w.member(super::WRAPPED_INPUT, arguments));
    }
    match serde_json::from_str::<&RawValue>(arguments) {
        _ if arguments.trim().is_empty() => w.member_object("input", |_| {}),
        Ok(object) if object.get().starts_with('{') => w.member_raw("input", object.get()),
        _ => {
            loss.approximated(&piece.place, "arguments that are no JSON object stand as text in one");
            w.member_object("input", |w| w.member(super::INVALID_INPUT, arguments));
        }
    }
}

fn write_result(w: &mut Writer, content: &[Piece], context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let mut failed = None;
    match content {
        [] => {}
        [Piece { part: Part::Text(text), cache: None, .. }] => w.member("content", text),
        pieces => w.member_list("content", |w| {
            for piece in pieces.iter().filter(|piece| !matches!(&piece.part, Part::Text(text) if text.is_empty())) {
                w.object(|w| failed = failed.take().or(write_piece(w, piece, context, loss).err()));
            }
        }),
    }
    failed.map_or(Ok(()), Err)
}

fn write_media(w: &mut Writer, piece: &Piece, media: &Media, target: &Target, loss: &mut Loss) -> Result<(), Fault> {
    let Media { kind, source, name, detail } = media;
    let takers = "Send it to a model of a provider whose dialect has a place for it.";
    if let MediaSource::FileId(_) = source
        && target.endpoint != Endpoint::CountTokens
    {
        return Err(refused_part(piece, target, "a file that is stored at another provider", "Send the bytes themselves."));
    }
    match kind {
        MediaKind::Audio => return Err(refused_part(piece, target, "audio", takers)),
        MediaKind::Image => w.member("type", "image"),
        MediaKind::File => {
            let readable = matches!(source, MediaSource::Url(_)) || matches!(source, MediaSource::Base64 { media_type, .. } if media_type == "application/pdf");
            if !readable {
                return Err(refused_part(piece, target, "a file other than a PDF", "Send its text, or a PDF."));
            }
            w.member("type", "document");
            w.member_of("title", name.as_deref());
        }
    }
    if detail.as_ref().is_some_and(|detail| detail != "auto") {
        loss.dropped(piece.place.member("detail"), "how closely an image is looked at cannot be chosen");
    }
    w.member_object("source", |w| match source {
        MediaSource::Url(url) => {
            w.member("type", "url");
            w.member("url", url);
        }
        MediaSource::Base64 { media_type, data } => {
            w.member("type", "base64");
            w.member("media_type", media_type);
            w.member("data", data);
        }
        MediaSource::FileId(id) => {
            w.member("type", "file");
            w.member("file_id", id);
        }
    });
    Ok(())
}

fn write_tools(w: &mut Writer, request: &Request, target: &Target, names: &ToolNames, loss: &mut Loss) -> Result<(), Fault> {
    let offered = tools_offered(request, loss);
    if offered.is_empty() {
        return Ok(());
    }
    let foreign = |tool: &&&ToolDecl| tool.kind == ToolKind::Provider && request.endpoint.dialect() != Dialect::Anthropic;
    if let Some(tool) = offered.iter().find(foreign) {
        let why = format!("is `{}`, a tool that its own provider runs", tool.name);
        return Err(refusal(&tool.place, target, &why, "Leave it out, or declare a tool of your own."));
    }
    w.member_list("tools", |w| {
        for tool in offered {
            match (&tool.kind, &tool.details) {
                (ToolKind::Provider, Some(details)) => w.raw(&details.to_string()),
                _ => w.object(|w| write_tool(w, tool, names, loss)),
            }
        }
    });
    Ok(())
}

fn write_tool(w: &mut Writer, tool: &ToolDecl, names: &ToolNames, loss: &mut Loss) {
    let ToolDecl { name, description, schema, kind, strict, cache, details, place } = tool;
    w.member("name", &*names.sent(name));
    if *kind == ToolKind::Custom {
        loss.approximated(place, "a tool of free text is declared as a function with one text");
        w.member_of("description", super::wrapped_description(description.as_deref(), details.as_ref()));
        w.member("input_schema", &super::wrapped_schema());
    } else {
        w.member_of("description", description.as_deref());
        w.member("input_schema", schema.as_ref().unwrap_or(&json!({ "type": "object", "properties": {} })));
        w.member_of("strict", *strict);
    }
    write_cache(w, *cache);
}

/// Case 44: `disable_parallel_tool_use` is the inverse of the other dialect's switch.
fn write_choice(w: &mut Writer, choice: &ToolChoice, parallel: bool, request: &Request, names: &ToolNames) {
    if request.tools.is_empty() || (parallel && *choice == ToolChoice::Auto) {
        return;
    }
    w.member_object("tool_choice", |w| {
        match choice {
            ToolChoice::Auto | ToolChoice::Among { is_required: false, .. } => w.member("type", "auto"),
            ToolChoice::Required | ToolChoice::Among { is_required: true, .. } => w.member("type", "any"),
            ToolChoice::None => w.member("type", "none"),
            ToolChoice::Tool(name) => {
                w.member("type", "tool");
                w.member("name", &*names.sent(name));
            }
        }
        if !parallel && *choice != ToolChoice::None {
            w.member("disable_parallel_tool_use", &true);
        }
    });
}

fn write_thinking(w: &mut Writer, thinking: &Thinking, format: Option<&ResponseFormat>, loss: &mut Loss) {
    let mut effort = None;
    match thinking {
        Thinking::Off => {}
        Thinking::Budget(tokens) => w.member_object("thinking", |w| {
            w.member("type", "enabled");
            w.member("budget_tokens", tokens);
        }),
        Thinking::Adaptive(wished) => {
            effort = *wished;
            w.member_object("thinking", |w| w.member("type", "adaptive"));
        }
    }
    let schema = match format {
        Some(ResponseFormat::JsonSchema { name, description, schema, strict }) => {
            if !name.is_empty() || description.is_some() {
                loss.dropped("response_format", "the schema's name and description have no place");
            }
            if !strict {
                loss.approximated("response_format.strict", "a schema always holds strictly there");
            }
            Some(schema)
        }
        _ => None,
    };
    if effort.is_none() && schema.is_none() {
        return;
    }
    w.member_object("output_config", |w| {
        w.member_of("effort", effort.map(Effort::name));
        if let Some(schema) = schema {
            w.member_object("format", |w| {
                w.member("type", "json_schema");
                w.member("schema", schema);
            });
        }
    });
}

/// Case 50. The API refuses stop texts of white space alone.
fn write_stop(w: &mut Writer, stop: &[String], loss: &mut Loss) {
    let (kept, blank): (Vec<&String>, Vec<&String>) = stop.iter().partition(|text| !text.trim().is_empty());
    if !blank.is_empty() {
        loss.dropped("stop", "a stop text of white space alone is refused there");
    }
    if !kept.is_empty() {
        w.member("stop_sequences", &kept);
    }
}

fn write_sampling(w: &mut Writer, request: &Request, target: &Target, thinking: &Thinking, loss: &mut Loss) {
    let sampling = &request.sampling;
    if !matches!(thinking, Thinking::Off) {
        // Case 49: a model that thinks takes none of them.
        let is_usual = sampling.temperature.as_ref().is_some_and(|number| number.as_f64() == Some(1.0));
        let keeps: &[&str] = if is_usual { &["temperature"] } else { &[] };
        return drop_sampling_because(sampling, keeps, "a model that thinks does not take it", loss);
    }
    drop_sampling(sampling, &["temperature", "top_p", "top_k"], loss);
    if let Some(temperature) = &sampling.temperature {
        w.member("temperature", &within(temperature, 1.0, "temperature", loss));
    }
    if let Some(top_p) = &sampling.top_p {
        if sampling.temperature.is_some() && !target.takes.both_samplers {
            loss.dropped("top_p", "it may not stand beside a temperature");
        } else {
            w.member("top_p", top_p);
        }
    }
    w.member_of("top_k", sampling.top_k.as_ref());
}
