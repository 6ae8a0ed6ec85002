//! Providers that break their own protocol: a clean error, never a hang, never a false end.

use crate::helpers::{Chat, Converse, Generate, Messages, Responses, answer, answered, answering, hi, pairs, stream_of, translate_chunks};
use crate::script;
use jeton_core::Usage;
use jeton_wire::Endpoint;
use jeton_wire::canonical::translate_document;
use serde_json::{Value, json};

const START: &str = "start {\"input_tokens\":1,\"output_tokens\":1}";

#[track_caller]
fn check(from: Endpoint, what: &str, stream: &[u8]) {
    for (_, to) in pairs().filter(|(one, _)| *one == from) {
        let (out, fault) = *translate_chunks(&answering(from, to), [stream], &Usage::default()).expect_err(what);
        assert_eq!((fault.kind.status(), fault.code.as_deref()), (502, Some("upstream_protocol")), "{what}");
        let text = String::from_utf8(out).unwrap();
        for terminal in ["[DONE]", "message_stop", "response.completed", "event: metadata", "finishReason"] {
            assert!(!text.contains(terminal), "{what}, {from} → {to}: {text}");
        }
    }
}

fn script(from: Endpoint, what: &str, script: &str) {
    check(from, what, &stream_of(from, script, &answered(from, hi(from), if from == Responses { "completed" } else { "stop" }, Value::Null)));
}

#[test]
fn case_29_and_30_a_messages_stream_out_of_order_is_an_error() {
    for (what, lines) in [
        ("nothing", ""),
        ("no start", "block text\ntext \"x\"\nstop"),
        ("two starts", &format!("{START}\n{START}")),
        ("a block in a block", &format!("{START}\nblock text\nblock text")),
        ("a delta without a block", &format!("{START}\ntext \"x\"")),
        ("a stop without a block", &format!("{START}\nstop")),
        ("a delta of another kind", &format!("{START}\nblock text\njson \"{{}}\"")),
        ("a signature in a text", &format!("{START}\nblock text\nsign \"s\"")),
        ("an end with a block open", &format!("{START}\nblock text\ntext \"x\"\nend {{\"stop_reason\":\"end_turn\"}} {{\"output_tokens\":1}}\ndone")),
        ("a stop of the message with a block open", &format!("{START}\nblock text\ntext \"x\"\ndone")),
        ("no reason", &format!("{START}\nblock text\ntext \"x\"\nstop\ndone")),
        ("no stop of the message", &format!("{START}\nblock text\ntext \"x\"\nstop\nend {{\"stop_reason\":\"end_turn\"}} {{\"output_tokens\":1}}")),
        ("a reason before the start", "end {\"stop_reason\":\"end_turn\"} {\"output_tokens\":1}\ndone"),
    ] {
        script(Messages, what, lines);
    }
}

#[test]
fn case_07_and_12_a_chat_stream_out_of_order_is_an_error() {
    for (what, lines) in [
        ("nothing", ""),
        ("no reason", "role\ntext \"x\"\ndone"),
        ("nothing but the end", "done"),
        ("a call without an id", "role\nargs 0 \"{}\"\nfinish tool_calls\ndone"),
        ("arguments behind the next call", "role\ncall 0 a f\nargs 0 \"{}\"\ncall 1 b f\nargs 1 \"{}\"\nargs 0 \"x\""),
    ] {
        script(Chat, what, lines);
    }
}

#[test]
fn a_stream_of_gemini_without_a_reason_for_its_end_is_an_error() {
    let usage = r#"raw {"usageMetadata":{"promptTokenCount":9}}"#;
    for (what, lines) in [
        ("nothing", String::new()),
        ("no reason", "text \"x\"".to_owned()),
        ("nothing but usage", usage.to_owned()),
        ("usage last", format!("text \"x\"\n{usage}")),
    ] {
        script(Generate, what, &lines);
    }
}

#[test]
fn case_55_and_57_a_responses_stream_out_of_order_is_an_error() {
    let item = r#"raw {"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"m"}}"#;
    for (what, lines) in [
        ("nothing", String::new()),
        ("no start", item.to_owned()),
        ("an item in an item", format!("start\n{item}\n{item}")),
        ("a delta without an item", "start\nraw {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"x\"}".to_owned()),
        ("a delta of another item", format!("start\n{item}\nraw {{\"type\":\"response.output_text.delta\",\"output_index\":7,\"delta\":\"x\"}}")),
        ("an end with an item open", format!("start\n{item}\nraw {{\"type\":\"response.completed\",\"response\":{{\"status\":\"completed\"}}}}")),
        ("an end that is none", "start\nraw {\"type\":\"response.completed\",\"response\":{\"status\":\"in_progress\"}}".to_owned()),
        ("no end", "start\nmessage\ntext \"x\"".to_owned()),
    ] {
        script(Responses, what, &lines);
    }
}

#[test]
fn case_29_a_converse_stream_out_of_order_is_an_error() {
    for (what, lines) in [
        ("nothing", ""),
        ("no start", "text \"x\"\nstop"),
        ("two starts", "start\nstart"),
        ("a call in a text", "start\ntext \"x\"\ntool a f"),
        ("a thought in a text", "start\ntext \"x\"\nthink \"y\""),
        ("the input of a text", "start\ntext \"x\"\njson \"{}\""),
        ("the input of nothing", "start\njson \"{}\""),
        ("another block in a block", "start\ntext \"x\"\nraw {\"contentBlockDelta\":{\"contentBlockIndex\":1,\"delta\":{\"text\":\"y\"}}}"),
        ("an end with a block open", "start\ntext \"x\"\nend \"end_turn\"\nusage {}"),
        ("no reason", "start\ntext \"x\"\nstop\nusage {}"),
        ("two reasons", "start\nend \"end_turn\"\nend \"end_turn\"\nusage {}"),
        ("a reason before the start", "end \"end_turn\"\nusage {}"),
        ("a text behind the reason", "start\nend \"end_turn\"\ntext \"x\"\nstop\nusage {}"),
        ("no figures", "start\ntext \"x\"\nstop\nend \"end_turn\""),
    ] {
        script(Converse, what, lines);
    }
}

#[test]
fn events_that_are_no_json_objects_or_have_wrong_types_are_errors() {
    for from in [Chat, Messages, Responses, Generate, Converse] {
        for data in ["{", "[]", "7", "\"x\"", "{\"type\":", "\u{fffd}"] {
            check(from, data, format!("data: {data}\n\n").as_bytes());
        }
        check(from, "bytes that are no text", b"data: {\"a\":\"\xff\"}\n\n");
        check(from, "a page of HTML", b"<html><body>502 Bad Gateway</body></html>\n");
        check(from, "an event too large", format!("data: \"{}\"\n\n", "x".repeat(9_000_000)).as_bytes());
    }
    check(Chat, "choices", b"data: {\"choices\":{}}\n\n");
    check(Chat, "content", b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":7}}]}\n\n");
    check(
        Messages,
        "index",
        b"data: {\"type\":\"message_start\",\"message\":{}}\n\ndata: {\"type\":\"content_block_start\",\"index\":-1,\"content_block\":{\"type\":\"text\"}}\n\n",
    );
    check(Converse, "a text", b"data: {\"messageStart\":{}}\n\ndata: {\"contentBlockDelta\":{\"contentBlockIndex\":0,\"delta\":{\"text\":7}}}\n\n");
    check(Converse, "an event", b"data: {\"messageStart\":7}\n\n");
    check(Generate, "parts", b"data: {\"candidates\":[{\"content\":{\"parts\":[7]},\"finishReason\":\"STOP\"}]}\n\n");
    check(
        Generate,
        "arguments",
        b"data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":[]}}]},\"finishReason\":\"STOP\"}]}\n\n",
    );
    check(Responses, "response", b"data: {\"type\":\"response.created\",\"response\":7}\n\n");
}

#[test]
fn what_a_responses_server_tells_at_the_end_alone_is_told() {
    let item = r#"{"type":"function_call","id":"fc","call_id":"c","name":"f","arguments":"{\"x\":1}","status":"completed"}"#;
    let said = r#"{"type":"message","id":"m","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hi","annotations":[]}]}"#;
    let end = format!(r#"raw {{"type":"response.completed","response":{{"status":"completed","output":[{said},{item}]}}}}"#);
    let late = |index: u64, begun: &str, whole: &str| {
        format!(
            "raw {{\"type\":\"response.output_item.added\",\"output_index\":{index},\"item\":{begun}}}\nraw {{\"type\":\"response.output_item.done\",\"output_index\":{index},\"item\":{whole}}}"
        )
    };
    let call = r#"{"type":"function_call","id":"fc","call_id":"c","name":"f","arguments":""}"#;
    for lines in [format!("start\n{end}"), format!("start\n{}\n{}\n{end}", late(0, r#"{"type":"message","id":"m","content":[]}"#, said), late(1, call, item))] {
        let document = crate::fold::document(Messages, &crate::helpers::stream(Responses, Messages, &lines).0);
        assert_eq!(document["content"].to_string(), r#"[{"type":"text","text":"Hi"},{"type":"tool_use","id":"c","name":"f","input":{"x":1}}]"#, "{lines}");
        assert_eq!(document["stop_reason"], "tool_use");
    }
}

#[test]
fn calls_that_come_side_by_side_are_told_one_after_the_other_and_whole() {
    let lines = "role\ncall 0 a f\nargs 0 \"{\\\"x\\\"\"\ncall 1 b f\nargs 1 \"{\\\"y\\\"\"\nargs 0 \":1}\"\nargs 1 \":2}\"\nfinish tool_calls\ndone";
    let (events, _) = crate::helpers::stream(Chat, Messages, lines);
    let document = crate::fold::document(Messages, &events);
    assert_eq!((document["content"][0]["input"].to_string(), document["content"][1]["input"].to_string()), ("{\"x\":1}".into(), "{\"y\":2}".into()));
}

#[test]
fn what_a_responses_stream_says_at_the_end_alone_is_told_too() {
    let created = json!({ "type": "response.created", "response": { "id": "resp_1", "model": "m", "status": "in_progress" } });
    let call = |arguments: &str| json!({ "type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": arguments, "status": "completed" });
    let completed = |output: Value| json!({ "type": "response.completed", "response": { "id": "resp_1", "model": "m", "status": "completed", "output": output, "usage": null } });
    let stream = |events: &[Value]| events.iter().map(|event| format!("data: {event}\n\n")).collect::<String>();
    let arguments = |events: &[Value]| {
        let bytes = stream(events);
        let (out, _) = translate_chunks(&answering(Responses, Chat), [bytes.as_bytes()], &Usage::default()).map_err(|broken| broken.1.message)?;
        let events = script::parse(&out);
        let told = events.iter().filter_map(|(_, event)| event.pointer("/choices/0/delta/tool_calls/0/function/arguments")?.as_str());
        Ok::<String, String>(told.collect())
    };
    let begun = [created.clone(), json!({ "type": "response.output_item.added", "output_index": 0, "item": call("") })];
    let delta = |text: &str| json!({ "type": "response.function_call_arguments.delta", "output_index": 0, "item_id": "fc_1", "delta": text });
    let done = |arguments: &str| json!({ "type": "response.output_item.done", "output_index": 0, "item": call(arguments) });
    let end = completed(json!([call(r#"{"x":1}"#)]));
    // The rest of the arguments with the end of the item.
    let partly = [begun.as_slice(), &[delta(r#"{"x""#), done(r#"{"x":1}"#), end.clone()]].concat();
    assert_eq!(arguments(&partly).as_deref(), Ok(r#"{"x":1}"#));
    // Two different sets of arguments are none.
    let torn = [begun.as_slice(), &[delta(r#"{"x":2}"#), done(r#"{"x":1}"#), end.clone()]].concat();
    assert!(arguments(&torn).unwrap_err().contains("told in two ways"));
    // A call that stands in the response alone, behind a message that was told.
    let message = json!({ "type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [{ "type": "output_text", "text": "Hi", "annotations": [] }] });
    let item = |name: &str| json!({ "type": name, "output_index": 0, "item": message });
    let late = [created, item("response.output_item.added"), item("response.output_item.done"), completed(json!([message, call(r#"{"x":1}"#)]))];
    assert_eq!(arguments(&late).as_deref(), Ok(r#"{"x":1}"#));
}

#[test]
fn a_choice_that_failed_is_an_error_and_no_end_of_a_turn() {
    let error = json!({ "code": 502, "message": "Upstream fell over" });
    for (end, wanted) in
        [(json!({ "finish_reason": "error", "error": error }), "Upstream fell over"), (json!({ "finish_reason": "abort" }), "gave the answer up")]
    {
        let mut choice = json!({ "index": 0, "message": { "role": "assistant", "content": "Half" } });
        choice.as_object_mut().unwrap().extend(end.as_object().unwrap().clone());
        let document = json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice] });
        let fault = translate_document(&answering(Chat, Messages), document.to_string().as_bytes(), Usage::default(), 0).unwrap_err();
        assert!(fault.message.contains(wanted), "{fault}");
        choice["delta"] = choice.as_object_mut().unwrap().remove("message").unwrap();
        let chunk = json!({ "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice] });
        let bytes = format!("data: {chunk}\n\ndata: [DONE]\n\n");
        let broken = translate_chunks(&answering(Chat, Messages), [bytes.as_bytes()], &Usage::default()).unwrap_err();
        assert!(broken.1.message.contains(wanted) && !String::from_utf8_lossy(&broken.0).contains("message_stop"), "{}", broken.1);
    }
}

#[test]
fn a_call_beside_the_end_of_a_turn_is_a_call_for_a_tool() {
    let document = json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn", "stop_sequence": null,
        "content": [{ "type": "tool_use", "id": "t1", "name": "f", "input": {} }], "usage": { "input_tokens": 1, "output_tokens": 1 } });
    let (told, _) = answer(Messages, Chat, &document);
    assert_eq!(told["choices"][0]["finish_reason"], "tool_calls");
    let stream = concat!(
        "data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n",
        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"f\",\"input\":{}}}\n\n",
        "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":1}}\n\ndata: {\"type\":\"message_stop\"}\n\n",
    );
    let (out, _) = translate_chunks(&answering(Messages, Chat), [stream.as_bytes()], &Usage::default()).unwrap();
    assert!(String::from_utf8_lossy(&out).contains("\"finish_reason\":\"tool_calls\""));
}

#[test]
fn a_document_that_says_nothing_of_an_answer_is_none() {
    for (from, body) in
        [(Responses, json!({ "status": "completed" })), (Messages, json!({ "stop_reason": "end_turn", "role": "assistant" })), (Chat, json!({}))]
    {
        let fault = translate_document(&answering(from, Generate), body.to_string().as_bytes(), Usage::default(), 0).unwrap_err();
        assert_eq!(fault.code.as_deref(), Some("upstream_protocol"), "{from}: {fault}");
    }
}
