//! `jeton context value`: what each unit of context is worth, by leaving it out, or from the draws of live calls.

use super::run::account_of;
use super::show::figure;
use super::{Desk, chance, choice, refused, wall};
use crate::cli::{ChoiceArgs, ValueArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_allocate::Level;
use jeton_core::{Clock, Nanousd, SystemClock, Timestamp};
use jeton_eval::cell::CellRunner;
use jeton_eval::run::{Choice, RowWriter, RunHead, VALUE_RUNS, run_id};
use jeton_eval::session::{Place, chosen_targets};
use jeton_eval::value::{Ablation, LIVE_N_MIN, LiveCall, LiveDraw, LiveValue, Traffic, VALUE, ValueOptions, ValueReport, live};
use jeton_eval::{Row, Target, TargetKind};
use jeton_ledger::{CallFilter, CallRow, Feedback, LedgerError, Note, Records, RunRecord};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const DAY_MS: i64 = 86_400_000;
/// Days of traffic that a month's cost is told by.
const MONTH_DAYS: i64 = 30;
/// Days back in which live draws are looked for.
const LIVE_DAYS: i64 = 90;
/// Calls of a page of the ledger.
const PAGE: usize = 10_000;
/// Pairs of random orders where there are more than eight files.
const ORDERS: usize = 25;

pub(in crate::commands) fn value(context: &Context, args: &ValueArgs, is_json: bool) -> Result<(), Failure> {
    if args.live {
        return from_live(context, args, is_json);
    }
    let run = run_id(SystemClock.now(), chance());
    let asked = ChoiceArgs { budget: args.budget, repeats: args.repeats, tag: args.tag.clone(), first: args.first, ..ChoiceArgs::default() };
    let desk = Desk::open_to_try(context, &args.suite, wall(&asked, &account_of(&run)).as_ref(), args.target.as_slice())?;
    let target = target(&desk, args.target.as_deref())?;
    let since = Timestamp(SystemClock.now().0 - MONTH_DAYS * DAY_MS);
    let calls = desk.suite.class.as_deref().map(|class| traffic(&**desk.store(), class, since)).transpose()?.map(|calls| calls.len() as u64);
    let options = ValueOptions {
        choice: choice(&asked, &desk.suite),
        units: args.units.clone(),
        calls_max: args.calls,
        margin: args.margin,
        level: Level::P95,
        with_packages: !args.no_packages,
        orders: ORDERS,
        traffic: Traffic { calls, input: input_price(context, &target) },
    };
    eprintln!("{} on {}: rows are kept as {run}", target.name, desk.suite.name);
    let report = desk.with(async |place| measure(place, &desk, &target, &run, options).await)??;
    let note =
        Note { kind: VALUE.to_owned(), subject: desk.suite.name.clone(), at: SystemClock.now(), json: json!({ "run": run, "report": report }).to_string() };
    desk.store().add_note(&note)?;
    if is_json {
        output::json(&json!({ "run": run, "suite": desk.suite.name, "calls_per_30_days": calls, "report": report }));
    } else {
        show(&report, calls, &run);
    }
    if report.cut.is_some() { Err(Failure::Undecided) } else { Ok(()) }
}

/// The target with a pack that is meant: the one that is named, else the first that has one.
fn target(desk: &Desk, name: Option<&str>) -> Result<Target, Failure> {
    let has_pack = |target: &Target| matches!(&target.kind, TargetKind::Model { pack: Some(_), .. });
    let names: Vec<String> = name.map(str::to_owned).into_iter().collect();
    let found = chosen_targets(&desk.suite, &names).map_err(refused)?.into_iter().find(has_pack);
    found.ok_or_else(|| {
        let which = name.map_or_else(|| format!("no target of suite `{}`", desk.suite.name), |name| format!("target `{name}` is not one that"));
        Failure::usage(format!("{which} has a pack, so there is no context to value"), "write `pack = \"NAME\"` into a [[target]] with a model")
    })
}

/// What an input token of the target's model costs; none: it is a route, or its price is not known.
fn input_price(context: &Context, target: &Target) -> Option<jeton_core::Rate> {
    let TargetKind::Model { model, .. } = &target.kind else { return None };
    super::super::model::live(context).ok()?.catalogue().resolve(model).ok()?.entry.price.rates.input
}

/// Calls of a class that no suite made.
fn traffic(store: &dyn Records, class: &str, since: Timestamp) -> Result<Vec<CallRow>, LedgerError> {
    let mut found = Vec::new();
    let mut filter = CallFilter { class: Some(class.to_owned()), since: Some(since), limit: PAGE, ..CallFilter::default() };
    loop {
        let page = store.calls(&filter)?;
        let is_last = page.len() < PAGE;
        filter.before = page.last().map(|call| call.id);
        found.extend(page.into_iter().filter(|call| !call.tags.iter().any(|tag| tag.starts_with("suite:"))));
        if is_last {
            return Ok(found);
        }
    }
}

async fn measure(place: &Place<'_>, desk: &Desk, target: &Target, run: &str, options: ValueOptions) -> Result<ValueReport, Failure> {
    let head = head(place, desk, target, run, &options.choice);
    place.store.begin_run(&RunRecord { id: head.id.clone(), suite: head.suite.clone(), started: head.started, json: json!(head).to_string() })?;
    let writer = RowWriter::start(Arc::clone(&place.store), run).map_err(|error| LedgerError::Store(error.to_string()))?;
    let next = AtomicU64::new(0);
    let keep = |row: Row| {
        if let Err(error) = writer.put(&Row { launch: next.fetch_add(1, Ordering::Relaxed), ..row }) {
            eprintln!("a row could not be kept: {error}");
        }
    };
    let (known, recorded) = (HashMap::new(), HashMap::new());
    let tags = [format!("suite:{}", desk.suite.name), format!("run:{run}")];
    let cells = CellRunner {
        suite: &desk.suite,
        targets: std::slice::from_ref(target),
        models: place.models,
        outside: place.outside,
        environment: place.environment,
        bench: place.bench,
        clock: place.clock,
        tags: &tags,
        timeout_ms: options.choice.timeout_ms,
        known: &known,
        recorded: &recorded,
    };
    let report = Ablation { cells: &cells, keep: &keep, options }.measure().await;
    writer.finish()?;
    Ok(report)
}

/// The head under which the rows are kept: a suite's name of its own, so that they are no run of the suite.
fn head(place: &Place<'_>, desk: &Desk, target: &Target, run: &str, choice: &Choice) -> RunHead {
    let suite = &desk.suite;
    RunHead {
        id: run.to_owned(),
        suite: format!("{}{VALUE_RUNS}", suite.name),
        file: suite.place.path.to_string(),
        digest: suite.digest,
        catalogue: place.environment.engine.as_ref().map(|engine| engine.desk().catalogue.digest()),
        config: place.config.clone(),
        class: suite.class.clone(),
        choice: choice.clone(),
        targets: vec![target.clone()],
        cases: suite.cases.len(),
        cells: suite.cases.len(),
        errors_max: suite.errors_max,
        selftest: None,
        started: SystemClock.now(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn show(report: &ValueReport, calls: Option<u64>, run: &str) {
    println!("What the units of {} did on {} cases; lift in points of the pass rate, with it less without it.\n", report.target, report.cases);
    let row = |unit: &jeton_eval::value::UnitValue| {
        vec![
            unit.unit.clone(),
            format!("{}{}", unit.effect.name(), if unit.is_early { " (early)" } else { "" }),
            figure(unit.lift.as_ref(), 100.0, 1),
            unit.p.map_or_else(|| "–".to_owned(), |p| format!("{p:.3}")),
            format!("{}/{}", unit.pairs, unit.cases),
            format!("{:.0}", unit.tokens),
            month(unit.per_month),
        ]
    };
    output::table(&["unit", "it", "lift [95 % together]", "p (Holm)", "pairs", "tokens", "usd a month"], &[4, 5, 6], report.units.iter().map(row).collect());
    if let Some(interaction) = &report.packages.interaction {
        println!("\ntogether beyond the sum of each: {} points", figure(Some(interaction), 100.0, 1));
    }
    if !report.packages.values.is_empty() {
        println!("The units interact, so files share the whole (Shapley), in points over all cases:\n");
        let row =
            |package: &jeton_eval::value::PackageValue| vec![package.package.clone(), package.units.len().to_string(), figure(package.lift.as_ref(), 100.0, 1)];
        output::table(&["file", "units", "share [95 %]"], &[1], report.packages.values.iter().map(row).collect());
    }
    report.packages.why.iter().for_each(|why| println!("files as wholes: {}", output::line(why)));
    let traffic = calls.map_or_else(
        || "the class's traffic is not known".to_owned(),
        |calls| format!("{} calls of the class in the last {MONTH_DAYS} days, suites' own apart", output::count(calls)),
    );
    println!("\n{} calls were made; margin {:.1} points; {traffic}.", report.calls, 100.0 * report.margin);
    if let Some((case, why)) = report.without.first() {
        println!("{} cases have no context; {case}: {}", report.without.len(), output::line(why));
    }
    report.cut.iter().for_each(|why| println!("It ended before its time: {}.", output::line(why)));
    println!("`jeton eval show {run} --case ID` opens the rows.");
}

fn month(amount: Option<Nanousd>) -> String {
    amount.map_or_else(|| "unknown".to_owned(), |amount| format!("{:.2}", amount.as_usd_f64()))
}

/// The estimate from the draws of live calls.
fn from_live(context: &Context, args: &ValueArgs, is_json: bool) -> Result<(), Failure> {
    let desk = Desk::open(context, &args.suite, None)?;
    let Some(class) = desk.suite.class.clone() else {
        return Err(Failure::usage(
            format!("suite `{}` names no class, so there are no live calls of it", desk.suite.name),
            "write `class = \"NAME\"` into the suite",
        ));
    };
    let store = &**desk.store();
    let since = Timestamp(SystemClock.now().0 - LIVE_DAYS * DAY_MS);
    let all = traffic(store, &class, since)?;
    let calls = drawn(store, &all)?;
    let is_wanted =
        |value: &LiveValue| args.units.is_empty() || args.units.iter().any(|pattern| jeton_context::catalogue::matches_pattern(pattern, &value.unit));
    let values: Vec<LiveValue> = live(&calls, Level::P95).into_iter().filter(is_wanted).collect();
    let is_enough = values.iter().any(|value| value.lift.is_some());
    if is_json {
        let told: Vec<_> = values.iter().map(|value| json!({ "value": value, "refused": value.lift.is_none().then_some("too little") })).collect();
        output::json(&json!({ "class": class, "calls": all.len(), "with_draw_and_score": calls.len(), "effective_n_min": LIVE_N_MIN, "units": told }));
    } else {
        println!("{} live calls of {class} in {LIVE_DAYS} days; {} of them have a draw and a score.\n", output::count(all.len() as u64), calls.len());
        let row = |value: &LiveValue| {
            let lift = if value.lift.is_some() { figure(value.lift.as_ref(), 100.0, 1) } else { "too little".to_owned() };
            vec![value.unit.clone(), lift, value.calls.0.to_string(), value.calls.1.to_string(), format!("{:.0}", value.effective_n)]
        };
        output::table(&["unit", "lift [95 %]", "with", "without", "effective n"], &[2, 3, 4], values.iter().map(row).collect());
        if !is_enough {
            println!("\nToo little: each side must be worth {LIVE_N_MIN:.0} calls. `packs.*.hold_out` draws, `jeton call feedback` scores.");
        }
    }
    if is_enough { Ok(()) } else { Err(Failure::Undecided) }
}

/// The calls that have a draw and were scored.
fn drawn(store: &dyn Records, calls: &[CallRow]) -> Result<Vec<LiveCall>, LedgerError> {
    let mut clusters: HashMap<String, usize> = HashMap::new();
    let mut found = Vec::new();
    for call in calls {
        let Some(detail) = store.call(call.id)? else { continue };
        let Some(score) = detail.feedback.iter().rev().find_map(scored) else { continue };
        let Some(draw) = detail.record.context.as_deref().and_then(draw) else { continue };
        let next = clusters.len();
        let cluster = *clusters.entry(call.outcome.clone().unwrap_or_else(|| call.id.to_string())).or_insert(next);
        found.push(LiveCall { cluster, score, draw });
    }
    Ok(found)
}

fn draw(context: &jeton_ledger::ContextReceipt) -> Option<LiveDraw> {
    let drawn = context.hold_out.as_ref()?;
    let mut kept: Vec<String> = context.spans.iter().filter(|span| span.is_eligible).map(|span| span.unit.clone()).collect();
    kept.sort();
    kept.dedup();
    kept.retain(|unit| drawn.held_out.as_ref() != Some(unit));
    Some(LiveDraw { kept, held_out: drawn.held_out.clone(), propensity: drawn.propensity_ppb as f64 / 1e9 })
}

/// A verdict as a score: its own, else 1 for good and 0 for bad.
fn scored(feedback: &Feedback) -> Option<f64> {
    feedback.score.or(match feedback.verdict.as_str() {
        "good" => Some(1.0),
        "bad" => Some(0.0),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jeton_ledger::{ContextAsker, ContextReceipt, ContextSpan, HoldOut};

    fn feedback(verdict: &str, score: Option<f64>) -> Feedback {
        Feedback { verdict: verdict.to_owned(), score, comment: None, by: "ci".to_owned(), at: Timestamp(0) }
    }

    #[test]
    fn verdicts_are_scores_where_they_say_so() {
        let check = |verdict: &str, score, expected| assert_eq!(scored(&feedback(verdict, score)), expected, "{verdict} {score:?}");
        check("good", None, Some(1.0));
        check("bad", None, Some(0.0));
        check("bad", Some(0.4), Some(0.4));
        check("odd", None, None);
    }

    #[test]
    fn a_receipt_is_a_draw_of_the_units_that_could_have_gone() {
        let span = |unit: &str, is_eligible| ContextSpan {
            unit: unit.to_owned(),
            kind: "doc".to_owned(),
            digest: String::new(),
            path: String::new(),
            first_line: 1,
            last_line: 1,
            tokens: 5,
            view: "full".to_owned(),
            why: String::new(),
            tier: String::new(),
            is_eligible,
        };
        let hold_out = HoldOut { share_ppm: 30_000, eligible: 3, propensity_ppb: 10_000_000, held_out: Some("c".to_owned()) };
        let receipt = ContextReceipt {
            pack: "p".to_owned(),
            asked_by: ContextAsker::Class,
            digest: String::new(),
            snapshot: String::new(),
            query_digest: String::new(),
            vocabulary: String::new(),
            tokens: 10,
            budget_tokens: 10,
            bytes: 40,
            breakpoints: 0,
            breakpoints_dropped: 0,
            spans: vec![span("a", true), span("rule", false), span("b", true), span("a", true)],
            hold_out: Some(hold_out),
        };
        let found = draw(&receipt).unwrap();
        assert_eq!((found.kept, found.held_out, found.propensity), (vec!["a".to_owned(), "b".to_owned()], Some("c".to_owned()), 0.01));
        assert_eq!(draw(&ContextReceipt { hold_out: None, ..receipt }), None);
    }
}
