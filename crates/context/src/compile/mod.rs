//! The compiler: a task and a budget become context, with a manifest that says what every part is and why it is there.
//!
//! ```text
//! task ─▶ candidates ─▶ views with tokens and gains ─▶ choose ─▶ order by stability ─▶ text, manifest
//! ```
//!
//! The same snapshot, vectors, task and budget give the same bytes.

mod candidates;
mod choose;
mod code;
mod explain;
mod hindrance;
mod manifest;
mod render;
mod scope;
mod units;

pub use candidates::FoundUnit;
pub(crate) use candidates::found_units;
pub use explain::{Alternative, Explanation};
pub use hindrance::{Hindrance, hindrances};
pub use manifest::{Manifest, Span, View};
pub use scope::Today;
pub(crate) use scope::{holds, matches};
pub use units::UnitIndex;

use crate::embed::Nearness;
use crate::rank::{Corpus, Query};
use crate::tree::Tree;
use crate::{Catalogue, Kind, Unit};
use candidates::{Candidate, Candidates};
use choose::{Chosen, Problem, choose};
use jeton_text::Vocabulary;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;

/// How stable a part of the context is; parts stand in this order, so that what stays the same comes first and is cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Rules and what must be there: the same for every task of the scope.
    Rules,
    /// Units chosen for this task.
    Knowledge,
    /// Code chosen for this task.
    Code,
}

impl Tier {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::Rules, Self::Knowledge, Self::Code];

    /// The stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Knowledge => "knowledge",
            Self::Code => "code",
        }
    }
}

/// A part of the context that is cached together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// How stable it is.
    pub tier: Tier,
    /// Its text.
    pub text: String,
    /// Whether a provider that caches should mark the end of this part.
    pub breakpoint: bool,
}

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The task, in words.
    pub task: &'a str,
    /// The most tokens that the context may have, in `vocabulary`.
    pub budget_tokens: u64,
    /// The vocabulary of the model.
    pub vocabulary: Vocabulary,
    /// Kinds of units; empty: all.
    pub kinds: &'a [Kind],
    /// Globs of paths; empty: everything.
    pub paths: &'a [String],
    /// The class of the work.
    pub class: Option<&'a str>,
    /// The model as `provider/name`.
    pub model: Option<&'a str>,
    /// The name of the caller's key.
    pub key: Option<&'a str>,
    /// Ids or patterns of units that must be there.
    pub mandatory: &'a [String],
    /// Ids of units that are left out to learn what they are worth.
    pub held_out: &'a [&'a str],
    /// The day on which validity is judged.
    pub today: Today<'a>,
}

impl<'a> Request<'a> {
    /// Of everything, for nobody in particular.
    #[must_use]
    pub const fn new(task: &'a str, budget_tokens: u64, vocabulary: Vocabulary, today: Today<'a>) -> Self {
        Self { task, budget_tokens, vocabulary, kinds: &[], paths: &[], class: None, model: None, key: None, mandatory: &[], held_out: &[], today }
    }
}

/// What a compilation draws on.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The files.
    pub tree: &'a dyn Tree,
    /// The units.
    pub catalogue: &'a Catalogue,
    /// The words of the units.
    pub units: &'a UnitIndex,
    /// The code; none: no code is asked for.
    pub corpus: Option<&'a Corpus<'a>>,
    /// How far a unit can be relied on, from 0 to 1, and what a reader must be told about it.
    pub standing: &'a dyn Fn(&Unit) -> (f64, Option<&'static str>),
    /// Takes secrets out of a text.
    pub mask: &'a dyn Fn(&str) -> String,
    /// What a model for embeddings says of the task; none: nobody asked one.
    pub nearness: Option<&'a Nearness>,
}

impl fmt::Debug for Sources<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("catalogue", &self.catalogue.digest()).finish_non_exhaustive()
    }
}

/// Context with its manifest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compilation {
    /// The parts, in order.
    pub segments: Vec<Segment>,
    /// What they are.
    pub manifest: Manifest,
}

impl Compilation {
    /// All parts as one text.
    #[must_use]
    pub fn text(&self) -> String {
        self.segments.iter().map(|segment| segment.text.as_str()).collect()
    }
}

/// Why there is no context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompileError {
    /// What must be there does not fit.
    TooSmall {
        /// The tokens that it takes.
        needed_tokens: u64,
        /// The tokens that were given.
        budget_tokens: u64,
        /// What must be there, the largest first.
        units: Vec<(String, u64)>,
    },
    /// A unit that must be there is not in the catalogue, or not to be seen by the caller.
    NoSuchUnit(String),
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSmall { needed_tokens, budget_tokens, units } => {
                let largest: Vec<String> = units.iter().take(3).map(|(id, tokens)| format!("{id} ({tokens})")).collect();
                write!(f, "what must be there takes {needed_tokens} tokens and the budget has {budget_tokens}; the largest: {}", largest.join(", "))
            }
            Self::NoSuchUnit(id) => write!(f, "`{id}` must be there, and no unit in scope that the caller may see has this id"),
        }
    }
}

impl std::error::Error for CompileError {}

/// Compiles the context of a task.
///
/// # Errors
/// Where what must be there is missing or does not fit: never a silent cut.
pub fn compile(sources: &Sources<'_>, request: &Request<'_>) -> Result<Compilation, CompileError> {
    Work::new(sources, request)?.finish()
}

/// Why the context of a task is what it is, and what `more_tokens` would add.
///
/// # Errors
/// As [`compile`].
pub fn explain(sources: &Sources<'_>, request: &Request<'_>, more_tokens: u64) -> Result<Explanation, CompileError> {
    explain::explain(sources, request, more_tokens)
}

/// A compilation under way.
struct Work<'a> {
    sources: &'a Sources<'a>,
    request: &'a Request<'a>,
    fixed: Vec<Part>,
    candidates: Candidates,
}

/// A unit as it stands in the context.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    tier: Tier,
    /// Sorts it within its tier.
    order: (Kind, String, u32),
    text: String,
    span: Span,
}

impl<'a> Work<'a> {
    fn new(sources: &'a Sources<'a>, request: &'a Request<'a>) -> Result<Self, CompileError> {
        let query = Query::new(request.task);
        let mandatory = scope::mandatory(sources, request)?;
        let fixed: Vec<Part> = mandatory.iter().map(|unit| render::whole(sources, request.vocabulary, unit, Tier::Rules, "must be there")).collect();
        let needed_tokens = render::tokens(&fixed, request.vocabulary);
        if needed_tokens > request.budget_tokens {
            let mut units: Vec<(String, u64)> = fixed.iter().map(|part| (part.span.unit.clone(), part.span.tokens)).collect();
            units.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
            return Err(CompileError::TooSmall { needed_tokens, budget_tokens: request.budget_tokens, units });
        }
        let taken: Vec<&str> = mandatory.iter().map(|unit| unit.id.as_str()).collect();
        let candidates = candidates::find(sources, request, &query, &taken);
        Ok(Self { sources, request, fixed, candidates })
    }

    /// The tokens beside what must be there. Headings of the tiers are not known before it is known what stands under them.
    fn room(&self, budget_tokens: u64) -> u64 {
        budget_tokens.saturating_sub(render::tokens(&self.fixed, self.request.vocabulary) + render::HEADINGS_TOKENS)
    }

    fn choose(&self, budget_tokens: u64) -> Chosen {
        let room = self.room(budget_tokens);
        let items = self.candidates.items.iter().map(|candidate| candidate.views.iter().map(|view| view.choice.clone()).collect()).collect();
        choose(&Problem { items, facets: self.candidates.facets.clone() }, room)
    }

    fn parts(&self, chosen: &Chosen) -> Vec<Part> {
        let mut parts = self.fixed.clone();
        for (candidate, view) in self.candidates.items.iter().zip(&chosen.views) {
            if let Some(view) = view {
                parts.extend(candidate.parts(self, *view));
            }
        }
        parts.sort_by(|a, b| (a.tier, &a.order).cmp(&(b.tier, &b.order)));
        parts
    }

    /// The text, with whole parts taken away until it fits exactly: vocabularies make other tokens of a whole than of its parts.
    fn finish(&self) -> Result<Compilation, CompileError> {
        let chosen = self.choose(self.request.budget_tokens);
        let mut parts = self.parts(&chosen);
        loop {
            let segments = render::segments(&parts);
            let tokens = self.request.vocabulary.count(&segments.iter().map(|segment| segment.text.as_str()).collect::<String>());
            if tokens <= self.request.budget_tokens {
                let spans = parts.into_iter().map(|part| part.span).collect();
                let manifest = Manifest::new(self.sources, self.request, tokens, spans, &segments);
                return Ok(Compilation { segments, manifest });
            }
            let weakest =
                (0..parts.len()).filter(|&part| parts[part].tier != Tier::Rules).min_by(|&a, &b| parts[a].span.density.total_cmp(&parts[b].span.density));
            match weakest {
                Some(part) => drop(parts.remove(part)),
                None => return Err(CompileError::TooSmall { needed_tokens: tokens, budget_tokens: self.request.budget_tokens, units: Vec::new() }),
            }
        }
    }
}

/// A text that may be shown.
fn shown<'t>(sources: &Sources<'_>, text: &'t str) -> Cow<'t, str> {
    let masked = (sources.mask)(text);
    if masked == text { Cow::Borrowed(text) } else { Cow::Owned(masked) }
}

/// The candidate's name for people.
fn name_of(candidate: &Candidate) -> &str {
    &candidate.unit
}
