//! A constraint's check on one output or file. What cannot be run is never taken to hold.

use super::query::Pattern;
use super::{Check, Constraint, Target};
use crate::sandbox::{Limits, Sandbox};
use crate::schema::{Schema, read_json};
use crate::{Detail, Unit};
use regex::{Regex, RegexBuilder};
use std::collections::BTreeMap;

/// The largest program that a regular expression may compile to, in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// The most breaches that are told of one subject.
const BREACHES_MAX: usize = 100;

/// The longest excerpt, in characters.
const EXCERPT_CHARACTERS_MAX: usize = 120;

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// What a model answered.
    Output {
        /// Its text.
        text: &'a str,
    },
    /// A file of the project.
    File {
        /// The path from the project's directory.
        path: &'a str,
        /// Its text.
        text: &'a str,
        /// Only these lines are judged (first and last, from 1), where a part of the file can be judged at all; `None`: all.
        added_lines: Option<&'a [(u32, u32)]>,
    },
}

impl<'a> Subject<'a> {
    const fn text(&self) -> &'a str {
        match self {
            Self::Output { text } | Self::File { text, .. } => text,
        }
    }

    fn is_judged(&self, first: u32, last: u32) -> bool {
        match self {
            Self::File { added_lines: Some(ranges), .. } => ranges.iter().any(|&(from, to)| from <= last && first <= to),
            _ => true,
        }
    }
}

/// One breach, and where it is in the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The line, from 1; 0 where the whole subject is at fault.
    pub line: u32,
    /// The column, from 1, in characters; 0 as for `line`.
    pub column: u32,
    /// What stands there, or what is wrong. Secrets are masked.
    pub excerpt: String,
}

/// Whether a constraint holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was checked and holds.
    Holds,
    /// It was checked and does not; never empty.
    Broken(Vec<Breach>),
    /// It was not checked, and why.
    Unscored(String),
}

/// What checks may need beside the constraint.
#[derive(Clone, Debug, Default)]
pub struct Surroundings<'a> {
    schemas: BTreeMap<&'a str, &'a serde_json::Value>,
    sandbox: Option<&'a Sandbox>,
    no_sandbox: String,
}

impl<'a> Surroundings<'a> {
    /// The schemas among `units`, and no sandbox: commands are left unscored.
    #[must_use]
    pub fn new(units: &'a [Unit]) -> Self {
        let schema = |unit: &'a Unit| match &unit.detail {
            Detail::Schema(schema) => Some((unit.id.as_str(), &**schema)),
            _ => None,
        };
        Self { schemas: units.iter().filter_map(schema).collect(), sandbox: None, no_sandbox: "commands were not allowed to run".to_owned() }
    }

    /// With a sandbox for commands, or why there is none.
    #[must_use]
    pub fn with_sandbox(mut self, sandbox: Result<&'a Sandbox, String>) -> Self {
        match sandbox {
            Ok(sandbox) => self.sandbox = Some(sandbox),
            Err(why) => self.no_sandbox = why,
        }
        self
    }

    /// The schema of the unit `id`.
    #[must_use]
    pub fn schema(&self, id: &str) -> Option<&'a serde_json::Value> {
        self.schemas.get(id).copied().filter(|schema| !schema.is_null())
    }

    /// The sandbox, or why there is none.
    pub(crate) fn sandbox(&self) -> Result<&'a Sandbox, &str> {
        self.sandbox.ok_or(&self.no_sandbox)
    }
}

/// A check, compiled once for many subjects.
#[derive(Debug)]
pub struct Prepared<'a> {
    compiled: Compiled,
    target: Target,
    surroundings: &'a Surroundings<'a>,
}

#[derive(Debug)]
enum Compiled {
    Nothing,
    Forbid(Regex),
    Require(Regex),
    Query(Pattern),
    Schema(Box<Schema>),
    Command(Vec<String>),
}

/// The regular expression of a check.
pub(crate) fn regex(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern).multi_line(true).size_limit(REGEX_BYTES_MAX).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the regular expression is too large when compiled; bound its repetitions lower".to_owned(),
        other => format!("the regular expression cannot be read: {}", other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ")),
    })
}

impl<'a> Prepared<'a> {
    /// Compiles the check of `constraint`.
    ///
    /// # Errors
    /// Why it cannot be used: a regular expression, query or schema that cannot be read, or a schema unit that is not there.
    pub fn new(constraint: &Constraint, surroundings: &'a Surroundings<'a>) -> Result<Self, String> {
        let unreadable = |why: String| format!("the schema cannot be read: {why}");
        let compiled = match &constraint.check {
            None => Compiled::Nothing,
            Some(Check::Forbid(pattern)) => Compiled::Forbid(regex(pattern)?),
            Some(Check::Require(pattern)) => Compiled::Require(regex(pattern)?),
            Some(Check::Query { language, query }) => Compiled::Query(Pattern::new(language, query)?),
            Some(Check::Schema(schema)) => Compiled::Schema(Box::new(Schema::new(schema).map_err(unreadable)?)),
            Some(Check::SchemaUnit(id)) => {
                let schema = surroundings.schema(id).ok_or_else(|| format!("there is no schema unit `{id}` that can validate"))?;
                Compiled::Schema(Box::new(Schema::new(schema).map_err(unreadable)?))
            }
            Some(Check::Command(command)) if command.is_empty() => return Err("the command is empty".to_owned()),
            Some(Check::Command(command)) => Compiled::Command(command.clone()),
        };
        Ok(Self { compiled, target: constraint.target, surroundings })
    }

    /// Whether there is anything to run.
    #[must_use]
    pub const fn is_executable(&self) -> bool {
        !matches!(self.compiled, Compiled::Nothing)
    }

    /// Whether the constraint speaks of model outputs.
    #[must_use]
    pub const fn judges_outputs(&self) -> bool {
        matches!(self.target, Target::Output | Target::Both)
    }

    /// Whether the constraint speaks of files such as the one at `path`; its scope is not looked at.
    #[must_use]
    pub fn judges_file(&self, path: &str) -> bool {
        matches!(self.target, Target::Files | Target::Both) && !matches!(&self.compiled, Compiled::Query(pattern) if !pattern.reads(path))
    }

    /// Judges `subject`, whatever the constraint's target.
    #[must_use]
    pub fn run(&self, subject: Subject<'_>) -> Verdict {
        match &self.compiled {
            Compiled::Nothing => Verdict::Unscored("the rule has no check; it can only be read".to_owned()),
            Compiled::Forbid(pattern) => forbid(pattern, subject),
            Compiled::Require(pattern) => require(pattern, subject),
            Compiled::Query(pattern) => query(pattern, subject),
            Compiled::Schema(schema) => validate(schema, subject),
            Compiled::Command(command) => self.command(command, subject),
        }
    }

    fn command(&self, command: &[String], subject: Subject<'_>) -> Verdict {
        let sandbox = match self.surroundings.sandbox() {
            Ok(sandbox) => sandbox,
            Err(why) => return Verdict::Unscored(why.to_owned()),
        };
        let ran = match subject {
            Subject::Output { text } => sandbox.run(command, text, &[], Limits::default()),
            // A path that begins with a dash would be read as an option.
            Subject::File { path, .. } => sandbox.run(command, "", &[&format!("./{path}")], Limits::default()),
        };
        match ran {
            Err(why) => Verdict::Unscored(why.to_string()),
            Ok(ran) if ran.is_timed_out => Verdict::Unscored(format!("`{}` did not end within {} s", command[0], Limits::default().wall_ms / 1000)),
            Ok(ran) if ran.exit == Some(0) => Verdict::Holds,
            Ok(ran) if cannot_run(&ran) => Verdict::Unscored(format!("`{}` cannot be run: {}", command[0], said(&ran))),
            Ok(ran) => Verdict::Broken(vec![Breach { line: 0, column: 0, excerpt: excerpt(&said(&ran)) }]),
        }
    }
}

/// Whether the command never began. Shells and the sandbox say so by their codes, bubblewrap in words too.
pub(crate) fn cannot_run(ran: &crate::sandbox::Ran) -> bool {
    ran.exit.is_none() || matches!(ran.exit, Some(126 | 127)) || ran.stderr.starts_with("bwrap: ") || ran.stderr.starts_with("sandbox-exec: ")
}

/// The first line that a command printed, of its complaints first.
pub(crate) fn said(ran: &crate::sandbox::Ran) -> String {
    let line = ran.stderr.lines().chain(ran.stdout.lines()).find(|line| !line.trim().is_empty());
    line.map_or_else(|| ran.exit.map_or_else(|| "it was ended by a signal".to_owned(), |code| format!("it ended with {code}")), str::to_owned)
}

/// Judges `subject` by `constraint`. For many subjects, [`Prepared`] compiles once.
#[must_use]
pub fn run(constraint: &Constraint, subject: Subject<'_>, surroundings: &Surroundings<'_>) -> Verdict {
    match Prepared::new(constraint, surroundings) {
        Ok(prepared) => prepared.run(subject),
        Err(why) => Verdict::Unscored(why),
    }
}

fn verdict(breaches: Vec<Breach>) -> Verdict {
    if breaches.is_empty() { Verdict::Holds } else { Verdict::Broken(breaches) }
}

fn forbid(pattern: &Regex, subject: Subject<'_>) -> Verdict {
    let text = subject.text();
    let mut places = Places::new(text);
    let found = pattern.find_iter(text).filter_map(|hit| places.breach(subject, hit.start(), hit.end()));
    verdict(found.take(BREACHES_MAX).collect())
}

fn require(pattern: &Regex, subject: Subject<'_>) -> Verdict {
    if pattern.is_match(subject.text()) {
        return Verdict::Holds;
    }
    verdict(vec![Breach { line: 0, column: 0, excerpt: format!("nothing matches `{pattern}`") }])
}

fn query(pattern: &Pattern, subject: Subject<'_>) -> Verdict {
    let text = subject.text();
    let pieces = match subject {
        Subject::File { path, .. } if !pattern.reads(path) => return Verdict::Unscored(format!("the file is not in {}", pattern.name())),
        Subject::File { .. } => vec![(0, text)],
        Subject::Output { text } => blocks_of(pattern, text),
    };
    let is_whole = pieces.is_empty();
    let pieces = if is_whole { vec![(0, text)] } else { pieces };
    let mut places = Places::new(text);
    let mut breaches = Vec::new();
    for (start, piece) in pieces {
        // An answer without a marked block may be code as a whole; prose is not.
        let Some(found) = pattern.find(piece, is_whole) else {
            return Verdict::Unscored(format!("there is no code in {} in it", pattern.name()));
        };
        breaches.extend(found.into_iter().filter_map(|(from, to)| places.breach(subject, start + from, start + to)));
    }
    breaches.truncate(BREACHES_MAX);
    verdict(breaches)
}

/// The blocks of an answer in the query's language, with where each begins.
fn blocks_of<'t>(pattern: &Pattern, text: &'t str) -> Vec<(usize, &'t str)> {
    let document = crate::markdown::parse(text);
    document.fences().filter(|block| pattern.is_mark(&block.language())).map(|block| (block.code.start, &text[block.code.clone()])).collect()
}

fn validate(schema: &Schema, subject: Subject<'_>) -> Verdict {
    let value = match subject {
        Subject::Output { text } => read_json(text),
        Subject::File { path, text, .. } => crate::schema::read_file(path, text),
    };
    let whole = |excerpt: String| Breach { line: 0, column: 0, excerpt };
    match value {
        Err(why) => Verdict::Broken(vec![whole(why)]),
        Ok(value) => verdict(schema.faults(&value).into_iter().map(|fault| whole(excerpt(&shown(&fault)))).collect()),
    }
}

fn shown(fault: &crate::schema::SchemaFault) -> String {
    if fault.pointer.is_empty() { fault.message.clone() } else { format!("{}: {}", fault.pointer, fault.message) }
}

/// One line of at most 120 characters, secrets masked.
pub(crate) fn excerpt(text: &str) -> String {
    let masked = crate::secret::mask(text).0;
    let line = masked.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(EXCERPT_CHARACTERS_MAX).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

/// Lines and columns of places that are asked for in rising order.
struct Places<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl<'a> Places<'a> {
    const fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    fn line(&mut self, offset: usize) -> u32 {
        if offset < self.at {
            (self.at, self.line) = (0, 1);
        }
        let newlines = memchr::memchr_iter(b'\n', &self.text.as_bytes()[self.at..offset]).count();
        self.line = self.line.saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX));
        self.at = offset;
        self.line
    }

    /// The breach at these bytes, if their lines are judged.
    fn breach(&mut self, subject: Subject<'_>, start: usize, end: usize) -> Option<Breach> {
        let line = self.line(start);
        let newlines = memchr::memchr_iter(b'\n', &self.text.as_bytes()[start..end.saturating_sub(1).max(start)]).count();
        if !subject.is_judged(line, line.saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX))) {
            return None;
        }
        let from = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let column = u32::try_from(self.text[from..start].chars().count() + 1).unwrap_or(u32::MAX);
        Some(Breach { line, column, excerpt: excerpt(if start == end { &self.text[from..] } else { &self.text[start..end] }) })
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
