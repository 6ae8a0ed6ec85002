//! The OpenAPI document, written from the table of routes and the schemas.

use super::schema;
use crate::route::{Gives, Kind, Param, Reach, Route, Verb};
use crate::serve::routes;
use serde_json::{Map, Value, json};

/// The OpenAPI 3.1 document of everything under `/api/` and of `/metrics`.
#[must_use]
pub fn openapi_document() -> Value {
    let mut paths = Map::new();
    for route in routes().filter(|route| route.path.starts_with("/api/") || route.path == "/metrics") {
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        methods[if route.verb == Verb::Get { "get" } else { "post" }] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Jeton", "version": env!("CARGO_PKG_VERSION"), "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "What calls used, cost and why. Money is in nano-dollars (1e-9 USD), times in microseconds, moments in RFC 3339; what nobody knows is null, never 0.",
        },
        "paths": paths,
        "components": {
            "schemas": schema::all(),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "The admin credential (`jeton key admin`), or a key where the operation says so. Not needed on loopback while no key exists." },
                "basic": { "type": "http", "scheme": "basic", "description": "The same as the password, with any user name: what browsers send." },
            },
        },
    })
}

fn operation(route: &Route) -> Value {
    let mut parameters: Vec<Value> = Vec::new();
    if route.path.contains("{id}") {
        parameters.push(json!({ "name": "id", "in": "path", "required": true, "description": "The call's id, as in the response header `jeton-call`.", "schema": { "type": "string" } }));
    }
    parameters.extend(route.params.iter().map(parameter));
    let mut operation = json!({ "operationId": route.id, "summary": route.summary, "description": route.about });
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(name) = route.takes {
        operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": reference(name) } } });
    }
    operation["responses"] = responses(route);
    operation["security"] = if route.reach == Reach::Open { json!([]) } else { json!([{ "bearer": [] }, { "basic": [] }, {}]) };
    operation
}

fn parameter(param: &Param) -> Value {
    let mut schema = match param.kind {
        Kind::Text => json!({ "type": "string", "maxLength": 256 }),
        Kind::Long(most) => json!({ "type": "string", "maxLength": most }),
        Kind::Integer { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Moment => json!({ "type": "string", "examples": ["24h", "7d", "2026-11-23", "2026-11-23T18:00:00Z"] }),
        Kind::Choice(names) => json!({ "type": "string", "enum": names }),
    };
    if let Some(default) = param.default {
        schema["default"] = default.parse::<u64>().map_or_else(|_| default.into(), Value::from);
    }
    json!({ "name": param.name, "in": "query", "description": param.about, "schema": schema })
}

fn responses(route: &Route) -> Value {
    let (kind, schema) = match route.gives {
        Gives::Schema(name) => ("application/json", reference(name)),
        Gives::Json => ("application/json", json!({ "type": "object" })),
        Gives::Content(kind) => (kind.split(';').next().unwrap_or(kind), json!({ "type": "string" })),
    };
    let mut responses = json!({ "200": { "description": "Done.", "content": { kind: { "schema": schema } } } });
    let general: &[u16] = if route.reach == Reach::Open { &[] } else { &[401, 403, 503] };
    let mut statuses: Vec<u16> = route.refusals.iter().chain(general).copied().collect();
    statuses.sort_unstable();
    for status in statuses {
        responses[status.to_string()] = json!({ "description": reason(status), "content": { "application/json": { "schema": reference("Error") } } });
    }
    responses
}

fn reason(status: u16) -> &'static str {
    match status {
        400 => "A parameter or the body is wrong; the message says which and how.",
        401 => "No credential, or one that is not accepted.",
        403 => "The credential does not reach this far, or a page of another site asked.",
        404 => "There is no such thing, or not for this key.",
        413 => "The body is too long.",
        415 => "The body is not JSON.",
        _ => "The ledger cannot be asked now, or the context is still being read.",
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}
