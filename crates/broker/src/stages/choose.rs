//! In which order the models are tried, and within which time. The depth of choosing (health, price, learned quality)
//! hangs in here; today the order is the route's own.

use crate::call::Call;
use std::time::Duration;
use tokio::time::Instant;

/// The plan of a call's tries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Places in the call's candidates, in the order of the tries. Never empty.
    pub(crate) order: Vec<usize>,
    /// When all tries must be over.
    pub(crate) deadline: Instant,
}

/// Makes the plan. The caller's `jeton-deadline` (milliseconds from the start) and the route's `total_ms` bound it.
pub(crate) fn choose(call: &mut Call) -> Plan {
    let route_ms = call.route.as_deref().and_then(|name| call.live.route(name)).map(|route| route.total_ms);
    let caller_ms = call.inbound.header("jeton-deadline").and_then(|value| value.parse::<u64>().ok());
    let total_ms = route_ms.unwrap_or(call.live.snapshot().timeouts.total_ms);
    let total_ms = caller_ms.map_or(total_ms, |caller_ms| total_ms.min(caller_ms));
    Plan { order: (0..call.candidates.len()).collect(), deadline: call.inbound.received + Duration::from_millis(total_ms) }
}
