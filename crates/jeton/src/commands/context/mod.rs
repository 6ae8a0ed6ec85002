//! `jeton context`: what models are given to know.

mod catalogue;
mod check;
mod compile;
mod enforce;
mod export;
mod lock;
mod prints;
mod score;
mod search;

use crate::caller::Caller;
use crate::cli::ContextCommand;
use crate::context::Context;
use crate::embedder::ThroughBroker;
use crate::failure::Failure;
use crate::output;
use jeton_context::engine::{Engine, EngineOptions};
use jeton_context::sandbox::Sandbox;
use jeton_context::settings::{ContextUse, PackUse};
use jeton_context::tree::TreeOptions;
use jeton_context::{Kind, Severity, Unit};
use jeton_core::{UNCLASSIFIED, nearest};
use jeton_project::{ContextCommands, PACK_DIR, Pack, Snapshot};
use jeton_text::Vocabulary;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

pub(crate) fn run(context: &Context, command: ContextCommand, is_json: bool) -> Result<(), Failure> {
    match command {
        ContextCommand::List(args) => catalogue::list(&open(context, false)?, &args, is_json),
        ContextCommand::Show { unit } => catalogue::show(&open(context, false)?, &unit, is_json),
        ContextCommand::Search { words, limit } => search::run(&open_for_ranking(context)?, &words, limit, is_json),
        ContextCommand::Compile(args) => compile::run(context, &args, is_json),
        ContextCommand::Explain(args) => compile::explain(context, &args, is_json),
        ContextCommand::Lock { check } => lock::run(&open(context, false)?, check, is_json),
        ContextCommand::Diff { revision } => lock::diff(&open(context, false)?, &engine_options(context, &context.snapshot()?), revision.as_deref(), is_json),
        ContextCommand::Check(args) => check::run(&open(context, false)?, &context.snapshot()?, &args, is_json),
        ContextCommand::Enforce(args) => enforce::run(&open(context, false)?, &context.snapshot()?, &args, is_json),
        ContextCommand::Score(args) => score::run(context, &args, is_json),
        ContextCommand::Value(args) => super::eval::value(context, &args, is_json),
        ContextCommand::Export(args) => export::run(&open(context, false)?, &args, is_json),
    }
}

/// The project's context, with code and past where `with_code`.
fn open(context: &Context, with_code: bool) -> Result<Engine, Failure> {
    let snapshot = context.snapshot()?;
    Ok(open_with(context.project.dir(), EngineOptions { with_code, ..engine_options(context, &snapshot) }))
}

/// The same, with the model whose embeddings take part in ranking.
fn open_for_ranking(context: &Context) -> Result<Engine, Failure> {
    let snapshot = context.snapshot()?;
    let engine = open_with(context.project.dir(), engine_options(context, &snapshot));
    embed(context, &snapshot, &engine);
    Ok(engine)
}

/// Lets the configured model take part in ranking, and embeds what it has not seen. What goes wrong is told by whatever is ranked next.
fn embed(context: &Context, snapshot: &Snapshot, engine: &Engine) {
    let Some(model) = &snapshot.context.embeddings else { return };
    let opened = Caller::open(context, &Arc::new(snapshot.clone()), None).map_err(|failure| failure.to_string());
    embed_by(opened.map(Arc::new), model, engine);
}

/// The same by a caller that is open already.
pub(crate) fn embed_by(caller: Result<Arc<Caller>, String>, model: &str, engine: &Engine) {
    match caller.and_then(|caller| ThroughBroker::new(model, caller)) {
        Ok(embedder) => engine.set_embedder(Arc::new(embedder)),
        Err(why) => eprintln!("note: ranked by words alone, without the embeddings of {model}: {why}"),
    }
    if let Ok(made) = engine.embed_missing(&mut |_, _| {})
        && made.calls > 0
    {
        eprintln!("note: {} embedded by {model} in {}", plural(made.texts, "text"), plural(made.calls, "call"));
    }
}

/// Tells what a reader must know of a ranking.
fn tell_notes(notes: &[String]) {
    notes.iter().for_each(|note| eprintln!("note: {note}"));
}

pub(crate) fn open_with(root: &Path, options: EngineOptions) -> Engine {
    let engine = Engine::open(root, options);
    // A checkout that may only be read is read again the next time.
    let _ = engine.save().and_then(|()| hide(cache(root).as_deref()));
    engine
}

/// Keeps what was read out of Git, also where nobody has put `.jeton/` into `.gitignore`.
fn hide(cache: Option<&Path>) -> std::io::Result<()> {
    match cache.map(|directory| directory.join(".gitignore")) {
        Some(file) if !file.exists() => std::fs::write(file, "*\n"),
        _ => Ok(()),
    }
}

/// A text from stdin (`-`) or a file.
fn read_text(file: &str, what: &str, bytes_max: u64) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::usage(format!("{what} cannot be read from {file}: {error}"), "name a file, or - for stdin");
    let mut bytes = Vec::new();
    if file == "-" {
        std::io::stdin().take(bytes_max + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        std::fs::File::open(file).map_err(failed)?.take(bytes_max + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() as u64 > bytes_max {
        return Err(Failure::usage(format!("{what} has more than {} MiB", bytes_max >> 20), "give a smaller part of it"));
    }
    String::from_utf8(bytes).map_err(|_| Failure::usage(format!("{what} is no UTF-8"), "save it as UTF-8"))
}

/// How the settings say that the project is read.
pub(crate) fn engine_options(context: &Context, snapshot: &Snapshot) -> EngineOptions {
    let root = context.project.dir();
    EngineOptions { tree: tree_options(snapshot), vocabulary: vocabulary(snapshot), cache: cache(root), with_code: true }
}

/// What the settings leave out.
fn tree_options(snapshot: &Snapshot) -> TreeOptions {
    TreeOptions { ignore: snapshot.context.ignore.clone() }
}

/// What the settings say of the context.
fn context_use(snapshot: &Snapshot, engine: &Engine) -> ContextUse {
    let classes_of = |name: &str| snapshot.classes.iter().filter(|(_, class)| class.pack.as_deref() == Some(name)).map(|(class, _)| class.clone()).collect();
    let pack = |(name, pack): (&String, &Pack)| {
        let own = format!("{PACK_DIR}/{name}.toml");
        PackUse {
            name: name.clone(),
            path: if engine.desk().tree.file(&own).is_some() { own } else { jeton_project::FILE_NAME.to_owned() },
            units: pack.units.iter().map(|unit| unit.as_str().to_owned()).collect(),
            scope: pack.scope.clone(),
            kinds: pack.kinds.iter().filter_map(|kind| Kind::from_name(kind)).collect(),
            budget_tokens: pack.budget_tokens,
            classes: classes_of(name),
        }
    };
    ContextUse { packs: snapshot.packs.iter().map(pack).collect(), classes: snapshot.classes.keys().cloned().collect() }
}

/// Refuses a class that the settings do not have, where they have classes at all: a misspelt one would silently match nothing.
fn known_class(snapshot: &Snapshot, class: Option<&str>) -> Result<(), Failure> {
    let Some(class) = class.filter(|class| *class != UNCLASSIFIED && !snapshot.classes.is_empty() && !snapshot.classes.contains_key(*class)) else {
        return Ok(());
    };
    let near = nearest(class, snapshot.classes.keys().map(String::as_str), 1);
    let next = near.first().map_or_else(|| "name a class of jeton.toml".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(Failure::usage(format!("--class {class}: the settings have no such class"), next))
}

/// The vocabulary of counts where no model is named.
fn vocabulary(snapshot: &Snapshot) -> Vocabulary {
    Vocabulary::from_name(&snapshot.context.vocabulary).unwrap_or_default()
}

/// Whether commands of constraints, and blocks of code marked as tests, may run in the sandbox.
fn may_run_commands(snapshot: &Snapshot) -> bool {
    snapshot.context.commands == ContextCommands::Sandboxed
}

/// The sandbox of the project, or why commands cannot run.
fn sandbox(engine: &Engine, may_run: bool) -> Result<Sandbox, String> {
    if may_run { Sandbox::open(engine.root()).map_err(|why| why.0) } else { Err("the settings say that commands never run".to_owned()) }
}

/// Where what was read is kept: not in a bare repository, in which nothing of ours belongs.
fn cache(root: &Path) -> Option<std::path::PathBuf> {
    let is_bare = root.join("HEAD").is_file() && root.join("objects").is_dir() && root.join("refs").is_dir();
    (!is_bare).then(|| root.join(".jeton").join("context"))
}

/// The day in UTC, so that two machines judge alike.
fn today() -> String {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// The unit that words name.
fn one_unit<'a>(units: &'a jeton_context::Catalogue, words: &str) -> Result<&'a Unit, Failure> {
    let found = units.find(words);
    let ids = |found: &[&Unit]| found.iter().take(10).map(|unit| unit.id.as_str()).collect::<Vec<_>>().join(", ");
    match found.as_slice() {
        [unit] => Ok(unit),
        [] => {
            let wanted = words.to_lowercase();
            let near: Vec<&Unit> = units.units().iter().filter(|unit| !wanted.is_empty() && unit.id.to_lowercase().contains(&wanted)).collect();
            let next = if near.is_empty() { "`jeton context list` shows all ids".to_owned() } else { format!("perhaps {}", ids(&near)) };
            Err(Failure::usage(format!("no unit is called `{words}`"), next))
        }
        many => Err(Failure::usage(format!("`{words}` names {} units", many.len()), format!("name one of {}", ids(many)))),
    }
}

/// Tells that files of context were read with difficulty, where they were.
fn tell_findings(engine: &Engine, is_json: bool) {
    let desk = engine.desk();
    let count = desk.catalogue.findings().iter().chain(&desk.lock_findings).filter(|finding| finding.severity >= Severity::Warning).count();
    if count > 0 && !is_json {
        eprintln!("note: {} in the files of context; `jeton context check` tells them", plural(count, "problem"));
    }
}

/// `1 unit`, `2 units`.
fn plural(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", output::count(count as u64), if count == 1 { "" } else { "s" })
}
