//! Which files and chunks a task needs, told from words, names and the past; and from what a model says of meaning, where somebody asked one.

pub mod baseline;
mod fuse;
mod history;
mod lexical;
mod query;

pub use fuse::{Evidence, RankedFile, SIGNALS, Signal, rank};
pub use history::{History, Similar};
pub(crate) use lexical::idf;
pub use query::Query;

use crate::index::{Index, View};

/// What a search looks through.
#[derive(Clone, Copy, Debug)]
pub struct Corpus<'a> {
    /// The contents.
    pub index: &'a Index,
    /// The files of the tree.
    pub view: &'a View,
    /// The repository's past, where there is one.
    pub history: Option<&'a History>,
    /// How many of the newest commits of the past are not to be seen: those that come after the tree.
    pub unseen_commits: usize,
    /// How far each file means what the task means, from 0 to 1, by its number in the view; none: nobody was asked.
    pub meaning: Option<&'a [f64]>,
}
