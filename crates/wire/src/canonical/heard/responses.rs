//! The stream of a Responses answer.

use super::{Hear, Heard};
use crate::canonical::decode_messages::read_citation;
use crate::canonical::loss::Loss;
use crate::canonical::object::Object;
use crate::canonical::part::{Part, Piece};
use crate::canonical::read_reply::{broken, forget_repeated, output_item, responses_stop};
use crate::canonical::request::ToolKind;
use crate::canonical::stream::{Delta, part_deltas};
use crate::error::read_embedded;
use jeton_core::Fault;

#[derive(Debug, Default)]
pub(super) struct ResponsesReader {
    started: bool,
    open: Option<Item>,
    /// Items begun so far.
    items: u64,
    /// The calls begun so far, by their ids.
    calls: Vec<String>,
}

#[derive(Debug)]
struct Item {
    output_index: u64,
    kind: Kind,
    /// What the item said so far in text or arguments. A server may say all, or the rest, at the end only.
    said: String,
    /// Where in it the open part begins.
    part_from: usize,
    /// The part of a summary that is being told.
    summary_index: u64,
    /// Whether anything of the item was told.
    told: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Message,
    Call,
    Reasoning,
    /// An item that has no counterpart: the provider's own tools (case 40).
    PassedOver,
}

/// What a text is.
#[derive(Clone, Copy, Debug)]
enum Said {
    Text,
    Refusal,
    Arguments,
}

impl Said {
    const fn delta(self, text: &str) -> Delta<'_> {
        match self {
            Self::Text => Delta::Text(text),
            Self::Refusal => Delta::Refusal(text),
            Self::Arguments => Delta::Arguments(text),
        }
    }
}

/// What an event tells once more.
fn again(mut event: Object<'_>, loss: &mut Loss) {
    for name in ["output_index", "summary_index", "part", "text", "refusal", "arguments", "input", "name"] {
        event.ignore(name);
    }
    event.rest(loss);
}

/// What a part says, to be told at once.
fn late(part: &Part) -> Option<Delta<'_>> {
    let delta = match part {
        Part::Text(text) | Part::Cited { text, .. } => Delta::Text(text),
        Part::Refusal(text) => Delta::Refusal(text),
        Part::Thinking { text, .. } => Delta::Thinking(text),
        Part::ToolUse { arguments_json, .. } => Delta::Arguments(arguments_json),
        _ => return None,
    };
    let (Delta::Text(text) | Delta::Refusal(text) | Delta::Thinking(text) | Delta::Arguments(text)) = delta else { return None };
    (!text.is_empty()).then_some(delta)
}

/// The calls of a whole response that no event told.
fn untold(response: &mut Object<'_>, told: &[String], loss: &mut Loss) -> Result<Vec<Vec<Piece>>, Fault> {
    response.each("output", |item| {
        let is_call = matches!(item.peek_text("type"), "function_call" | "custom_tool_call") && !told.iter().any(|id| id == item.peek_text("call_id"));
        if is_call { output_item(item, loss) } else { Ok(Vec::new()) }
    })
}

impl Item {
    fn tell(&mut self, text: &str, said: Said, hear: &mut Hear<'_>) {
        if !text.is_empty() {
            self.told = true;
            self.said.push_str(text);
            hear(Heard::Delta(said.delta(text)));
        }
    }

    /// Tells what `whole` says beyond what was said from `from` on. Words that differ stand as they came, for they are gone; a call may
    /// not.
    fn tell_rest(&mut self, from: usize, whole: &str, said: Said, hear: &mut Hear<'_>) -> Result<(), Fault> {
        match whole.strip_prefix(&self.said[from..]) {
            Some(rest) => self.tell(rest, said, hear),
            None if self.kind == Kind::Call && !whole.is_empty() => return Err(broken("the arguments of a call are told in two ways")),
            None => {}
        }
        Ok(())
    }
}

impl ResponsesReader {
    /// True where it was the last event.
    pub(super) fn read(&mut self, mut event: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<bool, Fault> {
        let name = event.peek_text("type").to_owned();
        for member in ["type", "sequence_number", "item_id", "content_index", "annotation_index", "obfuscation"] {
            event.ignore(member);
        }
        match name.as_str() {
            "response.created" | "response.in_progress" | "response.queued" => self.start(event, loss, hear)?,
            "response.output_item.added" => self.begin(event, loss, hear)?,
            "response.output_item.done" => self.finish_item(event, loss, hear)?,
            "response.content_part.added" => {
                let item = self.expect(&mut event, Kind::Message)?;
                item.part_from = item.said.len();
                event.ignore("part");
                event.rest(loss);
            }
            "response.content_part.done" if self.open.as_ref().is_some_and(|item| item.kind == Kind::Message) => {
                hear(Heard::Delta(Delta::EndPart));
                again(event, loss);
            }
            "response.content_part.done" | "response.reasoning_summary_part.done" | "response.reasoning_summary_text.done" | "response.reasoning_text.done" => {
                again(event, loss);
            }
            "response.output_text.delta" => self.told(event, Kind::Message, "delta", loss, hear, Said::Text)?,
            "response.output_text.done" => self.whole(event, Kind::Message, "text", loss, hear, Said::Text)?,
            "response.output_text.annotation.added" => {
                self.expect(&mut event, Kind::Message)?;
                let citation = read_citation(&event.need("annotation")?);
                hear(Heard::Delta(Delta::Citation(&citation)));
                event.rest(loss);
            }
            "response.refusal.delta" => self.told(event, Kind::Message, "delta", loss, hear, Said::Refusal)?,
            "response.refusal.done" => self.whole(event, Kind::Message, "refusal", loss, hear, Said::Refusal)?,
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                self.told(event, Kind::Call, "delta", loss, hear, Said::Arguments)?
            }
            "response.function_call_arguments.done" => self.whole(event, Kind::Call, "arguments", loss, hear, Said::Arguments)?,
            "response.custom_tool_call_input.done" => self.whole(event, Kind::Call, "input", loss, hear, Said::Arguments)?,
            "response.reasoning_summary_part.added" => {
                self.expect(&mut event, Kind::Reasoning)?;
                event.ignore("part");
                event.ignore("summary_index");
                event.rest(loss);
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => self.thought(event, loss, hear)?,
            "response.completed" | "response.incomplete" => {
                self.end(event, loss, hear)?;
                return Ok(true);
            }
            "response.failed" | "error" => {
                let error = event.object("response", |mut response| Ok(response.take("error")))?.flatten();
                let error = error.unwrap_or_else(|| event.into_value());
                hear(Heard::Failed(read_embedded(error.to_string().as_bytes()).to_fault()));
                return Ok(true);
            }
            "keepalive" => {}
            // Case 31: unknown events are tolerated, and told.
            unknown => loss.dropped(format!("events[type={unknown}]"), "the event has no counterpart"),
        }
        Ok(false)
    }

    fn start(&mut self, mut event: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        if std::mem::replace(&mut self.started, true) {
            return Ok(());
        }
        event.need_object("response", |mut response| {
            let (id, model) = (response.text("id")?.unwrap_or_default(), response.text("model")?.unwrap_or_default());
            #[expect(clippy::cast_possible_truncation, reason = "whole seconds since 1970")]
            let created = response.take("created_at").and_then(|created| created.as_f64()).map(|created| created as i64);
            hear(Heard::Start { id: &id, model: &model, created });
            // The last event tells the response once more, and whole.
            Ok(())
        })?;
        event.rest(loss);
        Ok(())
    }

    fn begin(&mut self, mut event: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        let output_index = event.count("output_index")?.unwrap_or(0);
        if !self.started || self.open.is_some() {
            return Err(broken(format!("item {output_index} opens where none may")));
        }
        let kind = event.need_object("item", |mut item| {
            let tool = match item.peek_text("type") {
                "message" => return Ok(Kind::Message),
                "reasoning" => return Ok(Kind::Reasoning),
                "function_call" => ToolKind::Function,
                "custom_tool_call" => ToolKind::Custom,
                other => {
                    loss.dropped(format!("output[type={other}]"), "what the provider's own tools did has no counterpart");
                    return Ok(Kind::PassedOver);
                }
            };
            let (id, name) = (item.need_text("call_id")?, item.need_text("name")?);
            hear(Heard::Delta(Delta::ToolUse { id: &id, name: &name, kind: tool }));
            self.calls.push(id);
            Ok(Kind::Call)
        })?;
        event.rest(loss);
        self.items += 1;
        self.open = Some(Item { output_index, kind, said: String::new(), part_from: 0, summary_index: 0, told: false });
        Ok(())
    }

    /// The item that an event is about; the event must be about the open one.
    fn expect(&mut self, event: &mut Object<'_>, kind: Kind) -> Result<&mut Item, Fault> {
        let index = event.count("output_index")?.unwrap_or(0);
        match &mut self.open {
            Some(item) if item.output_index == index && (item.kind == kind || item.kind == Kind::PassedOver) => Ok(item),
            _ => Err(broken(format!("something comes for item {index}, which is not open"))),
        }
    }

    fn told(&mut self, mut event: Object<'_>, kind: Kind, member: &str, loss: &mut Loss, hear: &mut Hear<'_>, said: Said) -> Result<(), Fault> {
        let item = self.expect(&mut event, kind)?;
        if item.kind == kind {
            let text = event.text(member)?.unwrap_or_default();
            item.tell(&text, said, hear);
            // The end of a call's arguments repeats its name.
            event.ignore("name");
            event.rest(loss);
        }
        Ok(())
    }

    /// What was told in pieces is told once more in the end; what no piece told is told now.
    fn whole(&mut self, mut event: Object<'_>, kind: Kind, member: &str, loss: &mut Loss, hear: &mut Hear<'_>, said: Said) -> Result<(), Fault> {
        let item = self.expect(&mut event, kind)?;
        if item.kind == kind {
            let whole = event.text(member)?.unwrap_or_default();
            item.tell_rest(item.part_from, &whole, said, hear)?;
        }
        again(event, loss);
        Ok(())
    }

    fn thought(&mut self, mut event: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        let item = self.expect(&mut event, Kind::Reasoning)?;
        let part = event.count("summary_index")?.unwrap_or(0);
        let text = event.text("delta")?.unwrap_or_default();
        event.rest(loss);
        if text.is_empty() || item.kind != Kind::Reasoning {
            return Ok(());
        }
        if part != item.summary_index && item.told {
            hear(Heard::Delta(Delta::Thinking("\n\n")));
        }
        item.summary_index = part;
        item.told = true;
        hear(Heard::Delta(Delta::Thinking(&text)));
        Ok(())
    }

    /// Encrypted reasoning comes with the end of its item, and so does all that a server did not tell in pieces.
    fn finish_item(&mut self, mut event: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        let index = event.count("output_index")?.unwrap_or(0);
        let Some(mut open) = self.open.take().filter(|item| item.output_index == index) else {
            return Err(broken(format!("item {index} ends, which is not open")));
        };
        if open.kind == Kind::PassedOver {
            return Ok(());
        }
        let told_late = event.need_object("item", |mut item| {
            let encrypted = item.text("encrypted_content")?;
            let parts = output_item(item, loss)?;
            if let (Kind::Call, [Piece { part: Part::ToolUse { arguments_json, .. }, .. }]) = (open.kind, parts.as_slice()) {
                open.tell_rest(0, arguments_json, Said::Arguments, hear)?;
            } else if !open.told {
                parts.iter().filter_map(|piece| late(&piece.part)).for_each(|delta| hear(Heard::Delta(delta)));
            }
            if let (Kind::Reasoning, Some(encrypted)) = (open.kind, &encrypted) {
                hear(Heard::Delta(Delta::Signature(encrypted)));
            }
            Ok(encrypted.is_some() || parts.iter().any(|piece| late(&piece.part).is_some()))
        })?;
        event.rest(loss);
        // Reasoning that is neither shown nor encrypted leaves nothing behind.
        if open.kind != Kind::Reasoning || open.told || told_late {
            hear(Heard::Delta(Delta::EndPart));
        }
        Ok(())
    }

    /// Case 56.
    fn end(&mut self, mut event: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        if self.open.is_some() {
            return Err(broken("the response ends with an item open"));
        }
        let stop = event.need_object("response", |mut response| {
            let stop = responses_stop(&mut response, loss)?;
            // A server may tell nothing but the end, with all that it is the end of, or a call there alone.
            let whole = if self.items == 0 { response.each("output", |item| output_item(item, loss))? } else { untold(&mut response, &self.calls, loss)? };
            for piece in whole.iter().flatten() {
                part_deltas(&piece.part, |text| vec![text]).into_iter().for_each(|delta| hear(Heard::Delta(delta)));
            }
            for name in ["id", "object", "model", "created_at", "output", "usage", "service_tier"] {
                response.ignore(name);
            }
            forget_repeated(&mut response);
            response.rest(loss);
            Ok(stop)
        })?;
        event.rest(loss);
        hear(Heard::Stop(stop));
        hear(Heard::End);
        Ok(())
    }
}
