//! `jeton model probe` against twins of OpenAI and Anthropic, some of which lack what the data claims.

use crate::common::{BINARY, assert_has, golden, verify};
use jeton_testkit::http::Request;
use jeton_testkit::{Exchange, Output, Project, Upstream, fixtures};
use serde_json::{Value, json};
use std::net::TcpListener;

/// A twin that has every ability but those that `lacks` names, by a text of the request that it refuses in these words.
fn twin(lacks: &'static [(&'static str, &'static str)]) -> Upstream {
    Upstream::start(move |exchange| {
        let text = exchange.request.text();
        if let Some((_, words)) = lacks.iter().find(|(what, _)| text.contains(what) || exchange.request.target.ends_with(what)) {
            return exchange.document(400, json!({ "error": { "message": words, "type": "invalid_request_error" } }).to_string());
        }
        answer(exchange, &text)
    })
}

fn answer(exchange: &mut Exchange<'_>, text: &str) -> std::io::Result<()> {
    let body = exchange.request.json();
    let is_stream = body["stream"] == true;
    match exchange.request.target.as_str() {
        "/v1/messages/count_tokens" => exchange.document(200, r#"{"input_tokens":9}"#),
        "/v1/messages" if is_stream => exchange.events(&[fixtures::messages_stream("Hello", 9, 3).as_bytes()]),
        "/v1/messages" => exchange.document(200, message(&body, text).to_string()),
        "/v1/responses" if is_stream => exchange.events(&[fixtures::responses_stream("Hello", 9, 3, "completed").as_bytes()]),
        "/v1/responses" => exchange.document(200, response(&body, text).to_string()),
        _ if is_stream && text.contains("include_usage") => exchange.events(&[fixtures::chat_stream_with_usage("Hello", 9, 3).as_bytes()]),
        _ if is_stream => exchange.events(&[fixtures::chat_stream("Hello").as_bytes()]),
        _ => exchange.document(200, completion(&body, text).to_string()),
    }
}

/// What a model that can do all would say.
fn words(text: &str) -> &'static str {
    let known = [
        ("the one word heron", "Heron"),
        ("Which colour", "Red."),
        ("Which word", "PELICAN"),
        ("numbers from 1", "1 2 3 4 5 "),
        ("answer as JSON", r#"{"city":"Oslo"}"#),
        ("capital of Norway", r#"{"city":"Oslo"}"#),
        ("17 times 23", "391"),
    ];
    known.iter().find(|(asked, _)| text.contains(asked)).map_or("Hello", |(_, said)| said)
}

/// How often the tool is called.
fn calls(text: &str) -> usize {
    match (text.contains("\"tools\""), text.contains("in Oslo")) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) => 2,
    }
}

fn completion(body: &Value, text: &str) -> Value {
    let mut answer: Value = serde_json::from_slice(&fixtures::chat_document(9, 3)).unwrap();
    let call =
        |index: usize| json!({ "id": format!("call_{index}"), "type": "function", "function": { "name": "weather", "arguments": "{\"city\":\"Paris\"}" } });
    let mut choice = answer["choices"][0].clone();
    choice["message"]["content"] = words(text).into();
    if calls(text) > 0 {
        choice["message"]["tool_calls"] = (0..calls(text)).map(call).collect();
    }
    if body["logprobs"] == true {
        choice["logprobs"] = json!({ "content": [{ "token": "Hello", "logprob": -0.1, "top_logprobs": [] }] });
    }
    answer["choices"] = json!(vec![choice; usize::try_from(body["n"].as_u64().unwrap_or(1)).unwrap()]);
    answer["usage"]["prompt_tokens_details"] = json!({ "cached_tokens": 0 });
    if !body["reasoning_effort"].is_null() {
        answer["usage"]["completion_tokens_details"] = json!({ "reasoning_tokens": 2 });
    }
    answer
}

fn response(body: &Value, text: &str) -> Value {
    let mut answer: Value = serde_json::from_slice(&fixtures::responses_document(9, 3)).unwrap();
    answer["output"][0]["content"][0]["text"] = words(text).into();
    if text.contains("logprobs") {
        answer["output"][0]["content"][0]["logprobs"] = json!([{ "token": "Hello", "logprob": -0.1 }]);
    }
    let call =
        |index: usize| json!({ "type": "function_call", "id": format!("fc_{index}"), "call_id": "c", "name": "weather", "arguments": "{\"city\":\"Paris\"}" });
    let calls = (0..calls(text)).map(call);
    let thought = (!body["reasoning"].is_null()).then(|| json!({ "type": "reasoning", "id": "rs_1", "summary": [] }));
    answer["output"].as_array_mut().unwrap().extend(calls.chain(thought));
    answer
}

fn message(body: &Value, text: &str) -> Value {
    let mut answer: Value = serde_json::from_slice(&fixtures::messages_document(9, 3)).unwrap();
    answer["content"][0]["text"] = words(text).into();
    let call = |index: usize| json!({ "type": "tool_use", "id": format!("toolu_{index}"), "name": "weather", "input": { "city": "Paris" } });
    let thought = (!body["thinking"].is_null()).then(|| json!({ "type": "thinking", "thinking": "17 × 23", "signature": "c2ln" }));
    answer["content"].as_array_mut().unwrap().extend((0..calls(text)).map(call).chain(thought));
    answer["usage"]["cache_read_input_tokens"] = json!(0);
    answer["usage"]["cache_creation_input_tokens"] = json!(0);
    answer
}

/// A project whose provider `acme` sells OpenAI's models and `claudia` Anthropic's, both at `upstream`.
fn project(upstream: &Upstream, more: &str) -> Project {
    let url = upstream.url();
    Project::with(
        BINARY,
        &format!(
            "[providers.acme]\napi = \"openai\"\nbase_url = \"{url}/v1\"\nprices = \"openai\"\n{more}\n[providers.claudia]\napi = \"anthropic\"\nbase_url = \"{url}\"\nprices = \"anthropic\"\n"
        ),
    )
}

/// The row of an ability in the JSON of the one model that was probed.
#[track_caller]
fn row(output: &Output, ability: &str) -> Value {
    let shown = output.json();
    let rows = shown["models"][0]["abilities"].as_array().unwrap();
    rows.iter().find(|row| row["ability"] == ability).unwrap_or_else(|| panic!("no {ability} in {shown}")).clone()
}

#[test]
fn an_openai_twin_that_has_what_is_claimed_agrees() {
    let upstream = twin(&[("temperature", "Unsupported value: temperature"), ("application/pdf", "Invalid file type")]);
    let project = project(&upstream, "");
    golden("probe-openai", &project, &["model", "probe", "acme/gpt-5"]);
    verify(&project);
    let calls = project.json(&["call", "list", "--class", "jeton.probe", "--limit", "100"]);
    assert_eq!(calls.as_array().unwrap().len(), upstream.count());
    assert!(calls.as_array().unwrap().iter().all(|call| call["model_asked"] == "acme/gpt-5"));
}

#[test]
fn an_anthropic_twin_that_lacks_what_is_claimed_is_told_apart() {
    let upstream = twin(&[
        ("temperature", "`temperature` is deprecated for this model."),
        ("\"budget_tokens\"", "budget_tokens: not supported"),
        ("application/pdf", "document: PDF input is not supported"),
        ("cache_control", "cache_control: unknown field"),
    ]);
    let project = project(&upstream, "");
    golden("probe-anthropic", &project, &["model", "probe", "claudia/claude-opus-4-7"]);
    verify(&project);
    let asked = upstream.requests();
    assert!(asked.iter().any(|request| request.target.ends_with("/count_tokens")));
    assert!(asked.iter().all(|request| request.header("anthropic-version").is_some() && request.json()["model"] == "claude-opus-4-7"));
}

#[test]
fn requests_are_passed_on_as_they_are_in_the_providers_own_dialect() {
    let upstream = twin(&[]);
    let project = project(&upstream, "");
    let output = project.run(&["model", "probe", "acme/gpt-4o", "--only", "n,seed,image", "--json"]);
    assert_eq!(row(&output, "n")["seen"], "yes");
    assert_eq!(row(&output, "seed"), json!({ "ability": "seed", "claimed": null, "seen": "accepted", "agrees": null, "said": null, "remedy": null }));
    let asked: Vec<Value> = upstream.requests().iter().map(jeton_testkit::Recorded::json).collect();
    assert_eq!(asked.len(), 4, "the plain question and three more");
    assert_eq!(asked[0], json!({ "model": "gpt-4o", "messages": [{ "role": "user", "content": "Say hello in one word." }], "max_tokens": 64 }));
    assert!(asked[1]["messages"][0]["content"][1]["image_url"]["url"].as_str().unwrap().starts_with("data:image/png;base64,iVBORw0KGgo"));
    assert_eq!((&asked[2]["seed"], &asked[3]["n"]), (&json!(7), &json!(2)));
}

#[test]
fn what_is_taken_without_effect_is_a_no() {
    let deaf = Upstream::start(|exchange| match exchange.request.json()["stream"] == true {
        true => exchange.events(&[fixtures::chat_stream("Hello").as_bytes()]),
        false => exchange.document(200, fixtures::chat_document(9, 3)),
    });
    let project = project(&deaf, "stream_options = true");
    let output = project.run(&["model", "probe", "acme/gpt-4o", "--only", "image,stream_usage,logprobs,tools,schema", "--json"]);
    assert_eq!(output.code, 1, "{output:?}");
    let usage = row(&output, "stream_usage");
    assert_eq!((&usage["claimed"], &usage["seen"], &usage["agrees"]), (&json!(true), &json!("no"), &json!(false)), "{usage}");
    assert_has(usage["remedy"].as_str().unwrap(), &["stream_options = false", "[providers.acme]"]);
    assert_eq!([&row(&output, "image")["seen"], &row(&output, "logprobs")["seen"], &row(&output, "schema")["seen"]], ["no", "no", "no"]);
    let tools = row(&output, "tools");
    assert_eq!((&tools["seen"], &tools["agrees"]), (&json!("not known"), &json!(null)), "a model need not call a tool: {tools}");
}

#[test]
fn the_name_of_the_output_limit_is_found_and_the_rest_is_asked_by_it() {
    let upstream = twin(&[("\"max_tokens\"", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")]);
    let output = project(&upstream, "").run(&["model", "probe", "acme/gpt-4o", "--only", "output_limit,stop", "--json"]);
    assert_eq!(output.code, 1, "{output:?}");
    let limit = row(&output, "output_limit");
    assert_eq!((&limit["seen"], &limit["agrees"]), (&json!("no"), &json!(false)));
    assert_has(limit["remedy"].as_str().unwrap(), &["output_limit_field = \"max_completion_tokens\""]);
    assert_eq!((&row(&output, "text")["seen"], &row(&output, "stop")["seen"]), (&json!("yes"), &json!("yes")));

    let set =
        project(&upstream, "output_limit_field = \"max_completion_tokens\"").run(&["model", "probe", "acme/gpt-4o", "--only", "output_limit,stop", "--json"]);
    assert_eq!((set.code, &row(&set, "output_limit")["agrees"]), (0, &json!(true)), "what the remedy says is one: {set:?}");
}

#[test]
fn an_endpoint_that_the_provider_lacks_is_named_with_its_line() {
    let upstream = twin(&[("/responses", "no such path")]);
    let output = project(&upstream, "").run(&["model", "probe", "acme/gpt-4o", "--only", "other_endpoint", "--json"]);
    assert_eq!(output.code, 1, "{output:?}");
    assert_has(row(&output, "other_endpoint")["remedy"].as_str().unwrap(), &["endpoints = [\"chat\"]"]);
    let responses = project(&upstream, "endpoints = [\"responses\"]").run(&["model", "probe", "acme/gpt-4o", "--json"]);
    assert_eq!(responses.code, 1, "the plain question is refused there: {responses:?}");
    assert_eq!(row(&responses, "text")["said"], "400: no such path");
    assert_eq!(row(&responses, "tools")["said"], "a plain question is refused already");
}

#[test]
fn responses_are_asked_where_they_are_the_providers_first_endpoint() {
    let upstream = twin(&[("temperature", "Unsupported parameter: 'temperature'"), ("application/pdf", "Invalid file type")]);
    let output = project(&upstream, "endpoints = [\"responses\"]").run(&["model", "probe", "acme/gpt-5.2", "--json"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(upstream.requests().iter().all(|request| request.target == "/v1/responses"));
    assert_eq!(output.json()["models"][0]["endpoint"], "responses");
    for ability in
        ["streaming", "stream_usage", "system", "tools", "parallel_tools", "strict_tool", "schema", "image", "thinking", "effort", "logprobs", "cache"]
    {
        assert_eq!(row(&output, ability)["seen"], "yes", "{ability}: {output:?}");
    }
    assert_eq!((&row(&output, "temperature")["claimed"], &row(&output, "temperature")["agrees"]), (&json!(false), &json!(true)));
}

#[test]
fn the_budget_is_a_wall_and_what_it_left_unasked_is_not_known() {
    let upstream = twin(&[]);
    let project = project(&upstream, "");
    // A plain question of GPT-4o is bound at some four thousandths of a dollar, and costs 52 millionths in truth.
    let output = project.run(&["model", "probe", "acme/gpt-4o", "--budget", "0.0038", "--json"]);
    assert_eq!(output.code, 4, "{output:?}");
    let charged = output.json()["charged_nanousd"].as_u64().unwrap();
    assert!(charged > 0 && charged <= 3_800_000, "{charged}");
    assert_eq!(row(&output, "text")["seen"], "yes");
    let image = row(&output, "image");
    assert_eq!(image["seen"], "not known");
    assert_has(image["said"].as_str().unwrap(), &["not asked", "of the budget is left"]);
    let spent: u64 = project
        .json(&["call", "list", "--class", "jeton.probe", "--limit", "100"])
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["charged"].as_u64().unwrap())
        .sum();
    assert_eq!(spent, charged, "the ledger says the same");

    let nothing = project.run(&["model", "probe", "acme/gpt-4o", "--budget", "0.0000001"]);
    assert_eq!(
        (nothing.code, upstream.count()),
        (4, usize::try_from(output.json()["models"][0]["calls"].as_u64().unwrap()).unwrap()),
        "nothing more was sent: {nothing:?}"
    );
    assert_eq!(project.run(&["model", "probe", "acme/gpt-4o", "--budget", "0"]).code, 2);
}

#[test]
fn a_model_without_a_price_is_not_asked() {
    let upstream = twin(&[]);
    let output = project(&upstream, "").run(&["model", "probe", "acme/no-such-model", "--json"]);
    assert_eq!((output.code, upstream.count()), (4, 0), "{output:?}");
    assert_has(row(&output, "text")["said"].as_str().unwrap(), &["price is unknown"]);
}

#[test]
fn a_provider_that_cannot_be_asked_is_exit_3_and_no_ability_is_denied() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = Project::with(BINARY, &format!("[providers.acme]\napi = \"openai\"\nbase_url = \"http://{nobody}/v1\"\nprices = \"openai\"\n"));
    let output = gone.run(&["model", "probe", "acme/gpt-4o", "--json"]);
    assert_eq!(output.code, 3, "{output:?}");
    assert_eq!(output.json()["models"][0]["calls"], 1, "one question is enough");
    assert!(output.json()["models"][0]["abilities"].as_array().unwrap().iter().all(|row| row["seen"] == "not known"), "{output:?}");
    assert_has(&output.stderr, &["acme/gpt-4o", "did not answer", "base_url"]);
    assert!(!output.stderr.contains("routes"), "advice for callers is none here: {output:?}");
    for api in ["gemini", "bedrock"] {
        let prices = "[models.\"cloud/m\"]\nprice = { input = 1.0, output = 2.0 }\n";
        let gone = Project::with(BINARY, &format!("[providers.cloud]\napi = \"{api}\"\nbase_url = \"http://{nobody}\"\n{prices}"));
        let output = gone.run(&["model", "probe", "cloud/m"]);
        assert_eq!(output.code, 3, "{api}: {output:?}");
        assert_has(&output.stdout, &["1 call, $0.00"]);
    }

    let locked = Upstream::start(|exchange| exchange.document(401, r#"{"error":{"message":"Incorrect API key provided"}}"#));
    let output = project(&locked, "").run(&["model", "probe", "claudia/claude-haiku-4-5"]);
    assert_eq!((output.code, locked.count()), (3, 1), "{output:?}");
    assert_has(&output.stdout, &["The provider could not be asked: 401: Incorrect API key provided"]);
}

#[test]
fn errors_that_say_nothing_of_the_ability_are_not_known() {
    for (status, words) in [(429, "Rate limit reached"), (500, "The server had an error"), (403, "Your plan has no images")] {
        let upstream = Upstream::start(move |exchange| {
            let text = exchange.request.text();
            if text.contains("image_url") {
                return exchange.document(status, json!({ "error": { "message": words } }).to_string());
            }
            answer(exchange, &text)
        });
        let output = project(&upstream, "").run(&["model", "probe", "acme/gpt-4o", "--only", "image", "--json"]);
        assert_eq!(output.code, 4, "{output:?}");
        let image = row(&output, "image");
        assert_eq!((&image["seen"], &image["agrees"]), (&json!("not known"), &json!(null)), "{image}");
        assert_has(image["said"].as_str().unwrap(), &[&status.to_string(), words]);
    }
}

#[test]
fn names_that_are_not_known_suggest_the_nearest() {
    let upstream = twin(&[]);
    let project = project(&upstream, "models = [\"gpt-4o\"]");
    let output = project.run(&["model", "probe", "acme/gpt4o"]);
    assert_eq!((output.code, upstream.count()), (2, 0), "{output:?}");
    assert_has(&output.stderr, &["There is no model `acme/gpt4o`", "acme/gpt-4o"]);
    let ability = project.run(&["model", "probe", "acme/gpt-4o", "--only", "imag"]);
    assert_eq!(ability.code, 2);
    assert_has(&ability.stderr, &["imag", "image"]);
}

#[test]
fn without_a_name_the_models_of_the_configuration_are_probed() {
    let upstream = twin(&[]);
    let listed = project(&upstream, "models = [\"gpt-4o\", \"text-embedding-3-small\", \"gpt-4o-mini\"]");
    let output = listed.run(&["model", "probe", "--only", "tools", "--json"]);
    assert_eq!(output.code, 0, "{output:?}");
    let shown = output.json();
    let names: Vec<&str> = shown["models"].as_array().unwrap().iter().map(|model| model["model"].as_str().unwrap()).collect();
    assert_eq!(names, ["acme/gpt-4o", "acme/gpt-4o-mini"]);
    let none = project(&upstream, "").run(&["model", "probe"]);
    assert_eq!(none.code, 2);
    assert_has(&none.stderr, &["names no model", "jeton model list"]);
}

#[test]
fn beside_a_running_server_the_calls_go_through_it() {
    let upstream = twin(&[]);
    let project = project(&upstream, "");
    let server = project.start();
    let output = project.run(&["model", "probe", "claudia/claude-haiku-4-5", "--only", "streaming,tools,count_tokens", "--json"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(row(&output, "streaming")["seen"], "yes");
    assert_has(&output.stderr, &["calls go through the server at"]);
    let calls = server.ask(&Request::get("/api/calls?class=jeton.probe")).json();
    assert!(calls.to_string().contains("jeton.probe"), "{calls}");
    drop(server);
    verify(&project);
}

#[test]
fn what_the_remedy_says_mends_the_claim() {
    let upstream = twin(&[("temperature", "Unsupported value: temperature"), ("reasoning_effort", "Unrecognized request argument: reasoning_effort")]);
    let args = ["model", "probe", "acme/gpt-4.1", "--only", "temperature,top_p,effort,thinking", "--json"];
    let wrong = project(&upstream, "").run(&args);
    assert_eq!(wrong.code, 1, "{wrong:?}");
    let remedy = row(&wrong, "temperature")["remedy"].as_str().unwrap().to_owned();
    assert_has(&remedy, &["`samplers = \"none\"`", "[models.\"acme/gpt-4.1\".abilities]"]);
    assert_eq!(row(&wrong, "thinking")["agrees"], true, "it is not said to think: {wrong:?}");

    let mended = project(&upstream, "[models.\"acme/gpt-4.1\".abilities]\nsamplers = \"none\"").run(&args);
    assert_eq!(mended.code, 0, "{mended:?}");
    assert_eq!((&row(&mended, "temperature")["claimed"], &row(&mended, "top_p")["agrees"]), (&json!(false), &json!(true)));

    let boast = project(&upstream, "[models.\"acme/gpt-4.1\".abilities]\nsamplers = \"none\"\neffort_max = \"xhigh\"").run(&args);
    assert_eq!(boast.code, 1);
    assert_has(row(&boast, "effort")["remedy"].as_str().unwrap(), &["effort_max = \"high\""]);
    assert_has(row(&boast, "thinking")["remedy"].as_str().unwrap(), &["effort_max = \"none\""]);
}
