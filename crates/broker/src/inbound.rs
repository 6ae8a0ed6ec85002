//! A call as it arrives: the vendor's request, with what the URL said about it.

use crate::buffers::Reserved;
use bytes::Bytes;
use http::HeaderMap;
use jeton_core::Fault;
use jeton_wire::{Endpoint, RequestFacts};
use std::sync::Arc;
use tokio::time::Instant;

/// Where a call comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The caller sits on this machine, and no proxy stands between that speaks for others.
    pub is_loopback: bool,
    /// Jeton itself asks, from within: no key is needed.
    pub is_own: bool,
}

/// What the path says of a call, where the body does not ([`Endpoint::names_model_in_path`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathModel {
    /// The model that is asked.
    pub model: String,
    /// Whether the answer is to be streamed.
    pub is_stream: bool,
}

/// A request to a model, read whole, before anything is known of it.
#[derive(Debug)]
pub struct Inbound {
    /// Whether the path is an endpoint at all; if not, `endpoint` gives no more than the dialect of the refusal.
    pub is_endpoint: bool,
    /// Which of the vendors' paths.
    pub endpoint: Endpoint,
    /// The path as it was asked for.
    pub path: String,
    /// The class in the URL prefix `/c/CLASS/`.
    pub path_class: Option<String>,
    /// The key in the URL prefix `/k/KEY/`.
    pub path_key: Option<String>,
    /// Model and stream, where the path names them.
    pub path_model: Option<PathModel>,
    /// The query that travels with a call of the same dialect (`beta=true`); holds no key.
    pub query: Option<String>,
    /// The caller's headers.
    pub headers: Arc<HeaderMap>,
    /// The body, decompressed.
    pub body: Bytes,
    /// The memory that the call holds; given back when the call is over.
    pub reserved: Reserved,
    /// Where it comes from.
    pub peer: Peer,
    /// The accounts that pay instead of the default ones, the nearest first; heeded for Jeton's own calls alone.
    pub accounts: Option<Arc<[Arc<str>]>>,
    /// When its first byte was there.
    pub received: Instant,
}

impl Inbound {
    /// What the request says of itself.
    ///
    /// # Errors
    /// As [`jeton_wire::scan`].
    pub(crate) fn facts(&self, body: &[u8]) -> Result<RequestFacts, Fault> {
        let mut facts = jeton_wire::scan(self.endpoint, body)?;
        if let Some(PathModel { model, is_stream }) = &self.path_model {
            facts.model.clone_from(model);
            facts.stream = *is_stream;
        }
        Ok(facts)
    }

    /// The value of a header, where it is printable ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|value| !value.is_empty())
    }
}
