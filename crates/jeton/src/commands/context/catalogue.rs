//! `jeton context list` and `show`.

use super::{one_unit, plural, prints, tell_findings};
use crate::cli::ListArgs;
use crate::failure::Failure;
use crate::output;
use globset::{Glob, GlobSet, GlobSetBuilder};
use jeton_context::engine::{Desk, Engine};
use jeton_context::facts::{fact_value, shown_text};
use jeton_context::secret::{mask, mask_json};
use jeton_context::{Anchor, Kind, KindTotal, Loading, Trust, Unit, UnitCard, UnitRow};
use jeton_text::Vocabulary;
use serde_json::json;
use std::collections::BTreeMap;

pub(super) fn list(engine: &Engine, args: &ListArgs, is_json: bool) -> Result<(), Failure> {
    let desk = engine.desk();
    let paths = args.path.as_deref().map(globs).transpose()?;
    let units: Vec<&Unit> = desk.catalogue.units().iter().filter(|unit| is_wanted(unit, args, paths.as_ref())).collect();
    let vocabulary = engine.vocabulary().name();
    let totals = totals(&units);
    if is_json {
        let rows: Vec<UnitRow> = units.iter().map(|unit| UnitRow::from(*unit)).collect();
        output::json(&json!({ "units": rows, "totals": totals, "vocabulary": vocabulary, "digest": desk.catalogue.digest() }));
        return Ok(());
    }
    if units.is_empty() {
        if desk.catalogue.units().is_empty() {
            println!("There is no context here. AGENTS.md, CLAUDE.md and other rules of agents, README.md, docs/, schemas and context/ are read.");
        } else if args.kind.iter().any(|kind| matches!(kind, Kind::Code | Kind::History)) {
            println!(
                "Code and history are chosen for each task and are no units of the catalogue: `jeton context search WORDS` and `jeton context compile TASK` find them."
            );
        } else {
            println!("No unit is like that. `jeton context list` shows all {}.", desk.catalogue.units().len());
        }
        return Ok(());
    }
    output::table(&["kind", "id", "owner", "tokens", "loading", "place"], &[3], units.iter().map(|unit| row(unit, vocabulary)).collect());
    println!("\n{}", summary(&totals, units.len(), vocabulary));
    tell_findings(engine, is_json);
    Ok(())
}

fn row(unit: &Unit, vocabulary: &str) -> Vec<String> {
    let owner = if unit.owners.is_empty() { "–".to_owned() } else { unit.owners.join(" ") };
    let tokens = output::known(unit.tokens.get(vocabulary).copied());
    // A rule for some paths is there where they can be: where code is asked for.
    let must = match (unit.is_mandatory && unit.trust > Trust::Untrusted, unit.scope.paths.is_empty()) {
        (true, true) => ", mandatory",
        (true, false) => ", mandatory with code",
        (false, _) => "",
    };
    vec![unit.kind.name().to_owned(), unit.id.clone(), owner, tokens, format!("{}{must}", loading(unit.loading)), unit.place.to_string()]
}

const fn loading(loading: Loading) -> &'static str {
    match loading {
        Loading::Always => "always",
        Loading::Scoped => "scoped",
        Loading::Described => "described",
        Loading::OnDemand => "on demand",
    }
}

fn totals(units: &[&Unit]) -> BTreeMap<&'static str, KindTotal> {
    let mut totals: BTreeMap<&'static str, KindTotal> = BTreeMap::new();
    for unit in units {
        let total = totals.entry(unit.kind.name()).or_default();
        total.units += 1;
        for (vocabulary, count) in &unit.tokens {
            *total.tokens.entry(vocabulary.clone()).or_default() += count;
            *total.tokens_always.entry(vocabulary.clone()).or_default() += if unit.loading == Loading::Always { *count } else { 0 };
        }
    }
    totals
}

fn summary(totals: &BTreeMap<&'static str, KindTotal>, units: usize, vocabulary: &str) -> String {
    let kinds: Vec<String> = totals.iter().map(|(kind, total)| format!("{} {kind}", output::count(total.units))).collect();
    let sum = |of: fn(&KindTotal) -> &BTreeMap<String, u64>| totals.values().filter_map(|total| of(total).get(vocabulary)).sum::<u64>();
    format!(
        "{} ({}): {} tokens in {vocabulary}, {} of them in files that agents always load.",
        plural(units, "unit"),
        kinds.join(", "),
        output::count(sum(|total| &total.tokens)),
        output::count(sum(|total| &total.tokens_always))
    )
}

fn is_wanted(unit: &Unit, args: &ListArgs, paths: Option<&GlobSet>) -> bool {
    let is_owned = |owner: &str| match owner {
        "none" => unit.owners.is_empty(),
        owner => unit.owners.iter().any(|name| name.trim_start_matches('@') == owner.trim_start_matches('@')),
    };
    let is_kind = args.kind.is_empty() || args.kind.contains(&unit.kind);
    is_kind && args.owner.as_deref().is_none_or(is_owned) && paths.is_none_or(|paths| paths.is_match(&*unit.place.path))
}

/// A glob; a directory is all that is in it.
fn globs(text: &str) -> Result<GlobSet, Failure> {
    let bad = |error: globset::Error| Failure::usage(format!("`{text}` is no glob: {}", error.kind()), "write it like docs/**/*.md");
    let path = text.trim_start_matches("./").trim_end_matches('/');
    let mut set = GlobSetBuilder::new();
    set.add(Glob::new(path).map_err(bad)?).add(Glob::new(&format!("{path}/**")).map_err(bad)?);
    set.build().map_err(bad)
}

pub(super) fn show(engine: &Engine, words: &str, is_json: bool) -> Result<(), Failure> {
    let desk = engine.desk();
    let unit = one_unit(&desk.catalogue, words)?;
    let (text, findings) = shown_text(unit, &*desk.tree);
    let standing = desk.standing.get(&unit.id).and_then(|(_, told)| *told);
    if is_json {
        let mut card = serde_json::to_value(UnitCard::from(unit)).unwrap_or_default();
        let anchors: Vec<_> = unit.anchors.iter().map(|anchor| json!({ "anchor": anchor, "state": state(&desk, unit, anchor) })).collect();
        let facts: Vec<_> = unit.facts.iter().map(|fact| json!({ "fact": fact, "now": fact_value(fact, &*desk.tree).ok() })).collect();
        let tokens: BTreeMap<&str, u64> = Vocabulary::ALL.iter().map(|vocabulary| (vocabulary.name(), vocabulary.count(&unit.body))).collect();
        if let Some(card) = card.as_object_mut() {
            card.insert("tokens".to_owned(), json!(tokens));
            for (name, value) in [("text", json!(text)), ("anchor_states", json!(anchors)), ("fact_values", json!(facts)), ("standing", json!(standing))] {
                card.insert(name.to_owned(), value);
            }
            card.insert("problems".to_owned(), json!(findings));
        }
        mask_json(&mut card);
        output::json(&card);
        return Ok(());
    }
    println!("{}\n  {}\n", unit.id, unit.title);
    for (name, value) in lines(&desk, unit, standing) {
        println!("  {name:<11}{}", mask(&value).0);
    }
    println!("\n{}", text.trim_end());
    Ok(())
}

fn lines(desk: &Desk, unit: &Unit, standing: Option<&'static str>) -> Vec<(&'static str, String)> {
    let mut lines = vec![("place", unit.place.to_string()), ("format", word(&unit.format)), ("trust", word(&unit.trust))];
    lines.push(("owner", if unit.owners.is_empty() { "nobody is named".to_owned() } else { unit.owners.join(" ") }));
    lines.push(("loading", format!("{}{}", loading(unit.loading), if unit.is_mandatory { "; mandatory in its scope" } else { "" })));
    let tokens: Vec<String> = unit.tokens.iter().map(|(vocabulary, count)| format!("{} in {vocabulary}", output::count(*count))).collect();
    lines.push(("tokens", tokens.join(", ")));
    lines.push(("digest", unit.digest.to_string()));
    let texts = |name: &'static str, values: &[String]| (!values.is_empty()).then(|| (name, values.join(", ")));
    let (scope, links) = (&unit.scope, &unit.links);
    lines.extend(
        [
            texts("paths", &scope.paths),
            texts("classes", &scope.classes),
            texts("models", &scope.models),
            texts("keys", &unit.access),
            texts("requires", &links.requires),
            texts("supersedes", &links.supersedes),
            texts("conflicts", &links.conflicts),
        ]
        .into_iter()
        .flatten(),
    );
    lines.extend(unit.valid_from.clone().map(|day| ("from", day)));
    lines.extend(unit.valid_until.clone().map(|day| ("until", day)));
    lines.extend(standing.map(|told| ("standing", told.to_owned())));
    lines.extend(unit.anchors.iter().map(|anchor| ("anchor", format!("{}: {}", jeton_context::lock::anchor_name(anchor), state(desk, unit, anchor)))));
    for fact in &unit.facts {
        let now = fact_value(fact, &*desk.tree).unwrap_or_else(|why| format!("unknown: {why}"));
        lines.push(("fact", format!("{}#{} is {now} (line {} says {})", fact.path, fact.pointer, fact.line, fact.said)));
    }
    lines
}

/// What became of the place that an anchor names.
fn state(desk: &Desk, unit: &Unit, anchor: &Anchor) -> &'static str {
    let was = desk.lock.as_ref().and_then(|lock| lock.print(&unit.id, anchor));
    match (prints::print(&*desk.tree, anchor), was.flatten()) {
        (None, _) => "gone",
        (Some(_), _) if !anchor.is_declared => "there",
        (Some(_), None) => "there, never locked",
        (Some(now), Some(was)) if now == was => "fresh: unchanged since it was locked",
        (Some(now), Some(was)) if now.signature == was.signature => "suspect: its body changed since it was locked",
        (Some(_), Some(_)) => "stale: its signature changed since it was locked",
    }
}

/// The stable word of a value.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
