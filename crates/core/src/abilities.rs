//! What models take beside text, as their vendors publish it: needed where a request is written for another model than it was made for.

use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// Which of temperature, `top_p` and `top_k` a model takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Samplers {
    /// None of them.
    None,
    /// Temperature or `top_p`, not both.
    One,
    /// All that its dialect has.
    #[default]
    Both,
}

/// What is known of a model. The default is what is assumed of one that no rule names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Whether it decides by itself how much it thinks (Messages `thinking.type = "adaptive"`, Gemini `thinkingLevel`).
    pub adaptive_thinking: bool,
    /// Whether it takes a budget of thinking tokens.
    pub thinking_budget: bool,
    /// The lowest grade of effort that it takes: `none` where it can be told not to think.
    pub effort_min: String,
    /// The highest grade of effort that it takes.
    pub effort_max: String,
    /// Grades between these two that it does not know.
    pub effort_gaps: Vec<String>,
    /// Which sampling settings it takes.
    pub samplers: Samplers,
    /// Whether it takes texts at which to stop.
    pub stop_texts: bool,
}

impl Default for Abilities {
    fn default() -> Self {
        Self {
            adaptive_thinking: false,
            thinking_budget: true,
            effort_min: "none".to_owned(),
            effort_max: "high".to_owned(),
            effort_gaps: Vec::new(),
            samplers: Samplers::Both,
            stop_texts: true,
        }
    }
}

/// What a team itself says of a model; each one that is none is left as it is published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AbilityOverrides {
    /// In place of [`Abilities::adaptive_thinking`].
    pub adaptive_thinking: Option<bool>,
    /// In place of [`Abilities::thinking_budget`].
    pub thinking_budget: Option<bool>,
    /// In place of [`Abilities::effort_min`].
    pub effort_min: Option<String>,
    /// In place of [`Abilities::effort_max`].
    pub effort_max: Option<String>,
    /// In place of [`Abilities::effort_gaps`].
    pub effort_gaps: Option<Vec<String>>,
    /// In place of [`Abilities::samplers`].
    pub samplers: Option<Samplers>,
    /// In place of [`Abilities::stop_texts`].
    pub stop_texts: Option<bool>,
    /// What it reads beside text, in place of what the price book says.
    pub reads: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    #[expect(dead_code, reason = "for whoever reads the file")]
    about: String,
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    provider: String,
    models: Vec<String>,
    adaptive_thinking: Option<bool>,
    thinking_budget: Option<bool>,
    effort_min: Option<String>,
    effort_max: Option<String>,
    effort_gaps: Option<Vec<String>>,
    samplers: Option<Samplers>,
    stop_texts: Option<bool>,
    #[expect(dead_code, reason = "for whoever reads the file")]
    source: String,
    #[expect(dead_code, reason = "for whoever reads the file")]
    url: String,
    #[expect(dead_code, reason = "for whoever reads the file")]
    read: String,
}

impl Abilities {
    /// What is known of `model` of `provider`, by the name in the price book.
    ///
    /// # Panics
    /// Never in a build whose tests passed: the data is part of the source.
    #[must_use]
    pub fn of(provider: &str, model: &str) -> Self {
        static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
            let data: Data = serde_json::from_str(include_str!("../data/abilities.json")).expect("the built-in abilities are read by the tests");
            data.rules
        });
        let (provider, model) = by_maker(provider, model);
        let mut abilities = Self::default();
        for rule in RULES.iter().filter(|rule| rule.provider == provider && rule.models.iter().any(|pattern| fits(pattern, model))) {
            abilities.adaptive_thinking = rule.adaptive_thinking.unwrap_or(abilities.adaptive_thinking);
            abilities.thinking_budget = rule.thinking_budget.unwrap_or(abilities.thinking_budget);
            abilities.samplers = rule.samplers.unwrap_or(abilities.samplers);
            abilities.stop_texts = rule.stop_texts.unwrap_or(abilities.stop_texts);
            if let Some(effort) = &rule.effort_min {
                abilities.effort_min.clone_from(effort);
            }
            if let Some(effort) = &rule.effort_max {
                abilities.effort_max.clone_from(effort);
            }
            if let Some(grades) = &rule.effort_gaps {
                abilities.effort_gaps.clone_from(grades);
            }
        }
        abilities
    }

    /// These, with what `own` says in their place.
    #[must_use]
    pub fn with(self, own: &AbilityOverrides) -> Self {
        Self {
            adaptive_thinking: own.adaptive_thinking.unwrap_or(self.adaptive_thinking),
            thinking_budget: own.thinking_budget.unwrap_or(self.thinking_budget),
            effort_min: own.effort_min.clone().unwrap_or(self.effort_min),
            effort_max: own.effort_max.clone().unwrap_or(self.effort_max),
            effort_gaps: own.effort_gaps.clone().unwrap_or(self.effort_gaps),
            samplers: own.samplers.unwrap_or(self.samplers),
            stop_texts: own.stop_texts.unwrap_or(self.stop_texts),
        }
    }
}

/// Models are the same wherever they run: at Azure, where deployments mostly bear their names, and Anthropic's behind Bedrock's id, which
/// may have a region before it (`us.anthropic.…`).
fn by_maker<'a>(provider: &'a str, model: &'a str) -> (&'a str, &'a str) {
    match (provider, model.split_once("anthropic.")) {
        ("azure", _) => (if model.starts_with("claude") { "anthropic" } else { "openai" }, model),
        ("amazon-bedrock", Some((region, name))) if region.is_empty() || region.ends_with('.') => ("anthropic", name),
        _ => (provider, model),
    }
}

fn fits(pattern: &str, model: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == model, |beginning| model.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_rules_hold_before_earlier_ones_and_unknown_models_are_ordinary() {
        let opus = Abilities::of("anthropic", "claude-opus-4-7");
        assert_eq!(
            opus,
            Abilities {
                adaptive_thinking: true,
                thinking_budget: false,
                effort_max: "max".into(),
                effort_gaps: vec!["minimal".into()],
                samplers: Samplers::None,
                ..Abilities::default()
            }
        );
        assert_eq!(Abilities::of("anthropic", "claude-sonnet-4-5-20250929").samplers, Samplers::One);
        assert_eq!(Abilities::of("anthropic", "claude-sonnet-4-20250514").samplers, Samplers::Both);
        assert_eq!(Abilities::of("openai", "gpt-5.5").effort_max, "xhigh");
        let lowest = ["o3", "gpt-5-codex", "gpt-5-mini", "gpt-5.1", "gpt-4o"].map(|model| Abilities::of("openai", model).effort_min);
        assert_eq!(lowest, ["low", "low", "minimal", "none", "none"]);
        let stops = ["o1", "o3-mini", "o3", "gpt-5-mini", "gpt-5.1-chat-latest"].map(|model| Abilities::of("openai", model).stop_texts);
        assert_eq!(stops, [true, true, false, false, true]);
        assert_eq!(Abilities::of("openai", "gpt-5.1").effort_gaps, ["minimal"]);
        assert_eq!(Abilities::of("anthropic", "claude-opus-4-6").effort_gaps, ["minimal", "xhigh"]);
        assert_eq!(Abilities::of("openai", "gpt-4o"), Abilities::default());
        assert_eq!(Abilities::of("google", "gemini-2.5-flash"), Abilities::default());
        assert_eq!(
            (Abilities::of("google", "gemini-2.5-pro").effort_min.as_str(), Abilities::of("google-vertex", "gemini-3.1-pro-preview").effort_min.as_str()),
            ("minimal", "low")
        );
        assert!(Abilities::of("google", "gemini-3-pro-preview").adaptive_thinking && Abilities::of("google", "gemini-2.0-flash").effort_max == "none");
        assert_eq!(Abilities::of("acme", "claude-opus-4-7"), Abilities::default());
        assert_eq!(Abilities::of("amazon-bedrock", "anthropic.claude-opus-4-7"), opus);
        assert_eq!(Abilities::of("azure", "gpt-5-mini"), Abilities::of("openai", "gpt-5-mini"));
        assert_eq!(Abilities::of("azure", "claude-opus-4-7"), opus);
        assert_eq!(Abilities::of("amazon-bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0").samplers, Samplers::One);
        assert_eq!(Abilities::of("amazon-bedrock", "us.amazon.nova-pro-v1:0"), Abilities::default());
    }

    #[test]
    fn what_a_team_says_of_a_model_holds_before_what_is_published() {
        let published = Abilities::of("openai", "gpt-5.5");
        let own = AbilityOverrides {
            thinking_budget: Some(false),
            effort_min: Some("low".into()),
            effort_gaps: Some(vec!["xhigh".into()]),
            samplers: Some(Samplers::One),
            stop_texts: Some(true),
            ..AbilityOverrides::default()
        };
        let wanted = Abilities {
            thinking_budget: false,
            effort_min: "low".into(),
            effort_gaps: vec!["xhigh".into()],
            samplers: Samplers::One,
            stop_texts: true,
            ..published.clone()
        };
        assert_eq!(published.clone().with(&own), wanted);
        assert_eq!(published.clone().with(&AbilityOverrides::default()), published);
    }
}
