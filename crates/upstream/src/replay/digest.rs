//! What makes two requests the same.

use super::mask::mask_json;
use jeton_wire::Endpoint;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Top-level members that do not change what is answered: who asks, labels, cache hints. `model` is among them because the file
/// stands for the model, so that a recording may be renamed. `stream` is not: a stream and a document are different answers.
const VOLATILE: [&str; 5] = ["model", "user", "metadata", "safety_identifier", "prompt_cache_key"];

/// The request as it is kept and compared: members sorted, volatile ones left out, secrets masked.
pub(super) fn canonical_request(body: &[u8]) -> Result<Value, serde_json::Error> {
    let mut request: Value = serde_json::from_slice(body)?;
    if let Some(members) = request.as_object_mut() {
        VOLATILE.iter().for_each(|name| {
            members.remove(*name);
        });
    }
    mask_json(&mut request);
    request.sort_all_objects();
    Ok(request)
}

/// SHA-256 over the endpoint's name and the canonical request, in hexadecimal digits.
pub(super) fn digest(endpoint: Endpoint, request: &Value) -> String {
    let mut hasher = Sha256::new();
    hasher.update(endpoint.name());
    hasher.update(b"\n");
    hasher.update(request.to_string());
    hasher.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    fn of(endpoint: Endpoint, body: &str) -> String {
        digest(endpoint, &canonical_request(body.as_bytes()).unwrap())
    }

    #[test]
    fn order_spaces_and_volatile_members_do_not_count() {
        let one = of(Endpoint::Chat, r#"{"model":"a","messages":[{"role":"user","content":"hi"}],"user":"u1","metadata":{"k":"v"}}"#);
        let two = of(Endpoint::Chat, r#"{ "messages": [ {"content":"hi", "role":"user"} ], "model": "b" }"#);
        assert_eq!(one, two);
        assert_eq!(one.len(), 64);
    }

    #[test]
    fn everything_else_counts() {
        let base = of(Endpoint::Chat, r#"{"messages":[1,2],"stream":true}"#);
        for other in [
            r#"{"messages":[2,1],"stream":true}"#,
            r#"{"messages":[1,2],"stream":false}"#,
            r#"{"messages":[1,2]}"#,
            r#"{"messages":[1,2],"stream":true,"seed":1}"#,
        ] {
            assert_ne!(of(Endpoint::Chat, other), base, "{other}");
        }
        assert_ne!(of(Endpoint::Messages, r#"{"messages":[1,2],"stream":true}"#), base);
    }
}
