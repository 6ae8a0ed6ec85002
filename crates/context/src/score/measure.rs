//! How well an order, and a context, hold what had to be found.

use super::{Case, CaseFile};
use crate::git::Hunk;
use serde::Serialize;

/// The measures of one case, each from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Measures {
    /// The share of the files among the first five.
    pub recall_5: f64,
    /// The share of the files among the first ten.
    pub recall_10: f64,
    /// One over the place of the first file; 0 where none is found.
    pub reciprocal_rank: f64,
    /// The share of the files of which some lines are inside the token budget.
    pub files_in_budget: f64,
    /// The share of the changed places that are inside the token budget.
    pub hunks_in_budget: f64,
}

/// The names of the measures, in the order of [`Measures::values`].
pub const MEASURES: [&str; 5] = ["recall@5", "recall@10", "MRR", "files in budget", "hunks in budget"];

impl Measures {
    /// The measures in the order of [`MEASURES`].
    #[must_use]
    pub const fn values(&self) -> [f64; 5] {
        [self.recall_5, self.recall_10, self.reciprocal_rank, self.files_in_budget, self.hunks_in_budget]
    }
}

/// Lines of a file that a context holds.
pub(super) type Shown<'a> = (&'a str, u32, u32);

/// The measures of an order of paths and of the lines that a context holds.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub(super) fn measure(case: &Case, order: &[&str], shown: &[Shown<'_>]) -> Measures {
    let all = case.files.len().max(1) as f64;
    let is_wanted = |path: &&str| case.files.iter().any(|file| file.path == *path);
    let among = |first: usize| order.iter().take(first).filter(|path| is_wanted(path)).count() as f64 / all;
    let reciprocal_rank = order.iter().position(is_wanted).map_or(0.0, |place| 1.0 / (place + 1) as f64);
    let is_shown = |file: &CaseFile| shown.iter().any(|(path, ..)| file.path == *path);
    let hunks: usize = case.files.iter().map(|file| file.hunks.len()).sum();
    let held: usize = case.files.iter().map(|file| file.hunks.iter().filter(|hunk| holds(shown, &file.path, **hunk)).count()).sum();
    Measures {
        recall_5: among(5),
        recall_10: among(10),
        reciprocal_rank,
        files_in_budget: case.files.iter().filter(|file| is_shown(file)).count() as f64 / all,
        hunks_in_budget: held as f64 / hunks.max(1) as f64,
    }
}

/// Whether a line that the change took away, or one beside the place where it put new ones, is shown.
fn holds(shown: &[Shown<'_>], path: &str, hunk: Hunk) -> bool {
    let (first, last) = if hunk.old_lines == 0 { (hunk.old_start, hunk.old_start + 1) } else { (hunk.old_start, hunk.old_start + hunk.old_lines - 1) };
    shown.iter().any(|&(other, from, to)| other == path && from <= last && to >= first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp)] // shares of small counts, equal to the bit
    fn measures_by_hand() {
        let hunk = |old_start, old_lines| Hunk { old_start, old_lines, new_start: 1, new_lines: 1 };
        let file = |path: &str, hunks: Vec<Hunk>| CaseFile { path: path.into(), hunks };
        let case = Case {
            commit: String::new(),
            parent: String::new(),
            query: String::new(),
            files: vec![file("a", vec![hunk(3, 2), hunk(50, 0)]), file("b", vec![hunk(1, 1)])],
            position: 1,
        };
        let order = ["x", "a", "y", "z", "w", "v", "b"];
        let found = measure(&case, &order, &[("a", 4, 10), ("c", 1, 100)]);
        assert_eq!(found.values(), [0.5, 1.0, 0.5, 0.5, 1.0 / 3.0]);
        assert!(holds(&[("a", 51, 60)], "a", hunk(50, 0)) && !holds(&[("a", 52, 60)], "a", hunk(50, 0)));
    }
}
