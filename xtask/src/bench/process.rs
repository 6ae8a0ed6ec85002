//! Child processes and what they use.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A child that is ended when it goes out of use.
#[derive(Debug)]
pub(crate) struct Running(Child);

/// CPU time and memory of a process and its children.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    pub(crate) cpu_s: f64,
    /// Peak of resident memory since [`Running::forget_peak`], in KiB.
    pub(crate) peak_kib: u64,
    /// Resident memory now, in KiB.
    pub(crate) resident_kib: u64,
}

/// Clock ticks per second in `/proc/PID/stat`: fixed at 100 for user space on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// A command that may open as many files as the machine's hard limit lets it.
pub(crate) fn with_many_files(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -n "$(ulimit -Hn)" 2>/dev/null; exec "$0" "$@""#]).arg(program);
    command
}

impl Running {
    pub(crate) fn start(mut command: Command, log: &Path) -> Result<Self, String> {
        let open = || fs::OpenOptions::new().create(true).append(true).open(log).map_err(|e| format!("{}: {e}", log.display()));
        command.stdin(Stdio::null()).stdout(open()?).stderr(open()?);
        command.spawn().map(Self).map_err(|e| format!("cannot start {:?}: {e}", command.get_program()))
    }

    /// Starts a child that says one line on its standard output when it is ready.
    pub(crate) fn start_and_hear(mut command: Command) -> Result<(Self, String), String> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(|e| format!("cannot start {:?}: {e}", command.get_program()))?;
        let said = child.stdout.take().ok_or("the child has no output")?;
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line).map_err(|e| e.to_string())?;
        Ok((Self(child), line.trim().to_owned()))
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    pub(crate) fn resident_kib(&self) -> u64 {
        resident(self.0.id())
    }

    pub(crate) fn used(&self) -> Used {
        let mut sum = Used::default();
        for pid in tree(self.0.id()) {
            let used = used(pid).unwrap_or_default();
            sum.cpu_s += used.cpu_s;
            sum.peak_kib += used.peak_kib;
            sum.resident_kib += used.resident_kib;
        }
        sum
    }

    /// Lets peaks of memory be counted from now on.
    pub(crate) fn forget_peak(&self) {
        for pid in tree(self.0.id()) {
            // Without the right to do so the peak stays that since the start: too high, never too low.
            let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An orderly stop first: nginx must end its workers itself.
        let asked = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        let patience = if asked.is_ok_and(|s| s.success()) { 50 } else { 0 };
        for _ in 0..patience {
            if self.has_ended() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process and all below it.
fn tree(pid: u32) -> Vec<u32> {
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(&pid) = found.get(next) {
        found.extend(children(pid));
        next += 1;
    }
    found
}

/// What any thread of a process has started: the kernel lists the children of each thread apart.
fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let below = threads.map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    below.flat_map(|line| line.split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<u32>>()).collect()
}

/// User and system time of all children of this process that have ended and were waited for, with theirs.
pub(crate) fn children_cpu_s() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    cpu_seconds(&stat, 13).unwrap_or_default()
}

/// User and system time of this process, to a hundredth of a second.
pub(crate) fn own_cpu_s() -> Option<f64> {
    used(std::process::id()).map(|used| used.cpu_s)
}

/// Resident memory of a process and all below it, in KiB: their sum now, or the peak of the first where that is more.
pub(crate) fn resident(pid: u32) -> u64 {
    let all: Vec<Used> = tree(pid).into_iter().filter_map(used).collect();
    let now: u64 = all.iter().map(|one| one.resident_kib).sum();
    now.max(all.first().map_or(0, |first| first.peak_kib))
}

fn used(pid: u32) -> Option<Used> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(Used { cpu_s: cpu_seconds(&stat, 11)?, peak_kib: kib(&status, "VmHWM:")?, resident_kib: kib(&status, "VmRSS:")? })
}

/// User and system time of a line of `/proc/PID/stat`, which stand at `first` and behind it (11: its own, 13: its children's); fields are counted
/// behind the name, which may hold anything.
fn cpu_seconds(stat: &str, first: usize) -> Option<f64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(first)?.parse::<f64>().ok()? + fields.get(first + 1)?.parse::<f64>().ok()?;
    Some(ticks / TICKS_PER_SECOND)
}

fn kib(status: &str, field: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(field))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_figures_are_read() {
        let stat = "7 (a ) name) S 1 7 7 0 -1 4194304 100 0 0 0 150 50 30 20 20 0 1 0 5 1 1 1";
        assert!((cpu_seconds(stat, 11).unwrap() - 2.0).abs() < 1e-9);
        assert!((cpu_seconds(stat, 13).unwrap() - 0.5).abs() < 1e-9);
        assert_eq!(kib("Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t 1024 kB\n", "VmHWM:"), Some(2048));
        assert!(tree(std::process::id()).contains(&std::process::id()));
        assert!(used(std::process::id()).unwrap().peak_kib > 0);
    }

    #[test]
    fn children_of_every_thread_are_found() {
        // The tests run beside the main thread, which has started nothing.
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        assert!(tree(std::process::id()).contains(&child.id()));
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
