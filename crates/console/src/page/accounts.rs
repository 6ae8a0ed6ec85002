//! Which accounts the page shows, and in which order. Each key is an account too, so there may be thousands.

use jeton_core::Nanousd;
use jeton_ledger::AccountStanding;
use std::cmp::Ordering;
use std::collections::HashMap;

/// Accounts without a budget, and with none below them, that are shown: the dearest.
const OTHERS_MOST: usize = 12;

/// Parents are followed no further. The ledger refuses circles; the bound keeps a mistake there from hanging the page.
const DEPTH_MOST: usize = 64;

/// The accounts that are shown, each with its depth below the others shown, and the sum of the rest.
pub(crate) struct Chosen<'a> {
    pub(crate) rows: Vec<(usize, &'a AccountStanding)>,
    pub(crate) rest: Rest,
}

/// Accounts that spent or hold something and are not shown. None of them has a budget: all count the month in UTC.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rest {
    pub(crate) number: u64,
    pub(crate) spent: Nanousd,
    pub(crate) held: Nanousd,
}

/// Accounts by their places in the list, with the place of each one's parent, where that is known.
struct Tree<'a> {
    standings: &'a [AccountStanding],
    parents: Vec<Option<usize>>,
}

/// Chooses accounts that have a budget with those above them, and the dearest of the others.
pub(crate) fn choose(standings: &[AccountStanding]) -> Chosen<'_> {
    let tree = Tree::new(standings);
    let mut shown = tree.with_budgets();
    let moves = |standing: &AccountStanding| standing.spent.0 != 0 || standing.held.0 != 0;
    let mut others: Vec<usize> = (0..standings.len()).filter(|&place| !shown[place] && moves(&standings[place])).collect();
    // What an account paid, those above it paid too: at the same price the upper one goes first.
    others.sort_by_cached_key(|&place| {
        let standing = &standings[place];
        (std::cmp::Reverse(standing.spent.saturating_add(standing.held)), tree.above(place).count(), standing.name.as_str())
    });
    let rest = others.split_off(others.len().min(OTHERS_MOST));
    others.iter().for_each(|&place| shown[place] = true);
    Chosen { rows: tree.in_order(&shown), rest: tree.sum(&rest) }
}

/// The share of the budget that is spent or held.
pub(crate) fn used(standing: &AccountStanding) -> f64 {
    match &standing.budget {
        Some(budget) if budget.amount.0 > 0 => standing.spent.saturating_add(standing.held).as_usd_f64() / budget.amount.as_usd_f64(),
        _ => 0.0,
    }
}

/// With a budget before without, the nearest to its end first, then the dearest.
fn urgency(a: &AccountStanding, b: &AccountStanding) -> Ordering {
    b.budget.is_some().cmp(&a.budget.is_some()).then(used(b).total_cmp(&used(a))).then(b.spent.cmp(&a.spent)).then(a.name.cmp(&b.name))
}

impl<'a> Tree<'a> {
    fn new(standings: &'a [AccountStanding]) -> Self {
        let places: HashMap<&str, usize> = standings.iter().enumerate().map(|(place, standing)| (standing.name.as_str(), place)).collect();
        let parents = standings.iter().map(|standing| standing.parent.as_deref().and_then(|parent| places.get(parent).copied())).collect();
        Self { standings, parents }
    }

    /// The accounts above one, the nearest first.
    fn above(&self, place: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parents[place], |&at| self.parents[at]).take(DEPTH_MOST)
    }

    /// Marks those that have a budget, and those above them.
    fn with_budgets(&self) -> Vec<bool> {
        let mut marks = vec![false; self.standings.len()];
        for (place, _) in self.standings.iter().enumerate().filter(|(_, standing)| standing.budget.is_some()) {
            marks[place] = true;
            self.above(place).for_each(|at| marks[at] = true);
        }
        marks
    }

    /// Those that are shown, each under the nearest one above it that is shown; on each level by urgency.
    fn in_order(&self, shown: &[bool]) -> Vec<(usize, &'a AccountStanding)> {
        let mut below: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
        for place in (0..self.standings.len()).filter(|&place| shown[place]) {
            below.entry(self.above(place).find(|&at| shown[at])).or_default().push(place);
        }
        // What comes first on a level lies on top of the stack.
        for level in below.values_mut() {
            level.sort_by(|&a, &b| urgency(&self.standings[b], &self.standings[a]));
        }
        let mut ordered = Vec::new();
        let mut open: Vec<(usize, usize)> = below.remove(&None).unwrap_or_default().into_iter().map(|place| (0, place)).collect();
        while let Some((depth, place)) = open.pop() {
            ordered.push((depth, &self.standings[place]));
            open.extend(below.remove(&Some(place)).unwrap_or_default().into_iter().map(|child| (depth + 1, child)));
        }
        ordered
    }

    /// The sum of `places`. Money of an account below another of them is in that one's already and is not added again.
    fn sum(&self, places: &[usize]) -> Rest {
        let mut among = vec![false; self.standings.len()];
        places.iter().for_each(|&place| among[place] = true);
        let topmost = places.iter().filter(|&&place| !self.above(place).any(|at| among[at])).map(|&place| &self.standings[place]);
        let none = Rest { number: places.len() as u64, ..Rest::default() };
        topmost.fold(none, |sum, standing| Rest { spent: sum.spent.saturating_add(standing.spent), held: sum.held.saturating_add(standing.held), ..sum })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jeton_ledger::{Budget, Window};

    fn standing(name: &str, parent: Option<&str>, spent: i64, budget: Option<i64>) -> AccountStanding {
        let budget = budget.map(|amount| Budget { amount: Nanousd(amount), window: Window::Month, timezone: "UTC".into() });
        let available = budget.as_ref().map(|budget| Nanousd(budget.amount.0 - spent));
        AccountStanding {
            name: name.into(),
            parent: parent.map(Into::into),
            budget,
            since: None,
            spent: Nanousd(spent),
            held: Nanousd(0),
            available,
            renews_at: None,
        }
    }

    /// `expected` are the names shown, one `.` before each per level.
    fn check(standings: &[AccountStanding], expected: &[&str], rest: (u64, i64)) {
        let chosen = choose(standings);
        let rows: Vec<String> = chosen.rows.iter().map(|(depth, standing)| format!("{}{}", ".".repeat(*depth), standing.name)).collect();
        assert_eq!(rows, expected);
        assert_eq!((chosen.rest.number, chosen.rest.spent.0), rest);
    }

    #[test]
    fn budgets_come_with_those_above_them_the_most_urgent_first() {
        let accounts = [
            standing("idle", None, 0, None),
            standing("calm", Some("top"), 10, Some(100)),
            standing("tight", Some("middle"), 90, Some(100)),
            standing("middle", Some("top"), 0, None),
            standing("top", None, 0, None),
            standing("hot", Some("top"), 50, Some(60)),
            standing("lost", Some("nowhere"), 7, None),
        ];
        check(&accounts, &["lost", "top", ".hot", ".calm", ".middle", "..tight"], (0, 0));
    }

    #[test]
    fn of_those_without_a_budget_the_dearest_twelve_are_shown_and_the_rest_summed() {
        let mut accounts = vec![standing("acme", None, 6_000, Some(9_000)), standing("team", Some("acme"), 105, None)];
        accounts.extend((1..=15).map(|number| standing(&format!("key:{number:02}"), Some("team"), number, None)));
        let expected = ["acme", ".team", "..key:15", "..key:14", "..key:13", "..key:12", "..key:11", "..key:10"];
        let expected = [&expected[..], &["..key:09", "..key:08", "..key:07", "..key:06", "..key:05"]].concat();
        check(&accounts, &expected, (4, 1 + 2 + 3 + 4));
    }

    #[test]
    fn the_sum_of_the_rest_counts_no_money_twice() {
        let mut accounts: Vec<_> = (0..12).map(|number| standing(&format!("dear-{number:02}"), None, 1_000 - number, None)).collect();
        let names: Vec<String> = accounts.iter().map(|account| account.name.clone()).collect();
        accounts.extend([standing("key:a", Some("team"), 5, None), standing("key:b", Some("team"), 3, None), standing("team", None, 8, None)]);
        check(&accounts, &names.iter().map(String::as_str).collect::<Vec<_>>(), (3, 8));
    }

    #[test]
    fn a_circle_of_parents_ends() {
        check(&[standing("a", Some("b"), 1, Some(2)), standing("b", Some("a"), 1, None), standing("c", None, 1, None)], &["c"], (0, 0));
    }
}
