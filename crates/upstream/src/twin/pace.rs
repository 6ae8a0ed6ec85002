//! Waits, drawn from their distributions.

use super::config::{Latency, Tail, TwinConfig};
use super::random;
use jeton_core::SeededRandom;
use std::f64::consts::TAU;
use std::time::Duration;

/// The waits of one call.
#[derive(Clone, Debug)]
pub(super) struct Waits {
    /// Before the first token.
    pub(super) first: Duration,
    per_token: Latency,
    random: SeededRandom,
}

impl Waits {
    pub(super) fn new(config: &TwinConfig, ordinal: u64) -> Self {
        let mut random = random(config, ordinal, 2);
        let first = draw(&config.first_token, &mut random);
        Self { first, per_token: config.per_token, random }
    }

    /// The wait before the next `tokens` tokens, which come together.
    pub(super) fn next(&mut self, tokens: u64) -> Duration {
        // A day per token at most and a million tokens: no overflow.
        draw(&self.per_token, &mut self.random) * u32::try_from(tokens).unwrap_or(u32::MAX).min(1_000_000)
    }
}

/// One wait, to the microsecond.
fn draw(latency: &Latency, random: &mut SeededRandom) -> Duration {
    let (ms, tail) = match *latency {
        Latency::Fixed { ms, tail } => (ms, tail),
        Latency::Lognormal { median_ms, sigma, tail } => (median_ms * (sigma * normal(random)).exp(), tail),
        Latency::Exponential { mean_ms, tail } => (-mean_ms * positive(random).ln(), tail),
    };
    let ms = ms * tail.map_or(1.0, |tail| stretch(tail, random));
    // Bounded by the checked ranges; a day and a tail of a thousand fit by far.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Duration::from_micros((ms.clamp(0.0, 1e11) * 1_000.0).round() as u64)
}

fn stretch(tail: Tail, random: &mut SeededRandom) -> f64 {
    if random.unit() < tail.probability { tail.factor } else { 1.0 }
}

/// A number in (0, 1].
fn positive(random: &mut SeededRandom) -> f64 {
    1.0 - random.unit()
}

/// A standard normal number (Box and Muller, 1958, "A note on the generation of random normal deviates").
fn normal(random: &mut SeededRandom) -> f64 {
    let radius = (-2.0 * positive(random).ln()).sqrt();
    radius * (TAU * random.unit()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Share of 20,000 waits that are at most `ms`.
    fn share_within(latency: &Latency, ms: u64) -> f64 {
        let mut random = SeededRandom::new(7);
        let within = (0..20_000).filter(|_| draw(latency, &mut random) <= Duration::from_millis(ms)).count();
        f64::from(u32::try_from(within).unwrap()) / 20_000.0
    }

    fn check(latency: Latency, ms: u64, share: f64) {
        let got = share_within(&latency, ms);
        assert!((got - share).abs() < 0.015, "{got} of {latency:?} within {ms}");
    }

    #[test]
    fn waits_follow_their_distributions() {
        check(Latency::Fixed { ms: 20.0, tail: None }, 19, 0.0);
        check(Latency::Fixed { ms: 20.0, tail: None }, 20, 1.0);
        check(Latency::Fixed { ms: 20.0, tail: Some(Tail { probability: 0.1, factor: 10.0 }) }, 100, 0.9);
        check(Latency::Lognormal { median_ms: 800.0, sigma: 0.5, tail: None }, 800, 0.5);
        // One standard deviation above: 800 · e^0.5.
        check(Latency::Lognormal { median_ms: 800.0, sigma: 0.5, tail: None }, 1_319, 0.841);
        check(Latency::Exponential { mean_ms: 100.0, tail: None }, 100, 0.632);
    }
}
