//! `jeton context search`: where some words are spoken of.

use super::tell_notes;
use crate::failure::Failure;
use crate::output;
use jeton_context::compile::FoundUnit;
use jeton_context::engine::Engine;
use jeton_context::rank::{RankedFile, Signal};
use jeton_context::secret::mask_lines;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Characters of a line that are shown.
const LINE_CHARS_MAX: usize = 120;

pub(super) fn run(engine: &Engine, words: &str, limit: usize, is_json: bool) -> Result<(), Failure> {
    let desk = engine.desk();
    let wanted = wanted(words);
    if wanted.is_empty() {
        return Err(Failure::usage("there is no word to look for", "say what you look for: jeton context search \"refund window\""));
    }
    tell_notes(&engine.meaning_of(words).map(|nearness| nearness.notes).unwrap_or_default());
    let units: Vec<Value> = engine.search_units(words).iter().take(limit).filter_map(|found| unit(engine, found, &wanted)).collect();
    let files: Vec<Value> = engine
        .search(words)
        .iter()
        .filter(|(path, _)| !desk.catalogue.has_units_of(path))
        .take(limit)
        .map(|(path, ranked)| file(engine, path, ranked, &wanted))
        .collect();
    if is_json {
        output::json(&json!({ "units": units, "files": files }));
        return Ok(());
    }
    if units.is_empty() && files.is_empty() {
        println!("Nothing here has any of these words.");
        return Ok(());
    }
    show("UNITS", &units);
    show("FILES", &files);
    Ok(())
}

/// The terms of the words; short ones, which stand everywhere, only where there are no others.
fn wanted(words: &str) -> BTreeSet<String> {
    let (long, short): (BTreeSet<String>, BTreeSet<String>) = jeton_text::terms(words).into_iter().partition(|term| term.chars().count() > 3);
    if long.is_empty() { short } else { long }
}

fn show(title: &str, found: &[Value]) {
    if found.is_empty() {
        return;
    }
    println!("{title}");
    for one in found {
        let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        println!("  {}  {}", text("name"), text("why"));
        if !text("line").is_empty() {
            println!("      {}: {}", text("place"), text("line"));
        }
    }
}

fn unit(engine: &Engine, found: &FoundUnit, wanted: &BTreeSet<String>) -> Option<Value> {
    let desk = engine.desk();
    let unit = desk.catalogue.unit(&found.id)?;
    let line = best_line(mask_lines(&unit.body).lines(), wanted).map(|(_, line)| line);
    let text = || desk.tree.text(&unit.place.path).ok();
    let number = line.as_ref().and_then(|line| number_of(&mask_lines(&text()?), unit.place.first_line, line));
    let place = number.map_or_else(|| unit.place.to_string(), |number| format!("{}:{number}", unit.place.path));
    let why = match &found.meant {
        None => covers(found.share),
        Some(meant) if found.share > 0.0 => format!("{}; {meant}", covers(found.share)),
        Some(meant) => meant.clone(),
    };
    Some(json!({ "name": found.id, "title": unit.title, "place": place, "line": line, "share": found.share, "why": why }))
}

fn covers(share: f64) -> String {
    format!("covers {:.0} % of the words", 100.0 * share)
}

/// Where a line of a unit stands in its file; a unit may be written otherwise there.
fn number_of(text: &str, first_line: u32, line: &str) -> Option<usize> {
    let before = first_line.saturating_sub(1) as usize;
    text.lines().skip(before).position(|other| other.trim().starts_with(line)).map(|at| before + at + 1)
}

fn file(engine: &Engine, path: &str, ranked: &RankedFile, wanted: &BTreeSet<String>) -> Value {
    let desk = engine.desk();
    let lines = engine.best_lines(path, ranked);
    let text = if lines.is_some() { desk.tree.text(path).unwrap_or_default() } else { String::new() };
    let best = lines.and_then(|(first, last)| {
        let text = mask_lines(&text);
        let inside = text.lines().skip(first.saturating_sub(1) as usize).take((last + 1).saturating_sub(first) as usize);
        best_line(inside, wanted).map(|(at, line)| (first as usize + at, line))
    });
    let place = best.as_ref().map_or_else(|| path.to_owned(), |(line, _)| format!("{path}:{line}"));
    let signals: Vec<Signal> = ranked.evidence.reasons().into_iter().map(|(signal, _)| signal).collect();
    let why: Vec<&str> = signals.iter().take(3).map(|signal| signal.reason()).collect();
    json!({ "name": path, "place": place, "lines": lines, "line": best.map(|(_, line)| line), "score": ranked.score, "signals": signals, "why": why.join(", ") })
}

/// The line with the most of the words, with its place among `lines`.
fn best_line<'t>(lines: impl Iterator<Item = &'t str>, wanted: &BTreeSet<String>) -> Option<(usize, String)> {
    let has = |line: &str| jeton_text::terms(line).into_iter().filter(|term| wanted.contains(term)).collect::<BTreeSet<_>>().len();
    let best = lines.enumerate().map(|(at, line)| (has(line), at, line)).max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)))?;
    (best.0 > 0).then(|| (best.1, best.2.trim().chars().take(LINE_CHARS_MAX).collect()))
}
