//! The seam to whoever compiles context: the broker asks, and puts what it gets into the request. It knows nothing of units.

use jeton_core::{Fault, FaultKind, SeededRandom};
use jeton_ledger::{ContextSpan, HoldOut};
use jeton_project::Pack;
use jeton_wire::ContextSegment;
use std::sync::Arc;

/// Compiles packs. Shared by all calls.
pub trait ContextSource: Send + Sync {
    /// The compilation of a pack for one call. Runs on a blocking thread, so it may read files and take some milliseconds;
    /// the call waits for it. The same request at the same catalogue gives the same answer.
    ///
    /// # Errors
    /// What the caller is told: [`context_budget_exceeded`], or that the catalogue cannot be read.
    fn attach(&self, request: &ContextRequest) -> Result<ContextAnswer, Fault>;
}

/// What a call asks of the source.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextRequest {
    /// The pack's name.
    pub name: Arc<str>,
    /// What it asks for.
    pub pack: Arc<Pack>,
    /// The class of the call.
    pub class: Arc<str>,
    /// Name of the caller's key; decides which units it may see.
    pub key: Option<Arc<str>>,
    /// The model that is tried first, as `provider/name`.
    pub model: String,
    /// What is looked for; empty where the request has nothing that could serve.
    pub query: String,
    /// The call's own number for draws, to be given to [`hold_out`].
    pub draw: u64,
}

/// A compilation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextAnswer {
    /// The text, in order. Nothing is put between segments. None, or only empty ones: nothing is attached.
    pub segments: Vec<ContextSegment>,
    /// Its tokens in the manifest's vocabulary, never more than the pack's budget.
    pub tokens: u64,
    /// Where it comes from, for the receipt.
    pub manifest: ContextManifest,
    /// How it was made, where that is not plain from the manifest; goes on the receipt as decisions.
    pub notes: Vec<String>,
}

/// Where a compilation comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextManifest {
    /// Digest of the whole manifest.
    pub digest: String,
    /// Digest of the catalogue.
    pub snapshot: String,
    /// Digest of the query.
    pub query_digest: String,
    /// The vocabulary in which tokens are counted.
    pub vocabulary: String,
    /// The budget that held.
    pub budget_tokens: u64,
    /// The stretches by unit, in order.
    pub spans: Vec<ContextSpan>,
    /// The draw, where there was one.
    pub hold_out: Option<HoldOut>,
}

/// The refusal of a call whose pack's mandatory units do not fit: they are never cut in silence.
#[must_use]
pub fn context_budget_exceeded(pack: &str, needed_tokens: u64, budget_tokens: u64, units: &[&str]) -> Fault {
    let named: Vec<String> = units.iter().take(5).map(|unit| format!("`{unit}`")).collect();
    let more = if units.len() > 5 { format!(" and {} more", units.len() - 5) } else { String::new() };
    let message = format!("The units that pack `{pack}` must hold need {needed_tokens} tokens, and its budget is {budget_tokens}: {}{more}.", named.join(", "));
    Fault::new(FaultKind::InvalidRequest, message)
        .code("context_budget_exceeded")
        .param("jeton-context")
        .remedy(format!("Raise `packs.{pack}.budget_tokens`, shorten these units, or narrow their scope. `jeton-context: none` sends the call without."))
}

/// Draws whether one of `eligible` is left out of this call: with the chance `share` one of them is, each as likely as the
/// others. The same `draw` always gives the same. Gives its place in `eligible`, and what the receipt notes of the draw;
/// none where `share` is 0 or nothing is eligible. `id` names a unit. Units marked safety are never among `eligible`, nor are
/// those that must be in.
#[must_use]
pub fn hold_out<U>(eligible: &[U], share: f64, draw: u64, id: impl Fn(&U) -> &str) -> Option<(Option<usize>, HoldOut)> {
    /// A whole, in millionths.
    const WHOLE_PPM: u64 = 1_000_000;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Held to 0 to 1 before.
    let share_ppm = (share.clamp(0.0, 1.0) * 1e6).round() as u64;
    let count = eligible.len() as u64;
    if share_ppm == 0 || count == 0 {
        return None;
    }
    let mut random = SeededRandom::new(draw);
    let is_held = below(WHOLE_PPM, random.next_u64()) < share_ppm;
    let place = is_held.then(|| below(count, random.next_u64())).and_then(|place| usize::try_from(place).ok());
    let held_out = place.and_then(|place| eligible.get(place)).map(|unit| id(unit).to_owned());
    Some((place, HoldOut { share_ppm, eligible: count, propensity_ppb: share_ppm * 1_000 / count, held_out }))
}

/// A number from 0 to `most`, itself left out, from 64 random bits: the upper half of their product.
fn below(most: u64, bits: u64) -> u64 {
    u64::try_from((u128::from(most) * u128::from(bits)) >> 64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNITS: [&str; 5] = ["a", "b", "c", "d", "e"];

    /// How often each unit is held out in a hundred thousand calls whose ids follow each other.
    fn frequencies(share: f64, from: u64, step: u64) -> [u64; 5] {
        let mut counts = [0; 5];
        for call in 0..100_000_u64 {
            let (place, noted) = hold_out(&UNITS, share, from + call * step, |unit| unit).unwrap();
            assert_eq!(noted.held_out.as_deref(), place.map(|place| UNITS[place]));
            if let Some(place) = place {
                counts[place] += 1;
            }
        }
        counts
    }

    #[test]
    fn each_eligible_unit_is_left_out_as_often_as_its_propensity_says() {
        // Ids of calls differ in their lowest bits, or in those of the millisecond.
        for (from, step) in [(0, 1), (1 << 40, 1), (9_000_000_000_000_000, 1 << 20)] {
            let counts = frequencies(0.03, from, step);
            // 600 expected for each, 3,000 in all: five standard deviations are 121 and 270.
            assert!(counts.iter().all(|count| count.abs_diff(600) < 121) && counts.iter().sum::<u64>().abs_diff(3_000) < 270, "{counts:?}");
        }
        let counts = frequencies(0.01, 7, 1);
        assert!(counts.iter().sum::<u64>().abs_diff(1_000) < 158, "{counts:?}");
    }

    #[test]
    fn the_draw_is_noted_whatever_comes_of_it_and_is_the_same_again() {
        let draws: Vec<_> = (0..1_000).map(|draw| hold_out(&UNITS, 0.02, draw, |unit| unit).unwrap()).collect();
        assert!(draws.iter().all(|(_, noted)| (noted.share_ppm, noted.eligible, noted.propensity_ppb) == (20_000, 5, 4_000_000)));
        assert!(draws.iter().any(|(place, _)| place.is_none()) && draws.iter().any(|(place, _)| place.is_some()));
        assert_eq!(draws, (0..1_000).map(|draw| hold_out(&UNITS, 0.02, draw, |unit| unit).unwrap()).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_is_drawn_where_it_is_off_or_nothing_is_eligible() {
        assert!((0..1_000).all(|draw| hold_out(&UNITS, 0.0, draw, |unit| unit).is_none()));
        assert!((0..1_000).all(|draw| hold_out(&[] as &[&str], 0.03, draw, |unit| unit).is_none()));
        assert_eq!(hold_out(&UNITS, 1.0, 3, |unit| unit).unwrap().1.propensity_ppb, 200_000_000);
    }

    #[test]
    fn mandatory_units_that_do_not_fit_are_named_with_what_to_do() {
        let fault = context_budget_exceeded("refunds", 900, 500, &["a", "b", "c", "d", "e", "f", "g"]);
        assert_eq!((fault.code_or_kind(), fault.kind.status()), ("context_budget_exceeded", 400));
        assert_eq!(fault.message, "The units that pack `refunds` must hold need 900 tokens, and its budget is 500: `a`, `b`, `c`, `d`, `e` and 2 more.");
    }
}
