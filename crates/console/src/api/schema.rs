//! The schemas of the document. Every object lists all its members and allows no others; a test holds real answers
//! against them.

use serde_json::{Map, Value, json};

/// An object with exactly these members.
pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> = members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "required": required, "additionalProperties": false, "properties": properties })
}

/// An object with the members of `more` beside its own.
pub(super) fn extended(mut whole: Value, more: &Value) -> Value {
    if let (Some(required), Some(more)) = (whole["required"].as_array_mut(), more["required"].as_array()) {
        required.extend(more.iter().cloned());
    }
    if let (Some(properties), Some(more)) = (whole["properties"].as_object_mut(), more["properties"].as_object()) {
        properties.extend(more.clone());
    }
    whole
}

pub(super) fn text(about: &str) -> Value {
    json!({ "type": "string", "description": about })
}

pub(super) fn optional_text(about: &str) -> Value {
    json!({ "type": ["string", "null"], "description": about })
}

pub(super) fn moment(about: &str) -> Value {
    json!({ "type": "string", "format": "date-time", "description": about })
}

pub(super) fn optional_moment(about: &str) -> Value {
    json!({ "type": ["string", "null"], "format": "date-time", "description": about })
}

pub(super) fn integer(about: &str) -> Value {
    json!({ "type": "integer", "format": "int64", "description": about })
}

pub(super) fn optional_integer(about: &str) -> Value {
    json!({ "type": ["integer", "null"], "format": "int64", "description": about })
}

pub(super) fn truth(about: &str) -> Value {
    json!({ "type": "boolean", "description": about })
}

pub(super) fn list(of: &Value) -> Value {
    json!({ "type": "array", "items": of })
}

pub(super) fn texts(about: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "description": about })
}

pub(super) fn choice(names: &[&str], about: &str) -> Value {
    json!({ "type": "string", "enum": names, "description": about })
}

pub(super) fn of(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

pub(super) fn or_null(schema: &Value) -> Value {
    json!({ "oneOf": [schema, { "type": "null" }] })
}

fn certainty(about: &str) -> Value {
    choice(&["reported", "estimated", "unknown"], about)
}

/// All schemas by name.
pub(super) fn all() -> Value {
    let mut schemas = Map::new();
    for group in
        [calls(), receipts(), reports(), server(), super::context_schema::schemas(), super::evals_schema::schemas(), super::evals_found_schema::schemas()]
    {
        schemas.extend(group.into_iter().map(|(name, schema)| (name.to_owned(), schema)));
    }
    Value::Object(schemas)
}

fn calls() -> Vec<(&'static str, Value)> {
    let usage = object([
        ("input", optional_integer("Input tokens neither read from nor written to a cache.")),
        ("cache_read", optional_integer("Input tokens read from a cache.")),
        ("cache_write", optional_integer("Input tokens written to a cache of the default life.")),
        ("cache_write_1h", optional_integer("Input tokens written to a cache that lives one hour.")),
        ("output", optional_integer("All output tokens.")),
        ("reasoning", optional_integer("The part of output that was reasoning.")),
        ("input_audio", optional_integer("The part of input that was audio.")),
        ("output_audio", optional_integer("The part of output that was audio.")),
        ("web_searches", optional_integer("Web searches made by the provider.")),
        ("service_tier", optional_text("The service tier that the response named.")),
    ]);
    let row = object([
        ("id", text("The call's id; sorts by time.")),
        ("started", moment("When the request came in.")),
        ("accounts", texts("Who paid, the nearest first.")),
        ("key", optional_text("The caller's key, by name.")),
        ("class", text("The kind of work.")),
        ("outcome", optional_text("The outcome that it worked for.")),
        ("tags", texts("Free labels.")),
        ("endpoint", text("chat, responses, messages, count_tokens or embeddings.")),
        ("model_asked", text("The model as the caller named it.")),
        ("model", optional_text("The model that answered, as provider/name.")),
        ("status", of("CallStatus")),
        ("http_status", integer("The HTTP status sent; 0 where none was.")),
        ("stream", truth("Whether the answer was streamed.")),
        ("usage", of("Usage")),
        ("usage_certainty", certainty("Where the tokens come from.")),
        ("cost_nanousd", optional_integer("What it cost; null where nobody knows.")),
        ("cost_unknown", optional_text("Why the cost is unknown.")),
        ("charged_nanousd", integer("What budgets counted: the cost, or its bound.")),
        ("simulated", truth("Whether the money is simulated.")),
        ("tries", integer("Tries made upstream.")),
        ("error", optional_text("The code of the error that the caller got.")),
        ("first_content_us", optional_integer("Microseconds to the first content.")),
        ("total_us", integer("Microseconds to the end.")),
        ("own_us", integer("Microseconds of Jeton's own.")),
    ]);
    vec![
        ("CallStatus", choice(super::STATUSES, "How the call ended.")),
        ("Usage", usage),
        ("Call", row),
        ("CallPage", object([("calls", list(&of("Call"))), ("next", optional_text("Pass as `before` for the page after; null on the last."))])),
        (
            "Fault",
            object([
                ("code", text("A stable word.")),
                ("message", text("What happened, and why.")),
                ("remedy", optional_text("What to do next.")),
                ("param", optional_text("The parameter at fault.")),
            ]),
        ),
        (
            "Error",
            json!({ "type": "object", "required": ["error"], "properties": { "error": {
                "type": "object", "required": ["code", "message", "remedy"], "properties": {
                    "code": text("A stable word."), "message": text("What happened, and why."), "remedy": optional_text("What to do next."), "param": text("The parameter at fault."),
                } } } }),
        ),
    ]
}

fn receipts() -> Vec<(&'static str, Value)> {
    let one_try = object([
        ("provider", text("The provider.")),
        ("model", text("The provider's own name of the model.")),
        ("started_us", integer("When it was sent, in microseconds since the call began.")),
        ("first_content_us", optional_integer("When its first content came.")),
        ("ended_us", integer("When it ended.")),
        ("status", optional_integer("The provider's HTTP status.")),
        ("outcome", text("A stable word for how it ended.")),
        ("fault", or_null(&of("Fault"))),
        ("usage", of("Usage")),
        ("cost_nanousd", optional_integer("What it cost; null where nobody knows.")),
        ("cost_unknown", optional_text("Why the cost is unknown.")),
        ("charged_nanousd", integer("What budgets counted for it.")),
        ("bytes_in", integer("Bytes received from the provider.")),
        ("bytes_out", integer("Bytes sent to it.")),
    ]);
    let entry = object([
        ("kind", choice(&["hold", "charge", "release", "adjust"], "What the entry does.")),
        ("amount_nanousd", integer("How much.")),
        ("accounts", texts("The accounts that it counts for.")),
        ("at", moment("When the call was admitted; decides the window.")),
        ("made_at", moment("When the entry was made.")),
        ("certainty", certainty("Where the amount comes from.")),
        ("simulated", truth("Whether the money is simulated.")),
    ]);
    let feedback = object([
        ("verdict", text("good, bad, or a word of the team's own.")),
        ("score", json!({ "type": ["number", "null"], "minimum": 0, "maximum": 1 })),
        ("comment", optional_text("Why.")),
        ("by", text("Who says so.")),
        ("at", moment("When.")),
    ]);
    let new_feedback = json!({ "type": "object", "required": ["verdict"], "additionalProperties": false, "properties": {
        "verdict": json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$", "description": "good, bad, or a word of the team's own." }),
        "score": json!({ "type": ["number", "null"], "minimum": 0, "maximum": 1, "description": "1 is best." }),
        "comment": json!({ "type": ["string", "null"], "description": "Why, in at most 4096 bytes." }),
        "by": json!({ "type": ["string", "null"], "description": "Whose word it is. A key's feedback always carries the key's name." }),
    } });
    let mut schemas = vec![("Try", one_try), ("Entry", entry), ("Feedback", feedback), ("NewFeedback", new_feedback), ("Receipt", receipt())];
    schemas.extend(attached());
    schemas
}

/// The context that a call was given.
fn attached() -> [(&'static str, Value); 3] {
    let span = object([
        ("unit", text("The unit's id.")),
        ("kind", text("Its kind.")),
        ("digest", text("Digest of the unit as it was.")),
        ("path", text("The file that it stands in, from the project's directory.")),
        ("first_line", integer("Its first line there, from 1; 0 where it has none.")),
        ("last_line", integer("Its last line there; 0 where it has none.")),
        ("tokens", integer("Tokens of the stretch.")),
        ("view", text("How much of the unit it shows: handle, signature, excerpt or full.")),
        ("why", text("Why it is in.")),
        ("tier", text("How stable it is: its place in the order.")),
        ("is_eligible", truth("Whether the draw could have left the unit out.")),
    ]);
    let hold_out = object([
        ("share_ppm", integer("The chance, in millionths, that one eligible unit was left out.")),
        ("eligible", integer("How many units were eligible.")),
        ("propensity_ppb", integer("The chance of each of them to be the one, in thousand-millionths.")),
        ("held_out", optional_text("The unit that was left out; null where none was.")),
    ]);
    let receipt = object([
        ("pack", text("The pack.")),
        ("asked_by", choice(&["header", "class"], "What asked for it.")),
        ("digest", text("Digest of the manifest.")),
        ("snapshot", text("Digest of the catalogue that it was compiled from.")),
        ("query_digest", text("Digest of what was looked for.")),
        ("vocabulary", text("In which tokens are counted.")),
        ("tokens", integer("Tokens of the whole.")),
        ("budget_tokens", integer("The most that it could have had.")),
        ("bytes", integer("Bytes by which the request grew.")),
        ("breakpoints", integer("Cache breakpoints that were set.")),
        ("breakpoints_dropped", integer("Those that were asked for and not set.")),
        ("spans", list(&of("AttachedSpan"))),
        ("hold_out", or_null(&of("HoldOut"))),
    ]);
    [("AttachedSpan", span), ("HoldOut", hold_out), ("AttachedContext", receipt)]
}

fn receipt() -> Value {
    object([
        ("id", text("The call's id.")),
        ("started", moment("When the request came in.")),
        ("accounts", texts("Who paid, the nearest first.")),
        ("key", optional_text("The caller's key, by name.")),
        ("class", text("The kind of work.")),
        ("class_source", choice(&["header", "path", "key", "rule", "none"], "How the class was found.")),
        ("outcome", optional_text("The outcome that it worked for.")),
        ("task", optional_text("The task of that outcome.")),
        ("tags", texts("Free labels.")),
        ("endpoint", text("chat, responses, messages, count_tokens or embeddings.")),
        ("model_asked", text("The model as the caller named it.")),
        ("model", optional_text("The model that answered, as provider/name.")),
        ("route", optional_text("The route that chose it.")),
        ("status", of("CallStatus")),
        ("http_status", integer("The HTTP status sent; 0 where none was.")),
        ("stream", truth("Whether the answer was streamed.")),
        ("usage", of("Usage")),
        ("usage_certainty", certainty("Where the tokens come from.")),
        ("cost_nanousd", optional_integer("What all tries cost; null where nobody knows.")),
        ("cost_unknown", optional_text("Why the cost is unknown.")),
        ("charged_nanousd", integer("What budgets counted: the cost, or its bound.")),
        ("charge_certainty", certainty("Where the charge comes from.")),
        ("held_nanousd", integer("What was put by for it.")),
        ("price_version", optional_text("The version of the price book.")),
        ("simulated", truth("Whether the money is simulated.")),
        ("first_content_us", optional_integer("Microseconds to the first content.")),
        ("total_us", integer("Microseconds to the end.")),
        ("own_us", integer("Microseconds of Jeton's own.")),
        ("request_bytes", integer("Bytes of the request's body.")),
        ("response_bytes", integer("Bytes of the response's body.")),
        ("finish_reason", optional_text("Why the model stopped, in the provider's word.")),
        ("tool_calls", integer("Tool calls in the answer.")),
        ("context", or_null(&of("AttachedContext"))),
        ("fault", or_null(&of("Fault"))),
        ("config_digest", text("Digest of the configuration in force.")),
        ("stages", list(&object([("stage", text("The stage.")), ("at_us", integer("When it was reached, in microseconds."))]))),
        ("decisions", list(&object([("stage", text("The stage that decided.")), ("what", text("What, and why."))]))),
        ("tries", list(&of("Try"))),
        ("entries", list(&of("Entry"))),
        ("feedback", list(&of("Feedback"))),
    ])
}

fn reports() -> Vec<(&'static str, Value)> {
    let tokens = object([
        ("input", integer("Neither read from nor written to a cache.")),
        ("cache_read", integer("Read from a cache.")),
        ("cache_write", integer("Written to a cache.")),
        ("output", integer("All output.")),
        ("reasoning", integer("The part of output that was reasoning.")),
        ("unknown_calls", integer("Calls whose tokens nobody knows; they are in no sum.")),
        ("estimated_calls", integer("Calls whose tokens Jeton counted itself.")),
    ]);
    let sums = object([
        ("calls", integer("Calls in all.")),
        ("failed", integer("Of those, failed ones.")),
        ("refused", integer("Refused ones.")),
        ("cancelled", integer("Cancelled by the client.")),
        ("interrupted", integer("Cut off by the end of the server.")),
        ("cost_nanousd", integer("The cost of the calls whose cost is known.")),
        ("cost_unknown_calls", integer("Calls whose cost nobody knows.")),
        ("cost_unknown_bound_nanousd", integer("The upper bound charged for those.")),
        ("charged_nanousd", integer("What budgets counted.")),
        ("tokens", tokens),
    ]);
    let group = object([("name", text("The group.")), ("real", of("Sums")), ("simulated", of("Sums"))]);
    let report = object([
        ("by", choice(super::DIMENSIONS, "By what calls are grouped.")),
        ("since", optional_moment("From when.")),
        ("until", moment("Until when.")),
        ("rows_overlap", truth("Whether a call can count in several rows.")),
        ("rows", list(&group)),
    ]);
    let span = object([("start", moment("When the span begins.")), ("real", of("Sums")), ("simulated", of("Sums"))]);
    let series = object([
        ("since", moment("Where the first span begins.")),
        ("until", moment("Where the last span ends.")),
        ("bucket_ms", integer("How long each span is, in milliseconds.")),
        ("rows", list(&span)),
    ]);
    let percentiles = object([
        ("n", integer("How many calls the figures rest on.")),
        ("p50_us", integer("Half are at most this.")),
        ("p90_us", integer("Nine of ten are at most this.")),
        ("p99_us", integer("99 of 100 are at most this.")),
    ]);
    let times =
        object([("name", text("The group; `all` where not grouped.")), ("first_content", or_null(&of("Percentiles"))), ("total", or_null(&of("Percentiles")))]);
    vec![("Sums", sums), ("CostReport", report), ("Series", series), ("Percentiles", percentiles), ("LatencyReport", object([("rows", list(&times))]))]
}

fn server() -> Vec<(&'static str, Value)> {
    let account = object([
        ("name", text("The account.")),
        ("parent", optional_text("The account it lies in.")),
        ("budget_nanousd", optional_integer("Its budget per window; null where it has none.")),
        ("window", json!({ "type": ["string", "null"], "enum": ["hour", "day", "week", "month", "year", "total", null] })),
        ("timezone", optional_text("The time zone whose calendar decides.")),
        ("since", optional_moment("When the window began.")),
        ("spent_nanousd", integer("Charged in the window.")),
        ("held_nanousd", integer("Put by for calls under way.")),
        ("available_nanousd", optional_integer("What is left; negative in debt; null without a budget.")),
        ("renews_at", optional_moment("When the window ends.")),
    ]);
    let model = object([
        ("name", text("provider/name, or the name of a route.")),
        ("endpoints", texts("Endpoints that it answers.")),
        ("priced", truth("Whether input and output both have a price.")),
        ("simulated", truth("Whether its money is simulated.")),
    ]);
    let provider = object([
        ("name", text("The provider.")),
        ("api", text("What it speaks.")),
        ("base_url", optional_text("Where it is; null for built-in ones.")),
        ("health", choice(&["up", "degraded", "down", "unknown"], "How it does; unknown where nothing was tried.")),
        ("detail", optional_text("Why.")),
        ("tried", optional_moment("When it was last tried.")),
        ("simulated", truth("Whether its money is simulated.")),
    ]);
    let problem = object([("since", moment("When it was found.")), ("mistakes", texts("Every mistake, with its place."))]);
    let config = object([
        ("digest", text("Digest of the snapshot in use.")),
        ("path", optional_text("The file; null where there is none.")),
        ("loaded", moment("When the snapshot was loaded.")),
        ("problem", or_null(&problem)),
    ]);
    let status = object([
        ("version", text("The program's version.")),
        ("started", moment("When it started.")),
        ("now", moment("The server's time.")),
        ("uptime_seconds", integer("For how long it has run.")),
        ("listen", texts("Base addresses.")),
        ("durability", text("What a finished response has survived: process or power.")),
        ("stopping", truth("Whether it is draining its last calls.")),
        ("calls_in_flight", integer("Calls under way.")),
        ("timezone", optional_text("The time zone of the page and of days.")),
        ("config", config),
        ("store", object([("healthy", truth("Whether charges can be written.")), ("problem", optional_text("Why not."))])),
        ("providers", list(&provider)),
    ]);
    vec![("Accounts", object([("accounts", list(&account))])), ("Models", object([("models", list(&model))])), ("Status", status)]
}
