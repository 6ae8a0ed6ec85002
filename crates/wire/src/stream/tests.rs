use super::*;
use proptest::prelude::*;

mod chat_cases;
mod converse_cases;
mod gemini_cases;
mod messages_cases;
mod responses_cases;

/// Everything that a meter makes of a stream.
#[derive(Debug, PartialEq)]
struct Metered {
    forwarded: String,
    terminal: String,
    clean: bool,
    started: bool,
    usage: Usage,
    observed: Observed,
    error: Option<UpstreamFault>,
    next_sequence: u64,
}

fn meter_chunks<'a>(endpoint: Endpoint, strip_usage: bool, chunks: impl IntoIterator<Item = &'a [u8]>) -> Metered {
    let mut meter = StreamMeter::new(endpoint, StreamOptions { strip_usage, ..StreamOptions::default() });
    let mut forwarded = Vec::new();
    for chunk in chunks {
        meter.push(Bytes::copy_from_slice(chunk)).forward.iter().for_each(|bytes| forwarded.extend_from_slice(bytes));
    }
    let ended = meter.finish();
    forwarded.extend_from_slice(&ended.forward);
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Metered {
        forwarded: text(forwarded),
        terminal: text(meter.terminal().to_vec()),
        clean: ended.clean,
        started: meter.content_started(),
        usage: meter.usage().clone(),
        observed: meter.observed().clone(),
        error: meter.error().cloned(),
        next_sequence: meter.next_sequence(),
    }
}

/// Meters a stream whole, and in two chunks cut at every byte, which must make no difference.
#[track_caller]
fn metered(endpoint: Endpoint, strip_usage: bool, stream: &str) -> Metered {
    let bytes = stream.as_bytes();
    let whole = meter_chunks(endpoint, strip_usage, [bytes]);
    for cut in 0..=bytes.len() {
        let pieces = meter_chunks(endpoint, strip_usage, [&bytes[..cut], &bytes[cut..]]);
        assert_eq!(pieces, whole, "cut at byte {cut} of {stream:?}");
    }
    assert_eq!(meter_chunks(endpoint, strip_usage, bytes.chunks(1)), whole, "byte by byte: {stream:?}");
    whole
}

/// A stream passes byte for byte, its end withheld.
#[track_caller]
fn passes(endpoint: Endpoint, stream: &str) -> Metered {
    let metered = metered(endpoint, false, stream);
    assert_eq!(format!("{}{}", metered.forwarded, metered.terminal), stream);
    metered
}

fn used(input: u64, output: u64) -> Usage {
    Usage { input: Some(input), output: Some(output), ..Usage::default() }
}

#[test]
fn several_events_of_a_chunk_are_one_slice_of_it() {
    let chunk = Bytes::from_static(b"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n: ping\n\ndata: {\"choices\":[]}\n\ndata: [DO");
    let mut meter = StreamMeter::new(Endpoint::Chat, StreamOptions::default());
    let pushed = meter.push(chunk.clone());
    assert_eq!(pushed.forward, [chunk.slice(..chunk.len() - 9)]);
    assert_eq!(pushed.forward[0].as_ptr(), chunk.as_ptr());
    assert_eq!(meter.held_bytes(), 9);
    assert!(meter.push(Bytes::from_static(b"NE]\n\n")).forward.is_empty());
    assert!(meter.terminal_seen());
    assert_eq!(&meter.terminal()[..], b"data: [DONE]\n\n");
    assert!(meter.terminal().is_empty());
    assert_eq!(meter.held_bytes(), 0);
}

#[test]
fn case_14_an_event_that_is_too_large_ends_the_stream_with_an_error() {
    let mut meter = StreamMeter::new(Endpoint::Chat, StreamOptions::default());
    meter.push(Bytes::from_static(b"data: {}\n\ndata: "));
    for _ in 0..9 {
        assert!(meter.push(Bytes::from(vec![b'x'; 1024 * 1024])).forward.is_empty());
    }
    assert_eq!(meter.error().unwrap().code.as_deref(), Some("event_too_large"));
    assert!(meter.is_broken());
    assert!(meter.push(Bytes::from_static(b"\n\ndata: [DONE]\n\n")).forward.is_empty());
    assert_eq!(meter.finish(), Ended { forward: Bytes::new(), clean: false });
}

#[test]
fn case_71_every_event_leaves_with_the_chunk_that_completes_it() {
    for (endpoint, event) in [
        (Endpoint::Chat, "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"),
        (Endpoint::Messages, "event: ping\r\ndata: {\"type\":\"ping\"}\r\n\r\n"),
        (Endpoint::Responses, "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\r\r"),
    ] {
        let mut meter = StreamMeter::new(endpoint, StreamOptions::default());
        for _ in 0..3 {
            assert_eq!(meter.push(Bytes::from_static(event.as_bytes())).forward, [event]);
            let (first, rest) = event.split_at(9);
            assert!(meter.push(Bytes::from_static(first.as_bytes())).forward.is_empty());
            assert_eq!(meter.push(Bytes::from_static(rest.as_bytes())).forward, [event]);
            assert_eq!(meter.held_bytes(), 0);
        }
    }
}

#[test]
fn bytes_are_counted_only_where_asked_for() {
    let mut meter = StreamMeter::new(Endpoint::Chat, StreamOptions { text_bytes_counted: false, ..StreamOptions::default() });
    meter.push(Bytes::from_static(b"data: {\"choices\":[{\"delta\":{\"content\":\"abc\"}}]}\n\n"));
    assert!(meter.content_started());
    assert_eq!(meter.observed().text_bytes, 0);
}

#[test]
fn case_65_a_document_in_the_place_of_a_stream_is_read() {
    for endpoint in [Endpoint::Chat, Endpoint::Messages, Endpoint::Responses, Endpoint::Generate] {
        let metered = passes(endpoint, "{\n  \"error\": {\n    \"message\": \"m\",\n    \"type\": \"server_error\"\n  }\n}\n");
        assert_eq!((metered.error.unwrap().message.as_str(), metered.clean), ("m", false));
    }
}

/// Lines that make streams of every kind, valid or not.
fn any_line() -> impl Strategy<Value = String> {
    let usage = r#"{"prompt_tokens":5,"completion_tokens":6}"#;
    prop_oneof![
        Just("data: [DONE]".to_owned()),
        Just(format!(r#"data: {{"choices":[],"usage":{usage}}}"#)),
        Just(format!(r#"data: {{"usage":{usage} , "choices":[{{"delta":{{"content":"é"}}}}]}}"#)),
        Just(r#"data:{"choices":[{"delta":{"content":"a\"b"},"finish_reason":"stop"}],"usage":null}"#.to_owned()),
        Just(r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}}]}"#.to_owned()),
        Just(r#"data: {"error":{"message":"m"}}"#.to_owned()),
        Just(r#"data: {"candidates":[{"content":{"parts":[{"text":"é"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1}}"#.to_owned()),
        Just(r#"data: {"type":"message_stop"}"#.to_owned()),
        Just(r#"data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}"#.to_owned()),
        Just(r#"data: {"type":"response.completed","sequence_number":4,"response":{"usage":{"input_tokens":1,"output_tokens":2}}}"#.to_owned()),
        Just(r#"data: {"type":"response.output_text.delta","delta":"x","sequence_number":3}"#.to_owned()),
        Just("data: {\"choices\":[],".to_owned()),
        Just("data: \"usage\":{\"completion_tokens\":1}}".to_owned()),
        Just("event: error".to_owned()),
        Just(": ping".to_owned()),
        Just(String::new()),
        Just(String::new()),
        "[ -~é]{0,10}",
    ]
}

proptest! {
    #[test]
    fn a_cut_anywhere_makes_no_difference(
        lines in prop::collection::vec((any_line(), prop_oneof![Just("\n"), Just("\r\n"), Just("\r")]), 0..14),
        cuts in prop::collection::vec(0_usize..2_000, 0..6), strip in any::<bool>(), is_ended in any::<bool>()
    ) {
        let mut stream: String = lines.iter().map(|(line, ending)| format!("{line}{ending}")).collect();
        if is_ended {
            stream.push_str("\n\n");
        }
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).chain([0, stream.len()]).collect();
        places.sort_unstable();
        for endpoint in [Endpoint::Chat, Endpoint::Messages, Endpoint::Responses, Endpoint::Generate] {
            let whole = meter_chunks(endpoint, strip, [stream.as_bytes()]);
            let pieces = meter_chunks(endpoint, strip, places.windows(2).map(|cut| &stream.as_bytes()[cut[0]..cut[1]]));
            prop_assert_eq!(&pieces, &whole);
            let kept = format!("{}{}", whole.forwarded, whole.terminal);
            if is_ended && !strip && (whole.clean || whole.error.is_none()) {
                prop_assert_eq!(kept, stream.as_str(), "{}", endpoint);
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 0..8)) {
        for endpoint in Endpoint::ALL {
            let metered = meter_chunks(endpoint, true, chunks.iter().map(Vec::as_slice));
            prop_assert!(!metered.clean);
        }
    }
}
