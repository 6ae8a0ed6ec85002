//! What an audit says: facts that were counted, and findings with their proof, their weight and the next step.

use crate::{Finding, Severity};
use serde::Serialize;

/// The four parts of the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// What a model can read.
    Context,
    /// What a model can do.
    Tools,
    /// What tells good work from bad.
    Evaluation,
    /// What happened so far.
    Operations,
}

impl Part {
    /// The stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Tools => "tools",
            Self::Evaluation => "evaluation",
            Self::Operations => "operations",
        }
    }

    /// What the part answers.
    #[must_use]
    pub const fn question(self) -> &'static str {
        match self {
            Self::Context => "Can a model read what it needs to know?",
            Self::Tools => "Can it do things, and tell the safe ones?",
            Self::Evaluation => "Would a mistake be noticed?",
            Self::Operations => "What do its calls cost, and what do they buy?",
        }
    }
}

/// Something counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// A stable name in kebab case.
    pub name: &'static str,
    /// The count; `None` where it is not known, and the sentence says why.
    pub count: Option<u64>,
    /// Of how many, where that is counted too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// In a sentence.
    pub says: String,
}

impl Fact {
    /// A count.
    pub(crate) fn new(name: &'static str, count: u64, says: impl Into<String>) -> Self {
        Self { name, count: Some(count), of: None, says: says.into() }
    }

    /// A count among others.
    pub(crate) fn of(name: &'static str, count: u64, of: u64, says: impl Into<String>) -> Self {
        Self { name, count: Some(count), of: Some(of), says: says.into() }
    }

    /// What cannot be told, and why.
    pub(crate) fn unknown(name: &'static str, says: impl Into<String>) -> Self {
        Self { name, count: None, of: None, says: says.into() }
    }
}

/// What a finding touches, as far as it was counted. What nobody counted is `None`, and never zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Touched {
    /// Commits of the 90 days before the newest that changed the files concerned.
    pub commits: Option<u64>,
    /// Lines of code concerned.
    pub lines: Option<u64>,
    /// Calls concerned, of the last 30 days.
    pub calls: Option<u64>,
    /// What those calls cost, as far as known, in words.
    pub spend: Option<String>,
    /// Whether the commits and lines are those of everything, since no place is concerned more than another.
    pub is_everything: bool,
}

impl Touched {
    /// In words: why a finding stands where it stands.
    #[must_use]
    pub fn why(&self) -> String {
        let mut parts = Vec::new();
        if let Some(lines) = self.lines {
            parts.push(counted(lines, "line of code", "lines of code"));
        }
        if let Some(commits) = self.commits {
            parts.push(format!("touched by {} in 90 days", counted(commits, "commit", "commits")));
        }
        if let Some(calls) = self.calls {
            parts.push(format!("{} in 30 days", counted(calls, "call", "calls")));
        }
        parts.extend(self.spend.clone());
        parts.join(", ")
    }
}

/// A finding of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What was found, where, and the smallest next step (its remedy).
    #[serde(flatten)]
    pub finding: Finding,
    /// What it touches.
    pub touched: Touched,
    /// By what findings of a part are ordered, the largest first: see [`value`].
    pub value: u64,
}

impl Item {
    /// A finding that touches `touched`.
    pub(crate) fn new(finding: Finding, touched: Touched) -> Self {
        let value = value(finding.severity, &touched);
        Self { finding, touched, value }
    }
}

/// The value of mending a finding: `severity × (1 + commits) × (1 + bits(lines))`, or `severity × (1 + calls)` where calls were counted.
///
/// An error weighs 9, a warning 3, a note 1. `commits` are those of the 90 days before the newest that changed the files concerned; `bits` is
/// the number of binary digits of the lines of code concerned (1,000 lines: 10; 2,000: 11), so that work that goes on counts for more than
/// mere size. What is not known counts as if it were none: it neither raises nor lowers a finding against its equals. A note on everything weighs
/// 1 whatever it touches: every commit touches everything, which must not raise it above notes with a place of their own.
#[must_use]
pub fn value(severity: Severity, touched: &Touched) -> u64 {
    let weight = match severity {
        Severity::Error => 9,
        Severity::Warning => 3,
        Severity::Note => 1_u64,
    };
    if severity == Severity::Note && touched.is_everything {
        return weight;
    }
    let bits = u64::from(u64::BITS - touched.lines.unwrap_or(0).leading_zeros());
    match touched.calls {
        Some(calls) => weight.saturating_mul(calls.saturating_add(1)),
        None => weight.saturating_mul(touched.commits.unwrap_or(0).saturating_add(1)).saturating_mul(1 + bits),
    }
}

/// One part of the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Which.
    pub part: Part,
    /// What it answers.
    pub question: &'static str,
    /// What was counted.
    pub facts: Vec<Fact>,
    /// What was found, by value.
    pub items: Vec<Item>,
}

impl Section {
    /// A section whose findings are put into their order.
    pub(crate) fn new(part: Part, facts: Vec<Fact>, mut items: Vec<Item>) -> Self {
        items.sort_by(|a, b| {
            let place = |item: &Item| (item.finding.place.clone(), item.finding.code);
            b.value
                .cmp(&a.value)
                .then(b.finding.severity.cmp(&a.finding.severity))
                .then(a.touched.is_everything.cmp(&b.touched.is_everything))
                .then_with(|| place(a).cmp(&place(b)))
                .then_with(|| a.finding.message.cmp(&b.finding.message))
        });
        items.dedup();
        Self { part, question: part.question(), facts, items }
    }
}

/// What an audit says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The commit that was looked at, or the one below the work tree; `None` without Git.
    pub commit: Option<String>,
    /// What was looked at, counted.
    pub facts: Vec<Fact>,
    /// What cannot be told, and why.
    pub cannot_tell: Vec<String>,
    /// The four parts.
    pub sections: Vec<Section>,
}

impl Report {
    /// The worst severity of all findings; `None` where there are none.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings().map(|item| item.finding.severity).max()
    }

    /// All findings, section by section.
    pub fn findings(&self) -> impl Iterator<Item = &Item> {
        self.sections.iter().flat_map(|section| &section.items)
    }
}

/// `1 commit`, `1 234 commits`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A count with a blank between thousands, as terminals show it: `1 234 567`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(' ');
        }
        shown.push(digit);
    }
    shown
}

/// The first `most` of `names` in inline code, and how many more there are.
pub(crate) fn listed(names: &[String], most: usize) -> String {
    let shown: Vec<String> = names.iter().take(most).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Place;

    #[test]
    fn value_follows_its_formula() {
        let check = |severity, commits, lines, calls, expected| assert_eq!(value(severity, &Touched { commits, lines, calls, ..Touched::default() }), expected);
        check(Severity::Warning, Some(41), Some(1_000), None, 3 * 42 * 11);
        check(Severity::Note, None, None, None, 1);
        check(Severity::Error, Some(0), Some(1), None, 18);
        check(Severity::Error, Some(5), Some(9), Some(99), 900);
        check(Severity::Error, Some(u64::MAX), Some(u64::MAX), None, u64::MAX);
    }

    #[test]
    fn a_note_on_everything_comes_behind_notes_with_a_place() {
        let item = |code, severity, path: &str, commits, is_everything| {
            let touched = Touched { commits, lines: Some(9_000), is_everything, ..Touched::default() };
            Item::new(Finding::new(code, severity, Place::file(path), "", ""), touched)
        };
        let idle = Item::new(Finding::new("idle", Severity::Note, Place::file("z"), "", ""), Touched::default());
        let items = vec![
            item("wide-note", Severity::Note, "a", Some(500), true),
            idle,
            item("note", Severity::Note, "b", Some(2), false),
            item("wide-warning", Severity::Warning, "c", Some(500), true),
        ];
        let order: Vec<&str> = Section::new(Part::Context, Vec::new(), items).items.iter().map(|item| item.finding.code).collect();
        assert_eq!(order, ["wide-warning", "note", "idle", "wide-note"]);
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1 000", "1 234 567"]);
    }

    #[test]
    fn why_says_only_what_was_counted() {
        let touched = Touched { commits: Some(1), lines: Some(1_234), ..Touched::default() };
        assert_eq!(touched.why(), "1 234 lines of code, touched by 1 commit in 90 days");
        assert_eq!(Touched::default().why(), "");
        assert_eq!(listed(&["a".to_owned(), "b".to_owned(), "c".to_owned()], 2), "`a`, `b` and 1 more");
    }
}
