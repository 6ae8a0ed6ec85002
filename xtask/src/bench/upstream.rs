//! The fast upstream: answers in OpenAI's form from bytes made beforehand.

use super::cells::EVENTS;
use super::message::{framing, head_end};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, MissedTickBehavior};

/// How much of a body is looked at, at its beginning and at its end: there stands what the upstream must know.
const LOOK_BYTES: usize = 512;

/// The bytes of every answer, with their HTTP around them.
struct Answers {
    document: Vec<u8>,
    /// Head and first event.
    opening: Vec<u8>,
    event: Vec<u8>,
    finish: Vec<u8>,
    usage: Vec<u8>,
    done: Vec<u8>,
}

/// Serves until it is ended. Prints the port that it listens on.
pub(crate) fn run() -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(serve()).map_err(|e| format!("the upstream stopped: {e}"))
}

async fn serve() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    std::io::stdout().flush()?;
    let answers = Arc::new(Answers::new());
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let answers = Arc::clone(&answers);
        // A client that goes away in the middle is not the upstream's business.
        tokio::spawn(async move { connection(socket, &answers).await.ok() });
    }
}

async fn connection(mut socket: TcpStream, answers: &Answers) -> std::io::Result<()> {
    let mut buffer = Vec::with_capacity(16 << 10);
    while let Some(asked) = request(&mut socket, &mut buffer).await? {
        if asked.stream { stream(&mut socket, answers, &asked).await? } else { socket.write_all(&answers.document).await? }
    }
    Ok(())
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    stream: bool,
    usage: bool,
    gap: Duration,
}

/// Reads one request; none if the connection was closed between two.
async fn request(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<Option<Asked>> {
    buffer.clear();
    let head = loop {
        if let Some(end) = head_end(buffer) {
            break end;
        }
        if socket.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let mut framing = framing(&buffer[..head]);
    let mut whole = framing.take(&buffer[head..]).map_err(std::io::Error::other)?;
    let mut look: Vec<u8> = buffer[head..].iter().copied().take(LOOK_BYTES).collect();
    let mut tail: Vec<u8> = buffer[head..].iter().copied().skip(LOOK_BYTES).collect();
    while !whole {
        buffer.clear();
        if socket.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
        whole = framing.take(buffer).map_err(std::io::Error::other)?;
        let more = (LOOK_BYTES - look.len()).min(buffer.len());
        look.extend_from_slice(&buffer[..more]);
        tail.extend_from_slice(&buffer[more..]);
        tail.drain(..tail.len().saturating_sub(LOOK_BYTES));
    }
    look.extend_from_slice(&tail[tail.len().saturating_sub(LOOK_BYTES)..]);
    Ok(Some(read_asked(&look)))
}

fn read_asked(body: &[u8]) -> Asked {
    let text = String::from_utf8_lossy(body);
    let gap = text.split("\"gap:").nth(1).and_then(|rest| rest.split('"').next()).and_then(|us| us.parse().ok()).unwrap_or(0);
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    Asked { stream: compact.contains("\"stream\":true"), usage: compact.contains("\"include_usage\":true"), gap: Duration::from_micros(gap) }
}

async fn stream(socket: &mut TcpStream, answers: &Answers, asked: &Asked) -> std::io::Result<()> {
    let mut ticks = tokio::time::interval_at(Instant::now() + asked.gap.max(Duration::from_micros(1)), asked.gap.max(Duration::from_micros(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    socket.write_all(&answers.opening).await?;
    for _ in 2..EVENTS {
        ticks.tick().await;
        socket.write_all(&answers.event).await?;
    }
    ticks.tick().await;
    let mut end = answers.finish.clone();
    if asked.usage {
        end.extend_from_slice(&answers.usage);
    }
    end.extend_from_slice(&answers.done);
    socket.write_all(&end).await
}

impl Answers {
    fn new() -> Self {
        let words = "The counter was laid on the board, and what it stood for was put by. ".repeat(8);
        let usage = r#"{"prompt_tokens":512,"completion_tokens":198,"total_tokens":710,"prompt_tokens_details":{"cached_tokens":0}}"#;
        let body = format!(
            r#"{{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"echo","choices":[{{"index":0,"message":{{"role":"assistant","content":"{words}"}},"finish_reason":"stop"}}],"usage":{usage}}}"#
        );
        let document = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        let chunk = |rest: &str| format!(r#"{{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"echo","choices":[{rest}]"#);
        let opening = event(&format!("{}}}", chunk(r#"{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}"#)));
        let middle = event(&format!("{}}}", chunk(r#"{"index":0,"delta":{"content":" token"},"finish_reason":null}"#)));
        let finish = event(&format!("{}}}", chunk(r#"{"index":0,"delta":{},"finish_reason":"stop"}"#)));
        let usage = event(&format!("{},\"usage\":{usage}}}", chunk("")));
        Self {
            document: document.into_bytes(),
            opening: [head.as_bytes(), &opening].concat(),
            event: middle,
            finish,
            usage,
            done: [event("[DONE]"), b"0\r\n\r\n".to_vec()].concat(),
        }
    }
}

/// One event in a chunk of its own.
fn event(data: &str) -> Vec<u8> {
    format!("{:x}\r\ndata: {data}\n\n\r\n", data.len() + 8).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::message::{Framing, head_end};

    #[test]
    fn what_is_asked_is_found_in_any_spacing() {
        let asked = read_asked(br#"{"stream_options": {"include_usage": true}, "model":"m","user":"gap:4000","stream":true"#);
        assert_eq!(asked, Asked { stream: true, usage: true, gap: Duration::from_millis(4) });
        assert_eq!(read_asked(b"{}"), Asked { stream: false, usage: false, gap: Duration::ZERO });
    }

    #[test]
    fn the_answers_are_whole_messages_of_valid_json() {
        let answers = Answers::new();
        let end = head_end(&answers.document).unwrap();
        serde_json::from_slice::<serde_json::Value>(&answers.document[end..]).unwrap();
        let stream = [&answers.opening[..], &answers.event, &answers.finish, &answers.usage, &answers.done].concat();
        let end = head_end(&stream).unwrap();
        let mut framing: Framing = framing(&stream[..end]);
        assert_eq!(framing.take(&stream[end..]), Ok(true));
        for line in String::from_utf8(stream).unwrap().lines().filter_map(|l| l.strip_prefix("data: ")).filter(|d| *d != "[DONE]") {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }
}
