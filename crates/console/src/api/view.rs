//! The ledger's rows as the API shows them. Moments are RFC 3339 texts, money is in nano-dollars (1e-9 USD), times are in
//! microseconds, and what nobody knows is `null`.

use jeton_core::{Cost, Fault, Timestamp, Usage};
use jeton_ledger::{
    AccountStanding, CallDetail, CallRow, ContextReceipt, ContextSpan, CostRow, EntryRow, Feedback, LatencyRow, Percentiles, SeriesRow, Sums, TryRecord,
};
use serde_json::{Value, json};

pub(super) fn moment(at: Timestamp) -> Value {
    at.rfc3339().into()
}

fn usage(usage: &Usage) -> Value {
    json!({
        "input": usage.input, "cache_read": usage.cache_read, "cache_write": usage.cache_write, "cache_write_1h": usage.cache_write_1h,
        "output": usage.output, "reasoning": usage.reasoning, "input_audio": usage.input_audio, "output_audio": usage.output_audio,
        "web_searches": usage.web_searches, "service_tier": usage.service_tier,
    })
}

/// Cost and the reason why it is unknown: one of the two is `null`.
fn cost(cost: &Cost) -> (Value, Value) {
    match cost {
        Cost::Known(amount) => (amount.0.into(), Value::Null),
        Cost::Unknown(why) => (Value::Null, why.as_str().into()),
    }
}

fn fault(fault: &Fault) -> Value {
    json!({ "code": fault.code_or_kind(), "message": fault.message, "remedy": fault.remedy, "param": fault.param })
}

pub(super) fn call_row(row: &CallRow) -> Value {
    let (known, unknown) = cost(&row.cost);
    json!({
        "id": row.id, "started": moment(row.started), "accounts": row.accounts, "key": row.key, "class": row.class, "outcome": row.outcome,
        "tags": row.tags, "endpoint": row.endpoint, "model_asked": row.model_asked, "model": row.model, "status": row.status,
        "http_status": row.http_status, "stream": row.stream, "usage": usage(&row.usage), "usage_certainty": row.usage_certainty,
        "cost_nanousd": known, "cost_unknown": unknown, "charged_nanousd": row.charged.0, "simulated": row.simulated, "tries": row.tries,
        "error": row.fault, "first_content_us": row.first_content_us, "total_us": row.total_us, "own_us": row.own_us,
    })
}

fn try_row(one: &TryRecord) -> Value {
    let (known, unknown) = cost(&one.cost);
    json!({
        "provider": one.provider, "model": one.model, "started_us": one.started_us, "first_content_us": one.first_content_us,
        "ended_us": one.ended_us, "status": one.status, "outcome": one.outcome, "fault": one.fault.as_ref().map(fault), "usage": usage(&one.usage),
        "cost_nanousd": known, "cost_unknown": unknown, "charged_nanousd": one.charged.0, "bytes_in": one.bytes_in, "bytes_out": one.bytes_out,
    })
}

fn entry(entry: &EntryRow) -> Value {
    json!({
        "kind": entry.kind, "amount_nanousd": entry.amount.0, "accounts": entry.accounts, "at": moment(entry.at), "made_at": moment(entry.made_at),
        "certainty": entry.certainty, "simulated": entry.simulated,
    })
}

pub(super) fn feedback(feedback: &Feedback) -> Value {
    json!({ "verdict": feedback.verdict, "score": feedback.score, "comment": feedback.comment, "by": feedback.by, "at": moment(feedback.at) })
}

/// The context that a call was given.
fn attached(context: &ContextReceipt) -> Value {
    let span = |span: &ContextSpan| {
        json!({
            "unit": span.unit, "kind": span.kind, "digest": span.digest, "path": span.path, "first_line": span.first_line, "last_line": span.last_line,
            "tokens": span.tokens, "view": span.view, "why": span.why, "tier": span.tier, "is_eligible": span.is_eligible,
        })
    };
    let hold_out = context
        .hold_out
        .as_ref()
        .map(|draw| json!({ "share_ppm": draw.share_ppm, "eligible": draw.eligible, "propensity_ppb": draw.propensity_ppb, "held_out": draw.held_out }));
    json!({
        "pack": context.pack, "asked_by": context.asked_by, "digest": context.digest, "snapshot": context.snapshot,
        "query_digest": context.query_digest, "vocabulary": context.vocabulary, "tokens": context.tokens, "budget_tokens": context.budget_tokens,
        "bytes": context.bytes, "breakpoints": context.breakpoints, "breakpoints_dropped": context.breakpoints_dropped,
        "spans": context.spans.iter().map(span).collect::<Vec<_>>(), "hold_out": hold_out,
    })
}

pub(super) fn receipt(detail: &CallDetail) -> Value {
    let call = &detail.record;
    let (known, unknown) = cost(&call.cost);
    json!({
        "id": call.id, "started": moment(call.started), "accounts": call.attribution.accounts, "key": call.attribution.key,
        "class": call.attribution.class, "class_source": call.attribution.class_source, "outcome": call.attribution.outcome,
        "task": call.attribution.task, "tags": call.attribution.tags, "endpoint": call.endpoint, "model_asked": call.model_asked,
        "model": call.model, "route": call.route, "status": call.status, "http_status": call.http_status, "stream": call.stream,
        "usage": usage(&call.usage), "usage_certainty": call.usage_certainty, "cost_nanousd": known, "cost_unknown": unknown,
        "charged_nanousd": call.charged.0, "charge_certainty": call.charge_certainty, "held_nanousd": call.held.0,
        "price_version": call.price_version, "simulated": call.simulated, "first_content_us": call.first_content_us, "total_us": call.total_us,
        "own_us": call.own_us, "request_bytes": call.request_bytes, "response_bytes": call.response_bytes, "finish_reason": call.finish_reason,
        "tool_calls": call.tool_calls, "context": call.context.as_deref().map(attached), "fault": call.fault.as_ref().map(fault), "config_digest": call.config_digest,
        "stages": call.stages.iter().map(|stage| json!({ "stage": stage.stage, "at_us": stage.at_us })).collect::<Vec<_>>(),
        "decisions": call.decisions.iter().map(|decision| json!({ "stage": decision.stage, "what": decision.what })).collect::<Vec<_>>(),
        "tries": call.tries.iter().map(try_row).collect::<Vec<_>>(),
        "entries": detail.entries.iter().map(entry).collect::<Vec<_>>(),
        "feedback": detail.feedback.iter().map(feedback).collect::<Vec<_>>(),
    })
}

fn sums(sums: &Sums) -> Value {
    json!({
        "calls": sums.calls, "failed": sums.failed, "refused": sums.refused, "cancelled": sums.cancelled, "interrupted": sums.interrupted,
        "cost_nanousd": sums.cost.0, "cost_unknown_calls": sums.unknown_calls, "cost_unknown_bound_nanousd": sums.unknown_bound.0,
        "charged_nanousd": sums.charged.0,
        "tokens": {
            "input": sums.tokens.input, "cache_read": sums.tokens.cache_read, "cache_write": sums.tokens.cache_write, "output": sums.tokens.output,
            "reasoning": sums.tokens.reasoning, "unknown_calls": sums.tokens.unknown_calls, "estimated_calls": sums.tokens.estimated_calls,
        },
    })
}

pub(super) fn cost_row(row: &CostRow) -> Value {
    json!({ "name": row.name, "real": sums(&row.real), "simulated": sums(&row.simulated) })
}

pub(super) fn series_row(row: &SeriesRow) -> Value {
    json!({ "start": moment(row.start), "real": sums(&row.real), "simulated": sums(&row.simulated) })
}

pub(super) fn latency_row(row: &LatencyRow) -> Value {
    let percentiles = |times: Option<Percentiles>| times.map(|p| json!({ "n": p.n, "p50_us": p.p50_us, "p90_us": p.p90_us, "p99_us": p.p99_us }));
    json!({ "name": row.name, "first_content": percentiles(row.first_content), "total": percentiles(row.total) })
}

pub(super) fn standing(standing: &AccountStanding) -> Value {
    let budget = standing.budget.as_ref();
    json!({
        "name": standing.name, "parent": standing.parent, "budget_nanousd": budget.map(|b| b.amount.0), "window": budget.map(|b| b.window),
        "timezone": budget.map(|b| b.timezone.as_str()), "since": standing.since.map(moment), "spent_nanousd": standing.spent.0,
        "held_nanousd": standing.held.0, "available_nanousd": standing.available.map(|left| left.0), "renews_at": standing.renews_at.map(moment),
    })
}
