//! A model as judge: one criterion to a call, the reason before the verdict, and nothing but a verdict of the asked shape counts.

mod prompt;
mod reply;

use super::Bench;
use super::said::{Bill, Judged, Said};
use super::values::{Sample, fill, wanted};
use crate::{FaultClass, ModelCall};
use prompt::{Order, Text};
use serde_json::{Value, json};

/// What a judge is asked.
pub(crate) struct Asked<'g> {
    pub(crate) model: &'g str,
    pub(crate) rubric: &'g str,
    pub(crate) samples: u32,
    pub(crate) shows_reference: bool,
    /// Verdicts with their scores; none: pass and fail.
    pub(crate) choices: &'g [(String, f64)],
}

/// What the samples said, and what is told of them.
#[derive(Default)]
struct Heard {
    scores: Vec<f64>,
    reasons: Vec<String>,
    /// Why samples have no verdict.
    open: Vec<String>,
    told: Vec<Value>,
    bill: Bill,
    is_over: bool,
}

/// Judges an answer by the rubric.
///
/// Each sample says pass or fail, or one of the choices. Without choices and threshold the majority decides, of all the samples that were asked;
/// else the mean of the scores must reach the threshold (0.5 where there is none), and more than half of the samples must have a verdict.
/// A reply that is no JSON of the shape, has another verdict, or contradicts itself is no verdict.
pub(crate) async fn judge(sample: &Sample<'_>, asked: &Asked<'_>, threshold: Option<f64>, bench: &Bench<'_>) -> Judged {
    let plain = [("pass".to_owned(), 1.0), ("fail".to_owned(), 0.0)];
    let choices = if asked.choices.is_empty() { &plain[..] } else { asked.choices };
    let rubric = fill(asked.rubric, sample.case)?;
    let reference = if asked.shows_reference { Some(wanted(None, sample.case)?.join("\n")) } else { None };
    let text = Text { rubric: &rubric, question: question(sample), reference: reference.as_deref(), choices };
    let mut heard = Heard::default();
    for _ in 0..asked.samples {
        let reply = ask(text.single(&sample.text), asked.model, choices, sample, bench, &mut heard).await;
        if let Some(verdict) = reply.and_then(|text| heard.read(&text, choices)) {
            heard.scores.extend(choices.iter().find(|(name, _)| *name == verdict).map(|(_, score)| *score));
        }
        if heard.is_over {
            break;
        }
    }
    let is_vote = asked.choices.is_empty() && threshold.is_none();
    Ok(heard.decide(asked.samples, |scores| if is_vote { vote(scores, asked.samples) } else { Some(Said::score(mean(scores), 0.5, "")) }))
}

/// Compares an answer with the (first) reference, in both orders for each sample.
///
/// The answer wins (1) or loses (0) where both orders say so. Where both find no difference it is as good as the reference: a tie (0.5), and
/// passes. Where the orders disagree the judge followed the place and not the text: this counts as a tie in the score, and decides nothing by
/// itself. Without a threshold the majority of the samples decides, else the mean score must reach it.
pub(crate) async fn pairwise(sample: &Sample<'_>, asked: &Asked<'_>, threshold: Option<f64>, bench: &Bench<'_>) -> Judged {
    let rubric = fill(asked.rubric, sample.case)?;
    let references = wanted(None, sample.case)?;
    let reference = references.first().ok_or("there is nothing to compare with")?;
    let choices: [(String, f64); 3] = [("first".to_owned(), 1.0), ("second".to_owned(), 0.0), ("equal".to_owned(), 0.5)];
    let text = Text { rubric: &rubric, question: question(sample), reference: None, choices: &choices };
    let (mut heard, mut settled) = (Heard::default(), Vec::new());
    for _ in 0..asked.samples {
        let mut verdicts = Vec::new();
        for order in [Order::AnswerFirst, Order::ReferenceFirst] {
            let messages = text.pair(&sample.text, reference, order);
            let verdict = match ask(messages, asked.model, &choices, sample, bench, &mut heard).await {
                Some(reply) => heard.read(&reply, &choices),
                None => None,
            };
            verdicts.extend(verdict.map(|verdict| order.score(&verdict)));
        }
        if let [one, other] = verdicts[..] {
            let agree = (one - other).abs() < 0.25;
            heard.scores.push(if agree { one } else { 0.5 });
            settled.extend(agree.then_some(one));
            heard.reasons.extend((!agree).then(|| "the orders disagree: a tie".to_owned()));
        }
        if heard.is_over {
            break;
        }
    }
    let by_vote = |_: &[f64]| {
        let votes: Vec<f64> = settled.iter().map(|score| if *score >= 0.5 { 1.0 } else { 0.0 }).collect();
        vote(&votes, asked.samples)
    };
    let mean_score = mean(&heard.scores);
    Ok(match threshold {
        None => heard.decide(asked.samples, |scores| by_vote(scores).map(|said| said.partly(mean_score))),
        Some(_) => heard.decide(asked.samples, |scores| Some(Said::score(mean(scores), 0.5, ""))),
    })
}

/// What was asked, as the judge reads it.
fn question<'s>(sample: &'s Sample<'_>) -> &'s str {
    sample.case.input.last_text()
}

/// The verdict of more than half of all samples; none where there is none.
fn vote(scores: &[f64], samples: u32) -> Option<Said> {
    let passes = scores.iter().filter(|score| **score >= 0.5).count();
    let needed = samples as usize / 2 + 1;
    let share = mean(scores);
    if passes >= needed {
        return Some(Said::pass("").partly(share));
    }
    (scores.len() - passes >= needed).then(|| Said::fail("").partly(share))
}

fn mean(scores: &[f64]) -> f64 {
    #[allow(clippy::cast_precision_loss)] // As many as there are samples.
    let count = scores.len() as f64;
    scores.iter().sum::<f64>() / count
}

/// One call; its reply, or none where there is no answer.
async fn ask(turns: Vec<crate::Turn>, model: &str, choices: &[(String, f64)], sample: &Sample<'_>, bench: &Bench<'_>, heard: &mut Heard) -> Option<String> {
    let params = prompt::params(choices);
    let call = ModelCall { model: model.to_owned(), turns, params, tags: bench.tags(sample.case), timeout_ms: bench.timeout_ms, ..ModelCall::default() };
    match bench.models.call(call).await {
        Ok(answer) => {
            heard.bill.add(answer.call.as_ref(), answer.cost);
            heard.told.push(json!({ "text": answer.text, "finish": answer.finish, "model": answer.model }));
            if let Some(finish @ ("length" | "content_filter" | "refusal")) = answer.finish.as_deref() {
                heard.open.push(format!("the judge's reply ended with `{finish}`"));
                return None;
            }
            Some(answer.text)
        }
        Err(fault) => {
            heard.bill.add(fault.call.as_ref(), fault.cost);
            heard.told.push(json!({ "fault": fault.code, "message": fault.message }));
            heard.open.push(format!("the judge gave no answer: {}", fault.message));
            heard.is_over = matches!(fault.class, FaultClass::Budget | FaultClass::Request);
            None
        }
    }
}

impl Heard {
    /// The verdict of a reply.
    fn read(&mut self, reply: &str, choices: &[(String, f64)]) -> Option<String> {
        match reply::read(reply, choices) {
            Ok((reason, verdict)) => {
                self.reasons.push(reason);
                Some(verdict)
            }
            Err(why) => {
                self.open.push(why);
                None
            }
        }
    }

    /// What all samples come to.
    fn decide(self, samples: u32, ruling: impl FnOnce(&[f64]) -> Option<Said>) -> Said {
        let judged = self.scores.len();
        let enough = judged > samples as usize / 2;
        let said = if enough { ruling(&self.scores) } else { None };
        let said = match (said, self.open.first()) {
            (Some(mut said), _) => {
                let count = if samples > 1 { format!("{judged} of {samples} samples: ") } else { String::new() };
                said.why = format!("{count}{}", self.reasons.first().map_or("", String::as_str));
                said
            }
            (None, Some(why)) => Said::unscored(why.clone()),
            (None, None) => Said::unscored(self.reasons.last().filter(|_| samples == 1).cloned().unwrap_or_else(|| "the samples have no majority".to_owned())),
        };
        said.told(Value::Array(self.told)).billed(self.bill)
    }
}

#[cfg(test)]
mod tests;
