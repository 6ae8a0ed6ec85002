//! Usage in every form in which providers give it, merged as stated and turned into the one normal form.
//!
//! Figures are kept as the provider states them until they are asked for, because a later statement may restate a total
//! without its parts: Anthropic's `message_delta` repeats `cache_creation_input_tokens` but not its one-hour share.

use crate::json::{Cursor, Parsed};
use crate::{Dialect, Endpoint};
use jeton_core::{Nanousd, Usage};

/// What was stated so far. `None` was not stated; a later statement replaces an earlier one; nothing is summed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// `prompt_tokens` or `input_tokens`.
    input: Option<u64>,
    output: Option<u64>,
    total: Option<u64>,
    /// Gemini: input that the results of its own tools made, which `promptTokenCount` leaves out.
    tool_input: Option<u64>,
    cache_read: Option<u64>,
    /// All cache writes.
    cache_write: Option<u64>,
    cache_write_5m: Option<u64>,
    cache_write_1h: Option<u64>,
    reasoning: Option<u64>,
    input_audio: Option<u64>,
    output_audio: Option<u64>,
    web_searches: Option<u64>,
    /// The tier that the answer names beside its usage or in it.
    pub(crate) service_tier: Option<String>,
    /// A speed other than the ordinary one, which decides the price before the tier does.
    speed: Option<String>,
    /// Where the model ran, as Anthropic states it; elsewhere than `global` it costs more.
    inference_geo: Option<String>,
    cost: Option<Nanousd>,
    /// What a provider behind the provider charges to the caller's own account there.
    upstream_cost: Option<Nanousd>,
    is_byok: bool,
}

impl Figures {
    /// Reads a usage object in the dialect's form, or null, which states nothing. True where it was an object.
    pub(crate) fn read(&mut self, dialect: Dialect, cursor: &mut Cursor<'_>) -> Parsed<bool> {
        if cursor.peek() != Some(b'{') {
            return cursor.skip().map(|()| false);
        }
        match dialect {
            Dialect::OpenAi => self.read_openai(cursor)?,
            Dialect::Anthropic => self.read_anthropic(cursor)?,
            Dialect::Gemini => self.read_gemini(cursor)?,
            Dialect::Bedrock => self.read_bedrock(cursor)?,
        }
        Ok(true)
    }

    /// Chat Completions, Responses and Embeddings, with what others add to their forms.
    fn read_openai(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        cursor.object(|cursor, name| match &*cursor.name(name) {
            b"prompt_tokens" | b"input_tokens" => take(&mut self.input, cursor),
            b"completion_tokens" | b"output_tokens" => take(&mut self.output, cursor),
            b"total_tokens" => take(&mut self.total, cursor),
            // DeepSeek, Moonshot, and Anthropic's models behind an OpenAI front.
            b"prompt_cache_hit_tokens" | b"cached_tokens" | b"cache_read_input_tokens" => take(&mut self.cache_read, cursor),
            b"cache_creation_input_tokens" => take(&mut self.cache_write, cursor),
            b"reasoning_tokens" => take(&mut self.reasoning, cursor),
            b"prompt_tokens_details" | b"input_tokens_details" => each(cursor, |name, cursor| match name {
                b"cached_tokens" => take(&mut self.cache_read, cursor),
                b"cache_write_tokens" | b"cache_creation_tokens" => take(&mut self.cache_write, cursor),
                b"audio_tokens" => take(&mut self.input_audio, cursor),
                _ => cursor.skip(),
            }),
            b"completion_tokens_details" | b"output_tokens_details" => each(cursor, |name, cursor| match name {
                b"reasoning_tokens" => take(&mut self.reasoning, cursor),
                b"audio_tokens" => take(&mut self.output_audio, cursor),
                _ => cursor.skip(),
            }),
            b"num_search_queries" => take(&mut self.web_searches, cursor),
            b"server_tool_use" | b"server_tool_use_details" => self.server_tools(cursor),
            b"service_tier" => words(&mut self.service_tier, cursor),
            // OpenRouter states a number, Perplexity an object.
            b"cost" if cursor.peek() == Some(b'{') => each(cursor, |name, cursor| match name {
                b"total_cost" => money(&mut self.cost, cursor),
                _ => cursor.skip(),
            }),
            b"cost" => money(&mut self.cost, cursor),
            b"cost_details" => each(cursor, |name, cursor| match name {
                b"upstream_inference_cost" => money(&mut self.upstream_cost, cursor),
                _ => cursor.skip(),
            }),
            b"is_byok" if matches!(cursor.peek(), Some(b't' | b'f')) => {
                self.is_byok = cursor.boolean()?.unwrap_or(false);
                Ok(())
            }
            _ => cursor.skip(),
        })
    }

    /// Messages.
    fn read_anthropic(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        cursor.object(|cursor, name| match &*cursor.name(name) {
            b"input_tokens" => take(&mut self.input, cursor),
            b"output_tokens" => take(&mut self.output, cursor),
            b"cache_read_input_tokens" => take(&mut self.cache_read, cursor),
            b"cache_creation_input_tokens" => take(&mut self.cache_write, cursor),
            b"cache_creation" => each(cursor, |name, cursor| match name {
                b"ephemeral_5m_input_tokens" => take(&mut self.cache_write_5m, cursor),
                b"ephemeral_1h_input_tokens" => take(&mut self.cache_write_1h, cursor),
                _ => cursor.skip(),
            }),
            b"server_tool_use" => self.server_tools(cursor),
            b"output_tokens_details" => each(cursor, |name, cursor| match name {
                b"reasoning_tokens" | b"thinking_tokens" => take(&mut self.reasoning, cursor),
                _ => cursor.skip(),
            }),
            b"service_tier" => words(&mut self.service_tier, cursor),
            b"speed" => words(&mut self.speed, cursor),
            b"inference_geo" => words(&mut self.inference_geo, cursor),
            b"cost" => money(&mut self.cost, cursor),
            _ => cursor.skip(),
        })
    }

    /// Gemini's `usageMetadata`.
    fn read_gemini(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        cursor.object(|cursor, name| match &*cursor.name(name) {
            b"promptTokenCount" => take(&mut self.input, cursor),
            b"candidatesTokenCount" => take(&mut self.output, cursor),
            b"totalTokenCount" => take(&mut self.total, cursor),
            b"cachedContentTokenCount" => take(&mut self.cache_read, cursor),
            b"thoughtsTokenCount" => take(&mut self.reasoning, cursor),
            b"toolUsePromptTokenCount" => take(&mut self.tool_input, cursor),
            b"promptTokensDetails" => audio_tokens(&mut self.input_audio, cursor),
            b"candidatesTokensDetails" => audio_tokens(&mut self.output_audio, cursor),
            b"serviceTier" => words(&mut self.service_tier, cursor),
            // Vertex AI: how the call was served, which decides its price.
            b"trafficType" => self.traffic(cursor),
            _ => cursor.skip(),
        })
    }

    fn traffic(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        let mut word = None;
        words(&mut word, cursor)?;
        self.service_tier = match word.as_deref() {
            None | Some("ON_DEMAND" | "TRAFFIC_TYPE_UNSPECIFIED") => return Ok(()),
            Some(word) => Some(word.strip_prefix("ON_DEMAND_").unwrap_or(word).to_ascii_lowercase()),
        };
        Ok(())
    }

    /// Gemini's figures in the normal form.
    fn gemini(&self) -> Usage {
        let cached = self.cache_read.unwrap_or(0);
        let prompt = self.input.map(|input| input.saturating_sub(cached));
        let thoughts = self.reasoning.unwrap_or(0);
        // Without a word of an answer its count is left out; the total says that there is none.
        let rest = || Some(self.total?.saturating_sub(self.input?).saturating_sub(self.tool_input.unwrap_or(0)));
        let stated = self.output.map(|output| output.saturating_add(thoughts));
        Usage {
            input: prompt.map(|prompt| prompt.saturating_add(self.tool_input.unwrap_or(0))),
            cache_read: self.cache_read,
            output: stated.or_else(rest).or(self.reasoning),
            reasoning: self.reasoning,
            input_audio: self.input_audio,
            output_audio: self.output_audio,
            ..Usage::default()
        }
    }

    /// Bedrock's `usage`: `inputTokens` excludes what was cached, as at Anthropic.
    fn read_bedrock(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        cursor.object(|cursor, name| match &*cursor.name(name) {
            b"inputTokens" => take(&mut self.input, cursor),
            b"outputTokens" => take(&mut self.output, cursor),
            b"totalTokens" => take(&mut self.total, cursor),
            // The second names are of the first days of its caches.
            b"cacheReadInputTokens" | b"cacheReadInputTokenCount" => take(&mut self.cache_read, cursor),
            b"cacheWriteInputTokens" | b"cacheWriteInputTokenCount" => take(&mut self.cache_write, cursor),
            b"cacheDetails" if cursor.peek() == Some(b'[') => cursor.array(|cursor, _| self.cache_detail(cursor)),
            _ => cursor.skip(),
        })
    }

    /// Case 22: how much was written to the cache for how long.
    fn cache_detail(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        let (mut tokens, mut is_long) = (None, false);
        each(cursor, |name, cursor| match name {
            b"ttl" if cursor.peek() == Some(b'"') => {
                let life = cursor.string()?;
                is_long = *cursor.name(life) != *b"5m";
                Ok(())
            }
            b"inputTokens" => take(&mut tokens, cursor),
            _ => cursor.skip(),
        })?;
        *(if is_long { &mut self.cache_write_1h } else { &mut self.cache_write_5m }) = tokens;
        Ok(())
    }

    /// Reads a speed that the answer names beside its usage.
    pub(crate) fn read_speed(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        words(&mut self.speed, cursor)
    }

    fn server_tools(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        each(cursor, |name, cursor| match name {
            b"web_search_requests" => take(&mut self.web_searches, cursor),
            _ => cursor.skip(),
        })
    }

    /// Web searches counted in the answer itself, where usage does not state them (Responses).
    pub(crate) fn set_web_searches(&mut self, count: u64) {
        self.web_searches = Some(count);
    }

    /// Reads the service tier that the answer names beside its usage, in every chunk maybe. True where it is news.
    pub(crate) fn read_tier(&mut self, cursor: &mut Cursor<'_>) -> Parsed<bool> {
        if cursor.peek() != Some(b'"') {
            return cursor.skip().map(|()| false);
        }
        let text = cursor.string()?;
        if self.service_tier.as_ref().is_some_and(|tier| *tier.as_bytes() == *cursor.name(text)) {
            return Ok(false);
        }
        self.service_tier = Some(cursor.text_prefix(text, 64));
        Ok(true)
    }

    /// The normal form.
    pub(crate) fn usage(&self, endpoint: Endpoint) -> Usage {
        let mut usage = match endpoint {
            // Counting tokens uses none.
            Endpoint::CountTokens => return Usage { input: Some(0), output: Some(0), ..Usage::default() },
            Endpoint::Messages | Endpoint::Converse => self.anthropic(),
            Endpoint::Generate => self.gemini(),
            Endpoint::Chat | Endpoint::Responses | Endpoint::Embeddings => self.openai(),
        };
        if endpoint == Endpoint::Embeddings && usage.input.is_some() {
            usage.output = usage.output.or(Some(0));
        }
        usage.web_searches = self.web_searches;
        usage.service_tier = self.tier();
        usage.reported_cost = match (self.cost, self.upstream_cost.filter(|_| self.is_byok)) {
            (Some(cost), Some(upstream)) => Some(cost.saturating_add(upstream)),
            (cost, _) => cost,
        };
        usage
    }

    /// What decides the price beside the tokens: the speed, else the tier, and the region where it is not everywhere.
    /// Two that hold together have no published price, and are named together.
    fn tier(&self) -> Option<String> {
        let tier = self.speed.clone().filter(|speed| speed != "standard").or_else(|| self.service_tier.clone());
        match self.inference_geo.as_deref() {
            None | Some("" | "global" | "not_available") => tier,
            Some(geo) => match tier.as_deref() {
                None | Some("standard" | "default") => Some(format!("inference_geo={geo}")),
                Some(tier) => Some(format!("{tier}, inference_geo={geo}")),
            },
        }
    }

    /// `prompt_tokens` includes what was cached. A server whose cached tokens exceed it evidently counts them apart.
    fn openai(&self) -> Usage {
        let cached = self.cache_read.unwrap_or(0).saturating_add(self.cache_write.unwrap_or(0));
        let input = self.input.map(|input| if cached > input { input } else { input - cached });
        let (output, reasoning) = self.output_and_reasoning();
        Usage {
            input,
            cache_read: self.cache_read,
            cache_write: self.cache_write,
            output,
            reasoning,
            input_audio: self.input_audio,
            output_audio: self.output_audio,
            ..Usage::default()
        }
    }

    /// Reasoning is part of the output, once. Some servers (xAI, Google's OpenAI front) leave it out of `completion_tokens`;
    /// then the total betrays it.
    fn output_and_reasoning(&self) -> (Option<u64>, Option<u64>) {
        let (Some(input), Some(output), Some(total)) = (self.input, self.output, self.total) else { return (self.output, self.reasoning) };
        let hidden = total.saturating_sub(input.saturating_add(output));
        let cached = self.cache_read.unwrap_or(0).saturating_add(self.cache_write.unwrap_or(0));
        match self.reasoning {
            _ if hidden == 0 => (Some(output), self.reasoning),
            Some(reasoning) if reasoning == hidden => (Some(output + hidden), Some(reasoning)),
            None if cached == 0 => (Some(output + hidden), Some(hidden)),
            reasoning => (Some(output), reasoning),
        }
    }

    /// `input_tokens` excludes what was cached; writes come as a total, of which a part may live one hour.
    fn anthropic(&self) -> Usage {
        let long = self.cache_write_1h;
        let short = match self.cache_write {
            Some(all) => Some(all.saturating_sub(long.unwrap_or(0))),
            None => self.cache_write_5m,
        };
        Usage {
            input: self.input,
            cache_read: self.cache_read,
            cache_write: short,
            cache_write_1h: long,
            output: self.output,
            reasoning: self.reasoning,
            ..Usage::default()
        }
    }
}

/// Passes an object member by member; anything else states nothing.
fn each(cursor: &mut Cursor<'_>, mut member: impl FnMut(&[u8], &mut Cursor<'_>) -> Parsed<()>) -> Parsed<()> {
    if cursor.peek() != Some(b'{') {
        return cursor.skip();
    }
    cursor.object(|cursor, name| {
        let name = cursor.name(name);
        member(&name, cursor)
    })
}

/// Takes a whole number that is not negative (`12`, `12.0`); anything else, null too, states nothing.
fn take(into: &mut Option<u64>, cursor: &mut Cursor<'_>) -> Parsed<()> {
    let place = cursor.span()?;
    let written = std::str::from_utf8(cursor.slice(place)).unwrap_or_default();
    let whole = written.split_once('.').map_or(written, |(whole, fraction)| if fraction.bytes().all(|digit| digit == b'0') { whole } else { "" });
    if let Ok(number) = whole.parse() {
        *into = Some(number);
    }
    Ok(())
}

/// Takes the tokens of sound from a list of counts by modality.
fn audio_tokens(into: &mut Option<u64>, cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.peek() != Some(b'[') {
        return cursor.skip();
    }
    cursor.array(|cursor, _| {
        let (mut modality, mut count) = (None, None);
        each(cursor, |name, cursor| match name {
            b"modality" => words(&mut modality, cursor),
            b"tokenCount" => take(&mut count, cursor),
            _ => cursor.skip(),
        })?;
        if modality.as_deref() == Some("AUDIO") {
            *into = count.or(*into);
        }
        Ok(())
    })
}

fn words(into: &mut Option<String>, cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.peek() != Some(b'"') {
        return cursor.skip();
    }
    let text = cursor.string()?;
    *into = Some(cursor.text_prefix(text, 64));
    Ok(())
}

/// Takes an amount in dollars, rounded to the nano-dollar where it has more decimals. A negative one states nothing.
fn money(into: &mut Option<Nanousd>, cursor: &mut Cursor<'_>) -> Parsed<()> {
    let place = cursor.span()?;
    let written = std::str::from_utf8(cursor.slice(place)).unwrap_or_default();
    if !written.starts_with(|first: char| first.is_ascii_digit()) {
        return Ok(());
    }
    let exact = Nanousd::parse_usd(written);
    let amount = exact.or_else(|_| written.parse::<f64>().map_err(|error| error.to_string()).and_then(|usd| Nanousd::parse_usd(&format!("{usd:.9}"))));
    if let Ok(amount) = amount {
        *into = Some(amount);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(endpoint: Endpoint, statements: &[&str]) -> Usage {
        let mut figures = Figures::default();
        for statement in statements {
            figures.read(endpoint.dialect(), &mut Cursor::new(statement.as_bytes())).unwrap();
        }
        figures.usage(endpoint)
    }

    #[track_caller]
    fn check(endpoint: Endpoint, statement: &str, expected: Usage) {
        assert_eq!(read(endpoint, &[statement]), expected, "{statement}");
    }

    fn usage(input: u64, output: u64) -> Usage {
        Usage { input: Some(input), output: Some(output), ..Usage::default() }
    }

    #[test]
    fn case_21_openai_includes_cached_input_and_anthropic_does_not() {
        check(
            Endpoint::Chat,
            r#"{"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,"prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":30}}"#,
            Usage { cache_read: Some(60), cache_write: Some(30), ..usage(10, 5) },
        );
        check(
            Endpoint::Responses,
            r#"{"input_tokens":100,"input_tokens_details":{"cached_tokens":60},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":105}"#,
            Usage { cache_read: Some(60), reasoning: Some(0), ..usage(40, 5) },
        );
        check(
            Endpoint::Messages,
            r#"{"input_tokens":10,"cache_read_input_tokens":60,"cache_creation_input_tokens":30,"output_tokens":5}"#,
            Usage { cache_read: Some(60), cache_write: Some(30), ..usage(10, 5) },
        );
    }

    #[test]
    fn case_21_and_22_bedrock_excludes_what_was_cached_and_tells_how_long_writes_live() {
        check(
            Endpoint::Converse,
            r#"{"inputTokens":10,"outputTokens":5,"totalTokens":105,"cacheReadInputTokens":60,"cacheWriteInputTokens":30,"cacheDetails":[{"ttl":"1h","inputTokens":10},{"ttl":"5m","inputTokens":20}]}"#,
            Usage { cache_read: Some(60), cache_write: Some(20), cache_write_1h: Some(10), ..usage(10, 5) },
        );
        check(Endpoint::Converse, r#"{"inputTokens":10,"outputTokens":5,"totalTokens":15}"#, usage(10, 5));
        let short = Usage { cache_write: Some(30), ..usage(10, 5) };
        check(Endpoint::Converse, r#"{"inputTokens":10,"outputTokens":5,"cacheWriteInputTokens":30,"cacheDetails":[]}"#, short.clone());
        check(
            Endpoint::Converse,
            r#"{"inputTokens":10,"outputTokens":5,"cacheWriteInputTokenCount":30,"cacheDetails":[{"inputTokens":30,"ttl":"5m"}]}"#,
            short,
        );
    }

    #[test]
    fn case_21_other_servers_name_their_cached_input_otherwise() {
        let expected = || Usage { cache_read: Some(60), ..usage(40, 5) };
        check(Endpoint::Chat, r#"{"prompt_tokens":100,"completion_tokens":5,"prompt_cache_hit_tokens":60,"prompt_cache_miss_tokens":40}"#, expected());
        check(Endpoint::Chat, r#"{"prompt_tokens":100,"completion_tokens":5,"cached_tokens":60}"#, expected());
        check(Endpoint::Chat, r#"{"prompt_tokens":40,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":60}}"#, expected());
    }

    #[test]
    fn case_22_one_hour_cache_writes_are_taken_apart() {
        check(
            Endpoint::Messages,
            r#"{"input_tokens":1,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":10},"output_tokens":5}"#,
            Usage { cache_write: Some(20), cache_write_1h: Some(10), ..usage(1, 5) },
        );
    }

    #[test]
    fn case_22_a_later_total_without_its_parts_does_not_count_the_hour_twice() {
        let start = r#"{"input_tokens":1,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":10},"output_tokens":1}"#;
        let delta = r#"{"cache_creation_input_tokens":30,"output_tokens":5}"#;
        assert_eq!(read(Endpoint::Messages, &[start, delta]), Usage { cache_write: Some(20), cache_write_1h: Some(10), ..usage(1, 5) });
    }

    #[test]
    fn case_23_null_zero_and_absent_are_told_apart() {
        for (details, cached) in [("null", None), ("{}", None), (r#"{"cached_tokens":null}"#, None), (r#"{"cached_tokens":0}"#, Some(0)), ("7", None)] {
            let statement = format!(r#"{{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{details}}}"#);
            check(Endpoint::Chat, &statement, Usage { cache_read: cached, ..usage(9, 1) });
        }
        check(Endpoint::Messages, r#"{"input_tokens":null,"output_tokens":-1}"#, Usage::default());
        check(Endpoint::Chat, r#"{"prompt_tokens":"9","completion_tokens":1.0}"#, Usage { output: Some(1), ..Usage::default() });
        check(Endpoint::Chat, "null", Usage::default());
    }

    #[test]
    fn case_24_reasoning_is_counted_once() {
        let details = r#""completion_tokens_details":{"reasoning_tokens":70,"audio_tokens":3},"prompt_tokens_details":{"audio_tokens":2}"#;
        let expected = Usage { reasoning: Some(70), input_audio: Some(2), output_audio: Some(3), ..usage(10, 100) };
        check(Endpoint::Chat, &format!(r#"{{"prompt_tokens":10,"completion_tokens":100,"total_tokens":110,{details}}}"#), expected.clone());
        check(Endpoint::Chat, &format!(r#"{{"prompt_tokens":10,"completion_tokens":30,"total_tokens":110,{details}}}"#), expected);
        check(Endpoint::Chat, r#"{"prompt_tokens":10,"completion_tokens":30,"total_tokens":110}"#, Usage { reasoning: Some(70), ..usage(10, 100) });
    }

    #[test]
    fn case_25_and_26_tier_speed_and_searches_are_those_of_the_answer() {
        check(
            Endpoint::Messages,
            r#"{"input_tokens":1,"output_tokens":1,"service_tier":"priority","server_tool_use":{"web_search_requests":3}}"#,
            Usage { service_tier: Some("priority".into()), web_searches: Some(3), ..usage(1, 1) },
        );
        for (tier, geo, named) in [("standard", "us", "inference_geo=us"), ("batch", "us", "batch, inference_geo=us"), ("standard", "global", "standard")] {
            let statement = format!(r#"{{"input_tokens":1,"output_tokens":1,"service_tier":"{tier}","inference_geo":"{geo}"}}"#);
            check(Endpoint::Messages, &statement, Usage { service_tier: Some(named.into()), ..usage(1, 1) });
        }
        for (speed, tier) in [("fast", "fast"), ("standard", "batch")] {
            let statement = format!(r#"{{"input_tokens":1,"output_tokens":1,"service_tier":"batch","speed":"{speed}"}}"#);
            check(Endpoint::Messages, &statement, Usage { service_tier: Some(tier.into()), ..usage(1, 1) });
        }
    }

    #[test]
    fn case_28_a_reported_cost_is_read_to_the_nano_dollar() {
        for (cost, nano) in [
            ("0.00014", Some(140_000)),
            ("1e-9", Some(1)),
            ("0", Some(0)),
            ("0.00000000149", Some(1)),
            ("-1", None),
            ("null", None),
            ("\"1\"", None),
            (r#"{"total_cost":0.006}"#, Some(6_000_000)),
        ] {
            let statement = format!(r#"{{"prompt_tokens":1,"completion_tokens":1,"cost":{cost}}}"#);
            check(Endpoint::Chat, &statement, Usage { reported_cost: nano.map(Nanousd), ..usage(1, 1) });
        }
        check(
            Endpoint::Chat,
            r#"{"prompt_tokens":1,"completion_tokens":1,"cost":0.5,"is_byok":true,"cost_details":{"upstream_inference_cost":1.5}}"#,
            Usage { reported_cost: Some(Nanousd(2_000_000_000)), ..usage(1, 1) },
        );
        check(
            Endpoint::Chat,
            r#"{"prompt_tokens":1,"completion_tokens":1,"cost":2,"is_byok":false,"cost_details":{"upstream_inference_cost":1.5}}"#,
            Usage { reported_cost: Some(Nanousd(2_000_000_000)), ..usage(1, 1) },
        );
    }

    #[test]
    fn case_33_the_last_statement_counts_and_absent_figures_stay() {
        let start = r#"{"input_tokens":25,"cache_read_input_tokens":4,"output_tokens":1}"#;
        assert_eq!(read(Endpoint::Messages, &[start, r#"{"output_tokens":15}"#]), Usage { cache_read: Some(4), ..usage(25, 15) });
        let restated = r#"{"input_tokens":30,"cache_read_input_tokens":0,"output_tokens":15}"#;
        assert_eq!(read(Endpoint::Messages, &[start, restated]), Usage { cache_read: Some(0), ..usage(30, 15) });
    }

    #[test]
    fn embeddings_have_no_output_and_a_count_costs_nothing() {
        check(Endpoint::Embeddings, r#"{"prompt_tokens":8,"total_tokens":8}"#, usage(8, 0));
        check(Endpoint::Embeddings, "{}", Usage::default());
        check(Endpoint::CountTokens, r#"{"input_tokens":2095}"#, usage(0, 0));
    }
}
