//! The simulated model: it answers right exactly when everything is there that it needs, so the truth about every failure is known.

use super::fault::Secret;
use super::world::{FACTS, Fact};
use jeton_core::{Nanousd, SeededRandom};
use jeton_eval::cell::Targets;
use jeton_eval::{Answer, CallFault, Calling, FaultClass, ModelCall, Models, Role, TargetKind, Turn};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// The models: one that cannot do what is hard, and one that can.
pub(super) const WEAK: &str = "sim/weak";
pub(super) const STRONG: &str = "sim/strong";

/// Answers by the cases' secrets.
#[derive(Debug)]
pub(super) struct Simulated {
    pub(super) secrets: HashMap<String, Secret>,
    pub(super) seed: u64,
    calls: AtomicU64,
}

impl Simulated {
    pub(super) const fn new(secrets: HashMap<String, Secret>, seed: u64) -> Self {
        Self { secrets, seed, calls: AtomicU64::new(0) }
    }

    fn answer(&self, call: &ModelCall) -> Result<Answer, CallFault> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let case = call.tags.iter().find_map(|tag| tag.strip_prefix("case:")).unwrap_or_default();
        let Some(secret) = self.secrets.get(case) else { return Err(fault(FaultClass::Internal, "no_case", None)) };
        if let Some((class, code, status)) = secret.outage {
            return Err(fault(class, code, status));
        }
        let mut random = SeededRandom::new(self.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let is_lucky = secret.luck.is_none_or(|luck| random.unit() < luck);
        if let Some(finish) = secret.filtered {
            return Ok(answer(String::new(), finish, 0));
        }
        let text = match secret.mute {
            Some(text) => text.to_owned(),
            None => dressed(secret, &FACTS[secret.fact], said(secret, call, is_lucky), call),
        };
        Ok(cut(&text, call))
    }
}

/// What is said of the fact.
fn said<'f>(secret: &Secret, call: &ModelCall, is_lucky: bool) -> &'f str {
    let fact = &FACTS[secret.fact];
    let context: String = call.context.iter().flat_map(|context| &context.segments).map(|(text, _)| text.as_str()).collect();
    let is_able = call.model == STRONG || !secret.is_hard;
    let are_tools_right = call.turns.iter().filter(|turn| turn.role == Role::Tool).all(|turn| turn.content == RIGHT_RESULT);
    let second = secret.second.is_none_or(|second| context.contains(&FACTS[second].sentence(FACTS[second].value)));
    let units = FACTS.iter().filter(|fact| context.contains(&fact.sentence(fact.value))).count();
    if secret.is_swamped && units > 2 {
        "not known"
    } else if secret.is_gullible && context.contains(&fact.hearsay()) {
        fact.rumour
    } else if is_lucky && is_able && are_tools_right && second && context.contains(&fact.sentence(fact.value)) {
        fact.value
    } else if context.contains(&fact.sentence(fact.old)) {
        fact.old
    } else {
        "not known"
    }
}

/// The result of the tool with which a question can be answered.
pub(super) const RIGHT_RESULT: &str = "in stock: 7";

/// How it is said.
fn dressed(secret: &Secret, fact: &Fact, said: &str, call: &ModelCall) -> String {
    let is_told = call.turns.iter().any(|turn: &Turn| turn.role == Role::System && turn.content.contains("This rule must hold"));
    let mut text = if secret.is_fenced {
        format!("Gladly:\n```text\n{said}\n```")
    } else if secret.is_verbose {
        format!("{}the {} is {said}", "Let us look further. ".repeat(50), fact.thing)
    } else if secret.is_wrapped && !call.params.contains_key("response_format") {
        format!("**{said}**")
    } else if secret.is_terse {
        said.to_owned()
    } else {
        format!("After a look into the documents of the shop: the {} is {said}", fact.thing)
    };
    if secret.promises && !is_told {
        text.push_str(", we promise");
    }
    text
}

/// A token is a word.
fn cut(text: &str, call: &ModelCall) -> Answer {
    let words: Vec<&str> = text.split(' ').collect();
    let most = call.params.get("max_tokens").and_then(Value::as_u64).map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    if words.len() > most { answer(words[..most].join(" "), "length", most as u64) } else { answer(text.to_owned(), "stop", words.len() as u64) }
}

fn answer(text: String, finish: &str, tokens: u64) -> Answer {
    Answer { text, finish: Some(finish.to_owned()), cost: Some(Nanousd::ZERO), is_simulated: true, tokens_out: Some(tokens), tries: 1, ..Answer::default() }
}

fn fault(class: FaultClass, code: &str, status: Option<u16>) -> CallFault {
    CallFault { class, code: code.to_owned(), message: "injected".to_owned(), status, call: None, cost: None }
}

impl Models for Simulated {
    fn call(&self, call: ModelCall) -> Calling<'_, Answer> {
        Box::pin(async move { self.answer(&call) })
    }

    fn embed(&self, _: &str, _: Vec<String>, _: Vec<String>) -> Calling<'_, (Vec<Vec<f32>>, Answer)> {
        Box::pin(async { Err(fault(FaultClass::Request, "no_embeddings", None)) })
    }
}

impl Targets for Simulated {
    fn outside<'a>(&'a self, _: &'a TargetKind, _: &'a Value, _: Option<u64>) -> Calling<'a, Answer> {
        Box::pin(async { Err(fault(FaultClass::Target, "no_target", None)) })
    }
}
