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
        Self::with("engineer", &[("jeton.toml", CONFIG)])
    }

    /// One with these files, for the story of this name.
    pub(super) fn with(story: &str, files: &[(&str, &str)]) -> Result<Self, Failure> {
        let project = Self(std::env::temp_dir().join(format!("jeton-demo-{story}-{}", std::process::id())));
        for (path, text) in files {
            project.write(path, text)?;
        }
        Ok(project)
    }

    /// Writes a file of the project.
    pub(super) fn write(&self, path: &str, text: &str) -> Result<(), Failure> {
        let path = self.0.join(path);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, text));
        made.map_err(|error| Failure::dependency(format!("{} cannot be made: {error}", path.display()), "set TMPDIR to a directory that can be written"))
    }

    pub(super) fn dir(&self) -> &Path {
        &self.0
    }

    pub(super) fn ledger(&self) -> PathBuf {
        self.0.join(".jeton").join("ledger.db")
    }
}
