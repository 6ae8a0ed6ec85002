//! Figures for Prometheus. Feeding them costs one look-up under a read lock and a few atomic additions per call; the text
//! is written when somebody asks.
//!
//! Names carry their unit. Money is in nano-dollars, because a float cannot hold every amount; a query divides by 1e9.

mod expose;
mod label;
mod text;
mod value;

pub(crate) use expose::expose;
pub(crate) use text::CONTENT_TYPE;
#[cfg(test)]
pub(crate) use text::grammar;
pub use value::{Counter, Gauge, Histogram};

use jeton_core::{Certainty, Cost};
use jeton_ledger::{CallRecord, CallStatus};
use label::LabelValues;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

/// More label sets than this would make scrapes slow and Prometheus large; what comes after is counted as `other`.
const LABEL_SETS_MOST: usize = 500;

/// What stands for label values beyond those that are kept, and for label sets beyond [`LABEL_SETS_MOST`].
const OTHER: &str = "other";

/// Upper bounds of times in microseconds, shown as seconds: 1 ms to 5 min.
const TIMES_US: &[u64] = &[
    1_000,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
    300_000_000,
];

/// Upper bounds of Jeton's own time in microseconds, shown as seconds: 25 µs to 100 ms.
const OWN_TIMES_US: &[u64] = &[25, 50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_500, 25_000, 100_000];

/// Upper bounds of the number of entries that one commit writes.
const BATCH_SIZES: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 4_096];

/// The endpoints that have histograms of their own; the last takes every other name.
const ENDPOINTS: [&str; 6] = ["chat", "responses", "messages", "count_tokens", "embeddings", OTHER];

/// What a family of calls has in common. Every value comes from a small set, or is held down by [`LabelValues`]; the sets
/// together by [`LABEL_SETS_MOST`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Labels {
    endpoint: Box<str>,
    model: Box<str>,
    class: Box<str>,
    simulated: bool,
}

/// Sums over the calls of one label set.
#[derive(Debug, Default)]
pub(crate) struct CallSums {
    by_status: [Counter; CallStatus::ALL.len()],
    input: Counter,
    cache_read: Counter,
    cache_write: Counter,
    output: Counter,
    reasoning: Counter,
    cost_nanousd: Counter,
    charged_nanousd: Counter,
    cost_unknown: Counter,
    usage_unknown: Counter,
    tries: Counter,
}

/// A label set with its sums. Sets whose hashes collide stand in one list.
type LabelSet = (Labels, Arc<CallSums>);

/// Times of the calls of one endpoint.
#[derive(Debug)]
pub(crate) struct CallTimes {
    first_content: Histogram,
    total: Histogram,
    own: Histogram,
}

impl Default for CallTimes {
    fn default() -> Self {
        let seconds = |bounds| Histogram::new(bounds, 1_000_000);
        Self { first_content: seconds(TIMES_US), total: seconds(TIMES_US), own: seconds(OWN_TIMES_US) }
    }
}

/// The metrics of one running program. Share it with `Arc`; every method takes `&self`.
#[derive(Debug)]
pub struct Metrics {
    sums: RwLock<HashMap<u64, Vec<LabelSet>>>,
    models: LabelValues,
    classes: LabelValues,
    hasher: RandomState,
    sets: Gauge,
    times: [CallTimes; ENDPOINTS.len()],
    /// Calls under way. Add one when a call comes in, take one off when it is settled.
    pub calls_in_flight: Gauge,
    /// Bytes of requests and responses that are held in memory now.
    pub buffered_bytes: Gauge,
    /// Configurations taken over while running.
    pub config_reloads: Counter,
    /// Configurations that were not taken over because of mistakes.
    pub config_reload_failures: Counter,
    /// Panics that were caught.
    pub panics: Counter,
    commit_time: Histogram,
    commit_entries: Histogram,
    commit_failures: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            sums: RwLock::default(),
            models: LabelValues::default(),
            classes: LabelValues::default(),
            hasher: RandomState::new(),
            sets: Gauge::default(),
            times: std::array::from_fn(|_| CallTimes::default()),
            calls_in_flight: Gauge::default(),
            buffered_bytes: Gauge::default(),
            config_reloads: Counter::default(),
            config_reload_failures: Counter::default(),
            panics: Counter::default(),
            commit_time: Histogram::new(TIMES_US, 1_000_000),
            commit_entries: Histogram::new(BATCH_SIZES, 1),
            commit_failures: Counter::default(),
        }
    }
}

impl Metrics {
    /// Metrics that counted nothing so far.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a call that was settled. To be called once per record.
    pub fn observe(&self, record: &CallRecord) {
        let place = ENDPOINTS.iter().position(|name| *name == record.endpoint).unwrap_or(ENDPOINTS.len() - 1);
        let times = &self.times[place];
        times.total.observe(record.total_us);
        times.own.observe(record.own_us);
        if let Some(us) = record.first_content_us {
            times.first_content.observe(us);
        }
        let model = record.model.as_deref().unwrap_or("none");
        let sums = self.sums_of(ENDPOINTS[place], model, &record.attribution.class, record.simulated);
        sums.by_status[record.status as usize].increment();
        sums.tries.add(record.tries.len() as u64);
        let add = |counter: &Counter, tokens: Option<u64>| counter.add(tokens.unwrap_or(0));
        add(&sums.input, record.usage.input);
        add(&sums.cache_read, record.usage.cache_read);
        add(&sums.cache_write, record.usage.cache_write);
        add(&sums.cache_write, record.usage.cache_write_1h);
        add(&sums.output, record.usage.output);
        add(&sums.reasoning, record.usage.reasoning);
        sums.usage_unknown.add(u64::from(!record.tries.is_empty() && record.usage_certainty == Certainty::Unknown));
        sums.charged_nanousd.add(u64::try_from(record.charged.0).unwrap_or(0));
        match &record.cost {
            Cost::Known(amount) => sums.cost_nanousd.add(u64::try_from(amount.0).unwrap_or(0)),
            Cost::Unknown(_) => sums.cost_unknown.increment(),
        }
    }

    /// Counts a group commit of the ledger: how many entries it wrote, and how long it took.
    pub fn observe_commit(&self, entries: u64, took_us: u64) {
        self.commit_entries.observe(entries);
        self.commit_time.observe(took_us);
    }

    /// Counts a group commit that failed.
    pub fn observe_commit_failure(&self) {
        self.commit_failures.increment();
    }

    /// The sums of a label set, found without allocating where it is known.
    fn sums_of(&self, endpoint: &str, model: &str, class: &str, simulated: bool) -> Arc<CallSums> {
        if let Some(found) = self.find(endpoint, model, class, simulated) {
            return found;
        }
        let (model, class) = (self.models.keep(model), self.classes.keep(class));
        let many = usize::try_from(self.sets.get()).is_ok_and(|sets| sets >= LABEL_SETS_MOST);
        match self.find(endpoint, model, class, simulated) {
            Some(found) => found,
            None if many => self.find_or_add(endpoint, OTHER, OTHER, simulated),
            None => self.find_or_add(endpoint, model, class, simulated),
        }
    }

    fn key(&self, endpoint: &str, model: &str, class: &str, simulated: bool) -> u64 {
        self.hasher.hash_one((endpoint, model, class, simulated))
    }

    fn find(&self, endpoint: &str, model: &str, class: &str, simulated: bool) -> Option<Arc<CallSums>> {
        let same = |labels: &Labels| *labels.endpoint == *endpoint && *labels.model == *model && *labels.class == *class && labels.simulated == simulated;
        let sums = self.sums.read().unwrap_or_else(PoisonError::into_inner);
        let sets = sums.get(&self.key(endpoint, model, class, simulated))?;
        sets.iter().find(|(labels, _)| same(labels)).map(|(_, found)| found.clone())
    }

    fn find_or_add(&self, endpoint: &str, model: &str, class: &str, simulated: bool) -> Arc<CallSums> {
        let labels = Labels { endpoint: endpoint.into(), model: model.into(), class: class.into(), simulated };
        let mut sums = self.sums.write().unwrap_or_else(PoisonError::into_inner);
        let sets = sums.entry(self.key(endpoint, model, class, simulated)).or_default();
        if let Some((_, found)) = sets.iter().find(|(known, _)| *known == labels) {
            return found.clone(); // it was there, or another thread was first
        }
        let fresh = Arc::new(CallSums::default());
        sets.push((labels, fresh.clone()));
        self.sets.add(1);
        fresh
    }

    /// All label sets in order.
    fn label_sets(&self) -> Vec<LabelSet> {
        let sums = self.sums.read().unwrap_or_else(PoisonError::into_inner);
        let mut sets: Vec<_> = sums.values().flatten().cloned().collect();
        sets.sort_by(|a, b| a.0.cmp(&b.0));
        sets
    }
}
