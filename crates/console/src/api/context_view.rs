//! Context as the API shows it. What nobody knows is `null`, with the reason beside it.

use super::context::{COMMITS_MAX, findings_about};
use super::view::moment;
use crate::context::{LIFT_UNKNOWN, Now, Used, anchor_word, state_word};
use jeton_context::check::AnchorState;
use jeton_context::compile::{Alternative, Compilation, Explanation, Manifest, Span, View};
use jeton_context::git::FileCommit;
use jeton_context::rank::RankedFile;
use jeton_context::{Finding, Loading, Place, Unit, facts, secret};
use jeton_core::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

fn place(place: &Place) -> Value {
    let line = |line: u32| (line > 0).then_some(line);
    json!({ "path": place.path, "first_line": line(place.first_line), "last_line": line(place.last_line) })
}

pub(super) fn unit_row(now: &Now, unit: &Unit, uses: &Used) -> Value {
    json!({
        "id": unit.id, "kind": unit.kind, "title": unit.title, "owners": unit.owners, "trust": unit.trust, "loading": unit.loading,
        "is_mandatory": unit.is_mandatory, "tokens": now.tokens(unit), "place": place(&unit.place), "state": state_word(now.assessment.freshness(unit)),
        "uses": uses.as_ref().ok().map(|uses| uses.count(&unit.id)), "uses_are_all": uses.as_ref().is_ok_and(|uses| uses.are_all),
        "uses_unknown": uses.as_ref().err(), "lift": Value::Null, "lift_unknown": LIFT_UNKNOWN,
    })
}

/// Units and tokens by kind.
pub(super) fn totals(now: &Now, units: &[&Unit]) -> Value {
    let mut kinds: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for unit in units {
        let tokens = now.tokens(unit).unwrap_or(0);
        let total = kinds.entry(unit.kind.name()).or_default();
        *total = (total.0 + 1, total.1 + tokens, total.2 + if unit.loading == Loading::Always { tokens } else { 0 });
    }
    let row = |(kind, (units, tokens, always)): (&&str, &(u64, u64, u64))| json!({ "kind": kind, "units": units, "tokens": tokens, "tokens_always": always });
    kinds.iter().map(row).collect()
}

pub(super) fn unit(now: &Now, unit: &Unit, uses: &Used) -> Value {
    let mut shown = unit_row(now, unit, uses);
    let used: Option<Vec<Value>> = uses.as_ref().ok().map(|uses| {
        let calls = uses.of(&unit.id).iter().take(50);
        calls.map(|one| json!({ "call": one.call, "started": moment(one.started), "class": one.class, "tokens": one.tokens })).collect()
    });
    let history = history(now, unit);
    let rest = json!({
        "format": unit.format, "scope": { "paths": unit.scope.paths, "classes": unit.scope.classes, "models": unit.scope.models },
        "valid_from": unit.valid_from, "valid_until": unit.valid_until, "is_safety": unit.is_safety, "access": unit.access, "digest": unit.digest,
        "body": body(now, unit), "anchors": anchors(now, unit), "facts": facts_of(now, unit),
        "history": history.as_ref().ok().map(|commits| commits.iter().map(commit).collect::<Vec<_>>()), "history_unknown": history.as_ref().err(),
        "findings": findings_about(&now.assessment, unit).into_iter().map(finding).collect::<Vec<_>>(), "calls": used,
    });
    if let (Value::Object(shown), Value::Object(rest)) = (&mut shown, rest) {
        shown.extend(rest);
    }
    shown
}

/// The text as a model gets it: facts as they are now, secrets masked.
pub(crate) fn body(now: &Now, unit: &Unit) -> String {
    facts::shown_text(unit, &*now.desk.tree).0
}

fn anchors(now: &Now, unit: &Unit) -> Vec<Value> {
    let states = now.assessment.anchors(unit);
    let row = |(anchor, state): (&jeton_context::Anchor, &AnchorState)| {
        let moved = if let AnchorState::Broken { moved, .. } = state { moved.clone() } else { None };
        json!({ "path": anchor.path, "at": anchor.at, "is_declared": anchor.is_declared, "line": anchor.line, "state": anchor_word(state), "moved": moved })
    };
    unit.anchors.iter().zip(&states).map(row).collect()
}

fn facts_of(now: &Now, unit: &Unit) -> Vec<Value> {
    let row = |fact: &jeton_context::Fact| {
        let found = facts::fact_value(fact, &*now.desk.tree);
        let masked = |text: &str| secret::mask(text).0.into_owned();
        json!({
            "said": masked(&fact.said), "path": fact.path, "pointer": fact.pointer, "line": fact.line,
            "is": found.as_ref().ok().map(|value| masked(value)), "unknown": found.as_ref().err(),
        })
    };
    unit.facts.iter().map(row).collect()
}

/// The last commits that touched the unit's file, or why nobody knows.
pub(crate) fn history(now: &Now, unit: &Unit) -> Result<Vec<FileCommit>, String> {
    let git = now.engine.git().map_err(|_| "the project is in no Git repository that can be asked".to_owned())?;
    let head = git.resolve("HEAD").ok_or_else(|| "the repository has no commits".to_owned())?;
    git.file_log(&head, &unit.place.path, COMMITS_MAX).map_err(|error| error.message)
}

fn commit(one: &FileCommit) -> Value {
    json!({ "commit": one.id, "at": moment(Timestamp(one.time_s.saturating_mul(1_000))), "author": one.author, "subject": secret::mask(&one.subject).0 })
}

pub(super) fn finding(finding: &Finding) -> Value {
    let fix = finding.fix.as_ref().map(|fix| json!({ "line": fix.line, "start_column": fix.start_column, "end_column": fix.end_column, "new": fix.new }));
    json!({
        "code": finding.code, "severity": finding.severity, "place": place(&finding.place), "message": finding.message, "remedy": finding.remedy,
        "unit": finding.unit, "owners": finding.owners, "fix": fix,
    })
}

pub(super) fn found_unit(unit: &Unit, score: f64) -> Value {
    json!({ "id": unit.id, "kind": unit.kind, "title": unit.title, "place": place(&unit.place), "score": score })
}

pub(super) fn found_file(path: &str, ranked: &RankedFile, best: Option<(u32, u32)>) -> Value {
    let lines = best.map_or_else(|| Place::file(path), |(first, last)| Place::lines(path, first, last));
    json!({ "place": place(&lines), "score": ranked.score })
}

fn span(span: &Span) -> Value {
    json!({
        "unit": span.unit, "kind": span.kind, "digest": span.digest, "place": place(&span.place), "view": span.view, "tier": span.tier,
        "tokens": span.tokens, "why": span.why, "density": span.density,
    })
}

fn manifest(manifest: &Manifest) -> Value {
    json!({
        "digest": manifest.digest, "snapshot": manifest.snapshot, "task": manifest.task, "vocabulary": manifest.vocabulary,
        "budget_tokens": manifest.budget_tokens, "tokens": manifest.tokens, "spans": manifest.spans.iter().map(span).collect::<Vec<_>>(),
        "held_out": manifest.held_out,
    })
}

pub(super) fn compilation(compiled: &Compilation) -> Value {
    let segments = compiled.segments.iter().map(|segment| json!({ "tier": segment.tier, "text": segment.text, "breakpoint": segment.breakpoint }));
    json!({ "segments": segments.collect::<Vec<_>>(), "manifest": manifest(&compiled.manifest) })
}

fn alternative(one: &Alternative) -> Value {
    let view = |view: Option<View>| view.map(View::name);
    json!({ "unit": one.unit, "now": view(one.now), "then": view(one.then), "tokens": one.tokens, "density": one.density, "why": one.why, "why_out": one.why_out })
}

pub(super) fn explanation(explained: &Explanation) -> Value {
    let point = |(tokens, value): &(u64, f64)| json!({ "tokens": tokens, "value": value });
    let mut shown = Map::new();
    shown.insert("manifest".into(), manifest(&explained.manifest));
    shown.insert("left_out".into(), explained.left_out.iter().map(alternative).collect());
    shown.insert("last_density".into(), explained.last_density.into());
    shown.insert("more_tokens".into(), explained.more_tokens.into());
    shown.insert("with_more".into(), explained.with_more.iter().map(alternative).collect());
    shown.insert("curve".into(), explained.curve.iter().map(point).collect());
    Value::Object(shown)
}
