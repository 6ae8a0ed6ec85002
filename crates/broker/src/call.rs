//! One call on its way: what the stages have found out so far. Dropped before its end (the client went away, a stage
//! panicked), it settles itself, so that no path leaves a hold open or a token unaccounted.

use crate::bound::Bound;
use crate::broker::Broker;
use crate::catalogue::Resolved;
use crate::inbound::Inbound;
use crate::live::Live;
use crate::stages::settle::{self, Ending};
use crate::stages::translate::{Asked, Translated};
use crate::tap::Tapped;
use bytes::Bytes;
use jeton_core::{Attribution, CallId, Certainty, Fault, FaultKind, Nanousd, Timestamp};
use jeton_ledger::{ContextReceipt, Decision, KeyRecord, StageTime, TryRecord};
use jeton_project::Class;
use jeton_wire::canonical::Loss;
use jeton_wire::{Endpoint, Observed, RequestFacts};
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::time::Instant;

/// A model that may serve the call, with what a try at it can cost.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) resolved: Resolved,
    pub(crate) bound: Bound,
    /// The most that a try can cost; `None` where the price is unknown and nobody configured a bound.
    pub(crate) cost_bound: Option<Nanousd>,
    /// Whether the bound on output is the class's, so that the request must be told it.
    pub(crate) is_limited_by_class: bool,
    /// The endpoint through which its provider is asked.
    pub(crate) through: Endpoint,
    /// The request in the provider's dialect, where that is not the caller's.
    pub(crate) translated: Option<Arc<Translated>>,
}

/// The try under way.
#[derive(Debug)]
pub(crate) struct RunningTry {
    pub(crate) record: TryRecord,
    pub(crate) candidate: usize,
    /// Set as soon as bytes of the request may have left.
    pub(crate) sent: Arc<AtomicBool>,
}

impl RunningTry {
    pub(crate) fn was_sent(&self) -> bool {
        self.sent.load(Ordering::Relaxed)
    }
}

/// A call on its way.
pub(crate) struct Call {
    pub(crate) broker: Arc<Broker>,
    pub(crate) live: Arc<Live>,
    pub(crate) inbound: Inbound,
    pub(crate) id: CallId,
    pub(crate) started: Timestamp,
    pub(crate) attribution: Attribution,
    pub(crate) class: Option<Arc<Class>>,
    pub(crate) key: Option<Arc<KeyRecord>>,
    pub(crate) facts: Option<RequestFacts>,
    /// What was attached to the request; `inbound.body` and `facts` have it in them then.
    pub(crate) context: Option<Box<ContextReceipt>>,
    pub(crate) route: Option<String>,
    /// The request in the canonical form, read once where any candidate needs it.
    pub(crate) asked: Option<Asked>,
    /// What did not come across on the way to the model that answers, and back from it.
    pub(crate) dropped: Loss,
    pub(crate) candidates: Vec<Candidate>,
    /// The most output tokens for each answer that the hold pays for, where the request had to be given a limit.
    pub(crate) output_limit: Option<u64>,
    pub(crate) held: Nanousd,
    pub(crate) tries: Vec<TryRecord>,
    pub(crate) running: Option<RunningTry>,
    pub(crate) stages: Vec<StageTime>,
    pub(crate) decisions: Vec<Decision>,
    /// What is seen of the answer; kept here so that a call that is dropped can be charged.
    pub(crate) observed: Observed,
    /// The same of the last try that was closed.
    pub(crate) last_seen: Observed,
    pub(crate) last_candidate: Option<usize>,
    pub(crate) certainties: Vec<Certainty>,
    pub(crate) usage: jeton_core::Usage,
    pub(crate) first_content_us: Option<u64>,
    pub(crate) upstream_us: u64,
    pub(crate) request_bytes: u64,
    pub(crate) response_bytes: u64,
    pub(crate) http_status: u16,
    pub(crate) is_settled: bool,
    /// Whether the answer is an estimate of Jeton's, which its header says.
    pub(crate) is_estimated: bool,
    /// Its texts, where somebody looks at them.
    pub(crate) tapped: Option<Box<Tapped>>,
}

impl Call {
    pub(crate) fn begin(broker: &Arc<Broker>, inbound: Inbound) -> Self {
        let id = broker.next_id();
        broker.count_begun();
        Self {
            broker: Arc::clone(broker),
            live: broker.live(),
            id,
            started: id.started(),
            attribution: Attribution::new(broker.default_accounts()),
            class: None,
            key: None,
            facts: None,
            context: None,
            route: None,
            asked: None,
            dropped: Loss::default(),
            candidates: Vec::new(),
            output_limit: None,
            held: Nanousd::ZERO,
            tries: Vec::new(),
            running: None,
            stages: Vec::with_capacity(8),
            decisions: Vec::new(),
            observed: Observed::default(),
            last_seen: Observed::default(),
            last_candidate: None,
            certainties: Vec::new(),
            usage: jeton_core::Usage::default(),
            first_content_us: None,
            upstream_us: 0,
            request_bytes: inbound.body.len() as u64,
            response_bytes: 0,
            http_status: 0,
            is_settled: false,
            is_estimated: false,
            tapped: None,
            inbound,
        }
    }

    /// Microseconds since the request was there.
    pub(crate) fn elapsed_us(&self) -> u64 {
        micros(self.inbound.received.elapsed())
    }

    /// Lets go of the request: an answer has begun, so no further try will need it. Prompts of agents are large, and
    /// streams long.
    pub(crate) fn forget_request(&mut self) {
        self.inbound.body = Bytes::new();
        self.asked = None;
        self.inbound.reserved.release();
    }

    /// Notes that a stage is done.
    pub(crate) fn passed(&mut self, stage: &'static str) {
        let at_us = self.elapsed_us();
        self.stages.push(StageTime { stage: Cow::Borrowed(stage), at_us });
    }

    /// Notes a decision, for the receipt.
    pub(crate) fn decided(&mut self, stage: &'static str, what: impl Into<String>) {
        let decision = Decision { stage: Cow::Borrowed(stage), what: what.into() };
        // A further try decides the same again more often than not.
        if !self.decisions.contains(&decision) {
            self.decisions.push(decision);
        }
    }

    /// Bytes of the request that become tokens. Before the scan has succeeded, an empty request.
    pub(crate) fn text_bytes(&self) -> u64 {
        self.facts.as_ref().map_or(0, |facts| facts.text_bytes)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.broker.count_ended();
        if self.is_settled {
            return;
        }
        let ending = if std::thread::panicking() {
            Ending::Failed(
                Fault::new(FaultKind::Internal, "Jeton met a bug of its own and gave this call up.").remedy("Please report it with the id of the call."),
            )
        } else {
            Ending::Cancelled
        };
        // Nobody is left to wait for the disk: the writer commits it with its next batch.
        drop(settle::settle(self, ending));
    }
}

/// A duration in whole microseconds.
pub(crate) fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Microseconds from `start` to now.
pub(crate) fn micros_since(start: Instant) -> u64 {
    micros(start.elapsed())
}
