//! The sources of an answer (case 41) as Google tells them: a list of sources, and which stretches of the text rest on which.

use crate::canonical::part::Citation;
use serde_json::{Value, json};

/// The sources so far, and where in the text the part is that is being told, in bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Grounding {
    chunks: Vec<(String, String)>,
    supports: Vec<Value>,
    /// The sources of the part that is being told, by their places among all.
    cited: Vec<usize>,
    start: usize,
    end: usize,
}

impl Grounding {
    pub(super) fn text(&mut self, text: &str) {
        self.end += text.len();
    }

    /// A source without an address is told by whoever finds it, and is not told here.
    pub(super) fn cite(&mut self, citation: &Citation) {
        let Some(url) = &citation.url else { return };
        let title = citation.title.clone().unwrap_or_default();
        let place = self.chunks.iter().position(|chunk| chunk.0 == *url && chunk.1 == title).unwrap_or_else(|| {
            self.chunks.push((url.clone(), title));
            self.chunks.len() - 1
        });
        self.cited.push(place);
    }

    pub(super) fn end_part(&mut self) {
        let cited = std::mem::take(&mut self.cited);
        if !cited.is_empty() {
            self.supports.push(json!({ "segment": { "startIndex": self.start, "endIndex": self.end }, "groundingChunkIndices": cited }));
        }
        self.start = self.end;
    }

    /// `groundingMetadata`; none where nothing was cited.
    pub(super) fn metadata(&mut self) -> Option<Value> {
        self.end_part();
        if self.chunks.is_empty() {
            return None;
        }
        let chunk = |(uri, title): &(String, String)| {
            if title.is_empty() { json!({ "web": { "uri": uri } }) } else { json!({ "web": { "uri": uri, "title": title } }) }
        };
        Some(json!({ "groundingChunks": self.chunks.iter().map(chunk).collect::<Vec<_>>(), "groundingSupports": self.supports }))
    }
}
