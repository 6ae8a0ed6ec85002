//! Constraints among themselves: checks that cannot be used, rules said twice, rules that no answer can satisfy, links to nothing.

use super::desk::Desk;
use super::examples::meets;
use super::statements::subject;
use crate::constraint::{Check, Constraint, PathScope, Prepared, Target, regex};
use crate::schema::Schema;
use crate::{Detail, Finding, Severity, Unit};
use std::collections::{BTreeMap, BTreeSet};

/// Words that turn a rule into its opposite.
const NEGATIONS: [&str; 12] = ["never", "not", "no", "don't", "dont", "cannot", "avoid", "without", "forbidden", "prohibited", "mustn't", "shouldn't"];

/// The words of [`NEGATIONS`].
pub(super) const fn negations() -> &'static [&'static str] {
    &NEGATIONS
}

pub(super) fn check(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let mut rules = Vec::new();
    for unit in desk.units() {
        links(desk, unit, found);
        match &unit.detail {
            Detail::Constraint(constraint) => {
                usable(desk, unit, constraint, found);
                rules.push(Rule::new(unit, constraint));
            }
            Detail::Schema(schema) if !schema.is_null() => {
                if let Err(why) = Schema::new(schema) {
                    found.push(Desk::whole(unit, "bad-check", Severity::Error, format!("`{}` cannot validate: {why}", unit.id), "mend the schema".to_owned()));
                }
            }
            _ => {}
        }
    }
    pairs(&rules, found);
}

fn usable(desk: &Desk<'_>, unit: &Unit, constraint: &Constraint, found: &mut Vec<Finding>) {
    let faults = [Prepared::new(constraint, &desk.surroundings).err(), PathScope::new(&unit.scope.paths).err()];
    for why in faults.into_iter().flatten() {
        let remedy = "mend it; until then the rule is only read, and nothing is ever found to break it".to_owned();
        found.push(Desk::whole(unit, "bad-check", Severity::Error, format!("the check of `{}` cannot be used: {why}", unit.id), remedy));
    }
}

fn links(desk: &Desk<'_>, unit: &Unit, found: &mut Vec<Finding>) {
    let of = [
        ("requires", &unit.links.requires, Severity::Error),
        ("supersedes", &unit.links.supersedes, Severity::Warning),
        ("conflicts", &unit.links.conflicts, Severity::Warning),
    ];
    for (word, ids, severity) in of {
        for id in ids.iter().filter(|id| !desk.units().iter().any(|unit| unit.id == **id)) {
            let near =
                desk.units().iter().find(|unit| unit.id.ends_with(&format!(":{id}")) || unit.id.split_once(':').is_some_and(|(_, name)| id.ends_with(name)));
            let remedy =
                near.map_or_else(|| "name a unit by its id; `jeton context list` shows them".to_owned(), |near| format!("did you mean `{}`?", near.id));
            found.push(Desk::whole(unit, "unknown-link", severity, format!("`{}` {word} `{id}`, which is not in the catalogue", unit.id), remedy));
        }
    }
}

struct Rule<'a> {
    unit: &'a Unit,
    constraint: &'a Constraint,
    subject: BTreeSet<String>,
    is_negated: bool,
}

impl<'a> Rule<'a> {
    fn new(unit: &'a Unit, constraint: &'a Constraint) -> Self {
        let small = constraint.text.to_lowercase().replace('\u{2019}', "'");
        let words: BTreeSet<&str> = small.split(|c: char| !(c.is_alphanumeric() || c == '\'')).collect();
        let mut subject = subject(&constraint.text);
        subject.retain(|term| !["avoid", "forbidden", "prohibit", "cannot"].iter().any(|negation| jeton_text::stem(negation) == *term));
        Self { unit, constraint, subject, is_negated: NEGATIONS.iter().any(|negation| words.contains(negation)) }
    }

    fn meets(&self, other: &Self) -> bool {
        let (own, its) = (&self.unit.scope, &other.unit.scope);
        let targets = matches!((self.constraint.target, other.constraint.target), (Target::Both, _) | (_, Target::Both))
            || self.constraint.target == other.constraint.target;
        targets
            && meets(&own.classes, &its.classes)
            && meets(&own.models, &its.models)
            && (own.paths.is_empty() || its.paths.is_empty() || own.paths == its.paths)
    }
}

fn pairs(rules: &[Rule<'_>], found: &mut Vec<Finding>) {
    // Rules without a common word have nothing to say to each other.
    let mut by_term: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, rule) in rules.iter().enumerate() {
        let mut candidates: BTreeSet<usize> = rule.subject.iter().filter_map(|term| by_term.get(term.as_str())).flatten().copied().collect();
        // Checks can meet whatever the words are; there are few of them.
        if matches!(rule.constraint.check, Some(Check::Forbid(_) | Check::Require(_))) {
            candidates.extend((0..at).filter(|&other| matches!(rules[other].constraint.check, Some(Check::Forbid(_) | Check::Require(_)))));
        }
        for &other in candidates.iter().filter(|&&other| rules[other].meets(rule)) {
            found.extend(pair(&rules[other], rule));
        }
        rule.subject.iter().for_each(|term| by_term.entry(term).or_default().push(at));
    }
}

fn pair(first: &Rule<'_>, second: &Rule<'_>) -> Option<Finding> {
    let (at, id) = (&first.unit.place, &first.unit.id);
    if first.constraint.check.as_ref().zip(second.constraint.check.as_ref()).is_some_and(|(a, b)| forbids_required(a, b) || forbids_required(b, a)) {
        let message = format!("`{}` and `{id}` ({at}) cannot both hold: one forbids what the other requires", second.unit.id);
        return Some(Desk::whole(
            second.unit,
            "contradicting-constraints",
            Severity::Error,
            message,
            "take one back, or give them scopes that do not meet".to_owned(),
        ));
    }
    let (shared, both) = (first.subject.intersection(&second.subject).count(), first.subject.union(&second.subject).count());
    let is_near = shared >= 3 && shared * 100 >= both * 85;
    // Short rules share few words: then all of them.
    let is_opposite = is_near || (shared >= 2 && shared == both);
    if is_opposite && first.is_negated != second.is_negated {
        let message = format!("`{}` and `{id}` ({at}) speak of the same, and only one of them says no", second.unit.id);
        return Some(Desk::whole(
            second.unit,
            "contradicting-constraints",
            Severity::Warning,
            message,
            "if they contradict each other, take one back".to_owned(),
        ));
    }
    let is_same_check = first.constraint.check.is_some() && first.constraint.check == second.constraint.check;
    // The same rule with different figures is told as a contradiction of sentences.
    let is_said_twice = is_near && shared * 10 >= both * 9 && figures(first) == figures(second) && same_checks(first, second);
    (first.unit.scope == second.unit.scope && (is_same_check || is_said_twice)).then(|| {
        let what = if is_same_check { "have one check" } else { "say the same" };
        let message = format!("`{}` and `{id}` ({at}) {what} in one scope", second.unit.id);
        Desk::whole(second.unit, "overlapping-constraint", Severity::Warning, message, "keep one; both cost tokens in every request".to_owned())
    })
}

fn same_checks(first: &Rule<'_>, second: &Rule<'_>) -> bool {
    first.constraint.check.is_none() || second.constraint.check.is_none() || first.constraint.check == second.constraint.check
}

fn figures(rule: &Rule<'_>) -> BTreeSet<String> {
    jeton_text::terms(&rule.constraint.text).into_iter().filter(|term| term.starts_with(|c: char| c.is_ascii_digit())).collect()
}

/// Whether every text that satisfies `required` breaks `forbidden`. Decided only where what is required is a plain text.
fn forbids_required(forbidden: &Check, required: &Check) -> bool {
    match (forbidden, required) {
        (Check::Forbid(forbidden), Check::Require(required)) => {
            literal(required).is_some_and(|text| regex(forbidden).is_ok_and(|pattern| pattern.is_match(&text)))
        }
        _ => false,
    }
}

/// The text that a pattern without choices stands for.
fn literal(pattern: &str) -> Option<String> {
    let plain = pattern.replace("\\b", "").replace("\\s+", " ").replace("\\s", " ").replace("(?i)", "");
    let mut text = String::new();
    let mut characters = plain.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push(characters.next().filter(|next| !next.is_alphanumeric())?),
            '.' | '*' | '+' | '?' | '[' | ']' | '(' | ')' | '{' | '}' | '|' | '^' | '$' => return None,
            plain => text.push(plain),
        }
    }
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, unit};
    use super::*;
    use crate::Kind;

    fn rule(id: &str, text: &str, check: Option<Check>) -> Unit {
        let mut made = unit(Kind::Constraint, &format!("constraint:{id}"), &format!("{id}.md"), text);
        made.detail = Detail::Constraint(Box::new(Constraint { text: text.to_owned(), severity: Severity::Error, check, target: Target::Output }));
        made
    }

    fn check(units: Vec<Unit>, expected: &[&str]) {
        let files: Vec<(String, String)> = units.iter().map(|unit| (unit.place.path.to_string(), unit.body.to_string())).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, body)| (path.as_str(), body.as_str())).collect();
        Bench::new(&files).check_all(units, expected);
    }

    fn forbid(pattern: &str) -> Option<Check> {
        Some(Check::Forbid(pattern.to_owned()))
    }

    fn require(pattern: &str) -> Option<Check> {
        Some(Check::Require(pattern.to_owned()))
    }

    #[test]
    fn checks_that_cannot_be_used() {
        check(vec![rule("a", "Say it well.", forbid("("))], &["bad-check a.md:1"]);
        check(vec![rule("a", "Say it well.", forbid("\\bnever\\b"))], &[]);
        check(vec![rule("a", "Say it well.", Some(Check::SchemaUnit("schema:x".to_owned())))], &["bad-check a.md:1"]);
        let mut scoped = rule("a", "Say it well.", None);
        scoped.scope.paths = vec!["a[".to_owned()];
        check(vec![scoped], &["bad-check a.md:1"]);
    }

    #[test]
    fn rules_said_twice() {
        let twice = |text: &str, other: &str| vec![rule("a", text, None), rule("b", other, None)];
        check(twice("Never promise a refund before approval.", "Before approval, never promise refunds!"), &["overlapping-constraint b.md:1"]);
        check(twice("Never promise a refund before approval.", "Never promise a delivery before payment."), &[]);
        check(vec![rule("a", "Be kind.", forbid("idiot")), rule("b", "Insult nobody.", forbid("idiot"))], &["overlapping-constraint b.md:1"]);
        let mut apart = vec![rule("a", "Be kind.", forbid("idiot")), rule("b", "Insult nobody.", forbid("idiot"))];
        apart[1].scope.classes = vec!["sales".to_owned()];
        check(apart, &[]);
    }

    #[test]
    fn rules_that_no_answer_satisfies() {
        let pair = |a: Option<Check>, b: Option<Check>| vec![rule("a", "Name the time.", a), rule("b", "Speak plainly.", b)];
        check(pair(require("\\b30\\s+days\\b"), forbid("\\d+ days")), &["contradicting-constraints b.md:1"]);
        check(pair(forbid("guarantee"), require("Kind regards")), &[]);
        check(pair(require("days|weeks"), forbid("days")), &[]);
        let said = |a: &str, b: &str| vec![rule("a", a, None), rule("b", b, None)];
        check(said("Always include the order number in replies.", "Never include the order number in replies."), &["contradicting-constraints b.md:1"]);
        check(said("Always include the order number in replies.", "Never include the card number in replies."), &[]);
        check(said("Always quote prices.", "Never quote prices."), &["contradicting-constraints b.md:1"]);
        check(said("Always quote prices.", "Never quote dates."), &[]);
    }

    #[test]
    fn links_to_nothing() {
        let mut linked = rule("a", "Say it well.", None);
        linked.links.requires = vec!["constraint:b".to_owned(), "constraint:gone".to_owned()];
        check(vec![linked, rule("b", "Be brief and clear.", None)], &["unknown-link a.md:1"]);
    }

    #[test]
    fn literals() {
        let check = |pattern: &str, expected: Option<&str>| assert_eq!(literal(pattern).as_deref(), expected, "{pattern}");
        check("30 days", Some("30 days"));
        check("a\\.b", Some("a.b"));
        check("a|b", None);
        check("\\d+", None);
        check("\\", None);
    }
}
