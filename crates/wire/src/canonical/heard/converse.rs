//! Bedrock's Converse: the events of a streamed answer. Each is an object with one member, named after its type.

use super::{Hear, Heard};
use crate::canonical::decode_converse::read_citation;
use crate::canonical::loss::Loss;
use crate::canonical::object::Object;
use crate::canonical::read_converse::{forget_figures, matched_stop, stop};
use crate::canonical::read_reply::broken;
use crate::canonical::request::ToolKind;
use crate::canonical::stream::Delta;
use crate::error::read_exception;
use jeton_core::Fault;

/// Reads the events of one answer.
#[derive(Debug, Default)]
pub(super) struct ConverseReader {
    started: bool,
    /// Whether it was said why the answer ended.
    stopped: bool,
    /// Why it is no answer. The event with the usage comes yet, and what was used is charged.
    malformed: Option<Fault>,
    open: Option<(u64, Block)>,
}

/// A block that is open. Texts and thoughts open without a word.
#[derive(Debug)]
enum Block {
    Text,
    /// The signature so far, or what is hidden so far: both are told whole (case 35).
    Thought {
        signature: String,
        hidden: String,
    },
    Tool,
    /// A block that has no counterpart.
    PassedOver,
}

impl ConverseReader {
    /// Reads one event; true where the answer is over.
    ///
    /// # Errors
    /// A complaint about the event.
    pub(super) fn read(&mut self, mut event: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<bool, Fault> {
        let Some(kind) = event.first_name().map(str::to_owned) else { return Ok(false) };
        if let Some(fault) = kind.ends_with("Exception").then(|| event.take(&kind)).flatten() {
            hear(Heard::Failed(read_exception(&kind, &fault).to_fault()));
            return Ok(true);
        }
        let is_over = event.object(&kind, |inner| self.take(&kind, inner, loss, hear))?;
        event.rest(loss);
        Ok(is_over.unwrap_or(false))
    }

    fn take(&mut self, kind: &str, mut inner: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<bool, Fault> {
        // Padding against the guessing of texts by their length.
        inner.ignore("p");
        match kind {
            "messageStart" => {
                if std::mem::replace(&mut self.started, true) {
                    return Err(broken("`messageStart` comes twice"));
                }
                inner.ignore("role");
                hear(Heard::Start { id: "", model: "", created: None });
            }
            "contentBlockStart" => self.begin(&mut inner, loss, hear)?,
            "contentBlockDelta" => self.delta(&mut inner, loss, hear)?,
            "contentBlockStop" => self.end(inner.count("contentBlockIndex")?.unwrap_or(0), hear)?,
            "messageStop" => {
                if !self.started || self.open.is_some() || std::mem::replace(&mut self.stopped, true) {
                    return Err(broken("`messageStop` comes before its time or twice"));
                }
                let matched = matched_stop(&mut inner, loss)?;
                match stop(&inner.need_text("stopReason")?, matched, loss) {
                    Ok(stop) => hear(Heard::Stop(stop)),
                    Err(fault) => self.malformed = Some(fault),
                }
            }
            "metadata" => {
                if !self.stopped {
                    return Err(broken("`metadata` comes before its time"));
                }
                if let Some(fault) = self.malformed.take() {
                    return Err(fault);
                }
                // They are the meter's.
                forget_figures(&mut inner);
                inner.rest(loss);
                hear(Heard::End);
                return Ok(true);
            }
            // Case 31: unknown events are tolerated, and told.
            unknown => {
                loss.dropped(format!("events[type={unknown}]"), "the event is not known to Jeton");
                return Ok(false);
            }
        }
        inner.rest(loss);
        Ok(false)
    }

    fn begin(&mut self, inner: &mut Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        let index = inner.count("contentBlockIndex")?.unwrap_or(0);
        self.expect_none_open(index)?;
        let call = inner.need_object("start", |mut start| {
            let is_own = start.peek("toolUse").is_some_and(|call| call.get("type").is_none_or(serde_json::Value::is_null));
            if !is_own {
                return match start.first_name() {
                    Some(kind) => {
                        loss.dropped(format!("content[type={kind}]"), "what the provider's own tools did has no counterpart");
                        Ok(None)
                    }
                    // A text may be begun with nothing.
                    None => Ok(Some(None)),
                };
            }
            let call = start.need_object("toolUse", |mut call| {
                let named = (call.need_text("toolUseId")?, call.need_text("name")?);
                call.ignore("type");
                call.rest(loss);
                Ok(named)
            })?;
            start.rest(loss);
            Ok(Some(Some(call)))
        })?;
        self.open = match call {
            None => Some((index, Block::PassedOver)),
            Some(None) => None,
            Some(Some((id, name))) => {
                hear(Heard::Delta(Delta::ToolUse { id: &id, name: &name, kind: ToolKind::Function }));
                Some((index, Block::Tool))
            }
        };
        Ok(())
    }

    fn delta(&mut self, inner: &mut Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        let index = inner.count("contentBlockIndex")?.unwrap_or(0);
        inner.need_object("delta", |mut delta| {
            if matches!(self.open, Some((open, Block::PassedOver)) if open == index) {
                return Ok(());
            }
            if let Some(text) = delta.text("text")? {
                self.text(index)?;
                if !text.is_empty() {
                    hear(Heard::Delta(Delta::Text(&text)));
                }
            } else if let Some(call) = delta.take("toolUse") {
                self.tool(index)?;
                let mut call = Object::of(call, delta.path.member("toolUse"))?;
                // Case 34: fragments are cut anywhere.
                if let Some(text) = call.text("input")?.filter(|text| !text.is_empty()) {
                    hear(Heard::Delta(Delta::Arguments(&text)));
                }
                call.rest(loss);
            } else if let Some(thought) = delta.take("reasoningContent") {
                self.thought(index, Object::of(thought, delta.path.member("reasoningContent"))?, loss, hear)?;
            } else if let Some(citation) = delta.take("citation") {
                // Case 41.
                self.text(index)?;
                hear(Heard::Delta(Delta::Citation(&read_citation(&citation))));
            } else if let Some(unknown) = delta.first_name() {
                loss.dropped(format!("delta[type={unknown}]"), "the delta is not known to Jeton");
                return Ok(());
            }
            delta.rest(loss);
            Ok(())
        })
    }

    fn thought(&mut self, index: u64, mut content: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        if self.open.is_none() {
            self.expect_none_open(index)?;
            self.open = Some((index, Block::Thought { signature: String::new(), hidden: String::new() }));
        }
        let Some((_, Block::Thought { signature, hidden })) = self.open.as_mut().filter(|(open, _)| *open == index) else {
            return Err(misplaced(index));
        };
        if let Some(text) = content.text("text")?.filter(|text| !text.is_empty()) {
            hear(Heard::Delta(Delta::Thinking(&text)));
        }
        signature.push_str(&content.text("signature")?.unwrap_or_default());
        hidden.push_str(&content.text("redactedContent")?.unwrap_or_default());
        content.rest(loss);
        Ok(())
    }

    fn text(&mut self, index: u64) -> Result<(), Fault> {
        match &self.open {
            None => {
                self.expect_none_open(index)?;
                self.open = Some((index, Block::Text));
                Ok(())
            }
            Some((open, Block::Text)) if *open == index => Ok(()),
            Some(_) => Err(misplaced(index)),
        }
    }

    fn tool(&self, index: u64) -> Result<(), Fault> {
        match &self.open {
            Some((open, Block::Tool)) if *open == index => Ok(()),
            _ => Err(misplaced(index)),
        }
    }

    fn end(&mut self, index: u64, hear: &mut Hear<'_>) -> Result<(), Fault> {
        match self.open.take() {
            Some((open, block)) if open == index => {
                if let Block::Thought { signature, hidden } = &block {
                    if !signature.is_empty() {
                        hear(Heard::Delta(Delta::Signature(signature)));
                    }
                    if !hidden.is_empty() {
                        hear(Heard::Delta(Delta::RedactedThinking(hidden)));
                    }
                }
                hear(Heard::Delta(Delta::EndPart));
                Ok(())
            }
            // A text that holds nothing never opened.
            None if self.started && !self.stopped => Ok(()),
            _ => Err(misplaced(index)),
        }
    }

    /// Case 29: a block is closed before the next opens.
    fn expect_none_open(&self, index: u64) -> Result<(), Fault> {
        if !self.started || self.stopped || self.open.is_some() {
            return Err(broken(format!("block {index} opens where none may")));
        }
        Ok(())
    }
}

fn misplaced(index: u64) -> Fault {
    broken(format!("something comes for block {index} that is not open, or of another kind"))
}
