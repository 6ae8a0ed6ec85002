//! What is wrong now, what to do first, and the facts at the foot of the page.

use super::data::PageData;
use super::html::{Html, html};
use super::show::{count, moment, span_ms, time};
use crate::state::Health;

/// Banners for what needs somebody's hand. Nothing where all is well.
pub(crate) fn banners(data: &PageData) -> Html {
    let mut text = Html::EMPTY;
    if let Some(why) = &data.store_problem {
        text.push(&html!(
            "<div class=\"banner bad\" role=\"alert\"><strong>The ledger cannot be written. New calls are refused.</strong>{} Look at the disk and at the server's log; calls are served again as soon as a write succeeds.</div>",
            sentence(why)
        ));
    }
    if let Some(problem) = &data.status.config.problem {
        let mistakes: Html = problem.mistakes.iter().take(8).map(|mistake| html!("<li>{}</li>", mistake)).collect();
        text.push(&html!(
            "<div class=\"banner\" role=\"status\"><strong>The configuration on disk has {} and is not in use.</strong>Since {} the last good one stays. <code>jeton config check</code> shows the places.<ul>{}</ul></div>",
            if problem.mistakes.len() == 1 { "a mistake".to_owned() } else { format!("{} mistakes", problem.mistakes.len()) },
            time(problem.since, &data.zone, "%H:%M"),
            mistakes
        ));
    }
    for provider in data.status.providers.iter().filter(|provider| matches!(provider.health, Health::Down | Health::Degraded)) {
        let down = provider.health == Health::Down;
        let last = provider.tried.map_or(Html::EMPTY, |at| html!(" Last tried {}.", time(at, &data.zone, "%H:%M:%S")));
        text.push(&html!(
            "<div class=\"banner{}\" role=\"status\"><strong>{} {}.</strong>{}{}</div>",
            if down { " bad" } else { "" },
            provider.name,
            if down { "fails" } else { "fails now and then" },
            sentence(provider.detail.as_deref().unwrap_or("Its last tries failed.")),
            last
        ));
    }
    if data.status.stopping {
        text.push(&html!(
            "<div class=\"banner\" role=\"status\"><strong>Jeton is stopping.</strong>It finishes {} under way and takes no new ones.</div>",
            calls_under_way(data)
        ));
    }
    text
}

/// `text` as a sentence: with a capital, where its first word is a word and not a name such as `api.acme.com`, and with
/// an end, for reasons come from many places and not all of them end.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let first = text.split(' ').next().unwrap_or_default();
    let mut whole = text.to_owned();
    if first.bytes().all(|byte| byte.is_ascii_lowercase()) {
        whole[..first.len().min(1)].make_ascii_uppercase();
    }
    if !whole.is_empty() && !whole.ends_with(['.', '!', '?', '…']) {
        whole.push('.');
    }
    whole
}

fn calls_under_way(data: &PageData) -> String {
    let number = u64::try_from(data.calls_in_flight).unwrap_or(0);
    format!("{} {}", count(number), if number == 1 { "call" } else { "calls" })
}

/// A first question that holds its own answer, so that the built-in model, which answers from what it is given, can too.
const FIRST_WORDS: &str = "A jeton is a counter for reckoning accounts. What is a jeton?";

/// What to do first, with lines that work as they stand.
pub(crate) fn empty(data: &PageData) -> Html {
    let base = data.status.listen.first().map_or("http://127.0.0.1:4600", String::as_str);
    let answers = |endpoint: &str| {
        let mut able = data.status.models.iter().filter(|model| model.endpoints.iter().any(|name| name == endpoint));
        // A model that costs something is the surer sign that a provider is set up; the built-in one always answers.
        able.clone()
            .find(|model| model.priced && !model.simulated && !model.name.starts_with("local/"))
            .or_else(|| able.next())
            .map_or("local/extract", |model| model.name.as_str())
    };
    let model = answers("chat");
    let (header, import, key) =
        if data.needs_key { (" -H \"authorization: Bearer $JETON_KEY\"", "import os\n", "os.environ[\"JETON_KEY\"]") } else { ("", "", "\"any\"") };
    let curl = format!(
        "curl {base}/v1/chat/completions -H 'content-type: application/json'{header} \\\n  -d '{{\"model\": \"{model}\", \"messages\": [{{\"role\": \"user\", \"content\": \"{FIRST_WORDS}\"}}]}}'"
    );
    let python = format!(
        "{import}from openai import OpenAI\n\nclient = OpenAI(base_url=\"{base}/v1\", api_key={key})\nreply = client.chat.completions.create(\n    model=\"{model}\",\n    \
         messages=[{{\"role\": \"user\", \"content\": \"{FIRST_WORDS}\"}}],\n)\nprint(reply.choices[0].message.content)"
    );
    let anthropic =
        if data.needs_key { format!("export ANTHROPIC_BASE_URL={base} ANTHROPIC_API_KEY=$JETON_KEY") } else { format!("export ANTHROPIC_BASE_URL={base}") };
    html!(
        "<h2>No calls so far. Point a client here, and every token is accounted from the first.</h2>\
         <p>Jeton speaks the dialects of OpenAI and Anthropic at {}. Change the base address of what you have; this page fills by itself.</p>\
         <h3>With curl</h3>{}<h3>With the OpenAI SDK</h3>{}<h3>With the Anthropic SDK or a coding agent</h3>{}",
        base,
        sample(&curl),
        sample(&python),
        sample(&anthropic)
    )
}

fn sample(text: &str) -> Html {
    html!("<div class=\"sample\"><pre tabindex=\"0\">{}</pre><button type=\"button\" data-copy>Copy</button></div>", text)
}

/// Facts about the server. Uptime is in minutes, so that the foot changes seldom.
pub(crate) fn foot(data: &PageData) -> Html {
    let status = &data.status;
    let up_ms = u64::try_from(data.now.0.saturating_sub(status.started.0)).unwrap_or(0) / 60_000 * 60_000;
    let providers: Html = status
        .providers
        .iter()
        .map(|provider| {
            let (mark, word) = match provider.health {
                Health::Up => ("up", "up"),
                Health::Degraded => ("degraded", "fails now and then"),
                Health::Down => ("down", "fails"),
                Health::Unknown => ("idle", "not tried so far"),
            };
            html!("<span title=\"{}\"><span class=\"mark {}\"></span>{}<span class=\"sr\"> {}</span></span>", word, mark, provider.name, word)
        })
        .collect();
    html!(
        "<span><b>Jeton {}</b> at {}</span><span>up {}</span><span>{} under way</span><span><span class=\"mark {}\"></span>ledger {}, survives the death of the {}</span>\
         <span>configuration <span class=\"mono\">{}</span></span>{}<span>times in {}</span><span><a href=\"/api/openapi.json\">API</a>, <a href=\"/metrics\">metrics</a></span>",
        status.version,
        status.listen.join(", "),
        if up_ms == 0 { "less than a minute".to_owned() } else { span_ms(up_ms).trim_end_matches(" 00 s").to_owned() },
        calls_under_way(data),
        if data.store_problem.is_some() { "down" } else { "up" },
        if data.store_problem.is_some() { "failing" } else { "sound" },
        if status.durability == "power" { "machine" } else { "process" },
        super::short_digest(&status.config.digest),
        providers,
        zone_name(data)
    )
}

fn zone_name(data: &PageData) -> String {
    data.zone.iana_name().map_or_else(|| moment(data.now, &data.zone, "%Z"), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn a_reason_becomes_a_sentence_that_ends_once() {
        for (reason, expected) in [
            ("answered 500", "Answered 500."),
            ("The last 6 tries failed.", "The last 6 tries failed."),
            ("api.acme.com does not answer", "api.acme.com does not answer."),
            ("is it on? ", "Is it on?"),
            ("ärger", "ärger."),
            ("", ""),
        ] {
            assert_eq!(sentence(reason), expected);
        }
    }
}
