//! Played in a process of its own: the library on a work tree, its cache elsewhere.

use super::super::process::own_cpu_s;
use jeton_context::compile::{Request, Today};
use jeton_context::engine::{Engine, EngineOptions};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// How often each task is compiled.
const TIMES: u32 = 30;
/// How many tasks.
const TASKS: usize = 5;

/// Prints the times in milliseconds as one line of JSON. `arguments` are the work tree and an empty directory for the cache.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let [project, cache] = arguments else { return Err("usage: context-warm PROJECT CACHE".to_owned()) };
    let (project, cache) = (Path::new(project), PathBuf::from(cache));
    let open = || Engine::open(project, EngineOptions { cache: Some(cache.clone()), ..EngineOptions::default() });
    let begun = Instant::now();
    let engine = open();
    let cold_open_ms = ms(begun);
    let begun = Instant::now();
    engine.save().map_err(|e| format!("cannot save: {e}"))?;
    let save_ms = ms(begun);
    drop(engine);
    let begun = Instant::now();
    let engine = open();
    let reopen_ms = ms(begun);
    let tasks = tasks(project).iter().map(|task| compile(&engine, task)).collect::<Result<Vec<Value>, String>>()?;
    let (files, chunks) = engine.desk().size();
    println!(
        "{}",
        json!({ "cold_open_ms": cold_open_ms, "save_ms": save_ms, "reopen_ms": reopen_ms, "files": files, "chunks": chunks, "tasks": tasks, "is_debug": cfg!(debug_assertions) })
    );
    Ok(())
}

fn ms(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1_000.0
}

fn compile(engine: &Engine, task: &str) -> Result<Value, String> {
    let request = Request::new(task, 8_192, engine.vocabulary(), Today("2026-01-01"));
    let once = || {
        let begun = Instant::now();
        let done = engine.compile(&request);
        done.map(|_| ms(begun)).map_err(|e| format!("`{task}` cannot be compiled: {e:?}"))
    };
    let first_ms = once()?;
    let cpu_before_s = own_cpu_s();
    let mut times = (0..TIMES).map(|_| once()).collect::<Result<Vec<f64>, String>>()?;
    // Beside other work on the machine this says what the others cannot.
    let cpu_s = own_cpu_s().zip(cpu_before_s).map(|(after, before)| after - before);
    times.sort_by(f64::total_cmp);
    let cpu_ms = cpu_s.map(|cpu_s| cpu_s * 1_000.0 / f64::from(TIMES));
    Ok(json!({ "task": task, "first_ms": first_ms, "best_ms": times[0], "median_ms": times[times.len() / 2], "cpu_ms": cpu_ms }))
}

/// What the newest commits set out to do; the same tasks for the same commit. Plain ones where there is no past.
fn tasks(project: &Path) -> Vec<String> {
    let plain = [
        "How are errors reported to the caller?",
        "Where is the configuration read and checked?",
        "Fix the retry of failed requests",
        "Add a test for the parser of arguments",
        "Which limits hold, and where are they enforced?",
    ];
    let out = Command::new("git").arg("-C").arg(project).args(["log", "--no-merges", "-n", "5", "--format=%s"]).output();
    let said = out.map(|out| String::from_utf8_lossy(&out.stdout).into_owned()).unwrap_or_default();
    said.lines().map(str::to_owned).chain(plain.map(str::to_owned)).take(TASKS).collect()
}
