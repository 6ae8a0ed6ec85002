//! In which order the models are tried, and within which time. The depth of choosing (health, price, learned quality)
//! hangs in here; today the order is the route's own.

use crate::call::Call;
use jeton_core::{Fault, FaultKind};
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

/// Makes the plan. The route's `total_ms` bounds it, without a route the model's provider's; the caller's `jeton-deadline`
/// (milliseconds from the start) bounds both.
///
/// # Errors
/// Where `jeton-deadline` is no number.
pub(crate) fn choose(call: &mut Call) -> Result<Plan, Fault> {
    let route_ms = call.route.as_deref().and_then(|name| call.live.route(name)).map(|route| route.total_ms);
    let total_ms = route_ms.unwrap_or_else(|| {
        let provider = call.candidates.first().map_or("", |candidate| candidate.resolved.provider.name());
        call.live.snapshot().timeouts_for(provider, None).total_ms
    });
    let total_ms = match call.inbound.header("jeton-deadline") {
        None => total_ms,
        Some(text) => total_ms.min(text.parse().map_err(|_| unreadable_deadline())?),
    };
    Ok(Plan { order: (0..call.candidates.len()).collect(), deadline: call.inbound.received + Duration::from_millis(total_ms) })
}

fn unreadable_deadline() -> Fault {
    Fault::new(FaultKind::InvalidRequest, "The header `jeton-deadline` is no whole number of milliseconds.")
        .param("jeton-deadline")
        .remedy("Write, for example, `jeton-deadline: 30000`.")
}
