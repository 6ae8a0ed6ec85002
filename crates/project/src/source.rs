//! The text of the file: places, and lines that are safe to show.

use crate::diagnostic::{Code, Diagnostic, Excerpt};
use crate::secret::MASK;
use crate::tree::Span;

/// A mistake before its place has been worked out.
pub(crate) struct Mistake {
    pub(crate) code: Code,
    /// None: it came from the environment variable `variable`, or lies in no one place.
    pub(crate) span: Option<Span>,
    pub(crate) variable: Option<String>,
    pub(crate) message: String,
    pub(crate) expected: String,
    pub(crate) remedy: String,
}

/// What a reading found wrong, and which parts of the text are confidential.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) mistakes: Vec<Mistake>,
    pub(crate) masks: Vec<Span>,
}

impl Findings {
    /// Moves every place `by` bytes on.
    pub(crate) fn shift(&mut self, by: usize) {
        for span in self.mistakes.iter_mut().filter_map(|mistake| mistake.span.as_mut()).chain(&mut self.masks) {
            *span = span.start + by..span.end + by;
        }
    }

    pub(crate) fn add(&mut self, code: Code, span: Option<Span>, message: impl Into<String>, expected: impl Into<String>, remedy: impl Into<String>) {
        self.mistakes.push(Mistake { code, span, variable: None, message: message.into(), expected: expected.into(), remedy: remedy.into() });
    }
}

/// The file under its name.
pub(crate) struct Source<'t> {
    pub(crate) label: &'t str,
    pub(crate) text: &'t str,
    /// Where its places begin among those of all files that are read together.
    pub(crate) base: usize,
    line_starts: Vec<usize>,
}

/// The widest line that an excerpt shows, in characters.
const EXCERPT_WIDTH: usize = 140;

impl<'t> Source<'t> {
    pub(crate) fn new(label: &'t str, text: &'t str, base: usize) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { label, text, base, line_starts }
    }

    /// Where the places of the next file begin: behind the end of this one, which is a place too.
    pub(crate) fn end(&self) -> usize {
        self.base + self.text.len() + 1
    }

    /// The line, from 1, of a byte.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.line_starts.partition_point(|&start| start <= at)
    }

    /// Where the line's text begins and ends, without its line break.
    pub(crate) fn bounds(&self, line: usize) -> Span {
        let start = self.line_starts[line - 1];
        let end = self.line_starts.get(line).map_or(self.text.len(), |next| next - 1);
        start..start + self.text[start..end].trim_end_matches('\r').len()
    }

    /// The text of a line, from 1.
    pub(crate) fn line_text(&self, line: usize) -> &'t str {
        &self.text[self.bounds(line)]
    }

    fn diagnostic(&self, mistake: Mistake, masks: &[Span]) -> Diagnostic {
        let Mistake { code, span, variable, message, expected, remedy } = mistake;
        let Some(span) = span else {
            let file = variable.map_or_else(|| self.label.to_owned(), |name| format!("environment {name}"));
            return Diagnostic { file, line: 0, column: 0, end_column: 0, message, expected, remedy, code, excerpt: None };
        };
        // A place at the end of the text may lie after its last line break: the line before says more.
        let start = span.start.min(self.text.len());
        let line = self.line(start);
        let bounds = self.bounds(line);
        let start = start.clamp(bounds.start, bounds.end);
        let end = span.end.clamp(start, bounds.end);
        let column = self.text[bounds.start..start].chars().count() + 1;
        let end_column = column + self.text[start..end].chars().count().max(1);
        let excerpt = Some(excerpt(self.text, bounds, start..end, masks));
        Diagnostic { file: self.label.to_owned(), line, column, end_column, message, expected, remedy, code, excerpt }
    }
}

/// The mistakes with their places, in the order of the files; those without a place come last.
pub(crate) fn diagnose(sources: &[Source<'_>], findings: Findings) -> Vec<Diagnostic> {
    let Findings { mut mistakes, masks } = findings;
    mistakes.sort_by_key(|mistake| mistake.span.as_ref().map_or(usize::MAX, |span| span.start));
    let diagnose = |mut mistake: Mistake| {
        let start = mistake.span.as_ref().map_or(0, |span| span.start);
        let source = sources.iter().rev().find(|source| source.base <= start)?;
        let own = |span: &Span| span.start.saturating_sub(source.base)..span.end.saturating_sub(source.base);
        mistake.span = mistake.span.as_ref().map(own);
        let masks: Vec<Span> = masks.iter().filter(|mask| (source.base..source.end()).contains(&mask.start)).map(own).collect();
        Some(source.diagnostic(mistake, &masks))
    };
    mistakes.into_iter().filter_map(diagnose).collect()
}

/// The line at `bounds` with masked parts and comments left out, and where in it `marked` lies.
fn excerpt(text: &str, bounds: Span, marked: Span, masks: &[Span]) -> Excerpt {
    let mut shown: Vec<char> = Vec::new();
    let (mut mark_start, mut mark_end) = (None, 0);
    let mut inside_mask = false;
    let line_end = bounds.start + comment_start(&text[bounds.clone()]);
    for (offset, character) in text[bounds.start..line_end].char_indices() {
        let at = bounds.start + offset;
        let masked = masks.iter().any(|mask| mask.contains(&at));
        if at >= marked.start && mark_start.is_none() {
            // Inside a mask the mark begins with it.
            mark_start = Some(if masked && inside_mask { shown.len() - MASK.len() } else { shown.len() });
        }
        match (masked, inside_mask) {
            (true, false) => shown.extend(MASK.chars()),
            (true, true) => {}
            (false, _) => shown.push(if character.is_control() { ' ' } else { character }),
        }
        inside_mask = masked;
        if at < marked.end {
            mark_end = shown.len();
        }
    }
    let end = shown.len();
    while shown.last() == Some(&' ') {
        shown.pop();
    }
    let mark_start = mark_start.unwrap_or(end);
    window(&shown, mark_start, mark_end.saturating_sub(mark_start).max(1))
}

/// Cuts a long line around its mark.
fn window(shown: &[char], mark_start: usize, mark_length: usize) -> Excerpt {
    if shown.len() <= EXCERPT_WIDTH {
        return Excerpt { text: shown.iter().collect(), mark_start, mark_length };
    }
    let first = mark_start.saturating_sub(EXCERPT_WIDTH / 3).min(shown.len());
    let last = (first + EXCERPT_WIDTH).min(shown.len());
    let mut text: String = shown[first..last].iter().collect();
    let shift = if first > 0 { 1 } else { 0 };
    if first > 0 {
        text.insert(0, '…');
    }
    if last < shown.len() {
        text.push('…');
    }
    Excerpt { text, mark_start: mark_start - first + shift, mark_length: mark_length.min(last.saturating_sub(mark_start)).max(1) }
}

/// Where the line's comment starts, or its end. Comments are never shown: old keys are kept in them.
fn comment_start(line: &str) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (at, character) in line.char_indices() {
        match (quote, character) {
            (Some('"'), '\\') if !escaped => {
                escaped = true;
                continue;
            }
            (Some(open), c) if c == open && !escaped => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, '#') => return at,
            _ => {}
        }
        escaped = false;
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, marked: &str, masked: &str, expected: &str, mark: &str) {
        let find = |part: &str| if part.is_empty() { 0..0 } else { text.find(part).map(|at| at..at + part.len()).unwrap() };
        let shown = excerpt(text, 0..text.len(), find(marked), &[find(masked)]);
        assert_eq!(shown.text, expected);
        let under: String = shown.text.chars().skip(shown.mark_start).take(shown.mark_length).collect();
        assert_eq!(under, mark, "{shown:?}");
    }

    #[test]
    fn excerpts_mask_what_is_confidential_and_mark_what_is_wrong() {
        check("a = 1", "1", "", "a = 1", "1");
        check("a = \"sk-1\"", "\"sk-1\"", "\"sk-1\"", "a = ***", "***");
        check("a = \"sk-1\", b = 2", "b", "\"sk-1\"", "a = ***, b = 2", "b");
        check("a = \"sk-1\", b = 2", "k-1", "\"sk-1\"", "a = ***, b = 2", "***");
        check("ä\t= 'x' # sk-1", "'x'", "", "ä = 'x'", "'x'");
        check("a = \"#\\\"#\" # b", "a", "", "a = \"#\\\"#\"", "a");
    }

    #[test]
    fn long_lines_are_cut_around_the_mark() {
        let text = format!("{}HERE{}", "x".repeat(500), "y".repeat(500));
        let shown = excerpt(&text, 0..text.len(), 500..504, &[]);
        assert!(shown.text.chars().count() <= EXCERPT_WIDTH + 2);
        let under: String = shown.text.chars().skip(shown.mark_start).take(shown.mark_length).collect();
        assert_eq!(under, "HERE");
    }

    #[test]
    fn places_are_lines_and_columns_in_characters() {
        let source = Source::new("jeton.toml", "a = 1\r\nä = é\n", 0);
        let mut findings = Findings::default();
        findings.add(Code::BadValue, Some(12..14), "m", "e", "r");
        findings.add(Code::BadValue, Some(0..1), "m", "e", "r");
        findings.add(Code::BadValue, Some(99..120), "m", "e", "r");
        let places: Vec<_> = diagnose(&[source], findings).iter().map(|d| (d.line, d.column, d.end_column)).collect();
        assert_eq!(places, [(1, 1, 2), (2, 5, 6), (3, 1, 2)]);
    }
}
