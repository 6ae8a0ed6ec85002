//! The part in which the repository measures what its documentation answers, with the binary that it builds: an example, and a gate
//! against getting worse.
//!
//! `local/extract` and the order of the run are deterministic, so the same documentation and the same retrieval give the same figures: what
//! falls has fallen for a reason. The gate itself is tested as well: where nothing is retrieved it must say no.

use super::{Tally, server};
use crate::Outcome;
use serde_json::Value;
use std::path::Path;

/// The bar of `jeton eval gate`, above which the whole interval must be. That begins some five points below the rate, so a fall by two or three
/// points fails here too.
const AT_LEAST: &str = "0.35";

/// What `local/extract` answers with the pack, in percent, by tag, and by how many points it may fall. As in the head of
/// `evals/documentation.toml`; who makes it better writes the better figure in both places, who makes it worse says in the commit why that is
/// right.
const RECORDED: [Recorded; 2] = [Recorded { tag: None, percent: 41.6, margin: 2.0 }, Recorded { tag: Some("plain"), percent: 87.4, margin: 3.0 }];

struct Recorded {
    /// The cases; `None` for all.
    tag: Option<&'static str>,
    percent: f64,
    margin: f64,
}

pub(super) fn evals(root: &Path) -> Tally {
    let binary = match server::binary(root) {
        Ok(binary) => binary,
        Err(why) => return Tally::failure(why),
    };
    let mut tally = Tally::default();
    tally.check("jeton eval gate documentation", gate(&binary, root, "with-pack").and_then(|said| said.holds()));
    let without = gate(&binary, root, "without").and_then(|said| if said.holds().is_ok() { Err("it says yes without any context".into()) } else { Ok(()) });
    tally.check("the same gate, where nothing is retrieved", without);
    tally
}

/// What a gate has said.
struct Said {
    code: Option<i32>,
    totals: Value,
}

fn gate(binary: &Path, root: &Path, target: &str) -> Result<Said, String> {
    let arguments = ["eval", "gate", "documentation", "--target", target, "--at-least", AT_LEAST, "--whole", "--json"];
    let output = server::bare(binary, root).args(arguments).output().map_err(|e| e.to_string())?;
    println!("$ jeton {}\n{}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim_end());
    let said: Value = serde_json::from_slice(&output.stdout).map_err(|e| format!("it ended with {} and printed no JSON: {e}", output.status))?;
    println!("{}", said["gate"]);
    Ok(Said { code: output.status.code(), totals: said["totals"]["targets"][0].clone() })
}

impl Said {
    /// The gate says yes, and nothing has fallen.
    fn holds(&self) -> Outcome {
        let mut wrong: Vec<String> = RECORDED.iter().filter_map(|recorded| recorded.fallen(&self.totals)).collect();
        if self.code != Some(0) {
            wrong.push(format!("the gate at {AT_LEAST} ended with {}", self.code.map_or_else(|| "a signal".to_owned(), |code| code.to_string())));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }
}

impl Recorded {
    /// What to say where a target's figure is lower than was recorded, or not there.
    fn fallen(&self, totals: &Value) -> Option<String> {
        let (name, rate) = self.tag.map_or(("all cases", &totals["pass_rate"]), |tag| (tag, &totals["tags"][tag]));
        let Some(value) = rate["value"].as_f64() else { return Some(format!("{name}: there is no figure")) };
        let (percent, least) = (100.0 * value, self.percent - self.margin);
        println!("{name}: {percent:.1} % passed, {:.1} recorded, {least:.1} at least", self.percent);
        (percent < least).then(|| format!("{name}: {percent:.1} % passed, and {:.1} are recorded", self.percent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(code: i32, all: f64, plain: f64) -> Said {
        Said { code: Some(code), totals: json!({ "pass_rate": { "value": all }, "tags": { "plain": { "value": plain } } }) }
    }

    #[test]
    fn a_fall_by_a_few_points_fails() {
        assert!(said(0, 0.416, 0.874).holds().is_ok() && said(0, 0.46, 0.90).holds().is_ok());
        for fallen in [said(0, 0.39, 0.874), said(0, 0.416, 0.84), said(0, 0.055, 0.0), said(4, 0.416, 0.874), said(1, 0.416, 0.874)] {
            assert!(fallen.holds().is_err());
        }
        assert!(Said { code: Some(0), totals: Value::Null }.holds().is_err(), "no figure is no pass");
    }

    /// What is recorded here is what the suite says of itself.
    #[test]
    fn the_record_is_that_of_the_suite() {
        let suite = include_str!("../../../evals/documentation.toml");
        let line = suite.lines().find(|line| line.starts_with("#   with-pack ")).unwrap();
        let [all, plain] = RECORDED.map(|recorded| format!("{:.1} [", recorded.percent));
        assert!(line.contains(&format!("with-pack {all}")) && line.contains(&format!("plain {plain}")), "{line}");
    }
}
