//! The schemas of what is found in runs: comparisons, health, causes, alarms, and labels of people.

use super::evals_schema::{VERDICTS, anything, figure, number, optional_number};
use super::schema::{choice, integer, list, moment, object, of, optional_integer, optional_text, or_null, text, truth};
use crate::evals::{Progress, VALIDITIES};
use jeton_eval::causes::Cause;
use serde_json::{Value, json};

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let mut all = found();
    all.extend(labels());
    all
}

fn optional_choice(names: &[&str], about: &str) -> Value {
    let names: Vec<Value> = names.iter().map(|name| Value::from(*name)).chain([Value::Null]).collect();
    json!({ "type": ["string", "null"], "enum": names, "description": about })
}

fn found() -> Vec<(&'static str, Value)> {
    let names = Cause::ALL.map(Cause::name);
    let tried = object([
        ("arm", text("What was changed.")),
        ("passed", integer("Repeats that passed.")),
        ("n", integer("Repeats with a verdict.")),
        ("p", optional_number("Against no effect, adjusted for the number of arms; null for the control.")),
        ("rows", json!({ "type": "array", "items": { "type": "integer" }, "description": "Launches in the experiments' run." })),
    ]);
    let cause = object([
        ("case", text("The case.")),
        ("target", text("The target.")),
        ("launch", integer("The row that failed.")),
        ("cause", choice(&names, "Why.")),
        ("also", json!({ "type": "array", "items": choice(&names, "A further cause.") })),
        ("jointly", truth("Whether the causes must be mended together.")),
        ("level", choice(&["L0", "L1", "L2", "L3"], "On what it stands: nothing, likeness, an experiment, the record.")),
        ("proof", text("What shows it.")),
        ("about", optional_text("The unit, grader or parameter that it is about.")),
        ("owner", text("Who mends it.")),
        ("tried", list(&tried)),
        ("experiments", optional_text("The run that has the rows of what was tried; null where nobody knows, or nothing was.")),
    ]);
    let gap = object([
        ("target", text("The target.")),
        ("cases", integer("Cases tried in both.")),
        ("actual", figure()),
        ("oracle", figure()),
        ("environment", figure()),
        ("model", figure()),
    ]);
    let report = object([
        ("at", moment("When it was written.")),
        ("labels", list(&of("EvalCause"))),
        ("clusters", list(&object([("signature", text("What the failures have in common.")), ("rows", integer("How many."))]))),
        ("gaps", list(&gap)),
        ("calls", integer("Calls made for experiments.")),
        ("cut", truth("Whether the bound on calls ended it before its time.")),
        ("experiments", optional_text("The run that has the rows of the experiments; null where nobody knows, or none was made.")),
    ]);
    let causes = object([("run", text("The run.")), ("suite", text("The suite.")), ("report", or_null(&of("EvalCauseReport")))]);
    vec![("EvalCause", cause), ("EvalCauseReport", report), ("EvalCauses", causes), ("EvalComparison", comparison()), ("EvalHealth", health())]
}

fn comparison() -> Value {
    let side = object([
        ("run", text("The run.")),
        ("target", text("The target.")),
        ("validity", optional_choice(&VALIDITIES, "Whether its figures may be used.")),
        ("simulated", truth("Whether any answer came from a simulated provider.")),
        ("pass_rate", optional_number("On the common cases; null where there are none.")),
    ]);
    let count = object([("passed", integer("Repeats that passed.")), ("of", integer("Repeats with a verdict."))]);
    let flip = object([
        ("case", text("The case.")),
        ("baseline", count.clone()),
        ("candidate", count),
        ("baseline_launch", integer("Its first row in the baseline.")),
        ("candidate_launch", integer("Its first row in the candidate.")),
        ("why", text("Why it fails where it fails.")),
    ]);
    object([
        ("baseline", side.clone()),
        ("candidate", side),
        ("same_suite", truth("Whether both were measured by the same cases, graders and prompts.")),
        ("cases", integer("Cases that both have judged.")),
        ("unpaired", integer("Cases that only one of them has judged.")),
        (
            "verdict",
            choice(&["better", "worse", "no-relevant-difference", "undecided", "invalid"], "On quality; `invalid` where too much of either side is missing."),
        ),
        ("more_cases", optional_integer("About how many cases more would decide.")),
        ("margin", number("The largest difference that does not matter.")),
        ("difference", figure()),
        ("p", optional_number("Of the exact test.")),
        ("test", text("Which test.")),
        ("fixed", list(&flip)),
        ("broken", list(&flip)),
        ("score", figure()),
        ("usd_per_case", figure()),
        ("latency_ms", figure()),
        ("usd_per_success_baseline", optional_number("US dollars per success; null where a cost is unknown or nothing succeeded.")),
        ("usd_per_success_candidate", optional_number("The same of the candidate.")),
        ("usd_per_success", figure()),
    ])
}

fn health() -> Value {
    let beat = object([
        ("at", moment("When.")),
        ("expected", optional_integer("Runs or calls that should have been.")),
        ("executed", optional_integer("Those that were.")),
        ("scored", optional_integer("Those with a verdict.")),
    ]);
    let basis = object([
        ("baseline", text("What is compared with, as `RUN:TARGET`.")),
        ("candidate", text("What is compared, as `RUN:TARGET`.")),
        ("cases", integer("Cases that both have judged.")),
        ("clusters", integer("Independent groups of these cases.")),
        ("between", number("Variance of the cases' expected differences.")),
        ("within_baseline", number("Mean variance of repeats of one case in the baseline.")),
        ("within_candidate", number("The same in the candidate.")),
        ("design_effect", number("How many times more variance the groups bring than independent cases.")),
    ]);
    let judge = object([
        ("target", text("The target.")),
        ("grader", text("The judge.")),
        ("raw", figure()),
        ("corrected", figure()),
        ("labelled", integer("Answers with a label that counts and the judge's verdict.")),
        ("agreed", integer("Those of which the judge says the same as most people.")),
        ("kappa", figure()),
        ("judged", integer("Answers of other cases with the judge's verdict alone.")),
        ("withdrawn", list(&object([("why", text("Why labels do not count any more.")), ("labels", integer("How many."))]))),
    ]);
    let people = object([
        ("grader", text("The grader in whose place they speak.")),
        ("labels", integer("Labels, the newest of each person.")),
        ("people", integer("People.")),
        ("shared", integer("Answers that more than one of them labelled.")),
        ("coefficient", optional_text("`cohen-kappa` of two people, `krippendorff-alpha` of more; null where nothing is shared.")),
        ("value", figure()),
    ]);
    object([
        ("suite", text("The suite.")),
        ("last_run", text("The newest run that is finished and valid for any target; the newest where there is none.")),
        ("last_started", moment("When it began.")),
        ("last_age_ms", integer("How long ago, in milliseconds.")),
        ("progress", choice(&Progress::NAMES, "How far it came.")),
        ("cases", integer("Cases.")),
        ("clusters", integer("Independent groups among them.")),
        ("rows", integer("Rows.")),
        ("unscored", integer("Rows with an answer and no verdict.")),
        ("errors", integer("Rows without an answer.")),
        ("missing_share_max", number("The share of both that may be.")),
        ("selftest", or_null(&of("EvalSelfTest"))),
        (
            "detectable",
            optional_number(
                "The smallest difference of pass rates, as a share, that the suite sees in 4 of 5 comparisons with its cases and repeats; above 1 where it sees none; null where nobody knows.",
            ),
        ),
        ("detectable_basis", or_null(&basis)),
        ("detectable_unknown", optional_text("Why nobody knows.")),
        ("judges", list(&judge)),
        ("people", list(&people)),
        ("waiting", integer("Answers that wait for a person.")),
        ("heartbeat", or_null(&beat)),
        ("passed_over", list(&object([("run", text("A run that does not count.")), ("why", text("It is not finished, or not valid."))]))),
        ("alarms", list(&of("EvalAlarm"))),
    ])
}

fn labels() -> Vec<(&'static str, Value)> {
    let alarm = object([
        ("subject", text("The suite, run or class that it is about.")),
        ("at", moment("When.")),
        ("message", text("What is wrong.")),
        ("said", anything("The alarm as it was written.")),
    ]);
    let label = object([
        ("subject", text("`RUN/CASE/TARGET/REPEAT`.")),
        ("at", moment("When.")),
        ("verdict", choice(&VERDICTS[..2], "What the person said.")),
        ("comment", text("Why.")),
        ("by", text("Who.")),
        ("grader", text("The grader that asked.")),
    ]);
    let waiting = object([
        ("run", text("The run.")),
        ("suite", text("The suite.")),
        ("case", text("The case.")),
        ("target", text("The target.")),
        ("repeat", integer("The repeat, from 0.")),
        ("launch", integer("The row.")),
        ("grader", text("The grader that asks.")),
        ("question", optional_text("What the person is asked, where the row tells.")),
        ("asked", or_null(&of("EvalAsked"))),
        ("answer", or_null(&of("EvalAnswer"))),
    ]);
    let new = json!({
        "type": "object", "required": ["run", "case", "target", "verdict"], "additionalProperties": false,
        "properties": {
            "run": text("The run's id, or `latest:SUITE`."), "case": text("The case."), "target": text("The target."),
            "repeat": integer("The repeat, from 0; 0 where left out."), "verdict": choice(&VERDICTS[..2], "Whether the answer meets what is asked."),
            "comment": text("Why."), "by": text("Who says so; `admin` where left out."),
            "grader": text("The grader that asked; the first that waits where left out."),
        },
    });
    let turn = object([("who", text("`system`, `user`, `assistant` or `tool`.")), ("text", text("What is said."))]);
    let asked = object([
        ("turns", list(&turn)),
        ("references", json!({ "type": "array", "items": { "type": "string" }, "description": "Right answers, any of which is enough." })),
        ("changed", truth("Whether the suite has changed since the run, so that the case may read otherwise now.")),
    ]);
    vec![
        ("EvalAsked", asked),
        ("EvalAlarm", alarm),
        ("EvalAlarms", object([("alarms", list(&of("EvalAlarm")))])),
        ("EvalLabel", label),
        ("EvalLabels", object([("waiting", list(&waiting)), ("labels", list(&of("EvalLabel")))])),
        ("NewEvalLabel", new),
    ]
}
