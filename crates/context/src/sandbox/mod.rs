//! Commands that a project names, run where they can read the project and change nothing: no network, no home, no environment.
//! Without a sandbox nothing is run.

mod program;
mod wait;

use std::path::{Path, PathBuf};

/// What a run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time by the clock, in milliseconds; at its end the command and all that it started are killed.
    pub wall_ms: u64,
    /// Bytes kept of each of the two outputs; what is printed beyond is read and thrown away.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { wall_ms: 10_000, output_bytes: 64 << 10 }
    }
}

/// What a command did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The code that it ended with; `None` where a signal or its time ended it.
    pub exit: Option<i32>,
    /// What it printed, as UTF-8 with U+FFFD for what is none.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
    /// Whether its time ran out.
    pub is_timed_out: bool,
}

/// Why nothing was run, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSandbox(pub String);

impl std::fmt::Display for NoSandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A place in which commands read the project's directory and write nothing that lasts.
#[derive(Clone, Debug)]
pub struct Sandbox {
    program: Program,
    root: PathBuf,
}

/// What confines a command.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Program {
    /// Linux: namespaces, by bubblewrap.
    Bubblewrap(PathBuf),
    /// macOS: the system's own profiles.
    Seatbelt(PathBuf),
}

impl Sandbox {
    /// The sandbox of this machine for the project at `root`. It is tried once, since a program that is installed may still be refused
    /// what it needs.
    ///
    /// # Errors
    /// Where there is none, or it does not work here.
    pub fn open(root: &Path) -> Result<Self, NoSandbox> {
        let root = root.canonicalize().map_err(|error| NoSandbox(format!("the project's directory cannot be opened: {error}")))?;
        let sandbox = Self { program: program::find()?, root };
        let tried = sandbox.run(&["true".to_owned()], "", &[], Limits { wall_ms: 10_000, output_bytes: 4096 })?;
        match tried.exit {
            Some(0) => Ok(sandbox),
            _ => Err(NoSandbox(format!("{} does not work here: {}", sandbox.program.name(), tried.stderr.lines().next().unwrap_or("it gives no reason")))),
        }
    }

    /// Runs `command` in the project's directory with `stdin` on its standard input and `files`, from the project's directory, at its end.
    ///
    /// # Errors
    /// Where the sandbox cannot be started. A command that is not there ends with 126 or 127, or with what the sandbox prints.
    pub fn run(&self, command: &[String], stdin: &str, files: &[&str], limits: Limits) -> Result<Ran, NoSandbox> {
        let arguments = match &self.program {
            Program::Bubblewrap(_) => program::bubblewrap(&self.root, command, files),
            Program::Seatbelt(_) => program::seatbelt(&self.root, command, files),
        };
        let mut confined = std::process::Command::new(self.program.path());
        confined.args(arguments).env_clear().current_dir(&self.root);
        for (name, value) in program::ENVIRONMENT {
            confined.env(name, value);
        }
        wait::run(confined, stdin, limits).map_err(|error| NoSandbox(format!("{} cannot be started: {error}", self.program.name())))
    }
}

impl Program {
    fn path(&self) -> &Path {
        match self {
            Self::Bubblewrap(path) | Self::Seatbelt(path) => path,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Bubblewrap(_) => "bwrap",
            Self::Seatbelt(_) => "sandbox-exec",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sandbox over a directory of its own. Where this machine has none the tests that need it have nothing to look at; CI must have one.
    fn sandbox(name: &str) -> Option<(PathBuf, Sandbox)> {
        let root = std::env::temp_dir().join(format!("jeton-sandbox-{name}-{}", std::process::id()));
        std::fs::create_dir_all(root.join(".jeton")).unwrap();
        std::fs::write(root.join("policy.txt"), "30 days\n").unwrap();
        std::fs::write(root.join(".jeton/ledger.db"), "private").unwrap();
        match Sandbox::open(&root) {
            Ok(sandbox) => Some((root, sandbox)),
            Err(why) => {
                assert!(std::env::var_os("CI").is_none(), "CI needs a sandbox: {why}");
                std::fs::remove_dir_all(&root).unwrap();
                None
            }
        }
    }

    fn shell(script: &str) -> Vec<String> {
        ["sh", "-c", script, "sh"].map(str::to_owned).to_vec()
    }

    #[test]
    fn reads_the_project_and_nothing_else() {
        let Some((root, sandbox)) = sandbox("reads") else { return };
        std::fs::write(std::env::temp_dir().join("jeton-sandbox-outside"), "outside").unwrap();
        let check = |script: &str, exit: i32, stdout: &str| {
            let ran = sandbox.run(&shell(script), "said\n", &["policy.txt"], Limits::default()).unwrap();
            assert_eq!((ran.exit, ran.stdout.as_str()), (Some(exit), stdout), "{script}: {}", ran.stderr);
        };
        check("cat \"$1\"; cat", 0, "30 days\nsaid\n");
        check("exit 3", 3, "");
        check("echo x > policy.txt", 2, "");
        check("cat .jeton/ledger.db 2>/dev/null", 1, "");
        check(&format!("cat {}/jeton-sandbox-outside 2>/dev/null", std::env::temp_dir().display()), 1, "");
        check("echo x > \"$HOME/x\" && cat \"$HOME/x\"", 0, "x\n");
        check("echo \"$CARGO_MANIFEST_DIR\"", 0, "\n");
        assert_eq!(std::fs::read_to_string(root.join("policy.txt")).unwrap(), "30 days\n");
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn time_and_output_have_an_end() {
        let Some((root, sandbox)) = sandbox("ends") else { return };
        let endless = sandbox.run(&shell("while :; do :; done"), "", &[], Limits { wall_ms: 200, output_bytes: 100 }).unwrap();
        assert_eq!((endless.exit, endless.is_timed_out), (None, true));
        let background = sandbox.run(&shell("(while :; do :; done) & echo started"), "", &[], Limits { wall_ms: 2_000, output_bytes: 100 }).unwrap();
        assert_eq!(background.stdout, "started\n");
        let flood = sandbox.run(&shell("head -c 1000000 /dev/zero | tr '\\0' x"), "", &[], Limits { wall_ms: 10_000, output_bytes: 100 }).unwrap();
        assert_eq!((flood.exit, flood.stdout.len()), (Some(0), 100));
        // What is never read by the command does not hold it up.
        let unread = sandbox.run(&shell("exit 0"), &"x".repeat(1 << 20), &[], Limits::default()).unwrap();
        assert_eq!(unread.exit, Some(0));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
