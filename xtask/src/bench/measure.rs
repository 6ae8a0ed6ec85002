//! Plays the plan: group by group with fresh servers, round by round with alternating ways.

use super::Programs;
use super::cells::{Cell, plan};
use super::histogram::Histogram;
use super::options::Options;
use super::process::with_many_files;
use super::targets::{Stage, Target, Way, nginx_program};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::time::Instant;

/// All figures of one run.
pub(crate) struct Run {
    pub(crate) rows: Vec<Row>,
    /// Median time of one append and sync of 4 KiB in the working directory, in microseconds.
    pub(crate) sync_us: u64,
    pub(crate) has_nginx: bool,
    pub(crate) cores: usize,
}

/// The figures of one way in one cell, over all rounds.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) cell: Cell,
    pub(crate) way: Way,
    pub(crate) rounds: u32,
    /// Answered whole, warm-up included.
    pub(crate) completed: u64,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
    pub(crate) latency: Histogram,
    pub(crate) first_byte: Histogram,
    pub(crate) measured_s: f64,
    /// CPU time of the process in between; none where there is no such process.
    pub(crate) cpu_s: Option<f64>,
    pub(crate) peak_kib: Option<u64>,
}

impl Row {
    fn new(cell: &Cell, way: Way) -> Self {
        let (latency, first_byte) = (Histogram::default(), Histogram::default());
        let cell = cell.clone();
        Self { cell, way, rounds: 0, completed: 0, errors: 0, first_error: None, latency, first_byte, measured_s: 0.0, cpu_s: None, peak_kib: None }
    }

    /// CPU seconds per 1,000 requests.
    #[allow(clippy::cast_precision_loss)] // counts far below 2^52
    pub(crate) fn cpu_per_1000(&self) -> Option<f64> {
        self.cpu_s.filter(|_| self.completed > 0).map(|s| s * 1_000.0 / self.completed as f64)
    }

    /// Requests per second in the measured time.
    #[allow(clippy::cast_precision_loss)] // counts far below 2^52
    pub(crate) fn per_second(&self) -> f64 {
        if self.measured_s > 0.0 { self.latency.n() as f64 / self.measured_s } else { 0.0 }
    }
}

/// Measures everything that `options` ask for.
pub(crate) fn run(options: &Options, programs: &Programs) -> Result<Run, String> {
    let mut ways = vec![Way::Direct];
    let has_nginx = nginx_program(options).is_some();
    if has_nginx {
        ways.push(Way::Nginx);
    } else {
        eprintln!("nginx is not installed: the ratios to it are left out (--nginx FILE names one)");
    }
    ways.extend([Way::Jeton, Way::JetonPower, Way::Translated]);
    let cells = plan(options);
    let mut rows = Vec::new();
    for (number, group) in cells.chunk_by(|a, b| a.0.group == b.0.group).enumerate() {
        let stage = Stage::start(programs, options, &ways, number)?;
        for (cell, rounds) in group {
            eprintln!("{} ({rounds} rounds)", cell.name());
            rows.extend(measure_cell(cell, *rounds, &stage, programs)?);
        }
    }
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    Ok(Run { rows, sync_us: measure_sync()?, has_nginx, cores })
}

fn measure_cell(cell: &Cell, rounds: u32, stage: &Stage, programs: &Programs) -> Result<Vec<Row>, String> {
    let mut rows: Vec<Row> = stage.targets.iter().map(|target| Row::new(cell, target.way)).collect();
    for round in 0..rounds as usize {
        // Each round begins with another way, so that none always follows the same neighbour.
        for step in 0..rows.len() {
            let index = (round + step) % rows.len();
            play(&mut rows[index], &stage.targets[index], programs)?;
        }
    }
    Ok(rows)
}

fn play(row: &mut Row, target: &Target, programs: &Programs) -> Result<(), String> {
    if let Some(running) = &target.running {
        running.forget_peak();
    }
    let before = target.running.as_ref().map(|running| running.used());
    let result = load(programs, &row.cell.order(&target.address, target.way.path(), &target.key))?;
    if let (Some(running), Some(before)) = (&target.running, before) {
        let after = running.used();
        *row.cpu_s.get_or_insert(0.0) += after.cpu_s - before.cpu_s;
        row.peak_kib = row.peak_kib.max(Some(after.peak_kib));
    }
    row.rounds += 1;
    row.completed += result["completed"].as_u64().unwrap_or(0);
    row.errors += result["errors"].as_u64().unwrap_or(0);
    row.first_error = row.first_error.take().or_else(|| result["first_error"].as_str().map(str::to_owned));
    row.latency.merge(&Histogram::from_json(&result["latency"]));
    row.first_byte.merge(&Histogram::from_json(&result["first_byte"]));
    row.measured_s += result["measured_s"].as_f64().unwrap_or(0.0);
    Ok(())
}

/// Plays one order in a child process.
pub(crate) fn load(programs: &Programs, order: &Value) -> Result<Value, String> {
    let out = with_many_files(&programs.xtask).args(["bench", "load", &order.to_string()]).output().map_err(|e| format!("cannot start the load: {e}"))?;
    if !out.status.success() {
        return Err(format!("the load failed: {}", String::from_utf8_lossy(&out.stderr)));
    }
    serde_json::from_slice(&out.stdout).map_err(|e| format!("the load said no JSON: {e}"))
}

/// The median time of one append and sync of 4 KiB: what `durability = "power"` waits for.
fn measure_sync() -> Result<u64, String> {
    let path = super::target_dir().join(format!("bench/sync-{}", std::process::id()));
    let measured = (|| {
        let mut file = fs::File::create(&path)?;
        let mut times = Vec::new();
        for _ in 0..51 {
            let begun = Instant::now();
            file.write_all(&[7; 4096])?;
            file.sync_data()?;
            times.push(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
        }
        times.sort_unstable();
        Ok(times[times.len() / 2])
    })();
    let _ = fs::remove_file(&path);
    measured.map_err(|e: std::io::Error| format!("the sync cannot be measured: {e}"))
}
