//! Tokens counted exactly, by the public vocabularies.

use tiktoken_rs::CoreBPE;

/// A public vocabulary. Those of Anthropic and Google are not public; a count for their models is an estimate by one of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vocabulary {
    /// Of OpenAI's models from GPT-4o on.
    #[default]
    O200kBase,
    /// Of GPT-4 and GPT-3.5.
    Cl100kBase,
    /// Of the models before, for code.
    P50kBase,
    /// Of GPT-3 and GPT-2.
    R50kBase,
}

impl Vocabulary {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::O200kBase, Self::Cl100kBase, Self::P50kBase, Self::R50kBase];

    /// The name that their makers gave it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::O200kBase => "o200k_base",
            Self::Cl100kBase => "cl100k_base",
            Self::P50kBase => "p50k_base",
            Self::R50kBase => "r50k_base",
        }
    }

    /// The vocabulary that a name means.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|vocabulary| vocabulary.name() == name)
    }

    /// The vocabulary of a model by its vendor's name for it, with or without a provider before, and whether it is that model's own.
    /// Where the vendor has published none, the newest stands in: an estimate.
    #[must_use]
    pub fn of_model(model: &str) -> (Self, bool) {
        const OWN: [(&str, Vocabulary); 14] = [
            ("gpt-3.5", Vocabulary::Cl100kBase),
            ("gpt-4o", Vocabulary::O200kBase),
            ("gpt-4.1", Vocabulary::O200kBase),
            ("gpt-4.5", Vocabulary::O200kBase),
            ("gpt-4", Vocabulary::Cl100kBase),
            ("gpt-5", Vocabulary::O200kBase),
            ("chatgpt-4o", Vocabulary::O200kBase),
            ("gpt-oss", Vocabulary::O200kBase),
            ("o1", Vocabulary::O200kBase),
            ("o3", Vocabulary::O200kBase),
            ("o4", Vocabulary::O200kBase),
            ("text-embedding-3", Vocabulary::Cl100kBase),
            ("text-embedding-ada", Vocabulary::Cl100kBase),
            ("text-davinci", Vocabulary::P50kBase),
        ];
        let name = model.rsplit('/').next().unwrap_or(model);
        OWN.iter().find(|(start, _)| name.starts_with(start)).map_or((Self::default(), false), |&(_, vocabulary)| (vocabulary, true))
    }

    fn encoder(self) -> &'static CoreBPE {
        match self {
            Self::O200kBase => tiktoken_rs::o200k_base_singleton(),
            Self::Cl100kBase => tiktoken_rs::cl100k_base_singleton(),
            Self::P50kBase => tiktoken_rs::p50k_base_singleton(),
            Self::R50kBase => tiktoken_rs::r50k_base_singleton(),
        }
    }

    /// How many tokens this vocabulary makes of `text`, special tokens read as plain text. Exact; for texts with runs of more than
    /// [`RUN_BYTES_MAX`] bytes without a cut (never in prose or code) it is an upper bound, because such runs are counted in pieces.
    #[must_use]
    pub fn count(self, text: &str) -> u64 {
        let encoder = self.encoder();
        pieces(text).map(|piece| encoder.count_ordinary(piece) as u64).sum()
    }
}

/// The longest run of one kind of character (white space, or none) that is given to the vocabulary's splitter in one piece: it is a
/// regular expression that backtracks, and its time grows with the square of such a run.
pub const RUN_BYTES_MAX: usize = 4096;

/// `text` whole, unless it has a run that is too long; then cut inside such runs.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut cuts = vec![];
    let (mut run_start, mut is_space) = (0, None);
    for (at, character) in text.char_indices() {
        let here = character.is_whitespace();
        if is_space != Some(here) {
            (run_start, is_space) = (at, Some(here));
        } else if at - run_start >= RUN_BYTES_MAX {
            cuts.push(at);
            run_start = at;
        }
    }
    cuts.push(text.len());
    let mut from = 0;
    cuts.into_iter().map(move |to| &text[std::mem::replace(&mut from, to)..to])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_that_the_makers_publish() {
        // "tiktoken is great!" has 6 tokens in cl100k_base, by OpenAI's cookbook, "How to count tokens with tiktoken".
        assert_eq!(Vocabulary::Cl100kBase.count("tiktoken is great!"), 6);
        // The same page: "antidisestablishmentarianism" has 5 in r50k_base and p50k_base, 6 in cl100k_base and o200k_base.
        let counts = Vocabulary::ALL.map(|vocabulary| vocabulary.count("antidisestablishmentarianism"));
        assert_eq!(counts, [6, 6, 5, 5]);
        assert_eq!(Vocabulary::ALL.map(|vocabulary| vocabulary.count("")), [0; 4]);
    }

    #[test]
    fn special_tokens_are_plain_text() {
        assert!(Vocabulary::O200kBase.count("<|endoftext|>") > 1);
    }

    #[test]
    fn long_runs_end_in_good_time() {
        for text in [" ".repeat(300_000), "a".repeat(300_000), "é".repeat(100_000), "\n".repeat(300_000), "=".repeat(100_000)] {
            assert!(Vocabulary::O200kBase.count(&text) > 0);
        }
    }

    #[test]
    fn models_and_their_vocabularies() {
        let check = |model: &str, expected: (Vocabulary, bool)| assert_eq!(Vocabulary::of_model(model), expected, "{model}");
        check("openai/gpt-5-mini", (Vocabulary::O200kBase, true));
        check("gpt-4o", (Vocabulary::O200kBase, true));
        check("gpt-4-turbo", (Vocabulary::Cl100kBase, true));
        check("anthropic/claude-sonnet-4-5", (Vocabulary::O200kBase, false));
    }

    proptest! {
        #[test]
        fn pieces_are_the_text(text in "\\PC{0,50}", run in 0_usize..12_000) {
            let text = format!("{text}{}{text}", "x".repeat(run));
            prop_assert_eq!(pieces(&text).collect::<String>(), text.clone());
            let longest = pieces(&text).flat_map(|piece| piece.split_whitespace()).map(str::len).max().unwrap_or(0);
            prop_assert!(longest <= RUN_BYTES_MAX + 4 + 200);
        }
    }
}
