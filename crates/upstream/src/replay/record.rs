//! One recorded exchange, and how it is gathered.

use super::{digest, mask};
use jeton_wire::Endpoint;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// Response headers that are kept. Everything else may tell who asked, and no client needs it again.
const KEPT_HEADERS: [&str; 7] = ["content-type", "retry-after", "retry-after-ms", "x-should-retry", "request-id", "x-request-id", "openai-processing-ms"];
const KEPT_HEADER_PREFIXES: [&str; 2] = ["x-ratelimit-", "anthropic-ratelimit-"];

/// A recorded exchange: one line of a file.
///
/// The request is kept as canonical JSON: members sorted; `model` (the file stands for it), `user`, `metadata`, `safety_identifier` and
/// `prompt_cache_key` left out, because they do not change what is answered. Requests are the same where this JSON and the endpoint are.
/// Request headers are never kept. Texts that look like credentials are masked in request and body; a credential that a stream
/// spreads over several events is not recognised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// SHA-256 of endpoint and canonical request, in hexadecimal digits.
    pub digest: String,
    /// [`Endpoint::name`].
    pub endpoint: String,
    /// The model that was asked.
    pub model: String,
    /// The canonical request.
    pub request: Value,
    /// HTTP status.
    pub status: u16,
    /// The kept headers: names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// Milliseconds from the request to the head of the answer.
    pub head_after_ms: u64,
    /// The body as it came.
    pub body: Vec<Chunk>,
}

/// A piece of a recorded body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Milliseconds since the piece before, or the head.
    pub after_ms: u64,
    /// The piece. A character that came in two pieces is in the second.
    pub text: String,
}

/// An exchange that is being recorded. Times are counted from the request by the caller, so nothing here reads a clock.
#[derive(Clone, Debug)]
pub struct Recording {
    digest: String,
    endpoint: Endpoint,
    model: String,
    request: Value,
    status: u16,
    headers: Vec<(String, String)>,
    head_at: Duration,
    body: Vec<u8>,
    /// Where each piece ends, and when it came.
    ends: Vec<(usize, Duration)>,
}

impl Recording {
    /// Begins with a request to `model`. `None` where the body is no JSON: nothing could ask for it again.
    #[must_use]
    pub fn new(endpoint: Endpoint, model: impl Into<String>, body: &[u8]) -> Option<Self> {
        let request = digest::canonical_request(body).ok()?;
        Some(Self {
            digest: digest::digest(endpoint, &request),
            endpoint,
            model: model.into(),
            request,
            status: 0,
            headers: Vec::new(),
            head_at: Duration::ZERO,
            body: Vec::new(),
            ends: Vec::new(),
        })
    }

    /// The head of the answer came. Only headers of the allow-list are kept.
    pub fn head<'a>(&mut self, status: u16, headers: impl IntoIterator<Item = (&'a str, &'a str)>, at: Duration) {
        self.status = status;
        self.head_at = at;
        let kept = headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), mask::mask(value))).filter(|(name, _)| is_kept(name));
        self.headers = kept.collect();
    }

    /// A piece of the body came.
    pub fn chunk(&mut self, bytes: &[u8], at: Duration) {
        self.body.extend_from_slice(bytes);
        self.ends.push((self.body.len(), at));
    }

    /// The exchange as it is kept. Bytes that are no UTF-8, which no dialect sends, become the replacement character.
    #[must_use]
    pub fn finish(self) -> Exchange {
        let (text, ends) = match String::from_utf8(self.body) {
            Ok(text) => (text, self.ends),
            // Places are lost with the bytes: one piece.
            Err(broken) => {
                let text = String::from_utf8_lossy(broken.as_bytes()).into_owned();
                let ends = self.ends.last().map(|(_, at)| (text.len(), *at)).into_iter().collect();
                (text, ends)
            }
        };
        Exchange {
            digest: self.digest,
            endpoint: self.endpoint.name().to_owned(),
            model: self.model,
            request: self.request,
            status: self.status,
            headers: self.headers,
            head_after_ms: milliseconds(self.head_at),
            body: chunks(&mask::mask(&text), &ends, self.head_at),
        }
    }
}

fn chunks(text: &str, ends: &[(usize, Duration)], head_at: Duration) -> Vec<Chunk> {
    let (mut start, mut before) = (0, head_at);
    let mut chunks = Vec::with_capacity(ends.len());
    for &(end, at) in ends {
        let end = text.floor_char_boundary(end);
        if end > start {
            chunks.push(Chunk { after_ms: milliseconds(at.saturating_sub(before)), text: text[start..end].to_owned() });
            (start, before) = (end, at);
        }
    }
    chunks
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn is_kept(name: &str) -> bool {
    KEPT_HEADERS.contains(&name) || KEPT_HEADER_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
