//! Embeddings: the document.

use super::part::Part;
use super::reply::Reply;
use super::request::Request;
use serde_json::{Map, Value, json};

/// A list of `embedding` objects, one per [`Part::Embedding`].
pub(super) fn document(request: &Request, reply: &Reply) -> Value {
    let base64 = request.embedding.as_ref().is_some_and(|ask| ask.base64);
    let vectors = reply.parts.iter().filter_map(|part| if let Part::Embedding(vector) = part { Some(vector) } else { None });
    let data: Vec<Value> = vectors
        .enumerate()
        .map(|(index, vector)| {
            let embedding: Value = if base64 { encode_vector(vector).into() } else { vector.iter().copied().map(Value::from).collect() };
            json!({ "object": "embedding", "index": index, "embedding": embedding })
        })
        .collect();
    let mut object = Map::new();
    object.insert("object".into(), "list".into());
    object.insert("data".into(), data.into());
    object.insert("model".into(), reply.model.as_str().into());
    if let Some(input) = reply.usage.input_total() {
        object.insert("usage".into(), json!({ "prompt_tokens": input, "total_tokens": input }));
    }
    object.into()
}

/// Little-endian `f32`, in base 64.
fn encode_vector(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    encode_base64(&bytes)
}

/// Base 64 with padding (RFC 4648, section 4).
fn encode_base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().enumerate().fold(0_u32, |bits, (place, &byte)| bits | u32::from(byte) << (16 - 8 * place));
        for place in 0..4 {
            let letter = ALPHABET[(bits >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= group.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64_is_padded() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy")] {
            assert_eq!(encode_base64(bytes.as_bytes()), text);
        }
        assert_eq!(encode_vector(&[1.0, -2.0]), "AACAPwAAAMA=");
    }
}
