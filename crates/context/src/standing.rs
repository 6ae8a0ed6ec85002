//! How far units can be relied on, and texts without secrets.

use crate::Catalogue;
use crate::Lock;
use crate::check::{AnchorState, CodePrints, Freshness, LockView, state_of};
use crate::engine::Standing;
use crate::tree::Tree;

/// The standing of every unit with declared anchors: what has changed since its owner looked at it counts less, and says so.
pub(crate) fn standing(tree: &dyn Tree, catalogue: &Catalogue, lock: Option<&Lock>) -> Standing {
    let anchored = catalogue.units().iter().filter(|unit| unit.anchors.iter().any(|anchor| anchor.is_declared));
    let judged = anchored.map(|unit| {
        let states = unit.anchors.iter().filter(|anchor| anchor.is_declared);
        let worst =
            states.map(|anchor| freshness_of(&state_of(tree, &CodePrints, anchor, lock.and_then(|lock| LockView::print(lock, &unit.id, anchor))))).max();
        (unit.id.clone(), weight(worst.unwrap_or(Freshness::Fresh)))
    });
    judged.filter(|(_, (weight, _))| *weight < 1.0).collect()
}

fn freshness_of(state: &AnchorState) -> Freshness {
    match state {
        AnchorState::Fresh => Freshness::Fresh,
        AnchorState::Unlocked => Freshness::Unlocked,
        AnchorState::Suspect => Freshness::Suspect,
        AnchorState::Stale => Freshness::Stale,
        AnchorState::Broken { .. } => Freshness::Broken,
    }
}

/// What a state takes from a unit's worth when a context is chosen, and what a reader is told.
const fn weight(freshness: Freshness) -> (f64, Option<&'static str>) {
    match freshness {
        Freshness::Fresh | Freshness::Unlocked => (1.0, None),
        Freshness::Suspect => (0.8, Some("perhaps out of date: the code it speaks of has changed")),
        Freshness::Stale => (0.5, Some("out of date: the code it speaks of has another signature")),
        Freshness::Broken => (0.3, Some("out of date: the code it speaks of is gone")),
        Freshness::Expired => (0.0, Some("expired")),
    }
}

/// The text without secrets.
pub(crate) fn masked(text: &str) -> String {
    crate::secret::mask(text).0.into_owned()
}
