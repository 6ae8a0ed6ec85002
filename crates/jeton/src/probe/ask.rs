//! One question, asked through the broker within a sum of money, and what its answer is worth.

use super::Ability;
use super::body::Question;
use super::said::{Said, document, stream};
use crate::caller::{Caller, RawAnswer, RawCall};
use jeton_core::{Nanousd, Price, Usage};
use jeton_ledger::CallRecord;
use jeton_wire::{Endpoint, read_error};
use std::time::Duration;

/// The class under which probes stand in the ledger.
pub(crate) const CLASS: &str = "jeton.probe";
/// The longest that one answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// Input tokens of a picture that fits into one tile, by the dearest published rule: GPT-4o mini, 2,833 and 5,667 for the tile (OpenAI,
/// "Images and vision").
const MEDIA_TOKENS: u64 = 8_500;
/// The same at Anthropic: 3,000 for the text of a page of PDF, and 1,600 for its picture, the most for one (Claude docs, "PDF support" and
/// "Vision").
const MESSAGES_MEDIA_TOKENS: u64 = 4_600;
/// Tokens that no text of the request shows: what dialects put around messages, and the hidden prompt that explains tools to a model,
/// 530 at most (Claude docs, "Tool use").
const HIDDEN_TOKENS: u64 = 1_088;

/// What came of a question.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    /// An answer.
    Said(Said),
    /// The provider refuses what was asked, in these words.
    Refused(String),
    /// Nothing that tells of the ability, and why.
    Nothing(String),
    /// The provider cannot be asked at all: no connection, no valid credential, a failure of its own.
    Down(String),
}

/// What one model's questions took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) calls: usize,
    pub(crate) charged: Nanousd,
    pub(crate) is_simulated: bool,
    /// Questions that the budget left unasked.
    pub(crate) unaffordable: usize,
}

/// Asks one model.
pub(crate) struct Asker<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) model: String,
    /// By which the most that a question can cost is reckoned.
    pub(crate) price: Price,
    /// What is left of the budget of all models.
    pub(crate) left: &'a mut Nanousd,
    pub(crate) taken: Taken,
    /// Questions that were asked already: several abilities may show in one answer.
    pub(crate) asked: Vec<(Question, Heard)>,
}

impl Asker<'_> {
    /// Asks, unless the same was asked before or the most that it can cost is more than what is left.
    pub(crate) async fn ask(&mut self, ability: Ability, question: &Question) -> Heard {
        if let Some((_, heard)) = self.asked.iter().find(|(asked, _)| asked == question) {
            return heard.clone();
        }
        let heard = match bound(ability, question, &self.price) {
            None => Heard::Nothing("its price is unknown, and an unknown price keeps to no budget".to_owned()),
            Some(most) if most > *self.left => {
                self.taken.unaffordable += 1;
                Heard::Nothing(format!("not asked: it may cost {most}, and {} of the budget is left", self.left))
            }
            Some(most) => self.send(question, most).await,
        };
        self.asked.push((question.clone(), heard.clone()));
        heard
    }

    async fn send(&mut self, question: &Question, most: Nanousd) -> Heard {
        let call = RawCall {
            endpoint: question.endpoint,
            model: self.model.clone(),
            is_stream: question.is_stream,
            body: question.body.to_string().into_bytes(),
            class: CLASS.to_owned(),
        };
        let answer = self.caller.raw(call, PATIENCE).await;
        self.taken.calls += 1;
        // Where nobody can say what it cost, it counts with the most that it may have cost.
        let charged = answer.as_ref().ok().and_then(|answer| answer.record.as_ref()).map_or(most, |record| record.charged);
        self.taken.charged = self.taken.charged.saturating_add(charged);
        *self.left = self.left.saturating_sub(charged);
        match answer {
            Ok(answer) => {
                self.taken.is_simulated |= answer.record.as_ref().is_some_and(|record| record.simulated);
                heard(question, &answer)
            }
            Err(fault) => Heard::Down(fault.message),
        }
    }
}

/// The most that a question can cost; none where the price is unknown. No tokenizer makes more tokens than bytes.
fn bound(ability: Ability, question: &Question, price: &Price) -> Option<Nanousd> {
    if question.output_tokens == 0 {
        return Some(Nanousd::ZERO); // counting tokens is free
    }
    let media = match (ability, question.endpoint) {
        (Ability::Image | Ability::Pdf, Endpoint::Messages) => MESSAGES_MEDIA_TOKENS,
        (Ability::Image | Ability::Pdf, _) => MEDIA_TOKENS,
        _ => 0,
    };
    let input = question.body.to_string().len() as u64 + HIDDEN_TOKENS + media;
    if ability == Ability::Cache {
        return price.bound(input, question.output_tokens, None);
    }
    price.charge(&Usage { input: Some(input), output: Some(question.output_tokens), ..Usage::default() }).known()
}

/// Statuses with which providers refuse what a request holds; everything else (401, 402, 403, 408, 409, 429, 5xx) says nothing of it.
const REFUSING: [u16; 6] = [400, 404, 405, 413, 415, 422];
/// Words by which a refusal is about money after all: Anthropic answers an empty account with 400.
const MONEY: [&str; 4] = ["credit balance", "billing", "insufficient_quota", "exceeded your current quota"];

fn heard(question: &Question, answer: &RawAnswer) -> Heard {
    if (200..300).contains(&answer.status) {
        return if question.is_stream { Heard::Said(stream(question.endpoint, &answer.body)) } else { said(question, answer) };
    }
    let told = read_error(question.endpoint.dialect(), answer.status, |_| None, &answer.body).message;
    let reached = answer.record.as_ref().map(reached);
    match (reached, answer.status) {
        // Jeton itself refused it: a class, a budget, a key.
        (Some(Reached::Nobody), _) => Heard::Nothing(format!("Jeton refused the call: {told}")),
        (Some(Reached::NoAnswer), _) => Heard::Down(own_words(answer).unwrap_or(told)),
        (_, status) if REFUSING.contains(&status) && !MONEY.iter().any(|words| told.to_lowercase().contains(words)) => {
            Heard::Refused(format!("{status}: {told}"))
        }
        (_, status @ (401 | 402 | 403 | 500..)) => Heard::Down(format!("{status}: {told}")),
        (_, status) => Heard::Nothing(format!("{status}: {told}")),
    }
}

/// What Jeton says of a call that nobody answered, without the advice that is meant for those who called.
fn own_words(answer: &RawAnswer) -> Option<String> {
    answer.record.as_ref().and_then(|record| record.fault.as_ref()).map(|fault| fault.message.clone())
}

fn said(question: &Question, answer: &RawAnswer) -> Heard {
    document(question.endpoint, &answer.body).map_or_else(|| Heard::Nothing("the answer is no document of its dialect".to_owned()), Heard::Said)
}

/// How far a call came.
enum Reached {
    /// It left for nobody.
    Nobody,
    /// It was sent, and nothing came back.
    NoAnswer,
    /// The provider answered.
    Provider,
}

fn reached(record: &CallRecord) -> Reached {
    match record.tries.last() {
        None => Reached::Nobody,
        Some(one) if one.status.is_none() => Reached::NoAnswer,
        Some(_) => Reached::Provider,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jeton_core::{Rate, Rates};
    use serde_json::json;

    fn question() -> Question {
        Question { endpoint: Endpoint::Chat, body: json!({}), is_stream: false, output_tokens: 10 }
    }

    fn check(status: u16, message: &str, expected: &Heard) {
        let body = json!({ "error": { "message": message } }).to_string().into_bytes();
        assert_eq!(&heard(&question(), &RawAnswer { status, body, record: None }), expected, "{status} {message}");
    }

    #[test]
    fn only_statuses_that_speak_of_the_request_refuse_an_ability() {
        check(400, "no images", &Heard::Refused("400: no images".into()));
        check(404, "no endpoint takes images", &Heard::Refused("404: no endpoint takes images".into()));
        check(400, "Your credit balance is too low", &Heard::Nothing("400: Your credit balance is too low".into()));
        check(429, "slow down", &Heard::Nothing("429: slow down".into()));
        check(401, "who are you", &Heard::Down("401: who are you".into()));
        check(503, "later", &Heard::Down("503: later".into()));
    }

    #[test]
    fn a_question_is_bound_by_its_bytes_and_unknown_prices_by_nothing() {
        let rate = Some(Rate(1_000_000_000));
        let price = Price { rates: Rates { input: rate, output: rate, ..Rates::default() }, ..Price::default() };
        assert_eq!(bound(Ability::Text, &question(), &price), Some(Nanousd((2 + 1_088 + 10) * 1_000)));
        assert_eq!(bound(Ability::Image, &question(), &price), Some(Nanousd((2 + 1_088 + 8_500 + 10) * 1_000)));
        assert_eq!(bound(Ability::Text, &question(), &Price::default()), None);
    }
}
