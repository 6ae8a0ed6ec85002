//! Where the sentences of a paragraph end.

use std::ops::Range;

/// Titles and the like: a name or a word follows, never the end.
const NEVER_LAST: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "gen", "col", "capt", "lt", "sgt", "rev", "hon", "sen", "rep", "gov", "pres", "vs", "e.g", "i.e", "eg", "ie", "cf",
    "viz", "mt", "ft",
];

/// A figure follows, or else the sentence is over ("No. 5", but "He said no.").
const BEFORE_FIGURE: &[&str] = &[
    "no", "nos", "nr", "fig", "figs", "p", "pp", "vol", "sec", "ch", "art", "eq", "tab", "approx", "ca", "c", "jan", "feb", "mar", "apr", "jun", "jul", "aug",
    "sep", "sept", "oct", "nov", "dec",
];

/// Words that open sentences far more often than they follow an abbreviation such as "U.S.".
const OPENERS: &[&str] = &[
    "The", "A", "An", "It", "He", "She", "They", "We", "I", "You", "In", "On", "At", "This", "That", "These", "Those", "But", "And", "If", "When", "There",
    "For", "To", "As", "After", "Before", "All", "Our", "Your", "Please", "Its", "His", "Her", "Their", "However",
];

/// Cuts one paragraph (`range` of `text`) into sentences that tile the range; white space after a sentence belongs to it.
pub(crate) fn sentences(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = range.start;
    for line in paragraph_lines(text, range.clone()) {
        let mut at = line.start;
        while let Some(end) = next_end(&text[..line.end], start.max(line.start), at) {
            if end < line.end {
                found.push(start..end);
                start = end;
            }
            at = end;
        }
        if line.end > start {
            found.push(start..line.end);
        }
        start = line.end;
    }
    found
}

/// The end (after closing marks and white space) of the first sentence end at or after `from`; `text` ends where the paragraph does.
fn next_end(text: &str, start: usize, from: usize) -> Option<usize> {
    let mut places = text[from..].char_indices().map(|(at, character)| (from + at, character));
    places.find_map(|(at, character)| match character {
        '.' | '!' | '?' | '…' | '؟' | '।' => spaced_end(text, start, at, character),
        '。' | '！' | '？' | '｡' | '．' => Some(after_closers(text, at + character.len_utf8())),
        _ => None,
    })
}

/// An end that needs white space after it.
fn spaced_end(text: &str, start: usize, at: usize, mark: char) -> Option<usize> {
    let rest = &text[at + mark.len_utf8()..];
    let closed = rest.trim_start_matches(['.', '!', '?', '…', '"', '\'', ')', ']', '}', '»', '”', '’', '*', '_', '`']);
    let next = closed.trim_start();
    if next.is_empty() {
        return Some(text.len());
    }
    if next.len() == closed.len() {
        return None;
    }
    let end = text.len() - next.len();
    let is_end = mark != '.' || ends_here(&text[start..at], next);
    // "What?" he asked: a small letter goes on with the sentence.
    let goes_on = next.starts_with(char::is_lowercase) && (mark == '.' || mark == '…' || !rest.starts_with(char::is_whitespace));
    (is_end && !goes_on).then_some(end)
}

/// Whether the full stop after `before` ends a sentence, given what comes `next`.
fn ends_here(before: &str, next: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '[' | '"' | '“' | ',')).next().unwrap_or_default();
    let lower = word.to_lowercase();
    // "1. First" at the very start is a list's number, not a sentence.
    if before.trim().len() == word.len() && !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    if NEVER_LAST.contains(&lower.as_str()) {
        return false;
    }
    if BEFORE_FIGURE.contains(&lower.as_str()) {
        return !next.starts_with(|c: char| c.is_ascii_digit());
    }
    let mut characters = word.chars();
    let initial = matches!((characters.next(), characters.next()), (Some(letter), None) if letter.is_uppercase() && letter != 'I');
    let dotted = word.contains('.') && word.split('.').all(|part| part.chars().count() == 1);
    if initial || dotted {
        let opener = next.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        return OPENERS.contains(&opener);
    }
    true
}

fn after_closers(text: &str, at: usize) -> usize {
    let rest = text[at..].trim_start_matches(['」', '』', '）', '”', '’', '"', ')', '。', '！', '？']);
    text.len() - rest.trim_start().len()
}

/// The lines of a paragraph that were meant as lines, each a range; hard-wrapped lines stay together.
///
/// A line break is meant if either side reads `key: value`, or if the next line's first word would still have fitted (its writer could have
/// gone on, measured by the paragraph's longest line, at least 40 columns) and does not begin with a small letter.
fn paragraph_lines(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let lines: Vec<Range<usize>> =
        super::blocks::lines(&text[range.clone()]).into_iter().map(|line| line.start + range.start..line.end + range.start).collect();
    let width = |line: &Range<usize>| text[line.clone()].trim_end().chars().count();
    let longest = lines.iter().map(width).max().unwrap_or(0).max(40);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let here = text[line.clone()].trim();
        let meant = place == 0 || {
            let before = &lines[place - 1];
            let word = here.split_whitespace().next().unwrap_or_default().chars().count();
            let fitted = width(before) + 1 + word <= longest && !here.starts_with(char::is_lowercase);
            fitted || key_value(here).is_some() || key_value(text[before.clone()].trim()).is_some_and(|_| !here.starts_with(char::is_lowercase))
        };
        match joined.last_mut() {
            Some(last) if !meant => last.end = line.end,
            _ => joined.push(line.clone()),
        }
    }
    joined
}

/// Where key and value of a `key: value` line meet: the key's length and where the value begins. A key has one to five words and no sentence
/// mark; a value is not empty.
pub(crate) fn key_value(line: &str) -> Option<(usize, usize)> {
    let colon = line.find([':', '：'])?;
    let key = &line[..colon];
    let mark = line[colon..].chars().next()?.len_utf8();
    let value = &line[colon + mark..];
    let spaced = mark > 1 || value.starts_with([' ', '\t', '*']);
    let words = key.split_whitespace().count();
    let plain = !key.contains(['.', '!', '?', ';', ',', '"']) && (1..=5).contains(&words) && key.chars().count() <= 48;
    (spaced && plain && !value.trim().is_empty()).then(|| (key.trim_end().len(), colon + mark + (value.len() - value.trim_start().len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = sentences(text, 0..text.len()).into_iter().map(|range| text[range].trim()).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn full_stops_that_end_nothing() {
        check("It costs 3.50 now. Go.", &["It costs 3.50 now.", "Go."]);
        check("See e.g. Dr. Lind or Mrs. Oak. Yes.", &["See e.g. Dr. Lind or Mrs. Oak.", "Yes."]);
        check("J. R. Moss wrote it. Good.", &["J. R. Moss wrote it.", "Good."]);
        check("See No. 5 and Fig. 3. He said no. Then left.", &["See No. 5 and Fig. 3.", "He said no.", "Then left."]);
        check("The U.S. Army came. In the U.S. The end.", &["The U.S. Army came.", "In the U.S.", "The end."]);
        check("Open main.rs or jeton.toml first. Done.", &["Open main.rs or jeton.toml first.", "Done."]);
        check("We sell tea, etc. and more. Come.", &["We sell tea, etc. and more.", "Come."]);
        check("Wait... what? Yes!", &["Wait... what?", "Yes!"]);
        check("1. First step", &["1. First step"]);
    }

    #[test]
    fn closing_marks_and_other_scripts() {
        check("\"Stop!\" he said. (It was late.) Then", &["\"Stop!\" he said.", "(It was late.)", "Then"]);
        check("退款需要七天。请等待！好", &["退款需要七天。", "请等待！", "好"]);
        check("यह ठीक है। चलो।", &["यह ठीक है।", "चलो।"]);
    }

    #[test]
    fn line_breaks_that_were_meant() {
        check("name: Tea\nprice: 4", &["name: Tea", "price: 4"]);
        check("Oak Street 4\nBerlin", &["Oak Street 4", "Berlin"]);
        let wrapped = "A long line that runs on until there is no more room on\nIt for another word.";
        check(wrapped, &[wrapped]);
        check("A first line that is wrapped by hand and\ncontinues small.", &["A first line that is wrapped by hand and\ncontinues small."]);
    }

    #[test]
    fn keys_and_values() {
        let check = |line: &str, expected: Option<(&str, &str)>| {
            assert_eq!(key_value(line).map(|(key, value)| (&line[..key], &line[value..])), expected, "{line:?}");
        };
        check("Price: 4 EUR", Some(("Price", "4 EUR")));
        check("Opening hours : 9 to 5", Some(("Opening hours", "9 to 5")));
        check("https://example.org", None);
        check("At 10:30 we go", None);
        check("Note this, please: it is long", None);
        check("Empty:", None);
    }
}
