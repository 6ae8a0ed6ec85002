//! Citations of Messages and of Converse name the same places by other words.

use serde_json::{Map, Value, json};

/// A kind of place in both dialects.
type Kind = (&'static str, &'static str, [(&'static str, &'static str); 3]);

/// Kinds of places: Messages' type, Converse's member, and for each the members of both, Messages' first ("Citations", Claude docs;
/// `CitationLocation`, Bedrock reference).
const KINDS: [Kind; 4] = [
    ("char_location", "documentChar", [("document_index", "documentIndex"), ("start_char_index", "start"), ("end_char_index", "end")]),
    ("page_location", "documentPage", [("document_index", "documentIndex"), ("start_page_number", "start"), ("end_page_number", "end")]),
    ("content_block_location", "documentChunk", [("document_index", "documentIndex"), ("start_block_index", "start"), ("end_block_index", "end")]),
    (
        "search_result_location",
        "searchResultLocation",
        [("search_result_index", "searchResultIndex"), ("start_block_index", "start"), ("end_block_index", "end")],
    ),
];

/// A citation of Converse as Messages writes it; none where it is of a kind that Messages has not, or of a page of the web.
pub(super) fn as_messages(own: &Value) -> Option<Value> {
    let (kind, place, members) = KINDS.iter().find_map(|(kind, member, members)| Some((kind, own.get("location")?.get(member)?, members)))?;
    let quoted: Vec<&str> = own.get("sourceContent").and_then(Value::as_array).into_iter().flatten().filter_map(|piece| piece.get("text")?.as_str()).collect();
    let mut citation = json!({ "type": kind, "cited_text": quoted.concat() });
    let title = own.get("title").cloned().unwrap_or_default();
    if *kind == "search_result_location" {
        citation["source"] = own.get("source").cloned().unwrap_or_default();
        citation["title"] = title;
    } else {
        citation["document_title"] = title;
    }
    for (theirs, ours) in members {
        citation[*theirs] = place.get(ours).cloned().unwrap_or_else(|| 0.into());
    }
    Some(citation)
}

/// A citation of Messages as Converse writes it; none where it is of another kind, or of a page of the web.
pub(super) fn as_converse(own: &Value) -> Option<Value> {
    let kind = own.get("type")?.as_str()?;
    let (_, member, members) = KINDS.iter().find(|(known, ..)| *known == kind)?;
    let mut citation = Map::new();
    if let Some(title) = own.get("document_title").or_else(|| own.get("title")).filter(|title| title.is_string()) {
        citation.insert("title".into(), title.clone());
    }
    if let Some(source) = own.get("source").filter(|source| source.is_string()) {
        citation.insert("source".into(), source.clone());
    }
    citation.insert("sourceContent".into(), json!([{ "text": own.get("cited_text").cloned().unwrap_or_default() }]));
    let place: Map<String, Value> = members.iter().filter_map(|(theirs, ours)| Some(((*ours).to_owned(), own.get(theirs)?.clone()))).collect();
    citation.insert("location".into(), json!({ *member: place }));
    Some(citation.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_41_a_cited_place_has_the_same_meaning_in_both_dialects() {
        for (messages, converse) in [
            (
                json!({ "type": "char_location", "cited_text": "Grass is green.", "document_index": 0, "document_title": "Facts", "start_char_index": 0, "end_char_index": 15 }),
                json!({ "title": "Facts", "sourceContent": [{ "text": "Grass is green." }], "location": { "documentChar": { "documentIndex": 0, "start": 0, "end": 15 } } }),
            ),
            (
                json!({ "type": "search_result_location", "cited_text": "So", "source": "kb/1", "title": "One", "search_result_index": 2, "start_block_index": 0, "end_block_index": 1 }),
                json!({ "title": "One", "source": "kb/1", "sourceContent": [{ "text": "So" }], "location": { "searchResultLocation": { "searchResultIndex": 2, "start": 0, "end": 1 } } }),
            ),
        ] {
            assert_eq!(as_converse(&messages), Some(converse.clone()));
            assert_eq!(as_messages(&converse), Some(messages));
        }
        assert_eq!(as_converse(&json!({ "type": "web_search_result_location", "url": "https://example.com" })), None);
        assert_eq!(as_messages(&json!({ "location": { "web": { "url": "https://example.com" } } })), None);
    }
}
