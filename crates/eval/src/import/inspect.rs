//! Logs of Inspect: the archive `.eval` and the JSON log of version 2. Samples become cases, their outputs recorded answers, their scores grades.

use super::rows::{grader, with_choices};
use super::{Found, Importer, Recording, archive};
use crate::read::case::messages;
use crate::{Answer, Case, Criterion, Grade, Grader, Input, Suite, Target, TargetKind, ToolUse, Verdict};
use jeton_context::Place;
use serde_json::{Map, Value};

/// The archive: a header, and a file for each sample and epoch.
pub(super) fn archive(importer: &Importer<'_>, bytes: &[u8]) -> Option<Found> {
    let refuse = |why: String| {
        importer.report.error(
            "bad-archive",
            importer.place(),
            format!("the archive cannot be read: {why}"),
            "Write it anew, or as JSON: `inspect log convert --to json`.",
        )
    };
    let members = match archive::members(bytes) {
        Ok(members) => members,
        Err(why) => {
            refuse(why);
            return None;
        }
    };
    let read = |member: &archive::Member| {
        let contents = archive::contents(bytes, member).and_then(|contents| serde_json::from_slice::<Value>(&contents).map_err(|error| error.to_string()));
        contents.map_err(|why| refuse(format!("{}: {why}", member.name))).ok()
    };
    // A run that was broken off has no header yet, but the beginning of its journal.
    let header = members.iter().find(|member| member.name == "header.json").or_else(|| members.iter().find(|member| member.name == "_journal/start.json"));
    let Some(header) = header.and_then(read) else {
        if !importer.report.has_errors() {
            refuse("it has no header.json".to_owned());
        }
        return None;
    };
    let samples: Vec<Value> = members.iter().filter(|member| member.name.starts_with("samples/")).filter_map(read).collect();
    suite(importer, &header, &samples)
}

/// The JSON log.
pub(super) fn log(importer: &Importer<'_>, log: &Value) -> Option<Found> {
    let samples = log.get("samples").and_then(Value::as_array).cloned().unwrap_or_default();
    suite(importer, log, &samples)
}

fn suite(importer: &Importer<'_>, header: &Value, samples: &[Value]) -> Option<Found> {
    let eval = &header["eval"];
    let task = eval.get("task").and_then(Value::as_str).map_or_else(|| importer.suite_name(), super::name_of);
    let mut suite = Suite::new(task, importer.place());
    let target = eval.get("model").and_then(Value::as_str).map(target);
    let (mut recordings, mut epochs) = (Vec::new(), 1);
    for sample in samples {
        let Some(case) = case(importer, sample) else { continue };
        let epoch = sample.get("epoch").and_then(Value::as_u64).and_then(|epoch| u32::try_from(epoch).ok()).unwrap_or(1).max(1);
        epochs = epochs.max(epoch);
        recordings.extend(recording(sample, &case.id, target.as_ref(), epoch - 1));
        if !suite.cases.iter().any(|other| other.id == case.id) {
            suite.cases.push(case);
        }
    }
    suite.repeats = epochs;
    suite.targets.extend(target);
    let choices = with_choices(&mut suite);
    if choices {
        suite.targets.iter_mut().for_each(|target| target.prompt = Some("choices".to_owned()));
    }
    suite.graders = graders(importer, eval, &suite.cases, choices);
    Some(Found { format: "Inspect log", suite, recordings })
}

fn target(model: &str) -> Target {
    Target {
        name: model.to_owned(),
        kind: TargetKind::Model { model: model.to_owned(), pack: None, oracle: false },
        prompt: None,
        params: Map::new(),
        only: Vec::new(),
    }
}

fn case(importer: &Importer<'_>, sample: &Value) -> Option<Case> {
    let id = match &sample["id"] {
        Value::String(id) => id.clone(),
        other => other.to_string(),
    };
    let input = match &sample["input"] {
        Value::String(text) => Some(Input::Text(text.clone())),
        turns => messages(turns).map(Input::Messages),
    };
    let Some(input) = input else {
        importer.skipped(&importer.place(), format!("the input of the sample `{id}` is neither a text nor messages of text"), "Write the case by hand.");
        return None;
    };
    let mut case = Case::new(id, input, Place::file(importer.path.clone()));
    case.reference = Some(sample["target"].clone()).filter(|target| !is_nothing(target));
    if let Some(choices) = sample.get("choices").filter(|choices| choices.is_array()) {
        case.vars.insert("choices".to_owned(), choices.clone());
    }
    if let Some(metadata) = sample.get("metadata").and_then(Value::as_object).filter(|metadata| !metadata.is_empty()) {
        case.vars.insert("metadata".to_owned(), Value::Object(metadata.clone()));
    }
    Some(case)
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty)
}

/// The answer of a sample; none where it ended without one.
fn recording(sample: &Value, case: &str, target: Option<&Target>, repeat: u32) -> Option<Recording> {
    let output = &sample["output"];
    let choice = output.get("choices")?.get(0)?;
    let message = &choice["message"];
    let text = match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    };
    let usage = |key: &str| output["usage"].get(key).and_then(Value::as_u64);
    let answer = Answer {
        text,
        tools: message.get("tool_calls").and_then(Value::as_array).into_iter().flatten().filter_map(tool).collect(),
        finish: choice.get("stop_reason").and_then(Value::as_str).map(finish),
        model: output.get("model").and_then(Value::as_str).map(str::to_owned),
        tokens_in: usage("input_tokens"),
        tokens_out: usage("output_tokens"),
        latency_us: output.get("time").and_then(Value::as_f64).map_or(0, microseconds),
        tries: 1,
        ..Answer::default()
    };
    let scores = sample.get("scores").and_then(Value::as_object).into_iter().flatten().map(|(name, score)| grade(name, score)).collect();
    Some(Recording { case: case.to_owned(), target: target.map(|target| target.name.clone()), repeat, answer, scores })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // The cast saturates, and times are not negative.
fn microseconds(seconds: f64) -> u64 {
    (seconds * 1e6).round() as u64
}

fn tool(call: &Value) -> Option<ToolUse> {
    let name = call.get("function")?.as_str()?.to_owned();
    Some(ToolUse { name, arguments: call.get("arguments").cloned().unwrap_or_default(), id: call.get("id").and_then(Value::as_str).map(str::to_owned) })
}

/// Why a model ended, in our words.
fn finish(reason: &str) -> String {
    match reason {
        "max_tokens" | "model_length" => "length",
        other => other,
    }
    .to_owned()
}

/// A score as a grade: C and I are right and wrong, P half right, N no answer; a number from 0 to 1 passes with 1. Any other value gives no
/// verdict, and is kept as it is.
fn grade(name: &str, score: &Value) -> Grade {
    let value = &score["value"];
    let number = match value {
        Value::String(letter) => match letter.as_str() {
            "C" => Some(1.0),
            "P" => Some(0.5),
            "I" | "N" => Some(0.0),
            other => other.parse().ok(),
        },
        Value::Bool(flag) => Some(if *flag { 1.0 } else { 0.0 }),
        other => other.as_f64(),
    };
    let number: Option<f64> = number.filter(|number| (0.0..=1.0).contains(number));
    let verdict = match number {
        Some(number) if number >= 1.0 => Verdict::Pass,
        Some(_) => Verdict::Fail,
        None => Verdict::Unscored,
    };
    let why = score.get("explanation").and_then(Value::as_str).unwrap_or_default();
    Grade { score: number, raw: Some(score.clone()), ..Grade::new(name, verdict, why) }
}

/// The graders that mean what the log's scorers do; a guess where none does.
fn graders(importer: &Importer<'_>, eval: &Value, cases: &[Case], choices: bool) -> Vec<Grader> {
    let mut graders: Vec<Grader> = Vec::new();
    for scorer in eval.get("scorers").and_then(Value::as_array).into_iter().flatten() {
        let name = scorer.get("name").and_then(Value::as_str).unwrap_or_default();
        let name = name.rsplit('/').next().unwrap_or_default();
        let options = scorer.get("options").cloned().unwrap_or_default();
        if let Some(criterion) = criterion(importer, name, &options, choices) {
            graders.push(Grader::new(name, criterion));
        } else {
            importer.skipped(
                &importer.place(),
                format!("the scorer `{name}` has no counterpart here"),
                "Write a grader that does it; `program` runs any program.",
            );
        }
    }
    if graders.is_empty() {
        graders.extend(grader(importer, cases, choices));
    }
    graders
}

fn criterion(importer: &Importer<'_>, name: &str, options: &Value, choices: bool) -> Option<Criterion> {
    let ignore_case = options.get("ignore_case").and_then(Value::as_bool).unwrap_or(true);
    Some(match name {
        "includes" => Criterion::Contains { values: Vec::new(), any: true, ignore_case },
        "choice" if choices => Criterion::Exact { value: None, ignore_case: true, verbatim: false },
        "exact" => {
            importer.differs(
                &importer.place(),
                "Inspect's `exact` leaves out articles and punctuation, and ours does not",
                "See whether the references are written so.",
            );
            Criterion::Exact { value: None, ignore_case: true, verbatim: false }
        }
        "match" => {
            let at_end = options.get("location").and_then(Value::as_str).unwrap_or("end");
            match at_end {
                "begin" => Criterion::StartsWith { value: None, ignore_case, verbatim: false },
                "exact" => Criterion::Exact { value: None, ignore_case, verbatim: false },
                "any" => Criterion::Contains { values: Vec::new(), any: true, ignore_case },
                _ => return None,
            }
        }
        "model_graded_qa" | "model_graded_fact" => {
            let model = options.get("model").and_then(Value::as_str)?;
            importer.differs(&importer.place(), format!("`{name}` is judged with a rubric of ours"), "Write the instructions into the rubric.");
            let rubric = "The answer agrees with the reference.".to_owned();
            Criterion::Judge { model: model.to_owned(), rubric, samples: 1, shows_reference: true, pairwise: false, choices: Vec::new() }
        }
        _ => return None,
    })
}
