//! Quoted facts: what a text says against what its source says.

use super::desk::Desk;
use crate::{Fact, Finding, Place, Severity, Unit};
use std::sync::Arc;

pub(super) fn check(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    for unit in desk.units() {
        found.extend(unit.facts.iter().filter_map(|fact| finding(desk, unit, fact)));
    }
}

fn finding(desk: &Desk<'_>, unit: &Unit, fact: &Fact) -> Option<Finding> {
    let place = Place::line(Arc::clone(&unit.place.path), fact.line);
    let source = format!("{}#{}", fact.path, fact.pointer);
    match crate::facts::fact_value(fact, desk.input.tree) {
        Err(why) => {
            let remedy = "mend the path or the pointer behind `from`, or write the sentence without a quotation".to_owned();
            Some(Finding::new("fact-source-missing", Severity::Error, place, format!("the source of `{}` is missing: {why}", fact.said), remedy).about(unit))
        }
        Ok(now) if is_same(&fact.said, &now) => None,
        Ok(now) => {
            let message = format!("the text says `{}`, and `{source}` says `{now}`", fact.said);
            let finding =
                Finding::new("fact-differs", Severity::Error, place, message, format!("write `{now}`, and see that the sentence around it still holds"))
                    .about(unit);
            Some(desk.mended(finding, &format!("{} from {source}", fact.said), &format!("{now} from {source}")))
        }
    }
}

/// Whether two ways of writing give one value: `1,000` and `1000`, `2.50` and `2.5`.
pub(super) fn is_same(said: &str, now: &str) -> bool {
    let plain = |text: &str| text.trim().trim_matches('"').to_owned();
    let (said, now) = (plain(said), plain(now));
    said == now || number(&said).zip(number(&now)).is_some_and(|(said, now)| said == now)
}

/// A number without its thousands separators and idle noughts.
pub(super) fn number(text: &str) -> Option<String> {
    let digits = text.replace([',', '_', '\u{a0}'], "");
    let is_number = !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.matches('.').count() <= 1;
    if !is_number {
        return None;
    }
    let (whole, part) = digits.split_once('.').unwrap_or((&digits, ""));
    let whole = whole.trim_start_matches('0');
    let (whole, part) = (if whole.is_empty() { "0" } else { whole }, part.trim_end_matches('0'));
    Some(if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, doc};
    use super::*;

    pub(super) fn quoting(body: &str, said: &str, pointer: &str) -> Unit {
        let mut unit = doc("docs/a.md", body);
        let start = body.find('{').unwrap_or(0);
        let span = (start, body.find('}').map_or(body.len(), |end| end + 1));
        unit.facts.push(Fact { said: said.to_owned(), path: "policy.toml".to_owned(), pointer: pointer.to_owned(), line: 1, span });
        unit
    }

    #[test]
    fn facts_against_their_source() {
        let check = |said: &str, pointer: &str, expected: &[&str]| {
            let body = format!("Within {{fact: {said} from policy.toml#{pointer}}} days.");
            let found = Bench::new(&[("docs/a.md", &body), ("policy.toml", "[refund]\ndays = 14\ncap = 1000\n")]).findings(vec![quoting(&body, said, pointer)]);
            assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), expected, "{found:?}");
            if let Some(fix) = found.first().and_then(|finding| finding.fix.as_ref()) {
                assert_eq!(fix.new, "14 from policy.toml#/refund/days");
            }
        };
        check("14", "/refund/days", &[]);
        check("1,000", "/refund/cap", &[]);
        check("30", "/refund/days", &["fact-differs"]);
        check("30", "/refund/hours", &["fact-source-missing"]);
    }

    #[test]
    fn numbers() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(number(text).as_deref(), expected, "{text}");
        check("1,000.50", Some("1000.5"));
        check("007", Some("7"));
        check("0.0", Some("0"));
        check("1.2.3", None);
        check("ten", None);
    }
}
