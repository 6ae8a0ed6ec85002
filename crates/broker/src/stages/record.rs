//! The record of a call: built by one pure function from what the stages found, on every path.

use jeton_core::{Attribution, CallId, Certainty, Cost, Fault, Nanousd, Timestamp, Usage};
use jeton_ledger::{CallRecord, CallStatus, ContextReceipt, Decision, StageTime, TryRecord};
use jeton_wire::{Endpoint, Observed};

/// What the stages found.
#[derive(Clone, Debug)]
pub(crate) struct Outcomes {
    pub(crate) id: CallId,
    pub(crate) started: Timestamp,
    pub(crate) attribution: Attribution,
    /// None where the path was none of the endpoints'.
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) model_asked: String,
    pub(crate) model: Option<String>,
    pub(crate) simulated: bool,
    pub(crate) price_version: Option<String>,
    pub(crate) route: Option<String>,
    pub(crate) status: CallStatus,
    pub(crate) http_status: u16,
    pub(crate) stream: bool,
    pub(crate) certainty: Certainty,
    pub(crate) cost: Cost,
    pub(crate) held: Nanousd,
    pub(crate) tries: Vec<TryRecord>,
    pub(crate) stages: Vec<StageTime>,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) context: Option<Box<ContextReceipt>>,
    pub(crate) first_content_us: Option<u64>,
    pub(crate) total_us: u64,
    pub(crate) own_us: u64,
    pub(crate) request_bytes: u64,
    pub(crate) response_bytes: u64,
    pub(crate) seen: Observed,
    pub(crate) fault: Option<Fault>,
    pub(crate) config_digest: String,
}

/// The record of a call.
pub(crate) fn build(found: Outcomes) -> CallRecord {
    let usage_certainty = match found.certainty {
        // An unknown price says nothing about the usage.
        Certainty::Unknown if found.tries.iter().all(|one| one.usage.is_complete()) => Certainty::Reported,
        other => other,
    };
    CallRecord {
        id: found.id,
        started: found.started,
        attribution: found.attribution,
        endpoint: found.endpoint.map_or("none", Endpoint::name).to_owned(),
        model_asked: found.model_asked,
        model: found.model,
        route: found.route,
        status: found.status,
        http_status: found.http_status,
        stream: found.stream,
        usage: usage_together(&found.tries),
        usage_certainty,
        cost: found.cost,
        charged: found.tries.iter().fold(Nanousd::ZERO, |sum, one| sum.saturating_add(one.charged)),
        charge_certainty: found.certainty,
        price_version: found.price_version,
        simulated: found.simulated,
        held: found.held,
        tries: found.tries,
        stages: found.stages,
        first_content_us: found.first_content_us,
        total_us: found.total_us,
        own_us: found.own_us,
        request_bytes: found.request_bytes,
        response_bytes: found.response_bytes,
        finish_reason: found.seen.finish_reason,
        tool_calls: found.seen.tool_calls,
        decisions: found.decisions,
        context: found.context,
        fault: found.fault,
        config_digest: found.config_digest,
    }
}

/// What all tries cost together; unknown as soon as one is. A call that was never tried cost nothing.
pub(crate) fn cost_together(tries: &[TryRecord]) -> Cost {
    let mut sum = Nanousd::ZERO;
    for one in tries {
        match &one.cost {
            Cost::Known(cost) => sum = sum.saturating_add(*cost),
            Cost::Unknown(why) => return Cost::Unknown(why.clone()),
        }
    }
    Cost::Known(sum)
}

/// What all tries used together. A figure that no try gave stays unknown.
fn usage_together(tries: &[TryRecord]) -> Usage {
    let mut sum = Usage::default();
    for one in tries {
        let used = &one.usage;
        add(&mut sum.input, used.input);
        add(&mut sum.cache_read, used.cache_read);
        add(&mut sum.cache_write, used.cache_write);
        add(&mut sum.cache_write_1h, used.cache_write_1h);
        add(&mut sum.output, used.output);
        add(&mut sum.reasoning, used.reasoning);
        add(&mut sum.input_audio, used.input_audio);
        add(&mut sum.output_audio, used.output_audio);
        add(&mut sum.web_searches, used.web_searches);
        sum.service_tier = used.service_tier.clone().or(sum.service_tier);
        if let Some(cost) = used.reported_cost {
            sum.reported_cost = Some(sum.reported_cost.unwrap_or(Nanousd::ZERO).saturating_add(cost));
        }
    }
    sum
}

fn add(into: &mut Option<u64>, tokens: Option<u64>) {
    if let Some(tokens) = tokens {
        *into = Some(into.unwrap_or(0).saturating_add(tokens));
    }
}
