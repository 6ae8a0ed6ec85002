//! A real server for the suites of real clients: the binary, started in a project of its own and stopped by its id.

use super::{rust, scratch};
use crate::Outcome;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// How long the server may take to say where it listens, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// The binary, and the directory of a project.
pub(super) struct Project {
    binary: PathBuf,
    directory: PathBuf,
}

pub(super) struct Server {
    child: Child,
    lines: Receiver<String>,
    log: Vec<String>,
    /// `http://127.0.0.1:PORT`.
    pub(super) url: String,
}

/// Builds the binary as the tests do, so that nothing is compiled twice, and says where it is.
pub(super) fn binary(root: &Path) -> Result<PathBuf, String> {
    Ok(built(root, ["--bin", "jeton"])?.join(format!("jeton{}", std::env::consts::EXE_SUFFIX)))
}

/// The console over invented data: the example `page`.
pub(super) fn page(root: &Path) -> Result<PathBuf, String> {
    Ok(built(root, ["--example", "page"])?.join("examples").join(format!("page{}", std::env::consts::EXE_SUFFIX)))
}

/// Builds one program of the workspace and gives the directory of what is built.
fn built(root: &Path, what: [&str; 2]) -> Result<PathBuf, String> {
    let built = rust::cargo(root).args(["build", "--quiet", "--workspace"]).args(what).status().map_err(|e| format!("cargo build: {e}"))?;
    if !built.success() {
        return Err(format!("{} does not build", what[1]));
    }
    Ok(std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from).join("debug"))
}

impl Project {
    /// A new project with `config` as its `jeton.toml`.
    pub(super) fn new(root: &Path, name: &str, config: &str) -> Result<Self, String> {
        let project = Self { binary: binary(root)?, directory: scratch(root, name)? };
        std::fs::write(project.directory.join("jeton.toml"), config).map_err(|e| format!("jeton.toml: {e}"))?;
        Ok(project)
    }

    /// Puts the files of `from` into the project's `context/`. Nothing where there is no such directory.
    pub(super) fn with_context(self, from: &Path) -> Result<Self, String> {
        let Ok(entries) = std::fs::read_dir(from) else { return Ok(self) };
        let folder = self.directory.join("context");
        std::fs::create_dir_all(&folder).map_err(|e| format!("context: {e}"))?;
        for entry in entries.flatten() {
            std::fs::copy(entry.path(), folder.join(entry.file_name())).map_err(|e| format!("{}: {e}", entry.path().display()))?;
        }
        Ok(self)
    }

    /// Runs a command in the project and gives what it prints.
    pub(super) fn command(&self, arguments: &[&str]) -> Result<String, String> {
        let output = bare(&self.binary, &self.directory).args(arguments).output().map_err(|e| format!("jeton {}: {e}", arguments.join(" ")))?;
        if !output.status.success() {
            return Err(format!("jeton {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Makes a key and gives its secret.
    pub(super) fn key(&self, arguments: &[&str]) -> Result<String, String> {
        let mut all = vec!["key"];
        all.extend(arguments);
        all.push("--json");
        let printed = self.command(&all)?;
        let value: Value = serde_json::from_str(&printed).map_err(|e| format!("jeton {}: {e}", all.join(" ")))?;
        value["key"].as_str().map(str::to_owned).ok_or_else(|| format!("jeton {} prints no key", all.join(" ")))
    }
}

impl Server {
    /// Starts the server of a project, on a port that the system chooses.
    pub(super) fn start(project: &Project) -> Result<Self, String> {
        let mut command = bare(&project.binary, &project.directory);
        command.arg("up").env("JETON_LISTEN", "127.0.0.1:0").stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| format!("{}: {e}", project.binary.display()))?;
        let (sender, lines) = channel();
        if let Some(stdout) = child.stdout.take() {
            forward(stdout, sender.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            forward(stderr, sender);
        }
        let mut server = Self { child, lines, log: Vec::new(), url: String::new() };
        server.url = server.wait_for_address()?;
        Ok(server)
    }

    fn wait_for_address(&mut self) -> Result<String, String> {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    let address = line.split_once("listening on ").map(|(_, rest)| rest.split_whitespace().next().unwrap_or_default().to_owned());
                    self.log.push(line);
                    if let Some(address) = address {
                        return Ok(address.trim_end_matches('/').to_owned());
                    }
                }
                Err(RecvTimeoutError::Timeout) => return Err(format!("the server does not say where it listens:\n{}", self.log.join("\n"))),
                Err(RecvTimeoutError::Disconnected) => return Err(format!("the server ended at once:\n{}", self.log.join("\n"))),
            }
        }
    }

    /// Asks the server to stop and waits for it; an error holds the end of its log.
    pub(super) fn stop(mut self) -> Outcome {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        if !asked.is_ok_and(|status| status.success()) {
            return Err("the server had ended before it was asked to".into());
        }
        let status = self.wait()?;
        if !status.success() {
            let tail = self.log.len().saturating_sub(20);
            return Err(format!("the server stopped with {status}:\n{}", self.log[tail..].join("\n")));
        }
        Ok(())
    }

    /// The pipes close when the server ends, so their end is waited for, not a time.
    fn wait(&mut self) -> Result<ExitStatus, String> {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.log.push(line),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().map_err(|e| e.to_string()),
                Err(RecvTimeoutError::Timeout) => return Err("the server does not stop when asked to".into()),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` both do nothing; else the server of a suite that went wrong must not stay behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary in a directory, without what the person's own environment says to Jeton or its providers.
pub(super) fn bare(binary: &Path, directory: &Path) -> Command {
    let mut command = Command::new(binary);
    command.current_dir(directory).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if ["JETON_", "OPENAI_", "ANTHROPIC_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

fn forward(from: impl Read + Send + 'static, to: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if to.send(line).is_err() {
                break;
            }
        }
    });
}
