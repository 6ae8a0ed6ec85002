//! For pull requests and pages.

use super::{shown, tally};
use crate::audit::report::{Item, Report};

/// The report of `name`, at most `limit` findings a section.
#[must_use]
pub fn markdown(report: &Report, name: &str, limit: usize) -> String {
    let mut out = format!("# Audit of {}\n\n", plain(name));
    for fact in &report.facts {
        out.push_str(&format!("- {}\n", plain(&fact.says)));
    }
    for said in &report.cannot_tell {
        out.push_str(&format!("- not known: {}\n", plain(said)));
    }
    for part in &report.sections {
        out.push_str(&format!("\n## {}: {}\n\n", part.part.name(), part.question));
        for fact in &part.facts {
            out.push_str(&format!("- {}\n", plain(&fact.says)));
        }
        let (items, more) = shown(part, limit);
        if items.is_empty() {
            continue;
        }
        out.push_str(&format!("\n{}:\n\n| | where | what | why here | next |\n| --- | --- | --- | --- | --- |\n", tally(part)));
        items.iter().for_each(|item| row(&mut out, item));
        if more > 0 {
            out.push_str(&format!("\nand {more} more\n"));
        }
    }
    out
}

fn row(out: &mut String, item: &Item) {
    let finding = &item.finding;
    let cells = [finding.severity.name().to_owned(), format!("`{}`", finding.place), finding.message.clone(), item.touched.why(), finding.remedy.clone()];
    let cells: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
    out.push_str(&format!("| {} |\n", cells.join(" | ")));
}

/// On one line, with nothing that would end a cell or be taken for markup of a page.
fn plain(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
