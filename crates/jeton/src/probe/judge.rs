//! What an answer says of an ability.

use super::Ability;
use super::body::{SECRET, STOP, TOOL, WORD};
use super::said::Said;
use serde_json::Value;

/// What was seen of an ability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It showed.
    Yes,
    /// It was taken, and has no effect that could be seen.
    Accepted,
    /// The provider refuses it, or takes it without effect; the text says which.
    No(String),
    /// Nothing can be said; the text says why.
    NotKnown(String),
}

impl Seen {
    /// Whether the ability is there; none where nobody knows.
    pub(crate) const fn is_there(&self) -> Option<bool> {
        match self {
            Self::Yes | Self::Accepted => Some(true),
            Self::No(_) => Some(false),
            Self::NotKnown(_) => None,
        }
    }
}

/// Judges a successful answer to the question for `ability`. Where the model itself may choose otherwise (it need not call a tool, nor
/// think), an answer without it proves nothing.
pub(crate) fn judge(ability: Ability, said: &Said) -> Seen {
    if let Some(error) = &said.error {
        return Seen::NotKnown(format!("the stream broke off: {error}"));
    }
    let text = said.text.to_lowercase();
    match ability {
        Ability::Text | Ability::OtherEndpoint => shown(!said.text.trim().is_empty(), || Seen::NotKnown("the answer holds no text".into())),
        Ability::Streaming => match (said.events, said.text.is_empty()) {
            (0, _) => Seen::No("the answer is no stream of events".into()),
            (_, true) => Seen::NotKnown("the stream holds no text".into()),
            _ => Seen::Yes,
        },
        Ability::StreamUsage => match (said.events, said.has_usage) {
            (0, _) => Seen::NotKnown("the answer is no stream of events".into()),
            (_, is_there) => shown(is_there, || ignored("no event states usage")),
        },
        Ability::System => shown(text.contains(SECRET), || Seen::NotKnown(format!("accepted, but not followed: {:?}", said.text))),
        Ability::Tools => shown(calls(said) > 0, || Seen::NotKnown("accepted, but the tool was not called".into())),
        Ability::ParallelTools => match calls(said) {
            0 => Seen::NotKnown("accepted, but the tool was not called".into()),
            1 => Seen::NotKnown("the tool was called but once".into()),
            _ => Seen::Yes,
        },
        Ability::ForcedTool => shown(calls(said) > 0, || ignored("the tool was not called")),
        Ability::StrictTool => shown(calls(said) > 0, || Seen::NotKnown("accepted, but the tool was not called with an object".into())),
        Ability::Schema => schema(said),
        Ability::Image => shown(has_word(&text, "red"), || ignored(&format!("a red picture is {:?}", said.text))),
        Ability::Pdf => shown(text.contains(&WORD.to_lowercase()), || ignored(&format!("the word is {:?}", said.text))),
        Ability::Thinking | Ability::ThinkingBudget => shown(said.is_thought, || Seen::NotKnown("accepted, but reasoning is neither shown nor counted".into())),
        Ability::Stop => stop(said),
        Ability::Logprobs => shown(said.has_logprobs, || ignored("the answer holds none")),
        Ability::N => shown(said.answers > 1, || ignored("there is one answer")),
        Ability::Cache => shown(said.has_cache, || Seen::NotKnown("usage does not tell; what is not cached may go unsaid".into())),
        Ability::CountTokens => shown(said.counted.is_some(), || ignored("there is no count")),
        Ability::AdaptiveThinking | Ability::Effort if said.is_thought => Seen::Yes,
        Ability::OutputLimit | Ability::AdaptiveThinking | Ability::Effort | Ability::Temperature | Ability::TopP | Ability::Seed => Seen::Accepted,
    }
}

/// Whether `word` stands in `text` by itself: "red" is no part of "scored".
fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|part| part == word)
}

fn shown(is_there: bool, otherwise: impl FnOnce() -> Seen) -> Seen {
    if is_there { Seen::Yes } else { otherwise() }
}

fn ignored(how: &str) -> Seen {
    Seen::No(format!("accepted without effect: {how}"))
}

/// Whole calls of the tool that was offered.
fn calls(said: &Said) -> usize {
    said.calls.iter().filter(|(name, is_object)| name == TOOL && *is_object).count()
}

fn schema(said: &Said) -> Seen {
    if said.text.trim().is_empty() {
        return Seen::NotKnown("the answer holds no text".into());
    }
    let holds = serde_json::from_str::<Value>(&said.text).is_ok_and(|value| value["city"].is_string());
    shown(holds, || ignored("the answer does not hold to the schema"))
}

fn stop(said: &Said) -> Seen {
    match (said.text.contains(STOP), said.text.contains('5')) {
        (true, _) => ignored(&format!("the answer goes on behind {STOP}")),
        (false, true) => Seen::Yes,
        (false, false) => Seen::NotKnown(format!("the answer does not count: {:?}", said.text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Said {
        Said { text: text.into(), answers: 1, ..Said::default() }
    }

    #[test]
    fn what_shows_is_yes_what_is_without_effect_is_no_and_what_the_model_may_choose_is_not_known() {
        let there = |ability, said: &Said| judge(ability, said).is_there();
        assert_eq!(
            [there(Ability::Stop, &text("1 2 3 4 5 ")), there(Ability::Stop, &text("1 2 3 4 5 6 7")), there(Ability::Stop, &text("No."))],
            [Some(true), Some(false), None]
        );
        let coloured = ["Red.", "**RED**", "I see no picture", "It was rendered"].map(|said| there(Ability::Image, &text(said)));
        assert_eq!(coloured, [Some(true), Some(true), Some(false), Some(false)]);
        assert_eq!(
            [there(Ability::Schema, &text(r#"{"city":"Oslo"}"#)), there(Ability::Schema, &text("Oslo")), there(Ability::Schema, &text(""))],
            [Some(true), Some(false), None]
        );
        assert_eq!([there(Ability::Tools, &text("Sunny")), there(Ability::ForcedTool, &text("Sunny"))], [None, Some(false)]);
        assert_eq!(judge(Ability::Temperature, &text("Hi")), Seen::Accepted);
        let twice = Said { calls: vec![(TOOL.into(), true); 2], ..Said::default() };
        assert_eq!(
            [there(Ability::ParallelTools, &twice), there(Ability::ParallelTools, &Said { calls: vec![(TOOL.into(), true)], ..twice })],
            [Some(true), None]
        );
    }

    #[test]
    fn a_stream_that_breaks_says_nothing() {
        let broken = Said { error: Some("Overloaded".into()), events: 1, ..Said::default() };
        assert_eq!(judge(Ability::Streaming, &broken), Seen::NotKnown("the stream broke off: Overloaded".into()));
    }
}
