//! What a whole (not streamed) answer says of itself.

use crate::json::{Cursor, Parsed};
use crate::stream::{Facts, Observed, count_chat_call, read_chat_message, read_converse, read_generated, read_message, read_response};
use crate::{Dialect, Endpoint, UpstreamFault};
use jeton_core::Usage;

/// Facts of a document with which a provider answered 200.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentFacts {
    /// The usage as reported.
    pub usage: Usage,
    /// Finish reason, model, tool calls and the size of the output.
    pub observed: Observed,
    /// An error object inside the answer.
    pub error: Option<UpstreamFault>,
    /// Whether the body is a JSON object. A page of HTML or a body cut short is not.
    pub well_formed: bool,
}

/// Reads the body of a successful answer. Nothing is required of it: what it does not say is unknown.
#[must_use]
pub fn read_document(endpoint: Endpoint, body: &[u8]) -> DocumentFacts {
    let mut facts = Facts::counting();
    let mut cursor = Cursor::new(body);
    cursor.space();
    let walked = match endpoint {
        Endpoint::Responses => read_response(&mut facts, &mut cursor).map(drop),
        Endpoint::Messages | Endpoint::CountTokens => read_message(&mut facts, &mut cursor).map(drop),
        Endpoint::Generate => read_generated(&mut facts, &mut cursor).map(drop),
        Endpoint::Converse => read_converse(&mut facts, &mut cursor).map(drop),
        Endpoint::Chat | Endpoint::Embeddings => completion(&mut facts, &mut cursor),
    };
    let well_formed = walked.and_then(|()| cursor.end()).is_ok();
    DocumentFacts { usage: facts.figures.usage(endpoint), observed: facts.observed, error: facts.error, well_formed }
}

fn completion(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"choices" if cursor.peek() == Some(b'[') => cursor.array(|cursor, position| {
            let mut calls = Vec::new();
            if cursor.peek() != Some(b'{') {
                return cursor.skip();
            }
            cursor.object(|cursor, name| match &*cursor.name(name) {
                b"message" if cursor.peek() == Some(b'{') => read_chat_message(facts, cursor, &mut calls),
                b"finish_reason" => facts.read_finish(cursor),
                _ => cursor.skip(),
            })?;
            calls.into_iter().for_each(|(index, id)| count_chat_call(facts, position as u64, index, id));
            Ok(())
        }),
        b"usage" => facts.figures.read(Dialect::OpenAi, cursor).map(drop),
        b"error" => facts.read_error(cursor).map(drop),
        b"model" => facts.read_model(cursor),
        b"service_tier" => facts.figures.read_tier(cursor).map(drop),
        _ => cursor.skip(),
    })
}

#[cfg(test)]
mod tests;
