//! The JSON API: one table of its routes, what each does, and the document that describes them.

mod context;
mod context_routes;
mod context_schema;
#[cfg(test)]
mod context_tests;
mod context_view;
mod evals;
mod evals_found_schema;
mod evals_routes;
mod evals_schema;
#[cfg(test)]
mod evals_tests;
mod evals_view;
mod handler;
mod openapi;
mod schema;
#[cfg(test)]
mod tests;
mod view;

pub(crate) use context::{MORE_TOKENS, counts, findings_about, matching, needed};
pub(crate) use context_routes::{ID_BYTES_MAX, QUERY_BYTES_MAX, UNIT_FILTERS};
pub(crate) use context_view::{body, history};
pub(crate) use evals::QUEUE_MAX;
pub(crate) use evals_routes::{PAIR_PARAMS, ROW_FILTERS};
pub(crate) use handler::{call_filter, find_call, ledger_fault};
pub use openapi::openapi_document;

use crate::metrics::CONTENT_TYPE as METRICS_TYPE;
use crate::route::{BODY_BYTES_MAX, Gives, Kind, Param, Reach, Route, Verb};

const STATUSES: &[&str] = &["ok", "refused", "failed", "cancelled", "interrupted"];
const DIMENSIONS: &[&str] = &["model", "provider", "class", "outcome", "key", "account", "tag", "day", "status"];
const TRUTHS: &[&str] = &["true", "false"];

const fn param(name: &'static str, kind: Kind, default: Option<&'static str>, about: &'static str) -> Param {
    Param { name, kind, default, about }
}

const fn filter(name: &'static str, about: &'static str) -> Param {
    param(name, Kind::Text, None, about)
}

const SIMULATED: Param = param("simulated", Kind::Choice(TRUTHS), None, "Only calls whose money is simulated, or only real ones.");
const UNTIL: Param = param("until", Kind::Moment, None, "Calls begun before this moment; now where left out.");

/// The filters of calls, as the API and the page read them.
pub(crate) const CALL_FILTERS: &[Param] = &[
    filter("class", "The kind of work."),
    filter("model", "The model that answered (`provider/name`), or the one asked for."),
    filter("key", "The name of the caller's key."),
    filter("account", "An account among those that paid."),
    param("status", Kind::Choice(STATUSES), None, "How the call ended."),
    SIMULATED,
    filter("tag", "A tag, word for word."),
    filter("outcome", "The outcome that the call worked for."),
    param("since", Kind::Moment, None, "Calls begun at or after this moment: a span such as `15m`, `24h` or `7d`, a date, an RFC 3339 moment, or `all`."),
    UNTIL,
    filter("before", "Calls older than the one with this id: the `next` of the page before."),
    param("limit", Kind::Integer { least: 1, most: 1_000 }, Some("100"), "At most so many."),
];

const GET: Route = Route {
    verb: Verb::Get,
    path: "",
    id: "",
    summary: "",
    about: "",
    reach: Reach::Admin,
    params: &[],
    takes: None,
    body_bytes_max: BODY_BYTES_MAX,
    is_form: false,
    gives: Gives::Json,
    refusals: &[],
    handler: handler::openapi,
};

/// Every route of the API.
pub(crate) fn routes() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().chain(context_routes::ROUTES).chain(evals_routes::ROUTES)
}

/// The routes of calls, money and the server, in the order of the document.
const ROUTES: &[Route] = &[
    Route {
        path: "/api/calls",
        id: "listCalls",
        summary: "Calls, newest first",
        about: "Calls that all given filters match. Where `next` is not null, pass it as `before` for the page after.",
        params: CALL_FILTERS,
        gives: Gives::Schema("CallPage"),
        refusals: &[400],
        handler: handler::calls,
        ..GET
    },
    Route {
        path: "/api/calls/{id}",
        id: "getCall",
        summary: "The receipt of a call",
        about: "Stages with times, tries, tokens by kind, price version, money, decisions and verdicts. A key sees the calls that it made.",
        reach: Reach::Caller,
        gives: Gives::Schema("Receipt"),
        refusals: &[400, 404],
        handler: handler::call,
        ..GET
    },
    Route {
        verb: Verb::Post,
        path: "/api/calls/{id}/feedback",
        id: "giveFeedback",
        summary: "A verdict on a call",
        about: "By the program or person who used the answer. Verdicts are added, never changed. A key speaks for the calls that it made, in its own name.",
        reach: Reach::Caller,
        takes: Some("NewFeedback"),
        gives: Gives::Schema("Feedback"),
        refusals: &[400, 404, 413, 415],
        handler: handler::feedback,
        ..GET
    },
    Route {
        path: "/api/cost",
        id: "getCost",
        summary: "What calls cost, grouped",
        about: "The dearest group first, days in order. By account and by tag a call counts in each of its groups, so rows overlap. Simulated money stands apart.",
        params: &[
            param("by", Kind::Choice(DIMENSIONS), Some("model"), "By what calls are grouped."),
            param("since", Kind::Moment, Some("7d"), "Calls begun at or after this moment."),
            UNTIL,
            filter("timezone", "The IANA time zone in which days begin; the server's where left out."),
        ],
        gives: Gives::Schema("CostReport"),
        refusals: &[400],
        handler: handler::cost,
        ..GET
    },
    Route {
        path: "/api/series",
        id: "getSeries",
        summary: "Calls, money and tokens over time",
        about: "Equal spans from `since` to `until`, empty ones included.",
        params: &[
            param("since", Kind::Moment, Some("24h"), "Where the first span begins."),
            UNTIL,
            param("points", Kind::Integer { least: 1, most: 2_000 }, Some("96"), "Into how many spans the time is divided; none is shorter than a second."),
        ],
        gives: Gives::Schema("Series"),
        refusals: &[400],
        handler: handler::series,
        ..GET
    },
    Route {
        path: "/api/latency",
        id: "getLatency",
        summary: "Percentiles of times",
        about: "By nearest rank over calls that ended well, each with the number of calls that it rests on.",
        params: &[
            param("by", Kind::Choice(DIMENSIONS), None, "By what calls are grouped; all in one row where left out."),
            param("since", Kind::Moment, Some("24h"), "Calls begun at or after this moment."),
            UNTIL,
            SIMULATED,
        ],
        gives: Gives::Schema("LatencyReport"),
        refusals: &[400],
        handler: handler::latency,
        ..GET
    },
    Route {
        path: "/api/accounts",
        id: "listAccounts",
        summary: "How accounts stand",
        about: "Spent and held in the window now, against the budget.",
        gives: Gives::Schema("Accounts"),
        handler: handler::accounts,
        ..GET
    },
    Route {
        path: "/api/models",
        id: "listModels",
        summary: "Models that can be asked for",
        about: "Routes among them.",
        gives: Gives::Schema("Models"),
        handler: handler::models,
        ..GET
    },
    Route {
        path: "/api/status",
        id: "getStatus",
        summary: "How the server does",
        about: "Version, addresses, configuration (and what is wrong with the file on disk), store, providers.",
        gives: Gives::Schema("Status"),
        handler: handler::status,
        ..GET
    },
    Route {
        path: "/api/openapi.json",
        id: "getDocument",
        summary: "This document",
        about: "Needs no credential.",
        reach: Reach::Open,
        handler: handler::openapi,
        ..GET
    },
    Route {
        path: "/metrics",
        id: "getMetrics",
        summary: "Figures for Prometheus",
        about: "Text format 0.0.4.",
        gives: Gives::Content(METRICS_TYPE),
        handler: handler::metrics,
        ..GET
    },
];
