//! Whose model is asked. The dialect is one for all of them, and what each takes beside it is not.

use crate::canonical::loss::{Loss, Place};
use crate::canonical::part::CacheLife;

/// The maker of a model, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    Anthropic,
    /// Amazon's Nova.
    Nova,
    /// One of the others.
    Other,
    /// A name that does not tell: an inference profile of the account's own, an imported model.
    Unknown,
}

/// What the ids of a maker's models hold ("Supported foundation models", Amazon Bedrock User Guide).
const WORDS: [(&str, Maker); 3] = [("anthropic.", Maker::Anthropic), ("claude", Maker::Anthropic), ("amazon.nova", Maker::Nova)];

impl Maker {
    /// Of the model with this id, which may have a region before it (`us.anthropic.…`) or be an ARN.
    pub(super) fn of(model: &str) -> Self {
        let name = if model.starts_with("arn:") { model.rsplit('/').next().unwrap_or_default() } else { model };
        match WORDS.into_iter().find(|(word, _)| name.contains(word)) {
            Some((_, maker)) => maker,
            // Every maker's id begins with its name and a dot.
            None if name.split_once('.').is_some_and(|(maker, _)| maker.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())) => Self::Other,
            None => Self::Unknown,
        }
    }

    /// Whether results of tools may say that they failed (`ToolResultBlock.status` in the reference).
    pub(super) const fn takes_status(self) -> bool {
        !matches!(self, Self::Other)
    }

    /// The mark of the cache that stands at `place`, where the models know such marks ("Prompt caching", Amazon Bedrock User Guide).
    pub(super) fn marked(self, cache: Option<CacheLife>, place: &Place, loss: &mut Loss) -> Option<CacheLife> {
        if cache.is_some() && self == Self::Other {
            loss.dropped(place.member("cache_control"), "the model has no marks of the cache");
            return None;
        }
        cache
    }

    /// As [`Maker::marked`], for tools: Nova's are not kept.
    pub(super) fn marked_tool(self, cache: Option<CacheLife>, place: &Place, loss: &mut Loss) -> Option<CacheLife> {
        if cache.is_some() && self == Self::Nova {
            loss.dropped(place.member("cache_control"), "the model's tools are not kept in a cache");
            return None;
        }
        self.marked(cache, place, loss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_whose_model_it_is() {
        for (id, maker) in [
            ("anthropic.claude-sonnet-4-5-20250929-v1:0", Maker::Anthropic),
            ("us.anthropic.claude-opus-4-7", Maker::Anthropic),
            ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.anthropic.claude-haiku-4-5-20251001-v1:0", Maker::Anthropic),
            ("eu.amazon.nova-2-lite-v1:0", Maker::Nova),
            ("meta.llama3-3-70b-instruct-v1:0", Maker::Other),
            ("openai.gpt-oss-120b-1:0", Maker::Other),
            ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/fm16bt65tzgx", Maker::Unknown),
            ("m", Maker::Unknown),
        ] {
            assert_eq!(Maker::of(id), maker, "{id}");
        }
    }
}
