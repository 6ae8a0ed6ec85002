//! What must hold of every translation.

use crate::fold;
use crate::helpers::{answering, metered, pairs, stream_of, translate_chunks};
use crate::made;
use crate::scenario::{CREATED, DIALECTS, Scenario, all, plain_answer, told};
use crate::script;
use bytes::Bytes;
use jeton_wire::Endpoint;
use jeton_wire::canonical::{
    Effort, Part, Request, ServiceTier, StreamTranslator, Target, ToolChoice, encode_reply, encode_request, encode_stream, read_reply, read_request,
    translate_document,
};
use jeton_wire::read_document;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Every stream of the scenarios, as bytes.
fn streams() -> Vec<(String, Endpoint, Vec<u8>)> {
    let of = |scenario: &Scenario, dialect| {
        let script = scenario.streamed(dialect)?;
        Some((scenario.name.clone(), dialect, stream_of(dialect, script, &scenario.answered(dialect)?)))
    };
    all().iter().flat_map(|scenario| DIALECTS.into_iter().filter_map(move |dialect| of(scenario, dialect))).collect()
}

fn outcome(from: Endpoint, to: Endpoint, chunks: &[&[u8]]) -> (Vec<u8>, Result<Vec<String>, String>) {
    let usage = metered(from, &chunks.concat());
    match translate_chunks(&answering(from, to), chunks.iter().copied(), &usage) {
        Ok((out, lost)) => (out, Ok(lost)),
        Err(broken) => (broken.0, Err(broken.1.to_string())),
    }
}

/// All cuts at once, of every stream on its way to every dialect; the next test has each of them alone.
#[test]
fn a_stream_that_comes_byte_by_byte_gives_the_same_events() {
    for (name, from, bytes) in &streams() {
        for (_, to) in pairs().filter(|(one, _)| one == from) {
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(outcome(*from, to, &single), outcome(*from, to, &[bytes]), "{name} {from} → {to}");
        }
    }
}

#[test]
fn a_stream_cut_at_every_byte_gives_the_same_events() {
    // Every byte of three, and some places of all the others.
    let wanted = ["01", "10", "24"];
    let mut cuts = 0;
    for (name, from, bytes) in &streams() {
        let is_wanted = wanted.iter().any(|number| name.starts_with(number));
        for (number, (_, to)) in pairs().filter(|(one, _)| one == from).enumerate() {
            let whole = outcome(*from, to, &[bytes]);
            // Within the envelope of an event, one cut is like the other: every third byte of the long ones. What is read does not
            // depend on what is written.
            let step = match bytes.len() {
                length if !is_wanted => length / 13,
                length if number > 0 => length / 200,
                length => 1 + length / 6_000 * 2,
            };
            for at in (0..=bytes.len()).step_by(step) {
                assert_eq!(outcome(*from, to, &[&bytes[..at], &bytes[at..]]), whole, "{name} {from} → {to}, cut at {at}");
                cuts += 1;
            }
        }
    }
    assert!(cuts > 5_000, "{cuts}");
}

/// Every event but the last whole: none of the prefixes may look like a finished answer.
#[test]
fn a_stream_that_breaks_off_never_ends_cleanly() {
    let mut broken = 0;
    for (name, from, bytes) in streams() {
        for (_, to) in pairs().filter(|(one, _)| *one == from) {
            let whole = outcome(from, to, &[&bytes]);
            if whole.1.is_err() || script::parse(&whole.0).iter().any(|(_, event)| event.get("error").is_some_and(|error| !error.is_null())) {
                continue;
            }
            let ends: Vec<usize> = memchr::memmem::find_iter(&bytes, b"\n\n").map(|at| at + 2).collect();
            for end in &ends[..ends.len() - 1] {
                let (out, result) = outcome(from, to, &[&bytes[..*end]]);
                // A Chat stream may end without `[DONE]`, once it has said why; Gemini's have no other end.
                let says = |word: &[u8]| memchr::memmem::find(&bytes[..*end], word).is_some();
                let finished = match from {
                    Endpoint::Chat => says(b"\"finish_reason\":\""),
                    Endpoint::Generate => says(b"\"finishReason\":\"") || says(b"\"blockReason\":\""),
                    _ => false,
                };
                assert_eq!(result.is_ok(), finished, "{name} {from} → {to}, up to {end}: {result:?}");
                let text = String::from_utf8(out).unwrap();
                if !finished {
                    broken += 1;
                    for terminal in ["[DONE]", "message_stop", "response.completed", "response.incomplete", "\"finishReason\""] {
                        assert!(!text.contains(terminal), "{name} {from} → {to}, up to {end}: {text}");
                    }
                }
            }
        }
    }
    assert!(broken > 300, "{broken}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn document_stream_and_document_are_the_same(reply in made::reply(), chars in 1..9_usize) {
        for face in DIALECTS {
            let request = Request { include_usage: true, ..Request::new(face, "m") };
            let document: Value = serde_json::from_slice(&encode_reply(face, &request, &reply)).unwrap();
            let (read, loss) = read_reply(face, document.to_string().as_bytes(), read_document(face, document.to_string().as_bytes()).usage, CREATED).unwrap();
            prop_assert_eq!(told(&loss), Vec::<String>::new());
            let stream = encode_stream(face, &request, &read, chars).concat();
            let folded = fold::document(face, &script::parse(&stream));
            let (wanted, got) = (same_fields(face, document), same_fields(face, folded));
            prop_assert_eq!(wanted, got, "{}", face);
        }
    }

    #[test]
    fn a_stream_comes_across_as_its_document_does(reply in made::reply(), chars in 1..9_usize) {
        for (from, to) in pairs() {
            let request = Request { include_usage: true, ..Request::new(from, "m") };
            let document = encode_reply(from, &request, &reply);
            let stream = encode_stream(from, &request, &reply, chars).concat();
            let usage = read_document(from, &document).usage;
            let across = translate_document(&answering(from, to), &document, usage.clone(), CREATED).unwrap().body;
            let (streamed, _) = translate_chunks(&answering(from, to), [&stream[..]], &usage).unwrap();
            let wanted = same_fields(to, serde_json::from_slice(&across).unwrap());
            let got = same_fields(to, fold::document(to, &script::parse(&streamed)));
            prop_assert_eq!(wanted, got, "{} → {}", from, to);
        }
    }

    #[test]
    fn what_a_dialect_can_carry_comes_back_as_it_was(request in made::request(Endpoint::Chat)) {
        for to in DIALECTS {
            let mut target = Target::new(to, "m", 64_000);
            target.takes.samplers = jeton_core::Samplers::Both;
            target.takes.effort_max = Effort::Max;
            let encoded = match encode_request(&request, &target) {
                Ok(encoded) => encoded,
                // Bedrock fetches nothing from the web, older Gemini has JSON or tools, and both is said.
                Err(fault) => {
                    let why = if to == Endpoint::Converse { "is an image at an address" } else { "asks for JSON beside tools" };
                    prop_assert!(matches!(to, Endpoint::Converse | Endpoint::Generate) && fault.message.contains(why), "{}: {}", to, fault);
                    continue;
                }
            };
            let (mut back, loss) = read_request(to, &encoded.body).unwrap();
            if to.names_model_in_path() {
                // The path says both.
                (back.model, back.stream) = (request.model.clone(), request.stream);
            }
            prop_assert_eq!(told(&loss), Vec::<String>::new(), "{} writes what it does not read", to);
            if encoded.loss.is_empty() {
                prop_assert_eq!(comparable(back.clone()), comparable(request.clone()), "{}", to);
            }
            // What was read from the dialect itself is written in it as it stood, without any loss.
            let again = encode_request(&back, &target).unwrap();
            prop_assert_eq!(told(&again.loss), Vec::<String>::new(), "{}", to);
            prop_assert_eq!(String::from_utf8(again.body).unwrap(), String::from_utf8(encoded.body).unwrap(), "{}", to);
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic_or_a_stream_end_twice(which in 0..1000_usize, at in 0..4000_usize, cut in 0..4000_usize, junk in prop::collection::vec(any::<u8>(), 0..6)) {
        let streams = streams();
        let (_, from, bytes) = &streams[which % streams.len()];
        let mut bytes = bytes.clone();
        let at = at % bytes.len();
        bytes.splice(at..(at + junk.len() / 2).min(bytes.len()), junk.iter().copied());
        let cut = cut % (bytes.len() + 1);
        for to in DIALECTS {
            let mut translator = StreamTranslator::new(answering(*from, to), CREATED, jeton_core::Usage::default());
            let mut out = Vec::new();
            let failed = translator.push(&Bytes::copy_from_slice(&bytes[..cut]), &mut out).is_err() || translator.push(&Bytes::copy_from_slice(&bytes[cut..]), &mut out).is_err();
            if failed {
                // Nothing is told behind an error.
                let mut behind = Vec::new();
                let pushed = translator.push(&Bytes::from_static(b"data: {\"type\":\"ping\"}\n\n"), &mut behind);
                prop_assert!(pushed.is_ok());
                prop_assert!(behind.is_empty());
            }
            if let Ok(closing) = translator.close(&jeton_core::Usage::default()) {
                prop_assert!(!failed || closing.is_empty());
                out.extend(closing);
            }
            let text = String::from_utf8_lossy(&out);
            prop_assert!(["[DONE]", "event: message_stop", "event: response.completed"].iter().map(|end| text.matches(end).count()).sum::<usize>() <= 1);
            let _ = read_request(to, &bytes[at..]);
            let _ = read_reply(to, &bytes[at..], jeton_core::Usage::default(), 0);
        }
    }
}

/// An answer without the fields that a document has and a stream has not: those of [`plain_answer`], and the tier of a Messages
/// answer, which stands in `message_start` alone, when other dialects have not told it yet.
fn same_fields(dialect: Endpoint, mut answer: Value) -> Value {
    if let (Endpoint::Messages, Some(usage)) = (dialect, answer["usage"].as_object_mut()) {
        usage.shift_remove("service_tier");
    }
    plain_answer(answer, &mut Vec::new())
}

/// A request without what differs by where it was read.
fn comparable(request: Request) -> Request {
    let mut merged: Vec<jeton_wire::canonical::Message> = Vec::new();
    for message in request.messages {
        match merged.last_mut() {
            Some(last) if last.role == message.role => last.parts.extend(message.parts),
            _ => merged.push(message),
        }
    }
    let mut reasoning = request.reasoning;
    // Responses asks for it by itself where reasoning is.
    reasoning.is_encrypted = false;
    // Nothing said of thinking is the same as none in Messages.
    reasoning.effort = reasoning.effort.filter(|effort| effort.value != Effort::None);
    // A schema that is not strict says so in Responses alone.
    let mut tools = request.tools;
    tools.iter_mut().for_each(|tool| tool.strict = tool.strict.filter(|&strict| strict));
    // Ids of calls are made anew where a dialect does not send them.
    let mut ids: Vec<String> = Vec::new();
    for piece in merged.iter_mut().flat_map(|message| &mut message.parts) {
        if let Part::ToolUse { id, .. } | Part::ToolResult { id, .. } = &mut piece.part {
            let known = ids.iter().position(|known| known == id).unwrap_or(ids.len());
            if known == ids.len() {
                ids.push(id.clone());
            }
            *id = known.to_string();
        }
    }
    // The provider decides where nothing is said, too.
    let service_tier = request.service_tier.filter(|tier| tier.value != ServiceTier::Auto);
    // Who may call no tool may not call two.
    let parallel_tool_calls = request.parallel_tool_calls || request.tool_choice == ToolChoice::None;
    Request {
        endpoint: Endpoint::Chat,
        parallel_tool_calls,
        tools,
        messages: merged,
        repeated: serde_json::Map::new(),
        store: None,
        include_usage: false,
        reasoning,
        service_tier,
        ..request
    }
}

/// Every document with one unknown member put into one of its objects, and where.
fn with_unknown(document: &Value) -> Vec<(String, Value)> {
    fn walk(value: &Value, pointer: &str, out: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                out.push(pointer.to_owned());
                members.iter().for_each(|(name, inner)| walk(inner, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), out));
            }
            Value::Array(elements) => elements.iter().enumerate().for_each(|(at, inner)| walk(inner, &format!("{pointer}/{at}"), out)),
            _ => {}
        }
    }
    let mut pointers = Vec::new();
    walk(document, "", &mut pointers);
    let put = |pointer: String| {
        let mut changed = document.clone();
        changed.pointer_mut(&pointer).unwrap().as_object_mut().unwrap().insert("x_unknown".into(), json!("seen"));
        (pointer, changed)
    };
    pointers.into_iter().map(put).collect()
}

#[test]
fn case_74_an_unknown_member_anywhere_in_a_request_is_told_or_comes_across() {
    let mut tried = 0;
    for scenario in all() {
        for (from, to) in pairs() {
            let Some(asked) = scenario.asked(from) else { continue };
            for (pointer, changed) in with_unknown(&asked) {
                let Ok((request, mut loss)) = read_request(from, changed.to_string().as_bytes()) else { continue };
                let Ok(encoded) = encode_request(&request, &scenario.target(to)) else { continue };
                loss.extend(encoded.loss);
                tried += 1;
                let is_told = told(&loss).iter().any(|line| line.ends_with("x_unknown")) || is_lost_whole(&told(&loss), &pointer);
                let is_there = String::from_utf8(encoded.body).unwrap().contains("x_unknown");
                assert!(is_told || is_there, "{}, {from} → {to}: `{pointer}` in neither; told: {:?}", scenario.name, told(&loss));
            }
        }
    }
    assert!(tried > 500, "{tried}");
}

/// Whether what stands at or around the pointer is reported as a whole.
fn is_lost_whole(told: &[String], pointer: &str) -> bool {
    let path = pointer.split('/').skip(1).fold(String::new(), |path, step| match step.parse::<usize>() {
        Ok(index) => format!("{path}[{index}]"),
        Err(_) if path.is_empty() => step.to_owned(),
        Err(_) => format!("{path}.{step}"),
    });
    told.iter().filter_map(|line| line.split_once(' ')).any(|(_, lost)| path.starts_with(lost))
}

#[test]
fn case_74_an_unknown_member_anywhere_in_an_answer_is_told_or_comes_across() {
    let mut tried = 0;
    for scenario in all() {
        for (from, to) in pairs() {
            let Some(answered) = scenario.answered(from) else { continue };
            for (pointer, changed) in with_unknown(&answered) {
                // Figures are the meter's, a response repeats its request.
                let repeated =
                    ["usage", "metrics", "serviceTier", "text", "reasoning", "metadata", "tools"].iter().any(|name| pointer.starts_with(&format!("/{name}")));
                let body = changed.to_string();
                let translated = translate_document(&scenario.answering(from, to), body.as_bytes(), read_document(from, body.as_bytes()).usage, CREATED);
                let Ok(jeton_wire::canonical::Translation { body: out, loss, .. }) = translated else { continue };
                tried += 1;
                let lost = told(&loss);
                let is_told = lost.iter().any(|line| line.ends_with("x_unknown") || line.contains("[type=") || line.ends_with(" citations"));
                let is_there = String::from_utf8(out).unwrap().contains("x_unknown");
                assert!(repeated || is_told || is_there || is_citation(&pointer), "{}, {from} → {to}: `{pointer}` in neither; told: {lost:?}", scenario.name);
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

/// Citations of one kind are told as citations of another; what they hold beyond address, title and quote belongs to their own dialect.
fn is_citation(pointer: &str) -> bool {
    ["/citations/", "/annotations/", "/groundingMetadata/grounding", "/citationMetadata/"].iter().any(|place| pointer.contains(place))
}

#[test]
fn case_74_an_unknown_member_anywhere_in_a_stream_is_told_or_comes_across() {
    let mut tried = 0;
    for (name, from, bytes) in streams() {
        let events = script::parse(&bytes);
        for (_, to) in pairs().filter(|(one, _)| *one == from) {
            for at in (0..events.len()).filter(|&at| events[at].1.get("error").is_none() && !events[at].0.ends_with("Exception")) {
                for (pointer, changed) in with_unknown(&events[at].1) {
                    // What the reader passes over as the meter's.
                    let is_passed = [
                        "usage",
                        "response/usage",
                        "message/usage",
                        "metadata/usage",
                        "metadata/metrics",
                        "metadata/serviceTier",
                        "error",
                        "response/text",
                        "response/reasoning",
                        "response/metadata",
                        "response/tools",
                    ]
                    .iter()
                    .any(|inner| pointer.starts_with(&format!("/{inner}")));
                    // Told once more at its end, where it counts; a ping and an error say nothing else.
                    let is_opening = matches!(events[at].0.as_str(), "response.created" | "response.in_progress" | "ping" | "error")
                        || pointer.starts_with("/part")
                        || (events[at].0 == "response.output_item.added" && pointer.starts_with("/item"))
                        || (pointer.starts_with("/response/output"));
                    if is_passed || is_opening || is_citation(&format!("{pointer}/")) || pointer.starts_with("/annotation") || pointer.contains("citation") {
                        continue;
                    }
                    let mut changed_events = events.clone();
                    changed_events[at].1 = changed;
                    let (out, result) = outcome(from, to, &[&script::sse(from, &changed_events)]);
                    let Ok(lost) = result else { continue };
                    tried += 1;
                    let is_told = lost.iter().any(|line| line.ends_with("x_unknown") || line.contains("[type="));
                    assert!(
                        is_told || String::from_utf8(out).unwrap().contains("x_unknown"),
                        "{name}, {from} → {to}: event {at} {} `{pointer}`; told: {lost:?}",
                        events[at].0
                    );
                }
            }
        }
    }
    assert!(tried > 500, "{tried}");
}
