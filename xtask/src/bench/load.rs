//! The load generator: connections that each ask one thing after the other, from bytes made beforehand.

use super::histogram::Histogram;
use super::message::{framing, head_end, status};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

/// Longest run whatever the order says, so that a server that hangs cannot hang the benchmark.
const RUN_MAX: Duration = Duration::from_secs(180);
/// Over how long the connections of a run of streams begin, so that their events spread over time.
const SPREAD: Duration = Duration::from_secs(2);

/// What to ask, of whom, how often. Made from the JSON of [`super::cells::Cell::order`].
#[derive(Clone, Debug)]
struct Order {
    address: String,
    connections: u32,
    request: Vec<u8>,
    extent: Extent,
    /// Streams: bytes of body after which the client goes away.
    abort_after: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
enum Extent {
    Time { warmup: Duration, measure: Duration },
    Count { warmup: u64, each: u64, spread: Duration },
}

/// What a run gave.
#[derive(Debug, Default)]
struct Result {
    /// Requests answered whole, warm-up included: what the servers' CPU time is shared by.
    completed: u64,
    errors: u64,
    aborted: u64,
    first_error: Option<String>,
    latency: Histogram,
    first_byte: Histogram,
}

/// Plays the order given as JSON and prints the result as JSON.
pub(crate) fn run(arguments: &[String]) -> std::result::Result<(), String> {
    let text = arguments.first().ok_or("no order given")?;
    let order = Order::read(&serde_json::from_str(text).map_err(|e| format!("the order is not JSON: {e}"))?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    println!("{}", runtime.block_on(play(order)));
    Ok(())
}

impl Order {
    fn read(order: &Value) -> std::result::Result<Self, String> {
        let number = |name: &str| order[name].as_u64();
        let text = |name: &str| order[name].as_str().ok_or_else(|| format!("the order lacks {name}"));
        let gap = number("gap_us");
        let prompt = usize::try_from(number("prompt_bytes").unwrap_or(0)).map_err(|e| e.to_string())?;
        let extent = match (number("measure_ms"), number("requests_each")) {
            (Some(ms), _) => Extent::Time { warmup: Duration::from_millis(number("warmup_ms").unwrap_or(0)), measure: Duration::from_millis(ms) },
            (None, Some(each)) => {
                Extent::Count { warmup: number("warmup_requests").unwrap_or(0), each, spread: if gap.is_some() { SPREAD } else { Duration::ZERO } }
            }
            (None, None) => return Err("the order lacks an extent".to_owned()),
        };
        let connections = number("connections").and_then(|n| u32::try_from(n).ok()).unwrap_or(1);
        let abort_after = number("abort_after_bytes").and_then(|n| usize::try_from(n).ok());
        Ok(Self {
            address: text("address")?.to_owned(),
            connections,
            request: request(text("path").unwrap_or("/v1/chat/completions"), text("key")?, prompt, gap),
            extent,
            abort_after,
        })
    }
}

/// The bytes of the one request that a run repeats. What the upstream must know stands first in the body.
fn request(path: &str, key: &str, prompt_bytes: usize, gap_us: Option<u64>) -> Vec<u8> {
    // Both dialects have a place for the user's name.
    let user = |us| if path == "/v1/messages" { format!(r#""metadata":{{"user_id":"gap:{us}"}}"#) } else { format!(r#""user":"gap:{us}""#) };
    let stream = gap_us.map(|us| format!(r#"{},"stream":true,"#, user(us))).unwrap_or_default();
    let text = "Weigh what each word of this is worth before it is sent on its way. ";
    let prompt: String = text.chars().cycle().take(prompt_bytes).collect();
    let body = format!(r#"{{"model":"bench/echo",{stream}"max_tokens":1000,"messages":[{{"role":"user","content":"{prompt}"}}]}}"#);
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\naccept: application/json\r\nuser-agent: jeton-bench\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

async fn play(order: Order) -> Value {
    let begun = Instant::now();
    let order = Arc::new(order);
    let result = Arc::new(Mutex::new(Result::default()));
    let tasks: Vec<_> = (0..order.connections)
        .map(|number| {
            let client = Client { order: Arc::clone(&order), result: Arc::clone(&result), begun };
            tokio::spawn(async move { timeout_at(begun + RUN_MAX, client.run(number)).await.is_ok() })
        })
        .collect();
    let mut hung = 0;
    for task in tasks {
        hung += u64::from(!task.await.unwrap_or(false));
    }
    let seconds = begun.elapsed().as_secs_f64();
    let result = result.lock().unwrap_or_else(PoisonError::into_inner);
    let measured_s = match order.extent {
        Extent::Time { measure, .. } => measure.as_secs_f64(),
        Extent::Count { .. } => seconds,
    };
    json!({
        "completed": result.completed, "errors": result.errors + hung, "aborted": result.aborted, "first_error": result.first_error,
        "measured_s": measured_s, "latency": result.latency.to_json(), "first_byte": result.first_byte.to_json(),
    })
}

/// One connection of the load.
struct Client {
    order: Arc<Order>,
    result: Arc<Mutex<Result>>,
    begun: Instant,
}

/// When the parts of one answer came.
struct Answer {
    first_byte: Instant,
    end: Instant,
    status: u16,
    aborted: bool,
}

impl Client {
    async fn run(&self, number: u32) {
        if let Extent::Count { spread, .. } = self.order.extent {
            sleep(spread * number / self.order.connections).await;
        }
        let mut socket = None;
        let mut buffer = vec![0; 16 << 10];
        let mut done = 0;
        while self.has_more(done) {
            let asked = Instant::now();
            match self.ask(&mut socket, &mut buffer).await {
                Ok(answer) => self.note(asked, &answer, done),
                Err(error) => {
                    self.note_error(error);
                    socket = None;
                    // A server that refuses everything must not turn the run into a storm of connections.
                    sleep_until(asked + Duration::from_millis(20)).await;
                }
            }
            done += 1;
        }
    }

    fn has_more(&self, done: u64) -> bool {
        match self.order.extent {
            Extent::Time { warmup, measure } => self.begun.elapsed() < warmup + measure,
            Extent::Count { warmup, each, .. } => done < warmup + each,
        }
    }

    async fn ask(&self, socket: &mut Option<TcpStream>, buffer: &mut [u8]) -> std::result::Result<Answer, String> {
        let mut open = match socket.take() {
            Some(open) => open,
            None => connect(&self.order.address).await?,
        };
        open.write_all(&self.order.request).await.map_err(|e| format!("writing: {e}"))?;
        let answer = read_answer(&mut open, buffer, self.order.abort_after).await?;
        if !answer.aborted {
            *socket = Some(open);
        }
        Ok(answer)
    }

    fn note(&self, asked: Instant, answer: &Answer, done: u64) {
        if answer.status != 200 {
            return self.note_error(format!("status {}", answer.status));
        }
        let counts = match self.order.extent {
            Extent::Time { warmup, measure } => asked >= self.begun + warmup && answer.end <= self.begun + warmup + measure,
            Extent::Count { warmup, .. } => done >= warmup,
        };
        let mut result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        result.completed += 1;
        result.aborted += u64::from(answer.aborted);
        if counts {
            result.latency.add(micros(answer.end - asked));
            result.first_byte.add(micros(answer.first_byte - asked));
        }
    }

    fn note_error(&self, error: String) {
        let mut result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        result.errors += 1;
        result.first_error.get_or_insert(error);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

async fn connect(address: &str) -> std::result::Result<TcpStream, String> {
    let socket = TcpStream::connect(address).await.map_err(|e| format!("connecting: {e}"))?;
    socket.set_nodelay(true).map_err(|e| e.to_string())?;
    Ok(socket)
}

/// Reads one answer whole, or until more than `abort_after` bytes of its body have come.
async fn read_answer(socket: &mut TcpStream, buffer: &mut [u8], abort_after: Option<usize>) -> std::result::Result<Answer, String> {
    let mut head = Vec::new();
    let mut body = loop {
        let read = read(socket, buffer).await?;
        head.extend_from_slice(&buffer[..read]);
        if let Some(end) = head_end(&head) {
            break head.split_off(end);
        }
    };
    let mut framing = framing(&head);
    let mut whole = framing.take(&body)?;
    let mut body_bytes = body.len();
    let mut first_byte = (!body.is_empty()).then(Instant::now);
    body.clear();
    let is_past = |bytes: usize| abort_after.is_some_and(|most| bytes > most);
    while !whole && !is_past(body_bytes) {
        let read = read(socket, buffer).await?;
        first_byte.get_or_insert_with(Instant::now);
        body_bytes += read;
        whole = framing.take(&buffer[..read])?;
    }
    let end = Instant::now();
    Ok(Answer { first_byte: first_byte.unwrap_or(end), end, status: status(&head), aborted: !whole })
}

async fn read(socket: &mut TcpStream, buffer: &mut [u8]) -> std::result::Result<usize, String> {
    match socket.read(buffer).await {
        Ok(0) => Err("closed in the middle of an answer".to_owned()),
        Ok(read) => Ok(read),
        Err(e) => Err(format!("reading: {e}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_a_whole_message_with_a_prompt_of_the_size_asked() {
        for (gap, bytes) in [(None, 2048), (Some(4000), 10)] {
            let message = request("/v1/chat/completions", "k", bytes, gap);
            let end = head_end(&message).unwrap();
            let body: Value = serde_json::from_slice(&message[end..]).unwrap();
            assert_eq!(framing(&message[..end]).take(&message[end..]), Ok(true));
            assert_eq!(body["messages"][0]["content"].as_str().unwrap().len(), bytes);
            assert_eq!(body["stream"].as_bool().unwrap_or(false), gap.is_some());
        }
    }

    #[test]
    fn an_order_without_extent_is_refused() {
        assert!(Order::read(&json!({ "address": "a", "key": "k" })).unwrap_err().contains("extent"));
    }
}
