//! Recording and replaying, with real files.

use super::*;
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory of its own that goes away with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("jeton-replay-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }

    fn replay(&self, pace: Pace) -> Replay {
        Replay::new(ReplayConfig { directory: self.0.clone(), pace })
    }

    fn record(&self, model: &str, body: &str, answer: &[&[u8]]) {
        let mut recording = Recording::new(Endpoint::Chat, model, body.as_bytes()).unwrap();
        let headers = [("Content-Type", "application/json"), ("set-cookie", "session=1"), ("authorization", "x"), ("X-RateLimit-Reset-Requests", "1s")];
        recording.head(200, headers, Duration::from_millis(40));
        for (piece, at) in answer.iter().zip(1_u64..) {
            recording.chunk(piece, Duration::from_millis(40 + 10 * at));
        }
        Recorder::new(&self.0).unwrap().append(&recording.finish()).unwrap();
    }

    fn text(&self) -> String {
        fs::read_dir(&self.0).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The directory may never have been made.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn body(reply: &SimulatedReply) -> String {
    let bytes: Vec<u8> = reply
        .outcome
        .as_ref()
        .unwrap()
        .steps
        .iter()
        .flat_map(|step| if let Step::Bytes(bytes) = &step.step { bytes.to_vec() } else { panic!("no bytes") })
        .collect();
    String::from_utf8(bytes).unwrap()
}

fn status(reply: &SimulatedReply) -> u16 {
    reply.outcome.as_ref().unwrap().status
}

const ASK: &str = r#"{"model":"openai/gpt-5","messages":[{"role":"user","content":"hi"}],"temperature":0}"#;

#[test]
fn a_recorded_request_gets_its_answer_byte_for_byte() {
    let scratch = Scratch::new();
    scratch.record("openai/gpt-5", ASK, &[b"{\"a\":", "\"é\"}".as_bytes()]);
    let replay = scratch.replay(Pace::Instant);
    assert_eq!(replay.models().unwrap(), ["openai/gpt-5"]);
    let same = r#"{ "temperature": 0, "user": "u", "model": "gpt-5", "messages": [{"content":"hi","role":"user"}] }"#;
    let reply = replay.answer(Endpoint::Chat, "openai/gpt-5", same.as_bytes());
    assert_eq!((status(&reply), body(&reply).as_str()), (200, "{\"a\":\"é\"}"));
    let headers = &reply.outcome.unwrap().headers;
    assert_eq!(headers, &[("content-type".into(), "application/json".into()), ("x-ratelimit-reset-requests".into(), "1s".into())]);
}

#[test]
fn times_are_played_where_asked_for() {
    let scratch = Scratch::new();
    scratch.record("m", ASK, &[b"a", b"b"]);
    let waits = |pace| {
        let reply = scratch.replay(pace).answer(Endpoint::Chat, "m", ASK.as_bytes());
        let mut waits = vec![reply.delay_before_headers];
        waits.extend(reply.outcome.unwrap().steps.iter().map(|step| step.after));
        waits.iter().map(Duration::as_millis).collect::<Vec<_>>()
    };
    assert_eq!(waits(Pace::Recorded), [40, 10, 10]);
    assert_eq!(waits(Pace::Instant), [0, 0, 0]);
}

#[test]
fn a_character_split_over_pieces_stays_whole() {
    let scratch = Scratch::new();
    let text = "é✓".as_bytes();
    scratch.record("m", ASK, &[&text[..1], &text[1..3], &text[3..]]);
    assert_eq!(body(&scratch.replay(Pace::Instant).answer(Endpoint::Chat, "m", ASK.as_bytes())), "é✓");
}

#[test]
fn a_request_recorded_twice_gets_its_answers_in_turn() {
    let scratch = Scratch::new();
    scratch.record("m", ASK, &[b"one"]);
    scratch.record("m", ASK, &[b"two"]);
    let replay = scratch.replay(Pace::Instant);
    let answers: Vec<String> = (0..3).map(|_| body(&replay.answer(Endpoint::Chat, "m", ASK.as_bytes()))).collect();
    assert_eq!(answers, ["one", "two", "one"]);
    scratch.record("m", r#"{"messages":[]}"#, &[b"later"]);
    assert_eq!(body(&replay.answer(Endpoint::Chat, "m", br#"{"messages":[]}"#)), "later", "a file that grew is read again");
}

#[test]
fn a_miss_names_the_places_that_differ_from_the_nearest() {
    let scratch = Scratch::new();
    scratch.record("m", ASK, &[b"one"]);
    scratch.record("m", r#"{"messages":[],"top_p":1,"seed":2,"stop":"x","n":1}"#, &[b"two"]);
    let replay = scratch.replay(Pace::Instant);
    let miss = replay.answer(Endpoint::Chat, "m", br#"{"messages":[{"role":"user","content":"secret prompt"}],"temperature":0.5}"#);
    let text = body(&miss);
    assert_eq!(status(&miss), 404);
    assert!(text.contains("`/messages/0/content`, `/temperature`") && text.contains("nearest of 2") && text.contains("replay_miss"), "{text}");
    assert!(!text.contains("secret prompt"));
    let far = body(&replay.answer(Endpoint::Chat, "m", br#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}"#));
    assert_eq!(far.matches("`/").count(), 5, "{far}");
    assert!(far.contains("more"), "{far}");
    assert!(body(&replay.answer(Endpoint::Responses, "m", ASK.as_bytes())).contains("is a responses call"));
}

#[test]
fn an_unknown_model_and_a_broken_file_are_told_in_the_callers_dialect() {
    let scratch = Scratch::new();
    scratch.record("gpt-5", ASK, &[b"one"]);
    let replay = scratch.replay(Pace::Instant);
    let unknown = replay.answer(Endpoint::Messages, "gpt-6", ASK.as_bytes());
    assert_eq!(status(&unknown), 404);
    assert!(body(&unknown).contains("gpt-5") && body(&unknown).contains("not_found_error"), "{}", body(&unknown));
    fs::write(scratch.0.join("bad.jsonl"), "{}\n").unwrap();
    let broken = replay.answer(Endpoint::Chat, "bad", ASK.as_bytes());
    assert_eq!(status(&broken), 503);
    assert!(body(&broken).contains("line 1"), "{}", body(&broken));
    assert_eq!(Scratch::new().replay(Pace::Instant).models().unwrap(), Vec::<String>::new());
}

#[test]
fn a_torn_last_line_is_passed_over_and_written_past() {
    let scratch = Scratch::new();
    scratch.record("m", ASK, &[b"one"]);
    let path = scratch.0.join("m.jsonl");
    let torn = fs::read_to_string(&path).unwrap() + "{\"digest\":\"ab";
    fs::write(&path, torn).unwrap();
    assert_eq!(body(&scratch.replay(Pace::Instant).answer(Endpoint::Chat, "m", ASK.as_bytes())), "one");
    scratch.record("m", r#"{"messages":[]}"#, &[b"two"]);
    let lines = fs::read_to_string(&path).unwrap();
    assert_eq!(lines.lines().count(), 3);
}

#[test]
fn no_secret_reaches_the_file() {
    let scratch = Scratch::new();
    let key = "sk-proj-abc123def456ghi789";
    let ask = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"my key is {key}"}}]}}"#);
    let answer = format!("{{\"text\":\"use {key} then\"}}");
    scratch.record("m", &ask, &[&answer.as_bytes()[..20], &answer.as_bytes()[20..]]);
    let text = scratch.text();
    for secret in [key, "session=1", "authorization", "abc123"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let reply = scratch.replay(Pace::Instant).answer(Endpoint::Chat, "m", ask.as_bytes());
    assert_eq!(status(&reply), 200, "masked and unmasked requests are the same");
    assert_eq!(body(&reply).len(), answer.len());
}
