//! What may hold a secret in a document, and how a reference to one is decoded.

use crate::decode::{Decoder, Slot, kind_of, sample_of};
use crate::diagnostic::Code;
use crate::forms::{is_header_name, quoted};
use crate::tree::{Span, Value};
use crate::{HeaderValue, Secret, SecretRef};
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const REFERENCE: &str = "a reference: `{ env = \"NAME\" }` or `{ file = \"PATH\" }`";

/// Adds the places of every text and number in `value`.
pub(crate) fn mask_all(value: &Spanned<DeValue<'_>>, masks: &mut Vec<Span>) {
    match value.get_ref() {
        DeValue::Table(table) => table.iter().for_each(|(_, value)| mask_all(value, masks)),
        DeValue::Array(items) => items.iter().for_each(|value| mask_all(value, masks)),
        DeValue::Boolean(_) => {}
        _ => masks.push(value.span()),
    }
}

/// A reference to a secret. A text in its place is refused and not shown.
pub(crate) fn reference(decoder: &mut Decoder<'_>, slot: &Slot<'_>, value: &Spanned<DeValue<'_>>) -> Option<SecretRef> {
    let name = slot.name();
    let DeValue::Table(table) = value.get_ref() else {
        mask_all(value, &mut decoder.findings.masks);
        let variable = suggested_variable(slot);
        let (code, message) = match value.get_ref() {
            DeValue::String(_) => (Code::SecretLiteral, format!("{name} holds a secret itself")),
            other => (Code::WrongType, format!("{name} is {}", kind_of(other))),
        };
        let remedy = format!(
            "put the secret in an environment variable and write `{} = {{ env = \"{variable}\" }}`",
            slot.path.last().map_or("api_key", String::as_str)
        );
        decoder.findings.add(code, Some(value.span()), message, REFERENCE, remedy);
        return None;
    };
    let result = reference_table(table);
    if let Err(message) = &result {
        mask_all(value, &mut decoder.findings.masks);
        decoder.findings.add(Code::BadValue, Some(value.span()), format!("{name} {message}"), REFERENCE, sample_of(slot.definition));
    }
    result.ok()
}

fn reference_table(table: &DeTable<'_>) -> Result<SecretRef, &'static str> {
    let mut entries = table.iter();
    let (Some((key, value)), None) = (entries.next(), entries.next()) else {
        return Err("needs one of `env` and `file`");
    };
    let Some(text) = value.get_ref().as_str() else { return Err("refers by something else than a text") };
    match key.get_ref().as_ref() {
        // Names by POSIX; a key pasted in place of a name seldom is one.
        "env" if text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => {
            Ok(SecretRef::Env(text.to_owned()))
        }
        "env" => Err("names no environment variable (letters, digits and `_`)"),
        "file" if !text.trim().is_empty() && !text.chars().any(char::is_control) => Ok(SecretRef::File(text.into())),
        "file" => Err("names no file"),
        _ => Err("knows only `env` and `file`"),
    }
}

/// A name for the variable, from the provider's: `ACME_KEY`.
fn suggested_variable(slot: &Slot<'_>) -> String {
    let provider = slot.path.get(1).map_or("PROVIDER", String::as_str);
    let name: String = provider.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("P{name}_KEY") } else { format!("{name}_KEY") }
}

/// Headers that Jeton or the connection sets.
const OWN_HEADERS: &[&str] =
    &["accept-encoding", "connection", "content-length", "content-type", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

/// Words in the name of a header whose value is confidential.
const CONFIDENTIAL: &[&str] = &["auth", "key", "token", "secret", "password", "passwd", "cookie", "credential", "signature"];

pub(crate) fn headers(decoder: &mut Decoder<'_>, slot: &Slot<'_>, value: &Spanned<DeValue<'_>>) -> Option<Value> {
    // Whether a header's literal is harmless is a guess: no excerpt shows any.
    mask_all(value, &mut decoder.findings.masks);
    let Some(table) = value.get_ref().as_table() else {
        let message = format!("{} is {}", slot.name(), kind_of(value.get_ref()));
        decoder.findings.add(Code::WrongType, Some(value.span()), message, "a table of header names", sample_of(slot.definition));
        return None;
    };
    let mut headers = BTreeMap::new();
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let lower = name.to_ascii_lowercase();
        if let Some((code, why, expected, remedy)) = header_name_fault(&lower, headers.contains_key(&lower)) {
            decoder.findings.add(code, Some(key.span()), format!("the header {} {why}", quoted(name)), expected, remedy);
        } else if let Some(value) = header_value(decoder, slot, &lower, value) {
            headers.insert(lower, value);
        }
    }
    Some(Value::Headers(headers))
}

/// Why a header may not be set: code, reason, what was expected, remedy.
fn header_name_fault(lower: &str, is_set: bool) -> Option<(Code, &'static str, &'static str, &'static str)> {
    match lower {
        _ if !is_header_name(lower) => Some((Code::BadValue, "has no valid name", "letters, digits and `-`", "correct the name, for example to `x-team`")),
        _ if OWN_HEADERS.contains(&lower) || lower.starts_with("jeton-") => {
            Some((Code::Conflict, "is set by Jeton itself", "a header that the provider asks for", "take it out"))
        }
        _ if is_set => Some((Code::Conflict, "is set twice", "each header once, in either case of letters", "keep one")),
        _ => None,
    }
}

fn header_value(decoder: &mut Decoder<'_>, slot: &Slot<'_>, name: &str, value: &Spanned<DeValue<'_>>) -> Option<HeaderValue> {
    let path = crate::decode::below(slot.path, name);
    let slot = Slot { definition: slot.definition, path: &path };
    let Some(text) = value.get_ref().as_str() else {
        return reference(decoder, &slot, value).map(HeaderValue::Reference);
    };
    if CONFIDENTIAL.iter().any(|word| name.contains(word)) || looks_confidential(text) {
        return reference(decoder, &slot, value).map(HeaderValue::Reference);
    }
    if text.is_empty() || text.chars().any(char::is_control) {
        let message = format!("{} is empty or holds a control character", slot.name());
        decoder.findings.add(Code::BadValue, Some(value.span()), message, "a text on one line", "write it on one line");
        return None;
    }
    Some(HeaderValue::Literal(Secret::new(text)))
}

/// Whether a text has the look of a credential: a scheme of HTTP authentication, or a vendor's prefix.
pub(crate) fn looks_confidential(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["bearer ", "basic ", "sk-", "sk_"].iter().any(|prefix| lower.starts_with(prefix))
}
