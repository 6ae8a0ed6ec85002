//! JUnit XML: a suite for each target, a test case for each cell, as CI systems read it.

use super::{asked, said};
use crate::gate::GateReport;
use crate::run::RunHead;
use crate::{Outcome, Row, Verdict};
use jeton_allocate::verdict::Decision;
use std::fmt::Write;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The rows of a run as JUnit XML. Failures of quality are `failure`, missing answers `error`, missing verdicts `skipped`: no dashboard shows
/// an outage as a wrong answer. Times are seconds of the answer. A gate's answer is a suite of its own behind them.
#[must_use]
pub fn junit(head: &RunHead, rows: &[Row], gate: Option<&GateReport>) -> String {
    let mut out = String::from(HEAD);
    let all: Vec<&Row> = rows.iter().collect();
    let _ = writeln!(out, "<testsuites name=\"{}\" {}>", escaped(&head.suite), counts(&all, gate));
    for target in &head.targets {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.cell.target == target.name).collect();
        let name = format!("{} / {}", head.suite, target.name);
        let _ = writeln!(out, "  <testsuite name=\"{}\" {} timestamp=\"{}\">", escaped(&name), counts(&rows, None), head.started.rfc3339());
        rows.iter().for_each(|row| case(&mut out, &name, row));
        out.push_str("  </testsuite>\n");
    }
    gate.into_iter().for_each(|gate| answer(&mut out, &head.suite, gate));
    out.push_str("</testsuites>\n");
    out
}

/// A gate's answer alone, where no case had to be run for it.
#[must_use]
pub fn junit_of_gate(suite: &str, gate: &GateReport) -> String {
    let mut out = String::from(HEAD);
    let _ = writeln!(out, "<testsuites name=\"{}\" {}>", escaped(suite), counts(&[], Some(gate)));
    answer(&mut out, suite, gate);
    out.push_str("</testsuites>\n");
    out
}

/// Test cases by what became of them: rows, and a gate's answer.
fn counts(rows: &[&Row], gate: Option<&GateReport>) -> String {
    let count = |outcome: Outcome, of_gate: fn(Decision) -> bool| {
        rows.iter().filter(|row| row.outcome == outcome).count() + usize::from(gate.is_some_and(|gate| of_gate(gate.decision)))
    };
    let failed = count(Outcome::Failed, |decision| decision == Decision::Fail);
    let errors = count(Outcome::Error, |decision| decision == Decision::Invalid);
    let skipped = count(Outcome::Unscored, |decision| matches!(decision, Decision::Undecided { .. }));
    format!("tests=\"{}\" failures=\"{failed}\" errors=\"{errors}\" skipped=\"{skipped}\"", rows.len() + usize::from(gate.is_some()))
}

fn answer(out: &mut String, suite: &str, gate: &GateReport) {
    let (name, told) = (format!("{suite} / gate"), format!("{}: {}", asked(&gate.question), said(gate.decision)));
    let _ = writeln!(out, "  <testsuite name=\"{}\" {}>", escaped(&name), counts(&[], Some(gate)));
    let _ = write!(out, "    <testcase classname=\"{}\" name=\"{}\"", escaped(&name), escaped(&asked(&gate.question)));
    match gate.decision {
        Decision::Pass => out.push_str("/>\n"),
        Decision::Fail => child(out, "failure", "no", &told),
        Decision::Undecided { .. } => child(out, "skipped", "undecided", &told),
        Decision::Invalid => child(out, "error", "invalid", &told),
    }
    out.push_str("  </testsuite>\n");
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
