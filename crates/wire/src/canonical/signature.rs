//! Signatures of reasoning belong to the family of models that made them (case 37). In a dialect of another family they travel in its
//! own place for such things, marked with where they come from, and come back byte for byte.

use crate::Endpoint;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use std::borrow::Cow;

/// Who can read a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Anthropic's models: the `signature` of a thinking block.
    Anthropic,
    /// Anthropic's models: the `data` of a redacted thinking block.
    AnthropicRedacted,
    /// OpenAI's models: the `encrypted_content` of a reasoning item.
    OpenAi,
    /// Google's models: the `thoughtSignature` of a part.
    Gemini,
    /// Models of Bedrock that are not Anthropic's, Nova first: the `signature` of a `reasoningText`.
    Bedrock,
    /// The same models: what is hidden in a `redactedContent`.
    BedrockRedacted,
}

/// What a marked signature begins with; none of the vendors' own do, for theirs are base64.
const MARK: &str = "jeton:";

/// What [`MARK`] is in base64, in which Google's clients demand every signature: its six bytes are whole groups.
const MARK_IN_BASE64: &str = "amV0b246";

/// A signature as Gemini's dialect carries it: in base64, which the vendors' own are, but what is marked is not.
pub(crate) fn in_base64(sealed: &str) -> Cow<'_, str> {
    if sealed.starts_with(MARK) { Cow::Owned(STANDARD.encode(sealed)) } else { Cow::Borrowed(sealed) }
}

/// What [`in_base64`] made of it, taken back. Google's clients may write it anew, in the alphabet for addresses and without filling.
pub(crate) fn opened(carried: String) -> String {
    if !carried.starts_with(MARK_IN_BASE64) {
        return carried;
    }
    let plain = of_addresses(carried.trim_end_matches('='));
    STANDARD_NO_PAD.decode(&*plain).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(carried)
}

/// Base64 in the alphabet that other vendors take, where Google's clients write that for addresses (RFC 4648, section 5).
pub(crate) fn of_addresses(text: &str) -> Cow<'_, str> {
    if text.contains(['-', '_']) { Cow::Owned(text.replace('-', "+").replace('_', "/")) } else { Cow::Borrowed(text) }
}

/// As [`of_addresses`], filled up where the filling was left out.
pub(crate) fn standard_base64(text: String) -> String {
    let mut plain = match of_addresses(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(plain) => plain,
    };
    while plain.len() % 4 != 0 && plain.len() % 4 != 1 {
        plain.push('=');
    }
    plain
}

impl Family {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Anthropic, "anthropic:"),
        (Self::AnthropicRedacted, "anthropic-redacted:"),
        (Self::OpenAi, "openai:"),
        (Self::Gemini, "gemini:"),
        (Self::Bedrock, "bedrock:"),
        (Self::BedrockRedacted, "bedrock-redacted:"),
    ];

    /// Whose signatures the endpoint carries by nature.
    #[must_use]
    pub const fn of(endpoint: Endpoint) -> Option<Self> {
        match endpoint {
            Endpoint::Messages | Endpoint::CountTokens => Some(Self::Anthropic),
            Endpoint::Responses => Some(Self::OpenAi),
            // Aggregators hand on the signatures of many families there, and Anthropic's are the only ones that stand alone.
            Endpoint::Chat => Some(Self::Anthropic),
            Endpoint::Generate => Some(Self::Gemini),
            // Anthropic's models sign there as everywhere; what the others sign is marked.
            Endpoint::Converse => Some(Self::Anthropic),
            Endpoint::Embeddings => None,
        }
    }
}

/// `raw` as it travels in `face`: as it is where that is its own family's, else marked.
#[must_use]
pub fn seal(face: Endpoint, family: Family, raw: &str) -> String {
    if Family::of(face) == Some(family) {
        return raw.to_owned();
    }
    let word = Family::ALL.into_iter().find(|(known, _)| *known == family).map_or("", |(_, word)| word);
    format!("{MARK}{word}{raw}")
}

/// Whose signature it is that travels in `face`, and its bytes. None where it is marked as of a family that is not known here.
#[must_use]
pub fn unseal(face: Endpoint, sealed: &str) -> Option<(Family, &str)> {
    match sealed.strip_prefix(MARK) {
        Some(marked) => Family::ALL.into_iter().find_map(|(family, word)| Some((family, marked.strip_prefix(word)?))),
        None => Some((Family::of(face)?, sealed)),
    }
}

/// Whether a request has signatures in it that were marked, so that it cannot go to a provider as it is.
#[must_use]
pub fn has_marked(body: &[u8]) -> bool {
    [&b"\"jeton:"[..], b"\"amV0b246"].into_iter().any(|mark| memchr::memmem::find(body, mark).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_37_a_signature_names_its_family_and_comes_back_byte_for_byte() {
        for face in [Endpoint::Messages, Endpoint::Responses, Endpoint::Chat, Endpoint::Generate] {
            for (family, _) in Family::ALL {
                let sealed = seal(face, family, "EqQB+/=:x");
                assert_eq!(unseal(face, &sealed), Some((family, "EqQB+/=:x")), "{face} {family:?}");
            }
        }
        assert_eq!(seal(Endpoint::Messages, Family::Anthropic, "EqQB"), "EqQB");
        assert_eq!(seal(Endpoint::Messages, Family::OpenAi, "gAAA"), "jeton:openai:gAAA");
        assert_eq!(unseal(Endpoint::Messages, "jeton:martian:x"), None);
        assert!(has_marked(br#"{"signature":"jeton:openai:gAAA"}"#) && !has_marked(br#"{"signature":"EqQB"}"#));
    }

    #[test]
    fn case_37_google_carries_marked_signatures_in_base64_of_either_alphabet() {
        for raw in ["EqQB+/=:x", "\u{ff}\u{fe}??>>", ""] {
            let sealed = seal(Endpoint::Generate, Family::Anthropic, raw);
            let carried = in_base64(&sealed).into_owned();
            assert!(carried.starts_with(MARK_IN_BASE64) && has_marked(format!("[\"{carried}\"]").as_bytes()), "{carried}");
            assert_eq!(opened(carried.clone()), sealed);
            assert_eq!(opened(carried.replace('+', "-").replace('/', "_").replace('=', "")), sealed);
        }
        assert_eq!((in_base64("EqQB").as_ref(), opened("EqQB".into()).as_str()), ("EqQB", "EqQB"));
    }
}
