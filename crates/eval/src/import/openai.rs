//! Evaluations of OpenAI's hosted service: `testing_criteria` as graders. Their rows come as a file of their own.

use super::{Found, Importer};
use crate::read::grader::free_name;
use crate::read::source::Source;
use crate::{Criterion, Grader, Suite};
use jeton_context::Place;
use serde_json::Value;

/// A definition with `testing_criteria`. The cases are those of `data_source` where the rows stand in it; else there are none, and the finding
/// says what to do.
pub(super) fn definition(importer: &Importer<'_>, source: &Source) -> Option<Found> {
    let named = source.value.get("name").and_then(Value::as_str).map_or_else(|| importer.suite_name(), super::name_of);
    let mut suite = Suite::new(named, importer.place());
    let criteria = source.value.get("testing_criteria").and_then(Value::as_array).cloned().unwrap_or_default();
    for (at, criterion) in criteria.iter().enumerate() {
        let place = source.place(&format!("/testing_criteria/{at}"));
        let mut grader = grader(importer, criterion, &place);
        let names: Vec<String> = suite.graders.iter().map(|grader| grader.name.clone()).collect();
        grader.name = free_name(&grader.name, &names);
        suite.graders.push(grader);
    }
    suite.cases = cases(importer, source);
    if suite.cases.is_empty() {
        let place = source.place("/testing_criteria");
        importer.report.error(
            "no-cases",
            place,
            "the definition has no rows",
            "Put the rows (`{\"item\": …}`) under `data_source.source.content`, or import them as JSON Lines and add the graders.",
        );
        return None;
    }
    Some(Found { format: "OpenAI hosted evals", suite, recordings: Vec::new() })
}

/// The rows that stand in the definition itself.
fn cases(importer: &Importer<'_>, source: &Source) -> Vec<crate::Case> {
    let pointers = ["/data_source/source/content", "/data_source/content", "/content"];
    let Some((pointer, rows)) = pointers.iter().find_map(|pointer| Some((pointer, source.value.pointer(pointer)?.as_array()?))) else { return Vec::new() };
    let vars = serde_json::Map::new();
    let defaults = crate::read::case::Defaults { vars: &vars, graders: &[] };
    let row = |(at, row): (usize, &Value)| {
        let place = source.place(&format!("{pointer}/{at}"));
        let Some(map) = row.as_object().cloned() else {
            let message = format!("row {} is no JSON object", at + 1);
            importer.report.error("wrong-type", place, message, "Write `{\"item\": {…}}`.");
            return None;
        };
        let own = crate::read::dialect::sniff(&map).map_or(map.clone(), |dialect| dialect.own(map).row);
        let source = Source::row(importer.path.clone(), Value::Object(own), place.first_line, place.last_line);
        crate::read::case::case(&source.table("", importer.report)?, &defaults, at + 1)
    };
    rows.iter().enumerate().filter_map(row).collect()
}

fn grader(importer: &Importer<'_>, criterion: &Value, place: &Place) -> Grader {
    let kind = criterion.get("type").and_then(Value::as_str).unwrap_or_default();
    let name = criterion.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).unwrap_or(kind);
    let read = match kind {
        "string_check" => string_check(criterion),
        "text_similarity" => text_similarity(criterion),
        "label_model" => label_model(criterion),
        "score_model" => score_model(importer, criterion, place),
        "multi" => Err("it computes one score from several by a formula"),
        "python" => Err("it runs Python"),
        _ => Err("it is not known"),
    };
    match read {
        Ok(grader) => Grader { name: name.to_owned(), ..grader },
        Err(why) => {
            let remedy = "Write a grader of kind `program`, or an `all` with weights and a threshold.";
            importer.skipped(place, format!("the criterion `{name}` of type `{kind}` is not read: {why}"), remedy);
            Grader::new(if name.is_empty() { "criterion" } else { name }, Criterion::Human { question: format!("Does the answer meet the criterion {kind}?") })
        }
    }
}

/// What a template of theirs asks for, in a template of ours: items are variables, and the answer itself is what graders judge.
fn template(criterion: &Value, key: &str) -> Option<String> {
    criterion.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// Whether a template is the answer and nothing else.
fn is_answer(text: &str) -> bool {
    text.replace(' ', "") == "{{sample.output_text}}"
}

fn string_check(criterion: &Value) -> Result<Grader, &'static str> {
    let (input, reference) = (template(criterion, "input"), template(criterion, "reference"));
    let (input, reference) = input.zip(reference).ok_or("it has no `input` and `reference`")?;
    let operation = criterion.get("operation").and_then(Value::as_str).unwrap_or("eq");
    // The check is symmetrical but for `like`, which looks for the reference in the input.
    let value = match (is_answer(&input), is_answer(&reference)) {
        (true, false) => reference,
        (false, true) if matches!(operation, "eq" | "ne") => input,
        _ => return Err("it does not compare the answer with a text"),
    };
    let criterion = match operation {
        "eq" | "ne" => Criterion::Exact { value: Some(value), ignore_case: false, verbatim: true },
        "like" | "ilike" => Criterion::Contains { values: vec![value], any: false, ignore_case: operation == "ilike" },
        _ => return Err("its operation is not known"),
    };
    Ok(Grader { negate: operation == "ne", ..Grader::new("string_check", criterion) })
}

fn text_similarity(criterion: &Value) -> Result<Grader, &'static str> {
    let value = template(criterion, "reference").ok_or("it has no `reference`")?;
    if !template(criterion, "input").is_some_and(|input| is_answer(&input)) || is_answer(&value) {
        return Err("it does not compare the answer with a text");
    }
    let read = match criterion.get("evaluation_metric").and_then(Value::as_str).unwrap_or_default() {
        "cosine" => Criterion::EmbeddingSimilarity { value: Some(value), model: "openai/text-embedding-3-large".to_owned() },
        "bleu" => Criterion::Bleu { value: Some(value) },
        "rouge_1" | "rouge_l" => Criterion::Rouge { value: Some(value), n: 1, f1: false },
        "rouge_2" => Criterion::Rouge { value: Some(value), n: 2, f1: false },
        "rouge_3" => Criterion::Rouge { value: Some(value), n: 3, f1: false },
        "rouge_4" => Criterion::Rouge { value: Some(value), n: 4, f1: false },
        _ => return Err("its metric has no counterpart here"),
    };
    let threshold = criterion.get("pass_threshold").and_then(Value::as_f64);
    Ok(Grader { threshold, ..Grader::new("text_similarity", read) })
}

/// The messages of a judge as a rubric.
fn rubric(criterion: &Value) -> Option<String> {
    let content = |message: &Value| match message.get("content")? {
        Value::String(text) => Some(text.clone()),
        part => part.get("text").and_then(Value::as_str).map(str::to_owned),
    };
    let texts: Vec<String> = criterion.get("input")?.as_array()?.iter().filter_map(content).collect();
    // Judges are shown the answer anyway.
    Some(texts.join("\n\n").replace("{{sample.output_text}}", "(the answer)").replace("{{ sample.output_text }}", "(the answer)"))
        .filter(|text| !text.is_empty())
}

fn label_model(criterion: &Value) -> Result<Grader, &'static str> {
    let texts = |key: &str| -> Vec<String> {
        criterion.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(|label| label.as_str().map(str::to_owned)).collect()
    };
    let (labels, passing) = (texts("labels"), texts("passing_labels"));
    if labels.is_empty() || passing.is_empty() {
        return Err("it has no labels");
    }
    let choices = labels.into_iter().map(|label| (label.clone(), if passing.contains(&label) { 1.0 } else { 0.0 })).collect();
    judge(criterion, choices).map(|criterion| Grader::new("label_model", criterion))
}

fn score_model(importer: &Importer<'_>, criterion: &Value, place: &Place) -> Result<Grader, &'static str> {
    let range: Vec<f64> = criterion.get("range").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_f64).collect();
    let (low, high) = match range.as_slice() {
        [] => (0.0, 1.0),
        [low, high] if low < high => (*low, *high),
        _ => return Err("its range is none"),
    };
    if range.len() == 2 && (low.abs() > 0.0 || (high - 1.0).abs() > 0.0) {
        importer.differs(place, format!("its scores go from {low} to {high}, and from 0 to 1 here"), "Say in the rubric what a score from 0 to 1 means.");
    }
    let threshold = criterion.get("pass_threshold").and_then(Value::as_f64).map(|threshold| ((threshold - low) / (high - low)).clamp(0.0, 1.0));
    judge(criterion, Vec::new()).map(|criterion| Grader { threshold, ..Grader::new("score_model", criterion) })
}

fn judge(criterion: &Value, choices: Vec<(String, f64)>) -> Result<Criterion, &'static str> {
    let model = criterion.get("model").and_then(Value::as_str).ok_or("it has no model")?;
    let rubric = rubric(criterion).ok_or("it has no messages")?;
    Ok(Criterion::Judge { model: format!("openai/{model}"), rubric, samples: 1, shows_reference: false, pairwise: false, choices })
}
