use super::*;
use crate::{Cost, Nanousd, Rate, Rates, Usage};

fn facts(id: &str) -> &'static ModelFacts {
    let (provider, model) = id.split_once('/').unwrap();
    PriceBook::builtin().find(provider, model).unwrap_or_else(|| panic!("{id} is in the data"))
}

/// Checks rates written as `input output cache_read cache_write cache_write_1h`, `-` for an unknown one.
fn check_rates(rates: &Rates, expected: &str) {
    let shown = |rate: Option<Rate>| rate.map_or("-".to_owned(), |rate| rate.to_string());
    let all = [rates.input, rates.output, rates.cache_read, rates.cache_write, rates.cache_write_1h].map(shown);
    assert_eq!(all.join(" "), expected);
}

fn check(id: &str, expected: &str) {
    check_rates(&facts(id).price.rates, expected);
}

fn check_tier(id: &str, name: &str, expected: &str) {
    let tier = facts(id).price.service_tiers.iter().find(|tier| tier.name == name).unwrap_or_else(|| panic!("{id} has the tier {name}"));
    check_rates(&tier.rates, expected);
}

#[test]
fn known_prices_are_as_published() {
    check("openai/gpt-5", "1.25 10.00 0.125 - -");
    check("openai/gpt-5-nano", "0.05 0.40 0.005 - -");
    check("openai/gpt-4o-mini", "0.15 0.60 0.075 - -");
    check("openai/text-embedding-3-small", "0.02 0.00 - - -");
    check("anthropic/claude-sonnet-4-5", "3.00 15.00 0.30 3.75 6.00");
    check("anthropic/claude-opus-4-5", "5.00 25.00 0.50 6.25 10.00");
    check("anthropic/claude-haiku-4-5", "1.00 5.00 0.10 1.25 2.00");
    check("deepseek/deepseek-chat", "0.14 0.28 0.0028 - -");
}

#[test]
fn other_names_fall_back_and_the_result_tells_to_what() {
    for (asked, entry) in [
        ("openai/gpt-5-2025-08-07", "openai/gpt-5"),
        ("openai/gpt-4o-2024-08-06", "openai/gpt-4o-2024-08-06"),
        ("anthropic/claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5-20250929"),
        ("anthropic/claude-opus-4-6-20260205", "anthropic/claude-opus-4-6"),
        ("anthropic/claude-opus-4-6@20260205", "anthropic/claude-opus-4-6"),
        ("anthropic/claude-3-7-sonnet-latest", "anthropic/claude-3-7-sonnet-20250219"),
        ("anthropic/claude-3-5-sonnet-latest", "anthropic/claude-3-5-sonnet-20241022"),
        ("anthropic/claude-haiku-4-5-latest", "anthropic/claude-haiku-4-5"),
        ("openai/gpt-5-chat-latest", "openai/gpt-5-chat-latest"),
    ] {
        assert_eq!(facts(asked).id, entry, "{asked}");
    }
    for unknown in
        ["openai/gpt-5-2025-13-07", "openai/gpt-5-20250", "openai/-2025-08-07", "openai/gpt-é2025-08-07", "openai/", "nobody/gpt-5", "openai/gpt-99-latest"]
    {
        let (provider, model) = unknown.split_once('/').unwrap();
        assert!(PriceBook::builtin().find(provider, model).is_none(), "{unknown}");
    }
}

#[test]
fn case_25_long_prompts_have_rates_of_their_own() {
    let tiers = &facts("openai/gpt-5.4").price.context_tiers;
    assert_eq!(tiers.len(), 1);
    assert_eq!(tiers[0].over_tokens, 272_000);
    check_rates(&tiers[0].rates, "5.00 22.50 0.50 - -");
}

#[test]
fn case_26_modes_and_discounts_are_tiers_by_the_name_that_a_response_gives() {
    check_tier("openai/gpt-5.4", "priority", "5.00 30.00 0.50 - -");
    check_tier("anthropic/claude-opus-4-8", "fast", "10.00 50.00 1.00 12.50 20.00");
    check_tier("anthropic/claude-sonnet-4-5", "batch", "1.50 7.50 0.15 1.875 3.00");
    check_tier("openai/gpt-5", "flex", "0.625 5.00 0.0625 - -");
    // Half of the short rates would be a wrong price for a long prompt.
    assert!(facts("openai/gpt-5.4").price.service_tiers.iter().all(|tier| tier.name != "flex"));
    assert_eq!(facts("anthropic/claude-sonnet-4-5").price.per_web_search, Some(Nanousd(10_000_000)));
    assert_eq!(facts("openai/gpt-5").price.per_web_search, Some(Nanousd(10_000_000)));
    assert_eq!(facts("openai/gpt-4o").price.per_web_search, None);
}

#[test]
fn a_zero_is_a_price_only_where_something_is_free() {
    for free in ["lmstudio/openai/gpt-oss-20b", "openrouter/openai/gpt-oss-20b:free", "openrouter/openrouter/free", "zai/glm-4.7-flash"] {
        assert!(facts(free).price_known, "{free}");
        check_rates(&Rates { cache_read: None, cache_write: None, ..facts(free).price.rates }, "0.00 0.00 - - -");
    }
    for (unknown, why) in [
        ("github-models/openai/gpt-4o", "not sold by the token"),
        ("mistral/labs-devstral-small-2512", "not sold by the token"),
        ("azure/model-router", "no embedding"),
        ("perplexity/sonar", "a fee per request"),
    ] {
        assert!(!facts(unknown).price_known, "{unknown}");
        let used = Usage { input: Some(1), output: Some(1), ..Usage::default() };
        assert!(matches!(facts(unknown).price.charge(&used), Cost::Unknown(_)), "{unknown}");
        assert!(facts(unknown).unknown_because.is_some_and(|because| because.contains(why)), "{unknown}");
    }
    check("openai/gpt-3.5-turbo", "0.50 1.50 - - -");
    check("zai/glm-4.6", "0.60 2.20 0.11 - -");
}

#[test]
fn limits_and_abilities_are_read() {
    let gpt5 = facts("openai/gpt-5");
    assert_eq!((gpt5.context, gpt5.input, gpt5.output), (Some(400_000), Some(272_000), Some(128_000)));
    assert!(gpt5.reasoning && gpt5.tools && !gpt5.deprecated && gpt5.reads.contains("image") && !gpt5.writes.contains("image"));
    assert_eq!(gpt5.released, "2025-08-07");
    assert!(facts("anthropic/claude-3-opus-20240229").deprecated);
    assert_eq!(facts("openai/gpt-image-1").context, None);
}

#[test]
fn the_book_is_whole_named_and_small() {
    let book = PriceBook::builtin();
    assert_eq!(book.version(), "models.dev@f3fc692 2026-07-02");
    assert_eq!(book.iter().len(), 1312);
    let known = book.iter().filter(|facts| facts.price_known).count();
    assert!((1_000..1_312).contains(&known), "{known} models have a price");
    let bytes: usize = book
        .iter()
        .map(|facts| {
            let price = &facts.price;
            size_of::<ModelFacts>() + size_of_val(price.context_tiers.as_slice()) + size_of_val(price.service_tiers.as_slice()) + 8 * price.service_tiers.len()
        })
        .sum();
    assert!(bytes < 1_500_000, "{bytes} bytes");
}

#[test]
fn wrong_data_is_refused_by_name() {
    const RULES: &str = r#"{"derived":[],"service_tiers":[],"web_search":[],"free":[],"unknown":[]}"#;
    fn check(models: &'static str, complaint: &str) {
        let error = read::book(models, RULES).unwrap_err();
        assert!(error.contains(complaint), "{error}");
    }
    check(r#"{"source":"s","commit":"c","date":"d","licence":"l","unit":"EUR","models":[]}"#, "EUR");
    check(
        r#"{"source":"s","commit":"c","date":"d","licence":"l","unit":"USD per million tokens","models":[{"id":"b/b","name":"","reads":[],"writes":[]},{"id":"a/a","name":"","reads":[],"writes":[]}]}"#,
        "`a/a` is out of order",
    );
    check(
        r#"{"source":"s","commit":"c","date":"d","licence":"l","unit":"USD per million tokens","models":[{"id":"a/a","name":"","reads":["smell"],"writes":[]}]}"#,
        "`smell`",
    );
    check(
        r#"{"source":"s","commit":"c","date":"d","licence":"l","unit":"USD per million tokens","models":[{"id":"a/a","name":"","reads":[],"writes":[],"rates":{"input":-1}}]}"#,
        "a/a",
    );
}
