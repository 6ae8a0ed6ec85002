//! What each path of the API does. Plain functions: a checked request in, an answer or a fault out.

use super::view;
use crate::metrics;
use crate::route::{Answer, Ask};
use crate::state::{Access, Console};
use jeton_core::{CallId, Fault, FaultKind, Timestamp};
use jeton_ledger::{CallDetail, CallFilter, CallStatus, CostQuery, Dimension, Feedback, LatencyQuery, LedgerError};
use serde_json::{Value, json};

/// A failure of the ledger as the caller sees it.
pub(crate) fn ledger_fault(error: &LedgerError) -> Fault {
    match error {
        LedgerError::Invalid(why) => Fault::new(FaultKind::InvalidRequest, format!("{why}.")),
        LedgerError::NotFound(why) => Fault::new(FaultKind::NotFound, format!("{why}.")),
        other => Fault::new(FaultKind::Unavailable, format!("The ledger cannot be asked: {other}.")).remedy("Look at the server's log and at its disk."),
    }
}

/// The call that the path names, if the asking may see it. A key is told nothing of other keys' calls, not even that
/// they exist.
pub(crate) fn find_call(console: &Console, ask: &Ask) -> Result<CallDetail, Fault> {
    let id: CallId = ask.id.parse().map_err(|_| {
        let shown = crate::route::printable(&ask.id);
        Fault::new(FaultKind::InvalidRequest, format!("`{shown}` is not the id of a call; ids look like call-20261123-1k7c2m9x0a.")).param("id")
    })?;
    let missing = || Fault::new(FaultKind::NotFound, format!("There is no {id}.")).remedy("GET /api/calls lists calls; old ones may have been removed.");
    let detail = console.ledger.call(id).map_err(|error| ledger_fault(&error))?.ok_or_else(missing)?;
    match &ask.access {
        Access::Full => Ok(detail),
        Access::Key(name) if detail.record.attribution.key.as_ref() == Some(name) => Ok(detail),
        _ => Err(missing()),
    }
}

/// The filter that the query states.
pub(crate) fn call_filter(ask: &Ask) -> Result<CallFilter, Fault> {
    let text = |name: &str| ask.text(name).map(str::to_owned);
    let before = match ask.text("before") {
        Some(id) => Some(id.parse().map_err(|message: String| Fault::new(FaultKind::InvalidRequest, format!("{message}.")).param("before"))?),
        None => None,
    };
    Ok(CallFilter {
        class: text("class"),
        model: text("model"),
        key: text("key"),
        account: text("account"),
        status: ask.text("status").and_then(CallStatus::from_name),
        simulated: ask.text("simulated").map(|value| value == "true"),
        tag: text("tag"),
        outcome: text("outcome"),
        since: ask.moment("since"),
        until: ask.moment("until"),
        before,
        limit: usize::try_from(ask.integer("limit").unwrap_or(100)).unwrap_or(100),
    })
}

pub(super) fn calls(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let mut filter = call_filter(ask)?;
    let limit = filter.limit;
    filter.limit += 1; // one more tells whether there is a next page
    let mut rows = console.ledger.calls(&filter).map_err(|error| ledger_fault(&error))?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = if more { rows.last().map(|row| row.id) } else { None };
    Answer::json(&json!({ "calls": rows.iter().map(view::call_row).collect::<Vec<_>>(), "next": next }))
}

pub(super) fn call(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    Answer::json(&view::receipt(&find_call(console, ask)?))
}

pub(super) fn feedback(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let detail = find_call(console, ask)?;
    let given = read_feedback(ask.body.as_ref().unwrap_or(&Value::Null), &ask.access, ask.now)?;
    console.ledger.feedback(detail.record.id, &given).map_err(|error| ledger_fault(&error))?;
    Answer::json(&view::feedback(&given))
}

/// The verdict in a body. A key speaks in its own name; others may say whose word it is.
fn read_feedback(body: &Value, access: &Access, now: Timestamp) -> Result<Feedback, Fault> {
    const KNOWN: [&str; 4] = ["verdict", "score", "comment", "by"];
    let wrong = |param: &str, message: String| Fault::new(FaultKind::InvalidRequest, message).param(param);
    let Value::Object(members) = body else {
        return Err(wrong("body", "The body must be an object such as {\"verdict\": \"good\", \"score\": 1, \"comment\": \"…\"}.".into()));
    };
    if let Some(unknown) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        let shown = crate::route::printable(unknown);
        return Err(wrong(&shown, format!("There is no member `{shown}`; known: {}.", KNOWN.join(", "))));
    }
    let text = |name: &str| match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong(name, format!("`{name}` must be a string."))),
    };
    let score = match members.get("score") {
        None | Some(Value::Null) => None,
        Some(Value::Number(number)) => number.as_f64(),
        Some(_) => return Err(wrong("score", "`score` must be a number from 0 to 1.".into())),
    };
    let by = match access {
        Access::Key(name) => name.to_string(),
        _ => text("by")?.unwrap_or_else(|| "admin".into()),
    };
    let verdict = text("verdict")?.ok_or_else(|| wrong("verdict", "`verdict` is missing: `good`, `bad` or a word of your own.".into()))?;
    let given = Feedback { verdict, score, comment: text("comment")?, by, at: now };
    given.check().map_err(|error| ledger_fault(&error))?;
    Ok(given)
}

fn dimension(ask: &Ask) -> Option<Dimension> {
    ask.text("by").and_then(Dimension::from_name)
}

pub(super) fn cost(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let by = dimension(ask).unwrap_or(Dimension::Model);
    let (since, until) = (ask.moment("since"), ask.moment("until"));
    let timezone = ask.text("timezone").map(str::to_owned).or_else(|| console.zone.iana_name().map(str::to_owned));
    let rows = console.ledger.cost(&CostQuery { by, since, until, timezone }).map_err(|error| ledger_fault(&error))?;
    Answer::json(&json!({
        "by": by, "since": since.map(view::moment), "until": view::moment(until.unwrap_or(ask.now)),
        "rows_overlap": matches!(by, Dimension::Account | Dimension::Tag),
        "rows": rows.iter().map(view::cost_row).collect::<Vec<_>>(),
    }))
}

pub(super) fn series(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let since = ask.moment("since").unwrap_or(ask.now);
    let until = ask.moment("until").unwrap_or(ask.now);
    if until <= since {
        return Err(Fault::new(FaultKind::InvalidRequest, "`since` must lie before `until`.").param("since"));
    }
    let points = i64::try_from(ask.integer("points").unwrap_or(96)).unwrap_or(96);
    let bucket_ms = ((until.0 - since.0) / points).max(1_000);
    let rows = console.ledger.series(since, until, bucket_ms).map_err(|error| ledger_fault(&error))?;
    let rows: Vec<Value> = rows.iter().map(view::series_row).collect();
    Answer::json(&json!({ "since": view::moment(since), "until": view::moment(until), "bucket_ms": bucket_ms, "rows": rows }))
}

pub(super) fn latency(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let simulated = ask.text("simulated").map(|value| value == "true");
    let query = LatencyQuery { by: dimension(ask), since: ask.moment("since"), until: ask.moment("until"), simulated };
    let rows = console.ledger.latency(&query).map_err(|error| ledger_fault(&error))?;
    Answer::json(&json!({ "rows": rows.iter().map(view::latency_row).collect::<Vec<_>>() }))
}

pub(super) fn accounts(console: &Console, _ask: &Ask) -> Result<Answer, Fault> {
    Answer::json(&json!({ "accounts": console.ledger.standings().iter().map(view::standing).collect::<Vec<_>>() }))
}

pub(super) fn status(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let status = (console.status)();
    let health = console.ledger.healthy();
    let problem = status.config.problem.as_ref().map(|problem| json!({ "since": view::moment(problem.since), "mistakes": problem.mistakes }));
    let providers: Vec<Value> = status
        .providers
        .iter()
        .map(|one| {
            json!({
                "name": one.name, "api": one.api, "base_url": one.base_url, "health": one.health, "detail": one.detail,
                "tried": one.tried.map(view::moment), "simulated": one.simulated,
            })
        })
        .collect();
    Answer::json(&json!({
        "version": status.version, "started": view::moment(status.started), "now": view::moment(ask.now),
        "uptime_seconds": ask.now.0.saturating_sub(status.started.0).max(0) / 1_000, "listen": status.listen, "durability": status.durability,
        "stopping": status.stopping, "calls_in_flight": console.metrics.calls_in_flight.get(), "timezone": console.zone.iana_name(),
        "config": {
            "digest": status.config.digest, "path": status.config.path, "loaded": view::moment(status.config.loaded), "problem": problem,
        },
        "store": { "healthy": health.is_ok(), "problem": health.err() },
        "providers": providers,
    }))
}

pub(super) fn models(console: &Console, _ask: &Ask) -> Result<Answer, Fault> {
    Answer::json(&json!({ "models": (console.status)().models }))
}

pub(super) fn openapi(_console: &Console, _ask: &Ask) -> Result<Answer, Fault> {
    Answer::json(&super::openapi_document())
}

pub(super) fn metrics(console: &Console, _ask: &Ask) -> Result<Answer, Fault> {
    Ok(Answer::text(metrics::CONTENT_TYPE, metrics::expose(console)))
}
