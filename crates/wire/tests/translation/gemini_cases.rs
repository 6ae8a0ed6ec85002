//! What is special of Gemini's dialect: names with underscores, calls without ids, signatures on any part, reasons without words.

use crate::fold;
use crate::helpers::{Chat, Generate, Messages, Responses, answer, answered, answering, ask, ask_of, asking, refused, stream, translate_chunks};
use crate::scenario::CREATED;
use crate::script;
use jeton_core::Usage;
use jeton_wire::canonical::{Effort, Target, put_back, read_reply, read_request, translate_document};
use jeton_wire::read_document;
use serde_json::{Value, json};

const OTHERS: [jeton_wire::Endpoint; 3] = [Chat, Responses, Messages];

fn none() -> Vec<String> {
    Vec::new()
}

/// Gemini 3 and later.
fn graded() -> Target {
    let mut target = Target::new(Generate, "m", 64_000);
    target.takes.adaptive_thinking = true;
    target.takes.thinking_budget = false;
    target.takes.effort_min = Effort::Low;
    target
}

fn contents(turns: Value) -> Value {
    json!({ "contents": turns })
}

#[test]
fn names_with_underscores_and_objects_for_lists_are_read_alike() {
    let camel = json!({
        "systemInstruction": { "parts": [{ "text": "Be brief." }] },
        "contents": [{ "parts": [{ "text": "Look." }, { "inlineData": { "mimeType": "image/png", "data": "AAAA" } }] }],
        "tools": [{ "functionDeclarations": [{ "name": "a", "parametersJsonSchema": { "type": "object", "properties": { "x_y": { "type": "string" } } } }] }],
        "toolConfig": { "functionCallingConfig": { "mode": "ANY", "allowedFunctionNames": ["a"] } },
        "generationConfig": { "maxOutputTokens": 9000, "topK": 4, "stopSequences": ["x"], "responseMimeType": "application/json", "thinkingConfig": { "thinkingBudget": 2000 } },
    });
    let snake = json!({
        "system_instruction": { "parts": { "text": "Be brief." } },
        "contents": { "parts": [{ "text": "Look." }, { "inline_data": { "mime_type": "image/png", "data": "AAAA" } }] },
        "tools": { "function_declarations": { "name": "a", "parameters_json_schema": { "type": "object", "properties": { "x_y": { "type": "string" } } } } },
        "tool_config": { "function_calling_config": { "mode": "any", "allowed_function_names": ["a"] } },
        "generation_config": { "max_output_tokens": 9000, "top_k": 4, "stop_sequences": ["x"], "response_mime_type": "application/json", "thinking_config": { "thinking_budget": 2000 } },
    });
    for to in OTHERS {
        assert_eq!(ask(Generate, to, &snake), ask(Generate, to, &camel), "{to}");
    }
    let (chat, lost) = ask(Generate, Chat, &camel);
    assert_eq!((&chat["messages"][0]["content"], chat["messages"][1]["content"].as_array().unwrap().len()), (&json!("Be brief."), 2));
    assert_eq!(lost, ["approximated generationConfig.thinkingConfig.thinkingBudget", "dropped generationConfig.topK"]);
}

#[test]
fn case_60_googles_own_form_of_a_schema_is_a_json_schema_elsewhere() {
    let google = json!({ "type": "OBJECT", "properties": { "city": { "type": "STRING", "nullable": true } }, "required": ["city"] });
    let plain = json!({ "type": "object", "properties": { "city": { "type": ["string", "null"] } }, "required": ["city"] });
    let body = asking(
        Generate,
        json!({
            "tools": [{ "functionDeclarations": [{ "name": "a", "description": "d", "parameters": google }] }],
            "generationConfig": { "responseMimeType": "application/json", "responseSchema": google },
        }),
    );
    let (chat, lost) = ask(Generate, Chat, &body);
    assert_eq!((&chat["tools"][0]["function"]["parameters"], &chat["response_format"]["json_schema"]["schema"]), (&plain, &plain));
    assert_eq!(lost, ["approximated generationConfig.responseJsonSchema"], "objects that are not closed hold loosely at OpenAI");
    assert_eq!(ask(Generate, Messages, &body).0["tools"][0]["input_schema"], plain);
    let words =
        asking(Generate, json!({ "generationConfig": { "responseMimeType": "text/x.enum", "responseSchema": { "type": "STRING", "enum": ["a", "b"] } } }));
    assert_eq!(ask(Generate, Chat, &words).1, ["approximated generationConfig.responseMimeType"]);
    let odd = asking(Generate, json!({ "generationConfig": { "responseMimeType": "text/xml" } }));
    assert_eq!(refused(Generate, Chat, &odd).1, "generationConfig.responseMimeType");
    let image = asking(Generate, json!({ "generationConfig": { "responseModalities": ["TEXT", "IMAGE"] } }));
    assert_eq!(refused(Generate, Chat, &image).1, "generationConfig.responseModalities");
    assert_eq!(ask(Generate, Chat, &asking(Generate, json!({ "generationConfig": { "responseModalities": ["Text"] } }))).1, none());
}

/// Calls and results of a conversation as Chat has them: ids of the calls, and of the results in their order.
fn ids(turns: Value) -> (Vec<String>, Vec<String>) {
    let (chat, _) = ask(Generate, Chat, &contents(turns));
    let (mut calls, mut results) = (Vec::new(), Vec::new());
    for message in chat["messages"].as_array().unwrap() {
        calls.extend(message["tool_calls"].as_array().into_iter().flatten().map(|call| call["id"].as_str().unwrap().to_owned()));
        results.extend(message["tool_call_id"].as_str().map(str::to_owned));
    }
    (calls, results)
}

#[test]
fn case_46_results_find_their_calls_by_id_by_name_and_by_order() {
    let call = |name: &str| json!({ "functionCall": { "name": name, "args": {} } });
    let result = |name: &str| json!({ "functionResponse": { "name": name, "response": { "output": "1" } } });
    let model = |parts: Value| json!({ "role": "model", "parts": parts });
    let user = |parts: Value| json!({ "role": "user", "parts": parts });
    let made = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let asked = user(json!([{ "text": "go" }]));
    // By name where they come in another order, by order where names are alike, and anew in the next turn.
    let (calls, results) = ids(json!([
        asked, model(json!([call("a"), call("b"), call("a")])), user(json!([result("b"), result("a"), result("a")])),
        model(json!([call("a")])), { "role": "function", "parts": [result("a")] },
    ]));
    assert_eq!((calls, results), (made(&["call_1", "call_2", "call_3", "call_4"]), made(&["call_2", "call_1", "call_3", "call_4"])));
    // By the ids that a client gives, and where it gives one to the result alone.
    let with = |mut part: Value, member: &str, id: &str| {
        part[member]["id"] = id.into();
        part
    };
    let (calls, results) = ids(json!([
        asked,
        model(json!([with(call("a"), "functionCall", "x"), with(call("a"), "functionCall", "y"), call("b")])),
        user(json!([with(result("a"), "functionResponse", "y"), with(result("a"), "functionResponse", "x"), with(result("b"), "functionResponse", "b-17")])),
    ]));
    assert_eq!((calls, results), (made(&["x", "y", "call_1"]), made(&["y", "x", "call_1"])));
    // An answer to nothing keeps what it has.
    assert_eq!(ids(json!([user(json!([with(result("a"), "functionResponse", "z")]))])).1, ["z"]);
}

#[test]
fn case_46_results_stand_first_in_the_order_of_their_calls_and_bear_no_ids() {
    let call = |id: &str, name: &str| json!({ "id": id, "type": "function", "function": { "name": name, "arguments": "{}" } });
    let chat = json!({ "model": "m", "messages": [
        { "role": "user", "content": "go" },
        { "role": "assistant", "tool_calls": [call("1", "a"), call("2", "a"), call("3", "b")] },
        { "role": "user", "content": "wait" },
        { "role": "tool", "tool_call_id": "3", "content": "third" },
        { "role": "tool", "tool_call_id": "2", "content": "second" },
        { "role": "tool", "tool_call_id": "1", "content": "first" },
        { "role": "tool", "tool_call_id": "9", "content": "lost" },
    ] });
    let (body, lost) = ask(Chat, Generate, &chat);
    let result = |name: &str, text: &str| json!({ "functionResponse": { "name": name, "response": { "output": text } } });
    let wanted = json!([result("a", "first"), result("a", "second"), result("b", "third"), result("9", "lost"), { "text": "wait" }]);
    assert_eq!(body["contents"][2], json!({ "role": "user", "parts": wanted }));
    assert_eq!(lost, ["approximated messages[2].content", "approximated messages[6]"]);
}

#[test]
fn what_a_function_answers_is_its_output_or_the_whole_object() {
    let turns = |response: Value| {
        contents(json!([
            { "role": "user", "parts": [{ "text": "go" }] }, { "role": "model", "parts": [{ "functionCall": { "name": "a" } }] },
            { "role": "user", "parts": [{ "functionResponse": { "name": "a", "response": response } }] },
        ]))
    };
    for (response, text) in [
        (json!({ "output": "12 °C" }), "12 °C"),
        (json!({ "output": { "t": 12 } }), "{\"t\":12}"),
        (json!({ "t": 12, "output": "x" }), "{\"t\":12,\"output\":\"x\"}"),
        (json!({ "result": "12" }), "{\"result\":\"12\"}"),
        (json!({}), ""),
    ] {
        assert_eq!(ask(Generate, Chat, &turns(response)).0["messages"][2]["content"], text);
    }
    let failed = ask(Generate, Messages, &turns(json!({ "error": "boom" }))).0["messages"][2]["content"][0].clone();
    assert_eq!((&failed["content"], &failed["is_error"]), (&json!("boom"), &json!(true)));
    assert_eq!(refused(Generate, Chat, &turns(json!("text"))).1, "contents[2].parts[0].functionResponse.response");
}

/// A Messages conversation in the middle of a turn of tools; `blocks` are the model's.
fn on_the_way(blocks: Value) -> Value {
    json!({ "model": "m", "max_tokens": 9000, "messages": [
        { "role": "user", "content": "old" },
        { "role": "assistant", "content": [{ "type": "tool_use", "id": "t0", "name": "a", "input": {} }] },
        { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "t0", "content": "0" }] },
        { "role": "assistant", "content": "done" },
        { "role": "user", "content": "new" },
        { "role": "assistant", "content": blocks },
        { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "t1", "content": "1" }, { "type": "tool_result", "tool_use_id": "t2", "content": "2" }] },
    ] })
}

#[test]
fn case_36_and_37_signatures_stand_on_the_calls_that_they_sign() {
    let call = |id: &str| json!({ "type": "tool_use", "id": id, "name": "a", "input": {} });
    let thought = |text: &str, signature: &str| json!({ "type": "thinking", "thinking": text, "signature": format!("jeton:gemini:{signature}") });
    let own = |signature: Option<&str>| {
        let mut part = json!({ "functionCall": { "name": "a", "args": {} } });
        if let Some(signature) = signature {
            part["thoughtSignature"] = signature.into();
        }
        part
    };
    // Where it was, and where a vault puts it: before the words.
    for blocks in [
        json!([{ "type": "text", "text": "I look." }, thought("", "c2ln"), call("t1"), call("t2")]),
        json!([thought("", "c2ln"), { "type": "text", "text": "I look." }, call("t1"), call("t2")]),
    ] {
        let (body, lost) = ask_of(Messages, &graded(), &on_the_way(blocks)).unwrap();
        assert_eq!(body["contents"][5]["parts"], json!([{ "text": "I look." }, own(Some("c2ln")), own(None)]));
        assert_eq!(body["contents"][1]["parts"], json!([own(None)]), "turns that are over need none");
        assert_eq!(lost, none());
    }
    // Shown thoughts go back with theirs.
    let (body, _) = ask_of(Messages, &graded(), &on_the_way(json!([thought("Hm.", "c2ln"), call("t1"), call("t2")]))).unwrap();
    assert_eq!(body["contents"][5]["parts"], json!([{ "text": "Hm.", "thought": true }, own(Some("c2ln")), own(None)]));
    // Of another family, or lost: Google's word for it, for the models that demand one.
    let foreign = on_the_way(json!([{ "type": "thinking", "thinking": "Hm.", "signature": "EqQB" }, call("t1"), call("t2")]));
    let (body, lost) = ask_of(Messages, &graded(), &foreign).unwrap();
    assert_eq!(body["contents"][5]["parts"], json!([own(Some("skip_thought_signature_validator")), own(None)]));
    assert_eq!(lost, ["dropped messages[5].content[0]"]);
    assert_eq!(ask(Messages, Generate, &foreign).0["contents"][5]["parts"], json!([own(None), own(None)]));
    // Without a call, on the last text.
    let told = json!({ "model": "m", "max_tokens": 9, "messages": [
        { "role": "user", "content": "x" }, { "role": "assistant", "content": [{ "type": "text", "text": "y" }, thought("", "c2ln")] }, { "role": "user", "content": "z" },
    ] });
    assert_eq!(ask(Messages, Generate, &told).0["contents"][1]["parts"], json!([{ "text": "y", "thoughtSignature": "c2ln" }]));
}

/// The parts of an answer as Google's model gets them back from a client of `via`.
fn there_and_back(via: jeton_wire::Endpoint, parts: &Value) -> Value {
    let (got, _) = answer(Generate, via, &answered(Generate, parts.clone(), "STOP", json!({ "promptTokenCount": 1, "totalTokenCount": 1 })));
    given_back(via, &got)
}

/// The parts of the model's turn for Google, where a client of `via` gives back the answer that it got.
fn given_back(via: jeton_wire::Endpoint, got: &Value) -> Value {
    let body = match via {
        Messages => {
            json!({ "model": "m", "max_tokens": 9, "messages": [{ "role": "user", "content": "x" }, { "role": "assistant", "content": got["content"] }, { "role": "user", "content": "z" }] })
        }
        _ => {
            let mut input = vec![json!({ "role": "user", "content": "x" })];
            input.extend(got["output"].as_array().unwrap().clone());
            input.push(json!({ "role": "user", "content": "z" }));
            json!({ "model": "m", "input": input })
        }
    };
    ask(via, Generate, &body).0["contents"][1]["parts"].clone()
}

/// `part` with a signature of Google's.
fn with_signature(part: &Value, signature: &str) -> Value {
    let mut part = part.clone();
    part["thoughtSignature"] = signature.into();
    part
}

#[test]
fn case_36_each_part_keeps_its_own_signature_there_and_back() {
    let call = |name: &str| json!({ "functionCall": { "name": name, "args": {} } });
    let (thought, text) = (json!({ "text": "Hm.", "thought": true }), json!({ "text": "I look." }));
    // What each answer begins with that does not come back: a thought that no signature follows is no proof of anything elsewhere.
    for (lost, parts) in [
        (0, json!([with_signature(&text, "UzE="), with_signature(&call("a"), "UzI=")])),
        (1, json!([thought, with_signature(&text, "UzE="), with_signature(&call("a"), "UzI="), call("b")])),
        (0, json!([with_signature(&text, "UzE="), call("a"), call("b")])),
        (0, json!([with_signature(&text, "UzE="), call("a"), with_signature(&call("b"), "UzI=")])),
        (0, json!([with_signature(&text, "UzE="), with_signature(&text, "UzI="), call("a")])),
        (1, json!([thought, call("a"), with_signature(&call("b"), "UzI=")])),
        (0, json!([thought, with_signature(&call("a"), "UzE="), call("b")])),
        (1, json!([thought, text, with_signature(&call("a"), "UzE="), with_signature(&call("b"), "UzI=")])),
        (0, json!([with_signature(&call("a"), "UzE="), with_signature(&text, "UzI=")])),
        (1, json!([thought, with_signature(&text, "UzE=")])),
    ] {
        for via in [Messages, Responses] {
            assert_eq!(there_and_back(via, &parts), json!(parts.as_array().unwrap()[lost..]), "{via}: {parts}");
            // Each part an event of its own.
            let mut events: Vec<Value> =
                parts.as_array().unwrap().iter().map(|part| json!({ "candidates": [{ "content": { "role": "model", "parts": [part] } }] })).collect();
            events.push(json!({ "candidates": [{ "content": { "role": "model", "parts": [{ "text": "" }] }, "finishReason": "STOP" }] }));
            let script: Vec<String> = events.iter().map(|event| format!("raw {event}")).collect();
            let got = fold::document(via, &stream(Generate, via, &script.join("\n")).0);
            assert_eq!(given_back(via, &got), json!(parts.as_array().unwrap()[lost..]), "streamed, {via}: {parts}");
        }
    }
}

#[test]
fn case_37_anthropics_signatures_come_back_from_googles_clients_byte_for_byte() {
    let blocks = json!([{ "type": "thinking", "thinking": "Hm.", "signature": "EqQB+/=?>" }, { "type": "tool_use", "id": "t1", "name": "a", "input": {} }]);
    let (got, _) = answer(Messages, Generate, &answered(Messages, blocks, "tool_use", json!({ "input_tokens": 1, "output_tokens": 1 })));
    let mut content = got["candidates"][0]["content"].clone();
    // Python's client writes bytes in the other alphabet of base64.
    let signature = content["parts"][0]["thoughtSignature"].as_str().unwrap().replace('+', "-").replace('/', "_").replace('=', "");
    content["parts"][0]["thoughtSignature"] = signature.into();
    let turns = json!([{ "role": "user", "parts": [{ "text": "x" }] }, content, { "role": "user", "parts": [{ "functionResponse": { "name": "a", "response": { "output": "1" } } }] }]);
    let (body, lost) = ask(Generate, Messages, &contents(turns));
    assert_eq!(body["messages"][1]["content"][0], json!({ "type": "thinking", "thinking": "Hm.", "signature": "EqQB+/=?>" }));
    assert_eq!((body["messages"][1]["content"][1]["id"].as_str(), lost), (Some("t1"), none()));
}

#[test]
fn thoughts_that_came_in_pieces_are_one_again() {
    let turns = json!([{ "role": "user", "parts": [{ "text": "x" }] }, { "role": "model", "parts": [
        { "text": "Hm", "thought": true }, { "text": ".", "thought": true }, { "text": "", "thought": true, "thoughtSignature": "amV0b246YW50aHJvcGljOkVxUUI=" }, { "text": "y" },
    ] }, { "role": "user", "parts": [{ "text": "z" }] }]);
    let (body, lost) = ask(Generate, Messages, &contents(turns));
    assert_eq!(body["messages"][1]["content"][0], json!({ "type": "thinking", "thinking": "Hm.", "signature": "EqQB" }));
    assert_eq!(lost, none());
}

#[test]
fn case_36_contents_of_a_stream_given_back_one_by_one_are_one_turn() {
    let model = |part: Value| json!({ "role": "model", "parts": [part] });
    let sealed = "amV0b246YW50aHJvcGljOkVxUUI=";
    let turns = json!([
        { "role": "user", "parts": [{ "text": "x" }] },
        model(json!({ "text": "h", "thought": true })),
        model(json!({ "text": "m", "thought": true })),
        model(json!({ "text": "", "thought": true, "thoughtSignature": sealed })),
        model(json!({ "text": "look" })),
        model(json!({ "text": "\n\n" })),
        model(json!({ "functionCall": { "id": "t1", "name": "a", "args": {} } })),
        model(json!({ "text": "" })),
        { "role": "user", "parts": [{ "functionResponse": { "id": "t1", "name": "a", "response": { "output": "1" } } }] },
        { "role": "user", "parts": [{ "text": "Well?" }] },
    ]);
    let (body, lost) = ask(Generate, Messages, &contents(turns.clone()));
    assert_eq!(
        body["messages"][1]["content"],
        json!([
            { "type": "thinking", "thinking": "hm", "signature": "EqQB" },
            { "type": "text", "text": "look\n\n" },
            { "type": "tool_use", "id": "t1", "name": "a", "input": {} },
        ])
    );
    assert_eq!((body["messages"].as_array().unwrap().len(), lost), (3, none()));
    // The vault has nothing to give where the turn is signed already, wherever in it.
    let (mut request, _) = read_request(Generate, contents(turns).to_string().as_bytes()).unwrap();
    assert_eq!(put_back(&mut request, |id| panic!("it asked for {id}")), 0);
    // Faults and losses are told of where they are.
    assert_eq!(
        refused(Generate, Messages, &contents(json!([model(json!({ "text": "a" })), model(json!({ "functionCall": {} }))]))).1,
        "contents[1].parts[0].functionCall.name"
    );
}

#[test]
fn case_36_every_event_of_a_stream_given_back_as_a_content_is_the_answer_again() {
    let script = r#"
        start { "input_tokens": 1 }
        block thinking
        think "H"
        think "m."
        sign "EqQB+/=?>"
        stop
        block redacted EmwKAhgBEgy3
        stop
        block text
        text "I look."
        text "\n\n"
        stop
        block thinking
        think "Which?"
        sign "EqQC"
        stop
        block tool t1 a
        json "{\"x\":1}"
        stop
        end { "stop_reason": "tool_use" } { "output_tokens": 1 }
        done"#;
    let (events, _) = stream(Messages, Generate, script);
    let mut turns = vec![json!({ "role": "user", "parts": [{ "text": "x" }] })];
    turns.extend(events.iter().map(|(_, event)| event["candidates"][0]["content"].clone()));
    turns.push(json!({ "role": "user", "parts": [{ "functionResponse": { "id": "t1", "name": "a", "response": { "output": "1" } } }] }));
    let empty = json!({});
    assert!(turns.iter().flat_map(|turn| turn["parts"].as_array().unwrap()).all(|part| *part != empty), "SDKs leave out a turn with a part that has nothing");
    let (body, lost) = ask(Generate, Messages, &contents(turns.into()));
    let wanted = json!([
        { "type": "thinking", "thinking": "Hm.", "signature": "EqQB+/=?>" },
        { "type": "redacted_thinking", "data": "EmwKAhgBEgy3" },
        { "type": "text", "text": "I look.\n\n" },
        { "type": "thinking", "thinking": "Which?", "signature": "EqQC" },
        { "type": "tool_use", "id": "t1", "name": "a", "input": { "x": 1 } },
    ]);
    assert_eq!((&body["messages"][1]["content"], lost), (&wanted, none()));
}

#[test]
fn images_in_results_stand_behind_them_for_models_that_take_none_there() {
    let blocks = json!([{ "type": "tool_use", "id": "t1", "name": "a", "input": {} }, { "type": "tool_use", "id": "t2", "name": "a", "input": {} }]);
    let mut body = on_the_way(blocks);
    let image = |source: Value| json!([{ "type": "image", "source": source }]);
    body["messages"][6]["content"][0]["content"] = image(json!({ "type": "base64", "media_type": "image/png", "data": "AAAA" }));
    body["messages"][6]["content"][1]["content"] = image(json!({ "type": "url", "url": "https://example.com/a.webp" }));
    let inline = json!({ "inlineData": { "mimeType": "image/png", "data": "AAAA" } });
    let at = json!({ "fileData": { "mimeType": "image/webp", "fileUri": "https://example.com/a.webp" } });
    let result = json!({ "functionResponse": { "name": "a", "response": {} } });
    let (older, lost) = ask(Messages, Generate, &body);
    assert_eq!(older["contents"][6]["parts"], json!([result, result, inline, at]));
    assert_eq!(lost, ["approximated messages[6].content[0].content[0]", "approximated messages[6].content[1].content[0]"]);
    let (newer, lost) = ask_of(Messages, &graded(), &body).unwrap();
    let with = json!({ "functionResponse": { "name": "a", "response": {}, "parts": [inline] } });
    assert_eq!(newer["contents"][6]["parts"], json!([with, result, at]));
    assert_eq!(lost, ["approximated messages[6].content[1].content[0]"]);
}

#[test]
fn what_stands_at_an_address_is_said_or_guessed() {
    let asked = |url: &str| {
        ask(Chat, Generate, &json!({ "model": "m", "messages": [{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": url } }] }] }))
    };
    let (body, lost) = asked("https://example.com/a.png?size=1");
    assert_eq!((&body["contents"][0]["parts"][0]["fileData"]["mimeType"], lost), (&json!("image/png"), none()));
    let (body, lost) = asked("https://example.com/a");
    assert_eq!(
        (&body["contents"][0]["parts"][0]["fileData"]["mimeType"], lost),
        (&json!("image/jpeg"), vec!["approximated messages[0].content[0]".to_owned()])
    );
    let other = contents(json!([{ "parts": [{ "fileData": { "mimeType": "image/png", "fileUri": "https://example.com/a" } }] }]));
    let (body, lost) = ask(Generate, Messages, &other);
    assert_eq!(body["messages"][0]["content"][0]["type"], "image");
    assert_eq!(lost, ["dropped contents[0].parts[0].fileData.mimeType"]);
}

#[test]
fn case_44_modes_of_calling_have_their_meaning_elsewhere() {
    let tools = json!([{ "functionDeclarations": [{ "name": "a" }, { "name": "b" }] }]);
    let asked = |config: Value| ask(Generate, Chat, &asking(Generate, json!({ "tools": tools, "toolConfig": { "functionCallingConfig": config } })));
    for (config, choice, told) in [
        (json!({ "mode": "AUTO" }), Value::Null, none()),
        (json!({}), Value::Null, none()),
        (json!({ "mode": "NONE" }), json!("none"), none()),
        (json!({ "mode": "ANY" }), json!("required"), none()),
        (json!({ "mode": "VALIDATED" }), Value::Null, vec!["approximated toolConfig.functionCallingConfig.mode".to_owned()]),
        (
            json!({ "mode": "AUTO", "allowedFunctionNames": ["a"] }),
            Value::Null,
            vec!["dropped toolConfig.functionCallingConfig.allowedFunctionNames".to_owned()],
        ),
    ] {
        let (body, lost) = asked(config.clone());
        assert_eq!((body.get("tool_choice").cloned().unwrap_or_default(), lost), (choice, told), "{config}");
    }
    for (mode, word) in [("ANY", "required"), ("VALIDATED", "auto")] {
        let (body, lost) = asked(json!({ "mode": mode, "allowedFunctionNames": ["a", "b"] }));
        assert_eq!((&body["tool_choice"]["allowed_tools"]["mode"], lost), (&json!(word), none()));
        let mut back = body;
        back["model"] = "m".into();
        let (again, lost) = ask(Chat, Generate, &back);
        assert_eq!(again["toolConfig"]["functionCallingConfig"], json!({ "mode": mode, "allowedFunctionNames": ["a", "b"] }));
        assert_eq!(lost, none());
    }
    let unknown = asking(Generate, json!({ "tools": tools, "toolConfig": { "functionCallingConfig": { "mode": "SOMETIMES" } } }));
    assert_eq!(refused(Generate, Chat, &unknown).1, "toolConfig.functionCallingConfig.mode");
    assert_eq!(
        ask(Generate, Chat, &asking(Generate, json!({ "toolConfig": { "functionCallingConfig": { "mode": "ANY" } } }))).1,
        ["dropped toolConfig.functionCallingConfig"]
    );
}

#[test]
fn case_49_budgets_levels_and_grades_stand_for_each_other() {
    let thinking = |config: Value| asking(Generate, json!({ "generationConfig": { "maxOutputTokens": 32_000, "thinkingConfig": config } }));
    for (config, effort) in [
        (json!({ "thinkingLevel": "HIGH" }), json!("high")),
        (json!({ "thinkingLevel": "low" }), json!("low")),
        (json!({ "thinkingBudget": 0 }), json!("none")),
        (json!({ "thinkingBudget": -1 }), json!("medium")),
        (json!({ "thinkingBudget": 25_000 }), json!("high")),
        (json!({ "includeThoughts": true }), Value::Null),
    ] {
        assert_eq!(ask(Generate, Chat, &thinking(config.clone())).0.get("reasoning_effort").cloned().unwrap_or_default(), effort, "{config}");
    }
    assert_eq!(refused(Generate, Chat, &thinking(json!({ "thinkingBudget": -2 }))).1, "generationConfig.thinkingConfig.thinkingBudget");
    assert_eq!(ask(Generate, Chat, &thinking(json!({ "thinkingLevel": "DEEP" }))).1, ["dropped generationConfig.thinkingConfig.thinkingLevel"]);
    let effort = |word: &str| asking(Chat, json!({ "reasoning_effort": word, "max_completion_tokens": 32_000 }));
    for (word, budget, level) in
        [("none", 0, "low"), ("minimal", 1024, "low"), ("low", 1024, "low"), ("medium", 8192, "medium"), ("high", 24_576, "high"), ("xhigh", 24_576, "high")]
    {
        assert_eq!(ask(Chat, Generate, &effort(word)).0["generationConfig"]["thinkingConfig"], json!({ "thinkingBudget": budget }), "{word}");
        assert_eq!(ask_of(Chat, &graded(), &effort(word)).unwrap().0["generationConfig"]["thinkingConfig"], json!({ "thinkingLevel": level }), "{word}");
    }
    assert_eq!(ask(Chat, Generate, &effort("none")).1, none());
    assert_eq!(ask_of(Chat, &graded(), &effort("none")).unwrap().1, ["approximated reasoning_effort"]);
    let budget = json!({ "model": "m", "max_tokens": 32_000, "messages": [{ "role": "user", "content": "x" }], "thinking": { "type": "enabled", "budget_tokens": 16_000 } });
    let (body, lost) = ask_of(Messages, &graded(), &budget).unwrap();
    assert_eq!(
        (&body["generationConfig"]["thinkingConfig"], lost),
        (&json!({ "thinkingLevel": "medium", "includeThoughts": true }), vec!["approximated thinking.budget_tokens".to_owned()])
    );
    let mut flash = graded();
    flash.takes.effort_min = Effort::Minimal;
    assert_eq!(
        ask_of(Chat, &flash, &effort("minimal")).unwrap(),
        (
            json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }], "generationConfig": { "maxOutputTokens": 32_000, "thinkingConfig": { "thinkingLevel": "minimal" } } }),
            none()
        )
    );
    let mut pro = Target::new(Generate, "m", 9);
    pro.takes.effort_min = Effort::Minimal;
    let (body, lost) = ask_of(Chat, &pro, &effort("none")).unwrap();
    assert_eq!((&body["generationConfig"]["thinkingConfig"]["thinkingBudget"], lost.len()), (&json!(1024), 2));
    let mut large = budget.clone();
    (large["thinking"]["budget_tokens"], large["max_tokens"]) = (31_999.into(), 64_000.into());
    let (body, lost) = ask(Messages, Generate, &large);
    assert_eq!((&body["generationConfig"]["thinkingConfig"]["thinkingBudget"], lost), (&json!(24_576), vec!["approximated thinking.budget_tokens".to_owned()]));
    let mut without = Target::new(Generate, "m", 9);
    without.takes.effort_max = Effort::None;
    let (body, lost) = ask_of(Chat, &without, &effort("high")).unwrap();
    assert_eq!((body["generationConfig"].get("thinkingConfig"), lost), (None, vec!["dropped reasoning_effort".to_owned()]));
}

#[test]
fn case_53_labels_tiers_and_filters_are_carried_or_told() {
    let body = asking(
        Generate,
        json!({ "labels": { "team": "a" }, "serviceTier": "SERVICE_TIER_FLEX", "safetySettings": [{ "category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF" }] }),
    );
    let (chat, lost) = ask(Generate, Chat, &body);
    assert_eq!((&chat["metadata"], &chat["service_tier"], lost), (&json!({ "team": "a" }), &json!("flex"), vec!["dropped safetySettings[0]".to_owned()]));
    assert_eq!(ask(Generate, Messages, &body).1, ["dropped labels", "dropped safetySettings[0]", "dropped serviceTier"]);
    assert_eq!(ask(Generate, Generate, &body).0["labels"], json!({ "team": "a" }), "what must be written anew for its own dialect keeps its labels");
}

#[test]
fn case_15_and_16_what_no_answer_can_carry_is_refused_and_names_its_place() {
    for to in OTHERS {
        let many = asking(Generate, json!({ "generationConfig": { "candidateCount": 3 } }));
        assert_eq!(refused(Generate, to, &many).1, "generationConfig.candidateCount");
        let logprobs = asking(Generate, json!({ "generationConfig": { "responseLogprobs": true, "logprobs": 2 } }));
        assert_eq!(refused(Generate, to, &logprobs).1, "generationConfig.responseLogprobs");
        assert_eq!(refused(Generate, to, &json!({ "contents": 7 })).1, "contents");
        assert_eq!(refused(Generate, to, &json!({})).1, "contents");
        assert_eq!(refused(Generate, to, &contents(json!([{ "role": "system", "parts": [] }]))).1, "contents[0].role");
        assert_eq!(refused(Generate, to, &contents(json!([{ "parts": [{ "functionCall": {} }] }]))).1, "contents[0].parts[0].functionCall.name");
        assert_eq!(refused(Generate, to, &contents(json!([{ "parts": [{ "executableCode": {} }] }]))).1, "contents[0].parts[0]");
    }
    let upload = json!({ "model": "m", "max_tokens": 9, "messages": [{ "role": "user", "content": [{ "type": "container_upload", "file_id": "f" }] }] });
    assert_eq!(refused(Messages, Generate, &upload).1, "messages[0].content[0]");
    assert_eq!(refused(Chat, Generate, &asking(Chat, json!({ "logprobs": true }))).1, "logprobs");
}

#[test]
fn case_51_reasons_for_an_end_go_across_and_what_is_blocked_is_never_an_empty_answer() {
    let usage = json!({ "promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2 });
    let said = json!([{ "text": "Hi" }]);
    let end = |to, content: &Value, word: &str| {
        let (got, lost) = answer(Generate, to, &answered(Generate, content.clone(), word, usage.clone()));
        let reason = match to {
            Messages => got["stop_reason"].as_str(),
            Responses => got["incomplete_details"]["reason"].as_str().or(got["status"].as_str()),
            _ => got["choices"][0]["finish_reason"].as_str(),
        };
        (reason.unwrap().to_owned(), lost)
    };
    for (word, chat, messages) in [
        ("STOP", "stop", "end_turn"),
        ("MAX_TOKENS", "length", "max_tokens"),
        ("SAFETY", "content_filter", "refusal"),
        ("RECITATION", "content_filter", "refusal"),
        ("BLOCKLIST", "content_filter", "refusal"),
        ("PROHIBITED_CONTENT", "content_filter", "refusal"),
        ("SPII", "content_filter", "refusal"),
    ] {
        assert_eq!((end(Chat, &said, word).0.as_str(), end(Messages, &said, word).0.as_str()), (chat, messages), "{word}");
        assert_eq!(end(Chat, &said, word).1, none());
    }
    for word in ["OTHER", "IMAGE_OTHER", "NO_IMAGE", "A_NEW_WORD"] {
        let told = vec!["approximated candidates[0].finishReason".to_owned()];
        assert_eq!(end(Chat, &said, word), ("content_filter".into(), told.clone()), "{word}: half a text is no whole answer");
        assert_eq!(end(Messages, &json!([{ "functionCall": { "name": "a" } }]), word), ("refusal".into(), told), "{word}");
    }
    assert_eq!(end(Messages, &json!([]), "OTHER").0, "refusal", "nothing was said, and nobody knows why");
    assert_eq!(end(Messages, &json!([{ "functionCall": { "name": "a" } }]), "STOP").0, "tool_use");
    let blocked = json!({ "promptFeedback": { "blockReason": "PROHIBITED_CONTENT" }, "usageMetadata": { "promptTokenCount": 4, "totalTokenCount": 4 }, "modelVersion": "m" });
    for (to, place, word) in [
        (Chat, "/choices/0/finish_reason", "content_filter"),
        (Messages, "/stop_reason", "refusal"),
        (Responses, "/incomplete_details/reason", "content_filter"),
    ] {
        let (got, lost) = answer(Generate, to, &blocked);
        assert_eq!((got.pointer(place), lost), (Some(&json!(word)), none()), "{to}");
        let (events, _) = stream(Generate, to, &format!("raw {blocked}"));
        assert_eq!(fold::document(to, &events).pointer(place), Some(&json!(word)), "{to}");
    }
    for word in ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MISSING_THOUGHT_SIGNATURE"] {
        let body = answered(Generate, json!([]), word, usage.clone()).to_string();
        let fault = translate_document(&answering(Generate, Chat), body.as_bytes(), Usage::default(), 0).unwrap_err();
        assert_eq!((fault.kind.status(), fault.code), (502, Some(word.to_ascii_lowercase())));
    }
    for empty in [
        json!({}),
        json!({ "candidates": [] }),
        json!({ "candidates": [{ "content": { "parts": [{ "text": "x" }] } }] }),
        json!({ "usageMetadata": { "promptTokenCount": 1 } }),
    ] {
        let fault = translate_document(&answering(Generate, Chat), empty.to_string().as_bytes(), Usage::default(), 0).unwrap_err();
        assert_eq!((fault.kind.status(), fault.code.as_deref()), (502, Some("upstream_protocol")), "{empty}");
        assert_eq!(fault.message.matches("cannot be read").count(), 1, "{}", fault.message);
    }
}

#[test]
fn calls_without_ids_get_the_same_from_a_document_and_from_a_stream_and_others_in_the_next_answer() {
    let call = json!({ "functionCall": { "name": "a", "args": { "x": 1 } } });
    let of = |id: Value| {
        let mut body = answered(Generate, json!([call, call]), "STOP", Value::Null);
        body["responseId"] = id;
        let (reply, _) = read_reply(Generate, body.to_string().as_bytes(), Usage::default(), CREATED).unwrap();
        let (out, _) = translate_chunks(
            &answering(Generate, Messages),
            [format!("data: {body}\n\n").as_bytes()],
            &Usage { input: Some(1), output: Some(1), ..Usage::default() },
        )
        .unwrap();
        let streamed = fold::document(Messages, &script::parse(&out));
        let ids: Vec<String> = streamed["content"].as_array().unwrap().iter().map(|block| block["id"].as_str().unwrap().to_owned()).collect();
        let told: Vec<String> =
            reply.parts.iter().filter_map(|part| if let jeton_wire::canonical::Part::ToolUse { id, .. } = part { Some(id.clone()) } else { None }).collect();
        assert_eq!(ids, told);
        ids
    };
    assert_eq!(of(json!("r-1_x")), ["call_r-1_x_0", "call_r-1_x_1"]);
    assert_ne!(of(json!("r2")), of(json!("r1")));
    let bare = of(Value::Null);
    assert!(bare[0] != bare[1] && bare.iter().all(|id| id.len() < 64), "{bare:?}");
}

#[test]
fn case_21_and_24_usage_counts_thoughts_tools_and_caches_once() {
    let usage = |metadata: Value| read_document(Generate, answered(Generate, json!([]), "STOP", metadata).to_string().as_bytes()).usage;
    let all = json!({
        "promptTokenCount": 100, "cachedContentTokenCount": 60, "candidatesTokenCount": 20, "thoughtsTokenCount": 30, "toolUsePromptTokenCount": 7, "totalTokenCount": 157,
        "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": 90 }, { "modality": "AUDIO", "tokenCount": 10 }], "candidatesTokensDetails": [{ "modality": "TEXT", "tokenCount": 20 }],
        "trafficType": "ON_DEMAND",
    });
    let expected = Usage { input: Some(47), cache_read: Some(60), output: Some(50), reasoning: Some(30), input_audio: Some(10), ..Usage::default() };
    assert_eq!(usage(all.clone()), expected);
    let (chat, _) = answer(Generate, Chat, &answered(Generate, json!([{ "text": "x" }]), "STOP", all));
    assert_eq!(chat["usage"]["total_tokens"], 157);
    // Nothing was said: the count of it is left out.
    assert_eq!(usage(json!({ "promptTokenCount": 9, "totalTokenCount": 9 })), Usage { input: Some(9), output: Some(0), ..Usage::default() });
    assert_eq!(
        usage(json!({ "promptTokenCount": 9, "thoughtsTokenCount": 4, "totalTokenCount": 13 })),
        Usage { input: Some(9), output: Some(4), reasoning: Some(4), ..Usage::default() }
    );
    assert_eq!(usage(json!({ "promptTokenCount": 9 })), Usage { input: Some(9), ..Usage::default() });
    assert_eq!(
        usage(json!({ "promptTokenCount": 1, "candidatesTokenCount": 1, "trafficType": "ON_DEMAND_PRIORITY" })).service_tier.as_deref(),
        Some("priority")
    );
    assert_eq!(
        usage(json!({ "promptTokenCount": 1, "candidatesTokenCount": 1, "trafficType": "PROVISIONED_THROUGHPUT" })).service_tier.as_deref(),
        Some("provisioned_throughput")
    );
}

#[test]
fn what_else_an_answer_says_is_told() {
    let mut body = answered(Generate, json!([{ "text": "x" }, { "inlineData": { "mimeType": "image/png", "data": "AAAA" } }]), "STOP", Value::Null);
    body["candidates"][0]["safetyRatings"] = json!([{ "category": "a", "probability": "NEGLIGIBLE" }]);
    body["candidates"][0]["avgLogprobs"] = json!(-0.1);
    body["candidates"].as_array_mut().unwrap().push(json!({ "index": 1, "content": { "parts": [{ "text": "y" }] }, "finishReason": "STOP" }));
    let (got, lost) = answer(Generate, Chat, &body);
    assert_eq!(
        (&got["choices"][0]["message"]["content"], lost),
        (&json!("x"), vec!["dropped candidates[1]".to_owned(), "dropped content[type=image]".to_owned()])
    );
    body["candidates"][0]["safetyRatings"][0]["probability"] = "HIGH".into();
    body["candidates"][0]["citationMetadata"] =
        json!({ "citationSources": [{ "uri": "https://example.com/", "license": "mit", "startIndex": 0, "endIndex": 1 }, { "title": "A book" }] });
    body["candidates"][0]["content"]["parts"].as_array_mut().unwrap().truncate(1);
    let (got, lost) = answer(Generate, Chat, &body);
    assert_eq!(got["choices"][0]["message"]["annotations"][0]["url_citation"]["url"], "https://example.com/");
    assert_eq!(lost, ["dropped candidates[0].citationMetadata.citationSources[1]", "dropped candidates[0].safetyRatings", "dropped candidates[1]"]);
}

#[test]
fn bytes_in_the_alphabet_for_addresses_reach_others_in_their_own() {
    // Google's Python SDK writes bytes so.
    for data in ["-_8A", "-_8", "+/8="] {
        let (body, _) =
            ask(Generate, Messages, &asking(Generate, json!({ "contents": [{ "parts": [{ "inlineData": { "mime_type": "image/png", "data": data } }] }] })));
        let wanted = if data.len() == 4 && data.starts_with('-') { "+/8A" } else { "+/8=" };
        assert_eq!(body["messages"][0]["content"][0]["source"]["data"], wanted, "{data}");
    }
}

#[test]
fn case_75_a_film_is_refused_by_its_path_and_never_passed_off_as_a_document() {
    for source in [
        json!({ "fileData": { "mimeType": "video/mp4", "fileUri": "https://a.test/x.mp4" } }),
        json!({ "inlineData": { "mime_type": "video/mp4", "data": "AAAA" } }),
    ] {
        let body = asking(Generate, json!({ "contents": [{ "role": "user", "parts": [source, { "text": "What happens?" }] }] }));
        for to in OTHERS {
            let (message, path) = refused(Generate, to, &body);
            assert_eq!(path, "contents[0].parts[0]", "{message}");
        }
    }
}

#[test]
fn json_beside_tools_is_refused_before_gemini_3_and_taken_from_it_on() {
    let body = asking(
        Chat,
        json!({
            "tools": [{ "type": "function", "function": { "name": "a", "parameters": { "type": "object", "properties": {} } } }],
            "response_format": { "type": "json_object" },
        }),
    );
    let (why, path) = refused(Chat, Generate, &body);
    assert_eq!(path, "response_format");
    assert!(why.contains("`m` takes one of them at a time") && why.contains("declare a tool whose arguments are the answer"), "{why}");
    let (body, lost) = ask_of(Chat, &graded(), &body).unwrap();
    assert_eq!((&body["generationConfig"]["responseMimeType"], lost), (&json!("application/json"), none()));
}
