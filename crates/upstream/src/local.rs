//! `local/extract`: answers a question with passages of the context that came with it, word for word, or abstains.
//!
//! No network, no key, no cost, and nothing invented: whatever it says stands in the request. It does well exactly when the right context was
//! supplied. What it does, in order:
//!
//! 1. *Question and context* are found in the messages (`local/material.rs`).
//! 2. *Candidates* are the context's sentences, list items, table rows and lines of code (`local/candidates.rs`).
//! 3. They are *ranked* by BM25F over three fields: the candidate, what it stands under, its neighbours (`local/answer.rs`).
//! 4. *Confidence* is the idf-weighted share of the question's words found, times how well the answer's type fits (`when` wants a time), times
//!    how clearly the best one leads. Below [`THRESHOLD`] the model abstains.
//! 5. Where the request asks for a `json_schema`, members are *filled* from `key: value` lines, tables, JSON and plain statements
//!    (`local/facts.rs`, `local/fill.rs`).
//! 6. The answer is *written* in the caller's dialect (`local/reply.rs`).
//!
//! The words of near meaning and the stop words are English; other languages are served by their words alone.

mod answer;
mod candidates;
mod coerce;
mod facts;
mod fill;
mod material;
mod question;
mod reply;
mod tables;

#[cfg(test)]
mod cases;

use jeton_wire::canonical::{Request, ResponseFormat};
use material::{Source, material};
use serde_json::json;
use std::ops::Range;

pub use reply::{Answer, answer};

/// The confidence from which on an answer is given; below it the model abstains.
pub const THRESHOLD: f64 = 0.35;

/// What the model says when it abstains, word for word.
pub const ABSTENTION: &str = "I cannot answer this from the context given.";

/// A piece of the context.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// The piece, word for word.
    pub text: String,
    /// Where it begins, in bytes of the message's text (its text parts, documents and tool results joined by line breaks).
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
    /// The same place in characters (Unicode scalar values), as the answer's `jeton` object gives it.
    pub characters: Range<usize>,
    /// The message's place in the request, from 0; the system text of a Messages request comes first where there is one.
    pub message: usize,
    /// How well it fits the question: its BM25F score times the factor of its type. Comparable within one answer only.
    pub score: f64,
    /// Whether the answer consists of it (with others); else it is a runner-up.
    pub used: bool,
}

impl Passage {
    fn new(source: &Source, range: Range<usize>, score: f64, used: bool) -> Self {
        let text = source.text[range.clone()].to_owned();
        let before = source.text[..range.start].chars().count();
        let characters = before..before + text.chars().count();
        Self { text, start: range.start, end: range.end, characters, message: source.message, score, used }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Extraction {
    /// The answer, or `None` where the model abstains. Free text is the used passages joined by one space; a format is JSON text.
    pub answer: Option<String>,
    /// How far the answer is to be trusted, in [0, 1]. A rank, not a probability.
    pub confidence: f64,
    /// The used passages in the order of the context, then runners-up, best first.
    pub passages: Vec<Passage>,
    /// Why, in one sentence.
    pub reason: String,
}

impl Extraction {
    fn abstained(reason: &str, passages: Vec<Passage>, confidence: f64) -> Self {
        Self { answer: None, confidence, passages, reason: reason.to_owned() }
    }
}

/// Answers the request from its own context. Pure; never fails: what cannot be answered is abstained from.
#[must_use]
pub fn extract(request: &Request) -> Extraction {
    let material = material(request);
    match &request.response_format {
        Some(ResponseFormat::JsonSchema { schema, .. }) => fill::fill(schema, &material),
        Some(ResponseFormat::JsonObject) => {
            let mut found = answer::answer(&material.question, &material.sources);
            found.answer = found.answer.map(|text| json!({ "answer": text }).to_string());
            found
        }
        None => answer::answer(&material.question, &material.sources),
    }
}
