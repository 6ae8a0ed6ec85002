//! Truth against label.

use super::fault::{Group, Injected, Plan};
use jeton_eval::causes::{Cause, Level, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// How a label relates to the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hit {
    /// All causes are named, and no other.
    Exact,
    /// Some of the causes are named, and no other.
    Part,
    /// It says that it does not know.
    Silent,
    /// A cause is named that is none.
    False,
}

/// The groups, and what they are called.
const GROUPS: [(Group, &str); 4] = [
    (Group::Built, "Kinds that were used while the engine was built"),
    (Group::Seen, "Combinations that were used while the engine was built"),
    (Group::Kinds, "Kinds that were held out"),
    (Group::Combinations, "Combinations that were held out"),
];

#[derive(Debug)]
struct Judged {
    seed: u64,
    group: Group,
    faults: String,
    truth: String,
    label: String,
    level: Level,
    hit: Hit,
}

/// What came of all plans.
#[derive(Debug, Default)]
pub(super) struct Tally {
    judged: Vec<Judged>,
    passed: usize,
    calls: u64,
}

impl Tally {
    pub(super) fn take(&mut self, seed: u64, plan: &Plan, injected: &[Injected], report: &Report) {
        self.calls += report.calls;
        self.passed += injected.len() - report.labels.len();
        for label in &report.labels {
            let Some(one) = injected.iter().find(|one| one.case.id == label.case) else { continue };
            let named: BTreeSet<Cause> = std::iter::once(label.cause).chain(label.also.iter().copied()).collect();
            let faults: Vec<String> = plan.faults.iter().map(|fault| format!("{fault:?}")).collect();
            self.judged.push(Judged {
                seed,
                group: one.group,
                faults: faults.join(" + "),
                truth: words(&one.truth),
                label: words(&named),
                level: label.level,
                hit: hit(&one.truth, &named),
            });
        }
    }

    /// Cells that failed.
    #[cfg(test)]
    pub(super) fn failures(&self) -> usize {
        self.judged.len()
    }

    /// Failures of which all causes are named, and no other.
    #[cfg(test)]
    pub(super) fn exact(&self) -> usize {
        self.judged.iter().filter(|judged| judged.hit == Hit::Exact).count()
    }

    /// Failures for which something is named that is no cause.
    #[cfg(test)]
    pub(super) fn false_labels(&self) -> usize {
        self.judged.iter().filter(|judged| judged.hit == Hit::False).count()
    }

    /// The tables for people.
    pub(super) fn told(&self) -> String {
        let mut out = String::from("# Causes against injected faults\n");
        for (group, title) in GROUPS {
            let of: Vec<&Judged> = self.judged.iter().filter(|judged| judged.group == group).collect();
            if !of.is_empty() {
                let _ = writeln!(out, "\n## {title}");
                confusion(&mut out, &of);
                levels(&mut out, &of);
            }
        }
        totals(&mut out, &self.judged);
        let _ = writeln!(out, "\n{} failures, {} cells passed in spite of their fault, {} calls for experiments", self.judged.len(), self.passed, self.calls);
        out
    }
}

fn hit(truth: &BTreeSet<Cause>, named: &BTreeSet<Cause>) -> Hit {
    if named == truth {
        Hit::Exact
    } else if named.contains(&Cause::Undetermined) {
        Hit::Silent
    } else if named.is_subset(truth) {
        Hit::Part
    } else {
        Hit::False
    }
}

fn words(causes: &BTreeSet<Cause>) -> String {
    causes.iter().map(|cause| cause.name()).collect::<Vec<_>>().join(" + ")
}

/// The confusion matrix: a row for each injected fault with its truth, a column for each label that was given, the right one in bold.
fn confusion(out: &mut String, judged: &[&Judged]) {
    let labels: BTreeSet<&str> = judged.iter().map(|one| one.label.as_str()).collect();
    let mut rows: BTreeMap<(&str, &str), BTreeMap<&str, usize>> = BTreeMap::new();
    for one in judged {
        *rows.entry((&one.faults, &one.truth)).or_default().entry(&one.label).or_default() += 1;
    }
    let names: Vec<&str> = labels.iter().copied().collect();
    let _ = writeln!(out, "\n| injected | truth \\ label | {} | all |\n|---|---|{}--:|", names.join(" | "), "--:|".repeat(names.len()));
    for ((faults, truth), counts) in &rows {
        let cell = |label: &&str| match counts.get(label) {
            None => "·".to_owned(),
            Some(n) if label == truth => format!("**{n}**"),
            Some(n) => n.to_string(),
        };
        let cells: Vec<String> = labels.iter().map(cell).collect();
        let _ = writeln!(out, "| {faults} | {truth} | {} | {} |", cells.join(" | "), counts.values().sum::<usize>());
    }
}

/// On which evidence each label was given, and what it is worth.
fn levels(out: &mut String, judged: &[&Judged]) {
    let mut cells: BTreeMap<(&str, &str, &str), (Hit, [usize; 4])> = BTreeMap::new();
    for one in judged {
        let cell = cells.entry((&one.faults, &one.truth, &one.label)).or_insert((one.hit, [0; 4]));
        cell.1[one.level as usize] += 1;
    }
    let _ = writeln!(out, "\n| injected | truth | label | n | L3 | L2 | L1 | L0 | |\n|---|---|---|--:|--:|--:|--:|--:|---|");
    for ((faults, truth, label), (hit, levels)) in &cells {
        let n: usize = levels.iter().sum();
        let [l0, l1, l2, l3] = levels;
        let word = match hit {
            Hit::Exact => "exact",
            Hit::Part => "in part",
            Hit::Silent => "undetermined",
            Hit::False => "FALSE",
        };
        let _ = writeln!(out, "| {faults} | {truth} | {label} | {n} | {l3} | {l2} | {l1} | {l0} | {word} |");
    }
}

/// Each group over all seeds: how many labels are exact, in part, undetermined and false, and between which bounds the exact ones of a seed are.
fn totals(out: &mut String, judged: &[Judged]) {
    let _ = writeln!(
        out,
        "\n## Totals\n\n| group | failures | exact | in part | undetermined | false | exact, worst to best seed |\n|---|--:|--:|--:|--:|--:|--:|"
    );
    for (group, title) in GROUPS {
        let of: Vec<&Judged> = judged.iter().filter(|one| one.group == group).collect();
        if of.is_empty() {
            continue;
        }
        let share = |hit: Hit| {
            let n = of.iter().filter(|one| one.hit == hit).count();
            format!("{n} ({:.1} %)", 100.0 * n as f64 / of.len() as f64)
        };
        let (hits, seeds) = ([Hit::Exact, Hit::Part, Hit::Silent, Hit::False].map(share).join(" | "), by_seed(&of));
        let (least, most) = (seeds.iter().copied().fold(f64::INFINITY, f64::min), seeds.iter().copied().fold(0.0, f64::max));
        let _ = writeln!(out, "| {title} | {} | {hits} | {least:.1}–{most:.1} % |", of.len());
    }
}

/// The share of exact labels of each seed, in percent.
fn by_seed(judged: &[&Judged]) -> Vec<f64> {
    let mut seeds: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
    for one in judged {
        let (exact, all) = seeds.entry(one.seed).or_default();
        (*exact, *all) = (*exact + usize::from(one.hit == Hit::Exact), *all + 1);
    }
    seeds.values().map(|(exact, all)| 100.0 * *exact as f64 / *all as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confusion_matrix_has_a_row_for_each_fault_and_a_column_for_each_label() {
        let one = |faults: &str, truth: &str, label: &str| Judged {
            seed: 1,
            group: Group::Kinds,
            faults: faults.to_owned(),
            truth: truth.to_owned(),
            label: label.to_owned(),
            level: Level::L3,
            hit: if truth == label { Hit::Exact } else { Hit::False },
        };
        let judged = [one("Fenced", "format", "format"), one("Fenced", "format", "format"), one("Fenced", "format", "limit"), one("CutFar", "limit", "limit")];
        let mut out = String::new();
        confusion(&mut out, &judged.iter().collect::<Vec<_>>());
        let expected = "\n| injected | truth \\ label | format | limit | all |\n|---|---|--:|--:|--:|\n\
                        | CutFar | limit | · | **1** | 1 |\n| Fenced | format | **2** | 1 | 3 |\n";
        assert_eq!(out, expected);
        // Held-out kinds stand under a title of their own.
        let told = Tally { judged: judged.into(), ..Tally::default() }.told();
        assert!(told.contains("## Kinds that were held out\n\n| injected | truth") && !told.contains("## Combinations"), "{told}");
    }
}
