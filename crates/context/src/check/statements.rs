//! What sentences say in figures: a subject in stemmed words, and quantities with their units.

use super::facts::number;
use crate::constraint::Check;
use crate::{Detail, Kind, Trust, Unit};
use jeton_text::{UnitKind, stem, terms, units, words};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Words that say nothing about the subject.
const IDLE: &str = "a an the and or but not no nor of to in on at by for from with within without into onto over under after before until since than then that this these \
    those it its is are was were be been being has have had do does did can could may might must shall should will would you your we our they their he she his her i me my us \
    as if when where which who whom whose what how all any each every some such only also more most less least at up out about per via so there here very just always never \
    least maximum minimum max min first last new old one two three get gets got make makes made use used uses using";

/// Figures that people write out.
const WRITTEN: [(&str, &str); 20] = [
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("twelve", "12"),
    ("fourteen", "14"),
    ("fifteen", "15"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("forty", "40"),
    ("fifty", "50"),
    ("sixty", "60"),
    ("ninety", "90"),
    ("hundred", "100"),
];

/// Adjectives that belong to a unit.
const KINDS_OF_DAYS: [&str; 4] = ["business", "working", "calendar", "full"];

/// A figure and what it counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quantity {
    /// The number, in one way of writing.
    pub(super) value: String,
    /// The unit, stemmed: `day`, `%`, `eur`.
    pub(super) unit: String,
}

impl Quantity {
    /// Whether the unit is one of time, money, share or size; other words after a figure may be names (`Vite 7 changelog`).
    pub(super) fn is_measured(&self) -> bool {
        let unit = self.unit.strip_prefix("working ").unwrap_or(&self.unit);
        ["day", "month", "year", "hour", "minute", "second", "ms", "%", "eur", "usd", "gbp", "kg", "km", "kb", "mb", "gb", "kib", "mib"].contains(&unit)
    }
}

/// One sentence that states quantities.
#[derive(Clone, Debug)]
pub(super) struct Statement<'a> {
    pub(super) unit: &'a Unit,
    /// Where it begins in the unit's body.
    pub(super) offset: usize,
    /// As it is written, with quotations filled in.
    pub(super) text: String,
    /// What it speaks of.
    pub(super) subject: BTreeSet<String>,
    /// What the unit as a whole speaks of: its title, the question of an example.
    pub(super) setting: BTreeSet<String>,
    pub(super) quantities: Vec<Quantity>,
}

/// The statements of units that people wrote.
pub(super) fn statements(units: &[Unit]) -> Vec<Statement<'_>> {
    let speaks = |unit: &&Unit| matches!(unit.kind, Kind::Doc | Kind::Constraint | Kind::Example | Kind::Skill | Kind::Schema) && unit.trust > Trust::Untrusted;
    units.iter().filter(speaks).flat_map(of_unit).collect()
}

fn of_unit(unit: &Unit) -> Vec<Statement<'_>> {
    let mut setting = subject(&unit.title);
    if let Detail::Example(example) = &unit.detail {
        setting.extend(subject(&example.input));
    }
    let made = |offset: usize, text: &str, extra: &str| {
        let (text, mut about) = (filled(text), subject(extra));
        about.extend(subject(&text));
        let quantities = quantities(&text);
        (!quantities.is_empty()).then(|| Statement { unit, offset, text, subject: about, setting: setting.clone(), quantities })
    };
    let mut found: Vec<Statement<'_>> = Vec::new();
    if let Detail::Schema(schema) = &unit.detail {
        properties(schema, "", &mut |name, value, text| {
            let offset = unit.body.find(&format!("\"{name}\"")).unwrap_or(0);
            found.extend(made(offset, &format!("{value} {}", units_in(&format!("{name} {text}"))), &format!("{name} {text}")));
        });
        return found;
    }
    let sentences = units(&unit.body);
    for sentence in sentences.iter().filter(|sentence| !matches!(sentence.kind, UnitKind::Code | UnitKind::Heading)) {
        // The rows of a table are statements of their own.
        let mut offset = sentence.start;
        let text = sentence.text(&unit.body);
        let lines: Vec<&str> = if sentence.kind == UnitKind::Table { text.split_inclusive('\n').collect() } else { vec![text] };
        for line in lines {
            found.extend(made(offset, line, ""));
            offset += line.len();
        }
    }
    if let Detail::Constraint(constraint) = &unit.detail
        && let Some(Check::Forbid(pattern) | Check::Require(pattern)) = &constraint.check
    {
        found.extend(made(0, &spoken(pattern), &constraint.text));
    }
    found
}

/// A pattern as the words that it looks for.
fn spoken(pattern: &str) -> String {
    let plain = ["\\s+", "\\s*", "\\s", "\\b", "[ -]", "(?i)", "\\W+", "?", "^", "$"].iter().fold(pattern.to_owned(), |text, mark| text.replace(mark, " "));
    plain.replace('\\', "")
}

/// The numbers that a schema allows or sets, with the property's name and description.
fn properties(schema: &serde_json::Value, name: &str, take: &mut dyn FnMut(&str, String, &str)) {
    let serde_json::Value::Object(object) = schema else {
        if let serde_json::Value::Array(items) = schema {
            items.iter().for_each(|item| properties(item, name, take));
        }
        return;
    };
    let text = ["title", "description"].iter().filter_map(|key| object.get(*key)?.as_str()).collect::<Vec<_>>().join(" ");
    for key in ["maximum", "minimum", "const", "default"] {
        if let Some(value) = object.get(key).filter(|value| value.is_number()) {
            take(name, value.to_string(), &text);
        }
    }
    for (key, value) in object {
        let inner = if ["properties", "items", "allOf", "anyOf", "oneOf", "$defs"].contains(&key.as_str()) { name } else { key };
        properties(value, inner, take);
    }
}

/// The units of time and money that a property's name speaks of.
fn units_in(text: &str) -> String {
    let known = ["days", "weeks", "months", "years", "hours", "minutes", "seconds", "percent", "eur", "usd", "gbp"];
    let said = terms(text);
    known.iter().find(|unit| said.contains(&stem(unit)) || said.iter().any(|term| term == *unit)).map_or_else(String::new, |unit| (*unit).to_owned())
}

/// The text with `{fact: 30 from …}` as `30`.
fn filled(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{fact:") {
        made.push_str(before);
        let Some((quoted, after)) = after.split_once('}') else { break };
        made.push_str(quoted.split(" from ").next().unwrap_or_default().trim());
        rest = after;
    }
    made.push_str(rest);
    made
}

/// The words that tell what a text is about, stemmed, without figures and their units.
pub(super) fn subject(text: &str) -> BTreeSet<String> {
    terms(text).into_iter().filter(|term| term.len() >= 3 && !term.starts_with(|c: char| c.is_ascii_digit()) && !NO_SUBJECT.contains(term)).collect()
}

/// Idle words and units, stemmed as terms are.
static NO_SUBJECT: LazyLock<BTreeSet<String>> = LazyLock::new(|| IDLE.split_ascii_whitespace().chain(MEASURES.split_ascii_whitespace()).map(stem).collect());

const MEASURES: &str = "day days week weeks month months year years hour hours minute minutes second seconds percent eur euro euros usd dollar dollars gbp business working calendar";

/// The figures of a text that count something.
pub(super) fn quantities(text: &str) -> Vec<Quantity> {
    let words = words(text);
    let shown = |at: usize| words.get(at).map(|word| text[word.start..word.end].to_lowercase());
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let (own, hyphened) = split(&text[word.start..word.end].to_lowercase());
        let Some(value) = figure(&own) else { continue };
        let sign = text[..word.start].trim_end().chars().next_back().and_then(currency);
        let after = text[word.end..].trim_start().chars().next().and_then(|c| if c == '%' { Some("%") } else { currency(c) });
        let gap = words.get(at + 1).map_or("", |next| &text[word.end..next.start]);
        let next = shown(at + 1).filter(|_| gap.chars().all(|c| c == ' ' || c == '-' || c == '\n'));
        let before = at.checked_sub(1).and_then(shown).filter(|word| ["eur", "usd", "gbp", "chf"].contains(&word.as_str()));
        let unit = sign.or(after).map(str::to_owned).or(hyphened).or_else(|| next.clone().and_then(|next| unit(&next, shown(at + 2)))).or(before);
        if let Some(unit) = unit {
            found.push(same_measure(value, unit));
        }
    }
    found
}

/// `30-day` as `30` and `day`.
fn split(word: &str) -> (String, Option<String>) {
    match word.split_once('-') {
        Some((figure, unit)) if !unit.contains('-') && unit.len() > 2 => (figure.to_owned(), self::unit(unit, None)),
        _ => {
            let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ',').len();
            // `30d` and `5ms`, but not `3rd` and `v2`.
            match &word[digits..] {
                unit @ ("ms" | "s" | "h" | "d" | "kg" | "km" | "mb" | "gb" | "kb" | "mib" | "kib") if digits > 0 => {
                    (word[..digits].to_owned(), Some(unit.to_owned()))
                }
                _ => (word.to_owned(), None),
            }
        }
    }
}

fn figure(word: &str) -> Option<String> {
    number(word).or_else(|| WRITTEN.iter().find(|(written, _)| *written == word).map(|(_, figure)| (*figure).to_owned()))
}

const fn currency(sign: char) -> Option<&'static str> {
    match sign {
        '€' => Some("eur"),
        '$' => Some("usd"),
        '£' => Some("gbp"),
        _ => None,
    }
}

/// The unit that a word after a figure names. Idle words count nothing.
fn unit(word: &str, next: Option<String>) -> Option<String> {
    if KINDS_OF_DAYS.contains(&word) {
        let counted = next.filter(|next| next.starts_with("day"))?;
        return Some(if word == "calendar" || word == "full" { singular(&counted) } else { format!("working {}", singular(&counted)) });
    }
    let is_word = word.len() > 2 && word.chars().all(char::is_alphabetic);
    let unit = match word {
        "euro" | "euros" => "eur".to_owned(),
        "dollar" | "dollars" => "usd".to_owned(),
        "percent" | "per cent" => "%".to_owned(),
        word if is_word && !IDLE.split_ascii_whitespace().any(|idle| idle == word) => singular(word),
        word if ["ms", "s", "h", "d", "kg", "km", "mb", "gb", "kb"].contains(&word) => word.to_owned(),
        _ => return None,
    };
    Some(unit)
}

/// Units of time by their own names; other words stemmed, which brings their numbers together.
fn singular(word: &str) -> String {
    let one = word.strip_suffix('s').unwrap_or(word);
    if ["day", "week", "month", "year", "hour", "minute", "second"].contains(&one) { one.to_owned() } else { stem(word) }
}

/// Weeks are seven days, in every text.
fn same_measure(value: String, unit: String) -> Quantity {
    match (unit.as_str(), value.parse::<u32>()) {
        ("week", Ok(weeks)) => Quantity { value: (u64::from(weeks) * 7).to_string(), unit: "day".to_owned() },
        ("d", _) => Quantity { value, unit: "day".to_owned() },
        ("h", _) => Quantity { value, unit: "hour".to_owned() },
        ("s", _) => Quantity { value, unit: "second".to_owned() },
        _ => Quantity { value, unit },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_of_sentences() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let found: Vec<(String, String)> = quantities(text).into_iter().map(|quantity| (quantity.value, quantity.unit)).collect();
            let shown: Vec<(&str, &str)> = found.iter().map(|(value, unit)| (value.as_str(), unit.as_str())).collect();
            assert_eq!(shown, expected, "{text}");
        };
        check("Refunds within 30 days.", &[("30", "day")]);
        check("A 30-day window, or two weeks.", &[("30", "day"), ("14", "day")]);
        check("Within 5 working days, or 30 calendar days.", &[("5", "working day"), ("30", "day")]);
        check("It costs € 1,000.50, a fee of 5 % and 12 EUR.", &[("1000.5", "eur"), ("5", "%"), ("12", "eur")]);
        check("See section 3. Then go on.", &[]);
        check("It waits 500ms for v2.", &[("500", "ms")]);
        check("On 2026-01-01 it rained.", &[]);
    }

    #[test]
    fn subjects() {
        let found: Vec<String> = subject("You may get a refund of shipped goods within 30 days.").into_iter().collect();
        assert_eq!(found, ["good", "refund", "ship"]);
        assert_eq!(filled("in {fact: 30 from p.toml#/a} days"), "in 30 days");
        assert_eq!(quantities(&spoken("(?i)\\b30\\s+days\\b")).len(), 1);
    }
}
