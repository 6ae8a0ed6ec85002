//! How a run goes, on stderr: done, rate, cost so far and to come, and the rate of passes with its interval as far as it is known.

use jeton_allocate::Level;
use jeton_core::Nanousd;
use jeton_eval::gate::Stopping;
use jeton_eval::run::Progress;
use jeton_eval::totals::{observations, passed, rate};
use jeton_eval::{Outcome, Row};
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// How often the line is written anew.
const EVERY: Duration = Duration::from_millis(200);
/// Cells of the bar.
const BAR: usize = 24;

/// Shows a run's progress, and carries a gate's decision and a person's wish to stop.
pub(super) struct Shown {
    all: usize,
    rows: Vec<Row>,
    begun: Instant,
    drawn: Instant,
    is_terminal: bool,
    stopping: Option<Stopping>,
    stops: bool,
    interrupts: Arc<AtomicU8>,
    fresh: usize,
}

impl Shown {
    /// Over `all` cells, of which `rows` are done. With `stopping`, the run ends once that is decided and `stops` is set.
    pub(super) fn new(all: usize, rows: Vec<Row>, stopping: Option<Stopping>, stops: bool, interrupts: Arc<AtomicU8>) -> Self {
        let now = Instant::now();
        let mut shown =
            Self { all, rows: Vec::new(), begun: now, drawn: now, is_terminal: std::io::stderr().is_terminal(), stopping, stops, interrupts, fresh: 0 };
        for row in rows {
            shown.take(row);
        }
        shown
    }

    fn take(&mut self, row: Row) {
        if let Some(stopping) = &mut self.stopping {
            stopping.push(&row);
        }
        self.rows.push(row);
    }

    /// Whether the gate has decided and may end the run.
    fn is_decided(&self) -> bool {
        self.stops && self.stopping.as_ref().is_some_and(|stopping| stopping.decided().is_some())
    }

    /// The gate, and the end of the line.
    pub(super) fn finish(self) -> Option<Stopping> {
        if self.is_terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
        self.stopping
    }

    fn line(&self) -> String {
        let (done, all) = (self.rows.len(), self.all.max(1));
        let seconds = self.begun.elapsed().as_secs_f64().max(1e-3);
        let per_second = self.fresh as f64 / seconds;
        let filled = BAR * done / all;
        let cost = self.rows.iter().filter_map(|row| row.cost).fold(Nanousd::ZERO, Nanousd::saturating_add);
        let to_come = cost.as_usd_f64() * (all - done.min(all)) as f64 / done.max(1) as f64;
        let rows: Vec<&Row> = self.rows.iter().collect();
        let quality = match rate(&observations(&rows, passed), Level::P95) {
            Some(estimate) => format!("{:.1} %{}", 100.0 * estimate.value, super::show::interval(&estimate, 100.0, 1)),
            None => "–".to_owned(),
        };
        let errors = self.rows.iter().filter(|row| row.outcome == Outcome::Error).count();
        let errors = if errors > 0 { format!(" · {errors} errors") } else { String::new() };
        let bar = format!("{}{}", "█".repeat(filled), "░".repeat(BAR - filled));
        format!("{bar} {done}/{} · {per_second:.1}/s · {cost} + about ${to_come:.4} · passed {quality}{errors}", self.all)
    }
}

impl Progress for Shown {
    fn row(&mut self, row: &Row) -> bool {
        self.fresh += 1;
        // What the line shows needs neither answers nor grades.
        self.take(Row { answer: None, grades: Vec::new(), context: None, fault: None, tags: Vec::new(), ..row.clone() });
        if self.is_terminal && (self.drawn.elapsed() >= EVERY || self.rows.len() == self.all) {
            self.drawn = Instant::now();
            let _ = write!(std::io::stderr(), "\r\x1b[K{}", self.line());
        }
        self.is_decided()
    }

    fn wants_to_stop(&self) -> bool {
        self.interrupts.load(Ordering::Relaxed) > 0 || self.is_decided()
    }
}

/// Counts Ctrl-C: once, and calls under way are waited for; twice, and the process ends at once. What is written is safe either way.
pub(super) fn interrupts() -> Arc<AtomicU8> {
    let count = Arc::new(AtomicU8::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if counted.fetch_add(1, Ordering::Relaxed) > 0 {
                std::process::exit(130);
            }
            eprintln!("\nstopping: calls under way are waited for (again to end at once); the run can be resumed");
        }
    });
    count
}
