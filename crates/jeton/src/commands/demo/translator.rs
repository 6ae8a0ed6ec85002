//! The domain translator's story: a figure changes in one file. The checks say what else speaks of it, what a model is given and what it
//! answers follow, and the rule that the change breaks says so.

use super::desk;
use super::project::DemoProject;
use super::server::DemoServer;
use crate::failure::Failure;
use jeton_context::check::{self, CheckInput, CheckOptions, CodePrints};
use jeton_context::compile::{Compilation, Request, Today};
use jeton_context::constraint::{self, Prepared, Subject, Surroundings, Verdict};
use jeton_context::engine::{Engine, EngineOptions};
use jeton_context::{Detail, Finding, Kind, Unit};
use serde::Serialize;

const CLASS: &str = "support.refund";
const QUESTION: &str = "How many days do I have to send goods back for a refund?";

/// The file with the figure, and the line as it stands and as it is then written.
const POLICY: &str = "data/policy.toml";
const BEFORE: &str = "days = 30\n";
const AFTER: &str = "days = 14\n";

/// What the checks must find then: pages and rules that quote the figure, and those that say the old one by themselves.
const FOUND: [&str; 5] = [
    "fact-differs context/refunds.md",
    "fact-differs context/rules.toml",
    "fact-elsewhere context/shop.md",
    "fact-elsewhere context/examples.toml",
    "fact-elsewhere context/schemas/refund-decision.json",
];
/// The rules that must break: one watches the file, the other the answer.
const BROKEN: [&str; 2] = ["constraint:policy-keeps-the-card", "constraint:printed-card"];

/// The pack of the class, as the example writes it in `context/packs/refund.toml`.
const BUDGET_TOKENS: u64 = 800;
const KINDS: [Kind; 4] = [Kind::Constraint, Kind::Doc, Kind::Schema, Kind::Example];

/// What holds at one moment.
#[derive(Debug, Serialize)]
struct Moment {
    context_tokens: u64,
    answer: String,
    /// What the checks found: code, place and who answers for it.
    found: Vec<String>,
    /// Rules that files or the answer break.
    broken: Vec<String>,
}

/// What the story came to.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    before: Moment,
    after: Moment,
    /// Lines of the context that the change took out and put in.
    context_changed: (Vec<String>, Vec<String>),
    pub(super) ok: bool,
}

/// Tells the story.
pub(super) fn run(is_json: bool) -> Result<Outcome, Failure> {
    let say = super::voice(is_json);
    let project = DemoProject::with("translator", desk::FILES)?;
    let server = DemoServer::start(project.dir())?;
    say("1. A shop for tea-ware wrote its rules as plain files. Figures stand once, in data/policy.toml; pages quote them from there.");
    let (before, first) = moment(&project, &server)?;
    say(&format!(
        "   A customer asks: \"{QUESTION}\"\n   The gateway attaches the pack of its class: {} tokens of context, {BUDGET_TOKENS} allowed.",
        before.context_tokens
    ));
    say(&format!("   The answer of local/extract: \"{}\"\n   The checks find {}.\n", before.answer, many(before.found.len(), "fault")));
    say(&format!("2. Somebody changes one figure in one file: {POLICY} says \"{}\" instead of \"{}\".\n", AFTER.trim(), BEFORE.trim()));
    project.write(POLICY, &desk::file(POLICY).replacen(BEFORE, AFTER, 1))?;
    let (after, second) = moment(&project, &server)?;
    server.stop()?;
    say(&format!("3. What else speaks of it (jeton context check finds {}):\n", many(after.found.len(), "fault")));
    after.found.iter().for_each(|found| say(&format!("   {found}")));
    let context_changed = (lines_only_in(&first, &second), lines_only_in(&second, &first));
    say("\n4. What the model is given followed the figure by itself, wherever it is quoted:\n");
    context_changed.0.iter().for_each(|line| say(&format!("   - {line}")));
    context_changed.1.iter().for_each(|line| say(&format!("   + {line}")));
    say(&format!("\n   The same question is now answered: \"{}\"\n", after.answer));
    say("5. The rules that the change breaks (jeton context enforce):\n");
    after.broken.iter().for_each(|broken| say(&format!("   {broken}")));
    let ok = came_true(&before, &after);
    say(&format!("\n{}", if ok { "All of it held." } else { "NOT all of it held; run with --json for the figures." }));
    say(&format!("The project stays in {} to look around.", project.dir().display()));
    Ok(Outcome { before, after, context_changed, ok })
}

/// Nothing was wrong before; afterwards the answer is new, every kind of place that spoke of the figure is found, and rules break.
fn came_true(before: &Moment, after: &Moment) -> bool {
    let was_whole = before.answer.contains("30 days") && before.found.is_empty() && before.broken.is_empty();
    let is_followed = after.answer.contains("14 days") && !after.answer.contains("30 days");
    let is_found = FOUND.iter().all(|place| after.found.iter().any(|found| found.starts_with(place)));
    let is_broken = BROKEN.iter().all(|rule| after.broken.iter().any(|broken| broken.starts_with(rule)));
    was_whole && is_followed && is_found && is_broken
}

/// What the project says now, and the context of the question.
fn moment(project: &DemoProject, server: &DemoServer) -> Result<(Moment, String), Failure> {
    let engine = Engine::open(project.dir(), EngineOptions { with_code: false, ..EngineOptions::default() });
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    let compilation = compile(&engine, &today)?;
    let context = compilation.text();
    let answer = server.client().ask(CLASS, QUESTION)?;
    let found = check(&engine, &today).iter().map(|finding| format!("{} {} ({})", finding.code, finding.place, finding.owners.join(", "))).collect();
    let broken = broken(&engine, &answer);
    Ok((Moment { context_tokens: compilation.manifest.tokens, answer, found, broken }, context))
}

fn compile(engine: &Engine, today: &str) -> Result<Compilation, Failure> {
    let request = Request {
        kinds: &KINDS,
        paths: &["context/**".to_owned()],
        class: Some(CLASS),
        model: Some("local/extract"),
        ..Request::new(QUESTION, BUDGET_TOKENS, engine.vocabulary(), Today(today))
    };
    engine.compile(&request).map_err(|error| Failure::dependency(format!("the context cannot be compiled: {error}"), ""))
}

fn check(engine: &Engine, today: &str) -> Vec<Finding> {
    let desk = engine.desk();
    check::check(&CheckInput {
        tree: &*desk.tree,
        units: desk.catalogue.units(),
        import_findings: desk.catalogue.findings(),
        git: None,
        today,
        lock: None,
        fingerprints: &CodePrints,
        sandbox: Err("the demo runs no commands".to_owned()),
        options: CheckOptions::default(),
    })
}

/// The rules that a file of the project breaks, and those of the class that the answer breaks.
fn broken(engine: &Engine, answer: &str) -> Vec<String> {
    let desk = engine.desk();
    let units = desk.catalogue.units();
    let surroundings = Surroundings::new(units);
    let files = constraint::enforce(units, &*desk.tree, None, &surroundings);
    let by_files = files.breaches.iter().filter_map(|breach| Some(told(desk.catalogue.unit(breach.unit.as_deref()?)?, &breach.place.to_string())));
    let by_answer = units.iter().filter(|unit| is_broken(unit, answer, &surroundings)).map(|unit| told(unit, "the answer"));
    by_files.chain(by_answer).collect()
}

fn told(unit: &Unit, by: &str) -> String {
    let text = if let Detail::Constraint(constraint) = &unit.detail { &constraint.text } else { "" };
    format!("{} by {by}: {text}", unit.id)
}

fn is_broken(unit: &Unit, answer: &str, surroundings: &Surroundings<'_>) -> bool {
    let Detail::Constraint(constraint) = &unit.detail else { return false };
    let is_of_class = unit.scope.classes.iter().any(|class| class == CLASS || class.strip_suffix('*').is_some_and(|start| CLASS.starts_with(start)));
    let prepared = Prepared::new(constraint, surroundings).ok().filter(|prepared| is_of_class && prepared.judges_outputs());
    prepared.is_some_and(|prepared| matches!(prepared.run(Subject::Output { text: answer }), Verdict::Broken(_)))
}

fn lines_only_in(text: &str, other: &str) -> Vec<String> {
    let known: Vec<&str> = other.lines().collect();
    text.lines().filter(|line| !line.trim().is_empty() && !known.contains(line)).map(shortened).collect()
}

/// The beginning of a long line.
fn shortened(line: &str) -> String {
    const CHARACTERS_MAX: usize = 130;
    if line.chars().count() <= CHARACTERS_MAX { line.to_owned() } else { line.chars().take(CHARACTERS_MAX).chain(['…']).collect() }
}

fn many(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}"),
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
