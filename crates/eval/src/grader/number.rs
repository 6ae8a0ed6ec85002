//! Numbers in running text.

use super::said::{Judged, Said, short};
use super::values::{Sample, wanted};
use std::borrow::Cow;

/// A number found in a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number {
    /// Its value, words of scale (`million`) applied.
    pub(crate) value: f64,
    /// Whether `%` or `percent` follows.
    pub(crate) is_percent: bool,
    /// What it counts: the dimension, and how many of the dimension's base unit make one.
    pub(crate) unit: Option<(char, f64)>,
    /// Where it begins, in bytes.
    pub(crate) start: usize,
    /// Where its figures end, in bytes.
    pub(crate) end: usize,
}

/// Units that are converted: their names, dimension (`l`ength in m, `m`ass in g, `t`ime in s, `b`ytes) and size. Any other word after a number
/// is passed over.
const UNITS: [(&[&str], char, f64); 24] = [
    (&["mm", "millimetres", "millimeters"], 'l', 0.001),
    (&["cm", "centimetres", "centimeters"], 'l', 0.01),
    (&["m", "metre", "metres", "meter", "meters"], 'l', 1.0),
    (&["km", "kilometre", "kilometres", "kilometer", "kilometers"], 'l', 1000.0),
    (&["mg", "milligram", "milligrams"], 'm', 0.001),
    (&["g", "gram", "grams"], 'm', 1.0),
    (&["kg", "kilogram", "kilograms"], 'm', 1000.0),
    (&["ns", "nanoseconds"], 't', 1e-9),
    (&["µs", "us", "microseconds"], 't', 1e-6),
    (&["ms", "millisecond", "milliseconds"], 't', 0.001),
    (&["s", "sec", "secs", "second", "seconds"], 't', 1.0),
    (&["min", "mins", "minute", "minutes"], 't', 60.0),
    (&["h", "hr", "hrs", "hour", "hours"], 't', 3600.0),
    (&["d", "day", "days"], 't', 86_400.0),
    (&["week", "weeks"], 't', 604_800.0),
    (&["B", "byte", "bytes"], 'b', 1.0),
    (&["kB", "KB", "kilobytes"], 'b', 1e3),
    (&["MB", "megabytes"], 'b', 1e6),
    (&["GB", "gigabytes"], 'b', 1e9),
    (&["TB", "terabytes"], 'b', 1e12),
    (&["KiB"], 'b', 1024.0),
    (&["MiB"], 'b', 1_048_576.0),
    (&["GiB"], 'b', 1_073_741_824.0),
    (&["TiB"], 'b', 1_099_511_627_776.0),
];

const SCALES: [(&str, f64); 4] = [("thousand", 1e3), ("million", 1e6), ("billion", 1e9), ("trillion", 1e12)];

/// The last (or first) number of the answer is the value.
///
/// Tolerances are the larger of `absolute` and `relative` times the value. Units of [`UNITS`] are converted where both sides have one; a
/// percentage and a bare number agree by figure or by value (25 % is 25 and 0.25). Numbers are read as 64-bit floats.
pub(crate) fn number(sample: &Sample<'_>, value: Option<f64>, absolute: f64, relative: f64, last: bool) -> Judged {
    if !(absolute.is_finite() && relative.is_finite() && absolute >= 0.0 && relative >= 0.0) {
        return Err("a tolerance is no finite number".to_owned());
    }
    let expected = match value {
        Some(value) if value.is_finite() => vec![Number { value, is_percent: false, unit: None, start: 0, end: 0 }],
        Some(_) => return Err("the value is no finite number".to_owned()),
        None => references(&wanted(None, sample.case)?)?,
    };
    let mut found = numbers(&sample.text);
    let Some(said) = (if last { found.next_back() } else { found.next() }) else { return Ok(Said::fail("there is no number in it")) };
    let figure = short(&sample.text[said.start..said.end]);
    if !said.value.is_finite() {
        return Ok(Said::fail(format!("the number {figure} is out of range")).at(said.start.to_string()));
    }
    let is_met = expected.iter().any(|expected| agrees(said, *expected, absolute, relative));
    let why = if is_met { format!("it says {figure}") } else { format!("it says {figure}, and {} is wanted", expected[0].value) };
    Ok(Said::met(is_met, why).at(said.start.to_string()))
}

fn references(texts: &[Cow<'_, str>]) -> Result<Vec<Number>, String> {
    let number = |text: &Cow<'_, str>| numbers(text).next_back().filter(|number| number.value.is_finite());
    texts.iter().map(|text| number(text).ok_or_else(|| format!("the reference {} has no number", short(text)))).collect()
}

fn agrees(said: Number, expected: Number, absolute: f64, relative: f64) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= absolute.max(relative * b.abs()) + b.abs() * 1e-12;
    match (said.unit, expected.unit) {
        (Some((a, _)), Some((b, _))) if a != b => return false,
        (Some((_, a)), Some((_, b))) => return near(said.value * a / b, expected.value),
        _ => {}
    }
    near(said.value, expected.value)
        || (said.is_percent && !expected.is_percent && near(said.value / 100.0, expected.value))
        || (expected.is_percent && !said.is_percent && near(said.value * 100.0, expected.value))
}

/// The numbers of a text.
///
/// Read are signs, points, commas, blanks, apostrophes and underscores between groups of three, exponents. One comma before exactly three
/// figures parts thousands (`1,234`), any other single comma or point is decimal. Figures within words (`x86`, `v2`) are none.
pub(crate) fn numbers(text: &str) -> impl DoubleEndedIterator<Item = Number> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find(|c: char| c.is_ascii_digit()) {
        let start = at + offset;
        let before = text[..start].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            at = word_end(text, start);
            continue;
        }
        let number = read(text, start);
        at = number.end;
        found.push(number);
    }
    found.into_iter().map(|number| with_unit(number, text))
}

/// Where a word with figures ends, with the points of a version in it (`v2.3`).
fn word_end(text: &str, start: usize) -> usize {
    let is_inner = |at: usize, c: char| c.is_alphanumeric() || c == '_' || (c == '.' && text[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    text[start..].char_indices().find(|&(at, c)| !is_inner(start + at, c)).map_or(text.len(), |(at, _)| start + at)
}

/// The number whose first figure is at `start`.
fn read(text: &str, start: usize) -> Number {
    let (mut figures, mut end) = figures(&text[start..], is_in_list(&text[..start]));
    end += start;
    let mut begin = start;
    // `.5`: a point before, and no figure before that.
    if text[..start].ends_with('.') && !text[..start - 1].ends_with(|c: char| c.is_alphanumeric()) && !figures.contains('.') {
        figures.insert_str(0, "0.");
        begin -= 1;
    }
    if let Some(length) = exponent(&text[end..]) {
        figures.push_str(&text[end..end + length].replace('\u{2212}', "-"));
        end += length;
    }
    let value = figures.parse::<f64>().unwrap_or(f64::NAN);
    let value = if is_negative(&text[..begin]) { -value } else { value };
    Number { value, is_percent: false, unit: None, start: begin, end }
}

/// The number with what the text after it says.
fn with_unit(number: Number, text: &str) -> Number {
    let (scale, is_percent, unit) = after(&text[number.end..]);
    Number { value: number.value * scale, is_percent, unit, ..number }
}

/// Whether a figure and a mark stand right before: `1,2,3` is a list and `1.2.3` a version, so that none of their marks is decimal.
fn is_in_list(before: &str) -> bool {
    before.strip_suffix(['.', ',']).is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit()))
}

/// The figures at the beginning of `text` as Rust reads them, and how many bytes they take; of a list only the first item.
fn figures(text: &str, is_list: bool) -> (String, usize) {
    let run = |from: usize| &text[from..from + text[from..].bytes().take_while(u8::is_ascii_digit).count()];
    let mut groups: Vec<(char, &str)> = vec![('\0', run(0))];
    let mut ends = vec![run(0).len()];
    while let Some(mark) = text[ends[ends.len() - 1]..].chars().next().filter(|c| MARKS.contains(c)) {
        let from = ends[ends.len() - 1] + mark.len_utf8();
        if run(from).is_empty() {
            break;
        }
        groups.push((mark, run(from)));
        ends.push(from + run(from).len());
    }
    let (whole, has_decimals) = if is_list { (1, false) } else { parted(&groups) };
    let mut figures: String = groups[..whole].iter().map(|group| group.1).collect();
    if has_decimals {
        figures.push('.');
        figures.push_str(groups[whole].1);
    }
    (figures, ends[whole - usize::from(!has_decimals)])
}

/// What may stand between groups of figures.
const MARKS: [char; 9] = [',', '.', '\'', '_', ' ', '\u{a0}', '\u{202f}', '\u{2009}', '\u{2019}'];

/// How many groups make the whole part, from 1, and whether the next one is its decimals.
fn parted(groups: &[(char, &str)]) -> (usize, bool) {
    let Some(&(mark, _)) = groups.get(1) else { return (1, false) };
    let is_decimal = |group: Option<&(char, &str)>| group.is_some_and(|group| matches!(group.0, '.' | ','));
    let thousands = groups[1..].iter().take_while(|group| group.0 == mark && group.1.len() == 3).count();
    let lakhs = groups[1..].iter().take_while(|group| group.0 == ',' && group.1.len() == 2).count();
    let next = groups.get(1 + thousands);
    // What follows the thousands is decimal where another mark parts it, and nothing like it comes after.
    let ends_decimal = is_decimal(next) && next.is_some_and(|next| next.0 != mark) && !is_decimal(groups.get(2 + thousands));
    let is_alone = matches!(mark, '.' | ',') && !is_decimal(groups.get(2));
    match mark {
        ',' | '.' if groups[0].1.starts_with('0') => (1, is_alone),
        '.' if thousands == 1 && is_alone => (1, true),
        _ if thousands > 0 && groups[0].1.len() <= 3 => (1 + thousands, ends_decimal),
        // `1,00,000`: groups of two before the last of three.
        ',' if lakhs > 0 && groups[0].1.len() <= 2 && groups.get(1 + lakhs).is_some_and(|last| last.0 == ',' && last.1.len() == 3) => (2 + lakhs, false),
        _ => (1, is_alone),
    }
}

/// The length of an exponent at the beginning of `text`.
fn exponent(text: &str) -> Option<usize> {
    let rest = text.strip_prefix(['e', 'E'])?;
    let sign = rest.chars().next().filter(|c| matches!(c, '+' | '-' | '\u{2212}')).map_or(0, char::len_utf8);
    let figures = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
    let after = rest[sign + figures..].chars().next();
    (figures > 0 && !after.is_some_and(char::is_alphanumeric)).then_some(1 + sign + figures)
}

/// Whether a minus stands before, a currency between them apart. A hyphen after a word or figure is none.
fn is_negative(before: &str) -> bool {
    let before = before.trim_end_matches(['$', '€', '£', '¥', '₹']);
    let Some(rest) = before.strip_suffix(['-', '\u{2212}']) else { return false };
    !rest.ends_with(|c: char| c.is_alphanumeric() || c == ')')
}

/// What the text after a number says of it: its scale, whether it is a percentage, its unit.
fn after(text: &str) -> (f64, bool, Option<(char, f64)>) {
    let text = text.strip_prefix([' ', '\u{a0}', '\u{202f}', '-']).unwrap_or(text);
    if text.starts_with('%') {
        return (1.0, true, None);
    }
    let word: String = text.chars().take_while(|c| c.is_alphabetic()).take(16).collect();
    let small = word.to_lowercase();
    if small == "percent" || (small == "per" && text[word.len()..].starts_with(" cent")) {
        return (1.0, true, None);
    }
    if let Some((_, scale)) = SCALES.iter().find(|(name, _)| *name == small) {
        return (*scale, false, after_scale(&text[word.len()..]));
    }
    (1.0, false, unit(&word, &small))
}

fn after_scale(text: &str) -> Option<(char, f64)> {
    let word: String = text.trim_start().chars().take_while(|c| c.is_alphabetic()).take(16).collect();
    unit(&word, &word.to_lowercase())
}

/// Symbols keep their case (`mB` is nothing), words do not.
fn unit(word: &str, small: &str) -> Option<(char, f64)> {
    let is_named = |names: &&[&str]| names.contains(&word) || (small.len() > 3 && names.contains(&small));
    UNITS.iter().find(|(names, _, _)| is_named(names)).map(|&(_, dimension, size)| (dimension, size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grader::testing::{fails, passes, unscored};
    use proptest::prelude::*;

    #[test]
    fn figures_in_running_text() {
        let check = |text: &str, expected: &[f64]| {
            let found: Vec<f64> = numbers(text).map(|number| number.value).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("It is 42.", &[42.0]);
        check("1,234.50 and 1.234,50 and 1 234,5 and 1'234.5 and 1_000", &[1234.5, 1234.5, 1234.5, 1234.5, 1000.0]);
        check("1,234 1.234 1,5 1.5 .5 -.5 0,123 1.234.567 1,00,000", &[1234.0, 1.234, 1.5, 1.5, 0.5, -0.5, 0.123, 1_234_567.0, 100_000.0]);
        check("1, 2, 3", &[1.0, 2.0, 3.0]);
        check("1,2,3 and v2.3 and x86 and GPT-4", &[1.0, 2.0, 3.0, 4.0]);
        check("2026-11-25 10-20 -5 \u{2212}6 -$7 (-8)", &[2026.0, 11.0, 25.0, 10.0, 20.0, -5.0, -6.0, -7.0, -8.0]);
        check("1e3 2E-2 3e 4em 5e+1", &[1000.0, 0.02, 3.0, 4.0, 50.0]);
        check("3 million and 2.5 billion", &[3e6, 2.5e9]);
        check("no 10\u{a0}000 \u{20ac}", &[10_000.0]);
        check("1.2.3", &[1.0, 2.0, 3.0]);
        check("\u{663}\u{e9}", &[]);
        assert!(numbers("1e999").next().unwrap().value.is_infinite());
    }

    fn by(value: Option<f64>, absolute: f64, relative: f64) -> crate::Criterion {
        crate::Criterion::Number { value, absolute, relative, last: true }
    }

    #[test]
    fn tolerance_units_and_percent() {
        for (reference, answer, is_met) in [
            ("1234", "The total is 1,234 euros.", true),
            ("1234", "First 1234, then 5.", false),
            ("25%", "0.25", true),
            ("0.25", "about 25 %", true),
            ("25", "25 percent", true),
            ("100%", "1%", false),
            ("5 km", "5000 m", true),
            ("5 km", "5 m", false),
            ("5 km", "5 kg", false),
            ("2 hours", "120 minutes", true),
            ("5 apples", "5", true),
            ("0.3", "0.30", true),
            ("3 million", "3,000,000", true),
            ("5", "", false),
            ("5", "five", false),
            ("5", "1e999", false),
        ] {
            let check = if is_met { passes } else { fails };
            check(&by(None, 0.0, 0.0), reference, answer);
        }
        passes(&by(Some(10.0), 0.5, 0.0), "", "10.5");
        fails(&by(Some(10.0), 0.5, 0.0), "", "10.51");
        passes(&by(Some(-200.0), 0.0, 0.01), "", "-198");
        fails(&by(Some(-200.0), 0.0, 0.01), "", "198");
        for broken in [by(Some(f64::NAN), 0.0, 0.0), by(Some(1.0), f64::INFINITY, 0.0), by(Some(1.0), 0.0, f64::NAN), by(Some(1.0), -1.0, 0.0)] {
            unscored(&broken, "", "1");
        }
        unscored(&by(None, 0.0, 0.0), "no figure", "1");
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_what_is_printed_is_found(text in "\\PC{0,60}", value in -1e12..1e12_f64) {
            for number in numbers(&text) {
                prop_assert!(text.get(number.start..number.end).is_some() && number.start < number.end);
            }
            let printed = format!("so {value} it is");
            let found: Vec<f64> = numbers(&printed).map(|number| number.value).collect();
            prop_assert_eq!(found, vec![value]);
        }
    }
}
