//! What a receipt says of the context that was attached to a call. Holds names, digests and figures, no text of a prompt.

use serde::{Deserialize, Serialize};

/// The context that was attached to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextReceipt {
    /// The pack.
    pub pack: String,
    /// What asked for it.
    pub asked_by: ContextAsker,
    /// Digest of the manifest: equal where the same text was attached for the same reasons.
    pub digest: String,
    /// Digest of the catalogue that it was compiled from.
    pub snapshot: String,
    /// Digest of what was looked for.
    pub query_digest: String,
    /// The vocabulary in which `tokens` are counted.
    pub vocabulary: String,
    /// Tokens of the whole.
    pub tokens: u64,
    /// The most tokens that it could have had.
    pub budget_tokens: u64,
    /// Bytes by which the request grew.
    pub bytes: u64,
    /// Cache breakpoints that were set.
    pub breakpoints: u64,
    /// Cache breakpoints that were asked for and not set: the dialect has none there, or the caller's own take precedence.
    pub breakpoints_dropped: u64,
    /// What it is made of, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<ContextSpan>,
    /// The draw by which a unit may have been left out; none where the pack asks for no such draws, or no unit was eligible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_out: Option<HoldOut>,
}

/// What asked for context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContextAsker {
    /// The header `jeton-context`.
    Header,
    /// The class.
    Class,
}

impl ContextAsker {
    /// The stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Class => "class",
        }
    }
}

/// A stretch of attached context that is of one unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextSpan {
    /// The unit's id.
    pub unit: String,
    /// Word of its kind.
    pub kind: String,
    /// Digest of the unit as it was.
    pub digest: String,
    /// The file that it stands in, from the project's directory.
    pub path: String,
    /// Its first line there, from 1; 0 where it has none.
    pub first_line: u32,
    /// Its last line there; 0 where it has none.
    pub last_line: u32,
    /// Tokens of the stretch.
    pub tokens: u64,
    /// How much of the unit it shows: `handle`, `signature`, `excerpt` or `full`.
    pub view: String,
    /// Why it is in.
    pub why: String,
    /// How stable it is: the word of its place in the order.
    pub tier: String,
    /// Whether the draw could have left the unit out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_eligible: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde calls it with a reference.
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A draw whether to leave one unit out. It is noted whatever came of it, so that calls with and without a unit can be
/// compared: eligible are the units of the spans that say so, and the one that was held out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldOut {
    /// The chance, in millionths, that one of the eligible units was left out.
    pub share_ppm: u64,
    /// How many units were eligible.
    pub eligible: u64,
    /// The chance of each of them to be the one, in thousand-millionths: `share_ppm` × 1,000 / `eligible`.
    pub propensity_ppb: u64,
    /// The one that was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<String>,
}
