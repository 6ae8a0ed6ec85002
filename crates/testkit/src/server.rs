//! The real binary in a temporary project.

use crate::http::{Connection, Reply, Request, Stream};
use crate::wait::{DEADLINE, eventually};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

/// Variables that would make a test depend on who runs it.
const UNWANTED: [&str; 7] = ["OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "JETON_LISTEN", "JETON_LOG", "COLUMNS"];

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A temporary project directory and the binary that works on it. Removed when dropped.
#[derive(Debug)]
pub struct Project {
    binary: PathBuf,
    dir: PathBuf,
}

/// How a command ended.
#[derive(Clone, Debug)]
pub struct Output {
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    /// What it said.
    pub stdout: String,
    /// What it said beside that.
    pub stderr: String,
}

impl Output {
    /// What it said, as JSON.
    ///
    /// # Panics
    /// Where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

impl Project {
    /// An empty project. `binary` is `env!("CARGO_BIN_EXE_jeton")` of the test.
    ///
    /// # Panics
    /// Where no directory can be made.
    #[must_use]
    pub fn new(binary: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("jeton-it-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(&dir).unwrap();
        Self { binary: binary.into(), dir }
    }

    /// A project with a configuration.
    #[must_use]
    pub fn with(binary: &str, config: &str) -> Self {
        let project = Self::new(binary);
        project.configure(config);
        project
    }

    /// Writes `jeton.toml`, at once: a reader sees the old one or the new one.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn configure(&self, config: &str) {
        let fresh = self.dir.join("jeton.toml.new");
        std::fs::write(&fresh, config).unwrap();
        std::fs::rename(fresh, self.dir.join("jeton.toml")).unwrap();
    }

    /// The project's directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A command of the binary on this project, in a clean environment.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(args);
        self.surround(&mut command);
        command
    }

    fn surround(&self, command: &mut Command) {
        command.current_dir(&self.dir).stdin(Stdio::null());
        for name in UNWANTED {
            command.env_remove(name);
        }
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[must_use]
    pub fn run(&self, args: &[&str]) -> Output {
        finished(self.command(args))
    }

    /// Runs a command that must succeed, and gives what it printed as JSON.
    ///
    /// # Panics
    /// Where it fails.
    #[must_use]
    pub fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--json"]].concat());
        assert_eq!(output.code, 0, "{args:?}: {output:?}");
        output.json()
    }

    /// Makes a key and gives its text.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[must_use]
    pub fn key(&self, args: &[&str]) -> String {
        let made = self.json(&[&["key"], args].concat());
        made["key"].as_str().expect("the key's text").to_owned()
    }

    /// Starts the server on a port of the system's choice.
    #[must_use]
    pub fn start(&self) -> Server {
        Server::spawn(self.command(&["up", "--listen", "127.0.0.1:0"]))
    }

    /// Starts the server with variables in its environment.
    #[must_use]
    pub fn start_with_env(&self, variables: &[(&str, &str)]) -> Server {
        let mut command = self.command(&["up", "--listen", "127.0.0.1:0"]);
        command.envs(variables.iter().copied());
        Server::spawn(command)
    }

    /// Starts the server out of a line of `sh`, in which `$0` is the binary and which must end in `exec "$0" up …`.
    #[must_use]
    pub fn start_in_shell(&self, line: &str) -> Server {
        let mut command = Command::new("sh");
        command.arg("-c").arg(line).arg(&self.binary);
        self.surround(&mut command);
        Server::spawn(command)
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // What a failed test left behind is worth a look.
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

fn finished(mut command: Command) -> Output {
    let output = command.output().unwrap();
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A running server. Killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: SocketAddr,
    said: Arc<Mutex<String>>,
}

impl Server {
    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (send, first) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut stderr = child.stderr.take().unwrap();
        let heard = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                heard.lock().unwrap().push_str(&format!("{line}\n"));
                let _ = send.send(line);
            }
        });
        let heard = Arc::clone(&said);
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = stderr.read(&mut piece) {
                heard.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..read]));
            }
        });
        let line = first.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("the server did not start: {}", said.lock().unwrap()));
        let address = line.rsplit_once("://").and_then(|(_, address)| address.parse().ok()).unwrap_or_else(|| panic!("no address in {line:?}"));
        Self { child, address, said }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has said so far, on stdout and stderr.
    ///
    /// # Panics
    /// Where the listening thread has panicked.
    #[must_use]
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// A new connection.
    #[must_use]
    pub fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    /// One request on a connection of its own.
    #[must_use]
    pub fn ask(&self, request: &Request) -> Reply {
        self.connect().ask(request)
    }

    /// POST of a body.
    #[must_use]
    pub fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Reply {
        self.ask(&Request::post(path, body))
    }

    /// GET of a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Reply {
        self.ask(&Request::get(path))
    }

    /// POST of a body whose answer comes in pieces.
    #[must_use]
    pub fn stream(&self, path: &str, body: impl Into<Vec<u8>>) -> Stream {
        self.connect().begin(&Request::post(path, body))
    }

    /// The record of a call, from the API, as soon as it is there.
    #[must_use]
    pub fn record(&self, call: &str) -> Value {
        eventually(&format!("the receipt of {call}"), || {
            let reply = self.get(&format!("/api/calls/{call}"));
            (reply.status() == 200).then(|| reply.json())
        })
    }

    /// The last calls, newest first, from the API.
    #[must_use]
    pub fn calls(&self) -> Vec<Value> {
        self.get("/api/calls?limit=1000").json()["calls"].as_array().cloned().unwrap_or_default()
    }

    /// Sends a signal by its name (`TERM`).
    ///
    /// # Panics
    /// Where the process is gone.
    pub fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Kills it as a crash does: SIGKILL.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// Where it does not end in time.
    pub fn wait(&mut self) -> ExitStatus {
        let begun = Instant::now();
        eventually("the end of the server", || self.child.try_wait().unwrap().or_else(|| (begun.elapsed() > DEADLINE).then(ExitStatus::default)))
    }

    /// Stops it gracefully and gives its exit code.
    ///
    /// # Panics
    /// Where it does not end in time.
    pub fn stop(mut self) -> i32 {
        self.signal("TERM");
        self.wait().code().unwrap_or(-1)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
