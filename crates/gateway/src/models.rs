//! The list of models, in the shape of the vendor whose SDK asks.

use jeton_broker::{Live, Resolved};
use jeton_core::{Fault, FaultKind};
use jeton_wire::Dialect;
use serde_json::{Value, json};

/// The models that speak `dialect`, as its vendor lists them.
pub(crate) fn list(live: &Live, dialect: Dialect) -> Value {
    let models: Vec<Value> = live
        .catalogue()
        .models()
        .filter(|model| speaks(model, dialect))
        .map(|model| entry(&model.full_name(), model.provider.name(), dialect))
        .chain(live.snapshot().routes.keys().map(|route| entry(route, "jeton", dialect)))
        .collect();
    match dialect {
        Dialect::OpenAi => json!({ "object": "list", "data": models }),
        Dialect::Anthropic => {
            let end = |model: Option<&Value>| model.map_or(Value::Null, |model| model["id"].clone());
            json!({ "first_id": end(models.first()), "last_id": end(models.last()), "data": models, "has_more": false })
        }
        Dialect::Gemini | Dialect::Bedrock => json!({ "models": models }),
    }
}

/// One model by its name.
///
/// # Errors
/// Not found, with the nearest names.
pub(crate) fn one(live: &Live, name: &str, dialect: Dialect) -> Result<Value, Fault> {
    if live.snapshot().routes.contains_key(name) {
        return Ok(entry(name, "jeton", dialect));
    }
    let model = live.catalogue().resolve(name)?;
    if speaks(&model, dialect) {
        Ok(entry(&model.full_name(), model.provider.name(), dialect))
    } else {
        Err(Fault::new(FaultKind::NotFound, format!("`{}` does not speak this dialect.", model.full_name())).code("dialect_mismatch").param("model"))
    }
}

fn speaks(model: &Resolved, dialect: Dialect) -> bool {
    jeton_wire::Endpoint::ALL.into_iter().any(|endpoint| endpoint.dialect() == dialect && model.provider.serves(endpoint))
}

fn entry(id: &str, owner: &str, dialect: Dialect) -> Value {
    match dialect {
        // When a model was made is not known here; the SDKs demand a number and a date.
        Dialect::OpenAi => json!({ "id": id, "object": "model", "created": 0, "owned_by": owner }),
        Dialect::Anthropic => json!({ "type": "model", "id": id, "display_name": id, "created_at": "1970-01-01T00:00:00Z" }),
        Dialect::Gemini | Dialect::Bedrock => json!({
            "name": format!("models/{id}"),
            "displayName": id,
            "supportedGenerationMethods": ["generateContent", "streamGenerateContent"],
        }),
    }
}
