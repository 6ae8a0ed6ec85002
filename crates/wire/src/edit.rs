//! Minimal edits of a body: what is not edited stays byte for byte, because prompt caches depend on it.

use crate::RequestFacts;
use bytes::Bytes;
use std::ops::Range;

/// Replacements and insertions at places of one body, found by [`crate::scan`] in that same body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits(Vec<(Range<usize>, Vec<u8>)>);

impl Edits {
    /// No edits.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Puts `with` in place of the bytes of `place`.
    pub fn replace(&mut self, place: Range<usize>, with: impl Into<Vec<u8>>) {
        self.0.push((place, with.into()));
    }

    /// Puts `what` before the byte at `at`. Insertions at one place keep the order in which they were asked for.
    pub fn insert(&mut self, at: usize, what: impl Into<Vec<u8>>) {
        self.0.push((at..at, what.into()));
    }

    /// Whether nothing is to be changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The body with the edits. Without edits it is the same body, not a copy. A place beyond the body, or one that overlaps
    /// an earlier place, was found in another body: its edit is left out.
    #[must_use]
    pub fn apply(&self, body: &Bytes) -> Bytes {
        if self.0.is_empty() {
            return body.clone();
        }
        let mut ordered: Vec<&(Range<usize>, Vec<u8>)> = self.0.iter().collect();
        ordered.sort_by_key(|(place, _)| (place.start, place.end));
        let added: usize = self.0.iter().map(|(_, with)| with.len()).sum();
        let mut edited = Vec::with_capacity(body.len() + added);
        let mut done = 0;
        for (place, with) in ordered {
            let fits = place.start >= done && place.start <= place.end && place.end <= body.len();
            debug_assert!(fits, "an edit of another body");
            if fits {
                edited.extend_from_slice(&body[done..place.start]);
                edited.extend_from_slice(with);
                done = place.end;
            }
        }
        edited.extend_from_slice(&body[done..]);
        edited.into()
    }
}

/// Names another model.
pub fn replace_model(facts: &RequestFacts, new_model: &str, edits: &mut Edits) {
    edits.replace(facts.model_span.clone(), quoted(new_model));
}

/// Asks a Chat Completions stream for its usage, whatever stood there; nothing where the client asked already.
pub fn ask_for_usage(facts: &RequestFacts, edits: &mut Edits) {
    if facts.include_usage {
        return;
    }
    match (&facts.stream_options_span, &facts.include_usage_span) {
        (_, Some(value)) => edits.replace(value.clone(), "true"),
        (Some(options), None) if facts.stream_options_members > 0 => edits.insert(options.start + 1, "\"include_usage\":true,"),
        (Some(options), None) => edits.replace(options.clone(), "{\"include_usage\":true}"),
        (None, None) => insert_member(facts, "stream_options", "{\"include_usage\":true}", edits),
    }
}

/// Bounds the output: every limit that the request states becomes `tokens`, so that it holds whichever of them the provider
/// reads; where it states none, `field` is put in, within the object that holds it in its dialect.
pub fn set_output_limit(facts: &RequestFacts, field: &str, tokens: u64, edits: &mut Edits) {
    let stated: Vec<_> = facts.output_limit_spans.iter().filter(|limit| !limit.is_null).collect();
    for limit in &stated {
        edits.replace(limit.span.clone(), tokens.to_string());
    }
    if stated.is_empty() {
        match facts.output_limit_spans.iter().find(|limit| limit.field == field) {
            Some(null) => edits.replace(null.span.clone(), tokens.to_string()),
            None if holder_of(field).is_some() => insert_held(facts, field, tokens, edits),
            None => insert_member(facts, field, &tokens.to_string(), edits),
        }
    }
}

/// The member of a request whose object holds the field.
fn holder_of(field: &str) -> Option<&'static str> {
    match field {
        "maxOutputTokens" => Some("generationConfig"),
        "maxTokens" => Some("inferenceConfig"),
        _ => None,
    }
}

/// Puts a limit into the object that holds it, which is put in where there is none.
fn insert_held(facts: &RequestFacts, field: &str, tokens: u64, edits: &mut Edits) {
    let member = format!("{}:{tokens}", quoted(field));
    match &facts.limit_holder {
        Some(holder) if facts.limit_holder_members > 0 => edits.insert(holder.start + 1, format!("{member},")),
        Some(empty) => edits.replace(empty.clone(), format!("{{{member}}}")),
        None => insert_member(facts, holder_of(field).unwrap_or_default(), &format!("{{{member}}}"), edits),
    }
}

fn insert_member(facts: &RequestFacts, name: &str, value: &str, edits: &mut Edits) {
    let comma = if facts.empty_object { "" } else { "," };
    edits.insert(facts.insert_at, format!("{}:{value}{comma}", quoted(name)));
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Endpoint, scan};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn facts(body: &str) -> RequestFacts {
        scan(Endpoint::Chat, body.as_bytes()).unwrap()
    }

    fn edited(body: &str, edit: impl Fn(&RequestFacts, &mut Edits)) -> String {
        let mut edits = Edits::new();
        edit(&facts(body), &mut edits);
        String::from_utf8(edits.apply(&Bytes::copy_from_slice(body.as_bytes())).to_vec()).unwrap()
    }

    #[track_caller]
    fn check_usage(body: &str, expected: &str) {
        assert_eq!(edited(body, ask_for_usage), expected);
    }

    #[track_caller]
    fn check_limit(body: &str, expected: &str) {
        assert_eq!(edited(body, |facts, edits| set_output_limit(facts, "max_tokens", 99, edits)), expected);
    }

    #[test]
    fn without_edits_it_is_the_same_body() {
        let body = Bytes::from(vec![b'{'; 64]);
        assert_eq!(Edits::new().apply(&body).as_ptr(), body.as_ptr());
        assert!(Edits::new().is_empty());
    }

    #[test]
    fn case_43_another_model_leaves_every_other_byte() {
        let body = "{ \"messages\" : [ {\"content\":\"\\u00e9\\/\", \"n\": 1.0e0} ],\r\n\t\"model\" : \"a\\/b\" , \"x\":1E2}";
        let with = |name: &str| edited(body, |facts, edits| replace_model(facts, name, edits));
        assert_eq!(with("c"), body.replace("\"a\\/b\"", "\"c\""));
        assert_eq!(with("say \"hi\"\n"), body.replace("\"a\\/b\"", "\"say \\\"hi\\\"\\n\""));
    }

    #[test]
    fn case_01_usage_is_asked_for_whatever_stands_there() {
        check_usage(r#"{"model":"m"}"#, r#"{"stream_options":{"include_usage":true},"model":"m"}"#);
        check_usage(r#"{"model":"m","stream_options":null}"#, r#"{"model":"m","stream_options":{"include_usage":true}}"#);
        check_usage(r#"{"model":"m","stream_options":{ }}"#, r#"{"model":"m","stream_options":{"include_usage":true}}"#);
        check_usage(r#"{"model":"m","stream_options":{"a":1}}"#, r#"{"model":"m","stream_options":{"include_usage":true,"a":1}}"#);
        check_usage(r#"{"model":"m","stream_options":{"include_usage": false}}"#, r#"{"model":"m","stream_options":{"include_usage": true}}"#);
        check_usage(r#"{"model":"m","stream_options":{"include_usage":null}}"#, r#"{"model":"m","stream_options":{"include_usage":true}}"#);
        check_usage(r#"{"model":"m","stream_options":{"include_usage":true}}"#, r#"{"model":"m","stream_options":{"include_usage":true}}"#);
    }

    #[test]
    fn case_19_where_the_limit_has_an_object_of_its_own_it_is_set_there() {
        let check = |body: &str, expected: &str| {
            let facts = scan(Endpoint::Converse, body.as_bytes()).unwrap();
            let mut edits = Edits::new();
            set_output_limit(&facts, "maxTokens", 99, &mut edits);
            assert_eq!(String::from_utf8(edits.apply(&Bytes::copy_from_slice(body.as_bytes())).to_vec()).unwrap(), expected);
        };
        check(r#"{"messages":[]}"#, r#"{"inferenceConfig":{"maxTokens":99},"messages":[]}"#);
        check("{}", r#"{"inferenceConfig":{"maxTokens":99}}"#);
        check(r#"{"inferenceConfig":null}"#, r#"{"inferenceConfig":{"maxTokens":99}}"#);
        check(r#"{"inferenceConfig": { } }"#, r#"{"inferenceConfig": {"maxTokens":99} }"#);
        check(r#"{"inferenceConfig":{"topP":0.5}}"#, r#"{"inferenceConfig":{"maxTokens":99,"topP":0.5}}"#);
        check(r#"{"inferenceConfig":{"maxTokens":5}}"#, r#"{"inferenceConfig":{"maxTokens":99}}"#);
        check(r#"{"inferenceConfig":{"maxTokens":null,"a":1}}"#, r#"{"inferenceConfig":{"maxTokens":99,"a":1}}"#);
    }

    #[test]
    fn case_19_a_limit_is_set_in_every_field_that_states_one() {
        check_limit(r#"{"model":"m"}"#, r#"{"max_tokens":99,"model":"m"}"#);
        check_limit(r#"{"model":"m","max_tokens":null}"#, r#"{"model":"m","max_tokens":99}"#);
        check_limit(r#"{"model":"m","max_tokens":1000}"#, r#"{"model":"m","max_tokens":99}"#);
        check_limit(r#"{"model":"m","max_completion_tokens":1000}"#, r#"{"model":"m","max_completion_tokens":99}"#);
        check_limit(r#"{"max_tokens":5,"model":"m","max_completion_tokens":6}"#, r#"{"max_tokens":99,"model":"m","max_completion_tokens":99}"#);
        check_limit(r#"{"max_completion_tokens":null,"model":"m"}"#, r#"{"max_tokens":99,"max_completion_tokens":null,"model":"m"}"#);
    }

    #[test]
    fn case_19_googles_limit_stands_within_an_object() {
        let check = |body: &str, expected: &str| {
            let (mut edits, facts) = (Edits::new(), scan(Endpoint::Generate, body.as_bytes()).unwrap());
            set_output_limit(&facts, "maxOutputTokens", 99, &mut edits);
            assert_eq!(edits.apply(&Bytes::copy_from_slice(body.as_bytes())), expected);
        };
        check(r#"{"contents":[]}"#, r#"{"generationConfig":{"maxOutputTokens":99},"contents":[]}"#);
        check(r#"{"generationConfig": { } }"#, r#"{"generationConfig": {"maxOutputTokens":99} }"#);
        check(r#"{"generationConfig":null}"#, r#"{"generationConfig":{"maxOutputTokens":99}}"#);
        check(r#"{"generation_config":{"topK":1}}"#, r#"{"generation_config":{"maxOutputTokens":99,"topK":1}}"#);
        check(r#"{"generation_config":{"topK":1,"max_output_tokens": 5}}"#, r#"{"generation_config":{"topK":1,"max_output_tokens": 99}}"#);
        check(r#"{"generationConfig":{"maxOutputTokens":null}}"#, r#"{"generationConfig":{"maxOutputTokens":99}}"#);
    }

    #[test]
    fn insertions_at_one_place_keep_their_order() {
        let both = |facts: &RequestFacts, edits: &mut Edits| {
            ask_for_usage(facts, edits);
            set_output_limit(facts, "max_tokens", 1, edits);
            replace_model(facts, "b", edits);
        };
        assert_eq!(edited(r#"{"model":"a"}"#, both), r#"{"stream_options":{"include_usage":true},"max_tokens":1,"model":"b"}"#);
    }

    proptest! {
        #[test]
        fn edits_change_what_they_name_and_nothing_else(
            before in crate::scan::tests::any_json(), after in crate::scan::tests::any_json(),
            options in prop_oneof![Just(None), Just(Some(json!(null))), Just(Some(json!({"a":[1]}))), Just(Some(json!({"include_usage":false,"b":2})))],
            pretty in any::<bool>(), name in "\\PC{1,20}"
        ) {
            let mut document = json!({ "extra": before, "model": "m" });
            if let Some(options) = &options {
                document["stream_options"] = options.clone();
            }
            document["other"] = after;
            let body = if pretty { serde_json::to_string_pretty(&document).unwrap() } else { document.to_string() };
            let result = edited(&body, |facts, edits| {
                replace_model(facts, &name, edits);
                ask_for_usage(facts, edits);
                set_output_limit(facts, "max_completion_tokens", 7, edits);
            });
            document["model"] = name.as_str().into();
            document["max_completion_tokens"] = 7.into();
            if !document["stream_options"].is_object() {
                document["stream_options"] = json!({});
            }
            document["stream_options"]["include_usage"] = true.into();
            prop_assert_eq!(serde_json::from_str::<Value>(&result).unwrap(), document);
        }
    }
}
