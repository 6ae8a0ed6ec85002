//! From a change of a file to the running server's finding it.

use super::super::process::{Running, with_many_files};
use super::super::targets::{free_address, is_healthy};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How many changes are made.
const CHANGES: usize = 5;
/// After which nothing more is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was seen of a server on a copy.
pub(super) struct Watched {
    /// From each write to the first answer that has it.
    pub(super) seconds: Vec<f64>,
    /// Peak of the server's resident memory.
    pub(super) peak_kib: u64,
}

/// Copies the project, serves the copy and changes it.
pub(super) fn measure(jeton: &Path, project: &Path) -> Result<Watched, String> {
    let copy = Copied::new(project)?;
    let address = free_address()?;
    fs::write(copy.0.join("tree/jeton.toml"), format!("[gateway]\nlisten = \"{address}\"\n")).map_err(|e| e.to_string())?;
    let mut command = with_many_files(jeton);
    command.arg("up").arg("--project").arg(copy.0.join("tree")).current_dir(&copy.0);
    let mut running = Running::start(command, &copy.0.join("log"))?;
    let log = || fs::read_to_string(copy.0.join("log")).unwrap_or_default();
    until(&mut running, || is_healthy(&address)).map_err(|why| format!("the server does not answer: {why}\n{}", log()))?;
    // What every code has; only a project that is read answers with files.
    until(&mut running, || search(&address, "error").is_some_and(|text| text.contains("\"path\""))).map_err(|why| format!("nothing is found: {why}"))?;
    let mut seconds = Vec::with_capacity(CHANGES);
    for number in 0..CHANGES {
        let word = format!("zebrafinch{}", ["one", "two", "three", "four", "five"][number % 5]);
        let begun = Instant::now();
        fs::write(copy.0.join(format!("tree/planted_{number}.py")), format!("def {word}(count):\n    return count + {number}\n")).map_err(|e| e.to_string())?;
        until(&mut running, || search(&address, &word).is_some_and(|text| text.contains(&format!("planted_{number}.py"))))
            .map_err(|why| format!("a new file is not found: {why}"))?;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    Ok(Watched { seconds, peak_kib: running.resident_kib() })
}

fn until(running: &mut Running, is_so: impl Fn() -> bool) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        if running.has_ended() {
            return Err("it has ended".to_owned());
        }
        if Instant::now() > deadline {
            return Err(format!("not within {} s", PATIENCE.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// The body of an answer of 200.
fn search(address: &str, word: &str) -> Option<String> {
    let mut socket = TcpStream::connect(address).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    socket.write_all(format!("GET /api/context/search?q={word} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").as_bytes()).ok()?;
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.starts_with("HTTP/1.1 200").then_some(text)
}

/// A copy outside every repository, removed at the end.
struct Copied(PathBuf);

impl Copied {
    /// A clone that borrows the objects, so that there is a past; else a plain copy.
    fn new(project: &Path) -> Result<Self, String> {
        let copied = Self(std::env::temp_dir().join(format!("jeton-bench-{}", std::process::id())));
        fs::create_dir_all(&copied.0).map_err(|e| format!("{}: {e}", copied.0.display()))?;
        let tree = copied.0.join("tree");
        let is_done = |command: &mut Command| command.output().is_ok_and(|out| out.status.success());
        if is_done(Command::new("git").args(["clone", "--quiet", "--shared"]).arg(project).arg(&tree)) {
            return Ok(copied);
        }
        let _ = fs::remove_dir_all(&tree);
        if is_done(Command::new("cp").arg("-R").arg(project).arg(&tree)) { Ok(copied) } else { Err(format!("{} cannot be copied", project.display())) }
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
