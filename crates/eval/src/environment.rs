//! The context that a case is given: a pack compiled for it, with what an experiment puts in or leaves out.

use crate::{CallFault, ContextText, ContextUse, FaultClass, UnitUse};
use jeton_context::Kind;
use jeton_context::compile::{Compilation, CompileError, Request, Today};
use jeton_context::engine::Engine;
use jeton_project::{Pack, PackPlace, PackQuery};
use jeton_text::Vocabulary;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// A project's context and packs, on one day.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The catalogue; none: packs cannot be compiled.
    pub engine: Option<Arc<Engine>>,
    /// By name.
    pub packs: BTreeMap<String, Pack>,
    /// Packs by the class that has them.
    pack_of: BTreeMap<String, String>,
    /// `YYYY-MM-DD`.
    today: String,
    /// Compilations that may run at one time: as many as there are cores.
    room: Arc<Semaphore>,
}

/// As a target's pack: the pack of the case's class.
pub const PACK_OF_CLASS: &str = "class";

/// What an experiment changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Units that must be in, whatever was chosen.
    pub insert: Vec<String>,
    /// Units that must not be in.
    pub leave_out: Vec<String>,
    /// Whether only what is inserted is given.
    pub only_inserted: bool,
    /// Texts of units in the place of those they have now, as they were at another time.
    pub replace: Vec<(String, String)>,
}

/// Which context is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The pack; none: only what is inserted.
    pub pack: Option<&'a str>,
    /// What was asked last.
    pub question: &'a str,
    /// The model, for vocabulary and scope.
    pub model: &'a str,
    /// The kind of work.
    pub class: Option<&'a str>,
    /// Units without which the case cannot be answered; told of where they are missing.
    pub needs: &'a [String],
    /// What an experiment changes.
    pub change: &'a Change,
}

/// A [`Wanted`] that can go to another thread.
struct OwnedWanted {
    pack: Option<String>,
    question: String,
    model: String,
    class: Option<String>,
    needs: Vec<String>,
    change: Change,
}

impl OwnedWanted {
    fn of(wanted: &Wanted<'_>) -> Self {
        Self {
            pack: wanted.pack.map(str::to_owned),
            question: wanted.question.to_owned(),
            model: wanted.model.to_owned(),
            class: wanted.class.map(str::to_owned),
            needs: wanted.needs.to_vec(),
            change: wanted.change.clone(),
        }
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            pack: self.pack.as_deref(),
            question: &self.question,
            model: &self.model,
            class: self.class.as_deref(),
            needs: &self.needs,
            change: &self.change,
        }
    }
}

/// A glob that no path of a project matches. With it, and a kind that no rule has, nothing is chosen but what is named.
const NOWHERE: &str = "\u{1}/nothing";

impl Environment {
    /// A project's packs over its catalogue, judged on `today` (`YYYY-MM-DD`).
    #[must_use]
    pub fn new(engine: Option<Arc<Engine>>, packs: BTreeMap<String, Pack>, today: impl Into<String>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { engine, packs, pack_of: BTreeMap::new(), today: today.into(), room: Arc::new(Semaphore::new(cores)) }
    }

    /// With the packs of classes, for targets whose pack is [`PACK_OF_CLASS`].
    #[must_use]
    pub fn with_packs_of_classes(mut self, pack_of: impl IntoIterator<Item = (String, String)>) -> Self {
        self.pack_of.extend(pack_of);
        self
    }

    /// The name of the pack that is meant; none: the class has none.
    fn pack_meant<'n>(&'n self, wanted: &Wanted<'n>) -> Option<&'n str> {
        match wanted.pack {
            Some(PACK_OF_CLASS) => wanted.class.and_then(|class| self.pack_of.get(class)).map(String::as_str),
            named => named,
        }
    }

    /// The context of a case; none where neither a pack nor an insertion asks for one.
    ///
    /// # Errors
    /// Where the pack is not known, or what must be in does not fit or is not there.
    pub fn context(&self, wanted: &Wanted<'_>) -> Result<Option<(ContextText, ContextUse)>, CallFault> {
        let wanted = &Wanted { pack: self.pack_meant(wanted), ..*wanted };
        if wanted.pack.is_none() && wanted.change.insert.is_empty() {
            return Ok(None);
        }
        let engine = self.engine.as_ref().ok_or_else(|| refused("context_not_served", "no context was read for this run".to_owned()))?;
        let pack = match wanted.pack {
            None => nothing_but_inserted(),
            Some(name) => self.packs.get(name).cloned().ok_or_else(|| unknown_pack(name, self.packs.keys().map(String::as_str)))?,
        };
        let compiled = self.compile(engine, &pack, wanted)?;
        let segments = compiled.segments.iter().map(|segment| (replaced(engine, &compiled, &segment.text, &wanted.change.replace), segment.breakpoint));
        let text = ContextText { segments: segments.collect(), in_user_turn: pack.place == PackPlace::User };
        Ok(Some((text, used(engine, &compiled, wanted))))
    }

    /// The same as [`Self::context`], off the caller's thread: to choose and count units takes milliseconds, in which no other case of a run would
    /// move. What comes out depends on `wanted` alone, not on the order in which contexts are made.
    ///
    /// # Errors
    /// As [`Self::context`].
    ///
    /// # Panics
    /// Where making the context does.
    pub async fn context_aside(&self, wanted: &Wanted<'_>) -> Result<Option<(ContextText, ContextUse)>, CallFault> {
        let is_nothing = self.pack_meant(wanted).is_none() && wanted.change.insert.is_empty();
        let Some(runtime) = tokio::runtime::Handle::try_current().ok().filter(|_| !is_nothing) else { return self.context(wanted) };
        // The permit is given back by the work itself: a run that is dropped does not make room for more than there are cores.
        let permit = Arc::clone(&self.room).acquire_owned().await;
        let (environment, owned) = (self.clone(), OwnedWanted::of(wanted));
        let made = runtime.spawn_blocking(move || {
            let made = environment.context(&owned.wanted());
            drop(permit);
            made
        });
        match made.await {
            Ok(made) => made,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => Err(refused("context_not_served", format!("the context was not made: {error}"))),
        }
    }

    fn compile(&self, engine: &Engine, pack: &Pack, wanted: &Wanted<'_>) -> Result<Compilation, CallFault> {
        let vocabulary = match Vocabulary::of_model(wanted.model) {
            (vocabulary, true) => vocabulary,
            (_, false) => engine.vocabulary(),
        };
        let is_bare = wanted.change.only_inserted || wanted.pack.is_none();
        let kinds: Vec<Kind> = if is_bare { vec![Kind::Skill] } else { pack.kinds.iter().filter_map(|word| Kind::from_name(word)).collect() };
        let mandatory: Vec<String> = pack.units.iter().map(|unit| unit.as_str().to_owned()).chain(wanted.change.insert.iter().cloned()).collect();
        let left_out: Vec<&str> = wanted.change.leave_out.iter().map(String::as_str).collect();
        let nowhere = [NOWHERE.to_owned()];
        // What is inserted takes no room from what was chosen: the experiment changes one thing.
        let room = inserted_tokens(engine, &wanted.change.insert, vocabulary);
        let request = Request {
            task: match &pack.query {
                PackQuery::Text(text) => text,
                PackQuery::LastUser | PackQuery::Header(_) => wanted.question,
            },
            budget_tokens: pack.budget_tokens.saturating_add(room),
            vocabulary,
            kinds: &kinds,
            paths: if is_bare { &nowhere } else { &pack.scope },
            class: wanted.class,
            model: Some(wanted.model),
            key: None,
            mandatory: &mandatory,
            held_out: &left_out,
            today: Today(&self.today),
        };
        engine.compile(&request).map_err(|error| match error {
            CompileError::TooSmall { .. } => refused("context_budget_exceeded", error.to_string()),
            CompileError::NoSuchUnit(_) => refused("context_unit_not_found", error.to_string()),
        })
    }
}

/// A segment with the texts of units changed for others.
fn replaced(engine: &Engine, compiled: &Compilation, segment: &str, replace: &[(String, String)]) -> String {
    if replace.is_empty() {
        return segment.to_owned();
    }
    let desk = engine.desk();
    let marks: Vec<String> = compiled.manifest.spans.iter().filter_map(|span| desk.catalogue.unit(&span.unit)).map(crate::then::mark).collect();
    replace.iter().fold(segment.to_owned(), |text, (id, other)| match desk.catalogue.unit(id) {
        Some(unit) => crate::then::with_text(&text, unit, &jeton_context::secret::mask(other).0, &marks),
        None => text,
    })
}

/// A pack for insertions alone.
fn nothing_but_inserted() -> Pack {
    Pack { scope: Vec::new(), kinds: Vec::new(), units: Vec::new(), query: PackQuery::LastUser, budget_tokens: 0, place: PackPlace::System, hold_out: 0.0 }
}

/// What headings and the frame of a unit take beside its text, generously.
const FRAME_TOKENS: u64 = 64;

fn inserted_tokens(engine: &Engine, insert: &[String], vocabulary: Vocabulary) -> u64 {
    let desk = engine.desk();
    insert.iter().flat_map(|pattern| desk.catalogue.find(pattern)).map(|unit| vocabulary.count(&unit.body) + FRAME_TOKENS).sum::<u64>()
        + if insert.is_empty() { 0 } else { FRAME_TOKENS }
}

fn used(engine: &Engine, compiled: &Compilation, wanted: &Wanted<'_>) -> ContextUse {
    let desk = engine.desk();
    let manifest = &compiled.manifest;
    let units = manifest.spans.iter().map(|span| UnitUse {
        unit: span.unit.clone(),
        digest: span.digest,
        view: span.view.name().to_owned(),
        tokens: span.tokens,
        standing: desk.standing.get(&span.unit).and_then(|(_, told)| told.map(str::to_owned)),
    });
    let missing = wanted.needs.iter().filter(|need| !manifest.spans.iter().any(|span| span.unit == **need && span.view.name() != "handle"));
    ContextUse {
        pack: wanted.pack.unwrap_or_default().to_owned(),
        digest: manifest.digest,
        snapshot: manifest.snapshot,
        tokens: manifest.tokens,
        budget_tokens: manifest.budget_tokens,
        units: units.collect(),
        inserted: wanted.change.insert.clone(),
        left_out: wanted.change.leave_out.clone(),
        missing: missing.map(|need| (need.clone(), why_missing(engine, need, wanted))).collect(),
    }
}

/// Why a needed unit is not in, as far as the catalogue tells.
fn why_missing(engine: &Engine, need: &str, wanted: &Wanted<'_>) -> String {
    let desk = engine.desk();
    if desk.catalogue.unit(need).is_none() {
        return "the catalogue has no such unit".to_owned();
    }
    if wanted.change.leave_out.iter().any(|id| id == need) {
        return "left out by the experiment".to_owned();
    }
    let found = engine.search_units(wanted.question);
    match found.iter().position(|unit| unit.id == *need) {
        None => "it shares no word with the question".to_owned(),
        Some(place) => format!("ranked {} of {} units for the question; the budget or the scope went to others", place + 1, found.len()),
    }
}

fn unknown_pack<'a>(name: &str, packs: impl Iterator<Item = &'a str>) -> CallFault {
    let nearest = jeton_core::nearest(name, packs, 3).join(", ");
    refused("pack_not_found", format!("there is no pack `{name}`{}", if nearest.is_empty() { String::new() } else { format!("; the nearest: {nearest}") }))
}

fn refused(code: &str, message: String) -> CallFault {
    CallFault { class: FaultClass::Request, code: code.to_owned(), message, status: None, call: None, cost: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;
    use futures_util::FutureExt;
    use futures_util::future::join_all;
    use jeton_context::engine::EngineOptions;

    #[test]
    fn contexts_made_aside_are_those_made_in_place_and_only_so_many_at_a_time() {
        let folder = Folder::new(&[
            ("docs/returns.md", "# Returns\n\nA kettle may be returned within forty-two days.\n"),
            ("docs/lids.md", "# Lids\n\nThe lid of a kettle is sold apart; an order has one lid.\n"),
        ]);
        let engine = Arc::new(Engine::open(folder.path(), EngineOptions::default()));
        let pack = Pack { kinds: vec!["doc".to_owned()], budget_tokens: 60, ..nothing_but_inserted() };
        let environment = Environment::new(Some(engine), BTreeMap::from([("all".to_owned(), pack)]), "2026-12-01");
        let questions: Vec<String> = (0..16).map(|n| format!("{} of kettle {n}?", if n % 2 == 0 { "Return" } else { "Lid" })).collect();
        let change = Change::default();
        let wanted: Vec<Wanted<'_>> =
            questions.iter().map(|question| Wanted { pack: Some("all"), question, model: "local/extract", class: None, needs: &[], change: &change }).collect();
        let in_place: Vec<_> = wanted.iter().map(|wanted| environment.context(wanted)).collect();
        assert!(in_place.iter().all(|made| matches!(made, Ok(Some(_)))) && in_place[0] != in_place[1], "{in_place:?}");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            assert_eq!(join_all(wanted.iter().map(|wanted| environment.context_aside(wanted))).await, in_place);
            let all = u32::try_from(environment.room.available_permits()).unwrap();
            let held = environment.room.acquire_many(all).await.unwrap();
            let mut waiting = Box::pin(environment.context_aside(&wanted[0]));
            assert_eq!((&mut waiting).now_or_never(), None, "it waits for room");
            drop(held);
            assert_eq!(waiting.await, in_place[0]);
        });
    }
}
