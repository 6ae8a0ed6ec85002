//! Money as integers. Arithmetic is exact until one rounding, half to even, per charge.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An amount of money in nano-dollars (10⁻⁹ USD). Range ±9.2 billion USD; may be negative where a balance is in debt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nanousd(pub i64);

impl Nanousd {
    /// No money at all.
    pub const ZERO: Self = Self(0);
    /// The largest amount that can be written down.
    pub const MAX: Self = Self(i64::MAX);

    /// The sum, held at the ends of the range instead of wrapping.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, held at the ends of the range instead of wrapping.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Reads a decimal number of dollars such as `1.50`, exactly.
    ///
    /// # Errors
    /// Says why where the text is no decimal number, has more than nine decimals or is out of range.
    pub fn parse_usd(text: &str) -> Result<Self, String> {
        let units = parse_decimal(text, 9)?;
        i64::try_from(units).map(Self).map_err(|_| format!("`{text}` is more than 9.2 billion dollars"))
    }

    /// The amount in dollars, for charts and statistics. Not for accounting: a float cannot hold every amount.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn as_usd_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl fmt::Display for Nanousd {
    /// Dollars with at least two decimals and no trailing zeros beyond, e.g. `$0.00125`, `-$3.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let fraction = format!("{:09}", magnitude % 1_000_000_000);
        let kept = fraction.trim_end_matches('0').len().max(2);
        let sign = if self.0 < 0 { "-" } else { "" };
        f.pad(&format!("{sign}${}.{}", magnitude / 1_000_000_000, &fraction[..kept]))
    }
}

/// The price of one token in femto-dollars (10⁻¹⁵ USD): `1` USD per million tokens is `1_000_000_000`.
/// Holds every price with up to nine decimals per million tokens exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(pub u64);

impl Rate {
    /// Free of charge, and known to be.
    pub const FREE: Self = Self(0);

    /// Reads a decimal number of dollars per million tokens such as `0.025`, exactly.
    ///
    /// # Errors
    /// Says why where the text is no decimal number, is negative, has more than nine decimals or is out of range.
    pub fn parse_usd_per_million(text: &str) -> Result<Self, String> {
        let units = parse_decimal(text, 9)?;
        u64::try_from(units).map(Self).map_err(|_| format!("`{text}` is not a price per million tokens: it must be between 0 and 18 billion"))
    }

    /// This rate times `numerator / denominator`, rounded up, so that a bound stays a bound.
    ///
    /// # Panics
    /// Where `denominator` is zero.
    #[must_use]
    pub fn scaled(self, numerator: u64, denominator: u64) -> Self {
        let exact = u128::from(self.0) * u128::from(numerator);
        Self(u64::try_from(exact.div_ceil(u128::from(denominator))).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Rate {
    /// Dollars per million tokens, without a sign, e.g. `0.25`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:09}", self.0 % 1_000_000_000);
        let kept = fraction.trim_end_matches('0').len().max(2);
        f.pad(&format!("{}.{}", self.0 / 1_000_000_000, &fraction[..kept]))
    }
}

/// A sum of money not rounded so far, in femto-dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact(u128);

impl Exact {
    /// Adds `tokens` at `rate`.
    pub fn add_tokens(&mut self, tokens: u64, rate: Rate) {
        self.0 = self.0.saturating_add(u128::from(tokens) * u128::from(rate.0));
    }

    /// Adds `count` uses at a fee each. A negative fee counts as none.
    pub fn add_uses(&mut self, count: u64, fee: Nanousd) {
        let fee = u128::from(u64::try_from(fee.0).unwrap_or(0));
        self.0 = self.0.saturating_add(u128::from(count) * fee * FEMTO_PER_NANO);
    }

    /// The one rounding of a charge: to the nearest nano-dollar, half to even.
    #[must_use]
    pub fn round_half_even(self) -> Nanousd {
        let whole = self.0 / FEMTO_PER_NANO;
        let rest = self.0 % FEMTO_PER_NANO;
        let up = rest > FEMTO_PER_NANO / 2 || (rest == FEMTO_PER_NANO / 2 && whole % 2 == 1);
        clamp(whole + u128::from(up))
    }

    /// Rounded up: for holds, which must not fall short.
    #[must_use]
    pub fn round_up(self) -> Nanousd {
        clamp(self.0.div_ceil(FEMTO_PER_NANO))
    }
}

const FEMTO_PER_NANO: u128 = 1_000_000;

fn clamp(nano: u128) -> Nanousd {
    Nanousd(i64::try_from(nano).unwrap_or(i64::MAX))
}

/// Reads a decimal number (digits, one point, an optional sign and an exponent as JSON writes it) as an integer
/// count of 10^-`scale`.
fn parse_decimal(text: &str, scale: i32) -> Result<i128, String> {
    let wrong = || format!("`{text}` is not a decimal number");
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i32>().map_err(|_| wrong())?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + fraction.len() == 0 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let fraction = fraction.trim_end_matches('0');
    let decimals = i32::try_from(fraction.len()).map_err(|_| wrong())?;
    let shift = exponent.checked_add(scale - decimals).ok_or_else(wrong)?;
    let mut value: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        value = value.checked_mul(10).and_then(|v| v.checked_add(i128::from(digit - b'0'))).ok_or_else(wrong)?;
    }
    if value != 0 {
        if shift < 0 {
            return Err(format!("`{text}` has more than {scale} decimals"));
        }
        let power = 10_i128.checked_pow(shift.unsigned_abs()).ok_or_else(wrong)?;
        value = value.checked_mul(power).ok_or_else(wrong)?;
    }
    Ok(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dollars_are_read_and_written_exactly() {
        for (text, nano, shown) in [
            ("1", 1_000_000_000, "$1.00"),
            ("0.000000001", 1, "$0.000000001"),
            ("-3.5", -3_500_000_000, "-$3.50"),
            ("1e-5", 10_000, "$0.00001"),
            ("2.50e1", 25_000_000_000, "$25.00"),
            ("0", 0, "$0.00"),
        ] {
            let money = Nanousd::parse_usd(text).unwrap();
            assert_eq!(money, Nanousd(nano), "{text}");
            assert_eq!(money.to_string(), shown);
        }
        for text in ["", ".", "1,5", "0.0000000001", "1e40", "--1", "9300000000", "NaN", "1e", "1e2147483647", "0.1e-2147483648"] {
            assert!(Nanousd::parse_usd(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_rate_is_femtodollars_per_token() {
        assert_eq!(Rate::parse_usd_per_million("0.025").unwrap(), Rate(25_000_000));
        assert_eq!(Rate(25_000_000).to_string(), "0.025");
        assert!(Rate::parse_usd_per_million("-1").is_err());
        assert_eq!(Rate(3).scaled(1, 2), Rate(2));
    }

    #[test]
    fn half_rounds_to_even() {
        for (femto, nano) in [(500_000, 0), (1_500_000, 2), (2_500_000, 2), (500_001, 1), (499_999, 0)] {
            let mut sum = Exact::default();
            sum.add_tokens(1, Rate(femto));
            assert_eq!(sum.round_half_even(), Nanousd(nano), "{femto}");
        }
    }

    proptest! {
        #[test]
        fn every_amount_reads_back(nano in any::<i64>()) {
            let shown = Nanousd(nano).to_string().replace('$', "");
            prop_assert_eq!(Nanousd::parse_usd(&shown).unwrap(), Nanousd(nano));
        }

        #[test]
        fn splitting_usage_into_k_parts_changes_the_total_by_at_most_k_units(
            rate in 0_u64..1_000_000_000_000, parts in prop::collection::vec(0_u64..100_000_000, 1..20)
        ) {
            let mut whole = Exact::default();
            let mut in_parts = Nanousd::ZERO;
            for &tokens in &parts {
                whole.add_tokens(tokens, Rate(rate));
                let mut part = Exact::default();
                part.add_tokens(tokens, Rate(rate));
                in_parts = in_parts.saturating_add(part.round_half_even());
            }
            let difference = (whole.round_half_even().0 - in_parts.0).unsigned_abs();
            prop_assert!(difference <= parts.len() as u64);
        }
    }
}
