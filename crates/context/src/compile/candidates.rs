//! What could be in a context, and what each way of showing it is worth.

use super::choose::Choice;
use super::manifest::View;
use super::units::kind_prior;
use super::{Part, Request, Sources, Tier, Work, code, render, scope};
use crate::index::{each_word, terms_of_word};
use crate::rank::Query;
use crate::{Kind, Trust, Unit};
use jeton_text::chunks;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// Units that are looked at, the most relevant of each query.
const UNITS_MAX: usize = 60;
/// Words of a query that are covered one by one.
const FACETS_MAX: usize = 24;
/// Tokens of a piece of a long unit, about.
const PIECE_TOKENS: u64 = 120;
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
    let scores = sources.units.scores(query);
    let all = sources.catalogue.units();
    let is_open = |unit: &Unit| {
        unit.kind != Kind::Code && scope::applies(unit, request) && scope::is_asked_for(unit, request, paths.as_ref()) && !taken.contains(&unit.id.as_str())
    };
    let mut open: Vec<usize> = (0..all.len()).filter(|&place| scores[place].score > 0.0 && is_open(&all[place])).collect();
    open.sort_by(|&a, &b| scores[b].score.total_cmp(&scores[a].score).then(a.cmp(&b)));
    open.truncate(UNITS_MAX);
    let best = open.first().map_or(1.0, |&place| scores[place].score).max(f64::MIN_POSITIVE);
    for place in open {
        let unit = &all[place];
        let (standing, _) = (sources.standing)(unit);
        let trust = match unit.trust {
            Trust::Untrusted => 0.5,
            Trust::Vendor => 0.8,
            Trust::Team => 1.0,
            Trust::Reviewed => 1.1,
        };
        let worth = scores[place].score / best * scores[place].coverage.sqrt() * kind_prior(unit.kind) * standing * trust;
        if worth > 0.0 {
            let why = format!("has {:.0} % of the task's words", 100.0 * scores[place].coverage);
            found.items.push(unit_candidate(sources, request, unit, place, worth, why, facets));
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn unit_candidate(
    sources: &Sources<'_>,
    request: &Request<'_>,
    unit: &Unit,
    place: usize,
    worth: f64,
    why: String,
    facets: &Facets<'_>,
) -> Candidate {
    let body = render::body(sources, unit);
    let mut texts = vec![(View::Handle, String::new(), 0.02)];
    let whole = jeton_text::estimate_tokens(&body);
    if whole > WHOLE_TOKENS {
        texts.extend(excerpts(&body, facets).into_iter().map(|(text, share)| (View::Excerpt, text, share)));
    }
    texts.push((View::Full, body, 1.0));
    let mut views = Vec::with_capacity(texts.len());
    let mut kept = Vec::with_capacity(texts.len());
    for (view, text, share) in texts {
        let part = render::part(sources, request.vocabulary, unit, Tier::Knowledge, view, &text, "");
        #[allow(clippy::cast_precision_loss)]
        let gain = worth * share * (part.span.tokens as f64).sqrt();
        let covers = if view == View::Handle { Vec::new() } else { facets.of(&text).into_iter().map(|facet| (facet, worth.min(1.0))).collect() };
        views.push(ShownAs { view, choice: Choice { tokens: part.span.tokens, gain, covers } });
        kept.push(text);
    }
    Candidate { unit: unit.id.clone(), why, views, content: Content::Unit(place, kept) }
}

/// Growing excerpts of a long text: its best pieces, in their order, each with the share of the task's words that it holds.
fn excerpts(body: &str, facets: &Facets<'_>) -> Vec<(String, f64)> {
    let pieces = chunks(body, PIECE_TOKENS);
    #[allow(clippy::cast_precision_loss)]
    let share = |text: &str| facets.of(text).len() as f64 / facets.words.len().max(1) as f64;
    let all = share(body).max(f64::MIN_POSITIVE);
    let mut order: Vec<(usize, f64)> = pieces.iter().enumerate().map(|(place, piece)| (place, share(&body[piece.start..piece.end]))).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut found = Vec::new();
    for many in [1, 2, 4, 8].into_iter().filter(|&many| many < pieces.len()) {
        let mut chosen: Vec<usize> = order[..many].iter().map(|&(place, _)| place).collect();
        chosen.sort_unstable();
        let mut text = String::new();
        for (at, &place) in chosen.iter().enumerate() {
            if at > 0 && chosen[at - 1] + 1 != place {
                text.push_str("…\n\n");
            }
            text.push_str(body[pieces[place].start..pieces[place].end].trim());
            text.push_str("\n\n");
        }
        let held = (share(&text) / all).min(1.0);
        found.push((text, held));
    }
    found
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
