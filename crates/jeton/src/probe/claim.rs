//! What the data claims of an ability, and what to change where the claim is wrong.

use super::Ability;
use super::judge::Seen;
use jeton_broker::{Resolved, chat_limit_field};
use jeton_core::{Abilities, AbilityOverrides, ModelFacts, PriceBook, Samplers};
use jeton_project::{Prices, Provider, StreamOptions};
use jeton_wire::Endpoint;
use jeton_wire::canonical::Effort;

/// All that is said of a model at its provider.
pub(crate) struct Facts<'a> {
    pub(crate) model: &'a Resolved,
    pub(crate) config: &'a Provider,
    pub(crate) endpoint: Endpoint,
    /// What the price book has of it.
    book: Option<&'static ModelFacts>,
    /// Whether the configuration says what it takes.
    is_own: bool,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(model: &'a Resolved, config: &'a Provider, own: Option<&AbilityOverrides>, endpoint: Endpoint) -> Self {
        let book = match &config.prices {
            Prices::Book(book) => PriceBook::builtin().find(book, &model.entry.name),
            Prices::Free => None,
        };
        Self { model, config, endpoint, book, is_own: own.is_some_and(|own| *own != AbilityOverrides::default()) }
    }

    /// Whether anything is published of what it takes; what is assumed of every unknown model is no claim.
    fn is_known(&self) -> bool {
        self.is_own || self.book.is_some() || self.model.entry.abilities != Abilities::default()
    }

    /// Whether it is said to reason.
    pub(crate) fn thinks(&self) -> Option<bool> {
        self.is_known().then(|| self.model.entry.abilities.effort_max != "none")
    }

    /// Whether the question makes sense at this provider at all.
    pub(crate) fn applies(&self, ability: Ability) -> bool {
        let own = self.model.provider.own_endpoints();
        let abilities = &self.model.entry.abilities;
        match ability {
            Ability::OtherEndpoint => own.contains(&Endpoint::Chat) && own.contains(&Endpoint::Responses),
            Ability::CountTokens => own.contains(&Endpoint::CountTokens),
            // The grade stands beside adaptive thinking in Messages, and a model without thought has no highest grade.
            Ability::Effort if self.endpoint == Endpoint::Messages => abilities.adaptive_thinking,
            Ability::Effort => abilities.effort_max != "none",
            _ => true,
        }
    }

    /// What is claimed; none where nothing is.
    pub(crate) fn claim(&self, ability: Ability) -> Option<bool> {
        let abilities = &self.model.entry.abilities;
        let known = |is_there: bool| self.is_known().then_some(is_there);
        match ability {
            Ability::Text => self.book.map(|facts| facts.writes.contains("text")),
            Ability::OutputLimit => Some(true),
            Ability::OtherEndpoint | Ability::CountTokens => Some(true),
            Ability::StreamUsage if self.endpoint == Endpoint::Chat => match self.config.stream_options {
                StreamOptions::Always => Some(true),
                StreamOptions::Never => Some(false),
                StreamOptions::Auto => None,
            },
            Ability::Tools => self.book.map(|facts| facts.tools),
            Ability::Image => self.book.map(|facts| facts.reads.contains("image")),
            Ability::Pdf => self.book.map(|facts| facts.reads.contains("pdf")),
            Ability::Thinking => self.thinks(),
            Ability::AdaptiveThinking => self.thinks().map(|thinks| thinks && abilities.adaptive_thinking),
            Ability::ThinkingBudget => self.thinks().map(|thinks| thinks && abilities.thinking_budget),
            Ability::Effort => known(true),
            Ability::Temperature => known(abilities.samplers != Samplers::None),
            Ability::TopP => known(abilities.samplers == Samplers::Both),
            Ability::Cache => self.model.entry.price.rates.cache_read.is_some().then_some(true),
            _ => None,
        }
    }

    /// What to change where the claim on `ability` is wrong.
    pub(crate) fn remedy(&self, ability: Ability, seen: &Seen) -> String {
        let provider = self.model.provider.name();
        let set = |line: String| format!("write `{line}` under [providers.{provider}]");
        match ability {
            Ability::OutputLimit => set(format!("output_limit_field = \"{}\"", other_limit_field(chat_limit_field(self.config)))),
            Ability::StreamUsage => set(format!("stream_options = {}", seen.is_there() == Some(true))),
            Ability::OtherEndpoint => set(format!("endpoints = [\"{}\"]", self.endpoint)),
            Ability::Cache => format!("give [models.\"{}\"] its own price without `cache_read`, or look why usage does not tell", self.model.full_name()),
            Ability::CountTokens => format!("the provider lacks an endpoint of its dialect; calls that count tokens of [providers.{provider}] fail"),
            Ability::Text => {
                format!("look whether the provider has a model of that name, and which endpoints it has (`endpoints` under [providers.{provider}])")
            }
            Ability::Tools | Ability::Image | Ability::Pdf => self.book_remedy("crates/core/data/prices.json"),
            _ => format!("write `{}` under [models.\"{}\".abilities]", self.own_ability(ability, seen), self.model.full_name()),
        }
    }

    /// The line that makes the claim what was seen.
    fn own_ability(&self, ability: Ability, seen: &Seen) -> String {
        let is_there = seen.is_there() == Some(true);
        match (ability, is_there) {
            (Ability::AdaptiveThinking, _) => format!("adaptive_thinking = {is_there}"),
            (Ability::ThinkingBudget, _) => format!("thinking_budget = {is_there}"),
            (Ability::Effort, false) => format!("effort_max = \"{}\"", lower_effort(&self.model.entry.abilities.effort_max)),
            (Ability::Thinking, false) => "effort_max = \"none\"".to_owned(),
            (Ability::Thinking | Ability::Effort, true) => "effort_max = \"high\"".to_owned(),
            (Ability::TopP, true) => "samplers = \"both\"".to_owned(),
            (Ability::Temperature, true) | (Ability::TopP, false) => "samplers = \"one\"".to_owned(),
            _ => "samplers = \"none\"".to_owned(),
        }
    }

    /// The claims of the built-in data: they hold for another model, or they are wrong.
    fn book_remedy(&self, file: &str) -> String {
        let Prices::Book(book) = &self.config.prices else { return format!("correct the claim in {file}") };
        let provider = self.model.provider.name();
        format!("where this is no model of `{book}`, name who sells it as `prices` under [providers.{provider}]; else the claim in {file} is to be corrected")
    }
}

/// The grade of effort below `effort`.
fn lower_effort(effort: &str) -> &'static str {
    let place = Effort::ALL.iter().position(|(_, word)| *word == effort).unwrap_or_default();
    Effort::ALL[place.saturating_sub(1)].1
}

/// The field that Chat Completions call the limit by elsewhere.
pub(crate) const fn other_limit_field(field: &str) -> &'static str {
    // The two names differ in length.
    if field.len() == "max_tokens".len() { "max_completion_tokens" } else { "max_tokens" }
}
