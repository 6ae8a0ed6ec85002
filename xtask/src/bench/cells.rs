//! What is measured: sizes of prompts, numbers of connections, and how long.

use super::options::Options;
use serde_json::{Value, json};

/// Events of one stream, the first (role) and the last (finish) included.
pub(crate) const EVENTS: u32 = 200;

/// One way of asking, at one number of connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Cells of one group share their servers; the next group gets fresh ones, so that peaks of memory are its own.
    pub(crate) group: &'static str,
    pub(crate) prompt_bytes: usize,
    pub(crate) connections: u32,
    pub(crate) extent: Extent,
}

/// How much is asked in one round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Documents, one after the other on each connection.
    Documents { warmup_ms: u64, measure_ms: u64 },
    /// Streams whose events come `gap_us` apart, so that each is passed on by itself as in life.
    Streams { gap_us: u64, warmup: u32, each: u32 },
}

impl Cell {
    pub(crate) fn name(&self) -> String {
        format!("{} × {}", self.group, self.connections)
    }

    pub(crate) const fn is_stream(&self) -> bool {
        matches!(self.extent, Extent::Streams { .. })
    }

    /// The order for the load generator.
    pub(crate) fn order(&self, address: &str, path: &str, key: &str) -> Value {
        let common = json!({ "address": address, "path": path, "key": key, "prompt_bytes": self.prompt_bytes, "connections": self.connections });
        let extent = match self.extent {
            Extent::Documents { warmup_ms, measure_ms } => json!({ "warmup_ms": warmup_ms, "measure_ms": measure_ms }),
            Extent::Streams { gap_us, warmup, each } => json!({ "gap_us": gap_us, "warmup_requests": warmup, "requests_each": each }),
        };
        let mut order = common;
        if let (Value::Object(all), Value::Object(more)) = (&mut order, extent) {
            all.extend(more);
        }
        order
    }
}

/// The cells to measure, and how many rounds of each.
pub(crate) fn plan(options: &Options) -> Vec<(Cell, u32)> {
    let rounds = options.rounds.unwrap_or(if options.quick { 2 } else { 3 });
    let mut cells = Vec::new();
    let sizes: &[(&'static str, usize)] = if options.quick { &[("2 KB", 2 << 10)] } else { &[("2 KB", 2 << 10), ("64 KB", 64 << 10), ("1 MB", 1 << 20)] };
    let connections: &[u32] = if options.quick { &[1, 64] } else { &[1, 16, 64, 256] };
    for (group, prompt_bytes) in sizes {
        for connections in connections {
            let extent = Extent::Documents { warmup_ms: 500, measure_ms: if options.quick { 1_500 } else { 2_500 } };
            cells.push((Cell { group, prompt_bytes: *prompt_bytes, connections: *connections, extent }, rounds));
        }
    }
    let each = if options.quick { 3 } else { 8 };
    let few = Extent::Streams { gap_us: 4_000, warmup: 1, each };
    cells.push((Cell { group: "stream", prompt_bytes: 2 << 10, connections: 32, extent: few }, rounds));
    if !options.quick {
        let many = Extent::Streams { gap_us: 100_000, warmup: 0, each: 1 };
        cells.push((Cell { group: "streams", prompt_bytes: 2 << 10, connections: 2_000, extent: many }, 1));
    }
    cells.retain(|(cell, _)| options.only.as_ref().is_none_or(|word| cell.name().contains(word.as_str())));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_plan_holds_every_cell_of_the_issue() {
        let names: Vec<String> = plan(&Options::default()).iter().map(|(cell, _)| cell.name()).collect();
        assert_eq!(names.len(), 14);
        for name in ["2 KB × 1", "64 KB × 16", "1 MB × 256", "stream × 32", "streams × 2000"] {
            assert!(names.iter().any(|n| n == name), "{name}");
        }
        let only = Options { only: Some("2 KB".to_owned()), ..Options::default() };
        assert_eq!(plan(&only).len(), 4);
    }
}
