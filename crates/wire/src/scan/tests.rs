use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn facts(endpoint: Endpoint, body: &str) -> RequestFacts {
    scan(endpoint, body.as_bytes()).unwrap_or_else(|fault| panic!("{body}: {fault}"))
}

#[track_caller]
fn refused(endpoint: Endpoint, body: impl AsRef<[u8]>, param: Option<&str>, message: &str) {
    let fault = scan(endpoint, body.as_ref()).unwrap_err();
    assert_eq!(fault.kind, FaultKind::InvalidRequest);
    assert_eq!((fault.param.as_deref(), fault.message.as_str()), (param, message));
    assert!(fault.remedy.is_some());
}

#[test]
fn a_chat_request_says_what_it_asks() {
    let body = r#"{ "model" : "acme/fast", "stream":true,"stream_options":{"include_usage":true}, "n":3,"max_tokens":7,"service_tier":"flex","messages":[]}"#;
    let facts = facts(Endpoint::Chat, body);
    assert_eq!((facts.model.as_str(), &body[facts.model_span.clone()]), ("acme/fast", "\"acme/fast\""));
    assert!(facts.stream && facts.include_usage);
    assert_eq!((facts.choices, facts.output_limit, facts.output_limit_field), (3, Some(7), Some("max_tokens")));
    assert_eq!(facts.service_tier.as_deref(), Some("flex"));
    assert_eq!(&body[facts.stream_options_span.unwrap()], r#"{"include_usage":true}"#);
    assert_eq!((facts.insert_at, facts.empty_object, facts.text_bytes), (1, false, 2));
}

#[test]
fn nulls_are_as_good_as_absent() {
    let facts = facts(
        Endpoint::Chat,
        r#"{"model":"m","stream":null,"stream_options":null,"n":null,"max_tokens":null,"max_completion_tokens":5,"tools":null,"service_tier":null}"#,
    );
    assert_eq!((facts.stream, facts.choices, facts.output_limit, facts.output_limit_field), (false, 1, Some(5), Some("max_completion_tokens")));
    assert_eq!(facts.output_limit_spans.iter().map(|limit| limit.is_null).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn each_endpoint_reads_its_own_limit() {
    assert_eq!(facts(Endpoint::Responses, r#"{"model":"m","max_output_tokens":9,"max_tokens":"x"}"#).output_limit, Some(9));
    assert_eq!(facts(Endpoint::Messages, r#"{"model":"m","max_tokens":9}"#).output_limit, Some(9));
    assert_eq!(facts(Endpoint::Messages, r#"{"model":"m","max_tokens":9,"thinking":{"type":"enabled","budget_tokens":4}}"#).thinking_budget, Some(4));
    assert_eq!(facts(Endpoint::Chat, r#"{"model":"m","max_tokens":9,"max_completion_tokens":12}"#).output_limit, Some(12));
}

#[test]
fn a_converse_request_says_what_it_asks() {
    let body = r#"{"inferenceConfig":{"maxTokens":9,"topP":0.5},"system":[{"text":"Be brief."},{"cachePoint":{"type":"default"}}],
        "toolConfig":{"tools":[{"toolSpec":{"name":"a","inputSchema":{"json":{}}}},{"cachePoint":{"type":"default"}}]},
        "additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":4}},"serviceTier":{"type":"flex"},
        "requestMetadata":{"team":"x"},"messages":[{"role":"user","content":[{"text":"Hi"},{"image":{"format":"png","source":{"bytes":"AAAA"}}},
        {"document":{"format":"txt","name":"d","source":{"text":"words"}}}]},
        {"role":"user","content":[{"toolResult":{"toolUseId":"1","content":[{"image":{"format":"png","source":{"s3Location":{"uri":"s3://b/a.png"}}}}]}}]}]}"#;
    let facts = facts(Endpoint::Converse, body);
    assert_eq!((facts.output_limit, facts.output_limit_field, facts.thinking_budget), (Some(9), Some("maxTokens"), Some(4)));
    assert_eq!(&body[facts.limit_holder.unwrap()], r#"{"maxTokens":9,"topP":0.5}"#);
    assert_eq!((facts.limit_holder_members, facts.tools, facts.server_tools), (2, 1, false));
    assert_eq!((facts.media_parts, facts.media_bytes, facts.service_tier.as_deref()), (2, 4, Some("flex")));
    assert_eq!((facts.system_prompt.as_str(), facts.model.as_str(), facts.stateful), ("Be brief.", "", false));
    let bare = super::scan(Endpoint::Converse, body.replace("AAAA", "").as_bytes()).unwrap();
    assert_eq!(bare.text_bytes, facts.text_bytes, "bytes of an image are no text");
    let of = |body: &str| scan(Endpoint::Converse, body.as_bytes()).unwrap();
    assert!(of(r#"{"toolConfig":{"tools":[{"systemTool":{"name":"nova_grounding"}}]}}"#).server_tools);
    assert!(of(r#"{"promptVariables":{"a":{"text":"b"}}}"#).stateful);
    assert_eq!(of(r#"{"performanceConfig":{"latency":"optimized"}}"#).service_tier.as_deref(), Some("optimized"));
    let twice = scan(Endpoint::Converse, br#"{"toolConfig":{},"toolConfig":{}}"#).unwrap_err();
    assert!(twice.message.contains("stated twice"), "{twice}");
}

#[test]
fn errors_name_path_line_and_column() {
    let message = "messages[1].content: expected a string or an array of parts, found a number at line 3, column 29 (byte 86).";
    let body = "{\"model\":\"m\",\n\"messages\":[{\"role\":\"user\",\"content\":\"é\"},\n  {\"role\":\"user\",\"content\": 7}]}";
    refused(Endpoint::Chat, body, Some("messages[1].content"), message);
}

#[test]
fn broken_json_is_refused_with_its_place() {
    refused(Endpoint::Chat, "", None, "request body: expected a JSON object, found the end of the text at line 1, column 1 (byte 0).");
    refused(Endpoint::Chat, "[]", None, "request body: expected a JSON object, found an array at line 1, column 1 (byte 0).");
    refused(
        Endpoint::Chat,
        r#"{"model":"m",}"#,
        None,
        "request body: expected the name of a member in double quotes, found `}` at line 1, column 14 (byte 13).",
    );
    refused(Endpoint::Chat, r#"{"model":"m"} x"#, None, "request body: expected nothing more behind the value, found `x` at line 1, column 15 (byte 14).");
    refused(Endpoint::Chat, r#"{"model":"m","a":{"b":[1 2]}}"#, Some("a.b"), "a.b: expected `,` or `]`, found a number at line 1, column 26 (byte 25).");
    refused(Endpoint::Chat, r#"{"model":"m"#, Some("model"), "model: the string that begins here has no end at line 1, column 10 (byte 9).");
}

#[test]
fn bytes_that_are_not_utf8_are_named() {
    refused(Endpoint::Chat, b"{\"model\":\"\xff\"}", None, "request body: byte 0xff is not part of valid UTF-8 at line 1, column 11 (byte 10).");
    refused(Endpoint::Chat, b"{\"a\":\"\xc3", None, "request body: byte 0xc3 is not part of valid UTF-8 at line 1, column 7 (byte 6).");
}

#[test]
fn absurd_nesting_is_refused() {
    let body = |depth: usize| format!("{{\"model\":\"m\",\"messages\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(scan(Endpoint::Chat, body(100).as_bytes()).is_err(), "a message is an object");
    let body = |depth: usize| format!("{{\"model\":\"m\",\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(scan(Endpoint::Chat, body(127).as_bytes()).is_ok());
    let fault = scan(Endpoint::Chat, body(100_000).as_bytes()).unwrap_err();
    assert!(fault.message.contains("arrays and objects lie more than 128 deep in each other at line 1, column "), "{fault}");
}

#[test]
fn case_76_a_model_is_a_short_string_without_control_characters() {
    for model in ["acme/fast", "a/b:c@d", "../../etc/passwd", "模型"] {
        assert_eq!(facts(Endpoint::Chat, &json!({ "model": model }).to_string()).model, model);
    }
    assert_eq!(facts(Endpoint::Chat, r#"{"mod\u0065l":"\u0061\/b"}"#).model, "a/b");
    for model in ["\"\"", "\" \"", "\"a\\nb\"", "\"a\\u0000\"", "\"\\ud800\"", "7", "null", "[]", &format!("\"{}\"", "x".repeat(257))] {
        let fault = scan(Endpoint::Messages, format!("{{\"model\":{model}}}").as_bytes()).unwrap_err();
        assert_eq!(fault.param.as_deref(), Some("model"), "{model}: {fault}");
    }
    refused(Endpoint::Chat, "{}", None, "request body: the member `model` is missing from the object that begins at line 1, column 1 (byte 0).");
}

#[test]
fn what_jeton_reads_is_stated_once() {
    for (endpoint, member, value) in [
        (Endpoint::Chat, "model", "\"m\""),
        (Endpoint::Chat, "max_tokens", "1"),
        (Endpoint::Chat, "stream", "true"),
        (Endpoint::Chat, "n", "1"),
        (Endpoint::Responses, "input", "\"\""),
        (Endpoint::Messages, "thinking", "{}"),
    ] {
        let body = format!("{{\"model\":\"m\",\"{member}\":{value},\"{member}\":{value}}}");
        let fault = scan(endpoint, body.as_bytes()).unwrap_err();
        assert!(fault.message.contains("the member is stated twice"), "{fault}");
    }
    let fault = scan(Endpoint::Chat, br#"{"model":"m","stream_options":{"include_usage":true,"include_usage":false}}"#).unwrap_err();
    assert_eq!(fault.param.as_deref(), Some("stream_options.include_usage"));
}

#[test]
fn wrong_types_are_refused_where_jeton_reads_them() {
    for (endpoint, member, value) in [
        (Endpoint::Chat, "stream", "1"),
        (Endpoint::Chat, "stream", "\"true\""),
        (Endpoint::Chat, "n", "0"),
        (Endpoint::Chat, "n", "1.5"),
        (Endpoint::Chat, "n", "-1"),
        (Endpoint::Chat, "n", "\"2\""),
        (Endpoint::Chat, "max_tokens", "1e3"),
        (Endpoint::Chat, "max_tokens", "99999999999999999999"),
        (Endpoint::Chat, "max_completion_tokens", "[]"),
        (Endpoint::Chat, "stream_options", "true"),
        (Endpoint::Chat, "messages", "\"hello\""),
        (Endpoint::Chat, "messages", "{}"),
        (Endpoint::Chat, "tools", "{}"),
        (Endpoint::Responses, "max_output_tokens", "true"),
        (Endpoint::Responses, "input", "7"),
        (Endpoint::Responses, "instructions", "{}"),
        (Endpoint::Responses, "background", "1"),
        (Endpoint::Messages, "system", "7"),
        (Endpoint::Messages, "max_tokens", "-1"),
        (Endpoint::CountTokens, "messages", "7"),
        (Endpoint::Embeddings, "input", "{}"),
        (Endpoint::Embeddings, "input", "null"),
    ] {
        let body = format!("{{\"model\":\"m\",\"{member}\":{value}}}");
        let fault = scan(endpoint, body.as_bytes()).expect_err(&body);
        assert_eq!(fault.param.as_deref(), Some(member), "{body}: {fault}");
    }
    refused(
        Endpoint::Chat,
        r#"{"model":"m","max_tokens":1.5}"#,
        Some("max_tokens"),
        "max_tokens: expected a whole number of tokens, found `1.5` at line 1, column 27 (byte 26).",
    );
}

#[test]
fn text_is_counted_as_meant_without_white_space_between() {
    let text = |messages: &str| facts(Endpoint::Chat, &format!("{{\"model\":\"m\",\"messages\":{messages}}}")).text_bytes;
    assert_eq!(text(r#"[{"role":"user","content":"hello"}]"#), 35);
    assert_eq!(text("[ {\"role\" : \"user\",\n\"content\":\"hello\"} ]"), 35);
    assert_eq!(text(r#"[{"role":"user","content":"\u0068ell\ud83d\ude00"}]"#), 38);
}

#[test]
fn every_member_that_may_become_prompt_counts_and_settings_do_not() {
    let base = facts(Endpoint::Chat, r#"{"model":"m"}"#).text_bytes;
    let with = |member: &str| facts(Endpoint::Chat, &format!(r#"{{"model":"m",{member}}}"#)).text_bytes - base;
    assert_eq!(with(r#""temperature":0.7,"metadata":{"a":"long text"},"user":"somebody","max_tokens":5,"seed":1"#), 0);
    assert_eq!(with(r#""tools":[{"type":"function","function":{"name":"f"}}]"#), 45);
    assert!(with(r#""response_format":{"type":"json_schema"}"#) > 20);
    assert!(with(r#""something_new":"text""#) > 4, "what is not known counts: the figure is a bound");
    assert_eq!(facts(Endpoint::Embeddings, r#"{"model":"m","input":["ab",[1,22]],"dimensions":4}"#).text_bytes, 13);
    assert!(facts(Endpoint::CountTokens, r#"{"model":"m","system":"abc","messages":[]}"#).text_bytes >= 3);
}

#[test]
fn inline_media_are_no_text_and_are_counted_as_parts() {
    let data = "A".repeat(10_000);
    let count = |endpoint: Endpoint, member: &str, part: String| {
        let facts = facts(endpoint, &format!(r#"{{"model":"m","{member}":[{{"role":"user","content":[{part}]}}]}}"#));
        (facts.media_parts, facts.text_bytes < 300, facts.media_bytes >= 10_000)
    };
    let inline = (1, true, true);
    let url = format!("data:image/png;base64,{data}");
    for (endpoint, member, part) in [
        (Endpoint::Chat, "messages", json!({"type":"image_url","image_url":{"url":url,"detail":"low"}})),
        (Endpoint::Chat, "messages", json!({"image_url":{"url":url},"type":"image_url"})),
        (Endpoint::Chat, "messages", json!({"type":"input_audio","input_audio":{"data":data,"format":"wav"}})),
        (Endpoint::Chat, "messages", json!({"type":"file","file":{"filename":"a.pdf","file_data":data}})),
        (Endpoint::Responses, "input", json!({"type":"input_image","image_url":url})),
        (Endpoint::Responses, "input", json!({"type":"input_file","filename":"a.pdf","file_data":data})),
        (Endpoint::Messages, "messages", json!({"type":"image","source":{"type":"base64","media_type":"image/png","data":data}})),
        (Endpoint::Messages, "messages", json!({"type":"document","source":{"data":data,"type":"base64"}})),
        (
            Endpoint::Messages,
            "messages",
            json!({"type":"tool_result","tool_use_id":"t","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":data}}]}),
        ),
    ] {
        assert_eq!(count(endpoint, member, part.to_string()), inline, "{}", part["type"]);
    }
    for part in [
        json!({"type":"image_url","image_url":{"url":"https://example.invalid/a.png"}}),
        json!({"type":"image","source":{"type":"url","url":"https://example.invalid/a.png"}}),
        json!({"type":"document","source":{"type":"file","file_id":"file_1"}}),
    ] {
        assert_eq!(count(Endpoint::Messages, "messages", part.to_string()), (1, true, false), "{part}");
    }
}

#[test]
fn text_that_looks_like_media_still_counts() {
    let data = "A".repeat(10_000);
    let url = format!("data:image/png;base64,{data}");
    for part in [
        json!({"type":"text","text":url}),
        json!({"type":"text","text":"x","image_url":{"url":url}}),
        json!({"type":"document","source":{"type":"text","media_type":"text/plain","data":data}}),
        json!({"type":"document","source":{"type":"content","content":[{"type":"text","text":data}]}}),
        json!({"type":"tool_use","id":"t","name":"n","input":{"type":"image","source":{"type":"base64","data":data}}}),
        json!({"type":"image_url","image_url":{"url":format!("https://example.invalid/{data}")}}),
    ] {
        let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":[{part}]}}]}}"#);
        assert!(facts(Endpoint::Messages, &body).text_bytes > 10_000, "{}", part["type"]);
    }
}

#[test]
fn case_20_and_42_the_system_prompt_is_found_wherever_it_stands() {
    for (endpoint, body, expected) in [
        (
            Endpoint::Chat,
            r#"{"model":"m","messages":[{"content":"a\nb","role":"system"},{"role":"user","content":"u"},{"role":"developer","content":[{"type":"text","text":"c"}]}]}"#,
            "a\nb\nc",
        ),
        (Endpoint::Messages, r#"{"model":"m","system":"\u00e9","messages":[]}"#, "é"),
        (Endpoint::Messages, r#"{"model":"m","system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},{"type":"text","text":"b"}]}"#, "a\nb"),
        (Endpoint::Responses, r#"{"model":"m","instructions":"a","input":[{"role":"system","content":[{"type":"input_text","text":"b"}]}]}"#, "a\nb"),
        (Endpoint::Responses, r#"{"model":"m","instructions":null,"input":"system"}"#, ""),
    ] {
        assert_eq!(facts(endpoint, body).system_prompt, expected);
    }
    let long = facts(Endpoint::Messages, &json!({ "model": "m", "system": "é".repeat(9_000) }).to_string()).system_prompt;
    assert_eq!(long.len(), 4096);
}

#[test]
fn case_40_tools_that_the_provider_runs_are_told_from_the_clients() {
    for (endpoint, member, tools, server) in [
        (Endpoint::Chat, r#""tools":[{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{}}]"#, 2, false),
        (Endpoint::Chat, r#""web_search_options":{}"#, 0, true),
        (Endpoint::Responses, r#""tools":[{"type":"function","name":"f"},{"type":"web_search"}]"#, 2, true),
        (Endpoint::Responses, r#""tools":[{"type":"mcp","server_url":"x"}]"#, 1, true),
        (Endpoint::Messages, r#""tools":[{"name":"f","input_schema":{"type":"object"}}]"#, 1, false),
        (Endpoint::Messages, r#""tools":[{"type":"bash_20250124","name":"bash"},{"type":"custom","name":"f"}]"#, 2, false),
        (Endpoint::Messages, r#""tools":[{"type":"web_search_20250305","name":"web_search"}]"#, 1, true),
        (Endpoint::Messages, r#""mcp_servers":[{"type":"url"}]"#, 0, true),
        (Endpoint::Messages, r#""mcp_servers":[]"#, 0, false),
    ] {
        let facts = facts(endpoint, &format!(r#"{{"model":"m",{member}}}"#));
        assert_eq!((facts.tools, facts.server_tools), (tools, server), "{member}");
    }
}

/// A request in Gemini's dialect, whose path names model and stream.
fn google(body: &Value) -> RequestFacts {
    facts(Endpoint::Generate, &body.to_string())
}

#[test]
fn a_request_in_geminis_dialect_says_what_it_asks() {
    let facts = google(&json!({
        "model": "models/x", "systemInstruction": { "parts": [{ "text": "a" }, { "text": "b" }] },
        "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }],
        "tools": [{ "functionDeclarations": [{ "name": "f" }, { "name": "g" }] }, { "googleSearch": {} }],
        "generationConfig": { "maxOutputTokens": 50, "candidateCount": 3 }, "serviceTier": "flex",
    }));
    assert_eq!((facts.model.as_str(), facts.output_limit, facts.output_limit_field, facts.choices), ("", Some(50), Some("maxOutputTokens"), 3));
    assert_eq!((facts.tools, facts.server_tools, facts.system_prompt.as_str(), facts.service_tier.as_deref()), (3, true, "a\nb", Some("flex")));
    assert!(!facts.stateful && facts.text_bytes > 60, "{}", facts.text_bytes);
    let snake = google(
        &json!({ "system_instruction": { "parts": { "text": "a" } }, "contents": { "parts": [{ "text": "Hi" }] }, "generation_config": { "max_output_tokens": 7 }, "service_tier": "priority" }),
    );
    assert_eq!((snake.output_limit, snake.system_prompt.as_str(), snake.service_tier.as_deref(), snake.choices), (Some(7), "a", Some("priority"), 1));
    assert!(google(&json!({ "contents": [], "cachedContent": "cachedContents/x" })).stateful && google(&json!({ "cached_content": "c" })).stateful);
    assert!(!google(&json!({ "contents": [], "tools": [{ "function_declarations": [{ "name": "googleSearch" }] }] })).server_tools);
}

#[test]
fn media_in_geminis_dialect_are_no_text() {
    let data = "A".repeat(10_000);
    let count = |part: &Value| {
        let facts = google(&json!({ "contents": [{ "role": "user", "parts": [part] }] }));
        (facts.media_parts, facts.text_bytes < 300, facts.media_bytes >= 10_000)
    };
    let blob = json!({ "mimeType": "image/png", "data": data });
    assert_eq!(count(&json!({ "inlineData": blob })), (1, true, true));
    assert_eq!(count(&json!({ "inline_data": blob })), (1, true, true));
    assert_eq!(count(&json!({ "functionResponse": { "name": "f", "response": {}, "parts": [{ "inlineData": blob }] } })), (1, true, true));
    assert_eq!(count(&json!({ "fileData": { "fileUri": "gs://b/a.png" } })), (1, true, false));
    for text in [
        json!({ "text": data }),
        json!({ "functionCall": { "name": "f", "args": { "inlineData": blob } } }),
        json!({ "functionResponse": { "name": "f", "response": { "data": data } } }),
    ] {
        assert_eq!(count(&text), (0, false, false), "{text}");
    }
}

#[test]
fn what_is_wrong_in_geminis_dialect_names_its_place() {
    for (body, param) in [
        (r#"{"contents":"Hi"}"#, "contents"),
        (r#"{"contents":[{"parts":["Hi"]}]}"#, "contents[0].parts[0]"),
        (r#"{"systemInstruction":"Hi"}"#, "systemInstruction"),
        (r#"{"tools":["googleSearch"]}"#, "tools[0]"),
        (r#"{"generationConfig":{"maxOutputTokens":"5"}}"#, "generationConfig.maxOutputTokens"),
        (r#"{"generationConfig":{"candidateCount":0}}"#, "generationConfig.candidateCount"),
        (r#"{"contents":[],"contents":[]}"#, "contents"),
        (r#"{"generationConfig":[]}"#, "generationConfig"),
    ] {
        let fault = scan(Endpoint::Generate, body.as_bytes()).unwrap_err();
        assert_eq!(fault.param.as_deref(), Some(param), "{body}: {fault}");
    }
}

#[test]
fn case_59_requests_that_rest_on_what_the_provider_keeps_are_marked() {
    for (member, stateful) in [
        (r#""previous_response_id":"resp_1""#, true),
        (r#""previous_response_id":null"#, false),
        (r#""conversation":{"id":"conv_1"}"#, true),
        (r#""background":true"#, true),
        (r#""background":false"#, false),
        (r#""prompt":{"id":"pmpt_1"}"#, true),
        (r#""input":[{"type":"item_reference","id":"msg_1"}]"#, true),
        (r#""input":[{"type":"message","role":"user","content":"hi"}],"store":true"#, false),
    ] {
        assert_eq!(facts(Endpoint::Responses, &format!(r#"{{"model":"m",{member}}}"#)).stateful, stateful, "{member}");
    }
}

#[test]
fn a_speed_is_a_tier_of_its_own() {
    for body in [r#"{"model":"m","speed":"fast","service_tier":"auto"}"#, r#"{"model":"m","service_tier":"auto","speed":"fast"}"#] {
        assert_eq!(facts(Endpoint::Messages, body).service_tier.as_deref(), Some("fast"));
    }
    assert_eq!(facts(Endpoint::Messages, r#"{"model":"m","service_tier":"auto","speed":"standard"}"#).service_tier.as_deref(), Some("auto"));
}

/// Any JSON value, with names and texts that matter to the scan among them.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        Just("type".to_owned()),
        Just("content".to_owned()),
        Just("source".to_owned()),
        Just("image_url".to_owned()),
        Just("usage".to_owned()),
        "[a-z\"\\\\\u{1}é😀]{0,6}"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-4000_i32..4000).prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        "\\PC{0,12}".prop_map(Value::from),
        Just(Value::from("image")),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..5).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_document_with_a_model_is_read(value in any_json()) {
        let body = json!({ "extra": value, "model": "m" });
        for text in [body.to_string(), serde_json::to_string_pretty(&body).unwrap()] {
            let facts = scan(Endpoint::Chat, text.as_bytes()).unwrap();
            prop_assert_eq!(&facts.model, "m");
            prop_assert_eq!(&text[facts.model_span], "\"m\"");
        }
    }

    #[test]
    fn the_text_bytes_bound_every_text(texts in prop::collection::vec("\\PC{0,40}", 0..6)) {
        let messages: Vec<_> = texts.iter().map(|text| json!({ "role": "user", "content": [{ "type": "text", "text": text }] })).collect();
        let body = json!({ "model": "m", "messages": messages }).to_string();
        let least: usize = texts.iter().map(String::len).sum();
        prop_assert!(facts(Endpoint::Messages, &body).text_bytes >= least as u64);
    }

    #[test]
    fn a_mutated_body_is_refused_only_with_reason(at in 0_usize..400, byte in any::<u8>()) {
        let mut body = br#"{"model":"m","messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","data":"QUJD"}},{"type":"text","text":"a\u00e9\n"}]}],"stream":true,"max_tokens":12,"stream_options":{"include_usage":false}}"#.to_vec();
        let at = at % body.len();
        body[at] = byte;
        let valid = std::str::from_utf8(&body).is_ok() && serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok();
        match scan(Endpoint::Chat, &body) {
            Ok(_) => prop_assert!(valid),
            Err(fault) => prop_assert!(!valid || fault.param.is_some() || fault.message.contains("`model` is missing"), "{}", fault),
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        for endpoint in Endpoint::ALL {
            prop_assert!(scan(endpoint, &bytes).is_err());
        }
    }
}
