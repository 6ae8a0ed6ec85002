//! Cases of Bedrock's Converse, with the dialects that they concern.

use crate::fold;
use crate::helpers::{Chat, Converse, Messages, Responses, answer, answered, answering, ask_of, asking, stream, translate_chunks};
use crate::scenario::{CREATED, all, plain_answer, told};
use jeton_core::{Samplers, Usage};
use jeton_wire::Endpoint;
use jeton_wire::canonical::{
    Answering, Effort, StreamTranslator, Target, ToolNames, encode_reply, encode_request, read_reply, read_request, translate_document,
};
use jeton_wire::read_document;
use serde_json::{Value, json};

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NOVA: &str = "us.amazon.nova-2-lite-v1:0";
const LLAMA: &str = "us.meta.llama4-maverick-17b-instruct-v1:0";
const PROFILE: &str = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/fm16bt65tzgx";

fn target(model: &str) -> Target {
    Target::new(Converse, model, 64_000)
}

fn ask(from: Endpoint, model: &str, body: &Value) -> (Value, Vec<String>) {
    ask_of(from, &target(model), body).unwrap_or_else(|fault| panic!("{from}: {fault}"))
}

/// What becomes of a question with more members.
fn asked(from: Endpoint, model: &str, members: Value) -> (Value, Vec<String>) {
    ask(from, model, &asking(from, members))
}

fn refused(from: Endpoint, body: &Value) -> (String, String) {
    let fault = ask_of(from, &target(CLAUDE), body).expect_err("it was to be refused");
    assert_eq!(fault.kind.status(), 400);
    (fault.full_message(), fault.param.unwrap_or_default())
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn what_is_read_from_the_dialect_is_written_in_it_as_it_stood() {
    let (mut requests, mut replies) = (0, 0);
    for scenario in all() {
        if let Some(asked) = scenario.asked(Converse).filter(|asked| asked.get("promptVariables").is_none()) {
            let (request, loss) = read_request(Converse, asked.to_string().as_bytes()).unwrap();
            let encoded = encode_request(&request, &scenario.target(Converse)).unwrap();
            // A signature that is another family's is the one thing that Bedrock's own models do not take back.
            if !scenario.name.starts_with("49") {
                let again: Value = serde_json::from_slice(&encoded.body).unwrap();
                assert_eq!((told(&loss), told(&encoded.loss)), (none(), none()), "{}", scenario.name);
                assert_eq!(again, asked, "{}", scenario.name);
                requests += 1;
            }
        }
        if let Some(answered) = scenario.answered(Converse).filter(|_| !scenario.name.starts_with("47")) {
            let body = answered.to_string();
            let (reply, loss) = read_reply(Converse, body.as_bytes(), read_document(Converse, body.as_bytes()).usage, CREATED).unwrap();
            let again: Value = serde_json::from_slice(&encode_reply(Converse, &jeton_wire::canonical::Request::new(Converse, "m"), &reply)).unwrap();
            assert_eq!(told(&loss), none(), "{}", scenario.name);
            // Both words for a filter's stop mean the same.
            let word = |text: Value| serde_json::from_str::<Value>(&text.to_string().replace("guardrail_intervened", "content_filtered")).unwrap();
            assert_eq!(word(plain_answer(again, &mut Vec::new())), word(plain_answer(answered, &mut Vec::new())), "{}", scenario.name);
            replies += 1;
        }
    }
    assert!(requests > 20 && replies > 20, "{requests} {replies}");
}

#[test]
fn case_19_the_limit_stands_in_its_object_and_the_model_has_one_of_its_own() {
    for (from, name) in [(Chat, "max_completion_tokens"), (Responses, "max_output_tokens"), (Messages, "max_tokens")] {
        let (body, lost) = asked(from, CLAUDE, json!({ name: 1234 }));
        assert_eq!((body["inferenceConfig"].clone(), lost), (json!({ "maxTokens": 1234 }), none()), "{from}");
    }
    assert_eq!(asked(Chat, CLAUDE, json!({})).0.get("inferenceConfig"), None);
    let bounded = Target { sets_limit: true, ..target(CLAUDE) };
    assert_eq!(ask_of(Chat, &bounded, &asking(Chat, json!({}))).unwrap().0["inferenceConfig"]["maxTokens"], 64_000);
}

#[test]
fn case_20_instructions_alone_are_the_question() {
    let (body, lost) = ask(Chat, CLAUDE, &json!({ "model": "m", "messages": [{ "role": "system", "content": "a" }, { "role": "developer", "content": "b" }] }));
    assert_eq!((body["system"].clone(), body["messages"].clone()), (json!([{ "text": "a" }]), json!([{ "role": "user", "content": [{ "text": "b" }] }])));
    assert_eq!(lost, ["approximated messages[1].content"]);
}

#[test]
fn case_37_signed_reasoning_goes_to_no_other_makers_model() {
    let body = json!({ "model": "m", "max_tokens": 64, "messages": [
        { "role": "user", "content": "Go." },
        { "role": "assistant", "content": [{ "type": "thinking", "thinking": "Hm.", "signature": "EqQB+/=" }, { "type": "text", "text": "So." }] },
        { "role": "user", "content": "On." },
    ] });
    let thought = json!({ "reasoningContent": { "reasoningText": { "text": "Hm.", "signature": "EqQB+/=" } } });
    for model in [CLAUDE, PROFILE] {
        let (sent, lost) = ask(Messages, model, &body);
        assert_eq!((sent["messages"][1]["content"][0].clone(), lost), (thought.clone(), none()), "{model}");
    }
    for model in [NOVA, LLAMA] {
        let (sent, lost) = ask(Messages, model, &body);
        assert_eq!((sent["messages"][1]["content"].clone(), lost), (json!([{ "text": "So." }]), vec!["dropped messages[1].content[0]".into()]), "{model}");
    }
}

#[test]
fn case_43_marks_of_the_cache_go_where_the_model_has_them() {
    let mark = json!({ "type": "ephemeral" });
    let body = json!({ "model": "m", "max_tokens": 64,
        "system": [{ "type": "text", "text": "s", "cache_control": mark }],
        "tools": [{ "name": "a", "input_schema": { "type": "object" }, "cache_control": mark }],
        "messages": [{ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "t", "cache_control": mark, "content": [{ "type": "text", "text": "x", "cache_control": mark }] }] }],
    });
    let points = |body: &Value| body.to_string().matches("cachePoint").count();
    let within = "dropped messages[0].content[0].content[0].cache_control";
    let (sent, lost) = ask(Messages, CLAUDE, &body);
    assert_eq!((points(&sent), lost), (3, vec![within.to_owned()]));
    assert_eq!(sent["messages"][0]["content"][1], json!({ "cachePoint": { "type": "default" } }));
    let (sent, lost) = ask(Messages, NOVA, &body);
    assert_eq!((points(&sent), lost), (2, vec![within.to_owned(), "dropped tools[0].cache_control".to_owned()]));
    let (sent, lost) = ask(Messages, LLAMA, &body);
    assert_eq!((points(&sent), lost.len()), (0, 4));
    // A mark behind nothing marks nothing.
    let (_, loss) = read_request(
        Converse,
        json!({ "messages": [{ "role": "user", "content": [{ "cachePoint": { "type": "default" } }, { "text": "x" }] }] }).to_string().as_bytes(),
    )
    .unwrap();
    assert_eq!(told(&loss), ["dropped messages[0].content[0]"]);
}

/// A conversation that has called a tool.
fn history(dialect: Endpoint, members: Value) -> Value {
    let mut body = match dialect {
        Chat => json!({ "model": "m", "messages": [
            { "role": "user", "content": "Weather?" },
            { "role": "assistant", "tool_calls": [{ "id": "c1", "type": "function", "function": { "name": "weather", "arguments": "{}" } }] },
            { "role": "tool", "tool_call_id": "c1", "content": "rain" },
        ] }),
        Responses => json!({ "model": "m", "input": [
            { "role": "user", "content": "Weather?" },
            { "type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}" },
            { "type": "function_call_output", "call_id": "c1", "output": "rain" },
        ] }),
        _ => json!({ "model": "m", "max_tokens": 64, "messages": [
            { "role": "user", "content": "Weather?" },
            { "role": "assistant", "content": [{ "type": "tool_use", "id": "c1", "name": "weather", "input": {} }] },
            { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "c1", "content": "rain" }] },
        ] }),
    };
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body
}

#[test]
fn case_45_tools_that_the_history_calls_are_declared_where_the_request_declares_none() {
    let stub = json!([{ "toolSpec": { "name": "weather", "inputSchema": { "json": { "type": "object", "properties": {} } } } }]);
    for from in [Chat, Responses, Messages] {
        let (body, lost) = ask(from, CLAUDE, &history(from, json!({})));
        assert_eq!((body["toolConfig"].clone(), lost), (json!({ "tools": stub }), vec!["approximated tools".to_owned()]), "{from}");
    }
    // A result whose call is not there any more.
    let body = json!({ "model": "m", "max_tokens": 64, "messages": [{ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "c1", "content": "rain" }] }] });
    assert_eq!(ask(Messages, CLAUDE, &body).0["toolConfig"]["tools"].as_array().map(Vec::len), Some(1));
    assert_eq!(asked(Chat, CLAUDE, json!({})).0.get("toolConfig"), None);
}

#[test]
fn case_44_none_may_be_called_is_said_by_declaring_none_unless_the_history_calls() {
    let tools = json!([{ "name": "weather", "input_schema": { "type": "object", "properties": {} } }]);
    let choice = json!({ "tools": tools, "tool_choice": { "type": "none" } });
    let (body, lost) = asked(Messages, CLAUDE, choice.clone());
    assert_eq!((body.get("toolConfig"), lost), (None, vec!["approximated tool_choice".into(), "dropped tools[0]".into()]));
    let (body, lost) = ask(Messages, CLAUDE, &history(Messages, choice));
    assert_eq!((body["toolConfig"].get("toolChoice"), body["toolConfig"]["tools"][0]["toolSpec"]["name"].as_str()), (None, Some("weather")));
    assert_eq!(lost, ["dropped tool_choice"]);
    // The switch is Claude's alone.
    let single = json!({ "tools": tools, "tool_choice": { "type": "tool", "name": "weather", "disable_parallel_tool_use": true } });
    let (body, lost) = asked(Messages, CLAUDE, single.clone());
    let own = json!({ "tool_choice": { "type": "tool", "name": "weather", "disable_parallel_tool_use": true } });
    assert_eq!((body["additionalModelRequestFields"].clone(), body["toolConfig"].get("toolChoice"), lost), (own, None, none()));
    let (body, lost) = asked(Messages, NOVA, single);
    assert_eq!(
        (body["toolConfig"]["toolChoice"].clone(), lost),
        (json!({ "tool": { "name": "weather" } }), vec!["dropped tool_choice.disable_parallel_tool_use".into()])
    );
}

#[test]
fn case_46_turns_are_merged_results_come_first_and_every_id_is_one_that_is_taken() {
    let long = format!("call|{}", "x".repeat(80));
    let body = json!({ "model": "m", "messages": [
        { "role": "user", "content": "a" }, { "role": "user", "content": "b" },
        { "role": "assistant", "tool_calls": [{ "id": long, "type": "function", "function": { "name": "f", "arguments": "" } }] },
        { "role": "user", "content": "c" },
        { "role": "tool", "tool_call_id": long, "content": "" },
    ], "tools": [{ "type": "function", "function": { "name": "f" } }] });
    let (sent, lost) = ask(Chat, CLAUDE, &body);
    assert_eq!(sent["messages"][0]["content"], json!([{ "text": "a" }, { "text": "b" }]));
    let id = sent["messages"][1]["content"][0]["toolUse"]["toolUseId"].as_str().unwrap();
    assert!(id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric() || "_.:-".contains(c)), "{id}");
    assert_eq!(sent["messages"][2]["content"], json!([{ "toolResult": { "toolUseId": id, "content": [] } }, { "text": "c" }]));
    assert_eq!(lost, ["approximated messages[3].content"]);
    // A tool that failed, where the model is not told so.
    let failed = json!({ "model": "m", "max_tokens": 9, "messages": [{ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "t", "is_error": true }] }] });
    assert_eq!(ask(Messages, NOVA, &failed).0["messages"][0]["content"][0]["toolResult"]["status"], "error");
    assert!(ask(Messages, LLAMA, &failed).1.contains(&"dropped messages[0].content[0].is_error".to_owned()));
}

#[test]
fn blank_texts_are_refused_there_so_they_are_left_out_and_told() {
    let (sent, lost) = ask(
        Chat,
        CLAUDE,
        &json!({ "model": "m", "messages": [{ "role": "user", "content": [{ "type": "text", "text": " \n" }, { "type": "text", "text": "x" }, { "type": "text", "text": "" }] }] }),
    );
    assert_eq!((sent["messages"][0]["content"].clone(), lost), (json!([{ "text": "x" }]), vec!["dropped messages[0].content[0]".into()]));
}

#[test]
fn case_49_every_makers_models_think_by_their_own_words() {
    let think = |model: &str, effort: &str| asked(Chat, model, json!({ "reasoning_effort": effort, "max_completion_tokens": 8000 }));
    let (body, lost) = think(CLAUDE, "high");
    assert_eq!(body["additionalModelRequestFields"], json!({ "thinking": { "type": "enabled", "budget_tokens": 6400 } }));
    assert_eq!(lost, ["approximated reasoning_effort"]);
    let (body, lost) = think(NOVA, "medium");
    assert_eq!(
        (body["additionalModelRequestFields"].clone(), lost),
        (json!({ "reasoningConfig": { "type": "enabled", "maxReasoningEffort": "medium" } }), none())
    );
    assert_eq!(think(NOVA, "minimal").1, ["approximated reasoning_effort"]);
    assert_eq!(
        think(NOVA, "none"),
        (json!({ "messages": [{ "role": "user", "content": [{ "text": "Hi" }] }], "inferenceConfig": { "maxTokens": 8000 } }), none())
    );
    let (body, lost) = think(LLAMA, "low");
    assert_eq!((body["outputConfig"].clone(), lost), (json!({ "effort": "low" }), none()));
    assert_eq!(think(LLAMA, "none").1, ["dropped reasoning_effort"]);
    // A budget is a grade to models that have none.
    let budget = json!({ "thinking": { "type": "enabled", "budget_tokens": 2048 } });
    let (body, lost) = asked(Messages, NOVA, budget.clone());
    assert_eq!(
        (body["additionalModelRequestFields"]["reasoningConfig"]["maxReasoningEffort"].clone(), lost),
        (json!("medium"), vec!["approximated thinking.budget_tokens".into()])
    );
    assert_eq!(asked(Messages, LLAMA, json!({ "thinking": { "type": "adaptive" } })).1, ["dropped thinking.type"]);
    let mut dull = target(LLAMA);
    dull.takes.effort_max = Effort::None;
    assert!(ask_of(Messages, &dull, &asking(Messages, budget.clone())).unwrap().1.contains(&"dropped thinking.budget_tokens".to_owned()));
    // A model that thinks takes no sampling settings.
    let (body, lost) = asked(Messages, CLAUDE, json!({ "thinking": { "type": "enabled", "budget_tokens": 2048 }, "temperature": 0.5, "top_k": 3 }));
    assert_eq!((body["inferenceConfig"].get("temperature"), lost), (None, vec!["dropped temperature".into(), "dropped top_k".into()]));
}

#[test]
fn sampling_goes_by_the_makers_own_names() {
    let settings = json!({ "temperature": 0.5, "top_p": 0.9, "top_k": 40 });
    let (body, lost) = asked(Messages, CLAUDE, settings.clone());
    assert_eq!(
        (body["inferenceConfig"]["temperature"].clone(), body["additionalModelRequestFields"].clone(), lost),
        (json!(0.5), json!({ "top_k": 40 }), vec!["dropped top_p".into()])
    );
    let (body, lost) = asked(Messages, NOVA, settings.clone());
    assert_eq!(
        (body["inferenceConfig"]["topP"].clone(), body["additionalModelRequestFields"].clone(), lost),
        (json!(0.9), json!({ "inferenceConfig": { "topK": 40 } }), none())
    );
    assert_eq!(asked(Messages, LLAMA, settings.clone()).1, ["dropped top_k"]);
    let mut settled = target(CLAUDE);
    settled.takes.samplers = Samplers::None;
    assert_eq!(ask_of(Messages, &settled, &asking(Messages, settings)).unwrap().1, ["dropped temperature", "dropped top_k", "dropped top_p"]);
}

#[test]
fn case_50_the_matched_stop_text_is_asked_for_where_there_are_any() {
    let pointers = |members: Value| asked(Chat, CLAUDE, members).0.get("additionalModelResponseFieldPaths").cloned();
    assert_eq!(pointers(json!({ "stop": "END" })), Some(json!(["/stop_sequence"])));
    assert_eq!(pointers(json!({ "stop": ["END"], "stream": true })), Some(json!(["/stop_sequence", "/delta/stop_sequence"])));
    assert_eq!(pointers(json!({ "stop": [" "] })), None);
    // Where nothing was met the field is null.
    let body = json!({ "output": { "message": { "content": [{ "text": "Hi" }] } }, "stopReason": "end_turn", "additionalModelResponseFields": { "stop_sequence": null } });
    let (document, lost) = answer(Converse, Messages, &body);
    assert_eq!((document["stop_reason"].as_str(), document["stop_sequence"].clone(), lost), (Some("end_turn"), Value::Null, none()));
}

#[test]
fn case_51_every_reason_of_an_end_goes_across() {
    for (word, chat, messages, lost) in [
        ("end_turn", "stop", "end_turn", ""),
        ("tool_use", "tool_calls", "tool_use", ""),
        ("max_tokens", "length", "max_tokens", ""),
        ("stop_sequence", "stop", "stop_sequence", ""),
        ("guardrail_intervened", "content_filter", "refusal", ""),
        ("content_filtered", "content_filter", "refusal", ""),
        ("model_context_window_exceeded", "length", "model_context_window_exceeded", ""),
        ("something_new", "stop", "end_turn", "dropped stopReason"),
    ] {
        let body = answered(Converse, json!([{ "text": "Hi" }]), word, json!({ "inputTokens": 1, "outputTokens": 1, "totalTokens": 2 }));
        assert_eq!(answer(Converse, Chat, &body).0["choices"][0]["finish_reason"], chat, "{word}");
        let (document, told) = answer(Converse, Messages, &body);
        assert_eq!((document["stop_reason"].as_str(), told.join("")), (Some(messages), lost.to_owned()), "{word}");
        let (events, _) = stream(Converse, Messages, &format!("start\ntext \"Hi\"\nstop\nend \"{word}\"\nusage {{}}"));
        assert_eq!(fold::document(Messages, &events)["stop_reason"], messages, "{word}");
    }
}

#[test]
fn case_51_what_the_provider_found_malformed_is_an_error_and_no_answer_cut_short() {
    for word in ["malformed_tool_use", "malformed_model_output"] {
        let torn = json!([{ "toolUse": { "toolUseId": "t", "name": "a", "input": {} } }]);
        let body = answered(Converse, torn, word, json!({ "inputTokens": 1, "outputTokens": 1, "totalTokens": 2 })).to_string();
        let fault = translate_document(&answering(Converse, Chat), body.as_bytes(), Usage::default(), 0).unwrap_err();
        assert_eq!((fault.kind.status(), fault.code.as_deref()), (502, Some(word)));
        let mut translator = StreamTranslator::new(answering(Converse, Messages), 0, Usage::default());
        let events = [json!({ "messageStart": { "role": "assistant" } }), json!({ "messageStop": { "stopReason": word } }), json!({ "metadata": {} })];
        let said: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
        let fault = translator.push(&said.into_bytes().into(), &mut Vec::new()).unwrap_err();
        assert_eq!((fault.kind.status(), fault.code.as_deref()), (502, Some(word)));
    }
}

#[test]
fn case_52_what_a_header_asks_for_stands_in_the_body_as_far_as_it_is_known_there() {
    let with = |model: &str, budget: bool| {
        let mut target = Target { betas: vec!["claude-code-20250219".into(), "context-1m-2025-08-07".into()], ..target(model) };
        target.takes.thinking_budget = budget;
        let (body, lost) = ask_of(Messages, &target, &asking(Messages, json!({}))).unwrap();
        (body["additionalModelRequestFields"]["anthropic_beta"].clone(), lost)
    };
    let told = vec!["dropped anthropic-beta".to_owned()];
    assert_eq!(with(CLAUDE, true), (json!(["context-1m-2025-08-07"]), told.clone()));
    assert_eq!(with(CLAUDE, false), (Value::Null, told.clone()));
    assert_eq!(with(NOVA, true), (Value::Null, told));
}

#[test]
fn case_53_tiers_and_labels_go_by_bedrocks_words() {
    for (tier, written) in [("default", json!({ "type": "default" })), ("flex", json!({ "type": "flex" })), ("priority", json!({ "type": "priority" }))] {
        let (body, lost) = asked(Chat, CLAUDE, json!({ "service_tier": tier }));
        assert_eq!((body["serviceTier"].clone(), lost), (written, none()), "{tier}");
    }
    for tier in ["auto", "scale"] {
        let (body, lost) = asked(Chat, CLAUDE, json!({ "service_tier": tier }));
        assert_eq!((body.get("serviceTier"), lost), (None, vec!["dropped service_tier".into()]), "{tier}");
    }
    let (body, lost) = asked(Chat, CLAUDE, json!({ "metadata": { "team": "a b", "odd": "é", "number": 7 } }));
    assert_eq!(body["requestMetadata"], json!({ "team": "a b" }));
    assert_eq!(lost, ["dropped metadata.number", "dropped metadata.odd"]);
}

#[test]
fn case_75_media_of_every_type_that_is_taken_and_a_refusal_of_the_others_by_name() {
    let image = |kind: &str| json!({ "model": "m", "max_tokens": 9, "messages": [{ "role": "user", "content": [{ "type": "image", "source": { "type": "base64", "media_type": kind, "data": "AA==" } }] }] });
    for (kind, format) in [("image/png", "png"), ("image/jpeg", "jpeg"), ("image/jpg", "jpeg"), ("image/gif", "gif"), ("image/webp", "webp")] {
        let (body, lost) = ask(Messages, CLAUDE, &image(kind));
        assert_eq!((body["messages"][0]["content"].clone(), lost), (json!([{ "image": { "format": format, "source": { "bytes": "AA==" } } }]), none()));
    }
    let (message, param) = refused(Messages, &image("image/tiff"));
    assert!(message.contains("image/tiff") && message.contains("PNG"), "{message}");
    assert_eq!(param, "messages[0].content[0]");
    let file = |name: &str, url: &str| json!({ "type": "file", "file": { "filename": name, "file_data": url } });
    let asks = |files: Value| json!({ "model": "m", "messages": [{ "role": "user", "content": files }] });
    let docx = "data:application/vnd.openxmlformats-officedocument.wordprocessingml.document;base64,AA==";
    let (body, lost) =
        ask(Chat, CLAUDE, &asks(json!([file("a_b.docx", docx), file("a b", "data:text/csv;base64,AA=="), file("a b", "data:text/csv;base64,AA==")])));
    let names: Vec<(&str, &str)> = body["messages"][0]["content"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|block| Some((block["document"]["format"].as_str()?, block["document"]["name"].as_str()?)))
        .collect();
    assert_eq!(names, [("docx", "a-b-docx"), ("csv", "a b"), ("csv", "a b (2)")]);
    // Without words the turn would be refused.
    assert_eq!(body["messages"][0]["content"][3], json!({ "text": "See the document." }));
    assert_eq!(lost, ["approximated messages[0].content[0]", "approximated messages[0].content[0]", "approximated messages[0].content[2]"]);
    assert_eq!(refused(Chat, &asks(json!([file("a.zip", "data:application/zip;base64,AA==")]))).1, "messages[0].content[0]");
    // What lies in a bucket is fetched from there.
    let bucket =
        json!({ "messages": [{ "role": "user", "content": [{ "image": { "format": "png", "source": { "s3Location": { "uri": "s3://b/a.png" } } } }] }] });
    assert_eq!(ask(Converse, CLAUDE, &bucket), (bucket.clone(), none()));
    // A film has no place elsewhere.
    let film = json!({ "messages": [{ "role": "user", "content": [{ "video": { "format": "mp4", "source": { "bytes": "AA==" } } }] }] });
    assert_eq!(ask(Converse, CLAUDE, &film), (film.clone(), none()));
    let fault = ask_of(Converse, &Target::new(Messages, "m", 64), &film).unwrap_err();
    assert_eq!((fault.param.as_deref(), fault.full_message().contains("`video`")), (Some("messages[0].content[0]"), true));
}

#[test]
fn case_37_what_nova_signs_goes_back_to_nova_alone() {
    let thought = json!([
        { "reasoningContent": { "reasoningText": { "text": "I add.", "signature": "bm92YQ==" } } },
        { "toolUse": { "toolUseId": "t", "name": "a", "input": {} } },
    ]);
    let body = answered(Converse, thought, "tool_use", Value::Null).to_string();
    let of = |from, model: &str| {
        let answered = translate_document(&answering(Converse, from).answered_by(model), body.as_bytes(), Usage::default(), CREATED).unwrap();
        serde_json::from_slice::<Value>(&answered.body).unwrap()
    };
    let said = of(Messages, NOVA)["content"].clone();
    assert_eq!(said[0]["signature"], "jeton:bedrock:bm92YQ==");
    for model in [CLAUDE, PROFILE] {
        assert_eq!(of(Messages, model)["content"][0]["signature"], "bm92YQ==", "{model}");
    }
    let back = json!({ "model": "m", "max_tokens": 9, "messages": [
        { "role": "user", "content": "Hi" }, { "role": "assistant", "content": said },
        { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "t", "content": "1" }] },
    ] });
    let (sent, lost) = ask(Messages, NOVA, &back);
    let own = json!({ "reasoningContent": { "reasoningText": { "text": "I add.", "signature": "bm92YQ==" } } });
    assert_eq!((&sent["messages"][1]["content"][0], lost.iter().any(|lost| lost.contains("messages[1].content[0]"))), (&own, false), "{lost:?}");
    for target in [target(CLAUDE), Target::new(Messages, "claude-x", 64), Target::new(Endpoint::Generate, "gemini-x", 64), Target::new(Responses, "gpt-x", 64)]
    {
        let (sent, lost) = ask_of(Messages, &target, &back).unwrap();
        assert!(!sent.to_string().contains("bm92YQ"), "{sent}");
        assert!(lost.iter().any(|lost| lost.contains("messages[1].content[0]")), "{} {lost:?}", target.model);
    }
    // Responses shows nothing of it, and it comes back all the same.
    let item = of(Responses, NOVA)["output"][0].clone();
    assert_eq!(item["encrypted_content"], "jeton:bedrock:bm92YQ==");
    let back = json!({ "model": "m", "input": [
        { "role": "user", "content": "Hi" }, item, { "type": "function_call", "call_id": "t", "name": "a", "arguments": "{}" },
        { "type": "function_call_output", "call_id": "t", "output": "1" },
    ] });
    assert_eq!(ask(Responses, NOVA, &back).0["messages"][1]["content"][0]["reasoningContent"]["reasoningText"]["signature"], "bm92YQ==");
}

#[test]
fn an_answer_without_an_id_bears_the_calls_and_the_model_that_was_asked_for() {
    let (request, _) = read_request(Chat, asking(Chat, json!({ "model": "acme/fast" })).to_string().as_bytes()).unwrap();
    let answering = Answering::new(&request, Converse, ToolNames::default()).identified("call-01JX");
    let body = answered(Converse, json!([{ "text": "Hi" }]), "end_turn", Value::Null).to_string();
    let document: Value = serde_json::from_slice(&translate_document(&answering, body.as_bytes(), Usage::default(), CREATED).unwrap().body).unwrap();
    assert_eq!((document["id"].as_str(), document["model"].as_str()), (Some("chatcmpl-call01JX"), Some("acme/fast")));
    let stream = "event: messageStart\ndata: {\"messageStart\":{\"role\":\"assistant\"}}\n\nevent: messageStop\ndata: {\"messageStop\":{\"stopReason\":\"end_turn\"}}\n\nevent: metadata\ndata: {\"metadata\":{}}\n\n";
    let (out, _) = translate_chunks(&answering, [stream.as_bytes()], &Usage::default()).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("\"id\":\"chatcmpl-call01JX\"") && out.contains("\"model\":\"acme/fast\""), "{out}");
}

#[test]
fn pictures_that_a_model_draws_are_told() {
    let body = answered(Converse, json!([{ "image": { "format": "png", "source": { "bytes": "AA==" } } }, { "text": "Hi" }]), "end_turn", Value::Null);
    assert_eq!(answer(Converse, Chat, &body).1, ["dropped content[type=image]"]);
    let script = "start\nblock { \"image\": { \"format\": \"png\" } }\ndelta { \"image\": { \"source\": { \"bytes\": \"AA==\" } } }\nstop\ntext \"Hi\"\nstop\nend \"end_turn\"\nusage {}";
    assert_eq!(stream(Converse, Chat, script).1, ["dropped content[type=image]"]);
}

#[test]
fn a_signature_in_pieces_is_told_whole() {
    let script = "start\nthink \"H\"\nthink \"m.\"\nsign \"EqQ\"\nsign \"B+/=\"\nstop\ntext \"So.\"\nstop\nend \"end_turn\"\nusage {}";
    let document = fold::document(Messages, &stream(Converse, Messages, script).0);
    assert_eq!(document["content"][0], json!({ "type": "thinking", "thinking": "Hm.", "signature": "EqQB+/=" }));
}

#[test]
fn what_belongs_to_this_provider_alone_is_told() {
    let body = json!({
        "messages": [{ "role": "user", "content": [{ "guardContent": { "text": { "text": "Hi", "qualifiers": ["query"] } } }] }],
        "guardrailConfig": { "guardrailIdentifier": "g", "guardrailVersion": "1" },
        "performanceConfig": { "latency": "optimized" },
        "additionalModelRequestFields": { "anthropic_beta": ["context-1m-2025-08-07"], "reasoning_config": { "type": "enabled", "budget_tokens": 2048 } },
        "additionalModelResponseFieldPaths": ["/stop_sequence", "/usage"],
    });
    let (request, loss) = read_request(Converse, body.to_string().as_bytes()).unwrap();
    assert_eq!(request.messages[0].plain_text(), "Hi\n");
    assert_eq!(request.reasoning.budget_tokens.map(|budget| budget.value), Some(2048));
    let wanted = [
        "approximated messages[0].content[0].guardContent",
        "dropped additionalModelRequestFields.anthropic_beta",
        "dropped additionalModelResponseFieldPaths",
        "dropped guardrailConfig",
        "dropped performanceConfig",
    ];
    assert_eq!(told(&loss), wanted);
}

#[test]
fn great_numbers_in_a_schema_which_is_a_text_there_keep_every_digit() {
    const GREAT: &str = "123456789012345678901234567890";
    let format = format!(
        r#"{{"type":"json_schema","json_schema":{{"name":"a","schema":{{"type":"object","properties":{{"id":{{"const":{GREAT}}}}},"additionalProperties":false}},"strict":true}}}}"#
    );
    let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"Hi"}}],"response_format":{format}}}"#);
    let (request, _) = read_request(Chat, body.as_bytes()).unwrap();
    let sent = encode_request(&request, &target(CLAUDE)).unwrap().body;
    let schema = serde_json::from_slice::<Value>(&sent).unwrap()["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"].clone();
    assert!(schema.as_str().unwrap().contains(&format!(":{GREAT}}}")), "{schema}");
    let (back, _) = read_request(Converse, &sent).unwrap();
    let again = String::from_utf8(encode_request(&back, &Target::new(Chat, "m", 64)).unwrap().body).unwrap();
    assert!(again.contains(&format!(":{GREAT}}}")), "{again}");
}
