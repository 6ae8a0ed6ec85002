//! OpenTelemetry's event of an evaluation, `gen_ai.evaluation.result`, as attributes in JSON.

use crate::run::RunHead;
use crate::{Row, Verdict};
use serde_json::{Value, json};

/// One event for each grade, after OpenTelemetry's semantic conventions for generative AI (`gen_ai.evaluation.result`, in development):
/// name, score, label, explanation, and `error.type` where the grader gave no verdict: it is the grader that failed, not the answer.
#[must_use]
pub fn otel_events(head: &RunHead, rows: &[Row]) -> Vec<Value> {
    let events = rows.iter().flat_map(|row| {
        row.grades.iter().map(move |grade| {
            let mut attributes = json!({
                "gen_ai.evaluation.name": grade.grader,
                "gen_ai.evaluation.score.label": label(grade.verdict),
                "gen_ai.evaluation.explanation": grade.why,
                "jeton.suite": head.suite,
                "jeton.run": head.id,
                "jeton.case": row.cell.case,
                "jeton.target": row.cell.target,
            });
            if let Some(score) = grade.score {
                attributes["gen_ai.evaluation.score.value"] = json!(score);
            }
            if let Some(call) = row.answer.as_ref().and_then(|answer| answer.call.as_ref()) {
                attributes["gen_ai.response.id"] = json!(call);
            }
            if grade.verdict == Verdict::Unscored {
                attributes["error.type"] = json!("unscored");
            }
            json!({ "name": "gen_ai.evaluation.result", "time_unix_ms": row.at.0, "attributes": attributes })
        })
    });
    events.collect()
}

const fn label(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Unscored => "unscored",
    }
}
