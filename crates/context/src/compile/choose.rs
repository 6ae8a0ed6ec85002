//! One view for each unit under a budget: a multiple-choice knapsack with diminishing returns. Pure and deterministic.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A way to show a unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Choice {
    /// What it takes of the budget.
    pub(crate) tokens: u64,
    /// What it is worth by itself; not negative.
    pub(crate) gain: f64,
    /// What it covers: a facet's number and how much of it, from 0 to 1.
    pub(crate) covers: Vec<(usize, f64)>,
}

/// A step of the choice, for the explanation: the curve of value over budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) item: usize,
    pub(crate) choice: usize,
    /// What the step took, less than the view's tokens where it took the place of a smaller one.
    pub(crate) tokens: u64,
    /// What it added.
    pub(crate) gain: f64,
}

/// What was chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Chosen {
    /// The view of each item.
    pub(crate) views: Vec<Option<usize>>,
    /// The greedy steps, in order, also those that a later exchange undid.
    pub(crate) steps: Vec<Step>,
    /// What it takes.
    pub(crate) tokens: u64,
    /// What it is worth.
    pub(crate) value: f64,
}

/// Items with their views, and how much each facet is worth when it is covered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Problem {
    pub(crate) items: Vec<Vec<Choice>>,
    pub(crate) facets: Vec<f64>,
}

impl Problem {
    fn chosen<'a>(&'a self, views: &'a [Option<usize>]) -> impl Iterator<Item = &'a Choice> {
        views.iter().enumerate().filter_map(|(item, view)| view.map(|view| &self.items[item][view]))
    }

    fn covered(&self, views: &[Option<usize>]) -> Vec<f64> {
        let mut covered = vec![0.0; self.facets.len()];
        self.chosen(views).flat_map(|choice| &choice.covers).for_each(|&(facet, share)| covered[facet] += share);
        covered
    }

    /// What covering that much of each facet is worth.
    fn covering(&self, covered: &[f64]) -> f64 {
        covered.iter().zip(&self.facets).map(|(covered, worth)| worth * saturate(*covered)).sum()
    }

    fn value(&self, views: &[Option<usize>]) -> f64 {
        self.chosen(views).map(|choice| choice.gain).sum::<f64>() + self.covering(&self.covered(views))
    }

    fn tokens(&self, views: &[Option<usize>]) -> u64 {
        self.chosen(views).map(|choice| choice.tokens).sum()
    }

    fn finish(&self, views: Vec<Option<usize>>, steps: Vec<Step>) -> Chosen {
        Chosen { tokens: self.tokens(&views), value: self.value(&views), views, steps }
    }
}

/// Diminishing returns of covering a facet: half is worth more than half, and nothing is worth more than all.
fn saturate(covered: f64) -> f64 {
    1.0 - (1.0 - covered.min(1.0)).powi(2)
}

/// Single views whose pairs are tried where few views are chosen in all.
const PAIRED: usize = 14;

/// Chooses at most one view of each item within `budget` tokens.
///
/// Greedy by marginal gain per token with lazy re-evaluation (Minoux 1978, "Accelerated greedy algorithms for maximizing submodular set
/// functions"), from nothing, from the best single views and, where few are chosen in all, from pairs of them (after Sviridenko 2004, "A note
/// on maximizing a submodular set function subject to a knapsack constraint", which takes triples), then exchanges until none helps. The best single view alone is
/// among the starts, so the value is at least ½(1 − 1/e) of the optimum (Leskovec et al. 2007, "Cost-effective outbreak detection").
pub(crate) fn choose(problem: &Problem, budget: u64) -> Chosen {
    let mut plain = State::new(problem, budget);
    plain.climb();
    let State { views, steps, .. } = plain;
    // With many views chosen one more or less matters little; with few the choice is nearly a puzzle, and each start leads elsewhere.
    let is_puzzle = steps.len() <= PUZZLE_STEPS;
    let singles = best_singles(problem, budget);
    let pairs = singles.iter().enumerate().flat_map(|(at, first)| singles[at..].iter().map(move |second| [*first, *second]));
    let lone = singles.iter().take(if is_puzzle { PAIRED } else { 1 }).map(|single| [*single, *single]);
    let begun = pairs.take(if is_puzzle { usize::MAX } else { 0 }).chain(lone);
    let mut starts = vec![views];
    starts.extend(begun.filter_map(|begun| State::begun(problem, budget, begun)).map(|mut state| {
        state.climb();
        state.views
    }));
    let mut best = best_of(problem, starts);
    exchange(problem, budget, &mut best, if is_puzzle { (EXCHANGED_MAX, PASSES_MAX) } else { (EXCHANGED_MAX / 2, 1) });
    problem.finish(best, steps)
}

/// Steps at most of a choice that is nearly a puzzle.
const PUZZLE_STEPS: usize = 12;

/// The first of those that are worth most.
fn best_of(problem: &Problem, starts: Vec<Vec<Option<usize>>>) -> Vec<Option<usize>> {
    let mut best: (f64, Vec<Option<usize>>) = (f64::NEG_INFINITY, Vec::new());
    for views in starts {
        let value = problem.value(&views);
        if value > best.0 + 1e-9 {
            best = (value, views);
        }
    }
    best.1
}

fn best_singles(problem: &Problem, budget: u64) -> Vec<(usize, usize)> {
    let all = problem.items.iter().enumerate().flat_map(|(item, choices)| (0..choices.len()).map(move |view| (item, view)));
    let mut fitting: Vec<(usize, usize)> = all.filter(|&(item, view)| problem.items[item][view].tokens <= budget).collect();
    let worth = |&(item, view): &(usize, usize)| {
        let choice = &problem.items[item][view];
        choice.gain + choice.covers.iter().map(|&(facet, share)| problem.facets[facet] * saturate(share)).sum::<f64>()
    };
    fitting.sort_by(|a, b| worth(b).total_cmp(&worth(a)).then(a.cmp(b)));
    fitting.truncate(PAIRED);
    fitting
}

/// The greedy climb.
struct State<'p> {
    problem: &'p Problem,
    left: u64,
    views: Vec<Option<usize>>,
    covered: Vec<f64>,
    steps: Vec<Step>,
}

/// The best next view of an item, as it was when it was looked at.
struct Candidate {
    density: f64,
    item: usize,
    view: usize,
    /// How many steps had been made then.
    seen: usize,
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Candidate {}
impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.density.total_cmp(&other.density).then(other.item.cmp(&self.item)).then(other.view.cmp(&self.view))
    }
}

impl<'p> State<'p> {
    fn new(problem: &'p Problem, budget: u64) -> Self {
        Self { problem, left: budget, views: vec![None; problem.items.len()], covered: vec![0.0; problem.facets.len()], steps: Vec::new() }
    }

    /// The climb with one or two views taken already; `None` where they do not fit together.
    fn begun(problem: &'p Problem, budget: u64, views: [(usize, usize); 2]) -> Option<Self> {
        let mut state = Self::new(problem, budget);
        for (item, view) in views {
            if state.views[item] == Some(view) {
                continue;
            }
            if state.views[item].is_some() || problem.items[item][view].tokens > state.left {
                return None;
            }
            state.take(item, view);
        }
        Some(state)
    }

    fn climb(&mut self) {
        let mut queue: BinaryHeap<Candidate> = (0..self.views.len()).filter_map(|item| self.next(item)).collect();
        while let Some(top) = queue.pop() {
            // Densities only fall while others are taken, so one that is still the highest when looked at again is the best.
            if top.seen == self.steps.len() {
                self.take(top.item, top.view);
            }
            queue.extend(self.next(top.item));
        }
    }

    /// The view of `item` that adds most for each token, among those that fit.
    fn next(&self, item: usize) -> Option<Candidate> {
        let choices = &self.problem.items[item];
        let now = self.views[item].map(|view| &choices[view]);
        let mut best: Option<Candidate> = None;
        for (view, choice) in choices.iter().enumerate() {
            let held = now.map_or(0, |now| now.tokens);
            let gain = self.marginal(now, choice);
            // A smaller view never takes the place of a larger one here: that is for the exchanges.
            if Some(view) == self.views[item] || choice.tokens < held || choice.tokens - held > self.left || gain <= 1e-12 {
                continue;
            }
            let more = choice.tokens - held;
            #[allow(clippy::cast_precision_loss)]
            let density = gain / more.max(1) as f64;
            if best.as_ref().is_none_or(|best| density > best.density) {
                best = Some(Candidate { density, item, view, seen: self.steps.len() });
            }
        }
        best
    }

    fn marginal(&self, now: Option<&Choice>, next: &Choice) -> f64 {
        let mut gain = next.gain - now.map_or(0.0, |now| now.gain);
        for &(facet, share) in &next.covers {
            let before = now.and_then(|now| now.covers.iter().find(|(other, _)| *other == facet)).map_or(0.0, |&(_, share)| share);
            let others = self.covered[facet] - before;
            gain += self.problem.facets[facet] * (saturate(others + share) - saturate(self.covered[facet]));
        }
        gain
    }

    fn take(&mut self, item: usize, view: usize) {
        let choices = &self.problem.items[item];
        let now = self.views[item].map(|view| &choices[view]);
        let gain = self.marginal(now, &choices[view]);
        let more = choices[view].tokens.saturating_sub(now.map_or(0, |now| now.tokens));
        now.into_iter().flat_map(|now| &now.covers).for_each(|&(facet, share)| self.covered[facet] -= share);
        choices[view].covers.iter().for_each(|&(facet, share)| self.covered[facet] += share);
        self.left -= more;
        self.views[item] = Some(view);
        self.steps.push(Step { item, choice: view, tokens: more, gain });
    }
}

/// How many times all exchanges are tried.
const PASSES_MAX: usize = 3;
/// Items for which exchanges are tried: what was chosen, and the most valuable of the rest.
const EXCHANGED_MAX: usize = 14;

/// Puts another view in the place of one that is there, or of none, as long as that is worth more. What no exchange improves stays.
fn exchange(problem: &Problem, budget: u64, views: &mut [Option<usize>], (items, passes): (usize, usize)) {
    let worth = |item: usize| problem.items[item].iter().map(|choice| choice.gain).fold(0.0, f64::max);
    let mut order: Vec<usize> = (0..views.len()).collect();
    order.sort_by(|&a, &b| worth(b).total_cmp(&worth(a)).then(a.cmp(&b)));
    // What is in and what is out, so that both sides of an exchange are there.
    let (inside, outside): (Vec<usize>, Vec<usize>) = order.into_iter().partition(|&item| views[item].is_some());
    let mut open: Vec<usize> = inside.into_iter().take(items / 2).chain(outside.into_iter().take(items / 2)).collect();
    open.sort_unstable();
    for _ in 0..passes {
        let mut is_better = false;
        for (place, &first) in open.iter().enumerate() {
            for &second in &open[place..] {
                is_better |= improve(problem, budget, views, first, second);
            }
        }
        if !is_better {
            return;
        }
    }
}

/// Tries every pair of views of two items (or of one) and keeps the best.
fn improve(problem: &Problem, budget: u64, views: &mut [Option<usize>], first: usize, second: usize) -> bool {
    let before = (views[first], views[second]);
    (views[first], views[second]) = (None, None);
    let others = problem.tokens(views);
    let covered = problem.covered(views);
    let chosen = |item: usize, view: Option<usize>| view.map(|view| &problem.items[item][view]);
    let value = |one: Option<&Choice>, other: Option<&Choice>| {
        let mut covered = covered.clone();
        let both = || one.into_iter().chain(other);
        both().flat_map(|choice| &choice.covers).for_each(|&(facet, share)| covered[facet] += share);
        both().map(|choice| choice.gain).sum::<f64>() + problem.covering(&covered)
    };
    let second_view = |view: Option<usize>| if first == second { None } else { chosen(second, view) };
    let mut best = (value(chosen(first, before.0), second_view(before.1)) + 1e-9, before);
    let options = |item: usize| std::iter::once(None).chain((0..problem.items[item].len()).map(Some));
    for one in options(first) {
        for other in options(second) {
            let (a, b) = (chosen(first, one), second_view(other));
            let tokens = others + a.map_or(0, |choice| choice.tokens) + b.map_or(0, |choice| choice.tokens);
            if tokens <= budget {
                let value = value(a, b);
                if value > best.0 {
                    best = (value, (one, if first == second { one } else { other }));
                }
            }
        }
    }
    (views[first], views[second]) = best.1;
    best.1 != before
}

#[cfg(test)]
mod tests {
    use super::*;
    use jeton_core::SeededRandom;

    fn optimum(problem: &Problem, budget: u64) -> f64 {
        fn search(problem: &Problem, budget: u64, item: usize, views: &mut Vec<Option<usize>>, best: &mut f64) {
            if item == problem.items.len() {
                *best = best.max(problem.value(views));
                return;
            }
            for view in std::iter::once(None).chain((0..problem.items[item].len()).map(Some)) {
                views.push(view);
                if problem.tokens(&views[..item + 1]) <= budget {
                    search(problem, budget, item + 1, views, best);
                }
                views.pop();
            }
        }
        let mut best = 0.0;
        search(problem, budget, 0, &mut Vec::new(), &mut best);
        best
    }

    #[allow(clippy::cast_precision_loss)]
    fn random_problem(random: &mut SeededRandom) -> (Problem, u64) {
        let facets = 1 + random.below(4) as usize;
        let items = 2 + random.below(5) as usize;
        let unit = |random: &mut SeededRandom| random.below(1_000) as f64 / 1_000.0;
        let mut problem = Problem { items: Vec::new(), facets: (0..facets).map(|_| unit(random) * 2.0).collect() };
        for _ in 0..items {
            let mut choices = Vec::new();
            let (mut tokens, mut gain) = (0, 0.0);
            for _ in 0..=random.below(3) {
                tokens += 1 + random.below(30);
                gain += unit(random);
                let covers = (0..facets).map(|facet| (facet, random.below(2_000) as f64 / 1_000.0 - 1.0)).filter(|(_, share)| *share > 0.0).collect();
                choices.push(Choice { tokens, gain, covers });
            }
            problem.items.push(choices);
        }
        let budget = 10 + random.below(80);
        (problem, budget)
    }

    #[test]
    fn at_least_nine_tenths_of_the_optimum_seeds_0_to_1999() {
        for seed in 0..2_000 {
            let (problem, budget) = random_problem(&mut SeededRandom::new(seed));
            let chosen = choose(&problem, budget);
            assert!(chosen.tokens <= budget, "seed {seed}");
            let best = optimum(&problem, budget);
            assert!(chosen.value >= 0.9 * best - 1e-9, "seed {seed}: {} of {best}", chosen.value);
        }
    }

    #[test]
    fn the_better_view_and_the_better_single() {
        let choice = |tokens, gain| Choice { tokens, gain, covers: Vec::new() };
        let check = |items: Vec<Vec<Choice>>, budget, expected: &[Option<usize>]| {
            assert_eq!(choose(&Problem { items, facets: Vec::new() }, budget).views, expected);
        };
        check(vec![vec![choice(1, 1.0), choice(10, 5.0)]], 10, &[Some(1)]);
        check(vec![vec![choice(1, 1.0), choice(10, 5.0)]], 9, &[Some(0)]);
        check(vec![vec![choice(1, 1.0)], vec![choice(10, 8.0)]], 10, &[None, Some(0)]);
        check(vec![vec![choice(11, 8.0)]], 10, &[None]);
    }

    #[test]
    fn what_is_covered_already_is_worth_less() {
        let covering = |gain| Choice { tokens: 5, gain, covers: vec![(0, 1.0)] };
        let other = Choice { tokens: 5, gain: 0.5, covers: Vec::new() };
        let problem = Problem { items: vec![vec![covering(0.2)], vec![covering(0.1)], vec![other]], facets: vec![1.0] };
        assert_eq!(choose(&problem, 10).views, [Some(0), None, Some(0)]);
    }
}
