//! Every scenario, between every two dialects that it is written in, each way: requests, answers and streams.

use crate::helpers::{metered, pairs};
use crate::scenario::{CREATED, DIALECTS, Scenario, all, plain_answer, plain_request, told};
use crate::script;
use bytes::Bytes;
use jeton_wire::canonical::{StreamTranslator, encode_request, read_request, translate_document};
use jeton_wire::{Endpoint, read_document};
use serde_json::Value;

/// The fewest scenarios that each dialect is written in, and the fewest that each pair is compared in: as request, as document and as stream.
const FEWEST: usize = 30;

/// Runs `check` over every scenario and pair; tells every difference at once, and how many were compared of each pair.
fn compare(what: &str, check: impl Fn(&Scenario, Endpoint, Endpoint) -> Option<Result<(), String>>) {
    let scenarios = all();
    let mut wrong = Vec::new();
    for (from, to) in pairs() {
        let mut compared = 0;
        for scenario in &scenarios {
            if let Some(result) = check(scenario, from, to) {
                compared += 1;
                wrong.extend(result.err().map(|why| format!("{}, {from} → {to}:\n{why}", scenario.name)));
            }
        }
        assert!(compared >= FEWEST, "{what}, {from} → {to}: {compared}");
    }
    assert!(wrong.is_empty(), "{} {what} differ\n\n{}", wrong.len(), wrong.join("\n\n"));
}

/// Keeps what came out where the environment says so: the vendors' own parsers read it there (`tests/sdk/python/test_goldens.py`).
fn keep(scenario: &Scenario, from: Endpoint, to: Endpoint, kind: &str, bytes: &[u8]) {
    if let Some(directory) = std::env::var_os("JETON_GOLDENS") {
        let path = std::path::Path::new(&directory).join(format!("{}.{from}.{to}.{kind}", scenario.name));
        std::fs::write(&path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

fn same(what: &str, got: &Value, wanted: &Value) -> Result<(), String> {
    if got == wanted {
        return Ok(());
    }
    Err(format!("{what}\n  got    {got}\n  wanted {wanted}"))
}

fn same_lost(got: &[String], wanted: &[String]) -> Result<(), String> {
    if got == wanted { Ok(()) } else { Err(format!("lost\n  got    {}\n  wanted {}", got.join("; "), wanted.join("; "))) }
}

#[test]
fn every_scenario_is_there_and_every_block_has_a_known_title() {
    let scenarios = all();
    for dialect in DIALECTS {
        for title in [format!("{dialect} asked"), format!("{dialect} answered"), format!("sse {dialect}")] {
            let written = scenarios.iter().filter(|scenario| scenario.text(&title).is_some()).count();
            assert!(written >= FEWEST, "{title}: {written}");
        }
    }
    for scenario in scenarios {
        for title in scenario.titles() {
            let ends = ["asked", "answered", "streamed", "model"].into_iter().find_map(|end| title.strip_suffix(end)).or_else(|| title.strip_prefix("sse "));
            let known = |side: &str| DIALECTS.iter().any(|dialect| dialect.to_string() == side.trim());
            assert!(title == "lost" || ends.is_some_and(|sides| sides.split('→').all(known)), "{}: `{title}`", scenario.name);
        }
        for line in scenario.text("lost").unwrap_or_default().lines() {
            let head = line.split_once(": ").map_or("", |(head, _)| head);
            let known = pairs().any(|(from, to)| ["asked", "answered", "streamed"].iter().any(|what| head == format!("{what} {from} → {to}")));
            assert!(known, "{}: `{line}`", scenario.name);
        }
    }
}

#[test]
fn requests_come_across_as_the_other_dialect_writes_them() {
    compare("requests", |scenario, from, to| {
        let asked = scenario.asked(from)?;
        let lost = scenario.lost("asked", from, to);
        let wanted = scenario.asked_across(from, to);
        if wanted.is_none() && !lost.iter().any(|line| line.starts_with("refused ")) {
            return None;
        }
        Some(check_request(scenario, from, to, &asked, wanted, &lost))
    });
}

fn check_request(scenario: &Scenario, from: Endpoint, to: Endpoint, asked: &Value, wanted: Option<Value>, lost: &[String]) -> Result<(), String> {
    let written = read_request(from, asked.to_string().as_bytes()).and_then(|(request, mut loss)| {
        let encoded = encode_request(&request, &scenario.target(to))?;
        loss.extend(encoded.loss);
        Ok((encoded.body, loss))
    });
    match written {
        Err(fault) => same_lost(&[format!("refused {}", fault.param.as_deref().unwrap_or("?"))], lost),
        Ok((body, loss)) => {
            keep(scenario, from, to, "ask", &body);
            let got: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
            same("request", &plain_request(got), &plain_request(wanted.ok_or("it was to be refused")?))?;
            same_lost(&told(&loss), lost)
        }
    }
}

#[test]
fn answers_come_across_as_the_other_dialect_writes_them() {
    compare("answers", |scenario, from, to| {
        let answer = scenario.answered(from)?;
        let wanted = scenario.answered_across(from, to)?;
        let body = answer.to_string();
        let usage = read_document(from, body.as_bytes()).usage;
        let translated = translate_document(&scenario.answering(from, to), body.as_bytes(), usage, CREATED);
        Some(translated.map_err(|fault| fault.to_string()).and_then(|jeton_wire::canonical::Translation { body, loss, .. }| {
            keep(scenario, from, to, "json", &body);
            let got: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
            same("answer", &plain_answer(got, &mut Vec::new()), &plain_answer(wanted, &mut Vec::new()))?;
            same_lost(&told(&loss), &scenario.lost("answered", from, to))
        }))
    });
}

#[test]
fn streams_come_across_as_the_other_dialect_writes_them() {
    compare("streams", |scenario, from, to| {
        let script = scenario.streamed(from)?;
        let wanted = scenario.streamed_across(from, to)?;
        let stream = script::sse(from, &script::events(from, script, &scenario.answered(from)?));
        let wanted = script::events(to, wanted, &scenario.told_by_stream(from, to)?);
        let (out, told_lost) = translated(scenario, from, to, &stream);
        keep(scenario, from, to, "sse", &out);
        Some(compare_events(&plain_events(script::parse(&out)), &plain_events(wanted)).and_then(|()| {
            let what = if scenario.text("lost").is_some_and(|lost| lost.contains(&format!("streamed {from} → {to}: "))) { "streamed" } else { "answered" };
            same_lost(&told_lost, &scenario.lost(what, from, to))
        }))
    });
}

/// The stream as the caller gets it, closed by an error where it broke off, and what was lost.
pub(crate) fn translated(scenario: &Scenario, from: Endpoint, to: Endpoint, stream: &[u8]) -> (Vec<u8>, Vec<String>) {
    let usage = metered(from, stream);
    let mut translator = StreamTranslator::new(scenario.answering(from, to), CREATED, jeton_core::Usage::default());
    let mut out = Vec::new();
    let pushed = translator.push(&Bytes::copy_from_slice(stream), &mut out);
    match pushed.and_then(|()| translator.close(&usage)) {
        Ok(closing) => out.extend(closing),
        Err(fault) => out.extend(translator.fail(&fault)),
    }
    (out, told(translator.loss()))
}

fn plain_events(events: Vec<script::Event>) -> Vec<script::Event> {
    let mut ids = Vec::new();
    let plain = |(name, mut data): script::Event| {
        // Other dialects tell usage at the end: what stands at the start is provisional, and must be there.
        if let Some(usage) = data.pointer_mut("/message/usage").filter(|usage| usage["input_tokens"].is_u64() && usage["output_tokens"].is_u64()) {
            *usage = "provisional".into();
        }
        (name, plain_answer(data, &mut ids))
    };
    events.into_iter().map(plain).collect()
}

fn compare_events(got: &[script::Event], wanted: &[script::Event]) -> Result<(), String> {
    for at in 0..got.len().max(wanted.len()) {
        if got.get(at) != wanted.get(at) {
            let tell = |event: Option<&script::Event>| event.map_or("nothing".to_owned(), |(name, data)| format!("{name} {data}"));
            return Err(format!("event {at}\n  got    {}\n  wanted {}", tell(got.get(at)), tell(wanted.get(at))));
        }
    }
    Ok(())
}
