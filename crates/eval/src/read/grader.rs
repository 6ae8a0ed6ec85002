//! Graders as a suite writes them. `docs/evals.md` has the table of kinds and fields.

use super::source::{Fields, nearest};
use crate::{Criterion, Grader, Transform};
use jeton_core::Nanousd;
use serde_json::Value;

/// The kinds of graders, each with the fields that it alone has.
pub(crate) const KINDS: [(&str, &[&str]); 25] = [
    ("all", &["of"]),
    ("any", &["of"]),
    ("bleu", &["value"]),
    ("constraint", &["unit"]),
    ("contains", &["values", "any", "ignore_case"]),
    ("cost", &["at_most_usd"]),
    ("edit-similarity", &["value", "ignore_case", "distance_max", "verbatim"]),
    ("embedding-similarity", &["value", "model"]),
    ("exact", &["value", "ignore_case", "verbatim"]),
    ("human", &["question"]),
    ("json", &["value", "at", "subset"]),
    ("json-schema", &["schema", "unit", "embedded"]),
    ("judge", &["model", "rubric", "samples", "shows_reference", "pairwise", "choices"]),
    ("latency", &["at_most_ms"]),
    ("length", &["unit", "at_least", "at_most"]),
    ("number", &["value", "absolute", "relative", "last"]),
    ("program", &["command", "timeout_ms", "files"]),
    ("quotation", &["sources", "at_least", "min_words"]),
    ("refusal", &[]),
    ("regex", &["pattern"]),
    ("rouge", &["value", "n", "f1"]),
    ("sql", &["value", "setup", "ordered"]),
    ("starts-with", &["value", "ignore_case", "verbatim"]),
    ("table", &["value", "ordered", "tolerance"]),
    ("tool-calls", &["calls", "ordered", "exact", "schema"]),
];

const COMMON: [&str; 9] = ["kind", "name", "negate", "weight", "threshold", "all_or_nothing", "transform", "only", "referenced"];
/// A program that says nothing for so long has no verdict.
const PROGRAM_TIMEOUT_MS: u64 = 10_000;
/// Graders within graders within graders: deeper than anybody writes.
const DEPTH_MAX: usize = 8;

/// The graders of a list of tables, with names made unique beside those in `taken`: an explicit name twice is a mistake, kinds are numbered.
pub(crate) fn graders(tables: Vec<Fields<'_>>, taken: &[Grader]) -> Vec<Grader> {
    nested(tables, taken, 0)
}

fn nested(tables: Vec<Fields<'_>>, taken: &[Grader], depth: usize) -> Vec<Grader> {
    let mut names: Vec<String> = taken.iter().map(|grader| grader.name.clone()).collect();
    let explicit: Vec<Option<String>> = tables.iter().map(|table| table.text("name")).collect();
    for (table, name) in tables.iter().zip(&explicit) {
        let Some(name) = name else { continue };
        if names.contains(name) {
            table.error("duplicate-name", "name", format!("two graders of one case are called `{name}`"), "Give each a name of its own.");
        }
        names.push(name.clone());
    }
    let mut graders = Vec::new();
    for (table, name) in tables.iter().zip(explicit) {
        let Some(mut grader) = grader(table, depth) else { continue };
        grader.name = name.unwrap_or_else(|| free_name(&grader.name, &names));
        names.push(grader.name.clone());
        graders.push(grader);
    }
    graders
}

/// `word`, or the first of `word-2`, `word-3`… that is free.
pub(crate) fn free_name(word: &str, taken: &[String]) -> String {
    let is_free = |name: &String| !taken.contains(name);
    std::iter::once(word.to_owned()).chain((2..).map(|n| format!("{word}-{n}"))).find(is_free).unwrap_or_else(|| word.to_owned())
}

fn grader(table: &Fields<'_>, depth: usize) -> Option<Grader> {
    let kind = table.needed("kind", "every grader says what it judges by")?;
    let Some((_, own)) = KINDS.iter().find(|(name, _)| *name == kind) else {
        table.error("unknown-grader", "kind", format!("there is no grader `{kind}`"), nearest(&kind, KINDS.map(|(name, _)| name)));
        return None;
    };
    let known: Vec<&str> = COMMON.iter().chain(own.iter()).copied().collect();
    table.only(&known);
    let criterion = criterion(&kind, table, depth)?;
    let mut grader = Grader::new(kind, criterion);
    grader.negate = table.flag("negate").unwrap_or_default();
    grader.weight = table.number_in("weight", 0.0, f64::INFINITY).unwrap_or(1.0);
    grader.threshold = table.number_in("threshold", 0.0, 1.0);
    grader.all_or_nothing = table.flag("all_or_nothing").unwrap_or_default();
    grader.transform = transforms(table);
    grader.only = table.texts("only");
    grader.referenced = table.flag("referenced");
    Some(grader)
}

fn criterion(kind: &str, table: &Fields<'_>, depth: usize) -> Option<Criterion> {
    let flag = |key| table.flag(key).unwrap_or_default();
    Some(match kind {
        "all" => Criterion::All { of: members(table, depth)? },
        "any" => Criterion::Any { of: members(table, depth)? },
        "bleu" => Criterion::Bleu { value: table.text("value") },
        "constraint" => Criterion::Constraint { unit: table.needed("unit", "the id of a constraint")? },
        "contains" => contains(table),
        "cost" => Criterion::Cost { at_most: cost(table)? },
        "edit-similarity" => Criterion::EditSimilarity {
            value: table.text("value"),
            ignore_case: flag("ignore_case"),
            distance_max: table.small("distance_max", 0),
            verbatim: flag("verbatim"),
        },
        "embedding-similarity" => Criterion::EmbeddingSimilarity { value: table.text("value"), model: table.needed("model", "the embeddings model")? },
        "exact" => Criterion::Exact { value: table.text("value"), ignore_case: flag("ignore_case"), verbatim: flag("verbatim") },
        "human" => Criterion::Human { question: table.text("question").unwrap_or_else(|| "Is the answer right?".to_owned()) },
        "json" => Criterion::Json { value: table.value("value").cloned(), at: pointer(table, "at"), subset: flag("subset") },
        "json-schema" => json_schema(table),
        "judge" => judge(table)?,
        "latency" => Criterion::Latency { at_most_ms: needed_count(table, "at_most_ms", "the longest time, in milliseconds")? },
        "length" => length(table)?,
        "number" => number(table),
        "program" => program(table)?,
        "quotation" => Criterion::Quotation {
            sources: table.texts("sources"),
            at_least: table.small("at_least", 0).unwrap_or(1),
            min_words: table.small("min_words", 1).unwrap_or(3),
        },
        "refusal" => Criterion::Refusal {},
        "regex" => Criterion::Regex { pattern: pattern(table)? },
        "rouge" => Criterion::Rouge { value: table.text("value"), n: table.small("n", 1).unwrap_or(1), f1: flag("f1") },
        "sql" => {
            Criterion::Sql { value: table.text("value"), setup: table.needed("setup", "the statements that make the database")?, ordered: flag("ordered") }
        }
        "starts-with" => Criterion::StartsWith { value: table.text("value"), ignore_case: flag("ignore_case"), verbatim: flag("verbatim") },
        "table" => Criterion::Table {
            value: table.text("value"),
            ordered: flag("ordered"),
            tolerance: table.number_in("tolerance", 0.0, f64::INFINITY).unwrap_or_default(),
        },
        _ => tool_calls(table)?,
    })
}

fn members(table: &Fields<'_>, depth: usize) -> Option<Vec<Grader>> {
    if depth >= DEPTH_MAX {
        table.error("bad-value", "of", format!("graders are nested deeper than {DEPTH_MAX} levels"), "Write them flatter.");
        return None;
    }
    let of = nested(table.tables("of"), &[], depth + 1);
    if of.is_empty() {
        table.error("missing-key", "of", "there is no grader to put together", "Write a list of graders as `of`.");
        return None;
    }
    Some(of)
}

fn contains(table: &Fields<'_>) -> Criterion {
    let values = table.texts("values");
    // Without values the references count, and any of several is right.
    let any = table.flag("any").unwrap_or(values.is_empty());
    Criterion::Contains { values, any, ignore_case: table.flag("ignore_case").unwrap_or_default() }
}

fn cost(table: &Fields<'_>) -> Option<Nanousd> {
    let text = table.needed("at_most_usd", "the highest cost of an answer, in US dollars")?;
    let money = Nanousd::parse_usd(&text);
    if let Err(why) = &money {
        table.error("bad-value", "at_most_usd", why.clone(), "Write dollars as `0.02`.");
    }
    money.ok()
}

fn needed_count(table: &Fields<'_>, key: &str, what: &str) -> Option<u64> {
    table.needed(key, what)?;
    table.count(key, 0, u64::MAX)
}

fn json_schema(table: &Fields<'_>) -> Criterion {
    let schema = table.value("schema").cloned();
    if let Some(value) = schema.as_ref().filter(|value| !value.is_string())
        && let Err(why) = jeton_context::schema::Schema::new(value)
    {
        table.error("bad-schema", "schema", format!("the schema cannot be read: {why}"), "Mend the schema.");
    }
    if table.has("schema") && table.has("unit") {
        table.error("bad-value", "unit", "there are `schema` and `unit`", "Keep one of them.");
    }
    Criterion::JsonSchema { schema, unit: table.text("unit"), embedded: table.flag("embedded").unwrap_or_default() }
}

fn judge(table: &Fields<'_>) -> Option<Criterion> {
    let (model, rubric) = (table.needed("model", "the model that judges"), table.needed("rubric", "what the model judges by"));
    let pairwise = table.flag("pairwise").unwrap_or_default();
    let choices = table.free_table("choices").into_iter().filter_map(|(choice, score)| {
        let score = score.as_f64().filter(|score| (0.0..=1.0).contains(score));
        if score.is_none() {
            table.error("bad-value", "choices", format!("the score of `{choice}` is no number from 0 to 1"), "Write `choices = { A = 1, B = 0.5 }`.");
        }
        Some((choice, score?))
    });
    let choices = choices.collect();
    let samples = table.small("samples", 1).unwrap_or(1);
    let shows_reference = table.flag("shows_reference").unwrap_or(pairwise);
    Some(Criterion::Judge { model: model?, rubric: rubric?, samples, shows_reference, pairwise, choices })
}

fn length(table: &Fields<'_>) -> Option<Criterion> {
    let unit = table.text("unit").unwrap_or_else(|| "words".to_owned());
    if !["words", "fields", "characters", "tokens"].contains(&unit.as_str()) {
        table.error("bad-value", "unit", format!("lengths are not measured in `{unit}`"), "Write `words`, `fields`, `characters` or `tokens`.");
        return None;
    }
    let (at_least, at_most) = (table.count("at_least", 0, u64::MAX), table.count("at_most", 0, u64::MAX));
    match (at_least, at_most) {
        (None, None) => table.report.error("missing-key", table.place(), "the length has no bound", "Write `at_least`, `at_most` or both."),
        (Some(least), Some(most)) if least > most => {
            table.error("bad-value", "at_most", format!("`at_most` is {most}, and `at_least` {least}: nothing is as long"), "Exchange them.");
        }
        _ => {}
    }
    Some(Criterion::Length { unit, at_least, at_most })
}

fn number(table: &Fields<'_>) -> Criterion {
    let tolerance = |key| table.number_in(key, 0.0, f64::INFINITY).unwrap_or_default();
    Criterion::Number {
        value: table.number("value"),
        absolute: tolerance("absolute"),
        relative: tolerance("relative"),
        last: table.flag("last").unwrap_or(true),
    }
}

fn program(table: &Fields<'_>) -> Option<Criterion> {
    table.must_have("command", "the program and its arguments");
    let command = if table.has("command") { command(table, "command") } else { Vec::new() };
    let timeout_ms = table.count("timeout_ms", 1, 3_600_000).unwrap_or(PROGRAM_TIMEOUT_MS);
    (!command.is_empty()).then(|| Criterion::Program { command, timeout_ms, files: table.texts("files") })
}

/// A command: a list, or one text that blanks part.
pub(crate) fn command(table: &Fields<'_>, key: &str) -> Vec<String> {
    let words = match table.value(key) {
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        _ => table.texts(key),
    };
    if words.is_empty() {
        table.error("bad-value", key, "the command is empty", "Write the program and its arguments as a list.");
    }
    words
}

fn pattern(table: &Fields<'_>) -> Option<String> {
    let pattern = table.needed("pattern", "what must be found")?;
    if !crate::template::is_template(&pattern) {
        check_pattern(table, "pattern", &pattern);
    }
    Some(pattern)
}

fn check_pattern(table: &Fields<'_>, key: &str, pattern: &str) {
    if let Err(error) = regex::Regex::new(pattern) {
        let why = error.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        table.error(
            "bad-pattern",
            key,
            format!("the regular expression cannot be read: {why}"),
            "Mend it; look-around and references to groups are not to be had.",
        );
    }
}

/// A JSON pointer: empty, or beginning with `/`.
pub(crate) fn pointer(table: &Fields<'_>, key: &str) -> Option<String> {
    let pointer = table.text(key)?;
    if !(pointer.is_empty() || pointer.starts_with('/')) {
        table.error("bad-value", key, format!("`{pointer}` is no JSON pointer"), format!("Write `/{}`.", pointer.replace('.', "/")));
    }
    Some(pointer)
}

fn tool_calls(table: &Fields<'_>) -> Option<Criterion> {
    let flag = |key| table.flag(key).unwrap_or_default();
    let calls: Option<Vec<Value>> = match table.value("calls") {
        None => Some(Vec::new()),
        Some(Value::Array(calls)) => calls.iter().map(tool_call).collect(),
        Some(one) => tool_call(one).map(|call| vec![call]),
    };
    if calls.is_none() {
        table.wrong_type("calls", "a list of names, or of tables with `name` and `arguments`");
    }
    let (calls, exact, schema) = (calls?, flag("exact"), flag("schema"));
    if calls.is_empty() && !exact && !schema {
        table.report.error(
            "missing-key",
            table.place(),
            "nothing is asked of the tool calls",
            "Write `calls`; or `schema = true` for valid arguments; or `exact = true` for no call at all.",
        );
    }
    Some(Criterion::ToolCalls { calls, ordered: flag("ordered"), exact, schema })
}

/// One call as `{name, arguments}`; a name alone may have any arguments.
fn tool_call(value: &Value) -> Option<Value> {
    match value {
        Value::String(name) => Some(serde_json::json!({ "name": name })),
        Value::Object(map) => {
            let is_known = map.keys().all(|key| ["name", "arguments"].contains(&key.as_str()));
            (is_known && map.get("name").is_some_and(Value::is_string)).then(|| value.clone())
        }
        _ => None,
    }
}

fn transforms(table: &Fields<'_>) -> Vec<Transform> {
    let items = match table.value("transform") {
        None => return Vec::new(),
        Some(Value::Array(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let read: Option<Vec<Transform>> = items.iter().map(|item| serde_json::from_value(item.clone()).ok()).collect();
    let Some(read) = read else {
        table.wrong_type("transform", "a list of `\"trim\"`, `\"lowercase\"`, `\"uppercase\"`, `{ pointer = \"/a\" }` and `{ find = \"regex\" }`");
        return Vec::new();
    };
    for transform in &read {
        if let Transform::Find(pattern) = transform {
            check_pattern(table, "transform", pattern);
        }
    }
    read
}
