use super::*;

const KINDS: [FaultKind; 17] = [
    FaultKind::InvalidRequest,
    FaultKind::Unauthenticated,
    FaultKind::Forbidden,
    FaultKind::NotFound,
    FaultKind::MethodNotAllowed,
    FaultKind::TooLarge,
    FaultKind::UnsupportedMedia,
    FaultKind::BudgetExhausted,
    FaultKind::PolicyRefused,
    FaultKind::PriceUnknown,
    FaultKind::RateLimited,
    FaultKind::ClientClosed,
    FaultKind::Internal,
    FaultKind::UpstreamFailed,
    FaultKind::Overloaded,
    FaultKind::Timeout,
    FaultKind::Unavailable,
];

fn none(_: &str) -> Option<String> {
    None
}

fn value(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[track_caller]
fn check_read(status: u16, body: &str, kind: FaultKind, type_: &str, code: Option<&str>, message: &str) {
    let fault = read_error(Dialect::OpenAi, status, none, body.as_bytes());
    assert_eq!((fault.kind, fault.type_.as_str(), fault.code.as_deref(), fault.message.as_str()), (kind, type_, code, message), "{body}");
}

#[test]
fn case_61_each_kind_has_its_type_in_each_dialect() {
    for (kind, openai, anthropic) in [
        (FaultKind::InvalidRequest, "invalid_request_error", "invalid_request_error"),
        (FaultKind::Unauthenticated, "authentication_error", "authentication_error"),
        (FaultKind::Forbidden, "permission_error", "permission_error"),
        (FaultKind::NotFound, "invalid_request_error", "not_found_error"),
        (FaultKind::TooLarge, "invalid_request_error", "request_too_large"),
        (FaultKind::RateLimited, "rate_limit_error", "rate_limit_error"),
        (FaultKind::Internal, "server_error", "api_error"),
        (FaultKind::Overloaded, "service_unavailable_error", "overloaded_error"),
        (FaultKind::Timeout, "timeout_error", "timeout_error"),
    ] {
        let fault = Fault::new(kind, "why");
        assert_eq!(value(&encode_error(Dialect::OpenAi, &fault, None))["error"]["type"], openai, "{kind:?}");
        assert_eq!(value(&encode_error(Dialect::Anthropic, &fault, None))["error"]["type"], anthropic, "{kind:?}");
    }
}

#[test]
fn case_61_the_shapes_are_the_vendors() {
    let fault = Fault::new(FaultKind::NotFound, "No model `a\"b`.").remedy("Try `ab`.").param("model").code("model_not_found");
    assert_eq!(
        String::from_utf8(encode_error(Dialect::OpenAi, &fault, Some("call-1"))).unwrap(),
        r#"{"error":{"message":"No model `a\"b`. Try `ab`.","type":"invalid_request_error","param":"model","code":"model_not_found"}}"#
    );
    assert_eq!(
        String::from_utf8(encode_error(Dialect::Anthropic, &fault, Some("call-1"))).unwrap(),
        r#"{"type":"error","error":{"type":"not_found_error","message":"No model `a\"b`. Try `ab`.","code":"model_not_found","param":"model"},"request_id":"call-1"}"#
    );
}

#[test]
fn case_61_what_we_write_we_read_as_the_same_kind() {
    for kind in KINDS {
        let fault = Fault::new(kind, "why").code("finer");
        for dialect in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini, Dialect::Bedrock] {
            let read = read_error(dialect, kind.status(), none, &encode_error(dialect, &fault, None));
            assert_eq!((read.message.as_str(), read.code.as_deref()), ("why", Some("finer")));
            assert_eq!(read.kind.is_passing(), kind.is_passing(), "{kind:?}");
        }
    }
}

#[test]
fn case_61_every_status_of_a_provider_has_a_kind() {
    for (status, kind) in [
        (400, FaultKind::InvalidRequest),
        (401, FaultKind::Unauthenticated),
        (403, FaultKind::Forbidden),
        (404, FaultKind::NotFound),
        (413, FaultKind::TooLarge),
        (422, FaultKind::InvalidRequest),
        (429, FaultKind::RateLimited),
        (500, FaultKind::UpstreamFailed),
        (503, FaultKind::Overloaded),
        (520, FaultKind::UpstreamFailed),
        (529, FaultKind::Overloaded),
    ] {
        check_read(status, r#"{"error":{"type":"x","message":"m"}}"#, kind, "x", None, "m");
    }
}

#[test]
fn case_61_errors_of_every_shape_are_read() {
    let limited = FaultKind::RateLimited;
    check_read(
        429,
        r#"{"error":{"message":"m","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
        limited,
        "tokens",
        Some("rate_limit_exceeded"),
        "m",
    );
    check_read(529, r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#, FaultKind::Overloaded, "overloaded_error", None, "m");
    check_read(404, r#"{"error":"model 'x' not found"}"#, FaultKind::NotFound, "", None, "model 'x' not found");
    check_read(400, r#"{"object":"error","message":"m","type":"BadRequestError","code":400}"#, FaultKind::InvalidRequest, "BadRequestError", Some("400"), "m");
    check_read(422, r#"{"detail":[{"loc":["body"]}]}"#, FaultKind::InvalidRequest, "", None, r#"[{"loc":["body"]}]"#);
    check_read(
        400,
        r#"[{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}]"#,
        FaultKind::InvalidRequest,
        "INVALID_ARGUMENT",
        Some("INVALID_ARGUMENT"),
        "m",
    );
    check_read(502, "<html><head><title>502 Bad Gateway</title>", FaultKind::UpstreamFailed, "", None, "502 Bad Gateway");
    check_read(500, "boom\r\n\u{1b}[31m", FaultKind::UpstreamFailed, "", None, "boom   [31m");
    check_read(503, "", FaultKind::Overloaded, "", None, "The provider answered 503 in the openai dialect without a message.");
    check_read(400, "{}", FaultKind::InvalidRequest, "", None, "The provider answered 400 in the openai dialect without a message.");
}

#[test]
fn case_65_an_error_inside_a_200_goes_by_its_type_or_its_code() {
    let kind = |json: &str| read_embedded(json.as_bytes()).kind;
    assert_eq!(kind(r#"{"type":"overloaded_error","message":"m"}"#), FaultKind::Overloaded);
    assert_eq!(kind(r#"{"code":429,"message":"m"}"#), FaultKind::RateLimited);
    assert_eq!(kind(r#"{"code":"rate_limit_exceeded","message":"m"}"#), FaultKind::RateLimited);
    assert_eq!(kind(r#"{"message":"m"}"#), FaultKind::UpstreamFailed);
    assert_eq!(kind("\"m\""), FaultKind::UpstreamFailed);
    assert_eq!(read_embedded(b"\"m\"").message, "m");
    assert_eq!(read_embedded(b"{}").message, "The provider reported an error without a message.");
}

#[test]
fn case_61_bedrocks_exceptions_are_known_by_header_body_or_event() {
    let check = |status: u16, header: Option<&str>, body: &str, kind: FaultKind, name: &str| {
        let headers = |wanted: &str| header.filter(|_| wanted == "x-amzn-errortype").map(str::to_owned);
        let fault = read_error(Dialect::Bedrock, status, headers, body.as_bytes());
        assert_eq!((fault.kind, fault.type_.as_str(), fault.message.as_str()), (kind, name, "m"), "{body}");
    };
    let address = "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/";
    check(429, Some(address), r#"{"message":"m"}"#, FaultKind::RateLimited, "ThrottlingException");
    check(400, None, r#"{"__type":"com.amazon.coral.service#ValidationException","message":"m"}"#, FaultKind::InvalidRequest, "ValidationException");
    check(424, Some("ModelErrorException"), r#"{"message":"m","originalStatusCode":500}"#, FaultKind::UpstreamFailed, "ModelErrorException");
    check(403, Some("UnrecognizedClientException"), r#"{"Message":"m"}"#, FaultKind::Forbidden, "UnrecognizedClientException");
    check(408, Some("ModelTimeoutException"), r#"{"message":"m"}"#, FaultKind::Timeout, "ModelTimeoutException");
    check(503, Some("ServiceUnavailableException"), r#"{"message":"m"}"#, FaultKind::Overloaded, "ServiceUnavailableException");
    let event = |name: &str, body: Value| read_exception(name, &body);
    assert_eq!(event("throttlingException", json!({ "message": "slow down" })).kind, FaultKind::RateLimited);
    let broken = event("modelStreamErrorException", json!({ "message": "m", "originalStatusCode": 503, "originalMessage": "busy" }));
    assert_eq!((broken.kind, broken.type_.as_str()), (FaultKind::Overloaded, "modelStreamErrorException"));
    assert_eq!(event("internalServerException", json!({})).message, "The provider reported `internalServerException` without a message.");
}

#[test]
fn case_62_the_wait_is_kept_with_the_error() {
    let fault = read_error(Dialect::Anthropic, 429, |name| (name == "retry-after").then(|| "3".into()), b"{}");
    assert_eq!(fault.retry_after_ms, Some(3_000));
    assert_eq!(fault.to_fault().retry_after_ms, Some(3_000));
}

#[test]
fn case_63_a_spent_budget_can_be_told_from_every_other_refusal() {
    let fault = Fault::new(FaultKind::BudgetExhausted, "spent");
    assert_eq!(fault.kind.status(), 400);
    let openai = value(&encode_error(Dialect::OpenAi, &fault, None));
    assert_eq!((openai["error"]["type"].as_str(), openai["error"]["code"].as_str()), (Some("insufficient_quota"), Some("budget_exhausted")));
    let anthropic = value(&encode_error(Dialect::Anthropic, &fault, None));
    assert_eq!((anthropic["error"]["type"].as_str(), anthropic["error"]["code"].as_str()), (Some("invalid_request_error"), Some("budget_exhausted")));
}

#[test]
fn case_64_an_error_before_the_stream_is_a_json_document() {
    for dialect in [Dialect::OpenAi, Dialect::Anthropic] {
        assert!(value(&encode_error(dialect, &Fault::new(FaultKind::RateLimited, "x"), Some("call-1"))).is_object());
    }
}

#[test]
fn case_11_an_error_in_the_middle_of_a_stream_is_one_event_of_the_endpoint() {
    let fault = Fault::new(FaultKind::UpstreamFailed, "cut\noff");
    for (endpoint, expected) in [
        (
            Endpoint::Converse,
            "event: internalServerException\ndata: {\"internalServerException\":{\"message\":\"cut\\noff\",\"code\":\"upstream_failed\"}}\n\n",
        ),
        (Endpoint::Chat, "data: {\"error\":{\"message\":\"cut\\noff\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_failed\"}}\n\n"),
        (
            Endpoint::Messages,
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"cut\\noff\",\"code\":\"upstream_failed\"}}\n\n",
        ),
        (
            Endpoint::Responses,
            "event: error\ndata: {\"type\":\"error\",\"code\":\"upstream_failed\",\"message\":\"cut\\noff\",\"param\":null,\"sequence_number\":7}\n\n",
        ),
    ] {
        assert_eq!(String::from_utf8(encode_error_event(endpoint, &fault, 7)).unwrap(), expected);
    }
}
