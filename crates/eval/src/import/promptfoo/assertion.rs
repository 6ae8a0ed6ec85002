//! Assertions as graders. What has no counterpart becomes a question to a person, so that no case passes without it.

use super::script;
use super::values::{PROGRAM, Unread, as_text, cost, equals, json_schema, needed, of_none, refusal, several, texts, texts_or_one, tools, unread, whole, words};
use crate::import::Importer;
use crate::read::grader::free_name;
use crate::read::source::nearest;
use crate::{Criterion, Grader, Transform};
use jeton_context::Place;
use serde_json::{Map, Value};

/// Assertions that are read.
const READ: [&str; 33] = [
    "bleu",
    "contains",
    "contains-all",
    "contains-any",
    "contains-json",
    "cost",
    "equals",
    "factuality",
    "g-eval",
    "icontains",
    "icontains-all",
    "icontains-any",
    "is-json",
    "is-refusal",
    "is-valid-function-call",
    "is-valid-openai-function-call",
    "is-valid-openai-tools-call",
    "latency",
    "levenshtein",
    "llm-rubric",
    "model-graded-closedqa",
    "model-graded-factuality",
    "regex",
    "rouge-n",
    "similar",
    "similar:cosine",
    "starts-with",
    "tool-call-f1",
    "trajectory:tool-args-match",
    "trajectory:tool-sequence",
    "trajectory:tool-used",
    "word-count",
    "assert-set",
];

/// Assertions that have no counterpart, each with what to do.
const UNREAD: [(&str, &str); 37] = [
    ("agent-rubric", RUBRIC),
    ("answer-relevance", RUBRIC),
    ("classifier", PROGRAM),
    ("contains-html", PROGRAM),
    ("contains-sql", PROGRAM),
    ("contains-xml", PROGRAM),
    ("context-faithfulness", RUBRIC),
    ("context-recall", RUBRIC),
    ("context-relevance", RUBRIC),
    ("conversation-relevance", RUBRIC),
    ("finish-reason", PROGRAM),
    ("gleu", "Write a grader of kind `bleu` or `rouge`."),
    ("guardrails", PROGRAM),
    ("human", "Write a grader of kind `human`."),
    ("is-html", PROGRAM),
    ("is-sql", "Write a grader of kind `sql`, which runs the statement, or of kind `program`."),
    ("is-xml", PROGRAM),
    ("javascript", PROGRAM),
    ("max-score", "Compare the runs with `jeton eval compare`."),
    ("meteor", "Write a grader of kind `rouge`."),
    ("moderation", PROGRAM),
    ("perplexity", PROGRAM),
    ("perplexity-score", PROGRAM),
    ("pi", RUBRIC),
    ("python", PROGRAM),
    ("ruby", PROGRAM),
    ("search-rubric", RUBRIC),
    ("select-best", "Compare the runs with `jeton eval compare`, or write a `judge` with `pairwise`."),
    ("similar:dot", "Write a grader of kind `embedding-similarity`."),
    ("similar:euclidean", "Write a grader of kind `embedding-similarity`."),
    ("skill-used", PROGRAM),
    ("trace-error-spans", PROGRAM),
    ("trace-span-count", PROGRAM),
    ("trace-span-duration", "Write a grader of kind `latency`."),
    ("trajectory:goal-success", RUBRIC),
    ("trajectory:step-count", PROGRAM),
    ("webhook", PROGRAM),
];

const RUBRIC: &str = "Write a grader of kind `judge` with the criterion as its rubric.";

/// Whether promptfoo has an assertion of this type.
pub(super) fn is_type(name: &str) -> bool {
    READ.contains(&name) || UNREAD.iter().any(|(unread, _)| *unread == name)
}

/// What an assertion inherits from its test.
#[derive(Clone, Debug, Default)]
pub(super) struct Inherited {
    /// What is done to the answer first.
    pub(super) transform: Vec<Transform>,
    /// Whether the scores are put together as a mean, so that what lies between 0 and 1 counts.
    pub(super) is_mean: bool,
    /// The model that judges.
    pub(super) judge: Option<String>,
    /// The model that embeds.
    pub(super) embedder: Option<String>,
}

/// The models that judge and embed where nobody named one: those that promptfoo 0.121.20 asks.
const JUDGE: &str = "openai/gpt-5.5-2026-04-23";
const EMBEDDER: &str = "openai/text-embedding-3-large";

/// Reads assertions, one by one.
#[derive(Debug)]
pub(super) struct Assertions<'a> {
    pub(super) importer: &'a Importer<'a>,
    pub(super) inherited: Inherited,
}

impl Assertions<'_> {
    /// The graders of a list of assertions, with names of their own.
    pub(super) fn graders(&self, asserts: &[(Value, Place)]) -> Vec<Grader> {
        let mut graders: Vec<Grader> = Vec::new();
        for (value, place) in asserts {
            let mut grader = self.grader(value, place);
            let names: Vec<String> = graders.iter().map(|grader| grader.name.clone()).collect();
            grader.name = free_name(&grader.name, &names);
            graders.push(grader);
        }
        graders
    }

    fn grader(&self, value: &Value, place: &Place) -> Grader {
        // In some lists a text is the short form.
        if let Some(text) = value.as_str() {
            return self.grader(&super::table::expected(text), place);
        }
        let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
        let bare = kind.strip_prefix("not-").unwrap_or(kind);
        let name = value.get("metric").and_then(Value::as_str).filter(|name| !name.trim().is_empty()).unwrap_or(kind);
        let made = self.transformed(value).and_then(|transform| Ok((transform, self.criterion(bare, value, place)?)));
        let mut grader = match made {
            Ok((transform, (criterion, threshold))) => {
                let negate = bare.len() < kind.len();
                let criterion = if negate { of_none(bare, criterion) } else { criterion };
                let all_or_nothing = self.inherited.is_mean && !is_graded(bare);
                Grader { transform, threshold, negate, all_or_nothing, ..Grader::new(name, criterion) }
            }
            Err((why, remedy)) => {
                self.importer.skipped(place, format!("the assertion `{kind}` is not read: {why}"), remedy);
                let said = value.get("value").map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).unwrap_or_default();
                Grader::new(name, Criterion::Human { question: raw(&format!("Does the answer meet the assertion `{kind}`? {said}")) })
            }
        };
        grader.weight = value.get("weight").and_then(Value::as_f64).filter(|weight| *weight >= 0.0).unwrap_or(1.0);
        if grader.name.is_empty() {
            grader.name = "assertion".to_owned();
        }
        grader
    }

    /// What is done to the answer: what the test says, then what the assertion says.
    fn transformed(&self, value: &Value) -> Result<Vec<Transform>, Unread> {
        let mut transforms = self.inherited.transform.clone();
        if let Some(expression) = value.get("transform").and_then(Value::as_str) {
            let read = script::transforms(expression).ok_or_else(|| unread(format!("its transform `{expression}` is a script"), PROGRAM))?;
            transforms.extend(read);
        }
        if value.get("contextTransform").is_some() {
            return Err(unread("it has a `contextTransform`", PROGRAM));
        }
        Ok(transforms)
    }

    fn criterion(&self, kind: &str, value: &Value, place: &Place) -> Result<(Criterion, Option<f64>), Unread> {
        let threshold = value.get("threshold").and_then(Value::as_f64);
        let found = self.value(value, place)?;
        let text = || found.as_ref().map(as_text).ok_or_else(|| unread("it has no `value`", "Write the `value`."));
        let plain = |criterion| Ok((criterion, None));
        match kind {
            "equals" => plain(equals(found.as_ref())?),
            "contains" | "icontains" => plain(Criterion::Contains { values: vec![text()?], any: false, ignore_case: kind == "icontains" }),
            "contains-any" | "contains-all" | "icontains-any" | "icontains-all" => {
                let values = texts(found.as_ref()).ok_or_else(|| unread("its `value` is no list", "Write a list of texts."))?;
                plain(Criterion::Contains { values, any: kind.ends_with("any"), ignore_case: kind.starts_with('i') })
            }
            "starts-with" => plain(Criterion::StartsWith { value: Some(text()?), ignore_case: false, verbatim: true }),
            "regex" => {
                let source = text()?;
                let why = || {
                    unread(
                        format!("`{source}` uses what regular expressions here do not have (look-around, references to groups)"),
                        "Write it without, or as a `program`.",
                    )
                };
                plain(Criterion::Regex { pattern: script::pattern(&source, "").ok_or_else(why)? })
            }
            "is-json" | "contains-json" => plain(json_schema(found, kind == "contains-json")?),
            "levenshtein" => {
                let distance_max = Some(whole(threshold.unwrap_or(5.0)));
                plain(Criterion::EditSimilarity { value: Some(text()?), ignore_case: false, distance_max, verbatim: true })
            }
            "similar" | "similar:cosine" => self.similar(value, found.as_ref(), threshold),
            "rouge-n" => Ok((Criterion::Rouge { value: Some(text()?), n: 1, f1: true }, Some(threshold.unwrap_or(0.75)))),
            "bleu" => Ok((several(found.as_ref(), |value| Criterion::Bleu { value: Some(value) })?, Some(threshold.unwrap_or(0.5)))),
            "latency" => plain(Criterion::Latency { at_most_ms: whole(needed(threshold)?).into() }),
            "cost" => plain(cost(needed(threshold)?)?),
            "is-refusal" => plain(refusal()),
            "word-count" => plain(words(found.as_ref())?),
            "is-valid-function-call" | "is-valid-openai-function-call" | "is-valid-openai-tools-call" => {
                plain(Criterion::ToolCalls { calls: Vec::new(), ordered: false, exact: false, schema: true })
            }
            "tool-call-f1" => Ok((tools(kind, found.as_ref())?, threshold.filter(|threshold| *threshold < 1.0))),
            "trajectory:tool-used" | "trajectory:tool-sequence" | "trajectory:tool-args-match" => plain(tools(kind, found.as_ref())?),
            "llm-rubric" | "model-graded-closedqa" | "factuality" | "model-graded-factuality" | "g-eval" => {
                self.judge(kind, value, found.as_ref(), threshold, place)
            }
            "assert-set" => Ok((Criterion::All { of: self.members(value, place)? }, threshold)),
            _ => Err(match UNREAD.iter().find(|(name, _)| *name == kind) {
                Some((_, remedy)) => unread("it has no counterpart here", remedy),
                None => ("no such assertion is known".to_owned(), nearest(kind, READ)),
            }),
        }
    }

    /// The value of an assertion; of a file where it names one.
    fn value(&self, value: &Value, place: &Place) -> Result<Option<Value>, Unread> {
        let Some(found) = value.get("value").filter(|value| !value.is_null()) else { return Ok(None) };
        let Some(named) = found.as_str().and_then(|text| text.strip_prefix("file://")) else { return Ok(Some(found.clone())) };
        match self.importer.data(named, place) {
            Some(data) => Ok(Some(data)),
            None => Err(unread(format!("`{named}` is not read"), PROGRAM)),
        }
    }

    fn members(&self, value: &Value, place: &Place) -> Result<Vec<Grader>, Unread> {
        let inherited = Inherited { is_mean: self.inherited.is_mean || value.get("threshold").is_some(), ..self.inherited.clone() };
        let of: Vec<(Value, Place)> = value.get("assert").and_then(Value::as_array).into_iter().flatten().map(|one| (one.clone(), place.clone())).collect();
        if of.is_empty() { Err(unread("it has no assertions", "Write its `assert`.")) } else { Ok(Self { importer: self.importer, inherited }.graders(&of)) }
    }

    fn similar(&self, value: &Value, found: Option<&Value>, threshold: Option<f64>) -> Result<(Criterion, Option<f64>), Unread> {
        let named = value.get("provider").and_then(super::provider::model_of);
        let model = named.or_else(|| self.inherited.embedder.clone()).unwrap_or_else(|| EMBEDDER.to_owned());
        let threshold = threshold.unwrap_or(0.75);
        let one = |value| Criterion::EmbeddingSimilarity { value: Some(value), model: model.clone() };
        let criterion = match several(found, one)? {
            // Each of several has the threshold by itself.
            Criterion::Any { of } => Criterion::Any { of: of.into_iter().map(|grader| Grader { threshold: Some(threshold), ..grader }).collect() },
            one => return Ok((one, Some(threshold))),
        };
        Ok((criterion, None))
    }

    fn judge(&self, kind: &str, value: &Value, found: Option<&Value>, threshold: Option<f64>, place: &Place) -> Result<(Criterion, Option<f64>), Unread> {
        let criteria = texts_or_one(found).ok_or_else(|| unread("it has no `value`", RUBRIC))?;
        let named = value.get("provider").and_then(super::provider::model_of).or_else(|| self.inherited.judge.clone());
        let model = named.unwrap_or_else(|| {
            self.importer.differs(place, format!("no model is named that judges `{kind}`; `{JUDGE}` is written"), "Write the model that shall judge.");
            JUDGE.to_owned()
        });
        if value.get("rubricPrompt").is_some() {
            self.importer.differs(place, "the judge has a prompt of its own, and gets its rubric alone", "Put into the rubric what the prompt said.");
        }
        let by = |rubric: String, choices| Criterion::Judge { model: model.clone(), rubric, samples: 1, shows_reference: false, pairwise: false, choices };
        Ok(match kind {
            "factuality" | "model-graded-factuality" => {
                let choices = FACT_CHOICES.map(|(choice, score)| (choice.to_owned(), score)).to_vec();
                (by(format!("{FACTS}\n\n{}", criteria.join("\n")), choices), threshold)
            }
            "model-graded-closedqa" => (by(format!("The answer meets this criterion: {}", criteria.join("\n")), Vec::new()), threshold),
            // Each criterion is asked for by itself, and their mean counts.
            "g-eval" if criteria.len() > 1 => {
                let one = |(at, rubric): (usize, String)| Grader::new(format!("criterion-{}", at + 1), by(rubric, tenths()));
                (Criterion::All { of: criteria.into_iter().enumerate().map(one).collect() }, Some(threshold.unwrap_or(0.7)))
            }
            "g-eval" => (by(criteria.join("\n"), tenths()), Some(threshold.unwrap_or(0.7))),
            _ => (by(criteria.join("\n"), if threshold.is_some() { tenths() } else { Vec::new() }), threshold),
        })
    }
}

/// Whether promptfoo's score of an assertion may lie between 0 and 1.
fn is_graded(kind: &str) -> bool {
    const GRADED: [&str; 10] =
        ["assert-set", "bleu", "factuality", "g-eval", "llm-rubric", "model-graded-factuality", "rouge-n", "similar", "similar:cosine", "tool-call-f1"];
    GRADED.contains(&kind)
}

/// What a judge may say where a score must reach a bar: 0 to 10, in tenths.
fn tenths() -> Vec<(String, f64)> {
    (0..=10_u8).map(|tenth| (tenth.to_string(), f64::from(tenth) / 10.0)).collect()
}

/// The classes in which promptfoo's documentation sorts facts, with the score that each has by default, in our words.
const FACTS: &str = "Compare the facts of the answer with the text below; style does not matter.\n\
    A: its facts are some of those in the text, and agree with them.\n\
    B: it has all facts of the text and more, and agrees with them.\n\
    C: it has the same facts.\n\
    D: its facts and those of the text disagree.\n\
    E: they differ, but not in facts that matter.";
const FACT_CHOICES: [(&str, f64); 5] = [("A", 1.0), ("B", 1.0), ("C", 1.0), ("D", 0.0), ("E", 1.0)];

/// A text that is shown as it is, although it stands where templates do.
fn raw(text: &str) -> String {
    if crate::template::is_template(text) { format!("{{% raw %}}{}{{% endraw %}}", text.replace("{% endraw %}", "")) } else { text.to_owned() }
}

/// The settings of an assertion that a test's `options` hold.
pub(super) fn models(options: &Map<String, Value>) -> (Option<String>, Option<String>) {
    let provider = options.get("provider");
    let of = |key: &str| provider.and_then(|provider| provider.get(key)).and_then(super::provider::model_of);
    let judge = provider.filter(|provider| provider.get("embedding").is_none() && provider.get("text").is_none()).and_then(super::provider::model_of);
    (judge.or_else(|| of("text")), of("embedding"))
}
