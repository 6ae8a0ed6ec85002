//! The clouds' services as providers, and Gemini's dialect as a face, through the real binary: addresses, credentials, signatures,
//! framing. The shapes themselves are tested in `wire`.

use crate::common::{CHAT, House, MESSAGES, PRICES, assert_has};
use jeton_testkit::aws::{event_frame, frame};
use jeton_testkit::fixtures;
use jeton_testkit::http::Request;
use jeton_testkit::{Recorded, Upstream, eventually};
use serde_json::{Value, json};

const ASK: &str = r#"{"messages":[{"role":"user","content":"Hi"}],"max_tokens":50,"model":"MODEL"}"#;
const GENERATE: &str = r#"{ "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }], "generationConfig": { "maxOutputTokens": 50 } }"#;

fn ask(model: &str) -> String {
    ASK.replace("MODEL", model)
}

/// A provider called `cloud` with one priced model, in front of `upstream`, under environment variables of its own.
fn house(upstream: Upstream, provider: &str, model: &str, variables: &[(&str, &str)]) -> House {
    let provider = provider.replace("URL", &upstream.url());
    let project = crate::common::project(&upstream, &format!("[providers.cloud]\n{provider}\n[models.\"cloud/{model}\"]\n{PRICES}"));
    House { server: project.start_with_env(variables), upstream, project }
}

/// What Gemini answers, as one document or as the last event of a stream.
fn generated(text: &str) -> Value {
    json!({
        "candidates": [{ "content": { "role": "model", "parts": [{ "text": text }] }, "finishReason": "STOP", "index": 0 }],
        "usageMetadata": { "promptTokenCount": 5, "candidatesTokenCount": 3, "totalTokenCount": 8 },
        "modelVersion": "gemini-x", "responseId": "r1",
    })
}

fn data(events: &str) -> Vec<Value> {
    events.lines().filter_map(|line| line.strip_prefix("data: ")).filter_map(|data| serde_json::from_str(data).ok()).collect()
}

/// A whole ConverseStream answer, in frames.
fn converse_frames(text: &str) -> Vec<u8> {
    [
        event_frame("messageStart", &json!({ "role": "assistant" })),
        event_frame("contentBlockDelta", &json!({ "contentBlockIndex": 0, "delta": { "text": text } })),
        event_frame("contentBlockStop", &json!({ "contentBlockIndex": 0 })),
        event_frame("messageStop", &json!({ "stopReason": "end_turn" })),
        metadata_frame(),
    ]
    .concat()
}

/// The last frame of such an answer.
fn metadata_frame() -> Vec<u8> {
    event_frame("metadata", &json!({ "usage": { "inputTokens": 5, "outputTokens": 3, "totalTokens": 8 }, "metrics": { "latencyMs": 9 } }))
}

/// A provider that streams in AWS's framing, in pieces that cut through frames.
fn converse_streaming(frames: Vec<u8>) -> Upstream {
    Upstream::start(move |exchange| exchange.frames(&frames))
}

fn converse_document() -> Vec<u8> {
    json!({
        "output": { "message": { "role": "assistant", "content": [{ "text": "Hello." }] } }, "stopReason": "end_turn",
        "usage": { "inputTokens": 5, "outputTokens": 3, "totalTokens": 8 }, "metrics": { "latencyMs": 9 },
    })
    .to_string()
    .into_bytes()
}

fn content_of(events: &[Value]) -> String {
    events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect()
}

#[test]
fn azure_is_asked_in_openais_dialect_with_a_key_of_its_own() {
    let settings = "api = \"azure\"\nbase_url = \"URL/openai/v1\"\napi_key = { env = \"AZURE_KEY\" }";
    let house = house(Upstream::document(fixtures::chat_document(5, 3)), settings, "mine", &[("AZURE_KEY", "azure-secret")]);
    let reply = house.server.post(CHAT, ask("cloud/mine"));
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let sent = house.upstream.last();
    assert_eq!((sent.target.as_str(), sent.header("api-key"), sent.header("authorization")), ("/openai/v1/chat/completions", Some("azure-secret"), None));
    assert_eq!(sent.text(), ask("mine"));
    house.verify();
}

#[test]
fn azures_older_api_names_the_deployment_in_its_path() {
    let settings = "api = \"azure\"\nbase_url = \"URL\"\napi_version = \"2024-10-21\"\napi_key = { env = \"AZURE_KEY\" }";
    let house = house(Upstream::document(fixtures::chat_document(5, 3)), settings, "mine", &[("AZURE_KEY", "azure-secret")]);
    assert_eq!(house.server.post(CHAT, ask("cloud/mine")).status(), 200);
    assert_eq!(house.upstream.last().target, "/openai/deployments/mine/chat/completions?api-version=2024-10-21");
}

#[test]
fn a_chat_client_is_served_by_gemini() {
    let settings = "api = \"gemini\"\nbase_url = \"URL\"\napi_key = { env = \"KEY\" }";
    let upstream = Upstream::start(|exchange| {
        if exchange.request.target.contains("alt=sse") {
            let (first, last) = (json!({ "candidates": [{ "content": { "role": "model", "parts": [{ "text": "Hel" }] }, "index": 0 }] }), generated("lo."));
            exchange.events(&[format!("data: {first}\r\n\r\n").as_bytes(), format!("data: {last}\r\n\r\n").as_bytes()])
        } else {
            exchange.document(200, generated("Hello.").to_string())
        }
    });
    let house = house(upstream, settings, "gemini-x", &[("KEY", "google-secret")]);
    let reply = house.server.post(CHAT, ask("cloud/gemini-x"));
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let sent = house.upstream.last();
    assert_eq!((sent.target.as_str(), sent.header("x-goog-api-key")), ("/v1beta/models/gemini-x:generateContent", Some("google-secret")));
    assert_eq!(sent.json(), json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }], "generationConfig": { "maxOutputTokens": 50 } }));
    let answer = reply.json();
    assert_eq!((answer["choices"][0]["message"]["content"].as_str(), answer["usage"]["total_tokens"].as_u64()), (Some("Hello."), Some(8)));
    assert_eq!(house.server.record(&reply.call())["charged_nanousd"], 11_000);

    let streamed = house.server.post(CHAT, ask("cloud/gemini-x").replacen('{', r#"{"stream":true,"stream_options":{"include_usage":true},"#, 1));
    assert_eq!(house.upstream.last().target, "/v1beta/models/gemini-x:streamGenerateContent?alt=sse");
    let events = data(&streamed.text());
    assert_eq!(content_of(&events), "Hello.");
    assert_eq!(events.last().unwrap()["usage"]["total_tokens"], 8, "{}", streamed.text());
    assert!(streamed.text().ends_with("data: [DONE]\n\n"));
    assert_eq!(house.server.record(&streamed.call())["charged_nanousd"], 11_000);
    house.verify();
}

#[test]
fn a_gemini_client_is_served_by_models_of_other_dialects() {
    let upstream = Upstream::start(|exchange| match exchange.request.text().contains("\"stream\":true") {
        true => exchange.events(&[fixtures::chat_stream_with_usage("Hello.", 5, 3).as_bytes()]),
        false => exchange.document(200, fixtures::chat_document(5, 3)),
    });
    let house = House::with(upstream, "");
    let path = |method: &str| format!("/v1beta/models/acme/fast:{method}");
    let reply = house.server.post(&path("generateContent"), GENERATE);
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let (sent, answer) = (house.upstream.last().json(), reply.json());
    assert_eq!((sent["model"].as_str(), sent["messages"][0]["content"].as_str(), sent["max_tokens"].as_u64()), (Some("fast"), Some("Hi"), Some(50)));
    assert_eq!(answer["candidates"][0]["content"]["parts"][0]["text"], "Hello.");
    assert_eq!((answer["candidates"][0]["finishReason"].as_str(), answer["usageMetadata"]["totalTokenCount"].as_u64()), (Some("STOP"), Some(8)));
    assert_eq!(house.server.record(&reply.call())["endpoint"], "generate");

    let streamed = house.server.post(&(path("streamGenerateContent") + "?alt=sse&key=AIza"), GENERATE);
    let events = data(&streamed.text());
    let text: String = events.iter().filter_map(|event| event["candidates"][0]["content"]["parts"][0]["text"].as_str()).collect();
    assert_eq!((text.as_str(), events.last().unwrap()["usageMetadata"]["totalTokenCount"].as_u64()), ("Hello.", Some(8)), "{}", streamed.text());
    assert_eq!(house.upstream.last().target, "/v1/chat/completions");

    let array = house.server.post(&path("streamGenerateContent"), GENERATE);
    assert_eq!((array.status(), array.json()["error"]["status"].as_str()), (400, Some("INVALID_ARGUMENT")), "{}", array.text());
    assert_has(&array.text(), &["alt=sse"]);
    let unknown = house.server.post("/v1beta/models/nobody:generateContent", GENERATE);
    assert_eq!((unknown.status(), unknown.json()["error"]["status"].as_str(), unknown.json()["error"]["code"].as_u64()), (404, Some("NOT_FOUND"), Some(404)));
    house.verify();
}

#[test]
fn a_request_in_geminis_dialect_reaches_gemini_byte_for_byte() {
    let settings = "api = \"gemini\"\nbase_url = \"URL\"\napi_key = { env = \"KEY\" }";
    let house = house(Upstream::document(generated("Hello.").to_string()), settings, "gemini-x", &[("KEY", "google-secret")]);
    let body = GENERATE.replace("[{ \"role\"", "[ {\"role\"");
    let reply =
        house.server.ask(&Request::post("/v1beta/models/cloud%2Fgemini-x:generateContent?key=AIzaOthers", body.as_str()).header("x-goog-api-client", "x"));
    assert_eq!((reply.status(), reply.text()), (200, generated("Hello.").to_string()));
    let sent = house.upstream.last();
    assert_eq!((sent.target.as_str(), sent.text()), ("/v1beta/models/gemini-x:generateContent", body));
    assert_eq!((sent.header("x-goog-api-key"), sent.header("x-goog-api-client")), (Some("google-secret"), Some("x")));
    assert_eq!(house.server.record(&reply.call())["charged_nanousd"], 11_000);
}

#[test]
fn keys_and_the_list_of_models_are_as_googles_clients_want_them() {
    let house = House::with(Upstream::document(fixtures::chat_document(5, 3)), "");
    let admin = house.project.key(&["admin"]);
    let key = house.project.key(&["create", "robin"]);
    let record = |call: &str| house.server.ask(&Request::get(&format!("/api/calls/{call}")).header("jeton-key", &admin)).json();
    let path = "/v1beta/models/acme/fast:generateContent";
    let known = Request::post(path, GENERATE).header("x-goog-api-key", &key);
    eventually("the key is known to the server", || (house.server.ask(&known).status() == 200).then_some(()));
    for request in [Request::post(path, GENERATE).header("x-goog-api-key", &key), Request::post(&format!("{path}?key={key}"), GENERATE)] {
        let reply = house.server.ask(&request);
        assert_eq!(reply.status(), 200, "{}", reply.text());
        eventually("its receipt names the key", || (record(&reply.call())["key"] == "robin").then_some(()));
        assert!(!house.upstream.last().headers.iter().any(|(_, value)| value.contains(&key)) && !house.upstream.last().target.contains(&key));
    }
    let refused = house.server.post(path, GENERATE);
    assert_eq!((refused.status(), refused.json()["error"]["status"].as_str()), (401, Some("UNAUTHENTICATED")));
    let models = house.server.ask(&Request::get("/v1beta/models").header("x-goog-api-key", &key)).json();
    assert!(models["models"].as_array().unwrap().iter().any(|model| model["name"] == "models/acme/fast"), "{models}");
}

/// A house whose provider is Vertex AI, with the key file of a service account.
fn vertex(upstream: Upstream) -> House {
    let label = "PRIVATE KEY";
    let key = include_str!("../../../upstream/src/service_account/test-key.txt");
    let account = json!({ "type": "service_account", "client_email": "a@p.test", "token_uri": format!("{}/token", upstream.url()),
        "private_key": format!("-----BEGIN {label}-----\n{key}-----END {label}-----\n") });
    let settings = "api = \"vertex\"\nbase_url = \"URL/v1/projects/p/locations/global/publishers/google\"\napi_key = { env = \"ACCOUNT\" }";
    house(upstream, settings, "gemini-x", &[("ACCOUNT", &account.to_string())])
}

#[test]
fn vertex_is_asked_with_a_token_of_the_service_account() {
    let upstream = Upstream::start(|exchange| match exchange.request.target.as_str() {
        "/token" => exchange.document(200, r#"{"access_token":"ya29.token","expires_in":3600,"token_type":"Bearer"}"#),
        _ => exchange.document(200, generated("Hello.").to_string()),
    });
    let house = vertex(upstream);
    for _ in 0..2 {
        let reply = house.server.post(MESSAGES, ask("cloud/gemini-x"));
        assert_eq!(reply.status(), 200, "{}", reply.text());
        assert_eq!(reply.json()["content"][0]["text"], "Hello.");
    }
    let asked: Vec<Recorded> = house.upstream.requests();
    let targets: Vec<&str> = asked.iter().map(|sent| sent.target.as_str()).collect();
    let path = "/v1/projects/p/locations/global/publishers/google/models/gemini-x:generateContent";
    assert_eq!(targets, ["/token", path, path]);
    assert!(asked[1..].iter().all(|sent| sent.header("authorization") == Some("Bearer ya29.token")));
    house.verify();
}

#[test]
fn bedrock_is_asked_with_its_key_or_with_signed_requests() {
    let bearer = "api = \"bedrock\"\nbase_url = \"URL\"\napi_key = { env = \"KEY\" }";
    let house_of = |settings: &str| {
        house(Upstream::document(converse_document()), settings, "us.claudia-v1:0", &[("KEY", "bedrock-secret"), ("ID", "AKIDEXAMPLE"), ("S", "wJalr")])
    };
    let keyed = house_of(bearer);
    let reply = keyed.server.post(CHAT, ask("cloud/us.claudia-v1:0"));
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let sent = keyed.upstream.last();
    assert_eq!((sent.target.as_str(), sent.header("authorization")), ("/model/us.claudia-v1%3A0/converse", Some("Bearer bedrock-secret")));
    assert_eq!(sent.json(), json!({ "messages": [{ "role": "user", "content": [{ "text": "Hi" }] }], "inferenceConfig": { "maxTokens": 50 } }));
    let answer = reply.json();
    assert_eq!((answer["choices"][0]["message"]["content"].as_str(), answer["usage"]["total_tokens"].as_u64()), (Some("Hello."), Some(8)));
    assert_eq!(keyed.server.record(&reply.call())["charged_nanousd"], 11_000);
    keyed.verify();

    let signed = house_of(
        "api = \"bedrock\"\nbase_url = \"URL\"\n[providers.cloud.aws]\nregion = \"eu-central-1\"\naccess_key_id = { env = \"ID\" }\nsecret_access_key = { env = \"S\" }",
    );
    assert_eq!(signed.server.post(CHAT, ask("cloud/us.claudia-v1:0")).status(), 200);
    let sent = signed.upstream.last();
    let authorization = sent.header("authorization").unwrap();
    assert_has(
        authorization,
        &["AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/", "/eu-central-1/bedrock/aws4_request", "SignedHeaders=", "host", "x-amz-date", "Signature="],
    );
    assert!(sent.header("x-amz-date").is_some_and(|date| date.len() == 16 && date.ends_with('Z')) && !authorization.contains("wJalr"));
}

#[test]
fn bedrocks_event_stream_reaches_the_caller_as_server_sent_events() {
    let settings = "api = \"bedrock\"\nbase_url = \"URL\"\napi_key = { env = \"KEY\" }";
    let streaming = ask("cloud/m").replacen('{', r#"{"stream":true,"stream_options":{"include_usage":true},"#, 1);
    let whole = house(converse_streaming(converse_frames("Hello.")), settings, "m", &[("KEY", "bedrock-secret")]);
    let reply = whole.server.post(CHAT, streaming.as_str());
    assert_eq!(whole.upstream.last().target, "/model/m/converse-stream");
    let events = data(&reply.text());
    assert_eq!((content_of(&events).as_str(), events.last().unwrap()["usage"]["total_tokens"].as_u64()), ("Hello.", Some(8)), "{}", reply.text());
    assert!(reply.text().ends_with("data: [DONE]\n\n"));
    assert_eq!(whole.server.record(&reply.call())["charged_nanousd"], 11_000);
    whole.verify();
}

#[test]
fn what_breaks_in_bedrocks_stream_ends_in_an_error_of_the_caller_and_is_charged() {
    let settings = "api = \"bedrock\"\nbase_url = \"URL\"\napi_key = { env = \"KEY\" }";
    let streaming = ask("cloud/m").replacen('{', r#"{"stream":true,"#, 1);
    let opening = [
        event_frame("messageStart", &json!({ "role": "assistant" })),
        event_frame("contentBlockDelta", &json!({ "contentBlockIndex": 0, "delta": { "text": "Hel" } })),
    ]
    .concat();
    let thrown = frame(
        &[(":exception-type", "throttlingException"), (":content-type", "application/json"), (":message-type", "exception")],
        &json!({ "message": "Too many requests." }),
    );
    let mut flipped = converse_frames("Hello.");
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    for (frames, said) in [([opening.clone(), thrown].concat(), "Too many requests."), (flipped, "checksum"), (opening, "")] {
        let house = house(converse_streaming(frames), settings, "m", &[("KEY", "bedrock-secret")]);
        let reply = house.server.post(CHAT, streaming.as_str());
        let text = reply.text();
        assert!(text.contains("\"error\"") && text.to_lowercase().contains(&said.to_lowercase()) && !text.contains("[DONE]"), "{text}");
        let record = house.server.record(&reply.call());
        assert!(record["charged_nanousd"].as_u64().is_some_and(|charged| charged > 0), "{record}");
        house.verify();
    }
}

#[test]
fn an_answer_that_its_provider_gives_up_at_the_very_end_is_failed_in_the_ledger_too_and_charged() {
    let streaming = ask("cloud/m").replacen('{', r#"{"stream":true,"#, 1);
    let whole = converse_frames("Hello.");
    let unended = converse_streaming(whole[..whole.len() - metadata_frame().len()].to_vec());
    let given_up = json!({
        "candidates": [{ "content": { "role": "model", "parts": [{ "text": "Hel" }] }, "finishReason": "MALFORMED_FUNCTION_CALL", "index": 0 }],
        "usageMetadata": { "promptTokenCount": 5, "candidatesTokenCount": 3, "totalTokenCount": 8 },
    });
    let given_up = Upstream::start(move |exchange| exchange.events(&[format!("data: {given_up}\r\n\r\n").as_bytes()]));
    for (upstream, api, code) in [(unended, "bedrock", "upstream_protocol"), (given_up, "gemini", "malformed_function_call")] {
        let settings = format!("api = \"{api}\"\nbase_url = \"URL\"\napi_key = {{ env = \"KEY\" }}");
        let house = house(upstream, &settings, "m", &[("KEY", "secret")]);
        let reply = house.server.post(CHAT, streaming.as_str());
        let text = reply.text();
        assert!(text.contains("\"error\"") && text.contains("Hel") && text.contains(code) && !text.contains("[DONE]"), "{text}");
        let record = house.server.record(&reply.call());
        assert_eq!((record["status"].as_str(), record["fault"]["code"].as_str()), (Some("failed"), Some(code)), "{record}");
        assert!(record["charged_nanousd"].as_u64().is_some_and(|charged| charged > 0), "{record}");
        house.verify();
    }
}

#[test]
fn an_answer_that_is_given_up_before_its_content_goes_on_to_the_next_model() {
    let streaming = ask("r").replacen('{', r#"{"stream":true,"#, 1);
    let given_up = json!({
        "candidates": [{ "finishReason": "MALFORMED_FUNCTION_CALL", "index": 0 }],
        "usageMetadata": { "promptTokenCount": 5, "candidatesTokenCount": 3, "totalTokenCount": 8 },
    });
    let answers = move |model: &str| if model.contains("/bad:") { given_up.clone() } else { generated("Hello.") };
    let upstream = Upstream::start(move |exchange| {
        let event = format!("data: {}\r\n\r\n", answers(&exchange.request.target));
        exchange.events(&[event.as_bytes()])
    });
    let settings = "api = \"gemini\"\nbase_url = \"URL\"\napi_key = { env = \"KEY\" }\n[routes.r]\ntry = [\"cloud/bad\", \"cloud/good\"]";
    let house = house(upstream, settings, "bad", &[("KEY", "secret")]);
    let reply = house.server.post(CHAT, streaming.as_str());
    assert_eq!((reply.status(), content_of(&data(&reply.text())).as_str()), (200, "Hello."), "{}", reply.text());
    let record = house.server.record(&reply.call());
    let tries = record["tries"].as_array().unwrap();
    assert_eq!((tries.len(), tries[0]["fault"]["code"].as_str()), (2, Some("malformed_function_call")), "{record}");
    assert!(tries[0]["charged_nanousd"].as_u64().is_some_and(|charged| charged > 0), "{record}");
    // Where nothing is behind it, the client gets an error and no stream that has begun.
    let reply = house.server.post(CHAT, streaming.replace("\"r\"", "\"cloud/bad\""));
    assert_eq!((reply.status(), reply.json()["error"]["code"].as_str()), (502, Some("malformed_function_call")), "{}", reply.text());
    house.verify();
}

#[test]
fn case_52_a_beta_of_the_callers_header_stands_in_bedrocks_body_and_the_answer_bears_the_calls_id() {
    const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    let settings = "api = \"bedrock\"\nbase_url = \"URL\"\napi_key = { env = \"KEY\" }";
    let house = house(Upstream::document(converse_document()), settings, CLAUDE, &[("KEY", "bedrock-secret")]);
    let asked = Request::post(MESSAGES, ask(&format!("cloud/{CLAUDE}"))).header("anthropic-beta", "claude-code-20250219, interleaved-thinking-2025-05-14");
    let reply = house.server.ask(&asked);
    let sent = house.upstream.last();
    let body: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(body["additionalModelRequestFields"]["anthropic_beta"], json!(["interleaved-thinking-2025-05-14"]), "{body}");
    assert_eq!((body["inferenceConfig"]["maxTokens"].as_u64(), sent.header("anthropic-beta")), (Some(50), None));
    assert_eq!(reply.header("jeton-dropped"), Some("anthropic-beta"));
    let answer: Value = serde_json::from_str(&reply.text()).unwrap();
    let id = reply.call().chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    assert_eq!((answer["id"].as_str(), answer["model"].as_str()), (Some(format!("msg_{id}").as_str()), Some(format!("cloud/{CLAUDE}").as_str())));
    house.verify();
}

#[test]
fn nothing_is_lost_behind_a_reason_of_geminis_end() {
    let event = |parts: Value, more: Value| {
        let mut event =
            json!({ "candidates": [{ "content": { "role": "model", "parts": parts }, "finishReason": "STOP", "index": 0 }], "modelVersion": "gemini-x" });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        format!("data: {event}\r\n\r\n")
    };
    let events = [
        event(json!([{ "text": "one " }]), json!({})),
        event(json!([{ "text": "two" }]), json!({})),
        event(json!([{ "functionCall": { "name": "f", "args": { "a": 1 } } }]), json!({})),
        format!(
            "data: {}\r\n\r\n",
            json!({ "usageMetadata": { "promptTokenCount": 1000, "candidatesTokenCount": 500, "thoughtsTokenCount": 300, "totalTokenCount": 1800 } })
        ),
    ];
    let pieces = events.clone();
    let upstream = Upstream::start(move |exchange| exchange.events(&pieces.iter().map(String::as_bytes).collect::<Vec<_>>()));
    let settings = "api = \"gemini\"\nbase_url = \"URL\"\napi_key = { env = \"KEY\" }";
    let house = house(upstream, settings, "gemini-x", &[("KEY", "secret")]);
    let reply = house.server.post(CHAT, ask("cloud/gemini-x").replacen('{', r#"{"stream":true,"stream_options":{"include_usage":true},"#, 1));
    let told = data(&reply.text());
    assert_eq!(content_of(&told), "one two", "{}", reply.text());
    assert!(reply.text().contains(r#""name":"f""#) && reply.text().contains(r#""finish_reason":"tool_calls""#), "{}", reply.text());
    assert_eq!(told.last().unwrap()["usage"]["total_tokens"], 1800);
    assert_eq!(house.server.record(&reply.call())["usage"]["output"], 800);
    // In its own dialect every byte comes.
    let own = house.server.post("/v1beta/models/cloud%2Fgemini-x:streamGenerateContent?alt=sse", GENERATE);
    assert_eq!(own.text(), events.concat());
    assert_eq!(house.server.record(&own.call())["usage"]["output"], 800);
    house.verify();
}

#[test]
fn a_token_that_google_refuses_is_asked_for_anew() {
    let refused = std::sync::atomic::AtomicBool::new(false);
    let upstream = Upstream::start(move |exchange| match exchange.request.target.as_str() {
        "/token" => exchange.document(200, r#"{"access_token":"ya29.token","expires_in":3600,"token_type":"Bearer"}"#),
        _ if !refused.swap(true, std::sync::atomic::Ordering::SeqCst) => {
            exchange.document(401, r#"{"error":{"code":401,"message":"Invalid credentials.","status":"UNAUTHENTICATED"}}"#)
        }
        _ => exchange.document(200, generated("Hello.").to_string()),
    });
    let house = vertex(upstream);
    assert_eq!([401, 200, 200].map(|_| house.server.post(MESSAGES, ask("cloud/gemini-x")).status()), [401, 200, 200]);
    let asked: Vec<String> = house.upstream.requests().into_iter().map(|sent| sent.target).collect();
    assert_eq!(asked.iter().filter(|target| *target == "/token").count(), 2, "{asked:?}");
}
