//! The part in which the repository keeps its own context in order, with the binary that it builds.

use super::{Tally, server};
use crate::Outcome;
use std::path::Path;

/// Past fixes that `score` looks at; more say more, and take longer.
const CASES: &str = "40";

/// What must hold: each ends with 0.
const CHECKS: [&[&str]; 3] = [&["context", "check", "--severity", "warning"], &["context", "enforce"], &["context", "lock", "--check"]];

pub(super) fn context(root: &Path) -> Tally {
    let binary = match server::binary(root) {
        Ok(binary) => binary,
        Err(why) => return Tally::failure(why),
    };
    let mut tally = Tally::default();
    for arguments in CHECKS {
        let outcome = run(&binary, root, arguments, &[0]).map(drop);
        tally.check(&format!("jeton {}", arguments.join(" ")), outcome);
    }
    tally.check("jeton context score", score(&binary, root));
    tally
}

/// A short past decides nothing, but it has figures; a shallow clone has no past at all, and says so.
fn score(binary: &Path, root: &Path) -> Outcome {
    let printed = run(binary, root, &["context", "score", "--cases", CASES], &[0, UNDECIDED])?;
    if says_figures(&printed) { Ok(()) } else { Err("it prints no figures".into()) }
}

/// The exit code for "undecided".
const UNDECIDED: i32 = 4;

pub(super) fn run(binary: &Path, root: &Path, arguments: &[&str], allowed: &[i32]) -> Result<String, String> {
    let output = server::bare(binary, root).args(arguments).output().map_err(|e| e.to_string())?;
    let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("$ jeton {}\n{}", arguments.join(" "), printed.trim_end());
    match output.status.code() {
        Some(code) if allowed.contains(&code) => Ok(printed),
        _ => Err(format!("it ended with {}; see above", output.status)),
    }
}

/// Whether a table with the measure and the count of its cases is there, or the reason why there can be none.
fn says_figures(printed: &str) -> bool {
    if printed.contains("no fix of the past could be used as a case") {
        return true;
    }
    let has_measure = printed.lines().any(|line| line.starts_with("recall@10 ") && line.contains(" %"));
    has_measure && printed.contains(" cases from ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_from_talk() {
        let check = |printed: &str, expected: bool| assert_eq!(says_figures(printed), expected, "{printed}");
        check("recall@10  62.5 % [50.0, 75.0]\n\n2 cases from 74 commits\n", true);
        check("recall@10  –\n\n0 cases from 74 commits\n", false);
        check("Among 1 commit no fix of the past could be used as a case: undecided, too few.\n", true);
        check("", false);
    }
}
