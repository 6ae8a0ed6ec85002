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

#[derive(Debug)]
struct Judged {
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
    pub(super) fn take(&mut self, plan: &Plan, injected: &[Injected], report: &Report) {
        self.calls += report.calls;
        self.passed += injected.len() - report.labels.len();
        for label in &report.labels {
            let Some(one) = injected.iter().find(|one| one.case.id == label.case) else { continue };
            let named: BTreeSet<Cause> = std::iter::once(label.cause).chain(label.also.iter().copied()).collect();
            let faults: Vec<String> = plan.faults.iter().map(|fault| format!("{fault:?}")).collect();
            self.judged.push(Judged {
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

    /// The tables for people.
    pub(super) fn told(&self) -> String {
        let mut out = String::from("# Causes against injected faults\n");
        for (group, title) in [
            (Group::Built, "Kinds that were used while the engine was built"),
            (Group::Kinds, "Kinds that were held out"),
            (Group::Combinations, "Combinations, all held out"),
        ] {
            let of: Vec<&Judged> = self.judged.iter().filter(|judged| judged.group == group).collect();
            if !of.is_empty() {
                matrix(&mut out, title, &of);
            }
        }
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

/// Truth against label with the counts of evidence levels, then the shares.
fn matrix(out: &mut String, title: &str, judged: &[&Judged]) {
    let mut cells: BTreeMap<(&str, &str, &str), (Hit, [usize; 4])> = BTreeMap::new();
    for one in judged {
        let cell = cells.entry((&one.faults, &one.truth, &one.label)).or_insert((one.hit, [0; 4]));
        cell.1[one.level as usize] += 1;
    }
    let _ = writeln!(out, "\n## {title}\n\n| injected | truth | label | n | L3 | L2 | L1 | L0 | |\n|---|---|---|--:|--:|--:|--:|--:|---|");
    for ((faults, truth, label), (hit, levels)) in &cells {
        let n: usize = levels.iter().sum();
        let [l0, l1, l2, l3] = levels;
        let word = match hit {
            Hit::Exact => "exact",
            Hit::Part => "part",
            Hit::Silent => "silent",
            Hit::False => "FALSE",
        };
        let _ = writeln!(out, "| {faults} | {truth} | {label} | {n} | {l3} | {l2} | {l1} | {l0} | {word} |");
    }
    let share = |hit: Hit| {
        let n = judged.iter().filter(|one| one.hit == hit).count();
        format!("{n} of {} ({:.1} %)", judged.len(), 100.0 * n as f64 / judged.len() as f64)
    };
    let _ = writeln!(out, "\nexact {}, in part {}, undetermined {}, false {}", share(Hit::Exact), share(Hit::Part), share(Hit::Silent), share(Hit::False));
}
