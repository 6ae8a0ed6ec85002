//! Why a context is what it is.

use super::candidates::{Candidate, ShownAs};
use super::choose::Chosen;
use super::{CompileError, Manifest, Request, Sources, View, Work, name_of};
use serde::Serialize;

/// A unit that could be there, or could be shown in another way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alternative {
    /// The unit's id.
    pub unit: String,
    /// How it is shown; none where it is left out.
    pub now: Option<View>,
    /// How it would be shown.
    pub then: Option<View>,
    /// Tokens that this takes, more than now.
    pub tokens: i64,
    /// What it would add for each 1,000 tokens, in the measure of [`Explanation::last_density`].
    pub density: f64,
    /// Why it is a candidate.
    pub why: String,
    /// Why it is left out; none where it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_out: Option<String>,
}

/// Why a context is what it is, and what more would buy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// What is there, with the reason of each part.
    pub manifest: Manifest,
    /// What was left out, the nearest first.
    pub left_out: Vec<Alternative>,
    /// What the last thing that was taken in added for each 1,000 tokens.
    pub last_density: f64,
    /// The tokens asked about.
    pub more_tokens: u64,
    /// What would change with so many tokens more.
    pub with_more: Vec<Alternative>,
    /// The gain after each step, as tokens spent and value: the curve of what a token buys.
    pub curve: Vec<(u64, f64)>,
}

pub(super) fn explain(sources: &Sources<'_>, request: &Request<'_>, more_tokens: u64) -> Result<Explanation, CompileError> {
    let work = Work::new(sources, request)?;
    let chosen = work.choose(request.budget_tokens);
    let larger = Request { budget_tokens: request.budget_tokens + more_tokens, ..request.clone() };
    let wider = Work::new(sources, &larger)?;
    let then = wider.choose(larger.budget_tokens);
    let manifest = work.finish()?.manifest;
    let left_out = left_out(&work, &chosen, &manifest);
    #[allow(clippy::cast_precision_loss)]
    let last_density = chosen.steps.last().map_or(0.0, |step| 1_000.0 * step.gain / step.tokens.max(1) as f64);
    Ok(Explanation { manifest, left_out, last_density, more_tokens, with_more: changes(&work, &chosen, &wider, &then), curve: curve(&chosen) })
}

fn left_out(work: &Work<'_>, chosen: &Chosen, manifest: &Manifest) -> Vec<Alternative> {
    let mut found: Vec<Alternative> = Vec::new();
    let left = work.room(work.request.budget_tokens).saturating_sub(chosen.tokens);
    let is_there = |candidate: &Candidate| manifest.spans.iter().any(|span| span.unit == candidate.unit);
    for (candidate, view) in work.candidates.items.iter().zip(&chosen.views).filter(|(candidate, _)| !is_there(candidate)) {
        #[allow(clippy::cast_precision_loss)]
        let density = |view: &ShownAs| 1_000.0 * view.choice.gain / view.choice.tokens.max(1) as f64;
        let Some(best) = candidate.views.iter().max_by(|a, b| density(a).total_cmp(&density(b))) else { continue };
        let tokens = i64::try_from(best.choice.tokens).unwrap_or(i64::MAX);
        found.push(Alternative {
            unit: name_of(candidate).to_owned(),
            now: None,
            then: Some(best.view),
            tokens,
            density: density(best),
            why: candidate.why.clone(),
            why_out: Some(why_out(candidate, view.is_some(), left)),
        });
    }
    found.sort_by(|a, b| b.density.total_cmp(&a.density).then(a.unit.cmp(&b.unit)));
    found
}

/// Why a candidate is not there, of which no view was chosen or one that was taken away again; `left` tokens of the budget are free.
fn why_out(candidate: &Candidate, was_chosen: bool, left: u64) -> String {
    let least = candidate.views.iter().map(|view| view.choice.tokens).min().unwrap_or(0);
    if was_chosen {
        "no room: all together took more than the budget, and it added least for its tokens".to_owned()
    } else if least > left {
        format!("no room: needs {least}, {left} left")
    } else {
        "it would add nothing to what is there".to_owned()
    }
}

/// What the larger choice shows otherwise. Units are matched by id, since a larger budget looks at more of them.
fn changes(work: &Work<'_>, now: &Chosen, wider: &Work<'_>, then: &Chosen) -> Vec<Alternative> {
    let shown = |work: &Work<'_>, chosen: &Chosen, unit: &str| {
        let place = work.candidates.items.iter().position(|candidate| candidate.unit == unit)?;
        let view = chosen.views[place]?;
        let shown = &work.candidates.items[place].views[view];
        Some((shown.view, i64::try_from(shown.choice.tokens).unwrap_or(i64::MAX), shown.choice.gain))
    };
    let mut units: Vec<(&str, &str)> =
        wider.candidates.items.iter().chain(&work.candidates.items).map(|candidate| (name_of(candidate), candidate.why.as_str())).collect();
    units.sort_unstable();
    units.dedup_by_key(|(unit, _)| *unit);
    let mut found = Vec::new();
    for (unit, why) in units {
        let (before, after) = (shown(work, now, unit), shown(wider, then, unit));
        if before.map(|(view, tokens, _)| (view, tokens)) == after.map(|(view, tokens, _)| (view, tokens)) {
            continue;
        }
        let tokens = after.map_or(0, |(_, tokens, _)| tokens) - before.map_or(0, |(_, tokens, _)| tokens);
        let gain = after.map_or(0.0, |(_, _, gain)| gain) - before.map_or(0.0, |(_, _, gain)| gain);
        #[allow(clippy::cast_precision_loss)]
        let density = if tokens == 0 { 0.0 } else { 1_000.0 * gain / tokens as f64 };
        found.push(Alternative {
            unit: unit.to_owned(),
            now: before.map(|(view, ..)| view),
            then: after.map(|(view, ..)| view),
            tokens,
            density,
            why: why.to_owned(),
            why_out: None,
        });
    }
    found
}

fn curve(chosen: &Chosen) -> Vec<(u64, f64)> {
    let (mut tokens, mut value) = (0, 0.0);
    let points = chosen.steps.iter().map(|step| {
        tokens += step.tokens;
        value += step.gain;
        (tokens, value)
    });
    points.collect()
}
