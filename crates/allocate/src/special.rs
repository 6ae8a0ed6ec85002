//! Distribution functions and their inverses, total for every argument: what has no value gives NaN, nothing panics.
//!
//! The gamma and error functions are `statrs`'s. The regularised beta function is evaluated here, since that of `statrs` stops after 140 terms,
//! which is too few for counts above about ten thousand.

use statrs::function::{erf, gamma};
use std::f64::consts::SQRT_2;

/// The logarithm of the beta function, for positive arguments.
pub(crate) fn ln_beta(a: f64, b: f64) -> f64 {
    gamma::ln_gamma(a) + gamma::ln_gamma(b) - gamma::ln_gamma(a + b)
}

/// The logarithm of n over k; negative infinity where k is not in 0..=n.
pub(crate) fn ln_choose(n: u64, k: u64) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    let (n, k) = (n as f64, k as f64);
    gamma::ln_gamma(n + 1.0) - gamma::ln_gamma(k + 1.0) - gamma::ln_gamma(n - k + 1.0)
}

/// P(Z ≤ x) for a standard normal Z.
pub(crate) fn normal_cdf(x: f64) -> f64 {
    0.5 * erf::erfc(-x / SQRT_2)
}

/// The x with P(Z ≤ x) = p.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    if p.is_nan() { p } else { -SQRT_2 * erf::erfc_inv(2.0 * p) }
}

/// P(X ≤ x) for X ~ Beta(a, b): the continued fraction of the Digital Library of Mathematical Functions 8.17.22, by the modified method of
/// Lentz (Thompson and Barnett 1986).
pub(crate) fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x.is_nan() || !(a > 0.0 && b > 0.0) {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let ln_front = a * x.ln() + b * (-x).ln_1p() - ln_beta(a, b);
    // The fraction converges fast below the mean; above it the other tail is evaluated.
    if x < (a + 1.0) / (a + b + 2.0) {
        (ln_front.exp() * fraction(x, a, b) / a).min(1.0)
    } else {
        (1.0 - ln_front.exp() * fraction(1.0 - x, b, a) / b).max(0.0)
    }
}

/// ln P(X ≤ x) for X ~ Beta(a, b), exact far into the tail too.
pub(crate) fn ln_beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if x < (a + 1.0) / (a + b + 2.0) { a * x.ln() + b * (-x).ln_1p() - ln_beta(a, b) + (fraction(x, a, b) / a).ln() } else { beta_cdf(x, a, b).ln() }
}

/// Terms of the fraction at most. It needs about the root of the larger parameter, so this is enough for a hundred million cases.
const TERMS_MAX: u32 = 20_000;

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    let away = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let (mut c, mut d) = (1.0, 1.0 / away(1.0 - (a + b) * x / (a + 1.0)));
    let mut value = d;
    for m in 1..=TERMS_MAX {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        let step = d * c;
        value *= step;
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

/// The x with P(X ≤ x) = p for X ~ Beta(a, b).
pub(crate) fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    if p.is_nan() || !(a > 0.0 && b > 0.0) {
        return f64::NAN;
    }
    if p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    root(0.0, 1.0, |x| p - beta_cdf(x, a, b))
}

/// The x with P(T ≤ x) = p for Student's T with `freedom` degrees: T² / (freedom + T²) ~ Beta(½, freedom/2).
pub(crate) fn t_quantile(p: f64, freedom: f64) -> f64 {
    if p < 0.5 {
        return -t_quantile(1.0 - p, freedom);
    }
    if freedom > 1e7 {
        return normal_quantile(p);
    }
    let rest = beta_quantile(2.0 * (1.0 - p), freedom / 2.0, 0.5);
    (freedom * (1.0 - rest) / rest).sqrt()
}

/// P(T > x) for Student's T, x ≥ 0.
pub(crate) fn t_upper(x: f64, freedom: f64) -> f64 {
    0.5 * beta_cdf(freedom / (freedom + x * x), freedom / 2.0, 0.5)
}

/// P(X ≤ k) for X ~ Binomial(n, p).
pub(crate) fn binomial_cdf(k: u64, n: u64, p: f64) -> f64 {
    if k >= n { 1.0 } else { beta_cdf(1.0 - p, (n - k) as f64, k as f64 + 1.0) }
}

/// Where a falling function crosses zero between two ends, by bisection down to neighbouring numbers; an end where it does not.
pub(crate) fn root(mut low: f64, mut high: f64, falling: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..200 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if falling(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    low + (high - low) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(got: f64, expected: f64) {
        assert!((got - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{got} is not {expected}");
    }

    /// Abramowitz and Stegun 1972, tables 26.1 and 26.10, and closed forms: Beta(1, b) and Beta(a, 1) are powers, t with one degree a tangent.
    #[test]
    fn values_of_tables_and_closed_forms() {
        check(normal_quantile(0.975), 1.959_963_984_540_054);
        check(normal_cdf(1.0), 0.841_344_746_068_543);
        check(t_quantile(0.975, 1.0), (0.475 * std::f64::consts::PI).tan());
        check(t_quantile(0.975, 2.0), 4.302_652_729_749_464);
        check(t_quantile(0.025, 10.0), -2.228_138_851_986_273_5);
        check(t_quantile(0.5, 3.0), 0.0);
        check(t_upper(t_quantile(0.9, 7.0), 7.0), 0.1);
        check(beta_cdf(0.3, 1.0, 5.0), 1.0 - 0.7_f64.powi(5));
        check(beta_quantile(0.025, 20.0, 1.0), 0.025_f64.powf(0.05));
        check(binomial_cdf(1, 8, 0.5), 9.0 / 256.0);
        check(ln_choose(52, 5).exp(), 2_598_960.0);
        check(ln_beta_cdf(0.001, 500.0, 1.0), 500.0 * 0.001_f64.ln());
    }

    #[test]
    fn large_parameters_converge() {
        // A Beta(a, a) is symmetric, and nearly normal with variance 1/(4(2a+1)).
        let a = 1e6;
        assert!((beta_cdf(0.5, a, a) - 0.5).abs() < 1e-7);
        let x = 0.5 + 1.0 / (2.0 * (2.0 * a + 1.0).sqrt());
        assert!((beta_cdf(x, a, a) - normal_cdf(1.0)).abs() < 1e-6);
    }

    #[test]
    fn what_has_no_value_is_nan_and_never_a_panic() {
        assert!(beta_cdf(f64::NAN, 1.0, 1.0).is_nan() && beta_cdf(0.5, 0.0, 1.0).is_nan() && beta_quantile(0.5, -1.0, 1.0).is_nan());
        assert!(normal_quantile(f64::NAN).is_nan() && t_quantile(f64::NAN, 3.0).is_nan());
        assert!(ln_choose(3, 4).is_infinite());
    }
}
