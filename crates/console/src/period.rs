//! Periods as people type them: `15m`, `24h`, `7d`, `4w`, a date, a moment, or `all`.

use jeton_core::Timestamp;
use jiff::{civil, tz::TimeZone};

/// The moment that `text` names: a span back from `now` (`90s`, `15m`, `24h`, `7d`, `4w`), a date (its first moment in
/// `zone`), an RFC 3339 moment, or `all` (the beginning of time).
///
/// # Errors
/// A sentence that says what is accepted.
pub fn parse_moment(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let text = text.trim();
    if text == "all" {
        return Ok(Timestamp(0));
    }
    let wrong = || format!("`{text}` is no period: write a span such as 15m, 24h, 7d or 4w, a date such as 2026-11-23, an RFC 3339 moment, or all");
    if let Some(span_ms) = parse_span_ms(text) {
        return Ok(Timestamp(now.0.saturating_sub(span_ms).max(0)));
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp(moment.as_millisecond().max(0)));
    }
    let date: civil::Date = text.parse().map_err(|_| wrong())?;
    let first = date.to_zoned(zone.clone()).map_err(|_| wrong())?;
    Ok(Timestamp(first.timestamp().as_millisecond().max(0)))
}

/// `24h` as milliseconds; `None` where the text is no span.
fn parse_span_ms(text: &str) -> Option<i64> {
    let unit_ms = match text.chars().last()? {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        'w' => 7 * 86_400_000,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i64>().ok()?.checked_mul(unit_ms)
}

/// The first moment of today and of this month in `zone`.
pub(crate) fn today_and_month(now: Timestamp, zone: &TimeZone) -> (Timestamp, Timestamp) {
    let Ok(moment) = jiff::Timestamp::from_millisecond(now.0) else { return (Timestamp(0), Timestamp(0)) };
    let today = moment.to_zoned(zone.clone());
    let start = |date: civil::Date| date.to_zoned(zone.clone()).map_or(Timestamp(0), |zoned| Timestamp(zoned.timestamp().as_millisecond()));
    (start(today.date()), start(today.date().first_of_month()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_457_689_120); // 2026-11-23T18:14:49.120Z

    fn check(text: &str, expected: &str) {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        assert_eq!(parse_moment(text, NOW, &zone).unwrap().rfc3339(), expected, "{text}");
    }

    #[test]
    fn spans_dates_and_moments() {
        check("15m", "2026-11-23T17:59:49.120Z");
        check("24h", "2026-11-22T18:14:49.120Z");
        check("7d", "2026-11-16T18:14:49.120Z");
        check("2026-11-23", "2026-11-22T23:00:00.000Z");
        check("2026-11-23T10:00:00+02:00", "2026-11-23T08:00:00.000Z");
        check("all", "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn what_is_no_period_is_refused_with_what_would_be() {
        for text in ["", "h", "-3h", "3.5d", "yesterday", "2026-13-01", "99999999999999999999d"] {
            let error = parse_moment(text, NOW, &TimeZone::UTC).unwrap_err();
            assert!(error.contains("24h"), "{error}");
        }
    }

    #[test]
    fn today_begins_in_the_zone() {
        let (today, month) = today_and_month(NOW, &TimeZone::fixed(jiff::tz::offset(9)));
        assert_eq!(today.rfc3339(), "2026-11-23T15:00:00.000Z");
        assert_eq!(month.rfc3339(), "2026-10-31T15:00:00.000Z");
    }
}
