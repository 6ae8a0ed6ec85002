//! `jeton context compile` and `explain`.

use super::{embed, engine_options, known_class, open_with, read_text, tell_notes, today};
use crate::cli::{AskArgs, CompileArgs, ExplainArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_context::Kind;
use jeton_context::compile::{Alternative, CompileError, Explanation, Hindrance, Manifest, Request, Tier, Today, View, hindrances};
use jeton_context::engine::{Engine, EngineOptions};
use jeton_project::{Pack, Snapshot};
use jeton_text::Vocabulary;
use serde_json::json;

/// The budget where nobody names one, in tokens.
const BUDGET_TOKENS: u64 = 8_192;
/// How many of what was left out are shown.
const LEFT_OUT_MAX: usize = 12;
/// How many points of the curve are shown.
const CURVE_POINTS_MAX: usize = 12;
/// The longest task that is read from stdin, in bytes.
const TASK_BYTES_MAX: u64 = 1 << 20;

/// What was asked, made ready.
struct Ask<'a> {
    args: &'a AskArgs,
    task: String,
    budget_tokens: u64,
    vocabulary: Vocabulary,
    kinds: Vec<Kind>,
    paths: Vec<String>,
    mandatory: Vec<String>,
    today: String,
}

impl<'a> Ask<'a> {
    fn new(context: &Context, args: &'a AskArgs) -> Result<(Self, Engine), Failure> {
        let snapshot = context.snapshot()?;
        known_class(&snapshot, args.class.as_deref())?;
        let options = engine_options(context, &snapshot);
        let vocabulary = chosen_vocabulary(args, options.vocabulary)?;
        for path in &args.path {
            globset::Glob::new(path).map_err(|error| Failure::usage(format!("--path {path}: {}", error.kind()), "write it like docs/**/*.md"))?;
        }
        let pack = args.pack.as_deref().map(|name| pack(&snapshot, name)).transpose()?;
        let ask = Self {
            args,
            task: task(&args.task)?,
            budget_tokens: args.budget.map_or_else(|| pack.map_or(BUDGET_TOKENS, |pack| pack.budget_tokens), |budget| budget.0),
            vocabulary,
            kinds: if args.kind.is_empty() { pack.map(kinds).unwrap_or_default() } else { args.kind.clone() },
            paths: if args.path.is_empty() { pack.map(|pack| pack.scope.clone()).unwrap_or_default() } else { args.path.clone() },
            mandatory: pack.map(|pack| pack.units.iter().map(|unit| unit.as_str().to_owned()).collect()).unwrap_or_default(),
            today: today(),
        };
        let engine = open_with(context.project.dir(), EngineOptions { vocabulary, ..options });
        embed(context, &snapshot, &engine);
        Ok((ask, engine))
    }

    fn request(&self) -> Request<'_> {
        Request {
            task: &self.task,
            budget_tokens: self.budget_tokens,
            vocabulary: self.vocabulary,
            kinds: &self.kinds,
            paths: &self.paths,
            class: self.args.class.as_deref(),
            model: self.args.model.as_deref(),
            key: self.args.key.as_deref(),
            mandatory: &self.mandatory,
            held_out: &[],
            today: Today(&self.today),
        }
    }
}

fn pack<'s>(snapshot: &'s Snapshot, name: &str) -> Result<&'s Pack, Failure> {
    snapshot.packs.get(name).ok_or_else(|| {
        let names: Vec<&str> = snapshot.packs.keys().map(String::as_str).collect();
        let next = if names.is_empty() {
            format!("write [packs.{name}] into jeton.toml, or context/packs/{name}.toml")
        } else {
            format!("name one of {}", names.join(", "))
        };
        Failure::usage(format!("there is no pack `{name}`"), next)
    })
}

fn kinds(pack: &Pack) -> Vec<Kind> {
    pack.kinds.iter().filter_map(|kind| Kind::from_name(kind)).collect()
}

fn task(text: &str) -> Result<String, Failure> {
    let task = if text == "-" { read_text("-", "the task", TASK_BYTES_MAX)? } else { text.to_owned() };
    if task.trim().is_empty() {
        return Err(Failure::usage("the task is empty", "say in words what is to be done: jeton context compile \"refunds of opened goods\""));
    }
    Ok(task)
}

fn chosen_vocabulary(args: &AskArgs, default: Vocabulary) -> Result<Vocabulary, Failure> {
    match (&args.model, &args.vocabulary) {
        (Some(model), _) => {
            let (vocabulary, is_own) = Vocabulary::of_model(model);
            if !is_own {
                eprintln!("note: the vocabulary of {model} is not public; tokens are counted in {}, an estimate", vocabulary.name());
            }
            Ok(vocabulary)
        }
        (None, Some(name)) => Vocabulary::from_name(name).ok_or_else(|| {
            let names: Vec<&str> = Vocabulary::ALL.iter().map(|vocabulary| vocabulary.name()).collect();
            Failure::usage(format!("`{name}` is no vocabulary"), format!("name one of {}", names.join(", ")))
        }),
        (None, None) => Ok(default),
    }
}

fn refused(error: &CompileError) -> Failure {
    let remedy = match error {
        CompileError::TooSmall { needed_tokens, .. } => format!("give it --budget {needed_tokens} or more, or narrow it with --kind and --path"),
        CompileError::NoSuchUnit(_) => "`jeton context list` shows all ids".to_owned(),
    };
    Failure::usage(error.to_string(), remedy)
}

pub(super) fn run(context: &Context, args: &CompileArgs, is_json: bool) -> Result<(), Failure> {
    let (ask, engine) = Ask::new(context, &args.ask)?;
    let compilation = engine.compile(&ask.request()).map_err(|error| refused(&error))?;
    tell_notes(&compilation.manifest.notes);
    if args.manifest {
        output::json(&compilation.manifest);
    } else if is_json {
        output::json(&compilation);
    } else {
        print!("{}", compilation.text());
        eprintln!("{}", summary(&compilation.manifest));
    }
    Ok(())
}

/// What a context is, in two lines.
fn summary(manifest: &Manifest) -> String {
    let of_tier = |tier: Tier| manifest.spans.iter().filter(|span| span.tier == tier).count();
    let [rules, knowledge, code] = Tier::ALL.map(of_tier);
    format!(
        "{} of {} tokens in {}; parts: {rules} of what must be there, {knowledge} of units, {code} of code\ndigest {}, of the state {}",
        output::count(manifest.tokens),
        output::count(manifest.budget_tokens),
        manifest.vocabulary,
        manifest.digest,
        manifest.snapshot
    )
}

pub(super) fn explain(context: &Context, args: &ExplainArgs, is_json: bool) -> Result<(), Failure> {
    let (ask, engine) = Ask::new(context, &args.ask)?;
    let request = ask.request();
    let explanation = engine.explain(&request, args.more.0).map_err(|error| refused(&error))?;
    tell_notes(&explanation.manifest.notes);
    if let Some(words) = &args.unit {
        let (unit, is_in, reasons) = about(&engine, &request, &explanation, words)?;
        if is_json {
            output::json(&json!({ "unit": unit, "is_in": is_in, "reasons": reasons }));
        } else {
            println!("{unit} is {}.", if is_in { "in" } else { "not in" });
            reasons.iter().for_each(|reason| println!("  {reason}"));
        }
        return Ok(());
    }
    if is_json {
        output::json(&explanation);
    } else {
        show(&explanation);
    }
    Ok(())
}

fn show(explanation: &Explanation) {
    let manifest = &explanation.manifest;
    println!("{}\n\nIN", summary(manifest));
    let rows = manifest.spans.iter().map(|span| vec![output::count(span.tokens), span.view.name().to_owned(), span.place.to_string(), span.why.clone()]);
    output::table(&["tokens", "view", "place", "why"], &[0], rows.collect());
    if explanation.left_out.is_empty() {
        println!("\nNothing else has to do with the task.");
    } else {
        println!("\nLEFT OUT: the nearest of {}; the last that was taken in adds {:.2} for 1,000 tokens", explanation.left_out.len(), explanation.last_density);
        let rows = explanation.left_out.iter().take(LEFT_OUT_MAX).map(alternative);
        output::table(&["tokens", "adds/1000", "change", "unit", "why out"], &[0, 1], rows.collect());
    }
    if explanation.with_more.is_empty() {
        println!("\n{} tokens more would change nothing.", output::count(explanation.more_tokens));
    } else {
        println!("\nWITH {} TOKENS MORE", output::count(explanation.more_tokens));
        output::table(&["tokens", "adds/1000", "change", "unit", "why"], &[0, 1], explanation.with_more.iter().map(alternative).collect());
    }
    show_curve(explanation);
}

fn alternative(alternative: &Alternative) -> Vec<String> {
    let name = |view: Option<View>| view.map_or("out", View::name);
    vec![
        format!("{:+}", alternative.tokens),
        format!("{:.2}", alternative.density),
        format!("{} → {}", name(alternative.now), name(alternative.then)),
        alternative.unit.clone(),
        alternative.why_out.as_ref().unwrap_or(&alternative.why).clone(),
    ]
}

/// What the tokens bought, at steps of about the same size.
fn show_curve(explanation: &Explanation) {
    let Some(&(_, whole)) = explanation.curve.last() else { return };
    println!("\nWHAT TOKENS BUY");
    let step = explanation.curve.len().div_ceil(CURVE_POINTS_MAX);
    let last = explanation.curve.len() - 1;
    let points = explanation.curve.iter().enumerate().filter(|(at, _)| at % step == step - 1 || *at == last);
    let rows = points.map(|(_, (tokens, value))| vec![output::count(*tokens), format!("{:.0} %", 100.0 * value / whole.max(f64::MIN_POSITIVE))]);
    output::table(&["tokens", "of the value"], &[0, 1], rows.collect());
}

/// Why a unit or file is in or not: its id, whether it is, and the reasons.
fn about(engine: &Engine, request: &Request<'_>, explanation: &Explanation, words: &str) -> Result<(String, bool, Vec<String>), Failure> {
    let desk = engine.desk();
    let path = words.strip_prefix("code:").unwrap_or(words);
    let is_file = desk.tree.file(path).is_some();
    let unit = if is_file && desk.catalogue.find(words).is_empty() { None } else { Some(super::one_unit(&desk.catalogue, words)?) };
    let id = unit.map_or_else(|| format!("code:{path}"), |unit| unit.id.clone());
    let spans: Vec<String> = explanation
        .manifest
        .spans
        .iter()
        .filter(|span| span.unit == id)
        .map(|span| format!("{}, {} tokens, as {}: {}", span.place, span.tokens, span.view.name(), span.why))
        .collect();
    if !spans.is_empty() {
        return Ok((id, true, spans));
    }
    let mut reasons: Vec<String> = unit.map(|unit| hindrances(unit, request)).unwrap_or_default().iter().map(sentence).collect();
    if reasons.is_empty() {
        reasons = nearness(explanation, &id);
    }
    Ok((id, false, reasons))
}

/// A sentence of its own, with the option that would change it.
fn sentence(hindrance: &Hindrance) -> String {
    let said = hindrance.to_string();
    let (first, rest) = said.split_at(said.chars().next().map_or(0, char::len_utf8));
    let option = hindrance.option().map(|option| format!(" ({option})")).unwrap_or_default();
    format!("{}{rest}{option}.", first.to_uppercase())
}

/// How near it was to being taken in.
fn nearness(explanation: &Explanation, id: &str) -> Vec<String> {
    let Some((at, alternative)) = explanation.left_out.iter().enumerate().find(|(_, alternative)| alternative.unit == id) else {
        return vec!["It has too little to do with the task to be a candidate, or another unit takes its place.".to_owned()];
    };
    let mut reasons = vec![
        format!("It is a candidate ({}); {}.", alternative.why, alternative.why_out.as_deref().unwrap_or("what is there is worth more")),
        format!(
            "It adds {:.2} for 1,000 tokens and takes {}; the last that was taken in adds {:.2}. It is number {} of {} left out.",
            alternative.density,
            alternative.tokens,
            explanation.last_density,
            at + 1,
            explanation.left_out.len()
        ),
    ];
    let with_more = explanation.with_more.iter().any(|more| more.unit == id && more.then.is_some());
    let more = output::count(explanation.more_tokens);
    reasons.push(format!("With {more} tokens more it would be {}.", if with_more { "in" } else { "left out still" }));
    reasons
}
