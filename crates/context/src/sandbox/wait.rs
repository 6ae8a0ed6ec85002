//! A child process with an end: of its time, and of what is kept of its output.

use super::{Limits, Ran};
use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// How often the end of the child is looked for.
const LOOK_MS: u64 = 10;

/// Runs `command` to its end, or to the end of its time.
pub(super) fn run(mut command: Command, stdin: &str, limits: Limits) -> io::Result<Ran> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let started = Instant::now();
    let (sender, receiver) = channel();
    feed(&mut child, stdin.to_owned());
    let reading =
        usize::from(gather(child.stdout.take(), 0, limits.output_bytes, &sender)) + usize::from(gather(child.stderr.take(), 1, limits.output_bytes, &sender));
    drop(sender);
    let limit = Duration::from_millis(limits.wall_ms);
    let mut outputs = [String::new(), String::new()];
    let mut open = reading;
    let (mut exit, mut is_timed_out) = (None, false);
    loop {
        if let Some(status) = child.try_wait()? {
            exit = status.code();
            break;
        }
        if started.elapsed() >= limit {
            is_timed_out = true;
            // Ends what it started too: the sandbox dies with its first process.
            child.kill()?;
            child.wait()?;
            break;
        }
        open -= usize::from(take(&receiver, Duration::from_millis(LOOK_MS), &mut outputs, open));
    }
    // The pipes close when the last process of the sandbox is gone; a moment is enough.
    let closing = Instant::now();
    while open > 0 && closing.elapsed() < Duration::from_secs(1) {
        open -= usize::from(take(&receiver, Duration::from_millis(LOOK_MS), &mut outputs, open));
    }
    let [stdout, stderr] = outputs;
    Ok(Ran { exit: if is_timed_out { None } else { exit }, stdout, stderr, is_timed_out })
}

/// Waits for an output to end, at most `for_`; whether one did.
fn take(receiver: &Receiver<(usize, String)>, for_: Duration, outputs: &mut [String; 2], open: usize) -> bool {
    if open == 0 {
        std::thread::park_timeout(for_);
        return false;
    }
    match receiver.recv_timeout(for_) {
        Ok((which, text)) => {
            outputs[which] = text;
            true
        }
        Err(_) => false,
    }
}

/// Written from a thread of its own: a command that does not read must not hold anything up.
fn feed(child: &mut Child, input: String) {
    if let Some(mut stdin) = child.stdin.take() {
        std::thread::spawn(move || {
            // A command may end without having read everything.
            let _ = stdin.write_all(input.as_bytes());
        });
    }
}

fn gather<R: Read + Send + 'static>(pipe: Option<R>, which: usize, most: usize, sender: &Sender<(usize, String)>) -> bool {
    let Some(mut pipe) = pipe else { return false };
    let sender = sender.clone();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        let _ = pipe.by_ref().take(most as u64).read_to_end(&mut kept);
        let _ = io::copy(&mut pipe, &mut io::sink());
        // Nobody listens any longer where the time ran out.
        let _ = sender.send((which, String::from_utf8_lossy(&kept).into_owned()));
    });
    true
}
