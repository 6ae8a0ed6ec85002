//! What was used is charged, exactly once, whatever happened. The end of an answer waits for the charge to be durable.

use crate::call::{Call, Candidate, RunningTry};
use crate::estimate;
use crate::stages::record::{self, Outcomes};
use crate::tap;
use jeton_core::{Certainty, Cost, Fault, Nanousd, Usage};
use jeton_ledger::{CallStatus, Durable};
use jeton_wire::{Endpoint, Observed};

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With a whole answer.
    Completed,
    /// Before anything was sent upstream.
    Refused(Fault),
    /// Without an answer, or with a broken one.
    Failed(Fault),
    /// The client went away.
    Cancelled,
    /// The client went away, and the provider was read to its proper end for its figures.
    Drained,
}

impl Ending {
    fn status(&self) -> CallStatus {
        match self {
            Self::Completed => CallStatus::Ok,
            Self::Refused(_) => CallStatus::Refused,
            Self::Failed(_) => CallStatus::Failed,
            Self::Cancelled | Self::Drained => CallStatus::Cancelled,
        }
    }

    fn into_fault(self) -> Option<Fault> {
        match self {
            Self::Refused(fault) | Self::Failed(fault) => Some(fault),
            Self::Completed | Self::Cancelled | Self::Drained => None,
        }
    }
}

/// What is charged for a try whose provider reports nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unreported {
    /// Nothing: the request did not leave, or was answered with an error, which no provider bills.
    Free,
    /// What it must have used by the texts of request and answer, marked as estimated.
    Estimated,
}

/// Settles the call: closes the try under way, builds the record and hands it to the ledger.
pub(crate) fn settle(call: &mut Call, ending: Ending) -> Durable {
    settle_telling(call, ending).0
}

/// As [`settle`]; with what the last try used, reported or estimated.
pub(crate) fn settle_telling(call: &mut Call, ending: Ending) -> (Durable, Usage) {
    call.is_settled = true;
    if call.running.is_some() {
        let (outcome, fault) = match &ending {
            Ending::Completed => ("ok", None),
            Ending::Cancelled | Ending::Drained => ("cancelled", None),
            Ending::Failed(fault) | Ending::Refused(fault) => ("broken_off", Some(fault.clone())),
        };
        close(call, outcome.to_owned(), fault, Unreported::Estimated, matches!(ending, Ending::Completed | Ending::Drained));
    }
    call.passed("settle");
    let used = call.tries.last().map(|last| last.usage.clone()).unwrap_or_default();
    let record = record::build(outcomes(call, ending));
    tracing::debug!(call = %record.id, class = &*record.attribution.class, model = record.model, status = record.status.name(), charged = %record.charged, total_us = record.total_us, "call settled");
    call.broker.observe(&record);
    tap::hand_on(call, &record);
    (call.broker.ledger().settle(record), used)
}

/// Closes the try under way: it was answered with an error, or did not leave.
pub(crate) fn close_try(call: &mut Call, outcome: String, fault: Option<Fault>) {
    close(call, outcome, fault, Unreported::Free, false);
}

/// Closes the try under way: it was sent, and no answer came (or it broke off).
pub(crate) fn close_try_unanswered(call: &mut Call, outcome: String, fault: Option<Fault>) {
    close(call, outcome, fault, Unreported::Estimated, false);
}

/// What the tries so far are charged together.
pub(crate) fn spent(call: &Call) -> Nanousd {
    call.tries.iter().fold(Nanousd::ZERO, |sum, one| sum.saturating_add(one.charged))
}

fn close(call: &mut Call, outcome: String, fault: Option<Fault>, unreported: Unreported, ended_cleanly: bool) {
    let Some(running) = call.running.take() else { return };
    let reported = std::mem::take(&mut call.usage);
    let seen = std::mem::take(&mut call.observed);
    let candidate = &call.candidates[running.candidate];
    let resolved = &candidate.resolved;
    let (mut usage, mut certainty) = used(call, &running, &reported, &seen, unreported, ended_cleanly);
    let mut cost = resolved.entry.price.charge(&usage);
    if !estimate::is_plausible(&usage, &candidate.bound) {
        cost = Cost::Unknown("the provider reports more tokens than the request can have used".into());
        (usage, certainty) = (Usage::default(), Certainty::Unknown);
    }
    let charged = cost.known().unwrap_or_else(|| bound_of_unknown(call, candidate, &usage));
    call.certainties.push(if cost.known().is_some() { certainty } else { Certainty::Unknown });
    call.last_seen = seen;
    let mut record = running.record;
    record.ended_us = call.elapsed_us();
    record.outcome = outcome;
    record.fault = fault;
    record.usage = usage;
    record.cost = cost;
    record.charged = charged;
    call.last_candidate = Some(running.candidate);
    call.tries.push(record);
}

/// What budgets count for a try whose cost nobody knows, never nothing: the assumed price where one is configured; else
/// every token at the dearest of the model's known rates; else what is left of the hold.
fn bound_of_unknown(call: &Call, candidate: &Candidate, usage: &Usage) -> Nanousd {
    let price = call.live.price_for_bound(&candidate.resolved);
    let by_usage = usage.input_total().zip(usage.output).and_then(|(input, output)| price.bound(input, output, usage.service_tier.as_deref()));
    let held = call.held.saturating_sub(spent(call));
    by_usage.or_else(|| candidate.cost_bound.map(|bound| bound.min(held).max(Nanousd::ZERO))).unwrap_or(Nanousd::ZERO)
}

/// What a try used, and how certain that is.
fn used(call: &Call, running: &RunningTry, reported: &Usage, seen: &Observed, unreported: Unreported, ended_cleanly: bool) -> (Usage, Certainty) {
    let nothing = Usage { input: Some(0), output: Some(0), ..Usage::default() };
    match call.inbound.endpoint {
        // Counting tokens buys none.
        Endpoint::CountTokens => return (nothing, Certainty::Reported),
        Endpoint::Embeddings if reported.input.is_some() => return (Usage { output: Some(0), ..reported.clone() }, Certainty::Reported),
        _ => {}
    }
    let is_free = unreported == Unreported::Free || !running.was_sent();
    if is_free && reported.input.is_none() {
        return (nothing, Certainty::Reported);
    }
    let (mut usage, certainty) = estimate::complete(reported, ended_cleanly, call.text_bytes(), seen);
    if reported.output.is_none() && seen.is_empty() && !ended_cleanly {
        let waited_us = call.elapsed_us().saturating_sub(running.record.started_us);
        usage.output = Some(estimate::unseen_output(waited_us, &call.candidates[running.candidate].bound));
    }
    (usage, certainty)
}

/// Moves what the stages found out of the call, for the record.
fn outcomes(call: &mut Call, ending: Ending) -> Outcomes {
    let served = call.last_candidate.map(|index| call.candidates[index].resolved.clone());
    let is_answered = ending == Ending::Completed;
    let status = ending.status();
    let total_us = call.elapsed_us();
    let cost = record::cost_together(&call.tries);
    Outcomes {
        id: call.id,
        started: call.started,
        attribution: call.attribution.clone(),
        endpoint: call.inbound.is_endpoint.then_some(call.inbound.endpoint),
        model_asked: call.facts.as_ref().map(|facts| facts.model.clone()).unwrap_or_default(),
        model: served.as_ref().filter(|_| is_answered || call.first_content_us.is_some()).map(crate::catalogue::Resolved::full_name),
        simulated: served.as_ref().or(call.candidates.first().map(|candidate| &candidate.resolved)).is_some_and(|resolved| resolved.entry.is_simulated),
        price_version: served.map(|resolved| resolved.entry.price_version.clone()).filter(|version| !version.is_empty()),
        route: call.route.take(),
        status,
        http_status: call.http_status,
        stream: call.facts.as_ref().is_some_and(|facts| facts.stream),
        certainty: worst(&call.certainties),
        cost,
        held: call.held,
        tries: std::mem::take(&mut call.tries),
        stages: std::mem::take(&mut call.stages),
        decisions: std::mem::take(&mut call.decisions),
        context: call.context.take(),
        first_content_us: call.first_content_us,
        total_us,
        own_us: total_us.saturating_sub(call.upstream_us),
        request_bytes: call.request_bytes,
        response_bytes: call.response_bytes,
        seen: std::mem::take(&mut call.last_seen),
        fault: ending.into_fault(),
        config_digest: call.live.snapshot().digest.clone(),
    }
}

/// The least certain of the tries decides; a call without tries used nothing, for certain.
fn worst(certainties: &[Certainty]) -> Certainty {
    let rank = |certainty: &Certainty| match certainty {
        Certainty::Reported => 0,
        Certainty::Estimated => 1,
        Certainty::Unknown => 2,
    };
    certainties.iter().copied().max_by_key(rank).unwrap_or(Certainty::Reported)
}
