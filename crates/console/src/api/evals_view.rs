//! Evaluation as the API shows it. Figures carry their interval and what they rest on; what nobody knows is `null`.

use super::view::moment;
use crate::evals::{
    Asked, CauseNote, GateNote, Health, Label, Pairing, Run, Said, Sight, SuiteLine, Waiting, frontier, gate_asked, outcome_name, validity_name,
};
use jeton_allocate::{Estimate, Interval};
use jeton_context::secret;
use jeton_core::{Nanousd, Timestamp};
use jeton_eval::causes;
use jeton_eval::compare::Flip;
use jeton_eval::label::{Agreement, Calibrated};
use jeton_eval::latest::PassedOver;
use jeton_eval::run::RunHead;
use jeton_eval::totals::{TargetTotals, Validity};
use jeton_eval::{Answer, ContextUse, Grade, Row};
use serde_json::{Map, Value, json};

fn masked(text: &str) -> String {
    secret::mask(text).0.into_owned()
}

/// A value whose texts hold no secrets.
fn masked_value(value: &Value) -> Value {
    match value {
        Value::String(text) => masked(text).into(),
        Value::Array(items) => items.iter().map(masked_value).collect(),
        Value::Object(members) => Value::Object(members.iter().map(|(name, value)| (name.clone(), masked_value(value))).collect::<Map<_, _>>()),
        other => other.clone(),
    }
}

fn estimate(estimate: Option<&Estimate>) -> Value {
    let Some(found) = estimate else { return Value::Null };
    json!({
        "value": found.value, "interval": found.interval.map(interval), "level": found.level.get(), "n": found.n, "clusters": found.clusters,
        "method": found.method.to_string(),
    })
}

fn interval(interval: Interval) -> Value {
    json!({ "low": interval.low, "high": interval.high })
}

fn head(head: &RunHead) -> Vec<(&'static str, Value)> {
    vec![
        ("id", head.id.as_str().into()),
        ("suite", head.suite.as_str().into()),
        ("started", moment(head.started)),
        ("class", head.class.as_deref().into()),
        ("digest", json!(head.digest)),
        ("cases", head.cases.into()),
        ("cells", head.cells.into()),
    ]
}

fn target(totals: &TargetTotals) -> Value {
    let (missing, allowed) = match totals.validity {
        Validity::Invalid { share, most } => (Some(share), Some(most)),
        Validity::Valid | Validity::Empty => (None, None),
    };
    let tags = totals.tags.iter().map(|(tag, rate)| json!({ "tag": tag, "pass_rate": estimate(rate.as_ref()) }));
    let graders =
        totals.graders.iter().map(|(name, grader)| json!({ "grader": name, "passed": grader.passed, "failed": grader.failed, "unscored": grader.unscored }));
    let faults = totals.faults.iter().map(|(code, rows)| json!({ "code": code, "rows": rows }));
    let pass_k = totals.pass_k.iter().map(|of| {
        json!({
            "k": of.k, "pass_at_k": estimate(of.pass_at_k.as_ref()), "pass_hat_k": estimate(of.pass_hat_k.as_ref()), "cases_short": of.cases_short,
            "pass_at_k_bounds": of.pass_at_k_bounds.map(interval), "pass_hat_k_bounds": of.pass_hat_k_bounds.map(interval),
        })
    });
    json!({
        "target": totals.target, "cases": totals.cases, "cells": totals.cells, "passed": totals.passed, "failed": totals.failed,
        "unscored": totals.unscored, "errors": totals.errors, "validity": validity_name(totals.validity), "missing_share": missing, "missing_share_max": allowed,
        "pass_rate": estimate(totals.pass_rate.as_ref()), "bounds": totals.bounds.map(interval),
        "pass_k": pass_k.collect::<Vec<_>>(), "score": estimate(totals.score.as_ref()),
        "cost_nanousd": totals.cost.0, "cost_unknown_rows": totals.cost_unknown, "usd_per_case": estimate(totals.usd_per_case.as_ref()),
        "usd_per_success": estimate(totals.usd_per_success.as_ref()), "latency_p50_ms": estimate(totals.latency_p50_ms.as_ref()),
        "latency_p95_ms": estimate(totals.latency_p95_ms.as_ref()), "tokens_in": totals.tokens_in, "tokens_out": totals.tokens_out,
        "simulated": totals.is_simulated, "cached": totals.cached, "tags": tags.collect::<Vec<_>>(), "graders": graders.collect::<Vec<_>>(),
        "faults": faults.collect::<Vec<_>>(),
    })
}

/// A run in a list.
pub(super) fn run_row(run: &Run) -> Value {
    let mut shown: Map<String, Value> = head(&run.head).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    shown.insert("progress".into(), run.progress().name().into());
    shown.insert("why_stopped".into(), run.end.as_ref().and_then(|end| end.why.clone()).into());
    shown.insert("rows".into(), run.rows_done().into());
    shown.insert("targets".into(), run.totals.targets.iter().map(target).collect());
    Value::Object(shown)
}

pub(super) fn run(run: &Run, gates: &[GateNote]) -> Value {
    let head = &run.head;
    let choice = json!({
        "tags": head.choice.tags, "cases": head.choice.cases, "first": head.choice.first, "seed": head.choice.seed, "repeats": head.choice.repeats,
        "concurrency": head.choice.concurrency, "budget_nanousd": head.choice.budget.map(|budget| budget.0), "cache": head.choice.cache,
    });
    let best = frontier(&run.totals);
    let gate = |gate: &GateNote| {
        let (at, gate) = (gate.at, &gate.said);
        let decision = json!(gate.decision);
        json!({
            "at": moment(at), "question": gate_asked(&gate.question), "decision": decision["decision"], "more_cases": decision["more_cases"],
            "stopped_early": gate.stopped_early, "clusters_taken": gate.taken, "alpha": gate.alpha,
        })
    };
    let mut shown = run_row(run);
    let more = json!({
        "file": head.file, "config": head.config, "catalogue": head.catalogue, "version": head.version, "missing_share_max": head.errors_max,
        "selftest": selftest(head), "choice": choice, "took_ms": run.end.as_ref().map(|end| end.took_ms),
        "frontier": best.iter().filter_map(|place| run.totals.targets.get(*place)).map(|target| target.target.as_str()).collect::<Vec<_>>(),
        "gates": gates.iter().map(gate).collect::<Vec<_>>(),
    });
    if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
        shown.extend(more);
    }
    shown
}

fn selftest(head: &RunHead) -> Value {
    let found = head.selftest.as_ref();
    found.map_or(Value::Null, |test| json!({ "checked": test.checked, "faults": test.faults, "not_applicable": test.not_applicable }))
}

pub(super) fn suite(line: &SuiteLine, now: Timestamp) -> Value {
    let targets = line.targets.iter().map(|(head, totals)| json!({ "run": head.id, "started": moment(head.started), "totals": target(totals) }));
    json!({
        "suite": line.name, "runs": line.runs, "last_run": line.last.head.id, "last_started": moment(line.last.head.started),
        "last_age_ms": now.0.saturating_sub(line.last.head.started.0).max(0), "targets": targets.collect::<Vec<_>>(),
    })
}

fn grade(grade: &Grade) -> Value {
    json!({
        "grader": grade.grader, "verdict": grade.verdict, "score": grade.score, "weight": grade.weight, "why": masked(&grade.why), "at": grade.at,
        "cost_nanousd": grade.cost.map(|cost| cost.0), "calls": grade.calls, "raw": grade.raw.as_ref().map(masked_value),
    })
}

fn answer(answer: &Answer) -> Value {
    let tools = answer.tools.iter().map(|tool| json!({ "name": tool.name, "arguments": masked_value(&tool.arguments), "id": tool.id }));
    json!({
        "text": masked(&answer.text), "tools": tools.collect::<Vec<_>>(), "finish": answer.finish, "model": answer.model, "call": answer.call,
        "cost_nanousd": answer.cost.map(|cost| cost.0), "simulated": answer.is_simulated, "tokens_in": answer.tokens_in, "tokens_out": answer.tokens_out,
        "latency_us": answer.latency_us, "tries": answer.tries,
    })
}

fn context(context: &ContextUse) -> Value {
    let units = context
        .units
        .iter()
        .map(|unit| json!({ "unit": unit.unit, "digest": unit.digest, "view": unit.view, "tokens": unit.tokens, "standing": unit.standing }));
    let missing = context.missing.iter().map(|(unit, why)| json!({ "unit": unit, "why": why }));
    json!({
        "pack": context.pack, "digest": context.digest, "snapshot": context.snapshot, "tokens": context.tokens, "budget_tokens": context.budget_tokens,
        "units": units.collect::<Vec<_>>(), "inserted": context.inserted, "left_out": context.left_out, "missing": missing.collect::<Vec<_>>(),
    })
}

pub(super) fn row(row: &Row) -> Value {
    let fault = row
        .fault
        .as_ref()
        .map(|fault| json!({ "class": fault.class, "code": fault.code, "message": masked(&fault.message), "status": fault.status, "call": fault.call }));
    json!({
        "launch": row.launch, "case": row.cell.case, "target": row.cell.target, "repeat": row.cell.repeat, "cluster": row.cluster, "tags": row.tags,
        "outcome": outcome_name(row.outcome), "score": row.score, "weight": row.weight, "cost_nanousd": row.cost.map(|cost: Nanousd| cost.0),
        "cached": row.is_cached, "at": moment(row.at), "request": row.request, "answer": row.answer.as_ref().map(answer), "fault": fault,
        "grades": row.grades.iter().map(grade).collect::<Vec<_>>(), "context": row.context.as_ref().map(context),
    })
}

/// A cause; `experiments` is the run that has the rows of what was tried.
pub(super) fn cause(label: &causes::Label, experiments: Option<&str>) -> Value {
    let tried = label.tried.iter().map(|tried| json!({ "arm": tried.arm, "passed": tried.passed, "n": tried.n, "p": tried.p, "rows": tried.rows }));
    json!({
        "case": label.case, "target": label.target, "launch": label.launch, "cause": label.cause, "also": label.also, "jointly": label.jointly,
        "level": label.level, "proof": masked(&label.proof), "about": label.about, "owner": label.cause.owner(), "tried": tried.collect::<Vec<_>>(),
        "experiments": experiments,
    })
}

pub(super) fn causes(note: &CauseNote) -> Value {
    let (at, note) = (note.at, &note.said);
    let experiments = note.experiments.as_deref();
    let gaps = note.gaps.iter().map(|gap| {
        json!({
            "target": gap.target, "cases": gap.cases, "actual": estimate(gap.actual.as_ref()), "oracle": estimate(gap.oracle.as_ref()),
            "environment": estimate(gap.environment.as_ref()), "model": estimate(gap.model.as_ref()),
        })
    });
    let clusters = note.clusters.iter().map(|cluster| json!({ "signature": cluster.signature, "rows": cluster.rows.len() }));
    json!({
        "at": moment(at), "labels": note.labels.iter().map(|label| cause(label, experiments)).collect::<Vec<_>>(), "clusters": clusters.collect::<Vec<_>>(),
        "gaps": gaps.collect::<Vec<_>>(), "calls": note.calls, "cut": note.is_cut, "experiments": experiments,
    })
}

pub(super) fn pairing(pairing: &Pairing) -> Value {
    let found = &pairing.comparison;
    let side = |side: &crate::evals::Side, rate: f64| {
        let rate = (found.cases > 0).then_some(rate);
        json!({
            "run": side.run.head.id, "target": side.target, "validity": side.totals().map(|totals| validity_name(totals.validity)),
            "simulated": side.totals().is_some_and(|totals| totals.is_simulated), "pass_rate": rate,
        })
    };
    let flips = |flips: &[Flip]| flips.iter().map(flip).collect::<Vec<_>>();
    // An invalid side is no evidence, so nothing is said of either.
    let verdict = if pairing.invalid().is_some() { json!({ "verdict": "invalid" }) } else { json!(found.verdict) };
    let success = found.usd_per_success.as_ref();
    json!({
        "baseline": side(&pairing.baseline, found.rates.0), "candidate": side(&pairing.candidate, found.rates.1), "same_suite": pairing.is_same_suite(),
        "cases": found.cases, "unpaired": found.unpaired, "verdict": verdict["verdict"], "more_cases": verdict["more_cases"], "margin": found.margin,
        "difference": estimate(found.difference.as_ref()), "p": found.p, "test": found.test, "fixed": flips(&found.fixed), "broken": flips(&found.broken),
        "score": estimate(found.score.as_ref()), "usd_per_case": estimate(found.usd_per_case.as_ref()), "latency_ms": estimate(found.latency_ms.as_ref()),
        "usd_per_success_baseline": success.map(|both| both.0), "usd_per_success_candidate": success.map(|both| both.1),
        "usd_per_success": success.map_or(Value::Null, |both| estimate(both.2.as_ref())),
    })
}

fn flip(flip: &Flip) -> Value {
    let count = |(passed, of): (usize, usize)| json!({ "passed": passed, "of": of });
    json!({
        "case": flip.case, "baseline": count(flip.before), "candidate": count(flip.after), "baseline_launch": flip.rows.0,
        "candidate_launch": flip.rows.1, "why": masked(&flip.why),
    })
}

pub(super) fn health(health: &Health) -> Value {
    let beat = health.heartbeat.as_ref().map(
        |beat| json!({ "at": moment(beat.at), "expected": beat.number("expected"), "executed": beat.number("executed"), "scored": beat.number("scored") }),
    );
    json!({
        "suite": health.last.head.suite, "last_run": health.last.head.id, "last_started": moment(health.last.head.started), "last_age_ms": health.age_ms,
        "progress": health.last.progress().name(), "cases": health.last.head.cases, "clusters": health.clusters, "rows": health.cells,
        "unscored": health.unscored, "errors": health.errors, "missing_share_max": health.last.head.errors_max, "selftest": selftest(&health.last.head),
        "detectable": health.sight.as_ref().ok().map(|sight| sight.least), "detectable_basis": health.sight.as_ref().ok().map(basis),
        "detectable_unknown": health.sight.as_ref().err().map(|why| why.sentence()),
        "judges": health.calibrations.iter().map(calibrated).collect::<Vec<_>>(), "people": health.agreements.iter().map(agreement).collect::<Vec<_>>(),
        "waiting": health.waiting, "heartbeat": beat, "passed_over": health.passed_over.iter().map(passed_over).collect::<Vec<_>>(),
        "alarms": health.alarms.iter().map(said).collect::<Vec<_>>(),
    })
}

fn passed_over(of: &PassedOver) -> Value {
    json!({ "run": of.run, "why": masked(&of.why) })
}

/// What a suite's sight is worked out from.
fn basis(sight: &Sight) -> Value {
    let of = &sight.basis;
    json!({
        "baseline": of.baseline, "candidate": of.candidate, "cases": of.cases, "clusters": of.clusters, "between": of.variances.between,
        "within_baseline": of.variances.within_baseline, "within_candidate": of.variances.within_candidate, "design_effect": of.variances.design_effect,
    })
}

fn calibrated(of: &Calibrated) -> Value {
    let withdrawn = of.withdrawn.iter().map(|(why, labels)| json!({ "why": why, "labels": labels }));
    json!({
        "target": of.target, "grader": of.grader, "raw": estimate(of.raw.as_ref()), "corrected": estimate(of.corrected.as_ref()),
        "labelled": of.labelled, "agreed": of.agreed, "kappa": estimate(of.kappa.as_ref()), "judged": of.judged, "withdrawn": withdrawn.collect::<Vec<_>>(),
    })
}

fn agreement(of: &Agreement) -> Value {
    json!({
        "grader": of.grader, "labels": of.labels, "people": of.people, "shared": of.shared, "coefficient": of.coefficient,
        "value": estimate(of.value.as_ref()),
    })
}

/// What a case asks.
pub(super) fn asked(asked: &Asked) -> Value {
    let turns = asked.turns.iter().map(|(who, text)| json!({ "who": who, "text": masked(text) }));
    json!({
        "turns": turns.collect::<Vec<_>>(), "references": asked.references.iter().map(|text| masked(text)).collect::<Vec<_>>(),
        "changed": asked.is_changed,
    })
}

pub(super) fn said(said: &Said) -> Value {
    json!({ "subject": said.subject, "at": moment(said.at), "message": masked(&said.sentence()), "said": masked_value(&said.json) })
}

pub(super) fn label(label: &Label) -> Value {
    let said = &label.said;
    json!({
        "subject": label.subject, "at": moment(label.at), "verdict": said.verdict, "comment": masked(said.comment.as_deref().unwrap_or_default()),
        "by": said.by, "grader": said.grader,
    })
}

pub(super) fn waiting(waiting: &Waiting) -> Value {
    json!({
        "run": waiting.head.id, "suite": waiting.head.suite, "case": waiting.row.cell.case, "target": waiting.row.cell.target,
        "repeat": waiting.row.cell.repeat, "launch": waiting.row.launch, "grader": waiting.grader, "question": waiting.question,
        "asked": waiting.asked.as_ref().map(asked),
        "answer": waiting.row.answer.as_ref().map(answer),
    })
}
