//! How figures are written for people: short, aligned, with the exact value as the title. Unknown is a dash that says so.

use super::html::{Html, html};
use jeton_core::{Nanousd, Timestamp};
use jiff::tz::TimeZone;

/// What stands for a figure that nobody knows; `why` is its title.
pub(crate) fn unknown(why: &str) -> Html {
    html!("<span class=\"unknown\" title=\"{}\"><span aria-hidden=\"true\">–</span><span class=\"sr\">unknown</span></span>", why)
}

/// A count with separators: `12,480`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A large count in three digits: `840`, `12.5k`, `1.20M`.
pub(crate) fn short_count(number: u64) -> String {
    #[allow(clippy::cast_precision_loss)]
    let value = number as f64;
    for (size, unit) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] {
        if value >= size * 0.9995 {
            return format!("{}{unit}", three_digits(value / size));
        }
    }
    number.to_string()
}

fn three_digits(value: f64) -> String {
    if value >= 99.95 {
        format!("{value:.0}")
    } else if value >= 9.995 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// Money for reading at a glance: cents from a dollar up, else two digits that count.
pub(crate) fn short_money(amount: Nanousd) -> String {
    let sign = if amount.0 < 0 { "-" } else { "" };
    let usd = amount.as_usd_f64().abs();
    if amount.0 == 0 {
        return "$0.00".into();
    }
    if usd >= 9_999.5 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        return format!("{sign}${}", count(usd.round() as u64));
    }
    if usd >= 0.995 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let cents = (usd * 100.0).round() as u64;
        return format!("{sign}${}.{:02}", count(cents / 100), cents % 100);
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let decimals = (1.0 - usd.log10().floor()).clamp(2.0, 9.0) as usize;
    format!("{sign}${usd:.decimals$}")
}

/// Money with its exact amount as the title.
pub(crate) fn money(amount: Nanousd) -> Html {
    html!("<span title=\"{}\">{}</span>", amount.to_string(), short_money(amount))
}

/// A duration in three digits: `840 µs`, `412 ms`, `1.24 s`, `2 m 04 s`.
pub(crate) fn duration_us(us: u64) -> String {
    #[allow(clippy::cast_precision_loss)]
    let value = us as f64;
    if us < 1_000 {
        format!("{us} µs")
    } else if value < 999_500.0 {
        format!("{} ms", if us < 9_995 { format!("{:.1}", value / 1e3) } else { format!("{:.0}", value / 1e3) })
    } else if value < 99_950_000.0 {
        format!("{} s", three_digits(value / 1e6))
    } else {
        span_ms(us / 1_000)
    }
}

/// A long span in its two largest units: `3 d 4 h`, `2 m 04 s`.
pub(crate) fn span_ms(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {:02} m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// Bytes in three digits: `2.1 KiB`.
pub(crate) fn bytes(number: u64) -> String {
    #[allow(clippy::cast_precision_loss)]
    let value = number as f64;
    for (size, unit) in [(1_073_741_824.0, "GiB"), (1_048_576.0, "MiB"), (1_024.0, "KiB")] {
        if value >= size {
            return format!("{} {unit}", three_digits(value / size));
        }
    }
    format!("{number} B")
}

/// A moment in `zone` by a strftime format; the RFC 3339 form where the zone cannot show it.
pub(crate) fn moment(at: Timestamp, zone: &TimeZone, format: &str) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(timestamp) => timestamp.to_zoned(zone.clone()).strftime(format).to_string(),
        Err(_) => at.rfc3339(),
    }
}

/// A moment as a `time` element with the full form as the title.
pub(crate) fn time(at: Timestamp, zone: &TimeZone, format: &str) -> Html {
    let full = moment(at, zone, "%Y-%m-%d %H:%M:%S %Z");
    html!("<time datetime=\"{}\" title=\"{}\">{}</time>", at.rfc3339(), full, moment(at, zone, format))
}

/// Where the share `part` of `whole` lies with 95 % confidence, after E. B. Wilson, "Probable inference, the law of
/// succession, and statistical inference" (1927). Good for small n and for shares near 0 and 1.
pub(crate) fn wilson(part: u64, whole: u64) -> Option<(f64, f64)> {
    if whole == 0 {
        return None;
    }
    const Z: f64 = 1.959_964;
    #[allow(clippy::cast_precision_loss)]
    let (n, p) = (whole as f64, part.min(whole) as f64 / whole as f64);
    let centre = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    Some(((centre - half).max(0.0), (centre + half).min(1.0)))
}

/// `3.1 %`, `0.04 %`, `100 %`, never broken over two lines.
pub(crate) fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value >= 9.95 || value <= 0.0 {
        format!("{value:.0}\u{a0}%")
    } else if value >= 0.095 {
        format!("{value:.1}\u{a0}%")
    } else {
        format!("{value:.2}\u{a0}%")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_shows_the_digits_that_count() {
        for (usd, shown) in [
            ("0", "$0.00"),
            ("0.0000125", "$0.000013"),
            ("0.048", "$0.048"),
            ("0.5", "$0.50"),
            ("0.999", "$1.00"),
            ("12.485", "$12.49"),
            ("1234.5", "$1,234.50"),
            ("12345.6", "$12,346"),
            ("-3", "-$3.00"),
        ] {
            assert_eq!(short_money(Nanousd::parse_usd(usd).unwrap()), shown, "{usd}");
        }
    }

    #[test]
    fn counts_and_durations_keep_three_digits() {
        for (number, shown) in [(7, "7"), (999, "999"), (1_000, "1.00k"), (12_480, "12.5k"), (999_600, "1.00M"), (1_500_000_000, "1.50G")] {
            assert_eq!(short_count(number), shown);
        }
        assert_eq!(count(1_234_567), "1,234,567");
        for (us, shown) in [(840, "840 µs"), (1_234, "1.2 ms"), (412_300, "412 ms"), (999_600, "1.00 s"), (1_240_000, "1.24 s"), (124_000_000, "2 m 04 s")] {
            assert_eq!(duration_us(us), shown);
        }
        assert_eq!(bytes(2_150), "2.10 KiB");
        assert_eq!(span_ms(273_600_000), "3 d 4 h");
    }

    #[test]
    fn the_interval_of_a_share_holds_it_and_is_wide_where_n_is_small() {
        let (low, high) = wilson(0, 10).unwrap();
        assert!(low.abs() < 1e-9 && (0.27..0.29).contains(&high), "{low} {high}");
        let (low, high) = wilson(20, 1_000).unwrap();
        assert!((0.012..0.02).contains(&low) && (0.02..0.032).contains(&high), "{low} {high}");
        assert_eq!(wilson(0, 0), None);
        assert_eq!(percent(0.031), "3.1\u{a0}%");
    }
}
