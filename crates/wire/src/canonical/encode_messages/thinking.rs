//! How much a model is to think, and the reasoning that it is given back (cases 36, 37 and 49).

use super::Block;
use crate::Endpoint;
use crate::canonical::encode::{EFFORT_SHARES, effort_of_budget, effort_within, graded, signature_for, thinks};
use crate::canonical::encode_converse::signs_for_bedrock;
use crate::canonical::loss::Loss;
use crate::canonical::part::{Part, Piece};
use crate::canonical::request::{Effort, Reasoning, Request, Role, ToolChoice};
use crate::canonical::signature::Family;
use crate::canonical::target::Target;
use crate::canonical::writer::Writer;

/// The least budget for thinking (case 49), in tokens.
const THINKING_TOKENS_MIN: u64 = 1024;

/// What the model is told to do about thinking.
pub(in crate::canonical) enum Thinking {
    Off,
    Budget(u64),
    Adaptive(Option<Effort>),
}

/// Reasoning that this family signed.
pub(in crate::canonical) enum OwnThinking<'a> {
    Shown { text: &'a str, signature: &'a str },
    Redacted(&'a str),
}

/// The reasoning of a part, where the family of the target's model signed it.
pub(in crate::canonical) fn own_thinking<'a>(part: &'a Part, request: &Request, target: &Target) -> Option<OwnThinking<'a>> {
    let (shown, redacted) = match target.endpoint == Endpoint::Converse && signs_for_bedrock(&target.model) {
        true => (Family::Bedrock, Family::BedrockRedacted),
        false => (Family::Anthropic, Family::AnthropicRedacted),
    };
    match part {
        Part::Thinking { text, signature: Some(signature) } => match signature_for(request, signature, redacted) {
            Some(data) => Some(OwnThinking::Redacted(data)),
            None => Some(OwnThinking::Shown { text, signature: signature_for(request, signature, shown)? }),
        },
        // Reasoning that shows nothing has no other form there.
        Part::RedactedThinking(data) if request.endpoint == Endpoint::Responses && shown == Family::Bedrock => {
            let hidden = signature_for(request, data, redacted).map(OwnThinking::Redacted);
            hidden.or_else(|| Some(OwnThinking::Shown { text: "", signature: signature_for(request, data, shown)? }))
        }
        Part::RedactedThinking(data) if request.endpoint == Endpoint::Responses => signature_for(request, data, redacted).map(OwnThinking::Redacted),
        Part::RedactedThinking(data) => signature_for(request, data, redacted).or_else(|| signature_for(request, data, shown)).map(OwnThinking::Redacted),
        _ => None,
    }
}

/// Case 49: how much the model is to think, within what the API takes.
pub(in crate::canonical) fn thinking(request: &Request, target: &Target, limit: u64, turns: &[(Role, Vec<Block<'_>>)], loss: &mut Loss) -> Thinking {
    let Reasoning { effort, budget_tokens, is_adaptive, is_shown, summary, is_encrypted: _ } = &request.reasoning;
    if let Some(summary) = summary.as_ref().filter(|summary| summary.value != "auto") {
        loss.approximated(summary.path, "how reasoning is summed up cannot be chosen");
    }
    let is_off = effort.as_ref().is_some_and(|effort| effort.value == Effort::None);
    if is_off || (effort.is_none() && budget_tokens.is_none() && !is_adaptive && !is_shown) {
        return Thinking::Off;
    }
    let path = effort.as_ref().map(|effort| effort.path).or(budget_tokens.as_ref().map(|budget| budget.path)).unwrap_or("reasoning");
    if !thinks(Some(path), target, loss) {
        return Thinking::Off;
    }
    let mut off = |why: &'static str| {
        loss.dropped(path, why);
        Thinking::Off
    };
    if matches!(request.tool_choice, ToolChoice::Required | ToolChoice::Tool(_) | ToolChoice::Among { is_required: true, .. }) {
        return off("a model that must call a tool does not think there");
    }
    if goes_on_without_thought(turns, request, target) {
        return off("the turn that goes on has no signed reasoning at its beginning");
    }
    match budget_tokens {
        None if target.takes.adaptive_thinking => return Thinking::Adaptive(effort.as_ref().map(|effort| effort_within(effort, target, loss))),
        Some(budget) if !target.takes.thinking_budget => {
            loss.approximated(budget.path, "the model itself decides how much it thinks, at the grade nearest to the budget");
            return Thinking::Adaptive(Some(graded(effort_of_budget(budget.value, limit), target)));
        }
        _ => {}
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

/// Whether the model would go on with a turn that begins with a tool call instead of its reasoning, which the API refuses (case 36). All
/// calls of tools since the user last spoke are one turn: behind a result the model may call the next tool without a thought.
fn goes_on_without_thought(turns: &[(Role, Vec<Block<'_>>)], request: &Request, target: &Target) -> bool {
    let is_result = |block: &Block<'_>| matches!(block, Block::Piece(Piece { part: Part::ToolResult { .. }, .. }));
    let thinks = |block: &Block<'_>| matches!(block, Block::Piece(piece) if own_thinking(&piece.part, request, target).is_some());
    let answers = |turn: &(Role, Vec<Block<'_>>)| turn.0 == Role::User && turn.1.iter().any(is_result);
    if !turns.last().is_some_and(answers) {
        return false;
    }
    let begun = turns.iter().rposition(|turn| turn.0 == Role::User && !answers(turn)).map_or(0, |asked| asked + 1);
    turns[begun..].iter().find(|(role, _)| *role == Role::Assistant).is_some_and(|(_, turn)| !turn.first().is_some_and(thinks))
}

/// Writes what was settled; gives back the grade that stands elsewhere, beside the format of the answer.
pub(in crate::canonical) fn write_thinking(w: &mut Writer, thinking: &Thinking) -> Option<Effort> {
    match thinking {
        Thinking::Off => None,
        Thinking::Budget(tokens) => {
            w.member_object("thinking", |w| {
                w.member("type", "enabled");
                w.member("budget_tokens", tokens);
            });
            None
        }
        Thinking::Adaptive(wished) => {
            w.member_object("thinking", |w| w.member("type", "adaptive"));
            *wished
        }
    }
}
