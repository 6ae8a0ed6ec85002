//! The conversation so far, as a request of each dialect tells it: what arrives is read back, and compared with what was said.

use super::{SIGNATURE, THOUGHT, TURNS, parsed};
use serde_json::{Value, json};

/// The picture of the first turn, in base64.
const PICTURE: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const QUESTION: &str = "What do the files say?";
/// What the tools gave, by the id of the call.
const RESULTS: [(&str, &str); 3] = [("call_a", "hello"), ("call_b", "a.txt b.txt"), ("call_c", "hello again")];
/// Stands before the result of a tool that failed, where the dialect has no mark for it.
const FAILED: &str = "The tool failed:";

/// How many turns of the conversation were held, if what `body` tells of them is what was said, in order and byte for byte.
///
/// # Errors
/// What differs.
pub(super) fn turns_held(dialect: &str, body: &Value) -> Result<usize, String> {
    let told = match dialect {
        "messages" => of_messages(body),
        "responses" => of_responses(body),
        "generate" => of_generate(body),
        "converse" => of_converse(body),
        _ => of_chat(body),
    };
    let results = told.iter().filter(|piece| piece[0] == "result").count();
    let held = match results {
        0 => 0,
        2 => 1,
        3 => 2,
        other => return Err(format!("{other} results of tools make no turn of this conversation")),
    };
    let wanted = wanted(held, dialect);
    if told != wanted {
        return Err(format!("the conversation is not as it was: {} instead of {}", Value::from(told), Value::from(wanted)));
    }
    let (tools, thinks) = asked(dialect, body);
    if tools != json!(["read", "list"]) || !thinks {
        return Err(format!("the tools are {tools}, and thinking is asked for: {thinks}"));
    }
    Ok(held)
}

/// The pieces of a conversation of which `held` turns are over. Chat has no place for signed thoughts; Gemini wants a thought's signature back
/// alone, on the call that it led to.
fn wanted(held: usize, dialect: &str) -> Vec<Value> {
    let mut pieces = vec![json!(["picture", PICTURE]), json!(["text", QUESTION])];
    for turn in &TURNS[..held] {
        if turn.thinks && !matches!(dialect, "completions" | "generate") {
            pieces.push(json!(["thought", THOUGHT, SIGNATURE]));
        }
        if !turn.text.is_empty() {
            pieces.push(json!(["text", turn.text]));
        }
        if turn.thinks && dialect == "generate" {
            pieces.push(json!(["signed", SIGNATURE]));
        }
        pieces.extend(turn.calls.iter().map(|(id, name, arguments)| json!(["call", id, name, parsed(arguments)])));
        let of = |id: &str| RESULTS.iter().find(|(call, _)| *call == id).map(|(_, text)| *text);
        pieces.extend(turn.calls.iter().map(|(id, ..)| json!(["result", id, of(id)])));
    }
    pieces
}

/// The names of the tools, and whether the model is to think.
fn asked(dialect: &str, body: &Value) -> (Value, bool) {
    let named = |tool: &Value| ["/name", "/function/name", "/toolSpec/name"].iter().find_map(|place| tool.pointer(place)).cloned().unwrap_or_default();
    let tools = match dialect {
        "generate" => &body["tools"][0]["functionDeclarations"],
        "converse" => &body["toolConfig"]["tools"],
        _ => &body["tools"],
    };
    let thinks = match dialect {
        "messages" => body["thinking"]["type"] == "enabled",
        "responses" => body["reasoning"]["effort"].is_string(),
        "generate" => body["generationConfig"]["thinkingConfig"].is_object(),
        "converse" => body["additionalModelRequestFields"]["thinking"]["type"] == "enabled",
        _ => body["reasoning_effort"].is_string(),
    };
    (list(tools).iter().map(named).collect(), thinks)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Content that is a text, or parts.
fn parts(content: &Value, read: impl Fn(&Value) -> Option<Value>) -> Vec<Value> {
    match content {
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::String(text) => vec![json!(["text", text])],
        parts => list(parts).iter().map(|part| read(part).unwrap_or_else(|| json!(["unknown", part]))).collect(),
    }
}

/// The text of a result. That the tool failed may be told before it.
fn result(id: &Value, content: &Value) -> Value {
    let texts: Vec<&str> = match content {
        Value::String(text) => vec![text],
        parts => list(parts).iter().filter_map(|part| part["text"].as_str()).collect(),
    };
    let text = texts.join("\n");
    json!(["result", id, text.strip_prefix(FAILED).unwrap_or(&text).trim_start()])
}

fn of_messages(body: &Value) -> Vec<Value> {
    let read = |block: &Value| match block["type"].as_str()? {
        "image" if block["source"]["media_type"] == "image/png" => Some(json!(["picture", block["source"]["data"]])),
        "text" => Some(json!(["text", block["text"]])),
        "thinking" => Some(json!(["thought", block["thinking"], block["signature"]])),
        "tool_use" => Some(json!(["call", block["id"], block["name"], block["input"]])),
        "tool_result" => Some(result(&block["tool_use_id"], &block["content"])),
        _ => None,
    };
    list(&body["messages"]).iter().flat_map(|message| parts(&message["content"], read)).collect()
}

/// The picture that a `data:` address holds.
fn picture(address: &Value) -> Option<Value> {
    Some(json!(["picture", address.as_str()?.strip_prefix("data:image/png;base64,")?]))
}

fn of_chat(body: &Value) -> Vec<Value> {
    let read = |part: &Value| match part["type"].as_str()? {
        "image_url" => picture(&part["image_url"]["url"]),
        "text" => Some(json!(["text", part["text"]])),
        _ => None,
    };
    let call = |call: &Value| json!(["call", call["id"], call["function"]["name"], parsed(call["function"]["arguments"].as_str().unwrap_or_default())]);
    let said = |message: &Value| match message["role"].as_str() {
        Some("tool") => vec![result(&message["tool_call_id"], &message["content"])],
        _ => parts(&message["content"], read).into_iter().chain(list(&message["tool_calls"]).iter().map(call)).collect(),
    };
    list(&body["messages"]).iter().flat_map(said).collect()
}

fn of_responses(body: &Value) -> Vec<Value> {
    let read = |part: &Value| match part["type"].as_str()? {
        "input_image" => picture(&part["image_url"]),
        "input_text" | "output_text" => Some(json!(["text", part["text"]])),
        _ => None,
    };
    let said = |item: &Value| match item["type"].as_str() {
        Some("reasoning") => {
            let shown: String = list(&item["summary"]).iter().filter_map(|part| part["text"].as_str()).collect();
            vec![json!(["thought", shown, item["encrypted_content"]])]
        }
        Some("function_call") => vec![json!(["call", item["call_id"], item["name"], parsed(item["arguments"].as_str().unwrap_or_default())])],
        Some("function_call_output") => vec![result(&item["call_id"], &item["output"])],
        _ => parts(&item["content"], read),
    };
    list(&body["input"]).iter().flat_map(said).collect()
}

/// A signature stands before its call here; the word that Google documents for a call without one is none. Calls and results may go without ids, and are in the same order then.
fn of_generate(body: &Value) -> Vec<Value> {
    let mut told: Vec<Value> = Vec::new();
    let id_of = |told: &[Value], kind: &str, id: &Value| {
        let earlier = told.iter().filter(|piece| piece[0] == kind).count();
        if id.is_null() { RESULTS.get(earlier).map_or(Value::Null, |(id, _)| (*id).into()) } else { id.clone() }
    };
    for part in list(&body["contents"]).iter().flat_map(|content| list(&content["parts"])) {
        if let Some(call) = part.get("functionCall") {
            // Google's SDKs write bytes in the alphabet for addresses.
            let signature = part["thoughtSignature"].as_str().filter(|word| *word != "skip_thought_signature_validator");
            told.extend(signature.map(|word| json!(["signed", word.replace('-', "+").replace('_', "/")])));
            let id = id_of(&told, "call", &call["id"]);
            told.push(json!(["call", id, call["name"], call["args"]]));
        } else if let Some(answer) = part.get("functionResponse") {
            let text = ["output", "error"].iter().find_map(|name| answer["response"].get(name)).cloned().unwrap_or_default();
            let id = id_of(&told, "result", &answer["id"]);
            told.push(result(&id, &text));
        } else if part["thought"] == true {
            // What it thought need not come back.
        } else if part["inlineData"]["mimeType"].as_str().or(part["inlineData"]["mime_type"].as_str()) == Some("image/png") {
            let data = part["inlineData"]["data"].as_str().unwrap_or_default();
            told.push(json!(["picture", data.replace('-', "+").replace('_', "/")]));
        } else {
            told.push(json!(["text", part["text"]]));
        }
    }
    told
}

fn of_converse(body: &Value) -> Vec<Value> {
    let read = |block: &Value| {
        if block["image"]["format"] == "png" {
            json!(["picture", block["image"]["source"]["bytes"]])
        } else if let Some(thought) = block["reasoningContent"].get("reasoningText") {
            json!(["thought", thought["text"], thought["signature"]])
        } else if let Some(call) = block.get("toolUse") {
            json!(["call", call["toolUseId"], call["name"], call["input"]])
        } else if let Some(answer) = block.get("toolResult") {
            result(&answer["toolUseId"], &answer["content"])
        } else {
            json!(["text", block["text"]])
        }
    };
    list(&body["messages"]).iter().flat_map(|message| list(&message["content"])).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(signature: &str, result: &str) -> Value {
        let image = json!({ "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": PICTURE } });
        let results = [("call_a", "hello"), ("call_b", result)].map(|(id, text)| json!({ "type": "tool_result", "tool_use_id": id, "content": text }));
        json!({ "tools": [{ "name": "read" }, { "name": "list" }], "thinking": { "type": "enabled" }, "messages": [
            { "role": "user", "content": [image, { "type": "text", "text": QUESTION }] },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": THOUGHT, "signature": signature }, { "type": "text", "text": "Let me look." },
                { "type": "tool_use", "id": "call_a", "name": "read", "input": { "path": "a.txt" } },
                { "type": "tool_use", "id": "call_b", "name": "list", "input": {} }] },
            { "role": "user", "content": results }] })
    }

    #[test]
    fn a_conversation_is_known_again_and_whatever_differs_is_told() {
        assert_eq!(turns_held("messages", &body(SIGNATURE, "a.txt b.txt")), Ok(1));
        for other in [body("EqQB", "a.txt b.txt"), body(SIGNATURE, "a.txt")] {
            assert!(turns_held("messages", &other).unwrap_err().contains("not as it was"));
        }
        let mut cut = body(SIGNATURE, "a.txt b.txt");
        cut["messages"][2]["content"].as_array_mut().unwrap().pop();
        assert!(turns_held("messages", &cut).unwrap_err().contains("1 results"));
        let mut bare = body(SIGNATURE, "a.txt b.txt");
        bare["tools"] = json!([]);
        assert!(turns_held("messages", &bare).unwrap_err().contains("the tools are []"));
    }
}
