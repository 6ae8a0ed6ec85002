//! What a call used, where its provider gave no figure: an aborted stream, a reset, a server that never tells.

use crate::bound::Bound;
use jeton_core::{Certainty, Usage};
use jeton_wire::Observed;

/// Bytes of text to a token, for estimates: 4 is OpenAI's published rule of thumb for English ("What are tokens and how
/// to count them?"). A figure made with it is always marked as estimated.
const BYTES_PER_TOKEN: u64 = 4;

/// Completes `reported` with estimates: the input from the request's text, the output from what was seen of the answer.
/// Returns the usage and how certain it is: reported where nothing was missing.
pub(crate) fn complete(reported: &Usage, ended_cleanly: bool, request_text_bytes: u64, seen: &Observed) -> (Usage, Certainty) {
    if reported.is_complete() && ended_cleanly {
        return (reported.clone(), Certainty::Reported);
    }
    let seen_bytes = seen.text_bytes + seen.reasoning_bytes + seen.tool_bytes;
    let counted = seen_bytes.div_ceil(BYTES_PER_TOKEN);
    let mut usage = reported.clone();
    usage.input = usage.input.or(Some(request_text_bytes.div_ceil(BYTES_PER_TOKEN)));
    // A stream cut short may have stated its output so far; what was seen since counts too.
    usage.output = Some(usage.output.unwrap_or(0).max(counted));
    (usage, Certainty::Estimated)
}

/// Output tokens that a model may have written each second while nobody saw any: a fast model's rate. An answer that is not
/// streamed, or was cut off before it showed, is billed by most providers as far as it was written.
const UNSEEN_TOKENS_PER_SECOND: u64 = 100;

/// What a try that showed nothing for `waited_us` may have written, within its bound. Always marked as estimated.
pub(crate) fn unseen_output(waited_us: u64, bound: &Bound) -> u64 {
    bound.output.min(waited_us.saturating_mul(UNSEEN_TOKENS_PER_SECOND) / 1_000_000)
}

/// Whether a request of this bound can have used so much. Server tools and long documents exceed a bound, a broken counter
/// exceeds everything: what is far beyond is not taken for a figure, or one of them would empty an account for good.
pub(crate) fn is_plausible(usage: &Usage, bound: &Bound) -> bool {
    const TIMES: u64 = 16;
    const SLACK_TOKENS: u64 = 2_000_000;
    let within = |tokens: u64, bound: u64| tokens <= bound.saturating_mul(TIMES).saturating_add(SLACK_TOKENS);
    within(usage.input_total().unwrap_or(0), bound.input) && within(usage.output.unwrap_or(0), bound.output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_68_exact_input_stays_and_output_is_counted_and_marked() {
        let reported = Usage { input: Some(1_000), output: Some(1), ..Usage::default() };
        let seen = Observed { text_bytes: 400, reasoning_bytes: 401, ..Observed::default() };
        let (usage, certainty) = complete(&reported, false, 99_999, &seen);
        assert_eq!((usage.input, usage.output, certainty), (Some(1_000), Some(201), Certainty::Estimated));
    }

    const BOUND: Bound = Bound { input: 100, output: 1_000, output_is_stated: true, output_cap_is_assumed: false, choices: 1 };

    #[test]
    fn unseen_output_grows_with_time_up_to_the_bound() {
        assert_eq!([0, 500_000, 3_000_000, u64::MAX].map(|us| unseen_output(us, &BOUND)), [0, 50, 300, 1_000]);
    }

    #[test]
    fn a_broken_counter_is_no_figure() {
        let usage = |input, output| Usage { input: Some(input), output: Some(output), ..Usage::default() };
        assert!(is_plausible(&usage(90_000, 5_000), &BOUND), "a server tool may bring more than the request holds");
        assert!(!is_plausible(&usage(u64::MAX, 0), &BOUND));
        assert!(!is_plausible(&usage(0, 1 << 40), &BOUND));
    }

    #[test]
    fn what_the_provider_states_at_the_end_is_taken_as_it_is() {
        let reported = Usage { input: Some(7), output: Some(3), ..Usage::default() };
        assert_eq!(complete(&reported, true, 0, &Observed::default()), (reported, Certainty::Reported));
    }

    #[test]
    fn a_server_that_tells_nothing_is_estimated_from_the_text() {
        let seen = Observed { text_bytes: 9, ..Observed::default() };
        let (usage, certainty) = complete(&Usage::default(), true, 40, &seen);
        assert_eq!((usage.input, usage.output, certainty), (Some(10), Some(3), Certainty::Estimated));
    }
}
