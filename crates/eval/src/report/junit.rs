//! JUnit XML: a suite for each target, a test case for each cell, as CI systems read it.

use crate::run::RunHead;
use crate::{Outcome, Row, Verdict};
use std::fmt::Write;

/// The rows of a run as JUnit XML. Failures of quality are `failure`, missing answers `error`, missing verdicts `skipped`: no dashboard shows
/// an outage as a wrong answer. Times are seconds of the answer.
#[must_use]
pub fn junit(head: &RunHead, rows: &[Row]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let count = |rows: &[&Row], outcome: Outcome| rows.iter().filter(|row| row.outcome == outcome).count();
    let all: Vec<&Row> = rows.iter().collect();
    let counts = |rows: &[&Row]| {
        let (failed, errors, skipped) = (count(rows, Outcome::Failed), count(rows, Outcome::Error), count(rows, Outcome::Unscored));
        format!("tests=\"{}\" failures=\"{failed}\" errors=\"{errors}\" skipped=\"{skipped}\"", rows.len())
    };
    let _ = writeln!(out, "<testsuites name=\"{}\" {}>", escaped(&head.suite), counts(&all));
    for target in &head.targets {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.cell.target == target.name).collect();
        let name = format!("{} / {}", head.suite, target.name);
        let _ = writeln!(out, "  <testsuite name=\"{}\" {} timestamp=\"{}\">", escaped(&name), counts(&rows), head.started.rfc3339());
        rows.iter().for_each(|row| case(&mut out, &name, row));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(out: &mut String, suite: &str, row: &Row) {
    let name = if row.cell.repeat > 0 { format!("{} #{}", row.cell.case, row.cell.repeat + 1) } else { row.cell.case.clone() };
    let seconds = row.answer.as_ref().map_or(0.0, |answer| answer.latency_us as f64 / 1e6);
    let _ = write!(out, "    <testcase classname=\"{}\" name=\"{}\" time=\"{seconds:.3}\"", escaped(suite), escaped(&name));
    match row.outcome {
        Outcome::Passed => out.push_str("/>\n"),
        Outcome::Failed => child(out, "failure", "assertion", &unmet(row, Verdict::Fail)),
        Outcome::Unscored => child(out, "skipped", "unscored", &unmet(row, Verdict::Unscored)),
        Outcome::Error => {
            let told = row.fault.as_ref().map_or(String::new(), |fault| format!("{}: {}", fault.code, fault.message));
            child(out, "error", "no answer", &told);
        }
    }
}

fn unmet(row: &Row, verdict: Verdict) -> String {
    let told = row.grades.iter().filter(|grade| grade.verdict == verdict).map(|grade| format!("{}: {}", grade.grader, grade.why));
    told.collect::<Vec<_>>().join("\n")
}

fn child(out: &mut String, element: &str, kind: &str, told: &str) {
    let first = told.lines().next().unwrap_or_default();
    let _ = writeln!(out, ">\n      <{element} type=\"{kind}\" message=\"{}\">{}</{element}>\n    </testcase>", escaped(first), escaped(told));
}

/// Text as XML takes it; what XML cannot hold at all is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c < ' ' || ('\u{FFFE}'..='\u{FFFF}').contains(&c) => {}
            c => out.push(c),
        }
    }
    out
}
