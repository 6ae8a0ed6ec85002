//! From the canonical form to the bytes of a request: what the dialects share.

use super::answered::answered;
use super::loss::Loss;
use super::names::ToolNames;
use super::object::invalid;
use super::part::{CacheLife, Part, Piece};
use super::request::{Asked, Effort, Message, Request, Role, Sampling, ToolDecl};
use super::signature::{Family, unseal};
use super::target::Target;
use super::writer::Writer;
use super::{cache, encode_chat, encode_converse, encode_gemini, encode_messages, encode_responses, exact};
use crate::Endpoint;
use jeton_core::{Fault, Samplers};
use serde_json::Number;
use std::borrow::Cow;
use std::fmt;

/// A request in another dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The body.
    pub body: Vec<u8>,
    /// What did not come across.
    pub loss: Loss,
    /// What was changed of the tools, so that calls of them can be changed back.
    pub names: ToolNames,
}

/// Writes `request` for `target`.
///
/// # Errors
/// An invalid-request fault that names the part or setting by its path, where the target cannot take it and an answer without it
/// would be another answer: several choices (case 15), log probabilities (case 16), stored state (case 59), media of a kind or
/// source that the dialect does not have (case 75), a tool that another provider runs (case 40); and for embeddings, which are
/// translated into no other dialect.
pub fn encode_request(request: &Request, target: &Target) -> Result<Encoded, Fault> {
    refuse_bound(request, target)?;
    let mut loss = Loss::default();
    let mut fitting = Cow::Borrowed(request);
    if matches!(target.endpoint, Endpoint::Messages | Endpoint::CountTokens | Endpoint::Converse) {
        fitting = cache::within_limits(request, &mut loss);
    }
    if target.endpoint != request.endpoint {
        fitting = answered(limited(fitting, target, &mut loss), &mut loss);
    }
    let request = &*fitting;
    let wraps = !matches!(target.endpoint, Endpoint::Chat | Endpoint::Responses) || !target.takes.custom_tools;
    let names = ToolNames::of(request, wraps);
    let body = match target.endpoint {
        Endpoint::Chat => encode_chat::body(request, target, &names, &mut loss)?,
        Endpoint::Responses => encode_responses::body(request, target, &names, &mut loss)?,
        Endpoint::Messages | Endpoint::CountTokens => encode_messages::body(request, target, &names, &mut loss)?,
        Endpoint::Generate => encode_gemini::body(request, target, &names, &mut loss)?,
        Endpoint::Converse => encode_converse::body(request, target, &names, &mut loss)?,
        Endpoint::Embeddings => return Err(invalid("Embeddings are not translated: name a model whose provider has `/v1/embeddings`.").param("model")),
    };
    Ok(Encoded { body: exact::restored(body), loss, names })
}

/// The request with no greater limit of output than the model has, which refuses greater ones.
fn limited<'r>(request: Cow<'r, Request>, target: &Target, loss: &mut Loss) -> Cow<'r, Request> {
    let Some(most) = target.output_most.filter(|most| request.output_limit.is_some_and(|asked| asked > *most)) else { return request };
    loss.approximated(limit_path(&request), format!("the model writes {most} tokens at most"));
    let mut request = request.into_owned();
    request.output_limit = Some(most);
    Cow::Owned(request)
}

/// The member of the request that limits the output.
pub(super) const fn limit_path(request: &Request) -> &'static str {
    match request.endpoint {
        Endpoint::Responses => "max_output_tokens",
        Endpoint::Generate => "generationConfig.maxOutputTokens",
        Endpoint::Converse => "inferenceConfig.maxTokens",
        Endpoint::Chat => "max_completion_tokens",
        Endpoint::Messages | Endpoint::CountTokens | Endpoint::Embeddings => "max_tokens",
    }
}

/// What no translation can keep, and no answer can do without.
fn refuse_bound(request: &Request, target: &Target) -> Result<(), Fault> {
    if let Some(path) = request.stored_state.first() {
        return Err(refusal(path, target, "rests on state that is stored at its provider (case 59)", "Send the whole conversation in `input`."));
    }
    if request.embedding.is_some() {
        return Err(refusal("input", target, "asks for embeddings", "Name a model whose provider has `/v1/embeddings`."));
    }
    if target.endpoint != request.endpoint && request.messages.iter().flat_map(|message| &message.parts).all(is_empty) {
        let path = match request.endpoint {
            Endpoint::Responses => "input",
            Endpoint::Generate => "contents",
            _ => "messages",
        };
        return Err(invalid(format!("`{path}` says nothing, and `{}` cannot be asked nothing.", target.model)).param(path).remedy("Send at least one text."));
    }
    let many = request.choices.as_ref().filter(|choices| choices.value != 1 && target.endpoint != request.endpoint);
    if let Some(choices) = many {
        return Err(refusal(choices.path, target, "asks for several answers in one", "Send as many requests as you want answers."));
    }
    if let Some(logprobs) = request.logprobs.as_ref().filter(|_| target.endpoint != request.endpoint) {
        return Err(refusal(
            logprobs.path,
            target,
            "asks for log probabilities, which do not come across",
            "Leave it out, or name a model of a provider with this dialect.",
        ));
    }
    Ok(())
}

const fn is_empty(piece: &Piece) -> bool {
    matches!(&piece.part, Part::Text(text) if text.is_empty())
}

/// The refusal of what stands at `path`.
pub(super) fn refusal(path: impl fmt::Display, target: &Target, why: &str, remedy: &str) -> Fault {
    let path = path.to_string();
    invalid(format!("`{path}` {why}, and `{}` is asked in the dialect of {}.", target.model, target.endpoint))
        .code("not_translatable")
        .param(path)
        .remedy(remedy.to_owned())
}

/// Refuses a file that is stored at the provider of another dialect.
pub(super) fn refuse_foreign_file(piece: &Piece, source: &super::part::MediaSource, request: &Request, target: &Target) -> Result<(), Fault> {
    let is_foreign = matches!(source, super::part::MediaSource::FileId(_)) && request.endpoint.dialect() != target.endpoint.dialect();
    if is_foreign { Err(refused_part(piece, target, "a file that is stored at another provider", "Send the bytes themselves.")) } else { Ok(()) }
}

/// The refusal of a part that the target cannot take (case 75).
pub(super) fn refused_part(piece: &Piece, target: &Target, what: &str, takers: &str) -> Fault {
    let path = if piece.place.path().is_empty() { "messages" } else { piece.place.path() };
    refusal(path, target, &format!("is {what}, which this dialect has no place for"), takers)
}

/// The tier, limit, tools and so on are told for each dialect; the conversation is put in one order for all of them: what the same
/// side says in a row is one turn (case 46).
pub(super) fn turns(messages: &[Message]) -> Vec<(Role, Vec<&Piece>)> {
    let mut turns: Vec<(Role, Vec<&Piece>)> = Vec::new();
    for message in messages {
        match turns.last_mut() {
            Some((role, pieces)) if *role == message.role && *role != Role::System => pieces.extend(&message.parts),
            _ => turns.push((message.role, message.parts.iter().collect())),
        }
    }
    turns
}

/// Results of tools come first in the user's turn (case 46).
pub(super) fn results_first<'a>(pieces: Vec<&'a Piece>, loss: &mut Loss) -> Vec<&'a Piece> {
    let is_result = |piece: &&Piece| matches!(piece.part, Part::ToolResult { .. });
    let ordered = pieces.iter().rposition(is_result).is_none_or(|last| pieces[..last].iter().all(is_result));
    if ordered {
        return pieces;
    }
    let (results, others): (Vec<_>, Vec<_>) = pieces.into_iter().partition(is_result);
    if let Some(other) = others.first() {
        loss.approximated(&other.place, "it stands behind the results of the tools now");
    }
    results.into_iter().chain(others).collect()
}

/// Reports a choice among tools where there are none, which the vendors refuse (case 44).
pub(super) fn drop_choice(request: &Request, loss: &mut Loss) {
    if !request.tools.is_empty() {
        return;
    }
    if request.tool_choice != super::request::ToolChoice::Auto {
        loss.dropped(choice_path(request), "there are no tools to choose among");
    }
    if !request.parallel_tool_calls {
        loss.dropped(parallel_path(request), "there are no tools to call");
    }
}

/// The member of the request that chooses among tools.
pub(super) const fn choice_path(request: &Request) -> &'static str {
    match request.endpoint {
        Endpoint::Generate => "toolConfig.functionCallingConfig",
        Endpoint::Converse => "toolConfig.toolChoice",
        _ => "tool_choice",
    }
}

/// The member of the request that forbids several calls in one turn.
pub(super) const fn parallel_path(request: &Request) -> &'static str {
    match request.endpoint {
        Endpoint::Messages => "tool_choice.disable_parallel_tool_use",
        Endpoint::Converse => "additionalModelRequestFields.tool_choice.disable_parallel_tool_use",
        _ => "parallel_tool_calls",
    }
}

/// The member of the request that gives the form of the answer.
pub(super) const fn format_path(request: &Request) -> &'static str {
    match request.endpoint {
        Endpoint::Responses => "text.format",
        Endpoint::Messages => "output_config.format",
        Endpoint::Generate => "generationConfig.responseMimeType",
        Endpoint::Converse => "outputConfig.textFormat",
        _ => "response_format",
    }
}

/// A member of what the request says of the schema of the answer.
pub(super) fn schema_path(request: &Request, member: &str) -> String {
    match request.endpoint {
        Endpoint::Responses => format!("text.format.{member}"),
        Endpoint::Messages => format!("output_config.format.{member}"),
        Endpoint::Generate if member == "schema" => "generationConfig.responseJsonSchema".to_owned(),
        Endpoint::Generate => format!("generationConfig.{member}"),
        Endpoint::Converse => format!("outputConfig.textFormat.structure.jsonSchema.{member}"),
        _ => format!("response_format.json_schema.{member}"),
    }
}

/// Tells what of a schema's surroundings has no place where a schema stands alone and always holds.
pub(super) fn tell_bare_schema(name: &str, description: Option<&str>, strict: bool, request: &Request, loss: &mut Loss) {
    if !name.is_empty() {
        loss.dropped(schema_path(request, "name"), "a schema has no name there");
    }
    if description.is_some() {
        loss.dropped(schema_path(request, "description"), "a schema has no description there");
    }
    if !strict {
        loss.approximated(schema_path(request, "strict"), "a schema always holds strictly there");
    }
}

/// The member of the request that leaves it to the model how much it thinks.
pub(super) const fn adaptive_path(request: &Request) -> &'static str {
    match request.endpoint {
        Endpoint::Generate => "generationConfig.thinkingConfig.thinkingBudget",
        Endpoint::Converse => "additionalModelRequestFields.thinking.type",
        _ => "thinking.type",
    }
}

/// The member of the request that lists stop texts.
pub(super) const fn stop_path(request: &Request) -> &'static str {
    match request.endpoint {
        Endpoint::Generate => "generationConfig.stopSequences",
        Endpoint::Converse => "inferenceConfig.stopSequences",
        Endpoint::Messages => "stop_sequences",
        _ => "stop",
    }
}

/// Whether a schema is to hold strictly (case 60). Others take schemas as strict ones that OpenAI refuses to.
pub(super) fn strict_there(strict: bool, schema: Option<&serde_json::Value>, request: &Request, path: impl fmt::Display, loss: &mut Loss) -> bool {
    let fits = !strict || request.endpoint.dialect() == crate::Dialect::OpenAi || schema.is_none_or(super::schema::fits_strict);
    if !fits {
        loss.approximated(path, "a strict schema must require every member of every object there, so it is no strict one");
    }
    strict && fits
}

/// Who uses it, in at most 64 characters, as OpenAI takes it (case 53).
pub(super) fn user_there<'a>(user: &'a Asked<String>, loss: &mut Loss) -> std::borrow::Cow<'a, str> {
    let short = super::names::short_id(&user.value, 64);
    if short != user.value {
        loss.approximated(user.path, "it is longer than the 64 characters that are taken there, so its beginning stands with a hash of it");
    }
    short
}

/// Tools that may be called: all, or those that the choice is among.
pub(super) fn tools_offered<'a>(request: &'a Request, loss: &mut Loss) -> Vec<&'a ToolDecl> {
    let super::request::ToolChoice::Among { names, .. } = &request.tool_choice else { return request.tools.iter().collect() };
    loss.approximated(choice_path(request), "the other tools are not declared at all");
    let (offered, others): (Vec<&ToolDecl>, Vec<&ToolDecl>) = request.tools.iter().partition(|tool| names.contains(&tool.name));
    others.iter().for_each(|tool| loss.dropped(&tool.place, "it is not among the tools that may be called"));
    offered
}

/// Reports every sampling setting of `sampling` that `keeps` does not name.
pub(super) fn drop_sampling(sampling: &Sampling, keeps: &[&str], loss: &mut Loss) {
    drop_sampling_because(sampling, keeps, "the dialect has no such setting", loss);
}

/// As [`drop_sampling`], for another reason. What the settings mean without being set is no loss.
pub(super) fn drop_sampling_because(sampling: &Sampling, keeps: &[&str], why: &'static str, loss: &mut Loss) {
    let Sampling { temperature, top_p, top_k, frequency_penalty, presence_penalty, seed, logit_bias, place: _ } = sampling;
    let settings = [
        ("temperature", temperature.is_some()),
        ("top_p", top_p.is_some()),
        ("top_k", top_k.is_some()),
        ("frequency_penalty", frequency_penalty.as_ref().is_some_and(|number| number.as_f64() != Some(0.0))),
        ("presence_penalty", presence_penalty.as_ref().is_some_and(|number| number.as_f64() != Some(0.0))),
        ("seed", seed.is_some()),
        ("logit_bias", logit_bias.as_ref().is_some_and(|bias| !bias.is_empty())),
    ];
    for (name, is_set) in settings {
        if is_set && !keeps.contains(&name) {
            loss.dropped(sampling.path(name), why);
        }
    }
}

/// Why a model that takes no sampling settings loses them.
pub(super) const NO_SAMPLERS: &str = "the model does not take it";

/// Temperature and `top_p` of the dialects that have both, where the model takes them.
pub(super) fn write_samplers(w: &mut Writer, sampling: &Sampling, target: &Target, loss: &mut Loss) {
    if target.takes.samplers == Samplers::None {
        let others = ["top_k", "frequency_penalty", "presence_penalty", "seed", "logit_bias"];
        return drop_sampling_because(sampling, &others, NO_SAMPLERS, loss);
    }
    w.member_of("temperature", sampling.temperature.as_ref());
    w.member_of("top_p", sampling.top_p.as_ref());
}

/// Reports a setting that the dialect does not have.
pub(super) fn drop_asked<T>(asked: Option<&Asked<T>>, loss: &mut Loss) {
    if let Some(asked) = asked {
        loss.dropped(asked.path, "the dialect has no such setting");
    }
}

/// Reports the cache marks of a dialect whose providers cache by themselves (case 43).
pub(super) fn drop_cache(place: &super::loss::Place, cache: Option<CacheLife>, loss: &mut Loss) {
    if cache.is_some() {
        loss.dropped(place.member("cache_control"), "the provider caches prefixes by itself");
    }
}

/// Whether the target thinks at all; what asks for it is reported where it does not.
pub(super) fn thinks(asked: Option<&str>, target: &Target, loss: &mut Loss) -> bool {
    let thinks = target.takes.effort_max > Effort::None;
    if let (false, Some(path)) = (thinks, asked) {
        loss.dropped(path, "the model does not think");
    }
    thinks
}

/// The grade that was asked for, or the one that stands for it where the target does not take it.
pub(super) fn effort_within(effort: &Asked<Effort>, target: &Target, loss: &mut Loss) -> Effort {
    let grade = graded(effort.value, target);
    if grade != effort.value {
        let which = match effort.value {
            asked if asked > target.takes.effort_max => "the highest grade there is",
            asked if asked < target.takes.effort_min => "the lowest grade there is",
            _ => "the nearest grade there is",
        };
        loss.approximated(effort.path, format!("{which} `{}`", grade.name()));
    }
    grade
}

/// The grade that the target takes for `effort`: within its bounds, and for one that it does not know the next lower, or the lowest of
/// all with which it thinks.
pub(super) fn graded(effort: Effort, target: &Target) -> Effort {
    let takes = &target.takes;
    let bound = effort.min(takes.effort_max).max(takes.effort_min);
    if !takes.effort_gaps.contains(&bound) {
        return bound;
    }
    let known = || Effort::ALL.iter().map(|(grade, _)| *grade).filter(|grade| *grade > Effort::None && !takes.effort_gaps.contains(grade));
    known().rfind(|grade| *grade < bound).or_else(|| known().find(|grade| *grade > bound)).unwrap_or(bound)
}

/// Which share of the output limit each grade of effort thinks at most, after the table that OpenRouter publishes ("Reasoning tokens"
/// in its documentation); `xhigh` and `max` by its 95 %.
pub(super) const EFFORT_SHARES: [(Effort, f64); 6] =
    [(Effort::Minimal, 0.1), (Effort::Low, 0.2), (Effort::Medium, 0.5), (Effort::High, 0.8), (Effort::XHigh, 0.95), (Effort::Max, 0.95)];

/// The grade whose share of the output limit is nearest to a budget of thinking tokens, at most `high`.
pub(super) fn effort_of_budget(budget: u64, output_limit: u64) -> Effort {
    #[expect(clippy::cast_precision_loss, reason = "counts of tokens are far below 2^52")]
    let share = budget as f64 / output_limit.max(1) as f64;
    let distance = |grade: &&(Effort, f64)| (grade.1 - share).abs();
    let nearest = EFFORT_SHARES[..4].iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
    nearest.map_or(Effort::Medium, |(effort, _)| *effort)
}

/// The signature as its own family wrote it, where it is `family`'s.
pub(super) fn signature_for<'a>(request: &Request, sealed: &'a str, family: Family) -> Option<&'a str> {
    unseal(request.endpoint, sealed).filter(|(made_by, _)| *made_by == family).map(|(_, raw)| raw)
}

/// A number within a range that the dialect allows.
pub(super) fn within(number: &Number, most: f64, path: &str, loss: &mut Loss) -> Number {
    if number.as_f64().is_some_and(|value| value > most) {
        loss.approximated(path, format!("the highest value there is {most}"));
        return Number::from_f64(most).unwrap_or_else(|| number.clone());
    }
    number.clone()
}

/// Words as both of OpenAI's dialects write them, but for the name of a text part. False where the part is none.
pub(super) fn write_said(w: &mut Writer, piece: &Piece, text_type: &str, loss: &mut Loss) -> bool {
    let text = |w: &mut Writer, words: &str| {
        w.member("type", text_type);
        w.member_text("text", words);
    };
    match &piece.part {
        Part::Text(words) => text(w, words),
        Part::Cited { text: words, .. } => {
            loss.dropped(piece.place.member("citations"), "citations are not taken back there");
            text(w, words);
        }
        Part::Refusal(words) => {
            w.member("type", "refusal");
            w.member_text("refusal", words);
        }
        Part::Document { title, text: words } => {
            loss.approximated(&piece.place, "a document is text between marks there");
            text(w, &document_text(title.as_deref(), words));
        }
        _ => return false,
    }
    true
}

/// The text of a document that has no place of its own in the dialect.
pub(super) fn document_text(title: Option<&str>, text: &str) -> String {
    match title {
        Some(title) => format!("<document title=\"{}\">\n{text}\n</document>", title.replace('"', "'")),
        None => format!("<document>\n{text}\n</document>"),
    }
}

/// An instruction in the middle of a conversation, for dialects that have them at the top alone (case 20).
pub(super) fn instruction_text(text: &str) -> String {
    format!("<system>\n{text}\n</system>")
}

/// A demand for JSON, for dialects that know it only with a schema.
pub(super) const JSON_ONLY: &str = "Answer with one JSON object and nothing else.";
