//! `jeton eval`: how good answers are, and why not better.

mod causes;
mod check;
mod compare;
mod gate;
mod import;
mod label;
mod labels;
mod list;
mod live;
mod names;
mod otel;
mod outside;
mod progress;
mod reference;
mod run;
mod show;
mod size;
mod tested;
mod told;
mod value;
mod watch;

pub(crate) use told::{Measured, examine, measure};
pub(super) use value::value;

use crate::caller::{Caller, Wall};
use crate::cli::{ChoiceArgs, EvalCommand};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::plain;
use jeton_context::engine::{Engine, EngineOptions};
use jeton_context::sandbox::Sandbox;
use jeton_context::{Finding, Severity};
use jeton_core::{Clock, SystemClock};
use jeton_eval::environment::Environment;
use jeton_eval::grader::{Bench, Material, Prepared};
use jeton_eval::run::Choice;
use jeton_eval::session::{Place, SessionError};
use jeton_eval::{FaultClass, Suite, read};
use jeton_ledger::Records;
use jeton_project::Snapshot;
use names::Known;
use outside::Outside;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) fn run(context: &Context, command: EvalCommand, is_json: bool) -> Result<(), Failure> {
    match command {
        EvalCommand::List { runs } => list::list(context, runs.as_deref(), is_json),
        EvalCommand::Check(args) => check::check(context, &args, is_json),
        EvalCommand::Run(args) => run::run(context, &args, is_json),
        EvalCommand::Show(args) => show::show(context, &args, is_json),
        EvalCommand::Compare(args) => compare::compare(context, &args, is_json),
        EvalCommand::Gate(args) => gate::gate(context, &args, is_json),
        EvalCommand::Causes(args) => causes::causes(context, &args, is_json),
        EvalCommand::Import(args) => import::import(context, &args, is_json),
        EvalCommand::Label(args) => label::label(context, &args, is_json),
        EvalCommand::Live { suite } => live::live(context, suite.as_deref(), is_json),
        EvalCommand::Watch(args) => watch::watch(context, &args, is_json),
        EvalCommand::Size(args) => size::size(context, &args, is_json),
    }
}

/// Everything that a run needs, opened.
pub(super) struct Desk {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) suite: Suite,
    caller: Arc<Caller>,
    environment: Environment,
    sandbox: Result<Sandbox, String>,
    root: PathBuf,
    folder: PathBuf,
    outside: Outside,
}

impl Desk {
    /// Reads the suite of this name or file, and opens what it needs, to look at what was measured: what the suite names need not be there
    /// any more.
    pub(super) fn open(context: &Context, suite: &str, wall: Option<&Wall>) -> Result<Self, Failure> {
        Self::opened(context, suite, wall, |_| Ok(None))
    }

    /// The same, to try `targets` (empty: all). Every mistake is told before a token is spent, models, packs, recorded runs and judges that
    /// are not there among them.
    pub(super) fn open_to_try(context: &Context, suite: &str, wall: Option<&Wall>, targets: &[String]) -> Result<Self, Failure> {
        Self::opened(context, suite, wall, |snapshot| Known::open(context, snapshot, targets).map(Some))
    }

    /// The same, for a gate: the targets that are judged (empty: all), and what they are compared with, which may be of an earlier run.
    pub(super) fn open_to_gate(context: &Context, suite: &str, wall: Option<&Wall>, tried: (&[String], Option<&str>)) -> Result<Self, Failure> {
        let (targets, baseline) = tried;
        Self::opened(context, suite, wall, |snapshot| Ok(Some(Known::open(context, snapshot, targets)?.beside(baseline))))
    }

    fn opened(
        context: &Context,
        suite: &str,
        wall: Option<&Wall>,
        known: impl FnOnce(&Arc<Snapshot>) -> Result<Option<Known>, Failure>,
    ) -> Result<Self, Failure> {
        let snapshot = Arc::new(context.snapshot()?);
        let engine = Arc::new(engine(context, &snapshot));
        let suite = read_suite(context, suite, &engine, known(&snapshot)?)?;
        let (sandbox, folder) = (Self::sandbox(context), Self::folder(context, &suite));
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
        let pack_of = snapshot.classes.iter().filter_map(|(name, class)| Some((name.clone(), class.pack.clone()?)));
        let environment = Environment::new(Some(engine), snapshot.packs.clone(), today).with_packs_of_classes(pack_of);
        let caller = Arc::new(Caller::open(context, &snapshot, wall)?);
        if let (Some(model), Some(engine)) = (&snapshot.context.embeddings, &environment.engine) {
            super::context::embed_by(Ok(Arc::clone(&caller)), model, engine);
        }
        let outside = Outside::new(context.project.dir());
        Ok(Self { snapshot, suite, caller, environment, sandbox, root: context.project.dir().to_owned(), folder, outside })
    }

    /// Where graders' programs run; else why they cannot.
    fn sandbox(context: &Context) -> Result<Sandbox, String> {
        Sandbox::open(context.project.dir()).map_err(|why| why.to_string())
    }

    /// The directory of a suite's file.
    fn folder(context: &Context, suite: &Suite) -> PathBuf {
        context.project.dir().join(Path::new(&*suite.place.path).parent().unwrap_or(Path::new("")))
    }

    pub(super) fn store(&self) -> &Arc<dyn Records> {
        self.caller.store()
    }

    pub(super) fn note(&self) -> Option<String> {
        self.caller.note()
    }

    /// Gives what runs are made with to `work`, on a runtime of its own.
    pub(super) fn with<R>(&self, work: impl AsyncFnOnce(&Place<'_>) -> R) -> Result<R, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| Failure::dependency(format!("no runtime could be started: {error}"), ""))?;
        let desk = self.environment.engine.as_ref().map(|engine| engine.desk());
        let units = desk.as_ref().map(|desk| (&desk.catalogue, &*desk.tree));
        let material = Material::new(units, self.sandbox.as_ref().map_err(Clone::clone), &self.root, &self.folder);
        let (prepared, findings) = Prepared::new(&self.suite, &material);
        let errors: Vec<Finding> = findings.into_iter().filter(|finding| finding.severity == Severity::Error).collect();
        if !errors.is_empty() {
            return Err(Failure::Suite(errors));
        }
        let labels = labels::of(&**self.store(), &self.suite.name)?;
        let bench = Bench {
            models: &*self.caller,
            prepared: &prepared,
            tags: vec![format!("suite:{}", self.suite.name), "grader".to_owned()],
            labels: &move |case, grader, question, answer| labels.find(case, grader, question, answer),
            timeout_ms: self.suite.timeout_ms,
        };
        let place = Place {
            store: Arc::clone(self.store()),
            models: &*self.caller,
            outside: &self.outside,
            environment: &self.environment,
            bench: &bench,
            clock: &SystemClock,
            config: self.snapshot.digest.clone(),
        };
        Ok(runtime.block_on(work(&place)))
    }
}

/// The project's context with its code, as packs need it.
fn engine(context: &Context, snapshot: &Snapshot) -> Engine {
    let root = context.project.dir();
    let options = EngineOptions { with_code: needs_code(snapshot), ..super::context::engine_options(context, snapshot) };
    super::context::open_with(root, options)
}

/// Whether any pack may hold code or history: else the files need not be indexed.
fn needs_code(snapshot: &Snapshot) -> bool {
    snapshot.packs.values().any(|pack| pack.kinds.is_empty() || pack.kinds.iter().any(|kind| kind == "code" || kind == "history"))
}

/// The file of a suite: a path, or a name among `evals/`.
fn file_of(context: &Context, suite: &str) -> Result<PathBuf, Failure> {
    let root = context.project.dir();
    let here = std::path::absolute(suite).unwrap_or_default();
    let as_path = [here, root.join(suite)].into_iter().find(|path| path.is_file());
    if let Some(path) = as_path {
        return Ok(path);
    }
    let found = read::suites(root);
    let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    // Of two with this name the first is read, and reading it tells of the second.
    if let Some((_, path)) = found.iter().find(|(name, _)| name == suite).or_else(|| found.iter().find(|(_, path)| stem(path) == suite)) {
        return Ok(path.clone());
    }
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    let remedy = match names.is_empty() {
        true => "put suites into evals/NAME.toml; docs/evals.md says how".to_owned(),
        false => format!("the suites are: {}", names.join(", ")),
    };
    Err(Failure::usage(format!("there is no suite and no file `{suite}`"), remedy))
}

fn read_suite(context: &Context, suite: &str, engine: &Engine, known: Option<Known>) -> Result<Suite, Failure> {
    let (file, root, desk) = (file_of(context, suite)?, context.project.dir(), engine.desk());
    let Some(known) = known else {
        return noted(read::read_suite_with(root, &file, &desk.catalogue));
    };
    let read = read::read_suite_for(root, &file, &desk.catalogue, &known);
    let strangers = known.strangers(read.as_ref().ok().map(|(suite, _)| suite));
    match read {
        Ok(_) if !strangers.is_empty() => Err(Failure::Suite(strangers)),
        read => noted(read),
    }
}

/// The suite, with what is not wrong but worth knowing told; else all that is wrong.
fn noted(read: Result<(Suite, Vec<Finding>), Vec<Finding>>) -> Result<Suite, Failure> {
    let (suite, notes) = read.map_err(Failure::Suite)?;
    let told = |note: &Finding| plain(&format!("{}: {}\n  next: {}", note.place, note.message, note.remedy));
    notes.iter().filter(|note| note.severity > Severity::Note).for_each(|note| eprintln!("{}", told(note)));
    Ok(suite)
}

/// What was asked for, over what the suite says.
fn choice(args: &ChoiceArgs, suite: &Suite) -> Choice {
    Choice {
        targets: args.target.clone(),
        tags: args.tag.clone(),
        cases: args.case.clone(),
        first: args.first,
        seed: args.seed.unwrap_or(suite.seed),
        repeats: args.repeats.unwrap_or(suite.repeats),
        concurrency: args.concurrency.unwrap_or(suite.concurrency),
        budget: args.budget,
        cache: args.cache,
        no_selftest: args.no_selftest,
        timeout_ms: args.timeout.or(suite.timeout_ms),
    }
}

/// The wall of a run with a budget; its account is named before the run is, and kept by it.
fn wall(args: &ChoiceArgs, account: &str) -> Option<Wall> {
    args.budget.map(|amount| Wall { account: account.to_owned(), amount, window: jeton_ledger::Window::Total })
}

fn refused(error: SessionError) -> Failure {
    match error {
        SessionError::Ledger(error) => error.into(),
        SessionError::NoRun(_) => Failure::usage(error.to_string(), "`jeton eval list` shows suites and runs"),
        SessionError::Changed { .. } => Failure::usage(error.to_string(), "begin a new run, or bring the suite back to what it was"),
        SessionError::NoTargets => Failure::usage(error.to_string(), "write `[[target]]` into it, or name a model: `--target provider/name`"),
        SessionError::NoTarget(..) => {
            Failure::usage(error.to_string(), "name a target of the suite, or a model as `provider/name`; `jeton model list` shows them")
        }
        SessionError::Nothing => Failure::usage(error.to_string(), "look at `--tag`, `--case`, and the suite's cases"),
    }
}

/// A number for ids: the clock's lowest bits are enough to tell two runs of one millisecond apart.
fn chance() -> u64 {
    u64::from(std::process::id()) ^ u64::try_from(SystemClock.now().0).unwrap_or(0)
}

/// The word of a class of fault, for people.
const fn fault_word(class: FaultClass) -> &'static str {
    match class {
        FaultClass::Provider => "provider",
        FaultClass::Budget => "budget",
        FaultClass::Request => "request",
        FaultClass::Target => "target",
        FaultClass::Internal => "internal",
    }
}
