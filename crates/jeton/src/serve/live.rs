//! Live calls of classes whose suites want a sample of them are judged while the server serves: on a thread of its own, never on the path
//! of a call.

mod pulses;

use crate::caller::{Caller, Wall};
use jeton_allocate::Level;
use jeton_broker::{Broker, Buffers, Seen, Tap};
use jeton_console::EngineSlot;
use jeton_context::sandbox::Sandbox;
use jeton_core::{CallId, Clock, Nanousd, SystemClock};
use jeton_eval::grader::{Bench, Material, Prepared, grade_all, settle};
use jeton_eval::live::{Kept, LIVE, LiveResult, drift, failure_of, feedback, is_sampled, suite_for_live};
use jeton_eval::watch::AlarmKind;
use jeton_eval::{Answer, Case, Input, Outcome, Role, Suite, ToolUse, Turn, read};
use jeton_ledger::{AccountConfig, CallStatus, Ledger, Note};
use jeton_wire::canonical::{self, Part, StopReason, read_reply, read_request, read_stream};
use pulses::{Pulses, raise};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// Calls that wait to be judged; what comes beyond is let go of and counted.
const QUEUE_CALLS: usize = 256;
/// Bytes of texts that wait to be judged.
const QUEUE_BYTES: u64 = 64 << 20;
/// How often the suites' files are looked at, and the drift of what came.
const LOOK: Duration = Duration::from_millis(1_000);
/// How often feedback on what was judged is looked for.
const NEWS: Duration = Duration::from_secs(60);
/// Results that are read back at the start, the newest of each suite.
const RESULTS: u64 = 20_000;
/// Newest results whose feedback is looked for again.
const FEEDBACK_RESULTS: usize = 1_000;

/// The suites that sample each class.
type Wanted = HashMap<String, Vec<Sampled>>;

/// A suite that judges a share of the live calls of its class.
#[derive(Clone, Debug)]
struct Sampled {
    suite: String,
    share: f64,
}

/// A call that waits, and the suites in whose samples it is.
pub(super) struct Waiting {
    seen: Seen,
    suites: Vec<String>,
}

/// What calls ask: whether they are wanted, and where their texts go.
pub(super) struct LiveTap {
    wanted: RwLock<Wanted>,
    queue: SyncSender<Waiting>,
    waiting_bytes: AtomicU64,
    /// What is counted of each suite: those expected here, where they come, whatever becomes of who judges.
    pulses: Arc<Pulses>,
}

impl LiveTap {
    /// The tap, and what the judging thread reads.
    pub(super) fn new() -> (Arc<Self>, Receiver<Waiting>) {
        let (queue, seen) = sync_channel(QUEUE_CALLS);
        let tap = Self { wanted: RwLock::default(), queue, waiting_bytes: AtomicU64::new(0), pulses: Arc::default() };
        (Arc::new(tap), seen)
    }
}

fn bytes_of(seen: &Seen) -> u64 {
    (seen.request.len() + seen.answer.len()) as u64
}

impl Tap for LiveTap {
    fn wants(&self, call: CallId, class: &str) -> bool {
        !self.suites_of(call, class).is_empty()
    }

    fn seen(&self, seen: Seen) {
        let bytes = bytes_of(&seen);
        let suites = self.suites_of(seen.record.id, &seen.record.attribution.class);
        suites.iter().for_each(|suite| self.pulses.expected(suite));
        let has_room = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes <= QUEUE_BYTES;
        let waiting = Waiting { seen, suites: suites.clone() };
        if !has_room || self.queue.try_send(waiting).is_err() {
            self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            suites.iter().for_each(|suite| self.pulses.dropped(suite));
        }
    }
}

impl LiveTap {
    /// The suites in whose samples a call of this class is.
    fn suites_of(&self, call: CallId, class: &str) -> Vec<String> {
        let wanted = self.wanted.read().unwrap_or_else(PoisonError::into_inner);
        let sampled = wanted.get(class).into_iter().flatten().filter(|sampled| is_sampled(call, sampled.share));
        sampled.map(|sampled| sampled.suite.clone()).collect()
    }
}

/// What the thread works with.
pub(super) struct Judging {
    pub(super) root: PathBuf,
    pub(super) tap: Arc<LiveTap>,
    pub(super) seen: Receiver<Waiting>,
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) broker: Arc<Broker>,
    pub(super) buffers: Arc<Buffers>,
    pub(super) engine: EngineSlot,
    /// Accounts of paid graders, for whoever configures the ledger.
    pub(super) accounts: WatchAccounts,
}

/// Accounts that bound what suites may spend by themselves, beside those of the configuration.
pub(super) type WatchAccounts = Arc<Mutex<Vec<AccountConfig>>>;

/// A suite that judges live calls.
struct Watched {
    suite: Suite,
    share: f64,
    caller: Caller,
    results: Vec<LiveResult>,
    /// What callers said of the newest results.
    feedback: HashMap<String, f64>,
    /// Alarms that were raised already, by kind and call.
    told: HashSet<(AlarmKind, Option<String>)>,
    /// Whether something came since drift was looked for.
    is_fresh: bool,
}

/// Starts the thread that judges, and the one that looks whether it does.
pub(super) fn start(judging: Judging) {
    pulses::start(Arc::clone(&judging.tap.pulses), Arc::clone(&judging.ledger));
    let begun = std::thread::Builder::new().name("live".to_owned()).spawn(move || judge_all(&judging));
    if let Err(error) = begun {
        tracing::warn!(%error, "live calls are not judged: no thread could be started");
    }
}

fn judge_all(judging: &Judging) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        tracing::warn!("live calls are not judged: no runtime could be started");
        return;
    };
    let sandbox = Sandbox::open(&judging.root).map_err(|why| why.to_string());
    let (mut suites, mut heads, mut stamp, mut looked, mut asked) = (Vec::new(), HashMap::new(), None, None::<Instant>, Instant::now());
    loop {
        if looked.is_none_or(|at| at.elapsed() >= LOOK) {
            looked = Some(Instant::now());
            let now = stamp_of(&judging.root);
            if stamp.as_ref() != Some(&now) {
                stamp = Some(now);
                suites = watched(judging, &mut heads);
            }
            let is_due = asked.elapsed() >= NEWS;
            asked = if is_due { Instant::now() } else { asked };
            suites.iter_mut().for_each(|suite| look(judging, suite, is_due, &runtime));
        }
        match judging.seen.recv_timeout(LOOK) {
            Ok(Waiting { seen, suites: sampled }) => {
                judging.tap.waiting_bytes.fetch_sub(bytes_of(&seen), Ordering::Relaxed);
                for name in sampled {
                    match suites.iter_mut().find(|watched| watched.suite.name == name) {
                        Some(watched) => judge(judging, watched, &seen, &sandbox, &runtime),
                        None => judging.tap.pulses.dropped(&name),
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// What tells that a suite's file has changed.
fn stamp_of(root: &Path) -> Vec<(PathBuf, u64, Option<std::time::SystemTime>)> {
    let about = |path: PathBuf| {
        let about = std::fs::metadata(&path).ok();
        (path, about.as_ref().map_or(0, std::fs::Metadata::len), about.and_then(|about| about.modified().ok()))
    };
    read::discover(root).into_iter().map(about).collect()
}

/// The suites that want live calls, with what is in the ledger of them. What calls ask is set to them, and to those that cannot be read as
/// they were last known: their calls are expected, and nobody judges them.
fn watched(judging: &Judging, heads: &mut HashMap<PathBuf, Suite>) -> Vec<Watched> {
    let (mut suites, mut wanted, mut accounts) = (Vec::new(), Wanted::new(), Vec::new());
    let mut names: HashMap<String, PathBuf> = HashMap::new();
    for file in read::discover(&judging.root) {
        let suite = read::read_suite(&judging.root, &file).map(|(suite, _)| suite).ok();
        let Some(head) = suite.clone().or_else(|| unread(judging, &file, heads)) else { continue };
        if let Some(first) = names.insert(head.name.clone(), file.clone()) {
            tracing::warn!(suite = head.name, first = %first.display(), second = %file.display(), "two suites have one name: only the first judges live calls");
            names.insert(head.name, first);
            continue;
        }
        heads.insert(file, Suite { cases: Vec::new(), ..head.clone() });
        let (Some(watch), Some(class)) = (head.watch.clone().filter(|watch| watch.sample > 0.0), head.class.clone()) else { continue };
        wanted.entry(class).or_default().push(Sampled { suite: head.name.clone(), share: watch.sample });
        judging.tap.pulses.watch(&head.name, watch.silent_minutes, watch.webhook.as_ref(), || past(judging, &head.name));
        let Some(suite) = suite else { continue };
        let wall = watch.budget_usd_per_day.map(|usd| Wall { account: account_of(&suite.name), amount: usd_of(usd), window: jeton_ledger::Window::Day });
        accounts.extend(wall.as_ref().map(Wall::account_config));
        let caller = Caller::serving(&judging.broker, &judging.buffers).paid_by(wall.as_ref());
        let of_suite = suite_for_live(&suite);
        let left_out = suite.graders.len() - of_suite.graders.len();
        suites.push((remembered(judging, of_suite, watch.sample, caller), left_out));
    }
    judging.tap.pulses.keep_only(&wanted.values().flatten().map(|sampled| sampled.suite.as_str()).collect::<Vec<_>>());
    *judging.accounts.lock().unwrap_or_else(PoisonError::into_inner) = accounts;
    let configured = judging.ledger.configure(super::accounts_with(judging.broker.live().snapshot(), &judging.accounts));
    if let Err(error) = configured {
        tracing::warn!(%error, "the budgets of watched suites could not be set: no live calls are judged");
        suites.clear();
    }
    *judging.tap.wanted.write().unwrap_or_else(PoisonError::into_inner) = wanted;
    for (watched, left_out) in &suites {
        tracing::info!(suite = watched.suite.name, share = watched.share, graders = watched.suite.graders.len(), left_out, "live calls are judged");
    }
    suites.into_iter().map(|(watched, _)| watched).collect()
}

/// What is known of a suite that cannot be read: what it says of itself still, else what it said last.
fn unread(judging: &Judging, file: &Path, heads: &HashMap<PathBuf, Suite>) -> Option<Suite> {
    tracing::warn!(file = %file.display(), "a suite cannot be read, and judges no live calls; `jeton eval check` says why");
    read::head_of(&judging.root, file).or_else(|| heads.get(file).cloned())
}

/// What the ledger has of a suite's signs of life, and whether a silence was told of it.
fn past(judging: &Judging, suite: &str) -> (Vec<(jeton_core::Timestamp, jeton_eval::live::LiveBeat)>, bool) {
    let kept = Kept::read(&*judging.ledger, suite, RESULTS).unwrap_or_default();
    (kept.beats, kept.alarms.iter().any(|alarm| alarm.kind == AlarmKind::Silence))
}

/// The account of a suite's paid graders.
fn account_of(suite: &str) -> String {
    format!("watch:{suite}")
}

pub(crate) fn usd_of(usd: f64) -> Nanousd {
    #[expect(clippy::cast_possible_truncation, reason = "an amount of a configuration, far below the largest")]
    let nano = (usd * 1e9).round() as i64;
    Nanousd(nano)
}

fn remembered(judging: &Judging, suite: Suite, share: f64, caller: Caller) -> Watched {
    let Kept { results, alarms, .. } = Kept::read(&*judging.ledger, &suite.name, RESULTS).unwrap_or_default();
    let feedback = said_of(judging, &results);
    let told = alarms.into_iter().map(|alarm| (alarm.kind, alarm.run)).collect();
    Watched { suite, share, caller, results, feedback, told, is_fresh: false }
}

/// Judges one call and writes down what came of it.
fn judge(judging: &Judging, watched: &mut Watched, seen: &Seen, sandbox: &Result<Sandbox, String>, runtime: &tokio::runtime::Runtime) {
    let result = match answer_of(seen, &watched.suite.place) {
        Ok((case, answer)) => graded(judging, watched, seen, &case, &answer, sandbox, runtime),
        Err(failure) => LiveResult { outcome: Outcome::Error, score: None, failure: Some(failure), verdicts: Vec::new(), ..blank(seen) },
    };
    judging.tap.pulses.executed(&watched.suite.name, result.passed().is_some());
    let note = Note { kind: LIVE.to_owned(), subject: watched.suite.name.clone(), at: result.at, json: serde_json::to_string(&result).unwrap_or_default() };
    if let Err(error) = judging.ledger.add_note(&note) {
        tracing::warn!(%error, suite = watched.suite.name, "what a live call came to could not be written");
    }
    watched.results.push(result);
    watched.is_fresh = true;
}

fn graded(
    judging: &Judging,
    watched: &Watched,
    seen: &Seen,
    case: &Case,
    answer: &Answer,
    sandbox: &Result<Sandbox, String>,
    runtime: &tokio::runtime::Runtime,
) -> LiveResult {
    let desk = judging.engine.wait().desk();
    let folder = judging.root.join(Path::new(&*watched.suite.place.path).parent().unwrap_or(Path::new("")));
    let material = Material::new(Some((&desk.catalogue, &*desk.tree)), sandbox.as_ref().map_err(Clone::clone), &judging.root, &folder);
    let suite = Suite { cases: vec![case.clone()], ..watched.suite.clone() };
    let (prepared, _) = Prepared::new(&suite, &material);
    let bench = Bench {
        tags: vec![format!("suite:{}", suite.name), "grader".to_owned(), "live".to_owned()],
        timeout_ms: suite.timeout_ms,
        ..Bench::new(&watched.caller, &prepared)
    };
    let grades = runtime.block_on(grade_all(case, answer, &bench, None));
    let (outcome, score) = settle(&grades);
    let failure = failure_of(&grades).filter(|_| outcome == Outcome::Failed);
    let verdicts = grades.into_iter().map(|grade| (grade.grader, grade.verdict)).collect();
    LiveResult { outcome, score, failure, verdicts, ..blank(seen) }
}

fn blank(seen: &Seen) -> LiveResult {
    let record = &seen.record;
    LiveResult {
        call: record.id.to_string(),
        at: SystemClock.now(),
        outcome: Outcome::Error,
        score: None,
        failure: None,
        verdicts: Vec::new(),
        model: record.model.clone(),
        cost: record.cost.known(),
        latency_us: record.total_us,
        is_simulated: record.simulated,
    }
}

/// Question and answer as graders see them; else what went wrong, as a kind of failure.
fn answer_of(seen: &Seen, place: &jeton_context::Place) -> Result<(Case, Answer), String> {
    let record = &seen.record;
    if record.status != CallStatus::Ok {
        let code = record.fault.as_ref().map_or("unknown", |fault| fault.code_or_kind());
        return Err(if record.status == CallStatus::Cancelled { "error:cancelled".to_owned() } else { format!("error:{code}") });
    }
    if seen.is_cut {
        return Err("error:too_long_to_judge".to_owned());
    }
    let unreadable = |_| "error:unreadable".to_owned();
    let (request, _) = read_request(seen.endpoint, &seen.request).map_err(unreadable)?;
    let read = if seen.is_stream {
        read_stream(seen.endpoint, &seen.answer, record.usage.clone(), 0)
    } else {
        read_reply(seen.endpoint, &seen.answer, record.usage.clone(), 0)
    };
    let (reply, _) = read.map_err(unreadable)?;
    Ok((case_of(&request, record, place), answered(&reply, record)))
}

fn case_of(request: &canonical::Request, record: &jeton_ledger::CallRecord, place: &jeton_context::Place) -> Case {
    let turns = request.messages.iter().map(|message| {
        let role = match message.role {
            canonical::Role::System => Role::System,
            canonical::Role::User => Role::User,
            canonical::Role::Assistant => Role::Assistant,
        };
        Turn::new(role, message.plain_text().trim_end())
    });
    let mut case = Case::new(record.id.to_string(), Input::Messages(turns.collect()), place.clone());
    case.class = Some(record.attribution.class.to_string());
    case.tags = record.attribution.tags.iter().map(ToString::to_string).collect();
    case
}

fn answered(reply: &canonical::Reply, record: &jeton_ledger::CallRecord) -> Answer {
    let (mut text, mut refusal, mut tools) = (String::new(), String::new(), Vec::new());
    for part in &reply.parts {
        match part {
            Part::Text(said) | Part::Cited { text: said, .. } => text.push_str(said),
            Part::Refusal(said) => refusal.push_str(said),
            Part::ToolUse { id, name, arguments_json, .. } => tools.push(ToolUse {
                name: name.clone(),
                arguments: serde_json::from_str(arguments_json).unwrap_or_else(|_| arguments_json.as_str().into()),
                id: Some(id.clone()),
            }),
            _ => {}
        }
    }
    // A stream is kept without its end: the record knows the provider's word for it.
    let by_record = match record.finish_reason.as_deref() {
        Some("length" | "max_tokens" | "max_output_tokens") => "length",
        Some("tool_calls" | "tool_use") => "tool_calls",
        Some("content_filter") => "content_filter",
        Some("refusal") => "refusal",
        _ => "stop",
    };
    let finish = match &reply.stop {
        StopReason::Refusal => "refusal",
        _ if !refusal.is_empty() => "refusal",
        _ => by_record,
    };
    Answer {
        text: if text.is_empty() { refusal } else { text },
        tools,
        finish: Some(finish.to_owned()),
        model: record.model.clone(),
        call: Some(record.id.to_string()),
        cost: record.cost.known(),
        is_simulated: record.simulated,
        tokens_in: record.usage.input_total(),
        tokens_out: record.usage.output,
        latency_us: record.total_us,
        tries: u32::try_from(record.tries.len()).unwrap_or(u32::MAX),
    }
}

/// What callers said of the newest of these.
fn said_of(judging: &Judging, results: &[LiveResult]) -> HashMap<String, f64> {
    let newest = &results[results.len().saturating_sub(FEEDBACK_RESULTS)..];
    feedback(&*judging.ledger, newest).unwrap_or_else(|error| {
        tracing::warn!(%error, "feedback on live calls could not be read");
        HashMap::new()
    })
}

/// Drift of one suite. That it fell silent is for others to see.
fn look(judging: &Judging, watched: &mut Watched, is_news_due: bool, runtime: &tokio::runtime::Runtime) {
    let Some(watch) = watched.suite.watch.clone() else { return };
    if is_news_due {
        let news = said_of(judging, &watched.results);
        watched.is_fresh |= news.len() != watched.feedback.len();
        watched.feedback.extend(news);
    }
    if !std::mem::take(&mut watched.is_fresh) {
        return;
    }
    for alarm in drift(&watched.suite.name, &watched.results, &watched.feedback, watch.false_alarm_every, Level::P95) {
        if watched.told.insert((alarm.kind, alarm.run.clone())) {
            raise(&*judging.ledger, watch.webhook.as_deref(), &alarm, SystemClock.now(), &|url, alarm| pulses::post(runtime, url, alarm));
        }
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn write(ledger: &dyn Ledger, note: &Note) {
    if let Err(error) = ledger.add_note(note) {
        tracing::warn!(%error, kind = note.kind, "a note could not be written");
    }
}
