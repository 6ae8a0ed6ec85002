//! The routes of context.

use super::{GET, context, filter, param};
use crate::context::STATES;
use crate::route::{Gives, Kind, Param, Reach, Route, Verb};

/// Kinds of units that a catalogue holds.
pub(crate) const KINDS: &[&str] = &["constraint", "doc", "schema", "example", "skill", "code", "history"];

/// The longest id of a unit, in bytes.
pub(crate) const ID_BYTES_MAX: usize = 4_096;

/// The longest text that is searched for by address, in bytes.
pub(crate) const QUERY_BYTES_MAX: usize = 8_192;

/// The largest body with a task: 64 KiB of it, as JSON writes them at worst.
const TASK_BODY_BYTES_MAX: usize = 448 * 1024;

/// Filters of the list of units, as the API and the page read them.
pub(crate) const UNIT_FILTERS: &[Param] = &[
    param("kind", Kind::Choice(KINDS), None, "Only units of this kind."),
    filter("owner", "Only units of this owner, as the file or CODEOWNERS writes the name; `none` for units of nobody."),
    param("state", Kind::Choice(&STATES), None, "Only units of this freshness."),
];

/// Every route of context, in the order of the document.
pub(super) const ROUTES: &[Route] = &[
    Route {
        path: "/api/context/units",
        id: "listUnits",
        summary: "The catalogue of context",
        about: "Units by id, with totals by kind of all that match. What nobody knows is null, with the reason beside it.",
        params: UNIT_FILTERS,
        gives: Gives::Schema("UnitList"),
        refusals: &[400],
        handler: context::units,
        ..GET
    },
    Route {
        path: "/api/context/unit",
        id: "getUnit",
        summary: "One unit",
        about: "Its text with facts filled in and secrets masked, what it speaks of and in which state that is, its file's last commits, what the checks found, and which calls had it.",
        params: &[param("id", Kind::Long(ID_BYTES_MAX), None, "The unit's id, such as `doc:docs/refunds.md#windows`. Needed.")],
        gives: Gives::Schema("Unit"),
        refusals: &[400, 404],
        handler: context::unit,
        ..GET
    },
    Route {
        path: "/api/context/findings",
        id: "listFindings",
        summary: "What the checks found, by owner",
        about: "A finding with several owners is with each of them, and counts once in the sums. No command of the project is run for this; `jeton context check` runs them.",
        params: &[filter("owner", "Only findings of this owner; `none` for those of nobody.")],
        gives: Gives::Schema("FindingList"),
        refusals: &[400],
        handler: context::findings,
        ..GET
    },
    Route {
        path: "/api/context/search",
        id: "searchContext",
        summary: "Units and files for a few words",
        about: "The best first: units by their words, files by their words, names and past changes.",
        params: &[
            param("q", Kind::Long(QUERY_BYTES_MAX), None, "What is looked for. Needed."),
            param("limit", Kind::Integer { least: 1, most: 200 }, Some("20"), "At most so many units, and so many files."),
        ],
        gives: Gives::Schema("SearchResult"),
        refusals: &[400],
        handler: context::search,
        ..GET
    },
    Route {
        verb: Verb::Post,
        path: "/api/context/compile",
        id: "compileContext",
        summary: "The context of a task under a budget",
        about: "The same project, task and budget give the same bytes. A key gets what units with that access allow it.",
        reach: Reach::Caller,
        takes: Some("CompileRequest"),
        body_bytes_max: TASK_BODY_BYTES_MAX,
        gives: Gives::Schema("Compilation"),
        refusals: &[400, 413, 415],
        handler: context::compile,
        ..GET
    },
    Route {
        verb: Verb::Post,
        path: "/api/context/explain",
        id: "explainContext",
        summary: "Why the context of a task is what it is",
        about: "The manifest, what was left out, the nearest first (at most 200), and what 2,000 tokens more would change.",
        takes: Some("CompileRequest"),
        body_bytes_max: TASK_BODY_BYTES_MAX,
        gives: Gives::Schema("Explanation"),
        refusals: &[400, 413, 415],
        handler: context::explain,
        ..GET
    },
];
