//! Failures that look alike: grouped by structure before anything is paid.

use super::Deficit;
use crate::{Row, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Failures of one structure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// What they have in common.
    pub signature: String,
    /// Places of the rows among those that were given.
    pub rows: Vec<usize>,
}

/// Groups failed rows by target, the graders that fail and where, the finish reason, the fault, and what the record shows to be wrong; the
/// largest group first.
#[must_use]
pub fn clusters(rows: &[(&Row, Vec<Deficit>)]) -> Vec<Cluster> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, (row, deficits)) in rows.iter().enumerate() {
        groups.entry(signature(row, deficits)).or_default().push(place);
    }
    let mut found: Vec<Cluster> = groups.into_iter().map(|(signature, rows)| Cluster { signature, rows }).collect();
    found.sort_by(|a, b| b.rows.len().cmp(&a.rows.len()).then(a.signature.cmp(&b.signature)));
    found
}

fn signature(row: &Row, deficits: &[Deficit]) -> String {
    let graders = row.grades.iter().filter(|grade| grade.verdict != Verdict::Pass);
    let graders: Vec<String> = graders.map(|grade| format!("{}{}", grade.grader, grade.at.as_ref().map_or(String::new(), |at| format!("@{at}")))).collect();
    let mut parts = vec![row.cell.target.clone()];
    parts.extend(row.fault.as_ref().map(|fault| format!("fault {}", fault.code)));
    parts.extend((!graders.is_empty()).then(|| format!("fails {}", graders.join(", "))));
    parts.extend(row.answer.as_ref().and_then(|answer| answer.finish.clone()).filter(|finish| finish != "stop").map(|finish| format!("ends with {finish}")));
    let mut wrong: Vec<String> = deficits
        .iter()
        .map(|deficit| match &deficit.about {
            Some(about) if deficit.cause.name().starts_with("context") => format!("{} {about}", deficit.cause),
            _ => deficit.cause.to_string(),
        })
        .collect();
    wrong.sort();
    wrong.dedup();
    parts.extend((!wrong.is_empty()).then(|| format!("shows {}", wrong.join(", "))));
    parts.join(" · ")
}
