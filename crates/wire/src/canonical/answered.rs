//! Calls of tools that nobody answered (case 46): no vendor takes a conversation that goes on behind one.

use super::loss::Loss;
use super::part::{Part, Piece};
use super::request::{Message, Request, Role};
use std::borrow::Cow;
use std::collections::HashSet;

/// What stands in the place of a result that there is none of.
const NO_RESULT: &str = "(There is no result of this call.)";

/// The request with a result for each call behind which the conversation goes on.
pub(super) fn answered<'r>(request: Cow<'r, Request>, loss: &mut Loss) -> Cow<'r, Request> {
    let messages = &request.messages;
    let results: HashSet<&str> = messages.iter().flat_map(|message| &message.parts).filter_map(result_of).collect();
    let Some(last) = messages.iter().rposition(|message| message.role != Role::Assistant) else { return request };
    let is_open = |piece: &&Piece| matches!(&piece.part, Part::ToolUse { id, .. } if !results.contains(id.as_str()));
    let open: Vec<(usize, Message)> =
        (0..last).filter_map(|at| Some((behind(messages, at), results_of(messages[at].parts.iter().filter(is_open), loss)?))).collect();
    if open.is_empty() {
        return request;
    }
    let mut request = request.into_owned();
    for (at, results) in open.into_iter().rev() {
        request.messages.insert(at, results);
    }
    Cow::Owned(request)
}

fn result_of(piece: &Piece) -> Option<&str> {
    if let Part::ToolResult { id, .. } = &piece.part { Some(id) } else { None }
}

/// The place behind the turn of the model that the message is part of.
fn behind(messages: &[Message], at: usize) -> usize {
    at + messages[at..].iter().take_while(|message| message.role == Role::Assistant).count()
}

fn results_of<'a>(calls: impl Iterator<Item = &'a Piece>, loss: &mut Loss) -> Option<Message> {
    let parts: Vec<Piece> = calls
        .filter_map(|call| {
            let Part::ToolUse { id, kind, .. } = &call.part else { return None };
            loss.approximated(&call.place, "nobody answered the call, and that is said in the place of a result");
            let content = vec![Part::Text(NO_RESULT.to_owned()).into()];
            Some(Piece { part: Part::ToolResult { id: id.clone(), kind: *kind, content, is_error: false }, cache: None, place: call.place.clone() })
        })
        .collect();
    (!parts.is_empty()).then_some(Message { role: Role::User, parts })
}
