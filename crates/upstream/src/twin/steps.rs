//! From a reply to timed steps, with the vices that happen inside a 200.

use super::config::{TwinConfig, Vice};
use super::pace::Waits;
use super::random;
use super::vices::error_inside;
use crate::simulated::{SimulatedReply, SimulatedResponse, Step, TimedStep};
use jeton_wire::canonical::{Reply, Request, encode_reply, encode_stream_cut};
use jeton_wire::{Dialect, Endpoint};
use std::time::Duration;

/// A run without spaces (JSON, say) counts as one token per so many characters.
const CHARS_PER_TOKEN: usize = 6;

/// What a call plays with status 200.
pub(super) struct Play<'a> {
    pub(super) config: &'a TwinConfig,
    pub(super) ordinal: u64,
    pub(super) endpoint: Endpoint,
    pub(super) request: &'a Request,
    pub(super) reply: &'a Reply,
    pub(super) vice: Option<Vice>,
}

impl Play<'_> {
    /// The answer.
    pub(super) fn answer(&self, waits: Waits) -> SimulatedReply {
        if self.request.stream && self.endpoint.streams() { self.stream(waits) } else { self.document(waits) }
    }

    fn response(&self, content_type: &str, delay: Duration, steps: Vec<TimedStep>) -> SimulatedReply {
        let id = if self.endpoint.dialect() == Dialect::OpenAi { "x-request-id" } else { "request-id" };
        let headers = vec![("content-type".into(), content_type.into()), (id.into(), format!("req_{}", self.reply.id))];
        SimulatedReply { delay_before_headers: delay, outcome: Ok(SimulatedResponse { status: 200, headers, steps }) }
    }

    /// A document comes when it is finished: after the waits of all its tokens.
    fn document(&self, mut waits: Waits) -> SimulatedReply {
        let tokens = self.reply.usage.output.unwrap_or(0);
        let delay = waits.first + (1..tokens).map(|_| waits.next(1)).sum::<Duration>();
        let mut body = match self.vice {
            Some(Vice::ErrorEvent) => error_inside(self.endpoint, false, 0),
            _ => encode_reply(self.endpoint, self.request, self.reply),
        };
        let mut rest = if self.breaks_off() { body.split_off(body.len() / 2) } else { Vec::new() };
        let mut steps = vec![arrive(Duration::ZERO, body)];
        self.break_off(&mut steps, || vec![arrive(Duration::ZERO, std::mem::take(&mut rest))]);
        self.response("application/json", delay, steps)
    }

    /// A stream opens at once; its first content takes the first token's wait, each further piece that of its tokens.
    fn stream(&self, mut waits: Waits) -> SimulatedReply {
        let per_event = self.config.tokens_per_event.max(1);
        let mut pieces = encode_stream_cut(self.endpoint, self.request, self.reply, |text| cut_by_tokens(text, per_event)).into_iter();
        let closing = pieces.next_back().unwrap_or_default();
        let mut steps: Vec<TimedStep> = Vec::with_capacity(pieces.len() + 1);
        for piece in pieces {
            let wait = match steps.len() {
                0 => Duration::ZERO,
                1 => waits.first,
                _ => waits.next(per_event),
            };
            steps.push(arrive(wait, piece));
        }
        let mut rest = if self.breaks_off() { steps.split_off(self.breaking_point(steps.len())) } else { Vec::new() };
        rest.push(arrive(Duration::ZERO, closing));
        self.break_off(&mut steps, || rest);
        self.response("text/event-stream; charset=utf-8", Duration::ZERO, steps)
    }

    /// Whether the vice breaks the body in the middle.
    const fn breaks_off(&self) -> bool {
        matches!(self.vice, Some(Vice::ResetDuring | Vice::Cut | Vice::Stall | Vice::ErrorEvent))
    }

    /// How many of `count` steps come before the break: the opening and about half of the content. An error event comes right after
    /// the opening in half of the calls (case 65).
    fn breaking_point(&self, count: usize) -> usize {
        let early = self.vice == Some(Vice::ErrorEvent) && random(self.config, self.ordinal, 4).below(2) == 0;
        if early { count.min(1) } else { count.min(1 + count / 2) }
    }

    /// Ends `steps` as the vice does, or with `rest`.
    fn break_off(&self, steps: &mut Vec<TimedStep>, rest: impl FnOnce() -> Vec<TimedStep>) {
        match self.vice {
            Some(Vice::ResetDuring) => steps.push(TimedStep { after: Duration::ZERO, step: Step::Reset }),
            Some(Vice::Cut) => steps.push(TimedStep { after: Duration::ZERO, step: Step::End }),
            Some(Vice::ErrorEvent) if self.request.stream && self.endpoint.streams() => {
                let sequence = steps.iter().map(events).sum();
                steps.push(arrive(Duration::ZERO, error_inside(self.endpoint, true, sequence)));
            }
            Some(Vice::ErrorEvent) => steps.extend(rest()),
            vice => {
                let mut rest = rest();
                if let (Some(Vice::Stall), Some(next)) = (vice, rest.first_mut()) {
                    next.after += Duration::from_millis(self.config.stall_ms);
                }
                steps.extend(rest);
            }
        }
    }
}

fn arrive(after: Duration, bytes: Vec<u8>) -> TimedStep {
    TimedStep { after, step: Step::Bytes(bytes.into()) }
}

/// How many events a step brings.
fn events(step: &TimedStep) -> u64 {
    let Step::Bytes(bytes) = &step.step else { return 0 };
    bytes.windows(2).filter(|pair| pair == b"\n\n").count() as u64
}

/// `text` cut into pieces of about `tokens` tokens: so many words, each with the space after it; long runs are cut within.
fn cut_by_tokens(text: &str, tokens: u64) -> Vec<&str> {
    let tokens = usize::try_from(tokens).unwrap_or(usize::MAX);
    let chars_most = tokens.saturating_mul(CHARS_PER_TOKEN * 2);
    let (mut pieces, mut start, mut words, mut chars) = (Vec::new(), 0, 0, 0);
    for (at, character) in text.char_indices() {
        if words == tokens || chars == chars_most {
            pieces.push(&text[start..at]);
            (start, words, chars) = (at, 0, 0);
        }
        words += usize::from(character == ' ');
        chars += 1;
    }
    pieces.push(&text[start..]);
    pieces
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_words_and_long_runs_within() {
        assert_eq!(cut_by_tokens("one two three", 1), ["one ", "two ", "three"]);
        assert_eq!(cut_by_tokens("one two three", 2), ["one two ", "three"]);
        assert_eq!(cut_by_tokens("", 1), [""]);
        assert_eq!(cut_by_tokens("ééééééééééééééé", 1), ["éééééééééééé", "ééé"]);
    }
}
