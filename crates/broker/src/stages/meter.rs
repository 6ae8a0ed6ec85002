//! The answer on its way to the caller: metered as it passes, its end withheld until the charge is durable.

use crate::call::{Call, micros_since};
use crate::stages::attempt::{StreamAnswer, absorb, note_bytes_in, note_first_content};
use crate::stages::settle::{self, Ending};
use crate::stages::translate;
use bytes::Bytes;
use http_body::Body;
use jeton_core::{Fault, FaultKind, Usage};
use jeton_ledger::{Durable, LedgerError};
use jeton_project::OnCancel;
use jeton_upstream::{TryBody, TryError};
use jeton_wire::StreamMeter;
use jeton_wire::canonical::StreamTranslator;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// A stream between a provider and a caller. Polled, it reads from the provider; never ahead of the caller.
pub(crate) struct Metered {
    call: Option<Call>,
    upstream: Option<TryBody>,
    meter: StreamMeter,
    translator: Option<Box<StreamTranslator>>,
    ready: VecDeque<Bytes>,
    /// What the translator made of the withheld end, all but the closing.
    last: Vec<u8>,
    /// Kept between pieces for its memory.
    pushed: Vec<Bytes>,
    phase: Phase,
    begun: Instant,
    last_data: Instant,
    idle: Duration,
    content_until: Instant,
    deadline: Instant,
    alarm: Pin<Box<Sleep>>,
    on_cancel: OnCancel,
    /// What the caller is told that the answer used: what was settled for it.
    closing_usage: Usage,
}

enum Phase {
    /// Content passes.
    Flowing,
    /// The end is here, and waits for the charge.
    Settling(Durable),
    /// Everything was handed on.
    Over,
}

/// What a poll of the provider brought.
enum Read {
    Data(Bytes),
    End,
    Broken(Fault),
}

impl Metered {
    pub(crate) fn new(mut call: Call, answer: StreamAnswer) -> Self {
        call.forget_request();
        let on_cancel = call
            .running
            .as_ref()
            .and_then(|running| call.live.snapshot().providers.get(&running.record.provider))
            .map_or(OnCancel::Cancel, |provider| provider.on_cancel);
        let now = Instant::now();
        let first_alarm = if answer.meter.content_started() { now + answer.idle } else { answer.content_until };
        let alarm = Box::pin(tokio::time::sleep_until(first_alarm.min(answer.deadline)));
        Self {
            call: Some(call),
            upstream: Some(answer.body),
            meter: answer.meter,
            translator: answer.translator,
            ready: answer.ready,
            last: Vec::new(),
            pushed: Vec::new(),
            phase: Phase::Flowing,
            begun: now,
            last_data: now,
            idle: answer.idle,
            content_until: answer.content_until,
            deadline: answer.deadline,
            alarm,
            on_cancel,
            closing_usage: Usage::default(),
        }
    }

    /// The next bytes for the caller; none at the end.
    pub(crate) fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                if let Some(call) = &mut self.call {
                    call.response_bytes += bytes.len() as u64;
                    if let Some(tapped) = &mut call.tapped {
                        tapped.keep(&bytes, true);
                    }
                }
                return Poll::Ready(Some(bytes));
            }
            match &mut self.phase {
                Phase::Flowing => {
                    if self.meter.is_over() {
                        self.complete();
                        continue;
                    }
                    match self.poll_upstream(cx) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(read) => self.take(read),
                    }
                }
                Phase::Settling(durable) => match Pin::new(durable).poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(outcome) => self.end(outcome),
                },
                Phase::Over => return Poll::Ready(None),
            }
        }
    }

    /// Ends the stream after a panic on its way: the caller is told, and what was used is settled.
    pub(crate) fn give_up(&mut self) {
        let fault = Fault::new(FaultKind::Internal, "Jeton met a bug of its own in this stream.").remedy("Please report it with the id of the call.");
        self.ready.clear();
        match &self.call {
            Some(call) if !call.is_settled => self.fail(fault),
            _ => self.phase = Phase::Over,
        }
    }

    fn poll_upstream(&mut self, cx: &mut Context<'_>) -> Poll<Read> {
        let Some(upstream) = &mut self.upstream else { return Poll::Ready(Read::End) };
        loop {
            match Pin::new(&mut *upstream).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    let Ok(data) = frame.into_data() else { continue };
                    self.last_data = Instant::now();
                    return Poll::Ready(Read::Data(data));
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Read::Broken(broken_off(&error))),
                Poll::Ready(None) => return Poll::Ready(Read::End),
                Poll::Pending => {}
            }
            // The alarm is moved only when it rings: moving it for every piece would cost more than the piece.
            if self.alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let (silence, why) =
                if self.meter.content_started() { (self.last_data + self.idle, "fell silent") } else { (self.content_until, "showed no content in time") };
            let until = silence.min(self.deadline);
            if Instant::now() >= until && self.meter.terminal_seen() {
                // It said why it ends, and only its connection stayed open.
                return Poll::Ready(Read::End);
            }
            if Instant::now() >= until {
                let why = if until == self.deadline { "was not complete in time" } else { why };
                return Poll::Ready(Read::Broken(Fault::new(FaultKind::Timeout, format!("The provider's stream {why}."))));
            }
            self.alarm.as_mut().reset(until);
        }
    }

    fn take(&mut self, read: Read) {
        match read {
            Read::Data(data) => {
                if let Some(call) = &mut self.call {
                    note_bytes_in(call, data.len());
                }
                self.meter.push_into(data, &mut self.pushed);
                let mut pushed = std::mem::take(&mut self.pushed);
                let passed = self.pass(pushed.drain(..));
                self.pushed = pushed;
                if self.meter.is_broken() {
                    return self.fail(unreadable(&self.meter));
                }
                if let Err(fault) = passed {
                    return self.fail(fault);
                }
                if self.meter.content_started()
                    && let Some(call) = &mut self.call
                    && call.first_content_us.is_none()
                {
                    note_first_content(call);
                }
            }
            Read::End => {
                self.upstream = None;
                let ended = self.meter.finish();
                if let Err(fault) = self.pass(Some(ended.forward).filter(|rest| !rest.is_empty())) {
                    return self.fail(fault);
                }
                // Some servers close a chat stream after its finish reason without the `[DONE]` that should follow.
                let is_finished = ended.clean || self.meter.error().is_some() || self.meter.observed().finish_reason.is_some();
                if self.meter.is_broken() {
                    self.fail(unreadable(&self.meter));
                } else if is_finished {
                    self.complete();
                } else {
                    self.fail(Fault::new(FaultKind::UpstreamFailed, "The provider's stream ended before its end."));
                }
            }
            Read::Broken(fault) => self.fail(fault),
        }
    }

    /// Hands bytes of the provider on, in the caller's dialect.
    fn pass(&mut self, pieces: impl IntoIterator<Item = Bytes>) -> Result<(), Fault> {
        let Some(translator) = &mut self.translator else {
            self.ready.extend(pieces);
            return Ok(());
        };
        let mut pieces: VecDeque<Bytes> = pieces.into_iter().collect();
        let passed = translate::pass(translator, &mut pieces);
        self.ready.extend(pieces);
        passed
    }

    /// The provider has said all: settle, and let the end wait for it.
    fn complete(&mut self) {
        // The record tells of the error event that is passed on, too.
        let said = self.meter.error().zip(self.call.as_ref()).map(|(said, call)| crate::stages::attempt::fault_of(call, said));
        // Whether the answer is whole must be known before it is settled: the caller gets an error where it is not.
        if let Err(fault) = self.translate_end() {
            let last = Bytes::from(std::mem::take(&mut self.last));
            self.ready.extend(Some(last).filter(|last| !last.is_empty()));
            return self.fail(said.unwrap_or(fault));
        }
        self.settle(said.map_or(Ending::Completed, Ending::Failed));
    }

    /// Translates the provider's last bytes, and withholds what comes of them.
    fn translate_end(&mut self) -> Result<(), Fault> {
        let Some(translator) = &mut self.translator else { return Ok(()) };
        translator.push(&self.meter.terminal(), &mut self.last).and_then(|()| translator.finish(&mut self.last))
    }

    /// The stream broke off: tell the caller in its dialect, and settle what was used.
    fn fail(&mut self, fault: Fault) {
        self.upstream = None;
        self.tell(&fault);
        self.settle(Ending::Failed(fault));
    }

    /// Tells the caller of a failure, in its dialect, as the last thing of the stream.
    fn tell(&mut self, fault: &Fault) {
        let event = match (&mut self.translator, &self.call) {
            (Some(translator), _) => translator.fail(fault).into(),
            (None, Some(call)) => error_event(call, &self.meter, fault),
            (None, None) => return,
        };
        self.ready.push_back(event);
    }

    fn settle(&mut self, ending: Ending) {
        let Some(call) = &mut self.call else {
            self.phase = Phase::Over;
            return;
        };
        if let Some(translator) = &self.translator {
            translate::note_loss(call, "answer", translator.loss());
            translate::keep_signed(call, translator.signed());
        }
        call.upstream_us += micros_since(self.begun);
        absorb(call, &self.meter);
        let (settled, usage) = settle::settle_telling(call, ending);
        self.closing_usage = usage;
        self.phase = Phase::Settling(settled);
    }

    /// The charge is durable, or cannot be made so: then the caller gets an error in place of the end.
    fn end(&mut self, outcome: Result<(), LedgerError>) {
        self.phase = Phase::Over;
        // Reads the provider's last bytes, so that its connection can be used again.
        if let Some(upstream) = &mut self.upstream {
            let _ = Pin::new(upstream).poll_frame(&mut Context::from_waker(std::task::Waker::noop()));
        }
        self.upstream = None;
        match outcome {
            Err(error) => self.tell(&not_durable(&error)),
            Ok(()) => self.close(),
        }
    }

    /// The last bytes: the provider's terminal event as it is, or the caller's closing.
    fn close(&mut self) {
        let Some(translator) = &mut self.translator else {
            self.ready.extend(Some(self.meter.terminal()).filter(|terminal| !terminal.is_empty()));
            return;
        };
        let mut last = std::mem::take(&mut self.last);
        let closed = translator.close(&self.closing_usage).map(|closing| last.extend(closing));
        self.ready.extend(Some(Bytes::from(last)).filter(|last| !last.is_empty()));
        if let Err(fault) = closed {
            self.tell(&fault);
        }
    }
}

impl Drop for Metered {
    /// The caller went away before the end: what was used is charged, and the provider is cut off, or read to its end
    /// where its policy says so.
    fn drop(&mut self) {
        let Some(mut call) = self.call.take().filter(|call| !call.is_settled) else { return };
        call.upstream_us += micros_since(self.begun);
        absorb(&mut call, &self.meter);
        if self.on_cancel == OnCancel::Drain
            && let Some(upstream) = self.upstream.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let meter = std::mem::replace(&mut self.meter, StreamMeter::new(call.inbound.endpoint, jeton_wire::StreamOptions::default()));
            call.decided("meter", "the client left; the provider was read to its end for exact usage (on_cancel = \"drain\")");
            runtime.spawn(drain(call, upstream, meter, self.deadline));
        }
    }
}

/// Reads a provider to its end for nobody, within the call's time, and settles.
async fn drain(mut call: Call, mut upstream: TryBody, mut meter: StreamMeter, deadline: Instant) {
    let read_all = async {
        while let Some(Ok(frame)) = std::future::poll_fn(|cx| Pin::new(&mut upstream).poll_frame(cx)).await {
            if let Ok(data) = frame.into_data() {
                note_bytes_in(&mut call, data.len());
                let _ = meter.push(data);
            }
            if meter.is_over() {
                break;
            }
        }
    };
    let _ = tokio::time::timeout_at(deadline, read_all).await;
    absorb(&mut call, &meter);
    let ending = if meter.terminal_seen() && meter.error().is_none() { Ending::Drained } else { Ending::Cancelled };
    let _ = settle::settle(&mut call, ending).await;
}

/// The provider sends what no reader could take.
fn unreadable(meter: &StreamMeter) -> Fault {
    let why = meter.error().map_or_else(|| "The provider's stream cannot be read.".to_owned(), |said| said.message.clone());
    Fault::new(FaultKind::UpstreamFailed, why)
}

fn broken_off(error: &TryError) -> Fault {
    Fault::new(error.kind, format!("The provider's stream broke off: {error}."))
}

/// The caller must not take an answer for complete whose charge may be lost.
pub(crate) fn not_durable(error: &LedgerError) -> Fault {
    Fault::new(FaultKind::Unavailable, format!("The answer could not be accounted: {error}."))
        .code("ledger_unavailable")
        .remedy("Look at the server's log and its disk.")
        .retry_after_ms(5_000)
}

fn error_event(call: &Call, meter: &StreamMeter, fault: &Fault) -> Bytes {
    Bytes::from(jeton_wire::encode_error_event(call.inbound.endpoint, fault, meter.next_sequence()))
}
