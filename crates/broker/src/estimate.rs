//! What a call used, where its provider gave no figure: an aborted stream, a reset, a server that never tells.

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
