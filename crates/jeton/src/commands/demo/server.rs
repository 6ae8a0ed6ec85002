//! The server of the demo: this very program, as a process of its own, so that it can be killed.

use super::client::Client;
use crate::failure::Failure;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running server.
pub(super) struct DemoServer {
    child: Child,
    address: String,
    /// Held open: the server has more to say than its address.
    _stdout: Option<BufReader<ChildStdout>>,
}

impl DemoServer {
    /// Starts one on a free port, and waits until it says where it listens.
    pub(super) fn start(dir: &Path) -> Result<Self, Failure> {
        let failed = |what: String| Failure::dependency(what, "run `jeton up` in an empty directory to see why");
        let program = std::env::current_exe().map_err(|error| failed(format!("this program cannot find itself: {error}")))?;
        let mut child = Command::new(program)
            .args(["up", "--listen", "127.0.0.1:0", "--project"])
            .arg(dir)
            .env_remove("OPENAI_API_KEY")
            .env_remove("ANTHROPIC_API_KEY")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed(format!("the server cannot be started: {error}")))?;
        let mut stdout = child.stdout.take().map(BufReader::new);
        let lines = stdout.iter_mut().flat_map(|out| out.lines().map_while(Result::ok));
        let address = lines.filter_map(|line| line.split_once(" listening on ").map(|(_, address)| address.trim().to_owned())).next();
        match address {
            Some(address) => Ok(Self { child, address, _stdout: stdout }),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                Err(failed("the server ended before it listened".to_owned()))
            }
        }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn client(&self) -> Client {
        Client::new(&self.address)
    }

    /// Kills it, as a crash would, and says where it was.
    pub(super) fn kill(mut self) -> Result<String, Failure> {
        self.child.kill().and_then(|()| self.child.wait()).map_err(|error| Failure::dependency(format!("the server cannot be killed: {error}"), ""))?;
        Ok(std::mem::take(&mut self.address))
    }

    /// Ends it. Every answer is in the ledger before its last byte leaves, so a kill loses nothing.
    pub(super) fn stop(self) -> Result<(), Failure> {
        self.kill().map(drop)
    }
}

impl Drop for DemoServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
