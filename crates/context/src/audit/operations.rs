//! The fourth part: what happened so far, as the ledger knows it. The figures come from outside; nothing here knows a ledger.

use super::report::{Fact, Item, Part, Section, Touched, counted, grouped};
use crate::{Finding, Place, Severity};

/// What is known of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ledger {
    /// There is no ledger.
    None,
    /// There is one, and it cannot be read: why.
    Unreadable(String),
    /// What it says.
    Known(Box<Operations>),
}

/// Calls of the last 30 days. Simulated ones are counted apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operations {
    /// Calls that a provider answered, or should have.
    pub calls: u64,
    /// Calls that a simulated provider answered.
    pub calls_simulated: u64,
    /// What the calls cost, as far as known, in words (`$12.40`).
    pub spend: String,
    /// Calls whose cost nobody knows.
    pub calls_unpriced: u64,
    /// Models without a price, each with its calls.
    pub models_unpriced: Vec<(String, u64)>,
    /// Classes, each with its calls and spend.
    pub classes: Vec<ClassUse>,
    /// Calls by how they ended: status or code of the error, the most first. Only those that did not end well.
    pub failures: Vec<(String, u64)>,
    /// Calls whose account has no budget, nor any above it; `None` where there are too many calls to look at each.
    pub calls_without_budget: Option<u64>,
}

/// What a class used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassUse {
    /// Its name; `unclassified` for calls of none.
    pub name: String,
    /// Its calls.
    pub calls: u64,
    /// What they cost, as far as known, in words.
    pub spend: String,
    /// Whether the configuration names a suite that measures its quality.
    pub has_suite: bool,
}

/// Failures below this share of calls, in percent, are counted and not reported.
const FAILURES_PERCENT: u64 = 2;

pub(super) fn section(ledger: &Ledger) -> Section {
    match ledger {
        Ledger::None => {
            let says = "no ledger here: what calls cost and whether they succeed is not known; `jeton up` begins one";
            Section::new(Part::Operations, vec![Fact::unknown("calls", says)], Vec::new())
        }
        Ledger::Unreadable(why) => Section::new(Part::Operations, vec![Fact::unknown("calls", format!("the ledger cannot be read: {why}"))], Vec::new()),
        Ledger::Known(operations) => Section::new(Part::Operations, facts(operations), items(operations)),
    }
}

fn facts(known: &Operations) -> Vec<Fact> {
    let all = known.calls;
    let simulated = if known.calls_simulated > 0 { format!("; {} simulated beside them", grouped(known.calls_simulated)) } else { String::new() };
    let mut facts = vec![Fact::new("calls", all, format!("{} in 30 days, {}{simulated}", counted(all, "call", "calls"), known.spend))];
    if all == 0 {
        return facts;
    }
    let failed: u64 = known.failures.iter().map(|(_, calls)| calls).sum();
    let mix: Vec<String> = known.failures.iter().take(4).map(|(name, calls)| format!("{name} {}", grouped(*calls))).collect();
    let mix = if mix.is_empty() { String::new() } else { format!(": {}", mix.join(", ")) };
    facts.push(Fact::of("calls-failed", failed, all, format!("{} of {} did not end well{mix}", grouped(failed), counted(all, "call", "calls"))));
    let unclassified = known.classes.iter().filter(|class| class.name == "unclassified").map(|class| class.calls).sum();
    facts.push(Fact::of("calls-unclassified", unclassified, all, format!("{} of {} belong to no class", grouped(unclassified), counted(all, "call", "calls"))));
    let classes: Vec<&ClassUse> = known.classes.iter().filter(|class| class.name != "unclassified").collect();
    let with_suite = classes.iter().filter(|class| class.has_suite).count() as u64;
    facts.push(Fact::of(
        "classes-with-suite",
        with_suite,
        classes.len() as u64,
        format!("{} of {} in use name a suite", grouped(with_suite), counted(classes.len() as u64, "class", "classes")),
    ));
    facts.push(Fact::of(
        "calls-unpriced",
        known.calls_unpriced,
        all,
        format!("the cost of {} of {} is not known", grouped(known.calls_unpriced), counted(all, "call", "calls")),
    ));
    facts
}

fn items(known: &Operations) -> Vec<Item> {
    let mut items = Vec::new();
    let mut report = |code, severity, message: String, remedy: String, calls: u64, spend: Option<String>| {
        let finding = Finding::new(code, severity, Place::file("jeton.toml"), message, remedy);
        items.push(Item::new(finding, Touched { calls: Some(calls), spend, ..Touched::default() }));
    };
    for class in &known.classes {
        let spend = Some(class.spend.clone());
        if class.name == "unclassified" {
            let message =
                format!("{} of {} belong to no class: nothing can say what they bought.", grouped(class.calls), counted(known.calls, "call", "calls"));
            report(
                "unclassified-calls",
                Severity::Warning,
                message,
                "Send the header `jeton-class`, or give a class a `match` rule.".to_owned(),
                class.calls,
                spend,
            );
        } else if !class.has_suite {
            let message = format!("The class `{}` names no suite: nobody measures whether its answers are good.", class.name);
            let remedy = format!("Add `quality = {{ suite = \"…\", at_least = … }}` to `[classes.\"{}\"]`.", class.name);
            report("class-without-suite", Severity::Note, message, remedy, class.calls, spend);
        }
    }
    for (model, calls) in &known.models_unpriced {
        let message = format!("The price of `{model}` is not known; its calls are held at an upper bound.");
        report("unknown-price", Severity::Warning, message, format!("Add `price` to `[models.\"{model}\"]`."), *calls, None);
    }
    let failed: u64 = known.failures.iter().map(|(_, calls)| calls).sum();
    if let Some((name, calls)) = known.failures.first().filter(|_| failed * 100 >= known.calls * FAILURES_PERCENT) {
        let message = format!("{} of {} did not end well; most often: {name} ({}).", grouped(failed), counted(known.calls, "call", "calls"), grouped(*calls));
        report(
            "failing-calls",
            Severity::Warning,
            message,
            "Look at `jeton call list --status failed`, and at what each receipt says.".to_owned(),
            failed,
            None,
        );
    }
    if let Some(calls) = known.calls_without_budget.filter(|calls| *calls > 0) {
        let message = format!("{} without a budget anywhere above: nothing bounds what may be spent.", counted(calls, "call was", "calls were"));
        let remedy = "Give the account, or one above it, a `budget`.".to_owned();
        report("no-budget", Severity::Note, message, remedy, calls, None);
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_knows_is_not_zero() {
        let section = section(&Ledger::None);
        assert_eq!((section.facts[0].count, section.items.len()), (None, 0));
    }

    #[test]
    fn findings_touch_calls_and_are_ordered_by_them() {
        let class = |name: &str, calls, has_suite| ClassUse { name: name.to_owned(), calls, spend: format!("${calls}"), has_suite };
        let known = Operations {
            calls: 100,
            spend: "$9".to_owned(),
            calls_unpriced: 3,
            models_unpriced: vec![("a/b".to_owned(), 3)],
            classes: vec![class("unclassified", 40, false), class("a", 50, true), class("b", 10, false)],
            failures: vec![("upstream_error".to_owned(), 4), ("cancelled".to_owned(), 1)],
            calls_without_budget: Some(0),
            ..Operations::default()
        };
        let section = section(&Ledger::Known(Box::new(known)));
        let codes: Vec<(&str, u64)> = section.items.iter().map(|item| (item.finding.code, item.value)).collect();
        assert_eq!(codes, [("unclassified-calls", 123), ("failing-calls", 18), ("unknown-price", 12), ("class-without-suite", 11)]);
        assert_eq!(section.items[0].touched.why(), "40 calls in 30 days, $40");
    }
}
