use super::*;
use crate::cell::{CellRunner, Targets};
use crate::environment::Environment;
use crate::grader::{Bench, Material, Prepared};
use crate::run::Choice;
use crate::testing::Folder;
use crate::{Answer, Calling, Case, Criterion, Grader, Input, ModelCall, Models, Row, Suite, Target, TargetKind};
use jeton_context::Place;
use jeton_context::engine::{Engine, EngineOptions};
use jeton_core::{SeededRandom, SystemClock};
use jeton_project::{Pack, PackPlace, PackQuery};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

/// Answers with a phrase where its context has it.
struct Reader(&'static str);

impl Models for Reader {
    fn call(&self, call: ModelCall) -> Calling<'_, Answer> {
        let knows = call.context.is_some_and(|context| context.segments.iter().any(|(text, _)| text.contains(self.0)));
        let text = if knows { self.0 } else { "That is not known." };
        Box::pin(async move { Ok(Answer { text: text.to_owned(), ..Answer::default() }) })
    }

    fn embed(&self, _: &str, _: Vec<String>, _: Vec<String>) -> Calling<'_, (Vec<Vec<f32>>, Answer)> {
        Box::pin(async { Ok((Vec::new(), Answer::default())) })
    }
}

struct NoTargets;

impl Targets for NoTargets {
    fn outside<'a>(&'a self, _: &'a TargetKind, _: &'a Value, _: Option<u64>) -> Calling<'a, Answer> {
        Box::pin(async { Ok(Answer::default()) })
    }
}

const ANSWER: &str = "forty-two days";

fn suite(cases: usize) -> Suite {
    let mut suite = Suite::new("refunds", Place::file("evals/refunds.toml"));
    let case = |n: usize| {
        let question = format!("How long may a kettle be returned, order {n}?");
        Case { reference: Some(ANSWER.into()), ..Case::new(format!("case-{n}"), Input::Text(question), Place::file("evals/refunds.toml")) }
    };
    suite.cases = (0..cases).map(case).collect();
    let criterion = Criterion::Contains { values: vec![ANSWER.to_owned()], any: true, ignore_case: false };
    suite.graders = vec![Grader::new("contains", criterion)];
    suite
}

/// What the units of these files are worth to `cases` questions.
fn measured(files: &[(&str, &str)], cases: usize, adjust: impl Fn(&mut ValueOptions)) -> (ValueReport, Vec<Row>) {
    let folder = Folder::new(files);
    let engine = Arc::new(Engine::open(folder.path(), EngineOptions::default()));
    let pack = Pack {
        scope: Vec::new(),
        kinds: vec!["doc".to_owned()],
        units: Vec::new(),
        query: PackQuery::LastUser,
        budget_tokens: 4_000,
        place: PackPlace::System,
        hold_out: 0.0,
    };
    let environment = Environment::new(Some(engine), BTreeMap::from([("all".to_owned(), pack)]), "2026-12-01");
    let models = Reader(ANSWER);
    let kind = TargetKind::Model { model: "local/extract".to_owned(), pack: Some("all".to_owned()), oracle: false };
    let targets = [Target { name: "with-pack".to_owned(), kind, prompt: None, params: Map::new(), only: Vec::new() }];
    let (suite, known, recorded) = (suite(cases), HashMap::new(), HashMap::new());
    let material = Material::new(None, Err("there is none here".to_owned()), folder.path(), folder.path());
    let prepared = Prepared::new(&suite, &material).0;
    let bench = Bench::new(&models, &prepared);
    let cells = CellRunner {
        suite: &suite,
        targets: &targets,
        models: &models,
        outside: &NoTargets,
        environment: &environment,
        bench: &bench,
        clock: &SystemClock,
        tags: &[],
        timeout_ms: None,
        known: &known,
        recorded: &recorded,
    };
    let mut options = ValueOptions {
        choice: Choice { seed: 7, repeats: 1, concurrency: 4, ..Choice::default() },
        units: Vec::new(),
        calls_max: 10_000,
        margin: 0.02,
        level: Level::P95,
        with_packages: true,
        orders: 20,
        traffic: Traffic { calls: Some(1_000), input: Some(Rate::parse_usd_per_million("2").unwrap()) },
    };
    adjust(&mut options);
    let rows = Mutex::new(Vec::new());
    let keep = |row: Row| rows.lock().unwrap().push(row);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let report = runtime.block_on(Ablation { cells: &cells, keep: &keep, options }.measure());
    (report, rows.into_inner().unwrap())
}

const KETTLE: (&str, &str) = ("docs/returns.md", "# Returns\n\nA kettle may be returned within forty-two days.\n");
const TWIN: (&str, &str) = ("docs/kettle.md", "# Kettle\n\nThe kettle: returned within forty-two days of the order.\n");
const OTHER: (&str, &str) = ("docs/lids.md", "# Lids\n\nThe lid of a kettle is sold apart; an order has one lid.\n");

#[test]
fn the_unit_that_answers_is_found_early_and_the_other_is_not_blamed() {
    let (report, rows) = measured(&[KETTLE, OTHER], 60, |_| {});
    let told: Vec<(&str, Effect, bool, usize)> = report.units.iter().map(|unit| (unit.unit.as_str(), unit.effect, unit.is_early, unit.harmed.len())).collect();
    assert_eq!(told[0].1, Effect::Improved, "{told:?}");
    assert!(told[0].0.contains("returns") && told[0].2 && report.units[0].pairs < 60, "{told:?}");
    assert!(told[1..].iter().all(|unit| unit.1 == Effect::Underpowered && unit.3 == 0), "{told:?}");
    let lift = report.units[0].lift.unwrap();
    assert!(lift.interval.unwrap().low > 0.0 && report.units[0].helped.len() == report.units[0].pairs, "{lift:?}");
    // Tokens × all cases × 1,000 calls at 2 dollars a million.
    let expected = report.units[0].tokens * 1_000.0 * 2.0 / 1e6;
    assert!((report.units[0].per_month.unwrap().as_usd_f64() - expected).abs() < 1e-6 && (report.units[0].share - 1.0).abs() < 1e-12);
    assert_eq!((report.calls as usize, report.cut), (rows.len(), None));
    assert!(report.calls < 60 * (1 + told.len() as u64), "the early decision saves calls: {}", report.calls);
    assert!(rows.iter().filter(|row| row.context.as_ref().is_some_and(|context| !context.left_out.is_empty())).count() > 60);
}

#[test]
fn enough_cases_show_that_a_unit_does_no_harm() {
    let (report, _) = measured(&[KETTLE, OTHER], 60, |options| options.margin = 0.15);
    assert!(report.units[1..].iter().all(|unit| unit.effect == Effect::NonInferior && unit.lift.unwrap().value.abs() < 1e-12), "{:?}", report.units);
}

#[test]
fn two_files_that_say_the_same_share_what_neither_does_alone() {
    let (report, _) = measured(&[KETTLE, TWIN], 20, |_| {});
    assert!(report.units.iter().all(|unit| unit.effect == Effect::Underpowered && unit.lift.unwrap().value.abs() < 1e-12), "{:?}", report.units);
    assert!((report.packages.interaction.unwrap().value - 1.0).abs() < 1e-12, "{:?}", report.packages);
    let shares: Vec<f64> = report.packages.values.iter().map(|package| package.lift.unwrap().value).collect();
    assert!(shares.len() == 2 && shares.iter().all(|share| (share - 0.5).abs() < 1e-12), "{:?}", report.packages);
    let (bounded, _) = measured(&[KETTLE, TWIN], 20, |options| options.with_packages = false);
    assert_eq!(bounded.packages, Packages::default());
}

#[test]
fn the_bound_on_calls_and_unknown_prices_are_kept() {
    let (report, rows) = measured(&[KETTLE, OTHER], 20, |options| {
        options.calls_max = 7;
        options.traffic = Traffic { calls: Some(9), input: None };
    });
    assert!(rows.len() <= 7 && report.calls as usize == rows.len(), "{}", rows.len());
    assert!(report.cut.unwrap().contains("7 calls"));
    assert!(report.units.iter().all(|unit| unit.per_month.is_none() && unit.effect == Effect::Underpowered));
    let (none, rows) = measured(&[KETTLE, OTHER], 5, |options| options.units = vec!["doc:nothing*".to_owned()]);
    assert!(none.units.is_empty() && rows.is_empty() && none.cases == 5);
}

/// Of families in which no unit does anything, at most one in twenty may have a claim.
#[test]
fn claims_of_nothing_are_rare() {
    let (mut random, mut claims) = (SeededRandom::new(11), 0);
    for _ in 0..150 {
        let units: Vec<Tried> = (0..3).map(|_| null_unit(&mut random)).collect();
        let judged = judge(&units, 0.02, Level::P95);
        claims += usize::from(judged.iter().any(|unit| matches!(unit.effect, Effect::Improved | Effect::Regressed)));
    }
    // 150 × 5 % is 7.5; 15 would come by chance in fewer than one of a hundred runs.
    assert!(claims < 15, "{claims}");
}

fn null_unit(random: &mut SeededRandom) -> Tried {
    let mut unit = Tried { pairs: Vec::new(), look: Look::new(Level::P95, 3) };
    for cluster in 0..40 {
        let mut score = || f64::from(u8::from(random.below(10) < 7));
        let pair = Pair { cluster, baseline: score(), candidate: score(), weight: 1.0 };
        if unit.look.push(pair.candidate - pair.baseline).is_some() {
            break;
        }
        unit.pairs.push(pair);
    }
    unit
}

fn drawn(n: usize, share: f64, lift: f64) -> Vec<LiveCall> {
    let mut random = SeededRandom::new(3);
    let mut chance = move || random.below(1_000_000) as f64 / 1e6;
    let call = |cluster| {
        let is_out = chance() < share;
        let score = f64::from(u8::from(chance() < if is_out { 0.6 } else { 0.6 + lift }));
        let unit = "doc:docs/returns.md".to_owned();
        let draw = LiveDraw { kept: if is_out { Vec::new() } else { vec![unit.clone()] }, held_out: is_out.then_some(unit), propensity: share };
        LiveCall { cluster, score, draw }
    };
    (0..n).map(call).collect()
}

#[test]
fn live_draws_are_refused_until_both_sides_have_enough() {
    let few = live(&drawn(900, 0.03, 0.3), Level::P95);
    assert!(few[0].lift.is_none() && few[0].effective_n < LIVE_N_MIN && few[0].calls.0 > 800, "{few:?}");
    let many = live(&drawn(20_000, 0.03, 0.3), Level::P95);
    let lift = many[0].lift.unwrap();
    assert!(lift.interval.unwrap().contains(0.3) && !lift.interval.unwrap().contains(0.0), "{lift:?}");
    assert!((many[0].effective_n - many[0].calls.1 as f64).abs() < 1e-6, "equal chances: every call counts once");
}

/// A unit that is left out more often where calls are hard is not blamed for them: the weights undo it.
#[test]
fn unequal_chances_are_undone() {
    let mut calls = Vec::new();
    for cluster in 0..8_000 {
        // Hard calls score 0.2 and are held out half of the time, easy ones 0.8 and one time in ten; the unit does nothing.
        let (is_hard, turn) = (cluster % 2 == 0, cluster / 2 % 10);
        let (score, propensity, is_out) = if is_hard { (0.2, 0.5, turn < 5) } else { (0.8, 0.1, turn < 1) };
        let unit = || "u".to_owned();
        let draw = LiveDraw { kept: if is_out { Vec::new() } else { vec![unit()] }, held_out: is_out.then(unit), propensity };
        calls.push(LiveCall { cluster, score, draw });
    }
    let found = live(&calls, Level::P95);
    assert!(found[0].lift.unwrap().value.abs() < 1e-9, "{found:?}");
    let plain = |is_out: bool| {
        let scores: Vec<f64> = calls.iter().filter(|call| call.draw.held_out.is_some() == is_out).map(|call| call.score).collect();
        scores.iter().sum::<f64>() / scores.len() as f64
    };
    assert!(plain(false) - plain(true) > 0.1, "without weights it would seem to help");
}
