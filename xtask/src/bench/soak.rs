//! Memory over time: many calls, then many streams whose clients go away. It must stay flat.

use super::measure::load;
use super::options::Options;
use super::process::Running;
use super::targets::{Stage, Way};
use super::{Programs, build};
use serde_json::{Value, json};

/// Parts into which each kind of load is cut; memory is read after each.
const PARTS: u64 = 10;
/// Growth between the second and the last part that is put down to chance (and to the store's cache), in MiB.
const GROWTH_MIB_MAX: f64 = 16.0;

/// Runs `--calls N` (200,000) calls and `--aborts N` (20,000) aborted streams.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let (calls, aborts) = read(arguments)?;
    let programs = build()?;
    let stage = Stage::start(&programs, &Options::default(), &[Way::Jeton], 0)?;
    let target = stage.targets.first().ok_or("nothing to measure")?;
    let running = target.running.as_ref().ok_or("nothing to measure")?;
    let order = |more: Value| merged(json!({ "address": target.address, "key": target.key, "prompt_bytes": 2048, "connections": 64 }), more);
    let documents = order(json!({ "requests_each": (calls / PARTS).div_ceil(64) }));
    let streams = order(json!({ "gap_us": 1_000, "requests_each": (aborts / PARTS).div_ceil(64), "abort_after_bytes": 2_000 }));
    let flat = [("calls", documents), ("aborted streams", streams)].into_iter().map(|(name, order)| soak(name, &order, running, &programs));
    let grown: Vec<String> = flat.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    if grown.is_empty() { Ok(()) } else { Err(grown.join("\n")) }
}

/// Plays one kind of load; says so if memory grew.
fn soak(name: &str, order: &Value, running: &Running, programs: &Programs) -> Result<Option<String>, String> {
    let mut resident = Vec::new();
    for part in 1..=PARTS {
        let result = load(programs, order)?;
        #[allow(clippy::cast_precision_loss)] // sizes far below 2^52
        let mib = running.used().resident_kib as f64 / 1_024.0;
        println!("{name} {part}/{PARTS}: {} done, {} aborted, {} errors, {mib:.1} MiB", result["completed"], result["aborted"], result["errors"]);
        resident.push(mib);
    }
    let grown = resident.last().zip(resident.get(1)).map_or(0.0, |(last, early)| last - early);
    Ok((grown > GROWTH_MIB_MAX).then(|| format!("memory grew by {grown:.1} MiB over {name}")))
}

fn merged(mut base: Value, more: Value) -> Value {
    if let (Value::Object(all), Value::Object(more)) = (&mut base, more) {
        all.extend(more);
    }
    base
}

fn read(arguments: &[String]) -> Result<(u64, u64), String> {
    let (mut calls, mut aborts) = (200_000, 20_000);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let number = rest.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
        let place = match argument.as_str() {
            "--calls" => &mut calls,
            "--aborts" => &mut aborts,
            other => return Err(format!("`{other}` is unknown")),
        };
        *place = number.ok_or_else(|| format!("{argument} takes a number above 0"))?;
    }
    Ok((calls, aborts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_the_issue_are_the_defaults() {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(read(&words("")), Ok((200_000, 20_000)));
        assert_eq!(read(&words("--calls 64 --aborts 7")), Ok((64, 7)));
        assert!(read(&words("--calls none")).unwrap_err().contains("--calls"));
        assert!(read(&words("--more 1")).unwrap_err().contains("--more"));
    }
}
