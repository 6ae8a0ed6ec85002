//! A provider: where it is, how it is asked, and what was seen of it. Built from plain values.

use crate::address::{Origin, Paths, parse_base};
use crate::headers::{check_extra_header, credential_header};
use crate::health::ObservedHealth;
use crate::pool::Pool;
use crate::replay::Replay;
use crate::service_account::ServiceAccount;
use crate::sigv4;
use crate::twin::Twin;
use http::{HeaderName, HeaderValue};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A value that no formatter prints.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `value` out of every print.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that needs it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What proves to the provider who is asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Nothing is sent.
    None,
    /// The team's own key: `x-api-key` for Anthropic, `x-goog-api-key` for Gemini, `api-key` for Azure, else `authorization: Bearer …`.
    Own(Secret),
    /// The key file (JSON) of a Google service account, for which access tokens are fetched.
    ServiceAccount(Secret),
    /// An access key of AWS, with which each request is signed.
    Aws(AwsKey),
    /// The caller's own `authorization` and `x-api-key` are passed on.
    Caller,
}

/// An access key of AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsKey {
    /// The region that is called, e.g. `eu-central-1`.
    pub region: String,
    /// Its id.
    pub access_key_id: Secret,
    /// Its secret.
    pub secret_access_key: Secret,
    /// The token of a temporary key.
    pub session_token: Option<Secret>,
}

/// How a provider is asked.
#[derive(Clone, Debug)]
pub enum ProviderKind {
    /// OpenAI and everything compatible with it, over HTTP.
    OpenAi,
    /// Anthropic, over HTTP.
    Anthropic,
    /// Google's Gemini API, over HTTP.
    Gemini,
    /// Google's Vertex AI, over HTTP.
    Vertex,
    /// Amazon Bedrock, over HTTP.
    Bedrock,
    /// OpenAI's models at Azure, over HTTP.
    Azure {
        /// The version of the older API, whose paths name a deployment; none: the v1 API.
        api_version: Option<String>,
    },
    /// A simulated provider.
    Twin(Arc<Twin>),
    /// Recorded exchanges.
    Replay(Arc<Replay>),
    /// The model inside Jeton, `local/extract`.
    Local,
}

impl ProviderKind {
    /// The word of `api` in the configuration.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Vertex => "vertex",
            Self::Bedrock => "bedrock",
            Self::Azure { .. } => "azure",
            Self::Twin(_) => "twin",
            Self::Replay(_) => "replay",
            Self::Local => "local",
        }
    }

    /// Whether it is reached over the network.
    #[must_use]
    pub const fn is_network(&self) -> bool {
        !matches!(self, Self::Twin(_) | Self::Replay(_) | Self::Local)
    }
}

/// The plain values of which a [`Provider`] is built.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// The name in `jeton.toml`, e.g. `openai`.
    pub name: String,
    /// How it is asked.
    pub kind: ProviderKind,
    /// What the vendor's SDK takes: with `/v1` for OpenAI, without for Anthropic (with it is understood too), up to the publisher for
    /// Vertex AI. Not read for built-in kinds.
    pub base_url: String,
    /// What proves who is asking.
    pub credential: Credential,
    /// Headers sent with every request, name and value; they replace the caller's of the same name.
    pub headers: Vec<(String, String)>,
}

impl ProviderConfig {
    /// A provider without credential and further headers.
    pub fn new(name: impl Into<String>, kind: ProviderKind, base_url: impl Into<String>) -> Self {
        Self { name: name.into(), kind, base_url: base_url.into(), credential: Credential::None, headers: Vec::new() }
    }
}

/// What a network provider needs for each request, made ready once.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) origin: Arc<Origin>,
    pub(crate) paths: Paths,
    /// The own credential as header, if there is one.
    pub(crate) credential: Option<(HeaderName, HeaderValue)>,
    pub(crate) proof: Proof,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) pool: Arc<Pool>,
}

/// What proves who is asking anew with each request.
#[derive(Debug)]
pub(crate) enum Proof {
    /// Nothing does.
    None,
    /// A token that expires.
    Token(Arc<ServiceAccount>),
    /// A signature over the request.
    Signature { region: String, key: sigv4::Credentials },
}

/// One provider. Cheap to share (`Arc`), replaced as a whole when the configuration changes.
#[derive(Debug)]
pub struct Provider {
    name: String,
    kind: ProviderKind,
    credential: Credential,
    network: Option<Network>,
    seen: Arc<Seen>,
}

/// What was learned of the provider while running. Outlives a change of configuration that leaves the address alone.
#[derive(Debug, Default)]
struct Seen {
    health: ObservedHealth,
    refuses_stream_options: AtomicBool,
}

impl Provider {
    /// Builds a provider. If `previous` was at the same address, its open connections and what was seen of it live on.
    ///
    /// # Errors
    /// Says which value cannot be used and why; no secret is named.
    pub fn new(config: ProviderConfig, previous: Option<&Self>) -> Result<Self, String> {
        let ProviderConfig { name, kind, base_url, credential, headers } = config;
        let network = if kind.is_network() { Some(network(&kind, &base_url, &credential, &headers, previous.and_then(|p| p.network.as_ref()))?) } else { None };
        let same_address = |p: &&Self| p.network.as_ref().map(|n| &n.origin) == network.as_ref().map(|n| &n.origin) && p.kind.name() == kind.name();
        let seen = previous.filter(same_address).map(|p| Arc::clone(&p.seen)).unwrap_or_default();
        Ok(Self { name, kind, credential, network, seen })
    }

    /// The name in `jeton.toml`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is asked.
    #[must_use]
    pub const fn kind(&self) -> &ProviderKind {
        &self.kind
    }

    /// Whether the caller's own credential is passed on.
    #[must_use]
    pub const fn takes_callers_credential(&self) -> bool {
        matches!(self.credential, Credential::Caller)
    }

    /// `text` with every occurrence of this provider's own credential and of its further headers' values masked; none where
    /// there is no such occurrence. Values under eight bytes are too common to look for.
    #[must_use]
    pub fn conceal(&self, text: &[u8]) -> Option<Vec<u8>> {
        let own = match &self.credential {
            Credential::Own(secret) => vec![secret.reveal().as_bytes()],
            Credential::Aws(key) => std::iter::once(&key.secret_access_key).chain(&key.session_token).map(|secret| secret.reveal().as_bytes()).collect(),
            Credential::None | Credential::Caller | Credential::ServiceAccount(_) => Vec::new(),
        };
        let further = self.network.iter().flat_map(|network| network.headers.iter().map(|(_, value)| value.as_bytes()));
        let mut masked: Option<Vec<u8>> = None;
        for secret in own.into_iter().chain(further).filter(|secret| secret.len() >= 8) {
            let current = masked.as_deref().unwrap_or(text);
            if memchr::memmem::find(current, secret).is_some() {
                masked = Some(replaced(current, secret, b"***"));
            }
        }
        masked
    }

    /// What was seen of it so far.
    #[must_use]
    pub fn health(&self) -> &ObservedHealth {
        &self.seen.health
    }

    /// Whether this server was found to refuse `stream_options`: then usage is not asked for again.
    #[must_use]
    pub fn refuses_stream_options(&self) -> bool {
        self.seen.refuses_stream_options.load(Ordering::Relaxed)
    }

    /// Remembers that this server refuses `stream_options`, until the process ends or its address changes.
    pub fn remember_refused_stream_options(&self) {
        self.seen.refuses_stream_options.store(true, Ordering::Relaxed);
    }

    /// How many connections wait for the next request now.
    #[must_use]
    pub fn idle_connections(&self) -> usize {
        self.network.as_ref().map_or(0, |n| n.pool.len())
    }

    pub(crate) const fn network(&self) -> Option<&Network> {
        self.network.as_ref()
    }
}

fn replaced(text: &[u8], what: &[u8], by: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut from = 0;
    for at in memchr::memmem::find_iter(text, what) {
        out.extend_from_slice(&text[from..at]);
        out.extend_from_slice(by);
        from = at + what.len();
    }
    out.extend_from_slice(&text[from..]);
    out
}

fn network(kind: &ProviderKind, base_url: &str, credential: &Credential, headers: &[(String, String)], previous: Option<&Network>) -> Result<Network, String> {
    let (origin, prefix) = parse_base(base_url)?;
    let origin = Arc::new(origin);
    let own = match credential {
        Credential::Own(secret) => Some(credential_header(kind, secret)?),
        Credential::None | Credential::Caller | Credential::ServiceAccount(_) | Credential::Aws(_) => None,
    };
    let headers = headers.iter().map(|(name, value)| check_extra_header(name, value)).collect::<Result<_, _>>()?;
    let pool = match previous {
        Some(p) if p.origin == origin => Arc::clone(&p.pool),
        _ => Arc::new(Pool::new(origin.secure)),
    };
    let proof = proof(credential, previous)?;
    Ok(Network { paths: Paths::new(kind, &prefix)?, origin, credential: own, proof, headers, pool })
}

fn proof(credential: &Credential, previous: Option<&Network>) -> Result<Proof, String> {
    Ok(match credential {
        Credential::None | Credential::Own(_) | Credential::Caller => Proof::None,
        Credential::ServiceAccount(file) => match previous.map(|previous| &previous.proof) {
            // Its token holds on.
            Some(Proof::Token(account)) if account.is_of(file) => Proof::Token(Arc::clone(account)),
            _ => Proof::Token(Arc::new(ServiceAccount::new(file.clone())?)),
        },
        Credential::Aws(key) => Proof::Signature {
            region: key.region.clone(),
            key: sigv4::Credentials {
                access_key_id: key.access_key_id.reveal().to_owned(),
                secret_access_key: key.secret_access_key.reveal().to_owned(),
                session_token: key.session_token.as_ref().map(|token| token.reveal().to_owned()),
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(kind: ProviderKind, base_url: &str) -> Result<Provider, String> {
        Provider::new(ProviderConfig::new("p", kind, base_url), None)
    }

    fn check_refused(base_url: &str, expected: &str) {
        let message = provider(ProviderKind::OpenAi, base_url).unwrap_err();
        assert!(message.contains(expected), "{message}");
    }

    #[test]
    fn bad_base_urls_are_named() {
        check_refused("ftp://example.test", "http://");
        check_refused("example.test", "http://");
        check_refused("http://user:pass@example.test/v1", "api_key");
        check_refused("http://example.test/v1?key=1", "query");
        check_refused("http://example.test:99999/v1", "99999");
    }

    #[test]
    fn secrets_are_never_printed() {
        let mut config = ProviderConfig::new("p", ProviderKind::OpenAi, "http://example.test/v1");
        config.credential = Credential::Own(Secret::new("sk-very-secret"));
        config.headers = vec![("x-team-token".to_owned(), "very-secret".to_owned())];
        let printed = format!("{:?} {}", Provider::new(config, None).unwrap(), Secret::new("very-secret"));
        assert!(!printed.contains("very-secret"), "{printed}");
    }

    #[test]
    fn a_credential_that_the_provider_repeats_is_masked() {
        let mut config = ProviderConfig::new("p", ProviderKind::OpenAi, "http://example.test/v1");
        config.credential = Credential::Own(Secret::new("sk-very-secret"));
        config.headers = vec![("x-team-token".to_owned(), "also-very-secret".to_owned())];
        let provider = Provider::new(config, None).unwrap();
        let masked = provider.conceal(b"bad key sk-very-secret, sk-very-secret and also-very-secret").unwrap();
        assert_eq!(masked, b"bad key ***, *** and ***");
        assert!(provider.conceal(b"nothing to hide").is_none());
    }

    #[test]
    fn an_unusable_key_is_refused_without_being_told() {
        let mut config = ProviderConfig::new("p", ProviderKind::OpenAi, "http://example.test/v1");
        config.credential = Credential::Own(Secret::new("two\nlines"));
        let message = Provider::new(config, None).unwrap_err();
        assert!(message.contains("credential") && !message.contains("lines"), "{message}");
    }

    #[test]
    fn what_was_seen_outlives_a_change_at_the_same_address() {
        let first = provider(ProviderKind::OpenAi, "http://example.test/v1").unwrap();
        first.remember_refused_stream_options();
        let same = Provider::new(ProviderConfig::new("p", ProviderKind::OpenAi, "http://example.test/v2"), Some(&first)).unwrap();
        let other = Provider::new(ProviderConfig::new("p", ProviderKind::OpenAi, "http://other.test/v1"), Some(&first)).unwrap();
        assert!(same.refuses_stream_options());
        assert!(!other.refuses_stream_options());
    }
}
