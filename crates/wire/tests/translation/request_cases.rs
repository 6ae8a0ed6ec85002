//! Cases of requests, for every pair of dialects that they apply to.

use crate::helpers::{Chat, Converse, Generate, Messages, PAIRS, Responses, ask, ask_of, asking, refused};
use jeton_wire::Endpoint;
use jeton_wire::canonical::{Effort, Target};
use serde_json::{Value, json};

const LIMITS: [(Endpoint, &str); 3] = [(Chat, "max_completion_tokens"), (Responses, "max_output_tokens"), (Messages, "max_tokens")];

fn limit_of(dialect: Endpoint) -> &'static str {
    LIMITS.iter().find(|(one, _)| *one == dialect).unwrap().1
}

/// A tool without parameters, as each dialect declares it.
fn tool(dialect: Endpoint, name: &str) -> Value {
    let schema = json!({ "type": "object", "properties": {} });
    match dialect {
        Chat => json!({ "type": "function", "function": { "name": name, "parameters": schema } }),
        Responses => json!({ "type": "function", "name": name, "parameters": schema, "strict": false }),
        _ => json!({ "name": name, "input_schema": schema }),
    }
}

#[test]
fn case_19_the_limit_goes_by_each_dialects_name_and_where_none_is_given_the_models_own_stands_where_one_must() {
    for (from, to) in PAIRS {
        let (body, lost) = ask(from, to, &asking(from, json!({ limit_of(from): 1234 })));
        assert_eq!(body[limit_of(to)], 1234, "{from} → {to}");
        assert_eq!(lost, Vec::<String>::new());
    }
    for from in [Chat, Responses] {
        let target = Target::new(Messages, "m", 8192);
        assert_eq!(ask_of(from, &target, &asking(from, json!({}))).unwrap().0["max_tokens"], 8192);
        let other = if from == Chat { Responses } else { Chat };
        assert_eq!(ask(from, other, &asking(from, json!({}))).0.get(limit_of(other)), None);
    }
    // Both names of Chat, and a server that knows the older one alone.
    assert_eq!(ask(Chat, Messages, &asking(Chat, json!({ "max_tokens": 7 }))).0["max_tokens"], 7);
    assert_eq!(ask(Chat, Messages, &asking(Chat, json!({ "max_tokens": 7, "max_completion_tokens": 9 }))).0["max_tokens"], 9);
    let mut older = Target::new(Chat, "m", 8192);
    older.takes.completion_limit = false;
    assert_eq!(ask_of(Messages, &older, &asking(Messages, json!({ "max_tokens": 5 }))).unwrap().0["max_tokens"], 5);
}

#[test]
fn case_20_instructions_keep_their_order_and_their_place_as_far_as_there_is_one() {
    let chat = json!({ "model": "m", "messages": [
        { "role": "developer", "content": "a" }, { "role": "system", "content": "b" },
        { "role": "user", "content": "c" }, { "role": "developer", "content": "d" }, { "role": "user", "content": "e" },
    ] });
    let (body, lost) = ask(Chat, Messages, &chat);
    assert_eq!(body["system"], json!([{ "type": "text", "text": "a" }, { "type": "text", "text": "b" }]));
    let texts: Vec<&str> = body["messages"][0]["content"].as_array().unwrap().iter().map(|block| block["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["c", "<system>\nd\n</system>", "e"]);
    assert_eq!(lost, ["approximated messages[3].content"]);
    let (body, lost) = ask(Chat, Responses, &chat);
    let roles: Vec<&str> = body["input"].as_array().unwrap().iter().map(|item| item["role"].as_str().unwrap()).collect();
    assert_eq!((body["instructions"].as_str(), roles), (Some("a"), vec!["developer", "user", "developer", "user"]));
    assert_eq!(lost, Vec::<String>::new());
    // Instructions alone are the question where there must be one.
    let (body, lost) = ask(Chat, Messages, &json!({ "model": "m", "messages": [{ "role": "system", "content": "Say hi." }] }));
    assert_eq!((&body["messages"], body.get("system")), (&json!([{ "role": "user", "content": "Say hi." }]), None));
    assert_eq!(lost, ["approximated messages[0].content"]);
}

#[test]
fn case_42_instructions_are_a_text_or_blocks_and_blocks_where_a_mark_stands_at_one() {
    for system in [json!("a"), json!([{ "type": "text", "text": "a" }])] {
        assert_eq!(ask(Messages, Chat, &asking(Messages, json!({ "system": system }))).0["messages"][0], json!({ "role": "system", "content": "a" }));
        assert_eq!(ask(Messages, Responses, &asking(Messages, json!({ "system": system }))).0["instructions"], "a");
    }
}

#[test]
fn case_43_marks_of_the_cache_keep_their_place_and_time_where_they_can_and_are_told_where_not() {
    let marked = |life: Value| json!({ "model": "m", "messages": [{ "role": "user", "content": [{ "type": "text", "text": "a", "cache_control": life }] }] });
    for life in [json!({ "type": "ephemeral" }), json!({ "type": "ephemeral", "ttl": "1h" })] {
        let (body, lost) = ask(Chat, Messages, &marked(life.clone()));
        assert_eq!((&body["messages"][0]["content"][0]["cache_control"], lost.len()), (&life, 0));
        assert_eq!(ask(Chat, Responses, &marked(life)).1, ["dropped messages[0].content[0].cache_control"]);
    }
    assert_eq!(ask(Chat, Messages, &marked(json!({ "type": "ephemeral", "ttl": "9h" }))).1, ["approximated messages[0].content[0].cache_control.ttl"]);
    // Five marks are one too many, and an hour may not stand behind five minutes.
    let text = |name: &str, life: Value| json!({ "type": "text", "text": name, "cache_control": life });
    let (short, long) = (json!({ "type": "ephemeral" }), json!({ "type": "ephemeral", "ttl": "1h" }));
    let parts: Vec<Value> = ["b", "c", "d", "e"].iter().map(|name| text(name, if *name == "d" { long.clone() } else { short.clone() })).collect();
    let many = json!({ "model": "m", "messages": [
        { "role": "user", "content": parts }, { "role": "system", "content": [text("a", long.clone())] },
    ] });
    let leading = json!({ "model": "m", "messages": [many["messages"][1], many["messages"][0]] });
    let (body, lost) = ask(Chat, Messages, &leading);
    let marks: Vec<&Value> = body["messages"][0]["content"].as_array().unwrap().iter().map(|block| &block["cache_control"]).collect();
    assert_eq!((&body["system"][0]["cache_control"], marks), (&long, vec![&Value::Null, &short, &short, &short]));
    assert_eq!(lost, ["approximated messages[1].content[2].cache_control", "dropped messages[1].content[0].cache_control"]);
    // The same request is the same bytes every time, or no prefix would be found again.
    let request = asking(Messages, json!({ "tools": [tool(Messages, "b"), tool(Messages, "a.b")], "metadata": { "user_id": "u" } })).to_string();
    let bytes = || {
        let (request, _) = jeton_wire::canonical::read_request(Messages, request.as_bytes()).unwrap();
        jeton_wire::canonical::encode_request(&request, &Target::new(Chat, "m", 9)).unwrap().body
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn case_44_choices_among_tools_have_the_same_meaning_in_every_dialect() {
    let choices = |dialect| match dialect {
        Messages => [json!({ "type": "none" }), json!({ "type": "any" }), json!({ "type": "tool", "name": "a" })],
        Responses => [json!("none"), json!("required"), json!({ "type": "function", "name": "a" })],
        _ => [json!("none"), json!("required"), json!({ "type": "function", "function": { "name": "a" } })],
    };
    for (from, to) in PAIRS {
        for (given, wanted) in choices(from).into_iter().zip(choices(to)) {
            let (body, lost) = ask(from, to, &asking(from, json!({ "tools": [tool(from, "a")], "tool_choice": given })));
            assert_eq!((&body["tool_choice"], lost.len()), (&wanted, 0), "{from} → {to}");
        }
    }
    let one = json!({ "tools": [tool(Messages, "a")], "tool_choice": { "type": "auto", "disable_parallel_tool_use": true } });
    for to in [Chat, Responses] {
        let (body, _) = ask(Messages, to, &asking(Messages, one.clone()));
        assert_eq!((&body["parallel_tool_calls"], body.get("tool_choice")), (&json!(false), None));
        let (back, _) = ask(to, Messages, &asking(to, json!({ "tools": [tool(to, "a")], "parallel_tool_calls": false })));
        assert_eq!(back["tool_choice"], one["tool_choice"]);
        let thinks = if to == Chat { json!({ "reasoning_effort": "high" }) } else { json!({ "reasoning": { "effort": "high" } }) };
        let mut forced = asking(to, json!({ "tools": [tool(to, "a")], "tool_choice": "required" }));
        forced.as_object_mut().unwrap().extend(thinks.as_object().unwrap().clone());
        let (back, lost) = ask(to, Messages, &forced);
        assert_eq!((back.get("thinking"), lost[0].as_str()), (None, if to == Chat { "dropped reasoning_effort" } else { "dropped reasoning.effort" }));
    }
    for (from, to) in PAIRS {
        let choice = if from == Messages { json!({ "type": "any" }) } else { json!("required") };
        let (body, lost) = ask(from, to, &asking(from, json!({ "tool_choice": choice })));
        assert_eq!((body.get("tool_choice"), lost), (None, vec!["dropped tool_choice".to_owned()]), "{from} → {to}: a choice among no tools");
    }
}

#[test]
fn case_46_results_come_first_all_in_one_turn_and_behind_their_calls() {
    let chat = json!({ "model": "m", "messages": [
        { "role": "user", "content": "go" },
        { "role": "assistant", "tool_calls": [
            { "id": "1", "type": "function", "function": { "name": "a", "arguments": "{}" } },
            { "id": "2", "type": "function", "function": { "name": "a", "arguments": "{}" } },
        ] },
        { "role": "tool", "tool_call_id": "1", "content": "x" },
        { "role": "system", "content": "hurry" },
        { "role": "tool", "tool_call_id": "2", "content": [{ "type": "text", "text": "y" }, { "type": "text", "text": "z" }] },
        { "role": "user", "content": "and?" },
    ] });
    let (body, _) = ask(Chat, Messages, &chat);
    let last = &body["messages"][2];
    let kinds: Vec<&str> = last["content"].as_array().unwrap().iter().map(|block| block["type"].as_str().unwrap()).collect();
    assert_eq!((body["messages"].as_array().unwrap().len(), kinds), (3, vec!["tool_result", "tool_result", "text", "text"]));
    assert_eq!(last["content"][1]["content"].as_array().unwrap().len(), 2);
    let messages = json!({ "model": "m", "max_tokens": 64, "messages": [
        { "role": "assistant", "content": [{ "type": "tool_use", "id": "1", "name": "a", "input": {} }] },
        { "role": "user", "content": [{ "type": "text", "text": "so:" }, { "type": "tool_result", "tool_use_id": "1", "content": [{ "type": "text", "text": "x" }], "is_error": true }] },
    ] });
    let (body, lost) = ask(Messages, Chat, &messages);
    assert_eq!(body["messages"][1]["role"], "tool");
    assert_eq!(body["messages"][1]["content"][0]["text"], "The tool failed:");
    assert_eq!(body["messages"][2], json!({ "role": "user", "content": "so:" }));
    assert_eq!(lost, ["approximated messages[1].content[0]", "approximated messages[1].content[1].is_error"]);
    let (body, lost) = ask(Messages, Responses, &messages);
    assert_eq!((body["input"][1]["type"].as_str(), lost.len()), (Some("function_call_output"), 2));
}

#[test]
fn case_47_arguments_that_are_no_json_object_are_kept_whole() {
    for arguments in ["{\"a\": ", "[1]", "\"x\"", "nonsense", "null", "{\"a\":1e999}"] {
        for from in [Chat, Responses] {
            let call = json!({ "id": "1", "type": "function", "function": { "name": "a", "arguments": arguments } });
            let body = if from == Chat {
                json!({ "model": "m", "messages": [{ "role": "user", "content": "x" }, { "role": "assistant", "tool_calls": [call] }, { "role": "tool", "tool_call_id": "1", "content": "" }] })
            } else {
                json!({ "model": "m", "input": [{ "role": "user", "content": "x" }, { "type": "function_call", "call_id": "1", "name": "a", "arguments": arguments }, { "type": "function_call_output", "call_id": "1", "output": "" }] })
            };
            let (to_messages, lost) = ask(from, Messages, &body);
            assert_eq!(to_messages["messages"][1]["content"][0]["input"], json!({ "INVALID_JSON": arguments }));
            assert_eq!(lost.len(), 1, "{lost:?}");
            let other = if from == Chat { Responses } else { Chat };
            let (across, lost) = ask(from, other, &body);
            let kept = across.pointer("/input/1/arguments").or_else(|| across.pointer("/messages/1/tool_calls/0/function/arguments"));
            assert_eq!((kept.and_then(Value::as_str), lost.len()), (Some(arguments), 0));
        }
    }
}

#[test]
fn case_48_a_begun_answer_is_told_and_ends_without_white_space() {
    let begun = |text: &str| json!([{ "role": "user", "content": "x" }, { "role": "assistant", "content": text }]);
    for to in [Chat, Responses] {
        assert_eq!(ask(Messages, to, &asking(Messages, json!({ "messages": begun("{") }))).1, ["approximated messages[1].content"]);
    }
    let (body, _) = ask(Chat, Messages, &json!({ "model": "m", "messages": begun("Well, \n") }));
    assert_eq!(body["messages"][1]["content"], "Well,");
    let (body, lost) = ask(Responses, Messages, &json!({ "model": "m", "input": begun("Well") }));
    assert_eq!((body["messages"][1]["content"].as_str(), lost), (Some("Well"), vec!["approximated input[1].content".to_owned()]));
}

#[test]
fn case_49_grades_and_budgets_stand_for_each_other_within_what_the_api_takes() {
    let effort = |from, word: &str| if from == Chat { json!({ "reasoning_effort": word }) } else { json!({ "reasoning": { "effort": word } }) };
    for from in [Chat, Responses] {
        for (word, limit, budget) in
            [("low", 10_000, 2_000), ("medium", 10_000, 5_000), ("high", 10_000, 8_000), ("minimal", 4_000, 1_024), ("high", 1_025, 1_024)]
        {
            let mut body = asking(from, effort(from, word));
            body[limit_of(from)] = limit.into();
            let (out, lost) = ask(from, Messages, &body);
            assert_eq!(out["thinking"], json!({ "type": "enabled", "budget_tokens": budget }), "{word} of {limit}");
            assert!(out["thinking"]["budget_tokens"].as_u64() < out["max_tokens"].as_u64());
            assert_eq!(lost.len(), 1, "{lost:?}");
        }
        let mut tight = asking(from, effort(from, "high"));
        tight[limit_of(from)] = 1_000.into();
        let (out, lost) = ask(from, Messages, &tight);
        assert_eq!((out.get("thinking"), lost[0].starts_with("dropped ")), (None, true));
        assert_eq!(ask(from, Messages, &asking(from, effort(from, "none"))).0.get("thinking"), None);
    }
    for to in [Chat, Responses] {
        for (budget, word) in [(1_024, "minimal"), (2_000, "low"), (5_000, "medium"), (9_000, "high")] {
            let body = asking(Messages, json!({ "max_tokens": 10_000, "thinking": { "type": "enabled", "budget_tokens": budget } }));
            let (out, lost) = ask(Messages, to, &body);
            let grade = if to == Chat { &out["reasoning_effort"] } else { &out["reasoning"]["effort"] };
            assert_eq!((grade.as_str(), lost), (Some(word), vec!["approximated thinking.budget_tokens".to_owned()]));
        }
        let (out, lost) = ask(Messages, to, &asking(Messages, json!({ "thinking": { "type": "adaptive" } })));
        let grade = if to == Chat { &out["reasoning_effort"] } else { &out["reasoning"]["effort"] };
        assert_eq!((grade.as_str(), lost), (Some("medium"), vec!["approximated thinking.type".to_owned()]));
        let mut plain = Target::new(to, "m", 9);
        plain.takes.effort_max = Effort::None;
        let (out, lost) = ask_of(Messages, &plain, &asking(Messages, json!({ "thinking": { "type": "adaptive" } }))).unwrap();
        assert_eq!((out.get("reasoning_effort"), lost), (None, vec!["dropped thinking.type".to_owned()]), "a model that does not think");
    }
    // A model that thinks takes no temperature; one that does not takes at most 1, and not beside top_p.
    let (out, lost) = ask(Chat, Messages, &asking(Chat, json!({ "reasoning_effort": "low", "temperature": 0.3, "max_completion_tokens": 9_000 })));
    assert_eq!((out.get("temperature"), lost[1].as_str()), (None, "dropped temperature"));
    let (out, lost) = ask(Chat, Messages, &asking(Chat, json!({ "temperature": 1.7, "top_p": 0.2 })));
    assert_eq!((&out["temperature"], out.get("top_p"), lost.len()), (&json!(1.0), None, 2));
}

#[test]
fn case_50_stop_texts_go_across_as_a_text_or_a_list_and_what_is_refused_is_told() {
    for (stop, wanted) in [(json!("a"), json!(["a"])), (json!(["a", "b"]), json!(["a", "b"]))] {
        let (out, lost) = ask(Chat, Messages, &asking(Chat, json!({ "stop": stop })));
        assert_eq!((&out["stop_sequences"], lost.len()), (&wanted, 0));
        assert_eq!(ask(Messages, Chat, &asking(Messages, json!({ "stop_sequences": wanted }))).0["stop"], stop);
    }
    let (out, lost) = ask(Chat, Messages, &asking(Chat, json!({ "stop": ["\n\n", "a"] })));
    assert_eq!((&out["stop_sequences"], lost), (&json!(["a"]), vec!["dropped stop".to_owned()]));
    let (out, lost) = ask(Messages, Chat, &asking(Messages, json!({ "stop_sequences": ["a", "b", "c", "d", "e"] })));
    assert_eq!((&out["stop"], lost), (&json!(["a", "b", "c", "d"]), vec!["approximated stop_sequences".to_owned()]));
    for from in [Chat, Messages] {
        let name = if from == Chat { "stop" } else { "stop_sequences" };
        let (out, lost) = ask(from, Responses, &asking(from, json!({ name: ["a"] })));
        assert_eq!((out.get(name), lost), (None, vec![format!("dropped {name}")]));
    }
}

#[test]
fn case_53_users_and_tiers_go_by_each_dialects_words() {
    let user = |dialect, user: &str| match dialect {
        Chat => json!({ "user": user }),
        Responses => json!({ "safety_identifier": user }),
        _ => json!({ "metadata": { "user_id": user } }),
    };
    let standard = |dialect| if dialect == Messages { "standard_only" } else { "default" };
    for (from, to) in PAIRS {
        let mut body = asking(from, user(from, "u"));
        body["service_tier"] = standard(from).into();
        let (out, lost) = ask(from, to, &body);
        let expected = user(to, "u");
        let (name, value) = expected.as_object().unwrap().iter().next().unwrap();
        assert_eq!((&out[name], &out["service_tier"], lost.len()), (value, &json!(standard(to)), 0), "{from} → {to}");
        if to != Messages {
            let long = "u".repeat(100);
            let (out, lost) = ask(from, to, &asking(from, user(from, &long)));
            assert_eq!((out[name].as_str().unwrap().len(), lost.len()), (64, 1), "{from} → {to}");
        }
    }
    assert_eq!(ask(Chat, Messages, &asking(Chat, json!({ "service_tier": "flex" }))).1, ["dropped service_tier"]);
    assert_eq!(ask(Chat, Messages, &asking(Chat, json!({ "metadata": { "a": "b" } }))).1, ["dropped metadata"]);
}

#[test]
fn case_58_calls_keep_their_ids_and_reasoning_goes_back_to_its_own_family_alone() {
    let input = json!([
        { "role": "user", "content": "x" },
        { "type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA" },
        { "type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "a", "arguments": "{}" },
        { "type": "function_call_output", "call_id": "call_1", "output": "1" },
    ]);
    let body = json!({ "model": "m", "input": input });
    let (out, lost) = ask(Responses, Messages, &body);
    assert_eq!(out["messages"][1]["content"], json!([{ "type": "tool_use", "id": "call_1", "name": "a", "input": {} }]));
    assert_eq!((&out["messages"][2]["content"][0]["tool_use_id"], lost), (&json!("call_1"), vec!["dropped input[1]".to_owned()]));
    let (out, lost) = ask(Responses, Chat, &body);
    assert_eq!((&out["messages"][1]["tool_calls"][0]["id"], lost), (&json!("call_1"), vec!["dropped input[1]".to_owned()]));
    let messages = json!({ "model": "m", "max_tokens": 64, "messages": [
        { "role": "user", "content": "x" },
        { "role": "assistant", "content": [{ "type": "thinking", "thinking": "t", "signature": "jeton:openai:gAAA" }, { "type": "text", "text": "y" }] },
        { "role": "user", "content": "z" },
    ] });
    let (out, _) = ask(Messages, Responses, &messages);
    assert_eq!(out["input"][1], json!({ "type": "reasoning", "summary": [{ "type": "summary_text", "text": "t" }], "encrypted_content": "gAAA" }));
}

#[test]
fn case_37_a_signature_of_another_family_is_left_out_with_notice() {
    let turn = |signature: &str| {
        json!({ "model": "m", "max_tokens": 64, "messages": [
            { "role": "user", "content": "x" },
            { "role": "assistant", "content": [{ "type": "thinking", "thinking": "t", "signature": signature }, { "type": "text", "text": "y" }] },
            { "role": "user", "content": "z" },
        ] })
    };
    for to in [Chat, Responses] {
        let (out, lost) = ask(Messages, to, &turn("EqQB"));
        assert!(!out.to_string().contains("EqQB"));
        assert_eq!(lost, ["dropped messages[1].content[0]"]);
    }
    let chat = json!({ "model": "m", "messages": [
        { "role": "user", "content": "x" },
        { "role": "assistant", "content": "y", "reasoning_details": [{ "type": "reasoning.text", "text": "t", "signature": "jeton:openai:gAAA" }] },
        { "role": "user", "content": "z" },
    ] });
    assert_eq!(ask(Chat, Messages, &chat).1, ["dropped messages[1].reasoning_details[0]"]);
    let (out, lost) = ask(Chat, Responses, &chat);
    assert_eq!((&out["input"][1]["encrypted_content"], lost.len()), (&json!("gAAA"), 0));
}

#[test]
fn case_36_thinking_stands_first_in_its_turn_and_without_it_a_turn_of_tools_does_not_think() {
    let chat = |details: Value| {
        json!({ "model": "m", "max_completion_tokens": 9000, "reasoning_effort": "low", "messages": [
            { "role": "user", "content": "x" },
            { "role": "assistant", "content": "y", "reasoning_details": details, "tool_calls": [{ "id": "1", "type": "function", "function": { "name": "a", "arguments": "{}" } }] },
            { "role": "tool", "tool_call_id": "1", "content": "z" },
        ] })
    };
    let (out, _) = ask(Chat, Messages, &chat(json!([{ "type": "reasoning.text", "text": "t", "signature": "s+/=" }])));
    let kinds: Vec<&str> = out["messages"][1]["content"].as_array().unwrap().iter().map(|block| block["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["thinking", "text", "tool_use"]);
    assert_eq!((&out["messages"][1]["content"][0]["signature"], out.get("thinking").is_some()), (&json!("s+/="), true));
    let (out, lost) = ask(Chat, Messages, &chat(json!([])));
    assert_eq!((out.get("thinking"), lost), (None, vec!["dropped reasoning_effort".to_owned()]));
}

#[test]
fn case_36_all_calls_of_tools_since_the_user_last_spoke_are_one_turn() {
    let thought = json!([{ "type": "reasoning.text", "text": "t", "signature": "s+/=" }]);
    let call = |id: &str, details: &Value| json!({ "role": "assistant", "reasoning_details": details, "tool_calls": [{ "id": id, "type": "function", "function": { "name": "a", "arguments": "{}" } }] });
    let result = |id: &str| json!({ "role": "tool", "tool_call_id": id, "content": "z" });
    let user = json!({ "role": "user", "content": "x" });
    let thinks = |messages: Value| {
        let (out, lost) = ask(Chat, Messages, &json!({ "model": "m", "max_completion_tokens": 9000, "reasoning_effort": "low", "messages": messages }));
        assert_eq!(lost.contains(&"dropped reasoning_effort".to_owned()), out.get("thinking").is_none(), "{lost:?}");
        out.get("thinking").is_some()
    };
    let (none, some) = (json!([]), thought);
    assert!(thinks(json!([user, call("1", &some), result("1"), call("2", &none), result("2")])), "behind a result it need not think");
    assert!(!thinks(json!([user, call("1", &none), result("1"), call("2", &some), result("2")])), "its turn begins without a thought");
    let spoken = json!([user, call("1", &none), result("1"), { "role": "assistant", "content": "y" }, user, call("2", &some), result("2")]);
    assert!(thinks(spoken), "an earlier turn is over");
    assert!(thinks(json!([user, call("1", &none), result("1"), { "role": "assistant", "content": "y" }, user])), "a new turn begins");
}

#[test]
fn case_59_what_is_stored_at_a_provider_is_refused_before_anything_is_sent() {
    for (name, value) in
        [("previous_response_id", json!("resp_1")), ("conversation", json!("conv_1")), ("background", json!(true)), ("prompt", json!({ "id": "p" }))]
    {
        for to in [Chat, Messages] {
            assert_eq!(refused(Responses, to, &asking(Responses, json!({ name: value }))).1, name);
        }
    }
    let reference = json!({ "model": "m", "input": [{ "type": "item_reference", "id": "msg_1" }] });
    assert_eq!(refused(Responses, Messages, &reference).1, "input[0]");
}

#[test]
fn case_60_formats_and_instructions_are_the_same_in_every_dialect() {
    let strict = json!({ "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"], "additionalProperties": false });
    let format = |dialect, schema: &Value| match dialect {
        Chat => json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "answer", "schema": schema, "strict": true } } }),
        Responses => json!({ "text": { "format": { "type": "json_schema", "name": "answer", "schema": schema, "strict": true } } }),
        _ => json!({ "output_config": { "format": { "type": "json_schema", "schema": schema } } }),
    };
    for (from, to) in PAIRS {
        let (out, _) = ask(from, to, &asking(from, format(from, &strict)));
        let wanted = format(to, &strict);
        let (name, value) = wanted.as_object().unwrap().iter().next().unwrap();
        assert_eq!(out[name], *value, "{from} → {to}");
    }
    let open = json!({ "type": "object", "properties": { "a": { "type": "string" } }, "additionalProperties": false });
    for to in [Chat, Responses] {
        let (out, lost) = ask(Messages, to, &asking(Messages, format(Messages, &open)));
        let is_strict = out.pointer("/response_format/json_schema/strict").or_else(|| out.pointer("/text/format/strict"));
        assert_eq!((is_strict, lost), (Some(&json!(false)), vec!["approximated output_config.format.schema".to_owned()]));
    }
    for input in [
        json!("Hi"),
        json!([{ "role": "user", "content": "Hi" }]),
        json!([{ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "Hi" }] }]),
    ] {
        assert_eq!(ask(Responses, Messages, &json!({ "model": "m", "input": input })).0["messages"], json!([{ "role": "user", "content": "Hi" }]));
    }
}

#[test]
fn case_15_and_16_several_answers_and_log_probabilities_are_refused_where_they_cannot_be_given() {
    for to in [Messages, Responses] {
        assert_eq!(refused(Chat, to, &asking(Chat, json!({ "n": 2 }))).1, "n");
        assert_eq!(refused(Chat, to, &asking(Chat, json!({ "logprobs": true }))).1, "logprobs");
        assert_eq!(ask(Chat, to, &asking(Chat, json!({ "n": 1, "logprobs": false }))).1, Vec::<String>::new());
    }
    assert_eq!(refused(Responses, Messages, &asking(Responses, json!({ "top_logprobs": 3 }))).1, "top_logprobs");
}

#[test]
fn case_75_a_part_that_the_target_cannot_take_is_refused_by_its_path() {
    let user = |dialect, part: Value| match dialect {
        Responses => json!({ "model": "m", "input": [{ "role": "user", "content": [{ "type": "input_text", "text": "x" }, part] }] }),
        Messages => json!({ "model": "m", "max_tokens": 64, "messages": [{ "role": "user", "content": [{ "type": "text", "text": "x" }, part] }] }),
        _ => json!({ "model": "m", "messages": [{ "role": "user", "content": [{ "type": "text", "text": "x" }, part] }] }),
    };
    let sound = json!({ "type": "input_audio", "input_audio": { "data": "UklG", "format": "mp3" } });
    let video = json!({ "type": "video_url", "video_url": { "url": "https://example.com/v.mp4" } });
    let sheet = json!({ "type": "file", "file": { "filename": "a.xlsx", "file_data": "data:application/vnd.ms-excel;base64,AAAA" } });
    let upload = json!({ "type": "container_upload", "file_id": "f" });
    for (from, to, part, words) in [
        (Chat, Messages, &sound, "audio"),
        (Chat, Responses, &sound, "audio"),
        (Chat, Messages, &video, "video_url"),
        (Chat, Responses, &video, "video_url"),
        (Chat, Messages, &sheet, "PDF"),
        (Messages, Chat, &upload, "container_upload"),
        (Messages, Responses, &upload, "container_upload"),
    ] {
        let (message, path) = refused(from, to, &user(from, part.clone()));
        assert_eq!(path, "messages[0].content[1]", "{from} → {to}");
        assert!(message.contains(words) && message.contains(&path), "{message}");
    }
    let stored = json!({ "type": "input_image", "file_id": "file-1" });
    assert_eq!(refused(Responses, Messages, &user(Responses, stored)).1, "input[0].content[1]");
}

#[test]
fn names_of_tools_that_no_vendor_takes_are_changed_in_every_place() {
    let chat = json!({ "model": "m", "tools": [tool(Chat, "files.read")], "tool_choice": { "type": "function", "function": { "name": "files.read" } }, "messages": [
        { "role": "user", "content": "x" },
        { "role": "assistant", "tool_calls": [{ "id": "1", "type": "function", "function": { "name": "files.read", "arguments": "{}" } }] },
        { "role": "tool", "tool_call_id": "1", "content": "y" },
    ] });
    let (out, _) = ask(Chat, Messages, &chat);
    let name = out["tools"][0]["name"].as_str().unwrap();
    assert_ne!(name, "files.read");
    assert_eq!((&out["tool_choice"]["name"], &out["messages"][1]["content"][0]["name"]), (&json!(name), &json!(name)));
}

#[test]
fn ids_of_calls_that_openai_would_refuse_are_shortened_alike_in_call_and_result() {
    let id = format!("call_{}|fc_{}", "x".repeat(24), "y".repeat(50));
    let body = json!({ "model": "m", "max_tokens": 9, "tools": [{ "name": "a", "input_schema": { "type": "object" } }], "messages": [
        { "role": "user", "content": "Hi" },
        { "role": "assistant", "content": [{ "type": "tool_use", "id": id, "name": "a", "input": {} }] },
        { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": id, "content": "1" }] },
    ] });
    let chat = ask(Messages, Chat, &body).0;
    let sent = chat["messages"][1]["tool_calls"][0]["id"].as_str().unwrap();
    assert_eq!((sent.len(), Some(sent)), (40, chat["messages"][2]["tool_call_id"].as_str()));
    let responses = ask(Messages, Responses, &body).0;
    let sent = responses["input"][1]["call_id"].as_str().unwrap();
    assert_eq!((sent.len(), Some(sent)), (64, responses["input"][2]["call_id"].as_str()));
    assert!(sent.starts_with("call_xxx"), "{sent}");
}

/// Prompts of one system message are common, and Responses takes no empty `input`.
#[test]
fn instructions_that_stand_alone_are_an_item_for_responses() {
    let (body, lost) = ask(Chat, Responses, &json!({ "model": "m", "messages": [{ "role": "system", "content": "Be brief." }] }));
    assert_eq!((body.get("instructions"), lost.len()), (None, 0));
    assert_eq!(body["input"], json!([{ "type": "message", "role": "developer", "content": [{ "type": "input_text", "text": "Be brief." }] }]));
}

#[test]
fn case_49_a_grade_that_the_model_does_not_know_is_the_nearest_one() {
    let mut o_series = Target::new(Responses, "o3", 64_000);
    o_series.takes.effort_min = Effort::Low;
    let mut newer = Target::new(Chat, "gpt-5.1", 64_000);
    newer.takes.effort_gaps = vec![Effort::Minimal];
    let mut opus = Target::new(Messages, "claude-opus-4-6", 64_000);
    (opus.takes.adaptive_thinking, opus.takes.effort_max, opus.takes.effort_gaps) = (true, Effort::Max, vec![Effort::Minimal, Effort::XHigh]);
    let level = |word: &str| json!({ "generationConfig": { "thinkingConfig": { "thinkingLevel": word } }, "contents": [{ "parts": [{ "text": "Hi" }] }] });
    let graded = |target: &Target, effort: &str| {
        let from = if target.endpoint == Responses { Chat } else { Responses };
        let body = match from {
            Chat => asking(Chat, json!({ "reasoning_effort": effort })),
            _ => asking(Responses, json!({ "reasoning": { "effort": effort } })),
        };
        let (body, lost) = ask_of(from, target, &body).unwrap();
        let places = ["/reasoning/effort", "/reasoning_effort", "/output_config/effort"];
        let grade = places.iter().find_map(|place| body.pointer(place)?.as_str()).unwrap_or_default().to_owned();
        (grade, lost.len())
    };
    assert_eq!([graded(&o_series, "none"), graded(&o_series, "minimal"), graded(&o_series, "low")], [("low".into(), 1), ("low".into(), 1), ("low".into(), 0)]);
    assert_eq!([graded(&newer, "minimal"), graded(&newer, "none")], [("low".into(), 1), ("none".into(), 0)]);
    assert_eq!([graded(&opus, "minimal"), graded(&opus, "xhigh"), graded(&opus, "max")], [("low".into(), 1), ("high".into(), 1), ("max".into(), 0)]);
    // A small budget stands for no grade that is refused, either.
    let thinking = json!({ "thinking": { "type": "enabled", "budget_tokens": 1024 }, "max_tokens": 32_000 });
    assert_eq!(ask_of(Messages, &newer, &asking(Messages, thinking)).unwrap().0["reasoning_effort"], "low");
    assert_eq!(ask_of(Generate, &newer, &level("MINIMAL")).unwrap().0["reasoning_effort"], "low");
}

#[test]
fn case_49_a_model_that_does_not_think_is_asked_nothing_about_it() {
    let mut plain = Target::new(Responses, "gpt-4.1", 64_000);
    plain.takes.effort_max = Effort::None;
    for thinking in [json!({ "type": "disabled" }), json!({ "type": "enabled", "budget_tokens": 1024 })] {
        let (body, _) = ask_of(Messages, &plain, &asking(Messages, json!({ "thinking": thinking, "max_tokens": 4_000 }))).unwrap();
        assert_eq!((body.get("reasoning"), body.get("include")), (None, None), "{body}");
    }
}

#[test]
fn stop_texts_are_told_as_lost_where_the_model_takes_none() {
    let mut o3 = Target::new(Chat, "o3", 64_000);
    o3.takes.stop_texts = false;
    let (body, lost) = ask_of(Messages, &o3, &asking(Messages, json!({ "stop_sequences": ["\n\n"] }))).unwrap();
    assert_eq!((body.get("stop"), lost), (None, vec!["dropped stop_sequences".to_owned()]));
    let (body, lost) = ask_of(Messages, &o3, &asking(Messages, json!({}))).unwrap();
    assert_eq!((body.get("stop"), lost.len()), (None, 0));
}

/// Found by fuzzing: what is left of the block was an empty one.
#[test]
fn reasoning_within_a_tools_result_is_left_out_and_told() {
    let body = json!({ "model": "m", "max_tokens": 9, "messages": [
        { "role": "user", "content": "Hi" },
        { "role": "assistant", "content": [{ "type": "tool_use", "id": "t1", "name": "a", "input": {} }] },
        { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "t1", "content": [{ "type": "thinking", "thinking": "Hm", "signature": "c2ln" }, { "type": "text", "text": "1" }] }] },
    ] });
    let (body, lost) = ask(Messages, Messages, &body);
    assert_eq!(body["messages"][2]["content"][0]["content"], json!([{ "type": "text", "text": "1" }]));
    assert_eq!(lost, ["dropped messages[2].content[0].content[0]"]);
}

#[test]
fn case_46_what_is_empty_parts_no_turns_and_a_conversation_of_nothing_is_refused() {
    let said = |role: &str, text: &str| json!({ "role": role, "content": text });
    let body = json!({ "model": "m", "messages": [said("user", "Hi"), said("assistant", ""), said("user", "Hello?")] });
    for to in [Messages, Converse, Generate] {
        let (body, _) = ask(Chat, to, &body);
        let turns = body.get("messages").or_else(|| body.get("contents")).unwrap().as_array().unwrap();
        assert_eq!(turns.len(), 1, "{to}: {body}");
    }
    for to in [Messages, Converse, Generate, Responses] {
        let (why, path) = refused(Chat, to, &json!({ "model": "m", "messages": [said("user", "")] }));
        assert!(path == "messages" && why.contains("says nothing"), "{to}: {why}");
    }
    let (body, lost) = ask(Chat, Converse, &json!({ "model": "m", "messages": [said("assistant", "Hello"), said("user", "Hi")] }));
    let roles: Vec<&str> = body["messages"].as_array().unwrap().iter().filter_map(|turn| turn["role"].as_str()).collect();
    assert_eq!((roles, lost), (vec!["user", "assistant", "user"], vec!["approximated messages[0].content".to_owned()]));
}

#[test]
fn case_46_a_call_that_nobody_answered_gets_a_result_that_says_so_where_the_conversation_goes_on() {
    let call = |id: &str| json!({ "id": id, "type": "function", "function": { "name": "a", "arguments": "{}" } });
    let begun = json!([{ "role": "user", "content": "Hi" }, { "role": "assistant", "tool_calls": [call("c1"), call("c2")] }, { "role": "tool", "tool_call_id": "c1", "content": "1" }]);
    let body = json!({ "model": "m", "messages": begun, "tools": [tool(Chat, "a")] });
    let (sent, lost) = ask(Chat, Messages, &body);
    let results = sent["messages"][2]["content"].as_array().unwrap();
    let ids: Vec<&str> = results.iter().filter_map(|result| result["tool_use_id"].as_str()).collect();
    assert_eq!((ids.len(), ids.contains(&"c2"), lost), (2, true, vec!["approximated messages[1].tool_calls[1]".to_owned()]));
    assert!(results.iter().any(|result| result["content"] == "(There is no result of this call.)"), "{sent}");
    // A call that is the last word waits for its result.
    let waiting = json!({ "model": "m", "messages": [begun[0], begun[1]], "tools": [tool(Chat, "a")] });
    assert_eq!(ask(Chat, Messages, &waiting).0["messages"].as_array().unwrap().len(), 2);
}

#[test]
fn case_19_a_limit_beyond_what_the_model_writes_is_the_models_own_and_told() {
    for (to, place) in [
        (Messages, "/max_tokens"),
        (Responses, "/max_output_tokens"),
        (Generate, "/generationConfig/maxOutputTokens"),
        (Converse, "/inferenceConfig/maxTokens"),
    ] {
        let mut target = Target::new(to, "m", 4_096);
        target.output_most = Some(4_096);
        let (body, lost) = ask_of(Chat, &target, &asking(Chat, json!({ "max_completion_tokens": 900_000 }))).unwrap();
        assert_eq!((body.pointer(place), lost), (Some(&json!(4_096)), vec!["approximated max_completion_tokens".to_owned()]), "{to}");
        let (_, lost) = ask_of(Chat, &target, &asking(Chat, json!({ "max_completion_tokens": 4_096 }))).unwrap();
        assert!(lost.is_empty(), "{to}: {lost:?}");
    }
}

#[test]
fn case_75_images_of_types_that_anthropic_refuses_are_refused_and_files_are_named_by_their_type() {
    let image = |media_type: &str| json!({ "model": "m", "messages": [{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": format!("data:{media_type};base64,AAAA") } }] }] });
    let (why, path) = refused(Chat, Messages, &image("image/svg+xml"));
    assert!(path == "messages[0].content[0]" && why.contains("JPEG, PNG, GIF or WebP"), "{why}");
    assert_eq!(ask(Chat, Messages, &image("image/jpg")).0["messages"][0]["content"][0]["source"]["media_type"], "image/jpeg");
    let file = json!({ "contents": [{ "parts": [{ "inlineData": { "mimeType": "text/csv", "data": "YQ==" } }] }] });
    assert_eq!(ask(Generate, Chat, &file).0["messages"][0]["content"][0]["file"]["filename"], "document.csv");
}
