//! The head of a run: everything that is needed to go on with it.

use crate::Target;
use crate::grader::selftest::SelfTest;
use jeton_context::Digest;
use jeton_core::{Nanousd, SeededRandom, Timestamp};
use serde::{Deserialize, Serialize};

/// What was asked for. A resumed run keeps all of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Names of targets; empty: all of the suite.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Only cases with one of these tags; empty: all.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Only these cases; empty: all.
    #[serde(default)]
    pub cases: Vec<String>,
    /// At most so many cases, the first of the seeded order; none: all.
    #[serde(default)]
    pub first: Option<usize>,
    /// The seed of the order.
    pub seed: u64,
    /// How often each case is tried under each target.
    pub repeats: u32,
    /// The most calls at one time.
    pub concurrency: usize,
    /// What the run may cost; none: what the accounts allow.
    #[serde(default)]
    pub budget: Option<Nanousd>,
    /// Whether answers of earlier runs to the very same request are taken.
    #[serde(default)]
    pub cache: bool,
    /// Whether the graders' self-test was left out.
    #[serde(default)]
    pub no_selftest: bool,
    /// After which a call is given up, in milliseconds.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
}

/// How the graders did on what must pass and what must fail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfTestSummary {
    /// Checks made.
    pub checked: u64,
    /// Checks that went wrong, a sentence each.
    pub faults: Vec<String>,
    /// Graders to which it does not apply.
    pub not_applicable: u64,
    /// Names of the graders that judged a probe.
    #[serde(default)]
    pub tested: Vec<String>,
    /// Graders that judged none, each with why.
    #[serde(default)]
    pub untested: Vec<(String, String)>,
    /// Calls that judges and embeddings made for it.
    #[serde(default)]
    pub calls: u64,
    /// What these cost; none: there were none, or it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Nanousd>,
}

impl SelfTestSummary {
    /// What a test came to, with the faults that it found.
    #[must_use]
    pub fn of(found: &SelfTest, faults: Vec<String>) -> Self {
        let mut tested: Vec<String> = found.tested().map(str::to_owned).collect();
        tested.dedup();
        let calls = found.calls.len() as u64;
        Self { checked: found.checked(), faults, not_applicable: found.not_applicable(), tested, untested: found.untested.clone(), calls, cost: found.cost }
    }

    /// Which graders were tested and which were not, in sentences; the first few of each.
    #[must_use]
    pub fn told(&self) -> String {
        const SHOWN: usize = 6;
        let some = |names: Vec<String>| {
            let more = names.len().saturating_sub(SHOWN);
            let shown = names.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
            if more > 0 { format!("{shown} and {more} more") } else { shown }
        };
        let mut text = some(self.tested.iter().map(|name| format!("`{name}`")).collect());
        if self.calls > 0 {
            let cost = self.cost.map_or_else(|| "at a cost that is not known".to_owned(), |cost| format!("for {cost}"));
            text.push_str(&format!(" ({} calls {cost})", self.calls));
        }
        if !self.untested.is_empty() {
            text.push_str(&format!("; not tested: {}", some(self.untested.iter().map(|(name, why)| format!("`{name}` ({why})")).collect())));
        }
        text.trim_start_matches("; ").to_owned()
    }
}

/// What the suite of the runs that `jeton eval causes` makes is called after its suite's name.
pub const CAUSES_RUNS: &str = "#causes";
/// The same of the runs of `jeton context value`.
pub const VALUE_RUNS: &str = "#value";

/// Whether runs of a suite of this name are experiments: they are kept and can be opened, and are no runs of the suite as it is.
#[must_use]
pub fn is_of_experiments(suite: &str) -> bool {
    suite.ends_with(CAUSES_RUNS) || suite.ends_with(VALUE_RUNS)
}

/// The head of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunHead {
    /// Unique; sorts by time.
    pub id: String,
    /// The suite's name.
    pub suite: String,
    /// The suite's file, from the project's directory.
    pub file: String,
    /// The suite's digest when the run began.
    pub digest: Digest,
    /// The digest of the catalogue of context then; none: no context was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<Digest>,
    /// The digest of the configuration then.
    pub config: String,
    /// The kind of work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// What was asked for.
    pub choice: Choice,
    /// What is tried.
    pub targets: Vec<Target>,
    /// How many cases, and how many cells in all.
    pub cases: usize,
    /// How many cells in all.
    pub cells: usize,
    /// The share of missing data above which the run is invalid.
    pub errors_max: f64,
    /// The self-test; none: it was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selftest: Option<SelfTestSummary>,
    /// When it began.
    pub started: Timestamp,
    /// The version of Jeton.
    pub version: String,
}

/// How a run ended; a note of kind `run-end`. A run without one was cut off, or goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEnd {
    /// Whether every cell has its row.
    pub is_complete: bool,
    /// Why it stopped before, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Milliseconds of this leg.
    pub took_ms: u64,
}

/// An id for a run: it sorts by time, and shows its day.
#[must_use]
pub fn run_id(now: Timestamp, random: u64) -> String {
    /// Letters and digits that are not taken for each other.
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let day: String = now.rfc3339().chars().take(10).filter(|c| *c != '-').collect();
    let of_day = u64::try_from(now.0.rem_euclid(86_400_000)).unwrap_or(0);
    let mixed = (of_day << 15) | (SeededRandom::new(random).next_u64() & 0x7FFF);
    // 27 bits of the millisecond and 15 of chance: nine digits of five bits.
    let tail: String = (0..9).rev().map(|place| char::from(DIGITS[usize::try_from((mixed >> (5 * place)) & 31).unwrap_or(0)])).collect();
    format!("run-{day}-{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_self_test_says_which_graders_it_covers() {
        let why = |name: &str, why: &str| (name.to_owned(), why.to_owned());
        let test = SelfTestSummary {
            tested: vec!["exact".to_owned(), "judge".to_owned()],
            calls: 3,
            cost: Some(Nanousd(600_000)),
            untested: vec![why("kind (human)", "a person judges")],
            ..SelfTestSummary::default()
        };
        assert_eq!(test.told(), "`exact`, `judge` (3 calls for $0.0006); not tested: `kind (human)` (a person judges)");
        let none = SelfTestSummary { untested: vec![why("kind", "a person judges")], ..SelfTestSummary::default() };
        assert_eq!(none.told(), "not tested: `kind` (a person judges)");
        let old: SelfTestSummary = serde_json::from_str(r#"{"checked":3,"faults":[],"not_applicable":0}"#).unwrap();
        assert_eq!((old.checked, old.told()), (3, String::new()), "heads of earlier versions are read");
    }

    #[test]
    fn ids_sort_by_time_and_differ() {
        let at = |ms: i64, random: u64| run_id(Timestamp(1_795_428_000_000 + ms), random);
        assert!(at(0, 9) < at(1, 0) && at(1, 0) < at(60_000, 3), "{} {} {}", at(0, 9), at(1, 0), at(60_000, 3));
        assert_ne!(at(0, 1), at(0, 2));
        assert!(at(0, 1).starts_with("run-20261123-"), "{}", at(0, 1));
    }
}
