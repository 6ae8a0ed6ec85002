//! Inputs from which the mutations start: one for each shape that the readers know.

pub(super) const REQUESTS: [&str; 12] = [
    r#"{"model":"openai/gpt-5","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi \u00e9\ud83d\ude00"}],"stream":true,"n":2,"max_tokens":100}"#,
    r#"{ "messages" : [{"role":"developer","content":[{"type":"text","text":"x"}]},{"role":"user","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAABBBB"}}]}], "model" : "m", "stream" : true, "stream_options" : { } }"#,
    r#"{"model":"m","stream":true,"stream_options":{"include_usage":false,"include_obfuscation":true},"max_completion_tokens":null,"messages":[]}"#,
    r#"{"model":"m","messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"c","content":"ok"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"integer"}}}}}],"service_tier":"flex"}"#,
    r#"{"model":"m","input":"Say hello.","instructions":"Be brief.","stream":true,"max_output_tokens":50,"previous_response_id":"resp_1"}"#,
    r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"x"},{"type":"input_image","image_url":"https://a.example/b.png"}]},{"type":"function_call_output","call_id":"c","output":"1"}],"tools":[{"type":"web_search"}],"background":true,"text":{"format":{"type":"json_schema","name":"n","schema":{}}}}"#,
    r#"{"model":"claude","max_tokens":2048,"system":"s","thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":"hi"}],"stream":true}"#,
    r#"{"model":"claude","max_tokens":10,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"AAAA"},{"type":"tool_use","id":"u","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"u","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}],"is_error":true}]}],"tools":[{"name":"f","input_schema":{"type":"object"}},{"type":"web_search_20250305","name":"web_search"}],"speed":"fast"}"#,
    r#"{"model":"embed","input":["a","b"],"encoding_format":"base64","dimensions":8}"#,
    r#"{"model":"embed","input":[[1,2,3],[4]]}"#,
    "{}",
    " \t\r\n{\"model\":\"a/b:c\\u002Fd\"}\n",
];

pub(super) const STREAMS: [&str; 10] = [
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\ndata: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi \\u00e9\"},\"finish_reason\":null}],\"usage\":null}\n\ndata: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\ndata: {\"id\":\"c\",\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2,\"prompt_tokens_details\":{\"cached_tokens\":4},\"completion_tokens_details\":{\"reasoning_tokens\":1}}}\n\ndata: [DONE]\n\n",
    "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}}]}\r\n\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"a\\\":\"}}]}}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\r\n\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"hm\",\"refusal\":null},\"finish_reason\":\"tool_calls\"}]}\r\n\r\ndata: [DONE]\r\n\r\n",
    ": OPENROUTER PROCESSING\n\ndata:{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"x\"}}]}\n\ndata: {\"error\":{\"message\":\"overloaded\",\"code\":529}}\n\n",
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude\",\"content\":[],\"usage\":{\"input_tokens\":9,\"cache_creation_input_tokens\":5,\"cache_read_input_tokens\":2,\"cache_creation\":{\"ephemeral_5m_input_tokens\":3,\"ephemeral_1h_input_tokens\":2},\"output_tokens\":1,\"service_tier\":\"standard\"}}}\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"AAAA\"}}\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"u\",\"name\":\"f\",\"input\":{}}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\"}}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":25,\"server_tool_use\":{\"web_search_requests\":1}}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
    "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"r\",\"status\":\"in_progress\",\"model\":\"m\",\"output\":[],\"usage\":null}}\n\nevent: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":1,\"output_index\":0,\"item\":{\"id\":\"i\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[]}}\n\nevent: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":2,\"item_id\":\"i\",\"output_index\":0,\"content_index\":0,\"delta\":\"Hi\"}\n\nevent: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":3,\"response\":{\"id\":\"r\",\"status\":\"completed\",\"model\":\"m\",\"service_tier\":\"default\",\"output\":[{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"{}\"},{\"type\":\"web_search_call\",\"id\":\"w\"}],\"usage\":{\"input_tokens\":9,\"input_tokens_details\":{\"cached_tokens\":1},\"output_tokens\":2,\"output_tokens_details\":{\"reasoning_tokens\":1}}}}\n\n",
    "event: response.incomplete\ndata: {\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"max_output_tokens\"},\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n",
    "\u{FEFF}data: {\"choices\":\ndata: [{\"index\":0,\ndata: \"delta\":{\"content\":\"two lines\"}}]}\n\n",
    "{\"error\":{\"message\":\"not a stream\",\"type\":\"invalid_request_error\",\"code\":null}}",
];

pub(super) const DOCUMENTS: [&str; 8] = [
    r#"{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi","refusal":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":9,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":1},"completion_tokens_details":{"reasoning_tokens":1,"audio_tokens":1}},"service_tier":"priority"}"#,
    r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"cost":0.00012,"cost_details":{"upstream_inference_cost":null}}}"#,
    r#"{"id":"m","type":"message","model":"claude","content":[{"type":"text","text":"Hi"},{"type":"server_tool_use","id":"s","name":"web_search","input":{}},{"type":"tool_use","id":"u","name":"f","input":{"a":1}}],"stop_reason":"end_turn","usage":{"input_tokens":1,"cache_read_input_tokens":null,"output_tokens":2,"server_tool_use":{"web_search_requests":2},"speed":"fast"}}"#,
    r#"{"id":"r","object":"response","status":"completed","model":"m","output":[{"type":"message","content":[{"type":"output_text","text":"Hi"}]}],"usage":{"input_tokens":1,"output_tokens":2}}"#,
    r#"{"object":"list","data":[{"embedding":[0.1]}],"model":"e","usage":{"prompt_tokens":3,"total_tokens":3}}"#,
    r#"{"input_tokens":12}"#,
    r#"{"error":{"message":"Rate limit reached","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#,
    r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}"#,
];

pub(super) const HEADERS: [&str; 8] = [
    "retry-after: 20",
    "retry-after-ms: 1500.5",
    "retry-after: Wed, 21 Oct 2026 07:28:00 GMT\ndate: Wed, 21 Oct 2026 07:27:00 GMT",
    "x-ratelimit-reset-requests: 6m0s\nx-ratelimit-remaining-requests: 0",
    "x-ratelimit-reset-tokens: 850ms",
    "anthropic-ratelimit-requests-reset: 2026-10-21T07:28:00Z\nanthropic-ratelimit-requests-remaining: 0\ndate: Wed, 21 Oct 2026 07:27:00 GMT",
    "x-ratelimit-reset: 1792567680000",
    "retry-after: -1\nretry-after-ms: 99999999999999999999",
];
