//! `cargo xtask prices FILE`: makes the price book's data from an extract of the models.dev repository.
//! One model a line, ascending by id, numbers in the digits of the source, so that a new extract makes a short diff.

use crate::Outcome;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

type Members<'a> = BTreeMap<String, &'a RawValue>;

/// The kinds of price that the source knows, and our word for each. Its unnamed synonyms become one.
const RATES: [(&str, &str); 11] = [
    ("input", "input"),
    ("output", "output"),
    ("cache_read", "cache_read"),
    ("cached_input", "cache_read"),
    ("cache_write", "cache_write"),
    ("cached_write", "cache_write"),
    ("reasoning", "reasoning"),
    ("input_audio", "input_audio"),
    ("output_audio", "output_audio"),
    ("request", "request"),
    ("citation", "citation"),
];

/// Runs the command.
///
/// # Errors
/// Says what in the source has a shape that the price book does not know; nothing is written then.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Outcome {
    let [source] = arguments else { return Err("usage: cargo xtask prices FILE".into()) };
    let text = std::fs::read_to_string(source).map_err(|e| format!("{source}: {e}"))?;
    let made = convert(&text)?;
    let target = root.join("crates/core/data/prices.json");
    std::fs::write(&target, &made).map_err(|e| format!("{}: {e}", target.display()))?;
    println!("crates/core/data/prices.json: {} models, {} bytes", made.lines().count() - 10, made.len());
    Ok(())
}

fn convert(text: &str) -> Result<String, String> {
    let top: Members = members(text)?;
    let header = |name: &str| -> Result<String, String> {
        serde_json::from_str(top.get(name).ok_or(format!("the source has no `{name}`"))?.get()).map_err(|e| format!("{name}: {e}"))
    };
    let mut out = String::from("{\n");
    let facts = [
        ("source", "models.dev".to_owned()),
        ("repository", "anomalyco/models.dev".to_owned()),
        ("commit", header("commit")?),
        ("date", header("date")?),
        ("licence", "MIT".to_owned()),
        ("unit", header("unit")?),
    ];
    for (name, value) in facts {
        let _ = writeln!(out, "{}: {},", json!(name), json!(value));
    }
    out.push_str("\"models\": [\n");
    let models: Members = members(top.get("models").ok_or("the source has no `models`")?.get())?;
    let lines: Result<Vec<String>, String> = models.iter().map(|(id, model)| line(id, model).map_err(|why| format!("{id}: {why}"))).collect();
    out.push_str(&lines?.join(",\n"));
    out.push_str("\n]\n}\n");
    Ok(out)
}

fn members(text: &str) -> Result<Members<'_>, String> {
    serde_json::from_str(text).map_err(|e| e.to_string())
}

/// One model as one line. The price's numbers are copied as text.
fn line(id: &str, raw: &RawValue) -> Result<String, String> {
    let value: Value = serde_json::from_str(raw.get()).map_err(|e| e.to_string())?;
    let parts: Members = members(raw.get())?;
    let mut out = Map::new();
    out.insert("id".into(), json!(id));
    out.insert("name".into(), value["name"].clone());
    out.insert("released".into(), value["released"].clone());
    for limit in ["context", "input", "output"] {
        if let Some(tokens) = value["limit"][limit].as_u64().filter(|&tokens| tokens > 0) {
            out.insert(limit.into(), json!(tokens));
        }
    }
    out.insert("reads".into(), value["input"].clone());
    out.insert("writes".into(), value["output"].clone());
    for flag in ["reasoning", "tools"] {
        if value[flag] == json!(true) {
            out.insert(flag.into(), json!(true));
        }
    }
    if value["status"] == json!("deprecated") {
        out.insert("deprecated".into(), json!(true));
    }
    let mut text = serde_json::to_string(&out).map_err(|e| e.to_string())?;
    text.pop();
    if let Some(price) = parts.get("usd_per_million_tokens") {
        text.push_str(&prices(price)?);
    }
    if let Some(modes) = parts.get("modes") {
        text.push_str(&service_tiers(modes)?);
    }
    text.push('}');
    Ok(text)
}

fn prices(raw: &RawValue) -> Result<String, String> {
    let mut parts: Members = members(raw.get())?;
    let tiers = parts.remove("tiers");
    let mut text = format!(r#","rates":{}"#, rates(&parts)?);
    if let Some(tiers) = tiers {
        let tiers: Vec<Members> = serde_json::from_str(tiers.get()).map_err(|e| e.to_string())?;
        let mut made: Vec<(u64, String)> = tiers.into_iter().map(context_tier).collect::<Result<_, _>>()?;
        made.sort_unstable();
        let made: Vec<String> = made.into_iter().map(|(_, tier)| tier).collect();
        let _ = write!(text, r#","context_tiers":[{}]"#, made.join(","));
    }
    Ok(text)
}

fn context_tier(mut parts: Members) -> Result<(u64, String), String> {
    let tier: Value = serde_json::from_str(parts.remove("tier").ok_or("a tier without its size")?.get()).map_err(|e| e.to_string())?;
    if tier.get("type").is_some_and(|kind| kind != "context") {
        return Err(format!("a tier of the kind {}", tier["type"]));
    }
    let over = tier["size"].as_u64().ok_or("a tier without its size")?;
    Ok((over, format!(r#"{{"over_tokens":{over},"rates":{}}}"#, rates(&parts)?)))
}

/// Modes are named as a response names them: by `service_tier` or by `speed`.
fn service_tiers(raw: &RawValue) -> Result<String, String> {
    let modes: BTreeMap<String, Members> = serde_json::from_str(raw.get()).map_err(|e| e.to_string())?;
    let mut made = Vec::new();
    for (mode, parts) in &modes {
        let provider: Value =
            serde_json::from_str(parts.get("provider").ok_or(format!("the mode {mode} says no request"))?.get()).map_err(|e| e.to_string())?;
        let body = &provider["body"];
        let name = body["service_tier"].as_str().or(body["speed"].as_str()).ok_or(format!("the mode {mode} is asked for in an unknown way"))?;
        let cost = members(parts.get("cost").ok_or(format!("the mode {mode} has no price"))?.get())?;
        made.push(format!(r#"{{"name":{},"rates":{}}}"#, json!(name), rates(&cost)?));
    }
    Ok(format!(r#","service_tiers":[{}]"#, made.join(",")))
}

fn rates(parts: &Members) -> Result<String, String> {
    if let Some(strange) = parts.keys().find(|name| RATES.iter().all(|(known, _)| known != name)) {
        return Err(format!("`{strange}` is a kind of price that the price book does not know"));
    }
    let present = RATES.iter().filter_map(|(name, ours)| parts.get(*name).map(|value| Ok(format!("\"{ours}\":{}", number(value.get())?))));
    Ok(format!("{{{}}}", present.collect::<Result<Vec<_>, String>>()?.join(",")))
}

/// The digits of the source, but for the remains of somebody's float arithmetic: `0.049999999999999996` is meant as `0.05`.
/// No vendor publishes more than nine decimals of a dollar per million tokens.
fn number(text: &str) -> Result<String, String> {
    let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if decimals <= 9 {
        return Ok(text.to_owned());
    }
    let value: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    let rounded = format!("{value:.9}");
    Ok(rounded.trim_end_matches('0').trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#""commit":"c0ffee1","date":"2026-01-01","unit":"USD per million tokens""#;

    fn check(model: &str, expected: &str) {
        let source = format!(r#"{{{HEAD},"models":{{"a/m":{{"name":"M","released":"2025","input":["text"],"output":["text"],{model}}}}}}}"#);
        let outcome = match convert(&source) {
            Ok(made) => made.lines().nth(8).map(str::to_owned).unwrap_or_default(),
            Err(why) => why,
        };
        assert!(outcome.contains(expected), "{outcome}");
    }

    #[test]
    fn a_model_becomes_one_line_with_its_numbers_untouched() {
        check(r#""limit":{"context":10,"output":0}"#, r#"{"id":"a/m","name":"M","released":"2025","context":10,"reads":["text"],"writes":["text"]}"#);
        check(r#""usd_per_million_tokens":{"output":0.30,"cached_input":1e-1,"input":1.0}"#, r#""rates":{"input":1.0,"output":0.30,"cache_read":1e-1}"#);
        check(
            r#""usd_per_million_tokens":{"input":1,"tiers":[{"input":3,"tier":{"size":20}},{"input":2,"tier":{"size":10}}]}"#,
            r#""context_tiers":[{"over_tokens":10,"rates":{"input":2}},{"over_tokens":20,"rates":{"input":3}}]"#,
        );
        check(r#""modes":{"fast":{"cost":{"input":2},"provider":{"body":{"speed":"fast"}}}}"#, r#""service_tiers":[{"name":"fast","rates":{"input":2}}]"#);
    }

    #[test]
    fn remains_of_float_arithmetic_are_rounded_away() {
        check(r#""usd_per_million_tokens":{"input":0.049999999999999996,"output":0.30000000000000004}"#, r#"{"input":0.05,"output":0.3}"#);
        check(r#""usd_per_million_tokens":{"input":0.0000001}"#, r#"{"input":0.0000001}"#);
    }

    #[test]
    fn what_the_price_book_does_not_know_is_refused_by_name() {
        check(r#""usd_per_million_tokens":{"smell":1}"#, "a/m: `smell`");
        check(r#""usd_per_million_tokens":{"tiers":[{"tier":{"size":1,"type":"hour"}}]}"#, "hour");
        check(r#""modes":{"fast":{"cost":{},"provider":{"body":{}}}}"#, "unknown way");
    }
}
