//! Bedrock's Converse: a whole answer in the canonical form.

use super::decode_converse::read_list;
use super::loss::Loss;
use super::object::Object;
use super::reply::{Reply, StopReason};
use jeton_core::{Fault, FaultKind};
use serde_json::Value;

/// Fills `reply` from the document.
///
/// # Errors
/// A complaint about the document.
pub(super) fn fill(reply: &mut Reply, root: &mut Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let pieces = root.need_object("output", |mut output| {
        let pieces = output.need_object("message", |mut message| {
            message.ignore("role");
            let pieces = read_list(&mut message, "content", loss)?;
            message.rest(loss);
            Ok(pieces)
        })?;
        output.rest(loss);
        Ok(pieces)
    })?;
    reply.parts = pieces.into_iter().map(|piece| piece.part).collect();
    let word = root.need_text("stopReason")?;
    let matched = matched_stop(root, loss)?;
    reply.stop = stop(&word, matched, loss)?;
    forget_figures(root);
    Ok(())
}

/// Case 50: the stop text that was met, which is told on demand alone. A stream has it one step deeper.
pub(super) fn matched_stop(root: &mut Object<'_>, loss: &mut Loss) -> Result<Option<String>, Fault> {
    let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
    let matched = root.object("additionalModelResponseFields", |mut fields| {
        let plain = text(fields.take("stop_sequence"));
        let deeper = fields.object("delta", |mut delta| {
            let deeper = text(delta.take("stop_sequence"));
            delta.rest(loss);
            Ok(deeper)
        })?;
        fields.rest(loss);
        Ok(plain.or(deeper.flatten()))
    })?;
    Ok(matched.flatten())
}

/// Case 51. A word that is not known ends the turn, and is reported.
///
/// # Errors
/// Where the model's own words broke the rules: what is there is no answer, and a call in it may be torn.
pub(super) fn stop(word: &str, matched: Option<String>, loss: &mut Loss) -> Result<StopReason, Fault> {
    Ok(match word {
        "end_turn" => StopReason::EndTurn,
        "tool_use" => StopReason::ToolUse,
        "max_tokens" => StopReason::MaxTokens,
        "stop_sequence" => StopReason::StopSequence(matched.unwrap_or_default()),
        "guardrail_intervened" | "content_filtered" | "refusal" => StopReason::Refusal,
        "model_context_window_exceeded" => StopReason::ContextWindowExceeded,
        "malformed_model_output" | "malformed_tool_use" => {
            let what = if word == "malformed_tool_use" { "call of a tool" } else { "output" };
            let why = format!("The provider gave the answer up ({word}): The model's {what} cannot be read.");
            return Err(Fault::new(FaultKind::UpstreamFailed, why).code(word.to_owned()));
        }
        _ => {
            loss.dropped("stopReason", "the word is not known to Jeton");
            StopReason::EndTurn
        }
    })
}

/// Members that are the meter's or the ledger's, or that say how the provider works.
pub(super) fn forget_figures(root: &mut Object<'_>) {
    for name in ["usage", "metrics", "trace", "performanceConfig", "serviceTier"] {
        root.ignore(name);
    }
}
