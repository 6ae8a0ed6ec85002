//! `cargo xtask bench eval`: what a run of a suite costs: 2,000 cases, 50 at a time, against a provider that takes 20 ms.

use super::message::{framing, head_end};
use super::process::{children_cpu_s, resident};
use super::{Programs, build, target_dir};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(super) const USAGE: &str = "usage: cargo xtask bench eval [--jeton FILE] [--cases N] [--rounds N] [--json FILE]
  --jeton FILE   this program in place of a release build
  --cases N      cases of the suite; 2000 otherwise
  --rounds N     runs, of which the median counts; 3 otherwise
  --json FILE    where the figures go; target/bench/eval.json otherwise";

const CONCURRENCY: usize = 50;
const DELAY: Duration = Duration::from_millis(20);
/// Cases of the run that tells what starting costs.
const FEW: usize = 20;
/// The bars: milliseconds of CPU per case, MB, wall time against the ideal.
const BARS: (f64, f64, f64) = (1.0, 100.0, 1.25);

struct Options {
    jeton: Option<PathBuf>,
    json: Option<PathBuf>,
    cases: usize,
    rounds: usize,
}

/// What one run took.
#[derive(Clone, Copy, Debug)]
struct Took {
    cpu_s: f64,
    wall_s: f64,
    peak_kib: u64,
    /// The median time of a call as the program saw it.
    call_ms: f64,
}

/// Runs the suite and prints what it took. A missed bar is no error.
pub(super) fn run(arguments: &[String]) -> Result<(), String> {
    let options = read(arguments).map_err(|why| format!("{why}\n{USAGE}"))?;
    let jeton = match &options.jeton {
        Some(jeton) => jeton.clone(),
        None => {
            let Programs { jeton, .. } = build()?;
            jeton
        }
    };
    let jeton = std::fs::canonicalize(&jeton).map_err(|error| format!("{}: {error}", jeton.display()))?;
    let port = serve()?;
    let mut rounds = Vec::new();
    for round in 0..options.rounds {
        let few = measure(&jeton, port, FEW, round)?;
        let whole = measure(&jeton, port, options.cases, round)?;
        eprintln!("round {}: {whole:?}, with {FEW} cases {few:?}", round + 1);
        rounds.push((few, whole));
    }
    let figures = told(&options, &rounds);
    let file = options.json.clone().unwrap_or_else(|| target_dir().join("bench/eval.json"));
    std::fs::create_dir_all(file.parent().unwrap_or(Path::new("."))).map_err(|error| error.to_string())?;
    std::fs::write(&file, format!("{figures:#}\n")).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    println!("\nfigures: {}", file.display());
    Ok(())
}

fn read(arguments: &[String]) -> Result<Options, String> {
    let mut options = Options { jeton: None, json: None, cases: 2_000, rounds: 3 };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let value = rest.next().ok_or_else(|| format!("{argument} needs a value"))?;
        let number = |least: usize| value.parse().ok().filter(|n| *n >= least).ok_or_else(|| format!("{argument} takes a number from {least} on"));
        match argument.as_str() {
            "--jeton" => options.jeton = Some(value.into()),
            "--json" => options.json = Some(value.into()),
            "--cases" => options.cases = number(FEW + 1)?,
            "--rounds" => options.rounds = number(1)?,
            other => return Err(format!("`{other}` is unknown")),
        }
    }
    Ok(options)
}

/// The median of each figure over all rounds, as a table and as JSON.
fn told(options: &Options, rounds: &[(Took, Took)]) -> Value {
    let median = |of: &dyn Fn(&(Took, Took)) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let cases = options.cases as f64;
    let ideal_s = (cases / CONCURRENCY as f64).ceil() * DELAY.as_secs_f64();
    let whole = median(&|(_, whole)| 1_000.0 * whole.cpu_s / cases);
    let marginal = median(&|(few, whole)| 1_000.0 * (whole.cpu_s - few.cpu_s) / (cases - FEW as f64));
    let peak_mb = median(&|(_, whole)| whole.peak_kib as f64 * 1_024.0 / 1e6);
    let wall = median(&|(_, whole)| whole.wall_s);
    println!(
        "# {} cases, {CONCURRENCY} at a time, {} ms upstream, four graders, durable rows; median of {} runs\n",
        options.cases,
        DELAY.as_millis(),
        rounds.len()
    );
    println!("| figure | measured | bar |\n|---|--:|--:|");
    println!("| CPU per case, starting included | {whole:.3} ms | ≤ {:.0} ms |", BARS.0);
    println!("| CPU per further case | {marginal:.3} ms | |");
    println!("| peak of resident memory | {peak_mb:.1} MB | ≤ {:.0} MB |", BARS.1);
    println!("| wall time, starting included | {wall:.3} s = {:.2} × the ideal {ideal_s:.2} s | ≤ {:.2} × |", wall / ideal_s, BARS.2);
    let call = median(&|(_, whole)| whole.call_ms);
    println!("| median of a call | {call:.1} ms | |");
    json!({ "call_ms": call, "cases": options.cases, "rounds": rounds.len(), "cpu_ms_per_case": whole, "cpu_ms_per_further_case": marginal, "peak_mb": peak_mb, "wall_s": wall, "ideal_s": ideal_s })
}

/// Runs a suite of so many cases in a project of its own.
fn measure(jeton: &Path, port: u16, cases: usize, round: usize) -> Result<Took, String> {
    let directory = target_dir().join(format!("bench/eval-{}-{round}-{cases}", std::process::id()));
    let measured = write(&directory, port, cases).map_err(|error| error.to_string()).and_then(|()| timed(jeton, &directory, cases));
    let _ = std::fs::remove_dir_all(&directory);
    measured
}

fn timed(jeton: &Path, directory: &Path, cases: usize) -> Result<Took, String> {
    let (cpu, begun) = (children_cpu_s(), Instant::now());
    let out = std::fs::File::create(directory.join("out.json")).map_err(|error| error.to_string())?;
    let log = std::fs::File::create(directory.join("log")).map_err(|error| error.to_string())?;
    let mut command = Command::new(jeton);
    command.args(["eval", "run", "bench", "--json"]).current_dir(directory).stdin(Stdio::null()).stdout(out).stderr(log);
    let mut child = command.spawn().map_err(|error| format!("cannot start {}: {error}", jeton.display()))?;
    let mut peak_kib = 0;
    let status = loop {
        peak_kib = peak_kib.max(resident(child.id()));
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let (cpu_s, wall_s) = (children_cpu_s() - cpu, begun.elapsed().as_secs_f64());
    let said = std::fs::read_to_string(directory.join("out.json")).unwrap_or_default();
    let document: Value = serde_json::from_str(&said).unwrap_or_default();
    let of = &document["totals"]["targets"][0];
    let failed = (0..cases).filter(|case| is_planted(*case)).count();
    if of["passed"] == cases - failed && of["failed"] == failed {
        return Ok(Took { cpu_s, wall_s, peak_kib, call_ms: of["latency_p50_ms"]["value"].as_f64().unwrap_or(f64::NAN) });
    }
    let log = std::fs::read_to_string(directory.join("log")).unwrap_or_default();
    Err(format!("the run ended with {status}: {} passed and {} failed of {cases}, {failed} of which must fail\n{log}", of["passed"], of["failed"]))
}

/// Whether a case is answered against the schema.
const fn is_planted(case: usize) -> bool {
    case % 10 == 7
}

fn content(case: usize, is_right: bool) -> String {
    if is_right { format!("{{\"number\":{case},\"color\":\"blue\"}}") } else { format!("{{\"number\":{case},\"color\":5}}") }
}

const GRADERS: &str = r#"
[[grade]]
kind = "exact"

[[grade]]
kind = "contains"
values = ["number"]

[[grade]]
kind = "regex"
pattern = '"number":\d+'

[[grade]]
kind = "json-schema"
schema = { type = "object", required = ["number", "color"], properties = { number = { type = "integer" }, color = { type = "string" } } }
"#;

fn write(directory: &Path, port: u16, cases: usize) -> std::io::Result<()> {
    std::fs::create_dir_all(directory.join("evals"))?;
    let config = format!(
        "[providers.mock]\napi = \"openai\"\nbase_url = \"http://127.0.0.1:{port}/v1\"\n\n[models.\"mock/m\"]\nprice = {{ input = 1.0, output = 2.0 }}\nlimits = {{ context = 100000, output = 4000 }}\n"
    );
    std::fs::write(directory.join("jeton.toml"), config)?;
    let line = |case: usize| json!({ "id": format!("c{case}"), "input": format!("case {case}"), "reference": content(case, true) }).to_string();
    std::fs::write(directory.join("evals/bench.jsonl"), (0..cases).map(line).collect::<Vec<_>>().join("\n"))?;
    let target = "[[target]]\nname = \"m\"\nmodel = \"mock/m\"\nparams = { max_tokens = 50 }\n";
    std::fs::write(directory.join("evals/bench.toml"), format!("name = \"bench\"\ncases = \"bench.jsonl\"\nconcurrency = {CONCURRENCY}\n{target}{GRADERS}"))
}

/// Starts the provider on a thread of this process, whose time is not counted. Gives its port.
fn serve() -> Result<u16, String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    listener.set_nonblocking(true).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    std::thread::spawn(move || {
        runtime.block_on(async move {
            let listener = TcpListener::from_std(listener)?;
            loop {
                let (socket, _) = listener.accept().await?;
                socket.set_nodelay(true)?;
                tokio::spawn(async move { connection(socket).await.ok() });
            }
            #[allow(unreachable_code)]
            Ok::<(), std::io::Error>(())
        })
    });
    Ok(port)
}

async fn connection(mut socket: TcpStream) -> std::io::Result<()> {
    let mut buffer = Vec::with_capacity(4 << 10);
    loop {
        buffer.clear();
        let head = loop {
            if let Some(end) = head_end(&buffer) {
                break end;
            }
            if socket.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let mut framing = framing(&buffer[..head]);
        let mut whole = framing.take(&buffer[head..]).map_err(std::io::Error::other)?;
        while !whole {
            let had = buffer.len();
            if socket.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            whole = framing.take(&buffer[had..]).map_err(std::io::Error::other)?;
        }
        let due = tokio::time::Instant::now() + DELAY;
        let answer = answer(&String::from_utf8_lossy(&buffer[head..]));
        tokio::time::sleep_until(due).await;
        socket.write_all(&answer).await?;
    }
}

fn answer(asked: &str) -> Vec<u8> {
    let case = asked.rsplit("case ").next().unwrap_or_default();
    let case: usize = case.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or_default();
    let message = json!({ "role": "assistant", "content": content(case, !is_planted(case)) });
    let usage = json!({ "prompt_tokens": 10, "completion_tokens": 12, "total_tokens": 22 });
    let choices = [json!({ "index": 0, "message": message, "finish_reason": "stop" })];
    let body = json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": choices, "usage": usage }).to_string();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_answers_about_the_case_that_is_asked_for() {
        let said = |asked: &str| String::from_utf8(answer(asked)).unwrap();
        assert!(said(r#"{"messages":[{"role":"user","content":"case 12"}]}"#).contains(r#"{\"number\":12,\"color\":\"blue\"}"#));
        assert!(said(r#"{"messages":[{"role":"user","content":"case 17"}]}"#).contains(r#"{\"number\":17,\"color\":5}"#), "planted");
    }

    #[test]
    fn options_are_read_or_named() {
        let read = |line: &str| read(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert!(read("--cases 100 --rounds 1").is_ok_and(|options| (options.cases, options.rounds) == (100, 1)));
        assert!(read("--cases 3").is_err_and(|why| why.contains("--cases")) && read("--fast 1").is_err_and(|why| why.contains("--fast")));
    }
}
