//! OpenTelemetry's event of an evaluation, `gen_ai.evaluation.result`, as log records in OTLP's JSON.

use crate::label::waits;
use crate::run::RunHead;
use crate::{Grade, Row, Verdict};
use jeton_context::secret;
use serde_json::{Value, json};

/// Records of one export: what a collector takes in one request.
const BATCH: usize = 512;
/// OTLP's number of "informational".
const INFO: u8 = 9;

/// One record for each grade, in exports of at most 512 records: each is the body of a request to `/v1/logs`, and a line of an OTLP file.
///
/// After OpenTelemetry's semantic conventions for generative AI (`gen_ai.evaluation.result`, in development): name, score, label and
/// explanation; `error.type` in their place where the grader gave no verdict, for then it is the grader that failed, not the answer;
/// `gen_ai.response.id` is the call's id in Jeton. What waits for a person is no result yet. Secrets are masked.
#[must_use]
pub fn otel_exports(head: &RunHead, rows: &[Row]) -> Vec<Value> {
    let results = rows.iter().flat_map(|row| row.grades.iter().filter(|grade| !waits(grade)).map(move |grade| record(head, row, grade)));
    let records: Vec<Value> = results.collect();
    let export = |records: &[Value]| {
        json!({ "resourceLogs": [{
            "resource": { "attributes": [text("service.name", "jeton"), text("service.version", &head.version)] },
            "scopeLogs": [{ "scope": { "name": "jeton.eval", "version": head.version }, "logRecords": records }],
        }] })
    };
    records.chunks(BATCH).map(export).collect()
}

fn record(head: &RunHead, row: &Row, grade: &Grade) -> Value {
    let mut attributes = vec![text("gen_ai.evaluation.name", &grade.grader)];
    match grade.verdict {
        Verdict::Pass => attributes.push(text("gen_ai.evaluation.score.label", "pass")),
        Verdict::Fail => attributes.push(text("gen_ai.evaluation.score.label", "fail")),
        Verdict::Unscored => attributes.push(text("error.type", "unscored")),
    }
    attributes.extend(grade.score.map(|score| json!({ "key": "gen_ai.evaluation.score.value", "value": { "doubleValue": score } })));
    attributes.extend((!grade.why.is_empty()).then(|| text("gen_ai.evaluation.explanation", &secret::mask(&grade.why).0)));
    attributes.extend(row.answer.iter().filter_map(|answer| answer.call.as_ref()).map(|call| text("gen_ai.response.id", call)));
    let own = [("jeton.suite", &head.suite), ("jeton.run", &head.id), ("jeton.case", &row.cell.case), ("jeton.target", &row.cell.target)];
    attributes.extend(own.map(|(key, value)| text(key, value)));
    // OTLP writes whole numbers of 64 bits as texts.
    attributes.push(json!({ "key": "jeton.repeat", "value": { "intValue": row.cell.repeat.to_string() } }));
    let at = format!("{}", i128::from(row.at.0) * 1_000_000);
    json!({
        "timeUnixNano": at, "observedTimeUnixNano": at, "severityNumber": INFO, "severityText": "INFO", "eventName": "gen_ai.evaluation.result",
        "attributes": attributes,
    })
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}
