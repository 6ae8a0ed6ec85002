//! What a path asks for. Pure, and the one place that knows the vendors' paths.

use jeton_broker::PathModel;
use jeton_wire::{Dialect, Endpoint};

/// What a path asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) kind: Kind,
    /// Model and stream of a call, where the path names them.
    pub(crate) model: Option<PathModel>,
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
    /// The list of models, or one of them by its name; the dialect, where the path tells it.
    Models(Option<String>, Option<Dialect>),
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
    let mut target = Target { kind: Kind::Other, model: None, class: None, key: None, rest: String::new() };
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
    (target.kind, target.model) = match gemini(rest) {
        Some(found) => found,
        None => (kind(rest, is_anthropic), None),
    };
    rest.clone_into(&mut target.rest);
    target
}

/// A path of Google's: `/v1beta/models/MODEL:METHOD`, and below `/v1` that with a method alone, for the rest is OpenAI's there.
fn gemini(path: &str) -> Option<(Kind, Option<PathModel>)> {
    let is_own = path.starts_with("/v1beta/");
    let rest = path.strip_prefix("/v1beta/").or_else(|| path.strip_prefix("/v1/"))?.trim_end_matches('/');
    let refused = |why| Some((Kind::Refused { dialect: Dialect::Gemini, why }, None));
    let Some(name) = rest.strip_prefix("models/") else {
        return match rest {
            "models" if is_own => Some((Kind::Models(None, Some(Dialect::Gemini)), None)),
            _ if is_own => refused("what Google keeps (files, caches, tuned models, batches) is not metered"),
            _ => None,
        };
    };
    let call = |name: &str, is_stream| Some((Kind::Call(Endpoint::Generate), Some(PathModel { model: percent_decoded(name), is_stream })));
    match name.rsplit_once(':') {
        Some((name, "generateContent")) => call(name, false),
        Some((name, "streamGenerateContent")) => call(name, true),
        Some((_, "countTokens")) => refused("token counts in Gemini's dialect"),
        Some((_, "embedContent" | "batchEmbedContents")) => refused("embeddings in Gemini's dialect: `/v1/embeddings` has them"),
        _ if is_own => Some((Kind::Models(Some(percent_decoded(name)), Some(Dialect::Gemini)), None)),
        _ => None,
    }
}

fn kind(path: &str, is_anthropic: bool) -> Kind {
    let Some(rest) = path.strip_prefix("/v1/") else { return Kind::Other };
    match rest.trim_end_matches('/') {
        "chat/completions" => return Kind::Call(Endpoint::Chat),
        "responses" => return Kind::Call(Endpoint::Responses),
        "embeddings" => return Kind::Call(Endpoint::Embeddings),
        "messages" => return Kind::Call(Endpoint::Messages),
        "messages/count_tokens" => return Kind::Call(Endpoint::CountTokens),
        "models" => return Kind::Models(None, None),
        _ => {}
    }
    if let Some(name) = rest.strip_prefix("models/") {
        return Kind::Models(Some(percent_decoded(name)), None);
    }
    let dialect = if is_anthropic || rest.starts_with("messages") { Dialect::Anthropic } else { Dialect::OpenAi };
    let why = UNMETERED.iter().find(|(prefix, _)| rest.starts_with(prefix)).map_or("there is no such path", |(_, what)| *what);
    Kind::Refused { dialect, why }
}

/// Undoes `%41`; what is not valid stays as it is and fails as a name later.
pub(crate) fn percent_decoded(text: &str) -> String {
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
        let expected = Target { kind, model: None, class: class.map(str::to_owned), key: key.map(str::to_owned), rest };
        assert_eq!(parse(path, false), expected, "{path}");
    }

    #[test]
    fn calls_with_and_without_prefixes() {
        check("/v1/chat/completions", Kind::Call(Endpoint::Chat), None, None);
        check("/v1/messages/count_tokens", Kind::Call(Endpoint::CountTokens), None, None);
        check("/c/support.refund/v1/messages", Kind::Call(Endpoint::Messages), Some("support.refund"), None);
        check("/k/jtn_x/c/a%3Db/v1/responses/", Kind::Call(Endpoint::Responses), Some("a=b"), Some("jtn_x"));
        check("/c/a/k/b/v1/models/openai%2Fgpt-5", Kind::Models(Some("openai/gpt-5".into()), None), Some("a"), Some("b"));
    }

    #[test]
    fn googles_paths_name_model_and_method() {
        let call = |path: &str| {
            let target = parse(path, false);
            (target.kind, target.model.map(|model| (model.model, model.is_stream)), target.key)
        };
        let generate = Kind::Call(Endpoint::Generate);
        assert_eq!(call("/v1beta/models/gemini-2.5-pro:generateContent"), (generate.clone(), Some(("gemini-2.5-pro".into(), false)), None));
        assert_eq!(call("/k/jtn_x/v1beta/models/a%2Fb:0:streamGenerateContent"), (generate.clone(), Some(("a/b:0".into(), true)), Some("jtn_x".into())));
        assert_eq!(call("/v1/models/openai/gpt-5:generateContent"), (generate, Some(("openai/gpt-5".into(), false)), None));
        assert_eq!(call("/v1beta/models").0, Kind::Models(None, Some(Dialect::Gemini)));
        assert_eq!(call("/v1beta/models/a:b").0, Kind::Models(Some("a:b".into()), Some(Dialect::Gemini)));
        assert_eq!(call("/v1/models/a:b").0, Kind::Models(Some("a:b".into()), None));
        for refused in ["/v1beta/files", "/v1beta/cachedContents/x", "/v1beta/models/m:countTokens", "/v1beta/models/m:embedContent"] {
            assert!(matches!(call(refused).0, Kind::Refused { dialect: Dialect::Gemini, .. }), "{refused}");
        }
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
