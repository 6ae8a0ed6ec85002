//! How a twin behaves.

use super::random;
use super::script::ScriptedReply;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The models that are always there; [`TwinConfig::built_in`] knows each.
pub const BUILT_IN_TWINS: [&str; 7] = ["steady", "flaky", "slow", "broken", "limited", "cut", "stall"];

/// How a twin behaves. Everything left out is harmless: no waits, no faults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TwinConfig {
    /// Decides, with the ordinal of the call, everything that looks like chance. Default 0.
    pub seed: u64,
    /// The wait before the first token. Default none.
    pub first_token: Latency,
    /// The wait before each further token. Default none.
    pub per_token: Latency,
    /// How long a made-up answer is. Default 16 to 48 tokens.
    pub tokens_out: TokenRange,
    /// How many tokens come in one event of a stream, 1 or more. Default 1.
    pub tokens_per_event: u64,
    /// The probability of each vice, 0 to 1, together at most 1. Default none.
    pub faults: BTreeMap<Vice, f64>,
    /// The first so many calls go wrong, whatever the probabilities. Default 0.
    pub fail_first: u64,
    /// How they go wrong. Default `server_error`.
    pub fail_with: Vice,
    /// What a 429 says in `retry-after`, in milliseconds, told in whole seconds. Default 1000.
    pub retry_after_ms: u64,
    /// How long a stalled answer is silent, in milliseconds. Default 300000.
    pub stall_ms: u64,
    /// Length of vectors where the request names none, 1 or more. Default 256.
    pub dimensions: u32,
    /// Replies in order, one per call; calls that `fail_first` makes fail take none. Default none: replies are made up.
    pub script: Vec<ScriptedReply>,
    /// What follows the last reply of the script. Default `repeat`.
    pub after_script: AfterScript,
}

impl Default for TwinConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            first_token: Latency::default(),
            per_token: Latency::default(),
            tokens_out: TokenRange::default(),
            tokens_per_event: 1,
            faults: BTreeMap::new(),
            fail_first: 0,
            fail_with: Vice::ServerError,
            retry_after_ms: 1_000,
            stall_ms: 300_000,
            dimensions: 256,
            script: Vec::new(),
            after_script: AfterScript::default(),
        }
    }
}

/// A way in which providers go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vice {
    /// 429 with `retry-after`.
    RateLimited,
    /// 500.
    ServerError,
    /// 529 from Anthropic's dialect, 503 from OpenAI's.
    Overloaded,
    /// The connection is reset before the head of the answer.
    ResetBefore,
    /// The connection is reset in the middle of the body.
    ResetDuring,
    /// The body ends in the middle, without a terminal event.
    Cut,
    /// An error inside a 200: as first event or in the middle of a stream, or in place of the document.
    ErrorEvent,
    /// Nothing is sent for a while in the middle of the body.
    Stall,
    /// The usage stated cannot be right: half of the input, eleven times the output and more.
    WrongUsage,
    /// No usage is stated.
    MissingUsage,
}

impl Vice {
    /// Every vice.
    pub const ALL: [Self; 10] = [
        Self::RateLimited,
        Self::ServerError,
        Self::Overloaded,
        Self::ResetBefore,
        Self::ResetDuring,
        Self::Cut,
        Self::ErrorEvent,
        Self::Stall,
        Self::WrongUsage,
        Self::MissingUsage,
    ];
}

/// A distribution of waits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Latency {
    /// Always the same.
    Fixed {
        /// The wait in milliseconds, 0 or more.
        ms: f64,
        /// A few waits are longer.
        #[serde(default)]
        tail: Option<Tail>,
    },
    /// The logarithm is normally distributed, as first-token times nearly are.
    Lognormal {
        /// Half of the waits are shorter, in milliseconds.
        median_ms: f64,
        /// Standard deviation of the natural logarithm, 0 or more; 0.5 is usual.
        sigma: f64,
        /// A few waits are longer.
        #[serde(default)]
        tail: Option<Tail>,
    },
    /// Memoryless.
    Exponential {
        /// The mean wait in milliseconds.
        mean_ms: f64,
        /// A few waits are longer.
        #[serde(default)]
        tail: Option<Tail>,
    },
}

impl Default for Latency {
    fn default() -> Self {
        Self::Fixed { ms: 0.0, tail: None }
    }
}

/// The waits that are much longer than the others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tail {
    /// How many waits, 0 to 1.
    pub probability: f64,
    /// How many times longer, 1 or more.
    pub factor: f64,
}

/// A range of token counts, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRange {
    /// The shortest, 1 or more.
    pub least: u64,
    /// The longest.
    pub most: u64,
}

impl Default for TokenRange {
    fn default() -> Self {
        Self { least: 16, most: 48 }
    }
}

/// What follows the last reply of a script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterScript {
    /// The first reply again.
    #[default]
    Repeat,
    /// The last reply, for ever.
    Last,
    /// Made-up replies.
    Generate,
}

/// The longest wait that a distribution may ask for: a day.
const WAIT_MS_MOST: f64 = 86_400_000.0;
/// No model writes more.
const TOKENS_MOST: u64 = 1_000_000;

impl TwinConfig {
    /// The behaviour of `twin/NAME` for the names of [`BUILT_IN_TWINS`].
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        let always = |vice| Self { faults: [(vice, 1.0)].into(), ..Self::default() };
        Some(match name {
            "steady" => Self::default(),
            "flaky" => Self { faults: Vice::ALL.map(|vice| (vice, 0.03)).into(), stall_ms: 2_000, ..Self::default() },
            "slow" => Self {
                first_token: Latency::Lognormal { median_ms: 800.0, sigma: 0.4, tail: Some(Tail { probability: 0.02, factor: 5.0 }) },
                per_token: Latency::Fixed { ms: 20.0, tail: None },
                ..Self::default()
            },
            "broken" => always(Vice::ServerError),
            "limited" => always(Vice::RateLimited),
            "cut" => always(Vice::Cut),
            "stall" => always(Vice::Stall),
            _ => return None,
        })
    }

    /// Whether every figure lies in its range.
    ///
    /// # Errors
    /// All mistakes, each as the setting's path and what it must be.
    pub fn check(&self) -> Result<(), Vec<String>> {
        let mut wrong = Vec::new();
        let mut need = |holds: bool, what: &str| {
            if !holds {
                wrong.push(what.to_owned());
            }
        };
        need(self.first_token.is_sound(), "first_token: waits must lie between 0 and a day, sigma between 0 and 5, a tail's factor between 1 and 1000");
        need(self.per_token.is_sound(), "per_token: waits must lie between 0 and a day, sigma between 0 and 5, a tail's factor between 1 and 1000");
        need((1..=self.tokens_out.most).contains(&self.tokens_out.least), "tokens_out: `least` must be 1 or more and not above `most`");
        need(self.tokens_out.most <= TOKENS_MOST, "tokens_out: `most` must not be above 1000000");
        need(self.tokens_per_event >= 1, "tokens_per_event: must be 1 or more");
        need((1..=16_384).contains(&self.dimensions), "dimensions: must be between 1 and 16384");
        need(self.faults.values().all(|&share| is_share(share)), "faults: every probability must lie between 0 and 1");
        // Sums of shares such as 0.1 miss 1 by some bits.
        need(self.faults.values().sum::<f64>() <= 1.0 + 1e-9, "faults: the probabilities together must not be above 1");
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// The scripted reply to call number `ordinal`, where there is one.
    pub(super) fn scripted(&self, ordinal: u64) -> Option<&ScriptedReply> {
        let turn = usize::try_from(ordinal.checked_sub(self.fail_first)?).ok()?;
        match self.after_script {
            _ if self.script.is_empty() => None,
            AfterScript::Repeat => self.script.get(turn % self.script.len()),
            AfterScript::Last => self.script.get(turn.min(self.script.len() - 1)),
            AfterScript::Generate => self.script.get(turn),
        }
    }

    /// How call number `ordinal` goes wrong, if it does: first the calls that must, then the script, then chance.
    pub(super) fn vice(&self, ordinal: u64, scripted: Option<&ScriptedReply>) -> Option<Vice> {
        if ordinal < self.fail_first {
            return Some(self.fail_with);
        }
        if let Some(vice) = scripted.and_then(|reply| reply.vice) {
            return Some(vice);
        }
        let mut drawn = random(self, ordinal, 1).unit();
        for (&vice, &share) in &self.faults {
            if drawn < share {
                return Some(vice);
            }
            drawn -= share;
        }
        None
    }
}

fn is_share(share: f64) -> bool {
    (0.0..=1.0).contains(&share)
}

impl Latency {
    fn is_sound(&self) -> bool {
        let wait = |ms: f64| (0.0..=WAIT_MS_MOST).contains(&ms);
        let (sound, tail) = match *self {
            Self::Fixed { ms, tail } => (wait(ms), tail),
            Self::Lognormal { median_ms, sigma, tail } => (wait(median_ms) && (0.0..=5.0).contains(&sigma), tail),
            Self::Exponential { mean_ms, tail } => (wait(mean_ms), tail),
        };
        sound && tail.is_none_or(|tail| is_share(tail.probability) && (1.0..=1_000.0).contains(&tail.factor))
    }
}
