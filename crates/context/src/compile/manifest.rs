//! What a compilation holds, so that it can be read, rebuilt and compared.

use super::{Request, Segment, Sources, Tier};
use crate::{Digest, Kind, Place};
use serde::Serialize;

/// How much of a unit is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// Its name and place.
    Handle,
    /// Its shape: signatures without bodies, the first sentence.
    Signature,
    /// The parts that bear on the task.
    Excerpt,
    /// All of it.
    Full,
}

impl View {
    /// The stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handle => "handle",
            Self::Signature => "signature",
            Self::Excerpt => "excerpt",
            Self::Full => "full",
        }
    }
}

/// A piece of the context and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Span {
    /// The unit's id; `code:PATH` for code.
    pub unit: String,
    /// What it is.
    pub kind: Kind,
    /// The digest of the unit, or of the file.
    pub digest: Digest,
    /// Where it stands.
    pub place: Place,
    /// How much of the unit is shown.
    pub view: View,
    /// How stable its part is.
    pub tier: Tier,
    /// Its tokens, counted by itself.
    pub tokens: u64,
    /// Why it is there.
    pub why: String,
    /// What it added for each token when it was chosen; 0 for what must be there.
    pub density: f64,
}

/// What a compilation is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Manifest {
    /// The digest of the context's bytes.
    pub digest: Digest,
    /// The digest of the units and files that could be chosen from.
    pub snapshot: Digest,
    /// The digest of the task.
    pub task: Digest,
    /// The vocabulary of all counts.
    pub vocabulary: &'static str,
    /// What was allowed.
    pub budget_tokens: u64,
    /// What the whole context has, exactly.
    pub tokens: u64,
    /// The pieces, in the order of the text.
    pub spans: Vec<Span>,
    /// The unit that was left out to learn what it is worth; several with a blank between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_out: Option<String>,
    /// The model, as `provider/name`, whose embeddings took part in ranking; none: it was by words alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embeddings: Option<String>,
    /// What a reader must know of how this was made: that a model failed, or has not seen everything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Manifest {
    pub(super) fn new(sources: &Sources<'_>, request: &Request<'_>, tokens: u64, spans: Vec<Span>, segments: &[Segment]) -> Self {
        let texts: Vec<&[u8]> = segments.iter().map(|segment| segment.text.as_bytes()).collect();
        Self {
            digest: Digest::of_parts(&texts),
            snapshot: snapshot(sources),
            task: Digest::of(request.task.as_bytes()),
            vocabulary: request.vocabulary.name(),
            budget_tokens: request.budget_tokens,
            tokens,
            spans,
            held_out: (!request.held_out.is_empty()).then(|| request.held_out.join(" ")),
            embeddings: sources.nearness.and_then(|nearness| nearness.model.clone()),
            notes: sources.nearness.map(|nearness| nearness.notes.clone()).unwrap_or_default(),
        }
    }
}

fn snapshot(sources: &Sources<'_>) -> Digest {
    let units = sources.catalogue.digest();
    let files = sources.corpus.map_or_else(Digest::default, |corpus| corpus.view.digest(corpus.index));
    Digest::of_parts(&[&units.0, &files.0])
}
