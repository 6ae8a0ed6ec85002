use super::*;
use crate::scan;
use crate::scan::tests::any_json;
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

const MARK: &str = r#","cache_control":{"type":"ephemeral"}"#;

fn segment(text: &str) -> ContextSegment {
    ContextSegment { text: text.into(), breakpoint: false }
}

fn marked(text: &str) -> ContextSegment {
    ContextSegment { text: text.into(), breakpoint: true }
}

fn attached(endpoint: Endpoint, body: &str, segments: &[ContextSegment], place: ContextPlace) -> (String, Attached) {
    scan(endpoint, body.as_bytes()).unwrap_or_else(|fault| panic!("{body}: {fault}"));
    let attached = attach_context(endpoint, body.as_bytes(), segments, place).unwrap_or_else(|why| panic!("{body}: {why:?}"));
    let edited = String::from_utf8(attached.edits.apply(&Bytes::copy_from_slice(body.as_bytes())).to_vec()).unwrap();
    (edited, attached)
}

#[track_caller]
fn check_at(endpoint: Endpoint, place: ContextPlace, body: &str, expected: &str) {
    assert_eq!(attached(endpoint, body, &[segment("a\n"), segment("\"é\"")], place).0, expected);
}

#[track_caller]
fn check(endpoint: Endpoint, body: &str, expected: &str) {
    check_at(endpoint, ContextPlace::System, body, expected);
}

#[track_caller]
fn check_user(endpoint: Endpoint, body: &str, expected: &str) {
    check_at(endpoint, ContextPlace::User, body, expected);
}

#[track_caller]
fn refused(endpoint: Endpoint, place: ContextPlace, body: &str, expected: NotAttachable) {
    assert_eq!(attach_context(endpoint, body.as_bytes(), &[segment("a")], place), Err(expected), "{body}");
    assert!(expected.fault(endpoint).remedy.is_some());
}

#[test]
fn chat_gets_a_system_message_before_all_others() {
    let message = r#"{"role":"system","content":"a\n\"é\""}"#;
    check(Endpoint::Chat, r#"{"model":"m","messages":[]}"#, &format!(r#"{{"model":"m","messages":[{message}]}}"#));
    check(Endpoint::Chat, r#"{"messages":[{"role":"developer"}],"model":"m"}"#, &format!(r#"{{"messages":[{message},{{"role":"developer"}}],"model":"m"}}"#));
    check(Endpoint::Chat, "{ \"messages\" : [\n {} ],\"model\":\"m\"}", &format!("{{ \"messages\" : [{message},\n {{}} ],\"model\":\"m\"}}"));
}

#[test]
fn gemini_gets_a_part_at_the_front_of_its_system_instruction() {
    let check = |body: &str, expected: &str| check(Endpoint::Generate, body, expected);
    let part = r#"{"text":"a\n\"é\""}"#;
    check(r#"{"contents":[]}"#, &format!(r#"{{"systemInstruction":{{"parts":[{part}]}},"contents":[]}}"#));
    check("{}", &format!(r#"{{"systemInstruction":{{"parts":[{part}]}}}}"#));
    check(r#"{"systemInstruction":null}"#, &format!(r#"{{"systemInstruction":{{"parts":[{part}]}}}}"#));
    check(r#"{"systemInstruction":{"role":"user","parts":[ ]}}"#, &format!(r#"{{"systemInstruction":{{"role":"user","parts":[{part} ]}}}}"#));
    check(r#"{"system_instruction":{"parts":[{"text":"b"}]}}"#, &format!(r#"{{"system_instruction":{{"parts":[{part},{{"text":"b"}}]}}}}"#));
    check(r#"{"system_instruction":{"parts":{"text":"b"}}}"#, &format!(r#"{{"system_instruction":{{"parts":[{part},{{"text":"b"}}]}}}}"#));
    refused(Endpoint::Generate, ContextPlace::System, r#"{"systemInstruction":{"role":"user"}}"#, NotAttachable::UnknownForm);
    let (_, attached) = attached(Endpoint::Generate, r#"{"contents":[]}"#, &[marked("a")], ContextPlace::System);
    assert_eq!((attached.breakpoints, attached.breakpoints_dropped), (0, 1));
}

#[test]
fn geminis_last_user_turn_gets_a_part_before_its_own() {
    let check = |body: &str, expected: &str| check_user(Endpoint::Generate, body, expected);
    let part = r#"{"text":"a\n\"é\""}"#;
    check(r#"{"contents":[{"parts":[{"text":"b"}]}]}"#, &format!(r#"{{"contents":[{{"parts":[{part},{{"text":"b"}}]}}]}}"#));
    let turns = |ours: &str| {
        format!(
            r#"{{"contents":[{{"role":"user","parts":[{ours}{{"inlineData":{{}}}}]}},{{"role":"model","parts":[{{"text":"c"}}]}},{{"role":"user","parts":[{{"functionResponse":{{"name":"f"}}}}]}}]}}"#
        )
    };
    check(&turns(""), &turns(&format!("{part},")));
    refused(Endpoint::Generate, ContextPlace::User, r#"{"contents":[{"role":"model","parts":[{"text":"b"}]}]}"#, NotAttachable::NoUserMessage);
    let text = |body: &str| last_user_text(Endpoint::Generate, body.as_bytes(), 100);
    let body = r#"{"contents":[{"role":"user","parts":[{"text":"a"},{"inlineData":{"mimeType":"x"}},{"text":"b"}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"text":"c"}}}]}]}"#;
    assert_eq!(text(body).as_deref(), Some("a\nb"));
}

#[test]
fn responses_get_it_at_the_start_of_their_instructions() {
    let check = |body: &str, expected: &str| check(Endpoint::Responses, body, expected);
    check(r#"{"model":"m"}"#, r#"{"instructions":"a\n\"é\"","model":"m"}"#);
    check(r#"{"model":"m","instructions":null}"#, r#"{"model":"m","instructions":"a\n\"é\""}"#);
    check(r#"{"model":"m","instructions":""}"#, r#"{"model":"m","instructions":"a\n\"é\""}"#);
    check(r#"{"instructions" : "\u00e9\/" ,"model":"m"}"#, r#"{"instructions" : "a\n\"é\"\n\n\u00e9\/" ,"model":"m"}"#);
}

#[test]
fn messages_get_blocks_at_the_front_of_system() {
    let blocks = r#"{"type":"text","text":"a\n"},{"type":"text","text":"\"é\""}"#;
    for endpoint in [Endpoint::Messages, Endpoint::CountTokens] {
        check(endpoint, r#"{"model":"m"}"#, &format!(r#"{{"system":[{blocks}],"model":"m"}}"#));
        check(endpoint, r#"{"model":"m","system":""}"#, &format!(r#"{{"model":"m","system":[{blocks}]}}"#));
        check(endpoint, r#"{"model":"m","system":[ ]}"#, &format!(r#"{{"model":"m","system":[{blocks} ]}}"#));
        check(endpoint, r#"{"model":"m","system":"\u00e9"}"#, &format!(r#"{{"model":"m","system":[{blocks},{{"type":"text","text":"\u00e9"}}]}}"#));
        check(endpoint, r#"{"system":[{"text":"x"}],"model":"m"}"#, &format!(r#"{{"system":[{blocks},{{"text":"x"}}],"model":"m"}}"#));
    }
}

#[test]
fn converse_gets_blocks_of_its_own_and_marks_behind_them() {
    let blocks = r#"{"text":"a\n"},{"text":"\"é\""}"#;
    check(Endpoint::Converse, "{}", &format!(r#"{{"system":[{blocks}]}}"#));
    check(Endpoint::Converse, r#"{"system":[{"text":"x"}],"messages":[]}"#, &format!(r#"{{"system":[{blocks},{{"text":"x"}}],"messages":[]}}"#));
    let point = r#"{"cachePoint":{"type":"default"}}"#;
    let (edited, told) = attached(Endpoint::Converse, "{}", &[marked("a"), segment("b")], ContextPlace::System);
    assert_eq!(edited, format!(r#"{{"system":[{{"text":"a"}},{point},{{"text":"b"}}]}}"#));
    assert_eq!((told.breakpoints, told.breakpoints_dropped), (1, 0));
    // Four at most, and none before one that lives longer; those of tools stand before all others.
    let long = r#"{"system":[{"text":"x"},{"cachePoint":{"type":"default","ttl":"1h"}}]}"#;
    assert_eq!(attached(Endpoint::Converse, long, &[marked("a")], ContextPlace::System).1.breakpoints, 0);
    let of_tools =
        r#"{"toolConfig":{"tools":[{"toolSpec":{"name":"a","inputSchema":{"json":{"cachePoint":{}}}}},{"cachePoint":{"type":"default","ttl":"1h"}}]}}"#;
    assert_eq!(attached(Endpoint::Converse, of_tools, &[marked("a"), marked("b"), marked("c"), marked("d")], ContextPlace::System).1.breakpoints, 3);
    check_user(
        Endpoint::Converse,
        r#"{"messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"1","content":[]}},{"text":"x"}]}]}"#,
        r#"{"messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"1","content":[]}},{"text":"a\n\"é\""},{"text":"x"}]}]}"#,
    );
    let asked = r#"{"messages":[{"role":"user","content":[{"text":"x"},{"toolResult":{"content":[{"text":"y"}]}},{"text":"z"}]}]}"#;
    assert_eq!(last_user_text(Endpoint::Converse, asked.as_bytes(), 9).as_deref(), Some("x\nz"));
    refused(Endpoint::Converse, ContextPlace::User, r#"{"messages":[]}"#, NotAttachable::NoUserMessage);
}

#[test]
fn the_last_user_message_carries_it_before_its_own_text() {
    let text = r#"a\n\"é\""#;
    check_user(
        Endpoint::Chat,
        r#"{"model":"m","messages":[{"role":"user","content":"x"},{"content":"y","role":"user"},{"role":"assistant","content":"z"}]}"#,
        &format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"x"}},{{"content":"{text}\n\ny","role":"user"}},{{"role":"assistant","content":"z"}}]}}"#
        ),
    );
    check_user(
        Endpoint::Chat,
        r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":"u"}]}]}"#,
        &format!(r#"{{"model":"m","messages":[{{"role":"user","content":[{{"type":"text","text":"{text}"}},{{"type":"image_url","image_url":"u"}}]}}]}}"#),
    );
    check_user(Endpoint::Responses, r#"{"model":"m","input":"x"}"#, &format!(r#"{{"model":"m","input":"{text}\n\nx"}}"#));
    check_user(
        Endpoint::Responses,
        r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"x"}]},{"type":"function_call_output","output":"o"}]}"#,
        &format!(
            r#"{{"model":"m","input":[{{"role":"user","content":[{{"type":"input_text","text":"{text}"}},{{"type":"input_text","text":"x"}}]}},{{"type":"function_call_output","output":"o"}}]}}"#
        ),
    );
}

#[test]
fn results_of_tools_stay_first_in_their_message() {
    let text = r#"a\n\"é\""#;
    check_user(
        Endpoint::Messages,
        r#"{"model":"m","messages":[{"role":"user","content":[{"type":"tool_result","content":"r"},{"type":"text","text":"x"}]}]}"#,
        &format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":[{{"type":"tool_result","content":"r"}},{{"type":"text","text":"{text}"}},{{"type":"text","text":"x"}}]}}]}}"#
        ),
    );
    // A message of nothing but results is no word of the user.
    check_user(
        Endpoint::Messages,
        r#"{"model":"m","messages":[{"role":"user","content":"x"},{"role":"user","content":[{"type":"tool_result","content":"r"}]}]}"#,
        &format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"{text}\n\nx"}},{{"role":"user","content":[{{"type":"tool_result","content":"r"}}]}}]}}"#
        ),
    );
}

#[test]
fn what_has_no_place_is_refused() {
    refused(Endpoint::Embeddings, ContextPlace::System, r#"{"model":"m","input":"x"}"#, NotAttachable::Endpoint);
    refused(Endpoint::Chat, ContextPlace::System, r#"{"model":"m"}"#, NotAttachable::NoMessages);
    refused(Endpoint::Chat, ContextPlace::User, r#"{"model":"m"}"#, NotAttachable::NoUserMessage);
    refused(Endpoint::Chat, ContextPlace::User, r#"{"model":"m","messages":[{"role":"user","content":null}]}"#, NotAttachable::NoUserMessage);
    refused(Endpoint::Messages, ContextPlace::User, r#"{"model":"m","messages":[{"role":"user","content":[]}]}"#, NotAttachable::NoUserMessage);
    refused(Endpoint::Responses, ContextPlace::User, r#"{"model":"m","input":null}"#, NotAttachable::NoUserMessage);
    refused(Endpoint::Responses, ContextPlace::System, r#"{"model":"m","instructions":[]}"#, NotAttachable::UnknownForm);
    refused(Endpoint::Chat, ContextPlace::System, "{", NotAttachable::Unreadable);
}

#[test]
fn without_text_nothing_is_changed() {
    for segments in [&[][..], &[segment(""), marked("")]] {
        for place in [ContextPlace::System, ContextPlace::User] {
            assert_eq!(attached(Endpoint::Messages, r#"{"model":"m"}"#, segments, place).1, Attached::default());
        }
    }
}

/// `system` of a request with `more` members, for three marked segments, and how many marks were dropped.
#[track_caller]
fn check_marks(more: &str, expected: [bool; 3], dropped: u64) {
    let body = format!(r#"{{"model":"m"{more}}}"#);
    let (edited, attached) = attached(Endpoint::Messages, &body, &[marked("1"), marked("2"), marked("3")], ContextPlace::System);
    let blocks: Vec<bool> = ["1", "2", "3"].iter().map(|text| edited.contains(&format!("\"text\":\"{text}\"{MARK}"))).collect();
    assert_eq!((blocks.as_slice(), attached.breakpoints_dropped), (expected.as_slice(), dropped), "{edited}");
    assert_eq!(attached.breakpoints, expected.iter().filter(|mark| **mark).count() as u64);
    let all = serde_json::from_str::<Value>(&edited).unwrap().to_string().matches("ephemeral").count();
    assert!(all <= 4.max(body.matches("ephemeral").count()), "{edited}");
}

#[test]
fn case_43_the_callers_breakpoints_take_precedence() {
    let mark = r#""cache_control":{"type":"ephemeral"}"#;
    let hour = r#""cache_control":{"type":"ephemeral","ttl":"1h"}"#;
    check_marks("", [true; 3], 0);
    check_marks(&format!(r#","system":[{{"type":"text","text":"x",{mark}}}]"#), [true; 3], 0);
    check_marks(&format!(r#","tools":[{{"name":"f","input_schema":{{}},{mark}}}],{mark}"#), [false, true, true], 1);
    check_marks(
        &format!(
            r#","messages":[{{"role":"user","content":[{{"type":"text","text":"x",{mark}}},{{"type":"tool_result","content":[{{"type":"text","text":"y",{mark}}}],{mark}}}]}}]"#
        ),
        [false, false, true],
        2,
    );
    check_marks(&format!(r#",{mark},"system":[{{{mark}}},{{{mark}}},{{{mark}}}]"#), [false; 3], 3);
    // Ours live five minutes and stand before what lives an hour.
    check_marks(&format!(r#","messages":[{{"role":"user","content":[{{"type":"text","text":"x",{hour}}}]}}]"#), [false; 3], 3);
    check_marks(&format!(",{hour}"), [false; 3], 3);
    check_marks(&format!(r#","tools":[{{"name":"f",{hour}}}]"#), [true; 3], 0);
    // What is null or only looks like one counts for nothing.
    check_marks(r#","system":[{"type":"text","text":"cache_control","cache_control":null}]"#, [true; 3], 0);
    check_marks(&format!(r#","tools":[{{"name":"f","input_schema":{{"properties":{{{mark}}}}}}}]"#), [true; 3], 0);
}

#[test]
fn breakpoints_that_a_dialect_lacks_are_counted_as_dropped() {
    let (edited, attached) = attached(Endpoint::Chat, r#"{"model":"m","messages":[]}"#, &[marked("1"), segment("2"), marked("")], ContextPlace::System);
    assert_eq!((attached.breakpoints, attached.breakpoints_dropped), (0, 2));
    assert!(edited.contains(r#""content":"12""#));
}

#[track_caller]
fn check_text(endpoint: Endpoint, conversation: &str, expected: Option<&str>) {
    let member = super::conversation(endpoint);
    let body = format!(r#"{{"model":"m","{member}":{conversation}}}"#);
    assert_eq!(last_user_text(endpoint, body.as_bytes(), 12).as_deref(), expected, "{body}");
}

#[test]
fn the_last_text_of_the_user_is_found() {
    check_text(Endpoint::Chat, r#"[{"role":"user","content":"x"},{"role":"user","content":"\u00e9\n"},{"role":"assistant","content":"z"}]"#, Some("é\n"));
    check_text(Endpoint::Chat, r#"[{"role":"user","content":"x"},{"role":"tool","content":"z"}]"#, Some("x"));
    check_text(Endpoint::Chat, r#"[{"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url"},{"type":"text","text":"y"}]}]"#, Some("x\ny"));
    check_text(Endpoint::Chat, r#"[{"role":"user","content":"x"},{"role":"user","content":[{"type":"image_url"}]}]"#, Some("x"));
    check_text(Endpoint::Messages, r#"[{"role":"user","content":"x"},{"role":"user","content":[{"type":"tool_result","content":"r"}]}]"#, Some("x"));
    check_text(Endpoint::Messages, r#"[{"role":"user","content":[{"type":"tool_result","content":"r"},{"type":"text","text":"y"}]}]"#, Some("y"));
    check_text(Endpoint::Responses, r#""x""#, Some("x"));
    check_text(
        Endpoint::Responses,
        r#"[{"role":"user","content":[{"type":"input_text","text":"x"}]},{"type":"function_call_output","output":"o"}]"#,
        Some("x"),
    );
    check_text(Endpoint::Responses, "null", None);
    check_text(Endpoint::Chat, r#"[{"role":"user","content":"  "}]"#, None);
    check_text(Endpoint::Chat, r#"[{"role":"user","content":"0123456789abcdef"}]"#, Some("0123456789ab"));
    check_text(Endpoint::Chat, r#"[{"role":"user","content":[{"type":"text","text":"0123456789"},{"type":"text","text":"abc"}]}]"#, Some("0123456789\na"));
    assert_eq!(last_user_text(Endpoint::Embeddings, br#"{"model":"m","input":"x"}"#, 9), None);
}

/// The request with the context pasted by hand, as a document.
fn by_hand(endpoint: Endpoint, mut request: Value, texts: &[String]) -> Value {
    let whole = texts.concat();
    match endpoint {
        Endpoint::Chat => request["messages"].as_array_mut().unwrap().insert(0, json!({ "role": "system", "content": whole })),
        Endpoint::Responses => {
            let own = request["instructions"].as_str().unwrap_or_default().to_owned();
            request["instructions"] = if own.is_empty() { whole.into() } else { format!("{whole}\n\n{own}").into() };
        }
        _ => {
            let mut blocks: Vec<Value> = texts.iter().map(|text| json!({ "type": "text", "text": text })).collect();
            match &request["system"] {
                Value::String(own) if !own.is_empty() => blocks.push(json!({ "type": "text", "text": own })),
                Value::Array(own) => blocks.extend(own.clone()),
                _ => {}
            }
            request["system"] = blocks.into();
        }
    }
    request
}

fn any_system() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        Just(None),
        Just(Some(Value::Null)),
        "\\PC{0,12}".prop_map(|text| Some(text.into())),
        prop::collection::vec("\\PC{1,8}", 0..3).prop_map(|texts| Some(texts.iter().map(|text| json!({ "type": "text", "text": text })).collect())),
    ]
}

proptest! {
    #[test]
    fn the_request_is_the_same_as_with_the_text_pasted_by_hand(
        before in any_json(), after in any_json(), system in any_system(), user in "\\PC{0,12}",
        texts in prop::collection::vec("[\\PC\n\"\\\\]{1,20}", 1..4), pretty in any::<bool>()
    ) {
        let segments: Vec<ContextSegment> = texts.iter().map(|text| segment(text)).collect();
        for (endpoint, member) in [(Endpoint::Chat, "unused"), (Endpoint::Responses, "instructions"), (Endpoint::Messages, "system")] {
            let mut request = json!({ "before": before, "model": "m", "messages": [{ "role": "user", "content": user }] });
            if let Some(system) = system.as_ref().filter(|system| endpoint != Endpoint::Responses || !system.is_array()) {
                request[member] = system.clone();
            }
            request["zlast"] = after.clone();
            let write = |value: &Value| if pretty { serde_json::to_string_pretty(value).unwrap() } else { value.to_string() };
            let (edited, _) = attached(endpoint, &write(&request), &segments, ContextPlace::System);
            let expected = by_hand(endpoint, request, &texts);
            prop_assert_eq!(&serde_json::from_str::<Value>(&edited).unwrap(), &expected);
            if endpoint == Endpoint::Chat && !pretty {
                prop_assert_eq!(&edited, &write(&expected), "the very same bytes");
            }
        }
    }

    #[test]
    fn in_the_users_message_the_context_is_what_stands_first(user in "[\\PC\n\"]{1,12}", text in "[\\PC\n\"\\\\]{1,20}", as_parts in any::<bool>()) {
        let content = if as_parts { json!([{ "type": "text", "text": user }]) } else { json!(user) };
        let body = json!({ "model": "m", "messages": [{ "role": "user", "content": content }] }).to_string();
        for endpoint in [Endpoint::Chat, Endpoint::Messages] {
            let (edited, _) = attached(endpoint, &body, &[segment(&text)], ContextPlace::User);
            let content = &serde_json::from_str::<Value>(&edited).unwrap()["messages"][0]["content"];
            let expected = if as_parts { json!([{ "type": "text", "text": text }, { "type": "text", "text": user }]) } else { json!(format!("{text}\n\n{user}")) };
            prop_assert_eq!(content, &expected);
        }
    }

    #[test]
    fn a_damaged_body_makes_nothing_panic(at in 0_usize..400, byte in any::<u8>(), cut in 0_usize..400) {
        let mut body = br#"{"model":"m","system":[{"text":"a","cache_control":{"ttl":"1h"}}],"instructions":"b","input":[{"role":"user","content":"c"}],"tools":[{}],"messages":[{"role":"user","content":[{"type":"tool_result"},{"type":"text","text":"a\u00e9\n"}]}]}"#.to_vec();
        let at = at % body.len();
        body[at] = byte;
        body.truncate(cut.max(1));
        for endpoint in Endpoint::ALL {
            for place in [ContextPlace::System, ContextPlace::User] {
                if let Ok(attached) = attach_context(endpoint, &body, &[marked("x")], place) {
                    let _ = attached.edits.apply(&Bytes::copy_from_slice(&body));
                }
            }
            let _ = last_user_text(endpoint, &body, 9);
        }
    }
}
