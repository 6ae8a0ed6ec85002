//! The signed reasoning of a turn that calls tools: what must come back with the tools' results (case 36), for clients whose dialect has
//! no place for it.

use super::loss::Place;
use super::part::{Part, Piece};
use super::request::{Request, Role};
use super::stream::Delta;
use serde::{Deserialize, Serialize};

/// The signed thoughts of one turn, and the tool calls by which the turn is known again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedTurn {
    calls: Vec<String>,
    thoughts: Vec<Thought>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Thought {
    /// What was shown, and its signature once that has come.
    Shown { text: String, signature: Option<String> },
    /// What was hidden.
    Hidden { data: String },
}

impl SignedTurn {
    /// Of the parts of an answer, as the caller gets them.
    pub(super) fn of(parts: &[Part]) -> Self {
        let mut turn = Self::default();
        for part in parts {
            match part {
                Part::Thinking { text, signature } => turn.thoughts.push(Thought::Shown { text: text.clone(), signature: signature.clone() }),
                Part::RedactedThinking(data) => turn.thoughts.push(Thought::Hidden { data: data.clone() }),
                Part::ToolUse { id, .. } => turn.calls.push(id.clone()),
                _ => {}
            }
        }
        turn
    }

    /// Takes in the next piece of an answer that is told to the caller.
    pub(super) fn hear(&mut self, delta: &Delta<'_>) {
        match *delta {
            Delta::Thinking(more) => match self.thoughts.last_mut() {
                Some(Thought::Shown { text, signature: None }) => text.push_str(more),
                _ => self.thoughts.push(Thought::Shown { text: more.to_owned(), signature: None }),
            },
            Delta::Signature(whole) => match self.thoughts.last_mut() {
                Some(Thought::Shown { signature: signature @ None, .. }) => *signature = Some(whole.to_owned()),
                _ => self.thoughts.push(Thought::Shown { text: String::new(), signature: Some(whole.to_owned()) }),
            },
            Delta::RedactedThinking(data) => self.thoughts.push(Thought::Hidden { data: data.to_owned() }),
            Delta::ToolUse { id, .. } => self.calls.push(id.to_owned()),
            _ => {}
        }
    }

    /// Whether it must be kept: a turn without tool calls does not go on, and a thought that nobody signed is no proof of anything.
    #[must_use]
    pub fn must_be_kept(&self) -> bool {
        let is_signed = |thought: &Thought| !matches!(thought, Thought::Shown { signature: None, .. });
        !self.calls.is_empty() && self.thoughts.iter().any(is_signed)
    }

    /// The ids of its tool calls, by any of which it is known again.
    #[must_use]
    pub fn calls(&self) -> &[String] {
        &self.calls
    }

    fn pieces(self) -> impl Iterator<Item = Part> {
        self.thoughts.into_iter().filter_map(|thought| match thought {
            Thought::Shown { signature: None, .. } => None,
            Thought::Shown { text, signature } => Some(Part::Thinking { text, signature }),
            Thought::Hidden { data } => Some(Part::RedactedThinking(data)),
        })
    }
}

/// What a loss is told of that was put back and goes to another family: the caller did not send it.
pub const KEPT_REASONING: &str = "kept_reasoning";

/// Puts signed thoughts back at the beginning of each turn that calls tools and has none, in place of what was shown of them. Messages of
/// the model that follow each other are one turn. `find` gives the turn that a tool call belongs to. How many turns got theirs back.
pub fn put_back(request: &mut Request, mut find: impl FnMut(&str) -> Option<SignedTurn>) -> usize {
    let mut found = 0;
    for turn in request.messages.chunk_by_mut(|one, next| one.role == next.role).filter(|turn| turn[0].role == Role::Assistant) {
        let is_signed = |piece: &Piece| matches!(&piece.part, Part::Thinking { signature: Some(_), .. } | Part::RedactedThinking(_));
        let mut pieces = turn.iter().flat_map(|message| &message.parts);
        if pieces.clone().any(is_signed) {
            continue;
        }
        let call = pieces.find_map(|piece| if let Part::ToolUse { id, .. } = &piece.part { Some(id.clone()) } else { None });
        let Some(call) = call else { continue };
        let Some(signed) = find(&call) else { continue };
        let place = Place::made(format!("{KEPT_REASONING}[{call}]"));
        turn.iter_mut().for_each(|message| message.parts.retain(|piece| !matches!(piece.part, Part::Thinking { .. })));
        turn[0].parts.splice(0..0, signed.pieces().map(|part| Piece { part, cache: None, place: place.clone() }));
        found += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Endpoint;
    use crate::canonical::read_request;
    use crate::canonical::request::{Message, ToolKind};

    #[test]
    fn case_36_signed_thoughts_come_back_before_the_calls_that_they_led_to() {
        let mut turn = SignedTurn::default();
        for delta in [
            Delta::Thinking("H"),
            Delta::Thinking("m."),
            Delta::Signature("EqQB"),
            Delta::RedactedThinking("Zm9v"),
            Delta::Text("Let me look."),
            Delta::ToolUse { id: "toolu_1", name: "f", kind: ToolKind::Function },
        ] {
            turn.hear(&delta);
        }
        let call = Part::ToolUse { id: "toolu_1".into(), name: "f".into(), kind: ToolKind::Function, arguments_json: "{}".into() };
        let parts = [Part::Thinking { text: "Hm.".into(), signature: Some("EqQB".into()) }, Part::RedactedThinking("Zm9v".into()), call];
        assert_eq!(turn, SignedTurn::of(&parts), "heard and read it is the same");
        assert!(turn.must_be_kept() && !SignedTurn::of(&parts[..2]).must_be_kept() && !SignedTurn::of(&parts[2..]).must_be_kept());
        let body = br#"{"model":"m","messages":[{"role":"user","content":"Hi"},
            {"role":"assistant","content":"Let me look.","reasoning_content":"Hm.","tool_calls":[{"id":"toolu_1","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"toolu_1","content":"done"}]}"#;
        let (mut request, _) = read_request(Endpoint::Chat, body).unwrap();
        assert_eq!(put_back(&mut request, |id| (id == "toolu_1").then(|| turn.clone())), 1);
        assert_eq!(request.messages[1].parts[..2], parts[..2]);
        assert_eq!(request.messages[1].parts.len(), 4);
        assert_eq!(put_back(&mut request, |_| Some(turn.clone())), 0, "what is signed already stays");
        let calls = request.messages[1].parts.split_off(2);
        request.messages.insert(2, Message { role: Role::Assistant, parts: calls });
        assert_eq!(put_back(&mut request, |_| Some(turn.clone())), 0, "messages that follow each other are one turn");
    }
}
