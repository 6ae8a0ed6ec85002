//! The figures of the repositories as a table, as JSON, and against the bars.

use super::quality::{JETON, MEASURES, REPOSITORIES_MIN, Repository, WAYS, mean_of_means};
use jeton_context::score::Estimate;
use serde_json::{Value, json};
use std::fmt::Write;

/// What the mean over the repositories has to be at least, in percent, by place in [`MEASURES`].
const BARS: [(usize, f64); 3] = [(1, 88.0), (2, 75.0), (3, 72.0)];

/// The whole report in words, in Markdown.
pub(super) fn table(found: &[Repository]) -> String {
    let mut text = format!("\n## Past fixes found\n\n| repository | cases | files | way | {} |\n|---|--:|--:|---|", MEASURES.map(|(_, name)| name).join(" | "));
    text.push_str(&"--:|".repeat(MEASURES.len()));
    text.push('\n');
    for repository in found {
        let name = format!("{} `{}`{}", repository.name, repository.commit.get(..8).unwrap_or_default(), mark(repository.is_pinned));
        let head = format!("| {name} | {} | {} |", repository.cases.len(), repository.files);
        rows(&mut text, &head, &|way, measure| repository.estimate(way, measure), &|way, measure| repository.difference(way, measure));
    }
    let cases: usize = found.iter().map(|repository| repository.cases.len()).sum();
    rows(&mut text, &format!("| **mean of {}** | {cases} | |", found.len()), &|way, measure| mean(found, way, measure), &|way, measure| {
        difference(found, way, measure)
    });
    text.push_str("\nPercent with 95 % intervals; differences are paired, in points. The mean weighs each repository the same.\n\n");
    for (name, holds, shown) in bars(found) {
        let _ = writeln!(text, "- {}: {name}: {shown}", if holds { "met" } else { "MISSED" });
    }
    if found.len() < REPOSITORIES_MIN {
        let _ = writeln!(text, "- undecided: the bars are for {REPOSITORIES_MIN} repositories, and {} were given", found.len());
    }
    text
}

const fn mark(is_pinned: Option<bool>) -> &'static str {
    match is_pinned {
        Some(true) => "",
        Some(false) => " (other commit)",
        None => " (not of the six)",
    }
}

type Figure<'a> = &'a dyn Fn(usize, usize) -> Option<Estimate>;

/// One line for each way, and one for Jeton's difference to each other.
fn rows(text: &mut String, head: &str, value: Figure<'_>, difference: Figure<'_>) {
    let mut line = |head: &str, way: &str, cells: [String; 4]| {
        let _ = writeln!(text, "{head} {way} | {} |", cells.join(" | "));
    };
    for (way, name) in WAYS.iter().enumerate() {
        line(if way == 0 { head } else { "| | | |" }, name, [0, 1, 2, 3].map(|measure| percent(value(way, measure))));
    }
    for (way, name) in WAYS.iter().enumerate().take(JETON) {
        line("| | | |", &format!("jeton − {name}"), [0, 1, 2, 3].map(|measure| points(difference(way, measure))));
    }
}

fn mean(found: &[Repository], way: usize, measure: usize) -> Option<Estimate> {
    mean_of_means(&found.iter().map(|repository| repository.values(way, measure)).collect::<Vec<_>>())
}

fn difference(found: &[Repository], way: usize, measure: usize) -> Option<Estimate> {
    mean_of_means(&found.iter().map(|repository| repository.differences(way, measure)).collect::<Vec<_>>())
}

fn percent(estimate: Option<Estimate>) -> String {
    estimate.map_or_else(|| "unknown".to_owned(), |e| format!("{:.1} [{:.1}, {:.1}]", 100.0 * e.mean, 100.0 * e.low, 100.0 * e.high))
}

fn points(estimate: Option<Estimate>) -> String {
    estimate.map_or_else(|| "unknown".to_owned(), |e| format!("{:+.1} [{:+.1}, {:+.1}]", 100.0 * e.mean, 100.0 * e.low, 100.0 * e.high))
}

/// Each bar with whether it is met and what was measured.
fn bars(found: &[Repository]) -> Vec<(String, bool, String)> {
    let mut bars = Vec::new();
    for (measure, at_least) in BARS {
        let name = MEASURES[measure].1;
        let value = mean(found, JETON, measure);
        bars.push((format!("{name} at least {at_least} %"), value.is_some_and(|e| 100.0 * e.mean >= at_least), percent(value)));
        for (way, other) in WAYS.iter().enumerate().take(JETON) {
            let value = difference(found, way, measure);
            bars.push((format!("{name} above {other}, lower bound above zero"), value.is_some_and(|e| e.low > 0.0), points(value)));
        }
    }
    bars
}

/// The figures, without the cases.
pub(super) fn json(found: &[Repository]) -> Value {
    let figures = |value: Figure<'_>, difference: Figure<'_>| -> Value {
        let measures = MEASURES.iter().enumerate().map(|(measure, (_, name))| {
            let data = json!({
                "files": value(0, measure), "chunks": value(1, measure), "jeton": value(JETON, measure),
                "against_files": difference(0, measure), "against_chunks": difference(1, measure),
            });
            ((*name).to_owned(), data)
        });
        Value::Object(measures.collect())
    };
    let repositories: Vec<Value> = found
        .iter()
        .map(|one| {
            let measures = figures(&|way, measure| one.estimate(way, measure), &|way, measure| one.difference(way, measure));
            json!({ "name": one.name, "commit": one.commit, "is_pinned": one.is_pinned, "files": one.files, "cases": one.cases.len(), "measures": measures })
        })
        .collect();
    let mean = figures(&|way, measure| mean(found, way, measure), &|way, measure| difference(found, way, measure));
    let bars: Vec<Value> = bars(found).into_iter().map(|(name, holds, shown)| json!({ "name": name, "holds": holds, "measured": shown })).collect();
    json!({ "repositories": repositories, "mean": mean, "bars": bars })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(jeton: f64) -> Repository {
        Repository {
            name: "a/b".to_owned(),
            commit: "0123456789".to_owned(),
            is_pinned: Some(false),
            files: 7,
            cases: vec![[[0.5; 4], [0.25; 4], [jeton; 4]]; 3],
        }
    }

    #[test]
    fn bars_are_met_or_missed() {
        let text = table(&[repository(0.9)]);
        assert!(text.contains("| a/b `01234567` (other commit) | 3 | 7 | BM25 over files | 50.0 [50.0, 50.0] |"), "{text}");
        assert!(text.contains("- met: recall@10 at least 88 %: 90.0") && text.contains("- undecided: the bars are for 6"), "{text}");
        let text = table(&[repository(0.5)]);
        assert!(
            text.contains("- MISSED: MRR at least 75 %: 50.0") && text.contains("- MISSED: MRR above BM25 over files, lower bound above zero: +0.0"),
            "{text}"
        );
    }
}
