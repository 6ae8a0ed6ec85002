//! What could be in a context, and what each way of showing it is worth.

use super::choose::Choice;
use super::manifest::{Span, View};
use super::units::{UnitIndex, UnitScore, kind_prior};
use super::{Part, Request, Sources, Tier, Work, code, render, scope, shown};
use crate::embed::{Meant, Nearness};
use crate::index::{each_word, terms_of_word};
use crate::rank::{Corpus, Query, Similar};
use crate::{Catalogue, Digest, Kind, Place, Trust, Unit};
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// Units that are looked at, the most relevant of each query.
const UNITS_MAX: usize = 40;
/// Words of a query that are covered one by one.
const FACETS_MAX: usize = 24;
/// A unit of at most so many tokens is shown whole or by name only.
const WHOLE_TOKENS: u64 = 240;

/// A unit or file with the ways in which it can be shown.
pub(super) struct Candidate {
    /// The unit's id; `code:PATH` for code.
    pub(super) unit: String,
    pub(super) why: String,
    pub(super) views: Vec<ShownAs>,
    pub(super) content: Content,
}

/// A way to show a candidate.
pub(super) struct ShownAs {
    pub(super) view: View,
    pub(super) choice: Choice,
}

/// What the views are made from.
pub(super) enum Content {
    /// A unit's place in the catalogue, and the text of each view.
    Unit(usize, Vec<String>),
    /// A file of the corpus.
    Code(code::File),
    /// A commit of the past, as it is shown.
    Past(Box<Part>),
}

/// All candidates, and the worth of what they can cover.
#[derive(Default)]
pub(super) struct Candidates {
    pub(super) items: Vec<Candidate>,
    pub(super) facets: Vec<f64>,
}

impl Candidate {
    pub(super) fn parts(&self, work: &Work<'_>, view: usize) -> Vec<Part> {
        let shown = &self.views[view];
        #[allow(clippy::cast_precision_loss)]
        let density = shown.choice.gain / shown.choice.tokens.max(1) as f64;
        match &self.content {
            Content::Unit(place, texts) => {
                let unit = &work.sources.catalogue.units()[*place];
                let mut part = render::part(work.sources, work.request.vocabulary, unit, Tier::Knowledge, shown.view, &texts[view], &self.why);
                part.span.density = density;
                vec![part]
            }
            Content::Code(file) => file.parts(work, view, shown.view, &self.why, density),
            Content::Past(part) => vec![Part { span: Span { density, ..part.span.clone() }, ..(**part).clone() }],
        }
    }
}

/// Finds what could be there beside `taken`.
pub(super) fn find(sources: &Sources<'_>, request: &Request<'_>, query: &Query, taken: &[&str]) -> Candidates {
    let mut found = Candidates::default();
    let facets = Facets::new(telling_words(query));
    units(sources, request, query, taken, &facets, &mut found);
    if let Some(corpus) = sources.corpus.filter(|_| request.kinds.is_empty() || request.kinds.contains(&Kind::Code)) {
        code::find(sources, corpus, request, query, &facets, &mut found);
    }
    if let Some(corpus) = sources.corpus.filter(|_| request.kinds.is_empty() || request.kinds.contains(&Kind::History)) {
        past(sources, corpus, request, query, &mut found);
    }
    // Covering every word once is worth as much as the best single view.
    let best = found.items.iter().flat_map(|item| &item.views).map(|view| view.choice.gain).fold(0.0, f64::max);
    #[allow(clippy::cast_precision_loss)]
    let each = COVERING * best / facets.words.len().max(1) as f64;
    found.facets = vec![each; facets.words.len()];
    found
}

/// What covering every word once is worth, against the best single view.
const COVERING: f64 = 0.2;

/// The words of the query that are covered one by one; those said most often first.
fn telling_words(query: &Query) -> Vec<&str> {
    let mut words: Vec<(&str, u32)> = query.terms.iter().map(|(term, count)| (term.as_str(), *count)).collect();
    words.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    words.into_iter().take(FACETS_MAX).map(|(word, _)| word).collect()
}

fn units(sources: &Sources<'_>, request: &Request<'_>, query: &Query, taken: &[&str], facets: &Facets<'_>, found: &mut Candidates) {
    let paths = scope::globs(request.paths);
    let all = sources.catalogue.units();
    let is_open = |unit: &Unit| {
        unit.kind != Kind::Code && scope::applies(unit, request) && scope::is_asked_for(unit, request, paths.as_ref()) && !taken.contains(&unit.id.as_str())
    };
    for found_unit in fused(sources.units, query, sources.nearness, |place| is_open(&all[place])).into_iter().take(UNITS_MAX) {
        let (place, unit) = (found_unit.place, &all[found_unit.place]);
        let (standing, _) = (sources.standing)(unit);
        let trust = match unit.trust {
            Trust::Untrusted => 0.5,
            Trust::Vendor => 0.8,
            Trust::Team => 1.0,
            Trust::Reviewed => 1.1,
        };
        let worth = found_unit.relevance * kind_prior(unit.kind) * standing * trust;
        if worth > 0.0 {
            found.items.push(unit_candidate(sources, request, Open { unit, place, worth, why: found_unit.why() }, facets));
        }
    }
}

/// What the unit that is nearest in meaning is worth without a word of the task, against one that has them all. Set by hand.
const MEANT_WORTH: f64 = 0.5;

/// A unit that has to do with a task, by its words or by what it means.
struct Fused {
    place: usize,
    /// The order: the score of the words with the place in meaning.
    rank: f64,
    /// From 0; a unit that has all the words better than any other has 1 for them.
    relevance: f64,
    coverage: f64,
    meant: Option<Meant>,
}

impl Fused {
    fn why(&self) -> String {
        let words = (self.coverage > 0.0).then(|| format!("has {:.0} % of the task's words", 100.0 * self.coverage));
        words.into_iter().chain(self.meant.map(|meant| meant.to_string())).collect::<Vec<_>>().join("; ")
    }
}

/// The open units that have to do with a task, the best first; equal ones by their place in the catalogue.
fn fused(index: &UnitIndex, query: &Query, nearness: Option<&Nearness>, is_open: impl Fn(usize) -> bool) -> Vec<Fused> {
    let scores = index.scores(query);
    let meant = nearness.map(|nearness| nearness.units(&is_open)).unwrap_or_default();
    let meant = |place: usize| meant.get(place).copied().flatten();
    let open: Vec<usize> = (0..scores.len()).filter(|&place| (scores[place].score > 0.0 || meant(place).is_some()) && is_open(place)).collect();
    let best = open.iter().map(|&place| scores[place].score).fold(0.0, f64::max);
    let best = if best > 0.0 { best } else { 1.0 };
    let each = open.into_iter().map(|place| {
        let (UnitScore { score, coverage }, meant) = (scores[place], meant(place));
        let strength = MEANT_WORTH * meant.map_or(0.0, Meant::strength);
        Fused { place, rank: score + best * strength, relevance: score / best * coverage.sqrt() + strength, coverage, meant }
    });
    let mut found: Vec<Fused> = each.collect();
    found.sort_by(|a, b| b.rank.total_cmp(&a.rank).then(a.place.cmp(&b.place)));
    found
}

/// A unit that has to do with some words.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundUnit {
    /// Its id.
    pub id: String,
    /// The share of the words that it has, each word by how much it tells, from 0 to 1.
    pub share: f64,
    /// Its place among those that mean the like, in words: `means the like (3rd of 210)`; none where it is not among them.
    pub meant: Option<String>,
}

/// The units of a catalogue that have to do with a query, the best first; equal ones by id.
pub(crate) fn found_units(catalogue: &Catalogue, index: &UnitIndex, query: &Query, nearness: Option<&Nearness>) -> Vec<FoundUnit> {
    let units = catalogue.units();
    let mut found = fused(index, query, nearness, |_| true);
    found.sort_by(|a, b| b.rank.total_cmp(&a.rank).then_with(|| units[a.place].id.cmp(&units[b.place].id)));
    found
        .into_iter()
        .map(|found| FoundUnit { id: units[found.place].id.clone(), share: found.coverage, meant: found.meant.map(|meant| meant.to_string()) })
        .collect()
}

/// Commits of the past that can be shown at most, and files that each names.
const COMMITS_MAX: usize = 5;
const COMMIT_PATHS_MAX: usize = 6;

/// Commits that said the like: what was wrong before, and where it was mended.
fn past(sources: &Sources<'_>, corpus: &Corpus<'_>, request: &Request<'_>, query: &Query, found: &mut Candidates) {
    let similar = corpus.history.map(|history| history.similar(query, corpus.unseen_commits, COMMITS_MAX)).unwrap_or_default();
    for Similar { commit, subject, paths, nearness } in similar {
        let short = &commit[..commit.len().min(12)];
        let more = if paths.len() > COMMIT_PATHS_MAX { ", …" } else { "" };
        let named = paths.iter().take(COMMIT_PATHS_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
        let text = shown(sources, &format!("- history: {subject} [{short}] changed {named}{more}\n")).into_owned();
        let unit = format!("history:{short}");
        let why = "its message says the like".to_owned();
        let span = Span {
            unit: unit.clone(),
            kind: Kind::History,
            digest: Digest::of(text.as_bytes()),
            place: Place::file(format!("commit {short}")),
            view: View::Handle,
            tier: Tier::Knowledge,
            tokens: request.vocabulary.count(&text),
            why: why.clone(),
            density: 0.0,
        };
        #[allow(clippy::cast_precision_loss)]
        let gain = HISTORY_WORTH * nearness * kind_prior(Kind::History) * (span.tokens as f64).sqrt();
        let choice = Choice { tokens: span.tokens, gain, covers: Vec::new() };
        let part = Part { tier: Tier::Knowledge, order: (Kind::History, unit.clone(), 0), text, span };
        found.items.push(Candidate { unit, why, views: vec![ShownAs { view: View::Handle, choice }], content: Content::Past(Box::new(part)) });
    }
}

/// What the nearest commit is worth against the best unit: it points to places and shows none.
const HISTORY_WORTH: f64 = 0.25;

/// A unit that is open, with what it is worth.
struct Open<'a> {
    unit: &'a Unit,
    place: usize,
    worth: f64,
    why: String,
}

/// A way to show a unit, before it is priced.
struct Draft {
    view: View,
    text: String,
    /// What it has of the whole unit's worth.
    share: f64,
    tokens: u64,
}

fn unit_candidate(sources: &Sources<'_>, request: &Request<'_>, open: Open<'_>, facets: &Facets<'_>) -> Candidate {
    let Open { unit, place, worth, why } = open;
    let body = render::body(sources, unit);
    let count = |text: &str| request.vocabulary.count(text);
    let head = count(&render::unit_text(sources, unit, View::Full, ""));
    let own = unit.tokens.get(request.vocabulary.name()).copied().filter(|_| unit.facts.is_empty()).unwrap_or_else(|| count(&body));
    let mut drafts = vec![Draft { view: View::Handle, text: String::new(), share: 0.02, tokens: count(&render::unit_text(sources, unit, View::Handle, "")) }];
    if own > WHOLE_TOKENS && unit.facts.is_empty() {
        drafts.extend(excerpts(sources, request, unit, place, facets, head));
    }
    drafts.push(Draft { view: View::Full, text: body, share: 1.0, tokens: own + head });
    let mut views = Vec::with_capacity(drafts.len());
    let mut texts = Vec::with_capacity(drafts.len());
    for draft in drafts {
        #[allow(clippy::cast_precision_loss)]
        let gain = worth * draft.share * (draft.tokens as f64).sqrt();
        let covers = facets.of(&draft.text).into_iter().map(|facet| (facet, worth.min(1.0))).collect();
        views.push(ShownAs { view: draft.view, choice: Choice { tokens: draft.tokens, gain, covers } });
        texts.push(draft.text);
    }
    Candidate { unit: unit.id.clone(), why, views, content: Content::Unit(place, texts) }
}

/// Growing excerpts of a long text: its best pieces, in their order, each with the share of the task's words that it holds.
fn excerpts(sources: &Sources<'_>, request: &Request<'_>, unit: &Unit, place: usize, facets: &Facets<'_>, head: u64) -> Vec<Draft> {
    let pieces = sources.units.pieces(place, &unit.body);
    let has: Vec<Vec<usize>> = pieces.iter().map(|piece| facets.of(&unit.body[piece.clone()])).collect();
    let distinct = |chosen: &[usize]| chosen.iter().flat_map(|&piece| &has[piece]).collect::<std::collections::BTreeSet<_>>().len();
    let all = distinct(&(0..pieces.len()).collect::<Vec<_>>()).max(1);
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by(|&a, &b| has[b].len().cmp(&has[a].len()).then(a.cmp(&b)));
    let growing = [1, 2, 4, 8].into_iter().filter(|&many| many < pieces.len()).map(|many| {
        let mut chosen = order[..many].to_vec();
        chosen.sort_unstable();
        let mut text = String::new();
        for (at, &piece) in chosen.iter().enumerate() {
            if at > 0 && chosen[at - 1] + 1 != piece {
                text.push_str("…\n\n");
            }
            text.push_str(unit.body[pieces[piece].clone()].trim());
            text.push_str("\n\n");
        }
        // Gaps between pieces are counted too; a vocabulary joins across pieces at most what it would have cut.
        let tokens = chosen.iter().map(|&piece| sources.units.tokens(place, piece, request.vocabulary, &unit.body[pieces[piece].clone()]) + 3).sum::<u64>();
        #[allow(clippy::cast_precision_loss)]
        let share = distinct(&chosen) as f64 / all as f64;
        Draft { view: View::Excerpt, text: shown(sources, &text).into_owned(), share, tokens: tokens + head }
    });
    growing.collect()
}

/// The words of a task that are covered one by one, by number; remembers what each word of a text means.
pub(super) struct Facets<'q> {
    words: Vec<&'q str>,
    known: RefCell<FxHashMap<String, Box<[usize]>>>,
}

impl<'q> Facets<'q> {
    fn new(words: Vec<&'q str>) -> Self {
        Self { words, known: RefCell::default() }
    }

    /// The words, in the order of their numbers.
    pub(super) fn words(&self) -> &[&'q str] {
        &self.words
    }

    /// The numbers of the words that `text` has, ascending.
    fn of(&self, text: &str) -> Vec<usize> {
        let mut has = vec![false; self.words.len()];
        let mut known = self.known.borrow_mut();
        each_word(text, |word| {
            if !known.contains_key(word) {
                let terms = terms_of_word(word);
                let places = (0..self.words.len()).filter(|&place| terms.iter().any(|term| term == self.words[place])).collect();
                known.insert(word.to_owned(), places);
            }
            known.get(word).into_iter().flatten().for_each(|&place| has[place] = true);
        });
        (0..has.len()).filter(|&place| has[place]).collect()
    }
}
