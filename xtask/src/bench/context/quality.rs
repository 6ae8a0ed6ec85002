//! How well the past fixes of known repositories are found, by `jeton context score`.

use jeton_context::score::{Estimate, estimate};
use jeton_core::SeededRandom;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The repositories of the table with the commits at which they are measured.
const REPOSITORIES: [(&str, &str); 6] = [
    ("astral-sh/uv", "26a9dd4b2125bc271b47855e1fa0c49af3365db5"),
    ("tokio-rs/axum", "3d78036dcac289d6c1d54934708acb6a5bd73686"),
    ("nextest-rs/nextest", "b2a481b1ab77c9615742e5afbb8d831e3e1f6b0b"),
    ("psf/requests", "1f6589ec3a1ee910f9a65cc3ceac60b26677bc0e"),
    ("expressjs/express", "a3714473feb3d2908add734d340e7755fd85e0a3"),
    ("spf13/cobra", "adbc8813901bba65827259daa8e22ff94ec1f30e"),
];

/// How many repositories the table wants.
pub(super) const REPOSITORIES_MIN: usize = REPOSITORIES.len();

/// The measures of the table: how the program names them in a case, and how the table does.
pub(super) const MEASURES: [(&str, &str); 4] =
    [("recall_5", "recall@5"), ("recall_10", "recall@10"), ("reciprocal_rank", "MRR"), ("hunks_in_budget", "hunks in 8,192 tokens")];

/// The ways in the order of the program's figures.
pub(super) const WAYS: [&str; 3] = ["BM25 over files", "BM25 over chunks", "jeton"];
/// Among [`WAYS`].
pub(super) const JETON: usize = 2;

/// A repository, measured.
pub(super) struct Repository {
    pub(super) name: String,
    pub(super) commit: String,
    /// Whether the table names this very commit; none: it does not name the repository.
    pub(super) is_pinned: Option<bool>,
    pub(super) files: u64,
    /// By case, way and measure.
    pub(super) cases: Vec<[[f64; 4]; 3]>,
}

pub(super) fn measure(jeton: &Path, name: &str, path: &Path, cases: u32) -> Result<Repository, String> {
    eprintln!("{name}: scoring");
    let commit = head(path)?;
    let mut command = Command::new(jeton);
    command.args(["context", "score", "--json", "--cases", &cases.to_string(), "--project"]).arg(path);
    let out = command.output().map_err(|e| format!("cannot run {}: {e}", jeton.display()))?;
    let data: Value = serde_json::from_slice(&out.stdout).map_err(|e| format!("{name}: no figures ({e}): {}", String::from_utf8_lossy(&out.stderr)))?;
    let pinned = REPOSITORIES.iter().find(|(known, _)| *known == name);
    let cases = read_cases(&data).ok_or_else(|| format!("{name}: the figures of a case are not as expected"))?;
    Ok(Repository { name: name.to_owned(), is_pinned: pinned.map(|(_, wanted)| *wanted == commit), commit, files: data["files"].as_u64().unwrap_or(0), cases })
}

fn read_cases(data: &Value) -> Option<Vec<[[f64; 4]; 3]>> {
    let Some(scored) = data["scored"].as_array() else { return (data["cases"] == 0).then(Vec::new) };
    let mut found = Vec::with_capacity(scored.len());
    for case in scored {
        let mut values = [[0.0; 4]; 3];
        for (way, row) in values.iter_mut().enumerate() {
            for (value, (name, _)) in row.iter_mut().zip(MEASURES) {
                *value = case["measures"][way][name].as_f64()?;
            }
        }
        found.push(values);
    }
    Some(found)
}

fn head(path: &Path) -> Result<String, String> {
    let out = Command::new("git").arg("-C").arg(path).args(["rev-parse", "HEAD"]).output().map_err(|e| format!("cannot run git: {e}"))?;
    let said = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    if out.status.success() { Ok(said) } else { Err(format!("{} is no repository with a commit: {}", path.display(), String::from_utf8_lossy(&out.stderr))) }
}

impl Repository {
    pub(super) fn estimate(&self, way: usize, measure: usize) -> Option<Estimate> {
        estimate(&self.values(way, measure))
    }

    /// How much better Jeton is than `way` on the same cases.
    pub(super) fn difference(&self, way: usize, measure: usize) -> Option<Estimate> {
        estimate(&self.differences(way, measure))
    }

    pub(super) fn values(&self, way: usize, measure: usize) -> Vec<f64> {
        self.cases.iter().map(|case| case[way][measure]).collect()
    }

    pub(super) fn differences(&self, way: usize, measure: usize) -> Vec<f64> {
        self.cases.iter().map(|case| case[JETON][measure] - case[way][measure]).collect()
    }
}

/// The mean over groups of the means of each, every group weighing the same, with its 95 % interval: cases are drawn anew within their group.
/// Groups without cases do not count; `None` where there is no other.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(super) fn mean_of_means(groups: &[Vec<f64>]) -> Option<Estimate> {
    const RESAMPLES: usize = 2_000;
    let groups: Vec<&Vec<f64>> = groups.iter().filter(|group| !group.is_empty()).collect();
    if groups.is_empty() {
        return None;
    }
    let over = |mean: &mut dyn FnMut(&[f64]) -> f64| groups.iter().map(|group| mean(group)).sum::<f64>() / groups.len() as f64;
    let mut random = SeededRandom::new(6);
    let mut drawn = |group: &[f64]| (0..group.len()).map(|_| group[random.below(group.len() as u64) as usize]).sum::<f64>() / group.len() as f64;
    let mut means: Vec<f64> = (0..RESAMPLES).map(|_| over(&mut drawn)).collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[((RESAMPLES - 1) as f64 * share).round() as usize];
    let mean = over(&mut |group| group.iter().sum::<f64>() / group.len() as f64);
    Some(Estimate { mean, low: at(0.025), high: at(0.975), cases: groups.iter().map(|group| group.len()).sum() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    #[allow(clippy::float_cmp)] // sums of halves, equal to the bit
    fn every_repository_weighs_the_same() {
        let found = mean_of_means(&[vec![1.0; 90], vec![0.0; 10], Vec::new()]).unwrap();
        assert_eq!((found.mean, found.low, found.high, found.cases), (0.5, 0.5, 0.5, 100));
        let wide = mean_of_means(&[vec![0.0, 1.0, 0.0, 1.0]]).unwrap();
        assert!(wide.low < 0.5 && wide.high > 0.5);
        assert_eq!(mean_of_means(&[Vec::new()]), None);
    }

    #[test]
    fn the_programs_figures_are_read() {
        let one = json!({ "recall_5": 0.5, "recall_10": 1.0, "reciprocal_rank": 0.25, "files_in_budget": 0.0, "hunks_in_budget": 0.75 });
        let found = read_cases(&json!({ "scored": [{ "measures": [one, one, one] }] })).unwrap();
        assert_eq!(found, [[[0.5, 1.0, 0.25, 0.75]; 3]]);
        assert_eq!(read_cases(&json!({ "scored": [{ "measures": [] }] })), None);
        assert_eq!(read_cases(&json!({ "cases": 0 })), Some(Vec::new()));
    }
}
