//! Mistakes of TOML itself, and which lines of a broken document may be shown.

use crate::describe::{DESCRIPTION, Kind};
use crate::diagnostic::Code;
use crate::settings::SETTINGS;
use crate::source::{Findings, Source};
use std::borrow::Cow;
use std::collections::BTreeSet;
use toml::de::{DeTable, Error};

/// A line on which the parser gives up is blanked out and the rest read again, at most this often.
const RECOVERIES_MAX: usize = 50;

/// The text without the lines at which the parser gives up (every byte keeps its place), and all errors.
pub(crate) fn recover<'t>(source: &Source<'t>) -> (Cow<'t, str>, Vec<Error>) {
    let mut text = Cow::Borrowed(source.text);
    let mut errors: Vec<Error> = Vec::new();
    for _ in 0..RECOVERIES_MAX {
        let (_, found) = DeTable::parse_recoverable(&text);
        let gave_up = found.iter().find(|error| error.message().starts_with("key with no value")).and_then(Error::span);
        for error in found {
            if !errors.iter().any(|known| known.span() == error.span() && known.message() == error.message()) {
                errors.push(error);
            }
        }
        let Some(span) = gave_up else { break };
        let bounds = source.bounds(source.line(span.start.min(text.len())));
        let blank = " ".repeat(bounds.len());
        if text[bounds.clone()] == blank {
            break;
        }
        text.to_mut().replace_range(bounds, &blank);
    }
    (text, errors)
}

/// Adds the syntax errors to `findings`, the first of each line, and takes out what follows from them.
pub(crate) fn merge(source: &Source<'_>, errors: Vec<Error>, findings: &mut Findings) {
    let mut errors: Vec<(usize, Error)> = errors.into_iter().map(|error| (place(source, &error), error)).collect();
    errors.sort_by_key(|(at, _)| *at);
    // After a list or inline table that does not end, everything is read as part of it.
    let lost_from = errors.iter().filter(|(_, error)| swallows(error.message())).map(|(at, _)| source.line(*at)).min().unwrap_or(usize::MAX);
    let broken: BTreeSet<usize> = errors.iter().map(|(at, _)| source.line(*at)).collect();
    findings.mistakes.retain(|mistake| {
        let line = mistake.span.as_ref().map_or(0, |span| source.line(span.start));
        line < lost_from && !broken.contains(&line) && !is_under_broken_heading(source, line, &broken)
    });
    let mut said = BTreeSet::new();
    for (at, error) in errors {
        let line = source.line(at);
        if line > lost_from || !said.insert(line) {
            continue;
        }
        let (message, expected) = error.message().split_once(", expected ").unwrap_or((error.message(), ""));
        let (expected, remedy) = advice(message, expected);
        let message = if UNQUOTED.contains(&message) { "the value stands in no quotes, and is no number, date, `true` or `false`" } else { message };
        let end = error.span().map_or(at, |span| span.end.max(at));
        let rest = if line == lost_from { "; what follows cannot be read" } else { "" };
        findings.add(Code::Syntax, Some(at..end), format!("this is no TOML: {message}{rest}"), expected, remedy);
    }
    // The decoder's masks rest on a guess at what the broken text means: every line that may show is judged by itself.
    let lines: BTreeSet<usize> =
        findings.mistakes.iter().filter_map(|mistake| mistake.span.as_ref()).map(|span| source.line(span.start.min(source.text.len()))).collect();
    for line in lines {
        let (text, bounds) = (source.line_text(line), source.bounds(line));
        if let Some(from) = first_confidential_byte(text, broken.contains(&line)) {
            findings.masks.push(bounds.start + from..bounds.end);
        }
    }
}

/// Whether the heading above `line` is among the broken lines: what stands below it was read as part of another table.
fn is_under_broken_heading(source: &Source<'_>, line: usize, broken: &BTreeSet<usize>) -> bool {
    let heading = (1..=line).rev().find(|&above| source.line_text(above).trim_start().starts_with('['));
    heading.is_some_and(|heading| broken.contains(&heading))
}

/// Where an error lies. An error after the last line break belongs to the line before.
fn place(source: &Source<'_>, error: &Error) -> usize {
    let at = error.span().map_or(0, |span| span.start).min(source.text.len());
    if at == source.text.len() { source.text.trim_end().len().min(at) } else { at }
}

fn swallows(message: &str) -> bool {
    ["unclosed array,", "unclosed inline table", "missing comma", "missing key for inline table", "extra assignment", "unexpected `=` in array"]
        .iter()
        .any(|start| message.starts_with(start))
}

/// What the parser says of a text without quotes, by its first letters.
const UNQUOTED: [&str; 6] = ["string values must be quoted", "invalid float", "invalid integer", "invalid boolean", "invalid datetime", "invalid value"];

/// What was expected and what to do, by the parser's message.
fn advice(message: &str, expected: &str) -> (String, String) {
    let or = |text: &str| if ["", "nothing"].contains(&expected) { text.to_owned() } else { expected.to_owned() };
    match message {
        "duplicate key" => ("each name once in its table".into(), "keep one of the two; settings of one table belong under one heading".into()),
        _ if UNQUOTED.contains(&message) => ("a value; texts stand in quotes".into(), "put the text in quotes: `key = \"text\"`".into()),
        "key with no value" => ("`=` and a value".into(), "write `key = value`".into()),
        "invalid unquoted key" => ("letters, digits, `-` and `_`, or a name in quotes".into(), "put the name in quotes: `[models.\"acme/fast\"]`".into()),
        _ if message.contains("basic string") || message.contains("literal string") => {
            (or("a closing quote"), "close the text with the quote that opened it, on the same line".into())
        }
        _ if message.contains("table") && message.starts_with("unclosed") => (or("`]`"), "close it on the line where it was opened".into()),
        _ if swallows(message) || message.contains("in array") => {
            (or("`,` or the closing bracket"), "close the list or table opened before, or put a comma between its items".into())
        }
        _ => (or("TOML: `[table]` or `key = value`"), "correct this line; texts stand in quotes, for example `listen = \"127.0.0.1:4600\"`".into()),
    }
}

/// Where a line of a broken document stops being safe to show; none: all of it is. Safe are a plain heading, the name
/// of a known setting, and, where the line itself is whole, the value of one that is not confidential.
fn first_confidential_byte(line: &str, is_broken: bool) -> Option<usize> {
    let indent = line.len() - line.trim_start().len();
    let whole_line = (!line.trim().is_empty()).then_some(indent);
    let is_plain = |text: &str, also: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_-. ".contains(c) || also.contains(c));
    let Some((key, value)) = line.split_once('=') else {
        let name = line[indent..].trim_start_matches(['[', ' ']);
        let is_section = DESCRIPTION.children("").iter().any(|section| name.starts_with(section.leaf()));
        let is_heading = line[indent..].starts_with('[') && is_section && is_plain(line, "[]/\"'");
        return if is_heading { None } else { whole_line };
    };
    let leaf = key.trim().rsplit('.').next().unwrap_or_default();
    let known: Vec<Kind> = SETTINGS.iter().filter(|definition| definition.leaf() == leaf).map(|definition| definition.kind).collect();
    if known.is_empty() || !is_plain(key, "\t") {
        return whole_line;
    }
    let is_confidential = |kind: &Kind| matches!(kind, Kind::Secret | Kind::Headers | Kind::Json | Kind::Section | Kind::Named(_) | Kind::Rules);
    let is_shown = !is_broken && !known.iter().any(is_confidential) && !["base_url", "url", "key"].contains(&leaf) && !value.contains('=');
    (!is_shown).then(|| line.len() - value.trim_start().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, is_broken: bool, shown: &str) {
        let end = first_confidential_byte(line, is_broken).unwrap_or(line.len());
        assert_eq!(&line[..end], shown, "{line}");
    }

    #[test]
    fn lines_of_a_broken_document_show_what_is_surely_open() {
        check("listen = \"127.0.0.1:46", true, "listen = ");
        check("on_cancel = \"drian\"", false, "on_cancel = \"drian\"");
        check("api = \"openai\", api_key = \"sk-1\"", false, "api = ");
        check("base_url = \"http://a:b@c\"", false, "base_url = ");
        check("headers = { a = \"b\" }", false, "headers = ");
        check("api_key = sk-1", true, "api_key = ");
        check("apikey = sk-1", true, "");
        check("sk-1\", api = \"a\"", true, "");
        check("acme = { api = \"openai\", api_key = \"sk-1\" ", true, "");
        check("  sk-1\"\"\"", true, "  ");
        check("[providers.acme", true, "[providers.acme");
        check("[models.acme/fast]", true, "[models.acme/fast]");
        check("[store\"postgres://a:b@c\"", true, "");
        check("[hunter2\"", true, "");
        check("", true, "");
    }
}
