//! The project of the demo, in a directory of its own.

use crate::failure::Failure;
use std::path::{Path, PathBuf};

/// Two twins, one of which always fails, and a slow one to be killed in the middle of.
const CONFIG: &str = r#"# The project of `jeton demo`: everything in it is simulated or local.
[providers.failing]
api = "twin"
models = ["cheap"]
twin = { seed = 1, faults = { server_error = 0.5, rate_limited = 0.25, reset_before = 0.25 } }

[providers.healthy]
api = "twin"
models = ["good"]
twin = { seed = 2, tokens_out = { least = 40, most = 80 } }

[providers.slow]
api = "twin"
models = ["tortoise"]
twin = { first_token = { kind = "fixed", ms = 100.0 }, per_token = { kind = "fixed", ms = 500.0 }, tokens_out = { least = 200, most = 200 } }

[routes.reliable]
try = ["failing/cheap", "healthy/good"]

[accounts.default]
budget = { usd = 1, window = "day" }

[classes."support.reply"]
value = { usd = 1.50 }
match = { tag = "support" }

[classes."docs.answer"]
limits = { cost_per_call = { usd = 0.01 } }
"#;

/// The project's directory. It is left behind, for whoever wants to look around.
pub(super) struct DemoProject(PathBuf);

impl DemoProject {
    pub(super) fn new() -> Result<Self, Failure> {
        let dir = std::env::temp_dir().join(format!("jeton-demo-{}", std::process::id()));
        let failed =
            |error: std::io::Error| Failure::dependency(format!("{} cannot be made: {error}", dir.display()), "set TMPDIR to a directory that can be written");
        std::fs::create_dir_all(&dir).map_err(failed)?;
        std::fs::write(dir.join("jeton.toml"), CONFIG).map_err(failed)?;
        Ok(Self(dir))
    }

    pub(super) fn dir(&self) -> &Path {
        &self.0
    }

    pub(super) fn ledger(&self) -> PathBuf {
        self.0.join(".jeton").join("ledger.db")
    }
}
