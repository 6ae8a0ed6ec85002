//! Requests and replies made at random.

use jeton_core::Usage;
use jeton_wire::Endpoint;
use jeton_wire::canonical::{
    Asked, Effort, Media, MediaKind, MediaSource, Message, Part, Piece, Reply, Request, ResponseFormat, Role, ServiceTier, StopReason, ToolChoice, ToolDecl,
    ToolKind,
};
use proptest::prelude::*;
use serde_json::{Number, json};

fn text() -> impl Strategy<Value = String> {
    "[a-z \"\\\\\n{}é😀]{1,12}".prop_filter("it says something", |text| !text.trim().is_empty() && text.trim_end() == text)
}

fn arguments() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("{}".to_owned()),
        text().prop_map(|text| json!({ "a": text }).to_string()),
        (0..9_u32).prop_map(|n| json!({ "n": n, "l": [1, null] }).to_string())
    ]
}

fn usage() -> impl Strategy<Value = Usage> {
    (0..100_u64, prop::option::of(0..50_u64), 50..100_u64, prop::option::of(0..50_u64)).prop_map(|(input, cache_read, output, reasoning)| Usage {
        input: Some(input),
        cache_read,
        output: Some(output),
        reasoning,
        ..Usage::default()
    })
}

/// Parts of an answer. Two texts in a row are one in Chat, so a text is never followed by its like.
fn answer_parts() -> impl Strategy<Value = Vec<Part>> {
    let thought = prop_oneof![
        (text(), "[A-Za-z0-9+/]{4,12}").prop_map(|(text, signature)| Part::Thinking { text, signature: Some(signature) }),
        "[A-Za-z0-9+/]{4,12}".prop_map(Part::RedactedThinking),
    ];
    let call =
        ("[a-z]{1,6}", arguments()).prop_map(|(name, arguments_json)| Part::ToolUse { id: String::new(), name, kind: ToolKind::Function, arguments_json });
    let said = prop_oneof![3 => text().prop_map(Part::Text), 1 => text().prop_map(Part::Refusal)];
    (prop::collection::vec(thought, 0..3), prop::option::of(said), prop::collection::vec(call, 0..3)).prop_map(|(thoughts, said, calls)| {
        let mut parts: Vec<Part> = thoughts.into_iter().chain(said).chain(calls).collect();
        for (number, part) in parts.iter_mut().enumerate() {
            if let Part::ToolUse { id, .. } = part {
                *id = format!("call_{number}");
            }
        }
        parts
    })
}

pub(crate) fn reply() -> impl Strategy<Value = Reply> {
    (answer_parts(), usage(), 0..4_u8).prop_map(|(parts, usage, stop)| {
        let calls = parts.iter().any(|part| matches!(part, Part::ToolUse { .. }));
        let refuses = parts.iter().any(|part| matches!(part, Part::Refusal(_)));
        let stop = match stop {
            _ if calls => StopReason::ToolUse,
            _ if refuses => StopReason::Refusal,
            0 => StopReason::MaxTokens,
            1 => StopReason::StopSequence("END".into()),
            _ => StopReason::EndTurn,
        };
        Reply { id: "abc".into(), model: "m".into(), created: 1_700_000_000, parts, stop, usage }
    })
}

fn piece(part: Part) -> Piece {
    part.into()
}

fn media() -> impl Strategy<Value = Part> {
    let source = prop_oneof![
        Just(MediaSource::Url("https://example.com/a.png".into())),
        "[A-Za-z0-9]{4}".prop_map(|data| MediaSource::Base64 { media_type: "image/png".into(), data }),
    ];
    source.prop_map(|source| Part::Media(Media { kind: MediaKind::Image, source, name: None, detail: None }))
}

fn user_turn() -> impl Strategy<Value = Message> {
    let part = prop_oneof![3 => text().prop_map(Part::Text), 1 => media()];
    prop::collection::vec(part.prop_map(piece), 1..3).prop_map(|parts| Message { role: Role::User, parts })
}

/// A round with tools: the model calls, the user answers, the model says something.
fn tool_round() -> impl Strategy<Value = Vec<Message>> {
    (prop::option::of(text()), prop::collection::vec((arguments(), text()), 1..3), any::<bool>()).prop_map(|(said, calls, failed)| {
        let said = said.map(Part::Text).map(piece);
        let call = |(number, (arguments, _)): (usize, &(String, String))| {
            piece(Part::ToolUse { id: format!("c{number}"), name: "weather".into(), kind: ToolKind::Function, arguments_json: arguments.clone() })
        };
        let result = |(number, (_, text)): (usize, &(String, String))| {
            let content = vec![piece(Part::Text(text.clone()))];
            piece(Part::ToolResult { id: format!("c{number}"), kind: ToolKind::Function, content, is_error: failed && number == 0 })
        };
        let asked = said.into_iter().chain(calls.iter().enumerate().map(call)).collect();
        let answered = calls.iter().enumerate().map(result).collect();
        vec![
            Message { role: Role::Assistant, parts: asked },
            Message { role: Role::User, parts: answered },
            Message { role: Role::Assistant, parts: vec![piece(Part::Text("so".into()))] },
        ]
    })
}

fn choice() -> impl Strategy<Value = ToolChoice> {
    prop_oneof![Just(ToolChoice::Auto), Just(ToolChoice::None), Just(ToolChoice::Required), Just(ToolChoice::Tool("weather".into()))]
}

fn format() -> impl Strategy<Value = Option<ResponseFormat>> {
    let schema = json!({ "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"], "additionalProperties": false });
    let with_schema = move |strict| Some(ResponseFormat::JsonSchema { name: "answer".into(), description: None, schema: schema.clone(), strict });
    prop_oneof![3 => Just(None), 1 => any::<bool>().prop_map(with_schema), 1 => Just(Some(ResponseFormat::JsonObject))]
}

pub(crate) fn request(endpoint: Endpoint) -> impl Strategy<Value = Request> {
    let talk = (prop::option::of(text()), user_turn(), prop::option::of(tool_round()), user_turn());
    let tools = (any::<bool>(), choice(), any::<bool>(), prop::option::of(any::<bool>()));
    let settings = (16..9000_u64, prop::option::of(0..11_u32), prop::option::of(0..11_u32), prop::collection::vec(text(), 0..3));
    let rest = (format(), prop::option::of(0..7_usize), prop::option::of("[a-z]{1,9}"), prop::option::of(any::<bool>()), any::<bool>());
    (talk, tools, settings, rest).prop_map(move |(talk, tools, settings, rest)| {
        let mut request = Request::new(endpoint, "m");
        let system = talk.0.map(|text| Message { role: Role::System, parts: vec![piece(Part::Text(text))] });
        request.messages.extend(system);
        request.messages.push(talk.1);
        if let Some(round) = talk.2 {
            request.messages.extend(round);
            request.messages.push(talk.3);
        }
        if tools.0 {
            let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
            request.tools = vec![ToolDecl {
                name: "weather".into(),
                description: Some("tells".into()),
                schema: Some(schema),
                strict: tools.3.map(|_| false),
                ..ToolDecl::default()
            }];
            request.tool_choice = tools.1;
            request.parallel_tool_calls = tools.2;
        }
        request.output_limit = Some(settings.0);
        request.sampling.temperature = settings.1.map(|tenths| Number::from_f64(f64::from(tenths) / 10.0).unwrap());
        request.sampling.top_p = settings.2.map(|tenths| Number::from_f64(f64::from(tenths) / 10.0).unwrap());
        request.stop = settings.3;
        request.response_format = rest.0;
        request.reasoning.effort = rest.1.map(|at| Asked::new(Effort::ALL[at].0, "reasoning_effort"));
        request.user = rest.2.map(|user| Asked::new(user, "user"));
        request.service_tier = rest.3.map(|auto| Asked::new(if auto { ServiceTier::Auto } else { ServiceTier::Standard }, "service_tier"));
        request.stream = rest.4;
        request
    })
}
