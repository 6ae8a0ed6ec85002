//! Simulated providers with the vendors' dialects and vices: for load, chaos and rehearsal.
//!
//! [`answer`] is a pure function of configuration, ordinal, endpoint and body: the same seed and ordinal give the same bytes and the same waits.
//! [`Twin`] counts the calls. Always there are, as models of the provider `twin`:
//!
//! | model | behaviour |
//! | --- | --- |
//! | `steady` | no faults, no waits |
//! | `flaky` | three calls in ten go wrong, in every way there is |
//! | `slow` | first token after about 800 ms, then 20 ms a token |
//! | `broken` | 500, always |
//! | `limited` | 429 with `retry-after: 1`, always |
//! | `cut` | every answer ends in the middle |
//! | `stall` | every answer stops sending in the middle, for five minutes |

mod config;
mod generate;
mod pace;
mod schema;
mod script;
mod steps;
mod vectors;
mod vices;

#[cfg(test)]
mod tests;

pub use config::{AfterScript, BUILT_IN_TWINS, Latency, Tail, TokenRange, TwinConfig, Vice};
pub use script::{ScriptedCall, ScriptedReply, ScriptedStop, ScriptedUsage};

use crate::simulated::{SimulatedReply, SimulatedReset};
use generate::Sources;
use jeton_core::SeededRandom;
use jeton_wire::canonical::decode_request;
use jeton_wire::{Endpoint, encode_error};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use steps::Play;

/// A simulated provider that counts its calls, each model apart.
#[derive(Debug)]
pub struct Twin {
    config: TwinConfig,
    calls: Mutex<BTreeMap<String, u64>>,
}

impl Twin {
    /// A provider that behaves as `config` says. The names of [`BUILT_IN_TWINS`] keep their own behaviour while `config` is the default.
    #[must_use]
    pub const fn new(config: TwinConfig) -> Self {
        Self { config, calls: Mutex::new(BTreeMap::new()) }
    }

    /// How it behaves.
    #[must_use]
    pub const fn config(&self) -> &TwinConfig {
        &self.config
    }

    /// The answer to the next call of `model`.
    pub fn next(&self, endpoint: Endpoint, model: &str, body: &[u8]) -> SimulatedReply {
        let ordinal = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            let count = calls.entry(model.to_owned()).or_default();
            *count += 1;
            *count - 1
        };
        let built_in = if self.config == TwinConfig::default() { TwinConfig::built_in(model) } else { None };
        answer(built_in.as_ref().unwrap_or(&self.config), ordinal, endpoint, body)
    }
}

/// What a twin answers to its call number `ordinal` (from 0). The model that it names is the body's.
#[must_use]
pub(crate) fn answer(config: &TwinConfig, ordinal: u64, endpoint: Endpoint, body: &[u8]) -> SimulatedReply {
    let request = match decode_request(endpoint, body) {
        Ok(request) => request,
        Err(fault) => return SimulatedReply::document(fault.kind.status(), encode_error(endpoint.dialect(), &fault, None)),
    };
    let scripted = config.scripted(ordinal);
    let vice = config.vice(ordinal, scripted);
    let sources = Sources::new(config, ordinal);
    let reply = generate::reply(&sources, endpoint, &request, scripted, vice);
    let waits = pace::Waits::new(config, ordinal);
    match vice {
        Some(Vice::RateLimited) => vices::refusal(config, endpoint.dialect(), Vice::RateLimited, Duration::ZERO),
        Some(vice @ (Vice::ServerError | Vice::Overloaded)) => vices::refusal(config, endpoint.dialect(), vice, waits.first),
        Some(Vice::ResetBefore) => SimulatedReply { delay_before_headers: waits.first, outcome: Err(SimulatedReset) },
        _ => Play { config, ordinal, endpoint, request: &request, reply: &reply, vice }.answer(waits),
    }
}

/// The generator for one purpose of one call, so that a change of one setting does not shift the chance of others.
fn random(config: &TwinConfig, ordinal: u64, purpose: u64) -> SeededRandom {
    // Odd multipliers keep neighbouring seeds and ordinals apart; the generator mixes the sum.
    let seed = config.seed.wrapping_mul(0xD6E8_FEB8_6659_FD93).wrapping_add(ordinal.wrapping_mul(0xA076_1D64_78BD_642F));
    SeededRandom::new(seed.wrapping_add(purpose.wrapping_mul(0xE703_7ED1_A0B4_28DB)))
}
