//! The schemas of runs and rows.

use super::schema::{choice, extended, integer, list, moment, object, of, optional_integer, optional_text, or_null, text, texts, truth};
use crate::evals::{OUTCOMES, Progress, VALIDITIES};
use serde_json::{Value, json};

pub(super) const VERDICTS: [&str; 3] = ["pass", "fail", "unscored"];

pub(super) fn number(about: &str) -> Value {
    json!({ "type": "number", "description": about })
}

pub(super) fn optional_number(about: &str) -> Value {
    json!({ "type": ["number", "null"], "description": about })
}

/// Any JSON.
pub(super) fn anything(about: &str) -> Value {
    json!({ "description": about })
}

pub(super) fn figure() -> Value {
    or_null(&of("Estimate"))
}

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let mut all = figures();
    all.extend(runs());
    all.extend(rows());
    all
}

fn figures() -> Vec<(&'static str, Value)> {
    let interval = object([("low", number("The lower end.")), ("high", number("The upper end."))]);
    let estimate = object([
        ("value", number("The point estimate.")),
        ("interval", or_null(&of("Interval"))),
        ("level", number("The level of the interval, such as 0.95.")),
        ("n", integer("Cases that it rests on.")),
        ("clusters", integer("Independent groups among them.")),
        ("method", text("How the interval came about.")),
    ]);
    vec![("Interval", interval), ("Estimate", estimate), ("EvalTotals", totals())]
}

fn totals() -> Value {
    let tag = object([("tag", text("The label of cases.")), ("pass_rate", figure())]);
    let grader = object([
        ("grader", text("Its name.")),
        ("passed", integer("Rows that it passed.")),
        ("failed", integer("Rows that it failed.")),
        ("unscored", integer("Rows on which it gave no verdict.")),
    ]);
    let fault = object([("code", text("A stable word.")), ("rows", integer("Rows that ended so."))]);
    let pass_k = object([
        ("k", integer("Attempts at a case.")),
        ("pass_at_k", figure()),
        ("pass_hat_k", figure()),
        ("cases_short", integer("Cases with fewer verdicts than attempts asked for, on which neither rests.")),
        ("pass_at_k_bounds", or_null(&of("Interval"))),
        ("pass_hat_k_bounds", or_null(&of("Interval"))),
    ]);
    object([
        ("target", text("What answered.")),
        ("cases", integer("Distinct cases.")),
        ("cells", integer("Rows.")),
        ("passed", integer("Rows that passed.")),
        ("failed", integer("Rows that failed.")),
        ("unscored", integer("Rows with an answer and no verdict.")),
        ("errors", integer("Rows without an answer: missing data.")),
        ("validity", choice(&VALIDITIES, "Whether the figures may be used; an invalid target is no evidence, neither good nor bad.")),
        ("missing_share", optional_number("The share of rows without a verdict, where that makes it invalid.")),
        ("missing_share_max", optional_number("The share that may be, where there is more.")),
        ("pass_rate", figure()),
        ("bounds", or_null(&of("Interval"))),
        ("pass_k", list(&pass_k)),
        ("score", figure()),
        ("cost_nanousd", integer("What all of it cost, as far as known.")),
        ("cost_unknown_rows", integer("Rows whose cost nobody knows.")),
        ("usd_per_case", figure()),
        ("usd_per_success", figure()),
        ("latency_p50_ms", figure()),
        ("latency_p95_ms", figure()),
        ("tokens_in", optional_integer("Tokens in; null where some are unknown.")),
        ("tokens_out", optional_integer("Tokens out; null where some are unknown.")),
        ("simulated", truth("Whether any answer came from a simulated provider.")),
        ("cached", integer("Answers taken from earlier runs.")),
        ("tags", list(&tag)),
        ("graders", list(&grader)),
        ("faults", list(&fault)),
    ])
}

/// The members that a run has in a list and alone.
fn run_row() -> [(&'static str, Value); 11] {
    [
        ("id", text("The run's id; sorts by time.")),
        ("suite", text("The suite's name.")),
        ("started", moment("When it began.")),
        ("class", optional_text("The kind of work.")),
        ("digest", text("Of cases, graders, prompts and targets: runs with the same measured the same.")),
        ("cases", integer("Cases that it has.")),
        ("cells", integer("Rows that it will have.")),
        ("progress", choice(&Progress::NAMES, "How far it came; `open` goes on or was cut off.")),
        ("why_stopped", optional_text("Why it ended before all was done.")),
        ("rows", integer("Rows that it has.")),
        ("targets", list(&of("EvalTotals"))),
    ]
}

fn runs() -> Vec<(&'static str, Value)> {
    let standing = object([("run", text("The newest run that has it.")), ("started", moment("When that began.")), ("totals", of("EvalTotals"))]);
    let suite = object([
        ("suite", text("Its name.")),
        ("runs", integer("Runs that were looked through.")),
        ("last_run", text("The newest run.")),
        ("last_started", moment("When that began.")),
        ("last_age_ms", integer("How long ago, in milliseconds.")),
        ("targets", list(&standing)),
    ]);
    let test = object([
        ("checked", integer("Checks made.")),
        ("faults", texts("What went wrong, a sentence each.")),
        ("not_applicable", integer("Graders to which it does not apply.")),
    ]);
    vec![
        ("EvalSuites", object([("suites", list(&suite))])),
        ("EvalRunRow", object(run_row())),
        ("EvalRuns", object([("runs", list(&of("EvalRunRow")))])),
        ("EvalSelfTest", test),
        ("EvalRun", run()),
    ]
}

fn run() -> Value {
    let choice_of = object([
        ("tags", texts("Only cases with one of these.")),
        ("cases", texts("Only these cases.")),
        ("first", optional_integer("Only so many cases of the seeded order.")),
        ("seed", integer("The seed of the order.")),
        ("repeats", integer("How often each case is tried.")),
        ("concurrency", integer("The most calls at one time.")),
        ("budget_nanousd", optional_integer("What it may cost.")),
        ("cache", truth("Whether answers of earlier runs are taken.")),
    ]);
    let gate = object([
        ("at", moment("When it was decided.")),
        ("question", text("What was asked.")),
        ("decision", text("pass, fail, undecided or invalid.")),
        ("more_cases", optional_integer("About how many cases more would decide.")),
        ("stopped_early", truth("Whether it was decided before the end.")),
        ("clusters_taken", optional_integer("Clusters that it rests on.")),
        ("alpha", optional_number("The probability of a wrong answer, at most.")),
    ]);
    let more = object([
        ("file", text("The suite's file.")),
        ("config", text("Digest of the configuration then.")),
        ("catalogue", optional_text("Digest of the context's catalogue then.")),
        ("version", text("The version of Jeton.")),
        ("missing_share_max", number("The share of missing rows above which a target is invalid.")),
        ("selftest", or_null(&of("EvalSelfTest"))),
        ("choice", choice_of),
        ("took_ms", optional_integer("Milliseconds of its last leg.")),
        ("frontier", texts("Targets that no other beats in quality and cost, the cheapest first.")),
        ("gates", list(&gate)),
    ]);
    extended(object(run_row()), &more)
}

fn rows() -> Vec<(&'static str, Value)> {
    let row = object([
        ("launch", integer("Its place in the run's order, from 0.")),
        ("case", text("The case.")),
        ("target", text("What answered.")),
        ("repeat", integer("The repeat, from 0.")),
        ("cluster", text("What the case shares its source with.")),
        ("tags", texts("The case's labels.")),
        ("outcome", choice(&OUTCOMES, "How it ended.")),
        ("score", optional_number("From 0 to 1; null where unscored.")),
        ("weight", number("The case's weight.")),
        ("cost_nanousd", optional_integer("What it cost, graders included; null where unknown.")),
        ("cached", truth("Whether the answer was taken from an earlier run.")),
        ("at", moment("When it was written.")),
        ("request", text("Digest of the request.")),
        ("answer", or_null(&of("EvalAnswer"))),
        ("fault", or_null(&of("EvalFault"))),
        ("grades", list(&of("EvalGrade"))),
        ("context", or_null(&of("EvalContext"))),
    ]);
    let page = object([
        ("run", text("The run.")),
        ("matching", integer("Rows that match.")),
        ("rows", list(&of("EvalRow"))),
        ("next", optional_integer("Pass as `offset` for the page after; null on the last.")),
    ]);
    let judged = object([("row", of("EvalRow")), ("cause", or_null(&of("EvalCause"))), ("labels", list(&of("EvalLabel")))]);
    let case = object([
        ("run", text("The run.")),
        ("suite", text("The suite.")),
        ("file", text("The suite's file, where the case is written.")),
        ("case", text("The case.")),
        ("asked", or_null(&of("EvalAsked"))),
        ("rows", list(&judged)),
    ]);
    let mut all = parts_of_rows();
    all.extend([("EvalRow", row), ("EvalRows", page), ("EvalCase", case)]);
    all
}

fn parts_of_rows() -> Vec<(&'static str, Value)> {
    let tool = object([("name", text("The tool.")), ("arguments", anything("What it was called with.")), ("id", optional_text("The call's id."))]);
    let answer = object([
        ("text", text("Its text, secrets masked.")),
        ("tools", list(&tool)),
        ("finish", optional_text("Why it ended.")),
        ("model", optional_text("The model that answered.")),
        ("call", optional_text("Its call in the ledger.")),
        ("cost_nanousd", optional_integer("What it cost; null where unknown.")),
        ("simulated", truth("Whether a simulated provider answered.")),
        ("tokens_in", optional_integer("Tokens in.")),
        ("tokens_out", optional_integer("Tokens out.")),
        ("latency_us", integer("Microseconds to the whole answer.")),
        ("tries", integer("Tries made upstream.")),
    ]);
    let fault = object([
        ("class", choice(&["provider", "budget", "request", "target", "internal"], "Whose fault it is.")),
        ("code", text("A stable word.")),
        ("message", text("What happened.")),
        ("status", optional_integer("The HTTP status.")),
        ("call", optional_text("The call in the ledger.")),
    ]);
    let grade = object([
        ("grader", text("Its name.")),
        ("verdict", choice(&VERDICTS, "What it says.")),
        ("score", optional_number("From 0 to 1; null where unscored.")),
        ("weight", number("How much it counts; 0: it decides nothing.")),
        ("why", text("Why, in a sentence.")),
        ("at", optional_text("Where in the answer.")),
        ("cost_nanousd", optional_integer("What the grader cost; null where it called no model, or nobody knows.")),
        ("calls", texts("The calls that it made.")),
        ("raw", anything("What it was told, by a model, a program or a person; null where nothing.")),
    ]);
    let unit = object([
        ("unit", text("Its id.")),
        ("digest", text("Its digest then.")),
        ("view", text("How much of it was shown.")),
        ("tokens", integer("Its tokens.")),
        ("standing", optional_text("How its source had changed; null where it was fresh.")),
    ]);
    let missing = object([("unit", text("A needed unit that was not in.")), ("why", text("Why not."))]);
    let context = object([
        ("pack", text("The pack.")),
        ("digest", text("Of the compiled bytes.")),
        ("snapshot", text("Of all that could be chosen from.")),
        ("tokens", integer("Its tokens.")),
        ("budget_tokens", integer("The tokens that were allowed.")),
        ("units", list(&unit)),
        ("inserted", texts("Units put in by an experiment.")),
        ("left_out", texts("Units left out by an experiment.")),
        ("missing", list(&missing)),
    ]);
    vec![("EvalAnswer", answer), ("EvalFault", fault), ("EvalGrade", grade), ("EvalContext", context)]
}
