//! Where a provider is, and the path of each of its endpoints.

use crate::error::{Stage, TryError};
use crate::provider::ProviderKind;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Uri};
use jeton_core::FaultKind;
use jeton_wire::Endpoint;
use std::fmt::Write;

/// Where connections go: one scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) secure: bool,
    /// The host without brackets: a name or an address.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The value of the `host` header.
    pub(crate) host_header: HeaderValue,
}

/// The paths of all endpoints, made ready once.
#[derive(Debug)]
pub(crate) struct Paths(Vec<(Endpoint, [Path; 2])>);

#[derive(Debug)]
enum Path {
    /// The same for every model.
    Fixed(Uri),
    /// The model's name stands for `{model}`.
    OfModel(String),
}

/// What stands for the model's name in a path.
const MODEL: &str = "{model}";

impl Paths {
    /// The paths behind `prefix`, which is the path of the base address.
    pub(crate) fn new(kind: &ProviderKind, prefix: &str) -> Result<Self, String> {
        let ready = |path: String| match path.contains(MODEL) {
            true => Ok(Path::OfModel(path)),
            false => path.parse().map(Path::Fixed).map_err(|e| format!("base_url makes the path `{path}`, which is none: {e}")),
        };
        let both = |endpoint: Endpoint| {
            let [whole, streamed] = [endpoint.upstream_path(), endpoint.stream_path()].map(|path| ready(path_of(kind, prefix, endpoint, path)));
            Ok::<_, String>((endpoint, [whole?, streamed?]))
        };
        Endpoint::ALL.into_iter().map(both).collect::<Result<_, _>>().map(Self)
    }

    /// The path and query that a request goes to.
    pub(crate) fn of(&self, endpoint: Endpoint, model: &str, is_stream: bool, query: Option<&str>) -> Result<Uri, TryError> {
        let wrong = |what: &str| TryError::new(Stage::Send, FaultKind::InvalidRequest, what);
        let found = self.0.iter().find(|(known, _)| *known == endpoint).map(|(_, both)| &both[usize::from(is_stream)]);
        let path = match (found, query.filter(|query| !query.is_empty())) {
            (Some(Path::Fixed(path)), None) => return Ok(path.clone()),
            (Some(Path::Fixed(path)), Some(query)) => with_query(&path.to_string(), query),
            (Some(Path::OfModel(path)), None) => path.replace(MODEL, &encoded(model)),
            (Some(Path::OfModel(path)), Some(query)) => with_query(&path.replace(MODEL, &encoded(model)), query),
            (None, _) => return Err(wrong("the provider has no such endpoint")),
        };
        Uri::try_from(path).map_err(|_| wrong("the query of the URL holds characters that cannot stand there"))
    }
}

fn with_query(path: &str, query: &str) -> String {
    let mark = if path.contains('?') { '&' } else { '?' };
    format!("{path}{mark}{query}")
}

/// A segment of a path: all but the unreserved characters of RFC 3986 as `%41`.
fn encoded(segment: &str) -> String {
    segment.bytes().fold(String::with_capacity(segment.len()), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out
    })
}

/// An endpoint's path behind that of the base address, as the vendor's own SDK and others take the latter.
fn path_of(kind: &ProviderKind, prefix: &str, endpoint: Endpoint, path: &str) -> String {
    match kind {
        // The base of Vertex AI names project, location and publisher.
        ProviderKind::Vertex => format!("{prefix}{}", path.strip_prefix("/v1beta").unwrap_or(path)),
        // The older API names a deployment, except for Responses, and its version.
        ProviderKind::Azure { api_version: Some(version) } if endpoint == Endpoint::Responses => {
            format!("{prefix}/openai{path}?api-version={}", encoded(version))
        }
        ProviderKind::Azure { api_version: Some(version) } => format!("{prefix}/openai/deployments/{MODEL}{path}?api-version={}", encoded(version)),
        _ => {
            let version = ["/v1/", "/v1beta/"].into_iter().find(|version| path.starts_with(version)).map(|version| version.trim_end_matches('/'));
            let prefix = version.and_then(|version| prefix.strip_suffix(version)).unwrap_or(prefix);
            format!("{prefix}{path}")
        }
    }
}

/// Splits a base URL into its origin and the path before the endpoint's own.
pub(crate) fn parse_base(base_url: &str) -> Result<(Origin, String), String> {
    match parse_url(base_url)? {
        (origin, path, None) => Ok((origin, path.trim_end_matches('/').to_owned())),
        _ => Err(format!("base_url `{base_url}` must hold no query")),
    }
}

/// Splits an address into its origin, its path and its query.
pub(crate) fn parse_url(base_url: &str) -> Result<(Origin, String, Option<String>), String> {
    let uri: Uri = base_url.trim().parse().map_err(|e| format!("base_url `{base_url}` is not a URL: {e}"))?;
    let secure = match uri.scheme() {
        Some(s) if *s == Scheme::HTTPS => true,
        Some(s) if *s == Scheme::HTTP => false,
        _ => return Err(format!("base_url `{base_url}` must begin with http:// or https://")),
    };
    let authority = uri.authority().ok_or_else(|| format!("base_url `{base_url}` names no host"))?;
    if authority.as_str().contains('@') {
        return Err("base_url must hold no user name or password; give the credential as `api_key`".to_owned());
    }
    Ok((origin(authority, secure)?, uri.path().to_owned(), uri.query().map(str::to_owned)))
}

fn origin(authority: &Authority, secure: bool) -> Result<Origin, String> {
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    if host.is_empty() {
        return Err("base_url names no host".to_owned());
    }
    let port = match authority.as_str()[authority.host().len()..].trim_start_matches(':') {
        "" if secure => 443,
        "" => 80,
        port => port.parse().map_err(|_| format!("base_url has the port `{port}`, which is none"))?,
    };
    let host_header = HeaderValue::from_str(authority.as_str()).map_err(|_| "base_url names a host that cannot stand in a header".to_owned())?;
    Ok(Origin { secure, host, port, host_header })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: ProviderKind, base_url: &str, endpoint: Endpoint, is_stream: bool, expected: &str) {
        let (origin, prefix) = parse_base(base_url).unwrap();
        let path = Paths::new(&kind, &prefix).unwrap().of(endpoint, "a/b:0", is_stream, None).unwrap();
        let scheme = if origin.secure { "https" } else { "http" };
        assert_eq!(format!("{scheme} {} {} {path}", origin.host, origin.port), expected);
    }

    #[test]
    fn base_urls_are_what_the_sdks_take() {
        let check = |kind, base_url, endpoint, expected| check(kind, base_url, endpoint, false, expected);
        check(ProviderKind::OpenAi, "https://api.openai.com/v1", Endpoint::Chat, "https api.openai.com 443 /v1/chat/completions");
        check(ProviderKind::OpenAi, "http://127.0.0.1:9000/v1/", Endpoint::Embeddings, "http 127.0.0.1 9000 /v1/embeddings");
        check(ProviderKind::OpenAi, "http://[::1]:9000", Endpoint::Responses, "http ::1 9000 /responses");
        check(ProviderKind::OpenAi, "https://openrouter.ai/api/v1", Endpoint::Messages, "https openrouter.ai 443 /api/v1/messages");
        check(ProviderKind::Anthropic, "https://api.anthropic.com", Endpoint::Messages, "https api.anthropic.com 443 /v1/messages");
        check(ProviderKind::Anthropic, "https://api.anthropic.com/v1/", Endpoint::CountTokens, "https api.anthropic.com 443 /v1/messages/count_tokens");
    }

    #[test]
    fn where_the_path_names_the_model_its_name_is_one_segment() {
        let google = "https://generativelanguage.googleapis.com";
        check(ProviderKind::Gemini, google, Endpoint::Generate, false, "https generativelanguage.googleapis.com 443 /v1beta/models/a%2Fb%3A0:generateContent");
        let with_version = format!("{google}/v1beta");
        let streamed = "https generativelanguage.googleapis.com 443 /v1beta/models/a%2Fb%3A0:streamGenerateContent?alt=sse";
        check(ProviderKind::Gemini, &with_version, Endpoint::Generate, true, streamed);
        let vertex = "https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/google";
        let expected = "https aiplatform.googleapis.com 443 /v1/projects/p/locations/global/publishers/google/models/a%2Fb%3A0:generateContent";
        check(ProviderKind::Vertex, vertex, Endpoint::Generate, false, expected);
        let bedrock = "https://bedrock-runtime.eu-central-1.amazonaws.com";
        let expected = "https bedrock-runtime.eu-central-1.amazonaws.com 443 /model/a%2Fb%3A0/converse-stream";
        check(ProviderKind::Bedrock, bedrock, Endpoint::Converse, true, expected);
        check(ProviderKind::Bedrock, bedrock, Endpoint::Converse, false, expected.trim_end_matches("-stream"));
    }

    #[test]
    fn azure_has_the_paths_of_openai_and_older_ones_with_a_version() {
        let now = ProviderKind::Azure { api_version: None };
        check(now, "https://r.openai.azure.com/openai/v1", Endpoint::Responses, false, "https r.openai.azure.com 443 /openai/v1/responses");
        let older = || ProviderKind::Azure { api_version: Some("2024-10-21".to_owned()) };
        let expected = "https r.openai.azure.com 443 /openai/deployments/a%2Fb%3A0/chat/completions?api-version=2024-10-21";
        check(older(), "https://r.openai.azure.com", Endpoint::Chat, false, expected);
        check(older(), "https://r.openai.azure.com/", Endpoint::Responses, true, "https r.openai.azure.com 443 /openai/responses?api-version=2024-10-21");
        let path = Paths::new(&older(), "").unwrap().of(Endpoint::Chat, "m", false, Some("a=b")).unwrap();
        assert_eq!(path, "/openai/deployments/m/chat/completions?api-version=2024-10-21&a=b");
    }
}
