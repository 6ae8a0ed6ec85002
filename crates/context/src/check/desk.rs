//! What several checks need, read once.

use super::CheckInput;
use super::past::Past;
use crate::constraint::Surroundings;
use crate::markdown::{self, Document};
use crate::{Finding, Fix, Kind, Place, Severity, Trust, Unit};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The input of a check with what was read of it.
pub(super) struct Desk<'a> {
    pub(super) input: &'a CheckInput<'a>,
    pub(super) past: Past,
    pub(super) surroundings: Surroundings<'a>,
    /// Of each unit; empty for units that are no prose.
    prose: Vec<Document>,
    texts: Mutex<BTreeMap<String, Option<Arc<str>>>>,
    fragments: Mutex<BTreeMap<String, Arc<Vec<String>>>>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(input: &'a CheckInput<'a>) -> Self {
        let sandbox = match &input.sandbox {
            Ok(sandbox) if input.options.run_commands => Ok(*sandbox),
            Ok(_) => Err("commands were not allowed to run".to_owned()),
            Err(why) => Err(why.clone()),
        };
        Self {
            past: Past::read(input.git, input.tree),
            surroundings: Surroundings::new(input.units).with_sandbox(sandbox),
            prose: input.units.iter().map(|unit| if is_prose(unit) { markdown::parse(&unit.body) } else { Document::default() }).collect(),
            texts: Mutex::default(),
            fragments: Mutex::default(),
            input,
        }
    }

    pub(super) const fn units(&self) -> &'a [Unit] {
        self.input.units
    }

    /// The units that are prose of the team, with what their Markdown holds.
    pub(super) fn prose(&self) -> impl Iterator<Item = (&'a Unit, &Document)> {
        self.input.units.iter().zip(&self.prose).filter(|(unit, _)| is_prose(unit) && unit.trust > Trust::Untrusted)
    }

    /// The text of a file; `None` where it cannot be read.
    pub(super) fn text(&self, path: &str) -> Option<Arc<str>> {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.entry(path.to_owned()).or_insert_with(|| self.input.tree.text(path).ok().map(Arc::from)).clone()
    }

    /// The fragments that a Markdown file offers.
    pub(super) fn fragments(&self, path: &str) -> Arc<Vec<String>> {
        if let Some(known) = self.fragments.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
            return Arc::clone(known);
        }
        let read = Arc::new(self.text(path).map(|text| markdown::fragments(&text)).unwrap_or_default());
        self.fragments.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), Arc::clone(&read));
        read
    }

    /// The line of the unit's file on which the byte `offset` of its body stands. The body may have been cut from its file in more than one way, so
    /// the line itself is looked for near where it should be.
    pub(super) fn line(&self, unit: &Unit, offset: usize) -> u32 {
        let (first, last) = (unit.place.first_line.max(1), unit.place.last_line);
        let before = memchr::memchr_iter(b'\n', &unit.body.as_bytes()[..offset.min(unit.body.len())]).count();
        let guess = first.saturating_add(u32::try_from(before).unwrap_or(u32::MAX));
        let wanted = unit.body.lines().nth(before).map_or("", str::trim);
        let Some(text) = self.text(&unit.place.path).filter(|_| !wanted.is_empty()) else { return clamp(guess, first, last) };
        let lines: Vec<&str> = text.lines().collect();
        let holds = |line: u32| lines.get(line as usize - 1).is_some_and(|line| line.contains(wanted));
        if holds(guess) {
            return guess;
        }
        let end = if last == 0 { u32::try_from(lines.len()).unwrap_or(u32::MAX) } else { last };
        // The body usually begins a little below the unit's first line: after front matter, or a table's head.
        (guess..=end).chain(first..guess).find(|&line| holds(line)).unwrap_or_else(|| clamp(guess, first, last))
    }

    /// A finding about the line of the unit's body that holds the byte `offset`.
    pub(super) fn at(&self, unit: &Unit, offset: usize, code: &'static str, severity: Severity, message: String, remedy: String) -> Finding {
        let place = Place::line(Arc::clone(&unit.place.path), self.line(unit, offset));
        Finding::new(code, severity, place, message, remedy).about(unit)
    }

    /// A finding about the whole unit.
    pub(super) fn whole(unit: &Unit, code: &'static str, severity: Severity, message: String, remedy: String) -> Finding {
        Finding::new(code, severity, unit.place.clone(), message, remedy).about(unit)
    }

    /// The finding with the change of `old` into `new` on its line, where `old` stands there exactly once.
    pub(super) fn mended(&self, mut finding: Finding, old: &str, new: &str) -> Finding {
        let line = finding.place.first_line;
        let text = self.text(&finding.place.path);
        let Some(shown) = text.as_deref().and_then(|text| text.lines().nth((line as usize).wrapping_sub(1))) else { return finding };
        let mut hits = shown.match_indices(old);
        if let (Some((at, _)), None) = (hits.next(), hits.next()) {
            let column = |bytes: usize| u32::try_from(shown[..bytes].chars().count() + 1).unwrap_or(u32::MAX);
            finding.fix = Some(Fix { line, start_column: column(at), end_column: column(at + old.len()), new: new.to_owned() });
        }
        finding
    }

    /// The paths of the units' files, each once, with the first unit of each.
    pub(super) fn files(&self) -> BTreeMap<&'a str, &'a Unit> {
        let mut files = BTreeMap::new();
        for unit in self.input.units.iter().filter(|unit| unit.kind != Kind::History) {
            files.entry(&*unit.place.path).or_insert(unit);
        }
        files
    }

    /// The unit of the file at `path` whose lines hold `line`: the smallest.
    pub(super) fn unit_at(&self, path: &str, line: u32) -> Option<&'a Unit> {
        let holds = |unit: &&Unit| *unit.place.path == *path && (unit.place.first_line == 0 || (unit.place.first_line..=unit.place.last_line).contains(&line));
        self.input
            .units
            .iter()
            .filter(holds)
            .min_by_key(|unit| if unit.place.first_line == 0 { u32::MAX } else { unit.place.last_line - unit.place.first_line })
    }
}

fn clamp(line: u32, first: u32, last: u32) -> u32 {
    if last == 0 { line } else { line.clamp(first, last.max(first)) }
}

/// Whether the body is Markdown that people wrote.
fn is_prose(unit: &Unit) -> bool {
    matches!(unit.kind, Kind::Doc | Kind::Constraint | Kind::Skill)
}
