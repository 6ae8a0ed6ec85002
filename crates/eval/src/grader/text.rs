//! Exact text, texts within, beginnings, regular expressions.

use super::said::{Judged, Said, short};
use super::values::{Sample, fill, folded, wanted};
use regex::{Regex, RegexBuilder};

/// The largest program that a regular expression may compile to, in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// The answer is one of the wanted texts.
pub(crate) fn exact(sample: &Sample<'_>, value: Option<&str>, ignore_case: bool, verbatim: bool) -> Judged {
    let trimmed = |text: &str| if verbatim { text.to_owned() } else { text.trim().to_owned() };
    let wanted = wanted(value, sample.case)?;
    let text = trimmed(&sample.text);
    let is_same = wanted.iter().any(|wanted| folded(&trimmed(wanted), ignore_case) == folded(&text, ignore_case));
    Ok(match wanted.as_slice() {
        _ if is_same => Said::pass("it is the wanted text"),
        [one] => Said::fail(format!("it is not {}", short(one))),
        several => Said::fail(format!("it is none of {} wanted texts", several.len())),
    })
}

/// The answer has the texts. Without any, the references are meant, and one of them is enough.
pub(crate) fn contains(sample: &Sample<'_>, values: &[String], any: bool, ignore_case: bool) -> Judged {
    let any = any || values.is_empty();
    let wanted =
        if values.is_empty() { wanted(None, sample.case)? } else { values.iter().map(|value| fill(value, sample.case)).collect::<Result<Vec<_>, String>>()? };
    // An empty text is in every answer: nothing would be judged.
    if wanted.iter().any(|text| text.trim().is_empty()) {
        return Err("a text that must be in the answer is empty".to_owned());
    }
    let text = folded(&sample.text, ignore_case);
    let missing: Vec<_> = wanted.iter().filter(|wanted| !text.contains(&*folded(wanted, ignore_case))).collect();
    let found = wanted.len() - missing.len();
    let is_met = if any { found > 0 } else { missing.is_empty() };
    let share = if any { f64::from(u8::from(is_met)) } else { ratio(found, wanted.len()) };
    Ok(match missing.as_slice() {
        _ if is_met => Said::pass("it has what it must have"),
        [one] => Said::fail(format!("it does not have {}", short(one))),
        [one, ..] if any => Said::fail(format!("it has none of {} texts, such as {}", wanted.len(), short(one))),
        _ => Said::fail(format!("{} of {} texts are not in it, first {}", missing.len(), wanted.len(), short(missing.first().map_or("", |text| text)))),
    }
    .partly(share))
}

/// A part of a whole that is not empty.
pub(crate) fn ratio(part: usize, whole: usize) -> f64 {
    #[allow(clippy::cast_precision_loss)] // Counts of texts and rows are far below 2^52.
    let ratio = part as f64 / whole.max(1) as f64;
    ratio
}

/// The answer begins with one of the wanted texts; `verbatim`: blanks at the beginning count.
pub(crate) fn starts_with(sample: &Sample<'_>, value: Option<&str>, ignore_case: bool, verbatim: bool) -> Judged {
    fn begin(text: &str, verbatim: bool) -> &str {
        if verbatim { text } else { text.trim_start() }
    }
    let wanted = wanted(value, sample.case)?;
    if wanted.iter().any(|text| text.trim().is_empty()) {
        return Err("the text that the answer must begin with is empty".to_owned());
    }
    let text = folded(begin(&sample.text, verbatim), ignore_case);
    let is_met = wanted.iter().any(|wanted| text.starts_with(&*folded(begin(wanted, verbatim), ignore_case)));
    Ok(Said::met(is_met, if is_met { "it begins so".to_owned() } else { format!("it does not begin with {}", short(&wanted[0])) }))
}

/// Compiles a pattern, bounded in size. Its time grows only with the answer: there is no backtracking.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(REGEX_BYTES_MAX).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the regular expression is too large when compiled; bound its repetitions lower".to_owned(),
        other => format!("the regular expression cannot be read: {}", other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ")),
    })
}

/// The pattern is found in the answer.
pub(crate) fn matches(sample: &Sample<'_>, regex: &Regex) -> Judged {
    Ok(match regex.find(&sample.text) {
        Some(found) => Said::pass(format!("{} is found", short(found.as_str()))).at(found.start().to_string()),
        None => Said::fail(format!("nothing is found by `{regex}`")),
    })
}
