//! The schemas of context.

use super::context_routes::KINDS;
use super::schema::{choice, extended, integer, list, moment, object, of, optional_integer, optional_text, or_null, text, texts, truth};
use crate::context::STATES;
use serde_json::{Value, json};

const VIEWS: [&str; 4] = ["handle", "signature", "excerpt", "full"];
const TIERS: [&str; 3] = ["rules", "knowledge", "code"];

fn number(about: &str) -> Value {
    json!({ "type": "number", "description": about })
}

fn optional_view(about: &str) -> Value {
    json!({ "type": ["string", "null"], "enum": ["handle", "signature", "excerpt", "full", null], "description": about })
}

fn kind() -> Value {
    choice(KINDS, "What it is.")
}

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let mut all = units();
    all.extend(findings());
    all.extend(compilations());
    all
}

/// The members that a unit has in a list and alone.
fn row() -> [(&'static str, Value); 15] {
    [
        ("id", text("Its id, `kind:place`.")),
        ("kind", kind()),
        ("title", text("A line that names it.")),
        ("owners", texts("Who answers for it.")),
        ("trust", choice(&["untrusted", "vendor", "team", "reviewed"], "How far it is believed.")),
        ("loading", choice(&["always", "scoped", "described", "on_demand"], "How coding agents load it from its native file.")),
        ("is_mandatory", truth("Whether every compilation in its scope holds it.")),
        ("tokens", optional_integer("Its tokens in the catalogue's vocabulary.")),
        ("place", of("Place")),
        ("state", choice(&STATES, "How fresh it is: the worst state of what it speaks of, or its own dates.")),
        ("uses", optional_integer("Calls of the last days whose context had it; null where nobody knows.")),
        ("uses_are_all", truth("Whether all calls of those days were looked at; where not, it is at least so many.")),
        ("uses_unknown", optional_text("Why nobody knows.")),
        ("lift", json!({ "type": ["number", "null"], "description": "By how much it raises the share of good results; null where nobody knows." })),
        ("lift_unknown", optional_text("Why nobody knows.")),
    ]
}

fn units() -> Vec<(&'static str, Value)> {
    let place = object([
        ("path", text("The file, from the project's directory.")),
        ("first_line", optional_integer("From 1; null where the whole file is meant.")),
        ("last_line", optional_integer("Null where the whole file is meant.")),
    ]);
    let total = object([
        ("kind", kind()),
        ("units", integer("How many.")),
        ("tokens", integer("Their tokens.")),
        ("tokens_always", integer("Of these the tokens that agents load with every request.")),
    ]);
    let catalogue = object([
        ("catalogue", text("Digest of all units.")),
        ("vocabulary", text("In which tokens are counted.")),
        ("use_days", integer("The days over which uses are counted.")),
        ("totals", list(&total)),
        ("units", list(&of("UnitRow"))),
    ]);
    vec![("Place", place), ("UnitRow", object(row())), ("UnitList", catalogue), ("Unit", unit())]
}

fn unit() -> Value {
    let anchor = object([
        ("path", text("The file that it speaks of.")),
        ("at", optional_text("A symbol, a heading or lines in it; null: all of it.")),
        ("is_declared", truth("Whether somebody wrote it as an anchor, or it was found in running text.")),
        ("line", integer("The line of the unit's file that names it.")),
        ("state", choice(&STATES[..5], "Whether it is still what it was when it was locked.")),
        ("moved", optional_text("Where it seems to stand now.")),
    ]);
    let fact = object([
        ("said", text("The value as it was written.")),
        ("path", text("The file that it is quoted from.")),
        ("pointer", text("The place in that file.")),
        ("line", integer("The line that quotes it.")),
        ("is", optional_text("The value now; this is what a model gets.")),
        ("unknown", optional_text("Why the value cannot be read.")),
    ]);
    let commit = object([
        ("commit", text("Its name.")),
        ("at", moment("When it was made.")),
        ("author", text("Who wrote it.")),
        ("subject", text("The first line of its message.")),
    ]);
    let call = object([
        ("call", text("The call's id.")),
        ("started", moment("When it came in.")),
        ("class", text("The kind of work.")),
        ("tokens", integer("Tokens of the unit in it.")),
    ]);
    let scope = object([("paths", texts("Globs of paths.")), ("classes", texts("Classes.")), ("models", texts("Models."))]);
    let more = object([
        ("format", text("The native format that it was read from.")),
        ("scope", scope),
        ("valid_from", optional_text("First day on which it holds.")),
        ("valid_until", optional_text("Last day on which it holds.")),
        ("is_safety", truth("Whether it keeps people from harm.")),
        ("access", texts("Names of the keys that may see it; none: all.")),
        ("digest", text("Of its text and of all that decides how it is used.")),
        ("body", text("Its text as a model gets it: facts as they are now, secrets masked.")),
        ("anchors", list(&anchor)),
        ("facts", list(&fact)),
        ("history", or_null(&list(&commit))),
        ("history_unknown", optional_text("Why the history is not known.")),
        ("findings", list(&of("Finding"))),
        ("calls", or_null(&list(&call))),
    ]);
    extended(object(row()), &more)
}

fn findings() -> Vec<(&'static str, Value)> {
    let fix = object([
        ("line", integer("The line.")),
        ("start_column", integer("The first column that goes, from 1.")),
        ("end_column", integer("The column after the last that goes.")),
        ("new", text("What comes in its place.")),
    ]);
    let finding = object([
        ("code", text("A stable code; docs/context-checks.md explains each.")),
        ("severity", choice(&["note", "warning", "error"], "How much it weighs.")),
        ("place", of("Place")),
        ("message", text("What is wrong, and why.")),
        ("remedy", text("What to do.")),
        ("unit", optional_text("The unit that it is about.")),
        ("owners", texts("Who answers for it.")),
        ("fix", or_null(&fix)),
    ]);
    let counts = || [("errors", integer("Errors.")), ("warnings", integer("Warnings.")), ("notes", integer("Notes."))];
    let [errors, warnings, notes] = counts();
    let owner = object([("owner", optional_text("Who; null where nobody answers for it.")), errors, warnings, notes, ("findings", list(&of("Finding")))]);
    let [errors, warnings, notes] = counts();
    let found = object([
        ("id", text("The unit's id.")),
        ("kind", kind()),
        ("title", text("A line that names it.")),
        ("place", of("Place")),
        ("score", number("More is better; comparable within this answer.")),
    ]);
    let file = object([("place", of("Place")), ("score", number("More is better; comparable within this answer."))]);
    vec![
        ("Finding", finding),
        ("FindingList", object([errors, warnings, notes, ("owners", list(&owner))])),
        ("SearchResult", object([("units", list(&found)), ("files", list(&file))])),
    ]
}

fn compile_request() -> Value {
    let named = |about: &str| json!({ "type": ["string", "null"], "maxLength": 256, "description": about });
    let names = |about: &str| json!({ "type": ["array", "null"], "maxItems": 64, "items": { "type": "string", "maxLength": 256 }, "description": about });
    json!({ "type": "object", "required": ["task"], "additionalProperties": false, "properties": {
        "task": { "type": "string", "description": "What the model is to do, in words; at most 64 KiB." },
        "budget_tokens": { "type": ["integer", "null"], "minimum": 1, "maximum": crate::context::BUDGET_TOKENS_MAX, "description": "The most tokens; the pack's, or 8,192, where left out." },
        "pack": named("A pack whose scope, kinds, units and budget hold where the request says nothing; the class's where left out."),
        "class": named("The kind of work: units for other classes only are left out."),
        "model": named("The model as provider/name: units for other models only are left out, and its vocabulary counts."),
        "vocabulary": named("o200k_base, cl100k_base, p50k_base or r50k_base."),
        "kinds": names("Kinds of units; all where left out."),
        "paths": names("Globs of paths; everything where left out."),
        "key": named("For the admin: what this key would get. A key always asks in its own name."),
    } })
}

fn compilations() -> Vec<(&'static str, Value)> {
    let span = object([
        ("unit", text("The unit's id; `code:PATH` for code.")),
        ("kind", kind()),
        ("digest", text("Of the unit, or of the file.")),
        ("place", of("Place")),
        ("view", choice(&VIEWS, "How much of it is shown.")),
        ("tier", choice(&TIERS, "How stable its part is.")),
        ("tokens", integer("Its tokens, counted by itself.")),
        ("why", text("Why it is there.")),
        ("density", number("What it added for each token when it was chosen; 0 for what must be there.")),
    ]);
    let manifest = object([
        ("digest", text("Of the context's bytes.")),
        ("snapshot", text("Of the units and files that could be chosen from.")),
        ("task", text("Of the task.")),
        ("vocabulary", text("Of all counts.")),
        ("budget_tokens", integer("What was allowed.")),
        ("tokens", integer("What the whole has, exactly.")),
        ("spans", list(&span)),
        ("held_out", optional_text("The unit that was left out to learn what it is worth.")),
    ]);
    let segment = object([
        ("tier", choice(&TIERS, "How stable it is.")),
        ("text", text("Its text.")),
        ("breakpoint", truth("Whether a provider that caches should mark its end.")),
    ]);
    let alternative = object([
        ("unit", text("The unit's id.")),
        ("now", optional_view("How it is shown; null where it is left out.")),
        ("then", optional_view("How it would be shown.")),
        ("tokens", integer("Tokens that this takes, more than now.")),
        ("density", number("What it would add for each 1,000 tokens.")),
        ("why", text("Why it is a candidate.")),
        ("why_out", optional_text("Why it is left out; null where it is there.")),
    ]);
    let explanation = object([
        ("manifest", of("Manifest")),
        ("left_out", list(&of("Alternative"))),
        ("last_density", number("What the last thing taken in added for each 1,000 tokens.")),
        ("more_tokens", integer("The tokens asked about.")),
        ("with_more", list(&of("Alternative"))),
        ("curve", list(&object([("tokens", integer("Spent so far.")), ("value", number("Gained so far."))]))),
    ]);
    vec![
        ("CompileRequest", compile_request()),
        ("Manifest", manifest),
        ("Compilation", object([("segments", list(&segment)), ("manifest", of("Manifest"))])),
        ("Alternative", alternative),
        ("Explanation", explanation),
    ]
}
