//! Signatures of reasoning belong to the family of models that made them (case 37). In a dialect of another family they travel in its
//! own place for such things, marked with where they come from, and come back byte for byte.

use crate::Endpoint;

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
}

/// What a marked signature begins with; none of the vendors' own do, for theirs are base64.
const MARK: &str = "jeton:";

impl Family {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Anthropic, "anthropic:"), (Self::AnthropicRedacted, "anthropic-redacted:"), (Self::OpenAi, "openai:"), (Self::Gemini, "gemini:")];

    /// Whose signatures the endpoint carries by nature.
    #[must_use]
    pub const fn of(endpoint: Endpoint) -> Option<Self> {
        match endpoint {
            Endpoint::Messages | Endpoint::CountTokens => Some(Self::Anthropic),
            Endpoint::Responses => Some(Self::OpenAi),
            // Aggregators hand on the signatures of many families there, and Anthropic's are the only ones that stand alone.
            Endpoint::Chat => Some(Self::Anthropic),
            Endpoint::Generate => Some(Self::Gemini),
            // Bedrock's signed reasoning is that of Anthropic's models.
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
    memchr::memmem::find(body, b"\"jeton:").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_37_a_signature_names_its_family_and_comes_back_byte_for_byte() {
        for face in [Endpoint::Messages, Endpoint::Responses, Endpoint::Chat] {
            for family in [Family::Anthropic, Family::AnthropicRedacted, Family::OpenAi] {
                let sealed = seal(face, family, "EqQB+/=:x");
                assert_eq!(unseal(face, &sealed), Some((family, "EqQB+/=:x")), "{face} {family:?}");
            }
        }
        assert_eq!(seal(Endpoint::Messages, Family::Anthropic, "EqQB"), "EqQB");
        assert_eq!(seal(Endpoint::Messages, Family::OpenAi, "gAAA"), "jeton:openai:gAAA");
        assert_eq!(unseal(Endpoint::Messages, "jeton:martian:x"), None);
        assert!(has_marked(br#"{"signature":"jeton:openai:gAAA"}"#) && !has_marked(br#"{"signature":"EqQB"}"#));
    }
}
