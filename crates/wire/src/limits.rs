//! When a provider says that trying again makes sense. What it says of *its* limits is never passed on as ours.

/// A wait beyond this is no use to anybody and is cut.
const WAIT_MS_MAX: u64 = 7 * 24 * 3_600_000;

/// Reads the wait from an answer's headers, in milliseconds: `retry-after-ms`, `retry-after` (seconds or a date), else the
/// reset of those limits that are used up (`x-ratelimit-reset*`, `anthropic-ratelimit-*-reset`), else the soonest reset.
/// Dates are reckoned from the answer's own `date` header, so no clock of ours is needed; without it they tell nothing.
pub fn retry_after_ms(headers: impl Fn(&str) -> Option<String>) -> Option<u64> {
    let now_ms = headers("date").and_then(|date| http_date_ms(date.trim()));
    let stated = headers("retry-after-ms").and_then(|ms| decimal_ms(&ms, 1.0)).or_else(|| {
        let wait = headers("retry-after")?;
        decimal_ms(&wait, 1_000.0).or_else(|| until(http_date_ms(wait.trim())?, now_ms))
    });
    stated.or_else(|| from_resets(&headers, now_ms)).map(|ms| ms.min(WAIT_MS_MAX))
}

/// Limits by their headers: what remains, and when it is whole again.
const LIMITS: [(&str, &str); 9] = [
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
    ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-remaining-input-tokens", "x-ratelimit-reset-input-tokens"),
];

fn from_resets(headers: &impl Fn(&str) -> Option<String>, now_ms: Option<i64>) -> Option<u64> {
    let (mut used_up, mut soonest): (Option<u64>, Option<u64>) = (None, None);
    for (remaining, reset) in LIMITS {
        let Some(wait) = headers(reset).and_then(|reset| reset_ms(reset.trim(), now_ms)) else { continue };
        if headers(remaining).is_some_and(|left| left.trim() == "0") {
            used_up = used_up.max(Some(wait));
        }
        soonest = Some(soonest.map_or(wait, |ms| ms.min(wait)));
    }
    used_up.or(soonest)
}

/// A reset is a duration (`1m30s`, `20ms`), seconds, seconds or milliseconds since 1970, or a date.
fn reset_ms(reset: &str, now_ms: Option<i64>) -> Option<u64> {
    if let Ok(number) = reset.parse::<f64>() {
        // Nobody waits a thousand million seconds: what is as large counts from 1970.
        return match number {
            n if n >= 1e11 => until(whole(n)?, now_ms),
            n if n >= 1e9 => until(whole(n * 1_000.0)?, now_ms),
            _ => decimal_ms(reset, 1_000.0),
        };
    }
    duration_ms(reset).or_else(|| until(rfc3339_ms(reset).or_else(|| http_date_ms(reset))?, now_ms))
}

fn until(then_ms: i64, now_ms: Option<i64>) -> Option<u64> {
    now_ms.map(|now_ms| u64::try_from(then_ms.saturating_sub(now_ms)).unwrap_or(0))
}

/// A number that is not negative, times `unit_ms`, rounded up to a millisecond.
fn decimal_ms(text: &str, unit_ms: f64) -> Option<u64> {
    let number = text.trim().parse::<f64>().ok()?;
    whole((number * unit_ms).ceil()).and_then(|ms| u64::try_from(ms).ok())
}

fn whole(number: f64) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation)]
    (number.is_finite() && number.abs() < 9e15).then_some(number as i64)
}

/// `1h2m3.5s`, `6m0s`, `20ms`.
pub(crate) fn duration_ms(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total = 0_u64;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| c != '.' && !c.is_ascii_digit())?;
        let unit_end = rest[number_end..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| number_end + end);
        let unit_ms = match &rest[number_end..unit_end] {
            "ms" => 1.0,
            "s" => 1e3,
            "m" => 6e4,
            "h" => 3.6e6,
            "d" => 8.64e7,
            _ => return None,
        };
        total = total.saturating_add(decimal_ms(&rest[..number_end], unit_ms)?);
        rest = &rest[unit_end..];
    }
    (!text.is_empty()).then_some(total)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that HTTP may write today.
fn http_date_ms(text: &str) -> Option<i64> {
    let (_, date) = text.split_once(", ")?;
    let mut words = date.split_ascii_whitespace();
    let day = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"].iter().position(|name| *name == month)?;
    let year = words.next()?.parse().ok()?;
    let time = clock_ms(words.next()?)?;
    (words.next() == Some("GMT")).then_some(())?;
    Some(day_ms(year, i64::try_from(month).ok()? + 1, day)? + time)
}

/// `2026-11-23T18:00:00Z`, with fractions and offsets.
fn rfc3339_ms(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let day = day_ms(parts.next()??, parts.next()??, parts.next()??)?;
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return Some(day + clock_ms(time)?);
    }
    let sign_at = time.rfind(['+', '-'])?;
    let offset = clock_ms(&time[sign_at + 1..])?;
    let local = day + clock_ms(&time[..sign_at])?;
    Some(if time.as_bytes()[sign_at] == b'+' { local - offset } else { local + offset })
}

/// `08:49`, `08:49:37` or `08:49:37.25` in milliseconds.
fn clock_ms(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let hours: i64 = parts.next()?.parse().ok().filter(|h| (0..24).contains(h))?;
    let minutes: i64 = parts.next()?.parse().ok().filter(|m| (0..60).contains(m))?;
    let seconds: f64 = parts.next().map_or(Some(0.0), |s| s.parse().ok()).filter(|s| (0.0..61.0).contains(s))?;
    Some((hours * 60 + minutes) * 60_000 + whole(seconds * 1_000.0)?)
}

/// Midnight of a day of the Gregorian calendar, in milliseconds since 1970.
fn day_ms(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years begin in March here, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    const MARCH_OF_YEAR_0_TO_1970: i64 = 719_468;
    Some((days - MARCH_OF_YEAR_0_TO_1970) * 86_400_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&str, &str)], expected: Option<u64>) {
        let find = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        assert_eq!(retry_after_ms(find), expected, "{headers:?}");
    }

    const DATE: (&str, &str) = ("date", "Mon, 23 Nov 2026 18:00:00 GMT");

    #[test]
    fn case_62_a_wait_is_read_from_every_header_that_states_one() {
        check(&[("retry-after", "7")], Some(7_000));
        check(&[("retry-after", "0.25")], Some(250));
        check(&[("retry-after", "7"), ("retry-after-ms", "1234.5")], Some(1_235));
        check(&[("retry-after", "Mon, 23 Nov 2026 18:00:30 GMT"), DATE], Some(30_000));
        check(&[("retry-after", "Mon, 23 Nov 2026 17:00:30 GMT"), DATE], Some(0));
        check(&[("x-ratelimit-reset-requests", "1m30s"), ("x-ratelimit-remaining-requests", "0")], Some(90_000));
        check(&[("x-ratelimit-reset-tokens", "20ms")], Some(20));
        check(&[("x-ratelimit-reset", "1795456805"), DATE], Some(5_000));
        check(&[("x-ratelimit-reset", "1795456805500"), DATE], Some(5_500));
        check(&[("x-ratelimit-reset", "12")], Some(12_000));
        check(&[("anthropic-ratelimit-tokens-reset", "2026-11-23T18:00:09Z"), DATE], Some(9_000));
        check(&[("anthropic-ratelimit-tokens-reset", "2026-11-23T19:00:09.5+01:00"), DATE], Some(9_500));
    }

    #[test]
    fn case_62_the_limit_that_is_used_up_decides() {
        let resets = [("x-ratelimit-reset-requests", "1s"), ("x-ratelimit-reset-tokens", "6m0s"), ("x-ratelimit-remaining-requests", "59")];
        check(&resets, Some(1_000));
        check(&[&resets[..], &[("x-ratelimit-remaining-tokens", "0")]].concat(), Some(360_000));
    }

    #[test]
    fn what_cannot_be_read_tells_nothing() {
        check(&[], None);
        for wait in ["", "soon", "-1", "NaN", "inf", "1e300", "Mon, 23 Nov 2026 18:00:30 GMT", "Mon, 99 Nov 2026 18:00:30 GMT"] {
            check(&[("retry-after", wait)], None);
        }
        for reset in ["", "5x", "1m-2s", "2026-13-01T00:00:00Z", "2026-11-23", "T"] {
            check(&[("x-ratelimit-reset", reset), DATE], None);
        }
        check(&[("retry-after", "99999999")], Some(WAIT_MS_MAX));
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (date, ms) in
            [("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777_000), ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199_000)]
        {
            assert_eq!(http_date_ms(date), Some(ms), "{date}");
        }
    }
}
