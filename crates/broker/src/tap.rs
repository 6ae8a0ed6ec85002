//! The seam to whoever looks at what live calls say: question and answer pass by it, and nothing of them is kept here.

use crate::call::Call;
use bytes::Bytes;
use jeton_core::CallId;
use jeton_ledger::CallRecord;
use jeton_wire::Endpoint;

/// The longest answer that is kept for whoever looks at it, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Looks at live calls. Shared by all of them; must not block.
pub trait Tap: Send + Sync {
    /// Whether this call is wanted. Asked once its class is known; a call that is not wanted costs nothing more.
    fn wants(&self, call: CallId, class: &str) -> bool;

    /// A wanted call is settled.
    fn seen(&self, seen: Seen);
}

/// A call with its texts.
#[derive(Debug)]
pub struct Seen {
    /// Its record.
    pub record: CallRecord,
    /// The endpoint that the caller speaks.
    pub endpoint: Endpoint,
    /// The request as it was asked, with the context that was attached.
    pub request: Bytes,
    /// The answer as the caller got it, a stream without its end.
    pub answer: Bytes,
    /// Whether the answer is a stream of events.
    pub is_stream: bool,
    /// Whether the answer was longer than what is kept.
    pub is_cut: bool,
}

/// What is kept of a wanted call while it goes on.
#[derive(Debug, Default)]
pub(crate) struct Tapped {
    request: Bytes,
    answer: Vec<u8>,
    is_stream: bool,
    is_cut: bool,
}

impl Tapped {
    /// Keeps a piece of the answer.
    pub(crate) fn keep(&mut self, bytes: &[u8], is_stream: bool) {
        self.is_stream = is_stream;
        let room = ANSWER_BYTES_MAX.saturating_sub(self.answer.len());
        self.is_cut |= bytes.len() > room;
        self.answer.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// Begins to keep the texts of the call, where they are wanted. Jeton's own calls never are.
pub(crate) fn begin(call: &mut Call) {
    // A suite that runs through a server comes by HTTP like anybody else, but says what it is.
    let is_own = call.inbound.peer.is_own || call.attribution.tags.iter().any(|tag| tag.starts_with("suite:"));
    let Some(tap) = call.broker.tap().filter(|_| !is_own) else { return };
    if tap.wants(call.id, &call.attribution.class) {
        call.tapped = Some(Box::new(Tapped { request: call.inbound.body.clone(), ..Tapped::default() }));
    }
}

/// Hands a settled call on to whoever wants it.
pub(crate) fn hand_on(call: &mut Call, record: &CallRecord) {
    let (Some(tapped), Some(tap)) = (call.tapped.take(), call.broker.tap()) else { return };
    let Tapped { request, answer, is_stream, is_cut } = *tapped;
    tap.seen(Seen { record: record.clone(), endpoint: call.inbound.endpoint, request, answer: answer.into(), is_stream, is_cut });
}
