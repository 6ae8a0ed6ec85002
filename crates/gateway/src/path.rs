//! What a path asks for. Pure, and the one place that knows the vendors' paths.

use jeton_wire::{Dialect, Endpoint};

/// What a path asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) kind: Kind,
    pub(crate) class: Option<String>,
    pub(crate) key: Option<String>,
    /// The path behind the prefixes: what may be shown, for a key may stand before it.
    pub(crate) rest: String,
}

/// What lies at the end of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A call.
    Call(Endpoint),
    /// The list of models, or one of them by its name.
    Models(Option<String>),
    /// A vendor's path that Jeton does not serve, and why.
    Refused { dialect: Dialect, why: &'static str },
    /// Not a vendor's path.
    Other,
}

/// Vendor paths that exist and are not metered, so they are refused by name instead of passing unaccounted.
const UNMETERED: [(&str, &str); 18] = [
    ("messages/batches", "message batches"),
    ("files", "files"),
    ("uploads", "uploads"),
    ("batches", "batches"),
    ("audio", "audio"),
    ("images", "images"),
    ("videos", "videos"),
    ("moderations", "moderations"),
    ("fine_tuning", "fine-tuning"),
    ("assistants", "assistants"),
    ("threads", "threads"),
    ("vector_stores", "vector stores"),
    ("completions", "legacy completions"),
    ("realtime", "realtime sessions"),
    ("conversations", "stored conversations"),
    ("responses/", "stored responses"),
    ("evals", "the vendor's evaluations"),
    ("complete", "legacy text completions"),
];

/// Reads a path: `/v1/…`, behind any of the prefixes `/c/CLASS` and `/k/KEY`. `is_anthropic` says in which dialect a
/// path shared by both vendors is meant. A prefix with an empty name is no prefix.
pub(crate) fn parse(path: &str, is_anthropic: bool) -> Target {
    let mut target = Target { kind: Kind::Other, class: None, key: None, rest: String::new() };
    let mut rest = path;
    loop {
        let place = if rest.starts_with("/c/") && target.class.is_none() {
            &mut target.class
        } else if rest.starts_with("/k/") && target.key.is_none() {
            &mut target.key
        } else {
            break;
        };
        let name = rest[3..].split('/').next().unwrap_or_default();
        if name.is_empty() {
            break;
        }
        *place = Some(percent_decoded(name));
        rest = &rest[3 + name.len()..];
    }
    target.kind = kind(rest, is_anthropic);
    rest.clone_into(&mut target.rest);
    target
}

fn kind(path: &str, is_anthropic: bool) -> Kind {
    if path.starts_with("/v1beta/") {
        return Kind::Refused { dialect: Dialect::OpenAi, why: "Gemini's dialect is not served" };
    }
    let Some(rest) = path.strip_prefix("/v1/") else { return Kind::Other };
    match rest.trim_end_matches('/') {
        "chat/completions" => return Kind::Call(Endpoint::Chat),
        "responses" => return Kind::Call(Endpoint::Responses),
        "embeddings" => return Kind::Call(Endpoint::Embeddings),
        "messages" => return Kind::Call(Endpoint::Messages),
        "messages/count_tokens" => return Kind::Call(Endpoint::CountTokens),
        "models" => return Kind::Models(None),
        _ => {}
    }
    if let Some(name) = rest.strip_prefix("models/") {
        return Kind::Models(Some(percent_decoded(name)));
    }
    let dialect = if is_anthropic || rest.starts_with("messages") { Dialect::Anthropic } else { Dialect::OpenAi };
    let why = UNMETERED.iter().find(|(prefix, _)| rest.starts_with(prefix)).map_or("there is no such path", |(_, what)| *what);
    Kind::Refused { dialect, why }
}

/// Undoes `%41`; what is not valid stays as it is and fails as a name later.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let value = code.and_then(|code| std::str::from_utf8(code).ok()).and_then(|code| u8::from_str_radix(code, 16).ok());
        out.push(value.unwrap_or(bytes[at]));
        at += if value.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, kind: Kind, class: Option<&str>, key: Option<&str>) {
        let rest = path.find("/v1").map_or(path, |at| &path[at..]).to_owned();
        let expected = Target { kind, class: class.map(str::to_owned), key: key.map(str::to_owned), rest };
        assert_eq!(parse(path, false), expected, "{path}");
    }

    #[test]
    fn calls_with_and_without_prefixes() {
        check("/v1/chat/completions", Kind::Call(Endpoint::Chat), None, None);
        check("/v1/messages/count_tokens", Kind::Call(Endpoint::CountTokens), None, None);
        check("/c/support.refund/v1/messages", Kind::Call(Endpoint::Messages), Some("support.refund"), None);
        check("/k/jtn_x/c/a%3Db/v1/responses/", Kind::Call(Endpoint::Responses), Some("a=b"), Some("jtn_x"));
        check("/c/a/k/b/v1/models/openai%2Fgpt-5", Kind::Models(Some("openai/gpt-5".into())), Some("a"), Some("b"));
    }

    #[test]
    fn what_is_not_metered_is_refused_by_name() {
        let refused = |dialect, why| Kind::Refused { dialect, why };
        check("/v1/files/file-1", refused(Dialect::OpenAi, "files"), None, None);
        check("/v1/messages/batches", refused(Dialect::Anthropic, "message batches"), None, None);
        check("/v1/responses/resp_1", refused(Dialect::OpenAi, "stored responses"), None, None);
        check("/v1/nonsense", refused(Dialect::OpenAi, "there is no such path"), None, None);
        check("/v1/chat/completions/../../files", refused(Dialect::OpenAi, "there is no such path"), None, None);
    }

    #[test]
    fn everything_else_is_not_a_vendors() {
        for path in ["/", "/api/calls", "/v1", "/c//v1/messages", "/metrics", ""] {
            assert_eq!(parse(path, false).kind, Kind::Other, "{path}");
        }
    }

    #[test]
    fn a_broken_escape_stays_as_it_is() {
        assert_eq!(percent_decoded("%4"), "%4");
        assert_eq!(percent_decoded("%zz%41"), "%zzA");
        assert_eq!(percent_decoded("%ff"), "%ff");
    }
}
