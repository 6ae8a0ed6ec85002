//! The stream of a Chat Completions answer.

use super::{Hear, Heard};
use crate::canonical::decode_messages::read_citation;
use crate::canonical::loss::Loss;
use crate::canonical::object::Object;
use crate::canonical::read_reply::{broken, chat_stop};
use crate::canonical::reply::StopReason;
use crate::canonical::request::ToolKind;
use crate::canonical::stream::Delta;
use jeton_core::Fault;

#[derive(Debug, Default)]
pub(super) struct ChatReader {
    started: bool,
    calls: Vec<Call>,
    /// Place in `calls` of the one that is being told.
    open: Option<usize>,
    finished: bool,
    /// The reasoning since the last signature.
    thought: String,
}

/// A tool call. Other dialects tell one after the other, so what comes for a second one while the first is not complete waits.
#[derive(Debug)]
struct Call {
    index: u64,
    id: String,
    name: String,
    kind: ToolKind,
    /// Arguments that wait to be told.
    waiting: String,
    told: bool,
    closed: bool,
    progress: Progress,
}

/// How far the JSON text of arguments has come.
#[derive(Debug, Default)]
struct Progress {
    depth: u32,
    in_string: bool,
    escaped: bool,
    began: bool,
}

impl Progress {
    fn take_in(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                b'{' | b'[' if !self.in_string => {
                    self.began = true;
                    self.depth += 1;
                }
                b'}' | b']' if !self.in_string => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    const fn is_complete(&self) -> bool {
        self.began && self.depth == 0 && !self.in_string
    }
}

impl ChatReader {
    /// True where it was the last event, which no chunk is: `[DONE]` is.
    pub(super) fn read(&mut self, mut event: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<bool, Fault> {
        if !self.started {
            self.started = true;
            let (id, model) = (event.text("id")?.unwrap_or_default(), event.text("model")?.unwrap_or_default());
            let created = event.take("created").and_then(|created| created.as_i64());
            hear(Heard::Start { id: &id, model: &model, created });
        }
        // Case 9 has them on every chunk; usage is the meter's (case 3).
        for name in ["id", "model", "created", "object", "usage", "service_tier", "system_fingerprint", "obfuscation"] {
            event.ignore(name);
        }
        event.each("choices", |mut choice| {
            if choice.count("index")?.unwrap_or(0) != 0 {
                loss.dropped("choices[1]", "one answer is translated");
                return Ok(());
            }
            choice.object("delta", |delta| self.delta(delta, loss, hear))?;
            if let Some(stop) = chat_stop(&mut choice, loss)? {
                let matched = choice.text("stop_reason").ok().flatten();
                self.finish(matched.map_or(stop, StopReason::StopSequence), hear);
            }
            choice.rest(loss);
            Ok(())
        })?;
        event.rest(loss);
        Ok(false)
    }

    fn delta(&mut self, mut delta: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        delta.ignore("role");
        self.thoughts(&mut delta, loss, hear)?;
        if let Some(text) = delta.text("content")?.filter(|text| !text.is_empty()) {
            self.leave_call();
            hear(Heard::Delta(Delta::Text(&text)));
        }
        for citation in delta.list("annotations")?.iter().map(read_citation) {
            hear(Heard::Delta(Delta::Citation(&citation)));
        }
        if let Some(text) = delta.text("refusal")?.filter(|text| !text.is_empty()) {
            self.leave_call();
            hear(Heard::Delta(Delta::Refusal(&text)));
        }
        delta.each("tool_calls", |call| self.fragment(call, loss, hear))?;
        delta.rest(loss);
        Ok(())
    }

    /// Case 18: the text under whatever name, the signature among the details. Beside a signature the whole text may stand once more.
    fn thoughts(&mut self, delta: &mut Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        let (first, second) = (delta.text("reasoning_content")?, delta.text("reasoning")?);
        let told = first.or(second).filter(|text| !text.is_empty());
        if let Some(text) = &told {
            self.thought.push_str(text);
            hear(Heard::Delta(Delta::Thinking(text)));
        }
        let thought = &mut self.thought;
        delta
            .each("reasoning_details", |mut detail| {
                let kind = detail.peek_text("type").to_owned();
                for name in ["type", "id", "format", "index"] {
                    detail.ignore(name);
                }
                if kind == "reasoning.encrypted" {
                    hear(Heard::Delta(Delta::RedactedThinking(&detail.need_text("data")?)));
                }
                let (text, summary) = (detail.text("text")?, detail.text("summary")?);
                let is_news = |text: &String| told.is_none() && !text.is_empty() && *text != *thought;
                if let Some(text) = text.or(summary).filter(is_news) {
                    thought.push_str(&text);
                    hear(Heard::Delta(Delta::Thinking(&text)));
                }
                if let Some(signature) = detail.text("signature")?.filter(|signature| !signature.is_empty()) {
                    thought.clear();
                    hear(Heard::Delta(Delta::Signature(&signature)));
                }
                detail.rest(loss);
                Ok(())
            })
            .map(drop)
    }

    /// Cases 6 and 7: calls are told apart by index, and by id where a server uses one index for several.
    fn fragment(&mut self, mut call: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        let (index, id) = (call.count("index")?, call.text("id")?.filter(|id| !id.is_empty()));
        let kind = if call.text("type")?.as_deref() == Some("custom") || call.peek("custom").is_some() { ToolKind::Custom } else { ToolKind::Function };
        let (member, arguments) = if kind == ToolKind::Custom { ("custom", "input") } else { ("function", "arguments") };
        let (name, text) = call
            .object(member, |mut inner| {
                let read = (inner.text("name")?, inner.text(arguments)?.unwrap_or_default());
                inner.rest(loss);
                Ok(read)
            })?
            .unwrap_or_default();
        call.rest(loss);
        let place = self.place(index, id, kind)?;
        let call = &mut self.calls[place];
        if call.name.is_empty() {
            call.name = name.unwrap_or_default();
        }
        if call.closed && !text.trim().is_empty() {
            return Err(broken(format!("arguments come for tool call {} after the next one began", call.index)));
        }
        call.progress.take_in(&text);
        call.waiting.push_str(&text);
        self.tell(place, hear);
        Ok(())
    }

    /// The call that a fragment belongs to; a new one where none fits.
    fn place(&mut self, index: Option<u64>, id: Option<String>, kind: ToolKind) -> Result<usize, Fault> {
        let known = match (index, &id) {
            (Some(index), Some(id)) => self.calls.iter().rposition(|call| call.index == index && call.id == *id),
            (Some(index), None) => self.calls.iter().rposition(|call| call.index == index),
            (None, Some(id)) => self.calls.iter().rposition(|call| call.id == *id),
            (None, None) => self.calls.len().checked_sub(1),
        };
        match (known, id) {
            (Some(place), _) => Ok(place),
            (None, None) => Err(broken("a tool call begins without an id")),
            (None, Some(id)) => {
                let index = index.unwrap_or(self.calls.len() as u64);
                let (waiting, progress) = (String::new(), Progress::default());
                self.calls.push(Call { index, id, name: String::new(), kind, waiting, told: false, closed: false, progress });
                Ok(self.calls.len() - 1)
            }
        }
    }

    /// Tells of a call as far as it may be told: the open one at once, another as soon as the open one is complete.
    fn tell(&mut self, place: usize, hear: &mut Hear<'_>) {
        if let Some(open) = self.open.filter(|&open| open != place) {
            if !self.calls[open].progress.is_complete() {
                return;
            }
            self.close(open, hear);
        }
        let call = &mut self.calls[place];
        if call.name.is_empty() {
            return;
        }
        self.open = Some(place);
        if !std::mem::replace(&mut call.told, true) {
            hear(Heard::Delta(Delta::ToolUse { id: &call.id, name: &call.name, kind: call.kind }));
        }
        if !call.waiting.is_empty() {
            hear(Heard::Delta(Delta::Arguments(&std::mem::take(&mut call.waiting))));
        }
    }

    fn close(&mut self, place: usize, hear: &mut Hear<'_>) {
        self.calls[place].closed = true;
        self.open = None;
        hear(Heard::Delta(Delta::EndPart));
    }

    /// Something else is told now: the encoders close the call by themselves.
    fn leave_call(&mut self) {
        if let Some(open) = self.open.take() {
            self.calls[open].closed = true;
        }
    }

    /// Tells of every call that still waits.
    pub(super) fn flush(&mut self, hear: &mut Hear<'_>) {
        if let Some(open) = self.open {
            self.close(open, hear);
        }
        for place in 0..self.calls.len() {
            if !self.calls[place].told {
                self.tell(place, hear);
                if self.open == Some(place) {
                    self.close(place, hear);
                }
            }
        }
    }

    /// Case 12: one reason for the end.
    fn finish(&mut self, stop: StopReason, hear: &mut Hear<'_>) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        self.flush(hear);
        hear(Heard::Stop(stop));
    }
}
