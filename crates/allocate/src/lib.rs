//! Jeton's statistics: estimators, intervals, tests and decisions as pure functions of data. No I/O and no clock; what is random comes from a
//! seed, so that the same data give the same figures.
//!
//! Every figure is an [`Estimate`]: with its interval, its level, what it rests on and by which method. Where the data cannot say something
//! the result is `None`, never zero: a sample without values has no mean, one cluster has no standard error. Values that are not finite make
//! a figure unknown; no input makes a function panic.
//!
//! ```
//! use jeton_allocate::{Level, independent, proportion::proportion};
//! let passed = proportion(&independent(&[1.0, 1.0, 1.0, 0.0]), Level::P95).unwrap();
//! assert_eq!((passed.value, passed.n, passed.method.to_string().as_str()), (0.75, 4, "Wilson"));
//! assert!(passed.interval.unwrap().contains(0.4));
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod agreement;
pub mod betting;
pub mod bootstrap;
pub mod bounds;
mod estimate;
pub mod fisher;
pub mod mean;
pub mod monitor;
pub mod multiple;
pub mod paired;
pub mod passk;
pub mod power;
pub mod ppi;
pub mod proportion;
pub mod sequential;
pub mod shapley;
pub mod simulate;
mod special;
pub mod two_sample;
pub mod verdict;
mod weight;

pub use estimate::{Case, Estimate, Interval, Level, Method, Observation, average_repeats, independent};
