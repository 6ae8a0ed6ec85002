//! The price book: what is publicly known of models, their limits and prices, built into the binary.
//! `data/README.md` says where each figure comes from and what the data lacks.

mod read;
mod rules;

use crate::Price;
use std::borrow::Cow;
use std::sync::LazyLock;

/// Kinds of content, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modalities(u8);

impl Modalities {
    const NAMES: [&'static str; 5] = ["text", "image", "audio", "video", "pdf"];

    /// The kinds of these names; others are passed over.
    #[must_use]
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut kinds = Self::default();
        for name in names {
            kinds.insert(name);
        }
        kinds
    }

    /// Whether the kind (`text`, `image`, `audio`, `video`, `pdf`) is among them.
    #[must_use]
    pub fn contains(self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// Their names, `text` first.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().enumerate().filter(move |(bit, _)| self.0 & (1 << bit) != 0).map(|(_, name)| *name)
    }

    /// Adds a kind; `false` where it has no place in the set.
    fn insert(&mut self, name: &str) -> bool {
        let bit = Self::NAMES.iter().position(|known| *known == name);
        self.0 |= bit.map_or(0, |bit| 1 << bit);
        bit.is_some()
    }
}

/// What is known of one model at one provider.
#[derive(Clone, Debug)]
pub struct ModelFacts {
    /// `provider/model`, e.g. `openai/gpt-5`; the model may hold slashes of its own.
    pub id: Cow<'static, str>,
    /// Its name for people, e.g. `GPT-5`.
    pub name: Cow<'static, str>,
    /// What its use is sold for.
    pub price: Price,
    /// Whether input and output both have a price. A price of nothing is known; no price is not.
    pub price_known: bool,
    /// Why the price is not known, where something is to be said about it.
    pub unknown_because: Option<&'static str>,
    /// Tokens that fit into its window, input and output together.
    pub context: Option<u64>,
    /// Tokens of input it takes at most, where that is less than the window.
    pub input: Option<u64>,
    /// Tokens it writes at most.
    pub output: Option<u64>,
    /// What it reads.
    pub reads: Modalities,
    /// What it writes.
    pub writes: Modalities,
    /// Whether it reasons before it answers.
    pub reasoning: bool,
    /// Whether it calls tools.
    pub tools: bool,
    /// Day (or month) of its release, `2025-08-07`; empty where nobody said.
    pub released: Cow<'static, str>,
    /// Whether its provider says that it will go.
    pub deprecated: bool,
}

impl ModelFacts {
    /// The provider's part of the id.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.id.split_once('/').map_or("", |(provider, _)| provider)
    }

    /// The model's part of the id. Where it is not the name that was looked up, the facts are those of the entry
    /// that the name falls back to, and a receipt says so.
    #[must_use]
    pub fn model(&self) -> &str {
        self.id.split_once('/').map_or("", |(_, model)| model)
    }
}

/// All models that are publicly known, by provider and name.
#[derive(Debug)]
pub struct PriceBook {
    version: String,
    licence: String,
    models: Vec<ModelFacts>,
}

impl PriceBook {
    /// The book built into the binary, read on first use.
    ///
    /// # Panics
    /// Never in a build whose tests passed: the data is part of the source.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static BOOK: LazyLock<PriceBook> = LazyLock::new(|| {
            read::book(include_str!("../data/prices.json"), include_str!("../data/vendor_rules.json")).expect("the built-in price data is read by the tests")
        });
        &BOOK
    }

    /// Source, commit and date, e.g. `models.dev@f3fc692 2026-07-02`; a receipt names it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The licence of the data.
    #[must_use]
    pub fn licence(&self) -> &str {
        &self.licence
    }

    /// What is known of a model. A name that has no entry of its own falls back, in this order:
    /// a dated name (`gpt-5-2025-08-07`, `…-20250929`, `…@20250929`) to the undated one;
    /// a name that ends in `-latest` to the undated one, else to the youngest dated one.
    /// [`ModelFacts::model`] of the result tells which entry it was.
    #[must_use]
    pub fn find(&self, provider: &str, model: &str) -> Option<&ModelFacts> {
        self.exact(provider, model).or_else(|| {
            if let Some(base) = model.strip_suffix("-latest") {
                return self.exact(provider, base).or_else(|| self.youngest(provider, base));
            }
            self.exact(provider, undated(model)?)
        })
    }

    /// Every model, ascending by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &ModelFacts> {
        self.models.iter()
    }

    fn exact(&self, provider: &str, model: &str) -> Option<&ModelFacts> {
        let at = self.models.binary_search_by(|facts| (facts.id.as_ref()).cmp(&format!("{provider}/{model}"))).ok()?;
        Some(&self.models[at])
    }

    fn youngest(&self, provider: &str, base: &str) -> Option<&ModelFacts> {
        let start = self.models.partition_point(|facts| facts.id.as_ref() < format!("{provider}/{base}").as_str());
        let dated = self.models[start..].iter().take_while(|facts| facts.provider() == provider && facts.model().starts_with(base));
        dated.filter(|facts| undated(facts.model()) == Some(base)).max_by_key(|facts| &facts.id)
    }
}

/// The name without the date at its end: `-2025-08-07`, `-20250807` or `@20250807`; `None` where there is no date.
fn undated(model: &str) -> Option<&str> {
    for (length, is_date) in [(11, is_dashed_date as fn(&str) -> bool), (9, is_plain_date)] {
        let Some(cut) = model.len().checked_sub(length).filter(|&cut| cut > 0 && model.is_char_boundary(cut)) else { continue };
        let (base, end) = model.split_at(cut);
        if end.starts_with(['-', '@']) && end.is_char_boundary(1) && is_date(&end[1..]) {
            return Some(base);
        }
    }
    None
}

fn is_dashed_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let plain: String = parts.by_ref().take(3).collect();
    text.len() == 10 && parts.next().is_none() && is_plain_date(&plain)
}

/// `20250807`: a year of this century, a month, a day.
fn is_plain_date(text: &str) -> bool {
    let within = |range: std::ops::Range<usize>, least: u32, most: u32| text[range].parse::<u32>().is_ok_and(|n| (least..=most).contains(&n));
    text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) && within(0..4, 2000, 2099) && within(4..6, 1, 12) && within(6..8, 1, 31)
}

#[cfg(test)]
mod tests;
