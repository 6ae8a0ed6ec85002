//! What else speaks of a fact: sentences that name the same subject with another figure.

use super::desk::Desk;
use super::facts::is_same;
use super::statements::{Quantity, Statement, statements, subject};
use crate::{Fact, Finding, Kind, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// How many statements with a unit are compared with each other; more are too general to mean one thing.
const PEERS_MAX: usize = 400;

pub(super) fn check(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let all = statements(desk.units());
    let mut told = BTreeSet::new();
    for unit in desk.units() {
        for fact in &unit.facts {
            let Ok(now) = crate::facts::fact_value(fact, desk.input.tree) else { continue };
            if let Some(home) = all.iter().find(|one| one.unit.id == unit.id && (one.offset..=one.offset + length(one, unit)).contains(&fact.span.0)) {
                elsewhere(desk, fact, &now, home, &all, &mut told, found);
            }
        }
    }
    contradictions(desk, &all, &mut told, found);
}

/// At least how many bytes of the body the statement covers: a quotation makes it longer than its text.
fn length(one: &Statement<'_>, unit: &crate::Unit) -> usize {
    let quoted: usize = unit.facts.iter().map(|fact| fact.span.1.saturating_sub(fact.span.0)).sum();
    one.text.len() + quoted
}

type Told<'a> = BTreeSet<(&'a str, usize)>;

fn elsewhere<'a>(desk: &Desk<'_>, fact: &Fact, now: &str, home: &Statement<'a>, all: &[Statement<'a>], told: &mut Told<'a>, found: &mut Vec<Finding>) {
    let Some(quantity) = home.quantities.iter().find(|quantity| is_same(&quantity.value, &fact.said)) else { return };
    let is_changed = !is_same(&fact.said, now);
    let mut about = home.subject.clone();
    about.extend(subject(&fact.pointer.replace('/', " ")));
    let mut wide = about.clone();
    wide.extend(home.setting.iter().cloned());
    for other in all.iter().filter(|other| !is_home(other, home, fact)) {
        let Some(stated) = other.quantities.iter().find(|stated| stated.unit == quantity.unit && !is_same(&stated.value, now)) else { continue };
        let is_old = is_same(&stated.value, &fact.said);
        let is_about = if is_changed && is_old { is_related(&wide, other) } else { is_alike(&about, other) };
        if is_about && told.insert((&other.unit.id, other.offset)) {
            found.push(finding(desk, fact, now, home, other, stated));
        }
    }
}

/// Whether `other` is a quotation of the same fact: it is told by itself.
fn is_home(other: &Statement<'_>, home: &Statement<'_>, fact: &Fact) -> bool {
    let quotes = |quoted: &Fact| {
        quoted.path == fact.path && quoted.pointer == fact.pointer && (other.offset..=other.offset + length(other, other.unit)).contains(&quoted.span.0)
    };
    (other.unit.id == home.unit.id && other.offset == home.offset) || other.unit.facts.iter().any(quotes)
}

/// The old value, and two words of the subject: of the sentence, its heading or its question.
fn is_related(about: &BTreeSet<String>, other: &Statement<'_>) -> bool {
    other.subject.union(&other.setting).filter(|term| about.contains(*term)).count() >= 2
}

/// Another value: then the sentence itself must be about the same, since food and furniture may differ in their days.
fn is_alike(about: &BTreeSet<String>, other: &Statement<'_>) -> bool {
    let shared = other.subject.intersection(about).count();
    shared >= 2 && shared * 10 >= other.subject.len() * 7
}

fn finding(desk: &Desk<'_>, fact: &Fact, now: &str, home: &Statement<'_>, other: &Statement<'_>, stated: &Quantity) -> Finding {
    let said_at = format!("{}:{}", home.unit.place.path, fact.line);
    let message = format!(
        "this says `{} {}`; `{}#{}`, quoted at {said_at}, says `{now}`: \"{}\"",
        stated.value,
        stated.unit,
        fact.path,
        fact.pointer,
        shown(&other.text)
    );
    let remedy = format!("if it is the same thing, write `{now}`, or quote it: `{{fact: {now} from {}#{}}}`", fact.path, fact.pointer);
    desk.at(other.unit, other.offset, "fact-elsewhere", Severity::Warning, message, remedy)
}

fn shown(text: &str) -> String {
    crate::constraint::excerpt(text.trim().trim_start_matches(['-', '*', '|', ' ']))
}

/// Sentences of two units that differ in nothing but the figure.
fn contradictions<'a>(desk: &Desk<'_>, all: &[Statement<'a>], told: &mut Told<'a>, found: &mut Vec<Finding>) {
    let mut by_unit: BTreeMap<&str, Vec<&Statement<'a>>> = BTreeMap::new();
    let speaks = |one: &&Statement<'_>| {
        matches!(one.unit.kind, Kind::Doc | Kind::Constraint) && one.quantities.len() == 1 && one.quantities[0].is_measured() && one.subject.len() >= 3
    };
    for one in all.iter().filter(speaks) {
        by_unit.entry(&one.quantities[0].unit).or_default().push(one);
    }
    for peers in by_unit.values().filter(|peers| peers.len() <= PEERS_MAX) {
        for (at, one) in peers.iter().enumerate() {
            let against =
                peers[..at].iter().find(|other| other.unit.id != one.unit.id && other.quantities[0].value != one.quantities[0].value && is_twin(one, other));
            if let Some(other) = against.filter(|_| told.insert((&one.unit.id, one.offset))) {
                let line = desk.line(other.unit, other.offset);
                let message =
                    format!("this says `{}`, and {}:{line} says `{}` of the same: \"{}\"", said(one), other.unit.place.path, said(other), shown(&one.text));
                let remedy = "make them agree, or quote the figure from one source with `{fact: …}`".to_owned();
                found.push(desk.at(one.unit, one.offset, "contradiction", Severity::Warning, message, remedy));
            }
        }
    }
}

fn said(one: &Statement<'_>) -> String {
    format!("{} {}", one.quantities[0].value, one.quantities[0].unit)
}

fn is_twin(one: &Statement<'_>, other: &Statement<'_>) -> bool {
    let shared = one.subject.intersection(&other.subject).count();
    let both = one.subject.len() + other.subject.len() - shared;
    shared >= 3 && shared * 10 >= both * 8
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, doc, unit};
    use crate::constraint::{Check, Constraint, Target};
    use crate::{Detail, Example, Fact, Kind, Severity, Unit};

    const SOURCE: &str = "[refund]\ndays = 14\n";

    /// A page that quotes the policy, once right and once as it was before.
    fn home(said: &str) -> Unit {
        let body = format!("Refunds are accepted within {{fact: {said} from policy.toml#/refund/days}} days of delivery.");
        let mut unit = doc("docs/home.md", &body);
        unit.title = "Refund window".to_owned();
        let (start, end) = (body.find('{').unwrap(), body.find('}').unwrap() + 1);
        unit.facts.push(Fact { said: said.to_owned(), path: "policy.toml".to_owned(), pointer: "/refund/days".to_owned(), line: 1, span: (start, end) });
        unit
    }

    fn check(said: &str, other: Unit, expected: &[&str]) {
        let home = home(said);
        let (path, body, first) = (other.place.path.to_string(), other.body.to_string(), home.body.to_string());
        let files = [("policy.toml", SOURCE), ("docs/home.md", &first), (&path, &body)];
        let found = Bench::new(&files).findings(vec![home, other]);
        let shown: Vec<String> =
            found.iter().filter(|finding| finding.code != "fact-differs").map(|finding| format!("{} {}", finding.code, finding.place)).collect();
        assert_eq!(shown, expected, "{found:#?}");
    }

    #[test]
    fn pages_that_still_say_the_old_value() {
        let other = |body: &str| doc("docs/b.md", body);
        check("30", other("Hello.\nWithin 30 days of delivery we grant refunds."), &["fact-elsewhere docs/b.md:2"]);
        check("14", other("Refunds are accepted within 30 days of delivery."), &["fact-elsewhere docs/b.md:1"]);
        check("14", other("Refunds are accepted within two weeks of delivery."), &[]);
        check("30", other("Invoices are due within 30 days."), &[]);
        check("14", other("Refunds of furniture bought in the outlet are accepted within 30 days of delivery to your home."), &[]);
        check("14", other("Refunds are accepted up to 30 EUR of delivery."), &[]);
    }

    #[test]
    fn examples_constraints_and_schemas_that_still_say_it() {
        let mut example = unit(Kind::Example, "example:kettle", "context/e.md", "You have 30 days to send it back.");
        example.detail = Detail::Example(Box::new(Example {
            input: "How long after delivery do you give refunds?".to_owned(),
            output: "30 days".to_owned(),
            why: None,
            schema: None,
            is_counterexample: false,
        }));
        check("30", example, &["fact-elsewhere context/e.md:1"]);
        let mut rule = unit(Kind::Constraint, "constraint:window", "context/c.md", "Name the refund window and the delivery.");
        rule.detail = Detail::Constraint(Box::new(Constraint {
            text: rule.body.to_string(),
            severity: Severity::Error,
            check: Some(Check::Require("\\b30\\s+days\\b".to_owned())),
            target: Target::Output,
        }));
        check("30", rule, &["fact-elsewhere context/c.md:1"]);
        let body = "{\"properties\":{\"refund_days\":{\"description\":\"Days after delivery\",\"maximum\":30}}}";
        let mut schema = unit(Kind::Schema, "schema:refund", "s.json", body);
        schema.detail = Detail::Schema(Box::new(serde_json::from_str(body).unwrap()));
        check("30", schema, &["fact-elsewhere s.json:1"]);
    }

    #[test]
    fn pages_that_contradict_each_other() {
        let check = |a: &str, b: &str, expected: &[&str]| {
            Bench::new(&[("a.md", a), ("b.md", b)]).check_all(vec![doc("a.md", a), doc("b.md", b)], expected);
        };
        check("The gateway waits 5 seconds for a first byte.", "For a first byte the gateway waits 30 seconds.", &["contradiction b.md:1"]);
        check("The gateway waits 5 seconds for a first byte.", "For a first byte the gateway waits 5 seconds.", &[]);
        check("The gateway waits 5 seconds for the header of a response.", "The gateway waits 30 seconds for the body of a response.", &[]);
    }
}
