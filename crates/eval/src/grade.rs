//! Graders as a suite writes them, and what they say of an answer.

use crate::Transform;
use jeton_core::Nanousd;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a grader says. There is no third way to pass: what could not be judged is unscored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The criterion is met.
    Pass,
    /// It is not met.
    Fail,
    /// Nothing can be said: the grader broke, or gave no verdict.
    Unscored,
}

/// One grader's word on one answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grade {
    /// The grader's name.
    pub grader: String,
    /// What it says.
    pub verdict: Verdict,
    /// How good, from 0 to 1; none where unscored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// How much it counts in the case's score; 0: it is told and decides nothing.
    pub weight: f64,
    /// Why, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Where in the answer or the value, as a JSON pointer or a position; where there is such a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What the grader itself cost; none: it called no model, or its cost is unknown (then `why` says so).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Nanousd>,
    /// The calls that it made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<String>,
    /// What it was told, where it asked a model, a program or a person: kept so that it can be judged again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<Value>,
}

/// A grader of a suite or a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grader {
    /// Unique among the graders of a case; the kind's word where nothing was said.
    pub name: String,
    /// What is judged.
    pub criterion: Criterion,
    /// Whether meeting the criterion is what must not be.
    #[serde(default)]
    pub negate: bool,
    /// How much it counts; 0: it is told and decides nothing.
    pub weight: f64,
    /// From which score on it passes; none: the criterion's own rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Whether its score is 1 where it passes and 0 where it fails, and nothing between.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_or_nothing: bool,
    /// What is done to the answer before it is judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transform: Vec<Transform>,
    /// Only cases with one of these tags are judged by it; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Only cases that have a reference (`true`), or that have none (`false`), are judged by it; none: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referenced: Option<bool>,
}

impl Grader {
    /// Whether a case is judged by it.
    #[must_use]
    pub fn applies(&self, case: &crate::Case) -> bool {
        let is_tagged = self.only.is_empty() || case.tags.iter().any(|tag| self.only.contains(tag));
        is_tagged && self.referenced.is_none_or(|referenced| referenced != case.references().is_empty())
    }

    /// A grader that counts once and judges by the criterion's own rule.
    #[must_use]
    pub fn new(name: impl Into<String>, criterion: Criterion) -> Self {
        Self {
            name: name.into(),
            criterion,
            negate: false,
            weight: 1.0,
            threshold: None,
            all_or_nothing: false,
            transform: Vec::new(),
            only: Vec::new(),
            referenced: None,
        }
    }
}

/// What a grader judges. Texts may hold `{{reference}}`, `{{input}}` and names of variables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[allow(missing_docs)] // The fields are told by their names; the reference of all of them is docs/evals.md.
pub enum Criterion {
    /// The answer is the value, blanks at both ends apart; `verbatim`: with them. No value: the case's reference, any of several.
    Exact { value: Option<String>, ignore_case: bool, verbatim: bool },
    /// The answer has the texts: all of them, or any. No texts: the case's reference, any of several.
    Contains { values: Vec<String>, any: bool, ignore_case: bool },
    /// The answer begins so, blanks before it apart; `verbatim`: with them.
    StartsWith { value: Option<String>, ignore_case: bool, verbatim: bool },
    /// The pattern is found in the answer.
    Regex { pattern: String },
    /// A number in the answer is the value, within an absolute or a relative tolerance. `last`: the last number, else the first.
    Number { value: Option<f64>, absolute: f64, relative: f64, last: bool },
    /// The answer is JSON equal to the value, at a JSON pointer of both, objects in any order.
    Json { value: Option<Value>, at: Option<String>, subset: bool },
    /// The answer is JSON (or has JSON in it, where `embedded`) that satisfies a JSON Schema: the schema itself, a path, or a unit's id.
    JsonSchema { schema: Option<Value>, unit: Option<String>, embedded: bool },
    /// One minus the edit distance over the longer length reaches the threshold (default 0.8). `distance_max`: the edit distance itself is at
    /// most this. Blanks at both ends are apart; `verbatim`: with them.
    EditSimilarity { value: Option<String>, ignore_case: bool, distance_max: Option<u32>, verbatim: bool },
    /// The cosine of the answer's and the reference's embeddings reaches the threshold (default 0.8).
    EmbeddingSimilarity { value: Option<String>, model: String },
    /// ROUGE-N recall against the reference, or its F1, reaches the threshold (default 0.75).
    Rouge { value: Option<String>, n: u32, f1: bool },
    /// Sentence BLEU against the references reaches the threshold (default 0.5).
    Bleu { value: Option<String> },
    /// The rows of the answer's table (CSV, JSON rows or a Markdown table) equal the reference's; `ordered`: in this order.
    Table { value: Option<String>, ordered: bool, tolerance: f64 },
    /// The results of running the answer's SQL and the reference's on the same small database are equal.
    Sql { value: Option<String>, setup: String, ordered: bool },
    /// A command in the sandbox gets a JSON document on stdin and prints one with `pass` or `score`, and `reason`.
    Program { command: Vec<String>, timeout_ms: u64, files: Vec<String> },
    /// The tools that were called, with arguments: in this order, or as a set; `exact`: no others.
    ToolCalls { calls: Vec<Value>, ordered: bool, exact: bool, schema: bool },
    /// Each passage between quotation marks, or each citation, stands word for word in its source: files, units or the attached context.
    Quotation { sources: Vec<String>, at_least: u32, min_words: u32 },
    /// A constraint unit's own check holds for the answer.
    Constraint { unit: String },
    /// The answer took at most so long.
    Latency { at_most_ms: u64 },
    /// The answer cost at most so much; an unknown cost is unscored.
    Cost { at_most: Nanousd },
    /// The answer has between so many words, fields (what stands between blanks), characters or tokens.
    Length { unit: String, at_least: Option<u64>, at_most: Option<u64> },
    /// The model refused (or abstained).
    Refusal {},
    /// A model judges by a rubric. `pairwise`: against the reference, in both orders.
    Judge { model: String, rubric: String, samples: u32, shows_reference: bool, pairwise: bool, choices: Vec<(String, f64)> },
    /// A person's label; unscored until there is one.
    Human { question: String },
    /// Several graders as one: passes where the weighted mean of their scores reaches the threshold, or all pass without one.
    All { of: Vec<Grader> },
    /// Passes where any of them passes.
    Any { of: Vec<Grader> },
}

impl Grade {
    /// A grade with its verdict, score 1 or 0 for it, and weight 1.
    #[must_use]
    pub fn new(grader: impl Into<String>, verdict: Verdict, why: impl Into<String>) -> Self {
        let score = match verdict {
            Verdict::Pass => Some(1.0),
            Verdict::Fail => Some(0.0),
            Verdict::Unscored => None,
        };
        Self { grader: grader.into(), verdict, score, weight: 1.0, why: why.into(), at: None, cost: None, calls: Vec::new(), raw: None }
    }
}
