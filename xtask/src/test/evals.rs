//! The part in which the repository measures what its documentation answers, with the binary that it builds: an example, and a gate
//! against getting worse.

use super::context::run;
use super::{Tally, server};
use std::path::Path;

/// The least share of the questions over the documentation that `local/extract` answers with the pack. Measured: see the suite's head.
const AT_LEAST: &str = "0.3";

pub(super) fn evals(root: &Path) -> Tally {
    let binary = match server::binary(root) {
        Ok(binary) => binary,
        Err(why) => return Tally::failure(why),
    };
    let mut tally = Tally::default();
    let gate = ["eval", "gate", "documentation", "--target", "with-pack", "--at-least", AT_LEAST];
    tally.check("jeton eval gate documentation", run(&binary, root, &gate, &[0]).map(drop));
    tally
}
