//! Words that every crate shares: money, usage, prices, ids, attribution, faults, clock and randomness.
//! No I/O and no async; a type enters only if three crates share it.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod abilities;
mod attribution;
mod clock;
mod fault;
mod id;
mod money;
mod price;
mod pricebook;
mod usage;

pub use abilities::{Abilities, AbilityOverrides, Samplers};
pub use attribution::{Attribution, ClassSource, DEFAULT_ACCOUNT, UNCLASSIFIED, edit_distance, is_name, nearest};
pub use clock::{Clock, ManualClock, SeededRandom, SystemClock, Timestamp};
pub use fault::{Fault, FaultKind};
pub use id::{CallId, CallIds};
pub use money::{Exact, Nanousd, Rate};
pub use price::{ContextTier, Cost, Price, Rates, ServiceTier};
pub use pricebook::{Modalities, ModelFacts, PriceBook};
pub use usage::{Certainty, Usage};
