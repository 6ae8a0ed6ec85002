//! The hand-written cases of `tests/data/extract.jsonl`, and what must hold for any text.

use super::*;
use jeton_wire::Endpoint;
use jeton_wire::canonical::{Message, Role};
use proptest::prelude::*;
use serde_json::Value;

fn request(context: &str, question: &str) -> Request {
    let mut request = Request::new(Endpoint::Chat, "local/extract");
    request.messages = vec![Message::text(Role::System, context), Message::text(Role::User, question)];
    request
}

/// Every line is a context with a question and the words that a right answer has in it, or `null` where the context does not say. An answer of
/// more than 200 characters counts as wrong: quoting everything is no answer.
///
/// Measured: 37 of 38 answers and 12 of 13 abstentions are right, 49 of 51 in all. The first run, before anything was changed in view of these cases,
/// had 36 and 11. They are few, short and our own: a guard against getting worse, no figure for other texts. What fails is what no word in the
/// passage tells ("Which animals hunt it?" – owls), and a verb that is nowhere in the context ("Who owned the mill?").
#[test]
fn the_share_of_right_answers_and_abstentions() {
    let text = include_str!("../../tests/data/extract.jsonl");
    let (mut right_answers, mut answerable, mut right_abstentions, mut unanswerable) = (0, 0, 0, 0);
    let mut report = String::new();
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let (context, question) = (case["context"].as_str().unwrap(), case["question"].as_str().unwrap());
        let found = extract(&request(context, question));
        let right = match (case["answer"].as_str(), &found.answer) {
            (Some(wanted), Some(answer)) => answer.contains(wanted) && answer.chars().count() <= 200,
            (None, None) => true,
            _ => false,
        };
        let (done, all) = if case["answer"].is_null() { (&mut right_abstentions, &mut unanswerable) } else { (&mut right_answers, &mut answerable) };
        *done += usize::from(right);
        *all += 1;
        if !right {
            report.push_str(&format!("\n{question} wanted {} got {:?} ({:.2})", case["answer"], found.answer, found.confidence));
            report.push_str(&format!(" best {:?}", found.passages.first().map(|passage| &passage.text)));
        }
    }
    let figures = (right_answers, answerable, right_abstentions, unanswerable);
    assert!((answerable, unanswerable) == (38, 13) && right_answers >= 37 && right_abstentions >= 12, "{figures:?}{report}");
}

/// Texts with headings, tables, lists, code and letters of several bytes.
const ANY_TEXT: &str =
    "([a-z]{1,5} |The lamp costs 4 euros\\. |[A-Z][a-z]{1,4} |[0-9]{1,3}[.,]?|\n|\n\n# |\n- |\\| a \\| b \\|\n|\\|-\\|-\\|\n|```\n|: |é|東。|🙂|\\? ){0,40}";

proptest! {
    #[test]
    fn nothing_is_invented(context in ANY_TEXT, earlier in ANY_TEXT, question in "([a-z]{1,5} |lamp |costs |What |when ){1,6}\\?") {
        let mut request = request(&context, &earlier);
        request.messages.push(Message::text(Role::User, format!("{context}\n\n{question}")));
        let found = extract(&request);
        prop_assert!((0.0..=1.0).contains(&found.confidence) && found.confidence.is_finite());
        let sources = material(&request).sources;
        for passage in &found.passages {
            let text = &sources.iter().find(|source| source.message == passage.message).unwrap().text;
            prop_assert_eq!(&text[passage.start..passage.end], &passage.text);
            let characters: String = text.chars().skip(passage.characters.start).take(passage.characters.len()).collect();
            prop_assert_eq!(&characters, &passage.text);
            prop_assert!(passage.score.is_finite());
        }
        match found.answer {
            Some(answer) => {
                prop_assert!(found.confidence >= THRESHOLD);
                let used: Vec<&str> = found.passages.iter().filter(|passage| passage.used).map(|passage| passage.text.as_str()).collect();
                prop_assert!(!used.is_empty());
                prop_assert_eq!(answer, used.join(" "));
            }
            None => prop_assert!(found.passages.iter().all(|passage| !passage.used)),
        }
    }

    #[test]
    fn a_schema_is_never_filled_with_what_is_not_there(context in ANY_TEXT) {
        let mut request = request(&context, "Fill it.");
        let schema = json!({ "type": "object", "properties": {
            "a": { "type": ["string", "null"] }, "b": { "type": ["integer", "null"] }, "lamp": { "type": ["string", "null"] },
            "rows": { "type": "array", "items": { "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"] } } } });
        request.response_format = Some(ResponseFormat::JsonSchema { name: String::new(), description: None, schema, strict: true });
        let found = extract(&request);
        for passage in &found.passages {
            prop_assert!(context.contains(&passage.text));
        }
        if let Some(answer) = &found.answer {
            let document: Value = serde_json::from_str(answer).unwrap();
            for name in ["a", "lamp"] {
                if let Some(text) = document[name].as_str() {
                    prop_assert!(context.contains(text), "{} is not in {:?}", text, context);
                }
            }
        }
    }
}
