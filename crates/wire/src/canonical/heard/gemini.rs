//! Gemini's `generateContent`: the events of a streamed answer. Each is a document with the next parts.

use super::{Hear, Heard};
use crate::canonical::decode_gemini::{Said, read_said};
use crate::canonical::exact;
use crate::canonical::loss::{Loss, Path};
use crate::canonical::object::Object;
use crate::canonical::part::Citation;
use crate::canonical::read_reply::broken;
use crate::canonical::reply::StopReason;
use crate::canonical::request::ToolKind;
use crate::canonical::stream::Delta;
use jeton_core::{Fault, FaultKind};
use serde_json::Value;

/// Reads the events of one answer.
#[derive(Debug, Default)]
pub(in crate::canonical) struct GeminiReader {
    started: bool,
    /// Why it ends, as far as it was said: some servers say so with every event, and the last word holds.
    stop: Option<StopReason>,
    /// What makes the ids of calls that have none.
    id: String,
    calls: usize,
    /// A text is being told, so that sources can be told of it.
    in_text: bool,
    /// A signature that is told once it is known what follows: directly before a call it would be that call's.
    waiting: Option<String>,
    /// What waits is the signature of a text that was told.
    is_of_text: bool,
}

/// What an answer says beside its words, and nobody asked.
const PASSED_OVER: [&str; 4] = ["usageMetadata", "modelVersion", "responseId", "createTime"];

impl GeminiReader {
    /// Reads one event. It is never the last: there is none such, and sources may come behind the reason of the end.
    ///
    /// # Errors
    /// A complaint about the event.
    pub(in crate::canonical) fn read(&mut self, mut event: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<bool, Fault> {
        if !std::mem::replace(&mut self.started, true) {
            let (id, model) = (event.peek_text("responseId").to_owned(), event.peek_text("modelVersion"));
            hear(Heard::Start { id: &id, model, created: None });
            self.id = id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '-').take(40).collect();
        }
        // Usage is the meter's.
        PASSED_OVER.iter().for_each(|name| event.ignore(name));
        event.object("promptFeedback", |feedback| self.feedback(feedback, loss, hear))?;
        event.each("candidates", |candidate| self.candidate(candidate, loss, hear))?;
        event.rest(loss);
        Ok(false)
    }

    /// The provider has said all; there is no last event.
    ///
    /// # Errors
    /// Where it did not say why it ends.
    pub(in crate::canonical) fn flush(&mut self, hear: &mut Hear<'_>) -> Result<(), Fault> {
        self.sign_waiting(hear);
        let stop = self.stop.take().ok_or_else(|| broken("it ended without a reason for its end"))?;
        hear(Heard::Stop(stop));
        Ok(())
    }

    /// Why the prompt was not answered at all: a refusal, which must not look like an empty answer.
    fn feedback(&mut self, mut feedback: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        if let Some(message) = feedback.text("blockReasonMessage")?.filter(|message| !message.is_empty()) {
            hear(Heard::Delta(Delta::Refusal(&message)));
        }
        if feedback.text("blockReason")?.is_some_and(|reason| !reason.is_empty()) {
            self.stop = Some(StopReason::Refusal);
        }
        tell_ratings(&mut feedback, loss)?;
        feedback.rest(loss);
        Ok(())
    }

    fn candidate(&mut self, mut candidate: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        if candidate.count("index")?.unwrap_or(0) != 0 {
            loss.dropped("candidates[1]", "one answer is translated");
            return Ok(());
        }
        candidate.object("content", |mut content| {
            content.ignore("role");
            content.each("parts", |part| self.part(part, loss, hear))?;
            content.rest(loss);
            Ok(())
        })?;
        self.sources(&mut candidate, loss, hear)?;
        for name in ["tokenCount", "avgLogprobs", "logprobsResult"] {
            candidate.ignore(name);
        }
        tell_ratings(&mut candidate, loss)?;
        let message = candidate.text("finishMessage")?.filter(|message| !message.is_empty());
        match candidate.text("finishReason")?.filter(|word| !matches!(word.as_str(), "" | "FINISH_REASON_UNSPECIFIED")) {
            Some(word) => {
                let stop = self.stop(&word, message.as_deref(), &candidate.path, loss)?;
                if stop == StopReason::Refusal && message.is_some() {
                    loss.dropped(candidate.path.member("finishMessage"), "why it ended is told by a word alone");
                }
                self.stop = Some(stop);
            }
            None if message.is_some() => loss.dropped(candidate.path.member("finishMessage"), "why it ended is told by a word alone"),
            None => {}
        }
        candidate.rest(loss);
        Ok(())
    }

    fn part(&mut self, part: Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        let place = part.path.place();
        let (said, signature) = read_said(part, loss)?;
        let waits_on = match said {
            Said::Nothing => true,
            Said::Call { .. } => self.is_of_text,
            Said::Text { is_thought, .. } => !(is_thought || self.is_of_text),
            _ => false,
        };
        if signature.is_some() || !waits_on {
            self.sign_waiting(hear);
        }
        match said {
            Said::Text { text, is_thought: true } => {
                self.tell(Delta::Thinking(&text), text.is_empty(), hear);
                self.sign(signature, hear);
            }
            Said::Text { text, is_thought: false } => {
                self.tell(Delta::Text(&text), text.is_empty(), hear);
                self.in_text = true;
                self.wait(signature);
            }
            Said::Nothing => self.wait(signature),
            Said::Call { id, name, arguments_json } => {
                self.sign(signature, hear);
                let id = id.unwrap_or_else(|| self.make_id(&name, &arguments_json));
                self.calls += 1;
                self.tell(Delta::ToolUse { id: &id, name: &name, kind: ToolKind::Function }, false, hear);
                if arguments_json != "{}" {
                    hear(Heard::Delta(Delta::Arguments(&arguments_json)));
                }
                hear(Heard::Delta(Delta::EndPart));
            }
            Said::Media(media) => loss.dropped(format!("content[type={}]", media.kind.name()), "an answer is text there"),
            Said::Other { kind, .. } => loss.dropped(format!("content[type={kind}]"), "what the provider's own tools did has no counterpart"),
            Said::Result { .. } => loss.dropped(&place, "results of functions are no part of an answer"),
        }
        Ok(())
    }

    fn tell(&mut self, delta: Delta<'_>, is_empty: bool, hear: &mut Hear<'_>) {
        self.in_text = false;
        if !is_empty {
            hear(Heard::Delta(delta));
        }
    }

    fn wait(&mut self, signature: Option<String>) {
        if signature.is_some() {
            self.waiting = signature;
        }
        // Until it is told, it is that of the text that it came with or that came behind it.
        self.is_of_text = self.waiting.is_some() && (self.in_text || self.is_of_text);
    }

    fn sign_waiting(&mut self, hear: &mut Hear<'_>) {
        self.is_of_text = false;
        let signature = self.waiting.take();
        self.sign(signature, hear);
    }

    /// A signature ends the thought: what comes behind it is another.
    fn sign(&mut self, signature: Option<String>, hear: &mut Hear<'_>) {
        if let Some(signature) = signature {
            self.in_text = false;
            hear(Heard::Delta(Delta::Signature(&signature)));
            hear(Heard::Delta(Delta::EndPart));
        }
    }

    /// An id for a call that has none: the same from a document and from a stream, another in every answer.
    fn make_id(&self, name: &str, arguments: &str) -> String {
        if self.id.is_empty() {
            let hash =
                name.bytes().chain(arguments.bytes()).fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
            return format!("call_{hash:016x}_{}", self.calls);
        }
        format!("call_{}_{}", self.id, self.calls)
    }

    fn stop(&self, word: &str, message: Option<&str>, path: &Path<'_>, loss: &mut Loss) -> Result<StopReason, Fault> {
        Ok(match word {
            "STOP" => StopReason::EndTurn,
            "MAX_TOKENS" => StopReason::MaxTokens,
            word if is_refusal(word) => StopReason::Refusal,
            // The model's own words broke the rules: what is there is no answer.
            "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "TOO_MANY_TOOL_CALLS" | "MISSING_THOUGHT_SIGNATURE" | "MALFORMED_RESPONSE" => {
                let why = message.unwrap_or("The model's call of a function cannot be read.");
                return Err(Fault::new(FaultKind::UpstreamFailed, format!("The provider gave the answer up ({word}): {why}")).code(word.to_ascii_lowercase()));
            }
            // The model ended by `STOP` alone: for any other reason, and those that nobody knows yet, the answer was stopped.
            _ => {
                loss.approximated(
                    path.member("finishReason"),
                    format!("`{}` is no end of a turn, and counts as a refusal", word.chars().take(60).collect::<String>()),
                );
                StopReason::Refusal
            }
        })
    }

    /// Case 41: sources that were searched for, and what is recited.
    fn sources(&mut self, candidate: &mut Object<'_>, loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        let in_text = self.in_text;
        let mut cite = |source: &Value, json: &Value, path: &Path<'_>, loss: &mut Loss| {
            let text = |name: &str| source.get(name).and_then(Value::as_str).map(str::to_owned);
            let citation = Citation { url: text("uri"), title: text("title"), quoted: None, span: None, json: exact::text(json) };
            if in_text && citation.url.is_some() {
                hear(Heard::Delta(Delta::Citation(&citation)));
            } else {
                loss.dropped(path, "there is no text, or no address, to cite");
            }
        };
        candidate.object("groundingMetadata", |mut metadata| {
            let chunks = metadata.list("groundingChunks")?;
            let path = metadata.path.member("groundingChunks");
            for (index, chunk) in chunks.iter().enumerate() {
                let source = chunk.as_object().and_then(|kinds| kinds.values().find(|kind| kind.is_object()));
                cite(source.unwrap_or(&Value::Null), chunk, &path.element(index), loss);
            }
            // Where in the text each source belongs is told by the text itself elsewhere.
            metadata.ignore("groundingSupports");
            metadata.rest(loss);
            Ok(())
        })?;
        candidate
            .object("citationMetadata", |mut metadata| {
                for name in ["citationSources", "citations"] {
                    let sources = metadata.list(name)?;
                    let path = metadata.path.member(name);
                    sources.iter().enumerate().for_each(|(index, source)| cite(source, source, &path.element(index), loss));
                }
                metadata.rest(loss);
                Ok(())
            })
            .map(drop)
    }
}

/// Words for answers that a filter held back.
fn is_refusal(word: &str) -> bool {
    crate::stream::GEMINI_REFUSALS.iter().any(|refusal| refusal.as_bytes() == word.as_bytes())
}

/// Ratings that found something; the others say that there was nothing to find.
fn tell_ratings(object: &mut Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let is_harmless = |rating: &Value| {
        let found = rating.get("probability").and_then(Value::as_str);
        rating.get("blocked") != Some(&Value::Bool(true)) && matches!(found, Some("NEGLIGIBLE" | "LOW"))
    };
    let ratings = object.list("safetyRatings")?;
    if !ratings.iter().all(is_harmless) {
        loss.dropped(object.path.member("safetyRatings"), "ratings are not told there");
    }
    Ok(())
}
