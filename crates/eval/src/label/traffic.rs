//! Whether the live calls of a class are still what they were when people gave their labels: how far a judge agrees with people depends on
//! what is asked, so labels from before a change say nothing of answers after it.

use crate::live::failures as risen;
use jeton_allocate::Level;
use jeton_allocate::bootstrap::quantile;
use jeton_core::Timestamp;
use jeton_ledger::{CallFilter, CallRow, LedgerError, Records};
use std::collections::HashSet;

/// Calls that later ones are compared with, as in the drift of live results.
const BASELINE_CALLS: usize = 200;
/// Calls between false alarms, on average or more.
const RUN_LENGTH: f64 = 10_000.0;
/// Calls that are read at a time, and at most so often.
const PAGE: usize = 10_000;
const PAGES_MAX: usize = 3;
/// What is watched: how long inputs are, and who calls.
const SERIES: f64 = 2.0;

/// A change of a class's traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// When it was seen.
    pub at: Timestamp,
    /// What is not as it was, for people.
    pub what: String,
}

/// The last change of the live calls of a class, by the newest of them; none where there is no sign of one, or too few calls to tell.
///
/// # Errors
/// Where the store fails.
pub fn last_change(store: &dyn Records, class: &str, level: Level) -> Result<Option<Changed>, LedgerError> {
    let mut calls = Vec::new();
    let mut filter = CallFilter { class: Some(class.to_owned()), limit: PAGE, ..CallFilter::default() };
    for _ in 0..PAGES_MAX {
        let page = store.calls(&filter)?;
        let is_last = page.len() < PAGE;
        filter.before = page.last().map(|call| call.id);
        calls.extend(page.into_iter().filter(|call| !call.tags.iter().any(|tag| tag.starts_with("suite:"))));
        if is_last {
            break;
        }
    }
    calls.reverse();
    Ok(in_calls(&calls, level))
}

/// The last change in calls, the oldest first. Of each conversation its first call counts, for its later ones are longer by themselves.
///
/// Every call is of a kind: how long its input is (below the first tenth of the first 200, up to their median, up to their ninth tenth, above
/// it), and whose key it has. A change is that a kind makes up more of the calls than it did at first, by the detectors that watch kinds of
/// failure ([`crate::live::drift`]): about one false alarm in 10,000 calls or fewer. After it a new baseline begins.
fn in_calls(calls: &[CallRow], level: Level) -> Option<Changed> {
    let mut conversations = HashSet::new();
    let first: Vec<&CallRow> = calls.iter().filter(|call| call.outcome.as_ref().is_none_or(|outcome| conversations.insert(outcome.clone()))).collect();
    let lengths: Vec<(&CallRow, u64)> = first.iter().filter_map(|call| Some((*call, call.usage.input_total()?))).collect();
    let edges = edges(lengths.iter().take(BASELINE_CALLS).map(|(_, tokens)| *tokens).collect());
    let by_length: Vec<(&CallRow, String)> = lengths.iter().map(|(call, tokens)| (*call, bucket(&edges, *tokens))).collect();
    let by_key: Vec<(&CallRow, String)> =
        first.iter().map(|call| (*call, call.key.as_ref().map_or("calls without a key".to_owned(), |key| format!("calls of the key `{key}`")))).collect();
    [risen_last(&by_length, level), risen_last(&by_key, level)].into_iter().flatten().max_by_key(|change| change.at)
}

fn risen_last(calls: &[(&CallRow, String)], level: Level) -> Option<Changed> {
    let ids: Vec<String> = calls.iter().map(|(call, _)| call.id.to_string()).collect();
    let kinds: Vec<(&str, Option<&str>)> = ids.iter().zip(calls).map(|(id, (_, kind))| (id.as_str(), Some(kind.as_str()))).collect();
    let (id, kind, then, now) = risen(&kinds, BASELINE_CALLS, RUN_LENGTH * SERIES, level).pop()?;
    let place = ids.iter().position(|one| one == id)?;
    let what = format!("{kind} make up {:.0} % of late, and {:.0} % before", 100.0 * now, 100.0 * then);
    Some(Changed { at: calls[place].0.started, what })
}

/// The first tenth, the median and the ninth tenth.
fn edges(tokens: Vec<u64>) -> Vec<u64> {
    #[allow(clippy::cast_precision_loss)] // Inputs have far fewer tokens than 2^52.
    let mut sorted: Vec<f64> = tokens.into_iter().map(|tokens| tokens as f64).collect();
    sorted.sort_by(f64::total_cmp);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A quantile of counts is one.
    let mut edges: Vec<u64> = [0.1, 0.5, 0.9].iter().filter_map(|share| quantile(&sorted, *share)).map(|edge| edge.round() as u64).collect();
    edges.dedup();
    edges
}

fn bucket(edges: &[u64], tokens: u64) -> String {
    match edges.iter().position(|edge| tokens <= *edge) {
        Some(0) => format!("inputs of up to {} tokens", edges[0]),
        Some(place) => format!("inputs of {} to {} tokens", edges[place - 1] + 1, edges[place]),
        None => format!("inputs of more than {} tokens", edges.last().copied().unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jeton_core::{CallId, Certainty, Cost, Nanousd, SeededRandom, Usage};
    use jeton_ledger::CallStatus;

    /// A call of so many tokens, of a conversation of its own where none is given.
    fn call(nth: i64, tokens: u64, key: &str, outcome: Option<&str>) -> CallRow {
        let started = Timestamp(1_795_428_000_000 + 1_000 * nth);
        CallRow {
            id: CallId::first_at(started),
            started,
            accounts: vec!["acme".to_owned()],
            key: Some(key.to_owned()),
            class: "support".to_owned(),
            outcome: outcome.map(str::to_owned),
            tags: Vec::new(),
            endpoint: "chat".to_owned(),
            model_asked: "acme/fast".to_owned(),
            model: Some("acme/fast".to_owned()),
            status: CallStatus::Ok,
            http_status: 200,
            stream: false,
            usage: Usage { input: Some(tokens), ..Usage::default() },
            usage_certainty: Certainty::Reported,
            cost: Cost::Known(Nanousd::ZERO),
            charged: Nanousd::ZERO,
            simulated: false,
            tries: 1,
            fault: None,
            first_content_us: None,
            total_us: 1,
            own_us: 1,
        }
    }

    fn calls(n: i64, seed: u64, of: impl Fn(i64, &mut SeededRandom) -> (u64, &'static str)) -> Vec<CallRow> {
        let mut random = SeededRandom::new(seed);
        (0..n)
            .map(|nth| {
                let (tokens, key) = of(nth, &mut random);
                call(nth, tokens, key, None)
            })
            .collect()
    }

    #[test]
    fn traffic_that_stays_as_it_is_raises_nothing() {
        for seed in 0..20 {
            let steady = calls(2_000, seed, |_, random| (100 + random.below(400), if random.below(4) == 0 { "web" } else { "desk" }));
            assert_eq!(in_calls(&steady, Level::P95), None, "seed {seed}");
        }
        assert_eq!(in_calls(&calls(150, 1, |_, _| (100, "desk")), Level::P95), None, "too few to tell");
        assert_eq!(in_calls(&[], Level::P95), None);
    }

    #[test]
    fn longer_inputs_and_other_callers_are_changes_and_say_when() {
        let change_at = |found: &Changed| (found.at.0 - 1_795_428_000_000) / 1_000;
        let longer = in_calls(&calls(1_000, 3, |nth, random| (if nth < 600 { 100 } else { 900 } + random.below(100), "desk")), Level::P95).unwrap();
        assert!((600..680).contains(&change_at(&longer)) && longer.what.contains("inputs of more than"), "{longer:?}");
        let other = in_calls(&calls(1_000, 4, |nth, random| (100 + random.below(100), if nth < 700 { "desk" } else { "web" })), Level::P95).unwrap();
        assert!((700..760).contains(&change_at(&other)) && other.what.starts_with("calls of the key `web` make up"), "{other:?}");
        // A change back is a change too: what was labelled between the two is no more like what comes.
        let back = in_calls(&calls(1_500, 5, |nth, _| (if (500..1_000).contains(&nth) { 900 } else { 100 }, "desk")), Level::P95).unwrap();
        assert!((1_000..1_060).contains(&change_at(&back)), "{back:?}");
    }

    #[test]
    fn conversations_that_grow_are_no_change() {
        let grown: Vec<CallRow> = (0..1_200).map(|nth| call(nth, 100 + 50 * (nth.cast_unsigned() % 6), "desk", Some(&format!("talk-{}", nth / 6)))).collect();
        let longer_talks: Vec<CallRow> =
            grown.iter().cloned().chain((0..400).map(|nth| call(1_200 + nth, 100 + 50 * nth.cast_unsigned(), "desk", Some("talk-last")))).collect();
        assert_eq!(in_calls(&longer_talks, Level::P95), None);
    }
}
