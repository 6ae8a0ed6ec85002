//! Source files as candidates: the chunks that bear on the task, the more of them the more budget there is.

use super::candidates::{Candidate, Candidates, Content, Facets, ShownAs};
use super::choose::Choice;
use super::manifest::{Span, View};
use super::{Part, Request, Sources, Tier, Work, render, scope, shown};
use crate::index::{Defined, Span as Lines, each_word, terms_of_word};
use crate::rank::{Corpus, Query, RankedFile, SIGNALS, Signal, rank};
use crate::{Digest, Kind, Place};
use jeton_text::estimate_tokens;

/// Files that are looked at, the likeliest first.
const FILES_MAX: usize = 40;
/// Candidates have so many times the budget's tokens at most; what lies behind would not be chosen.
const BUDGETS_MAX: u64 = 3;
/// What a chunk without any of the words is worth against the best of its file.
const SILENT: f64 = 0.02;
/// The scores of files are logarithms of chances; their spread is halved, because a budget is better spent on several files than on
/// one. Chosen on the repositories on which the ranking was fitted: hunks inside 8,192 tokens are 62.5 % at 1, 64.5 % at 1.5, 65.1 % at 2,
/// 64.0 % at 3.
const TEMPERATURE: f64 = 2.0;

/// A file with the chunks that can be shown.
pub(super) struct File {
    path: String,
    fence: &'static str,
    digest: Digest,
    text: String,
    /// What each view shows.
    views: Vec<Shape>,
}

/// What a view of a file shows.
enum Shape {
    /// A text about the whole file: its name, or its signatures.
    About(String),
    /// Chunks, in order.
    Chunks(Vec<Lines>),
}

impl File {
    pub(super) fn parts(&self, work: &Work<'_>, view: usize, shown_as: View, why: &str, density: f64) -> Vec<Part> {
        let span = |place: Place, tokens: u64| Span {
            unit: format!("code:{}", self.path),
            kind: Kind::Code,
            digest: self.digest,
            place,
            view: shown_as,
            tier: Tier::Code,
            tokens,
            why: why.to_owned(),
            density,
        };
        let chunks = match &self.views[view] {
            Shape::Chunks(chunks) => chunks,
            Shape::About(text) => {
                let tokens = work.request.vocabulary.count(text);
                let place = Place::file(self.path.as_str());
                return vec![Part { tier: Tier::Code, order: (Kind::Code, self.path.clone(), 0), text: text.clone(), span: span(place, tokens) }];
            }
        };
        let made = joined(chunks).into_iter().enumerate().map(|(place, lines)| {
            let (text, tokens) = self.shown(work.sources, work.request, lines, place == 0);
            let place = Place::lines(self.path.as_str(), lines.first_line, lines.last_line);
            Part { tier: Tier::Code, order: (Kind::Code, self.path.clone(), lines.first_line), text, span: span(place, tokens) }
        });
        made.collect()
    }

    fn shown(&self, sources: &Sources<'_>, request: &Request<'_>, lines: Lines, is_first: bool) -> (String, u64) {
        let text = self.text.get(lines.start as usize..lines.end as usize).unwrap_or_default();
        render::code(request.vocabulary, is_first.then_some(&*self.path), self.fence, (lines.first_line, lines.last_line), &shown(sources, text))
    }
}

/// Neighbouring chunks as one.
fn joined(chunks: &[Lines]) -> Vec<Lines> {
    let mut found: Vec<Lines> = Vec::new();
    for &chunk in chunks {
        match found.last_mut() {
            Some(last) if last.last_line + 1 == chunk.first_line => (last.last_line, last.end) = (chunk.last_line, chunk.end),
            _ => found.push(chunk),
        }
    }
    found
}

/// Finds the files that the task may need.
pub(super) fn find(sources: &Sources<'_>, corpus: &Corpus<'_>, request: &Request<'_>, query: &Query, facets: &Facets<'_>, found: &mut Candidates) {
    let paths = scope::globs(request.paths);
    // Prose is in the catalogue, section by section, wherever there is a unit of it.
    let is_unit = |path: &str| sources.catalogue.has_units_of(path);
    let ranked: Vec<RankedFile> = rank(corpus, query)
        .into_iter()
        .filter(|ranked| {
            let path = &*corpus.view.files()[ranked.file].path;
            paths.as_ref().is_none_or(|paths| paths.is_match(path)) && !is_unit(path)
        })
        .take(FILES_MAX)
        .collect();
    let best = ranked.first().map_or(0.0, |first| first.score);
    let coverage = coverage(corpus, query, &ranked);
    let mut estimated = 0;
    for ranked in &ranked {
        if estimated > BUDGETS_MAX * request.budget_tokens {
            break;
        }
        let chance = ((ranked.score - best) / TEMPERATURE).exp() * coverage;
        if let Some((candidate, tokens)) = candidate(sources, corpus, request, ranked, chance, facets) {
            estimated += tokens;
            found.items.push(candidate);
        }
    }
}

/// The share of the task's words that the best files have among them: code that has little of a task is worth little for it.
fn coverage(corpus: &Corpus<'_>, query: &Query, ranked: &[RankedFile]) -> f64 {
    let terms: Vec<_> = query.terms.iter().map(|(term, _)| corpus.index.terms().find(term)).collect();
    let has = |term: &Option<_>| {
        term.is_some_and(|term| ranked.iter().take(3).any(|ranked| !corpus.index.blob(corpus.view.files()[ranked.file].blob).postings(term).is_empty()))
    };
    #[allow(clippy::cast_precision_loss)]
    let share = terms.iter().filter(|term| has(term)).count() as f64 / terms.len().max(1) as f64;
    // Meant without a word in common: the strength is that of the likeliest three.
    let meant = ranked.iter().take(3).map(|ranked| ranked.evidence.0[Signal::Meaning as usize]).fold(0.0, f64::max);
    share.sqrt().max(MEANT_COVERAGE * meant)
}

/// What code is worth that means the like and has no word of the task, against code that has all of them. Set by hand.
const MEANT_COVERAGE: f64 = 0.5;

fn candidate(
    sources: &Sources<'_>,
    corpus: &Corpus<'_>,
    request: &Request<'_>,
    ranked: &RankedFile,
    chance: f64,
    facets: &Facets<'_>,
) -> Option<(Candidate, u64)> {
    let file = &corpus.view.files()[ranked.file];
    let spans = &corpus.index.blob(file.blob).spans;
    let text = sources.tree.text(&file.path).ok().filter(|text| spans.last().is_none_or(|last| text.is_char_boundary(last.end as usize)))?;
    let mut chunks = worth(spans, &ranked.chunks, &text);
    // Of a long file only the best chunks are looked at.
    chunks.truncate(CHUNKS_MAX);
    let mut made = File { path: file.path.to_string(), fence: fence(&file.path), digest: corpus.index.digest(file), text, views: Vec::new() };
    let mut views = about(&mut made, sources, corpus, request, ranked, chance);
    let head = request.vocabulary.count(&format!("## {}\n", made.path));
    // Where each word of the task stands in this file.
    let terms = facets.words().iter().enumerate().filter_map(|(facet, word)| corpus.index.terms().find(word).map(|term| (facet, term)));
    let covering: Vec<(usize, &[(u16, u16)])> = terms.map(|(facet, term)| (facet, corpus.index.blob(file.blob).postings(term))).collect();
    let (mut shown_so_far, mut tokens, mut gain): (Vec<Lines>, u64, f64) = (Vec::new(), 0, 0.0);
    let mut covered: Vec<(usize, f64)> = Vec::new();
    let all = spans.len();
    for (place, relevance) in chunks {
        let lines = spans[place];
        let named = if shown_so_far.is_empty() { head } else { 0 };
        let more = named + corpus.index.tokens(file.blob, place, request.vocabulary, || made.shown(sources, request, lines, false).1);
        if tokens + more > request.budget_tokens {
            break;
        }
        shown_so_far.push(lines);
        shown_so_far.sort_by_key(|lines| lines.first_line);
        tokens += more;
        #[allow(clippy::cast_precision_loss)]
        let adds = chance * relevance * (more as f64).sqrt();
        gain += adds;
        let chunk = u16::try_from(place).unwrap_or(u16::MAX);
        for (facet, postings) in &covering {
            if !covered.iter().any(|(have, _)| have == facet) && postings.binary_search_by_key(&chunk, |&(chunk, _)| chunk).is_ok() {
                covered.push((*facet, chance.min(1.0)));
            }
        }
        let view = if shown_so_far.len() == all { View::Full } else { View::Excerpt };
        made.views.push(Shape::Chunks(shown_so_far.clone()));
        views.push(ShownAs { view, choice: Choice { tokens, gain, covers: covered.clone() } });
    }
    let candidate = Candidate { unit: format!("code:{}", made.path), why: why(ranked), views, content: Content::Code(made) };
    Some((candidate, tokens))
}

/// What a name, and what signatures are worth against the best chunk of the file: they show where to look, not what is there.
const HANDLE_WORTH: f64 = 0.01;
const SIGNATURE_WORTH: f64 = 0.05;
/// Symbols that a handle names, and that signatures show, at most.
const NAMED_MAX: usize = 6;
const SIGNATURES_MAX: usize = 40;
/// Bytes of one signature at most.
const SIGNATURE_BYTES_MAX: usize = 160;

/// The views that show a file as a whole: its name with what it defines, and its signatures.
fn about(file: &mut File, sources: &Sources<'_>, corpus: &Corpus<'_>, request: &Request<'_>, ranked: &RankedFile, chance: f64) -> Vec<ShownAs> {
    let symbols = &corpus.index.blob(corpus.view.files()[ranked.file].blob).symbols;
    let signature = |symbol: &Defined| file.text.get(symbol.start as usize..symbol.end as usize).unwrap_or_default();
    let outer = symbols.iter().filter(|symbol| symbol.depth == 0);
    let mut names: Vec<&str> = outer.filter_map(|symbol| name_in(signature(symbol), corpus.index.name_of(symbol.name))).collect();
    names.dedup();
    let more = if names.len() > NAMED_MAX { ", …" } else { "" };
    names.truncate(NAMED_MAX);
    let handle = if names.is_empty() { format!("- {}\n", file.path) } else { format!("- {}: {}{more}\n", file.path, names.join(", ")) };
    let mut shown_as = vec![(View::Handle, handle, HANDLE_WORTH)];
    let lines: Vec<String> = symbols.iter().filter(|symbol| symbol.depth <= 1).take(SIGNATURES_MAX).map(|symbol| outlined(symbol, signature(symbol))).collect();
    if lines.len() > 1 {
        let text = format!("## {}\n```{} signatures\n{}\n```\n", file.path, file.fence, lines.join("\n"));
        shown_as.push((View::Signature, shown(sources, &text).into_owned(), SIGNATURE_WORTH));
    }
    let mut views = Vec::with_capacity(shown_as.len());
    for (view, text, worth) in shown_as {
        let tokens = request.vocabulary.count(&text);
        #[allow(clippy::cast_precision_loss)]
        let gain = chance * worth * (tokens as f64).sqrt();
        views.push(ShownAs { view, choice: Choice { tokens, gain, covers: Vec::new() } });
        file.views.push(Shape::About(text));
    }
    views
}

/// The word of a signature that is the name of what it defines.
fn name_in<'t>(signature: &'t str, name: &str) -> Option<&'t str> {
    let mut found = None;
    each_word(signature, |word| {
        if found.is_none() && terms_of_word(word).last().is_some_and(|term| term == name) {
            found = Some(word);
        }
    });
    found
}

/// A signature on one line, as deep as it lies, with a mark for what is left out.
fn outlined(symbol: &Defined, signature: &str) -> String {
    let line: String = signature.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut = line.char_indices().map(|(at, _)| at).take_while(|&at| at <= SIGNATURE_BYTES_MAX).last().unwrap_or(0);
    let line = if line.len() > SIGNATURE_BYTES_MAX { &line[..cut] } else { &line };
    format!("{}{line} …", "    ".repeat(symbol.depth as usize))
}

/// Chunks of one file that are looked at.
const CHUNKS_MAX: usize = 24;

/// The chunks of a file with their relevance against its best, what adds most for its tokens first.
fn worth(spans: &[Lines], scores: &[f32], text: &str) -> Vec<(usize, f64)> {
    let best = f64::from(scores.iter().copied().fold(0.0, f32::max));
    let mut found: Vec<(usize, f64, f64)> = spans
        .iter()
        .enumerate()
        .map(|(place, span)| {
            let relevance = SILENT + if best > 0.0 { f64::from(scores[place]) / best } else { 0.0 };
            #[allow(clippy::cast_precision_loss)]
            let tokens = estimate_tokens(text.get(span.start as usize..span.end as usize).unwrap_or_default()) as f64;
            (place, relevance, relevance / (tokens + 12.0).sqrt())
        })
        .collect();
    found.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
    found.into_iter().map(|(place, relevance, _)| (place, relevance)).collect()
}

fn why(ranked: &RankedFile) -> String {
    let reasons = ranked.evidence.reasons();
    let named: Vec<&str> = reasons.iter().take(3).map(|(signal, _)| signal.reason()).collect();
    debug_assert!(reasons.len() <= SIGNALS);
    if named.is_empty() { "near the task".to_owned() } else { named.join("; ") }
}

/// The name of a language after a fence, by the file's ending.
fn fence(path: &str) -> &'static str {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    const FENCES: [(&str, &str); 16] = [
        ("rs", "rust"),
        ("py", "python"),
        ("ts", "typescript"),
        ("tsx", "tsx"),
        ("js", "javascript"),
        ("go", "go"),
        ("java", "java"),
        ("c", "c"),
        ("h", "c"),
        ("cpp", "cpp"),
        ("cs", "csharp"),
        ("rb", "ruby"),
        ("php", "php"),
        ("md", "markdown"),
        ("toml", "toml"),
        ("sh", "sh"),
    ];
    FENCES.iter().find(|(known, _)| *known == ending).map_or("text", |(_, fence)| fence)
}
