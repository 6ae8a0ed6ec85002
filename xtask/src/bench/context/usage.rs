//! What a program used from its start to its end.

use super::super::process::{children_cpu_s, resident};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The use of a program that ended well, its children included.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spent {
    /// User and system time.
    pub(super) cpu_s: f64,
    pub(super) wall_s: f64,
    /// The largest resident memory that was seen, every few milliseconds, in KiB.
    pub(super) peak_kib: u64,
    pub(super) stdout: String,
}

/// Runs `command` to its end. Nothing else may be run by this process meanwhile, or its time counts too.
pub(super) fn spent(mut command: Command) -> Result<Spent, String> {
    let name = format!("{:?}", command.get_program());
    let (cpu_before, begun) = (children_cpu_s(), Instant::now());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|e| format!("cannot start {name}: {e}"))?;
    let pid = child.id();
    let (Some(mut out), Some(mut err)) = (child.stdout.take(), child.stderr.take()) else { return Err(format!("{name} has no output")) };
    let out = std::thread::spawn(move || std::io::read_to_string(&mut out).unwrap_or_default());
    let err = std::thread::spawn(move || std::io::read_to_string(&mut err).unwrap_or_default());
    let mut peak_kib = 0;
    let status = loop {
        peak_kib = peak_kib.max(resident(pid));
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(3));
    };
    let wall_s = begun.elapsed().as_secs_f64();
    let (stdout, said) = (out.join().unwrap_or_default(), err.join().unwrap_or_default());
    if !status.success() {
        return Err(format!("{name} ended with {status}: {}", said.lines().last().unwrap_or_default()));
    }
    Ok(Spent { cpu_s: children_cpu_s() - cpu_before, wall_s, peak_kib, stdout })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_measured_or_named() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo said"]);
        let found = spent(command).unwrap();
        assert_eq!(found.stdout, "said\n");
        assert!(found.wall_s > 0.0 && found.cpu_s >= 0.0);
        assert!(spent(Command::new("false")).unwrap_err().contains("false"));
    }
}
