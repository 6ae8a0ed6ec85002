//! A whole stream as one reply.

use super::heard::{Heard, Reader};
use super::loss::Loss;
use super::part::Part;
use super::read_reply::broken;
use super::reply::{Reply, StopReason};
use super::stream::Delta;
use crate::Endpoint;
use crate::sse::{EVENT_BYTES_MAX, SseReader};
use bytes::Bytes;
use jeton_core::{Fault, Usage};

/// Reads the stream of an answer, as far as it came: what it says in order. An error that the provider reports in it is the fault.
/// `usage` and `created` as in [`super::read_reply`].
///
/// # Errors
/// A fault of the provider where the stream breaks its protocol, reports an error, or never began.
pub fn read_stream(endpoint: Endpoint, stream: &Bytes, usage: Usage, created: i64) -> Result<(Reply, Loss), Fault> {
    let mut events = SseReader::new(EVENT_BYTES_MAX);
    let mut reader = Reader::new(endpoint);
    let (mut loss, mut collected) = (Loss::default(), Collected::default());
    let mut read = events.push(stream).map_err(|error| broken(error.to_string()))?;
    read.extend(events.finish());
    for event in read {
        reader.read(&event.data, &mut loss, &mut |heard| collected.hear(heard))?;
    }
    // What was begun is told; that the end is missing is no fault of what was said until then.
    let _ = reader.end(&mut |heard| collected.hear(heard));
    if let Some(fault) = collected.failed {
        return Err(fault);
    }
    let Some((id, model, begun)) = collected.start else { return Err(broken("its stream never began")) };
    let reply = Reply { id, model, created: begun.unwrap_or(created), parts: collected.parts, stop: collected.stop.unwrap_or_default(), usage };
    Ok((reply, loss))
}

/// What was heard, put together.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) start: Option<(String, String, Option<i64>)>,
    pub(super) parts: Vec<Part>,
    /// Whether the last part may go on.
    is_open: bool,
    pub(super) stop: Option<StopReason>,
    failed: Option<Fault>,
}

impl Collected {
    pub(super) fn hear(&mut self, heard: Heard<'_>) {
        match heard {
            Heard::Start { id, model, created } => self.start = Some((super::read_reply::bare_id(id).to_owned(), model.to_owned(), created)),
            Heard::Delta(delta) => self.take(&delta),
            Heard::Stop(stop) => self.stop = Some(stop),
            Heard::Failed(fault) => self.failed = Some(fault),
            Heard::End => {}
        }
    }

    fn take(&mut self, delta: &Delta<'_>) {
        let last = if self.is_open { self.parts.last_mut() } else { None };
        match (*delta, last) {
            (Delta::Text(more), Some(Part::Text(text) | Part::Cited { text, .. })) | (Delta::Refusal(more), Some(Part::Refusal(text))) => text.push_str(more),
            (Delta::Thinking(more), Some(Part::Thinking { text, signature: None })) => text.push_str(more),
            (Delta::Signature(whole), Some(Part::Thinking { signature, .. })) => *signature = Some(whole.to_owned()),
            (Delta::Arguments(more), Some(Part::ToolUse { arguments_json, .. })) => arguments_json.push_str(more),
            (Delta::Citation(citation), Some(Part::Cited { citations, .. })) => citations.push(citation.clone()),
            (Delta::Citation(citation), Some(part @ Part::Text(_))) => {
                let Part::Text(text) = part else { return };
                *part = Part::Cited { text: std::mem::take(text), citations: vec![citation.clone()] };
            }
            (Delta::EndPart, _) => self.is_open = false,
            (Delta::Arguments(_) | Delta::Citation(_), _) => {}
            (Delta::Text(text), _) => self.begin(Part::Text(text.to_owned())),
            (Delta::Refusal(text), _) => self.begin(Part::Refusal(text.to_owned())),
            (Delta::Thinking(text), _) => self.begin(Part::Thinking { text: text.to_owned(), signature: None }),
            (Delta::Signature(whole), _) => self.begin(Part::Thinking { text: String::new(), signature: Some(whole.to_owned()) }),
            (Delta::RedactedThinking(data), _) => self.begin(Part::RedactedThinking(data.to_owned())),
            (Delta::ToolUse { id, name, kind }, _) => {
                self.begin(Part::ToolUse { id: id.to_owned(), name: name.to_owned(), kind, arguments_json: String::new() });
            }
        }
    }

    fn begin(&mut self, part: Part) {
        self.parts.push(part);
        self.is_open = true;
    }
}
