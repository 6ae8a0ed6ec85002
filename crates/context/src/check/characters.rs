//! Characters that nobody sees and models read: zero width, turns of direction, tags.

use super::desk::Desk;
use crate::{Finding, Place, Severity};

pub(super) fn check(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    for (path, first) in desk.files() {
        let Some(text) = desk.text(path).filter(|text| !text.is_ascii()) else { continue };
        for (number, line) in text.lines().enumerate() {
            let number = u32::try_from(number + 1).unwrap_or(u32::MAX);
            let Some((column, character, count)) = first_hidden(line, number == 1) else { continue };
            let more = if count > 1 { format!(", and {} more on this line", count - 1) } else { String::new() };
            let message = format!("U+{:04X} ({}) stands unseen at column {column}{more}", u32::from(character), name(character));
            let remedy = "take it out; text that only a model sees is how instructions are smuggled in";
            let unit = desk.unit_at(path, number).unwrap_or(first);
            found.push(Finding::new("invisible-character", Severity::Error, Place::line(path, number), message, remedy).about(unit));
        }
    }
}

/// The first hidden character of a line, its column from 1, and how many there are.
fn first_hidden(line: &str, is_first: bool) -> Option<(usize, char, usize)> {
    if line.is_ascii() {
        return None;
    }
    let characters: Vec<char> = line.chars().collect();
    let is_hidden_at = |at: usize| is_hidden(&characters, at) && !(is_first && at == 0 && characters[0] == '\u{FEFF}');
    let hidden: Vec<usize> = (0..characters.len()).filter(|&at| is_hidden_at(at)).collect();
    hidden.first().map(|&at| (at + 1, characters[at], hidden.len()))
}

fn is_hidden(line: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).map(|at| line[at]);
    let after = line.get(at + 1).copied();
    match line[at] {
        // Joins pictures, and letters of scripts whose writing needs it.
        '\u{200C}' | '\u{200D}' => !(before.is_some_and(joins) && after.is_some_and(joins)),
        // Marks of direction belong to texts that run from right to left.
        '\u{200E}' | '\u{200F}' | '\u{061C}' => !line.iter().any(|&c| is_right_to_left(c)),
        // A flag is written in tags after a black flag.
        '\u{E0020}'..='\u{E007F}' => line[..at].iter().rev().find(|c| !matches!(c, '\u{E0020}'..='\u{E007F}')).is_none_or(|&c| c != '\u{1F3F4}'),
        // One selects the look of a character; a row of them carries bytes.
        '\u{FE00}'..='\u{FE0F}' => at >= 2 && line[at - 2..at].iter().all(|c| matches!(c, '\u{FE00}'..='\u{FE0F}')),
        '\u{E0100}'..='\u{E01EF}' => !before.is_some_and(is_han),
        '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{206A}'..='\u{206F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => true,
        '\u{FEFF}' | '\u{180E}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E001F}' | '\u{3164}' | '\u{115F}' | '\u{1160}' | '\u{FFA0}' => true,
        c => c.is_control() && !matches!(c, '\t' | '\r' | '\u{1B}' | '\u{C}'),
    }
}

/// Pictures, and the scripts from Arabic to Khmer.
const fn joins(c: char) -> bool {
    matches!(c, '\u{0600}'..='\u{08FF}' | '\u{0900}'..='\u{0DFF}' | '\u{0F00}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{FB50}'..='\u{FDFF}' | '\u{FE0F}')
        || matches!(c, '\u{2190}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}')
}

const fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}')
}

const fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

fn name(c: char) -> &'static str {
    match c {
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}' => "it turns the direction of the text",
        '\u{E0000}'..='\u{E007F}' => "a tag character",
        '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => "a variation selector",
        '\u{FEFF}' => "a byte order mark inside the text",
        c if c.is_control() => "a control character",
        _ => "it has no width",
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, doc};
    use super::*;

    #[test]
    fn hidden_and_honest_characters() {
        let check = |line: &str, expected: Option<usize>| assert_eq!(first_hidden(line, false).map(|(column, ..)| column), expected, "{line:?}");
        check("Plain, grün, 日本語, naïve — “quoted”.", None);
        check("re\u{200B}fund", Some(3));
        check("a\u{202E}b", Some(2));
        check("hi\u{E0041}\u{E0042}", Some(3));
        check("a\u{FEFF}b", Some(2));
        check("\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467} and ❤\u{FE0F}", None);
        check("\u{1F3F4}\u{E0067}\u{E0062}\u{E007F}", None);
        check("می\u{200C}خواهم", None);
        check("a\u{200D}b", Some(2));
        check("a\u{FE01}\u{FE02}\u{FE03}", Some(4));
        assert_eq!(first_hidden("\u{FEFF}# Title", true), None);
    }

    #[test]
    fn the_code_point_and_the_column_are_told() {
        let body = "One.\nTw\u{200B}o.";
        let found = Bench::new(&[("a.md", body)]).findings(vec![doc("a.md", body)]);
        assert_eq!((found[0].code, found[0].place.first_line), ("invisible-character", 2));
        assert!(found[0].message.contains("U+200B") && found[0].message.contains("column 3"), "{}", found[0].message);
    }
}
