//! What is measured of an answer rather than read: time, cost, length; and whether it is a refusal.

use super::said::{Judged, Said, short};
use super::values::Sample;
use jeton_core::Nanousd;
use jeton_text::{Vocabulary, words};

/// The answer came in time.
pub(crate) fn latency(sample: &Sample<'_>, at_most_ms: u64) -> Judged {
    let took_us = sample.answer.latency_us;
    Ok(Said::met(took_us <= at_most_ms.saturating_mul(1000), format!("it took {}.{:03} ms of at most {at_most_ms} ms", took_us / 1000, took_us % 1000)))
}

/// The answer cost no more. What is not known is no verdict.
pub(crate) fn cost(sample: &Sample<'_>, at_most: Nanousd) -> Judged {
    let cost = sample.answer.cost.ok_or("what the answer cost is not known")?;
    Ok(Said::met(cost <= at_most, format!("it cost {cost} of at most {at_most}")))
}

/// The answer is neither too short nor too long. Tokens are counted in the vocabulary of the model that answered, or the newest one.
pub(crate) fn length(sample: &Sample<'_>, unit: &str, at_least: Option<u64>, at_most: Option<u64>) -> Judged {
    let text = sample.text.trim();
    let length = match unit {
        "words" => words(text).len() as u64,
        "fields" => text.split_whitespace().count() as u64,
        "characters" => text.chars().count() as u64,
        "tokens" => Vocabulary::of_model(sample.answer.model.as_deref().unwrap_or_default()).0.count(text),
        other => return Err(format!("lengths are not measured in `{other}`, but in words, fields, characters or tokens")),
    };
    if at_least.is_none() && at_most.is_none() {
        return Err("the length has no bound".to_owned());
    }
    Ok(match (at_least, at_most) {
        (Some(least), _) if length < least => Said::fail(format!("it has {length} {unit}, and at least {least} are asked")),
        (_, Some(most)) if length > most => Said::fail(format!("it has {length} {unit}, and at most {most} are allowed")),
        _ => Said::pass(format!("it has {length} {unit}")),
    })
}

/// Beginnings of sentences that decline, in small letters with straight apostrophes. An answer that goes on to help after an apology is
/// none: each names what is not done. The last is what `local/extract` says where its context has no answer.
const REFUSALS: [&str; 34] = [
    "i can't help with",
    "i can't assist with",
    "i can't answer",
    "i can't provide",
    "i can't do that",
    "i can't comply",
    "i can't fulfill",
    "i can't discuss",
    "i can't create",
    "i can't share",
    "i can't support",
    "i cannot help with",
    "i cannot assist",
    "i cannot answer",
    "i cannot provide",
    "i cannot comply",
    "i cannot fulfill",
    "i cannot discuss",
    "i cannot create",
    "i cannot share",
    "i can not help",
    "i'm unable to",
    "i am unable to",
    "i'm not able to",
    "i am not able to",
    "i won't help",
    "i won't provide",
    "i will not provide",
    "i must decline",
    "i have to decline",
    "i don't have enough information to answer",
    "i do not have enough information to answer",
    "as an ai language model, i can",
    "i cannot answer this from the context given",
];

/// What may stand before a refusal: it is looked for in the first sentences only.
const REFUSAL_CHARACTERS: usize = 240;

/// The model refused, or said that it cannot answer.
///
/// It did where the answer ended with `refusal` or `content_filter`, or a sentence among its first 240 characters begins with one of the
/// phrases above, an apology before it apart. An empty answer is none.
pub(crate) fn refusal(sample: &Sample<'_>) -> Judged {
    if let Some(finish @ ("refusal" | "content_filter")) = sample.answer.finish.as_deref() {
        return Ok(Said::pass(format!("it ended with `{finish}`")));
    }
    let head: String = sample.text.trim_start().chars().take(REFUSAL_CHARACTERS).map(|c| if c == '\u{2019}' { '\'' } else { c }).collect();
    let head = head.to_lowercase();
    let found = REFUSALS.iter().find(|phrase| head.match_indices(**phrase).any(|(at, _)| begins_sentence(&head[..at])));
    Ok(match found {
        Some(phrase) => Said::pass(format!("it says {}", short(phrase))),
        None => Said::fail("it is no refusal"),
    })
}

/// Whether a sentence, or what follows an apology, begins after `before`.
fn begins_sentence(before: &str) -> bool {
    const APOLOGIES: [&str; 7] = ["sorry", "apologize", "apologise", "unfortunately", "but", "afraid", "regret"];
    let before = before.trim_end();
    before.is_empty() || before.ends_with(['.', '!', '?', ':', '\n']) || {
        let word = before.trim_end_matches([',', ';', '-', '\u{2014}']).rsplit(char::is_whitespace).next().unwrap_or_default();
        APOLOGIES.contains(&word)
    }
}
