//! Tool calls: which tools were called, with which arguments, in which order; and whether the arguments fit the tools' schemas.

use super::check::Report;
use super::json::lacks;
use super::said::{Judged, Said, short};
use super::table::matching;
use super::text::ratio;
use super::values::{Sample, fill_value};
use crate::{Case, Suite, ToolUse};
use jeton_context::schema::Schema;
use serde_json::Value;
use std::collections::HashMap;

/// The most calls of one answer that are compared.
const CALLS_MAX: usize = 1000;

/// What is asked of the calls.
pub(crate) struct Asked<'g> {
    pub(crate) calls: &'g [Value],
    pub(crate) ordered: bool,
    pub(crate) exact: bool,
    pub(crate) schema: bool,
}

/// The tools that a suite's targets offer, by name; of one name several schemas where targets differ.
#[derive(Debug, Default)]
pub(crate) struct Offered(HashMap<String, Vec<Schema>>);

impl Offered {
    /// The tools in `params.tools` of the targets. A schema that cannot be read is reported.
    pub(crate) fn of(suite: &Suite, report: &mut Report) -> Self {
        let mut offered = Self::default();
        for target in &suite.targets {
            if let Err(why) = target.params.get("tools").map_or(Ok(()), |tools| offered.add(tools)) {
                report.error("bad-schema", &suite.place, format!("a tool of target `{}` cannot be read: {why}", target.name), "Mend the tool's schema.");
            }
        }
        offered
    }

    /// Adds tools as Chat Completions, Responses or Messages write them.
    fn add(&mut self, tools: &Value) -> Result<(), String> {
        for tool in tools.as_array().ok_or("`tools` is no list")? {
            let of = tool.get("function").unwrap_or(tool);
            let name = of.get("name").and_then(Value::as_str).ok_or("a tool has no name")?;
            let schema = of.get("parameters").or_else(|| of.get("input_schema")).cloned().unwrap_or_else(|| serde_json::json!({ "type": "object" }));
            self.0.entry(name.to_owned()).or_default().push(Schema::new(&schema).map_err(|why| format!("`{name}`: {why}"))?);
        }
        Ok(())
    }

    /// Whether arguments can be checked: the targets offer tools, or every case does.
    pub(crate) fn is_known(&self, cases: &[&Case]) -> bool {
        !self.0.is_empty() || (!cases.is_empty() && cases.iter().all(|case| case.vars.contains_key("tools")))
    }

    /// What is wrong with a call, with its place in the arguments.
    fn fault(&self, call: &ToolUse) -> Option<(String, String)> {
        let Some(schemas) = self.0.get(&call.name) else { return Some((String::new(), format!("no tool {} is offered", short(&call.name)))) };
        if call.arguments.is_string() {
            return Some((String::new(), format!("the arguments of {} are no JSON", short(&call.name))));
        }
        let mut first = None;
        for schema in schemas {
            match schema.faults(&call.arguments).into_iter().next() {
                None => return None,
                Some(fault) => first = first.or(Some((fault.pointer, format!("{}: {}", call.name, fault.message)))),
            }
        }
        first
    }
}

/// Whether the answer calls what is asked: `ordered`, in this order (others may stand between); else as a set. `exact`: and nothing else.
/// `schema`: the arguments fit the tool's schema; where no call is named, at least one must be made. In arguments `*` is any value, and what is
/// not named may be anything.
pub(crate) fn tool_calls(sample: &Sample<'_>, asked: &Asked<'_>, offered: &Offered) -> Judged {
    let made = &sample.answer.tools;
    if made.len() > CALLS_MAX || asked.calls.len() > CALLS_MAX {
        return Err(format!("there are more than {CALLS_MAX} calls"));
    }
    if asked.calls.is_empty() && !asked.exact && !asked.schema {
        return Err("nothing is asked of the tool calls".to_owned());
    }
    let wanted = asked.calls.iter().map(|call| Wanted::of(&fill_value(call, sample.case)?)).collect::<Result<Vec<Wanted>, String>>()?;
    if asked.schema
        && let Some(said) = by_schema(sample, made, wanted.is_empty() && !asked.exact, offered)?
    {
        return Ok(said);
    }
    let (found, missing) = if asked.ordered { in_order(made, &wanted, asked.exact) } else { as_set(made, &wanted) };
    let more = made.len() - found.min(made.len());
    let is_more = asked.exact && more > 0;
    // The harmonic mean of what was asked and made, where nothing else may be; else the share of what was asked.
    let score = if asked.exact { ratio(2 * found, made.len() + wanted.len()) } else { ratio(found, wanted.len()) };
    Ok(match missing {
        Some(at) => Said::fail(missed(&wanted[at], made)).at(at.to_string()).partly(score),
        None if is_more => Said::fail(format!("{more} calls too many are made: {}", names(made))).partly(score),
        None => Said::pass(if made.is_empty() { "no tool is called".to_owned() } else { format!("it calls {}", names(made)) }),
    })
}

/// What is wrong with the calls by their schemas.
fn by_schema(sample: &Sample<'_>, made: &[ToolUse], needs_one: bool, offered: &Offered) -> Result<Option<Said>, String> {
    let mut own = Offered::default();
    let of_case = sample.case.vars.get("tools");
    if let Some(tools) = of_case {
        own.add(tools)?;
    }
    let offered = if of_case.is_some() { &own } else { offered };
    if offered.0.is_empty() {
        return Err("no tools are offered, so that arguments cannot be checked".to_owned());
    }
    if needs_one && made.is_empty() {
        return Ok(Some(Said::fail("no tool is called")));
    }
    let fault = made.iter().enumerate().find_map(|(at, call)| offered.fault(call).map(|(place, why)| (format!("/{at}{place}"), why)));
    Ok(fault.map(|(place, why)| Said::fail(why).at(place)))
}

struct Wanted {
    name: String,
    arguments: Option<Value>,
}

impl Wanted {
    fn of(call: &Value) -> Result<Self, String> {
        let name = call.as_str().or_else(|| call.get("name")?.as_str()).ok_or("a wanted call has no name")?;
        Ok(Self { name: name.to_owned(), arguments: call.get("arguments").cloned() })
    }

    fn is(&self, call: &ToolUse) -> bool {
        call.name == self.name && self.arguments.as_ref().is_none_or(|wanted| lacks(&call.arguments, wanted, "").is_none())
    }
}

/// How many of the wanted calls are found in their order, and the first that is not. `exact`: each at its own place.
fn in_order(made: &[ToolUse], wanted: &[Wanted], exact: bool) -> (usize, Option<usize>) {
    if exact {
        let found = wanted.iter().zip(made).take_while(|(wanted, call)| wanted.is(call)).count();
        return (found, (found < wanted.len()).then_some(found));
    }
    let mut rest = made.iter();
    let missing = wanted.iter().position(|wanted| !rest.any(|call| wanted.is(call)));
    (missing.unwrap_or(wanted.len()), missing)
}

/// The same in any order. Each call stands for one wanted call only, and is given to whichever lets most of them be found.
fn as_set(made: &[ToolUse], wanted: &[Wanted]) -> (usize, Option<usize>) {
    matching(wanted.len(), made.len(), |at, call| wanted[at].is(&made[call]))
}

fn missed(wanted: &Wanted, made: &[ToolUse]) -> String {
    let same = made.iter().find(|call| call.name == wanted.name);
    match (same, &wanted.arguments) {
        (Some(call), Some(arguments)) => match lacks(&call.arguments, arguments, "") {
            Some((at, why)) => format!("{} is called with other arguments: at `{at}` {why}", short(&wanted.name)),
            None => format!("{} is not called so often, or not in this order", short(&wanted.name)),
        },
        (Some(_), None) => format!("{} is not called so often, or not in this order", short(&wanted.name)),
        (None, _) if made.is_empty() => format!("{} is not called; no tool is", short(&wanted.name)),
        (None, _) => format!("{} is not called, but {}", short(&wanted.name), names(made)),
    }
}

fn names(made: &[ToolUse]) -> String {
    short(&made.iter().take(10).map(|call| call.name.as_str()).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grader::testing::{Trial, verdict_of};
    use crate::testing::answer;
    use crate::{Answer, Criterion, Verdict};
    use serde_json::json;

    fn calling(calls: &[(&str, Value)]) -> Answer {
        let call = |(name, arguments): &(&str, Value)| ToolUse { name: (*name).to_owned(), arguments: arguments.clone(), id: None };
        Answer { tools: calls.iter().map(call).collect(), ..answer("") }
    }

    fn by(calls: Value, ordered: bool, exact: bool) -> Criterion {
        Criterion::ToolCalls { calls: calls.as_array().unwrap().clone(), ordered, exact, schema: false }
    }

    #[test]
    fn order_set_and_arguments() {
        use Verdict::{Fail, Pass};
        let made = calling(&[("find", json!({"id": 7, "deep": {"a": 1, "b": 2}})), ("read", json!({})), ("find", json!({"id": 8}))]);
        let check = |calls: Value, ordered: bool, exact: bool, verdict: Verdict| {
            assert_eq!(verdict_of(&by(calls.clone(), ordered, exact), &made), verdict, "{calls} {ordered} {exact}");
        };
        check(json!(["find", "read"]), true, false, Pass);
        check(json!(["read", "find", "find"]), true, false, Fail);
        check(json!(["read", "find", "find"]), false, true, Pass);
        check(json!(["read", "find"]), false, true, Fail);
        check(json!(["find", "read", "find"]), true, true, Pass);
        check(json!(["find", "read"]), true, true, Fail);
        check(json!(["write"]), false, false, Fail);
        check(json!([{"name": "find", "arguments": {"deep": {"a": "*"}}}]), true, false, Pass);
        check(json!([{"name": "find", "arguments": {"id": 9}}]), false, false, Fail);
        // `*` must not take the only call that the other one fits.
        check(json!([{"name": "find", "arguments": {"id": "*"}}, {"name": "find", "arguments": {"id": 7}}]), false, false, Pass);
        check(json!([]), false, true, Fail);
        assert_eq!(verdict_of(&by(json!([]), false, true), &calling(&[])), Pass);
        assert_eq!(verdict_of(&by(json!([{"arguments": {}}]), false, false), &made), Verdict::Unscored);
    }

    #[test]
    fn partial_ways_have_a_score() {
        let made = calling(&[("a", json!({})), ("b", json!({}))]);
        let grade = Trial::new(&by(json!(["a", "c"]), false, true)).answer(&made);
        assert_eq!((grade.verdict, grade.score, grade.at.as_deref()), (Verdict::Fail, Some(0.5), Some("1")));
    }

    #[test]
    fn arguments_fit_the_offered_tools() {
        let tools = json!([{"type": "function", "function": {"name": "find", "parameters":
            {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}}}, {"name": "read", "input_schema": {"type": "object"}}]);
        let by = Criterion::ToolCalls { calls: Vec::new(), ordered: false, exact: false, schema: true };
        let check = |made: &[(&str, Value)], verdict: Verdict, at: Option<&str>| {
            let grade = Trial::new(&by).tools(&tools).answer(&calling(made));
            assert_eq!((grade.verdict, grade.at.as_deref()), (verdict, at), "{made:?} {}", grade.why);
        };
        check(&[("find", json!({"id": 7})), ("read", json!({}))], Verdict::Pass, None);
        check(&[("read", json!({})), ("find", json!({"id": "x"}))], Verdict::Fail, Some("/1/id"));
        check(&[("find", json!("id=7"))], Verdict::Fail, Some("/0"));
        check(&[("write", json!({}))], Verdict::Fail, Some("/0"));
        check(&[], Verdict::Fail, None);
        assert_eq!(verdict_of(&by, &calling(&[("find", json!({"id": 7}))])), Verdict::Unscored);
    }
}
