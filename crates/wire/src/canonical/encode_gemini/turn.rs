//! The turns of a conversation as the API wants them: which part bears which signature, and results in the order of their calls.

use super::Context;
use crate::canonical::encode::{drop_cache, signature_for};
use crate::canonical::loss::Loss;
use crate::canonical::part::{MediaSource, Part, Piece};
use crate::canonical::request::Role;
use crate::canonical::signature::Family;
use crate::{Dialect, Endpoint};

/// What Google documents for a call that another model made, or whose signature is lost ("Thought signatures").
const UNSIGNED: &str = "skip_thought_signature_validator";

/// A part to be written.
pub(super) struct Item<'a> {
    pub(super) block: Block<'a>,
    /// The signature that stands on it.
    pub(super) signature: Option<&'a str>,
}

pub(super) enum Block<'a> {
    Piece(&'a Piece),
    Text(String),
}

impl<'a> Item<'a> {
    pub(super) const fn text(text: String) -> Self {
        Self { block: Block::Text(text), signature: None }
    }

    const fn of(piece: &'a Piece) -> Self {
        Self { block: Block::Piece(piece), signature: None }
    }

    /// The piece that it was made of.
    pub(super) const fn piece(&self) -> Option<&'a Piece> {
        match self.block {
            Block::Piece(piece) => Some(piece),
            Block::Text(_) => None,
        }
    }

    fn is_call(&self) -> bool {
        matches!(self.piece(), Some(Piece { part: Part::ToolUse { .. }, .. }))
    }

    fn is_result(&self) -> bool {
        matches!(self.piece(), Some(Piece { part: Part::ToolResult { .. }, .. }))
    }

    fn is_text(&self) -> bool {
        matches!(self.piece(), Some(Piece { part: Part::Text(_) | Part::Cited { .. } | Part::Refusal(_), .. }))
    }
}

/// The model's turn, each signature on the part that it stood on: on the call directly behind it, or else on the text before it.
pub(super) fn model_turn<'a>(pieces: Vec<&'a Piece>, context: &Context<'a>, loss: &mut Loss) -> Vec<Item<'a>> {
    let mut items: Vec<Item<'a>> = Vec::with_capacity(pieces.len());
    let mut of_call: Option<&'a str> = None;
    // The others, and how many items stand before each.
    let mut waiting: Vec<(usize, &'a str)> = Vec::new();
    for (index, &piece) in pieces.iter().enumerate() {
        drop_cache(&piece.place, piece.cache, loss);
        match &piece.part {
            Part::Text(text) | Part::Refusal(text) if text.is_empty() => {}
            Part::Thinking { text, signature } => {
                let own = signature.as_deref().and_then(|sealed| signature_for(context.request, sealed, Family::Gemini));
                // What the model thought is given back with its signature; in this dialect itself also without.
                let is_kept = own.is_some() || (signature.is_none() && context.request.endpoint == Endpoint::Generate);
                let says_nothing = text.is_empty() && signature.is_none();
                if !(is_kept || says_nothing) {
                    loss.dropped(&piece.place, "reasoning without a signature of this family is not taken back");
                }
                if is_kept && !text.is_empty() {
                    items.push(Item::of(piece));
                }
                match own {
                    Some(signature) if is_call_next(&pieces[index + 1..]) => of_call = Some(signature),
                    _ => waiting.extend(own.map(|signature| (items.len(), signature))),
                }
            }
            Part::RedactedThinking(_) => loss.dropped(&piece.place, "reasoning without a signature of this family is not taken back"),
            Part::Other { kind, .. } if context.request.endpoint.dialect() != Dialect::Gemini => {
                loss.dropped(&piece.place, format!("what another provider's `{kind}` left has no counterpart"));
            }
            Part::Embedding(_) => {}
            Part::ToolUse { .. } => items.push(Item { block: Block::Piece(piece), signature: of_call.take() }),
            _ => items.push(Item::of(piece)),
        }
    }
    sign_others(&mut items, waiting);
    items
}

fn is_call_next(behind: &[&Piece]) -> bool {
    let is_empty = |piece: &&&Piece| matches!(&piece.part, Part::Text(text) | Part::Refusal(text) if text.is_empty());
    behind.iter().find(|piece| !is_empty(piece)).is_some_and(|piece| matches!(piece.part, Part::ToolUse { .. }))
}

/// Signatures that no call follows directly; each with the count of items before it. They come behind the text that they stood on. Where
/// there is none, they were put first (a dialect without a place for them does so): the first call that has none is theirs.
fn sign_others<'a>(items: &mut Vec<Item<'a>>, waiting: Vec<(usize, &'a str)>) {
    let mut alone = Vec::new();
    for (at, signature) in waiting {
        let text = items[..at].iter().rposition(|item| item.is_text() && item.signature.is_none());
        let call = || items[at..].iter().position(|item| item.is_call() && item.signature.is_none());
        let later = || items[at..].iter().position(|item| item.is_text() && item.signature.is_none());
        match text.or_else(|| call().or_else(later).map(|behind| at + behind)) {
            Some(index) => items[index].signature = Some(signature),
            None => alone.push((at, signature)),
        }
    }
    // From the last, so that the places of the others stay right.
    for (at, signature) in alone.into_iter().rev() {
        items.insert(at, Item { block: Block::Text(String::new()), signature: Some(signature) });
    }
}

/// The user's turn: results first, in the order of the calls that they answer, for ids are not sent; Vertex AI refuses them.
pub(super) fn user_turn<'a>(pieces: Vec<&'a Piece>, context: &Context<'a>, loss: &mut Loss) -> Vec<Item<'a>> {
    let mut items: Vec<Item<'a>> = Vec::with_capacity(pieces.len());
    let mut behind = Vec::new();
    for piece in pieces {
        drop_cache(&piece.place, piece.cache, loss);
        match &piece.part {
            Part::Text(text) if text.is_empty() => {}
            Part::ToolResult { content, .. } => {
                for inner in content {
                    drop_cache(&inner.place, inner.cache, loss);
                    if matches!(inner.part, Part::Media(_)) && !stands_in_result(inner, context) {
                        loss.approximated(&inner.place, "it stands in the user's turn behind the result");
                        behind.push(Item::of(inner));
                    }
                }
                items.push(Item::of(piece));
            }
            _ => items.push(Item::of(piece)),
        }
    }
    let results = items.iter().filter(|item| item.is_result()).count();
    if let Some(other) = items[..results].iter().find(|item| !item.is_result()).and_then(Item::piece) {
        loss.approximated(&other.place, "it stands behind the results of the tools now");
    }
    items.sort_by_key(|item| match item.piece().map(|piece| &piece.part) {
        Some(Part::ToolResult { id, .. }) => (false, context.results.place(id)),
        _ => (true, 0),
    });
    items.splice(results..results, behind);
    items
}

/// Whether a medium can stand in the result of a function: its bytes, and for models of the third generation.
pub(super) fn stands_in_result(piece: &Piece, context: &Context<'_>) -> bool {
    matches!(&piece.part, Part::Media(media) if context.is_graded() && matches!(media.source, MediaSource::Base64 { .. }))
}

/// Gemini 3 refuses a turn that goes on with a call whose signature is missing: since the user last spoke, the first call of each step
/// must have one.
pub(super) fn sign_calls(turns: &mut [(Role, Vec<Item<'_>>)]) {
    let asked = turns.iter().rposition(|(role, items)| *role == Role::User && !items.first().is_some_and(Item::is_result));
    for (_, items) in turns[asked.unwrap_or(0)..].iter_mut().filter(|(role, _)| *role == Role::Assistant) {
        if let Some(first) = items.iter_mut().find(|item| item.is_call()) {
            first.signature.get_or_insert(UNSIGNED);
        }
    }
}
