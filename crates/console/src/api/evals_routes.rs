//! The routes of evaluation.

use super::{GET, evals, filter, param};
use crate::evals::OUTCOMES;
use crate::route::{Gives, Kind, Param, Route, Verb};

const LIMIT: Kind = Kind::Integer { least: 1, most: 1_000 };
const RUN: Param = filter("run", "The run's id, or `latest:SUITE` for the newest of a suite. Needed.");

/// Filters of a run's rows, as the API and the page read them.
pub(crate) const ROW_FILTERS: &[Param] = &[
    param("outcome", Kind::Choice(&OUTCOMES), None, "Only rows that ended so."),
    filter("target", "Only rows of this target."),
    param("offset", Kind::Integer { least: 0, most: 10_000_000 }, Some("0"), "So many matching rows are passed over: the `next` of the page before."),
];

/// The parameters of a comparison, as the API and the page read them.
pub(crate) const PAIR_PARAMS: &[Param] = &[
    param("baseline", Kind::Long(600), None, "What is compared with, as `RUN:TARGET`; the target may be left out where the run has one. Needed."),
    param("candidate", Kind::Long(600), None, "What is judged, in the same form. Needed."),
    filter("margin", "The largest difference of pass rates that does not matter: a share such as `0.02` (where left out), or points such as `2pp`."),
];

/// Every route of evaluation, in the order of the document.
pub(super) const ROUTES: &[Route] = &[
    Route {
        path: "/api/evals/suites",
        id: "listSuites",
        summary: "Suites that have been run",
        about: "The one run last first, each target with its newest run. Figures carry n and interval; what nobody knows is null.",
        gives: Gives::Schema("EvalSuites"),
        handler: evals::suites,
        ..GET
    },
    Route {
        path: "/api/evals/runs",
        id: "listRuns",
        summary: "Runs, newest first",
        about: "With the totals of each target, recomputed from the rows.",
        params: &[filter("suite", "Only runs of this suite; of all where left out."), param("limit", LIMIT, Some("50"), "At most so many.")],
        gives: Gives::Schema("EvalRuns"),
        refusals: &[400, 404],
        handler: evals::runs,
        ..GET
    },
    Route {
        path: "/api/evals/run",
        id: "getRun",
        summary: "One run",
        about: "What was asked for, what it came to, and what gates said of it.",
        params: &[filter("id", "The run's id, or `latest:SUITE`. Needed.")],
        gives: Gives::Schema("EvalRun"),
        refusals: &[400, 404],
        handler: evals::run,
        ..GET
    },
    Route {
        path: "/api/evals/rows",
        id: "listRows",
        summary: "Rows of a run",
        about: "In launch order. Where `next` is not null, pass it as `offset` for the page after.",
        params: &[RUN, ROW_FILTERS[0], ROW_FILTERS[1], ROW_FILTERS[2], param("limit", LIMIT, Some("100"), "At most so many.")],
        gives: Gives::Schema("EvalRows"),
        refusals: &[400, 404],
        handler: evals::rows,
        ..GET
    },
    Route {
        path: "/api/evals/case",
        id: "getCase",
        summary: "One case of a run",
        about: "What it asks, as the suite's file has it now; null where the file has it no more, or cannot be read. Its rows under all targets, each with the cause of its failure where it was examined, and with people's labels.",
        params: &[RUN, filter("case", "The case's id. Needed.")],
        gives: Gives::Schema("EvalCase"),
        refusals: &[400, 404],
        handler: evals::case,
        ..GET
    },
    Route {
        path: "/api/evals/compare",
        id: "compareRuns",
        summary: "Two targets on the same cases",
        about: "Paired by case: the verdict, the difference with its interval, the cases whose outcome changed, and what it costs. Differences are candidate less baseline.",
        params: PAIR_PARAMS,
        gives: Gives::Schema("EvalComparison"),
        refusals: &[400, 404],
        handler: evals::compare,
        ..GET
    },
    Route {
        path: "/api/evals/health",
        id: "getSuiteHealth",
        summary: "Whether a suite is fit to decide by",
        about: "By its newest run: age, cases and independent clusters, the smallest difference that it sees, the graders' self-test, judges beside people's labels, what is unscored or without an answer, heartbeat and alarms.",
        params: &[filter("suite", "The suite's name. Needed.")],
        gives: Gives::Schema("EvalHealth"),
        refusals: &[400, 404],
        handler: evals::health,
        ..GET
    },
    Route {
        path: "/api/evals/causes",
        id: "getCauses",
        summary: "Why cases of a run failed",
        about: "The newest report of `jeton eval causes`; null where nobody has asked.",
        params: &[RUN],
        gives: Gives::Schema("EvalCauses"),
        refusals: &[400, 404],
        handler: evals::causes,
        ..GET
    },
    Route {
        path: "/api/evals/alarms",
        id: "listAlarms",
        summary: "Alarms, newest first",
        about: "As they were written.",
        params: &[param("limit", LIMIT, Some("100"), "At most so many.")],
        gives: Gives::Schema("EvalAlarms"),
        refusals: &[400],
        handler: evals::alarms,
        ..GET
    },
    Route {
        path: "/api/evals/labels",
        id: "listLabels",
        summary: "What waits for a person, and what people said",
        about: "Answers of the newest runs that a human grader has no label for, in launch order; and the newest labels.",
        params: &[filter("run", "Only of this run."), param("limit", LIMIT, Some("100"), "At most so many of each.")],
        gives: Gives::Schema("EvalLabels"),
        refusals: &[400, 404],
        handler: evals::labels,
        ..GET
    },
    Route {
        verb: Verb::Post,
        path: "/api/evals/labels",
        id: "giveLabel",
        summary: "A person's verdict on an answer",
        about: "Labels are added, never changed: the newest counts. Rows stay as they are written; what most people say is the verdict of the grader that asks them, in every figure of the run.",
        takes: Some("NewEvalLabel"),
        gives: Gives::Schema("EvalLabel"),
        refusals: &[400, 404, 413, 415],
        handler: evals::give_label,
        ..GET
    },
];
