//! The stream of a Messages answer.

use super::{Hear, Heard};
use crate::canonical::decode_messages::read_citation;
use crate::canonical::exact;
use crate::canonical::loss::Loss;
use crate::canonical::object::Object;
use crate::canonical::part::Citation;
use crate::canonical::read_reply::{broken, messages_stop};
use crate::canonical::request::ToolKind;
use crate::canonical::stream::Delta;
use jeton_core::Fault;

#[derive(Debug, Default)]
pub(super) struct MessagesReader {
    started: bool,
    open: Option<(u64, Block)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Text,
    Thinking,
    Tool,
    /// What is whole as it opens.
    Whole,
    /// A block that has no counterpart: the provider's own tools (case 40).
    PassedOver,
}

impl MessagesReader {
    /// True where it was the last event.
    pub(super) fn read(&mut self, mut event: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<bool, Fault> {
        let kind = event.peek_text("type").to_owned();
        event.ignore("type");
        match kind.as_str() {
            "message_start" => self.start(event, loss, hear)?,
            "content_block_start" => self.begin(event, loss, hear)?,
            "content_block_delta" => self.delta(event, loss, hear)?,
            "content_block_stop" => {
                self.expect_open(event.count("index")?)?;
                self.open = None;
                hear(Heard::Delta(Delta::EndPart));
                event.rest(loss);
            }
            "message_delta" => {
                if !self.started || self.open.is_some() {
                    return Err(broken("`message_delta` comes before its time"));
                }
                // It is the meter's (case 33).
                event.ignore("usage");
                event.need_object("delta", |mut delta| {
                    let matched = delta.text("stop_sequence")?;
                    if let Some(word) = delta.text("stop_reason")? {
                        hear(Heard::Stop(messages_stop(&word, matched, loss)));
                    }
                    delta.rest(loss);
                    Ok(())
                })?;
                event.rest(loss);
            }
            "message_stop" => {
                if !self.started || self.open.is_some() {
                    return Err(broken("`message_stop` comes before its time"));
                }
                hear(Heard::End);
                event.rest(loss);
                return Ok(true);
            }
            "ping" => {}
            // Case 31: unknown events are tolerated, and told.
            unknown => loss.dropped(format!("events[type={unknown}]"), "the event is not known to Jeton"),
        }
        Ok(false)
    }

    /// Case 30.
    fn start(&mut self, mut event: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        if std::mem::replace(&mut self.started, true) {
            return Err(broken("`message_start` comes twice"));
        }
        event.need_object("message", |mut message| {
            let (id, model) = (message.text("id")?.unwrap_or_default(), message.text("model")?.unwrap_or_default());
            hear(Heard::Start { id: &id, model: &model, created: None });
            for name in ["type", "role", "content", "stop_reason", "stop_sequence", "usage"] {
                message.ignore(name);
            }
            message.rest(loss);
            Ok(())
        })?;
        event.rest(loss);
        Ok(())
    }

    /// Case 29: a block is closed before the next opens.
    fn begin(&mut self, mut event: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        let index = event.count("index")?.unwrap_or(0);
        if !self.started || self.open.is_some() {
            return Err(broken(format!("block {index} opens where none may")));
        }
        let block = event.need_object("content_block", |mut block| {
            let kind = block.peek_text("type").to_owned();
            block.ignore("type");
            let open = match kind.as_str() {
                "text" => {
                    hear_text(block.text("text")?, hear);
                    block.list("citations")?.iter().map(read_citation).for_each(|citation| hear(Heard::Delta(Delta::Citation(&citation))));
                    Block::Text
                }
                "thinking" => {
                    if let Some(text) = block.text("thinking")?.filter(|text| !text.is_empty()) {
                        hear(Heard::Delta(Delta::Thinking(&text)));
                    }
                    hear_signature(block.text("signature")?, hear);
                    Block::Thinking
                }
                "redacted_thinking" => {
                    hear(Heard::Delta(Delta::RedactedThinking(&block.need_text("data")?)));
                    Block::Whole
                }
                "tool_use" => {
                    let (id, name) = (block.need_text("id")?, block.need_text("name")?);
                    hear(Heard::Delta(Delta::ToolUse { id: &id, name: &name, kind: ToolKind::Function }));
                    // The vendor begins with an empty object; a server that does not stream arguments has them here.
                    let input = block.members_of("input")?.filter(|input| !input.is_empty());
                    if let Some(input) = input {
                        hear(Heard::Delta(Delta::Arguments(&exact::text(&serde_json::Value::Object(input)))));
                    }
                    Block::Tool
                }
                _ => {
                    loss.dropped(format!("content[type={kind}]"), "what the provider's own tools did has no counterpart");
                    return Ok(Block::PassedOver);
                }
            };
            block.rest(loss);
            Ok(open)
        })?;
        self.open = Some((index, block));
        event.rest(loss);
        Ok(())
    }

    fn delta(&mut self, mut event: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        let block = self.expect_open(event.count("index")?)?;
        event.need_object("delta", |mut delta| {
            let kind = delta.peek_text("type").to_owned();
            delta.ignore("type");
            match (kind.as_str(), block) {
                (_, Block::PassedOver) => return Ok(()),
                ("text_delta", Block::Text) => hear_text(delta.text("text")?, hear),
                ("thinking_delta", Block::Thinking) => {
                    let text = delta.text("thinking")?.unwrap_or_default();
                    if !text.is_empty() {
                        hear(Heard::Delta(Delta::Thinking(&text)));
                    }
                }
                ("signature_delta", Block::Thinking) => hear_signature(delta.text("signature")?, hear),
                // Case 34: fragments are cut anywhere, and the first is empty.
                ("input_json_delta", Block::Tool) => {
                    let text = delta.text("partial_json")?.unwrap_or_default();
                    if !text.is_empty() {
                        hear(Heard::Delta(Delta::Arguments(&text)));
                    }
                }
                // Case 41.
                ("citations_delta", Block::Text) => {
                    if let Some(citation) = delta.take("citation") {
                        let citation: Citation = read_citation(&citation);
                        hear(Heard::Delta(Delta::Citation(&citation)));
                    }
                }
                (known @ ("text_delta" | "thinking_delta" | "signature_delta" | "input_json_delta" | "citations_delta"), _) => {
                    return Err(broken(format!("a `{known}` stands in a block of another kind")));
                }
                (unknown, _) => {
                    loss.dropped(format!("delta[type={unknown}]"), "the delta is not known to Jeton");
                    return Ok(());
                }
            }
            delta.rest(loss);
            Ok(())
        })?;
        event.rest(loss);
        Ok(())
    }

    fn expect_open(&self, index: Option<u64>) -> Result<Block, Fault> {
        let index = index.unwrap_or(0);
        match self.open {
            Some((open, block)) if open == index => Ok(block),
            _ => Err(broken(format!("something comes for block {index}, which is not open"))),
        }
    }
}

fn hear_text(text: Option<String>, hear: &mut Hear<'_>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        hear(Heard::Delta(Delta::Text(&text)));
    }
}

/// Case 35: whole, just before its block stops.
fn hear_signature(signature: Option<String>, hear: &mut Hear<'_>) {
    if let Some(signature) = signature.filter(|signature| !signature.is_empty()) {
        hear(Heard::Delta(Delta::Signature(&signature)));
    }
}
